/* fuzz_statetest.c - state-test JSON: any document gives results or one sentence, and the same
 * again. */
#include "vm/vm_statetest.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

struct seen {
    size_t n, passed, skipped;
    struct og_hash last;
};

static void on_result(void *ctx, const struct og_statetest_result *r)
{
    struct seen *s = ctx;
    check(r->name && (r->pass || r->skipped || r->error[0]));
    s->n++;
    s->passed += r->pass;
    s->skipped += r->skipped != NULL;
    s->last = r->root;
}

/* Gas of more than a few ms would make the fuzzer slow, not wiser. */
static bool is_cheap(json_t *doc)
{
    const char *name;
    json_t *test, *v;
    size_t i;
    json_object_foreach(doc, name, test)
        json_array_foreach(json_object_get(json_object_get(test, "transaction"), "gasLimit"), i,
                           v) if (json_is_string(v) && json_string_length(v) > 8) return false;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seen a = {0}, b = {0};
    struct og_err err = {0};
    json_t *doc = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
    if (doc && is_cheap(doc)) {
        enum og_rc rc = og_statetest_run(doc, NULL, on_result, &a, &err);
        check(rc == OG_OK || (rc == OG_E_DATA && err.msg[0]));
        check(og_statetest_run(doc, NULL, on_result, &b, &err) == rc);
        check(memcmp(&a, &b, sizeof a) == 0);
    }
    json_decref(doc);
    return 0;
}
