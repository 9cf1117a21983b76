/* bench_evm.c - processor time of contract code: "NAME MS" lines, the least of several runs, for
 * each code of a file such as evm/bench/all.json; and µs of a plain ERC-20 transfer as a
 * transaction of its own. */
#include "base/base_buf.h"
#include "base/base_io.h"
#include "base/base_mem.h"
#include "vm/vm_keccak.h"
#include "vm/vm_tx.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RUNS      15
#define TRANSFERS 100000

static const struct og_addr contract = {{0xc0}}, sender = {{0x5e}};
static const struct og_vm_env env = {
    .number = 1, .gas_limit = UINT64_C(1) << 40, .chain_id = 1, .origin = {{0x5e}}};

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static struct og_buf unhex(const json_t *v)
{
    struct og_buf b = OG_BUF_INIT;
    size_t n = json_string_length(v) / 2;
    og_buf_reserve(&b, n + 1);
    if (!og_hex_decode(json_string_value(v), 2 * n, (uint8_t *)b.p, n))
        n = 0;
    b.len = n;
    return b;
}

static struct og_vm_state *world(const struct og_buf *code)
{
    struct og_vm_state *st = og_vm_state_new(NULL, 1);
    og_vm_state_set_code(st, og_vm_state_acct(st, &contract), code->p, code->len);
    og_vm_state_set_balance(st, og_vm_state_acct(st, &sender),
                            og_u256_of(UINT64_C(1000000000000000000)));
    og_vm_state_begin_tx(st);
    return st;
}

static bool run(struct og_vm *vm, const char *name, const struct og_buf *code,
                const struct og_buf *input)
{
    double least = 1e9;
    for (int i = 0; i < RUNS; i++) {
        struct og_vm_state *st = world(code);
        struct og_vm_result r;
        const struct og_vm_msg msg = {.kind = OG_VM_CALL,
                                      .from = sender,
                                      .to = contract,
                                      .gas = INT64_C(1) << 40,
                                      .input = (const uint8_t *)input->p,
                                      .input_len = input->len};
        og_vm_begin(vm, st, &env);
        double start = cpu_ms();
        og_vm_run(vm, &msg, &r);
        double ms = cpu_ms() - start;
        least = ms < least ? ms : least;
        og_vm_state_free(st);
        if (r.status != OG_VM_OK)
            return false;
    }
    printf("%s %.4f\n", name, least);
    return true;
}

/* transfer(address, 1) by a holder of many tokens. Balances are mapping 0 of this contract, which
 * takes its caller's address with bit 12 set for the holder. */
static bool transfers(struct og_vm *vm, const struct og_buf *code)
{
    struct og_vm_state *st = world(code);
    uint8_t place[64] = {0}, data[68] = {0xa9, 0x05, 0x9c, 0xbb};
    memcpy(place + 12, sender.b, sizeof sender.b);
    place[30] |= 0x10;
    struct og_hash h = og_keccak256(place, sizeof place);
    struct og_u256 key = og_u256_load(h.b);
    og_vm_state_set_slot(st, og_vm_state_slot(st, og_vm_state_acct(st, &contract), &key),
                         og_u256_of(UINT64_MAX));
    data[16] = 0xaa;
    data[67] = 1;
    struct og_vm_tx tx = {
        .from = sender, .to = contract, .gas_limit = 100000, .data = data, .data_len = sizeof data};
    struct og_vm_receipt r = {0};
    double start = cpu_ms();
    for (int i = 0; i < TRANSFERS; i++) {
        data[35] = (uint8_t)i;
        tx.nonce = (uint64_t)i;
        og_vm_tx_apply(vm, st, &env, &tx, &r);
        if (r.refusal != OG_VM_TX_OK || r.status != OG_VM_OK) {
            fprintf(stderr, "transfer %d: %s, %s\n", i, og_vm_refusal_text(r.refusal),
                    og_vm_status_name(r.status));
            return false;
        }
    }
    printf("transfer %.4f\n", (cpu_ms() - start) / TRANSFERS);
    og_vm_state_free(st);
    return true;
}

int main(int argc, char **argv)
{
    json_t *all = argc == 2 ? json_load_file(argv[1], 0, NULL) : NULL, *one;
    const char *name;
    bool good = json_is_object(all);
    struct og_vm *vm = og_vm_new();
    json_object_foreach(all, name, one)
    {
        struct og_buf code = unhex(json_object_get(one, "code"));
        struct og_buf input = unhex(json_object_get(one, "input"));
        good = good && run(vm, name, &code, &input);
        if (good && strcmp(name, "erc20") == 0)
            good = transfers(vm, &code);
        og_buf_release(&code);
        og_buf_release(&input);
    }
    og_vm_free(vm);
    json_decref(all);
    if (!good)
        fprintf(stderr, "usage: bench_evm FILE of {\"NAME\":{\"code\":HEX,\"input\":HEX}}\n");
    return good ? 0 : 70;
}
