#!/usr/bin/env bats
# writers.bats - eight writers at once for OGPU_WRITERS_S (10) seconds: nobody sees "locked" or
# "busy", nothing acknowledged is missing, the chain audits.

# shellcheck disable=SC2154
TIME_S=${OGPU_WRITERS_S:-10}
load helpers

# writer NUMBER KEY: what one does, over and over, until the file `stop` is there.
writer() {
  local n=$1 key=$2 rc i=0
  while [ ! -e stop ] || ((i < 8)); do # each kind at least once, however slow the machine
    i=$((i + 1))
    rc=0
    case $(((i + n) % 8)) in
    0 | 4) ogpu-submit --key "$key" --transfer "$OTHER" --amount 0.001 ;;
    1) ogpu-submit --array 0-3 --sandbox none -- true ;;
    2) ogpu status ;;
    3) ogpu show task:1 ;;
    5) ogpu-stake --key default --bond 1 ;;
    6) ogpu-top --once ;;
    7) # 1: nothing to be done for what waits, while others work on it
      { ogpu-match --once || [ $? -eq 1 ]; } && { ogpu-worker --once --sandbox none || [ $? -eq 1 ]; } &&
        { ogpu-validate --once || [ $? -eq 1 ]; }
      ;;
    esac >>"out$n" 2>"err" || rc=$?
    if [ $rc -ne 0 ]; then
      echo "writer $n, turn $i, $(((i + n) % 8)): status $rc: $(cat err)" >>failures
    fi
  done
  echo "$i" >"turns$n"
}

@test "eight writers for $TIME_S s: nobody is turned away" {
  needs jq
  local n
  ogpu init --mflops 100000 --slots 2 --account a --account b --account c >/dev/null 2>&1
  OTHER=$(ogpu-keygen --show a | jq -r .address)
  ogpu-submit -- true >/dev/null
  : >failures
  for n in 0 1 2 3 4 5 6 7; do
    mkdir "w$n"
    (cd "w$n" && ln -s ../stop stop && ln -s ../failures failures && writer "$n" \
      "$(echo default a b c | cut -d ' ' -f $((n % 4 + 1)))") &
  done
  sleep "$TIME_S"
  : >stop
  wait
  if [ -s failures ]; then
    head -n 20 failures >&2
    return 1
  fi
  # each got its turns, and all that was acknowledged is there
  for n in 0 1 2 3 4 5 6 7; do
    [ "$(cat "w$n/turns$n")" -ge 8 ]
  done
  cat w?/out? | sed -n 's/^\({.*}\)$/\1/p' | jq -r '
    if .kind == "tx" then .txid
    elif .kind == "sent" then .id
    elif .kind == "assignment" or .kind == "result" then "lease:\(.lease)"
    elif .kind == "task" and .txid then "task:\(.id)" else empty end' | sort -u >ids
  [ "$(wc -l <ids)" -gt 20 ]
  xargs -n 500 ogpu show <ids >/dev/null
  run -0 ogpu-validate --audit
}

@test "one account from eight processes: every transaction lands once" {
  needs jq
  local n
  ogpu init --mflops 100000 --account a >/dev/null 2>&1
  OTHER=$(ogpu-keygen --show a | jq -r .address)
  for n in 0 1 2 3 4 5 6 7; do
    (for ((i = 0; i < 10; i++)); do
      ogpu-submit --transfer "$OTHER" --amount 1 || echo "status $?"
    done >"t$n" 2>&1) &
  done
  wait
  [ "$(cat t? | jq -r 'select(.ok) | .txid' | sort -u | wc -l)" -eq 80 ]
  run -0 ogpu-validate --audit
}
