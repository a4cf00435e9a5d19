/* Children that run on their parent's stack, or on a stack of their own, with and without shared memory: vfork, clone, clone3, raw
 * ones through libc's syscall() and through an inline instruction. A way to the kernel that leaves anything on the stack over these
 * calls makes the child return into nowhere, or the parent find another frame than it left.
 *
 * The parent's stack holds recognisable values in many frames, and each frame checks its own on the way back. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char *text)
{
	if (write(1, text, strlen(text)) < 0)
		_exit(99);
}

static void wait_and_say(const char *what, pid_t child)
{
	char text[128];
	int status = 0;

	if (child < 0)
		snprintf(text, sizeof text, "%s: %s\n", what, strerror(errno));
	else if (waitpid(child, &status, __WALL) != child)
		snprintf(text, sizeof text, "%s: no child: %s\n", what, strerror(errno));
	else if (WIFSIGNALED(status))
		snprintf(text, sizeof text, "%s: killed by %s\n", what, sigabbrev_np(WTERMSIG(status)));
	else
		snprintf(text, sizeof text, "%s: status %d\n", what, WEXITSTATUS(status));
	say(text);
}

/* what a child does: calls of many kinds, on whatever stack it has */
static void work(void)
{
	char buffer[64];
	int fd = open("work", O_RDWR | O_CREAT | O_APPEND, 0600);

	if (fd < 0 || write(fd, "child was here\n", 15) != 15 || pread(fd, buffer, 5, 0) != 5 || memcmp(buffer, "child", 5) != 0)
		_exit(90);
	if (dup2(fd, 20) != 20 || close(20) || close(fd))
		_exit(91);
	if (syscall(SYS_getppid) != getppid())
		_exit(92);
}

static int stack_child(void *text)
{
	work();
	say(text);
	return 7;
}

static void end_of_raw_child(void)
{
	work();
	say("raw child on its own stack\n");
	_exit(8);
}

static char *new_stack(size_t size)
{
	char *low = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

	if (low == MAP_FAILED)
		exit(1);
	return low + size;
}

/* A stack on which libc's syscall() returns straight into end_of_raw_child: the address stands at its top. */
static char *returning_stack(size_t size)
{
	uint64_t *top = (uint64_t *)new_stack(size);

	top[-1] = 0;
	top[-2] = (uint64_t)end_of_raw_child;
	return (char *)(top - 2);
}

static void clones(void)
{
	static const struct {
		const char *name;
		int flags;
	} kinds[] = {
		{"clone", SIGCHLD},
		{"clone vm", CLONE_VM | SIGCHLD},
		{"clone vm vfork", CLONE_VM | CLONE_VFORK | SIGCHLD},
		{"clone vfork", CLONE_VFORK | SIGCHLD},
		{"clone vm files fs", CLONE_VM | CLONE_FILES | CLONE_FS | SIGCHLD},
		{"clone vm no signal", CLONE_VM},
		{"clone files", CLONE_FILES | SIGCHLD},
	};

	for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		char text[64];
		snprintf(text, sizeof text, "child of %s\n", kinds[i].name);
		wait_and_say(kinds[i].name, clone(stack_child, new_stack(65536), kinds[i].flags, text));
	}
	errno = 0;
	if (clone(stack_child, new_stack(4096), CLONE_SIGHAND, NULL) == -1)
		say(errno == EINVAL ? "clone refused: EINVAL\n" : "clone refused: another error\n");
}

