/* analyze_agent.c - the attacker's contract, made for one transaction.
 *
 * Called by the one who starts it, it calls the contract with the data and hands failure on. Called
 * by anyone else it calls back with other data, as often as it should, and says 1. Run as somebody
 * else's code (by DELEGATECALL) it writes a slot. With little gas it does nothing. */
#include "analyze/analyze_seq.h"

#define LEAST_GAS 10000

enum label { MAIN, FOREIGN, STOP, ANSWER, FAIL, DATA, BACK, LABELS };

struct asm_ {
    struct og_buf *b;
    size_t start;
    uint16_t at[LABELS];
};

static void op(struct asm_ *a, const char *bytes, size_t n)
{
    og_buf_add(a->b, bytes, n);
}
#define OPS(s) op(a, s, sizeof s - 1)

static void push2(struct asm_ *a, unsigned v)
{
    og_buf_addc(a->b, 0x61);
    og_buf_addc(a->b, (char)(v >> 8));
    og_buf_addc(a->b, (char)v);
}

static void push_addr(struct asm_ *a, enum og_who who)
{
    og_buf_addc(a->b, 0x73);
    og_buf_add(a->b, og_world_addr(who)->b, OG_ADDR_LEN);
}

static void label(struct asm_ *a, enum label l)
{
    a->at[l] = (uint16_t)(a->b->len - a->start);
    if (l < DATA)
        OPS("\x5b");
}

/* CODECOPY(0, from, n); CALL(gas, contract, value on top or none, 0, n, 0, 0) */
static void call_on(struct asm_ *a, enum label from, uint32_t n, bool with_value)
{
    push2(a, n);
    push2(a, a->at[from]);
    OPS("\x5f\x39" /* CODECOPY */
        "\x5f\x5f");
    push2(a, n);
    OPS("\x5f");
    if (with_value)
        OPS("\x34"); /* CALLVALUE */
    else
        OPS("\x5f");
    push_addr(a, OG_WHO_CONTRACT);
    OPS("\x5a\xf1");
}

static void write_code(struct asm_ *a, const struct og_seq_tx *t)
{
    OPS("\x30");
    push_addr(a, OG_WHO_AGENT);
    OPS("\x14\x15");
    push2(a, a->at[FOREIGN]);
    OPS("\x57\x33");
    push_addr(a, t->lured ? OG_WHO_OWNER : OG_WHO_ATTACKER);
    OPS("\x14");
    push2(a, a->at[MAIN]);
    OPS("\x57");
    push2(a, LEAST_GAS);
    OPS("\x5a\x10"); /* GAS < LEAST_GAS */
    push2(a, a->at[STOP]);
    OPS("\x57\x5f\x5c\x80\x60"); /* TLOAD(0) DUP1 PUSH1 */
    og_buf_addc(a->b, (char)t->again);
    OPS("\x11\x15"); /* again > count, ISZERO */
    push2(a, a->at[ANSWER]);
    OPS("\x57\x60\x01\x01\x5f\x5d"); /* TSTORE(0, count + 1) */
    call_on(a, BACK, t->n_back, false);
    OPS("\x50");
    label(a, ANSWER);
    OPS("\x60\x01\x5f\x52\x60\x20\x5f\xf3");
    label(a, STOP);
    OPS("\x00");
    label(a, FOREIGN);
    OPS("\x60\x01\x5f\x55\x00");
    label(a, MAIN);
    call_on(a, DATA, t->n, true);
    OPS("\x15");
    push2(a, a->at[FAIL]);
    OPS("\x57\x00");
    label(a, FAIL);
    OPS("\x3d\x5f\x5f\x3e\x3d\x5f\xfd");
    label(a, DATA);
    og_buf_add(a->b, t->data, t->n);
    label(a, BACK);
    og_buf_add(a->b, t->back, t->n_back);
}

void og_agent_code(const struct og_seq_tx *t, struct og_buf *out)
{
    struct asm_ a = {.b = out, .start = out->len};
    for (int round = 0; round < 2; round++) { /* the first finds the places */
        out->len = a.start;
        write_code(&a, t);
    }
}
