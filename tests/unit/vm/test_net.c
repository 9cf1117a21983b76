/* test_net.c - precompiles of the network that compute, against the plainest way to do the same;
 * malformed input; addresses are nothing special where there is no network. */
#include "vm/vm_net.h"

#include "base/base_mem.h"
#include "base/base_num.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t rng = 1;
static const struct og_u256 prevrandao = {{1, 2, 3, 4}};

static uint64_t rnd(uint64_t below)
{
    return og_splitmix64(rng++) % below;
}

static void word(struct og_buf *b, uint64_t v)
{
    uint8_t w[32] = {0};
    og_put_be64(w + 24, v);
    og_buf_add(b, w, sizeof w);
}

/* Often the ends of the range, where carries are. */
static uint64_t residue(void)
{
    switch (rnd(6)) {
    case 0: return OG_VM_NET_P - 1 - rnd(3);
    case 1: return rnd(3);
    case 2: return 0xffffffffu + rnd(3);
    default: return og_splitmix64(rng++) % OG_VM_NET_P;
    }
}

static uint32_t int32(void)
{
    return rnd(4) ? (uint32_t)og_splitmix64(rng++) : (uint32_t)(0x7fffffffu + rnd(3));
}

static uint8_t *run(enum og_vm_net_number n, const struct og_buf *in, struct og_buf *out)
{
    og_buf_reset(out);
    assert_true(og_vm_net_run(n, &prevrandao, (const uint8_t *)in->p, in->len, out));
    return (uint8_t *)out->p;
}

static void shape(struct og_buf *b, const size_t s[3])
{
    og_buf_reset(b);
    for (int i = 0; i < 3; i++)
        word(b, s[i]);
}

static void products_of_int32(void **state)
{
    (void)state;
    struct og_buf in = OG_BUF_INIT;
    struct og_buf out = OG_BUF_INIT;
    for (int r = 0; r < 200; r++) {
        const size_t s[3] = {1 + rnd(9), 1 + rnd(9), 1 + rnd(9)};
        uint32_t v[2 * 81];
        size_t n = s[0] * s[1] + s[1] * s[2];
        shape(&in, s);
        for (size_t i = 0; i < n; i++) {
            v[i] = int32();
            og_buf_add_be32(&in, v[i]);
        }
        const uint32_t *b = v + s[0] * s[1];
        const uint8_t *got = run(OG_VM_NET_MATMUL_I32, &in, &out);
        assert_int_equal(out.len, 4 * s[0] * s[2]);
        for (size_t i = 0; i < s[0]; i++)
            for (size_t j = 0; j < s[2]; j++) {
                uint32_t sum = 0;
                for (size_t k = 0; k < s[1]; k++)
                    sum += v[i * s[1] + k] * b[k * s[2] + j];
                assert_int_equal(og_get_be32(got + 4 * (i * s[2] + j)), sum);
            }
    }
    og_buf_release(&in);
    og_buf_release(&out);
}

static uint64_t mulmod(uint64_t a, uint64_t b)
{
    return (uint64_t)((og_u128)a * b % OG_VM_NET_P);
}

/* A, B and their product behind a head of shape (and rounds, root). */
static void product(struct og_buf *in, const size_t s[3], bool verify)
{
    uint64_t v[2 * 400];
    uint64_t *b = v + s[0] * s[1];
    shape(in, s);
    if (verify) {
        word(in, 1 + rnd(3));
        word(in, og_splitmix64(rng++));
    }
    for (size_t i = 0; i < s[0] * s[1] + s[1] * s[2]; i++) {
        v[i] = residue();
        og_buf_add_be64(in, v[i]);
    }
    for (size_t i = 0; i < s[0]; i++)
        for (size_t j = 0; j < s[2]; j++) {
            uint64_t sum = 0;
            for (size_t k = 0; k < s[1]; k++)
                sum = (uint64_t)(((og_u128)sum + mulmod(v[i * s[1] + k], b[k * s[2] + j])) %
                                 OG_VM_NET_P);
            og_buf_add_be64(in, sum);
        }
}

