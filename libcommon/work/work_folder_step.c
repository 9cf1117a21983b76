/* work_folder_step.c - ranks: srun starts one a node, each says how it ended in a file of its own.
 */
#include "work/work_folder_step.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "exec/exec_command.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define START_MS 120000 /* for srun to reach all nodes */

static char *step_dir(const char *dir, uint64_t index)
{
    struct og_buf b = OG_BUF_INIT;
    og_buf_addf(&b, "%s/step-%" PRIu64, dir, index);
    return og_buf_detach(&b);
}

static char *rank_file(const char *step, uint64_t rank, const char *what)
{
    struct og_buf b = OG_BUF_INIT;
    og_buf_addf(&b, "%s/%" PRIu64 "%s", step, rank, what);
    return og_buf_detach(&b);
}

static int open_live(const char *path)
{
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600); /* allowed: live */
}

/* What a rank is told, besides what every job is: who it is, and what its MPI asks for. */
static const char **rank_env(uint64_t rank, uint64_t ranks, char told[2][48])
{
    static const char *const passed[] = {"SLURM_", "PMI_", "PMI2_", "PMIX_", "MPI_"};
    size_t n = 0;
    size_t all = 0;
    while (environ[all])
        all++;
    const char **env = og_xcalloc(all + 3, sizeof *env);
    for (size_t i = 0; i < all; i++)
        for (size_t k = 0; k < sizeof passed / sizeof *passed; k++)
            if (strncmp(environ[i], passed[k], strlen(passed[k])) == 0)
                env[n++] = environ[i];
    snprintf(told[0], 48, "OGPU_RANK=%" PRIu64, rank);
    snprintf(told[1], 48, "OGPU_RANKS=%" PRIu64, ranks);
    env[n++] = told[0];
    env[n++] = told[1];
    return env;
}

enum og_rc og_folder_rank(const char *dir, uint64_t index, uint64_t rank, uint64_t ranks,
                          const volatile sig_atomic_t *stop, struct og_err *err)
{
    struct og_folder_job j;
    struct og_work_result r = {0};
    struct og_err why = {0};
    char told[2][48];
    char name[64];
    OG_TRY(og_folder_job_read(dir, &j, err));
    char *out_path = og_io_join(dir, "live.out");
    char *err_path = og_io_join(dir, "live.err");
    const char **env = rank_env(rank, ranks, told);
    int out = rank ? -1 : open_live(out_path);
    int said = open_live(err_path);
    j.how.env = env;
    j.how.stdout_fd = out > 0 ? out : 0;
    j.how.stderr_fd = said > 0 ? said : 0;
    uint64_t start_ms = og_time_mono_ms();
    if (og_work_element(&j.work, &j.how, index, &r, stop, &why) == OG_OK && r.why == OG_JOB_DONE)
        r.done = 1;
    r.run_ms = og_time_mono_ms() - start_ms;
    snprintf(r.sentence, sizeof r.sentence, "%s", why.msg);
    char *step = step_dir(dir, index);
    char *line = rank_file(step, rank, ".line");
    snprintf(name, sizeof name, "%" PRIu64, rank);
    enum og_rc rc = OG_OK;
    if (r.done && !rank)
        rc = og_io_write_atomic(line, r.manifest.p, r.manifest.len, 0600, OG_IO_REPLACE, err);
    if (rc == OG_OK)
        rc = og_folder_say(step, name, &r, 0, err);
    if (out >= 0)
        close(out);
    if (said >= 0)
        close(said);
    free(line);
    free(step);
    free(out_path);
    free(err_path);
    free(env);
    og_work_result_release(&r);
    og_work_job_release(&j.work);
    return rc;
}

/* srun on all nodes. What it says itself matters only when a rank gave no result. */
static void run_step(const char *dir, const struct og_folder_job *j, uint64_t index,
                     const char *program, const volatile sig_atomic_t *stop, struct og_err *err)
{
    char nodes[48], tasks[48], step[64];
    struct og_buf out = OG_BUF_INIT;
    struct og_buf said = OG_BUF_INIT;
    int status;
    snprintf(nodes, sizeof nodes, "--nodes=%" PRIu64, j->nodes);
    snprintf(tasks, sizeof tasks, "--ntasks=%" PRIu64, j->nodes);
    snprintf(step, sizeof step, "--export=ALL,%s=%" PRIu64, OG_FOLDER_STEP, index);
    const char *const argv[] = {"srun",
                                "--quiet",
                                nodes,
                                tasks,
                                "--ntasks-per-node=1",
                                "--kill-on-bad-exit=0",
                                "--wait=0",
                                step,
                                program,
                                "--exec",
                                dir,
                                NULL};
    struct og_command c = {
        .argv = argv, .limit_ms = j->work.task.limit_ms + START_MS, .out_max = 65536, .stop = stop};
    enum og_rc rc = og_command_run(&c, &status, &out, &said, err);
    if (rc == OG_OK && status)
        og_err_set(err, OG_E_UNAVAILABLE, "srun ended with %d and said: %.300s", status,
                   said.len ? said.p : "nothing");
    og_buf_release(&out);
    og_buf_release(&said);
}

