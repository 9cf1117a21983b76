/* analyze_gen.c - transactions made up and changed. */
#include "analyze/analyze_fuzz_int.h"

#include "analyze/analyze_args.h"
#include "base/base_mem.h"

#include <stdlib.h>
#include <string.h>

#define ARGS_UNKNOWN 4 /* words for a function without an ABI */

uint64_t og_fuzz_random(struct og_fuzz *f)
{
    return og_splitmix64(f->seed++);
}

static uint64_t below(struct og_fuzz *f, uint64_t n)
{
    return og_fuzz_random(f) % n;
}

void og_fuzz_release(struct og_fuzz *f)
{
    for (size_t i = 0; i < f->n_kept; i++)
        og_seq_release(&f->kept[i]);
    free(f->kept);
    free(f->fn);
}

void og_fuzz_add_word(struct og_fuzz *f, const struct og_u256 *w)
{
    for (size_t i = 0; i < f->n_words; i++)
        if (og_u256_eq(&f->word[i], w))
            return;
    if (f->n_words < OG_FUZZ_WORDS) {
        f->word[f->n_words++] = *w;
        return;
    }
    size_t room = OG_FUZZ_WORDS - f->fixed_words;
    f->word[f->fixed_words + f->next_word++ % room] = *w;
}

static void add_fn(struct og_fuzz *f, const struct og_abi_fn *abi, uint32_t selector, bool bare)
{
    for (size_t i = 0; i < f->n_fn; i++)
        if (!bare && !f->fn[i].bare && f->fn[i].selector == selector)
            return;
    f->fn = og_xgrow(f->fn, &f->cap_fn, f->n_fn + 1, sizeof *f->fn);
    f->fn[f->n_fn++] = (struct og_fuzz_fn){.abi = abi, .selector = selector, .bare = bare};
}

/* PUSH4 and a comparison right behind it, perhaps with a DUP between. */
static bool is_selector(const uint8_t *p, size_t n, size_t i)
{
    for (size_t k = i + 5; k < n && k < i + 8; k++) {
        if (p[k] == 0x14 || p[k] == 0x11 || p[k] == 0x03 || p[k] == 0x18)
            return true;
        if (p[k] < 0x80 || p[k] > 0x9f)
            return false;
    }
    return false;
}

static void add_near(struct og_fuzz *f, struct og_u256 w)
{
    struct og_u256 one = og_u256_of(1), x = og_u256_add(w, one);
    og_fuzz_add_word(f, &w);
    og_fuzz_add_word(f, &x);
    x = og_u256_sub(w, one);
    og_fuzz_add_word(f, &x);
}

void og_fuzz_read_code(struct og_fuzz *f, const struct og_contract *c, const uint8_t *p, size_t n)
{
    for (int i = 0; i < OG_N_WHO; i++) {
        struct og_u256 a = og_u256_from_be(og_world_addr((enum og_who)i)->b, OG_ADDR_LEN);
        og_fuzz_add_word(f, &a);
    }
    add_near(f, og_u256_of(1));
    add_near(f, og_u256_of(UINT64_C(1000000000000000000)));
    for (unsigned k = 7; k <= 256; k = k == 7 ? 8 : k * 2)
        add_near(f, k == 256 ? OG_U256_ZERO : og_u256_shl(og_u256_of(1), k));
    add_near(f, og_u256_shl(og_u256_of(1), 255));
    for (size_t i = 0; i < n; i++) {
        if (p[i] < 0x60 || p[i] > 0x7f)
            continue;
        unsigned k = p[i] - 0x5fu;
        if (i + k < n && f->n_words < OG_FUZZ_WORDS / 2 && k != 2) /* two bytes: jump targets */
            add_near(f, og_u256_from_be(p + i + 1, k));
        if (k == 4 && i + k < n && !c->has_abi && is_selector(p, n, i))
            add_fn(f, NULL, (uint32_t)og_u256_from_be(p + i + 1, 4).w[0], false);
        i += k;
    }
    f->fixed_words = f->n_words;
    for (size_t i = 0; i < c->abi.n; i++)
        add_fn(f, &c->abi.fn[i], c->abi.fn[i].selector, false);
    if (!c->has_abi || c->abi.has_fallback || c->abi.has_receive || !f->n_fn)
        add_fn(f, NULL, 0, true);
}

static struct og_u256 any_word(struct og_fuzz *f)
{
    uint64_t r = og_fuzz_random(f);
    switch (below(f, 8)) {
    case 0: return og_u256_of(r % 16);
    case 1: return og_u256_of(r % 256);
    case 2:
        return og_u256_shr((struct og_u256){{r, og_fuzz_random(f), og_fuzz_random(f), r}},
                           below(f, 256));
    case 3: return og_u256_of(r % 100000);
    default: return f->word[r % f->n_words];
    }
}

