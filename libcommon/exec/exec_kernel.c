/* exec_kernel.c - built-in kernels by their table: whole, leaf by leaf, judged. */
#include "exec/exec_kernel_int.h"

#include "base/base_mem.h"
#include "check/check_draw.h"
#include "check/check_result.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const struct og_kernel_ops *const table[] = {
    &og_kernel_ops_climate, &og_kernel_ops_gemm, &og_kernel_ops_mlp,    &og_kernel_ops_motion,
    &og_kernel_ops_reduce,  &og_kernel_ops_sgd,  &og_kernel_ops_softmax};

const struct og_kernel_ops *og_kernel_ops_of(const struct og_kernel_def *def)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i]->def == def)
            return table[i];
    return NULL;
}

static enum og_rc find(const struct og_kernel *k, const void *const *in,
                       const struct og_kernel_ops **ops, struct og_err *err)
{
    *ops = og_kernel_ops_of(k->def);
    if (!*ops)
        return og_err_set(err, OG_E_INTERNAL, "kernel '%s' cannot run", k->def->name);
    return (*ops)->values ? (*ops)->values(k, in, err) : OG_OK;
}

enum og_rc og_kernel_values(const struct og_kernel *k, const void *const *in, struct og_err *err)
{
    const struct og_kernel_ops *ops;
    return find(k, in, &ops, err);
}

enum og_rc og_kernel_run(const struct og_kernel *k, const void *const *in, void *const *out,
                         unsigned threads, struct og_err *err)
{
    const struct og_kernel_ops *ops;
    OG_TRY(find(k, in, &ops, err));
    return ops->run(k, in, out, threads ? threads : 1, err);
}

static enum og_rc again(const struct og_kernel_ops *ops, const struct og_kernel *k,
                        const void *const *in, const uint64_t *leaf, size_t n, struct og_hash *hash,
                        struct og_err *err)
{
    uint64_t most = 0;
    void *memo = NULL;
    for (size_t i = 0; i < k->shape.n_out; i++)
        most = k->shape.leaf_bytes[i] > most ? k->shape.leaf_bytes[i] : most;
    void *to = og_xmalloc((size_t)most);
    enum og_rc rc = OG_OK;
    for (size_t i = 0; rc == OG_OK && i < n; i++) {
        rc = ops->leaf(k, in, leaf[i], to, &memo, err);
        if (rc == OG_OK)
            hash[i] = og_result_leaf_hash(to, (size_t)og_kernel_leaf_at(k, leaf[i]).bytes);
    }
    if (memo && ops->forget)
        ops->forget(memo);
    free(to);
    return rc;
}

enum og_rc og_kernel_again(const struct og_kernel *k, const void *const *in, const uint64_t *leaf,
                           size_t n, struct og_hash *hash, struct og_err *err)
{
    const struct og_kernel_ops *ops;
    OG_TRY(find(k, in, &ops, err));
    for (size_t i = 0; i < n; i++)
        if (leaf[i] >= og_kernel_leaves(k) || (i > 0 && leaf[i] <= leaf[i - 1]))
            return og_err_set(err, OG_E_DATA, "kernel '%s': no leaf %llu there", k->def->name,
                              (unsigned long long)leaf[i]);
    return again(ops, k, in, leaf, n, hash, err);
}

static enum og_rc vote_by_leaves(const struct og_kernel_ops *ops, const struct og_kernel *k,
                                 const void *const *in, const void *const *out,
                                 const struct og_hash *seed, uint64_t samples, enum og_vote *vote,
                                 struct og_err *err)
{
    uint64_t all = og_kernel_leaves(k);
    size_t n = (size_t)(samples && samples < all ? samples : all);
    uint64_t *leaf = og_xcalloc(n + 1, sizeof *leaf);
    struct og_hash *hash = og_xcalloc(n + 1, sizeof *hash);
    for (size_t i = 0; i < n; i++)
        leaf[i] = i;
    if (n < all)
        n = og_draw_leaves(seed, all, n, leaf);
    enum og_rc rc = again(ops, k, in, leaf, n, hash, err);
    *vote = OG_VOTE_OK;
    for (size_t i = 0; rc == OG_OK && i < n; i++) {
        struct og_kernel_leaf l = og_kernel_leaf_at(k, leaf[i]);
        struct og_hash said =
            og_result_leaf_hash((const uint8_t *)out[l.out] + l.offset, (size_t)l.bytes);
        if (memcmp(said.b, hash[i].b, OG_HASH_LEN) != 0)
            *vote = OG_VOTE_BAD;
    }
    free(leaf);
    free(hash);
    return rc;
}

enum og_rc og_kernel_vote(const struct og_kernel *k, const void *const *in, const void *const *out,
                          const struct og_hash *seed, uint64_t samples, enum og_vote *vote,
                          struct og_err *err)
{
    const struct og_kernel_ops *ops;
    *vote = OG_VOTE_NONE;
    OG_TRY(find(k, in, &ops, err));
    return ops->vote ? ops->vote(k, in, out, seed, samples, vote, err)
                     : vote_by_leaves(ops, k, in, out, seed, samples, vote, err);
}

const char *og_kernel_backend(const struct og_kernel_def *def)
{
    const struct og_kernel_ops *ops = og_kernel_ops_of(def);
    return ops ? ops->backend() : "none";
}

struct thread {
    void (*fn)(void *);
    void *part;
};

static void *start(void *arg)
{
    const struct thread *t = arg;
    t->fn(t->part);
    return NULL;
}

void og_kernel_threads(void (*fn)(void *part), void *parts, size_t size, unsigned n)
{
    pthread_t *tid = og_xcalloc(n, sizeof *tid);
    bool *on = og_xcalloc(n, sizeof *on);
    struct thread *t = og_xcalloc(n, sizeof *t);
    for (unsigned i = 0; i < n; i++) {
        t[i] = (struct thread){fn, (char *)parts + i * size};
        on[i] = i > 0 && pthread_create(&tid[i], NULL, start, &t[i]) == 0;
    }
    for (unsigned i = 0; i < n; i++)
        if (!on[i]) /* the first is ours, and what no thread could be had for */
            fn(t[i].part);
    for (unsigned i = 0; i < n; i++)
        if (on[i])
            pthread_join(tid[i], NULL);
    free(t);
    free(on);
    free(tid);
}
