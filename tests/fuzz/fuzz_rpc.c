/* fuzz_rpc.c - a node's answers to a batch from any bytes: each question answered once, or refused.
 */
#include "net/net_rpc.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct og_rpc_said said[3];
    for (size_t n = 1; n <= 3; n++) {
        struct og_err err = {0};
        memset(said, 0, sizeof said);
        enum og_rc rc = og_rpc_read_batch((const char *)data, size, n, said, &err);
        if (rc != OG_OK && !err.msg[0])
            abort();
        for (size_t i = 0; rc == OG_OK && i < n; i++)
            if (said[i].fate > OG_RPC_FULL || !memchr(said[i].log, '\0', sizeof said[i].log))
                abort();
    }
    return 0;
}
