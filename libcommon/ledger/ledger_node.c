/* ledger_node.c - nodes: join, update, leave, bond, unbond, links. */
#include "ledger/ledger_int.h"

#include "crypto/crypto_vrf.h"
#include "json/json_canon.h"
#include "json/json_get.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS_MAX      1024
#define SUBMITTERS_MAX 256
#define MFLOPS_MAX     ((uint64_t)1 << 40)

enum og_rc og_led_node(struct og_ledger *l, uint64_t id, struct og_node *n, struct og_err *err)
{
    memset(n, 0, sizeof *n);
    n->id = id;
    bool found;
    OG_TRY(og_row_get(l->st, OG_F_NODE, n, &found, err));
    return found ? OG_OK : OG_REFUSE(err, "there is no node %llu", (unsigned long long)id);
}

enum og_rc og_led_sender_node(struct og_txn *x, struct og_node *n, struct og_err *err)
{
    uint64_t id;
    memset(n, 0, sizeof *n);
    OG_TRY(og_query_node_of(x->l->st, &x->tx->from, &id, err));
    if (!id)
        return OG_REFUSE(err, "the sender is no node");
    OG_TRY(og_led_node(x->l, id, n, err));
    if (n->state == OG_NODE_LEFT) {
        OG_RELEASE(OG_F_NODE, n);
        return OG_REFUSE(err, "the node has left");
    }
    return OG_OK;
}

/* C_eff = min(offered, measured, verified rate of real jobs) */
void og_led_c_eff(struct og_node *n)
{
    n->c_eff = og_min_u64(n->offered, n->measured);
    if (n->verified_rate)
        n->c_eff = og_min_u64(n->c_eff, n->verified_rate);
}

void og_led_slash(struct og_ledger *l, struct og_node *n, uint64_t grains, uint64_t *taken)
{
    *taken = og_rule_slash(l, n->bond, grains);
    n->bond -= *taken;
    if (n->locked > n->bond)
        n->locked = n->bond;
}

/* vrf_next_epoch never comes: the mark of a double signer. */
bool og_led_convicted(const struct og_node *n)
{
    return n->vrf_next_epoch == OG_NEVER;
}

static enum og_rc read_slots(struct og_ledger *l, const json_t *list, uint64_t node,
                             struct og_err *err)
{
    static const char *const members[] = {"cores",     "gpu_mem_bytes", "gpu_ppm",
                                          "mem_bytes", "share_ppm",     NULL};
    uint64_t sum = 0;
    size_t i;
    json_t *o;
    json_array_foreach((json_t *)(uintptr_t)list, i, o)
    {
        struct og_slot s = {.node = node, .idx = i};
        bool found;
        OG_TRY(og_row_get(l->st, OG_F_SLOT, &s, &found, err));
        uint64_t share = s.share_ppm;
        OG_TRY(og_json_only(o, members, err));
        OG_TRY(og_json_u64(o, "share_ppm", OG_PPM, &s.share_ppm, err));
        if (s.lease && s.share_ppm != share) /* else live leases could share more than the whole */
            return OG_REFUSE(err, "slot %zu works; its share cannot change now", i);
        OG_TRY(og_json_u64_or(o, "cores", 65536, 0, &s.cores, err));
        OG_TRY(og_json_u64_or(o, "mem_bytes", (uint64_t)1 << 52, 0, &s.mem_bytes, err));
        OG_TRY(og_json_u64_or(o, "gpu_ppm", 1024u * OG_PPM, 0, &s.gpu_ppm, err));
        OG_TRY(og_json_u64_or(o, "gpu_mem_bytes", (uint64_t)1 << 52, 0, &s.gpu_mem_bytes, err));
        sum += s.share_ppm;
        if (s.share_ppm == 0 || sum > OG_PPM)
            return OG_REFUSE(err, "the slots' 'share_ppm' must be above 0 and sum to at most 10^6");
        OG_TRY(og_row_put(l->st, OG_F_SLOT, &s, err));
    }
    return OG_OK;
}

/* Slots beyond the new list go when they are free; a busy one refuses the update. */
static enum og_rc drop_slots(struct og_ledger *l, uint64_t node, size_t keep, struct og_err *err)
{
    uint64_t idx[SLOTS_MAX];
    size_t n;
    OG_TRY(og_query(l->st, OG_Q_SLOTS_OF, (uint64_t[]){node}, 1, idx, 1, SLOTS_MAX, &n, err));
    for (size_t i = 0; i < n; i++) {
        struct og_slot s = {.node = node, .idx = idx[i]};
        if (idx[i] < keep)
            continue;
        OG_TRY(og_row_need(l->st, OG_F_SLOT, &s, err));
        if (s.lease)
            return OG_REFUSE(err, "slot %llu works; it cannot go now", (unsigned long long)s.idx);
        OG_TRY(og_row_del(l->st, OG_F_SLOT, &s, err));
    }
    return OG_OK;
}

