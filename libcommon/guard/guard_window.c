/* guard_window.c - buckets of nodes, and the population they are compared with. */
#include "guard/guard_window_int.h"

#include "base/base_mem.h"
#include "base/base_num.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NONE        UINT32_MAX
#define DAY_FADE    0.99280573f /* 2^(-1/96): half in eight hours */
#define PAST        576         /* buckets of a node's own past: two days */
#define PAST_LEAST  12
#define SOURCES     3    /* 5 minutes, hour, day */
#define BUCKETS_MAX 4096 /* after a longer silence the day is over, too */

static const enum og_horizon horizon_of[SOURCES] = {OG_HORIZON_5MIN, OG_HORIZON_HOUR,
                                                    OG_HORIZON_DAY};

struct og_windows *og_windows_new(size_t nodes)
{
    struct og_windows *w = og_xcalloc(1, sizeof *w);
    w->max = nodes < 1 ? 1 : nodes > OG_WINDOW_MAX ? OG_WINDOW_MAX : nodes;
    for (w->chains = 1024; w->chains < w->max; w->chains *= 2)
        ;
    w->chain = og_xmalloc(w->chains * sizeof *w->chain);
    memset(w->chain, 0xff, w->chains * sizeof *w->chain);
    w->newest = w->oldest = NONE;
    w->sorted = og_xcalloc((size_t)SOURCES * OG_FEATURES * OG_WINDOW_SAMPLE, sizeof *w->sorted);
    return w;
}

void og_windows_free(struct og_windows *w)
{
    if (!w)
        return;
    free(w->node);
    free(w->chain);
    free(w->active);
    free(w->raw);
    free(w->sorted);
    free(w);
}

size_t og_windows_nodes(const struct og_windows *w)
{
    return w->n;
}

size_t og_windows_bytes(const struct og_windows *w)
{
    return sizeof *w + w->cap * sizeof *w->node + w->chains * sizeof *w->chain +
           w->active_cap * sizeof *w->active + w->raw_cap * sizeof *w->raw +
           (size_t)SOURCES * OG_FEATURES * OG_WINDOW_SAMPLE * sizeof *w->sorted;
}

static uint32_t *head(struct og_windows *w, uint64_t id)
{
    return &w->chain[og_splitmix64(id) & (w->chains - 1)];
}

static void unlink_age(struct og_windows *w, uint32_t at)
{
    struct og_wnode *n = &w->node[at];
    *(n->newer == NONE ? &w->newest : &w->node[n->newer].older) = n->older;
    *(n->older == NONE ? &w->oldest : &w->node[n->older].newer) = n->newer;
}

static void make_newest(struct og_windows *w, uint32_t at)
{
    struct og_wnode *n = &w->node[at];
    n->newer = NONE;
    n->older = w->newest;
    *(w->newest == NONE ? &w->oldest : &w->node[w->newest].newer) = at;
    w->newest = at;
}

/* Room for one more: the node silent longest goes. */
static uint32_t room(struct og_windows *w)
{
    if (w->n < w->max) {
        if (w->n == w->cap) { /* not doubled: this is most of the memory */
            size_t cap = w->cap + w->cap / 4 + 64;
            w->cap = cap < w->max ? cap : w->max;
            w->node = og_xrealloc(w->node, w->cap * sizeof *w->node);
        }
        memset(&w->node[w->n], 0, sizeof *w->node);
        return (uint32_t)w->n++;
    }
    uint32_t at = w->oldest, *link = head(w, w->node[at].id);
    while (*link != at)
        link = &w->node[*link].next;
    *link = w->node[at].next;
    unlink_age(w, at);
    return at;
}

