#!/usr/bin/env bats
# worker.bats - ogpu-worker: filter, --once, --watch, limits, restarts, and each exit status of its page.

load helpers

setup() {
  common_setup
  export OGPU_KEYS=$BATS_TEST_TMPDIR/keys
}

# one node with two slots, its owner, and an account without a node
chain() {
  ogpu init -q --slots 2 --mem 2GiB --mflops 100000 --account bob >init.json
}

# four nodes of four owners
pool() {
  ogpu init -q --mflops 100000 --account bob --member a,slots=1 --member b,slots=1 \
    --member c,slots=1 --member d,slots=1 >init.json
}

leases() {
  ogpu status | jq -r ".leases.$1"
}

# a matched lease of a task: submit ARGS
matched() {
  ogpu-submit "$@" >task.json
  ogpu-match --once -q >/dev/null
  [ "$(leases matched)" -ge 1 ]
}

needs_sandbox() {
  bwrap --unshare-all --ro-bind / / /bin/true 2>/dev/null || skip "no sandbox can be had here"
}

@test "help and version" {
  run -0 ogpu-worker --help
  [[ $output == "usage: ogpu-worker"* ]]
  run -0 ogpu-worker --version
  [[ $output == "ogpu-worker "* ]]
}

@test "wrong options are 64" {
  run -64 ogpu-worker --once --watch
  [[ $output == "ogpu-worker: --once, --watch, --drain and --devices exclude each other" ]]
  run -64 ogpu-worker operand
  run -64 ogpu-worker --slots 0
  run -64 ogpu-worker --sandbox docker
  chain
  run -64 ogpu-worker --once --classes games
}

@test "no state is 78, no node key 66, a key that is no node's 65" {
  run -78 ogpu-worker --once
  chain
  run -65 ogpu-worker --once --key bob
  [[ $output == "ogpu-worker: key 'bob' is not the key of a node" ]]
  OGPU_KEYS=$BATS_TEST_TMPDIR/none run -66 ogpu-worker --once
}

@test "empty input: nothing, 0" {
  chain
  run -0 --separate-stderr ogpu-worker </dev/null
  [ -z "$output" ] && [ -z "$stderr" ]
}

@test "records pass through byte for byte, bad ones are 65 and say where" {
  chain
  printf '{"kind":"note",  "v":1, "x":"\\u00e9"}\n{"v":1,"kind":"other"}\n' >in
  ogpu-worker <in >out
  cmp in out
  run -65 --separate-stderr ogpu-worker < <(printf '{"kind":"x"}\nnot json\n')
  [[ $stderr == "ogpu-worker: stdin:2: "* ]]
  run -65 ogpu-worker <<<'{"kind":"task","v":1}'
  run -65 ogpu-worker <<<'{"kind":"task","v":1,"id":77}'
}

@test "a program's lease: run, committed, revealed, paid; the result record" {
  chain
  matched --sandbox none -- sh -c 'echo out; echo err >&2; exit 3'
  run -0 --separate-stderr ogpu-worker <task.json
  [ "${lines[0]}" = "$(cat task.json)" ]
  jq -e '.kind == "result" and .v == 1 and .lease == 1 and .task == 1 and .exit == 3 and .count == 1
         and .run_ms >= 1 and (.root | length) == 64' <<<"${lines[1]}"
  [ "$(leases paid)" = 1 ]
  [ "$(ogpu-submit --fetch 1 --stdout)" = out ]
  run -0 ogpu-validate --audit
}

@test "--once does all there is, then nothing" {
  chain
  matched --sandbox none --array 0-3 --chunk 2 -- sh -c 'echo $OGPU_INDEX'
  run -0 ogpu-worker --once
  [ "${#lines[@]}" = 2 ]
  [ "$(leases paid)" = 2 ]
  run -0 ogpu-worker --once
  [ -z "$output" ]
  [ "$(ogpu-submit --fetch 1 --stdout | tr '\n' ' ')" = "0 1 2 3 " ]
}

