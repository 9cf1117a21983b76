/* stake_params.c - --params, --upgrade: new parameters, a new protocol, with the votes that can be
 * given here. */
#include "stake.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "crypto/crypto_keyfile.h"
#include "crypto/crypto_nodekey.h"
#include "model/model_params.h"
#include "store/store_query.h"
#include "store/store_row.h"
#include "json/json_canon.h"
#include "json/json_get.h"

#include <stdlib.h>
#include <string.h>

static enum og_rc add_param(json_t *values, const char *text, struct og_err *err)
{
    const char *eq = strchr(text, '=');
    char *name = og_xstrndup(text, eq ? (size_t)(eq - text) : strlen(text));
    const struct og_param_info *info = og_param_find(name);
    uint64_t v = 0;
    enum og_rc rc = OG_OK;
    if (!eq || !info)
        rc = og_err_set(err, OG_E_USAGE, "--params: '%.64s' names no parameter", text);
    else if (!og_parse_u64(eq + 1, UINT64_MAX, &v) || v < info->min || v > info->max)
        rc = og_err_set(err, OG_E_USAGE, "--params %s: '%.40s' is not within %llu to %llu", name,
                        eq + 1, (unsigned long long)info->min, (unsigned long long)info->max);
    else
        json_object_set_new(values, name, og_json_new_dec(v));
    free(name);
    return rc;
}

/* What validators sign: "OGPU-PARAMS-v1", a zero byte, the chain, how many changes there were
 * before (be64), the canonical values. */
static enum og_rc signed_bytes(struct stake *s, const json_t *values, struct og_buf *out,
                               struct og_err *err)
{
    struct og_value serial = {.name = og_xstrdup("params_serial")};
    bool found;
    enum og_rc rc = og_row_get(s->store, OG_F_GLOBAL, &serial, &found, err);
    og_buf_add(out, "OGPU-PARAMS-v1", sizeof "OGPU-PARAMS-v1");
    og_buf_add(out, og_engine_chain(s->engine)->b, OG_HASH_LEN);
    og_buf_add_be64(out, rc == OG_OK && found ? serial.value : 0);
    og_row_release(&og_families[OG_F_GLOBAL], &serial);
    return rc == OG_OK ? og_json_canon(values, out, err) : rc;
}

struct vote {
    uint64_t node;
    struct og_key *key;
};

/* The consensus key of NAME, when it is a node's and lies here. */
static enum og_rc find_vote(struct stake *s, const char *name, struct vote *v, struct og_err *err)
{
    struct og_addr addr;
    *v = (struct vote){0};
    OG_TRY(og_nodekey_consensus(s->keys_dir, name, &v->key, err));
    if (!v->key)
        return OG_OK;
    enum og_rc rc = stake_addr(s, name, &addr, err);
    if (rc == OG_OK)
        rc = og_query_node_of(s->store, &addr, &v->node, err);
    struct og_validator val = {.node = v->node};
    bool found = false;
    if (rc == OG_OK && v->node)
        rc = og_row_get(s->store, OG_F_VALIDATOR, &val, &found, err);
    if (!found)
        v->node = 0;
    return rc;
}

static int by_node(const void *a, const void *b)
{
    const struct vote *x = a;
    const struct vote *y = b;
    return (x->node > y->node) - (x->node < y->node);
}

static enum og_rc sign_votes(const struct vote *v, size_t n, const struct og_buf *bytes,
                             json_t *votes, struct og_err *err)
{
    for (size_t i = 0; i < n; i++) {
        struct og_buf sig = OG_BUF_INIT;
        struct og_buf text = OG_BUF_INIT;
        if (!v[i].node)
            continue;
        enum og_rc rc = og_key_sign(v[i].key, bytes->p, bytes->len, &sig, err);
        og_base64_encode(sig.p, sig.len, &text);
        json_array_append_new(votes, json_pack("{s:I, s:s%}", "node", (json_int_t)v[i].node, "sig",
                                               text.p, text.len));
        og_buf_release(&sig);
        og_buf_release(&text);
        OG_TRY(rc);
    }
    return OG_OK;
}

static enum og_rc add_votes(struct stake *s, const struct og_buf *bytes, json_t *votes,
                            struct og_err *err)
{
    char **name;
    size_t n;
    enum og_rc rc = OG_OK;
    OG_TRY(og_keyfile_list(s->keys_dir, &name, &n, err));
    struct vote *v = og_xcalloc(n + 1, sizeof *v);
    for (size_t i = 0; i < n; i++) {
        if (rc == OG_OK)
            rc = find_vote(s, name[i], &v[i], err);
        free(name[i]);
    }
    free(name);
    qsort(v, n, sizeof *v, by_node);
    if (rc == OG_OK)
        rc = sign_votes(v, n, bytes, votes, err);
    for (size_t i = 0; i < n; i++)
        og_key_free(v[i].key);
    free(v);
    return rc;
}

enum og_rc stake_params(struct stake *s, struct og_err *err)
{
    json_t *values = json_object();
    json_t *votes = json_array();
    json_t *body = json_pack("{s:o, s:o}", "values", values, "votes", votes);
    enum og_rc rc = OG_OK;
    for (size_t i = 0; rc == OG_OK && i < s->o->params.n; i++)
        rc = add_param(values, s->o->params.v[i], err);
    struct og_buf bytes = OG_BUF_INIT;
    if (rc == OG_OK)
        rc = signed_bytes(s, values, &bytes, err);
    if (rc == OG_OK)
        rc = add_votes(s, &bytes, votes, err);
    og_buf_release(&bytes);
    if (rc == OG_OK)
        rc = stake_send(s, OG_TX_PARAMS_SET, json_incref(body), NULL, err);
    json_decref(body);
    return rc;
}

/* Validators sign "OGPU-UPGRADE-v1", a zero byte, the chain, the protocol (be64). */
enum og_rc stake_upgrade(struct stake *s, struct og_err *err)
{
    json_t *votes = json_array();
    json_t *body = json_pack("{s:I, s:o}", "protocol", (json_int_t)s->o->upgrade, "votes", votes);
    struct og_buf bytes = OG_BUF_INIT;
    og_buf_add(&bytes, "OGPU-UPGRADE-v1", sizeof "OGPU-UPGRADE-v1");
    og_buf_add(&bytes, og_engine_chain(s->engine)->b, OG_HASH_LEN);
    og_buf_add_be64(&bytes, s->o->upgrade);
    enum og_rc rc = add_votes(s, &bytes, votes, err);
    og_buf_release(&bytes);
    if (rc == OG_OK)
        rc = stake_send(s, OG_TX_PROTOCOL_UPGRADE, json_incref(body), NULL, err);
    json_decref(body);
    return rc;
}
