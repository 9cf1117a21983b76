/* bench_net.c - closed-loop load on a network: so many transactions under way, a new one for each
 * that a block takes. "bench_net ogpu HOME KEYS SECONDS WINDOW URL..." sends signed transfers of 16
 * accounts; "bench_net kv BYTES SECONDS WINDOW URL..." sends CometBFT's kvstore pairs of that size.
 * Prints tx/s, p50 and p99 from broadcast to commit in ms, transactions, blocks, bytes of one. */
#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "crypto/crypto_keyfile.h"
#include "engine/engine.h"
#include "net/net_rpc.h"
#include "json/json_get.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ACCOUNTS 16
#define URLS_MAX 8
#define BATCH    40
#define TX_MAX   400000
#define GRAINS   1000000000ull
#define LOOK_MS  8
#define FEE      5000
#define VALID    1000000

/* A thread for each account, with a connection of its own. */
struct client {
    struct load *l;
    size_t account;
    pthread_t thread;
    struct og_rpc *rpc;
    enum og_rc rc;
    struct og_err err;
};

struct load {
    const char *url[URLS_MAX];
    struct og_rpc *rpc;
    size_t n_url, window;
    struct client client[ACCOUNTS];
    pthread_mutex_t lock; /* of what counts */
    volatile bool stop;
    struct og_key *key[ACCOUNTS]; /* of account i, sent to node i mod n_rpc */
    uint64_t seq[ACCOUNTS];
    struct og_hash chain;
    size_t kv_bytes;       /* 0: ours */
    uint64_t height, skip; /* skip: transactions of a block that are not load (block.open) */
    double *sent_ms;       /* ring of TX_MAX */
    double *took_ms;
    size_t n_sent, n_done, counted, blocks, bytes;
    double from_ms; /* counted from here */
};

static double now_ms(void)
{
    return (double)og_time_mono_us() / 1000;
}

static enum og_rc make_accounts(struct load *l, const char *home, const char *keys,
                                struct og_err *err)
{
    struct og_engine *e;
    struct og_key *alice;
    struct og_sent sent[ACCOUNTS];
    struct og_draft d[ACCOUNTS];
    OG_TRY(og_keyfile_load(keys, "alice", NULL, &alice, err));
    OG_TRY(og_engine_open(home, keys, &e, err));
    l->chain = *og_engine_chain(e);
    for (size_t i = 0; i < ACCOUNTS; i++) {
        char text[OG_ADDR_TEXT];
        OG_TRY(og_key_generate("ed25519", NULL, &l->key[i], err));
        struct og_addr a = og_key_addr(l->key[i]);
        og_addr_format(&a, text);
        d[i] = (struct og_draft){.kind = OG_TX_ACCOUNT_NEW, .body = json_object()};
        json_object_set_new((json_t *)(uintptr_t)d[i].body, "addr", json_string(text));
        json_object_set_new((json_t *)(uintptr_t)d[i].body, "amount",
                            og_json_new_dec(1000 * GRAINS));
    }
    enum og_rc rc = og_engine_send(e, alice, d, ACCOUNTS, sent, err);
    for (size_t i = 0; rc == OG_OK && i < ACCOUNTS; i++)
        if (sent[i].rc != OG_OK)
            rc = og_err_set(err, OG_E_DATA, "account.new: %s", sent[i].msg);
    og_engine_close(e);
    og_key_free(alice);
    return rc;
}

/* Until every node has the block that node 0 has now, and with it the accounts. */
static enum og_rc all_have(struct load *l, struct og_err *err)
{
    struct og_rpc_status st;
    OG_TRY(og_rpc_get_status(l->rpc, &st, err));
    for (size_t i = 0; i < l->n_url; i++) {
        struct og_rpc *rpc;
        struct og_rpc_status one = {0};
        OG_TRY(og_rpc_open(l->url[i], &rpc, err));
        enum og_rc rc = OG_OK;
        while (rc == OG_OK && one.height < st.height) {
            rc = og_rpc_get_status(rpc, &one, err);
            og_time_sleep_ms(20);
        }
        og_rpc_close(rpc);
        OG_TRY(rc);
    }
    og_time_sleep_ms(500); /* stored is not yet executed */
    return OG_OK;
}

