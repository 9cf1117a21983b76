/* top_cell.c - the columns of every pane and what stands in their cells. */
#include "top.h"

#include "base/base_num.h"
#include "base/base_time.h"
#include "check/check_method.h"
#include "cli/cli_table.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Title, least, most, priority (0 stays longest), right. */
static const struct og_tui_col node_cols[] = {
    {"node", 4, 6, 0, true},    {"slot", 4, 4, 0, true},    {"state", 7, 9, 0, false},
    {"done", 10, 16, 2, false}, {"job", 12, 24, 1, false},  {"run", 5, 8, 2, true},
    {"share", 5, 5, 6, true},   {"GFLOP/s", 7, 9, 3, true}, {"bond", 7, 12, 4, true},
    {"rel", 4, 5, 3, true},     {"P", 4, 6, 5, true},       {"owner", 9, 12, 7, false},
    {"memory", 7, 10, 8, true},
};
static const struct og_tui_col job_cols[] = {
    {"id", 4, 10, 0, true},   {"name", 10, 24, 1, false}, {"state", 7, 9, 0, false},
    {"done", 7, 14, 1, true}, {"node", 4, 8, 2, true},    {"run", 5, 8, 3, true},
    {"age", 5, 8, 2, true},   {"urg", 3, 3, 6, true},     {"user", 9, 12, 5, false},
    {"paid", 6, 14, 4, true}, {"escrow", 6, 14, 7, true}, {"need", 8, 20, 8, false},
    {"why", 16, 0, 3, false},
};
static const struct og_tui_col chain_cols[] = {
    {"what", 9, 9, 0, false},
    {"id", 6, 20, 0, true},
    {"amount", 6, 20, 1, true},
    {"detail", 10, 0, 2, false},
};
static const struct og_tui_col event_cols[] = {
    {"time", 8, 8, 0, false},
    {"block", 5, 9, 2, true},
    {"what", 5, 20, 0, false},
    {"text", 10, 0, 1, false},
};

const struct og_tui_col *top_cols(enum top_pane p, size_t *n)
{
#define COLS(a) (*n = sizeof(a) / sizeof *(a), (a))
    switch (p) {
    case TOP_NODES: return COLS(node_cols);
    case TOP_JOBS: return COLS(job_cols);
    case TOP_CHAIN: return COLS(chain_cols);
    case TOP_EVENTS: return COLS(event_cols);
    case TOP_PANES: break;
    }
#undef COLS
    *n = 0;
    return NULL;
}

bool top_col_is_number(enum top_pane p, size_t col)
{
    size_t n;
    const struct og_tui_col *c = top_cols(p, &n);
    return col < n && (c[col].right || (p == TOP_NODES && col == 3) || (p == TOP_JOBS && col == 2));
}

void top_short_addr(const struct og_addr *a, char *out, size_t cap)
{
    char text[OG_ADDR_TEXT];
    og_addr_format(a, text);
    snprintf(out, cap, "%.12s", text);
}

/* ppm of the cell is also what its column sorts by. */
static void put(struct og_tui_cell *c, uint64_t n, const char *fmt, ...) OG_PRINTF(3, 4);
static void put(struct og_tui_cell *c, uint64_t n, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(c->text, sizeof c->text, fmt, ap);
    va_end(ap);
    c->ppm = n;
}

static void put_age(struct og_tui_cell *c, uint64_t now, uint64_t then)
{
    uint64_t s = then && now > then ? (now - then) / 1000 : 0;
    if (!then)
        put(c, 0, "-");
    else if (s < 3600)
        put(c, s, "%02" PRIu64 ":%02" PRIu64, s / 60, s % 60);
    else if (s < 172800)
        put(c, s, "%" PRIu64 "h%02" PRIu64, s / 3600, s / 60 % 60);
    else
        put(c, s, "%" PRIu64 "d", s / 86400);
}

static void put_amount(struct og_tui_cell *c, uint64_t grains)
{
    /* milli-OGPU are enough here */
    put(c, grains, "%" PRIu64 ".%03" PRIu64, grains / 1000000000, grains / 1000000 % 1000);
}

static void put_ratio(struct og_tui_cell *c, uint64_t ppm)
{
    put(c, ppm, "%" PRIu64 ".%02" PRIu64, ppm / OG_PPM, ppm / 10000 % 100);
}

