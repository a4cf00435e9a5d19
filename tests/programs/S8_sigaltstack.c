/* The program's alternate signal stack in the middle of bursts: none, a small one, a large one, one that comes and goes, asked for at every
 * moment, also inside its handlers and with SA_ONSTACK where there is none. Its handlers run where they natively would, and what it is
 * told is its own. (Set inside a handler: S8_set_in_a_handler.c.) */
/* coalesces: yes */
/* timeout: 120 */
#include "burst.h"
#include <setjmp.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif
enum { LARGE = 1 << 17, AUTODISARM = (int)(1u << 31) };

static int file, lines;
static char *small, *large, *third;
static size_t small_size; /* enough for the kernel's frame and our handler, and for little else */
static const char *step;
static sigjmp_buf back;

static const char *name_of(const void *at)
{
	return !at ? "nothing" : at == small ? "small" : at == large ? "large" : at == third ? "third" : "somebody's";
}

static const char *where(const void *at)
{
	const char *address = at;

	return address >= small && address < small + small_size ? "small" : address >= large && address < large + LARGE ? "large" :
	       address >= third && address < third + LARGE ? "third" : "elsewhere";
}

static void more(void)
{
	burst(file, "main", lines, lines + 120);
	lines += 120;
}

static void ask(const char *when)
{
	stack_t now;

	memset(&now, 0x55, sizeof now);
	int result = sigaltstack(NULL, &now);
	/* of an absent one the kernel tells no address that means anything */
	printf("%s, %s: %d, %s, size %zu, flags %#x\n", step, when, result, now.ss_flags & SS_DISABLE ? "-" : name_of(now.ss_sp),
	       now.ss_flags & SS_DISABLE ? 0 : now.ss_size, (unsigned)now.ss_flags);
}

static void set(char *at, size_t size, int flags)
{
	stack_t stack = {.ss_sp = at, .ss_size = size, .ss_flags = flags}, old = {.ss_flags = 77};
	int result = sigaltstack(&stack, &old);

	printf("%s, set %s: %d %d, old %s %#x\n", step, name_of(at), result, result ? errno : 0, old.ss_flags & SS_DISABLE ? "-" : name_of(old.ss_sp), (unsigned)old.ss_flags);
}

static void handle(int number, siginfo_t *info, void *context)
{
	const ucontext_t *frame = context;
	char here;

	(void)info;
	/* Where the program has no stack the frame, which the kernel writes, may name the shim's: only its own are told. */
	const void *in_frame = frame->uc_stack.ss_sp;
	int own = in_frame == small || in_frame == large || in_frame == third;
	printf("%s, handler %d: on %s, frame says %s %#x\n", step, number, where(&here), own ? name_of(in_frame) : "none",
	       own ? (unsigned)frame->uc_stack.ss_flags : 0);
	ask("inside");
	more();
}

static void handle_overflow(int number)
{
	char here;

	(void)number;
	printf("%s: overflow, on %s\n", step, where(&here));
	more();
	siglongjmp(back, 1);
}

static __attribute__((noinline)) int recurse(int depth)
{
	volatile char space[4096];

	space[depth % 4096] = (char)depth;
	return depth < 0 ? 0 : recurse(depth + 1) + space[depth % 4096];
}

static void catch(int number, int flags)
{
	struct sigaction action = {.sa_sigaction = handle, .sa_flags = flags | SA_SIGINFO}, now;

	sigaction(number, &action, NULL);
	sigaction(number, NULL, &now);
	printf("%s, handler's flags %#x\n", step, now.sa_flags & ~0x4000000);
}

static void raise_both(void)
{
	more();
	raise(SIGUSR1); /* with SA_ONSTACK */
	more();
	raise(SIGUSR2); /* without */
	more();
	inline_call(SYS_kill, getpid(), SIGUSR1, 0, 0);
	more();
}

static void begin(const char *what)
{
	step = what;
	catch(SIGUSR1, SA_ONSTACK);
	catch(SIGUSR2, 0);
	more();
	ask("first");
}

static void nobody_set_one(void)
{
	begin("absent");
	raise_both();
	ask("last");
}

static void comes_and_goes(void)
{
	begin("comes");
	set(large, LARGE, 0);
	ask("large");
	raise_both();
	set(third, LARGE, 0);
	raise_both();
	set(NULL, 0, SS_DISABLE);
	raise_both();
	ask("gone");
	set(large, LARGE, AUTODISARM);
	ask("autodisarm");
	raise_both();
	ask("behind autodisarm");
	set(large, 100, 0); /* ENOMEM */
	set(large, LARGE, 5); /* EINVAL */
	ask("refused");
	more();
}

static void small_one(void)
{
	begin("small");
	set(small, small_size, 0);
	ask("small");
	raise_both();
	set(large, LARGE, 0);
	raise_both();
	ask("last");
}

static void overflows(void)
{
	struct sigaction action = {.sa_handler = handle_overflow, .sa_flags = SA_ONSTACK};

	begin("overflow");
	set(large, LARGE, 0);
	sigaction(SIGSEGV, &action, NULL);
	for (int i = 0; i < 3; i++) {
		more();
		if (sigsetjmp(back, 1) == 0)
			recurse(1);
		more();
		ask("caught");
	}
	signal(SIGSEGV, SIG_DFL);
	raise_both();
}

/* a child has the stack of its parent; an executed program has none */
static void inherited(void)
{
	int status;

	begin("inherited");
	set(large, LARGE, 0);
	more();
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		step = "grandchild";
		lines = 0;
		file = create("grandchild");
		more();
		raise_both();
		ask("last");
		fflush(stdout);
		execl("/proc/self/exe", "S8", "executed", NULL);
	}
	waitpid(pid, &status, 0);
	more();
	ask("behind the fork");
	raise_both();
}

static void (*const all[])(void) = {nobody_set_one, comes_and_goes, small_one, overflows, inherited};

static void body(const void *with)
{
	void (*const *function)(void) = with;

	lines = 0;
	file = create(step);
	(*function)();
	close(file);
}

int main(int argc, char **argv)
{
	static const char *const names[] = {"absent", "comes", "small", "overflow", "inherited"};

	(void)argv;
	step = "executed";
	if (argc > 1) {
		file = create("executed");
		more();
		ask("first");
		return 0;
	}
	/* The small one has a guard below. */
	char *guarded = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mprotect(guarded, 4096, PROT_NONE);
	small = guarded + 4096;
	small_size = (getauxval(AT_MINSIGSTKSZ) ? getauxval(AT_MINSIGSTKSZ) : 2048) + 4000;
	large = malloc(LARGE);
	third = malloc(LARGE);
	static char out[4096];
	setvbuf(stdout, out, _IOFBF, sizeof out);
	for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
		/* each in a process whose parent has coalesced, and in one of its own kind */
		step = names[i];
		who = "child";
		printf("child's status %#x\n", in_child(body, &all[i]));
	}
	for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
		step = names[i];
		who = "first";
		body(&all[i]);
		set(NULL, 0, SS_DISABLE);
	}
	puts("done");
	return 0;
}
