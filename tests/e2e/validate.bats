#!/usr/bin/env bats
# validate.bats - ogpu-validate: duties, questions, the audit, and each exit status of its page.

load helpers

setup() {
  common_setup
  export OGPU_KEYS=$BATS_TEST_TMPDIR/keys
}

chain() {
  ogpu init -q --slots 2 --mem 2GiB --mflops 100000 --account bob >init.json
}

# a chain on which one task was run and paid
paid() {
  chain
  ogpu-submit --sandbox none -- sh -c 'echo hello' | ogpu-match | ogpu-worker >records
  ogpu-validate --seal >/dev/null || true
}

pool() {
  ogpu init -q --mflops 100000 --account bob --member a,slots=1 --member b,slots=1 \
    --member c,slots=1 --member d,slots=1 "$@" >init.json
}

needs_sandbox() {
  bwrap --unshare-all --ro-bind / / /bin/true 2>/dev/null || skip "no sandbox can be had here"
}

# changes the state behind the chain's back: SQL
tamper() {
  needs python3
  python3 -c 'import sqlite3,sys
db = sqlite3.connect(sys.argv[1]); db.execute(sys.argv[2]); db.commit()' "$OGPU_HOME/ogpu.db" "$1"
}

@test "help and version" {
  run -0 ogpu-validate --help
  [[ $output == "usage: ogpu-validate"* ]]
  run -0 ogpu-validate --version
  [[ $output == "ogpu-validate "* ]]
}

@test "wrong options are 64" {
  run -64 ogpu-validate --once --watch
  [[ $output == "ogpu-validate: only one thing can be asked at once" ]]
  run -64 ogpu-validate --audit --record
  run -64 ogpu-validate --block 0
  run -64 ogpu-validate --clock
  run -64 ogpu-validate operand
}

@test "no state is 78" {
  run -78 ogpu-validate --audit
  run -78 ogpu-validate --once
  run -78 ogpu-validate --block 1
  run -78 ogpu-validate --lease 1
  run -78 ogpu-validate --record </dev/null
}

@test "empty input: nothing, 0; records pass byte for byte; bad ones are 65" {
  chain
  run -0 --separate-stderr ogpu-validate </dev/null
  [ -z "$output" ] && [ -z "$stderr" ]
  printf '{"kind":"note",  "v":1}\n' >in
  ogpu-validate <in >out
  cmp in out
  run -65 --separate-stderr ogpu-validate <<<'not json'
  [[ $stderr == "ogpu-validate: stdin:1: "* ]]
}

@test "a filter ends with the receipt; 0 when paid" {
  chain
  ogpu-submit --sandbox none -- sh -c 'exit 4' | ogpu-match | ogpu-worker >records
  run -0 --separate-stderr ogpu-validate <records
  jq -e '.kind == "receipt" and .state == "paid" and .exit == 4 and .verified_by == "own"' \
    <<<"${lines[-1]}"
  [ "$(head -n 1 records)" = "${lines[0]}" ]
}

@test "1 when a task was not paid" {
  chain
  ogpu-submit --sandbox none --limit 200ms -- sleep 20 >task.json
  run -1 --separate-stderr bash -o pipefail -c 'ogpu-match <task.json | ogpu-worker | ogpu-validate'
  jq -e '.state == "failed"' <<<"${lines[-1]}"
  [[ $stderr == *"ogpu-validate: 1 of 1 tasks were not paid"* ]]
}

@test "drawn: recomputed blind, committed, then revealed, then the verdict" {
  needs_sandbox
  pool
  ogpu-submit --key bob --verify exact -- echo hi >task.json
  run -0 bash -o pipefail -c 'ogpu-match <task.json | ogpu-worker | ogpu-validate'
  echo "$output" | jq -es 'map(.kind) == ["task","assignment","result","verdict","receipt"]'
  echo "$output" | jq -es '.[3].value == .[2].root and .[4].verified_by == "exact"'
  run -0 ogpu-validate --audit
}

