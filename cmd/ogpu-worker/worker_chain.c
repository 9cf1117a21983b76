/* worker_chain.c - leases of one slot that run one after another in one thread. */
#include "worker.h"

#include "base/base_mem.h"
#include "base/base_time.h"
#include "check/check_method.h"

#define HOLD_MS 500 /* that a finished lease waits to be committed with those behind it */

/* r uses the folders of the others of its thread. */
static void lead(struct run *last, struct run *r)
{
    r->how.nosync = true;
    r->how.stdout_fd = last->how.stdout_fd;
    r->how.stderr_fd = last->how.stderr_fd;
    r->out_path = og_xstrdup(last->out_path);
    r->err_path = og_xstrdup(last->err_path);
    r->scratch = og_xstrdup(last->scratch);
    r->how.scratch = r->scratch;
    r->phase = PHASE_QUEUED;
    r->thread = last->thread;
    r->thread->runs++;
    last->follow = r;
}

bool worker_chain_link(struct run *r)
{
    struct run *last = NULL;
    if (!r->started || r->job.lease.method != OG_VERIFY_OWN || r->w->cluster)
        return false;
    pthread_mutex_lock(&r->w->lock);
    for (struct run *o = r->w->runs; o && !last; o = o->next) /* the youngest stands first */
        if (o->node == r->node && o->job.lease.slot == r->job.lease.slot && !o->follow &&
            o->phase < PHASE_QUIT)
            last = o;
    bool led = last && last->started && last->job.lease.method == OG_VERIFY_OWN;
    if (led)
        lead(last, r);
    pthread_mutex_unlock(&r->w->lock);
    return led;
}

void worker_chain_leave(struct run *r)
{
    struct run *o = r->w->runs;
    while (o && (o == r || o->thread != r->thread))
        o = o->next;
    if (!o || r->lock_fd < 0)
        return;
    o->dir = r->dir;
    o->lock_fd = r->lock_fd;
    o->out_fd = r->out_fd;
    o->err_fd = r->err_fd;
    r->dir = NULL;
    r->lock_fd = r->out_fd = r->err_fd = -1;
}

bool worker_chain_there(const struct worker *w, const struct og_work_node *node, uint64_t slot)
{
    for (struct run *r = w->runs; r; r = r->next)
        if (r->node == node && r->job.lease.slot == slot && worker_run_get(r) < PHASE_QUIT)
            return true;
    return false;
}

struct run *worker_chain_next(struct run *r)
{
    struct worker *w = r->w;
    pthread_mutex_lock(&w->lock);
    struct run *next = r->follow;
    r->follow = NULL;
    if (r->phase == PHASE_GO)
        r->phase = PHASE_DONE;
    if (next) {
        next->phase = PHASE_GO;
        next->go_ms = og_time_mono_ms();
    }
    pthread_mutex_unlock(&w->lock);
    return next;
}

void worker_chain_cut(struct run *r)
{
    struct worker *w = r->w;
    pthread_mutex_lock(&w->lock);
    struct run *behind = r->follow;
    r->follow = NULL;
    pthread_mutex_unlock(&w->lock);
    for (struct run *next; behind; behind = next) {
        next = behind->follow;
        if (!behind->gone)
            worker_wish(w, WISH_RELEASE, behind->node, behind->job.lease.id, NULL, NULL);
        worker_run_free(behind);
    }
}

static bool long_since(const struct run_thread *t)
{
    uint64_t go_ms = atomic_load(&t->go_ms);
    return go_ms && og_time_mono_ms() - go_ms >= HOLD_MS;
}

bool worker_chain_ready(const struct run *r)
{
    if (r->thread->runs == 1 || long_since(r->thread))
        return true;
    for (struct run *o = r->w->runs; o; o = o->next)
        if (o->thread == r->thread && worker_run_get(o) < PHASE_QUIT)
            return false;
    return true;
}

static bool leads(struct run *r)
{
    pthread_mutex_lock(&r->w->lock);
    bool any = r->follow && r->phase != PHASE_QUEUED;
    pthread_mutex_unlock(&r->w->lock);
    return any;
}

void worker_chain_look(struct worker *w)
{
    struct run *r = w->runs;
    while (r) {
        if ((w->draining || worker_closed(w, r->node) || long_since(r->thread)) && leads(r)) {
            worker_chain_cut(r);
            r = w->runs; /* some of the list are gone */
        } else {
            r = r->next;
        }
    }
}

void worker_chain_stop(struct worker *w)
{
    pthread_mutex_lock(&w->lock);
    for (struct run *r = w->runs; r; r = r->next) {
        r->stop = 1;
        r->follow = NULL;
        if (r->phase != PHASE_DONE)
            r->phase = PHASE_QUIT;
        pthread_cond_broadcast(&r->go);
    }
    pthread_mutex_unlock(&w->lock);
    for (struct run *r = w->runs; r; r = r->next) {
        if (!r->thread->joined)
            pthread_join(r->thread->id, NULL);
        r->thread->joined = true;
    }
}
