/* bench_guard.c - rates of the anomaly models, beside libxgboost's own, and what scores are worth.
 *   speed MODEL ROWS     rows are JSON lines: "NAME VALUE UNIT" lines
 *   eval SCORES LABELS   a label a line, "normal" or another, "+" before one never trained with
 *   lookups SET          random addresses against a set of `ogpu-guard import`
 *   rows N               N JSON rows of 30 features; with "csv" a table with labels */
#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "guard/guard_intel.h"
#include "guard/guard_jsonrow.h"
#include "guard/guard_model.h"
#include "guard/guard_seal.h"

#include <dlfcn.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FEATURES 30
#define ROWS     4096 /* of a rebuild: the reservoir of settled windows */

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double unit(uint64_t *state)
{
    return (double)(og_splitmix64((*state)++) >> 11) * 0x1p-53;
}

/* Ratios, counts with a heavy tail, times; the odd ones have three features elsewhere. */
static double feature(unsigned j, bool odd, uint64_t *state)
{
    double u = unit(state);
    bool off = odd && j % 10 == 3;
    switch (j % 3) {
    case 0: return off ? 0.5 + u / 2 : u * u;
    case 1: return floor(exp(3 * u + (off ? 4 : 0)));
    default: return 100 + 20 * (u + unit(state) + unit(state)) + (off ? 60 : 0);
    }
}

