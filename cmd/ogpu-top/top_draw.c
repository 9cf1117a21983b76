/* top_draw.c - the screen: header, panes, hints, boxes. */
#include "top_view.h"

#include "base/base_utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SMALL_H 8
#define SMALL_W 40

static const struct og_tui_hint hints[] = {
    {"F1", "help"},  {"1-4", "panes"}, {"Tab", "focus"}, {"z", "zoom"},
    {"/", "filter"}, {"s", "sort"},    {"u", "mine"},    {"Enter", "detail"},
    {"l", "log"},    {"w", "why"},     {"c", "cancel"},  {"q", "quit"},
};

static void draw_header(struct top_live *v, int w)
{
    char line[512];
    top_header(v->d, line, sizeof line);
    enum og_tui_style style = v->d->alerts ? OG_TUI_BAD : OG_TUI_TITLE;
    int used = og_tui_text(0, 0, w, style, line);
    char rest[96];
    snprintf(rest, sizeof rest, "[%" PRIu64 ".%" PRIu64 "s]%s", v->delay_ms / 1000,
             v->delay_ms / 100 % 10, v->o->readonly ? " readonly" : "");
    int n = (int)strlen(rest);
    if (used + 1 + n <= w)
        og_tui_text(0, w - n, n, OG_TUI_DIM, rest);
    int room = w - n - used - 4;
    if (room >= 10) {
        int spark = room > TOP_SPARK ? TOP_SPARK : room;
        og_tui_text(0, used + 2, 2, OG_TUI_DIM, "q:");
        og_tui_spark(0, used + 4, spark - 2, v->queue, v->queue_n, 0, OG_TUI_PLAIN);
    }
}

static void pane_title(const struct top_live *v, enum top_pane p, char *out, size_t cap)
{
    const struct top_head *h = &v->d->head;
    switch (p) {
    case TOP_NODES:
        snprintf(out, cap, "1 NODES %" PRIu64 " active, %zu slots, %" PRIu64 " GFLOP/s",
                 h->node[OG_NODE_ACTIVE], v->d->slots, h->capacity / 1000);
        return;
    case TOP_JOBS:
        snprintf(out, cap,
                 "2 JOBS open %" PRIu64 " wait %" PRIu64 " run %" PRIu64 " check %" PRIu64
                 " paid %" PRIu64 " fail %" PRIu64,
                 h->task[OG_TASK_OPEN], h->task[OG_TASK_WAITING], h->lease[OG_LEASE_RUNNING],
                 h->lease[OG_LEASE_COMMITTED] + h->lease[OG_LEASE_REVEALED], h->task[OG_TASK_PAID],
                 h->task[OG_TASK_FAILED]);
        return;
    case TOP_CHAIN:
        snprintf(out, cap, "3 CHAIN %" PRIu64 " transactions, epoch %" PRIu64, h->txs, h->epoch);
        return;
    case TOP_EVENTS:
        snprintf(out, cap, "4 EVENTS %zu alert%s", v->d->alerts, v->d->alerts == 1 ? "" : "s");
        return;
    case TOP_PANES: break;
    }
    out[0] = '\0';
}

static void pane_right(const struct top_live *v, enum top_pane p, char *out, size_t cap)
{
    const struct top_rows *r = &v->rows[p];
    size_t n = 0;
    out[0] = '\0';
    if (r->n < r->all)
        n += (size_t)snprintf(out, cap, "%zu of %zu ", r->n, r->all);
    if (n < cap && v->choice.filter[0])
        n += (size_t)snprintf(out + n, cap - n, "filter: %.40s ", v->choice.filter);
    if (n < cap && v->choice.mine)
        n += (size_t)snprintf(out + n, cap - n, "mine ");
    if (n < cap && p == v->focus && (p == TOP_NODES || p == TOP_JOBS))
        snprintf(out + n, cap - n, "sort: %s", v->table[p].cols[v->table[p].sort_col].title);
}

