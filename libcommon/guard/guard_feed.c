/* guard_feed.c - line formats, dispatch, names. */
#include "guard/guard_feed_int.h"

#include "base/base_num.h"
#include "guard/guard_csv.h"
#include "guard/guard_series.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static const char *const names[OG_FEED_FORMATS] = {
    "plain", "drop", "drop-json", "netset", "feodo", "threatfox", "stix",
    "taxii", "misp", "crowdsec",  "zeek",   "iprep", "ogpu"};
static const char *const types[OG_INTEL_TYPES] = {
    "ip",  "cidr", "range",  "ip_port", "as",     "domain",      "url",
    "md5", "sha1", "sha256", "node_id", "wallet", "image_digest"};

const char *og_feed_name(enum og_feed_format f)
{
    return f < OG_FEED_FORMATS ? names[f] : "";
}

bool og_feed_by_name(const char *name, enum og_feed_format *out)
{
    for (unsigned k = 0; k < OG_FEED_FORMATS; k++)
        if (strcmp(names[k], name) == 0) {
            *out = (enum og_feed_format)k;
            return true;
        }
    return false;
}

const char *og_intel_type_name(enum og_intel_type t)
{
    return t < OG_INTEL_TYPES ? types[t] : "";
}

bool og_feed_time(const char *s, uint64_t *out)
{
    double t;
    size_t n = strlen(s);
    if (n < 11 || s[n - 1] != 'Z' || !og_series_time(s, &t) || t < 0)
        return false;
    *out = (uint64_t)t;
    return true;
}

static bool give(struct og_feed_reader *r, struct og_indicator *i)
{
    i->score = r->score;
    i->expires = r->expires;
    i->reason = r->reason;
    i->removed = r->removed;
    if (r->removed)
        r->counts->deleted++;
    else {
        r->counts->type[i->type]++;
        if (i->type <= OG_INTEL_IP_PORT)
            r->counts->v6[i->type] += !og_ip_is4(i->from);
    }
    if (r->sink)
        r->sink(r->ctx, i);
    return true;
}

/* address:port, [address]:port, address|port; *n is cut to the address. */
static bool split_port(const char **s, size_t *n, uint16_t *port)
{
    const char *at = memchr(*s, '|', *n);
    uint64_t v;
    if (!at && (*n == 0 || !(at = memrchr(*s, ':', *n))))
        return false;
    bool bracket = **s == '[' && at > *s + 1 && at[-1] == ']';
    if (*at == ':' && !bracket && memchr(*s, ':', (size_t)(at - *s)))
        return false; /* IPv6 */
    if (!og_parse_u64n(at + 1, *n - (size_t)(at + 1 - *s), 65535, &v) || v == 0)
        return false;
    *n = (size_t)(at - *s) - 2 * bracket;
    *s += bracket;
    *port = (uint16_t)v;
    return true;
}

bool og_feed_put_ip(struct og_feed_reader *r, const char *s, size_t n)
{
    struct og_indicator i = {.type = OG_INTEL_IP};
    bool has_length;
    const char *dash = memchr(s, '-', n);
    if (og_ip_parse_net(s, n, &i.from, &i.plen, &has_length)) {
        i.type = has_length ? OG_INTEL_CIDR : OG_INTEL_IP;
        i.to = og_ip_last(i.from, i.plen);
        return give(r, &i);
    }
    if (dash && og_ip_parse(s, (size_t)(dash - s), &i.from) &&
        og_ip_parse(dash + 1, n - (size_t)(dash + 1 - s), &i.to) &&
        og_ip_is4(i.from) == og_ip_is4(i.to) && og_ip_cmp(i.from, i.to) <= 0) {
        i.type = OG_INTEL_RANGE;
        return give(r, &i);
    }
    if (split_port(&s, &n, &i.port) && og_ip_parse(s, n, &i.from)) {
        i.type = OG_INTEL_IP_PORT;
        i.to = i.from;
        i.plen = 128;
        return give(r, &i);
    }
    return false;
}

