/* vm_op.h - the opcodes of Cancun: number, name, gas that every use costs, words taken and given.
 */
#ifndef OG_VM_OP_H
#define OG_VM_OP_H

#include <stdint.h>

/* X(kind, code, name, gas, in, out). The kind says how vm_run_body.h does it:
 *   ALU   words only; MEM  memory, out of gas the one failure; ENV  what is at hand in the frame
 *   SLOW  a function of vm_step.h; LAST  one that ends the frame; CALL  may begin another frame
 *   FLOW  written out in the body. */
#define OG_VM_OPS_ALU(X)                                                                           \
    X(ALU, 0x01, ADD, 3, 2, 1)                                                                     \
    X(ALU, 0x02, MUL, 5, 2, 1)                                                                     \
    X(ALU, 0x03, SUB, 3, 2, 1)                                                                     \
    X(ALU, 0x04, DIV, 5, 2, 1)                                                                     \
    X(ALU, 0x05, SDIV, 5, 2, 1)                                                                    \
    X(ALU, 0x06, MOD, 5, 2, 1)                                                                     \
    X(ALU, 0x07, SMOD, 5, 2, 1)                                                                    \
    X(ALU, 0x08, ADDMOD, 8, 3, 1)                                                                  \
    X(ALU, 0x09, MULMOD, 8, 3, 1)                                                                  \
    X(MEM, 0x0a, EXP, 10, 2, 1)                                                                    \
    X(ALU, 0x0b, SIGNEXTEND, 5, 2, 1)                                                              \
    X(ALU, 0x10, LT, 3, 2, 1)                                                                      \
    X(ALU, 0x11, GT, 3, 2, 1)                                                                      \
    X(ALU, 0x12, SLT, 3, 2, 1)                                                                     \
    X(ALU, 0x13, SGT, 3, 2, 1)                                                                     \
    X(ALU, 0x14, EQ, 3, 2, 1)                                                                      \
    X(ALU, 0x15, ISZERO, 3, 1, 1)                                                                  \
    X(ALU, 0x16, AND, 3, 2, 1)                                                                     \
    X(ALU, 0x17, OR, 3, 2, 1)                                                                      \
    X(ALU, 0x18, XOR, 3, 2, 1)                                                                     \
    X(ALU, 0x19, NOT, 3, 1, 1)                                                                     \
    X(ALU, 0x1a, BYTE, 3, 2, 1)                                                                    \
    X(ALU, 0x1b, SHL, 3, 2, 1)                                                                     \
    X(ALU, 0x1c, SHR, 3, 2, 1)                                                                     \
    X(ALU, 0x1d, SAR, 3, 2, 1)                                                                     \
    X(ALU, 0x50, POP, 2, 1, 0)                                                                     \
    X(ALU, 0x5b, JUMPDEST, 1, 0, 0)

#define OG_VM_OPS_ENV(X)                                                                           \
    X(ENV, 0x30, ADDRESS, 2, 0, 1)                                                                 \
    X(ENV, 0x32, ORIGIN, 2, 0, 1)                                                                  \
    X(ENV, 0x33, CALLER, 2, 0, 1)                                                                  \
    X(ENV, 0x34, CALLVALUE, 2, 0, 1)                                                               \
    X(ENV, 0x35, CALLDATALOAD, 3, 1, 1)                                                            \
    X(ENV, 0x36, CALLDATASIZE, 2, 0, 1)                                                            \
    X(ENV, 0x38, CODESIZE, 2, 0, 1)                                                                \
    X(ENV, 0x3a, GASPRICE, 2, 0, 1)                                                                \
    X(ENV, 0x3d, RETURNDATASIZE, 2, 0, 1)                                                          \
    X(ENV, 0x41, COINBASE, 2, 0, 1)                                                                \
    X(ENV, 0x42, TIMESTAMP, 2, 0, 1)                                                               \
    X(ENV, 0x43, NUMBER, 2, 0, 1)                                                                  \
    X(ENV, 0x44, PREVRANDAO, 2, 0, 1)                                                              \
    X(ENV, 0x45, GASLIMIT, 2, 0, 1)                                                                \
    X(ENV, 0x46, CHAINID, 2, 0, 1)                                                                 \
    X(ENV, 0x47, SELFBALANCE, 5, 0, 1)                                                             \
    X(ENV, 0x48, BASEFEE, 2, 0, 1)                                                                 \
    X(ENV, 0x49, BLOBHASH, 3, 1, 1)                                                                \
    X(ENV, 0x4a, BLOBBASEFEE, 2, 0, 1)                                                             \
    X(ENV, 0x59, MSIZE, 2, 0, 1)

