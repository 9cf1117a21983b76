/* ledger_int.h - inside ledger/ only: the open state machine and what its files share. */
#ifndef OG_LEDGER_INT_H
#define OG_LEDGER_INT_H

#include "check/check_judge.h"
#include "check/check_method.h"
#include "ledger/ledger.h"
#include "ledger/ledger_rule.h"
#include "ledger/ledger_view.h"
#include "store/store_block.h"
#include "store/store_query.h"
#include "store/store_row.h"
#include "store/store_tree.h"

#include "base/base_num.h"

#define OG_PUB_CACHE 256
#define OG_NEVER     ((uint64_t)1 << 52) /* a deadline that does not come; a JSON number */

struct og_pub_entry {
    struct og_addr addr;
    bool cold;
    struct og_pub *pub;
};

struct og_vm;

struct og_ledger {
    struct og_store *st;
    struct og_params p;
    struct og_hash chain;
    uint64_t genesis_supply;
    uint64_t height, now_ms; /* of the open block */
    struct og_addr treasury;
    struct og_pub_entry pubs[OG_PUB_CACHE];
    struct og_vm *vm;       /* made when first wanted */
    struct og_rules *rules; /* from protocol 2 on */
    bool loaded, comet;
    uint64_t params_serial, version; /* of what is cached here */
    uint64_t key_changes;            /* how often a key was forgotten */
    struct og_seen *seen;            /* borrowed; NULL: none */
};

/* Why a lease failed: fail_why of its row, and the word in a receipt. Append only. */
enum og_fail_why {
    OG_FAIL_NONE,
    OG_FAIL_INPUT,
    OG_FAIL_TIME,
    OG_FAIL_MEMORY,
    OG_FAIL_OUTPUT,
    OG_FAIL_CHECK,
    OG_FAIL_NONDETERMINISTIC,
    OG_FAIL_DISPUTED
};

/* One transaction being applied. */
struct og_txn {
    struct og_ledger *l;
    const struct og_tx *tx;
    const json_t *body;
    uint64_t pos; /* its place */
    uint64_t first_id;
    bool fee_back; /* match.commit: the fee returns */
    /* what stays when the transaction fails: a wrong certificate costs */
    uint64_t penalty, bar_node, bar_round;
};

/* A rule said no: OG_E_DATA with the sentence. */
#define OG_REFUSE(err, ...) og_err_set(err, OG_E_DATA, __VA_ARGS__)

/* ledger_account.c: money and keys */
enum og_rc og_led_balance(struct og_ledger *l, const struct og_addr *a, uint64_t *out,
                          struct og_err *err) OG_MUST_CHECK;
/* Adds to / takes from a balance and writes the line of its statement. Taking more than there is:
 * OG_E_DATA. Nothing is done for 0. */
enum og_rc og_led_credit(struct og_ledger *l, const struct og_addr *a, uint64_t grains,
                         const char *why, uint64_t ref, const struct og_addr *other,
                         struct og_err *err) OG_MUST_CHECK;
enum og_rc og_led_debit(struct og_ledger *l, const struct og_addr *a, uint64_t grains,
                        const char *why, uint64_t ref, const struct og_addr *other,
                        struct og_err *err) OG_MUST_CHECK;
/* To the treasury, counted as inflow of the epoch. */
enum og_rc og_led_to_treasury(struct og_ledger *l, uint64_t grains, const char *why, uint64_t ref,
                              struct og_err *err) OG_MUST_CHECK;
/* As much of grains as the treasury has, to a; *paid says how much. */
enum og_rc og_led_from_treasury(struct og_ledger *l, const struct og_addr *a, uint64_t grains,
                                const char *why, uint64_t ref, uint64_t *paid,
                                struct og_err *err) OG_MUST_CHECK;
enum og_rc og_led_charge_fee(struct og_ledger *l, const struct og_tx *tx,
                             struct og_err *err) OG_MUST_CHECK;
enum og_rc og_led_refund_fee(struct og_ledger *l, const struct og_tx *tx,
                             struct og_err *err) OG_MUST_CHECK;
enum og_rc og_led_verify(struct og_ledger *l, const struct og_tx *tx,
                         struct og_err *err) OG_MUST_CHECK;
