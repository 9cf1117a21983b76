/* engine.c - the embedded engine: signs drafts, applies transactions durably to the open block. */
#include "engine/engine.h"

#include "engine/engine_int.h"

#include "base/base_mem.h"
#include "base/base_time.h"
#include "store/store_row.h"
#include "json/json_canon.h"

#include <stdlib.h>
#include <string.h>

#define VALID_BLOCKS 100000
#define CHUNK        256 /* drafts signed and applied in one go */
#define TRIES        50  /* sequence numbers lost to another tool of the same account */

enum og_rc og_engine_open(const char *state_dir, const char *keys_dir, struct og_engine **out,
                          struct og_err *err)
{
    *out = NULL;
    struct og_engine *e = og_xcalloc(1, sizeof *e);
    e->keys_dir = keys_dir ? og_xstrdup(keys_dir) : NULL;
    e->wait_ms = OG_STORE_BUSY_MS;
    enum og_rc rc = og_store_open(state_dir, OG_STORE_WRITE, &e->st, err);
    if (rc == OG_OK)
        rc = og_ledger_open(e->st, &e->l, err);
    if (rc == OG_OK)
        rc = og_comet_open(e, &e->comet, err);
    if (rc != OG_OK) {
        og_engine_close(e);
        return rc;
    }
    *out = e;
    return OG_OK;
}

void og_engine_close(struct og_engine *e)
{
    if (!e)
        return;
    og_engine_free_keys(e);
    og_comet_close(e->comet);
    og_ledger_close(e->l);
    og_store_close(e->st);
    free(e->keys_dir);
    free(e);
}

struct og_store *og_engine_store(struct og_engine *e)
{
    return e->st;
}

const struct og_hash *og_engine_chain(struct og_engine *e)
{
    return og_ledger_chain(e->l);
}

struct og_ledger *og_engine_ledger(struct og_engine *e)
{
    return e->l;
}

void og_engine_allow_clock(struct og_engine *e)
{
    e->allow_clock = true;
}

void og_engine_set_wait(struct og_engine *e, uint64_t ms)
{
    e->wait_ms = ms;
}

enum og_rc og_engine_refresh(struct og_engine *e, struct og_err *err)
{
    return og_ledger_reload(e->l, err);
}

enum og_rc og_engine_head(struct og_engine *e, uint64_t *height, uint64_t *open_time_ms,
                          struct og_err *err)
{
    OG_TRY(og_block_last(e->st, height, NULL, err));
    if (!e->comet)
        return og_store_meta_u64(e->st, "open_time", 0, open_time_ms, err);
    OG_TRY(og_store_meta_u64(e->st, "last_time", 0, open_time_ms, err));
    ++*open_time_ms; /* the next block's time is at least that */
    return OG_OK;
}

/* Makes room in the open block inside the write transaction. *room false: it must be sealed and no
 * key for that is here. */
static enum og_rc make_room(struct og_engine *e, struct og_open_block *o, bool *room,
                            struct og_err *err)
{
    bool due;
    bool sealed;
    *room = true;
    OG_TRY(og_engine_ensure_open(e, o, err));
    OG_TRY(og_engine_is_due(e, o, &due, err));
    if (!due)
        return OG_OK;
    OG_TRY(og_engine_seal_open(e, o, &sealed, err));
    *room = sealed;
    return sealed ? og_engine_ensure_open(e, o, err) : OG_OK;
}

static void refuse(struct og_sent *out, enum og_rc rc, const struct og_err *why)
{
    out->rc = rc;
    out->in_block = false;
    memcpy(out->msg, why->msg, sizeof out->msg);
}

enum og_rc og_engine_apply_line(struct og_engine *e, const char *line, size_t len,
                                struct og_open_block *o, struct og_sent *out, struct og_err *err)
{
    struct og_tx tx;
    struct og_applied done;
    struct og_err why;
    memset(out, 0, sizeof *out);
    enum og_rc rc = og_tx_parse(line, len, &tx, &why);
    if (rc != OG_OK) {
        refuse(out, rc, &why);
        return OG_OK;
    }
    out->id = tx.id;
    rc = og_ledger_apply(e->l, &tx, line, o->n + 1, &done, err);
    og_tx_release(&tx);
    OG_TRY(rc);
    out->rc = done.rc;
    out->in_block = done.in_block;
    out->first_id = done.first_id;
    memcpy(out->msg, done.msg, sizeof out->msg);
    o->n += done.in_block;
    return OG_OK;
}

