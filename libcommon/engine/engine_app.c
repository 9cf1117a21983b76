/* engine_app.c - the ledger behind ABCI: what the engine asks, answered from the state file. */
#include "engine/engine_app.h"

#include "engine/engine_app_int.h"

#include "base/base_mem.h"
#include "json/json_get.h"

#include <stdlib.h>
#include <string.h>

#define SEEN_ENTRIES 65536
#define STATE_MAX    (32u << 20)

static enum og_rc load_committed(struct og_app *a, struct og_err *err)
{
    uint64_t changes = og_ledger_key_changes(a->e.l);
    uint64_t replay;
    OG_TRY(og_ledger_follow(a->r, changes != a->key_changes, err));
    a->stale_known = a->stale_known || changes != a->key_changes;
    a->key_changes = changes;
    OG_TRY(og_store_meta_u64(a->rst, "comet_h", 0, &a->height, err));
    OG_TRY(og_store_meta_u64(a->rst, "comet_replay", 0, &replay, err));
    a->replay = replay != 0;
    a->who.fresh = a->who.fresh && !a->stale_who;
    a->stale_who = false;
    og_overlay_clear(a->waiting);
    og_app_free_vals(&a->before);
    return og_app_load_vals(a->r, &a->before, err);
}

static enum og_rc open_stores(struct og_app *a, const char *dir, struct og_err *err)
{
    OG_TRY(og_store_open(dir, OG_STORE_WRITE, &a->e.st, err));
    OG_TRY(og_ledger_open(a->e.st, &a->e.l, err));
    OG_TRY(og_store_open(dir, OG_STORE_READ, &a->rst, err));
    return og_ledger_open(a->rst, &a->r, err);
}

enum og_rc og_app_open(const char *state_dir, const char *keys_dir, struct og_app **out,
                       struct og_err *err)
{
    *out = NULL;
    struct og_app *a = og_xcalloc(1, sizeof *a);
    a->e.keys_dir = keys_dir ? og_xstrdup(keys_dir) : NULL;
    a->waiting = og_overlay_new();
    a->seen = og_seen_new(SEEN_ENTRIES);
    enum og_rc rc = open_stores(a, state_dir, err);
    if (rc == OG_OK)
        rc = og_engine_load_keys(&a->e, err);
    if (rc == OG_OK) {
        og_ledger_set_seen(a->e.l, a->seen);
        og_ledger_set_seen(a->r, a->seen);
        rc = load_committed(a, err);
    }
    if (rc != OG_OK) {
        og_app_close(a);
        return rc;
    }
    *out = a;
    return OG_OK;
}

void og_app_close(struct og_app *a)
{
    if (!a)
        return;
    og_restore_end(&a->restore);
    if (a->e.st)
        og_store_rollback(a->e.st);
    og_engine_free_keys(&a->e);
    og_ledger_close(a->e.l);
    og_ledger_close(a->r);
    og_store_close(a->e.st);
    og_store_close(a->rst);
    og_overlay_free(a->waiting);
    og_seen_free(a->seen);
    og_app_free_vals(&a->before);
    free(a->who.v);
    free(a->known);
    free(a->e.keys_dir);
    free(a);
}

static enum og_rc app_hash(struct og_app *a, struct og_buf *out, struct og_err *err)
{
    bool found;
    return og_store_meta_get(a->rst, "app_hash", out, &found, err);
}

/* Height and hash of the last commit; nothing before the first. */
static enum og_rc info(struct og_app *a, const struct og_abci_req *r, struct og_buf *body,
                       struct og_err *err)
{
    struct og_buf hash = OG_BUF_INIT;
    if (r->abci_version.n && (r->abci_version.n < 2 || memcmp(r->abci_version.p, "2.", 2) != 0))
        return og_err_set(err, OG_E_CONFIG, "the engine speaks ABCI %.*s, not 2",
                          (int)(r->abci_version.n < 20 ? r->abci_version.n : 20),
                          (const char *)r->abci_version.p);
    enum og_rc rc = app_hash(a, &hash, err);
    og_pb_put_bytes(body, 1, "ogpu", 4);
    og_pb_put_bytes(body, 2, OG_VERSION, strlen(OG_VERSION));
    og_pb_put_u64(body, 3, og_ledger_params(a->r)->protocol);
    if (a->height) {
        og_pb_put_u64(body, 4, a->height);
        og_pb_put_bytes(body, 5, hash.p, hash.len);
    }
    og_buf_release(&hash);
    return rc;
}

