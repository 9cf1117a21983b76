#!/usr/bin/env bash
# same.sh - match/ built by gcc and clang with -O0 and -O3 says the same of the same problems, with vector
# instructions and without; and so does the processor's own dialect (-march=native). For `make soak`.
set -euo pipefail
cd "$(dirname "$0")/../.."
tmp=$(mktemp -d "${TMPDIR:-/tmp}/ogpu-same.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
want=$(sed -n 's/^#define DIGEST 0x\([0-9a-f]*\)ull$/\1/p' tests/unit/match/test_same.c)
flags=(-std=c17 -D_GNU_SOURCE -Ilibcommon)
bad=0
for cc in gcc clang; do
  command -v $cc >/dev/null || { echo "same.sh: skip: $cc is not installed" >&2; continue; }
  for opt in -O0 -O3 '-O3 -march=native'; do
    # shellcheck disable=SC2086 # several options
    $cc "${flags[@]}" $opt -o "$tmp/same" tests/match/same.c libcommon/match/*.c \
      libcommon/base/base_{buf,err,mem,num}.c
    said=$("$tmp/same")
    echo "$cc $opt: $said"
    [ "$said" = "$want $want" ] || bad=1
  done
done
[ $bad = 0 ] || { echo "same.sh: not all of them say $want" >&2; exit 1; }
