/* exec_cuda_build.c - compiles a kernel inside the sandbox; the module is kept by its content. */
#include "exec/exec_cuda_build.h"

#include "base/base_buf.h"
#include "base/base_io.h"
#include "base/base_mem.h"
#include "exec/exec_cuda_gpu.h"
#include "exec/exec_cuda_source.h"
#include "exec/exec_hwclass.h"
#include "exec/exec_keep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOURCE_MAX   ((size_t)16 << 20)
#define KEEP_MAX     256 /* modules kept */
#define WORDS_MAX    32
#define BUILTINS_MAX 8

static const char no_compiler[] = "no CUDA on a CPU: there is no C++ compiler; install package g++";

const char *og_cuda_compiler(void)
{
    static const char *const paths[] = {"/usr/bin/g++", "/usr/local/bin/g++", "/usr/bin/c++",
                                        "/usr/bin/clang++", "/usr/local/bin/clang++"};
    const char *asked = secure_getenv("OGPU_CXX");
    if (asked && *asked)
        return asked[0] == '/' && access(asked, X_OK) == 0 ? asked : NULL;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (access(paths[i], X_OK) == 0)
            return paths[i];
    return NULL;
}

void og_cuda_build_release(struct og_cuda_build *b)
{
    for (int i = 0; i < OG_CUDA_RES_COUNT; i++)
        free(b->tool[i]);
    free(b->module);
    memset(b, 0, sizeof *b);
}

static const struct og_job_in *find_input(const struct og_job *job, const char *path)
{
    for (size_t i = 0; i < job->n_in; i++)
        if (strcmp(job->in[i].path, path) == 0)
            return &job->in[i];
    return NULL;
}

/* Inputs that are no buffers: the source itself is given in its new form. */
static bool is_header(const struct og_cuda *c, const char *path)
{
    if (strcmp(path, c->source) == 0)
        return false;
    for (size_t i = 0; i < c->n_param; i++)
        if (c->param[i].path && strcmp(c->param[i].path, path) == 0)
            return false;
    return true;
}

static void add_quoted(struct og_buf *b, const char *s)
{
    for (og_buf_addc(b, '"'); *s; s++) {
        if (*s == '"' || *s == '\\')
            og_buf_addc(b, '\\');
        og_buf_addc(b, *s);
    }
    og_buf_adds(b, "\"\n");
}

static enum og_rc read_source(const struct og_job *job, const struct og_cuda *c,
                              struct og_buf *text, struct og_err *err)
{
    const struct og_job_in *in = find_input(job, c->source);
    if (!in)
        return og_err_set(err, OG_E_DATA, "the source '%s' is not among the inputs", c->source);
    enum og_rc rc = og_io_read_file(in->src, SOURCE_MAX, text, err);
    return rc == OG_OK ? rc : og_err_wrap(err, rc, "source '%s'", c->source);
}

/* The file that NVRTC gets. */
static enum og_rc wrap_gpu(const struct og_job *job, const struct og_cuda *c, struct og_buf *out,
                           struct og_err *err)
{
    struct og_buf text = OG_BUF_INIT;
    OG_TRY(read_source(job, c, &text, err));
    if (c->parts)
        og_cuda_gpu_prologue(out);
    og_buf_adds(out, "#line 1 ");
    add_quoted(out, c->source);
    og_buf_add(out, text.p, text.len);
    og_buf_addc(out, '\n');
    og_buf_release(&text);
    return OG_OK;
}

/* The file that the compiler gets. */
static enum og_rc wrap(const struct og_job *job, const struct og_cuda *c, struct og_buf *out,
                       bool *fibers, struct og_err *err)
{
    struct og_buf text = OG_BUF_INIT;
    OG_TRY(read_source(job, c, &text, err));
    og_buf_adds(out, "#include \"cuda_shim.h\"\n#line 1 ");
    add_quoted(out, c->source);
    og_cuda_source(text.p ? text.p : "", text.len, out, fibers);
    og_buf_addf(out, "\n#line 1 \"entry\"\nOGPU_ENTRY(%s)\n", c->entry);
    og_buf_release(&text);
    return OG_OK;
}

