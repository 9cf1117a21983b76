/* test_opts.c - the option table: every kind, every mistake, help, dump, statuses, folders. */
#include "cli/cli_opts.h"

#include "base/base_io.h"
#include "base/base_log.h"
#include "base/base_time.h"

#include <fcntl.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct options {
    struct og_opts_common common;
    bool wait;
    const char *name;
    uint64_t slots, mem, limit, share, price;
    int how;
    struct og_opt_list in;
};

#define AT(m) .at = offsetof(struct options, m)
static const char *const hows[] = {"none", "bwrap", NULL};
static const struct og_opt table[] = {
    {.name = "wait", .letter = 'w', .kind = OG_OPT_FLAG, AT(wait), .help = "wait"},
    {.name = "name", .kind = OG_OPT_STR, AT(name), .arg = "NAME", .help = "name"},
    {.name = "slots",
     .letter = 'n',
     .kind = OG_OPT_U64,
     AT(slots),
     .arg = "N",
     .help = "slots",
     .min = 1,
     .max = 64},
    {.name = "mem", .kind = OG_OPT_BYTES, AT(mem), .arg = "SIZE", .help = "memory", .min = 4096},
    {.name = "limit", .kind = OG_OPT_DURATION, AT(limit), .arg = "TIME", .help = "limit"},
    {.name = "share", .kind = OG_OPT_PPM, AT(share), .arg = "R", .help = "share", .max = 1000000},
    {.name = "price", .kind = OG_OPT_AMOUNT, AT(price), .arg = "OGPU", .help = "price"},
    {.name = "sandbox", .kind = OG_OPT_ENUM, AT(how), .arg = "HOW", .help = "how", .choices = hows},
    {.name = "in",
     .letter = 'i',
     .kind = OG_OPT_LIST,
     AT(in),
     .arg = "FILE",
     .help = "input",
     .complete = "file"},
};
static const char *const words[] = {"run", "show", NULL};
static const struct og_tool tool = {.name = "ogpu-t",
                                    .summary = "a tool",
                                    .synopsis = "[OPTIONS]",
                                    .opts = table,
                                    .n_opts = sizeof table / sizeof *table,
                                    .has_human = true,
                                    .has_now = true,
                                    .commands = words};
static const struct og_tool bare = {.name = "ogpu-b", .summary = "b", .synopsis = "", .opts = NULL};

static struct options o;
static struct og_err err;
static int first;
static bool done;

static enum og_rc parse(const struct og_tool *t, ...)
{
    static char *argv[32];
    int argc = 0;
    argv[argc++] = (char *)(uintptr_t)t->name;
    va_list ap;
    va_start(ap, t);
    for (const char *a; (a = va_arg(ap, const char *));)
        argv[argc++] = (char *)(uintptr_t)a;
    va_end(ap);
    argv[argc] = NULL;
    memset(&o, 0, sizeof o);
    memset(&err, 0, sizeof err);
    return og_cli_parse(t, argc, argv, &o, &first, &done, &err);
}

static void test_kinds(void **state)
{
    (void)state;
    assert_int_equal(parse(&tool, "-wn", "3", "--name=x=y", "--mem", "8GiB", "--limit", "10m",
                           "--share", "25%", "--price", "1.5", "--sandbox", "bwrap", "-i", "a",
                           "--in", "b", "-ic", "-s", "/st", "-H", "prog", "-w", "--name", NULL),
                     OG_OK);
    assert_false(done);
    assert_true(o.wait && o.common.human);
    assert_string_equal(o.name, "x=y");
    assert_int_equal(o.slots, 3);
    assert_true(o.mem == 8589934592u);
    assert_int_equal(o.limit, 600000);
    assert_int_equal(o.share, 250000);
    assert_int_equal(o.price, 1500000000);
    assert_int_equal(o.how, 1);
    assert_int_equal(o.in.n, 3);
    assert_string_equal(o.in.v[0], "a");
    assert_string_equal(o.in.v[2], "c");
    assert_string_equal(o.common.state, "/st");
    assert_int_equal(first, 22); /* options end at the first operand */
    og_cli_release(&tool, &o);
    assert_null(o.in.v);
    assert_int_equal(parse(&tool, "-w", "--", "-n", NULL), OG_OK);
    assert_int_equal(first, 3);
    assert_int_equal(parse(&tool, NULL), OG_OK);
    assert_int_equal(first, 1);
    assert_int_equal(parse(&bare, "-q", NULL), OG_OK);
}

static void test_mixed(void **state)
{
    (void)state;
    struct og_tool t = tool;
    t.mixed = true;
    assert_int_equal(parse(&t, "one", "-w", "two", "--name", "n", "--", "-H", NULL), OG_OK);
    assert_true(o.wait && !o.common.human);
    assert_string_equal(o.name, "n");
    assert_int_equal(first, 5); /* "one", "two" and "-H" are at the end now */
}

