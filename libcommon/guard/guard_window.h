/* guard_window.h - nodes' events into features, per 5 minutes, hour and day, in bounded memory.
 *
 * Events are summed in buckets of five minutes; the hour is the last twelve of them, the day a sum
 * that fades with a half-life of eight hours. When a bucket ends, each node that was active in it
 * has a row: every feature of OG_GUARD_FEATURES as `m_` (its z in the 5 minutes against the
 * population), `h_` (the same for the hour), `o_` (the hour against the node's own past: mean and
 * deviation that fade over two days) and `d_` (the day against the population). z is
 * (x - median) / max(1.4826 MAD, a floor of the feature), within ±30. Time is that of events: no
 * clock. About 4 KB a node. */
#ifndef OG_GUARD_WINDOW_H
#define OG_GUARD_WINDOW_H

#include "guard/guard_event.h"

#define OG_WINDOW_MS     300000u
#define OG_WINDOW_HOUR   12
#define OG_WINDOW_Z      30.0f
#define OG_WINDOW_MAX    ((size_t)1 << 20) /* nodes */
#define OG_WINDOW_PEERS  8
#define OG_WINDOW_GROUPS 65536

/* name, floor of the scale; the numbers of guard.md section 4 are their order */
#define OG_GUARD_FEATURES(X)                                                                       \
    X(mismatch, 0.01f)                                                                             \
    X(canary_fail, 0.02f)                                                                          \
    X(time_ratio, 0.05f)                                                                           \
    X(time_cv, 0.03f)                                                                              \
    X(too_fast, 0.02f)                                                                             \
    X(capacity_gap, 0.05f)                                                                         \
    X(vram_gap, 0.05f)                                                                             \
    X(hw_changes, 0.5f)                                                                            \
    X(declined, 0.08f)                                                                             \
    X(late, 0.05f)                                                                                 \
    X(slack, 0.1f)                                                                                 \
    X(peer_concentration, 0.08f)                                                                   \
    X(self_deal, 0.03f)                                                                            \
    X(reciprocity, 0.03f)                                                                          \
    X(stake_churn, 0.05f)                                                                          \
    X(joined_near, 0.5f)                                                                           \
    X(young, 0.2f)                                                                                 \
    X(hw_shared, 0.5f)                                                                             \
    X(copied_soon, 0.02f)                                                                          \
    X(group_size, 0.1f)                                                                            \
    X(not_serving, 0.3f)                                                                           \
    X(votes_missed, 0.1f)                                                                          \
    X(with_majority, 0.1f)                                                                         \
    X(price, 0.1f)                                                                                 \
    X(price_raised, 0.05f)                                                                         \
    X(connections, 0.25f)                                                                          \
    X(half_open, 0.4f)                                                                             \
    X(handshakes_failed, 0.3f)                                                                     \
    X(malformed, 0.2f)                                                                             \
    X(moved, 0.3f)                                                                                 \
    X(rtt, 0.25f)                                                                                  \
    X(power_gap, 0.05f)                                                                            \
    X(disputes, 0.2f)                                                                              \
    X(intel, 0.2f)

enum og_feature {
#define X(name, floor) OG_FEAT_##name,
    OG_GUARD_FEATURES(X)
#undef X
        OG_FEATURES
};

enum og_horizon { OG_HORIZON_5MIN, OG_HORIZON_HOUR, OG_HORIZON_OWN, OG_HORIZON_DAY, OG_HORIZONS };

struct og_window_row {
    uint64_t node, t0_ms, t1_ms, events;
    float x[OG_HORIZON_DAY + 1][OG_FEATURES];   /* z */
    float raw[OG_HORIZON_DAY + 1][OG_FEATURES]; /* [OWN]: the node's usual value */
    float usual_dev[OG_FEATURES];               /* deviation of the node's own past */
    float share_below[OG_FEATURES];             /* of the population, in the hour: 0..1 */
};

/* Called for every active node when a bucket ends, by ascending node. */
typedef enum og_rc (*og_window_fn)(void *ctx, const struct og_window_row *row, struct og_err *err);

struct og_windows;
/* nodes: no more are followed; the one silent longest makes room. */
struct og_windows *og_windows_new(size_t nodes);
void og_windows_free(struct og_windows *w);
/* Takes an event; before it, when its time lies in a later bucket, ends the one before and calls
 * fn. An event of a bucket that has ended counts in the present one. */
enum og_rc og_windows_add(struct og_windows *w, const struct og_guard_event *e, og_window_fn fn,
                          void *ctx, struct og_err *err) OG_MUST_CHECK;
/* Ends the present bucket. */
enum og_rc og_windows_end(struct og_windows *w, og_window_fn fn, void *ctx,
                          struct og_err *err) OG_MUST_CHECK;
size_t og_windows_bytes(const struct og_windows *w);
size_t og_windows_nodes(const struct og_windows *w);

const char *og_feature_name(enum og_feature f);
/* "h_mismatch" and the like. */
void og_feature_column(enum og_horizon h, enum og_feature f, char *out, size_t cap);

#endif