/* One write transaction: as many lines as one block takes. *n how many reached a verdict. */
static enum og_rc apply_some(struct og_engine *e, const char *const *line, const size_t *len,
                             size_t max, struct og_sent *out, size_t *n, bool *room,
                             struct og_err *err)
{
    struct og_open_block o;
    *n = 0;
    OG_TRY(og_engine_refresh(e, err));
    OG_TRY(make_room(e, &o, room, err));
    if (!*room)
        return OG_OK;
    uint64_t block_max = og_ledger_params(e->l)->block_max;
    while (*n < max && o.n < block_max) {
        OG_TRY(og_engine_apply_line(e, line[*n], len[*n], &o, &out[*n], err));
        ++*n;
        if (out[*n - 1].rc == OG_E_TEMPFAIL)
            break; /* the sequence number is not ours: sign again before going on */
        bool full;
        OG_TRY(og_ledger_gas_full(e->l, &full, err));
        if (full)
            break;
    }
    return og_engine_put_open(e, &o, err);
}

static enum og_rc locked_some(struct og_engine *e, const char *const *line, const size_t *len,
                              size_t max, struct og_sent *out, size_t *n, bool *room,
                              struct og_err *err)
{
    OG_TRY(og_store_begin(e->st, err));
    enum og_rc rc = apply_some(e, line, len, max, out, n, room, err);
    if (rc == OG_OK && *room)
        rc = og_store_commit(e->st, err);
    og_store_rollback(e->st);
    return rc;
}

/* Waits for a sealer when this engine holds no key. */
static enum og_rc send_range(struct og_engine *e, const char *const *line, const size_t *len,
                             size_t max, struct og_sent *out, size_t *n, struct og_err *err)
{
    uint64_t end = og_time_mono_ms() + e->wait_ms;
    for (;;) {
        bool room;
        OG_TRY(locked_some(e, line, len, max, out, n, &room, err));
        if (room)
            return OG_OK;
        if (og_time_mono_ms() > end)
            return og_err_set(err, OG_E_TEMPFAIL,
                              "the open block must be sealed, and nobody who may seal is at work");
        og_time_sleep_ms(20);
    }
}

enum og_rc og_engine_send_lines(struct og_engine *e, const char *const *lines, const size_t *len,
                                size_t n, struct og_sent *out, struct og_err *err)
{
    size_t done = 0;
    if (e->comet)
        return og_comet_send_lines(e, lines, len, n, out, err);
    while (done < n) {
        size_t k;
        OG_TRY(send_range(e, lines + done, len + done, n - done, out + done, &k, err));
        done += k;
    }
    return OG_OK;
}

enum og_rc og_engine_sender(struct og_engine *e, const struct og_key *key, struct og_sender *s,
                            struct og_err *err)
{
    struct og_account acc = {0};
    struct og_acckey k = {0};
    bool found;
    uint64_t height;
    s->addr = acc.addr = k.addr = og_key_addr(key);
    OG_TRY(og_row_get(e->st, OG_F_ACCOUNT, &acc, &found, err));
    if (!found) {
        char text[OG_ADDR_TEXT];
        og_addr_format(&s->addr, text);
        return og_err_set(err, OG_E_DATA, "the account %s is not on this chain", text);
    }
    s->seq = acc.seq;
    OG_TRY(og_row_get(e->st, OG_F_ACCKEY, &k, &found, err));
    og_row_release(&og_families[OG_F_ACCKEY], &k);
    s->with_pub = !found;
    OG_TRY(og_block_last(e->st, &height, NULL, err));
    s->valid_until = height + VALID_BLOCKS;
    return OG_OK;
}

/* Bytes that 'pub' adds to an account's first transaction, at most. */
static enum og_rc pub_bytes(const struct og_key *key, size_t *out, struct og_err *err)
{
    struct og_pub *pub;
    size_t n;
    size_t cold = 0;
    OG_TRY(og_key_pub(key, &pub, err));
    og_pub_der(pub, &n);
    og_pub_free(pub);
    if (og_key_cold(key))
        og_pub_der(og_key_cold(key), &cold);
    *out = (n + 2) / 3 * 4 + (cold + 2) / 3 * 4 + 512;
    return OG_OK;
}

