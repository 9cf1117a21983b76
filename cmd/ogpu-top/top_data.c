/* top_data.c - reads what is shown: counters, live rows, the newest of the rest; never all. */
#include "top_data.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "cli/cli_opts.h"
#include "store/store_query.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#define PAGE      64
#define NODES_MAX 65536

static int public_keys(const struct dirent *e)
{
    size_t n = strlen(e->d_name);
    return n > 4 && strcmp(e->d_name + n - 4, ".pub") == 0;
}

/* Whose keys lie here; files that are no public keys are passed over. */
static void read_own(struct top_source *s)
{
    struct dirent **entry;
    char *dir = og_cli_keys_dir();
    int n = scandir(dir, &entry, public_keys, alphasort);
    for (int i = 0; i < n; i++) {
        char *path = og_io_join(dir, entry[i]->d_name);
        struct og_buf pem = OG_BUF_INIT;
        struct og_pub *pub = NULL;
        struct og_err ignored;
        if (og_io_read_file(path, OG_PUB_MAX * 2, &pem, &ignored) == OG_OK &&
            og_pub_from_pem(pem.p, pem.len, &pub, &ignored) == OG_OK) {
            s->own = og_xrealloc(s->own, (s->n_own + 1) * sizeof *s->own);
            s->own[s->n_own++] = og_pub_addr(pub);
        }
        og_pub_free(pub);
        og_buf_release(&pem);
        free(path);
        free(entry[i]);
    }
    if (n >= 0)
        free(entry);
    free(dir);
}

enum og_rc top_source_open(const char *state_dir, struct top_source *s, struct og_err *err)
{
    memset(s, 0, sizeof *s);
    OG_TRY(og_store_open(state_dir, OG_STORE_READ, &s->st, err));
    read_own(s);
    return OG_OK;
}

void top_source_close(struct top_source *s)
{
    og_store_close(s->st);
    free(s->own);
    memset(s, 0, sizeof *s);
}

