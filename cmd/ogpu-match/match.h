/* match.h - ogpu-match: its options and what its files share. */
#ifndef MATCH_H
#define MATCH_H

#include "base/base_err.h"
#include "cli/cli_opts.h"
#include "engine/engine.h"
#include "ledger/ledger_view.h"
#include "match/match_adapt.h"
#include "store/store_row.h"
#include "json/json_line.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct match_opts {
    struct og_opts_common common;
    const char *key;             /* NULL: any node key in the keys folder */
    const char *passphrase_file; /* NULL: keys without a passphrase */
    bool once, watch, pull, dry_run;
    uint64_t why, why_node; /* 0: not asked */
    uint64_t budget_ms;     /* for one problem; 0: as long as it takes */
    bool lap, makespan, assignment, graph, dot, schedule;
    uint64_t path;     /* 0: not asked */
    char *const *file; /* operands */
    size_t files;
};

/* The tasks read from stdin: a set of numbers, in the order they came. */
struct match_watch {
    uint64_t *id;
    size_t n, cap;
    size_t lo; /* all before it have ended */
    uint64_t *slot;
    size_t slots; /* a power of two, at least 2n */
};
/* False when it was there already. */
bool match_watch_add(struct match_watch *w, uint64_t id);
bool match_watch_has(const struct match_watch *w, uint64_t id);
void match_watch_release(struct match_watch *w);

/* What was found for one round. */
struct match_solution {
    uint64_t round; /* 0: nothing */
    size_t n, m;
    size_t placed, assigned; /* rows with a place; those of them that can be leased now */
    bool optimal;
    int32_t *x;
    int64_t *u, *v;
};
void match_solution_release(struct match_solution *s);

struct matcher {
    const struct match_opts *opts;
    struct og_engine *engine;
    struct og_store *st; /* the engine's */
    struct og_ledger *ledger;
    struct og_key *key; /* of a bonded node; NULL: none is held */
    uint64_t key_node;
    struct match_watch watch;
    struct match_solution solved; /* of the round looked at last */
    struct og_adapt *adapt;       /* its solver */
    bool every;                   /* report the leases of every task, not only of those read */
    uint64_t moved_ms;   /* monotonic time when others last changed the state; 0: not seen */
    uint64_t last_lease; /* highest lease number looked at */
    uint64_t reported;   /* assignments written */
    bool headed;         /* -H: the heading is out */
    unsigned refused;    /* certificates in a row that the state did not take */
};

/* Opens engine, ledger and key. Release with match_close, also after a failure. */
enum og_rc match_open(struct matcher *m, const struct match_opts *opts,
                      struct og_err *err) OG_MUST_CHECK;
void match_close(struct matcher *m);
/* The ledger sees the open block and parameters of now. */
enum og_rc match_refresh(struct matcher *m, struct og_err *err) OG_MUST_CHECK;

/* match_key.c: the key of a bonded node, by --key or the first that fits; none: m->key NULL. */
enum og_rc match_find_key(struct matcher *m, struct og_err *err) OG_MUST_CHECK;
/* Looks for the key again; the one there is stays where none is found. */
void match_renew_key(struct matcher *m);

/* match_round.c */
enum match_did {
    MATCH_IDLE,   /* nothing to do: no round, or one that cannot assign anything */
    MATCH_DID,    /* a certificate was taken or a block sealed: look again */
    MATCH_SOON,   /* a block has to be sealed, and somebody is likely about to */
    MATCH_BLOCKED /* a block has to be sealed, and this tool cannot */
};
/* One step towards assigning what can be assigned now. */
enum og_rc match_step(struct matcher *m, enum match_did *did, struct og_err *err) OG_MUST_CHECK;
/* Can some free slot take some waiting task? free_only false: some slot at all. */
enum og_rc match_wanted(struct matcher *m, bool free_only, bool *out,
                        struct og_err *err) OG_MUST_CHECK;
/* The elements of t that would be leased next; false: none wait. */
enum og_rc match_next_range(struct og_store *st, const struct og_task *t, uint64_t *first,
                            uint64_t *count, bool *found, struct og_err *err) OG_MUST_CHECK;

/* match_report.c: writes every lease made since the last call. */
enum og_rc match_report(struct matcher *m, bool *any, struct og_err *err) OG_MUST_CHECK;
/* The leases of one task that were there before. */
enum og_rc match_report_task(struct matcher *m, uint64_t task, struct og_err *err) OG_MUST_CHECK;

/* The three ways of running. */
enum og_rc match_filter(struct matcher *m, struct og_err *err) OG_MUST_CHECK;
enum og_rc match_once(struct matcher *m, struct og_err *err) OG_MUST_CHECK;
enum og_rc match_forever(struct matcher *m, struct og_err *err) OG_MUST_CHECK;

/* match_pull.c: gives back leases of the key's node that an idle slot would have done sooner, by
 * more than the threshold. *any: some were. */
enum og_rc match_pull(struct matcher *m, bool *any, struct og_err *err) OG_MUST_CHECK;

/* match_judge.c: how things stand with the tasks read. */
enum match_state {
    MATCH_MOVING,   /* something can still be assigned, or runs */
    MATCH_ASSIGNED, /* all is assigned, no worker has started any of it */
    MATCH_STUCK,    /* err holds the sentence */
    MATCH_ENDED     /* every task has ended */
};
enum og_rc match_judge(struct matcher *m, enum match_state *out, struct og_err *why,
                       struct og_err *err) OG_MUST_CHECK;

/* Questions; they open the state for reading only. */
enum og_rc match_why(const struct match_opts *opts, struct og_err *err) OG_MUST_CHECK;
enum og_rc match_why_node(const struct match_opts *opts, struct og_err *err) OG_MUST_CHECK;
enum og_rc match_dry_run(const struct match_opts *opts, struct og_err *err) OG_MUST_CHECK;
enum og_rc match_graph(const struct match_opts *opts, struct og_err *err) OG_MUST_CHECK;
enum og_rc match_path(const struct match_opts *opts, struct og_err *err) OG_MUST_CHECK;
enum og_rc match_schedule(const struct match_opts *opts, struct og_err *err) OG_MUST_CHECK;
/* Files of other people's instances; no state is needed. */
enum og_rc match_lap(const struct match_opts *opts, struct og_err *err) OG_MUST_CHECK;
enum og_rc match_makespan(const struct match_opts *opts, struct og_err *err) OG_MUST_CHECK;

/* match_view.c: what a question reads. */
struct match_view {
    struct og_store *st;
    struct og_ledger *ledger;
    struct og_match_col *cols; /* of every slot; queue_ms of those with a lease is expected */
    size_t m;
    struct og_cost_round round;
    struct og_ways *ways;
    struct og_rank *rank;
};
enum og_rc match_view_open(const struct match_opts *opts, struct match_view *v,
                           struct og_err *err) OG_MUST_CHECK;
void match_view_close(struct match_view *v);
/* The row of elements of a task as a round would see it; release with og_view_release_row. */
enum og_rc match_view_row(struct match_view *v, const struct og_task *t, uint64_t first,
                          uint64_t count, struct og_match_row *row,
                          struct og_err *err) OG_MUST_CHECK;
/* What the pair costs on the slot's first place, every term; no ties. */
void match_view_cost(struct match_view *v, const struct og_match_row *row,
                     const struct og_match_col *col, struct og_cost_terms *out);

#endif
