/* cli_opts.c - one option table per tool: parsing with getopt_long. */
#include "cli/cli_opts.h"

#include "base/base_log.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "cli/cli_help.h"
#include "cli/cli_table.h"

#include <assert.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Values for getopt: options of the tool from LONG_BASE, common ones from COMMON_BASE. */
#define LONG_BASE   0x1000
#define COMMON_BASE 0x8000

struct parser {
    const struct og_tool *tool;
    struct option *longs;
    char shorts[160];
};

static void add_option(struct parser *p, size_t *n, const struct og_opt *o, int val)
{
    int has_arg = o->kind == OG_OPT_FLAG ? no_argument : required_argument;
    for (size_t i = 0; i < *n; i++)
        assert(strcmp(p->longs[i].name, o->name) != 0);
    assert(o->kind != OG_OPT_ENUM || o->choices);
    p->longs[(*n)++] = (struct option){.name = o->name, .has_arg = has_arg, .val = val};
    if (!o->letter)
        return;
    size_t len = strlen(p->shorts);
    assert(len + 3 < sizeof p->shorts && !strchr(p->shorts, o->letter));
    p->shorts[len] = o->letter;
    p->shorts[len + 1] = has_arg == required_argument ? ':' : '\0';
    p->shorts[len + 2] = '\0';
}

static void build(struct parser *p, const struct og_tool *tool)
{
    *p = (struct parser){.tool = tool};
    snprintf(p->shorts, sizeof p->shorts, "%s:", tool->mixed ? "" : "+");
    p->longs = og_xcalloc(tool->n_opts + OG_CLI_N_COMMON + 1, sizeof *p->longs);
    size_t n = 0;
    for (size_t i = 0; i < tool->n_opts; i++)
        add_option(p, &n, &tool->opts[i], LONG_BASE + (int)i);
    for (int c = 0; c < OG_CLI_N_COMMON; c++)
        if (og_cli_takes(tool, (enum og_cli_common)c))
            add_option(p, &n, &og_cli_common_opts[c], COMMON_BASE + c);
}

static const struct og_opt *option_of(const struct og_tool *tool, int val)
{
    if (val >= COMMON_BASE)
        return &og_cli_common_opts[val - COMMON_BASE];
    return &tool->opts[val - LONG_BASE];
}

/* A letter back to the value of its long form; 0 when no option has it. */
static int val_of_letter(const struct og_tool *tool, int letter)
{
    for (size_t i = 0; i < tool->n_opts; i++)
        if (tool->opts[i].letter == letter)
            return LONG_BASE + (int)i;
    for (int c = 0; c < OG_CLI_N_COMMON; c++)
        if (og_cli_common_opts[c].letter == letter && og_cli_takes(tool, (enum og_cli_common)c))
            return COMMON_BASE + c;
    return 0;
}

static void format_number(enum og_opt_kind kind, uint64_t v, char *out, size_t cap)
{
    if (kind == OG_OPT_BYTES)
        og_fmt_bytes(v, out, cap);
    else if (kind == OG_OPT_DURATION)
        og_fmt_duration_ms(v, out, cap);
    else if (kind == OG_OPT_AMOUNT)
        og_fmt_amount(v, out, cap);
    else if (kind == OG_OPT_PPM)
        snprintf(out, cap, "%" PRIu64 ".%06" PRIu64, v / OG_PPM, v % OG_PPM);
    else
        snprintf(out, cap, "%" PRIu64, v);
}

static enum og_rc set_number(const struct og_opt *o, const char *s, uint64_t *out,
                             struct og_err *err)
{
    enum og_rc rc = OG_OK;
    uint64_t v = 0;
    if (o->kind == OG_OPT_BYTES)
        rc = og_cli_bytes(s, &v, err);
    else if (o->kind == OG_OPT_DURATION)
        rc = og_cli_duration_ms(s, &v, err);
    else if (o->kind == OG_OPT_PPM)
        rc = og_cli_ppm(s, &v, err);
    else if (o->kind == OG_OPT_AMOUNT)
        rc = og_cli_amount(s, &v, err);
    else if (!og_parse_u64(s, UINT64_MAX, &v))
        rc = og_err_set(err, OG_E_USAGE, "'%.64s' is not a whole number", s);
    if (rc != OG_OK)
        return og_err_wrap(err, rc, "--%s", o->name);
    if (v < o->min || (o->max && v > o->max)) {
        char lo[64];
        char hi[64];
        format_number(o->kind, o->min, lo, sizeof lo);
        format_number(o->kind, o->max, hi, sizeof hi);
        if (o->max)
            return og_err_set(err, OG_E_USAGE, "--%s: '%.64s' is not between %s and %s", o->name, s,
                              lo, hi);
        return og_err_set(err, OG_E_USAGE, "--%s: '%.64s' is less than %s", o->name, s, lo);
    }
    *out = v;
    return OG_OK;
}

static enum og_rc set_choice(const struct og_opt *o, const char *s, int *out, struct og_err *err)
{
    for (int i = 0; o->choices[i]; i++)
        if (strcmp(o->choices[i], s) == 0) {
            *out = i;
            return OG_OK;
        }
    struct og_buf b = OG_BUF_INIT;
    for (size_t i = 0; o->choices[i]; i++)
        og_buf_addf(&b, "%s%s", i ? ", " : "", o->choices[i]);
    enum og_rc rc =
        og_err_set(err, OG_E_USAGE, "--%s: '%.64s' is none of %s", o->name, s, b.p ? b.p : "");
    og_buf_release(&b);
    return rc;
}

