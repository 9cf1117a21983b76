# list.sh - sourced by the lints: the files of the tree, whether git is at hand or not.
# shellcheck shell=bash

# files GLOB ...: tracked and new files whose name matches one of the globs, one a line.
files() {
  local f g
  {
    git ls-files -co --exclude-standard 2>/dev/null ||
      find . -path ./.git -prune -o -path ./build -prune -o -type f -print | sed 's|^\./||'
  } | sort -u | while IFS= read -r f; do
    [ -f "$f" ] || continue
    for g in "$@"; do
      # shellcheck disable=SC2254
      case $f in
      $g)
        printf '%s\n' "$f"
        break
        ;;
      esac
    done
  done
}
