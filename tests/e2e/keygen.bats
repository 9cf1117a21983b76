#!/usr/bin/env bats
# keygen.bats - ogpu-keygen: identities made, shown, protected, exported; every exit status of its page.
load helpers

KEYS() { echo "$XDG_CONFIG_HOME/ogpu/keys"; }
SEED=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f

secret() { # FILE TEXT
  (umask 077 && printf '%s\n' "$2" >"$1")
}

@test "makes a hybrid key named default, for its owner only" {
  run -0 --separate-stderr ogpu-keygen
  [ -z "$stderr" ]
  [ "${#lines[@]}" -eq 1 ]
  [[ $output == *'"alg":"hybrid","encrypted":false,"kind":"key","name":"default"'* ]]
  [[ $output == *'"address":"ogpu1'* ]]
  [[ $output == *"\"path\":\"$(KEYS)/default.pem\""* ]]
  [ "$(stat -c %a "$(KEYS)")" = 700 ]
  [ "$(stat -c %a "$(KEYS)/default.pem")" = 600 ]
  [ "$(grep -c 'BEGIN PRIVATE KEY' "$(KEYS)/default.pem")" = 2 ]
}

@test "never overwrites a key" {
  ogpu-keygen a >first
  cp "$(KEYS)/a.pem" before.pem
  run -73 --separate-stderr ogpu-keygen a
  [ -z "$output" ]
  [[ $stderr == "ogpu-keygen: '"*"a.pem' exists; keys are never overwritten" ]]
  run -73 ogpu-keygen --alg ed25519 a
  cmp "$(KEYS)/a.pem" before.pem
  ogpu-keygen --show a >again
  cmp first again
}

@test "two at once: one makes the key, the other says that it exists" {
  for i in 1 2 3 4 5 6; do
    (rc=0; ogpu-keygen --alg ed25519 same >"out$i" 2>"err$i" || rc=$?; echo $rc >"rc$i") &
  done
  wait
  [ "$(cat rc* | sort | uniq -c | tr -s ' ' | tr '\n' ';')" = " 1 0; 5 73;" ]
  ogpu-keygen --show same >shown
  cat out* | cmp - shown
}

@test "the seed fixes the key, and vectors fix what it is" {
  run -0 ogpu-keygen --seed $SEED --alg ed25519 e
  [[ $output == *ogpu1z20fnpy3vzlyjvj2lzsxn5lwfapzh8dtx3evaj* ]]
  run -0 ogpu-keygen --seed $SEED --alg ml-dsa-65 m
  [[ $output == *ogpu18p9myzr5q9j8ldd5rwwdh3ptxljennefgd6mcn* ]]
  run -0 ogpu-keygen --seed $SEED h
  [[ $output == *ogpu1edshy546gaznlv6tmvcryj60ewr35js6kf0g53* ]]
  run -0 ogpu-keygen --seed $SEED --alg slh-dsa-sha2-128s s
  [[ $output == *ogpu170t0mm0hwuvgze3xref7wlgl33mmpaad5wrt2x* ]]
  run -64 ogpu-keygen --seed 00 x
  run -64 ogpu-keygen --seed "${SEED^^}" x
  run -64 ogpu-keygen --seed $SEED --alg ecdsa x
  [ ! -e "$(KEYS)/x.pem" ]
}

@test "--show lists all keys sorted, other files apart" {
  ogpu-keygen --alg ed25519 zed
  ogpu-keygen --alg ed25519 amy
  : >"$(KEYS)/amy.vrf.pem"
  : >"$(KEYS)/notes.txt"
  run -0 --separate-stderr ogpu-keygen --show
  [ "${#lines[@]}" -eq 2 ]
  [[ ${lines[0]} == *'"name":"amy"'* && ${lines[1]} == *'"name":"zed"'* ]]
  run -0 ogpu-keygen --show zed
  [ "${#lines[@]}" -eq 1 ]
  run -0 ogpu-keygen -H --show
  [[ ${lines[0]} =~ ^NAME\ +ALG\ +ADDRESS\ +ENCRYPTED\ +PATH$ ]]
  [ "${#lines[@]}" -eq 3 ]
}

@test "--show without keys is an empty list, of an unknown key 66" {
  run -0 ogpu-keygen --show
  [ -z "$output" ]
  run -66 --separate-stderr ogpu-keygen --show nobody
  [ -z "$output" ]
  [[ $stderr == "ogpu-keygen: no key 'nobody' in '"*"'" ]]
  run -66 ogpu-keygen --export nobody
  run -66 ogpu-keygen --change-passphrase --no-passphrase nobody
}

@test "a broken key is 65 and does not hide the others" {
  ogpu-keygen --alg ed25519 good
  (umask 077 && echo nonsense >"$(KEYS)/bad.pem")
  run -65 --separate-stderr ogpu-keygen --show
  [ "${#lines[@]}" -eq 1 ]
  [[ $output == *'"name":"good"'* ]]
  [[ $stderr == "ogpu-keygen: key 'bad': no private key in PEM" ]]
}

