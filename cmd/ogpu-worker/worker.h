/* worker.h - what the parts of ogpu-worker share. */
#ifndef OG_OGPU_WORKER_WORKER_H
#define OG_OGPU_WORKER_WORKER_H

#include "cli/cli_opts.h"
#include "cli/cli_owner.h"
#include "engine/engine.h"
#include "work/work_filter.h"
#include "work/work_job.h"
#include "work/work_node.h"

#include <jansson.h>
#include <pthread.h>

#define WORKER_RULES 15
extern const char *const worker_rules[WORKER_RULES]; /* keys of worker.conf that are options, too */

struct worker_options {
    struct og_opts_common common;
    struct og_opt_list keys;
    const char *passphrase_file, *classes;
    bool once, watch, drain, pause, resume, give_back;
    uint64_t gpu; /* that --pause, --resume or --give-back is about */
    uint64_t slots, threads;
    int sandbox; /* 0 bwrap, 1 none */
    int cuda;    /* enum og_cuda_where; 3: none */
    bool devices;
    int backend; /* 0 local, 1 slurm */
    const char *cluster_dir, *exec;
    struct og_opt_list partitions;
    uint64_t capacity_bytes; /* of memory in a capacity window; 0: no part in windows */
    int log_format;          /* 0 text, 1 json */
    const char *config;
    const char *rule[WORKER_RULES]; /* in the order of worker_rules */
};

#define WORKER_NO_GPU        UINT64_MAX
#define WORKER_CLASS_NETWORK ((uint32_t)1 << 30) /* programs that ask for the network */
#define WORKER_CLASS_GPU     ((uint32_t)1 << 29) /* programs whose own code drives the GPU */
#define WORKER_CUDA_NONE     3                   /* of --cuda, behind enum og_cuda_where */

enum worker_phase {
    PHASE_PREPARE, /* thread: inputs come in */
    PHASE_READY,   /* main: lease.start */
    PHASE_QUEUED,  /* thread: runs it after another of its slot */
    PHASE_GO,      /* thread: runs */
    PHASE_QUIT,    /* thread: ends without running */
    PHASE_DONE     /* main: commit, or whatever became of it */
};

/* A thread, and how many leases it has: leases of one slot run one after another. */
struct run_thread {
    pthread_t id;
    size_t runs;
    bool joined;
    atomic_uint_least64_t go_ms; /* own clock: when the first of them began; 0: not yet */
};

