/* fakecuda.c - driver, NVRTC and NVML of a GPU that is a CPU: runs kernels through cuda/shim. */
/* Loaded by the runner (cuda/run), whose runtime its kernels use. A "cubin" is a shared object.
 * PTX of a built-in kernel is looked at, and its source compiled. What goes wrong stands in the
 * name that it is loaded by: libfakecuda.WHAT.so, where WHAT is init=N, none (no device), oom,
 * launch=N, hang, crash, old (an NVRTC without the device), log (names of kernels go to the file
 * "used"). */
#include "base/base_buf.h"
#include "cuda/run/run.h"
#include "exec/exec_cu.h"
#include "exec/exec_cuda_source.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MEMORY  ((size_t)1 << 30)
#define MAGIC   "FAKECUBN"
#define NOT_YET 6 /* NVRTC_ERROR_COMPILATION */

#define EMBED(name, file)                                                                          \
    __asm__(".section .rodata\n" #name "_p:\n.incbin \"" file "\"\n" #name "_e:\n.previous\n");    \
    extern const char name##_p[], name##_e[]
EMBED(fake_shim, "cuda/shim/cuda_shim.h");
EMBED(fake_half, "cuda/shim/cuda_half.h");
EMBED(fake_climate, "cuda/climate.cu");
EMBED(fake_gemm, "cuda/gemm.cu");
EMBED(fake_motion, "cuda/motion.cu");
EMBED(fake_learn, "cuda/learn.cu");
EMBED(fake_reduce, "cuda/reduce.cu");

#pragma GCC diagnostic ignored "-Wmissing-prototypes"

struct program {
    char *text, *name, *entry, *log;
    char *image;
    size_t size;
};

struct module {
    void *so;
    const char *ptx; /* NULL: none */
};

/* What the PTX of a built-in kernel was made from. */
static const struct {
    const char *entry, *p, *e;
} sources[] = {{"climate", fake_climate_p, fake_climate_e}, {"gemm_f32", fake_gemm_p, fake_gemm_e},
               {"gemm_i32", fake_gemm_p, fake_gemm_e},      {"gemm_tf32", fake_gemm_p, fake_gemm_e},
               {"motion", fake_motion_p, fake_motion_e},    {"learn", fake_learn_p, fake_learn_e},
               {"reduce", fake_reduce_p, fake_reduce_e}};

static const uint8_t id[16] = {0xfa, 0xce, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13};
static size_t used;
static int pending; /* what the next synchronisation says */

/* The text behind "libfakecuda." and WHAT, or NULL. */
static const char *fault(const char *what)
{
    Dl_info info;
    if (!dladdr((const void *)id, &info))
        return NULL;
    const char *base = strstr(info.dli_fname, "libfakecuda.");
    const char *at = base ? strstr(base, what) : NULL;
    return at ? at + strlen(what) : NULL;
}

static int number_of(const char *what)
{
    const char *s = fault(what);
    return s ? (int)strtol(s, NULL, 10) : 0;
}

/* ---- the driver ---- */

int cuInit(unsigned flags)
{
    (void)flags;
    if (fault("crash"))
        raise(SIGSEGV);
    return number_of("init=");
}

int cuDriverGetVersion(int *out)
{
    *out = 12080;
    return 0;
}

int cuDeviceGetCount(int *out)
{
    *out = fault("none") ? 0 : 1;
    return 0;
}

int cuDeviceGet(int *out, int ordinal)
{
    *out = ordinal;
    return ordinal == 0 ? 0 : 101;
}

int cuDeviceGetName(char *out, int max, int dev)
{
    (void)dev;
    snprintf(out, (size_t)max, "Fake GPU");
    return 0;
}

int cuDeviceGetUuid_v2(uint8_t out[16], int dev)
{
    (void)dev;
    memcpy(out, id, 16);
    return 0;
}

int cuDeviceTotalMem_v2(size_t *out, int dev)
{
    (void)dev;
    *out = MEMORY;
    return 0;
}

int cuDeviceGetAttribute(int *out, int which, int dev)
{
    (void)dev;
    *out = which == OG_CU_ATTR_CC_MAJOR ? 9 : which == OG_CU_ATTR_CC_MINOR ? 0 : 1;
    return 0;
}

int cuDevicePrimaryCtxRetain(void **out, int dev)
{
    (void)dev;
    *out = &used;
    return 0;
}

int cuCtxSetCurrent(void *ctx)
{
    (void)ctx;
    return 0;
}

int cuCtxSynchronize(void)
{
    while (fault("hang"))
        pause();
    return pending;
}

static int load_so(struct module *m, const char *p, size_t size)
{
    char path[64];
    int fd = memfd_create("fake", 0);
    if (fd < 0 || write(fd, p, size) != (ssize_t)size)
        return 999;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    m->so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!m->so)
        fprintf(stderr, "fakecuda: %s\n", dlerror());
    return m->so ? 0 : OG_CU_BAD_PTX;
}

