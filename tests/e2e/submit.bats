#!/usr/bin/env bats
# submit.bats - ogpu-submit: programs, kernels, arrays, bulk, waiting, fetching; every exit status.

# shellcheck disable=SC2016,SC2154
load helpers

setup() {
  common_setup
  ogpu init --slots 2 --mflops 100000 --mem 4GiB --account poor,amount=0.000001 >init.jsonl
}

# Works until nothing more can be done; jobs of one's own node, so that no sandbox is needed.
work() {
  local i
  for i in 1 2 3 4 5 6; do
    ogpu-match --once >/dev/null || true
    ogpu-worker --once --sandbox none >/dev/null || true
    ogpu-validate --once >/dev/null || true
  done
}

# The number of the next task.
next_task() { ogpu-submit -- true | jq .id; }

@test "a program: one record, one task" {
  run -0 --separate-stderr ogpu-submit --name first -- echo hello
  [ -z "$stderr" ]
  [ "${#lines[@]}" -eq 1 ]
  [ "$(jq -r '[.kind, .v, .id, .name, .count] | join(" ")' <<<"$output")" = "task 1 1 first 1" ]
  [[ $(jq -r .txid <<<"$output") =~ ^[0-9a-f]{64}$ ]]
  run -0 ogpu show 1
  [[ $output == *first* ]]
}

