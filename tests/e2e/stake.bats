#!/usr/bin/env bats
# stake.bats - ogpu-stake: nodes join, bond, unbond, leave; statements add up; pay is explained.
load helpers

setup() {
  common_setup
  ogpu init -q --mflops 100000 --account bob,amount=500 >init.json
}

field() { jq -er "$1" <<<"$output"; }
addr() { jq -r --arg n "$1" '.accounts[] | select(.name == $n) | .addr' init.json; }
node() { ogpu show "node:$1" | jq -er "$2"; }

# the lines of an account's statement, summed with jq's exact strings, against its balance
adds_up() { # ACCOUNT
  ogpu-stake --statement --account "$1" >lines
  local sum=0 d
  for d in $(jq -r 'select(.kind == "move") | .delta' lines); do sum=$((sum + d)); done
  [ "$sum" = "$(jq -r 'select(.kind == "balance") | .balance' lines)" ]
  [ "$sum" = "$(jq -r 'select(.kind == "balance") | .now' lines)" ]
  [ "$sum" = "$(ogpu show "$(jq -r 'select(.kind == "balance") | .account' lines)" | jq -r .balance)" ]
  # each line's running balance is the one before plus its delta
  jq -s '[.[] | select(.kind == "move")] | . as $m | [range(1; length)] |
    all(.[]; ($m[.].balance | tonumber) - ($m[. - 1].balance | tonumber) == ($m[.].delta | tonumber))' lines |
    grep -qx true
}

@test "lists nodes: records, and a table with -H" {
  run -0 --separate-stderr ogpu-stake
  [ -z "$stderr" ]
  jq -e '.kind == "node" and .id == 1 and .bond == "1000000000000" and .locked == "0" and
    .select_ppm == 1000000 and .reliability_ppm == 500000 and .streak == "0" and .weight > 0 and
    .capacity_mflops_per_s > 0' <<<"$output"
  run -0 ogpu-stake -H
  [[ ${lines[0]} == "NODE  STATE"*"OWNER" ]]
  [[ ${lines[1]} == *" active "*" 1000 "*"100.0000%"* ]]
}

@test "bond and unbond" {
  run -0 --separate-stderr ogpu-stake --bond 5.5
  jq -e '.kind == "sent" and .tx == "stake.bond"' <<<"$output"
  [ "$(node 1 .bond)" = 1005500000000 ]
  run -0 ogpu-stake --unbond 2 --node 1
  [ "$(node 1 .bond)" = 1003500000000 ]
  [ "$(ogpu status | jq -r .unbonding)" = 2000000000 ]
  run -65 --separate-stderr ogpu-stake --unbond 5000
  [[ $stderr == "ogpu-stake: "*"of the bond are free"* ]]
  run -65 ogpu-stake --unbond 1 --node 1 --key bob
  run -0 ogpu-stake --bond 1 --node 1 --key bob
  run -65 ogpu-stake --bond 10000 --node 1 --key bob
  run -1 --separate-stderr ogpu-stake --bond 1 --key bob
  [[ $stderr == "ogpu-stake: the key 'bob' is no node" ]]
  run -65 ogpu-stake --bond 1 --node 7
  [ "$(ogpu status | jq -r .supply)" = 1000000000000000 ]
}

@test "a node joins with a measured capacity, a bond and an owner" {
  run -0 --separate-stderr ogpu-stake --join --key bob --threads 1 --share 50% --slots 2 --mem 2GiB \
    --bond 100 --capacity-ms 10 --max-lock 20 --min-rate 0.5 --classes program --submitter default
  [ "${#lines[@]}" -eq 2 ]
  [ "$(jq -r .number <<<"${lines[0]}")" = 2 ]
  run -0 ogpu show node:2
  jq -e --arg bob "$(addr bob)" '.owner == $bob and .addr == $bob and .bond == "100000000000" and
    .max_lock == "20000000000" and .min_rate == "500000000" and .classes == "program" and
    .measured > 0 and .offered == (.measured / 2 | floor) and (.slots | length) == 2 and
    .slots[0].cores == 1 and .slots[0].mem_bytes == 1073741824' <<<"$output"
  [[ $(field .submitters) == *"$(addr default)"* ]]
  [ "$(stat -c %a "$XDG_CONFIG_HOME/ogpu/keys/bob.vrf.pem")" = 600 ]
  run -65 --separate-stderr ogpu-stake --join --key bob --capacity-ms 10
  [[ $stderr == *"is node 2 already"* ]]
}

