/* trace_world.c - honest nodes: how fast, where, when, for whom; what happens to many at once. */
#include "trace.h"

#include "base/base_mem.h"

#include <math.h>

static const char *const benign_words[] = {
#define X(name, word) word,
    TRACE_BENIGN(X)
#undef X
};

double trace_normal(struct og_rng *r)
{
    double u = 1.0 - (double)og_rng_unit(r), v = (double)og_rng_unit(r);
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}

uint32_t trace_poisson(struct og_rng *r, double mean)
{
    double limit = exp(-mean), p = 1.0;
    uint32_t k = 0;
    if (mean > 60) {
        double x = mean + sqrt(mean) * trace_normal(r);
        return x < 0 ? 0 : (uint32_t)x;
    }
    do
        p *= 1.0 - (double)og_rng_unit(r);
    while (p > limit && ++k < 200);
    return k;
}

void trace_label(struct trace *t, const struct trace_node *n, const char *scenario)
{
    static const char *const stealth[] = {"none", "ramp", "duty"};
    bool attack = n->attack != TRACE_HONEST;
    og_buf_addf(&t->labels, "{\"attack\":%s", attack ? "true" : "false");
    if (attack)
        og_buf_addf(&t->labels, ",\"eps_ppm\":%.0f,\"held_out\":%s", n->eps * 1e6,
                    trace_attack_held_out(n->attack) ? "true" : "false");
    og_buf_addf(&t->labels, ",\"kind\":\"label\",\"node\":%llu,\"scenario\":\"%s\"",
                (unsigned long long)n->id, scenario);
    if (attack)
        og_buf_addf(&t->labels, ",\"size\":%u,\"stealth\":\"%s\"", n->size, stealth[n->stealth]);
    og_buf_addf(&t->labels, ",\"t0_ms\":%llu,\"t1_ms\":%llu,\"v\":1}\n",
                (unsigned long long)(attack ? n->t0 : n->b0),
                (unsigned long long)(attack ? n->t1 : n->b1));
}

struct trace_node *trace_add_node(struct trace *t)
{
    static const double classes[] = {4e6, 9e6, 20e6, 40e6, 80e6};
    static const double vram[] = {8e9, 12e9, 16e9, 24e9, 80e9};
    struct og_rng *r = &t->rng;
    t->node = og_xgrow(t->node, &t->cap, t->n + 1, sizeof *t->node);
    struct trace_node *n = &t->node[t->n++];
    size_t c = og_rng_below(r, 5);
    *n = (struct trace_node){.id = t->next_id++, .attack = TRACE_HONEST, .benign = -1};
    n->region = (uint32_t)og_rng_below(r, TRACE_REGIONS);
    n->net = 1000 + og_rng_below(r, 1u << 20);
    n->asn = 64512 + n->region * 16 + og_rng_below(r, 8);
    n->funder = 1 + og_rng_below(r, 1u << 20);
    n->hw = 1 + (og_rng_next(r) >> 12);
    n->driver = 550 + og_rng_below(r, 3);
    n->speed = classes[c] * exp(0.08 * trace_normal(r));
    n->claimed = n->speed * (1.0 + 0.03 * fabs(trace_normal(r)));
    n->vram = vram[c];
    n->rate = 2.5 * exp(0.5 * trace_normal(r));
    n->rate = n->rate > 8 ? 8 : n->rate;
    n->phase = (double)og_rng_unit(r) * 4 + n->region * 4;
    n->price = exp(0.12 * trace_normal(r));
    n->serves = exp(0.4 * trace_normal(r));
    n->jitter = 0.05 + 0.05 * (double)og_rng_unit(r);
    n->slack = 0.3 + 0.4 * (double)og_rng_unit(r);
    n->customers = 10 + (uint32_t)og_rng_below(r, 200);
    n->born_ms = t->now_ms;
    return n;
}

/* An hour, somewhere in the trace but not at its ends. */
static void span(struct trace *t, uint64_t length_ms, uint64_t *from, uint64_t *to)
{
    uint64_t all = t->end_ms - t->now_ms;
    *from = t->now_ms + all / 10 + og_rng_below(&t->rng, all * 8 / 10 + 1);
    *to = og_min_u64(*from + length_ms, t->end_ms);
}

static void benign_of_nodes(struct trace *t)
{
    static const enum trace_benign own[] = {TRACE_B_UPGRADE, TRACE_B_ISP, TRACE_B_DRIVER};
    for (size_t i = 0; i < t->n; i++) {
        struct trace_node *n = &t->node[i];
        if (n->attack != TRACE_HONEST || !trace_chance(&t->rng, 0.10))
            continue;
        n->benign = (int)own[og_rng_below(&t->rng, 3)];
        span(t, 3600000, &n->b0, &n->b1);
        trace_label(t, n, benign_words[n->benign]);
    }
}

/* The pool as a whole: label's node is 0. */
static void benign_of_all(struct trace *t)
{
    static const struct {
        enum trace_benign b;
        uint64_t ms;
    } all[] = {{TRACE_B_CROWD, 2 * 3600000},
               {TRACE_B_PARTITION, 1500000},
               {TRACE_B_PRICE_WAR, 4 * 3600000},
               {TRACE_B_NEW_REGION, 3600000},
               {TRACE_B_BIG_CUSTOMER, 6 * 3600000}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct trace_node pool = {.attack = TRACE_HONEST};
        span(t, all[i].ms, &pool.b0, &pool.b1);
        t->b0[all[i].b] = pool.b0;
        t->b1[all[i].b] = pool.b1;
        trace_label(t, &pool, benign_words[all[i].b]);
    }
    t->partition_region = (uint32_t)og_rng_below(&t->rng, TRACE_REGIONS);
}

bool trace_happens(const struct trace *t, enum trace_benign b)
{
    return t->now_ms >= t->b0[b] && t->now_ms < t->b1[b];
}

bool trace_own_benign(const struct trace *t, const struct trace_node *n, enum trace_benign b)
{
    return n->benign == (int)b && t->now_ms >= n->b0;
}

void trace_populate(struct trace *t)
{
    size_t newcomers = t->o->nodes / 16;
    for (size_t i = 0; i < t->o->nodes; i++) {
        struct trace_node *n = trace_add_node(t);
        n->born_ms = t->now_ms;
        if (i > 0 &&
            trace_chance(&t->rng, 0.2)) { /* an owner of several, some of them in one room */
            n->funder = t->node[i - 1].funder;
            n->net = trace_chance(&t->rng, 0.5) ? t->node[i - 1].net : n->net;
        }
    }
    trace_assign_attacks(t);
    benign_of_nodes(t);
    benign_of_all(t);
    for (size_t i = 0; i < newcomers; i++) {
        struct trace_node *n = trace_add_node(t);
        uint64_t b0 = t->b0[TRACE_B_NEW_REGION], b1 = t->b1[TRACE_B_NEW_REGION];
        n->region = TRACE_REGIONS;
        n->asn = 65000 + og_rng_below(&t->rng, 4);
        n->born_ms = b0 + og_rng_below(&t->rng, b1 - b0 + 1);
    }
}
