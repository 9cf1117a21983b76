/* exec_scratch.h - the working folder of a job: made, filled with inputs, weighed, emptied. */
#ifndef OG_EXEC_SCRATCH_H
#define OG_EXEC_SCRATCH_H

#include "base/base_err.h"
#include "exec/exec_job.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct og_scratch {
    char *path;    /* the working folder */
    char *in_path; /* its "<path>.in", made when first needed */
    int fd;
    uid_t uid;      /* the job's id, or 0 */
    bool temporary; /* ours to remove */
};

/* Never follows a link below the folder; whatever a job left, of any depth and mode, goes. */
enum og_rc og_scratch_open(struct og_scratch *s, const char *path, uid_t uid,
                           struct og_err *err) OG_MUST_CHECK;
/* Empties the folder (one system call when nothing is in it); removes a temporary one. */
enum og_rc og_scratch_close(struct og_scratch *s, struct og_err *err) OG_MUST_CHECK;

/* Copies an input into the working folder at its path, for jobs without a sandbox. */
enum og_rc og_scratch_copy_in(struct og_scratch *s, const struct og_job_in *in,
                              struct og_err *err) OG_MUST_CHECK;
/* A file that the sandbox can bind for this input: src itself, or a linked or copied one in
 * in_path, which stays for the next job with the same file. The caller frees *out. */
enum og_rc og_scratch_stage(struct og_scratch *s, const struct og_job_in *in, char **out,
                            struct og_err *err) OG_MUST_CHECK;
/* Removes from in_path what is not in keep (paths from og_scratch_stage). */
void og_scratch_unstage(struct og_scratch *s, char *const *keep, size_t n);

/* Opens path below the folder for reading; *in_dir (the folder of its last part) and *fd are the
 * caller's to close, both -1 unless the state is OG_OUT_OK. */
enum og_job_out_state og_scratch_open_out(const struct og_scratch *s, const char *path, int *in_dir,
                                          int *fd, uint64_t *bytes);

#endif
