/* worker_gate.c - may this machine work now? By what the owner said, the hours, the people at it;
 * and what becomes of leases when it may not. */
#include "worker.h"

#include "base/base_io.h"
#include "base/base_log.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LOOK_MS 200
#define AGAIN_S 15 /* before a change that the chain refused is sent again */

struct gate {
    uint64_t looked_ms;
    struct timespec conf; /* change time of worker.conf */
    bool there;
    struct worker_activity activity;
    struct node_gate {
        const char *why; /* NULL: open */
        bool give_back;
        char *shown;            /* what the status file holds */
        bool told, told_closed; /* what the chain knows */
        unsigned told_serial;
        uint64_t again_ms;
    } * node;
};

static struct node_gate *gate_of(const struct worker *w, const struct og_work_node *node)
{
    return &w->gate->node[node - w->node];
}

const char *worker_closed(const struct worker *w, const struct og_work_node *node)
{
    return w->gate ? gate_of(w, node)->why : NULL;
}

/* A changed worker.conf holds from now on; one with a mistake does not, and says so. */
static void reload(struct worker *w)
{
    struct gate *g = w->gate;
    struct stat st;
    struct og_err why;
    char *own = w->o->config ? NULL : og_cli_config_file("worker.conf");
    const char *path = w->o->config ? w->o->config : own;
    bool there = stat(path, &st) == 0;
    bool same = there == g->there && (!there || memcmp(&st.st_ctim, &g->conf, sizeof g->conf) == 0);
    bool first = !g->looked_ms; /* it may have changed since it was read at the start */
    if (there)
        g->conf = st.st_ctim;
    if (!same || first) {
        if (worker_rules_load(w, &why) == OG_OK)
            og_log(first ? OG_LOG_DEBUG : OG_LOG_INFO, "'%s' was read again", path);
        else
            og_log(OG_LOG_WARNING, "%s; what held before still holds", why.msg);
    }
    g->there = there;
    free(own);
}

const char *worker_gate_why(struct worker *w, const struct og_owner_gate *rules)
{
    if (rules->use == 0)
        return "is not to be used";
    if (!og_owner_hours(rules, og_owner_minute(og_time_unix_ms())))
        return "is outside its hours";
    if (rules->idle_ms != OG_OWNER_UNSET && rules->idle_ms &&
        worker_activity_idle_ms(&w->gate->activity, w->rules.activity) < rules->idle_ms)
        return "is in use by somebody";
    return NULL;
}

/* Those that have not begun are given back by worker_send.c; these had. */
static void give_back(struct worker *w, const struct og_work_node *node)
{
    for (struct run *r = w->runs; r; r = r->next)
        if (r->node == node && !r->stop) {
            og_log(OG_LOG_INFO, "lease %" PRIu64 " is given back", r->job.lease.id);
            r->stop = OG_STOP_GRACE;
        }
}

static void set_node(struct worker *w, struct og_work_node *node, const char *why, bool back)
{
    struct node_gate *g = gate_of(w, node);
    bool was = g->why != NULL;
    if (was != (why != NULL) || (why && strcmp(why, g->why) != 0)) {
        og_log(OG_LOG_INFO, "node %" PRIu64 " %s", node->id, why ? why : "works");
        w->changed = true;
    }
    g->why = why;
    g->give_back = why && back;
    if (g->give_back)
        give_back(w, node);
}

static void look_node(struct worker *w, struct og_work_node *node)
{
    struct worker_control c;
    worker_control_read(w->run_dir, node->id, &c);
    const char *why = c.paused ? "is paused" : worker_gate_why(w, &w->rules.all);
    bool leave = w->rules.leave == OG_LEAVE_GIVE_BACK;
    set_node(w, node, why, c.paused ? c.give_back || leave : leave);
    worker_gpu_look(w, node, &c, leave);
}

/* A lease that uses nothing although it runs: a rank that crashed, a program that waits for
 * somebody. A hundredth of one core is something. */
static void look_held(struct worker *w, struct run *r, uint64_t now)
{
    uint64_t limit = w->rules.held_ms;
    uint64_t cpu = atomic_load(&r->live.cpu_ms);
    if (limit == OG_OWNER_UNSET || !limit || worker_run_get(r) != PHASE_GO || !r->started ||
        r->job.spec.kernel)
        return;
    if (!r->busy_ms || cpu < r->busy_cpu || cpu - r->busy_cpu > limit / 100 ||
        worker_gpu_busy(w, r)) {
        r->busy_ms = now;
        r->busy_cpu = cpu;
        r->held = false;
        return;
    }
    if (now - r->busy_ms < limit || r->held)
        return;
    r->held = true;
    bool back = w->rules.held_then == OG_HELD_GIVE_BACK;
    og_log(OG_LOG_WARNING,
           "lease %" PRIu64 " holds its slot but computes nothing for %" PRIu64 " s%s",
           r->job.lease.id, limit / 1000, back ? "; it is given back" : "");
    if (back)
        r->stop = OG_STOP_GRACE;
}

