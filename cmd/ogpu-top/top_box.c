/* top_box.c - boxes over the panes: help, details, a log, why a task waits, a question. */
#include "top_view.h"

#include "json/json_get.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_BYTES 32768

static void open_box(struct top_live *v, enum top_box box, const char *title)
{
    v->box = box;
    v->box_top = 0;
    v->box_follow = box == TOP_BOX_LOG;
    snprintf(v->box_title, sizeof v->box_title, "%s", title);
}

void top_box_close(struct top_live *v)
{
    v->box = TOP_BOX_NONE;
    v->log_lease = 0;
    og_buf_reset(&v->text);
}

void top_box_help(struct top_live *v)
{
    og_buf_reset(&v->text);
    og_buf_adds(&v->text, "arrows j k    move; PgUp PgDn Home End too\n"
                          "1 2 3 4       show or hide nodes, jobs, chain, events\n"
                          "Tab           next pane; Shift-Tab the one before\n"
                          "z             this pane alone, and back\n"
                          "/             filter: words that a row shows, user=ADDR node=N\n"
                          "              state=WORD; Esc clears it\n"
                          "s S r         sort by the next column, the one before; reverse\n"
                          "u             only what belongs to the keys of this user\n"
                          "Enter         unfold an array, or details; d always details\n"
                          "Space         tag a job\n"
                          "l             follow the output of a job of this machine\n"
                          "w             why a job waits (ogpu-match --why)\n"
                          "c             cancel this job or the tagged ones, after asking;\n"
                          "              not with --readonly\n"
                          "+ -           look less often, more often\n"
                          "F5 ^L         draw the screen anew\n"
                          "? F1          this help\n"
                          "q             quit\n"
                          "\n"
                          "A state ends with ! where something is wrong. The meter shows\n"
                          "the elements of a lease that are done; of a single one, the\n"
                          "part of its time limit that has passed.\n");
    open_box(v, TOP_BOX_HELP, "help");
}

static void add_record(struct top_live *v, json_t *o)
{
    const char *key;
    json_t *m;
    json_object_foreach(o, key, m)
    {
        if (json_is_string(m)) {
            if (json_string_length(m) > 0)
                og_buf_addf(&v->text, "%-18s %s\n", key, json_string_value(m));
        } else if (json_is_integer(m)) {
            og_buf_addf(&v->text, "%-18s %lld\n", key, (long long)json_integer_value(m));
        }
    }
    json_decref(o);
    og_buf_adds(&v->text, "\n");
}

static void add_leases(struct top_live *v, uint64_t task)
{
    for (size_t i = 0; i < v->d->leases; i++)
        if (v->d->lease[i].l.task == task)
            add_record(v, og_row_json(&og_families[OG_F_LEASE], &v->d->lease[i].l, "lease"));
}

static void add_node(struct top_live *v, uint64_t id)
{
    uint32_t at = top_find_node(v->d, id);
    if (at == TOP_NONE)
        return;
    add_record(v, og_row_json(&og_families[OG_F_NODE], &v->d->node[at], "node"));
    for (size_t i = 0; i < v->d->slots; i++)
        if (v->d->slot[i].node == at)
            add_record(v, og_row_json(&og_families[OG_F_SLOT], &v->d->slot[i].slot, "slot"));
}

void top_box_detail(struct top_live *v)
{
    const struct top_rows *r = &v->rows[v->focus];
    size_t row = v->table[v->focus].cursor;
    char title[64];
    if (row >= r->n)
        return;
    uint32_t at = r->row[row].at;
    og_buf_reset(&v->text);
    switch ((enum top_what)r->row[row].what) {
    case TOP_SLOT:
    case TOP_VALIDATOR:
        add_node(v, top_row_node(r, row));
        snprintf(title, sizeof title, "node %" PRIu64, top_row_node(r, row));
        break;
    case TOP_TASK:
        add_record(v, og_row_json(&og_families[OG_F_TASK], &v->d->task[at].t, "task"));
        add_leases(v, v->d->task[at].t.id);
        snprintf(title, sizeof title, "task %" PRIu64, v->d->task[at].t.id);
        break;
    case TOP_LEASE:
        add_record(v, og_row_json(&og_families[OG_F_LEASE], &v->d->lease[at].l, "lease"));
        snprintf(title, sizeof title, "lease %" PRIu64, v->d->lease[at].l.id);
        break;
    case TOP_BLOCK:
        add_record(v, og_row_json(&og_families[OG_F_ROOTS], &v->d->block[at].roots, "block"));
        snprintf(title, sizeof title, "block %" PRIu64, v->d->block[at].roots.height);
        break;
    case TOP_ACCOUNT:
        add_record(v, og_row_json(&og_families[OG_F_ACCOUNT], &v->d->account[at].a, "account"));
        snprintf(title, sizeof title, "account");
        break;
    case TOP_ALERT:
        og_buf_addf(&v->text, "%s\n", v->d->alert[at].text);
        snprintf(title, sizeof title, "alert: %s", v->d->alert[at].what);
        break;
    case TOP_EVENT:
        og_buf_addf(&v->text, "%s\n%s\n", v->d->event[at].what,
                    v->d->event[at].line.p ? v->d->event[at].line.p : "");
        snprintf(title, sizeof title, "event %" PRIu64, v->d->event[at].id);
        break;
    }
    open_box(v, TOP_BOX_TEXT, title);
}

