/* guard_rules.c - double signatures, replays, copies, forgeries, claims that cannot be. */
#include "guard/guard_rules.h"

#include "base/base_mem.h"
#include "base/base_num.h"

#include <stdlib.h>
#include <string.h>

#define WAYS 8

static const struct {
    const char *word;
    bool of_ledger;
} proofs[OG_GP_COUNT] = {
#define X(name, word, ledger) [OG_GP_##name] = {word, ledger},
    OG_GUARD_PROOFS(X)
#undef X
};

const char *og_guard_proof_word(enum og_guard_proof p)
{
    return proofs[p].word;
}

bool og_guard_proof_of_ledger(enum og_guard_proof p)
{
    return proofs[p].of_ledger;
}

void og_guard_rules_init(struct og_guard_rules *r, size_t facts)
{
    r->buckets = 1;
    while (r->buckets * WAYS < facts)
        r->buckets *= 2;
    r->fact = og_xcalloc(r->buckets * WAYS, sizeof *r->fact);
}

void og_guard_rules_release(struct og_guard_rules *r)
{
    free(r->fact);
    r->fact = NULL;
}

/* The first 8 bytes of a hash over kind and subject: those who choose the subject do not choose the
 * key, and hash and node are compared in full besides. */
static uint64_t key_of(enum og_guard_what what, const void *p, size_t n)
{
    char kind = (char)what;
    struct og_hash h = og_sha256_2(&kind, 1, p, n);
    uint64_t k = og_get_be64(h.b);
    return k ? k : 1;
}

/* The fact with that key, or where it was put now (*is_new). */
static struct og_guard_fact *remember(struct og_guard_rules *r, uint64_t key,
                                      const struct og_guard_event *e, bool *is_new)
{
    struct og_guard_fact *b = r->fact + (key & (r->buckets - 1)) * WAYS, *oldest = b;
    *is_new = false;
    for (size_t i = 0; i < WAYS; i++) {
        if (b[i].key == key)
            return &b[i];
        if (oldest->key && (!b[i].key || b[i].time_ms < oldest->time_ms))
            oldest = &b[i];
    }
    *is_new = true;
    oldest->key = key;
    oldest->node = e->node;
    oldest->id = e->id;
    oldest->time_ms = e->time_ms;
    memcpy(oldest->hash, e->hash.b, sizeof oldest->hash);
    return oldest;
}

static bool hit(struct og_guard_hit *out, enum og_guard_proof p, const struct og_guard_event *e,
                uint64_t subject, const struct og_guard_fact *with)
{
    *out = (struct og_guard_hit){.proof = p,
                                 .node = e->node,
                                 .time_ms = e->time_ms,
                                 .id = e->id,
                                 .subject = subject,
                                 .has_hash = e->has_hash,
                                 .hash = e->hash};
    if (with) {
        out->with = with->id;
        out->with_node = with->node;
        out->with_ms = with->time_ms;
        memcpy(out->with_hash.b, with->hash, sizeof with->hash);
    }
    return true;
}

/* Two headers of one height and round by one key. The same bytes twice prove nothing. */
static bool signed_twice(struct og_guard_rules *r, const struct og_guard_event *e,
                         struct og_guard_hit *out)
{
    uint8_t subject[24];
    bool is_new;
    og_put_be64(subject, e->node);
    og_put_be64(subject + 8, e->v[OG_GE_SIGNED_HEIGHT]);
    og_put_be64(subject + 16, e->v[OG_GE_SIGNED_ROUND]);
    struct og_guard_fact *f =
        remember(r, key_of(OG_GE_SIGNED, subject, sizeof subject), e, &is_new);
    return !is_new && f->node == e->node && memcmp(f->hash, e->hash.b, OG_HASH_LEN) != 0 &&
           hit(out, OG_GP_DOUBLE_SIGN, e, e->v[OG_GE_SIGNED_HEIGHT], f);
}

/* A receipt's nonce is of one lease: the same for another lease is a replay. Seen again for the
 * same lease it is the same receipt, told twice. */
static bool replayed(struct og_guard_rules *r, const struct og_guard_event *e,
                     struct og_guard_hit *out)
{
    struct og_guard_event first = *e;
    bool is_new;
    og_put_be64(first.hash.b, e->v[0]); /* of the fact: the lease */
    struct og_guard_fact *f =
        remember(r, key_of(OG_GE_RECEIPT, e->hash.b, OG_HASH_LEN), &first, &is_new);
    if (is_new || f->node != e->node || og_get_be64(f->hash) == e->v[0])
        return false;
    hit(out, OG_GP_REPLAY, e, e->v[0], f);
    out->with_hash = e->hash;
    return true;
}

/* A commit's hash covers the node's address: the same from another node was copied, and the later
 * one is the copy. */
static bool copied(struct og_guard_rules *r, const struct og_guard_event *e,
                   struct og_guard_hit *out)
{
    bool is_new;
    if (!e->has_hash)
        return false;
    struct og_guard_fact *f = remember(r, key_of(OG_GE_COMMIT, e->hash.b, OG_HASH_LEN), e, &is_new);
    return !is_new && f->node != e->node && f->time_ms < e->time_ms &&
           memcmp(f->hash, e->hash.b, OG_HASH_LEN) == 0 &&
           hit(out, OG_GP_COPIED_COMMIT, e, e->v[OG_GE_COMMIT_LEASE], f);
}

bool og_guard_rules_see(struct og_guard_rules *r, const struct og_guard_event *e,
                        struct og_guard_hit *out)
{
    switch (e->what) {
    case OG_GE_SIGNED: return signed_twice(r, e, out);
    case OG_GE_RECEIPT: return replayed(r, e, out);
    case OG_GE_COMMIT: return copied(r, e, out);
    case OG_GE_CLAIM:
        if (e->v[OG_GE_CLAIM_BAD])
            return hit(out, OG_GP_FORGED, e, e->v[OG_GE_CLAIM_LEASE], NULL);
        return e->v[OG_GE_CLAIM_RUN] > e->v[OG_GE_CLAIM_PASSED] + OG_GUARD_EARLY_MS &&
               hit(out, OG_GP_IMPOSSIBLE, e, e->v[OG_GE_CLAIM_LEASE], NULL);
    case OG_GE_WRONG: /* the ledger judged it: three verifiers against the node */
        return hit(out, OG_GP_WRONG_RESULT, e, e->v[0], NULL);
    case OG_GE_SETTLED:
    case OG_GE_OFFERED:
    case OG_GE_CANARY:
    case OG_GE_CAPACITY:
    case OG_GE_STAKE:
    case OG_GE_JOINED:
    case OG_GE_VOTE:
    case OG_GE_PRICE:
    case OG_GE_TRAFFIC:
    case OG_GE_TELEMETRY:
    case OG_GE_DISPUTE:
    case OG_GE_INTEL:
    case OG_GE_LATE:
    case OG_GE_COUNT: break;
    }
    return false;
}
