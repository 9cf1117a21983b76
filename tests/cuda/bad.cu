// Kernels that go wrong, each in its own way.
extern "C" __global__ void beyond(const float *x, float *y, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    y[i] = x[i] * 2.0f; // no test of i < n: the last block's tail is outside
}
extern "C" __global__ void beyond_barrier(const float *x, float *y, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    float v = i < n ? x[i] : 0.0f;
    __syncthreads();
    y[i] = v;
}
extern "C" __global__ void into_input(float *x, float *y, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        x[i] = y[i];
}
extern "C" __global__ void divergent(const float *x, float *y, int n)
{
    int i = threadIdx.x;
    if (i < 16) {
        y[i] = x[i];
        __syncthreads();
    } else {
        y[i] = 0.0f;
        __syncthreads();
    }
}
extern "C" __global__ void endless(const float *x, float *y, int n)
{
    volatile int go = 1;
    while (go)
        y[0] = x[0];
}
extern "C" __global__ void halves(const float *x, float *y, int n)
{
    int i = threadIdx.x;
    if (i < 8) // lanes 8..31 of the mask never come
        y[i] = __shfl_sync(0xffffffffu, x[i], 0);
    else
        __syncthreads();
}
extern "C" __global__ void trap(const float *x, float *y, int n)
{
    if (threadIdx.x == 3 && blockIdx.x == 1)
        __trap();
    y[blockIdx.x * blockDim.x + threadIdx.x] = x[0];
}
extern "C" __global__ void divide(const int *x, int *y, int n)
{
    int i = threadIdx.x;
    y[i] = (x[i] + 1) / n;
}
extern "C" __global__ void deep(const float *x, float *y, int n)
{
    volatile char room[400000];
    for (int i = 0; i < 400000; i++)
        room[i] = (char)n;
    __syncthreads();
    y[0] = x[0] + room[n];
}
