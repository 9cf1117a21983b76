#!/usr/bin/env bats
# contract-fuzz.bats - ogpu-contract fuzz: findings with sequences that can be run again, its exits.
load helpers

# takes ether; pays all of it to any caller with calldata
PURSE=36600557005b5f5f5f5f47335af100

@test "fuzz: a finding has transactions that show it, run again by --replay" {
  run -1 --separate-stderr ogpu-contract fuzz $PURSE --runs 2000
  [ -z "$stderr" ]
  jq -e '.kind == "finding" and .tool == "fuzz" and .class == "unprotected_ether_withdrawal" and .swc == "SWC-105" and
    (.witness.transactions | length) == 2 and .witness.transactions[0].from == "user" and
    (.witness.gain_wei | startswith("0x"))' <<<"$output"
  printf '%s\n' "$output" >found.jsonl
  run -1 ogpu-contract fuzz $PURSE --replay found.jsonl
  jq -e '.class == "unprotected_ether_withdrawal"' <<<"$output"
  [ "$(jq -S .witness.transactions found.jsonl)" = "$(jq -S .witness.transactions <<<"$output")" ]
  # against a contract that only takes ether the same shows nothing
  run -0 ogpu-contract fuzz 00 --replay found.jsonl
  [ -z "$output" ]
}

@test "fuzz: seeds decide" {
  run -1 ogpu-contract fuzz $PURSE --runs 500 --seed 7
  first=$output
  run -1 ogpu-contract fuzz $PURSE --runs 500 --seed 7
  [ "$first" = "$output" ]
}

@test "fuzz: nothing found, a report, what is refused" {
  run -0 --separate-stderr ogpu-contract fuzz 00 --runs 100
  [ -z "$output$stderr" ]
  run -1 ogpu-contract fuzz -H 33ff --runs 100
  [[ $output == *'100 sequences'*'unprotected_selfdestruct'*'witness'* ]]
  run -64 ogpu-contract fuzz
  run -64 ogpu-contract fuzz 00 --runs 0
  run -66 ogpu-contract fuzz 00 --replay nowhere.jsonl
  echo '{"kind":"finding","witness":{"transactions":[{"from":"nobody"}]}}' >bad.jsonl
  run -65 --separate-stderr ogpu-contract fuzz 00 --replay bad.jsonl
  [[ $stderr == *'bad.jsonl:1: transaction 0 is malformed'* ]]
  run -65 ogpu-contract fuzz 0
}

@test "fuzz: the corpus: theft, reentrancy, a failed assertion, destruction, a loop; no twin" {
  corpus=${OGPU_SHARED:-../shared}/evm/contracts/dev
  [ -d "$corpus" ] || skip "$corpus is not there"
  for name in tipjar_reent open_withdraw kill_anyone plugin_delegate vault_txorigin supply_invariant; do
    class=$(jq -r .class "$corpus/$name.json")
    run -1 ogpu-contract fuzz "$corpus/$name.json" --runs 6000
    jq -se --arg class "$class" 'any(.[]; .class == $class)' <<<"$output" || { echo "$name: no $class"; false; }
    run ogpu-contract fuzz "$corpus/${name}_safe.json" --runs 2000
    [ "$status" -le 1 ]
    jq -se --arg class "$class" 'all(.[]; .class != $class)' <<<"$output" || {
      echo "$name: $class in the twin"
      false
    }
  done
}
