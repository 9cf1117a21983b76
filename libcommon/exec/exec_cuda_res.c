/* exec_cuda_res.c - the runner and the headers, embedded by the assembler; the Makefile names the
 * files. */
#include "exec/exec_cuda_res.h"

#include "base/base_buf.h"
#include "base/base_io.h"
#include "crypto/crypto_hash.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#define EMBED(name, file)                                                                          \
    __asm__(".section .rodata\n.balign 16\n" #name "_p:\n.incbin \"" file "\"\n" #name             \
            "_e:\n.byte 0\n.previous\n");                                                          \
    extern const uint8_t name##_p[], name##_e[]
EMBED(og_cuda_embed_run, OG_CUDA_RUNNER);
EMBED(og_cuda_embed_shim, "cuda/shim/cuda_shim.h");
EMBED(og_cuda_embed_half, "cuda/shim/cuda_half.h");
EMBED(og_cuda_embed_climate, "cuda/climate.ptx");
EMBED(og_cuda_embed_gemm, "cuda/gemm.ptx");
EMBED(og_cuda_embed_learn, "cuda/learn.ptx");
EMBED(og_cuda_embed_motion, "cuda/motion.ptx");
EMBED(og_cuda_embed_reduce, "cuda/reduce.ptx");

struct og_cuda_res og_cuda_res(enum og_cuda_res_id id)
{
#define RES(file, sym, x)                                                                          \
    (struct og_cuda_res)                                                                           \
    {                                                                                              \
        file, sym##_p, (size_t)((uintptr_t)sym##_e - (uintptr_t)sym##_p), x                        \
    }
    switch (id) {
    case OG_CUDA_RES_RUN: return RES("run", og_cuda_embed_run, true);
    case OG_CUDA_RES_SHIM: return RES("cuda_shim.h", og_cuda_embed_shim, false);
    case OG_CUDA_RES_HALF: return RES("cuda_half.h", og_cuda_embed_half, false);
    case OG_CUDA_RES_CLIMATE: return RES("climate.ptx", og_cuda_embed_climate, false);
    case OG_CUDA_RES_GEMM: return RES("gemm.ptx", og_cuda_embed_gemm, false);
    case OG_CUDA_RES_LEARN: return RES("learn.ptx", og_cuda_embed_learn, false);
    case OG_CUDA_RES_MOTION: return RES("motion.ptx", og_cuda_embed_motion, false);
    case OG_CUDA_RES_REDUCE: return RES("reduce.ptx", og_cuda_embed_reduce, false);
    case OG_CUDA_RES_COUNT: break;
    }
    return (struct og_cuda_res){"", NULL, 0, false};
}

static char *folder(const char *dir)
{
    struct og_hasher h;
    struct og_buf b = OG_BUF_INIT;
    og_hasher_init(&h);
    for (int i = 0; i < OG_CUDA_RES_COUNT; i++) {
        struct og_cuda_res r = og_cuda_res((enum og_cuda_res_id)i);
        og_hasher_add(&h, r.p, r.n);
    }
    struct og_hash sum = og_hasher_final(&h);
    og_buf_addf(&b, "%s/tools-", dir);
    og_buf_add_hex(&b, sum.b, 8);
    return og_buf_detach(&b);
}

enum og_rc og_cuda_res_files(const char *dir, char *path[OG_CUDA_RES_COUNT], struct og_err *err)
{
    for (int i = 0; i < OG_CUDA_RES_COUNT; i++)
        path[i] = NULL;
    char *tools = folder(dir);
    enum og_rc rc = og_io_mkdirs(tools, 0700, err);
    for (int i = 0; rc == OG_OK && i < OG_CUDA_RES_COUNT; i++) {
        struct og_cuda_res r = og_cuda_res((enum og_cuda_res_id)i);
        struct stat st;
        path[i] = og_io_join(tools, r.name);
        /* written whole or not at all, so the size tells */
        if (stat(path[i], &st) == 0 && (size_t)st.st_size == r.n)
            continue;
        rc = og_io_write_atomic(path[i], r.p, r.n, r.executable ? 0500 : 0400, OG_IO_NOSYNC, err);
    }
    free(tools);
    for (int i = 0; rc != OG_OK && i < OG_CUDA_RES_COUNT; i++) {
        free(path[i]);
        path[i] = NULL;
    }
    return rc;
}
