/* exec_seccomp.h - the system calls that a job may not make. */
#ifndef OG_EXEC_SECCOMP_H
#define OG_EXEC_SECCOMP_H

#include "base/base_err.h"

#include <stdbool.h>
#include <stddef.h>

/* The filter as BPF, built once per process and kept; refused calls fail with EPERM. net: sockets
 * of IPv4 and IPv6 may be made, otherwise only those between processes of the job. */
enum og_rc og_seccomp_filter(bool net, const void **bpf, size_t *len,
                             struct og_err *err) OG_MUST_CHECK;

#endif
