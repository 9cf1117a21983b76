/* events.h - events of nodes through windows, rules and a model; for `score` and `watch`. */
#ifndef OG_CMD_GUARD_EVENTS_H
#define OG_CMD_GUARD_EVENTS_H

#include "cmd.h"
#include "guard/guard_policy.h"
#include "guard/guard_rules.h"
#include "guard/guard_window.h"

#define EVENTS_NODES 100000 /* followed unless --nodes says else */
#define EVENTS_FACTS ((size_t)1 << 18)

/* A node's window was quiet (no record), or suspicious, or there is a proof: with the record. hit:
 * the proof's, else NULL. */
typedef enum og_rc (*events_seen)(void *ctx, uint64_t node, enum og_policy_cause cause,
                                  uint64_t now_ms, const struct og_guard_hit *hit,
                                  const struct og_buf *record, struct og_err *err);

struct events_opts {
    events_seen seen; /* NULL: records go out as they are */
    const char *model, *windows, *labels;
    struct cmd_trust trust;
    uint64_t nodes, explain, alpha_ppm; /* alpha 0: the model's */
};

struct events;
/* Where records go: a line with its newline. */
typedef enum og_rc (*events_out)(void *ctx, const char *line, size_t len, struct og_err *err);

enum og_rc events_new(const struct events_opts *o, events_out out, void *ctx, struct events **e,
                      struct og_err *err) OG_MUST_CHECK;
void events_free(struct events *e);
/* A line of input; one that is no event of ours is passed on. */
enum og_rc events_line(struct events *e, const char *line, size_t len,
                       struct og_err *err) OG_MUST_CHECK;
/* Ends the present window when it was over at now_ms. */
enum og_rc events_tick(struct events *e, uint64_t now_ms, struct og_err *err) OG_MUST_CHECK;
/* Ends the present window and writes out what is left. */
enum og_rc events_end(struct events *e, struct og_err *err) OG_MUST_CHECK;

/* `ogpu-guard score` without a table and for a model of windows, or without a model. */
enum og_rc events_filter(const struct events_opts *o, struct og_err *err) OG_MUST_CHECK;
/* Was the model made of windows? */
bool events_model(const struct og_model *m);

/* events_csv.c. Windows as rows of a table, with a label where labels are known. */
struct events_csv;
enum og_rc events_csv_new(const char *path, const char *labels, struct events_csv **out,
                          struct og_err *err) OG_MUST_CHECK;
enum og_rc events_csv_row(struct events_csv *c, const struct og_window_row *row,
                          struct og_err *err) OG_MUST_CHECK;
/* Closes; the file is there only if all went well (rc OG_OK). */
enum og_rc events_csv_end(struct events_csv *c, enum og_rc rc, struct og_err *err) OG_MUST_CHECK;

#endif
