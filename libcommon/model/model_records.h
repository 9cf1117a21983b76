/* model_records.h - the records of the state, protocol.md sections 1 to 3. Units are in the names:
 * _ms, _bytes, _ppm, _us; capacity in MFLOP/s, work in MFLOP, money in grains. Heights are _h. */
#ifndef OG_MODEL_RECORDS_H
#define OG_MODEL_RECORDS_H

#include "crypto/crypto_addr.h"
#include "crypto/crypto_hash.h"
#include "model/model_row.h"

#include <stdint.h>

enum og_task_state {
    OG_TASK_WAITING,
    OG_TASK_OPEN, /* not ended: some element waits, runs or is checked */
    OG_TASK_PAID, /* every element accepted and paid */
    OG_TASK_CANCELLED,
    OG_TASK_EXPIRED,
    OG_TASK_FAILED,
    OG_TASK_STATES
};
extern const char *const og_task_state_names[];

enum og_lease_state {
    OG_LEASE_MATCHED,
    OG_LEASE_RUNNING,
    OG_LEASE_COMMITTED,
    OG_LEASE_REVEALED,
    OG_LEASE_ACCEPTED,
    OG_LEASE_PAID,
    OG_LEASE_RELEASED,  /* declined or given back; elements re-queued without penalty */
    OG_LEASE_LATE,      /* a deadline missed; elements re-queued */
    OG_LEASE_WRONG,     /* wrong result; L slashed */
    OG_LEASE_REJECTED,  /* not accepted without slash; elements re-queued */
    OG_LEASE_CANCELLED, /* by the submitter while matched or running */
    OG_LEASE_FAILED,    /* the job's fault or a dispute */
    OG_LEASE_STATES
};
extern const char *const og_lease_state_names[];

enum og_node_state { OG_NODE_ACTIVE, OG_NODE_LEAVING, OG_NODE_LEFT, OG_NODE_STATES };
extern const char *const og_node_state_names[];

extern const char *const og_method_names[]; /* by enum og_verify (check_method.h) */

struct og_account {
    struct og_addr addr;
    uint64_t balance, seq;
};

/* Keys of an account, set by its first transaction. */
struct og_acckey {
    struct og_addr addr;
    char *alg;
    struct og_blob pub;
    char *cold_alg; /* "" none */
    struct og_blob cold_pub;
    char *next_alg; /* a rotation by the hot key, waiting */
    struct og_blob next_pub;
    uint64_t next_h, next_ms;
};

struct og_node {
    uint64_t id;
    struct og_addr addr, owner;
    uint64_t state;
    uint64_t offered, measured, verified_rate, c_eff; /* MFLOP/s; verified_rate 0: none yet */
    uint64_t bond, locked;
    uint64_t rel_a, rel_b, streak;
    uint64_t weight, joined_h;
    uint64_t min_rate, max_lock;
    uint64_t epoch_leases, epoch_released, barred_epoch, barred_round;
    uint64_t epoch_sealed, epoch_missed;
    uint64_t work_done; /* MFLOP received, halved each epoch */
    uint64_t quarantine_h, quarantine_ms;
    char *hw_class, *classes, *submitters; /* submitters: JSON list of addresses, "" all */
    struct og_blob vrf, vrf_next;          /* 33 bytes or empty */
    uint64_t vrf_next_epoch;
    char *cons_alg;
    struct og_blob cons_pub;
    struct og_blob tls, seal;
};

struct og_slot {
    uint64_t node, idx;
    uint64_t share_ppm, cores, mem_bytes, gpu_ppm, gpu_mem_bytes;
    uint64_t sold_ms; /* time sold up to here */
    uint64_t lease;   /* 0: free */
};

struct og_link {
    uint64_t node, peer; /* as the node reports it */
    uint64_t latency_us, bytes_per_s;
};

struct og_task {
    uint64_t id;
    struct og_hash hash;
    struct og_addr owner;
    struct og_hash spec;
    uint64_t line;
    char *name, *kernel; /* kernel: canonical JSON {name, args}, "" for programs */
    uint64_t work, in_bytes;
    uint64_t cores, mem_bytes, gpu_ppm, gpu_mem_bytes;
    uint64_t count, chunk, limit_ms, max_price, urgency, deadline_ms;
    uint64_t levy_ppm; /* the parameter at submit: what the escrow holds */
    uint64_t verify, samples;
    struct og_hash check_hash;
    uint64_t check_limit_ms, retry, is_private;
    char *verifiers;
    uint64_t state, exit_worst, escrow;
    uint64_t q_first, q_count; /* elements never leased: [q_first, q_first + q_count) */
    uint64_t requeued;         /* elements in requeue rows */
    uint64_t live, done;       /* elements leased and not final; accepted for good */
    uint64_t waiting_on;       /* dependencies not yet ended */
    uint64_t submit_h, submit_ms, expires_h, expires_ms;
    uint64_t end_as; /* how elements that did not end well want it to end; 0: paid */
    uint64_t paid;   /* grains paid to nodes so far */
};

struct og_dep {
    uint64_t on, task, when; /* when: 0 ok, 1 any, 2 fail */
};

/* Elements that wait again after an attempt; bounds are kept. */
struct og_requeue {
    uint64_t task, first;
    uint64_t count, attempt;
    uint64_t fail_why, fail_node, fail_ms, fail_pay; /* first result.fail of this range, 0 none */
    uint64_t check_no;                               /* `cmd`: a no by the first node's checkers */
    struct og_blob tried;                            /* node ids, be64 each */
};

