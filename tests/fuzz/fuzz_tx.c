/* fuzz_tx.c - transactions: what is read comes back byte for byte, names one kind, holds no more
 * than it may; everything else is refused with a sentence. */
#include "model/model_tx.h"

#include "crypto/crypto_merkle.h"
#include "json/json_canon.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

/* The line again, from what was read. */
static void same_bytes(const struct og_tx *tx, const uint8_t *data, size_t size)
{
    struct og_buf line = OG_BUF_INIT;
    struct og_buf sig = OG_BUF_INIT;
    og_base64_encode(tx->sig.p, tx->sig.len, &sig);
    json_t *o = json_copy(tx->json);
    json_object_set_new(o, "sig", json_string(sig.p ? sig.p : ""));
    check(og_json_canon(o, &line, NULL) == OG_OK);
    check(line.len == size && memcmp(line.p, data, size) == 0);
    json_decref(o);
    og_buf_release(&line);
    og_buf_release(&sig);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct og_tx tx;
    struct og_err err = {0};
    enum og_rc rc = og_tx_parse((const char *)data, size, &tx, &err);
    if (rc != OG_OK) {
        check(rc == OG_E_DATA && err.msg[0] && !tx.json && !tx.sig.p && !tx.unsigned_bytes.p);
        return 0;
    }
    check((size_t)tx.kind < OG_TX_KIND_COUNT);
    check(size <= (tx.kind == OG_TX_MATCH_COMMIT ? OG_TX_MATCH_MAX : OG_TX_MAX));
    check(tx.fee <= OG_VALUE_MAX && tx.value <= OG_VALUE_MAX && tx.seq <= OG_VALUE_MAX);
    check(tx.line_bytes == size && tx.sig.len <= OG_SIG_MAX);
    struct og_hash leaf = og_merkle_leaf(data, size);
    check(memcmp(&leaf, &tx.leaf, sizeof leaf) == 0);
    same_bytes(&tx, data, size);
    struct og_pub *p;
    if (tx.pub && og_pub_from_json(tx.pub, &p, &err) == OG_OK) {
        og_pub_verify(p, tx.unsigned_bytes.p, tx.unsigned_bytes.len, tx.sig.p, tx.sig.len);
        json_t *o = og_pub_to_json(p);
        check(strcmp(json_string_value(json_object_get(o, "key")),
                     json_string_value(json_object_get(tx.pub, "key"))) == 0);
        json_decref(o);
        og_pub_free(p);
    }
    og_tx_release(&tx);
    return 0;
}
