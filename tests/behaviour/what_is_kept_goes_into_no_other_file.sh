#!/bin/bash
# What a flush could not write is kept and tried again, into its own file only: a program closes that by an instruction of its own, or by a close_range that we take for
# another thing, opens another file, which gets the number, and then there is room.
set -u
. "$SRC/tests/lib/lib.sh"

cat >closes.c <<'C'
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long inline_call(long number, long a, long b, long c)
{
	__asm__ volatile("syscall" : "+a"(number) : "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return number;
}

/* By the vDSO: no call. */
static void computes(double seconds)
{
	struct timespec begin, now;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((double)(now.tv_sec - begin.tv_sec) + (double)(now.tv_nsec - begin.tv_nsec) / 1e9 < seconds);
}

int main(int count, char **arguments)
{
	struct rlimit limit = {1200, RLIM_INFINITY};
	pid_t self = getpid();
	struct stat status;
	int go_on[2];
	char byte;

	if (count < 2 || pipe(go_on))
		return 1;
	signal(SIGXFSZ, SIG_IGN);
	pid_t other = fork();
	if (other == 0) {
		usleep(200000);
		prlimit(self, RLIMIT_FSIZE, &limit, NULL);
		if (read(go_on[0], &byte, 1) != 1)
			_exit(1);
		limit.rlim_cur = RLIM_INFINITY;
		_exit(prlimit(self, RLIMIT_FSIZE, &limit, NULL) != 0);
	}
	int one = open("one", O_WRONLY | O_CREAT, 0600);
	for (int i = 0; i < 300; i++)
		if (write(one, "ONE ONE\n", 8) != 8)
			return 2;
	computes(0.4);
	/* This one is told of it; natively it is nothing. */
	fcntl(one, F_GETFD);
	getppid();
	if (strcmp(arguments[1], "inline") == 0)
		inline_call(SYS_close, one, 0, 0);
	else if (strcmp(arguments[1], "unshared") == 0)
		syscall(SYS_close_range, one, one, 2 /* CLOSE_RANGE_UNSHARE */);
	else
		close(one);
	if (write(go_on[1], "x", 1) != 1 || waitpid(other, NULL, 0) != other)
		return 3;
	int two = open("two", O_RDWR | O_CREAT, 0600);
	long written = write(two, "two\n", 4);
	fstat(two, &status);
	printf("%s number, %ld of %ld bytes\n", one == two ? "the same" : "another", written, (long)status.st_size);
	return 0;
}
C
cc -O1 -o closes closes.c || fail "it does not compile"
for way in inline unshared libc; do
	for log in SYSSHIM_LOG=off "SYSSHIM_LOG=$PWD/recording SYSSHIM_LOG_FORMAT=binary"; do
		rm -rf one two recording
		# shellcheck disable=SC2086
		shimmed $log SYSSHIM_STATS=off SYSSHIM_LATENCY_MS=1000 ./closes $way >out || fail "$way, $log: status $?"
		[ "$(cat out)" = "the same number, 4 of 4 bytes" ] || fail "$way, $log: $(cat out)"
		[ "$(cat two)" = two ] || fail "$way, $log: the other file holds $(wc -c <two) bytes"
	done
done
exit 0
