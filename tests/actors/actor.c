/* actor.c - plays a node badly, for tests: one move of a worker, verifier or sealer at a time.
 *
 *   actor start KEY LEASE               lease.start
 *   actor commit KEY LEASE RUN_MS TEXT  a result nobody computed: every element printed TEXT
 *   actor reveal KEY LEASE              reveals what `commit` made up
 *   actor steal KEY LEASE FROM          commits to the hash that another lease's worker committed
 *   actor unmask KEY LEASE FROM         reveals another lease's root as one's own
 *   actor hash KEY LEASE TEXT           verdict.commit to SHA-256(TEXT), nothing computed
 *   actor verdict KEY LEASE TEXT        its verdict; ok, grey, bad, absent: that vote
 *   actor pass BLOCKS MS                seals blocks while the clock moves on by MS in all
 *
 * What the chain says no to is printed, status 1. State and keys as for every tool. */
#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "check/check_judge.h"
#include "check/check_kernel.h"
#include "check/check_method.h"
#include "cli/cli_opts.h"
#include "crypto/crypto_merkle.h"
#include "engine/engine.h"
#include "store/store_blob.h"
#include "store/store_row.h"
#include "work/work_job.h"
#include "work/work_node.h"
#include "work/work_reveal.h"
#include "work/work_secret.h"
#include "json/json_get.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct actor {
    char *state_dir, *keys_dir;
    struct og_engine *engine;
    struct og_store *st;
    struct og_work_node *node;
    size_t n_nodes;
    struct og_spec_cache *specs;
    struct og_work_job job;
};

static enum og_rc send(struct actor *a, enum og_tx_kind kind, const char *list, json_t *entry_taken,
                       struct og_err *err)
{
    struct og_sent sent;
    json_t *body = json_pack("{s:[o]}", list, entry_taken);
    struct og_draft d = {.kind = kind, .body = body};
    enum og_rc rc = og_engine_send1(a->engine, a->node->key, &d, &sent, err);
    json_decref(body);
    return rc;
}

static enum og_rc start(struct actor *a, char **arg, struct og_err *err)
{
    (void)arg;
    return send(a, OG_TX_LEASE_START, "leases", json_integer((json_int_t)a->job.lease.id), err);
}

/* A kernel's first output of the right size that is all zeros. */
static enum og_rc zeros(struct actor *a, struct og_work_result *r, struct og_result_out *out,
                        struct og_err *err)
{
    struct og_kernel k;
    OG_TRY(og_kernel_parse(a->job.spec.kernel, a->job.spec.args, &k, err));
    size_t n = (size_t)k.shape.out_bytes[0];
    void *c = og_xcalloc(n, 1);
    const void *all[] = {c};
    enum og_rc rc = og_blob_put(a->state_dir, c, n, false, &out->blob.sha256, err);
    out->blob.bytes = n;
    out->path = og_xstrdup(k.def->out_name[0]);
    r->n = (size_t)og_kernel_leaves(&k);
    r->leaf = og_xcalloc(r->n, sizeof *r->leaf);
    og_kernel_hash(&k, all, r->leaf);
    free(c);
    return rc;
}

static enum og_rc make_up(struct actor *a, const char *text, struct og_work_result *r,
                          struct og_err *err)
{
    struct og_result_out out = {0};
    struct og_result_element e = {.stdout_blob.bytes = strlen(text)};
    struct og_hash empty = og_sha256("", 0);
    e.stderr_blob.sha256 = empty;
    OG_TRY(og_blob_put(a->state_dir, text, strlen(text), false, &e.stdout_blob.sha256, err));
    if (a->job.spec.kernel) {
        e.stdout_blob = (struct og_result_blob){0, empty};
        OG_TRY(zeros(a, r, &out, err));
        e.out = &out;
        e.out_n = 1;
    }
    enum og_rc rc = OG_OK;
    struct og_hash *leaf = og_xcalloc(a->job.lease.count, sizeof *leaf);
    for (uint64_t i = 0; rc == OG_OK && i < a->job.lease.count; i++) {
        size_t at = r->manifest.len;
        e.index = a->job.lease.first + i;
        rc = og_result_leaf(&e, &r->manifest, err);
        leaf[i] = og_result_leaf_hash(r->manifest.p + at, r->manifest.len - at);
        og_buf_addc(&r->manifest, '\n');
    }
    free(out.path);
    if (a->job.spec.kernel) {
        free(leaf);
    } else {
        r->leaf = leaf;
        r->n = a->job.lease.count;
    }
    r->root = og_merkle_root(r->leaf, r->n);
    return rc;
}

