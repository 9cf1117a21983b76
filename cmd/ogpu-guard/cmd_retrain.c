/* cmd_retrain.c - `ogpu-guard retrain`: a challenger from recent rows takes the champion's place
 * only when it judges the latest of them better, and the golden set not worse. */
#include "cmd.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "guard/guard_drift.h"
#include "json/json_get.h"
#include "json/json_line.h"

#include <stdlib.h>
#include <string.h>

#define LEARN_PART  0.7  /* of the recent rows; both are judged by the rest */
#define GOLDEN_LOSS 0.01 /* of balanced accuracy on the golden set, for what differs by chance */

struct options {
    struct cmd_learn learn;
    const char *golden, *signer;
    bool if_drift, is_unsigned;
};

static const struct og_opt own[] = {
    {.name = "golden",
     .letter = 'g',
     .kind = OG_OPT_STR,
     .at = offsetof(struct options, golden),
     .arg = "FILE",
     .complete = "file",
     .help = "a labelled table that a new model must not judge worse"},
    {.name = "if-drift",
     .kind = OG_OPT_FLAG,
     .at = offsetof(struct options, if_drift),
     .help = "do nothing while normal rows look as they did"},
    {.name = "signer",
     .kind = OG_OPT_STR,
     .at = offsetof(struct options, signer),
     .arg = "ADDRESS",
     .help = "take a champion that this account signed"},
    {.name = "unsigned",
     .kind = OG_OPT_FLAG,
     .at = offsetof(struct options, is_unsigned),
     .help = "take a champion whoever signed it, or nobody"},
};

#define OWN (sizeof own / sizeof *own)

struct contest {
    const struct options *o;
    struct cmd_fit fit;
    struct og_buf text, golden;
    struct og_model champion, challenger;
    struct og_hash old_hash;
    struct og_drift drift;
    bool fought, swapped;
    struct og_judged last[2], gold[2]; /* champion, challenger */
    const char *why;
};

static const char *name_of(const char *path)
{
    return strcmp(path, "-") ? path : "stdin";
}

static enum og_rc judge(struct contest *c, const struct og_buf *text, const char *path, double from,
                        struct og_judged out[2], struct og_err *err)
{
    const struct og_model *const m[2] = {&c->champion, &c->challenger};
    for (unsigned k = 0; k < 2; k++) {
        struct og_frame f;
        OG_TRY(og_schema_read(text->p ? text->p : "", text->len, name_of(path), &c->fit.schema,
                              &m[k]->schema, &f, err));
        og_drift_judge(m[k], &f, (size_t)((double)f.n * from), f.n, &out[k]);
        og_frame_release(&f);
    }
    return OG_OK;
}

static enum og_rc look(struct contest *c, struct og_err *err)
{
    struct og_frame f;
    OG_TRY(og_schema_read(c->text.p ? c->text.p : "", c->text.len, name_of(c->o->learn.csv),
                          &c->fit.schema, &c->champion.schema, &f, err));
    og_drift_look(&c->champion, &f, &c->drift);
    og_frame_release(&f);
    return OG_OK;
}

/* Why the challenger does not take over; NULL: it does. */
static const char *verdict(const struct contest *c)
{
    if (c->last[1].balanced <= c->last[0].balanced)
        return "it judges the latest rows no better";
    if (c->last[1].bad && c->last[1].auc < c->last[0].auc - GOLDEN_LOSS)
        return "it ranks the latest rows worse";
    if (c->o->golden && c->gold[1].balanced < c->gold[0].balanced - GOLDEN_LOSS)
        return "it judges the golden set worse";
    return NULL;
}

static enum og_rc replace(struct contest *c, struct og_err *err)
{
    const struct cmd_learn *l = &c->o->learn;
    struct og_key *key;
    struct og_hash hash;
    struct og_buf old = OG_BUF_INIT, path = OG_BUF_INIT;
    size_t bytes;
    OG_TRY(cmd_key(l->key, l->passphrase_file, &key, err));
    og_buf_addf(&path, "%s.previous", l->model);
    enum og_rc rc = og_io_read_file(l->model, CMD_FILE_MAX, &old, err);
    if (rc == OG_OK)
        rc = og_io_write_atomic(path.p, old.p, old.len, 0644, OG_IO_REPLACE, err);
    if (rc == OG_OK)
        rc = cmd_model_save(l->model, &c->challenger, key, &hash, &bytes, err);
    c->swapped = rc == OG_OK;
    og_buf_release(&old);
    og_buf_release(&path);
    og_key_free(key);
    return rc;
}

