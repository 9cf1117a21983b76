/* analyze_sym.c - paths: begun, forked, ended, and which goes on next. */
#include "analyze/analyze_sym.h"

#include "analyze/analyze_sym_int.h"
#include "base/base_mem.h"
#include "vm/vm.h"
#include "vm/vm_op.h"

#include <stdlib.h>
#include <string.h>

#define STACK_MAX  1024
#define SPLITS_MAX 4 /* at one read */

void og_sym_code_init(struct og_sym_code *c, const uint8_t *p, size_t n)
{
    *c = (struct og_sym_code){.p = p, .n = n, .target = og_xcalloc(n + 1, 1)};
    for (size_t i = 0; i < n; i++) {
        if (p[i] == 0x5b)
            c->target[i] = 1;
        if (p[i] >= 0x60 && p[i] <= 0x7f)
            i += p[i] - 0x5fu;
    }
}

void og_sym_code_release(struct og_sym_code *c)
{
    free(c->target);
    *c = (struct og_sym_code){0};
}

void og_sym_push(struct og_sym_path *p, og_t t)
{
    p->stack = og_xgrow(p->stack, &p->cap_stack, p->sp + 1, sizeof *p->stack);
    p->stack[p->sp++] = t;
}

og_t og_sym_pop(struct og_sym_path *p)
{
    return p->stack[--p->sp];
}

struct og_sym_event *og_sym_event(struct og_sym_path *p, enum og_sym_what what, uint8_t op)
{
    p->event = og_xgrow(p->event, &p->cap_events, p->n_events + 1, sizeof *p->event);
    struct og_sym_event *e = &p->event[p->n_events++];
    *e = (struct og_sym_event){
        .what = what, .op = op, .pc = p->pc, .n_facts = p->facts.n, .storage = p->storage};
    return e;
}

struct og_sym_path *og_sym_start(struct og_terms *ts, uint32_t tx, og_t storage,
                                 const struct og_facts *facts)
{
    struct og_sym_path *p = og_xcalloc(1, sizeof *p);
    p->tx = tx;
    p->storage = storage;
    p->transient = og_term_base(ts, 0);
    if (facts)
        og_facts_copy(&p->facts, facts);
    return p;
}

void og_sym_path_free(struct og_sym_path *p)
{
    if (!p)
        return;
    free(p->stack);
    og_mem_release(&p->mem);
    og_facts_release(&p->facts);
    free(p->event);
    free(p->loop);
    free(p);
}

static void *copy(const void *from, size_t n, size_t size, size_t *cap)
{
    *cap = n + 8;
    void *to = og_xmalloc(*cap * size);
    if (n)
        memcpy(to, from, n * size);
    return to;
}

static struct og_sym_path *fork_path(const struct og_sym_path *p)
{
    struct og_sym_path *q = og_xmemdup(p, sizeof *p);
    q->stack = copy(p->stack, p->sp, sizeof *p->stack, &q->cap_stack);
    q->event = copy(p->event, p->n_events, sizeof *p->event, &q->cap_events);
    q->loop = copy(p->loop, p->n_loops, sizeof *p->loop, &q->cap_loops);
    og_mem_copy(&q->mem, &p->mem);
    og_facts_copy(&q->facts, &p->facts);
    return q;
}

static size_t *fn_paths(struct og_sym *s, const struct og_sym_path *p)
{
    uint32_t sel = p->has_selector ? p->selector : 0;
    for (size_t i = 0; i < s->n_fn; i++)
        if (s->fn[i].selector == sel)
            return &s->fn[i].paths;
    s->fn = og_xgrow(s->fn, &s->cap_fn, s->n_fn + 1, sizeof *s->fn);
    s->fn[s->n_fn].selector = sel;
    s->fn[s->n_fn].paths = 0;
    return &s->fn[s->n_fn++].paths;
}

/* The newest path of the function with the fewest ended ones. */
static struct og_sym_path *next_path(struct og_sym *s)
{
    size_t best = s->n_wait, least = SIZE_MAX;
    for (size_t i = s->n_wait; i-- > 0;) {
        size_t n = *fn_paths(s, s->wait[i]);
        if (n < least) {
            least = n;
            best = i;
        }
    }
    if (best == s->n_wait)
        return NULL;
    struct og_sym_path *p = s->wait[best];
    memmove(&s->wait[best], &s->wait[best + 1], (--s->n_wait - best) * sizeof *s->wait);
    return p;
}

static void wait_path(struct og_sym *s, struct og_sym_path *p)
{
    if (s->n_wait >= s->o->waiting) {
        s->stats->ran_out = true;
        og_sym_path_free(p);
        return;
    }
    s->wait = og_xgrow(s->wait, &s->cap_wait, s->n_wait + 1, sizeof *s->wait);
    s->wait[s->n_wait++] = p;
}

