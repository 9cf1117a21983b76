/* match_mkexact.h - the shortest makespan of a small instance by trying everything that could be.
 */
#ifndef OG_MATCH_MKEXACT_H
#define OG_MATCH_MKEXACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_MKEXACT_TASKS 32

/* Depth first, the task with the longest least time first, on each machine by rising load; a branch
 * ends where its load reaches the best makespan, or where what is left cannot fit below it. x and
 * *makespan hold an assignment and become the best one found. n <= OG_MKEXACT_TASKS, times as in
 * match_makespan.h. True: all was tried, within this many steps, so *makespan is the least. */
bool og_mkexact_run(size_t n, size_t m, const int64_t *p, uint64_t steps, int32_t *x,
                    int64_t *makespan);

#endif
