/* ledger_lease.c - a lease from its start to its reveal: transactions and deadlines. */
#include "ledger/ledger_int.h"

#include "check/check_draw.h"
#include "check/check_result.h"
#include "crypto/crypto_merkle.h"
#include "json/json_get.h"

#include <stdlib.h>
#include <string.h>

#define LEASES_MAX 4096

enum og_rc og_led_lease(struct og_ledger *l, uint64_t id, struct og_lease *ls, struct og_err *err)
{
    memset(ls, 0, sizeof *ls);
    ls->id = id;
    bool found;
    OG_TRY(og_row_get(l->st, OG_F_LEASE, ls, &found, err));
    return found ? OG_OK : OG_REFUSE(err, "there is no lease %llu", (unsigned long long)id);
}

void og_led_deadline(struct og_ledger *l, uint64_t blocks, uint64_t ms, uint64_t *h, uint64_t *at)
{
    *h = l->height + blocks;
    *at = l->now_ms + ms;
}

enum og_rc og_led_free_slot(struct og_ledger *l, const struct og_lease *ls, struct og_err *err)
{
    struct og_slot s = {.node = ls->node, .idx = ls->slot};
    bool found;
    OG_TRY(og_row_get(l->st, OG_F_SLOT, &s, &found, err));
    if (!found || s.lease != ls->id)
        return OG_OK;
    OG_TRY(og_led_slot_left(l, ls, &s, err));
    return og_row_put(l->st, OG_F_SLOT, &s, err);
}

enum og_rc og_led_lease_end(struct og_ledger *l, struct og_lease *ls, enum og_lease_state state,
                            struct og_err *err)
{
    struct og_node n;
    ls->state = state;
    ls->end_h = l->height;
    ls->dl_h = ls->dl_ms = OG_NEVER;
    OG_TRY(og_row_put(l->st, OG_F_LEASE, ls, err));
    OG_TRY(og_led_free_slot(l, ls, err));
    OG_TRY(og_led_free_checks(l, ls, err));
    OG_TRY(og_led_node(l, ls->node, &n, err));
    n.locked -= og_min_u64(n.locked, ls->lock);
    if (state == OG_LEASE_PAID)
        n.work_done = og_min_u64(OG_VALUE_MAX, n.work_done + ls->units);
    enum og_rc rc = og_led_leave_if_idle(l, &n, err);
    if (rc == OG_OK)
        rc = og_row_put(l->st, OG_F_NODE, &n, err);
    OG_RELEASE(OG_F_NODE, &n);
    return rc;
}

/* A lease of the sender's node in one of two states. */
static enum og_rc own_lease(struct og_txn *x, uint64_t id, enum og_lease_state a,
                            enum og_lease_state b, struct og_lease *ls, struct og_node *n,
                            struct og_err *err)
{
    OG_TRY(og_led_lease(x->l, id, ls, err));
    enum og_rc rc = og_led_node(x->l, ls->node, n, err);
    if (rc == OG_OK && !og_addr_eq(&n->addr, &x->tx->from))
        rc = OG_REFUSE(err, "lease %llu is not of the sender", (unsigned long long)id);
    else if (rc == OG_OK && ls->state != a && ls->state != b)
        rc = OG_REFUSE(err, "lease %llu is %s", (unsigned long long)id,
                       og_lease_state_names[ls->state]);
    if (rc != OG_OK) {
        OG_RELEASE(OG_F_LEASE, ls);
        OG_RELEASE(OG_F_NODE, n);
    }
    return rc;
}

typedef enum og_rc (*lease_fn)(struct og_txn *x, uint64_t id, struct og_err *err);

static enum og_rc each_lease(struct og_txn *x, lease_fn fn, struct og_err *err)
{
    const json_t *list;
    OG_TRY(og_json_arr(x->body, "leases", LEASES_MAX, &list, err));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *v = json_array_get(list, i);
        if (!json_is_integer(v) || json_integer_value(v) <= 0)
            return OG_REFUSE(err, "'leases' must be a list of numbers");
        OG_TRY(fn(x, (uint64_t)json_integer_value(v), err));
    }
    return json_array_size(list) ? OG_OK : OG_REFUSE(err, "'leases' is empty");
}

