/* test_header.c - headers and block.open lines: built, signed, read back, nothing else accepted. */
#include "chainkit.h"

static void example(struct og_header *h, const struct og_key *key)
{
    memset(h, 0, sizeof *h);
    h->app_hash = kit_seed("app", 0);
    h->chain = kit_seed("chain", 0);
    h->parent = kit_seed("parent", 0);
    h->tx_root = kit_seed("tx", 0);
    h->receipt_root = kit_seed("receipt", 0);
    h->open = (struct og_block_open){.height = 7, .time_ms = KIT_TIME, .round = 2, .proposer = 3};
    h->open.has_pi = true;
    memset(h->open.pi, 0xab, sizeof h->open.pi);
    h->n_tx = 12;
    OK(og_header_sign(h, key, &kit_err));
}

static void what_is_signed_is_read(void **state)
{
    (void)state;
    struct og_key *key = kit_key("consensus", 0);
    struct og_key *other = kit_key("consensus", 1);
    struct og_pub *p;
    struct og_pub *q;
    struct og_header h;
    struct og_header got;
    OK(og_key_pub(key, &p, &kit_err));
    OK(og_key_pub(other, &q, &kit_err));
    example(&h, key);
    OK(og_header_parse(h.line.p, h.line.len, &got, &kit_err));
    assert_memory_equal(&got.app_hash, &h.app_hash, OG_HASH_LEN);
    assert_memory_equal(&got.chain, &h.chain, OG_HASH_LEN);
    assert_memory_equal(&got.parent, &h.parent, OG_HASH_LEN);
    assert_memory_equal(&got.tx_root, &h.tx_root, OG_HASH_LEN);
    assert_memory_equal(&got.receipt_root, &h.receipt_root, OG_HASH_LEN);
    assert_memory_equal(&got.hash, &h.hash, OG_HASH_LEN);
    assert_int_equal(got.open.height, 7);
    assert_int_equal(got.open.round, 2);
    assert_int_equal(got.open.proposer, 3);
    assert_true(got.open.time_ms == KIT_TIME);
    assert_true(got.open.has_pi);
    assert_int_equal(got.n_tx, 12);
    assert_true(og_header_verify(&got, p));
    assert_false(og_header_verify(&got, q));
    struct og_hash want = og_sha256(h.line.p, h.line.len);
    assert_memory_equal(&want, &h.hash, OG_HASH_LEN);
    og_header_release(&h);
    og_header_release(&got);
    og_pub_free(p);
    og_pub_free(q);
    og_key_free(key);
    og_key_free(other);
}

static void without_a_validator_it_is_unsigned(void **state)
{
    (void)state;
    struct og_header h = {0};
    struct og_header got;
    h.open.height = 1;
    OK(og_header_sign(&h, NULL, &kit_err));
    OK(og_header_parse(h.line.p, h.line.len, &got, &kit_err));
    assert_int_equal(got.sig.len, 0);
    assert_false(got.open.has_pi);
    og_header_release(&h);
    og_header_release(&got);
}

static void no_changed_bit_passes(void **state)
{
    (void)state;
    struct og_key *key = kit_key("consensus", 0);
    struct og_pub *p;
    struct og_header h;
    struct og_header got;
    OK(og_key_pub(key, &p, &kit_err));
    example(&h, key);
    for (size_t i = 0; i < 8 * h.line.len; i++) {
        h.line.p[i / 8] ^= (char)(1 << (i % 8));
        if (og_header_parse(h.line.p, h.line.len, &got, &kit_err) == OG_OK) {
            if (og_header_verify(&got, p))
                fail_msg("bit %zu: a changed header verifies", i);
            og_header_release(&got);
        }
        h.line.p[i / 8] ^= (char)(1 << (i % 8));
    }
    og_header_release(&h);
    og_pub_free(p);
    og_key_free(key);
}

