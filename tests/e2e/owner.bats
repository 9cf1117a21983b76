#!/usr/bin/env bats
# owner.bats - what the owner of a machine says to ogpu-worker: pause, resume, give back, hours, idleness,
# share, terms, GPUs; by options, worker.conf and from another shell; over a kill -9.

# shellcheck disable=SC2016,SC2154
load helpers

setup() {
  common_setup
  export OGPU_KEYS=$BATS_TEST_TMPDIR/keys
  CONF=$XDG_CONFIG_HOME/ogpu/worker.conf
  mkdir -p "${CONF%/*}"
  MARKS=$(mktemp -d /tmp/ogpu-marks-XXXXXX) # where jobs with ids of their own can write
  chmod 777 "$MARKS"
}

teardown() {
  common_teardown
  rm -r "$MARKS"
}

chain() {
  ogpu init -q --slots 1 --mem 2GiB --mflops 100000 --account bob >init.json
}

# worker [OPTION ...]: one that watches, without a sandbox, its words in worker.log
worker() {
  ogpu-worker --watch --sandbox none "$@" 2>>worker.log &
  WORKER=$!
  wait_for '[ "$(owner .open)" = true ] || [ "$(owner .open)" = false ]'
}

# What `ogpu status` shows of the first worker.
owner() {
  ogpu status | jq -c ".workers[0] | $1"
}

state_of() {
  ogpu show "$1" | jq -r .state
}


@test "options and files: what is wrong is told with its line" {
  chain
  printf 'share = 50%%\nidle = soon\n' >"$CONF"
  run -78 ogpu-worker --once
  [[ $output == "ogpu-worker: $CONF:2: 'idle': 'soon' is not a duration"* ]]
  rm "$CONF"
  run -64 ogpu-worker --once --hours Xx
  [[ $output == "ogpu-worker: --hours: 'hours' must be like"* ]]
  run -64 ogpu-worker --once --classes games
  run -66 ogpu-worker --once --config none.conf
  run -64 ogpu-worker --gpu 1 --once
  run -64 ogpu-worker --pause --watch
  printf '# nothing\n' >own.conf
  run -0 ogpu-worker --once --config own.conf
}

@test "pause and resume from another shell, seen in status" {
  chain
  worker
  ogpu-worker --pause
  wait_for '[ "$(owner .why)" = "\"is paused\"" ]'
  wait_for '[ "$(ogpu show node:1 | jq -r .classes)" = "" ]'
  ogpu status -H | grep -q 'node 1 is paused'
  ogpu-submit --sandbox none -- true >/dev/null
  ogpu-match --once -q >/dev/null 2>&1 || true
  [ "$(ogpu status | jq .leases.matched)" = 0 ]
  ogpu-worker --resume
  wait_for '[ "$(owner .open)" = true ]'
  wait_for '[[ "$(ogpu show node:1 | jq -r .classes)" == *kernel* ]]'
  wait_for 'ogpu-match --once -q >/dev/null; [ "$(state_of 1)" = paid ]'
}

@test "a pause outlives the worker, be it killed" {
  chain
  worker
  ogpu-worker --pause
  wait_for '[ "$(owner .open)" = false ]'
  kill -9 "$WORKER"
  wait "$WORKER" || true
  [ "$(ogpu status | jq -c '.workers')" = "[]" ]
  worker
  [ "$(owner .why)" = '"is paused"' ]
  kill -9 "$WORKER"
  wait "$WORKER" || true
  ogpu-worker --resume
  worker
  wait_for '[ "$(owner .open)" = true ]'
  wait_for '[[ "$(ogpu show node:1 | jq -r .classes)" == *kernel* ]]'
}

@test "give back now: the job is asked, then gone; its task waits again without a loss" {
  chain
  gate
  worker --grace 60s
  ogpu-submit --sandbox none -- sh -c "trap 'echo asked >$MARKS/asked; exit 0' TERM
    touch $MARKS/up; $WAIT" >/dev/null
  wait_for 'ogpu-match --once -q >/dev/null; [ -e $MARKS/up ]'
  ogpu-worker --give-back
  [ "$(cat "$MARKS/asked")" = asked ]
  [ "$(ogpu status | jq -c '[.leases.running, .leases.released, .tasks.open]')" = '[0,1,1]' ]
  [ "$(ogpu show node:1 | jq -r .epoch_released)" = 0 ]
  [ "$(owner .why)" = '"is paused"' ]
  open_gate
  rm "$MARKS/up"
  ogpu-worker --resume
  wait_for 'ogpu-match --once -q >/dev/null; [ "$(state_of 1)" = paid ]'
}