static enum og_rc only_leases(struct og_txn *x, lease_fn fn, struct og_err *err)
{
    static const char *const members[] = {"leases", NULL};
    OG_TRY(og_json_only(x->body, members, err));
    return each_lease(x, fn, err);
}

/* The earlier of the renewal and the last moment. */
static void run_deadline(struct og_ledger *l, struct og_lease *ls)
{
    og_led_deadline(l, 120, 120000, &ls->dl_h, &ls->dl_ms);
    if (ls->hard_dl_ms < ls->dl_ms) {
        ls->dl_ms = ls->hard_dl_ms;
        ls->dl_h = ls->hard_dl_h;
    }
}

enum og_rc og_led_start(struct og_ledger *l, struct og_lease *ls, struct og_err *err)
{
    struct og_task t;
    OG_TRY(og_led_task(l, ls->task, &t, err));
    ls->state = OG_LEASE_RUNNING;
    ls->started_ms = l->now_ms;
    og_led_deadline(l, 120, ls->count * t.limit_ms * 5 / 4 + 60000, &ls->hard_dl_h,
                    &ls->hard_dl_ms);
    run_deadline(l, ls);
    OG_RELEASE(OG_F_TASK, &t);
    return og_row_put(l->st, OG_F_LEASE, ls, err);
}

static enum og_rc start_one(struct og_txn *x, uint64_t id, struct og_err *err)
{
    struct og_lease ls;
    struct og_node n;
    OG_TRY(own_lease(x, id, OG_LEASE_MATCHED, OG_LEASE_MATCHED, &ls, &n, err));
    OG_RELEASE(OG_F_NODE, &n);
    enum og_rc rc = og_led_start(x->l, &ls, err);
    OG_RELEASE(OG_F_LEASE, &ls);
    return rc;
}

enum og_rc og_tx_lease_start(struct og_txn *x, struct og_err *err)
{
    static const char *const members[] = {"leases", "own", NULL};
    const json_t *own = NULL;
    OG_TRY(og_json_only(x->body, members, err));
    if (json_object_get(x->body, "own"))
        OG_TRY(og_json_arr(x->body, "own", LEASES_MAX, &own, err));
    if (!own || json_object_get(x->body, "leases"))
        OG_TRY(each_lease(x, start_one, err));
    return own ? og_led_take_own(x, own, err) : OG_OK;
}

static enum og_rc renew_one(struct og_txn *x, uint64_t id, struct og_err *err)
{
    struct og_lease ls;
    struct og_node n;
    OG_TRY(own_lease(x, id, OG_LEASE_RUNNING, OG_LEASE_RUNNING, &ls, &n, err));
    OG_RELEASE(OG_F_NODE, &n);
    run_deadline(x->l, &ls);
    enum og_rc rc = og_row_put(x->l->st, OG_F_LEASE, &ls, err);
    OG_RELEASE(OG_F_LEASE, &ls);
    return rc;
}

enum og_rc og_tx_lease_renew(struct og_txn *x, struct og_err *err)
{
    return only_leases(x, renew_one, err);
}

/* Over 8 and over 1/8 of an epoch's leases given back: no matches for one epoch. */
static enum og_rc count_release(struct og_ledger *l, struct og_node *n, struct og_err *err)
{
    uint64_t epoch;
    n->epoch_released++;
    OG_TRY(og_led_get(l, "epoch", &epoch, err));
    if (n->epoch_released > 8 && n->epoch_released * 8 > n->epoch_leases)
        n->barred_epoch = epoch + 1;
    return og_row_put(l->st, OG_F_NODE, n, err);
}