static enum og_rc read_vrf(struct og_ledger *l, const json_t *keys, struct og_node *n, bool genesis,
                           struct og_err *err)
{
    uint8_t vrf[OG_VRF_PUB_LEN];
    if (!json_object_get(keys, "vrf"))
        return OG_OK;
    if (og_led_convicted(n))
        return OG_REFUSE(err, "the node signed twice; its power is gone for good");
    OG_TRY(og_json_hex(keys, "vrf", vrf, sizeof vrf, err));
    if (!og_vrf_pub_valid(vrf))
        return OG_REFUSE(err, "'vrf' is no point of the curve");
    if (genesis) {
        og_row_set_blob(&n->vrf, vrf, sizeof vrf);
        return OG_OK;
    }
    uint64_t epoch;
    OG_TRY(og_led_get(l, "epoch", &epoch, err));
    og_row_set_blob(&n->vrf_next, vrf, sizeof vrf);
    n->vrf_next_epoch = epoch + 2; /* one full epoch lies between */
    return OG_OK;
}

static enum og_rc read_keys(struct og_ledger *l, const json_t *body, struct og_node *n,
                            bool genesis, struct og_err *err)
{
    static const char *const members[] = {"consensus", "seal", "tls", "vrf", NULL};
    const json_t *keys;
    const json_t *cons;
    OG_TRY(og_json_obj_opt(body, "keys", &keys, err));
    if (!keys)
        return OG_OK;
    OG_TRY(og_json_only(keys, members, err));
    OG_TRY(read_vrf(l, keys, n, genesis, err));
    OG_TRY(og_json_obj_opt(keys, "consensus", &cons, err));
    if (cons) {
        struct og_pub *p;
        size_t len;
        OG_TRY(og_led_pub(cons, &p, err));
        const uint8_t *der = og_pub_der(p, &len);
        bool fit = strcmp(og_pub_alg(p), "ed25519") == 0 || strcmp(og_pub_alg(p), "ml-dsa-65") == 0;
        og_row_set_text(&n->cons_alg, og_pub_alg(p));
        og_row_set_blob(&n->cons_pub, der, len);
        og_pub_free(p);
        if (!fit)
            return OG_REFUSE(err, "'consensus' must be an ed25519 or ml-dsa-65 key");
    }
    for (int i = 0; i < 2; i++) {
        const char *name = i ? "seal" : "tls";
        uint8_t h[OG_HASH_LEN];
        if (!json_object_get(keys, name))
            continue;
        OG_TRY(og_json_hex(keys, name, h, sizeof h, err));
        og_row_set_blob(i ? &n->seal : &n->tls, h, sizeof h);
    }
    return OG_OK;
}

static enum og_rc read_submitters(const json_t *body, struct og_node *n, struct og_err *err)
{
    const json_t *list;
    OG_TRY(og_json_arr_opt(body, "submitters", SUBMITTERS_MAX, &list, err));
    if (!list)
        return OG_OK;
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct og_addr a;
        const char *s = json_string_value(json_array_get(list, i));
        if (!s || og_addr_parse(s, &a, err) != OG_OK)
            return OG_REFUSE(err, "'submitters' must be a list of addresses");
    }
    struct og_buf b = OG_BUF_INIT;
    enum og_rc rc = og_json_canon(list, &b, err);
    if (rc == OG_OK)
        og_row_set_text(&n->submitters, json_array_size(list) ? b.p : NULL);
    og_buf_release(&b);
    return rc;
}

static enum og_rc read_classes(const json_t *body, struct og_node *n, struct og_err *err)
{
    static const char *const known[] = {"cuda", "kernel", "private", "program"};
    const json_t *list;
    OG_TRY(og_json_arr_opt(body, "classes", 16, &list, err));
    if (!list)
        return OG_OK;
    struct og_buf b = OG_BUF_INIT;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *s = json_string_value(json_array_get(list, i));
        size_t k = 0;
        while (s && k < 4 && strcmp(known[k], s) != 0)
            k++;
        if (!s || k == 4) {
            og_buf_release(&b);
            return OG_REFUSE(err, "'classes' must be of cuda, kernel, private, program");
        }
        og_buf_addf(&b, "%s%s", b.len ? "," : "", s);
    }
    og_row_set_text(&n->classes, b.p);
    og_buf_release(&b);
    return OG_OK;
}