static enum og_rc fight(struct contest *c, struct og_err *err)
{
    const struct cmd_learn *l = &c->o->learn;
    c->fit.part = LEARN_PART;
    OG_TRY(cmd_fit(c->text.p ? c->text.p : "", c->text.len, name_of(l->csv), &c->fit,
                   &c->challenger, err));
    c->fought = true;
    OG_TRY(judge(c, &c->text, l->csv, LEARN_PART, c->last, err));
    if (c->o->golden) {
        OG_TRY(cmd_read(c->o->golden, &c->golden, err));
        OG_TRY(judge(c, &c->golden, c->o->golden, 0, c->gold, err));
    }
    c->why = verdict(c);
    return c->why ? OG_OK : replace(c, err);
}

static json_t *judged_json(const struct og_judged *j)
{
    return json_pack("{s:f, s:I, s:f, s:f, s:I, s:f}", "auc", j->auc, "bad", (json_int_t)j->bad,
                     "balanced", j->balanced, "fpr", j->fpr, "good", (json_int_t)j->good, "recall",
                     j->recall);
}

static json_t *side(const struct contest *c, unsigned k)
{
    json_t *o = json_pack("{s:o}", "last", judged_json(&c->last[k]));
    if (c->o->golden)
        json_object_set_new(o, "golden", judged_json(&c->gold[k]));
    return o;
}

static enum og_rc report(const struct contest *c, struct og_err *err)
{
    const struct og_drift *d = &c->drift;
    json_t *moved = json_array();
    for (size_t k = 0; k < c->champion.schema.n; k++)
        if (d->psi[k] > OG_DRIFT_PSI)
            json_array_append_new(moved,
                                  json_pack("{s:s, s:f}", "column", c->champion.schema.col[k].name,
                                            "psi", d->psi[k]));
    json_t *rec = json_pack("{s:s, s:i, s:b, s:f, s:b, s:o, s:I, s:b, s:s}", "kind", "retrain", "v",
                            1, "drift", (int)d->drift, "mean_p", d->mean_p, "p_moved",
                            (int)d->p_moved, "moved", moved, "rows", (json_int_t)d->rows, "swapped",
                            (int)c->swapped, "model", c->o->learn.model);
    if (d->p_moved)
        json_object_set_new(rec, "p_moved_at", json_integer((json_int_t)d->p_at));
    if (c->fought) {
        json_object_set_new(rec, "champion", side(c, 0));
        json_object_set_new(rec, "challenger", side(c, 1));
    }
    if (c->why)
        json_object_set_new(rec, "why", json_string(c->why));
    enum og_rc rc = og_jsonl_write(stdout, rec, err);
    json_decref(rec);
    return rc;
}

static enum og_rc run(const struct options *o, struct og_err *err)
{
    struct contest c = {.o = o, .fit = cmd_fit_of(&o->learn)};
    const struct cmd_trust trust = {o->signer, o->is_unsigned};
    enum og_rc rc = cmd_model_load(o->learn.model, &trust, &c.champion, &c.old_hash, err);
    if (rc == OG_OK)
        rc = cmd_read(o->learn.csv, &c.text, err);
    if (rc == OG_OK)
        rc = look(&c, err);
    if (rc == OG_OK && o->if_drift && !c.drift.drift)
        c.why = "no drift";
    else if (rc == OG_OK)
        rc = fight(&c, err);
    if (rc == OG_OK)
        rc = report(&c, err);
    free(c.drift.psi);
    og_model_release(&c.champion);
    og_model_release(&c.challenger);
    cmd_fit_release(&c.fit);
    og_buf_release(&c.text);
    og_buf_release(&c.golden);
    return rc;
}

int cmd_retrain(int argc, char **argv)
{
    struct options o = {.learn = CMD_LEARN_INIT};
    struct og_err err = {0};
    struct og_opt all[CMD_LEARN_OPTS + OWN];
    int first;
    bool done;
    memcpy(all, cmd_learn_opts, sizeof cmd_learn_opts);
    memcpy(all + CMD_LEARN_OPTS, own, sizeof own);
    const struct og_tool tool = {
        .name = "ogpu-guard retrain",
        .summary = "let a model from recent rows challenge another",
        .synopsis = "--csv FILE --label COL --model FILE [--golden FILE] [OPTIONS]",
        .opts = all,
        .n_opts = CMD_LEARN_OPTS + OWN,
    };
    enum og_rc rc = og_cli_parse(&tool, argc, argv, &o, &first, &done, &err);
    if (rc == OG_OK && !done)
        rc = cmd_learn_check(&o.learn, argc - first, argv[first], &err);
    if (rc == OG_OK && !done && (!o.learn.label || o.learn.no_header))
        rc = og_err_set(&err, OG_E_USAGE, "--label is needed, and a header");
    if (rc == OG_OK && !done)
        rc = run(&o, &err);
    return og_cli_exit(&tool, rc, &err);
}
