#!/usr/bin/env bash
# run.sh BINARY ... - runs cmocka binaries: a line each, then "N passed, N failed, N skipped".
# A binary that ends early, hangs (UNIT_TIMEOUT seconds) or holds no test counts as failed.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
export CMOCKA_MESSAGE_OUTPUT=TAP OGPU_SHARED=${OGPU_SHARED:-../shared}
passed=0 failed=0 skipped=0

for bin in "$@"; do
  # cmocka 1.1.5 writes a skip as "not ok 3 # SKIP"
  out=$(timeout -k 5 "${UNIT_TIMEOUT:-600}" "$bin" </dev/null 2>&1 |
    sed -E 's/^not (ok [0-9]+ # SKIP)/\1/')
  rc=$?
  plan=$(sed -n 's/^1\.\.\([0-9]*\)$/\1/p' <<<"$out" | awk '{ n += $1 } END { print n + 0 }')
  skip=$(grep -cE '^ok [0-9]+ # SKIP' <<<"$out")
  good=$(($(grep -cE '^ok [0-9]+' <<<"$out") - skip))
  lost=$((plan - good - skip))
  if [ "$lost" -le 0 ] && { [ $rc -ne 0 ] || [ "$plan" -eq 0 ]; }; then
    lost=1
  fi
  passed=$((passed + good))
  failed=$((failed + lost))
  skipped=$((skipped + skip))
  name=${bin##*/unit/}
  if [ "$lost" -gt 0 ]; then
    echo "FAIL $name: $good passed, $lost failed, $skip skipped (status $rc)"
    printf '%s\n' "$out" | grep -vE '^ok [0-9]+ - ' | sed 's/^/  /'
  else
    echo "ok   $name: $good passed, $skip skipped"
    [ "$skip" -eq 0 ] || printf '%s\n' "$out" | grep -iE '# SKIP|skip:' | sed 's/^/  /'
  fi
done
if [ $# -eq 0 ]; then
  echo "no test binaries were given"
  failed=1
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
