/* submit_batch.c - records become tasks of a batch: checked, priced, their names resolved. */
#include "submit.h"

#include "base/base_log.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "check/check_method.h"
#include "ledger/ledger_view.h"
#include "model/model_records.h"
#include "store/store_row.h"
#include "json/json_canon.h"
#include "json/json_line.h"

#include <stdlib.h>
#include <string.h>

#define BATCH_MAX     4000000u   /* tasks */
#define SPEC_BLOB_MAX (8u << 20) /* a blob that has grown to this takes no more lines */
#define SPECS_MAX     (1u << 30) /* bytes of all of them */
#define AMBIGUOUS     UINT64_MAX /* value of a name that two records bear */

void og_batch_init(struct og_batch *b, struct og_submit *s)
{
    *b = (struct og_batch){.s = s, .now_ms = og_time_unix_ms()};
}

static void release_entry(struct og_entry *e)
{
    free(e->name);
    free(e->after);
    json_decref(e->kernel);
}

void og_batch_release(struct og_batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        release_entry(&b->v[i]);
    for (size_t i = 0; i < b->n_spec; i++)
        og_buf_release(&b->spec[i].text);
    for (size_t i = 0; i < b->n_old; i++)
        free(b->old[i]);
    for (size_t i = 0; i < b->n_unknown; i++)
        free(b->unknown[i]);
    free(b->v);
    free(b->spec);
    free(b->old);
    og_inputs_release(&b->inputs);
    og_strmap_release(&b->names);
    og_strmap_release(&b->old_names);
    *b = (struct og_batch){0};
}

/* λ, rate and the fastest slot, read once for a batch. */
static enum og_rc price_basis(struct og_batch *b, struct og_err *err)
{
    if (b->priced)
        return OG_OK;
    struct og_match_col *cols = NULL;
    size_t m = 0;
    OG_TRY(og_store_begin_read(b->s->store, err));
    enum og_rc rc = og_view_cols(b->s->ledger, false, &cols, &m, err);
    if (rc == OG_OK)
        rc = og_view_lambda(b->s->ledger, &b->lambda_ppm, err);
    og_store_end_read(b->s->store);
    for (size_t i = 0; rc == OG_OK && i < m; i++)
        b->c_fast = og_max_u64(b->c_fast, cols[i].c_mflops);
    og_view_free_cols(cols, m);
    b->rate = og_ledger_params(b->s->ledger)->rate;
    b->priced = rc == OG_OK;
    return rc;
}

/* Pay for the limit on the fastest node at λ now, times 5/4, rounded up. */
static enum og_rc default_price(struct og_batch *b, uint64_t limit_ms, uint64_t work, uint64_t *out,
                                struct og_err *err)
{
    OG_TRY(price_basis(b, err));
    if (b->c_fast == 0)
        return og_err_set(err, OG_E_UNAVAILABLE,
                          "no node is known whose pay could be reckoned: give a price");
    uint64_t units = og_muldiv_up(b->c_fast, limit_ms, 1000);
    if (work)
        units = og_min_u64(units, og_muldiv_up(work, 5, 4));
    uint64_t pay = og_muldiv_up(og_muldiv_up(units, b->rate, 1000000000u), b->lambda_ppm, OG_PPM);
    *out = og_muldiv_up(pay, 5, 4);
    return OG_OK;
}

static enum og_rc set_kernel(const struct og_taskrec *r, struct og_entry *e, uint64_t *work,
                             struct og_err *err)
{
    struct og_kernel k;
    *work = 0;
    if (!r->kernel)
        return OG_OK;
    e->kernel = json_pack("{s:s, s:O}", "name", r->kernel, "args", r->args);
    if (!e->kernel)
        return og_err_set(err, OG_E_INTERNAL, "cannot pack a kernel");
    OG_TRY(og_view_kernel(e->kernel, &k, err));
    *work = k.shape.work_mflop;
    return OG_OK;
}

static enum og_rc set_escrow(struct og_batch *b, struct og_entry *e, struct og_err *err)
{
    struct og_buf kernel = OG_BUF_INIT;
    struct og_task t = {.count = e->count, .chunk = e->chunk, .samples = e->samples};
    static char none[1];
    if (e->kernel)
        OG_TRY(og_json_canon(e->kernel, &kernel, err));
    t.kernel = e->kernel ? kernel.p : none;
    enum og_verify method = (enum og_verify)e->verify;
    uint64_t all = og_view_leaves(&t);
    uint64_t ppm = og_check_ppm(method, og_check_leaves(method, e->samples, all), all);
    og_buf_release(&kernel);
    uint64_t sum;
    if (!og_view_escrow(og_ledger_params(b->s->ledger), e->count, e->max_price, ppm,
                        og_check_checks(method), e->urgency, &e->escrow) ||
        !og_add_u64(b->escrow, e->escrow, &sum))
        return og_err_set(err, OG_E_DATA, "'max_price' must be less: the escrow is beyond 2^62");
    b->escrow = sum;
    b->elements += e->count;
    return OG_OK;
}

