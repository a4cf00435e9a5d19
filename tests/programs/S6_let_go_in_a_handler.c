/* A handler during which all is let go of, while SIGSYS is blocked: behind its return SIGSYS is blocked as before, for the program, for what it executes, for its
 * children, for who sends one, and signal 33 is not. */
/* coalesces: yes */
/* timeout: 120 */
#include "burst.h"
#include <spawn.h>

static int file, way;

/* Many calls without a batch; a use of SIGSYS, which is for good. */
static void lets_go(int number)
{
	(void)number;
	if (way == 0) {
		for (int i = 0; i < 3000; i++)
			getppid();
	} else {
		signal(SIGSYS, SIG_IGN);
		signal(SIGSYS, SIG_DFL);
	}
}

static void execute(void)
{
	execlp("grep", "grep", "SigBlk", "/proc/self/status", (char *)NULL);
	_exit(9);
}

static void executed(void)
{
	execute();
}

static void asked(void)
{
	unsigned long mask;

	/* Until such calls are only counted. */
	for (int i = 0; i < 200; i++)
		syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8);
	raise(SIGUSR1);
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8);
	printf("mask %lx\n", mask);
}

static void vforked(void)
{
	if (vfork() == 0)
		execute();
	wait(NULL);
}

static void forked(void)
{
	if (fork() == 0)
		execute();
	wait(NULL);
}

static void spawned(void)
{
	char *arguments[] = {"grep", "SigBlk", "/proc/self/status", NULL}, *none[] = {NULL};
	pid_t pid;

	posix_spawnp(&pid, "grep", NULL, NULL, arguments, none);
	wait(NULL);
}

static void sent(void)
{
	sigset_t pending;

	kill(getpid(), SIGSYS);
	sigpending(&pending);
	printf("pending %d\n", sigismember(&pending, SIGSYS));
}

static void queued(void)
{
	siginfo_t information;
	sigset_t set;

	sigqueue(getpid(), SIGSYS, (union sigval){.sival_int = 42});
	sigemptyset(&set);
	sigaddset(&set, SIGSYS);
	printf("waited for %d\n", sigwaitinfo(&set, &information) == SIGSYS ? information.si_value.sival_int : -1);
}

static void behind(const void *what)
{
	sigset_t set;

	file = create(way ? "sigsys" : "idle");
	signal(SIGUSR1, lets_go);
	burst(file, "main", 0, 300);
	sigemptyset(&set);
	sigaddset(&set, SIGSYS);
	sigprocmask(SIG_BLOCK, &set, NULL);
	burst(file, "main", 300, 600);
	raise(SIGUSR1);
	(*(void (*const *)(void))what)();
}

int main(void)
{
	static void (*const all[])(void) = {executed, asked, vforked, forked, spawned, sent, queued};

	file = create("first");
	burst(file, "main", 0, 300);
	close(file);
	for (way = 0; way < 2; way++)
		for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
			printf("%d %u: status %#x\n", way, i, in_child(behind, &all[i]));
	puts("done");
	return 0;
}
