/* guard_feedjson.c - STIX 2.1 and TAXII envelopes, MISP events, CrowdSec streams. */
#include "guard/guard_feed_int.h"

#include "base/base_num.h"

#include <ctype.h>
#include <string.h>

static const char *text_of(const json_t *o, const char *key)
{
    return json_string_value(json_object_get(o, key));
}

/* ------------------------------------------------------------------ STIX patterns
 * [type:path = 'x' OR type:path ISSUBSET 'y' AND ...] OR [...] */
struct pattern {
    const char *p;
    bool dry; /* first walk: is it understood? */
    struct og_feed_reader *r;
};

static void blanks(struct pattern *t)
{
    while (isspace((unsigned char)*t->p))
        t->p++;
}

static bool word(struct pattern *t, const char *w)
{
    size_t n = strlen(w);
    blanks(t);
    if (strncmp(t->p, w, n) != 0 || isalnum((unsigned char)t->p[n]))
        return false;
    t->p += n;
    return true;
}

/* 'text' with \' and \\ */
static bool literal(struct pattern *t, char *out, size_t cap)
{
    size_t n = 0;
    blanks(t);
    if (*t->p++ != '\'')
        return false;
    while (*t->p && *t->p != '\'') {
        t->p += t->p[0] == '\\' && t->p[1];
        if (n + 1 >= cap)
            return false;
        out[n++] = *t->p++;
    }
    out[n] = '\0';
    return *t->p++ == '\'';
}

static bool emit(struct pattern *t, const char *path, bool subset, const char *value)
{
    static const struct {
        const char *path;
        enum og_intel_type type;
    } texts[] = {
        {"domain-name:value", OG_INTEL_DOMAIN},     {"url:value", OG_INTEL_URL},
        {"file:hashes.'SHA-256'", OG_INTEL_SHA256}, {"file:hashes.SHA256", OG_INTEL_SHA256},
        {"file:hashes.'SHA-1'", OG_INTEL_SHA1},     {"file:hashes.SHA1", OG_INTEL_SHA1},
        {"file:hashes.MD5", OG_INTEL_MD5},          {"file:hashes.'MD5'", OG_INTEL_MD5},
        {"autonomous-system:number", OG_INTEL_AS},
    };
    if (strcmp(path, "ipv4-addr:value") == 0 || strcmp(path, "ipv6-addr:value") == 0)
        return t->dry || og_feed_put_ip(t->r, value, strlen(value));
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
        if (strcmp(path, texts[k].path) == 0 && !subset)
            return t->dry || og_feed_put_text(t->r, texts[k].type, value, strlen(value));
    return false;
}

static bool comparison(struct pattern *t)
{
    char path[128], value[OG_INTEL_TEXT_MAX];
    size_t n = 0;
    bool quoted = false;
    blanks(t);
    while (*t->p && (quoted || (!isspace((unsigned char)*t->p) && *t->p != '=' && *t->p != ']'))) {
        quoted ^= *t->p == '\'';
        if (n + 1 >= sizeof path)
            return false;
        path[n++] = *t->p++;
    }
    path[n] = '\0';
    blanks(t);
    bool subset = word(t, "ISSUBSET");
    if (!subset && *t->p++ != '=')
        return false;
    blanks(t);
    if (isdigit((unsigned char)*t->p)) { /* a number: autonomous systems */
        for (n = 0; isdigit((unsigned char)t->p[n]) && n < 12; n++)
            value[n] = t->p[n];
        value[n] = '\0';
        t->p += n;
    } else if (!literal(t, value, sizeof value)) {
        return false;
    }
    return emit(t, path, subset, value);
}

static bool walk(struct pattern *t)
{
    do {
        blanks(t);
        if (*t->p++ != '[')
            return false;
        do
            if (!comparison(t))
                return false;
        while (word(t, "OR") || word(t, "AND"));
        blanks(t);
        if (*t->p++ != ']')
            return false;
    } while (word(t, "OR") || word(t, "AND"));
    blanks(t);
    return *t->p == '\0';
}

bool og_feed_read_pattern(struct og_feed_reader *r, const char *pattern)
{
    struct pattern t = {.p = pattern, .dry = true, .r = r};
    if (!walk(&t))
        return false;
    t = (struct pattern){.p = pattern, .r = r};
    return walk(&t);
}

static void read_indicator(struct og_feed_reader *r, const json_t *o)
{
    const char *type = text_of(o, "pattern_type"), *pattern = text_of(o, "pattern");
    const char *until = text_of(o, "valid_until");
    const json_t *confidence = json_object_get(o, "confidence");
    uint64_t end = 0;
    if (json_is_true(json_object_get(o, "revoked"))) {
        r->counts->revoked++;
        return;
    }
    if (until && (!og_feed_time(until, &end) || end <= r->asof)) {
        r->counts->expired++;
        return;
    }
    if (!pattern || (type && strcmp(type, "stix") != 0)) {
        r->counts->unsupported_pattern_type++;
        return;
    }
    double c = json_is_number(confidence) ? json_number_value(confidence) / 100 : 0.5;
    r->score = c < 0 ? 0 : c > 1 ? 1 : c;
    r->expires = end;
    r->reason = text_of(o, "name");
    if (!og_feed_read_pattern(r, pattern))
        r->counts->skipped++;
}

enum og_rc og_feed_read_stix(struct og_feed_reader *r, const json_t *doc, struct og_err *err)
{
    const json_t *objects = json_object_get(doc, "objects"), *o;
    size_t k;
    const char *type = text_of(doc, "type");
    if (objects && !json_is_array(objects))
        return og_err_set(err, OG_E_DATA, "'objects' must be a list");
    if (!objects && !(type && strcmp(type, "bundle") == 0) && !json_object_get(doc, "more"))
        return og_err_set(err, OG_E_DATA, "neither a STIX bundle nor a TAXII envelope");
    json_array_foreach(objects, k, o)
    {
        type = text_of(o, "type");
        if (type && strcmp(type, "indicator") == 0)
            read_indicator(r, o);
    }
    return OG_OK;
}

