/* feeds_get.c - one feed fetched: a plain file, TAXII pages, or a CrowdSec stream. */
#include "feeds.h"

#include "base/base_mem.h"
#include "base/base_num.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAXII_ACCEPT "Accept: application/taxii+json;version=2.1"

enum og_feed_format feed_kept_format(const struct feed *f)
{
    return f->format == OG_FEED_CROWDSEC ? OG_FEED_OGPU : f->format;
}

static struct cmd_fetch transfer(const struct feed *f, const char *url)
{
    return (struct cmd_fetch){.url = url,
                              .header = (const char *const *)f->header,
                              .max_bytes = f->max_bytes,
                              .timeout_ms = f->timeout_ms};
}

static enum og_rc get_plain(const struct feed *f, struct feed_meta *meta, struct og_buf *body,
                            bool *fresh, struct og_err *err)
{
    struct cmd_fetch t = transfer(f, f->url);
    memcpy(t.etag, meta->etag, sizeof t.etag);
    memcpy(t.modified, meta->modified, sizeof t.modified);
    OG_TRY(cmd_fetch(&t, body, err));
    *fresh = !t.unchanged;
    if (*fresh) {
        memcpy(meta->etag, t.etag, sizeof t.etag);
        memcpy(meta->modified, t.modified, sizeof t.modified);
    }
    return OG_OK;
}

/* ------------------------------------------------------------------ TAXII 2.1 */
static void query(struct og_buf *url, const char *base, const char *key, const char *value)
{
    bool first = !strchr(url->len ? url->p : base, '?');
    if (!url->len)
        og_buf_adds(url, base);
    og_buf_addf(url, "%c%s=", first ? '?' : '&', key);
    for (const unsigned char *p = (const unsigned char *)value; *p; p++)
        if ((*p >= '0' && *p <= '9') || ((*p | 32) >= 'a' && (*p | 32) <= 'z') ||
            strchr("-._~", *p))
            og_buf_addc(url, (char)*p);
        else
            og_buf_addf(url, "%%%02X", *p);
}

/* Of two objects with one id the one modified later stays (RFC 3339 times compare as text). */
static void merge(json_t *all, json_t *o)
{
    const char *id = json_string_value(json_object_get(o, "id"));
    const char *when = json_string_value(json_object_get(o, "modified"));
    if (!id)
        return;
    const char *old = json_string_value(json_object_get(json_object_get(all, id), "modified"));
    if (!old || !when || strcmp(old, when) <= 0)
        json_object_set(all, id, o);
}

static void merge_all(json_t *all, const json_t *doc)
{
    const json_t *list = json_object_get(doc, "objects");
    for (size_t i = 0; i < json_array_size(list); i++)
        merge(all, json_array_get(list, i));
}

static enum og_rc page(const struct feed *f, const char *url, struct feed_meta *meta, json_t **doc,
                       struct og_err *err)
{
    struct og_buf b = OG_BUF_INIT;
    const char *header[FEED_HEADERS_MAX + 2];
    size_t n = 0;
    while (f->header[n]) {
        header[n] = f->header[n];
        n++;
    }
    header[n] = TAXII_ACCEPT;
    header[n + 1] = NULL;
    struct cmd_fetch t = transfer(f, url);
    t.header = header;
    *doc = NULL;
    enum og_rc rc = cmd_fetch(&t, &b, err);
    if (rc == OG_OK)
        *doc = json_loadb(b.p ? b.p : "", b.len, 0, NULL);
    if (rc == OG_OK && !json_is_object(*doc))
        rc = og_err_set(err, OG_E_DATA, "a page that is no JSON object");
    if (rc == OG_OK && strcmp(t.added_last, meta->added_after) > 0)
        memcpy(meta->added_after, t.added_last, sizeof meta->added_after);
    if (rc != OG_OK) {
        json_decref(*doc);
        *doc = NULL;
    }
    og_buf_release(&b);
    return rc;
}

