/* test_detect.c - planted errors are found as often as theory says, and honest results never are.
 *
 * Of N leaves b are wrong and s are drawn without repetition: found with chance
 *   1 - C(N - b, s) / C(N, s),  which is about 1 - (1 - b/N)^s
 * Each kind is planted with one unit in the last place of one element of a leaf: one leaf, 1, 5 and
 * 20 % of them; the rate of TRIALS draws must lie within 4.5 standard deviations of the chance.
 * Seeds are fixed, so the test gives the same on every run. */
#include "base/base_mem.h"
#include "base/base_num.h"
#include "check/check_draw.h"
#include "check/check_gemm.h"
#include "check/check_result.h"
#include "check/check_sumtree.h"
#include "exec/exec_bench.h"
#include "exec/exec_kernel.h"
#include "exec/exec_product.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LEAVES 400
#define TRIALS 200
#define HONEST 1000

enum fill { BYTES, FLOATS, SMALL, LEARN };

struct play {
    struct og_kernel k;
    uint8_t *in[OG_KERNEL_FILES_MAX];
    uint8_t *out[OG_KERNEL_FILES_MAX];
};

static void fill(uint8_t *p, size_t bytes, enum fill how, uint64_t salt)
{
    for (size_t i = 0; i < bytes / 4; i++) {
        uint64_t r = og_splitmix64(salt * 1000003 + i);
        float f = r % 17 == 0 ? NAN : (float)((double)(r >> 40) / 1e5 - 60);
        int32_t n = (int32_t)(uint32_t)r >> 14;
        memcpy(p + 4 * i,
               how == BYTES    ? (const void *)&r
               : how == FLOATS ? (const void *)&f
                               : &n,
               4);
    }
}

static void open_play(struct play *p, const char *name, const char *args)
{
    struct og_err err;
    json_t *o = json_loads(args, 0, NULL);
    memset(p, 0, sizeof *p);
    assert_non_null(o);
    assert_int_equal(og_kernel_parse(name, o, &p->k, &err), OG_OK);
    json_decref(o);
    for (size_t i = 0; i < p->k.shape.n_in; i++)
        p->in[i] = og_xcalloc(1, (size_t)p->k.shape.in_bytes[i] + 8);
    for (size_t i = 0; i < p->k.shape.n_out; i++)
        p->out[i] = og_xcalloc(1, (size_t)p->k.shape.out_bytes[i] + 8);
}

static void run(struct play *p, enum fill how, uint64_t salt)
{
    struct og_err err;
    for (size_t i = 0; i < p->k.shape.n_in; i++)
        fill(p->in[i], (size_t)p->k.shape.in_bytes[i], how == LEARN ? BYTES : how, salt + i);
    if (how == LEARN) { /* parameters; rows and labels are any bytes */
        struct og_hash h = og_sha256(&salt, sizeof salt);
        og_capacity_fill(h.b, 0, 0, (float *)(void *)p->in[0], p->k.shape.in_bytes[0] / 4);
    }
    assert_int_equal(
        og_kernel_run(&p->k, (const void *const *)p->in, (void *const *)p->out, 1, &err), OG_OK);
}

static void close_play(struct play *p)
{
    for (size_t i = 0; i < OG_KERNEL_FILES_MAX; i++) {
        free(p->in[i]);
        free(p->out[i]);
    }
}

static struct og_hash seed_of(uint64_t a, uint64_t b)
{
    uint64_t both[2] = {a, b};
    return og_sha256(both, sizeof both);
}

/* 1 - C(n - bad, s) / C(n, s) */
static double chance(size_t n, size_t bad, size_t s)
{
    double miss = 1;
    for (size_t i = 0; i < s && i < n; i++)
        miss *= n - i > bad ? (double)(n - bad - i) / (double)(n - i) : 0;
    return 1 - miss;
}

static void assert_rate(const char *what, size_t found, size_t n, size_t bad, size_t s)
{
    double p = chance(n, bad, s), rate = (double)found / TRIALS;
    double bound = 4.5 * sqrt(p * (1 - p) / TRIALS) + 0.5 / TRIALS;
    if (fabs(rate - p) > bound)
        fail_msg("%s: %zu of %zu leaves wrong, %zu drawn: found %.4f instead of %.4f +- %.4f", what,
                 bad, n, s, rate, p, bound);
    double with = 1 - pow(1 - (double)bad / (double)n, (double)s); /* as the papers have it */
    assert_true(p >= with - 1e-12);
}

