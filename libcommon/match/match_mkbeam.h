/* match_mkbeam.h - some tasks placed anew on a few machines, by a beam search. */
#ifndef OG_MATCH_MKBEAM_H
#define OG_MATCH_MKBEAM_H

#include <stddef.h>
#include <stdint.h>

#define OG_MKBEAM_MACHS 8   /* at once, at most */
#define OG_MKBEAM_TASKS 192 /* at once, at most */
#define OG_MKBEAM_WIDTH 50  /* partial placements kept */

/* A task that may move: the machines (positions 0..machs-1) that it may go to and its time there.
 */
struct og_mkbeam_task {
    uint32_t id; /* the caller's */
    uint8_t now; /* where it is; one of `at` */
    uint8_t n;   /* 2..OG_MKBEAM_MACHS */
    uint8_t at[OG_MKBEAM_MACHS];
    uint32_t w[OG_MKBEAM_MACHS]; /* times, <= 2^30 */
    uint32_t most;               /* the greatest of them */
};

struct og_mkbeam {
    size_t machs, tasks;
    int64_t price[OG_MKBEAM_MACHS]; /* the prices of all machines sum to about 2^20 */
    int64_t over[OG_MKBEAM_MACHS];  /* load − target */
    int64_t give;                   /* least elasticity assumed of what is still undecided, > 0 */
    struct og_mkbeam_task task[OG_MKBEAM_TASKS];
    /* out */
    uint8_t to[OG_MKBEAM_TASKS]; /* the machine of each task */
    int64_t value;               /* of the placement; see og_mkbeam_value */
    uint64_t steps;              /* children looked at, added */
};

/* Sorts the tasks, greatest first, and places one after the other; after each the OG_MKBEAM_WIDTH
 * best partial placements live on. What is undecided counts where it is now. A partial placement
 * is valued by the price of its moves and by what its loads are off the target: little while what
 * is undecided can make up for it, the whole excess beyond that. */
struct og_mkbeam_space;
struct og_mkbeam_space *og_mkbeam_space_new(void);
void og_mkbeam_space_free(struct og_mkbeam_space *space);
void og_mkbeam_run(struct og_mkbeam *b, struct og_mkbeam_space *space);

/* Of the loads as they are: Σ excess over the target, in 2^-20 of a unit of time. A placement's
 * value is the same plus what its tasks' prices grew by. */
int64_t og_mkbeam_value(const struct og_mkbeam *b);

#endif
