/* analyze_simp.c - rules that make a term simpler; each holds for all words. */
#include "analyze/analyze_simp.h"

#include <string.h>

#define OP(t, o)  (ts->v[t].op == (o))
#define MIN(a, b) ((a) < (b) ? (a) : (b))

static const struct og_u256 all_ones = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};

struct og_u256 og_simp_fold(uint8_t op, const struct og_u256 *a, const struct og_u256 *b,
                            const struct og_u256 *c)
{
    uint64_t n = og_u256_fits_u64(a) ? a->w[0] : UINT64_MAX;
    struct og_u256 r;
    switch (op) {
    case OG_T_ADD: return og_u256_add(*a, *b);
    case OG_T_MUL: return og_u256_mul(a, b);
    case OG_T_SUB: return og_u256_sub(*a, *b);
    case OG_T_DIV: return og_u256_div(a, b);
    case OG_T_SDIV: return og_u256_sdiv(a, b);
    case OG_T_MOD: return og_u256_mod(a, b);
    case OG_T_SMOD: return og_u256_smod(a, b);
    case OG_T_ADDMOD: return og_u256_addmod(a, b, c);
    case OG_T_MULMOD: return og_u256_mulmod(a, b, c);
    case OG_T_EXP: return og_u256_exp(a, b);
    case OG_T_SIGNEXTEND: return og_u256_signextend(a, *b);
    case OG_T_LT: return og_u256_of(og_u256_lt(a, b));
    case OG_T_SLT: return og_u256_of(og_u256_slt(a, b));
    case OG_T_EQ: return og_u256_of(og_u256_eq(a, b));
    case OG_T_ISZERO: return og_u256_of(og_u256_is_zero(a));
    case OG_T_BYTE:
        return n > 31 ? OG_U256_ZERO : og_u256_of(b->w[3 - n / 8] >> (56 - n % 8 * 8) & 255);
    case OG_T_SHL: return og_u256_shl(*b, n);
    case OG_T_SHR: return og_u256_shr(*b, n);
    case OG_T_SAR: return og_u256_sar(*b, n);
    case OG_T_MULOK:
        r = og_u256_mul(a, b);
        r = og_u256_div(&r, a);
        return og_u256_of(og_u256_is_zero(a) || og_u256_eq(&r, b));
    }
    for (int i = 0; i < 4; i++)
        r.w[i] = op == OG_T_AND   ? a->w[i] & b->w[i]
                 : op == OG_T_OR  ? a->w[i] | b->w[i]
                 : op == OG_T_XOR ? a->w[i] ^ b->w[i]
                                  : ~a->w[i];
    return r;
}

uint16_t og_simp_bits(const struct og_terms *ts, const struct og_term *t)
{
    unsigned kids = og_term_kids(t->op);
    unsigned a = kids & 1 ? ts->v[t->a].bits : 0, b = kids & 2 ? ts->v[t->b].bits : 0;
    uint64_t n;
    switch (t->op) {
    case OG_T_VAR:
        if (t->a == OG_V_CALLER || t->a == OG_V_ORIGIN || t->a == OG_V_COINBASE ||
            t->a == OG_V_CREATED)
            return 160;
        if (t->a == OG_V_SUCCESS)
            return 1;
        if (t->a == OG_V_SELECTOR || t->a == OG_V_CDSIZE || t->a == OG_V_RETSIZE)
            return 32;
        return t->a == OG_V_VALUE ? 128
               : t->a == OG_V_GAS || t->a == OG_V_TIMESTAMP || t->a == OG_V_NUMBER ||
                       t->a == OG_V_GASLIMIT
                   ? 64
                   : 256;
    case OG_T_LT:
    case OG_T_SLT:
    case OG_T_EQ:
    case OG_T_ISZERO:
    case OG_T_MULOK: return 1;
    case OG_T_BYTE: return 8;
    case OG_T_CODESIZE: return 32;
    case OG_T_BALANCE: return 128;
    case OG_T_AND: return (uint16_t)MIN(a, b);
    case OG_T_OR:
    case OG_T_XOR: return (uint16_t)(a > b ? a : b);
    case OG_T_ADD: return (uint16_t)MIN(256, (a > b ? a : b) + 1);
    case OG_T_MUL: return (uint16_t)MIN(256, a + b);
    case OG_T_DIV: return (uint16_t)a;
    case OG_T_MOD: return (uint16_t)MIN(a, b);
    case OG_T_SHR:
        if (og_term_is_u64(ts, t->a, &n))
            return (uint16_t)(n >= b ? 0 : b - n);
        return (uint16_t)b;
    case OG_T_SHL:
        if (og_term_is_u64(ts, t->a, &n) && n < 256)
            return (uint16_t)MIN(256, b + n);
        return 256;
    default: return 256;
    }
}

