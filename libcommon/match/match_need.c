/* match_need.c - feasibility of a row on a column, and the sentence that says why not. */
#include "match/match_need.h"

#include "base/base_num.h"

#include <inttypes.h>
#include <string.h>

#define RATE_BITS     44 /* protocol: rate < 2^44, U < 2^60, λ < 2^23 */
#define U_BITS        60
#define LAMBDA_BITS   23
#define FEASIBLE_BITS 32

uint64_t og_need_amount(const struct og_match_row *row, const struct og_match_col *col)
{
    uint64_t cap, limit, units;
    if (!og_mul_u64(row->count, row->max_price_grains, &cap))
        cap = UINT64_MAX;
    if (!og_mul_u64(row->count, row->limit_ms, &limit))
        return cap;
    units = og_muldiv(col->c_mflops, limit, 1000);
    if (units >> U_BITS || col->rate >> RATE_BITS || col->lambda_ppm >> LAMBDA_BITS)
        return cap;
    og_u128 pay = (og_u128)col->rate * units * col->lambda_ppm / 1000000000000000u;
    return pay < cap ? (uint64_t)pay : cap;
}

uint64_t og_need_check_ppm(const struct og_match_row *row, const struct og_match_col *col,
                           uint64_t amount)
{
    uint64_t triple, trust, bond = UINT64_MAX;
    if (!og_mul_u64(amount, 3, &triple))
        return UINT64_MAX;
    /* 10·10^6·A / (streak + 1), at most 10^6 */
    og_u128 t = (og_u128)amount * (10 * OG_PPM) / ((og_u128)col->streak + 1);
    trust = t > OG_PPM ? OG_PPM : (uint64_t)t;
    if (col->free_bond > 0)
        bond = og_muldiv_up(triple, OG_PPM, col->free_bond);
    else if (triple == 0)
        bond = 0;
    return og_max_u64(row->q_min_ppm, og_max_u64(trust, bond));
}

uint64_t og_need_lock(const struct og_match_row *row, const struct og_match_col *col,
                      uint64_t amount)
{
    uint64_t triple, q;
    if (row->light_lock)
        return amount / 100;
    q = og_min_u64(og_need_check_ppm(row, col, amount), OG_PPM);
    if (!og_mul_u64(amount, 3, &triple))
        return UINT64_MAX;
    if (q == 0)
        return triple == 0 ? 0 : UINT64_MAX;
    return og_muldiv_up(triple, OG_PPM, q);
}

static bool listed(const uint64_t *list, size_t n, uint64_t id)
{
    for (size_t i = 0; i < n; i++)
        if (list[i] == id)
            return true;
    return false;
}

static bool among(const uint8_t *list, size_t n, const uint8_t addr[20])
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(list + 20 * i, addr, 20) == 0)
            return true;
    return false;
}

static bool welcome(const struct og_match_row *row, const struct og_match_col *col)
{
    if (col->submitters_n == 0 || memcmp(row->owner, col->owner, sizeof row->owner) == 0)
        return true;
    return among(col->submitters, col->submitters_n, row->owner);
}

/* The lease's pay per 10^9 MFLOP: the network's rate, less when the price cannot cover the work. */
static uint64_t paid_rate(const struct og_match_row *row, const struct og_match_col *col)
{
    uint64_t cap;
    if (row->work_mflop == 0)
        return col->rate;
    if (!og_mul_u64(row->count, row->max_price_grains, &cap))
        cap = UINT64_MAX;
    return og_min_u64(col->rate, og_muldiv(cap, 1000000000u, row->work_mflop));
}

static bool lockable(const struct og_match_row *row, const struct og_match_col *col)
{
    uint64_t amount = og_need_amount(row, col);
    uint64_t lock = og_need_lock(row, col, amount);
    if (!row->light_lock && og_need_check_ppm(row, col, amount) > OG_PPM)
        return false;
    return lock <= col->free_bond && (col->max_lock == 0 || lock <= col->max_lock);
}

