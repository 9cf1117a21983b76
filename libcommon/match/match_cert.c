/* match_cert.c - checks a dual certificate; shares nothing with the solver. */
#include "match/match_cert.h"

#include "base/base_mem.h"
#include "match/match_cost.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool in_range(int64_t d)
{
    return d >= -OG_CERT_ABS_MAX && d <= OG_CERT_ABS_MAX;
}

static enum og_rc check_columns(struct og_cert *cert, struct og_err *err)
{
    for (size_t j = 0; j < cert->m; j++) {
        if (!in_range(cert->v[j]) || cert->v[j] > 0)
            return og_err_set(err, OG_E_DATA, "v[%zu] is %" PRId64 ", outside -2^53 < v <= 0", j,
                              cert->v[j]);
        if (!cert->used[j] && cert->v[j] != 0)
            return og_err_set(err, OG_E_DATA, "v[%zu] is %" PRId64 " but the column is free", j,
                              cert->v[j]);
        cert->dual += cert->v[j];
    }
    return OG_OK;
}

static enum og_rc check_rows(struct og_cert *cert, struct og_err *err)
{
    for (size_t i = 0; i < cert->n; i++) {
        int32_t j = cert->x[i];
        if (!in_range(cert->u[i]))
            return og_err_set(err, OG_E_DATA, "u[%zu] is beyond 2^53", i);
        cert->dual += cert->u[i];
        if (j == -1)
            continue;
        if (j < -1 || (size_t)j >= cert->m)
            return og_err_set(err, OG_E_DATA, "x[%zu] is %" PRId32 ", not a column", i, j);
        if (cert->used[j])
            return og_err_set(err, OG_E_DATA, "x[%zu] takes column %" PRId32 " a second time", i,
                              j);
        cert->used[j] = true;
    }
    return OG_OK;
}

enum og_rc og_cert_init(struct og_cert *cert, size_t n, size_t m, const int32_t *x,
                        const int64_t *u, const int64_t *v, struct og_err *err)
{
    enum og_rc rc;
    memset(cert, 0, sizeof *cert);
    if (n > INT32_MAX || m > INT32_MAX)
        return og_err_set(err, OG_E_DATA, "%zu rows and %zu columns are too many", n, m);
    cert->n = n;
    cert->m = m;
    cert->x = x;
    cert->u = u;
    cert->v = v;
    cert->used = og_xcalloc(m + 1, sizeof *cert->used);
    rc = check_rows(cert, err);
    if (rc == OG_OK)
        rc = check_columns(cert, err);
    if (rc != OG_OK)
        og_cert_release(cert);
    return rc;
}

enum og_rc og_cert_row(struct og_cert *cert, const int64_t *c_row, int64_t wait, struct og_err *err)
{
    const int64_t limit = (int64_t)1 << 62;
    size_t i = cert->next;
    int64_t u;
    int32_t x;
    if (cert->used == NULL || i >= cert->n)
        return og_err_set(err, OG_E_INTERNAL, "no row %zu in this certificate", i);
    u = cert->u[i];
    x = cert->x[i];
    if (wait > limit || wait < -limit)
        return og_err_set(err, OG_E_DATA, "waiting of row %zu costs too much", i);
    if (u > wait)
        return og_err_set(err, OG_E_DATA, "u[%zu] is above the cost of waiting", i);
    if (x == -1 && u != wait)
        return og_err_set(err, OG_E_DATA, "row %zu waits but u is not the cost of that", i);
    for (size_t j = 0; j < cert->m; j++) {
        if (c_row[j] == OG_COST_NONE)
            continue;
        if (c_row[j] > limit || c_row[j] < -limit)
            return og_err_set(err, OG_E_DATA, "cell %zu, %zu costs too much", i, j);
        if (u + cert->v[j] > c_row[j])
            return og_err_set(err, OG_E_DATA, "u[%zu] + v[%zu] is above the cell", i, j);
    }
    if (x >= 0) {
        if (c_row[x] == OG_COST_NONE)
            return og_err_set(err, OG_E_DATA, "row %zu cannot go to column %" PRId32, i, x);
        if (u + cert->v[x] != c_row[x])
            return og_err_set(err, OG_E_DATA, "u[%zu] + v[%" PRId32 "] is not the cell taken", i,
                              x);
    }
    cert->primal += x >= 0 ? c_row[x] : wait;
    cert->next++;
    return OG_OK;
}

enum og_rc og_cert_end(struct og_cert *cert, struct og_err *err)
{
    if (cert->used == NULL || cert->next != cert->n)
        return og_err_set(err, OG_E_INTERNAL, "%zu of %zu rows checked", cert->next, cert->n);
    if (cert->primal != cert->dual)
        return og_err_set(err, OG_E_DATA, "the sum of u and v is not the cost of x");
    return OG_OK;
}

void og_cert_release(struct og_cert *cert)
{
    if (cert == NULL)
        return;
    free(cert->used);
    cert->used = NULL;
}

enum og_rc og_cert_check(size_t n, size_t m, const int64_t *c, const int64_t *wait,
                         const int32_t *x, const int64_t *u, const int64_t *v, struct og_err *err)
{
    struct og_cert cert;
    enum og_rc rc = og_cert_init(&cert, n, m, x, u, v, err);
    for (size_t i = 0; rc == OG_OK && i < n; i++)
        rc = og_cert_row(&cert, m == 0 ? c : c + i * m, wait[i], err);
    if (rc == OG_OK)
        rc = og_cert_end(&cert, err);
    og_cert_release(&cert);
    return rc;
}
