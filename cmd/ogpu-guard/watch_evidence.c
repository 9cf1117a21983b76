/* watch_evidence.c - a double signature becomes an `evidence` transaction. */
#include "watch.h"

#include "base/base_log.h"
#include "engine/engine.h"
#include "store/store_block.h"

#include <jansson.h>
#include <stdlib.h>

/* The header that event id tells of; NULL where it has none. The caller decrefs. */
static enum og_rc header_of(struct og_store *st, uint64_t id, json_t **out, struct og_err *err)
{
    struct og_event e;
    size_t n = 0;
    *out = NULL;
    OG_TRY(og_event_page(st, id - 1, &e, 1, &n, err));
    if (n == 1 && e.id == id) {
        json_t *detail = json_loadb(e.line.p, e.line.len, JSON_REJECT_DUPLICATES, NULL);
        *out = json_incref(json_object_get(detail, "header"));
        json_decref(detail);
    }
    if (n)
        og_buf_release(&e.line);
    return OG_OK;
}

static enum og_rc send(struct og_engine *e, const struct og_key *key, json_t *a, json_t *b,
                       struct og_err *err)
{
    struct og_sent sent;
    json_t *body = json_pack("{s:s,s:O,s:{s:O,s:O}}", "type", "double-sign", "height",
                             json_object_get(a, "height"), "proof", "a", a, "b", b);
    const struct og_draft d = {.kind = OG_TX_EVIDENCE, .body = body};
    if (!body)
        return og_err_set(err, OG_E_DATA, "the header has no 'height'");
    enum og_rc rc = og_engine_send1(e, key, &d, &sent, err);
    json_decref(body);
    return rc;
}

enum og_rc watch_evidence(const char *state_dir, const char *key_name, const char *passphrase_file,
                          const struct og_guard_hit *hit, struct og_err *err)
{
    struct og_engine *e = NULL;
    struct og_key *key = NULL;
    json_t *a = NULL, *b = NULL;
    char *keys = og_cli_keys_dir();
    enum og_rc rc = og_engine_open(state_dir, keys, &e, err);
    free(keys);
    if (rc == OG_OK && hit->with > 0)
        rc = header_of(og_engine_store(e), hit->with, &a, err);
    if (rc == OG_OK)
        rc = header_of(og_engine_store(e), hit->id, &b, err);
    if (rc == OG_OK && (!json_is_object(a) || !json_is_object(b))) {
        og_log(OG_LOG_WARNING, "no evidence is sent: the events hold no headers");
    } else if (rc == OG_OK) {
        rc = cmd_key(key_name, passphrase_file, &key, err);
        if (rc == OG_OK && !key)
            rc = og_err_set(err, OG_E_CONFIG, "there is no key 'default' to send evidence with");
        if (rc == OG_OK)
            rc = send(e, key, a, b, err);
    }
    json_decref(a);
    json_decref(b);
    og_key_free(key);
    og_engine_close(e);
    return rc;
}