/* What was there, new objects over it; as one envelope. */
static void write_envelope(const json_t *all, struct og_buf *body)
{
    json_t *list = json_array(), *doc = json_pack("{s:o}", "objects", list), *o;
    const char *id;
    json_object_foreach((json_t *)(uintptr_t)all, id, o) json_array_append(list, o);
    char *text = json_dumps(doc, JSON_COMPACT | JSON_SORT_KEYS);
    og_buf_adds(body, text);
    free(text);
    json_decref(doc);
}

static void add_old(json_t *all, const struct og_buf *old)
{
    json_t *doc = json_loadb(old->p ? old->p : "", old->len, 0, NULL);
    merge_all(all, doc);
    json_decref(doc);
}

/* From a discovery document or an API root to the objects of the first collection that can be read.
 */
static enum og_rc find_collection(const struct feed *f, struct og_buf *url, struct og_err *err)
{
    struct feed_meta ignored = {0};
    json_t *doc;
    OG_TRY(page(f, f->url, &ignored, &doc, err));
    const char *root = json_string_value(json_object_get(doc, "default"));
    root = root ? root : json_string_value(json_array_get(json_object_get(doc, "api_roots"), 0));
    if (json_object_get(doc, "objects") || json_object_get(doc, "more") ||
        (!root && !json_object_get(doc, "collections"))) {
        og_buf_adds(url, f->url);
        json_decref(doc);
        return OG_OK;
    }
    struct og_buf base = OG_BUF_INIT;
    og_buf_adds(&base, root ? root : f->url);
    while (base.len && base.p[base.len - 1] == '/')
        base.p[--base.len] = '\0';
    enum og_rc rc = OG_OK;
    if (root) {
        og_buf_adds(&base, "/collections");
        json_decref(doc);
        og_buf_addc(&base, '/');
        rc = page(f, base.p, &ignored, &doc, err);
        base.p[--base.len] = '\0';
    }
    const json_t *list = json_object_get(doc, "collections");
    const char *id = NULL;
    for (size_t i = 0; rc == OG_OK && i < json_array_size(list) && !id; i++)
        if (json_is_true(json_object_get(json_array_get(list, i), "can_read")))
            id = json_string_value(json_object_get(json_array_get(list, i), "id"));
    if (rc == OG_OK && (!id || strlen(id) > 64 || strchr(id, '/')))
        rc = og_err_set(err, OG_E_DATA, "no collection can be read");
    if (rc == OG_OK)
        og_buf_addf(url, "%s/%s/objects/", base.p, id);
    og_buf_release(&base);
    json_decref(doc);
    return rc;
}

static enum og_rc get_taxii(const struct feed *f, struct feed_meta *meta, const struct og_buf *old,
                            struct og_buf *body, bool *fresh, unsigned *pages, struct og_err *err)
{
    struct og_buf base = OG_BUF_INIT, url = OG_BUF_INIT;
    struct feed_meta seen = *meta;
    json_t *all = json_object(), *doc = NULL;
    char *next = NULL;
    bool more = true;
    add_old(all, old);
    enum og_rc rc = find_collection(f, &base, err);
    for (*pages = 0; rc == OG_OK && more && *pages < FEED_PAGES_MAX; ++*pages) {
        og_buf_reset(&url);
        if (meta->added_after[0])
            query(&url, base.p, "added_after", meta->added_after);
        if (next)
            query(&url, base.p, "next", next);
        rc = page(f, url.len ? url.p : base.p, &seen, &doc, err);
        free(next);
        next = NULL;
        if (rc != OG_OK)
            break;
        *fresh = *fresh || json_array_size(json_object_get(doc, "objects")) > 0;
        merge_all(all, doc);
        const char *n = json_string_value(json_object_get(doc, "next"));
        more = json_is_true(json_object_get(doc, "more")) && n;
        next = more ? og_xstrdup(n) : NULL;
        json_decref(doc);
    }
    if (rc == OG_OK && more)
        rc = og_err_set(err, OG_E_DATA, "more than %d pages", FEED_PAGES_MAX);
    if (rc == OG_OK) {
        *meta = seen;
        write_envelope(all, body);
    }
    free(next);
    json_decref(all);
    og_buf_release(&base);
    og_buf_release(&url);
    return rc;
}

