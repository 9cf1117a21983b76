/* vm_trace.h - what the machine did, step by step, as EIP-3155 lines. */
#ifndef OG_VM_TRACE_H
#define OG_VM_TRACE_H

#include "base/base_buf.h"
#include "vm/vm_int.h"

/* The sink gets one JSON object without newline for each step, in order. A step's price is known
 * only after it, so its line comes when the next one begins. */
struct og_vm_tracer {
    void (*line)(void *ctx, const char *json, size_t n);
    /* Not NULL: called before every step instead, and no line is made. */
    void (*step)(void *ctx, const struct og_vm_frame *f, size_t pc, const struct og_u256 *sp,
                 int64_t gas);
    void *ctx;
    struct og_buf head, tail; /* of the step under way, before and behind its price */
    int64_t gas;              /* before it */
    bool under_way;
};

void og_vm_tracer_init(struct og_vm_tracer *t, void (*line)(void *, const char *, size_t),
                       void *ctx);
void og_vm_tracer_release(struct og_vm_tracer *t);

/* A step begins: at pc, with this stack and gas. */
void og_vm_trace_step(const struct og_vm_frame *f, size_t pc, const struct og_u256 *sp,
                      int64_t gas);
/* The step under way, if any, has left this much gas; error: NULL, or why it failed. */
void og_vm_trace_end(struct og_vm *vm, int64_t gas, const char *error);

#endif
