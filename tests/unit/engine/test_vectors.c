/* test_vectors.c - a small chain made from fixed seeds comes to the committed bytes and hashes of
 * tests/data/vectors.json, which tests/data/vectors.py checks without any of our code.
 * OGPU_VECTORS=write writes the file anew, after a change of the protocol that is meant. */
#include "chainkit.h"

#include "work/work_secret.h"

#define FILE_NAME "tests/data/vectors.json"
#define BLOCKS    4

static json_t *hex(const void *p, size_t n)
{
    return og_json_new_hex(p, n);
}

static json_t *hash(const struct og_hash *h)
{
    return hex(h->b, OG_HASH_LEN);
}

static json_t *text(const struct og_buf *b)
{
    return json_stringn(b->p ? b->p : "", b->len);
}

static json_t *canonical(void)
{
    static const char *const in[] = {
        "{}",
        "{\"b\":1,\"a\":[true,false,null,-5,0,9007199254740991]}",
        "{\"text\":\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\\u00e9\\u20ac\\ud83d\\ude00\"}",
        "{\"aa\":\"\",\"a\":{\"z\":{},\"B\":[],\"_\":[[]]},\"A\":\"x\"}",
        "[{\"k\":\"\\u2028\"},\"9007199254740993\",-9007199254740991]",
    };
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof in / sizeof *in; i++) {
        struct og_buf out = OG_BUF_INIT;
        json_t *o = json_loads(in[i], JSON_DECODE_ANY, NULL);
        assert_non_null(o);
        OK(og_json_canon(o, &out, &kit_err));
        json_array_append_new(list, json_pack("{s:s, s:o}", "in", in[i], "out", text(&out)));
        json_decref(o);
        og_buf_release(&out);
    }
    return list;
}

static json_t *addresses(void)
{
    static const char *const algs[] = {"ed25519", "ml-dsa-65", "hybrid", "slh-dsa-sha2-128s"};
    json_t *list = json_array();
    struct og_hash seed = kit_seed("address", 0);
    for (size_t i = 0; i < 4; i++) {
        struct og_key *k;
        struct og_pub *p;
        size_t n;
        OK(og_key_generate(algs[i], seed.b, &k, &kit_err));
        OK(og_key_pub(k, &p, &kit_err));
        const uint8_t *der = og_pub_der(p, &n);
        struct og_addr a = og_pub_addr(p);
        json_array_append_new(list,
                              json_pack("{s:s, s:o, s:o, s:o}", "alg", algs[i], "key", hex(der, n),
                                        "address", kit_addr(&a), "bytes", hex(a.b, OG_ADDR_LEN)));
        og_pub_free(p);
        og_key_free(k);
    }
    return list;
}

static json_t *commitments(const struct og_hash *chain)
{
    struct og_key *k = kit_key("account", 0);
    struct og_addr node = og_key_addr(k);
    struct og_hash nonce = kit_seed("nonce", 0);
    struct og_hash root = kit_seed("root", 0);
    struct og_hash commit = og_work_commit_hash(chain, 0x0102030405060708, &node, &nonce, &root);
    struct og_hash verdict = og_work_verdict_hash(chain, 0x0102030405060708, &node, &nonce, &root);
    og_key_free(k);
    return json_pack("{s:o, s:I, s:o, s:o, s:o, s:o, s:o}", "chain", hash(chain), "lease",
                     (json_int_t)0x0102030405060708, "node", hex(node.b, OG_ADDR_LEN), "nonce",
                     hash(&nonce), "root", hash(&root), "commit", hash(&commit), "verdict",
                     hash(&verdict));
}

struct chain {
    struct og_store *st;
    struct og_ledger *l;
    json_t *txs, *headers;
    uint64_t seq, index;
    struct og_key *from;
};

static void apply(struct chain *c, enum og_tx_kind kind, const char *body, const struct og_addr *to,
                  uint64_t value)
{
    json_t *b = json_loads(body, 0, NULL);
    assert_non_null(b);
    struct og_draft d = {.kind = kind, .body = b, .to = to, .value = value};
    struct og_buf line = OG_BUF_INIT;
    struct og_tx tx;
    struct og_applied done;
    c->seq++;
    OK(og_tx_sign(&d, c->from, og_ledger_chain(c->l), c->seq, 1000, 5000, c->seq == 1, &line,
                  &kit_err));
    OK(og_tx_parse(line.p, line.len, &tx, &kit_err));
    OK(og_ledger_apply(c->l, &tx, line.p, ++c->index, &done, &kit_err));
    if (!done.in_block)
        fail_msg("%s", done.msg);
    json_array_append_new(c->txs,
                          json_pack("{s:o, s:o, s:o, s:b}", "line", text(&line), "txid",
                                    hash(&tx.id), "leaf", hash(&tx.leaf), "ok", done.rc == OG_OK));
    og_tx_release(&tx);
    og_buf_release(&line);
    json_decref(b);
}