/* The account's key, from a cache; borrowed until the next question. */
enum og_rc og_led_known_pub(struct og_ledger *l, const struct og_addr *a, bool cold,
                            struct og_pub **out, struct og_err *err) OG_MUST_CHECK;
/* ledger_admit.c: is the transaction signed by p? Asks l->seen first, tells it a yes. */
bool og_led_signed(struct og_ledger *l, const struct og_tx *tx, const struct og_pub *p);
enum og_rc og_led_rotations(struct og_ledger *l, struct og_err *err) OG_MUST_CHECK;
/* A public key in a body; an algorithm that is not there is the body's fault, not the machine's. */
enum og_rc og_led_pub(const json_t *o, struct og_pub **out, struct og_err *err) OG_MUST_CHECK;
void og_led_forget_pub(struct og_ledger *l, const struct og_addr *a);
/* Signed by two thirds of the weight? `sigs` [{node, sig}] over bytes. */
enum og_rc og_led_two_thirds(struct og_ledger *l, const json_t *sigs, const struct og_buf *bytes,
                             struct og_err *err) OG_MUST_CHECK;

/* Globals: small named numbers of the state; absent = 0. */
enum og_rc og_led_get(struct og_ledger *l, const char *name, uint64_t *out,
                      struct og_err *err) OG_MUST_CHECK;
enum og_rc og_led_set(struct og_ledger *l, const char *name, uint64_t v,
                      struct og_err *err) OG_MUST_CHECK;
enum og_rc og_led_add(struct og_ledger *l, const char *name, uint64_t v,
                      struct og_err *err) OG_MUST_CHECK;
/* The next number of a kind ("next_task"): from 1. */
enum og_rc og_led_number(struct og_ledger *l, const char *name, uint64_t *out,
                         struct og_err *err) OG_MUST_CHECK;

/* Rows that must be there. Zeroed and loaded; the caller releases. */
enum og_rc og_led_task(struct og_ledger *l, uint64_t id, struct og_task *t,
                       struct og_err *err) OG_MUST_CHECK;
enum og_rc og_led_lease(struct og_ledger *l, uint64_t id, struct og_lease *ls,
                        struct og_err *err) OG_MUST_CHECK;
enum og_rc og_led_node(struct og_ledger *l, uint64_t id, struct og_node *n,
                       struct og_err *err) OG_MUST_CHECK;
/* The node whose account sent the transaction, active or leaving; else OG_E_DATA. */
enum og_rc og_led_sender_node(struct og_txn *x, struct og_node *n,
                              struct og_err *err) OG_MUST_CHECK;
#define OG_RELEASE(F, rec) og_row_release(&og_families[F], rec)

enum og_rc og_led_event(struct og_ledger *l, const char *what, json_t *o_taken,
                        struct og_err *err) OG_MUST_CHECK;

/* Kinds of transactions, by file. */
#define OG_HANDLER(name) enum og_rc name(struct og_txn *x, struct og_err *err) OG_MUST_CHECK
OG_HANDLER(og_tx_account_new);
OG_HANDLER(og_tx_transfer);
OG_HANDLER(og_tx_key_rotate);
OG_HANDLER(og_tx_key_revoke);
OG_HANDLER(og_tx_params_set);
OG_HANDLER(og_tx_node_join);
OG_HANDLER(og_tx_node_update);
OG_HANDLER(og_tx_node_leave);
OG_HANDLER(og_tx_stake_bond);
OG_HANDLER(og_tx_stake_unbond);
OG_HANDLER(og_tx_link_report);
OG_HANDLER(og_tx_task_submit);
OG_HANDLER(og_tx_task_cancel);
OG_HANDLER(og_tx_task_accept);
OG_HANDLER(og_tx_task_dispute);
OG_HANDLER(og_tx_match_commit);
OG_HANDLER(og_tx_lease_start);
OG_HANDLER(og_tx_lease_renew);
OG_HANDLER(og_tx_lease_release);
OG_HANDLER(og_tx_result_commit);
OG_HANDLER(og_tx_result_reveal);
OG_HANDLER(og_tx_result_fail);
OG_HANDLER(og_tx_verdict_commit);
OG_HANDLER(og_tx_verdict);
OG_HANDLER(og_tx_evidence);
OG_HANDLER(og_tx_capacity_commit);
OG_HANDLER(og_tx_capacity_reveal);
OG_HANDLER(og_tx_contract_call);
OG_HANDLER(og_tx_contract_deploy);
OG_HANDLER(og_tx_protocol_upgrade);

