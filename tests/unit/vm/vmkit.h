/* vmkit.h - what the tests of the machine share: a world with one contract, code from hex, a call.
 */
#ifndef OG_TEST_VMKIT_H
#define OG_TEST_VMKIT_H

#include "base/base_mem.h"
#include "vm/vm_trace.h"
#include "vm/vm_tx.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct og_addr kit_contract = {{0xc0}}, kit_sender = {{0x5e}}, kit_coinbase = {{0xcb}};
static const struct og_vm_env kit_env = {
    .coinbase = {{0xcb}}, .number = 300, .timestamp = 1000, .gas_limit = 30000000, .chain_id = 1};

static inline size_t kit_hex(const char *s, uint8_t *out)
{
    size_t n = strlen(s) / 2;
    assert_true(og_hex_decode(s, strlen(s), out, n));
    return n;
}

static inline void kit_put_code(struct og_vm_state *st, const struct og_addr *a, const char *hex)
{
    uint8_t code[4096];
    assert_true(strlen(hex) / 2 <= sizeof code);
    size_t n = kit_hex(hex, code);
    og_vm_state_set_code(st, og_vm_state_acct(st, a), code, n);
}

/* A world with this code; the sender has 10^18 wei. */
static inline struct og_vm_state *kit_world(const struct og_vm_backend *backend, const char *hex)
{
    struct og_vm_state *st = og_vm_state_new(backend, 7);
    if (hex)
        kit_put_code(st, &kit_contract, hex);
    og_vm_state_set_balance(st, og_vm_state_acct(st, &kit_sender),
                            og_u256_of(UINT64_C(1000000000000000000)));
    og_vm_state_begin_tx(st);
    return st;
}

static inline struct og_vm_result kit_call(struct og_vm *vm, struct og_vm_state *st, int64_t gas)
{
    struct og_vm_result r;
    const struct og_vm_msg msg = {
        .kind = OG_VM_CALL, .from = kit_sender, .to = kit_contract, .gas = gas};
    og_vm_begin(vm, st, &kit_env);
    og_vm_run(vm, &msg, &r);
    return r;
}

static inline uint64_t kit_slot(struct og_vm_state *st, const struct og_addr *a, uint64_t key)
{
    struct og_u256 k = og_u256_of(key);
    return og_vm_state_slot(st, og_vm_state_acct(st, a), &k)->now.w[0];
}

#endif
