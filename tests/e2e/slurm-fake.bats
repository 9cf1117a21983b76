#!/usr/bin/env bats
# slurm-fake.bats - ogpu-worker --backend slurm against commands that lose jobs, talk nonsense or hang.

load helpers

setup() {
  common_setup
  export OGPU_KEYS=$BATS_TEST_TMPDIR/keys FAKE=$BATS_TEST_TMPDIR/fake OGPU_SLURM_PATIENCE=1500
  mkdir -p "$FAKE/bin"
  PATH=$FAKE/bin:$PATH
  fake sbatch <<'SH'
for a; do case $a in --comment=*) mark=${a#*=} ;; --output=*) out=${a#*=} ;; esac; script=$a; done
id=$(($(cat "$FAKE/count" 2>/dev/null || echo 0) + 1))
echo "$id" >"$FAKE/count"
echo "$*" >>"$FAKE/submitted"
case $(sed -n "${id}p" "$FAKE/plan" 2>/dev/null) in
lose) echo "$id"; exit ;;
fail)
  echo "$id|FAILED|NonZeroExitCode|$mark" >>"$FAKE/queue"
  echo "no such program" >"${out%out}err"
  echo "$id"
  exit
  ;;
time) echo x >"${out%out}owner"; echo "$id|TIMEOUT|TimeLimit|$mark" >>"$FAKE/queue"; echo "$id"; exit ;;
cancel) echo "$id|CANCELLED|None|$mark" >>"$FAKE/queue"; echo "$id"; exit ;;
refuse) echo "sbatch: error: Batch job submission failed: Invalid account" >&2; exit 1 ;;
esac
echo "$id|RUNNING|None|$mark" >>"$FAKE/queue"
SLURM_JOB_ID=$id setsid sh "$script" >"$out" 2>&1 </dev/null 3>&- &
case $(sed -n "${id}p" "$FAKE/plan" 2>/dev/null) in
hang) exec sleep 60 ;;
garbage) echo "Submitted batch job $id"; exit ;;
esac
echo "$id"
SH
  fake squeue <<'SH'
echo x >>"$FAKE/asked"
case $(cat "$FAKE/squeue" 2>/dev/null) in
garbage) echo 'slurm_load_jobs: |||'; exit ;;
error) echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1 ;;
flood) exec cat /dev/zero ;;
esac
cat "$FAKE/queue" 2>/dev/null
exit 0
SH
  fake scancel <<'SH'
echo "$*" >>"$FAKE/cancelled"
for id; do sed -i "s/^$id|[A-Z]*/$id|CANCELLED/" "$FAKE/queue"; done
SH
  fake sinfo <<'SH'
echo 'small*|up|2|idle|4|4000|(null)|1:00:00|n[1-2]'
SH
  ogpu init -q --slots 2 --mem 2GiB --mflops 100000 >init.json
}

# fake NAME: a command of this name, its text on stdin
fake() {
  { echo '#!/bin/sh'; cat; } >"$FAKE/bin/$1"
  chmod +x "$FAKE/bin/$1"
}

# one lease of a task: ARGS of ogpu-submit
lease() {
  ogpu-submit "$@" >task.json
  ogpu-match --once -q >/dev/null
}

# shellcheck disable=SC2120
work() {
  timeout 60 ogpu-worker --backend slurm --once "$@"
}

paid() {
  [ "$(ogpu status | jq .tasks.paid)" = 1 ]
}

@test "what is asked of sbatch" {
  lease --sandbox none --cores 1 --mem 100MiB --limit 90s -- true
  work >/dev/null
  paid
  read -r line <"$FAKE/submitted"
  name=ogpu-$(jq -r .chain init.json | cut -c 1-16)
  dir=$OGPU_HOME/slurm/1
  [ "$line" = "--parsable --export=NIL --no-requeue --open-mode=truncate --job-name=$name --comment=$name:1:1 \
--chdir=$dir --output=$dir/out --error=$dir/err --nodes=1 --ntasks=1 --ntasks-per-node=1 --cpus-per-task=1 \
--mem=196M --time=3 --signal=B:TERM@30 --partition=small $dir/script" ]
}

@test "a job that the cluster loses is submitted again, once" {
  echo lose >"$FAKE/plan"
  lease --sandbox none -- sh -c 'echo done'
  run -0 --separate-stderr work
  [[ $stderr == *"the cluster knows nothing of job 1 any more; it is submitted again"* ]]
  paid
  [ "$(cat "$FAKE/count")" = 2 ]
  grep -q -- '--comment=ogpu-[0-9a-f]*:1:2 ' "$FAKE/submitted"
}

