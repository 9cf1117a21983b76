/* vm_bn254.c - alt_bn128: G1 over Fp, the optimal ate pairing with G2 on the twist over Fp2.
 *
 * Lines as in Costello, Lange, Naehrig, "Faster pairing computations on curves with high-degree
 * twists" (2010); the last power as in Beuchat et al., "High-speed software implementation of the
 * optimal ate pairing over Barreto-Naehrig curves" (2010), algorithm 31. */
#include "vm/vm_bn254.h"

#include "vm/vm_fp12.h"

#define PARAMETER 0x44e992b44a6909f1u /* u of the curve; its loop is 6u + 2, of 65 bits */
#define LOOP_LOW  0x9d797039be763ba8u

static const struct og_u256 group_order = {
    {0x43e1f593f0000001, 0x2833e84879b97091, 0xb85045b68181585d, 0x30644e72e131a029}};
static const struct og_u256 three = {
    {0x7a17caa950ad28d7, 0x1f6ac17ae15521b9, 0x334bea4e696bd284, 0x2a1f6744ce179d8e}};
static const struct og_u256 half = {
    {0x87bee7d24f060572, 0xd0fd2add2f1c6ae5, 0x8f5f7492fcfd4f44, 0x1f37631a3d9cbfac}};
static const struct og_fp2 twist_b = {
    {{0x3bf938e377b802a8, 0x020b1b273633535d, 0x26b7edf049755260, 0x2514c6324384a86d}},
    {{0x38e7ecccd1dcff67, 0x65f0b37d93ce0d3e, 0xd749d0dd22ac00aa, 0x0141b9ce4a688d4d}}};
/* γ of the square of the Frobenius map: ξ^((p² − 1)/3) */
static const struct og_u256 gamma22 = {
    {0x3350c88e13e80b9c, 0x7dce557cdb5e56b9, 0x6001b4b8b615564a, 0x2682e617020217e0}};

struct g1 {
    struct og_u256 x, y;
    bool zero; /* the point at infinity */
};

struct g2 {
    struct og_fp2 x, y;
    bool zero;
};

struct g2_proj {
    struct og_fp2 x, y, z; /* x/z, y/z */
};

static bool get_fp(const uint8_t *p, struct og_u256 *out)
{
    struct og_u256 v = og_u256_load(p);
    *out = og_fp_to(&v);
    return og_u256_lt(&v, &og_fp_p);
}

static bool get_g1(const uint8_t *p, struct g1 *out)
{
    if (!get_fp(p, &out->x) || !get_fp(p + 32, &out->y))
        return false;
    out->zero = og_u256_is_zero(&out->x) && og_u256_is_zero(&out->y);
    struct og_u256 yy = og_fp_mul(&out->y, &out->y), xx = og_fp_mul(&out->x, &out->x);
    struct og_u256 right = og_fp_mul(&xx, &out->x);
    right = og_fp_add(&right, &three);
    return out->zero || og_u256_eq(&yy, &right);
}

static void put_g1(const struct g1 *p, uint8_t out[64])
{
    struct og_u256 x = og_fp_from(&p->x), y = og_fp_from(&p->y);
    if (p->zero)
        x = y = OG_U256_ZERO;
    og_u256_store(&x, out);
    og_u256_store(&y, out + 32);
}

/* Jacobian: x/z², y/z³; z = 0 at infinity. */
struct g1_jac {
    struct og_u256 x, y, z;
};