/* One unit in the last place of one element in each of the first `bad` of a shuffled list. */
static void plant(struct play *p, const size_t *order, size_t bad, size_t leaves_at)
{
    for (size_t i = 0; i < bad; i++) {
        struct og_kernel_leaf l = og_kernel_leaf_at(&p->k, leaves_at + order[i]);
        p->out[l.out][l.offset + og_splitmix64(i) % (l.bytes / 8) * 8] ^= 1;
    }
}

static void shuffle(size_t *order, size_t n)
{
    for (size_t i = 0; i < n; i++)
        order[i] = i;
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)(og_splitmix64(i * 77) % i), t = order[i - 1];
        order[i - 1] = order[j];
        order[j] = t;
    }
}

static const size_t wrong[] = {1, LEAVES / 100, LEAVES / 20, LEAVES / 5};
static const size_t drawn[] = {10, 30, 60};

/* exact: a verifier computes the drawn leaves without seeing the result; the hashes are compared.
 */
static bool caught(const struct play *p, const struct og_hash *said, uint64_t trial, size_t s)
{
    struct og_err err;
    uint64_t leaf[64];
    struct og_hash hash[64], seed = seed_of(trial, s);
    size_t n = og_draw_leaves(&seed, og_kernel_leaves(&p->k), s, leaf);
    assert_int_equal(og_kernel_again(&p->k, (const void *const *)p->in, leaf, n, hash, &err),
                     OG_OK);
    for (size_t i = 0; i < n; i++)
        if (memcmp(hash[i].b, said[leaf[i]].b, OG_HASH_LEN) != 0)
            return true;
    return false;
}

static void detect_exact(const char *name, const char *args, enum fill how)
{
    struct play p;
    size_t order[LEAVES];
    struct og_hash *said = og_xcalloc(LEAVES, sizeof *said);
    open_play(&p, name, args);
    assert_true(og_kernel_leaves(&p.k) == LEAVES);
    shuffle(order, LEAVES);
    for (size_t w = 0; w < sizeof wrong / sizeof *wrong; w++) {
        run(&p, how, 3);
        plant(&p, order, wrong[w], 0);
        og_kernel_hash(&p.k, (const void *const *)p.out, said);
        for (size_t d = 0; d < sizeof drawn / sizeof *drawn; d++) {
            size_t found = 0;
            for (uint64_t t = 0; t < TRIALS; t++)
                found += caught(&p, said, t, drawn[d]);
            assert_rate(name, found, LEAVES, wrong[w], drawn[d]);
        }
    }
    free(said);
    close_play(&p);
}

static void test_motion(void **st)
{
    (void)st;
    detect_exact("motion", "{\"width\":16,\"height\":4,\"frames\":800,\"segment\":2,\"warmup\":3}",
                 BYTES);
}

static void test_climate(void **st)
{
    (void)st;
    detect_exact("climate", "{\"times\":15,\"cells\":400,\"period\":3}", FLOATS);
}

/* A part of a gradient is a leaf. */
static void test_softmax(void **st)
{
    (void)st;
    detect_exact("softmax", "{\"rows\":400,\"features\":2,\"classes\":256,\"parts\":400}", LEARN);
}

static void test_gemm_i32(void **st)
{
    (void)st;
    detect_exact("gemm", "{\"m\":25600,\"n\":2,\"k\":2,\"type\":\"i32\"}", SMALL);
}

/* ---- sum trees: a vote looks at every addition, and at drawn parts ---- */

static enum og_vote vote(const struct play *p, uint64_t trial, size_t s)
{
    struct og_err err;
    enum og_vote v;
    struct og_hash seed = seed_of(trial, s);
    assert_int_equal(og_kernel_vote(&p->k, (const void *const *)p->in, (const void *const *)p->out,
                                    &seed, s, &v, &err),
                     OG_OK);
    return v;
}

