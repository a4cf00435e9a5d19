#!/bin/bash
# A program's alternate stack of 16 KiB, as libsigsegv gives gawk and m4, has room for two frames of signals: its small writes are gathered. Also on a processor with AMX, whose
# tiles make a frame 8 KiB larger in who has asked the kernel for them, and in nobody else: who does so while he is watched is let go of.
set -u
. "$SRC/tests/lib/lib.sh"

cat >stack.c <<'C_'
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

static volatile int alarms, elsewhere;
static char stack[16384];

static void handler(int signal)
{
	char here;

	(void)signal;
	alarms++;
	elsewhere += &here < stack || &here >= stack + sizeof stack;
}

static void lines(int file)
{
	char line[64];

	for (int i = 0; i < 20000; i++)
		if (write(file, line, sprintf(line, "line %d\n", i)) < 7)
			abort();
}

int main(int argc, char **argv)
{
	stack_t mine = {.ss_sp = stack, .ss_size = sizeof stack};
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK | SA_RESTART};
	struct itimerval often = {{0, 500}, {0, 500}};
	int file = open("lines", O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (sigaltstack(&mine, NULL) != 0)
		return 2;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	lines(file);
	/* ARCH_REQ_XCOMP_PERM, the tiles' data */
	if (argc > 1 && syscall(SYS_arch_prctl, 0x1023, 18) == 0)
		puts("tiles");
	lines(file);
	lines(file);
	return elsewhere ? 3 : 0;
}
C_
gcc -O1 -o stack stack.c || fail "gcc"
for argument in "" tiles; do
	same_run "run$argument" SYSSHIM_STATS="$PWD/stats$argument" SYSSHIM_STATS_FORMAT=json -- ../stack $argument
	coalesced "stats$argument"
done
small='its alternate signal stack is small'
writes() { sed -n 's/.*"batches":{"count":[0-9]*,"writes":\([0-9]*\).*/\1/p' "$1"; }
[ "$(writes stats)" -gt 55000 ] || fail "only $(writes stats) of 60,000 writes were gathered"
if grep -q tiles runtiles.native.out; then
	grep -q "$small" statstiles && [ "$(writes statstiles)" -lt 25000 ] || fail "with tiles: $(writes statstiles), $(grep -o '"not_coalesced":{[^}]*}' statstiles)"
else
	[ "$(writes statstiles)" -gt 55000 ] || fail "without tiles: $(writes statstiles)"
fi
exit 0
