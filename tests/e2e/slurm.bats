#!/usr/bin/env bats
# slurm.bats - a cluster behind Slurm as one node: a real munged, slurmctld and two slurmd on loopback.

load helpers
load slurm

setup_file() {
  export SLURM_DIR=$BATS_FILE_TMPDIR/slurm
  mkdir -p "$SLURM_DIR"
  slurm_up "$SLURM_DIR" >"$SLURM_DIR/why" 2>&1 || : >"$SLURM_DIR/failed"
}

teardown_file() {
  slurm_down "$SLURM_DIR"
}

setup() {
  [ ! -e "$SLURM_DIR/failed" ] || skip "$(tail -n 1 "$SLURM_DIR/why")"
  common_setup
  export SLURM_CONF=$SLURM_DIR/slurm.conf OGPU_KEYS=$BATS_TEST_TMPDIR/keys
  bwrap --unshare-all --ro-bind / / /bin/true 2>/dev/null || skip "no sandbox can be had here"
}

teardown() {
  [ -e "$SLURM_DIR/failed" ] || timeout 20 scancel -s KILL --full -u "$(id -un)" 2>/dev/null || true
  common_teardown
}

chain() {
  ogpu init -q --slots 2 --mem 2GiB --mflops 100000 >init.json
}

work() {
  timeout 300 ogpu-worker --backend slurm "$@"
}

# jobs of this test's chain that the cluster has or had: FORMAT
jobs_seen() {
  squeue -h -t all -n "ogpu-$(jq -r .chain init.json | cut -c 1-16)" -o "$1"
}

# lets it drain; it ends with 0
stop_worker() {
  kill "$(pgrep -P "$WORKER")"
  wait "$WORKER"
}

# reads task records, and matches them
matched() {
  cat >/dev/null
  ogpu-match --once -q >/dev/null
}

start_worker() {
  timeout 300 ogpu-worker -v --backend slurm --watch "$@" >worker.out 2>worker.err 3>&- &
  WORKER=$!
}

@test "a program with inputs and outputs: the same result as on this machine" {
  chain
  echo data >a.txt
  run_it() {
    ogpu-submit --in a.txt --out b.txt --env K=v -- \
      sh -c 'cat a.txt - >b.txt </dev/null; echo "$K $OGPU_INDEX"; echo no >&2; exit 3' | ogpu-match
  }
  run_it | work >out.jsonl
  run_it | ogpu-worker >local.jsonl
  [ "$(jq -s 'map(select(.kind == "result")) | length' out.jsonl)" -eq 1 ]
  [ "$(jq -r 'select(.kind == "result") | .root, .exit' out.jsonl)" = \
    "$(jq -r 'select(.kind == "result") | .root, .exit' local.jsonl)" ]
  ogpu-submit --fetch 1 --dir got
  [ "$(cat got/b.txt)" = data ]
  [ "$(ogpu-submit --fetch 1 --stdout)" = "v 0" ]
  [ "$(jobs_seen %T)" = COMPLETED ]
  [ -z "$(ls "$OGPU_HOME/slurm")" ]
}

@test "an array over both slots, elements in chunks; a kernel" {
  chain
  ogpu-submit --array 1-5 --chunk 2 -- sh -c 'echo $((OGPU_INDEX * OGPU_INDEX))' | ogpu-match |
    work >/dev/null
  [ "$(ogpu-submit --fetch 1 --stdout | paste -sd' ')" = "1 4 9 16 25" ]
  [ "$(jobs_seen %i | wc -l)" -eq 3 ]
  head -c 1024 /dev/zero >z
  ogpu-submit --kernel gemm --arg type=i32 --arg m=16 --arg n=16 --arg k=16 --in z --in z |
    ogpu-match | work >/dev/null || true
  cp z y
  ogpu-submit --kernel gemm --arg type=i32 --arg m=16 --arg n=16 --arg k=16 --in z --in y |
    ogpu-match | work >out.jsonl
  [ "$(jq -r 'select(.kind == "result") | .exit' out.jsonl)" = 0 ]
}

@test "needs choose the partition and what is asked of it" {
  chain
  ogpu-stake -q --update --backend slurm --partition gpu --vram 1GiB --capacity-ms 50 >/dev/null
  gate
  ogpu-submit --gpu 1 --cores 2 --mem 100MiB --sandbox none -- sh -c "$WAIT" | matched
  start_worker --classes program,gpu --partition none --partition gpu --partition small
  wait_for '[ "$(jobs_seen %T)" = RUNNING ]'
  jobs_seen '%P %C %m %b' >asked
  [ "$(cat asked)" = "gpu 2 196M gres:gpu:1" ] || { cat asked >&2; false; }
  open_gate
  wait_for '[ "$(ogpu status | jq .tasks.paid)" = 1 ]'
  stop_worker
  # what no partition has is said, and given back
  ogpu-stake -q --update --backend slurm --slots 1 --capacity-ms 50 >/dev/null
  ogpu-submit --cores 12 -- true | matched
  run -0 --separate-stderr timeout 60 ogpu-worker --backend slurm --once
  [[ $stderr == *"no partition has 1 nodes with 12 cores"* ]]
}

