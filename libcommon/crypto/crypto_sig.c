/* crypto_sig.c - public keys: parse, address, verify. */
#include "crypto/crypto_sig.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "crypto/crypto_suite.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct og_pub {
    char alg[OG_ALG_MAX];
    struct og_suite suite;
    EVP_PKEY *pkey[OG_SUITE_PARTS_MAX];
    uint8_t *der;
    size_t der_len;
    struct og_addr addr;
};

void og_pub_free(struct og_pub *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < OG_SUITE_PARTS_MAX; i++)
        EVP_PKEY_free(p->pkey[i]);
    free(p->der);
    free(p);
}

enum og_rc og_pub_parse(const char *alg, const void *der, size_t n, struct og_pub **out,
                        struct og_err *err)
{
    *out = NULL;
    if (n == 0 || n > OG_PUB_MAX)
        return og_err_set(err, OG_E_DATA, "public key of %zu bytes", n);
    struct og_pub *p = og_xcalloc(1, sizeof *p);
    size_t len = strnlen(alg, sizeof p->alg - 1);
    memcpy(p->alg, alg, len);
    enum og_rc rc = alg[len]
                        ? og_err_set(err, OG_E_DATA, "name of a signature algorithm is too long")
                        : og_suite_find(p->alg, &p->suite, err);
    if (rc == OG_E_USAGE)
        rc = og_err_wrap(err, OG_E_DATA, "public key");
    const uint8_t *at = der;
    size_t left = n;
    for (size_t i = 0; rc == OG_OK && i < p->suite.n; i++) {
        const struct og_suite_part *part = &p->suite.part[i];
        bool last = i + 1 == p->suite.n;
        size_t take = last ? left : og_min_u64(left, part->head_len + part->raw_len);
        p->pkey[i] = og_suite_read_spki(part, at, take);
        if (!p->pkey[i])
            rc = og_err_set(err, OG_E_DATA, "public key is not the SPKI of '%s'", part->name);
        at += take;
        left -= take;
    }
    if (rc != OG_OK) {
        og_pub_free(p);
        return rc;
    }
    p->der = og_xmemdup(der, n);
    p->der_len = n;
    p->addr = og_addr_of_key(p->alg, der, n);
    *out = p;
    return OG_OK;
}

const char *og_pub_alg(const struct og_pub *p)
{
    return p->alg;
}

const uint8_t *og_pub_der(const struct og_pub *p, size_t *n)
{
    *n = p->der_len;
    return p->der;
}

struct og_addr og_pub_addr(const struct og_pub *p)
{
    return p->addr;
}

void og_pub_set_addr(struct og_pub *p, const struct og_addr *a)
{
    p->addr = *a;
}

struct og_hash og_pub_spki_hash(const struct og_pub *p)
{
    return og_sha256(p->der, p->der_len);
}

static bool verify_part(EVP_PKEY *pkey, const void *msg, size_t mn, const uint8_t *sig, size_t sn)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx && EVP_DigestVerifyInit_ex(ctx, NULL, NULL, NULL, NULL, pkey, NULL) == 1 &&
              EVP_DigestVerify(ctx, sig, sn, msg, mn) == 1;
    EVP_MD_CTX_free(ctx);
    if (!ok)
        ERR_clear_error();
    return ok;
}

bool og_pub_verify(const struct og_pub *p, const void *msg, size_t mn, const void *sig, size_t sn)
{
    const uint8_t *at = sig;
    if (sn == 0 || sn > OG_SIG_MAX)
        return false;
    for (size_t i = 0; i < p->suite.n; i++) {
        const struct og_suite_part *part = &p->suite.part[i];
        bool last = i + 1 == p->suite.n;
        size_t len = last ? sn : part->sig_len;
        if (len > sn || (part->sig_len && len != part->sig_len))
            return false;
        if (!verify_part(p->pkey[i], msg, mn, at, len))
            return false;
        at += len;
        sn -= len;
    }
    return true;
}

/* PEM wants lines of 64 digits; SPKI of a hybrid is written as its two blocks. */
static void add_pem_block(const uint8_t *der, size_t n, struct og_buf *out)
{
    struct og_buf text = OG_BUF_INIT;
    og_base64_encode(der, n, &text);
    og_buf_adds(out, "-----BEGIN PUBLIC KEY-----\n");
    for (size_t i = 0; i < text.len; i += 64) {
        og_buf_add(out, text.p + i, text.len - i < 64 ? text.len - i : 64);
        og_buf_addc(out, '\n');
    }
    og_buf_adds(out, "-----END PUBLIC KEY-----\n");
    og_buf_release(&text);
}

enum og_rc og_pub_to_pem(const struct og_pub *p, struct og_buf *out, struct og_err *err)
{
    const struct og_suite_part *head = &p->suite.part[0];
    size_t first = p->suite.n == 1 ? p->der_len : head->head_len + head->raw_len;
    add_pem_block(p->der, first, out);
    if (first < p->der_len)
        add_pem_block(p->der + first, p->der_len - first, out);
    (void)err; /* nothing can fail today; the parameter is the convention */
    return OG_OK;
}

/* Appends the next block's DER to out; *more false at a clean end. */
static enum og_rc read_spki_block(BIO *in, struct og_buf *out, bool *more, struct og_err *err)
{
    char *name = NULL, *header = NULL;
    uint8_t *der = NULL;
    long n = 0;
    ERR_clear_error();
    *more = PEM_read_bio(in, &name, &header, &der, &n) == 1;
    enum og_rc rc = OG_OK;
    if (*more && strcmp(name, PEM_STRING_PUBLIC) == 0 && !*header && n > 0 && n <= OG_PUB_MAX)
        og_buf_add(out, der, (size_t)n);
    else if (*more || ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        rc = og_err_set(err, OG_E_DATA, "a PEM block is no public key");
    ERR_clear_error();
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(der);
    return rc;
}

enum og_rc og_pub_from_pem(const void *pem, size_t n, struct og_pub **out, struct og_err *err)
{
    *out = NULL;
    BIO *in = n <= INT_MAX ? BIO_new_mem_buf(pem, (int)n) : NULL;
    if (!in)
        return og_err_set(err, OG_E_DATA, "no public key in PEM");
    struct og_buf der = OG_BUF_INIT;
    size_t blocks = 0;
    bool more = true;
    enum og_rc rc = OG_OK;
    while (rc == OG_OK && more && blocks <= OG_SUITE_PARTS_MAX) {
        rc = read_spki_block(in, &der, &more, err);
        blocks += more;
    }
    BIO_free(in);
    char alg[OG_ALG_MAX] = OG_SUITE_HYBRID;
    if (rc == OG_OK && blocks == 1) {
        const uint8_t *at = (const uint8_t *)der.p;
        EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)der.len);
        if (!pkey || !og_suite_name_of(pkey, alg, sizeof alg))
            rc = og_err_set(err, OG_E_DATA,
                            "the public key in PEM is malformed or of a kind that "
                            "the loaded OpenSSL does not know");
        EVP_PKEY_free(pkey);
        ERR_clear_error();
    } else if (rc == OG_OK && blocks != 2) {
        rc = og_err_set(err, OG_E_DATA, blocks ? "too many public keys" : "no public key in PEM");
    }
    if (rc == OG_OK)
        rc = og_pub_parse(alg, der.p, der.len, out, err);
    og_buf_release(&der);
    return rc;
}
