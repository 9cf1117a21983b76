/* analyze_seq.h - sequences of transactions against a deployed contract, and what they show.
 *
 * A sequence begins in the world of analyze_world.h as the constructor left it. Setup by the owner
 * and the user, attack by the attacker: directly, or through the agent, a contract made for each
 * transaction that calls on, and when it is called itself may call the contract again. */
#ifndef OG_ANALYZE_SEQ_H
#define OG_ANALYZE_SEQ_H

#include "analyze/analyze_find.h"
#include "analyze/analyze_watch.h"

struct og_seq_tx {
    enum og_who who; /* OWNER, USER, ATTACKER, AGENT */
    bool lured;      /* AGENT: it is the owner who was led to call the agent, without ether */
    uint8_t again;   /* AGENT: how often it calls back when it is called */
    uint32_t wait_s; /* since the one before */
    struct og_u256 value;
    uint8_t *data, *back; /* back: what the agent calls back with */
    uint32_t n, n_back;
};

struct og_seq {
    struct og_seq_tx *v;
    size_t n, cap;
};

#define OG_SEQ_MAX      8
#define OG_SEQ_DATA_MAX 4096

/* What was seen, by flaw; the first transaction that showed it. */
struct og_seen {
    bool seen[OG_N_FLAWS];
    size_t tx[OG_N_FLAWS];
    uint32_t pc[OG_N_FLAWS];
    struct og_u256 gain; /* wei, of the attacker and the agent together */
    size_t ok;           /* transactions that succeeded */
    size_t slow;         /* the transaction that ran out of gas, plus one */
};

struct og_seq_run {
    struct og_vm *vm;
    const struct og_deployed *d;
    struct og_watch watch;
    struct og_hash agent_code;
    int64_t gas;
    bool ignore_slow;        /* og_seq_judge does not look into loops */
    size_t body;             /* code before its metadata */
    struct og_u256 last_out; /* first word of what the last transaction returned */
    bool last_ok;
    size_t last_len;
};

void og_seq_run_init(struct og_seq_run *r, const struct og_deployed *d);
void og_seq_run_release(struct og_seq_run *r);

/* Runs it all; theft, assertions, destruction, foreign code and gas are told apart without running
 * it again: theft counts as OG_FLAW_WITHDRAWAL. */
void og_seq_run(struct og_seq_run *r, const struct og_seq *s, struct og_seen *out);
/* As above, and names theft by what it needs: OG_FLAW_REENTRANCY where it is gone without calls
 * back, OG_FLAW_TX_ORIGIN where without the owner being lured. A loop counts only where small
 * arguments run out of gas too. */
void og_seq_judge(struct og_seq_run *r, const struct og_seq *s, struct og_seen *out);
/* Leaves out transactions, calls back and value as long as the flaw is still seen; words of the
 * calldata become as small as they can. */
void og_seq_minimise(struct og_seq_run *r, struct og_seq *s, enum og_flaw flaw);

struct og_seq_tx *og_seq_add(struct og_seq *s);
void og_seq_copy(struct og_seq *to, const struct og_seq *from);
void og_seq_remove(struct og_seq *s, size_t i);
void og_seq_release(struct og_seq *s);
void og_seq_set_data(struct og_seq_tx *t, const void *p, uint32_t n);

/* {"transactions":[{"from","to","value","data","call",…}],"gain_wei",…}; the caller frees. */
char *og_seq_json(const struct og_seq *s, const struct og_abi *abi, const struct og_deployed *d,
                  const struct og_seen *seen);
/* From such JSON; OG_E_DATA. */
enum og_rc og_seq_read(const json_t *o, struct og_seq *out, struct og_err *err) OG_MUST_CHECK;

/* Code of the agent for this transaction, appended. */
void og_agent_code(const struct og_seq_tx *t, struct og_buf *out);

#endif
