/* exec_cuda_gpu.c - runs the runner's "list" and reads it. */
#include "exec/exec_cuda_gpu.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "exec/exec_cuda_res.h"
#include "exec/exec_job.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LIST_MS  30000
#define LIST_MAX ((size_t)1 << 20)
#define GPUS_MAX 1024

void og_gpu_list_release(struct og_gpu_list *l)
{
    if (!l)
        return;
    free(l->gpu);
    memset(l, 0, sizeof *l);
}

static bool is(const char *s, size_t n, const char *key)
{
    return strlen(key) == n && memcmp(s, key, n) == 0;
}

static void take_text(const char *s, size_t n, char *to, size_t max)
{
    n = n < max ? n : max - 1;
    memcpy(to, s, n);
    to[n] = '\0';
}

static bool list_member(struct og_gpu_list *l, const char *key, size_t k, const char *s, size_t n)
{
    const struct {
        const char *key;
        char *to;
        size_t max;
    } texts[] = {{"no_gpu", l->no_gpu, sizeof l->no_gpu},
                 {"no_nvml", l->no_nvml, sizeof l->no_nvml},
                 {"no_nvrtc", l->no_nvrtc, sizeof l->no_nvrtc},
                 {"driver", l->driver, sizeof l->driver},
                 {"nvrtc", l->nvrtc, sizeof l->nvrtc},
                 {"nvrtc_version", l->nvrtc_version, sizeof l->nvrtc_version}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (is(key, k, texts[i].key)) {
            take_text(s, n, texts[i].to, texts[i].max);
            return true;
        }
    return is(key, k, "cuda") && og_parse_u64n(s, n, 1000000, &l->cuda);
}

/* "PID BYTES" */
static void take_process(struct og_gpu *g, const char *s, size_t n)
{
    const char *space = memchr(s, ' ', n);
    struct og_gpu_proc *p = &g->proc[g->n_procs];
    if (space && g->n_procs < OG_GPU_PROCS_MAX &&
        og_parse_u64n(s, (size_t)(space - s), INT32_MAX, &p->pid) &&
        og_parse_u64n(space + 1, n - (size_t)(space - s) - 1, (uint64_t)1 << 53, &p->mem_bytes))
        g->n_procs++;
}

static void gpu_member(struct og_gpu *g, const char *key, size_t k, const char *s, size_t n)
{
    const struct {
        const char *key;
        uint64_t *to;
    } numbers[] = {{"mem", &g->mem_bytes},     {"mem_used", &g->mem_used_bytes},
                   {"cc_major", &g->cc_major}, {"cc_minor", &g->cc_minor},
                   {"sms", &g->sms},           {"clock_khz", &g->clock_khz},
                   {"ecc", &g->ecc},           {"mig", &g->mig},
                   {"throttle", &g->throttle}, {"temperature", &g->temperature_c},
                   {"power_mw", &g->power_mw}, {"busy", &g->busy_percent},
                   {"minor", &g->minor}};
    if (is(key, k, "name"))
        take_text(s, n, g->name, sizeof g->name);
    if (is(key, k, "uuid"))
        take_text(s, n, g->uuid, sizeof g->uuid);
    if (is(key, k, "process"))
        take_process(g, s, n);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        uint64_t v;
        if (is(key, k, numbers[i].key) && og_parse_u64n(s, n, (uint64_t)1 << 53, &v))
            *numbers[i].to = v;
    }
}

void og_gpu_list_parse(const char *text, size_t n, struct og_gpu_list *out)
{
    size_t cap = 0;
    memset(out, 0, sizeof *out);
    for (size_t at = 0; at < n;) {
        const char *line = text + at;
        const char *nl = memchr(line, '\n', n - at);
        size_t len = nl ? (size_t)(nl - line) : n - at;
        const char *space = memchr(line, ' ', len);
        at += len + 1;
        if (!space)
            continue;
        size_t k = (size_t)(space - line), v = len - k - 1;
        if (is(line, k, "gpu") && out->n < GPUS_MAX) {
            out->gpu = og_xgrow(out->gpu, &cap, out->n + 1, sizeof *out->gpu);
            struct og_gpu *g = &out->gpu[out->n++];
            memset(g, 0xff, sizeof *g); /* OG_GPU_UNKNOWN */
            g->name[0] = g->uuid[0] = '\0';
            g->n_procs = 0;
            if (!og_parse_u64n(space + 1, v, GPUS_MAX, &g->ordinal))
                g->ordinal = out->n - 1;
        } else if (!list_member(out, line, k, space + 1, v) && out->n) {
            gpu_member(&out->gpu[out->n - 1], line, k, space + 1, v);
        }
    }
}

/* Variables that the libraries of CUDA read, and ours. */
size_t og_cuda_gpu_env(const char *gpu, const char **env, char *text, size_t max)
{
    static const char *const names[] = {"CUDA_VISIBLE_DEVICES", "OGPU_LIBCUDA", "OGPU_LIBNVRTC",
                                        "OGPU_LIBNVML", "LD_LIBRARY_PATH"};
    size_t n = 0, used = 0;
    env[n++] = "CUDA_CACHE_DISABLE=1";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *v = gpu && i == 0 ? gpu : secure_getenv(names[i]);
        int len = v ? snprintf(text + used, max - used, "%s=%s", names[i], v) : -1;
        if (len < 0 || (size_t)len >= max - used)
            continue;
        env[n++] = text + used;
        used += (size_t)len + 1;
    }
    env[n] = NULL;
    return n;
}

