/* node_net.c - a whole network on this machine: homes, keys, addresses; started, awaited, ended. */
#include "node.h"
#include "node_blobs.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "crypto/crypto_nodekey.h"
#include "engine/engine_app.h"
#include "store/store_block.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define P2P_PORT 26656
#define RPC_PORT 26657
#define TRIES    64

char *node_net_home(const struct node_net *t, size_t i)
{
    struct og_buf b = OG_BUF_INIT;
    og_buf_addf(&b, "%s/node%zu", t->dir, i);
    return og_buf_detach(&b);
}

static void address(const struct node_net *t, size_t i, char out[INET_ADDRSTRLEN])
{
    struct in_addr a;
    inet_pton(AF_INET, t->host, &a);
    a.s_addr = htonl(ntohl(a.s_addr) + (uint32_t)i);
    inet_ntop(AF_INET, &a, out, INET_ADDRSTRLEN);
}

static bool can_bind(const char *host, uint16_t port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, host, &a.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && bind(fd, (const struct sockaddr *)&a, sizeof a) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

/* All of 127.0.0.0/8 is this machine: a network takes addresses of its own, so that many run side
 * by side with the same ports. */
static enum og_rc choose_host(struct node_net *t, struct og_err *err)
{
    for (int tries = 0; tries < TRIES; tries++) {
        uint8_t r[3];
        bool ok = true;
        og_random_bytes(r, sizeof r);
        snprintf(t->host, sizeof t->host, "127.%u.%u.%u", 1u + r[0] % 254u, r[1], 1u + r[2] % 150u);
        for (size_t i = 0; ok && i < t->n; i++) {
            char host[INET_ADDRSTRLEN];
            address(t, i, host);
            ok = can_bind(host, P2P_PORT) && can_bind(host, RPC_PORT) &&
                 can_bind(host, BLOBS_PORT) && can_bind(host, METRICS_PORT);
        }
        if (ok)
            return OG_OK;
    }
    return og_err_set(err, OG_E_UNAVAILABLE, "no free addresses on the loopback interface");
}

/* Node 0's state with all owners and nodes in its genesis. */
static enum og_rc make_chain(const struct node_net *t, const char *home, uint64_t mflops,
                             struct og_err *err)
{
    const char *argv[32 + 2 * NODES_MAX];
    char member[NODES_MAX][48];
    char speed[32];
    char *tool;
    size_t n = 0;
    const char *const head[] = {"ogpu",     "init",    "-s",    home,        "-q",
                                "--engine", "comet",   "--key", "alice",     "--alg",
                                "ed25519",  "--slots", "1",     "--account", "dora,amount=5000"};
    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        argv[n++] = head[i];
    snprintf(speed, sizeof speed, "%llu", (unsigned long long)mflops);
    if (mflops) {
        argv[n++] = "--mflops";
        argv[n++] = speed;
    }
    for (size_t i = 0; i < t->n; i++) {
        snprintf(member[i], sizeof member[i], "node%zu,threads=1", i);
        argv[n++] = "--member";
        argv[n++] = member[i];
    }
    argv[n] = NULL;
    enum og_rc rc = node_find_tool("ogpu", &tool, err);
    if (rc == OG_OK)
        rc = node_run(tool, argv, err);
    free(tool);
    return rc;
}

static enum og_rc make_keys(const struct node_net *t, const char *keys, const char *alg,
                            struct og_err *err)
{
    for (size_t i = 0; i < t->n; i++) {
        struct og_nodekey k;
        char name[32];
        snprintf(name, sizeof name, "node%zu", i);
        OG_TRY(og_nodekey_ensure_alg(keys, name, alg, &k, err));
        og_nodekey_release(&k);
    }
    return OG_OK;
}

/* Validators of a replay network are none of the ledger's: every node, of equal power. */
static enum og_rc replay_validators(const struct node_net *t, const char *keys, struct og_buf *out,
                                    struct og_err *err)
{
    json_t *list = json_array();
    enum og_rc rc = OG_OK;
    for (size_t i = 0; rc == OG_OK && i < t->n; i++) {
        struct og_nodekey k;
        struct og_buf b = OG_BUF_INIT;
        char name[32];
        size_t n;
        snprintf(name, sizeof name, "node%zu", i);
        rc = og_nodekey_ensure(keys, name, &k, err);
        if (rc != OG_OK)
            break;
        const uint8_t *der = og_pub_der(k.consensus, &n);
        og_base64_encode(der + n - 32, 32, &b);
        json_array_append_new(list, json_pack("{s:s, s:s, s:{s:s, s:s}}", "name", name, "power",
                                              "10", "pub_key", "type", "tendermint/PubKeyEd25519",
                                              "value", b.p));
        og_buf_release(&b);
        og_nodekey_release(&k);
    }
    char *text = json_dumps(list, JSON_COMPACT);
    og_buf_adds(out, text ? text : "[]");
    free(text);
    json_decref(list);
    return rc;
}

static enum og_rc read_genesis(const struct node_net *t, const char *state, const char *keys,
                               struct og_buf *out, struct og_err *err)
{
    struct og_store *st;
    struct og_buf vals = OG_BUF_INIT;
    enum og_rc rc = t->replay ? replay_validators(t, keys, &vals, err) : OG_OK;
    OG_TRY(rc);
    rc = og_store_open(state, OG_STORE_READ, &st, err);
    if (rc == OG_OK)
        rc = node_genesis(st, t->replay ? &vals : NULL, t->replay, out, err);
    og_store_close(st);
    og_buf_release(&vals);
    return rc;
}

static enum og_rc make_home(const struct node_net *t, size_t i, const char *keys, const char *peers,
                            const struct og_buf *genesis, struct og_err *err)
{
    char *home = node_net_home(t, i);
    char name[32];
    char host[INET_ADDRSTRLEN];
    char p2p[64];
    char rpc[64];
    address(t, i, host);
    snprintf(name, sizeof name, "node%zu", i);
    snprintf(p2p, sizeof p2p, "%s:%d", host, P2P_PORT);
    snprintf(rpc, sizeof rpc, "%s:%d", host, RPC_PORT);
    struct node_files f = {.home = home,
                           .keys_dir = keys,
                           .name = name,
                           .p2p = p2p,
                           .rpc = rpc,
                           .peers = peers,
                           .genesis = genesis->p,
                           .loopback = true,
                           .block_ms = 100};
    enum og_rc rc = OG_OK;
    if (i || t->replay)
        rc = node_state_from(genesis->p, genesis->len, home, err);
    if (rc == OG_OK)
        rc = node_files_write(&f, err);
    free(home);
    return rc;
}

static enum og_rc all_peers(const struct node_net *t, struct og_buf *out, struct og_err *err)
{
    for (size_t i = 0; i < t->n; i++) {
        char id[NODE_ID_LEN + 1];
        char host[INET_ADDRSTRLEN];
        char *home = node_net_home(t, i);
        enum og_rc rc = node_files_id(home, id, err);
        free(home);
        OG_TRY(rc);
        address(t, i, host);
        og_buf_addf(out, "%s%s@%s:%d", i ? "," : "", id, host, P2P_PORT);
    }
    return OG_OK;
}

enum og_rc node_net_make(struct node_net *t, const char *from, uint64_t mflops, const char *alg,
                         struct og_err *err)
{
    char *keys = og_io_join(t->dir, "keys");
    char *first = node_net_home(t, 0);
    struct og_buf genesis = OG_BUF_INIT;
    struct og_buf peers = OG_BUF_INIT;
    t->replay = from != NULL;
    enum og_rc rc = choose_host(t, err);
    if (rc == OG_OK && setenv("OGPU_KEYS", keys, 1) < 0)
        rc = og_err_set(err, OG_E_INTERNAL, "cannot set OGPU_KEYS");
    if (rc == OG_OK)
        rc = make_keys(t, keys, alg, err);
    if (rc == OG_OK && !from)
        rc = make_chain(t, first, mflops, err);
    if (rc == OG_OK)
        rc = read_genesis(t, from ? from : first, keys, &genesis, err);
    if (rc == OG_OK)
        rc = all_peers(t, &peers, err);
    for (size_t i = 0; rc == OG_OK && i < t->n; i++)
        rc = make_home(t, i, keys, peers.p, &genesis, err);
    og_buf_release(&genesis);
    og_buf_release(&peers);
    free(keys);
    free(first);
    return rc;
}

static enum og_rc open_log(struct node_pair *p, const char *home, struct og_err *err)
{
    char *path = og_io_join(home, "log");
    p->log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    enum og_rc rc = p->log_fd >= 0 ? OG_OK
                                   : og_err_set(err, OG_E_CANTCREATE, "cannot make '%s': %s", path,
                                                strerror(errno));
    free(path);
    return rc;
}

enum og_rc node_net_start(struct node_net *t, struct og_err *err)
{
    char *comet;
    char *keys = og_io_join(t->dir, "keys");
    enum og_rc rc = node_find_comet(&comet, err);
    for (size_t i = 0; rc == OG_OK && i < t->n; i++) {
        char *home = node_net_home(t, i);
        rc = node_pair_open(&t->pair[i], home, keys, comet, err);
        t->pair[i].snapshot_every = t->snapshot_every;
        if (rc == OG_OK)
            rc = open_log(&t->pair[i], home, err);
        if (rc == OG_OK)
            rc = node_pair_start(&t->pair[i], err);
        free(home);
    }
    free(keys);
    free(comet);
    return rc;
}

static enum og_rc height_of(const struct node_net *t, size_t i, uint64_t *height,
                            struct og_err *err)
{
    struct og_store *st;
    char *home = node_net_home(t, i);
    enum og_rc rc = og_store_open(home, OG_STORE_READ, &st, err);
    if (rc == OG_OK)
        rc = og_store_meta_u64(st, "comet_h", 0, height, err);
    og_store_close(st);
    free(home);
    return rc;
}

enum og_rc node_net_wait(struct node_net *t, uint64_t height, uint64_t timeout_ms,
                         struct og_err *err)
{
    uint64_t end = og_time_mono_ms() + timeout_ms;
    for (size_t i = 0; i < t->n;) {
        uint64_t h = 0;
        OG_TRY(height_of(t, i, &h, err));
        if (h >= height) {
            i++;
            continue;
        }
        OG_TRY(node_pair_tend(t->pair, t->n, err));
        if (og_cli_stop)
            return og_err_set(err, OG_E_TEMPFAIL, "stopped");
        if (og_time_mono_ms() > end)
            return og_err_set(err, OG_E_UNAVAILABLE,
                              "node %zu has no block %llu after %llu s; see '%s/node%zu/log'", i,
                              (unsigned long long)height, (unsigned long long)timeout_ms / 1000,
                              t->dir, i);
        og_time_sleep_ms(20);
    }
    return OG_OK;
}

void node_net_close(struct node_net *t)
{
    node_pair_stop(t->pair, t->n);
    for (size_t i = 0; i < t->n; i++)
        node_pair_close(&t->pair[i]);
    free(t->dir);
    t->dir = NULL;
}
