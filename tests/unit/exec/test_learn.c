/* test_learn.c - gradients: a plain reference in double, the sum tree, both instruction sets,
 * MNIST.
 */
#include "exec/exec_learn.h"

#include "base/base_buf.h"
#include "base/base_io.h"
#include "base/base_num.h"

#include <math.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct sample {
    struct og_learn l;
    struct og_learn_rows r;
    float *p;
};

static void sample_make(struct sample *s, uint32_t f, uint32_t h, uint32_t c, uint32_t n)
{
    uint64_t seed = f * 1000003ull + h * 101 + c;
    s->l = (struct og_learn){f, h, c};
    size_t params = og_learn_params(&s->l);
    uint8_t *x = malloc((size_t)f * n), *y = malloc(n);
    s->p = malloc(params * sizeof *s->p);
    for (size_t i = 0; i < (size_t)f * n; i++) {
        uint64_t v = og_splitmix64(seed++);
        x[i] = v % 3 ? (uint8_t)(v >> 32) : 0;
    }
    for (size_t i = 0; i < n; i++)
        y[i] = (uint8_t)(og_splitmix64(seed++) % c);
    for (size_t i = 0; i < params; i++)
        s->p[i] = (float)((double)(og_splitmix64(seed++) >> 40) / (1 << 24) - 0.5);
    s->r = (struct og_learn_rows){x, y, n};
}

static void sample_free(struct sample *s)
{
    free((void *)(uintptr_t)s->r.x);
    free((void *)(uintptr_t)s->r.label);
    free(s->p);
}

/* Loss of one row, straight from the definition, in double. */
static double plain_loss(const struct og_learn *l, const double *p, const uint8_t *x, unsigned y)
{
    size_t f = l->features, h = l->hidden, c = l->classes;
    double u[64], z[64], sum = 0;
    const double *top = h ? p + (f + 1) * h : p;
    for (size_t j = 0; j < h; j++) {
        u[j] = p[f * h + j];
        for (size_t k = 0; k < f; k++)
            u[j] += x[k] / 255.0 * p[k * h + j];
        u[j] = u[j] > 0 ? u[j] : 0;
    }
    size_t in = h ? h : f;
    for (size_t i = 0; i < c; i++) {
        z[i] = top[in * c + i];
        for (size_t k = 0; k < in; k++)
            z[i] += (h ? u[k] : x[k] / 255.0) * top[k * c + i];
    }
    for (size_t i = 0; i < c; i++)
        sum += exp(z[i]);
    return log(sum) - z[y];
}

static double plain_total(const struct sample *s, const double *p)
{
    double sum = 0;
    for (uint32_t i = 0; i < s->r.n; i++)
        sum += plain_loss(&s->l, p, s->r.x + (size_t)i * s->l.features, s->r.label[i]);
    return sum;
}

/* Against central differences of the loss. */
static void test_gradient(void **state)
{
    (void)state;
    static const uint32_t shape[][3] = {
        {5, 0, 3}, {17, 0, 10}, {9, 7, 4}, {33, 12, 9}, {40, 40, 2}};
    for (size_t t = 0; t < sizeof shape / sizeof *shape; t++) {
        struct sample s;
        sample_make(&s, shape[t][0], shape[t][1], shape[t][2], 23);
        size_t n = og_learn_params(&s.l);
        float *g = malloc((n + 2) * sizeof *g);
        double *p = malloc(n * sizeof *p);
        for (size_t i = 0; i < n; i++)
            p[i] = s.p[i];
        og_learn_sum(&s.l, &s.r, s.p, 4, 0, 6, g);
        assert_true(fabs(g[n] - plain_total(&s, p)) < 1e-4);
        for (size_t i = 0; i < n; i++) {
            const double step = 1e-6;
            p[i] = (double)s.p[i] + step;
            double up = plain_total(&s, p);
            p[i] = (double)s.p[i] - step;
            double down = plain_total(&s, p);
            p[i] = s.p[i];
            assert_true(fabs(g[i] - (up - down) / (2 * step)) < 2e-4);
        }
        assert_int_equal((uint32_t)g[n + 1], og_learn_right(&s.l, &s.r, s.p));
        free(p);
        free(g);
        sample_free(&s);
    }
}

/* A node is the sum of its children, and no other bits on a machine without AVX2. */
static void test_tree(void **state)
{
    (void)state;
    static const uint32_t shape[][3] = {{19, 0, 10}, {30, 37, 11}, {1, 0, 2}, {8, 1, 256}};
    for (size_t t = 0; t < sizeof shape / sizeof *shape; t++) {
        struct sample s;
        sample_make(&s, shape[t][0], shape[t][1], shape[t][2], 75);
        size_t n = og_learn_node(&s.l);
        float *whole = malloc(n * sizeof *whole), *a = malloc(n * sizeof *a);
        float *b = malloc(n * sizeof *b);
        og_learn_sum(&s.l, &s.r, s.p, 6, 0, 13, whole); /* 8 + 5 */
        og_learn_sum(&s.l, &s.r, s.p, 6, 0, 8, a);
        og_learn_sum(&s.l, &s.r, s.p, 6, 8, 5, b);
        for (size_t i = 0; i < n; i++)
            a[i] = a[i] + b[i];
        assert_memory_equal(a, whole, n * sizeof *a);
        og_learn_force_portable(true);
        og_learn_sum(&s.l, &s.r, s.p, 6, 0, 13, b);
        og_learn_force_portable(false);
        assert_memory_equal(b, whole, n * sizeof *b);
        free(whole);
        free(a);
        free(b);
        sample_free(&s);
    }
}