@test "the record has its keys sorted and nothing between" {
  run -0 ogpu-submit --array 3-5 --name a -- true
  [[ $output =~ ^\{\"count\":3,\"id\":1,\"kind\":\"task\",\"name\":\"a\",\"txid\":\"[0-9a-f]+\",\"v\":1\}$ ]]
}

@test "an array: OGPU_INDEX counts from A" {
  ogpu-submit --array 7-9 --sandbox none -- sh -c 'echo "i=$OGPU_INDEX"'
  work
  run -0 ogpu-submit --fetch 1 --stdout
  [ "$output" = $'i=7\ni=8\ni=9' ]
}

@test "inputs by path, outputs by path, the scratch is empty but for them" {
  mkdir -p sub
  printf 'one two\n' >sub/in.txt
  printf '#!/bin/sh\nfind . -type f | sort; tr a-z A-Z <sub/in.txt >out/res.txt\n' >prog.sh
  chmod +x prog.sh
  ogpu-submit --in ./sub//in.txt --out out/res.txt --sandbox none -- sh -c \
    'mkdir -p out; find . -type f | sort; tr a-z A-Z <sub/in.txt >out/res.txt'
  work
  run -0 ogpu-submit --fetch 1 --stdout
  [ "$output" = ./sub/in.txt ]
  run -0 ogpu-submit --fetch 1 --dir got
  [ "$(jq -r '[.kind, .task, .index, .path, .bytes] | map(tostring) | join(" ")' <<<"$output")" = \
    "output 1 0 got/out/res.txt 8" ]
  [ "$(cat got/out/res.txt)" = "ONE TWO" ]
}

@test "a program with a slash is shipped and can be executed; the same content is stored once" {
  printf '#!/bin/sh\necho "ran $1"\n' >prog
  cp prog twin
  ogpu-submit --in twin --sandbox none -- ./prog there
  run -0 find "$OGPU_HOME/blobs" -type f
  [ "${#lines[@]}" -eq 2 ]
  work
  run -0 ogpu-submit --fetch 1 --stdout
  [ "$output" = "ran there" ]
}

@test "an array's outputs go into a folder for each index; nothing is overwritten without --force" {
  ogpu-submit --array 4-5 --out r --sandbox none -- sh -c 'echo "$OGPU_INDEX" >r; echo x >other'
  work
  ogpu-submit --fetch 1 --dir got
  [ "$(cat got/4/r got/5/r)" = $'4\n5' ]
  [ "$(find got -type f | wc -l)" = 2 ]
  run -73 --separate-stderr ogpu-submit --fetch 1 --dir got
  [ "$stderr" = "ogpu-submit: 'got/4/r' is there already; --force replaces it" ]
  echo stale >got/4/r
  ogpu-submit --fetch 1 --dir got --force
  [ "$(cat got/4/r)" = 4 ]
}

@test "an output that the job did not make is told, and --fetch is 1" {
  run -0 ogpu-submit --sandbox none --out made --out missing -- sh -c 'echo 1 >made'
  work
  run -1 --separate-stderr ogpu-submit --fetch 1
  [[ $stderr == "ogpu-submit: task 1: element 0 made no file 'missing'" ]]
  [ "$(cat made)" = 1 ]
  run -3 --separate-stderr ogpu run --sandbox none --out x -- sh -c 'exit 3'
  [[ $stderr == *"element 0 made no file 'x'"* ]]
}

@test "--fetch writes nothing when the place of one output is taken" {
  run -0 ogpu-submit --sandbox none --array 0-2 --out o -- sh -c 'echo 1 >o'
  work
  mkdir 2
  echo mine >2/o
  run -73 --separate-stderr ogpu-submit --fetch 1
  [[ $stderr == *"'2/o' is there already"* ]]
  [ ! -e 0/o ] && [ ! -e 1/o ] && [ "$(cat 2/o)" = mine ]
  run -0 ogpu-submit --fetch 1 --force
  [ "$(cat 2/o)" = 1 ]
}

@test "--fetch of what has not run: 1, and says so" {
  ogpu-submit -- true
  run -1 --separate-stderr ogpu-submit --fetch 1
  [ "$stderr" = "ogpu-submit: task 1 is open: element 0 has no result" ]
}

@test "--fetch finds a damaged output" {
  ogpu-submit --out r --sandbox none -- sh -c 'echo good >r'
  work
  local sum blob
  sum=$(echo good | sha256sum | cut -d' ' -f1)
  blob=$OGPU_HOME/blobs/${sum:0:2}/$sum
  chmod 600 "$blob"
  echo evil >"$blob"
  run -65 --separate-stderr ogpu-submit --fetch 1 --dir got
  [[ $stderr == *"is damaged" ]]
  [ ! -e got/r ]
}

@test "a kernel: product of two matrices" {
  needs python3
  python3 -c 'import struct,sys
sys.stdout.buffer.write(struct.pack("<4i",1,2,3,4))' >A.bin
  python3 -c 'import struct,sys
sys.stdout.buffer.write(struct.pack("<4i",5,6,7,8))' >B.bin
  ogpu-submit --kernel gemm --in A.bin --in B.bin --arg m=2 --arg n=2 --arg k=2 --arg type=i32 --out C
  work
  ogpu-submit --fetch 1 --dir got
  run -0 od -An -t d8 -w32 got/C
  [ "$(tr -s ' ' <<<"$output")" = " 19 22 43 50" ]
}

@test "bulk: names, dependencies in one pipe, records in order" {
  cat >tasks.jsonl <<'END'
{"kind":"task","v":1,"name":"prep","argv":["true"]}

{"kind":"task","v":1,"name":"mid","argv":["true"],"after":["prep:ok"],"array":"0-9"}
{"kind":"task","v":1,"argv":["true"],"after":["mid:any","prep"],"unknown":"kept out"}
END
  run -0 --separate-stderr ogpu-submit <tasks.jsonl
  [[ $stderr == "ogpu-submit: warning: stdin:4: 'unknown' is no member"* ]]
  [ "$(jq -rs 'map([.id, .name // "-", .count] | map(tostring) | join(" ")) | join(";")' <<<"$output")" = \
    "1 prep 1;2 mid 10;3 - 1" ]
  [ "$(jq -r .txid <<<"$output" | sort -u | wc -l)" = 1 ]
  run -0 ogpu show 3
  [[ $output == *waiting* ]]
  ogpu-submit --after mid:any --after 1 --name last -- true
  run -0 ogpu show 4
  [[ $output == *waiting* ]]
}

@test "bulk: a chain of dependencies over many transactions" {
  for i in $(seq 3000); do
    if [ "$i" = 1 ]; then
      echo '{"kind":"task","name":"t1","argv":["true"],"max_price":"1"}'
    else
      printf '{"kind":"task","name":"t%d","argv":["true"],"max_price":"1","after":["t%d","t1"]}\n' \
        "$i" "$((i - 1))"
    fi
  done | sed 's/"after":\["t1","t1"\]/"after":["t1"]/' >tasks.jsonl
  ogpu-submit <tasks.jsonl >out.jsonl
  [ "$(wc -l <out.jsonl)" = 3000 ]
  [ "$(jq -r .txid out.jsonl | sort -u | wc -l)" -gt 1 ]
  [ "$(jq -r .id out.jsonl | tail -n 1)" = 3000 ]
}

@test "bulk: one spec blob, all of it durable before a record is printed" {
  for i in $(seq 500); do
    echo "{\"kind\":\"task\",\"argv\":[\"echo\",\"$i\"]}"
  done >tasks.jsonl
  ogpu-submit <tasks.jsonl >out.jsonl
  [ "$(wc -l <out.jsonl)" = 500 ]
  [ "$(find "$OGPU_HOME/blobs" -type f | wc -l)" = 1 ]
  blob=$(find "$OGPU_HOME/blobs" -type f)
  [ "$(sed -n 17p "$blob")" = '{"argv":["echo","17"]}' ]
}

# refused STATUS TEXT RECORDS: exit status, the whole sentence, and nothing of the batch is stored.
refused() {
  printf '%s\n' "$3" >bad.jsonl
  run "-$1" --separate-stderr ogpu-submit <bad.jsonl
  [ -z "$output" ] || return 1
  [[ $stderr == "ogpu-submit: $2"* ]] || { echo "got: $stderr" && return 1; }
  [ "$(find "$OGPU_HOME/blobs" -type f 2>/dev/null | wc -l)" = 0 ]
}

GOOD='{"kind":"task","argv":["true"],"name":"ok"}'

@test "bulk: what is wrong is said with its line, and nothing of the batch is stored" {
  refused 65 "stdin:2: 'mem_bytes' must be a whole number" "$GOOD
{\"kind\":\"task\",\"argv\":[\"true\"],\"mem_bytes\":\"8GiB\"}"
  refused 65 "stdin:1: not JSON: " '{"kind":"task"'
  refused 65 "stdin:1: not an object with a 'kind'" '[]'
  refused 65 "stdin:3: 'kind' must be \"task\", not \"receipt\"" "$GOOD

{\"kind\":\"receipt\",\"v\":1}"
  refused 65 "stdin:1: one of 'argv', 'kernel' (with 'args') and 'cuda' must be there" '{"kind":"task"}'
  refused 65 "stdin:1: 'after' must be earlier tasks" \
    '{"kind":"task","argv":["true"],"after":["ok"]}
'"$GOOD"
  refused 65 "stdin:3: 'after' must be plain: two records before are named 'ok'" "$GOOD
$GOOD
{\"kind\":\"task\",\"argv\":[\"true\"],\"after\":[\"ok\"]}"
  refused 65 "stdin:1: there is no task 99" '{"kind":"task","argv":["true"],"after":["99"]}'
  refused 65 "stdin:1: there is no task 98" '{"kind":"task","argv":["true"],"after":[98]}'
  refused 65 "stdin:1: 'in' must be relative paths that stay inside the folder, which '../x' is not" \
    '{"kind":"task","argv":["true"],"in":["../x"]}'
  refused 66 "stdin:2: cannot open 'none': No such file" "$GOOD
{\"kind\":\"task\",\"argv\":[\"true\"],\"in\":[\"none\"]}"
  refused 65 "stdin:1: 'nope' is no built-in kernel" '{"kind":"task","kernel":"nope","args":{}}'
  [ "$(next_task)" = 1 ]
}

@test "bulk: a member that nobody knows is told once, with its place and what was meant" {
  cat >tasks <<'END'
{"kind":"task","v":1,"argv":["true"]}
{"kind":"task","v":1,"argv":["true"],"mem_byts":5,"colour":"red"}
{"kind":"task","v":1,"argv":["true"],"mem_byts":5,"mem":1}
{"kind":"task","v":1,"argv":["true"],"in":[{"path":"a","url":"http://127.0.0.1/a","sha26":"00",
END
  sed -i "4s|\"sha26\".*|\"sha26\":\"00\",\"sha256\":\"$(printf x | sha256sum | cut -c1-64)\"}]}|" tasks
  run -0 --separate-stderr ogpu-submit <tasks
  [ "${#lines[@]}" = 4 ]
  [ "$(sort <<<"$stderr")" = "$(sort <<'END'
ogpu-submit: warning: stdin:2: 'mem_byts' is no member of a task and is ignored; is 'mem_bytes' meant?
ogpu-submit: warning: stdin:2: 'colour' is no member of a task and is ignored
ogpu-submit: warning: stdin:3: 'mem' is no member of a task and is ignored; is 'mem_bytes' meant?
ogpu-submit: warning: stdin:4: 'sha26' is no member of a task and is ignored; is 'sha256' meant?
END
)" ]
  run -0 --separate-stderr ogpu-submit -q <tasks
  [ -z "$stderr" ]
}

@test "bulk: a line longer than 1 MiB, a NUL, and no line at all" {
  head -c 1100000 /dev/zero | tr '\0' x >long
  run -65 --separate-stderr ogpu-submit <long
  [ "$stderr" = "ogpu-submit: stdin:1: line longer than 1048576 bytes" ]
  printf '{"kind":"task","argv":["a\\u0000b"]}\n' >nul
  run -65 ogpu-submit <nul
  run -0 --separate-stderr ogpu-submit </dev/null
  [ -z "$output$stderr" ]
}

@test "a bulk that the balance does not cover: 65, nothing stored" {
  printf '{"kind":"task","argv":["true"],"max_price":"1000000000"}\n%.0s' 1 2 3 >tasks.jsonl
  run -65 --separate-stderr ogpu-submit --key poor <tasks.jsonl
  [[ $stderr == "ogpu-submit: the balance of 0.000001 OGPU does not cover the escrow of "* ]]
  [ -z "$output" ]
  [ "$(next_task)" = 1 ]
}

@test "a dependency that has ended otherwise is refused before anything is stored" {
  ogpu-submit --name gone -- true
  ogpu-submit --cancel gone
  printf '%s\n{"kind":"task","argv":["true"],"after":["gone:ok"]}\n' "$GOOD" >tasks.jsonl
  run -65 --separate-stderr ogpu-submit <tasks.jsonl
  [ "$stderr" = "ogpu-submit: stdin:2: 'after' must be tasks that can still end so: task 1 has ended as cancelled \
with exit status 0" ]
  run -0 ogpu-submit --after gone:fail -- true
  run -64 --separate-stderr ogpu-submit --after gone:fail --after 1:any -- true
  [ "$stderr" = "ogpu-submit: 'after' must be different tasks" ]
  run -0 ogpu-submit --after gone:any -- true
}

@test "paths that leave the folder are refused" {
  run -64 --separate-stderr ogpu-submit --in /etc/passwd -- true
  [[ $stderr == "ogpu-submit: 'in' must be relative paths that stay inside the folder"* ]]
  run -64 ogpu-submit --in a/../../b -- true
  run -64 ogpu-submit --out /tmp/x -- true
  run -64 ogpu-submit -- ../prog
  run -66 --separate-stderr ogpu-submit --in missing -- true
  [ "$stderr" = "ogpu-submit: cannot open 'missing': No such file or directory" ]
  mkdir folder
  run -66 --separate-stderr ogpu-submit --in folder -- true
  [ "$stderr" = "ogpu-submit: 'folder' is not a regular file" ]
}

@test "an input by URL needs its hash, and is not fetched here" {
  run -64 --separate-stderr ogpu-submit --in data=https://localhost:1/x -- true
  [[ $stderr == *"needs a --sha256" ]]
  sum=$(printf x | sha256sum | cut -d' ' -f1)
  ogpu-submit --in data=https://localhost:1/x --sha256 "$sum" -- true
  run -0 cat "$(find "$OGPU_HOME/blobs" -type f)"
  [ "$output" = '{"argv":["true"],"in":[{"path":"data","sha256":"'"$sum"'","urls":["https://localhost:1/x"]}]}' ]
}

@test "usage: 64 and one line" {
  for args in "--urgency 65 -- true" "--array 9-1 -- true" "--retry x -- true" "--fetch 1 --prune" \
    "--wait --tx" "--name x" "--arg a=1 -- true" "--kernel gemm -- true" "--env novalue -- true" \
    "--amount 1" "--older 1d" "--dir x -- true" "--key ../x -- true" "--transfer x --amount 1" \
    "--verify maybe -- true" "--verify cmd -- true" "--nonsense"; do
    # shellcheck disable=SC2086
    run -64 --separate-stderr ogpu-submit $args </dev/null
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ $stderr == "ogpu-submit: "* ]]
    [ -z "$output" ]
  done
}

@test "--help and --version" {
  run -0 --separate-stderr ogpu-submit --help
  [[ $output == *--array* ]]
  [ -z "$stderr" ]
  run -0 ogpu-submit --version
  [[ $output =~ ^ogpu-submit\ [0-9] ]]
}

@test "no state: 78" {
  run -78 --separate-stderr ogpu-submit -s "$BATS_TEST_TMPDIR/none" -- true
  [[ $stderr == *"ogpu init"* ]]
  run -78 ogpu-submit -s "$BATS_TEST_TMPDIR/none" --fetch 1
  run -78 ogpu-submit -s "$BATS_TEST_TMPDIR/none" --prune
  run -78 ogpu-submit -s "$BATS_TEST_TMPDIR/none" --tx </dev/null
}

@test "a state from a newer version: 78, untouched" {
  needs python3
  python3 -c 'import sqlite3,sys
db = sqlite3.connect(sys.argv[1]); db.execute("PRAGMA user_version = 9999")' "$OGPU_HOME/ogpu.db"
  sha256sum "$OGPU_HOME/ogpu.db" >before
  run -78 --separate-stderr ogpu-submit -- true
  [ "${#stderr_lines[@]}" -eq 1 ]
  sha256sum -c --quiet before
}

@test "a state that stays busy: 75" {
  needs python3
  python3 -c 'import sqlite3,sys,time
db = sqlite3.connect(sys.argv[1], isolation_level=None); db.execute("BEGIN IMMEDIATE")
open("locked", "w").close(); time.sleep(60)' "$OGPU_HOME/ogpu.db" &
  wait_for '[ -e locked ]'
  run -75 --separate-stderr ogpu-submit -- true
  [ -z "$output" ]
}

@test "no key: 66; one that needs a passphrase: 77" {
  run -66 ogpu-submit --key nobody -- true
  (umask 077; echo 'open sesame' >pass; echo wrong >wrong)
  ogpu-keygen --change-passphrase --new-passphrase-file pass default
  run -77 ogpu-submit -- true
  run -77 ogpu-submit --passphrase-file wrong -- true
  run -0 ogpu-submit --passphrase-file pass -- true
  run -66 ogpu-submit --passphrase-file nofile -- true
  chmod 644 pass
  run -77 ogpu-submit --passphrase-file pass -- true
}

@test "/dev/full: 74" {
  run -74 bash -c 'ogpu-submit -- true >/dev/full'
  run -74 bash -c 'ogpu-submit --help >/dev/full'
}

@test "a reader that goes away leaves what was committed" {
  for i in $(seq 5000); do
    echo "{\"kind\":\"task\",\"argv\":[\"echo\",\"$i\"],\"max_price\":\"1\"}"
  done >tasks.jsonl
  run bash -c 'ogpu-submit <tasks.jsonl | head -n 1'
  [ "$(jq .id <<<"${lines[0]}")" = 1 ]
  run -0 ogpu show 1
}

@test "--dry-run sends nothing" {
  echo data >in.txt
  run -0 --separate-stderr ogpu-submit --dry-run --array 0-9 --price 1 --in in.txt -- true
  [ "$(jq -r '[.kind, .count, .max_price, .chunk // 1, .in_bytes] | map(tostring) | join(" ")' \
    <<<"$output")" = \
    "draft 10 1000000000 1 5" ]
  [ "$(jq -r '.escrow | tonumber >= 10000000000' <<<"$output")" = true ]
  [ "$(find "$OGPU_HOME/blobs" -type f 2>/dev/null | wc -l)" = 0 ]
  [ "$(next_task)" = 1 ]
}

@test "defaults: chunk is a sixteenth, at most 1024; kernels are priced by their work" {
  [ "$(ogpu-submit --dry-run --array 0-319 -- true | jq .chunk)" = 20 ]
  [ "$(ogpu-submit --dry-run --array 0-99999 --price 0.000001 -- true | jq .chunk)" = 1024 ]
  head -c 400 /dev/zero >A
  head -c 400 /dev/zero >B
  small=$(ogpu-submit --dry-run --kernel gemm --arg m=10 --arg n=10 --arg k=10 --in A --in B | jq -r .max_price)
  large=$(ogpu-submit --dry-run -- true | jq -r .max_price)
  [ "$small" -gt 0 ]
  [ "$small" -lt "$large" ]
}

@test "a kernel's matrices must have the sizes of its arguments" {
  echo x >A
  head -c 400 /dev/zero >B
  run -64 --separate-stderr ogpu-submit --kernel gemm --arg m=10 --arg n=10 --arg k=10 --in A --in B
  [ "$stderr" = "ogpu-submit: 'in' must have the sizes that 'args' say: 'A' has 2 bytes, not 400" ]
  run -64 ogpu-submit --kernel gemm --arg m=10 --arg n=10 --arg k=10 --in B
  run -64 --separate-stderr ogpu-submit --kernel gemm --arg m=10 --arg n=10 --in B --in B
  [ "$stderr" = "ogpu-submit: 'k' is missing" ]
}

@test "--cancel gives the escrow back, by number and by name" {
  ogpu-submit --name victim --price 5 -- true
  ogpu-submit --array 0-9 --price 5 -- true
  run -0 ogpu-submit --cancel victim 2
  [ "$(jq -r '[.what, .task, .ok] | map(tostring) | join(" ")' <<<"$output")" = \
    $'task.cancel 1 true\ntask.cancel 2 true' ]
  run -0 ogpu show 1
  [[ $output == *cancelled* ]]
  run -65 ogpu-submit --cancel 1
  run -65 ogpu-submit --cancel 77
  run -65 ogpu-submit --cancel nobody
}

@test "another account's task cannot be cancelled" {
  ogpu-submit -- true
  run -65 --separate-stderr ogpu-submit --key poor --cancel 1
  [[ $stderr == *"task 1 is another account's" ]]
}

@test "--transfer moves money" {
  to=$(ogpu-keygen --show poor | jq -r .address)
  run -0 ogpu-submit --transfer "$to" --amount 2.5
  [ "$(jq -r '[.kind, .what, .ok] | map(tostring) | join(" ")' <<<"$output")" = "tx transfer true" ]
  run -0 ogpu-submit --key poor --price 1 -- true
  run -65 ogpu-submit --transfer "$to" --amount 900000000
}

@test "--tx: a line that is no transaction is refused, the rest goes on" {
  printf '{"kind":"nonsense"}\n\nnot json\n' >lines
  run -1 --separate-stderr ogpu-submit --tx <lines
  [ "$(jq -r '[.kind, .ok] | map(tostring) | join(" ")' <<<"$output")" = $'tx false\ntx false' ]
  [ "$stderr" = "ogpu-submit: 2 transactions were refused" ]
  run -0 --separate-stderr ogpu-submit --tx </dev/null
  [ -z "$output$stderr" ]
  head -c 300000 /dev/zero | tr '\0' x >long
  run -65 ogpu-submit --tx <long
}

@test "--wait: receipts of all, 0 when all were paid" {
  (sleep 0.3; work) &
  run -0 --separate-stderr ogpu-submit --wait --array 0-3 --sandbox none -- true
  [ "$(jq -r .kind <<<"${lines[0]}")" = task ]
  [ "$(jq -r '[.kind, .task, .state] | map(tostring) | join(" ")' <<<"${lines[1]}")" = "receipt 1 paid" ]
  [[ $stderr == *"1 of 1 tasks ended"* ]]
}

@test "--wait: 1 when a task ends otherwise" {
  (sleep 0.3; ogpu-submit --cancel 1; work) >/dev/null &
  run -1 --separate-stderr ogpu-submit --wait -q -- true
  [ "$stderr" = "ogpu-submit: 1 of 1 tasks did not end paid" ]
}

@test "--follow: what the elements print, in order" {
  (sleep 0.3; work) &
  run -0 --separate-stderr ogpu-submit --follow --array 0-20 --chunk 4 --sandbox none -- \
    sh -c 'echo "out $OGPU_INDEX"; echo "err $OGPU_INDEX" >&2; sleep 0.05'
  [ "$output" = "$(seq -f 'out %g' 0 20)" ]
  [ "$stderr" = "$(seq -f 'err %g' 0 20)" ]
}

@test "--follow shows output while the program runs" {
  ogpu-match --watch >/dev/null & # ended by teardown, as is the worker
  ogpu-worker --watch --sandbox none >/dev/null &
  gate
  ogpu-submit --follow --limit 1h --sandbox none -- sh -c "echo early; $WAIT; echo late" >out &
  wait_for 'grep -q early out'
  run ! grep -q late out
  open_gate
  wait_for 'grep -q late out'
  [ "$(cat out)" = $'early\nlate' ]
}

@test "--prune removes what ended tasks left, and nothing that a live task needs" {
  echo shared >shared.txt
  echo single >single.txt
  ogpu-submit --in shared.txt --in single.txt --out r --sandbox none -- sh -c 'echo result >r; echo said'
  work
  ogpu-submit --in shared.txt -- true
  before=$(find "$OGPU_HOME/blobs" -type f | wc -l)
  run -0 ogpu-submit --prune --older 1h
  [ "$(jq -r '[.kind, .tasks, .blobs] | map(tostring) | join(" ")' <<<"$output")" = "pruned 0 0" ]
  find "$OGPU_HOME/blobs" -type f | wc -l | grep -qx "$before"
  ogpu-submit --cancel 2
  work
  ogpu-submit --in shared.txt --name again -- true
  shared=$(sha256sum <shared.txt | cut -d' ' -f1)
  ogpu-submit --prune >/dev/null # fresh files stay while anything is live
  [ -e "$OGPU_HOME/blobs/${shared:0:2}/$shared" ]
  ogpu-submit --cancel again
  work
  run -0 ogpu-submit --prune
  [ "$(jq .tasks <<<"$output")" = 3 ]
  [ "$(find "$OGPU_HOME/blobs" -type f | wc -l)" = 0 ]
  run -69 ogpu-submit --fetch 1
  ogpu-validate --audit
}

@test "-H prints tables" {
  run -0 ogpu-submit -H --name job --array 0-9 -- true
  [[ ${lines[0]} == *TASK*NAME*ELEMENTS*PRICE*ESCROW* ]]
  [[ ${lines[1]} == *1*job*10* ]]
}

@test "names, arguments and paths do not stand on the chain" {
  echo secret-content >secret-file
  ogpu-submit --in secret-file --env SECRET_NAME=secret-value --out secret-out -- echo secret-word
  run ! grep -qaE 'secret-(word|file|value|out)|SECRET_NAME' "$OGPU_HOME/ogpu.db"
  run ! grep -qaE 'secret-(word|file|value|out)|SECRET_NAME' "$OGPU_HOME/ogpu.db-wal"
}

@test "ten submitters at once: all tasks, all numbers" {
  for i in 1 2 3 4 5 6 7 8 9 10; do
    ogpu-submit --name "n$i" -- true >"out$i" 2>"err$i" &
  done
  wait
  cat err*
  [ "$(cat out* | jq .id | sort -n | tr '\n' ' ')" = "1 2 3 4 5 6 7 8 9 10 " ]
}
