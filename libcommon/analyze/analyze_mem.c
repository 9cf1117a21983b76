/* analyze_mem.c - pieces of memory put together again. */
#include "analyze/analyze_mem.h"

#include "base/base_mem.h"

#include <stdlib.h>
#include <string.h>

#define CHUNKS_MAX 4096

void og_mem_copy(struct og_mem *to, const struct og_mem *from)
{
    *to = *from;
    to->cap = from->n + 8;
    to->v = og_xmalloc(to->cap * sizeof *to->v);
    if (from->n)
        memcpy(to->v, from->v, from->n * sizeof *to->v);
}

void og_mem_release(struct og_mem *m)
{
    free(m->v);
    *m = (struct og_mem){0};
}

static og_t shl(struct og_terms *ts, uint64_t by, og_t t)
{
    return og_term_op(ts, OG_T_SHL, og_term_u64(ts, by), t, 0);
}

static og_t shr(struct og_terms *ts, uint64_t by, og_t t)
{
    return og_term_op(ts, OG_T_SHR, og_term_u64(ts, by), t, 0);
}

static og_t plus(struct og_terms *ts, og_t t, uint64_t n)
{
    return og_term_op(ts, OG_T_ADD, og_term_u64(ts, n), t, 0);
}

og_t og_data_word(struct og_terms *ts, og_t place, uint32_t tx)
{
    uint64_t off;
    if (!og_term_is_u64(ts, place, &off) || (off > 0 && off < 4) || off > 1u << 20)
        return og_term_raw(ts, OG_T_CDLOAD, tx, place, 0);
    if (off == 0)
        return og_term_op(ts, OG_T_OR, shl(ts, 224, og_term_var(ts, OG_V_SELECTOR, tx, 0)),
                          shr(ts, 32, og_term_var(ts, OG_V_CDWORD, tx, 0)), 0);
    uint32_t k = (uint32_t)((off - 4) / 32);
    unsigned r = (unsigned)(off - 4) % 32;
    og_t w = og_term_var(ts, OG_V_CDWORD, tx, k);
    if (!r)
        return w;
    return og_term_op(ts, OG_T_OR, shl(ts, 8 * r, w),
                      shr(ts, 256 - 8 * r, og_term_var(ts, OG_V_CDWORD, tx, k + 1)), 0);
}

/* Same base and wholly within what is written now: gone. */
static void forget(struct og_mem *m, const struct og_chunk *c)
{
    size_t n = 0;
    for (size_t i = 0; i < m->n; i++) {
        const struct og_chunk *o = &m->v[i];
        bool gone = o->base == c->base && o->off >= c->off && o->len != OG_CHUNK_END &&
                    c->len != OG_CHUNK_END && o->off + o->len <= c->off + c->len;
        if (!gone)
            m->v[n++] = *o;
    }
    m->n = n;
}

void og_mem_write(struct og_terms *ts, struct og_mem *m, og_t place, const struct og_chunk *c)
{
    struct og_u256 off;
    struct og_chunk k = *c;
    k.base = og_term_split(ts, place, &off);
    if (!og_u256_fits_u64(&off) || off.w[0] > UINT64_C(1) << 40 || m->n >= CHUNKS_MAX) {
        m->lost = true;
        return;
    }
    k.off = off.w[0];
    if (k.len == 0)
        return;
    m->guessed |= k.base != 0;
    forget(m, &k);
    m->v = og_xgrow(m->v, &m->cap, m->n + 1, sizeof *m->v);
    m->v[m->n++] = k;
}

void og_mem_put_word(struct og_terms *ts, struct og_mem *m, og_t place, og_t word)
{
    struct og_chunk c = {.kind = OG_CHUNK_WORD, .at = word, .len = 32};
    og_mem_write(ts, m, place, &c);
}

void og_mem_put_bytes(struct og_terms *ts, struct og_mem *m, og_t place, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i += 32) {
        uint8_t b[32] = {0};
        size_t k = n - i < 32 ? n - i : 32;
        memcpy(b, p + i, k);
        struct og_u256 w = og_u256_load(b);
        struct og_chunk c = {.kind = OG_CHUNK_WORD, .at = og_term_const(ts, &w), .len = k};
        og_mem_write(ts, m, plus(ts, place, i), &c);
    }
}

/* 32 bytes from `from` on within the chunk, whatever lies behind it. */
static og_t within(struct og_terms *ts, const struct og_chunk *c, uint64_t from, uint32_t tx)
{
    switch (c->kind) {
    case OG_CHUNK_WORD: return shl(ts, 8 * from, c->at);
    case OG_CHUNK_BYTE: return shl(ts, 248, c->at);
    case OG_CHUNK_DATA: return og_data_word(ts, plus(ts, c->at, from), tx);
    case OG_CHUNK_RET: return og_term_raw(ts, OG_T_RETWORD, c->id, plus(ts, c->at, from), 0);
    case OG_CHUNK_ZERO: return og_term_u64(ts, 0);
    case OG_CHUNK_ANY: return og_term_fresh(ts, OG_V_ANY, tx);
    }
    return og_term_fresh(ts, OG_V_ANY, tx);
}

/* The newest chunk that holds the byte; -1: none. */
static long find(const struct og_mem *m, og_t base, uint64_t off)
{
    for (size_t i = m->n; i-- > 0;) {
        const struct og_chunk *c = &m->v[i];
        if (c->base == base && off >= c->off && (c->len == OG_CHUNK_END || off - c->off < c->len))
            return (long)i;
    }
    return -1;
}

static og_t piece(struct og_terms *ts, const struct og_mem *m, long i, og_t base, uint64_t off,
                  uint32_t tx)
{
    if (i < 0)
        return base ? og_term_fresh(ts, OG_V_ANY, tx) : og_term_u64(ts, 0);
    return within(ts, &m->v[i], off - m->v[i].off, tx);
}

og_t og_mem_word(struct og_terms *ts, struct og_mem *m, og_t place, uint32_t tx)
{
    struct og_u256 o;
    og_t base = og_term_split(ts, place, &o), all = 0;
    if (m->lost || !og_u256_fits_u64(&o) || o.w[0] > UINT64_C(1) << 40)
        return og_term_fresh(ts, OG_V_ANY, tx);
    uint64_t off = o.w[0];
    long at = find(m, base, off);
    for (unsigned i = 0; i < 32;) {
        unsigned k = i + 1;
        long next = -1;
        while (k < 32 && (next = find(m, base, off + k)) == at)
            k++;
        og_t p = piece(ts, m, at, base, off + i, tx);
        if (k - i < 32)
            p = shl(ts, 8 * (32 - k), shr(ts, 8 * (32 - (k - i)), p));
        all = all ? og_term_op(ts, OG_T_OR, all, p, 0) : p;
        i = k;
        at = next;
    }
    return all;
}