/* Is w = 2^k? */
static bool is_power(const struct og_u256 *w, unsigned *k)
{
    int ones = 0;
    for (int i = 0; i < 4; i++)
        ones += __builtin_popcountll(w->w[i]);
    *k = og_u256_bits(w) - 1;
    return ones == 1;
}

/* Is w = 2^k - 1, k > 0? */
static bool is_mask(const struct og_u256 *w, unsigned *k)
{
    struct og_u256 one = og_u256_of(1), next = og_u256_add(*w, one);
    *k = og_u256_bits(w);
    unsigned p;
    return *k && (*k == 256 ? og_u256_is_zero(&next) : is_power(&next, &p));
}

static og_t zero(struct og_terms *ts)
{
    return og_term_u64(ts, 0);
}

static bool is_bool(const struct og_terms *ts, og_t t)
{
    return ts->v[t].bits <= 1;
}

static og_t simp_add(struct og_terms *ts, og_t a, og_t b)
{
    const struct og_u256 *wa = og_term_word(ts, a);
    if (!wa)
        return 0;
    if (og_u256_is_zero(wa))
        return b;
    struct og_u256 w = *wa;
    const struct og_term *n = &ts->v[b];
    const struct og_u256 *wn = n->op == OG_T_ADD ? og_term_word(ts, n->a) : NULL;
    if (wn) {
        og_t rest = n->b;
        w = og_u256_add(w, *wn);
        return og_term_op(ts, OG_T_ADD, og_term_const(ts, &w), rest, 0);
    }
    return 0;
}

/* (x + c) - x, (x + c) - d and the like; NOT for ones - x. */
static og_t simp_sub(struct og_terms *ts, og_t a, og_t b)
{
    struct og_u256 oa, ob;
    if (a == b)
        return zero(ts);
    const struct og_u256 *wa = og_term_word(ts, a), *wb = og_term_word(ts, b);
    if (wb && og_u256_is_zero(wb))
        return a;
    if (wa && og_u256_eq(wa, &all_ones))
        return og_term_op(ts, OG_T_NOT, b, 0, 0);
    og_t ba = og_term_split(ts, a, &oa), bb = og_term_split(ts, b, &ob);
    if (ba == bb) {
        oa = og_u256_sub(oa, ob);
        return og_term_const(ts, &oa);
    }
    if (!bb && ba && !og_u256_lt(&oa, &ob)) {
        oa = og_u256_sub(oa, ob);
        return og_term_op(ts, OG_T_ADD, og_term_const(ts, &oa), ba, 0);
    }
    /* (x + y) - x */
    const struct og_term *n = &ts->v[a];
    if (n->op == OG_T_ADD && (n->a == b || n->b == b))
        return n->a == b ? n->b : n->a;
    return 0;
}

static og_t simp_mul(struct og_terms *ts, og_t a, og_t b)
{
    const struct og_u256 *w = og_term_word(ts, a);
    unsigned k;
    if (!w)
        return 0;
    if (og_u256_is_zero(w))
        return a;
    if (is_power(w, &k) && (!k || k + ts->v[b].bits <= 256))
        return og_term_op(ts, OG_T_SHL, og_term_u64(ts, k), b, 0);
    return 0;
}

static og_t simp_div(struct og_terms *ts, uint8_t op, og_t a, og_t b)
{
    const struct og_u256 *wb = og_term_word(ts, b), *wa = og_term_word(ts, a);
    unsigned k;
    if ((wb && og_u256_is_zero(wb)) || (wa && og_u256_is_zero(wa)))
        return zero(ts);
    if (!wb || !is_power(wb, &k))
        return 0;
    if (op == OG_T_DIV)
        return og_term_op(ts, OG_T_SHR, og_term_u64(ts, k), a, 0);
    struct og_u256 m = og_u256_sub(*wb, og_u256_of(1));
    return og_term_op(ts, OG_T_AND, og_term_const(ts, &m), a, 0);
}

