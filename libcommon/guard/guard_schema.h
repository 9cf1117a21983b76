/* guard_schema.h - columns of a table, and how a row becomes numbers.
 *
 * A numeric column is one feature; a categorical one is a feature (0 or 1) per level and one more
 * for levels that training did not have. Features feed trees as they are (float, NaN: missing) and
 * the other members as z = (t(x) - mid) / scale within ±10, t the signed log1p for columns with a
 * heavy tail; a missing value has z = 0. */
#ifndef OG_GUARD_SCHEMA_H
#define OG_GUARD_SCHEMA_H

#include "base/base_buf.h"
#include "base/base_err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_SCHEMA_COLS_MAX   4096
#define OG_SCHEMA_LEVELS_MAX 255  /* of one column; the most frequent are kept */
#define OG_SCHEMA_WIDTH_MAX  2048 /* features */
#define OG_SCHEMA_NAME_MAX   256  /* bytes of a column's name or a level */
#define OG_SCHEMA_Z_MAX      10.0f

struct og_schema_col {
    char *name;
    char **level; /* sorted by bytes */
    uint32_t n_levels;
    uint32_t at; /* its first feature */
    bool categorical;
    bool log;
};

struct og_schema {
    struct og_schema_col *col;
    size_t n;
    size_t width;
    float *mid, *scale; /* per feature */
};

/* Rows as features. x: n rows of width; y[i] 1: the row is none of the normal ones (0 throughout
 * without labels). */
struct og_frame {
    size_t n, width;
    float *x;
    uint8_t *y;
};

struct og_schema_opts {
    const char *label;  /* a column, or NULL */
    const char *normal; /* its value in normal rows; NULL: 0, normal, benign, false, ok */
    const char *const *categorical; /* names; columns with other than numbers are it anyway */
    size_t n_categorical;
    const char *const *ignore;
    size_t n_ignore;
    bool no_header; /* columns are named 1, 2, ... */
    /* Against poisoning: columns whose rows are left out where they are neither empty nor 0
     * (quarantined, young), and a column (whose row it is) no value of which may have more than
     * max_share of the rows. None of them is a feature. */
    const char *const *exclude;
    size_t n_exclude;
    const char *owner;
    double max_share;
    uint64_t seed; /* which rows of an owner with too many stay */
};

void og_schema_release(struct og_schema *s);
void og_frame_release(struct og_frame *f);

/* Learns the columns of a table and reads its rows. text is CSV; name is for messages. Columns of
 * text with more than 1,024 values that nobody called categorical are left out, and named in
 * left_out, a blank before each. mid and scale are not set yet. OG_E_USAGE: a named column that is
 * not there; OG_E_DATA: malformed rows, no rows, too much. */
enum og_rc og_schema_learn(const char *text, size_t len, const char *name,
                           const struct og_schema_opts *o, struct og_schema *s, struct og_frame *f,
                           struct og_buf *left_out, struct og_err *err) OG_MUST_CHECK;
/* Rows of another table by columns that are learned already; label and normal as above, exclude and
 * owner unused. OG_E_DATA: a column is missing, malformed rows, no rows. */
enum og_rc og_schema_read(const char *text, size_t len, const char *name,
                          const struct og_schema_opts *o, const struct og_schema *s,
                          struct og_frame *f, struct og_err *err) OG_MUST_CHECK;
/* Sets log, mid and scale from the rows with y = 0. */
void og_schema_fit(struct og_schema *s, const struct og_frame *f);

/* The features of a row; field[c] is column c's text, NULL where it is missing. *bad names a column
 * whose field is no number, SIZE_MAX when there is none: it counts as missing. */
void og_schema_encode(const struct og_schema *s, const char *const *field, float *x, size_t *bad);
/* The same from numbers of numeric columns; categorical columns become a missing level. */
void og_schema_put(const struct og_schema *s, size_t col, double v, float *x);
void og_schema_put_level(const struct og_schema *s, size_t col, const char *level, size_t len,
                         float *x);
/* z of features x. */
void og_schema_scale(const struct og_schema *s, const float *x, float *z);
/* Column by name; SIZE_MAX: none. */
size_t og_schema_find(const struct og_schema *s, const char *name);
/* map[c] = position of column c among the n names of a header. OG_E_DATA names what is missing. */
enum og_rc og_schema_map(const struct og_schema *s, const char *const *names, size_t n, size_t *map,
                         struct og_err *err) OG_MUST_CHECK;

#endif
