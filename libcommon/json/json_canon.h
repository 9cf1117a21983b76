/* json_canon.h - canonical JSON: the one byte form that is hashed and signed (RFC 8785 order and
 * escapes; integers only; ASCII keys; no duplicate keys). */
#ifndef OG_JSON_CANON_H
#define OG_JSON_CANON_H

#include "base/base_buf.h"
#include "base/base_err.h"

#include <jansson.h>

/* Appends the canonical bytes of v. Reals, non-ASCII keys, integers beyond ±(2^53 − 1): OG_E_DATA.
 */
enum og_rc og_json_canon(const json_t *v, struct og_buf *out, struct og_err *err) OG_MUST_CHECK;

/* Parses s[0..n) and refuses (OG_E_DATA) bytes that are not already canonical. The caller
 * decrefs *out. Depth is bounded by jansson (2048), size by the caller. */
enum og_rc og_json_parse_canon(const char *s, size_t n, json_t **out,
                               struct og_err *err) OG_MUST_CHECK;

/* Appends s as a JSON string with quotes, escaped as RFC 8785 says. */
void og_json_canon_string(const char *s, size_t n, struct og_buf *out);

#endif
