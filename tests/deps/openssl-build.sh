#!/bin/sh
# openssl-build.sh - builds a private OpenSSL from the source package of the next Debian release, once
# per user, under the cache folder. Uses the ordinary apt client with lists of its own, signed by
# Debian's archive keys; the mirror is the one in this machine's apt sources.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-${HOME:?"HOME is not set"}/.cache}/ogpu
suites='trixie sid'
log=$cache/openssl-build.log

say() {
  printf 'deps: %s\n' "$*"
}
fail() {
  printf 'deps: %s; install OpenSSL 3.5 or newer with its headers (Debian 13: libssl-dev) %s\n' "$*" \
    'or name a build of your own with OPENSSL_PREFIX=DIR' >&2
  exit 69
}

# shellcheck source=tests/deps/private-apt.sh
. "$here/private-apt.sh"

# Fetches the source package of one suite of one mirror into $1/src.
fetch() {
  work=$1 mirror=$2 suite=$3 by=
  for ring in /usr/share/keyrings/debian-archive-keyring.gpg \
    /usr/share/keyrings/debian-archive-keyring.pgp; do
    [ -r "$ring" ] && by="[signed-by=$ring] "
  done
  printf 'deb-src %s%s %s main\n' "$by" "$mirror" "$suite" >"$work/sources.list"
  apt-get -q -c "$work/apt.conf" update >>"$log" 2>&1 || return 1
  rm -rf "$work/src"
  mkdir "$work/src"
  (cd "$work/src" && apt-get -q -c "$work/apt.conf" source --download-only openssl) >>"$log" 2>&1
}

# Debian's version "3.5.7-1~deb13u1" of the fetched package, without the packaging's part.
fetched_version() {
  sed -n 's/^Version: \([0-9][0-9.]*\).*/\1/p' "$1"/src/*.dsc | head -n 1
}

fetch_any() {
  for mirror in $(mirrors); do
    for suite in $suites; do
      say "fetching the OpenSSL source package of Debian $suite from $mirror"
      fetch "$1" "$mirror" "$suite" || continue
      version=$(fetched_version "$1")
      case $version in
        3.[5-9]* | 3.[1-9][0-9]* | [4-9].*) return 0 ;;
      esac
      say "Debian $suite has OpenSSL $version, which is too old"
    done
  done
  return 1
}

# A chain of && because the caller asks for its status, which switches `set -e` off inside.
build() {
  cd "$1/src" &&
    dpkg-source --no-check -x ./*.dsc tree &&
    cd tree &&
    ./Configure --prefix="$2" --libdir=lib no-tests no-docs no-apps no-legacy shared &&
    make -j"$(nproc)" build_libs &&
    make install_dev DESTDIR="$1/root" &&
    rm -f "$1/root$2"/lib/*.a &&
    test -e "$1/root$2/lib/libcrypto.so" &&
    test -e "$1/root$2/lib/libssl.so" &&
    test -e "$1/root$2/lib/pkgconfig/libcrypto.pc"
}

for tool in apt-get dpkg-source perl make flock; do
  command -v "$tool" >/dev/null || fail "cannot build OpenSSL: '$tool' is not installed"
done
mkdir -p "$cache"
exec 9>"$cache/openssl.lock"
if ! flock -n 9; then
  say 'another process is building OpenSSL; waiting for it'
  flock 9
fi
[ -z "$("$here/openssl-prefix.sh")" ] || exit 0

rm -rf "$cache"/openssl-work.* # of builds that were killed: the lock is ours
work=$(mktemp -d "$cache/openssl-work.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
: >"$log"
write_apt_conf "$work"
fetch_any "$work" || fail "cannot fetch a source package of OpenSSL 3.5 or newer (see $log)"
version=$(fetched_version "$work")
final=$cache/openssl-$version
say "building OpenSSL $version into $final: about 3 minutes on 2 cores, once"
if ! (build "$work" "$final" 9>&-) >>"$log" 2>&1; then
  tail -n 20 "$log" >&2
  fail "OpenSSL does not build (see $log)"
fi
mv -T "$work/root$final" "$final"
say "OpenSSL $version is ready in $final"
