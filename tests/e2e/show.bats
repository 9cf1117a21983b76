#!/usr/bin/env bats
# show.bats - ogpu show: any object by its name, proofs that a header suffices for.
load helpers

setup() {
  common_setup
  ogpu init -q --mflops 100000 >init.json
}

addr() { jq -r '.accounts[0].addr' init.json; }
field() { jq -er "$1" <<<"$output"; }

# one paid task
a_task() {
  ogpu-submit --sandbox none --name "${1:-one}" -- echo hello | ogpu-match | ogpu-worker | ogpu-validate >records
}

@test "a task with leases and receipt" {
  a_task first
  run -0 --separate-stderr ogpu show 1
  [ -z "$stderr" ]
  jq -e '.kind == "task" and .id == 1 and .name == "first" and .state == "paid" and
    .leases[0].state == "paid" and .leases[0].node == 1 and .receipt.kind == "receipt" and
    .receipt.payout == .paid and .after == []' <<<"$output"
  hash=$(field .hash)
  run -0 ogpu show "$hash"
  [ "$(field .id)" = 1 ]
  run -0 ogpu show receipt:1
  jq -e '.kind == "receipt" and .task == 1 and .exit == 0 and .verified_by == "own"' <<<"$output"
  run -0 ogpu show lease:1
  jq -e '.kind == "lease" and .task == 1 and .checks == []' <<<"$output"
  run -0 ogpu show paid:1:0
  jq -e '.kind == "paid" and .node == 1' <<<"$output"
}

@test "node, slot, account, treasury, parameters, epoch" {
  run -0 ogpu show node:1
  jq -e '.kind == "node" and .state == "active" and .select_ppm == 1000000 and
    .reliability_ppm == 500000 and (.slots | length) > 0' <<<"$output"
  run -0 ogpu show slot:1:0
  jq -e '.kind == "slot" and .lease == 0' <<<"$output"
  run -0 ogpu show "$(addr)"
  jq -e '.kind == "account" and .balance == "999000000000000" and .nodes == [1]' <<<"$output"
  run -0 ogpu show "account:$(addr)"
  ogpu-stake --bond 1 >/dev/null
  run -0 ogpu show "$(addr)"
  jq -e '.alg == "hybrid" and .seq == "1"' <<<"$output"
  run -0 ogpu show param
  jq -e '.params.protocol == "2" and (.params | length) > 20' <<<"$output"
  run -0 ogpu show epoch
  jq -e '.kind == "epoch" and .id == 1 and .lambda_ppm == 1000000' <<<"$output"
}

@test "options may follow the ID" {
  run -0 ogpu show node:1 --proof
  [ "$(field .kind)" = proof ]
  run -0 ogpu show node:1 -H block
  [[ ${lines[0]} != "{"* ]]
  run -64 --separate-stderr ogpu show -- node:1 --proof
  [[ $stderr == *"'--proof' is not an ID"* ]]
}

@test "blocks and transactions" {
  ogpu-stake --bond 1 >sent
  id=$(jq -r .id sent)
  run -0 ogpu show "tx:$id"
  jq -e '.kind == "tx" and .height == 1 and .tx.kind == "stake.bond" and .status == 0' <<<"$output"
  a_task
  run -0 ogpu show "$id"
  run -0 ogpu show block:1
  jq -e '.kind == "block" and .header.height == 1 and .header.parent == .header.chain and
    .txs == .header.n_tx and (.hash | length) == 64' <<<"$output"
  parent=$(field .hash)
  run -0 ogpu show block:2
  [ "$(field .header.parent)" = "$parent" ]
  run -0 ogpu show block
  [ "$(field .height)" = "$(ogpu status | jq .height)" ]
  run -0 ogpu show treasury
  jq -e '(.balance | tonumber) > 0' <<<"$output"
  ogpu-submit --sandbox none -- true >/dev/null
  ogpu-validate --seal >/dev/null
  run -0 ogpu show round
  jq -e '.kind == "round" and .rows >= 1 and (has("cost") | not)' <<<"$output"
}

@test "several at once, and lines for people" {
  a_task
  run -0 ogpu show 1 node:1 block:1
  [ "${#lines[@]}" -eq 3 ]
  run -0 ogpu show -H node:1
  [[ $output == *"bond             1000 OGPU"* ]]
  a_task second
  run -0 ogpu show -H receipt:1 receipt:2
  [[ ${lines[0]} == "TASK "*"NODES"*"VERDICT"*"PAYOUT"* ]]
  [[ ${lines[2]} == *"2  second"* ]]
}

