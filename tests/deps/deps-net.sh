#!/bin/sh
# deps-net.sh - installs CometBFT once per user, under the cache folder, with `go install`. Go is the
# machine's; where there is none of 1.21 or newer, that of the distribution's backports, unpacked for
# this build alone. Exit 69 and one sentence where it cannot be had.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
version=v0.40.0
cache=${XDG_CACHE_HOME:-${HOME:?"HOME is not set"}/.cache}/ogpu
target=$cache/cometbft/$version
log=$cache/cometbft-build.log

say() {
  printf 'deps-net: %s\n' "$*"
}
fail() {
  printf 'deps-net: no CometBFT %s: %s\n' "$version" "$*" >&2
  mkdir -p "$target"
  printf '%s\n' "$*" >"$target/why-not"
  exit 69
}

# go_fits PROGRAM: 1.21 is the first that fetches the toolchain a module asks for.
go_fits() {
  have=$(GOTOOLCHAIN=local "$1" env GOVERSION 2>/dev/null) || return 1
  minor=$(printf '%s' "$have" | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
  [ -n "$minor" ] && [ "$minor" -ge 21 ]
}

# Unpacks Go of the distribution's backports below $1; prints the program.
backports_go() {
  # shellcheck source=tests/deps/private-apt.sh
  . "$here/private-apt.sh"
  suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
  write_apt_conf "$1"
  for mirror in $(mirrors); do
    by=
    for ring in /usr/share/keyrings/debian-archive-keyring.gpg \
      /usr/share/keyrings/debian-archive-keyring.pgp; do
      [ -r "$ring" ] && by="[signed-by=$ring] "
    done
    printf 'deb %s%s %s-backports main\n' "$by" "$mirror" "$suite" >"$1/sources.list"
    apt-get -q -c "$1/apt.conf" update >>"$log" 2>&1 || continue
    go=$(apt-cache -c "$1/apt.conf" pkgnames golang-1. | sed -n 's/^golang-1\.\([0-9]*\)-go$/\1/p' |
      sort -n | tail -n 1)
    [ -n "$go" ] || continue
    (cd "$1" && apt-get -q -c "$1/apt.conf" download "golang-1.$go-go" "golang-1.$go-src") \
      >>"$log" 2>&1 || continue
    for deb in "$1"/golang-1.*.deb; do dpkg -x "$deb" "$1/unpacked"; done
    # the package's links lead to /usr/share
    mv "$1/unpacked/usr/share/go-1.$go" "$1/share"
    for part in api misc src test; do
      [ ! -L "$1/unpacked/usr/lib/go-1.$go/$part" ] ||
        ln -sfn "$1/share/$part" "$1/unpacked/usr/lib/go-1.$go/$part"
    done
    printf '%s\n' "$1/unpacked/usr/lib/go-1.$go/bin/go"
    return 0
  done
  return 1
}

[ ! -x "$target/cometbft" ] || exit 0
mkdir -p "$cache" "$target"
command -v flock >/dev/null || fail "'flock' is not installed"
exec 9>"$cache/cometbft.lock"
if ! flock -n 9; then
  say 'another process is installing CometBFT; waiting for it'
  flock 9
fi
[ ! -x "$target/cometbft" ] || exit 0

work=$(mktemp -d "$cache/cometbft-work.XXXXXX")
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
: >"$log"
go=$(command -v go || true)
if [ -z "$go" ] || ! go_fits "$go"; then
  say "${go:+Go of this machine is older than 1.21; }fetching Go of the distribution's backports"
  mkdir "$work/apt"
  go=$(backports_go "$work/apt") || fail 'there is no Go of 1.21 or newer, nor one in backports'
fi
chain=local # a Go that is new enough needs no other
GOTOOLCHAIN=local "$go" env GOVERSION | grep -qE '^go1\.(2[5-9]|[3-9][0-9])' || chain=auto
say "installing CometBFT $version with $("$go" env GOVERSION) into $target (once; a few minutes)"
GOTOOLCHAIN=$chain GOFLAGS='-trimpath -modcacherw' CGO_ENABLED=0 GOBIN=$work/bin GOPATH=$work/go \
  GOCACHE=$work/gocache "$go" install "github.com/cometbft/cometbft/cmd/cometbft@$version" >>"$log" 2>&1 ||
  fail "'go install' failed: $(tail -n 1 "$log")"
mv "$work/bin/cometbft" "$target/cometbft.new"
mv "$target/cometbft.new" "$target/cometbft"
rm -f "$target/why-not"
