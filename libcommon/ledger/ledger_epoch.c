/* ledger_epoch.c - epochs: λ, weights, validators, reliability, the treasury's share. */
#include "ledger/ledger_int.h"

#include "base/base_mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PASSES_MAX   8 /* per submitter and epoch */
#define WEIGHT_NODES 4096

struct crowd {
    struct og_node *n;
    size_t k;
};

static enum og_rc load_crowd(struct og_ledger *l, struct crowd *c, struct og_err *err)
{
    uint64_t id[WEIGHT_NODES];
    size_t k;
    OG_TRY(og_query(l->st, OG_Q_NODES, (uint64_t[]){0}, 1, id, 1, WEIGHT_NODES, &k, err));
    c->n = og_xcalloc(k, sizeof *c->n);
    c->k = 0;
    for (size_t i = 0; i < k; i++)
        OG_TRY(og_led_node(l, id[i], &c->n[c->k++], err));
    return OG_OK;
}

static void free_crowd(struct crowd *c)
{
    for (size_t i = 0; i < c->k; i++)
        OG_RELEASE(OG_F_NODE, &c->n[i]);
    free(c->n);
}

static uint64_t c_net_of(const struct crowd *c)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < c->k; i++)
        if (c->n[i].state == OG_NODE_ACTIVE)
            sum += c->n[i].c_eff;
    return sum;
}

static uint64_t raw_weight(struct og_ledger *l, const struct og_node *n)
{
    bool barred = n->state != OG_NODE_ACTIVE || og_led_convicted(n) ||
                  n->quarantine_h > l->height || n->quarantine_ms > l->now_ms;
    return og_rule_weight(l, n->c_eff, og_view_reliability(n), n->bond, barred);
}

struct owner {
    struct og_addr addr;
    uint64_t weight, capped;
    bool full;
};

static size_t collect_owners(const struct crowd *c, const uint64_t *w, struct owner *o)
{
    size_t n = 0;
    for (size_t i = 0; i < c->k; i++) {
        size_t j = 0;
        if (!w[i])
            continue;
        while (j < n && !og_addr_eq(&o[j].addr, &c->n[i].owner))
            j++;
        if (j == n)
            o[n++] = (struct owner){.addr = c->n[i].owner};
        o[j].weight += w[i];
    }
    return n;
}

/* Water-filling: an owner has at most max(1/owners, cap) of the whole; who is above is cut to
 * x = cap · (rest + full · x), so x = cap · rest / (1 − cap · full). */
static void fill_water(struct owner *o, size_t n, uint64_t cap_ppm)
{
    cap_ppm = og_max_u64(cap_ppm, (OG_PPM + n - 1) / n);
    for (size_t i = 0; i < n; i++)
        o[i].capped = o[i].weight;
    for (size_t pass = 0; pass < n; pass++) {
        uint64_t rest = 0;
        uint64_t full = 0;
        bool changed = false;
        for (size_t i = 0; i < n; i++) {
            full += o[i].full;
            rest += o[i].full ? 0 : o[i].weight;
        }
        uint64_t left = cap_ppm * full < OG_PPM ? OG_PPM - cap_ppm * full : 0;
        uint64_t x = left ? og_muldiv(rest, cap_ppm, left) : UINT64_MAX;
        for (size_t i = 0; i < n; i++) {
            uint64_t limit = full ? x : og_muldiv(rest, cap_ppm, OG_PPM);
            if (o[i].full)
                o[i].capped = og_min_u64(o[i].weight, x);
            else if (o[i].weight > limit)
                changed = o[i].full = true;
        }
        if (!changed)
            return;
    }
}

static void cap_owners(const struct og_ledger *l, const struct crowd *c, uint64_t *w)
{
    struct owner *o = og_xcalloc(c->k, sizeof *o);
    size_t n = collect_owners(c, w, o);
    if (n && l->p.cap_ppm < OG_PPM) {
        fill_water(o, n, l->p.cap_ppm);
        for (size_t i = 0; i < c->k; i++)
            for (size_t j = 0; j < n; j++)
                if (w[i] && og_addr_eq(&o[j].addr, &c->n[i].owner))
                    w[i] = og_muldiv(w[i], o[j].capped, o[j].weight);
    }
    free(o);
}

