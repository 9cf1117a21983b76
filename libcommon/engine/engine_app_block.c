/* engine_app_block.c - blocks of a network: proposed, checked, executed. */
#include "engine/engine_app_int.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "store/store_row.h"

#include <stdlib.h>
#include <string.h>

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static enum og_rc fill_votes(struct og_app *a, const struct og_abci_req *r, struct og_block_open *o,
                             struct og_err *err)
{
    for (size_t i = 0; i < r->n_votes && o->n_votes < OG_VOTES_MAX; i++) {
        uint64_t node;
        if (r->votes[i].flag != OG_ABCI_FLAG_COMMIT)
            continue;
        OG_TRY(og_app_node_of(a, r->votes[i].addr, &node, err));
        if (node)
            o->votes[o->n_votes++] = node;
    }
    qsort(o->votes, o->n_votes, sizeof *o->votes, by_number);
    for (size_t i = 0; i < r->n_faults && o->n_faults < OG_FAULTS_MAX; i++) {
        const struct og_abci_fault *f = &r->faults[i];
        uint64_t node;
        OG_TRY(og_app_node_of(a, f->addr, &node, err));
        if (node && f->height > 0)
            o->fault[o->n_faults++] = (struct og_block_fault){node, (uint64_t)f->height};
    }
    return OG_OK;
}

/* What block.open must say of the engine's header; only the proof is the proposer's own. */
static enum og_rc expected(struct og_app *a, const struct og_abci_req *r, struct og_block_open *o,
                           struct og_err *err)
{
    uint64_t last_ms;
    memset(o, 0, sizeof *o);
    OG_TRY(og_store_meta_u64(a->rst, "last_time", 0, &last_ms, err));
    o->height = (uint64_t)r->height;
    o->time_ms = og_max_u64(og_abci_time_ms(r), last_ms + 1);
    o->round = r->round;
    if (r->proposer.n == OG_ABCI_ADDR_LEN)
        OG_TRY(og_app_node_of(a, r->proposer.p, &o->proposer, err));
    return fill_votes(a, r, o, err);
}

static const struct og_sealer *sealer_of(struct og_app *a, const struct og_node *n)
{
    for (size_t i = 0; n->vrf.n == OG_VRF_PUB_LEN && i < a->e.n_sealers; i++)
        if (memcmp(n->vrf.p, a->e.sealer[i].vrf_pub, OG_VRF_PUB_LEN) == 0)
            return &a->e.sealer[i];
    return NULL;
}

/* *made false: the VRF key of the proposer is not here. */
static enum og_rc prove(struct og_app *a, struct og_block_open *o, bool *made, struct og_err *err)
{
    struct og_node n = {.id = o->proposer};
    struct og_buf alpha = OG_BUF_INIT;
    *made = false;
    if (!o->proposer)
        return OG_OK;
    OG_TRY(og_row_need(a->rst, OG_F_NODE, &n, err));
    const struct og_sealer *s = sealer_of(a, &n);
    og_row_release(&og_families[OG_F_NODE], &n);
    if (!s)
        return OG_OK;
    enum og_rc rc = og_ledger_alpha(a->r, o->height, &alpha, err);
    if (rc == OG_OK)
        rc = og_vrf_prove(s->vrf, alpha.p, alpha.len, o->pi, &a->proof.beta, err);
    og_buf_release(&alpha);
    if (rc == OG_OK) {
        a->proof.height = o->height;
        memcpy(a->proof.pi, o->pi, sizeof o->pi);
        *made = o->has_pi = true;
    }
    return rc;
}

/* True when o's proof is its proposer's; sets the beta. */
static enum og_rc verify(struct og_app *a, struct og_block_open *o, bool *ok, struct og_err *err)
{
    struct og_node n = {.id = o->proposer};
    struct og_buf alpha = OG_BUF_INIT;
    *ok = a->proof.height == o->height && memcmp(a->proof.pi, o->pi, sizeof o->pi) == 0;
    if (!*ok && o->proposer && o->has_pi) {
        OG_TRY(og_row_need(a->rst, OG_F_NODE, &n, err));
        enum og_rc rc = og_ledger_alpha(a->r, o->height, &alpha, err);
        *ok = rc == OG_OK && n.vrf.n == OG_VRF_PUB_LEN &&
              og_vrf_verify(n.vrf.p, alpha.p, alpha.len, o->pi, &a->proof.beta);
        og_row_release(&og_families[OG_F_NODE], &n);
        og_buf_release(&alpha);
        OG_TRY(rc);
        a->proof.height = *ok ? o->height : 0;
        memcpy(a->proof.pi, o->pi, sizeof o->pi);
    }
    o->has_beta = *ok;
    o->beta = a->proof.beta;
    return OG_OK;
}

