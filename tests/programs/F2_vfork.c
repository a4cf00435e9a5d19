/* Children of vfork run in their parent's memory, but with descriptors of their own, right behind a burst of small writes: they see the
 * whole burst in the kernel, write by every way, change what the descriptors' numbers mean, execute, die; and the parent goes on with
 * its burst behind them. A child that changes what the parent believes of its descriptors, flushes the parent's bytes or finds its own
 * unwritten at _exit moves or loses bytes; a vfork wrapped in C never comes back. Everybody writes in turn, so the files are exact. */
/* coalesces: yes */
/* timeout: 120 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
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

enum { SHARED, OWN, PIPE, PLACES };

static int at[PLACES];        /* the descriptors */
static off_t expected[PIPE];  /* how long the two files are by now */
static int place;             /* where the burst before the child went */
static volatile int children; /* counted by them, in our memory */

static int line(char *text, const char *who, int i)
{
	static const char dots[] = "................................................................................";
	return sprintf(text, "%s %d %.*s\n", who, i, i * 7 % 80, dots);
}

/* Lines without another call among them or behind them. */
static void burst(int to, const char *who, int count)
{
	char text[128];

	for (int i = 0; i < count; i++) {
		int length = line(text, who, i);
		if (write(at[to], text, length) != length)
			_exit(91);
		if (to != PIPE)
			expected[to] += length;
	}
}

