/* node_demo.c - the main job on a running network: stake, submit, match, work, check, pay. */
#include "node.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_time.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT_MS 120000

/* The tools in pipes, as a person would type it. Node 0's state is the one they look at. */
static const char script[] =
    "set -eu\n"
    "step() { printf '%6d ms  %s\\n' $(( ($(date +%s%N) - T0) / 1000000 )) \"$1\"; }\n"
    "step \"the network of $N nodes is up\"\n"
    "ogpu-stake -q --join --key dora --threads 1 --slots 1 --capacity-ms 100 --bond 1000 "
    ">/dev/null\n"
    "step 'dora has joined with a node and bonded 1000 OGPU'\n"
    "ogpu-submit -q --key alice --name squares --array 0-7 --chunk 2 --verify exact \\\n"
    "  -- sh -c 'echo $((OGPU_INDEX * OGPU_INDEX))' >\"$TMP/task\"\n"
    "step 'alice has submitted an array of 8 elements, to be checked exactly'\n"
    "ogpu-match -q <\"$TMP/task\" | ogpu-worker -q | ogpu-validate -q >\"$TMP/out\"\n"
    "step 'matched, run, checked by recomputation, paid'\n"
    "id=$(sed -n 's/.*\"kind\":\"receipt\".*\"task\":\\([0-9]*\\).*/\\1/p' \"$TMP/out\")\n"
    "ogpu show -H \"receipt:$id\"\n"
    "printf 'result: %s\\n' \"$(ogpu-submit -q --fetch \"$id\" --stdout | tr '\\n' ' ')\"\n"
    "[ \"$(ogpu-submit -q --fetch \"$id\" --stdout | tr '\\n' ' ')\" = '0 1 4 9 16 25 36 49 ' ]\n"
    "grep -q '\"state\":\"paid\"' \"$TMP/out\"\n"
    "step 'the result is right and paid'\n";

static enum og_rc set_env(const struct node_net *t, uint64_t started_ms, struct og_err *err)
{
    char self[PATH_MAX];
    char number[32];
    struct og_buf path = OG_BUF_INIT;
    char *home = node_net_home(t, 0);
    const char *old = getenv("PATH");
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(self, '/');
    if (slash)
        *slash = '\0';
    og_buf_addf(&path, "%s:%s", self, old ? old : "/usr/bin:/bin");
    uint64_t t0 = og_time_unix_ms() - (og_time_mono_ms() - started_ms);
    snprintf(number, sizeof number, "%llu000000", (unsigned long long)t0);
    bool ok = setenv("PATH", path.p, 1) == 0 && setenv("OGPU_HOME", home, 1) == 0 &&
              setenv("T0", number, 1) == 0 && setenv("TMP", t->dir, 1) == 0;
    snprintf(number, sizeof number, "%zu", t->n);
    ok = ok && setenv("N", number, 1) == 0;
    og_buf_release(&path);
    free(home);
    return ok ? OG_OK : og_err_set(err, OG_E_INTERNAL, "cannot set the environment");
}

static pid_t start_script(void)
{
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        signal(SIGPIPE, SIG_DFL);
        signal(SIGINT, SIG_DFL);
        signal(SIGTERM, SIG_DFL);
        int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent && dup2(null, 0) == 0)
            execl("/bin/sh", "sh", "-c", script, (char *)NULL);
        _exit(127);
    }
    return pid;
}

enum og_rc node_demo(struct node_net *t, uint64_t started_ms, struct og_err *err)
{
    int status = 0;
    OG_TRY(set_env(t, started_ms, err));
    fflush(stdout);
    pid_t pid = start_script();
    if (pid < 0)
        return og_err_set(err, OG_E_UNAVAILABLE, "cannot fork: %s", strerror(errno));
    uint64_t end = og_time_mono_ms() + LIMIT_MS;
    enum og_rc rc = OG_OK;
    bool ended = false;
    while (!(ended = waitpid(pid, &status, WNOHANG) == pid) && rc == OG_OK) {
        if (og_cli_stop || og_time_mono_ms() > end)
            rc = og_err_set(err, OG_E_TEMPFAIL, "the main job did not end");
        if (rc == OG_OK)
            rc = node_pair_tend(t->pair, t->n, err);
        og_time_sleep_ms(10);
    }
    if (!ended) {
        kill(-pid, SIGTERM);
        waitpid(pid, &status, 0);
        return rc;
    }
    if (rc == OG_OK && !(WIFEXITED(status) && WEXITSTATUS(status) == 0))
        rc = og_err_set(err, OG_E_INTERNAL, "the main job failed; see the logs in '%s'", t->dir);
    if (rc == OG_OK)
        printf("main job on %zu nodes: %llu ms\n", t->n,
               (unsigned long long)(og_time_mono_ms() - started_ms));
    return rc;
}
