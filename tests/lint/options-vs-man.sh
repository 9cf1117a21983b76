#!/usr/bin/env bash
# options-vs-man.sh - each tool's option table against the ".It Fl" entries of its page, both ways.
set -euo pipefail
cd "$(dirname "$0")/../.."
bin=$(cd "${BUILD:-build/release}/bin" && pwd)
export PATH="$bin:$PATH"
bad=0

# options of a dump on stdin: -x and --name, one a line
of_dump() {
  jq -r 'select(.kind != "tool") | (if .letter then "-" + .letter else empty end), "--" + .name' | sort -u
}

# options in the .It Fl entries of a page: "Fl s", "Fl -state", "Fl Fl state"
of_page() {
  sed 's/\\-/-/g; s/\\&//g' "$1" | awk '
    /^\.It Fl/ {
      for (i = 2; i <= NF; i++) {
        if ($i != "Fl")
          continue
        dash = "-"
        while ($(i + 1) == "Fl") {
          dash = dash "-"
          i++
        }
        print dash $(i + 1)
      }
    }' | sort -u
}

for path in "$bin"/ogpu*; do
  tool=${path##*/}
  page=man/$tool.1
  if [ ! -f "$page" ]; then
    echo "$page is missing"
    bad=1
    continue
  fi
  dump=$("$path" --dump-options)
  known=$(of_dump <<<"$dump")
  all=$known
  # commands of the tool itself, such as "ogpu run"
  for cmd in $(jq -r 'select(.kind == "tool") | .commands[]?' <<<"$dump"); do
    [ -x "$bin/$tool-$cmd" ] || all+=$'\n'$("$path" "$cmd" --dump-options | of_dump)
  done
  while read -r o; do
    [ -z "$o" ] || echo "$page: $o of the option table is not in the page"
    [ -z "$o" ] || bad=1
  done < <(comm -23 <(echo "$known") <(of_page "$page"))
  while read -r o; do
    [ -z "$o" ] || echo "$page: $o is not in the option table"
    [ -z "$o" ] || bad=1
  done < <(comm -13 <(sort -u <<<"$all") <(of_page "$page"))
done
exit $bad