static enum og_rc release_one(struct og_txn *x, uint64_t id, struct og_err *err)
{
    struct og_lease ls;
    struct og_node n;
    struct og_task t;
    OG_TRY(own_lease(x, id, OG_LEASE_MATCHED, OG_LEASE_RUNNING, &ls, &n, err));
    enum og_rc rc = og_led_task(x->l, ls.task, &t, err);
    if (rc == OG_OK && !og_addr_eq(&t.owner, &n.owner))
        rc = count_release(x->l, &n, err);
    OG_RELEASE(OG_F_TASK, &t);
    OG_RELEASE(OG_F_NODE, &n);
    if (rc == OG_OK)
        rc = og_led_requeue(x->l, &ls, ls.first, ls.count, false, true, err);
    if (rc == OG_OK)
        rc = og_led_lease_end(x->l, &ls, OG_LEASE_RELEASED, err);
    OG_RELEASE(OG_F_LEASE, &ls);
    return rc;
}

enum og_rc og_tx_lease_release(struct og_txn *x, struct og_err *err)
{
    return only_leases(x, release_one, err);
}

/* The part of v that the first count of all elements take; what is left goes to the others. */
static uint64_t split(uint64_t *v, uint64_t count, uint64_t all)
{
    uint64_t part = og_muldiv(*v, count, all);
    *v -= part;
    return part;
}

/* A and L divided by count, remainders to the second part, which waits again; so is what an
 * earlier worker claims and what checks took. */
static enum og_rc split_lease(struct og_txn *x, struct og_lease *ls, struct og_node *n,
                              uint64_t count, struct og_err *err)
{
    struct og_lease rest = *ls;
    uint64_t spent = ls->check_no ? ls->check_no - 1 : 0;
    uint64_t all = ls->count;
    rest.count = all - count;
    rest.first = ls->first + count;
    ls->count = count;
    ls->amount = split(&rest.amount, count, all);
    ls->lock = split(&rest.lock, count, all);
    ls->fail_pay = split(&rest.fail_pay, count, all);
    if (ls->check_no) {
        ls->check_no = 1 + split(&spent, count, all);
        rest.check_no = 1 + spent;
    }
    n->locked -= og_min_u64(n->locked, rest.lock);
    OG_TRY(og_row_put(x->l->st, OG_F_NODE, n, err));
    return og_led_requeue(x->l, &rest, rest.first, rest.count, false, false, err);
}

/* T = min(run_ms, count·limit, now − max(started, sold)); sold moves on by it. */
static enum og_rc credit_time(struct og_ledger *l, struct og_lease *ls, const struct og_task *t,
                              struct og_err *err)
{
    struct og_slot s = {.node = ls->node, .idx = ls->slot};
    OG_TRY(og_row_need(l->st, OG_F_SLOT, &s, err));
    uint64_t from = og_max_u64(ls->started_ms, s.sold_ms);
    uint64_t passed = l->now_ms > from ? l->now_ms - from : 0;
    ls->credited_ms = og_min_u64(og_min_u64(ls->run_ms, ls->count * t->limit_ms), passed);
    s.sold_ms = from + ls->credited_ms;
    OG_TRY(og_led_slot_left(l, ls, &s, err));
    ls->units = og_pay_units(l, ls, t, ls->count);
    ls->pay = og_pay_grains(l, ls);
    return og_row_put(l->st, OG_F_SLOT, &s, err);
}

static bool is_drawn_method(uint64_t method)
{
    return method == OG_VERIFY_EXACT || method == OG_VERIFY_VOTE || method == OG_VERIFY_CMD;
}

