/* run_cpu.c - a compiled kernel on this CPU: block by block, each part in a process of its own. */
#include "run.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define ABI 1

typedef void (*block_fn)(void **args, unsigned x, unsigned y, unsigned z);

struct kernel {
    void *so;
    og_run_thread_fn thread; /* fibers */
    block_fn block, precise; /* a loop */
    void (*where)(unsigned *at);
    void (*dims)(const unsigned *grid, const unsigned *block);
};

static struct kernel k;
static uint32_t block_at[3];
static uint8_t *shared_mem;

void *ogpu_rt_shared(void);

void *ogpu_rt_shared(void)
{
    return shared_mem;
}

static int misfit(const char *text)
{
    fprintf(stderr, "ogpu: %s\n", text);
    return OG_RUN_EXIT_DATA;
}

static void *symbol(const char *name)
{
    return dlsym(k.so, name);
}

/* Number, size and kind of the kernel's parameters. */
static int check_params(const struct og_run_plan *p)
{
    char text[160];
    const int *n = symbol("ogpu_params");
    const int *(*sizes)(void), *(*pointers)(void);
    *(void **)&sizes = symbol("ogpu_sizes");
    *(void **)&pointers = symbol("ogpu_pointers");
    if (!n || !sizes || !pointers)
        return misfit("the module is no compiled kernel");
    if ((size_t)*n != p->n_args) {
        snprintf(text, sizeof text, "the kernel takes %d parameters, not %zu", *n, p->n_args);
        return misfit(text);
    }
    for (size_t i = 0; i < p->n_args; i++) {
        bool scalar = p->param[i].kind == RUN_VALUE;
        if (scalar == (pointers()[i] != 0)) {
            snprintf(text, sizeof text, "parameter %zu of the kernel is %s", i + 1,
                     scalar ? "a pointer, not a number" : "a number, not a pointer");
            return misfit(text);
        }
        if (scalar && sizes()[i] != (int)p->param[i].value_bytes) {
            snprintf(text, sizeof text, "parameter %zu of the kernel has %d bytes, not %u", i + 1,
                     sizes()[i], p->param[i].value_bytes);
            return misfit(text);
        }
    }
    return 0;
}

static int set_constants(const struct og_run_plan *p)
{
    char text[400];
    for (size_t i = p->n_args; i < p->n_param; i++) {
        const struct og_run_param *q = &p->param[i];
        Dl_info info;
        void *at = symbol(q->name);
        void *entry = NULL;
        if (!at || !dladdr1(at, &info, &entry, RTLD_DL_SYMENT) || !entry) {
            snprintf(text, sizeof text, "the source has no __constant__ '%.200s'", q->name);
            return misfit(text);
        }
        const ElfW(Sym) *sym = entry;
        if (sym->st_size != q->bytes) {
            snprintf(text, sizeof text, "__constant__ '%.200s' has %llu bytes, not %" PRIu64,
                     q->name, (unsigned long long)sym->st_size, q->bytes);
            return misfit(text);
        }
        memcpy(at, q->base, (size_t)q->bytes);
    }
    return 0;
}

static int open_kernel(struct og_run_plan *p)
{
    shared_mem = mmap(NULL, (size_t)p->shared + 1, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (shared_mem == MAP_FAILED)
        return OG_RUN_EXIT_SYSTEM;
    k.so = dlopen(p->module, RTLD_NOW | RTLD_LOCAL);
    if (!k.so)
        return misfit(dlerror());
    const int *abi = symbol("ogpu_abi");
    const int *fibers = symbol("ogpu_fibers");
    if (!abi || *abi != ABI || !fibers)
        return misfit("the module was compiled for another runner");
    p->fibers = *fibers != 0;
    *(void **)&k.thread = symbol("ogpu_thread");
    *(void **)&k.block = symbol("ogpu_block");
    *(void **)&k.precise = symbol("ogpu_block_precise");
    *(void **)&k.where = symbol("ogpu_where");
    *(void **)&k.dims = symbol("ogpu_dims");
    if (!k.dims || (p->fibers ? !k.thread : !k.block || !k.precise || !k.where))
        return misfit("the module is no compiled kernel");
    int e = check_params(p);
    if (e == 0)
        e = set_constants(p);
    if (e == 0)
        k.dims(p->grid, p->block);
    if (e == 0 && p->fibers && !og_fiber_open(p->block))
        e = OG_RUN_EXIT_SYSTEM;
    return e;
}

static void where_loop(struct og_run_where *out)
{
    memcpy(out->block, block_at, sizeof out->block);
    k.where(out->thread);
}

static void run_blocks(const struct og_run_plan *p, uint64_t first, uint64_t end, bool precise)
{
    void *args[OG_RUN_PARAMS_MAX];
    union {
        uint8_t bytes[8];
        const void *pointer;
        uint64_t whole;
    } value[OG_RUN_PARAMS_MAX];
    for (size_t i = 0; i < p->n_args; i++) {
        if (p->param[i].kind == RUN_VALUE)
            memcpy(value[i].bytes, p->param[i].value, 8);
        else
            value[i].pointer = p->param[i].at;
        args[i] = &value[i];
    }
    block_fn fn = precise ? k.precise : k.block;
    for (uint64_t b = first; b < end; b++) {
        block_at[0] = (uint32_t)(b % p->grid[0]);
        block_at[1] = (uint32_t)(b / p->grid[0] % p->grid[1]);
        block_at[2] = (uint32_t)(b / p->grid[0] / p->grid[1]);
        if (p->fibers)
            og_fiber_block(k.thread, args, block_at);
        else
            fn(args, block_at[0], block_at[1], block_at[2]);
    }
}

static noreturn void give_up(struct og_run_report *r)
{
    r->precise = 1;
    r->exit = OG_RUN_EXIT_SYSTEM;
    _exit(OG_RUN_EXIT_SYSTEM);
}

/* The child's whole life. */
static noreturn void child(struct og_run_plan *p, uint64_t part, bool precise,
                           struct og_run_report *r, pid_t parent)
{
    char text[400];
    uint64_t first, end;
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != parent)
        _exit(OG_RUN_EXIT_SYSTEM);
    if (!og_run_mem_private(p))
        give_up(r);
    og_run_fault_open(p, r, p->fibers ? og_fiber_where : where_loop, p->fibers || precise);
    if (p->parts && p->limit_ms) {
        struct itimerval t = {
            .it_value = {(time_t)(p->limit_ms / 1000), (suseconds_t)(p->limit_ms % 1000 * 1000)}};
        setitimer(ITIMER_REAL, &t, NULL);
    }
    og_run_set_index(p, part);
    og_run_part_blocks(p, part, &first, &end);
    run_blocks(p, first, end, precise);
    if (fflush(stdout) != 0)
        give_up(r);
    if (og_run_mem_slack(p, text, sizeof text)) {
        r->precise = 1;
        snprintf(r->text, sizeof r->text, "%s", text);
        r->exit = OG_RUN_EXIT_FAULT;
        _exit(OG_RUN_EXIT_FAULT);
    }
    bool ok = p->parts ? og_run_mem_patch(p, part) : og_run_mem_write(p);
    if (!ok)
        give_up(r);
    _exit(0);
}

