/* exec_kernel.c - built-in kernels by name: arguments, sizes, threads. */
#include "exec/exec_kernel.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "check/check_gemm.h"
#include "exec/exec_blas.h"
#include "exec/exec_matmul.h"
#include "json/json_get.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define THREADS_MAX 1024

static enum og_rc parse_dim(const json_t *args, const char *key, uint32_t *out, struct og_err *err)
{
    const json_t *v = json_object_get(args, key);
    uint64_t n = 0;
    bool ok = json_is_string(v) ? og_parse_u64n(json_string_value(v), json_string_length(v),
                                                OG_KERNEL_DIM_MAX, &n)
                                : json_is_integer(v) && json_integer_value(v) > 0;
    if (ok && json_is_integer(v))
        n = (uint64_t)json_integer_value(v);
    if (!v)
        return og_err_set(err, OG_E_DATA, "'%s' is missing", key);
    if (!ok || n < 1 || n > OG_KERNEL_DIM_MAX)
        return og_err_set(err, OG_E_DATA, "'%s' must be a whole number from 1 to %d", key,
                          OG_KERNEL_DIM_MAX);
    *out = (uint32_t)n;
    return OG_OK;
}

enum og_rc og_kernel_parse(const char *name, const json_t *args, struct og_kernel *out,
                           struct og_err *err)
{
    static const char *const keys[] = {"k", "m", "n", "type", NULL};
    memset(out, 0, sizeof *out);
    if (strcmp(name, "gemm") != 0)
        return og_err_set(err, OG_E_DATA, "no kernel '%s'; built in is 'gemm'", name);
    if (!json_is_object(args))
        return og_err_set(err, OG_E_DATA, "the arguments of kernel 'gemm' must be an object");
    const char *type;
    enum og_rc rc = og_json_only(args, keys, err);
    if (rc == OG_OK)
        rc = parse_dim(args, "m", &out->m, err);
    if (rc == OG_OK)
        rc = parse_dim(args, "n", &out->n, err);
    if (rc == OG_OK)
        rc = parse_dim(args, "k", &out->k, err);
    if (rc == OG_OK)
        rc = og_json_str_opt(args, "type", 16, &type, err);
    if (rc != OG_OK)
        return og_err_wrap(err, rc, "kernel 'gemm'");
    if (type && strcmp(type, "i32") == 0)
        out->type = OG_KERNEL_I32;
    else if (type && strcmp(type, "f32") != 0)
        return og_err_set(err, OG_E_DATA, "kernel 'gemm': 'type' must be 'f32' or 'i32'");
    return OG_OK;
}

uint64_t og_kernel_work_mflop(const struct og_kernel *k)
{
    return og_muldiv_up(2 * (uint64_t)k->m * k->n, k->k, 1000000);
}

uint64_t og_kernel_a_bytes(const struct og_kernel *k)
{
    return 4 * (uint64_t)k->m * k->k;
}

uint64_t og_kernel_b_bytes(const struct og_kernel *k)
{
    return 4 * (uint64_t)k->k * k->n;
}

static uint64_t c_size(const struct og_kernel *k)
{
    return k->type == OG_KERNEL_I32 ? 8 : 4;
}

uint64_t og_kernel_c_bytes(const struct og_kernel *k)
{
    return c_size(k) * k->m * k->n;
}

const char *og_kernel_backend(enum og_kernel_type type)
{
    if (type == OG_KERNEL_F32 && og_blas_load())
        return "openblas";
    return og_matmul_has_avx2() ? "avx2" : "portable";
}

/* Rows first .. first + count - 1 on this thread. */
struct part {
    const struct og_kernel *k;
    const void *a;
    const void *b;
    void *c; /* of row `first` */
    uint64_t first;
    uint64_t count;
    bool blas;
};

static void *multiply(void *arg)
{
    const struct part *p = arg;
    const struct og_kernel *k = p->k;
    switch (k->type) {
    case OG_KERNEL_F32: {
        const float *a = (const float *)p->a + p->first * k->k;
        if (p->blas)
            og_blas_gemm_f32(p->count, k->n, k->k, a, p->b, p->c);
        else
            og_matmul_f32(p->count, k->n, k->k, a, p->b, p->c);
        break;
    }
    case OG_KERNEL_I32:
        og_matmul_i32(p->count, k->n, k->k, (const int32_t *)p->a + p->first * k->k, p->b, p->c);
        break;
    }
    return NULL;
}

static enum og_rc check_values(const struct og_kernel *k, const void *a, const void *b,
                               struct og_err *err)
{
    if (k->type == OG_KERNEL_I32 && !og_gemm_i32_fits(a, b, k->m, k->n, k->k))
        return og_err_set(err, OG_E_DATA, "kernel 'gemm': sums of these values could reach 2^60");
    return OG_OK;
}

static enum og_rc run_parts(const struct og_kernel *k, const void *a, const void *b, void *c,
                            unsigned threads, bool blas, struct og_err *err)
{
    enum og_rc rc = check_values(k, a, b, err);
    if (rc != OG_OK)
        return rc;
    threads = threads < 1 ? 1 : threads > THREADS_MAX ? THREADS_MAX : threads;
    if (threads > k->m)
        threads = k->m;
    struct part *part = og_xcalloc(threads, sizeof *part);
    pthread_t *tid = og_xcalloc(threads, sizeof *tid);
    bool *on = og_xcalloc(threads, sizeof *on);
    for (unsigned t = 0; t < threads; t++) {
        uint64_t first = (uint64_t)k->m * t / threads, end = (uint64_t)k->m * (t + 1) / threads;
        char *rows = (char *)c + first * k->n * c_size(k);
        part[t] = (struct part){k, a, b, rows, first, end - first, blas};
        on[t] = t > 0 && pthread_create(&tid[t], NULL, multiply, &part[t]) == 0;
    }
    for (unsigned t = 0; t < threads; t++)
        if (!on[t]) /* the first is ours, and what no thread could be had for */
            multiply(&part[t]);
    for (unsigned t = 0; t < threads; t++)
        if (on[t])
            pthread_join(tid[t], NULL);
    free(on);
    free(tid);
    free(part);
    return OG_OK;
}

enum og_rc og_kernel_run(const struct og_kernel *k, const void *a, const void *b, void *c,
                         unsigned threads, struct og_err *err)
{
    return run_parts(k, a, b, c, threads, k->type == OG_KERNEL_F32 && og_blas_load(), err);
}

enum og_rc og_kernel_run_own(const struct og_kernel *k, const void *a, const void *b, void *c,
                             unsigned threads, struct og_err *err)
{
    return run_parts(k, a, b, c, threads, false, err);
}

enum og_rc og_kernel_rows(const struct og_kernel *k, const void *a, const void *b, uint64_t first,
                          uint64_t count, void *c, struct og_err *err)
{
    if (first > k->m || count > k->m - first)
        return og_err_set(err, OG_E_DATA, "kernel 'gemm': no rows %llu to %llu of %u",
                          (unsigned long long)first, (unsigned long long)(first + count), k->m);
    struct part p = {k, a, b, c, first, count, false};
    if (count)
        multiply(&p);
    return OG_OK;
}