/* A name of a record before, else of an own task of before. */
static enum og_rc resolve(struct og_batch *b, const struct og_taskrec_after *a,
                          struct og_after *out, struct og_err *err)
{
    const uint64_t *in_batch = og_strmap_find(&b->names, a->name, a->name_len);
    if (in_batch && *in_batch == AMBIGUOUS)
        return og_err_set(err, OG_E_DATA,
                          "'after' must be plain: two records before are named "
                          "'%.*s'",
                          (int)a->name_len, a->name);
    if (in_batch) {
        out->index = (uint32_t)*in_batch;
        return OG_OK;
    }
    const uint64_t *known = og_strmap_find(&b->old_names, a->name, a->name_len);
    if (known) {
        out->task = *known;
        return OG_OK;
    }
    if (og_submit_find_task(b->s, a->name, a->name_len, &out->task, err) != OG_OK)
        return og_err_set(err, OG_E_DATA,
                          "'after' must be earlier tasks, but no record before this one and no "
                          "task of this account is named '%.*s'",
                          (int)a->name_len, a->name);
    b->old = og_xgrow(b->old, &b->cap_old, b->n_old + 1, sizeof *b->old);
    b->old[b->n_old++] = og_xstrndup(a->name, a->name_len);
    *og_strmap_at(&b->old_names, b->old[b->n_old - 1], a->name_len, 0) = out->task;
    return OG_OK;
}

/* A task that ended otherwise than asked would fail the transaction; better to say so before. */
static enum og_rc check_ended(struct og_batch *b, const struct og_after *a, struct og_err *err)
{
    struct og_task t = {.id = a->task};
    if (a->task == 0)
        return OG_OK;
    OG_TRY(og_row_need(b->s->store, OG_F_TASK, &t, err));
    bool ok = t.state == OG_TASK_PAID && t.exit_worst == 0;
    bool in_vain = t.state >= OG_TASK_PAID && a->when != 1 && (a->when == 0) != ok;
    uint64_t exits = t.exit_worst;
    const char *state = og_task_state_names[t.state];
    og_row_release(&og_families[OG_F_TASK], &t);
    if (!in_vain)
        return OG_OK;
    return og_err_set(err, OG_E_DATA,
                      "'after' must be tasks that can still end so: task %llu has ended as %s with "
                      "exit status %llu",
                      (unsigned long long)a->task, state, (unsigned long long)exits);
}

static enum og_rc set_after(struct og_batch *b, const struct og_taskrec *r, struct og_entry *e,
                            struct og_err *err)
{
    e->n_after = json_array_size(r->after);
    if (e->n_after == 0)
        return OG_OK;
    e->after = og_xcalloc(e->n_after, sizeof *e->after);
    for (size_t i = 0; i < e->n_after; i++) {
        struct og_taskrec_after a;
        struct og_after *to = &e->after[i];
        OG_TRY(og_taskrec_after(r, i, &a, err));
        *to = (struct og_after){.task = a.task, .when = (uint32_t)a.when};
        if (a.task)
            OG_TRY(og_submit_check_task(b->s, a.task, err));
        else
            OG_TRY(resolve(b, &a, to, err));
        OG_TRY(check_ended(b, to, err));
        for (size_t k = 0; k < i; k++)
            if (e->after[k].task == to->task && (to->task || e->after[k].index == to->index))
                return og_err_set(err, OG_E_DATA, "'after' must be different tasks");
    }
    return OG_OK;
}

static uint64_t chunk_of(const struct og_taskrec *r)
{
    if (r->chunk)
        return r->chunk;
    return og_min_u64(OG_TASKREC_CHUNK_MAX, og_max_u64(1, r->count / 16));
}

