/* fuzz_header.c - headers and block.open lines: what is read is what would be written. */
#include "engine/engine_header.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void header(const uint8_t *data, size_t size)
{
    static struct og_pub *pub;
    static const uint8_t seed[32] = {1};
    struct og_header h;
    struct og_err err = {0};
    enum og_rc rc = og_header_parse((const char *)data, size, &h, &err);
    check(rc == OG_OK || (rc == OG_E_DATA && err.msg[0]));
    if (rc != OG_OK)
        return;
    check(h.line.len == size && memcmp(h.line.p, data, size) == 0);
    struct og_hash hash = og_sha256(data, size);
    check(memcmp(&hash, &h.hash, sizeof hash) == 0);
    if (!pub) {
        struct og_key *k;
        check(og_key_generate("ed25519", seed, &k, NULL) == OG_OK);
        check(og_key_pub(k, &pub, NULL) == OG_OK);
        og_key_free(k);
    }
    og_header_verify(&h, pub);
    og_header_release(&h);
}

static void open_line(const uint8_t *data, size_t size)
{
    struct og_block_open o;
    struct og_buf line = OG_BUF_INIT;
    struct og_err err = {0};
    enum og_rc rc = og_block_open_parse((const char *)data, size, &o, &err);
    check(rc == OG_OK || (rc == OG_E_DATA && err.msg[0]));
    if (rc != OG_OK)
        return;
    check(og_block_open_line(&o, &line, &err) == OG_OK);
    check(line.len == size && memcmp(line.p, data, size) == 0);
    og_buf_release(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    header(data, size);
    open_line(data, size);
    return 0;
}
