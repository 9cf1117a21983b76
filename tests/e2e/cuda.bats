#!/usr/bin/env bats
# cuda.bats - CUDA source on a CPU: what the shim knows, what it reports, and that it is checked.
load helpers

setup() {
  common_setup
  command -v g++ >/dev/null || command -v clang++ >/dev/null || skip "no C++ compiler is installed"
  bwrap --unshare-all --ro-bind / / /bin/true 2>/dev/null || skip "no sandbox can be had here"
  cp "$OGPU_ROOT"/tests/cuda/*.cu .
  ogpu init -q --mflops 100000 --slots 1 >/dev/null
}

# ints EXPR N FILE: N 32-bit integers, EXPR of $_
ints() {
  perl -e 'my ($e, $n, $f) = @ARGV; open(O, ">:raw", $f); print O pack("l<*", map { eval $e } 0 .. $n - 1)' \
    "$@"
}
floats() {
  perl -e 'my ($e, $n, $f) = @ARGV; open(O, ">:raw", $f); print O pack("f<*", map { eval $e } 0 .. $n - 1)' \
    "$@"
}
as_ints() {
  od -An -v -td4 -w4 "$1" | tr -d ' '
}
as_floats() {
  perl -e 'local $/; open(I, "<:raw", $ARGV[0]); printf("%.6g\n", $_) for unpack("f<*", <I>)' "$1"
}
# kernel FILE ENTRY GRID BLOCK ARGS...
kernel() {
  local file=$1 entry=$2 grid=$3 block=$4
  shift 4
  ogpu run --cuda "$file" --entry "$entry" --grid "$grid" --block "$block" "$@"
}

@test "sums of blocks: barriers, shuffles, static and extern shared memory, a tail block" {
  ints '($_ * 7919) % 1000' 1000 x.bin
  kernel words.cu tree 4 256 --param in:i32:x.bin --param out:i32:4:tree.bin --param i32:1000
  kernel words.cu shuffled 4 256 --shared 32 --param in:i32:x.bin --param out:i32:4:warp.bin \
    --param i32:1000
  cmp tree.bin warp.bin
  as_ints x.bin | awk '{s[int((NR - 1) / 256)] += $1} END {for (i = 0; i < 4; i++) print s[i]}' >want
  as_ints tree.bin | diff want -
}

@test "places of a three-dimensional grid, whole and in parts" {
  kernel words.cu places 3,2,2 4,3,2 --param out:u32:288:whole.bin
  kernel words.cu places 3,2,2 4,3,2 --parts 5 --param out:u32:288:parts.bin
  cmp whole.bin parts.bin
  awk 'BEGIN {for (b = 0; b < 12; b++) for (t = 0; t < 24; t++) print b * 1000 + t}' >want
  as_ints whole.bin | diff want -
}

@test "atomics, counters of the grid, early ends, groups of lanes, votes" {
  ints '$_ * 37' 1000 x.bin
  kernel words.cu histogram 4 256 --param in:i32:x.bin --param out:i32:16:h.bin --param i32:1000
  as_ints x.bin | awk '{h[$1 % 16]++} END {for (i = 0; i < 16; i++) print h[i]}' >want
  as_ints h.bin | diff want -
  kernel words.cu counted 5 32 --param out:i32:5:c.bin
  [ "$(as_ints c.bin | xargs)" = "0 1 2 3 4" ]
  kernel words.cu early 4 256 --param in:i32:x.bin --param out:i32:1000:e.bin --param i32:1000
  as_ints x.bin | awk '(NR - 1) % 256 == 0 {s = $1} {print $1 + s}' >want
  as_ints e.bin | diff want -
  ints '$_' 32 l.bin
  kernel words.cu groups 1 32 --param in:i32:l.bin --param out:i32:32:g.bin
  awk 'BEGIN {for (t = 0; t < 32; t++) {if (t % 2) {v = t; o = 1; for (k = 0; k < 5; k++) {v += o; o += o}
    print v} else print t - 30}}' >want
  as_ints g.bin | diff want -
  ints '$_ * 3' 256 v.bin
  kernel words.cu votes 2 128 --param in:i32:v.bin --param out:u32:8:m.bin --param out:i32:2:o.bin \
    --param out:i32:2:f.bin
  [ "$(od -An -v -tx4 -w4 m.bin | sort -u | tr -d ' ')" = aaaaaaaa ]
  [ "$(as_ints o.bin | xargs)" = "64 64" ]
  [ "$(as_ints f.bin | xargs)" = "2 2" ]
}

@test "vector types, __constant__ as given and as in the source, half precision, templates" {
  floats '$_ / 4' 400 x.bin
  kernel words.cu weighted 1 128 --param in:f32:x.bin --param out:f32:100:w.bin --param i32:100
  as_floats x.bin | paste - - - - | awk '{printf("%.6g\n", $1 + 2 * $2 + 3 * $3 + 4 * $4)}' >want
  as_floats w.bin | diff want -
  floats '$_ == 2' 4 k.bin
  kernel words.cu weighted 1 128 --param in:f32:x.bin --param out:f32:100:z.bin --param i32:100 \
    --param const:weight:k.bin
  as_floats x.bin | paste - - - - | awk '{print $3}' >want
  as_floats z.bin | diff want -
  floats '$_ == 0 ? 65504 : $_ == 1 ? 1e-8 : $_ == 2 ? 0.1 : $_ == 3 ? -70000 : 2048 + $_' 8 s.bin
  kernel words.cu halved 1 32 --param in:f32:s.bin --param out:f32:8:y.bin --param out:f16:8:h.bin \
    --param i32:8
  # by the tables of IEEE 754: largest, none, nearest to a tenth, minus infinity, ties to even
  [ "$(od -An -v -tx2 -w2 h.bin | xargs)" = "7bff 0000 2e66 fc00 6802 6802 6803 6804" ]
  perl -e 'open(O, ">:raw", "d.bin"); print O pack("d<*", 1, 2, 3, 4.5)'
  kernel words.cu 'generic<double, 3>' 1 32 --param in:f64:d.bin --param out:f64:4:t.bin --param i32:4
  [ "$(od -An -v -tf8 -w8 t.bin | xargs)" = "5 7 9 12" ]
}

@test "inout, scratch, the element's number, and what a kernel prints" {
  cat >more.cu <<'END'
extern "C" __global__ void more(int *x, int *tmp, unsigned long long index, signed char c)
{
    int i = threadIdx.x;
    tmp[i] = x[i] + (int)index;
    if (i % 2)
        x[i] = tmp[i] * c;
}
END
  ints '$_' 8 x.bin
  kernel more.cu more 1 8 --array 10-11 --param inout:i32:x.bin:y.bin --param tmp:i32:8 \
    --param u64:@index --param i8:-2
  [ "$(as_ints 10/y.bin | xargs)" = "0 -22 2 -26 4 -30 6 -34" ]
  [ "$(as_ints 11/y.bin | xargs)" = "0 -24 2 -28 4 -32 6 -36" ]
  run -0 kernel words.cu spoken 3 32 --param i32:42
  [ "${lines[2]}" = "block 2 of 3 says 42" ]
}

@test "what goes wrong is said with block and thread" {
  ints '$_' 1000 x.bin
  local p=(--param in:f32:x.bin --param out:f32:1000:y.bin --param i32:0)
  run -139 kernel bad.cu beyond 4 256 "${p[@]}"
  [[ $output == *"block (3,0,0) thread (232,0,0): reads element 1000 of parameter 1 (x.bin"* ]]
  run -139 kernel bad.cu beyond_barrier 4 256 "${p[@]}"
  [[ $output == *"block (3,0,0) thread ("*"writes element "*" of parameter 2 (y.bin"* ]]
  run -139 kernel bad.cu into_input 4 256 --param in:f32:x.bin --param out:f32:1000:y.bin --param i32:1000
  [[ $output == *"block (0,0,0) thread (0,0,0): writes element 0 of parameter 1 (x.bin"*"which is an input"* ]]
  run -134 kernel bad.cu divergent 1 32 "${p[@]}"
  [[ $output == *"divergent barrier: thread (0,0,0) waits at line 25, thread (16,0,0) waits at line 28"* ]]
  run -134 kernel bad.cu halves 1 32 "${p[@]}"
  [[ $output == *"divergent barrier"* ]]
  run -134 kernel bad.cu trap 2 32 "${p[@]}"
  [[ $output == *"block (1,0,0) thread (3,0,0): __trap()"* ]]
  run -139 kernel bad.cu divide 1 32 --param in:i32:x.bin --param out:i32:1000:y.bin --param i32:0
  [[ $output == *"divides an integer by zero"* ]]
  run -139 kernel bad.cu deep 1 32 "${p[@]}"
  [[ $output == *"stack is too small"* ]]
  [ ! -e y.bin ]
}

@test "a part that goes wrong is named, the others are there" {
  ints '$_' 1000 x.bin
  run -139 kernel bad.cu beyond 4 256 --parts 4 --param in:f32:x.bin --param out:f32:1000:y.bin --param i32:0
  [[ $output == *"part 3 ended with 139"* ]]
  ogpu-submit --fetch 1 --stdout 2>&1 | grep -q 'block (3,0,0)'
  [ ! -e y.bin ]
}

@test "blocks that are not independent are found when the parts are put together" {
  ints '$_' 1000 x.bin
  run -73 kernel words.cu histogram 4 256 --parts 4 --param in:i32:x.bin --param out:i32:16:h.bin --param i32:1000
  run -65 ogpu-submit --fetch 1
  [[ $output == *"the blocks are not independent"* ]]
  [ ! -e h.bin ]
}

@test "the compiler's words come back as stderr, and a kernel that does not fit is told so" {
  printf 'extern "C" __global__ void f(int *x)\n{\n    x[0] = y;\n}\n' >typo.cu
  run -65 --separate-stderr kernel typo.cu f 1 1 --param out:i32:1:o.bin
  [[ $stderr == *"typo.cu:3:12: error:"* ]]
  run -65 kernel words.cu no_such 1 1 --param out:i32:1:o.bin
  [[ $output == *"no_such"* ]]
  run -65 kernel words.cu places 1 1 --param out:u32:1:o.bin --param i32:1
  [[ $output == *"the kernel takes 1 parameters, not 2"* ]]
  run -65 kernel words.cu places 1 1 --param i32:1
  [[ $output == *"parameter 1 of the kernel is a pointer, not a number"* ]]
  run -65 kernel words.cu counted 1 1 --param i64:1
  run -65 kernel words.cu spoken 1 1 --param i64:1
  [[ $output == *"parameter 1 of the kernel has 4 bytes, not 8"* ]]
}

@test "a hostile include reads nothing of the host" {
  echo 'secret_of_the_host' >"$BATS_TEST_TMPDIR/secret"
  for file in "$BATS_TEST_TMPDIR/secret" /etc/shadow /etc/hostname; do
    printf '#include "%s"\nextern "C" __global__ void f(int *x) { x[0] = 1; }\n' "$file" >h.cu
    run -65 kernel h.cu f 1 1 --param out:i32:1:o.bin
    [[ $output == *"h.cu:1:"*"error: $file: No such file"* && $output != *secret_of* ]]
  done
  export SECRET=secret_of_the_host
  printf '#include "/proc/1/environ"\nextern "C" __global__ void f(int *x) { x[0] = 1; }\n' >h.cu
  run kernel h.cu f 1 1 --param out:i32:1:o.bin
  [[ $output != *secret_of* ]]
}

@test "an endless kernel is ended at its limit, whole and in parts" {
  ints '1' 4 x.bin
  run -125 kernel bad.cu endless 1 1 --limit 300ms --retry 0 --param in:f32:x.bin --param out:f32:4:y.bin --param i32:0
  [[ $output == *time* ]]
  run -125 kernel bad.cu endless 4 1 --parts 2 --limit 300ms --retry 0 --param in:f32:x.bin \
    --param out:f32:4:y.bin --param i32:0
  [[ $output == *time* ]]
  run -0 ogpu run -- echo still here
}

@test "a kernel and its compile stay within their memory" {
  cat >big.cu <<'END'
extern "C" __global__ void big(char *x, unsigned long long n)
{
    for (unsigned long long i = 0; i < n; i += 4096)
        x[i] = 1;
}
END
  run -125 kernel big.cu big 1 1 --mem 64M --retry 0 --param tmp:u8:1000000000 --param u64:1000000000
  [[ $output == *memory* ]]
}

@test "exact: only drawn parts are recomputed, and an honest worker is paid" {
  rm -r "$OGPU_HOME"
  export OGPU_KEYS=$BATS_TEST_TMPDIR/keys
  ogpu init -q --mflops 100000 --account sub --param q_min_ppm=1000000 --member a,slots=1 \
    --member b,slots=1 --member c,slots=1 >/dev/null
  ints '$_ * 5' 1000 x.bin
  ogpu-submit --key sub --verify exact --samples 3 --cuda words.cu --entry tree --grid 16 --block 64 \
    --parts 16 --chunk 16 --param in:i32:x.bin --param out:i32:16:s.bin --param i32:1000 >task.json
  run -0 bash -o pipefail -c 'ogpu-match <task.json | ogpu-worker | ogpu-validate'
  grep -q '"verified_by":"exact"' <<<"$output"
  ogpu-submit --fetch 1 >/dev/null
  as_ints x.bin | awk '{s[int((NR - 1) / 64)] += $1} END {for (i = 0; i < 16; i++) print s[i] + 0}' >want
  as_ints s.bin | diff want -
  run -0 ogpu-validate --lease 1
  run -0 ogpu-validate --audit
}

@test "records: 'cuda' in a bulk, and what is wrong with one" {
  ints '$_' 64 x.bin
  cat >bulk <<'END'
{"kind":"task","v":1,"cuda":{"source":"words.cu","entry":"places","grid":[2],"block":[8],"params":["out:u32:16:p.bin"]}}
END
  ogpu run --dir got <bulk
  ogpu-submit --fetch 1 --dir got >/dev/null
  [ "$(as_ints got/p.bin | tail -n 1)" = 1007 ]
  printf abc >odd
  while read -r what cuda; do
    printf '{"kind":"task","v":1,"cuda":%s}\n' "$cuda" >rec
    run -65 ogpu-submit <rec
    [[ $output == *"$what"* ]]
  done <<'END'
source {"entry":"f","grid":[1],"block":[1]}
source {"source":"../x.cu","entry":"f","grid":[1],"block":[1]}
entry {"source":"words.cu","grid":[1],"block":[1]}
entry {"source":"words.cu","entry":"f();","grid":[1],"block":[1]}
grid {"source":"words.cu","entry":"f","grid":[0],"block":[1]}
block {"source":"words.cu","entry":"f","grid":[1],"block":[32,33]}
parts {"source":"words.cu","entry":"f","grid":[4],"block":[1],"parts":5}
type {"source":"words.cu","entry":"f","grid":[4],"block":[1],"params":["in:f31:x.bin"]}
number {"source":"words.cu","entry":"f","grid":[4],"block":[1],"params":["u8:256"]}
number {"source":"words.cu","entry":"f","grid":[4],"block":[1],"params":["i8:-129"]}
once {"source":"words.cu","entry":"f","grid":[4],"block":[1],"params":["inout:i32:x.bin:x.bin"]}
multiple {"source":"words.cu","entry":"f","grid":[4],"block":[1],"params":["in:u8:words.cu","in:f64:odd"]}
END
}

@test "options that go together, and those that do not" {
  run -64 ogpu-submit --entry f -- true
  run -64 ogpu-submit --cuda words.cu
  run -64 ogpu-submit --cuda words.cu --entry places --kernel gemm
  run -64 ogpu-submit --cuda words.cu --entry places -- true
  run -64 ogpu-submit --cuda words.cu --entry places --grid 1,2,3,4
  run -64 ogpu-submit --cuda words.cu --entry places --param nonsense
  run -66 ogpu-submit --cuda absent.cu --entry places
  echo x >taken.bin
  run -73 kernel words.cu places 1 1 --param out:u32:1:taken.bin
}

@test "a worker may leave CUDA to others" {
  ogpu-submit --cuda words.cu --entry places --param out:u32:1:p.bin --expires 1s >task.json
  ogpu-match --once >/dev/null
  ogpu-worker --once --cuda none 2>err >/dev/null || true
  [ "$(ogpu show task:1 | jq -r .state)" != paid ]
  OGPU_CXX=/nonexistent ogpu-worker --devices 2>&1 | grep -q 'there is no C++ compiler'
}

@test "products of whole numbers are those of the network's precompiles, bit for bit" {
  be() { # FILE BYTES: its little-endian numbers as big-endian hex
    perl -e 'local $/; open(I, "<:raw", $ARGV[0]);
      print unpack("H*", scalar reverse $_) for unpack("(a$ARGV[1])*", <I>)' "$1" "$2"
  }
  view() { # NUMBER M K N A B BYTES
    ogpu-contract view -g 100000000 "0x000000000000000000000000000000000000$1" \
      "0x$(printf '%064x%064x%064x' "$2" "$3" "$4")$(be "$5" "$7")$(be "$6" "$7")" | jq -r .output
  }
  ints '($_ * 2654435761 + 12345) % 4294967296 - 2147483648' 442 a.bin # 13 x 34
  ints '($_ * 40503 * 40503 + 977) % 4294967296 - 2147483648' 646 b.bin # 34 x 19
  kernel products.cu matmul_i32 8 32 --param in:i32:a.bin --param in:i32:b.bin --param out:i32:247:c.bin \
    --param i32:13 --param i32:34 --param i32:19
  [ "0x$(be c.bin 4)" = "$(view 0110 13 34 19 a.bin b.bin 4)" ]
  # residues: the largest, the smallest, and what lies between
  words() { # EXPR N FILE
    perl -e 'my ($e, $n, $f) = @ARGV; open(O, ">:raw", $f); print O pack("Q<*", map { eval $e } 0 .. $n - 1)' "$@"
  }
  words '$_ % 3 ? ($_ % 3 == 1 ? 0xffffffff00000000 - $_ : $_) : $_ * 41728374611931' 442 a.bin
  words '$_ % 2 ? 0xffffffff00000000 - $_ * $_ : $_ * 28474976710656' 646 b.bin
  kernel products.cu matmul_modp 8 32 --param in:u64:a.bin --param in:u64:b.bin --param out:u64:247:d.bin \
    --param i32:13 --param i32:34 --param i32:19
  [ "0x$(be d.bin 8)" = "$(view 0111 13 34 19 a.bin b.bin 8)" ]
}
