/* test_term.c - a pseudo-terminal of every size: all widgets drawn, keys read, the terminal given
 * back by stop, by exit and by signals; what is no fit terminal is refused. */
#include "tui/tui_draw.h"
#include "tui/tui_line.h"
#include "tui/tui_table.h"

#include <fcntl.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

struct pty {
    int master;
    FILE *in, *out;
};

static struct pty open_terminal(int rows, int cols)
{
    struct pty p;
    int slave;
    struct winsize ws = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};
    assert_int_equal(openpty(&p.master, &slave, NULL, NULL, &ws), 0);
    fcntl(p.master, F_SETFL, O_NONBLOCK);
    p.in = fdopen(dup(slave), "r");
    p.out = fdopen(slave, "w"); /* allowed: a pseudo-terminal */
    assert_true(p.in && p.out);
    return p;
}

static void close_terminal(struct pty *p)
{
    fclose(p->in);
    fclose(p->out);
    close(p->master);
}

/* All that the program wrote so far. */
static size_t drain(struct pty *p, char *buf, size_t cap)
{
    size_t n = 0;
    fflush(p->out);
    for (;;) {
        char t[65536];
        ssize_t r = read(p->master, t, sizeof t);
        if (r <= 0)
            break;
        size_t keep = (size_t)r < cap - 1 - n ? (size_t)r : cap - 1 - n;
        memcpy(buf + n, t, keep);
        n += keep;
    }
    buf[n] = '\0';
    return n;
}

static enum og_rc start(const struct pty *p, bool ascii, bool no_color, struct og_err *err)
{
    struct og_tui_opts opts = {.in = p->in, .out = p->out, .ascii = ascii, .no_color = no_color};
    return og_tui_start(&opts, err);
}

static void cell(const void *data, size_t row, size_t col, struct og_tui_cell *c)
{
    (void)data;
    c->style = (enum og_tui_style)(row % 5);
    c->meter = col == 2;
    c->ppm = row * 31 % 1100 * 1000;
    if (!c->meter)
        snprintf(c->text, sizeof c->text, "r%zu c%zu \xe6\x97\xa5 \x1b[2J", row, col);
}

static const struct og_tui_col cols[] = {
    {.title = "id", .least = 4, .priority = 0},
    {.title = "name", .least = 8, .most = 30, .priority = 1, .right = true},
    {.title = "util", .least = 6, .most = 20, .priority = 2},
};

static void draw_all(struct og_tui_table *t)
{
    static const struct og_tui_hint hints[] = {{"F1", "help"}, {"/", "filter"}, {"q", "quit"}};
    static const uint64_t v[] = {0, 1, 2, 3, 5, 8, 13, UINT64_MAX};
    struct og_tui_rect s = og_tui_screen();
    struct og_tui_line l = {.len = 0};
    og_tui_line_set(&l, "user=kim node=\xc3\xbc");
    og_tui_begin();
    struct og_tui_rect in =
        og_tui_pane((struct og_tui_rect){0, 0, s.h - 2, s.w}, "NODES 6/7", "sort: load", true);
    og_tui_table_draw(t, in, NULL, 64, true, "none");
    og_tui_table_draw(t, (struct og_tui_rect){s.h / 2, 0, 0, s.w}, NULL, 0, false, "none");
    for (int w = -2; w < 30; w++)
        og_tui_meter(s.h - 3, s.w / 2, w, 500000, w % 2 ? NULL : "11/24G", OG_TUI_WARN);
    og_tui_spark(s.h - 4, s.w - 9, 8, v, 8, 0, OG_TUI_GOOD);
    og_tui_line_draw(&l, s.h - 2, 0, s.w, "filter: ");
    og_tui_hints(s.h - 1, hints, 3);
    in = og_tui_box((struct og_tui_rect){2, 3, 8, 40}, "job a91f");
    og_tui_lines(in, "one\ntwo\n\x1b]0;lie\x07\nfour", 1);
    og_tui_text(-1, 0, 10, OG_TUI_PLAIN, "outside");
    og_tui_text(s.h, 0, 10, OG_TUI_PLAIN, "outside");
    og_tui_text(0, s.w, 10, OG_TUI_PLAIN, "outside");
    og_tui_end();
}