static void end_path(struct og_sym *s, struct og_sym_path *p, enum og_sym_end end)
{
    p->end = end;
    s->stats->paths++;
    s->stats->cut += end == OG_SYM_CUT;
    ++*fn_paths(s, p);
    if (s->o->done && !s->o->done(s->o->ctx, p))
        s->enough = true;
}

/* How often this path has forked here, counted; calls from different places are different. */
static uint32_t count_fork(const struct og_sym *s, struct og_sym_path *p)
{
    uint64_t key = og_splitmix64((uint64_t)p->pc << 16 | p->sp), at;
    for (size_t i = 0; i < p->sp; i++)
        if (og_term_is_u64(s->ts, p->stack[i], &at) && at < s->code->n && s->code->target[at])
            key = og_splitmix64(key ^ at);
    for (size_t i = 0; i < p->n_loops; i++)
        if (p->loop[i].key == key)
            return ++p->loop[i].n;
    p->loop = og_xgrow(p->loop, &p->cap_loops, p->n_loops + 1, sizeof *p->loop);
    p->loop[p->n_loops++] = (struct og_sym_loop){key, 1};
    return 1;
}

static void learn(struct og_sym *s, struct og_sym_path *p, og_t fact)
{
    const struct og_terms *ts = s->ts;
    const struct og_term *n = &ts->v[fact];
    uint64_t sel;
    if (n->op == OG_T_EQ && ts->v[n->b].op == OG_T_VAR && ts->v[n->b].a == OG_V_SELECTOR &&
        og_term_is_u64(ts, n->a, &sel)) {
        p->has_selector = true;
        p->selector = (uint32_t)sel;
    }
    /* the selector 0 is written without a comparison */
    if (n->op == OG_T_ISZERO && ts->v[n->a].op == OG_T_VAR && ts->v[n->a].a == OG_V_SELECTOR)
        p->has_selector = true;
    p->facts.now = p->pc;
    og_facts_add(s->ts, &p->facts, fact);
}

/* x * y / x == y where x is not 0 says the product is whole, no more and no less. */
static og_t plain_condition(struct og_sym *s, const struct og_sym_path *p, og_t t)
{
    struct og_terms *ts = s->ts;
    const struct og_term n = ts->v[t];
    if (n.op == OG_T_ISZERO) {
        og_t inner = plain_condition(s, p, n.a);
        return inner == n.a ? t : og_term_not(ts, inner);
    }
    if (n.op != OG_T_EQ)
        return t;
    for (int i = 0; i < 2; i++) {
        og_t d = i ? n.b : n.a, y = i ? n.a : n.b;
        if (ts->v[d].op != OG_T_DIV || ts->v[ts->v[d].a].op != OG_T_MUL)
            continue;
        og_t x = ts->v[d].b, m = ts->v[d].a;
        if (((ts->v[m].a == x && ts->v[m].b == y) || (ts->v[m].a == y && ts->v[m].b == x)) &&
            og_facts_decide(ts, &p->facts, x) == OG_TRUE)
            return og_term_op(ts, OG_T_MULOK, x, y, 0);
    }
    return t;
}

static bool go_to(struct og_sym *s, struct og_sym_path *p, og_t to)
{
    uint64_t at;
    if (!og_term_is_u64(s->ts, to, &at)) {
        bool wild = !og_term_word(s->ts, to);
        end_path(s, p, wild ? OG_SYM_WILD : OG_SYM_FAULT);
        return false;
    }
    if (at >= s->code->n || !s->code->target[at]) {
        end_path(s, p, OG_SYM_FAULT);
        return false;
    }
    p->pc = (uint32_t)at;
    return true;
}

/* JUMPI; false: the path has ended. The other branch waits. */
static bool branch(struct og_sym *s, struct og_sym_path *p)
{
    og_t to = og_sym_pop(p), cond = og_sym_pop(p);
    cond = plain_condition(s, p, cond);
    enum og_truth know = og_facts_decide(s->ts, &p->facts, cond);
    if (know == OG_FALSE) {
        p->pc++;
        return true;
    }
    if (know == OG_TRUE)
        return go_to(s, p, to);
    if (count_fork(s, p) > s->o->loops) {
        end_path(s, p, OG_SYM_CUT);
        return false;
    }
    s->stats->forks++;
    struct og_sym_path *q = fork_path(p);
    learn(s, q, cond);
    if (!s->o->feasible || s->o->feasible(s->o->ctx, q)) {
        if (go_to(s, q, to))
            wait_path(s, q);
        else
            og_sym_path_free(q);
    } else {
        og_sym_path_free(q);
    }
    learn(s, p, og_term_not(s->ts, cond));
    p->pc++;
    if (s->o->feasible && !s->o->feasible(s->o->ctx, p)) {
        p->end = OG_SYM_FAULT; /* nobody can come here: no path */
        return false;
    }
    return true;
}