static pid_t start(struct og_run_plan *p, uint64_t part, bool precise, struct og_run_report *r)
{
    memset(r, 0, sizeof *r);
    fflush(stdout);
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0)
        child(p, part, precise, r, parent);
    return pid;
}

/* Its exit status; -1: out of time. */
static int verdict(const struct og_run_report *r, int status)
{
    if (r->exit != 0)
        return r->exit;
    int e = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    bool ours = e == OG_RUN_EXIT_UNAVAILABLE || e == OG_RUN_EXIT_SYSTEM || e == OG_RUN_EXIT_MEMORY;
    return ours ? 1 : e; /* the kernel's own exit() does not speak for this machine */
}

static int wait_for(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return OG_RUN_EXIT_SYSTEM << 8;
    return status;
}

/* A loop does not know its thread when it fails: once more, thread by thread. */
static int again(struct og_run_plan *p, uint64_t part, struct og_run_report *r, int e)
{
    if (e <= 0 || r->precise || !r->exit || p->fibers)
        return e;
    struct og_run_report old = *r;
    pid_t pid = start(p, part, true, r);
    int f = pid < 0 ? e : verdict(r, wait_for(pid));
    if (f == e)
        return e;
    *r = old;
    return e;
}

static int run_whole(struct og_run_plan *p, struct og_run_report *r)
{
    pid_t pid = start(p, 0, false, r);
    if (pid < 0)
        return OG_RUN_EXIT_SYSTEM;
    int e = again(p, 0, r, verdict(r, wait_for(pid)));
    if (e != 0 && r->text[0])
        fprintf(stderr, "ogpu: %s\n", r->text);
    return e;
}

struct seat {
    pid_t pid;
    uint64_t part;
    struct og_run_report *report;
};

/* "PART STATUS TEXT": what the worker reads. The kernels' own words went to stderr. */
static bool tell(FILE *to, uint64_t part, int e, const struct og_run_report *r)
{
    fprintf(to, "%" PRIu64 " %d%s%.500s\n", part, e, r->text[0] ? " " : "", r->text);
    return fflush(to) == 0;
}

static bool settle(struct og_run_plan *p, struct seat *s, int status, FILE *to)
{
    int e = again(p, s->part, s->report, verdict(s->report, status));
    s->pid = 0;
    return tell(to, s->part, e, s->report);
}

static int run_parts(struct og_run_plan *p, struct og_run_report *r, size_t seats)
{
    struct seat *seat = calloc(seats, sizeof *seat);
    FILE *to = fdopen(dup(1), "w");
    size_t next = 0, busy = 0;
    if (!seat || !to || dup2(2, 1) < 0)
        return OG_RUN_EXIT_SYSTEM;
    for (size_t i = 0; i < seats; i++)
        seat[i].report = &r[i];
    while (next < p->n_only || busy > 0) {
        for (size_t i = 0; i < seats && next < p->n_only; i++) {
            if (seat[i].pid)
                continue;
            seat[i].part = p->only[next++];
            seat[i].pid = start(p, seat[i].part, false, seat[i].report);
            if (seat[i].pid < 0)
                return OG_RUN_EXIT_SYSTEM;
            busy++;
        }
        int status;
        pid_t pid = waitpid(-1, &status, 0);
        if (pid < 0 && errno == EINTR)
            continue;
        for (size_t i = 0; i < seats; i++)
            if (pid > 0 && seat[i].pid == pid && (busy--, !settle(p, &seat[i], status, to)))
                return OG_RUN_EXIT_SYSTEM;
        if (pid < 0)
            return OG_RUN_EXIT_SYSTEM;
    }
    return 0;
}

int og_run_cpu(struct og_run_plan *p)
{
    if (p->parts && !p->n_only)
        return misfit("the parts to run are missing");
    size_t seats = p->parts && p->jobs > 1 ? (p->jobs < 256 ? (size_t)p->jobs : 256) : 1;
    struct og_run_report *r =
        mmap(NULL, seats * sizeof *r, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (r == MAP_FAILED || !og_run_mem_open(p))
        return OG_RUN_EXIT_SYSTEM;
    int e = open_kernel(p);
    if (e != 0)
        return e;
    return p->parts ? run_parts(p, r, seats) : run_whole(p, r);
}
