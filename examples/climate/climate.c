/* climate.c - the submitter's side of climate statistics: bands of a NetCDF variable, maps, curves.
 *
 *   climate info FILE [VAR]              "VAR times rows columns period first-year"
 *   climate steps FILE VAR FROM TO       "first count" of the steps in the years FROM to TO
 *   climate bands N FILE VAR DIR         rows of latitude in N bands: DIR/band0, .. f32, time by
 * time, and DIR/weights, f64 a cell: cos(latitude); prints rows of each climate grid COLUMN PERIOD
 * OUT CELLS...   one number of each cell of the bands, f32 climate far GRID REFERENCE greatest
 * difference of two f32 grids climate mean SUMS STEPS OUT          the curve of a reduce: f64 a
 * step climate map GRID ROWS COLUMNS TITLE OUT.svg       (first row in the south) climate curve
 * CURVE FIRST-YEAR PERIOD TITLE OUT.svg */
#include "climate.h"

#include "base/base_mem.h"
#include "base/base_num.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)1 << 32)

enum og_rc climate_write(const char *path, const void *p, size_t n, struct og_err *err)
{
    return og_io_write_atomic(path, p, n, 0644, OG_IO_NOSYNC, err);
}

static enum og_rc read_file(const char *path, size_t item, struct og_buf *out, struct og_err *err)
{
    *out = (struct og_buf)OG_BUF_INIT;
    OG_TRY(og_io_read_file(path, FILE_MAX, out, err));
    if (out->len == 0 || out->len % item)
        return og_err_set(err, OG_E_DATA, "'%s' holds %zu bytes, no multiple of %zu", path,
                          out->len, item);
    return OG_OK;
}

static enum og_rc number(const char *s, uint64_t max, uint64_t *out, struct og_err *err)
{
    if (!og_parse_u64(s, max, out))
        return og_err_set(err, OG_E_USAGE, "'%s' is not a whole number up to %llu", s,
                          (unsigned long long)max);
    return OG_OK;
}

static enum og_rc info(int n, char **a, struct og_err *err)
{
    struct field f;
    enum og_rc rc = field_open(a[0], n > 1 ? a[1] : NULL, &f, err);
    if (rc == OG_OK)
        printf("%s %zu %zu %zu %u %d\n", f.name, f.times, f.rows, f.columns, f.period,
               f.month[0] / 12);
    field_close(&f);
    return rc;
}

static enum og_rc steps(int n, char **a, struct og_err *err)
{
    struct field f;
    uint64_t from, to;
    size_t first = 0, count = 0;
    (void)n;
    OG_TRY(number(a[2], 99999, &from, err));
    OG_TRY(number(a[3], 99999, &to, err));
    enum og_rc rc = field_open(a[0], a[1], &f, err);
    for (size_t t = 0; rc == OG_OK && t < f.times; t++) {
        first += f.month[t] / 12 < (int)from;
        count += f.month[t] / 12 >= (int)from && f.month[t] / 12 <= (int)to;
    }
    if (rc == OG_OK && count == 0)
        rc =
            og_err_set(err, OG_E_DATA, "'%s' has no steps in the years %s to %s", a[0], a[2], a[3]);
    if (rc == OG_OK)
        printf("%zu %zu\n", first, count);
    field_close(&f);
    return rc;
}

static enum og_rc write_band(const struct field *f, const float *v, const char *dir, size_t i,
                             size_t from, size_t rows, struct og_err *err)
{
    char name[32];
    snprintf(name, sizeof name, "band%zu", i);
    char *path = og_io_join(dir, name);
    size_t band = rows * f->columns;
    float *out = og_xcalloc(f->times * band, sizeof *out);
    for (size_t t = 0; t < f->times; t++)
        memcpy(out + t * band, v + (t * f->rows + from) * f->columns, band * sizeof *out);
    enum og_rc rc = climate_write(path, out, f->times * band * sizeof *out, err);
    free(out);
    free(path);
    return rc;
}

static enum og_rc write_weights(const struct field *f, const char *dir, struct og_err *err)
{
    char *path = og_io_join(dir, "weights");
    double *w = og_xcalloc(f->rows * f->columns, sizeof *w);
    for (size_t i = 0; i < f->rows * f->columns; i++)
        w[i] = cos(f->latitude[i / f->columns] * (3.14159265358979323846 / 180));
    enum og_rc rc = climate_write(path, w, f->rows * f->columns * sizeof *w, err);
    free(w);
    free(path);
    return rc;
}

static enum og_rc bands(int n, char **a, struct og_err *err)
{
    struct field f;
    uint64_t count;
    float *v = NULL;
    (void)n;
    OG_TRY(number(a[0], 4096, &count, err));
    enum og_rc rc = field_open(a[1], a[2], &f, err);
    if (rc == OG_OK && (count == 0 || count > f.rows))
        rc = og_err_set(err, OG_E_DATA, "%zu rows do not make %s bands", f.rows, a[0]);
    if (rc == OG_OK)
        rc = field_read(&f, &v, err);
    for (size_t i = 0; rc == OG_OK && i < count; i++) {
        size_t from = f.rows * i / count, rows = f.rows * (i + 1) / count - from;
        rc = write_band(&f, v, a[3], i, from, rows, err);
        if (rc == OG_OK)
            printf("%zu\n", rows);
    }
    if (rc == OG_OK)
        rc = write_weights(&f, a[3], err);
    free(v);
    field_close(&f);
    return rc;
}

