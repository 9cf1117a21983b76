/* fuzz_pem.c - private and public keys from hostile files: a clean refusal, or a key that writes
 * itself so that it reads again. */
#include "crypto/crypto_sig.h"
#include "crypto/crypto_vrf.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void private_key(const uint8_t *data, size_t size)
{
    struct og_key *k, *again;
    struct og_buf pem = OG_BUF_INIT;
    enum og_rc rc = og_key_from_pem(data, size, NULL, &k, NULL);
    check((rc == OG_OK) == (k != NULL));
    if (rc != OG_OK)
        return;
    check(og_key_to_pem(k, NULL, &pem, NULL) == OG_OK);
    check(og_key_from_pem(pem.p, pem.len, NULL, &again, NULL) == OG_OK);
    struct og_addr a = og_key_addr(k), b = og_key_addr(again);
    check(og_addr_eq(&a, &b));
    og_key_free(again);
    og_key_free(k);
    og_buf_cleanse(&pem);
}

static void public_key(const uint8_t *data, size_t size)
{
    struct og_pub *p, *again;
    struct og_buf pem = OG_BUF_INIT;
    enum og_rc rc = og_pub_from_pem(data, size, &p, NULL);
    check((rc == OG_OK) == (p != NULL));
    if (rc != OG_OK)
        return;
    check(og_pub_to_pem(p, &pem, NULL) == OG_OK);
    check(og_pub_from_pem(pem.p, pem.len, &again, NULL) == OG_OK);
    struct og_addr a = og_pub_addr(p), b = og_pub_addr(again);
    check(og_addr_eq(&a, &b));
    og_pub_free(again);
    og_pub_free(p);
    og_buf_release(&pem);
}

/* The DER inside, without the armour in a fuzzer's way. */
static void bare_spki(const uint8_t *data, size_t size)
{
    static const char *const algs[] = {"ed25519", "ml-dsa-65", "hybrid", "slh-dsa-sha2-128s",
                                       "ecdsa"};
    if (size < 1)
        return;
    struct og_pub *p;
    const char *alg = algs[data[0] % 5];
    if (og_pub_parse(alg, data + 1, size - 1, &p, NULL) == OG_OK) {
        check(!og_pub_verify(p, "m", 1, data, size));
        og_pub_free(p);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 1 << 16)
        return 0;
    private_key(data, size);
    public_key(data, size);
    bare_spki(data, size);
    struct og_vrf_key *v;
    if (og_vrf_from_pem(data, size, NULL, &v, NULL) == OG_OK)
        og_vrf_free(v);
    return 0;
}
