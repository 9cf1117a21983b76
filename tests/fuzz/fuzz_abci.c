/* fuzz_abci.c - requests of the engine from any bytes: read or refused, within bounds. */
#include "net/net_abci.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static bool inside(struct og_span s, const uint8_t *data, size_t size)
{
    return s.n == 0 || (s.p >= data && s.p + s.n <= data + size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct og_abci_req r;
    struct og_err err = {0};
    struct og_span all = {data, size};
    uint64_t v;
    size_t n;
    int got = og_pb_varint(data, size, &v, &n);
    check(got != 1 || (n >= 1 && n <= 10 && n <= size));
    enum og_rc rc = og_abci_read(all, &r, &err);
    check(rc == OG_OK || (rc == OG_E_DATA && err.msg[0]));
    check(r.n_txs <= size && r.n_votes <= OG_ABCI_VOTES_MAX && r.n_faults <= OG_ABCI_FAULTS_MAX);
    for (size_t i = 0; i < r.n_txs; i++)
        check(inside(r.txs[i], data, size));
    check(inside(r.tx, data, size) && inside(r.app_state, data, size));
    check(inside(r.proposer, data, size) && inside(r.chunk_data, data, size));
    check(inside(r.snapshot.metadata, data, size) && inside(r.path, data, size));
    og_abci_time_ms(&r);
    if (rc == OG_OK) {
        struct og_buf body = OG_BUF_INIT;
        struct og_buf out = OG_BUF_INIT;
        og_pb_put_bytes(&body, 1, r.message.p, r.message.n);
        og_abci_frame(&out, r.call, &body);
        check(og_pb_varint((const uint8_t *)out.p, out.len, &v, &n) == 1 && v + n == out.len);
        og_buf_release(&body);
        og_buf_release(&out);
    }
    og_abci_release(&r);
    return 0;
}
