/* vm_net.c - precompiles of the network that compute, and what all of them cost. */
#include "vm/vm_net.h"

#include "base/base_mem.h"
#include "vm/vm_int.h"

#include <stdlib.h>
#include <string.h>

#define WORD       32
#define ROUNDS_MAX 16

void og_vm_set_net(struct og_vm *vm, const struct og_vm_net *net)
{
    vm->net = net;
}

unsigned og_vm_net_number_of(const struct og_addr *a)
{
    static const uint8_t zero[OG_ADDR_LEN - 2];
    unsigned v = (unsigned)a->b[OG_ADDR_LEN - 2] << 8 | a->b[OG_ADDR_LEN - 1];
    bool known = (v >= OG_VM_NET_SUBMIT && v <= OG_VM_NET_MARKET) ||
                 (v >= OG_VM_NET_MATMUL_I32 && v <= OG_VM_NET_FREIVALDS);
    return known && memcmp(a->b, zero, sizeof zero) == 0 ? v : 0;
}

struct og_addr og_vm_net_addr(enum og_vm_net_number n)
{
    struct og_addr a = {{0}};
    a.b[OG_ADDR_LEN - 2] = (uint8_t)((unsigned)n >> 8);
    a.b[OG_ADDR_LEN - 1] = (uint8_t)n;
    return a;
}

void og_vm_net_log(struct og_vm *vm, const struct og_addr *addr, const struct og_u256 *topic,
                   unsigned n_topics, const void *data, size_t len)
{
    vm->log = og_xgrow(vm->log, &vm->cap_logs, vm->n_logs + 1, sizeof *vm->log);
    struct og_vm_log *log = &vm->log[vm->n_logs++];
    *log = (struct og_vm_log){.addr = *addr, .n_topics = n_topics, .len = len};
    memcpy(log->topic, topic, n_topics * sizeof *topic);
    log->data = len ? og_xmemdup(data, len) : NULL;
}

/* A word below 2^32 at place i; false: it is not there, or larger. */
static bool small_word(const uint8_t *in, size_t n, size_t i, uint64_t *out)
{
    if (n < (i + 1) * WORD)
        return false;
    struct og_u256 w = og_u256_load(in + i * WORD);
    *out = w.w[0];
    return og_u256_fits_u64(&w) && w.w[0] >> 32 == 0;
}

struct shape {
    uint64_t m, k, n, rounds;
    const uint8_t *a, *b, *c; /* c: of FREIVALDS */
    uint64_t cells;           /* m·k·n, or of FREIVALDS m·k + k·n + m·n */
};

