/* ledger_window.c - capacity windows: a node's benchmark committed, opened where the beacon says,
 * and the median of what it showed in its last five windows in place of what it once said.
 *
 * A window is the beginning of an epoch: capacity_ms times WINDOW_RUNS, so that the nodes of one
 * host can run one after the other. A run starts from the beacon of one of its blocks, which nobody
 * knew before, and lasts until the block that has the commit: its rate is a lower bound by the
 * chain's own clock. A node that took part before and shows nothing has shown 0. */
#include "ledger/ledger_int.h"

#include "base/base_mem.h"
#include "check/check_capacity.h"
#include "crypto/crypto_sig.h"
#include "json/json_get.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW_RUNS 20

enum { WINDOW_COMMITTED = 1, WINDOW_SHOWN = 2 }; /* og_window.state */

static enum og_rc epoch_now(struct og_ledger *l, uint64_t *epoch, uint64_t *first_h,
                            uint64_t *first_ms, struct og_err *err)
{
    OG_TRY(og_led_get(l, "epoch", epoch, err));
    OG_TRY(og_led_get(l, "epoch_h", first_h, err));
    return og_led_get(l, "epoch_ms", first_ms, err);
}

static enum og_rc cores_of(struct og_ledger *l, uint64_t node, uint64_t *cores, struct og_err *err)
{
    uint64_t idx[1024];
    size_t n;
    *cores = 0;
    OG_TRY(og_query(l->st, OG_Q_SLOTS_OF, (uint64_t[]){node}, 1, idx, 1, 1024, &n, err));
    for (size_t i = 0; i < n; i++) {
        struct og_slot s = {.node = node, .idx = idx[i]};
        OG_TRY(og_row_need(l->st, OG_F_SLOT, &s, err));
        *cores += s.cores;
    }
    return OG_OK;
}

/* The block whose beacon is the seed lies in the window, and the run was long enough. */
static enum og_rc check_time(struct og_ledger *l, uint64_t height, uint64_t *ms, struct og_err *err)
{
    struct og_roots r = {.height = height};
    uint64_t epoch, first_h, first_ms;
    bool found;
    OG_TRY(epoch_now(l, &epoch, &first_h, &first_ms, err));
    OG_TRY(og_row_get(l->st, OG_F_ROOTS, &r, &found, err));
    if (!found || height >= l->height || height + 1 < first_h)
        return OG_REFUSE(err, "'height' must be a block of this epoch with a beacon");
    if (r.time_ms > first_ms + WINDOW_RUNS * l->p.capacity_ms)
        return OG_REFUSE(err, "the capacity window of epoch %llu is over",
                         (unsigned long long)epoch);
    *ms = l->now_ms > r.time_ms ? l->now_ms - r.time_ms : 0;
    if (*ms < l->p.capacity_ms)
        return OG_REFUSE(err, "the run of %llu ms is shorter than the window's %llu",
                         (unsigned long long)*ms, (unsigned long long)l->p.capacity_ms);
    return OG_OK;
}

static enum og_rc read_commit(struct og_txn *x, struct og_window *w, struct og_err *err)
{
    const json_t *roots;
    uint64_t ms = 0;
    OG_TRY(og_json_u64(x->body, "height", UINT32_MAX, &w->height, err));
    OG_TRY(og_json_u64(x->body, "lanes", OG_CAP_LANES_MAX, &w->lanes, err));
    OG_TRY(og_json_u64(x->body, "steps", OG_CAP_STEPS_MAX, &w->steps, err));
    OG_TRY(og_json_u64(x->body, "chunks", UINT32_MAX, &w->chunks, err));
    OG_TRY(og_json_arr(x->body, "roots", 2, &roots, err));
    if (!w->lanes || !w->steps || !w->chunks)
        return OG_REFUSE(err, "'lanes', 'steps' and 'chunks' must be above 0");
    struct og_hash *into[2] = {&w->root, &w->mem_root};
    for (size_t i = 0; i < 2; i++) {
        const char *s = json_string_value(json_array_get(roots, i));
        if (!s || !og_hex_decode(s, strlen(s), into[i]->b, OG_HASH_LEN))
            return OG_REFUSE(err, "'roots' must be two hex hashes");
    }
    OG_TRY(check_time(x->l, w->height, &ms, err));
    w->value = og_cap_rate(w->lanes, w->steps, ms);
    return OG_OK;
}

