#!/usr/bin/env bash
# run.sh TARGET ... - libFuzzer for FUZZ_SECONDS (60) each over the committed corpus; what is new is
# minimised into build/fuzz-corpus/DECODER, findings go to build/fuzz-findings/. FUZZ_JOBS: workers.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
seconds=${FUZZ_SECONDS:-60}
passed=0 failed=0
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1} UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}

for bin in "$@"; do
  name=${bin##*/fuzz_}
  seed=tests/fuzz/corpus/$name
  grown=build/fuzz-corpus/$name
  if [ ! -d "$seed" ]; then
    echo "FAIL fuzz_$name: no corpus $seed"
    failed=$((failed + 1))
    continue
  fi
  mkdir -p "$grown" build/fuzz-findings
  log=build/fuzz-findings/$name.log
  if "$bin" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
    -fork="${FUZZ_JOBS:-1}" -ignore_crashes=0 \
    -artifact_prefix="build/fuzz-findings/$name-" "$grown" "$seed" >"$log" 2>&1 </dev/null; then
    rm -rf "$grown.min"
    mkdir -p "$grown.min"
    if "$bin" -merge=1 "$grown.min" "$grown" >>"$log" 2>&1 </dev/null; then
      rm -rf "$grown"
      mv "$grown.min" "$grown"
    fi
    passed=$((passed + 1))
    echo "ok   fuzz_$name: ${seconds} s, $(find "$grown" -type f | wc -l) inputs kept in $grown"
  else
    failed=$((failed + 1))
    echo "FAIL fuzz_$name: see $log"
    grep -E 'ERROR|SUMMARY|Test unit written' "$log" | sed 's/^/  /'
  fi
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
