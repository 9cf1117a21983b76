#!/usr/bin/env bats
# lap.bats - ogpu-match --lap: instances in LAP1 and text, optima, hostile files, each exit status.

load helpers

# u32 N ...: little-endian
u32() {
  local v
  for v; do
    printf '%b' "$(printf '\\x%02x' $((v & 255)) $((v >> 8 & 255)) $((v >> 16 & 255)) $((v >> 24 & 255)))"
  done
}

# lap1 N M CELL ...
lap1() {
  printf LAP1
  u32 "$@"
}

@test "text: n alone, n and m, one line, more rows than columns, infeasible pairs" {
  printf '3\n4 1 3\n2 0 5\n3 2 2\n' >a.txt
  printf '2 3\n10 1 10\n10 2 30\n' >b.txt
  printf '2 1 2 3 5' >c.txt
  printf '3 1\n7\n-5\n6\n' >d.txt
  printf '2\n1073741824 5\n1073741824 4\n' >e.txt
  run -0 --separate-stderr ogpu-match --lap a.txt b.txt c.txt d.txt e.txt
  [ -z "$stderr" ]
  [ "$(jq -c '[.kind, .file, .n, .m, .matched, .cost, .certified]' <<<"$output")" = '["lap","a.txt",3,3,3,5,true]
["lap","b.txt",2,3,2,11,true]
["lap","c.txt",2,2,2,5,true]
["lap","d.txt",3,1,1,-5,true]
["lap","e.txt",2,2,1,4,true]' ]
  jq -es 'all(.seconds >= 0)' <<<"$output"
}

@test "LAP1 in a file and on stdin" {
  lap1 2 3 10 1 10 10 2 30 >a.bin
  run -0 ogpu-match --lap a.bin
  [ "$(jq -c '[.n, .m, .matched, .cost]' <<<"$output")" = '[2,3,2,11]' ]
  run -0 ogpu-match --lap - <a.bin
  [ "$(jq -c '[.file, .n, .m, .matched, .cost]' <<<"$output")" = '["stdin",2,3,2,11]' ]
  run -0 bash -c 'cat a.bin | ogpu-match --lap -'
  [ "$(jq .cost <<<"$output")" = 11 ]
  run -0 ogpu-match -H --lap a.bin
  [[ $output == "a.bin: 2 x 3, 2 matched, cost 11, "*" certified" ]]
}

@test "a bad file is told in one line and the others are done; the first failure is the status" {
  printf '2\n1 2\n3 5\n' >good.txt
  lap1 2 3 1 2 3 4 5 >short.bin
  lap1 1 1 5 6 >long.bin
  printf '2\n1 2\n3 x\n' >word.txt
  run -65 --separate-stderr ogpu-match --lap short.bin good.txt missing
  [ "$(jq .cost <<<"$output")" = 5 ]
  mapfile -t said <<<"$stderr"
  [ "${#said[@]}" = 2 ]
  [ "${said[0]}" = "ogpu-match: 'short.bin': it ends after 5 of 2 x 3 cells" ]
  [[ ${said[1]} == "ogpu-match: cannot open 'missing': "* ]]
  run -66 --separate-stderr ogpu-match --lap missing word.txt good.txt long.bin
  [ "$(jq .cost <<<"$output")" = 5 ]
  mapfile -t said <<<"$stderr"
  [ "${#said[@]}" = 3 ]
  [[ ${said[1]} == *"'word.txt': line 3: byte 0x78 stands where a whole number should" ]]
  [[ ${said[2]} == *"'long.bin': more than the 1 cells of 1 x 1" ]]
}

@test "hostile sizes: 65 at once, little memory" {
  local f
  { printf LAP1; u32 4294967295 4294967295; } >a.bin
  lap1 1048576 1048576 1 >b.bin
  lap1 0 5 >c.bin
  lap1 100000 3 1 >d.bin
  printf '99999999999999999999\n' >e.txt
  printf '1048576\n1' >f.txt
  printf 'LAP' >g.bin
  : >h.txt
  head -c 100000 /dev/zero >i.bin
  for f in a.bin b.bin c.bin d.bin e.txt f.txt g.bin h.txt i.bin; do
    run -65 --separate-stderr bash -c "ulimit -v 4000000; ogpu-match --lap $f"
    [ -z "$output" ]
    [ "$(wc -l <<<"$stderr")" = 1 ]
    [[ $stderr == "ogpu-match: '$f': "* ]]
    run -65 bash -c "ulimit -v 4000000; cat $f | ogpu-match --lap -"
  done
}

@test "usage: no file, another mode" {
  run -64 ogpu-match --lap
  run -64 ogpu-match --lap --once
  run -64 ogpu-match --lap --why 1 x
}

@test "compressed: the sentence says what to do" {
  printf '2\n1 2\n3 5\n' | gzip >a.gz
  run -65 ogpu-match --lap a.gz
  [ "$output" = "ogpu-match: 'a.gz': this is compressed: 'gzip -dc FILE | ogpu-match --lap -' reads it" ]
  run -0 bash -c 'gzip -dc a.gz | ogpu-match --lap -'
}

@test "OR-Library: the published optima" {
  local d=${OGPU_SHARED:-$OGPU_ROOT/../shared}/match/orlib n
  [ -d "$d" ] || skip "no folder '$d'"
  for n in 500:991 600:1176 700:1362; do
    run -0 bash -c "gzip -dc '$d/assign${n%:*}.txt.gz' | ogpu-match --lap -"
    [ "$(jq -c '[.n, .matched, .cost, .certified]' <<<"$output")" = "[${n%:*},${n%:*},${n#*:},true]" ]
  done
}

@test "more than 20,000 rows: read row by row, in little memory" {
  # the first row costs 5 everywhere, the others, a hole in the file, nothing
  { printf LAP1; u32 20001 20001; } >big.bin
  u32 5 >five
  for _ in $(seq 14); do cat five five >ten; mv ten five; done
  cat five five | head -c $((4 * 20001)) >>big.bin
  truncate -s $((12 + 4 * 20001 * 20001)) big.bin
  run -0 bash -c 'ulimit -v 200000; ogpu-match --lap big.bin'
  [ "$(jq -c '[.n, .m, .matched, .cost, .certified]' <<<"$output")" = '[20001,20001,20001,5,true]' ]
  truncate -s -1 big.bin
  run -65 ogpu-match --lap big.bin
  [[ $output == "ogpu-match: 'big.bin': "*" bytes are not a header and 20001 x 20001 cells" ]]
}