enum og_rc og_tx_capacity_commit(struct og_txn *x, struct og_err *err)
{
    static const char *const members[] = {"chunks", "height", "lanes", "roots",
                                          "round",  "steps",  NULL};
    struct og_ledger *l = x->l;
    struct og_node n;
    uint64_t epoch, first_h, first_ms, round, cores;
    bool found;
    OG_TRY(og_json_only(x->body, members, err));
    OG_TRY(og_json_u64(x->body, "round", UINT32_MAX, &round, err));
    OG_TRY(epoch_now(l, &epoch, &first_h, &first_ms, err));
    if (round != epoch)
        return OG_REFUSE(err, "'round' must be this epoch, %llu", (unsigned long long)epoch);
    OG_TRY(og_led_sender_node(x, &n, err));
    struct og_window w = {.node = n.id};
    enum og_rc rc = og_row_get(l->st, OG_F_WINDOW, &w, &found, err);
    if (rc == OG_OK && found && w.epoch == epoch)
        rc = OG_REFUSE(err, "node %llu has committed in this window", (unsigned long long)n.id);
    w.epoch = epoch;
    w.state = WINDOW_COMMITTED;
    w.commit_h = l->height;
    if (rc == OG_OK)
        rc = read_commit(x, &w, err);
    if (rc == OG_OK)
        rc = cores_of(l, n.id, &cores, err);
    if (rc == OG_OK && w.value > og_cap_ceiling(n.hw_class, cores))
        rc = OG_REFUSE(err, "%llu MFLOP/s are more than %llu cores of %s can do",
                       (unsigned long long)w.value, (unsigned long long)cores, n.hw_class);
    if (rc == OG_OK)
        rc = og_row_put(l->st, OG_F_WINDOW, &w, err);
    OG_RELEASE(OG_F_NODE, &n);
    return rc;
}

static enum og_rc read_aunts(const json_t *o, const char *key, uint64_t index, uint64_t total,
                             struct og_merkle_path *p, struct og_err *err)
{
    const json_t *aunts;
    memset(p, 0, sizeof *p);
    p->index = index;
    p->total = total;
    OG_TRY(og_json_arr(o, key, OG_MERKLE_PATH_MAX, &aunts, err));
    p->n = json_array_size(aunts);
    for (size_t i = 0; i < p->n; i++) {
        const char *s = json_string_value(json_array_get(aunts, i));
        if (!s || !og_hex_decode(s, strlen(s), p->aunt[i].b, OG_HASH_LEN))
            return OG_REFUSE(err, "'%s' must be hex hashes", key);
    }
    return OG_OK;
}

/* A state in the tree at this leaf. */
static enum og_rc read_state(const struct og_window *w, const json_t *o, const char *state,
                             const char *aunts, uint64_t at, uint16_t *m, struct og_err *err)
{
    struct og_buf b = OG_BUF_INIT;
    struct og_merkle_path path;
    const char *s;
    OG_TRY(og_json_str(o, state, 2 * OG_CAP_BYTES, &s, err));
    OG_TRY(read_aunts(o, aunts, at, w->lanes * (w->steps + 1), &path, err));
    enum og_rc rc = og_base64_decode(s, strlen(s), OG_CAP_BYTES, &b, err);
    if (rc == OG_OK && (b.len != OG_CAP_BYTES || !og_cap_unpack((const uint8_t *)b.p, m)))
        rc = OG_REFUSE(err, "'%s' must be a packed matrix", state);
    if (rc == OG_OK) {
        struct og_hash leaf = og_cap_leaf((const uint8_t *)b.p);
        if (!og_merkle_verify(&w->root, &leaf, &path))
            rc = OG_REFUSE(err, "'%s' is not in the committed tree", state);
    }
    og_buf_release(&b);
    return rc;
}

/* Opening k: the drawn step's two states, and the drawn chunk's path. */
static enum og_rc check_opening(const struct og_window *w, const struct og_hash *seed,
                                const uint16_t *a, const struct og_hash *beacon, uint64_t k,
                                const json_t *o, struct og_err *err)
{
    static const char *const members[] = {"chunk_aunts", "from",     "from_aunts",
                                          "to",          "to_aunts", NULL};
    uint16_t from[OG_CAP_CELLS];
    uint16_t to[OG_CAP_CELLS];
    uint64_t lane, step;
    struct og_merkle_path path;
    OG_TRY(og_json_only(o, members, err));
    og_cap_draw(beacon, w->node, k, w->lanes, w->steps, &lane, &step);
    uint64_t at = lane * (w->steps + 1) + step;
    OG_TRY(read_state(w, o, "from", "from_aunts", at, from, err));
    OG_TRY(read_state(w, o, "to", "to_aunts", at + 1, to, err));
    if (!og_cap_check(seed, a, beacon, lane, step, from, to))
        return OG_REFUSE(err, "step %llu of lane %llu is no product", (unsigned long long)step,
                         (unsigned long long)lane);
    uint64_t j = og_cap_draw_chunk(beacon, w->node, k, w->chunks);
    uint8_t *chunk = og_xmalloc(OG_CAP_CHUNK);
    og_cap_chunk(seed, j, chunk);
    struct og_hash leaf = og_merkle_leaf(chunk, OG_CAP_CHUNK);
    free(chunk);
    OG_TRY(read_aunts(o, "chunk_aunts", j, w->chunks, &path, err));
    return og_merkle_verify(&w->mem_root, &leaf, &path)
               ? OG_OK
               : OG_REFUSE(err, "memory chunk %llu is not what the seed fills",
                           (unsigned long long)j);
}

