#!/usr/bin/env bats
# contract.bats - ogpu-contract: run and statetest, their formats and exits.
load helpers

# what a state test needs, around a post and a transaction of one's own
state_test() {
  jq -n --argjson change "${1:-{\}}" '{own: ({
    env: {currentBaseFee: "0x0a", currentCoinbase: "0xcb00000000000000000000000000000000000000",
      currentDifficulty: "0x00", currentGasLimit: "0x1c9c380", currentNumber: "0x01", currentTimestamp: "0x03e8"},
    pre: {"0xa94f5374fce5edbc8e2a8697c15331677e6ebf0b": {balance: "0x0de0b6b3a7640000", code: "0x", nonce: "0x00",
        storage: {}},
      "0xc0de000000000000000000000000000000000000": {balance: "0x64", code: "0x6001600101600055604260205fa1",
        nonce: "0x00", storage: {}}},
    transaction: {data: ["0x"], gasLimit: ["0x061a80"], gasPrice: "0x0a", nonce: "0x00",
      sender: "0xa94f5374fce5edbc8e2a8697c15331677e6ebf0b", to: "0xc0de000000000000000000000000000000000000",
      value: ["0x0186a0"]},
    post: {Cancun: [{hash: "0x7856cca0c33952821615dd30826d5f6c015c023befd11fcd8ceee2eba613c923",
      logs: "0xf650bb6c8fc9d50da32506bbd0bd97988d25d3f548fab09ede0c3f8aee181e07",
      indexes: {data: 0, gas: 0, value: 0}}]}} * $change)}'
}

@test "run: hex, its output, gas and status" {
  run -0 --separate-stderr ogpu-contract run 600160020160005260206000f3
  [ -z "$stderr" ]
  jq -e '.kind == "run" and .status == "success" and .gas_used == "24" and (.seconds | type) == "number" and
    .output == "0x0000000000000000000000000000000000000000000000000000000000000003"' <<<"$output"
  run -0 ogpu-contract run 0x5f355f5260205ff3 0x2a --gas 1000
  jq -e '.output == "0x2a00000000000000000000000000000000000000000000000000000000000000"' <<<"$output"
  run -1 ogpu-contract run 60006000fd
  jq -e '.status == "revert" and .gas_used == "6"' <<<"$output"
  run -1 ogpu-contract run 5b600056 --gas 100000
  jq -e '.status == "out_of_gas" and .gas_used == "100000"' <<<"$output"
  run -1 ogpu-contract run fe --gas 50
  jq -e '.status == "invalid_opcode"' <<<"$output"
}

@test "run: files of hex and of JSON, stdin" {
  printf '0x600160020100\n' >code.hex
  run -0 ogpu-contract run code.hex
  jq -e '.gas_used == "9"' <<<"$output"
  run -0 bash -c 'echo 6001600201 | ogpu-contract run -'
  jq -e '.gas_used == "9"' <<<"$output"
  echo '{"a":{"code":"60016002015f5260205ff3"},"b":{"code":"5f355f5260205ff3","input":"07"}}' >all.json
  run -0 ogpu-contract run all.json
  [ "$(jq -r .name <<<"$output" | tr '\n' ' ')" = 'a b ' ]
  jq -se '.[1].output | startswith("0x07")' <<<"$output"
  echo '{"runtime":"6001600201","abi":[]}' >one.json
  run -0 ogpu-contract run one.json --bench
  jq -e '.gas_used == "9" and .runs >= 3 and (has("name") | not)' <<<"$output"
}

@test "run: a trace of every step on stderr" {
  run -0 --separate-stderr ogpu-contract run 6001600201 --trace --gas 100
  [ "$(jq -r .opName <<<"$stderr" | tr '\n' ' ')" = 'PUSH1 PUSH1 ADD STOP ' ]
  jq -se '.[2] == {pc: 4, op: 1, gas: "0x5e", gasCost: "0x3", memSize: 0, stack: ["0x1", "0x2"], depth: 1, refund: 0,
    opName: "ADD"}' <<<"$stderr"
  # a call's price holds the gas that it hands on; the callee is one deeper
  run -0 --separate-stderr ogpu-contract run 5f5f5f5f5f61c0de611000f100 --trace --gas 100000
  jq -se 'any(.[]; .opName == "CALL" and .gasCost == "0x1064")' <<<"$stderr"
  run -1 --separate-stderr ogpu-contract run 6001fe --trace
  jq -se '.[1].error == "invalid_opcode"' <<<"$stderr"
}

