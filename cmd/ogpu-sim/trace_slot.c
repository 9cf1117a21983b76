/* trace_slot.c - what a node does in five minutes. */
#include "trace.h"

#include "base/base_mem.h"

#include <math.h>
#include <string.h>

#define NEAR_MS 40 /* a copied commit comes so soon behind */

struct og_guard_event *trace_event(struct trace *t, const struct trace_node *n,
                                   enum og_guard_what what)
{
    t->ev = og_xgrow(t->ev, &t->ev_cap, t->evs + 1, sizeof *t->ev);
    struct og_guard_event *e = &t->ev[t->evs++];
    *e = (struct og_guard_event){.node = n->id, .what = what};
    e->time_ms = t->now_ms + og_rng_below(&t->rng, TRACE_SLOT_MS);
    return e;
}

static uint64_t ppm(double x)
{
    return x <= 0 ? 0 : x > 1e6 ? 1000000000000u : (uint64_t)(x * 1e6 + 0.5);
}

static void capacity(struct trace *t, struct trace_node *n)
{
    struct og_guard_event *e = trace_event(t, n, OG_GE_CAPACITY);
    double over = 1.0 + 2.0 * trace_force(t, n, TRACE_OVERCLAIM);
    e->v[OG_GE_CAP_CLAIMED] = (uint64_t)(n->claimed * over);
    e->v[OG_GE_CAP_MEASURED] = (uint64_t)(n->speed * (1.0 + 0.02 * trace_normal(&t->rng)));
    e->v[OG_GE_CAP_DRIVER] = n->driver;
    e->v[OG_GE_CAP_HW] = n->hw;
    e->v[OG_GE_CAP_VRAM_CLAIMED] = (uint64_t)(n->vram * (over > 1 ? 1.0 + (over - 1) / 2 : 1.0));
    e->v[OG_GE_CAP_VRAM_MEASURED] = (uint64_t)(n->vram * 0.99);
}

void trace_joined(struct trace *t, struct trace_node *n)
{
    struct og_guard_event *e = trace_event(t, n, OG_GE_JOINED);
    e->time_ms = t->now_ms;
    e->v[OG_GE_JOINED_ASN] = n->asn;
    e->v[OG_GE_JOINED_FUNDER] = n->funder;
    e->v[OG_GE_JOINED_HW] = n->hw;
    e->v[OG_GE_JOINED_NET] = n->net;
    e->v[OG_GE_JOINED_REGION] = n->region;
    n->joined = true;
    capacity(t, n);
}

/* Requesters by Zipf's law; a big customer takes half of the market for a while. */
static uint64_t requester(struct trace *t, const struct trace_node *n)
{
    if (trace_happens(t, TRACE_B_BIG_CUSTOMER) && trace_chance(&t->rng, 0.5))
        return 7;
    double u = (double)og_rng_unit(&t->rng);
    return 100 + (uint64_t)(exp(u * log((double)n->customers)) - 1.0) * 131 + n->id % 17;
}

/* A node that sends bad results: the share of them. */
static double badness(const struct trace *t, const struct trace_node *n)
{
    return 1e-3 + trace_force(t, n, TRACE_LAZY) + trace_force(t, n, TRACE_ONOFF) +
           trace_force(t, n, TRACE_WHITEWASH) + 0.5 * trace_force(t, n, TRACE_POISON);
}

static double pace(struct trace *t, const struct trace_node *n)
{
    double ratio = n->speed / n->claimed * exp(n->jitter * trace_normal(&t->rng));
    if (trace_own_benign(t, n, TRACE_B_DRIVER))
        ratio *= 1.07;
    ratio /= 1.0 + 2.0 * trace_force(t, n, TRACE_OVERCLAIM);
    ratio /= 1.0 + 0.6 * trace_force(t, n, TRACE_POISON);
    if (trace_chance(&t->rng, trace_force(t, n, TRACE_LAZY) + trace_force(t, n, TRACE_ONOFF)))
        ratio *= 3.0; /* not computed: back much too soon */
    return ratio;
}

