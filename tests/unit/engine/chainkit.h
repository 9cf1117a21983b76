/* chainkit.h - a small chain for tests: keys made from fixed seeds, a genesis, an engine. */
#ifndef OG_TEST_CHAINKIT_H
#define OG_TEST_CHAINKIT_H

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "crypto/crypto_merkle.h"
#include "crypto/crypto_vrf.h"
#include "engine/engine.h"
#include "engine/engine_header.h"
#include "store/store_block.h"
#include "store/store_row.h"
#include "store/store_tree.h"
#include "json/json_canon.h"
#include "json/json_get.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define KIT_TIME  1700000000000u /* of the genesis */
#define KIT_OGPU  1000000000u
#define KIT_NODES 3

static struct og_err kit_err;
static char kit_dir[64];

#define OK(expr)                                                                                   \
    do {                                                                                           \
        enum og_rc ok_rc_ = (expr);                                                                \
        if (ok_rc_ != OG_OK)                                                                       \
            fail_msg("%s: %d, %s", #expr, (int)ok_rc_, kit_err.msg);                               \
    } while (0)

static inline int kit_open(void **state)
{
    (void)state;
    snprintf(kit_dir, sizeof kit_dir, "/tmp/ogpu-test-XXXXXX");
    return mkdtemp(kit_dir) ? 0 : -1;
}

static inline int kit_close(void **state)
{
    (void)state;
    og_time_set_now(0);
    return og_io_remove_tree(kit_dir, &kit_err) == OG_OK ? 0 : -1;
}

static inline struct og_hash kit_seed(const char *what, unsigned i)
{
    char text[64];
    int n = snprintf(text, sizeof text, "%s %u", what, i);
    return og_sha256(text, (size_t)n);
}

static inline struct og_key *kit_key(const char *what, unsigned i)
{
    struct og_key *k;
    struct og_hash seed = kit_seed(what, i);
    OK(og_key_generate("ed25519", seed.b, &k, &kit_err));
    return k;
}

static inline struct og_vrf_key *kit_vrf(unsigned i)
{
    struct og_vrf_key *k;
    struct og_hash seed = kit_seed("vrf", i);
    OK(og_vrf_generate(seed.b, &k, &kit_err));
    return k;
}

static inline json_t *kit_addr(const struct og_addr *a)
{
    char text[OG_ADDR_TEXT];
    og_addr_format(a, text);
    return json_string(text);
}

static inline json_t *kit_node(unsigned i)
{
    struct og_key *account = kit_key("account", i);
    struct og_key *consensus = kit_key("consensus", i);
    struct og_vrf_key *vrf = kit_vrf(i);
    struct og_addr a = og_key_addr(account);
    struct og_pub *p;
    uint8_t point[OG_VRF_PUB_LEN];
    OK(og_key_pub(consensus, &p, &kit_err));
    og_vrf_pub(vrf, point);
    json_t *o = json_pack(
        "{s:o, s:o, s:s, s:{s:o, s:o}, s:{s:i, s:i}, s:i, s:[{s:i, s:i, s:I, s:i, s:i}]}", "addr",
        kit_addr(&a), "owner", kit_addr(&a), "bond", "100000000000", "keys", "consensus",
        og_pub_to_json(p), "vrf", og_json_new_hex(point, sizeof point), "measured", "height", 0,
        "mflops_per_s", 1000 + (int)i, "offered", 1000 + (int)i, "slots", "share_ppm", 1000000,
        "cores", 1, "mem_bytes", (json_int_t)1 << 30, "gpu_ppm", 0, "gpu_mem_bytes", 0);
    assert_non_null(o);
    og_pub_free(p);
    og_key_free(account);
    og_key_free(consensus);
    og_vrf_free(vrf);
    return o;
}

/* params: JSON object text. accounts 0..9 hold 10,000 OGPU each, the first KIT_NODES are nodes. */
static inline void kit_genesis(const char *params, unsigned nodes, struct og_buf *out)
{
    json_t *accounts = json_array();
    json_t *list = json_array();
    for (unsigned i = 0; i < 10; i++) {
        struct og_key *k = kit_key("account", i);
        struct og_addr a = og_key_addr(k);
        json_array_append_new(
            accounts, json_pack("{s:o, s:s}", "addr", kit_addr(&a), "amount", "10000000000000"));
        og_key_free(k);
    }
    for (unsigned i = 0; i < nodes; i++)
        json_array_append_new(list, kit_node(i));
    struct og_hash random = kit_seed("random", 0);
    json_t *o = json_pack(
        "{s:o, s:s, s:s, s:o, s:o, s:o, s:I, s:i}", "accounts", accounts, "engine", "embedded",
        "kind", "genesis", "nodes", list, "params", json_loads(params, 0, NULL), "random",
        og_json_new_hex(random.b, OG_HASH_LEN), "time_ms", (json_int_t)KIT_TIME, "v", 1);
    assert_non_null(o);
    OK(og_json_canon(o, out, &kit_err));
    json_decref(o);
}

/* Consensus and VRF key files of node i under kit_dir/keys. */
static inline void kit_save_keys(const char *keys, unsigned i)
{
    struct og_key *consensus = kit_key("consensus", i);
    struct og_vrf_key *vrf = kit_vrf(i);
    struct og_buf pem = OG_BUF_INIT;
    char path[512];
    OK(og_io_mkdirs(keys, 0700, &kit_err));
    OK(og_key_to_pem(consensus, NULL, &pem, &kit_err));
    snprintf(path, sizeof path, "%s/n%u.consensus.pem", keys, i);
    OK(og_io_write_atomic(path, pem.p, pem.len, 0600, OG_IO_NOSYNC, &kit_err));
    og_buf_reset(&pem);
    OK(og_vrf_to_pem(vrf, NULL, &pem, &kit_err));
    snprintf(path, sizeof path, "%s/n%u.vrf.pem", keys, i);
    OK(og_io_write_atomic(path, pem.p, pem.len, 0600, OG_IO_NOSYNC, &kit_err));
    og_buf_cleanse(&pem);
    og_key_free(consensus);
    og_vrf_free(vrf);
}

/* A state in kit_dir/name with `nodes` nodes; the clock stands a second after the genesis. */
static inline char *kit_state(const char *name, const char *params, unsigned nodes)
{
    char *dir = og_io_join(kit_dir, name);
    struct og_buf g = OG_BUF_INIT;
    struct og_store *st;
    og_time_set_now(KIT_TIME + 1000);
    kit_genesis(params, nodes, &g);
    OK(og_store_open(dir, OG_STORE_CREATE | OG_STORE_WRITE, &st, &kit_err));
    OK(og_store_begin(st, &kit_err));
    OK(og_ledger_genesis(st, g.p, g.len, &kit_err));
    OK(og_store_commit(st, &kit_err));
    og_store_close(st);
    og_buf_release(&g);
    return dir;
}

static inline struct og_engine *kit_engine(const char *dir, const char *keys)
{
    struct og_engine *e;
    OK(og_engine_open(dir, keys, &e, &kit_err));
    return e;
}

static inline void kit_header(struct og_store *st, uint64_t height, struct og_header *h)
{
    struct og_buf line = OG_BUF_INIT;
    bool found;
    OK(og_block_get(st, height, NULL, &line, &found, &kit_err));
    assert_true(found);
    OK(og_header_parse(line.p, line.len, h, &kit_err));
    og_buf_release(&line);
}

static inline enum og_rc kit_transfer(struct og_engine *e, struct og_key *from, unsigned to,
                                      uint64_t value, struct og_sent *out)
{
    struct og_key *k = kit_key("account", to);
    struct og_addr a = og_key_addr(k);
    json_t *body = json_object();
    struct og_draft d = {.kind = OG_TX_TRANSFER, .body = body, .to = &a, .value = value};
    enum og_rc rc = og_engine_send1(e, from, &d, out, &kit_err);
    json_decref(body);
    og_key_free(k);
    return rc;
}

#endif
