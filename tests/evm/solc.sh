#!/usr/bin/env bash
# solc.sh [DIR] - compiles the system contracts and the test contract with the pinned solc and compares
# with what is committed. DIR/node_modules holds solc (default: npm's global folder); 77, with the
# reason, where it is not there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
command -v node >/dev/null || { echo "skip: node is not installed" >&2 && exit 77; }
dir=${1:-$(npm root -g 2>/dev/null | sed 's,/node_modules$,,')}
[ -d "${dir:-.}/node_modules/solc" ] || { echo "skip: no solc in '$dir'" >&2 && exit 77; }
have=$(cd "$dir" && node -p 'require("solc/package.json").version')
[ "$have" = 0.8.26 ] || { echo "skip: solc is $have, 0.8.26 is pinned" >&2 && exit 77; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
(cd "$dir" && "$root/contracts/build.sh" "$tmp")
for name in Kit Order; do
  (cd "$dir" && node "$here/compile.mjs" "$root/tests/data/contracts/$name.sol" $name) >"$tmp/$name.json"
done
bad=0
for f in "$tmp"/*.json; do
  name=${f##*/}
  committed=$root/contracts/$name
  [ -e "$committed" ] || committed=$root/tests/data/contracts/$name
  cmp -s "$f" "$committed" || { echo "$committed is not what solc makes of its source" >&2 && bad=1; }
done
exit "$bad"