/* m & (x | y) where one side vanishes or stays as it is; m & (m' & x). a is the constant. */
static og_t simp_mask(struct og_terms *ts, og_t a, og_t b)
{
    struct og_u256 w = *og_term_word(ts, a), high;
    const struct og_term n = ts->v[b];
    unsigned k;
    uint64_t by;
    if (og_u256_is_zero(&w))
        return a;
    if (is_mask(&w, &k) && n.bits <= k)
        return b;
    const struct og_u256 *wn = n.op == OG_T_AND ? og_term_word(ts, n.a) : NULL;
    if (wn) {
        w = og_simp_fold(OG_T_AND, &w, wn, NULL);
        return og_term_op(ts, OG_T_AND, og_term_const(ts, &w), n.b, 0);
    }
    if (n.op == OG_T_SHL && og_term_is_u64(ts, n.a, &by) && by < 256) {
        high = og_u256_shl(all_ones, by);
        high = og_simp_fold(OG_T_AND, &w, &high, NULL);
        if (og_u256_is_zero(&high))
            return zero(ts);
        /* all bits that b can have are kept */
        struct og_u256 have = og_u256_shl(og_u256_shr(all_ones, 256u - ts->v[n.b].bits), by);
        high = og_simp_fold(OG_T_AND, &w, &have, NULL);
        if (ts->v[n.b].bits && og_u256_eq(&high, &have))
            return b;
    }
    if (n.op == OG_T_OR) {
        og_t x = og_term_op(ts, OG_T_AND, a, n.a, 0), y = og_term_op(ts, OG_T_AND, a, n.b, 0);
        const struct og_u256 *wx = og_term_word(ts, x), *wy = og_term_word(ts, y);
        if ((wx && og_u256_is_zero(wx)) || (wy && og_u256_is_zero(wy)))
            return og_term_op(ts, OG_T_OR, x, y, 0);
    }
    return 0;
}

/* x != 0 & ones / x < y is "x * y overflows". */
static og_t mul_fails(struct og_terms *ts, og_t a, og_t b)
{
    if (!OP(a, OG_T_ISZERO) || !OP(ts->v[a].a, OG_T_ISZERO) || !OP(b, OG_T_LT))
        return 0;
    og_t x = ts->v[ts->v[a].a].a, d = ts->v[b].a, y = ts->v[b].b;
    if (!OP(d, OG_T_DIV) || ts->v[d].b != x || !og_term_word(ts, ts->v[d].a) ||
        !og_u256_eq(og_term_word(ts, ts->v[d].a), &all_ones))
        return 0;
    return og_term_not(ts, og_term_op(ts, OG_T_MULOK, x, y, 0));
}

static og_t simp_and(struct og_terms *ts, og_t a, og_t b)
{
    if (a == b)
        return a;
    if (!og_term_word(ts, a)) {
        og_t m = mul_fails(ts, a, b);
        return m ? m : mul_fails(ts, b, a);
    }
    if (og_u256_eq(og_term_word(ts, a), &all_ones))
        return b;
    return simp_mask(ts, a, b);
}

/* iszero(x) | (x * y / x == y), in all its orders, is "x * y does not overflow". */
static og_t mul_check(struct og_terms *ts, og_t a, og_t b)
{
    if (!OP(a, OG_T_ISZERO) || !OP(b, OG_T_EQ))
        return 0;
    og_t x = ts->v[a].a;
    for (int i = 0; i < 2; i++) {
        og_t d = i ? ts->v[b].b : ts->v[b].a, y = i ? ts->v[b].a : ts->v[b].b;
        if (!OP(d, OG_T_DIV) || ts->v[d].b != x || !OP(ts->v[d].a, OG_T_MUL))
            continue;
        const struct og_term *m = &ts->v[ts->v[d].a];
        if ((m->a == x && m->b == y) || (m->a == y && m->b == x))
            return og_term_op(ts, OG_T_MULOK, x, y, 0);
    }
    return 0;
}

static og_t simp_or(struct og_terms *ts, og_t a, og_t b)
{
    const struct og_u256 *w = og_term_word(ts, a);
    if (a == b)
        return a;
    if (w && og_u256_is_zero(w))
        return b;
    if (w && (og_u256_eq(w, &all_ones) || (w->w[0] == 1 && og_u256_fits_u64(w) && is_bool(ts, b))))
        return a;
    og_t m = mul_check(ts, a, b);
    return m ? m : mul_check(ts, b, a);
}

static og_t simp_iszero(struct og_terms *ts, og_t a)
{
    const struct og_term n = ts->v[a];
    switch (n.op) {
    case OG_T_ISZERO: return is_bool(ts, n.a) ? n.a : 0;
    case OG_T_SUB:
    case OG_T_XOR: return og_term_op(ts, OG_T_EQ, n.a, n.b, 0);
    case OG_T_SHL: {
        uint64_t by;
        if (og_term_is_u64(ts, n.a, &by) && by + ts->v[n.b].bits <= 256)
            return og_term_not(ts, n.b);
        return 0;
    }
    }
    return 0;
}

