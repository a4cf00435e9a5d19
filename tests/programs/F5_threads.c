/* Threads start in the middle of bursts of small writes: of one to a file, to a pipe, to a file that the thread goes on with. Each writes
 * bursts of its own to its own file, hands lines through small writes to pipes, or takes turns with another by memory alone, where no
 * system call says whose bytes come first. libc blocks all signals around a thread's start, and a raw clone makes a thread that nobody
 * was told of: a shim that believes to be alone there loses bytes, or the process. */
/* coalesces: yes */
/* timeout: 120 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define THREADS 4

static const char *who;
static int mine[THREADS], pipes[THREADS + 1][2], shared;

static int line(char *text, const char *name, int i)
{
	static const char dots[] = "................................................................................";
	return sprintf(text, "%s %d %.*s\n", name, i, i * 7 % 80, dots);
}

/* Lines without another call among them or behind them; how many bytes they are. */
static off_t burst(int fd, const char *name, int count)
{
	char text[128];
	off_t sum = 0;

	for (int i = 0; i < count; i++) {
		int length = line(text, name, i);
		if (write(fd, text, length) != length)
			_exit(91);
		sum += length;
	}
	return sum;
}

static int file(const char *name, int number)
{
	char path[64];
	int fd;

	snprintf(path, sizeof path, "%s.%s.%d", who, name, number);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (fd < 0)
		exit(90);
	return fd;
}

/* Each reads line by line what the one before it wrote and hands it on, in two small writes a line, with bursts to its own file between
 * them. */
static void *hands_on(void *number)
{
	long n = (long)number;
	FILE *from = fdopen(pipes[n][0], "r");
	char text[256];
	int i = 0;

	burst(mine[n], "thread", 400);
	while (fgets(text, sizeof text, from)) {
		if (dprintf(pipes[n + 1][1], "%ld", n) < 0 || write(pipes[n + 1][1], text, strlen(text)) < 0)
			_exit(92);
		if (i++ % 100 == 0)
			burst(mine[n], "between", 60);
	}
	fclose(from);
	close(pipes[n + 1][1]);
	burst(mine[n], "at-last", 100);
	return NULL;
}

static void *collects(void *out)
{
	char block[512];
	ssize_t got;

	while ((got = read(pipes[THREADS][0], block, sizeof block)) > 0)
		if (write(*(int *)out, block, got) != got)
			_exit(93);
	close(pipes[THREADS][0]);
	return NULL;
}

static void chain(void)
{
	pthread_t threads[THREADS], last;
	int out = file("chain", 0), first = file("main", 0);

	for (int i = 0; i <= THREADS; i++)
		if (pipe(pipes[i]))
			exit(90);
	pthread_create(&last, NULL, collects, &out);
	for (long i = 0; i < THREADS; i++) {
		mine[i] = file("thread", i);
		burst(first, "main", 300 + i * 40);
		pthread_create(&threads[i], NULL, hands_on, (void *)i);
		burst(pipes[0][1], "main", 100); /* the rest of the burst, while the threads run */
	}
	burst(first, "main", 500);
	burst(pipes[0][1], "main", 1500);
	close(pipes[0][1]);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_join(last, NULL);
	burst(first, "alone-again", 500);
	close(first);
	close(out);
}

/* A thread that goes on with the descriptor of the burst in the middle of which it was started. */
static void *goes_on(void *unused)
{
	struct stat now;

	(void)unused;
	burst(shared, "thread", 300);
	return fstat(shared, &now) ? (void *)-1 : (void *)(long)now.st_size;
}

static void starts(void)
{
	shared = file("starts", 0);
	for (int i = 0; i < 20; i++) {
		pthread_t thread;
		void *size;
		burst(shared, "before", 20 + i * 20);
		pthread_create(&thread, NULL, goes_on, NULL);
		pthread_join(thread, &size);
		if ((long)size != lseek(shared, 0, SEEK_CUR))
			printf("%s: start %d: the file is %ld long\n", who, i, (long)size);
	}
	burst(shared, "end", 300);
	close(shared);
}

/* Turns on one file, by two descriptors, given by memory: no call of the kernel's orders them. */
static atomic_int turn;

static void take_turns(int me, int fd)
{
	for (int i = 0; i < 20; i++) {
		while (atomic_load(&turn) % 2 != me)
			__builtin_ia32_pause();
		burst(fd, me ? "one" : "other", 33 + i);
		atomic_fetch_add(&turn, 1);
	}
}

static void *other_turns(void *fd)
{
	take_turns(1, *(int *)fd);
	return NULL;
}

static void turns(void)
{
	char path[64];
	pthread_t thread;
	int fd = file("turns", 0), again;

	snprintf(path, sizeof path, "%s.turns.0", who);
	again = open(path, O_WRONLY | O_APPEND);
	turn = 0;
	fcntl(fd, F_SETFL, O_APPEND);
	burst(fd, "before", 500);
	pthread_create(&thread, NULL, other_turns, &again);
	take_turns(0, fd);
	pthread_join(thread, NULL);
	burst(fd, "after", 300);
	close(fd);
	close(again);
}

