#!/usr/bin/env bats
# capacity.bats - capacity windows: ogpu-worker --capacity.

load helpers

@test "a capacity window: shown by the worker, checked by the audit, a zero when the next is missed" {
  ogpu init -q --slots 2 --mflops 100000 --account bob \
    --param epoch_blocks=12 --param epoch_ms=1 >init.json
  ogpu-stake --update --min-rate 0 >/dev/null
  run -0 --separate-stderr timeout 60 ogpu-worker -v --once --capacity 1MiB
  [[ $stderr == *"node 1 showed "*" MFLOP/s in window "* ]]
  ogpu show node:1 >node
  shown=$(grep -o 'showed [0-9]*' <<<"$stderr" | cut -d' ' -f2)
  [ "$(jq .measured node)" = "$shown" ]
  # who says something else is not heard
  ogpu-stake --update --capacity-ms 10 >/dev/null
  [ "$(ogpu show node:1 | jq .measured)" = "$shown" ]
  # two epochs without one: the median of three is nothing
  epoch=$(ogpu status | jq .epoch)
  for _ in $(seq 60); do
    [ "$(ogpu status | jq .epoch)" -lt $((epoch + 2)) ] || break
    ogpu-stake --update --min-rate 0 >/dev/null
    ogpu-validate --seal >/dev/null
  done
  [ "$(ogpu show node:1 | jq .measured)" = 0 ]
  ogpu-validate --audit >/dev/null
}

@test "nodes of one machine run their windows one after the other" {
  ogpu init -q --mflops 100000 --member a,slots=1 --member b,slots=1 --param epoch_blocks=60 \
    --param epoch_ms=1 --param capacity_ms=100 >init.json
  run -0 --separate-stderr timeout 60 ogpu-worker -v --once --capacity 64KiB
  [ "$(grep -c "MFLOP/s in window" <<<"$stderr")" -ge 2 ]
  [ "$(ogpu show node:1 | jq '.measured > 0 and .measured != 100000')" = true ]
  [ "$(ogpu show node:2 | jq '.measured > 0 and .measured != 100000')" = true ]
  ogpu-validate --audit >/dev/null
}
