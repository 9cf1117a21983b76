/* vm_fixture.c - members of a state test as words, accounts and transactions. */
#include "vm/vm_fixture.h"

#include "base/base_mem.h"
#include "crypto/crypto_secp256k1.h"
#include "vm/vm_keccak.h"
#include "json/json_get.h"

#include <stdlib.h>
#include <string.h>

static int digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Past "0x"; NULL when there is none. */
static const char *digits_of(const char *s)
{
    if (!s || s[0] != '0' || (s[1] != 'x' && s[1] != 'X'))
        return NULL;
    return s + 2;
}

enum og_rc og_fixture_word(const json_t *v, const char *what, struct og_u256 *out, bool *big,
                           struct og_err *err)
{
    static const char bigint[] = "0x:bigint ";
    *out = OG_U256_ZERO;
    *big = false;
    const char *s = json_string_value(v);
    if (s && strncmp(s, bigint, sizeof bigint - 1) == 0)
        s += sizeof bigint - 1;
    s = digits_of(s);
    if (!s)
        return og_err_set(err, OG_E_DATA, "'%s' must be a number in hex", what);
    for (; *s; s++) {
        if (digit(*s) < 0)
            return og_err_set(err, OG_E_DATA, "'%s' must be a number in hex", what);
        *big |= out->w[3] >> 60 != 0;
        *out = og_u256_shl(*out, 4);
        out->w[0] |= (uint64_t)digit(*s);
    }
    return OG_OK;
}

enum og_rc og_fixture_u64(const json_t *v, const char *what, uint64_t *out, struct og_err *err)
{
    struct og_u256 w;
    bool big;
    *out = 0;
    OG_TRY(og_fixture_word(v, what, &w, &big, err));
    if (big || !og_u256_fits_u64(&w))
        return og_err_set(err, OG_E_DATA, "'%s' must be below 2^64", what);
    *out = w.w[0];
    return OG_OK;
}

static enum og_rc small_word(const json_t *v, const char *what, struct og_u256 *out,
                             struct og_err *err)
{
    bool big;
    OG_TRY(og_fixture_word(v, what, out, &big, err));
    return big ? og_err_set(err, OG_E_DATA, "'%s' must be below 2^256", what) : OG_OK;
}

enum og_rc og_fixture_addr(const char *s, const char *what, struct og_addr *out, struct og_err *err)
{
    const char *p = digits_of(s);
    memset(out, 0, sizeof *out);
    bool good = p && strlen(p) == 2 * OG_ADDR_LEN;
    for (size_t i = 0; good && i < 2 * OG_ADDR_LEN; i++) {
        good = digit(p[i]) >= 0;
        out->b[i / 2] = (uint8_t)(out->b[i / 2] << 4 | (digit(p[i]) & 15));
    }
    return good ? OG_OK : og_err_set(err, OG_E_DATA, "'%s' must be an address in hex", what);
}

enum og_rc og_fixture_hash(const json_t *v, const char *what, struct og_hash *out,
                           struct og_err *err)
{
    struct og_u256 w;
    memset(out, 0, sizeof *out);
    OG_TRY(small_word(v, what, &w, err));
    og_u256_store(&w, out->b);
    return OG_OK;
}

enum og_rc og_fixture_bytes(const json_t *v, const char *what, struct og_buf *out,
                            struct og_err *err)
{
    const char *s = digits_of(json_string_value(v));
    size_t n = s ? strlen(s) : 1;
    if (n % 2)
        return og_err_set(err, OG_E_DATA, "'%s' must be bytes in hex", what);
    og_buf_reserve(out, n / 2);
    for (size_t i = 0; i < n; i += 2) {
        int hi = digit(s[i]), lo = digit(s[i + 1]);
        if (hi < 0 || lo < 0)
            return og_err_set(err, OG_E_DATA, "'%s' must be bytes in hex", what);
        og_buf_addc(out, (char)(hi << 4 | lo));
    }
    return OG_OK;
}

static enum og_rc load_storage(const json_t *storage, struct og_vm_state *st, struct og_vm_acct *a,
                               struct og_err *err)
{
    const char *name;
    json_t *v;
    json_t *obj = json_incref((json_t *)(uintptr_t)storage);
    enum og_rc rc = OG_OK;
    json_object_foreach(obj, name, v)
    {
        struct og_u256 key, word;
        json_t *k = json_string(name);
        rc = small_word(k, "storage", &key, err);
        json_decref(k);
        if (rc == OG_OK)
            rc = small_word(v, "storage", &word, err);
        if (rc != OG_OK)
            break;
        og_vm_state_set_slot(st, og_vm_state_slot(st, a, &key), word);
        a->has_storage |= !og_u256_is_zero(&word);
    }
    json_decref(obj);
    return rc;
}

