/* vm_fp12.c - arithmetic in the fields of alt_bn128; nothing here is secret, so time may vary. */
#include "vm/vm_fp12.h"

const struct og_u256 og_fp_p = {
    {0x3c208c16d87cfd47, 0x97816a916871ca8d, 0xb85045b68181585d, 0x30644e72e131a029}};
const struct og_u256 og_fp_one = {
    {0xd35d438dc58f0d9d, 0x0a78eb28f5c70b3d, 0x666ea36f7879462c, 0x0e0a77c19a07df2f}};
static const struct og_u256 r_squared = {
    {0xf32cfc5b538afa89, 0xb5e71911d44501fb, 0x47ab1eff0a417ff6, 0x06d89f71cab8351f}};

const struct og_fp2 og_fp12_gamma[6] = {
    {{{0xd35d438dc58f0d9d, 0x0a78eb28f5c70b3d, 0x666ea36f7879462c, 0x0e0a77c19a07df2f}},
     {{0, 0, 0, 0}}},
    {{{0xaf9ba69633144907, 0xca6b1d7387afb78a, 0x11bded5ef08a2087, 0x02f34d751a1f3a7c}},
     {{0xa222ae234c492d72, 0xd00f02a4565de15b, 0xdc2ff3a253dfc926, 0x10a75716b3899551}}},
    {{{0xb5773b104563ab30, 0x347f91c8a9aa6454, 0x7a007127242e0991, 0x1956bcd8118214ec}},
     {{0x6e849f1ea0aa4757, 0xaa1c7b6d89f89141, 0xb6e713cdfae0ca3a, 0x26694fbb4e82ebc3}}},
    {{{0xe4bbdd0c2936b629, 0xbb30f162e133bacb, 0x31a9d1b6f9645366, 0x253570bea500f8dd}},
     {{0xa1d77ce45ffe77c7, 0x07affd117826d1db, 0x6d16bd27bb7edc6b, 0x2c87200285defecc}}},
    {{{0x7361d77f843abe92, 0xa5bb2bd3273411fb, 0x9c941f314b3e2399, 0x15df9cddbb9fd3ec}},
     {{0x5dddfd154bd8c949, 0x62cb29a5a4445b60, 0x37bc870a0c7dd2b9, 0x24830a9d3171f0fd}}},
    {{{0xc970692f41690fe7, 0xe240342127694b0b, 0x32bee66b83c459e8, 0x12aabced0ab08841}},
     {{0x0d485d2340aebfa9, 0x05193418ab2fcc57, 0xd3b0a40b8a4910f5, 0x2f21ebb535d2925a}}}};

struct og_u256 og_fp_to(const struct og_u256 *plain)
{
    return og_fp_mul(plain, &r_squared);
}

struct og_u256 og_fp_from(const struct og_u256 *x)
{
    struct og_u256 one = og_u256_of(1);
    return og_fp_mul(x, &one);
}

/* x^(p − 2) */
struct og_u256 og_fp_inv(const struct og_u256 *x)
{
    struct og_u256 e = og_u256_sub(og_fp_p, og_u256_of(2)), r = og_fp_one;
    for (unsigned i = 254; i-- > 0;) {
        r = og_fp_mul(&r, &r);
        if (e.w[i / 64] >> (i % 64) & 1)
            r = og_fp_mul(&r, x);
    }
    return r;
}

struct og_fp2 og_fp2_add(const struct og_fp2 *x, const struct og_fp2 *y)
{
    return (struct og_fp2){og_fp_add(&x->a, &y->a), og_fp_add(&x->b, &y->b)};
}

struct og_fp2 og_fp2_sub(const struct og_fp2 *x, const struct og_fp2 *y)
{
    return (struct og_fp2){og_fp_sub(&x->a, &y->a), og_fp_sub(&x->b, &y->b)};
}

struct og_fp2 og_fp2_mul(const struct og_fp2 *x, const struct og_fp2 *y)
{
    struct og_u256 aa = og_fp_mul(&x->a, &y->a), bb = og_fp_mul(&x->b, &y->b);
    struct og_u256 s = og_fp_add(&x->a, &x->b), t = og_fp_add(&y->a, &y->b);
    struct og_u256 m = og_fp_mul(&s, &t), both = og_fp_add(&aa, &bb);
    return (struct og_fp2){og_fp_sub(&aa, &bb), og_fp_sub(&m, &both)};
}

