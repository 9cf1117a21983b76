/* fuzz_cuda.c - "cuda" objects: what is accepted is whole, within bounds, and reads the same again.
 */
#include "base/base_io.h"
#include "model/model_cuda.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct og_cuda c;
    struct og_err err = {0};
    json_t *o = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
    if (!o)
        return 0;
    if (og_cuda_parse(o, &c, &err) != OG_OK) {
        check(!c.source && !c.param && err.msg[0]);
        json_decref(o);
        return 0;
    }
    check(og_io_path_is_tame(c.source));
    check((uint64_t)c.block[0] * c.block[1] * c.block[2] <= OG_CUDA_THREADS_MAX);
    check((uint64_t)c.grid[0] * c.grid[1] * c.grid[2] <= OG_CUDA_BLOCKS_MAX);
    check(c.parts <= OG_CUDA_PARTS_MAX && c.n_param <= OG_CUDA_PARAMS_MAX);
    for (size_t i = 0; i < c.n_param; i++) {
        const struct og_cuda_param *p = &c.param[i];
        check(p->size >= 1 && p->size <= 8 && p->count * p->size <= OG_CUDA_BYTES_MAX);
        check(!p->path || og_io_path_is_tame(p->path));
        check(!p->out || og_io_path_is_tame(p->out));
        check((p->kind == OG_CUDA_CONST) == (p->name != NULL));
    }
    og_cuda_release(&c);
    json_decref(o);
    return 0;
}
