/* ledger_account.c - balances, fees, signatures, account keys, globals. */
#include "ledger/ledger_int.h"

#include "json/json_get.h"

#include <string.h>

enum og_rc og_led_get(struct og_ledger *l, const char *name, uint64_t *out, struct og_err *err)
{
    struct og_value v = {0};
    bool found;
    *out = 0;
    og_row_set_text(&v.name, name);
    enum og_rc rc = og_row_get(l->st, OG_F_GLOBAL, &v, &found, err);
    if (rc == OG_OK && found)
        *out = v.value;
    OG_RELEASE(OG_F_GLOBAL, &v);
    return rc;
}

enum og_rc og_led_set(struct og_ledger *l, const char *name, uint64_t v, struct og_err *err)
{
    struct og_value r = {.value = v};
    og_row_set_text(&r.name, name);
    enum og_rc rc = og_row_put(l->st, OG_F_GLOBAL, &r, err);
    OG_RELEASE(OG_F_GLOBAL, &r);
    return rc;
}

enum og_rc og_led_add(struct og_ledger *l, const char *name, uint64_t v, struct og_err *err)
{
    uint64_t have;
    OG_TRY(og_led_get(l, name, &have, err));
    if (!og_add_u64(have, v, &have) || have > OG_VALUE_MAX)
        return og_err_set(err, OG_E_INTERNAL, "'%s' overflows", name);
    return og_led_set(l, name, have, err);
}

enum og_rc og_led_number(struct og_ledger *l, const char *name, uint64_t *out, struct og_err *err)
{
    OG_TRY(og_led_get(l, name, out, err));
    ++*out;
    return og_led_set(l, name, *out, err);
}

enum og_rc og_led_balance(struct og_ledger *l, const struct og_addr *a, uint64_t *out,
                          struct og_err *err)
{
    struct og_account acc = {.addr = *a};
    bool found;
    OG_TRY(og_row_get(l->st, OG_F_ACCOUNT, &acc, &found, err));
    *out = acc.balance;
    return OG_OK;
}

static enum og_rc move(struct og_ledger *l, const struct og_addr *a, int64_t delta, const char *why,
                       uint64_t ref, const struct og_addr *other, struct og_err *err)
{
    return og_move_add(l->st, l->height, l->now_ms, a, delta, why, ref, other, err);
}

enum og_rc og_led_credit(struct og_ledger *l, const struct og_addr *a, uint64_t grains,
                         const char *why, uint64_t ref, const struct og_addr *other,
                         struct og_err *err)
{
    if (grains == 0)
        return OG_OK;
    struct og_account acc = {.addr = *a};
    bool found;
    OG_TRY(og_row_get(l->st, OG_F_ACCOUNT, &acc, &found, err));
    if (!og_add_u64(acc.balance, grains, &acc.balance) || acc.balance > OG_VALUE_MAX)
        return og_err_set(err, OG_E_INTERNAL, "a balance overflows");
    OG_TRY(og_row_put(l->st, OG_F_ACCOUNT, &acc, err));
    return move(l, a, (int64_t)grains, why, ref, other, err);
}

enum og_rc og_led_debit(struct og_ledger *l, const struct og_addr *a, uint64_t grains,
                        const char *why, uint64_t ref, const struct og_addr *other,
                        struct og_err *err)
{
    if (grains == 0)
        return OG_OK;
    struct og_account acc = {.addr = *a};
    bool found;
    OG_TRY(og_row_get(l->st, OG_F_ACCOUNT, &acc, &found, err));
    if (acc.balance < grains)
        return OG_REFUSE(err, "the balance is %llu grains, %llu are needed",
                         (unsigned long long)acc.balance, (unsigned long long)grains);
    acc.balance -= grains;
    OG_TRY(og_row_put(l->st, OG_F_ACCOUNT, &acc, err));
    return move(l, a, -(int64_t)grains, why, ref, other, err);
}

enum og_rc og_led_to_treasury(struct og_ledger *l, uint64_t grains, const char *why, uint64_t ref,
                              struct og_err *err)
{
    if (grains == 0)
        return OG_OK;
    OG_TRY(og_led_add(l, "treasury_in", grains, err));
    return og_led_credit(l, &l->treasury, grains, why, ref, NULL, err);
}

