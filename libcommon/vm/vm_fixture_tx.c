/* vm_fixture_tx.c - the transaction of a state test at its indexes. */
#include "vm/vm_fixture.h"

#include "base/base_mem.h"
#include "crypto/crypto_secp256k1.h"
#include "vm/vm_keccak.h"

#include <stdlib.h>
#include <string.h>

void og_fixture_tx_release(struct og_fixture_tx *x)
{
    og_buf_release(&x->data);
    free(x->access);
    free(x->keys);
    x->access = NULL;
    x->keys = NULL;
}

/* A number of a transaction: too big is no fault of the file. */
static enum og_rc word(struct og_fixture_tx *x, const json_t *v, const char *what,
                       struct og_u256 *out, struct og_err *err)
{
    bool big;
    enum og_rc rc = og_fixture_word(v, what, out, &big, err);
    x->malformed |= big;
    return rc;
}

static enum og_rc u64(struct og_fixture_tx *x, const json_t *v, const char *what, uint64_t *out,
                      struct og_err *err)
{
    struct og_u256 w;
    enum og_rc rc = word(x, v, what, &w, err);
    x->malformed |= !og_u256_fits_u64(&w);
    *out = w.w[0];
    return rc;
}

static enum og_rc at(const json_t *t, const char *what, size_t i, const json_t **out,
                     struct og_err *err)
{
    *out = json_array_get(json_object_get(t, what), i);
    return *out ? OG_OK
                : og_err_set(err, OG_E_DATA, "'%s' must be an array with an element %zu", what, i);
}

static enum og_rc sender(const json_t *t, struct og_addr *out, struct og_err *err)
{
    struct og_hash secret;
    uint8_t pub[64];
    const json_t *given = json_object_get(t, "sender");
    if (given)
        return og_fixture_addr(json_string_value(given), "sender", out, err);
    OG_TRY(og_fixture_hash(json_object_get(t, "secretKey"), "secretKey", &secret, err));
    if (!og_secp256k1_pub(secret.b, pub))
        return og_err_set(err, OG_E_DATA, "'secretKey' is no key");
    struct og_hash h = og_keccak256(pub, sizeof pub);
    memcpy(out->b, h.b + 12, sizeof out->b);
    return OG_OK;
}

static enum og_rc fees(struct og_fixture_tx *x, const json_t *t, struct og_err *err)
{
    const json_t *price = json_object_get(t, "gasPrice");
    if (price && !json_object_get(t, "maxFeePerGas")) {
        OG_TRY(word(x, price, "gasPrice", &x->tx.max_fee, err));
        x->tx.max_priority = x->tx.max_fee;
        return OG_OK;
    }
    OG_TRY(word(x, json_object_get(t, "maxFeePerGas"), "maxFeePerGas", &x->tx.max_fee, err));
    return word(x, json_object_get(t, "maxPriorityFeePerGas"), "maxPriorityFeePerGas",
                &x->tx.max_priority, err);
}

static enum og_rc access_entry(const json_t *entry, struct og_vm_access *a, struct og_u256 *keys,
                               struct og_err *err)
{
    OG_TRY(og_fixture_addr(json_string_value(json_object_get(entry, "address")), "address",
                           &a->addr, err));
    const json_t *list = json_object_get(entry, "storageKeys");
    a->n_keys = json_array_size(list);
    a->keys = keys;
    for (size_t i = 0; i < a->n_keys; i++) {
        struct og_hash h;
        OG_TRY(og_fixture_hash(json_array_get(list, i), "storageKeys", &h, err));
        keys[i] = og_u256_load(h.b);
    }
    return OG_OK;
}

static enum og_rc access_list(struct og_fixture_tx *x, const json_t *list, struct og_err *err)
{
    size_t n = json_array_size(list), n_keys = 0;
    for (size_t i = 0; i < n; i++)
        n_keys += json_array_size(json_object_get(json_array_get(list, i), "storageKeys"));
    x->access = og_xcalloc(n + 1, sizeof *x->access);
    x->keys = og_xcalloc(n_keys + 1, sizeof *x->keys);
    struct og_u256 *next = x->keys;
    for (size_t i = 0; i < n; i++) {
        OG_TRY(access_entry(json_array_get(list, i), &x->access[i], next, err));
        next += x->access[i].n_keys;
    }
    x->tx.access = x->access;
    x->tx.n_access = n;
    return OG_OK;
}

static enum og_rc fill(const json_t *t, size_t data, size_t gas, size_t value,
                       struct og_fixture_tx *x, struct og_err *err)
{
    const json_t *v;
    if (!json_is_object(t))
        return og_err_set(err, OG_E_DATA, "'transaction' must be an object");
    if (json_object_get(t, "maxFeePerBlobGas") || json_object_get(t, "blobVersionedHashes"))
        x->skipped = "blob transaction";
    else if (json_object_get(t, "authorizationList"))
        x->skipped = "set-code transaction";
    if (x->skipped)
        return OG_OK;
    OG_TRY(sender(t, &x->tx.from, err));
    OG_TRY(u64(x, json_object_get(t, "nonce"), "nonce", &x->tx.nonce, err));
    OG_TRY(fees(x, t, err));
    OG_TRY(at(t, "gasLimit", gas, &v, err));
    OG_TRY(u64(x, v, "gasLimit", &x->tx.gas_limit, err));
    OG_TRY(at(t, "value", value, &v, err));
    OG_TRY(word(x, v, "value", &x->tx.value, err));
    OG_TRY(at(t, "data", data, &v, err));
    OG_TRY(og_fixture_bytes(v, "data", &x->data, err));
    x->tx.data = (const uint8_t *)x->data.p;
    x->tx.data_len = x->data.len;
    const char *to = json_string_value(json_object_get(t, "to"));
    x->tx.create = !to || !to[0];
    if (!x->tx.create)
        OG_TRY(og_fixture_addr(to, "to", &x->tx.to, err));
    const json_t *lists = json_object_get(t, "accessLists");
    return access_list(x, lists ? json_array_get(lists, data) : NULL, err);
}

enum og_rc og_fixture_tx(const json_t *t, size_t data, size_t gas, size_t value,
                         struct og_fixture_tx *out, struct og_err *err)
{
    *out = (struct og_fixture_tx){0};
    enum og_rc rc = fill(t, data, gas, value, out, err);
    if (rc != OG_OK)
        og_fixture_tx_release(out);
    return rc;
}
