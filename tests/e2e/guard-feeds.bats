#!/usr/bin/env bats
# guard-feeds.bats - ogpu-guard import, feeds, lookup: every format against what it must yield, fetching
# from a server on the loopback, the last good copy, the merged set.
load helpers

samples() {
  SAMPLES=$(cd "${OGPU_SHARED:-$OGPU_ROOT/../shared}/guard/feeds" 2>/dev/null && pwd) ||
    skip "no guard/feeds in OGPU_SHARED"
}

# serve: starts the server over $PWD/www and sets URL
serve() {
  command -v python3 >/dev/null || skip "python3 is not installed"
  mkdir -p www
  python3 "$OGPU_ROOT/tests/e2e/feedserver.py" "$PWD/www" 2>www.err &
  wait_for '[ -s www/port ]'
  URL=http://127.0.0.1:$(cat www/port)
}

# feed NAME PATH FORMAT [more members]: a line of the configuration
feed() {
  echo "{\"name\":\"$1\",\"url\":\"$URL/$2\",\"format\":\"$3\",\"min_poll_s\":0${4:+,$4}}" >>conf
}

# shellcheck disable=SC2120 # with run -0 feeds -q
feeds() {
  ogpu-guard feeds --config conf --now 1795374000 "$@"
}

@test "import: every sample gives what expected.json says" {
  samples
  asof=$(jq -r .asof "$SAMPLES/expected.json")
  for f in $(jq -r 'keys[] | select(. != "asof" and . != "taxii21")' "$SAMPLES/expected.json"); do
    run -0 ogpu-guard import --asof "$asof" "$SAMPLES/$f"
    [ "$(jq -Sc .counts <<<"$output")" = "$(jq -Sc --arg f "$f" '.[$f]' "$SAMPLES/expected.json")" ] ||
      { echo "$f: $output"; return 1; }
    # the same when the format is said
    run -0 ogpu-guard import --asof "$asof" --format "$(jq -r .format <<<"$output")" "$SAMPLES/$f"
    [ "$(jq -Sc .counts <<<"$output")" = "$(jq -Sc --arg f "$f" '.[$f]' "$SAMPLES/expected.json")" ]
  done
}

@test "import and lookup: the set of several files" {
  printf '203.0.113.7\n198.51.100.0/24\n10.0.0.0/8\n203.0.113.20-203.0.113.29\n' >a.txt
  echo '{"kind":"wallet","value":"0xAA","score":0.7,"reason":"wash","expires":0}' >b.jsonl
  run -0 ogpu-guard import --out set --allow 198.51.100.128/25 a.txt b.jsonl
  run -0 ogpu-guard lookup --intel set 203.0.113.7 198.51.100.1 198.51.100.200 10.0.0.1 203.0.113.29 0xAA 203.0.113.30
  jq -se 'map(.value) == ["203.0.113.7", "198.51.100.1", "203.0.113.29", "0xAA"] and
    (.[0] | .kind == "hit" and .feed == "a.txt" and .type == "ip" and .score == 1)' <<<"$output"
  run -0 bash -c 'printf "1.1.1.1\n203.0.113.7\n" | ogpu-guard lookup --intel set'
  [ "${#lines[@]}" -eq 1 ]
  run -1 ogpu-guard lookup --intel set 1.1.1.1
  [ -z "$output" ]
  run -66 ogpu-guard lookup --intel none 1.1.1.1
  run -65 ogpu-guard lookup --intel a.txt 1.1.1.1
  run -64 ogpu-guard import
  run -64 ogpu-guard import --format mp3 a.txt
  run -64 ogpu-guard import --asof soon a.txt
  run -65 --separate-stderr ogpu-guard import --format stix a.txt
  [[ "$stderr" == *"a.txt: stix: no JSON object"* ]]
  run -66 ogpu-guard import none
}

@test "feeds: conditional requests, limits, the last good copy, one swap" {
  serve
  printf '192.0.2.1\n192.0.2.2\n' >www/plain
  feed one plain plain '"weight":0.5'
  feed moved moved plain '"ttl_s":60'
  feed long long plain '"max_bytes":5000'
  feed slow slow plain '"timeout_ms":300'
  feed fails fail plain
  echo '{"allow":"192.0.2.2"}' >>conf
  run -0 --separate-stderr feeds
  jq -se 'map(select(.kind == "feed") | .status) == ["new", "new", "kept", "kept", "kept"] and
    (.[2].why == "more than 5000 bytes") and (.[4].why == "the server answers 500") and
    (.[-1] | .kind == "intel" and .indicators == 4)' <<<"$output"
  [ "$(grep -c warning <<<"$stderr")" -eq 3 ]
  run -0 ogpu-guard lookup --now 1795374000 192.0.2.1 192.0.2.2
  jq -se 'length == 1 and .[0].value == "192.0.2.1"' <<<"$output"
  # nothing new: 304, and the copy stays
  run -0 feeds -q
  jq -se '.[0].status == "unchanged" and .[0].counts.ip == 2' <<<"$output"
  grep -q '^304 /plain "' www/log
  # new content, then nonsense, then an answer that is no answer: the good copy stays
  printf '192.0.2.9\n' >www/plain
  run -0 feeds -q
  jq -se '.[0].status == "new" and .[0].counts.ip == 1' <<<"$output"
  printf '<html>\nsorry\n</html>\n' >www/plain
  run -0 feeds -q
  jq -se '.[0].status == "kept" and .[0].counts.ip == 1 and (.[0].why | test("none of the format"))' <<<"$output"
  rm www/plain
  run -0 feeds -q
  jq -se '.[0].status == "kept" and .[0].why == "the server answers 404"' <<<"$output"
  run -0 ogpu-guard lookup --now 1795374000 192.0.2.9
  jq -e '.value == "192.0.2.9"' <<<"$output"
}