static struct g1_jac jac_double(const struct g1_jac *p)
{
    struct og_u256 a = og_fp_mul(&p->x, &p->x), b = og_fp_mul(&p->y, &p->y);
    struct og_u256 c = og_fp_mul(&b, &b), d = og_fp_mul(&p->x, &b), e, t;
    d = og_fp_add(&d, &d);
    d = og_fp_add(&d, &d);
    e = og_fp_add(&a, &a);
    e = og_fp_add(&e, &a);
    struct g1_jac r;
    r.x = og_fp_mul(&e, &e);
    r.x = og_fp_sub(&r.x, &d);
    r.x = og_fp_sub(&r.x, &d);
    t = og_fp_sub(&d, &r.x);
    r.y = og_fp_mul(&e, &t);
    for (int i = 0; i < 3; i++)
        c = og_fp_add(&c, &c);
    r.y = og_fp_sub(&r.y, &c);
    r.z = og_fp_mul(&p->y, &p->z);
    r.z = og_fp_add(&r.z, &r.z);
    return r;
}

static struct g1_jac jac_add(const struct g1_jac *p, const struct g1 *q)
{
    if (q->zero)
        return *p;
    if (og_u256_is_zero(&p->z))
        return (struct g1_jac){q->x, q->y, og_fp_one};
    struct og_u256 zz = og_fp_mul(&p->z, &p->z), zzz = og_fp_mul(&zz, &p->z);
    struct og_u256 u = og_fp_mul(&q->x, &zz), s = og_fp_mul(&q->y, &zzz);
    struct og_u256 h = og_fp_sub(&u, &p->x), r = og_fp_sub(&s, &p->y);
    if (og_u256_is_zero(&h))
        return og_u256_is_zero(&r) ? jac_double(p) : (struct g1_jac){og_fp_one, og_fp_one, {{0}}};
    struct og_u256 hh = og_fp_mul(&h, &h), hhh = og_fp_mul(&h, &hh), v = og_fp_mul(&p->x, &hh), t;
    struct g1_jac o;
    o.x = og_fp_mul(&r, &r);
    o.x = og_fp_sub(&o.x, &hhh);
    o.x = og_fp_sub(&o.x, &v);
    o.x = og_fp_sub(&o.x, &v);
    t = og_fp_sub(&v, &o.x);
    o.y = og_fp_mul(&r, &t);
    t = og_fp_mul(&p->y, &hhh);
    o.y = og_fp_sub(&o.y, &t);
    o.z = og_fp_mul(&p->z, &h);
    return o;
}

static struct g1 jac_affine(const struct g1_jac *p)
{
    struct g1 r = {.zero = og_u256_is_zero(&p->z)};
    struct og_u256 i = og_fp_inv(&p->z), ii = og_fp_mul(&i, &i), iii = og_fp_mul(&ii, &i);
    r.x = og_fp_mul(&p->x, &ii);
    r.y = og_fp_mul(&p->y, &iii);
    return r;
}

bool og_bn254_add(const uint8_t in[128], uint8_t out[64])
{
    struct g1 p, q;
    if (!get_g1(in, &p) || !get_g1(in + 64, &q))
        return false;
    struct g1_jac s = {og_fp_one, og_fp_one, {{0}}};
    s = jac_add(&s, &p);
    s = jac_add(&s, &q);
    p = jac_affine(&s);
    put_g1(&p, out);
    return true;
}

bool og_bn254_mul(const uint8_t in[96], uint8_t out[64])
{
    struct g1 p;
    struct og_u256 k = og_u256_load(in + 64);
    if (!get_g1(in, &p))
        return false;
    struct g1_jac s = {og_fp_one, og_fp_one, {{0}}};
    for (unsigned i = og_u256_bits(&k); i-- > 0;) {
        s = jac_double(&s);
        if (k.w[i / 64] >> (i % 64) & 1)
            s = jac_add(&s, &p);
    }
    p = jac_affine(&s);
    put_g1(&p, out);
    return true;
}

/* A line: r0·y_P + r1·x_P·w + r2·w³. */
struct line {
    struct og_fp2 r0, r1, r2;
};

#define ADD(x, y) og_fp2_add(&(x), &(y))
#define SUB(x, y) og_fp2_sub(&(x), &(y))
#define MUL(x, y) og_fp2_mul(&(x), &(y))

