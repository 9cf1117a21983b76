#!/usr/bin/env bash
# run.sh - `make bench`: JSON lines to stdout, appended to bench/results/ with the commit.
#   BENCH='array transfers …'  only these parts; BENCH_RUNS=N runs of each (3)
# Every peer is measured in the same run as we are; one that is not installed is skipped, and said.
set -u
here=$(cd "$(dirname "$0")" && pwd)
BUILD=${BUILD:-build/release}
bin=$(cd "$BUILD/bin" && pwd) || exit 66
aid=$(cd "$BUILD/bench" && pwd) || exit 66
export PATH="$bin:$PATH" LC_ALL=C
runs=${BENCH_RUNS:-3}
all='array cpu queue tasks loop transfers bulk look seal round match lap makespan trace
gemm kernels evm pre cuda cases net guard contracts'
parts=${BENCH:-$all}

tmp=$(mktemp -d "${TMPDIR:-/tmp}/ogpu-bench.XXXXXX") || exit 73
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)
machine="$(nproc) x ${model:-$(uname -m)}"
commit=$(git -C "$here" rev-parse --short HEAD 2>/dev/null || echo none)
git -C "$here" diff --quiet HEAD -- ../cmd ../libcommon 2>/dev/null || commit+=+
slug=$(printf %s "$machine" | tr -c 'A-Za-z0-9' '-' | tr -s '-' | tr '[:upper:]' '[:lower:]')
results="$here/results/${slug%-}.jsonl"
mkdir -p "$here/results"

