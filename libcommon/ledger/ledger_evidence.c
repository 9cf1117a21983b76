/* ledger_evidence.c - proofs that the ledger itself verifies, and what needs two thirds. */
#include "ledger/ledger_int.h"

#include "base/base_mem.h"
#include "json/json_canon.h"
#include "json/json_get.h"

#include <stdlib.h>
#include <string.h>

#define DOUBLE_SIGN_PPM 50000u /* of the bond */

enum { EVIDENCE_DOUBLE_SIGN = 1 };

struct half {
    struct og_buf bytes, sig; /* of the header without its signature, and the signature */
    uint64_t height, proposer, time_ms;
};

/* A header of this chain: the same keys may well sign another. */
static enum og_rc header_parts(const struct og_ledger *l, const json_t *o, struct half *h,
                               struct og_err *err)
{
    const char *s;
    struct og_hash chain;
    OG_TRY(og_json_hex(o, "chain", chain.b, OG_HASH_LEN, err));
    if (memcmp(chain.b, l->chain.b, OG_HASH_LEN) != 0)
        return OG_REFUSE(err, "the header is of another chain");
    OG_TRY(og_json_u64(o, "height", (uint64_t)1 << 53, &h->height, err));
    OG_TRY(og_json_u64(o, "proposer", (uint64_t)1 << 53, &h->proposer, err));
    OG_TRY(og_json_u64(o, "time_ms", (uint64_t)1 << 53, &h->time_ms, err));
    OG_TRY(og_json_str(o, "sig", 2 * OG_SIG_MAX, &s, err));
    OG_TRY(og_base64_decode(s, strlen(s), OG_SIG_MAX, &h->sig, err));
    json_t *copy = json_copy((json_t *)(uintptr_t)o);
    json_object_del(copy, "sig");
    og_buf_add(&h->bytes, "OGPU-BLOCK-v1", 14);
    enum og_rc rc = og_json_canon(copy, &h->bytes, err);
    json_decref(copy);
    return rc;
}

static enum og_rc both_signed(struct og_txn *x, const struct og_node *n, const struct half h[2],
                              struct og_err *err)
{
    struct og_pub *p;
    if (!n->cons_pub.n)
        return OG_REFUSE(err, "the node has no consensus key");
    OG_TRY(og_pub_parse(n->cons_alg, n->cons_pub.p, n->cons_pub.n, &p, err));
    bool ok = true;
    for (int i = 0; i < 2; i++)
        ok &= og_pub_verify(p, h[i].bytes.p, h[i].bytes.len, h[i].sig.p, h[i].sig.len);
    og_pub_free(p);
    (void)x;
    return ok ? OG_OK : OG_REFUSE(err, "a header is not signed by the node");
}

/* Too old when both the blocks and the time have passed. */
static bool too_old(const struct og_ledger *l, const struct half h[2])
{
    uint64_t ms = og_max_u64(h[0].time_ms, h[1].time_ms);
    return h[0].height + l->p.evidence_blocks < l->height && ms + l->p.evidence_ms < l->now_ms;
}

struct lock_list {
    uint64_t node, (*at)[2]; /* lease, turn */
    size_t n, cap;
};

static enum og_rc collect_lock(void *ctx, const void *rec, struct og_err *err)
{
    struct lock_list *k = ctx;
    const struct og_check *c = rec;
    (void)err;
    if (c->node != k->node || !c->lock)
        return OG_OK;
    k->at = og_xgrow(k->at, &k->cap, k->n + 1, sizeof *k->at);
    k->at[k->n][0] = c->lease;
    k->at[k->n++][1] = c->turn;
    return OG_OK;
}

/* Takes `over` off the locks of a node's checks. */
static enum og_rc shrink_checks(struct og_ledger *l, uint64_t node, uint64_t over,
                                struct og_err *err)
{
    struct lock_list k = {.node = node};
    enum og_rc rc = over ? og_row_walk(l->st, OG_F_CHECK, collect_lock, &k, err) : OG_OK;
    for (size_t i = 0; rc == OG_OK && over && i < k.n; i++) {
        struct og_check c = {.lease = k.at[i][0], .turn = k.at[i][1]};
        rc = og_row_need(l->st, OG_F_CHECK, &c, err);
        uint64_t part = og_min_u64(over, c.lock);
        c.lock -= part;
        over -= part;
        if (rc == OG_OK)
            rc = og_row_put(l->st, OG_F_CHECK, &c, err);
    }
    free(k.at);
    return rc;
}

