/* The process ends by a fault or a signal of its own making in the middle of a burst: also where no handler can run on the program's stack,
 * where the fault's signal is blocked, ignored, or handled by somebody who cannot be reached. Every byte written before is in the file,
 * and the wait status is the same, with the flag of a core. Each in a forked child and in an executed one. */
/* coalesces: yes */
/* timeout: 120 */
#include "burst.h"
#include <glob.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/resource.h>

enum { LINES = 300 };

static int file;
static volatile int zero;

/* Instructions, because a compiler leaves out what must not happen. */
static void null_write(void)
{
	__asm__ volatile("movl $1, 0" ::: "memory");
}

static void divide(void)
{
	__asm__ volatile("xor %%ecx, %%ecx; mov $1, %%eax; cltd; idiv %%ecx" ::: "eax", "ecx", "edx");
}

static void breakpoint(void)
{
	__asm__ volatile("int3");
}

static void bad_instruction(void)
{
	__asm__ volatile("ud2");
}

static void privileged(void)
{
	__asm__ volatile("hlt");
}

static void jump_nowhere(void)
{
	__asm__ volatile("jmp *%0" ::"r"(16L));
}

static void not_canonical(void)
{
	__asm__ volatile("movl $1, (%0)" ::"r"(1ul << 63) : "memory");
}

static void lost_stack(void)
{
	__asm__ volatile("mov $8, %%rsp; push %%rax" ::: "memory");
}

static __attribute__((noinline)) int recurse(int depth)
{
	volatile char space[4096];

	space[depth % 4096] = (char)depth;
	return depth < 0 ? 0 : recurse(depth + 1) + space[depth % 4096];
}

static void overflow(void)
{
	zero = recurse(1);
}

static void beyond_a_file(void)
{
	volatile char *map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, open("/proc/self/exe", O_RDONLY), 1 << 30);
	burst(file, "mapped", 0, LINES);
	map[0] = 1;
}

static void own_abort(void)
{
	abort();
}

static void nothing(int number)
{
	(void)number;
}

static void bursts(int number)
{
	(void)number;
	burst(file, "handler", 0, LINES);
}

static void bursts_and_faults(int number)
{
	bursts(number);
	null_write();
}

static void faults(int number)
{
	(void)number;
	null_write();
}

static void catch(int number, void (*handler)(int), int flags, int mask)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

	if (mask)
		sigfillset(&action.sa_mask);
	sigaction(number, &action, NULL);
	burst(file, "set", 0, LINES);
}

static void abort_caught(void)
{
	catch(SIGABRT, bursts, 0, 0);
	abort();
}

static void abort_blocked(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	burst(file, "blocked", 0, LINES);
	abort();
}

/* the handler blocks everything: its own fault is answered by the kernel alone */
static void fault_in_full_handler(void)
{
	catch(SIGFPE, faults, 0, 1);
	divide();
}

static void fault_in_full_handler_behind_burst(void)
{
	catch(SIGFPE, bursts_and_faults, 0, 1);
	divide();
}

static void fault_in_raised_handler(void)
{
	catch(SIGUSR1, bursts_and_faults, 0, 1);
	raise(SIGUSR1);
}

static void fault_twice(void)
{
	catch(SIGSEGV, faults, 0, 0);
	null_write();
}

static void fault_blocked(void)
{
	sigset_t faults_only;

	sigemptyset(&faults_only);
	sigaddset(&faults_only, SIGSEGV);
	sigprocmask(SIG_BLOCK, &faults_only, NULL);
	burst(file, "blocked", 0, LINES);
	null_write();
}

static void fault_ignored(void)
{
	signal(SIGSEGV, SIG_IGN);
	burst(file, "ignored", 0, LINES);
	null_write();
}

static void trap_ignored(void)
{
	signal(SIGTRAP, SIG_IGN);
	burst(file, "ignored", 0, LINES);
	breakpoint();
}

/* a handler that would need the stack that is used up */
static void overflow_handled(void)
{
	catch(SIGSEGV, nothing, 0, 0);
	overflow();
}

static void lost_stack_handled(void)
{
	catch(SIGSEGV, nothing, 0, 0);
	lost_stack();
}

/* any handler needs it, also one for another signal */
static void trap_on_lost_stack(void)
{
	catch(SIGTRAP, nothing, 0, 0);
	__asm__ volatile("mov $8, %%rsp; int3" ::: "memory");
}

static void *alternate(void)
{
	stack_t own = {.ss_sp = malloc(1 << 16), .ss_size = 1 << 16};

	sigaltstack(&own, NULL);
	burst(file, "alternate", 0, LINES);
	return own.ss_sp;
}

static void overflow_on_own_stack(void)
{
	alternate();
	overflow();
}

static void overflow_handled_on_own_stack(void)
{
	alternate();
	catch(SIGSEGV, bursts_and_faults, SA_ONSTACK, 0);
	overflow();
}

