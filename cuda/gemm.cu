/* gemm.cu - matrix products, row-major, in register blocks. gemm_i32 is exact. gemm_f32 sums k in
 * blocks of 256 by rising index with fused multiply-add, then block after block, as og_matmul_f32
 * (libcommon/exec/exec_matmul.h) does where the processor has it: the same bits. gemm_tf32 takes its
 * inputs with 10 bits behind the point, on tensor cores, and adds in f32: a declared precision, whose
 * last bits are the device's own. */

#define CHAIN 256 /* terms of a block of gemm_f32 */

#define F_TILE 128
#define F_K    16
#define F_EACH 8 /* rows and columns of a thread: 4 and, 64 further, 4 */

/* Element (r, c) of a matrix, 0 outside. */
static __device__ float at(const float *p, unsigned r, unsigned c, unsigned rows, unsigned cols)
{
    return r < rows && c < cols ? p[(unsigned long long)r * cols + c] : 0.0f;
}

/* Eight elements of the next tiles of A (row `ra`, from column ca) and B (row rb, from column cb). */
static __device__ void fetch(const float *a, const float *b, unsigned m, unsigned n, unsigned k,
                             unsigned ra, unsigned ca, unsigned rb, unsigned cb, float to_a[8],
                             float to_b[8])
{
    if (ra < m && ca + 8 <= k && k % 4 == 0) {
        const float4 *p = (const float4 *)(a + (unsigned long long)ra * k + ca);
        float4 u = p[0], v = p[1];
        to_a[0] = u.x, to_a[1] = u.y, to_a[2] = u.z, to_a[3] = u.w;
        to_a[4] = v.x, to_a[5] = v.y, to_a[6] = v.z, to_a[7] = v.w;
    } else {
        for (unsigned i = 0; i < 8; i++)
            to_a[i] = at(a, ra, ca + i, m, k);
    }
    if (rb < k && cb + 8 <= n && n % 4 == 0) {
        const float4 *p = (const float4 *)(b + (unsigned long long)rb * n + cb);
        float4 u = p[0], v = p[1];
        to_b[0] = u.x, to_b[1] = u.y, to_b[2] = u.z, to_b[3] = u.w;
        to_b[4] = v.x, to_b[5] = v.y, to_b[6] = v.z, to_b[7] = v.w;
    } else {
        for (unsigned i = 0; i < 8; i++)
            to_b[i] = at(b, rb, cb + i, k, n);
    }
}

static __device__ __forceinline__ void step(const float *sa, const float *sb, unsigned ty,
                                            unsigned tx, float acc[F_EACH][F_EACH])
{
    float x[F_EACH], y[F_EACH];
#pragma unroll
    for (unsigned i = 0; i < 4; i++) {
        x[i] = sa[4 * ty + i];
        x[4 + i] = sa[64 + 4 * ty + i];
        y[i] = sb[4 * tx + i];
        y[4 + i] = sb[64 + 4 * tx + i];
    }
#pragma unroll
    for (unsigned i = 0; i < F_EACH; i++)
#pragma unroll
        for (unsigned j = 0; j < F_EACH; j++)
            acc[i][j] = __fmaf_rn(x[i], y[j], acc[i][j]);
}

/* The sum of a block of k goes to C, or is added to what stands there. */
static __device__ void settle(float *c, unsigned m, unsigned n, unsigned r0, unsigned c0,
                              unsigned ty, unsigned tx, bool first, float acc[F_EACH][F_EACH])
{
#pragma unroll
    for (unsigned i = 0; i < F_EACH; i++)
#pragma unroll
        for (unsigned j = 0; j < F_EACH; j++) {
            unsigned r = r0 + (i < 4 ? 4 * ty + i : 60 + 4 * ty + i);
            unsigned q = c0 + (j < 4 ? 4 * tx + j : 60 + 4 * tx + j);
            if (r < m && q < n) {
                float *p = c + (unsigned long long)r * n + q;
                *p = first ? acc[i][j] : __fadd_rn(*p, acc[i][j]);
            }
            acc[i][j] = 0.0f;
        }
}

