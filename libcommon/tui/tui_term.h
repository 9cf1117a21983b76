/* tui_term.h - the terminal: start and restore it, its size, keys, text in places. */
#ifndef OG_TUI_TERM_H
#define OG_TUI_TERM_H

#include "base/base_err.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct og_tui_opts {
    bool no_color; /* -C; $NO_COLOR and terminals without colour have the same effect */
    bool ascii;    /* --ascii; a locale that is not UTF-8 has the same effect */
    FILE *in;      /* NULL: stdin */
    FILE *out;     /* NULL: stdout */
};

/* What a text means; the terminal decides how that looks. Never say anything by colour alone. */
enum og_tui_style {
    OG_TUI_PLAIN,
    OG_TUI_GOOD,  /* green */
    OG_TUI_WARN,  /* yellow */
    OG_TUI_BAD,   /* red, bold */
    OG_TUI_DIM,   /* stale, less important */
    OG_TUI_TITLE, /* of panes: bold */
    OG_TUI_HEAD,  /* of tables: reverse */
    OG_TUI_MARK   /* the selected row: reverse */
};

/* Keys that are not characters; characters are their code points (Ctrl-L is 12, Esc 27). */
enum og_tui_key {
    OG_KEY_NONE = -1, /* nothing came in time, or a signal did */
    OG_KEY_EOF = -2,  /* the terminal is gone: stop */
    OG_KEY_RESIZE = 0x200000,
    OG_KEY_UP,
    OG_KEY_DOWN,
    OG_KEY_LEFT,
    OG_KEY_RIGHT,
    OG_KEY_PGUP,
    OG_KEY_PGDN,
    OG_KEY_HOME,
    OG_KEY_END,
    OG_KEY_ENTER,
    OG_KEY_BACKSPACE,
    OG_KEY_DELETE,
    OG_KEY_BACKTAB,
    OG_KEY_F0 /* F1 is OG_KEY_F0 + 1, to F12 */
};

struct og_tui_rect {
    int y, x, h, w;
};

/* Takes the terminal over. OG_E_USAGE when it is none, or one that cannot place text. It is given
 * back by og_tui_stop, by exit() and by every signal that ends the process; SIGINT and SIGTERM
 * first go to the handlers that were there before, a second one ends the process. */
enum og_rc og_tui_start(const struct og_tui_opts *opts, struct og_err *err) OG_MUST_CHECK;
void og_tui_stop(void);

struct og_tui_rect og_tui_screen(void); /* the whole screen, at least 1 x 1 */
bool og_tui_ascii(void);
/* Waits at most wait_ms for a key; og_tui_key values or a code point. */
int og_tui_key(int wait_ms);

/* A frame: begin clears, end shows what changed; redraw makes the next end show everything. */
void og_tui_begin(void);
void og_tui_end(void);
void og_tui_redraw(void);

/* Writes s at (y, x), at most width columns and never beyond the screen; control characters are
 * '?'. Gives the columns written. Places outside the screen are fine and write nothing. */
int og_tui_text(int y, int x, int width, enum og_tui_style style, const char *s);
int og_tui_textf(int y, int x, int width, enum og_tui_style style, const char *fmt, ...)
    OG_PRINTF(5, 6);
/* Fills width columns with blanks, or with the line drawing character. */
void og_tui_fill(int y, int x, int width, enum og_tui_style style);
void og_tui_rule(int y, int x, int width, enum og_tui_style style);

#endif
