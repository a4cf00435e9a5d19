#!/bin/bash
# Help goes to stdout with status 0; wrong usage is said on stderr, with status 2 and nothing on stdout, and no program is started.
set -u
. "$SRC/tests/lib/lib.sh"

mkdir bin && cp "$SYSSHIM" bin/sysshim && ln -s "$SHIM" bin/libsysshim.so || fail "no copy of the command"
SYSSHIM=$PWD/bin/sysshim
for command in --help -h help "run --help" "run -h" "doctor --help" "doctor -h" "trace --help" "stat --help" "files -h" "show --help" "top --help" "diff --help" "report --help" "completion --help"; do
	"$SYSSHIM" $command >out 2>err || fail "$command: status $?"
	[ ! -s err ] && head -n 1 out | grep -q '^usage: sysshim' || fail "$command: $(cat out err)"
done
for command in run files trace stat top diff report show doctor completion; do
	"$SYSSHIM" --help | grep -q "^  $command " || fail "$command is not listed"
done
"$SYSSHIM" --help | grep -qF "LD_PRELOAD=$SHIM" || fail "the library is not named"
"$SYSSHIM" run --help | grep -q '^  -o PATH' || fail "the options are not listed"
for command in --version -V; do
	"$SYSSHIM" $command | grep -qxE 'sysshim [0-9]+\.[0-9]+\.[0-9]+' || fail "$command: $("$SYSSHIM" $command)"
done

# wrong PATTERN ARGUMENT...: pattern of what is said
wrong() {
	local pattern=$1
	shift
	"$SYSSHIM" "$@" >out 2>err
	[ $? -eq 2 ] && [ ! -s out ] && grep -qE -- "$pattern" err || fail "$*: status $?: $(cat out err)"
}
for command in run files trace stat top diff report show doctor completion; do
	"$SYSSHIM" help $command | cmp - <("$SYSSHIM" $command --help) || fail "help $command"
done
"$SYSSHIM" help help | cmp - <("$SYSSHIM" --help) || fail "help help"
wrong 'usage: sysshim COMMAND'
wrong "'nonsense' is not a command" help nonsense
wrong "'nonsense' is not a command; there are: run files trace stat top diff report show doctor completion" nonsense
wrong "'' is not a command" ""
wrong "'--nonsense' is not a command" --nonsense
wrong 'no program named' run
wrong 'no program named' run -q
wrong 'no program named' run --
wrong "nonsense" run --nonsense touch started
wrong "X" run -X touch started
wrong "requires an argument" run -o
wrong "-o: a path" run -o "" touch started
wrong "-c: a path" run --stats= touch started
wrong "-E =x: a variable has a name" run -E =x touch started
wrong "a variable has a name" run -E "" touch started
wrong "one program at a time, not also .b." doctor a b
# what strace has, or another command
wrong "no program named: -c takes 'ls' for the counters' path;" run -c ls
wrong "-t: there is no such option, but sysshim trace has it; see sysshim run --help" run -tt touch started
wrong "-S: there is no such option, but sysshim stat has it;" trace -S calls
wrong "--tree: there is no such option, but sysshim files has it;" diff --tree
wrong "-e: there is no such option, but sysshim trace, stat have it;" files -e open
wrong "-c: there is no such option, but sysshim stat has it; see sysshim trace --help" trace -c
wrong "--summary-only: there is no such option, but sysshim stat has -c; see sysshim run --help" run --summary-only touch started
wrong "--string-limit=9: there is no such option, but -s is the same; see sysshim run --help" run --string-limit=9 touch started
wrong "--follow-forks: there is no such option, but -f is the same; see sysshim trace --help" trace --follow-forks
wrong "--summary-sort-by=calls: there is no such option, but sysshim stat has -S; see sysshim run --help" run --summary-sort-by=calls touch started
wrong "--attach|-p 1: a running program cannot be joined" run --attach=1
wrong "-c: there is no such option, but sysshim stat has it; see sysshim trace --help" trace --json -cq
wrong "^sysshim trace: ls: no such recording; of the program of this name .sysshim run. makes one$" trace ls
wrong "^sysshim stat: no_such_program: No such file or directory$" stat no_such_program
wrong "--record=: a folder or off" run --record= touch started
wrong "nonsense" doctor --nonsense
wrong "no argument is wanted" completion a
[ ! -e started ] || fail "the program was started all the same"
exit 0
