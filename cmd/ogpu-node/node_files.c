/* node_files.c - the engine's files: config.toml, node key, validator key, genesis. */
#include "node.h"
#include "node_blobs.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "crypto/crypto_nodekey.h"
#include "store/store_open.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static char *below(const char *home, const char *name)
{
    struct og_buf b = OG_BUF_INIT;
    og_buf_addf(&b, "%s/comet/%s", home, name);
    return og_buf_detach(&b);
}

/* Written only where missing: a validator's state of signing must never be reset. */
static enum og_rc write_new(const char *home, const char *name, const struct og_buf *text,
                            bool replace, struct og_err *err)
{
    char *path = below(home, name);
    enum og_rc rc = OG_OK;
    if (replace || !og_io_exists(path))
        rc = og_io_write_atomic(path, text->p, text->len, 0600, OG_IO_REPLACE, err);
    free(path);
    return rc;
}

static json_t *b64(const void *p, size_t n)
{
    struct og_buf b = OG_BUF_INIT;
    og_base64_encode(p, n, &b);
    json_t *s = json_string(b.p ? b.p : "");
    og_buf_cleanse(&b);
    return s;
}

static enum og_rc write_json(const char *home, const char *name, json_t *o_taken, bool replace,
                             struct og_err *err)
{
    struct og_buf b = OG_BUF_INIT;
    char *text = json_dumps(o_taken, JSON_INDENT(2));
    json_decref(o_taken);
    if (!text)
        return og_err_set(err, OG_E_INTERNAL, "cannot write '%s'", name);
    og_buf_addf(&b, "%s\n", text);
    enum og_rc rc = write_new(home, name, &b, replace, err);
    free(text);
    og_buf_cleanse(&b);
    return rc;
}

static enum og_rc make_dirs(const char *home, struct og_err *err)
{
    static const char *const dirs[] = {"comet", "comet/config", "comet/data", "run"};
    for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
        char *path = og_io_join(home, dirs[i]);
        enum og_rc rc = og_io_mkdirs(path, 0700, err);
        free(path);
        OG_TRY(rc);
    }
    return OG_OK;
}

static enum og_rc make_node_key(const char *home, struct og_err *err)
{
    struct og_key *k;
    struct og_buf raw = OG_BUF_INIT;
    OG_TRY(og_key_generate("ed25519", NULL, &k, err));
    enum og_rc rc = og_key_raw(k, &raw, err);
    if (rc == OG_OK)
        rc = write_json(home, "config/node_key.json",
                        json_pack("{s:{s:s, s:o}}", "priv_key", "type", "tendermint/PrivKeyEd25519",
                                  "value", b64(raw.p, raw.len)),
                        false, err);
    og_buf_cleanse(&raw);
    og_key_free(k);
    return rc;
}

/* The id: the first 20 bytes of SHA-256 of the public half, which ends the private form. */
static enum og_rc read_id(const char *path, char id[NODE_ID_LEN + 1], struct og_err *err)
{
    struct og_buf text = OG_BUF_INIT;
    struct og_buf raw = OG_BUF_INIT;
    json_error_t je;
    enum og_rc rc = og_io_read_secret(path, 65536, &text, err);
    json_t *o = rc == OG_OK ? json_loadb(text.p, text.len, 0, &je) : NULL;
    const char *s = json_string_value(json_object_get(json_object_get(o, "priv_key"), "value"));
    if (rc == OG_OK && s)
        rc = og_base64_decode(s, strlen(s), 64, &raw, err);
    if (rc == OG_OK && raw.len != 64)
        rc = og_err_set(err, OG_E_CONFIG, "'%s' holds no node key", path);
    if (rc == OG_OK) {
        struct og_hash h = og_sha256(raw.p + 32, 32);
        struct og_buf hex = OG_BUF_INIT;
        og_buf_add_hex(&hex, h.b, NODE_ID_LEN / 2);
        memcpy(id, hex.p, NODE_ID_LEN + 1);
        og_buf_release(&hex);
    }
    json_decref(o);
    og_buf_cleanse(&text);
    og_buf_cleanse(&raw);
    return rc;
}

enum og_rc node_files_id(const char *home, char id[NODE_ID_LEN + 1], struct og_err *err)
{
    OG_TRY(make_dirs(home, err));
    OG_TRY(make_node_key(home, err));
    char *path = below(home, "config/node_key.json");
    enum og_rc rc = read_id(path, id, err);
    free(path);
    return rc;
}