struct id_list {
    uint64_t *id;
    size_t n, cap;
};

static enum og_rc collect_id(void *ctx, const void *rec, struct og_err *err)
{
    (void)err;
    struct id_list *k = ctx;
    k->id = og_xgrow(k->id, &k->cap, k->n + 1, sizeof *k->id);
    k->id[k->n++] = *(const uint64_t *)rec;
    return OG_OK;
}

/* Validators: nodes with weight, a VRF key and a consensus key. */
static enum og_rc write_validators(struct og_ledger *l, const struct crowd *c, struct og_err *err)
{
    struct id_list old = {0};
    uint64_t sum = 0;
    enum og_rc rc = og_row_walk(l->st, OG_F_VALIDATOR, collect_id, &old, err);
    for (size_t i = 0; rc == OG_OK && i < old.n; i++) {
        struct og_validator v = {.node = old.id[i]};
        rc = og_row_del(l->st, OG_F_VALIDATOR, &v, err);
    }
    free(old.id);
    for (size_t i = 0; i < c->k; i++)
        sum += c->n[i].weight && c->n[i].vrf.n && c->n[i].cons_pub.n ? c->n[i].weight : 0;
    for (size_t i = 0; rc == OG_OK && i < c->k; i++) {
        const struct og_node *n = &c->n[i];
        if (!n->weight || !n->vrf.n || !n->cons_pub.n)
            continue;
        struct og_validator v = {
            .node = n->id, .weight = n->weight, .select_ppm = og_muldiv(n->weight, OG_PPM, sum)};
        rc = og_row_put(l->st, OG_F_VALIDATOR, &v, err);
    }
    return rc;
}

static void set_weights(struct og_ledger *l, struct crowd *c, bool genesis)
{
    uint64_t *w = og_xcalloc(c->k, sizeof *w);
    uint64_t c_net = c_net_of(c);
    for (size_t i = 0; i < c->k; i++)
        w[i] = raw_weight(l, &c->n[i]);
    cap_owners(l, c, w);
    for (size_t i = 0; i < c->k; i++) {
        c->n[i].weight = genesis ? w[i] : og_rule_rise(l, c->n[i].weight, w[i], c_net);
    }
    free(w);
}

static enum og_rc put_crowd(struct og_ledger *l, const struct crowd *c, struct og_err *err)
{
    for (size_t i = 0; i < c->k; i++)
        OG_TRY(og_row_put(l->st, OG_F_NODE, &c->n[i], err));
    return OG_OK;
}

enum og_rc og_led_set_weights(struct og_ledger *l, bool genesis, uint64_t *c_net,
                              struct og_err *err)
{
    struct crowd c;
    enum og_rc rc = load_crowd(l, &c, err);
    if (rc == OG_OK) {
        set_weights(l, &c, genesis);
        *c_net = c_net_of(&c);
        rc = put_crowd(l, &c, err);
    }
    if (rc == OG_OK)
        rc = write_validators(l, &c, err);
    free_crowd(&c);
    return rc;
}

static enum og_rc write_epoch(struct og_ledger *l, uint64_t id, uint64_t lambda, uint64_t c_net,
                              uint64_t units, const struct og_hash *seed, struct og_err *err)
{
    struct og_epoch e = {.id = id,
                         .first_h = l->height + 1,
                         .first_ms = l->now_ms,
                         .lambda_ppm = lambda,
                         .c_net = c_net,
                         .paid_units = units,
                         .seed = *seed};
    OG_TRY(og_led_set(l, "epoch", id, err));
    OG_TRY(og_led_set(l, "epoch_h", e.first_h, err));
    OG_TRY(og_led_set(l, "epoch_ms", e.first_ms, err));
    OG_TRY(og_led_set(l, "epoch_units", 0, err));
    OG_TRY(og_led_set(l, "lambda", lambda, err));
    return og_row_put(l->st, OG_F_EPOCH, &e, err);
}

