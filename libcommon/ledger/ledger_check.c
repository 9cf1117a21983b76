/* ledger_check.c - draws of checks and verifiers, their commits and verdicts (protocol.md 2, 3). */
#include "ledger/ledger_int.h"

#include "check/check_draw.h"
#include "json/json_get.h"

#include <stdlib.h>
#include <string.h>

#define DRAWN_MAX  9
#define MISSED_MAX 3
#define NODES_MAX  4096

/* Owners that may not check: the worker's and the submitter's. */
struct parties {
    struct og_addr worker, submitter;
    char hw_class[32];
};

static enum og_rc load_parties(struct og_ledger *l, const struct og_lease *ls,
                               const struct og_task *t, struct parties *p, struct og_err *err)
{
    struct og_node n;
    OG_TRY(og_led_node(l, ls->node, &n, err));
    p->worker = n.owner;
    p->submitter = t->owner;
    snprintf(p->hw_class, sizeof p->hw_class, "%s", n.hw_class ? n.hw_class : "");
    OG_RELEASE(OG_F_NODE, &n);
    return OG_OK;
}

static bool is_party(const struct parties *p, const struct og_addr *owner)
{
    return og_addr_eq(owner, &p->worker) || og_addr_eq(owner, &p->submitter);
}

struct candidate {
    uint64_t id, weight;
    struct og_addr owner;
    bool same_hw;
};

static enum og_rc can_run(struct og_ledger *l, const struct og_node *n, const struct og_task *t,
                          bool *ok, struct og_err *err)
{
    uint64_t idx[256];
    size_t k;
    *ok = false;
    const char *need = t->kernel ? "kernel" : "program";
    if (!n->classes || !strstr(n->classes, need))
        return OG_OK;
    OG_TRY(og_query(l->st, OG_Q_SLOTS_OF, (uint64_t[]){n->id}, 1, idx, 1, 256, &k, err));
    for (size_t i = 0; i < og_min_u64(k, 256) && !*ok; i++) {
        struct og_slot s = {.node = n->id, .idx = idx[i]};
        OG_TRY(og_row_need(l->st, OG_F_SLOT, &s, err));
        *ok = s.cores >= t->cores && s.mem_bytes >= t->mem_bytes && s.gpu_ppm >= t->gpu_ppm &&
              s.gpu_mem_bytes >= t->gpu_mem_bytes;
    }
    return OG_OK;
}

static enum og_rc candidates(struct og_ledger *l, const struct parties *p, const struct og_task *t,
                             uint64_t lock, struct candidate *out, size_t *n, struct og_err *err)
{
    uint64_t id[NODES_MAX];
    size_t k;
    *n = 0;
    OG_TRY(og_query(l->st, OG_Q_NODES, (uint64_t[]){0}, 1, id, 1, NODES_MAX, &k, err));
    for (size_t i = 0; i < k; i++) {
        struct og_node node;
        bool ok = false;
        OG_TRY(og_led_node(l, id[i], &node, err));
        enum og_rc rc = OG_OK;
        if (node.state == OG_NODE_ACTIVE && node.weight && !is_party(p, &node.owner) &&
            node.bond - node.locked >= lock)
            rc = can_run(l, &node, t, &ok, err);
        if (ok)
            out[(*n)++] = (struct candidate){
                .id = node.id,
                .weight = node.weight,
                .owner = node.owner,
                .same_hw = strcmp(node.hw_class ? node.hw_class : "", p->hw_class) == 0};
        OG_RELEASE(OG_F_NODE, &node);
        OG_TRY(rc);
    }
    return OG_OK;
}

static size_t owners_of_class(const struct candidate *c, size_t n)
{
    size_t owners = 0;
    for (size_t i = 0; i < n; i++) {
        bool seen = !c[i].same_hw;
        for (size_t j = 0; j < i && !seen; j++)
            seen = c[j].same_hw && og_addr_eq(&c[j].owner, &c[i].owner);
        owners += !seen;
    }
    return owners;
}

