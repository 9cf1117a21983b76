/* store_query.c - questions of the state machine and the tools. */
#include "store/store_query.h"

#include "store/store_db.h"

#include <stdio.h>
#include <string.h>

/* The last parameter of each is the row limit. */
static const char *const sql[OG_Q_COUNT] = {
    [OG_Q_OPEN_TASKS] = "SELECT id FROM task WHERE state = 1 AND q_count + requeued > 0 "
                        "ORDER BY urgency DESC, id LIMIT ?1",
    [OG_Q_OPEN_TASKS_BELOW] =
        "SELECT id FROM task WHERE state = 1 AND q_count + requeued > 0 AND "
        "(urgency < ?1 OR (urgency = ?1 AND id > ?2)) ORDER BY urgency DESC, id LIMIT ?3",
    [OG_Q_REQUEUE_OF] = "SELECT \"first\" FROM requeue WHERE task = ?1 ORDER BY \"first\" LIMIT ?2",
    [OG_Q_FREE_SLOTS] = "SELECT node, idx FROM slot WHERE lease = 0 AND (node, idx) > (?1, ?2) "
                        "ORDER BY node, idx LIMIT ?3",
    [OG_Q_LEASES_IN] = "SELECT id FROM lease WHERE state = ?1 AND state < 5 AND id > ?2 "
                       "ORDER BY id LIMIT ?3",
    [OG_Q_LEASES_DUE] = "SELECT id FROM lease WHERE state < 4 AND dl_ms <= ?2 AND dl_h <= ?1 "
                        "ORDER BY id LIMIT ?3",
    [OG_Q_CHECKS_DUE] = "SELECT lease, turn FROM \"check\" WHERE state < 2 AND dl_ms <= ?2 AND "
                        "dl_h <= ?1 ORDER BY lease, turn LIMIT ?3",
    [OG_Q_CHECKS_OF] = "SELECT turn FROM \"check\" WHERE lease = ?1 ORDER BY turn LIMIT ?2",
    [OG_Q_CHECKS_FOR] = "SELECT lease, turn FROM \"check\" WHERE state < 2 AND node = ?1 AND "
                        "lease > ?2 ORDER BY lease, turn LIMIT ?3",
    [OG_Q_TASKS_DUE] = "SELECT id FROM task WHERE state < 2 AND expires_ms <= ?2 AND "
                       "expires_h <= ?1 AND (state = 0 OR q_count + requeued > 0) "
                       "ORDER BY id LIMIT ?3",
    [OG_Q_DEPS_ON] = "SELECT task, \"when\" FROM dep WHERE \"on\" = ?1 ORDER BY task LIMIT ?2",
    [OG_Q_DEPS_OF] = "SELECT \"on\", \"when\" FROM dep WHERE task = ?1 ORDER BY \"on\" LIMIT ?2",
    [OG_Q_DEPS_ANY] = "SELECT task FROM dep LIMIT ?1",
    [OG_Q_QUEUE] = "SELECT id, a, b FROM queue WHERE what = ?1 ORDER BY id LIMIT ?2",
    [OG_Q_NODES] = "SELECT id FROM node WHERE state < 2 AND id > ?1 ORDER BY id LIMIT ?2",
    [OG_Q_NODES_ALL] = "SELECT id FROM node WHERE id > ?1 ORDER BY id LIMIT ?2",
    [OG_Q_SLOTS_OF] = "SELECT idx FROM slot WHERE node = ?1 ORDER BY idx LIMIT ?2",
    [OG_Q_LEASES_OF_NODE] = "SELECT id, state FROM lease WHERE node = ?1 AND state < 5 AND id > ?2 "
                            "ORDER BY id LIMIT ?3",
    [OG_Q_LEASES_OF_TASK] = "SELECT id, state FROM lease WHERE task = ?1 AND id > ?2 "
                            "ORDER BY id LIMIT ?3",
    [OG_Q_LIVE_OF_TASK] = "SELECT id FROM lease WHERE task = ?1 AND state < 5 ORDER BY id LIMIT ?2",
    [OG_Q_PAID_OF_TASK] =
        "SELECT node, method, checked = 1 FROM lease WHERE task = ?1 AND state = 5 "
        "GROUP BY node, method, checked = 1 ORDER BY min(id) LIMIT ?2",
    [OG_Q_FAILED_OF_TASK] = "SELECT fail_why FROM lease WHERE task = ?1 AND state = 11 "
                            "ORDER BY id DESC LIMIT ?2",
    [OG_Q_LEASES_TO_DRAW] = "SELECT id FROM lease WHERE state = 2 AND checked = 0 AND "
                            "method IN (1, 2, 3) AND id > ?1 ORDER BY id LIMIT ?2",
    [OG_Q_UNBOND_DUE] =
        "SELECT id FROM unbond WHERE dl_h <= ?1 AND dl_ms <= ?2 ORDER BY id LIMIT ?3",
    [OG_Q_UNBOND_OF] = "SELECT id FROM unbond WHERE node = ?1 ORDER BY id LIMIT ?2",
    [OG_Q_PAID_OVERLAP] = "SELECT \"first\" FROM paid WHERE task = ?1 AND \"first\" < ?3 AND "
                          "\"first\" > ?2 - 1024 AND " /* a lease has at most 1,024 elements */
                          "\"first\" + count > ?2 ORDER BY \"first\" LIMIT ?4",
    [OG_Q_ROTATIONS_DUE] = "SELECT count(*) FROM acckey WHERE next_h > 0 AND next_h <= ?1 AND "
                           "next_ms <= ?2 LIMIT ?3",
    [OG_Q_LINKS] = "SELECT node, peer FROM link ORDER BY node, peer LIMIT ?1",
    [OG_Q_TASKS_FROM] = "SELECT id FROM task WHERE id > ?1 ORDER BY id LIMIT ?2",
    [OG_Q_TASKS_IN] = "SELECT id FROM task WHERE state = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
    [OG_Q_PENDING] = "SELECT 1 WHERE EXISTS(SELECT 1 FROM counter WHERE n > 0 AND name IN "
                     "('task.waiting', 'task.open', 'lease.matched', 'lease.running', "
                     "'lease.committed', 'lease.revealed', 'lease.accepted')) OR "
                     "EXISTS(SELECT 1 FROM queue) OR EXISTS(SELECT 1 FROM unbond) OR "
                     "EXISTS(SELECT 1 FROM acckey WHERE next_h > 0) OR "
                     "EXISTS(SELECT 1 FROM \"window\" WHERE state = 1) LIMIT ?1",
    [OG_Q_PAID_OF_NODE] = "SELECT count(*), coalesce(sum(grains), 0) FROM paid WHERE node = ?1 "
                          "LIMIT ?2",
    [OG_Q_LEASE_LAST] = "SELECT coalesce(max(id), 0) FROM lease LIMIT ?1",
    [OG_Q_TASKS_QUEUED] = "SELECT count(*) FROM task INDEXED BY task_open WHERE state = 1 AND "
                          "q_count + requeued > 0 LIMIT ?1",
    [OG_Q_TASKS_LIVE] = "SELECT id FROM task INDEXED BY task_ends WHERE state < 2 "
                        "ORDER BY expires_ms, id LIMIT ?1",
    [OG_Q_TASKS_NEWEST] = "SELECT id FROM task ORDER BY id DESC LIMIT ?1",
    [OG_Q_ENDED_SINCE] = "SELECT count(*) FROM (SELECT 1 FROM receipt WHERE pos >= ?1 AND task > 0 "
                         "LIMIT 20000) LIMIT ?2",
    [OG_Q_FAILED_SINCE] =
        "SELECT count(*) FROM (SELECT line FROM receipt WHERE pos >= ?1 AND task > 0 "
        "ORDER BY pos DESC LIMIT 2000) "
        "WHERE instr(line, '\"state\":\"failed\"') > 0 LIMIT ?2",
    [OG_Q_TX_BEFORE] = "SELECT coalesce(max(pos), 0) FROM tx WHERE pos < ?1 LIMIT ?2",
};

