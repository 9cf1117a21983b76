/* engine_seal.c - opens and seals blocks of the embedded chain. */
#include "engine/engine_int.h"

#include "base/base_time.h"
#include "crypto/crypto_merkle.h"
#include "store/store_row.h"
#include "store/store_tree.h"

#include <stdlib.h>
#include <string.h>

#define ROUNDS_MAX  4096
#define JUMP_MAX_MS (7ull * 86400 * 1000)
#define DIRTY_MAX   10000 /* changed rows that one block may hold before it is sealed */

enum og_rc og_engine_open_block(struct og_engine *e, struct og_open_block *o, struct og_err *err)
{
    OG_TRY(og_store_meta_u64(e->st, "open_height", 0, &o->height, err));
    OG_TRY(og_store_meta_u64(e->st, "open_time", 0, &o->time_ms, err));
    OG_TRY(og_store_meta_u64(e->st, "open_n", 0, &o->n, err));
    return o->height ? og_ledger_begin_block(e->l, o->height, o->time_ms, err) : OG_OK;
}

enum og_rc og_engine_put_open(struct og_engine *e, const struct og_open_block *o,
                              struct og_err *err)
{
    OG_TRY(og_store_meta_put_u64(e->st, "open_height", o->height, err));
    OG_TRY(og_store_meta_put_u64(e->st, "open_time", o->time_ms, err));
    return og_store_meta_put_u64(e->st, "open_n", o->n, err);
}

enum og_rc og_engine_ensure_open(struct og_engine *e, struct og_open_block *o, struct og_err *err)
{
    uint64_t last;
    uint64_t parent_ms;
    OG_TRY(og_engine_open_block(e, o, err));
    if (o->height && o->n)
        return OG_OK; /* one that holds nothing yet (all were refused) begins anew, now */
    OG_TRY(og_block_last(e->st, &last, NULL, err));
    OG_TRY(og_store_meta_u64(e->st, "last_time", 0, &parent_ms, err));
    uint64_t now = og_time_unix_ms();
    o->height = last + 1;
    o->time_ms = now > parent_ms ? now : parent_ms + 1;
    o->n = 0;
    if (o->time_ms > parent_ms + JUMP_MAX_MS && !e->allow_clock)
        return og_err_set(err, OG_E_CONFIG,
                          "the clock is more than 7 days after the last block; if that is right, "
                          "seal once with 'ogpu-validate --seal --clock'");
    OG_TRY(og_engine_put_open(e, o, err));
    return og_ledger_begin_block(e->l, o->height, o->time_ms, err);
}

enum og_rc og_engine_is_due(struct og_engine *e, const struct og_open_block *o, bool *due,
                            struct og_err *err)
{
    const struct og_params *p = og_ledger_params(e->l);
    uint64_t dirty;
    bool full;
    *due = false;
    if (!o->height || !o->n)
        return OG_OK;
    uint64_t now = og_time_unix_ms();
    OG_TRY(og_tree_pending(e->st, &dirty, err));
    OG_TRY(og_ledger_gas_full(e->l, &full, err));
    *due = full || o->n >= p->block_max || dirty >= DIRTY_MAX ||
           (now > o->time_ms && now - o->time_ms >= p->block_ms);
    return OG_OK;
}

static struct og_sealer *sealer_of(struct og_engine *e, const struct og_node *n)
{
    for (size_t i = 0; i < e->n_sealers; i++) {
        struct og_sealer *s = &e->sealer[i];
        if (n->cons_pub.n == s->cons_der.len && n->vrf.n == OG_VRF_PUB_LEN &&
            memcmp(n->cons_pub.p, s->cons_der.p, s->cons_der.len) == 0 &&
            memcmp(n->vrf.p, s->vrf_pub, OG_VRF_PUB_LEN) == 0)
            return s;
    }
    return NULL;
}

/* The first round whose proposer's keys are here. *s NULL and proposer 0: there is no validator. */
static enum og_rc find_round(struct og_engine *e, struct og_block_open *b, struct og_sealer **s,
                             bool *found, struct og_err *err)
{
    *s = NULL;
    *found = false;
    OG_TRY(og_engine_load_keys(e, err));
    for (b->round = 0; b->round < ROUNDS_MAX; b->round++) {
        struct og_node n = {0};
        OG_TRY(og_ledger_proposer(e->l, b->height, b->round, &b->proposer, err));
        if (!b->proposer) {
            *found = true;
            return OG_OK;
        }
        if (!e->n_sealers)
            return OG_OK;
        n.id = b->proposer;
        OG_TRY(og_row_need(e->st, OG_F_NODE, &n, err));
        *s = sealer_of(e, &n);
        og_row_release(&og_families[OG_F_NODE], &n);
        if (*s) {
            *found = true;
            return OG_OK;
        }
    }
    return OG_OK;
}

static enum og_rc prove(struct og_engine *e, struct og_block_open *b, const struct og_sealer *s,
                        struct og_err *err)
{
    struct og_buf alpha = OG_BUF_INIT;
    if (!s)
        return OG_OK;
    enum og_rc rc = og_ledger_alpha(e->l, b->height, &alpha, err);
    if (rc == OG_OK)
        rc = og_vrf_prove(s->vrf, alpha.p, alpha.len, b->pi, &b->beta, err);
    b->has_pi = b->has_beta = rc == OG_OK;
    og_buf_release(&alpha);
    return rc;
}

