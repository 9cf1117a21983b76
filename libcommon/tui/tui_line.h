/* tui_line.h - a line of input: the filter, a question. */
#ifndef OG_TUI_LINE_H
#define OG_TUI_LINE_H

#include "tui/tui_term.h"

#include <stddef.h>

#define OG_TUI_LINE_MAX 256

struct og_tui_line {
    char text[OG_TUI_LINE_MAX]; /* UTF-8 */
    size_t len, at;             /* bytes; at: where the next character goes */
};

enum og_tui_line_rc {
    OG_TUI_LINE_IGNORED, /* not a key for the line */
    OG_TUI_LINE_MOVED,   /* taken, the text is the same */
    OG_TUI_LINE_CHANGED,
    OG_TUI_LINE_DONE,  /* Enter */
    OG_TUI_LINE_CANCEL /* Esc; the text is left as it is */
};

void og_tui_line_set(struct og_tui_line *l, const char *s);
/* Characters, arrows, Home End, Ctrl-A E, Backspace, Delete, Ctrl-U K W. */
enum og_tui_line_rc og_tui_line_key(struct og_tui_line *l, int key);
/* "prompt text" scrolled so that the place of the next character is seen. */
void og_tui_line_draw(const struct og_tui_line *l, int y, int x, int width, const char *prompt);

#endif