static const char SQL_NODE_OF[] = "SELECT id FROM node WHERE addr = ?1 ORDER BY id DESC LIMIT 1";
static const char SQL_TASK_BY_HASH[] = "SELECT id FROM task WHERE hash = ?1 ORDER BY id LIMIT 1";
static const char SQL_NODES_OF_OWNER[] =
    "SELECT id FROM node WHERE owner = ?1 AND id > ?2 ORDER BY id LIMIT ?3";
static const char SQL_TASKS_OF_OWNER[] =
    "SELECT id FROM task WHERE owner = ?1 AND id > ?2 ORDER BY id LIMIT ?3";
static const char SQL_ROTATIONS[] = "SELECT addr FROM acckey WHERE next_h > 0 AND next_h <= ?1 AND "
                                    "next_ms <= ?2 ORDER BY addr LIMIT ?3";
static const char SQL_QUEUE_PUSH[] = "INSERT INTO queue(what, a, b) VALUES(?1, ?2, ?3)";
static const char SQL_QUEUE_DROP[] = "DELETE FROM queue WHERE id = ?1";
static const char SQL_MOVE_ADD[] =
    "INSERT INTO move(height, time_ms, addr, delta, why, ref, other) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)";
static const char SQL_MOVE_PAGE[] = "SELECT id, height, time_ms, delta, why, ref, other FROM move "
                                    "WHERE addr = ?1 AND id > ?2 ORDER BY id LIMIT ?3";

