/* tui_draw.h - parts of a screen: panes, meters, sparklines, lines of hints. */
#ifndef OG_TUI_DRAW_H
#define OG_TUI_DRAW_H

#include "tui/tui_term.h"

#include <stddef.h>

/* "TITLE ───────── right" in the first row; gives what is left below it. focus: title in reverse.
 */
struct og_tui_rect og_tui_pane(struct og_tui_rect r, const char *title, const char *right,
                               bool focus);

/* "[|||||   78%]" in width columns, filled to ppm of 1,000,000 (more is full); label replaces the
 * percentage when given. Below 4 columns only the fill. */
void og_tui_meter(int y, int x, int width, uint64_t ppm, const char *label,
                  enum og_tui_style style);
/* Good below warn_ppm, bad from bad_ppm on. */
enum og_tui_style og_tui_level(uint64_t ppm, uint64_t warn_ppm, uint64_t bad_ppm);

/* The last width values as bars "▁▂▅█"; max 0: the largest shown. */
void og_tui_spark(int y, int x, int width, const uint64_t *v, size_t n, uint64_t max,
                  enum og_tui_style style);

struct og_tui_hint {
    const char *key, *label; /* "F1", "help" */
};
/* "F1 help  / filter  q quit": whole hints, as many as fit. */
void og_tui_hints(int y, const struct og_tui_hint *hints, size_t n);

/* A framed box over what is there, cleared inside, cut to the screen; gives its inside. */
struct og_tui_rect og_tui_box(struct og_tui_rect r, const char *title);
/* Lines of text from line `top` on, clipped; gives the number of lines in s. */
int og_tui_lines(struct og_tui_rect r, const char *s, int top);

/* Heights for n panes stacked in h rows: each gets least[i] in order while there is room (else 0),
 * the rest goes to those that want more, in turns. */
void og_tui_stack(int h, const int *least, const int *want, size_t n, int *out);

#endif