static enum og_rc commit(struct actor *a, char **arg, struct og_err *err)
{
    struct og_work_result r = {0};
    struct og_manifest m = {.task = a->job.lease.task,
                            .first = a->job.lease.first,
                            .count = a->job.lease.count,
                            .lease = a->job.lease.id};
    uint64_t run_ms;
    if (!og_parse_u64(arg[0], 1u << 30, &run_ms))
        return og_err_set(err, OG_E_USAGE, "'%s' is no time", arg[0]);
    enum og_rc rc = make_up(a, arg[1], &r, err);
    if (rc == OG_OK)
        rc = og_work_manifest(&a->job, &r, false, &m.sha256, err);
    m.root = r.root;
    if (rc == OG_OK)
        rc = og_manifest_put(a->st, &m, err);
    if (rc == OG_OK)
        rc = send(a, OG_TX_RESULT_COMMIT, "results",
                  og_work_commit_json(og_engine_chain(a->engine), a->node, m.lease, m.count,
                                      &m.root, run_ms),
                  err);
    og_work_result_release(&r);
    return rc;
}

static enum og_rc reveal(struct actor *a, char **arg, struct og_err *err)
{
    json_t *o;
    (void)arg;
    OG_TRY(og_work_reveal_stored(a->st, og_engine_chain(a->engine), a->node, &a->job, &o, err));
    if (!o)
        return og_err_set(err, OG_E_DATA, "nothing is stored that opens the commit");
    return send(a, OG_TX_RESULT_REVEAL, "reveals", o, err);
}

static enum og_rc other_lease(struct actor *a, const char *text, struct og_lease *ls,
                              struct og_err *err)
{
    memset(ls, 0, sizeof *ls);
    if (!og_parse_u64(text, UINT64_MAX >> 1, &ls->id))
        return og_err_set(err, OG_E_USAGE, "'%s' is no lease", text);
    return og_row_need(a->st, OG_F_LEASE, ls, err);
}

static enum og_rc steal(struct actor *a, char **arg, struct og_err *err)
{
    struct og_lease ls;
    OG_TRY(other_lease(a, arg[0], &ls, err));
    json_t *o = json_pack("{s:I, s:o, s:I, s:I}", "count", (json_int_t)a->job.lease.count, "hash",
                          og_json_new_hex(ls.commit.b, OG_HASH_LEN), "lease",
                          (json_int_t)a->job.lease.id, "run_ms", (json_int_t)1000);
    og_row_release(&og_families[OG_F_LEASE], &ls);
    return send(a, OG_TX_RESULT_COMMIT, "results", o, err);
}

static enum og_rc unmask(struct actor *a, char **arg, struct og_err *err)
{
    struct og_lease ls;
    OG_TRY(other_lease(a, arg[0], &ls, err));
    json_t *o = og_work_reveal_json(a->node, a->job.lease.id, &ls.root, 0, NULL);
    og_row_release(&og_families[OG_F_LEASE], &ls);
    return send(a, OG_TX_RESULT_REVEAL, "reveals", o, err);
}

static enum og_rc hash(struct actor *a, char **arg, struct og_err *err)
{
    uint64_t lease = a->job.lease.id;
    struct og_hash value = og_sha256(arg[0], strlen(arg[0]));
    struct og_hash nonce = og_work_verdict_nonce(&a->node->secret, lease);
    struct og_hash h =
        og_work_verdict_hash(og_engine_chain(a->engine), lease, &a->node->addr, &nonce, &value);
    return send(a, OG_TX_VERDICT_COMMIT, "hashes",
                json_pack("{s:o, s:I}", "hash", og_json_new_hex(h.b, OG_HASH_LEN), "lease",
                          (json_int_t)lease),
                err);
}

