/* model_tx.c - parse, build and sign transactions. */
#include "model/model_tx.h"

#include "base/base_mem.h"
#include "crypto/crypto_merkle.h"
#include "json/json_canon.h"
#include "json/json_get.h"

#include <stdlib.h>
#include <string.h>

static const char domain[] = "OGPU-TX-v1"; /* its NUL belongs to it */

static const char *const kind_names[] = {
#define X(e, name) name,
    OG_TX_KINDS(X)
#undef X
};

const char *og_tx_kind_name(enum og_tx_kind k)
{
    return kind_names[k];
}

uint64_t og_tx_kind_since(enum og_tx_kind k)
{
    return k == OG_TX_CAPACITY_COMMIT || k == OG_TX_CAPACITY_REVEAL || k == OG_TX_CONTRACT_CALL ||
                   k == OG_TX_CONTRACT_DEPLOY
               ? 2
               : 1;
}

size_t og_tx_kind_max(enum og_tx_kind k)
{
    return k == OG_TX_MATCH_COMMIT      ? OG_TX_MATCH_MAX
           : k == OG_TX_CONTRACT_DEPLOY ? OG_TX_CODE_MAX
                                        : OG_TX_MAX;
}

static enum og_rc find_kind(const char *s, enum og_tx_kind *out, struct og_err *err)
{
    size_t lo = 0;
    size_t hi = OG_TX_KIND_COUNT;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        int c = strcmp(s, kind_names[mid]);
        if (c == 0) {
            *out = (enum og_tx_kind)mid;
            return OG_OK;
        }
        if (c < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return og_err_set(err, OG_E_DATA, "'%.40s' is no kind of transaction", s);
}

void og_tx_release(struct og_tx *tx)
{
    if (!tx)
        return;
    json_decref(tx->json);
    og_buf_release(&tx->unsigned_bytes);
    og_buf_release(&tx->sig);
    memset(tx, 0, sizeof *tx);
}

static enum og_rc read_addr(const json_t *o, const char *key, struct og_addr *out,
                            struct og_err *err)
{
    const char *s;
    OG_TRY(og_json_str(o, key, OG_ADDR_TEXT, &s, err));
    enum og_rc rc = og_addr_parse(s, out, err);
    return rc == OG_OK ? OG_OK : og_err_wrap(err, OG_E_DATA, "'%s'", key);
}

static enum og_rc read_members(struct og_tx *tx, struct og_err *err)
{
    static const char *const members[] = {"body",        "chain", "fee", "from", "kind",
                                          "pub",         "seq",   "sig", "to",   "v",
                                          "valid_until", "value", NULL};
    const json_t *o = tx->json;
    const char *s;
    uint64_t v;
    OG_TRY(og_json_only(o, members, err));
    OG_TRY(og_json_u64(o, "v", 1, &v, err));
    if (v != 1)
        return og_err_set(err, OG_E_DATA, "'v' must be 1");
    OG_TRY(og_json_str(o, "kind", 64, &s, err));
    OG_TRY(find_kind(s, &tx->kind, err));
    OG_TRY(og_json_hex(o, "chain", tx->chain.b, OG_HASH_LEN, err));
    OG_TRY(read_addr(o, "from", &tx->from, err));
    tx->has_to = json_object_get(o, "to") != NULL;
    if (tx->has_to)
        OG_TRY(read_addr(o, "to", &tx->to, err));
    OG_TRY(og_json_dec(o, "seq", &tx->seq, err));
    OG_TRY(og_json_dec(o, "fee", &tx->fee, err));
    OG_TRY(og_json_dec_or(o, "value", 0, &tx->value, err));
    if (tx->fee > OG_VALUE_MAX || tx->value > OG_VALUE_MAX || tx->seq > OG_VALUE_MAX)
        return og_err_set(err, OG_E_DATA, "'fee', 'seq' or 'value' is beyond 2^62");
    OG_TRY(og_json_u64(o, "valid_until", (uint64_t)1 << 53, &tx->valid_until, err));
    OG_TRY(og_json_obj(o, "body", &tx->body, err));
    OG_TRY(og_json_obj_opt(o, "pub", &tx->pub, err));
    return og_json_str(o, "sig", 2 * OG_SIG_MAX, &s, err);
}

/* Where the top-level member "sig" and its comma stand in a canonical line: the last such text, as
 * what comes after it (to, v, valid_until, value) cannot hold any. */
static size_t find_sig(const char *line, size_t n, const char *sig, size_t *len)
{
    static const char head[] = "\"sig\":\"";
    const size_t hn = sizeof head - 1;
    const size_t sn = strlen(sig);
    *len = hn + sn + 2;
    for (size_t at = n > *len ? n - *len : 0; at > 0; at--)
        if (line[at] == '"' && memcmp(line + at, head, hn) == 0 &&
            memcmp(line + at + hn, sig, sn) == 0 && memcmp(line + at + hn + sn, "\",", 2) == 0)
            return at;
    return 0;
}

static enum og_rc take_sig(struct og_tx *tx, const char *line, size_t n, struct og_err *err)
{
    const char *s = json_string_value(json_object_get(tx->json, "sig"));
    OG_TRY(og_base64_decode(s, strlen(s), OG_SIG_MAX, &tx->sig, err));
    size_t len;
    size_t at = find_sig(line, n, s, &len);
    if (!at)
        return og_err_set(err, OG_E_DATA, "'sig' must be plain base64");
    og_buf_reserve(&tx->unsigned_bytes, sizeof domain + n);
    og_buf_add(&tx->unsigned_bytes, domain, sizeof domain);
    og_buf_add(&tx->unsigned_bytes, line, at);
    og_buf_add(&tx->unsigned_bytes, line + at + len, n - at - len);
    json_object_del(tx->json, "sig");
    tx->id = og_sha256(tx->unsigned_bytes.p, tx->unsigned_bytes.len);
    return OG_OK;
}

enum og_rc og_tx_parse(const char *line, size_t n, struct og_tx *tx, struct og_err *err)
{
    memset(tx, 0, sizeof *tx);
    if (n > OG_TX_MATCH_MAX)
        return og_err_set(err, OG_E_DATA, "longer than %d bytes", OG_TX_MATCH_MAX);
    OG_TRY(og_json_parse_canon(line, n, &tx->json, err));
    enum og_rc rc = json_is_object(tx->json)
                        ? read_members(tx, err)
                        : og_err_set(err, OG_E_DATA, "a transaction must be an object");
    if (rc == OG_OK && n > og_tx_kind_max(tx->kind))
        rc = og_err_set(err, OG_E_DATA, "longer than %zu bytes", og_tx_kind_max(tx->kind));
    if (rc == OG_OK)
        rc = take_sig(tx, line, n, err);
    tx->leaf = og_merkle_leaf(line, n);
    tx->line_bytes = n;
    if (rc != OG_OK)
        og_tx_release(tx);
    return rc;
}

json_t *og_pub_to_json(const struct og_pub *p)
{
    size_t n;
    const uint8_t *der = og_pub_der(p, &n);
    struct og_buf b = OG_BUF_INIT;
    og_base64_encode(der, n, &b);
    json_t *o = json_object();
    json_object_set_new(o, "alg", json_string(og_pub_alg(p)));
    json_object_set_new(o, "key", json_string(b.p ? b.p : ""));
    og_buf_release(&b);
    return o;
}

enum og_rc og_pub_from_json(const json_t *o, struct og_pub **out, struct og_err *err)
{
    *out = NULL;
    const char *alg;
    const char *key;
    OG_TRY(og_json_str(o, "alg", OG_ALG_MAX, &alg, err));
    OG_TRY(og_json_str(o, "key", 2 * OG_PUB_MAX, &key, err));
    struct og_buf der = OG_BUF_INIT;
    enum og_rc rc = og_base64_decode(key, strlen(key), OG_PUB_MAX, &der, err);
    if (rc == OG_OK)
        rc = og_pub_parse(alg, der.p, der.len, out, err);
    og_buf_release(&der);
    return rc;
}

static json_t *unsigned_object(const struct og_draft *d, const struct og_key *key,
                               const struct og_hash *chain, uint64_t seq, uint64_t valid_until,
                               uint64_t fee)
{
    char text[OG_ADDR_TEXT];
    struct og_addr from = og_key_addr(key);
    json_t *o = json_object();
    json_object_set(o, "body", d->body);
    json_object_set_new(o, "chain", og_json_new_hex(chain->b, OG_HASH_LEN));
    json_object_set_new(o, "fee", og_json_new_dec(fee));
    og_addr_format(&from, text);
    json_object_set_new(o, "from", json_string(text));
    json_object_set_new(o, "kind", json_string(kind_names[d->kind]));
    json_object_set_new(o, "seq", og_json_new_dec(seq));
    json_object_set_new(o, "v", json_integer(1));
    json_object_set_new(o, "valid_until", json_integer((json_int_t)valid_until));
    if (d->to) {
        og_addr_format(d->to, text);
        json_object_set_new(o, "to", json_string(text));
    }
    if (d->value)
        json_object_set_new(o, "value", og_json_new_dec(d->value));
    return o;
}

enum og_rc og_tx_sign(const struct og_draft *d, const struct og_key *key,
                      const struct og_hash *chain, uint64_t seq, uint64_t valid_until, uint64_t fee,
                      bool with_pub, struct og_buf *line, struct og_err *err)
{
    json_t *o = unsigned_object(d, key, chain, seq, valid_until, fee);
    struct og_buf bytes = OG_BUF_INIT;
    struct og_buf sig = OG_BUF_INIT;
    struct og_buf text = OG_BUF_INIT;
    enum og_rc rc = OG_OK;
    if (with_pub) {
        struct og_pub *pub = NULL;
        rc = og_key_pub(key, &pub, err);
        if (rc == OG_OK) {
            json_t *p = og_pub_to_json(pub);
            if (og_key_cold(key))
                json_object_set_new(p, "cold", og_pub_to_json(og_key_cold(key)));
            json_object_set_new(o, "pub", p);
        }
        og_pub_free(pub);
    }
    og_buf_add(&bytes, domain, sizeof domain);
    if (rc == OG_OK)
        rc = og_json_canon(o, &bytes, err);
    if (rc == OG_OK)
        rc = og_key_sign(key, bytes.p, bytes.len, &sig, err);
    if (rc == OG_OK) {
        og_base64_encode(sig.p, sig.len, &text);
        json_object_set_new(o, "sig", json_string(text.p));
        rc = og_json_canon(o, line, err);
    }
    og_buf_release(&bytes);
    og_buf_release(&sig);
    og_buf_release(&text);
    json_decref(o);
    return rc;
}
