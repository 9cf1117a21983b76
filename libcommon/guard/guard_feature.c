/* guard_feature.c - events into sums, sums into features. */
#include "guard/guard_window_int.h"

#include "base/base_num.h"

#include <math.h>
#include <stdio.h>

#define FAST_RATIO 0.6     /* of the time that claimed speed needs: impossible without cheating */
#define SOON_MS    100     /* behind another's commit of the same result */
#define FADE       0.9715f /* of a group's joins a bucket: half in two hours */

static const struct {
    const char *name;
    float floor;
} features[OG_FEATURES] = {
#define X(name, floor) [OG_FEAT_##name] = {#name, floor},
    OG_GUARD_FEATURES(X)
#undef X
};

const char *og_feature_name(enum og_feature f)
{
    return features[f].name;
}

float og_window_floor(enum og_feature f)
{
    return features[f].floor;
}

void og_feature_column(enum og_horizon h, enum og_feature f, char *out, size_t cap)
{
    snprintf(out, cap, "%c_%s", "mhod"[h], features[f].name);
}

static double ratio(uint64_t ppm)
{
    return (double)(ppm ? ppm : 1) / OG_PPM;
}

static struct og_wgroup *group(struct og_wgroup *table, uint64_t key)
{
    return &table[og_splitmix64(key) % OG_WINDOW_GROUPS];
}

static float group_size(const struct og_windows *w, const struct og_wgroup *g, bool fades)
{
    return fades ? g->n * powf(FADE, (float)((uint32_t)w->bucket - g->at)) : g->n;
}

static void group_add(struct og_windows *w, struct og_wgroup *table, uint64_t key, bool fades)
{
    struct og_wgroup *g = group(table, key);
    g->n = group_size(w, g, fades) + 1;
    g->at = (uint32_t)w->bucket;
}

static void joined(struct og_windows *w, struct og_wnode *n, const struct og_guard_event *e)
{
    n->joined_ms = e->time_ms;
    n->asn = e->v[OG_GE_JOINED_ASN];
    n->funder = e->v[OG_GE_JOINED_FUNDER];
    n->hw = e->v[OG_GE_JOINED_HW];
    n->net = e->v[OG_GE_JOINED_NET];
    n->region = e->v[OG_GE_JOINED_REGION];
    if (n->net)
        group_add(w, w->net, n->net, true);
    if (n->funder)
        group_add(w, w->funder, n->funder, true);
    if (n->hw)
        group_add(w, w->hw, n->hw, false);
}

static void settled(struct og_wnode *n, float *s, const struct og_guard_event *e)
{
    (void)n;
    double log_time = log(ratio(e->v[OG_GE_SETTLED_TIME]));
    s[OG_S_TASKS]++;
    s[OG_S_CHECKED] += (float)(e->v[OG_GE_SETTLED_CHECKED] != 0);
    s[OG_S_WRONG] += (float)(e->v[OG_GE_SETTLED_CHECKED] && !e->v[OG_GE_SETTLED_OK]);
    s[OG_S_LATE] += (float)(e->v[OG_GE_SETTLED_LATE] != 0);
    if (e->v[OG_GE_SETTLED_TIME]) {
        s[OG_S_TIMES]++;
        s[OG_S_TIME_LOG] += (float)log_time;
        s[OG_S_TIME_LOG2] += (float)(log_time * log_time);
        s[OG_S_FAST] += (float)(ratio(e->v[OG_GE_SETTLED_TIME]) < FAST_RATIO);
    }
    s[OG_S_SLACK] += (float)ratio(e->v[OG_GE_SETTLED_SLACK]);
    s[OG_S_GRAINS] += (float)e->v[OG_GE_SETTLED_GRAINS];
    s[OG_S_GRAINS_KIN] += e->v[OG_GE_SETTLED_KIN] ? (float)e->v[OG_GE_SETTLED_GRAINS] : 0;
    s[OG_S_TURNS] += (float)(e->v[OG_GE_SETTLED_TURNS] != 0);
    s[OG_S_PEER + og_splitmix64(e->v[OG_GE_SETTLED_PEER]) % OG_WINDOW_PEERS]++;
}

static void capacity(struct og_wnode *n, float *s, const struct og_guard_event *e)
{
    const uint64_t *v = e->v;
    n->capacity_gap =
        (float)log(((double)v[OG_GE_CAP_CLAIMED] + 1) / ((double)v[OG_GE_CAP_MEASURED] + 1));
    if (v[OG_GE_CAP_VRAM_MEASURED])
        n->vram_gap = (float)log(((double)v[OG_GE_CAP_VRAM_CLAIMED] + 1) /
                                 (double)v[OG_GE_CAP_VRAM_MEASURED]);
    s[OG_S_HW] += (float)(n->hw && v[OG_GE_CAP_HW] && n->hw != v[OG_GE_CAP_HW]);
    s[OG_S_HW] += (float)(n->driver && v[OG_GE_CAP_DRIVER] && n->driver != v[OG_GE_CAP_DRIVER]);
    n->hw = v[OG_GE_CAP_HW] ? v[OG_GE_CAP_HW] : n->hw;
    n->driver = v[OG_GE_CAP_DRIVER] ? v[OG_GE_CAP_DRIVER] : n->driver;
}

