/* net_fetch.h - the client of net_share: blobs from whoever holds them, by libcurl over TLS 1.3.
 * The server's key must be one of the pins; what comes is hashed before it has its name. */
#ifndef OG_NET_FETCH_H
#define OG_NET_FETCH_H

#include "base/base_buf.h"
#include "base/base_err.h"
#include "crypto/crypto_hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_FETCH_HOLDERS 64

struct og_fetch_set {
    const char *dir;            /* of blobs, as in og_share_set */
    const char *const *holders; /* HOST:PORT, at most OG_FETCH_HOLDERS */
    size_t n;
    const struct og_buf *cert, *key; /* ours, og_tls_pem */
    const char *pins;                /* og_fetch_pins */
    uint64_t max;                    /* bytes of a blob */
    uint64_t rate;                   /* bytes a second and connection; 0: no cap */
};

/* The keys that a server may have, as libcurl wants them. */
void og_fetch_pins(const struct og_hash *spki, size_t n, struct og_buf *out);
/* Big ones come in parts from several holders at once; a connection that is cut goes on where it
 * ended; a holder whose bytes do not hash is left and another tried. OG_E_UNAVAILABLE: nobody gave
 * it, with what the last one said. Safe from several threads. */
enum og_rc og_fetch_blob(const struct og_fetch_set *set, const struct og_hash *h,
                         struct og_err *err) OG_MUST_CHECK;
/* The first text of /PATH that ok takes. */
enum og_rc og_fetch_text(const struct og_fetch_set *set, const char *path,
                         bool (*ok)(void *ctx, const char *text, size_t n), void *ctx,
                         struct og_err *err) OG_MUST_CHECK;

#endif
