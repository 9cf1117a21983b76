/* guard_policy.h - what is done about a node: observe, warn, throttle, quarantine, and back.
 *
 * A pure state machine: causes and times in, actions out; nothing is done before the caller has
 * written the action and the state down. Every action says when it ends and what undoes it.
 *
 *   observe -suspicion-> warn -two of three windows-> throttle -end-> probation -end-> observe
 *   any -proof-> quarantine -end or appeal-> probation;  warn -six quiet windows-> observe
 *   warn, throttle, probation -failed probe-> quarantine;  -passed probe-> observe
 *
 * Suspicion alone never does more than throttle. A stay lasts base · 2^strikes, at most 7 days;
 * strikes are halved by every 14 days without one. What follows from suspicion or a probe is held
 * back (the alert remains) when more than brake_ppm of the capacity would be restrained by it, or
 * more than per_hour nodes an hour. */
#ifndef OG_GUARD_POLICY_H
#define OG_GUARD_POLICY_H

#include "base/base_buf.h"
#include "base/base_err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_POLICY_NODES_MAX ((size_t)1 << 20)
#define OG_POLICY_BYTES_MAX ((size_t)64 << 20)
#define OG_POLICY_CAP_MS    (7ull * 86400000u)
#define OG_POLICY_HALF_MS   (14ull * 86400000u)
#define OG_POLICY_QUIET     6

enum og_policy_state { OG_OBSERVE, OG_WARN, OG_THROTTLE, OG_QUARANTINE, OG_PROBATION };
#define OG_POLICY_STATES 5

enum og_policy_cause {
    OG_CAUSE_SUSPICION,
    OG_CAUSE_QUIET, /* a window without suspicion */
    OG_CAUSE_PROOF,
    OG_CAUSE_PROBE_BAD,
    OG_CAUSE_PROBE_GOOD,
    OG_CAUSE_APPEAL, /* the suite of probes was passed */
    OG_CAUSE_LIFT,   /* a person says so */
    OG_CAUSE_TIME
};
#define OG_POLICY_CAUSES 8

struct og_policy_node {
    uint64_t node, since_ms, until_ms, strike_ms, capacity;
    uint32_t strikes, quiet, hot; /* hot: the last three windows, a bit each */
    enum og_policy_state state;
    bool learned; /* restrained by suspicion or a probe */
};

struct og_policy {
    uint64_t base_ms, brake_ppm, per_hour, capacity; /* capacity: of all nodes, 0: not known */
    bool dry;
    const uint64_t *allow; /* nodes never touched, ascending; borrowed */
    size_t n_allow;
    struct og_policy_node
        *node; /* by ascending number; those that are only observed may be absent */
    size_t n, cap;
    uint64_t hour_ms; /* when the hour of the count began */
    uint64_t in_hour;
};

enum og_policy_held { OG_HELD_NOT, OG_HELD_ALLOWED, OG_HELD_CAPACITY, OG_HELD_RATE };

struct og_policy_action {
    uint64_t node, now_ms, until_ms; /* until 0: no end */
    enum og_policy_state from, to;
    enum og_policy_cause cause;
    enum og_policy_held held; /* not done, and why */
    bool dry;
};

const char *og_policy_state_word(enum og_policy_state s);
const char *og_policy_cause_word(enum og_policy_cause c);
const char *og_policy_held_word(enum og_policy_held h);

void og_policy_init(struct og_policy *p);
void og_policy_release(struct og_policy *p);
/* capacity: the node's, in the unit of p->capacity. True: *out is an action (held or not), and the
 * state has moved unless it is held. */
bool og_policy_step(struct og_policy *p, uint64_t node, enum og_policy_cause cause, uint64_t now_ms,
                    uint64_t capacity, struct og_policy_action *out);
/* One stay that is over: call until false. */
bool og_policy_expire(struct og_policy *p, uint64_t now_ms, struct og_policy_action *out);
enum og_policy_state og_policy_of(const struct og_policy *p, uint64_t node);

/* The nodes as JSON, and back (into a policy without nodes). OG_E_DATA: malformed; nothing is kept.
 */
void og_policy_encode(const struct og_policy *p, struct og_buf *out);
enum og_rc og_policy_decode(struct og_policy *p, const char *s, size_t n,
                            struct og_err *err) OG_MUST_CHECK;

#endif