static void commit(struct trace *t, const struct trace_node *n, uint64_t lease)
{
    double copies = trace_force(t, n, TRACE_COPY), crew = trace_force(t, n, TRACE_COLLUDE);
    struct og_guard_event *e = trace_event(t, n, OG_GE_COMMIT);
    bool second = trace_chance(&t->rng, 0.25); /* another node runs the same elements */
    bool copied = trace_chance(&t->rng, copies);
    e->v[OG_GE_COMMIT_LEASE] = lease;
    if (copied)
        e->v[OG_GE_COMMIT_BEHIND] = 1 + og_rng_below(&t->rng, NEAR_MS);
    else if (second)
        e->v[OG_GE_COMMIT_BEHIND] = 200 + og_rng_below(&t->rng, 30000);
    e->v[OG_GE_COMMIT_GROUP] = trace_chance(&t->rng, crew) ? n->size : second ? 2 : 1;
    e->has_hash = true;
    og_put_be64(e->hash.b, ++t->last_hash);
    size_t other = t->seen[0].node == n->id;
    bool there = t->seen[other].node && t->seen[other].time_ms >= t->now_ms;
    if (copied && there && trace_chance(&t->rng, 0.2)) { /* its hash names the other node */
        og_put_be64(e->hash.b, t->seen[other].hash);
        e->time_ms = og_min_u64(t->seen[other].time_ms + NEAR_MS, t->now_ms + TRACE_SLOT_MS - 1);
        e->time_ms = e->time_ms > t->seen[other].time_ms ? e->time_ms : e->time_ms + 1;
        return;
    }
    if (!other)
        t->seen[1] = t->seen[0];
    t->seen[0].node = n->id;
    t->seen[0].hash = t->last_hash;
    t->seen[0].time_ms = e->time_ms;
}

static void task(struct trace *t, const struct trace_node *n)
{
    struct og_rng *r = &t->rng;
    double wash = trace_force(t, n, TRACE_WASH), crew = trace_force(t, n, TRACE_COLLUDE);
    struct og_guard_event *e = trace_event(t, n, OG_GE_SETTLED);
    uint64_t lease = ++t->lease;
    bool cut = trace_happens(t, TRACE_B_PARTITION) && n->region == t->partition_region;
    bool kin = trace_chance(r, 0.01 + wash);
    bool helped = trace_chance(r, crew);
    e->v[OG_GE_SETTLED_PEER] = kin ? 50 + n->crew : requester(t, n);
    e->v[OG_GE_SETTLED_KIN] = kin && wash > 0;
    e->v[OG_GE_SETTLED_TURNS] = kin && trace_chance(r, 0.7);
    e->v[OG_GE_SETTLED_CHECKED] = trace_chance(r, 0.3);
    e->v[OG_GE_SETTLED_LATE] = trace_chance(r, cut ? 0.5 : 0.02);
    e->v[OG_GE_SETTLED_OK] =
        helped || !trace_chance(r, badness(t, n) + (e->v[OG_GE_SETTLED_LATE] ? 0.002 : 0));
    e->v[OG_GE_SETTLED_TIME] = ppm(1.0 / pace(t, n));
    e->v[OG_GE_SETTLED_SLACK] = ppm(n->slack * exp(0.2 * trace_normal(r)));
    e->v[OG_GE_SETTLED_GRAINS] = (uint64_t)(1e6 * exp(trace_normal(r)) * (kin ? 3 : 1));
    commit(t, n, lease);
    e = trace_event(t, n, OG_GE_RECEIPT);
    e->v[0] = lease;
    e->has_hash = true;
    og_put_be64(e->hash.b, lease);
    e->hash.b[31] = 3;
    if (trace_chance(r, 0.05)) {
        e = trace_event(t, n, OG_GE_CANARY);
        e->v[0] = !trace_chance(r, badness(t, n) + crew);
    }
}

static void market(struct trace *t, const struct trace_node *n)
{
    struct og_rng *r = &t->rng;
    double gouge = trace_force(t, n, TRACE_GOUGE), churn = trace_force(t, n, TRACE_CHURN);
    double war = trace_happens(t, TRACE_B_PRICE_WAR) ? 0.6 : 1.0;
    struct og_guard_event *e;
    if (trace_chance(r, 0.5)) {
        e = trace_event(t, n, OG_GE_PRICE);
        e->v[0] = ppm(n->price * war * (1.0 + 2.0 * gouge) * exp(0.03 * trace_normal(r)));
        e->v[1] = trace_chance(r, 0.002 + gouge);
    }
    if (trace_chance(r, 0.001 + 0.6 * churn)) {
        e = trace_event(t, n, OG_GE_STAKE);
        e->v[0] = ppm(0.05 + 0.2 * (double)og_rng_unit(r) + churn);
    }
    if (trace_chance(r, 0.2)) {
        bool cut = trace_happens(t, TRACE_B_PARTITION) && n->region == t->partition_region;
        double crew = trace_force(t, n, TRACE_COLLUDE);
        e = trace_event(t, n, OG_GE_VOTE);
        e->v[0] = !trace_chance(r, cut ? 0.6 : 0.02);
        e->v[1] = e->v[0] && trace_chance(r, fmin(1.0, 0.985 - 0.4 * crew));
    }
    if (trace_chance(r, 0.002)) {
        e = trace_event(t, n, OG_GE_DISPUTE);
        e->v[0] = trace_chance(r, 0.3 + 0.7 * trace_force(t, n, TRACE_LAZY));
    }
    if (trace_chance(r, 0.0002 + 0.05 * trace_force(t, n, TRACE_FLOOD))) {
        e = trace_event(t, n, OG_GE_INTEL);
        e->v[0] = 300000;
    }
    double lazy = trace_force(t, n, TRACE_LAZY) + trace_force(t, n, TRACE_ONOFF);
    e = trace_event(t, n, OG_GE_TELEMETRY);
    double util = fmin(1.0, 0.1 + 0.8 * n->busy * exp(0.1 * trace_normal(r)));
    e->v[0] = ppm(fmin(1.0, util * exp(0.08 * trace_normal(r)) + 0.5 * lazy));
    e->v[1] = ppm(util);
}

