/* submit.h - what the parts of ogpu-submit share. */
#ifndef OG_OGPU_SUBMIT_SUBMIT_H
#define OG_OGPU_SUBMIT_SUBMIT_H

#include "base/base_buf.h"
#include "cli/cli_opts.h"
#include "crypto/crypto_sig.h"
#include "engine/engine.h"
#include "ledger/ledger.h"
#include "model/model_taskrec.h"
#include "store/store_open.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_SUBMIT_UNSET UINT64_MAX /* a number option that was not given */

struct og_submit_options {
    struct og_opts_common common;
    const char *key, *passphrase_file;
    const char *name, *array, *kernel, *check, *fetch, *dir, *transfer;
    const char *cuda, *entry, *grid, *block, *root;
    uint64_t shared, parts;
    struct og_opt_list after, in, sha256, out, env, arg, cancel, accept, dispute, param;
    uint64_t urgency, deadline_ms, limit_ms, price, cores, mem, gpu, vram, samples, check_limit_ms,
        retry, expires_ms, chunk, nodes, older_ms, amount;
    int verify, sandbox; /* -1: not given */
    bool wait, follow, tx, prune, dry_run, force, to_stdout, network;
};

/* The state, and who acts on it. */
struct og_submit {
    const struct og_submit_options *o;
    char *state_dir;
    struct og_engine *engine; /* NULL when only reading */
    struct og_store *store;
    bool own_store;
    struct og_ledger *ledger;
    struct og_key *key;
    struct og_addr addr;
};

enum og_submit_need {
    OG_NEED_READ,   /* the store, for reading */
    OG_NEED_WRITE,  /* the store, for local rows */
    OG_NEED_ENGINE, /* transactions that others signed */
    OG_NEED_KEY     /* and our own */
};
enum og_rc og_submit_open(const struct og_submit_options *o, enum og_submit_need need,
                          struct og_submit *out, struct og_err *err) OG_MUST_CHECK;
void og_submit_close(struct og_submit *s);
/* A number, or the name of the newest own task that bears it. The account's own tasks only. */
enum og_rc og_submit_find_task(struct og_submit *s, const char *text, size_t n, uint64_t *id,
                               struct og_err *err) OG_MUST_CHECK;
/* OG_E_DATA when there is no such task, or it is another account's. */
enum og_rc og_submit_check_task(struct og_submit *s, uint64_t id, struct og_err *err) OG_MUST_CHECK;
/* Holds off --prune (exclusive: submitters) until the descriptor is closed. */
enum og_rc og_submit_lock(const char *state_dir, bool exclusive, int *fd,
                          struct og_err *err) OG_MUST_CHECK;

/* submit_strmap.c: from strings to numbers. Keys are borrowed. */
struct og_strmap {
    struct og_strmap_slot *slot;
    size_t n, cap;
};
/* Where the number of the key is, made as `fresh` when the key is new. */
uint64_t *og_strmap_at(struct og_strmap *m, const char *key, size_t len, uint64_t fresh);
/* NULL: no such key. */
uint64_t *og_strmap_find(const struct og_strmap *m, const char *key, size_t len);
void og_strmap_release(struct og_strmap *m);

/* submit_input.c: files of the submitter's folder, hashed once each, stored when all is checked. */
struct og_input {
    char *path; /* normalised */
    struct og_hash sha256;
    uint64_t bytes;
    bool executable;
    bool is_root;
    int packed; /* a folder's archive, a file without a name; -1: none */
};
struct og_inputs {
    struct og_input *v;
    size_t n, cap;
    struct og_strmap by_path;
};
/* path: as written; *out lives until the next call. OG_E_NOINPUT: it cannot be read. */
enum og_rc og_inputs_add(struct og_inputs *in, const char *path, const struct og_input **out,
                         struct og_err *err) OG_MUST_CHECK;
/* submit_root.c: the image at path, a folder or a tar archive, as one more input. */
enum og_rc og_inputs_root(struct og_inputs *in, const char *path, const struct og_input **out,
                          struct og_err *err) OG_MUST_CHECK;
enum og_rc og_inputs_store(const struct og_inputs *in, const char *state_dir,
                           struct og_err *err) OG_MUST_CHECK;
void og_inputs_release(struct og_inputs *in);

/* A dependency: an entry of the batch, or a task of before. */
struct og_after {
    uint64_t task;
    uint32_t index; /* when task is 0 */
    uint32_t when;
};

/* One task of a batch as it will stand in a transaction. */
struct og_entry {
    char *name;     /* NULL: none */
    json_t *kernel; /* NULL: a program */
    unsigned long at;
    uint32_t blob, line;
    uint64_t in_bytes, count, chunk, limit_ms, max_price, deadline_ms, expires_ms;
    uint64_t cores, mem_bytes, gpu_mem_bytes, escrow, id;
    uint32_t gpu_ppm;
    uint8_t urgency, verify, samples, retry;
    bool has_check;
    struct og_hash check;
    uint64_t check_limit_ms;
    struct og_after *after;
    size_t n_after;
};

/* Spec lines of many tasks: one blob, or several where one would grow too large. */
struct og_submit_spec {
    struct og_buf text;
    struct og_hash sha256; /* once sealed */
    uint32_t lines;
};

