/* analyze_prove_model.c - from a model to transactions of the small world. */
#include "analyze/analyze_prove_int.h"

#include "base/base_buf.h"
#include "base/base_mem.h"

#include <stdlib.h>
#include <string.h>

#define WAIT_MAX  UINT64_C(2000000000)
#define WORDS_MAX 100

static void is(struct og_prover *p, struct og_facts *f, og_t t, const struct og_u256 *w)
{
    og_facts_add(&p->ts, f, og_term_op(&p->ts, OG_T_EQ, og_term_const(&p->ts, w), t, 0));
}

static og_t person(struct og_prover *p, enum og_who who)
{
    struct og_u256 a = og_u256_from_be(og_world_addr(who)->b, OG_ADDR_LEN);
    return og_term_const(&p->ts, &a);
}

void og_prove_world_facts(struct og_prover *p, uint32_t n, struct og_facts *f)
{
    struct og_terms *ts = &p->ts;
    const struct og_vm_env *env = og_world_env();
    struct og_u256 coinbase = og_u256_from_be(env->coinbase.b, OG_ADDR_LEN),
                   limit = og_u256_of(env->gas_limit), zero = OG_U256_ZERO;
    og_t last = og_term_u64(ts, env->timestamp);
    for (uint32_t i = 0; i < n; i++) {
        og_t caller = og_term_var(ts, OG_V_CALLER, i, 0);
        og_t who = og_term_u64(ts, 0);
        for (int k = OG_WHO_OWNER; k <= OG_WHO_ATTACKER; k++)
            who = og_term_op(ts, OG_T_OR, who,
                             og_term_op(ts, OG_T_EQ, person(p, (enum og_who)k), caller, 0), 0);
        og_facts_add(ts, f, who);
        og_facts_add(ts, f, og_term_op(ts, OG_T_EQ, caller, og_term_var(ts, OG_V_ORIGIN, i, 0), 0));
        og_t value = og_term_var(ts, OG_V_VALUE, i, 0),
             time = og_term_var(ts, OG_V_TIMESTAMP, i, 0);
        struct og_u256 most = og_u256_shr(og_world_wei(), 4);
        og_facts_add(ts, f, og_term_op(ts, OG_T_LT, value, og_term_const(ts, &most), 0));
        og_facts_add(ts, f, og_term_not(ts, og_term_op(ts, OG_T_LT, time, last, 0)));
        og_t end = og_term_op(ts, OG_T_ADD, og_term_u64(ts, WAIT_MAX), last, 0);
        og_facts_add(ts, f, og_term_op(ts, OG_T_LT, time, end, 0));
        last = time;
        is(p, f, og_term_var(ts, OG_V_COINBASE, i, 0), &coinbase);
        is(p, f, og_term_var(ts, OG_V_RANDAO, i, 0), &env->prevrandao);
        is(p, f, og_term_var(ts, OG_V_GASLIMIT, i, 0), &limit);
        is(p, f, og_term_var(ts, OG_V_BASEFEE, i, 0), &zero);
        is(p, f, og_term_var(ts, OG_V_GASPRICE, i, 0), &zero);
    }
}

static struct og_u256 value_of(struct og_prover *p, enum og_tvar v, uint32_t tx, uint32_t k)
{
    struct og_u256 w;
    og_prove_value(p, og_term_var(&p->ts, v, tx, k), &w);
    return w;
}

static void model_data(struct og_prover *p, const struct og_entry *e, uint32_t tx,
                       struct og_seq_tx *t)
{
    struct og_buf b = OG_BUF_INIT;
    struct og_u256 sel = value_of(p, OG_V_SELECTOR, tx, 0), w;
    struct og_u256 size;
    bool sized = og_prove_value(p, og_term_var(&p->ts, OG_V_CDSIZE, tx, 0), &size);
    uint32_t n = e->n_words;
    if (!e->fn) {
        n = 0;
        for (uint32_t k = 0; k < WORDS_MAX; k++)
            if (og_prove_value(p, og_term_var(&p->ts, OG_V_CDWORD, tx, k), &w))
                n = k + 1;
    }
    og_buf_add_be32(&b, (uint32_t)sel.w[0]);
    for (uint32_t k = 0; k < n; k++) {
        uint8_t bytes[32];
        w = e->fn && e->known[k] ? e->word[k] : value_of(p, OG_V_CDWORD, tx, k);
        og_u256_store(&w, bytes);
        og_buf_add(&b, bytes, sizeof bytes);
    }
    if (!e->fn && sized && size.w[0] < b.len)
        b.len = size.w[0];
    og_seq_set_data(t, b.p, (uint32_t)b.len);
    og_buf_release(&b);
}

void og_prove_model(struct og_prover *p, const size_t *entry, uint32_t n, struct og_seq *out)
{
    uint64_t last = og_world_env()->timestamp;
    *out = (struct og_seq){0};
    for (uint32_t i = 0; i < n; i++) {
        struct og_seq_tx *t = og_seq_add(out);
        struct og_u256 caller = value_of(p, OG_V_CALLER, i, 0), time;
        t->who = OG_WHO_ATTACKER;
        for (int k = OG_WHO_OWNER; k <= OG_WHO_ATTACKER; k++) {
            struct og_u256 a = og_u256_from_be(og_world_addr((enum og_who)k)->b, OG_ADDR_LEN);
            if (og_u256_eq(&a, &caller))
                t->who = (enum og_who)k;
        }
        t->value = value_of(p, OG_V_VALUE, i, 0);
        time = value_of(p, OG_V_TIMESTAMP, i, 0);
        if (time.w[0] > last && time.w[0] - last <= WAIT_MAX) {
            t->wait_s = (uint32_t)(time.w[0] - last);
            last = time.w[0];
        }
        model_data(p, &p->entry[entry[i]], i, t);
    }
}
