/* top_view.c - the live view: look, draw, wait for a key. */
#include "top_view.h"

#include "base/base_mem.h"
#include "base/base_time.h"

#include <stdlib.h>
#include <string.h>

#define STALE_MS 10000 /* alerts depend on the clock: look again even when nothing changed */

static void remember(struct top_live *v)
{
    const struct top_head *h = &v->d->head;
    if (v->queue_n == TOP_SPARK) {
        memmove(v->queue, v->queue + 1, (TOP_SPARK - 1) * sizeof *v->queue);
        v->queue_n--;
    }
    v->queue[v->queue_n++] = h->queued + h->task[OG_TASK_WAITING];
}

/* Reads when the state has changed; ages grow anyway. */
static enum og_rc look(struct top_live *v, struct og_err *err)
{
    uint64_t version = og_store_version(v->source->st), now = og_time_mono_ms();
    if (v->d && version == v->version && now - v->read_ms < STALE_MS) {
        v->d->head.now_ms = og_time_unix_ms();
        remember(v);
        return OG_OK;
    }
    struct top_data *d;
    OG_TRY(top_data_read(v->source, &d, err));
    top_data_free(v->d);
    v->d = d;
    v->version = version;
    v->read_ms = now;
    remember(v);
    return OG_OK;
}

static enum og_rc loop(struct top_live *v, struct og_err *err)
{
    uint64_t next = 0;
    while (!v->quit && !og_cli_stop) {
        uint64_t now = og_time_mono_ms();
        if (now >= next) {
            enum og_rc rc = look(v, err);
            if (rc == OG_E_TEMPFAIL && v->d) /* busy: what was seen last stays */
                rc = OG_OK;
            OG_TRY(rc);
            top_rebuild(v);
            top_box_refresh(v);
            next = now + v->delay_ms;
        }
        top_draw(v);
        now = og_time_mono_ms();
        int key = og_tui_key(next > now ? (int)(next - now) : 0);
        if (key == OG_KEY_EOF)
            break;
        if (key != OG_KEY_NONE)
            top_key(v, key);
    }
    return OG_OK;
}

static void release(struct top_live *v)
{
    for (int p = 0; p < TOP_PANES; p++)
        top_rows_release(&v->rows[p]);
    top_data_free(v->d);
    free(v->unfolded);
    free(v->tagged);
    og_buf_release(&v->text);
}

enum og_rc top_view(const struct top_opts *o, struct top_source *s, struct og_err *err)
{
    struct og_tui_opts opts = {.no_color = o->no_color, .ascii = o->ascii};
    struct top_live *v = og_xcalloc(1, sizeof *v);
    v->o = o;
    v->source = s;
    v->delay_ms = o->delay_ms;
    v->focus = TOP_JOBS;
    for (int p = 0; p < TOP_PANES; p++) {
        v->table[p].cols = top_cols((enum top_pane)p, &v->table[p].n_cols);
        v->table[p].cell = top_cell;
    }
    v->table[TOP_JOBS].sort_col = 2;
    v->table[TOP_CHAIN].sort_col = v->table[TOP_EVENTS].sort_col = SIZE_MAX; /* in their order */
    og_cli_stop_signals();
    enum og_rc rc = og_tui_start(&opts, err);
    if (rc == OG_OK)
        rc = loop(v, err);
    og_tui_stop();
    release(v);
    free(v);
    return rc;
}
