/* analyze_smt.c - terms for Z3; the only file that knows it. */
#include "analyze/analyze_smt.h"

#ifdef OG_WITH_Z3

#include "base/base_mem.h"
#include "base/base_num.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <z3.h>

/* A hash or a read of an unknown array that occurs in the question. */
struct instance {
    og_t t;
    Z3_ast value;
};

struct og_smt {
    struct og_terms *ts;
    Z3_context z;
    Z3_sort word;
    Z3_solver solver;
    Z3_model model;
    Z3_ast *ast; /* by term */
    size_t cap;
    og_t *made; /* terms of this question */
    size_t n_made, cap_made;
    struct instance *hash, *read;
    size_t n_hashes, cap_hashes, n_reads, cap_reads;
    unsigned rlimit;
    size_t questions;
};

bool og_smt_available(void)
{
    return true;
}

const char *og_smt_version(void)
{
    return Z3_get_full_version();
}

struct og_smt *og_smt_new(struct og_terms *ts, unsigned rlimit)
{
    struct og_smt *s = og_xcalloc(1, sizeof *s);
    Z3_config cfg = Z3_mk_config();
    s->ts = ts;
    s->rlimit = rlimit;
    s->z = Z3_mk_context(cfg);
    Z3_del_config(cfg);
    Z3_set_error_handler(s->z, NULL);
    s->word = Z3_mk_bv_sort(s->z, 256);
    return s;
}

static void forget(struct og_smt *s)
{
    for (size_t i = 0; i < s->n_made; i++)
        s->ast[s->made[i]] = NULL;
    s->n_made = s->n_hashes = s->n_reads = 0;
    if (s->model)
        Z3_model_dec_ref(s->z, s->model);
    if (s->solver)
        Z3_solver_dec_ref(s->z, s->solver);
    s->model = NULL;
    s->solver = NULL;
}

void og_smt_free(struct og_smt *s)
{
    if (!s)
        return;
    forget(s);
    Z3_del_context(s->z);
    free(s->ast);
    free(s->made);
    free(s->hash);
    free(s->read);
    free(s);
}

size_t og_smt_questions(const struct og_smt *s)
{
    return s->questions;
}

void og_smt_limit(struct og_smt *s, unsigned rlimit)
{
    s->rlimit = rlimit;
}

static Z3_ast translate(struct og_smt *s, og_t t);

static Z3_ast number(struct og_smt *s, const struct og_u256 *w)
{
    char dec[80]; /* Z3 reads decimals */
    struct og_u256 v = *w, ten = og_u256_of(10);
    size_t n = sizeof dec - 1;
    dec[n] = '\0';
    do {
        struct og_u256 r = og_u256_mod(&v, &ten);
        dec[--n] = (char)('0' + r.w[0]);
        v = og_u256_div(&v, &ten);
    } while (!og_u256_is_zero(&v));
    return Z3_mk_numeral(s->z, dec + n, s->word);
}

static Z3_ast small(struct og_smt *s, uint64_t v)
{
    return Z3_mk_unsigned_int64(s->z, v, s->word);
}

/* A new unknown of the term's size. */
static Z3_ast unknown(struct og_smt *s, og_t t)
{
    unsigned bits = s->ts->v[t].bits;
    char name[24];
    snprintf(name, sizeof name, "t%u", t);
    Z3_symbol sym = Z3_mk_string_symbol(s->z, name);
    if (bits == 0)
        return small(s, 0);
    if (bits >= 256)
        return Z3_mk_const(s->z, sym, s->word);
    Z3_ast v = Z3_mk_const(s->z, sym, Z3_mk_bv_sort(s->z, bits));
    return Z3_mk_zero_ext(s->z, 256 - bits, v);
}

