/* check_capacity.c - matrices from a seed, their packed form, Freivalds' check modulo a prime. */
#include "check/check_capacity.h"

#include "base/base_num.h"

#include <string.h>

#define ROUNDS 2

struct og_hash og_cap_seed(const struct og_hash *beacon, uint64_t node)
{
    struct og_hasher h;
    og_hasher_init(&h);
    og_hasher_tag(&h, "ogpu-window");
    og_hasher_add(&h, beacon->b, OG_HASH_LEN);
    og_hasher_u64(&h, node);
    return og_hasher_final(&h);
}

/* Where the counter generator of (what, a) starts. */
static uint64_t base_of(const struct og_hash *seed, const char *what, uint64_t a)
{
    struct og_hasher h;
    og_hasher_init(&h);
    og_hasher_tag(&h, what);
    og_hasher_add(&h, seed->b, OG_HASH_LEN);
    og_hasher_u64(&h, a);
    struct og_hash d = og_hasher_final(&h);
    return og_get_be64(d.b);
}

/* Four values of 16 bits from each number, scaled to below p. */
static void fill(uint64_t base, uint16_t *out, size_t n)
{
    for (size_t i = 0; i < n; i += 4) {
        uint64_t x = og_splitmix64(base + i / 4);
        for (size_t k = 0; k < 4; k++)
            out[i + k] = (uint16_t)(((x >> (16 * k) & 0xffff) * OG_CAP_P) >> 16);
    }
}

void og_cap_a(const struct og_hash *seed, uint16_t out[OG_CAP_A_CELLS])
{
    fill(base_of(seed, "ogpu-window-a", 0), out, OG_CAP_A_CELLS);
}

void og_cap_d(const struct og_hash *seed, uint64_t lane, uint64_t step, uint16_t out[OG_CAP_CELLS])
{
    fill(base_of(seed, "ogpu-window-lane", lane) + step * (OG_CAP_CELLS / 4), out, OG_CAP_CELLS);
}

/* Eight entries of nine bits are nine bytes: the low eight bits of each, then the ninth of all. */
void og_cap_pack(const uint16_t m[OG_CAP_CELLS], uint8_t out[OG_CAP_BYTES])
{
    for (size_t i = 0; i < OG_CAP_CELLS / 8; i++) {
        const uint16_t *s = m + 8 * i;
        uint8_t *to = out + 9 * i;
        unsigned high = 0;
        for (size_t k = 0; k < 8; k++) {
            to[k] = (uint8_t)s[k];
            high |= (unsigned)(s[k] >> 8) << k;
        }
        to[8] = (uint8_t)high;
    }
}

bool og_cap_unpack(const uint8_t in[OG_CAP_BYTES], uint16_t m[OG_CAP_CELLS])
{
    bool ok = true;
    for (size_t i = 0; i < OG_CAP_CELLS; i++) {
        const uint8_t *from = in + i / 8 * 9;
        m[i] = (uint16_t)(from[i % 8] | (from[8] >> (i % 8) & 1) << 8);
        ok = ok && m[i] < OG_CAP_P;
    }
    return ok;
}

struct og_hash og_cap_leaf(const uint8_t packed[OG_CAP_BYTES])
{
    return og_merkle_leaf(packed, OG_CAP_BYTES);
}

void og_cap_chunk(const struct og_hash *seed, uint64_t j, uint8_t out[OG_CAP_CHUNK])
{
    uint64_t base = base_of(seed, "ogpu-window-memory", 0) + j * (OG_CAP_CHUNK / 8);
    for (size_t i = 0; i < OG_CAP_CHUNK / 8; i++)
        og_put_be64(out + 8 * i, og_splitmix64(base + i));
}

