/* vm_pre.c - the precompiled contracts: prices, and what they compute. */
#include "vm/vm_pre.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "crypto/crypto_hash.h"
#include "crypto/crypto_modexp.h"
#include "crypto/crypto_ripemd.h"
#include "crypto/crypto_secp256k1.h"
#include "vm/vm_blake2f.h"
#include "vm/vm_bn254.h"
#include "vm/vm_keccak.h"
#include "vm/vm_u256.h"

#include <stdlib.h>
#include <string.h>

enum number {
    ECRECOVER = 1,
    SHA256,
    RIPEMD160,
    IDENTITY,
    MODEXP,
    BN_ADD,
    BN_MUL,
    BN_PAIRING,
    BLAKE2F,
    POINT_EVALUATION
};

unsigned og_vm_pre_number(const struct og_addr *a)
{
    static const uint8_t zero[OG_ADDR_LEN - 1];
    uint8_t last = a->b[OG_ADDR_LEN - 1];
    return last <= OG_VM_PRE_LAST && memcmp(a->b, zero, sizeof zero) == 0 ? last : 0;
}

/* n bytes from off on, zeros behind the input's end. */
static void get(const uint8_t *in, size_t len, uint64_t off, uint8_t *out, size_t n)
{
    memset(out, 0, n);
    if (off < len)
        memcpy(out, in + off, len - off < n ? len - off : n);
}

static struct og_u256 get_word(const uint8_t *in, size_t len, uint64_t off)
{
    uint8_t b[32];
    get(in, len, off, b, sizeof b);
    return og_u256_load(b);
}

struct lengths {
    struct og_u256 base, exp, mod;
};

static struct lengths modexp_lengths(const uint8_t *in, size_t n)
{
    return (struct lengths){get_word(in, n, 0), get_word(in, n, 32), get_word(in, n, 64)};
}

/* EIP-2565. Lengths of 2^32 and more cost more than any gas, as such memory does. */
static int64_t modexp_gas(const uint8_t *in, size_t n)
{
    struct lengths l = modexp_lengths(in, n);
    if (og_u256_is_zero(&l.base) && og_u256_is_zero(&l.mod))
        return 200;
    if (!og_u256_fits_u64(&l.base) || !og_u256_fits_u64(&l.exp) || !og_u256_fits_u64(&l.mod) ||
        (l.base.w[0] | l.exp.w[0] | l.mod.w[0]) >> 32)
        return INT64_MAX;
    uint8_t head[32];
    uint64_t exp_len = l.exp.w[0];
    size_t head_len = exp_len < 32 ? exp_len : 32;
    get(in, n, 96 + l.base.w[0], head, head_len);
    struct og_u256 e = og_u256_from_be(head, head_len);
    unsigned bits = og_u256_bits(&e);
    uint64_t steps = (exp_len > 32 ? 8 * (exp_len - 32) : 0) + (bits ? bits - 1 : 0);
    uint64_t w = ((l.base.w[0] > l.mod.w[0] ? l.base.w[0] : l.mod.w[0]) + 7) / 8;
    og_u128 gas = (og_u128)(w * w) * (steps ? steps : 1) / 3;
    return gas < 200 ? 200 : gas > INT64_MAX ? INT64_MAX : (int64_t)gas;
}

static bool modexp(const uint8_t *in, size_t n, struct og_buf *out)
{
    struct lengths l = modexp_lengths(in, n);
    size_t nb = l.base.w[0], ne = l.exp.w[0], nm = l.mod.w[0];
    if (og_u256_is_zero(&l.mod))
        return true;
    uint8_t *b = og_xmalloc(nb + 1), *e = og_xmalloc(ne + 1), *m = og_xmalloc(nm);
    get(in, n, 96, b, nb);
    get(in, n, 96 + nb, e, ne);
    get(in, n, 96 + nb + ne, m, nm);
    og_buf_reserve(out, nm);
    og_modexp(b, nb, e, ne, m, nm, (uint8_t *)out->p + out->len);
    out->len += nm;
    out->p[out->len] = 0;
    free(b);
    free(e);
    free(m);
    return true;
}

static void ecrecover(const uint8_t *in, size_t n, struct og_buf *out)
{
    uint8_t b[128], pub[64];
    static const uint8_t zero[31];
    get(in, n, 0, b, sizeof b);
    uint8_t v = b[63];
    if (memcmp(b + 32, zero, sizeof zero) != 0 || (v != 27 && v != 28) ||
        !og_secp256k1_recover(b, b + 64, b + 96, v == 28, pub))
        return;
    struct og_hash h = og_keccak256(pub, sizeof pub);
    memset(h.b, 0, 12);
    og_buf_add(out, h.b, sizeof h.b);
}

static void ripemd160(const uint8_t *in, size_t n, struct og_buf *out)
{
    uint8_t b[32] = {0};
    og_ripemd160(in, n, b + 12);
    og_buf_add(out, b, sizeof b);
}

static int64_t per_word(int64_t base, int64_t word, size_t n)
{
    return base + word * (int64_t)((n + 31) / 32);
}

int64_t og_vm_pre_gas(unsigned number, const uint8_t *in, size_t n)
{
    switch ((enum number)number) {
    case ECRECOVER: return 3000;
    case SHA256: return per_word(60, 12, n);
    case RIPEMD160: return per_word(600, 120, n);
    case IDENTITY: return per_word(15, 3, n);
    case MODEXP: return modexp_gas(in, n);
    case BN_ADD: return 150;
    case BN_MUL: return 6000;
    case BN_PAIRING: return 45000 + 34000 * (int64_t)(n / OG_BN254_PAIR);
    case BLAKE2F: return n == OG_BLAKE2F_INPUT ? (int64_t)og_get_be32(in) : 0;
    case POINT_EVALUATION: return 50000;
    }
    return INT64_MAX;
}

bool og_vm_pre_run(unsigned number, const uint8_t *in, size_t n, struct og_buf *out)
{
    struct og_hash h;
    uint8_t b[128];
    switch ((enum number)number) {
    case ECRECOVER: ecrecover(in, n, out); return true;
    case SHA256:
        h = og_sha256(in, n);
        og_buf_add(out, h.b, sizeof h.b);
        return true;
    case RIPEMD160: ripemd160(in, n, out); return true;
    case IDENTITY:
        if (n)
            og_buf_add(out, in, n);
        return true;
    case MODEXP: return modexp(in, n, out);
    case BN_ADD:
        get(in, n, 0, b, 128);
        if (!og_bn254_add(b, b))
            return false;
        og_buf_add(out, b, 64);
        return true;
    case BN_MUL:
        get(in, n, 0, b, 96);
        if (!og_bn254_mul(b, b))
            return false;
        og_buf_add(out, b, 64);
        return true;
    case BN_PAIRING: {
        bool one;
        if (n % OG_BN254_PAIR || !og_bn254_pairing(in, n / OG_BN254_PAIR, &one))
            return false;
        memset(b, 0, 32);
        b[31] = one;
        og_buf_add(out, b, 32);
        return true;
    }
    case BLAKE2F:
        if (n != OG_BLAKE2F_INPUT || !og_blake2f(in, b))
            return false;
        og_buf_add(out, b, 64);
        return true;
    case POINT_EVALUATION: return false;
    }
    return false;
}