@test "the submitter's command: what it finds, yes and no" {
  needs_sandbox
  pool
  echo want >want
  ogpu-submit --key bob --in want --out res \
    --check 'cmp want res && grep -q said "$OGPU_STDOUT" && [ "$OGPU_EXIT" = 5 ]' -- \
    sh -c 'cat want >res; echo said; exit 5' >task.json
  run -0 bash -o pipefail -c 'ogpu-match <task.json | ogpu-worker | ogpu-validate'
  jq -e '.vote == "ok" and .method == "cmd"' < <(grep '"verdict"' <<<"$output")
  ogpu-submit --key bob --check 'exit 1' -- echo hi >task.json
  run -1 bash -o pipefail -c 'ogpu-match <task.json | ogpu-worker | ogpu-validate'
  [ "$(grep -c '"vote":"bad"' <<<"$output")" = 2 ]
  grep -q '"state":"failed"' <<<"$output"
  run -0 ogpu-validate --audit
}

# matrices M N K TYPE: A and B
matrices() {
  needs python3
  python3 -c 'import random, struct, sys
m, n, k, t = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
random.seed(7)
one = (lambda: random.uniform(-1, 1)) if t == "f" else (lambda: random.randrange(-999, 1000))
for name, c in (("A", m * k), ("B", k * n)):
    open(name, "wb").write(struct.pack("<%d%s" % (c, t), *[one() for _ in range(c)]))' "$@"
}

@test "products: Freivalds on floats, sampled blocks on integers" {
  pool --param q_min_ppm=1000000
  matrices 150 70 90 f
  ogpu-submit --key bob --kernel gemm --in A --in B --arg m=150 --arg n=70 --arg k=90 >task.json
  run -0 bash -o pipefail -c 'ogpu-match <task.json | ogpu-worker | ogpu-validate'
  jq -e '.vote == "ok" and .method == "vote"' < <(grep '"verdict"' <<<"$output")
  matrices 150 70 90 i
  for samples in 0 1 2; do
    ogpu-submit --key bob --kernel gemm --in A --in B --arg m=150 --arg n=70 --arg k=90 \
      --arg type=i32 --samples $samples >task.json
    run -0 bash -o pipefail -c 'ogpu-match <task.json | ogpu-worker | ogpu-validate'
    jq -e '.method == "exact" and (.value | length) == 64' < <(grep '"verdict"' <<<"$output")
  done
  run -0 ogpu-validate --audit
}

@test "arrays: only the drawn elements are run again" {
  needs_sandbox
  pool
  ogpu-submit --key bob --verify exact --samples 2 --array 0-7 --chunk 8 -- \
    sh -c 'echo $OGPU_INDEX' >task.json
  run -0 bash -o pipefail -c 'ogpu-match <task.json | ogpu-worker | ogpu-validate'
  grep -q '"verified_by":"exact"' <<<"$output"
  run -0 ogpu-validate --audit
}

@test "--once and --watch do the duties of others' filters" {
  needs_sandbox
  pool
  ogpu-validate --watch >v.out 2>v.err 3>&- &
  v=$!
  ogpu-worker --watch >w.out 2>w.err 3>&- &
  w=$!
  ogpu-submit --key bob --verify exact -- echo hi >task.json
  ogpu-match <task.json >m.out
  wait_for '[ "$(ogpu show 1 | jq -r .state)" = paid ]'
  kill -TERM $v $w
  wait $v
  wait $w
}

@test "--lease verifies a result without being drawn and changes nothing" {
  paid
  before=$(ogpu status | jq -c '[.height, .txs, .open_txs]')
  run -0 ogpu-validate --lease 1
  jq -e '.kind == "verdict" and .vote == "ok"' <<<"$output"
  [ "$before" = "$(ogpu status | jq -c '[.height, .txs, .open_txs]')" ]
  run -65 ogpu-validate --lease 9
  ogpu-submit --sandbox none -- sh -c 'head -c 8 /dev/urandom' | ogpu-match | ogpu-worker >records
  run -1 --separate-stderr ogpu-validate --lease 2
  jq -e '.vote == "grey"' <<<"$output"
  [[ $stderr == "ogpu-validate: lease 2: element 0 came out otherwise" ]]
}