struct og_lease {
    uint64_t id;
    uint64_t task, attempt, first, count, node, slot, share_ppm;
    uint64_t state, method;
    uint64_t amount, rate, lambda_ppm, q_ppm, lock, capacity;
    uint64_t matched_h, dl_h, dl_ms;
    uint64_t started_ms, hard_dl_h, hard_dl_ms;
    uint64_t run_ms, credited_ms, units, pay;
    struct og_hash commit;
    uint64_t commit_h, commit_ms;
    uint64_t checked; /* 0 undecided, 1 not drawn, 2 drawn */
    struct og_hash seed;
    struct og_blob drawn; /* verifier node ids in order, be64 each */
    uint64_t next_drawn, missed;
    struct og_hash root;
    uint64_t exits;       /* worst exit status */
    struct og_hash value; /* of the drawn leaves */
    uint64_t stage;       /* 1: v1 asked; 2: v2 and v3 asked; */
    uint64_t referee, accept_h, accept_ms, end_h;
    uint64_t fail_why, fail_node, fail_pay, check_no; /* carried from the requeue row */
    struct og_blob tried;
};

enum og_check_state { OG_CHECK_ASKED, OG_CHECK_HASHED, OG_CHECK_DONE, OG_CHECK_MISSED };
extern const char *const og_check_state_names[];

/* One verifier's duty. */
struct og_check {
    uint64_t lease, turn;
    uint64_t node, state, stage, lock;
    struct og_hash hash, value;
    uint64_t vote; /* enum og_vote; exact: none and a value, or absent */
    uint64_t units, dl_h, dl_ms;
};
extern const char *const og_vote_names[]; /* by enum og_vote (check_judge.h) */

struct og_round {
    uint64_t id;
    uint64_t height, rows, cols, state; /* state: 0 open, 1 applied, 2 greedy */
    struct og_hash seed;
    struct og_blob row, col, cost,
        wait; /* be64s: task,first,count,attempt | node,slot | cells | waits */
};

struct og_paid {
    uint64_t task, first;
    uint64_t count, lease, node, grains;
};

struct og_unbond {
    uint64_t id;
    uint64_t node, grains, dl_h, dl_ms;
};

struct og_bar {
    struct og_addr submitter, owner;
};

struct og_proof_seen {
    uint64_t type, offender, height;
};

struct og_value { /* params, globals */
    char *name;
    uint64_t value;
};

struct og_validator {
    uint64_t node;
    uint64_t weight, select_ppm;
};

struct og_epoch {
    uint64_t id;
    uint64_t first_h, first_ms, lambda_ppm, c_net, paid_units;
    struct og_hash seed;
};

struct og_roots {
    uint64_t height;
    uint64_t time_ms, proposer;
    struct og_hash tx_root, receipt_root, beacon;
};

/* What a node did in the capacity window of an epoch, and showed in the last five. */
struct og_window {
    uint64_t node;
    uint64_t epoch, state;                /* state: 1 committed, 2 over */
    uint64_t height, commit_h;            /* of the seed's beacon; of the commit */
    uint64_t lanes, steps, chunks, value; /* value: MFLOP/s */
    struct og_hash root, mem_root;
    uint64_t shown; /* windows so far; the last is v[(shown - 1) % 5] */
    uint64_t v0, v1, v2, v3, v4;
};

/* A change of protocol: the app hash of the state as the rules before left it, and with what the
 * new ones put into it, but for this row. */
struct og_version {
    uint64_t protocol;
    uint64_t height;
    struct og_hash before, after;
};

/* What the EVM knows of an account beyond balance and sequence number, which is its nonce. A row
 * only where one of these is not zero. */
struct og_vm_acct_row {
    struct og_addr addr;
    struct og_hash code; /* Keccak-256; zeros: none */
    uint64_t dust_wei;   /* less than 10^9: what of its balance is no whole grain */
    uint64_t slots;      /* rows of vm_slot */
};

struct og_vm_code_row {
    struct og_hash hash; /* Keccak-256 of the bytes */
    struct og_blob code;
};

/* Where a contract comes from. */
struct og_contract_row {
    struct og_addr addr;
    struct og_addr creator; /* who signed the transaction that made it */
    uint64_t height;
    struct og_hash report; /* SHA-256 of the analyser's report, zeros: none */
    char *analyser;        /* its name and version */
};

struct og_vm_slot_row {
    struct og_addr addr;
    struct og_hash key;
    struct og_hash value; /* not zero */
};

enum og_family_index {
    OG_F_ACCKEY,
    OG_F_ACCOUNT,
    OG_F_BAR,
    OG_F_CHECK,
    OG_F_DEP,
    OG_F_EPOCH,
    OG_F_EVIDENCE,
    OG_F_GLOBAL,
    OG_F_LEASE,
    OG_F_LINK,
    OG_F_NODE,
    OG_F_PAID,
    OG_F_PARAM,
    OG_F_REQUEUE,
    OG_F_ROOTS,
    OG_F_ROUND,
    OG_F_SLOT,
    OG_F_TASK,
    OG_F_UNBOND,
    OG_F_VALIDATOR,
    OG_F_VERSION,
    OG_F_VM_ACCT,
    OG_F_VM_CODE,
    OG_F_VM_CONTRACT,
    OG_F_VM_SLOT,
    OG_F_WINDOW,
    OG_FAMILIES
};
/* In order of their names, which is the order of the app hash. New ones go behind the others: the
 * position is the number of the store in the state file. */
extern const struct og_family og_families[OG_FAMILIES];

#endif
