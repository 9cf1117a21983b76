/* guard_jsonrow.c - one pass over flat objects; what is not flat goes through jansson. */
#include "guard/guard_jsonrow.h"

#include "guard/guard_csv.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX 63

struct scan {
    const char *p, *end;
    const struct og_schema *s;
    float *x;
    size_t next; /* the column that likely comes */
    bool row;
};

enum outcome { DONE, NOT_FLAT, BAD_COLUMN };

static void blanks(struct scan *c)
{
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\t' || *c->p == '\r' || *c->p == '\n'))
        c->p++;
}

static bool take(struct scan *c, char what)
{
    blanks(c);
    if (c->p == c->end || *c->p != what)
        return false;
    c->p++;
    return true;
}

/* A string without escapes or control bytes. */
static bool string(struct scan *c, const char **s, size_t *n)
{
    if (!take(c, '"'))
        return false;
    *s = c->p;
    while (c->p < c->end && *c->p != '"') {
        if (*c->p == '\\' || (unsigned char)*c->p < 32 || (unsigned char)*c->p > 126)
            return false;
        c->p++;
    }
    *n = (size_t)(c->p - *s);
    return c->p < c->end && *c->p++ == '"';
}

static size_t column(struct scan *c, const char *name, size_t n)
{
    const struct og_schema *s = c->s;
    for (size_t k = 0, at = c->next; k < s->n; k++, at++) {
        at = at >= s->n ? 0 : at;
        if (strncmp(s->col[at].name, name, n) == 0 && !s->col[at].name[n]) {
            c->next = at + 1;
            return at;
        }
    }
    return SIZE_MAX;
}

static bool number(struct scan *c, const char **text, size_t *n, double *v)
{
    char buf[NUMBER_MAX + 1];
    *text = c->p;
    while (c->p < c->end && (strchr("+-.eE", *c->p) || (*c->p >= '0' && *c->p <= '9')) && *c->p)
        c->p++;
    *n = (size_t)(c->p - *text);
    if (*n == 0 || *n > NUMBER_MAX || !((**text >= '0' && **text <= '9') || **text == '-'))
        return false;
    memcpy(buf, *text, *n);
    buf[*n] = '\0';
    return og_csv_number(buf, v);
}

static bool word(struct scan *c, const char *w, size_t n)
{
    if ((size_t)(c->end - c->p) < n || memcmp(c->p, w, n) != 0)
        return false;
    c->p += n;
    return true;
}

static bool is_kind(const char *name, size_t n)
{
    return n == 4 && memcmp(name, "kind", 4) == 0;
}

static bool ours(const char *kind, size_t n)
{
    return (n == 3 && memcmp(kind, "row", 3) == 0) || (n == 6 && memcmp(kind, "window", 6) == 0);
}

static void put_text(struct scan *c, size_t col, const char *text, size_t n)
{
    og_schema_put_level(c->s, col, text, n, c->x);
}

static enum outcome value(struct scan *c, const char *name, size_t name_n)
{
    const char *text;
    size_t n, col = column(c, name, name_n);
    double v = NAN;
    blanks(c);
    if (c->p == c->end)
        return NOT_FLAT;
    if (*c->p == '"') {
        if (!string(c, &text, &n))
            return NOT_FLAT;
        if (is_kind(name, name_n))
            c->row = ours(text, n);
        if (col == SIZE_MAX)
            return DONE;
        if (!c->s->col[col].categorical)
            return c->row ? BAD_COLUMN : DONE;
        put_text(c, col, text, n);
        return DONE;
    }
    bool is_null = word(c, "null", 4);
    if (!is_null && word(c, "true", 4))
        v = 1;
    else if (!is_null && word(c, "false", 5))
        v = 0;
    else if (!is_null && !number(c, &text, &n, &v))
        return NOT_FLAT;
    else if (!is_null && col != SIZE_MAX && c->s->col[col].categorical) {
        put_text(c, col, text, n);
        return DONE;
    }
    if (col != SIZE_MAX)
        og_schema_put(c->s, col, v, c->x);
    return DONE;
}

static enum outcome members(struct scan *c, const char **name, size_t *n)
{
    if (!take(c, '{'))
        return NOT_FLAT;
    if (!take(c, '}'))
        do {
            if (!string(c, name, n) || !take(c, ':'))
                return NOT_FLAT;
            enum outcome o = value(c, *name, *n);
            if (o != DONE)
                return o;
        } while (take(c, ','));
    else
        return DONE;
    if (!take(c, '}'))
        return NOT_FLAT;
    blanks(c);
    return c->p == c->end ? DONE : NOT_FLAT;
}

static void all_missing(const struct og_schema *s, float *x)
{
    for (size_t col = 0; col < s->n; col++)
        og_schema_put(s, col, NAN, x);
}

static enum og_rc slow(const struct og_schema *s, const char *line, size_t len, float *x, bool *row,
                       struct og_err *err)
{
    json_error_t je;
    json_t *o = json_loadb(line, len, JSON_REJECT_DUPLICATES, &je);
    if (!json_is_object(o)) {
        json_decref(o);
        return og_err_set(err, OG_E_DATA, "not a JSON object");
    }
    const json_t *kind = json_object_get(o, "kind");
    *row =
        !kind || (json_is_string(kind) && ours(json_string_value(kind), json_string_length(kind)));
    enum og_rc rc = OG_OK;
    for (size_t col = 0; col < s->n && *row && rc == OG_OK; col++) {
        const json_t *v = json_object_get(o, s->col[col].name);
        if (json_is_string(v) && s->col[col].categorical)
            og_schema_put_level(s, col, json_string_value(v), json_string_length(v), x);
        else if (json_is_number(v) && !s->col[col].categorical)
            og_schema_put(s, col, json_number_value(v), x);
        else if (json_is_boolean(v) && !s->col[col].categorical)
            og_schema_put(s, col, json_is_true(v), x);
        else if (json_is_number(v)) {
            char text[32];
            int n = json_is_integer(v)
                        ? snprintf(text, sizeof text, "%lld", (long long)json_integer_value(v))
                        : snprintf(text, sizeof text, "%.15g", json_real_value(v));
            og_schema_put_level(s, col, text, (size_t)n, x);
        } else if (v && !json_is_null(v))
            rc = og_err_set(err, OG_E_DATA, "'%.64s' must be a number", s->col[col].name);
    }
    json_decref(o);
    return rc;
}

enum og_rc og_jsonrow_read(const struct og_schema *s, const char *line, size_t len, float *x,
                           bool *row, struct og_err *err)
{
    struct scan c = {.p = line, .end = line + len, .s = s, .x = x, .row = true};
    const char *name;
    size_t n;
    all_missing(s, x);
    switch (members(&c, &name, &n)) {
    case DONE: *row = c.row; return OG_OK;
    case BAD_COLUMN: break;
    case NOT_FLAT: all_missing(s, x); return slow(s, line, len, x, row, err);
    }
    *row = true;
    all_missing(s, x);
    return slow(s, line, len, x, row, err);
}