uint32_t og_need_check(const struct og_match_row *row, const struct og_match_col *col)
{
    uint32_t why = 0;
    if (row->cores > col->cores)
        why |= OG_WHY_CORES;
    if (row->mem_bytes > col->mem_bytes)
        why |= OG_WHY_MEM;
    if (row->gpu_ppm > col->gpu_ppm)
        why |= OG_WHY_GPU;
    if (row->gpu_mem_bytes > col->gpu_mem_bytes)
        why |= OG_WHY_GPU_MEM;
    if (row->classes & ~col->classes)
        why |= OG_WHY_CLASS;
    if (!welcome(row, col))
        why |= OG_WHY_SUBMITTER;
    if (row->local_only && memcmp(row->owner, col->owner, sizeof row->owner) != 0)
        why |= OG_WHY_LOCAL;
    if (col->min_rate > paid_rate(row, col))
        why |= OG_WHY_RATE;
    if (!lockable(row, col))
        why |= OG_WHY_LOCK;
    if (listed(row->tried, row->tried_n, col->node))
        why |= OG_WHY_TRIED;
    if (among(row->barred, row->barred_n, col->owner))
        why |= OG_WHY_BARRED;
    if (col->c_mflops == 0)
        why |= OG_WHY_CAPACITY;
    if (col->blocked)
        why |= OG_WHY_BLOCKED;
    return why;
}

const char *og_need_why_text(uint32_t bit)
{
    static const char *const name[OG_WHY_BITS] = {
        "cores",    "mem_bytes", "gpu_ppm", "gpu_mem_bytes", "classes",  "submitters", "verify own",
        "min_rate", "bond",      "tried",   "disputed",      "capacity", "blocked"};
    for (unsigned i = 0; i < OG_WHY_BITS; i++)
        if (bit == 1u << i)
            return name[i];
    return "?";
}

void og_need_tally(const struct og_match_row *row, const struct og_match_col *cols, size_t m,
                   struct og_need_count *out)
{
    memset(out, 0, sizeof *out);
    out->cols = m;
    for (size_t j = 0; j < m; j++) {
        uint32_t why = og_need_check(row, &cols[j]);
        if (why == 0)
            out->feasible++;
        for (unsigned i = 0; i < OG_WHY_BITS; i++) {
            out->fails[i] += why >> i & 1;
            out->only[i] += why == 1u << i;
        }
    }
}

/* Greatest value of a plain amount over all columns. */
static uint64_t largest(uint32_t bit, const struct og_match_col *cols, size_t m)
{
    uint64_t best = 0;
    for (size_t j = 0; j < m; j++) {
        uint64_t v = bit == OG_WHY_CORES ? cols[j].cores
                     : bit == OG_WHY_MEM ? cols[j].mem_bytes
                     : bit == OG_WHY_GPU ? cols[j].gpu_ppm
                                         : cols[j].gpu_mem_bytes;
        best = og_max_u64(best, v);
    }
    return best;
}

static void say_amount(uint32_t bit, const struct og_match_row *row,
                       const struct og_match_col *cols, size_t m, const struct og_match_col *near,
                       struct og_buf *out)
{
    uint64_t need = bit == OG_WHY_CORES ? row->cores
                    : bit == OG_WHY_MEM ? row->mem_bytes
                    : bit == OG_WHY_GPU ? row->gpu_ppm
                                        : row->gpu_mem_bytes;
    uint64_t top = largest(bit, cols, m);
    og_buf_addf(out, "%s: needs %" PRIu64 ", ", og_need_why_text(bit), need);
    if (top >= need)
        og_buf_addf(out,
                    "slot %" PRIu64 ".%" PRIu32 " has less, another free slot has %" PRIu64
                    "; ask for less or change what excludes the larger one\n",
                    near->node, near->slot, top);
    else
        og_buf_addf(
            out, "the largest free slot has %" PRIu64 "; ask for less or wait for a larger node\n",
            top);
}

static void say_lock(const struct og_match_row *row, const struct og_match_col *near,
                     struct og_buf *out)
{
    uint64_t amount = og_need_amount(row, near);
    uint64_t lock = og_need_lock(row, near, amount);
    if (!row->light_lock && og_need_check_ppm(row, near, amount) > OG_PPM)
        og_buf_addf(out,
                    "bond: a lease that can pay %" PRIu64
                    " grains needs three times that free, node "
                    "%" PRIu64 " has %" PRIu64 "; lower chunk, max_price or limit_ms, or wait for "
                    "more bond\n",
                    amount, near->node, near->free_bond);
    else
        og_buf_addf(out,
                    "bond: would lock %" PRIu64 " grains, node %" PRIu64 " has %" PRIu64
                    " free and allows %" PRIu64 " a lease%s; lower chunk, max_price or limit_ms\n",
                    lock, near->node, near->free_bond, near->max_lock,
                    near->max_lock == 0 ? " (no limit)" : "");
}

