/* test_tx.c - transactions: sign, parse, verify; each refusal with its sentence. */
#include "model/model_tx.h"

#include "base/base_mem.h"
#include "crypto/crypto_merkle.h"
#include "json/json_canon.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct og_err err;
static struct og_key *key;
static const struct og_hash chain = {{0xc4, 1, 2, 3}};

#define OK(expr)                                                                                   \
    do {                                                                                           \
        enum og_rc ok_rc_ = (expr);                                                                \
        if (ok_rc_ != OG_OK)                                                                       \
            fail_msg("%s: %d, %s", #expr, (int)ok_rc_, err.msg);                                   \
    } while (0)

static int open_key(void **state)
{
    (void)state;
    uint8_t seed[32] = {1, 2, 3};
    return og_key_generate("ed25519", seed, &key, &err) == OG_OK ? 0 : -1;
}

static int close_key(void **state)
{
    (void)state;
    og_key_free(key);
    return 0;
}

static void sign(enum og_tx_kind kind, const char *body, const struct og_addr *to, uint64_t value,
                 bool with_pub, struct og_buf *line)
{
    json_t *b = json_loads(body, 0, NULL);
    assert_non_null(b);
    struct og_draft d = {.kind = kind, .body = b, .to = to, .value = value};
    og_buf_reset(line);
    OK(og_tx_sign(&d, key, &chain, 7, 100, 1234, with_pub, line, &err));
    json_decref(b);
}

static bool verifies(const struct og_tx *tx)
{
    struct og_pub *p;
    OK(og_key_pub(key, &p, &err));
    bool ok =
        og_pub_verify(p, tx->unsigned_bytes.p, tx->unsigned_bytes.len, tx->sig.p, tx->sig.len);
    og_pub_free(p);
    return ok;
}

static void what_is_signed_is_read(void **state)
{
    (void)state;
    struct og_buf line = OG_BUF_INIT;
    struct og_addr to = {{9}};
    struct og_addr from = og_key_addr(key);
    struct og_tx tx;
    sign(OG_TX_TRANSFER, "{}", &to, 55, true, &line);
    OK(og_tx_parse(line.p, line.len, &tx, &err));
    assert_int_equal(tx.kind, OG_TX_TRANSFER);
    assert_memory_equal(&tx.chain, &chain, sizeof chain);
    assert_memory_equal(&tx.from, &from, sizeof from);
    assert_true(tx.has_to && og_addr_eq(&tx.to, &to));
    assert_int_equal(tx.seq, 7);
    assert_int_equal(tx.fee, 1234);
    assert_int_equal(tx.value, 55);
    assert_int_equal(tx.valid_until, 100);
    assert_int_equal(tx.line_bytes, line.len);
    assert_true(verifies(&tx));
    struct og_hash leaf = og_merkle_leaf(line.p, line.len);
    assert_memory_equal(&tx.leaf, &leaf, sizeof leaf);
    struct og_hash id = og_sha256(tx.unsigned_bytes.p, tx.unsigned_bytes.len);
    assert_memory_equal(&tx.id, &id, sizeof id);
    assert_memory_equal(tx.unsigned_bytes.p, "OGPU-TX-v1\0{", 12);
    struct og_pub *p;
    OK(og_pub_from_json(tx.pub, &p, &err));
    struct og_addr a = og_pub_addr(p);
    assert_true(og_addr_eq(&a, &from));
    og_pub_free(p);
    og_tx_release(&tx);
    sign(OG_TX_STAKE_BOND, "{\"amount\":\"5\",\"node\":1}", NULL, 0, false, &line);
    OK(og_tx_parse(line.p, line.len, &tx, &err));
    assert_false(tx.has_to);
    assert_null(tx.pub);
    assert_int_equal(tx.value, 0);
    assert_int_equal(json_integer_value(json_object_get(tx.body, "node")), 1);
    og_tx_release(&tx);
    og_buf_release(&line);
}

/* Turning any byte leaves nothing that both parses and verifies. */
static void no_changed_byte_passes(void **state)
{
    (void)state;
    struct og_buf line = OG_BUF_INIT;
    struct og_addr to = {{9}};
    struct og_tx tx;
    sign(OG_TX_TRANSFER, "{}", &to, 55, false, &line);
    for (size_t i = 0; i < line.len; i++)
        for (int bit = 0; bit < 8; bit++) {
            line.p[i] ^= (char)(1 << bit);
            if (og_tx_parse(line.p, line.len, &tx, &err) == OG_OK) {
                if (verifies(&tx))
                    fail_msg("byte %zu, bit %d: a changed transaction passes", i, bit);
                og_tx_release(&tx);
            }
            line.p[i] ^= (char)(1 << bit);
        }
    for (size_t n = 0; n < line.len; n++) /* no prefix is a transaction */
        assert_int_equal(og_tx_parse(line.p, n, &tx, &err), OG_E_DATA);
    og_buf_release(&line);
}

static void kinds_are_found_by_name(void **state)
{
    (void)state;
    for (int k = 0; k < OG_TX_KIND_COUNT; k++) {
        struct og_buf line = OG_BUF_INIT;
        struct og_tx tx;
        if (k)
            assert_true(strcmp(og_tx_kind_name((enum og_tx_kind)(k - 1)),
                               og_tx_kind_name((enum og_tx_kind)k)) < 0);
        sign((enum og_tx_kind)k, "{}", NULL, 0, false, &line);
        OK(og_tx_parse(line.p, line.len, &tx, &err));
        assert_int_equal(tx.kind, k);
        og_tx_release(&tx);
        og_buf_release(&line);
    }
}

#define ADDR  "ogpu1z20fnpy3vzlyjvj2lzsxn5lwfapzh8dtx3evaj"
#define CHAIN "c400000000000000000000000000000000000000000000000000000000000000"

/* The members of a good transaction, each to be replaced or dropped (NULL), and one to be added. */
static char *with(const char *name, const char *json, const char *extra)
{
    static const char *const members[][2] = {
        {"body", "{}"},           {"chain", "\"" CHAIN "\""}, {"fee", "\"1\""},
        {"from", "\"" ADDR "\""}, {"kind", "\"transfer\""},   {"seq", "\"1\""},
        {"sig", "\"AAAA\""},      {"to", "\"" ADDR "\""},     {"v", "1"},
        {"valid_until", "9"},     {"value", "\"5\""},
    };
    struct og_buf b = OG_BUF_INIT;
    og_buf_addc(&b, '{');
    if (extra)
        og_buf_adds(&b, extra);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const char *v = strcmp(members[i][0], name) == 0 ? json : members[i][1];
        if (v)
            og_buf_addf(&b, "%s\"%s\":%s", b.len > 1 ? "," : "", members[i][0], v);
    }
    og_buf_addc(&b, '}');
    return og_buf_detach(&b);
}