/* The last bytes of a file, from a whole line on. */
static void add_tail(struct og_buf *out, const char *path)
{
    char *buf = malloc(LOG_BYTES + 1);
    FILE *f = path[0] ? fopen(path, "re") : NULL;
    if (f && buf) {
        bool cut = fseek(f, -(long)LOG_BYTES, SEEK_END) == 0;
        if (!cut)
            rewind(f);
        size_t n = fread(buf, 1, LOG_BYTES, f);
        buf[n] = '\0';
        char *from = cut ? memchr(buf, '\n', n) : NULL;
        from = from ? from + 1 : buf;
        og_buf_add(out, from, n - (size_t)(from - buf));
    }
    if (f)
        fclose(f);
    free(buf);
}

void top_box_refresh(struct top_live *v)
{
    if (v->box != TOP_BOX_LOG)
        return;
    uint32_t at = top_find_lease(v->d, v->log_lease);
    if (at == TOP_NONE || !v->d->lease[at].local) {
        v->log_lease = 0; /* the job has ended: what was seen last stays */
        v->box = TOP_BOX_TEXT;
        og_buf_adds(&v->text, "\n(the job has ended)\n");
        return;
    }
    const struct og_run *run = &v->d->lease[at].run;
    og_buf_reset(&v->text);
    add_tail(&v->text, run->out_path);
    size_t out = v->text.len;
    add_tail(&v->text, run->err_path);
    if (v->text.len == 0)
        og_buf_adds(&v->text, "(nothing written yet)\n");
    else if (out == 0)
        snprintf(v->box_title, sizeof v->box_title, "errors of element %" PRIu64 ", lease %" PRIu64,
                 run->element, run->lease);
}

void top_box_log(struct top_live *v)
{
    uint64_t id = top_row_lease(&v->rows[v->focus], v->table[v->focus].cursor);
    uint32_t at = id ? top_find_lease(v->d, id) : TOP_NONE;
    char title[96];
    if (at == TOP_NONE || !v->d->lease[at].local) {
        snprintf(
            v->message, sizeof v->message,
            "this does not run on this machine now; 'ogpu-submit --fetch' gets finished output");
        return;
    }
    v->log_lease = id;
    snprintf(title, sizeof title, "output of element %" PRIu64 ", lease %" PRIu64,
             v->d->lease[at].run.element, id);
    open_box(v, TOP_BOX_LOG, title);
    top_box_refresh(v);
}

void top_box_why(struct top_live *v)
{
    uint64_t id = top_row_task(&v->rows[v->focus], v->table[v->focus].cursor);
    bool node = id == 0 || v->focus == TOP_NODES;
    char num[24];
    char title[64];
    if (node)
        id = top_row_node(&v->rows[v->focus], v->table[v->focus].cursor);
    if (!id)
        return;
    snprintf(num, sizeof num, "%" PRIu64, id);
    snprintf(title, sizeof title, "why %s %s", node ? "node" : "task", num);
    const char *const argv[] = {
        "ogpu-match", "-s", og_store_dir(v->source->st), "-H", node ? "--why-node" : "--why",
        num,          NULL};
    og_buf_reset(&v->text);
    top_run(argv, &v->text);
    open_box(v, TOP_BOX_TEXT, title);
}

void top_box_ask_cancel(struct top_live *v)
{
    uint64_t id = top_row_task(&v->rows[TOP_JOBS], v->table[TOP_JOBS].cursor);
    if (v->o->readonly) {
        snprintf(v->message, sizeof v->message, "--readonly: nothing is changed from here");
        return;
    }
    if (v->focus != TOP_JOBS || (!id && !v->choice.n_tagged)) {
        snprintf(v->message, sizeof v->message, "no job is selected");
        return;
    }
    og_buf_reset(&v->text);
    if (v->choice.n_tagged)
        og_buf_addf(&v->text, "cancel the %zu tagged jobs? y/n\n", v->choice.n_tagged);
    else
        og_buf_addf(&v->text, "cancel task %" PRIu64 "? y/n\n", id);
    open_box(v, TOP_BOX_ASK, "cancel");
}

void top_box_cancel(struct top_live *v)
{
    uint64_t one = top_row_task(&v->rows[TOP_JOBS], v->table[TOP_JOBS].cursor);
    const uint64_t *id = v->choice.n_tagged ? v->tagged : &one;
    size_t n = v->choice.n_tagged ? v->choice.n_tagged : 1, failed = 0;
    struct og_buf said = OG_BUF_INIT;
    for (size_t i = 0; i < n; i++) {
        char num[24];
        snprintf(num, sizeof num, "%" PRIu64, id[i]);
        const char *const argv[] = {"ogpu-submit", "-s", og_store_dir(v->source->st),
                                    "--cancel",    num,  NULL};
        og_buf_reset(&said);
        failed += !top_run(argv, &said);
    }
    top_box_close(v);
    if (said.p)
        said.p[strcspn(said.p, "\n")] = '\0';
    if (failed)
        snprintf(v->message, sizeof v->message, "%.250s", said.p ? said.p : "not cancelled");
    else
        snprintf(v->message, sizeof v->message, "cancelled %zu job%s", n, n == 1 ? "" : "s");
    v->choice.n_tagged = 0;
    v->version = 0;
    og_buf_release(&said);
}
