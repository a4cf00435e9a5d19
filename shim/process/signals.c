/* Signals: every signal that is at its default and whose default ends the process leads to us, so that counters and log are complete
 * whatever ends it. Done only where a file was asked for; the program sees its own dispositions and its own alternate stack.
 *
 * Rules. SIG_IGN and the program's handlers stay in the kernel as they are. The handler gives the signal back with its own siginfo and
 * the default in place, so wait status and core are the native ones. It runs on an alternate stack of ours where the program has none,
 * so that a stack overflow is caught; until the program has a stack of its own, its handlers lose SA_ONSTACK and run where they would
 * natively. Nothing is hooked in pid 1 of a namespace (defaults do not kill it) or under an inherited filter. */
#include "life.h"
#include "../record/log.h"
#include "../sys/memory.h"

#include <linux/mman.h>
#include <linux/prctl.h>

#include "../sys/poison.h"

enum { SIGNALS = 64, SET = 8, STACK_SIZE = 64 << 10, SET_MASK = 2 };
enum { DISABLED = 2 /* SS_DISABLE */ };
#define ON_STACK 0x08000000ul
#define RESTORER 0x04000000ul
#define SIGINFO 4ul
/* What the kernel keeps of sa_flags (include/uapi/asm-generic/signal-defs.h, arch/x86/include/uapi/asm/signal.h; Linux 5.11). */
#define KNOWN_FLAGS (0xde000807ul)
#define BIT(signal) (1ul << ((signal) - 1))
/* KILL and STOP cannot be caught; CHLD CONT STOP TSTP TTIN TTOU URG WINCH do not end a process (signal(7)). */
#define NOT_HOOKED (BIT(9) | BIT(19) | BIT(17) | BIT(18) | BIT(20) | BIT(21) | BIT(22) | BIT(23) | BIT(28))
#define UNMASKABLE (BIT(9) | BIT(19))

struct action { /* struct kernel_sigaction of x86-64 */
	void *handler;
	uint64_t flags;
	void *restorer;
	uint64_t mask;
};

struct stack {
	void *at;
	int32_t flags;
	size_t size;
};

static struct {
	uint8_t on;            /* hooks stand, or stood and come back */
	uint8_t hooked;
	uint8_t stack_of_theirs; /* the program has set an alternate stack at some time: SA_ONSTACK means something */
	void *stack;           /* ours */
	struct action view[SIGNALS + 1]; /* of hooked signals: flags, mask and restorer that the program gave with SIG_DFL */
	uint64_t on_stack;     /* signals whose handlers lost SA_ONSTACK */
} signals;

void signal_return(void); /* entry.S */

static long set(int signal, const struct action *action, struct action *old)
{
	return RAW(__NR_rt_sigaction, signal, action, old, SET);
}

static void on_fatal(int signal, void *information, void *context)
{
	struct process *p = process;
	struct action fallback = {0, RESTORER, signal_return, 0};

	(void)context;
	if (p && p->alive == 1)
		death_signal(p, signal, information);
	/* Delivered when this handler returns, in the context that was interrupted: a core shows the program's own frames. */
	set(signal, &fallback, NULL);
	RAW(__NR_rt_tgsigqueueinfo, RAW(__NR_getpid), RAW(__NR_gettid), signal, information);
}

static void hook(int signal)
{
	struct action ours = {(void *)on_fatal, ON_STACK | RESTORER | SIGINFO, signal_return, ~0ul};

	set(signal, &ours, NULL);
}

static int is_hookable(int signal)
{
	return !(NOT_HOOKED >> (signal - 1) & 1);
}

static void install_stack(void)
{
	struct stack ours = {signals.stack, 0, STACK_SIZE};

	RAW(__NR_sigaltstack, &ours, 0);
}

void signals_hook(void)
{
	struct action now;

	if (!signals.on || signals.hooked)
		return;
	signals.hooked = 1;
	for (int i = 1; i <= SIGNALS; i++)
		if (is_hookable(i) && set(i, NULL, &now) == 0 && !now.handler) {
			signals.view[i] = now;
			hook(i);
		}
}

void signals_unhook(void)
{
	struct action now;

	if (!signals.hooked)
		return;
	signals.hooked = 0;
	for (int i = 1; i <= SIGNALS; i++)
		if (is_hookable(i) && set(i, NULL, &now) == 0 && now.handler == (void *)on_fatal)
			set(i, &signals.view[i], NULL);
}