static void say_change(uint32_t bit, const struct og_match_row *row,
                       const struct og_match_col *cols, size_t m, const struct og_match_col *near,
                       struct og_buf *out)
{
    const char *name = og_need_why_text(bit);
    if (bit & (OG_WHY_CORES | OG_WHY_MEM | OG_WHY_GPU | OG_WHY_GPU_MEM))
        say_amount(bit, row, cols, m, near, out);
    else if (bit == OG_WHY_LOCK)
        say_lock(row, near, out);
    else if (bit == OG_WHY_CLASS)
        og_buf_addf(out,
                    "%s: needs 0x%" PRIx32 ", node %" PRIu64 " takes 0x%" PRIx32
                    "; its owner would have to take this class\n",
                    name, row->classes, near->node, near->classes);
    else if (bit == OG_WHY_RATE)
        og_buf_addf(out,
                    "%s: node %" PRIu64 " wants %" PRIu64 " grains per 10^9 MFLOP, this pays "
                    "%" PRIu64 "; raise max_price or wait for a higher rate\n",
                    name, near->node, near->min_rate, paid_rate(row, near));
    else if (bit == OG_WHY_SUBMITTER)
        og_buf_addf(out, "%s: node %" PRIu64 " works for listed submitters only; ask its owner\n",
                    name, near->node);
    else if (bit == OG_WHY_LOCAL)
        og_buf_addf(out,
                    "%s: only nodes of the submitter may take it, node %" PRIu64
                    " is another's; choose another verify method or join with a node\n",
                    name, near->node);
    else if (bit == OG_WHY_TRIED)
        og_buf_addf(out,
                    "%s: an element goes to a node once and node %" PRIu64
                    " had these; wait for another node\n",
                    name, near->node);
    else if (bit == OG_WHY_BARRED)
        og_buf_addf(out,
                    "%s: submitter and owner of node %" PRIu64
                    " had a dispute and are not matched again; wait for another node\n",
                    name, near->node);
    else if (bit == OG_WHY_CAPACITY)
        og_buf_addf(out,
                    "%s: node %" PRIu64 " has no measured capacity in this slot; it must "
                    "measure again\n",
                    name, near->node);
    else
        og_buf_addf(out,
                    "%s: node %" PRIu64 " gets no new work (quarantine, releases or leaving); "
                    "wait for its end\n",
                    name, near->node);
}

void og_need_change_text(const struct og_match_row *row, const struct og_match_col *cols, size_t m,
                         struct og_buf *out)
{
    struct og_need_count t;
    const struct og_match_col *near = NULL;
    uint32_t near_why = 0;
    int fewest = FEASIBLE_BITS;
    og_need_tally(row, cols, m, &t);
    if (m == 0) {
        og_buf_adds(out, "no slot is free; wait, or add a node\n");
        return;
    }
    if (t.feasible > 0) {
        og_buf_addf(out, "%zu of %zu free slots can take it; it waits for a round\n", t.feasible,
                    m);
        return;
    }
    for (size_t j = 0; j < m; j++) {
        uint32_t why = og_need_check(row, &cols[j]);
        if (__builtin_popcount(why) < fewest) {
            fewest = __builtin_popcount(why);
            near = &cols[j];
            near_why = why;
        }
    }
    for (unsigned i = 0; i < OG_WHY_BITS; i++)
        if (t.fails[i] > 0)
            og_buf_addf(out, "%s: excludes %zu of %zu free slots, %zu of them alone\n",
                        og_need_why_text(1u << i), t.fails[i], m, t.only[i]);
    for (unsigned i = 0; i < OG_WHY_BITS; i++)
        if (near_why >> i & 1)
            say_change(1u << i, row, cols, m, near, out);
}
