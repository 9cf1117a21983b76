/* trace.c - slot after slot, its events in the order of time, as JSON lines. */
#include "trace.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "json/json_line.h"

#include <stdlib.h>
#include <unistd.h>

#define FLUSH_AT ((size_t)256 << 10)

static int by_time(const void *a, const void *b)
{
    const struct og_guard_event *x = a, *y = b;
    if (x->time_ms != y->time_ms)
        return x->time_ms < y->time_ms ? -1 : 1;
    if (x->node != y->node)
        return x->node < y->node ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

static enum og_rc flush(struct og_buf *b, struct og_err *err)
{
    enum og_rc rc = b->len ? og_jsonl_write_raw(stdout, b->p, b->len - 1, err) : OG_OK;
    og_buf_reset(b);
    return rc;
}

static enum og_rc write_slot(struct trace *t, uint64_t *id, struct og_err *err)
{
    for (size_t i = 0; i < t->evs; i++)
        t->ev[i].id = i; /* the order in which they were drawn decides last */
    qsort(t->ev, t->evs, sizeof *t->ev, by_time);
    for (size_t i = 0; i < t->evs; i++) {
        t->ev[i].id = ++*id;
        og_guard_event_write(&t->ev[i], &t->out);
        og_buf_addc(&t->out, '\n');
        if (t->out.len >= FLUSH_AT)
            OG_TRY(flush(&t->out, err));
    }
    t->evs = 0;
    return OG_OK;
}

static enum og_rc slots(struct trace *t, struct og_err *err)
{
    uint64_t id = 0;
    for (; t->now_ms < t->end_ms; t->now_ms += TRACE_SLOT_MS, t->height++) {
        for (size_t i = 0; i < t->n; i++)
            trace_slot(t, i);
        OG_TRY(write_slot(t, &id, err));
    }
    return flush(&t->out, err);
}

enum og_rc trace_run(const struct trace_opts *o, struct og_err *err)
{
    struct trace t = {.o = o, .rng = {og_splitmix64(o->seed)}, .next_id = o->first, .height = 1};
    t.now_ms = TRACE_START_MS;
    t.end_ms = t.now_ms + o->hours * 3600000u;
    trace_populate(&t);
    enum og_rc rc = slots(&t, err);
    if (rc == OG_OK && o->labels)
        rc = og_io_write_atomic(o->labels, t.labels.p ? t.labels.p : "", t.labels.len, 0644,
                                OG_IO_REPLACE, err);
    else if (rc == OG_OK)
        rc = flush(&t.labels, err);
    og_buf_release(&t.out);
    og_buf_release(&t.labels);
    free(t.node);
    free(t.ev);
    return rc;
}
