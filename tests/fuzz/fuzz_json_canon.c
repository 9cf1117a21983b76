/* fuzz_json_canon.c - canonical JSON: what is taken is its own canonical form; what any parser
 * reads and the writer takes gives bytes that are taken and mean the same. */
#include "json/json_canon.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int good)
{
    if (!good)
        abort(); /* allowed: a finding */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *s = (const char *)data;
    struct og_err err = {0};
    struct og_buf b = OG_BUF_INIT;
    json_t *v = NULL;
    if (og_json_parse_canon(s, size, &v, &err) == OG_OK) {
        require(og_json_canon(v, &b, &err) == OG_OK);
        require(b.len == size && memcmp(b.p, s, size) == 0);
        json_decref(v);
    } else {
        require(v == NULL && err.rc == OG_E_DATA && err.msg[0]);
    }
    og_buf_reset(&b);
    v = json_loadb(s, size, JSON_ALLOW_NUL, NULL);
    if (v && og_json_canon(v, &b, &err) == OG_OK) {
        json_t *back = NULL;
        require(og_json_parse_canon(b.p, b.len, &back, &err) == OG_OK);
        require(json_equal(v, back));
        json_decref(back);
    }
    json_decref(v);
    og_buf_reset(&b);
    /* any bytes as a string: no raw control character, and the quotes are where they belong */
    og_json_canon_string(s, size, &b);
    require(b.len >= size + 2 && b.p[0] == '"' && b.p[b.len - 1] == '"');
    for (size_t i = 0; i < b.len; i++)
        require((unsigned char)b.p[i] >= 0x20);
    og_buf_release(&b);
    return 0;
}
