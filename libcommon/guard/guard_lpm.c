/* guard_lpm.c - sorted prefixes swept once with a stack of those that are open. */
#include "guard/guard_lpm.h"

#include "base/base_mem.h"

#include <stdlib.h>
#include <string.h>

void og_lpm_add(struct og_lpm *l, struct og_ip a, unsigned plen, uint32_t data)
{
    if (og_ip_is4(a) && plen >= 96) {
        l->add4 = og_xgrow(l->add4, &l->cap_add4, l->n_add4 + 1, sizeof *l->add4);
        l->add4[l->n_add4++] = (struct og_lpm4){(uint32_t)a.lo, data, (uint8_t)(plen - 96)};
    } else {
        l->add6 = og_xgrow(l->add6, &l->cap_add6, l->n_add6 + 1, sizeof *l->add6);
        l->add6[l->n_add6++] = (struct og_lpm6){a, data, (uint8_t)plen};
    }
}

static struct og_ip next_ip(struct og_ip a)
{
    a.lo++;
    a.hi += a.lo == 0;
    return a;
}

void og_lpm_add_range(struct og_lpm *l, struct og_ip from, struct og_ip to, uint32_t data)
{
    bool v4 = og_ip_is4(from);
    while (og_ip_cmp(from, to) <= 0) {
        unsigned plen = 128;
        while (plen > (v4 ? 96 : 1)) { /* the largest prefix that begins here and fits */
            struct og_ip last = og_ip_last(from, plen - 1);
            bool begins = plen - 1 >= 64 ? !(from.lo >> (128 - plen) & 1)
                                         : from.lo == 0 && !(from.hi >> (64 - plen) & 1);
            if (!begins || og_ip_cmp(last, to) > 0)
                break;
            plen--;
        }
        og_lpm_add(l, from, plen, data);
        struct og_ip last = og_ip_last(from, plen);
        if (og_ip_cmp(last, to) >= 0)
            break;
        from = next_ip(last);
    }
}

static int by_from4(const void *a, const void *b)
{
    const struct og_lpm4 *x = a, *y = b;
    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    return x->len != y->len ? x->len - y->len : (x->data > y->data) - (x->data < y->data);
}

static int by_from6(const void *a, const void *b)
{
    const struct og_lpm6 *x = a, *y = b;
    int c = og_ip_cmp(x->from, y->from);
    return c ? c : x->len != y->len ? x->len - y->len : (x->data > y->data) - (x->data < y->data);
}

/* Least significant digit first: a million prefixes without comparisons. Stable, and prefixes are
 * added with `data` that grows, so equal ones stay in its order. */
static void sort4(struct og_lpm4 *v, size_t n)
{
    bool grows = true;
    for (size_t i = 1; i < n && grows; i++)
        grows = v[i - 1].data <= v[i].data;
    if (n < 4096 || !grows) {
        qsort(v, n, sizeof *v, by_from4);
        return;
    }
    struct og_lpm4 *tmp = og_xmalloc(n * sizeof *tmp), *from = v, *to = tmp;
    for (unsigned pass = 0; pass < 4; pass++) { /* an even number: the result is in v again */
        size_t count[1025] = {0};
        for (size_t i = 0; i < n; i++)
            count[((((uint64_t)from[i].from << 6 | from[i].len) >> pass * 10) & 1023) + 1]++;
        for (unsigned d = 0; d < 1024; d++)
            count[d + 1] += count[d];
        for (size_t i = 0; i < n; i++)
            to[count[(((uint64_t)from[i].from << 6 | from[i].len) >> pass * 10) & 1023]++] =
                from[i];
        struct og_lpm4 *t = from;
        from = to;
        to = t;
    }
    free(tmp);
}

static void put4(struct og_lpm *l, uint32_t start, uint32_t data)
{
    if (l->n4 > 0 && l->start4[l->n4 - 1] == start) {
        l->data4[l->n4 - 1] = data;
        if (l->n4 > 1 && l->data4[l->n4 - 2] == data)
            l->n4--;
        return;
    }
    if (l->n4 > 0 && l->data4[l->n4 - 1] == data)
        return;
    l->start4[l->n4] = start;
    l->data4[l->n4++] = data;
}

static uint64_t end4(const struct og_lpm4 *p)
{
    return (uint64_t)p->from + ((uint64_t)1 << (32 - p->len));
}