#define OG_VM_OPS_MEM(X)                                                                           \
    X(MEM, 0x20, KECCAK256, 30, 2, 1)                                                              \
    X(MEM, 0x37, CALLDATACOPY, 3, 3, 0)                                                            \
    X(MEM, 0x39, CODECOPY, 3, 3, 0)                                                                \
    X(MEM, 0x51, MLOAD, 3, 1, 1)                                                                   \
    X(MEM, 0x52, MSTORE, 3, 2, 0)                                                                  \
    X(MEM, 0x53, MSTORE8, 3, 2, 0)                                                                 \
    X(MEM, 0x5e, MCOPY, 3, 3, 0)                                                                   \
    X(SLOW, 0x31, BALANCE, 0, 1, 1)                                                                \
    X(SLOW, 0x3b, EXTCODESIZE, 0, 1, 1)                                                            \
    X(SLOW, 0x3c, EXTCODECOPY, 0, 4, 0)                                                            \
    X(SLOW, 0x3e, RETURNDATACOPY, 3, 3, 0)                                                         \
    X(SLOW, 0x3f, EXTCODEHASH, 0, 1, 1)                                                            \
    X(SLOW, 0x40, BLOCKHASH, 20, 1, 1)                                                             \
    X(SLOW, 0x54, SLOAD, 0, 1, 1)                                                                  \
    X(SLOW, 0x55, SSTORE, 0, 2, 0)                                                                 \
    X(SLOW, 0x5c, TLOAD, 100, 1, 1)                                                                \
    X(SLOW, 0x5d, TSTORE, 100, 2, 0)                                                               \
    X(SLOW, 0xa0, LOG0, 375, 2, 0)                                                                 \
    X(SLOW, 0xa1, LOG1, 750, 3, 0)                                                                 \
    X(SLOW, 0xa2, LOG2, 1125, 4, 0)                                                                \
    X(SLOW, 0xa3, LOG3, 1500, 5, 0)                                                                \
    X(SLOW, 0xa4, LOG4, 1875, 6, 0)                                                                \
    X(LAST, 0xff, SELFDESTRUCT, 5000, 1, 0)

#define OG_VM_OPS_FLOW(X)                                                                          \
    X(FLOW, 0x00, STOP, 0, 0, 0)                                                                   \
    X(FLOW, 0x56, JUMP, 8, 1, 0)                                                                   \
    X(FLOW, 0x57, JUMPI, 10, 2, 0)                                                                 \
    X(FLOW, 0x58, PC, 2, 0, 1)                                                                     \
    X(FLOW, 0x5a, GAS, 2, 0, 1)                                                                    \
    X(CALL, 0xf0, CREATE, 32000, 3, 1)                                                             \
    X(CALL, 0xf1, CALL, 0, 7, 1)                                                                   \
    X(CALL, 0xf2, CALLCODE, 0, 7, 1)                                                               \
    X(FLOW, 0xf3, RETURN, 0, 2, 0)                                                                 \
    X(CALL, 0xf4, DELEGATECALL, 0, 6, 1)                                                           \
    X(CALL, 0xf5, CREATE2, 32000, 4, 1)                                                            \
    X(CALL, 0xfa, STATICCALL, 0, 6, 1)                                                             \
    X(FLOW, 0xfd, REVERT, 0, 2, 0)                                                                 \
    X(FLOW, 0xfe, INVALID, 0, 0, 0)

/* X(code, n): PUSH1..PUSH32, DUP1..DUP16, SWAP1..SWAP16 */
/* clang-format off */
#define OG_VM_OPS_PUSH(X)                                                                          \
    X(0x60, 1) X(0x61, 2) X(0x62, 3) X(0x63, 4) X(0x64, 5) X(0x65, 6)                              \
    X(0x66, 7) X(0x67, 8) X(0x68, 9) X(0x69, 10) X(0x6a, 11) X(0x6b, 12)                           \
    X(0x6c, 13) X(0x6d, 14) X(0x6e, 15) X(0x6f, 16) X(0x70, 17) X(0x71, 18)                        \
    X(0x72, 19) X(0x73, 20) X(0x74, 21) X(0x75, 22) X(0x76, 23) X(0x77, 24)                        \
    X(0x78, 25) X(0x79, 26) X(0x7a, 27) X(0x7b, 28) X(0x7c, 29) X(0x7d, 30)                        \
    X(0x7e, 31) X(0x7f, 32)
#define OG_VM_OPS_DUP(X)                                                                           \
    X(0x80, 1) X(0x81, 2) X(0x82, 3) X(0x83, 4) X(0x84, 5) X(0x85, 6)                              \
    X(0x86, 7) X(0x87, 8) X(0x88, 9) X(0x89, 10) X(0x8a, 11) X(0x8b, 12)                           \
    X(0x8c, 13) X(0x8d, 14) X(0x8e, 15) X(0x8f, 16)
#define OG_VM_OPS_SWAP(X)                                                                          \
    X(0x90, 1) X(0x91, 2) X(0x92, 3) X(0x93, 4) X(0x94, 5) X(0x95, 6)                              \
    X(0x96, 7) X(0x97, 8) X(0x98, 9) X(0x99, 10) X(0x9a, 11) X(0x9b, 12)                           \
    X(0x9c, 13) X(0x9d, 14) X(0x9e, 15) X(0x9f, 16)
/* clang-format on */

struct og_vm_op {
    const char *name; /* NULL: undefined */
    uint16_t gas;
    uint8_t in, out;
};
extern const struct og_vm_op og_vm_ops[256];

#endif
