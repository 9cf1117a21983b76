/* engine_app_pool.c - transactions that wait: an overlay of accounts over the committed state. */
#include "engine/engine_app_int.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "crypto/crypto_merkle.h"

#include <stdlib.h>
#include <string.h>

#define KNOWN_SETS  8192 /* a power of two */
#define KNOWN_WAYS  4
#define PENDING_MAX 1024  /* of one account */
#define SEATS_MAX   32768 /* accounts with something that waits */

struct seat {
    struct og_addr addr;
    struct og_seat s;
    uint32_t waiting;
    bool used;
};

/* Open addressing, at most half full. */
struct og_app_overlay {
    struct seat *v;
    size_t cap, n;
};

struct og_app_overlay *og_overlay_new(void)
{
    struct og_app_overlay *o = og_xcalloc(1, sizeof *o);
    o->cap = 64;
    o->v = og_xcalloc(o->cap, sizeof *o->v);
    return o;
}

void og_overlay_clear(struct og_app_overlay *o)
{
    for (size_t i = 0; i < o->cap; i++)
        og_seat_release(&o->v[i].s);
    memset(o->v, 0, o->cap * sizeof *o->v);
    o->n = 0;
}

void og_overlay_free(struct og_app_overlay *o)
{
    if (!o)
        return;
    og_overlay_clear(o);
    free(o->v);
    free(o);
}

static struct seat *slot_of(const struct og_app_overlay *o, const struct og_addr *a)
{
    size_t i = og_get_be32(a->b) & (o->cap - 1);
    while (o->v[i].used && !og_addr_eq(&o->v[i].addr, a))
        i = (i + 1) & (o->cap - 1);
    return &o->v[i];
}

static void grow(struct og_app_overlay *o)
{
    struct og_app_overlay bigger = {.cap = 2 * o->cap, .n = o->n};
    bigger.v = og_xcalloc(bigger.cap, sizeof *bigger.v);
    for (size_t i = 0; i < o->cap; i++)
        if (o->v[i].used)
            *slot_of(&bigger, &o->v[i].addr) = o->v[i];
    free(o->v);
    *o = bigger;
}

/* The account's seat, from the state where the overlay has none. */
static enum og_rc seat_of(struct og_app *a, struct og_app_overlay *o, const struct og_addr *addr,
                          struct seat **out, struct og_err *err)
{
    struct seat *s = slot_of(o, addr);
    if (!s->used) {
        struct seat fresh = {.addr = *addr, .used = true};
        if (o->n >= SEATS_MAX)
            return og_err_set(err, OG_E_TEMPFAIL, "transactions of too many accounts wait");
        OG_TRY(og_ledger_seat(a->r, addr, &fresh.s, err));
        if (2 * (o->n + 1) > o->cap)
            grow(o);
        s = slot_of(o, addr);
        *s = fresh;
        o->n++;
    }
    *out = s;
    return OG_OK;
}

static struct og_app_line *set_of(const struct og_app *a, const struct og_hash *leaf)
{
    return a->known + (og_get_be64(leaf->b) & (KNOWN_SETS - 1)) * KNOWN_WAYS;
}

static const struct og_app_line *known(const struct og_app *a, const struct og_hash *leaf)
{
    const struct og_app_line *set = a->known ? set_of(a, leaf) : NULL;
    for (size_t i = 0; set && i < KNOWN_WAYS; i++)
        if (set[i].valid_until && memcmp(set[i].leaf.b, leaf->b, OG_HASH_LEN) == 0)
            return &set[i];
    return NULL;
}

static void remember(struct og_app *a, const struct og_tx *tx)
{
    if (!a->known)
        a->known = og_xcalloc((size_t)KNOWN_SETS * KNOWN_WAYS, sizeof *a->known);
    struct og_app_line *set = set_of(a, &tx->leaf);
    memmove(set + 1, set, (KNOWN_WAYS - 1) * sizeof *set); /* the oldest one goes */
    set[0] = (struct og_app_line){.leaf = tx->leaf,
                                  .from = tx->from,
                                  .seq = tx->seq,
                                  .fee = tx->fee,
                                  .value = tx->value,
                                  .valid_until = tx->valid_until};
}

bool og_app_is_known(const struct og_app *a, struct og_span tx)
{
    struct og_hash leaf = og_merkle_leaf(tx.p, tx.n);
    return known(a, &leaf) != NULL;
}

static enum og_rc admit_known(struct og_app *a, struct og_app_overlay *o,
                              const struct og_app_line *k, struct seat **s, struct og_err *err)
{
    OG_TRY(seat_of(a, o, &k->from, s, err));
    if (k->valid_until <= a->height)
        return og_err_set(err, OG_E_DATA, "'valid_until' has passed");
    return og_seat_take(&(*s)->s, k->seq, k->fee, k->value, err);
}

static enum og_rc admit_new(struct og_app *a, struct og_app_overlay *o, struct og_span line,
                            struct seat **s, struct og_err *err)
{
    struct og_tx tx;
    OG_TRY(og_tx_parse((const char *)line.p, line.n, &tx, err));
    enum og_rc rc = seat_of(a, o, &tx.from, s, err);
    if (rc == OG_OK)
        rc = og_ledger_admit(a->r, &tx, &(*s)->s, err);
    if (rc == OG_OK && !tx.pub) /* a first key must come into the overlay each time */
        remember(a, &tx);
    og_tx_release(&tx);
    return rc;
}

enum og_rc og_app_admit(struct og_app *a, struct og_app_overlay *o, struct og_span tx,
                        struct og_err *err)
{
    struct seat *s = NULL;
    if (a->stale_known && a->known)
        memset(a->known, 0, (size_t)KNOWN_SETS * KNOWN_WAYS * sizeof *a->known);
    a->stale_known = false;
    if (tx.n > OG_TX_MATCH_MAX)
        return og_err_set(err, OG_E_DATA, "longer than %d bytes", OG_TX_MATCH_MAX);
    struct og_hash leaf = og_merkle_leaf(tx.p, tx.n);
    const struct og_app_line *k = known(a, &leaf);
    enum og_rc rc = k ? admit_known(a, o, k, &s, err) : admit_new(a, o, tx, &s, err);
    if (rc == OG_OK && o == a->waiting && ++s->waiting > PENDING_MAX) {
        s->s.seq--; /* what it would have taken stays taken until the next block: nothing is owed */
        s->waiting--;
        return og_err_set(err, OG_E_TEMPFAIL, "%d transactions of the account wait already",
                          PENDING_MAX);
    }
    return rc;
}

enum og_rc og_app_next_seq(struct og_app *a, const struct og_addr *addr, uint64_t *seq,
                           bool *has_key, struct og_err *err)
{
    const struct seat *s = slot_of(a->waiting, addr);
    struct og_seat fresh = {0};
    if (!s->used)
        OG_TRY(og_ledger_seat(a->r, addr, &fresh, err));
    *seq = (s->used ? s->s.seq : fresh.seq) + 1;
    *has_key = s->used ? s->s.has_key : fresh.has_key;
    return OG_OK;
}
