#!/usr/bin/env bats
# kernels.bats - built-in kernels end to end: submitted, matched, run, verified by leaves, fetched.

load helpers

setup() {
  common_setup
  export OGPU_KEYS=$BATS_TEST_TMPDIR/keys
}

# four nodes of four owners; every result is checked
pool() {
  ogpu init -q --mflops 100000 --account bob --param q_min_ppm=1000000 --member a,slots=1 \
    --member b,slots=1 --member c,slots=1 --member d,slots=1 >init.json
}

clip() {
  needs_shared cases/video/car-192x108.gray.gz
  gzip -dc "$OGPU_SHARED/cases/video/car-192x108.gray.gz" >clip.gray
}

# rows of a motion result as the reference's table has them
csv() {
  python3 -c 'import struct, sys
rows = open(sys.argv[1], "rb").read()
print("frame,diff_count,bg_count,x0,y0,x1,y1,mask_fnv1a64")
for i in range(len(rows) // 40):
    d, m, x0, y0, x1, y1, h = struct.unpack_from("<QQiiiiQ", rows, 40 * i)
    print(f"{i},{d},{m},{x0},{y0},{x1},{y1},{h:016x}")' "$1"
}

# submits for bob, plays it through, leaves the records of the pipe in `records`
play() {
  ogpu-submit --key bob "$@" >task.json
  run -0 bash -o pipefail -c 'ogpu-match <task.json | ogpu-worker | ogpu-validate >records'
}

@test "motion over a clip: the reference's table, sampled segments, paid" {
  needs python3 gzip
  clip
  pool
  play --kernel motion --in clip.gray --arg width=192 --arg height=108 --arg frames=377 \
    --arg segment=20 --samples 4 --out rows.bin
  jq -e '.method == "exact" and (.value | length) == 64' < <(grep '"verdict"' records)
  jq -e '.state == "paid" and .verified_by == "exact"' < <(grep '"receipt"' records)
  ogpu-submit --fetch 1 --dir got
  csv got/rows.bin >rows.csv
  cmp rows.csv "$OGPU_SHARED/cases/ref/car-192x108.csv"
  run -0 ogpu-validate --audit
}

@test "motion with segments of their own and in two jobs from a state" {
  needs python3
  python3 -c 'import random
random.seed(5)
still = random.randbytes(32 * 24)
for t in range(60):
    frame = bytearray(still)
    for y in range(5, 12):
        for x in range(t // 2, t // 2 + 3):
            frame[y * 32 + x] ^= 0x80
    open("clip", "ab").write(frame)'
  head -c $((25 * 768)) clip >first
  tail -c $((35 * 768)) clip >second
  pool
  play --kernel motion --in clip --arg width=32 --arg height=24 --arg frames=60
  ogpu-submit --fetch 1 --dir whole
  csv whole/rows >whole.csv
  # where the block was when the background began, up to where it is now
  grep -q '^30,.*,0,5,17,11,' whole.csv
  play --kernel motion --in first --arg width=32 --arg height=24 --arg frames=25 --arg state=1 \
    --out one --out after
  ogpu-submit --fetch 2
  play --kernel motion --in second --in after --arg width=32 --arg height=24 --arg frames=35 \
    --arg resume=1 --out two
  ogpu-submit --fetch 3
  cat one two | cmp - whole/rows
  play --kernel motion --in clip --arg width=32 --arg height=24 --arg frames=60 --arg segment=10 \
    --arg warmup=20 --samples 3 --verify vote
  jq -e '.vote == "ok"' < <(grep '"verdict"' records)
  ogpu-submit --fetch 4 --dir parts
  # the first two segments start with the clip
  cmp <(head -c $((20 * 40)) parts/rows) <(head -c $((20 * 40)) whole/rows)
  run -0 ogpu-validate --audit
}

@test "a made-up result of a kernel is found by its leaves" {
  ACTOR=$BUILD/actors/actor
  [ -x "$ACTOR" ] || skip "no $ACTOR"
  ogpu init -q --mflops 100000 --account bob --param q_min_ppm=1000000 --param rate=1000000000000 \
    --member a,slots=1 --member b,slots=1 --member c,slots=1 --member d,slots=1 \
    --member e,slots=1 >init.json
  head -c $((64 * 64 * 40)) /dev/urandom >clip
  ogpu-submit --key bob --kernel motion --in clip --arg width=64 --arg height=64 --arg frames=40 \
    --arg segment=8 --samples 2 >task.json
  L=$(ogpu-match --once | jq 'select(.kind == "assignment") | .lease')
  W=$(ogpu show "lease:$L" | jq .node)
  WK=$(jq -r --argjson n "$W" '.nodes[] | select(.id == $n) | .name' init.json)
  "$ACTOR" start "$WK" "$L"
  ogpu-validate --seal >/dev/null
  "$ACTOR" commit "$WK" "$L" 60 lie
  ogpu-validate --once >/dev/null
  "$ACTOR" reveal "$WK" "$L"
  ogpu-validate --once >/dev/null
  [ "$(ogpu show "lease:$L" | jq -r .state)" = wrong ]
}

@test "kernels: wrong names, arguments, numbers and sizes of files" {
  ogpu init -q --mflops 100000
  head -c 100 /dev/zero >small
  motion=(--kernel motion --arg width=10 --arg height=5 --arg frames=2)
  run -64 --separate-stderr ogpu-submit --kernel fft --in small
  [ "$stderr" = "ogpu-submit: 'fft' is no built-in kernel" ]
  run -64 --separate-stderr ogpu-submit "${motion[@]}" --arg zoom=1 --in small
  [[ $stderr == *"'zoom'"* ]]
  run -64 --separate-stderr ogpu-submit "${motion[@]}" --arg segment=0 --in small
  [[ $stderr == *"'segment' must be a whole number from 1 to 4194304" ]]
  run -64 --separate-stderr ogpu-submit "${motion[@]}" --in small --in small
  [[ $stderr == *"'in' must be 1 file for kernel 'motion'" ]]
  run -64 --separate-stderr ogpu-submit "${motion[@]}" --in small --out a --out b
  [[ $stderr == *"'out' must be 1 file for kernel 'motion'" ]]
  run -64 --separate-stderr ogpu-submit "${motion[@]}" --arg height=6 --in small
  [[ $stderr == *"'small' has 100 bytes, not 120" ]]
  ogpu-submit --dry-run "${motion[@]}" --in small
}

@test "every built-in kernel is in the manual" {
  for k in $(ogpu-worker --devices 2>/dev/null | jq -r 'select(.type == "cpu") | .kernels | keys[]'); do
    grep -q "^.It Cm $k\$" "$OGPU_ROOT/man/ogpu-submit.1"
  done
}
