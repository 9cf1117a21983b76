/* cmd_feeds.c - `ogpu-guard feeds`: fetches what is due, keeps the last good copy of each, and puts
 * all of them, merged, in place of the former set at once. */
#include "feeds.h"

#include "base/base_io.h"
#include "base/base_log.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "json/json_get.h"
#include "json/json_line.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define LOOK_MS 1000

struct options {
    struct og_opts_common common;
    const char *config;
    bool watch, force;
};

static const struct og_opt opts[] = {
    {.name = "config",
     .letter = 'c',
     .kind = OG_OPT_STR,
     .at = offsetof(struct options, config),
     .arg = "FILE",
     .complete = "file",
     .help = "the list of feeds (default: feeds.conf beside the folder of keys)"},
    {.name = "force",
     .letter = 'f',
     .kind = OG_OPT_FLAG,
     .at = offsetof(struct options, force),
     .help = "fetch also what is not due yet"},
    {.name = "watch",
     .letter = 'w',
     .kind = OG_OPT_FLAG,
     .at = offsetof(struct options, watch),
     .help = "go on: fetch each feed whenever it is due"},
};

static const struct og_tool tool = {
    .name = "ogpu-guard feeds",
    .summary = "fetch threat feeds and merge them",
    .synopsis = "[OPTIONS]",
    .opts = opts,
    .n_opts = sizeof opts / sizeof *opts,
    .has_now = true,
};

struct keeper {
    const struct options *o;
    struct feed_config config;
    char *dir;   /* of the copies */
    char *intel; /* the merged set */
    int lock;
};

static char *copy_path(const struct keeper *k, const struct feed *f, const char *suffix)
{
    struct og_buf b = OG_BUF_INIT;
    og_buf_addf(&b, "%s/%s.%s", k->dir, f->name, suffix);
    return og_buf_detach(&b);
}

static void take_text(const json_t *o, const char *key, char *out, size_t cap)
{
    const char *s = json_string_value(json_object_get(o, key));
    if (s && strlen(s) < cap)
        memcpy(out, s, strlen(s) + 1);
}

/* A missing or damaged file is that of a feed never fetched. */
static void read_meta(const struct keeper *k, const struct feed *f, struct feed_meta *m)
{
    struct og_buf b = OG_BUF_INIT;
    struct og_err ignored;
    *m = (struct feed_meta){0};
    char *path = copy_path(k, f, "json");
    json_t *o = og_io_read_file(path, 65536, &b, &ignored) == OG_OK
                    ? json_loadb(b.p ? b.p : "", b.len, 0, NULL)
                    : NULL;
    const char *url = json_string_value(json_object_get(o, "url"));
    if (url && strcmp(url, f->url) == 0) {
        take_text(o, "etag", m->etag, sizeof m->etag);
        take_text(o, "modified", m->modified, sizeof m->modified);
        take_text(o, "added_after", m->added_after, sizeof m->added_after);
        m->fetched_s = (uint64_t)json_integer_value(json_object_get(o, "fetched_s"));
    }
    json_decref(o);
    og_buf_release(&b);
    free(path);
}

static enum og_rc write_meta(const struct keeper *k, const struct feed *f,
                             const struct feed_meta *m, struct og_err *err)
{
    json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:I}", "url", f->url, "etag", m->etag, "modified",
                          m->modified, "added_after", m->added_after, "fetched_s",
                          (json_int_t)m->fetched_s);
    if (!o)
        return og_err_set(err, OG_E_DATA, "a header of the answer is not UTF-8");
    char *text = json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS);
    char *path = copy_path(k, f, "json");
    enum og_rc rc = og_io_write_atomic(path, text, strlen(text), 0600, OG_IO_REPLACE, err);
    free(path);
    free(text);
    json_decref(o);
    return rc;
}

static enum og_rc read_copy(const struct keeper *k, const struct feed *f, struct og_buf *out,
                            struct og_err *err)
{
    char *path = copy_path(k, f, "copy");
    enum og_rc rc = og_io_exists(path) ? og_io_read_file(path, CMD_FILE_MAX, out, err) : OG_OK;
    free(path);
    return rc;
}

static uint64_t indicators(const struct og_feed_counts *c)
{
    uint64_t n = 0;
    for (unsigned t = 0; t < OG_INTEL_TYPES; t++)
        n += c->type[t];
    return n;
}