/* Takes grains of the bond also where all of it is locked: the locks of its leases, oldest first,
 * and of its checks shrink to what is left. */
static enum og_rc slash_all(struct og_ledger *l, struct og_node *n, uint64_t grains,
                            uint64_t *taken, struct og_err *err)
{
    uint64_t over = n->locked;
    uint64_t id[1][2] = {{0}};
    size_t k = 1;
    og_led_slash(l, n, grains, taken);
    over -= n->locked;
    while (over && k) {
        struct og_lease ls;
        OG_TRY(og_query(l->st, OG_Q_LEASES_OF_NODE, (uint64_t[]){n->id, id[0][0]}, 2, &id[0][0], 2,
                        1, &k, err));
        if (!k)
            break;
        OG_TRY(og_led_lease(l, id[0][0], &ls, err));
        uint64_t part = og_min_u64(over, ls.lock);
        ls.lock -= part;
        over -= part;
        enum og_rc rc = og_row_put(l->st, OG_F_LEASE, &ls, err);
        OG_RELEASE(OG_F_LEASE, &ls);
        OG_TRY(rc);
    }
    return shrink_checks(l, n->id, over, err);
}

/* What the node unbonds is still answerable. */
static enum og_rc slash_unbonding(struct og_ledger *l, uint64_t node, uint64_t *taken,
                                  struct og_err *err)
{
    uint64_t id[1024];
    size_t n;
    OG_TRY(og_query(l->st, OG_Q_UNBOND_OF, (uint64_t[]){node}, 1, id, 1, 1024, &n, err));
    for (size_t i = 0; i < n; i++) {
        struct og_unbond u = {.id = id[i]};
        OG_TRY(og_row_need(l->st, OG_F_UNBOND, &u, err));
        uint64_t part = og_muldiv(u.grains, DOUBLE_SIGN_PPM, OG_PPM);
        u.grains -= part;
        *taken += part;
        OG_TRY(og_row_put(l->st, OG_F_UNBOND, &u, err));
    }
    return OG_OK;
}

static enum og_rc convict(struct og_ledger *l, struct og_node *n, uint64_t *taken,
                          struct og_err *err)
{
    struct og_validator v = {.node = n->id};
    OG_TRY(slash_all(l, n, og_muldiv(n->bond, DOUBLE_SIGN_PPM, OG_PPM), taken, err));
    OG_TRY(slash_unbonding(l, n->id, taken, err));
    n->weight = 0;
    n->vrf_next_epoch = OG_NEVER; /* power gone for good: og_led_convicted */
    og_row_set_blob(&n->vrf, NULL, 0);
    og_row_set_blob(&n->vrf_next, NULL, 0);
    og_row_set_blob(&n->cons_pub, NULL, 0);
    OG_TRY(og_row_put(l->st, OG_F_NODE, n, err));
    return og_row_del(l->st, OG_F_VALIDATOR, &v, err);
}

static enum og_rc double_sign(struct og_txn *x, const struct half h[2], struct og_err *err)
{
    struct og_ledger *l = x->l;
    struct og_node n;
    bool seen;
    uint64_t taken;
    struct og_proof_seen key = {
        .type = EVIDENCE_DOUBLE_SIGN, .offender = h[0].proposer, .height = h[0].height};
    if (h[0].height != h[1].height || h[0].proposer != h[1].proposer ||
        (h[0].bytes.len == h[1].bytes.len &&
         memcmp(h[0].bytes.p, h[1].bytes.p, h[0].bytes.len) == 0))
        return OG_REFUSE(err, "the headers do not conflict");
    if (too_old(l, h))
        return OG_REFUSE(err, "the evidence is too old");
    OG_TRY(og_row_get(l->st, OG_F_EVIDENCE, &key, &seen, err));
    if (seen)
        return OG_REFUSE(err, "the evidence is known already");
    OG_TRY(og_led_node(l, key.offender, &n, err));
    enum og_rc rc = both_signed(x, &n, h, err);
    if (rc == OG_OK)
        rc = convict(l, &n, &taken, err);
    OG_RELEASE(OG_F_NODE, &n);
    if (rc == OG_OK)
        rc = og_row_put(l->st, OG_F_EVIDENCE, &key, err);
    return rc == OG_OK ? og_led_to_treasury(l, taken, "slash", key.offender, err) : rc;
}

