/* stake.h - what the files of ogpu-stake share. */
#ifndef OG_STAKE_STAKE_H
#define OG_STAKE_STAKE_H

#include "cli/cli_opts.h"
#include "crypto/crypto_sig.h"
#include "engine/engine.h"
#include "ledger/ledger.h"
#include "model/model_records.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define STAKE_UNSET UINT64_MAX /* a number option that was not given */

struct stake_options {
    struct og_opts_common common;
    const char *key, *passphrase_file, *owner, *account, *revoke, *classes;
    bool join, update, statement;
    uint64_t leave, bond, unbond, node, link, explain, upgrade;
    uint64_t latency_us, bandwidth, min_rate, max_lock;
    uint64_t threads, share_ppm, slots, mem_bytes, capacity_ms;
    struct og_opt_list params, submitters, partitions;
    int backend; /* 0 local, 1 slurm */
    const char *cluster_dir;
    uint64_t vram;
};

/* stake_open.c: the state, who acts on it, and what it sends. */
struct stake {
    const struct stake_options *o;
    char *state_dir, *keys_dir;
    struct og_engine *engine;
    struct og_store *store; /* the engine's, or opened for reading */
    struct og_key *key;
    struct og_addr addr;
};
/* write: with engine and key. Close in every case. */
enum og_rc stake_open(const struct stake_options *o, bool write, struct stake *s,
                      struct og_err *err) OG_MUST_CHECK;
void stake_close(struct stake *s);
/* The key NAME of the keys folder. */
enum og_rc stake_key(const struct stake *s, const char *name, struct og_key **out,
                     struct og_err *err) OG_MUST_CHECK;
/* An address, or the name of a key. */
enum og_rc stake_addr(const struct stake *s, const char *text, struct og_addr *out,
                      struct og_err *err) OG_MUST_CHECK;
/* Signs with the key, sends, prints a record of it. body is taken. */
enum og_rc stake_send(struct stake *s, enum og_tx_kind kind, json_t *body, uint64_t *first_id,
                      struct og_err *err) OG_MUST_CHECK;
/* Number of the node of this account, not left; OG_NO when it has none. */
enum og_rc stake_own_node(struct stake *s, uint64_t *id, struct og_err *err) OG_MUST_CHECK;
/* A node by number, loaded; OG_NO when there is none. The caller releases the row. */
enum og_rc stake_node(struct stake *s, uint64_t id, struct og_node *n,
                      struct og_err *err) OG_MUST_CHECK;

/* stake_params.c. params.set, with the votes of the validators whose keys lie here. */
enum og_rc stake_params(struct stake *s, struct og_err *err) OG_MUST_CHECK;
/* protocol.upgrade, likewise. */
enum og_rc stake_upgrade(struct stake *s, struct og_err *err) OG_MUST_CHECK;

/* stake_cluster.c: slots (the caller decrefs) and capacity of the cluster that this machine submits
 * to. */
enum og_rc stake_cluster(const struct stake *s, const struct og_hash *seed, uint64_t bench_ms,
                         json_t **slots, uint64_t *mflops_per_s, struct og_err *err) OG_MUST_CHECK;

/* The things it does. */
enum og_rc stake_list(const struct stake_options *o, struct og_err *err) OG_MUST_CHECK;
enum og_rc stake_join(const struct stake_options *o, struct og_err *err) OG_MUST_CHECK;
enum og_rc stake_update(const struct stake_options *o, struct og_err *err) OG_MUST_CHECK;
enum og_rc stake_change(const struct stake_options *o, struct og_err *err) OG_MUST_CHECK;
/* from, to: Unix ms, both counted in. */
enum og_rc stake_statement(const struct stake_options *o, int argc, char **argv,
                           struct og_err *err) OG_MUST_CHECK;
enum og_rc stake_explain(const struct stake_options *o, struct og_err *err) OG_MUST_CHECK;

#endif