/* line with the first `from` replaced by `to` must be refused. */
static void refused(const char *line, const char *from, const char *to, bool open)
{
    struct og_buf b = OG_BUF_INIT;
    const char *at = strstr(line, from);
    assert_non_null(at);
    og_buf_add(&b, line, (size_t)(at - line));
    og_buf_adds(&b, to);
    og_buf_adds(&b, at + strlen(from));
    struct og_header h;
    struct og_block_open o;
    enum og_rc rc = open ? og_block_open_parse(b.p, b.len, &o, &kit_err)
                         : og_header_parse(b.p, b.len, &h, &kit_err);
    if (rc != OG_E_DATA)
        fail_msg("%s for %s gives %d", to, from, (int)rc);
    og_buf_release(&b);
}

static void other_headers_are_refused(void **state)
{
    (void)state;
    struct og_key *key = kit_key("consensus", 0);
    struct og_header h;
    example(&h, key);
    static const char *const bad[][2] = {
        {"\"v\":1", "\"v\":2"},
        {"\"v\":1", "\"v\":\"1\""},
        {",\"v\":1", ""},
        {"\"kind\":\"block\"", "\"kind\":\"blokk\""},
        {"\"height\":7", "\"height\":\"7\""},
        {"\"height\":7", "\"height\":-7"},
        {"\"height\":7", "\"height\":7.0"},
        {"\"height\":7,", ""},
        {"\"height\":7", "\"height\":7,\"height\":7"},
        {"\"n_tx\":12", "\"n_tx\":2000000"},
        {"\"round\":2", "\"round\":10000000"},
        {"\"pi\":\"ab", "\"pi\":\"a"},
        {"\"pi\":\"ab", "\"pi\":\"AB"},
        {"\"sig\":\"", "\"sig\":\"!"},
        {"{\"app_hash\"", "{\"aaa\":1,\"app_hash\""},
        {"{\"app_hash\"", "{ \"app_hash\""},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refused(h.line.p, bad[i][0], bad[i][1], false);
    struct og_header got;
    for (size_t n = 0; n < h.line.len; n++)
        assert_int_equal(og_header_parse(h.line.p, n, &got, &kit_err), OG_E_DATA);
    og_header_release(&h);
    og_key_free(key);
}

static void block_open(void **state)
{
    (void)state;
    struct og_block_open o = {.height = 9, .time_ms = KIT_TIME, .round = 1, .proposer = 4};
    struct og_block_open got;
    struct og_buf line = OG_BUF_INIT;
    OK(og_block_open_line(&o, &line, &kit_err));
    assert_string_equal(line.p,
                        "{\"body\":{\"height\":9,\"misbehaviour\":[],\"pi\":\"\",\"proposer\":4,"
                        "\"round\":1,\"time_ms\":1700000000000,\"votes\":[]},"
                        "\"kind\":\"block.open\",\"v\":1}");
    OK(og_block_open_parse(line.p, line.len, &got, &kit_err));
    assert_memory_equal(&got, &o, sizeof o);
    static const char *const bad[][2] = {
        {"\"v\":1", "\"v\":2"},
        {"\"misbehaviour\":[]", "\"misbehaviour\":[1]"},
        {"\"votes\":[]", "\"votes\":{}"},
        {"\"votes\":[]", "\"votes\":[0]"},
        {",\"votes\":[]", ""},
        {"block.open", "block.shut"},
        {"\"round\":1", "\"round\":01"},
        {"\"pi\":\"\"", "\"pi\":\"00\""},
        {"\"pi\":\"\"", "\"pi\":null"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refused(line.p, bad[i][0], bad[i][1], true);
    o.has_pi = true;
    o.pi[0] = 2;
    og_buf_reset(&line);
    OK(og_block_open_line(&o, &line, &kit_err));
    OK(og_block_open_parse(line.p, line.len, &got, &kit_err));
    assert_memory_equal(got.pi, o.pi, sizeof o.pi);
    og_buf_release(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_signed_is_read),
        cmocka_unit_test(without_a_validator_it_is_unsigned),
        cmocka_unit_test(no_changed_bit_passes),
        cmocka_unit_test(other_headers_are_refused),
        cmocka_unit_test(block_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