# emit NAME VALUE UNIT RUNS [PEER PEER_VALUE]
emit() {
    local peer=null value=null ratio=null
    if [ $# -gt 4 ]; then
        peer="\"$5\"" value=$6
        ratio=$(awk -v a="$2" -v b="$6" 'BEGIN { if (b == 0) print "null"; else printf "%.3f", a / b }')
    fi
    {
        printf '{"commit":"%s","kind":"bench","machine":"%s","name":"%s",' "$commit" "$machine" "$1"
        printf '"peer":%s,"peer_value":%s,"ratio":%s,"runs":%s,' "$peer" "$value" "$ratio" "$4"
        printf '"unit":"%s","v":1,"value":%s}\n' "$3" "$2"
    } | tee -a "$results"
}
say() { printf 'bench: %s\n' "$*" >&2; }
have() { command -v "$1" >/dev/null 2>&1 || { say "skip: $1 is not installed"; return 1; }; }
die() { say "$*"; exit 70; }
median() { sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
note() { echo "$2" >>"$tmp/n.$1"; } # a measured value under a name
noted() { median <"$tmp/n.$1"; }
calc() { awk "BEGIN { printf \"%.6g\", $1 }"; }

# usage NAME OPTIONS CMD…: seconds and KiB into wall[NAME], cpu[NAME], rss[NAME]
declare -A wall cpu rss
usage() {
    local name=$1 line us cpu_us kib status
    shift
    line=$("$aid/bench_usage" "$@" 2>&1 >/dev/null | tail -1)
    read -r us cpu_us kib status <<<"$line"
    [ "${status:-x}" = 0 ] || die "'$*' failed: $line"
    wall[$name]=$(calc "$us / 1e6")
    cpu[$name]=$(calc "$cpu_us / 1e6")
    rss[$name]=$kib
}

# A home of its own: keys and state apart from everybody's.
home() {
    export XDG_CONFIG_HOME="$tmp/home/$1/config" OGPU_HOME="$tmp/home/$1/state"
    rm -rf "${tmp:?}/home/$1"
    shift
    ogpu init --quiet --slots 2 --capacity-ms 50 "$@" >/dev/null || die "ogpu init failed"
}

cat >"$tmp/pipe" <<'END'
set -o pipefail
if command -v ogpu-validate >/dev/null; then
    ogpu-submit "$@" | ogpu-match | ogpu-worker $WORKER | ogpu-validate >"$OUT"
else
    ogpu-submit "$@" | ogpu-match | ogpu-worker $WORKER >"$OUT"
fi
END
# pipeline SANDBOX ARG…: measured as `pipe`; everything must have been paid
pipeline() {
    export WORKER='' OUT="$tmp/out"
    [ "$1" = none ] && WORKER='--sandbox none'
    shift
    usage pipe ${STDIN:+-i "$STDIN"} bash "$tmp/pipe" "$@"
    ogpu status | grep -q '"tasks":{"cancelled":0,"expired":0,"failed":0,"open":0,"paid":[1-9][0-9]*,"waiting":0}' ||
        die "not everything was paid: $(ogpu status)"
}

cat >"$tmp/tsp" <<'END'
export TS_SOCKET="$1/tsp.socket" TMPDIR="$1" TS_MAXFINISHED=0
tsp -S 2
for i in $(seq "$2"); do tsp -n /bin/true >/dev/null; done
while tsp | grep -qE 'running|queued|allocating'; do sleep 0.005; done
tsp -K
END

peer_xargs() { usage xargs bash -c "seq $1 | xargs -P2 -n1 /bin/true"; }
peer_tsp() { usage tsp bash "$tmp/tsp" "$tmp" "$1"; }
peer_bwrap() {
    usage bwrap bash -c "seq $1 | xargs -P2 -I{} bwrap --unshare-all --die-with-parent \
        --ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64 \
        --proc /proc --dev /dev --tmpfs /tmp /bin/true"
}
peer_parallel() { usage parallel bash -c "seq $1 | parallel -j2 /bin/true"; }

bench_array() {
    local peers=() p i
    for p in tsp parallel xargs; do have $p && peers+=("$p"); done
    for ((i = 0; i < runs; i++)); do
        home array --alg ed25519
        pipeline none --sandbox none --array 0-999 -- /bin/true
        note "array.none" "${wall[pipe]}"
        for p in "${peers[@]}"; do
            "peer_$p" 1000
            note "array.$p" "${wall[$p]}"
        done
    done
    for p in "${peers[@]}"; do
        emit "1000 x true, sandbox none" "$(noted "array.none")" s "$runs" "$p" "$(noted "array.$p")"
    done
    home array --alg ed25519
    pipeline bwrap --array 0-999 -- /bin/true
    if have bwrap; then
        peer_bwrap 1000
        emit "1000 x true, sandbox" "${wall[pipe]}" s 1 "xargs bwrap" "${wall[bwrap]}"
    fi
    home array # the default keys
    pipeline none --sandbox none --array 0-999 -- /bin/true
    emit "1000 x true, sandbox none, hybrid keys" "${wall[pipe]}" s 1
}

bench_cpu() {
    local i
    have xargs || return 0
    for ((i = 0; i < runs; i++)); do
        home cpu --alg ed25519
        pipeline none --sandbox none --array 0-9999 -- /bin/true
        peer_xargs 10000
        note "cpu" "$(calc "(${cpu[pipe]} - ${cpu[xargs]}) / 10")"
        note "cpu.xargs" "$(calc "${cpu[xargs]} / 10")"
    done
    emit "cpu per array element above xargs" "$(noted "cpu")" ms "$runs" xargs "$(noted "cpu.xargs")"
}

bench_queue() {
    local i
    for ((i = 0; i < runs; i++)); do
        home queue --alg ed25519
        pipeline none --sandbox none --array 0-999 -- /bin/true
        note "queue" "$(calc "1000 / ${wall[pipe]}")"
    done
    home queue --alg ed25519
    pipeline none --sandbox none --array 0-99999 -- /bin/true
    emit "elements a second, 100000 queued" "$(calc "100000 / ${wall[pipe]}")" 1/s 1 "1000 queued" "$(noted "queue")"
}

task_lines() {
    seq "$1" | sed 's/.*/{"argv":["\/bin\/true"],"kind":"task","name":"t&","sandbox":"none","v":1}/'
}

bench_tasks() {
    local i p peers=()
    for p in tsp parallel xargs; do have $p && peers+=("$p"); done
    task_lines 1000 >"$tmp/tasks"
    for ((i = 0; i < runs; i++)); do
        home tasks --alg ed25519
        STDIN="$tmp/tasks" pipeline none
        note "tasks.wall" "${wall[pipe]}"
        note "tasks.cpu" "${cpu[pipe]}"
        for p in "${peers[@]}"; do
            "peer_$p" 1000
            note "tasks.$p" "${wall[$p]}"
            [ "$p" != xargs ] || note "tasks.xargs.cpu" "${cpu[xargs]}"
        done
        home tasks # the default keys
        STDIN="$tmp/tasks" pipeline none
        note "tasks.hybrid" "${wall[pipe]}"
    done
    for p in "${peers[@]}"; do
        emit "1000 tasks of one element, sandbox none" "$(noted "tasks.wall")" s "$runs" \
            "$p" "$(noted "tasks.$p")"
    done
    ! have xargs || emit "cpu per task of one element above xargs" \
        "$(calc "$(noted "tasks.cpu") - $(noted "tasks.xargs.cpu")")" ms "$runs"
    emit "1000 tasks of one element, sandbox none, hybrid keys" "$(noted "tasks.hybrid")" s "$runs"
}

cat >"$tmp/submits" <<'END'
ogpu-match --watch >/dev/null & tools=$!
ogpu-worker --watch --sandbox none >/dev/null & tools+=" $!"
for i in $(seq "$1"); do ogpu-submit --sandbox none -- /bin/true >/dev/null || exit; done
until ogpu status | grep -q "\"paid\":$1,"; do sleep 0.005; done
kill $tools
wait
END
cat >"$tmp/runs" <<'END'
for i in $(seq "$1"); do ogpu run --sandbox none -- /bin/true || exit; done
END
cat >"$tmp/tspruns" <<'END'
export TS_SOCKET="$1/tsp.socket" TMPDIR="$1" TS_MAXFINISHED=0
for i in $(seq "$2"); do tsp -nf /bin/true || exit; done
tsp -K
END

# One at a time, as from a shell's loop.
bench_loop() {
    local i
    for ((i = 0; i < runs; i++)); do
        home loop
        usage submits bash "$tmp/submits" 200
        note "loop.submit" "$(calc "${wall[submits]} / 0.2")"
        usage runs bash "$tmp/runs" 20
        note "loop.run" "$(calc "${wall[runs]} / 0.02")"
        have tsp || continue
        peer_tsp 200
        note "loop.tsp" "$(calc "${wall[tsp]} / 0.2")"
        usage tspruns bash "$tmp/tspruns" "$tmp" 20
        note "loop.tsprun" "$(calc "${wall[tspruns]} / 0.02")"
    done
    if have tsp; then
        emit "ogpu-submit and paid, one by one, 200, hybrid keys" "$(noted loop.submit)" ms "$runs" \
            tsp "$(noted loop.tsp)"
        emit "ogpu run true, one by one, hybrid keys" "$(noted loop.run)" ms "$runs" \
            "tsp -f" "$(noted loop.tsprun)"
    else
        emit "ogpu-submit and paid, one by one, 200, hybrid keys" "$(noted loop.submit)" ms "$runs"
        emit "ogpu run true, one by one, hybrid keys" "$(noted loop.run)" ms "$runs"
    fi
}

# A chain with N transfers of 16 accounts in $tmp/chain; the rate is printed when asked for.
make_chain() {
    local names accounts=() i
    mapfile -t names < <(seq -f a%g 16)
    for i in "${names[@]}"; do accounts+=(--account "$i"); done
    home chain --alg ed25519 --param block_max=1000 "${accounts[@]}"
    "$aid/bench_tx" sign "$OGPU_HOME" "$XDG_CONFIG_HOME/ogpu/keys" "$1" "${names[@]}" >"$tmp/transfers" ||
        die "cannot sign"
}

bench_transfers() {
    local pin=() i rate
    have taskset && pin=(taskset -c 0)
    for ((i = 0; i < runs; i++)); do
        make_chain 20000
        rate=$("${pin[@]}" "$aid/bench_tx" verify "$XDG_CONFIG_HOME/ogpu/keys" 1000 a1 <"$tmp/transfers") ||
            die "cannot verify"
        note "verify" "$rate"
        usage apply -i "$tmp/transfers" "${pin[@]}" ogpu-submit --tx
        note "apply" "$(calc "20000 / ${wall[apply]}")"
        note "apply.cpu" "$(calc "20000 / ${cpu[apply]}")"
    done
    emit "signed transfers applied" "$(noted "apply")" 1/s "$runs" \
        "bare Ed25519 verification" "$(noted "verify")"
    emit "signed transfers applied, a second of processor time" "$(noted "apply.cpu")" 1/s "$runs" \
        "bare Ed25519 verification" "$(noted "verify")"
}

bench_bulk() {
    local i
    task_lines 50000 >"$tmp/bulk"
    for ((i = 0; i < runs; i++)); do
        home bulk --alg ed25519
        usage bulk -i "$tmp/bulk" ogpu-submit
        note "bulk.rate" "$(calc "50000 / ${wall[bulk]}")"
    done
    emit "bulk submit of 50000 tasks, sealing included" "$(noted "bulk.rate")" 1/s "$runs"
    emit "resident memory of ogpu-submit, 50000 tasks" "$(calc "${rss[bulk]} / 1024")" MiB 1
}

# mean_ms CMD…: over 50 runs
mean_ms() {
    "$aid/bench_usage" -n 50 -o /dev/null "$@" 2>&1 | awk '$4 == 0 { s += $1; n++ } END { printf "%.3f", s / n / 1000 }'
}
look() {
    local name=$1 t
    shift
    t=$(mean_ms "$@")
    emit "$name, 100000 transactions" "$(calc "$t - $true_ms")" ms 50
}
resident() {
    local name=$1
    shift
    "$aid/bench_usage" -o /dev/null "$@" 2>"$tmp/rss" </dev/null
    emit "resident memory of $name, 100000 transactions" \
        "$(tail -1 "$tmp/rss" | awk '{ printf "%.1f", $3 / 1024 }')" MiB 1
}

bench_look() {
    local txid
    make_chain 100000
    usage apply -i "$tmp/transfers" -o "$tmp/applied" ogpu-submit --tx
    true_ms=$(mean_ms /bin/true)
    txid=$(sed -n '50000s/.*"txid":"\([0-9a-f]*\)".*/\1/p' "$tmp/applied")
    pipeline none --sandbox none --array 0-99 -- /bin/true
    look "ogpu show TASK" ogpu show 1
    look "ogpu show TRANSACTION" ogpu show "$txid"
    look "ogpu show BLOCK" ogpu show block:50
    look "ogpu show NODE" ogpu show node:1
    look "ogpu status" ogpu status
    look "ogpu-top --once" ogpu-top --once
    look "ogpu-top --json" ogpu-top --json
    look "ogpu-stake" ogpu-stake
    resident "ogpu-submit --tx" bash -c 'ogpu-submit --tx </dev/null'
    resident "ogpu status" ogpu status
    resident ogpu-top ogpu-top --once
    resident ogpu-stake ogpu-stake
    resident ogpu-keygen ogpu-keygen --show
    ogpu-submit --sandbox none --array 0-9 -- /bin/true >/dev/null
    resident ogpu-match ogpu-match --once
    resident ogpu-worker ogpu-worker --sandbox none --once
    ! have ogpu-validate || {
        resident "ogpu-validate --once" ogpu-validate --once
        usage audit ogpu-validate --audit
        emit "ogpu-validate --audit, 100000 transactions" "${wall[audit]}" s 1
        emit "resident memory of ogpu-validate --audit, 100000 transactions" "$(calc "${rss[audit]} / 1024")" MiB 1
    }
    emit "state on disk per transfer" "$(calc "$(stat -c %s "$OGPU_HOME/ogpu.db") / 100000")" bytes 1
}

bench_seal() {
    local name ms
    home seal --alg ed25519 --param block_ms=3600000
    while read -r name ms; do
        emit "seal of a full block, lock held: $name" "$ms" ms 5
    done < <("$aid/bench_seal" "$OGPU_HOME" "$XDG_CONFIG_HOME/ogpu/keys" default)
}

# The largest round: 262,144 cells. The block that freezes it, then its matching, solved, checked and applied.
bench_round() {
    local i
    for ((i = 0; i < runs; i++)); do
        export XDG_CONFIG_HOME="$tmp/round.d/config" OGPU_HOME="$tmp/round.d/state"
        rm -rf "$tmp/round.d"
        ogpu init --quiet --mflops 1000000 --alg ed25519 --account bob --member a,slots=64,threads=64 \
            --member b,slots=64,threads=64 --member c,slots=64,threads=64 --member d,slots=64,threads=64 \
            --param block_ms=3600000 >/dev/null || die "ogpu init failed"
        ogpu-submit --key bob --sandbox none --mem 1M --chunk 1 --array 0-1023 -- true >/dev/null ||
            die "ogpu-submit failed"
        usage freeze ogpu-validate --seal
        note round.freeze "${wall[freeze]}" && note round.freeze.cpu "${cpu[freeze]}"
        usage assign ogpu-match --once
        ogpu status | grep -q '"matched":256,' || die "not a round of 256 slots: $(ogpu status)"
        note round.assign "${wall[assign]}" && note round.assign.cpu "${cpu[assign]}"
    done
    emit "sealing a block with a round of 1024 x 256" "$(noted round.freeze)" s "$runs"
    emit "sealing a block with a round of 1024 x 256, processor" "$(noted round.freeze.cpu)" s "$runs"
    emit "ogpu-match on a round of 1024 x 256" "$(noted round.assign)" s "$runs"
    emit "ogpu-match on a round of 1024 x 256, processor" "$(noted round.assign.cpu)" s "$runs"
}

bench_match() {
    local name ms
    while read -r name ms; do
        emit "match 1024 x 4096: $name" "$ms" ms 5
    done < <("$aid/bench_match")
}

# Assignment instances beside scipy's linear_sum_assignment, both in processor time on one core.
# lap_one KIND N M SEED RUNS [runs of the peer: 3]
lap_one() {
    local name="lap $1 $2 x $3" f="$tmp/lap" ours check matched cost peer peer_matched peer_cost
    "$aid/bench_lap" make "$1" "$2" "$3" "$4" "$f" || return
    read -r ours check matched cost < <("${pin[@]}" "$aid/bench_lap" solve "$f" "$5")
    [ -n "$cost" ] || die "$name failed"
    if [ -n "$scipy" ] && [ "${6:-3}" -gt 0 ]; then
        read -r peer peer_matched peer_cost < <("${pin[@]}" "$scipy" "$here/lap_scipy.py" "$f" "${6:-3}")
        [ "$matched $cost" = "$peer_matched $peer_cost" ] || die "$name: $matched $cost, scipy $peer_matched $peer_cost"
        emit "$name" "$ours" s "$5" scipy "$peer"
    else
        emit "$name" "$ours" s "$5"
    fi
    emit "$name: certificate" "$check" s "$5" solving "$ours"
}

bench_lap() {
    local pin=() scipy='' p warm cold kind
    export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
    have taskset && pin=(taskset -c 0)
    for p in python3 /usr/bin/python3; do
        [ -n "$scipy" ] || ! "$p" -c 'import scipy.optimize' 2>/dev/null || scipy=$p
    done
    [ -n "$scipy" ] || say "skip: no python3 has scipy (Debian: python3-scipy)"
    for kind in mach uni geo; do
        lap_one $kind 1000 1000 2026 15
        lap_one $kind 2000 2000 2027 9
    done
    lap_one mach 5000 5000 2028 3 1
    read -r warm cold < <("${pin[@]}" "$aid/bench_lap" warm "$tmp/lap" 10 19)
    emit "lap mach 5000 x 5000: again after 10 rows changed" "$warm" s 19 cold "$cold"
    lap_one uni100 2000 2000 2029 9
    lap_one mw 1000 1000 0 9
    lap_one machinf 1000 1500 2030 9
    lap_one machinf 1500 1500 2031 9
    lap_one sumcj 1000 1600 2032 9
    lap_one mach 100 10000 2033 9
    lap_one mach 3000 200 2034 9
    lap_one mach 10000 10000 2035 1 0
    usage lap ogpu-match --lap "$tmp/lap"
    emit "resident memory of ogpu-match --lap, mach 10000 x 10000" "$(calc "${rss[lap]} / 1024")" MiB 1
}

# Makespans of the Braun instances, a second each, beside the best that is published; the mean gap is to
# the bound of the linear program. braun.tsv: instance, that bound, best published (Gogos et al. 2016).
bench_makespan() {
    local dir="${OGPU_SHARED:-$here/../../shared}/match/braun/512x16" name lp best ours own gaps='' owns=''
    [ -d "$dir" ] || { say "skip: no match/braun in OGPU_SHARED"; return 0; }
    while IFS=$'\t' read -r name lp best; do
        read -r ours own < <(ogpu-match --makespan --budget-ms 1000 "$dir/$name.0" |
            sed 's/.*"gap_ppm":\([0-9]*\).*"makespan":\([0-9.]*\).*/\2 \1/')
        emit "makespan of $name, 1 s" "$ours" "" 1 "best published" "$best"
        gaps+=" + ($ours / $lp - 1)" owns+=" + $own"
    done <"$here/braun.tsv"
    emit "makespan, mean gap to the linear program" "$(calc "100 * (0$gaps) / 12")" % 1
    emit "makespan, mean gap to its own bound" "$(calc "(0$owns) / 120000")" % 1
}

# One day of the trace; bench/trace.sh has more days and the picture.
bench_trace() {
    local p m
    declare -A mean
    while IFS=$'\t' read -r p m; do mean[$p]=$m; done < <("$aid/bench_trace" 50 1 |
        sed 's/.*"mean_s":\([0-9.]*\).*"policy":"\([^"]*\)".*/\2\t\1/')
    for p in Min-Min 'first come' random; do
        emit "trace at load 50, mean completion" "${mean[ours]}" s 1 "$p" "${mean[$p]}"
    done
}

bench_gemm() {
    "$aid/bench_gemm" | while read -r line; do
        name=$(sed -n 's/.*"name":"\([^"]*\)".*/\1/p' <<<"$line")
        unit=$(sed -n 's/.*"unit":"\([^"]*\)".*/\1/p' <<<"$line")
        value=$(sed -n 's/.*"value":\([0-9.]*\).*/\1/p' <<<"$line")
        [ -z "$name" ] || emit "$name" "$value" "$unit" 1
    done
}

# worker NAME: processor time of ogpu-worker for each of 60 tasks of a record on stdin, of one's own
worker() {
    local record i
    read -r record
    for ((i = 0; i < 60; i++)); do echo "$record"; done >"$tmp/records"
    (cd "$tmp" && ogpu-submit <records >tasks) || die "ogpu-submit failed"
    usage worker -i <(ogpu-match <"$tmp/tasks") ogpu-worker
    emit "$1" "$(calc "${cpu[worker]} * 1000 / 60")" ms 1
}

bench_kernels() {
    local name value unit peer peer_value
    home kernels
    head -c 16384 /dev/zero >"$tmp/A"
    cp "$tmp/A" "$tmp/B"
    local args='{"k":64,"m":64,"n":64,"type":"i32"}'
    worker "worker: a task of a kernel, own, processor time" \
        <<<"{\"args\":$args,\"in\":[\"A\",\"B\"],\"kernel\":\"gemm\",\"kind\":\"task\",\"v\":1}"
    worker "worker: a task of a program, own, processor time" <<<'{"argv":["true"],"kind":"task","v":1}'
    "$aid/bench_kernel" >"$tmp/kernels" || die "bench_kernel failed"
    while IFS=$'\t' read -r name value unit peer peer_value; do
        if [ -n "${peer:-}" ]; then
            emit "$name" "$value" "$unit" 5 "$peer" "$peer_value"
        else
            emit "$name" "$value" "$unit" 5
        fi
    done <"$tmp/kernels"
}

# Time of a gas: the network's precompiles beside the slowest opcode, which none may pass.
bench_pre() {
    local name ns opcode
    "$aid/bench_pre" >"$tmp/pre" || die "bench_pre failed"
    opcode=$(awk '$1 == "slowest_opcode" { print $2 }' "$tmp/pre")
    while read -r name ns; do
        case $name in
        slowest_precompile | *.128x128x128 | vec.*.262144) emit "precompile.$name" "$ns" ns/gas 7 opcode "$opcode" ;;
        esac
    done <"$tmp/pre"
}

bench_evm() {
    local file="${OGPU_SHARED:-$here/../../shared}/evm/bench/all.json" peers name ms i
    [ -f "$file" ] || { say "skip: no evm/bench/all.json in OGPU_SHARED"; return 0; }
    peers=$("$here/../tests/evm/peers.sh") || peers=
    for ((i = 0; i < runs; i++)); do
        "$aid/bench_evm" "$file" >"$tmp/evm" || die "bench_evm failed"
        while read -r name ms; do note "evm.$name" "$ms"; done <"$tmp/evm"
        [ -z "$peers" ] || timeout 300 node "$here/evm_anvil.mjs" "$peers" "$file" >"$tmp/revm" ||
            { say "skip: anvil cannot be run"; peers=; }
        [ -z "$peers" ] || while read -r name ms; do note "revm.$name" "$ms"; done <"$tmp/revm"
    done
    while read -r name ms; do
        if [ "$name" = transfer ]; then
            emit "EVM: a plain ERC-20 transfer, as a transaction" "$(calc "1000 * $(noted "evm.transfer")")" us "$runs"
        elif [ -n "$peers" ]; then
            emit "EVM: $name, processor time" "$(noted "evm.$name")" ms "$runs" revm "$(noted "revm.$name")"
        else
            emit "EVM: $name, processor time" "$(noted "evm.$name")" ms "$runs"
        fi
    done <"$tmp/evm"
}

bench_cuda() {
    have g++ || return 0
    [ -f "${OGPU_SHARED:-$here/../../shared}/reference/cudacpu/mm.cu" ] ||
        { say "skip: no reference/cudacpu in OGPU_SHARED"; return 0; }
    # shellcheck source=bench/cuda.sh
    . "$here/cuda.sh"
    cuda_all
}

bench_cases() {
    [ -d "${OGPU_SHARED:-$here/../../shared}/cases" ] || { say "skip: no cases in OGPU_SHARED"; return 0; }
    # shellcheck source=bench/cases.sh
    . "$here/cases.sh"
    cases_all
}

# Four validators against the same engine with its kvstore, which verifies nothing.
bench_net() {
    local name value unit
    declare -A v
    BUILD=$BUILD "$here/net.sh" >"$tmp/net" || die "net.sh failed"
    while read -r name value unit; do v[$name]=$value; done <"$tmp/net"
    [ -n "${v[net_tx_per_s]:-}" ] || return 0
    emit "network of 4: signed transfers a second" "${v[net_tx_per_s]}" tx/s 1 \
        "CometBFT's kvstore" "${v[kv_tx_per_s]}"
    emit "network of 4: broadcast to block, median" "${v[net_finality_p50]}" ms 1 \
        "CometBFT's kvstore" "${v[kv_finality_p50]}"
    emit "network of 4: processor time of the applications" "${v[net_app_cpu]}" s 1 \
        "their engines" "${v[net_engine_cpu]}"
    emit "network of 4: most memory of an application" "${v[net_app_rss]}" KiB 1 \
        "its engine" "${v[net_engine_rss]}"
}

bench_guard() {
    # shellcheck source=bench/guard.sh
    . "$here/guard.sh"
    guard_all
}

bench_contracts() {
    [ -d "${OGPU_SHARED:-$here/../../shared}/evm/contracts" ] ||
        { say "skip: no evm/contracts in OGPU_SHARED"; return 0; }
    # shellcheck source=bench/contracts.sh
    . "$here/contracts.sh"
    contracts_all
}

for part in $parts; do
    say "$part"
    "bench_$part" || die "$part failed"
done
