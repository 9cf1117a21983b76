/* cli_opts.h - one option table per tool: parsing, --help, --dump-options, completions. */
#ifndef OG_CLI_OPTS_H
#define OG_CLI_OPTS_H

#include "base/base_err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum og_opt_kind {
    OG_OPT_FLAG,     /* bool */
    OG_OPT_STR,      /* const char *, NULL when absent */
    OG_OPT_U64,      /* uint64_t within [min, max] */
    OG_OPT_BYTES,    /* uint64_t bytes: 8GiB, 512k, 4096 */
    OG_OPT_DURATION, /* uint64_t ms: 250ms, 5s, 10m, 2h, 3d; a bare number is seconds */
    OG_OPT_PPM,      /* uint64_t ppm: 0.25, 25%, 1 */
    OG_OPT_AMOUNT,   /* uint64_t grains: 1.5 (OGPU), 1500000000gr */
    OG_OPT_ENUM,     /* int, index into choices */
    OG_OPT_LIST      /* struct og_opt_list: every occurrence, in order */
};

struct og_opt_list {
    const char **v;
    size_t n, cap;
};

struct og_opt {
    const char *name; /* long form without dashes */
    char letter;      /* short form or 0 */
    enum og_opt_kind kind;
    size_t at;                  /* offsetof(struct options of the tool, member) */
    const char *arg;            /* name of the argument in help: "FILE", "N"; NULL for flags */
    const char *help;           /* one line */
    uint64_t min, max;          /* numbers; max 0: no bound */
    const char *const *choices; /* OG_OPT_ENUM: NULL-terminated */
    const char *complete;       /* "file", "dir" or NULL: what shells complete the argument with */
};

/* First member of every tool's options struct. */
struct og_opts_common {
    const char *state; /* -s DIR */
    bool human;        /* -H */
    bool quiet;        /* -q */
    uint64_t verbose;  /* -v, counted */
    uint64_t now_ms;   /* --now; 0: the clock */
};

struct og_tool {
    const char *name;     /* "ogpu-match" */
    const char *summary;  /* one line, no full stop */
    const char *synopsis; /* "[OPTIONS] [-- PROGRAM [ARG ...]]" */
    const struct og_opt *opts;
    size_t n_opts;
    bool has_human, has_now; /* which common options this tool takes besides -s -h -V -v -q */
    bool mixed;              /* options may follow operands: "show 3 --proof" */
    /* NULL, or the NULL-terminated words the first operand may be ("init", "run"): completed, and
     * each must answer "TOOL WORD --dump-options" with its own table. */
    const char *const *commands;
};

/* Fills *options (zeroed by the caller but for defaults) from argv; options end at "--" or the
 * first operand; where the tool is mixed, at "--" alone, and the operands move to the end of argv.
 * *first = index of the first operand. Returns OG_OK to go on; prints help, version
 * or the dump itself and sets *done. Errors are OG_E_USAGE with one sentence. Also sets up og_log,
 * --now. */
enum og_rc og_cli_parse(const struct og_tool *tool, int argc, char **argv, void *options,
                        int *first, bool *done, struct og_err *err) OG_MUST_CHECK;
/* Frees lists. */
void og_cli_release(const struct og_tool *tool, void *options);

/* The only way from a code to an exit status: prints "tool: sentence" for errors (nothing for OG_OK
 * and OG_NO without a sentence), closes stdout with its check, returns the status for main(). */
int og_cli_exit(const struct og_tool *tool, enum og_rc rc, const struct og_err *err);

/* The parsers, for record members and tests. All: to the last byte, OG_E_USAGE with a sentence. */
enum og_rc og_cli_bytes(const char *s, uint64_t *out, struct og_err *err) OG_MUST_CHECK;
enum og_rc og_cli_duration_ms(const char *s, uint64_t *out, struct og_err *err) OG_MUST_CHECK;
enum og_rc og_cli_ppm(const char *s, uint64_t *out, struct og_err *err) OG_MUST_CHECK;
enum og_rc og_cli_amount(const char *s, uint64_t *out, struct og_err *err) OG_MUST_CHECK;

/* SIGPIPE back to its default (pipe tools). */
void og_cli_pipe_signals(void);
/* SIGINT and SIGTERM set the flag once, a second one has its default effect; SIGPIPE ignored. */
#include <signal.h>
extern volatile sig_atomic_t og_cli_stop;
void og_cli_stop_signals(void);

/* State folder by precedence: -s, $OGPU_HOME, $XDG_STATE_HOME/ogpu, ~/.local/state/ogpu. Caller
 * frees. */
char *og_cli_state_dir(const struct og_opts_common *c);
/* $XDG_CONFIG_HOME/ogpu/keys, else ~/.config/ogpu/keys; with $OGPU_KEYS it is that. Caller frees.
 */
char *og_cli_keys_dir(void);
/* $XDG_CONFIG_HOME/ogpu/NAME, else ~/.config/ogpu/NAME. Caller frees. */
char *og_cli_config_file(const char *name);

#endif
