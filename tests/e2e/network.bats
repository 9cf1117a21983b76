#!/usr/bin/env bats
# network.bats - ogpu-match --graph, --dot and --path: of records and of the state.

load helpers

setup() {
  common_setup
  export OGPU_KEYS=$BATS_TEST_TMPDIR/keys
}

# 1 - 2 - 3 in a triangle with 4 hanging on 3, and 9 alone
records() {
  cat >net <<'END'
{"c_eff":100,"id":1,"kind":"node","v":1}
{"c_eff":200,"id":2,"kind":"node","v":1}
{"capacity_mflops_per_s":300,"id":3,"kind":"node","v":1}
{"c_eff":5,"id":9,"kind":"node","v":1}
{"c_eff":77,"id":8,"kind":"node","state":"left","v":1}
{"kind":"something else","v":1}
{"bytes_per_s":1000,"kind":"link","latency_us":100,"node":1,"peer":2,"v":1}
{"bytes_per_s":900,"kind":"link","latency_us":150,"node":2,"peer":1,"v":1}
{"bytes_per_s":5000,"kind":"link","latency_us":50,"node":2,"peer":3,"v":1}
{"bytes_per_s":4000,"kind":"link","latency_us":200,"node":1,"peer":3,"v":1}
{"bytes_per_s":7000,"kind":"link","latency_us":10,"node":4,"peer":3,"v":1}
END
}

@test "measures of records" {
  records
  run -0 --separate-stderr ogpu-match --graph net
  jq -e '
    .kind == "graph" and .nodes == 5 and .links == 4 and .c_net_mflops == "605"
    and .diameter_us == 210 and .articulation_nodes == [3] and .bridges == [[3, 4]]
    and (.components | length) == 2
    and .components[0] == {"nodes": [1, 2, 3, 4], "c_mflops": "600", "diameter_us": 210,
         "ends": [1, 4], "cut_bytes_per_s": 4900, "cut_nodes": [1], "cut_links": [[1, 2], [1, 3]]}
    and .components[1].nodes == [9]' <<<"$output"
  run -0 --separate-stderr ogpu-match --graph - <net
  jq -e '.nodes == 5' <<<"$output"
  run -0 ogpu-match -H --graph net
  [[ $output == *"5 nodes, 4 links, C_net 605 MFLOP/s"* ]]
  [[ $output == *"articulation nodes: 3"* ]]
}

@test "the best way: latency, then width" {
  records
  run -0 --separate-stderr ogpu-match --path 1 4 net
  # 1-3-4 and 1-2-3-4 take 210 us; 4000 bytes/s beat 900
  jq -e '.found and .nodes == [1, 3, 4] and .hops == 2 and .latency_us == 210
    and .bytes_per_s == 4000' <<<"$output"
  run -0 ogpu-match -H --path 4 2 net
  [ "$output" = "4 - 3 - 2: 60 us, 5000 bytes/s, 2 hops" ]
  run -0 ogpu-match --path 3 3 net
  jq -e '.nodes == [3] and .hops == 0 and .latency_us == 0' <<<"$output"
  run -1 ogpu-match --path 1 9 net
  jq -e '.found == false' <<<"$output"
  run -65 --separate-stderr ogpu-match --path 1 8 net
  [[ $stderr == *"there is no node 8" ]]
}

@test "Graphviz reads what --dot writes" {
  records
  run -0 --separate-stderr ogpu-match --dot net
  [[ ${lines[0]} == "graph ogpu {" ]]
  [[ $output == *"3 -- 4 ["*"style=bold"* ]]
  ogpu-match --graph --dot net >net.dot
  needs dot
  dot -Tsvg net.dot >net.svg
  grep -q '<svg' net.svg
}

@test "wrong use is 64, bad records are 65 with their place, no file is 66" {
  records
  run -64 ogpu-match --path 1
  run -64 ogpu-match --path 1 x net
  run -64 ogpu-match --path 0 1 net
  run -64 ogpu-match --path 1 2 net net
  run -64 ogpu-match --graph net net
  run -64 ogpu-match --graph --path 1 2 net
  run -66 ogpu-match --graph nowhere
  echo '{"kind":"link","latency_us":1,"node":1,"peer":2}' >bad
  run -65 --separate-stderr ogpu-match --graph bad
  [[ $stderr == *"bad:1: 'bytes_per_s' is missing" ]]
  printf '{"id":1,"kind":"node"}\nnot json\n' >bad
  run -65 --separate-stderr ogpu-match --graph bad
  [[ $stderr == *"bad:2: "* ]]
  printf '{"id":1,"kind":"node"}\n{"id":1,"kind":"node"}\n' >bad
  run -65 ogpu-match --graph bad
  printf '{"id":0,"kind":"node"}\n' >bad
  run -65 ogpu-match --graph bad
  run -74 bash -c 'ogpu-match --graph net >/dev/full'
  run -74 bash -c 'ogpu-match --dot net >/dev/full'
}

@test "of the state" {
  run -78 ogpu-match --graph
  ogpu init -q --slots 2 --mem 2GiB --mflops 100000 >init.json
  run -0 --separate-stderr ogpu-match --graph
  jq -e '.nodes == 1 and .links == 0 and (.c_net_mflops | tonumber) > 0
    and .components[0].nodes == [1]' <<<"$output"
  run -0 ogpu-match --path 1 1
  run -65 ogpu-match --path 1 2
}
