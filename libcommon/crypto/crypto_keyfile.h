/* crypto_keyfile.h - identities on disk: NAME.pem (0600, secret) and NAME.pub (SPKI PEM) in one
 * folder. */
#ifndef OG_CRYPTO_KEYFILE_H
#define OG_CRYPTO_KEYFILE_H

#include "base/base_err.h"
#include "crypto/crypto_sig.h"

#include <stdbool.h>
#include <stddef.h>

#define OG_KEY_DEFAULT "default"

/* Letters, digits, '_' and '-', 1 to 64 of them, not '-' first. Other files of the folder have a
 * dot in their name (NAME.vrf.pem), so they are never taken for identities. */
bool og_keyfile_name_ok(const char *name);
/* dir/NAME.pem; the caller frees. */
char *og_keyfile_path(const char *dir, const char *name);

/* Makes dir (0700) where it is missing, writes NAME.pem, then NAME.pub. replace false:
 * OG_E_CANTCREATE when NAME.pem exists, and nothing is touched. Replacing is atomic. */
enum og_rc og_keyfile_save(const char *dir, const char *name, const struct og_key *k,
                           const char *pass, bool replace, struct og_err *err) OG_MUST_CHECK;
/* OG_E_NOINPUT: no such key; OG_E_NOPERM: the passphrase is missing or wrong, or the file can be
 * read by others. */
enum og_rc og_keyfile_load(const char *dir, const char *name, const char *pass, struct og_key **out,
                           struct og_err *err) OG_MUST_CHECK;
/* The public key, without a passphrase: from NAME.pem, of an encrypted one from NAME.pub. */
enum og_rc og_keyfile_load_pub(const char *dir, const char *name, struct og_pub **out,
                               bool *encrypted, struct og_err *err) OG_MUST_CHECK;
/* Names of the identities in dir, sorted; *names and each name are the caller's to free. A missing
 * folder holds none. */
enum og_rc og_keyfile_list(const char *dir, char ***names, size_t *n,
                           struct og_err *err) OG_MUST_CHECK;

#endif