static enum og_rc write_validator(const struct node_files *f, struct og_err *err)
{
    struct og_key *k;
    struct og_pub *pub = NULL;
    struct og_buf raw = OG_BUF_INIT;
    struct og_buf hex = OG_BUF_INIT;
    size_t n;
    OG_TRY(og_nodekey_consensus(f->keys_dir, f->name, &k, err));
    if (!k)
        return og_err_set(err, OG_E_NOINPUT, "there is no key '%s/%s.consensus.pem'", f->keys_dir,
                          f->name);
    enum og_rc rc = og_key_raw(k, &raw, err);
    if (rc == OG_OK)
        rc = og_key_pub(k, &pub, err);
    if (rc == OG_OK) {
        bool ed = strcmp(og_key_alg(k), "ed25519") == 0;
        size_t len = ed ? 32 : 1952;
        const uint8_t *der = og_pub_der(pub, &n);
        struct og_hash h = og_sha256(der + n - len, len);
        og_buf_add_hex(&hex, h.b, 20);
        for (size_t i = 0; i < hex.len; i++)
            hex.p[i] = (char)(hex.p[i] >= 'a' ? hex.p[i] - 'a' + 'A' : hex.p[i]);
        rc =
            write_json(f->home, "config/priv_validator_key.json",
                       json_pack("{s:s, s:{s:s, s:o}, s:{s:s, s:o}}", "address", hex.p, "pub_key",
                                 "type", ed ? "tendermint/PubKeyEd25519" : "cometbft/PubKeyMlDsa65",
                                 "value", b64(der + n - len, len), "priv_key", "type",
                                 ed ? "tendermint/PrivKeyEd25519" : "cometbft/PrivKeyMlDsa65",
                                 "value", b64(raw.p, raw.len)),
                       true, err);
    }
    og_buf_cleanse(&raw);
    og_buf_release(&hex);
    og_pub_free(pub);
    og_key_free(k);
    return rc;
}

/* What differs from the engine's defaults: short blocks, none without need, no indexer (the state
 * is ours), a mempool for our sizes. */
static const char config_text[] =
    "# Written by ogpu-node. Paths are below the state folder, where the engine is started.\n"
    "proxy_app = \"unix://run/abci.sock\"\nabci = \"socket\"\nmoniker = \"%s\"\n"
    "db_backend = \"goleveldb\"\nlog_level = \"error\"\nlog_format = \"plain\"\n"
    "\n[rpc]\nladdr = \"tcp://%s\"\nmax_request_batch_size = 500\nmax_body_bytes = 4000000\n"
    "\n[p2p]\nladdr = \"tcp://%s\"\npersistent_peers = \"%s\"\naddr_book_strict = %s\n"
    "allow_duplicate_ip = %s\npex = %s\nsend_rate = 51200000\nrecv_rate = 51200000\n"
    "\n[mempool]\ntype = \"flood\"\nsize = 20000\nmax_txs_bytes = 67108864\nmax_tx_bytes = "
    "1048576\n"
    "cache_size = 50000\nrecheck_timeout = \"3s\"\n"
    "\n[consensus]\ntimeout_propose = \"%s\"\ntimeout_propose_delta = \"200ms\"\n"
    "timeout_prevote = \"%s\"\ntimeout_prevote_delta = \"100ms\"\n"
    "timeout_precommit = \"%s\"\ntimeout_precommit_delta = \"100ms\"\n"
    "timeout_commit = \"%llums\"\ncreate_empty_blocks = false\n"
    "peer_gossip_sleep_duration = \"%s\"\n"
    "\n[tx_index]\nindexer = \"null\"\n";

static enum og_rc write_config(const struct node_files *f, struct og_err *err)
{
    struct og_buf b = OG_BUF_INIT;
    bool l = f->loopback;
    og_buf_addf(&b, config_text, f->name, f->rpc, f->p2p, f->peers, l ? "false" : "true",
                l ? "true" : "false", l ? "false" : "true", l ? "1s" : "2s", l ? "300ms" : "500ms",
                l ? "300ms" : "500ms", (unsigned long long)f->block_ms, l ? "10ms" : "50ms");
    if (f->sync) {
        int n = (int)strcspn(f->trust, ":");
        og_buf_addf(&b,
                    "\n[statesync]\nenable = true\nrpc_servers = \"%s\"\ntrust_height = %.*s\n"
                    "trust_hash = \"%s\"\ntrust_period = \"168h\"\ndiscovery_time = \"5s\"\n",
                    f->sync, n, f->trust, f->trust + n + 1);
    }
    enum og_rc rc = write_new(f->home, "config/config.toml", &b, true, err);
    og_buf_release(&b);
    return rc;
}

/* Tools read from the state where to send transactions. */
static enum og_rc note_rpc(const struct node_files *f, struct og_err *err)
{
    struct og_store *st;
    struct og_buf url = OG_BUF_INIT;
    og_buf_addf(&url, "http://%s", f->rpc);
    enum og_rc rc = og_store_open(f->home, OG_STORE_WRITE, &st, err);
    if (rc == OG_OK)
        rc = og_store_begin(st, err);
    if (rc == OG_OK)
        rc = og_store_meta_put(st, "comet_rpc", url.p, url.len, err);
    if (rc == OG_OK)
        rc = og_store_commit(st, err);
    if (st)
        og_store_rollback(st);
    og_store_close(st);
    og_buf_release(&url);
    return rc;
}

enum og_rc node_files_write(const struct node_files *f, struct og_err *err)
{
    struct og_buf text = OG_BUF_INIT;
    OG_TRY(make_dirs(f->home, err));
    OG_TRY(write_config(f, err));
    OG_TRY(write_validator(f, err));
    og_buf_adds(&text, f->genesis);
    enum og_rc rc = write_new(f->home, "config/genesis.json", &text, true, err);
    og_buf_release(&text);
    if (rc == OG_OK)
        rc = write_json(f->home, "data/priv_validator_state.json",
                        json_pack("{s:s, s:i, s:i}", "height", "0", "round", 0, "step", 0), false,
                        err);
    if (rc == OG_OK)
        rc = node_blobs_write(f, err);
    return rc == OG_OK ? note_rpc(f, err) : rc;
}
