#!/usr/bin/env bash
# trace.sh - the policies on seeded days of a pool: bench/results/trace.{jsonl,txt,svg}.
#   SEEDS=N days (5), KNOB_SEEDS=N for our knobs (1)   LOADS='50 70 90' percent of what the pool could do
#   PLOT=1: table and plot of the lines that are there
# The same seeds give the same lines on every machine with the same libm. gnuplot draws, if installed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
BUILD=${BUILD:-build/release}
out=$here/results
aid=$(cd "$BUILD/bench" && pwd) || exit 66
tmp=$(mktemp -d "${TMPDIR:-/tmp}/ogpu-trace.XXXXXX") || exit 73
trap 'rm -rf "$tmp"' EXIT
mkdir -p "$out"

if [ "${PLOT:-0}" = 0 ]; then
  for load in ${LOADS:-50 70 90}; do
    "$aid/bench_trace" "$load" "${SEEDS:-5}"
  done >"$tmp/policies"
  "$aid/bench_trace" 70 "${KNOB_SEEDS:-1}" curve | sed 's/"kind":"trace"/"kind":"trace_knob"/' >"$tmp/knobs"
  cat "$tmp/policies" "$tmp/knobs" >"$out/trace.jsonl"
fi

# means over the seeds: kind load policy mean p95 urgent late makespan jain
means() {
  awk -F'"' '
  function num(key,  a) { split($0, a, "\"" key "\":"); return a[2] + 0 }
  function str(key,  a, b) { split($0, a, "\"" key "\":\""); split(a[2], b, "\""); return b[1] }
  { k = str("kind") "\t" num("load_pct") "\t" str("policy")
    if (!(k in n)) order[++count] = k
    n[k]++; mean[k] += num("mean_s"); p95[k] += num("p95_s"); urg[k] += num("urgent_mean_s")
    late[k] += num("late_pct"); mk[k] += num("makespan_s"); jain[k] += num("jain") }
  END { for (i = 1; i <= count; i++) { k = order[i]
    printf "%s\t%.1f\t%.1f\t%.1f\t%.1f\t%.0f\t%.3f\n", k, mean[k] / n[k], p95[k] / n[k],
      urg[k] / n[k], late[k] / n[k], mk[k] / n[k], jain[k] / n[k] } }'
}
means <"$out/trace.jsonl" >"$tmp/means"
# the last panel sets knobs beside policies: on the days that the knobs were tried on
seeds=$(sed -n 's/.*"kind":"trace".*"seed":\([0-9]*\).*/\1/p' "$out/trace.jsonl" | sort -n | tail -1)
knob_seeds=$(sed -n 's/.*"kind":"trace_knob".*"seed":\([0-9]*\).*/\1/p' "$out/trace.jsonl" | sort -n | tail -1)
awk -v most="$knob_seeds" 'match($0, /"seed":[0-9]+/) && substr($0, RSTART + 7, RLENGTH - 7) + 0 <= most' \
  "$out/trace.jsonl" | means >"$tmp/same_days"
days="seeds 1 to $knob_seeds"
[ "$knob_seeds" != 1 ] || days='seed 1'

{
  fmt='%-6s %-22s %9s %9s %9s %7s %9s %6s\n'
  # shellcheck disable=SC2059 # one format for head and rows
  printf "$fmt" LOAD POLICY 'MEAN s' 'P95 s' 'URGENT s' 'LATE %' 'LAST s' JAIN
  while IFS=$'\t' read -r kind load policy rest; do
    [ "$kind" = trace ] || [ "${said:-}" ] || { said=1 && printf "\nour knobs, %s:\n" "$days"; }
    IFS=$'\t' read -r -a v <<<"$rest"
    # shellcheck disable=SC2059
    printf "$fmt" "$load" "$policy" "${v[@]}"
  done <"$tmp/means"
} | tee "$out/trace.txt"

command -v gnuplot >/dev/null 2>&1 || {
  echo 'trace.sh: skip the plot: gnuplot is not installed' >&2
  exit 0
}
while IFS=$'\t' read -r kind load policy mean p95 urgent late last jain; do
  [ "$kind" = trace ] && echo "$load $mean $p95 $urgent $late $last $jain" >>"$tmp/$policy"
  [ "$kind" = trace_knob ] && echo "$jain $mean \"$policy\"" >>"$tmp/knob"
done <"$tmp/means" || true
while IFS=$'\t' read -r kind load policy mean p95 urgent late last jain; do
  [ "$kind:$load" = trace:70 ] && [[ $policy != *fallback ]] && echo "$jain $mean \"$policy\"" >>"$tmp/at70"
done <"$tmp/same_days" || true
cd "$tmp"
gnuplot -e "seeds='$seeds'; days='$days'" /dev/stdin <<'END' | sed 's/^<desc>.*<\/desc>$//' >"$out/trace.svg"
set terminal svg size 960,620 font 'sans,11' background 'white' dynamic
set multiplot layout 2,3 title 'The same days of a pool of 24 nodes, means of '.seeds.' seeds; last panel: '.days
set grid lc rgb '#dddddd'
set xlabel 'load, % of the pool for two hours'
set xtics 50,20,90
set xrange [45:95]
set key off
set style data linespoints
one(name, c, style) = sprintf("'%s' using 1:%d lw 2 %s title '%s'", name, c, style, name)
lines(c) = one('ours', c, "lc rgb '#0060ad' pt 7").', '.one('Min-Min', c, "lc rgb '#dd8800' pt 5") \
  .', '.one('first come', c, "lc rgb '#999999' pt 9").', '.one('random', c, "lc rgb '#bb4444' pt 11")
set logscale y
set title 'mean completion, s'
set key bottom right
set yrange [10:*]
eval 'plot '.lines(2)
set autoscale y
set key off
set title '95th percentile, s'
eval 'plot '.lines(3)
set title 'mean of urgent tasks, s'
eval 'plot '.lines(4)
unset logscale y
set title 'deadlines missed, %'
set yrange [0:*]
eval 'plot '.lines(5)
set title 'last task done, s'
eval 'plot '.lines(6)
set title 'fairness against speed, load 70 %, '.days
set xlabel "Jain's index of work per capacity"
set ylabel 'mean completion, s'
set xrange [0.5:1.05]
set xtics 0.5,0.1,1
set yrange [0:450]
plot 'knob' using 1:2 with points pt 6 lc rgb '#0060ad', \
  'knob' using 1:2:3 with labels font ',8' offset 0,0.7 tc rgb '#0060ad', \
  'at70' using 1:2:3 with labels font ',9' point pt 7 lc rgb '#333333' offset 0,-0.8
END
echo "$out/trace.svg" >&2
