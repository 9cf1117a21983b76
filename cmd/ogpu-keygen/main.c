/* main.c - ogpu-keygen: makes, shows, protects and exports identities. */
#include "keygen.h"

#include "base/base_io.h"
#include "base/base_num.h"
#include "crypto/crypto_keyfile.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(struct keygen_options, member)

static const struct og_opt opts[] = {
    {.name = "alg",
     .letter = 'a',
     .kind = OG_OPT_STR,
     .at = AT(alg),
     .arg = "NAME",
     .help = "signature algorithm of a new key (default hybrid)"},
    {.name = "passphrase",
     .letter = 'p',
     .kind = OG_OPT_FLAG,
     .at = AT(ask),
     .help = "ask for the passphrase on the terminal"},
    {.name = "passphrase-file",
     .kind = OG_OPT_STR,
     .at = AT(pass_file),
     .arg = "FILE",
     .help = "take the passphrase from the first line of FILE",
     .complete = "file"},
    {.name = "passphrase-fd",
     .kind = OG_OPT_U64,
     .at = AT(pass_fd),
     .arg = "N",
     .max = 1 << 20,
     .help = "take the passphrase from descriptor N"},
    {.name = "show", .kind = OG_OPT_FLAG, .at = AT(show), .help = "show the key NAME, or all keys"},
    {.name = "export",
     .kind = OG_OPT_FLAG,
     .at = AT(export),
     .help = "write the public key to stdout as SPKI PEM"},
    {.name = "change-passphrase",
     .kind = OG_OPT_FLAG,
     .at = AT(change),
     .help = "write the key again under a new passphrase, at once or not at all"},
    {.name = "new-passphrase-file",
     .kind = OG_OPT_STR,
     .at = AT(new_file),
     .arg = "FILE",
     .help = "with --change-passphrase or --rotate: the new key's is in FILE",
     .complete = "file"},
    {.name = "new-passphrase-fd",
     .kind = OG_OPT_U64,
     .at = AT(new_fd),
     .arg = "N",
     .max = 1 << 20,
     .help = "with --change-passphrase or --rotate: the new key's comes from descriptor N"},
    {.name = "no-passphrase",
     .kind = OG_OPT_FLAG,
     .at = AT(no_passphrase),
     .help = "with --change-passphrase: leave the key unencrypted"},
    {.name = "rotate",
     .kind = OG_OPT_FLAG,
     .at = AT(rotate),
     .help = "move the key's account to a new key, by a transaction; run again to finish one"},
    {.name = "to",
     .kind = OG_OPT_STR,
     .at = AT(to),
     .arg = "NAME",
     .help = "with --rotate: the new key is this one, made before, instead of a fresh one"},
    {.name = "cold-key",
     .kind = OG_OPT_STR,
     .at = AT(cold_key),
     .arg = "NAME",
     .help = "with --rotate: signed by the account's cold key, it takes effect at once"},
    {.name = "cold",
     .kind = OG_OPT_FLAG,
     .at = AT(cold),
     .help = "make a cold key for the key NAME, which its first transaction registers"},
    {.name = "sealing-key",
     .kind = OG_OPT_FLAG,
     .at = AT(sealing_key),
     .help = "make a key to which files are sealed (default mlkem768x25519, or --alg x25519)"},
    {.name = "seal",
     .kind = OG_OPT_FLAG,
     .at = AT(seal),
     .help = "seal FILE or stdin to recipients, or to a passphrase"},
    {.name = "open", .kind = OG_OPT_FLAG, .at = AT(open), .help = "open a sealed FILE or stdin"},
    {.name = "recipient",
     .letter = 'r',
     .kind = OG_OPT_LIST,
     .at = AT(recipients),
     .arg = "WHO",
     .help = "with --seal: an age1... text, a sealing key's NAME, or a FILE of them",
     .complete = "file"},
    {.name = "identity",
     .letter = 'i',
     .kind = OG_OPT_LIST,
     .at = AT(identities),
     .arg = "WHO",
     .help = "with --open: a sealing key's NAME or a FILE of identities (default: default)",
     .complete = "file"},
    {.name = "output",
     .letter = 'o',
     .kind = OG_OPT_STR,
     .at = AT(output),
     .arg = "FILE",
     .help = "with --seal or --open: write FILE, whole or not at all, instead of stdout",
     .complete = "file"},
    {.name = "list-algs",
     .kind = OG_OPT_FLAG,
     .at = AT(list_algs),
     .help = "list the signature algorithms that the loaded OpenSSL offers"},
    {.name = "seed",
     .kind = OG_OPT_STR,
     .at = AT(seed),
     .arg = "HEX",
     .help = "make the key from 64 hex digits; for tests only"},
};

