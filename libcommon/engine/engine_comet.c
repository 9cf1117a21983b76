/* engine_comet.c - transactions through a CometBFT node: broadcast, then awaited in the state.
 *
 * Nothing is sent twice with two sequence numbers unless the first can no longer be applied: a line
 * that a mempool took is only ever sent again as it is, until the account's number in the state has
 * passed it. Then it is either in the state, or it never will be and is signed anew. */
#include "engine/engine_int.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "net/net_rpc.h"
#include "store/store_notice.h"
#include "store/store_row.h"
#include "json/json_get.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define CHUNK    128  /* transactions in flight */
#define AGAIN_MS 3000 /* between broadcasts of a line that does not arrive */
#define LOOK_MS  25
#define OWN_SPAN (1u << 24) /* blocks */
#define REACH_MS 6000       /* a node that is being restarted is back by then */

struct og_comet {
    struct og_rpc *rpc;
    char *url;
    bool greeted;
    int lock_fd; /* held by this process while it draws numbers and sends; -1: not */
};

/* One transaction on its way. */
struct flight {
    struct og_buf line;
    struct og_tx tx;
    bool parsed, taken, lost, ended; /* lost: it can never be applied */
    struct og_sent *out;
};

enum og_rc og_comet_open(struct og_engine *e, struct og_comet **out, struct og_err *err)
{
    struct og_buf url = OG_BUF_INIT;
    bool found;
    *out = NULL;
    enum og_rc rc = og_store_meta_get(e->st, "comet_rpc", &url, &found, err);
    if (rc == OG_OK && !found && og_ledger_is_comet(e->l))
        rc = og_err_set(err, OG_E_CONFIG,
                        "the state is of a network and was never run by 'ogpu-node start'");
    if (rc == OG_OK && found) {
        *out = og_xcalloc(1, sizeof **out);
        (*out)->url = og_xstrdup(url.p);
        (*out)->lock_fd = -1;
        e->wait_ms = 3 * OG_STORE_BUSY_MS;
    }
    og_buf_release(&url);
    return rc;
}

void og_comet_close(struct og_comet *c)
{
    if (!c)
        return;
    if (c->lock_fd >= 0)
        close(c->lock_fd);
    og_rpc_close(c->rpc);
    free(c->url);
    free(c);
}

/* The first question to the node: is it there, does it know the chain's end? */
static enum og_rc greet(struct og_comet *c, uint64_t end_ms, struct og_err *err)
{
    struct og_rpc_status st;
    if (!c->rpc)
        OG_TRY(og_rpc_open(c->url, &c->rpc, err));
    for (;;) {
        enum og_rc rc = og_rpc_get_status(c->rpc, &st, err);
        if (rc == OG_OK && !st.catching_up)
            break;
        if (og_time_mono_ms() < end_ms) {
            og_time_sleep_ms(100);
            continue;
        }
        if (rc == OG_OK)
            return og_err_set(err, OG_E_TEMPFAIL,
                              "the node is catching up with the network, at block %llu; try again",
                              (unsigned long long)st.height);
        return rc == OG_E_UNAVAILABLE ? og_err_wrap(err, rc, "is 'ogpu-node start' running?") : rc;
    }
    c->greeted = true;
    return OG_OK;
}

/* Tools of one account take turns from drawing a number until the node has seen all they sent with
 * it and the ones after it: in between, another's would push one of them out, and leave those
 * behind it to be applied before it. */
