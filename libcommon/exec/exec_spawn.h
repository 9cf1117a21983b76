/* exec_spawn.h - starts a program without copying this process: one clone(2) that shares its
 * memory. */
#ifndef OG_EXEC_SPAWN_H
#define OG_EXEC_SPAWN_H

#include "base/base_err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

struct og_spawn_limit {
    int resource; /* RLIMIT_... */
    rlim_t value; /* soft and hard; an unprivileged caller's own hard limit caps it */
};

struct og_spawn {
    const char *const *paths; /* candidates in order, NULL-terminated */
    char *const *argv;
    char *const *envp;
    int cwd_fd;      /* -1: "/" */
    int stdio[3];    /* become 0, 1 and 2 */
    const int *keep; /* further descriptors that stay open; all others are closed */
    size_t n_keep;
    const struct og_spawn_limit *limits;
    size_t n_limits;
    int cgroup_fd; /* an open cgroup.procs to enter, or -1 */
    uid_t uid;     /* 0: unchanged; else user and group id, no supplementary groups */
    bool no_new_privs;
};

/* The child is the leader of a new session and process group, with default signal actions, an empty
 * signal mask, umask 022, and dies with the calling thread. Where no candidate can be executed,
 * OG_OK with *pid -1 and *exec_errno set. Signal-safe between clone and exec; thread-safe. */
enum og_rc og_spawn_start(const struct og_spawn *s, pid_t *pid, int *exec_errno,
                          struct og_err *err) OG_MUST_CHECK;

/* 0, 1 and 2 are opened on /dev/null where they are closed, so that no other descriptor gets their
 * number; once per process. */
void og_spawn_init(void);

#endif