static bool is_hex(const char *s, size_t n, size_t want)
{
    for (size_t k = 0; k < n; k++)
        if (!isxdigit((unsigned char)s[k]))
            return false;
    return n == want;
}

static bool is_domain(const char *s, size_t n)
{
    size_t label = 0;
    bool dot = false;
    for (size_t k = 0; k < n; k++) {
        unsigned char c = (unsigned char)s[k];
        label = c == '.' ? 0 : label + 1;
        dot = dot || c == '.';
        if (label > 63 || !(isalnum(c) || c == '-' || c == '_' || c == '.') ||
            (c == '.' && (k == 0 || s[k - 1] == '.')))
            return false;
    }
    return n > 0 && n <= 253 && dot;
}

static bool fits_type(enum og_intel_type t, const char *s, size_t n)
{
    switch (t) {
    case OG_INTEL_MD5: return is_hex(s, n, 32);
    case OG_INTEL_SHA1: return is_hex(s, n, 40);
    case OG_INTEL_SHA256:
    case OG_INTEL_NODE_ID: return is_hex(s, n, 64);
    case OG_INTEL_IMAGE_DIGEST:
        return n > 7 && strncmp(s, "sha256:", 7) == 0 && is_hex(s + 7, n - 7, 64);
    case OG_INTEL_DOMAIN: return is_domain(s, n);
    case OG_INTEL_AS: {
        uint64_t v;
        return og_parse_u64n(s, n, UINT32_MAX, &v);
    }
    case OG_INTEL_URL:
    case OG_INTEL_WALLET: return n > 0;
    case OG_INTEL_IP:
    case OG_INTEL_CIDR:
    case OG_INTEL_RANGE:
    case OG_INTEL_IP_PORT:
    case OG_INTEL_TYPES: break;
    }
    return false;
}

bool og_feed_put_text(struct og_feed_reader *r, enum og_intel_type t, const char *s, size_t n)
{
    char lower[OG_INTEL_TEXT_MAX];
    if (t == OG_INTEL_AS && n > 2 && strncasecmp(s, "AS", 2) == 0) {
        s += 2;
        n -= 2;
    }
    if (t == OG_INTEL_DOMAIN && n > 1 && s[n - 1] == '.')
        n--;
    if (n == 0 || n >= sizeof lower || memchr(s, '\0', n))
        return false;
    for (size_t k = 0; k < n; k++)
        lower[k] =
            t == OG_INTEL_URL || t == OG_INTEL_WALLET ? s[k] : (char)tolower((unsigned char)s[k]);
    lower[n] = '\0';
    if (!fits_type(t, lower, n))
        return false;
    struct og_indicator i = {.type = t, .text = lower, .len = n};
    return give(r, &i);
}

static void trim(const char **s, size_t *n)
{
    while (*n && isspace((unsigned char)**s)) {
        ++*s;
        --*n;
    }
    while (*n && isspace((unsigned char)(*s)[*n - 1]))
        --*n;
}

/* The next line without its end; false: no more. */
static bool next_line(const struct og_feed_reader *r, size_t *at, const char **s, size_t *n)
{
    if (*at >= r->len)
        return false;
    const char *nl = memchr(r->text + *at, '\n', r->len - *at);
    *s = r->text + *at;
    *n = nl ? (size_t)(nl - *s) : r->len - *at;
    *at += *n + 1;
    if (*n && (*s)[*n - 1] == '\r')
        --*n;
    return true;
}

/* One item a line, up to a comment; what follows a blank is a comment, too. */
static enum og_rc read_plain(struct og_feed_reader *r)
{
    const char *s;
    size_t at = 0, n;
    while (next_line(r, &at, &s, &n)) {
        size_t k = 0;
        while (k < n && s[k] != '#' && s[k] != ';')
            k++;
        trim(&s, &k);
        if (k && !og_feed_put_ip(r, s, k))
            r->counts->bad_lines++;
    }
    return OG_OK;
}

