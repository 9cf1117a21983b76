/* validate_one.c - single questions: a signed line, sealing now, a lease's result. */
#include "store/store_want.h"
#include "validate.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "check/check_method.h"
#include "exec/exec_sandbox.h"
#include "exec/exec_spawn.h"
#include "store/store_row.h"
#include "json/json_get.h"
#include "json/json_line.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- --record ---- */

/* The key that must have signed: the one the line brings, if it is the sender's, else the state's.
 */
static enum og_rc key_of(struct og_store *st, const struct og_tx *tx, struct og_pub **out,
                         struct og_err *err)
{
    struct og_acckey k = {.addr = tx->from};
    bool found;
    *out = NULL;
    OG_TRY(og_row_get(st, OG_F_ACCKEY, &k, &found, err));
    enum og_rc rc;
    if (found) {
        rc = og_pub_parse(k.alg, k.pub.p, k.pub.n, out, err);
    } else if (tx->pub) {
        rc = og_pub_from_json(tx->pub, out, err);
        struct og_addr a = {{0}};
        if (rc == OG_OK)
            a = og_pub_addr(*out);
        if (rc == OG_OK && !og_addr_eq(&a, &tx->from))
            rc = og_err_set(err, OG_E_DATA, "'pub' is not the key of 'from'");
    } else {
        rc = og_err_set(err, OG_E_DATA, "the key of 'from' is not known here");
    }
    og_row_release(&og_families[OG_F_ACCKEY], &k);
    return rc;
}

static enum og_rc check_line(struct og_store *st, const struct og_hash *chain, const char *line,
                             size_t n, json_t *o, struct og_err *err)
{
    struct og_tx tx;
    struct og_pub *pub = NULL;
    char from[OG_ADDR_TEXT];
    OG_TRY(og_tx_parse(line, n, &tx, err));
    og_addr_format(&tx.from, from);
    json_object_set_new(o, "txid", og_json_new_hex(tx.id.b, OG_HASH_LEN));
    json_object_set_new(o, "from", json_string(from));
    json_object_set_new(o, "tx", json_string(og_tx_kind_name(tx.kind)));
    enum og_rc rc = memcmp(tx.chain.b, chain->b, OG_HASH_LEN) == 0
                        ? key_of(st, &tx, &pub, err)
                        : og_err_set(err, OG_E_DATA, "it is for another chain");
    if (rc == OG_OK &&
        !og_pub_verify(pub, tx.unsigned_bytes.p, tx.unsigned_bytes.len, tx.sig.p, tx.sig.len))
        rc = og_err_set(err, OG_E_DATA, "the signature is wrong");
    og_pub_free(pub);
    og_tx_release(&tx);
    return rc;
}

static enum og_rc chain_of(struct og_store *st, struct og_hash *out, struct og_err *err)
{
    struct og_buf g = OG_BUF_INIT;
    bool found;
    enum og_rc rc = og_store_meta_get(st, "genesis", &g, &found, err);
    if (rc == OG_OK && !found)
        rc = og_err_set(err, OG_E_CONFIG, "there is no chain here; run 'ogpu init' first");
    *out = og_sha256(g.p, g.len);
    og_buf_release(&g);
    return rc;
}

static enum og_rc check_lines(struct og_store *st, struct og_err *err)
{
    struct og_jsonl_in in;
    struct og_hash chain;
    const char *line;
    size_t n;
    unsigned long bad = 0;
    og_jsonl_open(&in, STDIN_FILENO, "stdin");
    enum og_rc rc = chain_of(st, &chain, err);
    while (rc == OG_OK) {
        struct og_err why = {0};
        rc = og_jsonl_next_raw(&in, &line, &n, err);
        if (rc != OG_OK || !line)
            break;
        json_t *o =
            json_pack("{s:s, s:i, s:I}", "kind", "record", "v", 1, "line", (json_int_t)in.line_no);
        enum og_rc valid = check_line(st, &chain, line, n, o, &why);
        json_object_set_new(o, "ok", json_boolean(valid == OG_OK));
        if (valid != OG_OK)
            json_object_set_new(o, "what", json_string(why.msg));
        bad += valid != OG_OK;
        rc = valid == OG_OK || valid == OG_E_DATA || valid == OG_E_UNAVAILABLE
                 ? og_jsonl_write(stdout, o, err)
                 : og_err_set(err, valid, "%s", why.msg);
        json_decref(o);
    }
    unsigned long all = in.line_no;
    og_jsonl_release(&in);
    if (rc == OG_OK && bad)
        return og_err_set(err, OG_NO, "%lu of %lu lines are not valid", bad, all);
    return rc;
}

