#!/usr/bin/env bats
# makespan.bats - ogpu-match --makespan on files of all kinds, and --schedule of what waits.

load helpers

setup() {
  common_setup
  export OGPU_KEYS=$BATS_TEST_TMPDIR/keys
}

@test "a record for each file, in its unit and with its decimals; no state is needed" {
  printf '3 2 0\n1.50\n2\n2.25\n1\n3\n4\n' >a
  printf '2 3\n1 9 9\n9 1 9\n' >b
  run -0 --separate-stderr ogpu-match --makespan a b
  [ "${#lines[@]}" -eq 2 ]
  want='{"bound":*,"file":"a","gap_ppm":*,"kind":"makespan","m":2,"makespan":3.00,"n":3,"seconds":*,"v":1}'
  # shellcheck disable=SC2053 # a pattern
  [[ ${lines[0]} == $want ]]
  [[ ${lines[0]} == *',"kind":"makespan","m":2,"makespan":3.00,"n":3,"seconds":'*',"v":1}' ]]
  [[ ${lines[1]} == *'"file":"b"'*'"makespan":1,'* ]]
  jq -se 'all(.bound <= .makespan and .seconds >= 0)' <<<"$output"
  run -0 ogpu-match --makespan - <a
  [[ $output == *'"file":"-"'*'"makespan":3.00,'* ]]
  run -0 ogpu-match -H --makespan a b
  [[ ${lines[0]} == FILE*MAKESPAN*BOUND* ]]
  [ "${#lines[@]}" -eq 3 ]
}