/* ------------------------------------------------------------------ CrowdSec
 * The decisions in force, as our own lines, under the key of type and value. */
struct force {
    json_t *all;
};

static void decide(void *ctx, const struct og_indicator *i)
{
    struct force *s = ctx;
    char ip[OG_IP_TEXT];
    struct og_buf value = OG_BUF_INIT, key = OG_BUF_INIT;
    if (i->type <= OG_INTEL_IP_PORT) {
        og_ip_format(i->from, ip);
        og_buf_adds(&value, ip);
        if (i->type == OG_INTEL_CIDR)
            og_buf_addf(&value, "/%u", i->plen - (og_ip_is4(i->from) ? 96 : 0));
        if (i->type == OG_INTEL_RANGE) {
            og_ip_format(i->to, ip);
            og_buf_addf(&value, "-%s", ip);
        }
        if (i->type == OG_INTEL_IP_PORT)
            og_buf_addf(&value, "|%u", i->port);
    } else {
        og_buf_add(&value, i->text, i->len);
    }
    og_buf_addf(&key, "%s %s", og_intel_type_name(i->type), value.p);
    if (i->removed)
        json_object_del(s->all, key.p);
    else
        json_object_set_new(s->all, key.p,
                            json_pack("{s:s, s:s, s:f, s:I, s:s*}", "kind",
                                      og_intel_type_name(i->type), "value", value.p, "score",
                                      i->score, "expires", (json_int_t)i->expires, "reason",
                                      i->reason));
    og_buf_release(&value);
    og_buf_release(&key);
}

static void write_lines(const json_t *all, struct og_buf *body)
{
    json_t *o;
    const char *key;
    json_object_foreach((json_t *)(uintptr_t)all, key, o)
    {
        char *text = json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS);
        og_buf_adds(body, text);
        og_buf_addc(body, '\n');
        free(text);
    }
}

static enum og_rc get_crowdsec(const struct feed *f, const struct feed_meta *meta,
                               const struct og_buf *old, uint64_t now_s, struct og_buf *body,
                               bool *fresh, struct og_err *err)
{
    struct og_buf url = OG_BUF_INIT, delta = OG_BUF_INIT;
    struct og_feed_counts counts;
    struct force s = {json_object()};
    bool startup = meta->fetched_s == 0 || old->len == 0;
    query(&url, f->url, "startup", startup ? "true" : "false");
    struct cmd_fetch t = transfer(f, url.p);
    enum og_rc rc = cmd_fetch(&t, &delta, err);
    if (rc == OG_OK && !startup)
        rc = og_feed_parse(OG_FEED_OGPU, old->p, old->len, now_s, decide, &s, &counts, err);
    if (rc == OG_OK)
        rc = og_feed_parse(OG_FEED_CROWDSEC, delta.p ? delta.p : "", delta.len, now_s, decide, &s,
                           &counts, err);
    if (rc == OG_OK)
        write_lines(s.all, body);
    *fresh = rc == OG_OK;
    json_decref(s.all);
    og_buf_release(&url);
    og_buf_release(&delta);
    return rc;
}

enum og_rc feed_get(const struct feed *f, struct feed_meta *meta, const struct og_buf *old,
                    uint64_t now_s, struct og_buf *body, bool *fresh, unsigned *pages,
                    struct og_err *err)
{
    *fresh = false;
    *pages = 1;
    if (f->format == OG_FEED_TAXII)
        return get_taxii(f, meta, old, body, fresh, pages, err);
    if (f->format == OG_FEED_CROWDSEC)
        return get_crowdsec(f, meta, old, now_s, body, fresh, err);
    return get_plain(f, meta, body, fresh, err);
}