static void test_sizes(void **state)
{
    (void)state;
    static const int sizes[][2] = {{1, 1},  {1, 80},  {24, 1},  {2, 3},    {5, 20},
                                   {8, 40}, {24, 80}, {25, 81}, {50, 160}, {100, 500}};
    static char buf[1 << 20];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int mode = 0; mode < 4; mode++) {
            struct og_err err = {0};
            struct pty p = open_terminal(sizes[i][0], sizes[i][1]);
            assert_int_equal(start(&p, mode & 1, mode & 2, &err), OG_OK);
            struct og_tui_rect s = og_tui_screen();
            assert_int_equal(s.h, sizes[i][0]);
            assert_int_equal(s.w, sizes[i][1]);
            struct og_tui_table t = {.cols = cols, .n_cols = 3, .cell = cell, .cursor = 40};
            draw_all(&t);
            og_tui_stop();
            drain(&p, buf, sizeof buf);
            assert_null(strstr(buf, "\x1b]0;")); /* a hostile text sets no title */
            if (mode & 1)
                for (char *c = buf; *c; c++)
                    assert_true((unsigned char)*c < 0x80);
            if (mode & 2)
                assert_null(strstr(buf, "\x1b[32m"));
            close_terminal(&p);
        }
}

static void test_content(void **state)
{
    (void)state;
    static char buf[1 << 20];
    struct og_err err = {0};
    struct pty p = open_terminal(24, 80);
    assert_int_equal(start(&p, false, false, &err), OG_OK);
    struct og_tui_table t = {.cols = cols, .n_cols = 3, .cell = cell, .cursor = 40};
    draw_all(&t);
    drain(&p, buf, sizeof buf);
    assert_non_null(strstr(buf, "NODES 6/7"));
    assert_non_null(strstr(buf, "sort: load"));
    assert_non_null(strstr(buf, "user=kim node=\xc3\xbc"));
    assert_non_null(strstr(buf, "\xe2\x94\x80")); /* ─ */
    assert_non_null(strstr(buf, "\xe2\x96\x88")); /* █ */
    assert_int_equal(t.top, 21);                  /* 40 is the last of 20 rows */
    og_tui_stop();
    assert_int_equal(start(&p, true, true, &err), OG_OK); /* and once more */
    draw_all(&t);
    drain(&p, buf, sizeof buf);
    assert_non_null(strstr(buf, "user=kim node=?"));
    og_tui_stop();
    og_tui_stop();
    close_terminal(&p);
}

static void test_keys(void **state)
{
    (void)state;
    struct og_err err = {0};
    struct pty p = open_terminal(24, 80);
    assert_int_equal(start(&p, false, false, &err), OG_OK);
    assert_int_equal(og_tui_key(0), OG_KEY_NONE);
    assert_true(write(p.master, "q\xc3\xbc\r\x7f\x1bOA\x1bOP\x1b[5~", 15) > 0);
    static const int want[] = {'q',       0xfc,          OG_KEY_ENTER, OG_KEY_BACKSPACE,
                               OG_KEY_UP, OG_KEY_F0 + 1, OG_KEY_PGUP};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        assert_int_equal(og_tui_key(1000), want[i]);
    struct winsize ws = {.ws_row = 10, .ws_col = 30};
    assert_int_equal(ioctl(p.master, TIOCSWINSZ, &ws), 0);
    raise(SIGWINCH); /* as the kernel does for the terminal a process belongs to */
    assert_int_equal(og_tui_key(1000), OG_KEY_RESIZE);
    assert_int_equal(og_tui_screen().h, 10);
    assert_int_equal(og_tui_screen().w, 30);
    struct og_tui_table t = {.cols = cols, .n_cols = 3, .cell = cell};
    draw_all(&t);
    close(p.master); /* the terminal goes away */
    int key = OG_KEY_NONE;
    for (int i = 0; i < 10 && key != OG_KEY_EOF; i++)
        key = og_tui_key(100);
    assert_int_equal(key, OG_KEY_EOF);
    og_tui_stop();
    fclose(p.in);
    fclose(p.out);
    assert_int_equal(og_tui_key(0), OG_KEY_EOF);
}