enum og_rc og_led_from_treasury(struct og_ledger *l, const struct og_addr *a, uint64_t grains,
                                const char *why, uint64_t ref, uint64_t *paid, struct og_err *err)
{
    uint64_t have;
    OG_TRY(og_led_balance(l, &l->treasury, &have, err));
    *paid = og_min_u64(have, grains);
    OG_TRY(og_led_debit(l, &l->treasury, *paid, why, ref, a, err));
    return og_led_credit(l, a, *paid, why, ref, &l->treasury, err);
}

/* Fees of a block stand in one global until its end: one row changes, not the treasury's each time.
 */
enum og_rc og_led_charge_fee(struct og_ledger *l, const struct og_tx *tx, struct og_err *err)
{
    struct og_account acc = {.addr = tx->from};
    bool found;
    OG_TRY(og_row_get(l->st, OG_F_ACCOUNT, &acc, &found, err));
    acc.balance -= tx->fee; /* og_led_verify saw that it is there */
    acc.seq = tx->seq;
    OG_TRY(og_row_put(l->st, OG_F_ACCOUNT, &acc, err));
    if (tx->fee)
        OG_TRY(move(l, &tx->from, -(int64_t)tx->fee, "fee", tx->seq, NULL, err));
    return og_led_add(l, "block_fees", tx->fee, err);
}

enum og_rc og_led_refund_fee(struct og_ledger *l, const struct og_tx *tx, struct og_err *err)
{
    uint64_t fees;
    OG_TRY(og_led_get(l, "block_fees", &fees, err));
    OG_TRY(og_led_set(l, "block_fees", fees - tx->fee, err));
    return og_led_credit(l, &tx->from, tx->fee, "fee back", tx->seq, NULL, err);
}

static struct og_pub_entry *pub_slot(struct og_ledger *l, const struct og_addr *a)
{
    return &l->pubs[og_get_be32(a->b) % OG_PUB_CACHE];
}

void og_led_forget_pub(struct og_ledger *l, const struct og_addr *a)
{
    struct og_pub_entry *e = pub_slot(l, a);
    og_pub_free(e->pub);
    memset(e, 0, sizeof *e);
    l->key_changes++;
}

enum og_rc og_led_known_pub(struct og_ledger *l, const struct og_addr *a, bool cold,
                            struct og_pub **out, struct og_err *err)
{
    struct og_pub_entry *e = pub_slot(l, a);
    *out = e->pub;
    if (e->pub && e->cold == cold && og_addr_eq(&e->addr, a))
        return OG_OK;
    og_pub_free(e->pub);
    memset(e, 0, sizeof *e);
    *out = NULL;
    struct og_acckey k = {.addr = *a};
    bool found;
    OG_TRY(og_row_get(l->st, OG_F_ACCKEY, &k, &found, err));
    const struct og_blob *b = cold ? &k.cold_pub : &k.pub;
    const char *alg = cold ? k.cold_alg : k.alg;
    enum og_rc rc = OG_OK;
    if (!found || !b->n)
        rc = OG_REFUSE(err, "the account has no key yet: its first transaction must carry 'pub'");
    else
        rc = og_pub_parse(alg, b->p, b->n, &e->pub, err);
    OG_RELEASE(OG_F_ACCKEY, &k);
    if (rc != OG_OK)
        return rc;
    e->addr = *a;
    e->cold = cold;
    *out = e->pub;
    return OG_OK;
}

enum og_rc og_led_pub(const json_t *o, struct og_pub **out, struct og_err *err)
{
    enum og_rc rc = og_pub_from_json(o, out, err);
    if (rc == OG_E_UNAVAILABLE)
        err->rc = rc = OG_E_DATA;
    return rc;
}

