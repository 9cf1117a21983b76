#!/usr/bin/env bats
# cases.bats - the case studies of examples/, on their data and on data made here.

load helpers

setup() {
  common_setup
  export BIN=$BUILD/bin WORKERS=2 TMPDIR=$BATS_TEST_TMPDIR
  cases=$OGPU_ROOT/examples
}

has_examples() {
  [ -x "$BUILD/examples/$1" ] || skip "no $BUILD/examples/$1: make examples"
}

# Labelled 4 by 4 images: class c is bright at pixel c; idx files in ml/
toy() {
  mkdir ml
  python3 - <<'PY'
import random, struct
random.seed(8)
def write(name, n):
    x, y = bytearray(), bytearray()
    for i in range(n):
        c = random.randrange(10)
        row = [random.randrange(60) for _ in range(16)]
        row[c] = 200 + random.randrange(56)
        x += bytes(row)
        y.append(c)
    open(f"ml/{name}-images-idx3-ubyte", "wb").write(struct.pack(">4I", 0x803, n, 4, 4) + x)
    open(f"ml/{name}-labels-idx1-ubyte", "wb").write(struct.pack(">2I", 0x801, n) + y)
write("train", 501)
write("t10k", 100)
PY
}

@test "training: a data set made here is learnt, in shards of unequal size" {
  needs python3
  has_examples mnist
  toy
  SHARDS=4 ROUNDS=6 RATE=4 EPOCHS=1 run -0 "$cases/mnist/run.sh" ml
  [[ $output == *"501 images of 16 pixels in 4 shards"* ]]
  right=$(sed -n 's/^\([0-9]*\) of 100 test images right after 6 rounds$/\1/p' <<<"$output")
  [ "$right" -ge 95 ]
  [[ $output == *"epoch 1: "*" of 100 right"* ]]
}

@test "training: MNIST's first rounds are the reference's" {
  needs_shared cases/ml/train-images-idx3-ubyte.gz
  has_examples mnist
  ROUNDS=2 EPOCHS=0 run -0 "$cases/mnist/run.sh" "$OGPU_SHARED/cases/ml"
  [[ $output == *" 1   2.302584     6808 "* ]]
  [[ $output == *" 2   1.831772     7899 "* ]]
}

@test "training: a folder without images, a damaged file" {
  needs python3
  has_examples mnist
  run -64 "$cases/mnist/run.sh" nowhere
  mkdir none
  run -1 "$cases/mnist/run.sh" none
  [[ $output == *"there is no train-images-idx3-ubyte in "* ]]
  toy
  truncate -s -1 ml/train-images-idx3-ubyte
  run -1 "$cases/mnist/run.sh" ml
  [[ $output == *"its head says otherwise"* ]]
}

@test "motion: segments over a clip have the reference's rows" {
  needs perl gzip
  needs_shared cases/video/car-192x108.gray.gz
  SIZE=192x108 FPS=12.5 SEGMENT=150 OUT=out run -0 "$cases/motion/run.sh" \
    "$OGPU_SHARED/cases/video/car-192x108.gray.gz"
  [[ $output == *"car-192x108: every row is the reference's"* ]]
  [[ $output == *"car-192x108: 377 frames in "*" 734838 pixels of motion"* ]]
  cmp out/car-192x108.csv "$OGPU_SHARED/cases/ref/car-192x108.csv"
  grep -q '^{"kind":"motion","clip":"car-192x108","state":"end","from_s":' <<<"$output"
}

# 90 frames of 32 by 24 pixels at 10 a second; a bright square crosses them from 3 to 6 s
square() {
  python3 -c 'import random, sys
random.seed(5)
still = random.randbytes(32 * 24)
for t in range(90):
    frame = bytearray(still)
    for y in range(5, 15):
        for x in range(t - 30, t - 20) if 30 <= t < 60 else ():
            if 0 <= x < 32:
                frame[y * 32 + x] = frame[y * 32 + x] + 128 & 255
    sys.stdout.buffer.write(frame)' >square.gray
}

@test "motion: independent segments, and a stream followed live" {
  needs python3 perl
  square
  SIZE=32x24 FPS=10 SEGMENT=20 WARMUP=30 OUT=spread run -0 "$cases/motion/run.sh" square.gray
  [[ $output == *"square: 90 frames in "* ]]
  SIZE=32x24 FPS=10 SEGMENT=20 OUT=chain run -0 "$cases/motion/run.sh" square.gray
  [[ $output == *'"clip":"square","state":"begin","from_s":3.'* ]]
  cut -d, -f1,2 spread/square.csv >spread.diff
  cut -d, -f1,2 chain/square.csv >chain.diff
  cmp spread.diff chain.diff
  # the event is told while the stream still runs
  mkfifo pipe
  SIZE=32x24 FPS=10 SEGMENT=10 LIVE=1 "$cases/motion/run.sh" - <pipe >live.out 2>live.err &
  exec 5>pipe
  cat square.gray >&5
  told=0
  wait_for 'grep -q "\"clip\":\"stream\",\"state\":\"begin\"" live.out' && told=1
  exec 5>&-
  wait $!
  [ $told = 1 ]
  grep -q 'stream: 90 frames in ' live.out
}

