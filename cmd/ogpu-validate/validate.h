/* validate.h - what the parts of ogpu-validate share. */
#ifndef OG_OGPU_VALIDATE_VALIDATE_H
#define OG_OGPU_VALIDATE_VALIDATE_H

#include "cli/cli_opts.h"
#include "engine/engine.h"
#include "work/work_check.h"
#include "work/work_filter.h"
#include "work/work_node.h"

#include <jansson.h>
#include <pthread.h>

#define VALIDATE_UNSET UINT64_MAX

struct validate_options {
    struct og_opts_common common;
    struct og_opt_list keys;
    const char *passphrase_file, *proof;
    bool once, watch, audit, record, seal, clock, accept, no_accept;
    uint64_t slots, matching, block, lease;
    int log_format;
};

enum duty_phase {
    DUTY_CHECK, /* a thread is at it */
    DUTY_FOUND  /* there is a finding, or a reason why not */
};

/* One check that a node of ours was drawn for. */
struct duty {
    struct duty *next;
    struct validate *v;
    struct og_work_node *node;
    struct og_work_job job;
    struct og_work_checker who;
    struct og_manifest manifest;
    bool has_manifest, said, seen, joined;
    uint64_t turn, retry_ms;
    int lock_fd;
    char *lock_path;
    pthread_t thread;
    enum duty_phase phase; /* under v->lock */
    volatile sig_atomic_t stop;
    enum og_rc rc;
    struct og_err err;
    struct og_work_finding found;
};

struct validate {
    const struct validate_options *o;
    struct og_engine *engine;
    struct og_store *store;
    struct og_spec_cache *specs;
    struct og_work_node *node;
    size_t n_nodes;
    char *state_dir, *keys_dir, *run_dir;
    pthread_mutex_t lock;
    int wake_fd;
    struct duty *duties;
    size_t n_running;
    struct og_filter filter;
    uint64_t *receipt; /* tasks that ended, whose receipt has not been written yet */
    size_t n_receipt, cap_receipt;
    bool is_filter, draining, sandbox_known, want_seal, pending, changed, out_broken;
    enum og_rc fatal;
    struct og_err fatal_err;
    struct og_addr owner; /* last submitter whose key was looked for; owner_key NULL: not here */
    bool owner_known;
    struct og_key *owner_key;
};

/* validate_open.c */
/* nodes: load the node keys too (none is fine). */
enum og_rc validate_open(const struct validate_options *o, bool nodes, struct validate *v,
                         struct og_err *err) OG_MUST_CHECK;
void validate_close(struct validate *v);

/* validate_duty.c */
/* Looks at all duties of our nodes: starts checks, sends what is ripe. */
enum og_rc validate_duties(struct validate *v, struct og_err *err) OG_MUST_CHECK;
void validate_drop_duty(struct duty *d);

/* validate_accept.c */
/* Accepts results under `accept` of tasks whose submitter's key is here: in a pipe those of the
 * tasks read, unless --no-accept; with --once and --watch only with --accept. */
enum og_rc validate_accept_own(struct validate *v, struct og_err *err) OG_MUST_CHECK;

/* validate_say.c */
/* The commit to a value, or the verdict; ok: the chain took it. */
enum og_rc validate_say_hash(struct duty *d, bool *ok, struct og_err *err) OG_MUST_CHECK;
enum og_rc validate_say_verdict(struct duty *d, bool *ok, struct og_err *err) OG_MUST_CHECK;
/* A record to stdout, at once. */
enum og_rc validate_put(struct validate *v, json_t *o_taken, struct og_err *err) OG_MUST_CHECK;
json_t *validate_verdict_json(const struct og_work_job *job, uint64_t node,
                              const struct og_work_finding *f);

/* validate_loop.c */
enum og_rc validate_loop(struct validate *v, struct og_err *err) OG_MUST_CHECK;

/* The questions, each one call. OG_NO: the answer is no, and err says why. */
enum og_rc validate_audit(const struct validate_options *o, struct og_err *err) OG_MUST_CHECK;
enum og_rc validate_matching(const struct validate_options *o, struct og_err *err) OG_MUST_CHECK;
enum og_rc validate_block(const struct validate_options *o, struct og_err *err) OG_MUST_CHECK;
enum og_rc validate_proof(const struct validate_options *o, struct og_err *err) OG_MUST_CHECK;
enum og_rc validate_record(const struct validate_options *o, struct og_err *err) OG_MUST_CHECK;
enum og_rc validate_seal(const struct validate_options *o, struct og_err *err) OG_MUST_CHECK;
enum og_rc validate_lease(const struct validate_options *o, struct og_err *err) OG_MUST_CHECK;

#endif
