#!/usr/bin/env bats
# contract-prove.bats - ogpu-contract prove: proofs, refutations that run again, bounds, exits.
load helpers

need_z3() {
  run ogpu-contract prove 00
  [ "$status" -ne 69 ] || skip 'built without Z3'
}

# slot 0 becomes 1 by the word 7; then the word 9 fails an assertion
TWO_STEPS=5f35806007146015576009145f5416601357005bfe5b60015f5500
# slot 0 is only ever 0 or 1; an assertion fails at 5
INVARIANT=5f546005146010575f356001165f55005bfe

@test "prove: a refutation has a witness that the interpreter runs" {
  need_z3
  run -1 --separate-stderr ogpu-contract prove $TWO_STEPS
  [ -z "$stderr" ]
  jq -se '.[0].kind == "proof" and .[0].verdict == "refuted" and .[0].property == "assertions" and
    (.[0].witness.transactions | length) == 2 and .[1].kind == "finding" and .[1].tool == "prove" and
    .[1].class == "assertion_violation" and .[1].swc == "SWC-110"' <<<"$output"
  grep finding <<<"$output" >found.jsonl
  run -1 ogpu-contract fuzz $TWO_STEPS --replay found.jsonl
  jq -e '.class == "assertion_violation"' <<<"$output"
}

@test "prove: from any storage, by induction, within transactions; bounds are told" {
  need_z3
  run -0 ogpu-contract prove 5f35600316600714600c57005bfe
  jq -e '.verdict == "proved" and .induction == 0 and .bound.transactions == null and .bound.loops == 10 and
    .bound.loops_met == false and .witness == null' <<<"$output"
  run -0 ogpu-contract prove $INVARIANT
  jq -e '.verdict == "proved" and .induction == 1 and .invariants > 0' <<<"$output"
  # a loop as long as the input says meets its bound
  run -0 ogpu-contract prove 5f355b8015600f57600190036002565b00 --loops 3
  jq -e '.bound.loops == 3 and .bound.loops_met' <<<"$output"
  run -1 ogpu-contract prove -H $TWO_STEPS
  [[ $output == *'refuted  assertions'*'bounds: 10 forks'* ]]
}

@test "prove: arithmetic where asked" {
  need_z3
  run -1 ogpu-contract prove --overflow 60043560040260015500
  jq -se 'any(.[]; .kind == "proof" and .property == "overflow" and .verdict == "refuted") and
    any(.[]; .kind == "finding" and .class == "integer_overflow")' <<<"$output"
  run -0 ogpu-contract prove 60043560040260015500
  [ "${#lines[@]}" -eq 1 ]
}

@test "prove: the same again, what is refused" {
  need_z3
  run ogpu-contract prove $TWO_STEPS
  first=$output
  run ogpu-contract prove $TWO_STEPS
  [ "$first" = "$output" ]
  run -64 ogpu-contract prove
  run -64 ogpu-contract prove 00 --loops 0
  run -65 ogpu-contract prove 0
  run -66 ogpu-contract prove nowhere.json
}

@test "prove: the corpus' assertions and arithmetic, bugs and twins" {
  need_z3
  corpus=${OGPU_SHARED:-../shared}/evm/contracts/dev
  [ -d "$corpus" ] || skip "$corpus is not there"
  for file in "$corpus"/*.json; do
    case $(jq -r .class "$file") in
    assertion_violation) property=assertions ;;
    integer_overflow) property=overflow ;;
    *) continue ;;
    esac
    want=refuted
    [ "$(jq -r .label "$file")" != safe ] || want=proved
    run ogpu-contract prove --overflow "$file"
    [ "$status" -le 1 ]
    verdict=$(jq -r --arg p $property 'select(.kind == "proof" and .property == $p) | .verdict' <<<"$output")
    [ "$verdict" = $want ] || { echo "$file: $property $verdict, not $want"; false; }
  done
}
