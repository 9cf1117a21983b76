#!/usr/bin/env bats
# top.bats - ogpu-top: one pass, alerts, and the live view in a terminal driven by tmux.

load helpers

setup() {
  common_setup
  export OGPU_KEYS=$BATS_TEST_TMPDIR/keys
  socket=$BATS_TEST_TMPDIR/tmux
}

teardown() {
  tmux -S "$socket" kill-server 2>/dev/null || true
  common_teardown
}

# a chain of one node with two slots
chain() {
  ogpu init -q --slots 2 --mem 2GiB --mflops 100000 "$@" >init.json
}

submit() {
  ogpu-submit --sandbox none "$@"
}

# terminal WIDTH HEIGHT: a shell in a terminal of that size
terminal() {
  needs tmux
  tmux -S "$socket" -f /dev/null new-session -d -x "$1" -y "$2" 'bash --norc --noprofile'
  keys "PS1='> '; clear" Enter
}

keys() {
  tmux -S "$socket" send-keys "$@"
}

screen() {
  tmux -S "$socket" capture-pane -p
}

shows() {
  screen | grep -qF -- "$1"
}

# live OPTIONS ...: starts the live view in the terminal; its exit status is shown as "rc=N"
live() {
  keys "stty -a >before; ogpu-top -d 0.2 $*; echo rc=\$?; stty -a >after" Enter
  wait_for 'shows "2 JOBS"'
}

top_pid() {
  pgrep -P "$(tmux -S "$socket" display-message -p '#{pane_pid}')" -x ogpu-top
}

@test "help and version" {
  run -0 ogpu-top --help
  [[ $output == "usage: ogpu-top"* ]]
  run -0 ogpu-top --version
}

@test "without a terminal and without a pass it is a usage error" {
  chain
  run -64 ogpu-top
  [[ $output == *"needs a terminal"*"--once"* ]]
}

@test "wrong options are 64, no state is 78" {
  run -64 ogpu-top --once --json
  run -64 ogpu-top --delay 0.1
  run -64 ogpu-top operand
  run -78 ogpu-top --once
  [[ $output == *"ogpu init"* ]]
  run -78 ogpu-top --check
}

@test "--once is a plain table" {
  chain
  submit --name sweep --array 0-3 -- true >t
  run -0 --separate-stderr ogpu-top --once
  [[ $output == *"NODES 1 active, 2 slots"* ]]
  [[ $output == *sweep*open*0/4*"2 of 2 slots can take it"* ]]
  [[ $output == *validator*"node 1"*"100.00%"* ]]
  LC_ALL=C run ! grep -q $'\033' <<<"$output"
}

@test "--json is one object a line with kind and v" {
  chain
  submit --name one -- true >t
  ogpu-match --once >a
  ogpu-top --json >out
  jq -se 'all(.[]; .v == 1 and (.kind | type) == "string")' out
  jq -se '.[0].kind == "top" and .[0].tasks.open == 1 and .[0].leases.matched == 1' out
  jq -se 'map(select(.kind == "task")) | .[0].id == 1 and .[0].name == "one" and .[0].leases_live == 1' out
  jq -se 'map(select(.kind == "slot" and .lease == 1)) | length == 1' out
  jq -se 'map(select(.kind == "account") | .role) | any(contains("own"))' out
}

@test "--prom is Prometheus text" {
  chain
  run -0 --separate-stderr ogpu-top --prom
  [[ $output == *'ogpu_nodes{state="active"} 1'* ]]
  [[ $output == *'ogpu_node_reliability{node="1"} 0.500000'* ]]
  [[ $output == *'ogpu_alert{what="stuck"} 0'* ]]
  # every line is a comment or a sample
  run ! grep -vE '^(# (HELP|TYPE) ogpu_[a-z_]+ .+|ogpu_[a-z_]+(\{[^}]*\})? [0-9.]+)$' <<<"$output"
}

@test "--check: 0 when all is well" {
  chain
  run -0 --separate-stderr ogpu-top --check
  [ -z "$output" ]
}

@test "--check: stuck tasks and a chain nobody seals are 1" {
  chain
  submit --mem 100GiB -- true >t
  later=$(($(date +%s) + 120))
  run -1 --separate-stderr ogpu-top --check --now "$later"
  jq -se 'map(.what) == ["stuck", "unsealed"] and all(.[]; .kind == "alert" and .level == "bad")' \
    <<<"$output"
  run -1 --separate-stderr ogpu-top --check -H --now "$later"
  [[ ${lines[0]} == "stuck: 1 task no node can take: task 1: mem_bytes"* ]]
}

@test "--check: a lease past its deadline, then its failed task, are 1" {
  chain -p block_ms=1
  submit --retry 0 -- true >t
  ogpu-match --once >a
  for _ in $(seq 62); do # a deadline needs 60 blocks and a minute
    submit --mem 100GiB -- true >>t
  done
  later=$(($(date +%s) + 100))
  run -1 --separate-stderr ogpu-top --check --now "$later"
  jq -se 'map(.what) | contains(["late"])' <<<"$output"
  submit --now "$later" -- true >>t
  submit --now "$((later + 10))" -- true >>t
  run -1 --separate-stderr ogpu-top --check --now "$((later + 10))"
  jq -se 'map(.what) | contains(["failed"])' <<<"$output"
  jq -se 'map(select(.kind == "task" and .id == 1)) | .[0].state == "failed"' <(ogpu-top --json)
}