static const struct og_tool tool = {
    .name = "ogpu-keygen",
    .summary = "make, show, protect, rotate and export identities",
    .synopsis = "[OPTIONS] [NAME]",
    .opts = opts,
    .n_opts = sizeof opts / sizeof opts[0],
    .has_human = true,
    .mixed = true,
};

static enum og_rc make(const struct keygen_options *o, const char *dir, const char *name,
                       struct og_err *err)
{
    char *path = og_keyfile_path(dir, name);
    struct og_buf pass = OG_BUF_INIT;
    struct og_key *k = NULL;
    uint8_t seed[32];
    bool got;
    enum og_rc rc = OG_OK;
    if (o->seed && !og_hex_decode(o->seed, strlen(o->seed), seed, sizeof seed))
        rc = og_err_set(err, OG_E_USAGE, "--seed: not 64 lower-case hex digits");
    else if (og_io_exists(path)) /* before the user is asked for anything */
        rc = og_err_set(err, OG_E_CANTCREATE, "'%s' exists; keys are never overwritten", path);
    if (rc == OG_OK)
        rc = og_key_generate(o->alg, o->seed ? seed : NULL, &k, err);
    if (rc == OG_OK)
        rc = keygen_passphrase("passphrase", o->pass_file, o->pass_fd, o->ask, true, &pass, &got,
                               err);
    if (rc == OG_OK)
        rc = og_keyfile_save(dir, name, k, got ? pass.p : NULL, false, err);
    OPENSSL_cleanse(seed, sizeof seed);
    og_buf_cleanse(&pass);
    og_key_free(k);
    free(path);
    const char *const names[] = {name};
    return rc == OG_OK ? keygen_show(o, dir, names, 1, err) : rc;
}

static enum og_rc change(const struct keygen_options *o, const char *dir, const char *name,
                         struct og_err *err)
{
    struct og_buf old = OG_BUF_INIT, new = OG_BUF_INIT;
    struct og_key *k = NULL;
    struct og_pub *pub = NULL;
    bool encrypted, got_old = false, got_new = false;
    enum og_rc rc = og_keyfile_load_pub(dir, name, &pub, &encrypted, err);
    og_pub_free(pub);
    if (rc != OG_OK && !encrypted)
        return rc;
    rc = OG_OK; /* a lost NAME.pub is written again below */
    bool ask_new = o->ask && !o->new_file && o->new_fd == KEYGEN_NO_FD && !o->no_passphrase;
    if (encrypted)
        rc = keygen_passphrase("passphrase", o->pass_file, o->pass_fd,
                               o->ask && !o->pass_file && o->pass_fd == KEYGEN_NO_FD, false, &old,
                               &got_old, err);
    if (rc == OG_OK)
        rc = og_keyfile_load(dir, name, got_old ? old.p : NULL, &k, err);
    if (rc == OG_OK)
        rc = keygen_passphrase("new passphrase", o->new_file, o->new_fd, ask_new, true, &new,
                               &got_new, err);
    if (rc == OG_OK && got_new == o->no_passphrase)
        rc = og_err_set(err, OG_E_USAGE,
                        got_new ? "--no-passphrase and a new passphrase exclude each other"
                                : "give the new passphrase with -p, --new-passphrase-file or "
                                  "--new-passphrase-fd, or say --no-passphrase");
    if (rc == OG_OK)
        rc = og_keyfile_save(dir, name, k, got_new ? new.p : NULL, true, err);
    og_buf_cleanse(&old);
    og_buf_cleanse(&new);
    og_key_free(k);
    const char *const names[] = {name};
    return rc == OG_OK ? keygen_show(o, dir, names, 1, err) : rc;
}

static enum og_rc export(const char *dir, const char *name, struct og_err *err) {
    struct og_pub *pub; struct og_buf pem = OG_BUF_INIT; bool encrypted;
    enum og_rc rc = og_keyfile_load_pub(dir, name, &pub, &encrypted, err);
    if (rc == OG_OK) rc = og_pub_to_pem(pub, &pem, err);
    if (rc == OG_OK) rc = og_io_write_fd(1, pem.p, pem.len, err);
    og_buf_release(&pem);
    og_pub_free(pub);
    return rc;
}

