/* vm_op.c - the opcodes as a table, for traces and analyses. */
#include "vm/vm_op.h"

#define ROW(kind, code, name, gas, in, out) [code] = {#name, gas, in, out},
#define PUSH(code, n)                       [code] = {"PUSH" #n, 3, 0, 1},
#define DUP(code, n)                        [code] = {"DUP" #n, 3, n, n + 1},
#define SWAP(code, n)                       [code] = {"SWAP" #n, 3, n + 1, n + 1},

const struct og_vm_op og_vm_ops[256] = {
    OG_VM_OPS_ALU(ROW) OG_VM_OPS_ENV(ROW) OG_VM_OPS_MEM(ROW) OG_VM_OPS_FLOW(ROW)
        OG_VM_OPS_PUSH(PUSH) OG_VM_OPS_DUP(DUP) OG_VM_OPS_SWAP(SWAP)[0x5f] = {"PUSH0", 2, 0, 1}};