/* Tab separated; #fields says which column is what. */
static enum og_rc read_zeek(struct og_feed_reader *r, struct og_err *err)
{
    static const struct {
        const char *name;
        enum og_intel_type type;
    } kinds[] = {{"Intel::DOMAIN", OG_INTEL_DOMAIN}, {"Intel::URL", OG_INTEL_URL}};
    const char *s;
    size_t at = 0, n, col_value = SIZE_MAX, col_type = SIZE_MAX;
    while (next_line(r, &at, &s, &n)) {
        bool header = n > 8 && strncmp(s, "#fields\t", 8) == 0, done = false;
        const char *value = NULL, *type = NULL;
        size_t value_n = 0, type_n = 0;
        if (n == 0 || (*s == '#' && !header))
            continue;
        s += header ? 8 : 0;
        n -= header ? 8 : 0;
        for (size_t col = 0; !done; col++) {
            const char *tab = memchr(s, '\t', n);
            size_t k = tab ? (size_t)(tab - s) : n;
            if (header && k == 9 && memcmp(s, "indicator", 9) == 0)
                col_value = col;
            if (header && k == 14 && memcmp(s, "indicator_type", 14) == 0)
                col_type = col;
            if (col == col_value)
                value = s, value_n = k;
            if (col == col_type)
                type = s, type_n = k;
            done = !tab;
            s += k + !done;
            n -= k + !done;
        }
        if (header)
            continue;
        if (col_value == SIZE_MAX || col_type == SIZE_MAX)
            return og_err_set(err, OG_E_DATA, "no '#fields' line with indicator, indicator_type");
        bool good = false;
        if (value && type && type_n >= 11 &&
            (strncmp(type, "Intel::ADDR", 11) == 0 || strncmp(type, "Intel::SUBNET", 13) == 0))
            good = og_feed_put_ip(r, value, value_n);
        else if (value && type && type_n == 16 && strncmp(type, "Intel::FILE_HASH", 16) == 0)
            good = og_feed_put_text(r,
                                    value_n == 32   ? OG_INTEL_MD5
                                    : value_n == 40 ? OG_INTEL_SHA1
                                                    : OG_INTEL_SHA256,
                                    value, value_n);
        for (size_t k = 0; value && type && !good && k < sizeof kinds / sizeof *kinds; k++)
            if (type_n == strlen(kinds[k].name) && strncmp(type, kinds[k].name, type_n) == 0)
                good = og_feed_put_text(r, kinds[k].type, value, value_n);
        r->counts->bad_lines += !good;
    }
    return OG_OK;
}

/* ip,category,score of 0..127 */
static bool iprep_row(struct og_feed_reader *r, const struct og_csv *c)
{
    uint64_t category, score;
    if (c->n < 3 || !og_parse_u64(c->field[1], 60, &category) ||
        !og_parse_u64(c->field[2], 127, &score))
        return false;
    r->score = (double)score / 127;
    return og_feed_put_ip(r, c->field[0], strlen(c->field[0]));
}

static size_t find(const struct og_csv *c, const char *name, size_t usual)
{
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->field[i], name) == 0)
            return i;
    return usual;
}

static bool feodo_row(struct og_feed_reader *r, const struct og_csv *c, size_t ip, size_t port)
{
    char text[OG_IP_TEXT + 8];
    size_t n = ip < c->n ? strlen(c->field[ip]) : sizeof text;
    size_t m = port < c->n ? strlen(c->field[port]) : 0;
    if (n >= OG_IP_TEXT || m > 5)
        return false;
    memcpy(text, c->field[ip], n);
    text[n] = '|';
    if (m)
        memcpy(text + n + 1, c->field[port], m);
    return og_feed_put_ip(r, text, m ? n + 1 + m : n);
}