static enum og_rc commit_one(struct og_txn *x, const json_t *o, struct og_err *err)
{
    static const char *const members[] = {"count", "hash", "lease", "run_ms", NULL};
    struct og_lease ls;
    struct og_node n;
    struct og_task t = {0};
    uint64_t id;
    uint64_t count;
    OG_TRY(og_json_only(o, members, err));
    OG_TRY(og_json_u64(o, "lease", (uint64_t)1 << 53, &id, err));
    OG_TRY(own_lease(x, id, OG_LEASE_RUNNING, OG_LEASE_RUNNING, &ls, &n, err));
    enum og_rc rc = og_json_u64(o, "count", ls.count, &count, err);
    if (rc == OG_OK && count == 0)
        rc = OG_REFUSE(err, "'count' must be above 0");
    if (rc == OG_OK)
        rc = og_json_u64(o, "run_ms", (uint64_t)1 << 53, &ls.run_ms, err);
    if (rc == OG_OK)
        rc = og_json_hex(o, "hash", ls.commit.b, OG_HASH_LEN, err);
    if (rc == OG_OK && count < ls.count)
        rc = split_lease(x, &ls, &n, count, err);
    if (rc == OG_OK)
        rc = og_led_task(x->l, ls.task, &t, err);
    if (rc == OG_OK)
        rc = credit_time(x->l, &ls, &t, err);
    if (rc == OG_OK) {
        ls.state = OG_LEASE_COMMITTED;
        ls.commit_h = x->l->height;
        ls.commit_ms = x->l->now_ms;
        ls.dl_h = ls.dl_ms = OG_NEVER;
        if (!is_drawn_method(ls.method))
            og_led_deadline(x->l, 200, 600000, &ls.dl_h, &ls.dl_ms);
        rc = og_row_put(x->l->st, OG_F_LEASE, &ls, err);
    }
    OG_RELEASE(OG_F_TASK, &t);
    OG_RELEASE(OG_F_NODE, &n);
    OG_RELEASE(OG_F_LEASE, &ls);
    return rc;
}

typedef enum og_rc (*entry_fn)(struct og_txn *x, const json_t *o, struct og_err *err);

static enum og_rc each_entry(struct og_txn *x, const char *key, entry_fn fn, struct og_err *err)
{
    const char *const members[] = {key, NULL};
    const json_t *list;
    OG_TRY(og_json_only(x->body, members, err));
    OG_TRY(og_json_arr(x->body, key, LEASES_MAX, &list, err));
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!json_is_object(json_array_get(list, i)))
            return OG_REFUSE(err, "'%s' must be a list of objects", key);
        OG_TRY(fn(x, json_array_get(list, i), err));
    }
    return json_array_size(list) ? OG_OK : OG_REFUSE(err, "'%s' is empty", key);
}

enum og_rc og_tx_result_commit(struct og_txn *x, struct og_err *err)
{
    return each_entry(x, "results", commit_one, err);
}

/* Leaves of this lease's result tree. */
static uint64_t lease_leaves(const struct og_lease *ls, const struct og_task *t)
{
    return t->kernel ? og_view_leaves(t) : ls->count;
}

enum og_rc og_view_drawn_leaves(const struct og_lease *ls, const struct og_task *t,
                                uint64_t n_leaves, uint64_t **leaf, size_t *n, struct og_err *err)
{
    (void)err;
    uint64_t k = og_check_leaves(OG_VERIFY_EXACT, (uint32_t)t->samples, n_leaves);
    *leaf = calloc(k ? k : 1, sizeof **leaf);
    *n = 0;
    if (!*leaf)
        return og_err_set(err, OG_E_INTERNAL, "out of memory");
    *n = og_draw_leaves(&ls->seed, n_leaves, k, *leaf);
    return OG_OK;
}

static enum og_rc read_path(const json_t *o, uint64_t total, struct og_merkle_path *p,
                            struct og_hash *leaf, struct og_err *err)
{
    static const char *const members[] = {"aunts", "index", "leaf", NULL};
    const json_t *aunts;
    memset(p, 0, sizeof *p);
    p->total = total;
    OG_TRY(og_json_only(o, members, err));
    OG_TRY(og_json_u64(o, "index", total - 1, &p->index, err));
    OG_TRY(og_json_hex(o, "leaf", leaf->b, OG_HASH_LEN, err));
    OG_TRY(og_json_arr(o, "aunts", OG_MERKLE_PATH_MAX, &aunts, err));
    p->n = json_array_size(aunts);
    for (size_t i = 0; i < p->n; i++) {
        const char *s = json_string_value(json_array_get(aunts, i));
        if (!s || !og_hex_decode(s, strlen(s), p->aunt[i].b, OG_HASH_LEN))
            return OG_REFUSE(err, "'aunts' must be hex hashes");
    }
    return OG_OK;
}

