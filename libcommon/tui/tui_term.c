/* tui_term.c - the terminal: start and restore it, its size, keys, text in places. */
#include "tui/tui_term.h"

#include "base/base_mem.h"
#include "base/base_utf8.h"

#include <curses.h>
#include <term.h>

#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { PAIR_GOOD = 1, PAIR_WARN, PAIR_BAD };

/* Signals that end the process: the terminal is given back first. The first two are asked twice. */
static const int watched[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGSEGV,
                              SIGBUS, SIGFPE,  SIGILL, SIGABRT};
#define N_WATCHED (sizeof watched / sizeof *watched)

/* One process has one terminal; a signal handler can be given nothing. */
static struct {
    bool on, ascii, color, at_exit;
    SCREEN *screen;
    int fd_in, fd_out;
    struct termios saved;
    bool has_saved;
    char restore[256]; /* what to send the terminal from a handler */
    size_t restore_len;
    struct sigaction old[N_WATCHED];
    bool held[N_WATCHED];
    volatile sig_atomic_t asked;
} term;

static void add_restore(const char *cap)
{
    const char *s = tigetstr((char *)(uintptr_t)cap);
    if (!s || s == (const char *)-1)
        return;
    while (*s && term.restore_len < sizeof term.restore) {
        if (s[0] == '$' && s[1] == '<') { /* padding */
            const char *end = strchr(s, '>');
            if (end) {
                s = end + 1;
                continue;
            }
        }
        term.restore[term.restore_len++] = *s++;
    }
}

/* Only calls that are safe in a handler. */
static void on_fatal(int sig)
{
    size_t i = 0;
    while (i + 1 < N_WATCHED && watched[i] != sig)
        i++;
    void (*before)(int) = term.old[i].sa_handler;
    bool has_handler = !(term.old[i].sa_flags & SA_SIGINFO) && before != SIG_DFL;
    if (i < 2 && has_handler && !term.asked) {
        term.asked = 1;
        before(sig);
        return;
    }
    ssize_t n = write(term.fd_out, term.restore, term.restore_len);
    (void)n;
    if (term.has_saved)
        tcsetattr(term.fd_in, TCSANOW, &term.saved);
    if (i < 2)
        signal(sig, SIG_DFL);
    else
        sigaction(sig, &term.old[i], NULL);
    raise(sig);
}

/* Before newterm, which puts handlers of its own in the place of defaults. */
static void note_signals(void)
{
    for (size_t i = 0; i < N_WATCHED; i++)
        term.held[i] = sigaction(watched[i], NULL, &term.old[i]) == 0;
}

static void watch_signals(void)
{
    struct sigaction sa = {.sa_handler = on_fatal};
    sigfillset(&sa.sa_mask);
    term.asked = 0;
    for (size_t i = 0; i < N_WATCHED; i++) {
        const struct sigaction *old = &term.old[i];
        bool ignored = !(old->sa_flags & SA_SIGINFO) && old->sa_handler == SIG_IGN;
        term.held[i] = term.held[i] && !ignored && sigaction(watched[i], &sa, NULL) == 0;
    }
}

static void release_signals(void)
{
    for (size_t i = 0; i < N_WATCHED; i++)
        if (term.held[i])
            sigaction(watched[i], &term.old[i], NULL);
}

static void set_colors(const struct og_tui_opts *opts)
{
    const char *no = getenv("NO_COLOR");
    term.color = !opts->no_color && !(no && *no) && has_colors() && start_color() == OK;
    if (!term.color)
        return;
    short back = use_default_colors() == OK ? -1 : COLOR_BLACK;
    term.color = init_pair(PAIR_GOOD, COLOR_GREEN, back) == OK &&
                 init_pair(PAIR_WARN, COLOR_YELLOW, back) == OK &&
                 init_pair(PAIR_BAD, COLOR_RED, back) == OK;
}