/* A body becomes the last good copy when it can be read and is not mostly nonsense. */
static enum og_rc accept(const struct keeper *k, const struct feed *f, const struct og_buf *body,
                         uint64_t now_s, struct og_err *err)
{
    struct og_feed_counts c;
    OG_TRY(og_feed_parse(feed_kept_format(f), body->p ? body->p : "", body->len, now_s, NULL, NULL,
                         &c, err));
    if (c.bad_lines > indicators(&c))
        return og_err_set(err, OG_E_DATA, "%llu lines of %llu are none of the format '%s'",
                          (unsigned long long)c.bad_lines,
                          (unsigned long long)(c.bad_lines + indicators(&c)),
                          og_feed_name(f->format));
    char *path = copy_path(k, f, "copy");
    enum og_rc rc =
        og_io_write_atomic(path, body->p ? body->p : "", body->len, 0600, OG_IO_REPLACE, err);
    free(path);
    return rc;
}

/* "new", "unchanged", "early" or "kept"; in the last case why says what went wrong. */
static const char *refresh(const struct keeper *k, const struct feed *f, uint64_t now_s,
                           unsigned *pages, struct og_err *why)
{
    struct feed_meta meta;
    struct og_buf old = OG_BUF_INIT, body = OG_BUF_INIT;
    const char *status = "kept";
    bool fresh = false;
    read_meta(k, f, &meta);
    if (!k->o->force && meta.fetched_s && now_s < meta.fetched_s + f->min_poll_s)
        return "early";
    enum og_rc rc = read_copy(k, f, &old, why);
    if (rc == OG_OK && old.len == 0)
        meta = (struct feed_meta){0}; /* no copy: ask for all of it */
    if (rc == OG_OK)
        rc = feed_get(f, &meta, &old, now_s, &body, &fresh, pages, why);
    if (rc == OG_OK && fresh)
        rc = accept(k, f, &body, now_s, why);
    if (rc == OG_OK) {
        meta.fetched_s = now_s;
        rc = write_meta(k, f, &meta, why);
    }
    if (rc == OG_OK)
        status = fresh ? "new" : "unchanged";
    og_buf_release(&old);
    og_buf_release(&body);
    return status;
}

/* Indicators without an end of their own end ttl_s after the fetch. */
struct ending {
    struct og_intel *s;
    uint64_t expires;
};

static void take_ending(void *ctx, const struct og_indicator *i)
{
    const struct ending *e = ctx;
    struct og_indicator with = *i;
    if (e->expires && (with.expires == 0 || with.expires > e->expires))
        with.expires = e->expires;
    og_intel_take(e->s, &with);
}

static enum og_rc add_copy(const struct keeper *k, const struct feed *f, uint64_t now_s,
                           struct og_intel *s, struct og_feed_counts *c, struct og_err *err)
{
    struct og_buf copy = OG_BUF_INIT;
    struct feed_meta meta;
    memset(c, 0, sizeof *c);
    read_meta(k, f, &meta);
    struct ending e = {s, f->ttl_s ? meta.fetched_s + f->ttl_s : 0};
    if (!og_intel_feed(s, f->name, f->weight))
        return og_err_set(err, OG_E_USAGE, "more than %d feeds", OG_INTEL_FEEDS_MAX);
    enum og_rc rc = read_copy(k, f, &copy, err);
    if (rc == OG_OK && copy.len > 0)
        rc = og_feed_parse(feed_kept_format(f), copy.p, copy.len, now_s, take_ending, &e, c, err);
    og_buf_release(&copy);
    return rc;
}

static enum og_rc report(const struct feed *f, const char *status, const struct og_err *why,
                         unsigned pages, const struct og_feed_counts *c, struct og_err *err)
{
    json_t *rec = json_pack("{s:s, s:i, s:s, s:s, s:s, s:o}", "kind", "feed", "v", 1, "name",
                            f->name, "format", og_feed_name(f->format), "status", status, "counts",
                            cmd_counts_json(feed_kept_format(f), c));
    if (why->msg[0]) {
        json_object_set_new(rec, "why", json_string(why->msg));
        og_log(OG_LOG_WARNING, "feed '%s': %s; the last good copy stays", f->name, why->msg);
    }
    if (f->format == OG_FEED_TAXII && strcmp(status, "early") != 0)
        json_object_set_new(rec, "pages", json_integer((json_int_t)pages));
    enum og_rc rc = og_jsonl_write(stdout, rec, err);
    json_decref(rec);
    return rc;
}

static enum og_rc report_set(const struct og_intel *s, const struct og_hash *hash,
                             struct og_err *err)
{
    json_t *rec =
        json_pack("{s:s, s:i, s:I, s:I, s:I, s:o}", "kind", "intel", "v", 1, "feeds",
                  (json_int_t)s->n_feeds, "indicators", (json_int_t)s->taken, "too_wide",
                  (json_int_t)s->too_wide, "sha256", og_json_new_hex(hash->b, OG_HASH_LEN));
    enum og_rc rc = og_jsonl_write(stdout, rec, err);
    json_decref(rec);
    return rc;
}

