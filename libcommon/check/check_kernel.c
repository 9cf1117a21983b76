/* check_kernel.c - arguments of built-in kernels, read and bounded; leaves of their results. */
#include "check/check_kernel.h"

#include "base/base_buf.h"
#include "check/check_kernel_defs.h"
#include "check/check_result.h"
#include "json/json_get.h"

#include <string.h>

static const struct og_kernel_def *const kernels[] = {
    &og_kernel_climate, &og_kernel_gemm, &og_kernel_mlp,    &og_kernel_motion,
    &og_kernel_reduce,  &og_kernel_sgd,  &og_kernel_softmax};

#define KERNELS (sizeof kernels / sizeof *kernels)

size_t og_kernel_count(void)
{
    return KERNELS;
}

const struct og_kernel_def *og_kernel_at(size_t i)
{
    return kernels[i];
}

const struct og_kernel_def *og_kernel_find(const char *name)
{
    for (size_t i = 0; i < KERNELS; i++)
        if (strcmp(kernels[i]->name, name) == 0)
            return kernels[i];
    return NULL;
}

static enum og_rc read_word(const struct og_kernel_arg *a, const json_t *args, uint64_t *out,
                            struct og_err *err)
{
    const char *s;
    struct og_buf list = OG_BUF_INIT;
    OG_TRY(og_json_str(args, a->name, 64, &s, err));
    for (*out = 0; a->words[*out]; ++*out)
        if (strcmp(a->words[*out], s) == 0)
            return OG_OK;
    for (size_t i = 0; a->words[i]; i++)
        og_buf_addf(&list, "%s%s", i == 0 ? "" : a->words[i + 1] ? ", " : " or ", a->words[i]);
    enum og_rc rc = og_err_set(err, OG_E_DATA, "'%s' must be %s", a->name, list.p);
    og_buf_release(&list);
    return rc;
}

static enum og_rc read_number(const struct og_kernel_arg *a, const json_t *args, uint64_t *out,
                              struct og_err *err)
{
    const json_t *v = json_object_get(args, a->name);
    json_int_t n = json_integer_value(v);
    *out = (uint64_t)n;
    if (!json_is_integer(v) || n < 0 || *out < a->min || *out > a->max)
        return og_err_set(err, OG_E_DATA, "'%s' must be a whole number from %llu to %llu", a->name,
                          (unsigned long long)a->min, (unsigned long long)a->max);
    return OG_OK;
}

static enum og_rc read_args(const struct og_kernel_def *def, const json_t *args, uint64_t *out,
                            struct og_err *err)
{
    const char *names[OG_KERNEL_ARGS_MAX + 1] = {NULL};
    for (size_t i = 0; def->arg[i].name; i++)
        names[i] = def->arg[i].name;
    OG_TRY(og_json_only(args, names, err));
    for (size_t i = 0; def->arg[i].name; i++) {
        const struct og_kernel_arg *a = &def->arg[i];
        out[i] = a->absent;
        if (json_object_get(args, a->name))
            OG_TRY(a->words ? read_word(a, args, &out[i], err)
                            : read_number(a, args, &out[i], err));
        else if (!a->optional)
            return og_err_set(err, OG_E_DATA, "'%s' is missing", a->name);
    }
    return OG_OK;
}

enum og_rc og_kernel_parse(const char *name, const json_t *args, struct og_kernel *out,
                           struct og_err *err)
{
    memset(out, 0, sizeof *out);
    const struct og_kernel_def *def = og_kernel_find(name);
    if (!def)
        return og_err_set(err, OG_E_DATA, "'%.64s' is no built-in kernel", name);
    if (!json_is_object(args))
        return og_err_set(err, OG_E_DATA, "the arguments of kernel '%s' must be an object", name);
    OG_TRY(read_args(def, args, out->arg, err));
    OG_TRY(def->shape(out->arg, &out->shape, err));
    out->def = def;
    if (og_kernel_leaves(out) > OG_KERNEL_LEAVES_MAX)
        return og_err_set(err, OG_E_DATA, "kernel '%s': a result of %llu leaves is too fine", name,
                          (unsigned long long)og_kernel_leaves(out));
    return OG_OK;
}

bool og_kernel_same(const struct og_kernel *a, const struct og_kernel *b)
{
    return a->def == b->def && memcmp(a->arg, b->arg, sizeof a->arg) == 0;
}

static uint64_t pieces(const struct og_kernel_shape *s, size_t out)
{
    return s->out_bytes[out] / s->leaf_bytes[out] + (s->out_bytes[out] % s->leaf_bytes[out] != 0);
}

uint64_t og_kernel_leaves(const struct og_kernel *k)
{
    uint64_t n = 0;
    for (size_t i = 0; i < k->shape.n_out; i++)
        n += pieces(&k->shape, i);
    return n;
}

struct og_kernel_leaf og_kernel_leaf_at(const struct og_kernel *k, uint64_t i)
{
    const struct og_kernel_shape *s = &k->shape;
    struct og_kernel_leaf l = {0, 0, 0};
    while (l.out + 1 < s->n_out && i >= pieces(s, l.out))
        i -= pieces(s, l.out++);
    l.offset = i * s->leaf_bytes[l.out];
    l.bytes = s->out_bytes[l.out] - l.offset;
    if (l.bytes > s->leaf_bytes[l.out])
        l.bytes = s->leaf_bytes[l.out];
    return l;
}

void og_kernel_hash(const struct og_kernel *k, const void *const *out, struct og_hash *hash)
{
    uint64_t n = og_kernel_leaves(k);
    for (uint64_t i = 0; i < n; i++) {
        struct og_kernel_leaf l = og_kernel_leaf_at(k, i);
        hash[i] = og_result_leaf_hash((const uint8_t *)out[l.out] + l.offset, l.bytes);
    }
}