static enum og_rc check_openings(struct og_ledger *l, const struct og_window *w,
                                 const json_t *opened, struct og_err *err)
{
    struct og_roots from = {.height = w->height};
    struct og_roots after = {.height = w->commit_h + l->p.draw_delay};
    bool found;
    OG_TRY(og_row_need(l->st, OG_F_ROOTS, &from, err));
    OG_TRY(og_row_get(l->st, OG_F_ROOTS, &after, &found, err));
    if (!found || after.height >= l->height)
        return OG_REFUSE(err, "the beacon that draws is not there yet");
    if (json_array_size(opened) != OG_CAP_DRAWN)
        return OG_REFUSE(err, "'opened' must hold %d steps", OG_CAP_DRAWN);
    struct og_hash seed = og_cap_seed(&from.beacon, w->node);
    uint16_t *a = og_xcalloc(OG_CAP_A_CELLS, sizeof *a);
    enum og_rc rc = OG_OK;
    og_cap_a(&seed, a);
    for (uint64_t k = 0; rc == OG_OK && k < OG_CAP_DRAWN; k++)
        rc = check_opening(w, &seed, a, &after.beacon, k, json_array_get(opened, k), err);
    free(a);
    return rc;
}

static void push(struct og_window *w, uint64_t value)
{
    uint64_t *v[OG_CAP_KEPT] = {&w->v0, &w->v1, &w->v2, &w->v3, &w->v4};
    *v[w->shown++ % OG_CAP_KEPT] = value;
}

/* The node has the capacity that its windows show. */
static enum og_rc apply(struct og_ledger *l, const struct og_window *w, struct og_err *err)
{
    const uint64_t v[OG_CAP_KEPT] = {w->v0, w->v1, w->v2, w->v3, w->v4};
    struct og_node n;
    OG_TRY(og_led_node(l, w->node, &n, err));
    n.measured = og_cap_median(v, w->shown);
    og_led_c_eff(&n);
    enum og_rc rc = og_row_put(l->st, OG_F_NODE, &n, err);
    OG_RELEASE(OG_F_NODE, &n);
    return rc == OG_OK ? og_row_put(l->st, OG_F_WINDOW, w, err) : rc;
}

enum og_rc og_tx_capacity_reveal(struct og_txn *x, struct og_err *err)
{
    static const char *const members[] = {"opened", "round", NULL};
    struct og_node n;
    const json_t *opened;
    uint64_t round;
    bool found;
    OG_TRY(og_json_only(x->body, members, err));
    OG_TRY(og_json_u64(x->body, "round", UINT32_MAX, &round, err));
    OG_TRY(og_json_arr(x->body, "opened", OG_CAP_DRAWN, &opened, err));
    OG_TRY(og_led_sender_node(x, &n, err));
    struct og_window w = {.node = n.id};
    OG_RELEASE(OG_F_NODE, &n);
    OG_TRY(og_row_get(x->l->st, OG_F_WINDOW, &w, &found, err));
    if (!found || w.epoch != round || w.state != WINDOW_COMMITTED)
        return OG_REFUSE(err, "there is nothing to open in window %llu", (unsigned long long)round);
    OG_TRY(check_openings(x->l, &w, opened, err));
    w.state = WINDOW_SHOWN;
    push(&w, w.value);
    return apply(x->l, &w, err);
}

enum og_rc og_led_windows_shown(struct og_ledger *l, uint64_t node, bool *shown, struct og_err *err)
{
    struct og_window w = {.node = node};
    *shown = false;
    enum og_rc rc = l->p.protocol < 2 ? OG_OK : og_row_get(l->st, OG_F_WINDOW, &w, shown, err);
    *shown = *shown && w.shown > 0;
    return rc;
}

struct windows {
    struct og_window *w;
    size_t n, cap;
};

static enum og_rc collect(void *ctx, const void *rec, struct og_err *err)
{
    (void)err;
    struct windows *k = ctx;
    k->w = og_xgrow(k->w, &k->cap, k->n + 1, sizeof *k->w);
    k->w[k->n++] = *(const struct og_window *)rec;
    return OG_OK;
}

/* A window that has begun counts, shown or not; one who never took part is not asked. */
enum og_rc og_led_windows_over(struct og_ledger *l, uint64_t epoch, struct og_err *err)
{
    struct windows k = {0};
    if (l->p.protocol < 2)
        return OG_OK;
    enum og_rc rc = og_row_walk(l->st, OG_F_WINDOW, collect, &k, err);
    for (size_t i = 0; rc == OG_OK && i < k.n; i++) {
        struct og_window *w = &k.w[i];
        if (w->epoch == epoch && w->state == WINDOW_SHOWN)
            continue;
        w->epoch = epoch;
        w->state = WINDOW_SHOWN;
        push(w, 0);
        rc = apply(l, w, err);
    }
    free(k.w);
    return rc;
}
