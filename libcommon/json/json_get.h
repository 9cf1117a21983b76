/* json_get.h - typed members of an object; each failure is one sentence naming the member. */
#ifndef OG_JSON_GET_H
#define OG_JSON_GET_H

#include "base/base_err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Absent members: the _or forms give `absent`; the others say "'x' is missing". All failures are
 * OG_E_DATA. Results that are pointers live as long as o. */
enum og_rc og_json_u64(const json_t *o, const char *key, uint64_t max, uint64_t *out,
                       struct og_err *err) OG_MUST_CHECK;
enum og_rc og_json_u64_or(const json_t *o, const char *key, uint64_t max, uint64_t absent,
                          uint64_t *out, struct og_err *err) OG_MUST_CHECK;
enum og_rc og_json_i64(const json_t *o, const char *key, int64_t *out,
                       struct og_err *err) OG_MUST_CHECK;
enum og_rc og_json_bool_or(const json_t *o, const char *key, bool absent, bool *out,
                           struct og_err *err) OG_MUST_CHECK;
/* A u64 written as a decimal string ("17"): amounts, work, sequence numbers. */
enum og_rc og_json_dec(const json_t *o, const char *key, uint64_t *out,
                       struct og_err *err) OG_MUST_CHECK;
enum og_rc og_json_dec_or(const json_t *o, const char *key, uint64_t absent, uint64_t *out,
                          struct og_err *err) OG_MUST_CHECK;
/* A string without NUL bytes, at most max bytes. */
enum og_rc og_json_str(const json_t *o, const char *key, size_t max, const char **out,
                       struct og_err *err) OG_MUST_CHECK;
/* As above; *out NULL when absent. */
enum og_rc og_json_str_opt(const json_t *o, const char *key, size_t max, const char **out,
                           struct og_err *err) OG_MUST_CHECK;
/* 2n lower-case hex digits. */
enum og_rc og_json_hex(const json_t *o, const char *key, uint8_t *out, size_t n,
                       struct og_err *err) OG_MUST_CHECK;
enum og_rc og_json_arr(const json_t *o, const char *key, size_t max, const json_t **out,
                       struct og_err *err) OG_MUST_CHECK;
enum og_rc og_json_arr_opt(const json_t *o, const char *key, size_t max, const json_t **out,
                           struct og_err *err) OG_MUST_CHECK;
enum og_rc og_json_obj(const json_t *o, const char *key, const json_t **out,
                       struct og_err *err) OG_MUST_CHECK;
enum og_rc og_json_obj_opt(const json_t *o, const char *key, const json_t **out,
                           struct og_err *err) OG_MUST_CHECK;
/* Refuses members that are not in the NULL-terminated list. */
enum og_rc og_json_only(const json_t *o, const char *const *keys, struct og_err *err) OG_MUST_CHECK;
/* A new json string of a u64 in decimal / of bytes in hex; takes nothing. */
json_t *og_json_new_dec(uint64_t v);
json_t *og_json_new_hex(const void *p, size_t n);

#endif
