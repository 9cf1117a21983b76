/* guard_csv.h - comma separated values, a row at a time, from memory (RFC 4180, and what people
 * write: blanks before quotes, comments, CR LF). */
#ifndef OG_GUARD_CSV_H
#define OG_GUARD_CSV_H

#include "base/base_buf.h"
#include "base/base_err.h"

#include <stdbool.h>
#include <stddef.h>

#define OG_CSV_FIELDS_MAX 4096
#define OG_CSV_ROW_MAX    (1u << 20)

/* Text and name are borrowed. Fields of the row last read are NUL-terminated, without quotes,
 * blanks around them cut, and live until the next call. */
struct og_csv {
    const char *text;
    size_t len, at;
    const char *name;    /* for messages */
    char comment;        /* a line that begins with it is none; 0: no such lines */
    unsigned long line;  /* where the row last read begins, from 1 */
    unsigned long lines; /* lines read so far */
    struct og_buf bytes; /* of the fields */
    const char **field;
    size_t n, cap;
    size_t *off;
    size_t off_cap;
};

void og_csv_open(struct og_csv *c, const char *text, size_t len, const char *name);
void og_csv_release(struct og_csv *c);
/* The next row that is not blank; *more false at the end. OG_E_DATA with "name:line: ..." for a
 * quote that does not end, text behind a closing quote, a zero byte, and what passes the bounds. */
enum og_rc og_csv_next(struct og_csv *c, bool *more, struct og_err *err) OG_MUST_CHECK;
/* A field as a number: an optional sign, digits, point, exponent, inf; to the last byte. An empty
 * field, "?", "NA" and "nan" are missing: *out is NaN. */
bool og_csv_number(const char *s, double *out);

#endif
