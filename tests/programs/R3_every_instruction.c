/* A handler unwinds from wherever its signal comes: a call is executed instruction by instruction (the trap flag), and from each of them the stack is
 * walked up to the function that makes it. One instruction of a rewritten site's slot has no caller, three in glibc 2.41's place of cancellation: a walk
 * ends early there; nowhere is it wrong. */
/* A signal for a single step that is blocked kills: where a log takes locks nothing can be stepped. */
/* variants: quiet interpose nobatch */
/* timeout: 60 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

static void *caller;
static volatile int found;
static volatile long steps, lost;

static _Unwind_Reason_Code frame(struct _Unwind_Context *context, void *unused)
{
	(void)unused;
	if (_Unwind_FindEnclosingFunction((void *)(_Unwind_GetIP(context) - 1)) != caller)
		return _URC_NO_REASON;
	found = 1;
	return _URC_END_OF_STACK;
}

static void step(int on);

static void on_step(int signal, siginfo_t *information, void *context)
{
	void *at = (void *)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];

	(void)signal, (void)information;
	/* where flags are pushed by hand nobody can unwind */
	if (_Unwind_FindEnclosingFunction(at) == (void *)step)
		return;
	found = 0;
	_Unwind_Backtrace(frame, NULL);
	steps++;
	lost += !found;
}

static __attribute__((noinline)) void step(int on)
{
	if (on)
		__asm__ volatile("subq $128, %%rsp; pushfq; orq $0x100, (%%rsp); popfq; addq $128, %%rsp" ::: "memory", "cc");
	else
		__asm__ volatile("subq $128, %%rsp; pushfq; andq $~0x100, (%%rsp); popfq; addq $128, %%rsp" ::: "memory", "cc");
}

static int file;
static char text[8];

static __attribute__((noinline)) long calls(int which)
{
	pid_t child;

	caller = (void *)calls;
	switch (which) {
	case 0:
		return write(file, "x", 1);
	case 1:
		return lseek(file, 0, SEEK_SET);
	case 2:
		return read(file, text, 1);
	case 3:
		return getppid() > 0;
	case 4:
		return open("/nowhere/at/all", O_RDONLY);
	case 5:
		return syscall(SYS_getppid) > 0;
	case 6:
		/* libc keeps its return address in a register meanwhile, and so does who unwinds. */
		child = vfork();
		if (child == 0)
			_exit(0);
		return child > 0;
	default:
		return pread(file, text, 1, 0);
	}
}

static void all(const char *who)
{
	for (int which = 0; which < 8; which++) {
		long result;
		calls(which); /* what is bound at a first call is bound */
		steps = lost = 0;
		step(1);
		result = calls(which);
		step(0);
		printf("%s, %d: %ld%s\n", who, which, result, steps < 5 ? ", not stepped" : "");
		/* seven natively, before the function is entered and behind it */
		if (lost > 7 + 3)
			printf("%s, %d: from %ld of %ld instructions nobody finds back\n", who, which, lost, steps);
	}
}

static void *thread(void *unused)
{
	all("with threads");
	return unused;
}

int main(void)
{
	pthread_t other;
	struct sigaction action = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO};

	file = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);
	sigaction(SIGTRAP, &action, NULL);
	all("alone");
	pthread_create(&other, NULL, thread, NULL);
	pthread_join(other, NULL);
	return 0;
}
