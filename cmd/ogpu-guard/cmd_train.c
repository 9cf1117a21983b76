/* cmd_train.c - `ogpu-guard train`: a model from a table. */
#include "cmd.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "json/json_get.h"
#include "json/json_line.h"

#include <stdlib.h>
#include <string.h>

struct options {
    struct og_opts_common common;
    const char *csv, *label, *normal, *categorical, *ignore, *model, *key, *passphrase_file;
    uint64_t alpha, rounds, seed;
    bool unsupervised, no_header;
};

#define AT(m) offsetof(struct options, m)
static const struct og_opt opts[] = {
    {.name = "csv",
     .letter = 'c',
     .kind = OG_OPT_STR,
     .at = AT(csv),
     .arg = "FILE",
     .complete = "file",
     .help = "the table to learn from ('-': stdin)"},
    {.name = "label",
     .letter = 'l',
     .kind = OG_OPT_STR,
     .at = AT(label),
     .arg = "COL",
     .help = "the column that says what a row is; never a feature"},
    {.name = "normal",
     .kind = OG_OPT_STR,
     .at = AT(normal),
     .arg = "VALUE",
     .help = "its value in normal rows (default: 0, normal, benign, false, ok)"},
    {.name = "categorical",
     .kind = OG_OPT_STR,
     .at = AT(categorical),
     .arg = "COLS",
     .help = "columns of names, with commas between; those that hold text are found"},
    {.name = "ignore",
     .kind = OG_OPT_STR,
     .at = AT(ignore),
     .arg = "COLS",
     .help = "columns that are no features, with commas between"},
    {.name = "no-header",
     .kind = OG_OPT_FLAG,
     .at = AT(no_header),
     .help = "the first line is a row; columns are called 1, 2, ..."},
    {.name = "model",
     .letter = 'm',
     .kind = OG_OPT_STR,
     .at = AT(model),
     .arg = "FILE",
     .complete = "file",
     .help = "where the model goes"},
    {.name = "unsupervised",
     .letter = 'u',
     .kind = OG_OPT_FLAG,
     .at = AT(unsupervised),
     .help = "learn from all rows, or from the --normal ones, without labels"},
    {.name = "alpha",
     .letter = 'a',
     .kind = OG_OPT_PPM,
     .at = AT(alpha),
     .arg = "RATE",
     .min = 1,
     .max = 500000,
     .help = "alert at this p-value and below (default 0.04)"},
    {.name = "rounds",
     .kind = OG_OPT_U64,
     .at = AT(rounds),
     .arg = "N",
     .min = 1,
     .max = 500,
     .help = "rounds of boosting, eight trees each (default 25)"},
    {.name = "seed",
     .kind = OG_OPT_U64,
     .at = AT(seed),
     .arg = "N",
     .help = "draw with this seed (default 1)"},
    {.name = "key",
     .letter = 'k',
     .kind = OG_OPT_STR,
     .at = AT(key),
     .arg = "NAME",
     .help = "sign with this identity (default: 'default', where it exists)"},
    {.name = "passphrase-file",
     .kind = OG_OPT_STR,
     .at = AT(passphrase_file),
     .arg = "FILE",
     .complete = "file",
     .help = "passphrase of the key: the first line of FILE"},
};

static const struct og_tool tool = {
    .name = "ogpu-guard train",
    .summary = "learn a model from a table",
    .synopsis = "--csv FILE [--label COL] --model FILE [OPTIONS]",
    .opts = opts,
    .n_opts = sizeof opts / sizeof *opts,
};

static enum og_rc check(const struct options *o, int operands, const char *operand,
                        struct og_err *err)
{
    if (operands > 0)
        return og_err_set(err, OG_E_USAGE, "unexpected operand '%.64s'", operand);
    if (!o->csv || !o->model)
        return og_err_set(err, OG_E_USAGE, "--csv and --model are needed");
    if (!o->label && (!o->unsupervised || o->normal))
        return og_err_set(err, OG_E_USAGE, "--label is needed%s",
                          o->normal ? " with --normal" : ", or --unsupervised");
    return OG_OK;
}

static enum og_rc report(const struct options *o, const struct og_model *m,
                         const struct og_hash *hash, size_t bytes, const struct og_key *key,
                         struct og_err *err)
{
    char signer[OG_ADDR_TEXT];
    json_t *members = json_array();
    for (unsigned k = 0; k < OG_MEMBERS; k++)
        if (m->has[k])
            json_array_append_new(members, json_string(og_member_name((enum og_member)k)));
    json_t *rec =
        json_pack("{s:s, s:i, s:s, s:o, s:I, s:o, s:I, s:I, s:I}", "kind", "model", "v", 1, "file",
                  o->model, "sha256", og_json_new_hex(hash->b, OG_HASH_LEN), "bytes",
                  (json_int_t)bytes, "members", members, "rows", (json_int_t)m->rows, "columns",
                  (json_int_t)m->schema.n, "alpha_ppm", (json_int_t)o->alpha);
    if (key) {
        struct og_addr a = og_key_addr(key);
        og_addr_format(&a, signer);
        json_object_set_new(rec, "signer", json_string(signer));
    }
    enum og_rc rc = og_jsonl_write(stdout, rec, err);
    json_decref(rec);
    return rc;
}

static enum og_rc train(const struct options *o, struct og_err *err)
{
    struct og_buf text = OG_BUF_INIT;
    struct og_model m;
    struct og_key *key = NULL;
    struct og_hash hash;
    size_t bytes;
    char *categorical = o->categorical ? og_xstrdup(o->categorical) : NULL;
    char *ignore = o->ignore ? og_xstrdup(o->ignore) : NULL;
    const char **cat, **ign;
    struct cmd_fit f = {
        .schema = {.label = o->label, .normal = o->normal, .no_header = o->no_header},
        .unsupervised = o->unsupervised,
        .rounds = o->rounds,
        .seed = o->seed,
        .alpha = (double)o->alpha / OG_PPM};
    cmd_list(categorical, &cat, &f.schema.n_categorical);
    cmd_list(ignore, &ign, &f.schema.n_ignore);
    f.schema.categorical = cat;
    f.schema.ignore = ign;
    enum og_rc rc = cmd_key(o->key, o->passphrase_file, &key, err);
    if (rc == OG_OK)
        rc = cmd_read(o->csv, &text, err);
    if (rc == OG_OK)
        rc = cmd_fit(text.p ? text.p : "", text.len, strcmp(o->csv, "-") ? o->csv : "stdin", &f, &m,
                     err);
    if (rc == OG_OK) {
        rc = cmd_model_save(o->model, &m, key, &hash, &bytes, err);
        if (rc == OG_OK)
            rc = report(o, &m, &hash, bytes, key, err);
        og_model_release(&m);
    }
    og_key_free(key);
    og_buf_release(&text);
    free(cat);
    free(ign);
    free(categorical);
    free(ignore);
    return rc;
}

int cmd_train(int argc, char **argv)
{
    struct options o = {.alpha = CMD_ALPHA_PPM, .rounds = CMD_ROUNDS, .seed = 1};
    struct og_err err = {0};
    int first;
    bool done;
    enum og_rc rc = og_cli_parse(&tool, argc, argv, &o, &first, &done, &err);
    if (rc == OG_OK && !done)
        rc = check(&o, argc - first, argv[first], &err);
    if (rc == OG_OK && !done)
        rc = train(&o, &err);
    return og_cli_exit(&tool, rc, &err);
}