@test "--seal" {
  chain
  run -1 ogpu-validate --seal
  ogpu-submit --sandbox none -- /bin/true >task.json
  run -0 ogpu-validate --seal
  jq -e '.kind == "sealed" and .height == 1' <<<"$output"
  ogpu-submit --sandbox none -- /bin/true >task.json
  OGPU_KEYS=$BATS_TEST_TMPDIR/none run -69 ogpu-validate --seal
}

@test "--block and --matching replay up to there" {
  paid
  run -0 ogpu-validate --block 1
  jq -e '.ok and .height == 1' <<<"$output"
  run -65 ogpu-validate --block 999
  run -0 ogpu-validate --matching 1
  jq -e '.ok and .round == 1 and .rows == 1 and .cols == 2' <<<"$output"
  run -1 ogpu-validate --matching 77
}

@test "--proof: a transaction, a receipt and a row, from the header alone" {
  paid
  ogpu submit --sandbox none -- /bin/true >/dev/null
  ogpu-validate --seal >/dev/null
  txid=$(jq -r 'select(.kind == "task") | .txid' records)
  ogpu show --proof "$txid" >tx.json
  ogpu show --proof receipt:1 >receipt.json
  ogpu show --proof lease:1 >row.json
  OGPU_HOME=$BATS_TEST_TMPDIR/nowhere run -0 ogpu-validate --proof tx.json
  jq -e '.ok and .of == "tx" and .in_local_chain == "unknown"' <<<"$output"
  run -0 ogpu-validate --proof - <tx.json
  jq -e '.in_local_chain == "yes"' <<<"$output"
  jq -c '.line |= sub("echo"; "Echo") | .line |= sub("\"seq\":\"1\""; "\"seq\":\"2\"")' tx.json >bad.json
  run -1 ogpu-validate --proof bad.json
  [[ $output == *"the line is not under the root in the header"* ]]
  jq -c '.header.time_ms += 1' tx.json >bad.json
  run -1 ogpu-validate --proof bad.json
  [[ $output == *"'hash' is not the header's"* ]]
  run -0 ogpu-validate --proof receipt.json
  run -0 ogpu-validate --proof row.json
  jq -e '.ok and .of == "row"' <<<"$output"
  jq -c '.record.count += 1' row.json >bad.json
  run -1 ogpu-validate --proof bad.json
  [[ $output == *"'record' is not what the proven bytes say"* ]]
  jq -c '.row = .row[:-2] + "07"' row.json >bad.json
  run -1 ogpu-validate --proof bad.json
  [[ $output == *"the row is not under the app hash in the header"* ]]
  run -66 ogpu-validate --proof nothere
  echo '[1]' >bad.json
  run -65 ogpu-validate --proof bad.json
}

@test "--record checks signed lines" {
  paid
  txid=$(jq -r 'select(.kind == "task") | .txid' records)
  ogpu show "$txid" | jq -r '.line // empty' >line
  [ -s line ] || ogpu show --proof "$txid" | jq -r .line >line
  run -0 ogpu-validate --record <line
  jq -e --arg t "$txid" '.ok and .txid == $t and .tx == "task.submit"' <<<"$output"
  sed 's/"seq":"1"/"seq":"2"/' line >bad
  run -1 --separate-stderr ogpu-validate --record <bad
  jq -e '(.ok | not) and .what == "the signature is wrong"' <<<"$output"
  [[ $stderr == "ogpu-validate: 1 of 1 lines are not valid" ]]
  run -1 ogpu-validate --record <<<'{"kind":"nonsense"}'
}

