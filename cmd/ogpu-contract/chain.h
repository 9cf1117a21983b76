/* chain.h - what the commands on the chain's contracts share. */
#ifndef OG_CONTRACT_CHAIN_H
#define OG_CONTRACT_CHAIN_H

#include "contract.h"

#include "engine/engine.h"
#include "ledger/ledger_view.h"
#include "store/store_block.h"
#include "vm/vm_abi.h"

#include "base/base_num.h"

#include <jansson.h>
#include <stdbool.h>

int contract_deploy(int argc, char **argv);
int contract_call(int argc, char **argv);
int contract_view(int argc, char **argv);
int contract_logs(int argc, char **argv);
int contract_abi(int argc, char **argv);

/* Options of more than one of them; each command's table names those it takes. */
struct chain_options {
    struct og_opts_common common;
    const char *key, *passphrase_file, *abi, *from, *event;
    const char *data, *contract;
    uint64_t gas, gas_price, value, since, limit;
    bool force;
};
#define CHAIN_AT(member) offsetof(struct chain_options, member)

struct chain {
    const struct chain_options *o;
    char *state_dir, *keys_dir;
    struct og_engine *engine; /* to send; NULL: only reads */
    struct og_store *store;
    struct og_ledger *ledger;
    struct og_key *key;
    struct og_addr addr; /* of the key */
    struct og_vm_abi abi;
    bool has_abi;
};

enum og_rc chain_open(const struct chain_options *o, bool send, struct chain *c,
                      struct og_err *err) OG_MUST_CHECK;
void chain_close(struct chain *c);
/* ogpu1…, 0x and 40 digits, "treasury", or the name of a key. */
enum og_rc chain_addr(const char *keys_dir, const char *text, struct og_addr *out,
                      struct og_err *err) OG_MUST_CHECK;

/* --abi, else what deploy kept for this contract; none is no error. */
enum og_rc chain_abi(struct chain *c, const struct og_addr *contract,
                     struct og_err *err) OG_MUST_CHECK;
/* A file with an ABI in it: the array alone, or an object with "abi", as compilers write it.
 * doc: the whole file, kept; NULL: not wanted. */
enum og_rc chain_abi_file(const char *path, struct og_vm_abi *out, json_t **abi,
                          struct og_err *err) OG_MUST_CHECK;
enum og_rc chain_abi_keep(const struct chain *c, const struct og_addr *contract, const json_t *abi,
                          struct og_err *err) OG_MUST_CHECK;

/* Arguments from the command line behind what out holds. */
enum og_rc chain_args(const struct og_vm_abi_type *in, int argc, char **argv, struct og_buf *out,
                      struct og_err *err) OG_MUST_CHECK;
/* FUNCTION [ARG …] or 0x calldata. *item NULL for the latter. */
enum og_rc chain_calldata(const struct og_vm_abi *abi, int argc, char **argv,
                          const struct og_vm_abi_item **item, struct og_buf *out,
                          struct og_err *err) OG_MUST_CHECK;

/* contract_vet.c: looks at creation code (without arguments) by static analysis and adds report and
 * analyser to the body of a contract.deploy. OG_NO: something severe was found, which is printed,
 * and --force was not given. */
enum og_rc contract_vet(const struct chain *c, const struct og_buf *creation, const json_t *abi,
                        json_t *body, struct og_err *err) OG_MUST_CHECK;

/* Adds what the ABI makes of a function's output ("result") or a revert's data ("error"). */
void chain_add_result(const struct og_vm_abi *abi, const struct og_vm_abi_item *item, bool ok,
                      const uint8_t *p, size_t n, json_t *rec);
/* Adds "event", "signature" and "args" to a log of a receipt where the ABI knows it. */
void chain_add_event(const struct og_vm_abi *abi, json_t *log);
enum og_rc chain_print(const struct chain_options *o, const json_t *rec,
                       struct og_err *err) OG_MUST_CHECK;

/* Signs and sends one contract transaction, prints its receipt with results and events. OG_NO: it
 * failed, and was paid for. body is taken. made: the contract's address; may be NULL. */
enum og_rc chain_send(struct chain *c, enum og_tx_kind kind, json_t *body, const struct og_addr *to,
                      const struct og_vm_abi_item *item, struct og_addr *made,
                      struct og_err *err) OG_MUST_CHECK;

#endif