static enum og_rc verdict(struct actor *a, char **arg, struct og_err *err)
{
    enum og_vote vote;
    uint64_t lease = a->job.lease.id;
    json_t *o = json_pack("{s:I, s:I}", "lease", (json_int_t)lease, "units", (json_int_t)1);
    if (a->job.lease.method == OG_VERIFY_EXACT) {
        struct og_hash nonce = og_work_verdict_nonce(&a->node->secret, lease);
        json_object_set_new(o, "nonce", og_json_new_hex(nonce.b, OG_HASH_LEN));
    }
    if (og_judge_parse(arg[0], &vote)) {
        json_object_set_new(o, "vote", json_string(arg[0]));
    } else {
        struct og_hash value = og_sha256(arg[0], strlen(arg[0]));
        json_object_set_new(o, "value", og_json_new_hex(value.b, OG_HASH_LEN));
    }
    return send(a, OG_TX_VERDICT, "verdicts", o, err);
}

static enum og_rc pass(struct actor *a, const char *blocks, const char *ms, struct og_err *err)
{
    uint64_t n;
    uint64_t all;
    if (!og_parse_u64(blocks, 1u << 20, &n) || !og_parse_u64(ms, 1ull << 40, &all) || !n)
        return og_err_set(err, OG_E_USAGE, "pass BLOCKS MS");
    uint64_t last;
    OG_TRY(og_store_meta_u64(a->st, "last_time", 0, &last, err));
    uint64_t from = og_time_unix_ms();
    from = from > last ? from : last;
    for (uint64_t i = 1; i <= n; i++) {
        bool sealed;
        og_time_set_now(from + all * i / n);
        OG_TRY(og_engine_seal(a->engine, true, &sealed, err));
    }
    return OG_OK;
}

static const struct {
    const char *name;
    int args; /* after KEY LEASE */
    enum og_rc (*fn)(struct actor *a, char **arg, struct og_err *err);
} moves[] = {
    {"start", 0, start},   {"commit", 2, commit}, {"reveal", 0, reveal},   {"steal", 1, steal},
    {"unmask", 1, unmask}, {"hash", 1, hash},     {"verdict", 1, verdict},
};

static enum og_rc move(struct actor *a, int argc, char **argv, struct og_err *err)
{
    uint64_t lease;
    const char *const names[] = {argv[1]};
    size_t i = 0;
    while (i < sizeof moves / sizeof *moves && strcmp(moves[i].name, argv[0]) != 0)
        i++;
    if (i == sizeof moves / sizeof *moves || argc != 3 + moves[i].args ||
        !og_parse_u64(argv[2], UINT64_MAX >> 1, &lease))
        return og_err_set(err, OG_E_USAGE, "no such move");
    OG_TRY(og_work_nodes_open(a->st, a->keys_dir, names, 1, NULL, &a->node, &a->n_nodes, err));
    OG_TRY(og_work_job_load(a->st, lease, &a->job, err));
    OG_TRY(og_work_job_spec(&a->job, a->specs, err));
    return moves[i].fn(a, argv + 3, err);
}

int main(int argc, char **argv)
{
    struct actor a = {.state_dir = og_cli_state_dir(NULL), .keys_dir = og_cli_keys_dir()};
    struct og_err err = {0};
    enum og_rc rc = argc >= 4 ? og_engine_open(a.state_dir, a.keys_dir, &a.engine, &err)
                              : og_err_set(&err, OG_E_USAGE, "no such move");
    if (rc == OG_OK) {
        a.st = og_engine_store(a.engine);
        a.specs = og_spec_cache_new(a.state_dir);
        rc = strcmp(argv[1], "pass") == 0 ? pass(&a, argv[2], argv[3], &err)
                                          : move(&a, argc - 1, argv + 1, &err);
    }
    if (rc != OG_OK)
        printf("%s\n", err.msg);
    og_work_job_release(&a.job);
    og_work_nodes_free(a.node, a.n_nodes);
    og_spec_cache_free(a.specs);
    og_engine_close(a.engine);
    free(a.state_dir);
    free(a.keys_dir);
    return rc == OG_OK ? 0 : rc == OG_E_DATA ? 1 : (int)rc;
}