@test "the audit: clean, and again after pruning nothing" {
  paid
  run -0 ogpu-validate --audit
  jq -e '.kind == "audit" and .ok and .blocks >= 3 and .results == 1 and .from == "genesis"' \
    <<<"$output"
}

@test "the audit names what was changed: a balance, a transaction, a header, a result" {
  paid
  cp -r "$OGPU_HOME" good
  tamper "UPDATE account SET balance = balance + 1 WHERE rowid IN (SELECT rowid FROM account LIMIT 1)" ||
    tamper "UPDATE account SET balance = balance + 1"
  run -1 --separate-stderr ogpu-validate --audit
  [[ $stderr == *"the table 'account' is not what the chain makes of it"* ]]
  rm -rf "$OGPU_HOME" && cp -r good "$OGPU_HOME"
  tamper "UPDATE tx SET line = replace(line, '\"fee\":\"', '\"fee\":\"1') WHERE pos % 1048576 = 1 AND pos < 1048580"
  run -1 --separate-stderr ogpu-validate --audit
  [[ $stderr == "ogpu-validate: block "*", transaction 1: "* ]]
  rm -rf "$OGPU_HOME" && cp -r good "$OGPU_HOME"
  tamper "UPDATE lease SET pay = pay + 1"
  run -1 --separate-stderr ogpu-validate --audit
  [[ $stderr == *"the table 'lease' is not what the chain makes of it at row {\"id\":1}"* ]]
  rm -rf "$OGPU_HOME" && cp -r good "$OGPU_HOME"
  sum=$(echo hello | sha256sum | cut -d' ' -f1)
  chmod u+w "$OGPU_HOME/blobs/${sum:0:2}/$sum"
  echo jello >"$OGPU_HOME/blobs/${sum:0:2}/$sum"
  run -1 --separate-stderr ogpu-validate --audit
  [[ $stderr == *"lease 1: blob (stdout)"*"is damaged"* ]]
}

@test "the audit finds forged receipts, statements, counters, trees and specs" {
  paid
  cp -r "$OGPU_HOME" good
  local table edit
  while read -r table edit; do
    rm -rf "$OGPU_HOME" && cp -r good "$OGPU_HOME"
    tamper "UPDATE $table SET $edit"
    run -1 --separate-stderr ogpu-validate --audit
    [[ $stderr == *"the table '$table' is not what the chain makes of it"* ]]
  done <<'END'
receipt line = replace(line, '"exit":0', '"exit":1')
move delta = delta + 1
counter n = n + 1 WHERE name = 'task.paid'
meta value = zeroblob(32) WHERE name = 'app_hash'
storeroot hash = zeroblob(32) WHERE store = 0
treenode hashes = zeroblob(length(hashes))
bucket content = zeroblob(length(content))
END
  rm -rf "$OGPU_HOME" && cp -r good "$OGPU_HOME"
  tamper "DELETE FROM receipt"
  run -1 ogpu-validate --audit
  rm -rf "$OGPU_HOME" && cp -r good "$OGPU_HOME"
  local spec
  spec=$(ogpu show 1 | jq -r .spec)
  chmod u+w "$OGPU_HOME/blobs/${spec:0:2}/$spec"
  echo >>"$OGPU_HOME/blobs/${spec:0:2}/$spec"
  run -1 --separate-stderr ogpu-validate --audit
  [[ $stderr == *"lease 1: "* ]]
}

@test "stdout full is 74" {
  paid
  run -74 bash -c 'ogpu-validate --audit >/dev/full'
  run -74 bash -c 'ogpu-validate --lease 1 >/dev/full'
}

@test "an answer that nobody reads ends quietly" {
  chain
  run --separate-stderr bash -c 'set -o pipefail; ogpu-validate --audit | true'
  [ "$status" -eq 0 ] || [ "$status" -eq 141 ]
  [ -z "$stderr" ]
}