static void refused_line(const char *line, const char *part)
{
    struct og_tx tx;
    memset(&tx, 0xff, sizeof tx);
    enum og_rc rc = og_tx_parse(line, strlen(line), &tx, &err);
    if (rc != OG_E_DATA || !strstr(err.msg, part))
        fail_msg("%.200s: %d, '%s' lacks '%s'", line, (int)rc, err.msg, part);
    assert_null(tx.json);
    assert_null(tx.sig.p);
    assert_null(tx.unsigned_bytes.p);
}

static void refused(const char *name, const char *json, const char *part)
{
    char *line = with(name, json, NULL);
    refused_line(line, part);
    free(line);
}

static void each_member_has_its_sentence(void **state)
{
    (void)state;
    char *line = with("", "", NULL);
    struct og_tx tx;
    OK(og_tx_parse(line, strlen(line), &tx, &err)); /* the pattern itself is good */
    og_tx_release(&tx);
    free(line);
    static const struct {
        const char *name, *json, *part;
    } bad[] = {
        {"body", NULL, "'body' is missing"},
        {"body", "[]", "'body'"},
        {"body", "\"x\"", "'body'"},
        {"chain", NULL, "'chain' is missing"},
        {"chain", "\"c4\"", "'chain'"},
        {"chain", "\"C400000000000000000000000000000000000000000000000000000000000000\"",
         "'chain'"},
        {"fee", NULL, "'fee' is missing"},
        {"fee", "1", "'fee'"},
        {"fee", "\"01\"", "'fee'"},
        {"fee", "\"-1\"", "'fee'"},
        {"fee", "\"\"", "'fee'"},
        {"fee", "\"18446744073709551616\"", "'fee'"},
        {"fee", "\"4611686018427387905\"", "beyond 2^62"},
        {"from", NULL, "'from' is missing"},
        {"from", "\"ogpu1\"", "'from'"},
        {"from", "\"ogpu1z20fnpy3vzlyjvj2lzsxn5lwfapzh8dtx3evak\"", "'from'"},
        {"kind", NULL, "'kind' is missing"},
        {"kind", "\"gift\"", "'gift' is no kind of transaction"},
        {"kind", "\"block.open\"", "'block.open' is no kind of transaction"},
        {"kind", "\"\"", "is no kind of transaction"},
        {"kind", "1", "'kind'"},
        {"seq", NULL, "'seq' is missing"},
        {"seq", "\"4611686018427387905\"", "beyond 2^62"},
        {"sig", NULL, "'sig' is missing"},
        {"sig", "\"AAA\"", "base64"},
        {"sig", "\"AA==AA==\"", "base64"},
        {"sig", "5", "'sig'"},
        {"to", "\"x\"", "'to'"},
        {"to", "null", "'to'"},
        {"v", NULL, "'v' is missing"},
        {"v", "0", "'v' must be 1"},
        {"v", "2", "'v'"},
        {"v", "true", "'v'"},
        {"valid_until", NULL, "'valid_until' is missing"},
        {"valid_until", "\"9\"", "'valid_until'"},
        {"valid_until", "-1", "'valid_until'"},
        {"value", "5", "'value'"},
        {"value", "\"4611686018427387905\"", "beyond 2^62"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refused(bad[i].name, bad[i].json, bad[i].part);
}

static void members_that_do_not_belong(void **state)
{
    (void)state;
    char *line = with("", "", "\"_x\":1");
    refused_line(line, "'_x'");
    free(line);
    refused_line("[]", "must be an object");
    refused_line("\"transfer\"", "not JSON");
    refused_line("{}", "missing");
    refused_line("", "");
    refused_line("{", "");
    line = with("kind", "\"transfer\",\"pub\":1", NULL);
    refused_line(line, "'pub'");
    free(line);
}

/* The same meaning in other bytes is another line, and refused. */
static void only_canonical_bytes(void **state)
{
    (void)state;
    static const char *const odd[] = {
        "{\"body\": {}", /* a blank */
        "{\"body\":{}\n",
        "{\"body\":{ }",
        "{\"bod\\u0079\":{}",
        "{\"body\":{\"b\":1,\"a\":2}", /* order */
        "{\"body\":{\"a\":1.0}",
        "{\"body\":{\"a\":-0}",
        "{\"body\":{\"a\":1e0}",
        "{\"body\":{\"a\":9007199254740993}",
        "{\"body\":{\"a\":\"\\u0041\"}",
        "{\"body\":{\"a\":\"\\/\"}",
        "{\"body\":{\"a\":1,\"a\":1}",
        "{\"body\":{\"\xc3\xa9\":1}",
        "{\"body\":{\"a\":\"\xff\"}",
        " {\"body\":{}",
    };
    char *good = with("", "", NULL);
    const char *rest = good + strlen("{\"body\":{}");
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        struct og_buf b = OG_BUF_INIT;
        og_buf_addf(&b, "%s%s", odd[i], rest);
        refused_line(b.p, "");
        og_buf_release(&b);
    }
    struct og_buf b = OG_BUF_INIT;
    og_buf_addf(&b, "%s\n", good);
    refused_line(b.p, "");
    og_buf_release(&b);
    struct og_tx tx; /* a NUL behind it */
    assert_int_equal(og_tx_parse(good, strlen(good) + 1, &tx, &err), OG_E_DATA);
    free(good);
}

static char *of_size(const char *kind, size_t n)
{
    struct og_buf body = OG_BUF_INIT;
    struct og_buf k = OG_BUF_INIT;
    og_buf_addf(&k, "\"%s\"", kind);
    char *empty = with("kind", k.p, NULL);
    size_t pad = n - strlen(empty) - strlen("\"a\":\"\"");
    free(empty);
    og_buf_adds(&body, "{\"body\":{\"a\":\"");
    for (size_t i = 0; i < pad; i++)
        og_buf_addc(&body, 'x');
    og_buf_adds(&body, "\"}");
    char *line = with("kind", k.p, NULL);
    og_buf_adds(&body, line + strlen("{\"body\":{}"));
    free(line);
    og_buf_release(&k);
    return og_buf_detach(&body);
}

static void sizes_are_bounded(void **state)
{
    (void)state;
    struct og_tx tx;
    char *line = of_size("transfer", OG_TX_MAX);
    assert_int_equal(strlen(line), OG_TX_MAX);
    OK(og_tx_parse(line, OG_TX_MAX, &tx, &err));
    og_tx_release(&tx);
    free(line);
    line = of_size("transfer", OG_TX_MAX + 1);
    refused_line(line, "longer than 65536 bytes");
    free(line);
    line = of_size("match.commit", OG_TX_MATCH_MAX);
    OK(og_tx_parse(line, OG_TX_MATCH_MAX, &tx, &err));
    og_tx_release(&tx);
    free(line);
    line = of_size("match.commit", OG_TX_MATCH_MAX + 1);
    refused_line(line, "longer than 262144 bytes");
    free(line);
}

static void public_keys_in_json(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{}",
        "{\"alg\":\"ed25519\"}",
        "{\"alg\":\"ed25519\",\"key\":\"\"}",
        "{\"alg\":\"ed25519\",\"key\":\"AAAA\"}",
        "{\"alg\":\"ed25519\",\"key\":\"not base64\"}",
        "{\"alg\":5,\"key\":\"AAAA\"}",
        "{\"alg\":\"rot13\",\"key\":\"AAAA\"}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        json_t *o = json_loads(bad[i], 0, NULL);
        struct og_pub *p = (void *)1;
        assert_int_not_equal(og_pub_from_json(o, &p, &err), OG_OK);
        assert_null(p);
        json_decref(o);
    }
    static const char *const algs[] = {"ed25519", "ml-dsa-65", "hybrid", "slh-dsa-sha2-128s"};
    for (size_t i = 0; i < 4; i++) {
        struct og_key *k;
        struct og_pub *p;
        struct og_pub *q;
        OK(og_key_generate(algs[i], NULL, &k, &err));
        OK(og_key_pub(k, &p, &err));
        json_t *o = og_pub_to_json(p);
        OK(og_pub_from_json(o, &q, &err));
        struct og_addr a = og_pub_addr(p);
        struct og_addr b = og_pub_addr(q);
        assert_true(og_addr_eq(&a, &b));
        json_decref(o);
        og_pub_free(p);
        og_pub_free(q);
        og_key_free(k);
    }
}

