/* json_line.h - JSON Lines in and out: bounded lines, places named, bytes kept. */
#ifndef OG_JSON_LINE_H
#define OG_JSON_LINE_H

#include "base/base_buf.h"
#include "base/base_err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#define OG_JSONL_LINE_MAX (1u << 20)

struct og_jsonl_in {
    int fd;
    const char *name;      /* "stdin" or a path, for messages; borrowed */
    const char *known;     /* the one kind that is read, the rest passes; NULL: every kind is */
    unsigned long line_no; /* of the line last returned */
    struct og_buf buf;
    size_t pos;
    bool eof;
};

void og_jsonl_open(struct og_jsonl_in *in, int fd, const char *name);
void og_jsonl_release(struct og_jsonl_in *in);

/* The object of a line, NULL with *je set. Records of other kinds than `known` only pass through,
 * so that integers beyond 64 bits and escaped NULs, which jansson has no values for, are none of
 * our business there. known NULL: none passes. The caller decrefs. */
json_t *og_jsonl_parse(const char *line, size_t len, const char *known, json_error_t *je);
/* Next line: *line points at its bytes without the newline (valid until the next call), *rec is the
 * object (the caller decrefs), both NULL at a clean end. Blank lines are skipped. Errors are set as
 * "stdin:12: …": OG_E_DATA for what is not an object with a string "kind", OG_E_IO for the read. */
enum og_rc og_jsonl_next(struct og_jsonl_in *in, const char **line, size_t *len, json_t **rec,
                         struct og_err *err) OG_MUST_CHECK;
/* True when a whole further line is already in memory, so that reading it cannot block. */
bool og_jsonl_ready(const struct og_jsonl_in *in);
/* The raw line, not parsed; *line NULL at the end. */
enum og_rc og_jsonl_next_raw(struct og_jsonl_in *in, const char **line, size_t *len,
                             struct og_err *err) OG_MUST_CHECK;

/* One compact line with sorted keys. Does not take v. */
enum og_rc og_jsonl_write(FILE *f, const json_t *v, struct og_err *err) OG_MUST_CHECK;
enum og_rc og_jsonl_write_raw(FILE *f, const char *line, size_t len,
                              struct og_err *err) OG_MUST_CHECK;

#endif