static enum og_rc make_tx(struct load *l, size_t account, struct og_buf *out, struct og_err *err)
{
    if (l->kv_bytes) {
        og_buf_addf(out, "key%d.%zu.%" PRIu64 "=", (int)getpid(), account, ++l->seq[account]);
        while (out->len < l->kv_bytes)
            og_buf_addc(out, (char)('a' + out->len % 26));
        return OG_OK;
    }
    struct og_addr to = og_key_addr(l->key[(account + 1) % ACCOUNTS]);
    json_t *body = json_object();
    struct og_draft d = {.kind = OG_TX_TRANSFER, .body = body, .to = &to, .value = 1};
    uint64_t seq = ++l->seq[account];
    enum og_rc rc = og_tx_sign(&d, l->key[account], &l->chain, seq, VALID, FEE, seq == 1, out, err);
    json_decref(body);
    return rc;
}

static enum og_rc send_batch(struct client *c, struct og_err *err)
{
    struct load *l = c->l;
    struct og_buf line[BATCH];
    struct og_span tx[BATCH];
    struct og_rpc_said *said = og_xcalloc(BATCH, sizeof *said);
    enum og_rc rc = OG_OK;
    for (size_t i = 0; i < BATCH; i++) {
        line[i] = (struct og_buf)OG_BUF_INIT;
        if (rc == OG_OK)
            rc = make_tx(l, c->account, &line[i], err);
        tx[i] = (struct og_span){(const uint8_t *)line[i].p, line[i].len};
        l->bytes = line[i].len;
    }
    pthread_mutex_lock(&l->lock);
    for (size_t i = 0; i < BATCH; i++)
        l->sent_ms[l->n_sent++ % TX_MAX] = now_ms();
    pthread_mutex_unlock(&l->lock);
    if (rc == OG_OK)
        rc = og_rpc_broadcast(c->rpc, tx, BATCH, true, said, err);
    for (size_t i = 0; i < BATCH; i++) {
        og_buf_release(&line[i]);
        if (rc == OG_OK && said[i].fate != OG_RPC_TAKEN)
            rc = og_err_set(err, OG_E_DATA, "refused: %s", said[i].log);
    }
    free(said);
    return rc;
}

static void *serve(void *ctx)
{
    struct client *c = ctx;
    struct load *l = c->l;
    while (!l->stop && c->rc == OG_OK) {
        pthread_mutex_lock(&l->lock);
        bool room = l->n_sent - l->n_done + BATCH <= l->window;
        pthread_mutex_unlock(&l->lock);
        if (room)
            c->rc = send_batch(c, &c->err);
        else
            og_time_sleep_ms(2);
    }
    return NULL;
}

static void done_one(struct load *l)
{
    double now = now_ms();
    if (l->n_done == l->n_sent)
        return;
    double sent = l->sent_ms[l->n_done++ % TX_MAX];
    if (now >= l->from_ms && l->counted < TX_MAX)
        l->took_ms[l->counted++] = now - sent;
}

