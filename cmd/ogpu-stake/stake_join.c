/* stake_join.c - --join and --update: what a node offers, measured, not typed in. */
#include "stake.h"

#include "base/base_log.h"
#include "base/base_num.h"
#include "exec/exec_node.h"
#include "store/store_block.h"
#include "store/store_row.h"
#include "json/json_get.h"

#include <inttypes.h>
#include <string.h>

#define CAPACITY_MS 1000

static struct og_node_limits limits(const struct stake_options *o)
{
    struct og_node_limits l = {o->threads, o->share_ppm, o->slots, o->mem_bytes};
    og_node_limits_fill(&l);
    return l;
}

/* Measures with the beacon of the last block as the seed: nobody knew it long before. */
static enum og_rc measure(struct stake *s, const struct og_node_limits *l, uint64_t *height,
                          uint64_t *mflops_per_s, json_t **slots, struct og_err *err)
{
    *slots = NULL;
    struct og_roots r = {0};
    bool found;
    OG_TRY(og_block_last(s->store, height, NULL, err));
    r.height = *height;
    OG_TRY(og_row_get(s->store, OG_F_ROOTS, &r, &found, err));
    struct og_hash seed = found ? r.beacon : *og_engine_chain(s->engine);
    uint64_t ms = s->o->capacity_ms ? s->o->capacity_ms : CAPACITY_MS;
    if (s->o->backend)
        return stake_cluster(s, &seed, ms, slots, mflops_per_s, err);
    return og_node_measure(l, seed.b, ms, mflops_per_s, err);
}

/* The node, with the slots of a cluster in place of this machine's (slots NULL); takes slots. */
static json_t *node_body(const struct og_node_limits *l, uint64_t mflops_per_s, uint64_t height,
                         const struct og_nodekey *keys, json_t *slots)
{
    json_t *body = og_node_body(l, mflops_per_s, height, keys);
    if (slots)
        json_object_set_new(body, "slots", slots);
    return body;
}

static json_t *split(const char *list)
{
    json_t *a = json_array();
    while (*list) {
        size_t n = strcspn(list, ",");
        json_array_append_new(a, json_stringn(list, n));
        list += n + (list[n] == ',');
    }
    return a;
}

static enum og_rc add_submitters(const struct stake *s, json_t *body, struct og_err *err)
{
    const struct og_opt_list *l = &s->o->submitters;
    json_t *a = json_array();
    json_object_set_new(body, "submitters", a);
    if (l->n == 1 && strcmp(l->v[0], "all") == 0)
        return OG_OK;
    for (size_t i = 0; i < l->n; i++) {
        struct og_addr addr;
        char text[OG_ADDR_TEXT];
        OG_TRY(stake_addr(s, l->v[i], &addr, err));
        og_addr_format(&addr, text);
        json_array_append_new(a, json_string(text));
    }
    return OG_OK;
}

/* What the owner says beside the measured things. */
static enum og_rc add_terms(const struct stake *s, json_t *body, struct og_err *err)
{
    const struct stake_options *o = s->o;
    if (o->classes)
        json_object_set_new(body, "classes", split(o->classes));
    if (o->min_rate != STAKE_UNSET)
        json_object_set_new(body, "min_rate", og_json_new_dec(o->min_rate));
    if (o->max_lock != STAKE_UNSET)
        json_object_set_new(body, "max_lock", og_json_new_dec(o->max_lock));
    return o->submitters.n ? add_submitters(s, body, err) : OG_OK;
}

