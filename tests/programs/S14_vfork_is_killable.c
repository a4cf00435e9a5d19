/* A signal that ends a process ends one that sleeps in vfork at once, while its child goes on: a handler would have to wait for the child,
 * because that sleep is broken by deadly signals only. The child waits for the end of a pipe that we hold until its parent has been seen
 * dead; an alarm says who waits too long. What the parent wrote before is there. Also with a child that has written, for a second vfork,
 * by instructions of the program's own, and with a child that has its own memory (CLONE_VFORK without CLONE_VM); and the defaults are seen when asked for behind it. Then process 1 of a namespace, where a
 * signal at its default does nothing: it goes on with its burst. */
/* coalesces: yes */
/* timeout: 120 */
#include "burst.h"
#include <sched.h>
#include <sys/resource.h>

static int file, go_on[2], started[2];
static char byte;

/* In the parent's memory: no more than system calls. */
static void child_waits(int writes)
{
	if (writes && write(file, "child\n", 6) != 6)
		_exit(93);
	if (write(started[1], "s", 1) != 1)
		_exit(94);
	while (read(go_on[0], &byte, 1) > 0)
		;
	_exit(0);
}

static void plain(void)
{
	burst(file, "main", 0, 300);
	if (vfork() == 0)
		child_waits(0);
}

static void with_a_child_that_writes(void)
{
	burst(file, "main", 0, 300);
	if (vfork() == 0)
		child_waits(1);
}

static void second(void)
{
	int status;

	burst(file, "main", 0, 300);
	pid_t pid = vfork();
	if (pid == 0)
		_exit(3);
	waitpid(pid, &status, 0);
	burst(file, "between", 0, 300);
	if (vfork() == 0)
		child_waits(0);
}

static void by_inline(void)
{
	long pid = SYS_vfork;

	burst(file, "main", 0, 300);
	/* the child's whole life stands here, so that nothing of it needs our frame */
	__asm__ volatile("syscall\n"
			 "test %%rax, %%rax\n"
			 "jnz 1f\n"
			 "mov %[out], %%edi\n"
			 "mov %[byte], %%rsi\n"
			 "mov $1, %%edx\n"
			 "mov $1, %%eax\n"
			 "syscall\n"
			 "mov %[in], %%edi\n"
			 "mov $0, %%eax\n"
			 "syscall\n"
			 "mov $231, %%eax\n"
			 "xor %%edi, %%edi\n"
			 "syscall\n"
			 "1:"
			 : "+a"(pid)
			 : [out] "r"(started[1]), [in] "r"(go_on[0]), [byte] "r"(&byte)
			 : "rcx", "r11", "rdi", "rsi", "rdx", "memory");
}

static void with_its_own_memory(void)
{
	int status;

	burst(file, "main", 0, 300);
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		_exit(3);
	if (waitpid(pid, &status, 0) != pid || status != 0x300)
		_exit(95);
	burst(file, "between", 0, 300);
	if (syscall(SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0) == 0)
		child_waits(1);
}

static const struct {
	const char *name;
	void (*vforks)(void);
} ways[] = {{"plain", plain}, {"writes", with_a_child_that_writes}, {"second", second}, {"inline", by_inline}, {"own_memory", with_its_own_memory}};
enum { WAYS = sizeof ways / sizeof *ways };

static void one(unsigned w, int number, int executes, char *self)
{
	char digit[2] = {(char)('0' + w), 0};
	int status;

	printf("%s, signal %d: ", ways[w].name, number);
	fflush(stdout);
	who = executes ? "executed" : "forked";
	file = create(ways[w].name);
	if (pipe(go_on) || pipe(started))
		die("pipe");
	pid_t pid = fork();
	if (pid == 0) {
		close(go_on[1]);
		dup2(file, 20), dup2(go_on[0], 21), dup2(started[1], 22);
		if (executes)
			execl("/proc/self/exe", self, digit, NULL);
		file = 20, go_on[0] = 21, started[1] = 22;
		ways[w].vforks();
		_exit(92);
	}
	close(go_on[0]);
	close(started[1]);
	if (read(started[0], &byte, 1) != 1)
		die("no child");
	kill(pid, number);
	alarm(20);
	waitpid(pid, &status, 0); /* the child still waits */
	alarm(0);
	printf("status %#x\n", status);
	/* and now it may go: the pipe ends when it has gone */
	close(go_on[1]);
	while (read(started[0], &byte, 1) > 0)
		;
	close(started[0]);
	close(file);
}

/* Dispositions over a vfork that comes back. */
static void asked(const void *unused)
{
	struct sigaction action;
	int status;

	(void)unused;
	file = create("asked");
	for (int i = 0; i < 5; i++) {
		burst(file, "main", i * 200, i * 200 + 200);
		pid_t pid = vfork();
		if (pid == 0)
			_exit(i);
		sigaction(SIGTERM, NULL, &action);
		burst(file, "behind", i * 200, i * 200 + 200);
		waitpid(pid, &status, 0);
		printf("TERM is %s, status %#x\n", action.sa_handler == SIG_DFL ? "at its default" : "handled", status);
	}
	close(file);
}

/* Process 1: sent by itself a signal at its default is nothing. */
static int first_process(void)
{
	const int numbers[] = {SIGTERM, SIGINT, SIGUSR1, SIGUSR2, SIGSYS, SIGRTMIN};
	struct timespec soon = {0, 1000000};

	file = create("pid1");
	for (int i = 0; i < 6; i++) {
		burst(file, "main", i * 300, i * 300 + 300);
		kill(getpid(), numbers[i]);
		if (nanosleep(&soon, NULL))
			return 5;
	}
	burst(file, "last", 0, 300);
	return getpid() == 1 ? 0 : 6;
}

static void in_namespace(void)
{
	int status;

	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWPID) && unshare(CLONE_NEWUSER | CLONE_NEWPID))
			_exit(7);
		who = "namespace";
		pid = fork();
		if (pid == 0)
			_exit(first_process());
		waitpid(pid, &status, 0);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status));
	}
	waitpid(pid, &status, 0);
	printf("process 1: status %#x\n", status); /* 0x700: no namespaces for this user */
}

static void too_long(int number)
{
	(void)number;
	if (write(1, "it waits for the child of vfork\n", 32) != 32)
		_exit(1);
	_exit(1); /* the pipes close, and whoever waits goes */
}

int main(int argc, char **argv)
{
	/* those that write a core wait for the child natively, too */
	const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGRTMAX, SIGKILL};

	if (argc > 1) {
		file = 20, go_on[0] = 21, started[1] = 22;
		ways[argv[1][0] - '0'].vforks();
		return 92;
	}
	signal(SIGALRM, too_long);
	in_both(asked, NULL);
	for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++)
		for (unsigned w = 0; w < WAYS; w++)
			one(w, numbers[i], (i + w) % 2, argv[0]);
	in_namespace();
	puts("done");
	return 0;
}
