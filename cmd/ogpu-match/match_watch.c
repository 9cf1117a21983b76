/* match_watch.c - the set of tasks read from stdin. */
#include "match.h"

#include "base/base_mem.h"
#include "base/base_num.h"

#include <stdlib.h>
#include <string.h>

static size_t place(const struct match_watch *w, uint64_t id)
{
    size_t i = (size_t)og_splitmix64(id) & (w->slots - 1);
    while (w->slot[i] && w->slot[i] != id)
        i = (i + 1) & (w->slots - 1);
    return i;
}

static void grow(struct match_watch *w)
{
    free(w->slot);
    w->slots = w->slots ? 2 * w->slots : 64;
    w->slot = og_xcalloc(w->slots, sizeof *w->slot);
    for (size_t i = 0; i < w->n; i++)
        w->slot[place(w, w->id[i])] = w->id[i];
}

bool match_watch_has(const struct match_watch *w, uint64_t id)
{
    return w->slots && id && w->slot[place(w, id)] == id;
}

bool match_watch_add(struct match_watch *w, uint64_t id)
{
    if (match_watch_has(w, id))
        return false;
    w->id = og_xgrow(w->id, &w->cap, w->n + 1, sizeof *w->id);
    w->id[w->n++] = id;
    if (2 * w->n > w->slots)
        grow(w);
    else
        w->slot[place(w, id)] = id;
    return true;
}

void match_watch_release(struct match_watch *w)
{
    free(w->id);
    free(w->slot);
    memset(w, 0, sizeof *w);
}
