/* model_cuda.h - a task's "cuda" object: which kernel of which source, its grid, its parameters. */
#ifndef OG_MODEL_CUDA_H
#define OG_MODEL_CUDA_H

#include "base/base_err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_CUDA_PARAMS_MAX  64
#define OG_CUDA_PARTS_MAX   65536
#define OG_CUDA_THREADS_MAX 1024 /* of a block */
#define OG_CUDA_BLOCKS_MAX  ((uint64_t)1 << 31)
#define OG_CUDA_SHARED_MAX  ((uint64_t)227 << 10) /* bytes of dynamic shared memory */
#define OG_CUDA_BYTES_MAX   ((uint64_t)1 << 40)   /* of one buffer */

enum og_cuda_kind {
    OG_CUDA_IN,    /* in:TYPE:FILE            a file's content, which the kernel only reads */
    OG_CUDA_OUT,   /* out:TYPE:COUNT:FILE     zeros at first, a file afterwards */
    OG_CUDA_INOUT, /* inout:TYPE:FILE:FILE    a file's content at first, another file afterwards */
    OG_CUDA_TMP,   /* tmp:TYPE:COUNT          zeros at first, dropped afterwards */
    OG_CUDA_CONST, /* const:NAME:FILE         content of __constant__ NAME; no parameter of f() */
    OG_CUDA_VALUE, /* TYPE:NUMBER, TYPE:@index  by value; @index: the element's number */
};

/* One parameter. TYPE is i8 u8 i16 u16 f16 bf16 i32 u32 f32 i64 u64 f64. */
struct og_cuda_param {
    enum og_cuda_kind kind;
    uint32_t size;    /* bytes of an element */
    uint64_t count;   /* elements of OUT, TMP */
    char *path;       /* read: IN, INOUT, CONST; normalised */
    char *out;        /* written: OUT, INOUT */
    char *name;       /* CONST */
    uint8_t value[8]; /* little-endian */
    bool index;
};

struct og_cuda {
    char *source; /* the .cu file, normalised path */
    char *entry;  /* name of the kernel, maybe with template arguments */
    uint32_t grid[3], block[3];
    uint64_t shared_bytes;
    /* 0, or: the blocks are independent, and the grid is cut into so many parts of consecutive
     * blocks. Each is an element that starts from the buffers' first content; its outputs are
     * patches (check/check_patch.h). */
    uint64_t parts;
    struct og_cuda_param *param;
    size_t n_param;
};

/* {"block":[x,y,z],"entry":,"grid":[x,y,z],"params":[...],"parts":,"shared_bytes":,"source":};
 * block, grid: 1 to 3 numbers. OG_E_DATA "'cuda' ..." otherwise, *out is empty then. */
enum og_rc og_cuda_parse(const json_t *o, struct og_cuda *out, struct og_err *err) OG_MUST_CHECK;
void og_cuda_release(struct og_cuda *c);
/* One parameter's text; release with og_cuda_param_release. */
enum og_rc og_cuda_param_parse(const char *text, struct og_cuda_param *out,
                               struct og_err *err) OG_MUST_CHECK;
void og_cuda_param_release(struct og_cuda_param *p);
/* "X", "X,Y" or "X,Y,Z" as a list. NULL when it is none. */
json_t *og_cuda_dims(const char *text);

#endif
