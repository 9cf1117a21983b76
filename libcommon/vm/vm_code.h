/* vm_code.h - contract code made ready to run: jump targets known, common pairs of opcodes fused.
 */
#ifndef OG_VM_CODE_H
#define OG_VM_CODE_H

#include "crypto/crypto_hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Behind the last byte of both forms: a PUSH at the end reads zeros, and then comes STOP. */
#define OG_VM_CODE_PAD 40

/* Opcodes that no code contains: they stand in `ops` alone, in the place of the first opcode of the
 * pair. Undefined opcodes of the code become OG_VM_UNDEFINED there. */
enum og_vm_fused {
    OG_VM_UNDEFINED = 0x0c,
    OG_VM_PUSH1_JUMP = 0xb0,
    OG_VM_PUSH2_JUMP,
    OG_VM_PUSH1_JUMPI,
    OG_VM_PUSH2_JUMPI,
    OG_VM_ISZERO_PUSH2_JUMPI,
    OG_VM_PUSH1_ADD,
    OG_VM_PUSH1_SHL,
    OG_VM_PUSH1_SHR,
    OG_VM_SWAP1_POP,
    OG_VM_SWAP2_POP,
    OG_VM_POP_POP,
    OG_VM_DUP1_PUSH4_EQ_PUSH2_JUMPI
};

struct og_vm_code {
    struct og_hash hash; /* Keccak-256 of the bytes; of deployed code only */
    size_t size;
    bool ready;             /* ops and targets are filled */
    const uint8_t *bytes;   /* size + OG_VM_CODE_PAD bytes */
    const uint8_t *ops;     /* as many */
    const uint8_t *targets; /* one bit a byte of code: a JUMPDEST that is no push data */
};

/* Copies the bytes; size is below 2^31. The caller frees. */
struct og_vm_code *og_vm_code_new(const void *bytes, size_t size);
void og_vm_code_free(struct og_vm_code *c);
/* Fills ops and targets, once. */
void og_vm_code_prepare(struct og_vm_code *c);

static inline bool og_vm_code_is_target(const struct og_vm_code *c, uint64_t at)
{
    return at < c->size && (c->targets[at >> 3] >> (at & 7) & 1);
}

#endif