int cuModuleLoadDataEx(void **out, const void *image, unsigned n, const int *keys, void **values)
{
    uint64_t size;
    const char *p = image;
    (void)n, (void)keys, (void)values;
    struct module *m = calloc(1, sizeof *m);
    *out = m;
    if (memcmp(p, MAGIC, 8) == 0) {
        memcpy(&size, p + 8, sizeof size);
        return load_so(m, p + 16, (size_t)size);
    }
    /* as a driver since CUDA 11.0 takes it */
    if (!strstr(p, "\n.version 7.0\n") || !strstr(p, "\n.target sm_80\n"))
        return OG_CU_BAD_PTX;
    m->ptx = strdup(p);
    return 0;
}

/* A line in the file "used" beside the library. */
static void note(const char *text)
{
    Dl_info info;
    if (!fault("log") || !dladdr((const void *)id, &info))
        return;
    char path[300];
    const char *slash = strrchr(info.dli_fname, '/');
    snprintf(path, sizeof path, "%.*s/used", (int)(slash ? slash - info.dli_fname : 0),
             info.dli_fname);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (fd < 0 || dprintf(fd, "%s\n", text) < 0)
        fprintf(stderr, "fakecuda: cannot write '%s'\n", path);
    if (fd >= 0)
        close(fd);
}

int nvrtcCreateProgram(void **out, const char *text, const char *name, int n,
                       const char *const *headers, const char *const *names);
int nvrtcCompileProgram(void *prog, int n, const char *const *options);

int cuModuleGetFunction(void **out, void *module, const char *name)
{
    struct module *m = module;
    char entry[80];
    void *any;
    *out = module;
    note(name);
    if (!m->ptx)
        return 0;
    snprintf(entry, sizeof entry, "\n.visible .entry %s(", name);
    size_t i = 0;
    while (i < sizeof sources / sizeof *sources && strcmp(sources[i].entry, name) != 0)
        i++;
    if (!strstr(m->ptx, entry) || i == sizeof sources / sizeof *sources)
        return OG_CU_NOT_FOUND;
    char *text = strndup(sources[i].p, (size_t)((uintptr_t)sources[i].e - (uintptr_t)sources[i].p));
    nvrtcCreateProgram(&any, text, "kernel.cu", 0, NULL, NULL);
    struct program *p = any;
    p->entry = strdup(name);
    int e = nvrtcCompileProgram(p, 0, NULL);
    return e ? OG_CU_BAD_PTX : load_so(m, p->image, p->size);
}

int cuModuleGetGlobal_v2(og_cu_ptr *out, size_t *bytes, void *module, const char *name)
{
    struct module *m = module;
    *out = (og_cu_ptr)dlsym(m->so, name);
    Dl_info info;
    struct {
        uint32_t name;
        unsigned char kind, other;
        uint16_t section;
        uint64_t value, size;
    } *sym = NULL; /* an ELF64 symbol */
    void *any = NULL;
    if (!*out || !dladdr1((void *)*out, &info, &any, RTLD_DL_SYMENT) || !any)
        return OG_CU_NOT_FOUND;
    sym = any;
    *bytes = (size_t)sym->size;
    return 0;
}

int cuMemAlloc_v2(og_cu_ptr *out, size_t bytes)
{
    if (fault("oom") || bytes > MEMORY - used)
        return OG_CU_OOM;
    used += bytes;
    *out = (og_cu_ptr)malloc(bytes);
    memset((void *)*out, 0x5a, bytes);
    return 0;
}

int cuMemFree_v2(og_cu_ptr at)
{
    free((void *)at);
    return 0;
}

int cuMemcpyHtoD_v2(og_cu_ptr to, const void *from, size_t n)
{
    memcpy((void *)to, from, n);
    return 0;
}

int cuMemcpyDtoH_v2(void *to, og_cu_ptr from, size_t n)
{
    memcpy(to, (const void *)from, n);
    return 0;
}

int cuMemsetD8_v2(og_cu_ptr at, unsigned char v, size_t n)
{
    memset((void *)at, v, n);
    return 0;
}