static void products_modulo_p(void **state)
{
    (void)state;
    struct og_buf in = OG_BUF_INIT;
    struct og_buf out = OG_BUF_INIT;
    for (int r = 0; r < 200; r++) {
        const size_t s[3] = {1 + rnd(9), 1 + rnd(20), 1 + rnd(9)};
        product(&in, s, false);
        size_t c = 8 * s[0] * s[2];
        in.len -= c;
        const uint8_t *got = run(OG_VM_NET_MATMUL_MODP, &in, &out);
        assert_int_equal(out.len, c);
        assert_memory_equal(got, in.p + in.len, c);
    }
    og_buf_release(&in);
    og_buf_release(&out);
}

static void right_products_pass_and_wrong_ones_do_not(void **state)
{
    (void)state;
    struct og_buf in = OG_BUF_INIT;
    struct og_buf out = OG_BUF_INIT;
    for (int r = 0; r < 200; r++) {
        const size_t s[3] = {1 + rnd(9), 1 + rnd(20), 1 + rnd(9)};
        product(&in, s, true);
        const uint8_t *got = run(OG_VM_NET_FREIVALDS, &in, &out);
        assert_int_equal(out.len, 32);
        assert_int_equal(got[31], 1);
        uint8_t *c = (uint8_t *)in.p + in.len - 8 * (1 + rnd(s[0] * s[2]));
        uint64_t was = og_get_be64(c);
        og_put_be64(c, was ? was - 1 : 1);
        got = run(OG_VM_NET_FREIVALDS, &in, &out);
        assert_int_equal(got[31], 0);
    }
    og_buf_release(&in);
    og_buf_release(&out);
}

static void vectors(void **state)
{
    (void)state;
    struct og_buf in = OG_BUF_INIT;
    struct og_buf out = OG_BUF_INIT;
    for (int r = 0; r < 600; r++) {
        enum og_vm_net_op op = (enum og_vm_net_op)(r % 6);
        size_t n = rnd(40) + (op == OG_VM_NET_ARGMAX);
        bool two = op == OG_VM_NET_ADD || op == OG_VM_NET_MUL || op == OG_VM_NET_DOT;
        uint32_t a[48];
        uint32_t b[48];
        __extension__ __int128 sum = 0;
        size_t best = 0;
        og_buf_reset(&in);
        word(&in, op);
        word(&in, n);
        for (size_t i = 0; i < n; i++)
            og_buf_add_be32(&in, a[i] = int32());
        for (size_t i = 0; two && i < n; i++)
            og_buf_add_be32(&in, b[i] = int32());
        const uint8_t *got = run(OG_VM_NET_VEC_I32, &in, &out);
        for (size_t i = 0; i < n; i++) {
            int64_t x = (int32_t)a[i];
            if (op < OG_VM_NET_SUM)
                assert_int_equal(og_get_be32(got + 4 * i), op == OG_VM_NET_ADD   ? a[i] + b[i]
                                                           : op == OG_VM_NET_MUL ? a[i] * b[i]
                                                           : x < 0               ? 0
                                                                                 : a[i]);
            best = x > (int32_t)a[best] ? i : best;
            sum += op == OG_VM_NET_DOT ? x * (int32_t)b[i] : x;
        }
        if (op < OG_VM_NET_SUM) {
            assert_int_equal(out.len, 4 * n);
            continue;
        }
        if (op == OG_VM_NET_ARGMAX)
            sum = (int64_t)best;
        assert_int_equal(out.len, 32);
        assert_int_equal(og_get_be64(got + 24), (uint64_t)sum);
        assert_int_equal(og_get_be64(got + 16), (uint64_t)((og_u128)sum >> 64));
        assert_int_equal(got[0], sum < 0 ? 0xff : 0);
    }
    og_buf_release(&in);
    og_buf_release(&out);
}

