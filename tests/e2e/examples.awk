# examples.awk - takes the EXAMPLES section of an mdoc page apart, for examples.bats.
# awk -v dir=DIR -f examples.awk PAGE writes into DIR, for the example number NN (01, 02, ...):
#   NN.cmd   the command, with its continued lines and here-documents
#   NN.want  the output that the page shows below it; absent where it shows none
#   NN.how   how to run it: "run", or one of the words below with its operand
#   NN.exit  the exit status to expect: 0
# and "chain" when a chain should be there beforehand. What a page has to say about the next block
# stands in comments of its source:
#   .\" example: no chain          no chain beforehand (for the whole page)
#   .\" example: exit N            the last command of the block exits with N
#   .\" example: crontab           lines of a crontab: the commands in them are run
#   .\" example: terminal KEYS     run in a terminal, where KEYS are typed ("/": wait for a change)
#   .\" example: stop              runs until SIGTERM, and then ends by itself
#   .\" example: not run: REASON   is not run
# Exit status 1 and a line on stderr for what cannot be understood.

function bad(s) {
  printf "%s:%d: %s\n", FILENAME, FNR, s >"/dev/stderr"
  failed = 1
}

function text(s) {
  gsub(/\\&/, "", s)
  gsub(/\\\(dq/, "\"", s)
  gsub(/\\\(aq/, "'", s)
  gsub(/\\-/, "-", s)
  if (s ~ /\\[^e]/)
    bad("an escape that this script does not know: " s)
  gsub(/\\e/, "\\", s)
  return s
}

function name(suffix) {
  return sprintf("%s/%02d.%s", dir, n, suffix)
}

function put(suffix, s) {
  print s >(name(suffix))
}

function close_example() {
  if (!n)
    return
  close(name("cmd"))
  close(name("want"))
}

function start(cmd) {
  close_example()
  n++
  put("cmd", cmd)
  put("how", how)
  close(name("how"))
  put("exit", 0)
  close(name("exit"))
  in_block++
  goes_on = cmd ~ /\\$/
  until = ""
  if (match(cmd, /<<'?[A-Z]+'?/)) {
    until = substr(cmd, RSTART, RLENGTH)
    gsub(/[<']/, "", until)
  }
}

function take(s) {
  if (until != "" || goes_on) {
    put("cmd", s)
    if (until == "")
      goes_on = s ~ /\\$/
    else if (s == until)
      until = ""
  } else if (how == "crontab") {
    if (split(s, field, " ") < 6)
      bad("no line of a crontab")
    for (i = 0; i < 5; i++)
      sub(/^[^ ]+ +/, "", s)
    start(s)
  } else if (s ~ /^\$ /) {
    start(substr(s, 3))
  } else if (in_block) {
    put("want", s)
  } else {
    bad("an example starts with '$ '")
  }
}

function end_block() {
  if (!in_block)
    bad("an example without a command")
  if (until != "" || goes_on)
    bad("the last command is not whole")
  if (status) {
    put("exit", status)
    close(name("exit"))
  }
  how = "run"
  status = in_block = 0
  until = goes_on = ""
}

BEGIN {
  how = "run"
  chain = 1
}
/^\.Sh / {
  inside = $2 == "EXAMPLES"
  next
}
!inside { next }
literal && /^\.Ed/ {
  literal = 0
  end_block()
  next
}
literal && /^[.']/ {
  bad("a macro in an example: " $0)
  next
}
literal {
  take(text($0))
  next
}
/^\.\\" example: / {
  what = $0
  sub(/^[^:]*: /, "", what)
  if (what == "no chain")
    chain = 0
  else if (what ~ /^exit [0-9]+$/)
    status = substr(what, 6)
  else if (what ~ /^(crontab|stop|terminal .+|not run: .+)$/)
    how = what
  else
    bad("what is 'example: " what "'?")
  next
}
/^\.Bd -literal/ {
  literal = 1
  next
}
/^\.Dl / {
  sub(/^\.Dl /, "")
  take(text($0))
  end_block()
  next
}
END {
  if (literal)
    bad("no .Ed")
  if (!n)
    bad("no examples")
  if (chain)
    print "" >(dir "/chain")
  exit failed
}
