#!/usr/bin/env bats
# examples.bats - the EXAMPLES of every man page, run as a reader would type them; examples.awk says
# what stands in the pages' sources for it.

load helpers

setup() {
  common_setup
  socket=$BATS_TEST_TMPDIR/tmux
}

teardown() {
  tmux -S "$socket" kill-server 2>/dev/null || true
  common_teardown
}

take_apart() {
  mkdir -p "$BATS_TEST_TMPDIR/ex"
  awk -v dir="$BATS_TEST_TMPDIR/ex" -f "$OGPU_ROOT/tests/e2e/examples.awk" "$1"
}

screen() {
  tmux -S "$socket" capture-pane -p
}

# settled: there is something on the screen, other than $seen, and it stays
settled() {
  local now
  now=$(screen)
  [ -n "${now//[[:space:]]/}" ] && [ "$now" != "$seen" ] && sleep 0.2 && [ "$now" = "$(screen)" ]
}

# in_terminal FILE KEYS: types each group of KEYS when the screen has changed; status into rc
in_terminal() {
  local group word seen=''
  local -a groups words
  needs tmux
  cat >terminal.sh <<'END'
set -o pipefail
eval "$(cat "$1")"
rc=$?
pids=$(jobs -p)
[ -z "$pids" ] || kill $pids
wait
echo $rc >rc.new && mv rc.new rc
sleep 600
END
  tmux -S "$socket" -f /dev/null new-session -d -x 100 -y 30 "bash terminal.sh $1"
  IFS=/ read -ra groups <<<"$2"
  for group in "${groups[@]}"; do
    wait_for settled || return 1
    seen=$(screen)
    read -ra words <<<"$group"
    for word in "${words[@]}"; do
      tmux -S "$socket" send-keys "$word"
    done
  done
  wait_for '[ -e rc ]' || return 1
  screen >out
  : >err
  rc=$(cat rc)
  rm rc
  tmux -S "$socket" kill-server
}

# until_stopped FILE: runs until SIGTERM, a second after it listens to that; status into rc
until_stopped() {
  bash -o pipefail -c "exec $(cat "$1")" </dev/null >out 2>err 3>&- &
  local pid=$!
  listens() {
    (((0x$(sed -n 's/^SigCgt:\t//p' "/proc/$pid/status") >> 14) & 1))
  }
  wait_for listens || return 1
  sleep 1
  kill -TERM $pid || return 1
  wait $pid && rc=0 || rc=$?
}

# example FILE.cmd: runs one and compares; what is wrong goes to stdout
example() {
  local base=${1%.cmd} how rc want
  how=$(cat "$base.how")
  want=$(cat "$base.exit")
  case $how in
  'not run: '*) return 0 ;;
  'terminal '*) in_terminal "$1" "${how#terminal }" ;;
  stop) until_stopped "$1" ;;
  *) timeout -k 5 60 bash -o pipefail "$1" </dev/null >out 2>err 3>&- && rc=0 || rc=$? ;;
  esac
  if [ "${rc:-none}" != "$want" ]; then
    printf '\nexit status %s, not %s, of:\n' "${rc:-none}" "$want"
    cat "$1" out err
    return 1
  fi
  if [ -e "$base.want" ] && ! cmp -s "$base.want" out; then
    printf '\nanother output than in the page:\n'
    cat "$1" err
    diff "$base.want" out
    return 1
  fi
}

