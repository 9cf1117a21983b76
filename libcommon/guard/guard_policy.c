/* guard_policy.c - the states of a node, and what holds an action back. */
#include "guard/guard_policy.h"

#include "base/base_mem.h"
#include "base/base_num.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define BASE_MS     3600000u
#define BRAKE_PPM   50000u
#define PER_HOUR    5u
#define HOUR_MS     3600000u
#define STRIKES_MAX 16u
#define COLUMNS     10

static const char *const states[OG_POLICY_STATES] = {"observe", "warn", "throttle", "quarantine",
                                                     "probation"};
static const char *const causes[OG_POLICY_CAUSES] = {
    "suspicion", "quiet", "proof", "probe failed", "probe passed", "appeal", "lifted", "time"};
static const char *const helds[] = {"no", "allowed", "capacity", "rate"};

const char *og_policy_state_word(enum og_policy_state s)
{
    return states[s];
}

const char *og_policy_cause_word(enum og_policy_cause c)
{
    return causes[c];
}

const char *og_policy_held_word(enum og_policy_held h)
{
    return helds[h];
}

void og_policy_init(struct og_policy *p)
{
    *p = (struct og_policy){.base_ms = BASE_MS, .brake_ppm = BRAKE_PPM, .per_hour = PER_HOUR};
}

void og_policy_release(struct og_policy *p)
{
    free(p->node);
    p->node = NULL;
    p->n = p->cap = 0;
}

