/* Forks of every make come in the middle of a burst of small writes, and both sides go on writing, to descriptors of their own and to the
 * one that they share. A byte that waits in the parent's memory over a fork is written twice when the child writes its copy, and never
 * when the child leaves without; a child that believes in its parent's copy moves bytes. Every line is written by one call: whatever the
 * interleaving, each is whole, there once, and in its writer's order. */
/* coalesces: yes */
/* timeout: 120 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int shared, own; /* written by both sides, and by the parent alone */
static off_t before;    /* bytes that stood in the shared file at the fork */
static int number;      /* of the round: chooses lengths of bursts and the child's end */

static void die(const char *what)
{
	perror(what);
	exit(90);
}

/* Line i of a writer; it returns its length, 5 to 100 bytes. */
static int line(char *text, const char *who, int i)
{
	static const char dots[] = "................................................................................";
	return sprintf(text, "%s %d %.*s\n", who, i, i * 7 % 80, dots);
}

/* Lines first to last-1; no other call stands among them or behind them. */
static off_t burst(int fd, const char *who, int first, int last)
{
	char text[128];
	off_t sum = 0;

	for (int i = first; i < last; i++) {
		int length = line(text, who, i);
		if (write(fd, text, length) != length)
			_exit(91);
		sum += length;
	}
	return sum;
}

static void drip(int fd, int count)
{
	for (int i = 0; i < count; i++)
		if (write(fd, &"abcdefghijklmnopqrstuvwxyz\n"[i % 27], 1) != 1)
			_exit(91);
}

/* How many lines of each writer stand in a file, and whether all are whole and in order. */
static void tell(const char *path)
{
	static const char *const names[] = {"before", "parent", "after", "child", "grandchild", "prepare", "inparent", "inchild"};
	int next[8] = {0}, wrong = 0;
	char text[128], wanted[128], who[16];
	FILE *f = fopen(path, "r");

	while (f && fgets(text, sizeof text, f)) {
		int i, w = 0;
		if (sscanf(text, "%15s %d", who, &i) == 2) {
			while (w < 8 && strcmp(names[w], who) != 0)
				w++;
			if (w < 8 && i == next[w] && line(wanted, who, i) && strcmp(text, wanted) == 0) {
				next[w]++;
				continue;
			}
		}
		if (wrong++ == 0)
			printf("  wrong: %s", text);
	}
	printf("  lines:");
	for (int w = 0; w < 8; w++)
		if (next[w])
			printf(" %s %d", names[w], next[w]);
	printf(", wrong %d\n", wrong);
	if (f)
		fclose(f);
}

/* A pipe whose other end goes into a file. */
static int drained(const char *path, pid_t *drain)
{
	char block[8192];
	ssize_t got;
	int ends[2];

	if (pipe(ends))
		die("pipe");
	*drain = fork();
	if (*drain == 0) {
		int out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
		close(ends[1]);
		while ((got = read(ends[0], block, sizeof block)) > 0)
			if (write(out, block, got) != got)
				_exit(92);
		_exit(0);
	}
	close(ends[0]);
	return ends[1];
}

static void leave(void)
{
	switch (number % 7) {
	case 0:
		exit(7);
	case 1:
		abort();
	case 2:
		raise(SIGTERM);
	case 3:
		*(volatile int *)0 = 1;
	case 4:
		kill(getpid(), SIGKILL);
	case 5:
		__asm__ volatile("syscall" ::"a"(SYS_exit_group), "D"(8) : "rcx", "r11", "memory");
	default:
		_exit(9);
	}
}

static int child(void *name)
{
	struct stat now;
	char path[64];
	int mine, status;
	pid_t grandchild;

	burst(shared, "child", 0, 40); /* at once, before any other call */
	if (fstat(shared, &now) || (S_ISREG(now.st_mode) && now.st_size < before))
		_exit(93);
	snprintf(path, sizeof path, "%s.%d.child", (char *)name, number % 3);
	mine = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
	burst(mine, "child", 0, 333);
	burst(shared, "child", 40, 400 + number * 13);
	grandchild = fork();
	if (grandchild == 0) {
		burst(mine, "grandchild", 0, 100);
		burst(shared, "grandchild", 0, 200);
		_exit(0);
	}
	burst(shared, "child", 400 + number * 13, 600 + number * 13);
	if (waitpid(grandchild, &status, 0) != grandchild || status)
		_exit(94);
	burst(mine, "child", 333, 400);
	drip(mine, 500);
	leave();
	return 0;
}

