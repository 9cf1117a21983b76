/* crypto_keyfile.h - identities on disk: NAME.pem (0600, secret) and NAME.pub (SPKI PEM) in one
 * folder; after a rotation NAME.addr, the address of the account (a line of bech32m text); with a
 * cold key to be registered NAME.cold.pub (SPKI PEM). */
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
/* With the account's address and the cold key, where they stand beside it.
 * OG_E_NOINPUT: no such key; OG_E_NOPERM: the passphrase is missing or wrong, or the file can be
 * read by others. */
enum og_rc og_keyfile_load(const char *dir, const char *name, const char *pass, struct og_key **out,
                           struct og_err *err) OG_MUST_CHECK;
/* The public key, without a passphrase: from NAME.pem, of an encrypted one from NAME.pub. */
enum og_rc og_keyfile_load_pub(const char *dir, const char *name, struct og_pub **out,
                               bool *encrypted, struct og_err *err) OG_MUST_CHECK;
/* Writes NAME.addr / NAME.cold.pub (OG_E_CANTCREATE when there is one). */
enum og_rc og_keyfile_put_addr(const char *dir, const char *name, const struct og_addr *a,
                               struct og_err *err) OG_MUST_CHECK;
enum og_rc og_keyfile_put_cold(const char *dir, const char *name, const struct og_pub *cold,
                               struct og_err *err) OG_MUST_CHECK;

/* A rotation in steps that may each be the last before a crash: the new key waits in NAME.next.pem;
 * when the chain has it, it becomes NAME.pem, and the old one NAME.old-N.pem.
 * begin: writes NAME.next.pem; one that is there stays. */
bool og_keyfile_next_exists(const char *dir, const char *name);
enum og_rc og_keyfile_next_save(const char *dir, const char *name, const struct og_key *k,
                                const char *pass, struct og_err *err) OG_MUST_CHECK;
enum og_rc og_keyfile_next_load(const char *dir, const char *name, const char *pass,
                                struct og_key **out, struct og_err *err) OG_MUST_CHECK;
/* next: what NAME.next.pem holds, of account a. old_path: where the old key is now; the caller
 * frees. */
enum og_rc og_keyfile_next_take(const char *dir, const char *name, const struct og_key *next,
                                const struct og_addr *a, char **old_path,
                                struct og_err *err) OG_MUST_CHECK;
/* One rotation at a time in a folder; *fd is to be closed. */
enum og_rc og_keyfile_lock(const char *dir, int *fd, struct og_err *err) OG_MUST_CHECK;

/* Names of the identities in dir, sorted; *names and each name are the caller's to free. A missing
 * folder holds none. */
enum og_rc og_keyfile_list(const char *dir, char ***names, size_t *n,
                           struct og_err *err) OG_MUST_CHECK;

#endif