@test "a key that others can read is refused" {
  ogpu-keygen --alg ed25519 a
  chmod 640 "$(KEYS)/a.pem"
  run -77 ogpu-keygen --show a
  run -77 ogpu-keygen --export a
}

@test "passphrase from a file and from a descriptor" {
  secret pw 'open sesame'
  run -0 ogpu-keygen --passphrase-file pw a
  [[ $output == *'"encrypted":true'* ]]
  [ "$(grep -c 'BEGIN ENCRYPTED PRIVATE KEY' "$(KEYS)/a.pem")" = 2 ]
  shown=$output
  run -0 ogpu-keygen --show a # the address needs no passphrase
  [ "$output" = "$shown" ]
  run -0 bash -c 'ogpu-keygen --alg ed25519 --passphrase-fd 3 b 3<pw'
  [[ $output == *'"encrypted":true'* ]]
  if command -v openssl >/dev/null; then
    openssl pkey -in "$(KEYS)/b.pem" -passin file:pw -noout
  fi
  chmod 644 pw
  run -77 ogpu-keygen --passphrase-file pw c
  run -66 ogpu-keygen --passphrase-file nofile c
  secret empty ''
  run -64 ogpu-keygen --passphrase-file empty c
  run -64 ogpu-keygen --passphrase-file pw --passphrase-fd 3 c
  [ ! -e "$(KEYS)/c.pem" ]
}

@test "--change-passphrase: set, change, take away; the address stays" {
  secret one first
  secret two second
  ogpu-keygen --alg ed25519 a >made
  address=$(grep -o 'ogpu1[a-z0-9]*' made)
  run -64 ogpu-keygen --change-passphrase a
  run -0 ogpu-keygen --change-passphrase --new-passphrase-file one a
  [[ $output == *"$address"*'"encrypted":true'* ]]
  run -77 --separate-stderr ogpu-keygen --change-passphrase --new-passphrase-file two a
  [[ $stderr == *'needs a passphrase' ]]
  run -77 --separate-stderr ogpu-keygen --change-passphrase --passphrase-file two --new-passphrase-file one a
  [[ $stderr == *'does not open the key' ]]
  run -0 bash -c 'ogpu-keygen --change-passphrase --passphrase-file one --new-passphrase-fd 4 a 4<two'
  run -77 ogpu-keygen --change-passphrase --passphrase-file one --no-passphrase a
  run -0 ogpu-keygen --change-passphrase --passphrase-file two --no-passphrase a
  [[ $output == *"$address"*'"encrypted":false'* ]]
  [ "$(stat -c %a "$(KEYS)/a.pem")" = 600 ]
}

@test "a lost public part is written again once the key is opened" {
  secret pw first
  ogpu-keygen --alg ed25519 --passphrase-file pw a >made
  rm "$(KEYS)/a.pub"
  run -66 ogpu-keygen --show a
  run -0 ogpu-keygen --change-passphrase --passphrase-file pw --new-passphrase-file pw a
  [ "$output" = "$(cat made)" ]
}

@test "--change-passphrase is atomic: a full disk leaves the old key" {
  needs_fault
  secret pw first
  ogpu-keygen --alg ed25519 a
  cp "$(KEYS)/a.pem" before
  for call in write:74 fsync:74 rename:73; do
    run "-${call#*:}" fault "${call%:*}" ENOSPC 1 '*/keys/*' \
      ogpu-keygen --change-passphrase --new-passphrase-file pw a
    cmp "$(KEYS)/a.pem" before
    [ "$(find "$(KEYS)" -type f | wc -l)" -eq 2 ]
  done
}

@test "-p asks on the terminal, twice, without echo" {
  needs tmux
  export TMUX_TMPDIR=$PWD
  tmux -L keygen -f /dev/null new-session -d -x 100 -y 24 \
    'ogpu-keygen --alg ed25519 -p tty >tty.out 2>tty.err; echo rc=$? >>tty.out; stty -a >tty.stty'
  screen() { tmux -L keygen capture-pane -p 2>/dev/null; }
  wait_for 'screen | grep -q "^passphrase:"'
  tmux -L keygen send-keys 'hush hush' Enter
  wait_for 'screen | grep -q "^passphrase, again:"'
  screen >seen
  tmux -L keygen send-keys 'hush hush' Enter
  wait_for '[ -s tty.stty ]'
  run -1 grep hush seen
  grep -q 'rc=0' tty.out
  grep -q '"encrypted":true' tty.out
  grep -qE '(^| )echo' tty.stty
  secret pw 'hush hush'
  run -0 ogpu-keygen --change-passphrase --passphrase-file pw --no-passphrase tty
}

