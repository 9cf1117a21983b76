/* ledger_upgrade.c - from one protocol to the next, by two thirds of the weight (design section 5).
 */
#include "ledger/ledger_int.h"

#include "json/json_get.h"

#include <string.h>

static enum og_rc put_param(struct og_ledger *l, const struct og_param_info *i, struct og_err *err)
{
    struct og_value r = {0};
    memcpy(&r.value, (const char *)&l->p + i->at, sizeof r.value);
    og_row_set_text(&r.name, i->name);
    enum og_rc rc = og_row_put(l->st, OG_F_PARAM, &r, err);
    OG_RELEASE(OG_F_PARAM, &r);
    return rc;
}

enum og_rc og_led_put_params(struct og_ledger *l, uint64_t from, uint64_t to, struct og_err *err)
{
    for (size_t i = 0; i < og_param_count; i++)
        if (og_param_infos[i].since >= from && og_param_infos[i].since <= to)
            OG_TRY(put_param(l, &og_param_infos[i], err));
    return OG_OK;
}

/* body: protocol, the next one; votes [{node, sig}]: each validator's consensus key signs
 * "OGPU-UPGRADE-v1\0" ‖ chain ‖ be64 protocol. The rules change at the end of this block. */
enum og_rc og_tx_protocol_upgrade(struct og_txn *x, struct og_err *err)
{
    static const char *const members[] = {"protocol", "votes", NULL};
    const json_t *votes;
    uint64_t to;
    uint64_t voted;
    OG_TRY(og_json_only(x->body, members, err));
    OG_TRY(og_json_u64(x->body, "protocol", UINT32_MAX, &to, err));
    OG_TRY(og_json_arr(x->body, "votes", 256, &votes, err));
    OG_TRY(og_led_get(x->l, "upgrade_to", &voted, err));
    if (to != x->l->p.protocol + 1 || voted)
        return OG_REFUSE(err, "'protocol' must be %llu, the one after this chain's",
                         (unsigned long long)(voted ? voted : x->l->p.protocol) + 1);
    if (to > OG_PROTOCOL)
        return OG_REFUSE(err, "protocol %llu is not known here", (unsigned long long)to);
    struct og_buf bytes = OG_BUF_INIT;
    og_buf_add(&bytes, "OGPU-UPGRADE-v1", 16);
    og_buf_add(&bytes, x->l->chain.b, OG_HASH_LEN);
    og_buf_add_be64(&bytes, to);
    enum og_rc rc = og_led_two_thirds(x->l, votes, &bytes, err);
    og_buf_release(&bytes);
    return rc == OG_OK ? og_led_set(x->l, "upgrade_to", to, err) : rc;
}

static enum og_rc put_rules(struct og_ledger *l, uint64_t to, struct og_err *err)
{
    const struct og_param_info *protocol = og_param_find("protocol");
    uint64_t ignored;
    l->p.protocol = to;
    l->params_serial = UINT64_MAX; /* read anew: this block may yet be rolled back */
    OG_TRY(put_param(l, protocol, err));
    OG_TRY(og_led_put_params(l, to, to, err));
    return og_led_number(l, "params_serial", &ignored, err);
}

enum og_rc og_led_upgrade(struct og_ledger *l, struct og_err *err)
{
    struct og_version v = {.height = l->height};
    OG_TRY(og_led_get(l, "upgrade_to", &v.protocol, err));
    if (!v.protocol)
        return OG_OK;
    OG_TRY(og_led_set(l, "upgrade_to", 0, err));
    OG_TRY(og_tree_flush(l->st, &v.before, err));
    OG_TRY(put_rules(l, v.protocol, err));
    OG_TRY(og_led_install_system(l, err));
    OG_TRY(og_tree_flush(l->st, &v.after, err));
    return og_row_put(l->st, OG_F_VERSION, &v, err);
}
