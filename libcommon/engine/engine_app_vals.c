/* engine_app_vals.c - validators of the state as the engine knows them: keys, powers, addresses. */
#include "engine/engine_app_int.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "store/store_query.h"
#include "store/store_row.h"
#include "json/json_canon.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NODES_MAX 4096

/* The raw key at the end of an SPKI: Ed25519 and ML-DSA-65 have one length each. */
static bool raw_key(const struct og_node *n, uint32_t *type, const uint8_t **key, size_t *len)
{
    bool ed = n->cons_alg && strcmp(n->cons_alg, "ed25519") == 0;
    bool ml = n->cons_alg && strcmp(n->cons_alg, "ml-dsa-65") == 0;
    *len = ed ? 32 : 1952;
    *type = ed ? OG_ABCI_KEY_ED25519 : OG_ABCI_KEY_MLDSA65;
    if ((!ed && !ml) || n->cons_pub.n < *len)
        return false;
    *key = (const uint8_t *)n->cons_pub.p + n->cons_pub.n - *len;
    return true;
}

static void address_of(const uint8_t *key, size_t len, uint8_t out[OG_ABCI_ADDR_LEN])
{
    struct og_hash h = og_sha256(key, len);
    memcpy(out, h.b, OG_ABCI_ADDR_LEN);
}

struct weights {
    uint64_t node[OG_VOTES_MAX], power[OG_VOTES_MAX];
    size_t n;
};

static enum og_rc add_weight(void *ctx, const void *rec, struct og_err *err)
{
    struct weights *w = ctx;
    const struct og_validator *v = rec;
    (void)err;
    if (w->n < OG_VOTES_MAX) {
        w->node[w->n] = v->node;
        w->power[w->n++] = v->select_ppm ? v->select_ppm : 1;
    }
    return OG_OK;
}

static bool has_key(const struct og_app_vals *s, const struct og_app_val *v)
{
    for (size_t i = 0; i < s->n; i++)
        if (memcmp(s->v[i].addr, v->addr, OG_ABCI_ADDR_LEN) == 0)
            return true;
    return false;
}

void og_app_free_vals(struct og_app_vals *v)
{
    free(v->v);
    *v = (struct og_app_vals){0};
}

/* Of two nodes with one key the first is the validator: the engine wants each key once. */
static void add_val(struct og_app_vals *out, const struct og_node *n, uint64_t power)
{
    struct og_app_val v = {.node = n->id, .power = (int64_t)power};
    const uint8_t *key;
    if (!raw_key(n, &v.key_type, &key, &v.key_len))
        return;
    memcpy(v.key, key, v.key_len);
    address_of(key, v.key_len, v.addr);
    if (has_key(out, &v))
        return;
    out->v = og_xgrow(out->v, &out->cap, out->n + 1, sizeof *out->v);
    out->v[out->n++] = v;
}

enum og_rc og_app_load_vals(struct og_ledger *l, struct og_app_vals *out, struct og_err *err)
{
    struct og_store *st = og_ledger_store(l);
    struct weights w = {.n = 0};
    *out = (struct og_app_vals){0};
    enum og_rc rc = og_row_walk(st, OG_F_VALIDATOR, add_weight, &w, err);
    for (size_t i = 0; rc == OG_OK && i < w.n; i++) {
        struct og_node n = {.id = w.node[i]};
        rc = og_row_need(st, OG_F_NODE, &n, err);
        if (rc == OG_OK)
            add_val(out, &n, w.power[i]);
        og_row_release(&og_families[OG_F_NODE], &n);
    }
    if (rc != OG_OK)
        og_app_free_vals(out);
    return rc;
}

static const struct og_app_val *find(const struct og_app_vals *s, const struct og_app_val *v)
{
    for (size_t i = 0; i < s->n; i++)
        if (memcmp(s->v[i].addr, v->addr, OG_ABCI_ADDR_LEN) == 0)
            return &s->v[i];
    return NULL;
}

static void put(struct og_buf *out, uint32_t no, const struct og_app_val *v, int64_t power)
{
    og_abci_put_validator(out, no, v->key_type, (struct og_span){v->key, v->key_len}, power);
}

void og_app_put_updates(struct og_buf *out, uint32_t no, const struct og_app_vals *before,
                        const struct og_app_vals *now)
{
    if (now->n == 0)
        return;
    for (size_t i = 0; i < now->n; i++) {
        const struct og_app_val *old = find(before, &now->v[i]);
        if (!old || old->power != now->v[i].power)
            put(out, no, &now->v[i], now->v[i].power);
    }
    for (size_t i = 0; i < before->n; i++)
        if (!find(now, &before->v[i]))
            put(out, no, &before->v[i], 0);
}

