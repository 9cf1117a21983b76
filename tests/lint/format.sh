#!/usr/bin/env bash
# format.sh - clang-format changes nothing. Releases differ in taste, so one is fixed.
set -euo pipefail
. "$(dirname "$0")/list.sh"
cd "$(dirname "$0")/../.."
want=14
cf=
for c in "clang-format-$want" clang-format; do
  if command -v "$c" >/dev/null && [[ $("$c" --version) =~ version\ ${want}[.] ]]; then
    cf=$c
    break
  fi
done
if [ -z "$cf" ]; then
  echo "clang-format $want is not installed"
  exit 77
fi
files '*.c' '*.h' | tr '\n' '\0' | xargs -0 -r "$cf" --dry-run -Werror 2>&1 |
  { grep -E ': (error|warning): ' || true; } | cut -d: -f1 | sort | uniq -c |
  awk '{ print $2 ": " $1 " places differ from clang-format"; bad = 1 } END { exit bad }'
