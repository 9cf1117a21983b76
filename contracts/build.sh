#!/usr/bin/env bash
# build.sh [DIR] - compiles the system contracts with the pinned solc (npm install solc@0.8.26 in the
# current folder or above it) into DIR (contracts/): NAME.json of each, and for contracts/ the code as
# the ledger has it, libcommon/ledger/ledger_rule_code.h. tests/e2e/system.bats compares.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dir=${1:-$here}
for file in Pay Market Stake; do
  for name in "$file" "${file}Check"; do
    node "$here/../tests/evm/compile.mjs" "$here/$file.sol" "$name" >"$dir/$name.json.new"
    mv "$dir/$name.json.new" "$dir/$name.json"
  done
done
[ "$dir" = "$here" ] || exit 0
out=$here/../libcommon/ledger/ledger_rule_code.h
{
  echo '/* ledger_rule_code.h - runtime code of the system contracts, from contracts/ by build.sh. */'
  echo '#ifndef OG_LEDGER_RULE_CODE_H'
  echo '#define OG_LEDGER_RULE_CODE_H'
  for file in Pay Market Stake; do
    printf '\n/* contracts/%s.sol */\n#define OG_CODE_%s' "$file" "${file^^}"
    jq -r .runtime "$here/$file.json" | fold -w 88 | sed 's/.*/    "&"/' | awk '{ printf " %*s\\\n%s", 0, "", $0 }'
    echo
  done
  echo
  echo '#endif'
} >"$out"
clang-format-14 -i "$out"
