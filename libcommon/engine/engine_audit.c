/* engine_audit.c - replays a chain from its genesis and compares everything with it. */
#include "engine/engine_audit.h"

#include "base/base_mem.h"
#include "crypto/crypto_merkle.h"
#include "store/store_block.h"
#include "store/store_row.h"
#include "store/store_same.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct audit {
    struct og_store *live, *scratch;
    struct og_ledger *l;
    const struct og_audit_want *want;
    struct og_audit *out;
    bool stop;             /* who looks on has seen enough */
    struct og_hash parent; /* hash of the block before */
    uint64_t time_ms;
};

/* The first difference: the audit ends here, with OG_NO inside this file. */
static enum og_rc differs(struct audit *a, uint64_t height, uint64_t index, const char *fmt, ...)
    OG_PRINTF(4, 5);
static enum og_rc differs(struct audit *a, uint64_t height, uint64_t index, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(a->out->what, sizeof a->out->what, fmt, ap);
    va_end(ap);
    a->out->bad_height = height;
    a->out->bad_index = index;
    a->out->ok = false;
    return OG_NO;
}

static bool same(const struct og_hash *x, const struct og_hash *y)
{
    return memcmp(x->b, y->b, OG_HASH_LEN) == 0;
}

static enum og_rc start(struct audit *a, struct og_err *err)
{
    struct og_buf g = OG_BUF_INIT;
    bool found;
    OG_TRY(og_store_meta_get(a->live, "genesis", &g, &found, err));
    if (!found) {
        og_buf_release(&g);
        return og_err_set(err, OG_E_CONFIG, "there is no chain to audit; run 'ogpu init' first");
    }
    enum og_rc rc = og_store_open(
        a->want->scratch_dir, OG_STORE_WRITE | OG_STORE_CREATE | OG_STORE_NOSYNC, &a->scratch, err);
    if (rc == OG_OK)
        rc = og_store_begin(a->scratch, err);
    if (rc == OG_OK) {
        rc = og_ledger_genesis(a->scratch, g.p, g.len, err);
        if (rc == OG_E_DATA)
            rc = differs(a, 0, 0, "the genesis is not valid: %s", err->msg);
    }
    if (rc == OG_OK)
        rc = og_store_commit(a->scratch, err);
    if (rc == OG_OK)
        rc = og_ledger_open(a->scratch, &a->l, err);
    a->out->chain = a->parent = og_sha256(g.p, g.len);
    if (rc == OG_OK)
        rc = og_store_meta_u64(a->scratch, "last_time", 0, &a->time_ms, err);
    og_buf_release(&g);
    return rc;
}

static enum og_rc app_hash_now(struct audit *a, struct og_hash *out, struct og_err *err)
{
    struct og_buf b = OG_BUF_INIT;
    bool found;
    enum og_rc rc = og_store_meta_get(a->scratch, "app_hash", &b, &found, err);
    memset(out, 0, sizeof *out);
    if (rc == OG_OK && b.len == OG_HASH_LEN)
        memcpy(out->b, b.p, OG_HASH_LEN);
    og_buf_release(&b);
    return rc;
}

static enum og_rc read_header(struct audit *a, uint64_t height, struct og_header *h,
                              struct og_err *err)
{
    struct og_hash hash;
    struct og_buf line = OG_BUF_INIT;
    struct og_err why = {0};
    bool found;
    OG_TRY(og_block_get(a->live, height, &hash, &line, &found, err));
    if (!found)
        return differs(a, height, 0, "the block is missing");
    enum og_rc rc = og_header_parse(line.p, line.len, h, &why);
    og_buf_release(&line);
    if (rc != OG_OK)
        return differs(a, height, 0, "the header is malformed: %s", why.msg);
    if (!same(&h->hash, &hash))
        return differs(a, height, 0, "the header's hash is not the block's");
    return OG_OK;
}

