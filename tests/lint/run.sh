#!/usr/bin/env bash
# run.sh - every lint, each named, all run even when one fails. BUILD: the build folder.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
export BUILD=${BUILD:-build/release} LC_ALL=C
passed=0 failed=0 skipped=0

check() {
  local name=$1 out rc
  shift
  out=$("$@" 2>&1)
  rc=$?
  case $rc in
  0)
    passed=$((passed + 1))
    echo "ok   lint $name"
    ;;
  77)
    skipped=$((skipped + 1))
    echo "skip lint $name: $out"
    return
    ;;
  *)
    failed=$((failed + 1))
    echo "FAIL lint $name"
    ;;
  esac
  [ -z "$out" ] || printf '%s\n' "$out" | sed 's/^/  /'
}

check layers tests/lint/layers.sh
check limits tests/lint/limits.sh
check banned tests/lint/banned.sh
check hosts tests/lint/hosts.sh
check format tests/lint/format.sh
check shellcheck tests/lint/shell.sh
check options-vs-man tests/lint/options-vs-man.sh
check completions tests/lint/completions.sh
check selftest tests/lint/selftest.sh
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
