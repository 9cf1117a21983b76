#!/usr/bin/env bash
# diff.sh - the interpreter against @ethereumjs/vm: EVM_PROGRAMS (100000) random transactions over random
# contracts; state roots and logs must agree. EVM_SEED (1) repeats a draw, EVM_JOBS (2) run at once. What
# differs is kept in build/fuzz-findings/. 77 with the reason where the reference cannot be had.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build/release}
count=${EVM_PROGRAMS:-100000} seed=${EVM_SEED:-1} jobs=${EVM_JOBS:-2}
peers=$(tests/evm/peers.sh) || exit $?
tool=$BUILD/bin/ogpu-contract
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cp tests/evm/diff.mjs "$peers/diff.mjs" || exit 73

# part SEED COUNT: a stream of files, each judged as it is done
part() {
  local file agreed=0 last
  mkdir -p "$tmp/$1"
  while read -r file; do
    if ! last=$("$tool" statetest "$file" | tee "$tmp/$1/out" | tail -n 1) || [[ $last != *" passed, 0 failed" ]]; then
      mkdir -p build/fuzz-findings
      cp "$file" "build/fuzz-findings/"
      echo "FAIL seed $1: $last: build/fuzz-findings/${file##*/}"
      grep '"pass":false' "$tmp/$1/out" | head -n 3
      return 1
    fi
    agreed=$((agreed + ${last%% *}))
    echo "$agreed" >"$tmp/$1.agreed"
    rm -f "$file"
  done < <(cd "$peers" && node diff.mjs "$2" "$1" "$tmp/$1" || echo failed)
  [ "$agreed" -eq "$2" ] || echo "FAIL seed $1: $agreed of $2"
}

for ((j = 0; j < jobs; j++)); do
  part $((seed + j)) $((count / jobs)) &
done
wait
total=$(cat "$tmp"/*.agreed 2>/dev/null | awk '{ n += $1 } END { print n + 0 }')
echo "$total of $((count / jobs * jobs)) programs agree"
[ "$total" -eq $((count / jobs * jobs)) ]
