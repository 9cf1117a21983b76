/* match_braun.h - text files of expected times to compute: task by task, a time for each machine.
 *
 * The format of Braun et al. (JPDC 2001) and of the HCSP instances: a header `tasks machines` with
 * or without further numbers behind them, then tasks · machines numbers, all of task 0 first, any
 * blanks and line ends between; the header has a line of its own, at most 8 numbers, or no lines
 * matter. Also without a header: a line for each task, of four machines or more where it begins
 * with two whole numbers, or 8192 numbers, which are 512 tasks on 16 machines as in the original
 * files. Lines that begin with '#' are left out. */
#ifndef OG_MATCH_BRAUN_H
#define OG_MATCH_BRAUN_H

#include "base/base_buf.h"
#include "base/base_err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_BRAUN_BYTES_MAX    ((size_t)1 << 28)
#define OG_BRAUN_WORDS_MAX    ((size_t)1 << 24)
#define OG_BRAUN_DECIMALS_MAX 18

struct og_braun {
    size_t n, m;
    int64_t *p;        /* n·m, row-major, in units of 10^-decimals; OG_COST_NONE: "inf" */
    unsigned decimals; /* the most that a number of the file has; fewer where they do not fit */
    bool rounded;      /* they did not: numbers are rounded to the nearest, halves up */
};

/* Numbers are digits with or without a point, '+' or an exponent; "inf" is a machine that does not
 * take the task. They are taken exactly when Σ of each task's greatest fits 2^62. OG_E_DATA: "word
 * 7: …" for anything else, sizes that do not fit the count, a task that no machine takes, more than
 * OG_BRAUN_WORDS_MAX words. The caller releases *out, also after a failure. */
enum og_rc og_braun_parse(const char *s, size_t len, struct og_braun *out,
                          struct og_err *err) OG_MUST_CHECK;
void og_braun_release(struct og_braun *b);

/* A number of these units as text with that many decimals: "7358942.750000". */
void og_braun_format(int64_t v, unsigned decimals, struct og_buf *out);

#endif