@test "feeds: not asked again before it is due" {
  serve
  printf '192.0.2.1\n' >www/plain
  echo "{\"name\":\"one\",\"url\":\"$URL/plain\",\"format\":\"plain\"}" >conf
  feeds >/dev/null
  run -0 feeds
  jq -se '.[0].status == "early" and .[0].counts.ip == 1 and .[1].indicators == 1' <<<"$output"
  [ "$(wc -l <www/log)" -eq 1 ]
  run -0 feeds --force
  run -0 ogpu-guard feeds --config conf --now 1795377601
  [ "$(wc -l <www/log)" -eq 3 ]
}

@test "feeds: TAXII from discovery to the last page, and only what is new afterwards" {
  samples
  serve
  sed "s,http://127.0.0.1:18080,$URL,g" "$SAMPLES/taxii21_discovery.json" >www/discovery.json
  cp "$SAMPLES/taxii21_collections.json" www/collections.json
  cp "$SAMPLES/taxii21_objects_page1.json" www/page0.json
  cp "$SAMPLES/taxii21_objects_page2.json" www/page1.json
  jq -c '.more = false | del(.next) | .objects[0] |= (.revoked = true | .modified = "2026-11-22T00:00:00.000Z")' \
    www/page0.json >www/later.json
  feed cert taxii2/ taxii
  run -0 feeds
  jq -se --slurpfile e "$SAMPLES/expected.json" '.[0].status == "new" and
    ((.[0].counts + {pages: .[0].pages}) == $e[0].taxii21)' <<<"$output"
  run -0 ogpu-guard lookup --now 1795374000 203.0.113.131 203.0.113.132
  [ "${#lines[@]}" -eq 2 ]
  # the second time: added_after, and an object that was revoked since
  run -0 feeds
  jq -se '.[0].pages == 1 and .[0].counts == {ipv4: 1, revoked: 1}' <<<"$output"
  grep -q 'added_after=2026-11-21T00%3A00%3A00Z' www/log
  run -0 ogpu-guard lookup --now 1795374000 203.0.113.131 203.0.113.132
  [ "${#lines[@]}" -eq 1 ]
}

@test "feeds: a CrowdSec stream: all at first, then what came and went; its key in a file of its own" {
  serve
  echo '{"new":[{"id":1,"scope":"Ip","value":"203.0.113.1","duration":"4h","scenario":"a"},
    {"id":2,"scope":"Range","value":"198.51.100.64/27","duration":"1h","scenario":"b"}],
    "deleted":null}' >www/startup.json
  echo '{"new":[{"id":3,"scope":"Ip","value":"203.0.113.3","duration":"4h","scenario":"c"}],
    "deleted":[{"id":1,"scope":"Ip","value":"203.0.113.1","duration":"-1s","scenario":"a"}]}' >www/delta.json
  printf 'X-Api-Key: secret\n' >key
  chmod 644 key
  feed lapi crowdsec crowdsec "\"headers\":\"$PWD/key\""
  run -77 feeds
  chmod 600 key
  run -0 feeds
  jq -se '.[0].status == "new" and .[0].counts == {cidr: 1, ip: 1}' <<<"$output"
  run -0 feeds
  jq -se '.[0].counts == {cidr: 1, ip: 1}' <<<"$output"
  run -0 ogpu-guard lookup --now 1795374000 203.0.113.1 203.0.113.3 198.51.100.65
  jq -se 'map(.value) == ["203.0.113.3", "198.51.100.65"]' <<<"$output"
  # an hour later the range is over
  run -0 ogpu-guard lookup --now 1795377601 203.0.113.3 198.51.100.65
  [ "${#lines[@]}" -eq 1 ]
  ! grep -rq secret "$OGPU_HOME"
}

@test "feeds: --watch goes on until it is told to stop; two at once are refused" {
  serve
  printf '192.0.2.1\n' >www/plain
  feed one plain plain
  ogpu-guard feeds --config conf --watch >out &
  pid=$!
  wait_for '[ "$(wc -l <out)" -ge 4 ]'
  run -75 --separate-stderr ogpu-guard feeds --config conf
  [[ "$stderr" == *"another 'ogpu-guard feeds' is at work"* ]]
  printf '192.0.2.7\n' >www/plain
  wait_for 'ogpu-guard lookup 192.0.2.7 >/dev/null'
  kill -TERM "$pid"
  wait "$pid"
}

@test "feeds: a configuration that is wrong says where" {
  printf '# nothing\n' >conf
  run -65 --separate-stderr ogpu-guard feeds --config conf
  [[ "$stderr" == *"'conf' lists no feed" ]]
  printf '\n{"name":"a","url":"ftp://x","format":"plain"}\n' >conf
  run -65 --separate-stderr ogpu-guard feeds --config conf
  [ "$stderr" = "ogpu-guard feeds: conf:2: 'url' must begin with http:// or https://" ]
  printf '{"name":"a","url":"http://x","format":"mp3"}\n' >conf
  run -65 ogpu-guard feeds --config conf
  printf '{"name":"a/b","url":"http://x","format":"plain"}\n' >conf
  run -65 ogpu-guard feeds --config conf
  printf '{"name":"a","url":"http://x","format":"plain","colour":1}\n' >conf
  run -65 ogpu-guard feeds --config conf
  run -66 ogpu-guard feeds
  [ ! -e "$OGPU_HOME/guard/intel" ]
}
