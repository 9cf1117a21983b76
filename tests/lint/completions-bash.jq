# completions-bash.jq - {tool, opts, commands} to a bash completion.
def names: [(if .letter then "-" + .letter else empty end), "--" + .name];
def words: [.[] | names[]] | join(" ");
def reply($how): "COMPREPLY < <(compgen \($how) -- \"$cur\")";
def arm($pad):
  "\($pad)\(names | join(" | ")))",
  (if .choices then "\($pad)  mapfile -t \(reply("-W '" + (.choices | join(" ")) + "'"))"
   elif .complete == "dir" then "\($pad)  compopt -o filenames", "\($pad)  mapfile -t \(reply("-d"))"
   else "\($pad)  compopt -o filenames", "\($pad)  mapfile -t \(reply("-f"))" end),
  "\($pad)  return",
  "\($pad)  ;;";
def known: .choices or .complete == "dir" or .complete == "file";
def body($pad):
  ([.[] | select(.arg)] |
    if length == 0 then empty
    else "\($pad)case $prev in", (.[] | select(known) | arm($pad)),
      ([.[] | select(known | not) | names[]] |
        if length > 0 then "\($pad)\(join(" | ")))", "\($pad)  return", "\($pad)  ;;"
        else empty end),
      "\($pad)esac" end),
  "\($pad)if [[ $cur == -* ]]; then",
  "\($pad)  mapfile -t \(reply("-W '" + words + "'"))",
  "\($pad)  return",
  "\($pad)fi";
(.tool.name | gsub("-"; "_")) as $fn |
"# bash completion of \(.tool.name); written by 'make completions' from its option table",
"# shellcheck shell=bash",
"_\($fn)() {",
"  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}",
"  COMPREPLY=()",
"  # --name=value comes as three words",
"  if [[ $cur == = ]]; then",
"    cur=",
"  elif [[ $prev == = ]]; then",
"    prev=${COMP_WORDS[COMP_CWORD - 2]}",
"  fi",
(if (.commands | length) > 0 then
  "  if ((COMP_CWORD > 1)); then",
  "    case ${COMP_WORDS[1]} in",
  (.commands[] | "    \(.name))", (.opts | body("      ")), "      compopt -o default", "      return", "      ;;"),
  "    esac",
  "  fi"
 else empty end),
(.opts | body("  ")),
(if (.commands | length) > 0 then
  "  mapfile -t \(reply("-W '" + ([.commands[].name] | join(" ")) + "'"))"
 else "  compopt -o default" end),
"}",
"complete -F _\($fn) \(.tool.name)"