static enum og_rc set_terms(struct og_batch *b, const struct og_taskrec *r, struct og_entry *e,
                            struct og_err *err)
{
    uint64_t work;
    e->count = r->count;
    e->chunk = og_min_u64(chunk_of(r), r->count);
    e->limit_ms = r->limit_ms;
    e->deadline_ms = r->deadline_ms ? b->now_ms + r->deadline_ms : 0;
    e->expires_ms = r->expires_ms;
    e->cores = r->cores;
    e->mem_bytes = r->mem_bytes;
    e->gpu_mem_bytes = r->gpu_mem_bytes;
    e->gpu_ppm = (uint32_t)r->gpu_ppm;
    e->urgency = (uint8_t)r->urgency;
    e->verify = (uint8_t)r->verify;
    e->samples = (uint8_t)r->samples;
    e->retry = (uint8_t)r->retry;
    e->has_check = r->check != NULL;
    e->check_limit_ms = og_check_limit_ms(r);
    e->name = r->name ? og_xstrdup(r->name) : NULL;
    OG_TRY(set_kernel(r, e, &work, err));
    e->max_price = r->max_price;
    if (!r->has_max_price)
        OG_TRY(default_price(b, r->limit_ms, work, &e->max_price, err));
    OG_TRY(set_after(b, r, e, err));
    return set_escrow(b, e, err);
}

static struct og_submit_spec *open_spec(struct og_batch *b)
{
    if (b->n_spec && b->spec[b->n_spec - 1].text.len < SPEC_BLOB_MAX)
        return &b->spec[b->n_spec - 1];
    b->spec = og_xgrow(b->spec, &b->cap_spec, b->n_spec + 1, sizeof *b->spec);
    b->spec[b->n_spec] = (struct og_submit_spec){.text = OG_BUF_INIT};
    return &b->spec[b->n_spec++];
}

enum og_rc og_batch_add(struct og_batch *b, const json_t *rec, unsigned long at, struct og_err *err)
{
    struct og_taskrec r;
    OG_TRY(og_taskrec_parse(rec, &r, err));
    if (b->n == BATCH_MAX || b->n_spec * (size_t)SPEC_BLOB_MAX > SPECS_MAX)
        return og_err_set(err, OG_E_DATA, "a batch must be at most %u tasks and %u bytes of specs",
                          BATCH_MAX, SPECS_MAX);
    struct og_entry e = {.at = at};
    enum og_rc rc = set_terms(b, &r, &e, err);
    struct og_submit_spec *spec = open_spec(b);
    e.blob = (uint32_t)(b->n_spec - 1);
    e.line = spec->lines;
    if (rc == OG_OK)
        rc = og_submit_spec_line(&r, &b->inputs, &spec->text, &e.in_bytes, &e.check, err);
    if (rc != OG_OK) {
        release_entry(&e);
        return rc;
    }
    spec->lines++;
    b->v = og_xgrow(b->v, &b->cap, b->n + 1, sizeof *b->v);
    b->v[b->n] = e;
    if (e.name) {
        uint64_t *v = og_strmap_at(&b->names, e.name, strlen(e.name), b->n);
        *v = *v == b->n ? b->n : AMBIGUOUS;
    }
    b->n++;
    return OG_OK;
}

/* A misspelled member would go unnoticed; each is told once, where it is met first. */
static void warn_unknown(void *ctx, const char *member, const char *meant)
{
    struct og_batch *b = ctx;
    for (size_t i = 0; i < b->n_unknown; i++)
        if (strcmp(b->unknown[i], member) == 0)
            return;
    if (b->n_unknown == OG_UNKNOWN_MAX)
        return;
    b->unknown[b->n_unknown++] = og_xstrdup(member);
    og_log(OG_LOG_WARNING, "stdin:%lu: '%.64s' is no member of a task and is ignored%s%s%s",
           b->line_no, member, meant ? "; is '" : "", meant ? meant : "", meant ? "' meant?" : "");
}

enum og_rc og_batch_read(struct og_batch *b, int fd, struct og_err *err)
{
    struct og_jsonl_in in;
    og_jsonl_open(&in, fd, "stdin");
    enum og_rc rc;
    for (;;) {
        const char *line;
        size_t len;
        json_t *rec;
        rc = og_jsonl_next(&in, &line, &len, &rec, err);
        if (rc != OG_OK || !rec)
            break;
        const char *kind = json_string_value(json_object_get(rec, "kind"));
        if (strcmp(kind, "task") != 0)
            rc = og_err_set(err, OG_E_DATA, "'kind' must be \"task\", not \"%.40s\"", kind);
        else
            rc = og_batch_add(b, rec, in.line_no, err);
        b->line_no = in.line_no;
        if (rc == OG_OK)
            og_taskrec_unknown(rec, warn_unknown, b);
        json_decref(rec);
        if (rc != OG_OK) {
            rc = og_err_wrap(err, rc, "stdin:%lu", in.line_no);
            break;
        }
    }
    og_jsonl_release(&in);
    return rc;
}
