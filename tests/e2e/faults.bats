#!/usr/bin/env bats
# faults.bats - kill -9 at any moment, full disks, hostile records, states that are not ours.
# OGPU_KILLS (20): how often a tool is killed; OGPU_KILL_SEED: the draw, printed when a test fails.

# shellcheck disable=SC2154,SC2009,SC2030,SC2031
KILLS=${OGPU_KILLS:-20} SEED=${OGPU_KILL_SEED:-$((SECONDS + $(date +%s) % 30000))}
load helpers

teardown() {
  common_teardown
  ! mountpoint -q "$BATS_TEST_TMPDIR/full" || umount -l "$BATS_TEST_TMPDIR/full"
}

# Does any process of this session still run?
runs() {
  ps -o stat= -s "$1" | grep -q '^[^Z]'
}

# crash MAX_MS COMMAND ...: runs COMMAND in a session of its own with stdin from ./in and stdout to
# ./out. After at most MAX_MS kill -9 hits all of its processes, or one of them; what is left of a
# pipeline then has two seconds more, what `ogpu run` started must end by itself.
crash() {
  local max=$1 pid one
  shift
  [ -e in ] || : >in
  setsid "$@" <in >out 2>err 3>&- &
  pid=$!
  sleep "$(printf '%d.%03d' 0 $((RANDOM % max)))"
  if ((RANDOM % 2)); then
    kill -9 -- "-$pid" 2>/dev/null || true
  elif [ "$1 $2" = 'ogpu run' ]; then
    kill -9 "$pid" 2>/dev/null || true
    wait_for "! runs $pid" || { ps -o pid,ppid,args -s "$pid" >&2; return 1; }
  else
    one=$(pgrep -s "$pid" | shuf -n 1)
    [ -z "$one" ] || kill -9 "$one" 2>/dev/null || true
    wait_for "! runs $pid" 2 2>/dev/null || true
  fi
  pkill -9 -s "$pid" || true
  wait "$pid" 2>/dev/null || true
  cat out >>acknowledged
}

# The whole lines among what the killed tools printed, as IDs for `ogpu show`.
acknowledged_ids() {
  sed -n 's/^\({.*}\)$/\1/p' acknowledged | jq -r '
    if .kind == "task" and .id then "task:\(.id)"
    elif .kind == "assignment" or .kind == "result" or .kind == "verdict" then "lease:\(.lease)"
    elif .kind == "receipt" then "task:\(.task)"
    elif .kind == "tx" then .txid
    elif .kind == "sent" then .id
    else empty end' | sort -u
}

# Nothing acknowledged is missing, and what it claims is so.
check_acknowledged() {
  local ids
  ids=$(acknowledged_ids)
  [ -z "$ids" ] || echo "$ids" | xargs ogpu show >shown
  sed -n 's/^\({.*}\)$/\1/p' acknowledged | jq -r 'select(.kind == "result") | .lease' | sort -u |
    sed 's/^/lease:/' | xargs -r ogpu show |
    jq -e -s 'all(.state != "matched" and .state != "running")' >/dev/null
  sed -n 's/^\({.*}\)$/\1/p' acknowledged | jq -r 'select(.kind == "receipt") | .task' | sort -u |
    sed 's/^/task:/' | xargs -r ogpu show |
    jq -e -s 'all(.state != "open" and .state != "waiting")' >/dev/null
}

check_chain() {
  ogpu-validate --audit >audit
  jq -e '.ok' audit >/dev/null
  check_acknowledged
}

# bulk N: task records for stdin, some after others, some arrays.
bulk() {
  jq -nc --argjson n "$1" --argjson r "$RANDOM" 'range($n) |
    {kind: "task", v: 1, name: "t\($r)-\(.)", argv: ["true"], sandbox: "none"}
    + (if . % 4 == 0 then {array: "0-7", chunk: 3} else {} end)
    + (if . % 5 == 4 then {after: ["t\($r)-\(. - 1):any"]} else {} end)'
}

# Runs the tools until every task has ended; they end in good order.
finish() {
  local p pids=''
  ogpu-match --watch >>rest &
  pids=$!
  ogpu-worker --watch --sandbox none >>rest &
  pids="$pids $!"
  ogpu-validate --watch >>rest &
  pids="$pids $!"
  wait_for "ogpu status | jq -e '.tasks.open == 0 and .tasks.waiting == 0' >/dev/null" 900 ||
    { ogpu status >&2; return 1; }
  # shellcheck disable=SC2086
  kill $pids
  for p in $pids; do
    wait "$p"
  done
}

