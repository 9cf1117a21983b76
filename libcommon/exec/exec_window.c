/* exec_window.c - lanes of products, some to a thread that takes one step of all of them at once:
 * every state hashed, one in KEEP kept, so that any can be had again by a few products. */
#include "exec/exec_window.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "crypto/crypto_sig.h"
#include "exec/exec_matmul.h"
#include "json/json_get.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define KEEP  128 /* steps from one kept state to the next */
#define BATCH 8   /* lanes of a thread */
#define HALF  (OG_CAP_P / 2)

struct lane {
    struct og_hash *leaf; /* of states 0..n-1 */
    size_t n, cap;
    uint16_t *kept; /* states 0, KEEP, ... */
    size_t n_kept, cap_kept;
};

struct crew {
    const struct og_window_run *run;
    uint64_t first; /* of BATCH lanes */
    pthread_t id;
    bool started;
};

struct og_window_run {
    struct og_hash seed;
    float *a;
    uint64_t end_ms; /* own clock */
    const volatile sig_atomic_t *stop;
    struct lane *lane;
    uint64_t lanes, steps;
    struct og_hash *leaf; /* of all lanes, steps + 1 each */
    struct og_hash root;
    struct og_hash *chunk;
    uint64_t chunks;
    struct og_hash mem_root;
};

/* Around 0, so that sums stay exact. */
static float centred(unsigned v)
{
    return (float)((int)v - (v > HALF ? OG_CAP_P : 0));
}

/* n lanes from their states i (m, and the same centred in c) to i + 1. p: as large as c. */
static void step(const struct og_window_run *r, uint64_t first, size_t n, uint64_t i, uint16_t *m,
                 float *c, float *p)
{
    const uint32_t up = OG_CAP_P * 33000u; /* above any sum's absolute value */
    uint16_t d[OG_CAP_CELLS];
    og_matmul_f32(n * OG_CAP_ROWS, OG_CAP_N, OG_CAP_N, c, r->a, p);
    for (size_t k = 0; k < n; k++) {
        og_cap_d(&r->seed, first + k, i + 1, d);
        for (size_t q = 0; q < OG_CAP_CELLS; q++) {
            size_t at = k * OG_CAP_CELLS + q;
            unsigned v = ((uint32_t)(int32_t)p[at] + up + d[q]) % OG_CAP_P;
            m[at] = (uint16_t)v;
            c[at] = centred(v);
        }
    }
}

static void note(struct lane *x, const uint16_t *m)
{
    uint8_t packed[OG_CAP_BYTES];
    og_cap_pack(m, packed);
    if (x->n % KEEP == 0) {
        x->kept = og_xgrow(x->kept, &x->cap_kept, (x->n_kept + 1) * OG_CAP_CELLS, sizeof *x->kept);
        memcpy(x->kept + x->n_kept++ * OG_CAP_CELLS, m, OG_CAP_CELLS * sizeof *m);
    }
    x->leaf = og_xgrow(x->leaf, &x->cap, x->n + 1, sizeof *x->leaf);
    x->leaf[x->n++] = og_cap_leaf(packed);
}

static void *run_crew(void *ctx)
{
    const struct crew *w = ctx;
    const struct og_window_run *r = w->run;
    const size_t all = BATCH * OG_CAP_CELLS;
    uint16_t *m = og_xcalloc(all, sizeof *m);
    float *c = og_xcalloc(2 * all, sizeof *c);
    for (size_t k = 0; k < BATCH; k++)
        og_cap_d(&r->seed, w->first + k, 0, m + k * OG_CAP_CELLS);
    for (size_t q = 0; q < all; q++)
        c[q] = centred(m[q]);
    for (uint64_t i = 0;; i++) {
        for (size_t k = 0; k < BATCH; k++)
            note(&r->lane[w->first + k], m + k * OG_CAP_CELLS);
        if (i && (og_time_mono_ms() >= r->end_ms || (r->stop && *r->stop)))
            break;
        step(r, w->first, BATCH, i, m, c, c + all);
    }
    free(m);
    free(c);
    return NULL;
}

