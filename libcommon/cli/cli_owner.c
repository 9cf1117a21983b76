/* cli_owner.c - worker.conf: keys by one table, hours of the week, sections of GPUs. */
#include "cli/cli_owner.h"

#include "base/base_buf.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "cli/cli_opts.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY        (24 * 60)
#define LINE_MAX_  4096
#define MACHINE(m) offsetof(struct og_owner, m)
#define GATE(m)    offsetof(struct og_owner_gate, m)

enum kind { YES_NO, DURATION, SHARE, SIZE, POWER, DEGREES, MONEY, HOURS, LEAVE, HELD, TEXT };

static const struct key {
    const char *name;
    enum kind kind;
    bool gate; /* of the machine or of a GPU */
    size_t at;
} keys[] = {
    {"activity", TEXT, false, MACHINE(activity)},
    {"alone", YES_NO, true, GATE(alone)},
    {"classes", TEXT, false, MACHINE(classes)},
    {"grace", DURATION, false, MACHINE(grace_ms)},
    {"held", DURATION, false, MACHINE(held_ms)},
    {"held-then", HELD, false, MACHINE(held_then)},
    {"hours", HOURS, true, 0},
    {"idle", DURATION, true, GATE(idle_ms)},
    {"leave", LEAVE, false, MACHINE(leave)},
    {"max-power", POWER, true, GATE(power_mw)},
    {"max-temperature", DEGREES, true, GATE(temp_c)},
    {"min-rate", MONEY, false, MACHINE(min_rate)},
    {"output", SIZE, false, MACHINE(output_bytes)},
    {"scratch", SIZE, false, MACHINE(scratch_bytes)},
    {"share", SHARE, true, GATE(share_ppm)},
    {"submitters", TEXT, false, MACHINE(submitters)},
    {"use", YES_NO, true, GATE(use)},
};

static void init_gate(struct og_owner_gate *g)
{
    memset(g, 0xff, sizeof *g); /* OG_OWNER_UNSET */
    g->n_spans = 0;
}

void og_owner_init(struct og_owner *o)
{
    memset(o, 0, sizeof *o);
    init_gate(&o->all);
    o->leave = o->grace_ms = o->held_ms = o->held_then = OG_OWNER_UNSET;
    o->scratch_bytes = o->output_bytes = o->min_rate = OG_OWNER_UNSET;
}

void og_owner_release(struct og_owner *o)
{
    free(o->classes);
    free(o->submitters);
    free(o->activity);
    og_owner_init(o);
}

/* "Mo" or "Monday"; the day's number, or -1. *s moves behind it. */
static int take_day(const char **s)
{
    static const char *const days[] = {"monday", "tuesday",  "wednesday", "thursday",
                                       "friday", "saturday", "sunday"};
    char word[16];
    size_t n = 0;
    while (n + 1 < sizeof word && (((*s)[n] | 32) >= 'a' && ((*s)[n] | 32) <= 'z')) {
        word[n] = (char)((*s)[n] | 32);
        n++;
    }
    word[n] = '\0';
    for (int i = 0; n >= 2 && i < 7; i++)
        if (strncmp(days[i], word, n) == 0 && (n <= 3 || n == strlen(days[i]))) {
            *s += n;
            return i;
        }
    return -1;
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : -1;
}

/* "18:00" or "8:00"; minutes, or -1. */
static int take_time(const char **s)
{
    const char *p = *s;
    int hour = digit(*p), tens, ones;
    if (hour >= 0 && digit(p[1]) >= 0)
        hour = hour * 10 + digit(*++p);
    if (hour < 0 || p[1] != ':' || (tens = digit(p[2])) < 0 || (ones = digit(p[3])) < 0)
        return -1;
    int minutes = hour * 60 + tens * 10 + ones;
    if (tens > 5 || minutes > DAY)
        return -1;
    *s = p + 4;
    return minutes;
}