/* What can be said of a header before its transactions are replayed. */
static enum og_rc check_header(struct audit *a, uint64_t height, const struct og_header *h,
                               struct og_err *err)
{
    struct og_hash app;
    if (h->open.height != height)
        return differs(a, height, 0, "the header says height %" PRIu64, h->open.height);
    if (!same(&h->chain, &a->out->chain))
        return differs(a, height, 0, "the header is of another chain");
    if (!same(&h->parent, &a->parent))
        return differs(a, height, 0, "the parent is not the block before");
    if (h->open.time_ms <= a->time_ms)
        return differs(a, height, 0, "the time does not move on");
    OG_TRY(app_hash_now(a, &app, err));
    if (!same(&h->app_hash, &app))
        return differs(a, height, 0, "the app hash is not that of the state before");
    return OG_OK;
}

static enum og_rc apply_tx(struct audit *a, uint64_t height, uint64_t index,
                           const struct og_txrow *row, struct og_err *err)
{
    struct og_tx tx;
    struct og_applied done;
    struct og_err why = {0};
    char made[32] = "";
    if (og_tx_parse(row->line.p, row->line.len, &tx, &why) != OG_OK)
        return differs(a, height, index, "the transaction is malformed: %s", why.msg);
    enum og_rc rc = a->want->before
                        ? a->want->before(a->want->ctx, a->l, &tx, height, index, &a->stop, err)
                        : OG_OK;
    bool named =
        same(&tx.id, &row->id) && same(&tx.leaf, &row->leaf) && og_addr_eq(&tx.from, &row->sender);
    if (rc == OG_OK && !a->stop)
        rc = og_ledger_apply(a->l, &tx, row->line.p, index, &done, err);
    og_tx_release(&tx);
    if (a->stop && rc == OG_OK)
        return OG_NO;
    if (rc == OG_E_DATA || rc == OG_E_INTERNAL)
        return differs(a, height, index, "the replay fails: %s", err->msg);
    OG_TRY(rc);
    if (!named)
        return differs(a, height, index, "it is stored under another txid, leaf or sender");
    if (!done.in_block)
        return differs(a, height, index, "it does not belong into the block: %s", done.msg);
    if ((uint64_t)done.rc != row->status)
        return differs(a, height, index, "its status is %d, %" PRIu64 " is stored%s%s",
                       (int)done.rc, row->status, done.msg[0] ? ": " : "", done.msg);
    if (done.first_id)
        snprintf(made, sizeof made, "%" PRIu64, done.first_id);
    if (done.rc == OG_OK && strcmp(made, row->result.p ? row->result.p : "") != 0)
        return differs(a, height, index, "it made '%s', '%.20s' is stored", made, row->result.p);
    return OG_OK;
}

/* *end: there is no transaction of this index. */
static enum og_rc next_tx(struct audit *a, uint64_t height, uint64_t index, bool *end,
                          struct og_err *err)
{
    struct og_txrow row = {0};
    bool found;
    enum og_rc rc = og_txrow_get(a->live, OG_POS(height, index), NULL, &row, &found, err);
    *end = rc == OG_OK && !found;
    if (rc == OG_OK && found)
        rc = apply_tx(a, height, index, &row, err);
    if (rc == OG_OK && found)
        a->out->txs++;
    og_txrow_release(&row);
    return rc;
}

static enum og_rc check_open_line(struct audit *a, const struct og_header *h, struct og_hash *leaf,
                                  struct og_err *err)
{
    struct og_txrow row = {0};
    struct og_buf want = OG_BUF_INIT;
    bool found;
    uint64_t height = h->open.height;
    enum og_rc rc = og_txrow_get(a->live, OG_POS(height, 0), NULL, &row, &found, err);
    if (rc == OG_OK)
        rc = og_block_open_line(&h->open, &want, err);
    if (rc == OG_OK && !found)
        rc = differs(a, height, 0, "block.open is missing");
    else if (rc == OG_OK && (want.len != row.line.len || memcmp(want.p, row.line.p, want.len) != 0))
        rc = differs(a, height, 0, "block.open is not what the header says");
    if (rc == OG_OK) {
        struct og_hash id = og_sha256(want.p, want.len);
        *leaf = og_merkle_leaf(want.p, want.len);
        rc = og_txrow_add(a->scratch, OG_POS(height, 0), &id, leaf, &row.sender, 0, "", want.p,
                          want.len, err);
    }
    og_buf_release(&want);
    og_txrow_release(&row);
    return rc;
}

