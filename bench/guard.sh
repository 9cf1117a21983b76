#!/usr/bin/env bash
# guard.sh - sourced by run.sh: what the anomaly models are worth on public data, and how fast they are.
# Models are made by the tool's defaults, before any test row is read.
# shellcheck shell=bash disable=SC2154 # here, tmp, aid, bin: of run.sh

guard_dir=${OGPU_SHARED:-$here/../../shared}/guard

guard_python() { # a python3 that has the module $1
    local p
    for p in python3 /usr/bin/python3; do
        ! "$p" -c "import $1" 2>/dev/null || { echo "$p"; return; }
    done
    say "skip: no python3 has $1"
    return 1
}

guard_train() { "$bin/ogpu-guard" train --key "$guard_key" "$@"; }
guard_score() { "$bin/ogpu-guard" score "$@"; }

# NSL-KDD: columns called 1..43; 42 is the label, 43 never a feature
guard_kdd() {
    local what value kind
    local -a how=(--no-header --label 42 --normal normal --categorical '2,3,4' --ignore 43)
    gunzip -c "$guard_dir/nslkdd/KDDTrain+.txt.gz" >"$tmp/kdd.train"
    usage kdd "$bin/ogpu-guard" train --csv "$tmp/kdd.train" "${how[@]}" --model "$tmp/kdd.boost" || return
    guard_train --csv "$tmp/kdd.train" "${how[@]}" --unsupervised --model "$tmp/kdd.normals" >/dev/null
    gunzip -c "$guard_dir/nslkdd/KDDTest+.txt.gz" >"$tmp/kdd.test"
    awk -F, 'NR == FNR { seen[$42] = 1; next } { print ($42 in seen ? "" : "+") $42 }' \
        "$tmp/kdd.train" "$tmp/kdd.test" >"$tmp/kdd.labels"
    emit "guard: KDDTrain+ learned, 126k x 41, processor time" "${cpu[kdd]}" s 1 "xgboost 1.7.4 alone" 6.7
    for kind in boost normals; do
        guard_score --csv "$tmp/kdd.test" --no-header --model "$tmp/kdd.$kind" >"$tmp/kdd.scores"
        while read -r what value; do
            case $kind.$what in
            boost.auc) emit "guard: KDDTest+ ROC-AUC" "$value" "" 1 goal 0.970 ;;
            boost.f1) emit "guard: KDDTest+ F1" "$value" "" 1 goal 0.91 ;;
            boost.fpr) emit "guard: KDDTest+ false positives" "$value" "" 1 "goal, at most" 0.05 ;;
            boost.unseen) emit "guard: KDDTest+ recall of unseen types" "$value" "" 1 goal 0.75 ;;
            normals.auc) emit "guard: KDDTest+ ROC-AUC, normals only" "$value" "" 1 goal 0.955 ;;
            esac
        done < <("$aid/bench_guard" eval "$tmp/kdd.scores" "$tmp/kdd.labels")
        emit "guard: model file, NSL-KDD, $kind" "$(stat -c %s "$tmp/kdd.$kind")" bytes 1 "goal, at most" 1000000
    done
}

# guard_table FILE: a table of ADBench, label last
guard_table() {
    gunzip -c "$1" >"$tmp/table"
    guard_train --csv "$tmp/table" --label label --unsupervised --model "$tmp/table.model" >/dev/null
    guard_score --csv "$tmp/table" --model "$tmp/table.model" >"$tmp/table.scores"
    awk -F, 'NR > 1 { print $NF + 0 ? "odd" : "normal" }' "$tmp/table" >"$tmp/table.labels"
    "$aid/bench_guard" eval "$tmp/table.scores" "$tmp/table.labels" | awk '$1 == "auc" { print $2 }'
}

