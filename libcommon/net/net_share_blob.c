/* net_share_blob.c - the answers: blobs out and in, texts. */
#include "net/net_share_int.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE 65536u

static bool status(struct share_conn *c, const char *line, const char *more, uint64_t length)
{
    struct og_buf b = OG_BUF_INIT;
    og_buf_addf(&b, "HTTP/1.1 %s\r\nContent-Length: %" PRIu64 "\r\n%s\r\n", line, length, more);
    bool ok = share_write(c, b.p, b.len);
    og_buf_release(&b);
    return ok;
}

static char *path_of(const struct share_conn *c, const char *hex)
{
    struct og_buf b = OG_BUF_INIT;
    og_buf_addf(&b, "%s/%.2s/%s", c->s->set.dir, hex, hex);
    return og_buf_detach(&b);
}

static void pace(uint64_t rate, uint64_t started_ms, uint64_t sent)
{
    uint64_t due = rate ? started_ms + og_muldiv(sent, 1000, rate) : 0;
    uint64_t now = og_time_mono_ms();
    if (due > now)
        og_time_sleep_ms(due - now);
}

static bool send_bytes(struct share_conn *c, int fd, uint64_t from, uint64_t n)
{
    char buf[PIECE];
    uint64_t t0 = og_time_mono_ms();
    uint64_t sent = 0;
    bool ok = true;
    while (ok && sent < n) {
        size_t want = (size_t)og_min_u64(n - sent, sizeof buf);
        ssize_t got = pread(fd, buf, want, (off_t)(from + sent));
        ok = got > 0 && share_write(c, buf, (size_t)got);
        sent += ok ? (uint64_t)got : 0;
        pace(c->s->set.rate, t0, sent);
    }
    pthread_mutex_lock(&c->s->lock);
    c->s->count.bytes_out += sent;
    pthread_mutex_unlock(&c->s->lock);
    return ok;
}

static bool get_blob(struct share_conn *c, const struct og_http_req *r, const char *hex)
{
    char more[128] = "Accept-Ranges: bytes\r\n";
    struct stat st;
    char *path = path_of(c, hex);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    free(path);
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        if (fd >= 0)
            close(fd);
        return status(c, "404 Not Found", "", 0);
    }
    uint64_t size = (uint64_t)st.st_size;
    uint64_t from = r->has_range ? r->from : 0;
    uint64_t end = r->has_range && r->to < size ? r->to + 1 : size;
    bool ok;
    if (r->has_range && from >= size) {
        ok = status(c, "416 Range Not Satisfiable", "", 0);
    } else {
        if (r->has_range)
            snprintf(more, sizeof more,
                     "Content-Range: bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64 "\r\n", from, end - 1,
                     size);
        ok = status(c, r->has_range ? "206 Partial Content" : "200 OK", more, end - from);
        if (ok && r->method == OG_HTTP_GET)
            ok = send_bytes(c, fd, from, end - from);
    }
    close(fd);
    return ok;
}

/* The body into fd and its hash. */
static bool take_body(struct share_conn *c, uint64_t length, int fd, struct og_hash *hash)
{
    struct og_hasher h;
    struct og_err err;
    char buf[PIECE];
    uint64_t t0 = og_time_mono_ms();
    uint64_t at = 0;
    og_hasher_init(&h);
    while (at < length) {
        size_t want = (size_t)og_min_u64(length - at, sizeof buf);
        size_t n = want < c->have ? want : c->have;
        long got = (long)n;
        if (n) {
            memcpy(buf, c->buf, n);
            memmove(c->buf, c->buf + n, c->have - n);
            c->have -= n;
        } else {
            got = share_read(c, buf, want);
        }
        if (got <= 0 || og_io_write_fd(fd, buf, (size_t)got, &err) != OG_OK)
            return false;
        og_hasher_add(&h, buf, (size_t)got);
        at += (uint64_t)got;
        pace(c->s->set.rate, t0, at);
    }
    *hash = og_hasher_final(&h);
    return true;
}