static enum og_rc take_turn(struct og_engine *e, const struct og_addr *a, struct og_err *err)
{
    struct og_buf path = OG_BUF_INIT;
    struct og_comet *c = e->comet;
    og_buf_addf(&path, "%s/run", og_store_dir(e->st));
    enum og_rc rc = og_io_mkdirs(path.p, 0700, err);
    og_buf_adds(&path, "/seq-");
    og_buf_add_hex(&path, a->b, OG_ADDR_LEN);
    if (rc == OG_OK) {
        c->lock_fd = open(path.p, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (c->lock_fd < 0 || flock(c->lock_fd, LOCK_EX) < 0)
            rc = og_err_set(err, OG_E_IO, "cannot lock '%s': %s", path.p, strerror(errno));
    }
    og_buf_release(&path);
    return rc;
}

static void end_turn(struct og_engine *e)
{
    if (e->comet->lock_fd >= 0)
        close(e->comet->lock_fd);
    e->comet->lock_fd = -1;
}

static void verdict(struct flight *f, enum og_rc rc, bool in_block, const char *msg)
{
    f->ended = true;
    f->out->rc = rc;
    f->out->in_block = in_block;
    snprintf(f->out->msg, sizeof f->out->msg, "%s", msg);
}

static enum og_rc from_row(struct flight *f, const struct og_txrow *row)
{
    uint64_t made = 0;
    const char *text = row->result.p ? row->result.p : "";
    if (row->status == OG_OK && *text && !og_parse_u64(text, UINT64_MAX, &made))
        made = 0;
    verdict(f, (enum og_rc)row->status, true, row->status == OG_OK ? "" : text);
    f->out->first_id = made;
    return OG_OK;
}

/* What the state says of a line, seen at one moment: applied, or its number taken by another. */
static enum og_rc look(struct og_engine *e, struct flight *f, struct og_err *err)
{
    struct og_txrow row = {0};
    struct og_account acc = {.addr = f->tx.from};
    bool found;
    OG_TRY(og_store_begin_read(e->st, err));
    enum og_rc rc = og_txrow_get(e->st, 0, &f->tx.id, &row, &found, err);
    if (rc == OG_OK && found) {
        rc = from_row(f, &row);
    } else if (rc == OG_OK) {
        rc = og_row_get(e->st, OG_F_ACCOUNT, &acc, &found, err);
        f->lost = rc == OG_OK && found && acc.seq >= f->tx.seq;
    }
    og_txrow_release(&row);
    og_store_end_read(e->st);
    return rc;
}

static size_t on_the_way(const struct flight *f, size_t n)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        k += !f[i].ended && !f[i].lost;
    return k;
}

/* Refused by the node's own check: it is in no mempool unless an earlier broadcast brought it
 * there.
 */
static enum og_rc refused(struct og_engine *e, struct flight *f, const struct og_rpc_said *s,
                          struct og_err *err)
{
    OG_TRY(look(e, f, err));
    if (f->ended || f->lost || f->taken)
        return OG_OK;
    if (s->code == OG_E_TEMPFAIL)
        f->lost = true;
    else
        verdict(f, OG_E_DATA, false, s->log);
    return OG_OK;
}

static bool same_sender(const struct flight *f, const size_t *at, size_t k)
{
    for (size_t i = 1; i < k; i++)
        if (!og_addr_eq(&f[at[i]].tx.from, &f[at[0]].tx.from))
            return false;
    return true;
}

static bool all_taken(const struct og_rpc_said *said, size_t k)
{
    for (size_t i = 0; i < k; i++)
        if (said[i].fate != OG_RPC_TAKEN)
            return false;
    return true;
}

/* Sends what is still on its way. *full: the mempool had no room for some. */
static enum og_rc broadcast(struct og_engine *e, struct flight *f, size_t n, bool *full,
                            struct og_err *err)
{
    struct og_span tx[CHUNK];
    size_t at[CHUNK];
    struct og_rpc_said *said = og_xcalloc(CHUNK, sizeof *said);
    size_t k = 0;
    *full = false;
    for (size_t i = 0; i < n; i++)
        if (!f[i].ended && !f[i].lost) {
            tx[k] = (struct og_span){(const uint8_t *)f[i].line.p, f[i].line.len};
            at[k++] = i;
        }
    /* of one account each follows on the one before: the last one taken tells of all */
    bool chain = k > 1 && same_sender(f, at, k);
    enum og_rc rc = k ? og_rpc_broadcast(e->comet->rpc, tx, k, chain, said, err) : OG_OK;
    if (rc == OG_OK && chain && !all_taken(said, k))
        rc = og_rpc_broadcast(e->comet->rpc, tx, k, false, said, err);
    for (size_t i = 0; rc == OG_OK && i < k; i++) {
        struct flight *one = &f[at[i]];
        switch (said[i].fate) {
        case OG_RPC_TAKEN: one->taken = true; break;
        case OG_RPC_FULL: *full = true; break;
        case OG_RPC_REFUSED: rc = refused(e, one, &said[i], err); break;
        }
    }
    /* a node that did not answer may have taken them all the same */
    for (size_t i = 0; rc == OG_E_UNAVAILABLE && i < k; i++)
        f[at[i]].taken = true;
    free(said);
    return rc;
}