@test "lost twice, refused, failed, cancelled: given back with the reason" {
  printf 'lose\nlose\nfail\ncancel\nrefuse\n' >"$FAKE/plan"
  lease --sandbox none -- true
  run -0 --separate-stderr work
  [[ $stderr == *"lease 1 is given back: the cluster lost it 2 times"* ]]
  ogpu-match --once -q >/dev/null
  run -0 --separate-stderr work
  [[ $stderr == *"job 3 ended without a result (NonZeroExitCode): no such program"* ]]
  ogpu-match --once -q >/dev/null
  run -0 --separate-stderr work
  [[ $stderr == *"job 4 ended without a result (None)"* ]]
  ogpu-match --once -q >/dev/null
  run -0 --separate-stderr work
  [[ $stderr == *"sbatch ended with 1 and said: sbatch: error: Batch job submission failed: Invalid account"* ]]
  [ "$(cat "$FAKE/count")" = 5 ]
}

@test "sbatch that hangs or talks nonsense: the queue tells, nothing is submitted twice" {
  echo hang >"$FAKE/plan"
  lease --sandbox none -- true
  run -0 --separate-stderr work -v
  [[ $stderr == *"'sbatch' gave no answer in 1500 ms"*"lease 1 is job 1, found by its comment"* ]]
  paid
  [ "$(cat "$FAKE/count")" = 1 ]
  printf 'x\ngarbage\n' >"$FAKE/plan"
  lease --sandbox none -- true
  run -0 --separate-stderr work
  [[ $stderr == *"sbatch answers with what is not understood: 'Submitted batch job 2'"* ]]
  [ "$(cat "$FAKE/count")" = 2 ]
}

@test "squeue that fails, floods or talks nonsense loses no job" {
  gate
  for how in garbage error flood; do
    echo "$how" >"$FAKE/squeue"
    rm -f "$FAKE/asked"
    lease --sandbox none --name "$how" -- sh -c "$WAIT"
    work >/dev/null 2>"err.$how" &
    wait_for '[ "$(wc -l <"$FAKE/asked")" -ge 2 ]'
    open_gate
    wait $!
    rm "$GATE"
  done
  grep -q "squeue answers with what is not understood: 'slurm_load_jobs: |||'" err.garbage
  grep -q 'squeue ended with 1 and said: slurm_load_jobs error' err.error
  grep -q "'squeue' said more than 16777216 bytes" err.flood
  [ "$(ogpu status | jq .tasks.paid)" = 3 ]
  [ "$(cat "$FAKE/count")" = 3 ]
}

@test "Slurm's time limit is the job's fault" {
  echo time >"$FAKE/plan"
  lease --sandbox none --retry 0 -- true
  ogpu-match --once -q >/dev/null
  run -0 --separate-stderr work -v
  [ "$(ogpu status | jq .tasks.failed)" = 1 ] || { echo "$stderr"; ogpu status; false; }
}

@test "one folder is run by one job; a folder of an ended lease is cleared away" {
  gate
  lease --sandbox none -- sh -c "echo one; $WAIT"
  work >/dev/null &
  wait_for '[ -s "$OGPU_HOME/slurm/1/live.out" ]'
  SLURM_JOB_ID=99 ogpu-worker --exec "$OGPU_HOME/slurm/1"
  open_gate
  wait $!
  [ "$(ogpu-submit --fetch 1 --stdout)" = one ]
  mkdir -p "$OGPU_HOME/slurm/1"
  echo 7 >"$OGPU_HOME/slurm/1/id"
  work
  [ ! -e "$OGPU_HOME/slurm/1" ]
  grep -qx 7 "$FAKE/cancelled"
}

@test "no Slurm is 69, a bad folder 66, options without it 64" {
  rm "$FAKE/bin/sinfo"
  if ! PATH=$FAKE/bin:/bin command -v sinfo; then
    run -69 --separate-stderr env PATH="$FAKE/bin" "$(command -v ogpu-worker)" --backend slurm --once
    [[ $stderr == "ogpu-worker: cannot execute 'sinfo': No such file or directory" ]]
  fi
  run -66 ogpu-worker --exec "$BATS_TEST_TMPDIR/none"
  run -64 --separate-stderr ogpu-worker --partition x --once
  [[ $stderr == *"--partition and --cluster-dir go with --backend slurm" ]]
  mkdir bad
  echo '{"kind":"job"}' >bad/job
  run -65 --separate-stderr ogpu-worker --exec bad
  [[ $stderr == *"bad/job': 'cores' is missing" ]]
}
