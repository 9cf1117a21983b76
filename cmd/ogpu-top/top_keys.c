/* top_keys.c - what each key does. */
#include "top_view.h"

#include "base/base_mem.h"

#include <stdio.h>
#include <string.h>

#define DELAY_MIN_MS 200
#define DELAY_MAX_MS 60000

void top_rebuild(struct top_live *v)
{
    v->choice.unfolded = v->unfolded;
    v->choice.tagged = v->tagged;
    for (int p = 0; p < TOP_PANES; p++)
        top_rows_make(&v->rows[p], (enum top_pane)p, v->d, &v->choice, v->table[p].sort_col,
                      v->table[p].reverse);
}

/* Puts id into the list, or takes it out. */
static void toggle(uint64_t **list, size_t *n, size_t *cap, uint64_t id)
{
    for (size_t i = 0; i < *n; i++)
        if ((*list)[i] == id) {
            (*list)[i] = (*list)[--*n];
            return;
        }
    *list = og_xgrow(*list, cap, *n + 1, sizeof **list);
    (*list)[(*n)++] = id;
}

static void next_focus(struct top_live *v, int step)
{
    for (int i = 0; i < TOP_PANES; i++) {
        v->focus = (enum top_pane)(((int)v->focus + step + TOP_PANES) % TOP_PANES);
        if (!v->hidden[v->focus])
            return;
    }
}

static void show_hide(struct top_live *v, enum top_pane p)
{
    v->hidden[p] = !v->hidden[p];
    if (!v->hidden[p])
        v->focus = p;
    else if (v->focus == p)
        next_focus(v, 1);
    if (v->hidden[v->focus]) { /* the last one stays */
        v->hidden[p] = false;
        v->focus = p;
    }
}

static void set_delay(struct top_live *v, bool longer)
{
    v->delay_ms = longer ? v->delay_ms * 2 : v->delay_ms / 2;
    if (v->delay_ms < DELAY_MIN_MS)
        v->delay_ms = DELAY_MIN_MS;
    if (v->delay_ms > DELAY_MAX_MS)
        v->delay_ms = DELAY_MAX_MS;
}

/* Enter: an array unfolds; anything else shows its details. */
static void enter(struct top_live *v)
{
    const struct top_rows *r = &v->rows[v->focus];
    size_t at = v->table[v->focus].cursor;
    if (at >= r->n)
        return;
    if (r->row[at].what == TOP_TASK) {
        const struct top_task *t = &r->d->task[r->row[at].at];
        if (t->t.count > 1 && t->leases > 0) {
            toggle(&v->unfolded, &v->choice.n_unfolded, &v->unfolded_cap, t->t.id);
            top_rebuild(v);
            return;
        }
    }
    top_box_detail(v);
}

static void tag(struct top_live *v)
{
    uint64_t id = top_row_task(&v->rows[v->focus], v->table[v->focus].cursor);
    if (id && v->focus == TOP_JOBS) {
        toggle(&v->tagged, &v->choice.n_tagged, &v->tagged_cap, id);
        v->table[v->focus].cursor++;
        top_rebuild(v);
    }
}

static void box_key(struct top_live *v, int key)
{
    int page = v->box_lines > 1 ? v->box_lines - 1 : 1;
    if (v->box == TOP_BOX_ASK) {
        if (key == 'y' || key == 'Y')
            top_box_cancel(v);
        else if (key != OG_KEY_RESIZE)
            top_box_close(v);
        return;
    }
    switch (key) {
    case OG_KEY_UP:
    case 'k': v->box_top--; break;
    case OG_KEY_DOWN:
    case 'j': v->box_top++; break;
    case OG_KEY_PGUP: v->box_top -= page; break;
    case OG_KEY_PGDN:
    case ' ': v->box_top += page; break;
    case OG_KEY_HOME:
    case 'g': v->box_top = 0; break;
    case OG_KEY_END:
    case 'G': v->box_follow = true; return;
    case 12:
    case OG_KEY_F0 + 5: og_tui_redraw(); return;
    case OG_KEY_RESIZE: return;
    default: top_box_close(v); return;
    }
    v->box_follow = false;
    v->box_top = v->box_top < 0 ? 0 : v->box_top;
}

static void filter_key(struct top_live *v, int key)
{
    switch (og_tui_line_key(&v->line, key)) {
    case OG_TUI_LINE_CHANGED:
        snprintf(v->choice.filter, sizeof v->choice.filter, "%s", v->line.text);
        top_rebuild(v);
        return;
    case OG_TUI_LINE_DONE: v->typing = false; return;
    case OG_TUI_LINE_CANCEL:
        v->typing = false;
        v->choice.filter[0] = '\0';
        top_rebuild(v);
        return;
    case OG_TUI_LINE_IGNORED:
    case OG_TUI_LINE_MOVED: return;
    }
}

static void command(struct top_live *v, int key)
{
    switch (key) {
    case 'q':
    case OG_KEY_F0 + 10: v->quit = true; return;
    case '?':
    case 'h':
    case OG_KEY_F0 + 1: top_box_help(v); return;
    case '1':
    case '2':
    case '3':
    case '4': show_hide(v, (enum top_pane)(key - '1')); return;
    case '\t': next_focus(v, 1); return;
    case OG_KEY_BACKTAB: next_focus(v, -1); return;
    case 'z': v->zoom = !v->zoom; return;
    case '/':
        v->typing = true;
        og_tui_line_set(&v->line, v->choice.filter);
        return;
    case 27:
        v->choice.filter[0] = '\0';
        v->choice.mine = false;
        top_rebuild(v);
        return;
    case 'u':
        v->choice.mine = !v->choice.mine;
        top_rebuild(v);
        return;
    case ' ': tag(v); return;
    case OG_KEY_ENTER: enter(v); return;
    case 'd': top_box_detail(v); return;
    case 'l': top_box_log(v); return;
    case 'w': top_box_why(v); return;
    case 'c': top_box_ask_cancel(v); return;
    case '+':
    case '=': set_delay(v, true); return;
    case '-': set_delay(v, false); return;
    case 12:
    case OG_KEY_F0 + 5: og_tui_redraw(); return;
    default: return;
    }
}

void top_key(struct top_live *v, int key)
{
    v->message[0] = '\0';
    if (key == OG_KEY_RESIZE) {
        og_tui_redraw();
        return;
    }
    if (v->box != TOP_BOX_NONE) {
        box_key(v, key);
        return;
    }
    if (v->typing) {
        filter_key(v, key);
        return;
    }
    bool sorted;
    if (v->table[v->focus].sort_col == SIZE_MAX && (key == 's' || key == 'S' || key == 'r'))
        return;
    if (og_tui_table_key(&v->table[v->focus], key, v->rows[v->focus].n, v->page[v->focus],
                         &sorted)) {
        if (sorted)
            top_rebuild(v);
        return;
    }
    command(v, key);
}
