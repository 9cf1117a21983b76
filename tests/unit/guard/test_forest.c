/* test_forest.c - the flat evaluator against a plain walk, against libxgboost bit for bit where it
 * is installed, its bytes, and what is refused. */
#include "base/base_num.h"
#include "guard/guard_forest.h"

#include <dlfcn.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WIDTH 7
#define ROWS  3000

static uint64_t state = 1;

static float unit(void)
{
    return (float)(og_splitmix64(state++) >> 40) * 0x1p-24f;
}

static void grow(struct og_forest *f, uint32_t node, unsigned depth)
{
    if (depth == 0 || unit() < 0.2f)
        return;
    uint32_t l = og_forest_leaf(f, unit() - 0.5f);
    og_forest_leaf(f, unit() - 0.5f);
    unsigned feature = (unsigned)(unit() * WIDTH);
    og_forest_split(f, node, (uint16_t)(feature | (unit() < 0.5f ? OG_FOREST_MISSING : 0)), unit(),
                    l);
    grow(f, l, depth - 1);
    grow(f, l + 1, depth - 1);
}

static float plain(const struct og_forest *f, const float *x)
{
    float sum = f->base;
    for (size_t t = 0; t < f->n_trees; t++) {
        const struct og_forest_node *n = f->node + f->root[t];
        uint32_t at = 0;
        while (n[at].left != at) {
            float v = x[n[at].feature & 0x7fff];
            bool left = isnan(v) ? n[at].feature >> 15 : v < n[at].split;
            at = n[at].left + !left;
        }
        sum += f->leaf[f->root[t] + at];
    }
    return sum;
}

static void make(struct og_forest *f, unsigned trees)
{
    *f = (struct og_forest){.base = 0.25f, .depth = 9};
    for (unsigned t = 0; t < trees; t++) {
        og_forest_tree(f);
        og_forest_leaf(f, unit());
        grow(f, 0, 9);
    }
}

static void draw(float *x)
{
    for (unsigned j = 0; j < WIDTH; j++)
        x[j] = unit() < 0.1f ? NAN : unit();
}

static void test_walk(void **ctx)
{
    struct og_forest f, again;
    struct og_err err;
    float x[WIDTH];
    (void)ctx;
    for (unsigned trees = 1; trees < 20; trees += 3) {
        struct og_buf b = OG_BUF_INIT;
        size_t used;
        make(&f, trees);
        og_forest_encode(&f, &b);
        assert_int_equal(og_forest_decode(b.p, b.len, WIDTH, &again, &used, &err), OG_OK);
        assert_int_equal(used, b.len);
        float *values = og_forest_values(&f);
        for (unsigned i = 0; i < 200; i++) {
            double share[WIDTH] = {0}, sum = f.base;
            draw(x);
            assert_true(og_forest_sum(&f, x) == plain(&f, x));
            assert_true(og_forest_sum(&again, x) == plain(&f, x));
            og_forest_explain(&f, values, x, share);
            for (size_t t = 0; t < f.n_trees; t++)
                sum += values[f.root[t]];
            for (unsigned j = 0; j < WIDTH; j++)
                sum += share[j];
            assert_true(fabs(sum - og_forest_sum(&f, x)) < 1e-4);
        }
        og_forest_release(&again);
        for (size_t cut = 0; cut < b.len; cut += 1 + b.len / 50)
            assert_int_equal(og_forest_decode(b.p, cut, WIDTH, &again, &used, &err), OG_E_DATA);
        assert_int_equal(og_forest_decode(b.p, b.len, 1, &again, &used, &err), OG_E_DATA);
        free(values);
        og_buf_release(&b);
        assert_int_equal(again.n_nodes, 0);
        og_forest_release(&f);
    }
}