/* Can the terminal do what a screen needs? */
static enum og_rc check_terminal(struct og_err *err)
{
    const char *name = getenv("TERM");
    if (!isatty(term.fd_in) || !isatty(term.fd_out))
        return og_err_set(err, OG_E_USAGE, "the live view needs a terminal");
    int found = 0;
    if (!name || !*name || setupterm(NULL, term.fd_out, &found) != OK)
        return og_err_set(err, OG_E_USAGE, "the terminal type '%.32s' is not known",
                          name ? name : "");
    const char *move_to = tigetstr((char *)(uintptr_t) "cup");
    bool fit = move_to && move_to != (const char *)-1;
    term.restore_len = 0;
    static const char *const caps[] = {"rmkx", "op", "sgr0", "cnorm", "rmcup"};
    for (size_t i = 0; i < sizeof caps / sizeof *caps; i++)
        add_restore(caps[i]);
    del_curterm(cur_term);
    if (!fit)
        return og_err_set(err, OG_E_USAGE, "the terminal '%.32s' cannot place text", name);
    return OG_OK;
}

enum og_rc og_tui_start(const struct og_tui_opts *opts, struct og_err *err)
{
    FILE *in = opts->in ? opts->in : stdin;
    FILE *out = opts->out ? opts->out : stdout;
    if (term.on)
        return og_err_set(err, OG_E_INTERNAL, "the terminal is in use");
    term.fd_in = fileno(in);
    term.fd_out = fileno(out);
    enum og_rc rc = check_terminal(err);
    if (rc != OG_OK)
        return rc;
    setlocale(LC_CTYPE, "");
    term.ascii = opts->ascii || strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
    term.has_saved = tcgetattr(term.fd_in, &term.saved) == 0;
    set_escdelay(25);
    note_signals();
    term.screen = newterm(NULL, out, in);
    if (!term.screen)
        return og_err_set(err, OG_E_UNAVAILABLE, "the terminal cannot be taken over");
    set_term(term.screen);
    cbreak();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    curs_set(0);
    set_colors(opts);
    term.on = true;
    watch_signals();
    if (!term.at_exit)
        atexit(og_tui_stop);
    term.at_exit = true;
    return OG_OK;
}

void og_tui_stop(void)
{
    if (!term.on)
        return;
    term.on = false;
    endwin();
    release_signals();
    delscreen(term.screen);
    term.screen = NULL;
}

struct og_tui_rect og_tui_screen(void)
{
    struct og_tui_rect r = {0, 0, 1, 1};
    if (term.on) {
        r.h = LINES > 0 ? LINES : 1;
        r.w = COLS > 0 ? COLS : 1;
    }
    return r;
}

bool og_tui_ascii(void)
{
    return term.ascii;
}

static int special_key(wint_t k)
{
    switch (k) {
    case KEY_UP: return OG_KEY_UP;
    case KEY_DOWN: return OG_KEY_DOWN;
    case KEY_LEFT: return OG_KEY_LEFT;
    case KEY_RIGHT: return OG_KEY_RIGHT;
    case KEY_PPAGE: return OG_KEY_PGUP;
    case KEY_NPAGE: return OG_KEY_PGDN;
    case KEY_HOME: return OG_KEY_HOME;
    case KEY_END: return OG_KEY_END;
    case KEY_ENTER: return OG_KEY_ENTER;
    case KEY_BACKSPACE: return OG_KEY_BACKSPACE;
    case KEY_DC: return OG_KEY_DELETE;
    case KEY_BTAB: return OG_KEY_BACKTAB;
    case KEY_RESIZE: return OG_KEY_RESIZE;
    }
    if (k > KEY_F0 && k <= KEY_F0 + 12)
        return OG_KEY_F0 + (int)(k - KEY_F0);
    return OG_KEY_NONE;
}

