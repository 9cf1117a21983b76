#!/usr/bin/env bash
# net.sh - a network of four validators on this machine against CometBFT's own kvstore application, which
# verifies nothing: the same engine, configuration and load. Prints lines "NAME VALUE UNIT".
#   NET_SECONDS (10)  measured for so long;  NET_WINDOW (1600)  transactions under way when the rate is
#   measured;  NET_FEW (160)  when the time to a block is
set -euo pipefail
build=$(cd "${BUILD:-build/release}" && pwd)
comet=${OGPU_COMETBFT:-${XDG_CACHE_HOME:-$HOME/.cache}/ogpu/cometbft/v0.40.0/cometbft}
seconds=${NET_SECONDS:-10} window=${NET_WINDOW:-1600} few=${NET_FEW:-160}
[ -x "$comet" ] || { echo 'net.sh: skip: CometBFT is not installed (make deps-net)' >&2; exit 0; }
export PATH="$build/bin:$PATH" OGPU_COMETBFT=$comet
tmp=$(mktemp -d "${TMPDIR:-/tmp}/ogpu-bench-net.XXXXXX")
pids=()
finish() {
  [ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 130' INT TERM

# ticks PID ...: processor time of these processes so far, in hundredths of a second
ticks() {
  local sum=0 pid stat
  for pid; do
    stat=$(sed 's/.*) //' "/proc/$pid/stat")
    # shellcheck disable=SC2086
    set -- $stat
    sum=$((sum + ${12} + ${13}))
  done
  echo "$sum"
}
rss_kib() { awk '/^VmHWM/ {print $2}' "/proc/$1/status"; }

ogpu-node testnet 4 -d "$tmp/net" --mflops 100000 >"$tmp/up" 2>"$tmp/err" </dev/null &
pids=($!)
for _ in $(seq 600); do [ -s "$tmp/up" ] && break; sleep 0.1; done
[ -s "$tmp/up" ] || { cat "$tmp/err" >&2; exit 70; }
urls=() apps=() engines=()
for i in 0 1 2 3; do
  urls+=("$(ogpu-node status -s "$tmp/net/node$i" | jq -r .rpc)")
  apps+=("$(cat "$tmp/net/node$i/run/app.pid")")
  engines+=("$(cat "$tmp/net/node$i/run/engine.pid")")
done
a0=$(ticks "${apps[@]}") e0=$(ticks "${engines[@]}")
read -r tps p50 p99 _ blocks bytes < <("$build/bench/bench_net" ogpu "$tmp/net/node0" "$tmp/net/keys" \
  "$seconds" "$window" "${urls[@]}")
a1=$(ticks "${apps[@]}") e1=$(ticks "${engines[@]}")
read -r _ few50 few99 _ < <("$build/bench/bench_net" ogpu "$tmp/net/node0" "$tmp/net/keys" \
  "$seconds" "$few" "${urls[@]}")
echo "net_tx_per_s $tps tx/s"
echo "net_full_p50 $p50 ms"
echo "net_full_p99 $p99 ms"
echo "net_finality_p50 $few50 ms"
echo "net_finality_p99 $few99 ms"
echo "net_blocks $blocks blocks"
echo "net_tx_bytes $bytes bytes"
echo "net_app_cpu $(awk -v t=$((a1 - a0)) 'BEGIN {print t / 100}') s"
echo "net_engine_cpu $(awk -v t=$((e1 - e0)) 'BEGIN {print t / 100}') s"
echo "net_app_rss $(for p in "${apps[@]}"; do rss_kib "$p"; done | sort -n | tail -1) KiB"
echo "net_engine_rss $(for p in "${engines[@]}"; do rss_kib "$p"; done | sort -n | tail -1) KiB"
kill "${pids[@]}"
wait "${pids[@]}" || true
pids=()

# the same homes with empty data, the genesis without our state, the application inside the engine
for i in 0 1 2 3; do
  home=$tmp/net/node$i/comet
  rm -rf "$home/data" && mkdir "$home/data"
  echo '{"height":"0","round":0,"step":0}' >"$home/data/priv_validator_state.json"
  jq 'del(.app_state)' "$home/config/genesis.json" >"$tmp/g" && mv "$tmp/g" "$home/config/genesis.json"
  (cd "$tmp/net/node$i" && exec "$comet" start --home comet --proxy_app kvstore >kv.log 2>&1) &
  pids+=($!)
done
for u in "${urls[@]}"; do
  for _ in $(seq 600); do curl -s "$u/status" | grep -q '"catching_up":false' && break; sleep 0.1; done
done
k0=$(ticks "${pids[@]}")
read -r ktps _ < <("$build/bench/bench_net" kv "$bytes" "$seconds" "$window" "${urls[@]}")
k1=$(ticks "${pids[@]}")
read -r _ kp50 _ < <("$build/bench/bench_net" kv "$bytes" "$seconds" "$few" "${urls[@]}")
echo "kv_tx_per_s $ktps tx/s"
echo "kv_finality_p50 $kp50 ms"
echo "kv_engine_cpu $(awk -v t=$((k1 - k0)) 'BEGIN {print t / 100}') s"
echo "net_to_kv $(awk -v a="$tps" -v b="$ktps" 'BEGIN {printf "%.3f", a / b}') ratio"
