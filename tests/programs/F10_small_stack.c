/* F10_small_stack run:     bursts and other calls on small stacks with a guard page below: coroutines, alternate signal stacks
 *                  measure: how deep calls go into such a stack, a line `name bytes` each
 *                  natively: the same where no shim is; what a frame of libc has and does not write belongs to it
 *
 * What runs on a small stack here needs very little itself: no stdio, and all names are bound at the start. */
/* cc: -Wl,-z,now */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define PAINT 0xa5

static int out, data, pair[2];
static ucontext_t main_context, coroutine;
static void (*body)(void);
static volatile int failed; /* calls on a small stack that did not what they should */

static long inline_call(long number, long a, long b, long c)
{
	__asm__ volatile("syscall" : "+a"(number) : "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return number;
}

/* `size` bytes whose lower neighbour kills. */
static char *stack_of(size_t size)
{
	char *low = mmap(NULL, size + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

	if (low == MAP_FAILED || mprotect(low, 4096, PROT_NONE))
		exit(90);
	return low + 4096;
}

/* Lines of 1 to 100 bytes. */
static void burst(int fd, char letter, int count)
{
	static char text[101];

	memset(text, letter, sizeof text);
	for (int i = 0; i < count; i++) {
		int length = 1 + i * 7 % 100;
		text[length - 1] = '\n';
		failed += write(fd, text, length) != length;
		text[length - 1] = letter;
	}
}

/* 50 ms in which the program computes: no call is made, and a timer of somebody else's may expire. */
static void compute(void)
{
	struct timespec from, now;

	clock_gettime(CLOCK_MONOTONIC, &from);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - from.tv_sec) * 1000000000L + now.tv_nsec - from.tv_nsec < 50000000L);
}

static void coroutine_main(void)
{
	body();
}

static void on_stack(char *stack, size_t size, void (*run)(void))
{
	body = run;
	getcontext(&coroutine);
	coroutine.uc_stack.ss_sp = stack;
	coroutine.uc_stack.ss_size = size;
	coroutine.uc_link = &main_context;
	makecontext(&coroutine, coroutine_main, 0);
	swapcontext(&main_context, &coroutine);
}

/* one after the other: what a program does on its stacks */
static void works(void)
{
	static char block[200];
	static struct stat status;
	int fd;

	burst(out, 'c', 500);
	failed += inline_call(SYS_getppid, 0, 0, 0) != getppid();
	burst(out, 'd', 300);
	fd = open("opened", O_RDWR | O_CREAT | O_APPEND, 0644);
	burst(fd, 'e', 400);
	failed += pread(fd, block, 3, 0) != 3 || memcmp(block, "e\n", 2) == 0;
	failed += fstat(fd, &status) || status.st_size != lseek(fd, 0, SEEK_END);
	failed += close(fd) != 0;
	burst(out, 'f', 300);
	failed += inline_call(SYS_write, out, (long)"inline\n", 7) != 7;
	failed += write(-1, "x", 1) != -1 || errno != EBADF;
	burst(out, 'g', 100);
	compute();
	burst(out, 'h', 300);
	swapcontext(&coroutine, &main_context); /* in the middle of a burst */
	burst(out, 'i', 300);
}


static void handles(int number)
{
	static char block[200];

	(void)number;
	burst(out, 's', 300);
	failed += inline_call(SYS_getppid, 0, 0, 0) != getppid();
	failed += pread(data, block, 100, 0) != 100;
	burst(out, 't', 200);
	compute();
	burst(out, 'u', 200);
}

static void coroutines(void)
{
	static const size_t sizes[] = {2048, 4096, 8192, 16384, 65536}; /* none of the kernel's signal frames fits the first */

	for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		char *stack = stack_of(sizes[i]);
		burst(out, 'a', 300);
		on_stack(stack, sizes[i], works);
		burst(out, 'b', 200);
		swapcontext(&main_context, &coroutine); /* it goes on, and ends here */
		burst(out, 'j', 200);
		printf("coroutine on %zu bytes: failed %d\n", sizes[i], failed);
	}
}