/* Where a module of this text, these headers, this compiler and machine is kept. */
static char *place_of(const struct og_job *job, const struct og_cuda_run *run, const char *cxx,
                      const char *target, const struct og_buf *text)
{
    struct og_hasher h;
    struct stat st;
    char stamp[96];
    struct og_buf b = OG_BUF_INIT;
    og_hasher_init(&h);
    og_hasher_add(&h, text->p, text->len);
    for (int i = OG_CUDA_RES_SHIM; i < OG_CUDA_RES_COUNT; i++) {
        struct og_cuda_res r = og_cuda_res((enum og_cuda_res_id)i);
        og_hasher_add(&h, r.p, r.n);
    }
    og_hasher_add(&h, target, strlen(target) + 1);
    og_hasher_add(&h, run->cuda->entry, strlen(run->cuda->entry) + 1);
    og_hasher_add(&h, cxx, strlen(cxx) + 1);
    for (size_t i = 0; i <= job->n_in; i++) { /* the compiler itself last */
        const char *src = i < job->n_in ? job->in[i].src : cxx;
        if (i < job->n_in && !is_header(run->cuda, job->in[i].path))
            continue;
        if (stat(src, &st) < 0)
            memset(&st, 0, sizeof st);
        snprintf(stamp, sizeof stamp, "%llx %llx %llx", (unsigned long long)st.st_size,
                 (unsigned long long)st.st_mtim.tv_sec, (unsigned long long)st.st_mtim.tv_nsec);
        og_hasher_add(&h, stamp, strlen(stamp) + 1);
        og_hasher_add(&h, src, strlen(src) + 1);
    }
    struct og_hash sum = og_hasher_final(&h);
    og_buf_addf(&b, "%s/built/", run->dir);
    og_buf_add_hex(&b, sum.b, OG_HASH_LEN);
    return og_buf_detach(&b);
}

/* Too many: all go. Those in use have been handed to their sandboxes. */
static void make_room(const char *dir)
{
    size_t n = 0;
    struct og_err ignored;
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d));)
        n += e->d_name[0] != '.';
    if (d)
        closedir(d);
    if (n > KEEP_MAX)
        (void)!og_io_remove_tree(dir, &ignored);
}

static size_t cpu_words(const char *cxx, bool fibers, const char **w)
{
    size_t n = 0;
    w[n++] = cxx;
    w[n++] = "-xc++";
    w[n++] = "-std=c++17";
    w[n++] = "-O3";
#if defined(__x86_64__)
    w[n++] = "-march=native";
#elif defined(__aarch64__)
    w[n++] = "-mcpu=native";
#endif
    w[n++] = "-ffp-contract=off";
    w[n++] = "-fPIC";
    w[n++] = "-shared";
    w[n++] = "-fvisibility=hidden";
    w[n++] = "-fstack-clash-protection"; /* a large frame meets its fiber's guard */
    w[n++] = "-w";
    if (!strstr(cxx, "clang")) { /* few words about our own macros */
        w[n++] = "-ftrack-macro-expansion=0";
        w[n++] = "-fmax-errors=30";
        /* loops of known length leave the loop over threads straight, and so vectorised */
        w[n++] = "--param=max-completely-peel-times=128";
        w[n++] = "--param=max-completely-peeled-insns=2000";
    }
    w[n++] = "-I.ogpu";
    w[n++] = "-I.";
    w[n++] = fibers ? "-DOGPU_FIBERS=1" : "-DOGPU_FIBERS=0";
    w[n++] = "-o.ogpu-module";
    w[n++] = ".ogpu/kernel.cpp";
    w[n] = NULL;
    return n;
}

enum og_rc og_cuda_say(const struct og_job *job, struct og_job_stream *s, const char *text,
                       size_t n, struct og_err *err)
{
    struct og_io_temp t;
    n = n < OG_JOB_INLINE_MAX ? n : OG_JOB_INLINE_MAX;
    s->bytes = n;
    s->has_inline = true;
    s->stored = false;
    memcpy(s->text, text, n);
    s->sha256 = og_sha256(text, n);
    if (!job->blob_dir || n <= job->inline_max)
        return OG_OK;
    OG_TRY(og_io_temp_open(job->blob_dir, 0400, &t, err));
    enum og_rc rc = og_io_write_fd(t.fd, text, n, err);
    if (rc != OG_OK) {
        og_io_temp_discard(&t);
        return rc;
    }
    s->stored = true;
    return og_keep_commit(&t, job->blob_dir, &s->sha256, job->fsync, err);
}

