/* worker_gpu.c - which GPU a lease gets, which of them its owner wants for himself now, and what
 * NVML says of them. */
#include "worker.h"

#include "base/base_log.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "exec/exec_cuda_gpu.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WATCH_MS  1000
#define STALE_MS  10000 /* figures older than that are none */
#define TEXT_MAX  ((size_t)256 << 10)
#define GPUS      64
#define CHAIN_MAX 64 /* parents of a process that are looked at */

struct gpus {
    pthread_t thread;
    bool runs;
    volatile sig_atomic_t stop;
    int in, out; /* the pipe that the figures come through */
    struct og_buf text;
    struct og_gpu_list now; /* the last whole look */
    uint64_t now_ms;
    const struct og_gpu_list *known; /* NULL: not asked yet */
    struct gpu_gate {
        char why[96]; /* "": open */
    } * gate;         /* GPUS for each node */
};

static struct gpu_gate *gate_at(const struct worker *w, const struct og_work_node *node, size_t gpu)
{
    return &w->gpus->gate[(size_t)(node - w->node) * GPUS + gpu];
}

static size_t count(const struct worker *w)
{
    const struct gpus *g = w->gpus;
    return g && g->known ? og_min_u64(g->known->n, GPUS) : 0;
}

static bool gate_wants(const struct og_owner_gate *g)
{
    return g->alone == 1 || g->power_mw != OG_OWNER_UNSET || g->temp_c != OG_OWNER_UNSET;
}

/* Do the rules speak of something that only NVML knows? */
static bool wants_figures(const struct og_owner *o)
{
    bool any = gate_wants(&o->all);
    for (size_t i = 0; i < o->n_gpus; i++)
        any = any || gate_wants(&o->gpu[i].gate);
    return any;
}

static void *watch(void *ctx)
{
    struct gpus *g = ctx;
    struct og_err err;
    if (og_gpu_watch(WATCH_MS, g->out, &g->stop, &err) != OG_OK)
        og_log(OG_LOG_WARNING, "the GPUs cannot be watched: %s", err.msg);
    return NULL;
}

static enum og_rc start(struct gpus *g, struct og_err *err)
{
    int fd[2];
    g->runs = false;
    if (g->in >= 0) /* it failed before */
        return OG_OK;
    if (pipe2(fd, O_CLOEXEC) < 0)
        return og_err_set(err, OG_E_UNAVAILABLE, "cannot make a pipe: %s", strerror(errno));
    g->in = fd[0];
    g->out = fd[1];
    if (fcntl(g->in, F_SETFL, O_NONBLOCK) < 0 || pthread_create(&g->thread, NULL, watch, g) != 0)
        return og_err_set(err, OG_E_UNAVAILABLE, "no thread to watch the GPUs");
    g->runs = true;
    return OG_OK;
}

/* What the rules, which may have changed, want to know of. */
static enum og_rc prepare(struct worker *w, struct og_err *err)
{
    struct gpus *g = w->gpus;
    bool figures = wants_figures(&w->rules);
    if (!g->known && (w->rules.n_gpus || figures))
        g->known = og_gpu_known();
    return figures && g->known->n && !g->runs ? start(g, err) : OG_OK;
}

enum og_rc worker_gpu_open(struct worker *w, struct og_err *err)
{
    struct gpus *g = w->gpus = og_xcalloc(1, sizeof *g);
    g->in = g->out = -1;
    g->gate = og_xcalloc(w->n_nodes * GPUS + 1, sizeof *g->gate);
    return prepare(w, err);
}

void worker_gpu_close(struct worker *w)
{
    struct gpus *g = w->gpus;
    if (!g)
        return;
    g->stop = 1;
    if (g->in >= 0)
        close(g->in); /* a writer that waits gives up */
    if (g->runs)
        pthread_join(g->thread, NULL);
    if (g->out >= 0)
        close(g->out);
    og_buf_release(&g->text);
    og_gpu_list_release(&g->now);
    free(g->gate);
    free(g);
    w->gpus = NULL;
}

/* The last whole look of what came; what is older is dropped. */
static void take_looks(struct gpus *g)
{
    for (;;) {
        const char *p = g->text.p;
        const char *end = g->text.len ? memmem(p, g->text.len, "\nend ", 5) : NULL;
        const char *nl = end ? memchr(end + 1, '\n', g->text.len - (size_t)(end + 1 - p)) : NULL;
        if (!nl)
            break;
        og_gpu_list_release(&g->now);
        og_gpu_list_parse(p, (size_t)(end + 1 - p), &g->now);
        g->now_ms = og_time_mono_ms();
        struct og_buf rest = OG_BUF_INIT;
        og_buf_add(&rest, nl + 1, g->text.len - (size_t)(nl + 1 - p));
        og_buf_release(&g->text);
        g->text = rest;
    }
    if (g->text.len > TEXT_MAX)
        og_buf_reset(&g->text);
}

