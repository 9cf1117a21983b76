/* analyze_step.c - single opcodes of a symbolic run. */
#include "analyze/analyze_sym_int.h"

#include <string.h>

#define COPY_MAX 24576

static og_t pop(struct og_sym_path *p)
{
    return og_sym_pop(p);
}

static og_t plus(struct og_terms *ts, og_t t, uint64_t n)
{
    return og_term_op(ts, OG_T_ADD, og_term_u64(ts, n), t, 0);
}

/* Up to 8 words are kept as they are; anything else is a value of its own. */
static og_t keccak(struct og_sym *s, struct og_sym_path *p)
{
    og_t at = pop(p), len = pop(p), word[8];
    uint64_t n;
    if (!og_term_is_u64(s->ts, len, &n) || n > sizeof word / sizeof *word * 32) {
        p->inexact = true;
        return og_term_fresh(s->ts, OG_V_ANY, p->tx);
    }
    for (uint64_t i = 0; i < n; i += 32) {
        word[i / 32] = og_mem_word(s->ts, &p->mem, plus(s->ts, at, i), p->tx);
        if (n - i < 32) {
            og_t by = og_term_u64(s->ts, 8 * (32 - (n - i)));
            og_t cut = og_term_op(s->ts, OG_T_SHR, by, word[i / 32], 0);
            word[i / 32] = og_term_op(s->ts, OG_T_SHL, by, cut, 0);
        }
    }
    return og_term_keccak(s->ts, word, (uint32_t)n);
}

static void copy(struct og_sym *s, struct og_sym_path *p, uint8_t op)
{
    og_t to = pop(p), from = pop(p), len = pop(p);
    uint64_t at = 0, n = OG_CHUNK_END;
    struct og_chunk c = {.kind = OG_CHUNK_ANY, .at = from};
    bool known = og_term_is_u64(s->ts, len, &n);
    if (!known)
        n = OG_CHUNK_END;
    c.len = n;
    if (op == 0x37) {
        c.kind = OG_CHUNK_DATA;
        if (from == og_term_var(s->ts, OG_V_CDSIZE, p->tx, 0))
            c.kind = OG_CHUNK_ZERO;
        else
            p->inexact |= !known;
    } else if (op == 0x3e) {
        c.kind = OG_CHUNK_RET;
        c.id = p->ret_id;
    } else if (op == 0x39 && known && og_term_is_u64(s->ts, from, &at) && n <= COPY_MAX) {
        uint8_t buf[COPY_MAX] = {0};
        size_t have = at < s->code->n ? s->code->n - at : 0;
        memcpy(buf, s->code->p + (have ? at : 0), have < n ? have : n);
        og_mem_put_bytes(s->ts, &p->mem, to, buf, n);
        return;
    } else if (op == 0x5e && known && n <= 4096) {
        og_t word[128];
        for (uint64_t i = 0; i < n; i += 32)
            word[i / 32] = og_mem_word(s->ts, &p->mem, plus(s->ts, from, i), p->tx);
        for (uint64_t i = 0; i < n; i += 32) {
            struct og_chunk w = {
                .kind = OG_CHUNK_WORD, .at = word[i / 32], .len = n - i < 32 ? n - i : 32};
            og_mem_write(s->ts, &p->mem, plus(s->ts, to, i), &w);
        }
        return;
    } else {
        p->inexact = true;
    }
    og_mem_write(s->ts, &p->mem, to, &c);
}

/* Are the keys the same? By terms, else by what the facts say of the words they are hashes of;
 * open: the first pair of words of which they say nothing. */
static enum og_truth same_key(struct og_sym *s, const struct og_sym_path *p, og_t a, og_t b,
                              og_t *open)
{
    struct og_terms *ts = s->ts;
    struct og_u256 oa, ob;
    og_t la, lb;
    uint32_t na, nb;
    *open = 0;
    if (a == b)
        return OG_TRUE;
    if (og_term_differ(ts, a, b))
        return OG_FALSE;
    if (!og_term_hash(ts, a, &la, &na, &oa) || !og_term_hash(ts, b, &lb, &nb, &ob) || na != nb)
        return OG_EITHER;
    enum og_truth all = OG_TRUE;
    for (; la && lb; la = ts->v[la].b, lb = ts->v[lb].b) {
        og_t inner = 0;
        enum og_truth t = same_key(s, p, ts->v[la].a, ts->v[lb].a, &inner);
        og_t eq = og_term_op(ts, OG_T_EQ, ts->v[la].a, ts->v[lb].a, 0);
        if (t == OG_EITHER)
            t = og_facts_decide(ts, &p->facts, eq);
        if (t == OG_FALSE)
            return OG_FALSE;
        if (t == OG_EITHER) {
            all = OG_EITHER;
            *open = *open ? *open : inner ? inner : eq;
        }
    }
    if (all == OG_TRUE && !og_u256_eq(&oa, &ob))
        return OG_FALSE;
    if (!og_u256_eq(&oa, &ob))
        *open = 0; /* equal words would not make the keys equal */
    return all;
}

