/* validate_audit.c - the whole chain, one block, one matching: replayed and compared. */
#include "validate.h"

#include "base/base_io.h"
#include "base/base_log.h"
#include "base/base_mem.h"
#include "base/base_time.h"
#include "engine/engine_audit.h"
#include "ledger/ledger_view.h"
#include "match/match_cert.h"
#include "store/store_block.h"
#include "store/store_query.h"
#include "store/store_row.h"
#include "work/work_reveal.h"
#include "json/json_get.h"
#include "json/json_line.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE        256
#define PROGRESS_MS 2000

/* ---- results: what is still held is what its root says ---- */

struct results {
    struct og_store *st;
    struct og_spec_cache *specs;
    uint64_t manifests, blobs, missing, bad_lease;
    char what[2 * OG_ERR_MAX];
};

static bool blob_ok(struct results *r, const struct og_result_blob *b, const char *name)
{
    struct og_err err;
    struct og_buf bytes = OG_BUF_INIT;
    if (!b->bytes || !og_blob_has(og_store_dir(r->st), &b->sha256))
        return true;
    char *path = og_blob_path(og_store_dir(r->st), &b->sha256);
    struct og_hash h = {{0}};
    uint64_t n = 0;
    FILE *f = fopen(path, "re");
    bool ok = f && og_sha256_fd(fileno(f), &h, &n, &err) == OG_OK && n == b->bytes &&
              memcmp(h.b, b->sha256.b, OG_HASH_LEN) == 0;
    if (f)
        fclose(f);
    if (!ok)
        snprintf(r->what, sizeof r->what, "blob (%.100s) '%.600s' is damaged", name, path);
    r->blobs++;
    og_buf_release(&bytes);
    free(path);
    return ok;
}

static bool line_ok(struct results *r, const char *s, size_t n)
{
    struct og_result_element e;
    struct og_err err;
    if (og_result_parse(s, n, &e, &err) != OG_OK) {
        snprintf(r->what, sizeof r->what, "a leaf is malformed: %s", err.msg);
        return false;
    }
    bool ok = blob_ok(r, &e.stdout_blob, "stdout") && blob_ok(r, &e.stderr_blob, "stderr");
    for (size_t i = 0; ok && i < e.out_n; i++)
        ok = blob_ok(r, &e.out[i].blob, e.out[i].path);
    og_result_release(&e);
    return ok;
}

static bool lines_ok(struct results *r, const struct og_buf *lines)
{
    bool ok = true;
    for (size_t at = 0; ok && at < lines->len;) {
        const char *s = lines->p + at;
        const char *nl = memchr(s, '\n', lines->len - at);
        size_t n = nl ? (size_t)(nl - s) : lines->len - at;
        ok = line_ok(r, s, n);
        at += n + 1;
    }
    return ok;
}

/* OG_NO: it is not what was revealed. What was pruned is only counted. */
static enum og_rc check_result(struct results *r, uint64_t lease, struct og_err *err)
{
    static const struct og_hash none;
    struct og_work_job job;
    struct og_manifest m;
    struct og_hash *leaf = NULL;
    struct og_hash root;
    struct og_buf lines = OG_BUF_INIT;
    struct og_err why = {0};
    size_t n;
    bool found = false;
    OG_TRY(og_work_job_load(r->st, lease, &job, err));
    bool revealed = memcmp(job.lease.root.b, none.b, OG_HASH_LEN) != 0;
    enum og_rc rc = revealed ? og_manifest_get(r->st, &job.lease.root, &m, &found, err) : OG_OK;
    bool here = found && og_blob_has(og_store_dir(r->st), &m.sha256);
    if (rc == OG_OK && revealed && og_work_job_spec(&job, r->specs, &why) != OG_OK) {
        here = false;
        if (og_blob_has(og_store_dir(r->st), &job.task.spec)) {
            snprintf(r->what, sizeof r->what, "%s", why.msg);
            r->bad_lease = lease;
            rc = OG_NO;
        }
    }
    r->missing += revealed && !here;
    if (rc == OG_OK && here) {
        rc = og_work_reread(&job, &m.sha256, &leaf, &n, &root, &lines, &why);
        r->missing += rc == OG_E_NOINPUT;
        r->manifests++;
        if (rc == OG_OK && memcmp(root.b, job.lease.root.b, OG_HASH_LEN) != 0)
            rc = og_err_set(&why, OG_E_DATA, "the result has another root than was revealed");
        if (rc == OG_OK && !lines_ok(r, &lines))
            rc = OG_E_DATA;
        if (rc == OG_E_DATA && !r->what[0])
            snprintf(r->what, sizeof r->what, "%s", why.msg);
        if (rc == OG_E_DATA)
            r->bad_lease = lease;
        rc = rc == OG_E_DATA ? OG_NO : OG_OK;
    }
    free(leaf);
    og_buf_release(&lines);
    og_work_job_release(&job);
    return rc;
}

