#!/bin/bash
# Where others might take it away, what a call shows of the program's memory is copied by the kernel, at the price of a call or more: once for each call, in an audit as well, and
# of an exec's environment many pointers at a time.
set -u
. "$SRC/tests/lib/lib.sh"
need_strace

cat >calls.c <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static int kind;

static void *run(void *nothing)
{
	struct iovec pieces[3] = {{"abc", 3}, {"defg", 4}, {"h", 1}};
	int null = open("/dev/null", O_WRONLY);
	char *path = strdup("/etc/passwd");
	struct stat status;

	(void)nothing;
	for (int i = 0; i < 1000; i++) {
		if (kind == 'o')
			close(open(path, O_RDONLY));
		else if (kind == 's' && stat(path, &status))
			abort();
		else if (kind == 'w' && writev(null, pieces, 3) != 8)
			abort();
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	(void)argc;
	kind = argv[1][0];
	if (kind == 'e') {
		char *variables[3201] = {NULL}, *arguments[] = {"nowhere", "one", "two", NULL};
		for (int i = 0; i < 3200; i++)
			variables[i] = "NAME=value";
		for (int i = 0; i < 10; i++) {
			pid_t child = vfork();
			if (child == 0) {
				execve("/nowhere/at all", arguments, variables);
				_exit(127);
			}
			waitpid(child, NULL, 0);
		}
		return 0;
	}
	if (pthread_create(&thread, NULL, run, NULL))
		return 1;
	return pthread_join(thread, NULL);
}
C
cc -O1 -o calls calls.c -pthread || fail "it does not compile"

# reads KIND TRACE MOST
reads() {
	rm -rf recording
	strace -f -o strace.out -e trace=process_vm_readv -E LD_PRELOAD="$SHIM" -E SYSSHIM_STATS=off -E SYSSHIM_LOG="$PWD/recording" -E SYSSHIM_LOG_FORMAT=binary \
		-E SYSSHIM_TRACE="$2" ./calls "$1" || fail "$1: exit status $?"
	count=$(grep -c 'process_vm_readv(' strace.out)
	[ "$count" -le "$3" ] || fail "$1, SYSSHIM_TRACE=$2: $count reads of memory, $3 were enough"
	echo "$1, $2: $count"
}
reads o all 1150
reads o audit 1150
reads s all 1150
reads s audit 1150
reads w all 1150
reads e all $((10 * (3200 / 16 + 20)))

# What was taken over from a beginning is what the program has given.
for kind in o w; do
	rm -rf recording
	shimmed SYSSHIM_STATS=off SYSSHIM_LOG="$PWD/recording" SYSSHIM_LOG_FORMAT=binary ./calls $kind || fail "$kind: exit status $?"
	"$SYSSHIM" trace --json recording >$kind.json 2>/dev/null || fail "trace: status $?"
done
[ "$(grep -c '"path":"/etc/passwd"' o.json)" -eq 1000 ] || fail "opens with their path: $(grep -c '"path":"/etc/passwd"' o.json)"
"$SYSSHIM" trace -e trace=writev recording 2>/dev/null >w.text
[ "$(grep -cE 'writev\([0-9]+, \[\{iov_base=""\.\.\., iov_len=3\}, \{iov_base=""\.\.\., iov_len=4\}, \{iov_base=""\.\.\., iov_len=1\}\], 3' w.text)" -eq 1000 ] ||
	fail "vectors: $(tail -n 3 w.text)"
exit 0
