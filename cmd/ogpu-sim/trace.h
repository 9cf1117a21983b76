/* trace.h - a made-up population of nodes and what happens to it, as events with labels. */
#ifndef OG_CMD_TRACE_H
#define OG_CMD_TRACE_H

#include "base/base_buf.h"
#include "base/base_err.h"
#include "guard/guard_event.h"
#include "guard/guard_rng.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TRACE_SLOT_MS   300000u /* everything is drawn five minutes at a time */
#define TRACE_REGIONS   6u
#define TRACE_START_MS  1767225600000u /* 2026-01-01 */
#define TRACE_NODES_MAX 100000u

/* name, word, held out of training */
#define TRACE_ATTACKS(X)                                                                           \
    X(LAZY, "lazy", false)                                                                         \
    X(COPY, "copy", false)                                                                         \
    X(OVERCLAIM, "overclaim", false)                                                               \
    X(WASH, "wash", true)                                                                          \
    X(SYBIL, "sybil", false)                                                                       \
    X(CHURN, "churn", false)                                                                       \
    X(REPLAY, "replay", false)                                                                     \
    X(DOUBLE_SIGN, "double-sign", false)                                                           \
    X(FREERIDER, "freerider", true)                                                                \
    X(FLOOD, "flood", false)                                                                       \
    X(MALFORMED, "malformed", true)                                                                \
    X(GOUGE, "gouge", false)                                                                       \
    X(ONOFF, "onoff", false)                                                                       \
    X(WHITEWASH, "whitewash", false)                                                               \
    X(COLLUDE, "collude", true)                                                                    \
    X(POISON, "poison", false)

enum trace_attack {
#define X(name, word, out) TRACE_##name,
    TRACE_ATTACKS(X)
#undef X
        TRACE_ATTACK_COUNT
};
#define TRACE_HONEST TRACE_ATTACK_COUNT

/* Things that happen to honest nodes and look strange. */
#define TRACE_BENIGN(X)                                                                            \
    X(UPGRADE, "gpu-upgrade")                                                                      \
    X(ISP, "isp-change")                                                                           \
    X(DRIVER, "driver-upgrade")                                                                    \
    X(CROWD, "flash-crowd")                                                                        \
    X(PARTITION, "partition")                                                                      \
    X(PRICE_WAR, "price-war")                                                                      \
    X(NEW_REGION, "new-region")                                                                    \
    X(BIG_CUSTOMER, "big-customer")

enum trace_benign {
#define X(name, word) TRACE_B_##name,
    TRACE_BENIGN(X)
#undef X
        TRACE_BENIGN_COUNT
};

enum trace_stealth { TRACE_PLAIN, TRACE_RAMP, TRACE_DUTY };

struct trace_node {
    uint64_t id, net, asn, funder, hw, driver, born_ms;
    uint32_t region, customers; /* its requesters are drawn from those it serves most */
    double speed, claimed, vram, rate, phase, price, serves, jitter, slack;
    bool joined, gone;
    double busy; /* of the slot, 0..1 */
    /* an attack, if any */
    enum trace_attack attack;
    enum trace_stealth stealth;
    double eps;
    uint64_t t0, t1;
    uint32_t crew; /* who it works with: attackers of one number */
    uint32_t size;
    bool done; /* what happens once, has */
    /* a benign change */
    int benign; /* enum trace_benign, -1: none */
    uint64_t b0, b1;
};

struct trace_opts {
    uint64_t seed, nodes, hours, attackers, first;
    int families; /* 0 all, 1 those of training, 2 those held out, 3 none */
    int eps;      /* index: 0 mixed, 1 = 0.02, 2 = 0.1, 3 = 0.5 */
    const char *labels;
};

struct trace {
    const struct trace_opts *o;
    struct og_rng rng;
    struct trace_node *node;
    size_t n, cap;
    uint64_t now_ms, end_ms;
    struct og_guard_event *ev;
    size_t evs, ev_cap;
    uint64_t lease, height, next_id, next_crew, last_hash;
    struct {
        uint64_t node, hash, time_ms;
    } seen[2]; /* the last commits of two different nodes */
    uint64_t b0[TRACE_BENIGN_COUNT], b1[TRACE_BENIGN_COUNT]; /* what happens to many at once */
    uint32_t partition_region;
    struct og_buf out, labels;
};

/* trace_world.c */
void trace_populate(struct trace *t);
struct trace_node *trace_add_node(struct trace *t);
void trace_label(struct trace *t, const struct trace_node *n, const char *scenario);
bool trace_happens(const struct trace *t, enum trace_benign b);
bool trace_own_benign(const struct trace *t, const struct trace_node *n, enum trace_benign b);
double trace_normal(struct og_rng *r);
uint32_t trace_poisson(struct og_rng *r, double mean);
static inline bool trace_chance(struct og_rng *r, double p)
{
    return (double)og_rng_unit(r) < p;
}

/* trace_attack.c. What cheats now, 0..1: the intensity by stealth; 0 for honest nodes. */
const char *trace_attack_word(enum trace_attack a);
bool trace_attack_held_out(enum trace_attack a);
double trace_force(const struct trace *t, const struct trace_node *n, enum trace_attack a);
void trace_assign_attacks(struct trace *t);
void trace_once(struct trace *t, size_t at); /* joins again, sybils, double signatures, replays */

/* trace_slot.c. The events of a node in the slot that begins at t->now_ms. */
struct og_guard_event *trace_event(struct trace *t, const struct trace_node *n,
                                   enum og_guard_what what);
void trace_joined(struct trace *t, struct trace_node *n);
void trace_slot(struct trace *t, size_t at);

/* trace.c */
enum og_rc trace_run(const struct trace_opts *o, struct og_err *err) OG_MUST_CHECK;

#endif
