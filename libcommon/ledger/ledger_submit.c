/* ledger_submit.c - task.submit: reads, checks and stores tasks, takes their escrow. */
#include "ledger/ledger_int.h"

#include "json/json_canon.h"
#include "json/json_get.h"

#include <stdlib.h>
#include <string.h>

struct batch {
    struct og_txn *x;
    struct og_hash spec;
    uint64_t first; /* number of the first task of this transaction */
    og_u128 escrow;
};

enum og_rc og_view_kernel(const json_t *kernel, struct og_kernel *out, struct og_err *err)
{
    static const char *const members[] = {"args", "name", NULL};
    const char *name;
    const json_t *args;
    OG_TRY(og_json_only(kernel, members, err));
    OG_TRY(og_json_str(kernel, "name", 32, &name, err));
    OG_TRY(og_json_obj(kernel, "args", &args, err));
    return og_kernel_parse(name, args, out, err);
}

bool og_led_task_kernel(const struct og_task *t, struct og_kernel *out)
{
    struct og_err ignored;
    if (!t->kernel)
        return false;
    json_t *o = json_loads(t->kernel, 0, NULL);
    bool ok = o && og_view_kernel(o, out, &ignored) == OG_OK;
    json_decref(o);
    return ok;
}

uint64_t og_view_leaves(const struct og_task *t)
{
    struct og_kernel k;
    if (og_led_task_kernel(t, &k))
        return og_kernel_leaves(&k);
    return og_min_u64(t->count, t->chunk);
}

unsigned og_view_method(const struct og_task *t, const struct og_addr *node_owner)
{
    struct og_kernel k;
    bool is = og_led_task_kernel(t, &k);
    return og_check_resolve((enum og_verify)t->verify, og_addr_eq(&t->owner, node_owner),
                            is ? k.shape.automatic : OG_VERIFY_ACCEPT);
}

static enum og_rc read_needs(const json_t *o, struct og_task *t, struct og_err *err)
{
    static const char *const members[] = {"cores", "gpu_mem_bytes", "gpu_ppm", "mem_bytes", NULL};
    const json_t *needs;
    OG_TRY(og_json_obj_opt(o, "needs", &needs, err));
    if (!needs)
        return OG_OK;
    OG_TRY(og_json_only(needs, members, err));
    OG_TRY(og_json_u64_or(needs, "cores", 65536, 0, &t->cores, err));
    OG_TRY(og_json_u64_or(needs, "mem_bytes", (uint64_t)1 << 52, 0, &t->mem_bytes, err));
    OG_TRY(og_json_u64_or(needs, "gpu_ppm", 1024u * OG_PPM, 0, &t->gpu_ppm, err));
    return og_json_u64_or(needs, "gpu_mem_bytes", (uint64_t)1 << 52, 0, &t->gpu_mem_bytes, err);
}

static enum og_rc read_verify(const json_t *o, struct og_task *t, struct og_err *err)
{
    static const char *const members[] = {"limit_ms", "sha256", NULL};
    const char *s;
    const json_t *check;
    enum og_verify v = OG_VERIFY_AUTO;
    OG_TRY(og_json_str_opt(o, "verify", 8, &s, err));
    if (s && !og_verify_parse(s, &v))
        return OG_REFUSE(err, "'verify' must be own, exact, vote, cmd, accept or auto");
    t->verify = v;
    OG_TRY(og_json_u64_or(o, "samples", OG_CHECK_PATHS_MAX, 0, &t->samples, err));
    OG_TRY(og_json_obj_opt(o, "check", &check, err));
    if ((v == OG_VERIFY_CMD) != (check != NULL))
        return OG_REFUSE(err, "'verify' cmd and 'check' belong together");
    if (!check)
        return OG_OK;
    OG_TRY(og_json_only(check, members, err));
    OG_TRY(og_json_hex(check, "sha256", t->check_hash.b, OG_HASH_LEN, err));
    return og_json_u64(check, "limit_ms", 86400000, &t->check_limit_ms, err);
}

static enum og_rc read_kernel(const json_t *o, struct og_task *t, struct og_err *err)
{
    const json_t *kernel;
    struct og_kernel k;
    OG_TRY(og_json_obj_opt(o, "kernel", &kernel, err));
    OG_TRY(og_json_dec_or(o, "work_mflop", 0, &t->work, err));
    if (t->work >> 60)
        return OG_REFUSE(err, "'work_mflop' must be below 2^60");
    if (!kernel)
        return OG_OK;
    OG_TRY(og_view_kernel(kernel, &k, err));
    t->work = k.shape.work_mflop;
    if (t->count != 1)
        return OG_REFUSE(err, "a kernel's 'count' must be 1");
    struct og_buf b = OG_BUF_INIT;
    enum og_rc rc = og_json_canon(kernel, &b, err);
    if (rc == OG_OK)
        og_row_set_text(&t->kernel, b.p);
    og_buf_release(&b);
    return rc;
}

