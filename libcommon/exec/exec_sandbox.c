/* exec_sandbox.c - what a job sees: its folder, the system's programs read-only, nothing else. */
#include "exec/exec_sandbox.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORDS_MAX       8900 /* of bubblewrap's 9,000 */
#define WORDS_OWN       1100 /* of the command line without environment, inputs, program */
#define MOUNTS_MAX      1000 /* each costs bubblewrap a look at all before it */
#define MOUNT_BYTES_MAX (512u << 10)
#define IMAGE_TOP_MAX   256 /* entries at the top of an image */

/* Arguments are joined with NULs first, pointed at afterwards: one block to free. */
static void add(struct og_buf *b, ...) __attribute__((sentinel));
static void add(struct og_buf *b, ...)
{
    va_list ap;
    va_start(ap, b);
    for (const char *s; (s = va_arg(ap, const char *));)
        og_buf_add(b, s, strlen(s) + 1);
    va_end(ap);
}

static void add_fd(struct og_buf *b, const char *option, int fd)
{
    char text[16];
    snprintf(text, sizeof text, "%d", fd);
    add(b, option, text, NULL);
}

/* A folder of programs or libraries: a link as on a merged /usr, or the folder itself. */
static void add_system(struct og_buf *b, const char *path)
{
    char to[256];
    ssize_t n = readlink(path, to, sizeof to - 1);
    if (n > 0) {
        to[n] = '\0';
        add(b, "--symlink", to, path, NULL);
    } else if (access(path, F_OK) == 0) {
        add(b, "--ro-bind", path, path, NULL);
    }
}