@test "run: what is refused" {
  run -64 --separate-stderr ogpu-contract run
  [[ $stderr == *'wanted: CODE'* ]]
  run -64 ogpu-contract run 00 00 00
  run -64 ogpu-contract run 00 --bench --trace
  run -64 ogpu-contract run 00 --gas -1
  run -65 --separate-stderr ogpu-contract run 600
  [[ $stderr == *'an odd number of hex digits'* ]]
  run -65 --separate-stderr ogpu-contract run 00 0xzz
  [[ $stderr == *"INPUT: 'z' at position 0 is no hex digit"* ]]
  run -66 ogpu-contract run nowhere.hex
  echo '{"code":7}' >bad.json
  run -65 ogpu-contract run bad.json
  echo '{"code":' >bad.json
  run -65 --separate-stderr ogpu-contract run bad.json
  [[ $stderr == *'bad.json:'* ]]
  run -64 ogpu-contract
  run -64 ogpu-contract fly
  run -74 bash -c 'ogpu-contract run 00 >/dev/full'
  run -0 ogpu-contract --help
  run -0 ogpu-contract statetest --version
}

@test "statetest: pass, fail, skip; the last line counts" {
  state_test >pass.json
  run -0 --separate-stderr ogpu-contract statetest pass.json
  [ "${lines[-1]}" = '1 passed, 0 failed' ]
  [ -z "$stderr" ]
  jq -e '.[0].name == "own" and .[0].pass and .[0].fork == "Cancun" and
    .[0].stateRoot == "0x7856cca0c33952821615dd30826d5f6c015c023befd11fcd8ceee2eba613c923"' \
    <<<"$(sed '$d' <<<"$output")"
  mkdir -p d/e
  state_test '{"env":{"currentNumber":"0x02"},"transaction":{"value":["0x01"]}}' >d/e/fail.json
  state_test '{"transaction":{"maxFeePerBlobGas":"0x01"}}' >d/blob.json
  cp pass.json d/
  echo 'not JSON' >d/notes.txt
  run -1 --separate-stderr ogpu-contract statetest d
  [ "${lines[-1]}" = '1 passed, 1 failed' ]
  [[ $stderr == *'1 skipped: blob transaction'* ]]
  jq -e 'length == 3 and ([.[] | select(.pass | not)] | length) == 2 and
    any(.[]; .skipped == "blob transaction") and any(.[]; .error // "" | startswith("the state root should be"))' \
    <<<"$(sed '$d' <<<"$output")"
}

@test "statetest --json: steps and roots on stderr" {
  state_test >pass.json
  run -0 --separate-stderr ogpu-contract statetest --json pass.json
  jq -se '.[0].opName == "PUSH1" and .[-1] ==
    {stateRoot: "0x7856cca0c33952821615dd30826d5f6c015c023befd11fcd8ceee2eba613c923"}' <<<"$stderr"
}

@test "statetest: a file that is none is named, the others still count" {
  mkdir d
  state_test >d/b.json
  echo '{"x":{"post":5}}' >d/a.json
  run -65 --separate-stderr ogpu-contract statetest d
  [ "${lines[-1]}" = '1 passed, 0 failed' ]
  [[ $stderr == *"d/a.json: 'x': 'post' must be an object"* ]]
  run -66 ogpu-contract statetest nowhere
  run -64 ogpu-contract statetest
  mkdir none
  run -66 --separate-stderr ogpu-contract statetest none
  [[ $stderr == *'no state test'* ]]
}

@test "every sub-test of ethereum/tests that lies in OGPU_SHARED passes" {
  needs_shared evm/dev-statetests.tar.xz
  needs tar xz
  mkdir t
  tar -xJf "$OGPU_SHARED/evm/dev-statetests.tar.xz" -C t
  ogpu-contract statetest t >out
  [ "$(tail -n 1 out)" = '5290 passed, 0 failed' ]
}

@test "the benchmark codes of OGPU_SHARED end as every machine ends them" {
  needs_shared evm/bench/all.json
  ogpu-contract run "$OGPU_SHARED/evm/bench/all.json" >out
  jq -se '(map({(.name): [.gas_used, .output[:10]]}) | add) as $r |
    $r.loop == ["100000021", "0x0b39bee7"] and $r.keccak == ["80000017", "0xbcdff42d"] and
    $r.erc20 == ["13778860", "0x"] and ($r.snailtracer[0] == "165962868") and all(.[]; .status == "success")' out
}
