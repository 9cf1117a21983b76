#!/usr/bin/env bash
# cuda.sh - sourced by run.sh: CUDA on a CPU against the prototype of it (OGPU_SHARED), one core each.
# Processor time of a whole process: files read, buffers made, all blocks run, the result written.
# shellcheck shell=bash disable=SC2154 # here, tmp, runs, cpu, BUILD: of run.sh

cuda_flags=(-std=c++17 -O3 -march=native -ffp-contract=off -w)
cuda_peer=${OGPU_SHARED:-$here/../../shared}/reference/cudacpu

cuda_sources() {
    cat >"$tmp/poly.cu" <<'END'
extern "C" __global__ void poly(const float *x, const float *unused, float *y, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n * n) {
        float v = x[i], s = 0.5f;
        for (int k = 0; k < 64; k++)
            s = s * v + 0.25f;
        y[i] = s;
    }
}
END
    cp "$cuda_peer/mm.cu" "$tmp/mm.cu"
    cat >"$tmp/peer.cpp" <<'END'
#include "cudacpu.h"
#include <vector>
extern "C" int ogpu_block(void **, dim3, dim3, unsigned, unsigned, unsigned, int);
static std::vector<float> load(const char *path, size_t n)
{
    std::vector<float> v(n);
    FILE *f = fopen(path, "rb");
    if (!f || fread(v.data(), 4, n, f) != n)
        exit(66);
    fclose(f);
    return v;
}
int main(int, char **v)
{
    int n = atoi(v[1]);
    dim3 g(atoi(v[2]), atoi(v[3])), b(atoi(v[4]), atoi(v[5]));
    auto A = load("a.bin", n * n), B = load("b.bin", n * n);
    std::vector<float> C(n * n);
    float *a = A.data(), *q = B.data(), *c = C.data();
    void *args[] = {&a, &q, &c, &n};
    for (unsigned y = 0; y < g.y; y++)
        for (unsigned x = 0; x < g.x; x++)
            ogpu_block(args, g, b, x, y, 0, atoi(v[6]));
    FILE *f = fopen("peer.bin", "wb");
    return !f || fwrite(c, 4, C.size(), f) != C.size() || fclose(f) != 0;
}
END
}

# cuda_data N: two files of N * N floats
cuda_data() {
    cuda_n=$1
    head -c $((cuda_n * cuda_n * 4)) /dev/zero | tr '\0' '@' >"$tmp/a.bin" # each 3.0039
    head -c $((cuda_n * cuda_n * 4)) /dev/zero | tr '\0' '>' >"$tmp/b.bin" # each 0.1858
}

# cuda_kernel FILE ENTRY FIBERS GRID BLOCK FLOP NAME
cuda_kernel() {
    local file=$1 entry=$2 fibers=$3 grid=$4 block=$5 flop=$6 name=$7 i
    printf '#include "cuda_shim.h"\n#include "%s"\nOGPU_ENTRY(%s)\n' "$file" "$entry" >"$tmp/k.cpp"
    printf '#include "cudacpu.h"\n#include "%s"\nOGPU_EXPORT(%s)\n' "$file" "$entry" >"$tmp/p.cpp"
    # as exec_cuda_build.c has it
    g++ "${cuda_flags[@]}" -fPIC -shared -fvisibility=hidden -fstack-clash-protection "-DOGPU_FIBERS=$fibers" \
        --param=max-completely-peel-times=128 --param=max-completely-peeled-insns=2000 \
        -I"$here/../cuda/shim" -I"$tmp" "$tmp/k.cpp" -o "$tmp/k.so" || return
    g++ "${cuda_flags[@]}" -DRING -DSTAG=320 -I"$cuda_peer" -I"$tmp" "$tmp/p.cpp" "$tmp/peer.cpp" \
        "$cuda_peer/run.cpp" -o "$tmp/peer" || return
    for ((i = 0; i < runs; i++)); do
        usage ours "$cuda_run" cpu "$tmp/k.so" "grid=$grid,1" "block=$block,1" in:4:a.bin in:4:b.bin \
            "out:4:$((cuda_n * cuda_n)):ours.bin" \
            "val:$(printf '%02x%02x0000' $((cuda_n % 256)) $((cuda_n / 256)))"
        usage peer "$tmp/peer" "$cuda_n" "${grid%,*}" "${grid#*,}" "${block%,*}" "${block#*,}" "$fibers"
        note "ours.$entry" "$(calc "$flop / ${cpu[ours]} / 1e9")"
        note "peer.$entry" "$(calc "$flop / ${cpu[peer]} / 1e9")"
        cmp -s ours.bin peer.bin || die "$entry: results differ"
    done
    emit "CUDA on a CPU: $name" "$(noted "ours.$entry")" GFLOP/s "$runs" prototype "$(noted "peer.$entry")"
}

cuda_all() {
    local tiles=$((768 / 16)) cubed=$((2 * 768 * 768 * 768))
    cuda_run=$(realpath "$BUILD/cuda-run") || return
    cuda_sources
    (
        cd "$tmp" || exit
        cuda_data 768
        cuda_kernel mm.cu matmul_tiled 1 "$tiles,$tiles" 16,16 "$cubed" "tiled matmul 16x16, barriers"
        cuda_kernel mm.cu matmul_naive 0 "$tiles,$tiles" 16,16 "$cubed" "naive matmul, no barrier"
        cuda_data 3072
        cuda_kernel poly.cu poly 0 "$((cuda_n * cuda_n / 256)),1" 256,1 "$((128 * cuda_n * cuda_n))" \
            "polynomial of each element, no barrier"
    )
}