uint32_t top_find_node(const struct top_data *d, uint64_t id)
{
    size_t lo = 0, hi = d->nodes;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (d->node[mid].id < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < d->nodes && d->node[lo].id == id ? (uint32_t)lo : TOP_NONE;
}

uint32_t top_find_lease(const struct top_data *d, uint64_t id)
{
    size_t lo = 0, hi = d->leases;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (d->lease[mid].l.id < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < d->leases && d->lease[lo].l.id == id ? (uint32_t)lo : TOP_NONE;
}

bool top_is_own(const struct top_data *d, const struct og_addr *a)
{
    for (size_t i = 0; i < d->n_own; i++)
        if (og_addr_eq(&d->own[i], a))
            return true;
    return false;
}

bool top_lease_progress(const struct top_data *d, const struct top_lease *l, uint64_t *ppm)
{
    *ppm = 0;
    if (l->l.state > OG_LEASE_RUNNING) {
        *ppm = OG_PPM;
        return true;
    }
    if (l->l.state == OG_LEASE_RUNNING && l->local && l->l.count > 1) {
        *ppm = og_muldiv(l->run.done, OG_PPM, l->l.count);
        return true;
    }
    if (l->l.state == OG_LEASE_RUNNING && l->l.hard_dl_ms > l->l.started_ms &&
        d->head.now_ms > l->l.started_ms && l->l.started_ms > 0) {
        /* no count of elements: the part of the time it may take */
        *ppm = og_min_u64(OG_PPM, og_muldiv(d->head.now_ms - l->l.started_ms, OG_PPM,
                                            l->l.hard_dl_ms - l->l.started_ms));
        return true;
    }
    return false;
}

static enum og_rc counters(struct og_store *st, const char *prefix, const char *const *names,
                           size_t n, uint64_t *out, struct og_err *err)
{
    for (size_t i = 0; i < n; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s%s", prefix, names[i]);
        OG_TRY(og_store_counter(st, name, &out[i], err));
    }
    return OG_OK;
}

/* First height whose block is not older than since_ms, by halving. */
static enum og_rc height_since(struct og_store *st, uint64_t last, uint64_t since_ms, uint64_t *out,
                               struct og_err *err)
{
    uint64_t lo = 1, hi = last + 1;
    while (lo < hi) {
        struct og_roots r = {.height = lo + (hi - lo) / 2};
        bool found;
        OG_TRY(og_row_get(st, OG_F_ROOTS, &r, &found, err));
        if (!found || r.time_ms < since_ms)
            lo = r.height + 1;
        else
            hi = r.height;
    }
    *out = lo;
    return OG_OK;
}

static enum og_rc read_rates(struct og_store *st, struct top_head *h, struct og_err *err)
{
    uint64_t from, pos;
    size_t n;
    OG_TRY(og_query(st, OG_Q_TASKS_QUEUED, NULL, 0, &h->queued, 1, 1, &n, err));
    OG_TRY(height_since(st, h->height, h->now_ms - 60000, &from, err));
    pos = OG_POS(from, 0);
    OG_TRY(og_query(st, OG_Q_ENDED_SINCE, &pos, 1, &h->ended_min, 1, 1, &n, err));
    if (h->task[OG_TASK_FAILED] == 0)
        return OG_OK;
    OG_TRY(height_since(st, h->height, h->now_ms - 3600000, &from, err));
    pos = OG_POS(from, 0);
    return og_query(st, OG_Q_FAILED_SINCE, &pos, 1, &h->failed_hour, 1, 1, &n, err);
}

static void read_disk(struct og_store *st, struct top_head *h)
{
    struct statvfs v;
    if (statvfs(og_store_dir(st), &v) != 0)
        return;
    h->disk_bytes = (uint64_t)v.f_blocks * v.f_frsize;
    h->disk_free_bytes = (uint64_t)v.f_bavail * v.f_frsize;
}

/* A named number of the state; 0 when it is not there. Counters, not rows, give the sums. */
static enum og_rc global(struct og_store *st, const char *name, uint64_t *out, struct og_err *err)
{
    struct og_value v = {.name = og_xstrdup(name)};
    bool found;
    enum og_rc rc = og_row_get(st, OG_F_GLOBAL, &v, &found, err);
    *out = rc == OG_OK && found ? v.value : 0;
    og_row_release(&og_families[OG_F_GLOBAL], &v);
    return rc;
}

static enum og_rc read_head(struct og_store *st, struct og_ledger *l, struct top_head *h,
                            struct og_err *err)
{
    struct og_roots r = {0};
    uint64_t one;
    size_t n;
    bool found;
    h->now_ms = og_time_unix_ms();
    h->chain = *og_ledger_chain(l);
    h->param_block_ms = og_ledger_params(l)->block_ms;
    OG_TRY(counters(st, "node.", og_node_state_names, OG_NODE_STATES, h->node, err));
    OG_TRY(counters(st, "task.", og_task_state_names, OG_TASK_STATES, h->task, err));
    OG_TRY(counters(st, "lease.", og_lease_state_names, OG_LEASE_STATES, h->lease, err));
    OG_TRY(og_store_counter(st, "tx", &h->txs, err));
    OG_TRY(og_store_counter(st, "balance", &h->balance, err));
    OG_TRY(og_store_counter(st, "bond", &h->bond, err));
    OG_TRY(og_store_counter(st, "escrow", &h->escrow, err));
    OG_TRY(og_store_counter(st, "unbonding", &h->unbonding, err));
    OG_TRY(og_store_meta_u64(st, "supply", 0, &h->genesis, err));
    OG_TRY(global(st, "block_fees", &h->supply, err)); /* on their way to the treasury */
    h->supply += h->balance + h->bond + h->escrow + h->unbonding;
    OG_TRY(og_view_lambda(l, &h->lambda_ppm, err));
    OG_TRY(og_block_last(st, &h->height, NULL, err));
    r.height = h->height;
    OG_TRY(og_row_get(st, OG_F_ROOTS, &r, &found, err));
    h->block_ms = found ? r.time_ms : 0;
    OG_TRY(og_query(st, OG_Q_PENDING, NULL, 0, &one, 1, 1, &n, err));
    h->pending = n > 0;
    OG_TRY(global(st, "epoch", &h->epoch, err));
    read_disk(st, h);
    return read_rates(st, h, err);
}

static enum og_rc read_slots(struct og_store *st, struct top_data *d, uint32_t node,
                             struct og_err *err)
{
    uint64_t idx[PAGE];
    size_t n;
    OG_TRY(og_query(st, OG_Q_SLOTS_OF, &d->node[node].id, 1, idx, 1, PAGE, &n, err));
    d->slot = og_xrealloc(d->slot, (d->slots + n + 1) * sizeof *d->slot);
    for (size_t i = 0; i < n; i++) {
        struct top_slot s = {.node = node, .lease = TOP_NONE};
        s.slot.node = d->node[node].id;
        s.slot.idx = idx[i];
        OG_TRY(og_row_need(st, OG_F_SLOT, &s.slot, err));
        if (s.slot.lease)
            s.lease = top_find_lease(d, s.slot.lease);
        d->slot[d->slots++] = s;
    }
    return OG_OK;
}

static enum og_rc read_nodes(struct og_store *st, struct top_data *d, struct og_err *err)
{
    uint64_t after = 0, id[PAGE];
    size_t cap = 0, n = PAGE;
    while (n == PAGE && d->nodes < NODES_MAX) {
        OG_TRY(og_query(st, OG_Q_NODES, &after, 1, id, 1, PAGE, &n, err));
        d->node = og_xgrow(d->node, &cap, d->nodes + n + 1, sizeof *d->node);
        for (size_t i = 0; i < n; i++) {
            struct og_node *node = &d->node[d->nodes];
            memset(node, 0, sizeof *node);
            node->id = after = id[i];
            OG_TRY(og_row_need(st, OG_F_NODE, node, err));
            d->nodes++;
            d->head.capacity += node->state == OG_NODE_ACTIVE ? node->c_eff : 0;
            OG_TRY(read_slots(st, d, (uint32_t)(d->nodes - 1), err));
        }
    }
    return OG_OK;
}

static enum og_rc read_validators(struct og_store *st, struct top_data *d, struct og_err *err)
{
    uint64_t from = 0;
    size_t n = PAGE, cap = 0;
    d->select_ppm = og_xcalloc(d->nodes + 1, sizeof *d->select_ppm);
    while (n == PAGE && d->validators < NODES_MAX) {
        d->validator = og_xgrow(d->validator, &cap, d->validators + PAGE, sizeof *d->validator);
        OG_TRY(og_row_page(st, OG_F_VALIDATOR, from, d->validator + d->validators, PAGE, &n, err));
        d->validators += n;
        from = n ? d->validator[d->validators - 1].node + 1 : from;
    }
    d->head.validators = d->validators;
    for (size_t i = 0; i < d->validators; i++) {
        uint32_t at = top_find_node(d, d->validator[i].node);
        if (at == TOP_NONE)
            continue;
        d->select_ppm[at] = d->validator[i].select_ppm;
        d->head.validators_up += d->node[at].state == OG_NODE_ACTIVE;
    }
    return OG_OK;
}

static int by_lease(const void *a, const void *b)
{
    const struct top_lease *x = a, *y = b;
    return x->l.id < y->l.id ? -1 : x->l.id > y->l.id;
}

static enum og_rc read_leases(struct og_store *st, struct top_data *d, struct og_err *err)
{
    size_t cap = 0, runs = 0;
    for (uint64_t state = 0; state <= OG_LEASE_ACCEPTED; state++) {
        uint64_t in[2] = {state, 0}, id[PAGE];
        for (size_t n = PAGE; n == PAGE && d->leases < TOP_LEASES_MAX;) {
            OG_TRY(og_query(st, OG_Q_LEASES_IN, in, 2, id, 1, PAGE, &n, err));
            d->lease = og_xgrow(d->lease, &cap, d->leases + n + 1, sizeof *d->lease);
            for (size_t i = 0; i < n; i++) {
                struct top_lease *l = &d->lease[d->leases];
                memset(l, 0, sizeof *l);
                l->l.id = in[1] = id[i];
                OG_TRY(og_row_need(st, OG_F_LEASE, &l->l, err));
                d->leases++;
            }
        }
    }
    if (d->leases == 0)
        return OG_OK;
    qsort(d->lease, d->leases, sizeof *d->lease, by_lease);
    struct og_run *run = og_xcalloc(TOP_RUNS_MAX, sizeof *run);
    enum og_rc rc = og_run_list(st, run, TOP_RUNS_MAX, &runs, err);
    for (size_t i = 0; rc == OG_OK && i < runs; i++) {
        uint32_t at = top_find_lease(d, run[i].lease);
        if (at == TOP_NONE)
            continue;
        d->lease[at].local = true;
        d->lease[at].run = run[i];
    }
    free(run);
    return rc;
}

static bool has_task(const struct top_data *d, uint64_t id)
{
    for (size_t i = 0; i < d->tasks; i++)
        if (d->task[i].t.id == id)
            return true;
    return false;
}

static enum og_rc read_task(struct og_store *st, struct top_data *d, uint64_t id,
                            struct og_err *err)
{
    struct top_task *t = &d->task[d->tasks];
    memset(t, 0, sizeof *t);
    t->t.id = id;
    OG_TRY(og_row_need(st, OG_F_TASK, &t->t, err));
    d->tasks++;
    return OG_OK;
}

static enum og_rc read_tasks(struct og_store *st, struct top_data *d, struct og_err *err)
{
    uint64_t *id = og_xcalloc(TOP_LIVE_MAX, sizeof *id);
    size_t n = 0, live;
    d->task = og_xcalloc(TOP_LIVE_MAX + TOP_ENDED_MAX, sizeof *d->task);
    enum og_rc rc = og_query(st, OG_Q_TASKS_LIVE, NULL, 0, id, 1, TOP_LIVE_MAX, &n, err);
    for (size_t i = 0; rc == OG_OK && i < n; i++)
        rc = read_task(st, d, id[i], err);
    live = n;
    if (rc == OG_OK)
        rc = og_query(st, OG_Q_TASKS_NEWEST, NULL, 0, id, 1, TOP_ENDED_MAX, &n, err);
    for (size_t i = 0; rc == OG_OK && i < n; i++)
        if (live == 0 || !has_task(d, id[i]))
            rc = read_task(st, d, id[i], err);
    free(id);
    return rc;
}

static int by_task(const void *a, const void *b)
{
    const struct top_task *const *x = a, *const *y = b;
    return (*x)->t.id < (*y)->t.id ? -1 : (*x)->t.id > (*y)->t.id;
}

/* Joins leases and tasks: names one way, counts the other. */
static void join_tasks(struct top_data *d)
{
    struct top_task **sorted = og_xcalloc(d->tasks + 1, sizeof(*sorted));
    for (size_t i = 0; i < d->tasks; i++)
        sorted[i] = &d->task[i];
    qsort(sorted, d->tasks, sizeof(*sorted), by_task);
    for (size_t i = 0; i < d->leases; i++) {
        struct top_lease *l = &d->lease[i];
        struct top_task key = {.t.id = l->l.task};
        struct top_task *want = &key;
        struct top_task **hit = bsearch(&want, sorted, d->tasks, sizeof(*sorted), by_task);
        if (!hit)
            continue;
        struct top_task *t = *hit;
        snprintf(l->task_name, sizeof l->task_name, "%s", t->t.name ? t->t.name : "");
        t->leases++;
        t->running += l->l.state == OG_LEASE_RUNNING;
        if (!t->node)
            t->node = l->l.node;
        if (l->l.started_ms && (!t->since_ms || l->l.started_ms < t->since_ms))
            t->since_ms = l->l.started_ms;
    }
    free(sorted);
}

static enum og_rc read_blocks(struct og_store *st, struct top_data *d, struct og_err *err)
{
    d->block = og_xcalloc(TOP_BLOCKS_MAX, sizeof *d->block);
    for (uint64_t h = d->head.height; h > 0 && d->blocks < TOP_BLOCKS_MAX; h--) {
        struct top_block *b = &d->block[d->blocks];
        size_t n;
        bool found;
        b->roots.height = h;
        OG_TRY(og_row_get(st, OG_F_ROOTS, &b->roots, &found, err));
        if (found)
            OG_TRY(og_block_get(st, h, &b->hash, NULL, &found, err));
        if (!found)
            break;
        uint64_t after = OG_POS(h + 1, 0), last;
        OG_TRY(og_query(st, OG_Q_TX_BEFORE, &after, 1, &last, 1, 1, &n, err));
        b->txs = OG_POS_HEIGHT(last) == h ? OG_POS_INDEX(last) : 0;
        d->blocks++;
    }
    return OG_OK;
}

static enum og_rc add_account(struct og_store *st, struct top_data *d, const struct og_addr *a,
                              const char *role, struct og_err *err)
{
    size_t i = 0;
    while (i < d->accounts && !og_addr_eq(&d->account[i].a.addr, a))
        i++;
    if (i == d->accounts) {
        bool found;
        d->account = og_xrealloc(d->account, (d->accounts + 1) * sizeof *d->account);
        struct top_account *acc = &d->account[d->accounts];
        memset(acc, 0, sizeof *acc);
        acc->a.addr = *a;
        OG_TRY(og_row_get(st, OG_F_ACCOUNT, &acc->a, &found, err));
        d->accounts++;
    }
    char *at = d->account[i].role;
    size_t used = strlen(at);
    snprintf(at + used, sizeof d->account[i].role - used, "%s%s", used ? ", " : "", role);
    return OG_OK;
}

static enum og_rc read_accounts(struct og_store *st, struct top_data *d, struct og_err *err)
{
    struct og_addr treasury = og_addr_of_key("treasury", "", 0);
    OG_TRY(add_account(st, d, &treasury, "treasury", err));
    for (size_t i = 0; i < d->n_own && i < PAGE; i++)
        OG_TRY(add_account(st, d, &d->own[i], "own", err));
    for (size_t i = 0; i < d->nodes && i < PAGE; i++) {
        char role[48];
        snprintf(role, sizeof role, "owner of node %" PRIu64, d->node[i].id);
        OG_TRY(add_account(st, d, &d->node[i].owner, role, err));
    }
    return OG_OK;
}

static enum og_rc read_all(struct top_source *s, struct og_ledger *l, struct top_data *d,
                           struct og_err *err)
{
    OG_TRY(read_head(s->st, l, &d->head, err));
    OG_TRY(read_leases(s->st, d, err));
    OG_TRY(read_nodes(s->st, d, err));
    OG_TRY(read_validators(s->st, d, err));
    OG_TRY(read_tasks(s->st, d, err));
    join_tasks(d);
    OG_TRY(read_blocks(s->st, d, err));
    OG_TRY(read_accounts(s->st, d, err));
    d->event = og_xcalloc(TOP_EVENTS_MAX, sizeof *d->event);
    OG_TRY(og_event_tail(s->st, d->event, TOP_EVENTS_MAX, &d->events, err));
    OG_TRY(top_explain(d, l, err));
    return top_alerts(d, s->st, err);
}

enum og_rc top_data_read(struct top_source *s, struct top_data **out, struct og_err *err)
{
    struct og_ledger *l = NULL;
    *out = NULL;
    OG_TRY(og_store_begin_read(s->st, err));
    struct top_data *d = og_xcalloc(1, sizeof *d);
    d->own = s->own;
    d->n_own = s->n_own;
    enum og_rc rc = og_ledger_open(s->st, &l, err);
    if (rc == OG_OK)
        rc = read_all(s, l, d, err);
    og_ledger_close(l);
    og_store_end_read(s->st);
    if (rc == OG_OK)
        *out = d;
    else
        top_data_free(d);
    return rc;
}

void top_data_free(struct top_data *d)
{
    if (!d)
        return;
    for (size_t i = 0; i < d->nodes; i++)
        og_row_release(&og_families[OG_F_NODE], &d->node[i]);
    for (size_t i = 0; i < d->leases; i++)
        og_row_release(&og_families[OG_F_LEASE], &d->lease[i].l);
    for (size_t i = 0; i < d->tasks; i++)
        og_row_release(&og_families[OG_F_TASK], &d->task[i].t);
    for (size_t i = 0; i < d->events; i++)
        og_buf_release(&d->event[i].line);
    free(d->node);
    free(d->select_ppm);
    free(d->slot);
    free(d->lease);
    free(d->task);
    free(d->validator);
    free(d->block);
    free(d->account);
    free(d->event);
    free(d->alert);
    free(d);
}