@test "what is not there is 1, what is no ID is 64" {
  for id in 99 node:9 lease:9 block:9 receipt:9 "tx:$(printf '0%.0s' {1..64})" \
    "$(printf 'a%.0s' {1..64})" param:nothing round paid:1:0; do
    run -1 --separate-stderr ogpu show "$id"
    [ -z "$output" ]
    [[ $stderr == "ogpu show: there is no "* ]]
  done
  for id in nonsense '' node: node:x node:1:2 slot:1 tx:12 block:-1 ogpu1zzzz 18446744073709551616; do
    run -64 ogpu show "$id"
  done
  run -64 ogpu show
}

@test "proofs of a transaction, a receipt and rows hold against the header alone" {
  ogpu-stake --bond 1 >sent
  a_task
  for id in "tx:$(jq -r .id sent)" receipt:1 "$(addr)" task:1 node:1 lease:1 paid:1:0 \
    param:rate param:block_max epoch:1 validator:1; do
    run -0 --separate-stderr ogpu show --proof "$id"
    jq -e '.kind == "proof" and .header.chain != null and (.hash | length) == 64' <<<"$output"
    printf '%s\n' "$output" >proof.json
    run -0 ogpu-validate --proof proof.json
  done
}

@test "a proof that was touched does not hold" {
  ogpu-stake --bond 1 >sent
  a_task
  ogpu show --proof "tx:$(jq -r .id sent)" >tx.json
  jq -c '.line |= sub("\"amount\":\"1000000000\""; "\"amount\":\"9000000000\"")' tx.json >forged.json
  run -1 cmp -s tx.json forged.json
  run -1 ogpu-validate --proof forged.json
  ogpu show --proof "$(addr)" >row.json
  jq -c '.row |= (.[0:-1] + (if .[-1:] == "0" then "1" else "0" end))' row.json >forged.json
  run -1 ogpu-validate --proof forged.json
  jq -c '.header.app_hash |= (.[0:-1] + (if .[-1:] == "0" then "1" else "0" end))' row.json >forged.json
  run -1 ogpu-validate --proof forged.json
}

@test "a parameter is proven, and a forged proof of it is not" {
  ogpu show --proof param:rate >rate.json
  jq -e '.store == "params" and .record.name == "rate" and .bucket == null' rate.json
  # shellcheck disable=SC2059
  [ "$(printf "$(jq -r .row rate.json | sed 's/../\\x&/g')" | jq -r .value)" = 1000000000 ]
  local edit
  for edit in '.record.value = "1"' '.record.name = "levy_ppm"' '.key |= "6c" + .[2:]' \
    '.row |= sub("7d$"; "20")' '.store = "epochs"' '.in_store.index += 1' \
    '.in_store.aunts |= .[1:]' '.in_app.aunts[0] |= "00" + .[2:]' 'del(.record)' '.bucket = "00"'; do
    jq -c "$edit" rate.json >forged.json
    run ogpu-validate --proof forged.json
    [ "$status" = "$([ "$edit" = '.bucket = "00"' ] && echo 0 || echo 1)" ]
  done
}

@test "whatever letter of a proof is changed, it holds no more" {
  needs python3
  a_task
  cat >turn.py <<'END'
import sys
proof = open(sys.argv[1], 'rb').read().strip()
step = int(sys.argv[2])
for at in range(int(sys.argv[3]), len(proof), step):
    letter = proof[at:at + 1]
    other = b'1' if letter == b'0' else b'0' if letter.isdigit() else bytes([letter[0] ^ 1])
    open('turned-%05d' % at, 'wb').write(proof[:at] + other + proof[at + 1:])
END
  local id
  for id in receipt:1 param:rate paid:1:0; do
    ogpu show --proof "$id" >proof.json
    ogpu-validate --proof proof.json
    python3 turn.py proof.json 41 "${#id}"
    for turned in turned-*; do
      run ogpu-validate -q --proof "$turned"
      [ "$status" = 1 ] || [ "$status" = 65 ]
    done
    rm turned-*
  done
}

@test "an idle chain grows by one block for a proof, and by no other for the next" {
  run -0 ogpu show --proof "$(addr)"
  [ "$(ogpu status | jq .height)" = 1 ]
  printf '%s\n' "$output" >proof.json
  ogpu-validate --proof proof.json
  run -0 ogpu show --proof node:1
  [ "$(ogpu status | jq .height)" = 1 ]
  ogpu-validate --audit >/dev/null
}

@test "no proof of what has none" {
  run -64 ogpu show --proof param
  run -64 ogpu show --proof block:1
  mv "$XDG_CONFIG_HOME/ogpu/keys/default.consensus.pem" away
  run -75 --separate-stderr ogpu show --proof "$(addr)" # who cannot seal waits for who can
  [[ $stderr == *"no block follows yet"* ]]
}

@test "no state; a broken stdout" {
  OGPU_HOME=$PWD/none run -78 ogpu show 1
  run -74 bash -c 'ogpu show node:1 >/dev/full'
}