/* The value of the drawn leaves: the root when all are drawn, else SHA-256 of their hashes. */
static enum og_rc drawn_value(const json_t *paths, struct og_lease *ls, const struct og_task *t,
                              struct og_err *err)
{
    uint64_t total = lease_leaves(ls, t);
    uint64_t *want;
    size_t n;
    OG_TRY(og_view_drawn_leaves(ls, t, total, &want, &n, err));
    enum og_rc rc = OG_OK;
    if (n == total) {
        ls->value = ls->root;
        if (json_array_size(paths))
            rc = OG_REFUSE(err, "'paths' must be empty when every leaf is drawn");
        free(want);
        return rc;
    }
    if (json_array_size(paths) != n)
        rc = OG_REFUSE(err, "'paths' must hold the %zu drawn leaves", n);
    struct og_hasher h;
    og_hasher_init(&h);
    for (size_t i = 0; rc == OG_OK && i < n; i++) {
        struct og_merkle_path p;
        struct og_hash leaf;
        rc = read_path(json_array_get(paths, i), total, &p, &leaf, err);
        if (rc == OG_OK && (p.index != want[i] || !og_merkle_verify(&ls->root, &leaf, &p)))
            rc = OG_REFUSE(err, "path %zu does not lead to the root", i);
        og_hasher_hash(&h, &leaf);
    }
    ls->value = og_hasher_final(&h);
    free(want);
    return rc;
}

static bool opens_commit(struct og_ledger *l, const struct og_lease *ls, const struct og_node *n,
                         const struct og_hash *nonce)
{
    struct og_hasher h;
    og_hasher_init(&h);
    og_hasher_tag(&h, "ogpu-commit");
    og_hasher_hash(&h, &l->chain);
    og_hasher_u64(&h, ls->id);
    og_hasher_add(&h, n->addr.b, OG_ADDR_LEN);
    og_hasher_hash(&h, nonce);
    og_hasher_hash(&h, &ls->root);
    struct og_hash got = og_hasher_final(&h);
    return memcmp(got.b, ls->commit.b, OG_HASH_LEN) == 0;
}

/* exact and drawn: only after the verifier committed to its own value. */
static enum og_rc may_reveal(struct og_ledger *l, const struct og_lease *ls, struct og_err *err)
{
    if (!is_drawn_method(ls->method) || ls->checked == 1)
        return OG_OK;
    if (ls->checked == 0)
        return OG_REFUSE(err, "lease %llu is not drawn yet", (unsigned long long)ls->id);
    if (ls->method != OG_VERIFY_EXACT)
        return OG_OK;
    uint64_t turn[16];
    size_t n;
    OG_TRY(og_query(l->st, OG_Q_CHECKS_OF, (uint64_t[]){ls->id}, 1, turn, 1, 16, &n, err));
    for (size_t i = 0; i < n; i++) {
        struct og_check c = {.lease = ls->id, .turn = turn[i]};
        OG_TRY(og_row_need(l->st, OG_F_CHECK, &c, err));
        if (c.state == OG_CHECK_HASHED)
            return OG_OK;
    }
    return OG_REFUSE(err, "the verifier of lease %llu has not committed yet",
                     (unsigned long long)ls->id);
}

