/* work_fetch.h - inputs of a job brought into the blob store, and their content checked. */
#ifndef OG_WORK_FETCH_H
#define OG_WORK_FETCH_H

#include "work/work_spec.h"

#include <signal.h>

/* All of in[0..n) are blobs of state_dir with the right content afterwards; what is missing comes
 * from its URLs. private_net: may connect to this machine and to private networks (jobs of one's
 * own; a stranger's must not reach what only we can). OG_E_NOINPUT: not to be had; OG_E_DATA: other
 * content than promised; OG_E_TEMPFAIL: *stop became non-zero. Contents that the threat feeds
 * know are OG_E_DATA, and no server that they know is asked (work_intel.h). Thread-safe. */
enum og_rc og_work_fetch(const char *state_dir, const struct og_spec_in *in, size_t n,
                         bool private_net, const volatile sig_atomic_t *stop,
                         struct og_err *err) OG_MUST_CHECK;

#endif
