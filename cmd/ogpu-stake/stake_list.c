/* stake_list.c - nodes with their stake; --explain: what one earns and why. */
#include "stake.h"

#include "base/base_num.h"
#include "cli/cli_table.h"
#include "ledger/ledger_view.h"
#include "store/store_query.h"
#include "store/store_row.h"
#include "json/json_get.h"
#include "json/json_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PAGE 256

static enum og_rc select_of(struct stake *s, uint64_t node, uint64_t *ppm, struct og_err *err)
{
    struct og_validator v = {.node = node};
    bool found;
    OG_TRY(og_row_get(s->store, OG_F_VALIDATOR, &v, &found, err));
    *ppm = found ? v.select_ppm : 0;
    return OG_OK;
}

static json_t *node_record(const struct og_node *n, uint64_t select_ppm)
{
    char addr[OG_ADDR_TEXT];
    char owner[OG_ADDR_TEXT];
    og_addr_format(&n->addr, addr);
    og_addr_format(&n->owner, owner);
    json_t *o =
        json_pack("{s:s, s:o, s:I, s:I, s:s, s:s, s:I, s:o, s:I, s:I}", "addr", addr, "bond",
                  og_json_new_dec(n->bond), "capacity_mflops_per_s", (json_int_t)n->c_eff, "id",
                  (json_int_t)n->id, "kind", "node", "owner", owner, "select_ppm",
                  (json_int_t)select_ppm, "locked", og_json_new_dec(n->locked), "reliability_ppm",
                  (json_int_t)og_view_reliability(n), "v", (json_int_t)1);
    json_object_set_new(o, "measured_mflops_per_s", json_integer((json_int_t)n->measured));
    json_object_set_new(o, "offered_mflops_per_s", json_integer((json_int_t)n->offered));
    json_object_set_new(o, "verified_mflops_per_s", json_integer((json_int_t)n->verified_rate));
    json_object_set_new(o, "state", json_string(og_node_state_names[n->state]));
    json_object_set_new(o, "streak", og_json_new_dec(n->streak));
    json_object_set_new(o, "weight", json_integer((json_int_t)n->weight));
    json_object_set_new(o, "hw_class", json_string(n->hw_class ? n->hw_class : ""));
    return o;
}

static void add_row(struct og_table *t, const struct og_node *n, uint64_t select_ppm)
{
    char addr[OG_ADDR_TEXT];
    char money[3][64];
    uint64_t rel = og_view_reliability(n);
    og_addr_format(&n->owner, addr);
    og_fmt_amount(n->bond, money[0], sizeof money[0]);
    og_fmt_amount(n->locked, money[1], sizeof money[1]);
    og_fmt_amount(n->streak, money[2], sizeof money[2]);
    og_table_cellf(t, "%" PRIu64, n->id);
    og_table_cell(t, og_node_state_names[n->state]);
    og_table_cellf(t, "%" PRIu64, n->c_eff);
    og_table_cell(t, money[0]);
    og_table_cell(t, money[1]);
    og_table_cellf(t, "%" PRIu64, n->weight);
    og_table_cellf(t, "%" PRIu64 ".%04" PRIu64 "%%", select_ppm / 10000, select_ppm % 10000);
    og_table_cellf(t, "%" PRIu64 ".%06" PRIu64, rel / OG_PPM, rel % OG_PPM);
    og_table_cell(t, money[2]);
    og_table_cell(t, addr);
}

static enum og_rc list_one(struct stake *s, uint64_t id, struct og_table *t, struct og_err *err)
{
    struct og_node n;
    uint64_t select_ppm;
    OG_TRY(stake_node(s, id, &n, err));
    enum og_rc rc = select_of(s, id, &select_ppm, err);
    if (rc == OG_OK && t) {
        add_row(t, &n, select_ppm);
    } else if (rc == OG_OK) {
        json_t *rec = node_record(&n, select_ppm);
        rc = og_jsonl_write(stdout, rec, err);
        json_decref(rec);
    }
    og_row_release(&og_families[OG_F_NODE], &n);
    return rc;
}

