/* check_draw.c - rejection sampling over a hash stream. */
#include "check/check_draw.h"

#include "base/base_mem.h"
#include "base/base_num.h"

#include <stdlib.h>
#include <string.h>

void og_draw_init(struct og_draw *d, const struct og_hash *seed, const char *tag)
{
    memset(d, 0, sizeof *d);
    d->seed = *seed;
    d->tag = tag;
}

static void refill(struct og_draw *d)
{
    struct og_hasher h;
    struct og_hash block;
    uint8_t j[4];
    og_put_be32(j, d->j++);
    og_hasher_init(&h);
    og_hasher_hash(&h, &d->seed);
    og_hasher_tag(&h, d->tag);
    og_hasher_add(&h, j, sizeof j);
    block = og_hasher_final(&h);
    for (size_t k = 0; k < 4; k++)
        d->word[k] = og_get_be64(block.b + 8 * k);
    d->left = 4;
}

uint64_t og_draw_u64(struct og_draw *d)
{
    if (d->left == 0)
        refill(d);
    return d->word[4 - d->left--];
}

uint64_t og_draw_index(struct og_draw *d, uint64_t w)
{
    uint64_t over = (UINT64_MAX % w + 1) % w; /* 2^64 mod w */
    for (;;) {
        uint64_t x = og_draw_u64(d);
        if (x <= UINT64_MAX - over)
            return x % w;
    }
}

struct og_hash og_draw_seed(const struct og_hash *r, uint64_t lease, uint64_t step)
{
    struct og_hasher h;
    og_hasher_init(&h);
    og_hasher_tag(&h, "ogpu-draw");
    og_hasher_hash(&h, r);
    og_hasher_u64(&h, lease);
    og_hasher_u64(&h, step);
    return og_hasher_final(&h);
}

bool og_draw_check(const struct og_hash *seed, uint64_t q_ppm)
{
    struct og_draw d;
    og_draw_init(&d, seed, "check");
    return og_draw_index(&d, OG_PPM) < q_ppm;
}

/* First position in the ascending list whose value is not below v. */
static size_t place(const uint64_t *list, size_t n, uint64_t v)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (list[mid] < v)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

size_t og_draw_leaves(const struct og_hash *seed, uint64_t total, size_t k, uint64_t *out)
{
    struct og_draw d;
    size_t n = 0;
    if (k >= total) {
        for (uint64_t i = 0; i < total; i++)
            out[i] = i;
        return (size_t)total;
    }
    og_draw_init(&d, seed, "leaves");
    /* Floyd: the j-th step draws from [0, j] and takes j itself when that is taken already. */
    for (uint64_t j = total - k; j < total; j++) {
        uint64_t v = og_draw_index(&d, j + 1);
        size_t at = place(out, n, v);
        if (at < n && out[at] == v) {
            v = j;
            at = n;
        }
        memmove(out + at + 1, out + at, (n - at) * sizeof *out);
        out[at] = v;
        n++;
    }
    return n;
}

enum og_rc og_draw_weighted(const struct og_hash *seed, const char *tag, const uint64_t *weights,
                            size_t n, size_t k, size_t *out, size_t *drawn, struct og_err *err)
{
    struct og_draw d;
    og_u128 sum = 0;
    uint64_t total, *w;
    *drawn = 0;
    for (size_t i = 0; i < n; i++)
        sum += weights[i];
    if (sum >> 63)
        return og_err_set(err, OG_E_DATA, "the weights sum to 2^63 or more");
    total = (uint64_t)sum;
    w = og_xmalloc((n + 1) * sizeof *w);
    if (n > 0)
        memcpy(w, weights, n * sizeof *w);
    og_draw_init(&d, seed, tag);
    while (*drawn < k && total > 0) {
        uint64_t x = og_draw_index(&d, total);
        size_t i = 0;
        while (x >= w[i])
            x -= w[i++];
        out[(*drawn)++] = i;
        total -= w[i];
        w[i] = 0;
    }
    free(w);
    return OG_OK;
}
