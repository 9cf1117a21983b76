/* cmd_note.c - `ogpu-guard note` writes events into the state, `lift` ends what was done. */
#include "watch.h"

#include "base/base_io.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "store/store_block.h"
#include "json/json_line.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BATCH 500

struct options {
    struct og_opts_common common;
};

static const struct og_tool note_tool = {
    .name = "ogpu-guard note",
    .summary = "write events of nodes into the state",
    .synopsis = "[OPTIONS]",
};

static const struct og_tool lift_tool = {
    .name = "ogpu-guard lift",
    .summary = "end what was done about a node",
    .synopsis = "NODE ...",
    .has_now = true,
};

struct noted {
    uint64_t time_ms;
    char what[32];
    char *detail;
};

static enum og_rc take(const char *line, size_t len, struct noted *out, struct og_err *err)
{
    struct og_guard_event e;
    bool ours;
    OG_TRY(og_guard_event_read(line, len, &e, &ours, err));
    if (!ours)
        return og_err_set(err, OG_E_DATA, "no event of a node");
    json_t *o = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
    out->time_ms = e.time_ms;
    snprintf(out->what, sizeof out->what, "%s", og_guard_word(e.what));
    out->detail = json_dumps(json_object_get(o, "detail"), JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(o);
    return out->detail ? OG_OK : og_err_set(err, OG_E_DATA, "'detail' cannot be written");
}

static enum og_rc put(struct og_store *st, const struct noted *e, size_t n, struct og_err *err)
{
    if (n == 0)
        return OG_OK;
    OG_TRY(og_store_begin(st, err));
    enum og_rc rc = OG_OK;
    for (size_t i = 0; i < n && rc == OG_OK; i++)
        rc = og_event_add(st, 0, e[i].time_ms, e[i].what, e[i].detail, err);
    if (rc == OG_OK)
        rc = og_store_commit(st, err);
    if (rc != OG_OK)
        og_store_rollback(st);
    return rc;
}

/* Read first, then lock: a batch is what is there, at most BATCH. */
static enum og_rc note(struct og_store *st, struct og_err *err)
{
    struct noted e[BATCH];
    struct og_jsonl_in in;
    const char *line = "";
    size_t len, n = 0;
    enum og_rc rc = OG_OK;
    og_jsonl_open(&in, STDIN_FILENO, "stdin");
    while (rc == OG_OK && line) {
        rc = og_jsonl_next_raw(&in, &line, &len, err);
        if (rc == OG_OK && line && len > 0) {
            rc = take(line, len, &e[n], err);
            rc = rc == OG_OK ? rc : og_err_wrap(err, rc, "stdin:%lu", in.line_no);
            n += rc == OG_OK;
        }
        if (rc == OG_OK && (n == BATCH || !og_jsonl_ready(&in))) {
            rc = put(st, e, n, err);
            while (n > 0)
                free(e[--n].detail);
        }
    }
    while (n > 0)
        free(e[--n].detail);
    og_jsonl_release(&in);
    return rc;
}

int cmd_note(int argc, char **argv)
{
    struct options o = {0};
    struct og_err err = {0};
    struct og_store *st = NULL;
    int first;
    bool done;
    enum og_rc rc = og_cli_parse(&note_tool, argc, argv, &o, &first, &done, &err);
    if (rc == OG_OK && !done && first < argc)
        rc = og_err_set(&err, OG_E_USAGE, "unexpected operand '%.64s'", argv[first]);
    if (rc == OG_OK && !done) {
        char *dir = og_cli_state_dir(&o.common);
        rc = og_store_open(dir, OG_STORE_WRITE, &st, &err);
        free(dir);
        if (rc == OG_OK)
            rc = note(st, &err);
        og_store_close(st);
    }
    return og_cli_exit(&note_tool, rc, &err);
}

static enum og_rc lift(struct og_store *st, char **nodes, int n, struct og_buf *out,
                       struct og_err *err)
{
    struct og_policy p;
    struct og_policy_action a;
    uint64_t node;
    og_policy_init(&p);
    enum og_rc rc = watch_load(st, &p, err);
    for (int i = 0; i < n && rc == OG_OK; i++)
        if (!og_parse_u64(nodes[i], OG_GUARD_NUM_MAX, &node))
            rc = og_err_set(err, OG_E_USAGE, "'%.64s' is no number of a node", nodes[i]);
        else if (og_policy_step(&p, node, OG_CAUSE_LIFT, og_time_unix_ms(), 0, &a))
            rc = watch_audit(st, &a, out, err);
    if (rc == OG_OK)
        rc = watch_save(st, &p, err);
    og_policy_release(&p);
    return rc;
}

int cmd_lift(int argc, char **argv)
{
    struct options o = {0};
    struct og_err err = {0};
    struct og_store *st = NULL;
    struct og_buf out = OG_BUF_INIT;
    int first;
    bool done;
    enum og_rc rc = og_cli_parse(&lift_tool, argc, argv, &o, &first, &done, &err);
    if (rc == OG_OK && !done && first == argc)
        rc = og_err_set(&err, OG_E_USAGE, "a node is missing");
    if (rc == OG_OK && !done) {
        char *dir = og_cli_state_dir(&o.common);
        rc = og_store_open(dir, OG_STORE_WRITE, &st, &err);
        free(dir);
        rc = rc == OG_OK ? og_store_begin(st, &err) : rc;
        if (rc == OG_OK) {
            rc = lift(st, argv + first, argc - first, &out, &err);
            rc = rc == OG_OK ? og_store_commit(st, &err) : rc;
            if (rc != OG_OK)
                og_store_rollback(st);
        }
        if (rc == OG_OK && out.len)
            rc = og_jsonl_write_raw(stdout, out.p, out.len - 1, &err);
        og_store_close(st);
    }
    og_buf_release(&out);
    return og_cli_exit(&lift_tool, rc, &err);
}
