#!/bin/bash
# A full device, or a closed one, in the place of a command's output: exit status 125 and one line that says so. What is said on a closed
# stderr does not come into a file that the command opens, and a program that is run has its descriptors as they were.
set -u
. "$SRC/tests/lib/lib.sh"
export XDG_STATE_HOME=$PWD/state

"$SYSSHIM" run -q --record=recording -- ls / >/dev/null || fail "run: status $?"
# lost COMMAND...: of its stderr that coverage is said there is let through
lost() {
	[ $1 -eq 125 ] && [ "$(grep -vc '^coverage: ' err)" -eq 1 ] && grep -qE '^sysshim.*: (writing failed: )?(No space left on device|Bad file descriptor)$' err || fail "$2: status $1: $(cat err)"
}
for words in "trace" "trace --json" "trace --format=chrome" "trace --follow" "trace --follow --json" "stat" "stat --json" "stat --by=file" "show" "files" "files -0" "files --write-expect=-" "files --deny=*"; do
	set -f
	# shellcheck disable=SC2086
	"$SYSSHIM" $words recording >/dev/full 2>err
	lost $? "$words, on a full device"
	# shellcheck disable=SC2086
	"$SYSSHIM" $words recording >&- 2>err
	lost $? "$words, on a closed stdout"
	set +f
done
for words in "trace -o /dev/full" "files --write-expect=/dev/full"; do
	# shellcheck disable=SC2086
	"$SYSSHIM" $words recording >out 2>err
	lost $? "$words"
done
for words in --help --version "run --help" doctor completion; do
	# shellcheck disable=SC2086
	"$SYSSHIM" $words >/dev/full 2>err
	lost $? "$words, on a full device"
done
"$SYSSHIM" trace -o whole recording 2>err || fail "trace -o: status $?"
"$SYSSHIM" trace -o closed recording 2>&- || fail "trace -o, without stderr: status $?"
cmp whole closed || fail "what is said comes into the file: $(tail -n 1 closed)"
"$SYSSHIM" trace -o closed recording <&- >&- 2>&- || fail "trace -o, without descriptors: status $?"
cmp whole closed || fail "without descriptors: $(tail -n 1 closed)"

echo 'import os, sys; os.write(int(sys.argv[1]), repr([i for i in range(3) if os.path.exists("/proc/self/fd/%d" % i)]).encode())' >open.py
"$SYSSHIM" run -q --record=off -- python3 open.py 9 9>of_a_run <&- >&- 2>&- && python3 open.py 9 9>native <&- >&- 2>&- || fail "the program: status $?"
cmp native of_a_run || fail "a program's descriptors: $(cat of_a_run), natively $(cat native)"
exit 0