@test "the assignment gives the makespan, the prices the bound" {
  awk 'BEGIN { srand(7); print 40, 5, 0; for (i = 0; i < 200; i++) printf "%.3f\n", 1 + 99 * rand() }' >a
  run -0 --separate-stderr ogpu-match --makespan --assignment a
  jq -e --slurpfile t a '
    $t[3:] as $p | . as $r
    | [range(5) as $j | [range(40) | select($r.assignment[.] == $j) | $p[. * 5 + $j]] | add // 0]
    | max - $r.makespan | fabs < 0.0005' <<<"$output"
  jq -e --slurpfile t a '
    $t[3:] as $p | . as $r
    | ([range(40) as $i | [range(5) as $j | $r.prices[$j] * $p[$i * 5 + $j]] | min] | add)
      / ($r.prices | add) <= $r.bound + 0.0005' <<<"$output"
  jq -e '.bound <= .makespan and .gap_ppm < 100000' <<<"$output"
}

@test "the same answer twice, and options may stand behind the files" {
  awk 'BEGIN { srand(3); print 60, 4, 0; for (i = 0; i < 240; i++) print 1 + int(1e6 * rand()) }' >a
  ogpu-match --makespan a --assignment | jq -S 'del(.seconds)' >one
  ogpu-match --makespan --assignment -- a | jq -S 'del(.seconds)' >two
  cmp one two
  run -0 ogpu-match --makespan a --budget-ms 1
  jq -e '.bound <= .makespan' <<<"$output"
}

@test "bad files are told in one line each, the others are done" {
  printf '2 1 0\n4\n5\n' >good
  printf '2 2 0\n1 2 3' >short
  printf '2 2 0\n1 2 x 4\n' >word
  : >empty
  run -65 --separate-stderr ogpu-match --makespan short good word empty good
  [ "${#lines[@]}" -eq 2 ]
  [[ ${lines[1]} == *'"makespan":9,'* ]]
  # shellcheck disable=SC2154
  [ "${#stderr_lines[@]}" -eq 3 ]
  [[ $stderr == *"'word': word 6: 'x' is not a time"* ]]
  [[ $stderr == *"'short': 6 numbers are not"* ]]
  [[ $stderr == *"'empty': holds no numbers"* ]]
  run -66 --separate-stderr ogpu-match --makespan nowhere good
  [ "${#lines[@]}" -eq 1 ]
  [[ $stderr == *"cannot open 'nowhere'"* ]]
  run -66 ogpu-match --makespan nowhere short
  mkdir folder
  run ogpu-match --makespan folder
  [ "$status" -ge 65 ]
}

@test "hostile sizes and bytes are 65" {
  printf '67108864 67108864 0\n1' >sizes
  printf '1 1 0\n1e64\n' >great
  printf '1 1 0\n\001\377\n' >bytes
  head -c 100000 /dev/zero >zeros
  for f in sizes great bytes zeros; do
    run -65 --separate-stderr ogpu-match --makespan $f
    [ "${#stderr_lines[@]}" -eq 1 ]
  done
  printf '2 2 0\n1 2 3 4\n' >"$(printf 'a"\377\n')"
  run -0 ogpu-match --makespan "$(printf 'a"\377\n')"
  jq -e '.makespan == 3' <<<"$output"
}

@test "wrong use is 64, a full disk 74" {
  printf '1 1 0\n4\n' >a
  run -64 ogpu-match --makespan
  run -64 ogpu-match --assignment --once
  run -64 ogpu-match --makespan --once a
  run -64 ogpu-match --makespan --budget-ms 0 a
  run -64 ogpu-match a
  run -74 bash -c 'ogpu-match --makespan a >/dev/full'
  run -74 bash -c 'ogpu-match -H --makespan a >/dev/full'
}

@test "published instances: near the bound within a second" {
  needs_shared match/braun/512x16
  run -0 --separate-stderr ogpu-match --makespan --budget-ms 1000 \
    "$OGPU_SHARED/match/braun/512x16/u_c_hihi.0" "$OGPU_SHARED/match/braun/512x16/u_s_lolo.0"
  jq -se 'length == 2 and all(.gap_ppm < 30000 and .n == 512 and .m == 16)' <<<"$output"
}

@test "a plan for all that waits" {
  run -78 ogpu-match --schedule
  ogpu init -q --slots 2 --mem 2GiB --mflops 100000 >init.json
  run -0 ogpu-match --schedule
  jq -e '.kind == "schedule" and .rows == 0 and .makespan_ms == 0' <<<"$output"
  ogpu-submit --sandbox none --array 0-6 -- true >/dev/null
  ogpu-submit --sandbox none --urgency 9 -- true >/dev/null
  run -0 --separate-stderr ogpu-match --schedule
  jq -se '
    (map(select(.kind == "turn"))) as $t | last as $s
    | $s.kind == "schedule" and $s.method == "makespan" and $s.rows == 8 and $s.placed == 8
      and $s.slots == 2 and $s.bound_ms <= $s.makespan_ms and ($t | length) == 8
      and ($t | map(.finish_ms) | max) == $s.makespan_ms
      and ($t | group_by([.node, .slot]) | all(sort_by(.turn) | [.[0:-1], .[1:]] | transpose
           | all(.[0].finish_ms == .[1].start_ms and .[0].turn + 1 == .[1].turn)))
      and ($t | map(select(.task == 2)) | .[0].turn == 1)' <<<"$output"
  run -0 ogpu-match -H --schedule
  [[ ${lines[0]} == *NODE*SLOT*TURN*TASK*ELEMENTS*START*FINISH* ]]
  [[ $output == *"8 of 8 rows on 2 slots, all done in "* ]]
  run -64 ogpu-match --schedule --dry-run
}

@test "a plan keeps dependencies, and says what nothing takes" {
  ogpu init -q --slots 2 --mem 2GiB --mflops 100000 >init.json
  cat >tasks <<'END'
{"argv":["/bin/true"],"array":"0-2","kind":"task","name":"first","sandbox":"none","v":1}
{"after":["first:ok"],"argv":["/bin/true"],"kind":"task","name":"then","sandbox":"none","v":1}
{"argv":["/bin/true"],"kind":"task","mem_bytes":1099511627776,"name":"vast","sandbox":"none","v":1}
{"after":["vast:ok"],"argv":["/bin/true"],"kind":"task","name":"behind","sandbox":"none","v":1}
END
  ogpu-submit <tasks >/dev/null
  run -0 --separate-stderr ogpu-match --schedule
  jq -se '
    map(select(.kind == "turn")) as $t | last as $s
    | $s.method == "heft" and $s.rows == 6 and $s.placed == 4
      and ($t | map(select(.task == 1).finish_ms) | max) <= ($t[] | select(.task == 2).start_ms)
      and ($t | map(select(.waits).task)) == [3, 4]' <<<"$output"
}
