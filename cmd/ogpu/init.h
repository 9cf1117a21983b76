/* init.h - what the files of `ogpu init` share. */
#ifndef OG_OGPU_INIT_H
#define OG_OGPU_INIT_H

#include "base/base_buf.h"
#include "cli/cli_opts.h"
#include "crypto/crypto_nodekey.h"
#include "exec/exec_node.h"
#include "model/model_params.h"

#include <jansson.h>

#define INIT_MFLOPS_MAX ((uint64_t)1 << 40) /* as node.join takes it */

struct init_options {
    struct og_opts_common common;
    const char *key, *alg;
    uint64_t supply, bond; /* grains */
    uint64_t capacity_ms;
    uint64_t mflops_per_s;                         /* stated in place of measured; 0: measure */
    uint64_t slots, threads, share_ppm, mem_bytes; /* limits where a member says nothing else */
    struct og_opt_list members, accounts, params;
    int engine;
};
enum { INIT_EMBEDDED, INIT_COMET };
extern const char *const init_engines[];

/* An account of the genesis; with node true also a node that it owns. */
struct init_person {
    char *name;
    bool node;
    uint64_t amount, bond;
    struct og_node_limits limits;
    struct og_addr addr;
    struct og_nodekey keys;
    uint64_t mflops_per_s;
};

struct init_people {
    struct init_person *v;
    size_t n, cap;
};

/* init_people.c. Who takes part, from the options: the key first (it holds what is left of the
 * supply), then members and accounts. Release in every case. */
enum og_rc init_people_read(const struct init_options *o, struct init_people *out,
                            struct og_err *err) OG_MUST_CHECK;
void init_people_release(struct init_people *p);
/* Makes the keys that are missing and fills addresses. */
enum og_rc init_people_keys(const char *keys_dir, const char *alg, struct init_people *p,
                            struct og_err *err) OG_MUST_CHECK;

/* init_genesis.c. Appends the genesis as canonical JSON. */
enum og_rc init_genesis(const struct init_options *o, const struct init_people *p,
                        const uint8_t random[32], uint64_t time_ms, struct og_buf *out,
                        struct og_err *err) OG_MUST_CHECK;
/* Refuses what og_ledger_genesis would: unknown parameters, bounds, bonds below the least one. */
enum og_rc init_params_check(const struct init_options *o, const struct init_people *p,
                             struct og_err *err) OG_MUST_CHECK;
/* The record for stdout. */
json_t *init_record(const struct init_people *p, const char *state_dir,
                    const struct og_hash *chain);

#endif
