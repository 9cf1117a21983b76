# completions-fish.jq - {tool, opts, commands} to a fish completion.
def quoted: gsub("\\\\"; "\\\\") | gsub("'"; "\\'");
def line($tool; $when):
  "complete -c \($tool)" + $when +
  (if .letter then " -s \(.letter)" else "" end) + " -l \(.name)" +
  (if .choices then " -x -a '\(.choices | join(" ") | quoted)'"
   elif .complete == "dir" then " -x -a '(__fish_complete_directories)'"
   elif .complete == "file" then " -r -F"
   elif .arg then " -x"
   else "" end) +
  " -d '\(.help | quoted)'";
.tool.name as $tool |
"# fish completion of \($tool); written by 'make completions' from its option table",
(if (.commands | length) > 0 then
  (.opts[] | line($tool; " -n __fish_use_subcommand")),
  (.commands[] | . as $c |
    "complete -c \($tool) -n __fish_use_subcommand -f -a \($c.name) -d '\($c.summary | quoted)'",
    (.opts[] | line($tool; " -n '__fish_seen_subcommand_from \($c.name)'")))
 else (.opts[] | line($tool; "")) end)