/* The few functions of libxgboost's C interface that the proof needs. */
struct api {
    int (*matrix)(const float *, uint64_t, uint64_t, float, void **);
    int (*set_float)(void *, const char *, const float *, uint64_t);
    int (*create)(void *const *, uint64_t, void **);
    int (*param)(void *, const char *, const char *);
    int (*update)(void *, int, void *);
    int (*save)(void *, const char *, uint64_t *, const char **);
    int (*predict)(void *, void *, int, unsigned, int, uint64_t *, const float **);
    int (*free_matrix)(void *);
    int (*free_booster)(void *);
};

static bool load(struct api *a)
{
    static const char *const names[] = {
        "XGDMatrixCreateFromMat", "XGDMatrixSetFloatInfo",  "XGBoosterCreate",
        "XGBoosterSetParam",      "XGBoosterUpdateOneIter", "XGBoosterSaveModelToBuffer",
        "XGBoosterPredict",       "XGDMatrixFree",          "XGBoosterFree"};
    const char *named = getenv("OGPU_LIBXGBOOST");
    void *lib = dlopen(named ? named : "libxgboost.so.0", RTLD_NOW);
    void *at[sizeof names / sizeof *names];
    if (!lib)
        return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!(at[i] = dlsym(lib, names[i])))
            return false;
    memcpy(a, at, sizeof *a);
    return true;
}

static void test_equal(void **ctx)
{
    struct api a = {0};
    struct og_forest f;
    struct og_err err;
    static float x[ROWS * WIDTH], y[ROWS];
    void *m = NULL, *b = NULL;
    uint64_t len;
    const char *json;
    const float *margin;
    (void)ctx;
    if (!load(&a)) {
        print_message("skip: libxgboost is not installed\n");
        skip();
    }
    for (size_t i = 0; i < ROWS; i++) {
        draw(x + i * WIDTH);
        const float *r = x + i * WIDTH;
        y[i] = (isnan(r[0]) ? 0.3f : r[0]) * (isnan(r[1]) ? 0.5f : r[1]) + 0.2f * unit() > 0.35f;
    }
    assert_int_equal(a.matrix(x, ROWS, WIDTH, NAN, &m), 0);
    assert_int_equal(a.set_float(m, "label", y, ROWS), 0);
    assert_int_equal(a.create(&m, 1, &b), 0);
    a.param(b, "objective", "binary:logistic");
    a.param(b, "base_score", "0.3");
    a.param(b, "tree_method", "hist");
    a.param(b, "max_depth", "7");
    a.param(b, "nthread", "1");
    a.param(b, "verbosity", "0");
    for (int round = 0; round < 43; round++)
        assert_int_equal(a.update(b, round, m), 0);
    assert_int_equal(a.save(b, "{\"format\": \"json\"}", &len, &json), 0);
    assert_int_equal(og_forest_of_xgboost(json, len, WIDTH, &f, &err), OG_OK);
    assert_int_equal(f.n_trees, 43);
    assert_int_equal(a.predict(b, m, 1, 0, 0, &len, &margin), 0);
    assert_int_equal(len, ROWS);
    for (size_t i = 0; i < ROWS; i++) {
        float ours = og_forest_sum(&f, x + i * WIDTH);
        assert_memory_equal(&ours, &margin[i], sizeof ours);
    }
    a.free_booster(b);
    a.free_matrix(m);
    og_forest_release(&f);
}

static void test_refused(void **ctx)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"learner\":{\"objective\":{\"name\":\"binary:logistic\"},\"learner_model_param\":"
        "{\"base_score\":\"5E-1\"},\"gradient_booster\":{\"model\":{\"trees\":[{}]}}}}",
        "{\"learner\":{\"objective\":{\"name\":\"binary:logistic\"},\"learner_model_param\":"
        "{\"base_score\":\"5E-1\"},\"gradient_booster\":{\"model\":{\"trees\":[{"
        "\"left_children\":[0],\"right_children\":[0],\"split_indices\":[0],"
        "\"split_conditions\":[1],\"default_left\":[0]}]}}}}", /* a tree that does not end */
    };
    struct og_forest f;
    struct og_err err;
    (void)ctx;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(og_forest_of_xgboost(bad[i], strlen(bad[i]), WIDTH, &f, &err), OG_E_DATA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