/* 256 threads, a tile of 128 x 128; grid: columns, rows of tiles. */
extern "C" __global__ void __launch_bounds__(256)
    gemm_f32(const float *a, const float *b, float *c, unsigned m, unsigned n, unsigned k)
{
    __shared__ __align__(16) float sa[2][F_K][F_TILE];
    __shared__ __align__(16) float sb[2][F_K][F_TILE];
    const unsigned tid = threadIdx.x, ty = tid / 16, tx = tid % 16;
    const unsigned r0 = blockIdx.y * F_TILE, c0 = blockIdx.x * F_TILE;
    const unsigned ra = tid / 2, ca = tid % 2 * 8; /* of A's tile: a row's half */
    const unsigned rb = tid / 16, cb = tid % 16 * 8;
    float acc[F_EACH][F_EACH] = {};
    float na[8], nb[8];
    fetch(a, b, m, n, k, r0 + ra, ca, rb, c0 + cb, na, nb);
    unsigned turn = 0;
    for (unsigned k0 = 0; k0 < k; k0 += F_K, turn ^= 1) {
        for (unsigned i = 0; i < 8; i++) {
            sa[turn][ca + i][ra] = na[i];
            sb[turn][rb][cb + i] = nb[i];
        }
        __syncthreads();
        if (k0 + F_K < k)
            fetch(a, b, m, n, k, r0 + ra, k0 + F_K + ca, k0 + F_K + rb, c0 + cb, na, nb);
        if (k - k0 >= F_K) {
#pragma unroll 4
            for (unsigned p = 0; p < F_K; p++)
                step(sa[turn][p], sb[turn][p], ty, tx, acc);
        } else { /* no terms that are not there: adding +0 to -0 is +0 */
#pragma unroll 1
            for (unsigned p = 0; p < k - k0; p++)
                step(sa[turn][p], sb[turn][p], ty, tx, acc);
        }
        if ((k0 + F_K) % CHAIN == 0 || k0 + F_K >= k)
            settle(c, m, n, r0, c0, ty, tx, k0 < CHAIN, acc);
    }
}

#define T_ROW 136 /* words of a row in shared memory: four rows apart, other banks */

/* To the nearest with 10 bits behind the point, halves away from zero. */
static __device__ __forceinline__ unsigned to_tf32(float x)
{
#if OGPU_CUDA_CPU
    return (__float_as_uint(x) + 0x1000u) & 0xffffe000u;
#else
    unsigned r;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(r) : "f"(x));
    return r;
#endif
}

/* d (16 x 8) += a (16 x 8) b (8 x 8), shared out over a warp. With g = lane / 4, t = lane % 4:
 * a: (g, t), (g + 8, t), (g, t + 4), (g + 8, t + 4); b: (t, g), (t + 4, g); d: (g, 2t), (g, 2t + 1),
 * (g + 8, 2t), (g + 8, 2t + 1). */