static void traffic(struct trace *t, const struct trace_node *n, uint32_t tasks)
{
    struct og_rng *r = &t->rng;
    double flood = trace_force(t, n, TRACE_FLOOD), bad = trace_force(t, n, TRACE_MALFORMED);
    double crowd = trace_happens(t, TRACE_B_CROWD) ? 4.0 : 1.0;
    double rtt = 20000 + 9000.0 * n->region;
    bool cut = trace_happens(t, TRACE_B_PARTITION) && n->region == t->partition_region;
    bool moved = trace_own_benign(t, n, TRACE_B_ISP);
    struct og_guard_event *e = trace_event(t, n, OG_GE_TRAFFIC);
    e->v[OG_GE_TRAFFIC_ASN] = n->asn + (moved ? 7 : 0);
    e->v[OG_GE_TRAFFIC_REGION] = n->region;
    e->v[OG_GE_TRAFFIC_CONNS] = trace_poisson(r, 10 * crowd * (1.0 + 60.0 * flood));
    e->v[OG_GE_TRAFFIC_HALF_OPEN] = trace_poisson(r, 0.2 * crowd + 300.0 * flood);
    e->v[OG_GE_TRAFFIC_FAILED] = trace_poisson(r, (cut ? 6 : 0.1) + 40.0 * flood + 4.0 * bad);
    e->v[OG_GE_TRAFFIC_MALFORMED] = trace_poisson(r, 0.01 + 12.0 * bad);
    e->v[OG_GE_TRAFFIC_RTT] = (uint64_t)(rtt *
                                         (cut     ? 8
                                          : moved ? 1.4
                                                  : 1.0) *
                                         exp(0.1 * trace_normal(r)));
    double bytes = 1e7 * (tasks + 1) * exp(0.3 * trace_normal(r));
    e->v[OG_GE_TRAFFIC_SENT] = (uint64_t)bytes;
    e->v[OG_GE_TRAFFIC_SERVED] =
        (uint64_t)(bytes * n->serves *
                   (1.0 - 0.98 * fmin(1.0, 1.8 * trace_force(t, n, TRACE_FREERIDER))) *
                   exp(0.2 * trace_normal(r)));
}

static void changes(struct trace *t, struct trace_node *n)
{
    bool starts = n->benign >= 0 && t->now_ms >= n->b0 && t->now_ms < n->b0 + TRACE_SLOT_MS;
    if (starts && n->benign == TRACE_B_UPGRADE) {
        n->speed *= 2;
        n->claimed *= 2;
        n->hw++;
    }
    if (starts && n->benign == TRACE_B_DRIVER)
        n->driver++;
    bool lies = trace_force(t, n, TRACE_OVERCLAIM) > 0;
    if (starts || trace_chance(&t->rng, lies ? 0.08 : 0.04))
        capacity(t, n);
}

void trace_slot(struct trace *t, size_t at)
{
    struct trace_node *n = &t->node[at];
    struct og_rng *r = &t->rng;
    double hour = (double)(t->now_ms % 86400000u) / 3600000.0 + n->phase;
    double day = 0.65 + 0.35 * sin(hour * 0.2617993877991494);
    double crowd = trace_happens(t, TRACE_B_CROWD) ? 2.5 : 1.0;
    if (n->gone || t->now_ms < n->born_ms)
        return;
    if (!n->joined)
        trace_joined(t, n);
    double sybil = trace_force(t, n, TRACE_SYBIL);
    uint32_t tasks = trace_poisson(r, n->rate * day * crowd * (sybil > 0 ? 0.3 : 1.0));
    n->busy = fmin(1.0, tasks / (n->rate * 2.0));
    for (uint32_t i = 0; i < tasks; i++)
        task(t, n);
    double taken = 0.95 - 0.7 * trace_force(t, n, TRACE_FREERIDER) - (sybil > 0 ? 0.3 : 0);
    for (uint32_t i = 0; i < 1 + tasks / 4; i++)
        trace_event(t, n, OG_GE_OFFERED)->v[0] = trace_chance(r, taken);
    changes(t, n);
    market(t, n);
    traffic(t, n, tasks);
    trace_once(t, at);
}