init_chain() {
  needs jq pgrep setsid shuf
  ogpu init --mflops 100000 --slots 2 --account other >/dev/null 2>&1
  OTHER=$(ogpu-keygen --show other | jq -r .address)
}

one_kill() {
  case $(($1 % 10)) in
  0 | 5)
    bulk $((20 + RANDOM % 60)) >in
    crash 120 ogpu-submit
    ;;
  1) crash 90 ogpu-match --once ;;
  2 | 6) crash 150 ogpu-worker --once --sandbox none ;;
  3) crash 60 ogpu-validate --once ;;
  4) crash 80 ogpu-stake --bond 1 ;;
  7)
    bulk 15 >in
    crash 900 bash -c 'ogpu-submit | ogpu-match | ogpu-worker --sandbox none | ogpu-validate'
    ;;
  8) crash 300 ogpu run --array 0-9 --chunk 2 --sandbox none -- true ;;
  9) crash 50 ogpu-submit --transfer "$OTHER" --amount 1 ;;
  esac
  rm -f in
}

@test "kill -9 at random moments: the chain audits, nothing acknowledged is lost, every task ends" {
  init_chain
  RANDOM=$SEED
  echo "OGPU_KILL_SEED=$SEED"
  : >acknowledged
  for ((i = 0; i < KILLS; i++)); do
    echo "kill $i"
    one_kill "$i"
    if ((i % 5 == 4 || i == KILLS - 1)); then
      check_chain
    fi
  done
  finish
  check_chain
  # money: nothing is left in escrow, the supply is whole
  ogpu status | jq -e '.escrows == "0"'
  run -0 ogpu run --sandbox none -- echo alive
  [ "$output" = alive ]
}

@test "kill -9 of the watching tools while others submit" {
  init_chain
  RANDOM=$SEED
  echo "OGPU_KILL_SEED=$SEED"
  : >acknowledged
  for ((i = 0; i < (KILLS + 3) / 4; i++)); do
    bulk 12 | ogpu-submit >>acknowledged
    ogpu-match --watch >>acknowledged &
    m=$!
    ogpu-worker --watch --sandbox none >>acknowledged &
    w=$!
    ogpu-validate --watch >>acknowledged &
    v=$!
    sleep "$(printf '0.%03d' $((RANDOM % 400)))"
    kill -9 $m $w $v
    wait $m $w $v 2>/dev/null || true
  done
  finish
  check_chain
}

@test "kill -9 of ogpu init: the next one makes the chain, or there is one" {
  needs jq pgrep setsid
  RANDOM=$SEED
  echo "OGPU_KILL_SEED=$SEED"
  local round # `run` has an i of its own
  for ((round = 0; round < (KILLS + 1) / 2; round++)); do
    export OGPU_HOME=$BATS_TEST_TMPDIR/init$round
    crash 150 ogpu init --capacity-ms 20
    if ogpu status >/dev/null 2>&1; then
      run -73 ogpu init --capacity-ms 20
    else
      run -0 ogpu init --capacity-ms 20
    fi
    ogpu-validate --audit >audit
    run -0 ogpu run --sandbox none -- echo fine
    [ "$output" = fine ]
    rm -rf "$OGPU_HOME"
  done
}

@test "kill -9 of ogpu-keygen: the whole key or none" {
  needs pgrep setsid
  RANDOM=$SEED
  for ((i = 0; i < KILLS / 2; i++)); do
    crash 20 ogpu-keygen "k$i"
    if [ -e "$XDG_CONFIG_HOME/ogpu/keys/k$i.pem" ]; then
      ogpu-keygen --show "k$i"
    else
      ogpu-keygen "k$i"
    fi
  done
  ogpu-keygen --show >all
  [ "$(wc -l <all)" -eq $((KILLS / 2)) ]
}

