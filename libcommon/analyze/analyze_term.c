/* analyze_term.c - the table of terms: made once, found by their parts. */
#include "analyze/analyze_term.h"

#include "analyze/analyze_simp.h"
#include "base/base_mem.h"
#include "vm/vm_keccak.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX   1500
#define KNOWN_SLOTS 64 /* whose hashes compilers put into code */
#define KNOWN_MAX   4096

void og_terms_init(struct og_terms *ts, size_t max)
{
    *ts = (struct og_terms){.max = max, .mask = 1023, .next = 16};
    ts->table = og_xcalloc(ts->mask + 1, sizeof *ts->table);
    ts->v = og_xgrow(NULL, &ts->cap, 1024, sizeof *ts->v);
    ts->n = 1; /* 0 is no term */
    ts->v[0] = (struct og_term){0};
    for (uint64_t i = 0; i < KNOWN_SLOTS; i++) {
        og_t slot = og_term_u64(ts, i);
        og_term_keccak(ts, &slot, 32);
        og_t entry[2] = {og_term_u64(ts, 0), slot};
        if (i < KNOWN_SLOTS / 2)
            og_term_keccak(ts, entry, 64);
    }
}

void og_terms_release(struct og_terms *ts)
{
    free(ts->v);
    free(ts->word);
    free(ts->table);
    free(ts->hash);
    *ts = (struct og_terms){0};
}

unsigned og_term_kids(uint8_t op)
{
    switch ((enum og_top)op) {
    case OG_T_CONST:
    case OG_T_VAR:
    case OG_T_BASE: return 0;
    case OG_T_ISZERO:
    case OG_T_NOT:
    case OG_T_KECCAK:
    case OG_T_CODESIZE:
    case OG_T_CODEHASH:
    case OG_T_BLOCKHASH:
    case OG_T_BALANCE: return 1;
    case OG_T_CDLOAD:
    case OG_T_RETWORD: return 2;
    case OG_T_ADDMOD:
    case OG_T_MULMOD:
    case OG_T_STORE: return 7;
    case OG_T_ADD:
    case OG_T_MUL:
    case OG_T_SUB:
    case OG_T_DIV:
    case OG_T_SDIV:
    case OG_T_MOD:
    case OG_T_SMOD:
    case OG_T_EXP:
    case OG_T_SIGNEXTEND:
    case OG_T_LT:
    case OG_T_SLT:
    case OG_T_EQ:
    case OG_T_AND:
    case OG_T_OR:
    case OG_T_XOR:
    case OG_T_BYTE:
    case OG_T_SHL:
    case OG_T_SHR:
    case OG_T_SAR:
    case OG_T_SELECT:
    case OG_T_CAT:
    case OG_T_MULOK: return 3;
    }
    return 0;
}

static uint32_t own_taint(const struct og_term *t)
{
    switch ((enum og_tvar)t->a) {
    case OG_V_CALLER: return OG_F_CALLER;
    case OG_V_ORIGIN: return OG_F_ORIGIN;
    case OG_V_VALUE: return OG_F_VALUE;
    case OG_V_CDSIZE:
    case OG_V_SELECTOR:
    case OG_V_CDWORD: return OG_F_CALLDATA;
    case OG_V_TIMESTAMP: return OG_F_TIME;
    case OG_V_GASPRICE: return 0;
    case OG_V_NUMBER:
    case OG_V_COINBASE:
    case OG_V_RANDAO:
    case OG_V_GASLIMIT:
    case OG_V_BASEFEE:
    case OG_V_BLOBFEE: return OG_F_BLOCK;
    case OG_V_GAS: return OG_F_GAS;
    case OG_V_SUCCESS: return OG_F_SUCCESS;
    case OG_V_RETSIZE:
    case OG_V_CREATED: return OG_F_RETURN;
    case OG_V_ANY: return OG_F_ANY;
    }
    return 0;
}

