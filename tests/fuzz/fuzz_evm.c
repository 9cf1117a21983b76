/* fuzz_evm.c - bytecode: any code ends within its gas, leaves the state as it should, and ends the
 * same in every form of the interpreter. Input: be16 gas/16, a byte of calldata length, calldata,
 * code. */
#include "vm/vm_int.h"
#include "vm/vm_trace.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static const struct og_addr contract = {{0xc0}}, sender = {{0x5e}};

struct end {
    enum og_vm_status status;
    int64_t gas_left;
    size_t n_logs;
    int64_t refund;
    struct og_hash root;
};

static void ignore(void *ctx, const char *json, size_t n)
{
    (void)ctx;
    check(n > 2 && json[0] == '{' && json[n - 1] == '}');
}

static struct end run(struct og_vm *vm, const uint8_t *code, size_t n, const struct og_vm_msg *msg)
{
    const struct og_vm_env env = {
        .number = 300, .gas_limit = 30000000, .chain_id = 1, .origin = sender};
    struct og_vm_state *st = og_vm_state_new(NULL, n);
    struct og_vm_result r;
    struct end e;
    og_vm_state_set_code(st, og_vm_state_acct(st, &contract), code, n);
    og_vm_state_set_balance(st, og_vm_state_acct(st, &sender), og_u256_of(1000000));
    og_vm_state_begin_tx(st);
    struct og_hash before = og_vm_state_root(st);
    og_vm_begin(vm, st, &env);
    og_vm_run(vm, msg, &r);
    check(r.gas_left >= 0 && r.gas_left <= msg->gas);
    check(r.status == OG_VM_OK || r.status == OG_VM_REVERT || r.gas_left == 0);
    e = (struct end){.status = r.status, .gas_left = r.gas_left, .refund = og_vm_refund(vm)};
    og_vm_logs(vm, &e.n_logs);
    volatile uint8_t sum = 0; /* the output can be read */
    for (size_t i = 0; i < r.out_len; i++)
        sum = (uint8_t)(sum + r.out[i]);
    og_vm_state_end_tx(st);
    e.root = og_vm_state_root(st);
    if (r.status != OG_VM_OK)
        check(memcmp(before.b, e.root.b, sizeof before.b) == 0 && !e.n_logs && !e.refund);
    og_vm_state_free(st);
    return e;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct og_vm_tracer t;
    if (size < 3 || size > 3 + 255 + OG_VM_CODE_MAX || size < 3u + data[2])
        return 0;
    const struct og_vm_msg msg = {.kind = OG_VM_CALL,
                                  .from = sender,
                                  .to = contract,
                                  .value = og_u256_of(7),
                                  .gas = 16 * (int64_t)(data[0] << 8 | data[1]),
                                  .input = data + 3,
                                  .input_len = data[2]};
    const uint8_t *code = data + 3 + data[2];
    size_t n = size - 3 - data[2];
    struct og_vm *vm = og_vm_new();
    bool modern = vm->modern;
    struct end v3 = run(vm, code, n, &msg);
    vm->modern = false;
    struct end plain = run(vm, code, n, &msg);
    og_vm_tracer_init(&t, ignore, NULL);
    og_vm_set_tracer(vm, &t);
    struct end traced = run(vm, code, n, &msg);
    check(!modern || v3.status == plain.status);
    check(v3.gas_left == plain.gas_left && plain.gas_left == traced.gas_left);
    check((plain.status == OG_VM_OK) == (traced.status == OG_VM_OK));
    check(v3.n_logs == plain.n_logs && plain.n_logs == traced.n_logs);
    check(v3.refund == plain.refund && plain.refund == traced.refund);
    check(memcmp(v3.root.b, plain.root.b, sizeof plain.root.b) == 0);
    check(memcmp(traced.root.b, plain.root.b, sizeof plain.root.b) == 0);
    og_vm_tracer_release(&t);
    og_vm_free(vm);
    return 0;
}