static void test_descent(void **state)
{
    (void)state;
    struct sample s;
    sample_make(&s, 21, 6, 5, 64);
    size_t n = og_learn_params(&s.l);
    float *p = malloc(n * sizeof *p), *g = malloc((n + 2) * sizeof *g), score[2];
    memcpy(p, s.p, n * sizeof *p);
    og_learn_descend(&s.l, &s.r, 20, 0.5f, p, score);
    for (uint32_t from = 0; from < 64; from += 20) {
        uint32_t rows = from + 20 < 64 ? 20 : 64 - from;
        struct og_learn_rows r = {s.r.x + from * 21, s.r.label + from, rows};
        og_learn_sum(&s.l, &r, s.p, rows, 0, 1, g);
        for (size_t i = 0; i < n; i++)
            s.p[i] = fmaf(-(0.5f / (float)rows), g[i], s.p[i]);
    }
    assert_memory_equal(p, s.p, n * sizeof *p);
    for (int i = 0; i < 300; i++)
        og_learn_descend(&s.l, &s.r, 64, 0.5f, p, score);
    og_learn_descend(&s.l, &s.r, 64, 0, p, score);
    assert_true(score[0] < 64 * 0.7); /* it learns: chance is 64 ln 5 */
    free(p);
    free(g);
    sample_free(&s);
}

static void test_functions(void **state)
{
    (void)state;
    for (float x = 0; x > -87; x -= 0.0117f)
        assert_true(fabs(og_learn_exp(x) - exp((double)x)) <= 2.4e-7 * exp((double)x));
    for (float x = 1e-3f; x < 4096; x *= 1.0013f)
        assert_true(fabs(og_learn_log(x) - log((double)x)) <= 2.4e-7 * fabs(log((double)x)) + 1e-7);
    assert_true(og_learn_exp(-88) == 0 && og_learn_exp(0) == 1 && og_learn_log(1) == 0);
    assert_true(isnan(og_learn_exp(NAN)));
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct og_learn bad[] = {{0, 0, 2}, {65537, 0, 2}, {1, 4097, 2},
                                          {1, 0, 1}, {1, 0, 257},   {65536, 4096, 2}};
    struct og_err err = {0};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(og_learn_check(&bad[i], &err), OG_E_DATA);
    struct og_learn l = {784, 128, 10};
    assert_int_equal(og_learn_check(&l, &err), OG_OK);
    uint8_t y[] = {0, 9, 10};
    struct og_learn_rows r = {NULL, y, 3};
    assert_int_equal(og_learn_labels(&l, &r, &err), OG_E_DATA);
    assert_string_equal(err.msg, "row 2 has label 10, and there are 10 classes");
}

/* Content of a file of OGPU_SHARED/cases/ml without its header; NULL where it is absent. */
static uint8_t *read_idx(const char *name, size_t head, size_t n)
{
    char path[512];
    const char *dir = getenv("OGPU_SHARED");
    snprintf(path, sizeof path, "%s/cases/ml/%s", dir ? dir : "../shared", name);
    if (!og_io_exists(path))
        return NULL;
    char gzip[] = "gzip", flags[] = "-dc", *argv[] = {gzip, flags, path, NULL};
    posix_spawn_file_actions_t fa;
    struct og_buf text = {0};
    struct og_err err = {0};
    int p[2], status;
    pid_t pid;
    assert_int_equal(pipe(p), 0);
    posix_spawn_file_actions_init(&fa);
    posix_spawn_file_actions_adddup2(&fa, p[1], 1);
    posix_spawn_file_actions_addclose(&fa, p[0]);
    assert_int_equal(posix_spawnp(&pid, gzip, &fa, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&fa);
    close(p[1]);
    assert_int_equal(og_io_read_fd(p[0], head + n + 1, &text, &err), OG_OK);
    close(p[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(text.len, head + n);
    memmove(text.p, text.p + head, n);
    return (uint8_t *)og_buf_detach(&text);
}

/* Two full-batch steps as the reference has them: 6808, then 7899 of the test images right. */
static void test_mnist(void **state)
{
    (void)state;
    const struct og_learn l = {784, 0, 10};
    uint8_t *x = read_idx("train-images-idx3-ubyte.gz", 16, (size_t)60000 * 784);
    uint8_t *y = read_idx("train-labels-idx1-ubyte.gz", 8, 60000);
    uint8_t *tx = read_idx("t10k-images-idx3-ubyte.gz", 16, (size_t)10000 * 784);
    uint8_t *ty = read_idx("t10k-labels-idx1-ubyte.gz", 8, 10000);
    if (x && y && tx && ty) {
        size_t n = og_learn_params(&l);
        float *p = calloc(n, sizeof *p), *g = malloc((n + 2) * sizeof *g);
        const struct og_learn_rows all = {x, y, 60000}, test = {tx, ty, 10000};
        static const struct {
            double loss;
            uint32_t right;
        } want[] = {{2.302585, 6808}, {1.831772, 7899}};
        for (int t = 0; t < 2; t++) {
            og_learn_sum(&l, &all, p, 60, 0, 1000, g);
            assert_true(fabs((double)g[n] / 60000 - want[t].loss) < 1e-5);
            for (size_t i = 0; i < n; i++)
                p[i] = fmaf(-0.5f / 60000, g[i], p[i]);
            assert_int_equal(og_learn_right(&l, &test, p), want[t].right);
        }
        free(p);
        free(g);
    } else {
        print_message("skip: no MNIST under OGPU_SHARED\n");
    }
    free(x);
    free(y);
    free(tx);
    free(ty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradient), cmocka_unit_test(test_tree),
        cmocka_unit_test(test_descent),  cmocka_unit_test(test_functions),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_mnist),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
