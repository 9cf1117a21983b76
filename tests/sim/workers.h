/* workers.h - nodes of the walk: honest, cheating, lazy and absent workers and verifiers. */
#ifndef OG_SIM_WORKERS_H
#define OG_SIM_WORKERS_H

#include "chain.h"

#include "check/check_judge.h"
#include "check/check_method.h"
#include "match/match_hungarian.h"

enum work_trait {
    WORK_HONEST,
    WORK_WRONG,     /* junk for a root */
    WORK_NO_START,  /* squats */
    WORK_NO_RENEW,  /* starts and sleeps */
    WORK_NO_REVEAL, /* commits and stops */
    WORK_SELECTIVE, /* reveals when the first verifier is a friend: an even number */
    WORK_INFLATE,   /* claims a day */
    WORK_RELEASE,   /* gives all back */
    WORK_FAIL,      /* says the job is at fault */
    WORK_PREFIX,    /* commits a part */
    WORK_TRAITS
};

enum check_trait {
    CHECK_HONEST,
    CHECK_YES,     /* always ok; for exact a guess */
    CHECK_NO,      /* always bad, or a value of its own */
    CHECK_ABSENT,  /* never answers */
    CHECK_HALF,    /* commits and never opens */
    CHECK_GONE,    /* says absent */
    CHECK_COLLUDE, /* agrees with other colluders, and with WORK_WRONG */
    CHECK_TRAITS
};

/* What a worker or verifier keeps to itself. */
struct secret {
    uint64_t salt; /* of the leaves */
    uint8_t vote;
    bool made;
};

struct crew {
    struct sim *s;
    enum work_trait work[SIM_NODES];
    enum check_trait check[SIM_NODES];
    bool silent;
    struct secret *lease; /* by lease number */
    size_t lease_cap;
    struct secret *duty; /* by lease · SIM_NODES + node */
    size_t duty_cap;
    uint64_t nondet_mask; /* tasks whose number matches are not deterministic */
};

static inline struct secret *crew_at(struct secret **list, size_t *cap, size_t i)
{
    size_t had = *cap;
    *list = og_xgrow(*list, cap, i + 1, sizeof **list);
    memset(*list + had, 0, (*cap - had) * sizeof **list);
    return &(*list)[i];
}

static inline void crew_release(struct crew *c)
{
    free(c->lease);
    free(c->duty);
}

static inline bool crew_nondet(const struct crew *c, uint64_t task)
{
    return c->nondet_mask && task % 16 == c->nondet_mask;
}

/* Leaf hashes of a lease's result as somebody with this salt computes it; the caller frees. */
static inline struct og_hash *crew_leaves(const struct og_lease *ls, const struct og_task *t,
                                          uint64_t salt, size_t *n)
{
    *n = t->kernel ? og_view_leaves(t) : ls->count;
    struct og_hash *leaf = og_xcalloc(*n, sizeof *leaf);
    for (size_t i = 0; i < *n; i++) {
        uint8_t b[32] = {0};
        og_put_be64(b, ls->task);
        og_put_be64(b + 8, (t->kernel ? 0 : ls->first) + i);
        og_put_be64(b + 16, salt);
        leaf[i] = og_merkle_leaf(b, sizeof b);
    }
    return leaf;
}

static inline struct og_hash crew_root(const struct og_lease *ls, const struct og_task *t,
                                       uint64_t salt)
{
    size_t n;
    struct og_hash *leaf = crew_leaves(ls, t, salt, &n);
    struct og_hash root = og_merkle_root(leaf, n);
    free(leaf);
    return root;
}

static inline struct og_hash crew_nonce(uint64_t node, uint64_t lease)
{
    uint8_t b[16];
    og_put_be64(b, node);
    og_put_be64(b + 8, lease);
    return og_sha256(b, sizeof b);
}

static inline struct og_hash crew_commit_hash(const struct sim *s, const struct og_lease *ls,
                                              const struct og_addr *addr, uint64_t salt,
                                              const struct og_task *t)
{
    struct og_hasher h;
    struct og_hash nonce = crew_nonce(ls->node, ls->id);
    struct og_hash root = crew_root(ls, t, salt);
    og_hasher_init(&h);
    og_hasher_tag(&h, "ogpu-commit");
    og_hasher_hash(&h, &s->chain);
    og_hasher_u64(&h, ls->id);
    og_hasher_add(&h, addr->b, OG_ADDR_LEN);
    og_hasher_hash(&h, &nonce);
    og_hasher_hash(&h, &root);
    return og_hasher_final(&h);
}