#define OG_UNKNOWN_MAX 32
struct og_batch {
    struct og_submit *s;
    struct og_entry *v;
    size_t n, cap;
    struct og_submit_spec *spec;
    size_t n_spec, cap_spec;
    struct og_inputs inputs;
    struct og_strmap names, old_names; /* of this batch; of tasks of before */
    char **old;
    size_t n_old, cap_old;
    char *unknown[OG_UNKNOWN_MAX]; /* members that nobody knows, each told of once */
    size_t n_unknown;
    unsigned long line_no; /* of stdin, in work */
    uint64_t now_ms;
    uint64_t rate, lambda_ppm, c_fast; /* of the default price */
    bool priced;
    uint64_t escrow, elements; /* of all entries */
};
void og_batch_init(struct og_batch *b, struct og_submit *s);
void og_batch_release(struct og_batch *b);
/* Checks the record and adds its task; at: line of stdin, 0 for the command line. */
enum og_rc og_batch_add(struct og_batch *b, const json_t *rec, unsigned long at,
                        struct og_err *err) OG_MUST_CHECK;
/* All records of stdin; nothing is stored. */
enum og_rc og_batch_read(struct og_batch *b, int fd, struct og_err *err) OG_MUST_CHECK;
/* The record that the options and operands of the command line describe. */
enum og_rc og_submit_record(const struct og_submit_options *o, int argc, char **argv, json_t **out,
                            struct og_err *err) OG_MUST_CHECK;
/* Spec line of a record, appended with its newline; *in_bytes: of all inputs; check: of the
 * canonical "check" member, when there is one. */
enum og_rc og_submit_spec_line(const struct og_taskrec *r, struct og_inputs *inputs,
                               struct og_buf *out, uint64_t *in_bytes, struct og_hash *check,
                               struct og_err *err) OG_MUST_CHECK;
/* Of the check command: as given, else as long as the task itself, at most a day. */
uint64_t og_check_limit_ms(const struct og_taskrec *r);
/* Stores specs and inputs, sends the tasks, writes their records as they are acknowledged. */
enum og_rc og_batch_send(struct og_batch *b, struct og_err *err) OG_MUST_CHECK;
/* What would be sent, one record a task. */
enum og_rc og_batch_show(struct og_batch *b, struct og_err *err) OG_MUST_CHECK;
/* The entry as it stands in the body; *size: at least its canonical bytes. first, n: entries of the
 * same transaction, whose tasks have no number yet. */
json_t *og_entry_json(const struct og_batch *b, const struct og_entry *e, size_t first,
                      size_t *size);

/* submit_wait.c: until all have ended; receipts on stdout. OG_NO: not all were paid. */
enum og_rc og_submit_wait(struct og_submit *s, const uint64_t *ids, size_t n,
                          struct og_err *err) OG_MUST_CHECK;
/* submit_follow.c: what the elements print, in order, while they run. */
struct og_follow;
struct og_follow *og_follow_new(struct og_submit *s, const uint64_t *ids, size_t n);
void og_follow_free(struct og_follow *f);
/* Copies what there is now; *done when all of it has been. */
enum og_rc og_follow_step(struct og_follow *f, bool *done, struct og_err *err) OG_MUST_CHECK;

/* submit_result.c: the elements of a task that have a result. */
struct og_result_element;
typedef enum og_rc (*og_element_fn)(void *ctx, uint64_t lease, const struct og_result_element *e,
                                    struct og_err *err);
/* Calls fn for elements from `from` on as long as they follow each other without a gap; *next: the
 * first one without a result. */
enum og_rc og_results_from(struct og_submit *s, uint64_t task, uint64_t from, og_element_fn fn,
                           void *ctx, uint64_t *next, struct og_err *err) OG_MUST_CHECK;
/* submit_parts.c: files that the patches of a CUDA task's parts make up (--fetch). */
struct og_parts;
struct og_result_out;
enum og_rc og_parts_open(struct og_submit *s, const json_t *spec, const char *dir, bool force,
                         struct og_parts **out, struct og_err *err) OG_MUST_CHECK;
void og_parts_close(struct og_parts *p);
/* An og_element_fn with the parts as ctx. OG_E_DATA: two parts wrote one place. */
enum og_rc og_parts_add(void *ctx, uint64_t lease, const struct og_result_element *e,
                        struct og_err *err) OG_MUST_CHECK;
/* All are in: the files get their names. OG_NO: a part failed, nothing is written. */
typedef enum og_rc (*og_parts_say_fn)(void *ctx, const struct og_result_out *o, const char *path,
                                      struct og_err *err);
enum og_rc og_parts_finish(struct og_parts *p, bool force, og_parts_say_fn say, void *ctx,
                           struct og_err *err) OG_MUST_CHECK;
/* Copies a blob from byte `skip` on to fd and checks its hash. */
enum og_rc og_blob_stream(const char *state_dir, const struct og_hash *h, uint64_t bytes,
                          uint64_t skip, int fd, struct og_err *err) OG_MUST_CHECK;
/* The task's line in its spec blob; the caller decrefs. */
enum og_rc og_task_spec(const char *state_dir, const struct og_hash *spec, uint64_t line,
                        json_t **out, struct og_err *err) OG_MUST_CHECK;

/* The other things it does. */
enum og_rc og_submit_fetch(const struct og_submit_options *o, struct og_err *err) OG_MUST_CHECK;
enum og_rc og_submit_change(const struct og_submit_options *o, int argc, char **argv,
                            struct og_err *err) OG_MUST_CHECK;
enum og_rc og_submit_transfer(const struct og_submit_options *o, struct og_err *err) OG_MUST_CHECK;
enum og_rc og_submit_lines(const struct og_submit_options *o, struct og_err *err) OG_MUST_CHECK;
enum og_rc og_submit_prune(const struct og_submit_options *o, struct og_err *err) OG_MUST_CHECK;

#endif
