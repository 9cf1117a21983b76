/* guard_jsonrow.h - a row as a JSON object whose members are columns, straight into features. */
#ifndef OG_GUARD_JSONROW_H
#define OG_GUARD_JSONROW_H

#include "guard/guard_schema.h"

#include <stdbool.h>
#include <stddef.h>

/* Numbers and true/false (1, 0) feed numeric columns, strings and numbers categorical ones; null
 * and absent are missing; members that are no column are skipped. *row false: the object has a
 * "kind" other than "row" and "window" and is none of ours. OG_E_DATA: no object, or text in a
 * numeric column; err names it. */
enum og_rc og_jsonrow_read(const struct og_schema *s, const char *line, size_t len, float *x,
                           bool *row, struct og_err *err) OG_MUST_CHECK;

#endif