/* Nine verifiers in order by weight, of distinct owners. */
static enum og_rc draw_verifiers(struct og_ledger *l, struct og_lease *ls, const struct og_task *t,
                                 uint64_t lock, struct og_err *err)
{
    struct parties p;
    OG_TRY(load_parties(l, ls, t, &p, err));
    struct candidate *c = calloc(NODES_MAX, sizeof *c);
    uint64_t *w = calloc(NODES_MAX, sizeof *w);
    size_t *order = calloc(NODES_MAX, sizeof *order);
    size_t n = 0;
    size_t drawn = 0;
    enum og_rc rc = c && w && order ? candidates(l, &p, t, lock, c, &n, err)
                                    : og_err_set(err, OG_E_INTERNAL, "out of memory");
    bool only_same = rc == OG_OK && owners_of_class(c, n) >= 3;
    for (size_t i = 0; i < n; i++)
        w[i] = only_same && !c[i].same_hw ? 0 : c[i].weight;
    if (rc == OG_OK)
        rc = og_draw_weighted(&ls->seed, "verifier", w, n, n, order, &drawn, err);
    struct og_buf list = OG_BUF_INIT;
    for (size_t i = 0; rc == OG_OK && i < drawn && list.len < 8 * DRAWN_MAX; i++) {
        bool seen = false;
        for (size_t j = 0; j < i && !seen; j++)
            seen = og_addr_eq(&c[order[j]].owner, &c[order[i]].owner);
        if (!seen)
            og_buf_add_be64(&list, c[order[i]].id);
    }
    og_row_set_blob(&ls->drawn, list.p, list.len);
    og_buf_release(&list);
    free(c);
    free(w);
    free(order);
    return rc;
}

/* No verifier can be asked: the submitter accepts. */
static enum og_rc fall_back(struct og_ledger *l, struct og_lease *ls, struct og_err *err)
{
    ls->method = OG_VERIFY_ACCEPT;
    og_led_deadline(l, 200, 600000, &ls->dl_h, &ls->dl_ms);
    return og_row_put(l->st, OG_F_LEASE, ls, err);
}

static void check_window(struct og_ledger *l, const struct og_lease *ls, const struct og_task *t,
                         struct og_check *c)
{
    uint64_t run = ls->method == OG_VERIFY_CMD ? t->check_limit_ms : ls->count * t->limit_ms;
    og_led_deadline(l, 120, run * 5 / 4 + 60000 + t->in_bytes * ls->count / 1000, &c->dl_h,
                    &c->dl_ms);
}

/* Asks the next of the drawn; *asked false when none is left who can lock V. */
static enum og_rc ask_next(struct og_ledger *l, struct og_lease *ls, const struct og_task *t,
                           bool *asked, struct og_err *err)
{
    uint64_t ppm;
    uint64_t checks;
    og_pay_check_terms(t, (unsigned)ls->method, &ppm, &checks);
    uint64_t lock = og_pay_verifier_lock(ls->amount, ppm);
    *asked = false;
    while (!*asked && ls->next_drawn < ls->drawn.n / 8) {
        struct og_node n;
        struct og_check c = {.lease = ls->id, .turn = ls->next_drawn, .stage = ls->stage};
        c.node = og_get_be64(ls->drawn.p + 8 * ls->next_drawn++);
        OG_TRY(og_led_node(l, c.node, &n, err));
        enum og_rc rc = OG_OK;
        if (n.state == OG_NODE_ACTIVE && n.bond - n.locked >= lock) {
            n.locked += lock;
            c.lock = lock;
            *asked = true;
            check_window(l, ls, t, &c);
            if (ls->method != OG_VERIFY_EXACT && ls->state != OG_LEASE_REVEALED)
                c.dl_h = c.dl_ms = OG_NEVER; /* runs from the reveal */
            rc = og_row_put(l->st, OG_F_NODE, &n, err);
        }
        OG_RELEASE(OG_F_NODE, &n);
        if (rc == OG_OK && *asked)
            rc = og_row_put(l->st, OG_F_CHECK, &c, err);
        OG_TRY(rc);
    }
    return OG_OK;
}

