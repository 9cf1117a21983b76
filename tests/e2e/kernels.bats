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

# values of a variable of a classic NetCDF file, as little-endian f32
classic() {
  python3 -c 'import gzip, struct, sys
d = gzip.open(sys.argv[1]).read()
at = 8
def word():
    global at
    at += 4
    return struct.unpack(">I", d[at - 4:at])[0]
def name():
    global at
    n = word()
    s = d[at:at + n].decode()
    at += (n + 3) // 4 * 4
    return s
def attributes():
    global at
    tag, n = word(), word()
    for _ in range(n):
        name()
        size = [0, 1, 1, 2, 4, 4, 8][word()]
        n = word()
        at += (n * size + 3) // 4 * 4
tag, n = word(), word()
dims = [(name(), word())[1] for _ in range(n)]
attributes()
tag, n = word(), word()
for _ in range(n):
    v, rank = name(), word()
    ids = [word() for _ in range(rank)]
    attributes()
    kind, size, begin = word(), word(), word()
    if v == sys.argv[2]:
        n = 1
        for i in ids:
            n *= dims[i]
        assert kind == 5
        sys.stdout.buffer.write(struct.pack(f"<{n}f", *struct.unpack(f">{n}f", d[begin:begin + 4 * n])))' "$@"
}

@test "climate of a model run: the reference's climatology and trend; its mean by a sum tree" {
  needs python3
  needs_shared cases/climate/A1B_north_america.cdf1.nc.gz
  classic "$OGPU_SHARED/cases/climate/A1B_north_america.cdf1.nc.gz" air_temperature >values
  [ "$(stat -c %s values)" = $((240 * 37 * 49 * 4)) ]
  pool
  play --kernel climate --in values --arg times=240 --arg cells=1813 --arg base=101 --arg base_n=30 \
    --arg trend=110 --arg trend_n=130 --arg anomaly=1 --samples 60
  jq -e '.method == "exact"' < <(grep '"verdict"' records)
  ogpu-submit --fetch 1
  play --kernel reduce --in anomaly --arg rows=1813 --arg columns=240 --arg part=100
  jq -e '.method == "vote" and .vote == "ok"' < <(grep '"verdict"' records)
  ogpu-submit --fetch 2
  python3 - "$OGPU_SHARED/cases/ref" <<'END'
import struct, sys
def near(got, name):
    want = struct.unpack("<1813f", open(f"{sys.argv[1]}/A1B_north_america_{name}_f32.bin", "rb").read())
    worst = max(abs(a - b) for a, b in zip(got, want))
    print(name, worst)
    assert worst < 1e-4
cells = struct.unpack("<5439d", open("cells", "rb").read())
near(cells[0::3], "climatology_1961-1990")
near(cells[1::3], "trend_K_per_decade_1970-2099")
assert set(cells[2::3]) == {240.0}
sums = struct.unpack("<480d", open("sums", "rb").read(3840)) # the whole stands first
assert set(sums[240:]) == {1813.0}
base = [s / 1813 for s in sums[101:131]]
assert abs(sum(base)) / 30 < 1e-6 # anomalies of the years that make the climatology
assert 3 < sums[239] / 1813 < 6
END
  run -0 ogpu-validate --audit
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

# a machine with a GPU, which tests/cuda/fakecuda.c plays over the kernels' sources
gpu() {
  [ -f "$BUILD/libfakecuda.so" ] || skip "no $BUILD/libfakecuda.so"
  needs g++
  LIB=$(mktemp -d /tmp/ogpu-fake.XXXXXX) # where the jobs' ids can read it
  chmod 755 "$LIB"
  install -m 644 "$BUILD/libfakecuda.so" "$LIB/libfakecuda${1:+.$1}.so"
  export OGPU_LIBCUDA=$LIB/libfakecuda${1:+.$1}.so
}

teardown() {
  [ -z "${LIB:-}" ] || rm -r "$LIB"
  common_teardown
}

@test "a worker with a GPU runs the PTX; verifiers without one find the same bits" {
  needs python3
  pool
  head -c $((48 * 20 * 30)) /dev/urandom >clip
  python3 -c 'import random, struct
random.seed(2)
for x in "ABV":
    open(x, "wb").write(struct.pack("<3600i", *[random.randrange(-999, 1000) for _ in range(3600)]))
open("F", "wb").write(struct.pack("<3600f", *[random.uniform(-1, 1) for _ in range(3600)]))
open("W", "wb").write(struct.pack("<183f", *[random.uniform(-1, 1) for _ in range(183)]))
open("Y", "wb").write(bytes(random.randrange(3) for _ in range(240)))
open("X", "wb").write(random.randbytes(240 * 60))'
  play --kernel motion --in clip --arg width=48 --arg height=20 --arg frames=30 --arg segment=7 \
    --arg warmup=5
  ogpu-submit --fetch 1 --dir cpu
  cp F G
  gpu log
  chmod 777 "$LIB"
  for kernel in "motion --in clip --arg width=48 --arg height=20 --arg frames=30 --arg segment=7 --arg warmup=5" \
    "gemm --in A --in B --arg m=60 --arg n=60 --arg k=60 --arg type=i32" \
    "gemm --in F --in G --arg m=60 --arg n=60 --arg k=60" \
    "climate --in F --arg times=60 --arg cells=60 --arg period=12 --samples 20" \
    "reduce --in F --arg rows=60 --arg columns=60 --arg part=9" \
    "softmax --in W --in X --in Y --arg rows=240 --arg features=60 --arg classes=3"; do
    # shellcheck disable=SC2086
    ogpu-submit --key bob --kernel $kernel >task.json
    run -0 bash -o pipefail -c \
      "ogpu-match <task.json | ogpu-worker --cuda gpu | ogpu-validate >records"
    jq -e '.state == "paid"' < <(grep '"receipt"' records)
  done
  run -0 sort "$LIB/used"
  [ "$output" = $'climate\ngemm_f32\ngemm_i32\nlearn\nmotion\nreduce' ]
  ogpu-submit --fetch 2 --dir gpu
  cmp cpu/rows gpu/rows
  run -0 ogpu-validate --audit
}

@test "a GPU that fails leaves built-in kernels to the processor" {
  pool
  head -c $((8 * 8 * 9)) /dev/urandom >clip
  for what in oom launch=719; do
    gpu $what
    play --kernel motion --in clip --arg width=8 --arg height=8 --arg frames=9 --arg warmup=1
    jq -e '.state == "paid"' < <(grep '"receipt"' records)
    rm -r "$LIB"
    unset LIB
  done
}

@test "the PTX in the tree is what its sources compile to" {
  run -0 "$OGPU_ROOT/tests/cuda/ptx.sh" check
  [[ $output != skip:* ]] || skip "${output#skip: }"
  [ -z "$output" ]
}
