/* exec_kernel_gpu.c - launches of built-in kernels, and the choice between a GPU and this CPU. */
#include "exec/exec_kernel_gpu.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "exec/exec_cuda_gpu.h"
#include "exec/exec_kernel_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct og_cuda_param *add(struct og_cuda *c, enum og_cuda_kind kind, uint32_t size)
{
    size_t cap = c->n_param;
    c->param = og_xgrow(c->param, &cap, c->n_param + 1, sizeof *c->param);
    struct og_cuda_param *p = &c->param[c->n_param++];
    *p = (struct og_cuda_param){.kind = kind, .size = size};
    return p;
}

static char *file_name(const char *kind, size_t i)
{
    char text[24];
    snprintf(text, sizeof text, "%s%zu", kind, i);
    return og_xstrdup(text);
}

void og_plan_in(struct og_cuda *c, size_t i, uint32_t size)
{
    add(c, OG_CUDA_IN, size)->path = file_name("in", i);
}

void og_plan_out(struct og_cuda *c, const struct og_kernel *k, size_t i, uint32_t size)
{
    struct og_cuda_param *p = add(c, OG_CUDA_OUT, size);
    p->out = file_name("out", i);
    p->count = k->shape.out_bytes[i] / size;
}

void og_plan_tmp(struct og_cuda *c, uint32_t size, uint64_t count)
{
    add(c, OG_CUDA_TMP, size)->count = count;
}

static void add_number(struct og_cuda *c, uint32_t size, uint64_t v)
{
    struct og_cuda_param *p = add(c, OG_CUDA_VALUE, size);
    for (uint32_t i = 0; i < size; i++, v >>= 8)
        p->value[i] = (uint8_t)v;
}

void og_plan_u32(struct og_cuda *c, uint64_t v)
{
    add_number(c, 4, v);
}

void og_plan_u64(struct og_cuda *c, uint64_t v)
{
    add_number(c, 8, v);
}

void og_plan_open(struct og_cuda *c, const char *entry, uint64_t grid_x, uint64_t grid_y,
                  uint32_t block)
{
    c->entry = og_xstrdup(entry);
    c->source = og_xstrdup("kernel.cu");
    c->grid[0] = (uint32_t)grid_x;
    c->grid[1] = (uint32_t)grid_y;
    c->grid[2] = 1;
    c->block[0] = block;
    c->block[1] = c->block[2] = 1;
}

bool og_kernel_plan(const struct og_kernel *k, struct og_cuda *out)
{
    const struct og_kernel_ops *ops = og_kernel_ops_of(k->def);
    memset(out, 0, sizeof *out);
    return ops && ops->plan && ops->plan(k, out);
}

/* What the GPU must hold. */
static uint64_t memory_of(const struct og_kernel *k, const struct og_cuda *c)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < k->shape.n_in; i++)
        sum += k->shape.in_bytes[i];
    for (size_t i = 0; i < c->n_param; i++)
        sum += c->param[i].count * c->param[i].size;
    return sum;
}

/* A driver is asked only where there are signs of one: it takes a process. */
static const struct og_gpu_list *gpus(void)
{
    if (!secure_getenv("OGPU_LIBCUDA") && access("/dev/nvidiactl", F_OK) != 0 &&
        access("/dev/nvidia0", F_OK) != 0 && access("/dev/dxg", F_OK) != 0)
        return NULL;
    const struct og_gpu_list *l = og_gpu_known();
    return l->n > 0 ? l : NULL;
}

static const struct og_gpu *gpu_of(const struct og_gpu_list *l, const char *uuid)
{
    for (size_t i = 0; uuid && i < l->n; i++)
        if (strcmp(l->gpu[i].uuid, uuid) == 0)
            return &l->gpu[i];
    return &l->gpu[0];
}

static enum og_rc launch(const struct og_job *job, const struct og_kernel *k,
                         const struct og_cuda *c, const struct og_kernel_place *place,
                         struct og_job_result *out, const volatile sig_atomic_t *stop,
                         struct og_err *err)
{
    char name[OG_KERNEL_FILES_MAX][24];
    struct og_job_in in[OG_KERNEL_FILES_MAX];
    struct og_job j = *job;
    const struct og_cuda_run run = {.cuda = c,
                                    .dir = place->dir,
                                    .where = OG_CUDA_GPU,
                                    .gpu = place->gpu,
                                    .ptx = (int)og_kernel_ops_of(k->def)->ptx};
    for (size_t i = 0; i < job->n_in; i++) {
        snprintf(name[i], sizeof name[i], "in%zu", i);
        in[i] = job->in[i];
        in[i].path = name[i];
    }
    j.in = in;
    enum og_rc rc = og_exec_cuda(&j, &run, out, stop, err);
    for (size_t i = 0; i < out->n_outs; i++)
        out->outs[i].path = i < job->n_out ? job->out[i] : k->def->out_name[i];
    if (rc == OG_OK && out->why == OG_JOB_DONE && out->exit != 0) {
        out->why = OG_JOB_NODE_FAULT; /* the kernel is ours, and its inputs were looked at */
        rc = og_err_set(err, OG_E_UNAVAILABLE, "kernel '%s' fails on the GPU: %.*s", k->def->name,
                        (int)og_min_u64(out->err.bytes, 200), (const char *)out->err.text);
    }
    return rc;
}

enum og_rc og_exec_kernel_gpu(const struct og_job *job, const struct og_kernel *k,
                              const struct og_kernel_place *place, struct og_job_result *out,
                              const volatile sig_atomic_t *stop, struct og_err *err)
{
    const struct og_gpu_list *l = gpus();
    struct og_cuda c = {0};
    bool good;
    enum og_rc rc = OG_OK;
    if (!l || !og_kernel_plan(k, &c) || memory_of(k, &c) >= gpu_of(l, place->gpu)->mem_bytes) {
        memset(out, 0, sizeof *out);
        out->why = OG_JOB_NODE_FAULT;
        rc = og_err_set(err, OG_E_UNAVAILABLE, "no GPU for this kernel");
    }
    if (rc == OG_OK)
        rc = og_kernel_inputs(job, k, &good, out, err);
    if (rc == OG_OK && good)
        rc = launch(job, k, &c, place, out, stop, err);
    og_cuda_release(&c);
    return rc;
}

enum og_rc og_exec_kernel_where(const struct og_job *job, const struct og_kernel *k,
                                const struct og_kernel_place *place, struct og_job_result *out,
                                const volatile sig_atomic_t *stop, struct og_err *err)
{
    if (place->where == OG_CUDA_CPU || !gpus())
        return og_exec_kernel(job, k, out, stop, err);
    enum og_rc rc = og_exec_kernel_gpu(job, k, place, out, stop, err);
    if (rc != OG_E_UNAVAILABLE && out->why != OG_JOB_MEMORY)
        return rc;
    og_job_result_release(out);
    return og_exec_kernel(job, k, out, stop, err);
}
