/* fuzz_abi.c - an ABI in JSON, a newline, and data: whatever decodes encodes again and decodes to
 * the same. */
#include "vm/vm_abi.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void round_trip(const struct og_vm_abi_type *t, const uint8_t *p, size_t n)
{
    struct og_buf b = OG_BUF_INIT;
    struct og_err err = {0};
    json_t *v;
    json_t *again;
    enum og_rc rc = og_vm_abi_decode(t, p, n, true, &v, &err);
    check(rc == OG_OK || (rc == OG_E_DATA && err.msg[0] && !v));
    if (rc != OG_OK)
        return;
    if (og_vm_abi_encode(t, v, &b, &err) == OG_OK) { /* fixed numbers and names may not read back */
        check(og_vm_abi_decode(t, (const uint8_t *)b.p, b.len, true, &again, &err) == OG_OK);
        check(json_equal(v, again) || b.len > n);
        json_decref(again);
    }
    og_buf_release(&b);
    json_decref(v);
}

static void use(const struct og_vm_abi *abi, const uint8_t *p, size_t n)
{
    struct og_u256 topic[4] = {{{0}}};
    struct og_err err;
    json_t *v;
    for (size_t i = 0; i < abi->n && i < 8; i++) {
        const struct og_vm_abi_item *it = &abi->item[i];
        const struct og_vm_abi_item *found;
        round_trip(&it->in, p, n);
        round_trip(&it->out, p, n);
        check(og_vm_abi_find(abi, it->kind, it->signature, -1, &found, &err) == OG_OK);
        if (it->kind == OG_VM_ABI_EVENT &&
            og_vm_abi_decode_log(it, topic, 1 + i % 4, p, n, &v, &err) == OG_OK)
            json_decref(v);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct og_vm_abi abi;
    struct og_err err = {0};
    const uint8_t *nl = size ? memchr(data, '\n', size) : NULL;
    size_t n = nl ? (size_t)(nl - data) : size;
    json_t *doc = json_loadb((const char *)data, n, JSON_REJECT_DUPLICATES, NULL);
    enum og_rc rc = og_vm_abi_parse(doc, &abi, &err);
    check(rc == OG_OK || (rc == OG_E_DATA && err.msg[0] && !abi.n));
    if (rc == OG_OK && nl)
        use(&abi, nl + 1, size - n - 1);
    og_vm_abi_release(&abi);
    json_decref(doc);
    return 0;
}
