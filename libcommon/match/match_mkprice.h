/* match_mkprice.h - prices of machines by multiplicative weights, in integers. */
#ifndef OG_MATCH_MKPRICE_H
#define OG_MATCH_MKPRICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_MKPRICE_NONE UINT32_MAX          /* the machine does not take the task */
#define OG_MKPRICE_MAX  ((uint32_t)3 << 30) /* longer times count as this */

/* Arora, Hazan and Kale (2012), "The multiplicative weights update method": all machines start at
 * one price; each round every task goes where l_j·w_ij is least, machines loaded above the average
 * get dearer, the others cheaper, by steps that shrink as 1/√t; the prices with the best bound are
 * kept. w[i·m + j] <= OG_MKPRICE_MAX or OG_MKPRICE_NONE, a machine at least for each task, and some
 * assignment has a makespan of at most 2^30. Fills price (m; 1 or more, sum at most 2^20 + m). */
void og_mkprice_find(size_t n, size_t m, const uint32_t *w, bool (*stop)(void *at), void *stop_at,
                     uint32_t *price);

#endif
