/* worker.h - what the parts of ogpu-worker share. */
#ifndef OG_OGPU_WORKER_WORKER_H
#define OG_OGPU_WORKER_WORKER_H

#include "cli/cli_opts.h"
#include "engine/engine.h"
#include "work/work_filter.h"
#include "work/work_job.h"
#include "work/work_node.h"

#include <jansson.h>
#include <pthread.h>

struct worker_options {
    struct og_opts_common common;
    struct og_opt_list keys;
    const char *passphrase_file, *classes;
    bool once, watch, drain;
    uint64_t slots, threads;
    int sandbox;    /* 0 bwrap, 1 none */
    int log_format; /* 0 text, 1 json */
};

enum worker_phase {
    PHASE_PREPARE, /* thread: inputs come in */
    PHASE_READY,   /* main: lease.start */
    PHASE_GO,      /* thread: runs */
    PHASE_QUIT,    /* thread: ends without running */
    PHASE_DONE     /* main: commit, or whatever became of it */
};

/* One lease that a thread works on. */
struct run {
    struct run *next;
    struct worker *w;
    struct og_work_node *node;
    struct og_work_job job;
    struct og_work_how how;
    pthread_t thread;
    pthread_cond_t go;
    enum worker_phase phase; /* under the worker's lock */
    volatile sig_atomic_t stop;
    enum og_rc prepared; /* of the inputs */
    struct og_err err;
    struct og_work_result res;
    struct og_hash manifest;
    enum og_rc kept; /* of the manifest's blob */
    struct og_err kept_err;
    atomic_uint_least64_t at;
    char *dir, *scratch, *out_path, *err_path;
    int lock_fd, out_fd, err_fd;
    bool started, gone, seen,
        shown;        /* on the chain; ended by the chain; in the last scan; row put */
    uint64_t made_ms; /* own clock */
    uint64_t go_ms, held_ms, credit_ms; /* own clock; held back for a new block; chain clock */
};

/* What is to be said of a lease that no thread has. */
enum wish_what { WISH_RELEASE, WISH_FAIL, WISH_REVEAL };
struct wish {
    enum wish_what what;
    struct og_work_node *node;
    uint64_t lease;
    const char *why; /* WISH_FAIL; static */
    json_t *body;    /* WISH_REVEAL: the entry */
};

/* A transaction about a lease failed: not again before another block. */
struct sulk {
    uint64_t lease, height;
};

struct worker {
    const struct worker_options *o;
    struct og_engine *engine;
    struct og_store *store;
    struct og_spec_cache *specs;
    struct og_work_node *node;
    size_t n_nodes;
    int *node_lock;
    char *state_dir, *run_dir, *scratch_dir;
    pthread_mutex_t lock;
    int wake_fd; /* eventfd */
    struct run *runs;
    size_t n_runs;
    struct wish *wish;
    size_t n_wish, cap_wish;
    struct sulk sulk[256];
    size_t n_sulk;
    struct og_filter filter;
    bool is_filter, draining, sandbox_known, out_broken;
    bool want_seal;  /* a block would move a lease of ours */
    bool pending;    /* leases of ours still want something from us */
    bool changed;    /* we changed the state ourselves */
    bool linger;     /* a transaction or block waits a moment for what is about to join it */
    uint64_t height; /* of the last sealed block, at the last scan */
    uint64_t scan_ms, refused_ms; /* own clock: this scan; the last one that gave leases back */
    uint32_t classes;             /* 0: all */
    enum og_rc fatal;             /* ends the worker when its runs have ended */
    struct og_err fatal_err;
};

/* worker_open.c */
enum og_rc worker_open(const struct worker_options *o, struct worker *w,
                       struct og_err *err) OG_MUST_CHECK;
void worker_close(struct worker *w);
/* Tells the workers of these nodes on this machine to drain and waits for their end. */
enum og_rc worker_drain_others(const struct worker_options *o, struct og_err *err) OG_MUST_CHECK;

/* worker_lock.c */
/* Makes and locks the folder of a lease: *fd is the lock, or -1 with OG_OK when another process
 * holds it (after a moment, with `wait`). The caller gives *dir and *fd to worker_let_go. */
enum og_rc worker_hold(const struct worker *w, uint64_t lease, bool wait, char **dir, int *fd,
                       struct og_err *err) OG_MUST_CHECK;
/* Removes the folder when fd holds it; frees dir, closes fd. */
void worker_let_go(char *dir, int fd);

/* worker_clean.c */
/* Removes what killed workers left of leases that nobody runs now. */
enum og_rc worker_clean(struct worker *w, struct og_err *err) OG_MUST_CHECK;

/* worker_run.c */
/* The working folder of a lease's jobs; the caller frees. */
char *worker_scratch_path(const struct worker *w, uint64_t lease);
/* Starts a thread for the lease; takes job. *busy: another process has the lease. */
enum og_rc worker_run_new(struct worker *w, struct og_work_node *node, struct og_work_job *job,
                          bool *busy, struct og_err *err) OG_MUST_CHECK;
/* Is some run in `phase` for less than a moment? Others wait that long for it, so that one
 * transaction and one block serve all. */
bool worker_run_fresh(struct worker *w, enum worker_phase phase);
void worker_run_phase(struct run *r, enum worker_phase phase);
enum worker_phase worker_run_get(struct run *r);
/* Joins the thread, which must have ended or be told to; removes what lies around. */
void worker_run_free(struct run *r);
struct run *worker_find_run(struct worker *w, uint64_t lease);
/* How the lease must be run here: OG_OK and *how, or why not (OG_E_NOPERM: not by this worker;
 * OG_E_UNAVAILABLE: there is no sandbox). */
enum og_rc worker_how(struct worker *w, const struct og_work_job *job, struct og_work_how *how,
                      struct og_err *err) OG_MUST_CHECK;
/* False with the reason when the disk is nearly full. */
bool worker_disk_ok(const struct worker *w, struct og_err *err);

/* worker_scan.c */
/* Looks at all live leases of our nodes: takes matched ones, notes wishes. */
enum og_rc worker_scan(struct worker *w, struct og_err *err) OG_MUST_CHECK;
void worker_wish(struct worker *w, enum wish_what what, struct og_work_node *node, uint64_t lease,
                 const char *why, json_t *body);
/* Handles READY and DONE runs of earlier phases. */
enum og_rc worker_start(struct worker *w, struct og_err *err) OG_MUST_CHECK;
bool worker_sulks(const struct worker *w, uint64_t lease);
void worker_sulk(struct worker *w, uint64_t lease);

/* worker_send.c */
/* Sends entries (each a JSON value for list `name` of the body), many to a transaction; ok[i] tells
 * what became of entry i: a list that fails is sent again one by one. */
enum og_rc worker_send_list(struct worker *w, struct og_work_node *node, enum og_tx_kind kind,
                            const char *name, json_t *const *entry, size_t n, bool *ok,
                            struct og_err *err) OG_MUST_CHECK;
enum og_rc worker_wishes(struct worker *w, struct og_err *err) OG_MUST_CHECK;
enum og_rc worker_renew(struct worker *w, struct og_err *err) OG_MUST_CHECK;

/* worker_finish.c */
enum og_rc worker_finish(struct worker *w, struct og_err *err) OG_MUST_CHECK;

/* worker_loop.c */
enum og_rc worker_loop(struct worker *w, struct og_err *err) OG_MUST_CHECK;

#endif
