#!/usr/bin/env bash
# ptx.sh - the built-in kernels as PTX: `write` makes cuda/*.ptx anew, `check` compares. $NVCC or nvcc.
# compute_80 and .version 7.0: every driver since CUDA 11.0 makes it fit for Ampere and all that follow.
# Products are not fused, denormals kept, so that the bits are those of the CPU.
set -euo pipefail
cd "$(dirname "$0")/../.."

nvcc=${NVCC:-nvcc}
command -v "$nvcc" >/dev/null || { echo "skip: there is no nvcc"; exit 0; }
version=$("$nvcc" --version | sed -n 's/.*, V\([0-9.]*\)$/\1/p')
dir=$(mktemp -d)
trap 'rm -r "$dir"' EXIT
bad=0
for source in cuda/*.cu; do
  name=$(basename "$source" .cu)
  "$nvcc" -ptx -arch=compute_80 -std=c++17 --fmad=false --ftz=false --prec-div=true \
    --prec-sqrt=true -o "$dir/$name.ptx" "$source"
  sed -i 's/^\.version .*/.version 7.0/' "$dir/$name.ptx"
  for arch in sm_80 sm_90; do
    ptxas=$(dirname "$(command -v "$nvcc")")/ptxas
    [ ! -x "$ptxas" ] || "$ptxas" -arch=$arch -o "$dir/cubin" "$dir/$name.ptx"
  done
  if [ "${1-}" = write ]; then
    cp "$dir/$name.ptx" "cuda/$name.ptx"
  elif ! grep -q "V${version//./\\.}\$" "cuda/$name.ptx"; then
    echo "skip: cuda/$name.ptx is of another nvcc than $version"
  elif ! cmp -s "$dir/$name.ptx" "cuda/$name.ptx"; then
    echo "cuda/$name.ptx is not what cuda/$name.cu compiles to: make ptx"
    bad=1
  fi
done
exit $bad