static void rest(struct og_engine *e)
{
    struct pollfd fd = {.fd = og_store_notice_fd(e->st), .events = POLLIN};
    poll(&fd, 1, LOOK_MS);
    if (fd.revents)
        og_store_notice_clear(e->st);
}

static enum og_rc too_late(struct og_engine *e, const struct flight *f, size_t n, bool full,
                           struct og_err *err)
{
    char id[2 * OG_HASH_LEN + 1] = "";
    for (size_t i = n; i > 0; i--)
        if (!f[i - 1].ended && !f[i - 1].lost)
            og_hex_encode(f[i - 1].tx.id.b, OG_HASH_LEN, id);
    if (full)
        return og_err_set(err, OG_E_TEMPFAIL,
                          "the network is full: transaction %s found no room within %llu s", id,
                          (unsigned long long)e->wait_ms / 1000);
    return og_err_set(
        err, OG_E_TEMPFAIL,
        "the network took transaction %s into no block within %llu s; it may still do "
        "so: look for it with 'ogpu show' before it is sent anew",
        id, (unsigned long long)e->wait_ms / 1000);
}

/* Until every one has a verdict or is lost. */
static enum og_rc fly(struct og_engine *e, struct flight *f, size_t n, struct og_err *err)
{
    uint64_t start = og_time_mono_ms();
    uint64_t sent = 0;
    uint64_t heard = start;
    bool full = false;
    if (!e->comet->greeted)
        OG_TRY(greet(e->comet, start + REACH_MS, err));
    while (on_the_way(f, n)) {
        uint64_t now = og_time_mono_ms();
        if (!sent || now - sent >= (full ? AGAIN_MS / 10 : AGAIN_MS)) {
            enum og_rc rc = broadcast(e, f, n, &full, err);
            end_turn(e);
            sent = og_time_mono_ms();
            if (rc == OG_OK)
                heard = sent;
            else if (rc != OG_E_UNAVAILABLE || now - heard > e->wait_ms)
                return rc;
        }
        for (size_t i = 0; i < n; i++)
            if (!f[i].ended && !f[i].lost)
                OG_TRY(look(e, &f[i], err));
        if (!on_the_way(f, n))
            break;
        if (og_time_mono_ms() - start > e->wait_ms)
            return too_late(e, f, n, full, err);
        rest(e);
    }
    return OG_OK;
}

static void land(struct flight *f, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (f[i].parsed)
            og_tx_release(&f[i].tx);
        og_buf_release(&f[i].line);
    }
    free(f);
}

static enum og_rc parse(struct flight *f, struct og_err *err)
{
    memset(f->out, 0, sizeof *f->out);
    OG_TRY(og_tx_parse(f->line.p, f->line.len, &f->tx, err));
    f->parsed = true;
    f->out->id = f->tx.id;
    return OG_OK;
}

/* The next sequence number, after what waits in the node's mempool already. */
static enum og_rc next_number(struct og_engine *e, const struct og_key *key, struct og_sender *s,
                              struct og_err *err)
{
    struct og_buf value = OG_BUF_INIT;
    json_error_t je;
    uint64_t seq;
    bool has_key;
    OG_TRY(og_engine_refresh(e, err));
    OG_TRY(og_engine_sender(e, key, s, err));
    struct og_span data = {s->addr.b, OG_ADDR_LEN};
    OG_TRY(og_rpc_query(e->comet->rpc, "seq", data, &value, err));
    json_t *o = json_loadb(value.p ? value.p : "", value.len, 0, &je);
    enum og_rc rc = og_json_dec(o, "seq", &seq, err);
    if (rc == OG_OK)
        rc = og_json_bool_or(o, "key", !s->with_pub, &has_key, err);
    /* two tools may sign the same words with the same number at once; without this they would be
     * one transaction, and both would take it for theirs */
    uint32_t own;
    og_random_bytes(&own, sizeof own);
    s->valid_until += own % OWN_SPAN;
    if (rc == OG_OK && seq > s->seq + 1)
        s->seq = seq - 1;
    if (rc == OG_OK)
        s->with_pub = s->with_pub && !has_key;
    json_decref(o);
    og_buf_release(&value);
    return rc;
}

