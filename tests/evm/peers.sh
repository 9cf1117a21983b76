#!/usr/bin/env bash
# peers.sh - installs the reference machines of package.json with npm into a cache and prints the folder;
# 77, with the reason, where that cannot be done. OGPU_EVM_PEERS=DIR: they are there already.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
skip() {
  echo "skip: $*" >&2
  exit 77
}
if [ -n "${OGPU_EVM_PEERS:-}" ]; then
  [ -d "$OGPU_EVM_PEERS/node_modules" ] || skip "no node_modules in '$OGPU_EVM_PEERS'"
  echo "$OGPU_EVM_PEERS"
  exit
fi
for tool in node npm; do
  command -v $tool >/dev/null || skip "$tool is not installed"
done
want=$(sha256sum <"$here/package.json" | cut -c1-16)
dir=${XDG_CACHE_HOME:-$HOME/.cache}/ogpu/evm-peers-$want
if [ ! -e "$dir/complete" ]; then
  if ! mkdir -p "$dir" || ! cp "$here/package.json" "$dir/"; then
    skip "cannot write to '$dir'"
  fi
  (cd "$dir" && timeout 600 npm install --no-audit --no-fund --ignore-scripts >npm.log 2>&1) ||
    skip "npm could not install the packages; see '$dir/npm.log'"
  touch "$dir/complete"
fi
echo "$dir"