enum og_rc og_led_fault(struct og_ledger *l, const struct og_block_fault *f, struct og_err *err)
{
    struct og_proof_seen key = {
        .type = EVIDENCE_DOUBLE_SIGN, .offender = f->node, .height = f->height};
    struct og_node n = {.id = f->node};
    bool seen;
    bool found = false;
    uint64_t taken = 0;
    OG_TRY(og_row_get(l->st, OG_F_EVIDENCE, &key, &seen, err));
    if (!seen)
        OG_TRY(og_row_get(l->st, OG_F_NODE, &n, &found, err));
    if (!found)
        return OG_OK;
    enum og_rc rc = convict(l, &n, &taken, err);
    OG_RELEASE(OG_F_NODE, &n);
    if (rc == OG_OK)
        rc = og_row_put(l->st, OG_F_EVIDENCE, &key, err);
    return rc == OG_OK ? og_led_to_treasury(l, taken, "slash", key.offender, err) : rc;
}

/* body: type "double-sign", height, proof {"a": header, "b": header}. */
enum og_rc og_tx_evidence(struct og_txn *x, struct og_err *err)
{
    static const char *const members[] = {"height", "proof", "type", NULL};
    static const char *const proofs[] = {"a", "b", NULL};
    const char *type;
    const json_t *proof;
    const json_t *one;
    uint64_t height;
    struct half h[2];
    memset(h, 0, sizeof h);
    OG_TRY(og_json_only(x->body, members, err));
    OG_TRY(og_json_str(x->body, "type", 32, &type, err));
    OG_TRY(og_json_u64(x->body, "height", (uint64_t)1 << 53, &height, err));
    OG_TRY(og_json_obj(x->body, "proof", &proof, err));
    OG_TRY(og_json_only(proof, proofs, err));
    if (strcmp(type, "double-sign") != 0)
        return OG_REFUSE(err, "'type' must be double-sign");
    enum og_rc rc = OG_OK;
    for (int i = 0; i < 2 && rc == OG_OK; i++) {
        rc = og_json_obj(proof, proofs[i], &one, err);
        if (rc == OG_OK)
            rc = header_parts(x->l, one, &h[i], err);
    }
    if (rc == OG_OK && h[0].height != height)
        rc = OG_REFUSE(err, "'height' is not the headers'");
    if (rc == OG_OK)
        rc = double_sign(x, h, err);
    for (int i = 0; i < 2; i++) {
        og_buf_release(&h[i].bytes);
        og_buf_release(&h[i].sig);
    }
    return rc;
}

struct tally {
    struct og_ledger *l;
    uint64_t all, yes;
};

static enum og_rc add_all(void *ctx, const void *rec, struct og_err *err)
{
    (void)err;
    ((struct tally *)ctx)->all += ((const struct og_validator *)rec)->weight;
    return OG_OK;
}

static enum og_rc one_vote(struct og_ledger *l, const json_t *o, const struct og_buf *bytes,
                           uint64_t *weight, struct og_err *err)
{
    struct og_validator v = {0};
    struct og_node n;
    struct og_pub *p = NULL;
    struct og_buf sig = OG_BUF_INIT;
    const char *s;
    bool found;
    *weight = 0;
    OG_TRY(og_json_u64(o, "node", (uint64_t)1 << 53, &v.node, err));
    OG_TRY(og_json_str(o, "sig", 2 * OG_SIG_MAX, &s, err));
    OG_TRY(og_row_get(l->st, OG_F_VALIDATOR, &v, &found, err));
    if (!found)
        return OG_REFUSE(err, "node %llu is no validator", (unsigned long long)v.node);
    OG_TRY(og_led_node(l, v.node, &n, err));
    enum og_rc rc = og_base64_decode(s, strlen(s), OG_SIG_MAX, &sig, err);
    if (rc == OG_OK)
        rc = og_pub_parse(n.cons_alg, n.cons_pub.p, n.cons_pub.n, &p, err);
    if (rc == OG_OK && !og_pub_verify(p, bytes->p, bytes->len, sig.p, sig.len))
        rc =
            OG_REFUSE(err, "the vote of node %llu is not signed by it", (unsigned long long)v.node);
    if (rc == OG_OK)
        *weight = v.weight;
    og_pub_free(p);
    og_buf_release(&sig);
    OG_RELEASE(OG_F_NODE, &n);
    return rc;
}

