#!/usr/bin/env bash
# hosts.sh - no file names a host outside hosts.allow, nor a path of the machine it was written on.
# TREE: another root, for tests.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/list.sh"
cd "${TREE:-$here/../..}"
export LC_ALL=C
bad=0
list=$(files '*' | grep -vE '^(tests/fuzz/corpus/|tests/lint/hosts[.]allow$)' |
  tr '\n' '\0' | xargs -0 -r grep -Il . || true)

# A host: two labels or more under org and com, three or more under net, io and dev.
# shellcheck disable=SC2016
tr '\n' '\0' <<<"$list" | xargs -0 -r awk -v allow="$here/hosts.allow" '
BEGIN {
  while ((getline line <allow) > 0)
    if (line !~ /^#/)
      ok[line] = 1
}
function allowed(name) {
  for (; name != ""; sub(/^[^.]*[.]?/, "", name))
    if (name in ok)
      return 1
  return 0
}
!/[.](org|com|net|io|dev)/ { next }
{
  rest = $0
  before = ""
  while (match(rest, /[A-Za-z0-9_.-]+/)) {
    name = substr(rest, RSTART, RLENGTH)
    before = before substr(rest, 1, RSTART - 1)
    rest = substr(rest, RSTART + RLENGTH)
    is_path = before ~ /[^\/]\/$/ || before == "/"
    before = before name
    sub(/[.-]+$/, "", name)
    if (is_path || rest ~ /^[(\/]/ && before ~ /\/[^\/]*$/ && before !~ /\/\/[^\/]*$/)
      continue
    if (rest ~ /^\(/)
      continue
    if (name ~ /^[a-z0-9-]+([.][a-z0-9-]+)*[.](org|com)$/ ||
        name ~ /^[a-z0-9-]+([.][a-z0-9-]+)+[.](net|io|dev)$/)
      if (!allowed(name)) {
        print FILENAME ":" FNR ": names the host " name " (not in tests/lint/hosts.allow)"
        bad = 1
      }
  }
}
END { exit bad }' || bad=1

if tr '\n' '\0' <<<"$list" |
  xargs -0 -r grep -nE '/wor[k]/(main|shared)|/hom[e]/[a-z]+/|/roo[t]/[a-z.]'; then
  echo "a path of one machine stands in the tree"
  bad=1
fi
exit $bad