@test "an owner who agrees, and one who does not" {
  ogpu-keygen box >box.json
  ogpu-submit --transfer "$(jq -r .address box.json)" --amount 50 >/dev/null
  run -0 ogpu-stake --join --key box --owner default --bond 20 --capacity-ms 10
  [ "$(node 2 .owner)" = "$(addr default)" ]
  [ "$(node 2 .addr)" = "$(jq -r .address box.json)" ]
  run -0 ogpu-stake --unbond 1 --node 2 # by the owner
  run -65 ogpu-stake --unbond 1 --node 2 --key box
  run -66 ogpu-stake --join --key bob --owner nobody --capacity-ms 10
  # an owner without a transaction has no key on the chain to check the signature with
  ogpu-keygen fresh >fresh.json
  ogpu-submit --transfer "$(jq -r .address fresh.json)" --amount 50 >/dev/null
  run -65 --separate-stderr ogpu-stake --join --key fresh --owner bob --capacity-ms 10
  [[ $stderr == *"the owner's account has no key yet"* ]]
}

@test "update changes only what is given" {
  capacity=$(node 1 .measured)
  run -0 ogpu-stake --update --max-lock 7
  [ "$(node 1 .max_lock)" = 7000000000 ]
  [ "$(node 1 .measured)" = "$capacity" ]
  run -0 ogpu-stake --update --slots 3 --threads 1 --capacity-ms 10
  [ "$(node 1 '.slots | length')" = 3 ]
  [ "$(node 1 .max_lock)" = 7000000000 ]
  run -0 ogpu-stake --update --submitter bob --submitter default
  run -0 ogpu-stake --update --submitter all
  [ "$(ogpu show node:1 | jq -r .submitters)" = "" ]
  run -64 ogpu-stake --update
  run -1 ogpu-stake --update --key bob --slots 1
}

@test "leave: no more work, the bond waits" {
  ogpu-stake --join --key bob --bond 100 --capacity-ms 10 >/dev/null
  run -65 ogpu-stake --leave 1 --key bob
  run -0 ogpu-stake --leave 2 --key bob
  [ "$(node 2 .state)" = left ]
  [ "$(ogpu status | jq -r .unbonding)" = 100000000000 ]
  run -65 ogpu-stake --leave 2 --key bob
}

@test "links, keys revoked" {
  ogpu-stake --join --key bob --bond 100 --capacity-ms 10 >/dev/null
  run -0 ogpu-stake --link 1 --latency 250 --bandwidth 1GiB --key bob
  run -0 ogpu show link:2:1
  jq -e '.latency_us == 250 and .bytes_per_s == 1073741824' <<<"$output"
  run -65 ogpu-stake --link 2 --latency 1 --bandwidth 1 --key bob
  run -0 ogpu-stake --revoke consensus --key bob
  [ "$(node 2 .cons_pub)" = "" ]
  run -1 --separate-stderr ogpu-stake --revoke seal
  [[ $stderr == "ogpu-stake: node 1 has no seal key" ]]
  run -64 ogpu-stake --revoke door
}