static long inline_call(long number, long a, long b, long c)
{
	__asm__ volatile("syscall" : "+a"(number) : "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return number;
}

/* At a child's beginning: everything that its parent wrote is there. */
static void look(void)
{
	struct stat now;

	for (int i = SHARED; i <= OWN; i++)
		if (fstat(at[i], &now) || now.st_size != expected[i])
			_exit(92 + i);
	children++;
}

static void exits(void)
{
	look();
	burst(place, "child", 300);
	_exit(3);
}

static void writes_at_once(void)
{
	burst(place, "at-once", 50);
	children++;
	_exit(4);
}

static void writes_elsewhere(void)
{
	look();
	burst(place == SHARED ? OWN : SHARED, "elsewhere", 300);
	burst(place, "and-back", 40);
	_exit(5);
}

static void writes_raw(void)
{
	char text[128];

	look();
	for (int i = 0; i < 120; i++) {
		int length = line(text, "raw", i);
		long done = i % 2 ? syscall(SYS_write, at[place], text, length) : inline_call(SYS_write, at[place], (long)text, length);
		if (done != length)
			_exit(91);
		if (place != PIPE)
			expected[place] += length;
	}
	inline_call(SYS_exit_group, 6, 0, 0);
}

/* its own output goes to the place, so it is known only afterwards how long the file is */
static void executes(void)
{
	look();
	burst(place, "before-exec", 100);
	dup2(at[place], 1);
	execl("/bin/sh", "sh", "-c", "i=0; while [ $i -lt 200 ]; do echo executed $i; i=$((i+1)); done; exit 7", NULL);
	_exit(99);
}

static void fails_to_execute(void)
{
	look();
	burst(place, "before-exec", 100);
	execl("/nonexistent/program", "x", NULL);
	burst(place, "failed", 100);
	execl("/etc", "x", NULL);
	burst(place, "failed-again", 50);
	_exit(errno == EACCES ? 8 : 9);
}

static void is_killed(void)
{
	look();
	burst(place, "killed", 100);
	kill(getpid(), SIGKILL);
}

static void faults(void)
{
	look();
	burst(place, "faults", 100);
	*(volatile int *)0 = 1;
}

/* the numbers mean something else in the child: what it writes to the place's goes to another file, and the parent's stays as it was */
static void exchanges_descriptors(void)
{
	struct stat now;
	char text[128];
	int other = place == SHARED ? OWN : SHARED;

	look();
	if (dup2(at[other], at[place]) != at[place])
		_exit(91);
	for (int i = 0; i < 100; i++) {
		int length = line(text, "exchanged", i);
		if (write(at[place], text, length) != length)
			_exit(92);
		expected[other] += length;
	}
	if (fstat(at[other], &now) || now.st_size != expected[other])
		_exit(93);
	close(at[place]);
	if (write(at[place], "never", 5) != -1 || errno != EBADF)
		_exit(94);
	_exit(10);
}

static void vforks(void)
{
	int status;
	pid_t inner;

	look();
	burst(place, "outer", 60);
	inner = vfork();
	if (inner == 0)
		exits();
	burst(place, "outer-again", 60);
	if (waitpid(inner, &status, 0) != inner)
		_exit(91);
	_exit(WEXITSTATUS(status) + 10);
}

static void forks(void)
{
	int status;
	pid_t inner;

	look();
	burst(place, "outer", 60);
	inner = fork();
	if (inner == 0)
		exits(); /* in memory of its own: what it adds to `expected` is asked of the file below */
	if (waitpid(inner, &status, 0) != inner)
		_exit(91);
	burst(place, "outer-again", 60);
	_exit(WEXITSTATUS(status) + 20);
}

static const struct {
	const char *name;
	void (*run)(void);
} bodies[] = {
	{"exits", exits}, {"writes at once", writes_at_once}, {"writes elsewhere", writes_elsewhere},
	{"writes raw", writes_raw},
	{"executes", executes}, {"fails to execute", fails_to_execute}, {"is killed", is_killed},
	{"faults", faults},
	{"exchanges descriptors", exchanges_descriptors}, {"vforks", vforks}, {"forks", forks},
};

static pid_t by_vfork(void (*body)(void))
{
	pid_t pid = vfork();

	if (pid == 0)
		body();
	return pid;
}

/* The child never returns from here, and calls below this frame: nothing that the parent needs is overwritten. */
static __attribute__((noinline)) pid_t by_inline_vfork(void (*body)(void))
{
	long pid = inline_call(SYS_vfork, 0, 0, 0);

	if (pid == 0)
		body();
	return pid;
}

static __attribute__((noinline)) pid_t by_inline_clone(void (*body)(void))
{
	long pid = inline_call(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0);

	if (pid == 0)
		body();
	return pid;
}

static int run_body(void *body)
{
	(*(void (**)(void))body)();
	return 99;
}

static pid_t by_clone_with_stack(void (*body)(void))
{
	static char *low;

	if (!low)
		low = mmap(NULL, 1 << 17, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	return clone(run_body, low + (1 << 17), CLONE_VM | CLONE_VFORK | SIGCHLD, &body);
}

static const struct {
	const char *name;
	pid_t (*make)(void (*)(void));
} makers[] = {{"vfork", by_vfork}, {"inline_vfork", by_inline_vfork}, {"inline_clone", by_inline_clone}, {"clone", by_clone_with_stack}};

static pid_t open_places(const char *who, const char *maker)
{
	char path[64], block[8192];
	int ends[2];
	pid_t drain;

	snprintf(path, sizeof path, "%s.%s.shared", who, maker);
	at[SHARED] = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
	snprintf(path, sizeof path, "%s.%s.own", who, maker);
	at[OWN] = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
	snprintf(path, sizeof path, "%s.%s.pipe", who, maker);
	expected[SHARED] = expected[OWN] = 0;
	if (pipe(ends) || at[SHARED] < 0 || at[OWN] < 0)
		exit(90);
	drain = fork();
	if (drain == 0) {
		int out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
		ssize_t got;
		close(ends[1]);
		while ((got = read(ends[0], block, sizeof block)) > 0)
			if (write(out, block, got) != got)
				_exit(92);
		_exit(0);
	}
	close(ends[0]);
	at[PIPE] = ends[1];
	return drain;
}

static void all(const char *who)
{
	for (unsigned m = 0; m < sizeof makers / sizeof *makers; m++) {
		pid_t drain = open_places(who, makers[m].name);
		for (unsigned b = 0; b < sizeof bodies / sizeof *bodies; b++)
			for (place = 0; place < PLACES; place++) {
				int status;
				struct stat now;
				burst(place, "before", 40 + b * 30);
				pid_t pid = makers[m].make(bodies[b].run);
				burst(place == OWN ? SHARED : OWN, "beside", 100);
				if (waitpid(pid, &status, 0) != pid)
					exit(91);
				printf("%s, %s %s: status %#x, children %d\n", who, makers[m].name, bodies[b].name, status, children);
				for (int i = SHARED; i <= OWN; i++) /* a forked or executed child has made it longer */
					expected[i] = fstat(at[i], &now) == 0 ? now.st_size : -1;
				burst(place, "after", 50);
			}
		close(at[SHARED]);
		close(at[OWN]);
		close(at[PIPE]);
		if (waitpid(drain, NULL, 0) != drain)
			exit(92);
		fflush(stdout);
	}
}

int main(void)
{
	int status;
	pid_t pid;

	all("first");
	pid = fork();
	if (pid == 0) {
		all("forked");
		exit(0);
	}
	waitpid(pid, &status, 0);
	printf("the forked child's status %#x\n", status);
	puts("done");
	return 0;
}
