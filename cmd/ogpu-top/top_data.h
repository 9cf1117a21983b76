/* top_data.h - what ogpu-top shows, read from the state in one short look. */
#ifndef TOP_DATA_H
#define TOP_DATA_H

#include "base/base_buf.h"
#include "base/base_err.h"
#include "ledger/ledger_view.h"
#include "store/store_blob.h"
#include "store/store_block.h"
#include "store/store_row.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOP_LEASES_MAX 2048
#define TOP_RUNS_MAX   1024
#define TOP_LIVE_MAX   1000 /* tasks that have not ended */
#define TOP_ENDED_MAX  100  /* newest tasks, ended or not */
#define TOP_BLOCKS_MAX 16
#define TOP_EVENTS_MAX 100
#define TOP_WHY_MAX    64 /* waiting tasks that are matched against the slots */

/* The open state file and whose eyes look at it. */
struct top_source {
    struct og_store *st;
    struct og_addr *own; /* accounts whose public keys lie in the keys folder */
    size_t n_own;
};
enum og_rc top_source_open(const char *state_dir, struct top_source *s,
                           struct og_err *err) OG_MUST_CHECK;
void top_source_close(struct top_source *s);

struct top_head {
    uint64_t now_ms;
    struct og_hash chain;
    uint64_t height, block_ms, epoch; /* block_ms: time of the last block; 0: there is none */
    uint64_t lambda_ppm, param_block_ms;
    uint64_t txs, queued, ended_min, failed_hour;
    bool pending;
    uint64_t node[OG_NODE_STATES], task[OG_TASK_STATES], lease[OG_LEASE_STATES];
    uint64_t balance, bond, escrow, unbonding;
    uint64_t supply, genesis; /* counted; of the genesis */
    uint64_t disk_bytes, disk_free_bytes;
    uint64_t validators, validators_up, capacity; /* MFLOP/s of all active nodes */
};

struct top_slot {
    struct og_slot slot;
    uint32_t node;  /* index into d->node */
    uint32_t lease; /* index into d->lease; TOP_NONE: free */
};
#define TOP_NONE UINT32_MAX

struct top_lease {
    struct og_lease l;
    bool local; /* run holds what a worker of this machine does */
    struct og_run run;
    char task_name[48];
};

struct top_task {
    struct og_task t;
    uint64_t leases;   /* live */
    uint64_t node;     /* of the first of them; 0: none */
    uint64_t since_ms; /* when the first of them started */
    uint32_t running;  /* leases that run */
    char why[160];     /* why it waits */
    bool stuck;        /* no node can take it, busy ones counted */
};

struct top_block {
    struct og_roots roots;
    uint64_t txs;
    struct og_hash hash;
};

struct top_account {
    struct og_account a;
    char role[64];
};

enum top_level { TOP_WARN, TOP_BAD };
struct top_alert {
    const char *what; /* a word: "stuck", "late", … */
    enum top_level level;
    char text[256];
};

struct top_data {
    struct top_head head;
    struct og_node *node;
    size_t nodes;
    uint64_t *select_ppm; /* P_i by node */
    struct top_slot *slot;
    size_t slots;
    struct top_lease *lease; /* live, by number */
    size_t leases;
    struct top_task *task; /* live ones first, then the newest that ended */
    size_t tasks;
    struct og_validator *validator;
    size_t validators;
    struct top_block *block; /* newest first */
    size_t blocks;
    struct top_account *account;
    size_t accounts;
    struct og_event *event; /* newest first */
    size_t events;
    struct top_alert *alert;
    size_t alerts, alert_cap;
    const struct og_addr *own;
    size_t n_own;
};
/* One look; the caller frees *out. Holds no transaction when it returns. */
enum og_rc top_data_read(struct top_source *s, struct top_data **out,
                         struct og_err *err) OG_MUST_CHECK;
void top_data_free(struct top_data *d);

/* Node index of a number, TOP_NONE when it is not there. */
uint32_t top_find_node(const struct top_data *d, uint64_t id);
uint32_t top_find_lease(const struct top_data *d, uint64_t id);
bool top_is_own(const struct top_data *d, const struct og_addr *a);
/* How far a lease is, ppm of its elements or of its time limit; false: nothing is known. */
bool top_lease_progress(const struct top_data *d, const struct top_lease *l, uint64_t *ppm);

/* top_why.c: why the waiting tasks wait. top_alert.c: what somebody should look at. */
enum og_rc top_explain(struct top_data *d, struct og_ledger *l, struct og_err *err) OG_MUST_CHECK;
enum og_rc top_alerts(struct top_data *d, struct og_store *st, struct og_err *err) OG_MUST_CHECK;

#endif
