/* cmd_watch.c - `ogpu-guard watch`: the events of a state, live; what is done is written down
 * first. */
#include "watch.h"

#include "base/base_io.h"
#include "base/base_log.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "store/store_block.h"
#include "store/store_notice.h"
#include "json/json_line.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#define PAGE    500
#define WAIT_MS 1000
#define HITS    64 /* double signatures of a page that become transactions */

struct options {
    struct og_opts_common common;
    const char *model, *signer, *key, *passphrase, *hook, *prom;
    uint64_t alpha, nodes, base;
    struct og_opt_list allow;
    bool is_unsigned, once, dry, send, syslog;
};

#define AT(m) offsetof(struct options, m)
static const struct og_opt opts[] = {
    {"model", 'm', OG_OPT_STR, AT(model), "FILE", "a model of windows", 0, 0, NULL, "file"},
    {"signer", 0, OG_OPT_STR, AT(signer), "ADDRESS", "take a model that this account signed", 0, 0,
     NULL, NULL},
    {"unsigned", 0, OG_OPT_FLAG, AT(is_unsigned), NULL, "take a model whoever signed it, or nobody",
     0, 0, NULL, NULL},
    {"alpha", 'a', OG_OPT_PPM, AT(alpha), "RATE", "suspect at this p-value and below", 1, 500000,
     NULL, NULL},
    {"nodes", 0, OG_OPT_U64, AT(nodes), "N", "follow at most N nodes (default 100000)", 1,
     OG_WINDOW_MAX, NULL, NULL},
    {"once", '1', OG_OPT_FLAG, AT(once), NULL, "end when there is nothing more to read", 0, 0, NULL,
     NULL},
    {"dry-run", 'n', OG_OPT_FLAG, AT(dry), NULL, "say what would be done; touch nothing", 0, 0,
     NULL, NULL},
    {"allow", 0, OG_OPT_LIST, AT(allow), "NODE", "never restrain this node (repeatable)", 0, 0,
     NULL, NULL},
    {"base", 'b', OG_OPT_DURATION, AT(base), "TIME", "the first stay (default 1h)", 1000, 0, NULL,
     NULL},
    {"send", 0, OG_OPT_FLAG, AT(send), NULL, "send evidence that the ledger verifies", 0, 0, NULL,
     NULL},
    {"key", 'k', OG_OPT_STR, AT(key), "NAME", "send with this identity", 0, 0, NULL, NULL},
    {"passphrase-file", 0, OG_OPT_STR, AT(passphrase), "FILE", "the key's passphrase", 0, 0, NULL,
     "file"},
    {"on-alert", 0, OG_OPT_STR, AT(hook), "CMD", "run CMD for each record, in OGPU_ALERT", 0, 0,
     NULL, NULL},
    {"syslog", 0, OG_OPT_FLAG, AT(syslog), NULL, "write each record to syslog, too", 0, 0, NULL,
     NULL},
    {"prom", 0, OG_OPT_STR, AT(prom), "FILE", "keep counters there for Prometheus", 0, 0, NULL,
     "file"},
};

static const struct og_tool tool = {
    .name = "ogpu-guard watch",
    .summary = "follow the events of a state, and act",
    .synopsis = "[OPTIONS]",
    .opts = opts,
    .n_opts = sizeof opts / sizeof *opts,
    .has_now = true,
};

struct watch {
    const struct options *o;
    char *dir;
    struct og_store *st;
    struct events *events;
    struct og_policy policy;
    uint64_t *allow, cursor;
    bool silent; /* what was seen before is read again, for windows and facts alone */
    struct og_buf out;
    struct watch_seen seen[WATCH_BUCKETS];
    struct og_guard_hit hit[HITS];
    size_t hits;
    uint64_t proofs, suspicions, actions, held;
};

static enum og_rc acted(struct watch *w, const struct og_policy_action *a, struct og_err *err)
{
    w->actions += a->held == OG_HELD_NOT;
    w->held += a->held != OG_HELD_NOT;
    if (!w->o->dry)
        return watch_audit(w->st, a, &w->out, err);
    watch_action(a, &w->out);
    og_buf_addc(&w->out, '\n');
    return OG_OK;
}

static enum og_rc seen(void *ctx, uint64_t node, enum og_policy_cause cause, uint64_t now_ms,
                       const struct og_guard_hit *hit, const struct og_buf *record,
                       struct og_err *err)
{
    struct watch *w = ctx;
    struct og_policy_action a;
    if (w->silent)
        return OG_OK;
    w->proofs += cause == OG_CAUSE_PROOF;
    w->suspicions += cause == OG_CAUSE_SUSPICION;
    if (record) {
        uint64_t rule = hit ? (uint64_t)hit->proof + 2 : 1;
        uint64_t count = watch_leak(w->seen, node * 16 + rule, now_ms);
        if (count) {
            og_buf_addf(&w->out, "{\"count\":%llu,", (unsigned long long)count);
            og_buf_add(&w->out, record->p + 1, record->len - 1);
        }
    }
    if (hit && hit->proof == OG_GP_DOUBLE_SIGN && w->hits < HITS)
        w->hit[w->hits++] = *hit;
    return og_policy_step(&w->policy, node, cause, now_ms, 1, &a) ? acted(w, &a, err) : OG_OK;
}

