/* Code that is nobody's library changes what a shim believes, in the middle of bursts and while nothing is buffered at all: masks, handlers
 * with a return of their own, alternate stacks, all by inline system calls, and raw children and threads. At the next trapped call, or at
 * the next handler's return, a shim that did not see it is killed, or writes what should not be written. */
/* coalesces: yes */
/* timeout: 120 */
#include "burst.h"
#include <linux/sched.h>
#include <sched.h>
#include <sys/mman.h>

struct kernel_action {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	unsigned long mask;
};

static int file, other, lines;
static volatile int handled;
static const char *what;

/* our own way back from a handler: no library's */
void own_restorer(void);
__asm__(".text\nnop\nown_restorer: mov $15, %eax\nsyscall\n");

static void work(int clean)
{
	burst(file, "main", lines, lines + 60);
	if (clean && inline_call(SYS_lseek, file, 0, SEEK_CUR, 0) <= 0)
		_exit(93);
	lines += 60;
}

static void handle(int number)
{
	(void)number;
	handled++;
	inline_call(SYS_getppid, 0, 0, 0, 0);
	burst(other, "handler", (handled - 1) * 30, handled * 30);
	if (handled % 2)
		inline_call(SYS_getppid, 0, 0, 0, 0);
}

static long act(int number, void (*handler)(int), unsigned long flags, unsigned long mask)
{
	struct kernel_action action = {handler, flags | 0x04000000 /* SA_RESTORER */, own_restorer, mask};

	return inline_call(SYS_rt_sigaction, number, (long)&action, 0, 8);
}

static long mask(int how, unsigned long set)
{
	return inline_call(SYS_rt_sigprocmask, how, (long)&set, 0, 8);
}

static void show(int n)
{
	struct kernel_action action = {0};
	unsigned long now = 0;
	sigset_t set;

	/* asked both ways */
	inline_call(SYS_rt_sigprocmask, SIG_BLOCK, 0, (long)&now, 8);
	sigprocmask(SIG_BLOCK, NULL, &set);
	inline_call(SYS_rt_sigaction, SIGUSR1, 0, (long)&action, 8);
	printf("%s %d: mask %#lx %#lx, USR1 %s %#lx %#lx, handled %d\n", what, n, now, *(unsigned long *)&set,
	       action.handler == handle ? "ours" : action.handler ? "other" : "default", action.flags, action.mask, handled);
}

static void masks(int clean)
{
	/* signal 33 alone is not among them: it is glibc's, and stands for SIGSYS (doc/transparency.md) */
	static const unsigned long sets[] = {~0ul, 1ul << (SIGSYS - 1), 1ul << (SIGSEGV - 1) | 1ul << (SIGUSR1 - 1), 7ul << 40, 0};

	for (int i = 0; i < 5; i++) {
		work(clean);
		mask(SIG_SETMASK, sets[i]);
		work(clean);
		show(i);
		work(clean);
		inline_call(SYS_kill, getpid(), SIGURG, 0, 0);
		work(clean);
	}
}

static void handlers(int clean)
{
	static const unsigned long sets[] = {0, ~0ul, 1ul << (SIGSYS - 1)};
	static const unsigned long flags[] = {0, SA_NODEFER, SA_RESTART | SA_ONSTACK, SA_RESETHAND};

	for (int i = 0; i < 12; i++) {
		work(clean);
		act(SIGUSR1, handle, flags[i % 4], sets[i / 4]);
		work(clean);
		inline_call(SYS_kill, getpid(), SIGUSR1, 0, 0);
		work(clean);
		show(i);
		act(SIGUSR1, handle, flags[i % 4], sets[i / 4]);
		raise(SIGUSR1);
		work(clean);
		show(i);
	}
	act(SIGUSR1, NULL, 0, 0);
	work(clean);
}

static void all_dispositions(int clean)
{
	for (int i = 1; i <= 64; i++) {
		act(i, i % 2 ? handle : (void (*)(int))1, 0, ~0ul);
		if (i % 16 == 0)
			work(clean);
	}
	work(clean);
	inline_call(SYS_kill, getpid(), SIGSYS, 0, 0);
	inline_call(SYS_kill, getpid(), SIGUSR1, 0, 0);
	inline_call(SYS_kill, getpid(), SIGTERM, 0, 0);
	work(clean);
	show(0);
	for (int i = 1; i <= 64; i++)
		act(i, NULL, 0, 0);
	work(clean);
	show(1);
}

static void stacks(int clean)
{
	static char space[1 << 16];
	stack_t stack = {.ss_sp = space, .ss_size = sizeof space}, none = {.ss_flags = SS_DISABLE}, now;

	for (int i = 0; i < 3; i++) {
		work(clean);
		inline_call(SYS_sigaltstack, (long)&stack, 0, 0, 0);
		act(SIGUSR1, handle, SA_ONSTACK, 0);
		work(clean);
		inline_call(SYS_kill, getpid(), SIGUSR1, 0, 0);
		work(clean);
		inline_call(SYS_sigaltstack, (long)&none, (long)&now, 0, 0);
		printf("stack %d: %s %#x\n", i, now.ss_sp == space ? "ours" : "another", (unsigned)now.ss_flags);
		raise(SIGUSR1);
		work(clean);
	}
	act(SIGUSR1, NULL, 0, 0);
}