static enum og_rc draw_one(struct og_ledger *l, struct og_lease *ls, const struct og_hash *beacon,
                           struct og_err *err)
{
    struct og_task t;
    OG_TRY(og_led_task(l, ls->task, &t, err));
    ls->seed = og_draw_seed(beacon, ls->id, 0);
    uint64_t ppm;
    uint64_t checks;
    og_pay_check_terms(&t, (unsigned)ls->method, &ppm, &checks);
    enum og_rc rc = OG_OK;
    if (!og_draw_check(&ls->seed, ls->q_ppm)) {
        ls->checked = 1;
        og_led_deadline(l, 200, 600000, &ls->dl_h, &ls->dl_ms);
        rc = og_row_put(l->st, OG_F_LEASE, ls, err);
    } else {
        bool asked = false;
        ls->checked = 2;
        ls->stage = 1;
        ls->referee = ls->method == OG_VERIFY_VOTE && l->p.referee_ppm &&
                      og_judge_referee(&ls->seed, OG_PPM / l->p.referee_ppm);
        rc = draw_verifiers(l, ls, &t, og_pay_verifier_lock(ls->amount, ppm), err);
        if (rc == OG_OK)
            rc = ask_next(l, ls, &t, &asked, err);
        if (rc == OG_OK && !asked) {
            ls->checked = 0;
            rc = fall_back(l, ls, err);
        } else if (rc == OG_OK) {
            if (ls->method != OG_VERIFY_EXACT)
                og_led_deadline(l, 200, 600000, &ls->dl_h, &ls->dl_ms);
            rc = og_row_put(l->st, OG_F_LEASE, ls, err);
        }
    }
    OG_RELEASE(OG_F_TASK, &t);
    return rc;
}

static enum og_rc draw_due(struct og_ledger *l, const struct og_lease *ls, uint64_t proposer,
                           bool *due, struct og_err *err)
{
    bool by_method = ls->method == OG_VERIFY_EXACT || ls->method == OG_VERIFY_VOTE ||
                     ls->method == OG_VERIFY_CMD;
    *due = false;
    if (!by_method || ls->checked != 0 || l->height < ls->commit_h + l->p.draw_delay)
        return OG_OK;
    if (l->height >= ls->commit_h + 16 || proposer == 0) {
        *due = true;
        return OG_OK;
    }
    struct og_task t;
    struct parties p;
    struct og_node n;
    OG_TRY(og_led_task(l, ls->task, &t, err));
    enum og_rc rc = load_parties(l, ls, &t, &p, err);
    OG_RELEASE(OG_F_TASK, &t);
    OG_TRY(rc);
    OG_TRY(og_led_node(l, proposer, &n, err));
    *due = !is_party(&p, &n.owner);
    OG_RELEASE(OG_F_NODE, &n);
    return OG_OK;
}

enum og_rc og_led_draws(struct og_ledger *l, uint64_t proposer, const struct og_hash *beacon,
                        struct og_err *err)
{
    uint64_t after = 0;
    for (;;) {
        uint64_t id[256];
        size_t n;
        OG_TRY(og_query(l->st, OG_Q_LEASES_TO_DRAW, &after, 1, id, 1, 256, &n, err));
        for (size_t i = 0; i < n; i++) {
            struct og_lease ls;
            bool due;
            OG_TRY(og_led_lease(l, id[i], &ls, err));
            enum og_rc rc = draw_due(l, &ls, proposer, &due, err);
            if (rc == OG_OK && due)
                rc = draw_one(l, &ls, beacon, err);
            OG_RELEASE(OG_F_LEASE, &ls);
            OG_TRY(rc);
            after = id[i];
        }
        if (n < 256)
            return OG_OK;
    }
}