static bool take_char(const char **s, char c)
{
    bool there = **s == c;
    *s += there;
    return there;
}

static bool add_span(struct og_owner_gate *g, int day, int from, int to)
{
    if (g->n_spans == OG_OWNER_SPANS)
        return false;
    uint32_t start = (uint32_t)(day * DAY + from);
    g->span[g->n_spans++] =
        (struct og_owner_span){start, (uint32_t)(day * DAY + (to > from ? to : to + DAY))};
    return true;
}

/* One of "Mo-Fr 18:00-08:00", "Sa-Su", "22:00-06:00"; s ends at '\0'. */
static bool take_window(const char *s, struct og_owner_gate *g)
{
    int first = 0, last = 6, from = 0, to = DAY;
    int day = take_day(&s);
    if (day >= 0) {
        first = last = day;
        if (take_char(&s, '-') && (last = take_day(&s)) < 0)
            return false;
        if (*s && *s != ' ')
            return false;
        s += strspn(s, " ");
    }
    if (*s || day < 0) {
        from = take_time(&s);
        if (from < 0 || from == DAY || !take_char(&s, '-') || (to = take_time(&s)) < 0 ||
            to == from)
            return false;
    }
    if (*s)
        return false;
    for (int d = first;; d = (d + 1) % 7) {
        if (!add_span(g, d, from, to))
            return false;
        if (d == last)
            return true;
    }
}

static enum og_rc set_hours(struct og_owner_gate *g, const char *value, struct og_err *err)
{
    g->n_spans = 0;
    for (const char *s = value;; s++) {
        char part[64];
        s += strspn(s, " ");
        size_t n = strcspn(s, ",");
        size_t len = n;
        while (len && s[len - 1] == ' ')
            len--;
        if (!len || len >= sizeof part)
            break;
        memcpy(part, s, len);
        part[len] = '\0';
        if (!take_window(part, g))
            break;
        s += n;
        if (!*s)
            return OG_OK;
    }
    g->n_spans = 0;
    return og_err_set(err, OG_E_USAGE,
                      "'hours' must be like 'Mo-Fr 18:00-08:00, Sa-Su', not '%.64s'", value);
}

static enum og_rc set_choice(const char *key, const char *value, const char *const names[2],
                             uint64_t *out, struct og_err *err)
{
    for (uint64_t i = 0; i < 2; i++)
        if (strcmp(value, names[i]) == 0) {
            *out = i;
            return OG_OK;
        }
    return og_err_set(err, OG_E_USAGE, "'%s' must be %s or %s, not '%.64s'", key, names[0],
                      names[1], value);
}

/* A whole number with a unit that may be left out: 250, 250W; 80, 80C. */
static enum og_rc set_whole(const char *key, const char *value, char unit, uint64_t most,
                            uint64_t mult, uint64_t *out, struct og_err *err)
{
    size_t n = strspn(value, "0123456789");
    uint64_t v;
    if (!n || (value[n] && (value[n] != unit || value[n + 1])) ||
        !og_parse_u64n(value, n, most, &v))
        return og_err_set(err, OG_E_USAGE, "'%s' must be a whole number up to %llu%c, not '%.64s'",
                          key, (unsigned long long)most, unit, value);
    *out = v * mult;
    return OG_OK;
}

static enum og_rc set_share(const char *value, uint64_t *out, struct og_err *err)
{
    uint64_t v;
    OG_TRY(og_cli_ppm(value, &v, err));
    if (v == 0 || v > OG_PPM)
        return og_err_set(err, OG_E_USAGE, "'share' must be above 0 and at most 100%%");
    *out = v;
    return OG_OK;
}

