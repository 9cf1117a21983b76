/* analyze_watch.c - what each step shows. */
#include "analyze/analyze_watch.h"

#include "base/base_mem.h"
#include "vm/vm_keccak.h"

#include <stdlib.h>
#include <string.h>

#define IMAGES_MAX 256

static void keep_word(struct og_watch *w, const struct og_u256 *x)
{
    for (size_t i = 0; i < OG_WATCH_WORDS && i < w->n_words; i++)
        if (og_u256_eq(&w->word[i], x))
            return;
    w->word[w->n_words++ % OG_WATCH_WORDS] = *x;
}

static void keep_image(struct og_watch *w, const struct og_vm_frame *f, const struct og_u256 *sp)
{
    if (!og_u256_fits_u64(sp) || !og_u256_fits_u64(sp - 1) || sp[-1].w[0] > 64 || !sp[-1].w[0] ||
        sp[0].w[0] > f->mem_len || sp[0].w[0] + sp[-1].w[0] > f->mem_len ||
        w->n_images >= IMAGES_MAX)
        return;
    w->image = og_xgrow(w->image, &w->cap_images, w->n_images + 1, sizeof *w->image);
    struct og_preimage *p = &w->image[w->n_images++];
    *p = (struct og_preimage){.n = (uint32_t)sp[-1].w[0]};
    memcpy(p->bytes, f->mem + sp[0].w[0], p->n);
    p->hash = og_keccak256(p->bytes, p->n);
}

/* REVERT of Panic(uint256) with 1; sp is at the offset. */
static bool is_panic(const struct og_vm_frame *f, const struct og_u256 *sp)
{
    static const uint8_t selector[4] = {0x4e, 0x48, 0x7b, 0x71};
    if (!og_u256_fits_u64(sp) || !og_u256_fits_u64(sp - 1) || sp[-1].w[0] != 36 ||
        f->mem_len < 36 || sp[0].w[0] > f->mem_len - 36)
        return false;
    const uint8_t *p = f->mem + sp[0].w[0];
    struct og_u256 code = og_u256_load(p + 4);
    return memcmp(p, selector, 4) == 0 && og_u256_fits_u64(&code) && code.w[0] == 1;
}

static void in_contract(struct og_watch *w, const struct og_vm_frame *f, uint32_t pc, uint8_t op,
                        const struct og_u256 *sp)
{
    size_t height = (size_t)(sp - f->stack);
    w->last_pc = pc;
    if (op && op == w->sought_op && height >= 2 &&
        ((og_u256_eq(sp, &w->sought[0]) && og_u256_eq(sp - 1, &w->sought[1])) ||
         (op != 3 && og_u256_eq(sp, &w->sought[1]) && og_u256_eq(sp - 1, &w->sought[0])))) {
        w->found_sought = true;
        w->found_pc = pc;
    }
    switch (op) {
    case 0x10:
    case 0x11:
    case 0x12:
    case 0x13:
    case 0x14:
        if (height >= 2) {
            keep_word(w, sp);
            keep_word(w, sp - 1);
        }
        break;
    case 0x20:
        if (w->keep_images && height >= 2)
            keep_image(w, f, sp);
        break;
    case 0x55:
        if (height >= 2)
            keep_word(w, sp - 1);
        break;
    case 0x5b:
        if (w->edge) {
            uint8_t *e = &w->edge[(w->last * 31 ^ pc) % OG_WATCH_MAP];
            *e += *e < 255;
        }
        if (pc <= w->last && w->dests) {
            w->looped = true;
            w->loop_pc = pc;
        }
        w->last = pc;
        w->dests++;
        break;
    case 0x57: w->last = pc; break;
    case 0xf1:
        if (height >= 3 && !og_u256_is_zero(sp - 2))
            w->call_pc = pc;
        break;
    case 0xfd:
        if (height >= 2 && is_panic(f, sp)) {
            w->panicked = true;
            w->panic_pc = pc;
        }
        break;
    case 0xfe:
        w->invalid = true;
        w->invalid_pc = pc;
        break;
    case 0xff:
        w->destroyed = true;
        w->destroy_pc = pc;
        break;
    }
}

static void step(void *ctx, const struct og_vm_frame *f, size_t pc, const struct og_u256 *sp,
                 int64_t gas)
{
    struct og_watch *w = ctx;
    (void)gas;
    w->steps++;
    w->all_steps++;
    if (!og_addr_eq(&f->self->addr, og_world_addr(OG_WHO_CONTRACT)))
        return;
    if (pc == 0 && f->vm->depth > 1)
        for (size_t i = 0; i + 1 < f->vm->depth; i++)
            w->reentered |= og_addr_eq(&f->vm->frame[i]->self->addr, &f->self->addr);
    if (w->agent_code && memcmp(f->code->hash.b, w->agent_code->b, OG_HASH_LEN) == 0) {
        w->foreign = true;
        return;
    }
    in_contract(w, f, (uint32_t)pc, f->code->bytes[pc], sp);
}

void og_watch_init(struct og_watch *w)
{
    *w = (struct og_watch){0};
    w->tracer = (struct og_vm_tracer){.step = step, .ctx = w};
}

void og_watch_reset(struct og_watch *w)
{
    w->last = w->dests = w->last_pc = w->call_pc = w->loop_pc = 0;
    w->looped = w->found_sought = w->reentered = w->invalid = w->destroyed = w->panicked =
        w->foreign = false;
    w->steps = 0;
}

void og_watch_release(struct og_watch *w)
{
    free(w->image);
    *w = (struct og_watch){0};
}