og_t og_sym_select(struct og_sym *s, const struct og_sym_path *p, og_t array, og_t key, og_t *open)
{
    *open = 0;
    while (s->ts->v[array].op == OG_T_STORE) {
        const struct og_term n = s->ts->v[array];
        enum og_truth same = same_key(s, p, n.b, key, open);
        if (same == OG_TRUE)
            return n.c;
        if (same == OG_EITHER)
            break;
        array = n.a;
    }
    return og_term_select(s->ts, array, key);
}

static void sload(struct og_sym *s, struct og_sym_path *p, uint8_t op)
{
    og_t key = pop(p);
    og_t open, word = og_sym_select(s, p, op == 0x54 ? p->storage : p->transient, key, &open);
    if (op == 0x54) {
        struct og_sym_event *e = og_sym_event(p, OG_SYM_SLOAD, op);
        e->key = key;
        e->word = word;
    }
    og_sym_push(p, word);
}

static void sstore(struct og_sym *s, struct og_sym_path *p, uint8_t op)
{
    og_t key = pop(p), word = pop(p);
    if (op == 0x5d) {
        p->transient = og_term_store(s->ts, p->transient, key, word);
        return;
    }
    og_t open, old = og_sym_select(s, p, p->storage, key, &open);
    struct og_sym_event *e = og_sym_event(p, OG_SYM_SSTORE, op);
    e->key = key;
    e->word = word;
    e->old = old;
    p->storage = og_term_store(s->ts, p->storage, key, word);
}

static og_t var(struct og_sym *s, const struct og_sym_path *p, enum og_tvar v)
{
    return og_term_var(s->ts, v, p->tx, 0);
}

static og_t environment(struct og_sym *s, struct og_sym_path *p, uint8_t op)
{
    struct og_terms *ts = s->ts;
    struct og_u256 self = og_u256_from_be(s->o->self.b, OG_ADDR_LEN);
    switch (op) {
    case 0x30: return og_term_const(ts, &self);
    case 0x31: return og_term_raw(ts, OG_T_BALANCE, pop(p), ++ts->next, 0);
    case 0x32: return var(s, p, OG_V_ORIGIN);
    case 0x33: return var(s, p, OG_V_CALLER);
    case 0x34: return var(s, p, OG_V_VALUE);
    case 0x36: return var(s, p, OG_V_CDSIZE);
    case 0x38: return og_term_u64(ts, s->code->n);
    case 0x3a: return var(s, p, OG_V_GASPRICE);
    case 0x3b: return og_term_raw(ts, OG_T_CODESIZE, pop(p), 0, 0);
    case 0x3d: return p->ret_id ? p->ret_size : og_term_u64(ts, 0);
    case 0x3f: return og_term_raw(ts, OG_T_CODEHASH, pop(p), 0, 0);
    case 0x40: return og_term_raw(ts, OG_T_BLOCKHASH, pop(p), 0, 0);
    case 0x41: return var(s, p, OG_V_COINBASE);
    case 0x42: return var(s, p, OG_V_TIMESTAMP);
    case 0x43: return var(s, p, OG_V_NUMBER);
    case 0x44: return var(s, p, OG_V_RANDAO);
    case 0x45: return var(s, p, OG_V_GASLIMIT);
    case 0x46: return og_term_u64(ts, 1);
    case 0x47: return og_term_raw(ts, OG_T_BALANCE, og_term_const(ts, &self), ++ts->next, 0);
    case 0x48: return var(s, p, OG_V_BASEFEE);
    case 0x49: pop(p); return og_term_u64(ts, 0);
    case 0x4a: return var(s, p, OG_V_BLOBFEE);
    case 0x58: return og_term_u64(ts, p->pc);
    case 0x59: return og_term_fresh(ts, OG_V_ANY, p->tx);
    default: return og_term_fresh(ts, OG_V_GAS, p->tx);
    }
}

