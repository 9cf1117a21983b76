/* motion.cu - motion masks against a running background: a block a segment, frames in batches. As
 * libcommon/exec/exec_motion.h, in integers: the same bits. */

#define BATCH     32 /* frames; each is hashed by one thread */
#define FNV_BASIS 0xcbf29ce484222325ull
#define FNV_PRIME 0x100000001b3ull
#define ROW       40 /* bytes of a frame's row */

struct tally {
    unsigned diff[BATCH], mask[BATCH];
    int x0[BATCH], y0[BATCH], x1[BATCH], y1[BATCH];
};

struct clip {
    const unsigned char *y;
    const unsigned char *before; /* the frame before the clip, or NULL */
    unsigned w, h, pixels, bytes; /* bytes: of a packed frame */
};

static __device__ unsigned apart(unsigned a, unsigned b)
{
    return a > b ? a - b : b - a;
}

/* Eight pixels from 8 i on, through n frames from f on: raw bits, first pixel lowest; background. */
static __device__ void pixels(const clip &c, unsigned long long f, unsigned n, unsigned i,
                              unsigned short *bg, unsigned char *raw, tally &t)
{
    unsigned first = 8 * i, count = c.pixels - first < 8 ? c.pixels - first : 8;
    unsigned b[8], last[8];
    const unsigned char *y = c.y + f * c.pixels + first;
    const unsigned char *before = f ? y - c.pixels : c.before ? c.before + first : y;
    for (unsigned k = 0; k < 8; k++) {
        b[k] = k < count ? bg[first + k] : 0;
        last[k] = k < count ? before[k] : 0;
    }
    for (unsigned j = 0; j < n; j++, y += c.pixels) {
        unsigned bits = 0, diff = 0;
        for (unsigned k = 0; k < 8; k++) {
            unsigned v = k < count ? y[k] : 0;
            diff += apart(v, last[k]) > 25;
            bits |= (apart(v, b[k] >> 8) > 30 ? 1u : 0u) << k;
            b[k] = b[k] + (v << 3) - ((b[k] + 31) >> 5);
            last[k] = v;
        }
        raw[(unsigned long long)j * c.bytes + i] = (unsigned char)bits;
        if (diff)
            atomicAdd(&t.diff[j], diff);
    }
    for (unsigned k = 0; k < count; k++)
        bg[first + k] = (unsigned short)b[k];
}

static __device__ unsigned bit(const unsigned char *raw, unsigned at)
{
    return raw[at >> 3] >> (at & 7) & 1u;
}

/* Eight pixels of a mask; first pixel highest. */
static __device__ void majority(const clip &c, const unsigned char *raw, unsigned i, unsigned j,
                                unsigned char *mask, tally &t)
{
    unsigned packed = 0;
    for (unsigned k = 0; k < 8 && 8 * i + k < c.pixels; k++) {
        unsigned at = 8 * i + k, x = at % c.w, y = at / c.w, n = 0;
        for (unsigned r = y ? y - 1 : 0; r <= y + 1 && r < c.h; r++) {
            unsigned row = r * c.w + x;
            n += bit(raw, row);
            n += x ? bit(raw, row - 1) : 0;
            n += x + 1 < c.w ? bit(raw, row + 1) : 0;
        }
        if (n < 5)
            continue;
        packed |= 0x80u >> k;
        atomicMin(&t.x0[j], (int)x);
        atomicMax(&t.x1[j], (int)x);
        atomicMin(&t.y0[j], (int)y);
        atomicMax(&t.y1[j], (int)y);
    }
    mask[i] = (unsigned char)packed;
    if (packed)
        atomicAdd(&t.mask[j], (unsigned)__popc(packed));
}

static __device__ void put(unsigned char *p, unsigned long long v, unsigned n)
{
    for (unsigned i = 0; i < n; i++, v >>= 8)
        p[i] = (unsigned char)v;
}