static enum og_rc list(struct stake *s, struct og_table *t, struct og_err *err)
{
    uint64_t id[PAGE];
    uint64_t after = 0;
    size_t n;
    do {
        OG_TRY(og_query(s->store, OG_Q_NODES_ALL, &after, 1, id, 1, PAGE, &n, err));
        for (size_t i = 0; i < n && i < PAGE; i++)
            OG_TRY(list_one(s, id[i], t, err));
        if (n)
            after = id[og_min_u64(n, PAGE) - 1];
    } while (n >= PAGE);
    return OG_OK;
}

enum og_rc stake_list(const struct stake_options *o, struct og_err *err)
{
    static const char *const head[] = {"NODE",   "STATE",  "MFLOP/S",     "BOND",   "LOCKED",
                                       "WEIGHT", "CHANCE", "RELIABILITY", "STREAK", "OWNER"};
    struct stake s;
    struct og_table *t = o->common.human ? og_table_new(10) : NULL;
    for (size_t i = 0; t && i < 10; i++)
        og_table_head(t, i, head[i], i != 1 && i != 9);
    enum og_rc rc = stake_open(o, false, &s, err);
    if (rc == OG_OK)
        rc = list(&s, t, err);
    stake_close(&s);
    if (rc == OG_OK && t)
        og_table_print(t, og_table_width(stdout), stdout);
    og_table_free(t);
    return rc;
}

struct terms {
    uint64_t rate, lambda_ppm, levy_ppm, select_ppm, share_ppm, per_hour;
};

/* Pay of an hour on a whole slot: P = rate · C · T · λ with U = C·T in MFLOP. */
static uint64_t pay_of(const struct terms *t, uint64_t mflops_per_s, uint64_t ms)
{
    og_u128 units = (og_u128)mflops_per_s * ms / 1000;
    og_u128 p = units * t->rate / 1000000000u;
    p = p * t->lambda_ppm / OG_PPM;
    return p > UINT64_MAX ? UINT64_MAX : (uint64_t)p;
}

static enum og_rc read_terms(struct stake *s, uint64_t node, struct terms *t, struct og_err *err)
{
    struct og_ledger *l;
    uint64_t idx;
    size_t n;
    OG_TRY(og_ledger_open(s->store, &l, err));
    t->rate = og_ledger_params(l)->rate;
    t->levy_ppm = og_ledger_params(l)->levy_ppm;
    enum og_rc rc = og_view_lambda(l, &t->lambda_ppm, err);
    og_ledger_close(l);
    OG_TRY(rc);
    OG_TRY(select_of(s, node, &t->select_ppm, err));
    OG_TRY(og_query(s->store, OG_Q_SLOTS_OF, &node, 1, &idx, 1, 1, &n, err));
    struct og_slot slot = {.node = node, .idx = idx};
    if (n)
        OG_TRY(og_row_need(s->store, OG_F_SLOT, &slot, err));
    t->share_ppm = slot.share_ppm;
    return OG_OK;
}

