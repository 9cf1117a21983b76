/* exec_window.h - the benchmark of a capacity window run on this machine: memory filled, chained
 * products on some threads for a while, memory read back; and what is opened of it afterwards. */
#ifndef OG_EXEC_WINDOW_H
#define OG_EXEC_WINDOW_H

#include "base/base_err.h"
#include "check/check_capacity.h"

#include <jansson.h>
#include <signal.h>

struct og_window_run;

/* Runs `threads` lanes for ms (counted when the memory is filled) and gives what is to be
 * committed. mem_bytes: at least one chunk is filled. OG_E_TEMPFAIL: stopped; OG_E_UNAVAILABLE: no
 * memory, no threads. */
enum og_rc og_window_run(const struct og_hash *seed, uint64_t threads, uint64_t ms,
                         uint64_t mem_bytes, const volatile sig_atomic_t *stop,
                         struct og_window_run **out, struct og_err *err) OG_MUST_CHECK;
void og_window_run_free(struct og_window_run *r);

/* The body of capacity.commit for this epoch and seed block; the caller decrefs. */
json_t *og_window_commit(const struct og_window_run *r, uint64_t epoch, uint64_t height);
/* The body of capacity.reveal, its steps drawn by the beacon: runs parts of lanes again, some 10 ms
 * each. */
json_t *og_window_reveal(const struct og_window_run *r, uint64_t epoch, uint64_t node,
                         const struct og_hash *beacon);
uint64_t og_window_steps(const struct og_window_run *r); /* of all lanes */

#endif
