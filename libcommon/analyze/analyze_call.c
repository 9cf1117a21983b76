/* analyze_call.c - calls of a symbolic run: what is asked, and unknowns for what comes back. */
#include "analyze/analyze_sym_int.h"

#define STIPEND   2300
#define PRE_LAST  10
#define OP_STATIC 0xfa

/* Gas that can be no more than the stipend: what Solidity's send and transfer give. */
static bool only_stipend(struct og_sym *s, const struct og_sym_path *p, og_t gas)
{
    struct og_range r = og_facts_range(s->ts, &p->facts, gas);
    return og_u256_fits_u64(&r.hi) && r.hi.w[0] <= STIPEND;
}

static bool is_precompile(struct og_sym *s, og_t target)
{
    uint64_t n;
    return og_term_is_u64(s->ts, target, &n) && n > 0 && n <= PRE_LAST;
}

/* Where the answer goes: as much as was asked for, unknown. */
static void answer(struct og_sym *s, struct og_sym_path *p, og_t at, og_t len, uint32_t id)
{
    uint64_t n;
    struct og_chunk c = {.kind = OG_CHUNK_RET, .at = og_term_u64(s->ts, 0), .id = id};
    c.len = og_term_is_u64(s->ts, len, &n) ? n : OG_CHUNK_END;
    p->inexact |= c.len == OG_CHUNK_END;
    og_mem_write(s->ts, &p->mem, at, &c);
}

void og_sym_call(struct og_sym *s, struct og_sym_path *p, uint8_t op)
{
    struct og_terms *ts = s->ts;
    bool has_value = op == 0xf1 || op == 0xf2;
    og_t gas = og_sym_pop(p), to = og_sym_pop(p);
    og_t value = has_value ? og_sym_pop(p) : og_term_u64(ts, 0);
    og_t in = og_sym_pop(p), in_len = og_sym_pop(p);
    og_t out = og_sym_pop(p), out_len = og_sym_pop(p);
    struct og_u256 ones160 = og_u256_sub(og_u256_shl(og_u256_of(1), 160), og_u256_of(1));
    og_t target = og_term_op(ts, OG_T_AND, og_term_const(ts, &ones160), to, 0);
    uint32_t id = ++ts->next;
    og_t first = og_mem_word(ts, &p->mem, in, p->tx);
    struct og_sym_event *e = og_sym_event(p, OG_SYM_CALL, op);
    e->id = id;
    e->target = target;
    e->value = value;
    e->gas = gas;
    e->word = first;
    e->key = in_len;
    e->success = og_term_var(ts, OG_V_SUCCESS, p->tx, id);
    p->ret_id = id;
    p->ret_size = og_term_var(ts, OG_V_RETSIZE, p->tx, id);
    og_sym_push(p, e->success);
    answer(s, p, out, out_len, id);
    bool own_storage = op == 0xf2 || op == 0xf4;
    if (op == OP_STATIC || is_precompile(s, target) || (!own_storage && only_stipend(s, p, gas)))
        return;
    if (s->o->havoc)
        p->storage = og_term_base(ts, ++ts->next);
}

void og_sym_create(struct og_sym *s, struct og_sym_path *p, uint8_t op)
{
    struct og_terms *ts = s->ts;
    og_t value = og_sym_pop(p);
    p->sp -= op == 0xf5 ? 3 : 2;
    uint32_t id = ++ts->next;
    struct og_sym_event *e = og_sym_event(p, OG_SYM_CREATE, op);
    e->id = id;
    e->value = value;
    e->success = og_term_var(ts, OG_V_CREATED, p->tx, id);
    p->ret_id = id;
    p->ret_size = og_term_var(ts, OG_V_RETSIZE, p->tx, id);
    og_sym_push(p, e->success);
    if (s->o->havoc)
        p->storage = og_term_base(ts, ++ts->next);
}