enum og_rc og_led_two_thirds(struct og_ledger *l, const json_t *sigs, const struct og_buf *bytes,
                             struct og_err *err)
{
    struct tally t = {.l = l};
    uint64_t last = 0;
    OG_TRY(og_row_walk(l->st, OG_F_VALIDATOR, add_all, &t, err));
    for (size_t i = 0; i < json_array_size(sigs); i++) {
        const json_t *o = json_array_get(sigs, i);
        uint64_t node;
        uint64_t w;
        OG_TRY(og_json_u64(o, "node", (uint64_t)1 << 53, &node, err));
        if (node <= last)
            return OG_REFUSE(err, "'votes' must be in order of nodes, each once");
        last = node;
        OG_TRY(one_vote(l, o, bytes, &w, err));
        t.yes += w;
    }
    if (t.all == 0 || (og_u128)t.yes * 3 < (og_u128)t.all * 2)
        return OG_REFUSE(err, "the votes are below two thirds of the weight");
    return OG_OK;
}

/* body: values {name: "value"}, votes [{node, sig}]; each validator's consensus key signs
 * "OGPU-PARAMS-v1\0" ‖ chain ‖ be64 sequence number of params.set ‖ canonical values. */
enum og_rc og_tx_params_set(struct og_txn *x, struct og_err *err)
{
    static const char *const members[] = {"values", "votes", NULL};
    const json_t *values;
    const json_t *votes;
    uint64_t serial;
    OG_TRY(og_json_only(x->body, members, err));
    OG_TRY(og_json_obj(x->body, "values", &values, err));
    OG_TRY(og_json_arr(x->body, "votes", 256, &votes, err));
    OG_TRY(og_led_get(x->l, "params_serial", &serial, err));
    struct og_buf bytes = OG_BUF_INIT;
    og_buf_add(&bytes, "OGPU-PARAMS-v1", 15);
    og_buf_add(&bytes, x->l->chain.b, OG_HASH_LEN);
    og_buf_add_be64(&bytes, serial);
    enum og_rc rc = og_json_canon(values, &bytes, err);
    if (rc == OG_OK)
        rc = og_led_two_thirds(x->l, votes, &bytes, err);
    og_buf_release(&bytes);
    struct og_params next = x->l->p;
    const char *key;
    json_t *val;
    json_object_foreach((json_t *)(uintptr_t)values, key, val)
    {
        struct og_value v = {0};
        if (rc == OG_OK)
            rc = og_json_dec(values, key, &v.value, err);
        const struct og_param_info *info = og_param_find(key);
        if (rc == OG_OK && strcmp(key, "protocol") == 0 && v.value != next.protocol)
            rc = OG_REFUSE(err, "the protocol changes by protocol.upgrade");
        if (rc == OG_OK &&
            (!info || info->since > next.protocol || !og_params_set(&next, key, v.value)))
            rc = OG_REFUSE(err, "'%.40s' is no parameter or its value is out of bounds", key);
        if (rc != OG_OK)
            break;
        og_row_set_text(&v.name, key);
        rc = og_row_put(x->l->st, OG_F_PARAM, &v, err);
        OG_RELEASE(OG_F_PARAM, &v);
    }
    if (rc == OG_OK)
        rc = og_led_set(x->l, "params_serial", serial + 1, err);
    if (rc == OG_OK) {
        x->l->p = next;
        x->l->params_serial = UINT64_MAX; /* read anew: this block may yet be rolled back */
    }
    return rc;
}
