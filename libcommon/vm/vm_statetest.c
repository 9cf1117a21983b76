/* vm_statetest.c - runs state tests: builds the state, applies the transaction, compares the roots.
 */
#include "vm/vm_statetest.h"

#include "base/base_mem.h"
#include "vm/vm_fixture.h"
#include "vm/vm_keccak.h"
#include "vm/vm_rlp.h"

#include <stdio.h>
#include <string.h>

#define FORK "Cancun"

struct runner {
    struct og_vm *vm;
    void (*on_result)(void *ctx, const struct og_statetest_result *r);
    void *ctx;
};

static struct og_hash hash_of_logs(const struct og_vm *vm, bool none)
{
    struct og_buf b = OG_BUF_INIT;
    uint8_t word[32];
    size_t n;
    const struct og_vm_log *log = og_vm_logs(vm, &n);
    for (size_t i = 0; !none && i < n; i++) {
        size_t start = b.len;
        og_rlp_bytes(&b, log[i].addr.b, OG_ADDR_LEN);
        size_t topics = b.len;
        for (unsigned k = 0; k < log[i].n_topics; k++) {
            og_u256_store(&log[i].topic[k], word);
            og_rlp_bytes(&b, word, sizeof word);
        }
        og_rlp_list(&b, topics);
        og_rlp_bytes(&b, log[i].data, log[i].len);
        og_rlp_list(&b, start);
    }
    og_rlp_list(&b, 0);
    struct og_hash h = og_keccak256(b.p, b.len);
    og_buf_release(&b);
    return h;
}

/* In state tests the hash of a block is that of its number in decimal. */
static enum og_rc block_hash(void *ctx, uint64_t number, struct og_hash *out, struct og_err *err)
{
    struct og_buf b = OG_BUF_INIT;
    (void)ctx;
    (void)err;
    og_buf_addu(&b, number);
    *out = og_keccak256(b.p, b.len);
    og_buf_release(&b);
    return OG_OK;
}

static void compare(struct og_statetest_result *r, const struct og_hash *root,
                    const struct og_hash *logs, const struct og_hash *got_logs, bool want_refusal,
                    const char *refused)
{
    char want[65];
    if (want_refusal && !refused)
        snprintf(r->error, sizeof r->error, "the transaction was accepted");
    else if (!want_refusal && refused)
        snprintf(r->error, sizeof r->error, "the transaction was refused: %s", refused);
    if (r->error[0])
        return;
    if (memcmp(r->root.b, root->b, sizeof root->b) != 0) {
        og_hex_encode(root->b, sizeof root->b, want);
        snprintf(r->error, sizeof r->error, "the state root should be 0x%s", want);
    } else if (!want_refusal && memcmp(logs->b, got_logs->b, sizeof logs->b) != 0) {
        og_hex_encode(logs->b, sizeof logs->b, want);
        snprintf(r->error, sizeof r->error, "the hash of the logs should be 0x%s", want);
    }
    r->pass = !r->error[0];
}

static enum og_rc run_over(struct runner *run, struct og_vm_state *st, const json_t *test,
                           const json_t *post, struct og_statetest_result *r, struct og_err *err)
{
    struct og_fixture_tx x;
    struct og_vm_receipt receipt = {0};
    struct og_vm_env env;
    struct og_hash root, logs;
    OG_TRY(og_fixture_hash(json_object_get(post, "hash"), "hash", &root, err));
    OG_TRY(og_fixture_hash(json_object_get(post, "logs"), "logs", &logs, err));
    OG_TRY(og_fixture_env(json_object_get(test, "env"), &env, err));
    OG_TRY(og_fixture_pre(json_object_get(test, "pre"), st, err));
    OG_TRY(og_fixture_tx(json_object_get(test, "transaction"), r->data, r->gas, r->value, &x, err));
    r->skipped = x.skipped;
    if (!x.skipped) {
        const char *refused = x.malformed ? "a number is too big" : NULL;
        if (!refused) {
            og_vm_tx_apply(run->vm, st, &env, &x.tx, &receipt);
            refused = receipt.refusal == OG_VM_TX_OK ? NULL : og_vm_refusal_text(receipt.refusal);
        }
        struct og_hash got = hash_of_logs(run->vm, refused != NULL);
        r->root = og_vm_state_root(st);
        compare(r, &root, &logs, &got, json_object_get(post, "expectException") != NULL, refused);
        if (!r->pass && !refused && og_vm_unsupported(run->vm))
            r->skipped = "point evaluation precompile (0x0a)";
    }
    og_fixture_tx_release(&x);
    return OG_OK;
}

static enum og_rc index_of(const json_t *post, const char *what, uint64_t *out, struct og_err *err)
{
    const json_t *v = json_object_get(json_object_get(post, "indexes"), what);
    *out = 0;
    if (!json_is_integer(v) || json_integer_value(v) < 0)
        return og_err_set(err, OG_E_DATA, "'indexes' must hold a whole number '%s'", what);
    *out = (uint64_t)json_integer_value(v);
    return OG_OK;
}

static enum og_rc run_one(struct runner *run, const char *name, const json_t *test,
                          const json_t *post, struct og_err *err)
{
    struct og_statetest_result r = {.name = name};
    const struct og_vm_backend backend = {.block_hash = block_hash};
    OG_TRY(index_of(post, "data", &r.data, err));
    OG_TRY(index_of(post, "gas", &r.gas, err));
    OG_TRY(index_of(post, "value", &r.value, err));
    struct og_vm_state *st = og_vm_state_new(&backend, 0);
    enum og_rc rc = run_over(run, st, test, post, &r, err);
    if (rc == OG_OK)
        run->on_result(run->ctx, &r);
    og_vm_state_free(st);
    return rc;
}

static enum og_rc run_test(struct runner *run, const char *name, const json_t *test,
                           struct og_err *err)
{
    const json_t *posts = json_object_get(test, "post");
    if (!json_is_object(posts))
        return og_err_set(err, OG_E_DATA, "'post' must be an object");
    const json_t *list = json_object_get(posts, FORK);
    if (!list) {
        struct og_statetest_result r = {.name = name, .skipped = "no result for " FORK};
        run->on_result(run->ctx, &r);
        return OG_OK;
    }
    if (!json_is_array(list))
        return og_err_set(err, OG_E_DATA, "'" FORK "' must be an array");
    for (size_t i = 0; i < json_array_size(list); i++)
        OG_TRY(run_one(run, name, test, json_array_get(list, i), err));
    return OG_OK;
}

enum og_rc og_statetest_run(const json_t *doc, struct og_vm_tracer *tracer,
                            void (*on_result)(void *ctx, const struct og_statetest_result *r),
                            void *ctx, struct og_err *err)
{
    struct runner run = {.on_result = on_result, .ctx = ctx};
    const char *name;
    json_t *test;
    if (!json_is_object(doc))
        return og_err_set(err, OG_E_DATA, "not an object of state tests");
    json_t *all = json_incref((json_t *)(uintptr_t)doc);
    enum og_rc rc = OG_OK;
    run.vm = og_vm_new();
    og_vm_set_tracer(run.vm, tracer);
    json_object_foreach(all, name, test)
    {
        rc = run_test(&run, name, test, err);
        if (rc != OG_OK) {
            og_err_wrap(err, rc, "'%s'", name);
            break;
        }
    }
    og_vm_free(run.vm);
    json_decref(all);
    return rc;
}
