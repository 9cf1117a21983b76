#!/usr/bin/env bats
# hostile.bats - programs that attack the machine they run on, through the whole chain: ogpu run.
# What the sandbox does in detail is tested in tests/unit/exec/test_sandbox.c.

# shellcheck disable=SC2016,SC2154
load helpers

# One chain and one node for all tests of this file: each job must leave them as it found them.
home_of_file() {
  common_setup
  export HOME=$BATS_FILE_TMPDIR/home OGPU_HOME=$BATS_FILE_TMPDIR/state
  export XDG_STATE_HOME=$HOME/.local/state XDG_CONFIG_HOME=$HOME/.config
}

setup_file() {
  BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR home_of_file
  mkdir -p "$HOME"
  if ! command -v bwrap >/dev/null || ! bwrap --unshare-all --ro-bind / / true 2>/dev/null; then
    export NO_SANDBOX=1
    return 0
  fi
  ogpu init >/dev/null
}

setup() {
  home_of_file
  needs pgrep
  [ -z "${NO_SANDBOX:-}" ] || skip "bubblewrap cannot make a sandbox here"
}

# job TEXT [OPTION ...]: sh -c TEXT as a job of this node; one attempt.
job() {
  local text=$1
  shift
  ogpu run --retry 0 --mem 128MiB --limit 60s "$@" -- sh -c "$text"
}

# None of the processes with this word in their command line is left, soon.
gone() {
  wait_for "! pgrep -f -- '$1' >/dev/null"
}

@test "an honest job gets through: output, error and exit status" {
  run -7 --separate-stderr job 'echo out; echo err >&2; exit 7'
  [ "$output" = out ]
  [[ $stderr == *err* ]]
}

@test "the state, the keys and the submitter's folder are not there" {
  echo secret >"$BATS_TEST_TMPDIR/secret"
  chmod 644 "$BATS_TEST_TMPDIR/secret"
  run -0 --separate-stderr job "cat '$BATS_TEST_TMPDIR/secret' '$OGPU_HOME/ogpu.db' \
    '$XDG_CONFIG_HOME'/ogpu/keys/* '$HOME'/* /etc/shadow 2>/dev/null | wc -c; ls -A | wc -l"
  [ "$output" = $'0\n0' ]
}

@test "the environment is the job's own" {
  export MY_TOKEN=leak
  run -0 --separate-stderr job 'env | cut -d= -f1 | sort | tr "\n" " "' --env WORD=x
  [[ $output != *TOKEN* ]]
  [[ $output != *OGPU_HOME* ]]
  [[ " $output" == *" WORD "* ]]
  [[ " $output" == *" OGPU_INDEX "* ]]
}

@test "no network, no rights, no other processes" {
  run -0 --separate-stderr job 'grep -vc -e Inter -e face -e lo: /proc/net/dev
    grep -c "CapEff:.0000000000000000" /proc/self/status
    unshare -U true 2>/dev/null && echo namespaces
    mount -t tmpfs x /tmp 2>/dev/null && echo mounts
    touch /usr/x 2>/dev/null && echo writes
    [ "$(ls -d /proc/[0-9]* | wc -l)" -lt 10 ] && echo alone'
  [ "$output" = $'0\n1\nalone' ]
}

@test "a time-out ends the whole tree, and the tool says so" {
  run -125 --separate-stderr job 'trap "" TERM; setsid sleep 7771.5 & sleep 7771.5' --limit 1s
  [[ $stderr == *time* ]]
  gone 7771.5
}

@test "processes left in the background end with the job" {
  run -0 --separate-stderr job 'setsid sleep 7772.5 & echo done'
  [ "$output" = 'done' ]
  gone 7772.5
}

@test "too much memory ends the job, not the machine" {
  run -125 --separate-stderr job 'for i in 1 2 3 4; do tail /dev/zero & done; wait' --mem 64MiB
  [[ $stderr == *memory* ]]
}

@test "a fork bomb is held and cleared away" {
  run --separate-stderr job 'bomb7773() { bomb7773 & bomb7773 & }; bomb7773; sleep 60' --limit 2s
  [ "$status" -ne 0 ]
  gone bomb7773
}

@test "outputs that are no files of the job do not come back" {
  job 'ln -s /etc/passwd link; mkdir folder; mkfifo pipe; ln -s /etc up; printf fine >good' \
    --out link --out folder --out pipe --out up/passwd --out good || true
  [ "$(cat good)" = fine ]
  [ ! -e link ]
  [ ! -e folder ]
  [ ! -e pipe ]
  [ ! -e up ]
}

@test "inputs are read-only and the submitter's own files stay as they are" {
  mkdir data
  echo original >data/in.txt
  run -0 --separate-stderr job 'cat data/in.txt; echo bad 2>/dev/null >data/in.txt
    rm -f data/in.txt 2>/dev/null; cat data/in.txt' --in data/in.txt
  [ "$output" = $'original\noriginal' ]
  [ "$(cat data/in.txt)" = original ]
}

@test "after all of that the chain audits and an honest job still runs" {
  run -0 --separate-stderr job 'echo still here'
  [ "$output" = 'still here' ]
  run -0 ogpu-validate --audit
}
