/* submit_change.c - --cancel, --accept, --dispute, --transfer: one transaction each. */
#include "submit.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "json/json_get.h"
#include "json/json_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum og_rc put_record(const struct og_sent *sent, const char *what, uint64_t task,
                             struct og_err *err)
{
    json_t *o = json_pack("{s:s, s:i, s:s, s:o, s:b}", "kind", "tx", "v", 1, "what", what, "txid",
                          og_json_new_hex(sent->id.b, OG_HASH_LEN), "ok", sent->rc == OG_OK);
    if (task)
        json_object_set_new(o, "task", json_integer((json_int_t)task));
    if (sent->rc != OG_OK)
        json_object_set_new(o, "error", json_string(sent->msg));
    enum og_rc rc = og_jsonl_write(stdout, o, err);
    json_decref(o);
    return rc;
}

/* "ID", "NAME", and ":A-B" behind it for elements. */
static enum og_rc read_target(struct og_submit *s, const char *text, json_t **body, uint64_t *task,
                              struct og_err *err)
{
    const char *colon = strchr(text, ':');
    uint64_t first = 0;
    uint64_t count = 0;
    if (colon && !og_taskrec_array(colon + 1, &first, &count))
        return og_err_set(err, OG_E_USAGE, "'%.100s' is no range of elements such as 0-9",
                          colon + 1);
    OG_TRY(og_submit_find_task(s, text, colon ? (size_t)(colon - text) : strlen(text), task, err));
    *body = json_pack("{s:I, s:I, s:I}", "task", (json_int_t)*task, "first", (json_int_t)first,
                      "count", (json_int_t)count);
    return *body ? OG_OK : og_err_set(err, OG_E_INTERNAL, "cannot pack a transaction");
}

struct changes {
    struct og_submit *s;
    const struct og_opt_list *listed;
    int argc;
    char **argv;
    enum og_tx_kind kind;
    size_t n;
    struct og_draft *draft;
    uint64_t *task;
    struct og_sent *sent;
};

static enum og_rc read_all(struct changes *c, struct og_err *err)
{
    for (size_t i = 0; i < c->n; i++) {
        json_t *body = NULL;
        const char *text = i < c->listed->n ? c->listed->v[i] : c->argv[i - c->listed->n];
        OG_TRY(read_target(c->s, text, &body, &c->task[i], err));
        c->draft[i] = (struct og_draft){.kind = c->kind, .body = body};
    }
    return OG_OK;
}

static enum og_rc send_all(struct changes *c, struct og_err *err)
{
    OG_TRY(read_all(c, err));
    OG_TRY(og_engine_send(c->s->engine, c->s->key, c->draft, c->n, c->sent, err));
    for (size_t i = 0; i < c->n; i++)
        OG_TRY(put_record(&c->sent[i], og_tx_kind_name(c->kind), c->task[i], err));
    for (size_t i = 0; i < c->n; i++)
        if (c->sent[i].rc != OG_OK)
            return og_err_set(err, c->sent[i].rc, "task %llu: %.600s",
                              (unsigned long long)c->task[i], c->sent[i].msg);
    return OG_OK;
}

enum og_rc og_submit_change(const struct og_submit_options *o, int argc, char **argv,
                            struct og_err *err)
{
    struct og_submit s;
    struct changes c = {.s = &s, .argc = argc, .argv = argv, .kind = OG_TX_TASK_CANCEL};
    c.listed = &o->cancel;
    if (o->accept.n) {
        c.listed = &o->accept;
        c.kind = OG_TX_TASK_ACCEPT;
    } else if (o->dispute.n) {
        c.listed = &o->dispute;
        c.kind = OG_TX_TASK_DISPUTE;
    }
    OG_TRY(og_submit_open(o, OG_NEED_KEY, &s, err));
    c.n = c.listed->n + (size_t)argc;
    c.draft = og_xcalloc(c.n, sizeof *c.draft);
    c.task = og_xcalloc(c.n, sizeof *c.task);
    c.sent = og_xcalloc(c.n, sizeof *c.sent);
    enum og_rc rc = send_all(&c, err);
    for (size_t i = 0; i < c.n; i++)
        json_decref((json_t *)(uintptr_t)c.draft[i].body);
    free(c.draft);
    free(c.task);
    free(c.sent);
    og_submit_close(&s);
    return rc;
}

enum og_rc og_submit_transfer(const struct og_submit_options *o, struct og_err *err)
{
    struct og_submit s;
    struct og_addr to;
    if (o->amount == OG_SUBMIT_UNSET || o->amount == 0)
        return og_err_set(err, OG_E_USAGE, "--transfer needs an --amount above 0");
    enum og_rc rc = og_addr_parse(o->transfer, &to, err);
    if (rc != OG_OK)
        return og_err_wrap(err, OG_E_USAGE, "--transfer");
    OG_TRY(og_submit_open(o, OG_NEED_KEY, &s, err));
    json_t *body = json_object();
    struct og_draft d = {.kind = OG_TX_TRANSFER, .body = body, .to = &to, .value = o->amount};
    struct og_sent sent;
    rc = og_engine_send1(s.engine, s.key, &d, &sent, err);
    if (rc == OG_OK)
        rc = put_record(&sent, "transfer", 0, err);
    json_decref(body);
    og_submit_close(&s);
    return rc;
}