int og_tui_key(int wait_ms)
{
    if (!term.on)
        return OG_KEY_EOF;
    wint_t k = 0;
    wtimeout(stdscr, wait_ms < 0 ? 0 : wait_ms);
    int r = wget_wch(stdscr, &k);
    if (r == KEY_CODE_YES)
        return special_key(k);
    if (r == OK) {
        if (k == '\r' || k == '\n')
            return OG_KEY_ENTER;
        if (k == 127 || k == '\b')
            return OG_KEY_BACKSPACE;
        return (int)k;
    }
    struct pollfd p = {.fd = term.fd_in, .events = POLLIN};
    if (poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR | POLLNVAL)))
        return OG_KEY_EOF;
    return OG_KEY_NONE;
}

void og_tui_begin(void)
{
    if (term.on)
        werase(stdscr);
}

void og_tui_end(void)
{
    if (!term.on)
        return;
    wmove(stdscr, 0, 0);
    wrefresh(stdscr);
}

void og_tui_redraw(void)
{
    if (term.on)
        clearok(curscr, TRUE);
}

static attr_t attr_of(enum og_tui_style style)
{
    switch (style) {
    case OG_TUI_PLAIN: return A_NORMAL;
    case OG_TUI_GOOD: return term.color ? COLOR_PAIR(PAIR_GOOD) : A_NORMAL;
    case OG_TUI_WARN: return term.color ? COLOR_PAIR(PAIR_WARN) : A_BOLD;
    case OG_TUI_BAD: return term.color ? COLOR_PAIR(PAIR_BAD) | A_BOLD : A_BOLD | A_UNDERLINE;
    case OG_TUI_DIM: return A_DIM;
    case OG_TUI_TITLE: return A_BOLD;
    case OG_TUI_HEAD: return A_REVERSE;
    case OG_TUI_MARK: return A_REVERSE | A_BOLD;
    }
    return A_NORMAL;
}

int og_tui_text(int y, int x, int width, enum og_tui_style style, const char *s)
{
    struct og_tui_rect r = og_tui_screen();
    if (!term.on || y < 0 || y >= r.h || x < 0 || x >= r.w || width <= 0)
        return 0;
    size_t max = (size_t)(width < r.w - x ? width : r.w - x);
    char *tame = og_utf8_tame(s, NULL);
    if (term.ascii) { /* one '?' for each character that cannot be shown */
        char *w = tame;
        for (const char *c = tame; *c; c++)
            if (((unsigned char)*c & 0xc0) != 0x80)
                *w++ = (unsigned char)*c < 0x80 ? *c : '?';
        *w = '\0';
    }
    size_t cols = 0;
    size_t n = og_utf8_clip(tame, max, &cols);
    wattrset(stdscr, (int)attr_of(style));
    if (n)
        mvwaddnstr(stdscr, y, x, tame, (int)n);
    wattrset(stdscr, A_NORMAL);
    free(tame);
    return (int)cols;
}

int og_tui_textf(int y, int x, int width, enum og_tui_style style, const char *fmt, ...)
{
    char text[2048];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return n < 0 ? 0 : og_tui_text(y, x, width, style, text);
}

static void repeat(int y, int x, int width, enum og_tui_style style, const char *s)
{
    struct og_tui_rect r = og_tui_screen();
    if (width > r.w - x)
        width = r.w - x;
    if (width <= 0)
        return;
    size_t n = strlen(s);
    char *line = og_xmalloc((size_t)width * n + 1);
    for (int i = 0; i < width; i++)
        memcpy(line + (size_t)i * n, s, n);
    line[(size_t)width * n] = '\0';
    og_tui_text(y, x, width, style, line);
    free(line);
}

void og_tui_fill(int y, int x, int width, enum og_tui_style style)
{
    repeat(y, x, width, style, " ");
}

void og_tui_rule(int y, int x, int width, enum og_tui_style style)
{
    repeat(y, x, width, style, term.ascii ? "-" : "─");
}
