#!/usr/bin/env bats
# vectors.bats - the committed vectors and chains, checked from outside.
load helpers

@test "an independent program agrees with tests/data/vectors.json" {
  needs python3
  run -0 python3 "$OGPU_ROOT/tests/data/vectors.py" "$OGPU_ROOT/tests/data/vectors.json"
  [[ $output == "vectors.py: "*" checks passed" ]]
}

@test "and sees a changed byte" {
  needs python3
  local from
  for from in '"app_hash": "' '"commit": "' '"txid": "' '"hash": "' '"beacon": "' '"chain": "'; do
    sed "0,/$from./s/\($from\)\(.\)/\1x\2/" "$OGPU_ROOT/tests/data/vectors.json" >v.json
    run ! cmp -s v.json "$OGPU_ROOT/tests/data/vectors.json"
    run -1 python3 "$OGPU_ROOT/tests/data/vectors.py" v.json
  done
}

# old_state NAME: a copy of tests/data/NAME.db.gz becomes the state.
old_state() {
  mkdir -p "$OGPU_HOME"
  (umask 077 && gzip -dc "$OGPU_ROOT/tests/data/$1.db.gz" >"$OGPU_HOME/ogpu.db")
}

@test "the committed chain of protocol 1 audits and comes to the same state" {
  needs jq
  old_state chain-p1
  run -0 --separate-stderr ogpu-validate --audit
  jq -S '{app_hash, blocks, chain, ok, supply, txs}' <<<"$output" | diff "$OGPU_ROOT/tests/data/chain-p1.json" -
  # whatever is changed in it is found
  needs sqlite3
  sqlite3 "$OGPU_HOME/ogpu.db" "UPDATE tx SET line = replace(line, '\"value\":\"5', '\"value\":\"6')"
  run -1 ogpu-validate --audit
}

@test "a state of schema version 1 is opened, read and written by today's tools" {
  needs jq
  old_state state-v1
  [ "$(od -An -tu1 -j 60 -N 4 "$OGPU_HOME/ogpu.db" | tr -s ' ')" = ' 0 0 0 1' ]
  # whichever tool comes first brings it up to date; six at once do it once
  for i in 1 2 3 4 5 6; do
    ogpu status >"s$i" &
  done
  wait
  for i in 2 3 4 5 6; do
    [ "$(jq -c '[.height, .tasks]' <s1)" = "$(jq -c '[.height, .tasks]' <s$i)" ]
  done
  ogpu-match --once
  [ "$(od -An -tu1 -j 60 -N 4 "$OGPU_HOME/ogpu.db" | tr -s ' ')" != ' 0 0 0 1' ]
  ogpu status | jq -e '.tasks.paid == 1 and .leases.paid == 1 and .nodes.active == 1'
  ogpu show 1 | jq -e '.state == "paid"'
  run -0 ogpu-validate --audit
  # nobody here may seal, but transactions reach the open block
  ogpu-keygen --alg ed25519 me >/dev/null
  run -65 --separate-stderr ogpu-submit --key me --transfer "$(ogpu-keygen --show me | jq -r .address)" --amount 1
  [[ $stderr == *"is not on this chain"* ]]
}

@test "states of version 1 that were cut short or damaged do no harm" {
  old_state chain-p1
  local size cut
  size=$(stat -c %s "$OGPU_HOME/ogpu.db")
  for cut in 0 1 99 512 4096 $((size / 2)) $((size - 512)); do
    old_state chain-p1
    truncate -s "$cut" "$OGPU_HOME/ogpu.db"
    for tool in 'ogpu status' 'ogpu-validate --audit' 'ogpu-match --once' 'ogpu show 1'; do
      # shellcheck disable=SC2086
      run --separate-stderr timeout 120 $tool
      case $status in
      0 | 1 | 65 | 66 | 74 | 78) ;;
      *)
        echo "$tool of a file cut at $cut: $status $stderr" >&2
        return 1
        ;;
      esac
    done
  done
}