static int by_address(const void *a, const void *b)
{
    const struct og_app_name *x = a;
    const struct og_app_name *y = b;
    int c = memcmp(x->addr, y->addr, OG_ABCI_ADDR_LEN);
    return c ? c : (x->node > y->node) - (x->node < y->node);
}

static enum og_rc add_name(struct og_app_who *w, struct og_store *st, uint64_t id,
                           struct og_err *err)
{
    struct og_node n = {.id = id};
    const uint8_t *key;
    uint32_t type;
    size_t len;
    enum og_rc rc = og_row_need(st, OG_F_NODE, &n, err);
    if (rc == OG_OK && raw_key(&n, &type, &key, &len)) {
        w->v = og_xgrow(w->v, &w->cap, w->n + 1, sizeof *w->v);
        address_of(key, len, w->v[w->n].addr);
        w->v[w->n++].node = id;
    }
    og_row_release(&og_families[OG_F_NODE], &n);
    return rc;
}

static enum og_rc load_names(struct og_app *a, struct og_err *err)
{
    uint64_t *id = og_xcalloc(NODES_MAX, sizeof *id);
    size_t n = NODES_MAX;
    uint64_t after = 0;
    enum og_rc rc = OG_OK;
    a->who.n = 0;
    while (rc == OG_OK && n == NODES_MAX) {
        rc = og_query(a->rst, OG_Q_NODES_ALL, &after, 1, id, 1, NODES_MAX, &n, err);
        for (size_t i = 0; rc == OG_OK && i < n; i++)
            rc = add_name(&a->who, a->rst, after = id[i], err);
    }
    free(id);
    if (rc == OG_OK && a->who.n)
        qsort(a->who.v, a->who.n, sizeof *a->who.v, by_address);
    a->who.fresh = rc == OG_OK;
    return rc;
}

enum og_rc og_app_node_of(struct og_app *a, const uint8_t addr[OG_ABCI_ADDR_LEN], uint64_t *node,
                          struct og_err *err)
{
    *node = 0;
    if (!a->who.fresh)
        OG_TRY(load_names(a, err));
    size_t lo = 0;
    size_t hi = a->who.n;
    while (lo < hi) { /* the first one that is not below */
        size_t mid = (lo + hi) / 2;
        if (memcmp(a->who.v[mid].addr, addr, OG_ABCI_ADDR_LEN) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo < a->who.n && memcmp(a->who.v[lo].addr, addr, OG_ABCI_ADDR_LEN) == 0)
        *node = a->who.v[lo].node;
    return OG_OK;
}

static json_t *val_json(const struct og_app_val *v)
{
    struct og_buf key = OG_BUF_INIT;
    char hex[2 * OG_ABCI_ADDR_LEN + 1];
    char power[32];
    char name[32];
    og_base64_encode(v->key, v->key_len, &key);
    og_hex_encode(v->addr, OG_ABCI_ADDR_LEN, hex);
    for (char *c = hex; *c; c++)
        *c = (char)(*c >= 'a' ? *c - 'a' + 'A' : *c);
    snprintf(power, sizeof power, "%" PRIi64, v->power);
    snprintf(name, sizeof name, "node %" PRIu64, v->node);
    json_t *o = json_pack("{s:s, s:s, s:s, s:{s:s, s:s}}", "address", hex, "name", name, "power",
                          power, "pub_key", "type",
                          v->key_type == OG_ABCI_KEY_ED25519 ? "tendermint/PubKeyEd25519"
                                                             : "cometbft/PubKeyMlDsa65",
                          "value", key.p);
    og_buf_release(&key);
    return o;
}

enum og_rc og_app_validators_json(struct og_store *st, struct og_buf *out, struct og_err *err)
{
    struct og_app_vals v;
    struct og_ledger *l;
    OG_TRY(og_ledger_open(st, &l, err));
    enum og_rc rc = og_app_load_vals(l, &v, err);
    og_ledger_close(l);
    OG_TRY(rc);
    json_t *list = json_array();
    for (size_t i = 0; i < v.n; i++)
        json_array_append_new(list, val_json(&v.v[i]));
    og_app_free_vals(&v);
    rc = og_json_canon(list, out, err);
    json_decref(list);
    return rc;
}