enum og_rc og_engine_sign(struct og_engine *e, const struct og_key *key, const struct og_draft *d,
                          struct og_sender *s, bool with_pub, struct og_buf *line,
                          struct og_err *err)
{
    struct og_buf body = OG_BUF_INIT;
    size_t pub = 0;
    if (with_pub)
        OG_TRY(pub_bytes(key, &pub, err));
    if (!s->sig_text) {
        struct og_buf sig = OG_BUF_INIT;
        OG_TRY(og_key_sign(key, "", 0, &sig, err));
        s->sig_text = (sig.len + 2) / 3 * 4;
        og_buf_release(&sig);
    }
    OG_TRY(og_json_canon(d->body, &body, err));
    size_t bytes = body.len + s->sig_text + 512 + pub;
    og_buf_release(&body);
    uint64_t fee = og_ledger_fee(e->l, d->kind, d->body, bytes);
    og_buf_reset(line);
    return og_tx_sign(d, key, og_ledger_chain(e->l), ++s->seq, s->valid_until, fee, with_pub, line,
                      err);
}

static enum og_rc sign_chunk(struct og_engine *e, const struct og_key *key,
                             const struct og_draft *d, size_t n, struct og_buf *line,
                             struct og_err *err)
{
    struct og_sender s = {0};
    OG_TRY(og_engine_sender(e, key, &s, err));
    for (size_t i = 0; i < n; i++)
        OG_TRY(og_engine_sign(e, key, &d[i], &s, s.with_pub && i == 0, &line[i], err));
    return OG_OK;
}

/* Signs and applies up to CHUNK drafts; *n how many reached a verdict (a lost race reaches none).
 */
static enum og_rc send_chunk(struct og_engine *e, const struct og_key *key,
                             const struct og_draft *d, size_t max, struct og_sent *out, size_t *n,
                             struct og_err *err)
{
    struct og_buf *line = og_xcalloc(max, sizeof *line);
    const char **text = og_xcalloc(max, sizeof *text);
    size_t *len = og_xcalloc(max, sizeof *len);
    size_t done = 0;
    *n = 0;
    enum og_rc rc = sign_chunk(e, key, d, max, line, err);
    for (size_t i = 0; i < max; i++) {
        text[i] = line[i].p;
        len[i] = line[i].len;
    }
    while (rc == OG_OK && done < max) {
        size_t k = 0;
        bool stop = false;
        rc = send_range(e, text + done, len + done, max - done, out + done, &k, err);
        for (size_t i = 0; rc == OG_OK && i < k && !stop; i++) {
            if (out[done + i].rc != OG_E_TEMPFAIL)
                ++*n;
            /* the numbers behind one that entered no block are wrong: sign them anew */
            stop = !out[done + i].in_block;
        }
        done += k;
        if (stop)
            break;
    }
    for (size_t i = 0; i < max; i++)
        og_buf_release(&line[i]);
    free(line);
    free(text);
    free(len);
    return rc;
}

enum og_rc og_engine_send(struct og_engine *e, const struct og_key *key,
                          const struct og_draft *drafts, size_t n, struct og_sent *out,
                          struct og_err *err)
{
    size_t done = 0;
    int lost = 0;
    if (e->comet)
        return og_comet_send(e, key, drafts, n, out, err);
    while (done < n) {
        size_t k;
        size_t max = n - done < CHUNK ? n - done : CHUNK;
        OG_TRY(send_chunk(e, key, drafts + done, max, out + done, &k, err));
        done += k;
        lost = k ? 0 : lost + 1;
        if (lost > TRIES)
            return og_err_set(err, OG_E_TEMPFAIL,
                              "another tool keeps using this account; try again");
        if (lost)
            og_time_sleep_ms((uint64_t)lost);
    }
    return OG_OK;
}

enum og_rc og_engine_send1(struct og_engine *e, const struct og_key *key, const struct og_draft *d,
                           struct og_sent *out, struct og_err *err)
{
    OG_TRY(og_engine_send(e, key, d, 1, out, err));
    if (out->rc != OG_OK)
        return og_err_set(err, out->rc, "%s: %s", og_tx_kind_name(d->kind), out->msg);
    return OG_OK;
}