static enum og_rc check_results(struct results *r, struct og_err *err)
{
    struct og_lease page[PAGE];
    uint64_t from = 1;
    size_t n = PAGE;
    while (n == PAGE) {
        memset(page, 0, sizeof page);
        OG_TRY(og_row_page(r->st, OG_F_LEASE, from, page, PAGE, &n, err));
        enum og_rc rc = OG_OK;
        for (size_t i = 0; i < n; i++) {
            from = page[i].id + 1;
            if (rc == OG_OK)
                rc = check_result(r, page[i].id, err);
            og_row_release(&og_families[OG_F_LEASE], &page[i]);
        }
        OG_TRY(rc);
    }
    return OG_OK;
}

/* ---- the replay ---- */

static void progress(void *ctx, uint64_t height, uint64_t last)
{
    uint64_t *next_ms = ctx;
    uint64_t now = og_time_mono_ms();
    if (now < *next_ms)
        return;
    og_log(OG_LOG_INFO, "block %" PRIu64 " of %" PRIu64, height, last);
    *next_ms = now + PROGRESS_MS;
}

struct scene {
    struct og_store *st;
    char *state_dir, *scratch;
};

static void close_scene(struct scene *s)
{
    struct og_err ignored;
    og_store_close(s->st);
    if (s->scratch && og_io_remove_tree(s->scratch, &ignored) != OG_OK)
        og_log(OG_LOG_DEBUG, "%s", ignored.msg);
    free(s->scratch);
    free(s->state_dir);
}

static enum og_rc open_scene(const struct validate_options *o, struct scene *s, struct og_err *err)
{
    const char *tmp = getenv("TMPDIR");
    memset(s, 0, sizeof *s);
    s->state_dir = og_cli_state_dir(&o->common);
    OG_TRY(og_store_open(s->state_dir, OG_STORE_READ, &s->st, err));
    s->scratch = og_io_join(tmp && tmp[0] ? tmp : "/tmp", "ogpu-audit-XXXXXX");
    if (mkdtemp(s->scratch))
        return OG_OK;
    free(s->scratch);
    s->scratch = NULL;
    return og_err_set(err, OG_E_CANTCREATE, "cannot make a folder for the replay: %s",
                      strerror(errno));
}

static void add_num(json_t *o, const char *key, uint64_t v)
{
    json_object_set_new(o, key, json_integer((json_int_t)v));
}

static json_t *report(const char *kind, const struct og_audit *a)
{
    json_t *o = json_object();
    json_object_set_new(o, "kind", json_string(kind));
    json_object_set_new(o, "v", json_integer(1));
    json_object_set_new(o, "ok", json_boolean(a->ok));
    json_object_set_new(o, "chain", og_json_new_hex(a->chain.b, OG_HASH_LEN));
    add_num(o, "skipped_rounds", a->skipped);
    if (a->ok)
        return o;
    add_num(o, "bad_height", a->bad_height);
    add_num(o, "bad_index", a->bad_index);
    json_object_set_new(o, "what", json_string(a->what));
    return o;
}

static enum og_rc say(json_t *o_taken, bool ok, const struct og_audit *a, struct og_err *err)
{
    enum og_rc rc = og_jsonl_write(stdout, o_taken, err);
    json_decref(o_taken);
    if (rc != OG_OK || ok)
        return rc;
    if (a->bad_index)
        return og_err_set(err, OG_NO, "block %" PRIu64 ", transaction %" PRIu64 ": %s",
                          a->bad_height, a->bad_index, a->what);
    return og_err_set(err, OG_NO, "block %" PRIu64 ": %s", a->bad_height, a->what);
}