@test "-p: two that differ make no key; an interrupt brings the echo back" {
  needs tmux
  export TMUX_TMPDIR=$PWD
  screen() { tmux -L keygen capture-pane -p 2>/dev/null; }
  tmux -L keygen -f /dev/null new-session -d -x 100 -y 24 \
    'ogpu-keygen --alg ed25519 -p tty 2>tty.err; echo rc=$? >tty.rc'
  wait_for 'screen | grep -q "^passphrase:"'
  tmux -L keygen send-keys 'one' Enter
  wait_for 'screen | grep -q "^passphrase, again:"'
  tmux -L keygen send-keys 'two' Enter
  wait_for '[ -s tty.rc ]'
  grep -qx rc=64 tty.rc
  grep -q 'the two passphrases differ' tty.err
  [ ! -e "$(KEYS)/tty.pem" ]
  tmux -L keygen -f /dev/null new-session -d -x 100 -y 24 \
    'bash -c "trap : INT; ogpu-keygen --alg ed25519 -p tty; echo rc=\$? >int.rc; stty -a >int.stty"'
  wait_for 'screen | grep -q "^passphrase:"'
  tmux -L keygen send-keys C-c
  wait_for '[ -s int.stty ]'
  grep -qx rc=130 int.rc
  grep -qE '(^| )echo' int.stty
}

@test "without a terminal -p is 77, and nothing is made" {
  run -77 --separate-stderr setsid -w ogpu-keygen -p a
  [[ $stderr == *'no terminal'* ]]
  [ ! -e "$(KEYS)/a.pem" ]
}

@test "--export writes SPKI PEM, the hybrid's in two blocks" {
  ogpu-keygen h
  ogpu-keygen --alg ed25519 e
  run -0 ogpu-keygen --export h
  [ "$(grep -c 'BEGIN PUBLIC KEY' <<<"$output")" = 2 ]
  ogpu-keygen --export e >e.pub
  cmp e.pub "$(KEYS)/e.pub"
  if command -v openssl >/dev/null; then
    openssl pkey -pubin -in e.pub -noout
  fi
}

@test "--list-algs names the suites; --alg takes each name it lists" {
  run -0 ogpu-keygen --list-algs
  for alg in ed25519 ml-dsa-65 slh-dsa-sha2-128s; do
    [[ $output == *"{\"default\":false,\"kind\":\"alg\",\"name\":\"$alg\",\"v\":1}"* ]]
  done
  [[ $output == *'{"default":true,"kind":"alg","name":"hybrid","v":1}'* ]]
  grep -o '"name":"[^"]*' <<<"$output" | cut -d'"' -f4 | grep -v '^slh' >algs
  [ "$(wc -l <algs)" -ge 4 ]
  while read -r alg; do
    run -0 ogpu-keygen --alg "$alg" "k-$alg"
    [[ $output == *"\"alg\":\"$alg\""* ]]
    run -0 ogpu-keygen --show "k-$alg"
  done <algs
  run -69 --separate-stderr ogpu-keygen --alg rot13 x
  [[ $stderr == *"'rot13'"* ]]
  run -0 ogpu-keygen x --alg ML-DSA-65
  [ "$(jq -r .alg <<<"$output")" = ml-dsa-65 ]
  run -64 ogpu-keygen --alg 'ML DSA' y
  run -64 ogpu-keygen --alg "$(printf 'a%.0s' $(seq 100))" y
}

@test "an OpenSSL without ML-DSA: one sentence says what is needed" {
  lib=$(ldconfig -p | sed -n 's/.*libcrypto\.so\.3 .*=> \(.*\)/\1/p' | head -n 1)
  [ -n "$lib" ] || skip "the system has no libcrypto.so.3"
  run env LD_PRELOAD="$lib" ogpu-keygen --list-algs
  [ "$status" -eq 0 ] || skip "the system's libcrypto cannot take the place of ours"
  [[ $output != *ml-dsa-65* ]] || skip "the system's OpenSSL has ML-DSA"
  run -69 --separate-stderr env LD_PRELOAD="$lib" ogpu-keygen
  [[ $stderr == *"'ml-dsa-65' needs OpenSSL 3.5 or newer"* ]]
  run -0 env LD_PRELOAD="$lib" ogpu-keygen --alg ed25519 e
}

@test "usage errors are 64, with one line and no output" {
  for args in '--nonsense' 'a b' '--show --export' '--list-algs x' '--show --alg ed25519' \
    '--show -p' '--no-passphrase' 'a/b' '..' '.hidden' '--passphrase-fd x'; do
    # shellcheck disable=SC2086
    run -64 --separate-stderr ogpu-keygen $args
    [ -z "$output" ]
    [ "$(wc -l <<<"$stderr")" -eq 1 ]
    [[ $stderr == 'ogpu-keygen: '* ]]
  done
}

@test "a folder that cannot be made is 73, a full stdout 74" {
  mkdir -p "$XDG_CONFIG_HOME"
  echo >"$XDG_CONFIG_HOME/ogpu"
  run -73 ogpu-keygen
  rm "$XDG_CONFIG_HOME/ogpu"
  ogpu-keygen --alg ed25519 a
  run -74 bash -c 'ogpu-keygen --show >/dev/full'
  run -74 bash -c 'ogpu-keygen --export a >/dev/full'
}

@test "help and version go to stdout" {
  run -0 --separate-stderr ogpu-keygen --help
  [[ $output == *--change-passphrase* && -z $stderr ]]
  run -0 --separate-stderr ogpu-keygen --version
  [[ $output == 'ogpu-keygen '* && -z $stderr ]]
}
