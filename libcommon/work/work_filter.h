/* work_filter.h - a tool as a filter: records pass through, the tasks among them are followed until
 * all have ended or nothing moves any more. */
#ifndef OG_WORK_FILTER_H
#define OG_WORK_FILTER_H

#include "base/base_buf.h"
#include "store/store_open.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct og_filter_task {
    uint64_t id;
    uint64_t state; /* as last seen */
    bool ended;
};

struct og_filter {
    int fd;
    struct og_buf buf;
    unsigned long line_no;
    bool eof;
    struct og_filter_task *task;  /* ascending by id */
    size_t n, cap, ended, unpaid; /* unpaid: ended otherwise than paid */
    bool sorted;
    uint64_t next_look_us; /* looking at very many tasks is not done all the time */
    /* for the judgement that nothing moves */
    uint64_t signature, still_h, still_ms;
    /* leases of other tasks, and since when they lie about */
    struct og_filter_other {
        uint64_t lease, since_ms;
    } other[256];
    size_t n_other;
};

void og_filter_open(struct og_filter *f, int fd);
void og_filter_release(struct og_filter *f);

/* Reads what can be read without waiting (one read of fd; the caller has polled it), writes every
 * line to stdout as it is, and notes the tasks. A `task` record without a number is OG_E_DATA. */
enum og_rc og_filter_read(struct og_filter *f, struct og_err *err) OG_MUST_CHECK;
bool og_filter_has(struct og_filter *f, uint64_t task);
/* Nobody else took up this lease of another task for a while: it is left to us, or it would hold
 * its slot until its node is fined. */
bool og_filter_adopts(struct og_filter *f, uint64_t lease);
/* Looks which tasks ended since; fn (may be NULL) is called once for each of them. */
typedef enum og_rc (*og_filter_fn)(void *ctx, struct og_store *st, uint64_t task, uint64_t state,
                                   struct og_err *err);
enum og_rc og_filter_look(struct og_filter *f, struct og_store *st, og_filter_fn fn, void *ctx,
                          struct og_err *err) OG_MUST_CHECK;
/* All of them have ended and no more come. */
bool og_filter_done(const struct og_filter *f);
/* Nothing of the chain's tasks moved for a while, nothing is leased, and the blocks in which the
 * fallback would have matched have passed. */
enum og_rc og_filter_stuck(struct og_filter *f, struct og_store *st, bool *stuck,
                           struct og_err *err) OG_MUST_CHECK;

#endif
