/* run.h - what the files of `ogpu run` share. */
#ifndef OG_OGPU_RUN_H
#define OG_OGPU_RUN_H

#include "cli/cli_opts.h"
#include "crypto/crypto_hash.h"
#include "store/store_open.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define RUN_STAGES_MAX 64
#define RUN_NO_END     125 /* exit status: the program never ran to an end */

/* Options of our own, and of those of ogpu-submit the ones that matter here. */
struct run_options {
    struct og_opts_common common;
    uint64_t slots; /* 0: not given */
    struct og_opt_list nodes;
    const char *key, *passphrase_file, *kernel, *cuda, *array, *dir;
    bool force, dry_run, flag;
    struct og_opt_list out, param, list;
    uint64_t number; /* this and the next two: what only ogpu-submit reads */
    const char *text;
    int choice;
};
extern const struct og_tool run_tool;

/* run_opts.c. The words for ogpu-submit out of argv[1..argc): without the options of our own. The
 * caller frees *out (not the words). first: the first operand. */
void run_submit_args(int argc, char **argv, int first, const char ***out, size_t *n);

/* run_pipe.c: the tools, one process group, joined by pipes. */
struct run_stage {
    const char *tool;
    pid_t pid;
    int status; /* exit status, 128 + n by signal n; -1: still running */
};
struct run_pipe {
    struct run_stage stage[RUN_STAGES_MAX];
    size_t n;
    pid_t group;
    int in, out; /* in: what the next stage reads; out: what the last one writes; -1: none */
};
void run_pipe_init(struct run_pipe *p, int in);
/* Appends a stage: argv[0] is the tool's name, NULL-terminated. The first one reads `in`. */
enum og_rc run_pipe_add(struct run_pipe *p, const char *const *argv,
                        struct og_err *err) OG_MUST_CHECK;
/* Gathers what has ended; wait: blocks until all have. */
void run_pipe_reap(struct run_pipe *p, bool wait);
bool run_pipe_running(const struct run_pipe *p);
void run_pipe_kill(struct run_pipe *p, int sig);
void run_pipe_release(struct run_pipe *p);
/* One tool alone, to its end; its records are dropped. *status as in a stage. */
enum og_rc run_alone(const char *const *argv, int *status, struct og_err *err) OG_MUST_CHECK;

/* run_out.c: what the tasks print, in the order of tasks and elements. */
struct run_lease {
    uint64_t id, first, count;
    bool ready; /* accepted: what it printed stands in the manifest of `root` */
    bool dead;
    bool asked; /* its acceptance was asked for */
    struct og_hash root;
};
struct run_task {
    uint64_t id, count, next; /* next: the first element not yet printed */
    bool ended;
    bool accept;    /* a result waits for the submitter's word, which is yes: it has come */
    char state[16]; /* of the receipt */
    char why[72];   /* ": time", … when it failed */
    uint64_t exit;
    struct run_lease *lease; /* by id */
    size_t n, cap;
    size_t settled; /* leases before this one are ready or dead */
    size_t hint;    /* where the holder of `next` is likely to be */
};
/* One stream of a single task while it runs. */
struct run_live {
    int from, to;
    uint64_t done; /* bytes copied */
    struct og_hasher hash;
};
struct run_out {
    struct og_store *st;
    struct run_task *task;
    size_t n, cap, at; /* at: the task printed now */
    uint64_t live_lease;
    struct run_live live[2]; /* stdout, stderr */
    bool broken;             /* our stdout or stderr is gone */
};
void run_out_init(struct run_out *o, struct og_store *st);
void run_out_release(struct run_out *o);
enum og_rc run_out_task(struct run_out *o, uint64_t id, struct og_err *err) OG_MUST_CHECK;
struct run_task *run_out_find(struct run_out *o, uint64_t id);
/* Prints what there is now. last: the pipeline has ended, nothing more will come. */
enum og_rc run_out_step(struct run_out *o, bool last, struct og_err *err) OG_MUST_CHECK;

#endif