static bool place(struct share_conn *c, struct og_io_temp *t, const char *hex)
{
    struct og_err err;
    char *path = path_of(c, hex);
    char *dir = og_xstrndup(path, (size_t)(strrchr(path, '/') - path));
    bool ok = og_io_mkdirs(dir, 0700, &err) == OG_OK;
    if (ok)
        ok = og_io_temp_commit(t, path, OG_IO_REPLACE, &err) == OG_OK;
    else
        og_io_temp_discard(t);
    free(dir);
    free(path);
    return ok;
}

/* Room is taken before the body comes and given back when it is not kept. */
static bool reserve(struct share_conn *c, uint64_t n, bool back)
{
    struct og_share *s = c->s;
    pthread_mutex_lock(&s->lock);
    bool ok = back || (n <= s->set.quota && s->used <= s->set.quota - n);
    if (ok)
        s->used = back ? s->used - n : s->used + n;
    if (ok && !back)
        s->count.bytes_in += n;
    pthread_mutex_unlock(&s->lock);
    return ok;
}

static bool put_blob(struct share_conn *c, const struct og_http_req *r, const char *hex)
{
    struct og_io_temp t;
    struct og_hash want;
    struct og_hash got;
    struct og_err err;
    if (!r->has_length) {
        status(c, "411 Length Required", "Connection: close\r\n", 0);
        return false;
    }
    if (!og_hex_decode(hex, 2 * OG_HASH_LEN, want.b, OG_HASH_LEN) ||
        !reserve(c, r->length, false)) {
        status(c, "413 Content Too Large", "Connection: close\r\n", 0);
        return false;
    }
    if (og_io_temp_open(c->s->set.dir, 0400, &t, &err) != OG_OK) {
        reserve(c, r->length, true);
        status(c, "507 Insufficient Storage", "Connection: close\r\n", 0);
        return false;
    }
    bool whole = take_body(c, r->length, t.fd, &got);
    if (whole && memcmp(got.b, want.b, OG_HASH_LEN) == 0 && place(c, &t, hex))
        return status(c, "201 Created", "", 0);
    bool wrong = whole && memcmp(got.b, want.b, OG_HASH_LEN) != 0;
    if (!whole || wrong)
        og_io_temp_discard(&t);
    reserve(c, r->length, true);
    return whole &&
           status(c, wrong ? "422 Unprocessable Content" : "507 Insufficient Storage", "", 0);
}

static bool get_text(struct share_conn *c, const struct og_http_req *r)
{
    struct og_buf text = OG_BUF_INIT;
    struct og_err err = {0};
    enum og_rc rc = c->s->set.on_text(c->s->set.ctx, r->path, &text, &err);
    bool ok = rc == OG_OK
                  ? status(c, "200 OK", "Content-Type: text/plain; version=0.0.4\r\n", text.len)
              : rc == OG_NO ? status(c, "404 Not Found", "", 0)
                            : status(c, "503 Service Unavailable", "", 0);
    if (ok && rc == OG_OK && r->method == OG_HTTP_GET)
        ok = share_write(c, text.p ? text.p : "", text.len);
    og_buf_release(&text);
    return ok;
}

bool share_answer(struct share_conn *c, const struct og_http_req *r)
{
    const char *hex = strncmp(r->path, "/blob/", 6) == 0 ? r->path + 6 : NULL;
    bool blob = hex && strlen(hex) == 64 && strspn(hex, "0123456789abcdef") == 64;
    bool text = strncmp(r->path, "/manifest/", 10) == 0;
    pthread_mutex_lock(&c->s->lock);
    c->s->count.requests++;
    pthread_mutex_unlock(&c->s->lock);
    if (!c->ssl)
        text = strcmp(r->path, "/metrics") == 0 || strcmp(r->path, "/health") == 0;
    if (r->method != OG_HTTP_PUT && r->has_length && r->length) {
        status(c, "400 Bad Request", "Connection: close\r\n", 0);
        return false;
    }
    if (c->ssl && blob)
        return r->method == OG_HTTP_PUT ? put_blob(c, r, hex) : get_blob(c, r, hex);
    if (text && r->method != OG_HTTP_PUT)
        return get_text(c, r);
    status(c, "404 Not Found", "Connection: close\r\n", 0);
    return false;
}