/* The runner with one or two words; limit_ms 0: for as long as it takes. */
static enum og_rc ask(int runner, const char *verb, const char *word, uint64_t limit_ms, int answer,
                      struct og_job_result *res, const volatile sig_atomic_t *stop,
                      struct og_err *err)
{
    const char *const argv[] = {"./.ogpu/run", verb, word, NULL};
    char src[64], text[4096];
    const char *env[OG_CUDA_ENV_MAX];
    struct og_cuda_res r = og_cuda_res(OG_CUDA_RES_RUN);
    OG_TRY(og_io_write_fd(runner, r.p, r.n, err));
    snprintf(src, sizeof src, "/proc/self/fd/%d", runner);
    og_cuda_gpu_env(NULL, env, text, sizeof text);
    const struct og_job_in in = {".ogpu/run", src, true};
    struct og_job job = {.argv = argv,
                         .env = env,
                         .in = &in,
                         .n_in = 1,
                         .limit_ms = limit_ms,
                         .out_bytes_max = limit_ms ? LIST_MAX : 0,
                         .cores = 4,
                         .sandbox = OG_SANDBOX_NONE,
                         .stdout_fd = answer};
    return og_exec_run(&job, res, stop, err);
}

enum og_rc og_gpu_watch(uint64_t ms, int fd, const volatile sig_atomic_t *stop, struct og_err *err)
{
    char word[24];
    struct og_job_result *res = og_xcalloc(1, sizeof *res);
    int runner = memfd_create("ogpu-run", MFD_CLOEXEC);
    snprintf(word, sizeof word, "%llu", (unsigned long long)ms);
    enum og_rc rc = runner < 0
                        ? og_err_set(err, OG_E_UNAVAILABLE, "no memory file: %s", strerror(errno))
                        : ask(runner, "watch", word, 0, fd, res, stop, err);
    if (runner >= 0)
        close(runner);
    og_job_result_release(res);
    free(res);
    return rc;
}

enum og_rc og_gpu_list(struct og_gpu_list *out, struct og_err *err)
{
    struct og_buf text = OG_BUF_INIT;
    struct og_job_result *res = og_xcalloc(1, sizeof *res);
    int runner = memfd_create("ogpu-run", MFD_CLOEXEC);
    int answer = memfd_create("ogpu-list", MFD_CLOEXEC);
    memset(out, 0, sizeof *out);
    enum og_rc rc = runner < 0 || answer < 0
                        ? og_err_set(err, OG_E_UNAVAILABLE, "no memory file: %s", strerror(errno))
                        : ask(runner, "list", NULL, LIST_MS, answer, res, NULL, err);
    if (rc == OG_OK && lseek(answer, 0, SEEK_SET) == 0)
        rc = og_io_read_fd(answer, LIST_MAX, &text, err);
    if (rc == OG_OK)
        og_gpu_list_parse(text.p ? text.p : "", text.len, out);
    if (rc == OG_OK && (res->why != OG_JOB_DONE || res->exit != 0)) {
        out->n = 0;
        snprintf(out->no_gpu, sizeof out->no_gpu, "the driver %s when it was asked",
                 res->why == OG_JOB_TIME ? "hangs" : "crashes");
    }
    if (rc == OG_OK && out->n == 0 && !out->no_gpu[0])
        snprintf(out->no_gpu, sizeof out->no_gpu, "the driver finds no device");
    if (runner >= 0)
        close(runner);
    if (answer >= 0)
        close(answer);
    og_buf_release(&text);
    og_job_result_release(res);
    free(res);
    return rc;
}

static pthread_once_t known_once = PTHREAD_ONCE_INIT;
static struct og_gpu_list known; /* found once, as a machine's GPUs stay */

static void find_known(void)
{
    struct og_err err = {0};
    if (og_gpu_list(&known, &err) != OG_OK)
        snprintf(known.no_gpu, sizeof known.no_gpu, "%.250s", err.msg);
}

const struct og_gpu_list *og_gpu_known(void)
{
    pthread_once(&known_once, find_known);
    return &known;
}

void og_cuda_gpu_prologue(struct og_buf *out)
{
    og_buf_adds(out, "struct ogpu_dims { unsigned x, y, z; };\n"
                     "extern \"C\" {\n"
                     "__constant__ unsigned long long ogpu_first;\n"
                     "__constant__ ogpu_dims ogpu_grid;\n"
                     "}\n"
                     "static __device__ __forceinline__ ogpu_dims ogpu_block_index()\n"
                     "{\n"
                     "    unsigned long long b = ogpu_first + blockIdx.x;\n"
                     "    ogpu_dims d;\n"
                     "    d.x = (unsigned)(b % ogpu_grid.x);\n"
                     "    b /= ogpu_grid.x;\n"
                     "    d.y = (unsigned)(b % ogpu_grid.y);\n"
                     "    d.z = (unsigned)(b / ogpu_grid.y);\n"
                     "    return d;\n"
                     "}\n"
                     "#undef blockIdx\n#undef gridDim\n"
                     "#define blockIdx (ogpu_block_index())\n"
                     "#define gridDim (ogpu_grid)\n");
}