static enum og_rc collect(struct og_store *st, sqlite3_stmt *s, uint64_t *out, size_t width,
                          size_t max, size_t *n, struct og_err *err)
{
    *n = 0;
    for (;;) {
        bool row;
        OG_TRY(og_db_step(st, s, &row, err));
        if (!row)
            return OG_OK;
        if (*n < max)
            for (size_t i = 0; i < width; i++)
                out[*n * width + i] = og_db_u64(s, (int)i);
        ++*n;
    }
}

enum og_rc og_query(struct og_store *st, enum og_query q, const uint64_t *in, size_t n_in,
                    uint64_t *out, size_t width, size_t max, size_t *n, struct og_err *err)
{
    sqlite3_stmt *s;
    *n = 0;
    if (q == OG_Q_PENDING) /* it asks the counters */
        OG_TRY(og_counter_flush(st, err));
    OG_TRY(og_db_stmt(st, sql[q], &s, err));
    for (size_t i = 0; i < n_in; i++)
        og_db_bind_u64(s, (int)i + 1, in[i]);
    og_db_bind_u64(s, (int)n_in + 1, max);
    return collect(st, s, out, width, max, n, err);
}

static enum og_rc by_addr(struct og_store *st, const char *text, const struct og_addr *addr,
                          uint64_t after, uint64_t *out, size_t max, size_t *n, struct og_err *err)
{
    sqlite3_stmt *s;
    *n = 0;
    OG_TRY(og_db_stmt(st, text, &s, err));
    og_db_bind_blob(s, 1, addr->b, OG_ADDR_LEN);
    if (text != SQL_NODE_OF) {
        og_db_bind_u64(s, 2, after);
        og_db_bind_u64(s, 3, max);
    }
    return collect(st, s, out, 1, max, n, err);
}

enum og_rc og_query_node_of(struct og_store *st, const struct og_addr *addr, uint64_t *node,
                            struct og_err *err)
{
    size_t n;
    *node = 0;
    return by_addr(st, SQL_NODE_OF, addr, 0, node, 1, &n, err);
}

enum og_rc og_query_task_by_hash(struct og_store *st, const struct og_hash *hash, uint64_t *task,
                                 struct og_err *err)
{
    sqlite3_stmt *s;
    size_t n;
    *task = 0;
    OG_TRY(og_db_stmt(st, SQL_TASK_BY_HASH, &s, err));
    og_db_bind_blob(s, 1, hash->b, OG_HASH_LEN);
    return collect(st, s, task, 1, 1, &n, err);
}

enum og_rc og_query_nodes_of_owner(struct og_store *st, const struct og_addr *owner, uint64_t after,
                                   uint64_t *out, size_t max, size_t *n, struct og_err *err)
{
    return by_addr(st, SQL_NODES_OF_OWNER, owner, after, out, max, n, err);
}

