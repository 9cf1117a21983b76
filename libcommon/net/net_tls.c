/* net_tls.c - self-issued certificates and the server's context. */
#include "net/net_tls.h"

#include "base/base_mem.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>

#define YEARS10 (10L * 365 * 24 * 3600)

static enum og_rc fail(struct og_err *err, const char *what)
{
    char text[160];
    ERR_error_string_n(ERR_peek_last_error(), text, sizeof text);
    ERR_clear_error();
    return og_err_set(err, OG_E_UNAVAILABLE, "TLS: %s: %s", what, text);
}

static bool make_cert(EVP_PKEY *k, X509 *x)
{
    X509_NAME *name = X509_get_subject_name(x);
    return X509_set_version(x, 2) && ASN1_INTEGER_set(X509_get_serialNumber(x), 1) &&
           X509_gmtime_adj(X509_getm_notBefore(x), -86400) &&
           X509_gmtime_adj(X509_getm_notAfter(x), YEARS10) && X509_set_pubkey(x, k) &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"ogpu-node",
                                      -1, -1, 0) &&
           X509_set_issuer_name(x, name) && X509_sign(x, k, NULL) > 0;
}

enum og_rc og_tls_pem(const struct og_key *k, struct og_buf *cert, struct og_buf *key,
                      struct og_err *err)
{
    OG_TRY(og_key_to_pem(k, NULL, key, err));
    BIO *in = BIO_new_mem_buf(key->p, (int)key->len);
    BIO *out = BIO_new(BIO_s_mem());
    EVP_PKEY *p = in ? PEM_read_bio_PrivateKey(in, NULL, NULL, NULL) : NULL;
    X509 *x = X509_new();
    char *text = NULL;
    bool ok = p && x && out && make_cert(p, x) && PEM_write_bio_X509(out, x);
    long n = ok ? BIO_get_mem_data(out, &text) : 0;
    enum og_rc rc = ok ? OG_OK : fail(err, "no certificate can be made");
    if (ok)
        og_buf_add(cert, text, (size_t)n);
    X509_free(x);
    EVP_PKEY_free(p);
    BIO_free(in);
    BIO_free(out);
    return rc;
}

/* Any certificate will do here; its key is compared with the chain's after the handshake, which has
 * proved that the peer holds it. */
static int take(int ok, X509_STORE_CTX *ctx)
{
    (void)ok;
    (void)ctx;
    return 1;
}

enum og_rc og_tls_server(const struct og_buf *cert, const struct og_buf *key, SSL_CTX **out,
                         struct og_err *err)
{
    char groups[] = OG_TLS_GROUPS;
    char classic[] = "X25519";
    SSL_CTX *c = SSL_CTX_new(TLS_server_method());
    BIO *b = BIO_new_mem_buf(cert->p, (int)cert->len);
    X509 *x = b ? PEM_read_bio_X509(b, NULL, NULL, NULL) : NULL;
    BIO *kb = BIO_new_mem_buf(key->p, (int)key->len);
    EVP_PKEY *k = kb ? PEM_read_bio_PrivateKey(kb, NULL, NULL, NULL) : NULL;
    bool ok = c && x && k && SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION) &&
              SSL_CTX_use_certificate(c, x) && SSL_CTX_use_PrivateKey(c, k);
    /* without ML-KEM in the loaded OpenSSL the list is refused as a whole */
    ok = ok && (SSL_CTX_set1_groups_list(c, groups) || SSL_CTX_set1_groups_list(c, classic));
    enum og_rc rc = ok ? OG_OK : fail(err, "the server's keys cannot be used");
    if (ok) {
        SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, take);
        SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_num_tickets(c, 0);
        ERR_clear_error();
    }
    X509_free(x);
    EVP_PKEY_free(k);
    BIO_free(b);
    BIO_free(kb);
    *out = ok ? c : NULL;
    if (!ok)
        SSL_CTX_free(c);
    return rc;
}

bool og_tls_peer(SSL *s, struct og_hash *spki)
{
    X509 *x = SSL_get1_peer_certificate(s);
    unsigned char *der = NULL;
    int n = x ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der) : 0;
    if (n > 0)
        *spki = og_sha256(der, (size_t)n);
    OPENSSL_free(der);
    X509_free(x);
    return n > 0;
}
