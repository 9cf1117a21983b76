/* fuzz_bech32m.c - what decodes encodes to the same text, and an address has one text. */
#include "crypto/crypto_addr.h"

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
    if (size > 200)
        return 0;
    char s[201], hrp[84], text[128];
    uint8_t bytes[64];
    size_t n;
    memcpy(s, data, size);
    s[size] = '\0';
    bool valid = og_bech32m_valid(s);
    if (og_bech32m_decode(s, hrp, bytes, sizeof bytes, &n, NULL) == OG_OK) {
        check(valid && n <= sizeof bytes);
        check(og_bech32m_encode(hrp, bytes, n, text, sizeof text, NULL) == OG_OK);
        for (size_t i = 0; s[i]; i++)
            if (s[i] >= 'A' && s[i] <= 'Z')
                s[i] = (char)(s[i] - 'A' + 'a');
        check(strcmp(s, text) == 0);
    }
    memcpy(s, data, size);
    struct og_addr a;
    if (og_addr_parse(s, &a, NULL) == OG_OK) {
        og_addr_format(&a, text);
        check(strcmp(s, text) == 0);
    }
    /* and the other way: any 20 bytes */
    if (size >= sizeof a.b) {
        struct og_addr b;
        memcpy(a.b, data, sizeof a.b);
        og_addr_format(&a, text);
        check(og_addr_parse(text, &b, NULL) == OG_OK && og_addr_eq(&a, &b));
    }
    return 0;
}
