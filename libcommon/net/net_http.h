/* net_http.h - the head of an HTTP/1.1 request (RFC 9112), as far as nodes speak it. Pure. */
#ifndef OG_NET_HTTP_H
#define OG_NET_HTTP_H

#include "base/base_err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_HTTP_HEAD_MAX 8192 /* bytes of a whole head */
#define OG_HTTP_PATH_MAX 160

enum og_http_method { OG_HTTP_GET, OG_HTTP_HEAD, OG_HTTP_PUT };

struct og_http_req {
    enum og_http_method method;
    char path[OG_HTTP_PATH_MAX];
    bool close;     /* the peer will not ask again */
    bool has_range; /* "bytes=from-to", one range; to UINT64_MAX: to the end */
    uint64_t from, to;
    bool has_length;
    uint64_t length; /* of the body */
};

/* Where the head ends (past its empty line); 0: not yet in s[0..n). */
size_t og_http_head_end(const char *s, size_t n);
/* s[0..n): one head with its empty line. OG_E_DATA: malformed, or what nodes do not speak: other
 * methods, chunked bodies, folded lines, more than one range or length. */
enum og_rc og_http_parse(const char *s, size_t n, struct og_http_req *out,
                         struct og_err *err) OG_MUST_CHECK;

#endif
