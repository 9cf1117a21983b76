/* ledger_view.h - questions about the state that tools ask too: rounds, rows, columns, money. */
#ifndef OG_LEDGER_VIEW_H
#define OG_LEDGER_VIEW_H

#include "check/check_kernel.h"
#include "ledger/ledger.h"
#include "match/match_cost.h"
#include "match/match_need.h"

/* Columns of all slots now (free_only: those without a lease). The caller frees *cols with
 * og_view_free_cols. */
enum og_rc og_view_cols(struct og_ledger *l, bool free_only, struct og_match_col **cols, size_t *m,
                        struct og_err *err) OG_MUST_CHECK;
void og_view_free_cols(struct og_match_col *cols, size_t m);
/* The row of elements [first, first + count) of a task as a round would see it; release with
 * og_view_release_row. */
enum og_rc og_view_row(struct og_ledger *l, const struct og_task *t, uint64_t first, uint64_t count,
                       struct og_match_row *row, struct og_err *err) OG_MUST_CHECK;
void og_view_release_row(struct og_match_row *row);

/* What the costs of a round need beside rows and columns: ways, holders of inputs, busy slots. Sets
 * queue_ms of columns with a lease to when it is expected to end. Free *out with og_ways_free. */
struct og_ways;
enum og_rc og_ways_new(struct og_ledger *l, const struct og_cost_round *r,
                       struct og_match_col *cols, size_t m, struct og_ways **out,
                       struct og_err *err) OG_MUST_CHECK;
void og_ways_free(struct og_ways *w);
/* The task that the next questions are of: its home (0: not known), its input bytes. Inputs lie on
 * the home and on every node where the task runs now (at most 16 are looked at). */
void og_ways_task(struct og_ways *w, uint64_t task, uint64_t home, uint64_t in_bytes);
/* To a node; holds until the next og_ways_task. */
const struct og_cost_way *og_ways_to(const struct og_ways *w, uint64_t node);
/* Upward ranks (HEFT: Topcuoglu, Hariri and Wu 2002) of the tasks of a round: the longest chain of
 * tasks that wait for it, each as long as its elements take on slots of the columns' mean capacity.
 * Those that start on failure only do not count; 128 tasks deep, the 32 lowest numbers that wait
 * for one, 1,024 tasks read in all. cols are not kept; round is borrowed. */
struct og_rank;
enum og_rc og_rank_new(struct og_ledger *l, const struct og_cost_round *round,
                       const struct og_match_col *cols, size_t m, struct og_rank **out,
                       struct og_err *err) OG_MUST_CHECK;
void og_rank_free(struct og_rank *r);
/* 0 when nothing waits for the task. */
enum og_rc og_rank_of(struct og_rank *r, uint64_t task, uint64_t *ms,
                      struct og_err *err) OG_MUST_CHECK;
/* Work of one element of a task whose work is not known, MFLOP, from what its finished ones were
 * paid; 0: none was. */
uint64_t og_view_learned(const struct og_ledger *l, const struct og_task *t, uint64_t lambda_ppm);

/* The round that waits for a certificate; *found false when none does. Release rd as a row of
 * OG_F_ROUND. c: rows·cols costs as the chain checks them (ties in), wait: rows; the caller frees.
 */
enum og_rc og_view_round(struct og_ledger *l, struct og_round *rd, int64_t **c, int64_t **wait,
                         bool *found, struct og_err *err) OG_MUST_CHECK;
/* A round's column is a place: the round lists each slot `places` times in a row. Of x, what each
 * slot takes first: lease[i] is set where row i is it. Rows that are behind, or first in a slot
 * that is still busy, wait. lease: rows flags. */
size_t og_view_places(const struct og_round *rd);
void og_view_first(const struct og_round *rd, const int64_t *c, const int64_t *wait,
                   const int32_t *x, bool *lease);

/* Escrow that task.submit takes for one entry; false: beyond bounds. */
bool og_view_escrow(const struct og_params *p, uint64_t count, uint64_t max_price,
                    uint64_t check_ppm, uint64_t checks, uint64_t urgency, uint64_t *out);
/* The method of a task on a node (auto resolved). Never OG_VERIFY_AUTO. */
unsigned og_view_method(const struct og_task *t, const struct og_addr *node_owner);
/* Leaves of a full lease of the task: its elements, or the pieces of a kernel's outputs. */
uint64_t og_view_leaves(const struct og_task *t);
/* kernel: {"args":{…},"name":"gemm"}, see check_kernel.h. OG_E_DATA when it is none. */
enum og_rc og_view_kernel(const json_t *kernel, struct og_kernel *out,
                          struct og_err *err) OG_MUST_CHECK;
/* λ now, ppm; rate is a parameter. */
enum og_rc og_view_lambda(struct og_ledger *l, uint64_t *ppm, struct og_err *err) OG_MUST_CHECK;
/* Leaves that a drawn check looks at, ascending: same for worker and verifier. n_leaves: of the
 * result (elements of a program lease, pieces of a kernel's outputs). */
enum og_rc og_view_drawn_leaves(const struct og_lease *ls, const struct og_task *t,
                                uint64_t n_leaves, uint64_t **leaf, size_t *n,
                                struct og_err *err) OG_MUST_CHECK;
/* Most gas of one transaction; most grains a gas. */
uint64_t og_view_gas_max(const struct og_params *p);
#define OG_GAS_PRICE_MAX ((uint64_t)1000000000)

/* A message to a contract that changes nothing, as the block to come would run it. */
struct og_view_message {
    struct og_addr from, to;
    bool create;         /* data is init code, `to` has no meaning */
    uint64_t value;      /* grains */
    uint64_t gas;        /* of opcodes alone */
    const uint8_t *data; /* borrowed */
    size_t len;
};
struct og_view_answer {
    unsigned status; /* enum og_vm_status (vm.h) */
    uint64_t gas_used;
    struct og_buf output;
};
/* The caller releases out->output. */
enum og_rc og_view_call(struct og_ledger *l, const struct og_view_message *m,
                        struct og_view_answer *out, struct og_err *err) OG_MUST_CHECK;
/* The code of a contract, appended; *is false: the address is none. */
enum og_rc og_view_contract(struct og_ledger *l, const struct og_addr *a, struct og_buf *code,
                            bool *is, struct og_err *err) OG_MUST_CHECK;

/* A node's P_i in ppm, and reliability in ppm. */
uint64_t og_view_reliability(const struct og_node *n);

#endif
