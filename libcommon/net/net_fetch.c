/* net_fetch.c - who has it, parts in parallel, hashed, named. */
#include "net/net_fetch.h"

#include "base/base_io.h"
#include "base/base_log.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "crypto/crypto_sig.h"
#include "net/net_curl.h"
#include "net/net_tls.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PART       (4u << 20)
#define THREADS    4
#define TRIES      4 /* of one range at one holder, while bytes come */
#define CONNECT_MS 3000L
#define SLOW_S     20L /* under 1 byte a second for so long: a cut */
#define TEXT_MAX   4096u

static pthread_mutex_t load_lock = PTHREAD_MUTEX_INITIALIZER;

static enum og_rc load(const struct og_curl **c, struct og_err *err)
{
    pthread_mutex_lock(&load_lock);
    enum og_rc rc = og_curl_load(c, err);
    pthread_mutex_unlock(&load_lock);
    return rc;
}

void og_fetch_pins(const struct og_hash *spki, size_t n, struct og_buf *out)
{
    for (size_t i = 0; i < n; i++) {
        og_buf_adds(out, i ? ";sha256//" : "sha256//");
        og_base64_encode(spki[i].b, OG_HASH_LEN, out);
    }
}

struct sink {
    int fd; /* -1: into text */
    uint64_t at, end;
    struct og_buf *text;
};

static size_t take(char *p, size_t size, size_t n, void *arg)
{
    struct sink *s = arg;
    size_t len = size * n;
    if (s->fd < 0) {
        if (s->text->len + len > TEXT_MAX)
            return 0;
        og_buf_add(s->text, p, len);
        return len;
    }
    if (len > s->end - s->at)
        return 0;
    for (size_t done = 0; done < len;) {
        ssize_t w = pwrite(s->fd, p + done, len - done, (off_t)(s->at + done));
        if (w < 0 && errno == EINTR)
            continue;
        if (w <= 0)
            return 0;
        done += (size_t)w;
    }
    s->at += len;
    return len;
}

static void set_up(const struct og_curl *c, CURL *e, const struct og_fetch_set *f, const char *host,
                   const char *path)
{
    struct og_buf url = OG_BUF_INIT;
    struct curl_blob cert = {f->cert->p, f->cert->len, CURL_BLOB_COPY};
    struct curl_blob key = {f->key->p, f->key->len, CURL_BLOB_COPY};
    og_buf_addf(&url, "https://%s%s", host, path);
    c->easy_setopt(e, CURLOPT_URL, url.p);
    c->easy_setopt(e, CURLOPT_PROTOCOLS_STR, "https");
    c->easy_setopt(e, CURLOPT_PROXY, "");
    c->easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    c->easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3);
    c->easy_setopt(e, CURLOPT_SSL_EC_CURVES, OG_TLS_GROUPS);
    c->easy_setopt(e, CURLOPT_SSLCERT_BLOB, &cert);
    c->easy_setopt(e, CURLOPT_SSLKEY_BLOB, &key);
    c->easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L); /* the pins are what counts */
    c->easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L);
    c->easy_setopt(e, CURLOPT_PINNEDPUBLICKEY, f->pins);
    c->easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    c->easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, 1L);
    c->easy_setopt(e, CURLOPT_LOW_SPEED_TIME, SLOW_S);
    c->easy_setopt(e, CURLOPT_MAX_RECV_SPEED_LARGE, (curl_off_t)f->rate);
    c->easy_setopt(e, CURLOPT_FAILONERROR, 1L);
    c->easy_setopt(e, CURLOPT_WRITEFUNCTION, take);
    og_buf_release(&url);
}

static enum og_rc said(const struct og_curl *c, const char *host, CURLcode code, struct og_err *err)
{
    return code == CURLE_OK
               ? OG_OK
               : og_err_set(err, OG_E_UNAVAILABLE, "%s: %s", host, c->easy_strerror(code));
}

