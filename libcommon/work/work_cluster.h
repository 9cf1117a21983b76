/* work_cluster.h - the capacity of a cluster behind Slurm: the benchmark run as a job on each of
 * its nodes; the sum of what they did is what the cluster can do. */
#ifndef OG_WORK_CLUSTER_H
#define OG_WORK_CLUSTER_H

#include "base/base_err.h"
#include "exec/exec_slurm.h"

#define OG_CLUSTER_SLOTS_MAX 1024

struct og_cluster_node {
    struct og_slurm_part part; /* its name in `node` */
    uint64_t mflops_per_s;     /* measured; 0: no answer */
};

struct og_cluster_bench {
    const char *dir;         /* that the nodes share; a folder in it is made and removed */
    const char *program;     /* ogpu-worker, on the nodes too */
    const char *const *wish; /* partitions; none: the default one, else the first */
    size_t n_wish;
    const uint8_t *seed; /* 32 bytes */
    uint64_t bench_ms;   /* each */
    uint64_t wait_ms;    /* for all of them; those that have no answer then count nothing */
    const volatile sig_atomic_t *stop; /* may be NULL */
};

/* One entry a node that takes jobs now; the caller frees *out. missing (may be NULL): a sentence
 * about those that gave no answer, "" when all did. OG_NO: there is none, or none answered. */
enum og_rc og_cluster_measure(const struct og_cluster_bench *b, struct og_cluster_node **out,
                              size_t *n, struct og_err *missing, struct og_err *err) OG_MUST_CHECK;

#endif