static bool threatfox_row(struct og_feed_reader *r, const struct og_csv *c)
{
    static const struct {
        const char *name;
        enum og_intel_type type;
    } kinds[] = {{"domain", OG_INTEL_DOMAIN},
                 {"url", OG_INTEL_URL},
                 {"md5_hash", OG_INTEL_MD5},
                 {"sha1_hash", OG_INTEL_SHA1},
                 {"sha256_hash", OG_INTEL_SHA256}};
    uint64_t confidence;
    if (c->n < 10)
        return false;
    const char *value = c->field[2], *type = c->field[3];
    r->score = og_parse_u64(c->field[9], 100, &confidence) ? (double)confidence / 100 : 0.5;
    r->reason = c->field[5];
    if (strcmp(type, "ip:port") == 0)
        return og_feed_put_ip(r, value, strlen(value));
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        if (strcmp(type, kinds[k].name) == 0)
            return og_feed_put_text(r, kinds[k].type, value, strlen(value));
    return false;
}

static enum og_rc read_csv(struct og_feed_reader *r, enum og_feed_format f, struct og_err *err)
{
    struct og_csv c;
    bool more;
    size_t ip = 1, port = 2;
    og_csv_open(&c, r->text, r->len, "feed");
    c.comment = '#';
    enum og_rc rc;
    while ((rc = og_csv_next(&c, &more, err)) == OG_OK && more) {
        bool good, header = find(&c, "dst_ip", SIZE_MAX) != SIZE_MAX ||
                            find(&c, "ioc_value", SIZE_MAX) != SIZE_MAX;
        if (header) {
            ip = find(&c, "dst_ip", ip);
            port = find(&c, "dst_port", port);
            continue;
        }
        if (f == OG_FEED_IPREP)
            good = iprep_row(r, &c);
        else if (f == OG_FEED_FEODO)
            good = feodo_row(r, &c, ip, port);
        else
            good = threatfox_row(r, &c);
        r->counts->bad_lines += !good;
    }
    og_csv_release(&c);
    r->reason = NULL;
    return rc;
}

static void drop_line(struct og_feed_reader *r, const json_t *o)
{
    const char *cidr = json_string_value(json_object_get(o, "cidr"));
    const char *type = json_string_value(json_object_get(o, "type"));
    r->reason = json_string_value(json_object_get(o, "sblid"));
    if (type && strcmp(type, "metadata") == 0)
        r->counts->metadata_lines++;
    else if (!cidr || !og_feed_put_ip(r, cidr, strlen(cidr)))
        r->counts->bad_lines++;
}

static void ogpu_line(struct og_feed_reader *r, const json_t *o)
{
    const char *kind = json_string_value(json_object_get(o, "kind"));
    const char *value = json_string_value(json_object_get(o, "value"));
    const json_t *score = json_object_get(o, "score");
    json_int_t expires = json_integer_value(json_object_get(o, "expires"));
    double v = json_is_number(score) ? json_number_value(score) : 0.5;
    r->score = v < 0 ? 0 : v > 1 ? 1 : v;
    r->reason = json_string_value(json_object_get(o, "reason"));
    r->expires = expires > 0 ? (uint64_t)expires : 0;
    bool good = false;
    if (kind && value && r->expires && r->expires <= r->asof) {
        r->counts->expired++;
        good = true;
    } else if (kind && value) {
        enum og_intel_type t = OG_INTEL_TYPES;
        for (unsigned k = OG_INTEL_AS; k < OG_INTEL_TYPES; k++)
            if (strcmp(types[k], kind) == 0)
                t = (enum og_intel_type)k;
        good = t < OG_INTEL_TYPES ? og_feed_put_text(r, t, value, strlen(value))
               : strcmp(kind, "ip") == 0 || strcmp(kind, "cidr") == 0 ||
                       strcmp(kind, "range") == 0 || strcmp(kind, "ip_port") == 0
                   ? og_feed_put_ip(r, value, strlen(value))
                   : false;
    }
    r->counts->bad_lines += !good;
}

static enum og_rc read_json_lines(struct og_feed_reader *r, enum og_feed_format f)
{
    const char *s;
    size_t at = 0, n;
    while (next_line(r, &at, &s, &n)) {
        trim(&s, &n);
        if (n == 0)
            continue;
        json_t *o = json_loadb(s, n, JSON_REJECT_DUPLICATES, NULL);
        if (!json_is_object(o))
            r->counts->bad_lines++;
        else if (f == OG_FEED_OGPU)
            ogpu_line(r, o);
        else
            drop_line(r, o);
        r->reason = NULL;
        json_decref(o);
    }
    return OG_OK;
}