static __device__ __forceinline__ void mma(float d[4], const unsigned a[4], const unsigned b[2])
{
#if OGPU_CUDA_CPU
    unsigned lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
    float sum[4] = {0, 0, 0, 0};
    for (unsigned p = 0; p < 8; p++) {
        unsigned from_a = 4 * g + p % 4, r = p / 4;
        float low = __uint_as_float(__shfl_sync(0xffffffffu, r ? a[2] : a[0], (int)from_a));
        float high = __uint_as_float(__shfl_sync(0xffffffffu, r ? a[3] : a[1], (int)from_a));
        unsigned from_b = 4 * (2 * t) + p % 4;
        float left = __uint_as_float(__shfl_sync(0xffffffffu, b[r], (int)from_b));
        float right = __uint_as_float(__shfl_sync(0xffffffffu, b[r], (int)(from_b + 4)));
        sum[0] += low * left;
        sum[1] += low * right;
        sum[2] += high * left;
        sum[3] += high * right;
    }
    for (unsigned i = 0; i < 4; i++)
        d[i] += sum[i];
#else
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, "
                 "{%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}

/* 256 threads, a tile of 128 x 128, of which a warp has 64 x 32; grid: columns, rows of tiles. */
extern "C" __global__ void __launch_bounds__(256)
    gemm_tf32(const float *a, const float *b, float *c, unsigned m, unsigned n, unsigned k)
{
    __shared__ unsigned sa[2][F_K][T_ROW];
    __shared__ unsigned sb[2][F_K][T_ROW];
    const unsigned tid = threadIdx.x, g = tid % 32 / 4, t = tid % 4;
    const unsigned wr = tid / 128 * 64, wc = tid / 32 % 4 * 32; /* of the warp within the tile */
    const unsigned r0 = blockIdx.y * F_TILE, c0 = blockIdx.x * F_TILE;
    const unsigned ra = tid / 2, ca = tid % 2 * 8, rb = tid / 16, cb = tid % 16 * 8;
    float acc[4][4][4] = {};
    float na[8], nb[8];
    fetch(a, b, m, n, k, r0 + ra, ca, rb, c0 + cb, na, nb);
    unsigned turn = 0;
    for (unsigned k0 = 0; k0 < k; k0 += F_K, turn ^= 1) {
        for (unsigned i = 0; i < 8; i++) {
            sa[turn][ca + i][ra] = to_tf32(na[i]);
            sb[turn][rb][cb + i] = to_tf32(nb[i]);
        }
        __syncthreads();
        if (k0 + F_K < k)
            fetch(a, b, m, n, k, r0 + ra, k0 + F_K + ca, k0 + F_K + rb, c0 + cb, na, nb);
#pragma unroll
        for (unsigned p = 0; p < F_K; p += 8) {
            unsigned fa[4][4], fb[4][2];
#pragma unroll
            for (unsigned i = 0; i < 4; i++) {
                unsigned r = wr + 16 * i + g, q = wc + 8 * i + g;
                fa[i][0] = sa[turn][p + t][r];
                fa[i][1] = sa[turn][p + t][r + 8];
                fa[i][2] = sa[turn][p + t + 4][r];
                fa[i][3] = sa[turn][p + t + 4][r + 8];
                fb[i][0] = sb[turn][p + t][q];
                fb[i][1] = sb[turn][p + t + 4][q];
            }
#pragma unroll
            for (unsigned i = 0; i < 4; i++)
#pragma unroll
                for (unsigned j = 0; j < 4; j++)
                    mma(acc[i][j], fa[i], fb[j]);
        }
        if ((k0 + F_K) % CHAIN != 0 && k0 + F_K < k)
            continue;
#pragma unroll
        for (unsigned i = 0; i < 64; i++) { /* tile i / 16, i / 4 % 4, element i % 4 */
            unsigned r = r0 + wr + 16 * (i / 16) + g + i % 4 / 2 * 8;
            unsigned q = c0 + wc + 8 * (i / 4 % 4) + 2 * t + i % 2;
            float *d = &acc[i / 16][i / 4 % 4][i % 4];
            if (r < m && q < n) {
                float *to = c + (unsigned long long)r * n + q;
                *to = k0 < CHAIN ? *d : __fadd_rn(*to, *d);
            }
            *d = 0.0f;
        }
    }
}

#define I_TILE 64
#define I_K    16

/* 256 threads, a tile of 64 x 64; grid: columns, rows of tiles. */
extern "C" __global__ void __launch_bounds__(256)
    gemm_i32(const int *a, const int *b, long long *c, unsigned m, unsigned n, unsigned k)
{
    __shared__ int sa[I_K][I_TILE];
    __shared__ int sb[I_K][I_TILE];
    const unsigned tid = threadIdx.x, ty = tid / 16, tx = tid % 16;
    const unsigned r0 = blockIdx.y * I_TILE, c0 = blockIdx.x * I_TILE;
    long long acc[4][4] = {};
    for (unsigned k0 = 0; k0 < k; k0 += I_K) {
        for (unsigned i = tid; i < I_K * I_TILE; i += 256) {
            unsigned r = r0 + i / I_K, p = k0 + i % I_K;
            sa[i % I_K][i / I_K] = r < m && p < k ? a[(unsigned long long)r * k + p] : 0;
            p = k0 + i / I_TILE;
            r = c0 + i % I_TILE;
            sb[i / I_TILE][i % I_TILE] = p < k && r < n ? b[(unsigned long long)p * n + r] : 0;
        }
        __syncthreads();
#pragma unroll 4
        for (unsigned p = 0; p < I_K; p++)
#pragma unroll
            for (unsigned i = 0; i < 4; i++)
#pragma unroll
                for (unsigned j = 0; j < 4; j++)
                    acc[i][j] += (long long)sa[p][4 * ty + i] * sb[p][4 * tx + j];
        __syncthreads();
    }
    for (unsigned i = 0; i < 4; i++)
        for (unsigned j = 0; j < 4; j++) {
            unsigned r = r0 + 4 * ty + i, q = c0 + 4 * tx + j;
            if (r < m && q < n)
                c[(unsigned long long)r * n + q] = acc[i][j];
        }
}
