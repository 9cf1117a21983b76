# helpers.bash - loaded by every .bats file: a private home for each test, waiting, skipping.
# shellcheck shell=bash

bats_require_minimum_version 1.5.0

# A file with a setup() of its own calls this first.
common_setup() {
  local v
  for v in $(compgen -v | grep '^OGPU_'); do
    case $v in OGPU_SHARED | OGPU_ROOT | OGPU_COMETBFT) ;; *) unset "$v" ;; esac
  done
  export HOME=$BATS_TEST_TMPDIR/home
  export XDG_STATE_HOME=$HOME/.local/state XDG_CONFIG_HOME=$HOME/.config
  export XDG_CACHE_HOME=$HOME/.cache XDG_DATA_HOME=$HOME/.local/share
  export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run
  export OGPU_HOME=$BATS_TEST_TMPDIR/state
  export LC_ALL=C.UTF-8 TZ=UTC TERM=xterm-256color
  unset NO_COLOR COLUMNS LINES
  mkdir -p "$HOME" "$XDG_RUNTIME_DIR"
  cd "$BATS_TEST_TMPDIR" || return 1
}

# Files named net-* play their tests on a network.
case ${BATS_TEST_FILENAME:-} in
*/net-*) ENGINE=comet ;;
*) ENGINE=embedded ;;
esac

setup() {
  common_setup
}

# gate: a file that a job waits for with `sh -c "$WAIT; ..."`, until open_gate makes it.
gate() {
  GATE=$(mktemp -u /tmp/ogpu-gate-XXXXXX)
  # shellcheck disable=SC2034 # for the test
  WAIT="until [ -e $GATE ]; do sleep 0.05; done"
}

open_gate() {
  : >"$GATE"
}

# Ends what the test left running: every process it started in the background, every job at a gate.
common_teardown() {
  local pids
  net_down
  if [ -n "${GATE:-}" ]; then
    [ -e "$GATE" ] || { open_gate; sleep 0.3; }
    rm -f "$GATE"
    unset GATE
  fi
  pids=$(jobs -p)
  # shellcheck disable=SC2086
  [ -z "$pids" ] || kill $pids 2>/dev/null || true
  wait 2>/dev/null || true
}

teardown() {
  common_teardown
}

# wait_for CONDITION [SECONDS]: evaluates CONDITION until it holds; fails after SECONDS (120).
wait_for() {
  local end=$((SECONDS + ${2:-120}))
  until eval "$1"; do
    if ((SECONDS >= end)); then
      echo "still not so after ${2:-120} s: $1" >&2
      return 1
    fi
    sleep 0.05
  done
}

# needs TOOL ...: skips the test, with the reason, where a program is not installed.
needs() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || skip "$tool is not installed"
  done
}

# needs_shared PATH: skips where the test data from outside the tree is absent.
needs_shared() {
  [ -e "$OGPU_SHARED/$1" ] || skip "no test data $1 in OGPU_SHARED"
}

# needs_fault: skips where faultio.so cannot be loaded; first in a test that calls fault.
needs_fault() {
  [ -f "$BUILD/faultio.so" ] || skip "no $BUILD/faultio.so: it does not go with this build mode"
}

# fault CALL ERROR NTH PATTERN COMMAND ...: runs COMMAND while its NTH call of CALL on a matching
# path, and every later one, fails; see faultio.c.
fault() {
  local call=$1 error=$2 nth=$3 pattern=$4
  shift 4
  env LD_PRELOAD="$BUILD/faultio.so" FAULT_CALL="$call" FAULT_ERROR="$error" FAULT_NTH="$nth" \
    FAULT_PATH="$pattern" FAULT_LOG="$BATS_TEST_TMPDIR/fault.log" "$@"
}

# needs_comet: skips, with the reason, where CometBFT could not be had.
needs_comet() {
  local why
  [ -x "$OGPU_COMETBFT" ] && return
  why=$(cat "$(dirname "$OGPU_COMETBFT")/why-not" 2>/dev/null) || why="run 'make deps-net'"
  skip "no CometBFT: $why"
}

# lo_address: an address of the loopback network that nobody else is likely to use.
lo_address() {
  echo "127.$((RANDOM % 254 + 1)).$((RANDOM % 256)).$((RANDOM % 250 + 1))"
}

# net_up DIR [OPTION ...]: a network of four on this machine; its supervisor's id is in $NET.
net_up() {
  local dir=$1
  shift
  ogpu-node testnet 4 -d "$dir" --mflops 100000 "$@" >"$dir.json" 2>"$dir.err" </dev/null 3>&- &
  NET=$!
  wait_for "[ -s '$dir.json' ] || ! kill -0 $NET 2>/dev/null"
  [ -s "$dir.json" ] || { cat "$dir.err" >&2; return 1; }
}

net_down() {
  [ -z "${NET:-}" ] || kill "$NET" 2>/dev/null || true
  [ -z "${NET:-}" ] || wait "$NET" || true
  NET=
}

# net_same DIR: every node has the blocks of the shortest one. A header holds the app hash of the
# state before it and its parent's hash: one that is equal has equal ones before it.
net_same() {
  local i low want
  low=$(for i in "$1"/node?; do ogpu status -s "$i" | jq .height; done | sort -n | head -n 1)
  want=$(ogpu show -s "$1/node0" "block:$low" | jq -c .header)
  for i in "$1"/node?; do
    [ "$(ogpu show -s "$i" "block:$low" | jq -c .header)" = "$want" ] || {
      echo "$i differs at block $low" >&2
      return 1
    }
  done
}

# new_chain [OPTION ...]: `ogpu init` with these options in $OGPU_HOME; on $ENGINE comet a network of one
# member, which runs until the test ends.
new_chain() {
  local at
  if [ "${ENGINE:-embedded}" != comet ]; then
    ogpu init -q "$@" >init.json
    return
  fi
  needs_comet
  at=$(lo_address)
  ogpu-node init --p2p "$at:26656" --rpc "$at:26657" --block-ms 20 -- "$@" >init.json
  ogpu-node start >node.out 2>&1 </dev/null 3>&- &
  NET=$!
  wait_for 'ogpu-node status >/dev/null'
}
