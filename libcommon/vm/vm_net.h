/* vm_net.h - precompiled contracts of the network, from 0x0100 on: below them Cancun is as it was.
 *
 * 0x0100 to 0x0104 ask the chain, through functions that whoever runs the machine gives; 0x0110 to
 * 0x0113 compute with whole numbers, the same on every machine. Without og_vm_set_net none of them
 * is there.
 *
 * Input of the computing ones: words of 32 bytes, then the numbers packed, big-endian, without
 * padding: int32 in 4 bytes, residues in 8. Output is packed alike.
 *   0x0110 MATMUL_I32   m, k, n; A (m·k), B (k·n)           C = A·B modulo 2^32
 *   0x0111 MATMUL_MODP  m, k, n; A, B, all below p          C = A·B modulo p = 2^64 − 2^32 + 1
 *   0x0112 VEC_OP_I32   op, n; a, and b for ADD, MUL, DOT   a vector of n, or one word
 *   0x0113 FREIVALDS    m, k, n, rounds, root; A, B, C < p  one word: 1 when A·(B·r) = C·r modulo p
 *                       for every vector r drawn from PREVRANDAO, root and A, B, C: a wrong C
 *                       passes a round with chance 1/p, and nobody can choose C by r
 * What is malformed fails and takes all gas. */
#ifndef OG_VM_NET_H
#define OG_VM_NET_H

#include "vm/vm.h"

#define OG_VM_NET_P     UINT64_C(0xffffffff00000001)
#define OG_VM_NET_CELLS ((uint64_t)1 << 24) /* m·k·n at most */

enum og_vm_net_number {
    OG_VM_NET_SUBMIT = 0x100,
    OG_VM_NET_STATUS,
    OG_VM_NET_RESULT,
    OG_VM_NET_NODE,
    OG_VM_NET_MARKET,
    OG_VM_NET_MATMUL_I32 = 0x110,
    OG_VM_NET_MATMUL_MODP,
    OG_VM_NET_VEC_I32,
    OG_VM_NET_FREIVALDS
};

enum og_vm_net_op {
    OG_VM_NET_ADD,
    OG_VM_NET_MUL,
    OG_VM_NET_RELU,
    OG_VM_NET_SUM,   /* of int32 as one int256 */
    OG_VM_NET_DOT,   /* as one int256, exact: n < 2^24 */
    OG_VM_NET_ARGMAX /* the first of the largest; n > 0 */
};

/* A call of one of the chain's. */
struct og_vm_net_call {
    enum og_vm_net_number number;
    struct og_vm *vm;
    struct og_vm_state *st;
    struct og_addr caller;
    struct og_u256 value;
    bool may_change; /* a CALL, not within STATICCALL */
    const uint8_t *in;
    size_t n;
};
struct og_vm_net {
    void *ctx;
    /* OG_VM_OK and OG_VM_REVERT keep what gas is left; out: the answer or the revert's data. */
    enum og_vm_status (*ask)(void *ctx, const struct og_vm_net_call *c, struct og_buf *out);
};
/* Borrowed; NULL: none of the addresses is special. */
void og_vm_set_net(struct og_vm *vm, const struct og_vm_net *net);

/* 0: none of them. */
unsigned og_vm_net_number_of(const struct og_addr *a);
struct og_addr og_vm_net_addr(enum og_vm_net_number n);
/* INT64_MAX for more than any gas, and for what is malformed. */
int64_t og_vm_net_gas(enum og_vm_net_number number, const uint8_t *in, size_t n);
/* One that computes; false: malformed. */
bool og_vm_net_run(enum og_vm_net_number number, const struct og_u256 *prevrandao,
                   const uint8_t *in, size_t n, struct og_buf *out);
/* A log of one of the chain's precompiles; undone with the frame that called it. */
void og_vm_net_log(struct og_vm *vm, const struct og_addr *addr, const struct og_u256 *topic,
                   unsigned n_topics, const void *data, size_t len);

#endif
