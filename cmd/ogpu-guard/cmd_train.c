/* cmd_train.c - `ogpu-guard train`: a model from a table. */
#include "cmd.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "json/json_get.h"
#include "json/json_line.h"

#include <stdlib.h>
#include <string.h>

#define AT(m) offsetof(struct cmd_learn, m)
const struct og_opt cmd_learn_opts[CMD_LEARN_OPTS] = {
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
    {.name = "exclude",
     .kind = OG_OPT_STR,
     .at = AT(exclude),
     .arg = "COLS",
     .help = "leave rows out where one of these columns is neither empty nor 0"},
    {.name = "owner",
     .kind = OG_OPT_STR,
     .at = AT(owner),
     .arg = "COL",
     .help = "the column that says whose row it is; see --max-share"},
    {.name = "max-share",
     .kind = OG_OPT_PPM,
     .at = AT(max_share),
     .arg = "RATE",
     .min = 1,
     .max = OG_PPM,
     .help = "at most this part of the rows from one owner (default 0.05)"},
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
     .help = "alert at this p-value and below (default 0.05)"},
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
    .opts = cmd_learn_opts,
    .n_opts = CMD_LEARN_OPTS,
};

enum og_rc cmd_learn_check(const struct cmd_learn *o, int operands, const char *operand,
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

static enum og_rc report(const struct cmd_learn *o, const struct og_model *m,
                         const struct og_hash *hash, size_t bytes, const struct og_key *key,
                         struct og_err *err)
{
    struct og_addr a = {{0}};
    if (key)
        a = og_key_addr(key);
    json_t *rec = cmd_model_record(o->model, m, hash, bytes, key ? &a : NULL);
    enum og_rc rc = og_jsonl_write(stdout, rec, err);
    json_decref(rec);
    return rc;
}

static enum og_rc train(const struct cmd_learn *o, struct og_err *err)
{
    struct og_buf text = OG_BUF_INIT;
    struct og_model m;
    struct og_key *key = NULL;
    struct og_hash hash;
    size_t bytes;
    struct cmd_fit f = cmd_fit_of(o);
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
    cmd_fit_release(&f);
    return rc;
}

int cmd_train(int argc, char **argv)
{
    struct cmd_learn o = CMD_LEARN_INIT;
    struct og_err err = {0};
    int first;
    bool done;
    enum og_rc rc = og_cli_parse(&tool, argc, argv, &o, &first, &done, &err);
    if (rc == OG_OK && !done)
        rc = cmd_learn_check(&o, argc - first, argv[first], &err);
    if (rc == OG_OK && !done)
        rc = train(&o, &err);
    return og_cli_exit(&tool, rc, &err);
}