static enum og_rc size_at(const struct og_fetch_set *f, const char *host, const char *path,
                          uint64_t *size, struct og_err *err)
{
    const struct og_curl *c;
    curl_off_t n = -1;
    OG_TRY(load(&c, err));
    CURL *e = c->easy_init();
    if (!e)
        return og_err_set(err, OG_E_UNAVAILABLE, "libcurl does not start");
    set_up(c, e, f, host, path);
    c->easy_setopt(e, CURLOPT_NOBODY, 1L);
    enum og_rc rc = said(c, host, c->easy_perform(e), err);
    if (rc == OG_OK)
        c->easy_getinfo(e, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &n);
    c->easy_cleanup(e);
    if (rc == OG_OK && (n < 0 || (uint64_t)n > f->max))
        rc = og_err_set(err, OG_E_UNAVAILABLE, "%s: the blob has no size or is too big", host);
    *size = rc == OG_OK ? (uint64_t)n : 0;
    return rc;
}

/* [s->at, s->end) from one holder; what has come stays when it fails. */
static enum og_rc range(const struct og_fetch_set *f, const char *host, const char *path,
                        struct sink *s, struct og_err *err)
{
    const struct og_curl *c;
    enum og_rc rc = OG_OK;
    OG_TRY(load(&c, err));
    for (int tries = 0; tries < TRIES && s->at < s->end; tries++) {
        char bytes[64];
        uint64_t before = s->at;
        CURL *e = c->easy_init();
        if (!e)
            return og_err_set(err, OG_E_UNAVAILABLE, "libcurl does not start");
        set_up(c, e, f, host, path);
        snprintf(bytes, sizeof bytes, "%llu-%llu", (unsigned long long)s->at,
                 (unsigned long long)s->end - 1);
        c->easy_setopt(e, CURLOPT_RANGE, bytes);
        c->easy_setopt(e, CURLOPT_WRITEDATA, s);
        rc = said(c, host, c->easy_perform(e), err);
        c->easy_cleanup(e);
        if (s->at == before)
            break;
    }
    if (s->at == s->end)
        return OG_OK;
    return rc != OG_OK ? rc : og_err_set(err, OG_E_UNAVAILABLE, "%s: the blob is short", host);
}

struct job {
    const struct og_fetch_set *f;
    const char *path;
    const char *host[OG_FETCH_HOLDERS];
    size_t n;
    uint64_t size, next;
    int fd;
    bool failed;
    pthread_mutex_t lock;
};

struct worker {
    struct job *j;
    size_t first; /* the holder it asks first */
};

static void *work(void *arg)
{
    const struct worker *w = arg;
    struct job *j = w->j;
    struct og_err err;
    size_t host = w->first;
    for (;;) {
        pthread_mutex_lock(&j->lock);
        struct sink s = {.fd = j->fd, .at = j->next};
        s.end = og_min_u64(s.at + PART, j->size);
        j->next = s.end;
        bool end = j->failed || s.at >= j->size;
        pthread_mutex_unlock(&j->lock);
        if (end)
            return NULL;
        enum og_rc rc = range(j->f, j->host[host], j->path, &s, &err);
        for (size_t k = 1; rc != OG_OK && k < j->n; k++) {
            host = (host + 1) % j->n;
            rc = range(j->f, j->host[host], j->path, &s, &err);
        }
        if (rc != OG_OK) {
            pthread_mutex_lock(&j->lock);
            j->failed = true;
            pthread_mutex_unlock(&j->lock);
            return NULL;
        }
    }
}

static bool parallel(struct job *j)
{
    pthread_t id[THREADS];
    struct worker w[THREADS];
    size_t started = 0;
    pthread_mutex_init(&j->lock, NULL);
    while (started < THREADS) {
        w[started] = (struct worker){j, started % j->n};
        if (pthread_create(&id[started], NULL, work, &w[started]) != 0)
            break;
        started++;
    }
    for (size_t i = 0; i < started; i++)
        pthread_join(id[i], NULL);
    pthread_mutex_destroy(&j->lock);
    return started && !j->failed && j->next >= j->size;
}

static enum og_rc hashes(int fd, const struct og_hash *want, bool *yes, struct og_err *err)
{
    struct og_hash got;
    uint64_t bytes;
    *yes = false;
    if (lseek(fd, 0, SEEK_SET) < 0)
        return og_err_set(err, OG_E_IO, "cannot rewind: %s", strerror(errno));
    OG_TRY(og_sha256_fd(fd, &got, &bytes, err));
    *yes = memcmp(got.b, want->b, OG_HASH_LEN) == 0;
    return OG_OK;
}

