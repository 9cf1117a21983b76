#!/usr/bin/env bats
# guard.bats - ogpu-guard: tables into models, models over rows, signatures, exits.
load helpers

# table N: two numbers that go together, a name; every 25th row is bad
table() {
  awk -v n="$1" 'BEGIN {
    print "a,b,proto,label"
    for (i = 1; i <= n; i++) {
      a = (i * 7919) % 1000 / 100
      odd = i % 25 == 0
      printf "%.3f,%.3f,%s,%s\n", a, (odd ? 12 - a : a) + (i * 104729) % 97 / 500, \
        odd ? "icmp" : i % 3 ? "tcp" : "udp", odd ? "attack" : "normal"
    }
  }'
}

has_xgboost() {
  ldconfig -p | grep -q libxgboost
}

@test "train and score without labels: a line a row, in order, the bad ones found" {
  table 3000 >t.csv
  run -0 --separate-stderr ogpu-guard train --csv t.csv --label label --normal normal --unsupervised --model m
  [ -z "$stderr" ]
  jq -e '.kind == "model" and .rows == 3000 and .columns == 3 and .alpha_ppm == 50000 and
    .members == ["iforest", "near", "hist", "pca", "hst"] and .signer == null' <<<"$output"
  [ "$(jq -r .bytes <<<"$output")" -eq "$(stat -c %s m)" ]
  run -0 --separate-stderr ogpu-guard score --csv t.csv --model m
  [ "${#lines[@]}" -eq 3000 ]
  jq -se 'map(.row) == [range(3000)] and all(.kind == "score" and .p > 0 and .p <= 1 and .alert == (.p <= 0.05))' \
    <<<"$output"
  # nearly all bad rows, and not many more good ones than the rate says
  jq -se '([.[] | select(.row % 25 == 24 and .alert)] | length) >= 110 and
    ([.[] | select(.row % 25 != 24 and .alert)] | length) <= 160' <<<"$output"
  # the same again
  ogpu-guard train --csv t.csv --label label --normal normal --unsupervised --model m2 >/dev/null
  cmp m m2
  # a stricter rate; whatever the order of columns and others between them
  awk -F, '{ print "x" $4 "," $3 "," $2 "," $1 }' t.csv | sed '1s/.*/else,proto,b,a/' >turned.csv
  diff <(ogpu-guard score --csv turned.csv --model m) <(ogpu-guard score --csv t.csv --model m)
  [ "$(ogpu-guard score --csv t.csv --model m --alpha 0.001 | grep -c '"alert":true')" -lt 130 ]
}

@test "boosted trees: trained by libxgboost in its own process, scored without it" {
  has_xgboost || skip "libxgboost is not installed"
  table 3000 >t.csv
  run -0 ogpu-guard train --csv t.csv --label label --model m --rounds 8
  jq -e '.members[0] == "boost"' <<<"$output"
  run -0 env OGPU_LIBXGBOOST=/nowhere ogpu-guard score --csv t.csv --model m --explain 2
  jq -se '([.[] | select(.row % 25 == 24 and .alert)] | length) >= 115' <<<"$output"
  jq -se '[.[] | select(.alert)][0] | (.members | keys) == ["boost", "hist", "hst", "iforest", "near", "pca"] and
    (.top | length) >= 1 and (.top | length) <= 2 and .top[0].share > 0' <<<"$output"
  ! ldd "$(command -v ogpu-guard)" | grep -q xgboost
}

@test "libxgboost not there: said, and nothing is written" {
  table 100 >t.csv
  run -69 --separate-stderr env OGPU_LIBXGBOOST=/nowhere/lib.so ogpu-guard train --csv t.csv --label label --model m
  [[ "$stderr" == *"libxgboost is not installed"* ]]
  [ -z "$output" ] && [ ! -e m ]
}

