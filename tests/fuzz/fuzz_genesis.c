/* fuzz_genesis.c - whatever is offered as a genesis is refused, or makes a state whose supply and
 * app hash hold. */
#include "ledger/ledger.h"
#include "store/store_tree.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void look(struct og_store *st, const uint8_t *data, size_t size)
{
    struct og_err err = {0};
    struct og_ledger *l;
    struct og_hash kept;
    struct og_hash again;
    uint64_t counted;
    uint64_t genesis;
    check(og_ledger_open(st, &l, &err) == OG_OK);
    struct og_hash chain = og_sha256(data, size);
    check(memcmp(og_ledger_chain(l), &chain, sizeof chain) == 0);
    check(og_ledger_supply(l, &counted, &genesis, &err) == OG_OK && counted == genesis);
    check(og_tree_flush(st, &kept, &err) == OG_OK && og_tree_recompute(st, &again, &err) == OG_OK);
    check(memcmp(&kept, &again, sizeof kept) == 0);
    og_ledger_close(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct og_store *st;
    struct og_err err = {0};
    if (!st)
        check(og_store_open("", OG_STORE_MEMORY | OG_STORE_WRITE, &st, &err) == OG_OK);
    check(og_store_begin(st, &err) == OG_OK);
    enum og_rc rc = og_ledger_genesis(st, (const char *)data, size, &err);
    check(rc == OG_OK || rc == OG_E_DATA || rc == OG_E_UNAVAILABLE);
    if (rc == OG_OK)
        look(st, data, size);
    else
        check(err.msg[0] != '\0');
    og_store_rollback(st);
    return 0;
}
