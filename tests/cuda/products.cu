// products.cu - what the network's precompiles compute, on a GPU: products of int32 modulo 2^32, and of residues
// modulo p = 2^64 - 2^32 + 1. cuda.bats holds them against ogpu-contract, bit for bit.
typedef unsigned long long u64;

__device__ const u64 P = 0xffffffff00000001ull;

extern "C" __global__ void matmul_i32(const int *a, const int *b, int *c, int m, int k, int n)
{
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= m * n)
        return;
    unsigned sum = 0;
    for (int l = 0; l < k; l++)
        sum += (unsigned)a[at / n * k + l] * (unsigned)b[l * n + at % n];
    c[at] = (int)sum;
}

// (hi, lo) modulo p, by 2^64 = 2^32 - 1 and 2^96 = -1
__device__ static u64 reduce(u64 hi, u64 lo)
{
    u64 t = lo - (hi >> 32);
    if (lo < hi >> 32)
        t -= 0xffffffffu;
    u64 u = (hi & 0xffffffffu) * 0xffffffffu;
    u64 r = t + u;
    if (r < u)
        r += 0xffffffffu;
    return r >= P ? r - P : r;
}

extern "C" __global__ void matmul_modp(const u64 *a, const u64 *b, u64 *c, int m, int k, int n)
{
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= m * n)
        return;
    u64 sum = 0;
    for (int l = 0; l < k; l++) {
        u64 x = a[at / n * k + l], y = b[l * n + at % n];
        u64 v = reduce(__umul64hi(x, y), x * y);
        u64 s = sum + v;
        sum = s < sum || s >= P ? s - P : s;
    }
    c[at] = sum;
}
