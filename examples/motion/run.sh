#!/usr/bin/env bash
# run.sh FILE... - finds motion in videos on a pool of this machine, segment by segment; a line of CSV
# for each frame (NAME.csv in OUT), an event where motion begins and one where it ends. Several files run at
# once. What ffmpeg cannot tell of raw gray frames (.gray, .gray.gz): SIZE=768x432, FPS.
#
# A segment continues with the state that the one before it ended with, so the rows are those of one
# pass over the whole clip; they are compared with REFERENCE/NAME.csv where that is there. With
# WARMUP=N (160) instead, segments are independent, each with a background made by the N frames before
# it, and all of them run at once; rows differ a little then.
# LIVE=1: follows a stream (one FILE, - for standard input) in its own time and prints events at once.
# WORKERS (2), SEGMENT (64 frames), AREA (0.5: percent of the pixels that make motion), OUT (a folder),
# REFERENCE; BIN: the tools' folder.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
if [ $# -lt 1 ]; then
  echo "usage: run.sh FILE..." >&2
  exit 64
fi
files=()
for f; do
  [ "$f" = - ] || [ -r "$f" ] || {
    echo "run.sh: cannot read '$f'" >&2
    exit 66
  }
  if [ "$f" = - ]; then files+=(-); else files+=("$(realpath "$f")"); fi
done
out=${OUT:-}
[ -z "$out" ] || out=$(mkdir -p "$out" && cd "$out" && pwd)
reference=${REFERENCE:-$(dirname "${files[0]}")/../ref}
# shellcheck source=examples/pool.sh
. "$here/../pool.sh"
workers=${WORKERS:-2} segment=${SEGMENT:-64} area=${AREA:-0.5} warmup=${WARMUP:-0} live=${LIVE:-0}
out=${out:-$home/out}
mkdir -p "$out"
cd "$home"

# size_of FILE: "width height frames-a-second"
size_of() {
  local size=${SIZE:-} line
  case $1 in
  - | *.gray | *.gray.gz)
    [ -n "$size" ] || fail "$1: raw frames need SIZE=WIDTHxHEIGHT"
    echo "${size%x*} ${size#*x} ${FPS:-25}"
    ;;
  *)
    line=$(ffprobe -v error -select_streams v:0 -show_entries stream=width,height,avg_frame_rate \
      -of csv=p=0 "$1") || fail "ffprobe cannot read '$1'"
    echo "$line" | awk -F'[,/]' '{ print $1, $2, $3 / ($4 ? $4 : 1) }'
    ;;
  esac
}
# frames FILE: its luma, frame after frame
frames() {
  case $1 in
  -) cat ;;
  *.gray.gz) gzip -dc "$1" ;;
  *.gray) cat "$1" ;;
  *)
    # shellcheck disable=SC2046 # -re or nothing
    ffmpeg -v error -nostdin $([ "$live" = 0 ] || echo -re) -i "$1" -vsync passthrough \
      -vf extractplanes=y -pix_fmt gray -f rawvideo -
    ;;
  esac
}
# rows FILE FIRST: the kernel's rows as CSV
rows() {
  perl -e 'use strict; my ($file, $t) = @ARGV; open my $f, "<:raw", $file or die "$file: $!\n"; my $row;
    while (read $f, $row, 40) {
      printf "%d,%d,%d,%d,%d,%d,%d,%016x\n", $t++, unpack "Q< Q< l< l< l< l< Q<", $row;
    }' "$1" "$2"
}
# events NAME WIDTH HEIGHT FPS: CSV rows to events; a stretch ends after half a second of rest
events() {
  perl -e 'use strict; $| = 1;
    my ($name, $least, $fps) = @ARGV; my ($on, $first, $last, $most, @box);
    sub say_end {
      printf "{\"kind\":\"motion\",\"clip\":\"%s\",\"state\":\"end\",\"from_s\":%.2f,\"to_s\":%.2f," .
        "\"frames\":%d,\"most\":%d,\"box\":[%d,%d,%d,%d]}\n",
        $name, $first / $fps, $last / $fps, $last - $first + 1, $most, @box if $on;
      $on = 0;
    }
    while (<STDIN>) {
      my ($t, undef, $n, @b) = split /,/;
      if ($n > $least) {
        if (!$on) {
          ($on, $first, $most, @box) = (1, $t, 0, @b[0 .. 3]);
          printf "{\"kind\":\"motion\",\"clip\":\"%s\",\"state\":\"begin\",\"from_s\":%.2f," .
            "\"box\":[%d,%d,%d,%d]}\n", $name, $first / $fps, @box;
        }
        $last = $t;
        $most = $n if $n > $most;
        for (0 .. 3) { $box[$_] = $b[$_] if $_ < 2 ? $b[$_] < $box[$_] : $b[$_] > $box[$_] }
      }
      say_end if $on && $t - $last > $fps / 2;
    }
    say_end' "$1" "$(awk "BEGIN { print $area / 100 * $2 * $3 }")" "$4"
}
# task NAME I FRAMES WIDTH HEIGHT ARGS INPUTS OUTPUTS
task() {
  printf '{"kind":"task","v":1,"name":"%s-%s","kernel":"motion","args":{"width":%s,"height":%s,' \
    "$1" "$2" "$4" "$5"
  printf '"frames":%s,"segment":%s%s},"in":[%s],"out":[%s]}\n' "$3" "$segment" "$6" "$7" "$8"
}
# chain NAME WIDTH HEIGHT: frames on stdin, rows on stdout; each segment starts from the last one's state
chain() {
  local i=0 first=0 n args in pixels=$(($2 * $3)) id
  mkdir -p "$1"
  while head -c $((segment * pixels)) >"$1/y" && n=$(($(stat -c %s "$1/y") / pixels)) && [ "$n" -gt 0 ]; do
    truncate -s $((n * pixels)) "$1/y"
    args=',"state":1' in="\"$1/y\""
    [ $i -eq 0 ] || { args+=',"resume":1' in+=",\"$1/state\""; }
    task "$1" $i "$n" "$2" "$3" "$args" "$in" "\"$1/rows\",\"$1/state\"" >"$1/batch"
    id=$(batch "$1/batch") || exit 1
    ogpu-submit -q --fetch "$id" --force >/dev/null || exit 1
    rows "$1/rows" $first
    first=$((first + n)) i=$((i + 1))
  done
}
# spread NAME WIDTH HEIGHT: the same with independent segments, all at once
spread() {
  local i=0 n args pixels=$(($2 * $3)) id first=0
  mkdir -p "$1"
  : >"$1/batch"
  : >"$1/tail"
  while cat "$1/tail" >"$1/y$i" && head -c $((segment * pixels)) >>"$1/y$i" &&
    n=$(($(stat -c %s "$1/y$i") / pixels)) && [ "$n" -gt $((first < warmup ? first : warmup)) ]; do
    args=''
    task "$1" $i "$n" "$2" "$3" "$args" "\"$1/y$i\"" "\"$1/rows$i\"" >>"$1/batch"
    echo $((n - (first < warmup ? first : warmup))) >>"$1/new"
    first=$((first + n - (first < warmup ? first : warmup))) i=$((i + 1))
    tail -c $(((first < warmup ? first : warmup) * pixels)) "$1/y$((i - 1))" >"$1/tail"
  done
  batch "$1/batch" >"$1/ids" || exit 1
  while read -r id; do ogpu-submit -q --fetch "$id" >/dev/null || exit 1; done <"$1/ids"
  i=0 first=0
  while read -r n; do
    tail -c $((n * 40)) "$1/rows$i" >"$1/rows"
    rows "$1/rows" $first
    first=$((first + n)) i=$((i + 1))
  done <"$1/new"
}
# clip FILE: one video
clip() {
  local name width height fps how=chain
  name=$(basename "$1")
  name=${name%%.*}
  [ "$name" != - ] || name=stream
  [ "$warmup" -eq 0 ] || how=spread
  read -r width height fps < <(size_of "$1")
  echo 'frame,diff_count,bg_count,x0,y0,x1,y1,mask_fnv1a64' >"$out/$name.csv"
  frames "$1" | $how "$name" "$width" "$height" | tee -a "$out/$name.csv" |
    events "$name" "$width" "$height" "$fps"
  echo "$fps" >"$name.fps"
}