/* Loads the checks of a lease in order of turns; at most 16. */
static enum og_rc load_checks(struct og_ledger *l, uint64_t lease, struct og_check c[16], size_t *n,
                              struct og_err *err)
{
    uint64_t turn[16];
    OG_TRY(og_query(l->st, OG_Q_CHECKS_OF, (uint64_t[]){lease}, 1, turn, 1, 16, n, err));
    for (size_t i = 0; i < *n; i++) {
        c[i] = (struct og_check){.lease = lease, .turn = turn[i]};
        OG_TRY(og_row_need(l->st, OG_F_CHECK, &c[i], err));
    }
    return OG_OK;
}

static enum og_rc unlock(struct og_ledger *l, struct og_check *c, uint64_t slash, uint64_t *taken,
                         struct og_err *err)
{
    struct og_node n;
    *taken = 0;
    if (c->lock == 0)
        return OG_OK;
    OG_TRY(og_led_node(l, c->node, &n, err));
    n.locked -= og_min_u64(n.locked, c->lock);
    og_led_slash(l, &n, slash, taken);
    c->lock = 0;
    enum og_rc rc = og_led_leave_if_idle(l, &n, err);
    if (rc == OG_OK)
        rc = og_row_put(l->st, OG_F_NODE, &n, err);
    OG_RELEASE(OG_F_NODE, &n);
    return rc == OG_OK ? og_row_put(l->st, OG_F_CHECK, c, err) : rc;
}

enum og_rc og_led_free_checks(struct og_ledger *l, const struct og_lease *ls, struct og_err *err)
{
    struct og_check c[16];
    size_t n;
    uint64_t taken;
    if (ls->checked != 2)
        return OG_OK;
    OG_TRY(load_checks(l, ls->id, c, &n, err));
    for (size_t i = 0; i < n; i++) {
        if (c[i].state < OG_CHECK_DONE) {
            c[i].state = OG_CHECK_DONE;
            c[i].dl_h = c[i].dl_ms = OG_NEVER;
            OG_TRY(og_row_put(l->st, OG_F_CHECK, &c[i], err));
        }
        OG_TRY(unlock(l, &c[i], 0, &taken, err));
    }
    return OG_OK;
}

enum og_rc og_led_after_reveal(struct og_ledger *l, struct og_lease *ls, struct og_err *err)
{
    struct og_task t;
    struct og_node n;
    OG_TRY(og_led_task(l, ls->task, &t, err));
    enum og_rc rc = og_led_node(l, ls->node, &n, err);
    bool own = rc == OG_OK && og_addr_eq(&n.owner, &t.owner);
    OG_RELEASE(OG_F_NODE, &n);
    OG_TRY(rc);
    bool drawn = ls->checked == 2 && ls->method != OG_VERIFY_ACCEPT;
    if (ls->method == OG_VERIFY_ACCEPT && !own) {
        og_led_deadline(l, 200, 86400000, &ls->dl_h, &ls->dl_ms);
        rc = og_row_put(l->st, OG_F_LEASE, ls, err);
    } else if (!drawn) {
        rc = og_led_accept(l, ls, err);
    } else {
        struct og_check c[16];
        size_t k;
        rc = load_checks(l, ls->id, c, &k, err);
        for (size_t i = 0; rc == OG_OK && i < k; i++) {
            if (c[i].state > OG_CHECK_HASHED)
                continue;
            if (ls->method == OG_VERIFY_EXACT)
                og_led_deadline(l, 60, 60000, &c[i].dl_h, &c[i].dl_ms);
            else
                check_window(l, ls, &t, &c[i]);
            rc = og_row_put(l->st, OG_F_CHECK, &c[i], err);
        }
        if (rc == OG_OK)
            rc = og_row_put(l->st, OG_F_LEASE, ls, err);
    }
    OG_RELEASE(OG_F_TASK, &t);
    return rc;
}

