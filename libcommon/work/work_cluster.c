/* work_cluster.c - a benchmark job for each node, all at once; answers are their status files. */
#include "work/work_cluster.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "work/work_folder.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOOK_MS 100
#define OWN_MS  60000

struct bench {
    const struct og_cluster_bench *b;
    struct og_cluster_node *node;
    char **dir; /* of each node's job; NULL: not submitted */
    uint64_t *id;
    size_t n;
    struct og_err first; /* the first trouble */
};

static bool wished(const struct og_cluster_bench *b, const struct og_slurm_part *p,
                   const char *dflt)
{
    if (!b->n_wish)
        return strcmp(p->name, dflt) == 0;
    for (size_t i = 0; i < b->n_wish; i++)
        if (strcmp(p->name, b->wish[i]) == 0)
            return true;
    return false;
}

static enum og_rc list_nodes(struct bench *x, struct og_err *err)
{
    struct og_slurm_part *part;
    size_t n;
    const char *dflt = "";
    OG_TRY(og_slurm_parts(true, &part, &n, err));
    for (size_t i = 0; i < n && !*dflt; i++)
        if (part[i].is_default)
            dflt = part[i].name;
    if (!*dflt && n)
        dflt = part[0].name;
    x->node = og_xcalloc(n + 1, sizeof *x->node);
    for (size_t i = 0; i < n && x->n < OG_CLUSTER_SLOTS_MAX; i++) {
        bool there = !part[i].up || !part[i].node[0] || !wished(x->b, &part[i], dflt);
        for (size_t k = 0; k < x->n; k++)
            there = there || strcmp(x->node[k].part.node, part[i].node) == 0;
        if (!there)
            x->node[x->n++].part = part[i];
    }
    free(part);
    return x->n ? OG_OK : og_err_set(err, OG_NO, "no node of the cluster takes jobs");
}

static enum og_rc write_script(const struct bench *x, const char *dir, struct og_err *err)
{
    struct og_buf b = OG_BUF_INIT;
    if (strchr(x->b->program, '\'') || strchr(dir, '\''))
        return og_err_set(err, OG_E_USAGE, "'%s' has a quote in its name", dir);
    og_buf_addf(&b, "#!/bin/sh\nexec '%s' --exec '%s'\n", x->b->program, dir);
    enum og_rc rc = og_folder_mark(dir, "script", b.p, err);
    og_buf_release(&b);
    return rc;
}

static enum og_rc submit(struct bench *x, size_t i, struct og_err *err)
{
    struct og_cluster_node *node = &x->node[i];
    struct og_buf name = OG_BUF_INIT;
    char mark[OG_SLURM_MARK_MAX];
    og_buf_addf(&name, "%s/bench-%ld-%zu", x->b->dir, (long)getpid(), i);
    char *dir = x->dir[i] = og_buf_detach(&name);
    char *script = og_io_join(dir, "script");
    snprintf(mark, sizeof mark, "ogpu-bench:%ld:%zu", (long)getpid(), i);
    struct og_slurm_submit s = {.name = "ogpu-bench",
                                .mark = mark,
                                .dir = dir,
                                .script = script,
                                .partition = node->part.name,
                                .node = node->part.node,
                                .need = {.nodes = 1,
                                         .cores = node->part.cores,
                                         .mem_bytes = node->part.mem_bytes / 2,
                                         .limit_ms = x->b->bench_ms * 5 + OWN_MS}};
    enum og_rc rc = og_io_remove_tree(dir, err);
    if (rc == OG_OK)
        rc = og_folder_write_bench(dir, x->b->seed, x->b->bench_ms, err);
    if (rc == OG_OK)
        rc = write_script(x, dir, err);
    if (rc == OG_OK)
        rc = og_slurm_submit(&s, x->b->stop, &x->id[i], err);
    free(script);
    return rc;
}

/* True when node i has answered, or will not. */
static bool answered(struct bench *x, size_t i)
{
    struct og_folder_status st;
    struct og_err err;
    if (!x->id[i])
        return true;
    if (!og_folder_has(x->dir[i], "status"))
        return false;
    enum og_rc rc = og_folder_status(x->dir[i], &st, &err);
    if (rc == OG_OK && st.why == OG_JOB_DONE)
        x->node[i].mflops_per_s = st.mflops_per_s;
    else if (!x->first.msg[0])
        og_err_set(&x->first, OG_E_UNAVAILABLE, "%s", rc == OG_OK ? st.sentence : err.msg);
    x->id[i] = 0;
    return true;
}

static void wait_all(struct bench *x)
{
    uint64_t end_ms = og_time_mono_ms() + x->b->wait_ms;
    for (bool all = false; !all;) {
        all = true;
        for (size_t i = 0; i < x->n; i++)
            all = answered(x, i) && all;
        if (all || og_time_mono_ms() >= end_ms || (x->b->stop && *x->b->stop))
            return;
        og_time_sleep_ms(LOOK_MS);
    }
}

/* What has no answer yet is cancelled; folders go. */
static uint64_t finish(struct bench *x)
{
    uint64_t sum = 0;
    struct og_err ignored;
    for (size_t i = 0; i < x->n; i++) {
        if (x->id[i])
            (void)!og_slurm_cancel(x->id[i], false, &ignored);
        if (x->dir[i])
            (void)!og_io_remove_tree(x->dir[i], &ignored);
        free(x->dir[i]);
        sum += x->node[i].mflops_per_s;
    }
    free(x->dir);
    free(x->id);
    return sum;
}

enum og_rc og_cluster_measure(const struct og_cluster_bench *b, struct og_cluster_node **out,
                              size_t *n, struct og_err *missing, struct og_err *err)
{
    struct bench x = {.b = b};
    size_t silent = 0;
    *out = NULL;
    *n = 0;
    enum og_rc rc = list_nodes(&x, err);
    if (rc == OG_OK)
        rc = og_io_mkdirs(b->dir, 0700, err);
    x.dir = og_xcalloc(x.n + 1, sizeof *x.dir);
    x.id = og_xcalloc(x.n + 1, sizeof *x.id);
    for (size_t i = 0; rc == OG_OK && i < x.n; i++)
        if (submit(&x, i, err) != OG_OK && !x.first.msg[0])
            x.first = *err;
    if (rc == OG_OK)
        wait_all(&x);
    uint64_t sum = finish(&x);
    for (size_t i = 0; i < x.n; i++)
        silent += x.node[i].mflops_per_s == 0;
    if (rc == OG_OK && !sum)
        rc = og_err_set(err, OG_NO, "no node of the cluster could be measured: %.600s",
                        x.first.msg[0] ? x.first.msg : "none has begun in time");
    if (missing)
        missing->msg[0] = '\0';
    if (missing && silent)
        og_err_set(missing, OG_NO, "%zu of %zu nodes of the cluster were not measured: %.500s",
                   silent, x.n, x.first.msg[0] ? x.first.msg : "they have not begun in time");
    if (rc != OG_OK) {
        free(x.node);
        return rc;
    }
    *out = x.node;
    *n = x.n;
    return OG_OK;
}
