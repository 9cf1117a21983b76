/* jobkit.h - what the tests of jobs share: a folder, a job, a look for processes left behind. */
#ifndef OG_TEST_JOBKIT_H
#define OG_TEST_JOBKIT_H

#include "base/base_buf.h"
#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "exec/exec_job.h"
#include "exec/exec_sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char kit_dir[64]; /* of this test run; blobs in it, secrets too */
static enum og_sandbox kit_sandbox;
static uid_t kit_uid;

static inline int kit_open(void **state)
{
    (void)state;
    snprintf(kit_dir, sizeof kit_dir, "/tmp/ogpu-test-XXXXXX");
    return mkdtemp(kit_dir) ? 0 : -1;
}

static inline int kit_close(void **state)
{
    (void)state;
    struct og_err err;
    return og_io_remove_tree(kit_dir, &err) == OG_OK ? 0 : -1;
}

static inline char *kit_path(const char *name)
{
    return og_io_join(kit_dir, name);
}

/* A file in the test's folder (which nobody else may enter); the caller frees the path. */
static inline char *kit_file(const char *name, const void *p, size_t n)
{
    struct og_err err;
    char *path = kit_path(name);
    assert_int_equal(og_io_write_atomic(path, p, n, 0444, OG_IO_NOSYNC, &err), OG_OK);
    return path;
}

static inline struct og_job kit_job(const char *const *argv)
{
    return (struct og_job){.argv = argv,
                           .limit_ms = 60000,
                           .mem_bytes = 256u << 20,
                           .out_bytes_max = 1u << 20,
                           .cores = 1,
                           .sandbox = kit_sandbox,
                           .uid = kit_uid,
                           .inline_max = OG_JOB_INLINE_MAX};
}

/* Runs the job; anything but OG_OK fails the test with the sentence. The caller releases and frees.
 */
static inline struct og_job_result *kit_run(const struct og_job *job)
{
    struct og_err err = {OG_OK, ""};
    struct og_job_result *r = og_xcalloc(1, sizeof *r);
    enum og_rc rc = og_exec_run(job, r, NULL, &err);
    if (rc != OG_OK)
        fail_msg("og_exec_run: %d %s", (int)rc, err.msg);
    return r;
}

static inline void kit_done(struct og_job_result *r)
{
    og_job_result_release(r);
    free(r);
}

/* sh -c text under job's other settings. */
static inline struct og_job_result *kit_sh(const struct og_job *base, const char *text)
{
    const char *argv[] = {"sh", "-c", text, NULL};
    struct og_job job = *base;
    job.argv = argv;
    return kit_run(&job);
}

static inline bool kit_says(const struct og_job_stream *s, const char *word)
{
    return memmem(s->text, (size_t)og_min_u64(s->bytes, OG_JOB_INLINE_MAX), word, strlen(word)) !=
           NULL;
}

/* How many processes on this machine have the word in their command line. */
static inline int kit_count_procs(const char *word)
{
    int n = 0;
    DIR *d = opendir("/proc");
    struct dirent *e;
    while (d && (e = readdir(d))) {
        char path[300], text[4096];
        snprintf(path, sizeof path, "/proc/%s/cmdline", e->d_name);
        int fd = e->d_name[0] >= '0' && e->d_name[0] <= '9' ? open(path, O_RDONLY) : -1;
        ssize_t got = fd < 0 ? 0 : read(fd, text, sizeof text);
        if (fd >= 0)
            close(fd);
        if (got > 0 && memmem(text, (size_t)got, word, strlen(word)))
            n++;
    }
    if (d)
        closedir(d);
    return n;
}

/* Runs `group` as this user, and when that is root once more as uid 65534 in a child. */
static inline int kit_as_both(int (*group)(void))
{
    int rc = group();
    if (geteuid() != 0)
        return rc;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
            _exit(99);
        prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
        print_message("as uid 65534:\n");
        kit_uid = 0;
        int bad = group();
        fflush(stdout);
        _exit(bad ? 1 : 0);
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return rc || !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

#endif