@test "the sandbox: inputs at their paths, nothing else of the folder, outputs by name" {
  needs_sandbox
  chain
  echo secret >secret
  mkdir sub
  echo data >sub/in
  printf '#!/bin/sh\ncat sub/in; ls; cat /etc/shadow; [ ! -e secret ] && echo made >res\n' >prog
  chmod +x prog
  matched --in sub/in --out res -- ./prog
  run -0 ogpu-worker --once
  ogpu-submit --fetch 1 --stdout >out
  grep -q '^data$' out
  grep -q '^prog$' out
  run -1 grep secret out
  run -1 grep root: out
  mkdir got
  ogpu-submit --fetch 1 --dir got
  [ "$(find got -name res -exec cat {} +)" = made ]
}

@test "limits: time, memory and output are the job's fault; own node's word is enough" {
  needs_sandbox
  chain
  matched --limit 300ms -- sleep 1000
  run -0 timeout 300 ogpu-worker --once -v
  [[ $output == *"the job broke its limit of time"* ]]
  [ "$(leases failed)" = 1 ]
  matched --mem 64MiB -- sh -c 'exec head -c 300000000 /dev/zero | tail -c 299999999 | wc -c'
  run -0 ogpu-worker --once -v
  [[ $output == *"the job broke its limit of memory"* ]]
  run -0 ogpu-validate --audit
}

@test "an array fails from the element that breaks the limit on" {
  chain
  matched --sandbox none --limit 400ms --array 0-3 --chunk 4 -- \
    sh -c 'echo $OGPU_INDEX; [ $OGPU_INDEX != 2 ] || sleep 20'
  run -0 ogpu-worker --once
  jq -e '.first == 0 and .count == 2' <<<"${lines[0]}"
  ogpu-match --once -q >/dev/null
  run -0 ogpu-worker --once
  [ "$(leases paid)" = 1 ] && [ "$(leases failed)" = 1 ]
  [ "$(ogpu show 1 | jq -r .state)" = failed ]
  run -0 ogpu-validate --audit
}

@test "others' jobs are given back without a sandbox, and run nowhere" {
  chain
  matched --key bob -- touch "$BATS_TEST_TMPDIR/ran"
  run -0 --separate-stderr ogpu-worker --once --sandbox none
  [[ $stderr == *"lease 1 is given back: without a sandbox only one's own jobs are run"* ]]
  [ "$(leases released)" = 1 ]
  [ ! -e ran ]
}

@test "where no sandbox can be had: 69 in one sentence, own jobs only with --sandbox none" {
  chain
  mkdir bin
  for t in sh sleep jq cat; do ln -s "$(command -v $t)" bin/$t; done
  matched -- /bin/true
  run -69 --separate-stderr env PATH="$BUILD/bin:$PWD/bin" ogpu-worker --once
  [[ $stderr == *"ogpu-worker: "*bwrap* || $stderr == *"ogpu-worker: "*bubblewrap* ]]
  matched -- /bin/true
  run -69 env PATH="$BUILD/bin:$PWD/bin" ogpu-worker --watch
  run -0 env PATH="$BUILD/bin:$PWD/bin" ogpu-worker --once --sandbox none
  [ "$(leases paid)" = 2 ]
}

@test "--classes gives back the others" {
  chain
  matched --sandbox none -- /bin/true
  run -0 --separate-stderr ogpu-worker --once --classes kernel
  [[ $stderr == *"given back: this worker does not take its class"* ]]
  [ "$(leases released)" = 1 ]
}

@test "an input that is gone is result.fail input before the start" {
  chain
  echo data >in
  matched --in in --sandbox none -- cat in
  rm -rf "$OGPU_HOME/blobs/$(sha256sum in | cut -c1-2)"
  run -0 --separate-stderr ogpu-worker --once
  [[ $stderr == *"lease 1"*"input 'in' is not here and has no URL"* ]]
  [ "$(leases failed)" = 1 ]
}

@test "an input by URL is fetched and its hash checked before the start" {
  needs python3
  chain
  mkdir www
  echo data >www/in
  (cd www && exec python3 -u -m http.server --bind 127.0.0.1 0 >../port 2>&1) 3>&- &
  wait_for 'grep -q port port'
  port=$(sed 's/.* port \([0-9]*\) .*/\1/' port)
  sum=$(sha256sum www/in | cut -d' ' -f1)
  matched --in "in=http://127.0.0.1:$port/in" --sha256 "$sum" --sandbox none -- cat in
  run -0 ogpu-worker --once
  [ "$(ogpu-submit --fetch 1 --stdout)" = data ]
  rm "$OGPU_HOME/blobs/${sum:0:2}/$sum"
  echo other >www/in
  matched --in "in=http://127.0.0.1:$port/in" --sha256 "$sum" --sandbox none -- cat in
  run -0 --separate-stderr ogpu-worker --once
  [[ $stderr == *"input 'in' from its URL has other content"* ]]
  [ "$(leases failed)" = 1 ]
}

