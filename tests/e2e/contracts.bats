#!/usr/bin/env bats
# contracts.bats - contracts of the chain: deploy, call, view, logs, abi, show, audit, the upgrade.
load helpers

KIT=$BATS_TEST_DIRNAME/../data/contracts/Kit.json

chain() {
  ogpu init --mflops 100000 --account bob --alg ed25519 "$@" >/dev/null 2>&1
}

addr() {
  ogpu-keygen --show "$1" | jq -r .address
}

# kit [ARG ...]: deploys Kit, prints its address.
kit() {
  ogpu-contract deploy --force "$@" "$KIT" 7 'my kit' | jq -r .contract
}

@test "a contract is deployed, called, viewed, and what it logged is listed" {
  chain
  me=$(addr default)
  run -0 --separate-stderr ogpu-contract deploy --force --value 10 "$KIT" 7 'my kit'
  jq -e '.kind == "contract_receipt" and .status == "success" and (.gas_used | tonumber) > 500000' <<<"$output"
  a=$(jq -r .contract <<<"$output")
  [ "$(ogpu show "$a" | jq -r .balance)" = 10000000000 ]
  ogpu show "$a" | jq -e --arg me "$me" '.contract.creator == $me and .contract.slots == 2 and .seq == "1"'
  run -0 ogpu-contract view "$a" name
  jq -e '.result == ["my kit"] and .status == "success"' <<<"$output"
  run -0 ogpu-contract call --value 1.5 "$a" put 'grüße'
  jq -e --arg me "$me" '.logs[0].event == "Put" and .logs[0].args == {who: $me, value: "1500000000000000000",
    note: "grüße"}' <<<"$output"
  run -0 ogpu-contract view "$a" kept "$me"
  jq -e '.result == ["1500000000000000000"]' <<<"$output"
  run -0 ogpu-contract call "$a" bump
  jq -e '.result == ["8"]' <<<"$output"
  run -0 ogpu-contract call --value 2 "$a"
  run -0 ogpu-contract call "$a" 0x68110b2f
  run -1 ogpu-contract call "$a" 0x694e80c4
  run -0 ogpu-contract call "$a" spawn 3
  child=$(jq -r '.result[0]' <<<"$output")
  [ "$(ogpu show "vm_account:$child" | jq .dust_wei)" = 3 ]
  run -0 ogpu-contract logs "$a"
  [ "$(jq -r .event <<<"$output" | tr '\n' ' ')" = 'Put Made ' ]
  run -0 ogpu-contract logs -e Made -n 1 "$a"
  jq -e --arg child "$child" '.args.child == $child and .kind == "log" and .height > 0' <<<"$output"
  [ -z "$(ogpu-contract logs --since 1000 "$a")" ]
  ogpu-validate --seal
  ogpu-validate --audit | jq -e .ok
}

@test "what fails is paid for and changes nothing; what cannot run is not" {
  chain
  a=$(kit)
  had=$(ogpu show "$(addr default)" | jq -r .balance)
  run -1 --separate-stderr ogpu-contract call "$a" want 5
  jq -e '.status == "revert" and .error == {name: "TooLow", args: {have: "0", want: "5"}}' <<<"$output"
  (($(ogpu show "$(addr default)" | jq -r .balance) < had - 21000))
  run -1 ogpu-contract call -g 90000 --gas-price 2gr "$a" spin
  jq -e '.status == "out_of_gas" and .gas_used == "90000" and .gas_price == "2"' <<<"$output"
  run -1 ogpu-contract view "$a" get 5
  jq -e '.status == "revert" and .error == "panic 0x32 (index out of bounds)"' <<<"$output"
  [ "$(ogpu-contract view "$a" count | jq -r '.result[0]')" = 7 ]
  run -65 ogpu-contract call -g 100 "$a" bump
  [[ $output == *'intrinsic gas'* ]]
  run -65 ogpu-contract call -g 999999999 "$a" bump
  [[ $output == *'a transaction may have'* ]]
  run -65 ogpu-contract call "$a" nothing
  run -65 ogpu-contract call "$a" bump 1
  run -65 ogpu-contract call "$a" want -- 1
  run -64 ogpu-contract call --value 1 "$a" bump
  run -1 ogpu-contract call "$(addr bob)" bump
  [[ $output == *'there is no contract'* ]]
  run -64 ogpu-contract call
  run -64 ogpu-contract deploy --force "$KIT" 1
  run -66 ogpu-contract deploy nowhere.json
  echo '{"abi":[]}' >empty.json
  run -65 ogpu-contract deploy empty.json
  [[ $output == *'no creation code'* ]]
  echo 'xx' >bad.hex
  run -65 ogpu-contract deploy bad.hex
  ogpu-validate --audit | jq -e .ok
}

