/* exec_guard.h - a process between us and a job without a sandbox, which nothing of the job
 * outlives.
 */
#ifndef OG_EXEC_GUARD_H
#define OG_EXEC_GUARD_H

#include "exec/exec_spawn.h"

/* As og_spawn_start, but *pid is a guard of ours: a copy of this process, in a session of its own,
 * that starts the program and adopts whatever of it loses its parent (PR_SET_CHILD_SUBREAPER of
 * prctl(2)). When the program ends, or on SIGTERM, or when the calling thread ends, the guard kills
 * what is left, waits for it, and ends with the program's status as a shell says it: 128 + n by
 * signal n. A job of our own user can kill its guard; as a user of its own it cannot. */
enum og_rc og_guard_start(const struct og_spawn *s, pid_t *pid, int *exec_errno,
                          struct og_err *err) OG_MUST_CHECK;

#endif
