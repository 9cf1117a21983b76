/* fuzz_result.c - a result leaf that parses is written back as the same bytes. */
#include "check/check_result.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct og_result_element e;
    struct og_err err;
    struct og_buf b = OG_BUF_INIT;
    if (og_result_parse((const char *)data, size, &e, &err) == OG_OK) {
        if (og_result_leaf(&e, &b, &err) != OG_OK || b.len != size || memcmp(b.p, data, size) != 0)
            abort(); /* allowed: how a fuzz target reports */
        og_buf_release(&b);
    }
    og_result_release(&e);
    return 0;
}
