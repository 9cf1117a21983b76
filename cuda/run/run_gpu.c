/* run_gpu.c - our own launcher: a compiled module on a GPU; no host code of the user's comes near.
 */
#include "run.h"
#include "run_cu.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#define MODULE_MAX ((size_t)1 << 30)
#define LOG_BYTES  8192
#define SHARED_OLD 49152 /* above it a kernel must ask */

struct gpu {
    struct og_cu_driver cu;
    struct og_run_plan *p;
    void *module, *fn;
    og_cu_ptr at[OG_RUN_PARAMS_MAX];
    uint8_t *host[OG_RUN_PARAMS_MAX]; /* of what is written */
};

/* For the alarm: parts from here on are late. */
static const struct og_run_plan *late_plan;
static volatile size_t late_at;
static int late_fd = -1;

static int fail(const struct gpu *g, int e, const char *what)
{
    const char *name = NULL;
    if (!g->cu.error_name || g->cu.error_name(e, &name) != 0 || !name)
        name = "";
    fprintf(stderr, "ogpu: %s: CUDA error %d %s\n", what, e, name);
    switch (e) {
    case OG_CU_OOM: return OG_RUN_EXIT_MEMORY;
    case OG_CU_ADDRESS:
    case OG_CU_MISALIGNED: return OG_RUN_EXIT_FAULT;
    case OG_CU_ASSERT:
    case OG_CU_INSTRUCTION:
    case OG_CU_LAUNCH: return OG_RUN_EXIT_ABORT;
    case OG_CU_RESOURCES:
    case OG_CU_NOT_FOUND: return OG_RUN_EXIT_DATA;
    }
    return OG_RUN_EXIT_UNAVAILABLE;
}

static int open_device(struct gpu *g)
{
    char why[OG_CU_WHY_MAX];
    int dev = 0;
    void *ctx = NULL;
    if (!og_cu_open_driver(&g->cu, why)) {
        fprintf(stderr, "ogpu: no GPU: %s\n", why);
        return OG_RUN_EXIT_UNAVAILABLE;
    }
    int e = g->cu.init(0);
    if (e == 0)
        e = g->cu.device(&dev, (int)g->p->device);
    if (e == 0)
        e = g->cu.ctx_retain(&ctx, dev);
    if (e == 0)
        e = g->cu.ctx_set(ctx);
    return e == 0 ? 0 : fail(g, e, "the GPU cannot be opened");
}

/* The module's first line is the kernel's name, unless the plan has it. */
static int open_module(struct gpu *g)
{
    struct stat st;
    FILE *f = fopen(g->p->module, "rbe");
    char *all = NULL;
    size_t n = 0;
    if (f && fstat(fileno(f), &st) == 0 && (size_t)st.st_size < MODULE_MAX)
        all = calloc((size_t)st.st_size + 1, 1);
    if (all)
        n = fread(all, 1, (size_t)st.st_size, f);
    if (f)
        fclose(f);
    char *nl = all ? memchr(all, '\n', n) : NULL;
    if (!nl) {
        fprintf(stderr, "ogpu: '%s' is no module\n", g->p->module);
        free(all);
        return OG_RUN_EXIT_SYSTEM;
    }
    const char *entry = g->p->entry, *image = all;
    if (!entry) {
        *nl = '\0';
        entry = all;
        image = nl + 1;
    }
    static char log[LOG_BYTES];
    const int keys[] = {OG_CU_JIT_ERROR_LOG, OG_CU_JIT_ERROR_SIZE};
    void *values[] = {log, (void *)(uintptr_t)(LOG_BYTES - 1)};
    int e = g->cu.load(&g->module, image, 2, keys, values);
    int rc = 0;
    if (e != 0 && log[0])
        fprintf(stderr, "%s\n", log);
    if (e != 0)
        rc = fail(g, e, "the driver refuses the module");
    else if ((e = g->cu.function(&g->fn, g->module, entry)) != 0)
        rc = fail(g, e, "the module lacks the kernel");
    free(all);
    return rc;
}