/* Buckets since the last event are empty ones. */
static void catch_up(struct og_windows *w, struct og_wnode *n)
{
    uint64_t passed = w->bucket - n->bucket;
    for (uint64_t k = 1; k <= passed && k <= OG_WINDOW_HOUR; k++)
        memset(n->ring[(n->bucket + k) % OG_WINDOW_HOUR], 0, sizeof n->ring[0]);
    if (passed > 1) { /* the last one faded when it ended */
        float f = powf(DAY_FADE, (float)og_min_u64(passed - 1, BUCKETS_MAX));
        for (int s = 0; s < OG_SUMS; s++)
            n->day[s] *= f;
    }
    n->bucket = w->bucket;
}

static struct og_wnode *find(struct og_windows *w, uint64_t id)
{
    uint32_t at = *head(w, id);
    while (at != NONE && w->node[at].id != id)
        at = w->node[at].next;
    if (at == NONE) {
        at = room(w);
        uint32_t *h = head(w, id);
        bool active = w->node[at].active; /* thrown out of this bucket: its place is taken over */
        memset(&w->node[at], 0, sizeof w->node[at]);
        w->node[at].active = active;
        w->node[at].id = id;
        w->node[at].bucket = w->bucket;
        w->node[at].next = *h;
        *h = at;
    } else {
        unlink_age(w, at);
    }
    make_newest(w, at);
    struct og_wnode *n = &w->node[at];
    if (n->bucket != w->bucket)
        catch_up(w, n);
    if (!n->active) {
        n->active = true;
        w->active = og_xgrow(w->active, &w->active_cap, w->n_active + 1, sizeof *w->active);
        w->active[w->n_active++] = at;
    }
    return n;
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

struct scale {
    float mid, scale;
    size_t n;
};

/* Median and spread of a feature over a sample of the active nodes; their values stay sorted. */
static struct scale population(struct og_windows *w, size_t source, size_t f)
{
    float *v = w->sorted + (source * OG_FEATURES + f) * OG_WINDOW_SAMPLE, dev[OG_WINDOW_SAMPLE];
    size_t step = 1 + (w->n_active - 1) / OG_WINDOW_SAMPLE, n = 0;
    float floor = og_window_floor((enum og_feature)f);
    for (size_t i = 0; i < w->n_active; i += step) {
        float x = w->raw[(i * SOURCES + source) * OG_FEATURES + f];
        if (!isnan(x))
            v[n++] = x;
    }
    if (n == 0)
        return (struct scale){0, floor, 0};
    qsort(v, n, sizeof *v, by_value);
    struct scale s = {.mid = v[n / 2], .n = n};
    for (size_t i = 0; i < n; i++)
        dev[i] = fabsf(v[i] - s.mid);
    qsort(dev, n, sizeof *dev, by_value);
    s.scale = fmaxf(1.4826f * dev[n / 2], floor);
    return s;
}

static float clip(float z)
{
    return isnan(z) ? 0 : z > OG_WINDOW_Z ? OG_WINDOW_Z : z < -OG_WINDOW_Z ? -OG_WINDOW_Z : z;
}

static float share_below(const float *sorted, size_t n, float x)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (sorted[mid] < x)
            lo = mid + 1;
        else
            hi = mid;
    }
    return n ? (float)lo / (float)n : 0;
}

/* The hour against the node's own past, and what it adds to that. */
static void own_past(struct og_wnode *n, const float *hour, struct og_window_row *row)
{
    for (size_t f = 0; f < OG_FEATURES; f++) {
        float dev = sqrtf(n->var[f]), x = isnan(hour[f]) ? n->mean[f] : hour[f];
        float d = x - n->mean[f];
        row->raw[OG_HORIZON_OWN][f] = n->mean[f];
        row->usual_dev[f] = dev;
        row->x[OG_HORIZON_OWN][f] =
            n->seen < PAST_LEAST ? 0 : clip(d / fmaxf(dev, og_window_floor((enum og_feature)f)));
        float rate = 1.0f / (float)((n->seen < PAST ? n->seen : PAST) + 1);
        n->mean[f] += rate * d;
        n->var[f] = (1 - rate) * (n->var[f] + rate * d * d);
    }
    n->seen += n->seen < PAST;
}

