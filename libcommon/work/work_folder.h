/* work_folder.h - a lease's job in a folder of its own, so that another machine that sees the
 * folder can run it without the state; and its result taken back. Files: job       what to run, one
 * line of JSON; written last blobs/    inputs, and what the job made owner     who runs it: made
 * once, so that a job that came to be submitted twice runs once go        it may begin (before, the
 * lease has not started) live.out, live.err   what the job prints, as it comes manifest  a leaf
 * line an element status    how it ended, one line of JSON; named when all the rest is there */
#ifndef OG_WORK_FOLDER_H
#define OG_WORK_FOLDER_H

#include "work/work_job.h"

#define OG_FOLDER_JOB_MAX    ((size_t)2 << 20)
#define OG_FOLDER_STATUS_MAX 4096

/* A folder's job, as the machine that runs it reads it. */
struct og_folder_job {
    struct og_work_job work; /* state_dir is the folder; rows filled as far as running needs them */
    struct og_work_how how;
    uint64_t nodes;   /* that run it together; 1: one */
    uint64_t wait_ms; /* for go */
    bool is_bench;    /* nothing of the above: measure this machine */
    uint8_t seed[32];
    uint64_t bench_ms;
};

/* Makes the folder and fills it. The spec of w must be loaded, its inputs be blobs; the task's
 * cores and memory are what each machine gives. */
enum og_rc og_folder_write(const char *dir, const struct og_work_job *w,
                           const struct og_work_how *how, uint64_t wait_ms,
                           struct og_err *err) OG_MUST_CHECK;
/* The same for a measurement with this seed. */
enum og_rc og_folder_write_bench(const char *dir, const uint8_t seed[32], uint64_t bench_ms,
                                 struct og_err *err) OG_MUST_CHECK;
/* A job line; release the work in it (og_work_job_release). Bounded, for outside bytes. */
enum og_rc og_folder_job_parse(const char *s, size_t n, struct og_folder_job *out,
                               struct og_err *err) OG_MUST_CHECK;

/* Files that only have to be there. */
bool og_folder_has(const char *dir, const char *name);
enum og_rc og_folder_mark(const char *dir, const char *name, const char *text,
                          struct og_err *err) OG_MUST_CHECK;

/* Runs the folder's job as `who` (a word; the job's number in the cluster): waits for go, runs it,
 * names its status. Nothing when another has it. program: what a further node runs, given the
 * folder. OG_E_TEMPFAIL: stopped, or go never came. */
enum og_rc og_folder_exec(const char *dir, const char *who, const char *program,
                          const volatile sig_atomic_t *stop, struct og_err *err) OG_MUST_CHECK;

/* A status line. mflops: of a measurement. Bounded, for outside bytes. */
struct og_folder_status {
    uint64_t done, exits, run_ms, mflops_per_s;
    enum og_job_why why;
    char sentence[OG_ERR_MAX];
};
enum og_rc og_folder_status_parse(const char *s, size_t n, struct og_folder_status *out,
                                  struct og_err *err) OG_MUST_CHECK;
enum og_rc og_folder_status(const char *dir, struct og_folder_status *out,
                            struct og_err *err) OG_MUST_CHECK;
/* The result of w from the folder: blobs, checked, go to the state's; r is filled as og_work_run
 * does it. What does not fit is r->why OG_JOB_NODE_FAULT with a sentence. */
void og_folder_read(const char *dir, const struct og_work_job *w, struct og_work_result *r);

#endif
