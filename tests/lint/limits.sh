#!/usr/bin/env bash
# limits.sh - 100 columns (shell: 120), 70 lines a function, 600 lines a file, the first line, guards.
# A file whose first 5 lines hold "allowed: long file: reason" may be longer.
# TREE: another root, for tests.
set -euo pipefail
. "$(dirname "$0")/list.sh"
cd "${TREE:-$(dirname "$0")/../..}"
export LC_ALL=C

# shellcheck disable=SC2016
files '*.c' '*.h' '*.sh' '*.bats' '*.bash' '.ci/run' | tr '\n' '\0' | xargs -0 -r awk '
function fail(s) { print FILENAME ":" FNR ": " s; bad = 1 }
function finish() {
  if (name != "" && lines > 600 && !excused) {
    print name ": " lines " lines, more than 600"
    bad = 1
  }
}
FNR == 1 {
  finish()
  name = FILENAME
  excused = body = 0
  base = name
  sub(/.*\//, "", base)
  is_c = name ~ /\.[ch]$/
  max = is_c ? 100 : 120
  if (is_c && index($0, "/* " base " - ") != 1)
    fail("the first line must read /* " base " - what it is. */")
  guard = ""
}
{ lines = FNR }
FNR <= 5 && /allowed: long file: / { excused = 1 }
{
  text = $0
  gsub(/[\200-\277]/, "", text)
  if (length(text) > max && text !~ /https?:/)
    fail(length(text) " columns, more than " max)
  if ($0 ~ /[ \t]$/)
    fail("trailing blank")
  if ($0 ~ /\t/ && name !~ /\.sh$/)
    fail("tab")
}
is_c && name ~ /^libcommon\/.*\.h$/ && guard == "" && /^#ifndef / {
  guard = $2
  want = toupper(base)
  gsub(/[^A-Z0-9]/, "_", want)
  folder = name
  sub(/\/[^\/]*$/, "", folder)
  sub(/.*\//, "", folder)
  if (guard != "OG_" want && guard != "OG_" toupper(folder) "_" want)
    fail("the guard must be OG_" want)
}
is_c && /^\{$/ { body = FNR }
is_c && /^\}$/ {
  if (body && FNR - body - 1 > 70)
    fail("function of " FNR - body - 1 " lines, more than 70")
  body = 0
}
END { finish(); exit bad }'

if [ -f Makefile ] && [ "$(wc -l <Makefile)" -gt 220 ]; then
  echo "Makefile: $(wc -l <Makefile) lines, more than 220"
  exit 1
fi