static enum og_rc read_private(const json_t *o, struct og_task *t, struct og_err *err)
{
    bool priv;
    const json_t *list;
    OG_TRY(og_json_bool_or(o, "private", false, &priv, err));
    OG_TRY(og_json_arr_opt(o, "verifiers", 64, &list, err));
    if (priv || list)
        return OG_REFUSE(err, "private tasks need a network of several machines");
    t->is_private = 0;
    return OG_OK;
}

static enum og_rc read_terms(const json_t *o, struct og_task *t, struct og_err *err)
{
    const char *name;
    OG_TRY(og_json_u64(o, "line", 1u << 30, &t->line, err));
    OG_TRY(og_json_str_opt(o, "name", 128, &name, err));
    if (name && *name)
        og_row_set_text(&t->name, name);
    OG_TRY(og_json_u64_or(o, "in_bytes", (uint64_t)1 << 52, 0, &t->in_bytes, err));
    OG_TRY(og_json_u64_or(o, "count", UINT32_MAX, 1, &t->count, err));
    OG_TRY(og_json_u64_or(o, "chunk", 1024, 1, &t->chunk, err));
    OG_TRY(og_json_u64(o, "limit_ms", 31536000000u, &t->limit_ms, err));
    OG_TRY(og_json_dec(o, "max_price", &t->max_price, err));
    OG_TRY(og_json_u64_or(o, "urgency", 64, 1, &t->urgency, err));
    OG_TRY(og_json_u64_or(o, "deadline_ms", (uint64_t)1 << 52, 0, &t->deadline_ms, err));
    OG_TRY(og_json_u64_or(o, "retry", 8, 2, &t->retry, err));
    OG_TRY(og_json_u64_or(o, "expires_ms", 31536000000u, 604800000, &t->expires_ms, err));
    if (!t->count || !t->chunk || !t->limit_ms || !t->urgency)
        return OG_REFUSE(err, "'count', 'chunk', 'limit_ms' and 'urgency' must be above 0");
    if (t->max_price > OG_VALUE_MAX)
        return OG_REFUSE(err, "'max_price' is beyond 2^62");
    OG_TRY(read_needs(o, t, err));
    OG_TRY(read_kernel(o, t, err));
    OG_TRY(read_verify(o, t, err));
    struct og_kernel k;
    if (t->verify == OG_VERIFY_EXACT && og_led_task_kernel(t, &k) && k.shape.inexact)
        return OG_REFUSE(err, "%s; 'verify' them by vote", k.shape.inexact);
    return read_private(o, t, err);
}

static enum og_rc dep_number(const struct batch *b, const json_t *o, const struct og_task *t,
                             uint64_t *on, struct og_err *err)
{
    if (json_object_get(o, "at")) {
        uint64_t at;
        OG_TRY(og_json_u64(o, "at", UINT32_MAX, &at, err));
        *on = b->first + at;
    } else {
        OG_TRY(og_json_u64(o, "task", (uint64_t)1 << 53, on, err));
    }
    return *on < t->id ? OG_OK : OG_REFUSE(err, "'after' must name an earlier task");
}

/* One 'after': waits when the other has not ended, fails when it ended otherwise. */
static enum og_rc add_dep(struct batch *b, const json_t *o, struct og_task *t, struct og_err *err)
{
    static const char *const members[] = {"at", "task", "when", NULL};
    static const char *const whens[] = {"ok", "any", "fail"};
    const char *when;
    struct og_dep d = {.task = t->id};
    struct og_task on = {0};
    bool found;
    OG_TRY(og_json_only(o, members, err));
    OG_TRY(dep_number(b, o, t, &d.on, err));
    OG_TRY(og_json_str_opt(o, "when", 8, &when, err));
    while (when && d.when < 3 && strcmp(whens[d.when], when) != 0)
        d.when++;
    if (d.when == 3)
        return OG_REFUSE(err, "'when' must be ok, any or fail");
    on.id = d.on;
    OG_TRY(og_row_get(b->x->l->st, OG_F_TASK, &on, &found, err));
    bool own = found && og_addr_eq(&on.owner, &t->owner);
    bool ended = on.state >= OG_TASK_PAID;
    bool ok = on.state == OG_TASK_PAID && on.exit_worst == 0;
    OG_RELEASE(OG_F_TASK, &on);
    if (!own)
        return OG_REFUSE(err, "'after' %llu is no task of the sender", (unsigned long long)d.on);
    if (ended && (d.when == 1 || (d.when == 0) == ok))
        return OG_OK;
    if (ended)
        return OG_REFUSE(err, "'after' %llu has ended otherwise", (unsigned long long)d.on);
    bool twice;
    struct og_dep seen = d;
    OG_TRY(og_row_get(b->x->l->st, OG_F_DEP, &seen, &twice, err));
    if (twice)
        return OG_REFUSE(err, "'after' names %llu twice", (unsigned long long)d.on);
    t->waiting_on++;
    return og_row_put(b->x->l->st, OG_F_DEP, &d, err);
}