/* The proposer's signature, by the key it had when it sealed. Draw and proof are checked by the
 * state machine at the block's end. */
static enum og_rc check_signature(struct audit *a, const struct og_header *h, struct og_err *err)
{
    struct og_node n = {.id = h->open.proposer};
    struct og_pub *pub = NULL;
    struct og_err why = {0};
    bool found;
    uint64_t drawn;
    if (og_ledger_is_comet(a->l)) /* the engine's commit signs it, not the proposer alone */
        return h->sig.len ? differs(a, h->open.height, 0, "the block of a network has a signature")
                          : OG_OK;
    if (!n.id) {
        OG_TRY(og_ledger_proposer(a->l, h->open.height, h->open.round, &drawn, err));
        return drawn || h->sig.len
                   ? differs(a, h->open.height, 0,
                             "the block names no proposer, %" PRIu64 " was drawn", drawn)
                   : OG_OK;
    }
    OG_TRY(og_row_get(a->scratch, OG_F_NODE, &n, &found, err));
    bool ok = found &&
              og_pub_parse(n.cons_alg ? n.cons_alg : "", n.cons_pub.p, n.cons_pub.n, &pub, &why) ==
                  OG_OK &&
              og_header_verify(h, pub);
    og_pub_free(pub);
    og_row_release(&og_families[OG_F_NODE], &n);
    return ok ? OG_OK
              : differs(a, h->open.height, 0, "the signature of proposer %" PRIu64 " is wrong",
                        h->open.proposer);
}

static enum og_rc root_of(struct og_store *st, uint64_t height, bool receipts, struct og_hash *root,
                          size_t *n, struct og_err *err)
{
    struct og_hash *leaf;
    OG_TRY(og_block_leaves(st, height, receipts, &leaf, n, err));
    *root = og_merkle_root(leaf, *n);
    free(leaf);
    return OG_OK;
}

static enum og_rc end_block(struct audit *a, const struct og_header *h, uint64_t n_tx,
                            struct og_err *err)
{
    uint64_t height = h->open.height;
    struct og_hash tx_root;
    struct og_hash receipt_root;
    size_t n;
    OG_TRY(root_of(a->scratch, height, false, &tx_root, &n, err));
    if (n != h->n_tx || n_tx != h->n_tx)
        return differs(a, height, 0, "the header counts %" PRIu64 " transactions, there are %zu",
                       h->n_tx, n);
    if (!same(&tx_root, &h->tx_root))
        return differs(a, height, 0, "the root of the transactions is another");
    OG_TRY(check_signature(a, h, err));
    enum og_rc rc = og_ledger_end_block(a->l, &h->open, &tx_root, n_tx > 1, &a->out->app_hash, err);
    if (rc == OG_E_DATA || rc == OG_E_INTERNAL)
        return differs(a, height, 0, "%s", err->msg);
    OG_TRY(rc);
    OG_TRY(root_of(a->scratch, height, true, &receipt_root, &n, err));
    if (!same(&receipt_root, &h->receipt_root))
        return differs(a, height, 0, "the root of the receipts is another");
    OG_TRY(og_block_put(a->scratch, height, &h->hash, h->line.p, h->line.len, err));
    a->parent = h->hash;
    a->time_ms = h->open.time_ms;
    a->out->skipped += og_ledger_is_comet(a->l) ? 0 : h->open.round;
    a->out->blocks++;
    return og_store_meta_put_u64(a->scratch, "last_time", a->time_ms, err);
}