@test "values of every type go in and come out" {
  chain
  a=$(kit)
  me=$(addr default)
  run -0 ogpu-contract view "$a" echo 255 -1 true 0x0102 0xaabbcc
  jq -e '.result == ["255", "-1", true, "0x0102", "0xaabbcc"]' <<<"$output"
  run -0 ogpu-contract view "$a" echoLists "[\"$me\",\"0x0000000000000000000000000000000000000001\"]" \
    '["a","ü",""]' '[["-1"],["127","-128"]]'
  jq -e --arg me "$me" '.result[0][0] == $me and .result[1] == ["a", "ü", ""] and
    .result[2] == [["-1"], ["127", "-128"]]' <<<"$output"
  run -0 ogpu-contract call "$a" add '{"id":7,"name":"n","prices":["-5","32767"],"tag":"0xabcdef01"}'
  run -0 ogpu-contract call "$a" add '[8,"",[],"0x00000000"]'
  jq -e '.result == ["2"]' <<<"$output"
  run -0 ogpu-contract view "$a" get 0
  jq -e '.result == [{id: "7", name: "n", prices: ["-5", "32767"], tag: "0xabcdef01"}]' <<<"$output"
  run -0 ogpu-contract abi "$KIT" bump
  [ "$(jq -r .data <<<"$output")" = 0x68110b2f ]
  run -0 ogpu-contract abi "$KIT" input 0x68110b2f
  jq -e '.signature == "bump()"' <<<"$output"
  run -0 ogpu-contract abi "$KIT" decode count "0x$(printf '%064d' 9)"
  jq -e '.result == ["9"]' <<<"$output"
  run -0 ogpu-contract abi "$KIT"
  jq -se 'any(.[]; .signature == "add((uint64,string,int16[],bytes4))" and .selector != null) and
    any(.[]; .item == "event" and (.topic | length) == 66)' <<<"$output"
}

@test "show and proofs know contracts" {
  chain
  a=$(kit)
  ogpu-contract call "$a" put x >/dev/null
  tx=$(ogpu-contract call "$a" bump | jq -r .tx)
  run -0 ogpu show "$tx"
  jq -e '.kind == "tx" and .receipt.kind == "contract_receipt" and .receipt.status == "success"' <<<"$output"
  run -0 ogpu show "receipt:$tx"
  jq -e --arg a "$a" '.kind == "contract_receipt" and .contract == $a' <<<"$output"
  ogpu-validate --seal
  ogpu show --proof "receipt:$tx" >proof.json
  ogpu-validate --proof proof.json | jq -e .ok
  for row in "vm_account:$a" "vm_contract:$a" "vm_slot:$a:$(printf '%064d' 1)"; do
    ogpu show --proof "$row" >proof.json
    ogpu-validate --proof proof.json | jq -e .ok
  done
  run -0 ogpu show "vm_slot:$a:$(printf '%064d' 1)"
  jq -e '.value == "0000000000000000000000000000000000000000000000000000000000000008"' <<<"$output"
}

