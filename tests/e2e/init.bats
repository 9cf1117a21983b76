#!/usr/bin/env bats
# init.bats - ogpu init: keys, genesis, members; races; a state that is there stays as it is.
load helpers

KEYS() { echo "$XDG_CONFIG_HOME/ogpu/keys"; }

@test "a chain, a key, a funded account, this machine as a node" {
  run -0 --separate-stderr ogpu init --capacity-ms 10
  [ "${#lines[@]}" -eq 1 ]
  jq -e '.kind == "init" and .v == 1 and (.chain | length) == 64 and (.nodes | length) == 1 and
    .nodes[0].name == "default" and .nodes[0].bond == "1000000000000" and
    .nodes[0].measured_mflops_per_s > 0 and .accounts[0].amount == "1000000000000000"' <<<"$output"
  [[ $stderr == *"knows every draw beforehand"* ]]
  local f
  for f in default.pem default.vrf.pem default.consensus.pem; do
    [ "$(stat -c %a "$(KEYS)/$f")" = 600 ]
  done
  [ "$(stat -c %a "$OGPU_HOME")" = 700 ]
  [ "$(ogpu show param:protocol | jq -r .value)" = 2 ]
}

@test "-q says nothing; -H is a table" {
  run -0 --separate-stderr ogpu init -qH --capacity-ms 10
  [ -z "$stderr" ]
  [[ ${lines[0]} == "NAME "*"SLOTS"* ]]
  [[ ${lines[1]} == "default "* ]]
}

@test "the slots, threads and share that are asked for" {
  ogpu init -q --capacity-ms 10 --threads 1 --slots 4 --share 25% --mem 4GiB --bond 50 \
    --supply 200000 >init.json
  jq -e '.nodes[0].slots == 4 and .nodes[0].threads == 1 and .nodes[0].bond == "50000000000" and
    .accounts[0].amount == "200000000000000" and
    .nodes[0].offered_mflops_per_s == (.nodes[0].measured_mflops_per_s / 4 | floor)' init.json
  run -0 ogpu show node:1
  jq -e '(.slots | length) == 4 and all(.slots[]; .share_ppm == 250000 and .cores == 1 and
    .mem_bytes == 1073741824)' <<<"$output"
}

@test "members are nodes with owners of their own; the key then holds the rest" {
  ogpu init -q --capacity-ms 10 --key alice --member ada,threads=1,slots=2 \
    --member lin,share=0.5,amount=300,bond=100 --account zoe,amount=7 >init.json
  jq -e '[.nodes[].name] == ["ada", "lin"] and [.nodes[].id] == [1, 2] and
    [.accounts[].name] == ["alice", "ada", "lin", "zoe"] and
    .accounts[0].amount == "989693000000000" and .accounts[3].amount == "7000000000"' init.json
  run -0 ogpu show node:2
  jq -e '.bond == "100000000000"' <<<"$output"
  lin=$(jq -r '.accounts[2].addr' init.json)
  run -0 ogpu show "$lin"
  jq -e '.balance == "200000000000" and .nodes == [2]' <<<"$output"
  [ ! -e "$(KEYS)/alice.vrf.pem" ]
  [ -e "$(KEYS)/ada.vrf.pem" ]
  run -0 ogpu status
  jq -e '.supply == "1000000000000000" and .nodes.active == 2' <<<"$output"
}

@test "capacities may be stated" {
  ogpu init -q --mflops 5000 --member ada --member lin,mflops=70,share=50% >init.json
  jq -e '[.nodes[] | [.measured_mflops_per_s, .offered_mflops_per_s]] == [[5000, 5000], [70, 35]]' \
    init.json
  run -64 ogpu init -s other --member ada,mflops=0
  run -64 ogpu init -s other --mflops 0
}

@test "the key may be a member, too" {
  ogpu init -q --capacity-ms 10 --member default --member ada >init.json
  jq -e '[.nodes[].name] == ["default", "ada"]' init.json
}

@test "parameters of the chain" {
  ogpu init -q --capacity-ms 10 --param block_ms=50 -p rate=5 >/dev/null
  [ "$(ogpu show param:block_ms | jq -r .value)" = 50 ]
  [ "$(ogpu show param | jq -r .params.rate)" = 5 ]
}