enum og_rc og_led_first_epoch(struct og_ledger *l, const struct og_hash *seed, struct og_err *err)
{
    uint64_t c_net;
    OG_TRY(og_led_set_weights(l, true, &c_net, err));
    return write_epoch(l, 1, OG_PPM, c_net, 0, seed, err);
}

/* a ← a − (a − 10^6)/64, division towards zero */
static uint64_t decay(uint64_t a)
{
    return a >= OG_PPM ? a - (a - OG_PPM) / 64 : a + (OG_PPM - a) / 64;
}

static void age_nodes(struct crowd *c, uint64_t epoch)
{
    for (size_t i = 0; i < c->k; i++) {
        struct og_node *n = &c->n[i];
        n->rel_a = decay(n->rel_a);
        n->rel_b = decay(n->rel_b);
        n->work_done /= 2;
        n->epoch_leases = n->epoch_released = 0;
        if (n->vrf_next.n && n->vrf_next_epoch <= epoch) {
            og_row_set_blob(&n->vrf, n->vrf_next.p, n->vrf_next.n);
            og_row_set_blob(&n->vrf_next, NULL, 0);
            n->vrf_next_epoch = 0;
        }
    }
}

/* Half of the epoch's inflow to validators by w_i · blocks signed; the rest pays referees. */
static enum og_rc share_treasury(struct og_ledger *l, struct crowd *c, struct og_err *err)
{
    uint64_t inflow;
    uint64_t have;
    og_u128 sum = 0;
    unsigned shift = 0; /* keeps the products within 128 bits */
    OG_TRY(og_led_get(l, "treasury_in", &inflow, err));
    OG_TRY(og_led_balance(l, &l->treasury, &have, err));
    uint64_t pot = og_min_u64(inflow / 2, have);
    for (size_t i = 0; i < c->k; i++)
        sum += (og_u128)c->n[i].weight * c->n[i].epoch_sealed;
    while (sum >> shift >> 64)
        shift++;
    for (size_t i = 0; i < c->k; i++) {
        struct og_node *n = &c->n[i];
        uint64_t part = (uint64_t)((og_u128)n->weight * n->epoch_sealed >> shift);
        uint64_t g = sum ? og_muldiv(pot, part, (uint64_t)(sum >> shift)) : 0;
        uint64_t paid;
        n->epoch_sealed = n->epoch_missed = 0;
        OG_TRY(og_led_from_treasury(l, &n->owner, g, "validator", n->id, &paid, err));
    }
    return og_led_set(l, "treasury_in", 0, err);
}

struct name_list {
    char **name;
    size_t n, cap;
};

static enum og_rc collect_passes(void *ctx, const void *rec, struct og_err *err)
{
    (void)err;
    struct name_list *k = ctx;
    const struct og_value *v = rec;
    if (strncmp(v->name, "pass:", 5) != 0)
        return OG_OK;
    k->name = og_xgrow(k->name, &k->cap, k->n + 1, sizeof *k->name);
    k->name[k->n++] = og_xstrdup(v->name);
    return OG_OK;
}

static enum og_rc drop_passes(struct og_ledger *l, struct og_err *err)
{
    struct name_list k = {.n = 0};
    enum og_rc rc = og_row_walk(l->st, OG_F_GLOBAL, collect_passes, &k, err);
    for (size_t i = 0; i < k.n; i++) {
        struct og_value v = {.name = k.name[i]};
        if (rc == OG_OK)
            rc = og_row_del(l->st, OG_F_GLOBAL, &v, err);
        free(k.name[i]);
    }
    free(k.name);
    return rc;
}