static void print_explanation(const struct og_node *n, const struct terms *t)
{
    char hour[64];
    char slot[64];
    uint64_t c = og_muldiv(n->c_eff, t->share_ppm, OG_PPM);
    og_fmt_amount(pay_of(t, n->c_eff, 3600000), hour, sizeof hour);
    og_fmt_amount(pay_of(t, c, 3600000), slot, sizeof slot);
    printf("P = rate * C * T * lambda\n\n");
    printf("rate     %" PRIu64 " grains per 10^9 MFLOP\n", t->rate);
    printf("C_eff    %" PRIu64 " MFLOP/s = least of: offered %" PRIu64 ", measured %" PRIu64,
           n->c_eff, n->offered, n->measured);
    if (n->verified_rate)
        printf(", rate of checked jobs %" PRIu64 "\n", n->verified_rate);
    else
        printf("; no checked job has shown a rate yet\n");
    printf("C        %" PRIu64 " MFLOP/s = C_eff * %" PRIu64 ".%06" PRIu64 " of the first slot\n",
           c, t->share_ppm / OG_PPM, t->share_ppm % OG_PPM);
    printf("lambda   %" PRIu64 ".%06" PRIu64 "\n", t->lambda_ppm / OG_PPM, t->lambda_ppm % OG_PPM);
    printf("T        the time a job ran on the chain's clock, sold once per slot\n\n");
    printf("an hour  pays %s OGPU on the first slot, %s OGPU on the whole node;\n", slot, hour);
    printf("         never more than the job's escrow, nor for more than 5/4 of its stated work\n");
    printf("stake    weight %" PRIu64 " = min(C_eff * reliability, k * bond), drawn with a chance "
           "of %" PRIu64 ".%04" PRIu64 "%%\n",
           n->weight, t->select_ppm / 10000, t->select_ppm % 10000);
}

static json_t *explanation(const struct og_node *n, const struct terms *t)
{
    uint64_t c = og_muldiv(n->c_eff, t->share_ppm, OG_PPM);
    json_t *o = json_pack("{s:s, s:I, s:i, s:s}", "kind", "explain", "node", (json_int_t)n->id, "v",
                          1, "formula", "P = rate * C * T * lambda");
    json_object_set_new(o, "rate", og_json_new_dec(t->rate));
    json_object_set_new(o, "c_eff_mflops_per_s", json_integer((json_int_t)n->c_eff));
    json_object_set_new(o, "offered_mflops_per_s", json_integer((json_int_t)n->offered));
    json_object_set_new(o, "measured_mflops_per_s", json_integer((json_int_t)n->measured));
    json_object_set_new(o, "verified_mflops_per_s", json_integer((json_int_t)n->verified_rate));
    json_object_set_new(o, "slot_share_ppm", json_integer((json_int_t)t->share_ppm));
    json_object_set_new(o, "slot_mflops_per_s", json_integer((json_int_t)c));
    json_object_set_new(o, "lambda_ppm", json_integer((json_int_t)t->lambda_ppm));
    json_object_set_new(o, "levy_ppm", json_integer((json_int_t)t->levy_ppm));
    json_object_set_new(o, "slot_pay_per_hour", og_json_new_dec(pay_of(t, c, 3600000)));
    json_object_set_new(o, "node_pay_per_hour", og_json_new_dec(pay_of(t, n->c_eff, 3600000)));
    json_object_set_new(o, "reliability_ppm", json_integer((json_int_t)og_view_reliability(n)));
    json_object_set_new(o, "weight", json_integer((json_int_t)n->weight));
    json_object_set_new(o, "select_ppm", json_integer((json_int_t)t->select_ppm));
    json_object_set_new(o, "bond", og_json_new_dec(n->bond));
    return o;
}

static enum og_rc explain(struct stake *s, struct og_err *err)
{
    struct og_node n;
    struct terms t;
    OG_TRY(stake_node(s, s->o->explain, &n, err));
    enum og_rc rc = read_terms(s, n.id, &t, err);
    if (rc == OG_OK && s->o->common.human) {
        print_explanation(&n, &t);
    } else if (rc == OG_OK) {
        json_t *rec = explanation(&n, &t);
        rc = og_jsonl_write(stdout, rec, err);
        json_decref(rec);
    }
    og_row_release(&og_families[OG_F_NODE], &n);
    return rc;
}

enum og_rc stake_explain(const struct stake_options *o, struct og_err *err)
{
    struct stake s;
    enum og_rc rc = stake_open(o, false, &s, err);
    if (rc == OG_OK)
        rc = explain(&s, err);
    stake_close(&s);
    return rc;
}