void signals_start(struct process *p)
{
	struct stack now;

	if ((settings.stats != OUTPUT_PATH && settings.log == OUTPUT_OFF) || p->pid == 1 || RAW(__NR_prctl, PR_GET_SECCOMP) != 0)
		return;
	if (RAW(__NR_sigaltstack, 0, &now) == 0 && now.flags & DISABLED) {
		long at = RAW(__NR_mmap, 0, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (!is_error(at)) {
			signals.stack = (void *)at;
			install_stack();
		}
	}
	signals.on = 1;
	signals_hook();
}

/* What the program would read back. */
static struct action seen(int signal, const struct action *real)
{
	struct action a = *real;

	if (a.handler == (void *)on_fatal) {
		a = signals.view[signal];
		a.handler = 0;
	} else if (signals.on_stack & BIT(signal) && a.handler > (void *)1) {
		a.flags |= ON_STACK;
	}
	return a;
}

/* What is given to the kernel in its place. */
static struct action installed(int signal, const struct action *asked)
{
	struct action a = *asked;

	signals.on_stack &= ~BIT(signal);
	if (!a.handler && signals.hooked && is_hookable(signal)) {
		signals.view[signal] = *asked;
		signals.view[signal].mask &= ~UNMASKABLE;
		signals.view[signal].flags &= KNOWN_FLAGS;
		return (struct action){(void *)on_fatal, ON_STACK | RESTORER | SIGINFO, signal_return, ~0ul};
	}
	if (signals.stack && !signals.stack_of_theirs && a.flags & ON_STACK && a.handler > (void *)1) {
		signals.on_stack |= BIT(signal);
		a.flags &= ~ON_STACK;
	}
	return a;
}

static long action_locked(const struct call *call, int signal, const struct action *asked)
{
	struct action real, old, answer;
	struct call changed = *call;

	if (asked) {
		/* The old one is asked apart: `installed` overwrites what `seen` needs. */
		if (set(signal, NULL, &old) != 0)
			return kernel_call(call);
		answer = seen(signal, &old);
		real = installed(signal, asked);
		changed.arguments[1] = (uint64_t)&real;
		changed.arguments[2] = (uint64_t)&old;
	} else {
		changed.arguments[2] = (uint64_t)&old;
	}
	long result = kernel_call(&changed);
	if (result != 0)
		return result;
	if (!asked)
		answer = seen(signal, &old);
	if (call->arguments[2] && memory_write((void *)call->arguments[2], &answer, sizeof answer) != sizeof answer)
		return -EFAULT;
	return 0;
}

long signals_action(struct process *p, const struct call *call)
{
	int signal = (int)call->arguments[0];
	struct action asked;
	uint64_t mask;

	/* What the kernel refuses is left to it, and a vfork child changes its own dispositions only. */
	if (!signals.on || p->sealed || signal < 1 || signal > SIGNALS || call->arguments[3] != SET || !process_is_ours(p) ||
	    (call->arguments[1] && memory_read(&asked, call->arguments[1], sizeof asked) != sizeof asked) ||
	    !lock_take(&p->signal_lock, &mask))
		return kernel_call(call);
	long result = action_locked(call, signal, call->arguments[1] ? &asked : NULL);
	lock_release(&p->signal_lock, &mask);
	return result;
}

static void give_on_stack_back(void)
{
	struct action now;

	signals.stack_of_theirs = 1;
	for (int i = 1; i <= SIGNALS; i++)
		if (signals.on_stack & BIT(i) && set(i, NULL, &now) == 0 && now.handler > (void *)1) {
			now.flags |= ON_STACK;
			set(i, &now, NULL);
		}
	signals.on_stack = 0;
}

static long stack_locked(struct process *p, const struct call *call, const struct stack *asked)
{
	struct stack old;
	struct call changed = *call;

	changed.arguments[1] = (uint64_t)&old;
	long result = kernel_call(&changed);
	if (result != 0)
		return result;
	if (asked && !(asked->flags & DISABLED))
		give_on_stack_back();
	/* A thread's stack is its own business. */
	if (asked && asked->flags & DISABLED && RAW(__NR_gettid) == p->pid)
		install_stack();
	if (old.at == signals.stack)
		old = (struct stack){NULL, DISABLED, 0};
	if (call->arguments[1] && memory_write((void *)call->arguments[1], &old, sizeof old) != sizeof old)
		return -EFAULT;
	return 0;
}

long signals_stack(struct process *p, const struct call *call)
{
	struct stack asked;
	uint64_t mask;

	if (!signals.on || !signals.stack || p->sealed || !process_is_ours(p) ||
	    (call->arguments[0] && memory_read(&asked, call->arguments[0], sizeof asked) != sizeof asked) ||
	    !lock_take(&p->signal_lock, &mask))
		return kernel_call(call);
	long result = stack_locked(p, call, call->arguments[0] ? &asked : NULL);
	lock_release(&p->signal_lock, &mask);
	return result;
}
