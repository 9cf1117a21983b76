/* tui_table.c - a scrolling table: columns dropped by priority, cursor, sort marker. */
#include "tui/tui_table.h"

#include "base/base_utf8.h"
#include "tui/tui_draw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int want_of(const struct og_tui_col *c, int natural)
{
    int want = natural > c->least ? natural : c->least;
    return c->most && want > c->most ? c->most : want;
}

/* The column to drop next: the largest priority, of equals the last; n when one is left. */
static size_t worst(const struct og_tui_col *cols, size_t n, const int *wide)
{
    size_t found = n;
    size_t left = 0;
    for (size_t i = 0; i < n; i++) {
        if (!wide[i])
            continue;
        left++;
        if (found == n || cols[i].priority >= cols[found].priority)
            found = i;
    }
    return left > 1 ? found : n;
}

void og_tui_table_layout(const struct og_tui_col *cols, size_t n, const int *natural, int width,
                         int *wide)
{
    int need = -1;
    for (size_t i = 0; i < n; i++) {
        wide[i] = cols[i].least > 0 ? cols[i].least : 1;
        need += wide[i] + 1;
    }
    while (need > width) {
        size_t i = worst(cols, n, wide);
        if (i == n)
            break;
        need -= wide[i] + 1;
        wide[i] = 0;
    }
    int spare = width - need;
    if (spare < 0) { /* the last one does not fit either: clip it */
        for (size_t i = 0; i < n; i++)
            if (wide[i])
                wide[i] = width > 0 ? width : 0;
        return;
    }
    for (int p = 0, top = 0; p <= top && spare > 0; p++)
        for (size_t i = 0; i < n && spare > 0; i++) {
            if (cols[i].priority > top)
                top = cols[i].priority;
            if (!wide[i] || cols[i].priority != p)
                continue;
            int more = want_of(&cols[i], natural[i]) - wide[i];
            more = more > spare ? spare : more > 0 ? more : 0;
            wide[i] += more;
            spare -= more;
        }
}

static int cols_of(const char *s)
{
    size_t cols = 0;
    free(og_utf8_tame(s, &cols));
    return (int)cols;
}

static void clamp(struct og_tui_table *t, size_t rows, size_t page)
{
    if (t->cursor >= rows)
        t->cursor = rows ? rows - 1 : 0;
    if (t->top > t->cursor)
        t->top = t->cursor;
    if (page && t->cursor - t->top >= page)
        t->top = t->cursor - page + 1;
    size_t last_top = rows > page ? rows - page : 0;
    if (t->top > last_top)
        t->top = last_top;
}

static const char *marker(const struct og_tui_table *t)
{
    if (og_tui_ascii())
        return t->reverse ? "^" : "v";
    return t->reverse ? "▲" : "▼";
}

static void draw_head(const struct og_tui_table *t, struct og_tui_rect r, const int *wide)
{
    og_tui_fill(r.y, r.x, r.w, OG_TUI_HEAD);
    int x = r.x;
    for (size_t i = 0; i < t->n_cols; i++) {
        if (!wide[i])
            continue;
        int mark = i == t->sort_col ? 1 : 0;
        int n = cols_of(t->cols[i].title);
        if (n > wide[i] - mark)
            n = wide[i] - mark;
        int at = t->cols[i].right ? x + wide[i] - mark - n : x;
        int used = og_tui_text(r.y, at, n, OG_TUI_HEAD, t->cols[i].title);
        if (mark)
            og_tui_text(r.y, at + used, 1, OG_TUI_HEAD, marker(t));
        x += wide[i] + 1;
    }
}

static void draw_row(const struct og_tui_table *t, int y, struct og_tui_rect r, const int *wide,
                     const void *data, size_t row, bool marked)
{
    int x = r.x;
    if (marked)
        og_tui_fill(y, r.x, r.w, OG_TUI_MARK);
    for (size_t i = 0; i < t->n_cols; i++) {
        if (!wide[i])
            continue;
        struct og_tui_cell c = {.text = ""};
        t->cell(data, row, i, &c);
        enum og_tui_style style = marked ? OG_TUI_MARK : c.style;
        if (c.meter) {
            og_tui_meter(y, x, wide[i], c.ppm, c.text[0] ? c.text : NULL, style);
        } else {
            int n = cols_of(c.text);
            int at = t->cols[i].right && n < wide[i] ? x + wide[i] - n : x;
            og_tui_text(y, at, wide[i] - (at - x), style, c.text);
        }
        x += wide[i] + 1;
    }
}

void og_tui_table_draw(struct og_tui_table *t, struct og_tui_rect r, const void *data, size_t rows,
                       bool focus, const char *empty)
{
    if (r.h < 1 || r.w < 1 || t->n_cols == 0 || t->n_cols > OG_TUI_COLS_MAX)
        return;
    size_t page = (size_t)(r.h - 1);
    clamp(t, rows, page);
    int natural[OG_TUI_COLS_MAX];
    int wide[OG_TUI_COLS_MAX];
    for (size_t i = 0; i < t->n_cols; i++) {
        natural[i] = cols_of(t->cols[i].title) + (i == t->sort_col ? 1 : 0);
        for (size_t k = t->top; k < rows && k - t->top < page; k++) {
            struct og_tui_cell c = {.text = ""};
            t->cell(data, k, i, &c);
            int n = c.meter ? t->cols[i].most : cols_of(c.text);
            natural[i] = n > natural[i] ? n : natural[i];
        }
    }
    og_tui_table_layout(t->cols, t->n_cols, natural, r.w, wide);
    draw_head(t, r, wide);
    for (size_t k = t->top; k < rows && k - t->top < page; k++)
        draw_row(t, r.y + 1 + (int)(k - t->top), r, wide, data, k, focus && k == t->cursor);
    if (rows == 0 && page && empty)
        og_tui_text(r.y + 1, r.x, r.w, OG_TUI_DIM, empty);
}

static bool move_cursor(struct og_tui_table *t, int key, size_t rows, size_t page)
{
    size_t last = rows ? rows - 1 : 0;
    switch (key) {
    case OG_KEY_UP:
    case 'k': t->cursor -= t->cursor > 0; break;
    case OG_KEY_DOWN:
    case 'j': t->cursor += t->cursor < last; break;
    case OG_KEY_PGUP: t->cursor -= t->cursor < page ? t->cursor : page; break;
    case OG_KEY_PGDN: t->cursor = last - t->cursor < page ? last : t->cursor + page; break;
    case OG_KEY_HOME:
    case 'g': t->cursor = 0; break;
    case OG_KEY_END:
    case 'G': t->cursor = last; break;
    default: return false;
    }
    return true;
}

bool og_tui_table_key(struct og_tui_table *t, int key, size_t rows, int page, bool *sorted)
{
    *sorted = false;
    if (t->cursor >= rows)
        t->cursor = rows ? rows - 1 : 0;
    if (move_cursor(t, key, rows, page > 0 ? (size_t)page : 1))
        return true;
    if (t->n_cols == 0 || (key != 's' && key != 'S' && key != 'r'))
        return false;
    if (key == 's')
        t->sort_col = (t->sort_col + 1) % t->n_cols;
    else if (key == 'S')
        t->sort_col = (t->sort_col + t->n_cols - 1) % t->n_cols;
    else
        t->reverse = !t->reverse;
    *sorted = true;
    return true;
}
