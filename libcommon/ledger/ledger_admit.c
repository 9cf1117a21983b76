/* ledger_admit.c - admits transactions to the queue of a network; remembers verified signatures. */
#include "ledger/ledger_admit.h"

#include "ledger/ledger_int.h"

#include "base/base_mem.h"

#include <stdlib.h>
#include <string.h>

#define WAYS 4 /* places an entry may have */

struct og_seen {
    size_t sets; /* a power of two */
    uint32_t turn;
    struct og_hash *key;
};

struct og_seen *og_seen_new(size_t entries)
{
    struct og_seen *s = og_xcalloc(1, sizeof *s);
    s->sets = 1;
    while (s->sets * WAYS < entries)
        s->sets *= 2;
    s->key = og_xcalloc(s->sets * WAYS, sizeof *s->key);
    return s;
}

void og_seen_free(struct og_seen *s)
{
    if (!s)
        return;
    free(s->key);
    free(s);
}

static struct og_hash *set_of(const struct og_seen *s, const struct og_hash *k)
{
    return s->key + (og_get_be64(k->b) & (s->sets - 1)) * WAYS;
}

static bool seen(const struct og_seen *s, const struct og_hash *k)
{
    const struct og_hash *set = set_of(s, k);
    for (size_t i = 0; i < WAYS; i++)
        if (memcmp(set[i].b, k->b, OG_HASH_LEN) == 0)
            return true;
    return false;
}

void og_ledger_set_seen(struct og_ledger *l, struct og_seen *s)
{
    l->seen = s;
}

/* One entry: this line, by this key. */
static struct og_hash mark_of(const struct og_tx *tx, const struct og_pub *p)
{
    size_t n;
    const uint8_t *der = og_pub_der(p, &n);
    return og_sha256_2(tx->leaf.b, OG_HASH_LEN, der, n);
}

bool og_led_signed(struct og_ledger *l, const struct og_tx *tx, const struct og_pub *p)
{
    struct og_hash k = {{0}};
    if (l->seen) {
        k = mark_of(tx, p);
        if (seen(l->seen, &k))
            return true;
    }
    if (!og_pub_verify(p, tx->unsigned_bytes.p, tx->unsigned_bytes.len, tx->sig.p, tx->sig.len))
        return false;
    if (l->seen)
        set_of(l->seen, &k)[l->seen->turn++ % WAYS] = k;
    return true;
}

uint64_t og_ledger_key_changes(const struct og_ledger *l)
{
    return l->key_changes;
}

enum og_rc og_ledger_follow(struct og_ledger *l, bool forget_keys, struct og_err *err)
{
    l->version = forget_keys ? UINT64_MAX : og_store_version(l->st);
    return og_ledger_reload(l, err);
}

enum og_rc og_ledger_seat(struct og_ledger *l, const struct og_addr *a, struct og_seat *out,
                          struct og_err *err)
{
    struct og_account acc = {.addr = *a};
    struct og_acckey k = {.addr = *a};
    bool found;
    *out = (struct og_seat){0};
    OG_TRY(og_row_get(l->st, OG_F_ACCOUNT, &acc, &found, err));
    if (!found)
        return OG_REFUSE(err, "the account does not exist");
    OG_TRY(og_row_get(l->st, OG_F_ACCKEY, &k, &out->has_key, err));
    OG_RELEASE(OG_F_ACCKEY, &k);
    out->seq = acc.seq;
    out->balance = acc.balance;
    return OG_OK;
}

void og_seat_release(struct og_seat *s)
{
    og_pub_free(s->pub);
    s->pub = NULL;
}

enum og_rc og_seat_take(struct og_seat *seat, uint64_t seq, uint64_t fee, uint64_t value,
                        struct og_err *err)
{
    if (seq != seat->seq + 1)
        return og_err_set(err, OG_E_TEMPFAIL, "'seq' is %llu, %llu comes next",
                          (unsigned long long)seq, (unsigned long long)seat->seq + 1);
    if (seat->balance < fee)
        return OG_REFUSE(err, "the balance is %llu grains, the fee %llu",
                         (unsigned long long)seat->balance, (unsigned long long)fee);
    seat->seq = seq;
    seat->balance -= fee;
    seat->balance -= og_min_u64(value, seat->balance); /* a transfer that fails pays its fee too */
    return OG_OK;
}

/* The key that must have signed: the one on the chain, a waiting one, or the transaction's own. */
static enum og_rc signer(struct og_ledger *l, const struct og_tx *tx, const struct og_seat *seat,
                         struct og_pub **own, const struct og_pub **out, struct og_err *err)
{
    struct og_pub *p = seat->pub;
    *own = NULL;
    if (tx->pub && seat->has_key)
        return OG_REFUSE(err, "'pub' stands only in an account's first transaction");
    if (tx->pub) {
        OG_TRY(og_led_pub(tx->pub, own, err));
        struct og_addr a = og_pub_addr(*own);
        if (!og_addr_eq(&a, &tx->from))
            return OG_REFUSE(err, "'pub' is not the key of 'from'");
        p = *own;
    }
    if (!p)
        OG_TRY(og_led_known_pub(l, &tx->from, false, &p, err));
    *out = p;
    return OG_OK;
}

static enum og_rc check_signature(struct og_ledger *l, const struct og_tx *tx, struct og_seat *seat,
                                  struct og_err *err)
{
    struct og_pub *own;
    const struct og_pub *p = NULL;
    struct og_pub *cold = NULL;
    struct og_err ignored;
    enum og_rc rc = signer(l, tx, seat, &own, &p, err);
    bool ok = rc == OG_OK && og_led_signed(l, tx, p);
    if (rc == OG_OK && !ok && !own && tx->kind == OG_TX_KEY_ROTATE &&
        og_led_known_pub(l, &tx->from, true, &cold, &ignored) == OG_OK)
        ok = og_led_signed(l, tx, cold);
    if (rc == OG_OK && !ok)
        rc = OG_REFUSE(err, "the signature is wrong");
    if (rc == OG_OK && own) {
        og_pub_free(seat->pub);
        seat->pub = own;
        seat->has_key = true;
        return OG_OK;
    }
    og_pub_free(own);
    return rc;
}

enum og_rc og_ledger_admit(struct og_ledger *l, const struct og_tx *tx, struct og_seat *seat,
                           struct og_err *err)
{
    struct og_seat next = *seat;
    if (memcmp(tx->chain.b, l->chain.b, OG_HASH_LEN) != 0)
        return OG_REFUSE(err, "the transaction is of another chain");
    OG_TRY(og_led_kind_known(l, tx, err));
    if (tx->valid_until < l->height)
        return OG_REFUSE(err, "'valid_until' %llu has passed", (unsigned long long)tx->valid_until);
    uint64_t least = og_ledger_fee(l, tx->kind, tx->body, tx->line_bytes);
    if (tx->fee < least)
        return OG_REFUSE(err, "the fee is %llu grains, at least %llu are due",
                         (unsigned long long)tx->fee, (unsigned long long)least);
    OG_TRY(og_seat_take(&next, tx->seq, tx->fee, tx->value, err));
    OG_TRY(check_signature(l, tx, seat, err));
    seat->seq = next.seq;
    seat->balance = next.balance;
    return OG_OK;
}