static Z3_ast boolean(struct og_smt *s, og_t t)
{
    const struct og_term n = s->ts->v[t];
    Z3_ast two[2];
    switch (n.op) {
    case OG_T_LT: return Z3_mk_bvult(s->z, translate(s, n.a), translate(s, n.b));
    case OG_T_SLT: return Z3_mk_bvslt(s->z, translate(s, n.a), translate(s, n.b));
    case OG_T_EQ: return Z3_mk_eq(s->z, translate(s, n.a), translate(s, n.b));
    case OG_T_ISZERO: return Z3_mk_not(s->z, boolean(s, n.a));
    case OG_T_MULOK:
        return Z3_mk_bvmul_no_overflow(s->z, translate(s, n.a), translate(s, n.b), false);
    case OG_T_AND:
    case OG_T_OR:
        if (s->ts->v[n.a].bits > 1 || s->ts->v[n.b].bits > 1)
            break;
        two[0] = boolean(s, n.a);
        two[1] = boolean(s, n.b);
        return n.op == OG_T_AND ? Z3_mk_and(s->z, 2, two) : Z3_mk_or(s->z, 2, two);
    }
    return Z3_mk_not(s->z, Z3_mk_eq(s->z, translate(s, t), small(s, 0)));
}

static Z3_ast from_bool(struct og_smt *s, Z3_ast b)
{
    return Z3_mk_ite(s->z, b, small(s, 1), small(s, 0));
}

static Z3_ast unless_zero(struct og_smt *s, Z3_ast divisor, Z3_ast then)
{
    return Z3_mk_ite(s->z, Z3_mk_eq(s->z, divisor, small(s, 0)), small(s, 0), then);
}

static void add_instance(struct instance **v, size_t *n, size_t *cap, og_t t, Z3_ast value)
{
    *v = og_xgrow(*v, cap, *n + 1, sizeof **v);
    (*v)[(*n)++] = (struct instance){t, value};
}

/* Down the stores: the first whose key is the same; at the bottom an unknown, or zero. */
static Z3_ast read_word(struct og_smt *s, og_t t)
{
    const struct og_term n = s->ts->v[t];
    const struct og_term arr = s->ts->v[n.a];
    if (arr.op == OG_T_STORE) {
        og_t below = og_term_raw(s->ts, OG_T_SELECT, arr.a, n.b, 0);
        if (og_term_differ(s->ts, arr.b, n.b))
            return translate(s, below);
        Z3_ast same = Z3_mk_eq(s->z, translate(s, arr.b), translate(s, n.b));
        return Z3_mk_ite(s->z, same, translate(s, arr.c), translate(s, below));
    }
    if (arr.a == 0)
        return small(s, 0);
    translate(s, n.b);
    Z3_ast v = unknown(s, t);
    add_instance(&s->read, &s->n_reads, &s->cap_reads, t, v);
    return v;
}

static Z3_ast sign_extend(struct og_smt *s, og_t t)
{
    const struct og_term n = s->ts->v[t];
    uint64_t k;
    if (!og_term_is_u64(s->ts, n.a, &k) || k > 30)
        return unknown(s, t);
    unsigned bits = 8 * (unsigned)k + 8;
    Z3_ast low = Z3_mk_extract(s->z, bits - 1, 0, translate(s, n.b));
    return Z3_mk_sign_ext(s->z, 256 - bits, low);
}

static Z3_ast arithmetic(struct og_smt *s, og_t t)
{
    const struct og_term n = s->ts->v[t];
    Z3_context z = s->z;
    Z3_ast a = translate(s, n.a), b = n.op == OG_T_NOT ? NULL : translate(s, n.b);
    switch (n.op) {
    case OG_T_ADD: return Z3_mk_bvadd(z, a, b);
    case OG_T_MUL: return Z3_mk_bvmul(z, a, b);
    case OG_T_SUB: return Z3_mk_bvsub(z, a, b);
    case OG_T_DIV: return unless_zero(s, b, Z3_mk_bvudiv(z, a, b));
    case OG_T_SDIV: return unless_zero(s, b, Z3_mk_bvsdiv(z, a, b));
    case OG_T_MOD: return unless_zero(s, b, Z3_mk_bvurem(z, a, b));
    case OG_T_SMOD: return unless_zero(s, b, Z3_mk_bvsrem(z, a, b));
    case OG_T_AND: return Z3_mk_bvand(z, a, b);
    case OG_T_OR: return Z3_mk_bvor(z, a, b);
    case OG_T_XOR: return Z3_mk_bvxor(z, a, b);
    case OG_T_NOT: return Z3_mk_bvnot(z, a);
    case OG_T_SHL: return Z3_mk_bvshl(z, b, a);
    case OG_T_SHR: return Z3_mk_bvlshr(z, b, a);
    default: return Z3_mk_bvashr(z, b, a);
    }
}