static enum og_rc set_value(const struct key *k, void *base, const char *value, struct og_err *err)
{
    static const char *const no_yes[] = {"no", "yes"};
    static const char *const leaves[] = {"finish", "give-back"};
    static const char *const helds[] = {"warn", "give-back"};
    uint64_t *at = (uint64_t *)(void *)((char *)base + k->at);
    char **text = (char **)(void *)((char *)base + k->at);
    switch (k->kind) {
    case YES_NO: return set_choice(k->name, value, no_yes, at, err);
    case LEAVE: return set_choice(k->name, value, leaves, at, err);
    case HELD: return set_choice(k->name, value, helds, at, err);
    case DURATION: return og_cli_duration_ms(value, at, err);
    case SIZE: return og_cli_bytes(value, at, err);
    case MONEY: return og_cli_amount(value, at, err);
    case SHARE: return set_share(value, at, err);
    case POWER: return set_whole(k->name, value, 'W', 100000, 1000, at, err);
    case DEGREES: return set_whole(k->name, value, 'C', 1000, 1, at, err);
    case HOURS: return set_hours(base, value, err);
    case TEXT:
        free(*text);
        *text = og_xstrdup(value);
        return OG_OK;
    }
    return og_err_set(err, OG_E_INTERNAL, "unknown kind of key");
}

static enum og_rc set_key(struct og_owner *o, struct og_owner_gpu *gpu, const char *key,
                          const char *value, struct og_err *err)
{
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const struct key *k = &keys[i];
        if (strcmp(k->name, key) != 0)
            continue;
        if (gpu && !k->gate)
            return og_err_set(err, OG_E_USAGE, "'%s' is for the machine; it stands before [gpu %s]",
                              key, gpu->id);
        struct og_owner_gate *gate = gpu ? &gpu->gate : &o->all;
        struct og_err why = {0};
        enum og_rc rc = set_value(k, k->gate ? (void *)gate : (void *)o, value, &why);
        if (rc == OG_OK)
            return OG_OK;
        bool named = why.msg[0] == '\'' && strncmp(why.msg + 1, key, strlen(key)) == 0;
        return og_err_set(err, rc, "%s%s%s%s", named ? "" : "'", named ? "" : key,
                          named ? "" : "': ", why.msg);
    }
    return og_err_set(err, OG_E_USAGE, "there is no '%.64s'", key);
}

enum og_rc og_owner_set(struct og_owner *o, const char *key, const char *value, struct og_err *err)
{
    return set_key(o, NULL, key, value, err);
}

static struct og_owner_gpu *section(struct og_owner *o, const char *id)
{
    for (size_t i = 0; i < o->n_gpus; i++)
        if (strcmp(o->gpu[i].id, id) == 0)
            return &o->gpu[i];
    if (o->n_gpus == OG_OWNER_GPUS)
        return NULL;
    struct og_owner_gpu *g = &o->gpu[o->n_gpus++];
    memset(g, 0, sizeof *g);
    memcpy(g->id, id, strlen(id) + 1);
    init_gate(&g->gate);
    return g;
}

/* "[gpu 0]" */
static enum og_rc read_section(struct og_owner *o, char *line, struct og_owner_gpu **gpu,
                               struct og_err *err)
{
    size_t n = strlen(line);
    char *id = line + 5;
    if (n < 7 || strncmp(line, "[gpu ", 5) != 0 || line[n - 1] != ']')
        return og_err_set(err, OG_E_CONFIG, "a section is '[gpu N]' or '[gpu UUID]'");
    line[n - 1] = '\0';
    if (strlen(id) >= sizeof(*gpu)->id || id[strspn(id, "0123456789abcdefABCDEFGPUMIG-")])
        return og_err_set(err, OG_E_CONFIG, "'%.80s' is neither a GPU's number nor a UUID", id);
    *gpu = section(o, id);
    return *gpu ? OG_OK
                : og_err_set(err, OG_E_CONFIG, "more than %d sections of GPUs", OG_OWNER_GPUS);
}

static char *trim(char *s)
{
    s += strspn(s, " \t");
    size_t n = strlen(s);
    while (n && strchr(" \t\r", s[n - 1]))
        s[--n] = '\0';
    return s;
}