static enum og_rc no_out(void *ctx, const char *line, size_t len, struct og_err *err)
{
    (void)ctx;
    (void)line;
    (void)len;
    (void)err;
    return OG_OK;
}

/* An event of the state as the line that it would be. */
static enum og_rc feed(struct watch *w, const struct og_event *e, struct og_err *err)
{
    struct og_buf b = OG_BUF_INIT;
    struct og_err bad = {0};
    if (strcmp(e->what, "guard") == 0)
        return OG_OK;
    og_buf_addf(&b,
                "{\"detail\":%s,\"id\":%llu,\"kind\":\"event\",\"time_ms\":%llu,\"what\":\"%s\"}",
                e->line.p, (unsigned long long)e->id, (unsigned long long)e->time_ms, e->what);
    enum og_rc rc = events_line(w->events, b.p, b.len, &bad);
    og_buf_release(&b);
    if (rc == OG_E_DATA) { /* what others wrote does not stop us */
        og_log(OG_LOG_WARNING, "event %llu: %s", (unsigned long long)e->id, bad.msg);
        return OG_OK;
    }
    return rc == OG_OK ? rc : og_err_set(err, rc, "%s", bad.msg);
}

static enum og_rc judge(struct watch *w, const struct og_event *e, size_t n, uint64_t now_ms,
                        struct og_err *err)
{
    struct og_policy_action a;
    if (!w->o->dry)
        OG_TRY(watch_load(w->st, &w->policy, err));
    for (size_t i = 0; i < n; i++) {
        OG_TRY(feed(w, &e[i], err));
        w->cursor = e[i].id;
    }
    if (n == 0)
        OG_TRY(events_tick(w->events, now_ms, err));
    while (og_policy_expire(&w->policy, now_ms, &a))
        OG_TRY(acted(w, &a, err));
    if (w->o->dry)
        return OG_OK;
    OG_TRY(watch_save(w->st, &w->policy, err));
    return og_store_meta_put_u64(w->st, WATCH_CURSOR, w->cursor, err);
}

/* After the commit: records, hooks, transactions. */
static enum og_rc tell(struct watch *w, struct og_err *err)
{
    struct og_err sent = {0};
    for (char *p = w->out.p, *end = p ? p + w->out.len : p; p < end;) {
        char *nl = memchr(p, '\n', (size_t)(end - p));
        OG_TRY(og_jsonl_write_raw(stdout, p, (size_t)(nl - p), err));
        if (w->o->syslog)
            syslog(LOG_WARNING, "%.*s", (int)(nl - p), p);
        if (w->o->hook && fflush(stdout) == 0)
            watch_hook(w->o->hook, p, (size_t)(nl - p));
        p = nl + 1;
    }
    og_buf_reset(&w->out);
    if (fflush(stdout) != 0)
        return og_err_set(err, OG_E_IO, "cannot write to stdout");
    for (size_t i = 0; i < w->hits && w->o->send && !w->o->dry; i++)
        if (watch_evidence(w->dir, w->o->key, w->o->passphrase, &w->hit[i], &sent) != OG_OK)
            og_log(OG_LOG_WARNING, "evidence against node %llu: %s",
                   (unsigned long long)w->hit[i].node, sent.msg);
    w->hits = 0;
    return OG_OK;
}

static enum og_rc prom(const struct watch *w, struct og_err *err)
{
    struct og_buf b = OG_BUF_INIT;
    uint64_t in[OG_POLICY_STATES] = {0};
    for (size_t i = 0; i < w->policy.n; i++)
        in[w->policy.node[i].state]++;
    og_buf_addf(&b,
                "# TYPE ogpu_guard_proofs_total counter\nogpu_guard_proofs_total %llu\n"
                "# TYPE ogpu_guard_suspicions_total counter\nogpu_guard_suspicions_total %llu\n",
                (unsigned long long)w->proofs, (unsigned long long)w->suspicions);
    og_buf_addf(&b,
                "# TYPE ogpu_guard_actions_total counter\nogpu_guard_actions_total %llu\n"
                "# TYPE ogpu_guard_held_total counter\nogpu_guard_held_total %llu\n"
                "# TYPE ogpu_guard_nodes gauge\n",
                (unsigned long long)w->actions, (unsigned long long)w->held);
    for (int s = OG_WARN; s < OG_POLICY_STATES; s++)
        og_buf_addf(&b, "ogpu_guard_nodes{state=\"%s\"} %llu\n",
                    og_policy_state_word((enum og_policy_state)s), (unsigned long long)in[s]);
    enum og_rc rc = og_io_write_atomic(w->o->prom, b.p, b.len, 0644, OG_IO_NOSYNC, err);
    og_buf_release(&b);
    return rc;
}