/* Signs the drafts that have no verdict yet: out[i].msg tells. *n how many are in f. */
static enum og_rc sign_open(struct og_engine *e, const struct og_key *key, const struct og_draft *d,
                            struct og_sent *out, const bool *done, size_t n, struct flight **f,
                            size_t *k, size_t *at, struct og_err *err)
{
    struct og_sender s = {0};
    *k = 0;
    *f = og_xcalloc(CHUNK, sizeof **f);
    OG_TRY(next_number(e, key, &s, err));
    for (size_t i = 0; i < n && *k < CHUNK; i++) {
        struct flight *one = &(*f)[*k];
        if (done[i])
            continue;
        one->out = &out[i];
        at[*k] = i;
        ++*k;
        OG_TRY(og_engine_sign(e, key, &d[i], &s, s.with_pub && *k == 1, &one->line, err));
        OG_TRY(parse(one, err));
    }
    return OG_OK;
}

static enum og_rc send_some(struct og_engine *e, const struct og_key *key, const struct og_draft *d,
                            struct og_sent *out, bool *done, size_t n, size_t *left,
                            struct og_err *err)
{
    size_t at[CHUNK];
    struct flight *f;
    size_t k;
    struct og_addr a = og_key_addr(key);
    OG_TRY(take_turn(e, &a, err));
    enum og_rc rc = sign_open(e, key, d, out, done, n, &f, &k, at, err);
    if (rc == OG_OK)
        rc = fly(e, f, k, err);
    end_turn(e);
    for (size_t i = 0; rc == OG_OK && i < k; i++)
        if (f[i].ended) {
            done[at[i]] = true;
            --*left;
        }
    land(f, k);
    return rc;
}

enum og_rc og_comet_send(struct og_engine *e, const struct og_key *key,
                         const struct og_draft *drafts, size_t n, struct og_sent *out,
                         struct og_err *err)
{
    bool *done = og_xcalloc(n + 1, sizeof *done);
    uint64_t end = og_time_mono_ms() + e->wait_ms;
    size_t left = n;
    enum og_rc rc = OG_OK;
    if (n && !e->comet->greeted)
        rc = greet(e->comet, og_time_mono_ms() + REACH_MS, err);
    while (rc == OG_OK && left) {
        size_t before = left;
        rc = send_some(e, key, drafts, out, done, n, &left, err);
        if (rc != OG_OK || left < before)
            continue;
        if (og_time_mono_ms() > end)
            rc = og_err_set(err, OG_E_TEMPFAIL, "another tool keeps using this account; try again");
        else
            og_time_sleep_ms(20);
    }
    free(done);
    return rc;
}

enum og_rc og_comet_send_lines(struct og_engine *e, const char *const *lines, const size_t *len,
                               size_t n, struct og_sent *out, struct og_err *err)
{
    enum og_rc rc = OG_OK;
    for (size_t at = 0; rc == OG_OK && at < n; at += CHUNK) {
        size_t k = n - at < CHUNK ? n - at : CHUNK;
        struct flight *f = og_xcalloc(CHUNK, sizeof *f);
        for (size_t i = 0; i < k; i++) {
            struct og_err why;
            f[i].out = &out[at + i];
            og_buf_add(&f[i].line, lines[at + i], len[at + i]);
            if (parse(&f[i], &why) != OG_OK)
                verdict(&f[i], OG_E_DATA, false, why.msg);
        }
        rc = fly(e, f, k, err);
        for (size_t i = 0; rc == OG_OK && i < k; i++)
            if (f[i].lost)
                verdict(&f[i], OG_E_TEMPFAIL, false, "its 'seq' is not the one that comes next");
        land(f, k);
    }
    return rc;
}
