/* worker_window.c - capacity windows: each of our nodes runs the seeded benchmark once an epoch,
 * one after the other, also beside other workers of this machine; commits, and opens what is drawn.
 */
#include "worker.h"

#include "base/base_log.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "exec/exec_window.h"
#include "ledger/ledger.h"
#include "ledger/ledger_view.h"
#include "store/store_block.h"
#include "store/store_query.h"
#include "store/store_row.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#define HOST_LOCK "/tmp/ogpu-window.lock"

#define TRIES 1000 /* looks for a block with a beacon */

enum phase { REST, BEACON, RUN, DRAW };

struct worker_window {
    struct worker *w;
    enum phase phase;
    size_t at; /* which of our nodes */
    uint64_t epoch, height, threads, ms, tries;
    uint64_t *done; /* of each node: the last epoch it is through with; --once: one is enough */
    struct og_hash seed;
    struct og_window_run *run;
    pthread_t thread;
    bool running;
    volatile sig_atomic_t stop;
    atomic_bool over;
    enum og_rc rc;
    struct og_err err;
    int lock_fd;
};

static void *work(void *ctx)
{
    struct worker_window *x = ctx;
    uint64_t one = 1;
    x->rc = og_window_run(&x->seed, x->threads, x->ms, x->w->o->capacity_bytes, &x->stop, &x->run,
                          &x->err);
    atomic_store(&x->over, true);
    ssize_t ignored = write(x->w->wake_fd, &one, sizeof one);
    (void)ignored;
    return NULL;
}

/* A global or a parameter; absent: 0. */
static enum og_rc value(struct worker *w, enum og_family_index family, const char *name,
                        uint64_t *out, struct og_err *err)
{
    struct og_value v = {.name = og_xstrdup(name)};
    bool found;
    enum og_rc rc = og_row_get(w->store, family, &v, &found, err);
    *out = rc == OG_OK && found ? v.value : 0;
    og_row_release(&og_families[family], &v);
    return rc;
}