say "a pool of $workers workers"
pool "$workers"
begin=$(now_ms)
[ "$live" = 0 ] || [ ${#files[@]} -eq 1 ] || fail "LIVE=1 follows one stream"
clips=()
for f in "${files[@]}"; do
  if [ "$f" = - ]; then clip - <&0 & else clip "$f" </dev/null & fi
  clips+=($!)
done
for c in "${clips[@]}"; do wait "$c" || fail "a clip failed"; done
end=$(now_ms)

for f in "${files[@]}"; do
  name=$(basename "$f")
  name=${name%%.*}
  [ "$name" != - ] || name=stream
  n=$(($(wc -l <"$out/$name.csv") - 1))
  total=$(awk -F, 'NR > 1 { n += $3 } END { print n + 0 }' "$out/$name.csv")
  awk -v name="$name" -v n="$n" -v s="$(((end - begin) / 10))" -v fps="$(cat "$name.fps")" -v all="$total" \
    'BEGIN { s = s / 100
      printf "%s: %d frames in %.1f s, %.0f a second, %.1f times real time; ", name, n, s, n / s, n / s / fps
      printf "%d pixels of motion\n", all }'
  if [ -f "$reference/$name.csv" ]; then
    if cmp -s "$reference/$name.csv" "$out/$name.csv"; then
      echo "$name: every row is the reference's"
    else
      awk -F, 'NR > 1 { n += $3 } END { print "'"$name"': the reference has " n + 0 " pixels of motion" }' \
        "$reference/$name.csv"
      [ "$warmup" -gt 0 ] || fail "$name: rows differ from the reference"
    fi
  fi
done
ogpu-stake -H