@test "JSON lines: rows scored, other kinds passed on, the same answers as from the table" {
  table 400 >t.csv
  ogpu-guard train --csv t.csv --label label --unsupervised --model m >/dev/null
  jq -Rc 'split(",") | select(.[0] != "a") | {a: (.[0] | tonumber), b: (.[1] | tonumber), proto: .[2], kind: "row"}' \
    t.csv >rows
  diff <(ogpu-guard score --model m <rows) <(ogpu-guard score --csv t.csv --model m)
  printf '%s\n' '{"kind":"task", "id":1}' '{"b":1,"a":1,"proto":"tcp"}' >mixed
  run -0 ogpu-guard score --model m <mixed
  [ "${lines[0]}" = '{"kind":"task", "id":1}' ]
  jq -e '.kind == "score" and .row == 0' <<<"${lines[1]}"
  run -65 --separate-stderr ogpu-guard score --model m <<<'{"a":"x"}'
  [ "$stderr" = "ogpu-guard score: stdin:1: 'a' must be a number" ]
  run -65 --separate-stderr ogpu-guard score --model m <<<'nonsense'
  [[ "$stderr" == *"stdin:1: "* ]]
  # a row is answered before the next one comes
  mkfifo in out
  ogpu-guard score --model m <in >out &
  exec 7>in 8<out
  echo '{"a":1,"b":1,"proto":"tcp"}' >&7
  read -r -t 60 line <&8
  jq -e '.row == 0' <<<"$line"
  exec 7>&- 8<&-
  wait
}

@test "no header, missing values, text in a number column" {
  table 300 | sed 1d >t.csv
  run -0 ogpu-guard train --csv t.csv --no-header --label 4 --normal normal --unsupervised --model m
  run -0 --separate-stderr ogpu-guard score --csv t.csv --no-header --model m
  [ "${#lines[@]}" -eq 300 ]
  printf '?,,gre,x\nx,1,tcp,x\n' >odd.csv
  run -0 --separate-stderr ogpu-guard score --csv odd.csv --no-header --model m
  [ "${#lines[@]}" -eq 2 ]
  [ "$stderr" = "ogpu-guard score: warning: odd.csv:2: column '1' is no number: it counts as missing" ]
}

@test "signatures: own, somebody's, nobody's, damaged" {
  table 200 >t.csv
  train() { ogpu-guard train --csv t.csv --label label --unsupervised "$@" >/dev/null; }
  train --model nobody
  ogpu-keygen --alg ed25519 >/dev/null
  train --model own
  OGPU_KEYS=$PWD/their-keys ogpu-keygen --alg ed25519 >/dev/null
  OGPU_KEYS=$PWD/their-keys train --model away
  run -0 ogpu-guard score --csv t.csv --model own
  run -77 --separate-stderr ogpu-guard score --csv t.csv --model nobody
  [[ "$stderr" == *"signed by nobody: say --unsigned"* ]]
  run -0 ogpu-guard score --csv t.csv --model nobody --unsigned
  run -77 --separate-stderr ogpu-guard score --csv t.csv --model away
  [[ "$stderr" == *"signed by ogpu1"*", whose key is not here"* ]]
  signer=$(OGPU_KEYS=$PWD/their-keys ogpu-guard train --csv t.csv --label label -u -m away | jq -r .signer)
  run -0 ogpu-guard score --csv t.csv --model away --signer "$signer"
  run -77 ogpu-guard score --csv t.csv --model own --signer "$signer"
  # a bit of the trees, a bit of the signature, the end
  size=$(stat -c %s own)
  for at in 60 $((size / 2)) $((size - 3)); do
    cp own bad
    printf '\x55' | dd of=bad bs=1 seek="$at" conv=notrunc status=none
    cmp -s own bad || run -65 ogpu-guard score --csv t.csv --model bad
  done
  head -c 1000 own >bad
  run -65 --separate-stderr ogpu-guard score --csv t.csv --model bad
  [[ "$stderr" == *"'bad': this is no model file, or not all of one" ]]
}

