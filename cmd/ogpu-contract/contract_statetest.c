/* contract_statetest.c - `ogpu-contract statetest`: state tests from files and folders. */
#include "contract.h"

#include "base/base_io.h"
#include "base/base_log.h"
#include "base/base_mem.h"
#include "vm/vm_statetest.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FOLDERS_DEEP 32
#define REASONS_MAX  8

struct options {
    struct og_opts_common common;
    bool json;
};

static const struct og_opt opts[] = {
    {.name = "json",
     .letter = 'j',
     .kind = OG_OPT_FLAG,
     .at = offsetof(struct options, json),
     .help = "write every step and state root to stderr, as EIP-3155 says"},
};

static const struct og_tool tool = {
    .name = "ogpu-contract statetest",
    .summary = "run state tests of ethereum/tests for Cancun",
    .synopsis = "[OPTIONS] PATH ...",
    .opts = opts,
    .n_opts = sizeof opts / sizeof *opts,
    .mixed = true,
};

struct session {
    const char *path; /* of the file under way */
    bool json;
    struct og_vm_tracer tracer;
    size_t written, passed, failed, skipped;
    struct {
        const char *text;
        size_t n;
    } reason[REASONS_MAX];
    enum og_rc rc; /* of the output */
    struct og_err err;
};

static void count_reason(struct session *s, const char *text)
{
    s->skipped++;
    for (size_t i = 0; i < REASONS_MAX; i++) {
        if (!s->reason[i].text)
            s->reason[i].text = text;
        if (strcmp(s->reason[i].text, text) == 0) {
            s->reason[i].n++;
            return;
        }
    }
}

static json_t *result_json(const struct session *s, const struct og_statetest_result *r,
                           const char *root)
{
    json_t *o =
        json_pack("{s:s, s:s, s:s, s:b, s:{s:I, s:I, s:I}}", "name", r->name, "file", s->path,
                  "fork", "Cancun", "pass", r->pass && !r->skipped, "indexes", "data",
                  (json_int_t)r->data, "gas", (json_int_t)r->gas, "value", (json_int_t)r->value);
    if (r->skipped)
        json_object_set_new(o, "skipped", json_string(r->skipped));
    else
        json_object_set_new(o, "stateRoot", json_string(root));
    if (!r->skipped && r->error[0])
        json_object_set_new(o, "error", json_string(r->error));
    return o;
}

static void on_result(void *ctx, const struct og_statetest_result *r)
{
    struct session *s = ctx;
    char root[3 + 2 * OG_HASH_LEN] = "0x";
    og_hex_encode(r->root.b, OG_HASH_LEN, root + 2);
    if (r->skipped)
        count_reason(s, r->skipped);
    else if (r->pass)
        s->passed++;
    else
        s->failed++;
    if (s->json && !r->skipped)
        fprintf(stderr, "{\"stateRoot\":\"%s\"}\n", root);
    json_t *o = result_json(s, r, root);
    char *text = o ? json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    if (!text)
        s->rc = og_err_set(&s->err, OG_E_DATA, "'%s': a name is no UTF-8", s->path);
    else
        printf("%s\n  %s", s->written++ ? "," : "", text);
    free(text);
    json_decref(o);
}

static enum og_rc run_file(struct session *s, const char *path, struct og_err *err)
{
    struct og_buf b = OG_BUF_INIT;
    json_error_t je;
    s->path = path;
    enum og_rc rc = og_io_read_file(path, CONTRACT_FILE_MAX, &b, err);
    json_t *doc =
        rc == OG_OK ? json_loadb(b.p ? b.p : "", b.len, JSON_REJECT_DUPLICATES, &je) : NULL;
    og_buf_release(&b);
    if (rc == OG_OK && !doc)
        rc = og_err_set(err, OG_E_DATA, "%s:%d: %s", path, je.line, je.text);
    else if (rc == OG_OK) {
        rc = og_statetest_run(doc, s->json ? &s->tracer : NULL, on_result, s, err);
        if (rc != OG_OK)
            og_err_wrap(err, rc, "%s", path);
    }
    json_decref(doc);
    if (rc == OG_OK && s->rc != OG_OK)
        return og_err_set(err, s->rc, "%s", s->err.msg);
    return rc;
}

static int wanted(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static bool ends_json(const char *s)
{
    size_t n = strlen(s);
    return n > 5 && strcmp(s + n - 5, ".json") == 0;
}

/* A file that is no state test is told of and the rest goes on: the first such error is returned.
 */
static enum og_rc run_path(struct session *s, const char *path, unsigned deep, struct og_err *err)
{
    struct stat sb;
    struct dirent **list = NULL;
    if (stat(path, &sb) < 0)
        return og_err_set(err, OG_E_NOINPUT, "cannot open '%s'", path);
    if (!S_ISDIR(sb.st_mode))
        return run_file(s, path, err);
    int n = deep < FOLDERS_DEEP ? scandir(path, &list, wanted, alphasort) : -1;
    if (n < 0)
        return og_err_set(err, OG_E_NOINPUT, "cannot read the folder '%s'", path);
    enum og_rc first = OG_OK;
    for (int i = 0; i < n; i++) {
        struct og_err one = {0};
        char *inner = og_io_join(path, list[i]->d_name);
        enum og_rc rc = OG_OK;
        if (stat(inner, &sb) == 0 && (S_ISDIR(sb.st_mode) || ends_json(inner)))
            rc = run_path(s, inner, deep + 1, &one);
        if (rc != OG_OK && first == OG_OK) {
            first = rc;
            *err = one;
        } else if (rc != OG_OK) {
            og_log(OG_LOG_ERROR, "%s", one.msg);
        }
        free(inner);
        free(list[i]);
    }
    free(list);
    return first;
}

static enum og_rc run(const struct options *o, int argc, char **argv, struct og_err *err)
{
    struct session s = {.json = o->json};
    enum og_rc first = OG_OK;
    if (argc < 1)
        return og_err_set(err, OG_E_USAGE, "a file or folder is missing");
    og_vm_tracer_init(&s.tracer, contract_trace_line, NULL);
    printf("[");
    for (int i = 0; i < argc; i++) {
        struct og_err one = {0};
        enum og_rc rc = run_path(&s, argv[i], 0, &one);
        if (rc != OG_OK && first == OG_OK) {
            first = rc;
            *err = one;
        } else if (rc != OG_OK) {
            og_log(OG_LOG_ERROR, "%s", one.msg);
        }
    }
    printf("\n]\n");
    for (size_t i = 0; i < REASONS_MAX && s.reason[i].text; i++)
        og_log(OG_LOG_WARNING, "%zu skipped: %s", s.reason[i].n, s.reason[i].text);
    printf("%zu passed, %zu failed\n", s.passed, s.failed);
    og_vm_tracer_release(&s.tracer);
    if (first == OG_OK && !s.written)
        return og_err_set(err, OG_E_NOINPUT, "no state test in '%s'", argv[0]);
    return first != OG_OK ? first : s.failed ? OG_NO : OG_OK;
}

int contract_statetest(int argc, char **argv)
{
    struct options o = {0};
    struct og_err err = {0};
    int first;
    bool done;
    enum og_rc rc = og_cli_parse(&tool, argc, argv, &o, &first, &done, &err);
    if (rc == OG_OK && !done)
        rc = run(&o, argc - first, argv + first, &err);
    return og_cli_exit(&tool, rc, &err);
}