void worker_gpu_read(struct worker *w)
{
    struct gpus *g = w->gpus;
    char block[4096];
    ssize_t n;
    struct og_err why;
    if (g && prepare(w, &why) != OG_OK)
        og_log(OG_LOG_WARNING, "%s", why.msg);
    if (!g || !g->runs)
        return;
    while ((n = read(g->in, block, sizeof block)) > 0)
        og_buf_add(&g->text, block, (size_t)n);
    take_looks(g);
}

static const struct og_gpu *figures(const struct gpus *g, const char *uuid)
{
    if (!g->now_ms || og_time_mono_ms() - g->now_ms > STALE_MS)
        return NULL;
    for (size_t i = 0; i < g->now.n; i++)
        if (strcmp(g->now.gpu[i].uuid, uuid) == 0)
            return &g->now.gpu[i];
    return NULL;
}

static pid_t parent_of(pid_t pid)
{
    char path[48], text[512];
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    const char *end = strrchr(text, ')');
    return end && strlen(end) > 4 ? (pid_t)strtol(end + 4, NULL, 10) : 0;
}

static bool is_below(pid_t pid, pid_t root)
{
    for (int i = 0; i < CHAIN_MAX && pid > 1; i++, pid = parent_of(pid))
        if (pid == root)
            return true;
    return false;
}

static bool others_compute(const struct og_gpu *f)
{
    for (size_t i = 0; i < f->n_procs; i++)
        if (!is_below((pid_t)f->proc[i].pid, getpid()))
            return true;
    return false;
}

/* Without figures a bound that needs them keeps the GPU closed: better idle than too hot. */
static void figures_why(const struct worker *w, const struct og_owner_gate *rules, size_t i,
                        char why[96])
{
    const struct og_gpu *f = figures(w->gpus, w->gpus->known->gpu[i].uuid);
    if (!gate_wants(rules))
        return;
    if (!f)
        snprintf(why, 96, "is not told of by NVML");
    else if (rules->alone == 1 && others_compute(f))
        snprintf(why, 96, "is in use by another process");
    else if (rules->power_mw != OG_OWNER_UNSET && f->power_mw != OG_GPU_UNKNOWN &&
             f->power_mw > rules->power_mw)
        snprintf(why, 96, "draws more than %" PRIu64 " W", rules->power_mw / 1000);
    else if (rules->temp_c != OG_OWNER_UNSET && f->temperature_c != OG_GPU_UNKNOWN &&
             f->temperature_c > rules->temp_c)
        snprintf(why, 96, "is hotter than %" PRIu64 " C", rules->temp_c);
}

/* A program of a stranger's that uses more memory of the GPU than it asked for. */
static void look_memory(struct run *r, const struct og_gpu *f)
{
    uint64_t sum = 0, most = r->job.task.gpu_mem_bytes;
    pid_t root = (pid_t)atomic_load(&r->live.root);
    for (size_t k = 0; f && root && most && r->job.spec.argv && k < f->n_procs; k++)
        if (is_below((pid_t)f->proc[k].pid, root))
            sum += f->proc[k].mem_bytes;
    if (sum > most && !r->stop)
        r->stop = OG_STOP_MEMORY;
}

static void leave_gpu(struct worker *w, const struct og_work_node *node, size_t i)
{
    for (struct run *r = w->runs; r; r = r->next)
        if (r->node == node && r->gpu == i && !r->stop) {
            og_log(OG_LOG_INFO, "lease %" PRIu64 " is given back", r->job.lease.id);
            r->stop = OG_STOP_GRACE;
        }
}

void worker_gpu_look(struct worker *w, const struct og_work_node *node,
                     const struct worker_control *c, bool leave)
{
    struct gpus *g = w->gpus;
    if (!g)
        return;
    if (!g->known && c->gpu_paused)
        g->known = og_gpu_known();
    for (size_t i = 0; i < count(w); i++) {
        struct og_owner_gate rules;
        char why[96] = "";
        bool paused = c->gpu_paused >> i & 1;
        og_owner_gpu_gate(&w->rules, i, g->known->gpu[i].uuid, &rules);
        const char *words = paused ? "is paused" : worker_gate_why(w, &rules);
        if (words)
            snprintf(why, sizeof why, "%s", words);
        else
            figures_why(w, &rules, i, why);
        struct gpu_gate *gate = gate_at(w, node, i);
        if (strcmp(gate->why, why) != 0) {
            og_log(OG_LOG_INFO, "node %" PRIu64 ": GPU %zu %s", node->id, i, *why ? why : "works");
            memcpy(gate->why, why, sizeof why);
        }
        if (*why && (leave || (paused && c->gpu_back >> i & 1)))
            leave_gpu(w, node, i);
    }
    for (struct run *r = w->runs; r; r = r->next)
        if (r->node == node && r->gpu < count(w))
            look_memory(r, figures(g, g->known->gpu[r->gpu].uuid));
}

