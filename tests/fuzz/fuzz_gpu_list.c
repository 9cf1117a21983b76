/* fuzz_gpu_list.c - what a driver says through the runner: any bytes make a bounded list. */
#include "exec/exec_cuda_gpu.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct og_gpu_list l;
    og_gpu_list_parse((const char *)data, size, &l);
    if (l.n > 1024 || strlen(l.nvrtc) >= sizeof l.nvrtc)
        abort();
    for (size_t i = 0; i < l.n; i++)
        if (strlen(l.gpu[i].name) >= sizeof l.gpu[i].name)
            abort();
    og_gpu_list_release(&l);
    return 0;
}