static void node_state(const struct top_data *d, const struct top_slot *s, struct og_tui_cell *c)
{
    const struct og_node *n = &d->node[s->node];
    if (n->quarantine_ms > d->head.now_ms || n->quarantine_h > d->head.height) {
        put(c, 0, "barred!");
        c->style = OG_TUI_BAD;
    } else if (n->state != OG_NODE_ACTIVE) {
        put(c, 0, "%s!", og_node_state_names[n->state]);
        c->style = OG_TUI_WARN;
    } else if (s->lease == TOP_NONE) {
        put(c, 0, "idle");
        c->style = OG_TUI_DIM;
    } else {
        put(c, 0, "%s", og_lease_state_names[d->lease[s->lease].l.state]);
        c->style = OG_TUI_GOOD;
    }
}

static void job_of_slot(const struct top_data *d, const struct top_slot *s, struct og_tui_cell *c)
{
    if (s->lease == TOP_NONE) {
        put(c, 0, "-");
        return;
    }
    const struct top_lease *l = &d->lease[s->lease];
    if (l->l.count > 1)
        put(c, 0, "%" PRIu64 "[%" PRIu64 "-%" PRIu64 "] %s", l->l.task, l->l.first,
            l->l.first + l->l.count - 1, l->task_name);
    else
        put(c, 0, "%" PRIu64 "[%" PRIu64 "] %s", l->l.task, l->l.first, l->task_name);
}

static void node_cell(const struct top_rows *r, const struct top_slot *s, size_t col,
                      struct og_tui_cell *c)
{
    const struct top_data *d = r->d;
    const struct og_node *n = &d->node[s->node];
    const struct top_lease *l = s->lease == TOP_NONE ? NULL : &d->lease[s->lease];
    uint64_t ppm, gf = n->c_eff / 100 * s->slot.share_ppm / OG_PPM;
    switch (col) {
    case 0: put(c, n->id * 4096 + s->slot.idx, "%" PRIu64, n->id); return;
    case 1: put(c, s->slot.idx, "%" PRIu64, s->slot.idx); return;
    case 2: node_state(d, s, c); return;
    case 3:
        if (l && top_lease_progress(d, l, &ppm)) {
            c->meter = true;
            c->ppm = ppm;
        }
        return;
    case 4: job_of_slot(d, s, c); return;
    case 5: put_age(c, d->head.now_ms, l ? l->l.started_ms : 0); return;
    case 6: put(c, s->slot.share_ppm, "%" PRIu64 "%%", s->slot.share_ppm / 10000); return;
    case 7: put(c, gf, "%" PRIu64 ".%" PRIu64, gf / 10, gf % 10); return;
    case 8: put_amount(c, n->bond); return;
    case 9:
        put_ratio(c, og_view_reliability(n));
        c->style = og_view_reliability(n) < 500000 ? OG_TUI_WARN : OG_TUI_PLAIN;
        return;
    case 10: put_ratio(c, d->select_ppm[s->node]); return;
    case 11: top_short_addr(&n->owner, c->text, sizeof c->text); return;
    case 12:
        og_fmt_bytes(s->slot.mem_bytes, c->text, sizeof c->text);
        c->ppm = s->slot.mem_bytes;
        return;
    }
}

static enum og_tui_style task_style(const struct top_task *t)
{
    if (t->stuck || t->t.state == OG_TASK_FAILED)
        return OG_TUI_BAD;
    if (t->t.state == OG_TASK_EXPIRED || t->t.state == OG_TASK_CANCELLED)
        return OG_TUI_WARN;
    if (t->t.state == OG_TASK_PAID)
        return OG_TUI_GOOD;
    return OG_TUI_PLAIN;
}

static void put_needs(const struct og_task *t, struct og_tui_cell *c)
{
    char mem[32];
    size_t n = 0;
    if (t->gpu_ppm)
        n += (size_t)snprintf(c->text, 24, "%" PRIu64 ".%02" PRIu64 "gpu ", t->gpu_ppm / OG_PPM,
                              t->gpu_ppm / 10000 % 100);
    if (t->cores)
        n += (size_t)snprintf(c->text + n, 24, "%" PRIu64 "c ", t->cores);
    if (t->mem_bytes) {
        og_fmt_bytes(t->mem_bytes, mem, sizeof mem);
        n += (size_t)snprintf(c->text + n, 40, "%s", mem);
    }
    if (!n)
        put(c, 0, "-");
}