static void raw_clones(void)
{
	struct clone_args three = {.exit_signal = SIGCHLD};
	long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (pid == 0) {
		work();
		say("raw clone like fork\n");
		_exit(9);
	}
	wait_and_say("raw clone", pid);
	pid = syscall(SYS_fork);
	if (pid == 0) {
		work();
		_exit(10);
	}
	wait_and_say("raw fork", pid);
	wait_and_say("raw clone, own stack", syscall(SYS_clone, SIGCHLD, returning_stack(65536), 0, 0, 0));
	wait_and_say("raw clone vm, own stack", syscall(SYS_clone, CLONE_VM | SIGCHLD, returning_stack(65536), 0, 0, 0));
	wait_and_say("raw clone vm vfork, own stack", syscall(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, returning_stack(65536), 0, 0, 0));

	pid = syscall(SYS_clone3, &three, sizeof three);
	if (pid == 0) {
		work();
		say("clone3 like fork\n");
		_exit(11);
	}
	wait_and_say("clone3", pid);
	char *top = returning_stack(65536);
	three.stack = (uint64_t)top - 32768;
	three.stack_size = 32768;
	wait_and_say("clone3, own stack", syscall(SYS_clone3, &three, sizeof three));
	three.flags = CLONE_VM;
	wait_and_say("clone3 vm, own stack", syscall(SYS_clone3, &three, sizeof three));
	three.flags = CLONE_VM | CLONE_VFORK;
	wait_and_say("clone3 vm vfork, own stack", syscall(SYS_clone3, &three, sizeof three));
	errno = 0;
	if (syscall(SYS_clone3, &three, 8) == -1)
		say(errno == EINVAL ? "clone3 refused: EINVAL\n" : "clone3 refused: another error\n");
}

/* an instruction of the program's own: the child leaves without returning from this function */
static void inline_vfork(void)
{
	long pid = SYS_vfork;

	__asm__ volatile("syscall\n"
			 "	testq %%rax, %%rax\n"
			 "	jnz 1f\n"
			 "	movl $12, %%edi\n"
			 "	movl %1, %%eax\n"
			 "	syscall\n"
			 "1:"
			 : "+a"(pid)
			 : "i"(SYS_exit_group)
			 : "rcx", "rdi", "r11", "memory", "cc");
	wait_and_say("inline vfork", pid);
}

static void inline_fork(void)
{
	long pid = SYS_fork;

	__asm__ volatile("syscall" : "+a"(pid)::"rcx", "r11", "memory");
	if (pid == 0) {
		work();
		say("inline fork's child\n");
		_exit(13);
	}
	wait_and_say("inline fork", pid);
}

static void vforks(void)
{
	volatile int seen = 0;
	pid_t pid = vfork();

	if (pid == 0) {
		work();
		seen = 1;
		_exit(3);
	}
	wait_and_say("vfork", pid);
	say(seen ? "vfork's child ran in our memory\n" : "vfork's child ran in its own memory\n");

	pid = vfork();
	if (pid == 0) {
		execl("/nonexistent", "x", NULL);
		execl("/etc", "x", NULL);
		_exit(errno == EACCES ? 4 : 5);
	}
	wait_and_say("vfork, failing exec", pid);

	pid = vfork();
	if (pid == 0) {
		dup2(1, 2);
		close(0);
		execl("/bin/sh", "sh", "-c", "echo executed >&2; exit 6", NULL);
		_exit(99);
	}
	wait_and_say("vfork, exec", pid);
	say(fcntl(0, F_GETFD) == 0 ? "descriptor 0 is still open\n" : "descriptor 0 is closed\n");

	pid = vfork();
	if (pid == 0) {
		kill(getpid(), SIGKILL);
		_exit(99);
	}
	wait_and_say("vfork, killed", pid);

	pid = vfork();
	if (pid == 0) {
		pid_t inner = vfork();
		if (inner == 0)
			_exit(20);
		int status;
		waitpid(inner, &status, 0);
		_exit(WEXITSTATUS(status) + 1);
	}
	wait_and_say("vfork in vfork", pid);

	pid = vfork();
	if (pid == 0) {
		pid_t inner = fork();
		if (inner == 0) {
			work();
			_exit(30);
		}
		int status;
		waitpid(inner, &status, 0);
		_exit(WEXITSTATUS(status) + 1);
	}
	wait_and_say("fork in vfork", pid);
}

static __attribute__((noinline)) int deep(int depth)
{
	volatile uint64_t values[64];
	int wrong = 0;

	for (int i = 0; i < 64; i++)
		values[i] = 0x1234567890abcdef ^ (uint64_t)depth << 32 ^ i;
	if (depth == 0) {
		vforks();
		clones();
		raw_clones();
		inline_vfork();
		inline_fork();
	} else {
		wrong = deep(depth - 1);
	}
	for (int i = 0; i < 64; i++)
		wrong += values[i] != (0x1234567890abcdef ^ (uint64_t)depth << 32 ^ i);
	return wrong;
}

int main(void)
{
	char text[64];

	snprintf(text, sizeof text, "values changed on the stack: %d\n", deep(50));
	say(text);
	say("done\n");
	return 0;
}