/* ledger.c: the protocol of this chain has the kind of transaction */
enum og_rc og_led_kind_known(struct og_ledger *l, const struct og_tx *tx,
                             struct og_err *err) OG_MUST_CHECK;

/* ledger_contract.c: a contract transaction wants more gas than the open block has left:
 * OG_E_TEMPFAIL */
enum og_rc og_led_gas_left(struct og_ledger *l, const struct og_tx *tx,
                           struct og_err *err) OG_MUST_CHECK;

/* ledger_upgrade.c: params of `since` in [from, to] as rows; the change of protocol that was voted,
 * at the end of its block */
enum og_rc og_led_put_params(struct og_ledger *l, uint64_t from, uint64_t to,
                             struct og_err *err) OG_MUST_CHECK;
enum og_rc og_led_upgrade(struct og_ledger *l, struct og_err *err) OG_MUST_CHECK;

/* ledger_node.c */
enum og_rc og_led_join(struct og_ledger *l, const json_t *body, const struct og_addr *addr,
                       const struct og_addr *owner, bool genesis, uint64_t *id,
                       struct og_err *err) OG_MUST_CHECK;
enum og_rc og_led_unbondings(struct og_ledger *l, struct og_err *err) OG_MUST_CHECK;
void og_led_c_eff(struct og_node *n);
/* The built-in kernel of a task; false: it has none. */
bool og_led_task_kernel(const struct og_task *t, struct og_kernel *out);
/* Takes up to grains of the bond; *taken says how much. The node's row is not written. */
void og_led_slash(struct og_ledger *l, struct og_node *n, uint64_t grains, uint64_t *taken);
/* A double signer: no weight, no keys, for good. */
bool og_led_convicted(const struct og_node *n);
/* Leaving nodes without leases leave. */
enum og_rc og_led_leave_if_idle(struct og_ledger *l, struct og_node *n,
                                struct og_err *err) OG_MUST_CHECK;

/* ledger_pay.c: the money of a lease, pure */
uint64_t og_pay_units(struct og_ledger *l, const struct og_lease *ls, const struct og_task *t,
                      uint64_t count);
uint64_t og_pay_grains(struct og_ledger *l, const struct og_lease *ls);
uint64_t og_pay_extra_ppm(const struct og_task *t);
uint64_t og_pay_surcharge(const struct og_task *t, uint64_t pay);
uint64_t og_pay_check(uint64_t pay, uint64_t check_ppm);
uint64_t og_pay_reserve(uint64_t amount, uint64_t check_ppm, uint64_t checks);
uint64_t og_pay_verifier_lock(uint64_t amount, uint64_t check_ppm);
uint64_t og_pay_escrow_one(const struct og_task *t);
/* check_no: 0, or 1 + what checks of these elements took already (lease and requeue rows). */
uint64_t og_pay_share(const struct og_task *t, uint64_t count, uint64_t check_no);
void og_pay_check_terms(const struct og_task *t, unsigned method, uint64_t *check_ppm,
                        uint64_t *checks);

/* ledger_submit.c: reads an entry of task.submit and says what its escrow would be; nothing is
 * written. */
enum og_rc og_led_task_price(struct og_ledger *l, const json_t *o, const struct og_addr *owner,
                             uint64_t *escrow, struct og_err *err) OG_MUST_CHECK;

/* ledger_net.c: tasks of contracts. After a contract transaction: what it submitted. At a task's
 * end: its callback is queued. At a block's end: callbacks are run. */
enum og_rc og_led_net_submitted(struct og_ledger *l, struct og_err *err) OG_MUST_CHECK;
enum og_rc og_led_net_ended(struct og_ledger *l, const struct og_task *t,
                            struct og_err *err) OG_MUST_CHECK;
enum og_rc og_led_net_callbacks(struct og_ledger *l, struct og_err *err) OG_MUST_CHECK;

/* ledger_task.c */
/* Elements of the lease wait again; its own row must be put by the caller with an end state. again:
 * attempt + 1 (and failed, when that is above retry); tried: the node is not asked again. */
