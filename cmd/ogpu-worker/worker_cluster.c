/* worker_cluster.c - the cluster opened, its queue followed by one question for all jobs, what an
 * earlier worker left there cleared away. */
#include "cluster.h"

#include "base/base_io.h"
#include "base/base_log.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "store/store_row.h"
#include "work/work_folder.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ASK_MIN(c) ((c)->patience_ms / 15) /* 2 s, */
#define ASK_MAX(c) ((c)->patience_ms)      /* up to 30 s while nothing changes */
#define PARTS_MS   60000                   /* partitions do not change often */
#define OWN_MEM    ((uint64_t)96 << 20)    /* of our program beside the job */
#define OWN_MS     60000                   /* before and after the job */
#define GPU_PPM    1000000u

static void wait_until(struct cluster *c, uint64_t ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += (time_t)(ms / 1000);
    t.tv_nsec += (long)(ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    pthread_cond_timedwait(&c->look, &c->lock, &t);
}

static bool same_jobs(const struct og_slurm_job *a, size_t n, const struct og_slurm_job *b,
                      size_t m)
{
    if (n != m)
        return false;
    for (size_t i = 0; i < n; i++)
        if (a[i].id != b[i].id || a[i].state != b[i].state)
            return false;
    return true;
}

/* One question; unlocked while it is asked. True: the answer is another one than before. */
static bool ask(struct cluster *c)
{
    struct og_slurm_job *job;
    size_t n;
    struct og_err err;
    uint64_t number = ++c->begun;
    bool news = false;
    c->hurry = false;
    pthread_mutex_unlock(&c->lock);
    enum og_rc rc = og_slurm_jobs(c->name, NULL, &job, &n, &err);
    if (rc != OG_OK)
        og_log(OG_LOG_WARNING, "the cluster's queue: %s", err.msg);
    pthread_mutex_lock(&c->lock);
    c->finished = number;
    if (rc == OG_OK) {
        news = !same_jobs(c->job, c->n_job, job, n);
        free(c->job);
        c->job = job;
        c->n_job = n;
        c->answered = number;
    }
    pthread_cond_broadcast(&c->look);
    return news;
}

static void *follow(void *ctx)
{
    struct cluster *c = ctx;
    uint64_t pause_ms = ASK_MIN(c);
    uint64_t next_ms = 0;
    pthread_mutex_lock(&c->lock);
    while (!c->quit) {
        uint64_t now = og_time_mono_ms();
        if (!c->watchers && !c->hurry) {
            pthread_cond_wait(&c->look, &c->lock);
            pause_ms = ASK_MIN(c);
        } else if (!c->hurry && now < next_ms) {
            wait_until(c, next_ms - now);
        } else {
            bool hurried = c->hurry;
            bool news = ask(c);
            pause_ms = news || hurried ? ASK_MIN(c) : og_min_u64(pause_ms * 3 / 2, ASK_MAX(c));
            next_ms = og_time_mono_ms() + pause_ms;
        }
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

void cluster_view(struct cluster *c, const char *mark, struct cluster_view *out)
{
    memset(out, 0, sizeof *out);
    pthread_mutex_lock(&c->lock);
    out->answer = c->answered;
    for (size_t i = 0; i < c->n_job; i++)
        if (strcmp(c->job[i].mark, mark) == 0 && c->job[i].id >= out->job.id) {
            out->known = true;
            out->job = c->job[i];
        }
    pthread_mutex_unlock(&c->lock);
}

enum og_rc cluster_ask(struct cluster *c, uint64_t most_ms, const volatile sig_atomic_t *stop,
                       struct og_err *err)
{
    uint64_t end_ms = og_time_mono_ms() + most_ms;
    pthread_mutex_lock(&c->lock);
    uint64_t want = c->begun + 1;
    while (c->answered < want && !(stop && *stop) && og_time_mono_ms() < end_ms) {
        if (c->finished >= want) { /* that one failed: another, a moment later */
            wait_until(c, ASK_MIN(c) / 4);
            want = c->begun + 1;
        }
        c->hurry = c->hurry || c->begun < want;
        pthread_cond_broadcast(&c->look);
        wait_until(c, 100);
    }
    bool got = c->answered >= want;
    pthread_mutex_unlock(&c->lock);
    return got ? OG_OK : og_err_set(err, OG_E_TEMPFAIL, "squeue gives no answer");
}

void cluster_watch(struct cluster *c, bool on)
{
    pthread_mutex_lock(&c->lock);
    c->watchers += on ? 1 : (size_t)-1;
    pthread_cond_broadcast(&c->look);
    pthread_mutex_unlock(&c->lock);
}

static uint64_t per_node(uint64_t all, uint64_t nodes)
{
    return (all + nodes - 1) / nodes;
}

/* What the task asks for; where it says nothing, what the slot has. */
static void need_of(const struct og_work_job *job, struct og_slurm_need *need)
{
    uint64_t nodes = og_max_u64(1, job->spec.nodes);
    uint64_t cores = job->task.cores ? job->task.cores : job->slot.cores;
    uint64_t mem =
        job->task.mem_bytes ? job->task.mem_bytes + nodes * OWN_MEM : job->slot.mem_bytes;
    *need = (struct og_slurm_need){
        .nodes = nodes,
        .cores = per_node(og_max_u64(1, cores), nodes),
        .mem_bytes = per_node(mem, nodes),
        .gpus = per_node(per_node(job->task.gpu_ppm, GPU_PPM), nodes),
        .limit_ms = job->task.limit_ms * job->lease.count + OWN_MS,
    };
}

/* A slot may be more than a node: of what was not asked for, half may do. */
static bool want_less(const struct og_work_job *job, struct og_slurm_need *need)
{
    bool less = false;
    if (!job->task.cores && need->cores > 1) {
        need->cores = (need->cores + 1) / 2;
        less = true;
    }
    if (!job->task.mem_bytes && need->mem_bytes > 2 * OWN_MEM) {
        need->mem_bytes /= 2;
        less = true;
    }
    return less;
}

enum og_rc cluster_place(struct cluster *c, const struct og_work_job *job,
                         struct cluster_place *out, struct og_err *err)
{
    const struct og_opt_list *wish = &c->w->o->partitions;
    const struct og_slurm_part *part;
    uint64_t now = og_time_mono_ms();
    enum og_rc rc = OG_OK;
    need_of(job, &out->need);
    pthread_mutex_lock(&c->lock);
    if (!c->part || now - c->parts_ms > PARTS_MS) {
        free(c->part);
        rc = og_slurm_parts(false, &c->part, &c->n_part, err);
        c->parts_ms = now;
    }
    if (rc == OG_OK) {
        do {
            rc = og_slurm_choose(c->part, c->n_part, wish->v, wish->n, &out->need, &part, err);
        } while (rc == OG_NO && want_less(job, &out->need));
    }
    if (rc == OG_OK) {
        memcpy(out->partition, part->name, OG_SLURM_NAME_MAX);
        out->mem_bytes =
            out->need.mem_bytes > 2 * OWN_MEM ? out->need.mem_bytes - OWN_MEM : out->need.mem_bytes;
    }
    pthread_mutex_unlock(&c->lock);
    return rc == OG_NO ? OG_E_UNAVAILABLE : rc;
}

/* Is the lease still one of our nodes' to run? */
static bool lives(const struct worker *w, uint64_t lease, bool *ours)
{
    struct og_lease ls = {.id = lease};
    struct og_err ignored;
    bool found = false;
    bool alive = og_row_get(w->store, OG_F_LEASE, &ls, &found, &ignored) != OG_OK;
    *ours = !alive && !found;
    for (size_t i = 0; found && i < w->n_nodes; i++)
        *ours = *ours || w->node[i].id == ls.node;
    if (found) {
        alive = ls.state <= OG_LEASE_RUNNING;
        og_row_release(&og_families[OG_F_LEASE], &ls);
    }
    return alive;
}

static void drop_folder(const struct cluster *c, uint64_t lease, const char *name)
{
    struct og_err err;
    struct og_buf text = OG_BUF_INIT;
    uint64_t id;
    bool ours;
    if (lives(c->w, lease, &ours) || !ours || !worker_claim(c->w, lease))
        return;
    char *dir = og_io_join(c->dir, name);
    char *path = og_io_join(dir, "id");
    if (og_io_read_file(path, 32, &text, &err) == OG_OK &&
        og_slurm_id_parse(text.p ? text.p : "", text.len, &id, &err) == OG_OK &&
        og_slurm_cancel(id, false, &err) != OG_OK)
        og_log(OG_LOG_DEBUG, "%s", err.msg);
    if (og_io_remove_tree(dir, &err) != OG_OK)
        og_log(OG_LOG_DEBUG, "%s", err.msg);
    worker_unclaim(c->w, lease);
    og_buf_release(&text);
    free(path);
    free(dir);
}

static void clean(const struct cluster *c)
{
    DIR *d = opendir(c->dir);
    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        uint64_t lease;
        if (og_parse_u64(e->d_name, UINT64_MAX >> 1, &lease) && lease)
            drop_folder(c, lease, e->d_name);
    }
    if (d)
        closedir(d);
}

static enum og_rc open_folders(struct cluster *c, struct og_err *err)
{
    const char *wish = c->w->o->cluster_dir;
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n < 0)
        return og_err_set(err, OG_E_UNAVAILABLE, "cannot tell where this program lies: %s",
                          strerror(errno));
    self[n] = '\0';
    c->program = og_xstrdup(self);
    char *dir = wish ? og_xstrdup(wish) : og_io_join(c->w->state_dir, "slurm");
    enum og_rc rc = og_io_mkdirs(dir, 0700, err);
    c->dir = rc == OG_OK ? realpath(dir, NULL) : NULL;
    if (rc == OG_OK && !c->dir)
        rc = og_err_set(err, OG_E_CANTCREATE, "cannot use '%s': %s", dir, strerror(errno));
    if (rc == OG_OK && strpbrk(c->dir, "%\n\\"))
        rc = og_err_set(err, OG_E_USAGE, "'%s': Slurm takes no such path ('%%', '\\')", c->dir);
    free(dir);
    return rc;
}

enum og_rc worker_cluster_open(struct worker *w, struct og_err *err)
{
    struct cluster *c = og_xcalloc(1, sizeof *c);
    pthread_condattr_t mono;
    char hex[17];
    w->cluster = c;
    c->w = w;
    c->patience_ms = og_slurm_patience();
    og_hex_encode(og_engine_chain(w->engine)->b, 8, hex);
    snprintf(c->name, sizeof c->name, "ogpu-%s", hex);
    pthread_mutex_init(&c->lock, NULL);
    pthread_condattr_init(&mono);
    pthread_condattr_setclock(&mono, CLOCK_MONOTONIC);
    pthread_cond_init(&c->look, &mono);
    pthread_condattr_destroy(&mono);
    OG_TRY(open_folders(c, err));
    OG_TRY(og_slurm_parts(false, &c->part, &c->n_part, err));
    c->parts_ms = og_time_mono_ms();
    if (!w->is_filter)
        clean(c);
    if (pthread_create(&c->follower, NULL, follow, c) != 0)
        return og_err_set(err, OG_E_UNAVAILABLE, "no thread for the cluster");
    c->follows = true;
    return OG_OK;
}

void worker_cluster_close(struct worker *w)
{
    struct cluster *c = w->cluster;
    if (!c)
        return;
    pthread_mutex_lock(&c->lock);
    c->quit = true;
    pthread_cond_broadcast(&c->look);
    pthread_mutex_unlock(&c->lock);
    if (c->follows)
        pthread_join(c->follower, NULL);
    pthread_cond_destroy(&c->look);
    pthread_mutex_destroy(&c->lock);
    free(c->job);
    free(c->part);
    free(c->dir);
    free(c->program);
    free(c);
    w->cluster = NULL;
}