static void traffic(struct og_wnode *n, float *s, const struct og_guard_event *e)
{
    const uint64_t *v = e->v;
    s[OG_S_TRAFFIC]++;
    s[OG_S_CONNS] += (float)v[OG_GE_TRAFFIC_CONNS];
    s[OG_S_HALF] += (float)v[OG_GE_TRAFFIC_HALF_OPEN];
    s[OG_S_FAILED] += (float)v[OG_GE_TRAFFIC_FAILED];
    s[OG_S_BAD] += (float)v[OG_GE_TRAFFIC_MALFORMED];
    s[OG_S_RTT_LOG] += (float)log((double)v[OG_GE_TRAFFIC_RTT] + 1000);
    s[OG_S_SENT] += (float)v[OG_GE_TRAFFIC_SENT];
    s[OG_S_SERVED] += (float)v[OG_GE_TRAFFIC_SERVED];
    s[OG_S_MOVED] += (float)(n->asn && v[OG_GE_TRAFFIC_ASN] && n->asn != v[OG_GE_TRAFFIC_ASN]);
    s[OG_S_MOVED] += (float)(n->region != v[OG_GE_TRAFFIC_REGION]);
    n->asn = v[OG_GE_TRAFFIC_ASN] ? v[OG_GE_TRAFFIC_ASN] : n->asn;
    n->region = v[OG_GE_TRAFFIC_REGION];
}

void og_window_sum(struct og_windows *w, struct og_wnode *n, const struct og_guard_event *e)
{
    float *s = n->ring[w->bucket % OG_WINDOW_HOUR];
    const uint64_t *v = e->v;
    s[OG_S_EVENTS]++;
    switch (e->what) {
    case OG_GE_SETTLED: settled(n, s, e); break;
    case OG_GE_OFFERED:
        s[OG_S_OFFERED]++;
        s[OG_S_TAKEN] += (float)(v[0] != 0);
        break;
    case OG_GE_CANARY:
        s[OG_S_CANARIES]++;
        s[OG_S_CANARY_BAD] += (float)(v[0] == 0);
        break;
    case OG_GE_CAPACITY: capacity(n, s, e); break;
    case OG_GE_STAKE: s[OG_S_STAKE] += (float)ratio(v[0]); break;
    case OG_GE_JOINED: joined(w, n, e); break;
    case OG_GE_COMMIT:
        s[OG_S_COMMITS]++;
        s[OG_S_SOON] += (float)(v[OG_GE_COMMIT_BEHIND] > 0 && v[OG_GE_COMMIT_BEHIND] <= SOON_MS);
        s[OG_S_GROUP] += v[OG_GE_COMMIT_GROUP] ? (float)v[OG_GE_COMMIT_GROUP] - 1 : 0;
        break;
    case OG_GE_VOTE:
        s[OG_S_VOTES]++;
        s[OG_S_CAST] += (float)(v[0] != 0);
        s[OG_S_MAJORITY] += (float)(v[1] != 0);
        break;
    case OG_GE_PRICE:
        s[OG_S_PRICES]++;
        s[OG_S_PRICE_LOG] += (float)log(ratio(v[0]));
        s[OG_S_RAISED] += (float)(v[1] != 0);
        break;
    case OG_GE_TRAFFIC: traffic(n, s, e); break;
    case OG_GE_TELEMETRY:
        s[OG_S_POWERS]++;
        s[OG_S_POWER] += (float)fabs(ratio(v[0]) - ratio(v[1]));
        break;
    case OG_GE_DISPUTE: s[OG_S_DISPUTES] += v[0] ? 3 : 1; break;
    case OG_GE_INTEL: s[OG_S_INTEL] += (float)ratio(v[0]); break;
    case OG_GE_WRONG:
        s[OG_S_CHECKED]++;
        s[OG_S_WRONG]++;
        break;
    case OG_GE_LATE:
        s[OG_S_TASKS]++;
        s[OG_S_LATE]++;
        break;
    case OG_GE_SIGNED:
    case OG_GE_RECEIPT:
    case OG_GE_CLAIM:
    case OG_GE_COUNT: break;
    }
}

static float mean_or_nan(float sum, float n)
{
    return n > 0 ? sum / n : NAN;
}

static float concentration(const float *s)
{
    float n = 0, pairs = 0;
    for (int k = 0; k < OG_WINDOW_PEERS; k++) {
        float c = s[OG_S_PEER + k];
        n += c;
        pairs += c > 1 ? c * (c - 1) : 0;
    }
    return n >= 4 ? pairs / (n * (n - 1)) : NAN;
}

static float deviation(float n, float sum, float squares)
{
    float v = n >= 3 ? squares / n - (sum / n) * (sum / n) : 0;
    return n >= 3 ? sqrtf(v > 0 ? v : 0) : NAN;
}

