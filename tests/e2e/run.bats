#!/usr/bin/env bats
# run.bats - ogpu run: output and exit status are the program's; nothing is left behind.
# shellcheck disable=SC2016 # jobs and jq expand their own
load helpers

setup() {
  common_setup
  ogpu init -q --mflops 100000 --slots 2 >/dev/null
}

nothing_left() {
  ogpu status | jq -e '.tasks.open == 0 and .tasks.waiting == 0 and .escrows == "0"'
}

@test "stdout and stderr come through as they are" {
  run -0 --separate-stderr ogpu run --sandbox none -- sh -c 'printf "a\0b" | tr "\0" x; echo err >&2; echo'
  [ "$output" = axb ]
  [ "$stderr" = err ]
  run -0 --separate-stderr ogpu run --sandbox none -- true
  [ -z "$output" ]
  [ -z "$stderr" ]
  nothing_left
}

@test "binary output keeps its bytes" {
  head -c 300000 /dev/urandom >blob
  ogpu run --sandbox none --in blob -- cat blob >copy
  cmp blob copy
}

@test "in the sandbox, with the program itself as an input" {
  command -v bwrap >/dev/null || skip "bubblewrap is not installed"
  printf '#!/bin/sh\necho "$1 in $(pwd)"; ls\n' >prog
  chmod +x prog
  touch secret
  run -0 --separate-stderr ogpu run -- ./prog hello
  [ "${lines[0]}" = "hello in /job" ]
  [[ $output != *secret* ]]
}

@test "the exit status is the program's own" {
  run -7 ogpu run --sandbox none -- sh -c 'exit 7'
  run -137 ogpu run --sandbox none -- sh -c 'kill -9 $$'
  run -64 --separate-stderr ogpu run --sandbox none -- sh -c 'exit 64'
  [ -z "$stderr" ]
  run -127 ogpu run --sandbox none -- no-such-program
  nothing_left
}

@test "an array: in the order of the index, the worst status" {
  run -3 --separate-stderr ogpu run --sandbox none --array 0-19 -- \
    sh -c 'echo $OGPU_INDEX; [ $OGPU_INDEX -ne 7 ] || exit 3; [ $OGPU_INDEX -ne 9 ] || exit 1'
  [ "$output" = "$(seq 0 19)" ]
  run -0 ogpu run --sandbox none --slots 1 --chunk 4 --array 5-9 -- sh -c 'echo $OGPU_INDEX'
  [ "$output" = "$(seq 5 9)" ]
  nothing_left
}

@test "a batch from stdin, with dependencies" {
  printf '%s\n' '{"kind":"task","v":1,"name":"a","argv":["echo","first"],"sandbox":"none"}' \
    '{"kind":"task","v":1,"name":"b","argv":["sh","-c","echo second; exit 4"],"after":["a:ok"],"sandbox":"none"}' >tasks
  run -4 --separate-stderr bash -c 'ogpu run <tasks'
  [ "$output" = $'first\nsecond' ]
  run -0 bash -c 'ogpu run </dev/null'
}

@test "output is shown while the program runs" {
  ogpu run --sandbox none -- sh -c 'echo early; sleep 600; echo late' >out 2>err &
  pid=$!
  wait_for 'grep -q early out'
  kill -INT $pid
  status=0
  wait $pid || status=$?
  [ "$status" = 130 ]
  run -1 grep late out
}

@test "Ctrl-C cancels the task; SIGTERM does so, too" {
  local sig
  for sig in INT TERM; do
    ogpu run --sandbox none -- sh -c 'echo on; sleep 600' >out 2>err &
    pid=$!
    wait_for 'grep -q on out'
    kill "-$sig" $pid
    status=0
    wait $pid || status=$?
    [ "$status" = $((128 + $(kill -l $sig))) ]
    rm out
  done
  cat err
  run -0 ogpu show 2
  jq -e '.state == "cancelled"' <<<"$output"
  nothing_left
}

@test "kill -9 leaves no tool behind, and the next run finishes what was begun" {
  gate
  ogpu run --sandbox none -- sh -c "echo on; $WAIT" >out 2>err &
  pid=$!
  wait_for 'grep -q on out'
  pgrep -P $pid >left
  [ "$(wc -l <left)" -ge 3 ]
  kill -9 $pid
  wait $pid || true
  open_gate
  wait_for '! ps -p "$(paste -sd, left)" >/dev/null'
  ogpu-match --once && ogpu-worker --once && ogpu-validate --once >/dev/null
  nothing_left
}

@test "a full disk behind stdout: 74" {
  run -74 --separate-stderr bash -c 'ogpu run --sandbox none -- echo hi >/dev/full'
  [ "${stderr_lines[-1]}" = "ogpu run: write failed: No space left on device" ]
  nothing_left
}

@test "a reader that goes away ends it" {
  run -0 bash -c 'ogpu run --sandbox none -- yes 2>/dev/null | head -n 1; exit 0'
  [ "$output" = y ]
  wait_for 'nothing_left >/dev/null'
}

