# shellcheck shell=bash
# pool.sh - for the examples, to be sourced: a pool of owners on this machine that works until the
# example ends. BIN: folder of the tools (build/release/bin).
bin=$(cd "${BIN:-build/release/bin}" && pwd)
home=$(mktemp -d "${TMPDIR:-/tmp}/ogpu-example.XXXXXX")
export PATH="$bin:$PATH" OGPU_HOME="$home/state" OGPU_KEYS="$home/keys" LC_ALL=C

pool_end() {
  local status=$?
  trap - EXIT
  # shellcheck disable=SC2046 # a list
  kill $(jobs -p) 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$home"
  exit "$status"
}
trap pool_end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say() { printf '\n== %s\n' "$*"; }
fail() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  tail -n 20 "$home"/*.log >&2 2>/dev/null || true
  exit 1
}
# watch NAME TOOL ARG ...: runs a tool in the background, its messages in NAME.log
watch() {
  local name=$1
  shift
  "$@" </dev/null >/dev/null 2>"$home/$name.log" &
}
# owner I: the key of node I; of a single one it is alice's own, who then needs nobody to verify
owner() { if [ "$pool_size" -eq 1 ]; then echo alice; else echo "node$1"; fi; }
# pool WORKERS [INIT-OPTION ...]: alice, who submits, and so many owners with a node of one slot each
pool() {
  local i members=()
  pool_size=$1
  shift
  for ((i = 1; i <= pool_size; i++)); do members+=(--member "$(owner $i),threads=1,slots=1"); done
  ogpu init -q --key alice "${members[@]}" "$@" >"$home/init.json"
  watch match ogpu-match --watch
  watch validate ogpu-validate --watch
  for ((i = 1; i <= pool_size; i++)); do watch "worker-$i" ogpu-worker --watch --key "$(owner $i)"; done
}
# Numbers of the tasks among the records on stdin.
task_ids() { sed -n 's/.*"id":\([0-9]*\),"kind":"task".*/\1/p'; }
# batch FILE: submits its records, waits until all have ended, prints their numbers; fails unless all
# were paid
batch() {
  ogpu-submit --key alice --wait <"$1" >"$1.out" 2>"$1.err" || fail "$(tail -n 1 "$1.err")"
  ! grep '"kind":"receipt"' "$1.out" | grep -v '"state":"paid"' >&2 || fail "a task was not paid"
  task_ids <"$1.out"
}
now_ms() { date +%s%3N; }
