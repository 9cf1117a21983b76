/* keygen_show.c - what a key is, as records or as a table; never its secret. */
#include "keygen.h"

#include "cli/cli_table.h"
#include "crypto/crypto_keyfile.h"
#include "json/json_line.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static enum og_rc write_record(json_t *r, struct og_err *err)
{
    if (!r)
        return og_err_set(err, OG_E_INTERNAL, "cannot pack a record");
    enum og_rc rc = og_jsonl_write(stdout, r, err);
    json_decref(r);
    return rc;
}

static enum og_rc show_one(const char *dir, const char *name, struct og_table *table,
                           struct og_err *err)
{
    struct og_pub *pub;
    bool encrypted;
    enum og_rc rc = og_keyfile_load_pub(dir, name, &pub, &encrypted, err);
    if (rc != OG_OK)
        return rc;
    struct og_addr addr = og_pub_addr(pub);
    char text[OG_ADDR_TEXT];
    og_addr_format(&addr, text);
    char *path = og_keyfile_path(dir, name);
    if (table) {
        og_table_cell(table, name);
        og_table_cell(table, og_pub_alg(pub));
        og_table_cell(table, text);
        og_table_cell(table, encrypted ? "yes" : "no");
        og_table_cell(table, path);
    } else {
        rc = write_record(json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:b}", "kind", "key", "v", 1,
                                    "name", name, "alg", og_pub_alg(pub), "address", text, "path",
                                    path, "encrypted", (int)encrypted),
                          err);
    }
    free(path);
    og_pub_free(pub);
    return rc;
}

enum og_rc keygen_show(const struct keygen_options *o, const char *dir, const char *const names[],
                       size_t n, struct og_err *err)
{
    struct og_table *table = NULL;
    if (o->common.human) {
        static const char *const head[] = {"NAME", "ALG", "ADDRESS", "ENCRYPTED", "PATH"};
        table = og_table_new(5);
        for (size_t i = 0; i < 5; i++)
            og_table_head(table, i, head[i], false);
    }
    /* One unreadable key does not hide the others; the first is what is reported. */
    enum og_rc rc = OG_OK;
    for (size_t i = 0; i < n; i++) {
        struct og_err later;
        enum og_rc one = show_one(dir, names[i], table, rc == OG_OK ? err : &later);
        rc = rc == OG_OK ? one : rc;
    }
    if (table)
        og_table_print(table, 0, stdout);
    og_table_free(table);
    return rc;
}

enum og_rc keygen_show_algs(const struct keygen_options *o, struct og_err *err)
{
    struct og_buf all = OG_BUF_INIT;
    og_sig_list_algs(&all);
    enum og_rc rc = OG_OK;
    struct og_table *table = o->common.human ? og_table_new(2) : NULL;
    if (table) {
        og_table_head(table, 0, "ALG", false);
        og_table_head(table, 1, "DEFAULT", false);
    }
    for (char *at = all.p, *end; rc == OG_OK && at && (end = strchr(at, '\n')); at = end + 1) {
        *end = '\0';
        bool is_default = strcmp(at, "hybrid") == 0;
        if (table) {
            og_table_cell(table, at);
            og_table_cell(table, is_default ? "yes" : "no");
        } else {
            rc = write_record(json_pack("{s:s, s:i, s:s, s:b}", "kind", "alg", "v", 1, "name", at,
                                        "default", (int)is_default),
                              err);
        }
    }
    if (table && rc == OG_OK)
        og_table_print(table, 0, stdout);
    og_table_free(table);
    og_buf_release(&all);
    return rc;
}