static enum og_rc reveal_read(struct og_txn *x, const json_t *o, struct og_lease *ls,
                              const struct og_node *n, struct og_err *err)
{
    static const char *const members[] = {"exits", "lease", "nonce", "paths", "root", NULL};
    struct og_hash nonce;
    const json_t *paths;
    struct og_task t;
    OG_TRY(og_json_only(o, members, err));
    OG_TRY(og_json_hex(o, "nonce", nonce.b, OG_HASH_LEN, err));
    OG_TRY(og_json_hex(o, "root", ls->root.b, OG_HASH_LEN, err));
    OG_TRY(og_json_u64(o, "exits", 255, &ls->exits, err));
    OG_TRY(og_json_arr(o, "paths", OG_CHECK_PATHS_MAX, &paths, err));
    if (!opens_commit(x->l, ls, n, &nonce))
        return OG_REFUSE(err, "lease %llu: not what was committed", (unsigned long long)ls->id);
    OG_TRY(may_reveal(x->l, ls, err));
    if (ls->method != OG_VERIFY_EXACT || ls->checked != 2)
        return OG_OK;
    OG_TRY(og_led_task(x->l, ls->task, &t, err));
    enum og_rc rc = drawn_value(paths, ls, &t, err);
    OG_RELEASE(OG_F_TASK, &t);
    return rc;
}

static enum og_rc reveal_one(struct og_txn *x, const json_t *o, struct og_err *err)
{
    struct og_lease ls;
    struct og_node n;
    uint64_t id;
    OG_TRY(og_json_u64(o, "lease", (uint64_t)1 << 53, &id, err));
    OG_TRY(own_lease(x, id, OG_LEASE_COMMITTED, OG_LEASE_COMMITTED, &ls, &n, err));
    enum og_rc rc = reveal_read(x, o, &ls, &n, err);
    if (rc == OG_OK) {
        ls.state = OG_LEASE_REVEALED;
        ls.dl_h = ls.dl_ms = OG_NEVER;
        rc = og_led_after_reveal(x->l, &ls, err);
    }
    OG_RELEASE(OG_F_NODE, &n);
    OG_RELEASE(OG_F_LEASE, &ls);
    return rc;
}

enum og_rc og_tx_result_reveal(struct og_txn *x, struct og_err *err)
{
    return each_entry(x, "reveals", reveal_one, err);
}

/* Own node: its word is enough. Otherwise a second owner must say the same. */
static enum og_rc job_fault(struct og_txn *x, struct og_lease *ls, const struct og_node *n,
                            uint64_t why, uint64_t pay, struct og_err *err)
{
    struct og_task t;
    struct og_node first = {0};
    OG_TRY(og_led_task(x->l, ls->task, &t, err));
    bool own = og_addr_eq(&t.owner, &n->owner);
    OG_RELEASE(OG_F_TASK, &t);
    struct og_split s = {.to_worker = pay / 2};
    bool second = false;
    if (ls->fail_why == why) {
        OG_TRY(og_led_node(x->l, ls->fail_node, &first, err));
        second = !og_addr_eq(&first.owner, &n->owner);
        OG_RELEASE(OG_F_NODE, &first);
    }
    if (second) {
        s.to_first = ls->fail_pay / 2;
        s.first_node = ls->fail_node;
    }
    if (own || second)
        ls->fail_why = why;
    if (own || second)
        return og_led_fail_range(x->l, ls, &s, OG_LEASE_FAILED, err);
    if (!ls->check_no) { /* a check's no stands: that worker is named there */
        ls->fail_why = why;
        ls->fail_node = ls->node;
        ls->fail_pay = pay;
    }
    OG_TRY(og_led_requeue(x->l, ls, ls->first, ls->count, false, true, err));
    return og_led_lease_end(x->l, ls, OG_LEASE_REJECTED, err);
}

