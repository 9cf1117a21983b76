#!/usr/bin/env bash
# make-completions.sh DIR - writes DIR/bash, DIR/zsh and DIR/fish from each tool's --dump-options.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$1
case ${BUILD:-build/release} in
/*) bin=$BUILD/bin ;;
*) bin=$root/${BUILD:-build/release}/bin ;;
esac
export PATH="$bin:$PATH"
mkdir -p "$out/bash" "$out/zsh" "$out/fish"

for path in "$bin"/ogpu*; do
  tool=${path##*/}
  # {tool, opts, commands: [{name, opts}]}: the tool's own options and those of each of its commands
  dump=$("$path" --dump-options | jq -s '{tool: .[0], opts: .[1:]}')
  commands='[]'
  for cmd in $(jq -r '.tool.commands[]?' <<<"$dump"); do
    one=$("$path" "$cmd" --dump-options </dev/null |
      jq -s --arg c "$cmd" '{name: $c, summary: .[0].summary, opts: .[1:]}')
    commands=$(jq --argjson one "$one" '. + [$one]' <<<"$commands")
  done
  dump=$(jq --argjson c "$commands" '. + {commands: $c}' <<<"$dump")
  jq -rf "$here/completions-bash.jq" <<<"$dump" >"$out/bash/$tool"
  jq -rf "$here/completions-zsh.jq" <<<"$dump" >"$out/zsh/_$tool"
  jq -rf "$here/completions-fish.jq" <<<"$dump" >"$out/fish/$tool.fish"
done