@test "outputs that --out names are put here, and replace nothing unasked" {
  run -0 ogpu run --sandbox none --out sub/result -- sh -c 'mkdir -p sub; echo 42 >sub/result'
  [ "$(cat sub/result)" = 42 ]
  run -73 --separate-stderr ogpu run --sandbox none --out sub/result -- true
  [[ $stderr == "ogpu run: 'sub/result' is there already; --force replaces it" ]]
  ln -s nowhere link # a name that is taken, too
  run -73 --separate-stderr ogpu run --sandbox none --out link -- sh -c 'echo 1 >link'
  [[ $stderr == "ogpu run: 'link' is there already; --force replaces it" ]]
  run -0 ogpu run --sandbox none --force --out sub/result -- sh -c 'mkdir -p sub; echo 43 >sub/result'
  [ "$(cat sub/result)" = 43 ]
  run -0 ogpu run --sandbox none --dir there --out r -- sh -c 'echo 44 >r'
  [ "$(cat there/r)" = 44 ]
}

@test "125 when the program never ran to an end, and why" {
  run -125 --separate-stderr ogpu run --sandbox none --limit 200ms --retry 0 -- sleep 5
  [[ $stderr == *"ended as 'failed'"* ]]
  run -125 --separate-stderr ogpu run --sandbox none -- ./not-there
  [[ $stderr == *"not-there"* ]]
  run -125 --separate-stderr ogpu run --sandbox none --cores 4096 -- true
  [[ $stderr == *"no node can take"* ]]
  run -125 ogpu run --sandbox none --price 0 --urgency 65 -- true
  nothing_left
}

@test "a tool of the pipeline that fails ends it: 125 and what was missing" {
  mkdir bin
  for t in sh true; do ln -s "$(command -v $t)" bin/$t; done
  run -125 --separate-stderr env PATH="$BUILD/bin:$PWD/bin" ogpu run -- true
  [[ $stderr == *"ogpu-worker: no sandbox: "*bubblewrap* ]]
  [[ $stderr == *"ended as 'cancelled'"* ]]
  nothing_left
}

@test "wrong calls, no state" {
  run -64 ogpu run --bogus -- true
  run -64 ogpu run --slots 0 -- true
  run -64 ogpu run --name
  run -64 script -qec 'ogpu run' /dev/null
  OGPU_HOME=$PWD/none run -78 ogpu run -- true
}

@test "a node's key under a passphrase: its file opens it for all tools" {
  (umask 077 && echo 'open sesame' >pass && echo other >wrong)
  ogpu-keygen --change-passphrase --new-passphrase-file pass >/dev/null
  run -0 --separate-stderr ogpu run --sandbox none --passphrase-file pass -- echo opened
  [ "$output" = opened ]
  run -125 --separate-stderr ogpu run --sandbox none -- true
  [[ $stderr == *"ogpu-submit: key 'default': the key is encrypted and needs a passphrase"* ]]
  run -125 ogpu run --sandbox none --passphrase-file wrong -- true
  # a worker says which key it is that it cannot open
  run -77 --separate-stderr ogpu-worker --once
  [[ $stderr == "ogpu-worker: key 'default': the key is encrypted and needs a passphrase" ]]
  run -77 ogpu-worker --once --passphrase-file wrong
  run -0 ogpu-worker --once --passphrase-file pass
  # a passphrase that unencrypted keys do not need does no harm
  ogpu-keygen --change-passphrase --passphrase-file pass --no-passphrase >/dev/null
  run -0 ogpu run --sandbox none --passphrase-file pass -- true
}

@test "the program's own options are its own" {
  run -0 ogpu run --sandbox none -- echo --slots 3 --key x
  [ "$output" = "--slots 3 --key x" ]
  run -0 ogpu run --sandbox none --slots=1 --name=n echo --force
  [ "$output" = "--force" ]
}

@test "another's nodes: results nobody checks are accepted as they come" {
  rm -rf "$OGPU_HOME"
  ogpu init -q --mflops 100000 --key alice --member ada,slots=1 --member lin,slots=1 >/dev/null
  needs bwrap
  run -0 --separate-stderr ogpu run --key alice --array 0-5 -- sh -c 'echo $OGPU_INDEX'
  [ "$output" = "$(seq 0 5)" ]
  run -0 ogpu show receipt:1
  jq -e '.verified_by == "accept" and .state == "paid"' <<<"$output"
  run -0 ogpu run --key alice --node lin --node ada -- echo both
  nothing_left
}

@test "the table of options is ogpu-submit's where it describes tasks" {
  pick='select(.kind != "tool") | select(.name as $n | ["accept", "amount", "cancel", "dir", "dispute",
    "fetch", "follow", "force", "human", "now", "older", "prune", "stdout", "transfer", "tx", "wait",
    "node", "slots"] | index($n) | not) | {name, kind, letter, arg, choices}'
  diff <(ogpu-submit --dump-options | jq -cS "$pick" | sort) <(ogpu run --dump-options | jq -cS "$pick" | sort)
}
