/* init_people.c - the members of a new chain: read from options, given keys. */
#include "init.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "crypto/crypto_keyfile.h"

#include <stdlib.h>
#include <string.h>

#define AMOUNT_DEFAULT (10000ull * 1000000000ull) /* of a member or an account */

void init_people_release(struct init_people *p)
{
    for (size_t i = 0; i < p->n; i++) {
        free(p->v[i].name);
        og_nodekey_release(&p->v[i].keys);
    }
    free(p->v);
    *p = (struct init_people){0};
}

static struct init_person *find(struct init_people *p, const char *name)
{
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->v[i].name, name) == 0)
            return &p->v[i];
    return NULL;
}

static struct init_person *add(const struct init_options *o, struct init_people *p,
                               const char *name)
{
    p->v = og_xgrow(p->v, &p->cap, p->n + 1, sizeof *p->v);
    struct init_person *who = &p->v[p->n++];
    *who = (struct init_person){
        .name = og_xstrdup(name),
        .amount = AMOUNT_DEFAULT,
        .bond = o->bond,
        .limits = {o->threads, o->share_ppm, o->slots, o->mem_bytes},
        .mflops_per_s = o->mflops_per_s,
    };
    return who;
}

static enum og_rc number(const char *key, const char *s, uint64_t max, uint64_t *out,
                         struct og_err *err)
{
    if (!og_parse_u64(s, max, out) || *out == 0)
        return og_err_set(err, OG_E_USAGE, "'%s=%.40s': not a whole number from 1 to %llu", key, s,
                          (unsigned long long)max);
    return OG_OK;
}

/* One "key=value" behind a name. */
static enum og_rc set(struct init_person *who, const char *item, struct og_err *err)
{
    static const char *const keys[] = {"threads", "share", "slots", "mem",
                                       "amount",  "bond",  "mflops"};
    const size_t n_keys = sizeof keys / sizeof *keys;
    const char *eq = strchr(item, '=');
    size_t k = 0;
    while (eq && k < n_keys &&
           (strlen(keys[k]) != (size_t)(eq - item) ||
            strncmp(keys[k], item, (size_t)(eq - item)) != 0))
        k++;
    if (!eq || k == n_keys || (!who->node && k != 4))
        return og_err_set(err, OG_E_USAGE, "'%.64s' is none of %s", item,
                          who->node ? "threads=, share=, slots=, mem=, amount=, bond=, mflops="
                                    : "amount=");
    const char *s = eq + 1;
    enum og_rc rc = OG_OK;
    switch (k) {
    case 0: rc = number(keys[k], s, OG_NODE_THREADS_MAX, &who->limits.threads, err); break;
    case 1: rc = og_cli_ppm(s, &who->limits.share_ppm, err); break;
    case 2: rc = number(keys[k], s, OG_NODE_SLOTS_MAX, &who->limits.slots, err); break;
    case 3: rc = og_cli_bytes(s, &who->limits.mem_bytes, err); break;
    case 4: rc = og_cli_amount(s, &who->amount, err); break;
    case 5: rc = og_cli_amount(s, &who->bond, err); break;
    default: rc = number(keys[k], s, INIT_MFLOPS_MAX, &who->mflops_per_s, err); break;
    }
    if (rc == OG_OK && k == 1 && (who->limits.share_ppm == 0 || who->limits.share_ppm > OG_PPM))
        rc = og_err_set(err, OG_E_USAGE, "'share=%.40s' is not above 0 and at most 1", s);
    return rc;
}

