/* crypto_age_int.h - what the parts of the age format share. */
#ifndef OG_CRYPTO_AGE_INT_H
#define OG_CRYPTO_AGE_INT_H

#include "crypto/crypto_age.h"

#define AGE_INTRO   "age-encryption.org/v1\n"
#define AGE_BODY    32 /* bytes of a wrapped file key */
#define AGE_ARG_MAX 2048

/* One "-> type args" with its body. */
struct age_stanza {
    struct og_buf type, arg[2];
    size_t n_args; /* counted; the first two are kept */
    struct og_buf body;
};
void age_stanza_release(struct age_stanza *s);

/* base64 without padding, one text for each byte string. */
void age_b64(const void *p, size_t n, struct og_buf *out);
enum og_rc age_unb64(const char *s, size_t n, size_t max, struct og_buf *out,
                     struct og_err *err) OG_MUST_CHECK;

/* crypto_age_wrap.c: the file key for one recipient, as a stanza appended to out; and back: OG_NO
 * when the stanza is not for this identity. */
enum og_rc age_wrap(const struct og_age_recipient *r, const uint8_t file_key[OG_AGE_FILE_KEY],
                    struct og_buf *out, struct og_err *err) OG_MUST_CHECK;
enum og_rc age_unwrap(const struct og_age_identity *id, const struct age_stanza *s,
                      uint8_t file_key[OG_AGE_FILE_KEY], struct og_err *err) OG_MUST_CHECK;

#endif