static enum og_rc replay_parsed(struct audit *a, const struct og_header *h, struct og_err *err)
{
    uint64_t height = h->open.height;
    uint64_t index = 1;
    struct og_hash leaf;
    bool end = false;
    OG_TRY(check_header(a, height, h, err));
    OG_TRY(check_open_line(a, h, &leaf, err));
    OG_TRY(og_ledger_begin_block(a->l, height, h->open.time_ms, err));
    while (!end) {
        OG_TRY(next_tx(a, height, index, &end, err));
        index += !end;
    }
    return end_block(a, h, index, err);
}

static enum og_rc replay_block(struct audit *a, uint64_t height, struct og_err *err)
{
    struct og_header h = {0};
    OG_TRY(og_store_begin(a->scratch, err));
    enum og_rc rc = read_header(a, height, &h, err);
    if (rc == OG_OK && h.open.height != height)
        rc = differs(a, height, 0, "the header says height %" PRIu64, h.open.height);
    if (rc == OG_OK)
        rc = replay_parsed(a, &h, err);
    og_header_release(&h);
    if (rc == OG_OK)
        rc = og_store_commit(a->scratch, err);
    og_store_rollback(a->scratch);
    return rc;
}

static enum og_rc replay_open(struct audit *a, struct og_err *err)
{
    uint64_t height;
    uint64_t time_ms;
    uint64_t n;
    uint64_t before = a->out->txs;
    bool end = false;
    OG_TRY(og_store_meta_u64(a->live, "open_height", 0, &height, err));
    OG_TRY(og_store_meta_u64(a->live, "open_time", 0, &time_ms, err));
    OG_TRY(og_store_meta_u64(a->live, "open_n", 0, &n, err));
    if (!height)
        return OG_OK;
    if (height != a->out->blocks + 1)
        return differs(a, height, 0, "the open block does not follow the last sealed one");
    OG_TRY(og_ledger_begin_block(a->l, height, time_ms, err));
    for (uint64_t index = 1; !end; index++)
        OG_TRY(next_tx(a, height, index, &end, err));
    a->out->open_txs = a->out->txs - before;
    return a->out->open_txs == n
               ? OG_OK
               : differs(a, height, 0,
                         "the open block holds %" PRIu64 " transactions, not %" PRIu64,
                         a->out->open_txs, n);
}

/* ---- rows of the state against rows of the replay ---- */

struct digest {
    const struct og_family *f;
    struct og_hash *row;
    size_t n, cap, stop; /* stop: print the key of this row */
    struct og_buf bytes;
    char key[200];
};

static enum og_rc add_row(void *ctx, const void *rec, struct og_err *err)
{
    struct digest *d = ctx;
    (void)err;
    og_buf_reset(&d->bytes);
    og_row_bytes(d->f, rec, &d->bytes);
    d->row = og_xgrow(d->row, &d->cap, d->n + 1, sizeof *d->row);
    d->row[d->n++] = og_sha256(d->bytes.p, d->bytes.len);
    return OG_OK;
}

static enum og_rc name_row(void *ctx, const void *rec, struct og_err *err)
{
    struct digest *d = ctx;
    (void)err;
    if (d->n++ != d->stop)
        return OG_OK;
    json_t *all = og_row_json(d->f, rec, d->f->name);
    json_t *key = json_object();
    for (size_t i = 0; i < d->f->n_key; i++)
        json_object_set(key, d->f->cols[i].name, json_object_get(all, d->f->cols[i].name));
    char *text = json_dumps(key, JSON_COMPACT);
    snprintf(d->key, sizeof d->key, "%s", text ? text : "");
    free(text);
    json_decref(key);
    json_decref(all);
    return OG_OK;
}