static enum og_rc read_cold(const json_t *pub, struct og_acckey *k, struct og_err *err)
{
    const json_t *cold;
    struct og_pub *p;
    OG_TRY(og_json_obj_opt(pub, "cold", &cold, err));
    if (!cold)
        return OG_OK;
    OG_TRY(og_pub_from_json(cold, &p, err));
    size_t n;
    const uint8_t *der = og_pub_der(p, &n);
    og_row_set_text(&k->cold_alg, og_pub_alg(p));
    og_row_set_blob(&k->cold_pub, der, n);
    og_pub_free(p);
    return OG_OK;
}

/* An account's first transaction: the key must hash to the address; it is stored. */
static enum og_rc first_key(struct og_ledger *l, const struct og_tx *tx, struct og_err *err)
{
    struct og_pub *p;
    struct og_acckey k = {.addr = tx->from};
    bool found;
    OG_TRY(og_row_get(l->st, OG_F_ACCKEY, &k, &found, err));
    OG_RELEASE(OG_F_ACCKEY, &k);
    if (found)
        return OG_REFUSE(err, "'pub' stands only in an account's first transaction");
    OG_TRY(og_pub_from_json(tx->pub, &p, err));
    struct og_addr a = og_pub_addr(p);
    enum og_rc rc = OG_OK;
    if (!og_addr_eq(&a, &tx->from))
        rc = OG_REFUSE(err, "'pub' is not the key of 'from'");
    else if (!og_led_signed(l, tx, p))
        rc = OG_REFUSE(err, "the signature is wrong");
    if (rc == OG_OK) {
        size_t n;
        const uint8_t *der = og_pub_der(p, &n);
        k.addr = tx->from;
        og_row_set_text(&k.alg, og_pub_alg(p));
        og_row_set_blob(&k.pub, der, n);
        rc = read_cold(tx->pub, &k, err);
    }
    if (rc == OG_OK)
        rc = og_row_put(l->st, OG_F_ACCKEY, &k, err);
    OG_RELEASE(OG_F_ACCKEY, &k);
    og_pub_free(p);
    return rc;
}

static enum og_rc signed_by(struct og_ledger *l, const struct og_tx *tx, bool cold, bool *ok,
                            struct og_err *err)
{
    struct og_pub *p;
    OG_TRY(og_led_known_pub(l, &tx->from, cold, &p, err));
    *ok = og_led_signed(l, tx, p);
    return OG_OK;
}

/* The key.rotate of an account with a cold key may be signed by it. */
static enum og_rc cold_signed(struct og_ledger *l, const struct og_tx *tx, bool *ok,
                              struct og_err *err)
{
    struct og_acckey k = {.addr = tx->from};
    bool found;
    *ok = false;
    OG_TRY(og_row_get(l->st, OG_F_ACCKEY, &k, &found, err));
    bool has = found && k.cold_pub.n;
    OG_RELEASE(OG_F_ACCKEY, &k);
    return has && tx->kind == OG_TX_KEY_ROTATE ? signed_by(l, tx, true, ok, err) : OG_OK;
}

enum og_rc og_led_verify(struct og_ledger *l, const struct og_tx *tx, struct og_err *err)
{
    struct og_account acc = {.addr = tx->from};
    bool found;
    if (memcmp(tx->chain.b, l->chain.b, OG_HASH_LEN) != 0)
        return OG_REFUSE(err, "the transaction is of another chain");
    if (tx->valid_until < l->height)
        return OG_REFUSE(err, "'valid_until' %llu has passed", (unsigned long long)tx->valid_until);
    OG_TRY(og_row_get(l->st, OG_F_ACCOUNT, &acc, &found, err));
    if (!found)
        return OG_REFUSE(err, "the account does not exist");
    if (tx->seq != acc.seq + 1)
        return og_err_set(err, OG_E_TEMPFAIL, "'seq' is %llu, %llu comes next",
                          (unsigned long long)tx->seq, (unsigned long long)acc.seq + 1);
    uint64_t least = og_ledger_fee(l, tx->kind, tx->body, tx->line_bytes);
    if (tx->fee < least)
        return OG_REFUSE(err, "the fee is %llu grains, at least %llu are due",
                         (unsigned long long)tx->fee, (unsigned long long)least);
    if (acc.balance < tx->fee)
        return OG_REFUSE(err, "the balance is %llu grains, the fee %llu",
                         (unsigned long long)acc.balance, (unsigned long long)tx->fee);
    if (tx->pub)
        return first_key(l, tx, err);
    bool ok;
    OG_TRY(signed_by(l, tx, false, &ok, err));
    if (!ok)
        OG_TRY(cold_signed(l, tx, &ok, err));
    return ok ? OG_OK : OG_REFUSE(err, "the signature is wrong");
}