static enum og_rc read_one(const struct init_options *o, struct init_people *p, const char *spec,
                           bool node, struct og_err *err)
{
    char *copy = og_xstrdup(spec);
    char *at = copy;
    char *name = strsep(&at, ",");
    struct init_person *who = find(p, name);
    enum og_rc rc = OG_OK;
    /* the key may be named as a member, and then is a node too */
    if (!og_keyfile_name_ok(name))
        rc = og_err_set(err, OG_E_USAGE, "'%.64s' cannot name a key", name);
    else if (who && (who != p->v || !node || who->node))
        rc = og_err_set(err, OG_E_USAGE, "'%.64s' is named twice", name);
    else if (!who)
        who = add(o, p, name);
    if (rc == OG_OK)
        who->node = node;
    while (rc == OG_OK && at) {
        const char *item = strsep(&at, ",");
        rc = set(who, item, err);
        if (rc == OG_OK && who == p->v && strncmp(item, "amount=", 7) == 0)
            rc = og_err_set(err, OG_E_USAGE, "the amount of '%.64s' is what is left of the supply",
                            name);
    }
    free(copy);
    return rc == OG_OK ? OG_OK : og_err_wrap(err, rc, node ? "--member" : "--account");
}

/* The first one has what the others leave; nobody bonds more than he has. */
static enum og_rc share_out(const struct init_options *o, struct init_people *p, struct og_err *err)
{
    uint64_t left = o->supply;
    for (size_t i = 1; i < p->n; i++)
        if (!og_sub_u64(left, p->v[i].amount, &left))
            return og_err_set(err, OG_E_USAGE, "the accounts hold more than the supply");
    p->v[0].amount = left;
    for (size_t i = 0; i < p->n; i++) {
        struct init_person *w = &p->v[i];
        if (w->node && w->bond > w->amount)
            return og_err_set(err, OG_E_USAGE, "the bond of '%s' is more than its account holds",
                              w->name);
        og_node_limits_fill(&w->limits);
    }
    return OG_OK;
}

enum og_rc init_people_read(const struct init_options *o, struct init_people *out,
                            struct og_err *err)
{
    *out = (struct init_people){0};
    if (!og_keyfile_name_ok(o->key))
        return og_err_set(err, OG_E_USAGE, "--key: '%.64s' cannot name a key", o->key);
    add(o, out, o->key)->node = o->members.n == 0;
    enum og_rc rc = OG_OK;
    for (size_t i = 0; rc == OG_OK && i < o->members.n; i++)
        rc = read_one(o, out, o->members.v[i], true, err);
    for (size_t i = 0; rc == OG_OK && i < o->accounts.n; i++)
        rc = read_one(o, out, o->accounts.v[i], false, err);
    return rc == OG_OK ? share_out(o, out, err) : rc;
}

/* The account key: the one that is there, else a new one. */
static enum og_rc account_key(const char *dir, const char *alg, struct init_person *w,
                              struct og_err *err)
{
    char *path = og_keyfile_path(dir, w->name);
    bool there = og_io_exists(path);
    struct og_key *k = NULL;
    struct og_pub *pub = NULL;
    bool encrypted;
    enum og_rc rc = OG_OK;
    if (!there) {
        rc = og_key_generate(alg, NULL, &k, err);
        if (rc == OG_OK)
            rc = og_keyfile_save(dir, w->name, k, NULL, false, err);
        if (rc == OG_E_CANTCREATE && og_io_exists(path)) /* another ogpu was faster */
            rc = OG_OK;
    }
    if (rc == OG_OK)
        rc = og_keyfile_load_pub(dir, w->name, &pub, &encrypted, err);
    if (rc == OG_OK)
        w->addr = og_pub_addr(pub);
    og_pub_free(pub);
    og_key_free(k);
    free(path);
    return rc;
}

enum og_rc init_people_keys(const char *keys_dir, const char *alg, struct init_people *p,
                            struct og_err *err)
{
    for (size_t i = 0; i < p->n; i++) {
        OG_TRY(account_key(keys_dir, alg, &p->v[i], err));
        if (p->v[i].node)
            OG_TRY(og_nodekey_ensure(keys_dir, p->v[i].name, &p->v[i].keys, err));
    }
    return OG_OK;
}
