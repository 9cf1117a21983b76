#!/usr/bin/env bash
# soak.sh - the long campaigns of `make soak`: 200 kills, eight writers for a minute, long random
# walks of the state machine, the EVM against another one (where npm can get it), minutes of fuzzing a
# target (where clang is). OGPU_KILLS, OGPU_WRITERS_S, SIM_HISTORIES, EVM_PROGRAMS and FUZZ_SECONDS change
# their lengths; a failing draw is printed with its seed.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
export BUILD=${BUILD:-build/release}
export OGPU_KILLS=${OGPU_KILLS:-200} OGPU_WRITERS_S=${OGPU_WRITERS_S:-60}
export SIM_HISTORIES=${SIM_HISTORIES:-100000} FUZZ_SECONDS=${FUZZ_SECONDS:-300}
failed=0

campaign() {
  local name=$1 start=$SECONDS
  shift
  echo "== $name"
  if "$@"; then
    echo "== $name: ok, $((SECONDS - start)) s"
  else
    echo "== $name: FAILED, $((SECONDS - start)) s"
    failed=$((failed + 1))
  fi
}

campaign "kill -9, $OGPU_KILLS times" env E2E_TIMEOUT=14400 tests/e2e/run.sh tests/e2e/faults.bats
campaign "rotations killed, $OGPU_KILLS times" tests/e2e/run.sh tests/e2e/rotate.bats
campaign "eight writers, $OGPU_WRITERS_S s" tests/e2e/run.sh tests/e2e/writers.bats
campaign "a network killed -9, $OGPU_KILLS times" env E2E_TIMEOUT=14400 tests/e2e/run.sh tests/e2e/net.bats
campaign "a snapshot for a fresh member" tests/e2e/run.sh tests/soak/net.bats
for t in "$BUILD"/sim/*; do
  [ -x "$t" ] && campaign "${t##*/}, $SIM_HISTORIES histories" "$t"
done
campaign "match/ by every compiler" tests/match/same.sh
campaign "the system contracts and their references, 10^6 inputs a rule" \
  env RULE_CASES=1000000 "$BUILD/unit/ledger/test_rule"
if peers=$(tests/evm/peers.sh); then
  campaign "the system contracts compiled anew" tests/evm/solc.sh "$peers"
  campaign "the EVM against @ethereumjs/vm, ${EVM_PROGRAMS:-100000} programs" \
    env OGPU_EVM_PEERS="$peers" tests/evm/diff.sh
else
  echo "== the EVM against @ethereumjs/vm: skipped"
fi
if command -v clang >/dev/null; then
  campaign "fuzzing, $FUZZ_SECONDS s a target" make --no-print-directory fuzz
else
  echo "== fuzzing: skipped, clang is not installed"
fi
[ "$failed" -eq 0 ]
