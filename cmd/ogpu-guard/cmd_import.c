/* cmd_import.c - `ogpu-guard import`: feeds read from files, counted, and merged into one set. */
#include "cmd.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "guard/guard_intel.h"
#include "json/json_line.h"

#include <stdlib.h>
#include <string.h>

struct options {
    struct og_opts_common common;
    const char *format, *asof, *out;
    struct og_opt_list allow;
    uint64_t weight;
};

#define AT(m) offsetof(struct options, m)
static const struct og_opt opts[] = {
    {.name = "format",
     .letter = 'f',
     .kind = OG_OPT_STR,
     .at = AT(format),
     .arg = "NAME",
     .help = "plain, drop, drop-json, netset, feodo, threatfox, stix, taxii, misp, crowdsec, zeek, "
             "iprep, ogpu (default: guessed)"},
    {.name = "asof",
     .kind = OG_OPT_STR,
     .at = AT(asof),
     .arg = "TIME",
     .help = "judge expiry at this time, 2026-11-22T19:00:00Z or Unix seconds (default: now)"},
    {.name = "out",
     .letter = 'o',
     .kind = OG_OPT_STR,
     .at = AT(out),
     .arg = "FILE",
     .complete = "file",
     .help = "write the set of all files' indicators"},
    {.name = "allow",
     .kind = OG_OPT_LIST,
     .at = AT(allow),
     .arg = "PREFIX",
     .help = "never match these addresses; may be repeated"},
    {.name = "weight",
     .letter = 'w',
     .kind = OG_OPT_PPM,
     .at = AT(weight),
     .arg = "RATE",
     .min = 0,
     .max = OG_PPM,
     .help = "what the files' word counts (default 1)"},
};

static const struct og_tool tool = {
    .name = "ogpu-guard import",
    .summary = "read threat feeds from files",
    .synopsis = "[OPTIONS] FILE ...",
    .opts = opts,
    .n_opts = sizeof opts / sizeof *opts,
    .has_now = true,
};

/* STIX, TAXII and MISP tell IPv4 from IPv6, as their types do. */
static bool by_version(enum og_feed_format f)
{
    return f == OG_FEED_STIX || f == OG_FEED_TAXII || f == OG_FEED_MISP;
}

static void count(json_t *o, const char *name, uint64_t n)
{
    if (n)
        json_object_set_new(o, name, json_integer((json_int_t)n));
}

json_t *cmd_counts_json(enum og_feed_format f, const struct og_feed_counts *c)
{
    json_t *o = json_object(), *types = f == OG_FEED_CROWDSEC ? json_object() : json_incref(o);
    for (unsigned t = 0; t < OG_INTEL_TYPES; t++) {
        bool split = by_version(f) && t <= OG_INTEL_CIDR;
        if (split) {
            count(types, t == OG_INTEL_IP ? "ipv4" : "ipv4_cidr", c->type[t] - c->v6[t]);
            count(types, t == OG_INTEL_IP ? "ipv6" : "ipv6_cidr", c->v6[t]);
        } else {
            count(types, og_intel_type_name((enum og_intel_type)t), c->type[t]);
        }
    }
    count(o, "bad_lines", c->bad_lines);
    count(o, "metadata_lines", c->metadata_lines);
    count(o, "revoked", c->revoked);
    count(o, "expired", c->expired);
    count(o, "unsupported_pattern_type", c->unsupported_pattern_type);
    count(o, "skipped_to_ids_false", c->skipped_to_ids_false);
    count(o, "skipped", c->skipped);
    count(o, "deleted", c->deleted);
    if (f == OG_FEED_CROWDSEC)
        json_object_set_new(o, "new", types);
    else
        json_decref(types);
    return o;
}

enum og_rc cmd_intel_write(const char *path, struct og_intel *s, struct og_hash *hash,
                           struct og_err *err)
{
    struct og_buf b = OG_BUF_INIT;
    og_intel_build(s);
    og_intel_encode(s, &b);
    *hash = og_sha256(b.p, b.len);
    enum og_rc rc = og_io_write_atomic(path, b.p, b.len, 0644, OG_IO_REPLACE, err);
    og_buf_release(&b);
    return rc;
}