int cuFuncGetParamInfo(void *fn, size_t index, size_t *at, size_t *size)
{
    struct module *m = fn;
    const int *n = dlsym(m->so, "ogpu_params");
    const int *(*sizes)(void);
    *(void **)&sizes = dlsym(m->so, "ogpu_sizes");
    if (!n || !sizes || index >= (size_t)*n)
        return 1;
    *at = 8 * index;
    *size = (size_t)sizes()[index];
    return 0;
}

int cuGetErrorName(int e, const char **out)
{
    *out = e == OG_CU_OOM      ? "CUDA_ERROR_OUT_OF_MEMORY"
           : e == OG_CU_LAUNCH ? "CUDA_ERROR_LAUNCH_FAILED"
                               : "CUDA_ERROR_FAKE";
    return 0;
}

int cuLaunchKernel(void *fn, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by,
                   unsigned bz, unsigned shared, void *stream, void **params, void **extra)
{
    struct module *m = fn;
    static bool open;
    const uint32_t grid[3] = {gx, gy, gz}, block[3] = {bx, by, bz};
    (void)shared, (void)stream, (void)extra;
    pending = number_of("launch=");
    if (pending || fault("hang"))
        return 0;
    const int *fibers = dlsym(m->so, "ogpu_fibers");
    void (*dims)(const unsigned *, const unsigned *);
    void (*loop)(void **, unsigned, unsigned, unsigned);
    og_run_thread_fn thread;
    *(void **)&dims = dlsym(m->so, "ogpu_dims");
    *(void **)&loop = dlsym(m->so, "ogpu_block");
    *(void **)&thread = dlsym(m->so, "ogpu_thread");
    dims(grid, block);
    if (*fibers && !open && !og_fiber_open(block))
        return OG_CU_OOM;
    open = true;
    for (unsigned z = 0; z < gz; z++)
        for (unsigned y = 0; y < gy; y++)
            for (unsigned x = 0; x < gx; x++) {
                const uint32_t at[3] = {x, y, z};
                if (*fibers)
                    og_fiber_block(thread, params, at);
                else
                    loop(params, x, y, z);
            }
    return 0;
}

/* ---- NVRTC ---- */

int nvrtcVersion(int *major, int *minor)
{
    *major = 12;
    *minor = 8;
    return 0;
}

int nvrtcGetNumSupportedArchs(int *out)
{
    *out = 3;
    return 0;
}

int nvrtcGetSupportedArchs(int *out)
{
    out[0] = 75;
    out[1] = 80;
    out[2] = fault("old") ? 86 : 90;
    return 0;
}

int nvrtcCreateProgram(void **out, const char *text, const char *name, int n,
                       const char *const *headers, const char *const *names)
{
    struct program *p = calloc(1, sizeof *p);
    (void)n, (void)headers, (void)names;
    p->text = strdup(text);
    p->name = strdup(name);
    p->log = strdup("");
    *out = p;
    return 0;
}

int nvrtcAddNameExpression(void *prog, const char *expression)
{
    ((struct program *)prog)->entry = strdup(expression);
    return 0;
}

static void put(const char *dir, const char *name, const char *p, size_t n)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || write(fd, p, n) != (ssize_t)n)
        fprintf(stderr, "fakecuda: cannot write '%s'\n", path);
    if (fd >= 0)
        close(fd);
}

static char *get(const char *dir, const char *name, size_t *n)
{
    char path[300];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    int fd = open(path, O_RDONLY);
    *n = 0;
    if (fd < 0 || fstat(fd, &st) < 0)
        return NULL;
    char *p = calloc((size_t)st.st_size + 1, 1);
    ssize_t r = read(fd, p, (size_t)st.st_size);
    *n = r > 0 ? (size_t)r : 0;
    close(fd);
    return p;
}

