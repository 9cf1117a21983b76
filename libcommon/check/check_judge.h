/* check_judge.h - from what worker and verifiers said to who is right and who pays: tables only. */
#ifndef OG_CHECK_JUDGE_H
#define OG_CHECK_JUDGE_H

#include "crypto/crypto_hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A verdict's vote. Values stand in records (og_vote_names): append only. */
enum og_vote {
    OG_VOTE_NONE = 0, /* nothing said (yet) */
    OG_VOTE_OK = 1,
    OG_VOTE_GREY = 2,
    OG_VOTE_BAD = 3,
    OG_VOTE_ABSENT = 4
};

/* What worker or verifier says in `exact`. Absent ones are equal to each other and to no hash. */
enum og_judge_kind {
    OG_VALUE_NONE,   /* nothing said (yet) */
    OG_VALUE_ABSENT, /* "inputs or output cannot be had" */
    OG_VALUE_HASH
};
struct og_judge_value {
    enum og_judge_kind kind;
    struct og_hash hash;
};

/* "ok", "grey", "bad", "absent": what a verdict may say besides a value. */
bool og_judge_parse(const char *s, enum og_vote *out);

enum og_judge_outcome {
    OG_JUDGE_PENDING,  /* somebody has still to speak */
    OG_JUDGE_MORE,     /* draw v2 and v3 */
    OG_JUDGE_ACCEPTED, /* the result stands */
    OG_JUDGE_WRONG,    /* wrong result: streak 0, attempt + 1 */
    OG_JUDGE_REJECTED, /* not accepted, nobody proved wrong: attempt + 1 */
    OG_JUDGE_NONDET,   /* the job is not deterministic: failed */
    OG_JUDGE_JOBFAULT, /* cmd said no twice: failed, P/2 to each worker */
    OG_JUDGE_FALLBACK  /* no verifier is left to ask: the method becomes accept */
};

/* Where a verifier's Q comes from. */
enum og_judge_pay {
    OG_PAY_NONE,
    OG_PAY_RESERVE,  /* K of the escrow */
    OG_PAY_LOCK,     /* L of the worker */
    OG_PAY_BOND,     /* V of v1, which loses it */
    OG_PAY_TREASURY, /* while it can */
    OG_PAY_SPLIT     /* min(Q, (P − P/2 + K)/3) out of escrow */
};

/* What the worker's L is used for. */
enum og_judge_lock {
    OG_LOCK_FREE,   /* given back */
    OG_LOCK_Q_EACH, /* Q to each verifier paid from it, rest given back */
    OG_LOCK_SLASH   /* Q to each verifier paid from it, rest to the treasury */
};

struct og_judgement {
    enum og_judge_outcome outcome;
    enum og_judge_pay pay[3]; /* of v1, v2, v3 */
    uint8_t slash_v; /* bit i: verifier i + 1 loses V, what is left of it to the treasury */
    enum og_judge_lock lock;
    bool half_p;  /* P/2 to the worker (cmd: to each of the two) */
    bool checked; /* streak and reliability of the worker move: up when accepted, down when wrong */
};

/* exact. v[0..2] are v1..v3. soft: user code, and a verifier of another hw_class: L is not slashed.
 * final: nobody further will speak (three missed their turn, or none is there).
 *   v1 = w                    accepted, Q to v1 from K
 *   v1 ≠ w, no v2 and v3      more
 *   v2 = v3 = w ≠ v1          accepted; v1 loses V, Q to v2 and v3 from it
 *   v1 = v2 = v3 ≠ w          wrong result; Q each out of L, rest slashed (soft: given back)
 *   anything else             not deterministic; P/2 to w, split
 * Missing v1, or v2 or v3 after a difference: pending; with final: fallback, Q to v1 if it spoke.
 */
struct og_judgement og_judge_exact(const struct og_judge_value *w, const struct og_judge_value v[3],
                                   bool soft, bool final);

/* vote. referee: the draw's chance fell, so an ok of v1 draws v2 and v3 as well.
 *   v1 ok, no referee         accepted, Q from K
 *   v1 other, or referee      more, until v2 and v3 spoke
 *   three bad or absent       wrong result: L slashed, Q each out of it
 *   two or three not ok       rejected: Q each out of L; an ok of v1 against two bad loses V, no Q
 *   one or none not ok        accepted: v1 bad or absent loses V, which pays v2 and v3; otherwise
 * v1 from K, v2 and v3 from the treasury final as above; an ok of v1 whose referees do not come is
 * accepted. */
struct og_judgement og_judge_vote(const enum og_vote v[3], bool referee, bool final);

/* cmd, for one attempt; a time-out is a no, and so is anything but ok.
 *   ok accepted; no at the first node: rejected, to another node; no at the second: job's fault.
 * Q from K each time; nobody is slashed. */
struct og_judgement og_judge_cmd(bool second_node, enum og_vote v, bool final);

/* The draw of a referee: true with chance 1/denominator (8 by default; 0 never). */
bool og_judge_referee(const struct og_hash *seed, uint64_t denominator);

#endif
