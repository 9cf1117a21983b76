/* node_feed.c - the blocks of a local chain through a network: the same app hash at every height.
 */
#include "node.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_time.h"
#include "engine/engine_app.h"
#include "net/net_rpc.h"
#include "store/store_block.h"
#include "json/json_line.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MS  20
#define AGAIN_MS 2000
#define BLOCK_MS 60000 /* most that a block may take */

struct lines {
    char **line;
    size_t *len;
    size_t n, cap, cap_len;
};

static void add_line(struct lines *l, const struct og_buf *b)
{
    l->line = og_xgrow(l->line, &l->cap, l->n + 1, sizeof *l->line);
    l->len = og_xgrow(l->len, &l->cap_len, l->n + 1, sizeof *l->len);
    l->line[l->n] = og_xstrndup(b->p, b->len);
    l->len[l->n++] = b->len;
}

static void free_lines(struct lines *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->line[i]);
    free(l->line);
    free(l->len);
}

/* Header and transactions of a block as one transaction of the network. */
static enum og_rc bundle(struct og_store *st, uint64_t height, struct og_buf *out,
                         struct og_err *err)
{
    struct lines l = {0};
    struct og_hash hash;
    struct og_buf header = OG_BUF_INIT;
    bool found;
    enum og_rc rc = og_block_get(st, height, &hash, &header, &found, err);
    if (rc == OG_OK && !found)
        rc = og_err_set(err, OG_E_DATA, "block %llu is missing", (unsigned long long)height);
    if (rc == OG_OK)
        add_line(&l, &header);
    for (uint64_t i = 1; rc == OG_OK && found; i++) {
        struct og_txrow row = {0};
        rc = og_txrow_get(st, OG_POS(height, i), NULL, &row, &found, err);
        if (rc == OG_OK && found)
            add_line(&l, &row.line);
        og_txrow_release(&row);
    }
    if (rc == OG_OK)
        rc = og_app_bundle((const char *const *)l.line, l.len, l.n, out, err);
    og_buf_release(&header);
    free_lines(&l);
    return rc;
}

static enum og_rc last_of(const char *home, uint64_t *height, struct og_hash *hash,
                          struct og_err *err)
{
    struct og_store *st;
    enum og_rc rc = og_store_open(home, OG_STORE_READ, &st, err);
    if (rc == OG_OK)
        rc = og_block_last(st, height, hash, err);
    og_store_close(st);
    return rc;
}

/* Sent to every node, so that whoever proposes has it; then awaited everywhere. */
static enum og_rc feed_one(struct node_net *t, struct og_rpc **rpc, const struct og_buf *tx,
                           uint64_t height, struct og_err *err)
{
    struct og_span span = {(const uint8_t *)tx->p, tx->len};
    uint64_t end = og_time_mono_ms() + BLOCK_MS;
    uint64_t sent = 0;
    size_t i = 0;
    while (i < t->n) {
        uint64_t h = 0;
        char *home = node_net_home(t, i);
        enum og_rc rc = last_of(home, &h, NULL, err);
        free(home);
        OG_TRY(rc);
        if (h >= height) {
            i++;
            continue;
        }
        if (!sent || og_time_mono_ms() - sent > AGAIN_MS) {
            struct og_rpc_said said;
            for (size_t k = 0; k < t->n; k++)
                OG_TRY(og_rpc_broadcast(rpc[k], &span, 1, false, &said, err));
            sent = og_time_mono_ms();
        }
        OG_TRY(node_pair_tend(t->pair, t->n, err));
        if (og_time_mono_ms() > end)
            return og_err_set(err, OG_E_UNAVAILABLE, "block %llu is not taken by node %zu",
                              (unsigned long long)height, i);
        og_time_sleep_ms(LOOK_MS);
    }
    return OG_OK;
}

static enum og_rc url_of(const struct node_net *t, size_t i, struct og_rpc **out,
                         struct og_err *err)
{
    struct og_store *st;
    struct og_buf url = OG_BUF_INIT;
    bool found;
    char *home = node_net_home(t, i);
    enum og_rc rc = og_store_open(home, OG_STORE_READ, &st, err);
    if (rc == OG_OK)
        rc = og_store_meta_get(st, "comet_rpc", &url, &found, err);
    og_store_close(st);
    if (rc == OG_OK)
        rc = og_rpc_open(url.p ? url.p : "", out, err);
    og_buf_release(&url);
    free(home);
    return rc;
}

static enum og_rc app_hash(struct og_store *st, uint64_t height, struct og_buf *out,
                           struct og_err *err)
{
    struct og_hash hash;
    bool found;
    return og_block_get(st, height, &hash, out, &found, err);
}

/* A header holds the app hash of the state before it: equal headers are equal states. */
static enum og_rc compare(const struct node_net *t, struct og_store *from, uint64_t last,
                          struct og_err *err)
{
    enum og_rc rc = OG_OK;
    for (size_t i = 0; rc == OG_OK && i < t->n; i++) {
        struct og_store *st;
        char *home = node_net_home(t, i);
        rc = og_store_open(home, OG_STORE_READ, &st, err);
        for (uint64_t h = 1; rc == OG_OK && h <= last; h++) {
            struct og_buf a = OG_BUF_INIT;
            struct og_buf b = OG_BUF_INIT;
            rc = app_hash(from, h, &a, err);
            if (rc == OG_OK)
                rc = app_hash(st, h, &b, err);
            if (rc == OG_OK && (a.len != b.len || memcmp(a.p, b.p, a.len) != 0))
                rc = og_err_set(err, OG_NO, "node %zu differs at block %llu", i,
                                (unsigned long long)h);
            og_buf_release(&a);
            og_buf_release(&b);
        }
        og_store_close(st);
        free(home);
    }
    return rc;
}

static enum og_rc feed(struct node_net *t, struct og_rpc **rpc, const char *from,
                       struct og_err *err)
{
    struct og_store *st;
    struct og_buf tx = OG_BUF_INIT;
    uint64_t last = 0;
    uint64_t started = og_time_mono_ms();
    enum og_rc rc = og_store_open(from, OG_STORE_READ, &st, err);
    if (rc == OG_OK)
        rc = og_block_last(st, &last, NULL, err);
    for (size_t i = 0; rc == OG_OK && i < t->n; i++)
        rc = url_of(t, i, &rpc[i], err);
    for (uint64_t h = 1; rc == OG_OK && h <= last && !og_cli_stop; h++) {
        og_buf_reset(&tx);
        rc = bundle(st, h, &tx, err);
        if (rc == OG_OK)
            rc = feed_one(t, rpc, &tx, h, err);
    }
    if (rc == OG_OK)
        rc = compare(t, st, last, err);
    og_store_close(st);
    og_buf_release(&tx);
    if (rc != OG_OK)
        return rc;
    json_t *rec = json_pack("{s:s, s:I, s:I, s:b, s:I, s:i}", "kind", "replay", "blocks",
                            (json_int_t)last, "nodes", (json_int_t)t->n, "same", 1, "ms",
                            (json_int_t)(og_time_mono_ms() - started), "v", 1);
    rc = og_jsonl_write(stdout, rec, err);
    json_decref(rec);
    return rc;
}

enum og_rc node_feed(struct node_net *t, const char *from, struct og_err *err)
{
    struct og_rpc **rpc = og_xcalloc(t->n, sizeof *rpc);
    enum og_rc rc = feed(t, rpc, from, err);
    for (size_t i = 0; i < t->n; i++)
        og_rpc_close(rpc[i]);
    free(rpc);
    return rc;
}
