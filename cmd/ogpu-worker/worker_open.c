/* worker_open.c - the worker opened: state, nodes, locks, folders; and the draining of others. */
#include "worker.h"

#include "base/base_io.h"
#include "base/base_log.h"
#include "base/base_mem.h"
#include "base/base_time.h"
#include "exec/exec_sandbox.h"
#include "exec/exec_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder that the ids of jobs can reach: below the state for ourselves, else below /tmp, ours
 * alone to write. */
static enum og_rc make_scratch(struct worker *w, struct og_err *err)
{
    struct og_buf b = OG_BUF_INIT;
    struct stat st;
    if (geteuid() != 0) {
        w->scratch_dir = og_io_join(w->run_dir, "scratch");
        return og_io_mkdirs(w->scratch_dir, 0700, err);
    }
    struct og_hash h = og_sha256(w->state_dir, strlen(w->state_dir));
    og_buf_adds(&b, "/tmp/ogpu-");
    og_buf_add_hex(&b, h.b, 8);
    w->scratch_dir = og_buf_detach(&b);
    bool there = false;
    /* another worker that ends may take the empty folder away between two of these steps */
    for (int tries = 0; tries < 1000 && !there; tries++) {
        bool made = mkdir(w->scratch_dir, 0711) == 0;
        if (made && chmod(w->scratch_dir, 0711) < 0 && errno != ENOENT)
            return og_err_set(err, OG_E_IO, "cannot open '%s' to jobs: %s", w->scratch_dir,
                              strerror(errno));
        there = lstat(w->scratch_dir, &st) == 0;
    }
    if (!there || !S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022))
        return og_err_set(err, OG_E_NOPERM, "'%s' is not a folder of our own", w->scratch_dir);
    return OG_OK;
}

static char *lock_path(const struct worker *w, uint64_t node)
{
    struct og_buf b = OG_BUF_INIT;
    og_buf_addf(&b, "%s/node-%" PRIu64, w->run_dir, node);
    return og_buf_detach(&b);
}

/* -1 and OG_OK when another worker has it. */
static enum og_rc lock_node(struct worker *w, uint64_t node, int *out, struct og_err *err)
{
    char *path = lock_path(w, node);
    struct og_buf pid = OG_BUF_INIT;
    enum og_rc rc = OG_OK;
    *out = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (*out < 0) {
        rc = og_err_set(err, OG_E_CANTCREATE, "cannot make '%s': %s", path, strerror(errno));
    } else if (flock(*out, LOCK_EX | LOCK_NB) < 0) {
        close(*out);
        *out = -1;
    } else {
        og_buf_addf(&pid, "%ld\n", (long)getpid());
        if (ftruncate(*out, 0) < 0 || pwrite(*out, pid.p, pid.len, 0) < 0)
            rc = og_err_set(err, OG_E_IO, "cannot write '%s': %s", path, strerror(errno));
    }
    og_buf_release(&pid);
    free(path);
    return rc;
}

bool worker_node_owned(const struct worker *w, uint64_t node)
{
    char *path = lock_path(w, node);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool owned = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0;
    if (fd >= 0)
        close(fd);
    free(path);
    return owned;
}

/* --once and --watch own their nodes: two of them never run one node. Filters share, lease by
 * lease. */
static enum og_rc lock_nodes(struct worker *w, struct og_err *err)
{
    size_t kept = 0;
    w->node_lock = og_xcalloc(w->n_nodes + 1, sizeof *w->node_lock);
    for (size_t i = 0; i < w->n_nodes; i++) {
        int fd = -1;
        OG_TRY(lock_node(w, w->node[i].id, &fd, err));
        if (fd < 0 && w->o->keys.n)
            return og_err_set(err, OG_E_TEMPFAIL, "node %" PRIu64 " is run by another worker",
                              w->node[i].id);
        if (fd < 0) {
            og_log(OG_LOG_INFO, "node %" PRIu64 " is run by another worker", w->node[i].id);
            continue;
        }
        struct og_work_node t = w->node[kept];
        w->node[kept] = w->node[i];
        w->node[i] = t;
        w->node_lock[kept++] = fd;
    }
    for (size_t i = kept; i < w->n_nodes; i++) {
        free(w->node[i].name);
        og_key_free(w->node[i].key);
    }
    w->n_nodes = kept;
    return OG_OK;
}

static enum og_rc open_nodes(struct worker *w, struct og_err *err)
{
    char *keys_dir = og_cli_keys_dir();
    enum og_rc rc = og_engine_open(w->state_dir, keys_dir, &w->engine, err);
    if (rc == OG_OK) {
        w->store = og_engine_store(w->engine);
        rc = og_work_nodes_open(w->store, keys_dir, w->o->keys.v, w->o->keys.n,
                                w->o->passphrase_file, &w->node, &w->n_nodes, err);
    }
    if (rc == OG_OK && w->n_nodes == 0)
        rc = og_err_set(err, OG_E_NOINPUT, "no key in '%s' belongs to a node", keys_dir);
    free(keys_dir);
    return rc;
}