/* The liar makes its sums agree with its parts. */
static void add_up(struct play *p, uint64_t parts, size_t columns)
{
    double *node = (double *)(void *)p->out[0];
    size_t width = 2 * columns;
    for (uint32_t l = 1; og_sumtree_width(parts, l); l++)
        for (uint64_t i = 0; i < og_sumtree_width(parts, l); i++) {
            double *to = node + og_sumtree_place(parts, l, i) * width;
            const double *a = node + og_sumtree_place(parts, l - 1, 2 * i) * width;
            bool two = 2 * i + 1 < og_sumtree_width(parts, l - 1);
            for (size_t j = 0; j < width; j++)
                to[j] = two ? a[j] + a[width + j] : a[j];
        }
}

static void test_sum_tree(void **st)
{
    struct play p;
    size_t order[LEAVES];
    (void)st;
    open_play(&p, "reduce", "{\"rows\":3200,\"columns\":2,\"part\":8}");
    size_t first = (size_t)og_sumtree_place(LEAVES, 0, 0);
    shuffle(order, LEAVES);
    for (size_t w = 0; w < sizeof wrong / sizeof *wrong; w++) {
        run(&p, FLOATS, 9);
        plant(&p, order, wrong[w], first);
        add_up(&p, LEAVES, 2);
        for (size_t d = 0; d < sizeof drawn / sizeof *drawn; d++) {
            size_t found = 0;
            for (uint64_t t = 0; t < TRIALS; t++)
                found += vote(&p, t, drawn[d]) == OG_VOTE_BAD;
            assert_rate("reduce", found, LEAVES, wrong[w], drawn[d]);
        }
    }
    for (uint64_t place = 0; place < first; place++) { /* any sum alone: always */
        run(&p, FLOATS, 9);
        p.out[0][place * 32 + 8 * (place % 4)] ^= 1;
        assert_int_equal(vote(&p, place, 1), OG_VOTE_BAD);
    }
    close_play(&p);
}

/* ---- products by Freivalds' check ---- */

/* One element in any number of row blocks: always, whichever vectors are drawn. */
static void test_freivalds_i32(void **st)
{
    struct play p;
    size_t order[20];
    (void)st;
    open_play(&p, "gemm", "{\"m\":1280,\"n\":20,\"k\":30,\"type\":\"i32\"}");
    shuffle(order, 20);
    static const size_t bad[] = {1, 1, 4};
    for (size_t w = 0; w < sizeof bad / sizeof *bad; w++)
        for (uint64_t t = 0; t < TRIALS / 4; t++) {
            run(&p, SMALL, t);
            plant(&p, order + t % 10, bad[w], 0);
            assert_int_equal(vote(&p, t, 0), OG_VOTE_BAD);
        }
    close_play(&p);
}

/* x with its mantissa cut to `bits`, as tensor cores take TF32 (10) and bf16 (7). */
static float narrow(float x, int bits)
{
    uint32_t u, half = 1u << (22 - bits);
    memcpy(&u, &x, sizeof u);
    u = (u + half) & ~(2 * half - 1);
    memcpy(&x, &u, sizeof x);
    return x;
}

/* C of rows r0.. by doubles, its inputs cut; row length n. */
static void narrow_rows(const struct play *p, size_t r0, size_t rows, size_t n, size_t k, int bits)
{
    const float *a = (const float *)(void *)p->in[0], *b = (const float *)(void *)p->in[1];
    float *c = (float *)(void *)p->out[0];
    for (size_t i = r0; i < r0 + rows; i++)
        for (size_t j = 0; j < n; j++) {
            double s = 0;
            for (size_t q = 0; q < k; q++)
                s += (double)narrow(a[i * k + q], bits) * (double)narrow(b[q * n + j], bits);
            c[i * n + j] = (float)s;
        }
}

static void f32_inputs(struct play *p, uint64_t salt, bool one_sign)
{
    struct og_hash h = seed_of(salt, 4711);
    for (size_t i = 0; i < 2; i++) {
        float *v = (float *)(void *)p->in[i];
        size_t n = (size_t)p->k.shape.in_bytes[i] / 4;
        og_capacity_fill(h.b, i, 0, v, n);
        for (size_t j = 0; one_sign && j < n; j++)
            v[j] = fabsf(v[j]);
    }
}

static void f32_run(struct play *p, uint64_t salt, bool one_sign)
{
    struct og_err err;
    f32_inputs(p, salt, one_sign);
    assert_int_equal(
        og_kernel_run(&p->k, (const void *const *)p->in, (void *const *)p->out, 1, &err), OG_OK);
}

