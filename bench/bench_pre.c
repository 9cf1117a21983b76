/* bench_pre.c - nanoseconds a gas: ordinary opcodes, and the network's precompiles that compute.
 * A line each: NAME NS_PER_GAS. No precompile may be above the slowest opcode. */
#include "base/base_buf.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "vm/vm_net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GAS UINT64_C(20000000)

static const struct og_addr contract = {{0xc0, 0xde}};

/* setup, then `body` (which leaves the stack as it was) 50 times in an endless loop. */
static double opcode(const char *setup, const char *body)
{
    struct og_buf hex = OG_BUF_INIT;
    uint8_t code[8192];
    struct og_vm_env env = {.gas_limit = GAS};
    uint64_t best = UINT64_MAX;
    og_buf_addf(&hex, "%s5b", setup);
    size_t at = strlen(setup) / 2;
    for (int i = 0; i < 50; i++)
        og_buf_adds(&hex, body);
    og_buf_addf(&hex, "61%04zx56", at);
    size_t n = hex.len / 2;
    if (n > sizeof code || !og_hex_decode(hex.p, hex.len, code, n))
        abort();
    for (int run = 0; run < 7; run++) {
        struct og_vm_state *st = og_vm_state_new(NULL, 1);
        struct og_vm *vm = og_vm_new();
        struct og_vm_result r;
        const struct og_vm_msg msg = {.to = contract, .gas = (int64_t)GAS};
        og_vm_state_set_code(st, og_vm_state_acct(st, &contract), code, n);
        og_vm_state_begin_tx(st);
        og_vm_begin(vm, st, &env);
        uint64_t start = og_time_mono_us();
        og_vm_run(vm, &msg, &r);
        uint64_t us = og_time_mono_us() - start;
        best = us < best ? us : best;
        og_vm_free(vm);
        og_vm_state_free(st);
    }
    og_buf_release(&hex);
    return (double)best * 1000.0 / (double)GAS;
}

static void word(struct og_buf *b, uint64_t v)
{
    uint8_t w[32] = {0};
    og_put_be64(w + 24, v);
    og_buf_add(b, w, sizeof w);
}

static void numbers(struct og_buf *b, size_t n, size_t bytes)
{
    uint64_t r = 1;
    for (size_t i = 0; i < n; i++) {
        uint8_t w[8];
        r = og_splitmix64(r);
        og_put_be64(w, r % OG_VM_NET_P);
        og_buf_add(b, w, bytes);
    }
}

static double precompile(enum og_vm_net_number number, struct og_buf *in)
{
    const struct og_u256 rand = {{7, 7, 7, 7}};
    const uint8_t *p = (const uint8_t *)in->p;
    int64_t gas = og_vm_net_gas(number, p, in->len);
    uint64_t best = UINT64_MAX;
    uint64_t rounds = 1 + 2000000 / (uint64_t)gas;
    for (int run = 0; run < 7; run++) {
        uint64_t start = og_time_mono_us();
        for (uint64_t i = 0; i < rounds; i++) {
            struct og_buf out = OG_BUF_INIT;
            if (!og_vm_net_run(number, &rand, p, in->len, &out))
                abort();
            og_buf_release(&out);
        }
        uint64_t us = og_time_mono_us() - start;
        best = us < best ? us : best;
    }
    og_buf_release(in);
    return (double)best * 1000.0 / ((double)rounds * (double)gas);
}

static double worst;

static void say(const char *name, double ns)
{
    printf("%s %.3f\n", name, ns);
    worst = ns > worst ? ns : worst;
}

static void matmul(enum og_vm_net_number number, size_t bytes, const char *name)
{
    static const size_t shapes[][3] = {
        {1, 1, 1},    {8, 8, 8},    {32, 32, 32}, {128, 128, 128}, {256, 256, 256}, {1, 4096, 1},
        {4096, 1, 1}, {1, 1, 4096}, {64, 1, 64},  {1, 256, 256},   {4096, 4, 4}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const size_t *s = shapes[i];
        struct og_buf in = OG_BUF_INIT;
        char label[80];
        for (int k = 0; k < 3; k++)
            word(&in, s[k]);
        if (number == OG_VM_NET_FREIVALDS) {
            word(&in, 2);
            word(&in, 0);
        }
        numbers(&in, s[0] * s[1] + s[1] * s[2], bytes);
        if (number == OG_VM_NET_FREIVALDS) /* zeros: every round runs to its end */
            memset(in.p + 160, 0, in.len - 160);
        for (size_t k = 0; number == OG_VM_NET_FREIVALDS && k < s[0] * s[2]; k++)
            og_buf_add_be64(&in, 0);
        snprintf(label, sizeof label, "%s.%zux%zux%zu", name, s[0], s[1], s[2]);
        say(label, precompile(number, &in));
    }
}

int main(void)
{
    static const char *const ops[] = {"add", "mul", "relu", "sum", "dot", "argmax"};
    static const size_t sizes[] = {1, 64, 4096, 262144};
    say("opcode.keccak256_64", opcode("", "60405f2050"));
    say("opcode.keccak256_1k", opcode("", "6104005f2050"));
    say("opcode.sdiv", opcode("7fffffffffffffffffffffffffffffffff00000000000000000000000000000001"
                              "7f7edcba98765432107edcba98765432107edcba98765432107edcba9876543210",
                              "818105"
                              "50"));
    say("opcode.mulmod",
        opcode("7fffffffffffffffffffffffffffffffff00000000000000000000000000000001"
               "7f7edcba98765432107edcba98765432107edcba98765432107edcba9876543210",
               "81818209"
               "50"));
    double slowest = worst;
    worst = 0;
    matmul(OG_VM_NET_MATMUL_I32, 4, "matmul_i32");
    matmul(OG_VM_NET_MATMUL_MODP, 8, "matmul_modp");
    matmul(OG_VM_NET_FREIVALDS, 8, "freivalds");
    for (uint64_t op = 0; op < 6; op++)
        for (size_t i = 0; i < 4; i++) {
            struct og_buf in = OG_BUF_INIT;
            char label[48];
            bool two = op < 2 || op == 4;
            word(&in, op);
            word(&in, sizes[i]);
            numbers(&in, sizes[i] * (two ? 2 : 1), 4);
            snprintf(label, sizeof label, "vec.%s.%zu", ops[op], sizes[i]);
            say(label, precompile(OG_VM_NET_VEC_I32, &in));
        }
    printf("slowest_opcode %.3f\nslowest_precompile %.3f\n", slowest, worst);
    return 0;
}
