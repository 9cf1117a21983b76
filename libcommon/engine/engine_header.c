/* engine_header.c - headers and block.open lines: build, sign, parse, verify. */
#include "engine/engine_header.h"

#include "base/base_num.h"
#include "crypto/crypto_vrf.h"
#include "json/json_canon.h"
#include "json/json_get.h"

#include <stdlib.h>
#include <string.h>

static const char domain[] = "OGPU-BLOCK-v1"; /* its NUL belongs to it */

void og_header_release(struct og_header *h)
{
    if (!h)
        return;
    og_buf_release(&h->sig);
    og_buf_release(&h->line);
}

static void set_pi(json_t *o, const struct og_block_open *b)
{
    json_object_set_new(o, "pi",
                        b->has_pi ? og_json_new_hex(b->pi, sizeof b->pi) : json_string(""));
}

static json_t *votes_json(const struct og_block_open *b)
{
    json_t *list = json_array();
    for (size_t i = 0; i < b->n_votes; i++)
        json_array_append_new(list, json_integer((json_int_t)b->votes[i]));
    return list;
}

static json_t *faults_json(const struct og_block_open *b)
{
    json_t *list = json_array();
    for (size_t i = 0; i < b->n_faults; i++)
        json_array_append_new(list,
                              json_pack("{s:I, s:I}", "height", (json_int_t)b->fault[i].height,
                                        "node", (json_int_t)b->fault[i].node));
    return list;
}

static json_t *header_object(const struct og_header *h)
{
    json_t *o = json_object();
    json_object_set_new(o, "app_hash", og_json_new_hex(h->app_hash.b, OG_HASH_LEN));
    json_object_set_new(o, "chain", og_json_new_hex(h->chain.b, OG_HASH_LEN));
    json_object_set_new(o, "height", json_integer((json_int_t)h->open.height));
    json_object_set_new(o, "kind", json_string("block"));
    json_object_set_new(o, "n_tx", json_integer((json_int_t)h->n_tx));
    json_object_set_new(o, "parent", og_json_new_hex(h->parent.b, OG_HASH_LEN));
    set_pi(o, &h->open);
    json_object_set_new(o, "proposer", json_integer((json_int_t)h->open.proposer));
    json_object_set_new(o, "receipt_root", og_json_new_hex(h->receipt_root.b, OG_HASH_LEN));
    json_object_set_new(o, "round", json_integer((json_int_t)h->open.round));
    json_object_set_new(o, "time_ms", json_integer((json_int_t)h->open.time_ms));
    json_object_set_new(o, "tx_root", og_json_new_hex(h->tx_root.b, OG_HASH_LEN));
    json_object_set_new(o, "v", json_integer(1));
    if (h->open.n_votes)
        json_object_set_new(o, "votes", votes_json(&h->open));
    if (h->open.n_faults)
        json_object_set_new(o, "misbehaviour", faults_json(&h->open));
    return o;
}

static enum og_rc signed_bytes(const struct og_header *h, struct og_buf *out, struct og_err *err)
{
    json_t *o = header_object(h);
    og_buf_add(out, domain, sizeof domain);
    enum og_rc rc = og_json_canon(o, out, err);
    json_decref(o);
    return rc;
}

/* Fills line and hash from the rest. */
static enum og_rc header_line(struct og_header *h, struct og_err *err)
{
    struct og_buf text = OG_BUF_INIT;
    json_t *o = header_object(h);
    og_base64_encode(h->sig.p, h->sig.len, &text);
    json_object_set_new(o, "sig", json_string(text.p ? text.p : ""));
    og_buf_reset(&h->line);
    enum og_rc rc = og_json_canon(o, &h->line, err);
    json_decref(o);
    og_buf_release(&text);
    if (rc == OG_OK)
        h->hash = og_sha256(h->line.p, h->line.len);
    return rc;
}

enum og_rc og_header_sign(struct og_header *h, const struct og_key *key, struct og_err *err)
{
    struct og_buf bytes = OG_BUF_INIT;
    og_buf_reset(&h->sig);
    enum og_rc rc = signed_bytes(h, &bytes, err);
    if (rc == OG_OK && key)
        rc = og_key_sign(key, bytes.p, bytes.len, &h->sig, err);
    if (rc == OG_OK)
        rc = header_line(h, err);
    og_buf_release(&bytes);
    return rc;
}

enum og_rc og_header_keep(struct og_header *h, struct og_err *err)
{
    return header_line(h, err);
}

static enum og_rc read_pi(const json_t *o, struct og_block_open *b, struct og_err *err)
{
    const char *s;
    OG_TRY(og_json_str(o, "pi", 2 * sizeof b->pi, &s, err));
    b->has_pi = *s != '\0';
    if (b->has_pi && !og_hex_decode(s, strlen(s), b->pi, sizeof b->pi))
        return og_err_set(err, OG_E_DATA, "'pi' must be %zu bytes of hex", sizeof b->pi);
    return OG_OK;
}

static enum og_rc read_votes(const json_t *o, struct og_block_open *b, struct og_err *err)
{
    const json_t *list;
    OG_TRY(og_json_arr_opt(o, "votes", OG_VOTES_MAX, &list, err));
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_int_t v = json_integer_value(json_array_get(list, i));
        if (v <= 0 || v > (json_int_t)1 << 53)
            return og_err_set(err, OG_E_DATA, "'votes' must be a list of nodes");
        b->votes[b->n_votes++] = (uint64_t)v;
    }
    OG_TRY(og_json_arr_opt(o, "misbehaviour", OG_FAULTS_MAX, &list, err));
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct og_block_fault *f = &b->fault[b->n_faults];
        const json_t *e = json_array_get(list, i);
        OG_TRY(og_json_u64(e, "height", (uint64_t)1 << 53, &f->height, err));
        OG_TRY(og_json_u64(e, "node", (uint64_t)1 << 53, &f->node, err));
        b->n_faults++;
    }
    return OG_OK;
}

