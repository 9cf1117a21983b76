/* node_genesis.c - CometBFT's genesis around ours, and a state out of it. */
#include "node.h"

#include "base/base_time.h"
#include "engine/engine_app.h"
#include "ledger/ledger.h"
#include "store/store_row.h"
#include "json/json_get.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GENESIS_MAX     (32u << 20)
#define BLOCK_MAX_BYTES "2097152"

static json_t *load(const struct og_buf *b)
{
    json_error_t je;
    return b->len ? json_loadb(b->p, b->len, 0, &je) : NULL;
}

/* Evidence is of use as long as the ledger takes it. */
static json_t *consensus_params(const struct og_params *p)
{
    char blocks[32];
    char age[32];
    snprintf(blocks, sizeof blocks, "%" PRIu64, p->evidence_blocks);
    snprintf(age, sizeof age, "%" PRIu64, p->evidence_ms * 1000000);
    return json_pack("{s:{s:s, s:s}, s:{s:s, s:s, s:s}, s:{s:[s, s]}, s:{s:s}, s:{s:s}}", "block",
                     "max_bytes", BLOCK_MAX_BYTES, "max_gas", "-1", "evidence",
                     "max_age_num_blocks", blocks, "max_age_duration", age, "max_bytes", "65536",
                     "validator", "pub_key_types", "ed25519", "ml_dsa_65", "version", "app", "0",
                     "abci", "vote_extensions_enable_height", "0");
}

struct parts {
    struct og_buf genesis, app_state, vals;
    uint64_t time_ms;
    struct og_hash chain;
    struct og_params params;
};

static enum og_rc gather(struct og_store *st, const struct og_buf *vals, bool replay,
                         struct parts *p, struct og_err *err)
{
    struct og_ledger *l;
    bool found;
    OG_TRY(og_ledger_open(st, &l, err));
    p->chain = *og_ledger_chain(l);
    p->params = *og_ledger_params(l);
    og_ledger_close(l);
    OG_TRY(og_store_meta_get(st, "genesis", &p->genesis, &found, err));
    json_t *g = load(&p->genesis);
    p->time_ms = (uint64_t)json_integer_value(json_object_get(g, "time_ms"));
    json_decref(g);
    OG_TRY(og_app_state_json(p->genesis.p, p->genesis.len, replay, &p->app_state, err));
    if (!vals)
        return og_app_validators_json(st, &p->vals, err);
    og_buf_add(&p->vals, vals->p, vals->len);
    return OG_OK;
}

enum og_rc node_genesis(struct og_store *st, const struct og_buf *vals, bool replay,
                        struct og_buf *out, struct og_err *err)
{
    struct parts p = {.time_ms = 0};
    char when[25];
    char id[32] = "ogpu-";
    enum og_rc rc = gather(st, vals, replay, &p, err);
    struct og_buf hex = OG_BUF_INIT;
    og_buf_add_hex(&hex, p.chain.b, 10);
    snprintf(id, sizeof id, "ogpu-%s", hex.p);
    og_time_format(p.time_ms + 1, when); /* the first block's time is after the genesis' */
    json_t *o =
        json_pack("{s:s, s:s, s:s, s:o, s:o?, s:s, s:o?}", "genesis_time", when, "chain_id", id,
                  "initial_height", "1", "consensus_params", consensus_params(&p.params),
                  "validators", load(&p.vals), "app_hash", "", "app_state", load(&p.app_state));
    char *text = rc == OG_OK && o ? json_dumps(o, JSON_INDENT(1)) : NULL;
    if (rc == OG_OK && !text)
        rc = og_err_set(err, OG_E_INTERNAL, "the genesis cannot be written");
    if (rc == OG_OK)
        og_buf_addf(out, "%s\n", text);
    free(text);
    json_decref(o);
    og_buf_release(&hex);
    og_buf_release(&p.genesis);
    og_buf_release(&p.app_state);
    og_buf_release(&p.vals);
    return rc;
}

static enum og_rc write_state(const char *home, const char *genesis, struct og_err *err)
{
    struct og_store *st;
    uint64_t n = 0;
    OG_TRY(og_store_open(home, OG_STORE_WRITE | OG_STORE_CREATE, &st, err));
    enum og_rc rc = og_store_begin(st, err);
    if (rc == OG_OK)
        rc = og_row_count(st, OG_F_ACCOUNT, &n, err);
    if (rc == OG_OK && n)
        rc = og_err_set(err, OG_E_CANTCREATE, "there is a state already in '%s'", home);
    if (rc == OG_OK)
        rc = og_ledger_genesis(st, genesis, strlen(genesis), err);
    if (rc == OG_OK)
        rc = og_store_commit(st, err);
    og_store_rollback(st);
    og_store_close(st);
    return rc;
}

enum og_rc node_state_from(const char *text, size_t n, const char *home, struct og_err *err)
{
    json_error_t je;
    const json_t *state;
    const char *genesis;
    json_t *o = json_loadb(text, n, 0, &je);
    enum og_rc rc =
        json_is_object(o) ? OG_OK : og_err_set(err, OG_E_DATA, "the genesis file is no JSON");
    if (rc == OG_OK)
        rc = og_json_obj(o, "app_state", &state, err);
    if (rc == OG_OK)
        rc = og_json_str(state, "genesis", GENESIS_MAX, &genesis, err);
    if (rc == OG_OK)
        rc = write_state(home, genesis, err);
    json_decref(o);
    return rc;
}
