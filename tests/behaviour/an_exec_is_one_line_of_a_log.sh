#!/bin/bash
# In a log of lines an exec that succeeds is one line, with its result: the new program ends what the old one began; where another has written in between
# it is resumed on a line of its own.
set -u
. "$SRC/tests/lib/lib.sh"

shimmed SYSSHIM_STATS=off SYSSHIM_LOG="$PWD/log" env env env true || fail "status $?"
[ "$(grep -c 'execve("[^"]*", .*) = 0$' log)" -ge 3 ] || fail "no whole lines: $(grep exec log)"
grep -vE '^[0-9]+ +[0-9]+\.[0-9]+ ([a-z]|<\.\.\. |[+-]{3} )' log && fail "a line is none"
grep -E '[^ ].*[0-9]{10}\.[0-9]+ .*[0-9]{10}\.[0-9]{6} ' log && fail "two lines in one"

shimmed SYSSHIM_STATS=off SYSSHIM_LOG="$PWD/shared" bash -c 'for i in 1 2 3 4 5 6 7 8; do (for k in 1 2 3 4 5; do env true; done) & done; wait' || fail "status $?"
begun=$(cat shared* | grep -c 'execve(') ended=$(cat shared* | grep -cE 'execve.*\) = (0|-1 .*)$')
[ "$begun" -ge 80 ] && [ "$ended" -eq "$begun" ] || fail "$begun execs, $ended ends"

# nobody has asked for it
for format in text json; do
	shimmed SYSSHIM_STATS=off SYSSHIM_TRACE=openat SYSSHIM_LOG="$PWD/openat" SYSSHIM_LOG_FORMAT=$format env true || fail "status $?"
	grep exec openat && fail "$format: an exec that is not asked for"
done
exit 0
