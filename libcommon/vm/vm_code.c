/* vm_code.c - one pass over the code: jump targets, and common pairs fused. */
#include "vm/vm_code.h"

#include "base/base_mem.h"
#include "vm/vm_op.h"

#include <stdlib.h>
#include <string.h>

#define JUMPDEST 0x5b
#define ISZERO   0x15
#define ADD      0x01
#define SHL      0x1b
#define SHR      0x1c
#define EQ       0x14
#define POP      0x50
#define JUMP     0x56
#define JUMPI    0x57
#define PUSH1    0x60
#define PUSH2    0x61
#define PUSH4    0x63
#define PUSH32   0x7f
#define DUP1     0x80
#define SWAP1    0x90
#define SWAP2    0x91

struct og_vm_code *og_vm_code_new(const void *bytes, size_t size)
{
    struct og_vm_code *c = og_xcalloc(1, sizeof *c);
    uint8_t *copy = og_xcalloc(1, size + OG_VM_CODE_PAD);
    if (size)
        memcpy(copy, bytes, size);
    c->bytes = copy;
    c->size = size;
    return c;
}

void og_vm_code_free(struct og_vm_code *c)
{
    if (!c)
        return;
    free((void *)(uintptr_t)c->bytes);
    free((void *)(uintptr_t)c->ops);
    free((void *)(uintptr_t)c->targets);
    free(c);
}

/* What stands in place of the opcode at p (padding lies behind the code), 0 for itself. */
static uint8_t fused(const struct og_vm_code *c, const uint8_t *p)
{
    switch (p[0]) {
    case PUSH1:
        if (p[2] == JUMP || p[2] == JUMPI)
            return !og_vm_code_is_target(c, p[1]) ? 0
                   : p[2] == JUMP                 ? OG_VM_PUSH1_JUMP
                                                  : OG_VM_PUSH1_JUMPI;
        return p[2] == ADD   ? OG_VM_PUSH1_ADD
               : p[2] == SHL ? OG_VM_PUSH1_SHL
               : p[2] == SHR ? OG_VM_PUSH1_SHR
                             : 0;
    case PUSH2:
        if ((p[3] != JUMP && p[3] != JUMPI) || !og_vm_code_is_target(c, (unsigned)p[1] << 8 | p[2]))
            return 0;
        return p[3] == JUMP ? OG_VM_PUSH2_JUMP : OG_VM_PUSH2_JUMPI;
    case ISZERO:
        return p[1] == PUSH2 && p[4] == JUMPI && og_vm_code_is_target(c, (unsigned)p[2] << 8 | p[3])
                   ? OG_VM_ISZERO_PUSH2_JUMPI
                   : 0;
    case SWAP1: return p[1] == POP ? OG_VM_SWAP1_POP : 0;
    case SWAP2: return p[1] == POP ? OG_VM_SWAP2_POP : 0;
    case POP: return p[1] == POP ? OG_VM_POP_POP : 0;
    case DUP1:
        return p[1] == PUSH4 && p[6] == EQ && p[7] == PUSH2 && p[10] == JUMPI &&
                       og_vm_code_is_target(c, (unsigned)p[8] << 8 | p[9])
                   ? OG_VM_DUP1_PUSH4_EQ_PUSH2_JUMPI
                   : 0;
    }
    return 0;
}

static size_t next_op(const uint8_t *p, size_t i)
{
    return i + 1 + (p[i] >= PUSH1 && p[i] <= PUSH32 ? (size_t)(p[i] - PUSH1) + 1 : 0);
}

void og_vm_code_prepare(struct og_vm_code *c)
{
    if (c->ready)
        return;
    uint8_t *targets = og_xcalloc(1, c->size / 8 + 1);
    uint8_t *ops = og_xmemdup(c->bytes, c->size + OG_VM_CODE_PAD);
    for (size_t i = 0; i < c->size; i = next_op(c->bytes, i))
        if (c->bytes[i] == JUMPDEST)
            targets[i >> 3] |= (uint8_t)(1u << (i & 7));
    c->targets = targets;
    for (size_t i = 0; i < c->size; i = next_op(c->bytes, i)) {
        uint8_t f = fused(c, c->bytes + i);
        if (f)
            ops[i] = f;
        else if (!og_vm_ops[c->bytes[i]].name)
            ops[i] = OG_VM_UNDEFINED;
    }
    c->ops = ops;
    c->ready = true;
}