static void test_refused(void **state)
{
    (void)state;
    struct og_err err = {0};
    FILE *null = fopen("/dev/null", "r+"); /* allowed: not a terminal */
    assert_non_null(null);
    struct og_tui_opts opts = {.in = null, .out = null};
    assert_int_equal(og_tui_start(&opts, &err), OG_E_USAGE);
    fclose(null);
    struct pty p = open_terminal(24, 80);
    static const char *const names[] = {"dumb", "no-such-terminal", ""};
    for (size_t i = 0; i < 3; i++) {
        setenv("TERM", names[i], 1);
        assert_int_equal(start(&p, false, false, &err), OG_E_USAGE);
    }
    unsetenv("TERM");
    assert_int_equal(start(&p, false, false, &err), OG_E_USAGE);
    setenv("TERM", "vt100", 1);
    assert_int_equal(start(&p, false, false, &err), OG_OK);
    og_tui_stop();
    setenv("TERM", "xterm-256color", 1);
    close_terminal(&p);
}

static void test_no_color(void **state)
{
    (void)state;
    static char buf[1 << 16];
    struct og_err err = {0};
    struct pty p = open_terminal(24, 80);
    for (int i = 0; i < 2; i++) {
        setenv("NO_COLOR", i ? "1" : "", 1);
        assert_int_equal(start(&p, false, false, &err), OG_OK);
        og_tui_begin();
        og_tui_text(0, 0, 10, OG_TUI_GOOD, "good");
        og_tui_end();
        og_tui_stop();
        drain(&p, buf, sizeof buf);
        assert_int_equal(strstr(buf, "\x1b[32m") != NULL, i == 0);
    }
    unsetenv("NO_COLOR");
    close_terminal(&p);
}

static volatile sig_atomic_t asked;
static void on_term(int sig)
{
    (void)sig;
    asked = 1;
}

/* A child takes the terminal over and ends in some way: is it as before? */
static int ended(void (*how)(void), char *buf, size_t cap)
{
    struct pty p = open_terminal(24, 80);
    struct termios before;
    struct termios behind;
    assert_int_equal(tcgetattr(fileno(p.in), &before), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct og_err err = {0};
        signal(SIGTERM, on_term);
        if (start(&p, false, false, &err) != OG_OK)
            _exit(99);
        og_tui_begin();
        og_tui_text(0, 0, 10, OG_TUI_GOOD, "here");
        og_tui_end();
        how();
        _exit(98);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    drain(&p, buf, cap);
    assert_int_equal(tcgetattr(fileno(p.in), &behind), 0);
    assert_int_equal(before.c_lflag, behind.c_lflag);
    assert_int_equal(before.c_iflag, behind.c_iflag);
    assert_non_null(strstr(buf, "here"));
    assert_non_null(strstr(buf, "\x1b[?1049l")); /* the first screen is back, the cursor too */
    assert_non_null(strstr(buf, "\x1b[?25h"));
    close_terminal(&p);
    return status;
}

static void by_exit(void)
{
    exit(3); /* allowed: what is tested */
}
static void by_term(void)
{
    raise(SIGTERM);
    if (asked)
        raise(SIGTERM);
}
static void by_int(void)
{
    raise(SIGINT);
}
static void by_hup(void)
{
    raise(SIGHUP);
}
static void by_abort(void)
{
    abort(); /* allowed: what is tested */
}
static void by_segv(void)
{
    raise(SIGSEGV);
}

static void test_restored(void **state)
{
    (void)state;
    static char buf[1 << 16];
    int status = ended(by_exit, buf, sizeof buf);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 3);
    static const struct {
        void (*how)(void);
        int sig;
    } cases[] = {{by_term, SIGTERM}, {by_int, SIGINT}, {by_hup, SIGHUP}, {by_abort, SIGABRT}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        status = ended(cases[i].how, buf, sizeof buf);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == cases[i].sig);
    }
    status = ended(by_segv, buf, sizeof buf); /* a sanitizer may report and exit instead */
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) != 98);
}

int main(void)
{
    setenv("LC_ALL", "C.UTF-8", 1);
    setenv("TERM", "xterm-256color", 1);
    unsetenv("NO_COLOR");
    unsetenv("LINES");
    unsetenv("COLUMNS");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),    cmocka_unit_test(test_content),
        cmocka_unit_test(test_keys),     cmocka_unit_test(test_refused),
        cmocka_unit_test(test_no_color), cmocka_unit_test(test_restored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