@test "a stranger's URL does not reach this machine" {
  needs_sandbox
  pool
  sum=$(printf x | sha256sum | cut -d' ' -f1)
  matched --key bob --in in=http://127.0.0.1:1/in --sha256 "$sum" -- cat in
  run -0 --separate-stderr ogpu-worker --once
  [[ $stderr == *"lease 1: input 'in': "* ]]
  [ "$(leases rejected)" = 1 ]
}

@test "kill -9 while it runs: the next worker runs it again" {
  chain
  gate
  matched --sandbox none -- sh -c "$WAIT; echo $$"
  ogpu-worker --once >w.out 3>&- &
  wait_for '[ "$(leases running)" = 1 ]'
  kill -9 $!
  wait $! || true
  [ "$(leases running)" = 1 ]
  open_gate
  run -0 ogpu-worker --once
  [ "$(leases paid)" = 1 ]
  run -0 ogpu-validate --audit
}

@test "kill -9 leaves nothing behind for long: the next worker cleans up" {
  chain
  matched --sandbox none -- sleep 30
  ogpu-worker --once >w.out 3>&- &
  wait_for '[ -s "$OGPU_HOME/run/1/lock" ] || [ "$(leases running)" = 1 ]'
  kill -9 $!
  wait $! || true
  [ -d "$OGPU_HOME/run/1" ]
  ogpu-submit --cancel 1 >/dev/null
  run -0 ogpu-worker --once
  [ ! -e "$OGPU_HOME/run/1" ]
}

@test "a relative state folder will do" {
  chain
  cd "$(dirname "$OGPU_HOME")"
  rel=$(basename "$OGPU_HOME")
  unset OGPU_HOME
  echo data >in
  ogpu-submit -s "$rel" --in in --sandbox none -- cat in >task.json
  ogpu-match -s "$rel" --once -q >/dev/null
  run -0 ogpu-worker -s "$rel" --once
  [ "$(ogpu-submit -s "$rel" --fetch 1 --stdout)" = data ]
}

@test "kill -9 between commit and reveal: revealed from what is stored" {
  needs_sandbox
  pool
  matched --key bob --verify exact -- echo hi
  run -0 ogpu-worker --once
  [ "$(leases committed)" = 1 ]
  run -0 ogpu-validate --once
  [ "$(leases committed)" = 1 ]
  run -0 ogpu-worker --once
  run -0 ogpu-validate --once
  [ "$(leases paid)" = 1 ]
  run -0 ogpu-validate --audit
}

@test "--watch works and SIGTERM drains: what runs is finished" {
  chain
  ogpu-worker --watch --sandbox none >w.out 2>w.err 3>&- &
  pid=$!
  gate
  ogpu-submit --sandbox none -- sh -c "$WAIT; echo done" >task.json
  ogpu-match --once -q >/dev/null
  wait_for '[ "$(leases running)" = 1 ]'
  kill -TERM $pid
  open_gate
  wait $pid
  [ "$(jq -r .kind <w.out)" = result ]
  [ "$(ogpu-submit --fetch 1 --stdout)" = "done" ]
}

@test "two workers never run one node; --drain ends the one that does" {
  chain
  ogpu-worker --watch --sandbox none >w.out 2>w.err 3>&- &
  pid=$!
  wait_for '[ -s "$OGPU_HOME/run/node-1" ]'
  run -75 ogpu-worker --once --key default
  [[ $output == "ogpu-worker: node 1 is run by another worker" ]]
  run -0 ogpu-worker --once
  run -0 ogpu-worker --drain
  wait $pid
}

@test "--drain gives back what has not started" {
  chain
  matched --sandbox none -- /bin/true
  run -0 ogpu-worker --drain
  [ "$(leases released)" = 1 ]
}

