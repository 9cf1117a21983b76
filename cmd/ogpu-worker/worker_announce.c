/* worker_announce.c - what the owner allows, said on the chain, so that nothing is matched that
 * would only be given back: no classes while the node is closed, else the terms of worker.conf. */
#include "worker.h"

#include "base/base_io.h"
#include "base/base_log.h"
#include "store/store_row.h"
#include "json/json_get.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIST_MAX 4096

/* What can stand on the chain of a list of classes. */
static json_t *classes_of(const char *list)
{
    static const char *const known[] = {"cuda", "kernel", "private", "program"};
    json_t *a = json_array();
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (og_owner_lists(list, known[i]))
            json_array_append_new(a, json_string(known[i]));
    return a;
}

static bool same_classes(const json_t *a, const char *list)
{
    json_t *b = classes_of(list);
    bool same = json_equal(a, b);
    json_decref(b);
    return same;
}

/* The classes of before, kept over a crash: what opens the node again. */
static enum og_rc keep_classes(const char *path, const char *classes, struct og_err *err)
{
    if (!classes || !*classes)
        return OG_OK;
    return og_io_write_atomic(path, classes, strlen(classes), 0600, OG_IO_REPLACE, err);
}

static void add_classes(const struct worker *w, const struct og_node *n, const char *path,
                        bool closed, json_t *body)
{
    struct og_buf kept = OG_BUF_INIT;
    struct og_err ignored;
    const char *said = w->o->classes ? w->o->classes : w->rules.classes;
    const char *now = n->classes ? n->classes : "";
    json_t *want = NULL;
    if (closed) {
        want = json_array();
    } else {
        want = said ? classes_of(said) : NULL;
        if (want && json_array_size(want) == 0) { /* names only what the chain does not know */
            json_decref(want);
            want = NULL;
        }
        bool was = og_io_exists(path) && og_io_read_file(path, LIST_MAX, &kept, &ignored) == OG_OK;
        if (!want && was && !*now) {
            og_buf_addc(&kept, '\0');
            want = classes_of(kept.p);
        }
    }
    if (want && !same_classes(want, now))
        json_object_set(body, "classes", want);
    json_decref(want);
    og_buf_release(&kept);
}

/* Own addresses stand there as such; "own" is the owner, "all" an empty list. */
static void add_submitters(const struct worker *w, const struct og_work_node *node,
                           const struct og_node *n, json_t *body)
{
    const char *list = w->rules.submitters;
    char text[OG_ADDR_TEXT];
    if (!list)
        return;
    json_t *a = json_array();
    bool all = og_owner_lists(list, "all");
    for (const char *s = list; !all && *s;) {
        s += strspn(s, ", ");
        size_t k = strcspn(s, ", ");
        if (k == 3 && strncmp(s, "own", 3) == 0) {
            og_addr_format(&node->owner, text);
            json_array_append_new(a, json_string(text));
        } else if (k) {
            json_array_append_new(a, json_stringn(s, k));
        }
        s += k;
    }
    json_t *now = n->submitters ? json_loads(n->submitters, 0, NULL) : json_array();
    if (!json_equal(a, now))
        json_object_set(body, "submitters", a);
    json_decref(now);
    json_decref(a);
}

static enum og_rc send(struct worker *w, struct og_work_node *node, json_t *body, bool *refused,
                       struct og_err *err)
{
    struct og_sent sent = {0};
    struct og_draft d = {.kind = OG_TX_NODE_UPDATE, .body = body};
    OG_TRY(og_engine_send(w->engine, node->key, &d, 1, &sent, err));
    w->changed = true;
    *refused = sent.rc != OG_OK;
    if (*refused)
        og_log(OG_LOG_WARNING, "node.update of node %" PRIu64 ": %s", node->id, sent.msg);
    return OG_OK;
}

enum og_rc worker_announce(struct worker *w, struct og_work_node *node, bool closed, bool *refused,
                           struct og_err *err)
{
    struct og_node n = {.id = node->id};
    json_t *body = json_object();
    char *path = worker_owner_path(w, "classes", node->id);
    enum og_rc rc = og_row_need(w->store, OG_F_NODE, &n, err);
    *refused = false;
    if (rc == OG_OK && n.state == OG_NODE_ACTIVE) {
        add_classes(w, &n, path, closed, body);
        add_submitters(w, node, &n, body);
        if (w->rules.min_rate != OG_OWNER_UNSET && w->rules.min_rate != n.min_rate)
            json_object_set_new(body, "min_rate", og_json_new_dec(w->rules.min_rate));
    }
    if (rc == OG_OK && closed && json_object_get(body, "classes"))
        rc = keep_classes(path, n.classes, err);
    if (rc == OG_OK && json_object_size(body))
        rc = send(w, node, body, refused, err);
    if (rc == OG_OK && !closed && !*refused)
        unlink(path);
    og_row_release(&og_families[OG_F_NODE], &n);
    json_decref(body);
    free(path);
    return rc;
}
