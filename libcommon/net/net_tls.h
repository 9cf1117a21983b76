/* net_tls.h - TLS 1.3 between nodes: group X25519MLKEM768 (X25519 where OpenSSL has no ML-KEM),
 * certificates that each node issues to itself on both sides. A certificate says nothing but its
 * key: who may speak is the SHA-256 of its SPKI, which node.join wrote into the chain. */
#ifndef OG_NET_TLS_H
#define OG_NET_TLS_H

#include "base/base_buf.h"
#include "base/base_err.h"
#include "crypto/crypto_sig.h"

#include <openssl/ssl.h>

#define OG_TLS_GROUPS "X25519MLKEM768:X25519"

/* A certificate of the key, and the key, as PEM. pem holds a secret: og_buf_cleanse. */
enum og_rc og_tls_pem(const struct og_key *k, struct og_buf *cert, struct og_buf *key,
                      struct og_err *err) OG_MUST_CHECK;
/* A server that asks for a certificate and takes any that is sound; the caller frees *out. */
enum og_rc og_tls_server(const struct og_buf *cert, const struct og_buf *key, SSL_CTX **out,
                         struct og_err *err) OG_MUST_CHECK;
/* false: the peer showed no certificate. */
bool og_tls_peer(SSL *s, struct og_hash *spki);

#endif
