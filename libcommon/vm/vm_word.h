/* vm_word.h - opcodes on words, memory and the frame, inlined into the interpreter. */
#ifndef OG_VM_WORD_H
#define OG_VM_WORD_H

#include "vm/vm_int.h"
#include "vm/vm_keccak.h"

/* Words: the first operand is *sp; the result replaces the deepest operand. */
#define OG_VM_BINARY(NAME, expr)                                                                   \
    OG_INLINE void alu_##NAME(struct og_u256 *sp)                                                  \
    {                                                                                              \
        const struct og_u256 *a = sp, *b = sp - 1;                                                 \
        sp[-1] = expr;                                                                             \
    }

OG_VM_BINARY(MUL, og_u256_mul(a, b))
OG_VM_BINARY(DIV, og_u256_div(a, b))
OG_VM_BINARY(SDIV, og_u256_sdiv(a, b))
OG_VM_BINARY(MOD, og_u256_mod(a, b))
OG_VM_BINARY(SMOD, og_u256_smod(a, b))
OG_VM_BINARY(SIGNEXTEND, og_u256_signextend(a, *b))
OG_VM_BINARY(LT, og_u256_of(og_u256_lt(a, b)))
OG_VM_BINARY(GT, og_u256_of(og_u256_lt(b, a)))
OG_VM_BINARY(SLT, og_u256_of(og_u256_slt(a, b)))
OG_VM_BINARY(SGT, og_u256_of(og_u256_slt(b, a)))
OG_VM_BINARY(EQ, og_u256_of(og_u256_eq(a, b)))
OG_VM_BINARY(SHL, og_u256_shl(*b, og_u256_fits_u64(a) ? a->w[0] : 256))
OG_VM_BINARY(SHR, og_u256_shr(*b, og_u256_fits_u64(a) ? a->w[0] : 256))
OG_VM_BINARY(SAR, og_u256_sar(*b, og_u256_fits_u64(a) ? a->w[0] : 256))

OG_INLINE void alu_ADD(struct og_u256 *sp)
{
    og_u256_addc(sp, sp - 1, sp - 1);
}

OG_INLINE void alu_SUB(struct og_u256 *sp)
{
    og_u256_subb(sp, sp - 1, sp - 1);
}

OG_INLINE void alu_AND(struct og_u256 *sp)
{
    for (int i = 0; i < 4; i++)
        sp[-1].w[i] &= sp[0].w[i];
}

OG_INLINE void alu_OR(struct og_u256 *sp)
{
    for (int i = 0; i < 4; i++)
        sp[-1].w[i] |= sp[0].w[i];
}

OG_INLINE void alu_XOR(struct og_u256 *sp)
{
    for (int i = 0; i < 4; i++)
        sp[-1].w[i] ^= sp[0].w[i];
}

OG_INLINE void alu_NOT(struct og_u256 *sp)
{
    for (int i = 0; i < 4; i++)
        sp[0].w[i] = ~sp[0].w[i];
}

OG_INLINE void alu_ISZERO(struct og_u256 *sp)
{
    *sp = og_u256_of(og_u256_is_zero(sp));
}

OG_INLINE void alu_BYTE(struct og_u256 *sp)
{
    uint64_t i = sp[0].w[0];
    bool within = og_u256_fits_u64(sp) && i < 32;
    sp[-1] = og_u256_of(within ? sp[-1].w[3 - i / 8] >> (56 - 8 * (i % 8)) & 0xff : 0);
}

OG_INLINE void alu_ADDMOD(struct og_u256 *sp)
{
    sp[-2] = og_u256_addmod(sp, sp - 1, sp - 2);
}

OG_INLINE void alu_MULMOD(struct og_u256 *sp)
{
    sp[-2] = og_u256_mulmod(sp, sp - 1, sp - 2);
}

OG_INLINE void alu_POP(struct og_u256 *sp)
{
    (void)sp;
}

OG_INLINE void alu_JUMPDEST(struct og_u256 *sp)
{
    (void)sp;
}

/* Makes memory reach off + len and gives both as numbers; false: out of gas. Of no bytes the place
 * does not matter. */