static void sets_a_stack(int number)
{
	(void)number;
	alternate();
}

/* behind the handler's return there is none again, as before */
static void overflow_behind_a_stack_for_a_time(void)
{
	catch(SIGUSR1, sets_a_stack, 0, 0);
	raise(SIGUSR1);
	burst(file, "behind", 0, LINES);
	overflow();
}

static void own_stack_is_gone(void)
{
	stack_t own = {.ss_sp = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), .ss_size = 1 << 16};

	sigaltstack(&own, NULL);
	munmap(own.ss_sp, own.ss_size);
	burst(file, "gone", 0, LINES);
	null_write();
}

static void one_shot(void)
{
	catch(SIGSEGV, nothing, SA_RESETHAND, 0);
	null_write(); /* once more when the handler returns */
}

static void raise_term(void)
{
	raise(SIGTERM);
}

static void raise_quit(void)
{
	raise(SIGQUIT);
}

static void raise_sys(void)
{
	raise(SIGSYS);
}

static void raise_real_time(void)
{
	raise(SIGRTMIN + 3);
}

static void inline_kill(void)
{
	inline_call(SYS_kill, getpid(), SIGINT, 0, 0);
}

static void queue_last(void)
{
	sigqueue(getpid(), SIGRTMAX, (union sigval){7});
}

static void broken_pipe(void)
{
	int ends[2];

	if (pipe(ends))
		die("pipe");
	close(ends[0]);
	burst(file, "piped", 0, LINES);
	if (write(ends[1], "x", 1) != -1)
		_exit(93);
}

static void file_limit(void)
{
	struct rlimit limit = {1 << 16, 1 << 16};

	setrlimit(RLIMIT_FSIZE, &limit);
	burst(file, "limited", 0, 3000);
}

static void blocked_and_pending(void)
{
	sigset_t term;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	raise(SIGTERM);
	burst(file, "pending", 0, LINES);
	sigprocmask(SIG_UNBLOCK, &term, NULL);
}

#define WAY(name) {#name, name}
static const struct way {
	const char *name;
	void (*end)(void);
} ways[] = {
	WAY(null_write), WAY(divide), WAY(breakpoint), WAY(bad_instruction), WAY(privileged), WAY(jump_nowhere), WAY(not_canonical),
	WAY(lost_stack), WAY(overflow), WAY(beyond_a_file), WAY(own_abort), WAY(abort_caught), WAY(abort_blocked), WAY(fault_in_full_handler),
	WAY(fault_in_full_handler_behind_burst), WAY(fault_in_raised_handler), WAY(fault_twice), WAY(fault_blocked), WAY(fault_ignored),
	WAY(trap_ignored), WAY(overflow_handled), WAY(lost_stack_handled), WAY(trap_on_lost_stack), WAY(overflow_on_own_stack),
	WAY(overflow_handled_on_own_stack), WAY(overflow_behind_a_stack_for_a_time),
	WAY(own_stack_is_gone), WAY(one_shot), WAY(raise_term), WAY(raise_quit), WAY(raise_sys),
	WAY(raise_real_time), WAY(inline_kill), WAY(queue_last), WAY(broken_pipe), WAY(file_limit), WAY(blocked_and_pending),
};

static void begin(const struct way *way)
{
	file = create(way->name);
	burst(file, "before", 0, LINES);
	way->end();
	burst(file, "never", 0, 1);
	_exit(92);
}

/* The flag of a core is a part of the status: dumps are small, and taken away. */
static void cores(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_CORE, &limit);
	limit.rlim_cur = limit.rlim_max < 1 << 16 ? limit.rlim_max : 1 << 16;
	setrlimit(RLIMIT_CORE, &limit);
	/* a deep stack that is small enough to be filled soon */
	getrlimit(RLIMIT_STACK, &limit);
	limit.rlim_cur = limit.rlim_max < 1 << 20 ? limit.rlim_max : 1 << 20;
	setrlimit(RLIMIT_STACK, &limit);
}

static void no_cores(void)
{
	glob_t found;

	if (glob("core*", 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			unlink(found.gl_pathv[i]);
	globfree(&found);
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		who = "executed";
		begin(&ways[atoi(argv[1])]);
	}
	cores();
	for (int round = 0; round < 2; round++)
		for (unsigned w = 0; w < sizeof ways / sizeof *ways; w++) {
			char number[16];
			int status;
			snprintf(number, sizeof number, "%u", w);
			fflush(stdout);
			pid_t pid = fork();
			if (pid == 0 && round)
				execl("/proc/self/exe", argv[0], number, NULL);
			who = "forked";
			if (pid == 0)
				begin(&ways[w]);
			waitpid(pid, &status, 0);
			printf("%s: status %#x\n", ways[w].name, status);
			no_cores();
		}
	puts("done");
	return 0;
}
