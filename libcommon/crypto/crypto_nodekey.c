/* crypto_nodekey.c - makes and reads a node's VRF, consensus and TLS keys. */
#include "crypto/crypto_nodekey.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "crypto/crypto_keyfile.h"

#include <stdlib.h>
#include <string.h>

#define CONSENSUS_ALG "ed25519"
#define TLS_ALG       "ed25519"
#define FILE_MAX      (1u << 16)

static char *place(const char *dir, const char *name, const char *suffix)
{
    struct og_buf file = OG_BUF_INIT;
    og_buf_addf(&file, "%s%s", name, suffix);
    char *path = og_io_join(dir, file.p);
    og_buf_release(&file);
    return path;
}

/* Writes a new secret; a file that came in between stays. */
static enum og_rc store(const char *path, struct og_buf *pem, struct og_err *err)
{
    enum og_rc rc = og_io_write_atomic(path, pem->p, pem->len, 0600, OG_IO_NOCLOBBER, err);
    og_buf_cleanse(pem);
    return rc == OG_E_CANTCREATE && og_io_exists(path) ? OG_OK : rc;
}

static enum og_rc make_vrf(const char *path, struct og_err *err)
{
    struct og_vrf_key *k = NULL;
    struct og_buf pem = OG_BUF_INIT;
    enum og_rc rc = og_vrf_generate(NULL, &k, err);
    if (rc == OG_OK)
        rc = og_vrf_to_pem(k, NULL, &pem, err);
    if (rc == OG_OK)
        rc = store(path, &pem, err);
    og_buf_cleanse(&pem);
    og_vrf_free(k);
    return rc;
}

static enum og_rc make_key(const char *path, const char *alg, struct og_err *err)
{
    struct og_key *k = NULL;
    struct og_buf pem = OG_BUF_INIT;
    enum og_rc rc = og_key_generate(alg ? alg : CONSENSUS_ALG, NULL, &k, err);
    if (rc == OG_OK)
        rc = og_key_to_pem(k, NULL, &pem, err);
    if (rc == OG_OK)
        rc = store(path, &pem, err);
    og_buf_cleanse(&pem);
    og_key_free(k);
    return rc;
}

static enum og_rc ensure_vrf(const char *path, struct og_nodekey *out, struct og_err *err)
{
    struct og_vrf_key *k = NULL;
    struct og_buf pem = OG_BUF_INIT;
    enum og_rc rc = og_io_exists(path) ? OG_OK : make_vrf(path, err);
    if (rc == OG_OK)
        rc = og_io_read_secret(path, FILE_MAX, &pem, err);
    if (rc == OG_OK)
        rc = og_vrf_from_pem(pem.p, pem.len, NULL, &k, err);
    if (rc == OG_OK)
        og_vrf_pub(k, out->vrf);
    og_buf_cleanse(&pem);
    og_vrf_free(k);
    return rc == OG_OK ? OG_OK : og_err_wrap(err, rc, "'%s'", path);
}

static enum og_rc load_key(const char *path, struct og_key **out, struct og_err *err)
{
    struct og_buf pem = OG_BUF_INIT;
    enum og_rc rc = og_io_read_secret(path, FILE_MAX, &pem, err);
    if (rc == OG_OK)
        rc = og_key_from_pem(pem.p, pem.len, NULL, out, err);
    og_buf_cleanse(&pem);
    return rc == OG_OK ? OG_OK : og_err_wrap(err, rc, "'%s'", path);
}

enum og_rc og_nodekey_consensus(const char *dir, const char *name, struct og_key **out,
                                struct og_err *err)
{
    *out = NULL;
    char *path = place(dir, name, ".consensus.pem");
    enum og_rc rc = og_io_exists(path) ? load_key(path, out, err) : OG_OK;
    free(path);
    return rc;
}

static enum og_rc ensure_consensus(const char *path, const char *alg, struct og_nodekey *out,
                                   struct og_err *err)
{
    struct og_key *k = NULL;
    enum og_rc rc = og_io_exists(path) ? OG_OK : make_key(path, alg, err);
    if (rc == OG_OK)
        rc = load_key(path, &k, err);
    if (rc == OG_OK)
        rc = og_key_pub(k, &out->consensus, err);
    og_key_free(k);
    return rc;
}

static enum og_rc ensure_tls(const char *path, struct og_nodekey *out, struct og_err *err)
{
    struct og_key *k = NULL;
    struct og_pub *pub = NULL;
    enum og_rc rc = og_io_exists(path) ? OG_OK : make_key(path, TLS_ALG, err);
    if (rc == OG_OK)
        rc = load_key(path, &k, err);
    if (rc == OG_OK)
        rc = og_key_pub(k, &pub, err);
    if (rc == OG_OK)
        out->tls = og_pub_spki_hash(pub);
    og_pub_free(pub);
    og_key_free(k);
    return rc;
}

enum og_rc og_nodekey_tls(const char *dir, const char *name, struct og_key **out,
                          struct og_err *err)
{
    *out = NULL;
    char *path = place(dir, name, ".tls.pem");
    enum og_rc rc = og_io_exists(path) ? load_key(path, out, err)
                                       : og_err_set(err, OG_E_NOINPUT, "there is no '%s'", path);
    free(path);
    return rc;
}

enum og_rc og_nodekey_ensure_alg(const char *dir, const char *name, const char *alg,
                                 struct og_nodekey *out, struct og_err *err)
{
    memset(out, 0, sizeof *out);
    if (!og_keyfile_name_ok(name))
        return og_err_set(err, OG_E_USAGE, "'%.80s' cannot name a key", name);
    OG_TRY(og_io_mkdirs(dir, 0700, err));
    char *vrf = place(dir, name, ".vrf.pem");
    char *consensus = place(dir, name, ".consensus.pem");
    char *tls = place(dir, name, ".tls.pem");
    enum og_rc rc = ensure_vrf(vrf, out, err);
    if (rc == OG_OK)
        rc = ensure_consensus(consensus, alg, out, err);
    if (rc == OG_OK)
        rc = ensure_tls(tls, out, err);
    free(tls);
    free(vrf);
    free(consensus);
    if (rc != OG_OK)
        og_nodekey_release(out);
    return rc;
}

enum og_rc og_nodekey_ensure(const char *dir, const char *name, struct og_nodekey *out,
                             struct og_err *err)
{
    return og_nodekey_ensure_alg(dir, name, NULL, out, err);
}

void og_nodekey_release(struct og_nodekey *k)
{
    og_pub_free(k->consensus);
    memset(k, 0, sizeof *k);
}