@test "parameters change by the weight whose keys are here" {
  run -0 ogpu-stake --params min_bond=20000000000 --params rate=7
  [ "$(ogpu show param:rate | jq -r .value)" = 7 ]
  run -0 ogpu-stake --params rate=8 --key bob # anybody may carry the votes
  [ "$(ogpu show param:rate | jq -r .value)" = 8 ]
  mv "$XDG_CONFIG_HOME/ogpu/keys/default.consensus.pem" away
  run -65 --separate-stderr ogpu-stake --params rate=9 --key bob
  [[ $stderr == *"two thirds"* || $stderr == *"nobody"* ]]
  run -64 ogpu-stake --params nothing=1
  run -64 ogpu-stake --params round_rows=0
}

@test "statements add up to the balance" {
  ogpu-submit --sandbox none --array 0-3 -- true | ogpu-match | ogpu-worker | ogpu-validate >/dev/null
  ogpu-stake --bond 3 >/dev/null
  ogpu-submit --transfer "$(addr bob)" --amount 1.25 >/dev/null
  ogpu-stake --unbond 1 >/dev/null
  adds_up default
  grep -q '"why":"genesis"' lines
  grep -q '"why":"transfer"' lines
  adds_up bob
  adds_up "$(addr bob)"
  adds_up treasury
  run -0 ogpu-stake --statement -H
  [[ ${lines[0]} == "TIME "*"BALANCE"* ]]
  [[ $output == *"balance of $(addr default): "* ]]
}

@test "a statement of some days" {
  run -0 ogpu-stake --statement 2000-01-01 2000-12-31
  [ "${#lines[@]}" -eq 1 ]
  jq -e '.kind == "balance" and .lines == 0 and .balance == "0"' <<<"$output"
  run -0 ogpu-stake --statement 2020-01-01
  [ "${#lines[@]}" -eq 3 ]
  run -0 ogpu-stake --statement "$(date -u -d '+1 day' +%F)"
  jq -e '.lines == 0 and .opening == .balance and .balance == "998500000000000"' <<<"$output"
  run -0 ogpu-stake --statement 0 9999999999999
  [ "${#lines[@]}" -eq 3 ]
  for bad in 2026-02-30 2026-13-01 yesterday 2026-1-1 26-01-01; do
    run -64 ogpu-stake --statement "$bad"
  done
}

@test "pay is explained in the node's own numbers" {
  run -0 ogpu-stake --explain 1
  jq -e '.kind == "explain" and .rate == "1000000000" and .lambda_ppm == 1000000 and
    .c_eff_mflops_per_s == .measured_mflops_per_s and
    (.node_pay_per_hour | tonumber) == .c_eff_mflops_per_s * 3600' <<<"$output"
  run -0 ogpu-stake --explain 1 -H
  [[ $output == "P = rate * C * T * lambda"* ]]
  run -1 ogpu-stake --explain 9
}

@test "wrong calls" {
  run -64 ogpu-stake extra
  run -64 ogpu-stake --join --update
  run -64 ogpu-stake --owner bob
  run -64 ogpu-stake --node 1
  run -64 ogpu-stake --account bob
  run -64 ogpu-stake --slots 2
  run -64 ogpu-stake --latency 5
  run -64 ogpu-stake --link 1
  run -64 ogpu-stake --statement 1 2 3
  run -66 ogpu-stake --bond 1 --key nobody
  run -66 ogpu-stake --statement --account nobody
  OGPU_HOME=$PWD/none run -78 ogpu-stake
  run -74 bash -c 'ogpu-stake >/dev/full'
}

@test "a protected key needs its passphrase, from a file of one's own" {
  printf 'secret\n' >pass
  chmod 600 pass
  ogpu-keygen --passphrase-file pass carl >carl.json
  ogpu-submit --transfer "$(jq -r .address carl.json)" --amount 9 >/dev/null
  run -77 ogpu-stake --bond 1 --node 1 --key carl
  run -0 ogpu-stake --bond 1 --node 1 --key carl --passphrase-file pass
  chmod 644 pass
  run -77 ogpu-stake --bond 1 --node 1 --key carl --passphrase-file pass
}