@test "--slots bounds what runs at once" {
  chain
  gate
  matched --sandbox none --array 0-1 --chunk 1 -- sh -c "$WAIT"
  [ "$(leases matched)" = 2 ]
  ogpu-worker --once --slots 1 >w.out 3>&- &
  wait_for '[ "$(leases running)" = 1 ]'
  [ "$(leases matched)" = 1 ]
  open_gate
  wait $!
  [ "$(leases paid)" = 2 ]
}

@test "cancelled while it runs: the process ends, nothing is committed" {
  chain
  matched --sandbox none -- sleep 1000
  timeout 300 ogpu-worker --once >w.out 3>&- &
  wait_for '[ "$(leases running)" = 1 ]'
  ogpu-submit --cancel 1
  wait $!
  [ ! -s w.out ]
}

@test "what runs can be followed: a run row and live files, gone afterwards" {
  chain
  gate
  matched --sandbox none -- sh -c "echo early; $WAIT"
  ogpu-worker --once >w.out 3>&- &
  wait_for '[ "$(cat "$OGPU_HOME"/run/1/out 2>/dev/null)" = early ]'
  open_gate
  wait $!
  [ ! -e "$OGPU_HOME/run/1" ]
}

@test "a disk nearly full: the lease is given back" {
  mkdir small
  mount -t tmpfs -o size=40m none small 2>/dev/null || skip "no mount here"
  OGPU_HOME=$BATS_TEST_TMPDIR/small/state
  chain
  matched --sandbox none -- /bin/true
  run -0 --separate-stderr ogpu-worker --once
  umount -l small
  [[ $stderr == *"is nearly full"* ]]
}

# as a filter beside an ogpu-match that assigns what is given back again and again
given_back_for_ever() {
  local matcher rc=0
  ogpu-match --watch >/dev/null 2>&1 3>&- &
  matcher=$!
  ogpu-worker "$@" <task.json >/dev/null || rc=$?
  kill "$matcher"
  wait "$matcher" || true
  return "$rc"
}

@test "given back again and again with nothing done between: the filter ends and says why" {
  chain
  ogpu-submit --sandbox none -- /bin/true >task.json
  run -1 --separate-stderr given_back_for_ever --classes kernel
  [[ ${stderr_lines[-1]} == "ogpu-worker: lease "*"this worker does not take its class" ]]
  [ "$(leases released)" -le 30 ]
  run -0 ogpu-worker <task.json
  [ "$(leases paid)" = 1 ]
}

@test "a disk nearly full under a filter: 74 after some tries, and the task runs elsewhere later" {
  mkdir small
  mount -t tmpfs -o size=40m none small 2>/dev/null || skip "no mount here"
  OGPU_HOME=$BATS_TEST_TMPDIR/small/state
  chain
  ogpu-submit --sandbox none -- /bin/true >task.json
  run -74 --separate-stderr given_back_for_ever
  [[ ${stderr_lines[-1]} == "ogpu-worker: lease "*"is nearly full" ]]
  [ "$(leases released)" -le 30 ]
  common_teardown
  mount -o remount,size=200m small
  ogpu-match -q <task.json >/dev/null
  run -0 ogpu-worker <task.json
  [ "$(leases paid)" = 1 ]
  umount -l small
}

@test "nothing moves: stuck, 1" {
  chain
  ogpu-submit --mem 1TiB -- /bin/true >task.json
  run -1 --separate-stderr timeout 300 ogpu-worker <task.json
  [[ $stderr == "ogpu-worker: 1 of 1 tasks do not move" ]]
}

@test "stdout full is 74, a reader that leaves is no error" {
  chain
  matched --sandbox none -- /bin/true
  run -74 bash -c 'ogpu-worker --once >/dev/full'
  [ "$(leases paid)" -ge 0 ]
  matched --sandbox none -- /bin/true
  run -0 bash -o pipefail -c 'ogpu-worker --once | true'
}

@test "--log-format json" {
  chain
  matched --key bob -- /bin/true
  run -0 --separate-stderr ogpu-worker --once --sandbox none --log-format json
  jq -e '.level == "warning" and (.ts | length) > 0' <<<"${stderr_lines[0]}"
}
