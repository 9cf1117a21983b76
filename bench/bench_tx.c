/* bench_tx.c - makes signed transfers for `ogpu-submit --tx`, and measures bare Ed25519
 * verification of the same bytes beside it.
 *
 *   bench_tx sign STATE KEYS N NAME...   N transfers, the keys' accounts in turn, to stdout
 *   bench_tx verify KEYS MS NAME < FILE  verifications a second of processor time with OpenSSL
 *                                        alone, to stdout */
#include "base/base_buf.h"
#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "crypto/crypto_keyfile.h"
#include "ledger/ledger.h"
#include "model/model_tx.h"
#include "store/store_row.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SIGNERS_MAX 256
#define FEE         4000 /* grains; above the least fee of any transfer */
#define VALID       1000000
#define CHECKS_MAX  2000

struct signer {
    struct og_key *key;
    struct og_addr addr;
    uint64_t seq;
    bool with_pub;
};

static int fail(const struct og_err *err)
{
    fprintf(stderr, "bench_tx: %s\n", err->msg);
    return 70;
}

static enum og_rc open_signer(struct og_store *st, const char *keys, const char *name,
                              struct signer *s, struct og_err *err)
{
    struct og_account acc = {0};
    struct og_acckey k = {0};
    bool found;
    OG_TRY(og_keyfile_load(keys, name, NULL, &s->key, err));
    s->addr = acc.addr = k.addr = og_key_addr(s->key);
    OG_TRY(og_row_need(st, OG_F_ACCOUNT, &acc, err));
    s->seq = acc.seq;
    OG_TRY(og_row_get(st, OG_F_ACCKEY, &k, &found, err));
    og_row_release(&og_families[OG_F_ACCKEY], &k);
    s->with_pub = !found;
    return OG_OK;
}

static enum og_rc sign_all(struct og_ledger *l, struct signer *s, size_t n_signers, uint64_t n,
                           struct og_err *err)
{
    struct og_buf line = OG_BUF_INIT;
    json_t *body = json_object();
    enum og_rc rc = OG_OK;
    for (uint64_t i = 0; i < n && rc == OG_OK; i++) {
        struct signer *me = &s[i % n_signers];
        struct og_draft d = {.kind = OG_TX_TRANSFER,
                             .body = body,
                             .to = &s[(i + 1) % n_signers].addr,
                             .value = 1 + i % 7};
        og_buf_reset(&line);
        rc = og_tx_sign(&d, me->key, og_ledger_chain(l), ++me->seq, VALID, FEE, me->with_pub, &line,
                        err);
        me->with_pub = false;
        og_buf_addc(&line, '\n');
        if (rc == OG_OK && fwrite(line.p, 1, line.len, stdout) != line.len)
            rc = og_err_set(err, OG_E_IO, "cannot write");
    }
    og_buf_release(&line);
    json_decref(body);
    return rc;
}

static int do_sign(char **argv, int argc)
{
    static struct signer s[SIGNERS_MAX];
    struct og_store *st;
    struct og_ledger *l = NULL;
    struct og_err err;
    uint64_t n;
    size_t k = 0;
    if (!og_parse_u64(argv[2], 100000000, &n) || argc - 3 > SIGNERS_MAX)
        return 64;
    enum og_rc rc = og_store_open(argv[0], OG_STORE_READ, &st, &err);
    if (rc == OG_OK)
        rc = og_ledger_open(st, &l, &err);
    for (int i = 3; i < argc && rc == OG_OK; i++)
        rc = open_signer(st, argv[1], argv[i], &s[k++], &err);
    if (rc == OG_OK)
        rc = sign_all(l, s, k, n, &err);
    for (size_t i = 0; i < k; i++)
        og_key_free(s[i].key);
    og_ledger_close(l);
    og_store_close(st);
    if (rc == OG_OK)
        rc = og_io_close_stdout(&err);
    return rc == OG_OK ? 0 : fail(&err);
}

static uint64_t cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

struct check {
    struct og_tx tx;
    EVP_PKEY *key;
};

static bool verify(const struct check *c)
{
    EVP_MD_CTX *m = EVP_MD_CTX_new();
    bool ok =
        m && EVP_DigestVerifyInit(m, NULL, NULL, NULL, c->key) == 1 &&
        EVP_DigestVerify(m, (const uint8_t *)c->tx.sig.p, c->tx.sig.len,
                         (const uint8_t *)c->tx.unsigned_bytes.p, c->tx.unsigned_bytes.len) == 1;
    EVP_MD_CTX_free(m);
    return ok;
}

/* Transactions of the account from stdin. */
static size_t load_checks(struct check *c, const struct og_addr *of, EVP_PKEY *key,
                          struct og_err *err)
{
    char *line = NULL;
    size_t cap = 0;
    size_t n = 0;
    for (ssize_t len; n < CHECKS_MAX && (len = getline(&line, &cap, stdin)) > 0;) {
        if (og_tx_parse(line, (size_t)len - 1, &c[n].tx, err) != OG_OK)
            break;
        c[n].key = key;
        if (og_addr_eq(&c[n].tx.from, of))
            n++;
        else
            og_tx_release(&c[n].tx);
    }
    free(line);
    return n;
}

static int do_verify(char **argv)
{
    struct og_pub *pub;
    struct og_err err;
    uint64_t ms;
    bool encrypted;
    if (!og_parse_u64(argv[1], 60000, &ms))
        return 64;
    if (og_keyfile_load_pub(argv[0], argv[2], &pub, &encrypted, &err) != OG_OK)
        return fail(&err);
    size_t n;
    const uint8_t *der = og_pub_der(pub, &n);
    EVP_PKEY *key = d2i_PUBKEY(NULL, &der, (long)n);
    struct og_addr addr = og_pub_addr(pub);
    struct check *c = og_xcalloc(CHECKS_MAX, sizeof *c);
    size_t checks = key ? load_checks(c, &addr, key, &err) : 0;
    uint64_t start = cpu_us();
    uint64_t done = 0;
    uint64_t us = 0;
    bool ok = checks > 0;
    while (ok && us < ms * 1000) {
        ok = verify(&c[done++ % checks]);
        us = cpu_us() - start;
    }
    for (size_t i = 0; i < checks; i++)
        og_tx_release(&c[i].tx);
    free(c);
    EVP_PKEY_free(key);
    og_pub_free(pub);
    if (!ok)
        return fputs("bench_tx: nothing to verify, or a wrong signature\n", stderr), 70;
    printf("%llu\n", (unsigned long long)og_muldiv(done, 1000000, us));
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 5 && strcmp(argv[1], "sign") == 0)
        return do_sign(argv + 2, argc - 2);
    if (argc == 5 && strcmp(argv[1], "verify") == 0)
        return do_verify(argv + 2);
    fputs("usage: bench_tx sign STATE KEYS N NAME... | verify KEYS MS NAME < FILE\n", stderr);
    return 64;
}