static inline json_t *crew_list(const char *key, json_t *one)
{
    return json_pack("{s:[o]}", key, one);
}

static inline json_t *crew_leases(uint64_t id)
{
    return json_pack("{s:[I]}", "leases", (json_int_t)id);
}

static inline json_t *crew_commit(struct sim *s, const struct og_lease *ls, const struct og_task *t,
                                  unsigned node, uint64_t salt, uint64_t count, uint64_t run_ms)
{
    struct og_lease part = *ls;
    part.count = count;
    struct og_hash h = crew_commit_hash(s, &part, &s->acct[s->node[node].acct].addr, salt, t);
    return crew_list("results", json_pack("{s:I,s:I,s:o,s:I}", "lease", (json_int_t)ls->id, "count",
                                          (json_int_t)count, "hash", og_json_new_hex(h.b, 32),
                                          "run_ms", (json_int_t)run_ms));
}

static inline json_t *crew_paths(struct sim *s, const struct og_lease *ls, const struct og_task *t,
                                 uint64_t salt)
{
    json_t *paths = json_array();
    uint64_t *want;
    size_t k;
    size_t n;
    if (ls->method != OG_VERIFY_EXACT || ls->checked != 2)
        return paths;
    struct og_hash *leaf = crew_leaves(ls, t, salt, &n);
    SIM_OK(s, og_view_drawn_leaves(ls, t, n, &want, &k, SIM_ERR));
    for (size_t i = 0; k < n && i < k; i++) {
        struct og_merkle_path p;
        json_t *aunts = json_array();
        og_merkle_prove(leaf, n, want[i], &p);
        for (size_t a = 0; a < p.n; a++)
            json_array_append_new(aunts, og_json_new_hex(p.aunt[a].b, OG_HASH_LEN));
        json_array_append_new(paths,
                              json_pack("{s:I,s:o,s:o}", "index", (json_int_t)want[i], "leaf",
                                        og_json_new_hex(leaf[want[i]].b, 32), "aunts", aunts));
    }
    free(want);
    free(leaf);
    return paths;
}

static inline json_t *crew_reveal(struct sim *s, const struct og_lease *ls, const struct og_task *t,
                                  uint64_t salt, unsigned exits)
{
    struct og_hash nonce = crew_nonce(ls->node, ls->id);
    struct og_hash root = crew_root(ls, t, salt);
    return crew_list("reveals",
                     json_pack("{s:I,s:o,s:o,s:i,s:o}", "lease", (json_int_t)ls->id, "nonce",
                               og_json_new_hex(nonce.b, 32), "root", og_json_new_hex(root.b, 32),
                               "exits", (int)exits, "paths", crew_paths(s, ls, t, salt)));
}

/* What a verifier of `exact` compares. */
static inline struct og_hash crew_value(struct sim *s, const struct og_lease *ls,
                                        const struct og_task *t, uint64_t salt)
{
    uint64_t *want;
    size_t k;
    size_t n;
    struct og_hasher h;
    struct og_hash *leaf = crew_leaves(ls, t, salt, &n);
    SIM_OK(s, og_view_drawn_leaves(ls, t, n, &want, &k, SIM_ERR));
    og_hasher_init(&h);
    for (size_t i = 0; i < k; i++)
        og_hasher_hash(&h, &leaf[want[i]]);
    struct og_hash v = k == n ? og_merkle_root(leaf, n) : og_hasher_final(&h);
    free(want);
    free(leaf);
    return v;
}

static inline json_t *crew_verdict_commit(struct sim *s, uint64_t lease, unsigned node,
                                          const struct og_hash *value)
{
    struct og_hasher h;
    struct og_hash nonce = crew_nonce(s->node[node].id, lease);
    struct og_hash inner = og_sha256(value->b, OG_HASH_LEN);
    og_hasher_init(&h);
    og_hasher_tag(&h, "ogpu-verdict");
    og_hasher_hash(&h, &s->chain);
    og_hasher_u64(&h, lease);
    og_hasher_add(&h, s->acct[s->node[node].acct].addr.b, OG_ADDR_LEN);
    og_hasher_hash(&h, &nonce);
    og_hasher_hash(&h, &inner);
    struct og_hash got = og_hasher_final(&h);
    return crew_list("hashes", json_pack("{s:I,s:o}", "lease", (json_int_t)lease, "hash",
                                         og_json_new_hex(got.b, OG_HASH_LEN)));
}

