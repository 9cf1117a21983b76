/* match_lapfile.c - reads LAP1 and text instances straight into the solver's matrix. */
#include "match/match_lapfile.h"

#include "base/base_mem.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CELLS ((size_t)1 << 16) /* room at first */

enum form { FORM_UNKNOWN, FORM_BINARY, FORM_TEXT };

struct og_lapfile {
    enum form form;
    size_t n, m;
    int32_t *cell;
    size_t cells, room;
    uint8_t part[OG_LAPFILE_HEAD]; /* bytes of what is not whole yet: header or cell */
    size_t part_n;
    /* text */
    unsigned long line;
    int64_t value; /* of the number that is being read */
    unsigned digits;
    bool minus;
    int64_t first[2]; /* numbers of the first line that holds any, the first two */
    size_t head_n;    /* how many of them */
    bool sized;       /* n and m are known */
};

struct og_lapfile *og_lapfile_new(void)
{
    struct og_lapfile *f = og_xcalloc(1, sizeof *f);
    f->line = 1;
    return f;
}

void og_lapfile_free(struct og_lapfile *f)
{
    if (f == NULL)
        return;
    free(f->cell);
    free(f);
}

static enum og_rc check_size(uint64_t n, uint64_t m, struct og_err *err)
{
    if (n == 0 || m == 0)
        return og_err_set(err, OG_E_DATA,
                          "%" PRIu64 " rows and %" PRIu64 " columns: nothing to assign", n, m);
    if (n > OG_LAP_SIZE || m > OG_LAP_SIZE)
        return og_err_set(err, OG_E_DATA,
                          "%" PRIu64 " rows and %" PRIu64 " columns: at most %zu of each", n, m,
                          OG_LAP_SIZE);
    return OG_OK;
}

enum og_rc og_lapfile_head(const uint8_t head[OG_LAPFILE_HEAD], size_t *n, size_t *m,
                           struct og_err *err)
{
    uint32_t rows = (uint32_t)og_lapfile_cell(head + 4), cols = (uint32_t)og_lapfile_cell(head + 8);
    *n = *m = 0;
    if (memcmp(head, "LAP1", 4) != 0)
        return og_err_set(err, OG_E_DATA, "this is not a LAP1 file");
    OG_TRY(check_size(rows, cols, err));
    *n = rows;
    *m = cols;
    return OG_OK;
}

static enum og_rc set_size(struct og_lapfile *f, uint64_t n, uint64_t m, struct og_err *err)
{
    OG_TRY(check_size(n, m, err));
    if (n * m > OG_LAPFILE_CELLS)
        return og_err_set(err, OG_E_DATA,
                          "%" PRIu64 " x %" PRIu64
                          " cells: above %llu only a LAP1 file that is not a "
                          "pipe can be solved",
                          n, m, OG_LAPFILE_CELLS);
    f->n = n;
    f->m = m;
    f->sized = true;
    return OG_OK;
}

/* Room for `want` cells, never more than n·m. */
static void make_room(struct og_lapfile *f, size_t want)
{
    size_t total = f->n * f->m, room = f->room == 0 ? FIRST_CELLS : f->room;
    if (want <= f->room)
        return;
    while (room < want)
        room *= 2;
    f->room = room < total ? room : total;
    f->cell = og_xrealloc(f->cell, f->room * sizeof *f->cell);
}

static enum og_rc too_many(const struct og_lapfile *f, struct og_err *err)
{
    return og_err_set(err, OG_E_DATA, "more than the %zu cells of %zu x %zu", f->n * f->m, f->n,
                      f->m);
}

/* Bytes up to `want` into f->part; true when it is full. */
static bool fill_part(struct og_lapfile *f, const uint8_t **p, size_t *len, size_t want)
{
    size_t k = want - f->part_n < *len ? want - f->part_n : *len;
    memcpy(f->part + f->part_n, *p, k);
    f->part_n += k;
    *p += k;
    *len -= k;
    return f->part_n == want;
}

static void take_cells(struct og_lapfile *f, const uint8_t *p, size_t n)
{
    const uint16_t one = 1;
    make_room(f, f->cells + n);
    if (*(const uint8_t *)&one == 1) /* this machine is little-endian as well */
        memcpy(f->cell + f->cells, p, n * sizeof *f->cell);
    else
        for (size_t k = 0; k < n; k++)
            f->cell[f->cells + k] = og_lapfile_cell(p + 4 * k);
    f->cells += n;
}

static enum og_rc feed_binary(struct og_lapfile *f, const uint8_t *p, size_t len,
                              struct og_err *err)
{
    if (!f->sized) {
        size_t n, m;
        if (!fill_part(f, &p, &len, OG_LAPFILE_HEAD))
            return OG_OK;
        OG_TRY(og_lapfile_head(f->part, &n, &m, err));
        OG_TRY(set_size(f, n, m, err));
        f->part_n = 0;
    }
    if ((len + f->part_n + 3) / 4 > f->n * f->m - f->cells)
        return too_many(f, err);
    if (f->part_n > 0 && fill_part(f, &p, &len, 4)) {
        take_cells(f, f->part, 1);
        f->part_n = 0;
    }
    if (len >= 4)
        take_cells(f, p, len / 4);
    p += len / 4 * 4;
    len %= 4;
    if (len > 0)
        fill_part(f, &p, &len, 4);
    return OG_OK;
}