static int rows(size_t n, bool csv)
{
    uint64_t state = 7;
    for (unsigned j = 0; csv && j < FEATURES; j++)
        printf("f%u,", j);
    if (csv)
        puts("label");
    for (size_t i = 0; i < n; i++) {
        bool odd = i % 10 == 9;
        for (unsigned j = 0; j < FEATURES; j++) {
            printf("%s", j ? "," : csv ? "" : "{");
            if (!csv)
                printf("\"f%u\":", j);
            printf("%.6g", feature(j, odd, &state));
        }
        puts(csv ? odd ? ",1" : ",0" : "}");
    }
    return 0;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct api {
    int (*matrix)(const float *, uint64_t, uint64_t, float, void **);
    int (*set_float)(void *, const char *, const float *, uint64_t);
    int (*create)(void *const *, uint64_t, void **);
    int (*param)(void *, const char *, const char *);
    int (*update)(void *, int, void *);
    int (*in_place)(void *, const char *, const char *, void *, const uint64_t **, uint64_t *,
                    const float **);
};

static bool load(struct api *a)
{
    static const char *const names[] = {"XGDMatrixCreateFromMat", "XGDMatrixSetFloatInfo",
                                        "XGBoosterCreate",        "XGBoosterSetParam",
                                        "XGBoosterUpdateOneIter", "XGBoosterPredictFromDense"};
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

/* As many trees of the same kind, one row a call. */
static void library(const float *x, size_t n, size_t width)
{
    struct api a = {0};
    void *m, *b;
    char row[160];
    uint64_t len;
    const uint64_t *shape;
    const float *out;
    float *y = og_xcalloc(n, sizeof *y);
    if (!load(&a)) {
        fprintf(stderr, "bench_guard: skip: libxgboost is not installed\n");
        free(y);
        return;
    }
    for (size_t i = 0; i < n; i++)
        y[i] = i % 10 == 9;
    bool ok = !a.matrix(x, n, width, NAN, &m) && !a.set_float(m, "label", y, n) &&
              !a.create(&m, 1, &b) && !a.param(b, "objective", "binary:logistic") &&
              !a.param(b, "tree_method", "hist") && !a.param(b, "max_depth", "6") &&
              !a.param(b, "eta", "0.4") && !a.param(b, "num_parallel_tree", "8") &&
              !a.param(b, "subsample", "0.5") && !a.param(b, "colsample_bytree", "0.3") &&
              !a.param(b, "nthread", "1") && !a.param(b, "verbosity", "0");
    for (int r = 0; ok && r < 25; r++)
        ok = !a.update(b, r, m);
    double start = cpu_s();
    size_t done = 0;
    for (; ok && done < 20000; done++) {
        snprintf(row, sizeof row,
                 "{\"data\":[%llu,true],\"shape\":[1,%zu],\"typestr\":\"<f4\",\"version\":3}",
                 (unsigned long long)(uintptr_t)(x + done % n * width), width);
        ok = !a.in_place(b, row,
                         "{\"type\":1,\"training\":false,\"iteration_begin\":0,\"iteration_end\":0,"
                         "\"missing\":NaN,\"strict_shape\":false,\"cache_id\":0}",
                         NULL, &shape, &len, &out);
    }
    if (ok)
        printf("library %.0f 1/s\n", (double)done / (cpu_s() - start));
    else
        fprintf(stderr, "bench_guard: libxgboost failed\n");
    free(y);
}

static void rebuild(const struct og_schema *s, const float *x, size_t n)
{
    double least = 1e9;
    struct og_frame f = {n < ROWS ? n : ROWS, s->width, NULL, NULL};
    f.x = og_xmemdup(x, f.n * f.width * sizeof *x);
    f.y = og_xcalloc(f.n, 1);
    for (unsigned k = 0; k < 5; k++) {
        struct og_model m = {0};
        m.schema = *s;
        double start = cpu_s();
        og_model_fit(&m, &f, true, k, 0.04f);
        double ms = (cpu_s() - start) * 1e3;
        least = ms < least ? ms : least;
        m.schema = (struct og_schema){0}; /* borrowed */
        og_model_release(&m);
    }
    printf("rebuild %.3f ms\n", least);
    og_frame_release(&f);
}

struct lines {
    const char **at;
    size_t *len, n, cap, cap_len;
};

static void one_by_one(const struct og_model *m, const float *x, size_t n)
{
    struct og_verdict v;
    size_t width = m->schema.width;
    float *z = og_xcalloc(width, sizeof *z), sum = 0;
    double *us = og_xcalloc(n, sizeof *us), start = cpu_s();
    for (unsigned round = 0; round < 3; round++)
        for (size_t i = 0; i < n; i++) {
            og_model_score(m, x + i * width, z, &v);
            sum += v.score;
        }
    printf("score %.0f 1/s\n", 3 * (double)n / (cpu_s() - start));
    for (size_t i = 0; i < n; i++) {
        double from = cpu_s();
        og_model_score(m, x + i * width, z, &v);
        us[i] = (cpu_s() - from) * 1e6;
    }
    qsort(us, n, sizeof *us, by_value);
    printf("p50 %.2f us\np99 %.2f us\n", us[n / 2], us[n * 99 / 100]);
    start = cpu_s();
    for (size_t i = 0; i < 5 * n; i++)
        sum += og_forest_sum(&m->boost, x + i % n * width);
    if (m->has[OG_MEMBER_BOOST])
        printf("boost %.0f 1/s\n", 5 * (double)n / (cpu_s() - start));
    struct og_hst h;
    og_hst_init(&h, width, 250, 1);
    start = cpu_s();
    for (size_t i = 0; i < n; i++) {
        og_schema_scale(&m->schema, x + i * width, z);
        sum += og_hst_learn(&h, z);
    }
    printf("stream %.0f 1/s\n", (double)n / (cpu_s() - start));
    og_hst_release(&h);
    if (isnan(sum))
        puts("nan 0 x");
    free(us);
    free(z);
}

static int speed(const char *model, const char *path)
{
    struct og_buf file = OG_BUF_INIT, text = OG_BUF_INIT;
    struct og_sealed s;
    struct og_model m;
    struct og_err err;
    struct lines l = {0};
    bool row;
    if (og_io_read_file(model, OG_SEAL_FILE_MAX, &file, &err) ||
        og_seal_open(file.p, file.len, &s, &err) || og_model_decode(s.body, s.n, &m, &err) ||
        og_io_read_file(path, (size_t)1 << 30, &text, &err)) {
        fprintf(stderr, "bench_guard: %s\n", err.msg);
        return 65;
    }
    for (const char *p = text.p; p < text.p + text.len; p = l.at[l.n - 1] + l.len[l.n - 1] + 1) {
        l.at = og_xgrow(l.at, &l.cap, l.n + 1, sizeof *l.at);
        l.len = og_xgrow(l.len, &l.cap_len, l.n + 1, sizeof *l.len);
        l.at[l.n] = p;
        l.len[l.n++] = strcspn(p, "\n");
    }
    size_t width = m.schema.width;
    float *x = og_xcalloc(l.n * width, sizeof *x), *z = og_xcalloc(width, sizeof *z), sum = 0;
    for (size_t i = 0; i < l.n; i++)
        if (og_jsonrow_read(&m.schema, l.at[i], l.len[i], x + i * width, &row, &err))
            return 65;
    one_by_one(&m, x, l.n);
    double start = cpu_s();
    for (unsigned round = 0; round < 3; round++)
        for (size_t i = 0; i < l.n; i++) {
            struct og_verdict v;
            if (og_jsonrow_read(&m.schema, l.at[i], l.len[i], x, &row, &err))
                return 65;
            og_model_score(&m, x, z, &v);
            sum += v.score;
        }
    printf("json %.0f 1/s\n", 3 * (double)l.n / (cpu_s() - start));
    rebuild(&m.schema, x, l.n);
    library(x, l.n, width);
    return isnan(sum);
}

struct scored {
    double score;
    bool bad;
};

static int by_score(const void *a, const void *b)
{
    double x = ((const struct scored *)a)->score, y = ((const struct scored *)b)->score;
    return (x > y) - (x < y);
}

static double auc(struct scored *s, size_t n)
{
    double ranks = 0, bad = 0;
    qsort(s, n, sizeof *s, by_score);
    for (size_t i = 0, k; i < n; i = k) {
        for (k = i; k < n && s[k].score <= s[i].score;)
            k++;
        for (size_t j = i; j < k; j++) {
            ranks += s[j].bad ? 0.5 * (double)(i + k + 1) : 0;
            bad += s[j].bad;
        }
    }
    return (ranks - bad * (bad + 1) / 2) / (bad * ((double)n - bad));
}

static int eval(const char *scores, const char *labels)
{
    FILE *fs = fopen(scores, "r"), *fl = fopen(labels, "r");
    char *line = NULL, *label = NULL;
    size_t cap = 0, cap_label = 0, n = 0, room = 0;
    struct scored *s = NULL;
    double hits = 0, alarms = 0, bad = 0, fresh = 0, fresh_hits = 0;
    if (!fs || !fl)
        return 66;
    while (getline(&line, &cap, fs) > 0 && getline(&label, &cap_label, fl) > 0) {
        json_t *o = json_loads(line, 0, NULL);
        bool alert = json_is_true(json_object_get(o, "alert"));
        label[strcspn(label, "\r\n")] = '\0';
        s = og_xgrow(s, &room, n + 1, sizeof *s);
        s[n].score = json_number_value(json_object_get(o, "score"));
        s[n].bad = strcmp(label, "normal") != 0;
        bad += s[n].bad;
        hits += s[n].bad && alert;
        alarms += !s[n].bad && alert;
        fresh += label[0] == '+';
        fresh_hits += label[0] == '+' && alert;
        n++;
        json_decref(o);
    }
    if (n == 0 || bad <= 0)
        return 65;
    printf("auc %.4f\nf1 %.4f\nfpr %.4f\n", auc(s, n), 2 * hits / (hits + alarms + bad),
           alarms / ((double)n - bad));
    if (fresh > 0)
        printf("unseen %.4f\n", fresh_hits / fresh);
    fclose(fs);
    fclose(fl);
    free(line);
    free(label);
    free(s);
    return 0;
}

static int lookups(const char *path)
{
    struct og_buf b = OG_BUF_INIT;
    struct og_intel s;
    struct og_intel_hit h;
    struct og_err err;
    uint64_t n = 5000000, hits = 0;
    if (og_io_read_file(path, (size_t)1 << 30, &b, &err) || og_intel_decode(b.p, b.len, &s, &err)) {
        fprintf(stderr, "bench_guard: %s\n", err.msg);
        return 65;
    }
    double start = cpu_s();
    for (uint64_t i = 0; i < n; i++)
        hits += og_intel_match_ip(&s, og_ip_of4((uint32_t)og_splitmix64(i)), 0, 1, &h);
    printf("lookups %.0f 1/s\nhits %llu x\n", (double)n / (cpu_s() - start),
           (unsigned long long)hits);
    og_intel_release(&s);
    og_buf_release(&b);
    return 0;
}

int main(int argc, char **argv)
{
    uint64_t n;
    if (argc == 4 && strcmp(argv[1], "speed") == 0)
        return speed(argv[2], argv[3]);
    if (argc == 4 && strcmp(argv[1], "eval") == 0)
        return eval(argv[2], argv[3]);
    if (argc == 3 && strcmp(argv[1], "lookups") == 0)
        return lookups(argv[2]);
    if (argc >= 3 && strcmp(argv[1], "rows") == 0 && og_parse_u64(argv[2], 10000000, &n))
        return rows(n, argc == 4);
    fprintf(stderr, "usage: bench_guard speed MODEL ROWS | eval SCORES LABELS | lookups SET | "
                    "rows N [csv]\n");
    return 64;
}