/* A rotated key signs for its account; a cold key is registered with the first transaction only. */
static void rotated_and_cold_keys(void **state)
{
    (void)state;
    struct og_key *k;
    struct og_key *c;
    struct og_pub *cold;
    struct og_buf line = OG_BUF_INIT;
    struct og_tx tx;
    struct og_addr account = {{0xac}};
    json_t *body = json_object();
    struct og_draft d = {.kind = OG_TX_TRANSFER, .body = body};
    OK(og_key_generate("ed25519", NULL, &k, &err));
    OK(og_key_generate("slh-dsa-sha2-128s", NULL, &c, &err));
    OK(og_key_pub(c, &cold, &err));
    struct og_addr cold_addr = og_pub_addr(cold);
    og_key_set_addr(k, &account);
    og_key_set_cold(k, cold);
    for (int first = 0; first < 2; first++) {
        og_buf_reset(&line);
        OK(og_tx_sign(&d, k, &chain, 1, 9, 1, first, &line, &err));
        OK(og_tx_parse(line.p, line.len, &tx, &err));
        assert_true(og_addr_eq(&tx.from, &account));
        if (first) {
            struct og_pub *p;
            OK(og_pub_from_json(json_object_get(tx.pub, "cold"), &p, &err));
            struct og_addr a = og_pub_addr(p);
            assert_true(og_addr_eq(&a, &cold_addr));
            og_pub_free(p);
        } else {
            assert_null(tx.pub);
        }
        og_tx_release(&tx);
    }
    json_decref(body);
    og_buf_release(&line);
    og_key_free(k);
    og_key_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_signed_is_read),
        cmocka_unit_test(no_changed_byte_passes),
        cmocka_unit_test(kinds_are_found_by_name),
        cmocka_unit_test(each_member_has_its_sentence),
        cmocka_unit_test(members_that_do_not_belong),
        cmocka_unit_test(only_canonical_bytes),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(public_keys_in_json),
        cmocka_unit_test(rotated_and_cold_keys),
    };
    return cmocka_run_group_tests(tests, open_key, close_key);
}