static og_t simp_eq(struct og_terms *ts, og_t a, og_t b)
{
    struct og_u256 oa, ob;
    if (a == b)
        return og_term_u64(ts, 1);
    if (og_term_differ(ts, a, b))
        return zero(ts);
    const struct og_u256 *w = og_term_word(ts, a);
    if (w && og_u256_is_zero(w))
        return og_term_not(ts, b);
    if (w && og_u256_bits(w) > ts->v[b].bits)
        return zero(ts);
    if (w && w->w[0] == 1 && og_u256_fits_u64(w) && is_bool(ts, b))
        return b;
    og_t ba = og_term_split(ts, a, &oa), bb = og_term_split(ts, b, &ob);
    if (w && bb && !og_u256_is_zero(&ob)) {
        oa = og_u256_sub(*w, ob);
        return og_term_op(ts, OG_T_EQ, og_term_const(ts, &oa), bb, 0);
    }
    if (ba && bb && OP(ba, OG_T_KECCAK) && OP(bb, OG_T_KECCAK) && og_u256_eq(&oa, &ob) &&
        ts->v[ba].b == ts->v[bb].b && ts->v[ba].b <= 32)
        return og_term_op(ts, OG_T_EQ, ts->v[ts->v[ba].a].a, ts->v[ts->v[bb].a].a, 0);
    return 0;
}

/* x < x - y is x < y; x + y < x is ~x < y: how code asks whether it lost something. */
static og_t simp_wrap(struct og_terms *ts, og_t a, og_t b)
{
    const struct og_term na = ts->v[a], nb = ts->v[b];
    if (nb.op == OG_T_SUB && nb.a == a)
        return og_term_op(ts, OG_T_LT, a, nb.b, 0);
    if (na.op == OG_T_ADD && (na.a == b || na.b == b))
        return og_term_op(ts, OG_T_LT, og_term_op(ts, OG_T_NOT, na.a, 0, 0), na.b, 0);
    return 0;
}

static og_t simp_lt(struct og_terms *ts, og_t a, og_t b)
{
    og_t wrap = simp_wrap(ts, a, b);
    if (wrap)
        return wrap;
    const struct og_u256 *wa = og_term_word(ts, a), *wb = og_term_word(ts, b);
    if (a == b || (wb && og_u256_is_zero(wb)) || (wa && og_u256_eq(wa, &all_ones)))
        return zero(ts);
    if (wa && og_u256_is_zero(wa))
        return og_term_not(ts, og_term_not(ts, b));
    if (wb && wb->w[0] == 1 && og_u256_fits_u64(wb))
        return og_term_not(ts, a);
    if (wb && og_u256_bits(wb) > ts->v[a].bits)
        return og_term_u64(ts, 1);
    if (wa) { /* w < b where b has no more bits than w's ones */
        unsigned k;
        if (og_u256_bits(wa) > ts->v[b].bits || (is_mask(wa, &k) && ts->v[b].bits <= k))
            return zero(ts);
    }
    return 0;
}

static og_t simp_shift(struct og_terms *ts, uint8_t op, og_t a, og_t b)
{
    uint64_t by, inner;
    const struct og_u256 *wb = og_term_word(ts, b);
    if (wb && og_u256_is_zero(wb))
        return b;
    if (!og_term_is_u64(ts, a, &by))
        return og_term_word(ts, a) ? zero(ts) : 0;
    if (by == 0)
        return b;
    const struct og_term n = ts->v[b];
    if (by > 255 || (op == OG_T_SHR && n.bits <= by))
        return zero(ts);
    if (n.op == op && og_term_is_u64(ts, n.a, &inner))
        return og_term_op(ts, op, og_term_u64(ts, by + inner), n.b, 0);
    if (op == OG_T_SHL)
        return 0;
    if (n.op == OG_T_SHL && og_term_is_u64(ts, n.a, &inner) && inner + ts->v[n.b].bits <= 256) {
        if (inner >= by)
            return og_term_op(ts, OG_T_SHL, og_term_u64(ts, inner - by), n.b, 0);
        return og_term_op(ts, OG_T_SHR, og_term_u64(ts, by - inner), n.b, 0);
    }
    if (n.op == OG_T_AND || n.op == OG_T_OR)
        return og_term_op(ts, n.op, og_term_op(ts, op, a, n.a, 0), og_term_op(ts, op, a, n.b, 0),
                          0);
    return 0;
}

