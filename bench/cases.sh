# shellcheck shell=bash
# shellcheck disable=SC2154 # runs, bin, tmp, here, cpu are run.sh's
# cases.sh - the case studies with 1, 2 and 4 workers: wall time beside one worker's, and what the whole
# pool costs in processor time. Sourced by run.sh. One worker works for itself, so nobody verifies him.

# case_of NAME LINE-PATTERN COMMAND...: seconds as the example tells them, its processor time
case_of() {
    local name=$1 pattern=$2 w line
    shift 2
    for w in 1 2 4; do
        for _ in $(seq "$runs"); do
            WORKERS=$w BIN=$bin usage case -o "$tmp/case.out" "$@"
            line=$(sed -n "s/$pattern/\\1/p" "$tmp/case.out" | tail -n 1)
            [ -n "$line" ] || die "$name: '$(tail -n 1 "$tmp/case.out")'"
            note "case.$name.$w" "$line"
            note "case.$name.$w.cpu" "${cpu[case]}"
        done
        if [ "$w" = 1 ]; then
            emit "$name, 1 worker" "$(noted "case.$name.1")" s "$runs"
        else
            emit "$name, $w workers" "$(noted "case.$name.$w")" s "$runs" '1 worker' "$(noted "case.$name.1")"
        fi
        emit "$name, $w workers, processor time of all" "$(noted "case.$name.$w.cpu")" s "$runs"
    done
}

cases_all() {
    local data=${OGPU_SHARED:-$here/../../shared}/cases examples=$here/../examples
    export OUT=$tmp/case-out SIZE=192x108 FPS=12.5 EPOCHS=0 ROUNDS=${BENCH_ROUNDS:-20}
    MNIST=$(cd "$BUILD/examples" && pwd)/mnist CLIMATE=$(cd "$BUILD/examples" && pwd)/climate
    export MNIST CLIMATE
    case_of "training, $ROUNDS rounds of 10 shards" '^.* workers: \([0-9.]*\) s$' "$examples/mnist/run.sh" "$data/ml"
    WARMUP=160 case_of 'motion, 377 frames in independent segments' '^.* frames in \([0-9.]*\) s,.*' \
        "$examples/motion/run.sh" "$data/video/car-192x108.gray.gz"
    [ ! -x "$CLIMATE" ] || BANDS=8 case_of 'climate, 8 bands' '^.* workers: \([0-9.]*\) s$' \
        "$examples/climate/run.sh" "$data/climate/A1B_north_america.nc"
}