@test "keys that are there are used, of other algorithms, too" {
  ogpu-keygen --alg ed25519 >key.json
  ogpu init -q --capacity-ms 10 >init.json
  [ "$(jq -r .address key.json)" = "$(jq -r .accounts[0].addr init.json)" ]
  ogpu init -q -s two --key b --alg ml-dsa-65 --capacity-ms 10 >/dev/null
  [ "$(ogpu-keygen --show b | jq -r .alg)" = ml-dsa-65 ]
}

@test "a state that is there is never touched" {
  ogpu init -q --capacity-ms 10 >/dev/null
  before=$(sha256sum "$OGPU_HOME/ogpu.db")
  run -73 --separate-stderr ogpu init --capacity-ms 10
  [ -z "$output" ]
  [[ $stderr == "ogpu init: there is a state already in '$OGPU_HOME'" ]]
  [ "$before" = "$(sha256sum "$OGPU_HOME/ogpu.db")" ]
}

@test "two at once: one wins, the other says so" {
  local i wins=0 lost=0 pids=()
  for i in 1 2 3 4; do
    ogpu init -q --capacity-ms 50 >"out.$i" 2>"err.$i" &
    pids+=($!)
  done
  for i in 1 2 3 4; do
    local status=0
    wait "${pids[i - 1]}" || status=$?
    case $status in
    0)
      wins=$((wins + 1))
      winner=$i
      ;;
    73)
      lost=$((lost + 1))
      [[ $(cat "err.$i") == *"there is a state already"* ]]
      [ ! -s "out.$i" ]
      ;;
    *) false ;;
    esac
  done
  [ "$wins" = 1 ]
  [ "$lost" = 3 ]
  [ "$(jq -r .chain "out.$winner")" = "$(ogpu status | jq -r .chain)" ]
}

@test "an interrupted init leaves nothing that stands in the way" {
  local i
  for i in 1 2 3 4 5; do
    rm -rf "$OGPU_HOME"
    ogpu init -q --capacity-ms 30 >/dev/null 2>&1 &
    pid=$!
    sleep "0.0$((i * 15))"
    kill -9 $pid 2>/dev/null || true
    wait $pid 2>/dev/null || true
    if ! ogpu status >/dev/null 2>&1; then
      run -0 ogpu init -q --capacity-ms 10
    fi
    ogpu status | jq -e '.supply == "1000000000000000"'
  done
}

@test "wrong calls" {
  run -64 ogpu init extra
  run -64 --separate-stderr ogpu init --param nonsense=1
  [[ $stderr == *"no parameter 'nonsense'"* ]]
  run -64 ogpu init --param round_rows=0
  run -64 ogpu init --param rate
  run -64 ogpu init --key ../x
  run -64 ogpu init --member 'a b'
  run -64 ogpu init --member ada,color=red
  run -64 ogpu init --member ada,share=2
  run -64 ogpu init --member ada --member ada
  run -64 ogpu init --account ada,threads=2
  run -64 ogpu init --account ada,amount=2000000
  run -64 --separate-stderr ogpu init --bond 1
  [[ $stderr == *"less than min_bond, 10.000000000 OGPU" ]]
  run -64 ogpu init --bond 2000000
  run -64 ogpu init --slots 0
  run -64 ogpu init --capacity-ms 1
  [ ! -e "$OGPU_HOME" ]
}

@test "a state of a newer version is refused untouched" {
  needs sqlite3
  ogpu init -q --capacity-ms 10 >/dev/null
  sqlite3 "$OGPU_HOME/ogpu.db" 'PRAGMA user_version = 9999; PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
  before=$(sha256sum "$OGPU_HOME/ogpu.db")
  run -78 --separate-stderr ogpu init --capacity-ms 10
  [[ $stderr == *"newer than this program"* ]]
  run -78 ogpu status
  run -78 ogpu show 1
  [ "$before" = "$(sha256sum "$OGPU_HOME/ogpu.db")" ]
}

@test "a place where nothing can be made" {
  touch file
  run -73 ogpu init -s file/state --capacity-ms 10
  printf x >blocked
  OGPU_KEYS=$PWD/blocked run -73 ogpu init --capacity-ms 10
  [ ! -e "$OGPU_HOME/ogpu.db" ]
}

@test "a broken stdout is said, the chain stands" {
  run -74 bash -c 'ogpu init -q --capacity-ms 10 >/dev/full'
  run -0 ogpu status
}