@test "what does not heed the signal is killed after its grace" {
  chain
  worker --grace 100ms
  ogpu-submit --sandbox none -- sh -c "trap '' TERM; touch $MARKS/up; sleep 7781.5 & wait; sleep 7781.5" \
    >/dev/null
  wait_for 'ogpu-match --once -q >/dev/null; [ -e $MARKS/up ]'
  ogpu-worker --give-back
  wait_for '! pgrep -f "sleep 7781.5" >/dev/null'
  [ "$(ogpu status | jq -c .leases.released)" = 1 ]
}

@test "hours, and a worker.conf that changes while the worker runs" {
  chain
  day=$(date +%a)
  printf 'hours = %s 00:00-24:00\n' "${day:0:2}" >"$CONF"
  worker
  other=$(date -d '+2 days' +%a)
  wait_for '[ "$(owner .open)" = true ]'
  printf 'hours = %s 10:00-11:00\n' "${other:0:2}" >"$CONF"
  wait_for '[ "$(owner .why)" = "\"is outside its hours\"" ]'
  printf 'hours = 25\n' >"$CONF"
  wait_for 'grep -q "worker.conf:1: .hours. must be like.*what held before still holds" worker.log'
  [ "$(owner .open)" = false ]
  rm "$CONF"
  wait_for '[ "$(owner .open)" = true ]'
}

@test "only while nobody uses the machine; what runs is given back when somebody comes" {
  chain
  touch -d '1 hour ago' seen
  worker --idle 10m --activity "$PWD/seen" --leave give-back --grace 100ms
  wait_for '[ "$(owner .open)" = true ]'
  ogpu-submit --sandbox none -- sh -c "touch $MARKS/up; exec sleep 7782.5" >/dev/null
  wait_for 'ogpu-match --once -q >/dev/null; [ -e $MARKS/up ]'
  touch seen
  wait_for '[ "$(owner .why)" = "\"is in use by somebody\"" ]'
  wait_for '[ "$(ogpu status | jq .leases.released)" = 1 ]'
  run ! pgrep -f 'sleep 7782.5'
  touch -d '1 hour ago' seen
  wait_for '[ "$(owner .open)" = true ]'
}

@test "closed with leave = finish: what runs ends by itself and is paid" {
  chain
  gate
  worker
  ogpu-submit --sandbox none -- sh -c "touch $MARKS/up; $WAIT" >/dev/null
  wait_for 'ogpu-match --once -q >/dev/null; [ -e $MARKS/up ]'
  ogpu-worker --pause
  wait_for '[ "$(owner .open)" = false ]'
  [ "$(owner .runs)" = 1 ]
  open_gate
  wait_for '[ "$(state_of 1)" = paid ]'
}

@test "a lease that is held but idle is told of, and given back where the owner says so" {
  chain
  worker --held 1s
  ogpu-submit --sandbox none -- sleep 7783.5 >/dev/null
  wait_for 'ogpu-match --once -q >/dev/null; [ "$(owner .held)" = "[1]" ]'
  grep -q 'lease 1 holds its slot but computes nothing for 1 s' worker.log
  [ "$(owner .runs)" = 1 ]
  kill -9 "$WORKER"
  wait "$WORKER" || true
  worker --held 1s --held-then give-back --grace 100ms
  wait_for '[ "$(ogpu status | jq .leases.released)" -ge 1 ]'
}

@test "the terms of worker.conf stand on the chain: classes, submitters, lowest price" {
  chain
  printf 'classes = program\nsubmitters = own\nmin-rate = 0.25\n' >"$CONF"
  worker
  wait_for '[ "$(ogpu show node:1 | jq -r .classes)" = program ]'
  [ "$(ogpu show node:1 | jq -r .min_rate)" = 250000000 ]
  [ "$(ogpu show node:1 | jq -c '.submitters | length')" -ge 1 ]
  ogpu-submit --key bob --verify accept -- true >/dev/null
  run -0 ogpu-match --why 1
  [[ $output == *submitters* ]]
}

@test "a share of the processor" {
  chain
  worker --share 20%
  ogpu-submit --sandbox none --limit 60s -- sh -c 's=$(date +%s%N); i=0; while [ $i -lt 150000 ]; do i=$((i + 1)); done
    times | head -1; echo $(( ($(date +%s%N) - s) / 1000000 ))' >task.json
  wait_for 'ogpu-match --once -q >/dev/null; [ "$(state_of 1)" = paid ]'
  ogpu-submit --fetch 1 --stdout >out
  # minutes, seconds of its own; wall ms: at most a third of it computing once the head start is gone
  cpu=$(sed -n '1s/^0m\([0-9]*\)\.\([0-9]\{3\}\).*/\1\2/p' out)
  wall=$(sed -n 2p out)
  ((10#$cpu < 200 || 10#$cpu * 2 < wall))
}