/* The open duty of the sender's node on a lease. */
static enum og_rc own_check(struct og_txn *x, uint64_t lease, enum og_check_state state,
                            struct og_check *c, struct og_lease *ls, struct og_err *err)
{
    struct og_node n;
    struct og_check all[16];
    size_t k;
    OG_TRY(og_led_sender_node(x, &n, err));
    uint64_t id = n.id;
    OG_RELEASE(OG_F_NODE, &n);
    OG_TRY(load_checks(x->l, lease, all, &k, err));
    for (size_t i = 0; i < k; i++)
        if (all[i].node == id && all[i].state == (uint64_t)state) {
            *c = all[i];
            return og_led_lease(x->l, lease, ls, err);
        }
    return OG_REFUSE(err, "node %llu has no such duty on lease %llu", (unsigned long long)id,
                     (unsigned long long)lease);
}

static enum og_rc hash_one(struct og_txn *x, const json_t *o, struct og_err *err)
{
    static const char *const members[] = {"hash", "lease", NULL};
    struct og_check c = {0};
    struct og_lease ls = {0};
    struct og_hash h;
    uint64_t id;
    OG_TRY(og_json_only(o, members, err));
    OG_TRY(og_json_u64(o, "lease", (uint64_t)1 << 53, &id, err));
    OG_TRY(og_json_hex(o, "hash", h.b, OG_HASH_LEN, err));
    OG_TRY(own_check(x, id, OG_CHECK_ASKED, &c, &ls, err));
    enum og_rc rc = OG_OK;
    if (ls.method != OG_VERIFY_EXACT)
        rc = OG_REFUSE(err, "lease %llu is not checked by values", (unsigned long long)id);
    c.hash = h;
    c.state = OG_CHECK_HASHED;
    c.dl_h = c.dl_ms = OG_NEVER;
    if (ls.state == OG_LEASE_REVEALED)
        og_led_deadline(x->l, 60, 60000, &c.dl_h, &c.dl_ms);
    else if (rc == OG_OK) { /* now the worker may reveal, and must */
        og_led_deadline(x->l, 200, 600000, &ls.dl_h, &ls.dl_ms);
        rc = og_row_put(x->l->st, OG_F_LEASE, &ls, err);
    }
    if (rc == OG_OK)
        rc = og_row_put(x->l->st, OG_F_CHECK, &c, err);
    OG_RELEASE(OG_F_LEASE, &ls);
    return rc;
}

static enum og_rc each(struct og_txn *x, const char *key,
                       enum og_rc (*fn)(struct og_txn *, const json_t *, struct og_err *),
                       struct og_err *err)
{
    const char *const members[] = {key, NULL};
    const json_t *list;
    OG_TRY(og_json_only(x->body, members, err));
    OG_TRY(og_json_arr(x->body, key, 4096, &list, err));
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!json_is_object(json_array_get(list, i)))
            return OG_REFUSE(err, "'%s' must be a list of objects", key);
        OG_TRY(fn(x, json_array_get(list, i), err));
    }
    return json_array_size(list) ? OG_OK : OG_REFUSE(err, "'%s' is empty", key);
}

enum og_rc og_tx_verdict_commit(struct og_txn *x, struct og_err *err)
{
    return each(x, "hashes", hash_one, err);
}

