/* guard_seal.c - see the header. */
#include "guard/guard_seal.h"

#include "base/base_mem.h"
#include "guard/guard_bytes.h"

#include <stdlib.h>
#include <string.h>

static const char magic[8] = {'O', 'G', 'P', 'U', 'M', 'D', 'L', '1'};

static void signed_text(const struct og_hash *body, struct og_buf *msg)
{
    og_buf_adds(msg, "OGPU-MODEL-v1");
    og_buf_addc(msg, '\0');
    og_buf_add(msg, body->b, OG_HASH_LEN);
}

static enum og_rc add_signature(const struct og_hash *hash, const struct og_key *key,
                                struct og_buf *out, struct og_err *err)
{
    struct og_buf msg = OG_BUF_INIT, sig = OG_BUF_INIT;
    struct og_pub *pub;
    size_t n;
    OG_TRY(og_key_pub(key, &pub, err));
    signed_text(hash, &msg);
    enum og_rc rc = og_key_sign(key, msg.p, msg.len, &sig, err);
    if (rc == OG_OK) {
        const uint8_t *der = og_pub_der(pub, &n);
        og_bytes_put_text(out, og_pub_alg(pub));
        og_buf_add_be32(out, (uint32_t)n);
        og_buf_add(out, der, n);
        og_buf_add_be32(out, (uint32_t)sig.len);
        og_buf_add(out, sig.p, sig.len);
    }
    og_buf_release(&msg);
    og_buf_release(&sig);
    og_pub_free(pub);
    return rc;
}

enum og_rc og_seal_write(const void *body, size_t n, const struct og_key *key, struct og_buf *out,
                         struct og_err *err)
{
    if (n > OG_SEAL_BODY_MAX)
        return og_err_set(err, OG_E_DATA, "the model has %zu bytes, more than %u", n,
                          OG_SEAL_BODY_MAX);
    struct og_hash hash = og_sha256(body, n);
    og_buf_add(out, magic, sizeof magic);
    og_buf_add_be32(out, (uint32_t)n);
    og_buf_add(out, hash.b, OG_HASH_LEN);
    og_buf_add(out, body, n);
    if (key)
        return add_signature(&hash, key, out, err);
    og_bytes_put_text(out, "");
    og_buf_add_be32(out, 0);
    og_buf_add_be32(out, 0);
    return OG_OK;
}

static bool take(struct og_bytes *b, size_t n, const uint8_t **p)
{
    *p = b->p + b->at;
    if (b->n - b->at < n)
        return false;
    b->at += n;
    return true;
}

static bool blob(struct og_bytes *b, uint32_t max, const uint8_t **p, uint32_t *n)
{
    return og_bytes_u32(b, max, n) && take(b, *n, p);
}

static enum og_rc check_signature(const char *alg, const uint8_t *der, size_t dn,
                                  const uint8_t *sig, size_t sn, struct og_sealed *out,
                                  struct og_err *err)
{
    struct og_buf msg = OG_BUF_INIT;
    if (!*alg)
        return dn || sn ? og_err_set(err, OG_E_DATA, "malformed model file: a nameless signature")
                        : OG_OK;
    OG_TRY(og_pub_parse(alg, der, dn, &out->signer, err));
    signed_text(&out->hash, &msg);
    bool good = og_pub_verify(out->signer, msg.p, msg.len, sig, sn);
    og_buf_release(&msg);
    if (good)
        return OG_OK;
    og_pub_free(out->signer);
    out->signer = NULL;
    return og_err_set(err, OG_E_DATA, "the signature of the model file is not good");
}

enum og_rc og_seal_open(const void *file, size_t n, struct og_sealed *out, struct og_err *err)
{
    struct og_bytes b = {file, n, 0};
    const uint8_t *head, *hash, *der, *sig;
    uint32_t len, dn, sn;
    char *alg = NULL;
    *out = (struct og_sealed){0};
    bool whole = take(&b, sizeof magic, &head) && memcmp(head, magic, sizeof magic) == 0 &&
                 og_bytes_u32(&b, OG_SEAL_BODY_MAX, &len) && take(&b, OG_HASH_LEN, &hash) &&
                 take(&b, len, &out->body) && og_bytes_text(&b, OG_ALG_MAX, &alg) &&
                 blob(&b, OG_PUB_MAX, &der, &dn) && blob(&b, OG_SIG_MAX, &sig, &sn) && b.at == n;
    enum og_rc rc = OG_OK;
    if (!whole) {
        rc = og_err_set(err, OG_E_DATA, "this is no model file, or not all of one");
    } else {
        out->n = len;
        out->hash = og_sha256(out->body, len);
        if (memcmp(out->hash.b, hash, OG_HASH_LEN) != 0)
            rc = og_err_set(err, OG_E_DATA, "the model file is damaged: it has another hash");
        else
            rc = check_signature(alg, der, dn, sig, sn, out, err);
    }
    free(alg);
    return rc;
}