static enum og_rc fill(struct job *j, const uint64_t *size, const struct og_hash *h,
                       struct og_err *err)
{
    bool yes = false;
    size_t same = 1;
    while (same < j->n && size[same] == size[0])
        same++;
    j->size = size[0];
    if (same > 1 && same == j->n && j->size >= 2 * PART && parallel(j))
        OG_TRY(hashes(j->fd, h, &yes, err));
    for (size_t i = 0; !yes && i < j->n; i++) {
        struct sink s = {.fd = j->fd, .end = size[i]};
        if (ftruncate(j->fd, 0) < 0)
            return og_err_set(err, OG_E_IO, "cannot cut: %s", strerror(errno));
        if (s.end && range(j->f, j->host[i], j->path, &s, err) != OG_OK)
            continue;
        OG_TRY(hashes(j->fd, h, &yes, err));
        if (!yes) {
            og_err_set(err, OG_E_UNAVAILABLE, "%s: sent other bytes than the blob's", j->host[i]);
            og_log(OG_LOG_WARNING, "%s", err->msg);
        }
    }
    return yes ? OG_OK : OG_E_UNAVAILABLE;
}

static enum og_rc name_it(const struct og_fetch_set *f, const char *hex, struct og_io_temp *t,
                          struct og_err *err)
{
    struct og_buf path = OG_BUF_INIT;
    og_buf_addf(&path, "%s/%.2s", f->dir, hex);
    enum og_rc rc = og_io_mkdirs(path.p, 0700, err);
    og_buf_addf(&path, "/%s", hex);
    if (rc == OG_OK)
        rc = og_io_temp_commit(t, path.p, OG_IO_NOSYNC, err);
    else
        og_io_temp_discard(t);
    og_buf_release(&path);
    return rc;
}

enum og_rc og_fetch_blob(const struct og_fetch_set *f, const struct og_hash *h, struct og_err *err)
{
    struct og_buf path = OG_BUF_INIT;
    char hex[2 * OG_HASH_LEN + 1];
    uint64_t size[OG_FETCH_HOLDERS];
    struct og_io_temp t = {-1, NULL};
    struct job j = {.f = f};
    og_hex_encode(h->b, OG_HASH_LEN, hex);
    og_buf_addf(&path, "/blob/%s", hex);
    j.path = path.p;
    enum og_rc rc = og_err_set(err, OG_E_UNAVAILABLE, "no other node is known");
    for (size_t i = 0; i < f->n && i < OG_FETCH_HOLDERS; i++) {
        rc = size_at(f, f->holders[i], path.p, &size[j.n], err);
        if (rc == OG_OK)
            j.host[j.n++] = f->holders[i];
    }
    if (j.n)
        rc = og_io_mkdirs(f->dir, 0700, err);
    if (j.n && rc == OG_OK)
        rc = og_io_temp_open(f->dir, 0400, &t, err);
    if (j.n && rc == OG_OK) {
        j.fd = t.fd;
        rc = fill(&j, size, h, err);
        if (rc == OG_OK)
            rc = name_it(f, hex, &t, err);
        else
            og_io_temp_discard(&t);
    }
    og_buf_release(&path);
    return rc;
}

enum og_rc og_fetch_text(const struct og_fetch_set *f, const char *path,
                         bool (*ok)(void *ctx, const char *text, size_t n), void *ctx,
                         struct og_err *err)
{
    const struct og_curl *c;
    OG_TRY(load(&c, err));
    enum og_rc rc = og_err_set(err, OG_E_UNAVAILABLE, "no other node is known");
    for (size_t i = 0; i < f->n; i++) {
        struct og_buf text = OG_BUF_INIT;
        struct sink s = {.fd = -1, .text = &text};
        CURL *e = c->easy_init();
        if (!e)
            return og_err_set(err, OG_E_UNAVAILABLE, "libcurl does not start");
        set_up(c, e, f, f->holders[i], path);
        c->easy_setopt(e, CURLOPT_WRITEDATA, &s);
        rc = said(c, f->holders[i], c->easy_perform(e), err);
        c->easy_cleanup(e);
        bool took = rc == OG_OK && ok(ctx, text.p ? text.p : "", text.len);
        og_buf_release(&text);
        if (took)
            return OG_OK;
        if (rc == OG_OK)
            rc = og_err_set(err, OG_E_UNAVAILABLE, "%s: an answer that is none", f->holders[i]);
    }
    return rc;
}
