#!/usr/bin/env bats
# deps.bats - what is missing is installed, and OpenSSL is built once per user: the real scripts with
# apt-get, dpkg and pkg-config played by small stand-ins, so that no network and no root is needed.
load helpers

setup() {
  common_setup
  unset OPENSSL_PREFIX
  export DEPS=$OGPU_ROOT/tests/deps STAGE=$BATS_TEST_TMPDIR/stage CACHE=$XDG_CACHE_HOME/ogpu
  mkdir -p bin stage
  export PATH=$BATS_TEST_TMPDIR/bin:$PATH
  printf '%s\n' gcc libc6-dev make pkg-config libjansson-dev libsqlite3-dev libssl-dev \
    libcurl4-openssl-dev libncurses-dev libseccomp-dev bubblewrap ca-certificates dpkg-dev perl libxgboost0 libz3-dev \
    >stage/have
  echo 3.5.99-1 >stage/source-version
  echo 3.0.1 >stage/system-version
  stand_in pkg-config '
    v=$(cat "$STAGE/system-version")
    case $1 in
      --modversion) echo "$v" ;;
      --variable=prefix) echo /usr ;;
      --atleast-version=*)
        [ "$(printf "%s\n" "${1#*=}" "$v" | sort -V | head -n 1)" = "${1#*=}" ] ;;
    esac'
  stand_in dpkg-query 'sed "s/^/ii  /; s/$/ /" "$STAGE/have"'
  stand_in apt-cache '[ "$1" = show ] || echo "  Depends: clang-14"'
  stand_in apt-get '
    echo "$*" >>"$STAGE/apt.log"
    case " $* " in
      *" indextargets "*) echo "Debian mirror.example/debian/" ;;
      *" update "*) [ ! -e "$STAGE/offline" ] ;;
      *" source "*)
        printf "Source: openssl\nVersion: %s\n" "$(cat "$STAGE/source-version")" >openssl.dsc ;;
      *" install "*)
        for p; do echo "$p"; done >>"$STAGE/have" ;;
    esac'
  stand_in dpkg-source '
    mkdir tree
    printf "%s\n" "#!/bin/sh" "for a; do case \$a in --prefix=*) echo P=\${a#*=} >vars.mk ;; esac; done" \
      >tree/Configure
    chmod +x tree/Configure
    cp "$STAGE/tree.mk" tree/Makefile'
  cat >stage/tree.mk <<'MK'
.RECIPEPREFIX = >
include vars.mk
L = $(DESTDIR)$(P)/lib
build_libs:
>@echo build >>$(STAGE)/builds
>@test ! -e $(STAGE)/broken
>@sleep 0.3
install_dev:
>@mkdir -p $(L)/pkgconfig
>@touch $(L)/libcrypto.so $(L)/libssl.so $(L)/libcrypto.a $(L)/pkgconfig/libcrypto.pc
MK
}

stand_in() { # NAME BODY
  printf '#!/bin/sh\n%s\n' "$2" >"bin/$1"
  chmod +x "bin/$1"
}

@test "nothing missing: no word, no apt-get, quickly" {
  echo 3.5.0 >stage/system-version
  run -0 "$DEPS/deps.sh"
  [ -z "$output" ]
  [ ! -e stage/apt.log ]
  run -0 "$DEPS/openssl-prefix.sh"
  [ -z "$output" ]
}

@test "an old OpenSSL: a private copy is built, and then found" {
  run -0 "$DEPS/openssl-prefix.sh"
  [ -z "$output" ]
  run -0 "$DEPS/deps.sh"
  [[ $output == *'is 3.0.1; 3.5 or newer is needed'* ]]
  [[ $output == *'from mirror.example/debian'* ]]
  [[ $output == *"OpenSSL 3.5.99 is ready in $CACHE/openssl-3.5.99"* ]]
  [ "$("$DEPS/openssl-prefix.sh")" = "$CACHE/openssl-3.5.99" ]
  [ ! -e "$CACHE/openssl-3.5.99/lib/libcrypto.a" ]
  run -0 "$DEPS/deps.sh"
  [ -z "$output" ]
  [ "$(wc -l <stage/builds)" -eq 1 ]
  grep -q -- "-c $CACHE/openssl-work.*/apt.conf update" stage/apt.log
  [ -z "$(find "$CACHE" -name 'openssl-work.*')" ]
}

@test "of several copies the newest is used" {
  mkdir -p "$CACHE"/openssl-3.5.{7,10}/lib/pkgconfig
  touch "$CACHE"/openssl-3.5.{7,10}/lib/pkgconfig/libcrypto.pc
  mkdir "$CACHE/openssl-3.6.0" # nothing in it
  [ "$("$DEPS/openssl-prefix.sh")" = "$CACHE/openssl-3.5.10" ]
}