static void sweep4(struct og_lpm *l)
{
    struct og_lpm4 open[33];
    size_t depth = 0;
    put4(l, 0, OG_LPM_NONE);
    for (size_t i = 0; i < l->n_add4; i++) {
        const struct og_lpm4 *p = &l->add4[i];
        while (depth > 0 && end4(&open[depth - 1]) <= p->from) {
            uint64_t end = end4(&open[--depth]);
            if (end < (uint64_t)1 << 32)
                put4(l, (uint32_t)end, depth ? open[depth - 1].data : OG_LPM_NONE);
        }
        if (depth > 0 && open[depth - 1].len == p->len)
            depth--; /* the same prefix once more: the later stays */
        put4(l, p->from, p->data);
        open[depth++] = *p;
    }
    while (depth > 0) {
        uint64_t end = end4(&open[--depth]);
        if (end < (uint64_t)1 << 32)
            put4(l, (uint32_t)end, depth ? open[depth - 1].data : OG_LPM_NONE);
    }
}

static void build4(struct og_lpm *l)
{
    if (l->n_add4)
        sort4(l->add4, l->n_add4);
    l->start4 = og_xmalloc((2 * l->n_add4 + 1) * sizeof *l->start4);
    l->data4 = og_xmalloc((2 * l->n_add4 + 1) * sizeof *l->data4);
    sweep4(l);
    free(l->add4);
    l->add4 = NULL;
    l->start4 = og_xrealloc(l->start4, l->n4 * sizeof *l->start4);
    l->data4 = og_xrealloc(l->data4, l->n4 * sizeof *l->data4);
    og_lpm_index(l);
}

void og_lpm_index(struct og_lpm *l)
{
    l->index4 = og_xmalloc(65537 * sizeof *l->index4);
    size_t k = 0;
    for (uint32_t top = 0; top < 65536; top++) {
        while (k + 1 < l->n4 && l->start4[k + 1] <= top << 16)
            k++;
        l->index4[top] = (uint32_t)k;
    }
    l->index4[65536] = (uint32_t)l->n4 - 1;
}

static void put6(struct og_lpm *l, struct og_ip start, uint32_t data)
{
    if (l->n6 > 0 && og_ip_cmp(l->start6[l->n6 - 1], start) == 0) {
        l->data6[l->n6 - 1] = data;
        return;
    }
    l->start6[l->n6] = start;
    l->data6[l->n6++] = data;
}

static void close6(struct og_lpm *l, const struct og_lpm6 *open, size_t depth)
{
    struct og_ip last = og_ip_last(open[depth].from, open[depth].len);
    if (last.hi != UINT64_MAX || last.lo != UINT64_MAX)
        put6(l, next_ip(last), depth ? open[depth - 1].data : OG_LPM_NONE);
}

static void build6(struct og_lpm *l)
{
    struct og_lpm6 open[129];
    size_t depth = 0;
    if (l->n_add6)
        qsort(l->add6, l->n_add6, sizeof *l->add6, by_from6);
    l->start6 = og_xmalloc((2 * l->n_add6 + 1) * sizeof *l->start6);
    l->data6 = og_xmalloc((2 * l->n_add6 + 1) * sizeof *l->data6);
    put6(l, (struct og_ip){0, 0}, OG_LPM_NONE);
    for (size_t i = 0; i < l->n_add6; i++) {
        const struct og_lpm6 *p = &l->add6[i];
        while (depth > 0 &&
               og_ip_cmp(og_ip_last(open[depth - 1].from, open[depth - 1].len), p->from) < 0)
            close6(l, open, --depth);
        if (depth > 0 && open[depth - 1].len == p->len)
            depth--;
        put6(l, p->from, p->data);
        open[depth++] = *p;
    }
    while (depth > 0)
        close6(l, open, --depth);
    free(l->add6);
    l->add6 = NULL;
}

void og_lpm_build(struct og_lpm *l)
{
    build4(l);
    build6(l);
}

uint32_t og_lpm_find(const struct og_lpm *l, struct og_ip a)
{
    if (og_ip_is4(a)) {
        uint32_t v = (uint32_t)a.lo;
        size_t lo = l->index4[v >> 16], hi = l->index4[(v >> 16) + 1];
        while (lo < hi) { /* the last interval that begins at or before v */
            size_t mid = (lo + hi + 1) / 2;
            if (l->start4[mid] <= v)
                lo = mid;
            else
                hi = mid - 1;
        }
        if (l->data4[lo] != OG_LPM_NONE)
            return l->data4[lo];
    }
    size_t lo = 0, hi = l->n6 - 1;
    while (lo < hi) {
        size_t mid = (lo + hi + 1) / 2;
        if (og_ip_cmp(l->start6[mid], a) <= 0)
            lo = mid;
        else
            hi = mid - 1;
    }
    return l->data6[lo];
}

void og_lpm_release(struct og_lpm *l)
{
    free(l->add4);
    free(l->add6);
    free(l->start4);
    free(l->data4);
    free(l->index4);
    free(l->start6);
    free(l->data6);
    *l = (struct og_lpm){0};
}