/* exact: value (NULL: absent); else a vote. */
static inline json_t *crew_verdict(struct sim *s, uint64_t lease, unsigned node,
                                   const struct og_hash *value, const char *vote, uint64_t units)
{
    struct og_hash nonce = crew_nonce(s->node[node].id, lease);
    json_t *o = json_pack("{s:I,s:o}", "lease", (json_int_t)lease, "nonce",
                          og_json_new_hex(nonce.b, OG_HASH_LEN));
    if (value)
        json_object_set_new(o, "value", og_json_new_hex(value->b, OG_HASH_LEN));
    if (vote)
        json_object_set_new(o, "vote", json_string(vote));
    if (units)
        json_object_set_new(o, "units", json_integer((json_int_t)units));
    return crew_list("verdicts", o);
}

/* The salt of a node's work on a task. */
static inline uint64_t crew_salt(struct crew *c, unsigned i, uint64_t task)
{
    if (crew_nondet(c, task))
        return 1000 + sim_below(c->s, 3);
    return c->work[i] == WORK_WRONG ? 666 : 0;
}

static inline void crew_commit_now(struct crew *c, unsigned i, const struct og_lease *ls,
                                   const struct og_task *t)
{
    struct sim *s = c->s;
    struct secret *k = crew_at(&c->lease, &c->lease_cap, ls->id);
    uint64_t count = ls->count;
    uint64_t run = s->now_ms - ls->started_ms;
    k->salt = crew_salt(c, i, ls->task);
    k->made = true;
    if ((c->work[i] == WORK_PREFIX || sim_one_in(s, 12)) && count > 1)
        count = 1 + sim_below(s, count);
    if (c->work[i] == WORK_INFLATE)
        run = 86400000;
    else if (sim_one_in(s, 4))
        run = sim_below(s, run + 10);
    sim_send(s, s->node[i].acct, OG_TX_RESULT_COMMIT,
             crew_commit(s, ls, t, i, k->salt, count, run));
}

static inline void crew_running(struct crew *c, unsigned i, const struct og_lease *ls,
                                const struct og_task *t)
{
    static const char *const whys[] = {"time", "memory", "output", "input"};
    struct sim *s = c->s;
    unsigned who = s->node[i].acct;
    if (c->work[i] == WORK_NO_RENEW)
        return;
    if (c->work[i] == WORK_FAIL || sim_one_in(s, 40))
        sim_send(s, who, OG_TX_RESULT_FAIL,
                 json_pack("{s:I,s:s}", "lease", (json_int_t)ls->id, "why",
                           whys[sim_below(s, 20) ? 0 : sim_below(s, 4)]));
    else if (sim_one_in(s, 40))
        sim_send(s, who, OG_TX_LEASE_RELEASE, crew_leases(ls->id));
    else if (sim_one_in(s, 3))
        sim_send(s, who, OG_TX_LEASE_RENEW, crew_leases(ls->id));
    else
        crew_commit_now(c, i, ls, t);
}

static inline void crew_committed(struct crew *c, unsigned i, const struct og_lease *ls,
                                  const struct og_task *t)
{
    struct sim *s = c->s;
    struct secret *k = crew_at(&c->lease, &c->lease_cap, ls->id);
    if (ls->checked == 0 && ls->method >= OG_VERIFY_EXACT && ls->method <= OG_VERIFY_CMD &&
        sim_below(s, 8))
        return; /* not drawn yet */
    bool friendly = ls->drawn.n < 8 || og_get_be64(ls->drawn.p) % 2 == 0;
    if (c->work[i] == WORK_NO_REVEAL || (c->work[i] == WORK_SELECTIVE && !friendly))
        return;
    sim_send(
        s, s->node[i].acct, OG_TX_RESULT_REVEAL,
        crew_reveal(s, ls, t, sim_one_in(s, 30) ? k->salt + 1 : k->salt, sim_one_in(s, 8) ? 3 : 0));
}