/* The kernel's frame, the handler's own 2 KiB and what we may take: the first sizes are so small that a second frame has no place. */
static void signal_stacks(void)
{
	static const size_t beyond[] = {3072, 4096, 5120, 8192, 65536};
	struct sigaction action = {.sa_handler = handles, .sa_flags = SA_ONSTACK};

	for (unsigned i = 0; i < sizeof beyond / sizeof *beyond; i++) {
		size_t least = getauxval(AT_MINSIGSTKSZ), size = ((least ? least : 4096) + beyond[i] + 63) & ~(size_t)63;
		stack_t stack = {.ss_sp = stack_of((size + 4095) & ~(size_t)4095), .ss_size = size}, now;
		burst(out, 'v', i % 2 ? 300 : 0); /* with and without a burst before the stack is told */
		if (sigaltstack(&stack, NULL))
			exit(91);
		sigaction(SIGUSR1, &action, NULL);
		burst(out, 'w', 300);
		raise(SIGUSR1);
		burst(out, 'x', 300);
		inline_call(SYS_kill, getpid(), SIGUSR1, 0);
		burst(out, 'y', 300);
		sigaltstack(NULL, &now);
		printf("alternate stack with %zu bytes to spare: failed %d, as it was %d\n", beyond[i], failed,
		       now.ss_sp == stack.ss_sp && now.ss_size == stack.ss_size && now.ss_flags == 0);
		stack.ss_flags = SS_DISABLE;
		sigaltstack(&stack, NULL);
	}
}

static void run(const char *path)
{
	out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	coroutines();
	signal_stacks();
	close(out);
	unlink("opened");
	fflush(stdout);
}

/* single calls, to be measured */
static void m_nothing(void)
{
}

static void m_write(void)
{
	failed += write(out, "x", 1) != 1;
}

static void m_burst(void)
{
	burst(out, 'm', 300);
}

static void m_burst_and_read(void)
{
	char c;
	burst(out, 'm', 300);
	failed += pread(data, &c, 1, 0) != 1;
}

static void m_writev(void)
{
	struct iovec parts[2] = {{"x", 1}, {"yz", 2}};
	failed += writev(out, parts, 2) != 3;
}

static void m_read(void)
{
	char c;
	failed += read(data, &c, 1) != 1;
}

static void m_open_close(void)
{
	failed += close(open("data", O_RDONLY)) != 0;
}

static void m_open_missing(void)
{
	failed += open("no/such/file", O_RDONLY) != -1;
}

static void m_fstat(void)
{
	struct stat status;
	failed += fstat(data, &status) != 0;
}

static void m_lseek(void)
{
	failed += lseek(data, 0, SEEK_SET) != 0;
}

static void m_send_recv(void)
{
	char c;
	failed += send(pair[0], "x", 1, 0) != 1 || recv(pair[1], &c, 1, 0) != 1;
}

static void m_poll(void)
{
	struct pollfd wanted = {pair[0], POLLOUT, 0};
	failed += poll(&wanted, 1, 0) != 1;
}

static void m_syscall(void)
{
	failed += syscall(SYS_getppid) != getppid();
}

static void m_inline(void)
{
	failed += inline_call(SYS_getppid, 0, 0, 0) <= 0;
}

static void m_mask(void)
{
	sigset_t set;
	failed += sigprocmask(SIG_BLOCK, NULL, &set) != 0;
}

/* So many that a recording's chunks change. */
static void m_paths(void)
{
	static char target[8];
	static uint64_t set;
	static struct iovec parts[2];

	for (int i = 0; i < 3000; i++) {
		failed += chmod("/nonexistent/x", 0) != -1 || rename("/nonexistent/x", "/nonexistent/y") != -1 || readlink("/nonexistent/x", target, sizeof target) != -1;
		failed += open("/nonexistent/x", O_RDONLY) != -1 || writev(-1, parts, 2) != -1 || syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 8L) != 0;
	}
}

