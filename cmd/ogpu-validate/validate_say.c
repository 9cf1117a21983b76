/* validate_say.c - what a verifier says: to the chain, and to stdout. */
#include "validate.h"

#include "base/base_log.h"
#include "check/check_method.h"
#include "work/work_pace.h"
#include "work/work_secret.h"
#include "json/json_get.h"
#include "json/json_line.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static enum og_rc send(struct duty *d, enum og_tx_kind kind, const char *list, json_t *entry_taken,
                       bool *ok, struct og_err *err)
{
    struct og_sent sent = {0};
    json_t *body = json_object();
    json_t *arr = json_array();
    json_array_append_new(arr, entry_taken);
    json_object_set_new(body, list, arr);
    struct og_draft draft = {.kind = kind, .body = body};
    enum og_rc rc = og_engine_send(d->v->engine, d->node->key, &draft, 1, &sent, err);
    json_decref(body);
    *ok = rc == OG_OK && sent.rc == OG_OK;
    d->v->changed = true;
    if (rc == OG_OK && !*ok)
        og_log(OG_LOG_WARNING, "%s of node %" PRIu64 ": %s", og_tx_kind_name(kind), d->node->id,
               sent.msg);
    return rc;
}

enum og_rc validate_say_hash(struct duty *d, bool *ok, struct og_err *err)
{
    struct og_hash nonce = og_work_verdict_nonce(&d->node->secret, d->job.lease.id);
    struct og_hash h = og_work_verdict_hash(og_engine_chain(d->v->engine), d->job.lease.id,
                                            &d->node->addr, &nonce, &d->found.value);
    json_t *o = json_object();
    json_object_set_new(o, "hash", og_json_new_hex(h.b, OG_HASH_LEN));
    json_object_set_new(o, "lease", json_integer((json_int_t)d->job.lease.id));
    return send(d, OG_TX_VERDICT_COMMIT, "hashes", o, ok, err);
}

static const char *vote_word(enum og_vote v)
{
    return og_vote_names[v];
}

enum og_rc validate_say_verdict(struct duty *d, bool *ok, struct og_err *err)
{
    const struct og_work_finding *f = &d->found;
    json_t *o = json_object();
    json_object_set_new(o, "lease", json_integer((json_int_t)d->job.lease.id));
    json_object_set_new(o, "units", json_integer((json_int_t)f->units));
    if (d->job.lease.method == OG_VERIFY_EXACT) {
        struct og_hash nonce = og_work_verdict_nonce(&d->node->secret, d->job.lease.id);
        json_object_set_new(o, "nonce", og_json_new_hex(nonce.b, OG_HASH_LEN));
    }
    if (f->vote != OG_VOTE_NONE)
        json_object_set_new(o, "vote", json_string(vote_word(f->vote)));
    else
        json_object_set_new(o, "value", og_json_new_hex(f->value.b, OG_HASH_LEN));
    OG_TRY(send(d, OG_TX_VERDICT, "verdicts", o, ok, err));
    if (!*ok)
        return OG_OK;
    if (f->why[0])
        og_log(OG_LOG_INFO, "lease %" PRIu64 ": %s", d->job.lease.id, f->why);
    if (d->v->is_filter && !og_filter_has(&d->v->filter, d->job.task.id))
        return OG_OK;
    return validate_put(d->v, validate_verdict_json(&d->job, d->node->id, f), err);
}

json_t *validate_verdict_json(const struct og_work_job *job, uint64_t node,
                              const struct og_work_finding *f)
{
    const struct og_lease *ls = &job->lease;
    json_t *o = json_object();
    json_object_set_new(o, "count", json_integer((json_int_t)ls->count));
    json_object_set_new(o, "first", json_integer((json_int_t)ls->first));
    json_object_set_new(o, "kind", json_string("verdict"));
    json_object_set_new(o, "lease", json_integer((json_int_t)ls->id));
    json_object_set_new(o, "method", json_string(og_method_names[ls->method]));
    if (node)
        json_object_set_new(o, "node", json_integer((json_int_t)node));
    json_object_set_new(o, "run_ms", json_integer((json_int_t)f->run_ms));
    json_object_set_new(o, "task", json_integer((json_int_t)ls->task));
    json_object_set_new(o, "units", json_integer((json_int_t)f->units));
    json_object_set_new(o, "v", json_integer(1));
    if (f->vote != OG_VOTE_NONE)
        json_object_set_new(o, "vote", json_string(vote_word(f->vote)));
    else
        json_object_set_new(o, "value", og_json_new_hex(f->value.b, OG_HASH_LEN));
    if (f->why[0])
        json_object_set_new(o, "why", json_string(f->why));
    return o;
}

/* A reader that went away ends the filter; its duties are done all the same. */
enum og_rc validate_put(struct validate *v, json_t *o_taken, struct og_err *err)
{
    enum og_rc rc = OG_OK;
    if (!v->out_broken)
        rc = og_jsonl_write(stdout, o_taken, err);
    json_decref(o_taken);
    if (rc == OG_OK && !v->out_broken && fflush(stdout) != 0)
        rc = og_err_set(err, OG_E_IO, "cannot write a record: %s", strerror(errno));
    if (rc == OG_OK)
        return OG_OK;
    v->out_broken = v->draining = true;
    if (!og_pace_reader_left() && v->fatal == OG_OK) {
        v->fatal = rc;
        v->fatal_err = *err;
    }
    return OG_OK;
}