/* Where the driver can tell: number and sizes of the kernel's parameters. */
static int check_params(const struct gpu *g)
{
    size_t at, size, n = 0;
    if (!g->cu.param_info)
        return 0;
    while (n < OG_RUN_PARAMS_MAX && g->cu.param_info(g->fn, n, &at, &size) == 0) {
        const struct og_run_param *q = &g->p->param[n];
        size_t have = q->kind == RUN_VALUE ? q->value_bytes : sizeof(og_cu_ptr);
        if (n < g->p->n_args && have != size) {
            fprintf(stderr, "ogpu: parameter %zu of the kernel has %zu bytes, not %zu\n", n + 1,
                    size, have);
            return OG_RUN_EXIT_DATA;
        }
        n++;
    }
    if (n == g->p->n_args)
        return 0;
    fprintf(stderr, "ogpu: the kernel takes %zu parameters, not %zu\n", n, g->p->n_args);
    return OG_RUN_EXIT_DATA;
}

static int open_buffers(struct gpu *g)
{
    struct og_run_plan *p = g->p;
    for (size_t i = 0; i < p->n_param; i++) {
        struct og_run_param *q = &p->param[i];
        int e = 0;
        if (q->kind == RUN_VALUE)
            continue;
        if (q->kind == RUN_CONST) {
            size_t have = 0;
            e = g->cu.global(&g->at[i], &have, g->module, q->name);
            if (e != 0 || have != q->bytes) {
                fprintf(stderr, "ogpu: the source has no __constant__ '%s' of %" PRIu64 " bytes\n",
                        q->name, q->bytes);
                return OG_RUN_EXIT_DATA;
            }
        } else {
            e = g->cu.alloc(&g->at[i], q->bytes ? (size_t)q->bytes : 1);
        }
        if (e == 0 && q->base && q->bytes)
            e = g->cu.to_device(g->at[i], q->base, (size_t)q->bytes);
        if (e != 0)
            return fail(g, e, "a buffer cannot be had on the GPU");
        if (q->out && !(g->host[i] = malloc((size_t)q->bytes + 1)))
            return OG_RUN_EXIT_SYSTEM;
    }
    return 0;
}

/* What the kernel may write starts as said, for every part anew. */
static int reset(const struct gpu *g)
{
    for (size_t i = 0; i < g->p->n_param; i++) {
        const struct og_run_param *q = &g->p->param[i];
        int e = 0;
        if (q->kind == RUN_OUT || q->kind == RUN_TMP)
            e = g->cu.set(g->at[i], 0, (size_t)q->bytes);
        else if (q->kind == RUN_INOUT)
            e = g->cu.to_device(g->at[i], q->base, (size_t)q->bytes);
        if (e != 0)
            return fail(g, e, "a buffer cannot be set");
    }
    return 0;
}

/* In parts a launch has one dimension; the prologue of exec_cuda_gpu.c turns it into the grid's. */
static int set_part(const struct gpu *g, uint64_t first)
{
    og_cu_ptr at = 0;
    size_t n = 0;
    int e = g->cu.global(&at, &n, g->module, "ogpu_first");
    if (e == 0 && n == sizeof first)
        e = g->cu.to_device(at, &first, sizeof first);
    if (e == 0)
        e = g->cu.global(&at, &n, g->module, "ogpu_grid");
    if (e == 0 && n == sizeof g->p->grid)
        e = g->cu.to_device(at, g->p->grid, sizeof g->p->grid);
    return e == 0 ? 0 : fail(g, e, "a part cannot be set");
}

static int launch(const struct gpu *g, const uint32_t grid[3])
{
    static uint64_t nothing[OG_RUN_PARAMS_MAX];
    void *args[OG_RUN_PARAMS_MAX];
    struct og_run_plan *p = g->p;
    for (size_t i = 0; i < OG_RUN_PARAMS_MAX; i++) {
        union {
            const og_cu_ptr *at;
            void *any;
        } u = {.at = &g->at[i]};
        args[i] = i >= p->n_args                  ? &nothing[i]
                  : p->param[i].kind == RUN_VALUE ? (void *)p->param[i].value
                                                  : u.any;
    }
    if (p->shared > SHARED_OLD && g->cu.func_set) {
        int e = g->cu.func_set(g->fn, OG_CU_FUNC_SHARED, (int)p->shared);
        if (e != 0)
            return fail(g, e, "so much shared memory cannot be had");
    }
    int e = g->cu.launch(g->fn, grid[0], grid[1], grid[2], p->block[0], p->block[1], p->block[2],
                         (unsigned)p->shared, NULL, args, NULL);
    if (e == 0)
        e = g->cu.sync();
    return e == 0 ? 0 : fail(g, e, "the kernel fails");
}