guard_adbench() {
    local f name value sum=0 n=0 peers=0 py
    py=$(guard_python sklearn) && "$py" "$here/guard_iforest.py" "$guard_dir"/adbench/*.gz >"$tmp/peers"
    for f in "$guard_dir"/adbench/*.gz; do
        name=$(basename "$f" .csv.gz)
        value=$(guard_table "$f")
        sum="$sum + $value" n=$((n + 1))
        [ ! -s "$tmp/peers" ] || {
            peers="$peers + $(awk -v n="$name" '$1 == n { print $2 }' "$tmp/peers")"
            emit "guard: ADBench $name, ROC-AUC" "$value" "" 1 "scikit-learn IsolationForest" \
                "$(awk -v n="$name" '$1 == n { print $2 }' "$tmp/peers")"
        }
    done
    if [ "$peers" = 0 ]; then
        emit "guard: ADBench, mean ROC-AUC of $n tables" "$(calc "($sum) / $n")" "" 1
    else
        emit "guard: ADBench, mean ROC-AUC of $n tables" "$(calc "($sum) / $n")" "" 1 \
            "scikit-learn IsolationForest" "$(calc "($peers) / $n")"
    fi
}

guard_nab() {
    local py f series name value goal
    py=$(guard_python json) || return 0
    mkdir -p "$tmp/nab/nab/labels"
    cp "$guard_dir/nab/combined_windows.json" "$tmp/nab/nab/labels/"
    for f in "$guard_dir"/nab/*/*.csv.gz; do
        series=$(basename "$(dirname "$f")")/$(basename "$f" .csv.gz)
        mkdir -p "$tmp/nab/nab/data/${series%/*}" "$tmp/nab/nab/results/ours/${series%/*}"
        gunzip -c "$f" >"$tmp/nab/nab/data/$series.csv"
        {
            echo anomaly_score
            "$bin/ogpu-guard" series --csv "$tmp/nab/nab/data/$series.csv" | sed 's/.*"score":\([^,]*\),.*/\1/'
        } >"$tmp/nab/nab/results/ours/${series%/*}/ours_${series##*/}.csv"
    done
    (cd "$tmp/nab" && "$py" "$guard_dir/nab_score.py" ours) >"$tmp/nab/scores"
    for name in standard lowFP lowFN; do
        value=$(sed "s/.*'$name': (\([0-9.]*\),.*/\1/" "$tmp/nab/scores")
        case $name in standard) goal=57 ;; lowFP) goal=50 ;; *) goal=61 ;; esac
        emit "guard: NAB dev files, $name" "$value" "" 1 goal "$goal"
    done
}

guard_speed() {
    local what value library=''
    "$aid/bench_guard" rows 20000 csv >"$tmp/rows.csv"
    "$aid/bench_guard" rows 20000 >"$tmp/rows"
    guard_train --csv "$tmp/rows.csv" --label label --model "$tmp/rows.model" >/dev/null || return
    "$aid/bench_guard" speed "$tmp/rows.model" "$tmp/rows" >"$tmp/speed" || die "bench_guard failed"
    library=$(awk '$1 == "library" { print $2 }' "$tmp/speed")
    while read -r what value _; do
        case $what in
        score) emit "guard: all members, one at a time, 30 features" "$value" 1/s 3 goal 150000 ;;
        p50 | p99) emit "guard: all members, one row, $what" "$value" us 1 ;;
        boost) emit "guard: boosted trees, one at a time" "$value" 1/s 5 "libxgboost, one row a call" "${library:-0}" ;;
        json) emit "guard: JSON line to score" "$value" 1/s 3 "libxgboost, one row a call" "${library:-0}" ;;
        stream) emit "guard: half-space trees, learn and score" "$value" 1/s 1 ;;
        rebuild) emit "guard: unsupervised rebuild, 4096 x 30" "$value" ms 5 "goal, at most" 50 ;;
        esac
    done <"$tmp/speed"
}

guard_feeds() {
    awk 'BEGIN { srand(1); for (i = 0; i < 1000000; i++)
        printf "%d.%d.%d.%d%s\n", 1 + 222 * rand(), 256 * rand(), 256 * rand(), 256 * rand(),
            rand() < 0.5 ? "" : "/24" }' >"$tmp/million"
    usage feeds "$bin/ogpu-guard" import --format plain --out "$tmp/set" "$tmp/million"
    emit "guard: 1,000,000 indicators imported" "${wall[feeds]}" s 1 "goal, at most" 2
    emit "guard: resident memory of it" "$(calc "${rss[feeds]} / 1024")" MiB 1 "goal, at most" 64
    emit "guard: look-ups by longest prefix" \
        "$("$aid/bench_guard" lookups "$tmp/set" | awk '$1 == "lookups" { print $2 }')" 1/s 1 goal 5000000
}

guard_all() {
    export XDG_CONFIG_HOME=$tmp/guard.config
    guard_key=default
    "$bin/ogpu-keygen" --alg ed25519 >/dev/null || die "cannot make a key"
    guard_speed
    guard_feeds
    [ -d "$guard_dir/nslkdd" ] || { say "skip: no guard/ in OGPU_SHARED"; return 0; }
    guard_kdd
    guard_adbench
    guard_nab
}
