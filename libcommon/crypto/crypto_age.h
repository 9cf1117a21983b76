/* crypto_age.h - sealed files in the age v1 format (age-encryption.org/v1): recipients X25519,
 * mlkem768x25519 (age 1.3) and scrypt, read and written as `age` does. */
#ifndef OG_CRYPTO_AGE_H
#define OG_CRYPTO_AGE_H

#include "base/base_buf.h"
#include "base/base_err.h"
#include "crypto/crypto_xwing.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_AGE_FILE_KEY    16
#define OG_AGE_CHUNK       65536
#define OG_AGE_HEADER_MAX  (1 << 20) /* bytes: hundreds of recipients */
#define OG_AGE_PEERS_MAX   512       /* recipients or identities of one call */
#define OG_AGE_SCRYPT_LOGN 18        /* what we write */
#define OG_AGE_SCRYPT_MAX  22        /* what we read: 4 GiB would be 22, 256 MiB is 18 */
#define OG_AGE_TEXT_MAX    2048      /* of a recipient or identity */

enum og_age_kind { OG_AGE_X25519, OG_AGE_HYBRID, OG_AGE_SCRYPT };

/* To whom a file is sealed. */
struct og_age_recipient {
    enum og_age_kind kind;
    uint8_t pub[OG_XWING_PUB]; /* X25519: the first 32 bytes */
    const char *passphrase;    /* SCRYPT: borrowed; alone in its file */
    unsigned log_n;            /* SCRYPT: 1..OG_AGE_SCRYPT_MAX */
};

/* What opens it. Secret: cleanse after use. */
struct og_age_identity {
    enum og_age_kind kind;
    uint8_t secret[32];
    const char *passphrase; /* SCRYPT: borrowed */
};

/* "age1…" (X25519) or "age1pq1…" (hybrid) of n characters. OG_E_DATA otherwise. */
enum og_rc og_age_recipient_parse(const char *s, size_t n, struct og_age_recipient *out,
                                  struct og_err *err) OG_MUST_CHECK;
/* "AGE-SECRET-KEY-1…" or "AGE-SECRET-KEY-PQ-1…" */
enum og_rc og_age_identity_parse(const char *s, size_t n, struct og_age_identity *out,
                                 struct og_err *err) OG_MUST_CHECK;
enum og_rc og_age_identity_new(enum og_age_kind kind, struct og_age_identity *out,
                               struct og_err *err) OG_MUST_CHECK;
enum og_rc og_age_recipient_of(const struct og_age_identity *id, struct og_age_recipient *out,
                               struct og_err *err) OG_MUST_CHECK;
/* Their texts, appended. */
enum og_rc og_age_recipient_text(const struct og_age_recipient *r, struct og_buf *out,
                                 struct og_err *err) OG_MUST_CHECK;
enum og_rc og_age_identity_text(const struct og_age_identity *id, struct og_buf *out,
                                struct og_err *err) OG_MUST_CHECK;

/* Header with its MAC for a file key, appended to out. OG_E_USAGE: no recipient, a passphrase
 * beside others, or hybrid beside X25519 (the file would lose its post-quantum strength). */
enum og_rc og_age_header_make(const struct og_age_recipient *r, size_t n,
                              const uint8_t file_key[OG_AGE_FILE_KEY], struct og_buf *out,
                              struct og_err *err) OG_MUST_CHECK;
/* Parses a header, which must begin at p; *used is its length. OG_NO: well-formed, but for none of
 * these identities. OG_E_DATA: malformed, or its MAC is wrong. OG_E_TEMPFAIL: p ends too early;
 * more bytes may complete it. */
enum og_rc og_age_header_open(const char *p, size_t size, const struct og_age_identity *id,
                              size_t n, uint8_t file_key[OG_AGE_FILE_KEY], size_t *used,
                              struct og_err *err) OG_MUST_CHECK;

/* Seals all of in_fd to out_fd, in constant memory. */
enum og_rc og_age_seal(const struct og_age_recipient *r, size_t n, int in_fd, int out_fd,
                       struct og_err *err) OG_MUST_CHECK;
/* Opens: OG_NO when no identity fits; OG_E_DATA when the file is malformed, cut or changed. What
 * was written before such a place is true but must not be taken for the whole. Both forms are read:
 * binary and "-----BEGIN AGE ENCRYPTED FILE-----". */
enum og_rc og_age_open(const struct og_age_identity *id, size_t n, int in_fd, int out_fd,
                       struct og_err *err) OG_MUST_CHECK;

#endif
