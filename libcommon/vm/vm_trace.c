/* vm_trace.c - steps as EIP-3155 lines; everything in them is a number or a fixed name. */
#include "vm/vm_trace.h"

#include "vm/vm_op.h"

#include <inttypes.h>

void og_vm_tracer_init(struct og_vm_tracer *t, void (*line)(void *, const char *, size_t),
                       void *ctx)
{
    *t = (struct og_vm_tracer){.line = line, .ctx = ctx};
}

void og_vm_tracer_release(struct og_vm_tracer *t)
{
    og_buf_release(&t->head);
    og_buf_release(&t->tail);
}

void og_vm_trace_end(struct og_vm *vm, int64_t gas, const char *error)
{
    struct og_vm_tracer *t = vm->tracer;
    if (!t || !t->under_way)
        return;
    t->under_way = false;
    og_buf_addf(&t->head, "\"gasCost\":\"0x%" PRIx64 "\",", (uint64_t)(t->gas - gas));
    og_buf_add(&t->head, t->tail.p, t->tail.len);
    if (error)
        og_buf_addf(&t->head, ",\"error\":\"%s\"", error);
    og_buf_addc(&t->head, '}');
    t->line(t->ctx, t->head.p, t->head.len);
}

void og_vm_trace_step(const struct og_vm_frame *f, size_t pc, const struct og_u256 *sp, int64_t gas)
{
    struct og_vm_tracer *t = f->vm->tracer;
    char word[67];
    if (t->step) {
        t->step(t->ctx, f, pc, sp, gas);
        t->gas = gas;
        return;
    }
    og_vm_trace_end(f->vm, gas, NULL);
    uint8_t op = f->code->bytes[pc];
    og_buf_reset(&t->head);
    og_buf_reset(&t->tail);
    og_buf_addf(&t->head, "{\"pc\":%zu,\"op\":%u,\"gas\":\"0x%" PRIx64 "\",", pc, op,
                (uint64_t)gas);
    og_buf_addf(&t->tail, "\"memSize\":%" PRIu64 ",\"stack\":[", f->mem_len);
    for (const struct og_u256 *w = f->stack + 1; w <= sp; w++) {
        og_u256_to_hex(w, word);
        og_buf_addf(&t->tail, "%s\"%s\"", w == f->stack + 1 ? "" : ",", word);
    }
    og_buf_addf(&t->tail, "],\"depth\":%zu,\"refund\":%" PRId64, f->vm->depth, f->vm->refund);
    const char *name = og_vm_ops[op].name;
    if (name)
        og_buf_addf(&t->tail, ",\"opName\":\"%s\"", name);
    else
        og_buf_addf(&t->tail, ",\"opName\":\"opcode 0x%x not defined\"", op);
    t->gas = gas;
    t->under_way = true;
}