static enum og_rc read_place(const json_t *o, struct og_block_open *b, struct og_err *err)
{
    uint64_t max = (uint64_t)1 << 53;
    OG_TRY(og_json_u64(o, "height", max, &b->height, err));
    OG_TRY(og_json_u64(o, "time_ms", max, &b->time_ms, err));
    OG_TRY(og_json_u64(o, "round", 1000000, &b->round, err));
    OG_TRY(og_json_u64(o, "proposer", max, &b->proposer, err));
    OG_TRY(read_votes(o, b, err));
    return read_pi(o, b, err);
}

static enum og_rc read_header(const json_t *o, struct og_header *h, struct og_err *err)
{
    static const char *const members[] = {
        "app_hash", "chain",        "height", "kind", "misbehaviour", "n_tx",    "parent", "pi",
        "proposer", "receipt_root", "round",  "sig",  "time_ms",      "tx_root", "v",      "votes",
        NULL};
    const char *s;
    OG_TRY(og_json_only(o, members, err));
    OG_TRY(og_json_str(o, "kind", 16, &s, err));
    if (strcmp(s, "block") != 0)
        return og_err_set(err, OG_E_DATA, "'kind' must be block");
    OG_TRY(og_json_hex(o, "app_hash", h->app_hash.b, OG_HASH_LEN, err));
    OG_TRY(og_json_hex(o, "chain", h->chain.b, OG_HASH_LEN, err));
    OG_TRY(og_json_hex(o, "parent", h->parent.b, OG_HASH_LEN, err));
    OG_TRY(og_json_hex(o, "tx_root", h->tx_root.b, OG_HASH_LEN, err));
    OG_TRY(og_json_hex(o, "receipt_root", h->receipt_root.b, OG_HASH_LEN, err));
    OG_TRY(og_json_u64(o, "n_tx", 1u << 20, &h->n_tx, err));
    OG_TRY(read_place(o, &h->open, err));
    OG_TRY(og_json_str(o, "sig", 2 * OG_SIG_MAX, &s, err));
    return og_base64_decode(s, strlen(s), OG_SIG_MAX, &h->sig, err);
}

enum og_rc og_header_parse(const char *s, size_t n, struct og_header *out, struct og_err *err)
{
    json_t *o;
    memset(out, 0, sizeof *out);
    OG_TRY(og_json_parse_canon(s, n, &o, err));
    enum og_rc rc = read_header(o, out, err);
    json_decref(o);
    if (rc == OG_OK)
        rc = header_line(out, err);
    /* what is not read above (v, lists, base64 that says the same) must be as we write it */
    if (rc == OG_OK && (out->line.len != n || memcmp(out->line.p, s, n) != 0))
        rc = og_err_set(err, OG_E_DATA, "the header is not as it is written");
    if (rc != OG_OK)
        og_header_release(out);
    return rc;
}

bool og_header_verify(const struct og_header *h, const struct og_pub *p)
{
    struct og_buf bytes = OG_BUF_INIT;
    struct og_err ignored;
    bool ok = signed_bytes(h, &bytes, &ignored) == OG_OK &&
              og_pub_verify(p, bytes.p, bytes.len, h->sig.p, h->sig.len);
    og_buf_release(&bytes);
    return ok;
}

enum og_rc og_block_open_line(const struct og_block_open *b, struct og_buf *out, struct og_err *err)
{
    json_t *body = json_object();
    json_object_set_new(body, "height", json_integer((json_int_t)b->height));
    json_object_set_new(body, "misbehaviour", faults_json(b));
    set_pi(body, b);
    json_object_set_new(body, "proposer", json_integer((json_int_t)b->proposer));
    json_object_set_new(body, "round", json_integer((json_int_t)b->round));
    json_object_set_new(body, "time_ms", json_integer((json_int_t)b->time_ms));
    json_object_set_new(body, "votes", votes_json(b));
    json_t *o = json_object();
    json_object_set_new(o, "body", body);
    json_object_set_new(o, "kind", json_string("block.open"));
    json_object_set_new(o, "v", json_integer(1));
    enum og_rc rc = og_json_canon(o, out, err);
    json_decref(o);
    return rc;
}

enum og_rc og_block_open_parse(const char *s, size_t n, struct og_block_open *out,
                               struct og_err *err)
{
    static const char *const members[] = {"body", "kind", "v", NULL};
    static const char *const bodies[] = {"height", "misbehaviour", "pi",    "proposer",
                                         "round",  "time_ms",      "votes", NULL};
    json_t *o;
    const json_t *body;
    const char *kind;
    memset(out, 0, sizeof *out);
    OG_TRY(og_json_parse_canon(s, n, &o, err));
    enum og_rc rc = og_json_only(o, members, err);
    if (rc == OG_OK)
        rc = og_json_str(o, "kind", 16, &kind, err);
    if (rc == OG_OK && strcmp(kind, "block.open") != 0)
        rc = og_err_set(err, OG_E_DATA, "'kind' must be block.open");
    if (rc == OG_OK)
        rc = og_json_obj(o, "body", &body, err);
    if (rc == OG_OK)
        rc = og_json_only(body, bodies, err);
    if (rc == OG_OK)
        rc = read_place(body, out, err);
    json_decref(o);
    struct og_buf line = OG_BUF_INIT;
    if (rc == OG_OK)
        rc = og_block_open_line(out, &line, err);
    if (rc == OG_OK && (line.len != n || memcmp(line.p, s, n) != 0))
        rc = og_err_set(err, OG_E_DATA, "the block.open is not as it is written");
    og_buf_release(&line);
    return rc;
}
