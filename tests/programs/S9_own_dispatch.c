/* The program uses Syscall User Dispatch itself, as Wine does: every call that it makes is handed to its own handler, first of all those of
 * libc, with their numbers and arguments, and no other; the handler makes them and gives the results. A shim that has coalesced before
 * gives dispatch and signal back, adds no call of its own to what the handler sees, and takes none away. */
/* coalesces: yes */
/* timeout: 120 */
#include "burst.h"
#include <sys/prctl.h>
#include <sys/stat.h>
#include <ucontext.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif

enum { MOST = 4096 };

static int file;
static volatile char selector;
static volatile int seen;
static struct {
	int number;
	long first, result;
} calls[MOST];

/* Emulates the call; the selector stays at allow behind it, so that the return itself is not trapped. */
static void on_sys(int signal, siginfo_t *info, void *context)
{
	ucontext_t *frame = context;
	greg_t *r = frame->uc_mcontext.gregs;

	(void)signal;
	selector = 0;
	long result = info->si_syscall;
	register long r10 __asm__("r10") = r[REG_R10], r8 __asm__("r8") = r[REG_R8], r9 __asm__("r9") = r[REG_R9];
	__asm__ volatile("syscall" : "+a"(result) : "D"(r[REG_RDI]), "S"(r[REG_RSI]), "d"(r[REG_RDX]), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
	if (seen < MOST) {
		calls[seen].number = info->si_code == 2 /* SYS_USER_DISPATCH */ ? info->si_syscall : -1;
		calls[seen].first = r[REG_RDI] < 1000 ? r[REG_RDI] : -1;
		calls[seen].result = result;
		seen = seen + 1;
	}
	r[REG_RAX] = result;
}

#define TRAPPED(call) (selector = 1, (call))

static void check(const char *what, long got)
{
	selector = 0;
	printf("%s: %ld, handler saw", what, got);
	for (int i = 0; i < seen; i++)
		printf(" %d(%ld)=%ld", calls[i].number, calls[i].first, calls[i].result);
	puts("");
	seen = 0;
}

static void body(const void *unused)
{
	struct sigaction action = {.sa_sigaction = on_sys, .sa_flags = SA_SIGINFO};
	struct stat now;
	char text[160];
	int trapped = 0;

	(void)unused;
	file = create("lines");
	burst(file, "main", 0, 500);
	sigaction(SIGSYS, &action, NULL);
	burst(file, "main", 500, 700);
	if (prctl(PR_SET_SYSCALL_USER_DISPATCH, 1, 0, 0, &selector)) {
		puts("the kernel has no syscall user dispatch");
		exit(77);
	}
	burst(file, "main", 700, 900);
	check("umask", TRAPPED(umask(022)));
	check("write", TRAPPED(write(file, "x\n", 2)));
	check("inline write", TRAPPED(inline_call(SYS_write, file, (long)"y\n", 2, 0)));
	check("open", TRAPPED(open("nowhere/at/all", O_RDONLY)));
	check("errno", errno);
	check("bad write", TRAPPED(write(-1, "x", 1)));
	check("lseek", TRAPPED(lseek(file, 0, SEEK_CUR)));
	/* every write of a burst, each by the handler */
	for (int i = 0; i < 300; i++) {
		int length = line(text, "trapped", i);
		trapped += TRAPPED(write(file, text, length)) == length;
		selector = 0;
	}
	int right = 0;
	for (int i = 0; i < seen; i++)
		right += calls[i].number == SYS_write;
	printf("burst: %d written, %d seen, %d of them writes\n", trapped, seen, right);
	seen = 0;
	burst(file, "allowed", 0, 300);
	fstat(file, &now);
	check("size", now.st_size);
	/* off again: nobody is called */
	prctl(PR_SET_SYSCALL_USER_DISPATCH, 0, 0, 0, 0);
	selector = 1;
	burst(file, "off", 0, 300);
	check("off", write(file, "z\n", 2));
	signal(SIGSYS, SIG_DFL);
	burst(file, "last", 0, 300);
	close(file);
}

int main(void)
{
	in_both(body, NULL);
	puts("done");
	return 0;
}