/* Runs without a mark: nothing is written before the last refusal. */
enum og_rc og_tx_transfer(struct og_txn *x, struct og_err *err)
{
    static const char *const none[] = {NULL};
    OG_TRY(og_json_only(x->body, none, err));
    if (!x->tx->has_to)
        return OG_REFUSE(err, "'to' is missing");
    OG_TRY(og_led_debit(x->l, &x->tx->from, x->tx->value, "transfer", x->tx->seq, &x->tx->to, err));
    if (og_addr_eq(&x->tx->to, &x->l->treasury))
        OG_TRY(og_led_add(x->l, "treasury_in", x->tx->value, err));
    return og_led_credit(x->l, &x->tx->to, x->tx->value, "transfer", x->tx->seq, &x->tx->from, err);
}

enum og_rc og_tx_account_new(struct og_txn *x, struct og_err *err)
{
    static const char *const members[] = {"addr", "amount", NULL};
    const char *s;
    struct og_account acc = {0};
    uint64_t amount;
    bool found;
    OG_TRY(og_json_only(x->body, members, err));
    OG_TRY(og_json_str(x->body, "addr", OG_ADDR_TEXT, &s, err));
    OG_TRY(og_json_dec(x->body, "amount", &amount, err));
    if (og_addr_parse(s, &acc.addr, err) != OG_OK)
        return og_err_wrap(err, OG_E_DATA, "'addr'");
    OG_TRY(og_row_get(x->l->st, OG_F_ACCOUNT, &acc, &found, err));
    if (found)
        return OG_REFUSE(err, "the account exists already");
    OG_TRY(og_row_put(x->l->st, OG_F_ACCOUNT, &acc, err));
    OG_TRY(og_led_debit(x->l, &x->tx->from, amount, "transfer", x->tx->seq, &acc.addr, err));
    return og_led_credit(x->l, &acc.addr, amount, "transfer", x->tx->seq, &x->tx->from, err);
}

/* sig_new: the new key signs "ogpu-rotate" ‖ chain ‖ address: whoever rotates holds it. */
static enum og_rc new_key_agrees(struct og_txn *x, struct og_pub *p, struct og_err *err)
{
    const char *s;
    struct og_buf sig = OG_BUF_INIT;
    struct og_buf msg = OG_BUF_INIT;
    OG_TRY(og_json_str(x->body, "sig_new", 2 * OG_SIG_MAX, &s, err));
    enum og_rc rc = og_base64_decode(s, strlen(s), OG_SIG_MAX, &sig, err);
    og_buf_add(&msg, "ogpu-rotate", 12);
    og_buf_add(&msg, x->l->chain.b, OG_HASH_LEN);
    og_buf_add(&msg, x->tx->from.b, OG_ADDR_LEN);
    if (rc == OG_OK && !og_pub_verify(p, msg.p, msg.len, sig.p, sig.len))
        rc = OG_REFUSE(err, "'sig_new' is not of the new key");
    og_buf_release(&sig);
    og_buf_release(&msg);
    return rc;
}

/* By the cold key at once (it also drops a waiting rotation); by the hot key after one epoch, at
 * once when the account has no cold key that could object. */
