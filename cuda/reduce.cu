/* reduce.cu - sums of columns over parts of rows, a block a part and 256 columns; the last block to
 * end adds the parts as a sum tree. As libcommon/exec/exec_reduce.h: the same bits. */

static __device__ bool is_value(unsigned bits)
{
    return (bits & 0x7f800000u) != 0x7f800000u;
}

/* One column of a part. w: NULL where all rows weigh 1. */
static __device__ void sum_f32(const unsigned *x, const double *w, unsigned long long first,
                               unsigned long long end, unsigned columns, double *node)
{
    double s = 0, k = 0;
    for (unsigned long long r = first; r < end; r++) {
        unsigned bits = x[r * columns];
        double weight = w ? w[r] : 1.0;
        if (is_value(bits)) {
            s = __dadd_rn(s, __dmul_rn((double)__uint_as_float(bits), weight));
            k = __dadd_rn(k, weight);
        }
    }
    node[0] = s;
    node[columns] = k;
}

static __device__ void sum_i32(const unsigned *x, unsigned long long first, unsigned long long end,
                               unsigned columns, double *node)
{
    long long s = 0;
    for (unsigned long long r = first; r < end; r++)
        s += (int)x[r * columns];
    node[0] = __longlong_as_double(s);
    node[columns] = __longlong_as_double((long long)(end - first));
}

static __device__ double join(double a, double b, bool i32)
{
    return i32 ? __longlong_as_double(__double_as_longlong(a) + __double_as_longlong(b))
               : __dadd_rn(a, b);
}

/* The levels above the parts, whose nodes stand at `lower`, each before the one below it. */
static __device__ void add_levels(volatile double *sums, unsigned long long lower,
                                  unsigned long long width, unsigned node, bool i32)
{
    while (width > 1) {
        unsigned long long upper = lower - (width + 1) / 2;
        unsigned long long n = (width + 1) / 2 * node;
        for (unsigned long long at = threadIdx.x; at < n; at += blockDim.x) {
            unsigned long long i = at / node, j = at % node;
            volatile double *left = sums + (lower + 2 * i) * node + j;
            bool two = 2 * i + 1 < width;
            double a = left[0], b = two ? left[node] : 0.0;
            sums[(upper + i) * node + j] = two ? join(a, b, i32) : a;
        }
        __threadfence();
        __syncthreads();
        width = (width + 1) / 2;
        lower = upper;
    }
}

/* place: of the first part among the nodes. */
extern "C" __global__ void reduce(const unsigned *x, const double *w, double *sums, unsigned *done,
                                  unsigned long long rows, unsigned long long place,
                                  unsigned columns, unsigned part, unsigned i32, unsigned weights)
{
    __shared__ unsigned last;
    unsigned c = blockIdx.y * blockDim.x + threadIdx.x;
    unsigned long long first = (unsigned long long)blockIdx.x * part;
    unsigned long long end = first + part < rows ? first + part : rows;
    double *node = sums + (place + blockIdx.x) * 2ull * columns + c;
    if (c < columns && i32)
        sum_i32(x + c, first, end, columns, node);
    else if (c < columns)
        sum_f32(x + c, weights ? w : nullptr, first, end, columns, node);
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0)
        last = atomicAdd(done, 1u) == gridDim.x * gridDim.y - 1u;
    __syncthreads();
    if (last)
        add_levels(sums, place, gridDim.x, 2 * columns, i32 != 0);
}
