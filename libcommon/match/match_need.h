/* match_need.h - rows (leases to be) and columns (free slots) of a round, and why a pair cannot be.
 */
#ifndef OG_MATCH_NEED_H
#define OG_MATCH_NEED_H

#include "base/base_buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_MATCH_ROWS_MAX 1024 /* of a round */
#define OG_MATCH_COLS_MAX 4096

/* What a task is, as a bit; a slot's `classes` is the set that its owner takes. */
enum og_match_class {
    OG_CLASS_PROGRAM = 1 << 0, /* argv, in the sandbox */
    OG_CLASS_KERNEL = 1 << 1,  /* a built-in kernel */
    OG_CLASS_CUDA = 1 << 2,    /* the user's own CUDA source */
    OG_CLASS_PRIVATE = 1 << 3  /* needs a grant of the data key */
};

/* One waiting lease-to-be. Pointers are borrowed. Amounts that are 0 ask for nothing. */
struct og_match_row {
    uint64_t task;          /* number; for sentences only */
    uint64_t home;          /* node id from which the inputs come; 0: not known */
    uint32_t count;         /* elements of the lease */
    uint64_t work_mflop;    /* of the whole lease; 0: not known */
    uint64_t learned_mflop; /* the same as its finished elements took; 0: none has */
    uint64_t limit_ms;      /* per element */
    uint64_t in_bytes;      /* of the whole lease */
    uint32_t urgency;       /* 1..64 */
    uint64_t deadline_ms;   /* absolute, a wish; 0: none */
    uint64_t age_ms;        /* since it became open */
    uint64_t rank_ms;       /* longest chain of tasks that wait for it; 0: none does */
    uint8_t owner[20];      /* the submitter's */
    uint32_t cores;
    uint64_t mem_bytes;
    uint32_t gpu_ppm;
    uint64_t gpu_mem_bytes;
    uint64_t max_price_grains; /* per element */
    uint32_t classes;          /* every bit must be among the slot's */
    uint32_t q_min_ppm;        /* the parameter q_min */
    bool local_only;           /* only nodes of the same owner */
    bool light_lock;           /* cmd, accept, own: L = A/100 */
    const uint64_t *tried;     /* node ids these elements already went to */
    size_t tried_n;
    const uint8_t *barred; /* node owners not matched with this submitter again, 20 bytes each */
    size_t barred_n;
};

/* One free slot. */
struct og_match_col {
    uint64_t node; /* id, from 1 */
    uint32_t slot;
    uint8_t owner[20];
    uint32_t share_ppm;
    uint64_t c_mflops; /* C of the slot: C_eff · share_ppm / 10^6, MFLOP/s */
    uint32_t cores;
    uint64_t mem_bytes;
    uint32_t gpu_ppm;
    uint64_t gpu_mem_bytes;
    uint32_t classes;
    uint64_t min_rate;   /* grains per 10^9 MFLOP below which the owner does not work */
    uint64_t rate;       /* the network's now */
    uint64_t lambda_ppm; /* λ now */
    uint64_t max_lock;   /* most grains a lease may lock; 0: no limit */
    uint64_t free_bond;  /* grains of the bond not locked */
    uint64_t streak;     /* grains checked and right since the last wrong result */
    uint32_t reliability_ppm;
    uint64_t queue_ms;         /* until the slot could start */
    uint64_t lease;            /* in the slot now; 0: free */
    uint32_t pace_ppm;         /* run times over what C makes expect; 0 is as expected: 10^6 */
    uint64_t recv_mflop;       /* work received, decayed, the slot's share: fairness */
    bool blocked;              /* quarantined, released too often, leaving */
    const uint8_t *submitters; /* the only ones it works for, 20 bytes each */
    size_t submitters_n;       /* 0: everybody */
    uint32_t hw_class;
};

/* Reasons, one bit each. */
#define OG_WHY_CORES     (1u << 0)
#define OG_WHY_MEM       (1u << 1)
#define OG_WHY_GPU       (1u << 2)
#define OG_WHY_GPU_MEM   (1u << 3)
#define OG_WHY_CLASS     (1u << 4)
#define OG_WHY_SUBMITTER (1u << 5)  /* the slot names submitters, this is none of them */
#define OG_WHY_LOCAL     (1u << 6)  /* only the owner's own nodes, this is another's */
#define OG_WHY_RATE      (1u << 7)  /* the pay is below min_rate */
#define OG_WHY_LOCK      (1u << 8)  /* 3A > free bond, or L > max_lock */
#define OG_WHY_TRIED     (1u << 9)  /* an element goes to a node once */
#define OG_WHY_BARRED    (1u << 10) /* after a dispute */
#define OG_WHY_CAPACITY  (1u << 11) /* the slot's capacity is zero */
#define OG_WHY_BLOCKED   (1u << 12)
#define OG_WHY_BITS      13

/* A of this pair: min(count · max_price, pay for count · limit_ms at the slot's C, rate and λ). */
uint64_t og_need_amount(const struct og_match_row *row, const struct og_match_col *col);
/* q in ppm (above 10^6: infeasible) and L in grains of a lease that can pay `amount`. */
uint64_t og_need_check_ppm(const struct og_match_row *row, const struct og_match_col *col,
                           uint64_t amount);
uint64_t og_need_lock(const struct og_match_row *row, const struct og_match_col *col,
                      uint64_t amount);

/* Every reason against the pair; 0: feasible. */
uint32_t og_need_check(const struct og_match_row *row, const struct og_match_col *col);
/* The need's name as the user wrote it ("mem_bytes"); "?" for no single known bit. Static. */
const char *og_need_why_text(uint32_t bit);

struct og_need_count {
    size_t cols;               /* slots seen */
    size_t feasible;           /* of which can take the row */
    size_t fails[OG_WHY_BITS]; /* slots that fail bit i, alone or with others */
    size_t only[OG_WHY_BITS];  /* slots that fail nothing but bit i */
};
void og_need_tally(const struct og_match_row *row, const struct og_match_col *cols, size_t m,
                   struct og_need_count *out);
/* What would have to change, lines ended by '\n': first the counts of each failed need, then what
 * to change so that the nearest slot (fewest reasons, then lowest column) would do, one line each.
 */
void og_need_change_text(const struct og_match_row *row, const struct og_match_col *cols, size_t m,
                         struct og_buf *out);

#endif
