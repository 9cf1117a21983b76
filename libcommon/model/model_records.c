/* model_records.c - column descriptions of every record family, and the names of states. */
#include "model/model_records.h"

const char *const og_task_state_names[] = {"waiting",   "open",    "paid",
                                           "cancelled", "expired", "failed"};
const char *const og_lease_state_names[] = {"matched",  "running",  "committed", "revealed",
                                            "accepted", "paid",     "released",  "late",
                                            "wrong",    "rejected", "cancelled", "failed"};
const char *const og_node_state_names[] = {"active", "leaving", "left"};
const char *const og_method_names[] = {"own", "exact", "vote", "cmd", "accept", "auto"};
const char *const og_check_state_names[] = {"asked", "hashed", "done", "missed"};
const char *const og_vote_names[] = {"none", "ok", "grey", "bad", "absent"};

#define COL(T, member, kind)                                                                       \
    {                                                                                              \
#member, OG_COL_##kind, offsetof(struct T, member), NULL                                   \
    }
#define COL_ENUM(T, member, names)                                                                 \
    {                                                                                              \
#member, OG_COL_ENUM, offsetof(struct T, member), names                                    \
    }

static const struct og_col account_cols[] = {
    COL(og_account, addr, ADDR),
    COL(og_account, balance, DEC),
    COL(og_account, seq, DEC),
};

static const struct og_col acckey_cols[] = {
    COL(og_acckey, addr, ADDR),     COL(og_acckey, alg, TEXT),      COL(og_acckey, pub, BLOB),
    COL(og_acckey, cold_alg, TEXT), COL(og_acckey, cold_pub, BLOB), COL(og_acckey, next_alg, TEXT),
    COL(og_acckey, next_pub, BLOB), COL(og_acckey, next_h, NUM),    COL(og_acckey, next_ms, NUM),
};

static const struct og_col bar_cols[] = {
    COL(og_bar, submitter, ADDR),
    COL(og_bar, owner, ADDR),
};

static const struct og_col check_cols[] = {
    COL(og_check, lease, NUM),
    COL(og_check, turn, NUM),
    COL(og_check, node, NUM),
    COL_ENUM(og_check, state, og_check_state_names),
    COL(og_check, stage, NUM),
    COL(og_check, lock, DEC),
    COL(og_check, hash, HASH),
    COL(og_check, value, HASH),
    COL_ENUM(og_check, vote, og_vote_names),
    COL(og_check, units, DEC),
    COL(og_check, dl_h, NUM),
    COL(og_check, dl_ms, NUM),
};

static const struct og_col dep_cols[] = {
    COL(og_dep, on, NUM),
    COL(og_dep, task, NUM),
    COL(og_dep, when, NUM),
};

static const struct og_col epoch_cols[] = {
    COL(og_epoch, id, NUM),         COL(og_epoch, first_h, NUM), COL(og_epoch, first_ms, NUM),
    COL(og_epoch, lambda_ppm, NUM), COL(og_epoch, c_net, DEC),   COL(og_epoch, paid_units, DEC),
    COL(og_epoch, seed, HASH),
};

static const struct og_col evidence_cols[] = {
    COL(og_proof_seen, type, NUM),
    COL(og_proof_seen, offender, NUM),
    COL(og_proof_seen, height, NUM),
};

static const struct og_col global_cols[] = {
    COL(og_value, name, TEXT),
    COL(og_value, value, DEC),
};