static int fetch(const struct gpu *g)
{
    for (size_t i = 0; i < g->p->n_param; i++) {
        int e = g->host[i] && g->p->param[i].bytes
                    ? g->cu.to_host(g->host[i], g->at[i], (size_t)g->p->param[i].bytes)
                    : 0;
        if (e != 0)
            return fail(g, e, "a buffer cannot be read back");
    }
    return 0;
}

/* No word of this job stays in memory that the next one gets. */
static void scrub(const struct gpu *g)
{
    for (size_t i = 0; i < g->p->n_param; i++)
        if (g->at[i] && g->p->param[i].kind != RUN_CONST) {
            (void)g->cu.set(g->at[i], 0, (size_t)g->p->param[i].bytes);
            (void)g->cu.free(g->at[i]);
        }
}

static int run_whole(const struct gpu *g)
{
    og_run_set_index(g->p, 0);
    int e = reset(g);
    if (e == 0)
        e = launch(g, g->p->grid);
    if (e == 0)
        e = fetch(g);
    for (size_t i = 0; e == 0 && i < g->p->n_param; i++)
        if (g->host[i] &&
            !og_run_file_write(g->p->param[i].out, g->host[i], (size_t)g->p->param[i].bytes))
            e = OG_RUN_EXIT_SYSTEM;
    return e;
}

static void on_late(int sig)
{
    (void)sig;
    for (size_t i = late_at; i < late_plan->n_only; i++)
        dprintf(late_fd, "%" PRIu64 " -1\n", late_plan->only[i]);
    _exit(0);
}

static int run_part(const struct gpu *g, uint64_t part)
{
    uint64_t first, end;
    og_run_part_blocks(g->p, part, &first, &end);
    const uint32_t line[3] = {(uint32_t)(end - first), 1, 1};
    og_run_set_index(g->p, part);
    int e = reset(g);
    if (e == 0)
        e = set_part(g, first);
    if (e == 0)
        e = launch(g, line);
    if (e == 0)
        e = fetch(g);
    size_t k = 0;
    for (size_t i = 0; e == 0 && i < g->p->n_param; i++) {
        const struct og_run_param *q = &g->p->param[i];
        char path[64];
        if (!g->host[i])
            continue;
        snprintf(path, sizeof path, ".ogpu/%" PRIu64 ".%zu", part, k++);
        if (!og_run_patch_file(path, g->host[i], q->base, q->bytes, q->size, NULL))
            e = OG_RUN_EXIT_SYSTEM;
    }
    return e;
}

static int run_parts(const struct gpu *g)
{
    late_plan = g->p;
    late_fd = dup(1);
    if (late_fd < 0 || dup2(2, 1) < 0)
        return OG_RUN_EXIT_SYSTEM;
    signal(SIGALRM, on_late);
    for (size_t i = 0; i < g->p->n_only; i++) {
        struct itimerval t = {.it_value = {(time_t)(g->p->limit_ms / 1000),
                                           (suseconds_t)(g->p->limit_ms % 1000 * 1000)}};
        late_at = i;
        setitimer(ITIMER_REAL, &t, NULL);
        int e = run_part(g, g->p->only[i]);
        setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, NULL);
        if (e == OG_RUN_EXIT_SYSTEM || e == OG_RUN_EXIT_UNAVAILABLE || e == OG_RUN_EXIT_MEMORY)
            return e;
        if (dprintf(late_fd, "%" PRIu64 " %d%s\n", g->p->only[i], e,
                    e ? " the kernel fails on the GPU" : "") < 0)
            return OG_RUN_EXIT_SYSTEM;
        if (e != 0 && e != OG_RUN_EXIT_DATA)
            return e; /* the context is lost; the rest runs anew */
    }
    return 0;
}

int og_run_gpu(struct og_run_plan *p)
{
    static struct gpu g;
    g.p = p;
    if (!og_run_mem_open(p))
        return OG_RUN_EXIT_SYSTEM;
    int e = open_device(&g);
    if (e == 0)
        e = open_module(&g);
    if (e == 0)
        e = check_params(&g);
    if (e == 0)
        e = open_buffers(&g);
    if (e == 0)
        e = p->parts ? run_parts(&g) : run_whole(&g);
    if (e != OG_RUN_EXIT_FAULT && e != OG_RUN_EXIT_ABORT)
        scrub(&g);
    fflush(stdout);
    return e;
}