static enum og_rc audit_results(struct scene *s, struct og_audit *a, json_t *o, struct og_err *err)
{
    struct results r = {.st = s->st, .specs = og_spec_cache_new(s->state_dir)};
    enum og_rc rc = check_results(&r, err);
    og_spec_cache_free(r.specs);
    if (rc == OG_NO) {
        a->ok = false;
        a->bad_height = a->blocks;
        snprintf(a->what, sizeof a->what, "lease %" PRIu64 ": %.500s", r.bad_lease, r.what);
        json_object_set_new(o, "ok", json_false());
        json_object_set_new(o, "what", json_string(a->what));
        add_num(o, "bad_lease", r.bad_lease);
        rc = OG_OK;
    }
    add_num(o, "results", r.manifests);
    add_num(o, "results_blobs", r.blobs);
    add_num(o, "results_gone", r.missing);
    return rc;
}

enum og_rc validate_audit(const struct validate_options *o, struct og_err *err)
{
    struct scene s;
    struct og_audit a;
    uint64_t next_ms = 0;
    json_t *rec = NULL;
    enum og_rc rc = open_scene(o, &s, err);
    struct og_audit_want want = {.scratch_dir = s.scratch, .progress = progress, .ctx = &next_ms};
    if (rc == OG_OK)
        rc = og_audit_run(s.st, &want, &a, err);
    if (rc == OG_OK) {
        rec = report("audit", &a);
        add_num(rec, "blocks", a.blocks);
        add_num(rec, "txs", a.txs);
        add_num(rec, "open_txs", a.open_txs);
        json_object_set_new(rec, "from", json_string("genesis"));
        json_object_set_new(rec, "app_hash", og_json_new_hex(a.app_hash.b, OG_HASH_LEN));
        json_object_set_new(rec, "supply", og_json_new_dec(a.supply));
        if (a.ok)
            rc = audit_results(&s, &a, rec, err);
    }
    if (rc == OG_OK)
        rc = say(json_incref(rec), a.ok, &a, err);
    json_decref(rec);
    close_scene(&s);
    return rc;
}

enum og_rc validate_block(const struct validate_options *o, struct og_err *err)
{
    struct scene s;
    struct og_audit a;
    struct og_hash hash;
    struct og_buf line = OG_BUF_INIT;
    uint64_t next_ms = 0;
    bool found;
    enum og_rc rc = open_scene(o, &s, err);
    struct og_audit_want want = {
        .scratch_dir = s.scratch, .until = o->block, .progress = progress, .ctx = &next_ms};
    if (rc == OG_OK)
        rc = og_audit_run(s.st, &want, &a, err);
    if (rc == OG_OK)
        rc = og_block_get(s.st, o->block, &hash, &line, &found, err);
    if (rc == OG_OK) {
        json_t *rec = report("block.verdict", &a);
        add_num(rec, "height", o->block);
        json_object_set_new(rec, "hash", og_json_new_hex(hash.b, OG_HASH_LEN));
        rc = say(rec, a.ok, &a, err);
    }
    og_buf_release(&line);
    close_scene(&s);
    return rc;
}

/* ---- one matching ---- */

struct matching {
    uint64_t round, next_ms;
    uint64_t rows, cols, height, index;
    bool found, valid, applied;
    struct og_hash id;
    struct og_addr from;
    char what[OG_ERR_MAX];
};

static void matching_progress(void *ctx, uint64_t height, uint64_t last)
{
    progress(&((struct matching *)ctx)->next_ms, height, last);
}

static bool ints(const json_t *body, const char *key, size_t n, int64_t *out)
{
    const json_t *list = json_object_get(body, key);
    if (json_array_size(list) != n)
        return false;
    for (size_t i = 0; i < n; i++) {
        const json_t *v = json_array_get(list, i);
        if (!json_is_integer(v))
            return false;
        out[i] = json_integer_value(v);
    }
    return true;
}