/* TF32 and bf16 inputs in 1, 5, 20 % of the row blocks or in all: always found, on data of both
 * signs and of one. */
static void test_freivalds_tf32(void **st)
{
    struct play p;
    const size_t m = 640, n = 48, k = 96, block = m / 20;
    (void)st;
    open_play(&p, "gemm", "{\"m\":640,\"n\":48,\"k\":96}");
    static const size_t rows[] = {6, 32, 128, 640};
    for (int bits = 7; bits <= 10; bits += 3)
        for (size_t w = 0; w < sizeof rows / sizeof *rows; w++)
            for (uint64_t t = 0; t < 20; t++) {
                f32_run(&p, t, t % 2);
                size_t r0 = (size_t)(og_splitmix64(t) % (m / block)) * block;
                narrow_rows(&p, rows[w] == m ? 0 : r0 % (m - rows[w]), rows[w], n, k, bits);
                assert_int_equal(vote(&p, t, 0), OG_VOTE_BAD);
            }
    close_play(&p);
}

/* In one element: more than 4 tau and what an honest row may be off is always found; a unit in the
 * last place is within what any honest order of sums may differ by, and never is. */
static void test_freivalds_f32_element(void **st)
{
    struct play p;
    const size_t n = 40, k = 60;
    (void)st;
    open_play(&p, "gemm", "{\"m\":64,\"n\":40,\"k\":60}");
    for (uint64_t t = 0; t < TRIALS; t++) {
        size_t i = (size_t)(og_splitmix64(t) % 64), j = (size_t)(og_splitmix64(t + 9) % n);
        f32_run(&p, t, t % 2);
        const float *a = (const float *)(void *)p.in[0], *b = (const float *)(void *)p.in[1];
        float *c = (float *)(void *)p.out[0] + i * n + j;
        double row = 0, fro = 0;
        for (size_t q = 0; q < k; q++)
            row += (double)a[i * k + q] * a[i * k + q];
        for (size_t q = 0; q < k * n; q++)
            fro += (double)b[q] * b[q];
        double tau = 32 * 0x1p-24 * sqrt(row * fro);
        *c = nextafterf(*c, INFINITY);
        assert_int_equal(vote(&p, t, 0), OG_VOTE_OK);
        *c += (float)(5 * tau);
        assert_int_equal(vote(&p, t, 0), OG_VOTE_BAD);
    }
    close_play(&p);
}

/* Declared TF32: honest TF32 passes and so does f32; bf16 does not, nor a row of zeros. */
static void test_freivalds_declared_tf32(void **st)
{
    struct play p;
    const size_t n = 48, k = 96;
    double worst = 0;
    (void)st;
    open_play(&p, "gemm", "{\"m\":64,\"n\":48,\"k\":96,\"type\":\"tf32\"}");
    for (uint64_t t = 0; t < HONEST; t++) {
        struct og_err err;
        enum og_vote v;
        double ratio;
        struct og_hash seed = seed_of(t, 2);
        f32_inputs(&p, t, t % 2);
        narrow_rows(&p, 0, 64, n, k, 10);
        assert_int_equal(
            og_gemm_tf32_check((const float *)(void *)p.in[0], (const float *)(void *)p.in[1],
                               (const float *)(void *)p.out[0], 64, n, k, &seed, &v, &ratio, &err),
            OG_OK);
        assert_int_equal(v, OG_VOTE_OK);
        worst = ratio > worst ? ratio : worst;
        if (t >= TRIALS)
            continue;
        narrow_rows(&p, 0, 64, n, k, 7);
        assert_int_equal(vote(&p, t, 0), OG_VOTE_BAD);
        memset(p.out[0] + t % 64 * n * 4, 0, n * 4);
        assert_int_equal(vote(&p, t, 0), OG_VOTE_BAD);
        f32_run(&p, t, t % 2);
        assert_int_equal(vote(&p, t, 0), OG_VOTE_OK);
    }
    print_message("greatest honest residual of TF32: %.2f tau\n", worst);
    close_play(&p);
}

/* ---- no false alarm ---- */

