/* keygen_rotate.c - moves an account to a new key; registers cold keys. Each step may be the last
 * before a crash: the new key waits in NAME.next.pem, and running it again goes on from there. */
#include "keygen.h"

#include "base/base_io.h"
#include "crypto/crypto_keyfile.h"
#include "engine/engine.h"
#include "store/store_query.h"
#include "store/store_row.h"
#include "json/json_line.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define COLD_ALG "slh-dsa-sha2-128s"

struct rotation {
    const struct keygen_options *o;
    const char *dir, *name;
    struct og_buf pass, new_pass;
    bool locked, new_locked; /* a passphrase was given */
    struct og_key *old, *next, *cold;
    struct og_addr addr;
    struct og_engine *e;
};

static enum og_rc record(const struct rotation *r, const char *state, uint64_t height,
                         uint64_t time_ms, const char *old_path, struct og_err *err)
{
    char addr[OG_ADDR_TEXT];
    og_addr_format(&r->addr, addr);
    json_t *o = json_pack("{s:s, s:i, s:s, s:s, s:s, s:s}", "kind", "rotation", "v", 1, "name",
                          r->name, "alg", og_key_alg(r->next), "address", addr, "state", state);
    if (o && height)
        json_object_set_new(o, "height", json_integer((json_int_t)height));
    if (o && height)
        json_object_set_new(o, "time_ms", json_integer((json_int_t)time_ms));
    if (o && old_path)
        json_object_set_new(o, "old_path", json_string(old_path));
    if (!o)
        return og_err_set(err, OG_E_INTERNAL, "cannot pack a record");
    enum og_rc rc = og_jsonl_write(stdout, o, err);
    json_decref(o);
    return rc;
}

static enum og_rc passphrases(struct rotation *r, struct og_err *err)
{
    const struct keygen_options *o = r->o;
    struct og_pub *pub;
    bool encrypted;
    OG_TRY(og_keyfile_load_pub(r->dir, r->name, &pub, &encrypted, err));
    og_pub_free(pub);
    if (encrypted)
        OG_TRY(keygen_passphrase("passphrase", o->pass_file, o->pass_fd, o->ask, false, &r->pass,
                                 &r->locked, err));
    return keygen_passphrase("new passphrase", o->new_file, o->new_fd, false, false, &r->new_pass,
                             &r->new_locked, err);
}

static const char *next_pass(const struct rotation *r)
{
    return r->new_locked ? r->new_pass.p : r->locked ? r->pass.p : NULL;
}

/* NAME.next.pem: the one that is there, else a copy of --to, else a new one like the old. */
static enum og_rc prepare(struct rotation *r, struct og_err *err)
{
    const struct keygen_options *o = r->o;
    struct og_key *k = NULL;
    enum og_rc rc = OG_OK;
    if (!og_keyfile_next_exists(r->dir, r->name)) {
        rc = o->to ? og_keyfile_load(r->dir, o->to, next_pass(r), &k, err)
                   : og_key_generate(o->alg ? o->alg : og_key_alg(r->old), NULL, &k, err);
        if (rc == OG_OK)
            rc = og_keyfile_next_save(r->dir, r->name, k, next_pass(r), err);
        og_key_free(k);
    }
    if (rc == OG_OK)
        rc = og_keyfile_next_load(r->dir, r->name, next_pass(r), &r->next, err);
    if (rc == OG_OK && o->alg && strcasecmp(o->alg, og_key_alg(r->next)) != 0)
        rc = og_err_set(err, OG_E_DATA,
                        "a rotation to a key of '%s' has begun; finish it without --alg, or remove "
                        "'%s.next.pem'",
                        og_key_alg(r->next), r->name);
    return rc;
}

/* Where an account's key row and a key stand to each other. */
enum place { PLACE_NONE, PLACE_ACTIVE, PLACE_WAITING };

static enum og_rc place_of(struct rotation *r, const struct og_key *k, enum place *out,
                           struct og_acckey *row, bool *registered, struct og_err *err)
{
    struct og_pub *p;
    size_t n;
    OG_TRY(og_key_pub(k, &p, err));
    const uint8_t *der = og_pub_der(p, &n);
    og_row_release(&og_families[OG_F_ACCKEY], row);
    row->addr = r->addr;
    enum og_rc rc = og_row_get(og_engine_store(r->e), OG_F_ACCKEY, row, registered, err);
    *out = PLACE_NONE;
    if (rc == OG_OK && row->pub.n == n && memcmp(row->pub.p, der, n) == 0)
        *out = PLACE_ACTIVE;
    else if (rc == OG_OK && row->next_pub.n == n && memcmp(row->next_pub.p, der, n) == 0)
        *out = PLACE_WAITING;
    og_pub_free(p);
    return rc;
}