/* The members that both join and update may carry. */
static enum og_rc read_terms(struct og_ledger *l, const json_t *body, struct og_node *n,
                             bool genesis, struct og_err *err)
{
    const char *hw;
    OG_TRY(og_json_u64_or(body, "offered", MFLOPS_MAX, n->offered, &n->offered, err));
    OG_TRY(og_json_dec_or(body, "min_rate", n->min_rate, &n->min_rate, err));
    OG_TRY(og_json_dec_or(body, "max_lock", n->max_lock, &n->max_lock, err));
    if (n->min_rate > OG_VALUE_MAX || n->max_lock > OG_VALUE_MAX)
        return OG_REFUSE(err, "'min_rate' or 'max_lock' is beyond 2^62");
    OG_TRY(og_json_str_opt(body, "hw_class", 31, &hw, err));
    if (hw)
        og_row_set_text(&n->hw_class, hw);
    OG_TRY(read_classes(body, n, err));
    OG_TRY(read_submitters(body, n, err));
    OG_TRY(read_keys(l, body, n, genesis, err));
    og_led_c_eff(n);
    const json_t *slots;
    OG_TRY(og_json_arr_opt(body, "slots", SLOTS_MAX, &slots, err));
    if (!slots)
        return OG_OK;
    OG_TRY(drop_slots(l, n->id, json_array_size(slots), err));
    return read_slots(l, slots, n->id, err);
}

enum og_rc og_led_join(struct og_ledger *l, const json_t *body, const struct og_addr *addr,
                       const struct og_addr *owner, bool genesis, uint64_t *id, struct og_err *err)
{
    const json_t *measured;
    struct og_node n = {.addr = *addr, .owner = *owner, .rel_a = OG_PPM, .rel_b = OG_PPM};
    OG_TRY(og_json_obj(body, "measured", &measured, err));
    OG_TRY(og_json_u64(measured, "mflops_per_s", MFLOPS_MAX, &n.measured, err));
    uint64_t seed_h;
    OG_TRY(og_json_u64(measured, "height", l->height, &seed_h, err));
    if (!json_object_get(body, "offered") || !json_object_get(body, "slots"))
        return OG_REFUSE(err, "'offered' or 'slots' is missing");
    n.joined_h = l->height;
    OG_TRY(og_led_number(l, "next_node", &n.id, err));
    enum og_rc rc = read_terms(l, body, &n, genesis, err);
    if (rc == OG_OK && !n.classes)
        og_row_set_text(&n.classes, "program,kernel");
    if (rc == OG_OK)
        rc = og_row_put(l->st, OG_F_NODE, &n, err);
    *id = n.id;
    OG_RELEASE(OG_F_NODE, &n);
    return rc;
}

/* owner_sig: the owner's key over "ogpu-join\0" ‖ chain ‖ node address. */
static enum og_rc owner_agrees(struct og_txn *x, const struct og_addr *owner, struct og_err *err)
{
    const char *s;
    struct og_acckey k = {.addr = *owner};
    struct og_pub *p = NULL;
    bool found;
    OG_TRY(og_json_str(x->body, "owner_sig", 2 * OG_SIG_MAX, &s, err));
    OG_TRY(og_row_get(x->l->st, OG_F_ACCKEY, &k, &found, err));
    struct og_buf sig = OG_BUF_INIT;
    struct og_buf msg = OG_BUF_INIT;
    enum og_rc rc = found ? og_pub_parse(k.alg, k.pub.p, k.pub.n, &p, err)
                          : OG_REFUSE(err, "the owner's account has no key yet");
    if (rc == OG_OK)
        rc = og_base64_decode(s, strlen(s), OG_SIG_MAX, &sig, err);
    og_buf_add(&msg, "ogpu-join", 10);
    og_buf_add(&msg, x->l->chain.b, OG_HASH_LEN);
    og_buf_add(&msg, x->tx->from.b, OG_ADDR_LEN);
    if (rc == OG_OK && !og_pub_verify(p, msg.p, msg.len, sig.p, sig.len))
        rc = OG_REFUSE(err, "'owner_sig' is not of the owner");
    og_buf_release(&sig);
    og_buf_release(&msg);
    og_pub_free(p);
    OG_RELEASE(OG_F_ACCKEY, &k);
    return rc;
}

