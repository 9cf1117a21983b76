/* run.h - what the parts of the CUDA runner share: one small program that a job's sandbox holds. */
#ifndef OG_CUDA_RUN_H
#define OG_CUDA_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

/* The runner is started by libcommon/exec (exec_cuda.c); it needs nothing but the C library:
 *   run cpu   MODULE PLAN... PARAM...   a kernel compiled with cuda/shim, on this CPU
 *   run gpu   MODULE PLAN... PARAM...   a module for the driver
 *   run nvrtc SOURCE NAME ENTRY OUT LIB ARCH [OPTION ...]   compiles for a GPU
 *   run list                            GPUs and NVRTC, as lines "KEY VALUE"
 * PLAN: grid=X,Y,Z block=X,Y,Z shared=BYTES parts=N limit_ms=N jobs=N index=N
 *       device=N only=A,B-C,... entry=NAME (of a MODULE for the driver whose first line it is not)
 * PARAM, in the order of the kernel's parameters (const ones at the end):
 *   in:SIZE:PATH  out:SIZE:COUNT:PATH  inout:SIZE:PATH:PATH  tmp:SIZE:COUNT
 *   val:HEX  idx:SIZE  const:NAME:PATH */

#define OG_RUN_PARAMS_MAX 64
#define OG_RUN_PARTS_MAX  65536
#define OG_RUN_THREADS    1024 /* of a block */
#define OG_RUN_BLOCKS_MAX ((uint64_t)1 << 31)

/* Exit statuses of an element. */
#define OG_RUN_EXIT_DATA        65  /* kernel and parameters do not fit */
#define OG_RUN_EXIT_UNAVAILABLE 69  /* no driver, no device, no compiler for it */
#define OG_RUN_EXIT_SYSTEM      71  /* memory, files */
#define OG_RUN_EXIT_MEMORY      72  /* the GPU's memory does not hold the buffers */
#define OG_RUN_EXIT_ABORT       134 /* barrier, trap, assertion */
#define OG_RUN_EXIT_FAULT       139 /* memory out of bounds */

enum og_run_kind { RUN_IN, RUN_OUT, RUN_INOUT, RUN_TMP, RUN_VALUE, RUN_CONST };

struct og_run_param {
    enum og_run_kind kind;
    uint32_t size; /* of an element */
    uint64_t bytes;
    const char *path; /* read */
    const char *out;  /* written; in parts as .ogpu/PART.K */
    const char *name; /* of a __constant__ */
    uint8_t value[8];
    uint32_t value_bytes;
    bool index;    /* the value is the number of the element */
    uint8_t *at;   /* the buffer as the kernel sees it */
    uint8_t *base; /* its initial content: RUN_IN, RUN_INOUT, RUN_CONST */
    int fd;        /* memory that holds the initial content */
    size_t slack;  /* bytes between the buffer's end and its guard */
};

struct og_run_plan {
    const char *module;
    const char *entry; /* NULL: the module's first line */
    uint32_t grid[3], block[3];
    uint64_t shared, parts, limit_ms, jobs, index, device;
    bool fibers;
    uint64_t *only; /* parts to run, ascending; parts > 0 */
    size_t n_only;
    struct og_run_param param[OG_RUN_PARAMS_MAX];
    size_t n_param;
    size_t n_args; /* without RUN_CONST */
};

/* run_plan.c: false with one line on stderr. */
bool og_run_plan_read(int argc, char **argv, struct og_run_plan *out);
/* Values that are the number of the element. */
void og_run_set_index(struct og_run_plan *p, uint64_t part);
/* Blocks of part i, in linear order. */
void og_run_part_blocks(const struct og_run_plan *p, uint64_t part, uint64_t *first, uint64_t *end);

/* run_mem.c */
bool og_run_mem_open(struct og_run_plan *p);
/* In the process that runs blocks: private buffers with their initial content. */
bool og_run_mem_private(struct og_run_plan *p);
/* What the address belongs to, for people; false: to no buffer or guard of ours. */
bool og_run_mem_name(const struct og_run_plan *p, const void *addr, char *out, size_t max);
/* Names a buffer behind whose end something was written, when there is one. */
bool og_run_mem_slack(const struct og_run_plan *p, char *out, size_t max);
/* Buffers that have a name outside: whole, or the elements that differ from the start. */
bool og_run_mem_write(const struct og_run_plan *p);
bool og_run_mem_patch(const struct og_run_plan *p, uint64_t part);
/* One buffer's difference as a patch: runs of changed elements, each be64 offset, be64 length,
 * bytes. dirty: pages that may differ, NULL for all. */
bool og_run_patch_file(const char *path, const uint8_t *now, const uint8_t *base, uint64_t bytes,
                       uint32_t size, const uint8_t *dirty);
bool og_run_file_write(const char *path, const void *p, size_t n);

/* run_fiber.c */
struct og_run_where {
    uint32_t block[3], thread[3];
};
typedef void (*og_run_thread_fn)(void **args);
bool og_fiber_open(const uint32_t block[3]);
void og_fiber_block(og_run_thread_fn fn, void **args, const uint32_t block_at[3]);
/* The thread that runs now. */
void og_fiber_where(struct og_run_where *out);
/* The fiber whose stack's guard holds the address. */
bool og_fiber_overflow(const void *addr);

/* run_fault.c */
/* What a child that ran blocks has to say. */
struct og_run_report {
    volatile int exit;
    volatile int precise; /* the thread is known */
    char text[512];
};
void og_run_fault_open(const struct og_run_plan *p, struct og_run_report *r,
                       void (*where)(struct og_run_where *), bool precise);
noreturn void og_run_fail(int exit, const char *what);

int og_run_cpu(struct og_run_plan *p);
int og_run_gpu(struct og_run_plan *p);
int og_run_nvrtc(int argc, char **argv);
int og_run_list(void);
/* "watch MS": NVML's figures of every GPU, lines "KEY VALUE", "end N" behind each look. */
int og_run_watch(int n, char **args);

#endif