/* Transactions of the mempool that follow on each other and fit. Those that do not are left. */
static size_t choose(struct og_app *a, const struct og_abci_req *r, size_t room,
                     struct og_buf *body)
{
    struct og_app_overlay *o = og_overlay_new();
    size_t n = 0;
    for (size_t i = 0; i < r->n_txs; i++) {
        struct og_err ignored;
        size_t size = og_pb_item_size(r->txs[i].n);
        if (size > room || og_app_admit(a, o, r->txs[i], &ignored) != OG_OK)
            continue;
        og_pb_put_item(body, 1, r->txs[i].p, r->txs[i].n);
        room -= size;
        n++;
    }
    og_overlay_free(o);
    return n;
}

enum og_rc og_app_prepare(struct og_app *a, const struct og_abci_req *r, struct og_buf *body,
                          struct og_err *err)
{
    struct og_block_open o;
    struct og_buf line = OG_BUF_INIT;
    struct og_buf txs = OG_BUF_INIT;
    bool pending;
    bool made = false;
    OG_TRY(og_ledger_pending(a->r, &pending, err));
    OG_TRY(expected(a, r, &o, err));
    OG_TRY(prove(a, &o, &made, err));
    if (!made) /* without the key nothing but an empty block can be proposed */
        return OG_OK;
    enum og_rc rc = og_block_open_line(&o, &line, err);
    size_t head = og_pb_item_size(line.len);
    size_t max = r->max_tx_bytes > 0 ? (size_t)r->max_tx_bytes : 0;
    size_t n = rc == OG_OK && max > head ? choose(a, r, max - head, &txs) : 0;
    if (rc == OG_OK && (n || pending)) {
        og_pb_put_item(body, 1, line.p, line.len);
        og_buf_add(body, txs.p, txs.len);
    }
    og_buf_release(&line);
    og_buf_release(&txs);
    return rc;
}

/* The block's first transaction is the block.open that must stand there. *ok false: it is not. */
static enum og_rc check_open(struct og_app *a, const struct og_abci_req *r, struct og_block_open *o,
                             bool *ok, struct og_err *err)
{
    struct og_block_open got;
    struct og_err why;
    struct og_buf line = OG_BUF_INIT;
    *ok = false;
    OG_TRY(expected(a, r, o, err));
    const struct og_span *first = &r->txs[0];
    if (og_block_open_parse((const char *)first->p, first->n, &got, &why) != OG_OK || !got.has_pi)
        return OG_OK;
    o->has_pi = true;
    memcpy(o->pi, got.pi, sizeof o->pi);
    enum og_rc rc = og_block_open_line(o, &line, err);
    bool same = rc == OG_OK && line.len == first->n && memcmp(line.p, first->p, line.len) == 0;
    og_buf_release(&line);
    return rc == OG_OK && same ? verify(a, o, ok, err) : rc;
}

static bool is_tx(struct og_app *a, struct og_span line)
{
    struct og_tx tx;
    struct og_err ignored;
    if (og_app_is_known(a, line))
        return true;
    if (og_tx_parse((const char *)line.p, line.n, &tx, &ignored) != OG_OK)
        return false;
    og_tx_release(&tx);
    return true;
}

static enum og_rc acceptable(struct og_app *a, const struct og_abci_req *r, bool *ok,
                             struct og_err *err)
{
    struct og_block_open o;
    bool pending;
    OG_TRY(og_ledger_pending(a->r, &pending, err));
    *ok = r->n_txs ? r->n_txs > 1 || pending : !pending;
    if (!*ok || r->n_txs == 0)
        return OG_OK;
    OG_TRY(check_open(a, r, &o, ok, err));
    for (size_t i = 1; *ok && i < r->n_txs; i++)
        *ok = is_tx(a, r->txs[i]);
    return OG_OK;
}

enum og_rc og_app_process(struct og_app *a, const struct og_abci_req *r, struct og_buf *body,
                          struct og_err *err)
{
    bool ok = true;
    if (!a->replay) /* a replay compares in FinalizeBlock, and stops at a difference */
        OG_TRY(acceptable(a, r, &ok, err));
    og_pb_put_u64(body, 1, ok ? OG_ABCI_ACCEPT : OG_ABCI_REJECT);
    return OG_OK;
}

/* Code 0: done. Below 1000: in the block, failed, its fee paid. From 1000: not in the block. */
static enum og_rc apply_all(struct og_app *a, const struct og_abci_req *r, size_t from,
                            struct og_open_block *o, struct og_buf *body, struct og_err *err)
{
    for (size_t i = 0; i < from; i++)
        og_abci_put_result(body, 2, 0, "");
    for (size_t i = from; i < r->n_txs; i++) {
        struct og_sent sent;
        OG_TRY(og_engine_apply_line(&a->e, (const char *)r->txs[i].p, r->txs[i].n, o, &sent, err));
        uint32_t code = sent.in_block ? (uint32_t)sent.rc : 1000u + (uint32_t)sent.rc;
        og_abci_put_result(body, 2, code, sent.msg);
        if (a->replay && !sent.in_block)
            return og_err_set(err, OG_E_DATA, "a replayed transaction is refused: %s", sent.msg);
    }
    return OG_OK;
}

