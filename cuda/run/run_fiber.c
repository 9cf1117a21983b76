/* run_fiber.c - the threads of a block as fibers in a ring: barriers, warps, their deadlocks. */
#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define STACK_BYTES (192u * 1024)
#define STAGGER     320u /* so that equal frames of fibers do not share cache sets */
#define SNAPS       64   /* a waiting lane is served within one turn of the ring, 32 exchanges */

enum wait { WAIT_NOT, WAIT_BLOCK, WAIT_WARP };

struct ogpu_snap {
    uint64_t value[32];
    unsigned lanes;
};

struct fiber {
    void *sp;
    struct fiber *next, *prev;
    uint64_t epoch;
    uint32_t index[6]; /* threadIdx, blockIdx */
    enum wait wait;
    int line;
    uint32_t mask, lane;
    uint64_t value;
    const struct ogpu_snap *snap;
    struct warp *warp;
    uint8_t *stack;
};

struct warp {
    uint32_t live, waiting;
    unsigned at;
    struct fiber *first;
    struct ogpu_snap snap[SNAPS];
};

static struct fiber *fibers, *cur;
static struct warp *warps;
static unsigned n_fibers;
static void *home;
static uint64_t epoch;
static unsigned live, arrived, idle;
static struct fiber *arrived_first;
static int vote_count, vote_and, vote_or, result_count, result_and, result_or;
static og_run_thread_fn entry;
static void **entry_args;

/* What the kernels' side of cuda_shim.h calls. */
void ogpu_rt_sync(int line);
int ogpu_rt_sync_vote(int line, int op, int pred);
const struct ogpu_snap *ogpu_rt_warp(unsigned mask, uint64_t value, int line);
unsigned ogpu_rt_live(void);
unsigned ogpu_rt_index(int which);

void og_fiber_switch(void **save, void *to);
#if defined(__x86_64__)
__asm__(".text\n"
        ".globl og_fiber_switch\n"
        ".type og_fiber_switch,@function\n"
        "og_fiber_switch:\n"
        "  pushq %rbp; pushq %rbx; pushq %r12; pushq %r13; pushq %r14; pushq %r15\n"
        "  movq %rsp,(%rdi)\n"
        "  movq %rsi,%rsp\n"
        "  popq %r15; popq %r14; popq %r13; popq %r12; popq %rbx; popq %rbp\n"
        "  ret\n"
        ".size og_fiber_switch,.-og_fiber_switch\n");
enum { SAVED_WORDS = 6 };
#elif defined(__aarch64__)
__asm__(".text\n"
        ".globl og_fiber_switch\n"
        ".type og_fiber_switch,%function\n"
        "og_fiber_switch:\n"
        "  sub sp, sp, #160\n"
        "  stp x19, x20, [sp, #0]\n  stp x21, x22, [sp, #16]\n"
        "  stp x23, x24, [sp, #32]\n  stp x25, x26, [sp, #48]\n"
        "  stp x27, x28, [sp, #64]\n  stp x29, x30, [sp, #80]\n"
        "  stp d8, d9, [sp, #96]\n  stp d10, d11, [sp, #112]\n"
        "  stp d12, d13, [sp, #128]\n  stp d14, d15, [sp, #144]\n"
        "  mov x9, sp\n"
        "  str x9, [x0]\n"
        "  mov sp, x1\n"
        "  ldp x19, x20, [sp, #0]\n  ldp x21, x22, [sp, #16]\n"
        "  ldp x23, x24, [sp, #32]\n  ldp x25, x26, [sp, #48]\n"
        "  ldp x27, x28, [sp, #64]\n  ldp x29, x30, [sp, #80]\n"
        "  ldp d8, d9, [sp, #96]\n  ldp d10, d11, [sp, #112]\n"
        "  ldp d12, d13, [sp, #128]\n  ldp d14, d15, [sp, #144]\n"
        "  add sp, sp, #160\n"
        "  ret\n"
        ".size og_fiber_switch,.-og_fiber_switch\n");
#else
#error "the switch between fibers is written for x86-64 and aarch64"
#endif

static inline void switch_to(struct fiber *to)
{
    struct fiber *from = cur;
    cur = to;
    og_fiber_switch(&from->sp, to->sp);
}

static void say_place(char *out, size_t max, const struct fiber *f)
{
    snprintf(out, max, "thread (%u,%u,%u) waits at line %d", f->index[0], f->index[1], f->index[2],
             f->line);
}

static noreturn void diverged(const struct fiber *a, const struct fiber *b)
{
    char x[96], y[96], text[256];
    say_place(x, sizeof x, a);
    say_place(y, sizeof y, b);
    snprintf(text, sizeof text, "divergent barrier: %s, %s", x, y);
    og_run_fail(OG_RUN_EXIT_ABORT, text);
}

/* All that are left wait, and not for the same. */
static noreturn void stuck(void)
{
    const struct fiber *a = cur, *b = cur->next;
    while (b != a && b->wait == a->wait && b->line == a->line && b->mask == a->mask)
        b = b->next;
    if (b != a)
        diverged(a, b);
    char text[160];
    snprintf(text, sizeof text,
             "divergent warp operation at line %d: lanes of mask %08x have ended or never come",
             a->line, a->mask);
    og_run_fail(OG_RUN_EXIT_ABORT, text);
}

static inline void pass_on(void)
{
    if (++idle > 2 * n_fibers + 2)
        stuck();
    if (cur->next == cur)
        stuck();
    switch_to(cur->next);
}

static void release_block(void)
{
    arrived = 0;
    epoch++;
    result_count = vote_count;
    result_and = vote_and;
    result_or = vote_or;
    vote_count = vote_or = 0;
    vote_and = 1;
    idle = 0;
}

