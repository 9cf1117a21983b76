/* top_view.h - the live view: its state, shared by drawing, keys and boxes. */
#ifndef TOP_VIEW_H
#define TOP_VIEW_H

#include "top.h"

#include "base/base_buf.h"
#include "tui/tui_draw.h"
#include "tui/tui_line.h"
#include "tui/tui_term.h"

#define TOP_SPARK 64

enum top_box {
    TOP_BOX_NONE,
    TOP_BOX_HELP,
    TOP_BOX_TEXT, /* detail, why: text that stays as it is */
    TOP_BOX_LOG,  /* the end of a file, read again at every look */
    TOP_BOX_ASK   /* y or n */
};

struct top_live {
    const struct top_opts *o;
    struct top_source *source;
    struct top_data *d;
    uint64_t version, read_ms; /* of the last read: state's version, monotonic time */
    struct top_rows rows[TOP_PANES];
    struct og_tui_table table[TOP_PANES];
    bool hidden[TOP_PANES];
    int page[TOP_PANES]; /* rows to be seen */
    enum top_pane focus;
    bool zoom, quit;
    uint64_t delay_ms;
    struct top_choice choice;
    uint64_t *unfolded, *tagged;
    size_t unfolded_cap, tagged_cap;
    bool typing; /* the filter */
    struct og_tui_line line;
    char message[256]; /* instead of the hints, until the next key */
    enum top_box box;
    char box_title[96];
    struct og_buf text;
    int box_top, box_lines;
    bool box_follow;
    uint64_t log_lease;
    uint64_t queue[TOP_SPARK]; /* history of the queue, oldest first */
    size_t queue_n;
};

/* top_draw.c */
void top_draw(struct top_live *v);
/* top_keys.c: what a key does. */
void top_key(struct top_live *v, int key);
/* Rows anew from v->d and the choice. */
void top_rebuild(struct top_live *v);

/* top_box.c */
void top_box_help(struct top_live *v);
void top_box_detail(struct top_live *v);
void top_box_log(struct top_live *v);
void top_box_why(struct top_live *v);
void top_box_ask_cancel(struct top_live *v);
/* The answer to the question was yes. */
void top_box_cancel(struct top_live *v);
/* Reads the followed file again. */
void top_box_refresh(struct top_live *v);
void top_box_close(struct top_live *v);

/* top_run.c: runs one of the project's tools, at most ten seconds; its output, and what it said on
 * stderr, in out. False: it failed. */
bool top_run(const char *const *argv, struct og_buf *out);

#endif
