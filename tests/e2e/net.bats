#!/usr/bin/env bats
# net.bats - networks of ogpu-node on the loopback interface: the main job, crashes, replay, errors.

load helpers

kills=${OGPU_KILLS:-3} # common_setup forgets it

setup() {
  common_setup
  needs_comet
  export OGPU_KEYS=$BATS_TEST_TMPDIR/net/keys
}

teardown() {
  net_down
  common_teardown
}

# audit_all DIR: every node's chain replayed.
audit_all() {
  local i
  for i in "$1"/node?; do
    ogpu-validate -s "$i" --audit | jq -e .ok >/dev/null || return 1
  done
}

# pay FROM DIR: a transfer of 1 OGPU from alice through node FROM, in a block when it returns.
pay() {
  ogpu-submit -s "$2/node$1" -q --key alice --verify own --sandbox none -- true >/dev/null
}

@test "testnet --demo: a network comes up, the main job is paid, all is stopped" {
  run -0 ogpu-node testnet 4 --demo --mflops 100000 -d net
  [[ $output == *"the result is right and paid"* ]]
  [[ ${lines[-1]} == "main job on 4 nodes: "*" ms" ]]
  audit_all net
  net_same net
  for i in 0 1 2 3; do
    run -1 ogpu-node status -s net/node$i
    [ "$(jq '.app_pid + .engine_pid' <<<"$output")" = 0 ]
  done
}

@test "application and engine killed -9 under load: the pair heals, nothing differs" {
  net_up net
  run -75 ogpu-node start -s net/node1
  [[ $output == *"another ogpu-node runs in"* ]]
  RANDOM=4711
  for i in $(seq "$kills"); do
    victim=$((RANDOM % 4))
    what=app
    ((i % 2)) || what=engine
    kill -9 "$(ogpu-node status -s net/node$victim | jq ".${what}_pid")"
    pay $(((victim + 1) % 4)) net
    wait_for "[ \"\$(ogpu-node status -s net/node$victim | jq .catching_up)\" = false ]"
  done
  wait_for '[ "$(for i in 0 1 2 3; do ogpu status -s net/node$i | jq ".tasks | add"; done | uniq)" = $kills ]'
  wait_for '[ "$(ogpu-node status -s net/node2 | jq .peers)" = 3 ]'
  run -0 ogpu-node status -s net/node2 -H
  [[ $output == *"validators"*4* ]]
  net_down
  audit_all net
  net_same net
  run -69 pay 0 net
  [[ $output == *"is 'ogpu-node start' running?"*"does not answer"* ]]
}

@test "what is no network is said so" {
  run -66 ogpu-node start -s nowhere
  ogpu init -q -s local --mflops 1000
  run -78 ogpu-node start -s local
  run -78 ogpu-node status -s local
  run -64 ogpu-node testnet many
  run -64 ogpu-node
  OGPU_COMETBFT=/nowhere run -69 ogpu-node testnet 1
  [[ $output == *"cannot be run"* ]]
  ogpu init -q -s alone --engine comet --mflops 1000
  run -78 ogpu-submit -s alone -- true
  [[ $output == *"never run by 'ogpu-node start'"* ]]
}

@test "the blocks of a local chain through four nodes: the same app hash at every height" {
  export OGPU_KEYS=$BATS_TEST_TMPDIR/keys
  ogpu init -q -s local --slots 2 --mflops 100000 --account bob
  export OGPU_HOME=$BATS_TEST_TMPDIR/local
  ogpu-submit -q --array 0-5 --chunk 2 --sandbox none -- sh -c 'echo $OGPU_INDEX' >task.json
  run -0 bash -o pipefail -c 'ogpu-match <task.json | ogpu-worker | ogpu-validate'
  run -0 ogpu-validate --audit
  hash=$(jq -r .app_hash <<<"$output")
  run -0 ogpu-node testnet 4 --replay local -d net
  jq -e '.kind == "replay" and .same and .blocks > 3 and .nodes == 4' <<<"$output"
  for i in 0 1 2 3; do
    [ "$(ogpu-validate -s net/node$i --audit | jq -r .app_hash)" = "$hash" ]
  done
}
