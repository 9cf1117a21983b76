# helpers.bash - loaded by every .bats file: a private home for each test, waiting, skipping.
# shellcheck shell=bash

bats_require_minimum_version 1.5.0

# A file with a setup() of its own calls this first.
common_setup() {
  local v
  for v in $(compgen -v | grep '^OGPU_'); do
    case $v in OGPU_SHARED | OGPU_ROOT) ;; *) unset "$v" ;; esac
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