enum og_rc og_led_requeue(struct og_ledger *l, struct og_lease *ls, uint64_t first, uint64_t count,
                          bool again, bool tried, struct og_err *err) OG_MUST_CHECK;
/* count elements of the task are final: gives back `refund` of its escrow to the owner and ends the
 * task when nothing is left. */
enum og_rc og_led_elements_final(struct og_ledger *l, struct og_task *t, uint64_t count,
                                 uint64_t refund, struct og_err *err) OG_MUST_CHECK;
/* Takes grains of the task's escrow for a payment; the row is changed, not written. */
enum og_rc og_led_escrow_take(struct og_task *t, uint64_t grains, struct og_err *err) OG_MUST_CHECK;
enum og_rc og_led_tasks_due(struct og_ledger *l, struct og_err *err) OG_MUST_CHECK;
enum og_rc og_led_cascade(struct og_ledger *l, struct og_err *err) OG_MUST_CHECK;
enum og_rc og_led_end_if_done(struct og_ledger *l, struct og_task *t,
                              struct og_err *err) OG_MUST_CHECK;

/* ledger_lease.c */
/* Frees the slot, the lock and the live count; sets the end state; writes lease, node and slot. */
enum og_rc og_led_lease_end(struct og_ledger *l, struct og_lease *ls, enum og_lease_state state,
                            struct og_err *err) OG_MUST_CHECK;
enum og_rc og_led_free_slot(struct og_ledger *l, const struct og_lease *ls,
                            struct og_err *err) OG_MUST_CHECK;
enum og_rc og_led_lease_deadlines(struct og_ledger *l, struct og_err *err) OG_MUST_CHECK;
void og_led_deadline(struct og_ledger *l, uint64_t blocks, uint64_t ms, uint64_t *h, uint64_t *at);
enum og_rc og_led_lease_late(struct og_ledger *l, struct og_lease *ls,
                             struct og_err *err) OG_MUST_CHECK;
/* The lease becomes running now; its row is written. */
enum og_rc og_led_start(struct og_ledger *l, struct og_lease *ls, struct og_err *err) OG_MUST_CHECK;
/* P/2-style shares of an ended range: pays from escrow and refunds the rest; see ledger_settle.c */
enum og_rc og_led_settle_accepted(struct og_ledger *l, struct og_err *err) OG_MUST_CHECK;
enum og_rc og_led_accept(struct og_ledger *l, struct og_lease *ls,
                         struct og_err *err) OG_MUST_CHECK;
/* The lease's elements end as failed: pay_w to the worker, pay_first to an earlier worker, pay_v to
 * each verifier in v (node numbers), levy to treasury, rest refunded. */
struct og_split {
    uint64_t to_worker, to_first, first_node, to_treasury, to_each;
    const uint64_t *verifier;
    size_t verifiers;
};
enum og_rc og_led_fail_range(struct og_ledger *l, struct og_lease *ls, const struct og_split *s,
                             enum og_lease_state end, struct og_err *err) OG_MUST_CHECK;

/* ledger_own.c: a node's own owner's tasks taken without a round */
enum og_rc og_led_take_own(struct og_txn *x, const json_t *list, struct og_err *err) OG_MUST_CHECK;
/* The lease no longer runs in the slot, which falls to the last of those behind it, or is free. The
 * slot's row is changed, not written. */
enum og_rc og_led_slot_left(struct og_ledger *l, const struct og_lease *ls, struct og_slot *s,
                            struct og_err *err) OG_MUST_CHECK;

/* ledger_comet.c: who signed the last block; who was caught signing two */
enum og_rc og_led_votes(struct og_ledger *l, const struct og_block_open *open,
                        struct og_err *err) OG_MUST_CHECK;
/* ledger_evidence.c: proven by the engine; one that is known, or of a node that has gone, is
 * nothing. */
enum og_rc og_led_fault(struct og_ledger *l, const struct og_block_fault *f,
                        struct og_err *err) OG_MUST_CHECK;

/* ledger_check.c */
enum og_rc og_led_draws(struct og_ledger *l, uint64_t proposer, const struct og_hash *beacon,
                        struct og_err *err) OG_MUST_CHECK;
