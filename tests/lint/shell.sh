#!/usr/bin/env bash
# shell.sh - shellcheck over every script and every Bats file.
set -euo pipefail
. "$(dirname "$0")/list.sh"
cd "$(dirname "$0")/../.."
if ! command -v shellcheck >/dev/null; then
  echo "shellcheck is not installed"
  exit 77
fi
rc=0
files '*.sh' '*.bash' '.ci/run' | tr '\n' '\0' |
  xargs -0 -r shellcheck -s bash -S info -e SC1091 -f gcc || rc=1
# in Bats: @test bodies look unreachable, $output and its kin look unset
files '*.bats' | tr '\n' '\0' |
  xargs -0 -r shellcheck -s bats -S warning -e SC1091,SC2030,SC2031,SC2034,SC2154,SC2317 -f gcc || rc=1
exit $rc