static enum og_rc set_value(const struct og_opt *o, const char *s, void *options,
                            struct og_err *err)
{
    void *at = (char *)options + o->at;
    switch (o->kind) {
    case OG_OPT_FLAG: *(bool *)at = true; return OG_OK;
    case OG_OPT_STR: *(const char **)at = s; return OG_OK;
    case OG_OPT_U64:
    case OG_OPT_BYTES:
    case OG_OPT_DURATION:
    case OG_OPT_PPM:
    case OG_OPT_AMOUNT: return set_number(o, s, at, err);
    case OG_OPT_ENUM: return set_choice(o, s, at, err);
    case OG_OPT_LIST: {
        struct og_opt_list *l = at;
        l->v = og_xgrow((void *)l->v, &l->cap, l->n + 1, sizeof *l->v);
        l->v[l->n++] = s;
        return OG_OK;
    }
    }
    return OG_OK;
}

static enum og_rc unknown(const struct parser *p, int c, char **argv, struct og_err *err)
{
    const char *tool = p->tool->name;
    if (optopt >= LONG_BASE && c == ':')
        return og_err_set(err, OG_E_USAGE, "option '--%s' needs an argument",
                          option_of(p->tool, optopt)->name);
    if (optopt >= LONG_BASE)
        return og_err_set(err, OG_E_USAGE, "option '--%s' takes no argument",
                          option_of(p->tool, optopt)->name);
    if (optopt && c == ':')
        return og_err_set(err, OG_E_USAGE, "option '-%c' needs an argument", optopt);
    if (optopt)
        return og_err_set(err, OG_E_USAGE, "unknown option '-%c'; see '%s --help'", optopt, tool);
    return og_err_set(err, OG_E_USAGE, "unknown option '%.64s'; see '%s --help'", argv[optind - 1],
                      tool);
}

static enum og_rc take_common(const struct og_tool *tool, enum og_cli_common c, void *options,
                              bool *done, struct og_err *err)
{
    struct og_opts_common *common = options;
    switch (c) {
    case OG_CLI_STATE: return set_value(&og_cli_common_opts[c], optarg, options, err);
    case OG_CLI_NOW: return set_value(&og_cli_common_opts[c], optarg, options, err);
    case OG_CLI_HUMAN: common->human = true; return OG_OK;
    case OG_CLI_QUIET: common->quiet = true; return OG_OK;
    case OG_CLI_VERBOSE: common->verbose++; return OG_OK;
    case OG_CLI_HELP:
        *done = true;
        og_cli_print_help(tool, stdout);
        return OG_OK;
    case OG_CLI_VERSION:
        *done = true;
        printf("%s %s\n", tool->name, OG_VERSION);
        return OG_OK;
    case OG_CLI_DUMP: *done = true; return og_cli_print_dump(tool, stdout, err);
    case OG_CLI_N_COMMON: break;
    }
    return OG_OK;
}

/* A closed 0, 1 or 2 would be given to the next file opened, and messages would land in it. */
static enum og_rc hold_std_fds(struct og_err *err)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            continue;
        /* the wrong way round on purpose: using a closed stream stays an error */
        if (open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
            return og_err_set(err, OG_E_IO, "cannot open '/dev/null'");
    }
    return OG_OK;
}

static void set_up(const struct og_tool *tool, const struct og_opts_common *c)
{
    enum og_log_level level = c->quiet          ? OG_LOG_ERROR
                              : c->verbose == 0 ? OG_LOG_WARNING
                              : c->verbose == 1 ? OG_LOG_INFO
                                                : OG_LOG_DEBUG;
    og_log_setup(tool->name, level, false);
    if (c->now_ms)
        og_time_set_now(c->now_ms);
}

enum og_rc og_cli_parse(const struct og_tool *tool, int argc, char **argv, void *options,
                        int *first, bool *done, struct og_err *err)
{
    *first = argc;
    *done = false;
    og_log_setup(tool->name, OG_LOG_WARNING, false);
    enum og_rc rc = hold_std_fds(err);
    if (rc != OG_OK)
        return rc;
    struct parser p;
    build(&p, tool);
    opterr = 0;
    optind = 0; /* glibc: start afresh */
    while (rc == OG_OK && !*done) {
        optopt = 0;
        int c = getopt_long(argc, argv, p.shorts, p.longs, NULL);
        if (c == -1)
            break;
        if (c == '?' || c == ':') {
            rc = unknown(&p, c, argv, err);
            break;
        }
        int val = c < LONG_BASE ? val_of_letter(tool, c) : c;
        if (val >= COMMON_BASE)
            rc = take_common(tool, (enum og_cli_common)(val - COMMON_BASE), options, done, err);
        else
            rc = set_value(option_of(tool, val), optarg, options, err);
    }
    free(p.longs);
    *first = optind;
    if (rc == OG_OK && !*done)
        set_up(tool, options);
    return rc;
}

void og_cli_release(const struct og_tool *tool, void *options)
{
    for (size_t i = 0; i < tool->n_opts; i++) {
        if (tool->opts[i].kind != OG_OPT_LIST)
            continue;
        struct og_opt_list *l = (void *)((char *)options + tool->opts[i].at);
        free((void *)l->v);
        *l = (struct og_opt_list){0};
    }
}