/* head: words before the numbers; each number takes `bytes`. */
static bool read_shape(const uint8_t *in, size_t len, bool has_c, size_t bytes, struct shape *s)
{
    size_t head = (has_c ? 5 : 3) * (size_t)WORD;
    s->rounds = 1;
    if (!small_word(in, len, 0, &s->m) || !small_word(in, len, 1, &s->k) ||
        !small_word(in, len, 2, &s->n) || (has_c && !small_word(in, len, 3, &s->rounds)))
        return false;
    og_u128 mkn = (og_u128)s->m * s->k * s->n;
    if (len < head || mkn == 0 || mkn > OG_VM_NET_CELLS || s->rounds == 0 || s->rounds > ROUNDS_MAX)
        return false;
    uint64_t numbers = s->m * s->k + s->k * s->n + (has_c ? s->m * s->n : 0);
    if (len - head != numbers * bytes)
        return false;
    s->a = in + head;
    s->b = s->a + s->m * s->k * bytes;
    s->c = s->b + s->k * s->n * bytes;
    s->cells = has_c ? numbers : (uint64_t)mkn;
    return true;
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

static uint8_t *extend(struct og_buf *out, size_t n)
{
    og_buf_reserve(out, n + 1);
    uint8_t *p = (uint8_t *)out->p + out->len;
    out->len += n;
    out->p[out->len] = '\0';
    return p;
}

static bool matmul_i32(const uint8_t *in, size_t len, struct og_buf *out)
{
    struct shape s;
    if (!read_shape(in, len, false, 4, &s))
        return false;
    uint32_t *b = og_xmalloc(s.k * s.n * sizeof *b);
    uint32_t *c = og_xmalloc(s.n * sizeof *c);
    uint8_t *to = extend(out, s.m * s.n * 4);
    for (size_t i = 0; i < s.k * s.n; i++)
        b[i] = get32(s.b + 4 * i);
    for (size_t i = 0; i < s.m; i++) {
        memset(c, 0, s.n * sizeof *c);
        for (size_t l = 0; l < s.k; l++) {
            uint32_t x = get32(s.a + 4 * (i * s.k + l));
            const uint32_t *row = b + l * s.n;
            for (size_t j = 0; j < s.n; j++)
                c[j] += x * row[j];
        }
        for (size_t j = 0; j < s.n; j++)
            put32(to + 4 * (i * s.n + j), c[j]);
    }
    free(b);
    free(c);
    return true;
}

/* x modulo p, as 2^64 = 2^32 − 1 and 2^96 = −1 modulo p. */
static uint64_t reduce(og_u128 x)
{
    uint64_t lo = (uint64_t)x;
    uint64_t hi = (uint64_t)(x >> 64);
    uint64_t t = lo - (hi >> 32);
    if (lo < hi >> 32)
        t -= 0xffffffffu; /* + p, modulo 2^64 */
    uint64_t u = (hi & 0xffffffffu) * 0xffffffffu;
    uint64_t r = t + u;
    if (r < u)
        r += 0xffffffffu;
    return r >= OG_VM_NET_P ? r - OG_VM_NET_P : r;
}

static uint64_t add_p(uint64_t a, uint64_t b)
{
    uint64_t r = a + b;
    return r < a || r >= OG_VM_NET_P ? r - OG_VM_NET_P : r;
}

/* n residues; NULL: one of them is none. The caller frees. */
static uint64_t *residues(const uint8_t *p, size_t n)
{
    uint64_t *v = og_xmalloc((n + 1) * sizeof *v);
    for (size_t i = 0; i < n; i++) {
        v[i] = og_u256_get_be64(p + 8 * i);
        if (v[i] >= OG_VM_NET_P) {
            free(v);
            return NULL;
        }
    }
    return v;
}

/* Σ a[i]·b[i] modulo p: 128 bits and what passed them, n < 2^32; 2^128 = −2^32 modulo p. */
static uint64_t dot_p(const uint64_t *a, const uint64_t *b, size_t n)
{
    og_u128 sum = 0;
    uint64_t over = 0;
    for (size_t i = 0; i < n; i++) {
        og_u128 x = (og_u128)a[i] * b[i];
        sum += x;
        over += sum < x;
    }
    uint64_t minus = reduce((og_u128)over << 32);
    return add_p(reduce(sum), minus ? OG_VM_NET_P - minus : 0);
}

/* k rows of n as n rows of k. The caller frees. */
static uint64_t *transposed(const uint64_t *b, size_t k, size_t n)
{
    uint64_t *t = og_xmalloc((k * n + 1) * sizeof *t);
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < n; j++)
            t[j * k + i] = b[i * n + j];
    return t;
}

static bool matmul_modp(const uint8_t *in, size_t len, struct og_buf *out)
{
    struct shape s;
    if (!read_shape(in, len, false, 8, &s))
        return false;
    uint64_t *a = residues(s.a, s.m * s.k);
    uint64_t *b = residues(s.b, s.k * s.n);
    bool ok = a && b;
    uint64_t *t = ok ? transposed(b, s.k, s.n) : NULL;
    uint8_t *to = ok ? extend(out, s.m * s.n * 8) : NULL;
    for (size_t i = 0; ok && i < s.m; i++)
        for (size_t j = 0; j < s.n; j++)
            og_u256_put_be64(to + 8 * (i * s.n + j), dot_p(a + i * s.k, t + j * s.k, s.k));
    free(a);
    free(b);
    free(t);
    return ok;
}