/* State i of a lane again, from the kept one before it, and the one after. */
static void states(const struct og_window_run *r, uint64_t lane, uint64_t i, uint16_t *from,
                   uint16_t *to)
{
    const struct lane *x = &r->lane[lane];
    float *c = og_xcalloc(2 * OG_CAP_CELLS, sizeof *c);
    memcpy(to, x->kept + i / KEEP * OG_CAP_CELLS, OG_CAP_CELLS * sizeof *to);
    for (size_t q = 0; q < OG_CAP_CELLS; q++)
        c[q] = centred(to[q]);
    for (uint64_t k = i / KEEP * KEEP; k <= i; k++) {
        memcpy(from, to, OG_CAP_CELLS * sizeof *to);
        step(r, lane, 1, k, to, c, c + OG_CAP_CELLS);
    }
    free(c);
}

static enum og_rc fill_memory(struct og_window_run *r, uint64_t mem_bytes, uint8_t **mem,
                              struct og_err *err)
{
    r->chunks = og_max_u64(1, og_min_u64(mem_bytes / OG_CAP_CHUNK, UINT32_MAX));
    void *p = mmap(NULL, r->chunks * OG_CAP_CHUNK, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return og_err_set(err, OG_E_UNAVAILABLE, "no %llu bytes of memory for the capacity window",
                          (unsigned long long)(r->chunks * OG_CAP_CHUNK));
    *mem = p;
    for (uint64_t j = 0; j < r->chunks && !(r->stop && *r->stop); j++)
        og_cap_chunk(&r->seed, j, *mem + j * OG_CAP_CHUNK);
    return OG_OK;
}

static void read_memory(struct og_window_run *r, const uint8_t *mem)
{
    r->chunk = og_xcalloc(r->chunks, sizeof *r->chunk);
    for (uint64_t j = 0; j < r->chunks; j++)
        r->chunk[j] = og_merkle_leaf(mem + j * OG_CAP_CHUNK, OG_CAP_CHUNK);
    r->mem_root = og_merkle_root(r->chunk, r->chunks);
}

static enum og_rc run_lanes(struct og_window_run *r, struct og_err *err)
{
    size_t n = (size_t)(r->lanes / BATCH);
    struct crew *crew = og_xcalloc(n, sizeof *crew);
    bool all = true;
    for (size_t i = 0; i < n; i++) {
        crew[i] = (struct crew){.run = r, .first = i * BATCH};
        crew[i].started = pthread_create(&crew[i].id, NULL, run_crew, &crew[i]) == 0;
        all = all && crew[i].started;
    }
    for (size_t i = 0; i < n; i++)
        if (crew[i].started)
            pthread_join(crew[i].id, NULL);
    free(crew);
    return all ? OG_OK : og_err_set(err, OG_E_UNAVAILABLE, "no threads for the capacity window");
}

/* Lanes are cut to the shortest. */
static void join_lanes(struct og_window_run *r)
{
    size_t least = SIZE_MAX;
    for (uint64_t i = 0; i < r->lanes; i++)
        least = r->lane[i].n < least ? r->lane[i].n : least;
    r->steps = least - 1;
    r->leaf = og_xcalloc(r->lanes * least, sizeof *r->leaf);
    for (uint64_t i = 0; i < r->lanes; i++)
        memcpy(r->leaf + i * least, r->lane[i].leaf, least * sizeof *r->leaf);
    r->root = og_merkle_root(r->leaf, r->lanes * least);
}

enum og_rc og_window_run(const struct og_hash *seed, uint64_t threads, uint64_t ms,
                         uint64_t mem_bytes, const volatile sig_atomic_t *stop,
                         struct og_window_run **out, struct og_err *err)
{
    struct og_window_run *r = og_xcalloc(1, sizeof *r);
    uint16_t *a = og_xcalloc(OG_CAP_A_CELLS, sizeof *a);
    uint8_t *mem = NULL;
    *out = NULL;
    r->seed = *seed;
    r->stop = stop;
    r->lanes = og_min_u64(og_max_u64(1, threads) * BATCH, OG_CAP_LANES_MAX);
    r->lane = og_xcalloc(r->lanes, sizeof *r->lane);
    r->a = og_xcalloc(OG_CAP_A_CELLS, sizeof *r->a);
    og_cap_a(seed, a);
    for (size_t i = 0; i < OG_CAP_A_CELLS; i++)
        r->a[i] = centred(a[i]);
    free(a);
    enum og_rc rc = fill_memory(r, mem_bytes, &mem, err);
    r->end_ms = og_time_mono_ms() + ms;
    if (rc == OG_OK)
        rc = run_lanes(r, err);
    if (rc == OG_OK && stop && *stop)
        rc = og_err_set(err, OG_E_TEMPFAIL, "stopped");
    if (rc == OG_OK) {
        read_memory(r, mem);
        join_lanes(r);
    }
    if (mem)
        munmap(mem, r->chunks * OG_CAP_CHUNK);
    r->stop = NULL;
    if (rc == OG_OK)
        *out = r;
    else
        og_window_run_free(r);
    return rc;
}

void og_window_run_free(struct og_window_run *r)
{
    if (!r)
        return;
    for (uint64_t i = 0; i < r->lanes; i++) {
        free(r->lane[i].leaf);
        free(r->lane[i].kept);
    }
    free(r->lane);
    free(r->a);
    free(r->leaf);
    free(r->chunk);
    free(r);
}

uint64_t og_window_steps(const struct og_window_run *r)
{
    return r->lanes * r->steps;
}

json_t *og_window_commit(const struct og_window_run *r, uint64_t epoch, uint64_t height)
{
    return json_pack("{s:I, s:I, s:I, s:[o, o], s:I, s:I}", "chunks", (json_int_t)r->chunks,
                     "height", (json_int_t)height, "lanes", (json_int_t)r->lanes, "roots",
                     og_json_new_hex(r->root.b, OG_HASH_LEN),
                     og_json_new_hex(r->mem_root.b, OG_HASH_LEN), "round", (json_int_t)epoch,
                     "steps", (json_int_t)r->steps);
}

static json_t *aunts_of(const struct og_hash *leaf, size_t n, size_t at)
{
    struct og_merkle_path p;
    json_t *list = json_array();
    og_merkle_prove(leaf, n, at, &p);
    for (size_t i = 0; i < p.n; i++)
        json_array_append_new(list, og_json_new_hex(p.aunt[i].b, OG_HASH_LEN));
    return list;
}

static json_t *packed(const uint16_t *m)
{
    uint8_t bytes[OG_CAP_BYTES];
    struct og_buf text = OG_BUF_INIT;
    og_cap_pack(m, bytes);
    og_base64_encode(bytes, sizeof bytes, &text);
    json_t *s = json_stringn(text.p, text.len);
    og_buf_release(&text);
    return s;
}

json_t *og_window_reveal(const struct og_window_run *r, uint64_t epoch, uint64_t node,
                         const struct og_hash *beacon)
{
    json_t *opened = json_array();
    size_t all = (size_t)(r->lanes * (r->steps + 1));
    for (uint64_t k = 0; k < OG_CAP_DRAWN; k++) {
        uint64_t lane, at;
        uint16_t from[OG_CAP_CELLS];
        uint16_t to[OG_CAP_CELLS];
        og_cap_draw(beacon, node, k, r->lanes, r->steps, &lane, &at);
        states(r, lane, at, from, to);
        size_t leaf = (size_t)(lane * (r->steps + 1) + at);
        uint64_t j = og_cap_draw_chunk(beacon, node, k, r->chunks);
        json_array_append_new(opened,
                              json_pack("{s:o, s:o, s:o, s:o, s:o}", "chunk_aunts",
                                        aunts_of(r->chunk, r->chunks, j), "from", packed(from),
                                        "from_aunts", aunts_of(r->leaf, all, leaf), "to",
                                        packed(to), "to_aunts", aunts_of(r->leaf, all, leaf + 1)));
    }
    return json_pack("{s:o, s:I}", "opened", opened, "round", (json_int_t)epoch);
}
