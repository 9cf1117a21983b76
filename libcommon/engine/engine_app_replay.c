/* engine_app_replay.c - a test network that is fed the blocks of a local chain, one transaction of
 * the network a block: {"header", "lines", "replay": true}. */
#include "engine/engine_app_int.h"

#include "base/base_mem.h"
#include "json/json_canon.h"
#include "json/json_get.h"

#include <stdlib.h>
#include <string.h>

#define LINES_MAX 65536

enum og_rc og_app_state_json(const char *genesis, size_t n, bool replay, struct og_buf *out,
                             struct og_err *err)
{
    json_t *o = json_pack("{s:s%, s:b}", "genesis", genesis, n, "replay", replay);
    if (!o)
        return og_err_set(err, OG_E_DATA, "the genesis is no text");
    enum og_rc rc = og_json_canon(o, out, err);
    json_decref(o);
    return rc;
}

enum og_rc og_app_bundle(const char *const *line, const size_t *len, size_t n, struct og_buf *out,
                         struct og_err *err)
{
    json_t *lines = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(lines, json_stringn(line[i], len[i]));
    json_t *o = json_pack("{s:o, s:b}", "lines", lines, "replay", true);
    enum og_rc rc = og_json_canon(o, out, err);
    json_decref(o);
    return rc;
}

/* The lines of a bundle, and the header that its first line is. */
static enum og_rc open_bundle(struct og_span tx, json_t **o, const json_t **lines,
                              struct og_header *h, struct og_err *err)
{
    OG_TRY(og_json_parse_canon((const char *)tx.p, tx.n, o, err));
    enum og_rc rc = og_json_arr(*o, "lines", LINES_MAX, lines, err);
    const json_t *first = rc == OG_OK ? json_array_get(*lines, 0) : NULL;
    if (rc == OG_OK && !json_is_string(first))
        rc = og_err_set(err, OG_E_DATA, "a replayed block begins with its header");
    if (rc == OG_OK)
        rc = og_header_parse(json_string_value(first), json_string_length(first), h, err);
    if (rc != OG_OK) {
        json_decref(*o);
        *o = NULL;
    }
    return rc;
}

enum og_rc og_replay_check(struct og_app *a, struct og_span tx, struct og_err *err)
{
    struct og_header h;
    const json_t *lines;
    json_t *o;
    uint64_t last;
    memset(&h, 0, sizeof h);
    OG_TRY(og_block_last(a->rst, &last, NULL, err));
    OG_TRY(open_bundle(tx, &o, &lines, &h, err));
    uint64_t height = h.open.height;
    json_decref(o);
    og_header_release(&h);
    return height > last ? OG_OK
                         : og_err_set(err, OG_E_DATA, "block %llu is here already",
                                      (unsigned long long)height);
}

enum og_rc og_replay_prepare(struct og_app *a, const struct og_abci_req *r, struct og_buf *body,
                             struct og_err *err)
{
    uint64_t last;
    OG_TRY(og_block_last(a->rst, &last, NULL, err));
    for (size_t i = 0; i < r->n_txs; i++) {
        struct og_header h;
        struct og_err ignored;
        const json_t *lines;
        json_t *o;
        memset(&h, 0, sizeof h);
        if (open_bundle(r->txs[i], &o, &lines, &h, &ignored) != OG_OK)
            continue;
        bool next = h.open.height == last + 1;
        for (size_t k = 0; next && k < json_array_size(lines); k++) {
            const json_t *s = json_array_get(lines, k);
            og_pb_put_item(body, 1, json_is_string(s) ? json_string_value(s) : "",
                           json_string_length(s));
        }
        json_decref(o);
        og_header_release(&h);
        if (next)
            break;
    }
    return OG_OK;
}

enum og_rc og_replay_header(struct og_app *a, struct og_span line, struct og_header *h,
                            struct og_err *err)
{
    uint64_t last;
    OG_TRY(og_block_last(a->e.st, &last, NULL, err));
    OG_TRY(og_header_parse((const char *)line.p, line.n, h, err));
    if (h->open.height != last + 1)
        return og_err_set(err, OG_E_DATA, "block %llu is replayed after block %llu",
                          (unsigned long long)h->open.height, (unsigned long long)last);
    return OG_OK;
}