struct og_fp2 og_fp2_scale(const struct og_fp2 *x, const struct og_u256 *by)
{
    return (struct og_fp2){og_fp_mul(&x->a, by), og_fp_mul(&x->b, by)};
}

struct og_fp2 og_fp2_conj(const struct og_fp2 *x)
{
    return (struct og_fp2){x->a, og_fp_sub(&OG_U256_ZERO, &x->b)};
}

bool og_fp2_eq(const struct og_fp2 *x, const struct og_fp2 *y)
{
    return og_u256_eq(&x->a, &y->a) && og_u256_eq(&x->b, &y->b);
}

bool og_fp2_is_zero(const struct og_fp2 *x)
{
    return og_u256_is_zero(&x->a) && og_u256_is_zero(&x->b);
}

static struct og_fp2 fp2_neg(const struct og_fp2 *x)
{
    return (struct og_fp2){og_fp_sub(&OG_U256_ZERO, &x->a), og_fp_sub(&OG_U256_ZERO, &x->b)};
}

static struct og_fp2 fp2_inv(const struct og_fp2 *x)
{
    struct og_u256 aa = og_fp_mul(&x->a, &x->a), bb = og_fp_mul(&x->b, &x->b);
    struct og_u256 norm = og_fp_add(&aa, &bb), inv = og_fp_inv(&norm);
    struct og_fp2 c = og_fp2_conj(x);
    return og_fp2_scale(&c, &inv);
}

/* (9 + i)·x */
static struct og_fp2 by_xi(const struct og_fp2 *x)
{
    struct og_fp2 x2 = og_fp2_add(x, x), x4 = og_fp2_add(&x2, &x2), x8 = og_fp2_add(&x4, &x4);
    struct og_fp2 x9 = og_fp2_add(&x8, x);
    return (struct og_fp2){og_fp_sub(&x9.a, &x->b), og_fp_add(&x9.b, &x->a)};
}

static struct og_fp6 fp6_add(const struct og_fp6 *x, const struct og_fp6 *y)
{
    struct og_fp6 r;
    for (int i = 0; i < 3; i++)
        r.c[i] = og_fp2_add(&x->c[i], &y->c[i]);
    return r;
}

static struct og_fp6 fp6_sub(const struct og_fp6 *x, const struct og_fp6 *y)
{
    struct og_fp6 r;
    for (int i = 0; i < 3; i++)
        r.c[i] = og_fp2_sub(&x->c[i], &y->c[i]);
    return r;
}

/* (x_i + x_j)(y_i + y_j) − p_i − p_j */
static struct og_fp2 cross(const struct og_fp6 *x, const struct og_fp6 *y, const struct og_fp2 *p,
                           int i, int j)
{
    struct og_fp2 s = og_fp2_add(&x->c[i], &x->c[j]), t = og_fp2_add(&y->c[i], &y->c[j]);
    s = og_fp2_mul(&s, &t);
    s = og_fp2_sub(&s, &p[i]);
    return og_fp2_sub(&s, &p[j]);
}

static struct og_fp6 fp6_mul(const struct og_fp6 *x, const struct og_fp6 *y)
{
    struct og_fp2 p[3];
    struct og_fp6 r;
    for (int i = 0; i < 3; i++)
        p[i] = og_fp2_mul(&x->c[i], &y->c[i]);
    struct og_fp2 c01 = cross(x, y, p, 0, 1), c02 = cross(x, y, p, 0, 2);
    struct og_fp2 c12 = cross(x, y, p, 1, 2), top = by_xi(&c12), high = by_xi(&p[2]);
    r.c[0] = og_fp2_add(&p[0], &top);
    r.c[1] = og_fp2_add(&c01, &high);
    r.c[2] = og_fp2_add(&c02, &p[1]);
    return r;
}

/* v·x */
static struct og_fp6 by_v(const struct og_fp6 *x)
{
    return (struct og_fp6){{by_xi(&x->c[2]), x->c[0], x->c[1]}};
}