/* *any: a feed had news, or the set is not there yet. */
static enum og_rc round_of(struct keeper *k, bool quiet, struct og_err *err)
{
    struct og_intel s;
    struct og_hash hash;
    uint64_t now_s = og_time_unix_ms() / 1000;
    size_t n = k->config.n;
    const char **status = og_xcalloc(n, sizeof *status);
    struct og_err *why = og_xcalloc(n, sizeof *why);
    unsigned *pages = og_xcalloc(n, sizeof *pages);
    bool due = !quiet || !og_io_exists(k->intel);
    for (size_t i = 0; i < n; i++) {
        status[i] = refresh(k, &k->config.feed[i], now_s, &pages[i], &why[i]);
        due = due || strcmp(status[i], "early") != 0;
    }
    enum og_rc rc = OG_OK;
    og_intel_init(&s);
    for (size_t i = 0; due && i < k->config.n_allow && rc == OG_OK; i++)
        rc = cmd_allow(&s, k->config.allow[i], err);
    for (size_t i = 0; due && i < n && rc == OG_OK; i++) {
        struct og_feed_counts c;
        rc = add_copy(k, &k->config.feed[i], now_s, &s, &c, err);
        if (rc == OG_OK)
            rc = report(&k->config.feed[i], status[i], &why[i], pages[i], &c, err);
    }
    if (rc == OG_OK && due)
        rc = cmd_intel_write(k->intel, &s, &hash, err);
    if (rc == OG_OK && due)
        rc = report_set(&s, &hash, err);
    og_intel_release(&s);
    free(status);
    free(why);
    free(pages);
    return rc;
}

static enum og_rc watch(struct keeper *k, struct og_err *err)
{
    enum og_rc rc = round_of(k, false, err);
    while (rc == OG_OK && !og_cli_stop) {
        if (fflush(stdout) != 0)
            return og_err_set(err, OG_E_IO, "cannot write to stdout: %s", strerror(errno));
        og_time_sleep_ms(LOOK_MS);
        if (!og_cli_stop)
            rc = round_of(k, true, err);
    }
    return rc;
}

/* One at a time: two would overwrite each other's copies. */
static enum og_rc lock(struct keeper *k, struct og_err *err)
{
    k->lock = open(k->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (k->lock < 0)
        return og_err_set(err, OG_E_IO, "cannot open '%s': %s", k->dir, strerror(errno));
    if (flock(k->lock, LOCK_EX | LOCK_NB) < 0)
        return og_err_set(err, OG_E_TEMPFAIL, "another 'ogpu-guard feeds' is at work in '%s'",
                          k->dir);
    return OG_OK;
}

static char *usual_config(void)
{
    char *keys = og_cli_keys_dir(), *slash = strrchr(keys, '/');
    if (slash)
        *slash = '\0';
    char *path = og_io_join(keys, "feeds.conf");
    free(keys);
    return path;
}

static enum og_rc run(const struct options *o, struct og_err *err)
{
    struct keeper k = {.o = o, .lock = -1};
    char *state = og_cli_state_dir(&o->common);
    char *config = o->config ? og_xstrdup(o->config) : usual_config();
    k.dir = og_io_join(state, "guard/feeds");
    k.intel = cmd_intel_path(&o->common);
    enum og_rc rc = feed_config_read(config, &k.config, err);
    if (rc == OG_OK)
        rc = og_io_mkdirs(k.dir, 0700, err);
    if (rc == OG_OK)
        rc = lock(&k, err);
    if (rc == OG_OK)
        rc = o->watch ? watch(&k, err) : round_of(&k, false, err);
    if (k.lock >= 0)
        close(k.lock);
    feed_config_release(&k.config);
    free(k.dir);
    free(k.intel);
    free(config);
    free(state);
    return rc;
}

int cmd_feeds(int argc, char **argv)
{
    struct options o = {0};
    struct og_err err = {0};
    int first;
    bool done;
    enum og_rc rc = og_cli_parse(&tool, argc, argv, &o, &first, &done, &err);
    if (rc == OG_OK && !done && first < argc)
        rc = og_err_set(&err, OG_E_USAGE, "unexpected operand '%.64s'", argv[first]);
    if (rc == OG_OK && !done && o.watch)
        og_cli_stop_signals();
    if (rc == OG_OK && !done)
        rc = run(&o, &err);
    return og_cli_exit(&tool, rc, &err);
}
