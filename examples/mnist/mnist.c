/* mnist.c - the submitter's side of training on labelled images: shards, steps, right answers.
 *
 *   mnist shards N IMAGES LABELS DIR     idx files to DIR/x0, DIR/y0, ..; prints rows and features
 *   mnist start F H C W                  parameters: zero, or with hidden units drawn from a fixed
 * seed mnist step F H C RATE W OUT SUM...   adds the sums, steps; prints mean loss and right
 * answers mnist right F H C W X Y              how many rows of X are right mnist far W REFERENCE
 * greatest distance of W to as many f64 of a reference F features, H hidden units (0: none), C
 * classes; W and sums as exec/exec_learn.h has them. */
#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "exec/exec_learn.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)1 << 31)

static enum og_rc read_file(const char *path, struct og_buf *out, struct og_err *err)
{
    *out = (struct og_buf)OG_BUF_INIT;
    return og_io_read_file(path, FILE_MAX, out, err);
}

static enum og_rc write_file(const char *path, const void *p, size_t n, struct og_err *err)
{
    return og_io_write_atomic(path, p, n, 0644, OG_IO_NOSYNC, err);
}

static enum og_rc number(const char *s, uint64_t max, uint64_t *out, struct og_err *err)
{
    if (!og_parse_u64(s, max, out))
        return og_err_set(err, OG_E_USAGE, "'%s' is not a whole number up to %llu", s,
                          (unsigned long long)max);
    return OG_OK;
}

static enum og_rc shape(char **a, struct og_learn *l, struct og_err *err)
{
    uint64_t f, h, c;
    OG_TRY(number(a[0], OG_LEARN_FEATURES_MAX, &f, err));
    OG_TRY(number(a[1], OG_LEARN_HIDDEN_MAX, &h, err));
    OG_TRY(number(a[2], OG_LEARN_CLASSES_MAX, &c, err));
    *l = (struct og_learn){(uint32_t)f, (uint32_t)h, (uint32_t)c};
    return og_learn_check(l, err);
}