/* New blocks: the oldest transactions under way were in them. */
static enum og_rc look(struct load *l, struct og_err *err)
{
    char params[96];
    json_t *res;
    snprintf(params, sizeof params, "{\"minHeight\":\"%" PRIu64 "\",\"maxHeight\":\"%" PRIu64 "\"}",
             l->height + 1, l->height + 20);
    if (og_rpc_call(l->rpc, "blockchain", params, &res, err) != OG_OK)
        return OG_OK; /* none yet */
    pthread_mutex_lock(&l->lock);
    const json_t *list = json_object_get(res, "block_metas");
    for (size_t i = json_array_size(list); i > 0; i--) {
        const json_t *m = json_array_get(list, i - 1);
        const char *s = json_string_value(json_object_get(m, "num_txs"));
        uint64_t n = 0;
        if (!s || !og_parse_u64(s, 1000000, &n))
            n = 0;
        for (uint64_t k = n ? l->skip : 0; k < n; k++)
            done_one(l);
        l->height++;
        l->blocks += now_ms() >= l->from_ms;
    }
    pthread_mutex_unlock(&l->lock);
    json_decref(res);
    return OG_OK;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static enum og_rc start(struct load *l, struct og_err *err)
{
    for (size_t i = 0; i < ACCOUNTS; i++) {
        struct client *c = &l->client[i];
        *c = (struct client){.l = l, .account = i};
        OG_TRY(og_rpc_open(l->url[i % l->n_url], &c->rpc, err));
        if (pthread_create(&c->thread, NULL, serve, c) != 0)
            return og_err_set(err, OG_E_INTERNAL, "no thread");
    }
    return OG_OK;
}

static enum og_rc run(struct load *l, uint64_t seconds, struct og_err *err)
{
    struct og_rpc_status st;
    OG_TRY(og_rpc_get_status(l->rpc, &st, err));
    l->height = st.height;
    l->from_ms = now_ms() + 2000; /* warm first */
    double end = l->from_ms + 1000.0 * (double)seconds;
    OG_TRY(start(l, err));
    enum og_rc rc = OG_OK;
    while (rc == OG_OK && now_ms() < end) {
        og_time_sleep_ms(LOOK_MS);
        rc = look(l, err);
    }
    l->stop = true;
    for (size_t i = 0; i < ACCOUNTS; i++) {
        struct client *c = &l->client[i];
        pthread_join(c->thread, NULL);
        og_rpc_close(c->rpc);
        if (rc == OG_OK && c->rc != OG_OK)
            rc = og_err_set(err, c->rc, "%s", c->err.msg);
    }
    if (rc != OG_OK)
        return rc;
    if (!l->counted)
        return og_err_set(err, OG_E_UNAVAILABLE, "no transaction was taken");
    qsort(l->took_ms, l->counted, sizeof *l->took_ms, by_value);
    printf("%.1f %.1f %.1f %zu %zu %zu\n", (double)l->counted / (double)seconds,
           l->took_ms[l->counted / 2], l->took_ms[l->counted * 99 / 100], l->counted, l->blocks,
           l->bytes);
    return OG_OK;
}

static enum og_rc parse(struct load *l, int argc, char **argv, struct og_err *err)
{
    uint64_t seconds;
    uint64_t window;
    uint64_t bytes = 0;
    bool ours = argc > 1 && strcmp(argv[1], "ogpu") == 0;
    int at = ours ? 4 : 3;
    if (argc < at + 3 || !og_parse_u64(argv[at], 3600, &seconds) ||
        !og_parse_u64(argv[at + 1], 100000, &window) ||
        (!ours && !og_parse_u64(argv[2], 65536, &bytes)))
        return og_err_set(err, OG_E_USAGE, "see the head of bench_net.c");
    l->kv_bytes = bytes;
    l->skip = ours ? 1 : 0;
    l->window = window;
    for (int i = at + 2; i < argc && l->n_url < URLS_MAX; i++)
        l->url[l->n_url++] = argv[i];
    OG_TRY(og_rpc_open(l->url[0], &l->rpc, err));
    if (ours) {
        OG_TRY(make_accounts(l, argv[2], argv[3], err));
        OG_TRY(all_have(l, err));
    }
    return run(l, seconds, err);
}

int main(int argc, char **argv)
{
    struct load *l = og_xcalloc(1, sizeof *l);
    struct og_err err = {0};
    pthread_mutex_init(&l->lock, NULL);
    l->sent_ms = og_xcalloc(TX_MAX, sizeof *l->sent_ms);
    l->took_ms = og_xcalloc(TX_MAX, sizeof *l->took_ms);
    enum og_rc rc = parse(l, argc, argv, &err);
    if (rc != OG_OK)
        fprintf(stderr, "bench_net: %s\n", err.msg);
    og_rpc_close(l->rpc);
    for (size_t i = 0; i < ACCOUNTS; i++)
        og_key_free(l->key[i]);
    pthread_mutex_destroy(&l->lock);
    free(l->sent_ms);
    free(l->took_ms);
    free(l);
    return (int)rc;
}