/* The compiler's words, from our folder to the job's blobs. */
static enum og_rc keep_log(const struct og_job *job, const struct og_cuda_run *run,
                           struct og_job_stream *s, struct og_err *err)
{
    if (!s->stored) {
        char text[OG_JOB_INLINE_MAX];
        size_t n = (size_t)s->bytes;
        memcpy(text, s->text, n);
        return og_cuda_say(job, s, text, n, err);
    }
    char *from = og_keep_place(run->dir, &s->sha256);
    int fd = open(from, O_RDONLY | O_CLOEXEC);
    enum og_rc rc = fd < 0 ? og_err_set(err, OG_E_IO, "cannot open '%s': %s", from, strerror(errno))
                           : og_keep_fd(fd, UINT64_MAX, job->blob_dir, job->fsync, -1, NULL,
                                        &s->sha256, &s->bytes, err);
    s->stored = rc == OG_OK && job->blob_dir;
    if (fd >= 0)
        close(fd);
    unlink(from);
    free(from);
    return rc;
}

/* The compile's own result says what the source's author must know. */
static enum og_rc blame(const struct og_job *job, const struct og_cuda_run *run,
                        struct og_job_result *r, struct og_err *err)
{
    static const struct {
        enum og_job_why why;
        const char *text;
    } limits[] = {{OG_JOB_TIME, "ogpu: the compiler takes more than 120 s\n"},
                  {OG_JOB_MEMORY, "ogpu: the compiler takes more than 2 GiB\n"},
                  {OG_JOB_OUTPUT, "ogpu: the compiler writes too much\n"}};
    r->exit = OG_CUDA_EXIT_SOURCE;
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (r->why == limits[i].why) {
            r->why = OG_JOB_DONE;
            return og_cuda_say(job, &r->err, limits[i].text, strlen(limits[i].text), err);
        }
    return keep_log(job, run, &r->err, err);
}

static enum og_rc keep_module(const struct og_cuda_run *run, const struct og_hash *h,
                              const char *place, char **module, struct og_err *err)
{
    char *dir = og_io_join(run->dir, "built");
    char *from = og_keep_place(run->dir, h);
    make_room(dir);
    enum og_rc rc = og_io_mkdirs(dir, 0700, err);
    if (rc == OG_OK && rename(from, place) < 0 && !og_io_exists(place))
        rc = og_err_set(err, OG_E_IO, "cannot keep '%s': %s", place, strerror(errno));
    if (rc == OG_OK)
        *module = og_xstrdup(place);
    char *slash = strrchr(from, '/');
    *slash = '\0';
    rmdir(from); /* the folder that held it alone */
    free(from);
    free(dir);
    return rc;
}

/* One run of the compiler; in[0..n) on top of the job's own headers. */
static enum og_rc compile(const struct og_job *job, const struct og_cuda_run *run,
                          const char *const *words, const struct og_job_in *in, size_t n,
                          const char *place, struct og_cuda_build *out,
                          struct og_job_result *failed, const volatile sig_atomic_t *stop,
                          struct og_err *err)
{
    static const char *const outs[] = {".ogpu-module"};
    struct og_job_in *all = og_xcalloc(job->n_in + n, sizeof *all);
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        all[k++] = in[i];
    for (size_t i = 0; i < job->n_in; i++)
        if (is_header(run->cuda, job->in[i].path))
            all[k++] = job->in[i];
    struct og_job c = {.argv = words,
                       .in = all,
                       .n_in = k,
                       .out = outs,
                       .n_out = 1,
                       .limit_ms = OG_CUDA_COMPILE_MS,
                       .mem_bytes = OG_CUDA_COMPILE_MEM,
                       .out_bytes_max = 256u << 20,
                       .cores = 1,
                       .sandbox = job->sandbox,
                       .uid = job->uid,
                       .scratch = job->scratch,
                       .blob_dir = run->dir,
                       .inline_max = OG_JOB_INLINE_MAX,
                       .stderr_fd = job->stderr_fd};
    enum og_rc rc = og_exec_run(&c, failed, stop, err);
    free(all);
    if (rc != OG_OK || failed->why == OG_JOB_STOPPED)
        return rc;
    bool made = failed->why == OG_JOB_DONE && failed->exit == 0 && failed->n_outs == 1 &&
                failed->outs[0].state == OG_OUT_OK;
    if (!made)
        return blame(job, run, failed, err);
    return keep_module(run, &failed->outs[0].sha256, place, &out->module, err);
}

