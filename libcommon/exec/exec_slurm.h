/* exec_slurm.h - a cluster behind Slurm, spoken to by its own commands: sbatch, squeue, scancel,
 * sinfo (their man pages of Slurm 22.05 and later; the text formats are asked for field by field,
 * since the JSON of these commands changes with the plugin). Nothing goes through a shell. */
#ifndef OG_EXEC_SLURM_H
#define OG_EXEC_SLURM_H

#include "base/base_err.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_SLURM_TEXT_MAX ((size_t)16 << 20) /* bytes that a command may say */
#define OG_SLURM_LINE_MAX 4096
#define OG_SLURM_ROWS_MAX 65536
#define OG_SLURM_NAME_MAX 64 /* of a partition, node, job; bytes with the NUL */
#define OG_SLURM_MARK_MAX 96 /* of a job's comment; bytes with the NUL */
#define OG_SLURM_PATIENCE 30000

/* How long a command may take, and a file of a shared file system to show, in ms: 30 s, or what
 * OGPU_SLURM_PATIENCE says (100..600,000). */
uint64_t og_slurm_patience(void);

enum og_slurm_state {
    OG_SLURM_QUEUED,    /* waits for its place */
    OG_SLURM_RUNNING,   /* has it */
    OG_SLURM_ENDED,     /* ran to its end: its status file says how */
    OG_SLURM_BROKEN,    /* the cluster's fault: failed before our program could speak, node lost */
    OG_SLURM_TIME,      /* the job's: Slurm's time limit */
    OG_SLURM_MEMORY,    /* the job's: killed for its memory */
    OG_SLURM_CANCELLED, /* by somebody */
};

/* One job of the queue. */
struct og_slurm_job {
    uint64_t id;
    enum og_slurm_state state;
    char mark[OG_SLURM_MARK_MAX];   /* its comment: which of ours it is */
    char reason[OG_SLURM_NAME_MAX]; /* why it waits, or how it ended; cut */
};

/* A word of squeue's %T. False for one that Slurm does not have. */
bool og_slurm_state_parse(const char *s, size_t n, enum og_slurm_state *out);
/* What `squeue -h -o '%i|%T|%r|%k'` says. Parts of arrays and of heterogeneous jobs, which are not
 * ours, are passed over. Anything else that is not such a line is OG_E_DATA, and nothing is known
 * then: a job is not lost because squeue talked nonsense. *out: the caller frees. */
enum og_rc og_slurm_jobs_parse(const char *s, size_t n, struct og_slurm_job **out, size_t *count,
                               struct og_err *err) OG_MUST_CHECK;
/* The number of `sbatch --parsable`: "17" or "17;cluster", with a newline. */
enum og_rc og_slurm_id_parse(const char *s, size_t n, uint64_t *id,
                             struct og_err *err) OG_MUST_CHECK;

/* Nodes of one kind in one partition. */
struct og_slurm_part {
    char name[OG_SLURM_NAME_MAX];
    bool is_default, up; /* up: takes jobs, and these nodes are there */
    uint64_t nodes;
    uint64_t cores, mem_bytes, gpus; /* of each */
    uint64_t limit_ms;               /* longest job; UINT64_MAX: no limit */
    char node[OG_SLURM_NAME_MAX];    /* with per-node lines: which; else "" */
};
/* What `sinfo -h [-N] -o '%P|%a|%D|%T|%c|%m|%G|%l|%N'` says; as above. */
enum og_rc og_slurm_parts_parse(const char *s, size_t n, struct og_slurm_part **out, size_t *count,
                                struct og_err *err) OG_MUST_CHECK;

/* What a job needs on each of its nodes. */
struct og_slurm_need {
    uint64_t nodes, cores, mem_bytes, gpus;
    uint64_t limit_ms; /* that Slurm gives it: ours with some room */
};
/* The partition for it: among `wish` (n_wish names in the order of preference; none: the default
 * partition, then the others by name) the first with enough nodes that fit. OG_NO with what is
 * missing. *out lies in part. */
enum og_rc og_slurm_choose(const struct og_slurm_part *part, size_t n, const char *const *wish,
                           size_t n_wish, const struct og_slurm_need *need,
                           const struct og_slurm_part **out, struct og_err *err) OG_MUST_CHECK;

/* A job to submit. Everything is borrowed. */
struct og_slurm_submit {
    const char *name;      /* --job-name */
    const char *mark;      /* --comment: found again by it */
    const char *dir;       /* its folder on the nodes; out and err go there */
    const char *script;    /* file that the first node runs */
    const char *partition; /* NULL: the default one */
    const char *node;      /* on this node; NULL: any */
    struct og_slurm_need need;
};
/* argv of sbatch, NULL-terminated, one block; the caller frees. */
char **og_slurm_submit_argv(const struct og_slurm_submit *s);

/* The commands. OG_E_UNAVAILABLE: no such command, or it failed and said why; OG_E_TEMPFAIL: no
 * answer in time (a job may have been submitted all the same); OG_E_DATA: garbage. */
enum og_rc og_slurm_submit(const struct og_slurm_submit *s, const volatile sig_atomic_t *stop,
                           uint64_t *id, struct og_err *err) OG_MUST_CHECK;
/* All jobs with this name that the cluster still knows, in one question. */
enum og_rc og_slurm_jobs(const char *name, const volatile sig_atomic_t *stop,
                         struct og_slurm_job **out, size_t *count,
                         struct og_err *err) OG_MUST_CHECK;
/* kill: with SIGKILL to all of it, for one that did not go. */
enum og_rc og_slurm_cancel(uint64_t id, bool kill, struct og_err *err) OG_MUST_CHECK;
/* by_node: a line a node and partition. */
enum og_rc og_slurm_parts(bool by_node, struct og_slurm_part **out, size_t *count,
                          struct og_err *err) OG_MUST_CHECK;

#endif
