/* cli_table.h - plain text tables for people (-H), clipped to the terminal's width. */
#ifndef OG_CLI_TABLE_H
#define OG_CLI_TABLE_H

#include "base/base_buf.h"

#include <stdbool.h>
#include <stdio.h>

struct og_table;
struct og_table *og_table_new(size_t cols);
void og_table_free(struct og_table *t);
/* Headings; right = align right (numbers). */
void og_table_head(struct og_table *t, size_t col, const char *title, bool right);
/* Cells of the next row in order; control bytes in s are shown as '?'. */
void og_table_cell(struct og_table *t, const char *s);
void og_table_cellf(struct og_table *t, const char *fmt, ...) OG_PRINTF(2, 3);
/* width 0: as wide as it gets. The last column is clipped first. */
void og_table_print(const struct og_table *t, size_t width, FILE *f);
/* Columns of the terminal behind f; 0 when it is none: og_table_print(t, og_table_width(f), f). */
size_t og_table_width(FILE *f);

/* "1.5" OGPU from grains, exact, trailing zeros cut; "3.2 GiB"; "2m03s"; into the buffer. */
void og_fmt_amount(uint64_t grains, char *out, size_t cap);
void og_fmt_bytes(uint64_t bytes, char *out, size_t cap);
void og_fmt_duration_ms(uint64_t ms, char *out, size_t cap);

#endif