/* Owner and user do not name the attacker: what they would give it, they would give of their own
 * will. */
static struct og_u256 any_addr(struct og_fuzz *f)
{
    bool bad = f->caller == OG_WHO_ATTACKER || f->caller == OG_WHO_AGENT;
    enum og_who who = (enum og_who)below(f, OG_N_WHO);
    if (!bad && (who == OG_WHO_ATTACKER || who == OG_WHO_AGENT))
        who = OG_WHO_USER;
    if (bad && below(f, 3) == 0)
        who = below(f, 2) ? OG_WHO_ATTACKER : OG_WHO_AGENT;
    if (below(f, 20) == 0)
        return og_u256_of(below(f, 12));
    return og_u256_from_be(og_world_addr(who)->b, OG_ADDR_LEN);
}

static struct og_u256 word_of(void *ctx, const struct og_abi_type *t)
{
    struct og_fuzz *f = ctx;
    struct og_u256 w = any_word(f);
    switch (t->kind) {
    case OG_ABI_ADDRESS: return any_addr(f);
    case OG_ABI_BOOL: return og_u256_of(below(f, 2));
    case OG_ABI_FIXED_BYTES: return below(f, 2) ? og_u256_shl(w, 256u - t->bits) : w;
    case OG_ABI_UINT:
    case OG_ABI_INT:
    case OG_ABI_BYTES:
    case OG_ABI_ARRAY:
    case OG_ABI_TUPLE: break;
    }
    /* the largest of its type, and a little less */
    if (below(f, 12) == 0)
        return og_u256_sub(
            og_u256_shl(og_u256_of(1), t->kind == OG_ABI_INT ? t->bits - 1 : t->bits),
            og_u256_of(below(f, 3)));
    return w;
}

static uint32_t length_of(void *ctx, const struct og_abi_type *t)
{
    struct og_fuzz *f = ctx;
    if (t->kind == OG_ABI_BYTES)
        return (uint32_t)(below(f, 3) ? below(f, 5) : below(f, 70));
    return (uint32_t)(below(f, 10) ? below(f, 4) : below(f, 12));
}

static uint8_t byte_of(void *ctx)
{
    struct og_fuzz *f = ctx;
    uint64_t r = og_fuzz_random(f);
    return (uint8_t)(r % 3 == 0 ? r >> 8 : r % 3 == 1 ? 0 : 'a' + (r >> 8) % 26);
}

static void make_data(struct og_fuzz *f, const struct og_fuzz_fn *fn, struct og_buf *out)
{
    static const struct og_abi_type plain = {.kind = OG_ABI_UINT, .bits = 256, .head_words = 1};
    const struct og_args_source src = {f, word_of, length_of, byte_of};
    if (fn->bare) { /* plain ether, or data that names no function */
        og_args_encode(&plain, below(f, 2), &src, out);
        return;
    }
    og_buf_add_be32(out, fn->selector);
    if (fn->abi) {
        og_args_encode(fn->abi->in, fn->abi->n_in, &src, out);
        return;
    }
    for (int i = 0; i < ARGS_UNKNOWN; i++) {
        struct og_abi_type t = plain;
        t.kind = below(f, 2) ? OG_ABI_ADDRESS : OG_ABI_UINT;
        og_args_encode(&t, 1, &src, out);
    }
}

static struct og_fuzz_fn *any_fn(struct og_fuzz *f)
{
    struct og_fuzz_fn *fn = &f->fn[below(f, f->n_fn)];
    for (int tries = 0; tries < 4; tries++) {
        bool dull = fn->abi && fn->abi->view && below(f, 4);
        bool slow = fn->out_of_gas > 20 && below(f, 16);
        if (!dull && !slow)
            break;
        fn = &f->fn[below(f, f->n_fn)];
    }
    return fn;
}

static struct og_u256 any_value(struct og_fuzz *f, const struct og_fuzz_fn *fn)
{
    bool payable = fn->abi ? fn->abi->payable : true;
    if (!payable && below(f, 64))
        return OG_U256_ZERO;
    switch (below(f, 6)) {
    case 0: return OG_U256_ZERO;
    case 1: return og_u256_of(below(f, 4));
    case 2: return og_u256_shr(any_word(f), 256 - 80);
    case 3: {
        struct og_u256 w = any_word(f);
        return og_u256_bits(&w) <= 79 ? w : og_u256_of(1);
    }
    default: return og_u256_of(UINT64_C(1000000000000000000) * (1 + below(f, 5)));
    }
}

