/* match_lapfile.h - an assignment instance in bytes, fed piece by piece: LAP1 or text.
 *
 * LAP1 (little-endian): "LAP1", u32 n, u32 m, then n·m i32, row by row. Text: whole numbers and
 * white space; a first line of two numbers is n and m, else the first number is n = m (as in
 * Beasley's OR-Library); then the n·m cells. A cell of OG_LAP_NONE32 or above is infeasible. */
#ifndef OG_MATCH_LAPFILE_H
#define OG_MATCH_LAPFILE_H

#include "base/base_err.h"
#include "match/match_lap.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_LAPFILE_HEAD  12           /* bytes of a LAP1 header */
#define OG_LAPFILE_CELLS 400000000ull /* most cells that are read into memory: 20,000² */

/* The size in a LAP1 header. OG_E_DATA: other bytes, or n or m outside 1 … OG_LAP_SIZE. */
enum og_rc og_lapfile_head(const uint8_t head[OG_LAPFILE_HEAD], size_t *n, size_t *m,
                           struct og_err *err) OG_MUST_CHECK;
/* A LAP1 cell. */
static inline int32_t og_lapfile_cell(const uint8_t *p)
{
    return (int32_t)((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
                     (uint32_t)p[3] << 24);
}

struct og_lapfile;

struct og_lapfile *og_lapfile_new(void);
void og_lapfile_free(struct og_lapfile *f);
/* The next bytes. OG_E_DATA names the line or the cell. Memory grows with what was fed. */
enum og_rc og_lapfile_feed(struct og_lapfile *f, const void *bytes, size_t len,
                           struct og_err *err) OG_MUST_CHECK;
/* After the last byte: the n·m cells, borrowed until f is freed. OG_E_DATA: some are missing. */
enum og_rc og_lapfile_end(struct og_lapfile *f, size_t *n, size_t *m, const int32_t **cells,
                          struct og_err *err) OG_MUST_CHECK;

#endif
