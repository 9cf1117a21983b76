/* net_share.h - the HTTPS server of a node: content-addressed files of one folder, and what the
 * state knows of results. One thread a connection, SHARE_PEERS at most; every peer is asked for a
 * certificate whose key the chain names.
 *   GET, HEAD /blob/<sha256>       whole, or one range of bytes
 *   PUT       /blob/<sha256>       taken when it hashes to its name and the quota has room
 *   GET       /manifest/<root> | /manifest/<task>/<element>      a line, see on_text
 * and without TLS, for this machine alone: GET /metrics, GET /health. */
#ifndef OG_NET_SHARE_H
#define OG_NET_SHARE_H

#include "base/base_buf.h"
#include "base/base_err.h"
#include "crypto/crypto_sig.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct og_share;

struct og_share_set {
    const char *dir;     /* DIR/<2 hex>/<64 hex> */
    const char *listen;  /* HOST:PORT for nodes */
    const char *metrics; /* HOST:PORT for this machine; NULL: none */
    const struct og_key *key;
    uint64_t quota; /* bytes that PUT may bring in */
    uint64_t rate;  /* bytes a second and connection; 0: no cap */
    /* Called in the connection's thread: the text of /manifest/…, /metrics and /health; OG_NO:
     * there is none (404). */
    enum og_rc (*on_text)(void *ctx, const char *path, struct og_buf *out, struct og_err *err);
    void *ctx;
};

struct og_share_count {
    uint64_t peers, requests, bytes_out, bytes_in, refused;
};

enum og_rc og_share_open(const struct og_share_set *set, struct og_share **out,
                         struct og_err *err) OG_MUST_CHECK;
/* Takes the keys that may speak from now on (copied); live connections of others end at once. */
void og_share_allow(struct og_share *s, const struct og_hash *spki, size_t n);
/* Waits up to ms for connections and starts them. */
void og_share_turn(struct og_share *s, int ms);
void og_share_counts(struct og_share *s, struct og_share_count *out);
/* Ends all connections and waits for their threads. */
void og_share_close(struct og_share *s);

/* A listening socket; host is an address. */
enum og_rc og_share_listen(const char *place, int *fd, struct og_err *err) OG_MUST_CHECK;

#endif
