#!/bin/sh
# openssl-prefix.sh - prints the prefix of the OpenSSL (3.5 or newer) to build and link with; nothing
# when the system's own is new enough, or when there is none yet. Runs at every make: no network.
set -u

if [ -n "${OPENSSL_PREFIX:-}" ]; then
  printf '%s\n' "$OPENSSL_PREFIX"
  exit 0
fi

# A copy on PKG_CONFIG_PATH (the user's, or ours again in a make below make) needs its rpath; one
# under /usr does not.
if pkg-config --atleast-version=3.5 libcrypto 2>/dev/null; then
  prefix=$(pkg-config --variable=prefix libcrypto)
  [ "$prefix" = /usr ] || printf '%s\n' "$prefix"
  exit 0
fi

# The newest private copy. One that exists is whole: openssl-build.sh moves it into place at the end.
best=
for pc in "${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}"/ogpu/openssl-3.*/lib/pkgconfig/libcrypto.pc; do
  [ -e "$pc" ] || continue
  dir=${pc%/lib/pkgconfig/libcrypto.pc}
  best=$(printf '%s\n%s\n' "$best" "$dir" | sort -V | tail -n 1)
done
[ -z "$best" ] || printf '%s\n' "$best"