void ogpu_rt_sync(int line)
{
    struct fiber *f = cur;
    f->line = line;
    if (arrived == 0)
        arrived_first = f;
    else if (arrived_first->line != line)
        diverged(arrived_first, f);
    if (++arrived == live) {
        release_block();
        return;
    }
    uint64_t mine = epoch;
    f->wait = WAIT_BLOCK;
    do
        pass_on();
    while (epoch == mine);
    f->wait = WAIT_NOT;
    idle = 0;
}

int ogpu_rt_sync_vote(int line, int op, int pred)
{
    vote_count += pred;
    vote_and &= pred;
    vote_or |= pred;
    ogpu_rt_sync(line);
    return op == 0 ? result_count : op == 1 ? result_and : result_or;
}

/* Serves all lanes of the mask when the last of them has come. */
static void try_release(struct warp *w, uint32_t mask)
{
    uint32_t need = mask & w->live;
    if (!need || (w->waiting & need) != need)
        return;
    for (uint32_t i = 0; i < 32; i++)
        if ((need >> i & 1) && w->first[i].mask != mask)
            return;
    struct ogpu_snap *s = &w->snap[w->at++ % SNAPS];
    s->lanes = need;
    for (uint32_t i = 0; i < 32; i++)
        if (need >> i & 1) {
            s->value[i] = w->first[i].value;
            w->first[i].snap = s;
        }
    w->waiting &= ~need;
    idle = 0;
}

const struct ogpu_snap *ogpu_rt_warp(unsigned mask, uint64_t value, int line)
{
    struct fiber *f = cur;
    f->line = line;
    f->mask = mask | 1u << f->lane;
    f->value = value;
    f->snap = NULL;
    f->warp->waiting |= 1u << f->lane;
    try_release(f->warp, f->mask);
    f->wait = WAIT_WARP;
    while (!f->snap)
        pass_on();
    f->wait = WAIT_NOT;
    idle = 0;
    return f->snap;
}

unsigned ogpu_rt_live(void)
{
    return cur->warp->live;
}

unsigned ogpu_rt_index(int which)
{
    return cur->index[which];
}

/* The rest no longer waits for a thread that has ended. */
static noreturn void leave(void)
{
    struct fiber *f = cur, *n = f->next;
    struct warp *w = f->warp;
    live--;
    idle = 0;
    if (arrived > 0 && arrived == live)
        release_block();
    w->live &= ~(1u << f->lane);
    for (uint32_t i = 0; i < 32 && w->waiting; i++)
        if (w->waiting >> i & 1)
            try_release(w, w->first[i].mask);
    f->prev->next = n;
    n->prev = f->prev;
    void *dead;
    if (live == 0)
        og_fiber_switch(&dead, home);
    cur = n;
    og_fiber_switch(&dead, n->sp);
    __builtin_trap();
}

static noreturn void begin(void)
{
    entry(entry_args);
    leave();
}

bool og_fiber_open(const uint32_t block[3])
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    n_fibers = block[0] * block[1] * block[2];
    fibers = calloc(n_fibers, sizeof *fibers);
    warps = calloc((n_fibers + 31) / 32, sizeof *warps);
    size_t each = STACK_BYTES + page;
    uint8_t *at =
        mmap(NULL, n_fibers * each, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (!fibers || !warps || at == MAP_FAILED)
        return false;
    for (unsigned i = 0; i < n_fibers; i++) {
        struct fiber *f = &fibers[i];
        f->stack = at + i * each + page; /* the guard is below */
        if (mprotect(f->stack, STACK_BYTES, PROT_READ | PROT_WRITE) < 0)
            return false;
        f->index[0] = i % block[0];
        f->index[1] = i / block[0] % block[1];
        f->index[2] = i / (block[0] * block[1]);
        f->lane = i % 32;
        f->warp = &warps[i / 32];
    }
    return true;
}

static void prepare(struct fiber *f, unsigned i)
{
    uintptr_t top = (uintptr_t)(f->stack + STACK_BYTES) - i * STAGGER % 8192;
    void **s = (void **)(top & ~(uintptr_t)15);
#if defined(__x86_64__)
    *--s = NULL; /* where begin would return to */
    *--s = (void *)(uintptr_t)begin;
    s -= SAVED_WORDS;
#else
    s -= 20;
    s[11] = (void *)(uintptr_t)begin; /* x30 */
    s[10] = NULL;
#endif
    f->sp = s;
}

void og_fiber_block(og_run_thread_fn fn, void **args, const uint32_t block_at[3])
{
    entry = fn;
    entry_args = args;
    live = n_fibers;
    arrived = idle = 0;
    vote_count = vote_or = 0;
    vote_and = 1;
    for (unsigned i = 0; i < n_fibers; i++) {
        struct fiber *f = &fibers[i];
        f->next = &fibers[i + 1 == n_fibers ? 0 : i + 1];
        f->prev = &fibers[i == 0 ? n_fibers - 1 : i - 1];
        f->wait = WAIT_NOT;
        memcpy(f->index + 3, block_at, 3 * sizeof *f->index);
        prepare(f, i);
        if (f->lane == 0) {
            unsigned left = n_fibers - i;
            f->warp->first = f;
            f->warp->live = left >= 32 ? UINT32_MAX : (1u << left) - 1;
            f->warp->waiting = 0;
        }
    }
    cur = &fibers[0];
    og_fiber_switch(&home, cur->sp);
}

void og_fiber_where(struct og_run_where *out)
{
    memcpy(out->thread, cur->index, sizeof out->thread);
    memcpy(out->block, cur->index + 3, sizeof out->block);
}

bool og_fiber_overflow(const void *addr)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const uint8_t *a = addr;
    return cur && a < cur->stack && a >= cur->stack - page;
}
