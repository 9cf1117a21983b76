/* worker_owner.c - what the owner allows: worker.conf and options, held against a job. */
#include "worker.h"

#include "base/base_io.h"
#include "check/check_method.h"
#include "match/match_need.h"
#include "store/store_row.h"

#include <stdlib.h>
#include <string.h>

static enum og_rc read_classes(const char *s, uint32_t *out, struct og_err *err)
{
    static const struct {
        const char *name;
        uint32_t bit;
    } known[] = {{"program", OG_CLASS_PROGRAM},
                 {"kernel", OG_CLASS_KERNEL},
                 {"cuda", OG_CLASS_CUDA},
                 {"network", WORKER_CLASS_NETWORK},
                 {"gpu", WORKER_CLASS_GPU}};
    *out = 0;
    for (const char *at = s; at && *at;) {
        at += strspn(at, ", ");
        size_t n = strcspn(at, ", ");
        uint32_t bit = 0;
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            if (strlen(known[i].name) == n && strncmp(known[i].name, at, n) == 0)
                bit = known[i].bit;
        if (!bit)
            return og_err_set(err, OG_E_USAGE,
                              "'classes': '%.*s' is none of program, kernel, cuda, network, gpu",
                              (int)n, at);
        *out |= bit;
        at += n;
    }
    return OG_OK;
}

static enum og_rc read_file(const struct worker_options *o, struct og_owner *rules,
                            struct og_err *err)
{
    struct og_buf text = OG_BUF_INIT;
    char *own = o->config ? NULL : og_cli_config_file("worker.conf");
    const char *path = o->config ? o->config : own;
    enum og_rc rc = OG_OK;
    if (o->config || og_io_exists(path)) {
        rc = og_io_read_file(path, OG_OWNER_FILE_MAX, &text, err);
        if (rc == OG_OK)
            rc = og_owner_parse(rules, path, text.p ? text.p : "", text.len, err);
    }
    og_buf_release(&text);
    free(own);
    return rc;
}

static enum og_rc load(const struct worker_options *o, struct og_owner *rules, uint32_t *classes,
                       struct og_err *err)
{
    OG_TRY(read_file(o, rules, err));
    for (size_t i = 0; i < WORKER_RULES; i++) {
        struct og_err why = {0};
        if (!o->rule[i])
            continue;
        enum og_rc rc = og_owner_set(rules, worker_rules[i], o->rule[i], &why);
        if (rc != OG_OK)
            return og_err_set(err, rc, "--%s: %s", worker_rules[i], why.msg);
    }
    return read_classes(o->classes ? o->classes : rules->classes, classes, err);
}

enum og_rc worker_rules_load(struct worker *w, struct og_err *err)
{
    struct og_owner fresh;
    uint32_t classes = 0;
    og_owner_init(&fresh);
    enum og_rc rc = load(w->o, &fresh, &classes, err);
    if (rc != OG_OK) {
        og_owner_release(&fresh);
        return rc;
    }
    og_owner_release(&w->rules);
    w->rules = fresh;
    w->classes = classes;
    w->rules_serial++;
    return OG_OK;
}

static bool submitter_ok(const struct og_owner *rules, const struct og_work_job *job)
{
    char text[OG_ADDR_TEXT];
    if (!rules->submitters || job->own)
        return true;
    og_addr_format(&job->task.owner, text);
    return og_owner_lists(rules->submitters, text) || og_owner_lists(rules->submitters, "all");
}

enum og_rc worker_allows(const struct worker *w, const struct og_work_job *job, struct og_err *err)
{
    const uint32_t kinds = OG_CLASS_PROGRAM | OG_CLASS_KERNEL | OG_CLASS_CUDA;
    const struct og_spec *s = &job->spec;
    uint32_t is = s->kernel    ? OG_CLASS_KERNEL
                  : s->is_cuda ? OG_CLASS_PROGRAM | OG_CLASS_CUDA
                               : OG_CLASS_PROGRAM;
    if ((w->classes & kinds) && !(w->classes & is))
        return og_err_set(err, OG_E_NOPERM, "this worker does not take its class");
    if (s->net && !(w->classes & WORKER_CLASS_NETWORK))
        return og_err_set(err, OG_E_NOPERM, "this worker takes no programs that need the network");
    if (s->net && job->lease.method != OG_VERIFY_OWN && job->lease.method != OG_VERIFY_ACCEPT)
        return og_err_set(err, OG_E_NOPERM, "what came from a network cannot be verified");
    if (s->argv && job->task.gpu_ppm && !(w->classes & WORKER_CLASS_GPU))
        return og_err_set(err, OG_E_NOPERM, "this worker takes no programs that drive a GPU");
    if (!submitter_ok(&w->rules, job))
        return og_err_set(err, OG_E_NOPERM, "this worker does not take its submitter's work");
    return OG_OK;
}
