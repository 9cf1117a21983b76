#!/usr/bin/env bats
# verify.bats - bad workers, verifiers and submitters: each ends as the rules say, to the grain.
#
# The bad moves are made by tests/actors/actor.c; what should come of them is computed here from the
# lease's own row by the formulas of the protocol.

load helpers

setup() {
  common_setup
  export OGPU_KEYS=$BATS_TEST_TMPDIR/keys
  ACTOR=$BUILD/actors/actor
  [ -x "$ACTOR" ] || skip "no $ACTOR"
}

# five nodes of five owners, every lease is checked; more parameters may follow
pool() {
  ogpu init -q --mflops 100000 --account sub --param q_min_ppm=1000000 \
    --member a,slots=1 --member b,slots=1 --member c,slots=1 --member d,slots=1 \
    --member e,slots=1 "$@" >init.json
}

needs_sandbox() {
  bwrap --unshare-all --ro-bind / / /bin/true 2>/dev/null || skip "no sandbox can be had here"
}

seal() {
  ogpu-validate --seal >/dev/null
}

# a member of a lease's, check's or node's row
lease() {
  ogpu show "lease:$1" | jq -r "$2"
}
node() {
  ogpu show "node:$1" | jq -r "$2"
}
key_of() {
  jq -r --argjson n "$1" '.nodes[] | select(.id == $n) | .name' init.json
}

# sum of the lines of an account's statement with this reason and reference
line() {
  ogpu-stake --statement --account "$1" |
    jq -s --arg why "$2" --argjson ref "$3" \
      '[.[] | select(.why == $why and .ref == $ref) | .delta | tonumber] | add // 0'
}

# task, then its lease is matched; W, WK: the worker's node and key; L: the lease
matched() {
  ogpu-submit --key sub "$@" >task.json
  TASK=$(jq .id task.json)
  L=$(ogpu-match --once | jq "select(.task == $TASK) | .lease" | tail -n 1)
  W=$(lease "$L" .node)
  WK=$(key_of "$W")
  BOND=$(node "$W" .bond)
}

# the worker starts, some time passes, it commits to something it made up
lie() {
  "$ACTOR" start "$WK" "$L"
  sleep 0.1
  seal
  "$ACTOR" commit "$WK" "$L" 60 lie
}

# pay of one check, and what a verifier locks; ppm as for a single element: 10^6
terms() {
  P=$(lease "$L" .pay)
  A=$(lease "$L" .amount)
  LOCK=$(lease "$L" .lock)
  Q=$((P * ${1:-1000000} / 1000000))
  V=$((4 * ((A * ${1:-1000000} + 999999) / 1000000)))
  ((P > 0))
}

# seals until the lease's draw has been
drawn() {
  for _ in $(seq 40); do
    [ "$(lease "$L" .checked)" = 0 ] || return 0
    "$ACTOR" pass 1 10
  done
  echo "lease $L is not drawn" >&2
  return 1
}

rest_is_right() {
  run -0 ogpu-validate --audit
  [ "$(node "$W" .locked)" = 0 ] || [ "$(ogpu status | jq '.leases.matched + .leases.running')" -gt 0 ]
}

@test "a cheating worker, exact: L is slashed, Q to each verifier, the rest to the treasury" {
  needs_sandbox
  pool
  matched --verify exact -- echo truth
  lie
  terms
  LOCK=$(lease "$L" .lock)
  [ "$LOCK" = $((3 * A)) ]
  ogpu-validate --once >/dev/null
  "$ACTOR" reveal "$WK" "$L"
  ogpu-validate --once >verdicts
  [ "$(lease "$L" .state)" = wrong ]
  [ "$(node "$W" .bond)" = $((BOND - LOCK)) ]
  [ "$(node "$W" .rel_b)" = 17000000 ]
  [ "$(node "$W" .streak)" = 0 ]
  n=0
  for v in $(lease "$L" '.checks[].node'); do
    [ "$(line "$(key_of "$v")" check "$L")" = "$Q" ]
    n=$((n + 1))
  done
  [ $n = 3 ]
  [ "$(line treasury slash "$L")" = $((LOCK - 3 * Q)) ]
  # the elements go to another node, who is paid
  run -0 bash -o pipefail -c 'ogpu-match <task.json | ogpu-worker | ogpu-validate'
  [ "$(ogpu-submit --fetch "$TASK" --stdout)" = truth ]
  [ "$(line "$WK" pay "$L")" = 0 ]
  rest_is_right
}

