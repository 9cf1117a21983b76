#!/usr/bin/env bash
# banned.sh - names the project does not use; "/* allowed: reason */" on the line excuses it.
# TREE: another root, for tests.
set -euo pipefail
. "$(dirname "$0")/list.sh"
cd "${TREE:-$(dirname "$0")/../..}"
export LC_ALL=C

# shellcheck disable=SC2016
files '*.c' '*.h' | tr '\n' '\0' | xargs -0 -r awk '
function fail(s) { print FILENAME ":" FNR ": " s; bad = 1 }
BEGIN {
  n = split("strcpy strcat strncpy sprintf vsprintf gets strtok atoi atol atof sscanf rand srand time " \
            "localtime gmtime system popen mktemp tmpnam alloca", word, " ")
}
FNR == 1 { comment = 0 }
/\/\* allowed: [^ *]/ { next }
{
  raw = $0
  text = $0
  gsub(/\\\\/, "", text)
  gsub(/\\"/, "", text)
  gsub(/"[^"]*"/, "\"\"", text)
  if (comment) {
    if (!match(text, /\*\//))
      next
    text = substr(text, RSTART + 2)
    comment = 0
  }
  while (match(text, /\/\*/)) {
    at = RSTART
    rest = substr(text, at + 2)
    if (match(rest, /\*\//)) {
      text = substr(text, 1, at - 1) " " substr(rest, RSTART + 2)
    } else {
      text = substr(text, 1, at - 1)
      comment = 1
    }
  }
  sub(/\/\/.*/, "", text)
  text = " " text
  for (i = 1; i <= n; i++)
    if (index(text, word[i]) && text ~ ("[^A-Za-z0-9_.>]" word[i] "[ \t]*\\("))
      fail(word[i] "() is banned")
  room = FILENAME
  low = room ~ /^libcommon\// && room !~ /^libcommon\/cli\//
  if (low && text ~ /[^A-Za-z0-9_.>](exit|abort|printf|puts|putchar|perror)[ \t]*\(/)
    fail("the library neither prints nor exits")
  if (low && text ~ /fprintf[ \t]*\([ \t]*stderr|fputs[ \t]*\(.*,[ \t]*stderr/)
    fail("the library does not print")
  if (room !~ /^libcommon\/store\// && room !~ /^tests\/unit\/store\// && text ~ /[^A-Za-z0-9_]sqlite3_/)
    fail("sqlite3_ outside libcommon/store/")
  if (room ~ /^(libcommon|cmd)\// && room != "libcommon/base/base_io.c" &&
      raw ~ /fopen[ \t]*\([^;]*,[ \t]*"(w|a|r\+|r[a-z]*\+)/)
    fail("only base_io.c opens a file for writing")
}
END { exit bad }'