static const struct og_col lease_cols[] = {
    COL(og_lease, id, NUM),
    COL(og_lease, task, NUM),
    COL(og_lease, attempt, NUM),
    COL(og_lease, first, NUM),
    COL(og_lease, count, NUM),
    COL(og_lease, node, NUM),
    COL(og_lease, slot, NUM),
    COL(og_lease, share_ppm, NUM),
    COL_ENUM(og_lease, state, og_lease_state_names),
    COL_ENUM(og_lease, method, og_method_names),
    COL(og_lease, amount, DEC),
    COL(og_lease, rate, DEC),
    COL(og_lease, lambda_ppm, NUM),
    COL(og_lease, q_ppm, NUM),
    COL(og_lease, lock, DEC),
    COL(og_lease, capacity, NUM),
    COL(og_lease, matched_h, NUM),
    COL(og_lease, dl_h, NUM),
    COL(og_lease, dl_ms, NUM),
    COL(og_lease, started_ms, NUM),
    COL(og_lease, hard_dl_h, NUM),
    COL(og_lease, hard_dl_ms, NUM),
    COL(og_lease, run_ms, NUM),
    COL(og_lease, credited_ms, NUM),
    COL(og_lease, units, DEC),
    COL(og_lease, pay, DEC),
    COL(og_lease, commit, HASH),
    COL(og_lease, commit_h, NUM),
    COL(og_lease, commit_ms, NUM),
    COL(og_lease, checked, NUM),
    COL(og_lease, seed, HASH),
    COL(og_lease, drawn, BLOB),
    COL(og_lease, next_drawn, NUM),
    COL(og_lease, missed, NUM),
    COL(og_lease, root, HASH),
    COL(og_lease, exits, NUM),
    COL(og_lease, value, HASH),
    COL(og_lease, stage, NUM),
    COL(og_lease, referee, NUM),
    COL(og_lease, accept_h, NUM),
    COL(og_lease, accept_ms, NUM),
    COL(og_lease, end_h, NUM),
    COL(og_lease, fail_why, NUM),
    COL(og_lease, fail_node, NUM),
    COL(og_lease, fail_pay, DEC),
    COL(og_lease, check_no, NUM),
    COL(og_lease, tried, BLOB),
};

static const struct og_col link_cols[] = {
    COL(og_link, node, NUM),
    COL(og_link, peer, NUM),
    COL(og_link, latency_us, NUM),
    COL(og_link, bytes_per_s, NUM),
};

static const struct og_col node_cols[] = {
    COL(og_node, id, NUM),
    COL(og_node, addr, ADDR),
    COL(og_node, owner, ADDR),
    COL_ENUM(og_node, state, og_node_state_names),
    COL(og_node, offered, NUM),
    COL(og_node, measured, NUM),
    COL(og_node, verified_rate, NUM),
    COL(og_node, c_eff, NUM),
    COL(og_node, bond, DEC),
    COL(og_node, locked, DEC),
    COL(og_node, rel_a, NUM),
    COL(og_node, rel_b, NUM),
    COL(og_node, streak, DEC),
    COL(og_node, weight, NUM),
    COL(og_node, joined_h, NUM),
    COL(og_node, min_rate, DEC),
    COL(og_node, max_lock, DEC),
    COL(og_node, epoch_leases, NUM),
    COL(og_node, epoch_released, NUM),
    COL(og_node, barred_epoch, NUM),
    COL(og_node, barred_round, NUM),
    COL(og_node, epoch_sealed, NUM),
    COL(og_node, epoch_missed, NUM),
    COL(og_node, work_done, DEC),
    COL(og_node, quarantine_h, NUM),
    COL(og_node, quarantine_ms, NUM),
    COL(og_node, hw_class, TEXT),
    COL(og_node, classes, TEXT),
    COL(og_node, submitters, TEXT),
    COL(og_node, vrf, BLOB),
    COL(og_node, vrf_next, BLOB),
    COL(og_node, vrf_next_epoch, NUM),
    COL(og_node, cons_alg, TEXT),
    COL(og_node, cons_pub, BLOB),
    COL(og_node, tls, BLOB),
    COL(og_node, seal, BLOB),
};

static const struct og_col paid_cols[] = {
    COL(og_paid, task, NUM),  COL(og_paid, first, NUM), COL(og_paid, count, NUM),
    COL(og_paid, lease, NUM), COL(og_paid, node, NUM),  COL(og_paid, grains, DEC),
};

static const struct og_col param_cols[] = {
    COL(og_value, name, TEXT),
    COL(og_value, value, DEC),
};

static const struct og_col requeue_cols[] = {
    COL(og_requeue, task, NUM),    COL(og_requeue, first, NUM),    COL(og_requeue, count, NUM),
    COL(og_requeue, attempt, NUM), COL(og_requeue, fail_why, NUM), COL(og_requeue, fail_node, NUM),
    COL(og_requeue, fail_ms, NUM), COL(og_requeue, fail_pay, DEC), COL(og_requeue, check_no, NUM),
    COL(og_requeue, tried, BLOB),
};

