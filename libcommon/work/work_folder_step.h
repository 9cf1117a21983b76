/* work_folder_step.h - a program on several nodes at once: an element is a step of the cluster, in
 * which each node runs the program as one rank. */
#ifndef OG_WORK_FOLDER_STEP_H
#define OG_WORK_FOLDER_STEP_H

#include "work/work_folder.h"

/* In the environment of a rank's process: which element the step is for. */
#define OG_FOLDER_STEP "OGPU_STEP"

/* Runs all elements, each by srun on j->nodes nodes; program: what srun starts there, given the
 * folder. An element's result is that of rank 0; its exit status the worst of all ranks. */
void og_folder_steps(const char *dir, struct og_folder_job *j, const char *program,
                     struct og_work_result *r, const volatile sig_atomic_t *stop);
/* One rank of a step, on its node: rank and number of ranks as srun says them. */
enum og_rc og_folder_rank(const char *dir, uint64_t index, uint64_t rank, uint64_t ranks,
                          const volatile sig_atomic_t *stop, struct og_err *err) OG_MUST_CHECK;

/* The folder's own: its job read, a result said in file `name`. */
enum og_rc og_folder_job_read(const char *dir, struct og_folder_job *out,
                              struct og_err *err) OG_MUST_CHECK;
enum og_rc og_folder_say(const char *dir, const char *name, const struct og_work_result *r,
                         uint64_t mflops_per_s, struct og_err *err) OG_MUST_CHECK;

#endif