static void raw_of(struct og_windows *w, size_t i)
{
    struct og_wnode *n = &w->node[w->active[i]];
    float hour[OG_SUMS] = {0}, *out = w->raw + i * SOURCES * OG_FEATURES;
    const float *now = n->ring[w->bucket % OG_WINDOW_HOUR];
    for (int k = 0; k < OG_WINDOW_HOUR; k++)
        for (int s = 0; s < OG_SUMS; s++)
            hour[s] += n->ring[k][s];
    for (int s = 0; s < OG_SUMS; s++)
        n->day[s] = n->day[s] * DAY_FADE + now[s];
    og_window_features(w, n, now, out);
    og_window_features(w, n, hour, out + OG_FEATURES);
    og_window_features(w, n, n->day, out + (size_t)2 * OG_FEATURES);
}

static enum og_rc emit(struct og_windows *w, struct scale scale[SOURCES][OG_FEATURES],
                       og_window_fn fn, void *ctx, struct og_err *err)
{
    struct og_window_row row;
    for (size_t i = 0; i < w->n_active; i++) {
        struct og_wnode *n = &w->node[w->active[i]];
        const float *raw = w->raw + i * SOURCES * OG_FEATURES;
        row.node = n->id;
        row.t0_ms = w->bucket * OG_WINDOW_MS;
        row.t1_ms = row.t0_ms + OG_WINDOW_MS;
        row.events = (uint64_t)n->ring[w->bucket % OG_WINDOW_HOUR][OG_S_EVENTS];
        for (size_t s = 0; s < SOURCES; s++)
            for (size_t f = 0; f < OG_FEATURES; f++) {
                float x = raw[s * OG_FEATURES + f];
                row.raw[horizon_of[s]][f] = x;
                row.x[horizon_of[s]][f] = clip((x - scale[s][f].mid) / scale[s][f].scale);
            }
        for (size_t f = 0; f < OG_FEATURES; f++)
            row.share_below[f] = share_below(w->sorted + (OG_FEATURES + f) * OG_WINDOW_SAMPLE,
                                             scale[1][f].n, raw[OG_FEATURES + f]);
        own_past(n, raw + OG_FEATURES, &row);
        OG_TRY(fn(ctx, &row, err));
    }
    return OG_OK;
}

static int by_node(const void *a, const void *b, void *ctx)
{
    const struct og_wnode *node = ctx;
    uint64_t x = node[*(const uint32_t *)a].id, y = node[*(const uint32_t *)b].id;
    return x < y ? -1 : x > y;
}

enum og_rc og_windows_end(struct og_windows *w, og_window_fn fn, void *ctx, struct og_err *err)
{
    struct scale scale[SOURCES][OG_FEATURES];
    if (w->n_active == 0)
        return OG_OK;
    qsort_r(w->active, w->n_active, sizeof *w->active, by_node, w->node);
    if (w->raw_cap < w->n_active * SOURCES * OG_FEATURES) {
        w->raw_cap = w->n_active * SOURCES * OG_FEATURES;
        w->raw = og_xrealloc(w->raw, w->raw_cap * sizeof *w->raw);
    }
    for (size_t i = 0; i < w->n_active; i++)
        raw_of(w, i);
    for (size_t s = 0; s < SOURCES; s++)
        for (size_t f = 0; f < OG_FEATURES; f++)
            scale[s][f] = population(w, s, f);
    enum og_rc rc = emit(w, scale, fn, ctx, err);
    for (size_t i = 0; i < w->n_active; i++)
        w->node[w->active[i]].active = false;
    w->n_active = 0;
    return rc;
}

enum og_rc og_windows_add(struct og_windows *w, const struct og_guard_event *e, og_window_fn fn,
                          void *ctx, struct og_err *err)
{
    uint64_t bucket = e->time_ms / OG_WINDOW_MS;
    if (bucket > w->bucket) {
        OG_TRY(og_windows_end(w, fn, ctx, err));
        w->bucket = bucket;
    }
    og_window_sum(w, find(w, e->node), e);
    return OG_OK;
}