enum og_rc og_tx_node_join(struct og_txn *x, struct og_err *err)
{
    static const char *const members[] = {
        "classes", "hw_class",  "keys",  "max_lock",   "measured", "min_rate", "offered",
        "owner",   "owner_sig", "slots", "submitters", "vouchers", NULL};
    struct og_addr owner = x->tx->from;
    const char *s;
    uint64_t id;
    OG_TRY(og_json_only(x->body, members, err));
    OG_TRY(og_query_node_of(x->l->st, &x->tx->from, &id, err));
    if (id) {
        struct og_node n;
        OG_TRY(og_led_node(x->l, id, &n, err));
        bool left = n.state == OG_NODE_LEFT;
        bool convicted = og_led_convicted(&n);
        OG_RELEASE(OG_F_NODE, &n);
        if (left && convicted)
            return OG_REFUSE(err, "the account's node signed twice; it joins no more");
        if (!left)
            return OG_REFUSE(err, "the account is node %llu already", (unsigned long long)id);
    }
    OG_TRY(og_json_str_opt(x->body, "owner", OG_ADDR_TEXT, &s, err));
    if (s && og_addr_parse(s, &owner, err) != OG_OK)
        return og_err_wrap(err, OG_E_DATA, "'owner'");
    if (!og_addr_eq(&owner, &x->tx->from))
        OG_TRY(owner_agrees(x, &owner, err));
    return og_led_join(x->l, x->body, &x->tx->from, &owner, false, &x->first_id, err);
}

enum og_rc og_tx_node_update(struct og_txn *x, struct og_err *err)
{
    static const char *const members[] = {"classes",  "hw_class", "keys",  "max_lock",   "measured",
                                          "min_rate", "offered",  "slots", "submitters", NULL};
    struct og_node n;
    uint64_t said = 0;
    bool shown = false;
    const json_t *measured;
    OG_TRY(og_json_only(x->body, members, err));
    OG_TRY(og_led_sender_node(x, &n, err));
    enum og_rc rc = og_json_obj_opt(x->body, "measured", &measured, err);
    uint64_t h;
    if (rc == OG_OK && measured)
        rc = og_json_u64(measured, "height", x->l->height, &h, err);
    if (rc == OG_OK && measured)
        rc = og_json_u64(measured, "mflops_per_s", MFLOPS_MAX, &said, err);
    if (rc == OG_OK && measured)
        rc = og_led_windows_shown(x->l, n.id, &shown, err);
    if (rc == OG_OK && measured && !shown) /* what was shown counts more than what is said */
        n.measured = said;
    if (rc == OG_OK)
        rc = read_terms(x->l, x->body, &n, false, err);
    if (rc == OG_OK)
        rc = og_row_put(x->l->st, OG_F_NODE, &n, err);
    OG_RELEASE(OG_F_NODE, &n);
    return rc;
}

static enum og_rc start_unbond(struct og_ledger *l, struct og_node *n, uint64_t grains,
                               struct og_err *err)
{
    struct og_unbond u = {.node = n->id, .grains = grains};
    if (grains == 0)
        return OG_OK;
    OG_TRY(og_led_number(l, "next_unbond", &u.id, err));
    og_rule_unbond(l, &u.dl_h, &u.dl_ms);
    n->bond -= grains;
    return og_row_put(l->st, OG_F_UNBOND, &u, err);
}

enum og_rc og_led_leave_if_idle(struct og_ledger *l, struct og_node *n, struct og_err *err)
{
    uint64_t live[1][2];
    size_t k;
    if (n->state != OG_NODE_LEAVING || n->locked)
        return OG_OK;
    OG_TRY(og_query(l->st, OG_Q_LEASES_OF_NODE, (uint64_t[]){n->id, 0}, 2, &live[0][0], 2, 1, &k,
                    err));
    if (k)
        return OG_OK;
    n->state = OG_NODE_LEFT;
    n->weight = 0;
    return start_unbond(l, n, n->bond, err);
}

enum og_rc og_tx_node_leave(struct og_txn *x, struct og_err *err)
{
    static const char *const members[] = {"node", NULL};
    struct og_node n;
    uint64_t id;
    OG_TRY(og_json_only(x->body, members, err));
    OG_TRY(og_json_u64(x->body, "node", (uint64_t)1 << 53, &id, err));
    OG_TRY(og_led_node(x->l, id, &n, err));
    enum og_rc rc = OG_OK;
    if (!og_addr_eq(&n.addr, &x->tx->from) && !og_addr_eq(&n.owner, &x->tx->from))
        rc = OG_REFUSE(err, "the node is neither the sender nor owned by it");
    else if (n.state != OG_NODE_ACTIVE)
        rc = OG_REFUSE(err, "the node leaves or has left already");
    if (rc == OG_OK) {
        n.state = OG_NODE_LEAVING;
        rc = og_led_leave_if_idle(x->l, &n, err);
    }
    if (rc == OG_OK)
        rc = og_row_put(x->l->st, OG_F_NODE, &n, err);
    OG_RELEASE(OG_F_NODE, &n);
    return rc;
}