@test "a killed worker's job is found again: never submitted twice" {
  chain
  gate
  ogpu-submit --sandbox none -- sh -c "echo once; $WAIT" | matched
  start_worker
  wait_for '[ "$(ogpu status | jq .leases.running)" = 1 ]'
  kill -9 "$(pgrep -P "$WORKER")"
  wait "$WORKER" || true
  # with the number of the job on the disk, then without: the queue is asked for its comment
  start_worker
  wait_for 'grep -q "submitted before" worker.err'
  kill -9 "$(pgrep -P "$WORKER")"
  wait "$WORKER" || true
  [ -s "$OGPU_HOME/slurm/1/id" ]
  rm "$OGPU_HOME/slurm/1/id"
  start_worker
  wait_for 'grep -q "found by its comment" worker.err'
  open_gate
  wait_for '[ "$(ogpu status | jq .tasks.paid)" = 1 ]'
  stop_worker
  [ "$(jobs_seen %i | wc -l)" -eq 1 ]
  [ "$(ogpu-submit --fetch 1 --stdout)" = once ]
}

@test "a result that came while no worker ran is committed, nothing runs again" {
  chain
  gate
  ogpu-submit --sandbox none -- sh -c "$WAIT" | matched
  start_worker
  wait_for '[ "$(ogpu status | jq .leases.running)" = 1 ]'
  kill -9 "$(pgrep -P "$WORKER")"
  wait "$WORKER" || true
  open_gate
  wait_for '[ -s "$OGPU_HOME/slurm/1/status" ]'
  work --once >/dev/null
  [ "$(ogpu status | jq .tasks.paid)" = 1 ]
  [ "$(jobs_seen %i | wc -l)" -eq 1 ]
}

@test "a cancelled task ends its job; limits hold; the worker goes on" {
  chain
  gate
  ogpu-submit --sandbox none -- sh -c "$WAIT" | matched
  start_worker
  wait_for '[ "$(ogpu status | jq .leases.running)" = 1 ]'
  ogpu-submit -q --cancel 1
  wait_for '[ "$(jobs_seen %T)" = CANCELLED ]'
  ogpu-submit --limit 300ms -- sleep 100 | matched
  wait_for '[ "$(ogpu status | jq .tasks.failed)" = 1 ]'
  ogpu-submit -- true | matched
  wait_for '[ "$(ogpu status | jq .tasks.paid)" = 1 ]'
  stop_worker
}

@test "a job that still waits in the queue goes with its task" {
  chain
  local other
  other=$(sbatch --parsable -p small -N 2 --exclusive -o /dev/null --wrap 'sleep 300')
  wait_for '[ "$(squeue -h -j "$other" -o %T)" = RUNNING ]'
  ogpu-submit -- true | matched
  start_worker
  wait_for '[ "$(jobs_seen %T)" = PENDING ]'
  [ "$(ogpu status | jq .leases.matched)" = 1 ]
  ogpu-submit -q --cancel 1
  wait_for '[ "$(jobs_seen %T)" = CANCELLED ]'
  stop_worker
  scancel "$other"
}

@test "the sum of what the nodes were measured to do is what the node offers" {
  chain
  ogpu-stake --update --backend slurm --capacity-ms 50 >/dev/null
  [ "$(ogpu-stake | jq -r '.measured_mflops_per_s | tonumber > 0')" = true ]
  ogpu show node:1 >node
  [ "$(jq -c '[.slots[] | [.cores, .mem_bytes, .gpu_ppm]]' node)" = \
    '[[4,3670016000,0],[8,7340032000,1000000]]' ]
  [ "$(jq '[.slots[].share_ppm] | add | . > 999990 and . <= 1000000' node)" = true ]
  [ "$(squeue -h -t all -n ogpu-bench -o %N | sort -u | paste -sd' ')" = "n1 n2" ]
  run -64 --separate-stderr ogpu-stake --update --partition small
  [[ $stderr == *"--partition, --cluster-dir and --vram go with --backend slurm" ]]
  run -1 --separate-stderr ogpu-stake --update --backend slurm --partition none
  [[ $stderr == *"no node of the cluster takes jobs" ]]
}

@test "a program on two nodes at once: a rank on each, the worst exit status" {
  chain
  ogpu-stake -q --update --backend slurm --slots 1 --capacity-ms 50 >/dev/null
  ogpu-submit --nodes 2 --array 0-1 --chunk 2 --out o -- \
    sh -c 'echo "$OGPU_INDEX: rank $OGPU_RANK of $OGPU_RANKS, node $SLURM_NODEID" >o; cat o; exit $OGPU_RANK' |
    ogpu-match | work >out.jsonl
  [ "$(ogpu-submit --fetch 1 --stdout | sed -n 1p)" = "0: rank 0 of 2, node 0" ]
  [ "$(ogpu-submit --fetch 1 --stdout | sed -n 2p)" = "1: rank 0 of 2, node 0" ]
  [ "$(jq -r 'select(.kind == "result") | .exit' out.jsonl)" = 1 ]
  [ "$(jobs_seen '%D %N')" = "2 n[1-2]" ]
  run -65 --separate-stderr ogpu-submit <<<'{"kind":"task","v":1,"argv":["a"],"nodes":2,"verify":"vote"}'
  [[ $stderr == *"'verify' must be own, accept, cmd or auto beside 'nodes'" ]]
  # a node that is one machine gives it back
  ogpu-submit --nodes 2 --name alone -- true | matched
  run -0 --separate-stderr timeout 60 ogpu-worker --once
  [[ $stderr == *"its program runs on several nodes, not on one"* ]]
}