/* Where the node is, or would be. */
static size_t place(const struct og_policy *p, uint64_t node)
{
    size_t lo = 0, hi = p->n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (p->node[mid].node < node)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

enum og_policy_state og_policy_of(const struct og_policy *p, uint64_t node)
{
    size_t at = place(p, node);
    return at < p->n && p->node[at].node == node ? p->node[at].state : OG_OBSERVE;
}

static struct og_policy_node *get(struct og_policy *p, uint64_t node, uint64_t now_ms)
{
    size_t at = place(p, node);
    if (at == p->n || p->node[at].node != node) {
        p->node = og_xgrow(p->node, &p->cap, p->n + 1, sizeof *p->node);
        memmove(p->node + at + 1, p->node + at, (p->n - at) * sizeof *p->node);
        p->n++;
        p->node[at] = (struct og_policy_node){.node = node, .since_ms = now_ms};
    }
    return &p->node[at];
}

static bool allowed(const struct og_policy *p, uint64_t node)
{
    for (size_t i = 0; i < p->n_allow; i++)
        if (p->allow[i] == node)
            return true;
    return false;
}

static uint64_t stay(struct og_policy *p, struct og_policy_node *n, uint64_t now_ms)
{
    uint64_t halves = now_ms > n->strike_ms ? (now_ms - n->strike_ms) / OG_POLICY_HALF_MS : 0;
    n->strikes = halves < 32 ? n->strikes >> halves : 0;
    uint64_t ms = p->base_ms;
    for (uint32_t k = 0; k < n->strikes && ms < OG_POLICY_CAP_MS; k++)
        ms *= 2;
    return ms < OG_POLICY_CAP_MS ? ms : OG_POLICY_CAP_MS;
}

static bool restrains(enum og_policy_state s)
{
    return s == OG_THROTTLE || s == OG_QUARANTINE;
}

/* What follows from suspicion is bounded in capacity and in number. */
static enum og_policy_held brake(struct og_policy *p, const struct og_policy_node *n,
                                 uint64_t now_ms)
{
    uint64_t sum = n->capacity;
    for (size_t i = 0; i < p->n; i++)
        if (&p->node[i] != n && restrains(p->node[i].state) && p->node[i].learned)
            sum = sum + p->node[i].capacity < sum ? UINT64_MAX : sum + p->node[i].capacity;
    if (p->capacity && sum > og_muldiv(p->capacity, p->brake_ppm, OG_PPM))
        return OG_HELD_CAPACITY;
    if (now_ms - og_min_u64(p->hour_ms, now_ms) >= HOUR_MS) {
        p->hour_ms = now_ms;
        p->in_hour = 0;
    }
    return p->in_hour >= p->per_hour ? OG_HELD_RATE : OG_HELD_NOT;
}

/* The state that a cause leads to; the same one: nothing happens. */
static enum og_policy_state target(const struct og_policy_node *n, enum og_policy_cause cause)
{
    bool looked_at = n->state != OG_OBSERVE && n->state != OG_QUARANTINE;
    switch (cause) {
    case OG_CAUSE_SUSPICION:
        if (n->state == OG_OBSERVE)
            return OG_WARN;
        if (n->state == OG_PROBATION)
            return OG_THROTTLE;
        return n->state == OG_WARN && __builtin_popcount(n->hot) >= 2 ? OG_THROTTLE : n->state;
    case OG_CAUSE_QUIET:
        return n->state == OG_WARN && n->quiet >= OG_POLICY_QUIET ? OG_OBSERVE : n->state;
    case OG_CAUSE_PROOF: return OG_QUARANTINE;
    case OG_CAUSE_PROBE_BAD: return looked_at ? OG_QUARANTINE : n->state;
    case OG_CAUSE_PROBE_GOOD: return looked_at ? OG_OBSERVE : n->state;
    case OG_CAUSE_APPEAL: return restrains(n->state) ? OG_PROBATION : n->state;
    case OG_CAUSE_LIFT: return OG_OBSERVE;
    case OG_CAUSE_TIME: return restrains(n->state) ? OG_PROBATION : OG_OBSERVE;
    }
    return n->state;
}

static void move(struct og_policy *p, struct og_policy_node *n, struct og_policy_action *a)
{
    bool again = a->from == a->to;
    n->learned = restrains(a->to) && a->cause != OG_CAUSE_PROOF && !(again && !n->learned);
    n->until_ms = 0;
    if (restrains(a->to)) {
        n->until_ms = a->now_ms + stay(p, n, a->now_ms);
        n->strikes += n->strikes < STRIKES_MAX;
        n->strike_ms = a->now_ms;
        p->in_hour += n->learned;
    } else if (a->to == OG_PROBATION) {
        n->until_ms = a->now_ms + p->base_ms;
    }
    n->state = a->to;
    n->since_ms = a->now_ms;
    n->quiet = n->hot = 0;
    if (a->to == OG_WARN && a->cause == OG_CAUSE_SUSPICION)
        n->hot = 1;
    a->until_ms = n->until_ms;
}

bool og_policy_step(struct og_policy *p, uint64_t node, enum og_policy_cause cause, uint64_t now_ms,
                    uint64_t capacity, struct og_policy_action *out)
{
    if (cause == OG_CAUSE_QUIET && og_policy_of(p, node) == OG_OBSERVE)
        return false;
    if (p->n == OG_POLICY_NODES_MAX && cause != OG_CAUSE_PROOF &&
        og_policy_of(p, node) == OG_OBSERVE)
        return false;
    struct og_policy_node *n = get(p, node, now_ms);
    n->capacity = capacity ? capacity : n->capacity;
    if (cause == OG_CAUSE_SUSPICION || cause == OG_CAUSE_QUIET) {
        n->hot = (n->hot << 1 | (cause == OG_CAUSE_SUSPICION)) & 7;
        n->quiet = cause == OG_CAUSE_QUIET ? n->quiet + 1 : 0;
    }
    *out = (struct og_policy_action){.node = node,
                                     .now_ms = now_ms,
                                     .from = n->state,
                                     .to = target(n, cause),
                                     .cause = cause,
                                     .dry = p->dry};
    if (out->from == out->to && cause != OG_CAUSE_PROOF)
        return false;
    bool by_learning = cause == OG_CAUSE_SUSPICION || cause == OG_CAUSE_PROBE_BAD;
    if (restrains(out->to) && allowed(p, node))
        out->held = OG_HELD_ALLOWED;
    else if (restrains(out->to) && by_learning)
        out->held = brake(p, n, now_ms);
    if (out->held == OG_HELD_NOT)
        move(p, n, out);
    return true;
}

bool og_policy_expire(struct og_policy *p, uint64_t now_ms, struct og_policy_action *out)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->node[i].until_ms && p->node[i].until_ms <= now_ms)
            return og_policy_step(p, p->node[i].node, OG_CAUSE_TIME, now_ms, 0, out);
    return false;
}

