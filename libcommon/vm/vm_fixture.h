/* vm_fixture.h - members of a state test: numbers, bytes, addresses, accounts, transactions. */
#ifndef OG_VM_FIXTURE_H
#define OG_VM_FIXTURE_H

#include "base/base_buf.h"
#include "base/base_err.h"
#include "vm/vm_tx.h"

#include <jansson.h>

/* "0x…" of either case, "0x" for zero; "0x:bigint 0x…" too. *big: it needs more than 256 bits. */
enum og_rc og_fixture_word(const json_t *v, const char *what, struct og_u256 *out, bool *big,
                           struct og_err *err) OG_MUST_CHECK;
enum og_rc og_fixture_u64(const json_t *v, const char *what, uint64_t *out,
                          struct og_err *err) OG_MUST_CHECK;
enum og_rc og_fixture_addr(const char *s, const char *what, struct og_addr *out,
                           struct og_err *err) OG_MUST_CHECK;
enum og_rc og_fixture_hash(const json_t *v, const char *what, struct og_hash *out,
                           struct og_err *err) OG_MUST_CHECK;
/* Appends the bytes of "0x…". */
enum og_rc og_fixture_bytes(const json_t *v, const char *what, struct og_buf *out,
                            struct og_err *err) OG_MUST_CHECK;

/* The accounts of "pre" into an empty state. */
enum og_rc og_fixture_pre(const json_t *pre, struct og_vm_state *st,
                          struct og_err *err) OG_MUST_CHECK;
enum og_rc og_fixture_env(const json_t *env, struct og_vm_env *out,
                          struct og_err *err) OG_MUST_CHECK;

struct og_fixture_tx {
    struct og_vm_tx tx;
    const char *skipped; /* NULL, or why this kind of transaction is out of scope */
    bool malformed;      /* a number too big for any transaction: to be refused */
    struct og_buf data;
    struct og_vm_access *access;
    struct og_u256 *keys;
};
/* The transaction at these indexes. */
enum og_rc og_fixture_tx(const json_t *t, size_t data, size_t gas, size_t value,
                         struct og_fixture_tx *out, struct og_err *err) OG_MUST_CHECK;
void og_fixture_tx_release(struct og_fixture_tx *x);

#endif