static const struct og_col roots_cols[] = {
    COL(og_roots, height, NUM),   COL(og_roots, time_ms, NUM),       COL(og_roots, proposer, NUM),
    COL(og_roots, tx_root, HASH), COL(og_roots, receipt_root, HASH), COL(og_roots, beacon, HASH),
};

static const struct og_col round_cols[] = {
    COL(og_round, id, NUM),    COL(og_round, height, NUM), COL(og_round, rows, NUM),
    COL(og_round, cols, NUM),  COL(og_round, state, NUM),  COL(og_round, seed, HASH),
    COL(og_round, row, BLOB),  COL(og_round, col, BLOB),   COL(og_round, cost, BLOB),
    COL(og_round, wait, BLOB),
};

static const struct og_col slot_cols[] = {
    COL(og_slot, node, NUM),          COL(og_slot, idx, NUM),       COL(og_slot, share_ppm, NUM),
    COL(og_slot, cores, NUM),         COL(og_slot, mem_bytes, NUM), COL(og_slot, gpu_ppm, NUM),
    COL(og_slot, gpu_mem_bytes, NUM), COL(og_slot, sold_ms, NUM),   COL(og_slot, lease, NUM),
};

static const struct og_col task_cols[] = {
    COL(og_task, id, NUM),
    COL(og_task, hash, HASH),
    COL(og_task, owner, ADDR),
    COL(og_task, spec, HASH),
    COL(og_task, line, NUM),
    COL(og_task, name, TEXT),
    COL(og_task, kernel, TEXT),
    COL(og_task, work, DEC),
    COL(og_task, in_bytes, NUM),
    COL(og_task, cores, NUM),
    COL(og_task, mem_bytes, NUM),
    COL(og_task, gpu_ppm, NUM),
    COL(og_task, gpu_mem_bytes, NUM),
    COL(og_task, count, NUM),
    COL(og_task, chunk, NUM),
    COL(og_task, limit_ms, NUM),
    COL(og_task, max_price, DEC),
    COL(og_task, urgency, NUM),
    COL(og_task, deadline_ms, NUM),
    COL(og_task, levy_ppm, NUM),
    COL_ENUM(og_task, verify, og_method_names),
    COL(og_task, samples, NUM),
    COL(og_task, check_hash, HASH),
    COL(og_task, check_limit_ms, NUM),
    COL(og_task, retry, NUM),
    COL(og_task, is_private, NUM),
    COL(og_task, verifiers, TEXT),
    COL_ENUM(og_task, state, og_task_state_names),
    COL(og_task, exit_worst, NUM),
    COL(og_task, escrow, DEC),
    COL(og_task, q_first, NUM),
    COL(og_task, q_count, NUM),
    COL(og_task, requeued, NUM),
    COL(og_task, live, NUM),
    COL(og_task, done, NUM),
    COL(og_task, waiting_on, NUM),
    COL(og_task, submit_h, NUM),
    COL(og_task, submit_ms, NUM),
    COL(og_task, expires_h, NUM),
    COL(og_task, expires_ms, NUM),
    COL(og_task, end_as, NUM),
    COL(og_task, paid, DEC),
};

static const struct og_col unbond_cols[] = {
    COL(og_unbond, id, NUM),   COL(og_unbond, node, NUM),  COL(og_unbond, grains, DEC),
    COL(og_unbond, dl_h, NUM), COL(og_unbond, dl_ms, NUM),
};

static const struct og_col validator_cols[] = {
    COL(og_validator, node, NUM),
    COL(og_validator, weight, NUM),
    COL(og_validator, select_ppm, NUM),
};

static const struct og_col version_cols[] = {
    COL(og_version, protocol, NUM),
    COL(og_version, height, NUM),
    COL(og_version, before, HASH),
    COL(og_version, after, HASH),
};

static const struct og_col vm_acct_cols[] = {
    COL(og_vm_acct_row, addr, ADDR),
    COL(og_vm_acct_row, code, HASH),
    COL(og_vm_acct_row, dust_wei, NUM),
    COL(og_vm_acct_row, slots, NUM),
};