static enum og_rc same_genesis(struct og_app *a, const json_t *o, struct og_err *err)
{
    const char *text;
    bool replay;
    OG_TRY(og_json_str(o, "genesis", STATE_MAX, &text, err));
    OG_TRY(og_json_bool_or(o, "replay", false, &replay, err));
    struct og_hash chain = og_sha256(text, strlen(text));
    if (memcmp(chain.b, og_ledger_chain(a->r)->b, OG_HASH_LEN) != 0)
        return og_err_set(err, OG_E_CONFIG, "the genesis of the network is not that of the state");
    if (replay == a->replay)
        return OG_OK;
    a->replay = replay;
    OG_TRY(og_store_begin(a->e.st, err));
    enum og_rc rc = og_store_meta_put_u64(a->e.st, "comet_replay", replay, err);
    if (rc == OG_OK)
        rc = og_store_commit(a->e.st, err);
    og_store_rollback(a->e.st);
    return rc;
}

/* The genesis stands in the state since `ogpu-node init` or `join`: asked twice, nothing differs.
 */
static enum og_rc init_chain(struct og_app *a, const struct og_abci_req *r, struct og_buf *body,
                             struct og_err *err)
{
    json_error_t je;
    struct og_buf hash = OG_BUF_INIT;
    og_store_rollback(a->e.st);
    json_t *o = r->app_state.n <= STATE_MAX
                    ? json_loadb((const char *)r->app_state.p, r->app_state.n, 0, &je)
                    : NULL;
    enum og_rc rc = o ? same_genesis(a, o, err)
                      : og_err_set(err, OG_E_CONFIG, "app_state of the network is no JSON");
    json_decref(o);
    if (rc == OG_OK && a->height)
        rc = og_err_set(err, OG_E_CONFIG,
                        "the engine begins anew, the state is at block %llu: remove neither alone",
                        (unsigned long long)a->height);
    if (rc == OG_OK)
        rc = app_hash(a, &hash, err);
    if (rc == OG_OK && !a->replay)
        for (size_t i = 0; i < a->before.n; i++) {
            const struct og_app_val *v = &a->before.v[i];
            og_abci_put_validator(body, 2, v->key_type, (struct og_span){v->key, v->key_len},
                                  v->power);
        }
    if (rc == OG_OK)
        og_pb_put_bytes(body, 3, hash.p, hash.len);
    og_buf_release(&hash);
    return rc;
}

static void check_tx(struct og_app *a, const struct og_abci_req *r, struct og_buf *body)
{
    struct og_err why = {0};
    enum og_rc rc =
        a->replay ? og_replay_check(a, r->tx, &why) : og_app_admit(a, a->waiting, r->tx, &why);
    if (rc == OG_OK)
        return;
    og_pb_put_u64(body, 1, (uint64_t)rc);
    og_pb_put_bytes(body, 3, why.msg, strlen(why.msg));
}

/* path "seq", data an address: {"key": is one known, "seq": the number that comes next}. */
static enum og_rc query(struct og_app *a, const struct og_abci_req *r, struct og_buf *body)
{
    struct og_err why = {0};
    struct og_addr addr;
    uint64_t seq;
    bool key;
    struct og_buf value = OG_BUF_INIT;
    enum og_rc rc;
    if (r->path.n != 3 || memcmp(r->path.p, "seq", 3) != 0) {
        rc = og_err_set(&why, OG_E_USAGE, "the paths of queries are: seq");
    } else if (r->data.n != OG_ADDR_LEN) {
        rc = og_err_set(&why, OG_E_USAGE, "data must be the 20 bytes of an address");
    } else {
        memcpy(addr.b, r->data.p, OG_ADDR_LEN);
        rc = og_app_next_seq(a, &addr, &seq, &key, &why);
    }
    if (rc == OG_OK)
        og_buf_addf(&value, "{\"key\":%s,\"seq\":\"%llu\"}", key ? "true" : "false",
                    (unsigned long long)seq);
    og_pb_put_u64(body, 1, (uint64_t)rc);
    og_pb_put_bytes(body, 3, why.msg, strlen(why.msg));
    og_pb_put_bytes(body, 6, r->data.p, r->data.n);
    og_pb_put_bytes(body, 7, value.p, value.len);
    og_pb_put_u64(body, 9, a->height);
    og_buf_release(&value);
    return OG_OK;
}