static enum og_rc read_stake(struct og_txn *x, uint64_t *amount, struct og_node *n,
                             struct og_err *err)
{
    static const char *const members[] = {"amount", "node", NULL};
    uint64_t id;
    memset(n, 0, sizeof *n);
    OG_TRY(og_json_only(x->body, members, err));
    OG_TRY(og_json_dec(x->body, "amount", amount, err));
    OG_TRY(og_json_u64(x->body, "node", (uint64_t)1 << 53, &id, err));
    if (*amount == 0 || *amount > OG_VALUE_MAX)
        return OG_REFUSE(err, "'amount' must be above 0 and at most 2^62");
    return og_led_node(x->l, id, n, err);
}

enum og_rc og_tx_stake_bond(struct og_txn *x, struct og_err *err)
{
    struct og_node n;
    uint64_t amount;
    OG_TRY(read_stake(x, &amount, &n, err));
    enum og_rc rc = OG_OK;
    if (n.state != OG_NODE_ACTIVE)
        rc = OG_REFUSE(err, "the node leaves or has left");
    if (rc == OG_OK)
        rc = og_led_debit(x->l, &x->tx->from, amount, "bond", n.id, &n.addr, err);
    n.bond += amount;
    if (rc == OG_OK)
        rc = og_row_put(x->l->st, OG_F_NODE, &n, err);
    OG_RELEASE(OG_F_NODE, &n);
    return rc;
}

enum og_rc og_tx_stake_unbond(struct og_txn *x, struct og_err *err)
{
    struct og_node n;
    uint64_t amount;
    OG_TRY(read_stake(x, &amount, &n, err));
    enum og_rc rc = OG_OK;
    if (!og_addr_eq(&n.owner, &x->tx->from))
        rc = OG_REFUSE(err, "only the owner unbonds");
    else if (amount > n.bond - n.locked)
        rc = OG_REFUSE(err, "%llu grains of the bond are free",
                       (unsigned long long)(n.bond - n.locked));
    if (rc == OG_OK)
        rc = start_unbond(x->l, &n, amount, err);
    if (rc == OG_OK)
        rc = og_row_put(x->l->st, OG_F_NODE, &n, err);
    OG_RELEASE(OG_F_NODE, &n);
    return rc;
}

enum og_rc og_led_unbondings(struct og_ledger *l, struct og_err *err)
{
    uint64_t id[256];
    size_t n;
    OG_TRY(og_query(l->st, OG_Q_UNBOND_DUE, (uint64_t[]){l->height, l->now_ms}, 2, id, 1, 256, &n,
                    err));
    for (size_t i = 0; i < n; i++) {
        struct og_unbond u = {.id = id[i]};
        struct og_node node;
        OG_TRY(og_row_need(l->st, OG_F_UNBOND, &u, err));
        OG_TRY(og_led_node(l, u.node, &node, err));
        enum og_rc rc = og_row_del(l->st, OG_F_UNBOND, &u, err);
        if (rc == OG_OK)
            rc = og_led_credit(l, &node.owner, u.grains, "unbond", u.node, &node.addr, err);
        OG_RELEASE(OG_F_NODE, &node);
        OG_TRY(rc);
    }
    return OG_OK;
}

enum og_rc og_tx_link_report(struct og_txn *x, struct og_err *err)
{
    static const char *const members[] = {"bytes_per_s", "latency_us", "peer", NULL};
    struct og_node n;
    struct og_node peer;
    struct og_link k = {0};
    OG_TRY(og_json_only(x->body, members, err));
    OG_TRY(og_json_u64(x->body, "peer", (uint64_t)1 << 53, &k.peer, err));
    OG_TRY(og_json_u64(x->body, "latency_us", 3600000000u, &k.latency_us, err));
    OG_TRY(og_json_u64(x->body, "bytes_per_s", (uint64_t)1 << 50, &k.bytes_per_s, err));
    OG_TRY(og_led_node(x->l, k.peer, &peer, err));
    OG_RELEASE(OG_F_NODE, &peer);
    OG_TRY(og_led_sender_node(x, &n, err));
    k.node = n.id;
    OG_RELEASE(OG_F_NODE, &n);
    if (k.node == k.peer)
        return OG_REFUSE(err, "'peer' is the sender itself");
    return og_row_put(x->l->st, OG_F_LINK, &k, err);
}