OG_INLINE bool reach(struct og_vm_frame *f, int64_t *gas, const struct og_u256 *off,
                     const struct og_u256 *len, uint64_t *at, uint64_t *n)
{
    *at = *n = 0;
    if (og_u256_is_zero(len))
        return true;
    if (!og_u256_fits_u64(len) || !og_u256_fits_u64(off) || len->w[0] > UINT32_MAX ||
        off->w[0] > UINT32_MAX)
        return false;
    *at = off->w[0];
    *n = len->w[0];
    if (*at + *n > f->mem_len)
        *gas = og_vm_mem_grow(f, *at + *n, *gas);
    return *gas >= 0;
}

/* Memory at off for n bytes, n a small constant; NULL: out of gas. */
OG_INLINE uint8_t *reach_word(struct og_vm_frame *f, int64_t *gas, const struct og_u256 *off,
                              unsigned n)
{
    if (__builtin_expect(!og_u256_fits_u64(off) || off->w[0] > UINT32_MAX, 0))
        return NULL;
    if (__builtin_expect(off->w[0] + n > f->mem_len, 0)) {
        *gas = og_vm_mem_grow(f, off->w[0] + n, *gas);
        if (*gas < 0)
            return NULL;
    }
    return f->mem + off->w[0];
}

OG_INLINE uint64_t words(uint64_t bytes)
{
    return (bytes + 31) / 32;
}

/* n bytes of src from off on to dst, zeros behind its end. */
OG_INLINE void copy_padded(uint8_t *dst, uint64_t n, const uint8_t *src, size_t len,
                           const struct og_u256 *off)
{
    uint64_t have = og_u256_fits_u64(off) && off->w[0] < len ? len - off->w[0] : 0;
    if (have > n)
        have = n;
    if (have)
        memcpy(dst, src + off->w[0], have);
    if (n > have)
        memset(dst + have, 0, n - have);
}

/* to memory at sp[0] from offset sp[-1], length sp[-2] */
OG_INLINE bool copy_in(struct og_vm_frame *f, struct og_u256 *sp, int64_t *gas, const uint8_t *src,
                       size_t len)
{
    uint64_t at, n;
    if (!reach(f, gas, sp, sp - 2, &at, &n) || (*gas -= (int64_t)(3 * words(n))) < 0)
        return false;
    if (n)
        copy_padded(f->mem + at, n, src, len, sp - 1);
    return true;
}

OG_INLINE bool mem_CALLDATACOPY(struct og_vm_frame *f, struct og_u256 *sp, int64_t *gas)
{
    return copy_in(f, sp, gas, f->input, f->input_len);
}

OG_INLINE bool mem_CODECOPY(struct og_vm_frame *f, struct og_u256 *sp, int64_t *gas)
{
    return copy_in(f, sp, gas, f->code->bytes, f->code->size);
}

OG_INLINE bool mem_MCOPY(struct og_vm_frame *f, struct og_u256 *sp, int64_t *gas)
{
    uint64_t to, from, n;
    if (!reach(f, gas, sp, sp - 2, &to, &n) || !reach(f, gas, sp - 1, sp - 2, &from, &n) ||
        (*gas -= (int64_t)(3 * words(n))) < 0)
        return false;
    if (n)
        memmove(f->mem + to, f->mem + from, n);
    return true;
}

OG_INLINE bool mem_KECCAK256(struct og_vm_frame *f, struct og_u256 *sp, int64_t *gas)
{
    uint64_t at, n;
    if (!reach(f, gas, sp, sp - 1, &at, &n) || (*gas -= (int64_t)(6 * words(n))) < 0)
        return false;
    struct og_hash h = og_keccak256(f->mem + at, n);
    sp[-1] = og_u256_load(h.b);
    return true;
}

OG_INLINE bool mem_MLOAD(struct og_vm_frame *f, struct og_u256 *sp, int64_t *gas)
{
    const uint8_t *p = reach_word(f, gas, sp, 32);
    if (!p)
        return false;
    *sp = og_u256_load(p);
    return true;
}

OG_INLINE bool mem_MSTORE(struct og_vm_frame *f, struct og_u256 *sp, int64_t *gas)
{
    uint8_t *p = reach_word(f, gas, sp, 32);
    if (!p)
        return false;
    og_u256_store(sp - 1, p);
    return true;
}

OG_INLINE bool mem_MSTORE8(struct og_vm_frame *f, struct og_u256 *sp, int64_t *gas)
{
    uint8_t *p = reach_word(f, gas, sp, 1);
    if (!p)
        return false;
    *p = (uint8_t)sp[-1].w[0];
    return true;
}