# page FILE: all examples of a page, in order, in one folder of their own
page() {
  local cmd
  take_apart "$1" || return 1
  mkdir -p work
  cd work || return 1
  [ ! -e ../ex/chain ] || ogpu init -q --mflops 100000 --slots 2 --mem 2GiB >/dev/null
  for cmd in ../ex/*.cmd; do
    example "$cmd" || return 1
  done
}

# the reasons for what is not run in a page; then the test is counted as skipped
not_run() {
  local how
  take_apart "$1"
  how=$(sed -n 's/^not run: //p' ex/*.how | sort -u | paste -sd ';')
  [ -z "$how" ] || skip "examples not run: $how"
}

@test "every page has a test here, and all pages are there" {
  local want
  want=$(printf "%s\n" ogpu.1 ogpu-contract.1 ogpu-guard.1 ogpu-keygen.1 ogpu-match.1 ogpu-node.1 \
    ogpu-sim.1 ogpu-stake.1 ogpu-submit.1 ogpu-top.1 ogpu-validate.1 ogpu-worker.1 ogpu-records.5 ogpu-state.5 \
    ogpu.7 ogpu-security.7 | sort)
  [ "$(cd "$OGPU_ROOT/man" && ls | sort)" = "$want" ]
  run -0 sed -n 's,^  page "$OGPU_ROOT/man/\(.*\)"$,\1,p' "$OGPU_ROOT/tests/e2e/examples.bats"
  [ "$(sort <<<"$output")" = "$want" ]
}

@test "no example of the pages is left out" {
  local p
  for p in "$OGPU_ROOT"/man/*.[157]; do
    rm -rf ex
    not_run "$p"
  done
}

@test "the examples of ogpu(1)" {
  needs jq
  page "$OGPU_ROOT/man/ogpu.1"
}

@test "the examples of ogpu-contract(1)" {
  needs jq
  page "$OGPU_ROOT/man/ogpu-contract.1"
}

@test "the examples of ogpu-guard(1)" {
  needs jq
  page "$OGPU_ROOT/man/ogpu-guard.1"
}

@test "the examples of ogpu-keygen(1)" {
  page "$OGPU_ROOT/man/ogpu-keygen.1"
}

@test "the examples of ogpu-match(1)" {
  page "$OGPU_ROOT/man/ogpu-match.1"
}

@test "the examples of ogpu-node(1)" {
  needs_comet
  page "$OGPU_ROOT/man/ogpu-node.1"
}

@test "the examples of ogpu-sim(1)" {
  needs jq
  page "$OGPU_ROOT/man/ogpu-sim.1"
}

@test "the examples of ogpu-stake(1)" {
  needs jq
  page "$OGPU_ROOT/man/ogpu-stake.1"
}

@test "the examples of ogpu-submit(1)" {
  page "$OGPU_ROOT/man/ogpu-submit.1"
}

@test "the examples of ogpu-top(1)" {
  needs jq
  page "$OGPU_ROOT/man/ogpu-top.1"
}

@test "the examples of ogpu-validate(1)" {
  page "$OGPU_ROOT/man/ogpu-validate.1"
}

@test "the examples of ogpu-worker(1)" {
  page "$OGPU_ROOT/man/ogpu-worker.1"
}

@test "the examples of ogpu-records(5)" {
  needs jq
  page "$OGPU_ROOT/man/ogpu-records.5"
}

@test "the examples of ogpu-state(5)" {
  needs sqlite3
  page "$OGPU_ROOT/man/ogpu-state.5"
}

@test "the examples of ogpu(7)" {
  needs jq
  page "$OGPU_ROOT/man/ogpu.7"
}

# columns_of_page: "table column" of every hashed table in ogpu-state(5), in order, sorted by table
columns_of_page() {
  awk '
    /^\.Ss/ { inside = /Hashed tables/ }
    !inside { next }
    /^\.It Ic/ { table = $3 }
    /^\[/ { all = "" ; open = 1 }
    open { all = all " " $0 }
    open && /\]$/ {
      open = 0
      gsub(/[][]/, "", all)
      n = split(all, column, /[;,]/)
      for (i = 1; i <= n; i++) {
        split(column[i], word, " ")
        print table, word[1]
      }
    }' "$OGPU_ROOT/man/ogpu-state.5" | sort -s -k1,1
}

@test "the examples of ogpu-security(7)" {
  page "$OGPU_ROOT/man/ogpu-security.7"
}

@test "every test that ogpu-security(7) names is there" {
  local file name n=0
  while IFS=$'\t' read -r file name; do
    grep -qF -- "$name" "$OGPU_ROOT/$file" || {
      echo "no test '$name' in $file"
      return 1
    }
    n=$((n + 1))
  done < <(sed -n 's/^\.D1 Pa \([^ ]*\) No "\(.*\)"$/\1\t\2/p' "$OGPU_ROOT/man/ogpu-security.7")
  [ $n -gt 50 ]
}

@test "ogpu-state(5) has the tables and columns of the schema, in their order" {
  needs sqlite3
  ogpu init -q --mflops 100000 >/dev/null
  columns_of_page >page
  [ "$(wc -l <page)" -gt 200 ]
  cut -d ' ' -f 1 page | uniq | while read -r table; do
    sqlite3 -separator ' ' "$OGPU_HOME/ogpu.db" \
      "SELECT '$table', name FROM pragma_table_info('$table') ORDER BY cid"
  done >schema
  diff page schema
  sqlite3 "$OGPU_HOME/ogpu.db" "SELECT name FROM sqlite_schema WHERE type = 'table'" | sort >tables
  sed -n '/^\.Ss Hashed/,/^\.Ss App/s/^\.It Ic //p' "$OGPU_ROOT/man/ogpu-state.5" |
    tr -s ' ,' '\n' | sort | diff tables -
}

# says COMMAND ...: runs it for its records, whatever its status
says() {
  timeout 300 "$@" </dev/null >>records 2>>err 3>&- || echo "$* $?" >>ended
}

@test "ogpu-records(5) has every kind of record that the tools write" {
  needs jq
  local what
  says ogpu init --mflops 100000 --slots 2 --mem 2GiB --account bob
  says ogpu-keygen --show
  says ogpu-keygen --list-algs
  says ogpu-submit --dry-run -- true
  says bash -c 'ogpu-submit --name one --out o -- sh -c "echo 1 >o" | ogpu-match | ogpu-worker | ogpu-validate'
  says ogpu-submit --name big --mem 1TiB -- false
  says ogpu-match --dry-run
  says ogpu-match --why 2
  says ogpu-match --why-node 1
  says ogpu-match --schedule
  says ogpu-match --graph
  says ogpu-match --path 1 1
  says bash -c 'echo 1 1 0 4 | ogpu-match --makespan -'
  says ogpu-submit --fetch 1 --dir .
  says ogpu-submit --cancel 2
  says ogpu-submit --prune
  says ogpu-stake
  says ogpu-stake --bond 1
  says ogpu-stake --statement
  says ogpu-stake --explain 1
  says ogpu status
  says ogpu-validate --seal
  for what in 1 node:1 lease:1 block:1 block receipt:1 treasury epoch param slot:1:0 roots:1 paid:1:0 \
    validators:1 "$(sqlite3 "$OGPU_HOME/ogpu.db" 'SELECT lower(hex(id)) FROM tx LIMIT 1')"; do
    says ogpu show "$what"
  done
  says ogpu show --proof receipt:1
  tail -n 1 records >proof.json
  says ogpu-validate --proof proof.json
  says bash -c 'ogpu show block:2 | ogpu-validate --record'
  says ogpu-validate --audit
  says ogpu-validate --block 2
  says ogpu-validate --matching 1
  says ogpu-validate --lease 1
  says ogpu-top --json
  says ogpu-top --check
  jq -r .kind records | sort -u >written
  sed -n 's/^\.It Ic \([^ ]*\).*/\1/p' "$OGPU_ROOT/man/ogpu-records.5" | sort -u >described
  cat ended err
  [ "$(wc -l <written)" -gt 30 ]
  comm -23 written described | (! grep .)
}