static __device__ void put_row(unsigned char *p, const tally &t, unsigned j, const clip &c,
                               const unsigned char *mask)
{
    unsigned long long hash = FNV_BASIS;
    for (unsigned i = 0; i < c.bytes; i++)
        hash = (hash ^ mask[i]) * FNV_PRIME;
    bool any = t.mask[j] != 0;
    put(p, t.diff[j], 8);
    put(p + 8, t.mask[j], 8);
    put(p + 16, (unsigned)(any ? t.x0[j] : -1), 4);
    put(p + 20, (unsigned)(any ? t.y0[j] : -1), 4);
    put(p + 24, (unsigned)t.x1[j], 4);
    put(p + 28, (unsigned)t.y1[j], 4);
    put(p + 32, hash, 8);
}

static __device__ void start(const clip &c, unsigned long long f, const unsigned char *state,
                             unsigned short *bg)
{
    for (unsigned i = threadIdx.x; i < c.pixels; i += blockDim.x)
        bg[i] = (unsigned short)(state ? state[2 * i] | state[2 * i + 1] << 8
                                       : c.y[f * c.pixels + i] << 8);
}

/* Frames from `at`; the rows of those from `from` on are written. */
static __device__ void segment(const clip &c, unsigned long long at, unsigned long long from,
                               unsigned long long end, unsigned char *rows, unsigned short *bg,
                               unsigned char *raw, unsigned char *mask, tally &t)
{
    while (at < end) {
        unsigned long long stop = at < from ? from : end;
        unsigned n = stop - at < BATCH ? (unsigned)(stop - at) : BATCH;
        for (unsigned j = threadIdx.x; j < BATCH; j += blockDim.x) {
            t.diff[j] = t.mask[j] = 0;
            t.x0[j] = t.y0[j] = 0x7fffffff;
            t.x1[j] = t.y1[j] = -1;
        }
        __syncthreads();
        for (unsigned i = threadIdx.x; i < c.bytes; i += blockDim.x)
            pixels(c, at, n, i, bg, raw, t);
        __syncthreads();
        if (at >= from) {
            for (unsigned long long i = threadIdx.x; i < (unsigned long long)n * c.bytes;
                 i += blockDim.x) {
                unsigned j = (unsigned)(i / c.bytes);
                unsigned long long of = (unsigned long long)j * c.bytes;
                majority(c, raw + of, (unsigned)(i - of), j, mask + of, t);
            }
            __syncthreads();
            for (unsigned j = threadIdx.x; j < n; j += blockDim.x)
                put_row(rows + (at + j) * ROW, t, j, c, mask + (unsigned long long)j * c.bytes);
            __syncthreads();
        }
        at += n;
    }
}

/* before: 3 bytes a pixel when resume; after: likewise when state. bg: pixels a block; raw, mask:
 * BATCH packed frames a block. warm 0: one segment, whatever `length`. */
extern "C" __global__ void motion(const unsigned char *y, const unsigned char *before,
                                  unsigned char *rows, unsigned char *after, unsigned short *bg,
                                  unsigned char *raw, unsigned char *mask,
                                  unsigned long long frames, unsigned w, unsigned h,
                                  unsigned length, unsigned warm, unsigned resume, unsigned state)
{
    __shared__ tally t;
    clip c = {y, resume ? before + 2ull * w * h : nullptr, w, h, w * h, (w * h + 7) / 8};
    bg += (unsigned long long)blockIdx.x * c.pixels;
    raw += (unsigned long long)blockIdx.x * BATCH * c.bytes;
    mask += (unsigned long long)blockIdx.x * BATCH * c.bytes;
    unsigned long long step = warm ? length : frames;
    for (unsigned long long from = blockIdx.x * step; from < frames; from += gridDim.x * step) {
        unsigned long long end = from + step < frames ? from + step : frames;
        unsigned long long at = from > warm ? from - warm : 0;
        start(c, at, resume ? before : nullptr, bg);
        __syncthreads();
        segment(c, at, from, end, rows, bg, raw, mask, t);
    }
    for (unsigned i = threadIdx.x; state && i < c.pixels; i += blockDim.x) {
        after[2 * i] = (unsigned char)bg[i];
        after[2 * i + 1] = (unsigned char)(bg[i] >> 8);
        after[2ull * c.pixels + i] = y[(frames - 1) * c.pixels + i];
    }
}