static void make_call_back(struct og_fuzz *f, struct og_seq_tx *t)
{
    struct og_buf b = OG_BUF_INIT;
    if (below(f, 2)) {
        og_buf_add(&b, t->data, t->n); /* the same function again */
    } else {
        make_data(f, any_fn(f), &b);
    }
    free(t->back);
    t->n_back = b.len <= OG_SEQ_DATA_MAX ? (uint32_t)b.len : 0;
    t->back = b.len ? og_xmemdup(b.p, b.len) : NULL;
    og_buf_release(&b);
    t->again = (uint8_t)(1 + below(f, 2));
}

static void make_tx(struct og_fuzz *f, struct og_seq_tx *t, bool attack)
{
    static const enum og_who setup[] = {OG_WHO_OWNER, OG_WHO_USER, OG_WHO_USER};
    struct og_buf b = OG_BUF_INIT;
    struct og_fuzz_fn *fn = any_fn(f);
    t->who = attack ? (below(f, 2) ? OG_WHO_AGENT : OG_WHO_ATTACKER) : setup[below(f, 3)];
    f->caller = t->who;
    make_data(f, fn, &b);
    if (b.len > OG_SEQ_DATA_MAX)
        b.len = 4;
    og_seq_set_data(t, b.p, (uint32_t)b.len);
    og_buf_release(&b);
    t->value = any_value(f, fn);
    if (below(f, 6) == 0)
        t->wait_s = (uint32_t)(below(f, 2) ? below(f, 100) : below(f, 100000000));
    if (t->who == OG_WHO_AGENT && below(f, 2))
        make_call_back(f, t);
    t->lured = t->who == OG_WHO_AGENT && below(f, 8) == 0;
    if (t->lured)
        t->value = OG_U256_ZERO;
}

void og_fuzz_new_seq(struct og_fuzz *f, struct og_seq *out)
{
    size_t n = 1 + below(f, 5), setup = below(f, n);
    *out = (struct og_seq){0};
    for (size_t i = 0; i < n; i++)
        make_tx(f, og_seq_add(out), i >= setup);
}

static void change_word(struct og_fuzz *f, struct og_seq_tx *t)
{
    if (t->n < 36)
        return;
    uint8_t *p = t->data + 4 + 32 * below(f, (t->n - 4) / 32);
    struct og_u256 w = og_u256_load(p), d = og_u256_of(1 + below(f, 4));
    f->caller = t->who;
    if (og_u256_bits(&w) > 140 && og_u256_bits(&w) <= 160)
        w = any_addr(f);
    else if (below(f, 3))
        w = any_word(f);
    else
        w = below(f, 2) ? og_u256_add(w, d) : og_u256_sub(w, d);
    og_u256_store(&w, p);
}

static void change_tx(struct og_fuzz *f, struct og_seq_tx *t)
{
    bool attack = t->who == OG_WHO_ATTACKER || t->who == OG_WHO_AGENT;
    switch (below(f, 8)) {
    case 0: t->value = og_u256_shr(any_word(f), 256 - 80); break;
    case 1:
        t->value = below(f, 2) ? OG_U256_ZERO : og_u256_of(UINT64_C(1000000000000000000));
        break;
    case 2: t->wait_s = (uint32_t)below(f, 10000000); break;
    case 3:
        if (attack)
            t->who = t->who == OG_WHO_AGENT ? OG_WHO_ATTACKER : OG_WHO_AGENT;
        t->lured = t->who == OG_WHO_AGENT && t->lured;
        t->again = t->who == OG_WHO_AGENT ? t->again : 0;
        break;
    case 4:
        if (t->who == OG_WHO_AGENT)
            make_call_back(f, t);
        break;
    default: change_word(f, t); break;
    }
}

void og_fuzz_mutate(struct og_fuzz *f, struct og_seq *s)
{
    size_t n = 1 + below(f, 3);
    for (size_t k = 0; k < n; k++) {
        size_t i = s->n ? below(f, s->n) : 0;
        switch (s->n ? below(f, 8) : 0) {
        case 0:
            if (s->n < OG_SEQ_MAX) { /* one more at the end, or before the attack */
                make_tx(f, og_seq_add(s), below(f, 4) != 0);
                if (s->v[s->n - 1].who == OG_WHO_OWNER || s->v[s->n - 1].who == OG_WHO_USER) {
                    struct og_seq_tx last = s->v[s->n - 1];
                    memmove(s->v + 1, s->v, (s->n - 1) * sizeof *s->v);
                    s->v[0] = last;
                }
            }
            break;
        case 1:
            if (s->n > 1)
                og_seq_remove(s, i);
            break;
        case 2:
            if (s->n < OG_SEQ_MAX && f->n_kept) { /* the end of another sequence */
                const struct og_seq *o = &f->kept[below(f, f->n_kept)];
                struct og_seq both, one = {.v = &o->v[o->n - 1], .n = 1};
                og_seq_copy(&both, &one);
                *og_seq_add(s) = both.v[0];
                free(both.v);
            }
            break;
        default: change_tx(f, &s->v[i]); break;
        }
    }
}
