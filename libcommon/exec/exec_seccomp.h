/* exec_seccomp.h - the system calls that a job may not make. */
#ifndef OG_EXEC_SECCOMP_H
#define OG_EXEC_SECCOMP_H

#include "base/base_err.h"

#include <stddef.h>

/* The filter as BPF, built once per process and kept; refused calls fail with EPERM. */
enum og_rc og_seccomp_filter(const void **bpf, size_t *len, struct og_err *err) OG_MUST_CHECK;

#endif