/* The text as a file beside the place of its module, for as long as it is compiled. */
static enum og_rc put_source(const struct og_cuda_run *run, const char *place,
                             const struct og_buf *text, char **path, struct og_err *err)
{
    struct og_buf src = OG_BUF_INIT;
    char *dir = og_io_join(run->dir, "built");
    enum og_rc rc = og_io_mkdirs(dir, 0700, err);
    free(dir);
    og_buf_addf(&src, "%s.src-%ld", place, (long)gettid());
    *path = og_buf_detach(&src);
    return rc == OG_OK ? og_io_write_atomic(*path, text->p, text->len, 0400, OG_IO_NOSYNC, err)
                       : rc;
}

static enum og_rc build_cpu(const struct og_job *job, const struct og_cuda_run *run,
                            struct og_cuda_build *out, struct og_job_result *failed,
                            const volatile sig_atomic_t *stop, struct og_err *err)
{
    const char *cxx = og_cuda_compiler();
    const char *words[WORDS_MAX];
    struct og_buf text = OG_BUF_INIT;
    char hw[32];
    bool fibers;
    og_hw_class(hw);
    if (!cxx)
        return og_err_set(err, OG_E_UNAVAILABLE, "%s", no_compiler);
    enum og_rc rc = wrap(job, run->cuda, &text, &fibers, err);
    char *place = rc == OG_OK ? place_of(job, run, cxx, hw, &text) : NULL;
    if (rc == OG_OK && og_io_exists(place)) {
        out->module = place;
        og_buf_release(&text);
        return OG_OK;
    }
    char *src = NULL;
    if (rc == OG_OK)
        rc = put_source(run, place, &text, &src, err);
    if (rc == OG_OK) {
        const struct og_job_in in[] = {
            {".ogpu/kernel.cpp", src, false},
            {".ogpu/cuda_shim.h", out->tool[OG_CUDA_RES_SHIM], false},
            {".ogpu/cuda_half.h", out->tool[OG_CUDA_RES_HALF], false},
        };
        cpu_words(cxx, fibers, words);
        rc = compile(job, run, words, in, 3, place, out, failed, stop, err);
        unlink(src);
    }
    free(src);
    og_buf_release(&text);
    free(place);
    return rc;
}

/* NVRTC as the sandbox sees it: system folders are there; else it is an input, and its builtins
 * beside it. own: input paths that the caller frees. */
static const char *place_nvrtc(const struct og_job *job, const struct og_gpu_list *l,
                               struct og_job_in *in, size_t *n, char **own)
{
    const char *slash = strrchr(l->nvrtc, '/');
    if (job->sandbox == OG_SANDBOX_NONE || strncmp(l->nvrtc, "/usr/", 5) == 0 || !slash)
        return l->nvrtc;
    in[(*n)++] = (struct og_job_in){".ogpu/libnvrtc.so", l->nvrtc, false};
    char *dir = og_xstrndup(l->nvrtc, (size_t)(slash - l->nvrtc));
    DIR *d = opendir(dir);
    size_t k = 0;
    for (struct dirent *e; d && k + 2 <= BUILTINS_MAX && (e = readdir(d));) {
        if (strncmp(e->d_name, "libnvrtc-builtins", 17) != 0)
            continue;
        own[k] = og_io_join(".ogpu", e->d_name);
        own[k + 1] = og_io_join(dir, e->d_name);
        in[(*n)++] = (struct og_job_in){own[k], own[k + 1], false};
        k += 2;
    }
    if (d)
        closedir(d);
    free(dir);
    return "./.ogpu/libnvrtc.so";
}

static size_t gpu_words(const struct og_cuda_run *run, const char *lib, const char *arch,
                        const char **w)
{
    size_t n = 0;
    w[n++] = "./.ogpu/run";
    w[n++] = "nvrtc";
    w[n++] = ".ogpu/kernel.cu";
    w[n++] = run->cuda->source;
    w[n++] = run->cuda->entry;
    w[n++] = ".ogpu-module";
    w[n++] = lib;
    w[n++] = arch;
    w[n++] = "--std=c++17";
    w[n++] = "-I.";
    if (run->cuda->parts) { /* checked bit by bit, on a CPU maybe */
        w[n++] = "--fmad=false";
        w[n++] = "--prec-div=true";
        w[n++] = "--prec-sqrt=true";
        w[n++] = "--ftz=false";
    }
    w[n] = NULL;
    return n;
}