/* A thread that libc does not know: made by an instruction of our own behind a burst, it writes by such instructions only. */
static struct raw {
	int fd, first, from;
	atomic_int here;
	volatile pid_t tid;
} raw;

static long inline_call(long number, long a, long b, long c)
{
	__asm__ volatile("syscall" : "+a"(number) : "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return number;
}

static void raw_thread(void)
{
	char text[2] = "r\n";

	atomic_store(&raw.here, 1);
	for (int i = 0; i < 1000; i++) {
		text[0] = 'a' + i % 26;
		if (inline_call(SYS_write, raw.fd, (long)text, 2) != 2)
			inline_call(SYS_exit_group, 94, 0, 0);
	}
	inline_call(SYS_exit, 0, 0, 0);
	__builtin_trap();
}

static __attribute__((noinline)) long make_raw_thread(void *top, int three)
{
	const unsigned long flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
		CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
	struct clone_args args = {.flags = flags, .stack = (unsigned long)top - 65536, .stack_size = 65536,
		.child_tid = (unsigned long)&raw.tid};
	register long tid __asm__("r10") = (long)&raw.tid, tls __asm__("r8") = 0;
	long result = three ? SYS_clone3 : SYS_clone;

	__asm__ volatile("syscall\n"
			 "	testq %%rax, %%rax\n"
			 "	jnz 1f\n"
			 "	xorl %%ebp, %%ebp\n"
			 "	call *%[run]\n"
			 "1:"
			 : "+a"(result)
			 : "D"(three ? (long)&args : (long)flags), "S"(three ? (long)sizeof args : (long)top), "d"(0), "r"(tid), "r"(tls),
			   [run] "b"(raw_thread)
			 : "rcx", "r11", "memory");
	return result;
}

static void raw_threads(void)
{
	char *low = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

	raw.fd = file("raw", 0);
	raw.first = file("raw", 1);
	for (int i = 0; i < 8; i++) {
		raw.here = 0;
		raw.tid = -1;
		burst(raw.first, "before", 40 + i * 60);
		if (make_raw_thread(low + 65536, i % 2) < 0)
			exit(95);
		burst(raw.first, "while", 200);
		while (!atomic_load(&raw.here) || raw.tid != 0)
			sched_yield();
		burst(raw.first, "after", 100);
	}
	close(raw.fd);
	close(raw.first);
	munmap(low, 65536);
}

/* A thread of libc's own: it runs us when a timer expires. */
static sem_t expired;

static void expires(union sigval fd)
{
	burst(fd.sival_int, "timer", 400);
	sem_post(&expired);
}

static void timer(void)
{
	int fd = file("timer", 0), first = file("timer", 1);
	struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = expires, .sigev_value.sival_int = fd};
	struct itimerspec soon = {{0, 0}, {0, 1000000}};
	timer_t id;

	sem_init(&expired, 0, 0);
	burst(first, "before", 300);
	if (timer_create(CLOCK_MONOTONIC, &event, &id))
		exit(96);
	burst(first, "created", 300);
	timer_settime(id, 0, &soon, NULL);
	burst(first, "while", 1000);
	sem_wait(&expired);
	burst(first, "after", 100);
	timer_delete(id);
	close(fd);
	close(first);
}

/* A child of a process with threads has one; it writes bursts alone, then starts threads itself. */
static void *waits(void *barrier)
{
	pthread_barrier_wait(barrier);
	burst(mine[0], "waited", 100);
	pthread_barrier_wait(barrier);
	return NULL;
}

static void fork_among_threads(void)
{
	pthread_barrier_t barrier;
	pthread_t thread;
	int fd, status;

	fd = file("child", 0);
	mine[0] = file("among", 0);
	pthread_barrier_init(&barrier, NULL, 2);
	burst(mine[0], "before", 300);
	pthread_create(&thread, NULL, waits, &barrier);
	pid_t pid = fork();
	if (pid == 0) {
		burst(fd, "alone", 500);
		shared = fd;
		pthread_create(&thread, NULL, goes_on, NULL);
		pthread_join(thread, NULL);
		burst(fd, "alone-again", 500);
		_exit(6);
	}
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
	waitpid(pid, &status, 0);
	burst(fd, "parent", 100);
	printf("%s: child of a process with threads: status %#x\n", who, status);
	close(fd);
	close(mine[0]);
}

static void everything(const char *name)
{
	who = name;
	raw_threads();
	starts();
	chain();
	turns();
	fork_among_threads();
	timer();
	printf("%s: everything written\n", who);
	fflush(stdout);
}

static void in_child(const char *name, void (*run)(void))
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		who = name;
		if (run)
			run();
		else
			everything(name);
		exit(7);
	}
	waitpid(pid, &status, 0);
	printf("%s: status %#x\n", name, status);
}

int main(void)
{
	/* each first in a process that has had no thread yet */
	in_child("only_starts", starts);
	in_child("only_chain", chain);
	in_child("only_turns", turns);
	in_child("only_timer", timer);
	in_child("only_fork", fork_among_threads);
	in_child("forked", NULL);
	everything("first");
	in_child("forked_late", NULL);
	puts("done");
	return 0;
}
