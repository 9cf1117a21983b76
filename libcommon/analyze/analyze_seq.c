/* analyze_seq.c - runs sequences and sees what they did to whom. */
#include "analyze/analyze_seq.h"

#include "base/base_mem.h"

#include <stdlib.h>
#include <string.h>

#define SMALL     3
#define BLOCK_S   12
#define STEPS_MIN 2000 /* of a loop that runs out of gas */

struct og_seq_tx *og_seq_add(struct og_seq *s)
{
    s->v = og_xgrow(s->v, &s->cap, s->n + 1, sizeof *s->v);
    s->v[s->n] = (struct og_seq_tx){.who = OG_WHO_USER};
    return &s->v[s->n++];
}

static void *dup(const void *p, size_t n)
{
    return n ? og_xmemdup(p, n) : NULL;
}

static void copy_tx(struct og_seq_tx *to, const struct og_seq_tx *from)
{
    *to = *from;
    to->data = dup(from->data, from->n);
    to->back = dup(from->back, from->n_back);
}

void og_seq_copy(struct og_seq *to, const struct og_seq *from)
{
    *to = (struct og_seq){0};
    for (size_t i = 0; i < from->n; i++)
        copy_tx(og_seq_add(to), &from->v[i]);
}

void og_seq_remove(struct og_seq *s, size_t i)
{
    free(s->v[i].data);
    free(s->v[i].back);
    memmove(&s->v[i], &s->v[i + 1], (s->n - i - 1) * sizeof *s->v);
    s->n--;
}

void og_seq_release(struct og_seq *s)
{
    while (s->n)
        og_seq_remove(s, s->n - 1);
    free(s->v);
    *s = (struct og_seq){0};
}

void og_seq_set_data(struct og_seq_tx *t, const void *p, uint32_t n)
{
    uint8_t *data = dup(p, n);
    free(t->data);
    t->data = data;
    t->n = n;
}

void og_seq_run_init(struct og_seq_run *r, const struct og_deployed *d)
{
    *r = (struct og_seq_run){.d = d, .gas = OG_WORLD_GAS};
    r->vm = og_vm_new();
    r->body = og_contract_code_size((const uint8_t *)d->code.p, d->code.len);
    og_watch_init(&r->watch);
    og_vm_set_tracer(r->vm, &r->watch.tracer);
}

void og_seq_run_release(struct og_seq_run *r)
{
    og_vm_free(r->vm);
    og_watch_release(&r->watch);
}

static struct og_u256 attackers_wei(struct og_vm_state *st)
{
    return og_u256_add(og_vm_state_acct(st, og_world_addr(OG_WHO_ATTACKER))->balance,
                       og_vm_state_acct(st, og_world_addr(OG_WHO_AGENT))->balance);
}

static bool attacks(const struct og_seq_tx *t)
{
    return t->who == OG_WHO_ATTACKER || t->who == OG_WHO_AGENT;
}

static void see(struct og_seen *s, enum og_flaw f, size_t tx, uint32_t pc)
{
    if (s->seen[f])
        return;
    s->seen[f] = true;
    s->tx[f] = tx;
    s->pc[f] = pc;
}

static enum og_vm_status run_tx(struct og_seq_run *r, struct og_vm_state *st, struct og_vm_env *env,
                                const struct og_seq_tx *t)
{
    struct og_vm_result res;
    struct og_buf code = OG_BUF_INIT;
    bool agent = t->who == OG_WHO_AGENT;
    enum og_who from = !agent ? t->who : t->lured ? OG_WHO_OWNER : OG_WHO_ATTACKER;
    struct og_vm_msg msg = {.kind = OG_VM_CALL,
                            .from = *og_world_addr(from),
                            .to = *og_world_addr(agent ? OG_WHO_AGENT : OG_WHO_CONTRACT),
                            .value = t->lured ? OG_U256_ZERO : t->value,
                            .gas = r->gas,
                            .input = agent ? NULL : t->data,
                            .input_len = agent ? 0 : t->n};
    if (attacks(t)) {
        og_agent_code(t, &code);
        struct og_vm_acct *a = og_vm_state_acct(st, og_world_addr(OG_WHO_AGENT));
        og_vm_state_set_code(st, a, code.p, code.len);
        r->agent_code = a->code_hash;
        og_buf_release(&code);
    }
    struct og_u256 have = og_vm_state_acct(st, &msg.from)->balance;
    if (og_u256_lt(&have, &msg.value))
        return OG_VM_NO_FUNDS;
    env->origin = msg.from;
    env->timestamp += t->wait_s;
    env->number += t->wait_s / BLOCK_S + 1;
    og_watch_reset(&r->watch);
    r->watch.agent_code = attacks(t) ? &r->agent_code : NULL;
    og_vm_begin(r->vm, st, env);
    og_vm_run(r->vm, &msg, &res);
    r->last_ok = res.status == OG_VM_OK;
    r->last_len = res.out_len;
    r->last_out = og_u256_from_be(res.out, res.out_len < 32 ? res.out_len : 32);
    og_vm_state_end_tx(st);
    return res.status;
}