/* What running leases have of GPU i. */
static void taken(const struct worker *w, const struct run *but, size_t i, uint64_t *ppm,
                  uint64_t *bytes)
{
    *ppm = *bytes = 0;
    for (const struct run *r = w->runs; r; r = r->next)
        if (r != but && r->gpu == i) {
            *ppm += r->job.task.gpu_ppm;
            *bytes += r->job.task.gpu_mem_bytes;
        }
}

/* The open GPU with room for the run that has most left; WORKER_NO_GPU: none. */
static uint64_t choose(const struct worker *w, const struct run *r, const struct og_gpu_list *l)
{
    uint64_t best = WORKER_NO_GPU, least = UINT64_MAX;
    for (size_t i = 0; i < l->n && i < GPUS; i++) {
        struct og_owner_gate rules;
        uint64_t ppm, bytes;
        og_owner_gpu_gate(&w->rules, i, l->gpu[i].uuid, &rules);
        uint64_t share = rules.share_ppm == OG_OWNER_UNSET ? OG_PPM : rules.share_ppm;
        uint64_t room = l->gpu[i].mem_bytes == OG_GPU_UNKNOWN
                            ? UINT64_MAX
                            : og_muldiv(l->gpu[i].mem_bytes, share, OG_PPM);
        taken(w, r, i, &ppm, &bytes);
        if (w->gpus && w->gpus->known && *gate_at(w, r->node, i)->why)
            continue;
        if (rules.use == 0 || ppm + r->job.task.gpu_ppm > og_max_u64(share, 1) ||
            bytes + r->job.task.gpu_mem_bytes > room || ppm >= least)
            continue;
        best = i;
        least = ppm;
    }
    return best;
}

static void bind(struct run *r, const struct og_gpu *gpu)
{
    size_t n = 0;
    snprintf(r->gpu_uuid, sizeof r->gpu_uuid, "%s", gpu->uuid);
    r->how.gpu = r->gpu_uuid[0] ? r->gpu_uuid : NULL;
    r->how.gpu_ppm = r->job.task.gpu_ppm;
    if (!r->job.spec.argv)
        return;
    if (gpu->minor != OG_GPU_UNKNOWN) {
        snprintf(r->gpu_path, sizeof r->gpu_path, "/dev/nvidia%" PRIu64, gpu->minor);
        r->devices[n++] = r->gpu_path;
    }
    r->devices[n++] = "/dev/nvidiactl";
    r->devices[n++] = "/dev/nvidia-uvm";
    r->devices[n++] = "/dev/nvidia-uvm-tools";
    r->how.devices = r->devices;
}

enum og_rc worker_gpu_assign(struct worker *w, struct run *r, struct og_err *err)
{
    bool program = r->job.spec.argv && r->job.task.gpu_ppm;
    r->gpu = WORKER_NO_GPU;
    if (w->cluster) /* hands out its own */
        return OG_OK;
    if (!program && !(r->job.spec.is_cuda && r->how.cuda != OG_CUDA_CPU))
        return OG_OK;
    const struct og_gpu_list *l = og_gpu_known();
    if (program && !l->n)
        return og_err_set(err, OG_E_NOPERM, "no GPU here: %s", l->no_gpu);
    if (!l->n)
        return OG_OK; /* the runner says so, or the CPU runs it */
    r->gpu = choose(w, r, l);
    if (r->gpu != WORKER_NO_GPU) {
        bind(r, &l->gpu[r->gpu]);
        return OG_OK;
    }
    if (program || r->how.cuda == OG_CUDA_GPU)
        return og_err_set(err, OG_E_NOPERM, "no GPU is free for it that its owner lets work");
    r->how.cuda = OG_CUDA_CPU;
    return OG_OK;
}

bool worker_gpu_busy(const struct worker *w, const struct run *r)
{
    const struct og_gpu *f =
        r->gpu < count(w) ? figures(w->gpus, w->gpus->known->gpu[r->gpu].uuid) : NULL;
    return f && f->busy_percent != OG_GPU_UNKNOWN && f->busy_percent > 0;
}

json_t *worker_gpu_status(const struct worker *w, const struct og_work_node *node)
{
    json_t *a = json_array();
    for (size_t i = 0; i < count(w); i++) {
        const char *why = gate_at(w, node, i)->why;
        uint64_t runs = 0;
        for (const struct run *r = w->runs; r; r = r->next)
            runs += r->node == node && r->gpu == i;
        json_t *o = json_pack("{s:I, s:s, s:b, s:I}", "index", (json_int_t)i, "uuid",
                              w->gpus->known->gpu[i].uuid, "open", !*why, "runs", (json_int_t)runs);
        if (*why)
            json_object_set_new(o, "why", json_string(why));
        json_array_append_new(a, o);
    }
    return a;
}