@test "two at once build once" {
  "$DEPS/deps.sh" >one 2>&1 &
  "$DEPS/deps.sh" >two 2>&1 &
  wait
  [ "$(wc -l <stage/builds)" -eq 1 ]
  [ "$(cat one two | grep -c 'is ready in')" -eq 1 ]
  [ -n "$("$DEPS/openssl-prefix.sh")" ]
}

@test "a failed build leaves nothing that looks finished, and the next try works" {
  touch stage/broken
  run -69 "$DEPS/deps.sh"
  [[ $output == *'OpenSSL does not build'*'OPENSSL_PREFIX=DIR'* ]]
  [ -z "$("$DEPS/openssl-prefix.sh")" ]
  [ -z "$(find "$CACHE" -mindepth 1 -type d)" ]
  rm stage/broken
  run -0 "$DEPS/deps.sh"
  [ -n "$("$DEPS/openssl-prefix.sh")" ]
}

@test "a killed build leaves nothing that looks finished, and the next one tidies up" {
  sed -i 's/sleep 0.3/sleep 60/' stage/tree.mk
  setsid "$DEPS/openssl-build.sh" >out 2>&1 3>&- &
  pid=$!
  wait_for '[ -e stage/builds ]'
  kill -KILL -- "-$pid"
  wait $pid || true
  [ -z "$("$DEPS/openssl-prefix.sh")" ]
  sed -i 's/sleep 60/true/' stage/tree.mk
  run -0 "$DEPS/openssl-build.sh"
  [ -z "$(find "$CACHE" -name 'openssl-work.*')" ]
}

@test "where no way is open, one sentence says what to install" {
  touch stage/offline
  run -69 --separate-stderr "$DEPS/openssl-build.sh"
  [ "$(wc -l <<<"$stderr")" -eq 1 ]
  [[ $stderr == *'install OpenSSL 3.5 or newer'*'OPENSSL_PREFIX=DIR' ]]
  rm stage/offline
  echo 3.4.1-1 >stage/source-version
  run -69 --separate-stderr "$DEPS/openssl-build.sh"
  [[ $output == *'OpenSSL 3.4.1, which is too old'* ]]
}

@test "OPENSSL_PREFIX is taken as it is, and must hold a build" {
  mkdir -p own/lib/pkgconfig
  touch own/lib/pkgconfig/libcrypto.pc
  [ "$(OPENSSL_PREFIX=$PWD/own "$DEPS/openssl-prefix.sh")" = "$PWD/own" ]
  OPENSSL_PREFIX=$PWD/own run -0 "$DEPS/deps.sh"
  [ ! -e stage/builds ]
  OPENSSL_PREFIX=$PWD/none run -69 "$DEPS/deps.sh"
  [[ $output == *"no lib/pkgconfig/libcrypto.pc in '$PWD/none'"* ]]
}

@test "missing packages are named, with the reason, and installed" {
  echo 3.5.0 >stage/system-version
  sed -i '/bubblewrap/d; /libseccomp-dev/d' stage/have
  stand_in id 'echo 0'
  run -0 "$DEPS/deps.sh"
  [[ $output == *'the build needs packages that are not installed: libseccomp-dev bubblewrap'* ]]
  grep -q 'install libseccomp-dev bubblewrap$' stage/apt.log
  run -0 "$DEPS/deps.sh"
  [ -z "$output" ]
}

@test "OGPU_TESTS=1 adds the tests' packages; clang's runtime is the one of apt's clang" {
  echo 3.5.0 >stage/system-version
  stand_in id 'echo 0'
  OGPU_TESTS=1 run -0 "$DEPS/deps.sh"
  [[ $output == *'the build and its tests need packages'*bats*libclang-rt-*-dev*sqlite3* ]]
  grep -q ' libclang-rt-14-dev ' stage/apt.log
  OGPU_TESTS=1 run -0 "$DEPS/deps.sh"
  [ -z "$output" ]
}

@test "not root: sudo is used, and without it one sentence says what to run" {
  echo 3.5.0 >stage/system-version
  sed -i '/bubblewrap/d' stage/have
  stand_in id 'echo 1000'
  stand_in sudo 'echo "$*" >>"$STAGE/sudo.log"; exec "$@"'
  run -0 "$DEPS/deps.sh"
  [[ $output == *'sudo may ask for your password'* ]]
  grep -q 'apt-get .* install bubblewrap$' stage/sudo.log
  sed -i '/bubblewrap/d' stage/have
  rm bin/sudo
  command -v sudo >/dev/null && skip "this machine has a sudo of its own"
  run -69 "$DEPS/deps.sh"
  [[ $output == *'as root run: apt-get install bubblewrap' ]]
}