int nvrtcCompileProgram(void *prog, int n, const char *const *options)
{
    struct program *p = prog;
    struct og_buf out = OG_BUF_INIT;
    char dir[] = "/tmp/fakecuda.XXXXXX", include[300], object[300], source[300], log[300];
    bool fibers;
    (void)n, (void)options;
    if (!mkdtemp(dir))
        return 1;
    og_buf_adds(&out, "#include \"cuda_shim.h\"\n");
    og_cuda_source(p->text, strlen(p->text), &out, &fibers);
    og_buf_addf(&out, "\n#undef blockIdx\n#undef gridDim\nOGPU_ENTRY(%s)\n", p->entry);
    put(dir, "k.cpp", out.p, out.len);
    put(dir, "cuda_shim.h", fake_shim_p, (size_t)((uintptr_t)fake_shim_e - (uintptr_t)fake_shim_p));
    put(dir, "cuda_half.h", fake_half_p, (size_t)((uintptr_t)fake_half_e - (uintptr_t)fake_half_p));
    og_buf_release(&out);
    snprintf(include, sizeof include, "-I%s", dir);
    snprintf(object, sizeof object, "%s/k.so", dir);
    snprintf(source, sizeof source, "%s/k.cpp", dir);
    snprintf(log, sizeof log, "%s/log", dir);
    const char *argv[] = {"g++",
                          "-std=c++17",
                          "-O2",
                          "-march=native",
                          "-ffp-contract=off",
                          "-fPIC",
                          "-shared",
                          "-fvisibility=hidden",
                          "-w",
                          "-I.",
                          fibers ? "-DOGPU_FIBERS=1" : "-DOGPU_FIBERS=0",
                          include,
                          "-o",
                          object,
                          source,
                          NULL};
    extern char **environ;
    posix_spawn_file_actions_t fa;
    posix_spawn_file_actions_init(&fa);
    posix_spawn_file_actions_addopen(&fa, 2, log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    pid_t pid;
    int status = 1;
    if (posix_spawnp(&pid, "g++", &fa, NULL, (char *const *)(uintptr_t)argv, environ) == 0)
        waitpid(pid, &status, 0);
    size_t len;
    free(p->log);
    p->log = get(dir, "log", &len);
    p->image = get(dir, "k.so", &p->size);
    return status == 0 && p->image ? 0 : NOT_YET;
}

int nvrtcGetProgramLogSize(void *prog, size_t *out)
{
    struct program *p = prog;
    *out = p->log ? strlen(p->log) + 1 : 1;
    return 0;
}

int nvrtcGetProgramLog(void *prog, char *out)
{
    struct program *p = prog;
    memcpy(out, p->log ? p->log : "", p->log ? strlen(p->log) + 1 : 1);
    return 0;
}

int nvrtcGetCUBINSize(void *prog, size_t *out)
{
    *out = 16 + ((struct program *)prog)->size;
    return 0;
}

int nvrtcGetCUBIN(void *prog, char *out)
{
    struct program *p = prog;
    uint64_t size = p->size;
    memcpy(out, MAGIC, 8);
    memcpy(out + 8, &size, 8);
    memcpy(out + 16, p->image, p->size);
    return 0;
}

/* "PTX" is the same: the fake driver translates nothing. */
int nvrtcGetPTXSize(void *prog, size_t *out)
{
    return nvrtcGetCUBINSize(prog, out);
}

int nvrtcGetPTX(void *prog, char *out)
{
    return nvrtcGetCUBIN(prog, out);
}

int nvrtcGetLoweredName(void *prog, const char *expression, const char **out)
{
    (void)prog;
    *out = expression;
    return 0;
}

/* ---- NVML ---- */

int nvmlInit_v2(void)
{
    return 0;
}

int nvmlSystemGetDriverVersion(char *out, unsigned max)
{
    snprintf(out, max, "570.00.fake");
    return 0;
}

int nvmlDeviceGetCount_v2(unsigned *out)
{
    *out = 1;
    return 0;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **out)
{
    *out = &used;
    return index ? 2 : 0;
}

int nvmlDeviceGetName(void *dev, char *out, unsigned max)
{
    (void)dev;
    snprintf(out, max, "Fake GPU");
    return 0;
}

int nvmlDeviceGetUUID(void *dev, char *out, unsigned max)
{
    (void)dev;
    snprintf(out, max, "GPU-face0001-0203-0405-0607-08090a0b0c0d");
    return 0;
}

int nvmlDeviceGetMemoryInfo(void *dev, uint64_t out[3])
{
    (void)dev;
    out[0] = MEMORY;
    out[1] = MEMORY - 4096;
    out[2] = 4096;
    return 0;
}

int nvmlDeviceGetMigMode(void *dev, unsigned *current, unsigned *later)
{
    (void)dev;
    *current = *later = 0;
    return 0;
}

int nvmlDeviceGetCurrentClocksThrottleReasons(void *dev, uint64_t *out)
{
    (void)dev;
    *out = 0x4 | 0x40;
    return 0;
}

int nvmlDeviceGetTemperature(void *dev, int sensor, unsigned *out)
{
    (void)dev, (void)sensor;
    *out = 41;
    return 0;
}

/* The fault "others": somebody else's process, the first of the machine, computes. */
int nvmlDeviceGetComputeRunningProcesses_v3(void *dev, unsigned *n, void *out)
{
    struct {
        unsigned pid;
        unsigned long long bytes;
        unsigned instance[2];
    } first = {.pid = 1, .bytes = 4096};
    (void)dev;
    if (*n > 0)
        memcpy(out, &first, sizeof first);
    *n = fault("others") != NULL;
    return 0;
}