static enum og_rc grid(int n, char **a, struct og_err *err)
{
    uint64_t column, period;
    struct og_buf out = OG_BUF_INIT;
    OG_TRY(number(a[0], 4096, &column, err));
    OG_TRY(number(a[1], 4096, &period, err));
    enum og_rc rc = OG_OK;
    for (int i = 3; i < n && rc == OG_OK; i++) {
        struct og_buf f;
        size_t each = (size_t)(period + 2) * sizeof(double);
        rc = read_file(a[i], each, &f, err);
        for (size_t at = column * sizeof(double); rc == OG_OK && at < f.len; at += each) {
            double v;
            memcpy(&v, f.p + at, sizeof v);
            float s = (float)v;
            og_buf_add(&out, &s, sizeof s);
        }
        og_buf_release(&f);
    }
    if (rc == OG_OK && column >= period + 2)
        rc = og_err_set(err, OG_E_USAGE, "a cell has %llu numbers", (unsigned long long)period + 2);
    if (rc == OG_OK)
        rc = climate_write(a[2], out.p, out.len, err);
    og_buf_release(&out);
    return rc;
}

static enum og_rc far(int n, char **a, struct og_err *err)
{
    struct og_buf x = OG_BUF_INIT, y = OG_BUF_INIT;
    double most = 0;
    (void)n;
    enum og_rc rc = read_file(a[0], sizeof(float), &x, err);
    if (rc == OG_OK)
        rc = read_file(a[1], sizeof(float), &y, err);
    if (rc == OG_OK && x.len != y.len)
        rc = og_err_set(err, OG_E_DATA, "'%s' has %zu bytes, '%s' %zu", a[0], x.len, a[1], y.len);
    for (size_t i = 0; rc == OG_OK && i < x.len / sizeof(float); i++) {
        float p = ((const float *)(const void *)x.p)[i], q = ((const float *)(const void *)y.p)[i];
        most = isnan(p) != isnan(q) ? INFINITY : isnan(p) ? most : fmax(most, fabs((double)p - q));
    }
    if (rc == OG_OK)
        printf("%.3g\n", most);
    og_buf_release(&x);
    og_buf_release(&y);
    return rc;
}

/* The root of a reduce with weights: sums of all steps, then their weights. */
static enum og_rc mean(int n, char **a, struct og_err *err)
{
    struct og_buf f;
    uint64_t count;
    (void)n;
    OG_TRY(number(a[1], 1 << 24, &count, err));
    OG_TRY(read_file(a[0], sizeof(double), &f, err));
    enum og_rc rc = OG_OK;
    if (f.len < 2 * count * sizeof(double))
        rc = og_err_set(err, OG_E_DATA, "'%s' holds no sums of %s steps", a[0], a[1]);
    double *out = og_xcalloc(count + 1, sizeof *out);
    for (size_t t = 0; rc == OG_OK && t < count; t++) {
        double sum, weight;
        memcpy(&sum, f.p + t * sizeof sum, sizeof sum);
        memcpy(&weight, f.p + (count + t) * sizeof weight, sizeof weight);
        out[t] = sum / weight;
    }
    if (rc == OG_OK)
        rc = climate_write(a[2], out, count * sizeof *out, err);
    free(out);
    og_buf_release(&f);
    return rc;
}

static enum og_rc map(int n, char **a, struct og_err *err)
{
    struct og_buf g;
    uint64_t rows, columns;
    (void)n;
    OG_TRY(number(a[1], 1 << 16, &rows, err));
    OG_TRY(number(a[2], 1 << 16, &columns, err));
    OG_TRY(read_file(a[0], sizeof(float), &g, err));
    enum og_rc rc = OG_OK;
    if (rows * columns * sizeof(float) != g.len || rows * columns == 0)
        rc = og_err_set(err, OG_E_DATA, "'%s' is no grid of %s by %s", a[0], a[1], a[2]);
    else
        rc = draw_map((const float *)(const void *)g.p, (size_t)rows, (size_t)columns, a[3], a[4],
                      err);
    og_buf_release(&g);
    return rc;
}

static enum og_rc curve(int n, char **a, struct og_err *err)
{
    struct og_buf c;
    uint64_t year, period;
    (void)n;
    OG_TRY(number(a[1], 99999, &year, err));
    OG_TRY(number(a[2], 4096, &period, err));
    OG_TRY(read_file(a[0], sizeof(double), &c, err));
    enum og_rc rc = draw_curve((const double *)(const void *)c.p, c.len / sizeof(double),
                               (double)year, period ? (double)period : 1, a[3], a[4], err);
    og_buf_release(&c);
    return rc;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int least, most;
        enum og_rc (*run)(int n, char **a, struct og_err *err);
    } verbs[] = {{"info", 1, 2, info},    {"steps", 4, 4, steps}, {"bands", 4, 4, bands},
                 {"grid", 4, 4096, grid}, {"far", 2, 2, far},     {"mean", 3, 3, mean},
                 {"map", 5, 5, map},      {"curve", 5, 5, curve}};
    struct og_err err = {0};
    enum og_rc rc = og_err_set(&err, OG_E_USAGE,
                               "usage: climate info|steps|bands|grid|far|mean|map|curve ARG...");
    for (size_t i = 0; argc > 1 && i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(argv[1], verbs[i].name) == 0 && argc - 2 >= verbs[i].least &&
            argc - 2 <= verbs[i].most)
            rc = verbs[i].run(argc - 2, argv + 2, &err);
    if (rc != OG_OK)
        fprintf(stderr, "climate: %s\n", err.msg);
    return rc == OG_OK ? 0 : rc == OG_E_USAGE ? 64 : 65;
}
