/* fuzz_age.c - sealed files from hostile hands: a clean refusal, or what was sealed to this key. */
#include "crypto/crypto_age.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* the key of the corpus' files */
    static const char text[] =
        "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0";
    struct og_age_identity id[2];
    struct og_age_recipient r;
    struct og_err err;
    uint8_t key[OG_AGE_FILE_KEY];
    size_t used;
    check(og_age_identity_parse(text, sizeof text - 1, &id[0], &err) == OG_OK);
    memset(&id[1], 0, sizeof id[1]);
    id[1].kind = OG_AGE_HYBRID;
    enum og_rc rc = og_age_header_open((const char *)data, size, id, 2, key, &used, &err);
    check(rc == OG_OK ? used > 0 && used <= size : used == 0);
    int in = memfd_create("in", MFD_CLOEXEC), out = memfd_create("out", MFD_CLOEXEC);
    if (in >= 0 && out >= 0 && write(in, data, size) == (ssize_t)size &&
        lseek(in, 0, SEEK_SET) == 0)
        rc = og_age_open(id, 2, in, out, &err);
    check(rc == OG_OK || rc == OG_NO || rc == OG_E_DATA || rc == OG_E_TEMPFAIL);
    close(in);
    close(out);
    (void)!og_age_recipient_parse((const char *)data, size, &r, &err);
    (void)!og_age_identity_parse((const char *)data, size, &id[0], &err);
    return 0;
}
