/* vm_run_body.h - the interpreter's one function, included once for each form of it.
 *
 * OG_VM_RUN names the function; OG_VM_TRACED 1: it runs the code as it stands, telling every step
 * to the tracer; 0: it runs the fused form. With GNU C an opcode jumps to the next through a table
 * of labels (2.5 ns an opcode); otherwise a switch does the same. */
#include "vm/vm_code.h"
#include "vm/vm_op.h"
#include "vm/vm_step.h"
#include "vm/vm_trace.h"
#include "vm/vm_word.h"

#define UNLIKELY(x) __builtin_expect(!!(x), 0)

#if defined __GNUC__ && !defined OG_VM_SWITCH
#define AT(code, name) op_##name:
#define NEXT()                                                                                     \
    do {                                                                                           \
        TRACE();                                                                                   \
        goto *label[*pc];                                                                          \
    } while (0)
#else
#define AT(code, name) case code:
#define NEXT()         break
#endif

#if OG_VM_TRACED
#define TRACE()  og_vm_trace_step(f, (size_t)(pc - start), sp, gas)
#define START(c) (c)->bytes
#else
#define TRACE()  (void)0
#define START(c) (c)->ops
#endif

#define FAIL(s)                                                                                    \
    do {                                                                                           \
        f->status = s;                                                                             \
        goto failed;                                                                               \
    } while (0)

/* Height before and after, then gas: in this order the tests of neighbours fold. */
#define CHECK(cost, in, out)                                                                       \
    if ((in) > 0 && UNLIKELY(sp < base + (in)))                                                    \
        goto underflow;                                                                            \
    if ((out) > (in) && UNLIKELY(sp > base + OG_VM_STACK - ((out) - (in))))                        \
        goto overflow;                                                                             \
    if ((cost) > 0 && UNLIKELY((gas -= (cost)) < 0))                                               \
    goto out_of_gas

#define DO_ALU(code, name, in, out)                                                                \
    alu_##name(sp);                                                                                \
    sp += (out) - (in);                                                                            \
    pc++;                                                                                          \
    NEXT();