/* The machine's other workers do not run theirs now. Where the file cannot be had we go on. */
static bool host_is_ours(struct worker_window *x)
{
    if (x->lock_fd < 0)
        x->lock_fd = open(HOST_LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
    return x->lock_fd < 0 || flock(x->lock_fd, LOCK_EX | LOCK_NB) == 0;
}

static void let_host(struct worker_window *x)
{
    if (x->lock_fd >= 0)
        close(x->lock_fd);
    x->lock_fd = -1;
}

static enum og_rc send(struct worker *w, const struct og_work_node *node, enum og_tx_kind kind,
                       json_t *body, bool *ok, struct og_err *err)
{
    struct og_sent sent = {0};
    struct og_draft d = {.kind = kind, .body = body};
    enum og_rc rc = og_engine_send(w->engine, node->key, &d, 1, &sent, err);
    json_decref(body);
    w->changed = true;
    *ok = rc == OG_OK && sent.rc == OG_OK;
    if (rc == OG_OK && !*ok)
        og_log(OG_LOG_WARNING, "%s of node %" PRIu64 ": %s", og_tx_kind_name(kind), node->id,
               sent.msg);
    return rc;
}

/* Through with this node's window. */
static void next(struct worker_window *x)
{
    if (x->at < x->w->n_nodes)
        x->done[x->at] = x->epoch;
    og_window_run_free(x->run);
    x->run = NULL;
    x->phase = REST;
    x->w->changed = true;
    let_host(x);
}

/* Is the window of this epoch still open, and a node of ours not through with it? */
static enum og_rc find(struct worker_window *x, bool *any, struct og_err *err)
{
    struct worker *w = x->w;
    uint64_t height, open_ms, first_ms;
    struct og_roots r = {0};
    bool found;
    *any = false;
    OG_TRY(value(w, OG_F_GLOBAL, "epoch", &x->epoch, err));
    OG_TRY(value(w, OG_F_GLOBAL, "epoch_ms", &first_ms, err));
    OG_TRY(value(w, OG_F_PARAM, "capacity_ms", &x->ms, err));
    OG_TRY(og_engine_head(w->engine, &height, &open_ms, err));
    r.height = height;
    OG_TRY(og_row_get(w->store, OG_F_ROOTS, &r, &found, err));
    if (!x->ms || (found && r.time_ms > first_ms + 19 * x->ms))
        return OG_OK;
    for (x->at = 0; x->at < w->n_nodes && !*any; x->at += !*any) {
        struct og_window row = {.node = w->node[x->at].id};
        OG_TRY(og_row_get(w->store, OG_F_WINDOW, &row, &found, err));
        *any = (w->o->once ? !x->done[x->at] : x->done[x->at] != x->epoch) &&
               !(found && row.epoch == x->epoch);
    }
    return OG_OK;
}

static enum og_rc cores_of(struct worker *w, uint64_t node, uint64_t *out, struct og_err *err)
{
    uint64_t idx[1024];
    size_t n;
    *out = 0;
    OG_TRY(og_query(w->store, OG_Q_SLOTS_OF, (uint64_t[]){node}, 1, idx, 1, 1024, &n, err));
    for (size_t i = 0; i < n; i++) {
        struct og_slot s = {.node = node, .idx = idx[i]};
        OG_TRY(og_row_need(w->store, OG_F_SLOT, &s, err));
        *out += s.cores;
    }
    if (w->o->threads)
        *out = og_min_u64(*out, w->o->threads);
    return OG_OK;
}

/* A block of our own making, whose beacon nobody knew before. */
static enum og_rc begin(struct worker_window *x, struct og_err *err)
{
    struct worker *w = x->w;
    const struct og_work_node *node = &w->node[x->at];
    bool any, ok, sealed;
    uint64_t open_ms;
    OG_TRY(find(x, &any, err));
    if (!any || !host_is_ours(x))
        return OG_OK;
    node = &w->node[x->at];
    OG_TRY(og_engine_head(w->engine, &x->height, &open_ms, err));
    OG_TRY(cores_of(w, node->id, &x->threads, err));
    OG_TRY(send(w, node, OG_TX_NODE_UPDATE, json_object(), &ok, err));
    if (!ok) {
        next(x);
        return OG_OK;
    }
    x->phase = BEACON;
    x->tries = 0;
    return og_engine_seal(w->engine, true, &sealed, err);
}

/* The newest block since then that has a beacon. */
static enum og_rc start(struct worker_window *x, struct og_err *err)
{
    struct worker *w = x->w;
    struct og_roots r = {0};
    uint64_t height, open_ms;
    bool found = false;
    bool sealed;
    OG_TRY(og_engine_head(w->engine, &height, &open_ms, err));
    for (uint64_t h = height; h > x->height && !found; h--) {
        r = (struct og_roots){.height = h};
        OG_TRY(og_row_get(w->store, OG_F_ROOTS, &r, &found, err));
    }
    if (!found && x->tries++ > TRIES) {
        next(x);
        return OG_OK;
    }
    if (!found)
        return og_engine_seal(w->engine, true, &sealed, err);
    x->height = r.height;
    x->seed = og_cap_seed(&r.beacon, w->node[x->at].id);
    atomic_store(&x->over, false);
    if (pthread_create(&x->thread, NULL, work, x) != 0)
        return og_err_set(err, OG_E_UNAVAILABLE, "no thread for the capacity window");
    x->running = true;
    x->phase = RUN;
    return OG_OK;
}

static enum og_rc commit(struct worker_window *x, struct og_err *err)
{
    struct worker *w = x->w;
    bool sealed, ok;
    if (!atomic_load(&x->over))
        return OG_OK;
    pthread_join(x->thread, NULL);
    x->running = false;
    if (x->rc != OG_OK) {
        og_log(OG_LOG_WARNING, "capacity window: %s", x->err.msg);
        next(x);
        return OG_OK;
    }
    OG_TRY(og_engine_seal(w->engine, true, &sealed, err)); /* an open block's time is its first's */
    OG_TRY(send(w, &w->node[x->at], OG_TX_CAPACITY_COMMIT,
                og_window_commit(x->run, x->epoch, x->height), &ok, err));
    if (ok)
        x->phase = DRAW;
    else
        next(x);
    return OG_OK;
}

static enum og_rc reveal(struct worker_window *x, struct og_err *err)
{
    struct worker *w = x->w;
    const struct og_work_node *node = &w->node[x->at];
    struct og_window row = {.node = node->id};
    struct og_roots r = {0};
    uint64_t delay;
    bool found, sealed, ok;
    OG_TRY(og_row_get(w->store, OG_F_WINDOW, &row, &found, err));
    if (!found || row.epoch != x->epoch || row.state != 1) { /* the epoch ended before */
        next(x);
        return OG_OK;
    }
    OG_TRY(value(w, OG_F_PARAM, "draw_delay", &delay, err));
    r.height = row.commit_h + delay;
    OG_TRY(og_row_get(w->store, OG_F_ROOTS, &r, &found, err));
    if (!found)
        return og_engine_seal(w->engine, true, &sealed, err);
    OG_TRY(send(w, node, OG_TX_CAPACITY_REVEAL,
                og_window_reveal(x->run, x->epoch, node->id, &r.beacon), &ok, err));
    if (ok)
        og_log(OG_LOG_INFO, "node %" PRIu64 " showed %" PRIu64 " MFLOP/s in window %" PRIu64,
               node->id, row.value, x->epoch);
    next(x);
    return OG_OK;
}

enum og_rc worker_window_step(struct worker *w, struct og_err *err)
{
    struct worker_window *x = w->window;
    if (!w->o->capacity_bytes)
        return OG_OK;
    if (!x) {
        x = w->window = og_xcalloc(1, sizeof *x);
        x->w = w;
        x->lock_fd = -1;
        x->done = og_xcalloc(w->n_nodes + 1, sizeof *x->done);
    }
    enum og_rc rc = OG_OK;
    switch (x->phase) {
    case REST: rc = w->n_runs || w->draining ? OG_OK : begin(x, err); break;
    case BEACON: rc = start(x, err); break;
    case RUN: rc = commit(x, err); break;
    case DRAW: rc = reveal(x, err); break;
    }
    w->changed = w->changed || x->phase == BEACON || x->phase == DRAW;
    return rc;
}

bool worker_window_busy(const struct worker *w)
{
    return w->window && w->window->phase != REST;
}

void worker_window_close(struct worker *w)
{
    struct worker_window *x = w->window;
    if (!x)
        return;
    x->stop = 1;
    if (x->running)
        pthread_join(x->thread, NULL);
    og_window_run_free(x->run);
    let_host(x);
    free(x->done);
    free(x);
    w->window = NULL;
}