static void assert_usage(enum og_rc rc, const char *sentence)
{
    assert_int_equal(rc, OG_E_USAGE);
    assert_string_equal(err.msg, sentence);
    og_cli_release(&tool, &o);
}

static void test_mistakes(void **state)
{
    (void)state;
    assert_usage(parse(&tool, "--foo", NULL), "unknown option '--foo'; see 'ogpu-t --help'");
    assert_usage(parse(&tool, "-Z", NULL), "unknown option '-Z'; see 'ogpu-t --help'");
    assert_usage(parse(&tool, "-n", NULL), "option '-n' needs an argument");
    assert_usage(parse(&tool, "--slots", NULL), "option '--slots' needs an argument");
    assert_usage(parse(&tool, "--wait=1", NULL), "option '--wait' takes no argument");
    assert_usage(parse(&tool, "-n0", NULL), "--slots: '0' is not between 1 and 64");
    assert_usage(parse(&tool, "-n65", NULL), "--slots: '65' is not between 1 and 64");
    assert_usage(parse(&tool, "-n-1", NULL), "--slots: '-1' is not a whole number");
    assert_usage(parse(&tool, "--mem", "1k", NULL), "--mem: '1k' is less than 4.0 KiB");
    assert_usage(parse(&tool, "--share", "1.1", NULL),
                 "--share: '1.1' is not between 0.000000 and 1.000000");
    assert_usage(parse(&tool, "--sandbox", "x", NULL), "--sandbox: 'x' is none of none, bwrap");
    assert_usage(parse(&tool, "-i", "a", "-i", "b", "--limit", "soon", NULL),
                 "--limit: 'soon' is not a duration such as 250ms, 5s, 10m or 2h");
    assert_usage(parse(&bare, "-H", NULL), "unknown option '-H'; see 'ogpu-b --help'");
    assert_usage(parse(&bare, "--now=1", NULL), "unknown option '--now=1'; see 'ogpu-b --help'");
}

static void test_common(void **state)
{
    (void)state;
    assert_int_equal(parse(&tool, "-v", NULL), OG_OK);
    assert_int_equal(og_log_get_level(), OG_LOG_INFO);
    assert_int_equal(parse(&tool, "-vv", NULL), OG_OK);
    assert_int_equal(og_log_get_level(), OG_LOG_DEBUG);
    assert_int_equal(parse(&tool, "-q", NULL), OG_OK);
    assert_int_equal(og_log_get_level(), OG_LOG_ERROR);
    assert_int_equal(parse(&tool, "--now", "1000000000.5", NULL), OG_OK);
    assert_in_range(og_time_unix_ms(), 1000000000500u, 1000000060500u);
    og_time_set_now(0);
    og_log_setup("t", OG_LOG_WARNING, false);
}