@test "two ogpu init at once, and eight: one chain" {
  needs jq
  for n in 2 8; do
    export OGPU_HOME=$BATS_TEST_TMPDIR/at-once-$n
    for ((i = 0; i < n; i++)); do
      (
        rc=0
        ogpu init --capacity-ms 20 >"i$i.out" 2>"i$i.err" || rc=$?
        echo $rc >"i$i.rc"
      ) &
    done
    wait
    [ "$(cat i?.rc | sort | uniq -c | tr -s ' ' | tr '\n' ';')" = " 1 0; $((n - 1)) 73;" ]
    [ "$(cat i?.out | jq -r .chain)" = "$(ogpu status | jq -r .chain)" ]
    ogpu-validate --audit >/dev/null
    rm -f i?.*
  done
}

# every_tool_says STATUS: what reads or writes the state ends with it.
every_tool_says() {
  local want=$1 c
  while read -r c; do
    # shellcheck disable=SC2086
    run --separate-stderr $c </dev/null
    if [ "$status" -ne "$want" ] || [ -n "$output" ] || [ "${#stderr_lines[@]}" -ne 1 ]; then
      echo "$c: $status, '$output', '$stderr'" >&2
      return 1
    fi
  done <<'END'
ogpu status
ogpu show 1
ogpu run -- true
ogpu-submit -- true
ogpu-match --once
ogpu-worker --once
ogpu-validate --once
ogpu-validate --audit
ogpu-stake
ogpu-stake --bond 1
ogpu-top --once
END
}

@test "before ogpu init every tool says so and exits 78" {
  every_tool_says 78
  [[ $stderr == *"run 'ogpu init' first"* ]]
  [ ! -e "$OGPU_HOME/ogpu.db" ]
}

@test "a state from a newer version is refused untouched: 78" {
  init_chain
  ogpu run --sandbox none -- true
  sqlite3 "$OGPU_HOME/ogpu.db" 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
  printf '\0\0\47\17' | dd of="$OGPU_HOME/ogpu.db" bs=1 seek=60 conv=notrunc status=none
  sha256sum "$OGPU_HOME/ogpu.db" >before
  every_tool_says 78
  [[ $stderr == *"newer than this program"* ]]
  run -78 ogpu init --capacity-ms 20
  sha256sum "$OGPU_HOME/ogpu.db" | cmp before -
}

@test "another program's database is refused untouched: 78" {
  mkdir -p "$OGPU_HOME"
  printf 'SQLite format 3, but not really' >"$OGPU_HOME/ogpu.db"
  sha256sum "$OGPU_HOME/ogpu.db" >before
  every_tool_says 78
  sha256sum "$OGPU_HOME/ogpu.db" | cmp before -
}

# The counts that a refused record must not change.
counts() {
  ogpu status | jq -c '[.txs, .open_txs, .height, .balances, .tasks, .leases]'
}

@test "hostile records on stdin: 65 with the line, nothing of the batch stored" {
  init_chain
  local before good='{"argv":["true"],"kind":"task","v":1}' n=0
  before=$(counts)
  while IFS= read -r line; do
    n=$((n + 1))
    printf '%s\n' "$good" "$line" "$good" >in
    run --separate-stderr ogpu-submit <in
    if [ "$status" -ne 65 ] || [[ $stderr != "ogpu-submit: stdin:2: "* ]]; then
      echo "$line: $status, $stderr" >&2
      return 1
    fi
    [ -z "$output" ]
    [ "$(counts)" = "$before" ]
  done <<'END'
{"argv":["true"],"kind":"task","v":1
{"argv":["true"],"kind":"task","v":1}}
["kind","task"]
{"kind":"task","v":1}
{"argv":[],"kind":"task","v":1}
{"argv":["true",1],"kind":"task","v":1}
{"argv":["true"],"kind":"task","v":1,"mem_bytes":-1}
{"argv":["true"],"kind":"task","v":1,"mem_bytes":1.5}
{"argv":["true"],"kind":"task","v":1,"mem_bytes":"8G"}
{"argv":["true"],"kind":"task","v":1,"mem_bytes":99999999999999999999}
{"argv":["true"],"kind":"task","v":1,"array":"9-1"}
{"argv":["true"],"kind":"task","v":1,"array":"0-99999999999"}
{"argv":["true"],"kind":"task","v":1,"after":["nobody"]}
{"argv":["true"],"kind":"task","v":1,"after":[999999]}
{"argv":["true"],"kind":"task","v":1,"out":["../x"]}
{"argv":["true"],"kind":"task","v":1,"out":["/etc/passwd"]}
{"argv":["true"],"kind":"task","v":1,"in":[{"path":"/nonexistent/x"}]}
{"argv":["true"],"kind":"task","v":1,"kernel":"gemm"}
{"argv":["true"],"argv":["false"],"kind":"task","v":1}
END
  [ "$n" -gt 15 ]
}

