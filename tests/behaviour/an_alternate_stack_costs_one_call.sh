#!/bin/bash
# Programs set an alternate stack for each thread that they make (Rust's runtime sets and asks thrice): with us each that is set is asked for once, each that is asked for not at all.
set -u
. "$SRC/tests/lib/lib.sh"
need_strace

cat >stacks.c <<'C'
#include <pthread.h>
#include <signal.h>
#include <stddef.h>

static char memory[65536];

static void *stacks(void *nothing)
{
	stack_t stack = {.ss_sp = memory, .ss_size = sizeof memory};

	for (int i = 0; i < 100; i++)
		if (sigaltstack(&stack, NULL) || sigaltstack(NULL, &stack))
			return &memory;
	return nothing;
}

int main(int count, char **arguments)
{
	pthread_t thread;
	void *result = NULL;

	(void)arguments;
	if (count < 2)
		return stacks(NULL) != NULL;
	return pthread_create(&thread, NULL, stacks, NULL) || pthread_join(thread, &result) || result;
}
C
cc -O1 -o stacks stacks.c -pthread || fail "does not compile"
for where in "" thread; do
	strace -f -o calls -e trace=sigaltstack,arch_prctl -E LD_PRELOAD="$SHIM" -E SYSSHIM_LOG=off -E SYSSHIM_STATS=off ./stacks $where || fail "status $?"
	count=$(grep -cE 'sigaltstack|arch_prctl' calls)
	[ "$count" -ge 200 ] && [ "$count" -le 310 ] || fail "${where:-main}: $count calls of 200"
done
exit 0