OG_INLINE bool mem_EXP(struct og_vm_frame *f, struct og_u256 *sp, int64_t *gas)
{
    (void)f;
    if ((*gas -= 50 * (int64_t)((og_u256_bits(sp - 1) + 7) / 8)) < 0)
        return false;
    sp[-1] = og_u256_exp(sp, sp - 1);
    return true;
}

/* The frame: the word goes to *to. */
#define OG_VM_ENV_OP(NAME, expr)                                                                   \
    OG_INLINE void env_##NAME(const struct og_vm_frame *f, struct og_u256 *to)                     \
    {                                                                                              \
        *to = expr;                                                                                \
    }

OG_VM_ENV_OP(ADDRESS, og_u256_from_be(f->self->addr.b, OG_ADDR_LEN))
OG_VM_ENV_OP(ORIGIN, og_u256_from_be(f->vm->env.origin.b, OG_ADDR_LEN))
OG_VM_ENV_OP(CALLER, og_u256_from_be(f->caller.b, OG_ADDR_LEN))
OG_VM_ENV_OP(CALLVALUE, f->value)
OG_VM_ENV_OP(CALLDATASIZE, og_u256_of(f->input_len))
OG_VM_ENV_OP(CODESIZE, og_u256_of(f->code->size))
OG_VM_ENV_OP(GASPRICE, f->vm->env.gas_price)
OG_VM_ENV_OP(RETURNDATASIZE, og_u256_of(f->ret_len))
OG_VM_ENV_OP(COINBASE, og_u256_from_be(f->vm->env.coinbase.b, OG_ADDR_LEN))
OG_VM_ENV_OP(TIMESTAMP, og_u256_of(f->vm->env.timestamp))
OG_VM_ENV_OP(NUMBER, og_u256_of(f->vm->env.number))
OG_VM_ENV_OP(PREVRANDAO, f->vm->env.prevrandao)
OG_VM_ENV_OP(GASLIMIT, og_u256_of(f->vm->env.gas_limit))
OG_VM_ENV_OP(CHAINID, og_u256_of(f->vm->env.chain_id))
OG_VM_ENV_OP(SELFBALANCE, f->self->balance)
OG_VM_ENV_OP(BASEFEE, f->vm->env.base_fee)
OG_VM_ENV_OP(BLOBBASEFEE, f->vm->env.blob_base_fee)
OG_VM_ENV_OP(MSIZE, og_u256_of(f->mem_len))
OG_VM_ENV_OP(BLOBHASH, ((void)f, OG_U256_ZERO)) /* no transaction has blobs */

OG_INLINE void env_CALLDATALOAD(const struct og_vm_frame *f, struct og_u256 *to)
{
    uint8_t b[32];
    if (og_u256_fits_u64(to) && to->w[0] < f->input_len && f->input_len - to->w[0] >= 32) {
        *to = og_u256_load(f->input + to->w[0]);
        return;
    }
    copy_padded(b, sizeof b, f->input, f->input_len, to);
    *to = og_u256_load(b);
}

/* The n bytes behind pc; reads up to 31 bytes beyond them. */
OG_INLINE struct og_u256 immediate(const uint8_t *p, unsigned n)
{
    struct og_u256 v = OG_U256_ZERO;
    for (unsigned limb = 0; limb * 8 < n; limb++) {
        unsigned left = n - 8 * limb;
        if (left >= 8)
            v.w[limb] = og_u256_get_be64(p + left - 8);
        else
            v.w[limb] = og_u256_get_be64(p) >> (8 * (8 - left));
    }
    return v;
}

OG_INLINE uint64_t short_immediate(const uint8_t *p, unsigned n)
{
    return n == 1 ? p[0] : (uint64_t)p[0] << 8 | p[1];
}

/* Limb by limb: a wide load right after four narrow stores would wait for them. */
OG_INLINE void copy_word(struct og_u256 *to, const struct og_u256 *from)
{
    uint64_t a = from->w[0], b = from->w[1], c = from->w[2], d = from->w[3];
    to->w[0] = a;
    to->w[1] = b;
    to->w[2] = c;
    to->w[3] = d;
}

OG_INLINE void swap_word(struct og_u256 *x, struct og_u256 *y)
{
    for (int i = 0; i < 4; i++) {
        uint64_t t = x->w[i];
        x->w[i] = y->w[i];
        y->w[i] = t;
    }
}

#endif
