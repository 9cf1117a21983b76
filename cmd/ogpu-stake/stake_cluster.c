/* stake_cluster.c - a cluster behind Slurm as one node: its slots, and the sum of what its nodes
 * were measured to do. */
#include "stake.h"

#include "base/base_io.h"
#include "base/base_log.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "work/work_cluster.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAIT_MS 600000 /* for places in the cluster's queue */

/* ogpu-worker lies beside this program. */
static char *worker_path(void)
{
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n < 0 ? 0 : n] = '\0';
    char *slash = strrchr(self, '/');
    if (slash)
        *slash = '\0';
    return og_io_join(self, "ogpu-worker");
}

/* Nodes i, i + slots, ... are slot i: a job of several nodes finds them in one slot. */
static json_t *slots_of(const struct stake *s, const struct og_cluster_node *node, size_t n,
                        uint64_t sum)
{
    size_t slots = s->o->slots ? (size_t)og_min_u64(s->o->slots, n) : n;
    json_t *list = json_array();
    for (size_t i = 0; i < slots; i++) {
        uint64_t mflops = 0, cores = 0, mem = 0, gpus = 0;
        for (size_t k = i; k < n; k += slots) {
            mflops += node[k].mflops_per_s;
            cores += node[k].part.cores;
            mem += node[k].part.mem_bytes / 8 * 7;
            gpus += node[k].part.gpus;
        }
        uint64_t share = og_muldiv(mflops, OG_PPM, sum);
        if (share)
            json_array_append_new(list,
                                  json_pack("{s:I, s:I, s:I, s:I, s:I}", "cores", (json_int_t)cores,
                                            "gpu_mem_bytes", (json_int_t)(gpus * s->o->vram),
                                            "gpu_ppm", (json_int_t)(gpus * OG_PPM), "mem_bytes",
                                            (json_int_t)mem, "share_ppm", (json_int_t)share));
    }
    return list;
}

enum og_rc stake_cluster(const struct stake *s, const struct og_hash *seed, uint64_t bench_ms,
                         json_t **slots, uint64_t *mflops_per_s, struct og_err *err)
{
    struct og_cluster_node *node;
    struct og_err missing;
    size_t n;
    char *program = worker_path();
    char *own = og_io_join(s->state_dir, "slurm");
    char *dir = realpath(s->o->cluster_dir ? s->o->cluster_dir : s->state_dir, NULL);
    char *sub = dir && !s->o->cluster_dir ? og_io_join(dir, "slurm") : NULL;
    struct og_cluster_bench b = {.dir = sub ? sub : dir,
                                 .program = program,
                                 .wish = s->o->partitions.v,
                                 .n_wish = s->o->partitions.n,
                                 .seed = seed->b,
                                 .bench_ms = bench_ms,
                                 .wait_ms = WAIT_MS};
    *slots = NULL;
    *mflops_per_s = 0;
    enum og_rc rc = dir ? og_cluster_measure(&b, &node, &n, &missing, err)
                        : og_err_set(err, OG_E_NOINPUT, "cannot use '%s'",
                                     s->o->cluster_dir ? s->o->cluster_dir : own);
    if (rc == OG_OK) {
        if (missing.msg[0])
            og_log(OG_LOG_WARNING, "%s", missing.msg);
        for (size_t i = 0; i < n; i++)
            *mflops_per_s += node[i].mflops_per_s;
        *slots = slots_of(s, node, n, *mflops_per_s);
        free(node);
    }
    free(program);
    free(own);
    free(dir);
    free(sub);
    return rc;
}