enum og_rc og_tx_result_fail(struct og_txn *x, struct og_err *err)
{
    static const char *const members[] = {"lease", "why", NULL};
    static const char *const whys[] = {"", "input", "time", "memory", "output"};
    const char *why;
    struct og_lease ls;
    struct og_node n;
    struct og_task t = {0};
    uint64_t id;
    uint64_t code = 1;
    OG_TRY(og_json_only(x->body, members, err));
    OG_TRY(og_json_u64(x->body, "lease", (uint64_t)1 << 53, &id, err));
    OG_TRY(og_json_str(x->body, "why", 16, &why, err));
    while (code <= OG_FAIL_OUTPUT && strcmp(whys[code], why) != 0)
        code++;
    if (code > OG_FAIL_OUTPUT)
        return OG_REFUSE(err, "'why' must be input, time, memory or output");
    enum og_lease_state in = code == OG_FAIL_INPUT ? OG_LEASE_MATCHED : OG_LEASE_RUNNING;
    OG_TRY(own_lease(x, id, in, in, &ls, &n, err));
    enum og_rc rc = OG_OK;
    if (code != OG_FAIL_INPUT) {
        ls.run_ms = OG_NEVER;
        rc = og_led_task(x->l, ls.task, &t, err);
        if (rc == OG_OK)
            rc = credit_time(x->l, &ls, &t, err);
        ls.run_ms = ls.credited_ms;
        OG_RELEASE(OG_F_TASK, &t);
    }
    if (rc == OG_OK)
        rc = job_fault(x, &ls, &n, code, ls.pay, err);
    OG_RELEASE(OG_F_NODE, &n);
    OG_RELEASE(OG_F_LEASE, &ls);
    return rc;
}

/* A/100 of the bond to the treasury; the elements wait again, attempt + 1. */
enum og_rc og_led_lease_late(struct og_ledger *l, struct og_lease *ls, struct og_err *err)
{
    struct og_node n;
    struct og_task t;
    uint64_t taken;
    OG_TRY(og_led_node(l, ls->node, &n, err));
    n.locked -= og_min_u64(n.locked, ls->lock);
    ls->lock = 0;
    og_led_slash(l, &n, ls->amount / 100, &taken);
    enum og_rc rc = og_led_task(l, ls->task, &t, err);
    if (rc == OG_OK && !og_addr_eq(&t.owner, &n.owner))
        n.rel_b += 2 * (uint64_t)OG_PPM;
    OG_RELEASE(OG_F_TASK, &t);
    if (rc == OG_OK)
        rc = og_row_put(l->st, OG_F_NODE, &n, err);
    OG_RELEASE(OG_F_NODE, &n);
    if (rc == OG_OK)
        rc = og_led_to_treasury(l, taken, "late", ls->id, err);
    if (rc == OG_OK)
        rc = og_led_event(
            l, "late",
            json_pack("{s:I,s:I}", "lease", (json_int_t)ls->id, "node", (json_int_t)ls->node), err);
    if (rc == OG_OK)
        rc = og_led_requeue(l, ls, ls->first, ls->count, true, true, err);
    return rc == OG_OK ? og_led_lease_end(l, ls, OG_LEASE_LATE, err) : rc;
}

static enum og_rc lease_over(struct og_ledger *l, struct og_lease *ls, struct og_err *err)
{
    switch ((enum og_lease_state)ls->state) {
    case OG_LEASE_MATCHED:
    case OG_LEASE_RUNNING: return og_led_lease_late(l, ls, err);
    case OG_LEASE_COMMITTED:
        if (ls->checked == 2)
            return og_led_wrong(l, ls, err);
        return og_led_lease_late(l, ls, err);
    case OG_LEASE_REVEALED: return og_led_accept(l, ls, err);
    case OG_LEASE_ACCEPTED:
    case OG_LEASE_PAID:
    case OG_LEASE_RELEASED:
    case OG_LEASE_LATE:
    case OG_LEASE_WRONG:
    case OG_LEASE_REJECTED:
    case OG_LEASE_CANCELLED:
    case OG_LEASE_FAILED:
    case OG_LEASE_STATES: break;
    }
    return OG_OK;
}

enum og_rc og_led_lease_deadlines(struct og_ledger *l, struct og_err *err)
{
    uint64_t id[1024];
    size_t n;
    OG_TRY(og_query(l->st, OG_Q_LEASES_DUE, (uint64_t[]){l->height, l->now_ms}, 2, id, 1, 1024, &n,
                    err));
    for (size_t i = 0; i < n; i++) {
        struct og_lease ls;
        OG_TRY(og_led_lease(l, id[i], &ls, err));
        enum og_rc rc = lease_over(l, &ls, err);
        OG_RELEASE(OG_F_LEASE, &ls);
        OG_TRY(rc);
    }
    return OG_OK;
}
