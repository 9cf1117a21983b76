/* crypto_nodekey.h - the keys a node holds beside its account key: NAME.vrf.pem for the beacon,
 * NAME.consensus.pem for blocks, NAME.tls.pem for links, 0600, in the folder of keys. */
#ifndef OG_CRYPTO_NODEKEY_H
#define OG_CRYPTO_NODEKEY_H

#include "base/base_err.h"
#include "crypto/crypto_sig.h"
#include "crypto/crypto_vrf.h"

struct og_nodekey {
    uint8_t vrf[OG_VRF_PUB_LEN];
    struct og_pub *consensus; /* owned */
    struct og_hash tls;       /* SHA-256 of the SPKI, as node.join names it */
};

/* The public halves; what is missing of the three files is made (never overwritten: of two at once
 * both see the first one's). Release *out; on failure it is empty. */
enum og_rc og_nodekey_ensure(const char *dir, const char *name, struct og_nodekey *out,
                             struct og_err *err) OG_MUST_CHECK;
/* As og_nodekey_ensure, with the algorithm of a consensus key that is to be made: "ed25519" (NULL)
 * or "ml-dsa-65". One that is there stays as it is. */
enum og_rc og_nodekey_ensure_alg(const char *dir, const char *name, const char *alg,
                                 struct og_nodekey *out, struct og_err *err) OG_MUST_CHECK;
/* The private half of NAME.consensus.pem; *out NULL when there is no such file. */
enum og_rc og_nodekey_consensus(const char *dir, const char *name, struct og_key **out,
                                struct og_err *err) OG_MUST_CHECK;
/* The private half of NAME.tls.pem, Ed25519; OG_E_NOINPUT when there is none. */
enum og_rc og_nodekey_tls(const char *dir, const char *name, struct og_key **out,
                          struct og_err *err) OG_MUST_CHECK;
void og_nodekey_release(struct og_nodekey *k);

#endif
