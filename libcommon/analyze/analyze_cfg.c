/* analyze_cfg.c - value sets through blocks until nothing changes. */
#include "analyze/analyze_cfg.h"

#include "analyze/analyze_cfg_int.h"
#include "analyze/analyze_simp.h"
#include "base/base_mem.h"
#include "vm/vm_op.h"

#include <stdlib.h>
#include <string.h>

#define STACK_MAX 1024

struct build {
    struct og_terms *ts;
    const uint8_t *code;
    size_t n;
    uint8_t *target;
    struct og_cfg *g;
    uint32_t *queue;
    size_t n_queue, cap_queue;
    struct og_cfg_value stack[STACK_MAX + 20];
    uint32_t height;
    uint32_t *table; /* nodes by start and context */
    size_t mask;
};

void og_cfg_release(struct og_cfg *g)
{
    for (size_t i = 0; i < g->n; i++) {
        free(g->node[i].in);
        free(g->node[i].to);
    }
    free(g->node);
    free(g->endless);
    *g = (struct og_cfg){0};
}

static struct og_cfg_value unknown(unsigned bits)
{
    return (struct og_cfg_value){.bits = (uint16_t)bits};
}

static struct og_cfg_value known(struct build *b, const struct og_u256 *w)
{
    struct og_cfg_value v = {.n = 1, .bits = (uint16_t)og_u256_bits(w)};
    v.t[0] = og_term_const(b->ts, w);
    return v;
}

static bool value_add(struct og_cfg_value *v, og_t t, unsigned bits)
{
    v->bits = (uint16_t)(bits > v->bits ? bits : v->bits);
    for (unsigned i = 0; i < v->n; i++)
        if (v->t[i] == t)
            return true;
    if (v->n == OG_CFG_SET)
        return false;
    v->t[v->n++] = t;
    return true;
}

/* to becomes what covers both; true: it has grown. */
static bool value_join(struct og_cfg_value *to, const struct og_cfg_value *with)
{
    struct og_cfg_value was = *to;
    if (!to->n || !with->n) {
        to->n = 0;
        to->bits = to->bits > with->bits ? to->bits : with->bits;
        return was.n != 0 || was.bits != to->bits;
    }
    for (unsigned i = 0; i < with->n; i++)
        if (!value_add(to, with->t[i], with->bits)) {
            /* widened at once: sets of counters would only grow */
            *to = unknown(256);
            return true;
        }
    return was.n != to->n;
}

static unsigned op_bits(uint8_t op, const struct og_cfg_value *a, const struct og_cfg_value *b,
                        struct og_terms *ts)
{
    unsigned x = a->bits, y = b->bits;
    uint64_t by;
    switch (op) {
    case OG_T_AND: return x < y ? x : y;
    case OG_T_OR:
    case OG_T_XOR: return x > y ? x : y;
    case OG_T_ADD: return (x > y ? x : y) < 256 ? (x > y ? x : y) + 1 : 256;
    case OG_T_MUL: return x + y < 256 ? x + y : 256;
    case OG_T_DIV: return x;
    case OG_T_MOD: return x < y ? x : y;
    case OG_T_BYTE: return 8;
    case OG_T_SHR:
        return a->n == 1 && og_term_is_u64(ts, a->t[0], &by) ? (by >= y ? 0 : y - (unsigned)by) : y;
    case OG_T_LT:
    case OG_T_LT + 1:
    case OG_T_SLT:
    case OG_T_SLT + 1:
    case OG_T_EQ:
    case OG_T_ISZERO: return 1;
    default: return 256;
    }
}

/* x < y decided by sizes: 0 no, 1 yes, -1 not known. */
static int below(struct build *b, const struct og_cfg_value *x, const struct og_cfg_value *y)
{
    const struct og_u256 *wx = x->n == 1 ? og_term_word(b->ts, x->t[0]) : NULL;
    const struct og_u256 *wy = y->n == 1 ? og_term_word(b->ts, y->t[0]) : NULL;
    if (wy && og_u256_is_zero(wy))
        return 0;
    if (wy && og_u256_bits(wy) > x->bits)
        return 1;
    if (wx) { /* a constant that is at least as large as all of y's size */
        struct og_u256 top = og_u256_sub(og_u256_shl(og_u256_of(1), y->bits), og_u256_of(1));
        if (!og_u256_lt(wx, &top))
            return 0;
    }
    return -1;
}

