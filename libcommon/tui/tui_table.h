/* tui_table.h - a scrolling table: columns dropped by priority, cursor, sort marker. */
#ifndef OG_TUI_TABLE_H
#define OG_TUI_TABLE_H

#include "tui/tui_term.h"

#include <stddef.h>

#define OG_TUI_COLS_MAX 24
#define OG_TUI_CELL_MAX 256

struct og_tui_col {
    const char *title;
    int least;    /* columns it needs to be of use */
    int most;     /* columns it takes at most; 0: no bound */
    int priority; /* 0 is dropped last */
    bool right;   /* numbers */
};

struct og_tui_cell {
    char text[OG_TUI_CELL_MAX];
    enum og_tui_style style;
    bool meter; /* draw a meter of ppm with text as its label ("" for the percentage) */
    uint64_t ppm;
};

/* Fills *cell (zeroed) for a row and a column. */
typedef void og_tui_cell_fn(const void *data, size_t row, size_t col, struct og_tui_cell *cell);

struct og_tui_table {
    const struct og_tui_col *cols;
    size_t n_cols;
    og_tui_cell_fn *cell;
    /* state, zeroed at first; the caller sorts its rows by sort_col and reverse */
    size_t cursor, top;
    size_t sort_col;
    bool reverse;
};

/* Draws head and rows into r; focus shows the cursor. empty: what to say when there is no row. */
void og_tui_table_draw(struct og_tui_table *t, struct og_tui_rect r, const void *data, size_t rows,
                       bool focus, const char *empty);
/* Arrows, j k, PgUp PgDn, Home End, g G, s S (sort column), r (reverse); true when the key was one
 * of them. page: rows visible. *sorted gets true when the order asked for changed. */
bool og_tui_table_key(struct og_tui_table *t, int key, size_t rows, int page, bool *sorted);

/* The layout alone: wide[i] columns for each, 0 when dropped, one blank between. natural[i]: the
 * widest cell. */
void og_tui_table_layout(const struct og_tui_col *cols, size_t n, const int *natural, int width,
                         int *wide);

#endif
