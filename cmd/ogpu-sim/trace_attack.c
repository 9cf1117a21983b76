/* trace_attack.c - sixteen ways to cheat: who, when, how hard, and what happens only once. */
#include "trace.h"

#include "base/base_mem.h"

#include <math.h>
#include <string.h>

static const struct {
    const char *word;
    bool held_out;
} attacks[] = {
#define X(name, word, out) {word, out},
    TRACE_ATTACKS(X)
#undef X
};

const char *trace_attack_word(enum trace_attack a)
{
    return attacks[a].word;
}

bool trace_attack_held_out(enum trace_attack a)
{
    return attacks[a].held_out;
}

double trace_force(const struct trace *t, const struct trace_node *n, enum trace_attack a)
{
    if (n->attack != a || t->now_ms < n->t0 || t->now_ms >= n->t1)
        return 0;
    double passed = (double)(t->now_ms - n->t0), all = (double)(n->t1 - n->t0);
    uint64_t hour = (t->now_ms - n->t0) / 3600000;
    switch (n->stealth) {
    case TRACE_PLAIN: break;
    case TRACE_RAMP: return n->eps * fmin(1.0, 0.1 + 2.0 * passed / all);
    case TRACE_DUTY: return hour % 2 ? 0 : n->eps;
    }
    if (a == TRACE_ONOFF) /* two hours good, two bad */
        return hour % 4 < 2 ? 0 : n->eps;
    if (a == TRACE_POISON) /* a slow drift */
        return n->eps * passed / all;
    return n->eps;
}

static bool wanted(const struct trace *t, enum trace_attack a)
{
    switch (t->o->families) {
    case 0: return true;
    case 1: return !attacks[a].held_out;
    case 2: return attacks[a].held_out;
    default: return false;
    }
}

static double intensity(struct trace *t)
{
    static const double eps[] = {0.02, 0.1, 0.5};
    return t->o->eps ? eps[t->o->eps - 1] : eps[og_rng_below(&t->rng, 3)];
}

/* One attack after the other over different nodes; crews where a scenario has several. */
void trace_assign_attacks(struct trace *t)
{
    uint64_t all = t->end_ms - t->now_ms, left = og_min_u64(t->o->attackers, t->n);
    size_t at = 0, a = 0;
    if (t->o->families == 3)
        return;
    while (left > 0) {
        enum trace_attack kind = (enum trace_attack)(a++ % TRACE_ATTACK_COUNT);
        if (!wanted(t, kind))
            continue;
        bool crew = kind == TRACE_COLLUDE || kind == TRACE_WASH || kind == TRACE_COPY;
        uint32_t size = crew ? (uint32_t)og_min_u64(left, 2 + og_rng_below(&t->rng, 4)) : 1;
        double eps = intensity(t);
        uint64_t t0 = t->now_ms + all / 24 + og_rng_below(&t->rng, all / 12 + 1);
        enum trace_stealth stealth =
            eps < 0.5 && kind != TRACE_ONOFF && kind != TRACE_POISON && !crew
                ? (enum trace_stealth)og_rng_below(&t->rng, 3)
                : TRACE_PLAIN;
        t->next_crew++;
        for (uint32_t k = 0; k < size; k++, left--) {
            struct trace_node *n = &t->node[at++];
            n->attack = kind;
            n->eps = eps;
            n->stealth = stealth;
            n->size = size;
            n->crew = (uint32_t)t->next_crew;
            n->t0 = t0;
            n->t1 = t->end_ms;
            if (crew && kind != TRACE_COPY)
                n->funder = (1u << 21) + n->crew;
            trace_label(t, n, attacks[kind].word);
        }
    }
}

static void sybils(struct trace *t, size_t at)
{
    struct trace_node first = t->node[at];
    uint32_t more = (uint32_t)(2 + first.eps * 40);
    for (uint32_t k = 0; k < more && t->n < TRACE_NODES_MAX; k++) {
        struct trace_node *n = trace_add_node(t);
        n->net = first.net;
        n->asn = first.asn;
        n->funder = first.funder;
        n->region = first.region;
        n->hw = k % 2 ? first.hw : n->hw;
        n->attack = TRACE_SYBIL;
        n->eps = first.eps;
        n->crew = first.crew;
        n->size = more + 1;
        n->t0 = t->now_ms;
        n->t1 = t->end_ms;
        n->born_ms = t->now_ms;
        trace_label(t, n, attacks[TRACE_SYBIL].word);
        trace_joined(t, n);
    }
    t->node[at].done = true;
}

/* Leaves and joins again under another number, on the same machine. */
static void whitewash(struct trace *t, size_t at)
{
    struct trace_node old = t->node[at];
    struct trace_node *n = trace_add_node(t);
    uint64_t id = n->id;
    *n = old;
    n->id = id;
    n->born_ms = t->now_ms;
    n->t0 = t->now_ms;
    n->joined = n->done = false;
    t->node[at].gone = true;
    trace_label(t, n, attacks[TRACE_WHITEWASH].word);
    trace_joined(t, n);
}

static void seen_twice(struct trace *t, struct trace_node *n)
{
    struct og_guard_event *e;
    for (int k = 0; k < 2; k++) {
        if (n->attack == TRACE_DOUBLE_SIGN) {
            e = trace_event(t, n, OG_GE_SIGNED);
            e->v[OG_GE_SIGNED_HEIGHT] = t->height;
            e->has_hash = true;
            og_put_be64(e->hash.b, t->height * 2 + (uint64_t)k + 1);
            continue;
        }
        e = trace_event(t, n, OG_GE_RECEIPT);
        e->v[0] = t->lease++;
        e->has_hash = true;
        og_put_be64(e->hash.b, n->id << 20 | (t->now_ms / TRACE_SLOT_MS & 0xfffff));
        e->hash.b[31] = 7;
    }
    e->time_ms = og_min_u64(e->time_ms + 1000, t->now_ms + TRACE_SLOT_MS - 1);
}

void trace_once(struct trace *t, size_t at)
{
    struct trace_node *n = &t->node[at];
    if (n->attack == TRACE_HONEST || t->now_ms < n->t0 || n->gone)
        return;
    double slots_per_hour = 12;
    switch (n->attack) {
    case TRACE_SYBIL:
        if (!n->done && n->size == 1)
            sybils(t, at);
        break;
    case TRACE_WHITEWASH: /* every few hours */
        if (t->now_ms - n->t0 > 3600000 &&
            trace_chance(&t->rng, (0.1 + n->eps) / (4 * slots_per_hour)))
            whitewash(t, at);
        break;
    case TRACE_REPLAY:
    case TRACE_DOUBLE_SIGN:
        if (!n->done || trace_chance(&t->rng, n->eps / slots_per_hour))
            seen_twice(t, n);
        n->done = true;
        break;
    default: break;
    }
}
