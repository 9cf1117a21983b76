#!/usr/bin/env bash
# selftest.sh - the lints find what they are for: faults planted in a small tree, each found.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export TREE=$tmp GIT_CEILING_DIRECTORIES=${tmp%/*}
bad=0

plant() { # plant PATH: stdin becomes that file
  mkdir -p "$tmp/$(dirname "$1")"
  cat >"$tmp/$1"
}
clean() {
  rm -rf "${tmp:?}"/*
  printf '%s\n' 'base:' 'model: base' 'match: base model  # pure' >"$tmp/LAYERS"
  mkdir -p "$tmp/libcommon/base" "$tmp/libcommon/match"
  mv "$tmp/LAYERS" "$tmp/libcommon/LAYERS"
  printf '/* base_a.h - a. */\n#ifndef OG_BASE_A_H\n#define OG_BASE_A_H\n\n#endif\n' \
    >"$tmp/libcommon/base/base_a.h"
}
expect() { # expect LINT TEXT: the lint fails and says TEXT
  local out
  if out=$("$here/$1.sh" 2>&1); then
    echo "$1 passes a tree with the fault '$2'"
    bad=1
  elif [[ $out != *"$2"* ]]; then
    echo "$1 fails without saying '$2': $out"
    bad=1
  fi
  clean
}

clean
for lint in layers limits banned hosts; do
  if ! out=$("$here/$lint.sh" 2>&1); then
    echo "$lint fails on a clean tree: $out"
    bad=1
  fi
done

plant libcommon/base/base_b.c <<<'#include "match/match_a.h"'
expect layers 'base may not include match'
plant libcommon/match/match_a.c <<<'#include "base/base_none.h"'
expect layers 'does not exist'
plant libcommon/match/match_a.c <<<'#include "base_a.h"'
expect layers 'includes take the path'
plant libcommon/match/match_a.c <<<'#include <time.h>'
expect layers 'match is pure'
plant libcommon/match/match_a.c <<<'    x = getenv("A");'
expect layers 'match is pure'
plant libcommon/misc/misc_a.h <<<''
expect layers 'folder is not listed'
printf '%s\n' 'base: match' 'match: base' >"$tmp/libcommon/LAYERS"
expect layers 'base looks up to match'

plant libcommon/base/base_b.c <<<'/* other.c - wrong name. */'
expect limits 'the first line must read'
plant libcommon/base/base_b.h <<<$'/* base_b.h - x. */\n#ifndef OG_B_H'
expect limits 'the guard must be OG_BASE_B_H'
{ echo '/* base_b.c - x. */' && printf 'int x; /* %090d */\n' 0; } | plant libcommon/base/base_b.c
expect limits 'columns, more than 100'
{ echo '/* base_b.c - x. */' && echo '{' && seq 71 | sed 's|.*|    a();|' && echo '}'; } |
  plant libcommon/base/base_b.c
expect limits 'function of 71 lines'
{ echo '/* base_b.c - x. */' && seq 600 | sed 's|.*|;|'; } | plant libcommon/base/base_b.c
expect limits '601 lines, more than 600'

plant cmd/ogpu-x/x.c <<<'    n = atoi(s);'
expect banned 'atoi() is banned'
plant cmd/ogpu-x/x.c <<<'    t = time(NULL); /* allowed: */'
expect banned 'time() is banned'
plant libcommon/base/base_b.c <<<'    fprintf(stderr, "x");'
expect banned 'the library does not print'
plant libcommon/base/base_b.c <<<'    exit(1);'
expect banned 'neither prints nor exits'
plant cmd/ogpu-x/x.c <<<'    sqlite3_open(p, &db);'
expect banned 'sqlite3_ outside'
plant cmd/ogpu-x/x.c <<<'    f = fopen(p, "we");'
expect banned 'only base_io.c opens'
plant cmd/ogpu-x/x.c <<<'    t = time(NULL); /* allowed: a reason */ /* strcpy( */ x = "rand("; p->system(1);'
if ! out=$("$here/banned.sh" 2>&1); then
  echo "banned fails on an excused line: $out"
  bad=1
fi
clean

plant a.sh <<<'curl -O http''s://dl.some-mirror.''net/x.tar.gz'
expect hosts 'names the host dl.some-mirror.'
plant a.md <<<'from some-mirror.''org, or www.example.org'
expect hosts 'names the host some-mirror.'
plant a.sh <<<'cd /wor''k/main'
expect hosts 'a path of one machine'
plant a.md <<<'see www.rfc-editor.org and http''s://example.com/x; base_io.com(a); x.net.y = 1'
if ! out=$("$here/hosts.sh" 2>&1); then
  echo "hosts fails on allowed names: $out"
  bad=1
fi
exit $bad