static enum og_rc open_value(struct og_txn *x, const json_t *o, struct og_check *c,
                             struct og_err *err)
{
    struct og_hash nonce;
    struct og_hasher h;
    OG_TRY(og_json_hex(o, "nonce", nonce.b, OG_HASH_LEN, err));
    if (c->vote == OG_VOTE_ABSENT)
        memset(&c->value, 0, sizeof c->value);
    else
        OG_TRY(og_json_hex(o, "value", c->value.b, OG_HASH_LEN, err));
    struct og_hash inner = og_sha256(c->value.b, OG_HASH_LEN);
    og_hasher_init(&h);
    og_hasher_tag(&h, "ogpu-verdict");
    og_hasher_hash(&h, &x->l->chain);
    og_hasher_u64(&h, c->lease);
    og_hasher_add(&h, x->tx->from.b, OG_ADDR_LEN);
    og_hasher_hash(&h, &nonce);
    og_hasher_hash(&h, &inner);
    struct og_hash got = og_hasher_final(&h);
    return memcmp(got.b, c->hash.b, OG_HASH_LEN) == 0
               ? OG_OK
               : OG_REFUSE(err, "lease %llu: not what was committed", (unsigned long long)c->lease);
}

/* The second stage opens only when both committed. */
static enum og_rc stage_ready(struct og_ledger *l, const struct og_check *c, struct og_err *err)
{
    struct og_check all[16];
    size_t n;
    OG_TRY(load_checks(l, c->lease, all, &n, err));
    for (size_t i = 0; i < n; i++)
        if (all[i].stage == c->stage && all[i].state == OG_CHECK_ASKED)
            return OG_REFUSE(err, "the other verifier of lease %llu has not committed yet",
                             (unsigned long long)c->lease);
    return OG_OK;
}

static enum og_rc verdict_read(struct og_txn *x, const json_t *o, const struct og_lease *ls,
                               struct og_check *c, struct og_err *err)
{
    const char *vote;
    enum og_vote v = OG_VOTE_NONE;
    OG_TRY(og_json_u64_or(o, "units", (uint64_t)1 << 53, 0, &c->units, err));
    OG_TRY(og_json_str_opt(o, "vote", 8, &vote, err));
    if (vote && (!og_judge_parse(vote, &v) || v == OG_VOTE_NONE))
        return OG_REFUSE(err, "'vote' must be ok, grey, bad or absent");
    if (ls->state != OG_LEASE_REVEALED)
        return OG_REFUSE(err, "lease %llu is not revealed yet", (unsigned long long)ls->id);
    c->vote = v;
    if (ls->method == OG_VERIFY_EXACT) {
        if (v != OG_VOTE_NONE && v != OG_VOTE_ABSENT)
            return OG_REFUSE(err, "an exact check gives a 'value' or is absent");
        OG_TRY(stage_ready(x->l, c, err));
        return open_value(x, o, c, err);
    }
    return vote ? OG_OK : OG_REFUSE(err, "'vote' is missing");
}

static enum og_rc verdict_one(struct og_txn *x, const json_t *o, struct og_err *err)
{
    static const char *const members[] = {"lease", "nonce", "units", "value", "vote", NULL};
    struct og_check c = {0};
    struct og_lease ls = {0};
    uint64_t id;
    OG_TRY(og_json_only(o, members, err));
    OG_TRY(og_json_u64(o, "lease", (uint64_t)1 << 53, &id, err));
    OG_TRY(og_led_lease(x->l, id, &ls, err));
    enum og_check_state in = ls.method == OG_VERIFY_EXACT ? OG_CHECK_HASHED : OG_CHECK_ASKED;
    OG_RELEASE(OG_F_LEASE, &ls);
    OG_TRY(own_check(x, id, in, &c, &ls, err));
    enum og_rc rc = verdict_read(x, o, &ls, &c, err);
    if (rc == OG_OK) {
        c.state = OG_CHECK_DONE;
        c.dl_h = c.dl_ms = OG_NEVER;
        rc = og_row_put(x->l->st, OG_F_CHECK, &c, err);
    }
    if (rc == OG_OK)
        rc = og_led_judge(x->l, &ls, false, err);
    OG_RELEASE(OG_F_LEASE, &ls);
    return rc;
}

enum og_rc og_tx_verdict(struct og_txn *x, struct og_err *err)
{
    return each(x, "verdicts", verdict_one, err);
}

