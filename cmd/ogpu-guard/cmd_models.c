/* cmd_models.c - `ogpu-guard models`: what model files are, and who signed them. */
#include "cmd.h"

#include "base/base_io.h"
#include "base/base_num.h"
#include "guard/guard_seal.h"
#include "json/json_get.h"
#include "json/json_line.h"

#include <stdlib.h>

struct options {
    struct og_opts_common common;
    bool columns;
};

static const struct og_opt opts[] = {
    {.name = "columns",
     .letter = 'c',
     .kind = OG_OPT_FLAG,
     .at = offsetof(struct options, columns),
     .help = "name the columns, too"},
};

static const struct og_tool tool = {
    .name = "ogpu-guard models",
    .summary = "show model files",
    .synopsis = "[OPTIONS] FILE ...",
    .opts = opts,
    .n_opts = sizeof opts / sizeof *opts,
    .mixed = true,
};

static json_t *columns_of(const struct og_schema *s)
{
    json_t *list = json_array();
    for (size_t c = 0; c < s->n; c++)
        json_array_append_new(list, json_pack("{s:s, s:b, s:I}", "name", s->col[c].name,
                                              "categorical", (int)s->col[c].categorical, "levels",
                                              (json_int_t)s->col[c].n_levels));
    return list;
}

json_t *cmd_model_record(const char *path, const struct og_model *m, const struct og_hash *hash,
                         size_t bytes, const struct og_addr *signer)
{
    char text[OG_ADDR_TEXT];
    json_t *members = json_array();
    for (unsigned k = 0; k < OG_MEMBERS; k++)
        if (m->has[k])
            json_array_append_new(members, json_string(og_member_name((enum og_member)k)));
    json_t *rec = json_pack("{s:s, s:i, s:s, s:o, s:I, s:o, s:I, s:I, s:I}", "kind", "model", "v",
                            1, "file", path, "sha256", og_json_new_hex(hash->b, OG_HASH_LEN),
                            "bytes", (json_int_t)bytes, "members", members, "rows",
                            (json_int_t)m->rows, "columns", (json_int_t)m->schema.n, "alpha_ppm",
                            (json_int_t)((double)m->alpha * OG_PPM + 0.5));
    if (signer) {
        og_addr_format(signer, text);
        json_object_set_new(rec, "signer", json_string(text));
    }
    return rec;
}

static enum og_rc show(const char *path, const struct options *o, struct og_err *err)
{
    struct og_buf file = OG_BUF_INIT;
    struct og_sealed s = {0};
    struct og_model m = {0};
    enum og_rc rc = og_io_read_file(path, OG_SEAL_FILE_MAX, &file, err);
    if (rc == OG_OK) {
        rc = og_seal_open(file.p, file.len, &s, err);
        if (rc == OG_OK)
            rc = og_model_decode(s.body, s.n, &m, err);
        rc = rc == OG_OK ? rc : og_err_wrap(err, rc, "'%s'", path);
    }
    if (rc == OG_OK) {
        struct og_addr a = {{0}};
        if (s.signer)
            a = og_pub_addr(s.signer);
        json_t *rec = cmd_model_record(path, &m, &s.hash, file.len, s.signer ? &a : NULL);
        if (o->columns)
            json_object_set_new(rec, "column", columns_of(&m.schema));
        rc = og_jsonl_write(stdout, rec, err);
        json_decref(rec);
    }
    og_model_release(&m);
    og_pub_free(s.signer);
    og_buf_release(&file);
    return rc;
}

int cmd_models(int argc, char **argv)
{
    struct options o = {0};
    struct og_err err = {0};
    int first;
    bool done;
    enum og_rc rc = og_cli_parse(&tool, argc, argv, &o, &first, &done, &err);
    if (rc == OG_OK && !done && first == argc)
        rc = og_err_set(&err, OG_E_USAGE, "a model file is needed");
    for (int i = first; rc == OG_OK && !done && i < argc; i++)
        rc = show(argv[i], &o, &err);
    return og_cli_exit(&tool, rc, &err);
}
