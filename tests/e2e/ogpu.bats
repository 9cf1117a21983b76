#!/usr/bin/env bats
# ogpu.bats - ogpu itself: commands found, ogpu X, status, every exit status that is its own.
load helpers

@test "help and version go to stdout; no command is a usage error" {
  run -0 --separate-stderr ogpu --help
  [[ $output == "usage: ogpu "* ]]
  run -0 --separate-stderr ogpu --version
  [[ $output == "ogpu "[0-9]* ]]
  run -64 --separate-stderr ogpu
  [ -z "$output" ]
  [[ $stderr == "ogpu: a command is missing"* ]]
  run -64 ogpu --bogus
}

@test "each command answers --help and --dump-options with its own table" {
  local cmd
  for cmd in init run show status; do
    run -0 --separate-stderr ogpu "$cmd" --help
    [[ $output == "usage: ogpu $cmd "* ]]
    run -0 --separate-stderr ogpu "$cmd" --dump-options
    jq -es '.[0].kind == "tool" and all(.[1:][]; has("name"))' <<<"$output"
  done
}

@test "an unknown command is a usage error that lists what there is" {
  run -64 --separate-stderr ogpu frobnicate
  [ -z "$output" ]
  [[ $stderr == "ogpu: 'frobnicate' is no command; there are: init, run, show, status, "*submit* ]]
  run -64 ogpu ../bin/sh
  run -64 ogpu ''
}

@test "ogpu X runs ogpu-X beside it, or in PATH" {
  run -0 ogpu keygen --version
  [[ $output == "ogpu-keygen "* ]]
  mkdir bin
  printf '#!/bin/sh\necho "other $*"\nexit 3\n' >bin/ogpu-other
  chmod +x bin/ogpu-other
  PATH=$PATH:$PWD/bin run -3 ogpu other a 'b c'
  [ "$output" = "other a b c" ]
  # beside the binary comes first
  printf '#!/bin/sh\necho wrong\n' >bin/ogpu-keygen
  chmod +x bin/ogpu-keygen
  PATH=$PWD/bin:$PATH run -0 ogpu keygen --version
  [[ $output == "ogpu-keygen "* ]]
}

@test "-s before the command holds for the command" {
  ogpu -s here init -q --mflops 100000 >/dev/null
  [ -f here/ogpu.db ]
  run -0 ogpu -s here status
  [ ! -e "$OGPU_HOME" ]
}

@test "status: one record from counters; a table with -H" {
  ogpu init -q --mflops 100000 >/dev/null
  run -0 --separate-stderr ogpu status
  [ -z "$stderr" ]
  [ "${#lines[@]}" -eq 1 ]
  jq -e '.kind == "status" and .v == 1 and .height == 0 and .nodes.active == 1 and
    .supply == "1000000000000000" and .tasks.open == 0 and .lambda_ppm == 1000000' <<<"$output"
  ogpu-stake --bond 1 >/dev/null
  run -0 ogpu status
  jq -e '.open_txs >= 1 and .supply == "1000000000000000" and (.fees | tonumber) > 0' <<<"$output"
  run -0 ogpu status -H
  [[ $output == "chain "* ]]
  [[ $output == *"nodes    1 active"* ]]
}

@test "status: usage, no state, a broken stdout" {
  run -64 ogpu status extra
  run -78 --separate-stderr ogpu status
  [[ $stderr == *"run 'ogpu init'"* ]]
  ogpu init -q --mflops 100000 >/dev/null
  run -74 bash -c 'ogpu status >/dev/full'
}

@test "the binary links neither libcurl nor ncurses" {
  needs ldd
  run -0 ldd "$BUILD/bin/ogpu"
  [[ $output != *libcurl* ]]
  [[ $output != *ncurses* ]]
}

@test "ogpu(7) names every parameter of the chain, and no other" {
  ogpu init -q --mflops 100000 >/dev/null
  ogpu show param | jq -r '.params | keys[]' | sort >have
  sed -n '/^\.Ss Parameters/,/^\.Sh FILES/p' "$OGPU_ROOT/man/ogpu.7" | grep '^\.It Cm' |
    tr -s ' ,' '\n' | grep -vxE '\.It|Cm|' | sort >said
  diff have said
}

@test "the main job plays, with a clean audit" {
  mkdir files
  printf 'one\ntwo\n' >files/a
  printf 'three\n' >"files/b c"
  BIN=$BUILD/bin DIR=files run -0 "$OGPU_ROOT/examples/main-job.sh"
  [[ $output == *"primes below 3000: 430"* ]]
  [[ $output == *"TASK  NAME"*"gemm-f32  paid"*"vote"*"join"*"cmd"* ]]
  [[ $output == *'"kind":"audit","ok":true'* ]]
}
