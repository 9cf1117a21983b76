#!/usr/bin/env bats
# net.bats - what takes a network longer: a fresh member that begins with a snapshot.

load ../e2e/helpers

setup() {
  common_setup
  needs_comet
  needs curl
}

teardown() {
  [ -z "${FIFTH:-}" ] || kill "$FIFTH" || true
  common_teardown
}

rpc_of() { ogpu-node status -s "$1" | jq -r .rpc; }

@test "a fresh member takes a snapshot of a chain that goes on, and has its blocks from there" {
  export OGPU_KEYS=$BATS_TEST_TMPDIR/net/keys
  net_up net --snapshot-every 40
  # a task that nobody may take keeps blocks coming
  ogpu-submit -s net/node0 -q --key alice --verify own --sandbox none -- true >/dev/null
  wait_for '[ "$(ogpu status -s net/node0 | jq .height)" -gt 90 ]'
  a=$(rpc_of net/node0) b=$(rpc_of net/node1)
  hash=$(curl -s "$a/commit?height=20" | jq -r .result.signed_header.commit.block_id.hash)
  mapfile -t peers < <(sed -n 's/^persistent_peers = "\(.*\)"/\1/p' net/node0/comet/config/config.toml |
    tr ',' '\n' | sed 's/^/--peer=/')
  at=$(lo_address)
  export OGPU_KEYS=$BATS_TEST_TMPDIR/keys OGPU_HOME=$BATS_TEST_TMPDIR/fifth
  ogpu-node join --p2p "$at:26656" --rpc "$at:26657" "${peers[@]}" --sync "${a#http://}" \
    --sync "${b#http://}" --trust "20:$hash" net/node0/comet/config/genesis.json
  ogpu-node start >fifth.log 2>&1 </dev/null 3>&- &
  FIFTH=$!
  wait_for '[ "$(ogpu status | jq .height)" -gt 0 ]'
  run -1 ogpu show block:3 # older blocks are not here
  first=$(ogpu status | jq .height)
  wait_for '[ "$(ogpu status | jq .height)" -gt $((first + 5)) ]'
  last=$(ogpu status | jq .height)
  wait_for '[ "$(ogpu status -s net/node3 | jq .height)" -ge $last ]'
  [ "$(ogpu show "block:$last" | jq -r .hash)" = \
    "$(ogpu show -s net/node3 "block:$last" | jq -r .hash)" ]
}