static void of_groups(const struct og_windows *w, const struct og_wnode *n, float *f)
{
    uint64_t now_ms = (w->bucket + 1) * OG_WINDOW_MS;
    float near = 1;
    f[OG_FEAT_joined_near] = f[OG_FEAT_young] = f[OG_FEAT_hw_shared] = NAN;
    if (!n->joined_ms)
        return;
    uint64_t net = og_splitmix64(n->net) % OG_WINDOW_GROUPS;
    uint64_t funder = og_splitmix64(n->funder) % OG_WINDOW_GROUPS;
    near = n->net ? fmaxf(near, group_size(w, &w->net[net], true)) : near;
    near = n->funder ? fmaxf(near, group_size(w, &w->funder[funder], true)) : near;
    f[OG_FEAT_joined_near] = logf(near);
    f[OG_FEAT_young] =
        1.0f / (1.0f + (float)(now_ms - og_min_u64(n->joined_ms, now_ms)) / 3600000.0f);
    if (n->hw)
        f[OG_FEAT_hw_shared] = logf(fmaxf(1, w->hw[og_splitmix64(n->hw) % OG_WINDOW_GROUPS].n));
}

void og_window_features(const struct og_windows *w, const struct og_wnode *n, const float *s,
                        float *f)
{
    float t = s[OG_S_TRAFFIC];
    f[OG_FEAT_mismatch] = s[OG_S_WRONG] / (s[OG_S_CHECKED] + 3);
    f[OG_FEAT_canary_fail] = s[OG_S_CANARY_BAD] / (s[OG_S_CANARIES] + 1);
    f[OG_FEAT_time_ratio] = mean_or_nan(s[OG_S_TIME_LOG], s[OG_S_TIMES]);
    f[OG_FEAT_time_cv] = deviation(s[OG_S_TIMES], s[OG_S_TIME_LOG], s[OG_S_TIME_LOG2]);
    f[OG_FEAT_too_fast] = s[OG_S_FAST] / (s[OG_S_TIMES] + 1);
    f[OG_FEAT_capacity_gap] = n->capacity_gap;
    f[OG_FEAT_vram_gap] = n->vram_gap;
    f[OG_FEAT_hw_changes] = s[OG_S_HW];
    f[OG_FEAT_declined] = (s[OG_S_OFFERED] - s[OG_S_TAKEN]) / (s[OG_S_OFFERED] + 2);
    f[OG_FEAT_late] = s[OG_S_LATE] / (s[OG_S_TASKS] + 2);
    f[OG_FEAT_slack] = mean_or_nan(s[OG_S_SLACK], s[OG_S_TASKS]);
    f[OG_FEAT_peer_concentration] = concentration(s);
    f[OG_FEAT_self_deal] = s[OG_S_GRAINS_KIN] / (s[OG_S_GRAINS] + 1e6f);
    f[OG_FEAT_reciprocity] = s[OG_S_TURNS] / (s[OG_S_TASKS] + 3);
    f[OG_FEAT_stake_churn] = s[OG_S_STAKE];
    of_groups(w, n, f);
    f[OG_FEAT_copied_soon] = s[OG_S_SOON] / (s[OG_S_COMMITS] + 3);
    f[OG_FEAT_group_size] = s[OG_S_GROUP] / (s[OG_S_COMMITS] + 3);
    f[OG_FEAT_not_serving] = t > 0 ? logf((s[OG_S_SENT] + 1e6f) / (s[OG_S_SERVED] + 1e6f)) : NAN;
    f[OG_FEAT_votes_missed] = (s[OG_S_VOTES] - s[OG_S_CAST]) / (s[OG_S_VOTES] + 1);
    f[OG_FEAT_with_majority] = (s[OG_S_CAST] - s[OG_S_MAJORITY]) / (s[OG_S_CAST] + 2);
    f[OG_FEAT_price] = mean_or_nan(s[OG_S_PRICE_LOG], s[OG_S_PRICES]);
    f[OG_FEAT_price_raised] = s[OG_S_RAISED] / (s[OG_S_PRICES] + 3);
    f[OG_FEAT_connections] = t > 0 ? log1pf(s[OG_S_CONNS] / t) : NAN;
    f[OG_FEAT_half_open] = t > 0 ? log1pf(s[OG_S_HALF] / t) : NAN;
    f[OG_FEAT_handshakes_failed] = t > 0 ? log1pf(s[OG_S_FAILED] / t) : NAN;
    f[OG_FEAT_malformed] = t > 0 ? log1pf(s[OG_S_BAD] / t) : NAN;
    f[OG_FEAT_moved] = s[OG_S_MOVED];
    f[OG_FEAT_rtt] = mean_or_nan(s[OG_S_RTT_LOG], t);
    f[OG_FEAT_power_gap] = mean_or_nan(s[OG_S_POWER], s[OG_S_POWERS]);
    f[OG_FEAT_disputes] = s[OG_S_DISPUTES];
    f[OG_FEAT_intel] = s[OG_S_INTEL];
}