static uint32_t taint_of(const struct og_terms *ts, const struct og_term *t)
{
    uint32_t f = 0;
    unsigned kids = og_term_kids(t->op);
    switch (t->op) {
    case OG_T_VAR: return own_taint(t);
    case OG_T_CDLOAD: f = OG_F_CALLDATA; break;
    case OG_T_SELECT: return OG_F_STORAGE | ts->v[t->b].taint;
    case OG_T_STORE: return 0;
    case OG_T_BLOCKHASH: f = OG_F_BLOCK; break;
    case OG_T_BALANCE: f = OG_F_BALANCE; break;
    case OG_T_RETWORD: f = OG_F_RETURN; break;
    }
    f |= kids & 1 ? ts->v[t->a].taint : 0;
    f |= kids & 2 ? ts->v[t->b].taint : 0;
    return f | (kids & 4 ? ts->v[t->c].taint : 0);
}

static uint32_t depth_of(const struct og_terms *ts, const struct og_term *t)
{
    unsigned kids = og_term_kids(t->op);
    uint32_t d = 0;
    if (kids & 1)
        d = ts->v[t->a].depth;
    if ((kids & 2) && ts->v[t->b].depth > d)
        d = ts->v[t->b].depth;
    if ((kids & 4) && ts->v[t->c].depth > d)
        d = ts->v[t->c].depth;
    return d + 1;
}

static size_t hash_of(uint8_t op, uint32_t a, uint32_t b, uint32_t c)
{
    return (size_t)og_splitmix64(((uint64_t)op << 56) ^ ((uint64_t)a << 32) ^ b ^
                                 ((uint64_t)c * UINT64_C(0x9e3779b97f4a7c15)));
}

static void grow_table(struct og_terms *ts)
{
    size_t mask = 2 * ts->mask + 1;
    free(ts->table);
    ts->table = og_xcalloc(mask + 1, sizeof *ts->table);
    ts->mask = mask;
    for (uint32_t i = 1; i < ts->n; i++) {
        const struct og_term *t = &ts->v[i];
        size_t h;
        if (t->op == OG_T_CONST) {
            const struct og_u256 *w = &ts->word[t->a];
            h = (size_t)og_splitmix64(
                w->w[0] ^ og_splitmix64(w->w[1] ^ og_splitmix64(w->w[2] ^ og_splitmix64(w->w[3]))));
        } else {
            h = hash_of(t->op, t->a, t->b, t->c);
        }
        while (ts->table[h & mask])
            h++;
        ts->table[h & mask] = i;
    }
}

static og_t append(struct og_terms *ts, size_t h, const struct og_term *t)
{
    if (2 * ts->n > ts->mask) {
        grow_table(ts);
        while (ts->table[h & ts->mask])
            h++;
    }
    ts->v = og_xgrow(ts->v, &ts->cap, ts->n + 1, sizeof *ts->v);
    ts->v[ts->n] = *t;
    ts->table[h & ts->mask] = (uint32_t)ts->n;
    return (og_t)ts->n++;
}

og_t og_term_const(struct og_terms *ts, const struct og_u256 *w)
{
    size_t h = (size_t)og_splitmix64(
        w->w[0] ^ og_splitmix64(w->w[1] ^ og_splitmix64(w->w[2] ^ og_splitmix64(w->w[3]))));
    for (; ts->table[h & ts->mask]; h++) {
        og_t t = ts->table[h & ts->mask];
        if (ts->v[t].op == OG_T_CONST && og_u256_eq(&ts->word[ts->v[t].a], w))
            return t;
    }
    struct og_term t = {.op = OG_T_CONST, .bits = (uint16_t)og_u256_bits(w), .depth = 1};
    ts->word = og_xgrow(ts->word, &ts->cap_words, ts->n_words + 1, sizeof *ts->word);
    t.a = (uint32_t)ts->n_words;
    ts->word[ts->n_words++] = *w;
    return append(ts, h, &t);
}

og_t og_term_u64(struct og_terms *ts, uint64_t v)
{
    struct og_u256 w = og_u256_of(v);
    return og_term_const(ts, &w);
}

og_t og_term_raw(struct og_terms *ts, uint8_t op, uint32_t a, uint32_t b, uint32_t c)
{
    size_t h = hash_of(op, a, b, c);
    for (; ts->table[h & ts->mask]; h++) {
        og_t i = ts->table[h & ts->mask];
        const struct og_term *t = &ts->v[i];
        if (t->op == op && t->a == a && t->b == b && t->c == c)
            return i;
    }
    struct og_term t = {.op = op, .a = a, .b = b, .c = c};
    t.depth = depth_of(ts, &t);
    bool is_array = op == OG_T_STORE || op == OG_T_BASE;
    if ((ts->n >= ts->max || t.depth > DEPTH_MAX) && op != OG_T_VAR && !is_array) {
        ts->full |= ts->n >= ts->max;
        return og_term_fresh(ts, OG_V_ANY, 0);
    }
    t.taint = taint_of(ts, &t);
    t.bits = og_simp_bits(ts, &t);
    return append(ts, h, &t);
}