enum og_rc og_led_check_deadlines(struct og_ledger *l, struct og_err *err) OG_MUST_CHECK;
enum og_rc og_led_after_reveal(struct og_ledger *l, struct og_lease *ls,
                               struct og_err *err) OG_MUST_CHECK;
enum og_rc og_led_judge(struct og_ledger *l, struct og_lease *ls, bool final,
                        struct og_err *err) OG_MUST_CHECK;
/* Worker did not reveal after a drawn check: wrong result. */
enum og_rc og_led_wrong(struct og_ledger *l, struct og_lease *ls, struct og_err *err) OG_MUST_CHECK;
enum og_rc og_led_free_checks(struct og_ledger *l, const struct og_lease *ls,
                              struct og_err *err) OG_MUST_CHECK;
/* The second stage: asks two more; *both false when fewer are left. */
enum og_rc og_led_ask_two(struct og_ledger *l, struct og_lease *ls, const struct og_task *t,
                          bool *both, struct og_err *err) OG_MUST_CHECK;
/* Distinct owners of active nodes of a hw_class, without these two. */
enum og_rc og_led_class_owners(struct og_ledger *l, const char *hw_class, const struct og_addr *a,
                               const struct og_addr *b, size_t *owners,
                               struct og_err *err) OG_MUST_CHECK;

/* ledger_round.c */
/* One slot as a column now; release with og_view_free_cols(col, 0) after freeing none: its
 * submitters list is its own. */
enum og_rc og_led_col(struct og_ledger *l, uint64_t node, uint64_t idx, struct og_match_col *col,
                      struct og_err *err) OG_MUST_CHECK;
void og_led_col_release(struct og_match_col *col);
/* A lease for row {task, first, count, OG_FROM_…} on a slot; behind: also when the slot has one. A
 * pair whose task or slot has gone, or that the node can no longer bond: *lease is 0. */
enum { OG_FROM_QUEUE, OG_FROM_REQUEUE };
enum og_rc og_led_pair(struct og_ledger *l, const uint64_t row[4], uint64_t node, uint64_t idx,
                       bool behind, uint64_t *lease, struct og_err *err) OG_MUST_CHECK;
enum og_rc og_led_penalty(struct og_txn *x, struct og_err *err) OG_MUST_CHECK;
enum og_rc og_led_rounds(struct og_ledger *l, const struct og_hash *beacon,
                         struct og_err *err) OG_MUST_CHECK;

/* ledger_pace.c: run times of a node over what its capacity makes expect, learned as leases end */
enum og_rc og_led_pace(struct og_ledger *l, uint64_t node, uint32_t *ppm,
                       struct og_err *err) OG_MUST_CHECK;
/* Before the lease is counted among what its task has done. */
enum og_rc og_led_learn_pace(struct og_ledger *l, const struct og_lease *ls,
                             const struct og_task *t, struct og_err *err) OG_MUST_CHECK;
/* Halves what every node is above 10^6: each epoch. */
enum og_rc og_led_forget_pace(struct og_ledger *l, struct og_err *err) OG_MUST_CHECK;

/* ledger_window.c: has the node's capacity come from windows? */
enum og_rc og_led_windows_shown(struct og_ledger *l, uint64_t node, bool *shown,
                                struct og_err *err) OG_MUST_CHECK;
/* who showed nothing in the window of the epoch that ends has shown 0 */
enum og_rc og_led_windows_over(struct og_ledger *l, uint64_t epoch,
                               struct og_err *err) OG_MUST_CHECK;

/* ledger_epoch.c */
enum og_rc og_led_epoch_end(struct og_ledger *l, const struct og_hash *beacon,
                            struct og_err *err) OG_MUST_CHECK;
enum og_rc og_led_first_epoch(struct og_ledger *l, const struct og_hash *seed,
                              struct og_err *err) OG_MUST_CHECK;
enum og_rc og_led_set_weights(struct og_ledger *l, bool genesis, uint64_t *c_net,
                              struct og_err *err) OG_MUST_CHECK;
enum og_rc og_led_check_passed(struct og_ledger *l, const struct og_lease *ls,
                               const struct og_task *t, struct og_err *err) OG_MUST_CHECK;
/* b += weight·10^6 of a node's reliability. */
enum og_rc og_led_blame(struct og_ledger *l, uint64_t node, uint64_t weight,
                        struct og_err *err) OG_MUST_CHECK;

#endif
