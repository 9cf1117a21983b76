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
