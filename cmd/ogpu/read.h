/* read.h - small questions about the state that the commands of ogpu share. */
#ifndef OG_OGPU_READ_H
#define OG_OGPU_READ_H

#include "base/base_err.h"
#include "store/store_open.h"

#include <stdint.h>

/* A named number of the state; 0 when absent. */
enum og_rc ogpu_global(struct og_store *st, const char *name, uint64_t *out,
                       struct og_err *err) OG_MUST_CHECK;

#endif