enum og_rc og_tx_key_rotate(struct og_txn *x, struct og_err *err)
{
    static const char *const members[] = {"key", "sig_new", NULL};
    const json_t *key;
    struct og_pub *p;
    bool by_cold;
    OG_TRY(og_json_only(x->body, members, err));
    OG_TRY(og_json_obj(x->body, "key", &key, err));
    OG_TRY(og_led_pub(key, &p, err));
    enum og_rc rc = new_key_agrees(x, p, err);
    struct og_acckey k = {.addr = x->tx->from};
    if (rc == OG_OK)
        rc = og_row_need(x->l->st, OG_F_ACCKEY, &k, err);
    if (rc == OG_OK)
        rc = cold_signed(x->l, x->tx, &by_cold, err);
    if (rc == OG_OK) {
        size_t n;
        const uint8_t *der = og_pub_der(p, &n);
        bool at_once = by_cold || k.cold_pub.n == 0;
        og_row_set_text(at_once ? &k.alg : &k.next_alg, og_pub_alg(p));
        og_row_set_blob(at_once ? &k.pub : &k.next_pub, der, n);
        if (at_once) {
            og_row_set_text(&k.next_alg, NULL);
            og_row_set_blob(&k.next_pub, NULL, 0);
            k.next_h = k.next_ms = 0;
        } else {
            k.next_h = x->l->height + x->l->p.epoch_blocks;
            k.next_ms = x->l->now_ms + x->l->p.epoch_ms;
        }
        rc = og_row_put(x->l->st, OG_F_ACCKEY, &k, err);
        og_led_forget_pub(x->l, &x->tx->from);
    }
    OG_RELEASE(OG_F_ACCKEY, &k);
    og_pub_free(p);
    return rc;
}

enum og_rc og_led_rotations(struct og_ledger *l, struct og_err *err)
{
    struct og_addr a[64];
    size_t n;
    OG_TRY(og_query_rotations_due(l->st, l->height, l->now_ms, a, 64, &n, err));
    for (size_t i = 0; i < n; i++) {
        struct og_acckey k = {.addr = a[i]};
        OG_TRY(og_row_need(l->st, OG_F_ACCKEY, &k, err));
        og_row_set_text(&k.alg, k.next_alg);
        og_row_set_blob(&k.pub, k.next_pub.p, k.next_pub.n);
        og_row_set_text(&k.next_alg, NULL);
        og_row_set_blob(&k.next_pub, NULL, 0);
        k.next_h = k.next_ms = 0;
        enum og_rc rc = og_row_put(l->st, OG_F_ACCKEY, &k, err);
        OG_RELEASE(OG_F_ACCKEY, &k);
        og_led_forget_pub(l, &a[i]);
        OG_TRY(rc);
    }
    return OG_OK;
}

/* Drops a key of the sender's node; takes effect in this block. */
enum og_rc og_tx_key_revoke(struct og_txn *x, struct og_err *err)
{
    static const char *const members[] = {"spki", "what", NULL};
    const char *what;
    struct og_hash spki;
    struct og_node n;
    OG_TRY(og_json_only(x->body, members, err));
    OG_TRY(og_json_str(x->body, "what", 16, &what, err));
    OG_TRY(og_json_hex(x->body, "spki", spki.b, OG_HASH_LEN, err));
    OG_TRY(og_led_sender_node(x, &n, err));
    struct og_blob *b = strcmp(what, "vrf") == 0         ? &n.vrf
                        : strcmp(what, "consensus") == 0 ? &n.cons_pub
                        : strcmp(what, "tls") == 0       ? &n.tls
                        : strcmp(what, "seal") == 0      ? &n.seal
                                                         : NULL;
    enum og_rc rc = OG_OK;
    struct og_hash have = b && b->n ? og_sha256(b->p, b->n) : (struct og_hash){{0}};
    if (!b)
        rc = OG_REFUSE(err, "'what' must be tls, vrf, consensus or seal");
    else if (b->n == 0 ||
             memcmp(b->n == OG_HASH_LEN && b != &n.cons_pub ? b->p : have.b, spki.b, OG_HASH_LEN))
        rc = OG_REFUSE(err, "the node has no such key");
    if (rc == OG_OK) {
        struct og_validator v = {.node = n.id};
        og_row_set_blob(b, NULL, 0);
        rc = og_row_put(x->l->st, OG_F_NODE, &n, err);
        if (rc == OG_OK && (b == &n.vrf || b == &n.cons_pub)) /* it cannot propose any more */
            rc = og_row_del(x->l->st, OG_F_VALIDATOR, &v, err);
    }
    OG_RELEASE(OG_F_NODE, &n);
    return rc;
}