static struct og_cfg_value combine(struct build *b, uint8_t op, const struct og_cfg_value *x,
                                   const struct og_cfg_value *y)
{
    unsigned bits = op_bits(op, x, y, b->ts);
    struct og_cfg_value r = {0};
    int known_lt = op == OG_T_LT ? below(b, x, y) : op == OG_T_LT + 1 ? below(b, y, x) : -1;
    if (known_lt >= 0) {
        struct og_u256 w = og_u256_of((uint64_t)known_lt);
        return known(b, &w);
    }
    bool one = op == OG_T_ISZERO || op == OG_T_NOT;
    if (!x->n || (!one && !y->n))
        return unknown(bits);
    for (unsigned i = 0; i < x->n; i++)
        for (unsigned k = 0; k < (one ? 1u : y->n); k++) {
            og_t t = og_term_op(b->ts, op, x->t[i], one ? 0 : y->t[k], 0);
            if (!og_term_word(b->ts, t) || !value_add(&r, t, og_term_at(b->ts, t)->bits))
                return unknown(bits);
        }
    return r;
}

static uint64_t context_of(const struct build *b)
{
    uint64_t h = b->height, at;
    for (uint32_t i = 0; i < b->height; i++) {
        const struct og_cfg_value *v = &b->stack[i];
        if (v->n == 1 && og_term_is_u64(b->ts, v->t[0], &at) && at < b->n && b->target[at])
            h = og_splitmix64(h ^ (at << 20 | i));
    }
    return h;
}

static void enqueue(struct build *b, uint32_t i)
{
    if (b->g->node[i].queued)
        return;
    b->g->node[i].queued = true;
    b->queue = og_xgrow(b->queue, &b->cap_queue, b->n_queue + 1, sizeof *b->queue);
    b->queue[b->n_queue++] = i;
}

/* The node for this place with the stack as it is; joined with what it had. */
static bool node_for(struct build *b, uint32_t start, uint32_t *out)
{
    uint64_t context = context_of(b);
    size_t h = (size_t)og_splitmix64(context ^ ((uint64_t)start << 32));
    for (; b->table[h & b->mask]; h++) {
        uint32_t i = b->table[h & b->mask] - 1;
        struct og_cfg_node *n = &b->g->node[i];
        if (n->start != start || n->context != context || n->height != b->height)
            continue;
        bool grown = false;
        for (uint32_t k = 0; k < b->height; k++)
            grown |= value_join(&n->in[k], &b->stack[k]);
        if (grown)
            enqueue(b, i);
        *out = i;
        return true;
    }
    if (b->g->n >= OG_CFG_NODES_MAX)
        return false;
    b->g->node = og_xgrow(b->g->node, &b->g->cap, b->g->n + 1, sizeof *b->g->node);
    struct og_cfg_node *n = &b->g->node[b->g->n];
    *n = (struct og_cfg_node){.start = start, .context = context, .height = b->height};
    n->in = og_xmalloc((b->height + 1) * sizeof *n->in);
    memcpy(n->in, b->stack, b->height * sizeof *n->in);
    b->table[h & b->mask] = (uint32_t)b->g->n + 1;
    *out = (uint32_t)b->g->n++;
    enqueue(b, *out);
    return true;
}

static void edge(struct build *b, uint32_t from, uint32_t to_pc)
{
    uint32_t to;
    if (!node_for(b, to_pc, &to)) {
        b->g->stats.complete = false;
        return;
    }
    struct og_cfg_node *n = &b->g->node[from];
    for (size_t i = 0; i < n->n_to; i++)
        if (n->to[i] == to)
            return;
    n->to = og_xgrow(n->to, &n->cap_to, n->n_to + 1, sizeof *n->to);
    n->to[n->n_to++] = to;
}

static void edges_of_jump(struct build *b, uint32_t from, const struct og_cfg_value *to)
{
    uint64_t at;
    struct og_cfg_node *n = &b->g->node[from];
    if (!to->n) {
        n->end = OG_CFG_OPEN;
        return;
    }
    bool any = false;
    for (unsigned i = 0; i < to->n; i++)
        if (og_term_is_u64(b->ts, to->t[i], &at) && at < b->n && b->target[at]) {
            edge(b, from, (uint32_t)at);
            any = true;
        }
    if (!any)
        b->g->node[from].end = OG_CFG_FAILS;
}

static struct og_cfg_value pop(struct build *b)
{
    return b->stack[--b->height];
}

static void push(struct build *b, struct og_cfg_value v)
{
    b->stack[b->height++] = v;
}