static enum og_rc close_epoch(struct og_ledger *l, uint64_t epoch, uint64_t start_ms,
                              const struct og_hash *beacon, struct og_err *err)
{
    struct crowd c;
    uint64_t units;
    uint64_t lambda;
    OG_TRY(og_led_get(l, "epoch_units", &units, err));
    OG_TRY(og_view_lambda(l, &lambda, err));
    OG_TRY(og_led_windows_over(l, epoch, err));
    enum og_rc rc = load_crowd(l, &c, err);
    if (rc == OG_OK)
        rc = share_treasury(l, &c, err);
    if (rc == OG_OK) {
        uint64_t c_net = c_net_of(&c);
        age_nodes(&c, epoch + 1);
        set_weights(l, &c, false);
        rc = put_crowd(l, &c, err);
        if (rc == OG_OK)
            rc = write_validators(l, &c, err);
        if (rc == OG_OK)
            rc = write_epoch(l, epoch + 1,
                             og_rule_price(l, lambda, units, c_net, l->now_ms - start_ms), c_net,
                             units, beacon, err);
    }
    free_crowd(&c);
    if (rc == OG_OK)
        rc = og_led_forget_pace(l, err);
    return rc == OG_OK ? drop_passes(l, err) : rc;
}

enum og_rc og_led_epoch_end(struct og_ledger *l, const struct og_hash *beacon, struct og_err *err)
{
    uint64_t epoch;
    uint64_t first_h;
    uint64_t first_ms;
    OG_TRY(og_led_get(l, "epoch", &epoch, err));
    OG_TRY(og_led_get(l, "epoch_h", &first_h, err));
    OG_TRY(og_led_get(l, "epoch_ms", &first_ms, err));
    if (l->height + 1 < first_h + l->p.epoch_blocks || l->now_ms < first_ms + l->p.epoch_ms)
        return OG_OK;
    return close_epoch(l, epoch, first_ms, beacon, err);
}

enum og_rc og_led_blame(struct og_ledger *l, uint64_t node, uint64_t weight, struct og_err *err)
{
    struct og_node n;
    OG_TRY(og_led_node(l, node, &n, err));
    n.rel_b += weight * OG_PPM;
    enum og_rc rc = og_row_put(l->st, OG_F_NODE, &n, err);
    OG_RELEASE(OG_F_NODE, &n);
    return rc;
}

/* The rate at which checked work of known size really ran, over a second or more. */
static void learn_rate(struct og_node *n, const struct og_lease *ls, const struct og_task *t)
{
    struct og_kernel k;
    if (ls->credited_ms < 1000 || !ls->share_ppm || !og_led_task_kernel(t, &k) || !k.def->rated)
        return;
    uint64_t rate =
        og_muldiv(og_muldiv(t->work * ls->count, 1000, ls->credited_ms), OG_PPM, ls->share_ppm);
    n->verified_rate = n->verified_rate ? (3 * n->verified_rate + rate) / 4 : rate;
    og_led_c_eff(n);
}

/* A check passed: a + 1 (at most 8 an epoch per submitter), the streak grows by what was checked.
 * Within one owner nothing moves. */
enum og_rc og_led_check_passed(struct og_ledger *l, const struct og_lease *ls,
                               const struct og_task *t, struct og_err *err)
{
    char name[80];
    char hex[2 * OG_ADDR_LEN + 1];
    uint64_t passes;
    struct og_node n;
    og_hex_encode(t->owner.b, OG_ADDR_LEN, hex);
    snprintf(name, sizeof name, "pass:%" PRIu64 ":%s", ls->node, hex);
    OG_TRY(og_led_get(l, name, &passes, err));
    OG_TRY(og_led_node(l, ls->node, &n, err));
    bool own = og_addr_eq(&n.owner, &t->owner);
    if (!own) {
        if (passes < PASSES_MAX)
            n.rel_a += OG_PPM;
        n.streak = og_min_u64(OG_VALUE_MAX, n.streak + ls->pay);
    }
    learn_rate(&n, ls, t);
    enum og_rc rc = og_row_put(l->st, OG_F_NODE, &n, err);
    OG_RELEASE(OG_F_NODE, &n);
    return rc == OG_OK && !own ? og_led_set(l, name, passes + 1, err) : rc;
}