static enum og_rc read_json(struct og_feed_reader *r, enum og_feed_format f, struct og_err *err)
{
    json_error_t je;
    json_t *doc = json_loadb(r->text, r->len, 0, &je);
    if (!json_is_object(doc)) {
        json_decref(doc);
        return og_err_set(err, OG_E_DATA, "no JSON object: %s", doc ? "another value" : je.text);
    }
    enum og_rc rc = f == OG_FEED_MISP       ? og_feed_read_misp(r, doc, err)
                    : f == OG_FEED_CROWDSEC ? og_feed_read_crowdsec(r, doc, err)
                                            : og_feed_read_stix(r, doc, err);
    json_decref(doc);
    return rc;
}

enum og_rc og_feed_parse(enum og_feed_format f, const char *text, size_t len, uint64_t asof,
                         og_feed_sink *sink, void *ctx, struct og_feed_counts *counts,
                         struct og_err *err)
{
    struct og_feed_reader r = {.text = text,
                               .len = len,
                               .asof = asof,
                               .sink = sink,
                               .ctx = ctx,
                               .counts = counts,
                               .score = 1};
    memset(counts, 0, sizeof *counts);
    switch (f) {
    case OG_FEED_PLAIN:
    case OG_FEED_DROP:
    case OG_FEED_NETSET: return read_plain(&r);
    case OG_FEED_DROP_JSON:
    case OG_FEED_OGPU: return read_json_lines(&r, f);
    case OG_FEED_FEODO:
    case OG_FEED_THREATFOX:
    case OG_FEED_IPREP: return read_csv(&r, f, err);
    case OG_FEED_STIX:
    case OG_FEED_TAXII:
    case OG_FEED_MISP:
    case OG_FEED_CROWDSEC: return read_json(&r, f, err);
    case OG_FEED_ZEEK: return read_zeek(&r, err);
    case OG_FEED_FORMATS: break;
    }
    return og_err_set(err, OG_E_USAGE, "no such format");
}

static bool holds(const char *text, size_t len, const char *what)
{
    return memmem(text, len < 4096 ? len : 4096, what, strlen(what)) != NULL;
}

enum og_feed_format og_feed_guess(const char *text, size_t len)
{
    size_t at = 0;
    while (at < len && isspace((unsigned char)text[at]))
        at++;
    if (at < len && text[at] == '{') {
        if (holds(text, len, "\"cidr\""))
            return OG_FEED_DROP_JSON;
        if (holds(text, len, "\"Event\""))
            return OG_FEED_MISP;
        if (holds(text, len, "\"new\"") || holds(text, len, "\"deleted\""))
            return OG_FEED_CROWDSEC;
        if (holds(text, len, "\"bundle\""))
            return OG_FEED_STIX;
        if (holds(text, len, "\"objects\"") || holds(text, len, "\"more\""))
            return OG_FEED_TAXII;
        return OG_FEED_OGPU;
    }
    if (holds(text, len, "#fields\t"))
        return OG_FEED_ZEEK;
    if (holds(text, len, "dst_ip"))
        return OG_FEED_FEODO;
    if (holds(text, len, "ioc_value"))
        return OG_FEED_THREATFOX;
    if (holds(text, len, "Spamhaus"))
        return OG_FEED_DROP;
    if (holds(text, len, "hash:"))
        return OG_FEED_NETSET;
    while (at < len && text[at] == '#') {
        const char *nl = memchr(text + at, '\n', len - at);
        at = nl ? (size_t)(nl - text) + 1 : len;
    }
    const char *nl = at < len ? memchr(text + at, '\n', len - at) : NULL;
    size_t n = nl ? (size_t)(nl - text) - at : len - at;
    return at < len && memchr(text + at, ',', n) ? OG_FEED_IPREP : OG_FEED_PLAIN;
}
