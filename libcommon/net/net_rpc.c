/* net_rpc.c - JSON-RPC to a CometBFT node with libcurl. */
#include "net/net_rpc.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "crypto/crypto_sig.h"
#include "net/net_curl.h"
#include "json/json_get.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH      100
#define ANSWER_MAX (16u << 20)
#define TIMEOUT_MS 15000L
#define CONNECT_MS 3000L

struct og_rpc {
    const struct og_curl *lib;
    CURL *c;
    struct curl_slist *headers;
    char *url;
    struct og_buf answer;
    bool too_long;
    char why[CURL_ERROR_SIZE];
};

static size_t on_data(char *p, size_t size, size_t n, void *ctx)
{
    struct og_rpc *r = ctx;
    if (r->answer.len + size * n > ANSWER_MAX) {
        r->too_long = true;
        return 0;
    }
    og_buf_add(&r->answer, p, size * n);
    return size * n;
}

enum og_rc og_rpc_open(const char *url, struct og_rpc **out, struct og_err *err)
{
    const struct og_curl *lib;
    *out = NULL;
    OG_TRY(og_curl_load(&lib, err));
    CURL *c = lib->easy_init();
    if (!c)
        return og_err_set(err, OG_E_UNAVAILABLE, "libcurl does not start");
    struct og_rpc *r = og_xcalloc(1, sizeof *r);
    r->lib = lib;
    r->c = c;
    r->url = og_xstrdup(url);
    r->headers = lib->slist_append(NULL, "Content-Type: application/json");
    r->headers = lib->slist_append(r->headers, "Expect:");
    lib->easy_setopt(c, CURLOPT_URL, r->url);
    lib->easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    lib->easy_setopt(c, CURLOPT_HTTPHEADER, r->headers);
    lib->easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    lib->easy_setopt(c, CURLOPT_PROXY, "");
    lib->easy_setopt(c, CURLOPT_TCP_NODELAY, 1L);
    lib->easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    lib->easy_setopt(c, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
    lib->easy_setopt(c, CURLOPT_WRITEFUNCTION, on_data);
    lib->easy_setopt(c, CURLOPT_WRITEDATA, r);
    lib->easy_setopt(c, CURLOPT_ERRORBUFFER, r->why);
    *out = r;
    return OG_OK;
}

void og_rpc_close(struct og_rpc *r)
{
    if (!r)
        return;
    r->lib->easy_cleanup(r->c);
    r->lib->slist_free_all(r->headers);
    og_buf_release(&r->answer);
    free(r->url);
    free(r);
}

const char *og_rpc_url(const struct og_rpc *r)
{
    return r->url;
}

static enum og_rc post(struct og_rpc *r, const struct og_buf *body, struct og_err *err)
{
    og_buf_reset(&r->answer);
    r->too_long = false;
    r->why[0] = '\0';
    r->lib->easy_setopt(r->c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->len);
    r->lib->easy_setopt(r->c, CURLOPT_POSTFIELDS, body->p);
    CURLcode code = r->lib->easy_perform(r->c);
    if (r->too_long)
        return og_err_set(err, OG_E_DATA, "'%s' answers too much", r->url);
    if (code != CURLE_OK)
        return og_err_set(err, OG_E_UNAVAILABLE, "the node at '%s' does not answer: %s", r->url,
                          r->why[0] ? r->why : r->lib->easy_strerror(code));
    return OG_OK;
}

static void add_call(struct og_buf *b, size_t id, bool wait, struct og_span tx)
{
    og_buf_addf(b,
                "{\"jsonrpc\":\"2.0\",\"id\":%zu,\"method\":\"broadcast_tx_%s\",\"params\":"
                "{\"tx\":\"",
                id, wait ? "sync" : "async");
    og_base64_encode(tx.p, tx.n, b);
    og_buf_adds(b, "\"}}");
}

static const char *text_or(const json_t *o, const char *key, const char *absent)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : absent;
}

/* An error of the RPC itself: the mempool's own reasons come this way. */
static void read_error(const json_t *e, struct og_rpc_said *out)
{
    const char *data = text_or(e, "data", "");
    snprintf(out->log, sizeof out->log, "%s%s%s", text_or(e, "message", "error"), *data ? ": " : "",
             data);
    out->code = 69;
    if (strstr(out->log, "already exists in cache"))
        out->fate = OG_RPC_TAKEN;
    else if (strstr(out->log, "mempool is full") || strstr(out->log, "too many requests"))
        out->fate = OG_RPC_FULL;
    else
        out->fate = OG_RPC_REFUSED;
}

static enum og_rc read_said(const json_t *o, size_t n, struct og_rpc_said *said, bool *seen,
                            struct og_err *err)
{
    const json_t *id = json_object_get(o, "id");
    const json_t *res = json_object_get(o, "result");
    json_int_t i = json_integer_value(id);
    if (!json_is_integer(id) || i < 0 || (size_t)i >= n || seen[i])
        return og_err_set(err, OG_E_DATA, "the node answers another question");
    seen[i] = true;
    struct og_rpc_said *out = &said[i];
    *out = (struct og_rpc_said){.fate = OG_RPC_TAKEN};
    if (!json_is_object(res)) {
        read_error(json_object_get(o, "error"), out);
        return OG_OK;
    }
    json_int_t code = json_integer_value(json_object_get(res, "code"));
    if (code == 0)
        return OG_OK;
    out->fate = OG_RPC_REFUSED;
    out->code = code > 0 ? (uint64_t)code : 70;
    snprintf(out->log, sizeof out->log, "%s", text_or(res, "log", "refused"));
    return OG_OK;
}