static inline void crew_lease(struct crew *c, unsigned i, uint64_t id)
{
    struct sim *s = c->s;
    struct og_lease ls = {.id = id};
    sim_row(s, OG_F_LEASE, &ls);
    struct og_task t = {.id = ls.task};
    sim_row(s, OG_F_TASK, &t);
    unsigned who = s->node[i].acct;
    if (c->work[i] == WORK_RELEASE && ls.state <= OG_LEASE_RUNNING)
        sim_send(s, who, OG_TX_LEASE_RELEASE, crew_leases(id));
    else if (ls.state == OG_LEASE_MATCHED && c->work[i] == WORK_FAIL)
        sim_send(s, who, OG_TX_RESULT_FAIL,
                 json_pack("{s:I,s:s}", "lease", (json_int_t)id, "why",
                           sim_one_in(s, 2) ? "input" : "time"));
    else if (ls.state == OG_LEASE_MATCHED && c->work[i] != WORK_NO_START)
        sim_send(s, who, OG_TX_LEASE_START, crew_leases(id));
    else if (ls.state == OG_LEASE_RUNNING)
        crew_running(c, i, &ls, &t);
    else if (ls.state == OG_LEASE_COMMITTED)
        crew_committed(c, i, &ls, &t);
    OG_RELEASE(OG_F_TASK, &t);
    OG_RELEASE(OG_F_LEASE, &ls);
}

/* The salt that a verifier believes in; its word on what it saw. */
static inline void crew_opinion(struct crew *c, unsigned i, const struct og_lease *ls,
                                struct secret *k)
{
    static const uint8_t votes[] = {OG_VOTE_OK, OG_VOTE_GREY, OG_VOTE_BAD, OG_VOTE_ABSENT};
    struct secret *w = crew_at(&c->lease, &c->lease_cap, ls->id);
    bool right = w->salt == 0;
    if (k->made)
        return;
    k->made = true;
    k->vote = right ? OG_VOTE_OK : OG_VOTE_BAD;
    if (crew_nondet(c, ls->task)) {
        k->salt = 1000 + sim_below(c->s, 3);
        k->vote = votes[sim_below(c->s, 4)];
    }
    switch (c->check[i]) {
    case CHECK_YES:
        k->salt = 2000 + sim_below(c->s, 2);
        k->vote = OG_VOTE_OK;
        break;
    case CHECK_NO:
        k->salt = 3000 + i;
        k->vote = OG_VOTE_BAD;
        break;
    case CHECK_GONE: k->vote = OG_VOTE_ABSENT; break;
    case CHECK_COLLUDE:
        k->salt = 666;
        k->vote = w->salt == 666 ? OG_VOTE_OK : OG_VOTE_BAD;
        break;
    case CHECK_HONEST:
    case CHECK_ABSENT:
    case CHECK_HALF:
    case CHECK_TRAITS: break;
    }
}

static inline void crew_duty(struct crew *c, unsigned i, uint64_t lease, uint64_t turn)
{
    struct sim *s = c->s;
    struct og_lease ls = {.id = lease};
    struct og_check k = {.lease = lease, .turn = turn};
    sim_row(s, OG_F_LEASE, &ls);
    sim_row(s, OG_F_CHECK, &k);
    struct og_task t = {.id = ls.task};
    sim_row(s, OG_F_TASK, &t);
    bool early = ls.state != OG_LEASE_REVEALED &&
                 (ls.method != OG_VERIFY_EXACT || k.state == OG_CHECK_HASHED) && sim_below(s, 8);
    struct secret *m = crew_at(&c->duty, &c->duty_cap, lease * SIM_NODES + i);
    unsigned who = s->node[i].acct;
    crew_opinion(c, i, &ls, m);
    bool absent = m->vote == OG_VOTE_ABSENT;
    struct og_hash value = {{0}};
    if (!absent)
        value = crew_value(s, &ls, &t, m->salt);
    if (early)
        ; /* nothing to look at yet */
    else if (ls.method == OG_VERIFY_EXACT && k.state == OG_CHECK_ASKED)
        sim_send(s, who, OG_TX_VERDICT_COMMIT, crew_verdict_commit(s, lease, i, &value));
    else if (ls.method == OG_VERIFY_EXACT && c->check[i] != CHECK_HALF)
        sim_send(s, who, OG_TX_VERDICT,
                 crew_verdict(s, lease, i, absent ? NULL : &value, absent ? "absent" : NULL,
                              sim_one_in(s, 3) ? sim_below(s, 100000) : 0));
    else if (ls.method != OG_VERIFY_EXACT)
        sim_send(s, who, OG_TX_VERDICT, crew_verdict(s, lease, i, NULL, og_vote_names[m->vote], 0));
    OG_RELEASE(OG_F_TASK, &t);
    OG_RELEASE(OG_F_LEASE, &ls);
}