/* The vector of a round: residues from Keccak-256 in counter mode; those above p are passed over.
 */
static void draw(const struct og_hash *seed, uint64_t round, uint64_t *r, size_t n)
{
    uint8_t b[OG_HASH_LEN + 16];
    uint64_t counter = 0;
    size_t have = 0;
    memcpy(b, seed->b, OG_HASH_LEN);
    og_u256_put_be64(b + OG_HASH_LEN, round);
    while (have < n) {
        og_u256_put_be64(b + OG_HASH_LEN + 8, counter++);
        struct og_hash h = og_keccak256(b, sizeof b);
        for (size_t i = 0; i < 4 && have < n; i++) {
            uint64_t v = og_u256_get_be64(h.b + 8 * i);
            if (v < OG_VM_NET_P)
                r[have++] = v;
        }
    }
}

struct freivalds {
    struct shape s;
    uint64_t *a, *b, *c;
    uint64_t *r, *br;
};

static bool round_holds(struct freivalds *f, const struct og_hash *seed, uint64_t round)
{
    const struct shape *s = &f->s;
    draw(seed, round, f->r, s->n);
    for (size_t i = 0; i < s->k; i++)
        f->br[i] = dot_p(f->b + i * s->n, f->r, s->n);
    for (size_t i = 0; i < s->m; i++)
        if (dot_p(f->a + i * s->k, f->br, s->k) != dot_p(f->c + i * s->n, f->r, s->n))
            return false;
    return true;
}

static bool freivalds(const struct og_u256 *prevrandao, const uint8_t *in, size_t len,
                      struct og_buf *out)
{
    struct freivalds f;
    uint8_t seed_of[2 * WORD + OG_HASH_LEN];
    if (!read_shape(in, len, true, 8, &f.s))
        return false;
    struct og_hash all = og_keccak256(in, len); /* A, B, C, their shape, rounds and root */
    og_u256_store(prevrandao, seed_of);
    memcpy(seed_of + WORD, in + 4 * (size_t)WORD, WORD);
    memcpy(seed_of + 2 * WORD, all.b, OG_HASH_LEN);
    struct og_hash seed = og_keccak256(seed_of, sizeof seed_of);
    f.a = residues(f.s.a, f.s.m * f.s.k);
    f.b = residues(f.s.b, f.s.k * f.s.n);
    f.c = residues(f.s.c, f.s.m * f.s.n);
    f.r = og_xmalloc((f.s.n + 1) * sizeof *f.r);
    f.br = og_xmalloc((f.s.k + 1) * sizeof *f.br);
    bool ok = f.a && f.b && f.c;
    bool holds = ok;
    for (uint64_t i = 0; holds && i < f.s.rounds; i++)
        holds = round_holds(&f, &seed, i);
    if (ok) {
        uint8_t *to = extend(out, WORD);
        memset(to, 0, WORD);
        to[WORD - 1] = holds;
    }
    free(f.a);
    free(f.b);
    free(f.c);
    free(f.r);
    free(f.br);
    return ok;
}

struct vector {
    uint64_t op, n;
    const uint8_t *a, *b;
};

static bool read_vector(const uint8_t *in, size_t len, struct vector *v)
{
    if (!small_word(in, len, 0, &v->op) || !small_word(in, len, 1, &v->n) ||
        v->op > OG_VM_NET_ARGMAX || v->n >= OG_VM_NET_CELLS)
        return false;
    bool two = v->op == OG_VM_NET_ADD || v->op == OG_VM_NET_MUL || v->op == OG_VM_NET_DOT;
    v->a = in + 2 * (size_t)WORD;
    v->b = v->a + 4 * v->n;
    return len - 2 * (size_t)WORD == v->n * (two ? 8 : 4) && (v->n || v->op != OG_VM_NET_ARGMAX);
}

static int64_t int_at(const uint8_t *p, size_t i)
{
    return (int32_t)get32(p + 4 * i);
}

