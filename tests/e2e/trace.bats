#!/usr/bin/env bats
# trace.bats - ogpu-sim --trace and ogpu-guard over events: proofs, windows, a model of them.
load helpers

@test "a trace: the same again, in the order of time, labelled" {
  run -0 ogpu-sim --trace -n 48 --hours 3 --attackers 32 --seed 5 -l l.jsonl
  printf '%s\n' "$output" >e.jsonl
  ogpu-sim --trace -n 48 --hours 3 --attackers 32 --seed 5 -l l2.jsonl | cmp - e.jsonl
  cmp l.jsonl l2.jsonl
  run -1 cmp -s <(ogpu-sim --trace -n 48 --hours 3 --attackers 32 --seed 6 -l l2.jsonl) e.jsonl
  jq -se 'all(.kind == "event" and .v == 1 and .detail.node > 0) and ([.[].time_ms] | . == sort) and
    ([.[].id] == [range(1; length + 1)])' e.jsonl
  # all sixteen ways to cheat, four of them not for training
  jq -se '[.[] | select(.attack) | .scenario] | unique | length == 16' l.jsonl
  jq -se '[.[] | select(.held_out) | .scenario] | unique == ["collude", "freerider", "malformed", "wash"]' l.jsonl
  ogpu-sim --trace -n 48 --hours 1 --attackers 20 --families training | jq -se 'all(.held_out | not)'
  ogpu-sim --trace -n 48 --hours 1 --families none | jq -se 'all(.attack | not)'
  run -64 --separate-stderr ogpu-sim
  [ "$stderr" = "ogpu-sim: --trace is needed: there is nothing else to simulate" ]
  run -73 ogpu-sim --trace -n 4 --hours 1 -l /nowhere/l
}

@test "proofs: all of them, with their evidence, and nobody honest" {
  ogpu-sim --trace -n 200 --hours 3 --attackers 120 --seed 9 -l l.jsonl >e.jsonl
  ogpu-guard score <e.jsonl >p.jsonl
  jq -se 'length > 0 and all(.kind == "proof" and (.evidence | length) == 2 and .evidence[1].node == .node)' p.jsonl
  # who replays or signs twice is proven, who copies a commit too; nobody else
  jq -r 'select(.scenario == "replay" or .scenario == "double-sign") | .node' l.jsonl | sort -u >must
  jq -r 'select(.attack) | .node' l.jsonl | sort -u >may
  jq -r .node p.jsonl | sort -u >proven
  [ -s must ]
  [ -z "$(comm -23 must proven)" ]
  [ -z "$(comm -13 may proven)" ]
  # an evidence's numbers are those of the events
  id=$(jq -s 'map(select(.rule == "double-sign"))[0].evidence[1].id' p.jsonl)
  jq -se --argjson id "$id" 'any(.id == $id and .what == "signed")' e.jsonl
}

@test "windows: a table with labels, from which a model learns, that finds the loud" {
  ogpu-sim --trace -n 100 --hours 6 --attackers 40 --intensity 0.5 --families training --seed 2 -l l.jsonl >e.jsonl
  ogpu-guard score --windows w.csv --labels l.jsonl <e.jsonl >/dev/null
  [ "$(head -1 w.csv | tr , '\n' | wc -l)" -eq 139 ]
  grep -q ',attack$' w.csv
  if ldconfig -p | grep -q libxgboost; then
    ogpu-guard train --csv w.csv --label label --ignore node,t0_ms --model m --alpha 0.001 >/dev/null
  else
    ogpu-guard train --csv w.csv --label label --ignore node,t0_ms --model m --alpha 0.001 --unsupervised \
      --normal normal >/dev/null
  fi
  ogpu-sim --trace -n 100 --hours 4 --attackers 32 --intensity 0.5 --seed 3 -l l.jsonl >e.jsonl
  ogpu-guard score --model m --explain 3 <e.jsonl | jq -c 'select(.kind == "suspicion")' >s.jsonl
  jq -se 'length > 0 and all(.p <= .threshold and (.top | length) <= 3 and (.model | length) == 64)' s.jsonl
  jq -r 'select(.attack and (.scenario == "lazy" or .scenario == "flood" or .scenario == "overclaim")) | .node' \
    l.jsonl | sort -u >loud
  jq -r .node s.jsonl | sort -u >found
  [ "$(comm -12 loud found | wc -l)" -ge "$(($(wc -l <loud) * 3 / 4))" ]
}

@test "a filter: others pass byte for byte, what is malformed ends with its place" {
  printf '{"kind":"task", "x":1}\n{"kind":"event","what":"task ended","detail":{"task":1}}\n' >in
  run -0 ogpu-guard score <in
  diff <(printf '%s\n' "$output") in
  echo '{"kind":"event","time_ms":1,"what":"late","detail":{"node":1}}' >>in
  run -65 --separate-stderr ogpu-guard score <in
  [ "$stderr" = "ogpu-guard score: stdin:3: 'lease' is missing" ]
  run -65 --separate-stderr ogpu-guard score --windows w.csv <in
  [ ! -e w.csv ]
  run -64 ogpu-guard score --labels l
  run -66 ogpu-guard score --windows w.csv --labels nowhere </dev/null
  run -64 ogpu-guard score --csv x
}
