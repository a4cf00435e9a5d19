/* Children that borrow their parent's memory, behind a burst of small writes, ask for their dispositions, mask and alternate stack: they find what the program
 * has set. So does one that goes on beside its parent (CLONE_VM alone), and what it sets is its own. */
/* coalesces: yes */
#include "burst.h"
#include <sched.h>
#include <sys/mman.h>

static int file, lines, others, answers_wrong;
static stack_t stack;
static unsigned long mask;

static void on_usr(int number)
{
	(void)number;
}

/* In the parent's memory: no more than system calls. */
static int asks(void *unused)
{
	struct sigaction action = {.sa_handler = SIG_IGN}, old;

	(void)unused;
	others = answers_wrong = 0;
	for (int i = 1; i <= 64; i++)
		if (i != 32 && i != 33)
			others += sigaction(i, NULL, &old) == 0 && old.sa_handler != SIG_DFL;
	sigaction(SIGUSR1, NULL, &old);
	answers_wrong += old.sa_handler != on_usr || old.sa_flags & SA_ONSTACK;
	sigaction(SIGTERM, &action, &old);
	answers_wrong += old.sa_handler != SIG_DFL;
	sigaction(SIGTERM, &old, &action);
	answers_wrong += action.sa_handler != SIG_IGN;
	sigaction(SIGSYS, &old, &action);
	answers_wrong += action.sa_handler != SIG_DFL;
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8);
	sigaltstack(NULL, &stack);
	return 0;
}

static void told(const char *what)
{
	const char *log = getenv("SYSSHIM_LOG");

	printf("%s: %d handled, %d wrong, mask %lx", what, others, answers_wrong, mask);
	/* Where nobody wants to know of calls a child's sigaltstack may not be seen (doc/transparency.md; glibc 2.41). */
	if (log && !strcmp(log, "off"))
		stack = (stack_t){NULL, SS_DISABLE, 0};
	printf(", stack %d of %zu at %p\n", stack.ss_flags, stack.ss_size, stack.ss_sp);
}

static void child(const char *what, char *end, int flags)
{
	int status;

	memset(&stack, 1, sizeof stack);
	burst(file, "main", lines, lines + 300);
	lines += 300;
	pid_t pid = clone(asks, end, flags | SIGCHLD, NULL);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		die("clone");
	told(what);
	burst(file, "main", lines, lines + 100);
	lines += 100;
	asks(NULL);
	told("itself");
}

int main(void)
{
	char *space = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	file = create("asked");
	signal(SIGUSR1, on_usr);
	child("vfork", space + 65536, CLONE_VM | CLONE_VFORK);
	child("vfork, again", space + 65536, CLONE_VM | CLONE_VFORK);
	child("beside", space + 65536, CLONE_VM);
	close(file);
	puts("done");
	return 0;
}
