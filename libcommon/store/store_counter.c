/* store_counter.c - counts and sums kept beside the rows. */
#include "store/store_counter.h"

#include "store/store_db.h"

#include <stddef.h>
#include <string.h>

enum {
    AT_BALANCE,
    AT_BOND,
    AT_ESCROW,
    AT_UNBONDING,
    AT_TX,
    AT_TASK,
    AT_LEASE = AT_TASK + OG_TASK_STATES,
    AT_NODE = AT_LEASE + OG_LEASE_STATES
};
_Static_assert(AT_NODE + OG_NODE_STATES == OG_COUNTERS, "each state has its counter");

static const char *const names[OG_COUNTERS] = {"balance",
                                               "bond",
                                               "escrow",
                                               "unbonding",
                                               "tx",
                                               "task.waiting",
                                               "task.open",
                                               "task.paid",
                                               "task.cancelled",
                                               "task.expired",
                                               "task.failed",
                                               "lease.matched",
                                               "lease.running",
                                               "lease.committed",
                                               "lease.revealed",
                                               "lease.accepted",
                                               "lease.paid",
                                               "lease.released",
                                               "lease.late",
                                               "lease.wrong",
                                               "lease.rejected",
                                               "lease.cancelled",
                                               "lease.failed",
                                               "node.active",
                                               "node.leaving",
                                               "node.left"};

static const struct og_counted counted[] = {
    {.f = OG_F_ACCOUNT,
     .sum = "balance",
     .sum_at = offsetof(struct og_account, balance),
     .to_sum = AT_BALANCE},
    {.f = OG_F_LEASE,
     .state = "state",
     .state_at = offsetof(struct og_lease, state),
     .to_state = AT_LEASE,
     .states = OG_LEASE_STATES},
    {.f = OG_F_NODE,
     .sum = "bond",
     .sum_at = offsetof(struct og_node, bond),
     .to_sum = AT_BOND,
     .state = "state",
     .state_at = offsetof(struct og_node, state),
     .to_state = AT_NODE,
     .states = OG_NODE_STATES},
    {.f = OG_F_TASK,
     .sum = "escrow",
     .sum_at = offsetof(struct og_task, escrow),
     .to_sum = AT_ESCROW,
     .state = "state",
     .state_at = offsetof(struct og_task, state),
     .to_state = AT_TASK,
     .states = OG_TASK_STATES},
    {.f = OG_F_UNBOND,
     .sum = "grains",
     .sum_at = offsetof(struct og_unbond, grains),
     .to_sum = AT_UNBONDING},
};

static const char SQL_GET[] = "SELECT n FROM counter WHERE name = ?1";
static const char SQL_ADD[] = "UPDATE counter SET n = n + ?2 WHERE name = ?1";

const struct og_counted *og_counted_of(enum og_family_index f)
{
    for (size_t i = 0; i < sizeof counted / sizeof *counted; i++)
        if (counted[i].f == f)
            return &counted[i];
    return NULL;
}

static void add(struct og_store *st, const struct og_counted *c, const uint64_t v[2], int64_t sign)
{
    if (c->sum)
        st->counters.delta[c->to_sum] += sign * (int64_t)v[0];
    if (c->state && v[1] < c->states)
        st->counters.delta[c->to_state + v[1]] += sign;
}

static enum og_rc settle(struct og_store *st, struct og_err *err)
{
    return og_store_in_transaction(st) ? OG_OK : og_counter_flush(st, err);
}

enum og_rc og_counter_note(struct og_store *st, const struct og_counted *c, const uint64_t *before,
                           const uint64_t *after, struct og_err *err)
{
    if (before)
        add(st, c, before, -1);
    if (after)
        add(st, c, after, 1);
    return settle(st, err);
}

enum og_rc og_counter_tx(struct og_store *st, struct og_err *err)
{
    st->counters.delta[AT_TX]++;
    return settle(st, err);
}

enum og_rc og_counter_flush(struct og_store *st, struct og_err *err)
{
    for (size_t i = 0; i < OG_COUNTERS; i++) {
        sqlite3_stmt *s;
        if (!st->counters.delta[i])
            continue;
        OG_TRY(og_db_stmt(st, SQL_ADD, &s, err));
        og_db_bind_text(s, 1, names[i]);
        sqlite3_bind_int64(s, 2, st->counters.delta[i]);
        OG_TRY(og_db_run(st, s, err));
        st->counters.delta[i] = 0;
    }
    return OG_OK;
}

enum og_rc og_store_counter(struct og_store *st, const char *name, uint64_t *out,
                            struct og_err *err)
{
    sqlite3_stmt *s;
    bool found;
    *out = 0;
    OG_TRY(og_cache_flush(st, err));
    OG_TRY(og_db_stmt(st, SQL_GET, &s, err));
    og_db_bind_text(s, 1, name);
    OG_TRY(og_db_step(st, s, &found, err));
    if (!found)
        return OG_OK;
    *out = og_db_u64(s, 0);
    og_db_reset(s);
    for (size_t i = 0; i < OG_COUNTERS; i++)
        if (strcmp(names[i], name) == 0)
            *out += (uint64_t)st->counters.delta[i];
    return OG_OK;
}
