/* exec_cgroup.h - a control group (v2) for one job, where this process was given some to divide. */
#ifndef OG_EXEC_CGROUP_H
#define OG_EXEC_CGROUP_H

#include "base/base_err.h"

#include <stdbool.h>
#include <stdint.h>

struct og_cgroup {
    char *path;   /* NULL: none */
    int dir;      /* the group's folder */
    int procs_fd; /* its cgroup.procs, for the child to write itself into */
};

/* The folder below which this process may make groups with limits on memory and processes, or NULL.
 * Found once. Where our own group is delegated to us and we are alone in it, we step into a leaf
 * "ogpu-self" first (a group with members cannot have limited children). */
const char *og_cgroup_base(void);

/* A fresh group below base; limits of 0 are not set. Fails as a whole when a limit cannot be set.
 */
enum og_rc og_cgroup_open(const char *base, uint64_t mem_bytes, uint64_t procs, uint64_t cores,
                          struct og_cgroup *out, struct og_err *err) OG_MUST_CHECK;
void og_cgroup_kill(const struct og_cgroup *g);
bool og_cgroup_ran_out(const struct og_cgroup *g);        /* a member was killed for memory */
uint64_t og_cgroup_peak_bytes(const struct og_cgroup *g); /* 0: unknown */
/* Kills what is left and removes the group. */
void og_cgroup_close(struct og_cgroup *g);

#endif