/* ------------------------------------------------------------------ MISP */
static void read_attribute(struct og_feed_reader *r, const json_t *a)
{
    static const struct {
        const char *name;
        enum og_intel_type type;
    } kinds[] = {
        {"domain", OG_INTEL_DOMAIN}, {"hostname", OG_INTEL_DOMAIN}, {"url", OG_INTEL_URL},
        {"md5", OG_INTEL_MD5},       {"sha1", OG_INTEL_SHA1},       {"sha256", OG_INTEL_SHA256},
        {"AS", OG_INTEL_AS},
    };
    const char *type = text_of(a, "type"), *value = text_of(a, "value");
    bool good = false;
    if (!json_is_true(json_object_get(a, "to_ids"))) {
        r->counts->skipped_to_ids_false++;
        return;
    }
    if (type && value && strncmp(type, "ip-", 3) == 0)
        good = og_feed_put_ip(r, value, strlen(value));
    for (size_t k = 0; type && value && !good && k < sizeof kinds / sizeof *kinds; k++)
        if (strcmp(type, kinds[k].name) == 0)
            good = og_feed_put_text(r, kinds[k].type, value, strlen(value));
    const char *bar = type && value && !good ? strchr(value, '|') : NULL;
    if (bar && strcmp(type, "domain|ip") == 0) {
        good = og_feed_put_text(r, OG_INTEL_DOMAIN, value, (size_t)(bar - value));
        good = og_feed_put_ip(r, bar + 1, strlen(bar + 1)) && good;
    } else if (bar && strcmp(type, "filename|sha256") == 0) {
        good = og_feed_put_text(r, OG_INTEL_SHA256, bar + 1, strlen(bar + 1));
    }
    r->counts->skipped += !good;
}

static void read_attributes(struct og_feed_reader *r, const json_t *list)
{
    const json_t *a;
    size_t k;
    json_array_foreach(list, k, a) read_attribute(r, a);
}

enum og_rc og_feed_read_misp(struct og_feed_reader *r, const json_t *doc, struct og_err *err)
{
    const json_t *event = json_object_get(doc, "Event"), *o;
    const char *level = text_of(event, "threat_level_id");
    size_t k;
    if (!json_is_object(event))
        return og_err_set(err, OG_E_DATA, "no 'Event'");
    r->score = level && *level == '1' ? 0.9 : level && *level == '2' ? 0.7 : 0.5;
    r->reason = text_of(event, "info");
    read_attributes(r, json_object_get(event, "Attribute"));
    json_array_foreach(json_object_get(event, "Object"), k, o)
        read_attributes(r, json_object_get(o, "Attribute"));
    return OG_OK;
}

/* ------------------------------------------------------------------ CrowdSec
 * Go's durations: 3h59m58.123s, -12m3.5s; *s is cut to whole seconds. */
static bool duration(const char *s, int64_t *out)
{
    bool minus = *s == '-';
    double total = 0;
    s += minus || *s == '+';
    if (!*s)
        return false;
    while (*s) {
        double v = 0, unit = 0.1;
        if (!isdigit((unsigned char)*s))
            return false;
        for (; isdigit((unsigned char)*s); s++)
            v = v * 10 + (*s - '0');
        if (*s == '.')
            for (s++; isdigit((unsigned char)*s); s++, unit /= 10)
                v += (*s - '0') * unit;
        if (strncmp(s, "ms", 2) == 0) {
            v /= 1000;
            s += 2;
        } else if (strncmp(s, "us", 2) == 0 || strncmp(s, "ns", 2) == 0) {
            v = 0;
            s += 2;
        } else if (*s == 'h' || *s == 'm' || *s == 's') {
            v *= *s == 'h' ? 3600 : *s == 'm' ? 60 : 1;
            s++;
        } else {
            return false;
        }
        total += v;
        if (total > 1e12)
            return false;
    }
    *out = minus ? -(int64_t)total : (int64_t)total;
    return true;
}

static void read_decision(struct og_feed_reader *r, const json_t *d)
{
    const char *scope = text_of(d, "scope"), *value = text_of(d, "value");
    const char *until = text_of(d, "duration");
    int64_t left = 0;
    bool good = false;
    r->reason = text_of(d, "scenario");
    if (!scope || !value || !until || !duration(until, &left)) {
        r->counts->bad_lines++;
        return;
    }
    if (!r->removed && left <= 0) {
        r->counts->expired++;
        return;
    }
    r->expires = r->removed ? 0 : r->asof + (uint64_t)left;
    if (strcasecmp(scope, "ip") == 0 || strcasecmp(scope, "range") == 0)
        good = og_feed_put_ip(r, value, strlen(value));
    else if (strcasecmp(scope, "as") == 0)
        good = og_feed_put_text(r, OG_INTEL_AS, value, strlen(value));
    r->counts->skipped += !good;
}

enum og_rc og_feed_read_crowdsec(struct og_feed_reader *r, const json_t *doc, struct og_err *err)
{
    const json_t *d;
    size_t k;
    if (!json_object_get(doc, "new") && !json_object_get(doc, "deleted"))
        return og_err_set(err, OG_E_DATA, "neither 'new' nor 'deleted' decisions");
    json_array_foreach(json_object_get(doc, "new"), k, d) read_decision(r, d);
    r->removed = true;
    json_array_foreach(json_object_get(doc, "deleted"), k, d) read_decision(r, d);
    r->removed = false;
    return OG_OK;
}