/* The first rank that did not end by itself decides why; the worst exit status counts. */
static bool gather(const char *step, uint64_t ranks, struct og_folder_status *all,
                   struct og_err *err)
{
    struct og_folder_status st;
    struct og_err why;
    memset(all, 0, sizeof *all);
    for (uint64_t i = 0; i < ranks; i++) {
        struct og_buf text = OG_BUF_INIT;
        char *path = rank_file(step, i, "");
        enum og_rc rc = og_io_read_file(path, OG_FOLDER_STATUS_MAX, &text, &why);
        if (rc == OG_OK)
            rc = og_folder_status_parse(text.p ? text.p : "", text.len, &st, &why);
        og_buf_release(&text);
        free(path);
        if (rc != OG_OK) {
            if (!err->msg[0])
                og_err_set(err, OG_E_UNAVAILABLE, "rank %" PRIu64 " gave no result", i);
            return false;
        }
        all->exits = og_max_u64(all->exits, st.exits);
        if (all->why == OG_JOB_DONE && st.why != OG_JOB_DONE) {
            all->why = st.why;
            snprintf(all->sentence, sizeof all->sentence, "%s", st.sentence);
        }
    }
    return true;
}

/* Rank 0's leaf line, with the worst exit status. */
static enum og_rc add_leaf(const char *step, uint64_t exits, struct og_work_result *r,
                           struct og_err *err)
{
    struct og_buf text = OG_BUF_INIT;
    struct og_buf line = OG_BUF_INIT;
    struct og_result_element e;
    char *path = rank_file(step, 0, ".line");
    enum og_rc rc = og_io_read_file(path, OG_RESULT_LEAF_MAX, &text, err);
    size_t n = text.len && text.p[text.len - 1] == '\n' ? text.len - 1 : text.len;
    if (rc == OG_OK)
        rc = og_result_parse(text.p ? text.p : "", n, &e, err);
    if (rc == OG_OK) {
        e.exit = (uint32_t)exits;
        rc = og_result_leaf(&e, &line, err);
        og_result_release(&e);
    }
    if (rc == OG_OK) {
        og_buf_add(&r->manifest, line.p, line.len);
        og_buf_addc(&r->manifest, '\n');
        r->done++;
        r->exits = og_max_u64(r->exits, exits);
    }
    og_buf_release(&text);
    og_buf_release(&line);
    free(path);
    return rc;
}

void og_folder_steps(const char *dir, struct og_folder_job *j, const char *program,
                     struct og_work_result *r, const volatile sig_atomic_t *stop)
{
    struct og_err err = {0};
    uint64_t start_ms = og_time_mono_ms();
    r->why = OG_JOB_DONE;
    for (uint64_t i = 0; i < j->work.lease.count && r->why == OG_JOB_DONE; i++) {
        uint64_t index = j->work.lease.first + i;
        struct og_folder_status st;
        char *step = step_dir(dir, index);
        if (og_io_mkdirs(step, 0700, &err) == OG_OK)
            run_step(dir, j, index, program, stop, &err);
        if (!gather(step, j->nodes, &st, &err)) {
            r->why = *stop ? OG_JOB_STOPPED : OG_JOB_NODE_FAULT;
        } else if (st.why != OG_JOB_DONE) {
            r->why = st.why;
            og_err_set(&err, OG_E_UNAVAILABLE, "%s", st.sentence);
        } else if (add_leaf(step, st.exits, r, &err) != OG_OK) {
            r->why = OG_JOB_NODE_FAULT;
        }
        if (r->why == OG_JOB_DONE)
            r->run_ms = og_time_mono_ms() - start_ms;
        free(step);
    }
    if (r->why != OG_JOB_DONE)
        snprintf(r->sentence, sizeof r->sentence, "%s", err.msg);
}
