/* fuzz_event.c - events of nodes: a line is one or is refused with a sentence; written again it
 * reads the same; rules and windows take whatever it says. */
#include "guard/guard_event.h"
#include "guard/guard_rules.h"
#include "guard/guard_window.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static enum og_rc bounded(void *ctx, const struct og_window_row *row, struct og_err *err)
{
    (void)ctx;
    (void)err;
    for (int h = 0; h < OG_HORIZONS; h++)
        for (int f = 0; f < OG_FEATURES; f++)
            check(row->x[h][f] >= -OG_WINDOW_Z && row->x[h][f] <= OG_WINDOW_Z);
    return OG_OK;
}

static void line(const char *s, size_t n, struct og_guard_rules *r, struct og_windows *w)
{
    struct og_guard_event e, again;
    struct og_guard_hit hit;
    struct og_err err = {0};
    struct og_buf b = OG_BUF_INIT;
    bool ours;
    if (og_guard_event_read(s, n, &e, &ours, &err) != OG_OK) {
        check(err.msg[0] != '\0');
        return;
    }
    if (!ours)
        return;
    og_guard_event_write(&e, &b);
    check(og_guard_event_read(b.p, b.len, &again, &ours, &err) == OG_OK && ours);
    check(memcmp(&e, &again, sizeof e) == 0);
    og_buf_release(&b);
    check(og_windows_add(w, &e, bounded, NULL, &err) == OG_OK);
    if (og_guard_rules_see(r, &e, &hit))
        check(hit.node == e.node);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct og_guard_rules r;
    struct og_err err;
    const char *s = (const char *)data;
    struct og_windows *w = og_windows_new(4);
    og_guard_rules_init(&r, 64);
    while (size > 0) {
        const char *nl = memchr(s, '\n', size);
        size_t n = nl ? (size_t)(nl - s) : size;
        line(s, n, &r, w);
        n += nl != NULL;
        s += n;
        size -= n;
    }
    check(og_windows_end(w, bounded, NULL, &err) == OG_OK);
    og_guard_rules_release(&r);
    og_windows_free(w);
    return 0;
}