static struct og_fp6 fp6_inv(const struct og_fp6 *x)
{
    const struct og_fp2 *a = &x->c[0], *b = &x->c[1], *c = &x->c[2];
    struct og_fp2 aa = og_fp2_mul(a, a), bb = og_fp2_mul(b, b), cc = og_fp2_mul(c, c);
    struct og_fp2 ab = og_fp2_mul(a, b), ac = og_fp2_mul(a, c), bc = og_fp2_mul(b, c);
    struct og_fp2 t0 = by_xi(&bc), t1 = by_xi(&cc);
    t0 = og_fp2_sub(&aa, &t0);
    t1 = og_fp2_sub(&t1, &ab);
    struct og_fp2 t2 = og_fp2_sub(&bb, &ac);
    struct og_fp2 s = og_fp2_mul(c, &t1), u = og_fp2_mul(b, &t2), w = og_fp2_mul(a, &t0);
    s = og_fp2_add(&s, &u);
    s = by_xi(&s);
    s = og_fp2_add(&s, &w);
    s = fp2_inv(&s);
    return (struct og_fp6){{og_fp2_mul(&t0, &s), og_fp2_mul(&t1, &s), og_fp2_mul(&t2, &s)}};
}

const struct og_fp12 og_fp12_one = {
    {{{{{{0xd35d438dc58f0d9d, 0x0a78eb28f5c70b3d, 0x666ea36f7879462c, 0x0e0a77c19a07df2f}},
        {{0, 0, 0, 0}}}}}}};

struct og_fp12 og_fp12_mul(const struct og_fp12 *x, const struct og_fp12 *y)
{
    struct og_fp6 p = fp6_mul(&x->c[0], &y->c[0]), q = fp6_mul(&x->c[1], &y->c[1]);
    struct og_fp6 s = fp6_add(&x->c[0], &x->c[1]), t = fp6_add(&y->c[0], &y->c[1]);
    struct og_fp6 m = fp6_mul(&s, &t), vq = by_v(&q);
    m = fp6_sub(&m, &p);
    return (struct og_fp12){{fp6_add(&p, &vq), fp6_sub(&m, &q)}};
}

struct og_fp12 og_fp12_conj(const struct og_fp12 *x)
{
    struct og_fp12 r = *x;
    for (int i = 0; i < 3; i++)
        r.c[1].c[i] = fp2_neg(&x->c[1].c[i]);
    return r;
}

struct og_fp12 og_fp12_inv(const struct og_fp12 *x)
{
    struct og_fp6 p = fp6_mul(&x->c[0], &x->c[0]), q = fp6_mul(&x->c[1], &x->c[1]);
    struct og_fp6 norm = by_v(&q);
    norm = fp6_sub(&p, &norm);
    norm = fp6_inv(&norm);
    struct og_fp12 c = og_fp12_conj(x);
    return (struct og_fp12){{fp6_mul(&c.c[0], &norm), fp6_mul(&c.c[1], &norm)}};
}

struct og_fp12 og_fp12_frob(const struct og_fp12 *x)
{
    struct og_fp12 r;
    for (int k = 0; k < 6; k++) { /* the coefficient of w^k */
        struct og_fp2 c = og_fp2_conj(&x->c[k & 1].c[k / 2]);
        r.c[k & 1].c[k / 2] = og_fp2_mul(&c, &og_fp12_gamma[k]);
    }
    return r;
}

struct og_fp12 og_fp12_pow(const struct og_fp12 *x, uint64_t e)
{
    struct og_fp12 r = og_fp12_one;
    for (unsigned i = e ? 64 - (unsigned)__builtin_clzll(e) : 0; i-- > 0;) {
        r = og_fp12_mul(&r, &r);
        if (e >> i & 1)
            r = og_fp12_mul(&r, x);
    }
    return r;
}

bool og_fp12_is_one(const struct og_fp12 *x)
{
    for (int k = 0; k < 6; k++)
        if (!og_fp2_eq(&x->c[k & 1].c[k / 2], &og_fp12_one.c[k & 1].c[k / 2]))
            return false;
    return true;
}
