/* fuzz_task_record.c - a task record that is accepted keeps every bound that others rely on. */
#include "base/base_io.h"
#include "model/model_taskrec.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
    if (!holds)
        abort(); /* allowed: how a fuzz target reports */
}

static void check_paths(const struct og_taskrec *r)
{
    struct og_err err;
    char tame[OG_TASKREC_PATH_MAX + 1];
    for (size_t i = 0; i < json_array_size(r->in); i++) {
        struct og_taskrec_in in;
        must(og_taskrec_in(r, i, &in, &err) == OG_OK);
        must(og_taskrec_path(in.path, tame) && og_io_path_is_tame(tame));
        must(in.n_url <= OG_TASKREC_URLS_MAX);
    }
    for (size_t i = 0; i < json_array_size(r->out); i++) {
        must(og_taskrec_path(json_string_value(json_array_get(r->out, i)), tame));
        must(og_io_path_is_tame(tame));
    }
}

static void on_unknown(void *ctx, const char *member, const char *meant)
{
    must(ctx == NULL && member != NULL);
    must(!meant || strcmp(member, meant) != 0);
}

static void check_record(const struct og_taskrec *r)
{
    struct og_err err;
    must((r->argv != NULL) != (r->kernel != NULL));
    must(r->count >= 1 && r->index0 + r->count <= OG_TASKREC_COUNT_MAX);
    must(r->chunk <= OG_TASKREC_CHUNK_MAX && r->urgency >= 1 && r->urgency <= 64);
    must(r->limit_ms >= 1 && r->limit_ms <= OG_TASKREC_TIME_MAX && r->retry <= 8);
    must(r->verify < 6 && (r->verify == 3) == (r->check != NULL));
    must(!r->name || og_taskrec_name_ok(r->name));
    for (size_t i = 0; i < json_array_size(r->after); i++) {
        struct og_taskrec_after a;
        must(og_taskrec_after(r, i, &a, &err) == OG_OK);
        must(a.when < 3 && (a.task || a.name_len <= OG_TASKREC_NAME_MAX));
    }
    check_paths(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct og_taskrec r;
    struct og_err err = {0};
    json_t *o = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    if (!o)
        return 0;
    og_taskrec_unknown(o, on_unknown, NULL);
    enum og_rc rc = og_taskrec_parse(o, &r, &err);
    if (rc == OG_OK)
        check_record(&r);
    else
        must(rc == OG_E_DATA && err.msg[0]);
    json_decref(o);
    return 0;
}
