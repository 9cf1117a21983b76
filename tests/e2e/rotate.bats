#!/usr/bin/env bats
# rotate.bats - ogpu-keygen --rotate and --cold: an account moves to a new key, whatever happens
# between the steps; every tool then works with the new one alone. OGPU_KILLS (12): kills.

KILLS=${OGPU_KILLS:-12}
load helpers

KEYS() { echo "$XDG_CONFIG_HOME/ogpu/keys"; }

setup() {
  common_setup
  needs jq
  set -o pipefail
  ogpu init --mflops 100000 --slots 2 --account other >/dev/null 2>&1
  ADDR=$(ogpu-keygen --show default | jq -r .address)
  OTHER=$(ogpu-keygen --show other | jq -r .address)
}

# How many key.rotate transactions the chain holds in all: sequence numbers count transactions.
seq_of() {
  ogpu show "$1" | jq -r .seq
}

works() {
  [ "$(ogpu run --sandbox none -- echo "$1")" = "$1" ]
  ogpu-submit --transfer "$OTHER" --amount 1 | jq -e .ok >/dev/null
  ogpu-stake --bond 1 | jq -e ".from == \"$ADDR\"" >/dev/null
}

@test "an account moves to a new key and everything goes on under its address" {
  works before
  cp "$(KEYS)/default.pem" first.pem
  run -0 --separate-stderr ogpu-keygen --rotate
  [ "$(jq -r '[.kind, .state, .address, .alg] | @tsv' <<<"$output")" = \
    $'rotation\tdone\t'"$ADDR"$'\thybrid' ]
  cmp first.pem "$(KEYS)/default.old-1.pem"
  run ! cmp -s first.pem "$(KEYS)/default.pem"
  [ "$(stat -c %a "$(KEYS)/default.pem")" = 600 ]
  [ "$(stat -c %a "$(KEYS)/default.old-1.pem")" = 600 ]
  [ ! -e "$(KEYS)/default.next.pem" ]
  [ "$(cat "$(KEYS)/default.addr")" = "$ADDR" ]
  [ "$(ogpu-keygen --show | jq -r .address | head -n 1)" = "$ADDR" ]
  works after
  # the four filters, by name and by search
  ogpu-submit --array 0-5 --sandbox none -- true | ogpu-match --key default |
    ogpu-worker --key default --sandbox none | ogpu-validate --key default |
    jq -e -s 'any(.kind == "receipt" and .state == "paid")'
  run -0 ogpu-validate --audit
}

@test "a matcher, a worker and a validator that run meanwhile take the new key" {
  ogpu-match --watch >assigned 2>match.err 3>&- &
  ogpu-worker --watch --sandbox none >/dev/null 2>worker.err 3>&- &
  ogpu-validate --watch >/dev/null 2>validate.err 3>&- &
  ogpu-submit --sandbox none --name before -- true >/dev/null
  wait_for '[ "$(ogpu show 1 | jq -r .state)" = paid ]'
  # what was paid last may still be on its way; 75 says so
  wait_for 'ogpu-keygen --rotate >/dev/null 2>&1'
  ogpu-submit --sandbox none --name after -- true >/dev/null
  wait_for '[ "$(ogpu show 2 | jq -r .state)" = paid ]'
  common_teardown
  run ! grep 'no more certificates' match.err
  run -0 ogpu-validate --audit
}

@test "again and again, to other algorithms, with a passphrase" {
  (umask 077 && echo secret >pass)
  ogpu-keygen --rotate --alg ed25519 | jq -e '.state == "done" and .alg == "ed25519"'
  works one
  ogpu-keygen --change-passphrase --new-passphrase-file pass >/dev/null
  ogpu-keygen --rotate --passphrase-file pass --alg ml-dsa-65 | jq -e '.alg == "ml-dsa-65"'
  grep -q ENCRYPTED "$(KEYS)/default.pem"
  [ "$(ogpu-keygen --show default | jq -r .address)" = "$ADDR" ]
  ogpu-submit --passphrase-file pass --transfer "$OTHER" --amount 1
  run -77 ogpu-keygen --rotate
  run -0 ogpu-validate --audit
  ls "$(KEYS)"/default.old-1.pem "$(KEYS)"/default.old-2.pem
}

@test "to a key made before" {
  (umask 077 && echo secret >pass)
  ogpu-keygen --alg ml-dsa-65 --passphrase-file pass spare >/dev/null
  run -77 ogpu-keygen --rotate --to spare
  run -0 ogpu-keygen --rotate --to spare --new-passphrase-file pass
  cmp <(ogpu-keygen --export) <(ogpu-keygen --export spare)
  ogpu-submit --passphrase-file pass --transfer "$OTHER" --amount 1
  run -66 ogpu-keygen --rotate --passphrase-file pass --to nobody
}

@test "the old key is worth nothing afterwards" {
  works before
  cp "$(KEYS)/default.pem" "$(KEYS)/thief.pem"
  ogpu-keygen --rotate >/dev/null
  [ "$(ogpu-keygen --show thief | jq -r .address)" = "$ADDR" ]
  run -65 --separate-stderr ogpu-stake --key thief --bond 1
  [[ $stderr == *"signature is wrong"* ]]
  run -65 --separate-stderr ogpu-keygen --rotate thief
  [[ $stderr == *"another key on the chain"* ]]
  works after
}

@test "an account that has never sent anything rotates as well" {
  ogpu-keygen --rotate other | jq -e '.state == "done"'
  ogpu-submit --key other --transfer "$ADDR" --amount 1 | jq -e .ok
  run -0 ogpu-validate --audit
}