/* Before a read of storage: one path for the keys being the same, one for the contrary. */
static void split_keys(struct og_sym *s, struct og_sym_path *p)
{
    for (int i = 0; i < SPLITS_MAX; i++) {
        og_t open;
        og_sym_select(s, p, p->storage, p->stack[p->sp - 1], &open);
        if (!open)
            return;
        struct og_sym_path *q = fork_path(p);
        s->stats->forks++;
        learn(s, q, open);
        wait_path(s, q);
        learn(s, p, og_term_not(s->ts, open));
    }
}

static bool out_of_frame(struct og_sym *s, struct og_sym_path *p, uint8_t op)
{
    p->out_at = og_sym_pop(p);
    p->out_len = og_sym_pop(p);
    end_path(s, p, op == 0xf3 ? OG_SYM_RETURN : OG_SYM_REVERT);
    return false;
}

/* Opcodes that may end the path or change where it is. */
static bool flow(struct og_sym *s, struct og_sym_path *p, uint8_t op)
{
    switch (op) {
    case 0x00: end_path(s, p, OG_SYM_STOP); return false;
    case 0x56: return go_to(s, p, og_sym_pop(p));
    case 0x57: return branch(s, p);
    case 0xf3:
    case 0xfd: return out_of_frame(s, p, op);
    case 0xfe: end_path(s, p, OG_SYM_INVALID); return false;
    default:
        p->heir = og_sym_pop(p);
        end_path(s, p, OG_SYM_DESTRUCT);
        return false;
    }
}

static bool is_flow(uint8_t op)
{
    return op == 0x00 || op == 0x56 || op == 0x57 || op == 0xf3 || op == 0xfd || op >= 0xfe;
}

/* Words that an opcode takes and gives; false: undefined. */
static bool height(uint8_t op, unsigned *in, unsigned *out, unsigned *gas)
{
    *gas = 3;
    if (op >= 0x5f && op <= 0x7f) {
        *in = 0;
        *out = 1;
    } else if (op >= 0x80 && op <= 0x8f) {
        *in = op - 0x7fu;
        *out = *in + 1;
    } else if (op >= 0x90 && op <= 0x9f) {
        *in = *out = op - 0x8eu;
    } else {
        *in = og_vm_ops[op].in;
        *out = og_vm_ops[op].out;
        *gas = og_vm_ops[op].gas;
        return og_vm_ops[op].name != NULL;
    }
    return true;
}

static void run_path(struct og_sym *s, struct og_sym_path *p)
{
    unsigned in, out, gas;
    for (;;) {
        if (++p->steps > s->o->steps_path || s->ts->full) {
            end_path(s, p, OG_SYM_CUT);
            return;
        }
        uint8_t op = p->pc < s->code->n ? s->code->p[p->pc] : 0;
        s->stats->steps++;
        if (p->pc < s->code->n)
            s->stats->seen[p->pc] = 1;
        if (!height(op, &in, &out, &gas) || p->sp < in || p->sp - in + out > STACK_MAX) {
            end_path(s, p, op == 0xfe ? OG_SYM_INVALID : OG_SYM_FAULT);
            return;
        }
        p->gas += gas;
        if (is_flow(op)) {
            if (!flow(s, p, op))
                return;
            continue;
        }
        if (op == 0x54 && s->o->split)
            split_keys(s, p);
        og_sym_step(s, p, op);
        p->pc += op >= 0x60 && op <= 0x7f ? op - 0x5eu : 1;
    }
}

void og_sym_run(struct og_terms *ts, const struct og_sym_code *code, const struct og_sym_opts *o,
                struct og_sym_path *start, struct og_sym_stats *out)
{
    struct og_sym s = {.ts = ts, .code = code, .o = o, .stats = out};
    struct og_sym_path *p;
    *out = (struct og_sym_stats){.seen = og_xcalloc(code->n + 1, 1)};
    wait_path(&s, start);
    while (!s.enough && (p = next_path(&s)) != NULL) {
        if (out->steps > o->steps_all || out->paths > o->paths_all || ts->full) {
            out->ran_out = true;
            og_sym_path_free(p);
            break;
        }
        run_path(&s, p);
        og_sym_path_free(p);
    }
    while (s.n_wait)
        og_sym_path_free(s.wait[--s.n_wait]);
    free(s.wait);
    free(s.fn);
}

og_t og_sym_out_word(struct og_terms *ts, struct og_sym_path *p, uint64_t off)
{
    og_t at = og_term_op(ts, OG_T_ADD, p->out_at, og_term_u64(ts, off), 0);
    return og_mem_word(ts, &p->mem, at, p->tx);
}
