/* exec_reduce.c - sums over rows, columns side by side. */
#include "exec/exec_reduce.h"

#include "base/base_clones.h"
#include "base/base_num.h"

#include <string.h>

OG_CLONES static void add_f32(const float *restrict x, double w, size_t n, double *restrict s,
                              double *restrict k)
{
    for (size_t j = 0; j < n; j++) {
        uint32_t bits;
        memcpy(&bits, &x[j], sizeof bits);
        bool is = (bits & 0x7f800000) != 0x7f800000;
        double v = (double)x[j] * w;
        s[j] += is ? v : 0;
        k[j] += is ? w : 0;
    }
}

OG_CLONES static void add_i32(const int32_t *restrict x, size_t n, int64_t *restrict s,
                              int64_t *restrict k)
{
    for (size_t j = 0; j < n; j++) {
        s[j] += x[j];
        k[j]++;
    }
}

void og_reduce_part(const struct og_reduce *r, uint64_t part, void *node)
{
    uint64_t first = part * r->part, end = og_min_u64(first + r->part, r->rows);
    size_t n = r->columns;
    memset(node, 0, 16 * n);
    for (uint64_t row = first; row < end; row++) {
        if (r->i32)
            add_i32((const int32_t *)r->x + row * n, n, node, (int64_t *)node + n);
        else
            add_f32((const float *)r->x + row * n, r->w ? r->w[row] : 1, n, node,
                    (double *)node + n);
    }
}

OG_CLONES static void join_f64(const double *a, const double *b, size_t n, double *to)
{
    for (size_t j = 0; j < n; j++)
        to[j] = a[j] + b[j];
}

OG_CLONES static void join_i64(const int64_t *a, const int64_t *b, size_t n, int64_t *to)
{
    for (size_t j = 0; j < n; j++)
        to[j] = (int64_t)((uint64_t)a[j] + (uint64_t)b[j]);
}

void og_reduce_add(const struct og_reduce *r, const void *a, const void *b, void *sum)
{
    if (r->i32)
        join_i64(a, b, 2 * (size_t)r->columns, sum);
    else
        join_f64(a, b, 2 * (size_t)r->columns, sum);
}

enum og_rc og_reduce_weights(const struct og_reduce *r, struct og_err *err)
{
    for (uint64_t i = 0; r->w && i < r->rows; i++)
        if (!(r->w[i] > -0x1p64 && r->w[i] < 0x1p64))
            return og_err_set(err, OG_E_DATA, "weight %llu is not below 2^64",
                              (unsigned long long)i);
    return OG_OK;
}
