/* work_check.h - a verifier's work on a lease: recompute it blind, judge its output, or run the
 * submitter's command over it. */
#ifndef OG_WORK_CHECK_H
#define OG_WORK_CHECK_H

#include "check/check_judge.h"
#include "store/store_blob.h"
#include "work/work_job.h"

/* What a verifier found. */
struct og_work_finding {
    enum og_vote vote;    /* exact: NONE when there is a value, or ABSENT; else a vote */
    struct og_hash value; /* of the drawn leaves; zeros when absent */
    uint64_t run_ms;
    uint64_t units;       /* MFLOP of what was recomputed */
    char why[OG_ERR_MAX]; /* a sentence for people when it is not a plain ok */
};

/* Who checks, and with what. */
struct og_work_checker {
    struct og_addr addr;
    uint64_t capacity; /* MFLOP/s of the slot that does it */
    struct og_work_how how;
};

/* Finds by the lease's method; its rows must be fresh and the spec loaded. manifest: where the
 * revealed result lies, NULL when nobody here has it. exact looks at no result. Anything that is
 * this machine's trouble is returned as a failure: nothing was found then. Thread-safe. */
enum og_rc og_work_check(const struct og_work_job *w, const struct og_work_checker *who,
                         const struct og_manifest *manifest, const volatile sig_atomic_t *stop,
                         struct og_work_finding *out, struct og_err *err) OG_MUST_CHECK;

#endif