static json_t *status(struct worker *w, const struct og_work_node *node)
{
    const struct node_gate *g = gate_of(w, node);
    json_t *held = json_array();
    uint64_t runs = 0;
    for (struct run *r = w->runs; r; r = r->next) {
        if (r->node != node || worker_run_get(r) >= PHASE_QUIT)
            continue;
        runs++;
        if (r->held)
            json_array_append_new(held, json_integer((json_int_t)r->job.lease.id));
    }
    json_t *o =
        json_pack("{s:s, s:i, s:I, s:I, s:b, s:I, s:o, s:o}", "kind", "owner", "v", 1, "node",
                  (json_int_t)node->id, "pid", (json_int_t)getpid(), "open", g->why == NULL, "runs",
                  (json_int_t)runs, "held", held, "gpus", worker_gpu_status(w, node));
    if (o && g->why)
        json_object_set_new(o, "why", json_string(g->why));
    if (o && w->draining)
        json_object_set_new(o, "draining", json_true());
    return o;
}

/* For `ogpu status`, --devices and --give-back. */
static void publish(struct worker *w, const struct og_work_node *node)
{
    struct node_gate *g = gate_of(w, node);
    struct og_err err;
    json_t *o = status(w, node);
    char *text = o ? json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(o);
    if (text && (!g->shown || strcmp(text, g->shown) != 0)) {
        char *path = worker_owner_path(w, "owner", node->id);
        if (og_io_write_atomic(path, text, strlen(text), 0600, OG_IO_NOSYNC, &err) != OG_OK)
            og_log(OG_LOG_DEBUG, "%s", err.msg);
        free(path);
        free(g->shown);
        g->shown = og_xstrdup(text);
    }
    free(text);
}

enum og_rc worker_gate_open(struct worker *w, struct og_err *err)
{
    w->gate = og_xcalloc(1, sizeof *w->gate);
    w->gate->node = og_xcalloc(w->n_nodes + 1, sizeof *w->gate->node);
    worker_activity_open(&w->gate->activity);
    return worker_gpu_open(w, err);
}

void worker_gate_close(struct worker *w)
{
    struct gate *g = w->gate;
    worker_gpu_close(w);
    for (size_t i = 0; g && i < w->n_nodes; i++) {
        char *path = worker_owner_path(w, "owner", w->node[i].id);
        unlink(path);
        free(path);
        free(g->node[i].shown);
    }
    if (g) {
        worker_activity_close(&g->activity);
        free(g->node);
    }
    free(g);
    w->gate = NULL;
}

static enum og_rc tell(struct worker *w, struct og_work_node *node, uint64_t now,
                       struct og_err *err)
{
    struct node_gate *g = gate_of(w, node);
    bool closed = g->why != NULL, refused = false;
    bool known = g->told && g->told_closed == closed && g->told_serial == w->rules_serial;
    if (known || now < g->again_ms)
        return OG_OK;
    OG_TRY(worker_announce(w, node, closed, &refused, err));
    g->again_ms = refused ? now + AGAIN_S * 1000 : 0;
    g->told = !refused;
    g->told_closed = closed;
    g->told_serial = w->rules_serial;
    return OG_OK;
}

enum og_rc worker_gate_look(struct worker *w, struct og_err *err)
{
    struct gate *g = w->gate;
    uint64_t now = og_time_mono_ms();
    if (!g || (g->looked_ms && now - g->looked_ms < LOOK_MS && !w->changed))
        return OG_OK;
    reload(w);
    g->looked_ms = now;
    worker_gpu_read(w);
    for (size_t i = 0; i < w->n_nodes; i++) {
        struct og_work_node *node = &w->node[i];
        look_node(w, node);
        OG_TRY(tell(w, node, now, err));
    }
    for (struct run *r = w->runs; r; r = r->next)
        look_held(w, r, now);
    for (size_t i = 0; i < w->n_nodes; i++)
        publish(w, &w->node[i]);
    return OG_OK;
}