static void job_cell(const struct top_rows *r, const struct top_task *t, size_t col,
                     struct og_tui_cell *c)
{
    const struct top_data *d = r->d;
    bool ended = t->t.state > OG_TASK_OPEN;
    switch (col) {
    case 0: put(c, t->t.id, "%s%" PRIu64, top_is_tagged(r, t->t.id) ? "*" : "", t->t.id); return;
    case 1: put(c, 0, "%s", t->t.name && t->t.name[0] ? t->t.name : "-"); return;
    case 2: /* what lives stands first, and what runs before the rest */
        put(c,
            ended                           ? 3
            : t->t.state == OG_TASK_WAITING ? 2
                                            : t->running == 0,
            "%s%s",
            t->t.state == OG_TASK_OPEN && t->running ? "running" : og_task_state_names[t->t.state],
            t->stuck || t->t.state == OG_TASK_FAILED ? "!" : "");
        c->style = task_style(t);
        return;
    case 3: put(c, t->t.done, "%" PRIu64 "/%" PRIu64, t->t.done, t->t.count); return;
    case 4:
        if (t->leases > 1)
            put(c, t->node, "%" PRIu64 "+%" PRIu64, t->node, t->leases - 1);
        else if (t->node)
            put(c, t->node, "%" PRIu64, t->node);
        else
            put(c, 0, "-");
        return;
    case 5: put_age(c, d->head.now_ms, t->since_ms); return;
    case 6: put_age(c, d->head.now_ms, t->t.submit_ms); return;
    case 7: put(c, t->t.urgency, "%" PRIu64, t->t.urgency); return;
    case 8: top_short_addr(&t->t.owner, c->text, sizeof c->text); return;
    case 9: put_amount(c, t->t.paid); return;
    case 10: put_amount(c, t->t.escrow); return;
    case 11: put_needs(&t->t, c); return;
    case 12:
        if (ended && t->t.state == OG_TASK_PAID)
            put(c, 0, "exit %" PRIu64, t->t.exit_worst);
        else
            put(c, 0, "%s", t->why);
        c->style = t->stuck ? OG_TUI_BAD : OG_TUI_PLAIN;
        return;
    }
}

/* A lease under its array. */
static void lease_cell(const struct top_rows *r, const struct top_lease *l, size_t col,
                       struct og_tui_cell *c)
{
    c->style = OG_TUI_DIM;
    switch (col) {
    case 0: put(c, 0, ".%" PRIu64, l->l.id); return;
    case 1:
        put(c, 0, "  [%" PRIu64 "-%" PRIu64 "]", l->l.first, l->l.first + l->l.count - 1);
        return;
    case 2: put(c, 0, "%s", og_lease_state_names[l->l.state]); return;
    case 3:
        if (l->local)
            put(c, 0, "%" PRIu64 "/%" PRIu64, l->run.done, l->l.count);
        return;
    case 4: put(c, 0, "%" PRIu64 ":%" PRIu64, l->l.node, l->l.slot); return;
    case 5: put_age(c, r->d->head.now_ms, l->l.started_ms); return;
    case 9: put_amount(c, l->l.pay); return;
    case 10: put_amount(c, l->l.amount); return;
    case 12:
        put(c, 0, "attempt %" PRIu64 ", %s%s", l->l.attempt + 1, og_method_names[l->l.method],
            l->l.checked == 2 ? ", drawn for a check" : "");
        return;
    }
}

static void clock_text(uint64_t ms, char out[16])
{
    char full[25];
    og_time_format(ms, full);
    snprintf(out, 16, "%.8s", full + 11);
}

static void block_cell(const struct top_block *b, size_t col, struct og_tui_cell *c)
{
    char at[16];
    char hex[2 * OG_HASH_LEN + 1];
    switch (col) {
    case 0: put(c, 0, "block"); return;
    case 1: put(c, 0, "%" PRIu64, b->roots.height); return;
    case 2: put(c, 0, "%" PRIu64 " tx", b->txs); return;
    case 3:
        clock_text(b->roots.time_ms, at);
        og_hex_encode(b->hash.b, 8, hex);
        put(c, 0, "%s by node %" PRIu64 ", %s", at, b->roots.proposer, hex);
        return;
    }
}

