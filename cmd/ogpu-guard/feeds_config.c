/* feeds_config.c - the file that lists the feeds. */
#include "feeds.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "crypto/crypto_keyfile.h"
#include "json/json_get.h"

#include <stdlib.h>
#include <string.h>

#define CONFIG_MAX    (1u << 20)
#define MIN_POLL_S    3600 /* unless said: some publishers ask for no more than hourly */
#define MAX_BYTES     ((uint64_t)64 << 20)
#define MAX_BYTES_MAX ((uint64_t)1 << 30)
#define TIMEOUT_MS    60000
#define DAY_S         86400

void feed_config_release(struct feed_config *c)
{
    for (size_t i = 0; i < c->n; i++) {
        free(c->feed[i].name);
        free(c->feed[i].url);
        for (size_t k = 0; c->feed[i].header[k]; k++) {
            explicit_bzero(c->feed[i].header[k], strlen(c->feed[i].header[k]));
            free(c->feed[i].header[k]);
        }
    }
    for (size_t i = 0; i < c->n_allow; i++)
        free(c->allow[i]);
    free(c->feed);
    free(c->allow);
    *c = (struct feed_config){0};
}

/* Header lines, such as an API key, stand in a file of their own that others cannot read. */
static enum og_rc read_headers(const char *path, struct feed *f, struct og_err *err)
{
    struct og_buf b = OG_BUF_INIT;
    size_t n = 0;
    enum og_rc rc = og_io_read_secret(path, 65536, &b, err);
    for (char *p = b.p; rc == OG_OK && p && *p;) {
        size_t len = strcspn(p, "\r\n");
        if (len > 0 && (n == FEED_HEADERS_MAX || !memchr(p, ':', len)))
            rc = og_err_set(err, OG_E_DATA, "'%s': header lines 'Name: value', at most %d", path,
                            FEED_HEADERS_MAX);
        else if (len > 0)
            f->header[n++] = og_xstrndup(p, len);
        p += len + strspn(p + len, "\r\n");
    }
    og_buf_cleanse(&b);
    return rc;
}

static enum og_rc ppm_of(const json_t *o, double *out, struct og_err *err)
{
    const json_t *v = json_object_get(o, "weight");
    *out = v ? json_number_value(v) : 1;
    if (v && (!json_is_number(v) || *out < 0 || *out > 1))
        return og_err_set(err, OG_E_DATA, "'weight' must be a number from 0 to 1");
    return OG_OK;
}

static enum og_rc read_feed(const json_t *o, struct feed *f, struct og_err *err)
{
    static const char *const known[] = {"name",       "url",    "format", "min_poll_s", "max_bytes",
                                        "timeout_ms", "weight", "ttl_s",  "headers",    NULL};
    const char *name, *url, *format, *headers;
    OG_TRY(og_json_only(o, known, err));
    OG_TRY(og_json_str(o, "name", OG_INTEL_NAME_MAX, &name, err));
    OG_TRY(og_json_str(o, "url", FEED_URL_MAX, &url, err));
    OG_TRY(og_json_str(o, "format", 32, &format, err));
    OG_TRY(og_json_str_opt(o, "headers", 4096, &headers, err));
    f->name = og_xstrdup(name);
    f->url = og_xstrdup(url);
    if (!og_keyfile_name_ok(name))
        return og_err_set(err, OG_E_DATA, "'name' must be letters, digits, '_' and '-'");
    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
        return og_err_set(err, OG_E_DATA, "'url' must begin with http:// or https://");
    if (!og_feed_by_name(format, &f->format))
        return og_err_set(err, OG_E_DATA, "there is no format '%s'", format);
    OG_TRY(og_json_u64_or(o, "min_poll_s", 365 * DAY_S, MIN_POLL_S, &f->min_poll_s, err));
    OG_TRY(og_json_u64_or(o, "max_bytes", MAX_BYTES_MAX, MAX_BYTES, &f->max_bytes, err));
    OG_TRY(og_json_u64_or(o, "timeout_ms", 3600000, TIMEOUT_MS, &f->timeout_ms, err));
    OG_TRY(og_json_u64_or(o, "ttl_s", 3650 * (uint64_t)DAY_S, 0, &f->ttl_s, err));
    OG_TRY(ppm_of(o, &f->weight, err));
    return headers ? read_headers(headers, f, err) : OG_OK;
}

static enum og_rc read_line(const char *s, size_t n, struct feed_config *c, struct og_err *err)
{
    json_error_t je;
    json_t *o = json_loadb(s, n, JSON_REJECT_DUPLICATES, &je);
    const char *allow;
    enum og_rc rc = OG_OK;
    if (!json_is_object(o)) {
        rc = og_err_set(err, OG_E_DATA, "not a JSON object");
    } else if ((allow = json_string_value(json_object_get(o, "allow")))) {
        c->allow = og_xgrow(c->allow, &c->cap_allow, c->n_allow + 1, sizeof *c->allow);
        c->allow[c->n_allow++] = og_xstrdup(allow);
    } else {
        c->feed = og_xgrow(c->feed, &c->cap, c->n + 1, sizeof *c->feed);
        struct feed *f = &c->feed[c->n++];
        *f = (struct feed){0};
        rc = read_feed(o, f, err);
        for (size_t i = 0; rc == OG_OK && i + 1 < c->n; i++)
            if (strcmp(c->feed[i].name, f->name) == 0)
                rc = og_err_set(err, OG_E_DATA, "two feeds are called '%s'", f->name);
    }
    json_decref(o);
    return rc;
}

enum og_rc feed_config_read(const char *path, struct feed_config *out, struct og_err *err)
{
    struct og_buf b = OG_BUF_INIT;
    unsigned long line = 0;
    *out = (struct feed_config){0};
    enum og_rc rc = og_io_read_file(path, CONFIG_MAX, &b, err);
    for (const char *p = b.p; rc == OG_OK && p && *p;) {
        size_t n = strcspn(p, "\n");
        line++;
        if (n > strspn(p, " \t\r") && *p != '#')
            rc = read_line(p, n, out, err);
        if (rc != OG_OK)
            rc = og_err_wrap(err, rc, "%s:%lu", path, line);
        p += n + (p[n] == '\n');
    }
    og_buf_release(&b);
    if (rc == OG_OK && out->n == 0)
        rc = og_err_set(err, OG_E_DATA, "'%s' lists no feed", path);
    if (rc != OG_OK)
        feed_config_release(out);
    return rc;
}