static enum og_rc commit(struct og_app *a, struct og_err *err)
{
    if (!og_store_in_transaction(a->e.st))
        return og_err_set(err, OG_E_INTERNAL, "the engine commits what it did not execute");
    enum og_rc rc = og_store_commit(a->e.st, err);
    if (rc != OG_OK) {
        og_store_rollback(a->e.st);
        return rc;
    }
    OG_TRY(load_committed(a, err));
    og_app_snapshot(a);
    return OG_OK;
}

static enum og_rc apply_chunk(struct og_app *a, const struct og_abci_req *r, struct og_buf *body,
                              struct og_err *err)
{
    bool changed;
    OG_TRY(og_app_apply(a, r, body, &changed, err));
    if (!changed)
        return OG_OK;
    a->stale_who = a->stale_known = true;
    a->key_changes = UINT64_MAX;
    return load_committed(a, err);
}

static enum og_rc prepare(struct og_app *a, const struct og_abci_req *r, struct og_buf *body,
                          struct og_err *err)
{
    return a->replay ? og_replay_prepare(a, r, body, err) : og_app_prepare(a, r, body, err);
}

static enum og_rc call(struct og_app *a, const struct og_abci_req *r, struct og_buf *body,
                       struct og_err *err)
{
    switch (r->call) {
    case OG_ABCI_ECHO: og_pb_put_bytes(body, 1, r->message.p, r->message.n); return OG_OK;
    case OG_ABCI_INFO: return info(a, r, body, err);
    case OG_ABCI_INIT_CHAIN: return init_chain(a, r, body, err);
    case OG_ABCI_QUERY: return query(a, r, body);
    case OG_ABCI_CHECK_TX: check_tx(a, r, body); return OG_OK;
    case OG_ABCI_COMMIT: return commit(a, err);
    case OG_ABCI_PREPARE: return prepare(a, r, body, err);
    case OG_ABCI_PROCESS: return og_app_process(a, r, body, err);
    case OG_ABCI_FINALIZE: return og_app_finalize(a, r, body, err);
    case OG_ABCI_VERIFY_VOTE: /* votes carry no extension */
        og_pb_put_u64(body, 1, r->extension.n ? OG_ABCI_REJECT : OG_ABCI_ACCEPT);
        return OG_OK;
    case OG_ABCI_INSERT_TX:
        og_pb_put_u64(body, 1, 1);
        return OG_OK; /* the mempool is the engine's */
    case OG_ABCI_LIST_SNAPSHOTS: return og_app_list(a, body, err);
    case OG_ABCI_OFFER_SNAPSHOT: og_app_offer(a, r, body); return OG_OK;
    case OG_ABCI_LOAD_CHUNK: og_app_load(a, r, body); return OG_OK;
    case OG_ABCI_APPLY_CHUNK: return apply_chunk(a, r, body, err);
    case OG_ABCI_NONE:
    case OG_ABCI_FLUSH:
    case OG_ABCI_EXTEND_VOTE:
    case OG_ABCI_REAP_TXS: return OG_OK;
    }
    return OG_OK;
}

enum og_rc og_app_call(void *ctx, const struct og_abci_req *r, struct og_buf *out,
                       struct og_err *err)
{
    struct og_buf body = OG_BUF_INIT;
    enum og_rc rc = call(ctx, r, &body, err);
    if (rc == OG_OK)
        og_abci_frame(out, r->call, &body);
    og_buf_release(&body);
    return rc;
}