enum og_rc og_query_tasks_of_owner(struct og_store *st, const struct og_addr *owner, uint64_t after,
                                   uint64_t *out, size_t max, size_t *n, struct og_err *err)
{
    return by_addr(st, SQL_TASKS_OF_OWNER, owner, after, out, max, n, err);
}

enum og_rc og_query_rotations_due(struct og_store *st, uint64_t height, uint64_t now_ms,
                                  struct og_addr *out, size_t max, size_t *n, struct og_err *err)
{
    sqlite3_stmt *s;
    *n = 0;
    OG_TRY(og_db_stmt(st, SQL_ROTATIONS, &s, err));
    og_db_bind_u64(s, 1, height);
    og_db_bind_u64(s, 2, now_ms);
    og_db_bind_u64(s, 3, max);
    for (;;) {
        bool row;
        OG_TRY(og_db_step(st, s, &row, err));
        if (!row)
            return OG_OK;
        if (sqlite3_column_bytes(s, 0) == OG_ADDR_LEN)
            memcpy(out[(*n)++].b, sqlite3_column_blob(s, 0), OG_ADDR_LEN);
    }
}

enum og_rc og_queue_push(struct og_store *st, enum og_queue_what what, uint64_t a, uint64_t b,
                         struct og_err *err)
{
    sqlite3_stmt *s;
    OG_TRY(og_db_stmt(st, SQL_QUEUE_PUSH, &s, err));
    og_db_bind_u64(s, 1, (uint64_t)what);
    og_db_bind_u64(s, 2, a);
    og_db_bind_u64(s, 3, b);
    return og_db_run(st, s, err);
}

enum og_rc og_queue_drop(struct og_store *st, uint64_t id, struct og_err *err)
{
    sqlite3_stmt *s;
    OG_TRY(og_db_stmt(st, SQL_QUEUE_DROP, &s, err));
    og_db_bind_u64(s, 1, id);
    return og_db_run(st, s, err);
}

enum og_rc og_move_add(struct og_store *st, uint64_t height, uint64_t time_ms,
                       const struct og_addr *addr, int64_t delta, const char *why, uint64_t ref,
                       const struct og_addr *other, struct og_err *err)
{
    static const struct og_addr none;
    sqlite3_stmt *s;
    OG_TRY(og_db_stmt(st, SQL_MOVE_ADD, &s, err));
    og_db_bind_u64(s, 1, height);
    og_db_bind_u64(s, 2, time_ms);
    og_db_bind_blob(s, 3, addr->b, OG_ADDR_LEN);
    sqlite3_bind_int64(s, 4, delta);
    og_db_bind_text(s, 5, why);
    og_db_bind_u64(s, 6, ref);
    og_db_bind_blob(s, 7, other ? other->b : none.b, OG_ADDR_LEN);
    return og_db_run(st, s, err);
}

enum og_rc og_move_page(struct og_store *st, const struct og_addr *addr, uint64_t after,
                        struct og_move *out, size_t max, size_t *n, struct og_err *err)
{
    sqlite3_stmt *s;
    *n = 0;
    OG_TRY(og_db_stmt(st, SQL_MOVE_PAGE, &s, err));
    og_db_bind_blob(s, 1, addr->b, OG_ADDR_LEN);
    og_db_bind_u64(s, 2, after);
    og_db_bind_u64(s, 3, max);
    for (;;) {
        bool row;
        OG_TRY(og_db_step(st, s, &row, err));
        if (!row)
            return OG_OK;
        struct og_move *m = &out[(*n)++];
        memset(m, 0, sizeof *m);
        m->id = og_db_u64(s, 0);
        m->height = og_db_u64(s, 1);
        m->time_ms = og_db_u64(s, 2);
        m->delta = sqlite3_column_int64(s, 3);
        snprintf(m->why, sizeof m->why, "%s", (const char *)sqlite3_column_text(s, 4));
        m->ref = og_db_u64(s, 5);
        if (sqlite3_column_bytes(s, 6) == OG_ADDR_LEN)
            memcpy(m->other.b, sqlite3_column_blob(s, 6), OG_ADDR_LEN);
    }
}