static uint32_t element(const struct vector *v, size_t i)
{
    uint32_t a = get32(v->a + 4 * i);
    if (v->op == OG_VM_NET_RELU)
        return a >> 31 ? 0 : a;
    uint32_t b = get32(v->b + 4 * i);
    return v->op == OG_VM_NET_ADD ? a + b : a * b;
}

/* DOT may pass 64 bits: 2^24 products of 2^62 are below 2^86. */
static void scalar(const struct vector *v, uint8_t *to)
{
    __extension__ __int128 sum = 0;
    size_t best = 0;
    for (size_t i = 0; i < v->n; i++) {
        int64_t a = int_at(v->a, i);
        if (v->op == OG_VM_NET_ARGMAX && a > int_at(v->a, best))
            best = i;
        sum += v->op == OG_VM_NET_DOT ? a * int_at(v->b, i) : a;
    }
    if (v->op == OG_VM_NET_ARGMAX)
        sum = (int64_t)best;
    memset(to, sum < 0 ? 0xff : 0, WORD);
    og_u256_put_be64(to + 16, (uint64_t)((og_u128)sum >> 64));
    og_u256_put_be64(to + 24, (uint64_t)sum);
}

static bool vec_i32(const uint8_t *in, size_t len, struct og_buf *out)
{
    struct vector v;
    if (!read_vector(in, len, &v))
        return false;
    if (v.op >= OG_VM_NET_SUM) {
        scalar(&v, extend(out, WORD));
        return true;
    }
    uint8_t *to = extend(out, 4 * v.n);
    for (size_t i = 0; i < v.n; i++)
        put32(to + 4 * i, element(&v, i));
    return true;
}

bool og_vm_net_run(enum og_vm_net_number number, const struct og_u256 *prevrandao,
                   const uint8_t *in, size_t n, struct og_buf *out)
{
    switch (number) {
    case OG_VM_NET_MATMUL_I32: return matmul_i32(in, n, out);
    case OG_VM_NET_MATMUL_MODP: return matmul_modp(in, n, out);
    case OG_VM_NET_VEC_I32: return vec_i32(in, n, out);
    case OG_VM_NET_FREIVALDS: return freivalds(prevrandao, in, n, out);
    case OG_VM_NET_SUBMIT:
    case OG_VM_NET_STATUS:
    case OG_VM_NET_RESULT:
    case OG_VM_NET_NODE:
    case OG_VM_NET_MARKET: break;
    }
    return false;
}

static int64_t words_of(size_t n)
{
    return (int64_t)((n + WORD - 1) / WORD);
}

/* Measured (bench/bench_pre.c): none takes more time for its gas than KECCAK256 does. */
int64_t og_vm_net_gas(enum og_vm_net_number number, const uint8_t *in, size_t n)
{
    struct shape s;
    struct vector v;
    switch (number) {
    case OG_VM_NET_SUBMIT: return 60000 + 40 * (int64_t)n;
    case OG_VM_NET_STATUS: return 20000;
    case OG_VM_NET_RESULT: return 20000 + 10 * words_of(n);
    case OG_VM_NET_NODE: return 8000;
    case OG_VM_NET_MARKET: return 8000;
    case OG_VM_NET_MATMUL_I32:
        return read_shape(in, n, false, 4, &s)
                   ? 300 + 8 * words_of(n) + (int64_t)(s.cells / 4 + 2 * s.m * s.n)
                   : INT64_MAX;
    case OG_VM_NET_MATMUL_MODP:
        return read_shape(in, n, false, 8, &s)
                   ? 300 + 12 * words_of(n) + (int64_t)(s.cells / 2 + 4 * s.m * s.n)
                   : INT64_MAX;
    case OG_VM_NET_VEC_I32:
        return read_vector(in, n, &v) ? 200 + 3 * words_of(n) + (int64_t)(v.n / 2) : INT64_MAX;
    case OG_VM_NET_FREIVALDS:
        return read_shape(in, n, true, 8, &s)
                   ? 500 + 20 * words_of(n) +
                         (int64_t)(s.rounds * (s.cells / 2 + 40 * s.n + 8 * (s.m + s.k)))
                   : INT64_MAX;
    }
    return INT64_MAX;
}