static enum og_rc show_all(const struct keygen_options *o, const char *dir, struct og_err *err)
{
    char **names;
    size_t n;
    enum og_rc rc = og_keyfile_list(dir, &names, &n, err);
    if (rc == OG_OK)
        rc = keygen_show(o, dir, (const char *const *)names, n, err);
    for (size_t i = 0; i < n; i++)
        free(names[i]);
    free(names);
    return rc;
}

/* Options that mean nothing to what is asked are mistakes. */
static enum og_rc check(const struct keygen_options *o, int operands, struct og_err *err)
{
    if (o->show + o->export + o->change + o->list_algs + o->rotate + o->cold + o->sealing_key +
            o->seal + o->open >
        1)
        return og_err_set(err, OG_E_USAGE,
                          "--show, --export, --change-passphrase, --rotate, --cold, --sealing-key, "
                          "--seal, --open and --list-algs exclude each other");
    if ((o->recipients.n && !o->seal) || (o->identities.n && !o->open) ||
        (o->output && !o->seal && !o->open))
        return og_err_set(err, OG_E_USAGE, "-r goes with --seal, -i with --open, -o with either");
    if ((o->to || o->cold_key) && !o->rotate)
        return og_err_set(err, OG_E_USAGE, "--to and --cold-key go with --rotate");
    if (o->to && o->alg)
        return og_err_set(err, OG_E_USAGE, "--to and --alg exclude each other");
    if (operands > (o->list_algs ? 0 : 1))
        return og_err_set(err, OG_E_USAGE, "too many operands");
    bool seals = o->seal || o->open;
    bool makes = !o->show && !o->export && !o->change && !o->list_algs && !seals;
    if (o->alg && !makes)
        return og_err_set(err, OG_E_USAGE, "--alg is for new keys");
    if (o->seed && (!makes || o->rotate || o->cold || o->sealing_key))
        return og_err_set(err, OG_E_USAGE, "--seed is for new keys");
    if ((o->ask || o->pass_file || o->pass_fd != KEYGEN_NO_FD) && !makes && !seals && !o->change)
        return og_err_set(err, OG_E_USAGE, "this needs no passphrase");
    if ((o->new_file || o->new_fd != KEYGEN_NO_FD) && !o->change && !o->rotate)
        return og_err_set(err, OG_E_USAGE,
                          "--new-passphrase-file and --new-passphrase-fd go with "
                          "--change-passphrase or --rotate");
    if (o->no_passphrase && !o->change)
        return og_err_set(err, OG_E_USAGE, "--no-passphrase goes with --change-passphrase");
    return OG_OK;
}

static enum og_rc run(const struct keygen_options *o, int operands, char **argv, struct og_err *err)
{
    enum og_rc rc = check(o, operands, err);
    if (rc != OG_OK)
        return rc;
    if (o->list_algs)
        return keygen_show_algs(o, err);
    if (o->seal || o->open) {
        char *keys = og_cli_keys_dir();
        rc = keygen_seal(o, keys, operands ? argv[0] : NULL, err);
        free(keys);
        return rc;
    }
    const char *name = operands ? argv[0] : OG_KEY_DEFAULT;
    if (!og_keyfile_name_ok(name))
        return og_err_set(err, OG_E_USAGE, "'%.80s' cannot name a key: letters, digits, '_', '-'",
                          name);
    char *dir = og_cli_keys_dir();
    if (o->show)
        rc = operands ? keygen_show(o, dir, &name, 1, err) : show_all(o, dir, err);
    else if (o->export)
        rc = export(dir, name, err);
    else if (o->change)
        rc = change(o, dir, name, err);
    else if (o->rotate)
        rc = keygen_rotate(o, dir, name, err);
    else if (o->cold)
        rc = keygen_cold(o, dir, name, err);
    else if (o->sealing_key)
        rc = keygen_sealing_key(o, dir, name, err);
    else
        rc = make(o, dir, name, err);
    free(dir);
    return rc;
}

int main(int argc, char **argv)
{
    struct keygen_options o = {.pass_fd = KEYGEN_NO_FD, .new_fd = KEYGEN_NO_FD};
    struct og_err err = {0};
    int first;
    bool done;
    og_cli_pipe_signals();
    enum og_rc rc = og_cli_parse(&tool, argc, argv, &o, &first, &done, &err);
    if (rc == OG_OK && !done)
        rc = run(&o, argc - first, argv + first, &err);
    og_cli_release(&tool, &o);
    return og_cli_exit(&tool, rc, &err);
}