static uint32_t be32(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;
    return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

/* An idx file of bytes with `dims` dimensions (LeCun, Cortes, Burges: the MNIST database). */
static enum og_rc idx(const char *path, unsigned dims, struct og_buf *file, uint64_t *rows,
                      uint64_t *each, const char **data, struct og_err *err)
{
    OG_TRY(read_file(path, file, err));
    size_t head = 4 + 4 * (size_t)dims;
    if (file->len < head || be32(file->p) != 0x800 + dims)
        return og_err_set(err, OG_E_DATA, "'%s' is no idx file of bytes with %u dimensions", path,
                          dims);
    *rows = be32(file->p + 4);
    *each = 1;
    for (unsigned d = 1; d < dims; d++)
        *each = *each > FILE_MAX ? *each : *each * be32(file->p + 4 + 4 * (size_t)d);
    if (*each == 0 || *rows == 0 || *each > FILE_MAX / *rows || file->len - head != *rows * *each)
        return og_err_set(err, OG_E_DATA, "'%s' holds %zu bytes of data, its head says otherwise",
                          path, file->len - head);
    *data = file->p + head;
    return OG_OK;
}

static enum og_rc write_shards(const char *dir, uint64_t n, uint64_t rows, uint64_t each,
                               const char *x, const char *y, struct og_err *err)
{
    enum og_rc rc = OG_OK;
    for (uint64_t i = 0; i < n && rc == OG_OK; i++) {
        uint64_t from = rows * i / n, count = rows * (i + 1) / n - from;
        char name[32];
        snprintf(name, sizeof name, "x%llu", (unsigned long long)i);
        char *px = og_io_join(dir, name);
        name[0] = 'y';
        char *py = og_io_join(dir, name);
        rc = write_file(px, x + from * each, count * each, err);
        if (rc == OG_OK)
            rc = write_file(py, y + from, count, err);
        free(px);
        free(py);
    }
    return rc;
}

static enum og_rc shards(int n, char **a, struct og_err *err)
{
    struct og_buf images = OG_BUF_INIT, labels = OG_BUF_INIT;
    uint64_t count, rows, each, rows_y, one;
    const char *x, *y;
    (void)n;
    OG_TRY(number(a[0], 65536, &count, err));
    enum og_rc rc = idx(a[1], 3, &images, &rows, &each, &x, err);
    if (rc == OG_OK)
        rc = idx(a[2], 1, &labels, &rows_y, &one, &y, err);
    if (rc == OG_OK && (rows != rows_y || count == 0 || count > rows))
        rc = og_err_set(err, OG_E_DATA, "%llu images and %llu labels do not make %llu shards",
                        (unsigned long long)rows, (unsigned long long)rows_y,
                        (unsigned long long)count);
    if (rc == OG_OK)
        rc = write_shards(a[3], count, rows, each, x, y, err);
    if (rc == OG_OK)
        printf("%llu %llu\n", (unsigned long long)rows, (unsigned long long)each);
    og_buf_release(&images);
    og_buf_release(&labels);
    return rc;
}

/* xorshift64* (Vigna 2016) in [-1, 1), times sqrt(6 / (in + out)) (Glorot, Bengio 2010). */
static void draw(uint64_t *s, float *w, size_t in, size_t out)
{
    double scale = sqrt(6.0 / (double)(in + out));
    for (size_t i = 0; i < in * out; i++) {
        *s ^= *s >> 12;
        *s ^= *s << 25;
        *s ^= *s >> 27;
        w[i] = (float)(((double)(*s * 2685821657736338717u >> 40) / 8388608 - 1) * scale);
    }
}

static enum og_rc start(int n, char **a, struct og_err *err)
{
    struct og_learn l;
    uint64_t seed = 1;
    (void)n;
    OG_TRY(shape(a, &l, err));
    size_t count = og_learn_params(&l), first = (size_t)(l.features + 1) * l.hidden;
    float *w = og_xcalloc(count, sizeof *w);
    if (l.hidden) {
        draw(&seed, w, l.features, l.hidden);
        draw(&seed, w + first, l.hidden, l.classes);
    }
    enum og_rc rc = write_file(a[3], w, count * sizeof *w, err);
    free(w);
    return rc;
}

static enum og_rc params(const char *path, const struct og_learn *l, struct og_buf *out,
                         struct og_err *err)
{
    OG_TRY(read_file(path, out, err));
    if (out->len != og_learn_params(l) * sizeof(float))
        return og_err_set(err, OG_E_DATA, "'%s' holds %zu bytes instead of %zu", path, out->len,
                          og_learn_params(l) * sizeof(float));
    return OG_OK;
}

/* Adds the nodes that stand in a file, in their order. */
static enum og_rc add(const char *path, size_t node, float *sum, struct og_err *err)
{
    struct og_buf f;
    OG_TRY(read_file(path, &f, err));
    enum og_rc rc = OG_OK;
    if (f.len == 0 || f.len % (node * sizeof *sum))
        rc = og_err_set(err, OG_E_DATA, "'%s' holds %zu bytes, no multiple of %zu", path, f.len,
                        node * sizeof *sum);
    for (size_t at = 0; rc == OG_OK && at < f.len; at += node * sizeof *sum)
        for (size_t i = 0; i < node; i++) {
            float v;
            memcpy(&v, f.p + at + i * sizeof v, sizeof v);
            sum[i] = sum[i] + v;
        }
    og_buf_release(&f);
    return rc;
}

static enum og_rc step(int n, char **a, struct og_err *err)
{
    struct og_learn l;
    struct og_buf w = OG_BUF_INIT;
    char *end;
    OG_TRY(shape(a, &l, err));
    double rate = strtod(a[3], &end);
    if (*end || !isfinite(rate))
        return og_err_set(err, OG_E_USAGE, "'%s' is not a number", a[3]);
    size_t count = og_learn_params(&l), node = og_learn_node(&l);
    float *sum = og_xcalloc(node, sizeof *sum);
    enum og_rc rc = params(a[4], &l, &w, err);
    for (int i = 6; i < n && rc == OG_OK; i++)
        rc = add(a[i], node, sum, err);
    if (rc == OG_OK) {
        /* the last float of a sum is how many were right, so rows come from the caller's rate */
        float *p = (float *)(void *)w.p;
        for (size_t i = 0; i < count; i++)
            p[i] = fmaf((float)-rate, sum[i], p[i]);
        rc = write_file(a[5], p, count * sizeof *p, err);
    }
    if (rc == OG_OK)
        printf("%.6f %.0f\n", (double)sum[count], (double)sum[count + 1]);
    free(sum);
    og_buf_release(&w);
    return rc;
}

static enum og_rc right(int n, char **a, struct og_err *err)
{
    struct og_learn l;
    struct og_buf w = OG_BUF_INIT, x = OG_BUF_INIT, y = OG_BUF_INIT;
    (void)n;
    OG_TRY(shape(a, &l, err));
    enum og_rc rc = params(a[3], &l, &w, err);
    if (rc == OG_OK)
        rc = read_file(a[4], &x, err);
    if (rc == OG_OK)
        rc = read_file(a[5], &y, err);
    if (rc == OG_OK && (y.len > OG_LEARN_ROWS_MAX || x.len != y.len * l.features))
        rc =
            og_err_set(err, OG_E_DATA, "%zu bytes of rows and %zu labels do not fit", x.len, y.len);
    struct og_learn_rows r = {(const uint8_t *)x.p, (const uint8_t *)y.p, (uint32_t)y.len};
    if (rc == OG_OK)
        rc = og_learn_labels(&l, &r, err);
    if (rc == OG_OK)
        printf("%u\n", og_learn_right(&l, &r, (const float *)(const void *)w.p));
    og_buf_release(&w);
    og_buf_release(&x);
    og_buf_release(&y);
    return rc;
}

static enum og_rc far(int n, char **a, struct og_err *err)
{
    struct og_buf w = OG_BUF_INIT, ref = OG_BUF_INIT;
    double most = 0;
    (void)n;
    enum og_rc rc = read_file(a[0], &w, err);
    if (rc == OG_OK)
        rc = read_file(a[1], &ref, err);
    if (rc == OG_OK && (ref.len % 8 || w.len < ref.len / 2))
        rc = og_err_set(err, OG_E_DATA, "'%s' is no reference for '%s'", a[1], a[0]);
    for (size_t i = 0; rc == OG_OK && i < ref.len / 8; i++) {
        float v;
        double r;
        memcpy(&v, w.p + 4 * i, sizeof v);
        memcpy(&r, ref.p + 8 * i, sizeof r);
        most = fmax(most, fabs(v - r));
    }
    if (rc == OG_OK)
        printf("%.3g\n", most);
    og_buf_release(&w);
    og_buf_release(&ref);
    return rc;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int least, most;
        enum og_rc (*run)(int n, char **a, struct og_err *err);
    } verbs[] = {{"shards", 4, 4, shards},
                 {"start", 4, 4, start},
                 {"step", 7, 65536, step},
                 {"right", 6, 6, right},
                 {"far", 2, 2, far}};
    struct og_err err = {0};
    enum og_rc rc = og_err_set(&err, OG_E_USAGE, "usage: mnist shards|start|step|right|far ARG...");
    for (size_t i = 0; argc > 1 && i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(argv[1], verbs[i].name) == 0 && argc - 2 >= verbs[i].least &&
            argc - 2 <= verbs[i].most)
            rc = verbs[i].run(argc - 2, argv + 2, &err);
    if (rc != OG_OK)
        fprintf(stderr, "mnist: %s\n", err.msg);
    return rc == OG_OK ? 0 : rc == OG_E_USAGE ? 64 : 65;
}