@test "truncated and binary input: 65, nothing stored, also by the filters" {
  init_chain
  local before tool
  before=$(counts)
  printf '{"argv":["true"],"kind":"task","v":1}\n{"argv":["tr' >part
  printf '{"argv":["\377\376"],"kind":"task","v":1}\n' >utf8
  printf '{"argv":["tr\0ue"],"kind":"task","v":1}\n' >nul
  head -c 100000 /dev/urandom >noise
  head -c 3000000 /dev/zero | tr '\0' 'x' >endless
  for f in part utf8 nul noise endless; do
    for tool in ogpu-submit ogpu-match ogpu-worker ogpu-validate; do
      run --separate-stderr "$tool" <$f
      if [ "$status" -ne 65 ] || [[ $stderr != *stdin:* ]]; then
        echo "$tool <$f: $status, $stderr" >&2
        return 1
      fi
      [ "$(counts)" = "$before" ]
    done
  done
  run -0 ogpu-validate --audit
}

@test "hostile transactions by --tx: each is refused, none stops the good ones" {
  init_chain
  local before
  before=$(counts | jq -c '.[3]')
  { echo '{}'; echo 'x'; echo '{"kind":"transfer"}'; } >in
  run --separate-stderr ogpu-submit --tx <in
  [ "$status" -eq 1 ]
  [ "$(jq -s -c 'map(.ok)' <<<"$output")" = '[false,false,false]' ]
  [ "$(counts | jq -c '.[3]')" = "$before" ]
  run -0 ogpu-validate --audit
}

@test "disk full while submitting: 74, nothing half written, then it works" {
  needs_fault
  init_chain
  local before
  for nth in 1 2 3 5 8; do
    before=$(counts)
    run --separate-stderr fault write ENOSPC "$nth" '*/state/*' ogpu-submit -- true
    if [ "$status" -ne 0 ]; then
      [ "$status" -eq 74 ] || { echo "$status: $stderr" >&2; return 1; }
      [ -z "$output" ]
      [[ $stderr == "ogpu-submit: "*[!\ ]* ]]
      [ "$(counts)" = "$before" ]
    fi
    run -0 ogpu-validate --audit
  done
  [ -s fault.log ]
  run -0 ogpu run --sandbox none -- echo works
  [ "$output" = works ]
}

@test "disk full or broken for every tool that writes: 74 or no harm, and the chain audits" {
  needs_fault
  init_chain
  local c call
  ogpu-submit --array 0-20 -- true >/dev/null
  for call in 'write ENOSPC' 'write EIO' 'fsync EIO'; do
    while read -r c; do
      for nth in 1 3 6; do
        # shellcheck disable=SC2086
        run --separate-stderr fault $call "$nth" '*/state/*' $c </dev/null
        case $status in
        0 | 74) ;;
        *)
          echo "$call $nth, $c: $status, $stderr" >&2
          return 1
          ;;
        esac
      done
    done <<'END'
ogpu-match --once
ogpu-worker --once --sandbox none
ogpu-validate --once
ogpu-stake --bond 1
ogpu-submit --array 0-3 --sandbox none -- true
END
  done
  run -0 ogpu-validate --audit
  finish
  run -0 ogpu-validate --audit
}

@test "a really full file system: 74, and all is there again when there is room" {
  needs jq pgrep
  mkdir full
  mount -t tmpfs -o size=96m tmpfs full 2>/dev/null || skip "no right to mount a small file system"
  export OGPU_HOME=$PWD/full/state
  ogpu init --mflops 100000 >/dev/null 2>&1
  ogpu run --sandbox none -- echo one
  ogpu status | jq -c '[.txs, .height, .balances]' >before
  head -c 110000000 /dev/zero >full/ballast 2>/dev/null || true
  run --separate-stderr ogpu-submit -- true
  [ "$status" -eq 74 ]
  [ -z "$output" ]
  rm full/ballast
  ogpu status | jq -c '[.txs, .height, .balances]' | cmp before -
  run -0 ogpu-validate --audit
  run -0 ogpu run --sandbox none -- echo two
  [ "$output" = two ]
}