@test "a key without an account, a missing key, a missing state" {
  ogpu-keygen lone >/dev/null
  run -65 --separate-stderr ogpu-keygen --rotate lone
  [[ $stderr == *"is not on this chain"* ]]
  run -66 ogpu-keygen --rotate nobody
  OGPU_HOME=$BATS_TEST_TMPDIR/none run -78 ogpu-keygen --rotate
  run -64 ogpu-keygen --to x
  run -64 ogpu-keygen --rotate --show
}

@test "each step may be the last: running it again finishes, with one transaction" {
  needs_fault
  local before step
  works before
  # the calls of a rotation that put something into the folder of keys, one after the other
  for step in 'rename */default.next.pem' 'rename */default.addr' 'rename */default.old-*.pem' \
    'rename */default.pub' 'rename */default.pem' 'fsync */keys'; do
    before=$(seq_of "$ADDR")
    run --separate-stderr fault "${step% *}" EIO 1 "${step#* }" ogpu-keygen --rotate
    [ "$status" -ne 0 ] || { echo "$step went through" >&2; return 1; }
    run -0 --separate-stderr ogpu-keygen --rotate
    [ "$(jq -r .state <<<"$output")" = 'done' ]
    if [ "$step" = 'fsync */keys' ]; then # nobody can tell how far that one came
      [ $(($(seq_of "$ADDR") - before)) -le 2 ]
    else
      [ $(($(seq_of "$ADDR") - before)) -eq 1 ] || { echo "$step" >&2; return 1; }
    fi
    [ ! -e "$(KEYS)/default.next.pem" ]
    works "after-$step"
  done
  run -0 ogpu-validate --audit
}

@test "kill -9 at any moment: the account is never without its key" {
  needs setsid
  local round
  for ((round = 0; round < KILLS; round++)); do
    setsid ogpu-keygen --rotate --alg ed25519 >out 2>err 3>&- &
    sleep "0.0$((RANDOM % 6))$((RANDOM % 10))"
    kill -9 $! 2>/dev/null || true
    wait $! 2>/dev/null || true
    if [ -e "$(KEYS)/default.next.pem" ]; then
      ogpu-keygen --rotate | jq -e '.state == "done"'
    fi
    ogpu-submit --transfer "$OTHER" --amount 1 | jq -e .ok >/dev/null
  done
  works after
  run -0 ogpu-validate --audit
}

@test "two at once: one after the other, and the key fits" {
  local i
  for i in 1 2 3 4; do
    ogpu-keygen --rotate --alg ed25519 >"r$i" 2>&1 &
  done
  wait
  cat r? | jq -e -s 'length == 4 and all(.state == "done")'
  works after
}

@test "a cold key is registered once and moves the account at once; the hot one waits an epoch" {
  [ "$(ogpu-keygen --cold other | jq -r '[.name, .alg] | @tsv')" = $'other-cold\tslh-dsa-sha2-128s' ]
  run -73 ogpu-keygen --cold other
  ogpu-submit --key other --transfer "$ADDR" --amount 1 | jq -e .ok
  ogpu show "acckey:$OTHER" | jq -e '.cold_alg == "slh-dsa-sha2-128s"'
  run -65 --separate-stderr ogpu-keygen --cold other
  [[ $stderr == *"on the chain already"* ]]
  # by the hot key: announced, and nothing changes yet
  ogpu-keygen --rotate other | jq -e '.state == "waiting" and .height > 600'
  local before
  before=$(seq_of "$OTHER")
  ogpu-keygen --rotate other | jq -e '.state == "waiting"'
  [ "$(seq_of "$OTHER")" = "$before" ]
  ogpu-submit --key other --transfer "$ADDR" --amount 1 | jq -e .ok
  # by the cold one: at once
  ogpu-keygen --rotate --cold-key other-cold other | jq -e '.state == "done"'
  ogpu-submit --key other --transfer "$ADDR" --amount 1 | jq -e .ok
  # a stolen hot key cannot follow
  cp "$(KEYS)/other.old-1.pem" "$(KEYS)/thief.pem"
  run -65 ogpu-submit --key thief --transfer "$ADDR" --amount 1
  run -0 ogpu-validate --audit
}

@test "the hot key's rotation is there after an epoch" {
  export OGPU_HOME=$BATS_TEST_TMPDIR/short
  ogpu init --mflops 100000 --account other --param epoch_blocks=2 --param epoch_ms=10 >/dev/null 2>&1
  ogpu-keygen --cold other >/dev/null
  ogpu-submit --key other --transfer "$ADDR" --amount 1 >/dev/null
  ogpu-keygen --rotate other | jq -e '.state == "waiting"'
  wait_for "ogpu-validate --seal >/dev/null; ogpu-keygen --rotate other | jq -e '.state == \"done\"'"
  ogpu-submit --key other --transfer "$ADDR" --amount 1 | jq -e .ok
  run -0 ogpu-validate --audit
}

@test "work under way that only the present key can reveal comes first" {
  gate
  ogpu-submit --array 0-1 --sandbox none -- sh -c "$WAIT" >/dev/null
  ogpu-match --once >/dev/null
  ogpu-worker --once --sandbox none >/dev/null &
  wait_for "ogpu status | jq -e '.leases.running > 0' >/dev/null"
  run -75 --separate-stderr ogpu-keygen --rotate
  [[ $stderr == *"work under way"* ]]
  open_gate
  wait
  ogpu-validate --once >/dev/null
  ogpu-keygen --rotate | jq -e '.state == "done"'
}
