# completions-zsh.jq - {tool, opts, commands} to a zsh completion.
def quoted: gsub("(?<c>[\\[\\]:\\\\])"; "\\\(.c)") | gsub("'"; "'\\''");
def action:
  if .choices then ":\(.arg):(\(.choices | join(" ")))"
  elif .complete == "dir" then ":\(.arg):_files -/"
  elif .complete == "file" then ":\(.arg):_files"
  elif .arg then ":\(.arg): "
  else "" end;
def spec:
  (if .arg then "+" else "" end) as $s |
  (if .arg then "=" else "" end) as $l |
  if .letter then
    (if .repeat then "'*'" else "'(-\(.letter) --\(.name))'" end) +
    "{-\(.letter)\($s),--\(.name)\($l)}'[\(.help | quoted)]\(action)'"
  else
    "'\(if .repeat then "*" else "" end)--\(.name)\($l)[\(.help | quoted)]\(action)'"
  end;
def arguments($pad; $rest):
  "\($pad)_arguments -s -S \\", (.[] | "\($pad)  \(spec) \\"), ($rest | "\($pad)  " + .);
"#compdef \(.tool.name)",
"# zsh completion of \(.tool.name); written by 'make completions' from its option table",
(if (.commands | length) > 0 then
  "local context state state_descr line",
  "typeset -A opt_args",
  "_arguments -s -S -C \\",
  (.opts[] | "  \(spec) \\"),
  "  '1:command:(\([.commands[].name] | join(" ")))' \\",
  "  '*::argument:->command'",
  "case $state in",
  "command)",
  "  case $words[1] in",
  (.commands[] | "  \(.name))", (.opts | arguments("    "; "'*::argument:_normal'")), "    ;;"),
  "  esac",
  "  ;;",
  "esac"
 else
  (.opts | arguments(""; "'*:argument:_default'"))
 end)