static enum og_rc execute(struct og_app *a, const struct og_abci_req *r, struct og_header *h,
                          struct og_buf *body, struct og_err *err)
{
    struct og_open_block o = {.height = h->open.height, .time_ms = h->open.time_ms};
    struct og_buf recorded = OG_BUF_INIT;
    og_buf_add(&recorded, h->line.p, h->line.len);
    OG_TRY(og_ledger_begin_block(a->e.l, o.height, o.time_ms, err));
    enum og_rc rc = apply_all(a, r, r->n_txs ? 1 : 0, &o, body, err);
    if (rc == OG_OK)
        rc = og_engine_close_block(&a->e, &o, h, NULL, err);
    if (rc == OG_OK && a->replay &&
        (recorded.len != h->line.len || memcmp(recorded.p, h->line.p, recorded.len) != 0))
        rc = og_err_set(err, OG_E_DATA, "block %llu comes to another header than the recorded one",
                        (unsigned long long)h->open.height);
    og_buf_release(&recorded);
    return rc;
}

static enum og_rc put_hash_and_updates(struct og_app *a, struct og_buf *body, struct og_err *err)
{
    struct og_buf hash = OG_BUF_INIT;
    struct og_app_vals now;
    bool found;
    enum og_rc rc = og_store_meta_get(a->e.st, "app_hash", &hash, &found, err);
    if (rc == OG_OK && !a->replay) {
        rc = og_app_load_vals(a->e.l, &now, err);
        if (rc == OG_OK)
            og_app_put_updates(body, 3, &a->before, &now);
        og_app_free_vals(&now);
    }
    if (rc == OG_OK)
        og_pb_put_bytes(body, 5, hash.p, hash.len);
    og_buf_release(&hash);
    return rc;
}

/* The header of the block, from the engine's or from the recorded one. *none: a replay network had
 * nothing to feed, and its ledger has no such block. */
static enum og_rc head_of(struct og_app *a, const struct og_abci_req *r, struct og_header *h,
                          bool *none, struct og_err *err)
{
    bool ok = true;
    *none = a->replay && r->n_txs == 0;
    if (*none)
        return OG_OK;
    if (a->replay)
        return og_replay_header(a, r->txs[0], h, err);
    if (r->n_txs == 0)
        return expected(a, r, &h->open, err);
    OG_TRY(check_open(a, r, &h->open, &ok, err));
    return ok ? OG_OK
              : og_err_set(err, OG_E_DATA,
                           "block %llu was decided without its block.open: a third or more of the "
                           "validators is not honest",
                           (unsigned long long)r->height);
}

static void note_kinds(struct og_app *a, const struct og_abci_req *r)
{
    /* keys, nodes and parameters may have changed; what is remembered of them is read anew */
    static const char *const words[] = {"\"kind\":\"node.", "\"kind\":\"key.",
                                        "\"kind\":\"params.set\"", "\"kind\":\"evidence\""};
    for (size_t i = 0; i < r->n_txs && !(a->stale_who && a->stale_known); i++)
        for (size_t k = 0; k < sizeof words / sizeof *words; k++)
            if (memmem(r->txs[i].p, r->txs[i].n, words[k], strlen(words[k])))
                a->stale_who = a->stale_known = true;
    a->stale_who = a->stale_who || r->n_faults;
}

enum og_rc og_app_finalize(struct og_app *a, const struct og_abci_req *r, struct og_buf *body,
                           struct og_err *err)
{
    struct og_header h;
    bool none;
    memset(&h, 0, sizeof h);
    bool again = og_store_in_transaction(a->e.st);
    og_store_rollback(a->e.st); /* a block that was executed and not committed comes again */
    OG_TRY(og_store_begin(a->e.st, err));
    enum og_rc rc = og_ledger_follow(a->e.l, again, err);
    if (rc == OG_OK)
        rc = head_of(a, r, &h, &none, err);
    if (rc == OG_OK && !none)
        rc = execute(a, r, &h, body, err);
    og_header_release(&h);
    if (rc == OG_OK)
        rc = og_store_meta_put_u64(a->e.st, "comet_h", (uint64_t)r->height, err);
    if (rc == OG_OK)
        rc = put_hash_and_updates(a, body, err);
    if (rc != OG_OK) {
        og_store_rollback(a->e.st);
        return rc;
    }
    a->next_height = (uint64_t)r->height;
    note_kinds(a, r);
    return OG_OK;
}
