/* json_line.c - JSON Lines in and out. */
#include "json/json_line.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define READ_SIZE 65536

void og_jsonl_open(struct og_jsonl_in *in, int fd, const char *name)
{
    *in = (struct og_jsonl_in){.fd = fd, .name = name, .buf = OG_BUF_INIT};
}

void og_jsonl_release(struct og_jsonl_in *in)
{
    if (in)
        og_buf_release(&in->buf);
}

bool og_jsonl_ready(const struct og_jsonl_in *in)
{
    return in->buf.len > in->pos && memchr(in->buf.p + in->pos, '\n', in->buf.len - in->pos);
}

static enum og_rc fill(struct og_jsonl_in *in, struct og_err *err)
{
    if (in->pos) {
        memmove(in->buf.p, in->buf.p + in->pos, in->buf.len - in->pos);
        in->buf.len -= in->pos;
        in->pos = 0;
    }
    og_buf_reserve(&in->buf, READ_SIZE);
    ssize_t r;
    do {
        r = read(in->fd, in->buf.p + in->buf.len, READ_SIZE);
    } while (r < 0 && errno == EINTR);
    if (r < 0)
        return og_err_set(err, OG_E_IO, "%s: read failed: %s", in->name, strerror(errno));
    if (r == 0)
        in->eof = true;
    in->buf.len += (size_t)r;
    return OG_OK;
}

enum og_rc og_jsonl_next_raw(struct og_jsonl_in *in, const char **line, size_t *len,
                             struct og_err *err)
{
    *line = NULL;
    *len = 0;
    size_t seen = 0;
    for (;;) {
        size_t have = in->buf.len - in->pos;
        char *start = have ? in->buf.p + in->pos : NULL;
        char *nl = have > seen ? memchr(start + seen, '\n', have - seen) : NULL;
        size_t n = nl ? (size_t)(nl - start) : have;
        if (n > OG_JSONL_LINE_MAX)
            return og_err_set(err, OG_E_DATA, "%s:%lu: line longer than %u bytes", in->name,
                              in->line_no + 1, OG_JSONL_LINE_MAX);
        if (nl || (in->eof && have)) {
            in->pos += nl ? n + 1 : n;
            in->line_no++;
            *line = start;
            *len = n;
            return OG_OK;
        }
        if (in->eof)
            return OG_OK;
        seen = have;
        enum og_rc rc = fill(in, err);
        if (rc != OG_OK)
            return rc;
    }
}

static bool is_blank(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] != ' ' && s[i] != '\t' && s[i] != '\r')
            return false;
    return true;
}

json_t *og_jsonl_parse(const char *line, size_t len, const char *known, json_error_t *je)
{
    const size_t flags = JSON_REJECT_DUPLICATES;
    json_error_t ignored;
    json_t *v = json_loadb(line, len, flags, je);
    if (v || !known)
        return v;
    v = json_loadb(line, len, flags | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, &ignored);
    const char *kind = json_string_value(json_object_get(v, "kind"));
    if (kind && strcmp(kind, known) != 0)
        return v;
    json_decref(v);
    return NULL;
}

enum og_rc og_jsonl_next(struct og_jsonl_in *in, const char **line, size_t *len, json_t **rec,
                         struct og_err *err)
{
    *rec = NULL;
    do {
        enum og_rc rc = og_jsonl_next_raw(in, line, len, err);
        if (rc != OG_OK || !*line)
            return rc;
    } while (is_blank(*line, *len));
    json_error_t je;
    json_t *v = og_jsonl_parse(*line, *len, in->known, &je);
    if (!v)
        return og_err_set(err, OG_E_DATA, "%s:%lu: not JSON: %s", in->name, in->line_no, je.text);
    if (!json_is_object(v) || !json_is_string(json_object_get(v, "kind"))) {
        json_decref(v);
        return og_err_set(err, OG_E_DATA, "%s:%lu: not an object with a 'kind'", in->name,
                          in->line_no);
    }
    *rec = v;
    return OG_OK;
}

static int put_bytes(const char *p, size_t n, void *f)
{
    return fwrite(p, 1, n, f) == n ? 0 : -1;
}

enum og_rc og_jsonl_write(FILE *f, const json_t *v, struct og_err *err)
{
    if (json_dump_callback(v, put_bytes, f, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY) < 0 ||
        fputc('\n', f) == EOF)
        return og_err_set(err, OG_E_IO, "cannot write a record: %s", strerror(errno));
    return OG_OK;
}

enum og_rc og_jsonl_write_raw(FILE *f, const char *line, size_t len, struct og_err *err)
{
    if (fwrite(line, 1, len, f) != len || fputc('\n', f) == EOF)
        return og_err_set(err, OG_E_IO, "cannot write a record: %s", strerror(errno));
    return OG_OK;
}
