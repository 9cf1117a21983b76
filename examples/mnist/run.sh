#!/usr/bin/env bash
# run.sh FOLDER - trains on the labelled images of FOLDER on a pool of this machine: softmax
# regression by gradients over shards, then a network with a hidden layer; compares with the
# reference where FOLDER/../ref or REFERENCE has it.
# FOLDER: train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-…, t10k-labels-… as they are
# published, or with .gz. Data: MNIST (LeCun, Cortes, Burges).
# WORKERS (2), SHARDS (10), ROUNDS (100), EPOCHS (5; 0: no network), RATE (0.5); BIN: the tools' folder.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
if [ $# -ne 1 ] || [ ! -d "$1" ]; then
  echo "usage: run.sh FOLDER, where the images lie" >&2
  exit 64
fi
data=$(cd "$1" && pwd)
reference=${REFERENCE:-$data/../ref}
# shellcheck source=examples/pool.sh
. "$here/../pool.sh"
mnist=${MNIST:-$bin/../examples/mnist}
workers=${WORKERS:-2} shards=${SHARDS:-10} rounds=${ROUNDS:-100} epochs=${EPOCHS:-5} rate=${RATE:-0.5}
classes=10 parts=4

cd "$home"
for f in train-images-idx3 train-labels-idx1 t10k-images-idx3 t10k-labels-idx1; do
  if [ -f "$data/$f-ubyte" ]; then
    cp "$data/$f-ubyte" "$f"
  elif [ -f "$data/$f-ubyte.gz" ]; then
    gzip -dc "$data/$f-ubyte.gz" >"$f"
  else
    fail "there is no $f-ubyte in '$data'"
  fi
done
mkdir shards test all sums
read -r rows features < <("$mnist" shards "$shards" train-images-idx3 train-labels-idx1 shards)
read -r tests _ < <("$mnist" shards 1 t10k-images-idx3 t10k-labels-idx1 test)
"$mnist" shards 1 train-images-idx3 train-labels-idx1 all >all.size
right() { "$mnist" right "$features" "$1" $classes "$2" test/x0 test/y0; } # HIDDEN W

say "a pool of $workers workers; $rows images of $features pixels in $shards shards"
pool "$workers"
begin=$(now_ms)

# round R: a gradient over each shard, all at once, then a step
round() {
  local i ids sums=() n id
  for ((i = 0; i < shards; i++)); do
    n=$(stat -c %s "shards/y$i")
    printf '{"kind":"task","v":1,"name":"g%s-%s","kernel":"softmax","args":{"rows":%s,"features":%s,' \
      "$1" "$i" "$n" "$features"
    printf '"classes":%s,"parts":%s},"in":["w","shards/x%s","shards/y%s"],"out":["sums/%s"]}\n' \
      $classes $parts "$i" "$i" "$i"
  done >round.jsonl
  ids=$(batch round.jsonl)
  for id in $ids; do ogpu-submit -q --fetch "$id" --force >/dev/null & done
  for id in $ids; do wait -n || fail "no gradient"; done
  for ((i = 0; i < shards; i++)); do sums+=("sums/$i"); done
  "$mnist" step "$features" 0 $classes "$(awk "BEGIN { printf \"%.17g\", $rate / $rows }")" w w.next \
    "${sums[@]}" >step.out
  mv w.next w
}

say "softmax regression: $rounds rounds"
"$mnist" start "$features" 0 $classes w
printf '%8s %10s %8s %8s\n' round 'loss' right 's'
for ((r = 1; r <= rounds; r++)); do
  round "$r"
  case $r in
  1 | 2 | 5 | *0 | "$rounds")
    if [ $((r % 10)) -eq 0 ] || [ "$r" -le 5 ] || [ "$r" -eq "$rounds" ]; then
      printf '%8d %10s %8s %8s\n' "$r" "$(awk "{ printf \"%.6f\", \$1 / $rows }" step.out)" \
        "$(right 0 w)" "$(awk "BEGIN { printf \"%.1f\", ($(now_ms) - $begin) / 1000 }")"
    fi
    ;;
  esac
done
got=$(right 0 w)
echo "$got of $tests test images right after $rounds rounds"
if [ "$rounds" -eq 100 ] && [ -f "$reference/softmax_W_f64.bin" ]; then
  far=$("$mnist" far w "$reference/softmax_W_f64.bin")
  echo "greatest distance to the reference's parameters: $far"
  if [ "$got" -lt 9007 ] || [ "$got" -gt 9017 ] || awk "BEGIN { exit $far <= 1e-5 }"; then
    fail "the reference has 9012 right"
  fi
fi

if [ "$epochs" -gt 0 ]; then
  say "a network with 128 hidden units: $epochs epochs, a task each"
  "$mnist" start "$features" 128 $classes net
  for ((e = 1; e <= epochs; e++)); do
    printf '{"kind":"task","v":1,"name":"e%s","kernel":"sgd","args":{"rows":%s,"features":%s,' \
      "$e" "$rows" "$features" >epoch.jsonl
    printf '"hidden":128,"classes":%s,"batch":100,"rate_ppm":100000},' $classes >>epoch.jsonl
    printf '"in":["net","all/x0","all/y0"],"out":["net"]}\n' >>epoch.jsonl
    id=$(batch epoch.jsonl)
    ogpu-submit -q --fetch "$id" --force >/dev/null
    echo "epoch $e: $(right 128 net) of $tests right"
  done
fi

say "what it cost"
end=$(now_ms)
ogpu-stake -H
awk "BEGIN { printf \"%d rounds, %d workers: %.1f s\n\", $rounds, $workers, ($end - $begin) / 1000 }"
