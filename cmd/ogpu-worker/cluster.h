/* cluster.h - the backend slurm: leases run as jobs of a cluster that this machine submits to. */
#ifndef OG_OGPU_WORKER_CLUSTER_H
#define OG_OGPU_WORKER_CLUSTER_H

#include "exec/exec_slurm.h"
#include "worker.h"

/* What the queue said of a job. */
struct cluster_view {
    bool known; /* it is in the queue, or ended lately */
    struct og_slurm_job job;
    uint64_t answer; /* number of the answer that this is of; 0: none came yet */
};

struct cluster {
    struct worker *w;
    char *dir;     /* folder that the nodes share, a folder in it for each lease */
    char *program; /* this program, on the nodes too */
    uint64_t patience_ms;
    char name[32]; /* of all our jobs */
    pthread_mutex_t lock;
    pthread_cond_t look; /* something for the follower; an answer came */
    pthread_t follower;
    bool follows, quit, hurry;
    size_t watchers;
    uint64_t begun, finished, answered; /* questions; the last that failed or not, that did not */
    struct og_slurm_job *job;
    size_t n_job;
    struct og_slurm_part *part;
    size_t n_part;
    uint64_t parts_ms; /* own clock: when the partitions were asked for */
};

/* worker_cluster.c */
/* A job by its comment; asks nothing. */
void cluster_view(struct cluster *c, const char *mark, struct cluster_view *out);
/* Waits for an answer to a question asked after this call, at most for `most_ms`. */
enum og_rc cluster_ask(struct cluster *c, uint64_t most_ms, const volatile sig_atomic_t *stop,
                       struct og_err *err) OG_MUST_CHECK;
/* Between these the follower asks the queue, every 2 s, up to 30 s when nothing changes. */
void cluster_watch(struct cluster *c, bool on);
/* Where a lease's job goes and what it gets there; OG_E_UNAVAILABLE: no partition fits. */
struct cluster_place {
    struct og_slurm_need need;
    uint64_t mem_bytes; /* of the job itself, on each node */
    char partition[OG_SLURM_NAME_MAX];
};
enum og_rc cluster_place(struct cluster *c, const struct og_work_job *job,
                         struct cluster_place *out, struct og_err *err) OG_MUST_CHECK;

#endif