#define DO_MEM(code, name, in, out)                                                                \
    if (UNLIKELY(!mem_##name(f, sp, &gas)))                                                        \
        goto out_of_gas;                                                                           \
    sp += (out) - (in);                                                                            \
    pc++;                                                                                          \
    NEXT();
#define DO_ENV(code, name, in, out)                                                                \
    sp += (out) - (in);                                                                            \
    env_##name(f, sp);                                                                             \
    pc++;                                                                                          \
    NEXT();
#define DO_SLOW(code, name, in, out)                                                               \
    f->gas = gas;                                                                                  \
    f->status = og_vm_step_##name(f, sp);                                                          \
    gas = f->gas;                                                                                  \
    if (UNLIKELY(f->status != OG_VM_OK))                                                           \
        goto failed;                                                                               \
    sp += (out) - (in);                                                                            \
    pc++;                                                                                          \
    NEXT();
#define DO_LAST(code, name, in, out)                                                               \
    f->gas = gas;                                                                                  \
    f->status = og_vm_step_##name(f, sp);                                                          \
    gas = f->gas;                                                                                  \
    if (f->status != OG_VM_OK)                                                                     \
        goto failed;                                                                               \
    f->out_len = 0;                                                                                \
    goto done;
#define DO_CALL(code, name, in, out)                                                               \
    f->gas = gas;                                                                                  \
    f->sp = sp;                                                                                    \
    f->pc = pc + 1;                                                                                \
    switch (og_vm_step_call(f, code)) {                                                            \
    case OG_VM_EXIT_DONE: goto failed;                                                             \
    case OG_VM_EXIT_ENTER: return OG_VM_EXIT_ENTER;                                                \
    case OG_VM_EXIT_ON: break;                                                                     \
    }                                                                                              \
    gas = f->gas;                                                                                  \
    sp = f->sp;                                                                                    \
    pc++;                                                                                          \
    NEXT();
#define DO_FLOW(code, name, in, out) DO_##name

#define DO_STOP                                                                                    \
    f->out_len = 0;                                                                                \
    f->status = OG_VM_OK;                                                                          \
    goto done;
#define DO_INVALID FAIL(OG_VM_BAD_OPCODE);
#define DO_PC                                                                                      \
    *++sp = og_u256_of((uint64_t)(pc - start));                                                    \
    pc++;                                                                                          \
    NEXT();
#define DO_GAS                                                                                     \
    *++sp = og_u256_of((uint64_t)gas);                                                             \
    pc++;                                                                                          \
    NEXT();
#define LEAVE(s)                                                                                   \
    if (!reach(f, &gas, sp, sp - 1, &at, &n))                                                      \
        goto out_of_gas;                                                                           \
    f->out = f->mem + at;                                                                          \
    f->out_len = n;                                                                                \
    f->status = s;                                                                                 \
    goto done;
#define DO_RETURN LEAVE(OG_VM_OK)
#define DO_REVERT LEAVE(OG_VM_REVERT)

/* To a JUMPDEST, known to be one: where opcodes are fused, past it at once. */
#define LAND(to)                                                                                   \
    pc = start + (to);                                                                             \
    if (!OG_VM_TRACED) {                                                                           \
        if (UNLIKELY((gas -= 1) < 0))                                                              \
            goto out_of_gas;                                                                       \
        pc++;                                                                                      \
    }                                                                                              \
    NEXT();
#define JUMP_TO(word)                                                                              \
    if (UNLIKELY(!og_u256_fits_u64(word) || !og_vm_code_is_target(f->code, (word)->w[0])))         \
        FAIL(OG_VM_BAD_JUMP);                                                                      \
    LAND((word)->w[0])
#define DO_JUMP                                                                                    \
    sp--;                                                                                          \
    JUMP_TO(sp + 1)
#define DO_JUMPI                                                                                   \
    sp -= 2;                                                                                       \
    if (!og_u256_is_zero(sp + 1)) {                                                                \
        JUMP_TO(sp + 2)                                                                            \
    } else {                                                                                       \
        pc++;                                                                                      \
        NEXT();                                                                                    \
    }

#define OP(kind, code, name, gas_, in, out)                                                        \
    AT(code, name)                                                                                 \
    {                                                                                              \
        CHECK(gas_, in, out);                                                                      \
        DO_##kind(code, name, in, out)                                                             \
    }
#define OP_PUSH(code, n)                                                                           \
    AT(code, PUSH##n)                                                                              \
    {                                                                                              \
        CHECK(3, 0, 1);                                                                            \
        *++sp = immediate(pc + 1, n);                                                              \
        pc += (n) + 1;                                                                             \
        NEXT();                                                                                    \
    }
#define OP_DUP(code, n)                                                                            \
    AT(code, DUP##n)                                                                               \
    {                                                                                              \
        CHECK(3, n, (n) + 1);                                                                      \
        copy_word(sp + 1, sp + 1 - (n));                                                           \
        sp++;                                                                                      \
        pc++;                                                                                      \
        NEXT();                                                                                    \
    }
#define OP_SWAP(code, n)                                                                           \
    AT(code, SWAP##n)                                                                              \
    {                                                                                              \
        CHECK(3, (n) + 1, (n) + 1);                                                                \
        swap_word(sp, sp - (n));                                                                   \
        pc++;                                                                                      \
        NEXT();                                                                                    \
    }

#define LABEL(kind, code, name, gas_, in, out) [code] = &&op_##name,
#define LABEL_PUSH(code, n)                    [code] = &&op_PUSH##n,
#define LABEL_DUP(code, n)                     [code] = &&op_DUP##n,
#define LABEL_SWAP(code, n)                    [code] = &&op_SWAP##n,
#define LABEL_FUSED(name)                      [OG_VM_##name] = &&op_##name,

#include "vm/vm_run_fused.h"

enum og_vm_exit OG_VM_RUN(struct og_vm_frame *f)
{
    const uint8_t *const start = START(f->code);
    const struct og_u256 *const base = f->stack;
    const uint8_t *pc = f->pc ? f->pc : start;
    struct og_u256 *sp = f->sp;
    int64_t gas = f->gas;
    uint64_t at, n;
#if defined __GNUC__ && !defined OG_VM_SWITCH
    static const void *const label[256] = {
        [0 ... 255] = &&op_UNDEFINED,
        [0x5f] = &&op_PUSH0,
        OG_VM_OPS_ALU(LABEL) OG_VM_OPS_ENV(LABEL) OG_VM_OPS_MEM(LABEL) OG_VM_OPS_FLOW(LABEL)
            OG_VM_OPS_PUSH(LABEL_PUSH) OG_VM_OPS_DUP(LABEL_DUP) OG_VM_OPS_SWAP(LABEL_SWAP)
                FUSED_LABELS};
    NEXT();
#else
    for (;;) {
        TRACE();
        switch (*pc) {
#endif
    OG_VM_OPS_ALU(OP)
    OG_VM_OPS_ENV(OP)
    OG_VM_OPS_MEM(OP)
    OG_VM_OPS_FLOW(OP)
    OG_VM_OPS_PUSH(OP_PUSH)
    OG_VM_OPS_DUP(OP_DUP)
    OG_VM_OPS_SWAP(OP_SWAP)
    AT(0x5f, PUSH0)
    {
        CHECK(2, 0, 1);
        *++sp = OG_U256_ZERO;
        pc++;
        NEXT();
    }
    FUSED_OPS
#if defined __GNUC__ && !defined OG_VM_SWITCH
op_UNDEFINED:
    FAIL(OG_VM_BAD_OPCODE);
#else
        default: FAIL(OG_VM_BAD_OPCODE);
        }
    }
#endif
underflow:
    FAIL(OG_VM_UNDERFLOW);
overflow:
    FAIL(OG_VM_OVERFLOW);
out_of_gas:
    f->status = OG_VM_OUT_OF_GAS;
failed:
    gas = 0;
    f->out_len = 0;
done:
    f->gas = gas;
    return OG_VM_EXIT_DONE;
}