static const struct og_col vm_code_cols[] = {
    COL(og_vm_code_row, hash, HASH),
    COL(og_vm_code_row, code, BLOB),
};

static const struct og_col vm_contract_cols[] = {
    COL(og_contract_row, addr, ADDR),     COL(og_contract_row, creator, ADDR),
    COL(og_contract_row, height, NUM),    COL(og_contract_row, report, HASH),
    COL(og_contract_row, analyser, TEXT),
};

static const struct og_col vm_slot_cols[] = {
    COL(og_vm_slot_row, addr, ADDR),
    COL(og_vm_slot_row, key, HASH),
    COL(og_vm_slot_row, value, HASH),
};

static const struct og_col window_cols[] = {
    COL(og_window, node, NUM),   COL(og_window, epoch, NUM),     COL(og_window, state, NUM),
    COL(og_window, height, NUM), COL(og_window, commit_h, NUM),  COL(og_window, lanes, NUM),
    COL(og_window, steps, NUM),  COL(og_window, chunks, NUM),    COL(og_window, value, NUM),
    COL(og_window, root, HASH),  COL(og_window, mem_root, HASH), COL(og_window, shown, NUM),
    COL(og_window, v0, NUM),     COL(og_window, v1, NUM),        COL(og_window, v2, NUM),
    COL(og_window, v3, NUM),     COL(og_window, v4, NUM),
};

#define FAMILY_FROM(table, cols, T, n_key, i, late)                                                \
    {                                                                                              \
        table, cols, sizeof(cols) / sizeof *(cols), n_key, sizeof(struct T), i, late               \
    }
#define FAMILY(table, cols, T, n_key, i) FAMILY_FROM(table, cols, T, n_key, i, false)
#define LATE(table, cols, T, n_key, i)   FAMILY_FROM(table, cols, T, n_key, i, true)

const struct og_family og_families[OG_FAMILIES] = {
    FAMILY("acckey", acckey_cols, og_acckey, 1, OG_F_ACCKEY),
    FAMILY("account", account_cols, og_account, 1, OG_F_ACCOUNT),
    FAMILY("bar", bar_cols, og_bar, 2, OG_F_BAR),
    FAMILY("check", check_cols, og_check, 2, OG_F_CHECK),
    FAMILY("dep", dep_cols, og_dep, 2, OG_F_DEP),
    FAMILY("epochs", epoch_cols, og_epoch, 1, OG_F_EPOCH),
    FAMILY("evidence", evidence_cols, og_proof_seen, 3, OG_F_EVIDENCE),
    FAMILY("globals", global_cols, og_value, 1, OG_F_GLOBAL),
    FAMILY("lease", lease_cols, og_lease, 1, OG_F_LEASE),
    FAMILY("link", link_cols, og_link, 2, OG_F_LINK),
    FAMILY("node", node_cols, og_node, 1, OG_F_NODE),
    FAMILY("paid", paid_cols, og_paid, 2, OG_F_PAID),
    FAMILY("params", param_cols, og_value, 1, OG_F_PARAM),
    FAMILY("requeue", requeue_cols, og_requeue, 2, OG_F_REQUEUE),
    FAMILY("roots", roots_cols, og_roots, 1, OG_F_ROOTS),
    FAMILY("round", round_cols, og_round, 1, OG_F_ROUND),
    FAMILY("slot", slot_cols, og_slot, 2, OG_F_SLOT),
    FAMILY("task", task_cols, og_task, 1, OG_F_TASK),
    FAMILY("unbond", unbond_cols, og_unbond, 1, OG_F_UNBOND),
    FAMILY("validators", validator_cols, og_validator, 1, OG_F_VALIDATOR),
    LATE("version", version_cols, og_version, 1, OG_F_VERSION),
    LATE("vm_account", vm_acct_cols, og_vm_acct_row, 1, OG_F_VM_ACCT),
    LATE("vm_code", vm_code_cols, og_vm_code_row, 1, OG_F_VM_CODE),
    LATE("vm_contract", vm_contract_cols, og_contract_row, 1, OG_F_VM_CONTRACT),
    LATE("vm_slot", vm_slot_cols, og_vm_slot_row, 2, OG_F_VM_SLOT),
    LATE("window", window_cols, og_window, 1, OG_F_WINDOW),
};
