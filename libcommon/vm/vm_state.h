/* vm_state.h - accounts and storage as one transaction after the other changes them, with undo.
 *
 * An overlay over a backend that is only read: everything read or written stays here until the
 * owner visits it (og_vm_state_visit) to write it out. Changes are journaled; og_vm_state_revert
 * undoes those since a mark. What a transaction sets for its own length (warm, transient, touched)
 * carries the transaction's number and so ends by itself. */
#ifndef OG_VM_STATE_H
#define OG_VM_STATE_H

#include "base/base_buf.h"
#include "base/base_err.h"
#include "crypto/crypto_addr.h"
#include "crypto/crypto_hash.h"
#include "vm/vm_code.h"
#include "vm/vm_keccak.h"
#include "vm/vm_u256.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An account as a backend knows it. */
struct og_vm_account {
    uint64_t nonce;
    struct og_u256 balance;   /* wei */
    struct og_hash code_hash; /* og_keccak_empty: no code */
    bool has_storage;         /* some slot is not zero (EIP-7610) */
};

/* Where the state comes from. Functions may fail (the run then ends with that error); one that is
 * NULL answers with nothing: no account, zero, zero hash. */
struct og_vm_backend {
    void *ctx;
    enum og_rc (*account)(void *ctx, const struct og_addr *a, struct og_vm_account *out,
                          bool *found, struct og_err *err);
    enum og_rc (*storage)(void *ctx, const struct og_addr *a, const struct og_u256 *key,
                          struct og_u256 *out, struct og_err *err);
    enum og_rc (*code)(void *ctx, const struct og_hash *code_hash, struct og_buf *out,
                       struct og_err *err);
    enum og_rc (*block_hash)(void *ctx, uint64_t number, struct og_hash *out, struct og_err *err);
};

struct og_vm_acct {
    struct og_addr addr;
    bool exists;
    bool changed;     /* since it was read: nonce, balance, code, existence */
    bool has_storage; /* in the backend */
    bool cut;         /* the backend's storage is no longer this account's */
    uint32_t gen;     /* slots of other generations are gone */
    uint64_t nonce;
    struct og_u256 balance;
    struct og_hash code_hash;
    struct og_vm_code *code; /* borrowed from the state's codes; NULL until asked for */
    uint64_t warm_tx, touched_tx, created_tx, dead_tx; /* transaction numbers; 0: none */
};

struct og_vm_slot {
    struct og_vm_acct *acct;
    struct og_u256 key;
    struct og_u256 now;
    struct og_u256 was;   /* when the transaction was_tx began */
    struct og_u256 trans; /* EIP-1153, in the transaction trans_tx */
    uint64_t was_tx, trans_tx, warm_tx;
    uint32_t gen;
    bool loaded;  /* now is known */
    bool changed; /* written since it was read */
};

struct og_vm_state;

/* The backend is copied; NULL: an empty world. The seed scatters hash tables, and nothing that can
 * be seen depends on it. */
struct og_vm_state *og_vm_state_new(const struct og_vm_backend *backend, uint64_t seed);
void og_vm_state_free(struct og_vm_state *st);
/* The first failure of the backend since the state was made, OG_OK for none; the sentence in err.
 */
enum og_rc og_vm_state_status(const struct og_vm_state *st, struct og_err *err) OG_MUST_CHECK;

/* The account with this address, absent (exists = false) or not; never NULL, valid as long as st.
 */
struct og_vm_acct *og_vm_state_acct(struct og_vm_state *st, const struct og_addr *a);
struct og_vm_slot *og_vm_state_slot(struct og_vm_state *st, struct og_vm_acct *a,
                                    const struct og_u256 *key);
/* As above without loading it, for transient storage. */
struct og_vm_slot *og_vm_state_trans(struct og_vm_state *st, struct og_vm_acct *a,
                                     const struct og_u256 *key);
const struct og_vm_code *og_vm_state_code(struct og_vm_state *st, struct og_vm_acct *a);
struct og_hash og_vm_state_block_hash(struct og_vm_state *st, uint64_t number);

static inline bool og_vm_acct_has_code(const struct og_vm_acct *a)
{
    return memcmp(a->code_hash.b, og_keccak_empty.b, OG_HASH_LEN) != 0;
}

/* EIP-161: no nonce, no balance, no code. An absent account is empty. */
static inline bool og_vm_acct_empty(const struct og_vm_acct *a)
{
    return !a->exists || (a->nonce == 0 && og_u256_is_zero(&a->balance) && !og_vm_acct_has_code(a));
}

/* Changes, journaled. Each but _warm_* makes the account exist where that is its meaning. */
void og_vm_state_set_nonce(struct og_vm_state *st, struct og_vm_acct *a, uint64_t nonce);
void og_vm_state_set_balance(struct og_vm_state *st, struct og_vm_acct *a, struct og_u256 balance);
void og_vm_state_set_code(struct og_vm_state *st, struct og_vm_acct *a, const void *p, size_t n);
void og_vm_state_set_slot(struct og_vm_state *st, struct og_vm_slot *s, struct og_u256 v);
void og_vm_state_set_trans(struct og_vm_state *st, struct og_vm_slot *s, struct og_u256 v);
struct og_u256 og_vm_state_get_trans(const struct og_vm_state *st, const struct og_vm_slot *s);
void og_vm_state_touch(struct og_vm_state *st, struct og_vm_acct *a);
void og_vm_state_mark_created(struct og_vm_state *st, struct og_vm_acct *a);
void og_vm_state_mark_dead(struct og_vm_state *st, struct og_vm_acct *a);
bool og_vm_state_is_created(const struct og_vm_state *st, const struct og_vm_acct *a);
bool og_vm_state_is_dead(const struct og_vm_state *st, const struct og_vm_acct *a);
/* EIP-2929: true when it was cold; it is warm now. */
bool og_vm_state_warm_acct(struct og_vm_state *st, struct og_vm_acct *a);
bool og_vm_state_warm_slot(struct og_vm_state *st, struct og_vm_slot *s);

size_t og_vm_state_mark(const struct og_vm_state *st);
void og_vm_state_revert(struct og_vm_state *st, size_t mark);

/* A transaction begins; ends, with the dead and the touched empty accounts removed. */
void og_vm_state_begin_tx(struct og_vm_state *st);
void og_vm_state_end_tx(struct og_vm_state *st);

/* Every account that was looked at, in no order, and for each its slots; NULL functions are
 * skipped. Slots of absent accounts and of past generations are left out; zero ones are not. */
struct og_vm_visitor {
    void *ctx;
    void (*acct)(void *ctx, const struct og_vm_acct *a);
    void (*slot)(void *ctx, const struct og_vm_slot *s);
};
void og_vm_state_visit(const struct og_vm_state *st, const struct og_vm_visitor *v);

/* The Merkle-Patricia root of all accounts here (Yellow Paper 4.1). It is that of the whole state
 * only when nothing is left in a backend. */
struct og_hash og_vm_state_root(const struct og_vm_state *st);

#endif
