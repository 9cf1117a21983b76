/* fuzz_http.c - request heads from any bytes: refused with a sentence, or within their bounds. */
#include "net/net_http.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct og_http_req r;
    struct og_err err = {0};
    size_t end = og_http_head_end((const char *)data, size);
    if (end > size)
        abort();
    if (og_http_parse((const char *)data, end ? end : size, &r, &err) != OG_OK) {
        if (!err.msg[0])
            abort();
        return 0;
    }
    if (!end || !memchr(r.path, '\0', sizeof r.path) || r.path[0] != '/' ||
        (r.has_range && r.to < r.from))
        abort();
    return 0;
}
