/* node_blobs_want.c - fetches what a tool wants; what the state says to other nodes and to people.
 */
#include "node_blobs.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "json/json_get.h"

#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 64

static enum og_rc fetch(struct node_blobs *b, const struct og_hash *blob, const char *path,
                        bool (*ok)(void *, const char *, size_t), void *ctx, struct og_err *err)
{
    pthread_mutex_lock(&b->lock);
    char *pins = b->pins ? og_xstrdup(b->pins) : NULL;
    pthread_mutex_unlock(&b->lock);
    if (!pins)
        return og_err_set(err, OG_E_UNAVAILABLE, "the chain knows no node with a TLS key");
    struct og_fetch_set set = {.dir = b->dir,
                               .holders = (const char *const *)b->conf.holder,
                               .n = b->conf.n,
                               .cert = &b->cert,
                               .key = &b->key,
                               .pins = pins,
                               .max = b->conf.max,
                               .rate = b->conf.rate};
    enum og_rc rc = blob ? og_fetch_blob(&set, blob, err) : og_fetch_text(&set, path, ok, ctx, err);
    free(pins);
    pthread_mutex_lock(&b->lock);
    b->fetched += rc == OG_OK;
    b->failed += rc != OG_OK;
    pthread_mutex_unlock(&b->lock);
    return rc;
}

struct answer {
    struct og_store *st;
    struct og_manifest m;
    const struct og_hash *root; /* wanted; or task and element */
    uint64_t task, element;
};

static bool read_line(const char *text, size_t n, struct og_manifest *m)
{
    json_t *o = json_loadb(text, n, 0, NULL);
    struct og_err ignored;
    bool ok = json_is_object(o) &&
              og_json_hex(o, "root", m->root.b, OG_HASH_LEN, &ignored) == OG_OK &&
              og_json_hex(o, "sha256", m->sha256.b, OG_HASH_LEN, &ignored) == OG_OK &&
              og_json_u64(o, "task", UINT64_MAX, &m->task, &ignored) == OG_OK &&
              og_json_u64(o, "first", UINT64_MAX, &m->first, &ignored) == OG_OK &&
              og_json_u64(o, "count", UINT64_MAX, &m->count, &ignored) == OG_OK &&
              og_json_u64(o, "lease", UINT64_MAX, &m->lease, &ignored) == OG_OK;
    json_decref(o);
    return ok;
}

/* True when the lease that it names has that root in our state. */
static bool believable(void *ctx, const char *text, size_t n)
{
    struct answer *a = ctx;
    struct og_err ignored;
    bool found;
    if (!read_line(text, n, &a->m))
        return false;
    struct og_lease ls = {.id = a->m.lease};
    if (og_row_get(a->st, OG_F_LEASE, &ls, &found, &ignored) != OG_OK || !found)
        return false;
    bool ok = ls.task == a->m.task && ls.first == a->m.first && a->m.count <= ls.count &&
              memcmp(ls.root.b, a->m.root.b, OG_HASH_LEN) == 0;
    og_row_release(&og_families[OG_F_LEASE], &ls);
    if (a->root)
        return ok && memcmp(a->root->b, a->m.root.b, OG_HASH_LEN) == 0;
    return ok && a->m.task == a->task && a->m.first <= a->element &&
           a->element - a->m.first < a->m.count;
}

static enum og_rc want_manifest(struct node_blobs *b, struct answer *a, const char *path,
                                struct og_err *err)
{
    enum og_rc rc = og_store_open(b->home, OG_STORE_WRITE, &a->st, err);
    if (rc == OG_OK)
        rc = fetch(b, NULL, path, believable, a, err);
    if (rc == OG_OK && !og_blob_has(b->home, &a->m.sha256))
        rc = fetch(b, &a->m.sha256, NULL, NULL, NULL, err);
    if (rc == OG_OK)
        rc = og_store_begin(a->st, err);
    if (rc == OG_OK) {
        rc = og_manifest_put(a->st, &a->m, err);
        if (rc == OG_OK)
            rc = og_store_commit(a->st, err);
        og_store_rollback(a->st);
    }
    og_store_close(a->st);
    return rc;
}

static bool place_of(const char *s, uint64_t *task, uint64_t *element)
{
    const char *slash = strchr(s, '/');
    return slash && og_parse_u64n(s, (size_t)(slash - s), UINT64_MAX / 2, task) &&
           og_parse_u64(slash + 1, UINT64_MAX / 2, element);
}

enum og_rc node_blobs_want(struct node_blobs *b, const char *line, struct og_err *err)
{
    char path[200];
    struct og_hash h;
    struct answer a = {.root = NULL};
    size_t n = strcspn(line, " ");
    const char *what = line[n] ? line + n + 1 : line + n;
    bool hex = og_hex_decode(what, strlen(what), h.b, OG_HASH_LEN);
    snprintf(path, sizeof path, "/manifest/%.150s", what);
    if (n == 4 && memcmp(line, "blob", 4) == 0 && hex)
        return og_blob_has(b->home, &h) ? OG_OK : fetch(b, &h, NULL, NULL, NULL, err);
    if (n == 4 && memcmp(line, "root", 4) == 0 && hex) {
        a.root = &h;
        return want_manifest(b, &a, path, err);
    }
    if (n == 6 && memcmp(line, "result", 6) == 0 && place_of(what, &a.task, &a.element))
        return want_manifest(b, &a, path, err);
    return og_err_set(err, OG_E_DATA, "no such question");
}