static struct line double_step(struct g2_proj *t)
{
    struct og_fp2 a = MUL(t->x, t->y), b = MUL(t->y, t->y), c = MUL(t->z, t->z);
    a = og_fp2_scale(&a, &half);
    struct og_fp2 c2 = ADD(c, c), c3 = ADD(c2, c), e = MUL(c3, twist_b), e2 = ADD(e, e);
    struct og_fp2 f = ADD(e2, e), g = ADD(b, f), s = ADD(t->y, t->z), h = MUL(s, s);
    g = og_fp2_scale(&g, &half);
    s = ADD(b, c);
    h = SUB(h, s);
    struct og_fp2 i = SUB(e, b), j = MUL(t->x, t->x), ee = MUL(e, e), ee2 = ADD(ee, ee);
    struct og_fp2 k = ADD(ee2, ee), d = SUB(b, f), gg = MUL(g, g), j2 = ADD(j, j);
    static const struct og_fp2 zero;
    t->x = MUL(a, d);
    t->y = SUB(gg, k);
    t->z = MUL(b, h);
    return (struct line){SUB(zero, h), ADD(j2, j), i};
}

static struct line add_step(struct g2_proj *t, const struct g2 *q)
{
    struct og_fp2 yz = MUL(q->y, t->z), xz = MUL(q->x, t->z);
    struct og_fp2 o = SUB(t->y, yz), l = SUB(t->x, xz);
    struct og_fp2 c = MUL(o, o), d = MUL(l, l), e = MUL(l, d), f = MUL(t->z, c), g = MUL(t->x, d);
    struct og_fp2 g2 = ADD(g, g), h = ADD(e, f), ye = MUL(t->y, e), ox = MUL(o, q->x);
    struct og_fp2 ly = MUL(l, q->y), gh;
    static const struct og_fp2 zero;
    h = SUB(h, g2);
    gh = SUB(g, h);
    gh = MUL(gh, o);
    t->x = MUL(l, h);
    t->y = SUB(gh, ye);
    t->z = MUL(e, t->z);
    return (struct line){l, SUB(zero, o), SUB(ox, ly)};
}

static void apply(struct og_fp12 *f, const struct line *l, const struct g1 *p)
{
    struct og_fp12 m = {0};
    m.c[0].c[0] = og_fp2_scale(&l->r0, &p->y);
    m.c[1].c[0] = og_fp2_scale(&l->r1, &p->x);
    m.c[1].c[1] = l->r2;
    *f = og_fp12_mul(f, &m);
}

static struct og_fp12 miller(const struct g1 *p, const struct g2 *q)
{
    struct og_fp12 f = og_fp12_one;
    struct g2_proj t = {q->x, q->y, {og_fp_one, {{0}}}};
    struct line l;
    for (int i = 63; i >= 0; i--) {
        f = og_fp12_mul(&f, &f);
        l = double_step(&t);
        apply(&f, &l, p);
        if (LOOP_LOW >> i & 1) {
            l = add_step(&t, q);
            apply(&f, &l, p);
        }
    }
    struct og_fp2 cx = og_fp2_conj(&q->x), cy = og_fp2_conj(&q->y);
    struct g2 q1 = {MUL(cx, og_fp12_gamma[2]), MUL(cy, og_fp12_gamma[3]), false};
    struct g2 q2 = {og_fp2_scale(&q->x, &gamma22), q->y, false}; /* −π²(Q) */
    l = add_step(&t, &q1);
    apply(&f, &l, p);
    l = add_step(&t, &q2);
    apply(&f, &l, p);
    return f;
}

