#!/usr/bin/env bash
# contracts.sh - sourced by run.sh: what check, fuzz and prove find in contracts with known flaws and
# in their mended twins, and the time it takes.
# shellcheck shell=bash disable=SC2154 # here, tmp, aid, bin: of run.sh

contracts_dir=${OGPU_SHARED:-$here/../../shared}/evm/contracts

# contracts_look NAME COMMAND…: records into $tmp/NAME, processor seconds into $contracts_s; 60 s at most
contracts_look() {
    local name=$1 line us cpu_us kib status
    shift
    timeout 60 "$aid/bench_usage" "$bin/ogpu-contract" "$@" >"$tmp/$name" 2>"$tmp/$name.usage"
    line=$(tail -1 "$tmp/$name.usage")
    read -r us cpu_us kib status <<<"$line"
    : "$us" "$kib"
    contracts_s=$(calc "${cpu_us:-60000000} / 1e6")
    case ${status:-none} in 0 | 1) return 0 ;; esac
    say "'$*': $line"
    return 0
}

contracts_has() { # FILE CLASS…: some finding has one of these classes
    local file=$1
    shift
    jq -se --args 'any(.[]; .kind == "finding" and ([.class] | inside($ARGS.positional)))' "$@" <"$file" >/dev/null
}

contracts_dev() {
    local file class label property verdict bugs=0 found=0 twins=0 false_alarms=0 asked=0 settled=0 wrong=0
    : >"$tmp/check.s" && : >"$tmp/fuzz.s" && : >"$tmp/prove.s"
    for file in "$contracts_dir"/dev/*.json; do
        read -r class label < <(jq -r '"\(.class) \(.label)"' "$file")
        contracts_look check check "$file" && echo "$contracts_s" >>"$tmp/check.s"
        contracts_look fuzz fuzz "$file" && echo "$contracts_s" >>"$tmp/fuzz.s"
        contracts_look prove prove --overflow "$file" && echo "$contracts_s" >>"$tmp/prove.s"
        cat "$tmp/check" "$tmp/fuzz" "$tmp/prove" >"$tmp/all"
        if [ "$label" = safe ]; then
            twins=$((twins + 1))
            contracts_has "$tmp/all" "$class" && { false_alarms=$((false_alarms + 1)) && say "$file: $class"; }
        else
            bugs=$((bugs + 1))
            if contracts_has "$tmp/all" "$class"; then found=$((found + 1)); else say "$file: no $class"; fi
        fi
        case $class in
        assertion_violation) property=assertions ;;
        integer_overflow) property=overflow ;;
        *) continue ;;
        esac
        verdict=$(jq -r --arg p $property 'select(.kind == "proof" and .property == $p) | .verdict' "$tmp/prove")
        asked=$((asked + 1))
        case $label.$verdict in
        safe.proved) settled=$((settled + 1)) ;;
        safe.refuted) wrong=$((wrong + 1)) && say "$file: $verdict" ;;
        *.refuted) settled=$((settled + 1)) ;;
        *.proved) wrong=$((wrong + 1)) && say "$file: $verdict" ;;
        esac
    done
    emit "contracts: flaws found under their class" "$(calc "$found / $bugs")" "" 1 goal 1
    emit "contracts: twins said to have the flaw" "$false_alarms" "" 1 "goal, at most" 0
    emit "contracts: assertions and arithmetic settled" "$(calc "$settled / $asked")" "" 1 goal 0.8
    emit "contracts: wrong verdicts" "$wrong" "" 1 "goal, at most" 0
    for class in check fuzz prove; do
        emit "contracts: $class, median processor time" "$(median <"$tmp/$class.s")" s 1
        emit "contracts: $class, most processor time" "$(sort -g "$tmp/$class.s" | tail -1)" s 1 "goal, at most" 60
    done
}

# SmartBugs' categories as classes
contracts_classes() {
    case $1 in
    reentrancy) echo reentrancy ;;
    unchecked_low_level_calls) echo unchecked_call ;;
    arithmetic) echo integer_overflow ;;
    access_control)
        echo unprotected_owner unprotected_selfdestruct unprotected_ether_withdrawal delegatecall_user_input \
            tx_origin arbitrary_storage_write
        ;;
    esac
}

contracts_smartbugs() {
    local file category all=0 found=0
    local -a classes
    : >"$tmp/smart.s"
    for file in "$contracts_dir"/smartbugs-dev/*.json; do
        category=$(jq -r '.label[0]' "$file")
        read -ra classes < <(contracts_classes "$category")
        [ ${#classes[@]} -gt 0 ] || continue
        all=$((all + 1))
        contracts_look check check "$file" && echo "$contracts_s" >>"$tmp/smart.s"
        if ! contracts_has "$tmp/check" "${classes[@]}"; then
            contracts_look check fuzz --runs 5000 "$file"
            contracts_has "$tmp/check" "${classes[@]}" || { say "$file: no $category" && continue; }
        fi
        found=$((found + 1))
    done
    emit "contracts: SmartBugs, recall in supported classes" "$(calc "$found / $all")" "" 1 goal 0.7
    emit "contracts: SmartBugs, check, most processor time" "$(sort -g "$tmp/smart.s" | tail -1)" s 1
}

contracts_all() {
    contracts_dev
    contracts_smartbugs
}
