/* vm_run_fused.h - pairs of opcodes done in one step; vm_code.c puts them where they apply.
 *
 * Each charges the gas of all its parts at once and needs the stack of all of them: a pair of which
 * the second part fails would have failed as a whole, and a failed frame leaves nothing of its own.
 * Jump targets within them were found valid when they were made. Part of vm_run_body.h. */
#if OG_VM_TRACED
#define FUSED_LABELS
#define FUSED_OPS
#else
#define FUSED_LABELS                                                                               \
    LABEL_FUSED(PUSH1_JUMP)                                                                        \
    LABEL_FUSED(PUSH2_JUMP)                                                                        \
    LABEL_FUSED(PUSH1_JUMPI)                                                                       \
    LABEL_FUSED(PUSH2_JUMPI)                                                                       \
    LABEL_FUSED(ISZERO_PUSH2_JUMPI)                                                                \
    LABEL_FUSED(PUSH1_ADD)                                                                         \
    LABEL_FUSED(PUSH1_SHL)                                                                         \
    LABEL_FUSED(PUSH1_SHR)                                                                         \
    LABEL_FUSED(SWAP1_POP)                                                                         \
    LABEL_FUSED(SWAP2_POP)                                                                         \
    LABEL_FUSED(POP_POP)                                                                           \
    LABEL_FUSED(DUP1_PUSH4_EQ_PUSH2_JUMPI)

/* The stack must have room for the constant that is never seen. */
#define ROOM                                                                                       \
    if (UNLIKELY(sp > base + OG_VM_STACK - 1))                                                     \
    goto overflow
#define FUSED_JUMP(name, n)                                                                        \
    AT(OG_VM_##name, name)                                                                         \
    {                                                                                              \
        ROOM;                                                                                      \
        CHECK(3 + 8, 0, 0);                                                                        \
        LAND(short_immediate(pc + 1, n))                                                           \
    }
#define FUSED_JUMPI(name, n, skip, cost, take)                                                     \
    AT(OG_VM_##name, name)                                                                         \
    {                                                                                              \
        ROOM;                                                                                      \
        CHECK(cost, 1, 0);                                                                         \
        sp--;                                                                                      \
        if (take) {                                                                                \
            LAND(short_immediate(pc + (skip), n))                                                  \
        } else {                                                                                   \
            pc += (skip) + (n) + 1;                                                                \
            NEXT();                                                                                \
        }                                                                                          \
    }
#define FUSED_PUSH1(name, expr)                                                                    \
    AT(OG_VM_PUSH1_##name, PUSH1_##name)                                                           \
    {                                                                                              \
        ROOM;                                                                                      \
        CHECK(3 + 3, 1, 1);                                                                        \
        *sp = expr;                                                                                \
        pc += 3;                                                                                   \
        NEXT();                                                                                    \
    }
#define FUSED_SWAP_POP(n)                                                                          \
    AT(OG_VM_SWAP##n##_POP, SWAP##n##_POP)                                                         \
    {                                                                                              \
        CHECK(3 + 2, (n) + 1, n);                                                                  \
        copy_word(sp - (n), sp);                                                                   \
        sp--;                                                                                      \
        pc += 2;                                                                                   \
        NEXT();                                                                                    \
    }
/* the selector's dispatch: DUP1 PUSH4 id EQ PUSH2 to JUMPI */
#define FUSED_SELECT                                                                               \
    AT(OG_VM_DUP1_PUSH4_EQ_PUSH2_JUMPI, DUP1_PUSH4_EQ_PUSH2_JUMPI)                                 \
    {                                                                                              \
        CHECK(3 + 3 + 3 + 3 + 10, 1, 3);                                                           \
        if (og_u256_fits_u64(sp) && sp->w[0] == (og_u256_get_be64(pc + 2) >> 32)) {                \
            LAND(short_immediate(pc + 8, 2))                                                       \
        } else {                                                                                   \
            pc += 11;                                                                              \
            NEXT();                                                                                \
        }                                                                                          \
    }

#define FUSED_OPS                                                                                  \
    FUSED_JUMP(PUSH1_JUMP, 1)                                                                      \
    FUSED_JUMP(PUSH2_JUMP, 2)                                                                      \
    FUSED_JUMPI(PUSH1_JUMPI, 1, 1, 13, !og_u256_is_zero(sp + 1))                                   \
    FUSED_JUMPI(PUSH2_JUMPI, 2, 1, 13, !og_u256_is_zero(sp + 1))                                   \
    FUSED_JUMPI(ISZERO_PUSH2_JUMPI, 2, 2, 16, og_u256_is_zero(sp + 1))                             \
    FUSED_PUSH1(ADD, og_u256_add(*sp, og_u256_of(pc[1])))                                          \
    FUSED_PUSH1(SHL, og_u256_shl(*sp, pc[1]))                                                      \
    FUSED_PUSH1(SHR, og_u256_shr(*sp, pc[1]))                                                      \
    FUSED_SWAP_POP(1)                                                                              \
    FUSED_SWAP_POP(2)                                                                              \
    AT(OG_VM_POP_POP, POP_POP)                                                                     \
    {                                                                                              \
        CHECK(2 + 2, 2, 0);                                                                        \
        sp -= 2;                                                                                   \
        pc += 2;                                                                                   \
        NEXT();                                                                                    \
    }                                                                                              \
    FUSED_SELECT
#endif