@test "a full disk behind stdout is 74" {
  chain
  for pass in --once --json --prom; do
    run -74 bash -c "ogpu-top $pass >/dev/full"
  done
}

@test "live: panes, focus, filter, detail, help, quit" {
  chain
  submit --name alpha -- true >t
  submit --name beta --mem 100GiB -- true >t
  terminal 100 30
  live
  wait_for 'shows alpha && shows beta && shows "1 NODES" && shows "3 CHAIN" && shows "4 EVENTS"'
  keys /
  wait_for 'shows "filter:"'
  keys bet Enter
  wait_for '! shows alpha && shows beta'
  keys Escape
  wait_for 'shows alpha'
  keys 3
  wait_for '! shows "3 CHAIN"'
  keys z
  wait_for '! shows "1 NODES"'
  keys z Enter
  wait_for 'shows "max_price"'
  keys Escape '?'
  wait_for 'shows "follow the output"'
  keys Escape q
  wait_for 'shows "rc=0"'
  cmp before after
}

@test "live: why and cancel go through the tools" {
  chain
  submit --name alpha --mem 100GiB -- true >t
  terminal 100 30
  live
  keys w
  wait_for 'shows "mem_bytes: needs"'
  keys Escape c
  wait_for 'shows "cancel task 1? y/n"'
  keys y
  wait_for 'shows "cancelled 1 job"'
  [ "$(ogpu show task:1 | jq -r .state)" = cancelled ]
  keys q
  wait_for 'shows "rc=0"'
}

@test "live: --readonly cancels nothing" {
  chain
  submit -- true >t
  terminal 100 30
  live --readonly
  keys c
  wait_for 'shows "nothing is changed from here"'
  keys q
  wait_for 'shows "rc=0"'
}

@test "live: new work appears by itself, arrays unfold" {
  chain
  terminal 120 30
  live
  wait_for 'shows "no task"'
  submit --name fresh --chunk 1 --array 0-7 -- true >t
  wait_for 'shows fresh && shows 0/8'
  ogpu-match --once >a
  wait_for 'shows 1+1'
  keys Enter
  wait_for 'shows "attempt 1, own"'
  keys q
  wait_for 'shows "rc=0"'
}

@test "live: resize down to one line and up again" {
  chain
  terminal 80 24
  live
  tmux -S "$socket" resize-window -x 20 -y 5
  one_line() {
    [ "$(screen | grep -c .)" -eq 1 ] && shows '#0 q0 r0'
  }
  wait_for one_line
  tmux -S "$socket" resize-window -x 1 -y 1
  sleep 0.5
  tmux -S "$socket" resize-window -x 200 -y 50
  wait_for 'shows "4 EVENTS" && shows memory'
  tmux -S "$socket" resize-window -x 80 -y 24
  wait_for 'shows "F1 help"'
  keys q
  wait_for 'shows "rc=0"'
}

@test "live: the terminal is clean after every signal" {
  chain
  terminal 80 24
  for want in TERM:0 INT:0 HUP:129 'SEGV:139|1'; do
    keys clear Enter
    live
    wait_for 'top_pid >pid'
    kill "-${want%:*}" "$(cat pid)"
    # a sanitizer ends the process itself after a SEGV, with 1
    wait_for "screen | grep -qE '^rc=(${want#*:})$'"
    wait_for '[ -s after ]'
    cmp before after
    rm after
  done
}

@test "live: stops and goes on" {
  chain
  terminal 80 24
  live
  keys C-z
  wait_for 'shows Stopped'
  keys fg Enter
  wait_for 'shows "1 NODES"'
  keys q
  wait_for '! shows "1 NODES"'
}

@test "live: dumb is refused, vt100 and plain ASCII work" {
  chain
  terminal 80 24
  keys 'TERM=dumb ogpu-top; echo rc=$?' Enter
  wait_for 'shows "cannot place text" && shows "rc=64"'
  keys 'clear; TERM=vt100 ogpu-top -C --ascii; echo rc=$?' Enter
  wait_for 'shows "1 NODES 1 active"'
  screen >plain
  LC_ALL=C run ! grep -q $'[\x80-\xff]' plain
  keys q
  wait_for 'shows "rc=0"'
}

# coloured: does the screen hold a foreground or background colour?
coloured() {
  tmux -S "$socket" capture-pane -ep | grep -qE $'\e\\[([0-9]+;)*[34][0-7](;[0-9]+)*m'
}

@test "live: NO_COLOR shows no colour, and nothing is told by colour alone" {
  chain
  submit --mem 1TiB -- /bin/true >/dev/null
  terminal 80 24
  live
  wait_for 'shows "open!" && coloured'
  keys q
  wait_for 'shows "rc=0"'
  keys 'clear; export NO_COLOR=1' Enter
  live
  wait_for 'shows "open!" && shows "sort: state"'
  run ! coloured
  keys q
}