static void add_system_view(struct og_buf *b)
{
    static const char *const folders[] = {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"};
    static const char *const etc[] = {
        "/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d",
        "/etc/localtime",    "/etc/ssl/certs",   "/etc/mime.types", "/etc/magic",
    };
    add(b, "--ro-bind", "/usr", "/usr", NULL);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        add_system(b, folders[i]);
    add(b, "--perms", "0755", "--dir", "/etc", "--perms", "0755", "--dir", "/etc/ssl", NULL);
    for (size_t i = 0; i < sizeof etc / sizeof *etc; i++)
        add(b, "--ro-bind-try", etc[i], etc[i], NULL);
}

/* What the sandbox puts there itself. */
static bool is_ours(const char *name)
{
    static const char *const ours[] = {".", "..", "proc", "dev", "tmp", "sys", "job", "ogpu"};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (strcmp(name, ours[i]) == 0)
            return true;
    return false;
}

/* The entries of an image, one by one, so that our own folders need no place in it. */
static void add_image_view(struct og_buf *b, const char *root)
{
    DIR *d = opendir(root);
    struct dirent *e;
    for (size_t n = 0; d && n < IMAGE_TOP_MAX && (e = readdir(d));) {
        char to[256];
        if (is_ours(e->d_name))
            continue;
        char *from = og_io_join(root, e->d_name), *at = og_io_join("/", e->d_name);
        ssize_t len = readlink(from, to, sizeof to - 1);
        to[len > 0 ? len : 0] = '\0';
        if (len > 0)
            add(b, "--symlink", to, at, NULL);
        else
            add(b, "--ro-bind", from, at, NULL);
        free(from);
        free(at);
        n++;
    }
    if (d)
        closedir(d);
}

static bool image_has(const struct og_job *job, const char *path)
{
    if (!job->root)
        return false;
    char *at = og_io_join(job->root, path);
    bool there = access(at, F_OK) == 0;
    free(at);
    return there;
}

/* Names of machines; an image must have the files to be covered. */
static void add_net(struct og_buf *b, const struct og_job *job)
{
    static const char *const etc[] = {"etc/resolv.conf", "etc/hosts", "etc/nsswitch.conf",
                                      "etc/services"};
    for (size_t i = 0; i < sizeof etc / sizeof *etc; i++) {
        char *at = og_io_join("/", etc[i]);
        if (!job->root || image_has(job, etc[i]))
            add(b, "--ro-bind-try", at, at, NULL);
        free(at);
    }
}

/* The driver's part in user space, for an image that brings none. */
static void add_driver(struct og_buf *b)
{
    static const char *const dirs[] = {"/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu",
                                       "/usr/lib64", "/usr/lib"};
    static const char *const libs[] = {"libcuda.so.1", "libnvidia-ptxjitcompiler.so.1",
                                       "libnvidia-nvvm.so.4", "libnvidia-ml.so.1"};
    for (size_t i = 0; i < sizeof libs / sizeof *libs; i++)
        for (size_t k = 0; k < sizeof dirs / sizeof *dirs; k++) {
            char *from = og_io_join(dirs[k], libs[i]), *at = og_io_join(OG_SANDBOX_LIBS, libs[i]);
            bool there = access(from, R_OK) == 0;
            if (there)
                add(b, "--ro-bind", from, at, NULL);
            free(from);
            free(at);
            if (there)
                break;
        }
}

static void add_devices(struct og_buf *b, const struct og_job *job)
{
    for (size_t i = 0; job->devices && job->devices[i]; i++)
        add(b, "--dev-bind-try", job->devices[i], job->devices[i], NULL);
    if (!job->devices)
        return;
    add(b, "--ro-bind", "/sys", "/sys", NULL); /* without it cuInit fails with 304 */
    if (job->root)
        add_driver(b);
}

/* The tmpfs of the job lie in memory: what the watcher of its memory counts; the sizes are the hard
 * stop between two looks. */
static void add_memory_folders(struct og_buf *b, const struct og_job *job)
{
    uint64_t mem_bytes = job->mem_bytes;
    char size[24];
    uint64_t half = mem_bytes ? og_max_u64(mem_bytes / 2, 1u << 20) : (uint64_t)1 << 30;
    snprintf(size, sizeof size, "%llu", (unsigned long long)half);
    add(b, "--proc", "/proc", "--dev", "/dev", NULL);
    add_devices(b, job);
    add(b, "--perms", "1777", "--size", size, "--tmpfs", "/dev/shm", "--remount-ro", "/dev",
        "--perms", "1777", "--size", size, "--tmpfs", "/tmp", NULL);
}

static void add_env(struct og_buf *b, const char *const *env)
{
    for (size_t i = 0; env[i]; i++) {
        const char *eq = strchr(env[i], '=');
        if (!eq)
            continue;
        char *name = og_xstrndup(env[i], (size_t)(eq - env[i]));
        add(b, "--setenv", name, eq + 1, NULL);
        free(name);
    }
}

/* The joined strings, with a table of pointers before them. */
static char **to_table(const struct og_buf *b)
{
    size_t n = 0;
    for (size_t i = 0; i < b->len; i++)
        n += b->p[i] == '\0';
    size_t head = (n + 1) * sizeof(char *);
    char **table = og_xmalloc(head + b->len);
    char *text = (char *)table + head;
    memcpy(text, b->p, b->len);
    for (size_t i = 0; i < n; i++) {
        table[i] = text;
        text += strlen(text) + 1;
    }
    table[n] = NULL;
    return table;
}

static size_t count(const char *const *list)
{
    size_t n = 0;
    while (list && list[n])
        n++;
    return n;
}

bool og_sandbox_mounts(const struct og_job *job)
{
    size_t words = WORDS_OWN + count(job->argv) + 3 * (count(job->env) + 3) + 3 * job->n_in;
    size_t bytes = 0;
    for (size_t i = 0; i < job->n_in; i++)
        bytes += strlen(job->in[i].path) + strlen(job->in[i].src);
    return job->n_in <= MOUNTS_MAX && words <= WORDS_MAX && bytes <= MOUNT_BYTES_MAX;
}

bool og_sandbox_fits(const struct og_job *job, const char *const *env)
{
    return WORDS_OWN + count(job->argv) + 3 * count(env) <= WORDS_MAX;
}

void og_sandbox_args(const struct og_job *job, const char *const *srcs, const char *scratch,
                     const char *const *env, const struct og_sandbox_fds *fds, struct og_buf *out)
{
    char id[16];
    snprintf(id, sizeof id, "%d", OG_SANDBOX_UID);
    add(out, "--unshare-all", "--unshare-user", "--disable-userns", "--uid", id, "--gid", id,
        "--hostname", "ogpu", "--die-with-parent", "--new-session", "--cap-drop", "ALL",
        "--clearenv", NULL);
    if (job->net)
        add(out, "--share-net", NULL);
    add_env(out, env);
    if (job->root)
        add_image_view(out, job->root);
    else
        add_system_view(out);
    if (!image_has(job, "etc")) {
        add(out, "--perms", "0644", NULL);
        add_fd(out, "--file", fds->passwd);
        add(out, "/etc/passwd", "--perms", "0644", NULL);
        add_fd(out, "--file", fds->group);
        add(out, "/etc/group", NULL);
    }
    if (job->net)
        add_net(out, job);
    add_memory_folders(out, job);
    add(out, "--bind", scratch, OG_SANDBOX_HOME, NULL);
    for (size_t i = 0; srcs && i < job->n_in; i++) {
        char *at = og_io_join(OG_SANDBOX_HOME, job->in[i].path);
        add(out, "--ro-bind", srcs[i], at, NULL);
        free(at);
    }
    add(out, "--remount-ro", "/", "--chdir", OG_SANDBOX_HOME, NULL);
    add_fd(out, "--seccomp", fds->seccomp);
    add_fd(out, "--block-fd", fds->block);
    add_fd(out, "--json-status-fd", fds->status);
}

char **og_sandbox_argv(const char *bwrap, const struct og_job *job, int args_fd)
{
    struct og_buf b = OG_BUF_INIT;
    add(&b, bwrap, NULL);
    add_fd(&b, "--args", args_fd);
    add(&b, "--", NULL);
    for (size_t i = 0; job->argv[i]; i++)
        add(&b, job->argv[i], NULL);
    char **table = to_table(&b);
    og_buf_release(&b);
    return table;
}

enum og_rc og_sandbox_program(char *out, size_t max, struct og_err *err)
{
    const char *path = getenv("PATH");
    if (!path || !*path)
        path = "/usr/local/bin:/usr/bin:/bin";
    for (const char *s = path;; s++) {
        const char *e = strchrnul(s, ':');
        struct stat st;
        int n = snprintf(out, max, "%.*s/bwrap", (int)(e - s), s);
        if (*s == '/' && n > 0 && (size_t)n < max && access(out, X_OK) == 0 &&
            stat(out, &st) == 0 && S_ISREG(st.st_mode))
            return OG_OK;
        if (!*e)
            break;
        s = e;
    }
    if (max)
        *out = '\0';
    return og_err_set(
        err, OG_E_UNAVAILABLE,
        "no sandbox: bubblewrap ('bwrap') is not in PATH; install package bubblewrap");
}

/* bubblewrap's words are about its own steps; say what the owner of the machine can do. */
static const char *advice(const char *text)
{
    if (strstr(text, "user namespace") || strstr(text, "Creating new namespace") ||
        strstr(text, "uid map"))
        return "user namespaces are switched off for this user (sysctl kernel.unprivileged_userns_"
               "clone, user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns)";
    if (strstr(text, "proc"))
        return "a private /proc cannot be mounted (is this inside a container?)";
    if (strstr(text, "disable-userns") || strstr(text, "Unknown option"))
        return "bubblewrap is older than 0.8.0";
    return NULL;
}

enum og_rc og_sandbox_probe(uid_t uid, struct og_err *err)
{
    static const char *const argv[] = {"true", NULL};
    struct og_job job = {.argv = argv,
                         .limit_ms = 20000,
                         .mem_bytes = 64u << 20,
                         .out_bytes_max = 65536,
                         .sandbox = OG_SANDBOX_BWRAP,
                         .uid = uid};
    struct og_job_result *r = og_xcalloc(1, sizeof *r);
    enum og_rc rc = og_exec_run(&job, r, NULL, err);
    if (rc != OG_OK) {
        char said[OG_ERR_MAX];
        snprintf(said, sizeof said, "%s", err ? err->msg : "");
        const char *more = advice(said);
        const char *words = strncmp(said, "no sandbox: ", 12) == 0 ? said + 12 : said;
        if (more)
            og_err_set(err, OG_E_UNAVAILABLE, "no sandbox: %s [%.400s]", more, words);
        else if (!strstr(said, "no sandbox"))
            og_err_set(err, OG_E_UNAVAILABLE, "no sandbox: %.600s", said);
        rc = OG_E_UNAVAILABLE;
    } else if (r->why != OG_JOB_DONE || r->exit != 0) {
        rc = og_err_set(err, OG_E_UNAVAILABLE,
                        "no sandbox: /bin/true ended with %d inside bubblewrap", r->exit);
    }
    og_job_result_release(r);
    free(r);
    return rc;
}
