#!/usr/bin/env bats
# separate.bats - many tasks of one element: a node takes its owner's small ones one behind another.

# shellcheck disable=SC2016,SC2034 # wait_for evaluates
load helpers

setup() {
  common_setup
  ran=$(mktemp) # where jobs of another uid reach it
  chmod 666 "$ran"
  ogpu init -q --mflops 100000 --slots 2 >/dev/null
}

teardown() {
  common_teardown
  rm -f "$ran"
}

# N tasks that print their number, and add it to the file "ran"; the K-th of them sleeps S seconds.
lines() {
  jq -nc --argjson n "$1" --argjson k "${2:-0}" --arg s "${3:-0}" --arg ran "$ran" 'range(1; $n + 1) |
    {kind: "task", v: 1, name: "t\(.)", sandbox: "none", argv: ["sh", "-c",
     (if . == $k then "sleep \($s);" else "" end) + "echo \(.) >>\($ran); echo \(.)"]}'
}

paid() {
  [ "$(ogpu status | jq .tasks.paid)" = "$1" ]
}

# Transactions by which a node took tasks of its owner without a round.
taken() {
  sqlite3 "$OGPU_HOME/ogpu.db" "SELECT count(*) FROM tx WHERE line LIKE '%\"own\":[%'"
}

nothing_lost() {
  run -0 ogpu-validate --audit
  [ "$(jq .results_gone <<<"$output")" = 0 ]
  [ "$(sqlite3 "$OGPU_HOME/ogpu.db" 'SELECT count(*) FROM paid')" = "$1" ]
}

@test "in the pipe of filters: all run once, their outputs are there" {
  needs jq sqlite3
  lines 150 >tasks
  ogpu-submit <tasks | ogpu-match | ogpu-worker | ogpu-validate >out
  [ "$(jq -c 'select(.kind == "receipt" and .state == "paid") | .task' out | sort -n | uniq | wc -l)" = 150 ]
  [ "$(jq -c 'select(.kind == "assignment") | .task' out | sort -nu | wc -l)" = 150 ]
  [ "$(sort -n "$ran")" = "$(seq 150)" ]
  [ "$(ogpu-submit --fetch 77 --stdout)" = 77 ]
  [ "$(taken)" -gt 0 ]
  nothing_lost 150
}

@test "by --watch tools and by --once ones" {
  needs jq sqlite3
  lines 60 | ogpu-submit >/dev/null
  ogpu-match --watch >/dev/null 3>&- &
  ogpu-worker --watch >/dev/null 3>&- &
  ogpu-validate --watch >/dev/null 3>&- &
  wait_for 'paid 60' 120
  common_teardown
  lines 60 | ogpu-submit >/dev/null
  ogpu-match --once >/dev/null
  ogpu-worker --once >/dev/null
  while ! paid 120; do
    ogpu-match --once >/dev/null
    ogpu-worker --once >/dev/null
    ogpu-validate --once >/dev/null
  done
  nothing_lost 120
}

@test "those behind a long one are given back and run elsewhere" {
  needs jq sqlite3
  lines 60 11 3 >tasks
  ogpu-submit <tasks | ogpu-match | ogpu-worker | ogpu-validate >out
  [ "$(tail -1 "$ran")" = 11 ]
  [ "$(sort -n "$ran")" = "$(seq 60)" ]
  nothing_lost 60
}

@test "SIGTERM: what runs is finished, what stands behind it is given back" {
  needs jq sqlite3
  lines 200 | ogpu-submit >/dev/null
  ogpu-match --watch >/dev/null 3>&- &
  ogpu-worker --watch >/dev/null 3>&- &
  worker=$!
  wait_for '[ -s "$ran" ] && [ "$(taken)" -gt 0 ]' 120
  kill "$worker"
  wait "$worker"
  [ "$(ogpu status | jq '.leases.running')" = 0 ]
  lines 1 | ogpu-submit >/dev/null
  ogpu-worker --watch >/dev/null 3>&- &
  wait_for 'paid 201' 120
  [ "$(wc -l <"$ran")" = 201 ]
  nothing_lost 201
}

@test "kill -9 with some behind each other: the next worker goes on, each is paid once" {
  needs jq sqlite3 flock
  lines 200 | ogpu-submit >/dev/null
  ogpu-match --watch >/dev/null 3>&- &
  for _ in 1 2 3; do
    ogpu-worker --watch >/dev/null 3>&- &
    worker=$!
    before=$(taken)
    wait_for '[ "$(taken)" -gt "$before" ] || paid 200' 120
    kill -9 "$worker"
    wait "$worker" 2>/dev/null || true
    wait_for 'flock -n "$OGPU_HOME/run/node-1" true' # also of a child that was just being made
  done
  ogpu-worker --watch >/dev/null 3>&- &
  wait_for 'paid 200' 120
  [ "$(sort -nu "$ran" | wc -l)" = 200 ]
  common_teardown
  [ -z "$(find "$OGPU_HOME/run" -mindepth 1 -type d)" ]
  nothing_lost 200
}

@test "two filters beside each other: no task runs twice" {
  needs jq sqlite3
  lines 120 | ogpu-submit >tasks
  (ogpu-match <tasks | ogpu-worker | ogpu-validate >out1) 3>&- &
  (ogpu-match <tasks | ogpu-worker | ogpu-validate >out2) 3>&- &
  wait_for 'paid 120' 120
  wait
  [ "$(sort -n "$ran")" = "$(seq 120)" ]
  nothing_lost 120
}

@test "ogpu run beside tasks that nobody runs: a slot is taken back, they stay" {
  needs jq
  for _ in 1 2 3 4; do ogpu-submit --sandbox none -- sleep 300 >/dev/null; done
  ogpu-match --once >/dev/null
  [ "$(ogpu status | jq .leases.matched)" = 2 ]
  run -0 --separate-stderr ogpu run --sandbox none -- echo now
  [ "$output" = now ]
  [ "$(ogpu status | jq -c '[.tasks.open, .tasks.paid]')" = '[4,1]' ]
  run -0 ogpu run --sandbox none --array 0-3 -- sh -c 'echo $OGPU_INDEX'
  [ "$output" = "$(seq 0 3)" ]
  [ "$(ogpu status | jq -c '[.tasks.open, .tasks.paid]')" = '[4,2]' ]
}