static void draw_pane(struct top_live *v, enum top_pane p, struct og_tui_rect r)
{
    static const char *const empty[TOP_PANES] = {"no node has joined", "no task", "no block yet",
                                                 "nothing has happened"};
    char title[160];
    char right[96];
    pane_title(v, p, title, sizeof title);
    pane_right(v, p, right, sizeof right);
    struct og_tui_rect in = og_tui_pane(r, title, right, v->focus == p);
    v->page[p] = in.h > 1 ? in.h - 1 : 1;
    og_tui_table_draw(&v->table[p], in, &v->rows[p], v->rows[p].n, v->focus == p,
                      v->rows[p].all ? "none fits the filter" : empty[p]);
}

static void draw_panes(struct top_live *v, struct og_tui_rect r)
{
    int least[TOP_PANES], want[TOP_PANES], h[TOP_PANES];
    enum top_pane order[TOP_PANES] = {v->focus}; /* what has the focus gets its rows first */
    size_t n = 1;
    for (int p = 0; p < TOP_PANES; p++)
        if (p != (int)v->focus)
            order[n++] = (enum top_pane)p;
    for (size_t i = 0; i < n; i++) {
        enum top_pane p = order[i];
        bool show = v->zoom ? p == v->focus : p == v->focus || !v->hidden[p];
        least[i] = show ? 3 : 0;
        want[i] = show ? (int)(v->rows[p].n > 1 ? v->rows[p].n : 1) + 2 : 0;
    }
    og_tui_stack(r.h, least, want, n, h);
    if (v->zoom)
        h[0] = r.h;
    for (int p = 0; p < TOP_PANES; p++)
        for (size_t i = 0; i < n; i++)
            if ((int)order[i] == p && h[i] > 0) {
                draw_pane(v, (enum top_pane)p, (struct og_tui_rect){r.y, r.x, h[i], r.w});
                r.y += h[i];
            }
}

static void draw_box(struct top_live *v, struct og_tui_rect s)
{
    struct og_tui_rect r = {1, 2, s.h - 2, s.w - 4};
    if (v->box == TOP_BOX_ASK && s.h > 9)
        r = (struct og_tui_rect){s.h / 2 - 3, 2, 5, s.w - 4};
    struct og_tui_rect in = og_tui_box(r, v->box_title);
    int lines = 0;
    for (const char *c = v->text.p ? v->text.p : ""; *c; c++)
        lines += *c == '\n' || !c[1];
    v->box_lines = in.h;
    int last = lines > in.h ? lines - in.h : 0;
    if (v->box_follow || v->box_top > last)
        v->box_top = last;
    og_tui_lines(in, v->text.p ? v->text.p : "", v->box_top);
}

static void draw_bottom(struct top_live *v, struct og_tui_rect s)
{
    if (v->typing)
        og_tui_line_draw(&v->line, s.h - 1, 0, s.w, "filter: ");
    else if (v->message[0])
        og_tui_text(s.h - 1, 0, s.w, OG_TUI_WARN, v->message);
    else
        og_tui_hints(s.h - 1, hints, sizeof hints / sizeof *hints);
}

void top_draw(struct top_live *v)
{
    struct og_tui_rect s = og_tui_screen();
    og_tui_begin();
    if (s.h < SMALL_H || s.w < SMALL_W) {
        const struct top_head *h = &v->d->head;
        og_tui_textf(0, 0, s.w, v->d->alerts ? OG_TUI_BAD : OG_TUI_PLAIN,
                     "#%" PRIu64 " q%" PRIu64 " r%" PRIu64 "%s", h->height,
                     h->queued + h->task[OG_TASK_WAITING], h->lease[OG_LEASE_RUNNING],
                     v->d->alerts ? " ALERT" : "");
        og_tui_end();
        return;
    }
    draw_header(v, s.w);
    draw_panes(v, (struct og_tui_rect){1, 0, s.h - 2, s.w});
    if (v->box != TOP_BOX_NONE)
        draw_box(v, s);
    draw_bottom(v, s);
    og_tui_end();
}