enum og_rc worker_open(const struct worker_options *o, struct worker *w, struct og_err *err)
{
    w->o = o;
    w->wake_fd = w->claim_fd = -1;
    w->is_filter = !o->once && !o->watch && !o->drain;
    w->draining = o->drain;
    pthread_mutex_init(&w->lock, NULL);
    og_filter_open(&w->filter, STDIN_FILENO);
    og_spawn_init();
    OG_TRY(worker_rules_load(w, err));
    w->state_dir = og_work_state_dir(og_cli_state_dir(&o->common));
    OG_TRY(open_nodes(w, err));
    w->run_dir = og_io_join(w->state_dir, "run");
    OG_TRY(og_io_mkdirs(w->run_dir, 0700, err));
    OG_TRY(worker_claim_open(w, err));
    if (!w->is_filter)
        OG_TRY(lock_nodes(w, err));
    OG_TRY(make_scratch(w, err));
    if (!w->is_filter)
        OG_TRY(worker_clean(w, err));
    w->specs = og_spec_cache_new(w->state_dir);
    w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->wake_fd < 0)
        return og_err_set(err, OG_E_IO, "no eventfd: %s", strerror(errno));
    if (!w->is_filter && !o->drain)
        OG_TRY(worker_gate_open(w, err));
    if (o->backend == 1)
        return worker_cluster_open(w, err);
    if (o->watch && o->sandbox == 0) {
        OG_TRY(og_sandbox_probe(geteuid() == 0 ? OG_JOB_UID_BASE : 0, err));
        w->sandbox_known = true;
    }
    return OG_OK;
}

void worker_close(struct worker *w)
{
    worker_chain_stop(w);
    while (w->runs)
        worker_run_free(w->runs);
    worker_cluster_close(w);
    worker_window_close(w);
    for (size_t i = 0; i < w->n_wish; i++)
        json_decref(w->wish[i].body);
    worker_gate_close(w);
    for (size_t i = 0; w->node_lock && i < w->n_nodes; i++)
        close(w->node_lock[i]);
    if (w->wake_fd >= 0)
        close(w->wake_fd);
    if (w->claim_fd >= 0)
        close(w->claim_fd);
    free(w->wish);
    free(w->node_lock);
    og_work_nodes_free(w->node, w->n_nodes);
    og_spec_cache_free(w->specs);
    og_filter_release(&w->filter);
    og_engine_close(w->engine);
    if (w->scratch_dir)
        rmdir(w->scratch_dir); /* stays when another worker uses it */
    free(w->state_dir);
    free(w->run_dir);
    free(w->scratch_dir);
    og_owner_release(&w->rules);
    pthread_mutex_destroy(&w->lock);
}

static bool drain_one(struct worker *w, uint64_t node, struct og_err *err)
{
    char *path = lock_path(w, node);
    struct og_buf text = OG_BUF_INIT;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    bool free_now = fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0;
    if (!free_now && og_io_read_file(path, 64, &text, err) == OG_OK) {
        long pid = strtol(text.p, NULL, 10);
        if (pid > 1)
            kill((pid_t)pid, SIGTERM);
        og_log(OG_LOG_INFO, "node %" PRIu64 ": process %ld drains", node, pid);
        while (!og_cli_stop && flock(fd, LOCK_EX | LOCK_NB) < 0)
            og_time_sleep_ms(50);
    }
    if (fd >= 0)
        close(fd);
    og_buf_release(&text);
    free(path);
    return !og_cli_stop;
}

enum og_rc worker_tell_others(const struct worker_options *o, struct og_err *err)
{
    struct worker w = {.o = o, .state_dir = og_cli_state_dir(&o->common)};
    w.run_dir = og_io_join(w.state_dir, "run");
    enum og_rc rc = open_nodes(&w, err);
    if (rc == OG_OK)
        rc = og_io_mkdirs(w.run_dir, 0700, err);
    if (rc == OG_OK && !o->drain)
        rc = worker_control(o, &w, err);
    for (size_t i = 0; rc == OG_OK && o->drain && i < w.n_nodes; i++)
        if (!drain_one(&w, w.node[i].id, err))
            rc = og_err_set(err, OG_E_TEMPFAIL, "stopped before the others had ended");
    og_work_nodes_free(w.node, w.n_nodes);
    og_engine_close(w.engine);
    free(w.run_dir);
    free(w.state_dir);
    return rc;
}
