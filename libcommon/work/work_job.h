/* work_job.h - a lease made runnable: its rows, its spec, one element after another, its result. */
#ifndef OG_WORK_JOB_H
#define OG_WORK_JOB_H

#include "check/check_result.h"
#include "exec/exec_cuda.h"
#include "exec/exec_job.h"
#include "model/model_records.h"
#include "store/store_open.h"
#include "work/work_spec.h"

#include <signal.h>
#include <stdatomic.h>

#define OG_WORK_OUT_MAX ((uint64_t)1 << 30) /* bytes of a stream, and of an element's outputs */

/* A lease and what it runs. Rows are copies; release with og_work_job_release. */
struct og_work_job {
    char *state_dir;
    struct og_lease lease;
    struct og_task task;
    struct og_slot slot;
    struct og_addr node_owner;
    struct og_spec spec;
    bool own;    /* the node's owner submitted it */
    bool loaded; /* spec is there */
};

/* A state folder as an absolute path, which jobs need; takes dir. */
char *og_work_state_dir(char *dir);

/* Reads the rows. The spec is loaded apart, since a missing one is the job's trouble, not ours. */
enum og_rc og_work_job_load(struct og_store *st, uint64_t lease, struct og_work_job *out,
                            struct og_err *err) OG_MUST_CHECK;
/* OG_E_NOINPUT, OG_E_DATA: as og_spec_load, or spec and chain name different kernels. */
enum og_rc og_work_job_spec(struct og_work_job *w, struct og_spec_cache *cache,
                            struct og_err *err) OG_MUST_CHECK;
void og_work_job_release(struct og_work_job *w);

/* How this machine runs it. */
struct og_work_how {
    enum og_sandbox sandbox;
    enum og_cuda_where cuda; /* where CUDA kernels run */
    uid_t uid;
    const char *scratch;           /* see og_job */
    uint64_t cores;                /* most of them; 0: the slot's */
    uint64_t limit_ms;             /* 0: the task's */
    uint64_t grace_ms;             /* see OG_STOP_GRACE */
    uint64_t scratch_max, out_max; /* bytes; 0: OG_WORK_OUT_MAX and what follows from it */
    uint64_t cpu_ppm;              /* see og_job */
    uint64_t gpu_ppm;              /* share of a GPU that a program of the user's may use */
    const char *gpu;               /* UUID of the assigned one; NULL: as the environment has it */
    const char *const *devices;    /* of that GPU, for programs; see og_job */
    bool net;                      /* the network, for programs whose spec asks for it */
    struct og_job_live *live;      /* NULL, or see og_job */
    bool keep;                     /* streams and outputs become blobs */
    bool nosync;                   /* which the caller brings to the disk, many at once */
    int stdout_fd, stderr_fd;
    const char *const *env; /* more variables for the job, NULL-terminated; may be NULL */
};

/* Leaves in order of elements (kernels: pieces of the outputs of each element). */
struct og_work_result {
    struct og_hash *leaf;
    size_t n, cap;
    struct og_buf manifest; /* a leaf line per element */
    struct og_hash root;
    uint64_t done;  /* elements that ended by themselves */
    uint64_t exits; /* worst exit status */
    uint64_t run_ms;
    bool stored;         /* some blob was written */
    enum og_job_why why; /* DONE, or why the element after `done` did not end */
    char sentence[OG_ERR_MAX];
};
void og_work_result_release(struct og_work_result *r);

/* Element `index` of the array: its leaf line and hashes are added to r. *why as og_exec_run. */
enum og_rc og_work_element(const struct og_work_job *w, const struct og_work_how *how,
                           uint64_t index, struct og_work_result *r,
                           const volatile sig_atomic_t *stop, struct og_err *err) OG_MUST_CHECK;
/* Elements index[0..n), ascending, in as few starts as can be (parts of a CUDA kernel: one); adds a
 * leaf for each, up to the first that does not end by itself: r->done counts, r->why tells. */
enum og_rc og_work_elements(const struct og_work_job *w, const struct og_work_how *how,
                            const uint64_t *index, size_t n, struct og_work_result *r,
                            const volatile sig_atomic_t *stop, struct og_err *err) OG_MUST_CHECK;
/* All elements of the lease, until one of them does not end by itself; root and run_ms set. at: the
 * element that runs now, for onlookers; may be NULL. Always says in r->why how it ended. */
void og_work_run(const struct og_work_job *w, const struct og_work_how *how,
                 struct og_work_result *r, atomic_uint_least64_t *at,
                 const volatile sig_atomic_t *stop);
/* The manifest as a blob. */
enum og_rc og_work_manifest(const struct og_work_job *w, const struct og_work_result *r, bool sync,
                            struct og_hash *sha256, struct og_err *err) OG_MUST_CHECK;

/* Leaves of one element of a built-in kernel; 0 for programs. */
uint64_t og_work_blocks(const struct og_work_job *w);
/* Leaves of the whole lease. */
uint64_t og_work_leaves(const struct og_work_job *w);

/* Leaf hashes of a result as its manifest blob tells them (a kernel's: from the outputs' blobs),
 * and the root over them. *leaf: the caller frees. lines, when not NULL: gets the manifest.
 * OG_E_NOINPUT or OG_E_DATA when a part is missing, damaged, or not what a manifest looks like. */
enum og_rc og_work_reread(const struct og_work_job *w, const struct og_hash *manifest,
                          struct og_hash **leaf, size_t *n, struct og_hash *root,
                          struct og_buf *lines, struct og_err *err) OG_MUST_CHECK;

#endif
