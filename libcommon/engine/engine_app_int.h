/* engine_app_int.h - inside the application only: its state, validators, waiting transactions. */
#ifndef OG_ENGINE_APP_INT_H
#define OG_ENGINE_APP_INT_H

#include "engine/engine_app.h"
#include "engine/engine_int.h"
#include "engine/engine_snapshot.h"
#include "ledger/ledger_admit.h"

/* A validator as the engine knows it. */
struct og_app_val {
    uint64_t node;
    uint32_t key_type; /* OG_ABCI_KEY_… */
    uint8_t key[1952];
    size_t key_len;
    uint8_t addr[OG_ABCI_ADDR_LEN]; /* first bytes of SHA-256(key) */
    int64_t power;
};
struct og_app_vals {
    struct og_app_val *v; /* by node */
    size_t n, cap;
};

/* Consensus addresses of all nodes. */
struct og_app_who {
    struct og_app_name {
        uint8_t addr[OG_ABCI_ADDR_LEN];
        uint64_t node;
    } * v; /* by address */
    size_t n, cap;
    bool fresh;
};

/* What is known of a line that waits: it was parsed, and its signature is right under the keys and
 * parameters of now. */
struct og_app_line {
    struct og_hash leaf;
    struct og_addr from;
    uint64_t seq, fee, value, valid_until;
};

struct og_app_overlay; /* accounts as they stand after what waits */

struct og_app {
    struct og_engine e;   /* the writer */
    struct og_store *rst; /* the last committed state */
    struct og_ledger *r;
    struct og_seen *seen;
    struct og_app_line *known; /* by leaf */
    struct og_app_overlay *waiting;
    struct og_app_who who;
    struct og_app_vals before; /* validators of the committed state */
    uint64_t height;           /* of the engine, committed */
    uint64_t next_height;      /* of the block in the open transaction */
    uint64_t key_changes;      /* of the writer, when the reader last looked */
    bool replay, stale_known, stale_who;
    uint64_t snapshot_every; /* blocks; 0: none */
    bool snapshot_due;
    pid_t snapshot_pid; /* who writes one; 0: nobody */
    struct og_restore restore;
    /* the last beacon proof that was verified or made */
    struct {
        uint64_t height;
        uint8_t pi[OG_VRF_PI_LEN];
        struct og_hash beta;
    } proof;
};

/* engine_app_vals.c */
enum og_rc og_app_load_vals(struct og_ledger *l, struct og_app_vals *out,
                            struct og_err *err) OG_MUST_CHECK;
void og_app_free_vals(struct og_app_vals *v);
/* What the engine must be told: a ValidatorUpdate as field no for each difference. An empty set
 * changes nothing: the chain would end. */
void og_app_put_updates(struct og_buf *out, uint32_t no, const struct og_app_vals *before,
                        const struct og_app_vals *now);
/* The node that holds the key of this address; 0: none. */
enum og_rc og_app_node_of(struct og_app *a, const uint8_t addr[OG_ABCI_ADDR_LEN], uint64_t *node,
                          struct og_err *err) OG_MUST_CHECK;

/* engine_app_pool.c */
struct og_app_overlay *og_overlay_new(void);
void og_overlay_free(struct og_app_overlay *o);
void og_overlay_clear(struct og_app_overlay *o);
/* The transaction after all that the overlay has: OG_OK and it has it, too; OG_E_TEMPFAIL: another
 * sequence number comes next or too many wait; OG_E_DATA: refused. Other codes are the machine's.
 */
enum og_rc og_app_admit(struct og_app *a, struct og_app_overlay *o, struct og_span tx,
                        struct og_err *err) OG_MUST_CHECK;
/* True when the line is known to be a transaction. */
bool og_app_is_known(const struct og_app *a, struct og_span tx);
/* The next sequence number of an account; OG_E_DATA: there is none. */
enum og_rc og_app_next_seq(struct og_app *a, const struct og_addr *addr, uint64_t *seq,
                           bool *has_key, struct og_err *err) OG_MUST_CHECK;

/* engine_app_block.c */
enum og_rc og_app_prepare(struct og_app *a, const struct og_abci_req *r, struct og_buf *body,
                          struct og_err *err) OG_MUST_CHECK;
enum og_rc og_app_process(struct og_app *a, const struct og_abci_req *r, struct og_buf *body,
                          struct og_err *err) OG_MUST_CHECK;
enum og_rc og_app_finalize(struct og_app *a, const struct og_abci_req *r, struct og_buf *body,
                           struct og_err *err) OG_MUST_CHECK;

/* engine_app_snapshot.c */
/* After a commit: begins a snapshot when it is time, in a process of its own. */
void og_app_snapshot(struct og_app *a);
enum og_rc og_app_list(struct og_app *a, struct og_buf *body, struct og_err *err) OG_MUST_CHECK;
void og_app_offer(struct og_app *a, const struct og_abci_req *r, struct og_buf *body);
void og_app_load(struct og_app *a, const struct og_abci_req *r, struct og_buf *body);
/* *changed: the state is another one now. */
enum og_rc og_app_apply(struct og_app *a, const struct og_abci_req *r, struct og_buf *body,
                        bool *changed, struct og_err *err) OG_MUST_CHECK;

/* engine_app_replay.c */
enum og_rc og_replay_prepare(struct og_app *a, const struct og_abci_req *r, struct og_buf *body,
                             struct og_err *err) OG_MUST_CHECK;
enum og_rc og_replay_check(struct og_app *a, struct og_span tx, struct og_err *err) OG_MUST_CHECK;
/* The recorded header that leads the block; OG_E_DATA when it is not the one that comes next. */
enum og_rc og_replay_header(struct og_app *a, struct og_span line, struct og_header *h,
                            struct og_err *err) OG_MUST_CHECK;

#endif
