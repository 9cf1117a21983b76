/* cmd_fetch.c - libcurl with limits: http and https, so many bytes, so much time, conditional. */
#include "cmd.h"

#include <curl/curl.h>

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define CONNECT_MS 10000L
#define REDIRECTS  5L

struct transfer {
    struct cmd_fetch *f;
    struct og_buf *out;
    bool too_long;
};

static size_t on_data(char *p, size_t size, size_t n, void *ctx)
{
    struct transfer *t = ctx;
    size_t bytes = size * n;
    if (bytes > t->f->max_bytes - t->out->len) {
        t->too_long = true;
        return 0;
    }
    og_buf_add(t->out, p, bytes);
    return bytes;
}

static void keep(const char *p, size_t n, const char *name, char *out, size_t cap)
{
    size_t k = strlen(name);
    if (n <= k || strncasecmp(p, name, k) != 0)
        return;
    p += k;
    n -= k;
    while (n && (*p == ' ' || *p == '\t')) {
        p++;
        n--;
    }
    while (n && (unsigned char)p[n - 1] <= ' ')
        n--;
    if (n < cap) {
        memcpy(out, p, n);
        out[n] = '\0';
    }
}

static size_t on_header(char *p, size_t size, size_t n, void *ctx)
{
    struct transfer *t = ctx;
    size_t bytes = size * n;
    if (bytes > 5 && strncmp(p, "HTTP/", 5) == 0) { /* of the last answer in a row of redirects */
        t->f->etag[0] = t->f->modified[0] = t->f->added_last[0] = '\0';
        og_buf_reset(t->out);
    }
    keep(p, bytes, "etag:", t->f->etag, sizeof t->f->etag);
    keep(p, bytes, "last-modified:", t->f->modified, sizeof t->f->modified);
    keep(p, bytes, "x-taxii-date-added-last:", t->f->added_last, sizeof t->f->added_last);
    return bytes;
}

static struct curl_slist *headers(const struct cmd_fetch *f)
{
    char line[320];
    struct curl_slist *list = NULL;
    for (size_t i = 0; f->header && f->header[i]; i++)
        list = curl_slist_append(list, f->header[i]);
    if (f->etag[0]) {
        snprintf(line, sizeof line, "If-None-Match: %s", f->etag);
        list = curl_slist_append(list, line);
    }
    if (f->modified[0]) {
        snprintf(line, sizeof line, "If-Modified-Since: %s", f->modified);
        list = curl_slist_append(list, line);
    }
    return list;
}

static void set_up(CURL *c, struct transfer *t, struct curl_slist *list)
{
    curl_easy_setopt(c, CURLOPT_URL, t->f->url);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(c, CURLOPT_MAXREDIRS, REDIRECTS);
    curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(c, CURLOPT_USERAGENT, "ogpu-guard/" OG_VERSION);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)t->f->timeout_ms);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
}

enum og_rc cmd_fetch(struct cmd_fetch *f, struct og_buf *out, struct og_err *err)
{
    struct transfer t = {.f = f, .out = out};
    long status = 0;
    f->unchanged = false;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURL *c = curl_easy_init();
    if (!c)
        return og_err_set(err, OG_E_UNAVAILABLE, "libcurl does not start");
    struct curl_slist *list = headers(f);
    set_up(c, &t, list);
    CURLcode code = curl_easy_perform(c);
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(c);
    curl_slist_free_all(list);
    if (t.too_long)
        return og_err_set(err, OG_E_DATA, "more than %llu bytes", (unsigned long long)f->max_bytes);
    if (code == CURLE_HTTP_RETURNED_ERROR)
        return og_err_set(err, OG_E_UNAVAILABLE, "the server answers %ld", status);
    if (code != CURLE_OK)
        return og_err_set(err, OG_E_UNAVAILABLE, "%s", curl_easy_strerror(code));
    f->unchanged = status == 304;
    return OG_OK;
}