og_t og_term_var(struct og_terms *ts, enum og_tvar kind, uint32_t tx, uint32_t which)
{
    return og_term_raw(ts, OG_T_VAR, kind, tx, which);
}

og_t og_term_fresh(struct og_terms *ts, enum og_tvar kind, uint32_t tx)
{
    return og_term_var(ts, kind, tx, ++ts->next);
}

og_t og_term_base(struct og_terms *ts, uint32_t number)
{
    return og_term_raw(ts, OG_T_BASE, number, 0, 0);
}

static og_t known_hash(struct og_terms *ts, og_t list, uint32_t n_bytes)
{
    uint8_t b[256];
    uint32_t n = 0;
    for (og_t l = list; l; l = ts->v[l].b, n += 32) {
        const struct og_u256 *w = og_term_word(ts, ts->v[l].a);
        if (!w || n + 32 > sizeof b)
            return 0;
        og_u256_store(w, b + n);
    }
    struct og_hash h = og_keccak256(b, n_bytes);
    struct og_u256 w = og_u256_load(h.b);
    og_t t = og_term_const(ts, &w);
    for (size_t i = 0; i < ts->n_hashes; i++)
        if (ts->hash[i].hash == t)
            return t;
    if (ts->n_hashes >= KNOWN_MAX)
        return 0;
    ts->hash = og_xgrow(ts->hash, &ts->cap_hashes, ts->n_hashes + 1, sizeof *ts->hash);
    ts->hash[ts->n_hashes++] = (struct og_known_hash){t, list, n_bytes};
    return t;
}

og_t og_term_keccak(struct og_terms *ts, const og_t *words, uint32_t n_bytes)
{
    og_t list = 0;
    for (uint32_t i = (n_bytes + 31) / 32; i > 0; i--)
        list = og_term_raw(ts, OG_T_CAT, words[i - 1], list, 0);
    og_t t = known_hash(ts, list, n_bytes);
    return t ? t : og_term_raw(ts, OG_T_KECCAK, list, n_bytes, 0);
}

og_t og_term_not(struct og_terms *ts, og_t t)
{
    return og_term_op(ts, OG_T_ISZERO, t, 0, 0);
}

const struct og_u256 *og_term_word(const struct og_terms *ts, og_t t)
{
    return ts->v[t].op == OG_T_CONST ? &ts->word[ts->v[t].a] : NULL;
}

bool og_term_is_u64(const struct og_terms *ts, og_t t, uint64_t *out)
{
    const struct og_u256 *w = og_term_word(ts, t);
    if (!w || !og_u256_fits_u64(w))
        return false;
    *out = w->w[0];
    return true;
}

og_t og_term_split(const struct og_terms *ts, og_t t, struct og_u256 *offset)
{
    const struct og_u256 *w = og_term_word(ts, t);
    *offset = OG_U256_ZERO;
    if (w) {
        *offset = *w;
        return 0;
    }
    const struct og_term *n = &ts->v[t];
    w = n->op == OG_T_ADD ? og_term_word(ts, n->a) : NULL;
    if (!w)
        return t;
    *offset = *w;
    return n->b;
}

bool og_term_hash(const struct og_terms *ts, og_t t, og_t *list, uint32_t *n_bytes,
                  struct og_u256 *offset)
{
    og_t base = og_term_split(ts, t, offset);
    if (base && ts->v[base].op == OG_T_KECCAK) {
        *list = ts->v[base].a;
        *n_bytes = ts->v[base].b;
        return og_u256_fits_u64(offset) && offset->w[0] >> 32 == 0;
    }
    const struct og_u256 *w = og_term_word(ts, t);
    for (size_t i = 0; w && !og_u256_fits_u64(w) && i < ts->n_hashes; i++) {
        struct og_u256 d = og_u256_sub(*w, *og_term_word(ts, ts->hash[i].hash));
        if (og_u256_fits_u64(&d) && d.w[0] >> 32 == 0) {
            *list = ts->hash[i].list;
            *n_bytes = ts->hash[i].n_bytes;
            *offset = d;
            return true;
        }
    }
    return false;
}

