#!/usr/bin/env bash
# completions.sh - completions/ is what the option tables give now, and each shell can read it.
set -euo pipefail
cd "$(dirname "$0")/../.."
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
tests/lint/make-completions.sh "$tmp"
bad=0
if ! diff -r "$tmp" completions; then
  echo "completions/ is out of date: run 'make completions'"
  bad=1
fi
for sh in bash zsh fish; do
  if ! command -v $sh >/dev/null; then
    echo "note: $sh is not installed: its files were compared, not parsed"
    continue
  fi
  for f in "$tmp/$sh"/*; do
    $sh -n "$f" || bad=1
  done
done
exit $bad
