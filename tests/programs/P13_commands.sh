#!/bin/bash
# timeout: 120
# The summary of common commands reaches stderr once, whole, and behind what they say themselves: those that close stderr in an exit handler
# (coreutils, grep, tar), that leave by _exit (dash), that execute another program in their place; children of any kind are silent.
set -u
. "$SRC/tests/lib/lib.sh"

seq 200 >numbers
mkdir folder && cp numbers folder
wrong=0

# one NAME PROGRAM COMMAND...: run as in a script, with stderr a file, a pipe, a socket; PROGRAM is what the summary names
one() {
	local name=$1 program=$2 status
	shift 2
	rm -rf made
	"$@" >native.out 2>native.err </dev/null
	status=$?
	for kind in file pipe; do
		rm -rf made
		if [ $kind = file ]; then
			shimmed "$@" >shim.out 2>shim.err </dev/null
			got=$?
		else
			{ shimmed "$@" 2>&1 >shim.out </dev/null; echo $? >got; } | cat >shim.err
			got=$(cat got)
		fi
		summaries=$(grep -c '^sysshim: .* (pid [0-9]*) ' shim.err)
		if [ "$got" -ne $status ] || ! cmp -s native.out shim.out; then
			echo "WRONG: $name, $kind: status $got for $status, or another stdout"
			wrong=1
		elif [ "$summaries" -ne 1 ] || ! grep -q "^sysshim: $program (pid" shim.err || ! grep -q '^  coverage: ' shim.err; then
			echo "WRONG: $name, $kind: $summaries summaries: $(head -n 3 shim.err)"
			wrong=1
		elif ! head -n "$(wc -l <native.err)" shim.err | cmp -s native.err -; then
			echo "WRONG: $name, $kind: its own words have changed: $(head -n 3 shim.err)"
			wrong=1
		elif [ "$(wc -c <shim.err)" -gt $(($(wc -c <native.err) + 4096)) ]; then
			echo "WRONG: $name, $kind: the summary is longer than 4,096 bytes"
			wrong=1
		fi
	done
}

one ls ls ls -la folder
one "ls, failing" ls ls missing
one cat cat cat numbers
one sort sort sort -r numbers
one wc wc wc numbers
one head head head -n 3 numbers
one grep grep grep 99 numbers
one "grep, nothing" grep grep nothing numbers
one grep_r grep grep -r 77 folder
one tar tar tar cf made numbers
one cp cp cp numbers made
one find find find . -name numbers
one sed sed sed -n 5p numbers
one date date date -u -d @0
one dash dash dash -c 'echo from dash; exit 3'
one "dash, by its last command" dash dash -c 'ls folder; exit 2'
one sh_exec ls sh -c 'exec ls folder'
one env ls env A=1 ls folder
one children bash bash -c 'ls folder; (ls folder); x=$(ls folder); ls folder | cat; ls folder & wait; exit 4'
one timeout timeout timeout 10 ls folder
one xargs xargs xargs -n 1 echo
for command in gawk perl; do
	command -v $command >/dev/null || continue
	case $command in
	gawk) one gawk gawk gawk 'BEGIN { print 6 * 7 }' ;;
	perl) one perl perl perl -e 'print 6 * 7, "\n"; exit 5' ;;
	esac
done

# scripts that capture stderr, or compare it, get what they get without us
cat >script <<'SCRIPT'
captured=$(ls missing 2>&1)
echo "captured: $captured"
error=$(cat missing 2>&1 >/dev/null) || echo "status $?: $error"
sh -c 'echo to stderr >&2; exit 3' 2>errors; echo "$? $(cat errors)"
if [ -n "$(cp numbers copy 2>&1)" ]; then echo "cp says something"; else echo "cp is silent"; fi
{ grep -q 1 numbers; } 2>&1 | wc -c
exec 2>all.errors
ls missing
exec sh -c 'cat missing; echo "in the end: $(cat all.errors)"'
SCRIPT
for shell in bash dash; do
	$shell script >native.out 2>native.err
	cp all.errors native.errors
	shimmed $shell script >shim.out 2>shim.err
	diff native.out shim.out || { echo "WRONG: a script of $shell captures something of ours"; wrong=1; }
	# its stderr was replaced before the last exec: what is descriptor 2 by then is not the file of birth, and the summary is dropped
	cmp -s native.err shim.err && cmp -s native.errors all.errors || { echo "WRONG: $shell: a replaced stderr got the summary"; wrong=1; }
done
for script in 'exec ls missing 2>&1' 'exec 2>&1; exec cat missing' 'exec env ls missing 2>&1'; do
	sh -c "$script" >native.out 2>native.err
	shimmed sh -c "$script" >shim.out 2>shim.err
	cmp -s native.out shim.out || { echo "WRONG: '$script': stdout got the summary"; wrong=1; }
done
exit $wrong
