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
  ogpu init -q --slots 1 --mflops 100000 >/dev/null
  mkdir -p "$XDG_CONFIG_HOME/ogpu"
  printf 'scratch = 24MiB\noutput = 4MiB\n' >"$XDG_CONFIG_HOME/ogpu/worker.conf"
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

@test "an endless program is ended, busy or asleep, and the chain says why" {
  run -125 --separate-stderr job 'while :; do :; done' --limit 1s
  [[ $stderr == *": time"* ]]
  run -125 --separate-stderr job 'kill -STOP $$' --limit 1s
  [[ $stderr == *": time"* ]]
}

@test "a flood of output is cut, on both streams, and named" {
  run -125 --separate-stderr job 'yes'
  [[ $stderr == *": output"* ]]
  run -125 --separate-stderr job 'yes >&2' </dev/null
  [[ $stderr == *": output"* ]]
}

@test "a flood on the disk is cut at the folder's quota, and named" {
  run -125 --separate-stderr job 'i=0; while head -c 4000000 /dev/zero >$i; do i=$((i + 1)); done; sleep 60'
  [[ $stderr == *": output"* ]]
  run -125 --separate-stderr job 'exec head -c 100000000 /dev/zero >one'
  [[ $stderr == *": output"* ]]
}

@test "a file without a name counts, and so do the folders in memory" {
  run -125 --separate-stderr job 'perl -e "for (1 .. 20) { open \$f[\$_], q(>), q(x) or die; unlink q(x);
    syswrite \$f[\$_], chr(0) x 4000000 } sleep 60"'
  [[ $stderr == *": output"* ]]
  run -125 --separate-stderr job 'cat /dev/zero >/tmp/x; cat /dev/zero >/dev/shm/x; sleep 60' --mem 32MiB
  [[ $stderr == *": memory"* ]]
}

@test "ten thousand files, and more than are allowed" {
  run -0 --separate-stderr job 'perl -e "for (1 .. 10000) { open F, q(>), qq(f\$_) or die; } print 10000"'
  [ "$output" = 10000 ]
  run -125 --separate-stderr job 'perl -e "for (1 .. 150000) { open F, q(>), qq(f\$_) or die; } sleep 60"'
  [[ $stderr == *": output"* ]]
  run -0 --separate-stderr job 'ls -A | wc -l'
  [ "$output" = 0 ]
}

@test "folders nested a thousand deep are cleared away" {
  job 'perl -e "for (1 .. 1000) { mkdir q(d), 0700 or last; chdir q(d) } chmod 0, q(.)"' || true
  run -0 --separate-stderr job 'ls -A | wc -l'
  [ "$output" = 0 ]
}

@test "the processes of the machine cannot be seen, signalled or traced" {
  sleep 7775.5 &
  local victim=$!
  run -0 --separate-stderr job "grep -l 7775 /proc/[0-9]*/cmdline; kill -9 $victim 2>/dev/null && echo killed
    kill -9 -1 2>/dev/null; kill -9 1 2>/dev/null; echo still"
  [[ $output != *killed* ]]
  kill -0 "$victim"
  # ptrace, reading another process's memory, new namespaces in two ways, keys of the kernel
  run -0 --separate-stderr job "perl -e 'for (101, 310, 272, 250, 165, 321) {
      print syscall(\$_, 0, 0, 0, 0, 0) == -1 ? 1 : 0 }
    print syscall(56, 0x10000000, 0, 0, 0, 0) == -1 ? 1 : 0'"
  [ "$output" = 1111111 ]
  kill "$victim"
}

@test "no socket to anywhere but itself" {
  run -0 --separate-stderr job "perl -MSocket -e 'print socket(my \$s, PF_INET, SOCK_STREAM, 0) ? 1 : 0,
    socket(my \$t, PF_INET6, SOCK_DGRAM, 0) ? 1 : 0, socket(my \$u, 16, SOCK_RAW, 0) ? 1 : 0,
    socketpair(my \$a, my \$b, AF_UNIX, SOCK_STREAM, 0) ? 1 : 0'"
  [ "$output" = 0001 ]
}

@test "devices are the harmless ones, and none can be made" {
  run -0 --separate-stderr job 'ls /dev | tr "\n" " "; mknod zero c 1 5 2>/dev/null && echo made
    echo x 2>/dev/null >/dev/sda; [ -e /sys ] || echo nosys'
  [[ $output != *made* ]]
  [[ $output == *nosys ]]
  [[ $output != *kmsg* && $output != *loop* && $output != *nvidia* && $output != *sda* ]]
}

@test "the job's environment stands in no command line of the machine" {
  gate
  ogpu run --retry 0 --env "TOKEN=secret7776" --mem 128MiB -- sh -c 'echo running; sleep 7776.5' >started &
  local tool=$!
  wait_for '[ -s started ]'
  run pgrep -fa "secret7776"
  kill -INT "$tool"
  wait "$tool" || true
  # the tool's own command line has it, bubblewrap's has not
  [[ $output != *bwrap* ]]
  gone 7776.5
}

@test "a small input that unpacks to much fills the job's quota only" {
  head -c 40000000 /dev/zero | gzip -9 >bomb.gz
  [ "$(stat -c %s bomb.gz)" -lt 100000 ]
  run -125 --separate-stderr job 'exec gunzip -c bomb.gz >big' --in bomb.gz
  [[ $stderr == *": output"* ]]
}

@test "a hostile image leaves nothing outside, and says what is wrong" {
  entry() { # NAME TYPE LINK
    perl -e 'my ($n, $t, $l) = @ARGV; my $h = pack("a100a8a8a8a12a12a8a1a100a6a2a247",
        $n, "0000755", "0", "0", "00000000000", "0", " " x 8, $t, $l, "ustar", "00", "");
      substr($h, 148, 8) = sprintf("%06o\0 ", unpack("%32C*", $h)); print $h' -- "$@"
  }
  entry ../../escape 0 "" >up.tar
  { entry way 2 "$BATS_TEST_TMPDIR"; entry way/escape 0 ""; } >link.tar
  { entry hard 1 /etc/passwd; } >hard.tar
  { entry bin 5 ""; entry null 3 ""; } >device.tar
  head -c 3000 /dev/urandom >noise.tar
  for image in up link hard; do
    run -126 --separate-stderr job true --root $image.tar
    [[ $stderr == *"the image of 'root'"* ]]
  done
  run -127 --separate-stderr job true --root device.tar
  run -64 ogpu-submit --root noise.tar -- true
  [[ $output == *"not a tar archive"* ]]
  [ ! -e escape ]
  [ ! -e ../escape ]
}

@test "without a sandbox a job that forks away is found and ended all the same" {
  run -0 --separate-stderr ogpu run --retry 0 --sandbox none -- \
    sh -c '(setsid setsid sh -c "sleep 7777.5 & setsid sleep 7777.5 &" &) ; sleep 0.2; echo over'
  [ "$output" = over ]
  run ! pgrep -f 'sleep 7777.5'
  run -125 --separate-stderr ogpu run --retry 0 --sandbox none --limit 1s -- \
    sh -c '(setsid sh -c "trap \"\" TERM HUP; sleep 7778.5" &); sleep 7778.5'
  [[ $stderr == *": time"* ]]
  run ! pgrep -f 'sleep 7778.5'
}

@test "outputs that are no files of the job do not come back" {
  job 'ln -s /etc/passwd link; mkdir folder; mkfifo pipe; ln -s /etc up; printf fine >good
    ln good hard; head -c 10 /dev/zero >sparse; truncate -s 20G sparse 2>/dev/null; rm -f sparse' \
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