static enum og_rc load_acct(const json_t *v, struct og_vm_state *st, struct og_vm_acct *a,
                            struct og_err *err)
{
    struct og_u256 balance;
    struct og_buf code = OG_BUF_INIT;
    uint64_t nonce;
    const json_t *storage;
    OG_TRY(og_fixture_u64(json_object_get(v, "nonce"), "nonce", &nonce, err));
    OG_TRY(small_word(json_object_get(v, "balance"), "balance", &balance, err));
    OG_TRY(og_json_obj_opt(v, "storage", &storage, err));
    og_vm_state_set_nonce(st, a, nonce);
    og_vm_state_set_balance(st, a, balance);
    enum og_rc rc = og_fixture_bytes(json_object_get(v, "code"), "code", &code, err);
    if (rc == OG_OK && code.len)
        og_vm_state_set_code(st, a, code.p, code.len);
    og_buf_release(&code);
    return rc == OG_OK && storage ? load_storage(storage, st, a, err) : rc;
}

enum og_rc og_fixture_pre(const json_t *pre, struct og_vm_state *st, struct og_err *err)
{
    const char *name;
    json_t *v;
    if (!json_is_object(pre))
        return og_err_set(err, OG_E_DATA, "'pre' must be an object");
    json_t *obj = json_incref((json_t *)(uintptr_t)pre);
    enum og_rc rc = OG_OK;
    json_object_foreach(obj, name, v)
    {
        struct og_addr addr;
        rc = og_fixture_addr(name, "pre", &addr, err);
        if (rc == OG_OK)
            rc = load_acct(v, st, og_vm_state_acct(st, &addr), err);
        if (rc != OG_OK)
            break;
    }
    json_decref(obj);
    og_vm_state_begin_tx(st); /* empty accounts of a test stay */
    return rc;
}

/* EIP-4844: fake_exponential(1, excess, 3338477), which is what BLOBBASEFEE gives. */
static struct og_u256 blob_base_fee(uint64_t excess)
{
    struct og_u256 sum = OG_U256_ZERO, part = og_u256_of(3338477), by = part;
    struct og_u256 x = og_u256_of(excess);
    for (uint64_t i = 1; !og_u256_is_zero(&part) && og_u256_bits(&part) < 192; i++) {
        sum = og_u256_add(sum, part);
        struct og_u256 d = og_u256_of(3338477 * i), p = og_u256_mul(&part, &x);
        part = og_u256_div(&p, &d);
    }
    return og_u256_div(&sum, &by);
}

enum og_rc og_fixture_env(const json_t *env, struct og_vm_env *out, struct og_err *err)
{
    uint64_t excess = 0;
    *out = (struct og_vm_env){.chain_id = 1, .base_fee = og_u256_of(10)};
    if (!json_is_object(env))
        return og_err_set(err, OG_E_DATA, "'env' must be an object");
#define MEMBER(name) json_object_get(env, name), name
    OG_TRY(og_fixture_addr(json_string_value(json_object_get(env, "currentCoinbase")),
                           "currentCoinbase", &out->coinbase, err));
    OG_TRY(og_fixture_u64(MEMBER("currentNumber"), &out->number, err));
    OG_TRY(og_fixture_u64(MEMBER("currentTimestamp"), &out->timestamp, err));
    OG_TRY(og_fixture_u64(MEMBER("currentGasLimit"), &out->gas_limit, err));
    if (json_object_get(env, "currentBaseFee"))
        OG_TRY(small_word(MEMBER("currentBaseFee"), &out->base_fee, err));
    if (json_object_get(env, "currentRandom"))
        OG_TRY(small_word(MEMBER("currentRandom"), &out->prevrandao, err));
    else if (json_object_get(env, "currentDifficulty"))
        OG_TRY(small_word(MEMBER("currentDifficulty"), &out->prevrandao, err));
    if (json_object_get(env, "currentExcessBlobGas"))
        OG_TRY(og_fixture_u64(MEMBER("currentExcessBlobGas"), &excess, err));
#undef MEMBER
    out->blob_base_fee = blob_base_fee(excess);
    return OG_OK;
}
