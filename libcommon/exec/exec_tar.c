/* exec_tar.c - reads tar archives of strangers: every length is checked before it is used. */
#include "exec/exec_tar.h"

#include "base/base_io.h"
#include "base/base_num.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define BLOCK   512
#define PAX_MAX 65536

void og_tar_open(struct og_tar *t, int fd)
{
    *t = (struct og_tar){.fd = fd};
}

static enum og_rc read_all(struct og_tar *t, void *p, size_t n, size_t *got, struct og_err *err)
{
    *got = 0;
    while (*got < n) {
        ssize_t r = read(t->fd, (char *)p + *got, n - *got);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return og_err_set(err, OG_E_IO, "cannot read an archive: %s", strerror(errno));
        if (r == 0)
            return OG_OK;
        *got += (size_t)r;
    }
    return OG_OK;
}

static enum og_rc need(struct og_tar *t, void *p, size_t n, struct og_err *err)
{
    size_t got;
    OG_TRY(read_all(t, p, n, &got, err));
    return got == n ? OG_OK : og_err_set(err, OG_E_DATA, "the archive is cut off");
}

static enum og_rc skip(struct og_tar *t, uint64_t n, struct og_err *err)
{
    char block[8192];
    while (n) {
        size_t k = (size_t)og_min_u64(n, sizeof block);
        OG_TRY(need(t, block, k, err));
        n -= k;
    }
    return OG_OK;
}

/* Octal text, or the GNU way for large numbers: first bit set, then base 256. */
static bool number(const uint8_t *p, size_t n, uint64_t *out)
{
    uint64_t v = 0;
    size_t i = 0;
    if (*p & 0x80) {
        for (i = 0; i < n; i++) {
            if (v >> 55)
                return false;
            v = v << 8 | (i ? p[i] : p[i] & 0x7f);
        }
        *out = v;
        return true;
    }
    while (i < n && p[i] == ' ')
        i++;
    for (; i < n && p[i] >= '0' && p[i] <= '7'; i++) {
        if (v >> 60)
            return false;
        v = v * 8 + (uint64_t)(p[i] - '0');
    }
    *out = v;
    return i == n || p[i] == '\0' || p[i] == ' ';
}

static bool sum_fits(const uint8_t *h)
{
    uint64_t want, plain = 0;
    int64_t sign = 0;
    if (!number(h + 148, 8, &want))
        return false;
    for (size_t i = 0; i < BLOCK; i++) {
        uint8_t c = i >= 148 && i < 156 ? ' ' : h[i];
        plain += c;
        sign += (int8_t)c;
    }
    return want == plain || (int64_t)want == sign;
}

static size_t text(const uint8_t *p, size_t max, char *to)
{
    size_t n = strnlen((const char *)p, max);
    memcpy(to, p, n);
    to[n] = '\0';
    return n;
}

/* ustar puts the head of a long name into a field of its own. */
static void plain_name(const uint8_t *h, char *to)
{
    size_t n = 0;
    if (memcmp(h + 257, "ustar", 6) == 0 && h[345]) {
        n = text(h + 345, 155, to);
        to[n++] = '/';
    }
    text(h, 100, to + n);
}

/* A long name or a pax header, whole. */
static enum og_rc extra(struct og_tar *t, uint64_t bytes, struct og_buf *out, struct og_err *err)
{
    char block[BLOCK];
    if (bytes > PAX_MAX)
        return og_err_set(err, OG_E_DATA, "a header of the archive is longer than %d bytes",
                          PAX_MAX);
    og_buf_release(out);
    for (uint64_t left = bytes; left;) {
        size_t n = (size_t)og_min_u64(left, sizeof block);
        OG_TRY(need(t, block, n, err));
        og_buf_add(out, block, n);
        left -= n;
    }
    return skip(t, (BLOCK - bytes % BLOCK) % BLOCK, err);
}

static bool take_name(const char *p, size_t n, char *to)
{
    while (n && p[n - 1] == '\0')
        n--;
    if (!n || n >= OG_TAR_NAME_MAX || memchr(p, '\0', n))
        return false;
    memcpy(to, p, n);
    to[n] = '\0';
    return true;
}

/* What extended headers said of the entry that follows. */
struct said {
    char name[OG_TAR_NAME_MAX], link[OG_TAR_NAME_MAX];
    bool has_name, has_link, has_bytes;
    uint64_t bytes;
};

