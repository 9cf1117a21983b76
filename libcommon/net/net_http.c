/* net_http.c - request line and the header lines that matter; everything bounded. */
#include "net/net_http.h"

#include "base/base_num.h"

#include <string.h>
#include <strings.h>

#define LINES_MAX 64

size_t og_http_head_end(const char *s, size_t n)
{
    const char *p = n ? memmem(s, n, "\r\n\r\n", 4) : NULL;
    return p ? (size_t)(p - s) + 4 : 0;
}

static enum og_rc request_line(const char *s, size_t n, struct og_http_req *r, struct og_err *err)
{
    static const struct {
        const char *word;
        enum og_http_method m;
    } methods[] = {{"GET ", OG_HTTP_GET}, {"HEAD ", OG_HTTP_HEAD}, {"PUT ", OG_HTTP_PUT}};
    static const char tail[] = " HTTP/1.1";
    size_t t = sizeof tail - 1;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        size_t w = strlen(methods[i].word);
        if (n <= w + t || memcmp(s, methods[i].word, w) != 0 || memcmp(s + n - t, tail, t) != 0)
            continue;
        size_t len = n - w - t;
        if (s[w] != '/' || len >= sizeof r->path)
            return og_err_set(err, OG_E_DATA, "the path is none");
        for (size_t k = 0; k < len; k++)
            if (s[w + k] <= ' ' || s[w + k] > '~')
                return og_err_set(err, OG_E_DATA, "the path holds a strange byte");
        memcpy(r->path, s + w, len);
        r->path[len] = '\0';
        r->method = methods[i].m;
        return OG_OK;
    }
    return og_err_set(err, OG_E_DATA, "the request is not GET, HEAD or PUT of HTTP/1.1");
}

static bool range(const char *v, size_t n, struct og_http_req *r)
{
    if (n < 8 || memcmp(v, "bytes=", 6) != 0)
        return false;
    const char *dash = memchr(v + 6, '-', n - 6);
    if (!dash || !og_parse_u64n(v + 6, (size_t)(dash - v) - 6, UINT64_MAX / 2, &r->from))
        return false;
    size_t left = n - (size_t)(dash + 1 - v);
    r->to = UINT64_MAX;
    return left == 0 || (og_parse_u64n(dash + 1, left, UINT64_MAX / 2, &r->to) && r->to >= r->from);
}

static bool is(const char *s, size_t n, const char *name)
{
    return n == strlen(name) && strncasecmp(s, name, n) == 0;
}

static enum og_rc header(const char *s, size_t n, struct og_http_req *r, struct og_err *err)
{
    const char *colon = memchr(s, ':', n);
    if (!colon || colon == s || memchr(s, '\0', n))
        return og_err_set(err, OG_E_DATA, "a header line is none");
    size_t name = (size_t)(colon - s);
    const char *v = colon + 1;
    size_t len = n - name - 1;
    for (; len && (*v == ' ' || *v == '\t'); v++)
        len--;
    while (len && (v[len - 1] == ' ' || v[len - 1] == '\t'))
        len--;
    if (is(s, name, "transfer-encoding"))
        return og_err_set(err, OG_E_DATA, "a body without its length is not taken");
    if (is(s, name, "connection"))
        r->close = r->close || is(v, len, "close");
    if (is(s, name, "range")) {
        if (r->has_range || !range(v, len, r))
            return og_err_set(err, OG_E_DATA, "'Range' must be one range of bytes");
        r->has_range = true;
    }
    if (is(s, name, "content-length")) {
        if (r->has_length || !og_parse_u64n(v, len, UINT64_MAX / 2, &r->length))
            return og_err_set(err, OG_E_DATA, "'Content-Length' must be one number");
        r->has_length = true;
    }
    return OG_OK;
}

enum og_rc og_http_parse(const char *s, size_t n, struct og_http_req *out, struct og_err *err)
{
    memset(out, 0, sizeof *out);
    if (n > OG_HTTP_HEAD_MAX || og_http_head_end(s, n) != n)
        return og_err_set(err, OG_E_DATA, "the request has no end or is too long");
    size_t at = 0;
    for (int line = 0; line < LINES_MAX; line++) {
        const char *end = memmem(s + at, n - at, "\r\n", 2);
        size_t len = end ? (size_t)(end - (s + at)) : 0;
        if (len == 0 && line == 0)
            return og_err_set(err, OG_E_DATA, "the request is empty");
        if (len == 0)
            return OG_OK;
        OG_TRY(line ? header(s + at, len, out, err) : request_line(s + at, len, out, err));
        at += len + 2;
    }
    return og_err_set(err, OG_E_DATA, "the request has more than %d lines", LINES_MAX);
}