@test "refused: options, tables, files" {
  table 50 >t.csv
  run -64 --separate-stderr ogpu-guard
  [ "$stderr" = "ogpu-guard: a command is missing; see 'ogpu-guard --help'" ]
  run -64 ogpu-guard paint
  run -64 ogpu-guard train --csv t.csv --label label
  run -64 ogpu-guard train --csv t.csv --model m
  run -64 --separate-stderr ogpu-guard train --csv t.csv --label colour --model m
  [[ "$stderr" == *"t.csv: no column 'colour'" ]]
  run -64 ogpu-guard score --csv t.csv
  run -66 ogpu-guard train --csv none.csv --label label --model m
  run -66 ogpu-guard score --csv t.csv --model none
  run -65 --separate-stderr ogpu-guard train --csv t.csv --label label --normal green --model m
  [[ "$stderr" == *"no row is normal"* ]]
  run -65 --separate-stderr ogpu-guard train --csv <(echo a,label; echo 1,0) --label label --model m
  [[ "$stderr" == *"every row is normal"* ]]
  run -65 --separate-stderr ogpu-guard train --csv - --unsupervised --model m </dev/null
  [[ "$stderr" == *"stdin: no rows" ]]
  run -65 --separate-stderr bash -c 'printf "a,b\n1,2\n3\n" | ogpu-guard train --csv - -u -m m'
  [[ "$stderr" == *"stdin:3: 1 fields, not 2" ]]
  [ ! -e m ]
  ogpu-guard train --csv t.csv --label label -u -m m >/dev/null
  run -65 --separate-stderr bash -c 'echo b,proto | ogpu-guard score -c - -m m'
  [[ "$stderr" == *"stdin:1: column 'a' of the model is missing" ]]
  run -73 ogpu-guard train --csv t.csv --label label -u -m nowhere/m
  run -74 bash -c 'ogpu-guard score -c t.csv -m m >/dev/full'
  run -0 ogpu-guard score --help
  run -0 ogpu-guard --version
}

@test "series: the spike, the drop, the dead day; odd rows" {
  awk 'BEGIN { print "timestamp,value"; for (i = 0; i < 4000; i++) {
    v = 50 + 40 * sin(i * 6.2831853 / 288) + (i * 7919) % 100 / 20
    if (i == 2000) v += 200
    if (i >= 3168 && i < 3456) v = 10 + (i * 7919) % 100 / 20
    printf "%s,%.3f\n", strftime("%Y-%m-%d %H:%M:%S", 1400000000 + 300 * i, 1), v } }' >s.csv
  run -0 --separate-stderr ogpu-guard series --csv s.csv
  [ "${#lines[@]}" -eq 4000 ]
  jq -se 'all(.kind == "point" and .score >= 0) and .[0].timestamp == "2014-05-13 16:53:20" and .[1].value > 0' \
    <<<"$output"
  jq -se 'to_entries | (max_by(.value.score).key == 2000) and
    (map(select(.key > 2800)) | max_by(.value.score).key | . >= 3168 and . < 3480)' <<<"$output"
  # no header, no clock, a missing value
  printf 'a,1\nb,\nc,3\n' >odd.csv
  run -0 ogpu-guard series --csv odd.csv
  [ "${lines[1]}" = '{"kind":"point","score":0,"timestamp":"b","v":1,"value":null}' ]
  run -65 --separate-stderr bash -c 'printf "a,1\nb,x\n" | ogpu-guard series -c -'
  [ "$stderr" = "ogpu-guard series: stdin:2: 'x' is not a number" ]
  run -65 --separate-stderr ogpu-guard series -c <(echo 1; echo 2)
  [[ "$stderr" == *"a timestamp and a value are needed" ]]
  run -0 ogpu-guard series --csv - </dev/null
  [ -z "$output" ]
  run -64 ogpu-guard series
}