static og_t data_word(struct og_sym *s, struct og_sym_path *p)
{
    og_t at = pop(p);
    uint64_t off;
    if (s->o->argument && og_term_is_u64(s->ts, at, &off) && off >= 4 && (off - 4) % 32 == 0 &&
        off < 1u << 20) {
        og_t t = s->o->argument(s->o->ctx, p->tx, (uint32_t)((off - 4) / 32));
        if (t)
            return t;
    }
    return og_data_word(s->ts, at, p->tx);
}

static void push_constant(struct og_sym *s, struct og_sym_path *p, unsigned n)
{
    uint8_t b[32] = {0};
    for (unsigned i = 0; i < n; i++)
        b[32 - n + i] = p->pc + 1 + i < s->code->n ? s->code->p[p->pc + 1 + i] : 0;
    struct og_u256 w = og_u256_load(b);
    og_sym_push(p, og_term_const(s->ts, &w));
}

static void memory(struct og_sym *s, struct og_sym_path *p, uint8_t op)
{
    og_t at = pop(p);
    if (op == 0x51) {
        og_sym_push(p, og_mem_word(s->ts, &p->mem, at, p->tx));
        return;
    }
    og_t word = pop(p);
    struct og_chunk c = {.kind = OG_CHUNK_BYTE, .at = word, .len = 1};
    if (op == 0x52)
        og_mem_put_word(s->ts, &p->mem, at, word);
    else
        og_mem_write(s->ts, &p->mem, at, &c);
}

static void log_event(struct og_sym *s, struct og_sym_path *p, uint8_t op)
{
    og_t topic = op > 0xa0 ? p->stack[p->sp - 3] : 0;
    struct og_sym_event *e = og_sym_event(p, OG_SYM_LOG, op);
    e->key = topic ? topic : og_term_u64(s->ts, 0);
    p->sp -= 2u + (op - 0xa0u);
}

static void alu(struct og_sym *s, struct og_sym_path *p, uint8_t op)
{
    unsigned kids = og_term_kids(op == 0x11 ? 0x10 : op == 0x13 ? 0x12 : op);
    og_t a = pop(p), b = kids & 2 ? pop(p) : 0, c = kids & 4 ? pop(p) : 0;
    og_sym_push(p, og_term_op(s->ts, op, a, b, c));
}

void og_sym_step(struct og_sym *s, struct og_sym_path *p, uint8_t op)
{
    if (op <= 0x1d) {
        alu(s, p, op);
    } else if (op >= 0x5f && op <= 0x7f) {
        push_constant(s, p, op - 0x5fu);
    } else if (op >= 0x80 && op <= 0x8f) {
        og_sym_push(p, p->stack[p->sp - (op - 0x7fu)]);
    } else if (op >= 0x90 && op <= 0x9f) {
        og_t *top = &p->stack[p->sp - 1], *other = &p->stack[p->sp - (op - 0x8eu)], t = *top;
        *top = *other;
        *other = t;
    } else if (op >= 0xa0 && op <= 0xa4) {
        log_event(s, p, op);
    } else {
        switch (op) {
        case 0x20: og_sym_push(p, keccak(s, p)); break;
        case 0x35: og_sym_push(p, data_word(s, p)); break;
        case 0x37:
        case 0x39:
        case 0x3e:
        case 0x5e: copy(s, p, op); break;
        case 0x3c:
            pop(p);
            copy(s, p, op);
            break;
        case 0x50: pop(p); break;
        case 0x51:
        case 0x52:
        case 0x53: memory(s, p, op); break;
        case 0x54:
        case 0x5c: sload(s, p, op); break;
        case 0x55:
        case 0x5d: sstore(s, p, op); break;
        case 0x5b: break;
        case 0xf0:
        case 0xf5: og_sym_create(s, p, op); break;
        case 0xf1:
        case 0xf2:
        case 0xf4:
        case 0xfa: og_sym_call(s, p, op); break;
        default: og_sym_push(p, environment(s, p, op)); break;
        }
    }
}