static enum og_rc add_cell(struct og_lapfile *f, int64_t v, struct og_err *err)
{
    if (f->cells == f->n * f->m)
        return too_many(f, err);
    make_room(f, f->cells + 1);
    f->cell[f->cells++] = (int32_t)v;
    return OG_OK;
}

/* The first line is over, or has a third number: one or two sizes, then cells. */
static enum og_rc end_head(struct og_lapfile *f, bool line_end, struct og_err *err)
{
    int64_t n = f->first[0], m = line_end && f->head_n == 2 ? f->first[1] : n;
    if (n < 0 || m < 0)
        return og_err_set(err, OG_E_DATA, "a negative size");
    OG_TRY(set_size(f, (uint64_t)n, (uint64_t)m, err));
    if (!line_end && f->head_n == 2)
        return add_cell(f, f->first[1], err);
    return OG_OK;
}

static enum og_rc end_number(struct og_lapfile *f, struct og_err *err)
{
    int64_t v = f->minus ? -f->value : f->value;
    if (f->digits == 0)
        return f->minus ? og_err_set(err, OG_E_DATA, "a '-' without a number") : OG_OK;
    f->digits = 0;
    f->minus = false;
    f->value = 0;
    if (!f->sized && f->head_n < 2) {
        f->first[f->head_n++] = v;
        return OG_OK;
    }
    if (!f->sized)
        OG_TRY(end_head(f, false, err));
    return add_cell(f, v, err);
}

static enum og_rc feed_char(struct og_lapfile *f, uint8_t c, struct og_err *err)
{
    if (c >= '0' && c <= '9') {
        f->value = 10 * f->value + (c - '0');
        f->digits++;
        if (f->value > (int64_t)INT32_MAX + (f->minus ? 1 : 0))
            return og_err_set(err, OG_E_DATA, "a number beyond 32 bits");
        return OG_OK;
    }
    if (c == '-' && f->digits == 0 && !f->minus) {
        f->minus = true;
        return OG_OK;
    }
    if (c != ' ' && c != '\t' && c != '\r' && c != '\n' && c != '\f' && c != '\v')
        return og_err_set(err, OG_E_DATA, "%s0x%02x stands where a whole number should",
                          f->line == 1 && f->head_n == 0 ? "neither LAP1 nor text: byte " : "byte ",
                          c);
    OG_TRY(end_number(f, err));
    if (c != '\n')
        return OG_OK;
    if (!f->sized && f->head_n > 0)
        OG_TRY(end_head(f, true, err));
    f->line++;
    return OG_OK;
}

static enum og_rc feed_text(struct og_lapfile *f, const uint8_t *p, size_t len, struct og_err *err)
{
    for (size_t k = 0; k < len; k++) {
        enum og_rc rc = feed_char(f, p[k], err);
        if (rc != OG_OK)
            return og_err_wrap(err, rc, "line %lu", f->line);
    }
    return OG_OK;
}

/* What the first four bytes are; OG_E_DATA: nothing that is read here. */
static enum og_rc tell_form(struct og_lapfile *f, struct og_err *err)
{
    size_t n = f->part_n;
    if (f->part[0] == 0x1f && (n < 2 || f->part[1] == 0x8b)) {
        if (n < 2)
            return OG_OK;
        return og_err_set(err, OG_E_DATA,
                          "this is compressed: 'gzip -dc FILE | ogpu-match --lap -' reads it");
    }
    if (memcmp(f->part, "LAP1", n) == 0) {
        f->form = n == 4 ? FORM_BINARY : FORM_UNKNOWN;
        return OG_OK;
    }
    f->form = FORM_TEXT;
    f->part_n = 0;
    return feed_text(f, f->part, n, err);
}

enum og_rc og_lapfile_feed(struct og_lapfile *f, const void *bytes, size_t len, struct og_err *err)
{
    const uint8_t *p = bytes;
    for (; f->form == FORM_UNKNOWN && len > 0; len--) {
        f->part[f->part_n++] = *p++;
        OG_TRY(tell_form(f, err));
    }
    if (f->form == FORM_BINARY)
        return feed_binary(f, p, len, err);
    return f->form == FORM_TEXT ? feed_text(f, p, len, err) : OG_OK;
}

enum og_rc og_lapfile_end(struct og_lapfile *f, size_t *n, size_t *m, const int32_t **cells,
                          struct og_err *err)
{
    *n = *m = 0;
    *cells = NULL;
    if (f->form == FORM_TEXT)
        OG_TRY(feed_text(f, (const uint8_t *)"\n", 1, err));
    if (!f->sized)
        return og_err_set(err, OG_E_DATA, "it ends before the number of rows is known");
    if (f->cells != f->n * f->m || f->part_n > 0)
        return og_err_set(err, OG_E_DATA, "it ends after %zu of %zu x %zu cells", f->cells, f->n,
                          f->m);
    *n = f->n;
    *m = f->m;
    *cells = f->cell;
    return OG_OK;
}
