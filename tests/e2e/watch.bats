#!/usr/bin/env bats
# watch.bats - ogpu-guard watch, note and lift: proofs into actions, evidence on the chain, kill -9.
load helpers

# replay NODE NONCE: one nonce for two leases
replay() {
  local h now
  h=$(printf '%064d' "$2")
  now=$(date +%s)000
  printf '{"detail":{"hash":"%s","lease":%d,"node":%d},"kind":"event","time_ms":%d,"what":"receipt"}\n' \
    "$h" 5 "$1" "$now" "$h" 6 "$1" "$((now + 1))"
}

@test "a proof quarantines at once, is told once, and lift undoes it" {
  ogpu init -q --mflops 100000 >/dev/null
  replay 3 7 | ogpu-guard note
  run -0 --separate-stderr ogpu-guard watch --once --dry-run
  dry=$output
  jq -se 'length == 2 and .[1].dry and .[1].to == "quarantine"' <<<"$dry"
  run -0 --separate-stderr ogpu-guard watch --once --base 2h --prom prom --on-alert 'echo "$OGPU_ALERT" >>hook'
  jq -se 'length == 2 and .[0].kind == "proof" and .[0].rule == "replay" and .[0].count == 1 and
    .[1].kind == "action" and .[1].node == 3 and .[1].by == "proof" and .[1].to == "quarantine" and
    .[1].until_ms - .[1].time_ms == 7200000' <<<"$output"
  diff hook <(printf '%s\n' "$output")
  grep -qx 'ogpu_guard_proofs_total 1' prom
  grep -qx 'ogpu_guard_nodes{state="quarantine"} 1' prom
  # nothing new, nothing told
  run -0 ogpu-guard watch --once
  [ -z "$output" ]
  run -0 ogpu-guard lift 3
  jq -e '.to == "observe" and .by == "lifted"' <<<"$output"
  run -0 ogpu-guard lift 3
  [ -z "$output" ]
  # who is allowed is only told of
  replay 4 8 | ogpu-guard note
  run -0 ogpu-guard watch --once --allow 4
  jq -se '.[1].held == "allowed"' <<<"$output"
  run -64 ogpu-guard watch --allow x
  run -65 --separate-stderr ogpu-guard note <<<'{"kind":"task"}'
  [ "$stderr" = "ogpu-guard note: stdin:1: no event of a node" ]
}

@test "killed at any moment: what was done stays, and is not done again" {
  ogpu init -q --mflops 100000 >/dev/null
  for i in 1 2 3; do
    replay "$i" "$i" | ogpu-guard note
    ogpu-guard watch --on-alert "sleep 3" >out.$i 2>/dev/null 3>&- &
    pid=$!
    # killed while the hook of the first record runs: the action is in the state by then
    for _ in $(seq 600); do
      [ -s out.$i ] && break
      sleep 0.05
    done
    kill -9 "$pid"
    wait "$pid" 2>/dev/null || true
  done
  run -0 ogpu-guard watch --once
  [ -z "$output" ]
  run -0 ogpu-guard lift 1 2 3
  jq -se 'length == 3 and all(.from == "quarantine")' <<<"$output"
}

@test "a double signature of real headers becomes an evidence transaction" {
  ogpu init -q --mflops 100000 >/dev/null
  # the same chain, sealed twice
  cp -a "$OGPU_HOME" other
  ogpu-submit -- true | ogpu-match | ogpu-worker --sandbox none | ogpu-validate >/dev/null
  OGPU_HOME=$PWD/other bash -c \
    'ogpu-submit -- false | ogpu-match | ogpu-worker --sandbox none | ogpu-validate' >/dev/null
  a=$(ogpu show block | head -1)
  b=$(OGPU_HOME=$PWD/other ogpu show block | head -1)
  for x in "$a" "$b"; do
    jq -c '{detail: {hash: .hash, header: .header, height: .header.height, node: .header.proposer},
      kind: "event", time_ms: .header.time_ms, what: "signed"}' <<<"$x"
  done >signed
  [ "$(jq -s '.[0].detail.height == .[1].detail.height and .[0].detail.hash != .[1].detail.hash' signed)" = true ]
  ogpu-guard note <signed
  run -0 --separate-stderr ogpu-guard watch --once --send
  [ -z "$stderr" ]
  jq -se '.[0].rule == "double-sign" and .[0].ledger and .[1].to == "quarantine"' <<<"$output"
  # the ledger took it: its power is gone for good
  ogpu-stake | jq -se 'any(.kind == "node" or .kind == "stake") and all(.weight == null or (.weight | tostring) == "0")'
}