@test "climate: bands of a model run have the reference's climatology and trend; data stays where it lies" {
  needs perl
  needs_shared cases/climate/A1B_north_america.nc
  has_examples climate
  OUT=out run -0 "$cases/climate/run.sh" "$OGPU_SHARED/cases/climate/A1B_north_america.nc"
  [[ $output == *"climatology: greatest difference to the reference "* ]]
  [[ $output == *"trend: greatest difference to the reference "* ]]
  # bands may leave their owner's node where that is busy, but not all of them
  mine=$(sed -n "s/^for the data's owners: \([0-9]*\); for somebody elsewhere: [0-9]*$/\1/p" <<<"$output")
  [ "$mine" -lt 1740480 ]
  grep -q '</svg>' out/trend.svg
  [ "$(grep -c . out/anomaly.csv)" = 241 ]
  # +4.45696 K from 2070 to 2099
  tail -n 30 out/anomaly.csv | awk -F, '{ s += $2 } END { exit !(s / 30 > 4.4569 && s / 30 < 4.4570) }'
}

# Three years of months over 3 by 4 cells in classic NetCDF, packed in 16 bits, with missing values;
# want.climatology and want.trend: what it should come to, by sums without a kernel.
months() {
  python3 - <<'PY'
import math, random, struct
random.seed(3)
def name(s):
    b = s.encode()
    return struct.pack(">I", len(b)) + b + b"\0" * (-len(b) % 4)
def text(key, s):
    return name(key) + struct.pack(">I", 2) + name(s)
T, R, C = 36, 3, 4
raw = [[random.randrange(-900, 900) + 20 * t for _ in range(R * C)] for t in range(T)]
for t in range(T):
    raw[t][0] = -32768  # land
    if t % 5 == 2:
        raw[t][7] = -32768
time = [sum([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][(m) % 12] for m in range(t)) + 14 for t in range(T)]
def vars_(at):
    out, pos = [], at
    def var(key, dims, atts, typ, data):
        nonlocal pos
        data += b"\0" * (-len(data) % 4)
        head = name(key) + struct.pack(">I", len(dims)) + b"".join(struct.pack(">I", d) for d in dims)
        head += (struct.pack(">II", 12, len(atts)) + b"".join(atts)) if atts else struct.pack(">II", 0, 0)
        out.append((head + struct.pack(">III", typ, len(data), pos), data))
        pos += len(data)
    var("time", [0], [text("units", "days since 1999-01-01"), text("calendar", "365_day")], 6,
        struct.pack(f">{T}d", *time))
    var("lat", [1], [], 5, struct.pack(">3f", -30, 0, 60))
    var("lon", [2], [], 5, struct.pack(">4f", 0, 90, 180, 270))
    var("sst", [0, 1, 2], [name("scale_factor") + struct.pack(">IIf", 5, 1, 0.01),
                           name("add_offset") + struct.pack(">IIf", 5, 1, 280.0),
                           name("_FillValue") + struct.pack(">II", 3, 1) + struct.pack(">hh", -32768, 0)],
        3, struct.pack(f">{T * R * C}h", *sum(raw, [])))
    return out
def build(at):
    head = b"CDF\x01" + struct.pack(">I", 0) + struct.pack(">II", 10, 3)
    for key, n in (("time", T), ("lat", R), ("lon", C)):
        head += name(key) + struct.pack(">I", n)
    head += struct.pack(">II", 0, 0)
    v = vars_(at)
    head += struct.pack(">II", 11, len(v)) + b"".join(h for h, _ in v)
    return head, b"".join(d for _, d in v)
head, _ = build(0)
head, data = build(len(head))
open("sea.nc", "wb").write(head + data)
f32 = lambda x: struct.unpack("<f", struct.pack("<f", x))[0]
val = [[f32(f32(f32(v) * f32(0.01)) + 280.0) if v != -32768 else math.nan for v in row] for row in raw]
clim = [[math.nan] * (R * C) for _ in range(12)]
trend = [math.nan] * (R * C)
for c in range(R * C):
    for p in range(12):
        x = [val[t][c] for t in range(p, 24, 12) if not math.isnan(val[t][c])]  # base: 1999 and 2000
        if x:
            clim[p][c] = math.fsum(x) / len(x)
    pts = [(t, val[t][c] - clim[t % 12][c]) for t in range(12, T)
           if not math.isnan(val[t][c]) and not math.isnan(clim[t % 12][c])]
    if len(pts) > 2:
        mx, my = (math.fsum(q[i] for q in pts) / len(pts) for i in (0, 1))
        trend[c] = 120 * math.fsum((a - mx) * (b - my) for a, b in pts) / math.fsum((a - mx) ** 2 for a, _ in pts)
open("want.climatology", "wb").write(struct.pack(f"<{12 * R * C}f", *sum(clim, [])))
open("want.trend", "wb").write(struct.pack(f"<{R * C}f", *trend))
PY
}

@test "climate: months, packed values, missing ones; other years, other bands" {
  needs python3 perl
  has_examples climate
  months
  BASE=1999-2000 TREND=2000-2001 BANDS=2 OUT=out run -0 "$cases/climate/run.sh" sea.nc
  [[ $output == *"sst: 36 steps of 3 x 4 cells, 2 bands"* ]]
  for what in climatology trend; do
    far=$("$BUILD/examples/climate" far out/$what want.$what)
    awk "BEGIN { exit !($far <= 1e-4) }"
  done
  run -66 "$cases/climate/run.sh" nothing.nc
  head -c 200 sea.nc >cut.nc
  run -1 "$cases/climate/run.sh" cut.nc
}