@test "a cheating worker with a built-in kernel, exact and vote" {
  needs python3
  pool --param rate=1000000000000 --param referee_ppm=0
  python3 -c 'import random, struct
random.seed(3)
for t in "if":
    f = (lambda: random.randrange(-99, 100)) if t == "i" else (lambda: random.uniform(-1, 1))
    for x in "AB":
        open(x + t, "wb").write(struct.pack("<40000" + t, *[f() for _ in range(40000)]))'
  matched --kernel gemm --arg m=200 --arg n=200 --arg k=200 --arg type=i32 --in Ai --in Bi
  [ "$(lease "$L" .method)" = exact ]
  lie
  terms
  ogpu-validate --once >/dev/null
  "$ACTOR" reveal "$WK" "$L"
  ogpu-validate --once >verdicts
  [ "$(lease "$L" .state)" = wrong ]
  [ "$(node "$W" .bond)" = $((BOND - LOCK)) ]
  [ "$(line treasury slash "$L")" = $((LOCK - 3 * Q)) ]
  matched --kernel gemm --arg m=200 --arg n=200 --arg k=200 --in Af --in Bf
  L=$(ogpu show "task:$TASK" | jq '.leases[-1].id')
  [ "$(lease "$L" .method)" = vote ]
  lie
  terms 150000
  ogpu-validate --once >/dev/null
  "$ACTOR" reveal "$WK" "$L"
  ogpu-validate --once >verdicts
  [ "$(grep -c '"vote":"bad"' verdicts)" = 3 ]
  [ "$(lease "$L" .state)" = wrong ]
  [ "$(node "$W" .bond)" = $((BOND - LOCK)) ]
  [ "$(line treasury slash "$L")" = $((LOCK - 3 * Q)) ]
  rest_is_right
}

@test "a copying worker: another's commit cannot be opened; unrevealed and drawn, L is slashed" {
  needs_sandbox
  pool
  matched --verify exact -- echo one
  first=$L
  first_key=$WK
  matched --verify exact -- echo one
  [ "$first_key" != "$WK" ]
  ogpu-worker --once --key "$first_key" >/dev/null
  "$ACTOR" start "$WK" "$L"
  sleep 0.1
  seal
  "$ACTOR" steal "$WK" "$L" "$first"
  [ "$(lease "$L" .commit)" = "$(lease "$first" .commit)" ]
  ogpu-validate --once >/dev/null
  ogpu-worker --once --key "$first_key" >/dev/null
  ogpu-validate --once >/dev/null
  [ "$(lease "$first" .state)" = paid ]
  run -1 "$ACTOR" unmask "$WK" "$L" "$first"
  [[ $output == *"not what was committed" ]]
  LOCK=$(lease "$L" .lock)
  "$ACTOR" pass 210 700000
  [ "$(lease "$L" .state)" = wrong ]
  [ "$(node "$W" .bond)" = $((BOND - LOCK)) ]
  Q=$(lease "$L" .pay)
  asked=$(key_of "$(lease "$L" '.checks[0].node')")
  [ "$(line "$asked" check "$L")" = "$Q" ]
  [ "$(line treasury slash "$L")" = $((LOCK - Q)) ]
  rest_is_right
}

@test "a lazy verifier, exact: it says anything and loses V to the two who recomputed" {
  needs_sandbox
  pool
  matched --verify exact -- echo truth
  ogpu-worker --once --key "$WK" >/dev/null
  drawn
  lazy=$(lease "$L" '.checks[0].node')
  before=$(node "$lazy" .bond)
  terms
  [ "$(lease "$L" '.checks[0].lock')" = "$V" ]
  "$ACTOR" hash "$(key_of "$lazy")" "$L" "whatever"
  ogpu-worker --once --key "$WK" >/dev/null
  [ "$(lease "$L" .state)" = revealed ]
  run -1 "$ACTOR" verdict "$(key_of "$lazy")" "$L" "something else"
  "$ACTOR" verdict "$(key_of "$lazy")" "$L" "whatever"
  ogpu-validate --once >/dev/null
  [ "$(lease "$L" .state)" = paid ]
  [ "$(node "$lazy" .bond)" = $((before - V)) ]
  for v in $(lease "$L" '.checks[1:][].node'); do
    [ "$(line "$(key_of "$v")" check "$L")" = "$Q" ]
  done
  [ "$(line "$(key_of "$lazy")" check "$L")" = 0 ]
  [ "$(line treasury slash "$L")" = $((V - 2 * Q)) ]
  [ "$(line "$WK" pay "$L")" = "$P" ]
  [ "$(node "$W" .bond)" = "$BOND" ]
  rest_is_right
}