/* One lease that a thread works on. */
struct run {
    struct run *next;
    struct run *follow; /* whose turn comes then, or NULL; under the worker's lock */
    struct worker *w;
    struct og_work_node *node;
    struct og_work_job job;
    struct og_work_how how;
    struct run_thread *thread;
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
    char *cluster_dir;           /* the lease's folder in the cluster, or NULL */
    int lock_fd, out_fd, err_fd; /* of a thread's leases one has the folder, for all of them */
    bool started, gone, seen,    /* on the chain; ended by the chain; in the last scan */
        shown, claimed;          /* row put; against other processes */
    bool unsynced;               /* its blobs are not on the disk yet */
    uint64_t made_ms;            /* own clock */
    uint64_t took_us;            /* the run with all around it */
    struct og_job_live live;
    uint64_t busy_ms, busy_cpu; /* own clock: when it last computed; and its CPU time then */
    bool held;                  /* it was told of as held but idle */
    uint64_t gpu;               /* assigned; WORKER_NO_GPU: none */
    char gpu_uuid[64], gpu_path[40];
    const char *devices[6];
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

/* A lease of the task was given back, and when (own clock). */
struct fault {
    uint64_t task, ms;
};

/* What the owner said by --pause and --give-back, and not yet took back. */
struct worker_control {
    bool paused, give_back;
    uint64_t gpu_paused, gpu_back; /* a bit for each GPU */
};

#define WORKER_INPUTS 64
struct worker_activity {
    int fd[WORKER_INPUTS]; /* input devices */
    size_t n;
    uint64_t last_ms; /* Unix time of their last event */
};

struct cluster;
struct worker_window;
struct worker {
    const struct worker_options *o;
    struct worker_window *window; /* NULL until one began */
    struct cluster *cluster;      /* NULL: jobs run on this machine */
    struct og_engine *engine;
    struct og_store *store;
    struct og_spec_cache *specs;
    struct og_work_node *node;
    size_t n_nodes;
    int *node_lock;
    char *state_dir, *run_dir, *scratch_dir;
    pthread_mutex_t lock;
    int wake_fd; /* eventfd */
    int claim_fd;
    struct run *runs;
    size_t n_runs, n_threads;
    uint64_t mean_us; /* what runs took lately; 0: none ran yet */
    uint64_t idle_ms; /* own clock: since when our tasks wait and nothing of them runs; 0: not so */
    bool jumped;      /* somebody's lease was given back for a task of ours */
    struct wish *wish;
    size_t n_wish, cap_wish;
    struct sulk sulk[256];
    size_t n_sulk;
    struct fault fault[64];
    size_t n_fault, faults;          /* all of them; in a row, without a result between */
    uint64_t fault_ms, fault_row_ms; /* own clock: the last one, the first of the row */
    struct og_filter filter;
    bool is_filter, draining, sandbox_known, out_broken;
    bool want_seal;   /* a block would move a lease of ours */
    bool pending;     /* leases of ours still want something from us */
    bool changed;     /* we changed the state ourselves */
    bool linger;      /* a transaction or block waits a moment for what is about to join it */
    uint64_t height;  /* of the last sealed block, at the last scan */
    uint32_t classes; /* OG_CLASS_... and WORKER_CLASS_...; 0: OG_CLASS_... all */
    struct og_owner rules;
    unsigned rules_serial; /* grows when they are read again */
    struct gate *gate;     /* NULL: a filter, which the owner runs by hand */
    struct gpus *gpus;
    enum og_rc fatal; /* ends the worker when its runs have ended */
    struct og_err fatal_err;
};

/* worker_open.c */
enum og_rc worker_open(const struct worker_options *o, struct worker *w,
                       struct og_err *err) OG_MUST_CHECK;
void worker_close(struct worker *w);
/* --pause, --resume, --give-back; and --drain: the workers of these nodes on this machine are told,
 * and what they do then is waited for. */
enum og_rc worker_tell_others(const struct worker_options *o, struct og_err *err) OG_MUST_CHECK;

/* worker_owner.c */
/* worker.conf, then the options: what the owner allows. */
enum og_rc worker_rules_load(struct worker *w, struct og_err *err) OG_MUST_CHECK;
/* May the job run here, by class, submitter and price? OG_E_NOPERM with the reason. */
enum og_rc worker_allows(const struct worker *w, const struct og_work_job *job,
                         struct og_err *err) OG_MUST_CHECK;

/* worker_control.c */
/* Writes what --pause, --resume or --give-back say of w's nodes; the last waits until it is so. */
enum og_rc worker_control(const struct worker_options *o, struct worker *w,
                          struct og_err *err) OG_MUST_CHECK;
void worker_control_read(const char *run_dir, uint64_t node, struct worker_control *out);
/* "run/WHAT-NODE" below the state; the caller frees. */
char *worker_owner_path(const struct worker *w, const char *what, uint64_t node);

/* worker_gate.c */
enum og_rc worker_gate_open(struct worker *w, struct og_err *err) OG_MUST_CHECK;
void worker_gate_close(struct worker *w);
/* Decides anew, a few times a second, whether each node may work, and tells the chain and
 * onlookers. */
enum og_rc worker_gate_look(struct worker *w, struct og_err *err) OG_MUST_CHECK;
/* Why the node takes nothing now, "is paused"; NULL: it does. */
const char *worker_closed(const struct worker *w, const struct og_work_node *node);
/* The same for a set of rules, without what was said by hand. */
const char *worker_gate_why(struct worker *w, const struct og_owner_gate *rules);

/* worker_activity.c */
void worker_activity_open(struct worker_activity *a);
void worker_activity_close(struct worker_activity *a);
/* Since when nobody used the machine; list: files to look at instead, or NULL. */
uint64_t worker_activity_idle_ms(struct worker_activity *a, const char *list);

/* worker_announce.c */
/* Brings the node's terms on the chain to what holds now; *refused: the chain said no. */
enum og_rc worker_announce(struct worker *w, struct og_work_node *node, bool closed, bool *refused,
                           struct og_err *err) OG_MUST_CHECK;

/* worker_gpu.c */
enum og_rc worker_gpu_open(struct worker *w, struct og_err *err) OG_MUST_CHECK;
void worker_gpu_close(struct worker *w);
/* Takes what NVML told since. */
void worker_gpu_read(struct worker *w);
/* Decides which GPUs the node may use; with leave, leases on the others are given back. */
void worker_gpu_look(struct worker *w, const struct og_work_node *node,
                     const struct worker_control *c, bool leave);
/* Gives the run a GPU where it needs one: OG_E_NOPERM when none is free for it. */
enum og_rc worker_gpu_assign(struct worker *w, struct run *r, struct og_err *err) OG_MUST_CHECK;
/* Does the run's GPU compute, as far as NVML tells? */
bool worker_gpu_busy(const struct worker *w, const struct run *r);
/* A list of {index, uuid, open, why, runs}; a new reference. */
json_t *worker_gpu_status(const struct worker *w, const struct og_work_node *node);

/* worker_lock.c */
/* The file in which processes claim leases, a byte each. */
enum og_rc worker_claim_open(struct worker *w, struct og_err *err) OG_MUST_CHECK;
/* Claims a lease for this process: false when another one has it. */
bool worker_claim(const struct worker *w, uint64_t lease);
void worker_unclaim(const struct worker *w, uint64_t lease);
/* Makes and locks the folder of a lease: *fd is the lock, or -1 with OG_OK when another process
 * holds it (after a moment, with `wait`). The caller gives *dir and *fd to worker_let_go. */
enum og_rc worker_hold(const struct worker *w, uint64_t lease, bool wait, char **dir, int *fd,
                       struct og_err *err) OG_MUST_CHECK;
/* Removes the folder when fd holds it; frees dir, closes fd. */
void worker_let_go(char *dir, int fd);

/* worker_devices.c */
/* What this machine computes with, on stdout; needs no state. */
enum og_rc worker_devices(const struct worker_options *o, struct og_err *err) OG_MUST_CHECK;

/* worker_window.c */
/* Takes the next step of a capacity window, if there is one to be taken. */
enum og_rc worker_window_step(struct worker *w, struct og_err *err) OG_MUST_CHECK;
bool worker_window_busy(const struct worker *w);
void worker_window_close(struct worker *w);

/* worker_exec.c */
/* --exec: runs what lies in a folder; needs no state. */
enum og_rc worker_exec(const struct worker_options *o, struct og_err *err) OG_MUST_CHECK;

/* worker_cluster.c */
enum og_rc worker_cluster_open(struct worker *w, struct og_err *err) OG_MUST_CHECK;
void worker_cluster_close(struct worker *w);

/* worker_cluster_run.c; by the thread of the lease, but the first and the last. */
/* "FOLDER/<lease>/name", "" for the folder itself; the caller frees. */
char *worker_cluster_path(const struct worker *w, uint64_t lease, const char *name);
/* Submits the lease's job, unless that was done before, and waits for a node to have it. */
enum og_rc worker_cluster_prepare(struct run *r, struct og_err *err) OG_MUST_CHECK;
/* Lets it run and waits for its end: r->res, as og_work_run. */
void worker_cluster_run(struct run *r);
/* The lease needs its folder no more. */
void worker_cluster_leave(struct run *r);

/* worker_clean.c */
/* Removes what killed workers left of leases that nobody runs now. */
enum og_rc worker_clean(struct worker *w, struct og_err *err) OG_MUST_CHECK;

/* Is the node run by a worker that owns it? */
bool worker_node_owned(const struct worker *w, uint64_t node);

/* worker_chain.c */
/* Puts a new run behind the last one of its slot; false when there is none that could lead it. */
bool worker_chain_link(struct run *r);
/* Does a run of ours hold the slot? */
bool worker_chain_there(const struct worker *w, const struct og_work_node *node, uint64_t slot);
/* Called by the thread: r is done, or was not to be run. Whose turn it is, or NULL. */
struct run *worker_chain_next(struct run *r);
/* Those behind r do not get their turn; their leases are given back. */
void worker_chain_cut(struct run *r);
/* May r, which is done, be committed, or do others of its thread still come in a moment? */
bool worker_chain_ready(const struct run *r);
/* Cuts behind runs that take long: their slot is not to be waited for. */
void worker_chain_look(struct worker *w);
/* r goes, and others of its thread go on in its folder. */
void worker_chain_leave(struct run *r);
/* Stops all and waits for every thread. */
void worker_chain_stop(struct worker *w);

/* worker_own.c */
/* Entries of `own` of a lease.start that goes with the commit of run[n]: tasks that follow in the
 * slots of these runs. NULL: none. */
json_t *worker_own_next(struct worker *w, struct og_work_node *node, struct run *const *run,
                        size_t n);
/* A filter whose tasks wait while leases that nobody runs hold the slots takes a slot. */
enum og_rc worker_own_jump(struct worker *w, struct og_err *err) OG_MUST_CHECK;

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

/* worker_fault.c */
/* Ends the worker with this error when its runs have ended. */
void worker_end(struct worker *w, enum og_rc rc, const struct og_err *why);
/* A lease is given back for a reason of this machine: says so. Without --watch and with nothing
 * done between, some of them in a row end the worker. */
void worker_fault(struct worker *w, const struct og_work_job *job, enum og_rc rc, const char *why);
/* A result is there: the machine works. */
void worker_fault_over(struct worker *w);
/* Is it too early to take a lease of the task again? */
bool worker_rests(const struct worker *w, uint64_t task);

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
