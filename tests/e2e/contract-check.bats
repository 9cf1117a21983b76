#!/usr/bin/env bats
# contract-check.bats - ogpu-contract check: its inputs, records, report and exits.
load helpers

@test "check: a finding is a record, and exit 1" {
  run -1 --separate-stderr ogpu-contract check 33ff
  [ -z "$stderr" ]
  jq -e '.kind == "finding" and .v == 1 and .tool == "check" and .class == "unprotected_selfdestruct" and
    .swc == "SWC-106" and .severity == "high" and .pc == 1 and .function == "fallback" and
    (.message | length) > 0 and has("witness")' <<<"$output"
  run -0 --separate-stderr ogpu-contract check 00
  [ -z "$output$stderr" ]
}

@test "check: hex, files, stdin, creation code, what solc writes" {
  echo 0x33ff >code.hex
  run -1 ogpu-contract check code.hex
  run -1 bash -c 'echo 33ff | ogpu-contract check -'
  # creation code that returns 33ff: PUSH2 33ff PUSH1 0 MSTORE PUSH1 2 PUSH1 30 RETURN
  run -0 ogpu-contract check 6133ff6000526002601ef3
  run -1 ogpu-contract check --creation 6133ff6000526002601ef3
  jq -n '{contracts: {"f.sol": {A: {abi: [], evm: {bytecode: {object: "6133ff6000526002601ef3"},
    deployedBytecode: {object: "33ff"}}}, B: {abi: [], evm: {bytecode: {object: "600160005360016000f3"},
    deployedBytecode: {object: "00"}}}, I: {abi: [], evm: {bytecode: {object: ""}}}}}}' >solc.json
  run -1 ogpu-contract check solc.json
  [ "$(jq -r .contract <<<"$output")" = A ]
  jq -n '{contracts: {"f.sol:A": {abi: "[]", bin: "", "bin-runtime": "33ff"}}}' >combined.json
  run -1 ogpu-contract check combined.json
  jq -n '{runtime: "33ff00", abi: [{type: "function", name: "f", inputs: []}]}' >plain.json
  run -1 ogpu-contract check plain.json code.hex
  [ "${#lines[@]}" -eq 2 ]
}

@test "check: a report for people" {
  run -1 ogpu-contract check -H 33ff
  [[ $output == *'1 blocks'*'unprotected_selfdestruct'*'SWC-106'* ]]
  run -0 ogpu-contract check --human 00
  [[ $output == *'nothing found'* ]]
}

@test "check: what is refused" {
  run -64 --separate-stderr ogpu-contract check
  [[ $stderr == *'a FILE is missing'* ]]
  run -64 ogpu-contract check 00 --loops 0
  run -66 ogpu-contract check nowhere.json
  echo '{"runtime":"0"}' >bad.json
  run -65 --separate-stderr ogpu-contract check bad.json
  [[ $stderr == *'bad.json: an odd number of hex digits'* ]]
  echo '{"contracts":' >bad.json
  run -65 ogpu-contract check bad.json
  echo '{}' >bad.json
  run -65 --separate-stderr ogpu-contract check bad.json
  [[ $stderr == *'no code in it'* ]]
  # a constructor that always fails leaves nothing to look at
  run -65 --separate-stderr ogpu-contract check --creation fe
  [[ $stderr == *'the constructor fails'* ]]
  run -74 bash -c 'ogpu-contract check 33ff >/dev/full'
}

@test "check: the corpus: bugs under their class, no twin; the same twice" {
  corpus=${OGPU_SHARED:-../shared}/evm/contracts/dev
  [ -d "$corpus" ] || skip "$corpus is not there"
  local wrong=0
  for file in "$corpus"/*.json; do
    class=$(jq -r .class "$file")
    [ "$class" != assertion_violation ] || continue # what fuzz and prove are for
    found=$(ogpu-contract check "$file" | jq -r .class | grep -cx "$class" || true)
    if [ "$(jq -r .label "$file")" = safe ]; then
      [ "$found" -eq 0 ] || { echo "$file: $class in the safe twin"; wrong=1; }
    else
      [ "$found" -gt 0 ] || { echo "$file: no $class"; wrong=1; }
    fi
  done
  [ "$wrong" -eq 0 ]
  run ogpu-contract check "$corpus/tipjar_reent.json"
  first=$output
  run ogpu-contract check "$corpus/tipjar_reent.json"
  [ "$first" = "$output" ]
}
