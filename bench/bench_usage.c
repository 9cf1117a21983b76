/* bench_usage.c - runs a command and tells what its whole process tree cost: one line a run,
 * "WALL_US CPU_US MAXRSS_KIB STATUS". Descendants that outlive their parents are waited for, too.
 */
#include "base/base_num.h"
#include "base/base_time.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const char usage[] = "usage: bench_usage [-n RUNS] [-i FILE] [-o FILE] CMD [ARG ...]\n";

static uint64_t us_of(struct timeval t)
{
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_usec;
}

static uint64_t children_us(long *maxrss)
{
    struct rusage u;
    getrusage(RUSAGE_CHILDREN, &u);
    *maxrss = u.ru_maxrss;
    return us_of(u.ru_utime) + us_of(u.ru_stime);
}

static bool redirect(const char *path, int to, int flags)
{
    int fd = path ? open(path, flags, 0600) : to;
    return fd >= 0 && (fd == to || dup2(fd, to) == to);
}

static void child(const char *in, const char *out, char **argv)
{
    if (redirect(in, STDIN_FILENO, O_RDONLY) &&
        redirect(out, STDOUT_FILENO, O_WRONLY | O_CREAT | O_TRUNC))
        execvp(argv[0], argv);
    fprintf(stderr, "bench_usage: '%s': %s\n", argv[0], strerror(errno));
    _exit(127);
}

static int once(const char *in, const char *out, char **argv)
{
    long rss;
    int status = -1;
    uint64_t cpu = children_us(&rss);
    uint64_t start = og_time_mono_us();
    pid_t pid = fork();
    if (pid < 0)
        return 71;
    if (pid == 0)
        child(in, out, argv);
    uint64_t wall = 0;
    for (;;) {
        int w;
        pid_t got = waitpid(-1, &w, 0);
        if (got < 0 && errno == ECHILD)
            break;
        if (got == pid) {
            wall = og_time_mono_us() - start;
            status = WIFEXITED(w) ? WEXITSTATUS(w) : 128 + WTERMSIG(w);
        }
    }
    cpu = children_us(&rss) - cpu;
    fprintf(stderr, "%llu %llu %ld %d\n", (unsigned long long)wall, (unsigned long long)cpu, rss,
            status);
    return 0;
}

int main(int argc, char **argv)
{
    const char *in = NULL;
    const char *out = NULL;
    uint64_t n = 1;
    int c;
    while ((c = getopt(argc, argv, "+n:i:o:")) != -1) {
        if (c == 'n' && og_parse_u64(optarg, 1000000, &n))
            continue;
        if (c == 'i')
            in = optarg;
        else if (c == 'o')
            out = optarg;
        else
            return fputs(usage, stderr), 64;
    }
    if (optind == argc)
        return fputs(usage, stderr), 64;
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
        return 71;
    for (uint64_t i = 0; i < n; i++) {
        int rc = once(in, out, argv + optind);
        if (rc)
            return rc;
    }
    return 0;
}
