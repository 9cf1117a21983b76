/* net_rpc.h - a client of CometBFT's JSON-RPC over HTTP: one connection, kept alive, batches.
 * libcurl is loaded when the first client is made, so that tools that never send do not pay for it.
 */
#ifndef OG_NET_RPC_H
#define OG_NET_RPC_H

#include "base/base_buf.h"
#include "base/base_err.h"
#include "net/net_pb.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct og_rpc;

/* url: "http://127.0.0.1:26657". OG_E_UNAVAILABLE: libcurl is not installed. */
enum og_rc og_rpc_open(const char *url, struct og_rpc **out, struct og_err *err) OG_MUST_CHECK;
void og_rpc_close(struct og_rpc *r);
const char *og_rpc_url(const struct og_rpc *r);

/* What the node's mempool said to one transaction. */
enum og_rpc_fate {
    OG_RPC_TAKEN,   /* it waits in the mempool, or did already */
    OG_RPC_REFUSED, /* the application refused it: code and log */
    OG_RPC_FULL     /* there is no room now */
};
struct og_rpc_said {
    enum og_rpc_fate fate;
    uint64_t code;
    char log[OG_ERR_MAX];
};
/* broadcast_tx_sync for each, one HTTP request per 100. The engine takes up to 20 ms to hand over
 * what it was given one by one, so a chain (each can only be taken after the one before) is sent as
 * broadcast_tx_async but for the last of a request: when that is taken, all are; when it is not,
 * nothing is known of the others, which count as taken here. OG_E_UNAVAILABLE: the node does not
 * answer (then nothing is known of what was sent), OG_E_DATA: it answers what is no JSON-RPC. */
enum og_rc og_rpc_broadcast(struct og_rpc *r, const struct og_span *tx, size_t n, bool chain,
                            struct og_rpc_said *said, struct og_err *err) OG_MUST_CHECK;

struct og_rpc_status {
    uint64_t height;
    bool catching_up;
    char network[64];
    uint64_t peers;
};
enum og_rc og_rpc_get_status(struct og_rpc *r, struct og_rpc_status *out,
                             struct og_err *err) OG_MUST_CHECK;
/* abci_query; code other than 0: OG_E_DATA with the application's sentence. */
enum og_rc og_rpc_query(struct og_rpc *r, const char *path, struct og_span data, struct og_buf *out,
                        struct og_err *err) OG_MUST_CHECK;

/* Any method; params: a JSON object as text. *out: its result, the caller decrefs. A refusal by the
 * node is OG_E_UNAVAILABLE, too. */
enum og_rc og_rpc_call(struct og_rpc *r, const char *method, const char *params, json_t **out,
                       struct og_err *err) OG_MUST_CHECK;

/* The answer to a batch of n: parsed into said; for tests and fuzzing. */
enum og_rc og_rpc_read_batch(const char *json, size_t len, size_t n, struct og_rpc_said *said,
                             struct og_err *err) OG_MUST_CHECK;

#endif