static enum og_rc page(struct watch *w, size_t *n, struct og_err *err)
{
    struct og_event *e = og_xcalloc(PAGE, sizeof *e);
    uint64_t before = w->cursor;
    bool locked = false;
    enum og_rc rc = og_event_page(w->st, w->cursor, e, PAGE, n, err);
    if (rc == OG_OK && !w->o->dry) {
        rc = og_store_begin(w->st, err);
        locked = rc == OG_OK;
    }
    if (rc == OG_OK)
        rc = judge(w, e, *n, og_time_unix_ms(), err);
    if (rc == OG_OK && locked)
        rc = og_store_commit(w->st, err);
    if (rc != OG_OK && locked) {
        og_store_rollback(w->st);
        w->cursor = before;
    }
    for (size_t i = 0; i < *n; i++)
        og_buf_release(&e[i].line);
    free(e);
    if (rc == OG_OK)
        rc = tell(w, err);
    return rc == OG_OK && w->o->prom ? prom(w, err) : rc;
}

/* What was judged before this start: windows and facts come back from it, actions do not. */
static enum og_rc recall(struct watch *w, struct og_err *err)
{
    struct og_event *e = og_xcalloc(PAGE, sizeof *e);
    uint64_t at = 0, until = 0;
    size_t n = 1;
    enum og_rc rc = og_store_meta_u64(w->st, WATCH_CURSOR, 0, &until, err);
    w->silent = true;
    while (rc == OG_OK && n > 0 && at < until) {
        rc = og_event_page(w->st, at, e, PAGE, &n, err);
        for (size_t i = 0; i < n; i++) {
            if (rc == OG_OK && e[i].id <= until)
                rc = feed(w, &e[i], err);
            at = e[i].id;
            og_buf_release(&e[i].line);
        }
    }
    w->silent = false;
    w->cursor = until;
    free(e);
    return rc;
}

static enum og_rc follow(struct watch *w, struct og_err *err)
{
    size_t n;
    OG_TRY(recall(w, err));
    while (!og_cli_stop) {
        OG_TRY(page(w, &n, err));
        if (n == PAGE)
            continue;
        if (w->o->once)
            return OG_OK;
        struct pollfd fd = {.fd = og_store_notice_fd(w->st), .events = POLLIN};
        if (poll(&fd, fd.fd >= 0, WAIT_MS) > 0)
            og_store_notice_clear(w->st);
    }
    return OG_OK;
}

static enum og_rc allow_list(struct watch *w, struct og_err *err)
{
    size_t n = w->o->allow.n;
    w->allow = og_xcalloc(n + 1, sizeof *w->allow);
    for (size_t i = 0; i < n; i++)
        if (!og_parse_u64(w->o->allow.v[i], OG_GUARD_NUM_MAX, &w->allow[i]))
            return og_err_set(err, OG_E_USAGE, "--allow: '%.64s' is no number of a node",
                              w->o->allow.v[i]);
    w->policy.allow = w->allow;
    w->policy.n_allow = n;
    return OG_OK;
}

static enum og_rc run(const struct options *o, struct og_err *err)
{
    struct watch *w = og_xcalloc(1, sizeof *w);
    w->o = o;
    w->dir = og_cli_state_dir(&o->common);
    og_policy_init(&w->policy);
    w->policy.base_ms = o->base ? o->base : w->policy.base_ms;
    w->policy.dry = o->dry;
    const struct events_opts e = {.model = o->model,
                                  .trust = {o->signer, o->is_unsigned},
                                  .nodes = o->nodes,
                                  .alpha_ppm = o->alpha,
                                  .seen = seen};
    enum og_rc rc = allow_list(w, err);
    if (rc == OG_OK)
        rc = events_new(&e, no_out, w, &w->events, err);
    if (rc == OG_OK)
        rc = og_store_open(w->dir, o->dry ? OG_STORE_READ : OG_STORE_WRITE, &w->st, err);
    if (rc == OG_OK && o->dry)
        rc = watch_load(w->st, &w->policy, err);
    if (rc == OG_OK)
        rc = follow(w, err);
    og_store_close(w->st);
    events_free(w->events);
    og_policy_release(&w->policy);
    og_buf_release(&w->out);
    free(w->allow);
    free(w->dir);
    free(w);
    return rc;
}

int cmd_watch(int argc, char **argv)
{
    struct options o = {0};
    struct og_err err = {0};
    int first;
    bool done;
    enum og_rc rc = og_cli_parse(&tool, argc, argv, &o, &first, &done, &err);
    og_cli_stop_signals();
    if (rc == OG_OK && !done && first < argc)
        rc = og_err_set(&err, OG_E_USAGE, "unexpected operand '%.64s'", argv[first]);
    if (rc == OG_OK && !done)
        rc = run(&o, &err);
    og_cli_release(&tool, &o);
    return og_cli_exit(&tool, rc, &err);
}
