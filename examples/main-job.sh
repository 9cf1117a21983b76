#!/usr/bin/env bash
# main-job.sh - plays the main job: a pool of four owners on this machine, real work, checks, pay.
# BIN: folder of the tools (build/release/bin); DIR: folder whose files the jobs look at (.).
# shellcheck disable=SC2016 # the shells of jobs expand what stands in single quotes
set -euo pipefail
bin=$(cd "${BIN:-build/release/bin}" && pwd)
dir=$(cd "${DIR:-.}" && pwd)
home=$(mktemp -d "${TMPDIR:-/tmp}/ogpu-main-job.XXXXXX")
export PATH="$bin:$PATH" OGPU_HOME="$home/state" OGPU_KEYS="$home/keys" LC_ALL=C
watchers=()

finish() {
  local status=$?
  trap - EXIT
  [ ${#watchers[@]} -eq 0 ] || kill "${watchers[@]}" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$home"
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say() { printf '\n== %s\n' "$*"; }
fail() {
  printf 'main-job: %s\n' "$*" >&2
  tail -n 20 "$home"/*.log >&2 || true
  exit 1
}
watch() { # NAME TOOL ARG ...: runs a tool in the background, its messages in NAME.log
  local name=$1
  shift
  "$@" </dev/null >/dev/null 2>"$home/$name.log" &
  watchers+=($!)
}
# Number of the first task among the records on stdin.
task_id() { sed -n 's/.*"id":\([0-9]*\),"kind":"task".*/\1/p' | head -n 1; }

say "a pool of four owners; alice has work to be done"
ogpu init -q -H --key alice --member ada,threads=1,slots=1 --member lin,threads=1,slots=1,share=50% \
  --member bo,threads=2,slots=2,share=75% --member kim,threads=1,slots=1,share=25%
watch match ogpu-match --watch
watch validate ogpu-validate --watch
for name in ada lin bo kim; do
  watch "worker-$name" ogpu-worker --watch --key "$name"
done

say "an array over the files of $dir: their lines, bytes and hashes"
mkdir -p "$home/jobs/files"
cd "$dir"
n=0
while IFS= read -r -d '' file && [ "$n" -lt 32 ]; do
  cp -- "$file" "$home/jobs/files/$n" 2>/dev/null || continue
  printf '%s\n' "${file#./}" | tr -d '\000-\037' >>"$home/jobs/names"
  echo >>"$home/jobs/names"
  n=$((n + 1))
done < <(find . \( -name .git -o -name build \) -prune -o -type f -size -256k -print0 2>/dev/null)
[ "$n" -gt 0 ] || fail "there is no file in '$dir'"
cd "$home/jobs"
cat >row.sh <<'SH'
f=files/$OGPU_INDEX
name=$(sed -n "$((OGPU_INDEX + 1))p" names)
sum=$(sha256sum <"$f" | cut -c1-16)
printf '%s %8d %8d %s\n' "$sum" "$(wc -l <"$f")" "$(wc -c <"$f")" "$name" >row
SH
inputs=(--in row.sh --in names)
for ((i = 0; i < n; i++)); do inputs+=(--in "files/$i"); done
files_task=$(ogpu-submit --key alice --name files --array "0-$((n - 1))" --chunk 4 --verify exact \
  --samples 1 "${inputs[@]}" --out row -- sh row.sh | task_id)

say "a batch with dependencies, in one pipe"
{
  printf '{"kind":"task","v":1,"name":"squares","argv":["sh","-c","%s"],"array":"0-7","chunk":2,%s}\n' \
    'echo $((OGPU_INDEX * OGPU_INDEX)) >square' '"out":["square"],"verify":"exact"'
  printf '{"kind":"task","v":1,"name":"primes","argv":["sh","-c","%s"],%s}\n' \
    "seq 2 3000 | factor | awk 'NF == 2 {n++} END {print n}' >primes" \
    '"out":["primes"],"verify":"exact","after":["squares:ok"]'
} >dag.jsonl
dag_task=$(ogpu-submit --key alice <dag.jsonl | task_id)

say "matrix products with the built-in kernel: i32 by exact recomputation, f32 by a vote"
# A: small numbers by a fixed rule; B: twice the identity, so that the product can be seen at once
perl -e '$m = 192; print pack("l<*", map { ($_ * 7919) % 201 - 100 } 0 .. $m * $m - 1)' >A.bin
perl -e '$m = 192; print pack("l<*", map { int($_ / $m) == $_ % $m ? 2 : 0 } 0 .. $m * $m - 1)' >B.bin
perl -e '$m = 192; print pack("q<*", map { 2 * (($_ * 7919) % 201 - 100) } 0 .. $m * $m - 1)' >C.want
perl -e '$m = 256; print pack("f<*", map { (($_ * 7919) % 201 - 100) / 64 } 0 .. $m * $m - 1)' >F.bin
cp F.bin G.bin
i32_task=$(ogpu-submit --key alice --name gemm-i32 --kernel gemm --in A.bin --in B.bin --arg m=192 \
  --arg n=192 --arg k=192 --arg type=i32 --out C.bin --verify exact | task_id)
f32_task=$(ogpu-submit --key alice --name gemm-f32 --kernel gemm --in F.bin --in G.bin --arg m=256 \
  --arg n=256 --arg k=256 --arg type=f32 --out F2.bin --verify vote | task_id)

# wait_for TASK ...: until they have ended, with progress; fails unless all were paid
wait_for() {
  local task state last='' line end=$((SECONDS + 60))
  for task; do
    while :; do
      state=$(ogpu show "$task" | sed -n 's/.*"spec":"[^"]*","state":"\([a-z]*\)".*/\1/p')
      line=$(ogpu status -H | sed -n '/^tasks/p; /^leases/p' | tr -s ' \n' ' ')
      [ "$line" = "$last" ] || printf '   %s\n' "$line"
      last=$line
      case $state in
      paid) break ;;
      open | waiting) [ "$SECONDS" -lt "$end" ] || fail "task $task is still $state" ;;
      *) fail "task $task ended as '$state'" ;;
      esac
      sleep 0.2
    done
  done
}
say "four workers at it"
wait_for "$files_task" "$dag_task" $((dag_task + 1)) "$i32_task" "$f32_task"

say "the last task joins the others' outputs"
fetch() { ogpu-submit -q --fetch "$1" --dir "$2" >/dev/null || fail "no outputs of task $1"; }
fetch "$files_task" rows
fetch "$dag_task" squares
fetch $((dag_task + 1)) primes
fetch "$i32_task" .
cmp C.bin C.want || fail "the product is wrong"
inputs=(--in primes/primes)
for ((i = 0; i < n; i++)); do inputs+=(--in "rows/$i/row"); done
for i in 0 1 2 3 4 5 6 7; do inputs+=(--in "squares/$i/square"); done
join_task=$(ogpu-submit --key alice --name join "${inputs[@]}" --after "$files_task:ok" \
  --after "$dag_task:ok" --after "$((dag_task + 1)):ok" --out report --verify cmd \
  --check 'grep -q "^primes below 3000: 430$" report' -- sh -c '
    { sort -k3,3nr rows/*/row | head -n 5
      printf "squares: "; cat squares/*/square | tr "\n" " "
      printf "\nprimes below 3000: "; cat primes/primes; } >report' | task_id)
wait_for "$join_task"
fetch "$join_task" out
cat out/report

say "who did what, checked how, for how much"
receipts=()
for ((i = 1; i <= join_task; i++)); do receipts+=("receipt:$i"); done
ogpu show -H "${receipts[@]}"
ogpu-stake -H

say "the chain's audit"
kill "${watchers[@]}"
wait "${watchers[@]}" || true
watchers=()
ogpu-validate --audit || fail "the audit found something"