static Z3_ast make(struct og_smt *s, og_t t)
{
    const struct og_term n = s->ts->v[t];
    switch ((enum og_top)n.op) {
    case OG_T_CONST: return number(s, og_term_word(s->ts, t));
    case OG_T_LT:
    case OG_T_SLT:
    case OG_T_EQ:
    case OG_T_ISZERO:
    case OG_T_MULOK: return from_bool(s, boolean(s, t));
    case OG_T_SELECT: return read_word(s, t);
    case OG_T_SIGNEXTEND: return sign_extend(s, t);
    case OG_T_KECCAK: {
        for (og_t l = n.a; l; l = s->ts->v[l].b)
            translate(s, s->ts->v[l].a);
        Z3_ast v = unknown(s, t);
        add_instance(&s->hash, &s->n_hashes, &s->cap_hashes, t, v);
        return v;
    }
    case OG_T_ADD:
    case OG_T_MUL:
    case OG_T_SUB:
    case OG_T_DIV:
    case OG_T_SDIV:
    case OG_T_MOD:
    case OG_T_SMOD:
    case OG_T_AND:
    case OG_T_OR:
    case OG_T_XOR:
    case OG_T_NOT:
    case OG_T_SHL:
    case OG_T_SHR:
    case OG_T_SAR: return arithmetic(s, t);
    case OG_T_ADDMOD:
    case OG_T_MULMOD:
    case OG_T_EXP:
    case OG_T_BYTE:
    case OG_T_VAR:
    case OG_T_CDLOAD:
    case OG_T_STORE:
    case OG_T_BASE:
    case OG_T_CAT:
    case OG_T_CODESIZE:
    case OG_T_CODEHASH:
    case OG_T_BLOCKHASH:
    case OG_T_BALANCE:
    case OG_T_RETWORD: return unknown(s, t);
    }
    return unknown(s, t);
}

static Z3_ast translate(struct og_smt *s, og_t t)
{
    if (t >= s->cap) {
        size_t cap = s->ts->n + s->ts->n / 2 + 64;
        s->ast = og_xrealloc(s->ast, cap * sizeof *s->ast);
        memset(s->ast + s->cap, 0, (cap - s->cap) * sizeof *s->ast);
        s->cap = cap;
    }
    if (s->ast[t])
        return s->ast[t];
    Z3_ast a = make(s, t);
    s->made = og_xgrow(s->made, &s->cap_made, s->n_made + 1, sizeof *s->made);
    s->made[s->n_made++] = t;
    s->ast[t] = a;
    return a;
}

static void must(struct og_smt *s, Z3_ast a)
{
    Z3_solver_assert(s->z, s->solver, a);
}

/* Equal keys of one array read equal words. */
static void read_axioms(struct og_smt *s)
{
    for (size_t i = 0; i < s->n_reads; i++)
        for (size_t k = 0; k < i; k++) {
            const struct og_term *a = &s->ts->v[s->read[i].t], *b = &s->ts->v[s->read[k].t];
            if (a->a != b->a || og_term_differ(s->ts, a->b, b->b))
                continue;
            Z3_ast same = Z3_mk_eq(s->z, translate(s, a->b), translate(s, b->b));
            must(s, Z3_mk_implies(s->z, same, Z3_mk_eq(s->z, s->read[i].value, s->read[k].value)));
        }
}

static Z3_ast far(struct og_smt *s, Z3_ast a, Z3_ast b)
{
    Z3_ast least = small(s, UINT64_C(1) << 32);
    Z3_ast two[2] = {Z3_mk_bvugt(s->z, Z3_mk_bvsub(s->z, a, b), least),
                     Z3_mk_bvugt(s->z, Z3_mk_bvsub(s->z, b, a), least)};
    return Z3_mk_and(s->z, 2, two);
}

/* Two hashes: of as many bytes, equal just when all words are; else far apart. */
static void hash_pair(struct og_smt *s, og_t la, uint32_t na, Z3_ast va, og_t lb, uint32_t nb,
                      Z3_ast vb)
{
    if (na != nb) {
        must(s, far(s, va, vb));
        return;
    }
    Z3_ast all = Z3_mk_true(s->z);
    for (; la && lb; la = s->ts->v[la].b, lb = s->ts->v[lb].b) {
        Z3_ast two[2] = {
            all, Z3_mk_eq(s->z, translate(s, s->ts->v[la].a), translate(s, s->ts->v[lb].a))};
        all = Z3_mk_and(s->z, 2, two);
    }
    must(s, Z3_mk_ite(s->z, all, Z3_mk_eq(s->z, va, vb), far(s, va, vb)));
}

