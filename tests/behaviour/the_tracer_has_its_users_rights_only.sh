#!/bin/bash
# timeout: 60
# --trace-static: the tracer is an ordinary program without rights of its own, so what it may look at is what its user may look at with gdb. Who else may attach
# is widened for the moment of its start alone and is as before when the program runs; and of a traced program names of files are kept, no bytes,
# and no variables.
set -u
. "$SRC/tests/lib/lib.sh"

tracer=$BUILD/sysshim-tracer
[ -x "$tracer" ] || fail "no tracer was built"
[ ! -u "$tracer" ] && [ ! -g "$tracer" ] || fail "the tracer has a set-id bit: $(ls -l "$tracer")"
if command -v getcap >/dev/null; then
	[ -z "$(getcap "$tracer")" ] || fail "the tracer has capabilities: $(getcap "$tracer")"
fi
mkdir bin folder && cp "$SYSSHIM" "$tracer" bin && ln -s "$SHIM" bin/libsysshim.so || fail "no copy of the command"
SYSSHIM=$PWD/bin/sysshim

# somebody else's process: refused with what ptrace says (-EPERM), and nothing of it is written
if [ "$(id -u)" -eq 0 ]; then
	chmod 755 . bin && chmod 777 folder
	cp "$tracer" /tmp/sysshim-tracer-$$ && chmod 755 /tmp/sysshim-tracer-$$
	sleep 50 &
	child=$!
	trap 'kill $child; rm -f /tmp/sysshim-tracer-$$' EXIT
	other=$(mktemp -d /tmp/sysshim-other.XXXXXX) && chown 65534 "$other"
	setpriv --reuid 65534 --regid 65534 --clear-groups timeout 10 /tmp/sysshim-tracer-$$ $child 1 "$other" $child 0 >answer 2>err
	[ $? -eq 1 ] && [ "$(od -An -td4 answer | tr -d ' ')" = -1 ] || fail "another user's process: $(od -An -td4 answer) $(cat err)"
	[ "$(ls -A "$other")" = total ] || fail "something was written: $(ls "$other")"
	rm -r "$other"
fi

cat >program.c <<'C'
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	/* What stands behind a path in memory is not the path. */
	static char path[] = "data\0hunter2-behind-a-path";
	int fd = open(path, O_CREAT | O_RDWR, 0600);

	if (write(fd, "hunter2-in-a-buffer", 19) != 19 || !getenv("PASSWORD"))
		return 3;
	/* Behind the last argument lies the environment. */
	if (argc > 1)
		execv(argv[1], argv + 1);
	return 0;
}
C
cc -static -o program program.c 2>err || skip "no static libc: $(head -n 1 err)"
export PASSWORD=hunter2-in-a-variable
"$SYSSHIM" run -q --trace-static --record="$PWD/recording" sh -c './program ./program; exit 0' >out 2>err || fail "it fails: $(cat out err)"
grep -q 'cannot be traced' err && skip "nobody may trace here"
"$SYSSHIM" files recording | grep -q '/data$' || fail "it was not traced: $("$SYSSHIM" files recording)"
grep -raoE '.{0,40}hunter2.{0,20}' recording && fail "a secret was kept"

# the exception for who may trace: made, and taken back before the exec
if command -v strace >/dev/null && strace -o log true 2>/dev/null; then
	strace -f -e trace=prctl,execve -o log "$SYSSHIM" run -q --trace-static --record="$PWD/other" sh -c './program; exit 0' >out 2>err
	grep -E 'PR_SET_PTRACER|execve\("\./program"' log | sed 's/^[0-9]* *//' >order
	[ "$(sed -n 1p order | grep -c 'PTRACER, PR_SET_PTRACER_ANY')" = 1 ] && [ "$(sed -n 2p order | grep -c 'PTRACER, 0\|PTRACER, NULL')" = 1 ] &&
		sed -n 3p order | grep -q execve || fail "anybody may go on attaching: $(cat order)"
fi
exit 0