enum og_rc cmd_allow(struct og_intel *s, const char *prefix, struct og_err *err)
{
    struct og_ip a;
    unsigned plen;
    bool has;
    if (!og_ip_parse_net(prefix, strlen(prefix), &a, &plen, &has))
        return og_err_set(err, OG_E_USAGE, "'%.64s' is not an address or prefix", prefix);
    og_intel_allow(s, a, plen);
    return OG_OK;
}

static enum og_rc time_of(const struct options *o, uint64_t *asof, struct og_err *err)
{
    *asof = og_time_unix_ms() / 1000;
    if (!o->asof || og_feed_time(o->asof, asof) || og_parse_u64(o->asof, UINT64_MAX, asof))
        return OG_OK;
    return og_err_set(err, OG_E_USAGE, "--asof: '%.40s' is not a time such as 2026-11-22T19:00:00Z",
                      o->asof);
}

static enum og_rc one(const struct options *o, const char *path, uint64_t asof, struct og_intel *s,
                      struct og_err *err)
{
    struct og_buf text = OG_BUF_INIT;
    struct og_feed_counts counts;
    enum og_feed_format f = OG_FEED_PLAIN;
    const char *name = strcmp(path, "-") ? path : "stdin", *slash = strrchr(name, '/');
    enum og_rc rc = cmd_read(path, &text, err);
    if (rc == OG_OK && o->format && !og_feed_by_name(o->format, &f))
        rc = og_err_set(err, OG_E_USAGE, "--format: there is no format '%.40s'", o->format);
    if (rc == OG_OK && !o->format)
        f = og_feed_guess(text.p ? text.p : "", text.len);
    if (rc == OG_OK && !og_intel_feed(s, slash ? slash + 1 : name, (double)o->weight / OG_PPM))
        rc = og_err_set(err, OG_E_USAGE, "more than %d files", OG_INTEL_FEEDS_MAX);
    if (rc == OG_OK) {
        rc = og_feed_parse(f, text.p ? text.p : "", text.len, asof, o->out ? og_intel_take : NULL,
                           s, &counts, err);
        rc = rc == OG_OK ? rc : og_err_wrap(err, rc, "%s: %s", name, og_feed_name(f));
    }
    og_buf_release(&text);
    if (rc != OG_OK)
        return rc;
    json_t *rec = json_pack("{s:s, s:i, s:s, s:s, s:o}", "kind", "feed", "v", 1, "file", name,
                            "format", og_feed_name(f), "counts", cmd_counts_json(f, &counts));
    rc = og_jsonl_write(stdout, rec, err);
    json_decref(rec);
    return rc;
}

static enum og_rc run(const struct options *o, char **file, int n, struct og_err *err)
{
    struct og_intel s;
    struct og_hash hash;
    uint64_t asof;
    if (n == 0)
        return og_err_set(err, OG_E_USAGE, "a file is needed");
    OG_TRY(time_of(o, &asof, err));
    og_intel_init(&s);
    enum og_rc rc = OG_OK;
    for (size_t i = 0; i < o->allow.n && rc == OG_OK; i++)
        rc = cmd_allow(&s, o->allow.v[i], err);
    for (int i = 0; i < n && rc == OG_OK; i++)
        rc = one(o, file[i], asof, &s, err);
    if (rc == OG_OK && o->out)
        rc = cmd_intel_write(o->out, &s, &hash, err);
    og_intel_release(&s);
    return rc;
}

int cmd_import(int argc, char **argv)
{
    struct options o = {.weight = OG_PPM};
    struct og_err err = {0};
    int first;
    bool done;
    enum og_rc rc = og_cli_parse(&tool, argc, argv, &o, &first, &done, &err);
    if (rc == OG_OK && !done)
        rc = run(&o, argv + first, argc - first, &err);
    og_cli_release(&tool, &o);
    return og_cli_exit(&tool, rc, &err);
}
