/* cli_table.c - plain text tables for people, and how numbers are shown to them. */
#include "cli/cli_table.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_utf8.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

struct cell {
    char *s; /* tame */
    size_t cols;
};

struct og_table {
    size_t cols;
    struct cell *head;
    bool *right;
    struct cell *cells;
    size_t n, cap;
};

struct og_table *og_table_new(size_t cols)
{
    struct og_table *t = og_xcalloc(1, sizeof *t);
    t->cols = cols;
    t->head = og_xcalloc(cols, sizeof *t->head);
    t->right = og_xcalloc(cols, sizeof *t->right);
    return t;
}

void og_table_free(struct og_table *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->n; i++)
        free(t->cells[i].s);
    for (size_t i = 0; i < t->cols; i++)
        free(t->head[i].s);
    free(t->cells);
    free(t->head);
    free(t->right);
    free(t);
}

void og_table_head(struct og_table *t, size_t col, const char *title, bool right)
{
    if (col >= t->cols)
        return;
    free(t->head[col].s);
    t->head[col].s = og_utf8_tame(title, &t->head[col].cols);
    t->right[col] = right;
}

void og_table_cell(struct og_table *t, const char *s)
{
    t->cells = og_xgrow(t->cells, &t->cap, t->n + 1, sizeof *t->cells);
    struct cell *c = &t->cells[t->n++];
    c->s = og_utf8_tame(s ? s : "-", &c->cols);
}

void og_table_cellf(struct og_table *t, const char *fmt, ...)
{
    va_list ap;
    char small[512];
    va_start(ap, fmt);
    int n = vsnprintf(small, sizeof small, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n < sizeof small) {
        og_table_cell(t, n < 0 ? "?" : small);
        return;
    }
    char *s = og_xmalloc((size_t)n + 1);
    va_start(ap, fmt);
    vsnprintf(s, (size_t)n + 1, fmt, ap);
    va_end(ap);
    og_table_cell(t, s);
    free(s);
}

static void pad(FILE *f, size_t n)
{
    while (n--)
        fputc(' ', f);
}

static void print_row(const struct og_table *t, const struct cell *row, size_t n,
                      const size_t *wide, FILE *f)
{
    size_t owed = 0; /* blanks are written only before something: no trailing ones */
    for (size_t i = 0; i < n && i < t->cols && wide[i]; i++) {
        size_t shown = 0;
        const char *s = row[i].s ? row[i].s : "";
        size_t len = og_utf8_clip(s, wide[i], &shown);
        if (t->right[i])
            owed += wide[i] - shown;
        if (len) {
            pad(f, owed);
            owed = 0;
            fwrite(s, 1, len, f);
        }
        if (!t->right[i])
            owed += wide[i] - shown;
        owed += 2;
    }
    fputc('\n', f);
}

/* Takes columns off the right end until the row fits; the first column always keeps one. */
static void fit(size_t *wide, size_t cols, size_t width)
{
    size_t total = 0;
    for (size_t i = 0; i < cols; i++)
        total += wide[i] + (i ? 2 : 0);
    for (size_t i = cols; i-- > 0 && total > width;) {
        size_t over = total - width;
        size_t keep = i ? 0 : 1;
        if (wide[i] > over && wide[i] - over >= keep) {
            wide[i] -= over;
            return;
        }
        if (i == 0) {
            wide[0] = 1;
            return;
        }
        total -= wide[i] + 2;
        wide[i] = 0;
    }
}

void og_table_print(const struct og_table *t, size_t width, FILE *f)
{
    if (t->cols == 0)
        return;
    size_t *wide = og_xcalloc(t->cols, sizeof *wide);
    for (size_t i = 0; i < t->cols; i++)
        wide[i] = og_max_u64(t->head[i].cols, 1);
    for (size_t i = 0; i < t->n; i++)
        wide[i % t->cols] = og_max_u64(wide[i % t->cols], t->cells[i].cols);
    if (width)
        fit(wide, t->cols, width);
    print_row(t, t->head, t->cols, wide, f);
    for (size_t i = 0; i < t->n; i += t->cols)
        print_row(t, t->cells + i, t->n - i, wide, f);
    free(wide);
}

size_t og_table_width(FILE *f)
{
    struct winsize ws;
    if (ioctl(fileno(f), TIOCGWINSZ, &ws) == 0 && ws.ws_col)
        return ws.ws_col;
    return 0;
}

void og_fmt_amount(uint64_t grains, char *out, size_t cap)
{
    char t[40];
    int n =
        snprintf(t, sizeof t, "%" PRIu64 ".%09" PRIu64, grains / 1000000000, grains % 1000000000);
    while (n > 0 && t[n - 1] == '0')
        t[--n] = '\0';
    if (n > 0 && t[n - 1] == '.')
        t[--n] = '\0';
    snprintf(out, cap, "%s", t);
}

void og_fmt_bytes(uint64_t bytes, char *out, size_t cap)
{
    static const char *const unit[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    unsigned u = 0;
    while (u < 6 && bytes >> (10 * (u + 1)))
        u++;
    if (u == 0) {
        snprintf(out, cap, "%" PRIu64 " B", bytes);
        return;
    }
    /* tenths, rounded half up; 1023.96 KiB would read 1024.0 KiB, so it becomes 1.0 MiB */
    uint64_t whole = bytes >> (10 * u);
    uint64_t rest = bytes & ((1ull << (10 * u)) - 1);
    uint64_t tenths =
        whole * 10 + (uint64_t)(((og_u128)rest * 10 + (1ull << (10 * u - 1))) >> (10 * u));
    if (tenths >= 10240 && u < 6) {
        tenths = 10;
        u++;
    }
    snprintf(out, cap, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10, tenths % 10, unit[u]);
}

void og_fmt_duration_ms(uint64_t ms, char *out, size_t cap)
{
    uint64_t s = ms / 1000;
    if (ms < 1000)
        snprintf(out, cap, "%" PRIu64 "ms", ms);
    else if (s < 60)
        snprintf(out, cap, "%" PRIu64 ".%" PRIu64 "s", s, ms % 1000 / 100);
    else if (s < 3600)
        snprintf(out, cap, "%" PRIu64 "m%02" PRIu64 "s", s / 60, s % 60);
    else if (s < 86400)
        snprintf(out, cap, "%" PRIu64 "h%02" PRIu64 "m", s / 3600, s % 3600 / 60);
    else
        snprintf(out, cap, "%" PRIu64 "d%02" PRIu64 "h", s / 86400, s % 86400 / 3600);
}
