/* vm_step.h - opcodes that reach into the state; the interpreter calls them. */
#ifndef OG_VM_STEP_H
#define OG_VM_STEP_H

#include "vm/vm_int.h"

/* Each takes its words below sp and leaves its result where the table of vm_op.h says; f->gas is
 * charged. Not OG_VM_OK: the frame ends so. */
enum og_vm_status og_vm_step_BALANCE(struct og_vm_frame *f, struct og_u256 *sp);
enum og_vm_status og_vm_step_EXTCODESIZE(struct og_vm_frame *f, struct og_u256 *sp);
enum og_vm_status og_vm_step_EXTCODECOPY(struct og_vm_frame *f, struct og_u256 *sp);
enum og_vm_status og_vm_step_EXTCODEHASH(struct og_vm_frame *f, struct og_u256 *sp);
enum og_vm_status og_vm_step_RETURNDATACOPY(struct og_vm_frame *f, struct og_u256 *sp);
enum og_vm_status og_vm_step_BLOCKHASH(struct og_vm_frame *f, struct og_u256 *sp);
enum og_vm_status og_vm_step_SLOAD(struct og_vm_frame *f, struct og_u256 *sp);
enum og_vm_status og_vm_step_SSTORE(struct og_vm_frame *f, struct og_u256 *sp);
enum og_vm_status og_vm_step_TLOAD(struct og_vm_frame *f, struct og_u256 *sp);
enum og_vm_status og_vm_step_TSTORE(struct og_vm_frame *f, struct og_u256 *sp);
enum og_vm_status og_vm_step_LOG(struct og_vm_frame *f, struct og_u256 *sp, unsigned n_topics);
enum og_vm_status og_vm_step_SELFDESTRUCT(struct og_vm_frame *f, struct og_u256 *sp);

#define og_vm_step_LOG0(f, sp) og_vm_step_LOG(f, sp, 0)
#define og_vm_step_LOG1(f, sp) og_vm_step_LOG(f, sp, 1)
#define og_vm_step_LOG2(f, sp) og_vm_step_LOG(f, sp, 2)
#define og_vm_step_LOG3(f, sp) og_vm_step_LOG(f, sp, 3)
#define og_vm_step_LOG4(f, sp) og_vm_step_LOG(f, sp, 4)

#endif