static bool lists_differ(const struct og_terms *ts, og_t a, og_t b)
{
    for (; a && b; a = ts->v[a].b, b = ts->v[b].b)
        if (og_term_differ(ts, ts->v[a].a, ts->v[b].a))
            return true;
    return false;
}

bool og_term_differ(const struct og_terms *ts, og_t a, og_t b)
{
    struct og_u256 oa, ob;
    og_t la = 0, lb = 0;
    uint32_t na = 0, nb = 0;
    if (a == b)
        return false;
    const struct og_u256 *wa = og_term_word(ts, a), *wb = og_term_word(ts, b);
    if (wa && wb)
        return !og_u256_eq(wa, wb);
    bool is_a = og_term_hash(ts, a, &la, &na, &oa), is_b = og_term_hash(ts, b, &lb, &nb, &ob);
    if ((is_a && wb && og_u256_fits_u64(wb)) || (is_b && wa && og_u256_fits_u64(wa)))
        return true;
    if (is_a && is_b && la != lb)
        return na != nb || lists_differ(ts, la, lb);
    if (is_a && is_b)
        return !og_u256_eq(&oa, &ob);
    og_t ba = og_term_split(ts, a, &oa), bb = og_term_split(ts, b, &ob);
    return ba == bb && !og_u256_eq(&oa, &ob);
}

og_t og_term_store(struct og_terms *ts, og_t array, og_t key, og_t value)
{
    const struct og_term *t = &ts->v[array];
    if (t->op == OG_T_STORE && t->b == key)
        array = t->a;
    return og_term_raw(ts, OG_T_STORE, array, key, value);
}

og_t og_term_select(struct og_terms *ts, og_t array, og_t key)
{
    while (ts->v[array].op == OG_T_STORE) {
        const struct og_term *t = &ts->v[array];
        if (t->b == key)
            return t->c;
        if (!og_term_differ(ts, t->b, key))
            return og_term_raw(ts, OG_T_SELECT, array, key, 0);
        array = t->a;
    }
    if (ts->v[array].op == OG_T_BASE && ts->v[array].a == 0)
        return og_term_u64(ts, 0);
    return og_term_raw(ts, OG_T_SELECT, array, key, 0);
}

og_t og_term_peek(const struct og_terms *ts, og_t array, og_t key)
{
    while (ts->v[array].op == OG_T_STORE) {
        const struct og_term *t = &ts->v[array];
        if (t->b == key)
            return t->c;
        if (!og_term_differ(ts, t->b, key))
            break;
        array = t->a;
    }
    for (size_t h = hash_of(OG_T_SELECT, array, key, 0); ts->table[h & ts->mask]; h++) {
        const struct og_term *t = &ts->v[ts->table[h & ts->mask]];
        if (t->op == OG_T_SELECT && t->a == array && t->b == key)
            return ts->table[h & ts->mask];
    }
    return 0;
}

struct walk {
    const struct og_terms *ts;
    bool (*is)(void *ctx, og_t t);
    void *ctx;
    og_t seen[4096]; /* a table that forgets: what is met again costs time only */
};

static bool walk(struct walk *w, og_t t)
{
    const struct og_term *n = &w->ts->v[t];
    unsigned kids = og_term_kids(n->op);
    og_t *seen = &w->seen[t & 4095];
    if (*seen == t || n->op == OG_T_STORE || n->op == OG_T_BASE)
        return false;
    *seen = t;
    if (w->is(w->ctx, t))
        return true;
    return ((kids & 1) && n->a && walk(w, n->a)) || ((kids & 2) && n->b && walk(w, n->b)) ||
           ((kids & 4) && n->c && walk(w, n->c));
}

bool og_term_any(const struct og_terms *ts, og_t t, bool (*is)(void *ctx, og_t t), void *ctx)
{
    struct walk w = {.ts = ts, .is = is, .ctx = ctx};
    return walk(&w, t);
}

static bool is_part(void *ctx, og_t t)
{
    return t == *(const og_t *)ctx;
}

bool og_term_has(const struct og_terms *ts, og_t t, og_t part)
{
    return og_term_any(ts, t, is_part, &part);
}