static og_t simp_other(struct og_terms *ts, uint8_t op, og_t a, og_t b)
{
    uint64_t n;
    const struct og_u256 *wa = og_term_word(ts, a), *wb = b ? og_term_word(ts, b) : NULL;
    switch (op) {
    case OG_T_XOR:
        if (a == b)
            return zero(ts);
        return wa && og_u256_is_zero(wa) ? b : 0;
    case OG_T_NOT: return OP(a, OG_T_NOT) ? ts->v[a].a : 0;
    case OG_T_SIGNEXTEND:
        return og_term_is_u64(ts, a, &n) && (n > 30 || ts->v[b].bits <= 8 * n + 7) ? b : 0;
    case OG_T_EXP:
        if (wb && og_u256_is_zero(wb))
            return og_term_u64(ts, 1);
        if (og_term_is_u64(ts, b, &n) && n == 1)
            return a;
        if (og_term_is_u64(ts, a, &n) && n == 2)
            return og_term_op(ts, OG_T_SHL, b, og_term_u64(ts, 1), 0);
        return wa && og_u256_fits_u64(wa) && wa->w[0] == 1 ? a : 0;
    case OG_T_BYTE:
        if (!og_term_is_u64(ts, a, &n))
            return 0;
        if (n > 31)
            return zero(ts);
        return og_term_op(ts, OG_T_AND, og_term_u64(ts, 255),
                          og_term_op(ts, OG_T_SHR, og_term_u64(ts, 248 - 8 * n), b, 0), 0);
    case OG_T_MULOK: return ts->v[a].bits + ts->v[b].bits <= 256 ? og_term_u64(ts, 1) : 0;
    }
    return 0;
}

static og_t simplify(struct og_terms *ts, uint8_t op, og_t a, og_t b)
{
    switch (op) {
    case OG_T_ADD: return simp_add(ts, a, b);
    case OG_T_SUB: return simp_sub(ts, a, b);
    case OG_T_MUL: return simp_mul(ts, a, b);
    case OG_T_DIV:
    case OG_T_MOD: return simp_div(ts, op, a, b);
    case OG_T_AND: return simp_and(ts, a, b);
    case OG_T_OR: return simp_or(ts, a, b);
    case OG_T_ISZERO: return simp_iszero(ts, a);
    case OG_T_EQ: return simp_eq(ts, a, b);
    case OG_T_LT: return simp_lt(ts, a, b);
    case OG_T_SHL:
    case OG_T_SHR: return simp_shift(ts, op, a, b);
    default: return simp_other(ts, op, a, b);
    }
}

static bool commutes(uint8_t op)
{
    return op == OG_T_ADD || op == OG_T_MUL || op == OG_T_AND || op == OG_T_OR || op == OG_T_XOR ||
           op == OG_T_EQ || op == OG_T_MULOK;
}

/* An AND of a truth value with a word of many bits is that of its lowest bit alone: left as is. */
og_t og_term_op(struct og_terms *ts, uint8_t op, og_t a, og_t b, og_t c)
{
    if (op == OG_T_LT + 1 || op == OG_T_SLT + 1) {
        og_t t = a;
        a = b;
        b = t;
        op--;
    }
    const struct og_u256 *wa = og_term_word(ts, a), *wb = b ? og_term_word(ts, b) : NULL,
                         *wc = c ? og_term_word(ts, c) : NULL;
    unsigned kids = og_term_kids(op);
    if (wa && (!(kids & 2) || wb) && (!(kids & 4) || wc)) {
        struct og_u256 r = og_simp_fold(op, wa, wb, wc);
        return og_term_const(ts, &r);
    }
    /* constants first; otherwise by number, so that a + b and b + a are one */
    if (commutes(op) && ((wb && !wa) || (!wa && !wb && b < a))) {
        og_t t = a;
        a = b;
        b = t;
    }
    if (ts->v[a].depth < 200 && (!b || ts->v[b].depth < 200)) {
        og_t r = simplify(ts, op, a, b);
        if (r)
            return r;
    }
    if (op == OG_T_ISZERO && OP(a, OG_T_ISZERO) && OP(ts->v[a].a, OG_T_ISZERO))
        return ts->v[a].a;
    return og_term_raw(ts, op, a, kids & 2 ? b : 0, kids & 4 ? c : 0);
}
