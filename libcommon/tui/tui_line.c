/* tui_line.c - a line of input: the filter, a question. */
#include "tui/tui_line.h"

#include "base/base_utf8.h"

#include <string.h>

#define CTRL(c) ((c) - 'a' + 1)

void og_tui_line_set(struct og_tui_line *l, const char *s)
{
    size_t n = strnlen(s, sizeof l->text - 1);
    while (n && ((unsigned char)s[n] & 0xc0) == 0x80)
        n--;
    memcpy(l->text, s, n);
    l->text[n] = '\0';
    l->len = l->at = n;
}

static size_t before(const struct og_tui_line *l, size_t at)
{
    if (at)
        at--;
    while (at && ((unsigned char)l->text[at] & 0xc0) == 0x80)
        at--;
    return at;
}

static size_t after(const struct og_tui_line *l, size_t at)
{
    if (at < l->len)
        at++;
    while (at < l->len && ((unsigned char)l->text[at] & 0xc0) == 0x80)
        at++;
    return at;
}

static enum og_tui_line_rc cut(struct og_tui_line *l, size_t from, size_t to)
{
    if (from >= to)
        return OG_TUI_LINE_MOVED;
    memmove(l->text + from, l->text + to, l->len - to + 1);
    l->len -= to - from;
    l->at = from;
    return OG_TUI_LINE_CHANGED;
}

static size_t encode(uint32_t cp, char out[4])
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    size_t n = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; cp >>= 6)
        out[i] = (char)(0x80 | (cp & 0x3f));
    out[0] = (char)((n == 2 ? 0xc0 : n == 3 ? 0xe0 : 0xf0) | cp);
    return n;
}

static enum og_tui_line_rc insert(struct og_tui_line *l, int key)
{
    char c[4];
    size_t n = encode((uint32_t)key, c);
    uint32_t cp;
    if (og_utf8_next(c, n, &cp) != n)
        return OG_TUI_LINE_IGNORED;
    if (l->len + n >= sizeof l->text)
        return OG_TUI_LINE_MOVED;
    memmove(l->text + l->at + n, l->text + l->at, l->len - l->at + 1);
    memcpy(l->text + l->at, c, n);
    l->at += n;
    l->len += n;
    return OG_TUI_LINE_CHANGED;
}

static size_t word_start(const struct og_tui_line *l)
{
    size_t at = l->at;
    while (at && l->text[at - 1] == ' ')
        at--;
    while (at && l->text[at - 1] != ' ')
        at--;
    return at;
}

enum og_tui_line_rc og_tui_line_key(struct og_tui_line *l, int key)
{
    switch (key) {
    case OG_KEY_ENTER: return OG_TUI_LINE_DONE;
    case 27: return OG_TUI_LINE_CANCEL;
    case OG_KEY_LEFT: l->at = before(l, l->at); return OG_TUI_LINE_MOVED;
    case OG_KEY_RIGHT: l->at = after(l, l->at); return OG_TUI_LINE_MOVED;
    case OG_KEY_HOME:
    case CTRL('a'): l->at = 0; return OG_TUI_LINE_MOVED;
    case OG_KEY_END:
    case CTRL('e'): l->at = l->len; return OG_TUI_LINE_MOVED;
    case OG_KEY_BACKSPACE: return cut(l, before(l, l->at), l->at);
    case OG_KEY_DELETE: return cut(l, l->at, after(l, l->at));
    case CTRL('u'): return cut(l, 0, l->at);
    case CTRL('k'): return cut(l, l->at, l->len);
    case CTRL('w'): return cut(l, word_start(l), l->at);
    default: break;
    }
    if (key < 0x20 || key > 0x10ffff || og_utf8_width((uint32_t)key) < 0)
        return OG_TUI_LINE_IGNORED;
    return insert(l, key);
}

/* Columns of l->text[from..to). */
static int cols_between(const struct og_tui_line *l, size_t from, size_t to)
{
    char part[OG_TUI_LINE_MAX];
    size_t cols = 0;
    memcpy(part, l->text + from, to - from);
    part[to - from] = '\0';
    og_utf8_clip(part, sizeof part * 2, &cols);
    return (int)cols;
}

void og_tui_line_draw(const struct og_tui_line *l, int y, int x, int width, const char *prompt)
{
    og_tui_fill(y, x, width, OG_TUI_PLAIN);
    int used = og_tui_text(y, x, width, OG_TUI_TITLE, prompt);
    int room = width - used;
    size_t from = 0;
    while (from < l->at && cols_between(l, from, l->at) >= room)
        from = after(l, from);
    og_tui_text(y, x + used, room, OG_TUI_PLAIN, l->text + from);
    char under[8] = " ";
    if (l->at < l->len) {
        size_t n = after(l, l->at) - l->at;
        memcpy(under, l->text + l->at, n < sizeof under ? n : 1);
        under[n < sizeof under ? n : 1] = '\0';
    }
    int at = used + cols_between(l, from, l->at);
    og_tui_text(y, x + at, width - at, OG_TUI_MARK, under);
}
