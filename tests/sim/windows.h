/* windows.h - capacity windows of the random walk: honest runs, stale ones, openings that were
 * changed.
 */
#ifndef OG_SIM_WINDOWS_H
#define OG_SIM_WINDOWS_H

#include "exec/exec_window.h"
#include "people.h"

struct windows {
    bool on; /* in this history */
    struct og_window_run *run[SIM_NODES];
    uint64_t shown;
};

static inline void windows_release(struct windows *w)
{
    for (size_t i = 0; i < SIM_NODES; i++)
        og_window_run_free(w->run[i]);
}

static inline uint64_t windows_epoch(struct sim *s)
{
    struct og_value v = {.name = og_xstrdup("epoch")};
    bool found;
    SIM_OK(s, og_row_get(s->st, OG_F_GLOBAL, &v, &found, SIM_ERR));
    uint64_t epoch = found ? v.value : 0;
    og_row_release(&og_families[OG_F_GLOBAL], &v);
    return epoch;
}

static inline bool windows_roots(struct sim *s, uint64_t height, struct og_roots *r)
{
    bool found;
    *r = (struct og_roots){.height = height};
    SIM_OK(s, og_row_get(s->st, OG_F_ROOTS, r, &found, SIM_ERR));
    return found && height < s->height;
}

/* From the beacon of one of the last blocks, which may be too young or of another epoch. */
static inline void windows_commit(struct windows *w, struct sim *s, unsigned i)
{
    struct og_roots r;
    struct og_err err;
    uint64_t back = 1 + sim_below(s, 4);
    if (s->height <= back || !windows_roots(s, s->height - back, &r))
        return;
    struct og_hash seed = og_cap_seed(&r.beacon, s->node[i].id);
    if (og_window_run(&seed, 1, 0, 1, NULL, &w->run[i], &err) != OG_OK)
        sim_fail(s, "%s", err.msg);
    if (sim_send(s, s->node[i].acct, OG_TX_CAPACITY_COMMIT,
                 og_window_commit(w->run[i], windows_epoch(s), r.height)) == OG_OK)
        return;
    og_window_run_free(w->run[i]);
    w->run[i] = NULL;
}

static inline void windows_reveal(struct windows *w, struct sim *s, unsigned i)
{
    struct og_window row = {.node = s->node[i].id};
    struct og_roots r;
    bool found;
    SIM_OK(s, og_row_get(s->st, OG_F_WINDOW, &row, &found, SIM_ERR));
    bool waits = found && row.state == 1;
    if (waits && !windows_roots(s, row.commit_h + 1, &r))
        return;
    if (waits) {
        json_t *o = og_window_reveal(w->run[i], row.epoch, row.node, &r.beacon);
        json_t *e = json_array_get(json_object_get(o, "opened"), 1);
        bool honest = sim_below(s, 4) > 0;
        if (!honest)
            json_object_set(e, sim_one_in(s, 2) ? "to" : "to_aunts", json_object_get(e, "from"));
        enum og_rc rc = sim_send(s, s->node[i].acct, OG_TX_CAPACITY_REVEAL, o);
        if (!honest && rc == OG_OK)
            sim_fail(s, "a changed opening passed");
        w->shown += rc == OG_OK;
        if (rc != OG_OK)
            return;
    }
    og_window_run_free(w->run[i]);
    w->run[i] = NULL;
}

/* A node begins its window. */
static inline void windows_act(struct windows *w, struct sim *s)
{
    unsigned i = (unsigned)sim_below(s, s->nodes);
    if (w->on && !w->run[i])
        windows_commit(w, s, i);
}

/* Those that have begun go on, and while an epoch is young others begin. */
static inline void windows_go_on(struct windows *w, struct sim *s)
{
    if (w->on && sim_one_in(s, 3))
        windows_act(w, s);
    for (unsigned i = 0; i < s->nodes; i++)
        if (w->run[i] && sim_one_in(s, 2))
            windows_reveal(w, s, i);
}

#endif