void og_policy_encode(const struct og_policy *p, struct og_buf *out)
{
    bool first = true;
    og_buf_addf(out, "{\"hour_ms\":%llu,\"in_hour\":%llu,\"nodes\":[",
                (unsigned long long)p->hour_ms, (unsigned long long)p->in_hour);
    for (size_t i = 0; i < p->n; i++) {
        const struct og_policy_node *n = &p->node[i];
        const uint64_t v[COLUMNS] = {n->node,     n->since_ms, n->until_ms, n->strike_ms,
                                     n->capacity, n->strikes,  n->quiet,    n->hot,
                                     n->state,    n->learned};
        if (n->state == OG_OBSERVE && n->strikes == 0)
            continue;
        og_buf_adds(out, first ? "[" : ",[");
        first = false;
        for (int k = 0; k < COLUMNS; k++)
            og_buf_addf(out, k ? ",%llu" : "%llu", (unsigned long long)v[k]);
        og_buf_addc(out, ']');
    }
    og_buf_adds(out, "]}");
}

static bool read_node(const json_t *row, struct og_policy_node *n)
{
    uint64_t v[COLUMNS];
    if (!json_is_array(row) || json_array_size(row) != COLUMNS)
        return false;
    for (size_t k = 0; k < COLUMNS; k++) {
        const json_t *x = json_array_get(row, k);
        if (!json_is_integer(x) || json_integer_value(x) < 0)
            return false;
        v[k] = (uint64_t)json_integer_value(x);
    }
    if (v[5] > STRIKES_MAX || v[6] > UINT32_MAX || v[7] > 7 || v[8] >= OG_POLICY_STATES || v[9] > 1)
        return false;
    *n = (struct og_policy_node){v[0],           v[1],           v[2],
                                 v[3],           v[4],           (uint32_t)v[5],
                                 (uint32_t)v[6], (uint32_t)v[7], (enum og_policy_state)v[8],
                                 v[9] != 0};
    return true;
}

enum og_rc og_policy_decode(struct og_policy *p, const char *s, size_t n, struct og_err *err)
{
    json_t *o = n <= OG_POLICY_BYTES_MAX ? json_loadb(s, n, JSON_REJECT_DUPLICATES, NULL) : NULL;
    const json_t *nodes = json_object_get(o, "nodes");
    json_int_t hour = json_integer_value(json_object_get(o, "hour_ms"));
    json_int_t in_hour = json_integer_value(json_object_get(o, "in_hour"));
    bool ok = json_is_array(nodes) && json_array_size(nodes) <= OG_POLICY_NODES_MAX && hour >= 0 &&
              in_hour >= 0;
    size_t count = ok ? json_array_size(nodes) : 0;
    p->node = count ? og_xcalloc(count, sizeof *p->node) : NULL;
    p->n = p->cap = count;
    for (size_t i = 0; ok && i < count; i++)
        ok = read_node(json_array_get(nodes, i), &p->node[i]) &&
             (i == 0 || p->node[i - 1].node < p->node[i].node);
    p->hour_ms = ok ? (uint64_t)hour : 0;
    p->in_hour = ok ? (uint64_t)in_hour : 0;
    json_decref(o);
    if (!ok)
        og_policy_release(p);
    return ok ? OG_OK : og_err_set(err, OG_E_DATA, "the guard's state is malformed");
}