static void close_block(struct chain *c, struct og_block_open *o, struct og_hash *app,
                        struct og_hash *parent)
{
    static const struct og_addr nobody;
    struct og_header h = {.app_hash = *app, .chain = *og_ledger_chain(c->l), .parent = *parent};
    struct og_buf b = OG_BUF_INIT;
    struct og_hash beta;
    struct og_hash *leaf;
    size_t n;
    OK(og_ledger_proposer(c->l, o->height, 0, &o->proposer, &kit_err));
    assert_true(o->proposer >= 1);
    struct og_vrf_key *vrf = kit_vrf((unsigned)o->proposer - 1);
    struct og_key *consensus = kit_key("consensus", (unsigned)o->proposer - 1);
    OK(og_ledger_alpha(c->l, o->height, &b, &kit_err));
    OK(og_vrf_prove(vrf, b.p, b.len, o->pi, &beta, &kit_err));
    o->has_pi = true;
    h.open = *o;
    og_buf_reset(&b);
    OK(og_block_open_line(o, &b, &kit_err));
    struct og_hash id = og_sha256(b.p, b.len);
    struct og_hash first = og_merkle_leaf(b.p, b.len);
    OK(og_txrow_add(c->st, OG_POS(o->height, 0), &id, &first, &nobody, 0, "", b.p, b.len,
                    &kit_err));
    OK(og_block_leaves(c->st, o->height, false, &leaf, &h.n_tx, &kit_err));
    h.tx_root = og_merkle_root(leaf, h.n_tx);
    free(leaf);
    OK(og_ledger_end_block(c->l, o, &h.tx_root, true, app, &kit_err));
    OK(og_block_leaves(c->st, o->height, true, &leaf, &n, &kit_err));
    h.receipt_root = og_merkle_root(leaf, n);
    free(leaf);
    OK(og_header_sign(&h, consensus, &kit_err));
    OK(og_block_put(c->st, o->height, &h.hash, h.line.p, h.line.len, &kit_err));
    struct og_hash beacon;
    OK(og_ledger_beacon(c->l, o->height + 1, &beacon, &kit_err));
    json_array_append_new(c->headers,
                          json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "line", text(&h.line), "hash",
                                    hash(&h.hash), "open", text(&b), "beta", hash(&beta), "beacon",
                                    hash(&beacon), "app_hash_after", hash(app)));
    *parent = h.hash;
    og_header_release(&h);
    og_buf_release(&b);
    og_vrf_free(vrf);
    og_key_free(consensus);
}

static void play(struct chain *c, struct og_hash *app)
{
    struct og_hash parent = *og_ledger_chain(c->l);
    struct og_key *k = kit_key("account", 6);
    struct og_addr to = og_key_addr(k);
    struct og_buf spec = OG_BUF_INIT;
    struct og_hash h = kit_seed("spec", 0);
    og_key_free(k);
    og_buf_adds(&spec, "{\"spec\":\"");
    og_buf_add_hex(&spec, h.b, OG_HASH_LEN);
    og_buf_adds(&spec, "\",\"tasks\":[{\"count\":3,\"limit_ms\":1000,\"line\":0,\"max_price\":"
                       "\"1000000\",\"name\":\"x\",\"work_mflop\":\"5\"}]}");
    for (uint64_t height = 1; height <= BLOCKS; height++) {
        struct og_block_open o = {.height = height, .time_ms = KIT_TIME + 1000 * height};
        c->index = 0;
        OK(og_ledger_begin_block(c->l, height, o.time_ms, &kit_err));
        apply(c, OG_TX_TRANSFER, "{}", &to, height * 7);
        if (height == 2)
            apply(c, OG_TX_TASK_SUBMIT, spec.p, NULL, 0);
        if (height == 3)
            apply(c, OG_TX_STAKE_BOND, "{\"amount\":\"77\",\"node\":1}", NULL, 0);
        if (height == 4)
            apply(c, OG_TX_TRANSFER, "{\"surprise\":1}", &to, 5);
        close_block(c, &o, app, &parent);
    }
    og_buf_release(&spec);
}

struct dump {
    const struct og_family *f;
    json_t *rows;
    bool map;
};

static json_t *column(const struct og_col *c, const void *rec)
{
    static const char *const kinds[] = {"num", "dec", "hash", "addr", "text", "blob", "enum"};
    const void *at = (const char *)rec + c->at;
    json_t *v = NULL;
    switch (c->kind) {
    case OG_COL_NUM:
    case OG_COL_DEC:
    case OG_COL_ENUM: v = og_json_new_dec(*(const uint64_t *)at); break;
    case OG_COL_HASH: v = hex(at, OG_HASH_LEN); break;
    case OG_COL_ADDR: v = hex(at, OG_ADDR_LEN); break;
    case OG_COL_TEXT: {
        const char *s = *(char *const *)at;
        v = json_string(s ? s : "");
        break;
    }
    case OG_COL_BLOB: v = hex(((const struct og_blob *)at)->p, ((const struct og_blob *)at)->n);
    }
    return json_pack("[s,o]", kinds[c->kind], v);
}

