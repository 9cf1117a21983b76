/* bench_seal.c - how long sealing holds the lock: "NAME MS" lines, the longest of RUNS each.
 *
 *   bench_seal STATE KEYS NAME   a state of its own, made with --param block_ms=3600000 */
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "crypto/crypto_keyfile.h"
#include "engine/engine.h"
#include "ledger/ledger.h"
#include "store/store_tree.h"
#include "json/json_get.h"

#include <stdio.h>
#include <stdlib.h>

#define RUNS      5
#define TASKS     500  /* of one transaction */
#define ROWS_FULL 9600 /* changed rows short of the engine's bound of a block */

struct bench {
    struct og_engine *e;
    struct og_key *key;
    uint64_t next; /* number of the next new account */
};

static enum og_rc send(struct bench *b, const struct og_draft *d, size_t n, struct og_err *err)
{
    struct og_sent *sent = og_xcalloc(n, sizeof *sent);
    enum og_rc rc = og_engine_send(b->e, b->key, d, n, sent, err);
    for (size_t i = 0; i < n && rc == OG_OK; i++)
        if (sent[i].rc != OG_OK)
            rc = og_err_set(err, sent[i].rc, "%s", sent[i].msg);
    free(sent);
    return rc;
}

/* A full block, each transaction to an account of its own. */
static enum og_rc transfers(struct bench *b, struct og_err *err)
{
    size_t n = (size_t)og_ledger_params(og_engine_ledger(b->e))->block_max;
    struct og_draft *d = og_xcalloc(n, sizeof *d);
    struct og_addr *to = og_xcalloc(n, sizeof *to);
    json_t *body = json_object();
    for (size_t i = 0; i < n; i++) {
        to[i] = og_addr_of_key("bench", &b->next, sizeof b->next);
        b->next++;
        d[i] = (struct og_draft){.kind = OG_TX_TRANSFER, .body = body, .to = &to[i], .value = 1};
    }
    enum og_rc rc = send(b, d, n, err);
    json_decref(body);
    free(to);
    free(d);
    return rc;
}

static json_t *submit_body(void)
{
    uint8_t spec[OG_HASH_LEN] = {0};
    json_t *tasks = json_array();
    for (int i = 0; i < TASKS; i++)
        json_array_append_new(
            tasks, json_pack("{s:i, s:s, s:i}", "line", i, "max_price", "1000", "limit_ms", 1000));
    return json_pack("{s:o, s:o}", "spec", og_json_new_hex(spec, sizeof spec), "tasks", tasks);
}

/* As many changed rows as a block may hold. */
static enum og_rc tasks(struct bench *b, struct og_err *err)
{
    json_t *body = submit_body();
    struct og_draft d = {.kind = OG_TX_TASK_SUBMIT, .body = body};
    uint64_t rows = 0;
    enum og_rc rc = OG_OK;
    while (rc == OG_OK && rows < ROWS_FULL) {
        rc = send(b, &d, 1, err);
        if (rc == OG_OK)
            rc = og_tree_pending(og_engine_store(b->e), &rows, err);
    }
    json_decref(body);
    return rc;
}

static enum og_rc measure(struct bench *b, const char *name,
                          enum og_rc (*fill)(struct bench *b, struct og_err *err),
                          struct og_err *err)
{
    uint64_t worst = 0;
    for (int i = 0; i < RUNS; i++) {
        bool sealed;
        OG_TRY(fill(b, err));
        uint64_t start = og_time_mono_us();
        OG_TRY(og_engine_seal(b->e, true, &sealed, err));
        if (!sealed)
            return og_err_set(err, OG_E_INTERNAL, "nothing was sealed");
        worst = og_max_u64(worst, og_time_mono_us() - start);
    }
    printf("%s %.3f\n", name, (double)worst / 1000);
    return OG_OK;
}

int main(int argc, char **argv)
{
    struct bench b = {0};
    struct og_err err;
    bool sealed;
    if (argc != 4)
        return fputs("usage: bench_seal STATE KEYS NAME\n", stderr), 64;
    enum og_rc rc = og_engine_open(argv[1], argv[2], &b.e, &err);
    if (rc == OG_OK)
        rc = og_keyfile_load(argv[2], argv[3], NULL, &b.key, &err);
    if (rc == OG_OK)
        rc = og_engine_seal(b.e, true, &sealed, &err);
    if (rc == OG_OK)
        rc = measure(&b, "transfers", transfers, &err);
    if (rc == OG_OK)
        rc = measure(&b, "tasks", tasks, &err);
    og_key_free(b.key);
    og_engine_close(b.e);
    if (rc == OG_OK)
        return 0;
    fprintf(stderr, "bench_seal: %s\n", err.msg);
    return 70;
}
