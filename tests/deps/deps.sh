#!/bin/sh
# deps.sh - installs what the build needs (with OGPU_TESTS=1 what the tests need, too) and sees to an
# OpenSSL of 3.5 or newer. Says nothing and takes no time when nothing is missing.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
build='gcc libc6-dev make pkg-config libjansson-dev libsqlite3-dev libssl-dev libcurl4-openssl-dev
libncurses-dev libseccomp-dev bubblewrap ca-certificates'
tests='bats libcmocka-dev mandoc shellcheck tmux jq procps clang-format clang libclang-rt-*-dev
task-spooler parallel sqlite3 libnetcdf-dev g++'
optional='slurm-wlm munge' # for tests that say what they miss where these cannot be had
wanted=$build
for_what='the build needs'
if [ "${OGPU_TESTS:-}" = 1 ]; then
  wanted="$build $tests"
  for_what='the build and its tests need'
fi

say() {
  printf 'deps: %s\n' "$*"
}
fail() {
  printf 'deps: %s\n' "$*" >&2
  exit 69
}

# Names in $@ (or patterns) that no installed package answers to.
missing() {
  have=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package} ${Provides}\n' "$@" 2>/dev/null |
    sed -n 's/^[ih]i *//p') || true
  for name; do
    found=
    for installed in $have; do
      # shellcheck disable=SC2254 # a pattern on purpose
      case ${installed%,} in
        $name) found=1 && break ;;
      esac
    done
    [ -n "$found" ] || printf '%s\n' "$name"
  done
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  else
    sudo "$@"
  fi
}

# Replaces the pattern for clang's runtime by the package of the clang that apt would install.
resolve() {
  for name; do
    case $name in
      libclang-rt-*)
        major=$(apt-cache depends clang 2>/dev/null |
          sed -n 's/^ *Depends: clang-\([0-9]*\)$/\1/p' | head -n 1)
        if [ -n "$major" ] && apt-cache show "libclang-rt-$major-dev" >/dev/null 2>&1; then
          printf 'libclang-rt-%s-dev\n' "$major"
        fi
        ;;
      *) printf '%s\n' "$name" ;;
    esac
  done
}

install_missing() {
  why=$1
  shift
  set -f # the names hold a pattern
  # shellcheck disable=SC2046
  set -- $(missing "$@")
  [ $# -gt 0 ] || return 0
  say "$why packages that are not installed: $*"
  command -v apt-get >/dev/null || fail "there is no apt-get here; install: $*"
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || fail "not root and no sudo; as root run: apt-get install $*"
    say 'installing them with apt-get; sudo may ask for your password'
  fi
  as_root apt-get -q -o DPkg::Lock::Timeout=300 update >/dev/null ||
    say 'apt-get update reported errors; going on with the package lists that are there'
  # shellcheck disable=SC2046
  set -- $(resolve "$@")
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
    --no-install-recommends install "$@" || fail "apt-get install failed; by hand: apt-get install $*"
}

# What is used where the distribution has it: names that are installed already or can be had.
offered() {
  for name in $(missing "$@"); do
    apt-cache show "$name" >/dev/null 2>&1 && printf '%s\n' "$name"
  done
  return 0
}

if command -v dpkg-query >/dev/null; then
  # shellcheck disable=SC2046,SC2086
  (set -f && install_missing "$for_what" $wanted $(offered libxgboost0 libz3-dev))
  if [ "${OGPU_TESTS:-}" = 1 ]; then
    # shellcheck disable=SC2046,SC2086
    (set -f && install_missing 'some tests need' $(offered $optional))
  fi
else
  for tool in cc make pkg-config; do
    command -v "$tool" >/dev/null || fail "'$tool' is not installed (no Debian: install it by hand)"
  done
  for lib in jansson sqlite3 libcurl ncursesw libseccomp; do
    pkg-config --exists "$lib" ||
      fail "the headers of $lib are not installed (no Debian: install them by hand)"
  done
fi

prefix=$("$here/openssl-prefix.sh")
if [ -n "$prefix" ]; then
  [ -e "$prefix/lib/pkgconfig/libcrypto.pc" ] ||
    fail "OPENSSL_PREFIX: no lib/pkgconfig/libcrypto.pc in '$prefix'"
elif ! pkg-config --atleast-version=3.5 libcrypto; then
  say "this system's OpenSSL is $(pkg-config --modversion libcrypto); 3.5 or newer is needed (ML-DSA," \
    'ML-KEM), so a private copy is built from the source package of the next Debian release'
  if command -v dpkg-query >/dev/null; then
    install_missing 'building OpenSSL needs' dpkg-dev perl
  fi
  "$here/openssl-build.sh"
fi