static enum og_rc dump_row(void *ctx, const void *rec, struct og_err *err)
{
    struct dump *d = ctx;
    if (d->map) {
        struct og_buf b = OG_BUF_INIT;
        json_t *o = og_row_json(d->f, rec, d->f->name);
        enum og_rc rc = og_json_canon(o, &b, err);
        json_t *key = json_object_get(o, d->f->cols[0].name);
        char number[32];
        snprintf(number, sizeof number, "%lld", (long long)json_integer_value(key));
        json_array_append_new(
            d->rows,
            json_pack("[s,o]", json_is_string(key) ? json_string_value(key) : number, text(&b)));
        json_decref(o);
        og_buf_release(&b);
        return rc;
    }
    json_t *cols = json_array();
    for (size_t i = 0; i < d->f->n_cols; i++)
        json_array_append_new(cols, column(&d->f->cols[i], rec));
    json_array_append_new(d->rows, cols);
    return OG_OK;
}

/* All rows of the state: {store: {"key": columns of the key, "rows": […]}, or {"map": […]}}. */
static json_t *state_rows(struct og_store *st)
{
    json_t *stores = json_object();
    for (int i = 0; i < OG_FAMILIES; i++) {
        struct dump d = {.f = &og_families[i], .rows = json_array()};
        d.map = i == OG_F_PARAM || i == OG_F_VALIDATOR || i == OG_F_EPOCH;
        OK(og_row_walk(st, (enum og_family_index)i, dump_row, &d, &kit_err));
        if (d.f->late && json_array_size(d.rows) == 0) { /* no part of the app hash */
            json_decref(d.rows);
            continue;
        }
        json_object_set_new(stores, d.f->name,
                            d.map
                                ? json_pack("{s:o}", "map", d.rows)
                                : json_pack("{s:i, s:o}", "key", (int)d.f->n_key, "rows", d.rows));
    }
    return stores;
}

static json_t *make_all(void)
{
    struct chain c = {.txs = json_array(), .headers = json_array()};
    struct og_buf genesis = OG_BUF_INIT;
    struct og_buf meta = OG_BUF_INIT;
    struct og_hash app;
    struct og_hash app0;
    kit_genesis("{\"block_ms\":\"1000\"}", KIT_NODES, &genesis);
    OK(og_store_open("", OG_STORE_MEMORY | OG_STORE_WRITE, &c.st, &kit_err));
    OK(og_store_begin(c.st, &kit_err));
    OK(og_ledger_genesis(c.st, genesis.p, genesis.len, &kit_err));
    OK(og_tree_flush(c.st, &app, &kit_err));
    app0 = app;
    OK(og_ledger_open(c.st, &c.l, &kit_err));
    c.from = kit_key("account", 0);
    play(&c, &app);
    json_t *all =
        json_pack("{s:o, s:o, s:o, s:{s:o, s:o, s:o}, s:o, s:o, s:o, s:o}", "canonical",
                  canonical(), "addresses", addresses(), "commitments",
                  commitments(og_ledger_chain(c.l)), "genesis", "line", text(&genesis), "chain",
                  hash(og_ledger_chain(c.l)), "app_hash", hash(&app0), "transactions", c.txs,
                  "headers", c.headers, "stores", state_rows(c.st), "app_hash", hash(&app));
    assert_non_null(all);
    og_store_rollback(c.st);
    og_ledger_close(c.l);
    og_store_close(c.st);
    og_key_free(c.from);
    og_buf_release(&genesis);
    og_buf_release(&meta);
    return all;
}

static void the_bytes_are_the_committed_ones(void **state)
{
    (void)state;
    json_t *all = make_all();
    const char *mode = getenv("OGPU_VECTORS");
    if (mode && strcmp(mode, "write") == 0) {
        char *s = json_dumps(all, JSON_INDENT(1) | JSON_SORT_KEYS | JSON_ENSURE_ASCII);
        struct og_buf b = OG_BUF_INIT;
        og_buf_addf(&b, "%s\n", s);
        OK(og_io_write_atomic(FILE_NAME, b.p, b.len, 0644, OG_IO_REPLACE, &kit_err));
        og_buf_release(&b);
        free(s);
    }
    json_error_t where;
    json_t *want = json_load_file(FILE_NAME, 0, &where);
    if (!want)
        fail_msg("%s: %s", FILE_NAME, where.text);
    const char *key;
    json_t *part;
    assert_int_equal(json_object_size(all), json_object_size(want));
    json_object_foreach(all, key, part)
    {
        if (!json_equal(part, json_object_get(want, key)))
            fail_msg("'%s' is not as committed in " FILE_NAME "; if the protocol is meant to "
                     "change, run this test with OGPU_VECTORS=write",
                     key);
    }
    json_decref(want);
    json_decref(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bytes_are_the_committed_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
