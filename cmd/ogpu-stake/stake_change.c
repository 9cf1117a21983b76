/* stake_change.c - leave, bond, unbond, link, revoke, upgrade: one transaction each. */
#include "stake.h"

#include "store/store_row.h"
#include "json/json_get.h"

#include <string.h>

static enum og_rc stake(struct stake *s, enum og_tx_kind kind, uint64_t amount, struct og_err *err)
{
    uint64_t node = s->o->node;
    if (!node)
        OG_TRY(stake_own_node(s, &node, err));
    return stake_send(
        s, kind,
        json_pack("{s:o, s:I}", "amount", og_json_new_dec(amount), "node", (json_int_t)node), NULL,
        err);
}

static enum og_rc report_link(struct stake *s, struct og_err *err)
{
    return stake_send(s, OG_TX_LINK_REPORT,
                      json_pack("{s:I, s:I, s:I}", "bytes_per_s", (json_int_t)s->o->bandwidth,
                                "latency_us", (json_int_t)s->o->latency_us, "peer",
                                (json_int_t)s->o->link),
                      NULL, err);
}

/* The key is named by the hash that stands on the chain. */
static enum og_rc revoke_key(struct stake *s, struct og_err *err)
{
    const char *what = s->o->revoke;
    struct og_node n;
    uint64_t id;
    OG_TRY(stake_own_node(s, &id, err));
    OG_TRY(stake_node(s, id, &n, err));
    const struct og_blob *b = strcmp(what, "vrf") == 0         ? &n.vrf
                              : strcmp(what, "consensus") == 0 ? &n.cons_pub
                              : strcmp(what, "tls") == 0       ? &n.tls
                              : strcmp(what, "seal") == 0      ? &n.seal
                                                               : NULL;
    enum og_rc rc = OG_OK;
    json_t *body = NULL;
    if (!b) {
        rc = og_err_set(err, OG_E_USAGE, "--revoke: '%.32s' is none of vrf, consensus, tls, seal",
                        what);
    } else if (b->n == 0) {
        rc = og_err_set(err, OG_NO, "node %llu has no %s key", (unsigned long long)id, what);
    } else {
        bool hashed = b == &n.tls || b == &n.seal; /* the chain holds the hash alone */
        struct og_hash h = og_sha256(b->p, b->n);
        body = json_pack("{s:o, s:s}", "spki", og_json_new_hex(hashed ? b->p : h.b, OG_HASH_LEN),
                         "what", what);
    }
    og_row_release(&og_families[OG_F_NODE], &n);
    return rc == OG_OK ? stake_send(s, OG_TX_KEY_REVOKE, body, NULL, err) : rc;
}

static enum og_rc change(struct stake *s, struct og_err *err)
{
    const struct stake_options *o = s->o;
    if (o->leave)
        return stake_send(s, OG_TX_NODE_LEAVE, json_pack("{s:I}", "node", (json_int_t)o->leave),
                          NULL, err);
    if (o->bond)
        return stake(s, OG_TX_STAKE_BOND, o->bond, err);
    if (o->unbond)
        return stake(s, OG_TX_STAKE_UNBOND, o->unbond, err);
    if (o->link)
        return report_link(s, err);
    if (o->upgrade)
        return stake_upgrade(s, err);
    return o->revoke ? revoke_key(s, err) : stake_params(s, err);
}

enum og_rc stake_change(const struct stake_options *o, struct og_err *err)
{
    struct stake s;
    enum og_rc rc = stake_open(o, true, &s, err);
    if (rc == OG_OK)
        rc = change(&s, err);
    stake_close(&s);
    return rc;
}
