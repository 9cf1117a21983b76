/* tui_draw.c - parts of a screen: panes, meters, sparklines, lines of hints. */
#include "tui/tui_draw.h"

#include "base/base_num.h"
#include "base/base_utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int cols_of(const char *s)
{
    size_t cols = 0;
    free(og_utf8_tame(s, &cols));
    return cols > 10000 ? 10000 : (int)cols;
}

struct og_tui_rect og_tui_pane(struct og_tui_rect r, const char *title, const char *right,
                               bool focus)
{
    struct og_tui_rect in = {r.y + 1, r.x, r.h > 1 ? r.h - 1 : 0, r.w};
    if (r.h < 1 || r.w < 1)
        return in;
    og_tui_rule(r.y, r.x, r.w, OG_TUI_DIM);
    int used = og_tui_text(r.y, r.x, r.w, focus ? OG_TUI_MARK : OG_TUI_TITLE, title);
    used += og_tui_text(r.y, r.x + used, r.w - used, OG_TUI_PLAIN, " ");
    int n = right ? cols_of(right) : 0;
    if (n && used + n + 2 <= r.w)
        og_tui_textf(r.y, r.x + r.w - n - 1, n + 1, OG_TUI_PLAIN, " %s", right);
    return in;
}

enum og_tui_style og_tui_level(uint64_t ppm, uint64_t warn_ppm, uint64_t bad_ppm)
{
    if (ppm >= bad_ppm)
        return OG_TUI_BAD;
    return ppm >= warn_ppm ? OG_TUI_WARN : OG_TUI_GOOD;
}

void og_tui_meter(int y, int x, int width, uint64_t ppm, const char *label, enum og_tui_style style)
{
    if (width <= 0)
        return;
    if (ppm > OG_PPM)
        ppm = OG_PPM;
    int frame = width >= 4 ? 1 : 0;
    int inner = width - 2 * frame;
    char percent[16];
    if (!label) {
        snprintf(percent, sizeof percent, "%u%%", (unsigned)((ppm + 5000) / 10000));
        label = percent;
    }
    int n = frame ? cols_of(label) : 0;
    if (n > inner)
        n = inner;
    int full = (int)((uint64_t)inner * ppm / OG_PPM);
    if (full == 0 && ppm > 0 && inner > n)
        full = 1;
    if (full > inner - n)
        full = inner - n;
    if (frame) {
        og_tui_text(y, x, 1, OG_TUI_PLAIN, "[");
        og_tui_text(y, x + width - 1, 1, OG_TUI_PLAIN, "]");
    }
    for (int i = 0; i < inner - n; i++)
        og_tui_text(y, x + frame + i, 1, style, i < full ? "|" : " ");
    og_tui_text(y, x + frame + inner - n, n, OG_TUI_PLAIN, label);
}

void og_tui_spark(int y, int x, int width, const uint64_t *v, size_t n, uint64_t max,
                  enum og_tui_style style)
{
    static const char *const bars[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const plain[] = {" ", ".", ":", "-", "=", "+", "*", "#", "@"};
    if (width <= 0)
        return;
    size_t shown = n < (size_t)width ? n : (size_t)width;
    v += n - shown;
    if (max == 0)
        for (size_t i = 0; i < shown; i++)
            max = og_max_u64(max, v[i]);
    for (size_t i = 0; i < shown; i++) {
        uint64_t level = max ? og_muldiv_up(og_min_u64(v[i], max), 8, max) : 0;
        og_tui_text(y, x + width - (int)shown + (int)i, 1, style,
                    og_tui_ascii() ? plain[level] : bars[level]);
    }
}

void og_tui_hints(int y, const struct og_tui_hint *hints, size_t n)
{
    struct og_tui_rect r = og_tui_screen();
    int x = 0;
    for (size_t i = 0; i < n; i++) {
        int need = cols_of(hints[i].key) + 1 + cols_of(hints[i].label);
        if (x + need > r.w)
            break;
        x += og_tui_text(y, x, r.w - x, OG_TUI_TITLE, hints[i].key);
        x += og_tui_textf(y, x, r.w - x, OG_TUI_PLAIN, " %s", hints[i].label);
        x += 2;
    }
}

struct og_tui_rect og_tui_box(struct og_tui_rect r, const char *title)
{
    struct og_tui_rect s = og_tui_screen();
    if (r.y < 0)
        r.y = 0;
    if (r.x < 0)
        r.x = 0;
    if (r.h > s.h - r.y)
        r.h = s.h - r.y;
    if (r.w > s.w - r.x)
        r.w = s.w - r.x;
    for (int i = 0; i < r.h; i++)
        og_tui_fill(r.y + i, r.x, r.w, OG_TUI_PLAIN);
    if (r.h < 3 || r.w < 4) /* no room for a frame */
        return r;
    bool ascii = og_tui_ascii();
    og_tui_rule(r.y, r.x, r.w, OG_TUI_PLAIN);
    og_tui_rule(r.y + r.h - 1, r.x, r.w, OG_TUI_PLAIN);
    for (int i = 0; i < r.h; i++) {
        bool first = i == 0;
        bool last = i == r.h - 1;
        const char *left = ascii ? (first || last ? "+" : "|") : first ? "┌" : last ? "└" : "│";
        const char *right = ascii ? (first || last ? "+" : "|") : first ? "┐" : last ? "┘" : "│";
        og_tui_text(r.y + i, r.x, 1, OG_TUI_PLAIN, left);
        og_tui_text(r.y + i, r.x + r.w - 1, 1, OG_TUI_PLAIN, right);
    }
    if (title)
        og_tui_textf(r.y, r.x + 1, r.w - 2, OG_TUI_TITLE, " %s ", title);
    return (struct og_tui_rect){r.y + 1, r.x + 2, r.h - 2, r.w - 4};
}

int og_tui_lines(struct og_tui_rect r, const char *s, int top)
{
    int n = 0;
    while (*s) {
        const char *end = strchrnul(s, '\n');
        if (n >= top && n - top < r.h) {
            char line[1024];
            size_t len = (size_t)(end - s) < sizeof line - 1 ? (size_t)(end - s) : sizeof line - 1;
            memcpy(line, s, len);
            line[len] = '\0';
            og_tui_text(r.y + n - top, r.x, r.w, OG_TUI_PLAIN, line);
        }
        n++;
        s = *end ? end + 1 : end;
    }
    return n;
}

void og_tui_stack(int h, const int *least, const int *want, size_t n, int *out)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = least[i] > 0 && least[i] <= h ? least[i] : 0;
        h -= out[i];
    }
    bool more = true;
    while (h > 0 && more) {
        more = false;
        for (size_t i = 0; i < n && h > 0; i++)
            if (out[i] > 0 && out[i] < want[i]) {
                out[i]++;
                h--;
                more = true;
            }
    }
}