static pid_t by_fork(void)
{
	return fork();
}

static pid_t by_bare_fork(void)
{
	return _Fork();
}

static pid_t by_syscall_fork(void)
{
	return syscall(SYS_fork);
}

static pid_t by_syscall_clone(void)
{
	return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static pid_t by_syscall_clone3(void)
{
	struct clone_args args = {.exit_signal = SIGCHLD};
	return syscall(SYS_clone3, &args, sizeof args);
}

static pid_t by_inline_fork(void)
{
	long pid = SYS_fork;
	__asm__ volatile("syscall" : "+a"(pid)::"rcx", "r11", "memory");
	return pid;
}

static pid_t by_inline_clone(void)
{
	register long tid __asm__("r10") = 0, tls __asm__("r8") = 0;
	long pid = SYS_clone;
	__asm__ volatile("syscall" : "+a"(pid) : "D"(SIGCHLD), "S"(0), "d"(0), "r"(tid), "r"(tls) : "rcx", "r11", "memory");
	return pid;
}

static pid_t by_inline_clone3(void)
{
	struct clone_args args = {.exit_signal = SIGCHLD};
	long pid = SYS_clone3;
	__asm__ volatile("syscall" : "+a"(pid) : "D"(&args), "S"(sizeof args) : "rcx", "r11", "memory");
	return pid;
}

static pid_t by_clone_with_stack(void)
{
	char *low = mmap(NULL, 1 << 17, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	return low == MAP_FAILED ? -1 : clone(child, low + (1 << 17), SIGCHLD, "clone_with_stack");
}

static const struct kind {
	const char *name;
	pid_t (*make)(void);
} kinds[] = {
	{"fork", by_fork}, {"bare_fork", by_bare_fork}, {"syscall_fork", by_syscall_fork}, {"syscall_clone", by_syscall_clone},
	{"syscall_clone3", by_syscall_clone3}, {"inline_fork", by_inline_fork}, {"inline_clone", by_inline_clone},
	{"inline_clone3", by_inline_clone3}, {"clone_with_stack", by_clone_with_stack},
};

/* place 0: the burst is to the shared file, 1: to the parent's own, 2: to a pipe that both write */
static void one_round(const struct kind *kind, int place)
{
	int status, length = 300 + number * 97;
	char path[64];
	pid_t pid, drain = 0;

	printf("%s, burst to %s:\n", kind->name, place == 0 ? "the shared file" : place == 1 ? "its own file" : "a pipe");
	fflush(stdout);
	snprintf(path, sizeof path, "%s.%d.parent", kind->name, number % 3);
	own = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	shared = place == 2 ? drained("shared", &drain) : open("shared", O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (own < 0 || shared < 0)
		die("open");
	before = burst(shared, "before", 0, length);
	if (place == 1) {
		burst(own, "before", 0, length);
		drip(own, 3000);
	}
	pid = kind->make();
	if (pid == 0)
		child((void *)kind->name);
	burst(shared, "parent", 0, 300);
	burst(own, "parent", 0, 300);
	burst(shared, "parent", 300, 700);
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	burst(shared, "after", 0, 200);
	burst(own, "after", 0, 50);
	close(own);
	close(shared);
	if (drain && waitpid(drain, NULL, 0) != drain)
		die("the reader");
	printf("  child's status %#x\n", status);
	tell("shared");
	unlink("shared");
	number++;
}

/* handlers of fork() that write: before, in the parent and in the child */
static void prepare(void)
{
	static int next;
	burst(shared, "prepare", next, next + 40);
	next += 40;
}

static void in_parent(void)
{
	burst(shared, "inparent", 0, 40);
}

static void in_child(void)
{
	burst(shared, "inchild", 0, 40);
}

static void with_handlers(void)
{
	int status;
	pid_t pid;

	shared = open("shared", O_RDWR | O_CREAT | O_TRUNC, 0644);
	pthread_atfork(prepare, in_parent, in_child);
	burst(shared, "before", 0, 500);
	pid = fork();
	if (pid == 0) {
		burst(shared, "child", 0, 500);
		_exit(5);
	}
	burst(shared, "parent", 0, 500);
	waitpid(pid, &status, 0);
	printf("handlers of fork write: child's status %#x\n", status);
	tell("shared");
	unlink("shared");
}

int main(void)
{
	for (unsigned k = 0; k < sizeof kinds / sizeof *kinds; k++)
		for (int place = 0; place < 3; place++)
			one_round(&kinds[k], place);
	with_handlers();
	puts("done");
	return 0;
}