enum og_rc validate_record(const struct validate_options *o, struct og_err *err)
{
    struct og_store *st = NULL;
    char *dir = og_cli_state_dir(&o->common);
    enum og_rc rc = og_store_open(dir, OG_STORE_READ, &st, err);
    if (rc == OG_OK)
        rc = check_lines(st, err);
    og_store_close(st);
    free(dir);
    return rc;
}

/* ---- --seal ---- */

enum og_rc validate_seal(const struct validate_options *o, struct og_err *err)
{
    struct validate v = {0};
    uint64_t height = 0;
    uint64_t open_ms;
    bool sealed = false;
    enum og_rc rc = validate_open(o, false, &v, err);
    if (rc == OG_OK && !og_engine_can_seal(v.engine))
        rc = og_err_set(err, OG_E_UNAVAILABLE, "no key in '%s' may seal", v.keys_dir);
    if (rc == OG_OK && o->clock)
        og_engine_allow_clock(v.engine);
    if (rc == OG_OK)
        rc = og_engine_seal(v.engine, true, &sealed, err);
    if (rc == OG_OK)
        rc = og_engine_head(v.engine, &height, &open_ms, err);
    if (rc == OG_OK && !sealed)
        rc = og_err_set(err, OG_NO, "there is nothing to seal");
    if (rc == OG_OK) {
        json_t *rec =
            json_pack("{s:s, s:i, s:I}", "kind", "sealed", "v", 1, "height", (json_int_t)height);
        rc = og_jsonl_write(stdout, rec, err);
        json_decref(rec);
    }
    validate_close(&v);
    return rc;
}

/* ---- --lease ---- */

/* A checker that nobody drew: vectors of its own, no node. */
static enum og_rc as_bystander(const struct og_work_job *job, struct og_work_checker *who,
                               struct og_err *err)
{
    memset(who, 0, sizeof *who);
    og_random_bytes(who->addr.b, sizeof who->addr.b);
    who->capacity = job->lease.capacity;
    who->how.sandbox = OG_SANDBOX_BWRAP;
    who->how.uid = geteuid() == 0 ? OG_JOB_UID_BASE + 4096 : 0;
    if (job->spec.kernel && job->lease.method != OG_VERIFY_CMD)
        return OG_OK;
    return og_sandbox_probe(who->how.uid, err);
}

static enum og_rc check_lease(struct validate *v, struct og_work_job *job,
                              struct og_work_finding *f, struct og_err *err)
{
    struct og_work_checker who;
    struct og_manifest m;
    bool found;
    uint64_t method = job->lease.method;
    static const struct og_hash none;
    if (memcmp(job->lease.root.b, none.b, OG_HASH_LEN) == 0)
        return og_err_set(err, OG_E_DATA, "lease %" PRIu64 " has no revealed result",
                          job->lease.id);
    OG_TRY(og_work_job_spec(job, v->specs, err));
    OG_TRY(og_manifest_get(v->store, &job->lease.root, &m, &found, err));
    if (!found && og_want_manifest(og_store_dir(v->store), &job->lease.root))
        OG_TRY(og_manifest_get(v->store, &job->lease.root, &m, &found, err));
    OG_TRY(as_bystander(job, &who, err));
    if (method != OG_VERIFY_CMD)
        job->lease.method = OG_VERIFY_VOTE; /* look at the result itself, whatever was drawn */
    enum og_rc rc = og_work_check(job, &who, found ? &m : NULL, &og_cli_stop, f, err);
    job->lease.method = method;
    if (rc == OG_OK && f->vote == OG_VOTE_GREY && method == OG_VERIFY_EXACT)
        f->vote = OG_VOTE_BAD; /* bits were promised */
    return rc;
}

enum og_rc validate_lease(const struct validate_options *o, struct og_err *err)
{
    struct validate v = {0};
    struct og_work_job job = {0};
    struct og_work_finding f = {0};
    struct og_lease row = {.id = o->lease};
    bool found = false;
    enum og_rc rc = validate_open(o, false, &v, err);
    if (rc == OG_OK)
        rc = og_row_get(v.store, OG_F_LEASE, &row, &found, err);
    og_row_release(&og_families[OG_F_LEASE], &row);
    if (rc == OG_OK && !found)
        rc = og_err_set(err, OG_E_DATA, "there is no lease %" PRIu64, o->lease);
    if (rc == OG_OK)
        rc = og_work_job_load(v.store, o->lease, &job, err);
    if (rc == OG_OK)
        rc = check_lease(&v, &job, &f, err);
    if (rc == OG_OK)
        rc = validate_put(&v, validate_verdict_json(&job, 0, &f), err);
    if (rc == OG_OK && f.vote != OG_VOTE_OK)
        rc = og_err_set(err, OG_NO, "lease %" PRIu64 ": %s", o->lease,
                        f.why[0] ? f.why : og_vote_names[f.vote]);
    og_work_job_release(&job);
    validate_close(&v);
    return rc;
}
