/* exec_kernel_tree.c - sum trees: parts on threads, then level over level. */
#include "exec/exec_kernel_tree.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "check/check_draw.h"
#include "check/check_sumtree.h"
#include "exec/exec_kernel_int.h"

#include <stdlib.h>
#include <string.h>

#define SAMPLES_LEAST 5

struct share {
    const struct og_tree *t;
    uint8_t *out;
    uint64_t first, end;
};

static uint8_t *node_at(const struct og_tree *t, uint8_t *out, uint32_t level, uint64_t i)
{
    return out + og_sumtree_place(t->parts, level, i) * t->bytes;
}

static void some_parts(void *arg)
{
    const struct share *s = arg;
    for (uint64_t i = s->first; i < s->end; i++)
        s->t->part(s->t->ctx, i, node_at(s->t, s->out, 0, i));
}

void og_tree_run(const struct og_tree *t, void *out, unsigned threads)
{
    unsigned n = (unsigned)og_min_u64(threads, t->parts);
    struct share *s = og_xcalloc(n, sizeof *s);
    for (unsigned i = 0; i < n; i++)
        s[i] = (struct share){t, out, t->parts * i / n, t->parts * (i + 1) / n};
    og_kernel_threads(some_parts, s, sizeof *s, n);
    free(s);
    for (uint32_t level = 1; og_sumtree_width(t->parts, level); level++)
        for (uint64_t i = 0; i < og_sumtree_width(t->parts, level); i++) {
            uint8_t *left = node_at(t, out, level - 1, 2 * i);
            if (2 * i + 1 < og_sumtree_width(t->parts, level - 1))
                t->add(t->ctx, left, left + t->bytes, node_at(t, out, level, i));
            else
                memcpy(node_at(t, out, level, i), left, t->bytes);
        }
}

/* Depth is that of the tree, at most 32. */
static void subtree(const struct og_tree *t, uint32_t level, uint64_t i, uint8_t *node)
{
    if (level == 0) {
        t->part(t->ctx, i, node);
        return;
    }
    subtree(t, level - 1, 2 * i, node);
    if (2 * i + 1 >= og_sumtree_width(t->parts, level - 1))
        return;
    uint8_t *right = og_xmalloc(t->bytes);
    subtree(t, level - 1, 2 * i + 1, right);
    t->add(t->ctx, node, right, node);
    free(right);
}

void og_tree_node(const struct og_tree *t, uint64_t place, void *node)
{
    struct og_sumtree_node n = og_sumtree_at(t->parts, place);
    subtree(t, n.level, n.i, node);
}

static bool sums_right(const struct og_tree *t, uint8_t *out, uint8_t *sum)
{
    bool ok = true;
    for (uint32_t level = 1; og_sumtree_width(t->parts, level); level++)
        for (uint64_t i = 0; ok && i < og_sumtree_width(t->parts, level); i++) {
            const uint8_t *left = node_at(t, out, level - 1, 2 * i);
            bool two = 2 * i + 1 < og_sumtree_width(t->parts, level - 1);
            if (two)
                t->add(t->ctx, left, left + t->bytes, sum);
            ok = memcmp(two ? sum : left, node_at(t, out, level, i), t->bytes) == 0;
        }
    return ok;
}

enum og_vote og_tree_vote(const struct og_tree *t, const void *out, const struct og_hash *seed,
                          uint64_t samples)
{
    uint8_t *file = (uint8_t *)(uintptr_t)out; /* read only */
    uint8_t *node = og_xmalloc(t->bytes);
    if (samples == 0)
        samples = og_max_u64(t->parts / 10, SAMPLES_LEAST);
    size_t n = (size_t)og_min_u64(samples, t->parts);
    uint64_t *part = og_xcalloc(n, sizeof *part);
    n = og_draw_leaves(seed, t->parts, n, part);
    bool ok = sums_right(t, file, node);
    for (size_t i = 0; ok && i < n; i++) {
        t->part(t->ctx, part[i], node);
        ok = memcmp(node, node_at(t, file, 0, part[i]), t->bytes) == 0;
    }
    free(part);
    free(node);
    return ok ? OG_VOTE_OK : OG_VOTE_BAD;
}