static void validator_cell(const struct top_rows *r, const struct og_validator *v, size_t col,
                           struct og_tui_cell *c)
{
    uint32_t at = top_find_node(r->d, v->node);
    switch (col) {
    case 0: put(c, 0, "validator"); return;
    case 1: put(c, 0, "node %" PRIu64, v->node); return;
    case 2:
        put(c, 0, "P %" PRIu64 ".%02" PRIu64 "%%", v->select_ppm / 10000,
            v->select_ppm / 100 % 100);
        return;
    case 3:
        if (at == TOP_NONE)
            put(c, 0, "weight %" PRIu64 ", left", v->weight);
        else
            put(c, 0, "weight %" PRIu64 ", this epoch %" PRIu64 " sealed, %" PRIu64 " missed",
                v->weight, r->d->node[at].epoch_sealed, r->d->node[at].epoch_missed);
        return;
    }
}

static void account_cell(const struct top_account *a, size_t col, struct og_tui_cell *c)
{
    char text[OG_ADDR_TEXT];
    switch (col) {
    case 0: put(c, 0, "account"); return;
    case 1: top_short_addr(&a->a.addr, c->text, sizeof c->text); return;
    case 2: put_amount(c, a->a.balance); return;
    case 3:
        og_addr_format(&a->a.addr, text);
        put(c, 0, "%s, %s", a->role, text);
        return;
    }
}

/* {"lease":3,"node":1} as "lease 3, node 1". */
static void say_event(const struct og_event *e, struct og_tui_cell *c)
{
    json_t *o = json_loadb(e->line.p ? e->line.p : "", e->line.len, 0, NULL);
    struct og_buf b = OG_BUF_INIT;
    const char *key;
    json_t *v;
    json_object_foreach(o, key, v)
    {
        og_buf_addf(&b, "%s%s ", b.len ? ", " : "", key);
        if (json_is_string(v))
            og_buf_adds(&b, json_string_value(v));
        else if (json_is_integer(v))
            og_buf_addf(&b, "%lld", (long long)json_integer_value(v));
    }
    put(c, 0, "%s", o && b.p ? b.p : e->line.p ? e->line.p : "");
    og_buf_release(&b);
    json_decref(o);
}

static void event_cell(const struct top_rows *r, const struct top_row *row, size_t col,
                       struct og_tui_cell *c)
{
    char at[16];
    if (row->what == TOP_ALERT) {
        const struct top_alert *a = &r->d->alert[row->at];
        c->style = a->level == TOP_BAD ? OG_TUI_BAD : OG_TUI_WARN;
        clock_text(r->d->head.now_ms, at);
        put(c, 0, "%s", col == 0 ? at : col == 1 ? "" : col == 2 ? "ALERT!" : a->text);
        return;
    }
    const struct og_event *e = &r->d->event[row->at];
    clock_text(e->time_ms, at);
    if (col == 1)
        put(c, 0, "%" PRIu64, e->height);
    else if (col == 3)
        say_event(e, c);
    else
        put(c, 0, "%s", col == 0 ? at : e->what);
}

void top_cell(const void *rows, size_t row, size_t col, struct og_tui_cell *cell)
{
    const struct top_rows *r = rows;
    const struct top_row *w = &r->row[row];
    switch ((enum top_what)w->what) {
    case TOP_SLOT: node_cell(r, &r->d->slot[w->at], col, cell); break;
    case TOP_TASK: job_cell(r, &r->d->task[w->at], col, cell); break;
    case TOP_LEASE: lease_cell(r, &r->d->lease[w->at], col, cell); break;
    case TOP_BLOCK: block_cell(&r->d->block[w->at], col, cell); break;
    case TOP_VALIDATOR: validator_cell(r, &r->d->validator[w->at], col, cell); break;
    case TOP_ACCOUNT: account_cell(&r->d->account[w->at], col, cell); break;
    case TOP_ALERT:
    case TOP_EVENT: event_cell(r, w, col, cell); break;
    }
}
