#!/usr/bin/env bash
# run.sh FILE [VARIABLE] - statistics of a gridded variable (NetCDF; time, latitude, longitude) on a
# pool of this machine, in bands of latitude: climatology, trend, anomalies; then the mean over the
# area, weighted by cos(latitude). Writes climatology and trend (f32 grids), trend.svg, anomaly.svg
# and anomaly.csv to OUT, and compares with REFERENCE/NAME_*_f32.bin where that is there.
#
# Each band belongs to one of the nodes' owners, on whose node its file lies. The bands are worked on
# twice: for the owners, where the network sees whose data it is, and for somebody without a node; the
# bytes that moved from node to node are told for both.
# BASE (1961-1990), TREND (1970-2099): years. WORKERS (2), BANDS (8), OUT (a folder), REFERENCE; BIN.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
if [ $# -lt 1 ] || [ $# -gt 2 ]; then
  echo "usage: run.sh FILE [VARIABLE]" >&2
  exit 64
fi
file=$(realpath -m "$1")
if [ ! -r "$file" ]; then
  echo "run.sh: cannot read '$1'" >&2
  exit 66
fi
out=${OUT:-}
[ -z "$out" ] || out=$(mkdir -p "$out" && cd "$out" && pwd)
reference=${REFERENCE:-$(dirname "$file")/../ref}
# shellcheck source=examples/pool.sh
. "$here/../pool.sh"
climate=${CLIMATE:-$bin/../examples/climate}
[ -x "$climate" ] || fail "no '$climate': it is made by 'make examples' where libnetcdf-dev is installed"
workers=${WORKERS:-2} n=${BANDS:-8} base=${BASE:-1961-1990} trend=${TREND:-1970-2099}
out=${out:-$home/out}
mkdir -p "$out" "$home/bands"
cd "$home"
case $file in *.gz)
  gzip -dc "$file" >data.nc
  source=data.nc
  ;;
*) source=$file ;;
esac
name=$(basename "$file")
name=${name%%.*}

read -r variable times rows columns period year < <("$climate" info "$source" ${2:+"$2"}) || fail "no data"
read -r base_from base_n < <("$climate" steps "$source" "$variable" "${base%-*}" "${base#*-}") || fail "no base"
read -r trend_from trend_n < <("$climate" steps "$source" "$variable" "${trend%-*}" "${trend#*-}") ||
  fail "no trend"
[ "$n" -le "$rows" ] || n=$rows
mapfile -t band_rows < <("$climate" bands "$n" "$source" "$variable" bands)

say "a pool of $workers workers; $variable: $times steps of $rows x $columns cells, $n bands"
pool "$workers"

# band I PREFIX: its task
band() {
  printf '{"kind":"task","v":1,"name":"%s-%s","kernel":"climate","args":{"times":%s,"cells":%s,' \
    "$2" "$1" "$times" $((band_rows[$1] * columns))
  printf '"period":%s,"base":%s,"base_n":%s,"trend":%s,"trend_n":%s,"anomaly":1},' \
    "$period" "$base_from" "$base_n" "$trend_from" "$trend_n"
  printf '"in":["bands/band%s"],"out":["%s/cells%s","%s/anomaly%s"]}\n' "$1" "$2" "$1" "$2" "$1"
}
# moved FIRST LAST: bytes of bands I that ran elsewhere than on node I mod workers + 1; tasks FIRST..LAST
moved() {
  local id i=0 bytes=0 node
  for ((id = $1; id <= $2; id++, i++)); do
    node=$(ogpu show "receipt:$id" | sed -n 's/.*"nodes":\[\([0-9]*\).*/\1/p')
    [ "$node" = $((i % workers + 1)) ] || bytes=$((bytes + $(stat -c %s "bands/band$i")))
  done
  echo $bytes
}

begin=$(now_ms)
owners=0 ids=()
for ((i = 0; i < n; i++)); do
  band "$i" mine >"mine$i"
  ids+=("$(ogpu-submit --key "$(owner $((i % workers + 1)))" <"mine$i" | task_ids)")
done
for ((i = 0; i < n; i++)); do
  until ogpu show "receipt:${ids[i]}" >receipt 2>/dev/null; do sleep 0.1; done
  grep -q '"state":"paid"' receipt || fail "band $i was not paid"
  ogpu-submit -q --key "$(owner $((i % workers + 1)))" --fetch "${ids[i]}" >/dev/null
done
owners=$(moved "${ids[0]}" "${ids[n - 1]}")
end=$(now_ms)
for ((i = 0; i < n; i++)); do band "$i" blind; done >blind.jsonl
mapfile -t ids < <(batch blind.jsonl)
blind=$(moved "${ids[0]}" "${ids[n - 1]}")

say "the mean over the area: a sum over all cells"
for ((i = 0; i < n; i++)); do cat "mine/anomaly$i"; done >anomaly
printf '{"kind":"task","v":1,"name":"area","kernel":"reduce","args":{"rows":%s,"columns":%s,"part":256,' \
  $((rows * columns)) "$times" >area.jsonl
printf '"weights":1},"in":["anomaly","bands/weights"],"out":["sums"]}\n' >>area.jsonl
id=$(batch area.jsonl)
ogpu-submit -q --fetch "$id" >/dev/null
"$climate" mean sums "$times" curve

cells=()
for ((i = 0; i < n; i++)); do cells+=("mine/cells$i"); done
: >"$out/climatology"
for ((p = 0; p < period; p++)); do
  "$climate" grid $p "$period" grid "${cells[@]}"
  cat grid >>"$out/climatology"
done
"$climate" grid "$period" "$period" "$out/trend" "${cells[@]}"
"$climate" map "$out/trend" "$rows" "$columns" "$name: trend of $variable, $trend, a decade" "$out/trend.svg"
"$climate" curve curve "$year" "$period" "$name: $variable above $base, mean over the area" "$out/anomaly.svg"
perl -e 'use strict; my ($file, $year, $period) = @ARGV; open my $f, "<:raw", $file or die; my ($v, $t); $t = 0;
  print "year,anomaly\n";
  while (read $f, $v, 8) { printf "%.4f,%.6f\n", $year + $t++ / $period, unpack "d<", $v }' \
  curve "$year" "$period" >"$out/anomaly.csv"
echo "the last year's anomaly: $(tail -n 1 "$out/anomaly.csv" | cut -d, -f2)"

for what in climatology trend; do
  for ref in "$reference/${name}_$what"*_f32.bin; do
    [ -f "$ref" ] || continue
    far=$("$climate" far "$out/$what" "$ref")
    echo "$what: greatest difference to the reference $far"
    ! awk "BEGIN { exit $far <= 1e-4 }" || fail "$what differs from '$ref'"
  done
done
say "bytes of bands that moved between nodes"
echo "for the data's owners: $owners; for somebody elsewhere: $blind"
awk "BEGIN { printf \"%d bands, %d workers: %.1f s\n\", $n, $workers, ($end - $begin) / 1000 }"