static uint64_t drawn(const struct og_hash *beacon, const char *what, uint64_t node, uint64_t k,
                      uint64_t below)
{
    struct og_hasher h;
    og_hasher_init(&h);
    og_hasher_tag(&h, what);
    og_hasher_add(&h, beacon->b, OG_HASH_LEN);
    og_hasher_u64(&h, node);
    og_hasher_u64(&h, k);
    struct og_hash d = og_hasher_final(&h);
    return (uint64_t)((og_u128)og_get_be64(d.b) * below >> 64);
}

void og_cap_draw(const struct og_hash *beacon, uint64_t node, uint64_t k, uint64_t lanes,
                 uint64_t steps, uint64_t *lane, uint64_t *step)
{
    uint64_t i = drawn(beacon, "ogpu-window-step", node, k, lanes * steps);
    *lane = i / steps;
    *step = i % steps;
}

uint64_t og_cap_draw_chunk(const struct og_hash *beacon, uint64_t node, uint64_t k, uint64_t chunks)
{
    return drawn(beacon, "ogpu-window-chunk", node, k, chunks);
}

/* out = m · x mod p, m of `rows` rows; a sum of 256 products of nine bits fits 32 bits. */
static void times(const uint16_t *m, size_t rows, const uint16_t *x, uint16_t *out)
{
    for (size_t i = 0; i < rows; i++) {
        uint32_t sum = 0;
        for (size_t j = 0; j < OG_CAP_N; j++)
            sum += (uint32_t)m[i * OG_CAP_N + j] * x[j];
        out[i] = (uint16_t)(sum % OG_CAP_P);
    }
}

bool og_cap_check(const struct og_hash *seed, const uint16_t *a, const struct og_hash *beacon,
                  uint64_t lane, uint64_t step, const uint16_t from[OG_CAP_CELLS],
                  const uint16_t to[OG_CAP_CELLS])
{
    uint16_t d[OG_CAP_CELLS];
    og_cap_d(seed, lane, step + 1, d);
    uint64_t base = base_of(beacon, "ogpu-window-vector", lane) ^ step;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        uint16_t r[OG_CAP_N], ar[OG_CAP_N];
        uint16_t x[OG_CAP_ROWS], dr[OG_CAP_ROWS], want[OG_CAP_ROWS];
        fill(base + round * OG_CAP_N, r, OG_CAP_N);
        times(a, OG_CAP_N, r, ar);
        times(from, OG_CAP_ROWS, ar, x);
        times(d, OG_CAP_ROWS, r, dr);
        times(to, OG_CAP_ROWS, r, want);
        for (size_t i = 0; i < OG_CAP_ROWS; i++)
            if ((x[i] + dr[i]) % OG_CAP_P != want[i])
                return false;
    }
    return true;
}

uint64_t og_cap_rate(uint64_t lanes, uint64_t steps, uint64_t ms)
{
    return og_muldiv(lanes * steps, OG_CAP_FLOP, 1000 * ms);
}

uint64_t og_cap_ceiling(const char *hw_class, uint64_t cores)
{
    static const struct {
        const char *name;
        uint64_t flop_a_cycle;
    } known[] = {{"cpu-x86-64-v1", 8},
                 {"cpu-x86-64-v2", 8},
                 {"cpu-x86-64-v3", 32},
                 {"cpu-x86-64-v4", 64},
                 {"cpu-aarch64", 32}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(hw_class, known[i].name) == 0)
            return og_muldiv(og_muldiv(cores, known[i].flop_a_cycle * 6500, 1), 105, 100);
    return UINT64_MAX;
}

uint64_t og_cap_median(const uint64_t v[OG_CAP_KEPT], uint64_t n)
{
    uint64_t s[OG_CAP_KEPT];
    size_t k = n < OG_CAP_KEPT ? (size_t)n : OG_CAP_KEPT;
    for (size_t i = 0; i < k; i++) {
        size_t j = i;
        for (; j > 0 && s[j - 1] > v[i]; j--)
            s[j] = s[j - 1];
        s[j] = v[i];
    }
    return k ? s[(k - 1) / 2] : 0;
}
