/* fuzz_base64.c - what decodes encodes to the same text; any bytes survive the way there and back.
 */
#include "crypto/crypto_sig.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct og_buf bytes = OG_BUF_INIT, text = OG_BUF_INIT;
    if (og_base64_decode((const char *)data, size, size, &bytes, NULL) == OG_OK) {
        og_base64_encode(bytes.p, bytes.len, &text);
        check(text.len == size && (size == 0 || memcmp(text.p, data, size) == 0));
    } else {
        check(bytes.len == 0);
    }
    og_buf_reset(&bytes);
    og_buf_reset(&text);
    og_base64_encode(data, size, &text);
    check(og_base64_decode(text.p, text.len, size, &bytes, NULL) == OG_OK);
    check(bytes.len == size && (size == 0 || memcmp(bytes.p, data, size) == 0));
    og_buf_release(&bytes);
    og_buf_release(&text);
    return 0;
}