static enum og_rc read_line(struct og_owner *o, char *line, struct og_owner_gpu **gpu,
                            struct og_err *err)
{
    line[strcspn(line, "#")] = '\0';
    line = trim(line);
    if (!*line)
        return OG_OK;
    if (*line == '[')
        return read_section(o, line, gpu, err);
    char *eq = strchr(line, '=');
    if (!eq)
        return og_err_set(err, OG_E_CONFIG, "neither 'KEY = VALUE' nor '[gpu N]'");
    *eq = '\0';
    char *key = trim(line), *value = trim(eq + 1);
    if (!*value)
        return og_err_set(err, OG_E_CONFIG, "'%.64s' has no value", key);
    return set_key(o, *gpu, key, value, err);
}

enum og_rc og_owner_parse(struct og_owner *o, const char *name, const char *text, size_t n,
                          struct og_err *err)
{
    struct og_owner_gpu *gpu = NULL;
    if (n > OG_OWNER_FILE_MAX)
        return og_err_set(err, OG_E_CONFIG, "%s: longer than %zu bytes", name, OG_OWNER_FILE_MAX);
    unsigned number = 0;
    for (size_t at = 0; at < n;) {
        char line[LINE_MAX_];
        const char *nl = memchr(text + at, '\n', n - at);
        size_t len = nl ? (size_t)(nl - text) - at : n - at;
        number++;
        if (len >= sizeof line || memchr(text + at, '\0', len))
            return og_err_set(err, OG_E_CONFIG, "%s:%u: %s", name, number,
                              len >= sizeof line ? "the line is too long" : "a NUL byte");
        memcpy(line, text + at, len);
        line[len] = '\0';
        at += len + 1;
        struct og_err why = {0};
        if (read_line(o, line, &gpu, &why) != OG_OK)
            return og_err_set(err, OG_E_CONFIG, "%s:%u: %s", name, number, why.msg);
    }
    return OG_OK;
}

void og_owner_gpu_gate(const struct og_owner *o, uint64_t index, const char *uuid,
                       struct og_owner_gate *out)
{
    *out = o->all;
    for (size_t i = 0; i < o->n_gpus; i++) {
        const struct og_owner_gpu *g = &o->gpu[i];
        uint64_t n;
        bool is = og_parse_u64(g->id, OG_OWNER_UNSET, &n) ? n == index
                                                          : *uuid && strcmp(g->id, uuid) == 0;
        if (!is)
            continue;
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
            if (!keys[k].gate || keys[k].kind == HOURS)
                continue;
            uint64_t v;
            memcpy(&v, (const char *)&g->gate + keys[k].at, sizeof v);
            if (v != OG_OWNER_UNSET)
                memcpy((char *)out + keys[k].at, &v, sizeof v);
        }
        if (g->gate.n_spans) {
            memcpy(out->span, g->gate.span, sizeof out->span);
            out->n_spans = g->gate.n_spans;
        }
    }
}

bool og_owner_hours(const struct og_owner_gate *g, uint32_t minute)
{
    for (size_t i = 0; i < g->n_spans; i++) {
        const struct og_owner_span *s = &g->span[i];
        if ((minute >= s->from && minute < s->to) || minute + OG_WEEK_MINUTES < s->to)
            return true;
    }
    return g->n_spans == 0;
}

uint32_t og_owner_minute(uint64_t unix_ms)
{
    time_t t = (time_t)(unix_ms / 1000);
    struct tm tm = {0};
    if (!localtime_r(&t, &tm))
        return 0;
    return (uint32_t)((tm.tm_wday + 6) % 7 * DAY + tm.tm_hour * 60 + tm.tm_min);
}

bool og_owner_lists(const char *list, const char *word)
{
    size_t want = strlen(word);
    for (const char *s = list; s && *s;) {
        s += strspn(s, ", \t");
        size_t n = strcspn(s, ", \t");
        if (n == want && memcmp(s, word, n) == 0)
            return true;
        s += n;
    }
    return false;
}