static void look(struct og_seq_run *r, const struct og_seq_tx *t, size_t i, enum og_vm_status s,
                 struct og_seen *out)
{
    const struct og_watch *w = &r->watch;
    if (w->invalid && w->invalid_pc < r->body)
        see(out, OG_FLAW_ASSERTION, i, w->invalid_pc);
    if (w->panicked)
        see(out, OG_FLAW_ASSERTION, i, w->panic_pc);
    if (s == OG_VM_OUT_OF_GAS && w->looped && w->steps > STEPS_MIN) {
        if (!out->slow)
            out->slow = i + 1;
        see(out, OG_FLAW_INFINITE_LOOP, i, w->loop_pc);
    }
    out->ok += s == OG_VM_OK;
    if (s != OG_VM_OK || !attacks(t))
        return;
    if (w->foreign)
        see(out, OG_FLAW_DELEGATECALL, i, w->last_pc);
    else if (w->destroyed)
        see(out, OG_FLAW_SELFDESTRUCT, i, w->destroy_pc);
}

void og_seq_run(struct og_seq_run *r, const struct og_seq *s, struct og_seen *out)
{
    struct og_vm_state *st = og_world_state(r->d);
    struct og_vm_env env = *og_world_env();
    struct og_u256 before = attackers_wei(st);
    bool attack = false, spoiled = false;
    *out = (struct og_seen){0};
    r->watch.n_words = 0;
    for (size_t i = 0; i < s->n; i++) {
        const struct og_seq_tx *t = &s->v[i];
        if (attacks(t) && !attack) {
            attack = true;
            before = attackers_wei(st);
        }
        spoiled |= attack && !attacks(t); /* others may give of their own will */
        enum og_vm_status status = run_tx(r, st, &env, t);
        look(r, t, i, status, out);
        struct og_u256 now = attackers_wei(st);
        if (attack && !spoiled && og_u256_lt(&before, &now)) {
            out->gain = og_u256_sub(now, before);
            see(out, OG_FLAW_WITHDRAWAL, i,
                r->watch.call_pc ? r->watch.call_pc : r->watch.destroy_pc);
        }
    }
    og_vm_state_free(st);
}

static bool still(struct og_seq_run *r, const struct og_seq *s, enum og_flaw f)
{
    struct og_seen seen;
    og_seq_run(r, s, &seen);
    return seen.seen[f];
}

/* Words of calldata that are not small become small; behind a selector, or from the start. */
static void shrink_words(struct og_seq_tx *t)
{
    for (uint32_t at = t->n % 32 ? 4 : 0; at + 32 <= t->n; at += 32) {
        struct og_u256 w = og_u256_load(t->data + at);
        bool place = og_u256_fits_u64(&w) && w.w[0] % 32 == 0 && w.w[0] < t->n;
        if (place || (og_u256_fits_u64(&w) && w.w[0] <= SMALL))
            continue;
        w = og_u256_of(SMALL);
        og_u256_store(&w, t->data + at);
    }
}

static bool slow_with_small(struct og_seq_run *r, const struct og_seq *s,
                            const struct og_seen *seen)
{
    struct og_seq t;
    struct og_seen again;
    og_seq_copy(&t, s);
    while (t.n > seen->slow)
        og_seq_remove(&t, t.n - 1);
    for (size_t i = 0; i < t.n; i++)
        shrink_words(&t.v[i]);
    int64_t gas = r->gas;
    r->gas = OG_WORLD_GAS;
    og_seq_run(r, &t, &again);
    r->gas = gas;
    og_seq_release(&t);
    return again.seen[OG_FLAW_INFINITE_LOOP];
}

