/* exec_command.h - a command of this machine run to its end, without a shell: its words are
 * collected up to a bound, and its time is bounded too. */
#ifndef OG_EXEC_COMMAND_H
#define OG_EXEC_COMMAND_H

#include "base/base_buf.h"
#include "base/base_err.h"

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#define OG_COMMAND_ERR_MAX 4096 /* bytes of stderr that are kept */

struct og_command {
    const char *const *argv; /* NULL-terminated; argv[0] without a slash is looked for in PATH */
    const char *cwd;         /* NULL: "/" */
    uint64_t limit_ms;       /* wall time; 0: none */
    size_t out_max;          /* bytes of stdout; more is OG_E_DATA */
    const volatile sig_atomic_t *stop; /* non-zero ends it: OG_E_TEMPFAIL; may be NULL */
};

/* The command inherits our environment; its stdin is empty; it dies with the calling thread. out
 * and said (stderr) are appended to, also on failure. *status as a shell tells it.
 * OG_E_UNAVAILABLE: it cannot be started; OG_E_TEMPFAIL: its time was over, it was killed, and what
 * it did nobody knows; OG_E_DATA: it said too much. */
enum og_rc og_command_run(const struct og_command *c, int *status, struct og_buf *out,
                          struct og_buf *said, struct og_err *err) OG_MUST_CHECK;

#endif