/* owner_sig: the owner's key over "ogpu-join", a zero byte, the chain and the node's address. */
static enum og_rc add_owner(struct stake *s, json_t *body, struct og_err *err)
{
    struct og_key *owner = NULL;
    struct og_buf msg = OG_BUF_INIT;
    struct og_buf sig = OG_BUF_INIT;
    struct og_buf text = OG_BUF_INIT;
    char addr[OG_ADDR_TEXT];
    OG_TRY(stake_key(s, s->o->owner, &owner, err));
    struct og_addr who = og_key_addr(owner);
    og_addr_format(&who, addr);
    og_buf_add(&msg, "ogpu-join", sizeof "ogpu-join");
    og_buf_add(&msg, og_engine_chain(s->engine)->b, OG_HASH_LEN);
    og_buf_add(&msg, s->addr.b, OG_ADDR_LEN);
    enum og_rc rc = og_key_sign(owner, msg.p, msg.len, &sig, err);
    if (rc == OG_OK) {
        og_base64_encode(sig.p, sig.len, &text);
        json_object_set_new(body, "owner", json_string(addr));
        json_object_set_new(body, "owner_sig", json_stringn(text.p, text.len));
    }
    og_buf_release(&msg);
    og_buf_release(&sig);
    og_buf_release(&text);
    og_key_free(owner);
    return rc;
}

static enum og_rc bond(struct stake *s, uint64_t node, struct og_err *err)
{
    return stake_send(
        s, OG_TX_STAKE_BOND,
        json_pack("{s:o, s:I}", "amount", og_json_new_dec(s->o->bond), "node", (json_int_t)node),
        NULL, err);
}

static enum og_rc join(struct stake *s, struct og_err *err)
{
    struct og_node_limits l = limits(s->o);
    struct og_nodekey keys;
    uint64_t height;
    uint64_t mflops_per_s;
    uint64_t node = 0;
    OG_TRY(og_nodekey_ensure(s->keys_dir, s->o->key, &keys, err));
    json_t *body = NULL;
    json_t *slots;
    enum og_rc rc = measure(s, &l, &height, &mflops_per_s, &slots, err);
    if (rc == OG_OK) {
        body = node_body(&l, mflops_per_s, height, &keys, slots);
        rc = add_terms(s, body, err);
    }
    if (rc == OG_OK && s->o->owner && strcmp(s->o->owner, s->o->key) != 0)
        rc = add_owner(s, body, err);
    if (rc == OG_OK)
        rc = stake_send(s, OG_TX_NODE_JOIN, json_incref(body), &node, err);
    if (rc == OG_OK)
        og_log(OG_LOG_INFO, "node %" PRIu64 ": %" PRIu64 " MFLOP/s measured", node, mflops_per_s);
    json_decref(body);
    og_nodekey_release(&keys);
    return rc == OG_OK && s->o->bond ? bond(s, node, err) : rc;
}

enum og_rc stake_join(const struct stake_options *o, struct og_err *err)
{
    struct stake s;
    enum og_rc rc = stake_open(o, true, &s, err);
    if (rc == OG_OK)
        rc = join(&s, err);
    stake_close(&s);
    return rc;
}

/* Only what was asked to change; limits are measured again. */
static enum og_rc update(struct stake *s, struct og_err *err)
{
    const struct stake_options *o = s->o;
    uint64_t node;
    uint64_t height;
    uint64_t mflops_per_s;
    json_t *body;
    enum og_rc rc = OG_OK;
    OG_TRY(stake_own_node(s, &node, err));
    if (o->threads || o->share_ppm || o->slots || o->mem_bytes || o->capacity_ms || o->backend) {
        struct og_node_limits l = limits(o);
        json_t *slots;
        OG_TRY(measure(s, &l, &height, &mflops_per_s, &slots, err));
        body = node_body(&l, mflops_per_s, height, NULL, slots);
        static const char *const said[] = {"classes", "max_lock", "min_rate", "submitters"};
        for (size_t i = 0; i < sizeof said / sizeof *said; i++)
            json_object_del(body, said[i]);
    } else {
        body = json_object();
    }
    rc = add_terms(s, body, err);
    if (rc == OG_OK && json_object_size(body) == 0)
        rc = og_err_set(err, OG_E_USAGE, "--update: nothing is to be changed");
    if (rc == OG_OK)
        rc = stake_send(s, OG_TX_NODE_UPDATE, json_incref(body), NULL, err);
    json_decref(body);
    return rc;
}

enum og_rc stake_update(const struct stake_options *o, struct og_err *err)
{
    struct stake s;
    enum og_rc rc = stake_open(o, true, &s, err);
    if (rc == OG_OK)
        rc = update(&s, err);
    stake_close(&s);
    return rc;
}