void og_seq_judge(struct og_seq_run *r, const struct og_seq *s, struct og_seen *out)
{
    struct og_seq t;
    og_seq_run(r, s, out);
    if (out->seen[OG_FLAW_INFINITE_LOOP] && (r->ignore_slow || !slow_with_small(r, s, out)))
        out->seen[OG_FLAW_INFINITE_LOOP] = false;
    if (!out->seen[OG_FLAW_WITHDRAWAL])
        return;
    enum og_flaw why = OG_FLAW_WITHDRAWAL;
    og_seq_copy(&t, s);
    bool lured = false, back = false;
    for (size_t i = 0; i < t.n; i++) {
        lured |= t.v[i].lured;
        t.v[i].lured = false;
    }
    if (lured && !still(r, &t, OG_FLAW_WITHDRAWAL))
        why = OG_FLAW_TX_ORIGIN;
    for (size_t i = 0; i < t.n; i++) {
        back |= t.v[i].again != 0;
        t.v[i].again = 0;
        t.v[i].lured = s->v[i].lured;
    }
    if (why == OG_FLAW_WITHDRAWAL && back && !still(r, &t, OG_FLAW_WITHDRAWAL))
        why = OG_FLAW_REENTRANCY;
    og_seq_release(&t);
    if (why != OG_FLAW_WITHDRAWAL) {
        see(out, why, out->tx[OG_FLAW_WITHDRAWAL], out->pc[OG_FLAW_WITHDRAWAL]);
        out->seen[OG_FLAW_WITHDRAWAL] = false;
    }
}

static bool judged(struct og_seq_run *r, const struct og_seq *s, enum og_flaw f)
{
    struct og_seen seen;
    og_seq_judge(r, s, &seen);
    return seen.seen[f];
}

/* Tries a change of one transaction; keeps it where the flaw is still seen. */
static void try_word(struct og_seq_run *r, struct og_seq *s, size_t i, uint32_t at, enum og_flaw f)
{
    struct og_u256 old = og_u256_load(s->v[i].data + at);
    for (uint64_t v = 0; v < 2; v++) {
        struct og_u256 w = og_u256_of(v);
        if (!og_u256_lt(&w, &old))
            return;
        og_u256_store(&w, s->v[i].data + at);
        if (judged(r, s, f))
            return;
        og_u256_store(&old, s->v[i].data + at);
    }
}

static void try_plain(struct og_seq_run *r, struct og_seq *s, size_t i, enum og_flaw f)
{
    struct og_seq_tx old = s->v[i];
    s->v[i].value = OG_U256_ZERO;
    if (!og_u256_is_zero(&old.value) && !judged(r, s, f))
        s->v[i].value = old.value;
    s->v[i].wait_s = 0;
    if (old.wait_s && !judged(r, s, f))
        s->v[i].wait_s = old.wait_s;
    for (uint8_t n = 0; n < old.again; n++) {
        s->v[i].again = n;
        if (judged(r, s, f))
            break;
        s->v[i].again = old.again;
    }
    if (old.who == OG_WHO_AGENT && !s->v[i].again) {
        s->v[i].who = OG_WHO_ATTACKER;
        s->v[i].lured = false;
        if (!judged(r, s, f)) {
            s->v[i].who = OG_WHO_AGENT;
            s->v[i].lured = old.lured;
        }
    }
}

void og_seq_minimise(struct og_seq_run *r, struct og_seq *s, enum og_flaw f)
{
    for (size_t i = s->n; i-- > 0;) {
        struct og_seq t;
        og_seq_copy(&t, s);
        og_seq_remove(&t, i);
        bool keep = t.n && judged(r, &t, f);
        if (keep) {
            struct og_seq old = *s;
            *s = t;
            t = old;
        }
        og_seq_release(&t);
    }
    for (size_t i = 0; i < s->n; i++) {
        try_plain(r, s, i, f);
        for (uint32_t at = 4; at + 32 <= s->v[i].n && at < 4 + 32 * 16; at += 32)
            try_word(r, s, i, at, f);
    }
}