/* Takes tasks without a round: mostly of its own owner, now and then anybody's. */
static inline void crew_own(struct crew *c, unsigned i)
{
    struct sim *s = c->s;
    uint64_t id[32];
    size_t n;
    json_t *list = json_array();
    bool greedy = sim_one_in(s, 10);
    SIM_OK(s, og_query(s->st, OG_Q_OPEN_TASKS, NULL, 0, id, 1, 32, &n, SIM_ERR));
    for (size_t k = 0; k < n && json_array_size(list) < 4; k++) {
        struct og_task t = {.id = id[k]};
        sim_row(s, OG_F_TASK, &t);
        if (greedy || og_addr_eq(&t.owner, &s->acct[s->node[i].owner].addr))
            json_array_append_new(list, json_pack("{s:I,s:i,s:I}", "node",
                                                  (json_int_t)s->node[i].id, "slot",
                                                  (int)sim_below(s, 2), "task", (json_int_t)id[k]));
        OG_RELEASE(OG_F_TASK, &t);
    }
    if (json_array_size(list) || greedy)
        sim_send(s, s->node[i].acct, OG_TX_LEASE_START, json_pack("{s:o}", "own", list));
    else
        json_decref(list);
}

/* Everything that node i sees to do, each with some chance. */
static inline void crew_node(struct crew *c, unsigned i)
{
    struct sim *s = c->s;
    uint64_t row[32][2];
    size_t n;
    SIM_OK(s, og_query(s->st, OG_Q_LEASES_OF_NODE, (uint64_t[]){s->node[i].id, 0}, 2, &row[0][0], 2,
                       32, &n, SIM_ERR));
    for (size_t k = 0; k < n; k++)
        if (sim_below(s, 4))
            crew_lease(c, i, row[k][0]);
    SIM_OK(s, og_query(s->st, OG_Q_CHECKS_FOR, (uint64_t[]){s->node[i].id, 0}, 2, &row[0][0], 2, 32,
                       &n, SIM_ERR));
    for (size_t k = 0; k < n; k++)
        if (c->check[i] != CHECK_ABSENT && sim_below(s, 4))
            crew_duty(c, i, row[k][0], row[k][1]);
    if (sim_one_in(s, 8))
        crew_own(c, i);
}

static inline json_t *crew_ints(const int64_t *v, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_integer((json_int_t)v[i]));
    return list;
}

/* The round's certificate by a node; spoil: one number is wrong. */
static inline enum og_rc crew_match(struct sim *s, unsigned i, bool spoil)
{
    struct og_round r;
    int64_t *c;
    int64_t *wait;
    bool found;
    SIM_OK(s, og_view_round(s->l, &r, &c, &wait, &found, SIM_ERR));
    enum og_rc rc = OG_NO;
    if (found) {
        int32_t *x = og_xcalloc(r.rows, sizeof *x);
        int64_t *x64 = og_xcalloc(r.rows, sizeof *x64);
        int64_t *u = og_xcalloc(r.rows, sizeof *u);
        int64_t *v = og_xcalloc(r.cols, sizeof *v);
        SIM_OK(s, og_hungarian_solve(r.rows, r.cols, c, wait, x, u, v, SIM_ERR));
        for (size_t k = 0; k < r.rows; k++)
            x64[k] = x[k];
        if (spoil)
            u[sim_below(s, r.rows)] += 1;
        rc = sim_send(s, s->node[i].acct, OG_TX_MATCH_COMMIT,
                      json_pack("{s:I,s:o,s:o,s:o}", "round", (json_int_t)r.id, "x",
                                crew_ints(x64, r.rows), "u", crew_ints(u, r.rows), "v",
                                crew_ints(v, r.cols)));
        free(x);
        free(x64);
        free(u);
        free(v);
    }
    free(c);
    free(wait);
    OG_RELEASE(OG_F_ROUND, &r);
    return rc;
}

#endif