static void children(int clean)
{
	struct clone_args args = {.exit_signal = SIGCHLD};
	int status;

	for (int i = 0; i < 6; i++) {
		work(clean);
		long pid = i % 3 == 0 ? inline_call(SYS_fork, 0, 0, 0, 0) : i % 3 == 1 ? inline_call(SYS_clone, SIGCHLD, 0, 0, 0) :
			inline_call(SYS_clone3, (long)&args, sizeof args, 0, 0);
		if (pid == 0) {
			burst(other, "child", i * 100, i * 100 + 100);
			inline_call(SYS_exit_group, i, 0, 0, 0);
		}
		/* in turn: the file is exact */
		inline_call(SYS_wait4, pid, (long)&status, 0, 0);
		printf("child %d: status %#x\n", i, status);
		work(clean);
	}
}

static long vfork_and_exit(void)
{
	/* nothing of a C frame between the two returns */
	long pid = SYS_vfork;
	__asm__ volatile("syscall\n"
			 "test %%rax, %%rax\n"
			 "jnz 1f\n"
			 "mov %[write], %%eax\n"
			 "mov %[fd], %%edi\n"
			 "lea vforked(%%rip), %%rsi\n"
			 "mov $8, %%edx\n"
			 "syscall\n"
			 "mov %[exit], %%eax\n"
			 "mov $5, %%edi\n"
			 "syscall\n"
			 "hlt\n"
			 "vforked: .ascii \"vforked\\n\"\n"
			 "1:"
			 : "+a"(pid)
			 : [write] "i"(SYS_write), [exit] "i"(SYS_exit), [fd] "r"(file)
			 : "rcx", "r11", "rdi", "rsi", "rdx", "memory");
	return pid;
}

static void vforks(int clean)
{
	int status;

	for (int i = 0; i < 3; i++) {
		work(clean);
		long pid = vfork_and_exit();
		work(clean);
		inline_call(SYS_wait4, pid, (long)&status, 0, 0);
		printf("vfork %d: status %#x\n", i, status);
		work(clean);
	}
}

/* A thread that no library knows: it writes its bytes to `other` by instructions of its own, then it is gone. */
static volatile int thread_id;

static void raw_thread(int clean)
{
	enum { SIZE = 1 << 16 };
	work(clean);
	char *stack = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	burst(file, "dirty", 0, clean ? 0 : 60);
	long flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID;
	register long child_tid __asm__("r10") = (long)&thread_id;
	register long tls __asm__("r8") = 0;
	long fd = other;
	long tid = SYS_clone;

	__asm__ volatile("mov %[fd], %%r12\n"
			 "syscall\n"
			 "test %%rax, %%rax\n"
			 "jnz 1f\n"
			 "mov $500, %%ebx\n"
			 "2: mov $1, %%eax\n"
			 "mov %%r12, %%rdi\n"
			 "lea threads(%%rip), %%rsi\n"
			 "mov $7, %%edx\n"
			 "syscall\n"
			 "dec %%ebx\n"
			 "jnz 2b\n"
			 "mov $60, %%eax\n"
			 "xor %%edi, %%edi\n"
			 "syscall\n"
			 "hlt\n"
			 "threads: .ascii \"thread\\n\"\n"
			 "1:"
			 : "+a"(tid)
			 : "D"(flags), "S"(stack + SIZE - 256), "d"(&thread_id), "r"(child_tid), "r"(tls), [fd] "r"(fd)
			 : "rcx", "r11", "rbx", "r12", "memory");
	for (int i = 0; i < 20; i++)
		work(clean);
	while (thread_id)
		sched_yield();
	work(clean);
	munmap(stack, SIZE);
	work(clean);
}

static const struct {
	const char *name;
	void (*act)(int);
} acts[] = {{"masks", masks}, {"handlers", handlers}, {"stacks", stacks}, {"children", children}, {"vforks", vforks},
	    {"dispositions", all_dispositions}, {"thread", raw_thread}};

static void body(const void *number)
{
	int n = *(const int *)number;

	what = acts[n / 2].name;
	char name[64];
	snprintf(name, sizeof name, "%s.%s", what, n % 2 ? "clean" : "dirty");
	file = create(name);
	strcat(name, ".other");
	other = create(name);
	lines = handled = 0;
	burst(file, "main", lines, lines + 300);
	lines += 300;
	acts[n / 2].act(n % 2);
	for (int i = 0; i < 5; i++)
		work(0);
	mask(SIG_SETMASK, 0);
	close(file), close(other);
}

int main(void)
{
	enum { ALL = 2 * sizeof acts / sizeof *acts };

	for (int i = 0; i < (int)ALL; i++) {
		who = "child";
		printf("child's status %#x\n", in_child(body, &i));
	}
	who = "first";
	for (int i = 0; i < (int)ALL; i++)
		body(&i);
	puts("done");
	return 0;
}
