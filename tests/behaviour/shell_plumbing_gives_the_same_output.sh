#!/bin/bash
# Pipes, FIFOs, /dev/stdout, >(...), 2>&1, tee, here-documents, coprocesses: programs that write small pieces give the same bytes in the same
# order through all of a shell's plumbing. Where two writers are concurrent the script sorts; everything else is compared as it is.
# timeout: 300
set -u
. "$SRC/tests/lib/lib.sh"

cat >both.c <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* both COUNT: small lines to stdout and stderr in rows of many lengths */
int main(int argc, char **argv)
{
	char text[64];

	for (int i = 0, fd = 1; i < atoi(argv[1]); i++) {
		int length = sprintf(text, "%s %d\n", fd == 1 ? "out" : "err", i);
		if (write(fd, text, (size_t)length) != length)
			return 1;
		if (i % 97 % 40 == 0)
			fd = 3 - fd;
	}
	return 3;
}
C
cc -O1 -o both both.c || fail "it does not compile"
cat >script.sh <<'SCRIPT'
both=$1
section() { echo "== $*"; }
section order of both; "$both" 2000 >together 2>&1; echo $?
section order of both, in a pipe; "$both" 2000 2>&1 | cat >together-piped; echo "${PIPESTATUS[*]}"
section order of both, appending; "$both" 500 >>together 2>>together; "$both" 500 >>together 2>&1
section apart; "$both" 2000 >apart.out 2>apart.err
section exchanged; "$both" 500 3>&1 1>&2 2>&3 3>&- >exchanged 2>exchanged.err
section only one piped; { "$both" 1000 2>&1 1>&3 | cat >piped.err; } 3>piped.out
section /dev/stdout; "$both" 300 >/dev/stdout 2>/dev/null | cat
section /dev/stdout of a file; { echo before; "$both" 300 >>/dev/stdout; echo after; } >>stdout.file 2>/dev/null
section /dev/fd; "$both" 300 2>/dev/null >/dev/fd/1 | md5sum
section a substitution; text=$("$both" 1000 2>/dev/null); echo "${#text}"
section of both; text=$("$both" 1000 2>&1); echo "$text" | md5sum
section process substitution out; "$both" 1000 > >(cat >substituted; echo copied >copied) 2>/dev/null; while [ ! -e copied ]; do sleep 0.01; done; md5sum <substituted
section two of them; "$both" 1000 > >(cat >s1; : >done1) 2> >(cat >s2; : >done2); while [ ! -e done1 ] || [ ! -e done2 ]; do sleep 0.01; done
section process substitution in; cat <("$both" 500 2>/dev/null) <("$both" 700 2>/dev/null) | md5sum
section compared; cmp <("$both" 500 2>&1) <("$both" 500 2>&1) && echo equal
section tee; "$both" 1000 2>/dev/null | tee tee1 tee2 | tee tee3 | md5sum
section tee of a row; perl -e '$| = 1; print "$_\n" for 1 .. 3000' | tee -a tee4 | tail -n 2
section a chain; perl -e '$| = 1; print "$_\n" for 1 .. 3000' | grep --line-buffered 7 | gawk '{ print; fflush() }' | sed -u s/7/seven/ | sort | md5sum
section head; "$both" 100000 2>/dev/null | head -n 3; echo "${PIPESTATUS[0]}"
section head of awk; gawk 'BEGIN { for (i = 0; i < 100000; i++) { print i; fflush() } }' 2>/dev/null | head -n 2
section a FIFO; mkfifo fifo; cat fifo >through & "$both" 1000 >fifo 2>/dev/null; wait $!; md5sum <through
section a FIFO that two write; cat fifo | sort >through2 & exec 5>fifo; "$both" 500 >&5 2>/dev/null & "$both" 700 >&5 2>/dev/null; wait %2 2>/dev/null; exec 5>&-; wait; md5sum <through2
section a FIFO to and fro; cat <fifo >answer & perl -e 'open F, ">", "fifo"; select F; $| = 1; print "$_\n" for 1 .. 500'; wait; md5sum <answer; rm fifo
section a here-document; while read -r l; do echo "<$l>"; done <<END
$("$both" 200 2>&1)
END
section a loop into a pipe; for i in $(seq 300); do echo "line $i"; done | while read -r a b; do echo "$b"; done | tail -n 1
section a loop into a file; for i in $(seq 300); do echo "line $i"; [ $((i % 50)) -ne 0 ] || echo "error $i" >&2; done >loop 2>&1
section a group; { for i in $(seq 100); do echo "$i"; done; "$both" 100; for i in $(seq 100); do printf .; done; date +%% ; } >group 2>&1
section a subshell; (for i in $(seq 100); do echo "$i"; done; (for i in $(seq 50); do echo "inner $i"; done) ; echo end) >subshell
section read and write; exec 6<>rw; for i in $(seq 100); do echo "$i" >&6; done; exec 6>&-; tail -n 1 rw
section overwritten; exec 6<>rw; read -r first <&6; for i in $(seq 40); do echo "OVER$i" >&6; done; exec 6>&-; echo "$first"; md5sum <rw
section a coprocess; coproc { while read -r l; do echo "[$l]"; done; }; for i in $(seq 100); do echo "$i" >&"${COPROC[1]}"; read -r l <&"${COPROC[0]}"; done; echo "$l"
exec {COPROC[1]}>&-; wait
section exec of the shell\'s own; exec 7>own; exec 8>&1 1>&7; for i in $(seq 100); do echo "$i"; done; exec 1>&8 7>&-; md5sum <own
section xargs; seq 40 | xargs -n 1 sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do echo "$0 $i"; done' >xargs; wc -l <xargs
section dd; "$both" 1000 2>/dev/null | dd bs=7 2>/dev/null | dd obs=11 2>/dev/null | md5sum
section python; python3 -u -c 'import sys
for i in range(500):
    print(i); print("e", i, file=sys.stderr)' >python 2>&1; md5sum <python
section from background to foreground; for n in 1 2 3; do "$both" 200 >background.$n 2>&1 & done; wait; cat background.* | md5sum
SCRIPT
for burst in 16 1; do
	same_run "burst-$burst" SYSSHIM_BURST=$burst -- bash "$PWD/script.sh" "$PWD/both"
done
tail -n 1 burst-1.native.out | grep -q -- ' -$' || fail "natively it does not come to its end: $(tail -n 3 burst-1.native.out burst-1.native.err)"
[ "$(grep -c '^==' burst-1.native.out)" -ge 35 ] || fail "sections are missing"
exit 0