static bool is_one_after_last_power(const struct og_fp12 *f)
{
    struct og_fp12 t = og_fp12_conj(f), u = og_fp12_inv(f), s;
#define M(x, y) og_fp12_mul(&(x), &(y))
    t = M(t, u);
    s = og_fp12_frob(&t);
    s = og_fp12_frob(&s);
    t = M(s, t); /* f^((p⁶ − 1)(p² + 1)): conjugates are inverses from here on */
    struct og_fp12 fp = og_fp12_frob(&t), fp2 = og_fp12_frob(&fp), fp3 = og_fp12_frob(&fp2);
    struct og_fp12 fu = og_fp12_pow(&t, PARAMETER), fu2 = og_fp12_pow(&fu, PARAMETER);
    struct og_fp12 fu3 = og_fp12_pow(&fu2, PARAMETER);
    struct og_fp12 fup = og_fp12_frob(&fu), fu2p = og_fp12_frob(&fu2), fu3p = og_fp12_frob(&fu3);
    struct og_fp12 y2 = og_fp12_frob(&fu2p), y0 = M(fp, fp2), y1 = og_fp12_conj(&t);
    y0 = M(y0, fp3);
    struct og_fp12 y3 = og_fp12_conj(&fup), y4 = M(fu, fu2p), y5 = og_fp12_conj(&fu2);
    struct og_fp12 y6 = M(fu3, fu3p);
    y4 = og_fp12_conj(&y4);
    y6 = og_fp12_conj(&y6);
    struct og_fp12 t0 = M(y6, y6), t1 = M(y3, y5);
    t0 = M(t0, y4);
    t0 = M(t0, y5);
    t1 = M(t1, t0);
    t0 = M(t0, y2);
    t1 = M(t1, t1);
    t1 = M(t1, t0);
    t1 = M(t1, t1);
    t0 = M(t1, y1);
    t1 = M(t1, y0);
    t0 = M(t0, t0);
    t0 = M(t0, t1);
#undef M
    return og_fp12_is_one(&t0);
}

/* Is r·Q the point at infinity? The last step of the ladder must add a point to its opposite. */
static bool in_subgroup(const struct g2 *q)
{
    struct g2_proj t = {q->x, q->y, {og_fp_one, {{0}}}};
    for (unsigned i = og_u256_bits(&group_order) - 1; i-- > 0;) {
        if (og_fp2_is_zero(&t.z)) /* a multiple of small order: not of order r */
            return false;
        double_step(&t);
        if (i && (group_order.w[i / 64] >> (i % 64) & 1))
            add_step(&t, q);
    }
    if (og_fp2_is_zero(&t.z))
        return false;
    struct og_fp2 x = MUL(q->x, t.z), y = MUL(q->y, t.z);
    struct og_fp2 sum = ADD(y, t.y);
    return og_fp2_eq(&x, &t.x) && og_fp2_is_zero(&sum);
}

static bool get_g2(const uint8_t *p, struct g2 *out)
{
    if (!get_fp(p, &out->x.b) || !get_fp(p + 32, &out->x.a) || !get_fp(p + 64, &out->y.b) ||
        !get_fp(p + 96, &out->y.a))
        return false;
    out->zero = og_fp2_is_zero(&out->x) && og_fp2_is_zero(&out->y);
    if (out->zero)
        return true;
    struct og_fp2 yy = MUL(out->y, out->y), xx = MUL(out->x, out->x), right = MUL(xx, out->x);
    right = ADD(right, twist_b);
    return og_fp2_eq(&yy, &right) && in_subgroup(out);
}

bool og_bn254_pairing(const uint8_t *in, size_t n, bool *one)
{
    struct og_fp12 f = og_fp12_one;
    *one = false;
    for (size_t i = 0; i < n; i++) {
        struct g1 p;
        struct g2 q;
        if (!get_g1(in + OG_BN254_PAIR * i, &p) || !get_g2(in + OG_BN254_PAIR * i + 64, &q))
            return false;
        if (p.zero || q.zero)
            continue;
        struct og_fp12 m = miller(&p, &q);
        f = og_fp12_mul(&f, &m);
    }
    *one = is_one_after_last_power(&f);
    return true;
}