/* A missed duty: V/4 to the treasury, b + 2; the next in the order steps in. */
static enum og_rc check_missed(struct og_ledger *l, uint64_t lease, uint64_t turn,
                               struct og_err *err)
{
    struct og_check c = {.lease = lease, .turn = turn};
    struct og_lease ls;
    struct og_task t;
    uint64_t taken;
    bool asked = false;
    OG_TRY(og_row_need(l->st, OG_F_CHECK, &c, err));
    if (c.state >= OG_CHECK_DONE) /* another's miss in this block settled the lease */
        return OG_OK;
    c.state = OG_CHECK_MISSED;
    c.dl_h = c.dl_ms = OG_NEVER;
    OG_TRY(og_row_put(l->st, OG_F_CHECK, &c, err));
    OG_TRY(unlock(l, &c, c.lock / 4, &taken, err));
    OG_TRY(og_led_to_treasury(l, taken, "missed check", lease, err));
    OG_TRY(og_led_blame(l, c.node, 2, err));
    OG_TRY(og_led_lease(l, lease, &ls, err));
    ls.missed++;
    enum og_rc rc = og_led_task(l, ls.task, &t, err);
    if (rc == OG_OK && ls.missed < MISSED_MAX)
        rc = ask_next(l, &ls, &t, &asked, err);
    OG_RELEASE(OG_F_TASK, &t);
    if (rc == OG_OK && asked)
        rc = og_row_put(l->st, OG_F_LEASE, &ls, err);
    else if (rc == OG_OK && ls.state == OG_LEASE_COMMITTED)
        rc = fall_back(l, &ls, err);
    else if (rc == OG_OK)
        rc = og_led_judge(l, &ls, true, err);
    OG_RELEASE(OG_F_LEASE, &ls);
    return rc;
}

enum og_rc og_led_check_deadlines(struct og_ledger *l, struct og_err *err)
{
    uint64_t r[256][2];
    size_t n;
    OG_TRY(og_query(l->st, OG_Q_CHECKS_DUE, (uint64_t[]){l->height, l->now_ms}, 2, &r[0][0], 2, 256,
                    &n, err));
    for (size_t i = 0; i < n; i++)
        OG_TRY(check_missed(l, r[i][0], r[i][1], err));
    return OG_OK;
}

enum og_rc og_led_ask_two(struct og_ledger *l, struct og_lease *ls, const struct og_task *t,
                          bool *both, struct og_err *err)
{
    bool a;
    bool b = false;
    ls->stage = 2;
    OG_TRY(ask_next(l, ls, t, &a, err));
    if (a)
        OG_TRY(ask_next(l, ls, t, &b, err));
    *both = a && b;
    return og_row_put(l->st, OG_F_LEASE, ls, err);
}

enum og_rc og_led_class_owners(struct og_ledger *l, const char *hw_class, const struct og_addr *a,
                               const struct og_addr *b, size_t *owners, struct og_err *err)
{
    uint64_t id[NODES_MAX];
    struct og_addr seen[3];
    size_t k;
    *owners = 0;
    OG_TRY(og_query(l->st, OG_Q_NODES, (uint64_t[]){0}, 1, id, 1, NODES_MAX, &k, err));
    for (size_t i = 0; i < k && *owners < 3; i++) {
        struct og_node n;
        OG_TRY(og_led_node(l, id[i], &n, err));
        bool fit = n.state == OG_NODE_ACTIVE && !og_addr_eq(&n.owner, a) &&
                   !og_addr_eq(&n.owner, b) &&
                   strcmp(n.hw_class ? n.hw_class : "", hw_class ? hw_class : "") == 0;
        for (size_t j = 0; j < *owners && fit; j++)
            fit = !og_addr_eq(&seen[j], &n.owner);
        if (fit)
            seen[(*owners)++] = n.owner;
        OG_RELEASE(OG_F_NODE, &n);
    }
    return OG_OK;
}