@test "a lazy verifier, vote: its ok against two bad loses V; its bad against two ok pays them" {
  needs python3
  pool --param rate=1000000000000 --param referee_ppm=1000000
  python3 -c 'import random, struct
random.seed(3)
for x in "AB":
    open(x, "wb").write(struct.pack("<40000f", *[random.uniform(-1, 1) for _ in range(40000)]))'
  matched --kernel gemm --arg m=200 --arg n=200 --arg k=200 --in A --in B
  lie
  terms 150000
  drawn
  lazy=$(lease "$L" '.checks[0].node')
  before=$(node "$lazy" .bond)
  "$ACTOR" reveal "$WK" "$L"
  "$ACTOR" verdict "$(key_of "$lazy")" "$L" ok
  ogpu-validate --once >verdicts
  [ "$(lease "$L" .state)" = rejected ]
  [ "$(node "$lazy" .bond)" = $((before - V)) ]
  [ "$(node "$W" .bond)" = $((BOND - 2 * Q)) ]
  [ "$(line "$(key_of "$lazy")" check "$L")" = 0 ]
  for v in $(lease "$L" '.checks[1:][].node'); do
    [ "$(line "$(key_of "$v")" check "$L")" = "$Q" ]
  done
  [ "$(line treasury slash "$L")" = "$V" ]
  matched --kernel gemm --arg m=200 --arg n=200 --arg k=200 --in A --in B
  L=$(ogpu show "task:$TASK" | jq '.leases[-1].id')
  ogpu-worker --once --key "$WK" >/dev/null
  [ "$(lease "$L" .state)" = revealed ]
  terms 150000
  wrong=$(lease "$L" '.checks[0].node')
  before=$(node "$wrong" .bond)
  "$ACTOR" verdict "$(key_of "$wrong")" "$L" bad
  ogpu-validate --once >verdicts
  [ "$(lease "$L" .state)" = paid ]
  [ "$(node "$wrong" .bond)" = $((before - V)) ]
  for v in $(lease "$L" '.checks[1:][].node'); do
    [ "$(line "$(key_of "$v")" check "$L")" = "$Q" ]
  done
  [ "$(line treasury slash "$L")" = $((V - 2 * Q)) ]
  rest_is_right
}

@test "a verifier that vanishes: V/4, and the next steps in" {
  needs_sandbox
  pool
  matched --verify exact --limit 1s -- echo truth
  ogpu-worker --once --key "$WK" >/dev/null
  terms
  gone=$(lease "$L" '.checks[0].node')
  before=$(node "$gone" .bond)
  "$ACTOR" pass 125 65000
  [ "$(lease "$L" '.checks[0].state')" = missed ]
  [ "$(node "$gone" .bond)" = $((before - V / 4)) ]
  [ "$(line treasury "missed check" "$L")" = $((V / 4)) ]
  ogpu-validate --once >/dev/null
  ogpu-worker --once --key "$WK" >/dev/null
  ogpu-validate --once >/dev/null
  [ "$(lease "$L" .state)" = paid ]
  rest_is_right
}

@test "a worker that vanishes: A/100 of the bond, the elements go on" {
  pool
  matched --verify exact -- echo truth
  A=$(lease "$L" .amount)
  "$ACTOR" start "$WK" "$L"
  "$ACTOR" pass 125 125000
  [ "$(lease "$L" .state)" = late ]
  [ "$(node "$W" .bond)" = $((BOND - A / 100)) ]
  [ "$(line treasury late "$L")" = $((A / 100)) ]
  [ "$(node "$W" .rel_b)" = 3000000 ]
  next=$(ogpu show "task:$TASK" | jq '.leases[-1].id')
  [ "$next" != "$L" ]
  [ "$(lease "$next" .attempt)" = 1 ]
  [ "$(lease "$next" .node)" != "$W" ]
  rest_is_right
}

@test "a job that is not deterministic: P/2 to the worker, the rest shared, nobody slashed" {
  needs_sandbox
  pool
  matched --verify exact -- sh -c 'sleep 0.1; head -c 8 /dev/urandom'
  run -1 bash -o pipefail -c 'ogpu-worker <task.json | ogpu-validate'
  terms
  K=$A
  split=$(((P - P / 2 + K) / 3))
  [ $split -lt "$Q" ] || split=$Q
  [ "$(lease "$L" .state)" = failed ]
  [ "$(line "$WK" "part pay" "$L")" = $((P / 2)) ]
  for v in $(lease "$L" '.checks[].node'); do
    [ "$(line "$(key_of "$v")" check "$L")" = "$split" ]
    [ "$(node "$v" .locked)" = 0 ]
    [ "$(node "$v" .bond)" = "$BOND" ]
  done
  [ "$(node "$W" .bond)" = "$BOND" ]
  spent=$((P / 2 + 3 * split))
  escrow=$(line sub escrow "$TASK")
  refund=$(line sub refund "$TASK")
  [ $((-escrow - refund)) = $spent ]
  rest_is_right
}

