/* exec_slurm.c - the commands of Slurm: argument lists, answers, time-outs. */
#include "exec/exec_slurm.h"

#include "base/base_buf.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "exec/exec_command.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JOB_FORMAT  "%i|%T|%r|%k"
#define PART_FORMAT "%P|%a|%D|%T|%c|%m|%G|%l|%N"
#define GONE        "Invalid job id" /* squeue and scancel about a job that is forgotten */

uint64_t og_slurm_patience(void)
{
    uint64_t ms;
    const char *s = getenv("OGPU_SLURM_PATIENCE");
    return s && og_parse_u64(s, 600000, &ms) && ms >= 100 ? ms : OG_SLURM_PATIENCE;
}

/* Words joined with NULs; made a table by to_table. */
static void add(struct og_buf *b, const char *fmt, ...) OG_PRINTF(2, 3);
static void add(struct og_buf *b, const char *fmt, ...)
{
    char word[OG_SLURM_LINE_MAX];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(word, sizeof word, fmt, ap);
    va_end(ap);
    if (n >= 0)
        og_buf_add(b, word, og_min_u64((uint64_t)n, sizeof word - 1));
    og_buf_addc(b, '\0');
}

static char **to_table(struct og_buf *b)
{
    size_t n = 0;
    for (size_t i = 0; i < b->len; i++)
        n += b->p[i] == '\0';
    size_t head = (n + 1) * sizeof(char *);
    char **table = og_xmalloc(head + b->len);
    char *text = (char *)table + head;
    memcpy(text, b->p, b->len);
    for (size_t i = 0; i < n; i++, text += strlen(text) + 1)
        table[i] = text;
    table[n] = NULL;
    og_buf_release(b);
    return table;
}

/* NIL: the node's own environment, no login shell of ours is started there to copy one. */
char **og_slurm_submit_argv(const struct og_slurm_submit *s)
{
    struct og_buf b = OG_BUF_INIT;
    const struct og_slurm_need *d = &s->need;
    uint64_t nodes = og_max_u64(1, d->nodes);
    add(&b, "sbatch");
    add(&b, "--parsable");
    add(&b, "--export=NIL");
    add(&b, "--no-requeue");
    add(&b, "--open-mode=truncate");
    add(&b, "--job-name=%s", s->name);
    add(&b, "--comment=%s", s->mark);
    add(&b, "--chdir=%s", s->dir);
    add(&b, "--output=%s/out", s->dir);
    add(&b, "--error=%s/err", s->dir);
    add(&b, "--nodes=%" PRIu64, nodes);
    add(&b, "--ntasks=%" PRIu64, nodes);
    add(&b, "--ntasks-per-node=1");
    add(&b, "--cpus-per-task=%" PRIu64, og_max_u64(1, d->cores));
    if (d->mem_bytes)
        add(&b, "--mem=%" PRIu64 "M", og_max_u64(1, (d->mem_bytes + (1u << 20) - 1) >> 20));
    if (d->limit_ms)
        add(&b, "--time=%" PRIu64, (d->limit_ms + 59999) / 60000);
    if (d->gpus)
        add(&b, "--gres=gpu:%" PRIu64, d->gpus);
    add(&b, "--signal=B:TERM@30");
    if (s->partition)
        add(&b, "--partition=%s", s->partition);
    if (s->node)
        add(&b, "--nodelist=%s", s->node);
    add(&b, "%s", s->script);
    return to_table(&b);
}

/* Runs one; what it printed lies in out, whose owner is the caller. *gone (may be NULL): it failed
 * only because the job is forgotten. */
static enum og_rc command(const char *const *argv, const volatile sig_atomic_t *stop, bool *gone,
                          struct og_buf *out, struct og_err *err)
{
    struct og_buf said = OG_BUF_INIT;
    struct og_command c = {
        .argv = argv, .limit_ms = og_slurm_patience(), .out_max = OG_SLURM_TEXT_MAX, .stop = stop};
    int status;
    if (gone)
        *gone = false;
    enum og_rc rc = og_command_run(&c, &status, out, &said, err);
    bool forgotten = rc == OG_OK && status && said.p && strstr(said.p, GONE);
    if (gone && forgotten) {
        *gone = true;
    } else if (rc == OG_OK && status) {
        const char *words = said.len ? said.p : "nothing";
        rc = og_err_set(err, OG_E_UNAVAILABLE, "%s ended with %d and said: %.*s", argv[0], status,
                        (int)strcspn(words, "\n"), words);
    }
    og_buf_release(&said);
    return rc;
}

enum og_rc og_slurm_submit(const struct og_slurm_submit *s, const volatile sig_atomic_t *stop,
                           uint64_t *id, struct og_err *err)
{
    struct og_buf out = OG_BUF_INIT;
    char **argv = og_slurm_submit_argv(s);
    *id = 0;
    enum og_rc rc = command((const char *const *)argv, stop, NULL, &out, err);
    if (rc == OG_OK)
        rc = og_slurm_id_parse(out.p ? out.p : "", out.len, id, err);
    og_buf_release(&out);
    free(argv);
    return rc;
}

enum og_rc og_slurm_jobs(const char *name, const volatile sig_atomic_t *stop,
                         struct og_slurm_job **out, size_t *count, struct og_err *err)
{
    struct og_buf b = OG_BUF_INIT;
    struct og_buf text = OG_BUF_INIT;
    *out = NULL;
    *count = 0;
    add(&b, "squeue");
    add(&b, "--noheader");
    add(&b, "--states=all");
    add(&b, "--name=%s", name);
    add(&b, "--format=%s", JOB_FORMAT);
    char **argv = to_table(&b);
    enum og_rc rc = command((const char *const *)argv, stop, NULL, &text, err);
    if (rc == OG_OK)
        rc = og_slurm_jobs_parse(text.p ? text.p : "", text.len, out, count, err);
    og_buf_release(&text);
    free(argv);
    return rc;
}

enum og_rc og_slurm_cancel(uint64_t id, bool kill, struct og_err *err)
{
    struct og_buf b = OG_BUF_INIT;
    struct og_buf text = OG_BUF_INIT;
    bool gone;
    add(&b, "scancel");
    if (kill) {
        add(&b, "--signal=KILL");
        add(&b, "--full");
    }
    add(&b, "%" PRIu64, id);
    char **argv = to_table(&b);
    enum og_rc rc = command((const char *const *)argv, NULL, &gone, &text, err);
    og_buf_release(&text);
    free(argv);
    return rc;
}

enum og_rc og_slurm_parts(bool by_node, struct og_slurm_part **out, size_t *count,
                          struct og_err *err)
{
    struct og_buf b = OG_BUF_INIT;
    struct og_buf text = OG_BUF_INIT;
    *out = NULL;
    *count = 0;
    add(&b, "sinfo");
    add(&b, "--noheader");
    if (by_node)
        add(&b, "--Node");
    add(&b, "--format=%s", PART_FORMAT);
    char **argv = to_table(&b);
    enum og_rc rc = command((const char *const *)argv, NULL, NULL, &text, err);
    if (rc == OG_OK)
        rc = og_slurm_parts_parse(text.p ? text.p : "", text.len, out, count, err);
    og_buf_release(&text);
    free(argv);
    return rc;
}