static enum og_rc build_gpu(const struct og_job *job, const struct og_cuda_run *run,
                            const struct og_gpu_list *l, struct og_cuda_build *out,
                            struct og_job_result *failed, const volatile sig_atomic_t *stop,
                            struct og_err *err)
{
    const char *words[WORDS_MAX];
    char arch[24], *own[BUILTINS_MAX] = {NULL}, *src = NULL;
    struct og_buf text = OG_BUF_INIT;
    const struct og_gpu *g = &l->gpu[0];
    snprintf(arch, sizeof arch, "%llu%llu", (unsigned long long)g->cc_major,
             (unsigned long long)g->cc_minor);
    out->gpu = true;
    enum og_rc rc = wrap_gpu(job, run->cuda, &text, err);
    char *place = rc == OG_OK ? place_of(job, run, l->nvrtc, arch, &text) : NULL;
    if (rc == OG_OK && og_io_exists(place)) {
        out->module = place;
        og_buf_release(&text);
        return OG_OK;
    }
    if (rc == OG_OK)
        rc = put_source(run, place, &text, &src, err);
    if (rc == OG_OK) {
        struct og_job_in in[3 + BUILTINS_MAX] = {{".ogpu/kernel.cu", src, false},
                                                 {".ogpu/run", out->tool[OG_CUDA_RES_RUN], true}};
        size_t n = 2;
        gpu_words(run, place_nvrtc(job, l, in, &n, own), arch, words);
        rc = compile(job, run, words, in, n, place, out, failed, stop, err);
        unlink(src);
    }
    for (size_t i = 0; i < BUILTINS_MAX; i++)
        free(own[i]);
    free(src);
    free(place);
    og_buf_release(&text);
    return rc;
}

/* On a GPU, when one is to be had and its compiler. */
static enum og_rc choose(enum og_cuda_where where, const struct og_gpu_list **out,
                         struct og_err *err)
{
    *out = NULL;
    if (where == OG_CUDA_CPU)
        return OG_OK;
    const struct og_gpu_list *l = og_gpu_known();
    if (l->n > 0 && l->nvrtc[0] && l->gpu[0].cc_major != OG_GPU_UNKNOWN)
        *out = l;
    else if (where == OG_CUDA_GPU)
        return og_err_set(err, OG_E_UNAVAILABLE, "no CUDA on a GPU: %s",
                          l->n ? l->no_nvrtc : l->no_gpu);
    return OG_OK;
}

enum og_rc og_exec_cuda_probe(enum og_cuda_where where, const char **cxx, struct og_err *err)
{
    const struct og_gpu_list *l;
    if (cxx)
        *cxx = "";
    OG_TRY(choose(where, &l, err));
    const char *c = l ? "" : og_cuda_compiler();
    if (!c)
        return og_err_set(err, OG_E_UNAVAILABLE, "%s", no_compiler);
    if (cxx)
        *cxx = c;
    return OG_OK;
}

enum og_rc og_cuda_build(const struct og_job *job, const struct og_cuda_run *run,
                         struct og_cuda_build *out, struct og_job_result *failed,
                         const volatile sig_atomic_t *stop, struct og_err *err)
{
    memset(out, 0, sizeof *out);
    memset(failed, 0, sizeof *failed);
    failed->out.has_inline = failed->err.has_inline = true;
    failed->out.sha256 = failed->err.sha256 = og_sha256("", 0);
    failed->why = OG_JOB_NODE_FAULT;
    const struct og_gpu_list *gpus;
    enum og_rc rc = og_cuda_res_files(run->dir, out->tool, err);
    if (rc == OG_OK)
        rc = choose(run->where, &gpus, err);
    if (rc == OG_OK)
        rc = gpus ? build_gpu(job, run, gpus, out, failed, stop, err)
                  : build_cpu(job, run, out, failed, stop, err);
    if (rc == OG_E_DATA || rc == OG_E_NOINPUT)
        failed->why = OG_JOB_INPUT;
    if (rc != OG_OK)
        og_cuda_build_release(out);
    return rc;
}