/* Shortened, lengthened, residues of p and more, shapes that are none: no answer, and no price. */
static void malformed_input(void **state)
{
    (void)state;
    static const enum og_vm_net_number all[] = {OG_VM_NET_MATMUL_I32, OG_VM_NET_MATMUL_MODP,
                                                OG_VM_NET_VEC_I32, OG_VM_NET_FREIVALDS};
    struct og_buf out = OG_BUF_INIT;
    struct og_buf in = OG_BUF_INIT;
    const size_t s[3] = {2, 2, 2};
    const uint8_t *p;
    product(&in, s, true);
    p = (const uint8_t *)in.p;
    for (size_t n = 0; n < in.len; n++) {
        assert_false(og_vm_net_run(OG_VM_NET_FREIVALDS, &prevrandao, p, n, &out));
        assert_int_equal(og_vm_net_gas(OG_VM_NET_FREIVALDS, p, n), INT64_MAX);
    }
    memset(in.p + in.len - 8, 0xff, 8); /* above p */
    assert_false(og_vm_net_run(OG_VM_NET_FREIVALDS, &prevrandao, p, in.len, &out));
    for (int r = 0; r < 2000; r++) {
        uint8_t b[256];
        size_t n = rnd(sizeof b);
        memset(b, 0, sizeof b);
        for (size_t i = 0; i < n; i++)
            b[i] = i % 32 < 30 && i < 96 ? 0 : (uint8_t)rnd(4);
        for (size_t k = 0; k < 4; k++) {
            int64_t gas = og_vm_net_gas(all[k], b, n);
            og_buf_reset(&out);
            bool ok = og_vm_net_run(all[k], &prevrandao, b, n, &out);
            assert_true(gas > 0);
            if (gas == INT64_MAX)
                assert_false(ok);
        }
    }
    const size_t large[3] = {1u << 12, 1u << 12, 2};
    shape(&in, large);
    assert_int_equal(og_vm_net_gas(OG_VM_NET_MATMUL_I32, (const uint8_t *)in.p, in.len), INT64_MAX);
    og_buf_release(&in);
    og_buf_release(&out);
}

static enum og_vm_status asked(void *ctx, const struct og_vm_net_call *c, struct og_buf *out)
{
    ++*(int *)ctx;
    og_buf_add(out, "x", 1);
    return c->may_change ? OG_VM_OK : OG_VM_REVERT;
}

static void only_where_there_is_a_network(void **state)
{
    (void)state;
    int times = 0;
    const struct og_vm_net net = {.ctx = &times, .ask = asked};
    const struct og_vm_env env = {.gas_limit = 1000000};
    struct og_vm_state *st = og_vm_state_new(NULL, 1);
    struct og_vm *vm = og_vm_new();
    struct og_vm_result r;
    struct og_vm_msg msg = {.to = og_vm_net_addr(OG_VM_NET_MARKET), .gas = 100000};
    og_vm_begin(vm, st, &env);
    og_vm_run(vm, &msg, &r);
    assert_int_equal(r.status, OG_VM_OK); /* an account without code */
    assert_int_equal(r.gas_left, 100000);
    og_vm_set_net(vm, &net);
    og_vm_run(vm, &msg, &r);
    assert_int_equal(times, 1);
    assert_int_equal(r.out_len, 1);
    assert_int_equal(r.gas_left, 100000 - og_vm_net_gas(OG_VM_NET_MARKET, NULL, 0));
    msg.is_static = true;
    og_vm_run(vm, &msg, &r);
    assert_int_equal(r.status, OG_VM_REVERT);
    assert_true(r.gas_left > 0);
    msg.gas = 10;
    og_vm_run(vm, &msg, &r);
    assert_int_equal(r.status, OG_VM_OUT_OF_GAS);
    assert_int_equal(times, 2);
    msg = (struct og_vm_msg){.to = og_vm_net_addr(OG_VM_NET_VEC_I32), .gas = 100000};
    og_vm_run(vm, &msg, &r);
    assert_int_equal(r.status, OG_VM_OUT_OF_GAS); /* malformed: dearer than any gas */
    for (unsigned i = 0; i < 0x200; i++) {
        struct og_addr a = og_vm_net_addr((enum og_vm_net_number)i);
        bool is = (i >= 0x100 && i <= 0x104) || (i >= 0x110 && i <= 0x113);
        assert_int_equal(og_vm_net_number_of(&a), is ? i : 0);
        a.b[3] = 1;
        assert_int_equal(og_vm_net_number_of(&a), 0);
    }
    og_vm_free(vm);
    og_vm_state_free(st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_of_int32),
        cmocka_unit_test(products_modulo_p),
        cmocka_unit_test(right_products_pass_and_wrong_ones_do_not),
        cmocka_unit_test(vectors),
        cmocka_unit_test(malformed_input),
        cmocka_unit_test(only_where_there_is_a_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