static enum og_rc root_of(struct og_engine *e, uint64_t height, bool receipts, struct og_hash *root,
                          size_t *n, struct og_err *err)
{
    struct og_hash *leaf;
    OG_TRY(og_block_leaves(e->st, height, receipts, &leaf, n, err));
    *root = og_merkle_root(leaf, *n);
    free(leaf);
    return OG_OK;
}

static enum og_rc add_open_line(struct og_engine *e, const struct og_block_open *b,
                                struct og_err *err)
{
    static const struct og_addr nobody;
    struct og_buf line = OG_BUF_INIT;
    enum og_rc rc = og_block_open_line(b, &line, err);
    if (rc == OG_OK) {
        struct og_hash id = og_sha256(line.p, line.len);
        struct og_hash leaf = og_merkle_leaf(line.p, line.len);
        rc = og_txrow_add(e->st, OG_POS(b->height, 0), &id, &leaf, &nobody, 0, "", line.p, line.len,
                          err);
    }
    og_buf_release(&line);
    return rc;
}

static enum og_rc fill_header(struct og_engine *e, struct og_header *h, struct og_err *err)
{
    struct og_buf b = OG_BUF_INIT;
    bool found;
    uint64_t last;
    enum og_rc rc = og_store_meta_get(e->st, "app_hash", &b, &found, err);
    if (rc == OG_OK && b.len == OG_HASH_LEN)
        memcpy(h->app_hash.b, b.p, OG_HASH_LEN);
    og_buf_release(&b);
    h->chain = *og_ledger_chain(e->l);
    if (rc == OG_OK)
        rc = og_block_last(e->st, &last, &h->parent, err);
    if (rc == OG_OK && last == 0)
        h->parent = h->chain;
    return rc;
}

enum og_rc og_engine_close_block(struct og_engine *e, struct og_open_block *o, struct og_header *h,
                                 const struct og_sealer *s, struct og_err *err)
{
    struct og_hash app;
    size_t n;
    OG_TRY(fill_header(e, h, err));
    OG_TRY(prove(e, &h->open, s, err));
    OG_TRY(add_open_line(e, &h->open, err));
    OG_TRY(root_of(e, o->height, false, &h->tx_root, &n, err));
    h->n_tx = n;
    OG_TRY(og_ledger_end_block(e->l, &h->open, &h->tx_root, o->n > 0, &app, err));
    OG_TRY(root_of(e, o->height, true, &h->receipt_root, &n, err));
    if (h->sig.len)
        OG_TRY(og_header_keep(h, err));
    else
        OG_TRY(og_header_sign(h, s ? s->consensus : NULL, err));
    OG_TRY(og_block_put(e->st, o->height, &h->hash, h->line.p, h->line.len, err));
    OG_TRY(og_store_meta_put_u64(e->st, "last_time", o->time_ms, err));
    memset(o, 0, sizeof *o);
    return og_engine_put_open(e, o, err);
}

enum og_rc og_engine_seal_open(struct og_engine *e, struct og_open_block *o, bool *sealed,
                               struct og_err *err)
{
    struct og_header h;
    struct og_sealer *s;
    bool found;
    memset(&h, 0, sizeof h);
    h.open.height = o->height;
    h.open.time_ms = o->time_ms;
    *sealed = false;
    OG_TRY(find_round(e, &h.open, &s, &found, err));
    if (!found)
        return OG_OK;
    enum og_rc rc = og_engine_close_block(e, o, &h, s, err);
    og_header_release(&h);
    *sealed = rc == OG_OK;
    return rc;
}

bool og_engine_can_seal(const struct og_engine *e)
{
    struct og_err ignored;
    struct og_engine *w = (struct og_engine *)(uintptr_t)e;
    return !e->comet && og_engine_load_keys(w, &ignored) == OG_OK && e->n_sealers > 0;
}

static enum og_rc seal_locked(struct og_engine *e, bool force, bool empty, bool *sealed,
                              struct og_err *err)
{
    struct og_open_block o;
    bool pending;
    bool due;
    OG_TRY(og_engine_refresh(e, err));
    OG_TRY(og_engine_open_block(e, &o, err));
    OG_TRY(og_ledger_pending(e->l, &pending, err));
    OG_TRY(og_engine_is_due(e, &o, &due, err));
    if (!(due || empty || (force && (o.n || pending))))
        return OG_OK;
    OG_TRY(og_engine_ensure_open(e, &o, err));
    return og_engine_seal_open(e, &o, sealed, err);
}

static enum og_rc seal(struct og_engine *e, bool force, bool empty, bool *sealed,
                       struct og_err *err)
{
    *sealed = false;
    if (e->comet)
        return OG_OK; /* the validators do */
    OG_TRY(og_store_begin(e->st, err));
    enum og_rc rc = seal_locked(e, force, empty, sealed, err);
    if (rc == OG_OK && *sealed)
        rc = og_store_commit(e->st, err);
    if (rc != OG_OK)
        *sealed = false;
    og_store_rollback(e->st);
    return rc;
}

enum og_rc og_engine_seal(struct og_engine *e, bool force, bool *sealed, struct og_err *err)
{
    return seal(e, force, false, sealed, err);
}

enum og_rc og_engine_seal_empty(struct og_engine *e, bool *sealed, struct og_err *err)
{
    return seal(e, true, true, sealed, err);
}