/* Records "LENGTH KEY=VALUE\n". */
static bool read_pax(const struct og_buf *b, struct said *s)
{
    for (size_t at = 0; at < b->len;) {
        const char *p = b->p + at;
        size_t digits = 0;
        uint64_t len;
        while (at + digits < b->len && p[digits] >= '0' && p[digits] <= '9')
            digits++;
        if (!digits || !og_parse_u64n(p, digits, b->len - at, &len) || len < digits + 4 ||
            p[digits] != ' ' || p[len - 1] != '\n')
            return false;
        const char *key = p + digits + 1, *end = p + len - 1;
        const char *eq = memchr(key, '=', (size_t)(end - key));
        if (!eq)
            return false;
        size_t k = (size_t)(eq - key), n = (size_t)(end - eq - 1);
        if (k == 4 && memcmp(key, "path", 4) == 0)
            s->has_name = take_name(eq + 1, n, s->name);
        else if (k == 8 && memcmp(key, "linkpath", 8) == 0)
            s->has_link = take_name(eq + 1, n, s->link);
        else if (k == 4 && memcmp(key, "size", 4) == 0)
            s->has_bytes = og_parse_u64n(eq + 1, n, OG_TAR_BYTES_MAX, &s->bytes);
        if ((k == 4 && memcmp(key, "path", 4) == 0 && !s->has_name) ||
            (k == 8 && memcmp(key, "linkpath", 8) == 0 && !s->has_link) ||
            (k == 4 && memcmp(key, "size", 4) == 0 && !s->has_bytes))
            return false;
        at += (size_t)len;
    }
    return true;
}

static enum og_tar_kind kind_of(uint8_t c)
{
    switch (c) {
    case '\0':
    case '0':
    case '7': return OG_TAR_FILE;
    case '1': return OG_TAR_LINK;
    case '2': return OG_TAR_SYMLINK;
    case '5': return OG_TAR_FOLDER;
    default: return OG_TAR_OTHER;
    }
}

static enum og_rc set_entry(struct og_tar *t, const uint8_t *h, const struct said *s, uint64_t mode,
                            uint64_t bytes, struct og_tar_entry *e, struct og_err *err)
{
    e->kind = kind_of(h[156]);
    e->executable = mode & 0111;
    e->bytes = s->has_bytes ? s->bytes : bytes;
    if (s->has_name)
        memcpy(e->name, s->name, sizeof e->name);
    else
        plain_name(h, e->name);
    if (s->has_link)
        memcpy(e->link, s->link, sizeof e->link);
    else
        text(h + 157, 100, e->link);
    t->left = e->bytes;
    t->padding = (BLOCK - e->bytes % BLOCK) % BLOCK;
    if (++t->entries > OG_TAR_ENTRIES_MAX)
        return og_err_set(err, OG_E_DATA, "the archive has more than %d entries",
                          OG_TAR_ENTRIES_MAX);
    if (e->bytes > OG_TAR_BYTES_MAX - t->bytes)
        return og_err_set(err, OG_E_DATA, "the archive's files are larger than 64 GiB");
    t->bytes += e->bytes;
    return OG_OK;
}

enum og_rc og_tar_next(struct og_tar *t, struct og_tar_entry *e, bool *end, struct og_err *err)
{
    struct said s = {.has_name = false};
    struct og_buf more = OG_BUF_INIT;
    *end = false;
    OG_TRY(skip(t, t->left + t->padding, err));
    t->left = t->padding = 0;
    enum og_rc rc = OG_OK;
    for (bool found = false; !found && rc == OG_OK;) {
        uint8_t h[BLOCK];
        size_t got;
        uint64_t bytes, mode;
        static const uint8_t zero[BLOCK];
        rc = read_all(t, h, sizeof h, &got, err);
        *end = rc == OG_OK && (got == 0 || (got == BLOCK && memcmp(h, zero, BLOCK) == 0));
        if (rc != OG_OK || *end)
            break;
        if (got < BLOCK || !sum_fits(h) || !number(h + 124, 12, &bytes) ||
            !number(h + 100, 8, &mode) || bytes > OG_TAR_BYTES_MAX)
            rc = og_err_set(err, OG_E_DATA, "not a tar archive, or a damaged one");
        else if (h[156] == 'x' || h[156] == 'L' || h[156] == 'K')
            rc = extra(t, bytes, &more, err);
        else if (h[156] == 'g')
            rc = extra(t, bytes, &more, err); /* of all entries: times and comments */
        else
            found = true;
        if (rc == OG_OK && found)
            rc = set_entry(t, h, &s, mode, bytes, e, err);
        bool good = true;
        if (rc == OG_OK && h[156] == 'x')
            good = read_pax(&more, &s);
        else if (rc == OG_OK && h[156] == 'L')
            good = s.has_name = take_name(more.p ? more.p : "", more.len, s.name);
        else if (rc == OG_OK && h[156] == 'K')
            good = s.has_link = take_name(more.p ? more.p : "", more.len, s.link);
        if (!good)
            rc = og_err_set(err, OG_E_DATA, "a header of the archive is damaged");
    }
    og_buf_release(&more);
    return rc;
}

enum og_rc og_tar_copy(struct og_tar *t, int to, struct og_err *err)
{
    char block[65536];
    while (t->left) {
        size_t n = (size_t)og_min_u64(t->left, sizeof block);
        OG_TRY(need(t, block, n, err));
        OG_TRY(og_io_write_fd(to, block, n, err));
        t->left -= n;
    }
    return OG_OK;
}
