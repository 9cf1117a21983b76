/* guard_csv.c - fields are copied into one buffer; offsets become pointers when the row is whole.
 */
#include "guard/guard_csv.h"

#include "base/base_mem.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void og_csv_open(struct og_csv *c, const char *text, size_t len, const char *name)
{
    *c = (struct og_csv){.text = text, .len = len, .name = name};
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        c->at = 3; /* a byte order mark */
}

void og_csv_release(struct og_csv *c)
{
    og_buf_release(&c->bytes);
    free(c->field);
    free(c->off);
    *c = (struct og_csv){0};
}

static bool at_line_end(const struct og_csv *c)
{
    return c->at == c->len || c->text[c->at] == '\n' ||
           (c->text[c->at] == '\r' && (c->at + 1 == c->len || c->text[c->at + 1] == '\n'));
}

static void skip_line(struct og_csv *c)
{
    const char *nl = memchr(c->text + c->at, '\n', c->len - c->at);
    c->at = nl ? (size_t)(nl - c->text) + 1 : c->len;
    c->lines++;
}

static void skip_blanks(struct og_csv *c)
{
    while (c->at < c->len && (c->text[c->at] == ' ' || c->text[c->at] == '\t'))
        c->at++;
}

static enum og_rc bad(const struct og_csv *c, const char *why, struct og_err *err)
{
    return og_err_set(err, OG_E_DATA, "%s:%lu: %s", c->name, c->line, why);
}

/* Behind the opening quote. */
static enum og_rc read_quoted(struct og_csv *c, struct og_err *err)
{
    for (;; c->at++) {
        if (c->at == c->len)
            return bad(c, "a quote that does not end", err);
        if (c->text[c->at] == '"') {
            if (c->at + 1 == c->len || c->text[c->at + 1] != '"')
                break;
            c->at++;
        }
        if (c->text[c->at] == '\0' || c->bytes.len >= OG_CSV_ROW_MAX)
            return bad(c, c->text[c->at] ? "a row of more than 1 MiB" : "a zero byte", err);
        c->lines += c->text[c->at] == '\n';
        og_buf_addc(&c->bytes, c->text[c->at]);
    }
    c->at++;
    skip_blanks(c);
    if (!at_line_end(c) && c->text[c->at] != ',')
        return bad(c, "text behind a closing quote", err);
    return OG_OK;
}

static enum og_rc read_bare(struct og_csv *c, struct og_err *err)
{
    size_t from = c->at;
    while (c->at < c->len && c->text[c->at] != ',' && c->text[c->at] != '\n') {
        if (c->text[c->at] == '\0')
            return bad(c, "a zero byte", err);
        c->at++;
    }
    size_t n = c->at - from;
    while (n && (c->text[from + n - 1] == ' ' || c->text[from + n - 1] == '\t' ||
                 c->text[from + n - 1] == '\r'))
        n--;
    if (n > OG_CSV_ROW_MAX - c->bytes.len)
        return bad(c, "a row of more than 1 MiB", err);
    og_buf_add(&c->bytes, c->text + from, n);
    return OG_OK;
}

static enum og_rc read_row(struct og_csv *c, struct og_err *err)
{
    og_buf_reset(&c->bytes);
    c->n = 0;
    for (;;) {
        if (c->n == OG_CSV_FIELDS_MAX)
            return bad(c, "more than 4096 fields", err);
        c->off = og_xgrow(c->off, &c->off_cap, c->n + 1, sizeof *c->off);
        c->off[c->n++] = c->bytes.len;
        skip_blanks(c);
        if (c->at < c->len && c->text[c->at] == '"') {
            c->at++;
            OG_TRY(read_quoted(c, err));
        } else {
            OG_TRY(read_bare(c, err));
        }
        og_buf_addc(&c->bytes, '\0');
        if (c->bytes.len > OG_CSV_ROW_MAX)
            return bad(c, "a row of more than 1 MiB", err);
        if (c->at == c->len || c->text[c->at] != ',')
            break;
        c->at++;
    }
    skip_line(c);
    return OG_OK;
}

enum og_rc og_csv_next(struct og_csv *c, bool *more, struct og_err *err)
{
    *more = false;
    c->n = 0;
    for (; c->at < c->len; skip_line(c)) {
        size_t from = c->at;
        if (c->comment && c->text[c->at] == c->comment)
            continue;
        skip_blanks(c);
        if (at_line_end(c))
            continue;
        c->at = from;
        c->line = c->lines + 1;
        OG_TRY(read_row(c, err));
        c->field = og_xgrow(c->field, &c->cap, c->n, sizeof *c->field);
        for (size_t i = 0; i < c->n; i++)
            c->field[i] = c->bytes.p + c->off[i];
        *more = true;
        return OG_OK;
    }
    return OG_OK;
}

static bool is_missing(const char *s)
{
    return !*s || strcmp(s, "?") == 0 || strcasecmp(s, "na") == 0 || strcasecmp(s, "nan") == 0 ||
           strcasecmp(s, "null") == 0;
}

/* Whole numbers of up to 15 digits, which most fields are, without strtod. */
static bool small_number(const char *s, double *out)
{
    uint64_t v = 0;
    const char *p = s + (*s == '-');
    size_t n = 0;
    for (; p[n] >= '0' && p[n] <= '9' && n < 16; n++)
        v = v * 10 + (uint64_t)(p[n] - '0');
    *out = *s == '-' ? -(double)v : (double)v;
    return n > 0 && n < 16 && !p[n];
}

bool og_csv_number(const char *s, double *out)
{
    char *end;
    if (small_number(s, out))
        return true;
    *out = NAN;
    if (is_missing(s))
        return true;
    const char *p = s + (*s == '-' || *s == '+');
    if (!isdigit((unsigned char)*p) && *p != '.' && *p != 'i' && *p != 'I')
        return false;
    if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X'))
        return false;
    *out = strtod(s, &end);
    return *end == '\0' && end != s;
}