@test "retrain: no drift, drift and a better challenger, a golden set that is not given up" {
  table 3000 >old.csv
  train="ogpu-guard train --label label --normal normal --unsupervised"
  again="ogpu-guard retrain --label label --normal normal --unsupervised --model m"
  $train --csv old.csv --model m >/dev/null
  cp m first
  table 6000 | sed 2,3001d >same.csv
  run -0 $again --csv same.csv --if-drift
  jq -e '.drift == false and .swapped == false and .why == "no drift" and .mean_p > 0.4 and .mean_p < 0.6' \
    <<<"$output"
  cmp m first
  awk -F, -v OFS=, 'NR > 1 { $1 += 20; $2 += 30 } { print }' same.csv >moved.csv
  run -0 $again --csv moved.csv --golden old.csv
  jq -e '.drift and .p_moved and (.moved | map(.column)) == ["a", "b"] and .swapped == false and
    .why == "it judges the golden set worse" and .challenger.last.balanced > .champion.last.balanced' <<<"$output"
  cmp m first
  run -0 $again --csv moved.csv --if-drift
  jq -e '.swapped and .challenger.last.fpr < 0.1 and .champion.last.fpr > 0.9' <<<"$output"
  cmp m.previous first
  run -0 ogpu-guard models m m.previous --columns
  jq -se 'map(.file) == ["m", "m.previous"] and .[0].sha256 != .[1].sha256 and
    (.[0].column | map(.name)) == ["a", "b", "proto"]' <<<"$output"
  run -65 --separate-stderr $again --csv <(echo a,b,label; echo 1,1,normal)
  [[ "$stderr" == *"column 'proto' of the model is missing" ]]
  run -66 ogpu-guard models nothing
  run -64 ogpu-guard models
}

@test "poisoning is bounded: one owner's share, and rows that are left out" {
  table 2500 | awk -F, -v OFS=, 'NR == 1 { print $0, "who", "young"; next } { print $0, "w" NR % 40, 0 }' >t.csv
  # one owner sends as much again of what it wants to be normal
  table 2500 | awk -F, -v OFS=, 'NR > 1 { print 5, -5, "tcp", "normal", "evil", 0 }' >>t.csv
  table 500 | awk -F, -v OFS=, 'NR > 1 { print 5, -5, "tcp", "normal", "new" NR, 1 }' >>t.csv
  learn="ogpu-guard train --csv t.csv --label label --normal normal --unsupervised"
  run -0 $learn --owner who --exclude young --model bounded
  jq -e '.rows > 2550 and .rows < 2850 and .columns == 3' <<<"$output"
  run -0 $learn --ignore who,young --model fooled
  p() { printf 'a,b,proto\n5,-5,tcp\n' | ogpu-guard score --csv - --model "$1" | jq .p; }
  [ "$(jq -n "$(p bounded) < 0.25 and $(p fooled) > 0.5")" = true ]
  run -64 ogpu-guard train --csv t.csv --label label --owner nobody -u --model m
}

@test "explain: the column that is odd, what is usual, every member" {
  table 3000 >t.csv
  ogpu-guard train --csv t.csv --label label --normal normal --unsupervised --model m >/dev/null
  printf 'proto,b,a\ntcp,5.1,5\ntcp,5.1,500\ngre,5.1,5\n' >odd.csv
  run -0 --separate-stderr ogpu-guard explain --csv odd.csv --model m
  # a and b go together: where one of them is off, both are named
  jq -se 'map(.row) == [0, 1, 2] and (.[1] | .kind == "explanation" and .alert and
    (.top[:2] | map(.column) | sort) == ["a", "b"] and
    (.top[] | select(.column == "a") | .value == "500" and .usual > 0 and .deviations > 3)) and
    .[2].top[0].column == "proto" and .[2].top[0].usual == "tcp" and
    (.[0].members | keys) == ["hist", "hst", "iforest", "near", "pca"]' <<<"$output"
  run -0 ogpu-guard explain --csv odd.csv --model m --top 1 2
  jq -e '.row == 2 and (.top | length) == 1' <<<"$output"
  # the same verdict as score gives
  [ "$(ogpu-guard explain --csv t.csv --model m | jq -c '[.row, .alert]')" = \
    "$(ogpu-guard score --csv t.csv --model m | jq -c '[.row, .alert]')" ]
  run -65 ogpu-guard explain --csv odd.csv --model m 3
  run -64 ogpu-guard explain --csv odd.csv --model m x
  run -64 ogpu-guard explain --csv odd.csv
}
