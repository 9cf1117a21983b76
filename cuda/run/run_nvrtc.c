/* run_nvrtc.c - compiles a kernel with NVRTC; runs inside the sandbox, where includes find nothing.
 */
#include "run.h"
#include "run_cu.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SOURCE_MAX  ((size_t)17 << 20)
#define OPTIONS_MAX 24

static char *read_text(const char *path, size_t *n)
{
    struct stat st;
    FILE *f = fopen(path, "rbe");
    char *text = NULL;
    *n = 0;
    if (f && fstat(fileno(f), &st) == 0 && (size_t)st.st_size <= SOURCE_MAX)
        text = calloc((size_t)st.st_size + 1, 1);
    if (text)
        *n = fread(text, 1, (size_t)st.st_size, f);
    if (f)
        fclose(f);
    if (!text)
        fprintf(stderr, "ogpu: cannot read '%s'\n", path);
    return text;
}

/* "sm_NN" when the compiler knows the device, else "compute_NN" of the best it knows below. */
static bool choose(const struct og_cu_nvrtc *r, int want, char *out, size_t max)
{
    int n = 0, best = 0;
    int *archs = r->n_archs && r->archs && r->n_archs(&n) == 0 && n > 0 && n < 1000
                     ? calloc((size_t)n, sizeof *archs)
                     : NULL;
    if (archs && r->archs(archs) == 0)
        for (int i = 0; i < n; i++)
            if (archs[i] <= want && archs[i] > best)
                best = archs[i];
    free(archs);
    bool real = best == want && r->cubin && r->cubin_size;
    snprintf(out, max, "--gpu-architecture=%s_%d", real ? "sm" : "compute", best ? best : want);
    return real;
}

static void say_log(const struct og_cu_nvrtc *r, void *prog)
{
    size_t n = 0;
    if (r->log_size(prog, &n) != 0 || n < 2)
        return;
    char *log = calloc(n + 1, 1);
    if (log && r->log(prog, log) == 0) {
        fputs(log, stderr);
        if (log[strlen(log) - 1] != '\n')
            fputc('\n', stderr);
    }
    free(log);
}

/* The module: the kernel's name in it, a newline, the image. */
static int put_module(const struct og_cu_nvrtc *r, void *prog, bool real, const char *entry,
                      const char *path)
{
    const char *name = NULL;
    size_t n = 0;
    int e = real ? r->cubin_size(prog, &n) : r->ptx_size(prog, &n);
    if (e != 0 || r->lowered(prog, entry, &name) != 0 || !name) {
        fprintf(stderr, "ogpu: the source has no kernel '%s'\n", entry);
        return OG_RUN_EXIT_DATA;
    }
    size_t head = strlen(name) + 1;
    char *all = calloc(head + n + 1, 1);
    if (!all)
        return OG_RUN_EXIT_SYSTEM;
    memcpy(all, name, head - 1);
    all[head - 1] = '\n';
    e = real ? r->cubin(prog, all + head) : r->ptx(prog, all + head);
    bool ok = e == 0 && og_run_file_write(path, all, head + n);
    free(all);
    return ok ? 0 : OG_RUN_EXIT_SYSTEM;
}

/* SOURCE NAME ENTRY OUT LIB ARCH [OPTION ...] */
int og_run_nvrtc(int argc, char **argv)
{
    struct og_cu_nvrtc r;
    char why[OG_CU_WHY_MAX], arch[64];
    const char *options[OPTIONS_MAX];
    int n = 0;
    void *prog = NULL;
    size_t len;
    if (argc < 6 || argc - 6 > OPTIONS_MAX - 2)
        return OG_RUN_EXIT_DATA;
    if (!og_cu_open_nvrtc(argv[4], &r, NULL, 0, why)) {
        fprintf(stderr, "ogpu: no NVRTC: %s\n", why);
        return OG_RUN_EXIT_UNAVAILABLE;
    }
    char *text = read_text(argv[0], &len);
    if (!text)
        return OG_RUN_EXIT_SYSTEM;
    bool real = choose(&r, (int)strtol(argv[5], NULL, 10), arch, sizeof arch);
    options[n++] = arch;
    options[n++] = "-default-device";
    for (int i = 6; i < argc; i++)
        options[n++] = argv[i];
    int e = r.create(&prog, text, argv[1], 0, NULL, NULL);
    if (e == 0)
        e = r.add_name(prog, argv[2]);
    if (e == 0) {
        e = r.compile(prog, n, options);
        say_log(&r, prog);
    }
    free(text);
    if (e != 0) {
        fprintf(stderr, "ogpu: NVRTC refuses the source (error %d)\n", e);
        return OG_RUN_EXIT_DATA;
    }
    return put_module(&r, prog, real, argv[2], argv[3]);
}