/* What the node of the account has promised under nonces made from its present key. */
static enum og_rc check_idle(struct rotation *r, struct og_err *err)
{
    struct og_store *st = og_engine_store(r->e);
    uint64_t node;
    uint64_t one[64][2];
    size_t n;
    bool busy = false;
    OG_TRY(og_query_node_of(st, &r->addr, &node, err));
    if (!node)
        return OG_OK;
    OG_TRY(og_query(st, OG_Q_LEASES_OF_NODE, (uint64_t[]){node, 0}, 2, &one[0][0], 2, 64, &n, err));
    for (size_t i = 0; i < n && i < 64; i++)
        busy = busy || one[i][1] == OG_LEASE_RUNNING || one[i][1] == OG_LEASE_COMMITTED;
    OG_TRY(og_query(st, OG_Q_CHECKS_FOR, (uint64_t[]){node, 0}, 2, &one[0][0], 2, 64, &n, err));
    if (!busy && n == 0)
        return OG_OK;
    return og_err_set(err, OG_E_TEMPFAIL,
                      "node %llu has work under way that only the present key can reveal; end it "
                      "with 'ogpu-worker --drain' and 'ogpu-validate --once' first",
                      (unsigned long long)node);
}

static enum og_rc new_signature(struct rotation *r, struct og_buf *text, struct og_err *err)
{
    struct og_buf msg = OG_BUF_INIT;
    struct og_buf sig = OG_BUF_INIT;
    static const char tag[] = "ogpu-rotate"; /* its NUL belongs to it */
    og_buf_add(&msg, tag, sizeof tag);
    og_buf_add(&msg, og_engine_chain(r->e)->b, OG_HASH_LEN);
    og_buf_add(&msg, r->addr.b, OG_ADDR_LEN);
    enum og_rc rc = og_key_sign(r->next, msg.p, msg.len, &sig, err);
    if (rc == OG_OK)
        og_base64_encode(sig.p, sig.len, text);
    og_buf_release(&msg);
    og_buf_release(&sig);
    return rc;
}

static enum og_rc send(struct rotation *r, struct og_err *err)
{
    struct og_pub *pub = NULL;
    struct og_buf sig = OG_BUF_INIT;
    struct og_sent sent;
    json_t *body = NULL;
    enum og_rc rc = og_key_pub(r->next, &pub, err);
    if (rc == OG_OK)
        rc = new_signature(r, &sig, err);
    if (rc == OG_OK) {
        body = json_pack("{s:o, s:s}", "key", og_pub_to_json(pub), "sig_new", sig.p);
        struct og_draft d = {.kind = OG_TX_KEY_ROTATE, .body = body};
        rc = og_engine_send1(r->e, r->cold ? r->cold : r->old, &d, &sent, err);
    }
    json_decref(body);
    og_buf_release(&sig);
    og_pub_free(pub);
    return rc;
}

static enum og_rc take(struct rotation *r, struct og_err *err)
{
    char *old_path = NULL;
    enum og_rc rc = og_keyfile_next_take(r->dir, r->name, r->next, &r->addr, &old_path, err);
    if (rc == OG_OK)
        rc = record(r, "done", 0, 0, old_path, err);
    free(old_path);
    return rc;
}

static enum og_rc on_chain(struct rotation *r, struct og_err *err)
{
    struct og_acckey row = {0};
    enum place at;
    bool registered;
    enum og_rc rc = place_of(r, r->next, &at, &row, &registered, err);
    if (rc == OG_OK && at == PLACE_NONE) {
        enum place old;
        rc = place_of(r, r->old, &old, &row, &registered, err);
        if (rc == OG_OK && registered && old == PLACE_NONE && !r->cold)
            rc = og_err_set(err, OG_E_DATA,
                            "the account has another key on the chain than '%s' or what follows it",
                            r->name);
        if (rc == OG_OK)
            rc = check_idle(r, err);
        if (rc == OG_OK)
            rc = send(r, err);
        if (rc == OG_OK)
            rc = place_of(r, r->next, &at, &row, &registered, err);
    } else if (rc == OG_OK && at == PLACE_WAITING && r->cold) { /* hurries it up */
        rc = send(r, err);
        if (rc == OG_OK)
            rc = place_of(r, r->next, &at, &row, &registered, err);
    }
    if (rc == OG_OK && at == PLACE_ACTIVE)
        rc = take(r, err);
    else if (rc == OG_OK && at == PLACE_WAITING)
        rc = record(r, "waiting", row.next_h, row.next_ms, NULL, err);
    else if (rc == OG_OK)
        rc = og_err_set(err, OG_E_INTERNAL, "the chain does not show the new key");
    og_row_release(&og_families[OG_F_ACCKEY], &row);
    return rc;
}

