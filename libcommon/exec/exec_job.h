/* exec_job.h - runs one program job to its end under limits; nothing of it survives the call. */
#ifndef OG_EXEC_JOB_H
#define OG_EXEC_JOB_H

#include "base/base_err.h"
#include "crypto/crypto_hash.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define OG_JOB_INLINE_MAX 4096   /* bytes of stdout and of stderr kept in the result */
#define OG_JOB_UID_BASE   60000  /* a worker started by root gives slot i the uid base + i */
#define OG_JOB_FILES_MAX  4096   /* inputs, and outputs, of one job */
#define OG_JOB_PROCS_MAX  512    /* processes of one job */
#define OG_JOB_NODES_MAX  100000 /* files and folders in one scratch folder */

enum og_sandbox { OG_SANDBOX_NONE, OG_SANDBOX_BWRAP };

struct og_job_in {
    const char *path; /* where the job sees it: tame, relative (og_io_path_is_tame) */
    const char *src;  /* the blob file, absolute; never written, never linked writable */
    bool executable;
};

/* What *stop of a running job asks for. */
enum og_job_stop {
    OG_STOP_NOW = 1,    /* kill it */
    OG_STOP_GRACE = 2,  /* SIGTERM to its processes; what is left after grace_ms is killed */
    OG_STOP_MEMORY = 3, /* kill it: it uses more memory of a GPU than it asked for (why MEMORY) */
};

/* What others may look at while a job runs. */
struct og_job_live {
    atomic_int root;              /* the process below which all of it lives; 0: none */
    atomic_uint_least64_t cpu_ms; /* that it used so far, at the last look */
};

/* Everything is borrowed. Zero-initialise, then fill; zero means "none" or "no limit". */
struct og_job {
    const char *const *argv; /* NULL-terminated; argv[0] with a slash names an input, else PATH */
    const char *const *env;  /* NULL-terminated "K=V", whitelisted by the caller; may be NULL.
                              * PATH, HOME and TMPDIR are added when absent. */
    const struct og_job_in *in;
    size_t n_in;
    const char *const *out; /* tame relative paths; may be absent after the run */
    size_t n_out;
    uint64_t limit_ms;          /* wall time; CPU time is held to cores times that, plus a second */
    uint64_t mem_bytes;         /* of the whole process tree */
    uint64_t out_bytes_max;     /* of stdout, of stderr, and of all outputs together */
    uint64_t scratch_bytes_max; /* 0: 4 * out_bytes_max + 64 MiB; no limit when both are 0 */
    uint64_t cores;
    uint64_t cpu_ppm; /* of `cores`, on the average: stopped and continued; 0: all */
    enum og_sandbox sandbox;
    bool net;         /* the sandbox shares the machine's network */
    const char *root; /* the sandbox shows this folder's entries in place of the system's; NULL */
    const char *const *devices; /* device files that the sandbox shows, NULL-terminated; NULL */
    uint64_t grace_ms;          /* see OG_STOP_GRACE */
    struct og_job_live *live;   /* NULL, or kept up to date */
    uid_t uid; /* 0: stay who we are; never so for others' jobs as root. Else (needs root) the job
                * runs as this id, user and group: OG_JOB_UID_BASE + slot. */
    /* Working folder of the job, absolute: made when missing, emptied before, left in place and
     * empty afterwards, so that the next job of the slot takes it over (og_exec_scratch_drop
     * removes it).
     * "<scratch>.in" beside it holds copies of inputs. With uid, that id must be able to reach it.
     * NULL: a fresh folder under $TMPDIR or /tmp, removed afterwards. One running job per scratch.
     */
    const char *scratch;
    /* Outputs and streams are moved to blob_dir/<aa>/<hex> (aa: first two digits), mode 0400.
     * NULL: they are only hashed, and what does not fit the inline copy is dropped. */
    const char *blob_dir;
    uint64_t
        inline_max; /* streams up to this size (<= OG_JOB_INLINE_MAX) make no file in blob_dir */
    bool fsync;     /* blobs are synced before they get their name */
    int stdout_fd;  /* > 0: what the job writes is copied here as it comes; errors are ignored */
    int stderr_fd;
};

enum og_job_why {
    OG_JOB_DONE,       /* ran to its end; `exit` says how */
    OG_JOB_TIME,       /* limit_ms, or the CPU time that belongs to it */
    OG_JOB_MEMORY,     /* mem_bytes */
    OG_JOB_OUTPUT,     /* a stream, the outputs or the scratch folder grew too large */
    OG_JOB_STOPPED,    /* *stop became NOW or GRACE */
    OG_JOB_INPUT,      /* an input cannot be read or its path is not tame */
    OG_JOB_NODE_FAULT, /* this machine could not run it: sandbox, scratch folder, blob folder */
};

struct og_job_stream {
    struct og_hash sha256; /* of all `bytes` (of the part before the cut when too long) */
    uint64_t bytes;
    bool stored;     /* in blob_dir; empty streams never are */
    bool has_inline; /* bytes <= OG_JOB_INLINE_MAX: text holds all of them */
    uint8_t text[OG_JOB_INLINE_MAX];
};

enum og_job_out_state {
    OG_OUT_OK,
    OG_OUT_ABSENT,
    OG_OUT_NOT_FILE,   /* a folder, symbolic link, device, pipe or socket, or below a link */
    OG_OUT_TOO_LARGE,  /* with the outputs before it above out_bytes_max: the job's why is OUTPUT */
    OG_OUT_UNREADABLE, /* the job took our right to read it */
};

struct og_job_out {
    const char *path; /* job->out[i] */
    enum og_job_out_state state;
    struct og_hash sha256; /* and bytes: when OK */
    uint64_t bytes;
};

struct og_job_result {
    int exit; /* 0..255 as a shell says it: 128 + n by signal n, 127 not found, 126 not executable
               */
    enum og_job_why why;
    uint64_t
        run_ms; /* wall time, from the launch (in the sandbox: from its namespaces) to the end */
    uint64_t user_ms; /* CPU time; in the sandbox as seen at the last look, up to 25 ms before */
    uint64_t sys_ms;
    uint64_t max_rss_bytes; /* of its largest process, or what the watcher saw of the tree */
    struct og_job_stream out;
    struct og_job_stream err;
    struct og_job_out *outs; /* n_out of them, in the job's order */
    size_t n_outs;
};

/* Blocks until the job and every process of it are gone. Thread-safe; one thread a slot.
 * OG_OK when `why` is the job's own end (DONE, TIME, MEMORY, OUTPUT, STOPPED); else INPUT or
 * NODE_FAULT with the code and the sentence in err. A missing program is exit 127, no error. stop
 * may be NULL. Release the result in every case. */
enum og_rc og_exec_run(const struct og_job *job, struct og_job_result *out,
                       const volatile sig_atomic_t *stop, struct og_err *err) OG_MUST_CHECK;
void og_job_result_release(struct og_job_result *r);
/* "time", "memory"...: the words of result.fail where the protocol has one. */
const char *og_job_why_name(enum og_job_why why);

/* Removes a scratch folder and its "<scratch>.in"; missing ones are fine. */
enum og_rc og_exec_scratch_drop(const char *scratch, struct og_err *err) OG_MUST_CHECK;

#endif
