#!/usr/bin/env bats
# pipelines.bats - whole chains of tools: four filters, cron, many at once, crashes.

load helpers

setup() {
  common_setup
  export OGPU_KEYS=$BATS_TEST_TMPDIR/keys
}

chain() {
  new_chain --slots 2 --mem 2GiB --mflops 100000 --account bob
}

submit() {
  ogpu-submit --sandbox none "$@"
}

@test "four filters: every kind of record once, in order, and a clean audit" {
  chain
  submit --array 0-9 --chunk 4 -- sh -c 'echo $OGPU_INDEX' >task.json
  run -0 bash -o pipefail -c 'ogpu-match <task.json | ogpu-worker | ogpu-validate'
  echo "$output" | jq -es '[.[] | select(.kind == "assignment")] | length == 3'
  echo "$output" | jq -es '[.[] | select(.kind == "result") | .count] | add == 10'
  echo "$output" | jq -es '[.[] | select(.kind == "receipt") | .done] == [10]'
  # a network may have paid before the worker has read that it did
  [ "$ENGINE" = comet ] || jq -e '.kind == "receipt"' <<<"${lines[-1]}"
  run -0 ogpu-validate --audit
}

@test "a DAG in one pipe: a task waits for the one before" {
  chain
  cat >tasks <<'END'
{"kind":"task","v":1,"name":"one","argv":["sh","-c","echo 1"],"sandbox":"none"}
{"kind":"task","v":1,"name":"two","argv":["sh","-c","echo 2"],"after":["one:ok"],"sandbox":"none"}
{"kind":"task","v":1,"name":"no","argv":["sh","-c","exit 3"],"sandbox":"none"}
{"kind":"task","v":1,"name":"never","argv":["sh","-c","echo 4"],"after":["no:ok"],"sandbox":"none"}
END
  run -1 bash -o pipefail -c 'ogpu-submit <tasks | ogpu-match | ogpu-worker | ogpu-validate'
  [ "$(grep -c '"state":"paid"' <<<"$output")" = 3 ]
  [ "$(grep -c '"state":"cancelled"' <<<"$output")" = 1 ]
}

@test "from cron: three --once in a row, until all is paid" {
  chain
  submit --array 0-4 --chunk 1 -- /bin/true >task.json
  for _ in 1 2 3 4; do
    ogpu-match --once >/dev/null && ogpu-worker --once >/dev/null && ogpu-validate --once >/dev/null
  done
  [ "$(ogpu show 1 | jq -r .state)" = paid ]
}

@test "two pipelines at once on one state do not disturb each other" {
  chain
  submit --array 0-9 --chunk 2 -- sh -c 'sleep 0.05; echo a' >t1
  submit --array 0-9 --chunk 2 -- sh -c 'sleep 0.05; echo b' >t2
  bash -o pipefail -c 'ogpu-match <t1 | ogpu-worker | ogpu-validate' >o1 2>e1 3>&- &
  p1=$!
  bash -o pipefail -c 'ogpu-match <t2 | ogpu-worker | ogpu-validate' >o2 2>e2 3>&- &
  p2=$!
  wait $p1
  wait $p2
  jq -es '[.[] | select(.kind == "receipt")] | length == 1 and .[0].task == 1' o1
  jq -es '[.[] | select(.kind == "receipt")] | length == 1 and .[0].task == 2' o2
  [ "$(ogpu-submit --fetch 1 --stdout | sort -u)" = a ]
  [ "$(ogpu-submit --fetch 2 --stdout | sort -u)" = b ]
  run -0 ogpu-validate --audit
}

@test "eight writers: nobody says 'locked'" {
  local n=5
  [ "$ENGINE" != comet ] || n=2
  chain
  for i in 1 2 3 4; do
    (for _ in $(seq "$n"); do submit --array 0-3 -- /bin/true; done >s$i.out 2>s$i.err) 3>&- &
  done
  ogpu-match --watch >m.out 2>m.err 3>&- &
  m=$!
  ogpu-worker --watch --sandbox none >w.out 2>w.err 3>&- &
  w=$!
  ogpu-validate --watch >v.out 2>v.err 3>&- &
  v=$!
  wait_for '[ "$(ogpu status | jq .tasks.paid)" = $((4 * n)) ]'
  kill $m $w $v
  wait $m $w $v || true
  run -1 grep -ih locked ./*.err
  run -0 ogpu-validate --audit
}

@test "kill -9 at random points of match, worker and validate: nothing lost, a clean audit" {
  chain
  submit --array 0-39 --chunk 2 -- sh -c 'echo $OGPU_INDEX' >task.json
  RANDOM=4711
  [ "$ENGINE" = comet ] && kills=8 || kills=20
  for i in $(seq $kills); do
    ogpu-match --watch >/dev/null 2>&1 3>&- &
    m=$!
    ogpu-worker --watch --sandbox none >/dev/null 2>&1 3>&- &
    w=$!
    ogpu-validate --watch >/dev/null 2>&1 3>&- &
    v=$!
    sleep 0.0$((RANDOM % 9 + 1))
    kill -9 $m $w $v 2>/dev/null || true
    wait $m $w $v 2>/dev/null || true
  done
  run -0 bash -o pipefail -c 'ogpu-match <task.json | ogpu-worker | ogpu-validate'
  [ "$(ogpu-submit --fetch 1 --stdout | sort -n | tr '\n' ' ')" = "$(seq 0 39 | tr '\n' ' ')" ]
  run -0 ogpu-validate --audit
  jq -e '.ok and .results_gone == 0' <<<"$output"
}

@test "a reader that leaves at the first record: every filter ends quietly with 0" {
  chain
  submit --array 0-5 --chunk 1 -- true >task.json
  local tool
  for tool in ogpu-match ogpu-worker ogpu-validate; do
    # the reader is gone before the filter writes its first line
    run -0 --separate-stderr bash -c "
      exec 3> >(true) 4<task.json; wait \$!
      $tool <&4 >&3; s=\$?; [ \$s -eq 141 ] || exit \$s"
    [ -z "$stderr" ]
  done
  run -0 ogpu-validate --audit
}

@test "a reader that leaves: the filter ends quietly, what was begun is finished" {
  chain
  submit --array 0-5 --chunk 1 -- sh -c 'sleep 0.1' >task.json
  run -0 bash -c 'ogpu-match <task.json | ogpu-worker | head -n 3 | wc -l'
  [ "$output" = 3 ]
  run -0 ogpu-validate --audit
  [ "$(ogpu status | jq .leases.running)" = 0 ]
}