static enum og_rc rotate(struct rotation *r, struct og_err *err)
{
    char *state = og_cli_state_dir(&r->o->common);
    enum og_rc rc = og_engine_open(state, r->dir, &r->e, err);
    free(state);
    if (rc == OG_OK)
        rc = passphrases(r, err);
    if (rc == OG_OK)
        rc = og_keyfile_load(r->dir, r->name, r->locked ? r->pass.p : NULL, &r->old, err);
    if (rc != OG_OK)
        return rc;
    r->addr = og_key_addr(r->old);
    if (r->o->cold_key) {
        rc = og_keyfile_load(r->dir, r->o->cold_key, r->locked ? r->pass.p : NULL, &r->cold, err);
        if (rc == OG_OK)
            og_key_set_addr(r->cold, &r->addr);
    }
    if (rc == OG_OK)
        rc = prepare(r, err);
    return rc == OG_OK ? on_chain(r, err) : rc;
}

enum og_rc keygen_rotate(const struct keygen_options *o, const char *dir, const char *name,
                         struct og_err *err)
{
    struct rotation r = {.o = o, .dir = dir, .name = name};
    int lock;
    OG_TRY(og_keyfile_lock(dir, &lock, err));
    enum og_rc rc = rotate(&r, err);
    og_engine_close(r.e);
    og_key_free(r.old);
    og_key_free(r.next);
    og_key_free(r.cold);
    og_buf_cleanse(&r.pass);
    og_buf_cleanse(&r.new_pass);
    close(lock);
    return rc;
}

/* A cold key is registered by the first transaction of its account: afterwards it is too late. */
static enum og_rc still_unknown(const struct keygen_options *o, const struct og_addr *a,
                                struct og_err *err)
{
    char *dir = og_cli_state_dir(&o->common);
    struct og_store *st;
    struct og_acckey row = {.addr = *a};
    bool found = false;
    enum og_rc rc = og_store_open(dir, OG_STORE_READ, &st, err);
    if (rc == OG_OK)
        rc = og_row_get(st, OG_F_ACCKEY, &row, &found, err);
    else if (rc == OG_E_CONFIG) /* no state here: nothing to look at */
        rc = OG_OK;
    if (rc == OG_OK && found)
        rc = og_err_set(err, OG_E_DATA,
                        "the account is on the chain already; only its first transaction can "
                        "register a cold key");
    og_row_release(&og_families[OG_F_ACCKEY], &row);
    og_store_close(st);
    free(dir);
    return rc;
}

static enum og_rc make_cold(const struct keygen_options *o, const char *dir, const char *name,
                            struct og_err *err)
{
    struct og_buf pass = OG_BUF_INIT;
    struct og_key *cold = NULL;
    bool got = false;
    enum og_rc rc = og_key_generate(o->alg ? o->alg : COLD_ALG, NULL, &cold, err);
    if (rc == OG_OK)
        rc = keygen_passphrase("passphrase", o->pass_file, o->pass_fd, o->ask, true, &pass, &got,
                               err);
    if (rc == OG_OK)
        rc = og_keyfile_save(dir, name, cold, got ? pass.p : NULL, false, err);
    og_buf_cleanse(&pass);
    og_key_free(cold);
    return rc;
}

enum og_rc keygen_cold(const struct keygen_options *o, const char *dir, const char *name,
                       struct og_err *err)
{
    struct og_buf cold_name = OG_BUF_INIT;
    struct og_pub *hot = NULL;
    struct og_pub *pub = NULL;
    bool encrypted;
    og_buf_addf(&cold_name, "%s-cold", name);
    enum og_rc rc = og_keyfile_load_pub(dir, name, &hot, &encrypted, err);
    if (rc == OG_OK) {
        struct og_addr a = og_pub_addr(hot);
        rc = still_unknown(o, &a, err);
    }
    char *path = og_keyfile_path(dir, cold_name.p);
    if (rc == OG_OK && !og_io_exists(path)) /* else one whose registration was cut off */
        rc = make_cold(o, dir, cold_name.p, err);
    free(path);
    if (rc == OG_OK)
        rc = og_keyfile_load_pub(dir, cold_name.p, &pub, &encrypted, err);
    if (rc == OG_OK)
        rc = og_keyfile_put_cold(dir, name, pub, err);
    const char *const names[] = {cold_name.p};
    if (rc == OG_OK)
        rc = keygen_show(o, dir, names, 1, err);
    og_buf_release(&cold_name);
    og_pub_free(hot);
    og_pub_free(pub);
    return rc;
}