enum og_rc og_rpc_read_batch(const char *json, size_t len, size_t n, struct og_rpc_said *said,
                             struct og_err *err)
{
    json_error_t je;
    json_t *list = json_loadb(json, len, 0, &je);
    bool *seen = og_xcalloc(n, sizeof *seen);
    enum og_rc rc = OG_OK;
    if (n == 1 && json_is_integer(json_object_get(list, "id"))) { /* a batch of one comes so */
        rc = read_said(list, n, said, seen, err);
        n = 0;
    } else if (json_is_object(json_object_get(list, "error"))) {
        struct og_rpc_said whole;
        read_error(json_object_get(list, "error"), &whole);
        rc = og_err_set(err, OG_E_UNAVAILABLE, "the node refuses the request: %.300s", whole.log);
    } else if (!json_is_array(list) || json_array_size(list) != n) {
        rc = og_err_set(err, OG_E_DATA, "the node's answer is no JSON-RPC");
    }
    for (size_t i = 0; rc == OG_OK && i < n; i++)
        rc = read_said(json_array_get(list, i), n, said, seen, err);
    free(seen);
    json_decref(list);
    return rc;
}

enum og_rc og_rpc_broadcast(struct og_rpc *r, const struct og_span *tx, size_t n, bool chain,
                            struct og_rpc_said *said, struct og_err *err)
{
    struct og_buf body = OG_BUF_INIT;
    enum og_rc rc = OG_OK;
    for (size_t done = 0; rc == OG_OK && done < n; done += BATCH) {
        size_t k = n - done < BATCH ? n - done : BATCH;
        og_buf_reset(&body);
        for (size_t i = 0; i < k; i++) {
            og_buf_addc(&body, i ? ',' : '[');
            add_call(&body, i, !chain || i + 1 == k, tx[done + i]);
        }
        og_buf_addc(&body, ']');
        rc = post(r, &body, err);
        if (rc == OG_OK)
            rc = og_rpc_read_batch(r->answer.p ? r->answer.p : "", r->answer.len, k, said + done,
                                   err);
    }
    og_buf_release(&body);
    return rc;
}

enum og_rc og_rpc_call(struct og_rpc *r, const char *method, const char *params, json_t **out,
                       struct og_err *err)
{
    struct og_buf body = OG_BUF_INIT;
    json_error_t je;
    *out = NULL;
    og_buf_addf(&body, "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"%s\",\"params\":%s}", method,
                params);
    enum og_rc rc = post(r, &body, err);
    og_buf_release(&body);
    OG_TRY(rc);
    json_t *o = json_loadb(r->answer.p ? r->answer.p : "", r->answer.len, 0, &je);
    json_t *res = json_object_get(o, "result");
    if (json_is_object(res)) {
        *out = json_incref(res);
    } else {
        struct og_rpc_said said;
        read_error(json_object_get(o, "error"), &said);
        rc = og_err_set(err, OG_E_UNAVAILABLE, "the node at '%s': %s: %.300s", r->url, method,
                        o ? said.log : "the answer is no JSON");
    }
    json_decref(o);
    return rc;
}

static uint64_t dec_or_0(const json_t *o, const char *key)
{
    uint64_t v = 0;
    const char *s = json_string_value(json_object_get(o, key));
    return s && og_parse_u64(s, UINT64_MAX, &v) ? v : 0;
}

enum og_rc og_rpc_get_status(struct og_rpc *r, struct og_rpc_status *out, struct og_err *err)
{
    json_t *res;
    *out = (struct og_rpc_status){0};
    OG_TRY(og_rpc_call(r, "status", "{}", &res, err));
    const json_t *sync = json_object_get(res, "sync_info");
    out->height = dec_or_0(sync, "latest_block_height");
    out->catching_up = json_is_true(json_object_get(sync, "catching_up"));
    snprintf(out->network, sizeof out->network, "%s",
             text_or(json_object_get(res, "node_info"), "network", ""));
    json_decref(res);
    OG_TRY(og_rpc_call(r, "net_info", "{}", &res, err));
    out->peers = dec_or_0(res, "n_peers");
    json_decref(res);
    return OG_OK;
}

enum og_rc og_rpc_query(struct og_rpc *r, const char *path, struct og_span data, struct og_buf *out,
                        struct og_err *err)
{
    json_t *res;
    struct og_buf params = OG_BUF_INIT;
    og_buf_addf(&params, "{\"path\":\"%s\",\"data\":\"", path);
    og_buf_add_hex(&params, data.p, data.n);
    og_buf_adds(&params, "\"}");
    enum og_rc rc = og_rpc_call(r, "abci_query", params.p, &res, err);
    og_buf_release(&params);
    OG_TRY(rc);
    const json_t *a = json_object_get(res, "response");
    json_int_t code = json_integer_value(json_object_get(a, "code"));
    const char *value = text_or(a, "value", "");
    if (code)
        rc = og_err_set(err, OG_E_DATA, "%s", text_or(a, "log", "refused"));
    else
        rc = og_base64_decode(value, strlen(value), ANSWER_MAX, out, err);
    json_decref(res);
    return rc;
}
