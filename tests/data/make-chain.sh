#!/usr/bin/env bash
# make-chain.sh - makes the committed files: chain-p1.db.gz, a chain under protocol 1 with every kind
# of transaction the tools send here, which the tests audit again; and state-v1.db.gz, a small state of
# schema version 1, which later versions must open. Run after a change of protocol or schema that is
# meant, before the first release; afterwards these files stay and a new pair is made beside them.
# Needs jq and sqlite3; BUILD (build/release) holds the tools.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
bin=$(cd "${BUILD:-build/release}/bin" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PATH="$bin:$PATH" HOME=$work/home XDG_CONFIG_HOME=$work/home/.config LC_ALL=C.UTF-8
unset OGPU_KEYS XDG_STATE_HOME

# keep STATE FILE: one small file without a log beside it.
keep() {
  sqlite3 "$1/ogpu.db" 'PRAGMA journal_mode = DELETE; DELETE FROM event; DELETE FROM manifest;
    PRAGMA page_size = 512; VACUUM' >/dev/null
  gzip -9nc "$1/ogpu.db" >"$2"
  ls -l "$2"
}

export OGPU_HOME=$work/small
ogpu init --capacity-ms 20 --alg ed25519 --account bob 2>/dev/null >/dev/null
ogpu run --sandbox none -- true
ogpu-submit --transfer "$(ogpu-keygen --show bob | jq -r .address)" --amount 3 >/dev/null
ogpu-validate --audit | jq -c '[.ok, .blocks, .txs]'
# back to schema version 1: its triggers, which version 2 dropped, and its indexes
cc -Ilibcommon -o "$work/first" -x c - libcommon/store/store_schema.c <<'END'
#include <stdio.h>
extern const char *const og_migrations[];
int main(void)
{
    return puts(og_migrations[0]) < 0;
}
END
"$work/first" | sqlite3 "$work/v1.db"
{
  sqlite3 "$OGPU_HOME/ogpu.db" \
    "SELECT 'DROP INDEX \"' || name || '\";' FROM sqlite_schema WHERE type = 'index' AND sql NOT NULL"
  sqlite3 "$work/v1.db" \
    "SELECT sql || ';' FROM sqlite_schema WHERE type IN ('index', 'trigger') AND sql NOT NULL"
} >"$work/back.sql"
sqlite3 "$OGPU_HOME/ogpu.db" <"$work/back.sql"
sqlite3 "$OGPU_HOME/ogpu.db" 'PRAGMA user_version = 1'
keep "$OGPU_HOME" "$root/tests/data/state-v1.db.gz"

export OGPU_HOME=$work/chain XDG_CONFIG_HOME=$work/keys2
ogpu init --capacity-ms 20 --alg ed25519 --key amy --member amy,slots=2 --member ben --member cat \
  --member dan --account eve --param epoch_blocks=20 --param epoch_ms=1 2>/dev/null >/dev/null
drain() {
  local i
  for ((i = 0; i < 40; i++)); do
    ogpu-match --once --quiet || [ $? -eq 1 ]
    ogpu-worker --once --quiet || [ $? -eq 1 ]
    ogpu-validate --once --quiet || [ $? -eq 1 ]
    for id in $(sqlite3 "$OGPU_HOME/ogpu.db" 'SELECT DISTINCT task FROM lease WHERE state = 3'); do
      ogpu-submit --key amy --accept "$id" || ogpu-submit --key eve --accept "$id" || true
    done 2>/dev/null
    ogpu status | jq -e '.tasks.open == 0 and .tasks.waiting == 0' >/dev/null && return 0
  done
  echo "make-chain.sh: tasks are left" >&2
  ogpu status >&2
  ogpu-match --why "$(sqlite3 "$OGPU_HOME/ogpu.db" "SELECT max(id) FROM task WHERE state = 1")" >&2
  return 1
}
cd "$work"
eve=$(ogpu-keygen --show eve | jq -r .address)
{
  ogpu-submit --key amy --transfer "$eve" --amount 5
  ogpu-submit --key amy --array 0-5 --chunk 2 --sandbox none -- true
  ogpu-submit --key amy --name first --sandbox none -- sh -c 'exit 3'
  ogpu-submit --key amy --after first:any --urgency 3 --sandbox none -- true
  ogpu-submit --key amy --cancel "$(ogpu-submit --key amy --sandbox none -- true | jq .id)"
  drain
  ogpu-stake --key ben --bond 2
  ogpu-stake --key ben --unbond 1
  ogpu-stake --key cat --link 1 --latency 100 --bandwidth 1000000
  ogpu-stake --key dan --leave 4
  ogpu-keygen --rotate eve
  ogpu-submit --key eve --transfer "$(ogpu-keygen --show ben | jq -r .address)" --amount 1
} >/dev/null
# products of integers, recomputed by nodes of other owners
head -c 4096 /dev/zero >A.bin
head -c 4096 /dev/zero >B.bin
ogpu-submit --key eve --kernel gemm --in A.bin --in B.bin --out C.bin --arg m=32 --arg n=32 --arg k=32 \
  --arg type=i32 --verify exact --dry-run >/dev/null 2>&1 &&
  ogpu-submit --key eve --kernel gemm --in A.bin --in B.bin --out C.bin --arg m=32 --arg n=32 --arg k=32 \
    --arg type=i32 --verify exact >/dev/null
drain >/dev/null
ogpu-validate --seal >/dev/null
ogpu-validate --audit | jq -S '{app_hash, blocks, chain, ok, supply, txs}' >"$root/tests/data/chain-p1.json"
cat "$root/tests/data/chain-p1.json"
keep "$OGPU_HOME" "$root/tests/data/chain-p1.db.gz"
