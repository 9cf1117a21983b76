/* work_kernel.h - a built-in kernel's leaves and checks over the blobs of a lease. */
#ifndef OG_WORK_KERNEL_H
#define OG_WORK_KERNEL_H

#include "check/check_judge.h"
#include "check/check_kernel.h"
#include "check/check_result.h"
#include "work/work_job.h"

/* The spec's kernel; OG_E_DATA as og_kernel_parse, or when inputs or outputs are not as many as it
 * has. Only for a job with one. */
enum og_rc og_work_kernel(const struct og_work_job *w, struct og_kernel *out,
                          struct og_err *err) OG_MUST_CHECK;
/* Hashes of all leaves, from the outputs that e names: og_kernel_leaves(k) of them, the caller
 * frees *hash. OG_E_DATA: an output is missing or has another size. */
enum og_rc og_work_kernel_hash(const struct og_work_job *w, const struct og_kernel *k,
                               const struct og_result_element *e, struct og_hash **hash,
                               struct og_err *err) OG_MUST_CHECK;
/* Hashes of n leaves, ascending, computed from the inputs. OG_E_DATA: the inputs do not fit. */
enum og_rc og_work_kernel_again(const struct og_work_job *w, const uint64_t *leaf, size_t n,
                                struct og_hash *hash, struct og_err *err) OG_MUST_CHECK;
/* Judges the outputs that e names. OG_E_DATA: inputs or outputs do not fit. */
enum og_rc og_work_kernel_vote(const struct og_work_job *w, const struct og_result_element *e,
                               const struct og_hash *seed, enum og_vote *out,
                               struct og_err *err) OG_MUST_CHECK;

#endif