static void hash_axioms(struct og_smt *s)
{
    struct og_u256 top = og_u256_sub(OG_U256_ZERO, og_u256_shl(og_u256_of(1), 64));
    for (size_t i = 0; i < s->n_hashes; i++) {
        const struct og_term a = s->ts->v[s->hash[i].t];
        must(s, Z3_mk_bvugt(s->z, s->hash[i].value, small(s, UINT64_MAX)));
        must(s, Z3_mk_bvult(s->z, s->hash[i].value, number(s, &top)));
        for (size_t k = 0; k < i; k++) {
            const struct og_term b = s->ts->v[s->hash[k].t];
            hash_pair(s, a.a, a.b, s->hash[i].value, b.a, b.b, s->hash[k].value);
        }
        for (size_t k = 0; k < s->ts->n_hashes; k++) { /* constants that are hashes */
            const struct og_known_hash h = s->ts->hash[k];
            if (h.hash < s->cap && s->ast[h.hash])
                hash_pair(s, a.a, a.b, s->hash[i].value, h.list, h.n_bytes, s->ast[h.hash]);
        }
    }
}

enum og_sat og_smt_check(struct og_smt *s, const og_t *fact, size_t n)
{
    Z3_params p = Z3_mk_params(s->z);
    forget(s);
    s->questions++;
    Z3_params_inc_ref(s->z, p);
    s->solver = Z3_mk_solver_for_logic(s->z, Z3_mk_string_symbol(s->z, "QF_BV"));
    Z3_solver_inc_ref(s->z, s->solver);
    Z3_params_set_uint(s->z, p, Z3_mk_string_symbol(s->z, "rlimit"), s->rlimit);
    Z3_params_set_uint(s->z, p, Z3_mk_string_symbol(s->z, "random_seed"), 1);
    Z3_solver_set_params(s->z, s->solver, p);
    Z3_params_dec_ref(s->z, p);
    for (size_t i = 0; i < n; i++)
        must(s, boolean(s, fact[i]));
    read_axioms(s);
    hash_axioms(s);
    switch (Z3_solver_check(s->z, s->solver)) {
    case Z3_L_FALSE: return OG_UNSAT;
    case Z3_L_UNDEF: return OG_SAT_UNKNOWN;
    case Z3_L_TRUE: break;
    }
    s->model = Z3_solver_get_model(s->z, s->solver);
    if (s->model)
        Z3_model_inc_ref(s->z, s->model);
    return OG_SAT;
}

bool og_smt_value(struct og_smt *s, og_t t, struct og_u256 *out)
{
    Z3_ast v;
    *out = OG_U256_ZERO;
    if (!s->model || t >= s->cap || !s->ast[t] ||
        !Z3_model_eval(s->z, s->model, s->ast[t], true, &v))
        return false;
    const char *dec = Z3_get_numeral_string(s->z, v);
    struct og_u256 ten = og_u256_of(10);
    for (; dec && *dec >= '0' && *dec <= '9'; dec++)
        *out = og_u256_add(og_u256_mul(out, &ten), og_u256_of((uint64_t)(*dec - '0')));
    return dec && !*dec;
}

#else

bool og_smt_available(void)
{
    return false;
}

const char *og_smt_version(void)
{
    return "";
}

struct og_smt *og_smt_new(struct og_terms *ts, unsigned rlimit)
{
    (void)ts;
    (void)rlimit;
    return NULL;
}

void og_smt_free(struct og_smt *s)
{
    (void)s;
}

void og_smt_limit(struct og_smt *s, unsigned rlimit)
{
    (void)s;
    (void)rlimit;
}

enum og_sat og_smt_check(struct og_smt *s, const og_t *fact, size_t n)
{
    (void)s;
    (void)fact;
    (void)n;
    return OG_SAT_UNKNOWN;
}

bool og_smt_value(struct og_smt *s, og_t t, struct og_u256 *out)
{
    (void)s;
    (void)t;
    *out = OG_U256_ZERO;
    return false;
}

size_t og_smt_questions(const struct og_smt *s)
{
    (void)s;
    return 0;
}

#endif