static void judge(struct matching *m, const struct og_round *r, const int64_t *c,
                  const int64_t *wait, const json_t *body)
{
    struct og_err why = {0};
    int32_t *x = og_xcalloc(r->rows + 1, sizeof *x);
    int64_t *x64 = og_xcalloc(r->rows + 1, sizeof *x64);
    int64_t *u = og_xcalloc(r->rows + 1, sizeof *u);
    int64_t *v = og_xcalloc(r->cols + 1, sizeof *v);
    bool ok =
        ints(body, "x", r->rows, x64) && ints(body, "u", r->rows, u) && ints(body, "v", r->cols, v);
    for (size_t i = 0; ok && i < r->rows; i++) {
        ok = x64[i] >= -1 && x64[i] < (int64_t)r->cols;
        x[i] = ok ? (int32_t)x64[i] : -1;
    }
    if (!ok)
        og_err_set(&why, OG_E_DATA, "x, u or v is malformed");
    m->valid = ok && og_cert_check(r->rows, r->cols, c, wait, x, u, v, &why) == OG_OK;
    m->rows = r->rows;
    m->cols = r->cols;
    snprintf(m->what, sizeof m->what, "%s", why.msg);
    free(x);
    free(x64);
    free(u);
    free(v);
}

static enum og_rc before_tx(void *ctx, struct og_ledger *l, const struct og_tx *tx, uint64_t height,
                            uint64_t index, bool *stop, struct og_err *err)
{
    struct matching *m = ctx;
    struct og_round r;
    int64_t *c;
    int64_t *wait;
    bool found;
    if (tx->kind != OG_TX_MATCH_COMMIT ||
        json_integer_value(json_object_get(tx->body, "round")) != (json_int_t)m->round)
        return OG_OK;
    OG_TRY(og_view_round(l, &r, &c, &wait, &found, err));
    if (found && r.id == m->round) {
        judge(m, &r, c, wait, tx->body);
        m->found = true;
        m->height = height;
        m->index = index;
        m->id = tx->id;
        m->from = tx->from;
        *stop = m->valid; /* a later one may be right where this is wrong */
    }
    free(c);
    free(wait);
    og_row_release(&og_families[OG_F_ROUND], &r);
    return OG_OK;
}

static enum og_rc matching_say(const struct matching *m, struct og_err *err)
{
    char from[OG_ADDR_TEXT];
    og_addr_format(&m->from, from);
    json_t *o =
        json_pack("{s:s, s:i, s:I, s:b, s:I, s:I, s:I, s:I, s:s}", "kind", "matching.verdict", "v",
                  1, "round", (json_int_t)m->round, "ok", (int)m->valid, "rows",
                  (json_int_t)m->rows, "cols", (json_int_t)m->cols, "height", (json_int_t)m->height,
                  "index", (json_int_t)m->index, "from", from);
    json_object_set_new(o, "txid", og_json_new_hex(m->id.b, OG_HASH_LEN));
    if (!m->valid)
        json_object_set_new(o, "what", json_string(m->what));
    enum og_rc rc = og_jsonl_write(stdout, o, err);
    json_decref(o);
    if (rc == OG_OK && !m->valid)
        return og_err_set(err, OG_NO, "round %" PRIu64 ": %s", m->round, m->what);
    return rc;
}

enum og_rc validate_matching(const struct validate_options *o, struct og_err *err)
{
    struct scene s;
    struct og_audit a;
    struct matching m = {.round = o->matching};
    enum og_rc rc = open_scene(o, &s, err);
    struct og_audit_want want = {
        .scratch_dir = s.scratch, .progress = matching_progress, .before = before_tx, .ctx = &m};
    if (rc == OG_OK)
        rc = og_audit_run(s.st, &want, &a, err);
    if (rc == OG_OK && !a.ok)
        rc = og_err_set(err, OG_NO, "block %" PRIu64 ": %s", a.bad_height, a.what);
    if (rc == OG_OK && !m.found)
        rc = og_err_set(err, OG_NO, "there is no certificate for round %" PRIu64, m.round);
    else if (rc == OG_OK)
        rc = matching_say(&m, err);
    close_scene(&s);
    return rc;
}
