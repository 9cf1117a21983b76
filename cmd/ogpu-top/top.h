/* top.h - ogpu-top: its options and what its files share. */
#ifndef TOP_H
#define TOP_H

#include "top_data.h"

#include "cli/cli_opts.h"
#include "tui/tui_table.h"

struct top_opts {
    struct og_opts_common common;
    bool once, json, prom, check;
    bool no_color, ascii, readonly;
    uint64_t delay_ms;
};

enum top_pane { TOP_NODES, TOP_JOBS, TOP_CHAIN, TOP_EVENTS, TOP_PANES };
extern const char *const top_pane_titles[TOP_PANES];

/* What a pane shows: rows of the data in an order, some left out. */
#define TOP_FILTER_MAX 256
struct top_choice;
struct top_rows {
    enum top_pane pane;
    const struct top_data *d;
    const struct top_choice *choice;
    struct top_row {
        uint8_t what; /* enum top_what */
        uint32_t at;  /* index into the array of d that `what` says */
    } * row;
    size_t n, cap;
    size_t all; /* before the filter */
};
enum top_what {
    TOP_SLOT,  /* d->slot */
    TOP_TASK,  /* d->task */
    TOP_LEASE, /* d->lease, under its task */
    TOP_BLOCK,
    TOP_VALIDATOR,
    TOP_ACCOUNT,
    TOP_ALERT,
    TOP_EVENT
};
struct top_choice {
    char filter[TOP_FILTER_MAX]; /* words: user= node= state= or a part of any cell */
    bool mine;                   /* only what belongs to d->own */
    const uint64_t *unfolded;    /* arrays that are shown lease by lease */
    size_t n_unfolded;
    const uint64_t *tagged;
    size_t n_tagged;
};
/* The columns of a pane. */
const struct og_tui_col *top_cols(enum top_pane p, size_t *n);
/* Does it sort by the cell's ppm? Else by its text. */
bool top_col_is_number(enum top_pane p, size_t col);
bool top_is_tagged(const struct top_rows *r, uint64_t task);
/* Fills r->row (its memory is used again); sort_col as in struct og_tui_table. */
void top_rows_make(struct top_rows *r, enum top_pane p, const struct top_data *d,
                   const struct top_choice *choice, size_t sort_col, bool reverse);
void top_rows_release(struct top_rows *r);
/* An og_tui_cell_fn over a struct top_rows. */
void top_cell(const void *rows, size_t row, size_t col, struct og_tui_cell *cell);
/* The task, node or lease behind a row; 0: none. */
uint64_t top_row_task(const struct top_rows *r, size_t row);
uint64_t top_row_node(const struct top_rows *r, size_t row);
uint64_t top_row_lease(const struct top_rows *r, size_t row);
void top_short_addr(const struct og_addr *a, char *out, size_t cap);
/* The line above the panes. */
void top_header(const struct top_data *d, char *out, size_t cap);

/* One pass to stdout. */
enum og_rc top_print_once(const struct top_opts *o, const struct top_data *d,
                          struct og_err *err) OG_MUST_CHECK;
enum og_rc top_print_json(const struct top_data *d, struct og_err *err) OG_MUST_CHECK;
enum og_rc top_print_prom(const struct top_data *d, struct og_err *err) OG_MUST_CHECK;
/* OG_NO when there is an alert. */
enum og_rc top_print_check(const struct top_opts *o, const struct top_data *d,
                           struct og_err *err) OG_MUST_CHECK;

/* The live view. */
enum og_rc top_view(const struct top_opts *o, struct top_source *s,
                    struct og_err *err) OG_MUST_CHECK;

#endif