@test "an impossible check: two workers get P/2 each, two verifiers their Q, nobody is slashed" {
  needs_sandbox
  pool
  matched --check 'exit 1' -- sh -c 'sleep 0.1; echo hi'
  run -1 bash -o pipefail -c 'ogpu-match <task.json | ogpu-worker | ogpu-validate'
  first=$L
  terms 250000
  P1=$P Q1=$Q
  L=$(ogpu show "task:$TASK" | jq '.leases[-1].id')
  [ "$first" != "$L" ]
  terms 250000
  second=$(lease "$L" .node)
  [ "$(lease "$first" .state)" = rejected ]
  [ "$(lease "$L" .state)" = failed ]
  [ "$second" != "$W" ]
  paid=$(($(line "$WK" "part pay" "$first") + $(line "$WK" "part pay" "$L")))
  [ $paid = $((P1 / 2)) ]
  [ "$(line "$(key_of "$second")" "part pay" "$L")" = $((P / 2)) ]
  [ "$(line "$(key_of "$(lease "$first" '.checks[0].node')")" check "$first")" = "$Q1" ]
  [ "$(line "$(key_of "$(lease "$L" '.checks[0].node')")" check "$L")" = "$Q" ]
  [ $((-$(line sub escrow "$TASK") - $(line sub refund "$TASK"))) = $((P1 / 2 + P / 2 + Q1 + Q)) ]
  [ "$(node "$W" .bond)" = "$BOND" ]
  rest_is_right
}

@test "a submitter who disputes burns P/2, and the pair is not matched again" {
  needs_sandbox
  pool
  matched --verify accept -- sh -c 'sleep 0.1; echo hi'
  ogpu-worker --once --key "$WK" >/dev/null
  [ "$(lease "$L" .state)" = revealed ]
  P=$(lease "$L" .pay)
  ogpu-submit --key sub --dispute "$TASK" >/dev/null
  seal || true
  [ "$(lease "$L" .state)" = failed ]
  [ "$(line treasury levy "$L")" = $((P / 2)) ]
  [ "$(line "$WK" pay "$L")" = 0 ]
  [ $((-$(line sub escrow "$TASK") - $(line sub refund "$TASK"))) = $((P / 2)) ]
  for _ in 1 2 3 4 5; do ogpu-submit --key sub --verify accept -- echo hi >/dev/null; done
  ogpu-match --once >more.json
  [ "$(jq -s "[.[] | select(.node == $W)] | length" more.json)" = 0 ]
  [ "$(jq -s length more.json)" = 4 ]
  rest_is_right
}

@test "a submitter who vanishes: silence is yes after a day and 200 blocks" {
  needs_sandbox
  pool
  matched --verify accept -- sh -c 'sleep 0.1; echo hi'
  ogpu-worker --once --key "$WK" >/dev/null
  P=$(lease "$L" .pay)
  "$ACTOR" pass 150 90000000
  [ "$(lease "$L" .state)" = revealed ]
  "$ACTOR" pass 60 1000
  [ "$(lease "$L" .state)" = paid ]
  [ "$(line "$WK" pay "$L")" = "$P" ]
  levy=$((P * 50000 / 1000000))
  [ "$(line treasury levy "$L")" = $levy ]
  [ $((-$(line sub escrow "$TASK") - $(line sub refund "$TASK"))) = $((P + levy)) ]
  rest_is_right
}

@test "verifiers who all vanish: the method becomes accept, nobody waits for ever" {
  needs_sandbox
  pool
  matched --verify exact --limit 1s -- echo truth
  ogpu-worker --once --key "$WK" >/dev/null
  for _ in 1 2 3; do "$ACTOR" pass 125 65000; done
  [ "$(lease "$L" .method)" = accept ]
  ogpu-worker --once --key "$WK" >/dev/null
  [ "$(lease "$L" .state)" = revealed ]
  ogpu-submit --key sub --accept "$TASK" >/dev/null
  seal || true
  [ "$(lease "$L" .state)" = paid ]
  [ "$(ogpu show "task:$TASK" | jq -r .receipt.verified_by)" = accept ]
  rest_is_right
}