@test "compiled contracts of every compiler since 0.4.26 deploy unchanged" {
  needs_shared evm/contracts/dev
  chain
  n=0
  for f in "$OGPU_SHARED"/evm/contracts/dev/*.json; do
    run ogpu-contract deploy --force --gas 9000000 "$f"
    [ "$status" -eq 0 ] || { echo "$f: $output" && return 1; }
    jq -e '.status == "success"' <<<"$output" >/dev/null
    n=$((n + 1))
  done
  [ "$n" -gt 20 ]
  # state and money of one of them
  a=$(ogpu-contract deploy --force "$OGPU_SHARED/evm/contracts/dev/tipjar_reent.json" | jq -r .contract)
  ogpu-contract call --value 2 "$a" put
  [ "$(ogpu-contract view "$a" kept "$(addr default)" | jq -r '.result[0]')" = 2000000000000000000 ]
  ogpu-contract call "$a" drain
  [ "$(ogpu show "$a" | jq -r .balance)" = 0 ]
  ogpu-validate --seal
  ogpu-validate --audit | jq -e .ok
}

@test "a chain of protocol 1 has no contracts until it is upgraded" {
  chain --param protocol=1
  ogpu show params | jq -e '.params.protocol == "1" and (.params | has("block_gas") | not)'
  run -65 ogpu-contract deploy --force "$KIT" 7 x
  [[ $output == *"protocol is 1"* ]]
  run -64 ogpu-stake --upgrade 1
  run -65 ogpu-stake --upgrade 3
  run -65 ogpu-stake --params block_gas=5000000
  run -0 ogpu-stake --upgrade 2
  ogpu-validate --seal
  ogpu show params | jq -e '.params.protocol == "2" and .params.block_gas != null'
  ogpu show version:2 | jq -e '.before != .after and .height > 0'
  a=$(kit)
  [ "$(ogpu-contract view "$a" count | jq -r '.result[0]')" = 7 ]
  ogpu-validate --seal
  ogpu-validate --audit | jq -e '.ok and .blocks >= 2'
  run -0 ogpu-stake --params block_gas=5000000
}

@test "a block takes no more gas than it has; what does not fit goes into the next" {
  chain --param block_gas=1000000
  a=$(kit --gas 500000) || true
  [ "$a" = null ] # too dear for such blocks
  chain() { :; }
  rm -rf "$OGPU_HOME" "$XDG_CONFIG_HOME/ogpu"
  ogpu init --mflops 100000 --alg ed25519 --param block_gas=4000000 --param block_ms=3600000 >/dev/null 2>&1
  a=$(kit)
  for i in 1 2 3 4; do
    run -1 ogpu-contract call -g 1900000 "$a" spin
    jq -e '.gas_used == "1900000"' <<<"$output"
  done
  [ "$(ogpu status | jq .height)" -ge 2 ]
  ogpu-validate --audit | jq -e .ok
}

@test "the system contracts stand on a chain and say what the ledger pays" {
  chain
  pay=0x0000000000000000000000000000000000000a00
  dir=$BATS_TEST_DIRNAME/../../contracts
  # rate 10^9 a 10^9 MFLOP, 5,000 MFLOP, lambda 1, at most 10^9
  run -0 ogpu-contract view -a "$dir/Pay.json" "$pay" pay 1000000000 5000 1000000 1000000000
  jq -e '.result == ["5000"]' <<<"$output"
  run -0 ogpu-contract view -a "$dir/Market.json" "${pay%0}1" price 1000000 0 1000 600000
  jq -e '.result == ["875000"]' <<<"$output"
  run -0 ogpu-contract view -a "$dir/Stake.json" "${pay%0}2" slash 10 30
  jq -e '.result == ["10"]' <<<"$output"
  # a call of them in a transaction moves nothing
  run -0 ogpu-contract call -a "$dir/Stake.json" "${pay%0}2" slash 10 30
  # and what a lease is paid is theirs to say
  ogpu run --sandbox none -- true
  id=$(ogpu show 1 | jq '.leases[0].id')
  ogpu show "lease:$id" >lease
  run -0 ogpu-contract view -a "$dir/Pay.json" "$pay" pay "$(jq -r .rate lease)" "$(jq -r .units lease)" \
    "$(jq -r .lambda_ppm lease)" "$(jq -r .amount lease)"
  [ "$(jq -r '.result[0]' <<<"$output")" = "$(jq -r .pay lease)" ]
  ogpu-validate --audit | jq -e .ok
}

@test "what the check finds severe is not deployed, and reports stand on the chain by their hash" {
  chain
  run -1 --separate-stderr ogpu-contract deploy "$KIT" 7 x
  jq -se 'any(.[]; .severity == "high" and .class == "unprotected_ether_withdrawal")' <<<"$output"
  [[ $stderr == *'--force deploys it all the same'* ]]
  a=$(kit)
  report=$(ogpu show "$a" | jq -r .contract.report)
  ogpu show "$a" | jq -e '.contract.analyser | startswith("ogpu-contract check ")'
  sha256sum <"$OGPU_HOME/blobs/${report:0:2}/$report" | grep -q "^$report"
  grep -q unprotected_ether_withdrawal "$OGPU_HOME/blobs/${report:0:2}/$report"
  # nothing severe
  run -0 ogpu-contract deploy "$BATS_TEST_DIRNAME/../../contracts/Pay.json"
  ogpu-validate --audit | jq -e .ok
}

@test "a contract orders a task, pays for it, and is called at its end" {
  chain
  order=$BATS_TEST_DIRNAME/../data/contracts/Order.json
  a=$(ogpu-contract deploy "$order" | jq -r .contract)
  # a spec that the node has: that of a task of one's own
  spec=0x$(ogpu-submit --sandbox none -- true | jq -r .id | xargs -I{} ogpu show {} | jq -r .spec)
  task='{"limit_ms":10000,"line":0,"max_price":"500000","verify":"accept"}'
  run -1 ogpu-contract call --value 0.0005 "$a" order "$spec" "$task" 200000
  jq -e '.error | contains("below the task")' <<<"$output"
  run -0 ogpu-contract call --value 0.001 "$a" order "$spec" "$task" 200000
  id=$(jq -r '.result[0]' <<<"$output")
  [ "$(ogpu show 2 | jq -r .owner)" = "$a" ]
  ogpu-contract view "$a" status "$id" | jq -e '.result[0].state == "2" and .result[0].number == "2"'
  ogpu-match --once --quiet || true
  ogpu-worker --once --quiet || true
  [ "$(ogpu show 2 | jq -r '.leases[0].state')" = revealed ]
  root=$(ogpu show "lease:$(ogpu show 2 | jq '.leases[0].id')" | jq -r .root)
  ogpu-contract view "$a" status "$id" | jq -e --arg root "0x$root" '.result[0].root == $root'
  ogpu-validate --seal
  ogpu-validate --audit | jq -e .ok
}

@test "the rules are proved: no overflow, paid at most once, payouts within the escrow" {
  for name in Pay Market Stake; do
    run -0 --separate-stderr ogpu-contract prove -H "$BATS_TEST_DIRNAME/../../contracts/${name}Check.json"
    [[ $stderr != *Z3* ]] || skip "$stderr"
    grep -q '^  proved   assertions' <<<"$output"
    ! grep -qE '^  (unknown|refuted)' <<<"$output" || return 1
  done
}

@test "the committed contracts are what solc makes of their sources" {
  run "$BATS_TEST_DIRNAME/../evm/solc.sh"
  [ "$status" -ne 77 ] || skip "${output#skip: }"
  [ "$status" -eq 0 ]
}