static void m_sigaction(void)
{
	struct sigaction action;
	failed += sigaction(SIGTERM, NULL, &action) != 0;
}

static void m_fork(void)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	failed += waitpid(pid, NULL, 0) != pid;
}

static void m_exec_fails(void)
{
	char *arguments[] = {"x", NULL};
	failed += execv("/nonexistent", arguments) != -1;
}

/* Shared with who traces us: between these the stack pointer was so low in a system call. */
static volatile struct reach {
	uintptr_t from, to, lowest;
} *reach;

/* Whether or not it has been written: glibc 2.41 makes calls that may be cancelled with 56 bytes of a frame unused, above which we begin. */
static int follow(pid_t child)
{
	struct user_regs_struct registers;
	int status, signal = 0;

	waitpid(child, &status, 0);
	ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	while (ptrace(PTRACE_SYSCALL, child, 0, signal) == 0 && waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
		signal = WSTOPSIG(status);
		if (signal != (SIGTRAP | 0x80))
			continue;
		signal = 0;
		if (ptrace(PTRACE_GETREGS, child, 0, &registers) == 0 && registers.rsp >= reach->from && registers.rsp < reach->to && registers.rsp < reach->lowest)
			reach->lowest = registers.rsp;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

static void measure(void)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} calls[] = {
		{"nothing", m_nothing}, {"write", m_write}, {"burst", m_burst}, {"burst-and-read", m_burst_and_read}, {"writev", m_writev},
		{"read", m_read}, {"open-close", m_open_close}, {"open-missing", m_open_missing}, {"fstat", m_fstat}, {"lseek", m_lseek},
		{"send-recv", m_send_recv}, {"poll", m_poll}, {"syscall", m_syscall}, {"inline", m_inline}, {"sigprocmask", m_mask},
		{"paths", m_paths},
		{"sigaction", m_sigaction}, {"fork", m_fork}, {"exec-fails", m_exec_fails},
	};
	enum { SIZE = 16384 };
	unsigned char *stack = (unsigned char *)stack_of(SIZE);

	out = open("measured", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	burst(out, 'w', 500); /* whatever is made once, is made by now */
	for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++) {
		int untouched = 0;
		memset(stack, PAINT, SIZE);
		*reach = (struct reach){(uintptr_t)stack, (uintptr_t)stack + SIZE, (uintptr_t)stack + SIZE};
		on_stack((char *)stack, SIZE, calls[i].run);
		while (untouched < SIZE && stack[untouched] == PAINT)
			untouched++;
		int reached = (int)(reach->to - reach->lowest);
		*reach = (struct reach){0};
		printf("%s %d\n", calls[i].name, SIZE - untouched > reached ? SIZE - untouched : reached);
	}
	close(out);
}

int main(int argc, char **argv)
{
	int status;

	data = open("data", O_RDWR | O_CREAT | O_TRUNC, 0644);
	for (int i = 0; i < 1000; i++)
		if (write(data, "data", 4) != 4)
			return 90;
	lseek(data, 0, SEEK_SET);
	if (argc != 2 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return 2;
	reach = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (strcmp(argv[1], "natively") == 0) {
		pid_t pid = fork();
		if (pid)
			return follow(pid);
		if (ptrace(PTRACE_TRACEME, 0, 0, 0) == 0)
			raise(SIGSTOP);
		measure();
	} else if (strcmp(argv[1], "measure") == 0) {
		measure();
	} else {
		run("first.out");
		pid_t pid = fork();
		if (pid == 0) {
			run("forked.out");
			exit(5);
		}
		waitpid(pid, &status, 0);
		printf("forked: status %#x\n", status);
	}
	printf("calls that failed: %d\n", failed);
	puts("done");
	return 0;
}
