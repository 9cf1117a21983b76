#!/usr/bin/env bats
# cuda-gpu.bats - the way over a GPU, with driver, NVRTC and NVML played by tests/cuda/fakecuda.c.
load helpers

setup() {
  common_setup
  LIB=$(mktemp -d /tmp/ogpu-fake.XXXXXX) # where the jobs' ids can read it
  chmod 755 "$LIB"
  [ -f "$BUILD/libfakecuda.so" ] || skip "no $BUILD/libfakecuda.so"
  command -v g++ >/dev/null || skip "g++ is not installed, which the fake needs"
  bwrap --unshare-all --ro-bind / / /bin/true 2>/dev/null || skip "no sandbox can be had here"
  cp "$OGPU_ROOT"/tests/cuda/*.cu .
  ogpu init -q --mflops 100000 --slots 1 >/dev/null
  perl -e 'open(O, ">:raw", "x.bin"); print O pack("l<*", map { $_ * 7919 % 1000 } 0 .. 999)'
}

teardown() {
  rm -r "$LIB"
  common_teardown
}

# gpu [FAULT]: from here on this machine has a GPU
gpu() {
  local lib=$LIB/libfakecuda${1:+.$1}.so
  install -m 644 "$BUILD/libfakecuda.so" "$lib"
  export OGPU_LIBCUDA=$lib OGPU_LIBNVRTC=$lib OGPU_LIBNVML=$lib
}

tree() {
  ogpu run --cuda words.cu --entry tree --grid 4 --block 256 --param in:i32:x.bin --param "out:i32:4:$1" \
    --param i32:1000 "${@:2}"
}

@test "the devices of a machine, as records and as a table" {
  gpu
  ogpu-worker --devices >devices 2>err
  [ ! -s err ]
  jq -es '.[0] | .type == "gpu" and .name == "Fake GPU" and .compute_capability == "9.0" and .ecc == true
    and .mig == false and .driver == "570.00.fake" and .cuda == "12.8" and .nvrtc == "12.8"
    and .mem_bytes == 1073741824 and .throttle == ["power-cap", "hw-thermal"] and .temperature_c == 41
    and .uuid == "GPU-face0001-0203-0405-0607-08090a0b0c0d"' devices
  jq -es '.[1] | .type == "cpu" and .cores > 0 and (.compiler | length) > 0' devices
  run -0 ogpu-worker --devices -H
  [[ ${lines[1]} == gpu0*"Fake GPU"*"1.0 GiB"*9.0*570.00.fake* ]]
  run -64 ogpu-worker --devices --once
  run -64 ogpu-worker -H --once
}

@test "each absence is one line" {
  unset OGPU_LIBCUDA
  OGPU_LIBCUDA=/nonexistent/libcuda.so run -0 --separate-stderr ogpu-worker --devices
  [ "$stderr" = "ogpu-worker: warning: no GPU: '/nonexistent/libcuda.so' (\$OGPU_LIBCUDA) cannot be loaded" ]
  gpu none
  run -0 --separate-stderr ogpu-worker --devices
  [ "$stderr" = "ogpu-worker: warning: no GPU: the driver finds no device" ]
  gpu init=999
  run -0 --separate-stderr ogpu-worker --devices
  [ "$stderr" = "ogpu-worker: warning: no GPU: the driver does not start (error 999)" ]
  gpu init=34
  run -0 --separate-stderr ogpu-worker --devices
  [[ $stderr == *"is a stub" ]]
  gpu crash
  run -0 --separate-stderr ogpu-worker --devices
  [[ $stderr == *"the driver crashes when it was asked" ]]
  gpu
  OGPU_LIBNVRTC=/none OGPU_LIBNVML=/none run -0 --separate-stderr ogpu-worker --devices
  [ "${#stderr_lines[@]}" -eq 2 ]
}

@test "the same bits over a GPU as on the CPU, whole and in parts" {
  tree cpu.bin
  tree cpu-parts.bin --parts 4
  gpu
  tree gpu.bin
  tree gpu-parts.bin --parts 4
  cmp cpu.bin gpu.bin
  cmp cpu.bin cpu-parts.bin
  cmp cpu.bin gpu-parts.bin
  ogpu run --cuda words.cu --entry places --grid 3,2,2 --block 4,3,2 --parts 7 --param out:u32:288:g.bin
  OGPU_LIBCUDA=/none ogpu run --cuda words.cu --entry places --grid 3,2,2 --block 4,3,2 \
    --param out:u32:288:c.bin
  cmp g.bin c.bin
}

@test "a worker on a GPU, verifiers on a CPU" {
  rm -r "$OGPU_HOME"
  export OGPU_KEYS=$BATS_TEST_TMPDIR/keys
  ogpu init -q --mflops 100000 --account sub --param q_min_ppm=1000000 --member a,slots=1 \
    --member b,slots=1 --member c,slots=1 >/dev/null
  ogpu-submit --key sub --verify exact --samples 2 --cuda words.cu --entry tree --grid 16 --block 64 \
    --parts 8 --chunk 8 --param in:i32:x.bin --param out:i32:16:s.bin --param i32:1000 >task.json
  export LIB
  worker() {
    gpu
    ogpu-worker
  }
  export -f worker gpu
  run -0 bash -o pipefail -c 'ogpu-match <task.json | worker | ogpu-validate'
  grep -q '"verified_by":"exact"' <<<"$output"
  run -0 ogpu-validate --audit
}

@test "source errors, misfits and hostile includes, from NVRTC" {
  gpu
  printf 'extern "C" __global__ void f(int *x)\n{\n    x[0] = y;\n}\n' >typo.cu
  run -65 --separate-stderr ogpu run --cuda typo.cu --entry f --param out:i32:1:o.bin
  [[ $stderr == *"typo.cu:3:12: error:"* ]]
  run -65 ogpu run --cuda words.cu --entry places --param out:u32:1:o.bin --param i32:1
  [[ $output == *"the kernel takes 1 parameters, not 2"* ]]
  run -65 ogpu run --cuda words.cu --entry spoken --param i64:1
  [[ $output == *"parameter 1 of the kernel has 4 bytes, not 8"* ]]
  echo secret_of_the_host >secret
  printf '#include "%s"\nextern "C" __global__ void f(int *x) { x[0] = 1; }\n' "$PWD/secret" >h.cu
  run -65 ogpu run --cuda h.cu --entry f --param out:i32:1:o.bin
  [[ $output == *"No such file"* && $output != *secret_of* ]]
}

@test "no device, a driver that does not start: the CPU does it; --cuda gpu gives it back" {
  tree want.bin
  for f in none init=100 crash old; do
    gpu "$f"
    tree "$f.bin"
    cmp want.bin "$f.bin"
  done
  gpu none
  ogpu-submit --cuda words.cu --entry places --param out:u32:1:p.bin --retry 0 >task.json
  ogpu-match --once >/dev/null
  run ogpu-worker --once --cuda gpu
  [[ $output == *"no CUDA on a GPU: the driver finds no device"* ]]
}

@test "out of memory, a failed launch, a hang: each ends the job with its reason, the worker goes on" {
  gpu oom
  run -125 tree o.bin --retry 0
  [[ $output == *memory* ]]
  run -125 tree o.bin --retry 0 --parts 4
  [[ $output == *memory* ]]
  gpu launch=719
  run -134 tree l.bin
  [[ $output == *"CUDA error 719 CUDA_ERROR_LAUNCH_FAILED"* ]]
  run -134 tree l.bin --parts 4
  gpu launch=700
  run -139 tree l.bin
  gpu hang
  run -125 tree h.bin --retry 0 --limit 500ms
  [[ $output == *time* ]]
  run -125 tree h.bin --retry 0 --limit 500ms --parts 2
  [[ $output == *time* ]]
  gpu
  tree good.bin
}

# watching [OPTION ...]: a worker whose words of GPU 0 are in worker.conf
watching() {
  mkdir -p "$XDG_CONFIG_HOME/ogpu"
  printf '%s\n' '[gpu 0]' "$1" >"$XDG_CONFIG_HOME/ogpu/worker.conf"
  ogpu-worker --watch "${@:2}" 2>>worker.log &
  WORKER=$!
}

gpu_why() {
  ogpu status | jq -r '.workers[0].gpus[0] | if . == null then "none" else .why // "open" end'
}

@test "the owner's bounds for a GPU: too hot, in use by others, paused; its work goes to the CPU" {
  gpu
  watching 'max-temperature = 80'
  wait_for '[ "$(gpu_why)" = open ]'
  printf '%s\n' '[gpu 0]' 'max-temperature = 40' >"$XDG_CONFIG_HOME/ogpu/worker.conf"
  wait_for '[ "$(gpu_why)" = "is hotter than 40 C" ]'
  ogpu status -H | grep -q 'GPU 0 is hotter than 40 C'
  [ "$(ogpu status | jq '.workers[0].open')" = true ]
  ogpu-submit --cuda words.cu --entry tree --grid 4 --block 256 --param in:i32:x.bin --param out:i32:4:t.bin \
    --param i32:1000 >/dev/null
  wait_for 'ogpu-match --once -q 2>/dev/null; [ "$(ogpu show 1 | jq -r .state)" = paid ]'
  printf '%s\n' '[gpu 0]' 'use = no' >"$XDG_CONFIG_HOME/ogpu/worker.conf"
  wait_for '[ "$(gpu_why)" = "is not to be used" ]'
  rm "$XDG_CONFIG_HOME/ogpu/worker.conf"
  wait_for '[ "$(gpu_why)" = open ]'
  ogpu-worker --pause --gpu 0
  wait_for '[ "$(gpu_why)" = "is paused" ]'
  ogpu-worker --resume --gpu 0
  wait_for '[ "$(gpu_why)" = open ]'
  kill "$WORKER"
  wait "$WORKER"
  gpu others
  watching 'alone = yes'
  wait_for '[ "$(gpu_why)" = "is in use by another process" ]'
}