# one_page LINE ...: a page whose EXAMPLES are these lines
one_page() {
  printf '%s\n' '.Sh EXAMPLES' "$@" '.Sh SEE ALSO' >page.1
}

@test "this test itself: a wrong output, a wrong status, a missing end are seen" {
  one_page '.\" example: no chain' '.Bd -literal' '$ echo one' 'one' '$ echo two' 'three' '.Ed'
  run -1 page page.1
  [[ $output == *'another output'*'echo two'*three* ]]
  rm -rf ex
  one_page '.\" example: no chain' '.\" example: exit 3' '.Dl $ exit 3' '.Dl $ exit 4'
  run -1 page page.1
  [[ $output == *'exit status 4, not 0'* ]]
  rm -rf ex
  one_page '.\" example: no chain' '.\" example: stop' '.Dl $ true'
  run -1 page page.1
  rm -rf ex
  one_page '.\" example: sometimes' '.Bd -literal' 'echo one' '.Ed'
  run -1 take_apart page.1
  [[ $output == *"page.1:2: what is 'example: sometimes'?"*"page.1:4: an example starts with"* ]]
}

@test "this test itself: here-documents, continued lines, crontabs, terminals; what is not run" {
  one_page '.\" example: no chain' '.Bd -literal' '$ cat <<END' 'a b' 'END' 'a b' "\$ echo '\\e\\e' \\e" '  c' \
    '\e\e c' '.Ed' '.\" example: crontab' '.Dl 0 * * * 1-5 echo cron >file' '.Dl $ cat file' \
    '.\" example: terminal y e s Enter' '.Dl $ printf "Well? "; read x; test -t 0 && test $x = yes' \
    '.\" example: stop' '.Dl $ sleep 60'
  run -0 take_apart page.1
  [ "$(cat ex/03.cmd)" = 'echo cron >file' ]
  echo 143 >ex/06.exit
  take_apart() { :; }
  run -0 page page.1
  one_page '.\" example: not run: it takes a year' '.Dl $ false'
  unset -f take_apart
  rm -rf ex && mkdir ex
  awk -v dir=ex -f "$OGPU_ROOT/tests/e2e/examples.awk" page.1
  [ "$(cat ex/01.how)" = 'not run: it takes a year' ]
  example ex/01.cmd
}
