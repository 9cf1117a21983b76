/* show.c - `ogpu show`: any object of the chain, or a proof that it is there. */
#include "show.h"

#include "base/base_time.h"
#include "cli/cli_table.h"
#include "engine/engine.h"
#include "ogpu.h"
#include "json/json_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROOF_TRIES 8

struct options {
    struct og_opts_common common;
    bool proof;
};

static const struct og_opt opts[] = {
    {.name = "proof",
     .letter = 'p',
     .kind = OG_OPT_FLAG,
     .at = offsetof(struct options, proof),
     .help = "a Merkle proof that 'ogpu-validate --proof' checks from a block header"},
};

static const struct og_tool tool = {
    .name = "ogpu show",
    .summary = "show any object of the chain",
    .synopsis = "[OPTIONS] ID ...",
    .opts = opts,
    .n_opts = sizeof opts / sizeof opts[0],
    .has_human = true,
    .mixed = true,
};

static enum og_rc print(const struct options *o, const json_t *rec, struct og_err *err)
{
    if (!o->common.human)
        return og_jsonl_write(stdout, rec, err);
    show_print(rec);
    return OG_OK;
}

static enum og_rc show_one(const struct options *o, struct og_store *st, const char *id,
                           struct og_table *table, struct og_err *err)
{
    struct show_target t = {0};
    json_t *rec = NULL;
    enum og_rc rc = og_store_begin_read(st, err);
    if (rc == OG_OK)
        rc = show_find(st, id, &t, err);
    if (rc == OG_OK)
        rc = show_record(st, &t, &rec, err);
    if (rc == OG_OK && table)
        rc = show_receipt_row(st, rec, table, err);
    og_store_end_read(st);
    show_target_release(&t);
    if (rc == OG_OK && !table)
        rc = print(o, rec, err);
    json_decref(rec);
    return rc;
}

/* Several receipts for people make one table. */
static enum og_rc show_all(const struct options *o, struct og_store *st, int n, char **ids,
                           struct og_err *err)
{
    int receipts = 0;
    for (int i = 0; i < n; i++)
        receipts += strncmp(ids[i], "receipt:", 8) == 0;
    struct og_table *t = o->common.human && n > 1 && receipts == n ? show_receipt_table() : NULL;
    enum og_rc rc = OG_OK;
    for (int i = 0; rc == OG_OK && i < n; i++)
        rc = show_one(o, st, ids[i], t, err);
    if (rc == OG_OK && t)
        og_table_print(t, og_table_width(stdout), stdout);
    og_table_free(t);
    return rc;
}

static enum og_rc proof_now(struct og_store *st, const char *id, json_t **out, bool *stale,
                            bool *row, uint64_t *height, struct og_err *err)
{
    struct show_target t = {0};
    *out = NULL;
    enum og_rc rc = og_store_begin_read(st, err);
    if (rc == OG_OK)
        rc = show_find(st, id, &t, err);
    if (rc == OG_OK)
        rc = show_proof(st, &t, out, stale, height, err);
    og_store_end_read(st);
    *row = t.what == SHOW_ROW;
    show_target_release(&t);
    return rc;
}

/* A block behind the one whose state is proven, though there be nothing to put into it. */
static enum og_rc next_block(struct og_engine *e, bool *sealed, struct og_err *err)
{
    OG_TRY(og_engine_seal(e, true, sealed, err));
    return *sealed ? OG_OK : og_engine_seal_empty(e, sealed, err);
}

/* The state after block H stands in header H + 1: prove, then have that block sealed. */
static enum og_rc proof_of(struct og_engine *e, const char *id, json_t **out, struct og_err *err)
{
    struct og_store *st = og_engine_store(e);
    for (int i = 0; i < PROOF_TRIES; i++) {
        uint64_t height;
        bool stale;
        bool row;
        bool done = false;
        bool sealed = false;
        OG_TRY(proof_now(st, id, out, &stale, &row, &height, err));
        if (!row && !stale)
            return OG_OK;
        if (!stale)
            OG_TRY(show_proof_header(st, *out, height, &done, err));
        if (!done)
            OG_TRY(next_block(e, &sealed, err));
        if (!done && !stale && sealed)
            OG_TRY(show_proof_header(st, *out, height, &done, err));
        if (done)
            return OG_OK;
        json_decref(*out);
        *out = NULL;
        if (!sealed)
            og_time_sleep_ms(50);
    }
    return og_err_set(err, OG_E_TEMPFAIL,
                      "'%.100s': no block follows yet; its header proves the state before it", id);
}

static enum og_rc run(const struct options *o, int n, char **ids, struct og_err *err)
{
    char *dir = og_cli_state_dir(&o->common);
    struct og_store *st = NULL;
    struct og_engine *e = NULL;
    enum og_rc rc;
    if (o->proof) {
        char *keys = og_cli_keys_dir();
        rc = og_engine_open(dir, keys, &e, err);
        free(keys);
    } else {
        rc = og_store_open(dir, OG_STORE_READ, &st, err);
    }
    if (rc == OG_OK && !o->proof)
        rc = show_all(o, st, n, ids, err);
    for (int i = 0; rc == OG_OK && o->proof && i < n; i++) {
        json_t *proof = NULL;
        rc = proof_of(e, ids[i], &proof, err);
        if (rc == OG_OK)
            rc = print(o, proof, err);
        json_decref(proof);
    }
    og_engine_close(e);
    og_store_close(st);
    free(dir);
    return rc;
}

int ogpu_show(int argc, char **argv)
{
    struct options o = {0};
    struct og_err err = {0};
    int first;
    bool done;
    enum og_rc rc = og_cli_parse(&tool, argc, argv, &o, &first, &done, &err);
    if (rc == OG_OK && !done && first == argc)
        rc = og_err_set(&err, OG_E_USAGE, "an ID is missing; see ogpu(1)");
    if (rc == OG_OK && !done)
        rc = run(&o, argc - first, argv + first, &err);
    return og_cli_exit(&tool, rc, &err);
}
