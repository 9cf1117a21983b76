/* exec_launch.h - starts a job's program, with or without the sandbox around it. */
#ifndef OG_EXEC_LAUNCH_H
#define OG_EXEC_LAUNCH_H

#include "base/base_err.h"
#include "exec/exec_job.h"
#include "exec/exec_scratch.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

struct og_launch {
    pid_t pid;      /* our child: the program, or bubblewrap */
    int pid_fd;     /* readable when pid has ended; -1 on old kernels */
    int exec_errno; /* set: the program could not be executed, pid is -1 */
    int out_fd;     /* our ends of its streams, non-blocking; the caller takes them */
    int err_fd;
    bool started;      /* the program itself runs */
    uint64_t start_us; /* since then, monotonic */
    pid_t root;        /* 0, or the process below which all of the job lives */
    /* The sandbox only: */
    int init_fd;   /* the first process of the job's own process namespace */
    int status_fd; /* where bubblewrap tells; -1 when closed */
    int block_fd;  /* its end holds the program back */
    bool exited;   /* bubblewrap told an exit code: the program was executed */
    char text[1024];
    size_t text_len;
};

void og_launch_init(struct og_launch *l);
/* srcs: per input what og_scratch_stage gave; NULL without sandbox. cgroup_fd: -1 or cgroup.procs.
 */
enum og_rc og_launch_start(struct og_launch *l, const struct og_job *job,
                           const struct og_scratch *scratch, const char *const *srcs, int cgroup_fd,
                           struct og_err *err) OG_MUST_CHECK;
/* Reads what bubblewrap told; the first word of the namespace's first process starts the program.
 */
enum og_rc og_launch_status(struct og_launch *l, const struct og_job *job,
                            struct og_err *err) OG_MUST_CHECK;
/* SIGKILL to everything of the job; og_launch_reap must follow. */
void og_launch_kill(const struct og_launch *l, const struct og_job *job);
/* After pid has ended: kills what it left, waits until all is gone. */
void og_launch_reap(struct og_launch *l, const struct og_job *job, int *wait_status,
                    struct rusage *use);
void og_launch_close(struct og_launch *l);
/* The bytes that the scratch folder may hold, 0 for no limit. */
uint64_t og_launch_scratch_max(const struct og_job *job);

#endif