/* Runs a whole tool in a child: its status, stdout and stderr. */
static char out[65536], errors[4096];
static int run(const char *arg, enum og_rc rc_in, const char *say)
{
    fflush(NULL);
    int po[2];
    int pe[2];
    assert_int_equal(pipe(po) | pipe(pe), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(po[1], 1);
        dup2(pe[1], 2);
        enum og_rc rc = arg ? parse(&tool, arg, NULL) : parse(&tool, NULL);
        if (rc == OG_OK && !done) {
            rc = say ? og_err_set(&err, rc_in, "%s", say) : rc_in;
        }
        og_cli_release(&tool, &o);
        _exit(og_cli_exit(&tool, rc, &err));
    }
    close(po[1]);
    close(pe[1]);
    struct og_buf b = OG_BUF_INIT;
    assert_int_equal(og_io_read_fd(po[0], sizeof out - 1, &b, &err), OG_OK);
    snprintf(out, sizeof out, "%s", b.len ? b.p : "");
    og_buf_reset(&b);
    assert_int_equal(og_io_read_fd(pe[0], sizeof errors - 1, &b, &err), OG_OK);
    snprintf(errors, sizeof errors, "%s", b.len ? b.p : "");
    og_buf_release(&b);
    close(po[0]);
    close(pe[0]);
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_exit(void **state)
{
    (void)state;
    assert_int_equal(run("-w", OG_OK, NULL), 0);
    assert_string_equal(errors, "");
    assert_int_equal(run("-w", OG_NO, NULL), 1);
    assert_string_equal(errors, "");
    assert_int_equal(run("-w", OG_NO, "no node fits"), 1);
    assert_string_equal(errors, "ogpu-t: no node fits\n");
    assert_int_equal(run("-w", OG_E_TEMPFAIL, "busy"), 75);
    assert_string_equal(errors, "ogpu-t: busy\n");
    assert_int_equal(run("--bad", OG_OK, NULL), 64);
    assert_string_equal(out, "");
}

static void test_help(void **state)
{
    (void)state;
    assert_int_equal(run("--version", OG_OK, NULL), 0);
    assert_string_equal(out, "ogpu-t " OG_VERSION "\n");
    assert_int_equal(run("-h", OG_OK, NULL), 0);
    assert_string_equal(errors, "");
    for (size_t i = 0; i < tool.n_opts; i++) {
        char want[64];
        snprintf(want, sizeof want, "--%s", table[i].name);
        assert_non_null(strstr(out, want));
    }
    assert_non_null(strstr(out, "how (none, bwrap)"));
    assert_non_null(strstr(out, "-s, --state DIR"));
    assert_null(strstr(out, "dump-options"));
}

static void test_dump(void **state)
{
    (void)state;
    assert_int_equal(run("--dump-options", OG_OK, NULL), 0);
    size_t n = 0;
    for (char *line = out, *end; *line; line = end + 1, n++) {
        end = strchr(line, '\n');
        assert_non_null(end);
        *end = '\0';
        json_t *v = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(v);
        if (n == 0) {
            assert_string_equal(json_string_value(json_object_get(v, "kind")), "tool");
            assert_string_equal(json_string_value(json_object_get(v, "name")), "ogpu-t");
            assert_int_equal(json_array_size(json_object_get(v, "commands")), 2);
        } else {
            static const char *const keys[] = {"arg",  "choices", "complete", "help",
                                               "kind", "letter",  "name",     "repeat"};
            assert_int_equal(json_object_size(v), 8);
            for (size_t i = 0; i < 8; i++)
                assert_non_null(json_object_get(v, keys[i]));
        }
        json_decref(v);
    }
    assert_int_equal(n, 1 + tool.n_opts + 7);
}

/* A closed stderr must not become the first file that the tool opens. */
static void test_closed_fds(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        close(0);
        close(1);
        close(2);
        enum og_rc rc = parse(&tool, NULL);
        int fd = open("/dev/null", O_RDONLY);
        _exit(rc == OG_OK && fd > 2 && write(2, "x", 1) < 0 ? 0 : 1);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
}

static void assert_dir(char *dir, const char *want)
{
    assert_string_equal(dir, want);
    free(dir);
}

static void test_dirs(void **state)
{
    (void)state;
    struct og_opts_common c = {.state = "rel"};
    setenv("HOME", "/h", 1);
    setenv("OGPU_HOME", "/og", 1);
    setenv("XDG_STATE_HOME", "/xs", 1);
    assert_dir(og_cli_state_dir(&c), "rel");
    c.state = NULL;
    assert_dir(og_cli_state_dir(&c), "/og");
    setenv("OGPU_HOME", "", 1);
    assert_dir(og_cli_state_dir(&c), "/xs/ogpu");
    setenv("XDG_STATE_HOME", "relative", 1);
    assert_dir(og_cli_state_dir(NULL), "/h/.local/state/ogpu");
    setenv("OGPU_KEYS", "/k", 1);
    assert_dir(og_cli_keys_dir(), "/k");
    unsetenv("OGPU_KEYS");
    setenv("XDG_CONFIG_HOME", "/xc", 1);
    assert_dir(og_cli_keys_dir(), "/xc/ogpu/keys");
    unsetenv("XDG_CONFIG_HOME");
    assert_dir(og_cli_keys_dir(), "/h/.config/ogpu/keys");
    unsetenv("HOME");
    char *dir = og_cli_keys_dir();
    assert_true(dir[0] == '/');
    free(dir);
}

static void test_stop(void **state)
{
    (void)state;
    og_cli_stop_signals();
    assert_int_equal(og_cli_stop, 0);
    raise(SIGTERM);
    assert_int_equal(og_cli_stop, 1);
    raise(SIGPIPE); /* ignored */
    pid_t pid = fork();
    if (pid == 0) {
        raise(SIGTERM); /* the second one has its default effect */
        _exit(0);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    og_cli_pipe_signals();
    pid = fork();
    if (pid == 0) {
        raise(SIGPIPE);
        _exit(0);
    }
    waitpid(pid, &status, 0);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),    cmocka_unit_test(test_mixed),
        cmocka_unit_test(test_mistakes), cmocka_unit_test(test_common),
        cmocka_unit_test(test_exit),     cmocka_unit_test(test_help),
        cmocka_unit_test(test_dump),     cmocka_unit_test(test_closed_fds),
        cmocka_unit_test(test_dirs),     cmocka_unit_test(test_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
