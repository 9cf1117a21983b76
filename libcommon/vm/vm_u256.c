/* vm_u256.c - division, modular sums and products, powers, text of 256-bit words. */
#include "vm/vm_u256.h"

/* q = (hi·2^64 + lo) / d and *r, for hi < d. */
OG_INLINE uint64_t div_2by1(uint64_t hi, uint64_t lo, uint64_t d, uint64_t *r)
{
#if OG_U256_INTRINSICS
    uint64_t q;
    __asm__("divq %4" : "=a"(q), "=d"(*r) : "a"(lo), "d"(hi), "r"(d) : "cc");
    return q;
#else
    og_u128 n = (og_u128)hi << 64 | lo;
    *r = (uint64_t)(n % d);
    return (uint64_t)(n / d);
#endif
}

static size_t limbs(const uint64_t *p, size_t n)
{
    while (n && !p[n - 1])
        n--;
    return n;
}

/* Knuth, TAOCP 2, 4.3.1, algorithm D, for a normalised divisor of nv >= 2 limbs: u (nu + 1 limbs)
 * becomes the remainder, q (nu − nv + 1 limbs) the quotient. */
static void knuth_d(uint64_t *u, size_t nu, const uint64_t *v, size_t nv, uint64_t *q)
{
    for (size_t j = nu - nv + 1; j-- > 0;) {
        uint64_t qhat, rhat;
        bool rhat_big = false;
        if (u[j + nv] >= v[nv - 1]) {
            qhat = UINT64_MAX;
            rhat_big = __builtin_add_overflow(u[j + nv - 1], v[nv - 1], &rhat);
        } else {
            qhat = div_2by1(u[j + nv], u[j + nv - 1], v[nv - 1], &rhat);
        }
        while (!rhat_big && (og_u128)qhat * v[nv - 2] > ((og_u128)rhat << 64 | u[j + nv - 2])) {
            qhat--;
            rhat_big = __builtin_add_overflow(rhat, v[nv - 1], &rhat);
        }
        uint64_t borrow = 0, carry = 0;
        for (size_t i = 0; i < nv; i++) {
            og_u128 p = (og_u128)qhat * v[i] + carry;
            carry = (uint64_t)(p >> 64);
            og_u128 d = (og_u128)u[i + j] - (uint64_t)p - borrow;
            u[i + j] = (uint64_t)d;
            borrow = (uint64_t)(d >> 64) & 1;
        }
        og_u128 d = (og_u128)u[j + nv] - carry - borrow;
        u[j + nv] = (uint64_t)d;
        if (d >> 64) { /* one too many: add back */
            qhat--;
            og_u128 s = 0;
            for (size_t i = 0; i < nv; i++) {
                s += (og_u128)u[i + j] + v[i];
                u[i + j] = (uint64_t)s;
                s >>= 64;
            }
            u[j + nv] += (uint64_t)s;
        }
        q[j] = qhat;
    }
}

/* u (nu <= 8 limbs) by v (4 limbs, not zero): quotient into q[8], remainder into r. */
static void divide(const uint64_t *u, size_t nu, const struct og_u256 *v, uint64_t q[8],
                   struct og_u256 *r)
{
    memset(q, 0, 8 * sizeof *q);
    *r = OG_U256_ZERO;
    nu = limbs(u, nu);
    size_t nv = limbs(v->w, 4);
    if (nu < nv) {
        memcpy(r->w, u, nu * sizeof *u);
        return;
    }
    if (nv == 1) {
        uint64_t rem = 0;
        for (size_t i = nu; i-- > 0;)
            q[i] = div_2by1(rem, u[i], v->w[0], &rem);
        r->w[0] = rem;
        return;
    }
    unsigned k = (unsigned)__builtin_clzll(v->w[nv - 1]);
    uint64_t un[9], vn[4];
    for (size_t i = nv; i-- > 0;)
        vn[i] = v->w[i] << k | (i && k ? v->w[i - 1] >> (64 - k) : 0);
    un[nu] = k ? u[nu - 1] >> (64 - k) : 0;
    for (size_t i = nu; i-- > 0;)
        un[i] = u[i] << k | (i && k ? u[i - 1] >> (64 - k) : 0);
    knuth_d(un, nu, vn, nv, q);
    for (size_t i = 0; i < nv; i++)
        r->w[i] = un[i] >> k | (k && i + 1 < nv ? un[i + 1] << (64 - k) : 0);
}

struct og_u256 og_u256_div(const struct og_u256 *a, const struct og_u256 *b)
{
    uint64_t q[8];
    struct og_u256 r;
    if (og_u256_fits_u64(a) && og_u256_fits_u64(b))
        return og_u256_of(b->w[0] ? a->w[0] / b->w[0] : 0);
    if (og_u256_is_zero(b))
        return OG_U256_ZERO;
    divide(a->w, 4, b, q, &r);
    return (struct og_u256){{q[0], q[1], q[2], q[3]}};
}

