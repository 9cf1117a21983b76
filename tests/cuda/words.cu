// What the shim knows of CUDA C++, kernel by kernel; tests/e2e/cuda.bats compares the results.
#include <cuda_fp16.h>
#define N 256

__constant__ float weight[4] = {1.0f, 2.0f, 3.0f, 4.0f};
__device__ int calls;

// Sum of a block by a tree in shared memory.
extern "C" __global__ void tree(const int *x, int *sum, int n)
{
    __shared__ int s[N];
    int t = threadIdx.x, i = blockIdx.x * blockDim.x + t;
    s[t] = i < n ? x[i] : 0;
    __syncthreads();
    for (int half = N / 2; half > 0; half /= 2) {
        if (t < half)
            s[t] += s[t + half];
        __syncthreads();
    }
    if (t == 0)
        sum[blockIdx.x] = s[0];
}

// The same by warps and extern shared memory.
extern "C" __global__ void shuffled(const int *x, int *sum, int n)
{
    extern __shared__ int part[];
    int t = threadIdx.x, i = blockIdx.x * blockDim.x + t;
    int v = i < n ? x[i] : 0;
    for (int d = 16; d > 0; d /= 2)
        v += __shfl_down_sync(0xffffffffu, v, d);
    if (t % 32 == 0)
        part[t / 32] = v;
    __syncthreads();
    if (t < 32) {
        v = t < blockDim.x / 32 ? part[t] : 0;
        for (int d = 16; d > 0; d /= 2)
            v += __shfl_xor_sync(0xffffffffu, v, d);
        if (t == 0)
            sum[blockIdx.x] = v;
    }
}

extern "C" __global__ void histogram(const int *x, int *bins, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        atomicAdd(&bins[x[i] & 15], 1);
}

// Each thread writes its own place in a grid and block of three dimensions.
extern "C" __global__ void places(unsigned *out)
{
    unsigned b = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
    unsigned t = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
    out[b * blockDim.x * blockDim.y * blockDim.z + t] = b * 1000 + t;
}

extern "C" __global__ void weighted(const float4 *x, float *y, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n)
        return;
    float4 v = x[i];
    y[i] = v.x * weight[0] + v.y * weight[1] + v.z * weight[2] + v.w * weight[3];
}

// Votes: lane masks of the odd values, their number in the block.
extern "C" __global__ void votes(const int *x, unsigned *mask, int *odd, int *flags)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    unsigned m = __ballot_sync(0xffffffffu, x[i] & 1);
    int c = __syncthreads_count(x[i] & 1);
    int any = __any_sync(0xffffffffu, x[i] == 7), all = __all_sync(0xffffffffu, x[i] < 1000);
    if (threadIdx.x % 32 == 0)
        mask[i / 32] = m;
    if (threadIdx.x == 0)
        odd[blockIdx.x] = c;
    if (threadIdx.x == 0)
        flags[blockIdx.x] = any + 2 * all;
}

// Through half precision and back.
extern "C" __global__ void halved(const float *x, float *y, half *h, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) {
        h[i] = __float2half(x[i]);
        y[i] = __half2float(h[i]) + __half2float(h[i] * __float2half(2.0f));
    }
}

// Threads that end early do not hold up the rest.
extern "C" __global__ void early(const int *x, int *y, int n)
{
    __shared__ int s[N];
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n)
        return;
    s[threadIdx.x] = x[i];
    __syncthreads();
    y[i] = s[0] + x[i];
}

// Two groups of lanes exchange apart from each other.
extern "C" __global__ void groups(const int *x, int *y)
{
    int t = threadIdx.x;
    int v = x[t];
    if (t % 2)
        for (int k = 0; k < 5; k++)
            v += __shfl_sync(0xaaaaaaaau, v, 1);
    else
        v -= __shfl_sync(0x55555555u, v, 30);
    y[t] = v;
}

template <class T> __device__ T twice(T v)
{
    return v + v;
}
template <class T, int K> __global__ void generic(const T *x, T *y, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        y[i] = twice(x[i]) + (T)K;
}

// A counter of the whole grid: blocks follow each other.
extern "C" __global__ void counted(int *order)
{
    __shared__ int mine;
    if (threadIdx.x == 0)
        mine = atomicAdd(&calls, 1);
    __syncthreads();
    if (threadIdx.x == 1)
        order[blockIdx.x] = mine;
}

extern "C" __global__ void spoken(int n)
{
    if (threadIdx.x == 0)
        printf("block %d of %d says %d\n", (int)blockIdx.x, (int)gridDim.x, n);
}
