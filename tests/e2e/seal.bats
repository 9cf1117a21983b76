#!/usr/bin/env bats
# seal.bats - ogpu-keygen --seal and --open: files sealed to keys and passphrases, as age does it.

bats_require_minimum_version 1.5.0
load helpers

@test "a sealing key: hybrid unless told otherwise, 0600, never overwritten" {
  needs jq
  run -0 --separate-stderr ogpu-keygen --sealing-key
  [ "$(jq -r '.kind + " " + .alg + " " + .name' <<<"$output")" = "sealing-key mlkem768x25519 default" ]
  [[ $(jq -r .recipient <<<"$output") == age1pq1* ]]
  [ "$(stat -c %a "$(jq -r .path <<<"$output")")" = 600 ]
  run -73 ogpu-keygen --sealing-key
  run -0 --separate-stderr ogpu-keygen --sealing-key --alg x25519 small
  [[ $(jq -r .recipient <<<"$output") =~ ^age1[a-z0-9]{58}$ ]]
  run -0 --separate-stderr ogpu-keygen --sealing-key -H third
  [[ $output == age1pq1* ]]
  run -64 --separate-stderr ogpu-keygen --sealing-key --alg ed25519 fourth
  [[ $stderr == *"'mlkem768x25519' or 'x25519'"* ]]
  # it is no identity that signs
  run -0 --separate-stderr ogpu-keygen --show
  [ -z "$output" ]
}

@test "sealed and opened: any size, by name, by text, by file, in a pipe" {
  needs jq
  local to size
  to=$(ogpu-keygen --sealing-key | jq -r .recipient)
  ogpu-keygen --sealing-key b >/dev/null
  for size in 0 1 65535 65536 65537 300000; do
    head -c "$size" /dev/urandom >plain
    ogpu-keygen --seal -r "$to" -r b <plain | ogpu-keygen --open | cmp - plain
    ogpu-keygen --seal -r b -o sealed plain
    ogpu-keygen --open -i b -o opened sealed
    cmp plain opened
    run -77 --separate-stderr ogpu-keygen --open -o opened2 sealed
    [[ $stderr == "ogpu-keygen: sealed for others"* ]]
    [ ! -e opened2 ]
  done
  printf '# friends\n%s\n\n' "$to" >friends
  ogpu-keygen --seal -r friends <plain | ogpu-keygen --open | cmp - plain
}

@test "what was changed or cut: 65, and no output file" {
  ogpu-keygen --sealing-key >/dev/null
  head -c 200000 /dev/urandom >plain
  ogpu-keygen --seal -r default -o sealed plain
  head -c 150000 sealed >short
  run -65 --separate-stderr ogpu-keygen --open -o out short
  [[ $stderr == "ogpu-keygen: short: the sealed file was changed or cut" ]]
  [ ! -e out ]
  printf 'x' | dd of=sealed bs=1 seek=100000 conv=notrunc status=none
  run -65 ogpu-keygen --open -o out sealed
  [ ! -e out ]
  run -65 --separate-stderr ogpu-keygen --open <plain
  [[ $stderr == *"no sealed file"* ]]
  run -66 ogpu-keygen --open none
}

@test "a passphrase: seals a file, protects a key" {
  (umask 077 && echo secret >pass && echo wrong >wrong)
  echo text >plain
  ogpu-keygen --seal --passphrase-file pass -o sealed plain
  [ "$(ogpu-keygen --open --passphrase-file pass sealed)" = text ]
  run -77 ogpu-keygen --open --passphrase-file wrong sealed
  ogpu-keygen --sealing-key --passphrase-file pass >/dev/null
  ogpu-keygen --seal -r default --passphrase-file pass -o sealed2 plain
  [ "$(ogpu-keygen --open --passphrase-file pass sealed2)" = text ]
  run -77 --separate-stderr ogpu-keygen --open --passphrase-file wrong sealed2
  [[ $stderr == *"the passphrase is wrong"* ]]
  run -77 --separate-stderr ogpu-keygen --open sealed2
  [[ $stderr == *"a passphrase is needed"* ]]
}

@test "wrong use is 64 and says so" {
  ogpu-keygen --sealing-key >/dev/null
  ogpu-keygen --sealing-key --alg x25519 classic >/dev/null
  run -64 --separate-stderr ogpu-keygen --seal </dev/null
  [[ $stderr == *"to whom?"* ]]
  run -64 --separate-stderr ogpu-keygen --seal -r default -r classic </dev/null
  [[ $stderr == *"cannot be mixed"* ]]
  run -64 ogpu-keygen --seal --open -r default
  run -64 ogpu-keygen --show -r default
  run -65 --separate-stderr ogpu-keygen --seal -r age1qqqqq </dev/null
  [[ $stderr == *"not a recipient"* ]]
  printf 'age1qqqqq\n' >bad
  run -65 --separate-stderr ogpu-keygen --seal -r bad </dev/null
  [[ $stderr == *"bad:1: "* ]]
}

@test "age opens what we seal, and we what age seals" {
  needs jq
  command -v age >/dev/null || skip "no age here"
  ogpu-keygen --sealing-key --alg x25519 >/dev/null
  local keys
  keys=$(ogpu-keygen --sealing-key --alg x25519 b | jq -r .path)
  head -c 200000 /dev/urandom >plain
  ogpu-keygen --seal -r b plain | age -d -i "$keys" | cmp - plain
  age -r "$(sed -n 's/^# public key: //p' "$keys")" <plain | ogpu-keygen --open -i b | cmp - plain
  age -a -r "$(sed -n 's/^# public key: //p' "$keys")" <plain | ogpu-keygen --open -i "$keys" | cmp - plain
}
