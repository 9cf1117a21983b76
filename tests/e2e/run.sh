#!/usr/bin/env bash
# run.sh [FILE.bats ...] - Bats over the real tools of $BUILD/bin; last line: the total.
# E2E_TIMEOUT (3600): seconds for all of it. E2E_JOBS: files that run at once (the processors, at most 4;
# 1 where GNU parallel is not installed): most of a test's time is waiting.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build/release}
case $BUILD in
/*) ;;
*) BUILD=$PWD/$BUILD ;;
esac
export BUILD OGPU_ROOT=$PWD
export PATH="$BUILD/bin:$PATH" MANPATH="$PWD/man:"
shared=${OGPU_SHARED:-../shared}
OGPU_SHARED=$(cd "$shared" 2>/dev/null && pwd) || OGPU_SHARED=$(realpath -m "$shared")
export OGPU_SHARED

# What `make deps-net` installed; tests have a HOME of their own.
OGPU_COMETBFT=${OGPU_COMETBFT:-${XDG_CACHE_HOME:-$HOME/.cache}/ogpu/cometbft/v0.40.0/cometbft}
export OGPU_COMETBFT

if ! command -v bats >/dev/null; then
  echo "bats is not installed: run 'make test', which installs it"
  echo "0 passed, 1 failed, 0 skipped"
  exit 1
fi
[ $# -gt 0 ] || set -- tests/e2e/*.bats
log=$(mktemp)
trap 'rm -f "$log"' EXIT
jobs=${E2E_JOBS:-$(nproc)}
[ "$jobs" -le 4 ] || jobs=4
many=()
if [ "$jobs" -gt 1 ] && [ $# -gt 1 ] && parallel --version 2>/dev/null | grep -q '^GNU'; then
  many=(--jobs "$jobs" --no-parallelize-within-files)
fi
timeout -k 10 "${E2E_TIMEOUT:-3600}" bats --tap "${many[@]}" "$@" </dev/null 2>&1 | tee "$log"
rc=${PIPESTATUS[0]}
plan=$(sed -n 's/^1\.\.\([0-9]*\)$/\1/p' "$log" | head -n 1)
skip=$(grep -cE '^ok [0-9]+ .*# skip' "$log")
good=$(($(grep -cE '^ok [0-9]+ ' "$log") - skip))
bad=$((${plan:-0} - good - skip))
if [ "$bad" -le 0 ] && { [ "$rc" -ne 0 ] || [ "${plan:-0}" -eq 0 ]; }; then
  bad=1
fi
[ "$rc" -ne 124 ] || echo "stopped after ${E2E_TIMEOUT:-3600} s"
echo "$good passed, $bad failed, $skip skipped"
[ "$bad" -eq 0 ]
