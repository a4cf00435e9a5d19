#!/bin/bash
# A call that may wait is put into the log when it begins, so that a hang shows. One whose arguments say that it does not wait is not: a line in a file costs microseconds, and a
# thread's recording would have two records for each. What may be the process's last is there before.
set -u
. "$SRC/tests/lib/lib.sh"

cat >calls.c <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int ends[2];

static void *waits(void *none)
{
	char byte;

	(void)!read(ends[0], &byte, 1);
	return none;
}

int main(int argc, char **argv)
{
	int word = 0, pair[2];
	pthread_t thread;
	char byte;

	(void)argv;
	if (pipe(ends) || socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return 1;
	if (argc > 1 && pthread_create(&thread, NULL, waits, NULL))
		return 2;
	for (int i = 0; i < 1000; i++) {
		poll(NULL, 0, 0);
		recv(pair[0], &byte, 1, MSG_DONTWAIT);
		waitpid(-1, NULL, WNOHANG);
		fcntl(0, F_GETFL);
		if (argc > 1)
			syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0);
	}
	kill(getpid(), SIGKILL);
	return 3;
}
C
cc -O1 -pthread -o calls calls.c || fail "it does not compile"
for format in text json; do
	strace -o entries env LD_PRELOAD="$SHIM" SYSSHIM_STATS=off SYSSHIM_LOG="$PWD/log.$format" SYSSHIM_LOG_FORMAT=$format ./calls
	[ "$(grep -cE '^(truncate|pwrite64|process_vm_writev)\(' entries)" -lt 1000 ] || fail "$format: $(grep -cE '^(truncate|pwrite64|process_vm_writev)' entries) calls to write the log"
done
[ "$(grep -cE ' poll\(.*\) = 0 |recvfrom\(.* = -1 EAGAIN| wait4\(.* = -1 ECHILD| fcntl\(0, F_GETFL\) = ' log.text)" = 4000 ] || fail "not each call is a line: $(tail -n 4 log.text)"
tail -n 1 log.text | grep -qE ' kill\([0-9]+, SIGKILL$' || fail "the last call is not there: $(tail -n 2 log.text)"
[ "$(grep -cE '"call":"(poll|recvfrom|wait4|fcntl)"' log.json)" -ge 4000 ] || fail "as JSON: $(tail -n 4 log.json)"
# who ends by a signal of its own, in the log and in the recording; the call's name is the last one
for signal in SIGTERM SIGABRT SIGUSR1 SIGRTMIN; do
	for format in text binary; do
		shimmed SYSSHIM_STATS=off SYSSHIM_LOG="$PWD/ended.$format.$signal" SYSSHIM_LOG_FORMAT=$format python3 -c 'import os, signal, sys; os.kill(os.getpid(), 0); os.kill(os.getpid(), getattr(signal, sys.argv[1]))' $signal 2>/dev/null
	done
	"$SYSSHIM" trace "ended.binary.$signal" >"ended.of.$signal" 2>/dev/null
	for log in "ended.text.$signal" "ended.of.$signal"; do
		grep -E '\(' "$log" | grep -v ' ---' | tail -n 1 | grep -qE ' kill\([0-9]+, SIG.*( <unfinished \.\.\.>)$' || fail "$log: the last call is not there: $(tail -n 4 "$log")"
		[ "$(grep -cE ' kill\([0-9]+, 0\) *= 0' "$log")" = 1 ] || fail "$log: kill that only asks: $(grep kill "$log")"
	done
done
for threads in "" with; do
	env LD_PRELOAD="$SHIM" SYSSHIM_STATS=off SYSSHIM_LOG="$PWD/recording$threads" SYSSHIM_LOG_FORMAT=binary ./calls $threads
	"$SYSSHIM" trace "recording$threads" >text 2>/dev/null || fail "trace: status $?"
	[ "$(grep -cE ' poll\(.*\) += 0 |recvfrom\(.* = -1 EAGAIN| wait4\(.* = -1 ECHILD| fcntl\(0, F_GETFL\) += ' text)" = 4000 ] || fail "not each call is a line, $threads: $(tail -n 4 text)"
	grep -qE ' kill\([0-9]+, SIGKILL <unfinished' text || fail "the last call is not there, $threads: $(tail -n 2 text)"
	"$SYSSHIM" show --json "recording$threads" | python3 -c '
import json, sys
for row in map(json.loads, sys.stdin):
    assert row.get("records", 0) < 5500, row' || fail "two records for a call, $threads: $("$SYSSHIM" show --json "recording$threads")"
done
exit 0
