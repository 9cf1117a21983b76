/* keygen.h - what the files of ogpu-keygen share. */
#ifndef OG_KEYGEN_H
#define OG_KEYGEN_H

#include "base/base_buf.h"
#include "base/base_err.h"
#include "cli/cli_opts.h"

#include <stdbool.h>
#include <stdint.h>

struct keygen_options {
    struct og_opts_common common;
    const char *alg, *seed;
    bool ask;              /* -p */
    const char *pass_file; /* to open a key, or to protect a new one */
    uint64_t pass_fd;      /* KEYGEN_NO_FD: not given */
    const char *new_file;
    uint64_t new_fd;
    bool no_passphrase;
    bool show, export, change, list_algs, rotate, cold;
    const char *to;       /* --rotate: an existing key to move to */
    const char *cold_key; /* --rotate: the key that signs it */
    bool sealing_key, seal, open;
    struct og_opt_list recipients, identities;
    const char *output;
};

#define KEYGEN_NO_FD UINT64_MAX

/* keygen_pass.c. Fills pass (cleanse it) from file, fd or, with ask, the terminal; *got false: none
 * of them was given. twice: a new one, asked for two times. */
enum og_rc keygen_passphrase(const char *what, const char *file, uint64_t fd, bool ask, bool twice,
                             struct og_buf *pass, bool *got, struct og_err *err) OG_MUST_CHECK;

/* keygen_rotate.c. */
enum og_rc keygen_rotate(const struct keygen_options *o, const char *dir, const char *name,
                         struct og_err *err) OG_MUST_CHECK;
enum og_rc keygen_cold(const struct keygen_options *o, const char *dir, const char *name,
                       struct og_err *err) OG_MUST_CHECK;

/* keygen_seal.c. Makes NAME.age; seals or (with o->open) opens `file`, NULL or "-" for stdin. */
enum og_rc keygen_sealing_key(const struct keygen_options *o, const char *dir, const char *name,
                              struct og_err *err) OG_MUST_CHECK;
enum og_rc keygen_seal(const struct keygen_options *o, const char *dir, const char *file,
                       struct og_err *err) OG_MUST_CHECK;

/* keygen_show.c. Records, or with -H a table, of these keys. */
enum og_rc keygen_show(const struct keygen_options *o, const char *dir, const char *const names[],
                       size_t n, struct og_err *err) OG_MUST_CHECK;
enum og_rc keygen_show_algs(const struct keygen_options *o, struct og_err *err) OG_MUST_CHECK;

#endif
