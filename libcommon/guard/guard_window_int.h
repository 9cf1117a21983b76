/* guard_window_int.h - what a node's buckets hold, for guard_window.c and guard_feature.c. */
#ifndef OG_GUARD_WINDOW_INT_H
#define OG_GUARD_WINDOW_INT_H

#include "guard/guard_window.h"

/* Sums of a bucket. */
enum og_sum {
    OG_S_EVENTS,
    OG_S_TASKS,
    OG_S_CHECKED,
    OG_S_WRONG,
    OG_S_LATE,
    OG_S_TIMES,
    OG_S_TIME_LOG,
    OG_S_TIME_LOG2,
    OG_S_FAST,
    OG_S_SLACK,
    OG_S_GRAINS,
    OG_S_GRAINS_KIN,
    OG_S_TURNS,
    OG_S_CANARIES,
    OG_S_CANARY_BAD,
    OG_S_OFFERED,
    OG_S_TAKEN,
    OG_S_HW,
    OG_S_STAKE,
    OG_S_COMMITS,
    OG_S_SOON,
    OG_S_GROUP,
    OG_S_VOTES,
    OG_S_CAST,
    OG_S_MAJORITY,
    OG_S_PRICES,
    OG_S_PRICE_LOG,
    OG_S_RAISED,
    OG_S_TRAFFIC,
    OG_S_CONNS,
    OG_S_HALF,
    OG_S_FAILED,
    OG_S_BAD,
    OG_S_MOVED,
    OG_S_RTT_LOG,
    OG_S_SENT,
    OG_S_SERVED,
    OG_S_POWERS,
    OG_S_POWER,
    OG_S_DISPUTES,
    OG_S_INTEL,
    OG_S_PEER, /* OG_WINDOW_PEERS of them */
    OG_SUMS = OG_S_PEER + OG_WINDOW_PEERS
};

struct og_wnode {
    uint64_t id, joined_ms, hw, driver, net, funder, asn, region;
    uint64_t bucket; /* of the last event */
    uint32_t next;   /* in its chain */
    uint32_t newer, older;
    uint32_t seen; /* buckets it was active in */
    bool active;   /* in the present bucket */
    float capacity_gap, vram_gap;
    float ring[OG_WINDOW_HOUR][OG_SUMS];
    float day[OG_SUMS];
    float mean[OG_FEATURES], var[OG_FEATURES];
};

struct og_wgroup {
    float n;
    uint32_t at; /* bucket */
};

struct og_windows {
    struct og_wnode *node;
    size_t n, cap, max;
    uint32_t *chain; /* heads */
    size_t chains;
    uint32_t newest, oldest;
    uint64_t bucket; /* present, 0: none yet */
    uint32_t *active;
    size_t n_active, active_cap;
    float *raw; /* of the active: 5 min, hour, day */
    size_t raw_cap;
    float *sorted; /* a sample, per horizon and feature */
    size_t n_sorted;
    struct og_wgroup net[OG_WINDOW_GROUPS], funder[OG_WINDOW_GROUPS], hw[OG_WINDOW_GROUPS];
};

#define OG_WINDOW_SAMPLE 4096

/* guard_feature.c */
void og_window_sum(struct og_windows *w, struct og_wnode *n, const struct og_guard_event *e);
/* Features of sums; NaN where there is nothing to tell from. */
void og_window_features(const struct og_windows *w, const struct og_wnode *n, const float *sum,
                        float *out);
float og_window_floor(enum og_feature f);

#endif