static enum og_rc compare_family(struct audit *a, enum og_family_index f, struct og_err *err)
{
    struct digest live = {.f = &og_families[f]};
    struct digest want = {.f = &og_families[f]};
    enum og_rc rc = og_row_walk(a->live, f, add_row, &live, err);
    if (rc == OG_OK)
        rc = og_row_walk(a->scratch, f, add_row, &want, err);
    size_t i = 0;
    while (i < live.n && i < want.n && same(&live.row[i], &want.row[i]))
        i++;
    if (rc == OG_OK && (i < live.n || i < want.n)) {
        bool lacks = i >= live.n;
        struct digest named = {.f = &og_families[f], .stop = i};
        rc = og_row_walk(lacks ? a->scratch : a->live, f, name_row, &named, err);
        if (rc == OG_OK)
            rc = differs(a, a->out->blocks + 1, 0, "the table '%s' %s at row %s", named.f->name,
                         lacks ? "ends too early" : "is not what the chain makes of it", named.key);
        og_buf_release(&named.bytes);
    }
    free(live.row);
    free(want.row);
    og_buf_release(&live.bytes);
    og_buf_release(&want.bytes);
    return rc;
}

static enum og_rc compare_local(struct audit *a, struct og_err *err)
{
    const char *table;
    uint64_t row;
    OG_TRY(og_store_same_local(a->live, a->scratch, &table, &row, err));
    return table ? differs(a, a->out->blocks + 1, 0,
                           "the table '%s' is not what the chain makes of it at its row %" PRIu64,
                           table, row)
                 : OG_OK;
}

static enum og_rc compare_state(struct audit *a, struct og_err *err)
{
    uint64_t genesis;
    for (size_t f = 0; f < OG_FAMILIES; f++)
        OG_TRY(compare_family(a, (enum og_family_index)f, err));
    OG_TRY(compare_local(a, err));
    enum og_rc rc = og_ledger_supply(a->l, &a->out->supply, &genesis, err);
    if (rc == OG_E_INTERNAL)
        return differs(a, a->out->blocks, 0, "%s", err->msg);
    OG_TRY(rc);
    return a->out->supply == genesis
               ? OG_OK
               : differs(a, a->out->blocks, 0, "the supply is %" PRIu64 " grains, not %" PRIu64,
                         a->out->supply, genesis);
}

/* The end of the chain and the state itself, seen at one moment. */
static enum og_rc finish(struct audit *a, struct og_err *err)
{
    uint64_t last;
    OG_TRY(og_store_begin_read(a->live, err));
    enum og_rc rc = og_block_last(a->live, &last, NULL, err);
    while (rc == OG_OK && a->out->blocks < last)
        rc = replay_block(a, a->out->blocks + 1, err);
    if (rc == OG_OK)
        rc = og_store_begin(a->scratch, err);
    if (rc == OG_OK)
        rc = replay_open(a, err);
    if (rc == OG_OK)
        rc = compare_state(a, err);
    og_store_rollback(a->scratch);
    og_store_end_read(a->live);
    return rc;
}

static enum og_rc run(struct audit *a, struct og_err *err)
{
    uint64_t last;
    OG_TRY(start(a, err));
    OG_TRY(og_block_last(a->live, &last, NULL, err));
    if (a->want->until && a->want->until > last)
        return og_err_set(err, OG_E_DATA,
                          "block %" PRIu64 " is not sealed; the last one is %" PRIu64,
                          a->want->until, last);
    if (a->want->until)
        last = a->want->until;
    for (uint64_t h = 1; h <= last; h++) {
        if (a->want->progress)
            a->want->progress(a->want->ctx, h, last);
        OG_TRY(replay_block(a, h, err));
    }
    return a->want->until ? OG_OK : finish(a, err);
}

enum og_rc og_audit_run(struct og_store *live, const struct og_audit_want *want,
                        struct og_audit *out, struct og_err *err)
{
    struct audit a = {.live = live, .want = want, .out = out};
    memset(out, 0, sizeof *out);
    out->ok = true;
    enum og_rc rc = run(&a, err);
    og_ledger_close(a.l);
    og_store_close(a.scratch);
    return rc == OG_NO ? OG_OK : rc;
}