struct og_u256 og_u256_mod(const struct og_u256 *a, const struct og_u256 *b)
{
    uint64_t q[8];
    struct og_u256 r;
    if (og_u256_fits_u64(a) && og_u256_fits_u64(b))
        return og_u256_of(b->w[0] ? a->w[0] % b->w[0] : 0);
    if (og_u256_is_zero(b))
        return OG_U256_ZERO;
    divide(a->w, 4, b, q, &r);
    return r;
}

static struct og_u256 negate_if(bool negative, struct og_u256 a)
{
    return negative ? og_u256_sub(OG_U256_ZERO, a) : a;
}

struct og_u256 og_u256_sdiv(const struct og_u256 *a, const struct og_u256 *b)
{
    bool na = a->w[3] >> 63, nb = b->w[3] >> 63;
    struct og_u256 x = negate_if(na, *a), y = negate_if(nb, *b);
    return negate_if(na != nb, og_u256_div(&x, &y));
}

struct og_u256 og_u256_smod(const struct og_u256 *a, const struct og_u256 *b)
{
    bool na = a->w[3] >> 63, nb = b->w[3] >> 63;
    struct og_u256 x = negate_if(na, *a), y = negate_if(nb, *b);
    return negate_if(na, og_u256_mod(&x, &y));
}

struct og_u256 og_u256_addmod(const struct og_u256 *a, const struct og_u256 *b,
                              const struct og_u256 *m)
{
    struct og_u256 s, r;
    uint64_t q[8];
    if (og_u256_is_zero(m))
        return OG_U256_ZERO;
    bool carry = og_u256_addc(a, b, &s);
    if (!carry && og_u256_lt(&s, m))
        return s;
    const uint64_t u[5] = {s.w[0], s.w[1], s.w[2], s.w[3], carry};
    divide(u, 5, m, q, &r);
    return r;
}

struct og_u256 og_u256_mulmod(const struct og_u256 *a, const struct og_u256 *b,
                              const struct og_u256 *m)
{
    uint64_t u[8] = {0}, q[8];
    struct og_u256 r;
    if (og_u256_is_zero(m))
        return OG_U256_ZERO;
    for (int i = 0; i < 4; i++) {
        uint64_t carry = 0;
        for (int j = 0; j < 4; j++) {
            og_u128 t = (og_u128)a->w[i] * b->w[j] + u[i + j] + carry;
            u[i + j] = (uint64_t)t;
            carry = (uint64_t)(t >> 64);
        }
        u[i + 4] = carry;
    }
    divide(u, 8, m, q, &r);
    return r;
}

unsigned og_u256_bits(const struct og_u256 *a)
{
    for (int i = 3; i >= 0; i--)
        if (a->w[i])
            return 64 * (unsigned)i + 64 - (unsigned)__builtin_clzll(a->w[i]);
    return 0;
}

struct og_u256 og_u256_exp(const struct og_u256 *a, const struct og_u256 *e)
{
    struct og_u256 r = og_u256_of(1), two = og_u256_of(2);
    if (og_u256_eq(a, &two))
        return og_u256_fits_u64(e) ? og_u256_shl(r, e->w[0]) : OG_U256_ZERO;
    for (unsigned i = og_u256_bits(e); i-- > 0;) {
        r = og_u256_mul(&r, &r);
        if (e->w[i / 64] >> (i % 64) & 1)
            r = og_u256_mul(&r, a);
    }
    return r;
}

struct og_u256 og_u256_from_be(const uint8_t *p, size_t n)
{
    uint8_t b[32] = {0};
    if (n > 32) {
        p += n - 32;
        n = 32;
    }
    if (n)
        memcpy(b + 32 - n, p, n);
    return og_u256_load(b);
}

void og_u256_to_hex(const struct og_u256 *a, char out[67])
{
    uint8_t b[32];
    char all[65];
    og_u256_store(a, b);
    og_hex_encode(b, sizeof b, all);
    size_t skip = strspn(all, "0");
    if (skip == 64)
        skip = 63;
    out[0] = '0';
    out[1] = 'x';
    memcpy(out + 2, all + skip, 65 - skip);
}

bool og_u256_from_hex(const char *s, struct og_u256 *out)
{
    *out = OG_U256_ZERO;
    if (s[0] != '0' || (s[1] != 'x' && s[1] != 'X'))
        return false;
    size_t n = strlen(s += 2);
    if (n < 1 || n > 64)
        return false;
    for (; *s; s++) {
        int digit = *s >= '0' && *s <= '9'   ? *s - '0'
                    : *s >= 'a' && *s <= 'f' ? *s - 'a' + 10
                    : *s >= 'A' && *s <= 'F' ? *s - 'A' + 10
                                             : -1;
        if (digit < 0)
            return false;
        *out = og_u256_shl(*out, 4);
        out->w[0] |= (uint64_t)digit;
    }
    return true;
}