/* An opcode that neither jumps nor ends; its words are there. */
static void step(struct build *b, uint32_t pc, uint8_t op)
{
    if (op >= 0x5f && op <= 0x7f) {
        uint8_t bytes[32] = {0};
        unsigned k = op - 0x5fu;
        for (unsigned i = 0; i < k; i++)
            bytes[32 - k + i] = pc + 1 + i < b->n ? b->code[pc + 1 + i] : 0;
        struct og_u256 w = og_u256_load(bytes);
        push(b, known(b, &w));
    } else if (op >= 0x80 && op <= 0x8f) {
        push(b, b->stack[b->height - (op - 0x7fu)]);
    } else if (op >= 0x90 && op <= 0x9f) {
        struct og_cfg_value *top = &b->stack[b->height - 1], t = *top;
        struct og_cfg_value *other = &b->stack[b->height - (op - 0x8eu)];
        *top = *other;
        *other = t;
    } else if (op <= 0x1d && op != OG_T_ADDMOD && op != OG_T_MULMOD) {
        struct og_cfg_value x = pop(b);
        struct og_cfg_value y = op == OG_T_ISZERO || op == OG_T_NOT ? x : pop(b);
        push(b, combine(b, op, &x, &y));
    } else if (op == 0x58) {
        struct og_u256 w = og_u256_of(pc);
        push(b, known(b, &w));
    } else {
        b->height -= og_vm_ops[op].in;
        bool narrow = op == 0x33 || op == 0x32 || op == 0x30 || op == 0x41;
        if (og_vm_ops[op].out)
            push(b, unknown(narrow ? 160 : op >= 0xf1 ? 1 : op == 0x36 ? 32 : 256));
    }
}

static bool heights(uint8_t op, unsigned *in, unsigned *out)
{
    *in = og_vm_ops[op].in;
    *out = og_vm_ops[op].out;
    if (op >= 0x5f && op <= 0x7f) {
        *in = 0;
        *out = 1;
    } else if (op >= 0x80 && op <= 0x8f) {
        *in = op - 0x7fu;
        *out = *in + 1;
    } else if (op >= 0x90 && op <= 0x9f) {
        *in = *out = op - 0x8eu;
    } else {
        return og_vm_ops[op].name != NULL;
    }
    return true;
}

/* JUMPI: the ways that its condition leaves open. */
static void fork(struct build *b, uint32_t i, uint32_t pc)
{
    struct og_cfg_value to = pop(b), cond = pop(b);
    bool yes = !cond.n, no = !cond.n;
    for (unsigned k = 0; k < cond.n; k++) {
        const struct og_u256 *w = og_term_word(b->ts, cond.t[k]);
        yes |= !og_u256_is_zero(w);
        no |= og_u256_is_zero(w);
    }
    if (no)
        edge(b, i, pc + 1);
    if (yes)
        edges_of_jump(b, i, &to);
}

static void run_block(struct build *b, uint32_t i)
{
    struct og_cfg_node *n = &b->g->node[i];
    unsigned in, out;
    uint32_t pc = n->start, gas = 0;
    b->height = n->height;
    memcpy(b->stack, n->in, n->height * sizeof *n->in);
    n->end = OG_CFG_ON;
    for (;; pc += b->code[pc] >= 0x60 && b->code[pc] <= 0x7f ? b->code[pc] - 0x5eu : 1) {
        uint8_t op = pc < b->n ? b->code[pc] : 0;
        if (pc != n->start && pc < b->n && b->target[pc]) {
            edge(b, i, pc);
            break;
        }
        n->last = pc;
        bool defined = heights(op, &in, &out);
        gas += op >= 0x5f && op <= 0x9f ? 3 : og_vm_ops[op].gas;
        if (!defined || b->height < in || b->height - in + out > STACK_MAX || op == 0xfe ||
            op == 0xfd) {
            n->end = OG_CFG_FAILS;
            break;
        }
        uint32_t top = b->height - in + out;
        if (top > b->g->stats.max_stack)
            b->g->stats.max_stack = top;
        if (op == 0x00 || op == 0xf3 || op == 0xff) {
            n->end = OG_CFG_LEAVES;
            break;
        }
        if (op == 0x56) {
            struct og_cfg_value to = pop(b);
            edges_of_jump(b, i, &to);
            break;
        }
        if (op == 0x57) {
            fork(b, i, pc);
            break;
        }
        step(b, pc, op);
    }
    b->g->node[i].gas = gas;
}

void og_cfg_build(struct og_terms *ts, const uint8_t *code, size_t n, struct og_cfg *out)
{
    struct build *b = og_xcalloc(1, sizeof *b);
    uint32_t first;
    *out = (struct og_cfg){.stats = {.complete = true}};
    b->ts = ts;
    b->code = code;
    b->n = n;
    b->g = out;
    b->target = og_xcalloc(n + 1, 1);
    b->mask = 65535;
    b->table = og_xcalloc(b->mask + 1, sizeof *b->table);
    for (size_t i = 0; i < n; i++) {
        b->target[i] = code[i] == 0x5b;
        if (code[i] >= 0x60 && code[i] <= 0x7f)
            i += code[i] - 0x5fu;
    }
    if (n && node_for(b, 0, &first))
        while (b->n_queue) {
            uint32_t i = b->queue[--b->n_queue];
            out->node[i].queued = false;
            run_block(b, i);
        }
    og_cfg_measure(out);
    free(b->queue);
    free(b->target);
    free(b->table);
    free(b);
}