static enum og_rc read_after(struct batch *b, const json_t *o, struct og_task *t,
                             struct og_err *err)
{
    const json_t *after;
    size_t i;
    json_t *d;
    OG_TRY(og_json_arr_opt(o, "after", 1024, &after, err));
    json_array_foreach((json_t *)(uintptr_t)after, i, d) OG_TRY(add_dep(b, d, t, err));
    return OG_OK;
}

static enum og_rc take_escrow(struct batch *b, struct og_task *t, struct og_err *err)
{
    t->levy_ppm = b->x->l->p.levy_ppm;
    uint64_t one = og_pay_escrow_one(t);
    if (!og_mul_u64(one, t->count, &t->escrow) || t->escrow > OG_VALUE_MAX ||
        (t->max_price && !one))
        return OG_REFUSE(err, "the price of the task is beyond 2^62 grains");
    b->escrow += t->escrow;
    return OG_OK;
}

static const char *const task_members[] = {
    "after",  "check",    "chunk",   "count",     "deadline_ms", "expires_ms", "in_bytes",
    "kernel", "limit_ms", "line",    "max_price", "name",        "needs",      "private",
    "retry",  "samples",  "urgency", "verifiers", "verify",      "work_mflop", NULL};

static enum og_rc submit_one(struct batch *b, const json_t *o, uint32_t index, struct og_err *err)
{
    struct og_ledger *l = b->x->l;
    struct og_task t = {.owner = b->x->tx->from, .spec = b->spec, .id = b->first + index};
    enum og_rc rc = og_json_only(o, task_members, err);
    if (rc == OG_OK)
        rc = read_terms(o, &t, err);
    if (rc == OG_OK)
        rc = read_after(b, o, &t, err);
    if (rc == OG_OK)
        rc = take_escrow(b, &t, err);
    if (rc == OG_OK) {
        struct og_hasher h;
        uint8_t be[4];
        og_put_be32(be, index);
        og_hasher_init(&h);
        og_hasher_tag(&h, "ogpu-task");
        og_hasher_hash(&h, &b->x->tx->id);
        og_hasher_add(&h, be, sizeof be);
        t.hash = og_hasher_final(&h);
        t.q_count = t.count;
        t.state = t.waiting_on ? OG_TASK_WAITING : OG_TASK_OPEN;
        t.submit_h = l->height;
        t.submit_ms = l->now_ms;
        t.expires_h = l->height;
        t.expires_ms += l->now_ms;
        rc = og_row_add(l->st, OG_F_TASK, &t, err);
    }
    OG_RELEASE(OG_F_TASK, &t);
    return rc;
}

enum og_rc og_led_task_price(struct og_ledger *l, const json_t *o, const struct og_addr *owner,
                             uint64_t *escrow, struct og_err *err)
{
    struct og_tx tx = {.from = *owner};
    struct og_txn x = {.l = l, .tx = &tx};
    struct batch b = {.x = &x};
    struct og_task t = {.owner = *owner};
    *escrow = 0;
    enum og_rc rc = og_json_only(o, task_members, err);
    if (rc == OG_OK && json_object_get(o, "after"))
        rc = OG_REFUSE(err, "a contract's task waits for no other");
    if (rc == OG_OK)
        rc = read_terms(o, &t, err);
    if (rc == OG_OK)
        rc = take_escrow(&b, &t, err);
    if (rc == OG_OK)
        *escrow = t.escrow;
    OG_RELEASE(OG_F_TASK, &t);
    return rc;
}

enum og_rc og_tx_task_submit(struct og_txn *x, struct og_err *err)
{
    static const char *const members[] = {"spec", "tasks", NULL};
    struct batch b = {.x = x};
    const json_t *tasks;
    uint64_t next;
    OG_TRY(og_json_only(x->body, members, err));
    OG_TRY(og_json_hex(x->body, "spec", b.spec.b, OG_HASH_LEN, err));
    OG_TRY(og_json_arr(x->body, "tasks", 4096, &tasks, err));
    size_t n = json_array_size(tasks);
    if (n == 0)
        return OG_REFUSE(err, "'tasks' is empty");
    OG_TRY(og_led_get(x->l, "next_task", &next, err));
    b.first = next + 1;
    x->first_id = b.first;
    for (size_t i = 0; i < n; i++) {
        enum og_rc rc = submit_one(&b, json_array_get(tasks, i), (uint32_t)i, err);
        if (rc != OG_OK)
            return og_err_wrap(err, rc, "task %zu", i);
    }
    if (b.escrow > OG_VALUE_MAX)
        return OG_REFUSE(err, "the price of the batch is beyond 2^62 grains");
    OG_TRY(og_led_set(x->l, "next_task", next + n, err));
    return og_led_debit(x->l, &x->tx->from, (uint64_t)b.escrow, "escrow", b.first, NULL, err);
}