static void test_honest_leaves(void **st)
{
    static const struct {
        const char *name, *args;
        enum fill how;
    } kinds[] = {
        {"motion", "{\"width\":21,\"height\":3,\"frames\":30,\"segment\":4,\"warmup\":5}", BYTES},
        {"motion", "{\"width\":21,\"height\":3,\"frames\":30,\"segment\":4}", BYTES},
        {"climate", "{\"times\":20,\"cells\":70,\"period\":4,\"anomaly\":1}", FLOATS},
        {"softmax", "{\"rows\":30,\"features\":5,\"classes\":256,\"parts\":20}", LEARN},
        {"gemm", "{\"m\":130,\"n\":5,\"k\":7,\"type\":\"i32\"}", SMALL},
    };
    (void)st;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct play p;
        open_play(&p, kinds[i].name, kinds[i].args);
        struct og_hash *said = og_xcalloc((size_t)og_kernel_leaves(&p.k), sizeof *said);
        for (uint64_t t = 0; t < HONEST; t++) {
            run(&p, kinds[i].how, t);
            og_kernel_hash(&p.k, (const void *const *)p.out, said);
            assert_false(caught(&p, said, t, 12));
        }
        free(said);
        close_play(&p);
    }
}

static void test_honest_votes(void **st)
{
    struct play p;
    (void)st;
    open_play(&p, "reduce", "{\"rows\":200,\"columns\":3,\"part\":6}");
    for (uint64_t t = 0; t < HONEST; t++) {
        run(&p, FLOATS, t);
        assert_int_equal(vote(&p, t, 0), OG_VOTE_OK);
    }
    close_play(&p);
    open_play(&p, "gemm", "{\"m\":20,\"n\":9,\"k\":11,\"type\":\"i32\"}");
    for (uint64_t t = 0; t < HONEST; t++) {
        run(&p, SMALL, t);
        assert_int_equal(vote(&p, t, 0), OG_VOTE_OK);
    }
    close_play(&p);
}

/* The same sums in one chain of up to 512 terms, one after the other: the worst order that is
 * allowed. */
static void one_chain(struct play *p, size_t m, size_t n, size_t k)
{
    const float *a = (const float *)(void *)p->in[0], *b = (const float *)(void *)p->in[1];
    float *c = (float *)(void *)p->out[0];
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            float all = 0;
            for (size_t q = 0; q < k; q += OG_GEMM_CHAIN) {
                float s = 0;
                for (size_t r = q; r < k && r < q + OG_GEMM_CHAIN; r++)
                    s += a[i * k + r] * b[r * n + j];
                all += s;
            }
            c[i * n + j] = all;
        }
}

/* Kernel (OpenBLAS where it is), own kernel and one chain, on data of both signs and of one. */
static void test_honest_f32(void **st)
{
    struct play p;
    double worst = 0;
    (void)st;
    open_play(&p, "gemm", "{\"m\":12,\"n\":18,\"k\":700}");
    const struct og_product own = {OG_PRODUCT_F32, 12, 18, 700};
    for (uint64_t t = 0; t < HONEST; t++) {
        struct og_err err;
        enum og_vote v;
        double ratio;
        f32_run(&p, t, t % 2);
        if (t % 3 == 1)
            og_product_run_own(&own, p.in[0], p.in[1], p.out[0], 1);
        if (t % 3 == 2)
            one_chain(&p, 12, 18, 700);
        struct og_hash seed = seed_of(t, 1);
        assert_int_equal(og_gemm_f32_check(
                             (const float *)(void *)p.in[0], (const float *)(void *)p.in[1],
                             (const float *)(void *)p.out[0], 12, 18, 700, &seed, &v, &ratio, &err),
                         OG_OK);
        assert_int_equal(v, OG_VOTE_OK);
        worst = ratio > worst ? ratio : worst;
    }
    print_message("greatest honest residual: %.2f tau\n", worst);
    assert_true(worst < 0.9);
    close_play(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_motion),
        cmocka_unit_test(test_climate),
        cmocka_unit_test(test_softmax),
        cmocka_unit_test(test_gemm_i32),
        cmocka_unit_test(test_sum_tree),
        cmocka_unit_test(test_freivalds_i32),
        cmocka_unit_test(test_freivalds_tf32),
        cmocka_unit_test(test_freivalds_f32_element),
        cmocka_unit_test(test_freivalds_declared_tf32),
        cmocka_unit_test(test_honest_leaves),
        cmocka_unit_test(test_honest_votes),
        cmocka_unit_test(test_honest_f32),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
