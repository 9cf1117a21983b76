/* check_method.h - how a task is verified: names, what a check costs, how many leaves it looks at.
 */
#ifndef OG_CHECK_METHOD_H
#define OG_CHECK_METHOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Values stand in records of the state: append only. */
enum og_verify {
    OG_VERIFY_OWN = 0,    /* submitter's own node: nothing */
    OG_VERIFY_EXACT = 1,  /* blind recomputation of drawn leaves */
    OG_VERIFY_VOTE = 2,   /* ok, grey, bad on the revealed output */
    OG_VERIFY_CMD = 3,    /* the submitter's command says yes or no */
    OG_VERIFY_ACCEPT = 4, /* the submitter accepts; silence is yes */
    OG_VERIFY_AUTO = 5    /* own on one's own node, else by kind of work */
};

#define OG_CHECK_PATHS_MAX 64 /* leaves of one reveal */

/* "own", "exact", …; static. */
const char *og_verify_name(enum og_verify method);
bool og_verify_parse(const char *s, enum og_verify *out);

/* The method that holds on a node: never AUTO. automatic: what AUTO is on others' nodes: a built-in
 * kernel's own choice (check_kernel.h), ACCEPT for anything else. */
enum og_verify og_check_resolve(enum og_verify method, bool own_node, enum og_verify automatic);

/* Leaves a check looks at, of `all`: exact: samples (0: all, at most OG_CHECK_PATHS_MAX unless it
 * is all); vote and cmd: all; own and accept: none; auto: as exact. */
uint64_t og_check_leaves(enum og_verify method, uint32_t samples, uint64_t all);

/* Pay of one check in ppm of P, and how many checks the reserve K holds. AUTO: the dearest that it
 * can become. leaves <= all; all = 0 counts as 1. */
uint32_t og_check_ppm(enum og_verify method, uint64_t leaves, uint64_t all);
uint32_t og_check_checks(enum og_verify method);

#endif
