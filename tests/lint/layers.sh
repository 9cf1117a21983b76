#!/usr/bin/env bash
# layers.sh - libcommon/LAYERS against the #include lines of libcommon/. TREE: another root, for tests.
set -euo pipefail
cd "${TREE:-$(dirname "$0")/../..}"

{
  sed 's/^/L /' libcommon/LAYERS
  find libcommon -mindepth 1 -maxdepth 1 -type d | sort | sed 's/^/D /'
  find libcommon -name '*.h' | sed 's|^libcommon/|H |'
  find libcommon -name '*.[ch]' | sort | while IFS= read -r f; do
    grep -nE '^[[:space:]]*#[[:space:]]*include|[^A-Za-z0-9_](getenv|clock_gettime|gettimeofday|random)[[:space:]]*\(' \
      "$f" | sed "s|^|I $f:|" || true
  done
} | awk '
function fail(s) { print s; bad = 1 }
/^L / {
  line = substr($0, 3)
  is_pure = line ~ /#.*pure/
  sub(/#.*/, "", line)
  if (line !~ /[^ \t]/)
    next
  if (!match(line, /^[a-z]+:/)) {
    fail("libcommon/LAYERS: not \"room: rooms\": " line)
    next
  }
  room = substr(line, 1, RLENGTH - 1)
  if (room in rank)
    fail("libcommon/LAYERS: " room " is listed twice")
  n = split(substr(line, RLENGTH + 1), dep, " ")
  for (i = 1; i <= n; i++) {
    if (!(dep[i] in rank))
      fail("libcommon/LAYERS: " room " looks up to " dep[i])
    may[room, dep[i]] = 1
  }
  rank[room] = ++rooms
  may[room, room] = 1
  pure[room] = is_pure
  next
}
/^D / {
  sub(/^D libcommon\//, "")
  if (!($0 in rank))
    fail("libcommon/" $0 ": folder is not listed in libcommon/LAYERS")
  next
}
/^H / { header[$2] = 1; next }
/^I / {
  where = $2
  text = $0
  sub(/^I [^:]*:[0-9]*:/, "", text)
  match($0, /^I [^:]*:[0-9]*/)
  where = substr($0, 3, RLENGTH - 2)
  room = where
  sub(/^libcommon\//, "", room)
  sub(/\/.*/, "", room)
  if (text ~ /#[ \t]*include[ \t]*"/) {
    inc = text
    sub(/^[^"]*"/, "", inc)
    sub(/".*/, "", inc)
    if (inc !~ /\//) {
      fail(where ": \"" inc "\": includes take the path from libcommon/")
      next
    }
    to = inc
    sub(/\/.*/, "", to)
    if (!((room, to) in may))
      fail(where ": " room " may not include " to " (\"" inc "\")")
    else if (!(inc in header))
      fail(where ": \"" inc "\" does not exist")
    if (pure[room] && inc ~ /^base\/base_(time|io|log)\.h$/)
      fail(where ": " room " is pure: no clock, no I/O (\"" inc "\")")
  } else if (text ~ /#[ \t]*include/) {
    if (pure[room] && text ~ /<(time|unistd|fcntl|poll|dirent|signal|pthread|sys\/[a-z]*)\.h>/ &&
        text !~ /<sys\/types\.h>/)
      fail(where ": " room " is pure: no clock, no I/O:" text)
  } else if (pure[room] && text !~ /^[ \t]*(\/?\*|\/\/)/)
    fail(where ": " room " is pure: no environment, no clock:" text)
}
END { exit bad }'
