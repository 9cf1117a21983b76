/* store_query.h - the state machine's and the tools' questions: integers in, integers out, every
 * one with a total order. All SQL text stands in store_query.c. */
#ifndef OG_STORE_QUERY_H
#define OG_STORE_QUERY_H

#include "crypto/crypto_addr.h"
#include "crypto/crypto_hash.h"
#include "store/store_open.h"

#include <stddef.h>
#include <stdint.h>

enum og_query {
    OG_Q_OPEN_TASKS,       /* ()              -> task; open with waiting elements, by urgency, id */
    OG_Q_OPEN_TASKS_BELOW, /* (urgency, after id) -> task; the same, one class on */
    OG_Q_REQUEUE_OF,       /* (task)          -> first */
    OG_Q_FREE_SLOTS,       /* (after node, after idx) -> node, idx */
    OG_Q_LEASES_IN,        /* (state, after id)  -> lease */
    OG_Q_LEASES_DUE,       /* (height, now_ms)   -> lease; deadline over, not accepted yet */
    OG_Q_CHECKS_DUE,       /* (height, now_ms)   -> lease, turn */
    OG_Q_CHECKS_OF,        /* (lease)            -> turn */
    OG_Q_CHECKS_FOR,       /* (node, after lease) -> lease, turn; open duties of a node */
    OG_Q_TASKS_DUE,        /* (height, now_ms)   -> task; expires passed, not ended */
    OG_Q_DEPS_ON,          /* (on)               -> task, when */
    OG_Q_DEPS_OF,          /* (task)             -> on, when */
    OG_Q_DEPS_ANY,         /* ()                 -> some task that waits for another */
    OG_Q_QUEUE,            /* (what)             -> id, a, b */
    OG_Q_NODES,            /* (after id)         -> node; not left */
    OG_Q_NODES_ALL,        /* (after id)         -> node */
    OG_Q_SLOTS_OF,         /* (node)             -> idx */
    OG_Q_LEASES_OF_NODE,   /* (node, after id)   -> lease, state; live */
    OG_Q_LEASES_OF_TASK,   /* (task, after id)   -> lease, state */
    OG_Q_LIVE_OF_TASK,     /* (task)             -> lease; live */
    OG_Q_PAID_OF_TASK,     /* (task) -> node, method, not drawn; paid leases by their first lease */
    OG_Q_FAILED_OF_TASK,   /* (task)             -> fail_why; newest failed lease first */
    OG_Q_LEASES_TO_DRAW,   /* (after id)         -> lease; committed, its check not yet drawn */
    OG_Q_UNBOND_DUE,       /* (height, now_ms)   -> id */
    OG_Q_UNBOND_OF,        /* (node)             -> id */
    OG_Q_PAID_OVERLAP,     /* (task, first, end) -> first; a paid row touching [first, end) */
    OG_Q_ROTATIONS_DUE,    /* (height, now_ms)   -> ordinal only; use og_query_addrs */
    OG_Q_LINKS,            /* ()                 -> node, peer */
    OG_Q_TASKS_FROM,       /* (after id)         -> task */
    OG_Q_TASKS_IN,         /* (state, after id)  -> task */
    OG_Q_PENDING,          /* ()                 -> 1 when anything waits: see protocol section 2 */
    OG_Q_PAID_OF_NODE,     /* (node)             -> leases paid, grains */
    OG_Q_LEASE_LAST,       /* ()                 -> highest lease number, 0: none */
    OG_Q_TASKS_QUEUED,     /* ()                 -> how many open tasks have waiting elements */
    OG_Q_TASKS_LIVE,       /* ()                 -> task; not ended */
    OG_Q_TASKS_NEWEST,     /* ()                 -> task; highest numbers first */
    OG_Q_ENDED_SINCE,      /* (pos)              -> receipts from pos on, at most 20,000 */
    OG_Q_FAILED_SINCE,     /* (pos)              -> failed among the newest 2,000 of them */
    OG_Q_TX_BEFORE,        /* (pos)              -> highest place of a transaction below, 0: none */
    OG_Q_COUNT
};

/* in: as many as the query takes. out: rows of width given, at most max rows; *n rows found. */
enum og_rc og_query(struct og_store *st, enum og_query q, const uint64_t *in, size_t n_in,
                    uint64_t *out, size_t width, size_t max, size_t *n,
                    struct og_err *err) OG_MUST_CHECK;

/* 0 when there is none. */
enum og_rc og_query_node_of(struct og_store *st, const struct og_addr *addr, uint64_t *node,
                            struct og_err *err) OG_MUST_CHECK;
/* 0 when there is none. Walks the tasks: for people who have nothing but the hash. */
enum og_rc og_query_task_by_hash(struct og_store *st, const struct og_hash *hash, uint64_t *task,
                                 struct og_err *err) OG_MUST_CHECK;
/* Nodes of an owner / tasks of an owner, ids > after, ascending. */
enum og_rc og_query_nodes_of_owner(struct og_store *st, const struct og_addr *owner, uint64_t after,
                                   uint64_t *out, size_t max, size_t *n,
                                   struct og_err *err) OG_MUST_CHECK;
enum og_rc og_query_tasks_of_owner(struct og_store *st, const struct og_addr *owner, uint64_t after,
                                   uint64_t *out, size_t max, size_t *n,
                                   struct og_err *err) OG_MUST_CHECK;
/* Accounts with a key rotation whose wait is over, by address. */
enum og_rc og_query_rotations_due(struct og_store *st, uint64_t height, uint64_t now_ms,
                                  struct og_addr *out, size_t max, size_t *n,
                                  struct og_err *err) OG_MUST_CHECK;

/* Work queues of block end: FIFO by id. */
enum og_queue_what { OG_QUEUE_TASK_ENDED = 1, OG_QUEUE_RECEIPT = 2, OG_QUEUE_CALLBACK = 3 };
enum og_rc og_queue_push(struct og_store *st, enum og_queue_what what, uint64_t a, uint64_t b,
                         struct og_err *err) OG_MUST_CHECK;
enum og_rc og_queue_drop(struct og_store *st, uint64_t id, struct og_err *err) OG_MUST_CHECK;
/* Moves the money lines: delta in grains, why a word, ref an id. The statement of an account. */
enum og_rc og_move_add(struct og_store *st, uint64_t height, uint64_t time_ms,
                       const struct og_addr *addr, int64_t delta, const char *why, uint64_t ref,
                       const struct og_addr *other, struct og_err *err) OG_MUST_CHECK;
struct og_move {
    uint64_t id, height, time_ms, ref;
    int64_t delta;
    char why[24];
    struct og_addr other;
};
enum og_rc og_move_page(struct og_store *st, const struct og_addr *addr, uint64_t after,
                        struct og_move *out, size_t max, size_t *n,
                        struct og_err *err) OG_MUST_CHECK;

#endif