static enum og_rc find(struct og_store *st, const char *what, struct og_manifest *m, bool *found,
                       struct og_err *err)
{
    struct og_manifest page[PAGE];
    struct og_hash h;
    uint64_t task;
    uint64_t element;
    uint64_t at = 0;
    size_t n;
    *found = false;
    if (og_hex_decode(what, strlen(what), h.b, OG_HASH_LEN))
        return og_manifest_get(st, &h, m, found, err);
    if (!place_of(what, &task, &element))
        return OG_OK;
    do {
        OG_TRY(og_manifest_page(st, task, at, page, PAGE, &n, err));
        for (size_t i = 0; i < n && !*found; i++) {
            *found = page[i].first <= element && element - page[i].first < page[i].count;
            *m = page[i];
        }
        at = n ? page[n - 1].first + 1 : at;
    } while (!*found && n == PAGE && page[n - 1].first <= element);
    return OG_OK;
}

static enum og_rc manifest(struct og_store *st, const char *what, struct og_buf *out,
                           struct og_err *err)
{
    struct og_manifest m;
    bool found;
    OG_TRY(find(st, what, &m, &found, err));
    if (!found)
        return OG_NO;
    og_buf_adds(out, "{\"root\":\"");
    og_buf_add_hex(out, m.root.b, OG_HASH_LEN);
    og_buf_adds(out, "\",\"sha256\":\"");
    og_buf_add_hex(out, m.sha256.b, OG_HASH_LEN);
    og_buf_addf(out,
                "\",\"task\":%" PRIu64 ",\"first\":%" PRIu64 ",\"count\":%" PRIu64
                ",\"lease\":%" PRIu64 "}\n",
                m.task, m.first, m.count, m.lease);
    return OG_OK;
}

static bool runs(const struct node_blobs *b, const char *name)
{
    struct og_buf text = OG_BUF_INIT;
    struct og_err ignored;
    uint64_t pid = 0;
    char *path = og_io_join(b->home, name);
    bool ok = og_io_read_file(path, 32, &text, &ignored) == OG_OK && text.len > 1 &&
              og_parse_u64n(text.p, text.len - 1, 1u << 30, &pid) && kill((pid_t)pid, 0) == 0;
    og_buf_release(&text);
    free(path);
    return ok;
}

static void line(struct og_buf *out, const char *name, const char *kind, const char *help,
                 uint64_t v)
{
    og_buf_addf(out, "# HELP ogpu_%s %s\n# TYPE ogpu_%s %s\nogpu_%s %" PRIu64 "\n", name, help,
                name, kind, name, v);
}

static enum og_rc metrics(struct node_blobs *b, struct og_store *st, struct og_buf *out,
                          struct og_err *err)
{
    static const struct {
        const char *counter, *name, *help;
    } of[] = {{"tx", "transactions", "transactions in the state"},
              {"task.open", "tasks_open", "tasks that are open"},
              {"lease.running", "leases_running", "leases that run"}};
    struct og_share_count c;
    uint64_t v;
    OG_TRY(og_store_meta_u64(st, "comet_h", 0, &v, err));
    line(out, "height", "gauge", "last committed block", v);
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        OG_TRY(og_store_counter(st, of[i].counter, &v, err));
        line(out, of[i].name, "gauge", of[i].help, v);
    }
    og_share_counts(b->share, &c);
    line(out, "application_up", "gauge", "1: the application runs", runs(b, "run/app.pid"));
    line(out, "engine_up", "gauge", "1: CometBFT runs", runs(b, "run/engine.pid"));
    line(out, "blob_connections_total", "counter", "connections taken", c.peers);
    line(out, "blob_requests_total", "counter", "requests answered", c.requests);
    line(out, "blob_refused_total", "counter", "peers whose key the chain does not name",
         c.refused);
    line(out, "blob_sent_bytes_total", "counter", "bytes of blobs sent", c.bytes_out);
    line(out, "blob_put_bytes_total", "counter", "bytes that PUT announced", c.bytes_in);
    pthread_mutex_lock(&b->lock);
    line(out, "blob_fetched_total", "counter", "things fetched from other nodes", b->fetched);
    line(out, "blob_fetch_failed_total", "counter", "things that no node gave", b->failed);
    pthread_mutex_unlock(&b->lock);
    return OG_OK;
}

static enum og_rc health(const struct node_blobs *b, struct og_store *st, struct og_buf *out,
                         struct og_err *err)
{
    uint64_t h;
    OG_TRY(og_store_meta_u64(st, "comet_h", 0, &h, err));
    if (!runs(b, "run/app.pid") || !runs(b, "run/engine.pid"))
        return og_err_set(err, OG_E_UNAVAILABLE, "application or engine is down");
    og_buf_addf(out, "{\"height\":%" PRIu64 ",\"kind\":\"health\",\"ok\":true,\"v\":1}\n", h);
    return OG_OK;
}

enum og_rc node_blobs_text(void *ctx, const char *path, struct og_buf *out, struct og_err *err)
{
    struct node_blobs *b = ctx;
    struct og_store *st;
    enum og_rc rc = og_store_open(b->home, OG_STORE_READ, &st, err);
    if (rc == OG_OK && strncmp(path, "/manifest/", 10) == 0)
        rc = manifest(st, path + 10, out, err);
    else if (rc == OG_OK && strcmp(path, "/metrics") == 0)
        rc = metrics(b, st, out, err);
    else if (rc == OG_OK)
        rc = health(b, st, out, err);
    og_store_close(st);
    return rc;
}
