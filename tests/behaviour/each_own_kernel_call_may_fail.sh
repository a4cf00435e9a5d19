#!/bin/bash
# Each kernel call that the shim itself makes (at birth, when it arms, a flush, the log, a recording) fails in turn, with EINTR, EAGAIN, EIO, ENOSPC,
# ENOMEM, EMFILE or half of its bytes: the program has the same output, files and status as natively. A tracer tells the shim's calls by where they
# enter the kernel, so nothing in the shared object is there for this test.
# timeout: 600
set -u
. "$SRC/tests/lib/lib.sh"

cat >burst.c <<'C'
#include <stdio.h>
#include <unistd.h>
int main(void)
{
	char line[32];

	for (int i = 0; i < 300; i++) {
		int size = sprintf(line, "%d\n", i);
		if (write(1, line, (size_t)size) != size)
			return 1;
	}
	return 0;
}
C
cat >masks.c <<'C'
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
int main(void)
{
	sigset_t set, old;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	for (int i = 0; i < 300; i++) {
		if (write(1, "a line\n", 7) != 7)
			return 1;
		/* while they may be gathered, it is answered from what the shim has noted */
		if (i % 10 == 9 && (sigprocmask(i % 20 == 9 ? SIG_BLOCK : SIG_UNBLOCK, &set, &old) != 0 || sigismember(&old, SIGUSR1) != (i % 20 != 9)))
			return 2;
	}
	return 0;
}
C
cc -O1 -o masks masks.c && cc -O1 -o burst burst.c && cc -O1 -o own_calls "$SRC/tests/lib/own_calls.c" || fail "no compiler"
seq 1 3000 >numbers
strace -o /dev/null true 2>/dev/null || skip "nobody may trace here"
python3 -B "$SRC/tests/lib/own_calls.py" >said 2>&1 || fail "$(tail -40 said)"
cat said
exit 0
