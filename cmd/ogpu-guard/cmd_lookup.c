/* cmd_lookup.c - `ogpu-guard lookup`: is this address, name, hash or node known to the feeds? */
#include "cmd.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "guard/guard_intel.h"
#include "json/json_line.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct options {
    struct og_opts_common common;
    const char *intel;
};

static const struct og_opt opts[] = {
    {.name = "intel",
     .letter = 'i',
     .kind = OG_OPT_STR,
     .at = offsetof(struct options, intel),
     .arg = "FILE",
     .complete = "file",
     .help = "the set of indicators (default: guard/intel of the state)"},
};

static const struct og_tool tool = {
    .name = "ogpu-guard lookup",
    .summary = "look values up in the feeds",
    .synopsis = "[OPTIONS] [VALUE ... | < VALUES]",
    .opts = opts,
    .n_opts = sizeof opts / sizeof *opts,
    .has_now = true,
};

char *cmd_intel_path(const struct og_opts_common *c)
{
    char *state = og_cli_state_dir(c);
    char *path = og_io_join(state, "guard/intel");
    free(state);
    return path;
}

enum og_rc cmd_intel_read(const char *path, struct og_intel *out, struct og_err *err)
{
    struct og_buf b = OG_BUF_INIT;
    *out = (struct og_intel){0};
    enum og_rc rc = og_io_read_file(path, CMD_FILE_MAX, &b, err);
    if (rc == OG_OK) {
        rc = og_intel_decode(b.p, b.len, out, err);
        rc = rc == OG_OK ? rc : og_err_wrap(err, rc, "'%s'", path);
    }
    og_buf_release(&b);
    return rc;
}

static bool ask_text(const struct og_intel *s, const char *v, uint64_t now,
                     struct og_intel_hit *hit)
{
    char lower[OG_INTEL_TEXT_MAX];
    size_t n = strlen(v);
    if (n == 0 || n >= sizeof lower)
        return false;
    for (size_t i = 0; i <= n; i++)
        lower[i] = (char)tolower((unsigned char)v[i]);
    for (unsigned t = OG_INTEL_AS; t < OG_INTEL_TYPES; t++) {
        bool as_is = t == OG_INTEL_URL || t == OG_INTEL_WALLET;
        const char *text = as_is ? v : lower;
        size_t skip = t == OG_INTEL_AS && strncmp(lower, "as", 2) == 0 ? 2 : 0;
        if (og_intel_match_text(s, (enum og_intel_type)t, text + skip, n - skip, now, hit))
            return true;
    }
    return false;
}

/* ADDRESS, ADDRESS:PORT, [ADDRESS]:PORT, or a text. */
static bool ask(const struct og_intel *s, const char *v, uint64_t now, struct og_intel_hit *hit)
{
    struct og_ip a;
    uint64_t port = 0;
    size_t n = strlen(v);
    const char *colon = strrchr(v, ':');
    if (og_ip_parse(v, n, &a))
        return og_intel_match_ip(s, a, 0, now, hit);
    if (colon && og_parse_u64(colon + 1, 65535, &port)) {
        bool bracket = v[0] == '[' && colon > v && colon[-1] == ']';
        if (og_ip_parse(v + bracket, (size_t)(colon - v) - 2 * bracket, &a))
            return og_intel_match_ip(s, a, (uint16_t)port, now, hit);
    }
    return ask_text(s, v, now, hit);
}

static enum og_rc answer(const struct og_intel *s, const char *v, uint64_t now, bool *any,
                         struct og_err *err)
{
    struct og_intel_hit hit;
    if (!ask(s, v, now, &hit))
        return OG_OK;
    *any = true;
    json_t *rec =
        json_pack("{s:s, s:i, s:s, s:s, s:s, s:f}", "kind", "hit", "v", 1, "value", v, "feed",
                  hit.feed, "type", og_intel_type_name(hit.type), "score", hit.score);
    if (!rec)
        return og_err_set(err, OG_E_DATA, "a value is not UTF-8");
    if (hit.expires)
        json_object_set_new(rec, "expires", json_integer((json_int_t)hit.expires));
    enum og_rc rc = og_jsonl_write(stdout, rec, err);
    json_decref(rec);
    return rc;
}

static enum og_rc answer_lines(const struct og_intel *s, uint64_t now, bool *any,
                               struct og_err *err)
{
    struct og_jsonl_in in;
    const char *line;
    size_t n;
    og_jsonl_open(&in, STDIN_FILENO, "stdin");
    enum og_rc rc = OG_OK;
    while (rc == OG_OK) {
        rc = og_jsonl_next_raw(&in, &line, &n, err);
        if (rc != OG_OK || !line)
            break;
        char *v = og_xstrndup(line, n);
        v[strcspn(v, "\r \t")] = '\0';
        rc = answer(s, v, now, any, err);
        free(v);
    }
    og_jsonl_release(&in);
    return rc;
}

static enum og_rc run(const struct options *o, char **value, int n, struct og_err *err)
{
    struct og_intel s;
    bool any = false;
    uint64_t now = og_time_unix_ms() / 1000;
    char *path = o->intel ? og_xstrdup(o->intel) : cmd_intel_path(&o->common);
    enum og_rc rc = cmd_intel_read(path, &s, err);
    free(path);
    for (int i = 0; i < n && rc == OG_OK; i++)
        rc = answer(&s, value[i], now, &any, err);
    if (rc == OG_OK && n == 0)
        rc = answer_lines(&s, now, &any, err);
    og_intel_release(&s);
    return rc == OG_OK && !any ? OG_NO : rc;
}

int cmd_lookup(int argc, char **argv)
{
    struct options o = {0};
    struct og_err err = {0};
    int first;
    bool done;
    enum og_rc rc = og_cli_parse(&tool, argc, argv, &o, &first, &done, &err);
    if (rc == OG_OK && !done)
        rc = run(&o, argv + first, argc - first, &err);
    return og_cli_exit(&tool, rc, &err);
}
