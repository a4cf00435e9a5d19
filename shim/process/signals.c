/* Signals: every signal that is at its default and whose default ends the process leads to us, so that buffered bytes, counters and log
 * are complete whatever ends it. Done only where a file was asked for, and while bytes may be buffered (arm.c); the program sees its own
 * dispositions, masks and alternate stack. While armed SIGSYS is never blocked: signal 33 stands for it in every mask of the program.
 *
 * Rules. SIG_IGN and the program's handlers stay in the kernel as they are. The handler gives the signal back with its own siginfo and
 * the default in place, so wait status and core are the native ones. It runs on an alternate stack of ours where the program has none,
 * so that a stack overflow is caught; until the program has a stack of its own, or threads, its handlers lose SA_ONSTACK and run where they would
 * natively. Nothing is hooked in pid 1 of a namespace (defaults do not kill it) or under an inherited filter. */
#include "life.h"
#include "../record/log.h"
#include "../sys/memory.h"

#include <linux/mman.h>

#include "../sys/poison.h"

enum { SIGNALS = 64, SET = 8, STACK_SIZE = 64 << 10, SET_MASK = 2, STACK_SPARE = 4096 };
enum { TRAP = 5, BUS = 7, KILL = 9, SEGV = 11, STOP = 19, TSTP = 20, BY_TIMER = -2 /* SI_TIMER */, MEMORY_LATER = 5 /* BUS_MCEERR_AO */, IO = 29, SYS = 31, PROXY = 33 };
#define ON_STACK 0x08000000ul
#define RESTART 0x10000000ul
#define RESTORER 0x04000000ul
#define ONE_SHOT 0x80000000ul
#define SIGINFO 4ul
#define SIGNAL_IGNORED ((void *)1)
/* What the kernel keeps of sa_flags (include/uapi/asm-generic/signal-defs.h, arch/x86/include/uapi/asm/signal.h; Linux 5.11). */
#define KNOWN_FLAGS (0xde000807ul)
#define BIT(signal) (1ul << ((signal) - 1))
/* KILL and STOP cannot be caught; CHLD CONT STOP TSTP TTIN TTOU URG WINCH do not end a process (signal(7)); 32 and 33 are glibc's. */
#define NOT_HOOKED (BIT(9) | BIT(19) | BIT(17) | BIT(18) | BIT(20) | BIT(21) | BIT(22) | BIT(23) | BIT(28) | BIT(32) | BIT(33))
#define FAULTS (BIT(SEGV) | BIT(BUS) | BIT(4) | BIT(5) | BIT(8)) /* and ILL, TRAP, FPE: the processor's own */
#define UNMASKABLE (BIT(9) | BIT(19))
#define NOT_PROGRAMS (BIT(SYS) | BIT(32) | BIT(PROXY)) /* glibc's for threads, and what we use */
_Static_assert(CAME_ENDS == BIT(SYS), "no other signal's bit");

struct action { /* struct kernel_sigaction of x86-64 */
	void *handler;
	uint64_t flags;
	void *restorer;
	uint64_t mask;
};

enum holder {
	HOLD_RECORD = 1, /* a file was asked for */
	HOLD_BATCH = 2   /* bytes may be buffered */
};

static struct {
	uint8_t holders;         /* who needs the hooks; 0: the kernel has what the program has set */
	uint8_t hooked;          /* they stand; between a vfork and its child's end they do not */
	uint8_t was_proxied;     /* it has been so at some time */
	uint8_t proxied;         /* signal 33 stands for SIGSYS in every mask of the program */
	uint8_t stood_in;        /* it has done so in one at some time: a frame of a handler may still hold it */
	uint8_t stack_installed; /* our alternate stack is in force, because the program has none */
	uint8_t dirty;           /* bytes may be buffered: SIGTSTP and the ignored faults lead to us */
	uint64_t ignored;        /* fault signals that the program ignores */
	void *stack;             /* ours; never given back */
	uint64_t stack_least;    /* an alternate stack of the program must have this size */
	struct action view[SIGNALS + 1]; /* of hooked signals: flags, mask and restorer that the program gave with SIG_DFL */
	uint64_t fatal, others;  /* where on_fatal stands, and where something that is neither that nor the default, as far as we know */
	uint64_t on_stack;       /* signals whose handlers lost SA_ONSTACK */
	uint64_t masks_sys, masks_proxy; /* signals whose sa_mask has SIGSYS, 33 in the program's view */
} signals;

void signal_return(void); /* entry.S */

/* A handler of ours, as the kernel has it then. */
static struct action our_action(void *handler)
{
	return (struct action){handler, ON_STACK | RESTART | RESTORER | SIGINFO, signal_return, ~UNMASKABLE};
}

static long set(int signal, const struct action *action, struct action *old)
{
	return RAW(__NR_rt_sigaction, signal, action, old, SET);
}

/* The source of a coalesced write is a mapped file that somebody has truncated: the copy says so, and the kernel gets the write. A signal
 * that somebody has sent (code <= 0) is no fault, wherever it comes. */
static int is_failed_copy(const struct signal_information *information, struct signal_frame *frame)
{
	if (information->code <= 0 || information->code == MEMORY_LATER || frame->rip < (uint64_t)program_copy || frame->rip >= (uint64_t)program_copy_end)
		return 0;
	frame->rip = (uint64_t)program_copy_failed;
	return 1;
}

/* Stands in front of the program's own handlers for faults while armed. What is not our copy's: nothing is buffered any more, the kernel gets
 * the program's disposition back, and the fault happens again, or the signal is sent again. */
static void on_fault(int signal, struct signal_information *information, struct signal_frame *frame)
{
	struct process *p = process;

	if (is_failed_copy(information, frame))
		return;
	/* Sent to a program that ignores it. A real fault is not ignored by the kernel either: it kills when it happens again. */
	int sent = information->code <= 0 || information->code == MEMORY_LATER;
	if (sent && signals.view[signal].handler == SIGNAL_IGNORED)
		return;
	blocked_enter();
	if (p && p->alive == 1 && batch && process_is_ours(p))
		arm_let_go(p, batch, LET_GO_FAULT, REACH_PROCESS, frame);
	else
		set(signal, &signals.view[signal], NULL);
	blocked_leave();
	/* A trap does not happen again: it stands behind its instruction. */
	if (signal == TRAP && signals.view[signal].handler == SIGNAL_IGNORED)
		set(signal, &(struct action){0, RESTORER, signal_return, 0}, NULL);
	if (sent || signal == TRAP)
		RAW(__NR_rt_tgsigqueueinfo, RAW(__NR_getpid), RAW(__NR_gettid), signal, information);
}

static void on_fatal(int signal, void *information, void *context)
{
	struct process *p = process;
	struct action fallback = {0, RESTORER, signal_return, 0};

	if ((signal == BUS || signal == SEGV) && is_failed_copy(information, context))
		return;
	blocked_enter();
	if (p && p->alive == 1) {
		if (batch && process_is_ours(p))
			batch_flush(p, batch, END_SIGNAL, BATCH_NO_WAIT);
		death_signal(p, signal, information);
	}
	/* Delivered when this handler returns, in the context that was interrupted: a core shows the program's own frames. */
	set(signal, &fallback, NULL);
	/* Where nothing can be queued (RLIMIT_SIGPENDING) one by kill goes all the same (kernel/signal.c, __send_signal_locked). */
	if (RAW(__NR_rt_tgsigqueueinfo, RAW(__NR_getpid), RAW(__NR_gettid), signal, information) != 0)
		RAW(__NR_kill, RAW(__NR_getpid), signal);
	blocked_leave();
}

/* Stops here as the default would, with nothing buffered. */
static void on_stop(int signal, void *information, void *context)
{
	struct process *p = process;
	struct action fallback = {0, RESTORER, signal_return, 0}, ours;
	uint64_t stop = BIT(TSTP);

	(void)information;
	(void)context;
	blocked_enter();
	if (p && p->alive == 1 && batch && process_is_ours(p))
		batch_flush(p, batch, END_SIGNAL, BATCH_NO_WAIT);
	blocked_leave();
	set(signal, &fallback, &ours);
	RAW(__NR_tgkill, RAW(__NR_getpid), RAW(__NR_gettid), signal);
	RAW(__NR_rt_sigprocmask, 1 /* SIG_UNBLOCK */, &stop, 0, SET);
	RAW(__NR_rt_sigprocmask, 0 /* SIG_BLOCK */, &stop, 0, SET);
	set(signal, &ours, NULL);
}

static int is_hookable(int signal)
{
	return !(NOT_HOOKED & BIT(signal)) && !(signal == SYS && signals.proxied);
}

static int is_handler(const void *handler)
{
	return handler > (const void *)1;
}

static int install_stack(void)
{
	struct signal_stack ours = {signals.stack, 0, STACK_SIZE};

	if (!signals.stack) {
		long at = RAW(__NR_mmap, 0, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (is_error(at))
			return 0;
		ours.at = signals.stack = (void *)at;
	}
	signals.stack_installed = RAW(__NR_sigaltstack, &ours, 0) == 0;
	return signals.stack_installed;
}

/* What the program would read back. */
static struct action seen(int signal, const struct action *real)
{
	struct action a = *real;

	if (a.handler == (void *)on_fatal || a.handler == (void *)on_stop || (signal == SYS && signals.proxied)) {
		a = signals.view[signal];
		a.handler = 0;
		return a;
	}
	if (a.handler == (void *)on_fault)
		return signals.view[signal];
	if (signals.on_stack & BIT(signal) && is_handler(a.handler))
		a.flags |= ON_STACK;
	if (signals.masks_sys & BIT(signal))
		a.mask = (a.mask & ~BIT(PROXY)) | BIT(SYS) | (signals.masks_proxy & BIT(signal) ? BIT(PROXY) : 0);
	return a;
}

static struct action chosen(int signal, const struct action *asked)
{
	struct action a = *asked;

	signals.on_stack &= ~BIT(signal);
	signals.masks_sys &= ~BIT(signal);
	signals.ignored &= ~BIT(signal);
	if (a.handler == SIGNAL_IGNORED)
		signals.ignored |= FAULTS & BIT(signal);
	if (!a.handler && signals.hooked && is_hookable(signal)) {
		signals.view[signal] = *asked;
		signals.view[signal].mask &= ~UNMASKABLE;
		signals.view[signal].flags &= KNOWN_FLAGS;
		return our_action((void *)on_fatal);
	}
	if (!is_handler(a.handler))
		return a;
	if (FAULTS & BIT(signal) && signals.proxied) {
		signals.view[signal] = *asked;
		signals.view[signal].mask &= ~UNMASKABLE;
		signals.view[signal].flags &= KNOWN_FLAGS;
		return (struct action){(void *)on_fault, ON_STACK | (a.flags & RESTART) | RESTORER | SIGINFO, signal_return, ~0ul};
	}
	if (signals.stack_installed && a.flags & ON_STACK) {
		signals.on_stack |= BIT(signal);
		a.flags &= ~ON_STACK;
	}
	if (signals.proxied && a.mask & BIT(SYS)) {
		signals.masks_sys |= BIT(signal);
		signals.stood_in = 1;
		signals.masks_proxy = (signals.masks_proxy & ~BIT(signal)) | (a.mask & BIT(PROXY) ? BIT(signal) : 0);
		a.mask = (a.mask & ~BIT(SYS)) | BIT(PROXY);
	}
	return a;
}

/* What apply_believed goes by. */
static void know(int signal, const void *handler)
{
	int is_fatal = handler == (void *)on_fatal;

	signals.fatal = (signals.fatal & ~BIT(signal)) | (is_fatal ? BIT(signal) : 0);
	signals.others = (signals.others & ~BIT(signal)) | (handler && !is_fatal ? BIT(signal) : 0);
}

uint64_t signals_came(uint64_t held)
{
	uint64_t came = 0;
	struct action a;

	for (int i = 1; i <= SIGNALS; i++) {
		if (!(held & BIT(i) & ~NOT_PROGRAMS) || set(i, NULL, &a) != 0)
			continue;
		a = seen(i, &a);
		if (is_handler(a.handler))
			came |= BIT(i) | (a.flags & RESTART ? 0 : CAME_ENDS);
	}
	return came;
}

/* What is given to the kernel in its place, in the present state. */
static struct action installed(int signal, const struct action *asked)
{
	struct action a = chosen(signal, asked);

	know(signal, a.handler);
	return a;
}

static int is_same(const struct action *a, const struct action *b)
{
	return a->handler == b->handler && a->flags == b->flags && a->mask == b->mask;
}

/* `real` is the program's and ours so far, and `stands` is in the kernel. */
static void settle(int signal, const struct action *real, const struct action *stands)
{
	struct action view = seen(signal, real), wanted = installed(signal, &view);

	if (!is_same(&wanted, stands))
		set(signal, &wanted, NULL);
}

/* Sets first and looks at what was there, which is what we believe but for who changes it past us: half the calls. Nobody else is there and no signal comes, so
 * nobody meets what stands meanwhile. 0: nothing was done. */
static int apply_believed(int signal)
{
	struct action believed = signals.view[signal], wanted, real;

	believed.handler = 0;
	if (signals.fatal & BIT(signal))
		believed = our_action((void *)on_fatal);
	else if (signals.others & BIT(signal))
		return 0;
	struct action view = seen(signal, &believed);
	wanted = installed(signal, &view);
	if (is_same(&wanted, &believed) || set(signal, &wanted, &real) != 0)
		return 0;
	if (!is_same(&real, &believed))
		settle(signal, &real, &wanted);
	return 1;
}

/* Brings the kernel's dispositions to what the present state asks for. Signals blocked by the caller, or one thread; passing: where both, those of which none is pending. NB: what the
 * program blocks may be pending although it is ignored, and SIG_IGN set anew would discard it (kernel/signal.c, do_sigaction). */
static void apply_how(uint64_t passing)
{
	struct action real;

	for (int i = 1; i <= SIGNALS; i++) {
		if (BIT(i) & UNMASKABLE || (i == SYS && signals.proxied) || (passing & BIT(i) && apply_believed(i)) || set(i, NULL, &real) != 0)
			continue;
		if (real.handler == SIGNAL_IGNORED)
			know(i, real.handler);
		else if (real.handler != (void *)on_stop && (real.handler != (void *)on_fault || signals.view[i].handler != SIGNAL_IGNORED))
			settle(i, &real, &real);
	}
}

static void apply(void)
{
	apply_how(0);
}

/* Another thread may just be setting a disposition. */
static void hook(struct process *p, int on)
{
	uint64_t mask;
	int is_mine = process_lock(p, &p->signal_lock, &mask);

	if (signals.hooked != on) {
		if (!on)
			signals_dirty(0);
		signals.hooked = (uint8_t)on;
		uint64_t pending = ~0ul;
		if (is_mine && process_is_alone(p))
			RAW(__NR_rt_sigpending, &pending, SET);
		/* At the start nobody knows yet what is ignored, and what is blocked may come at any moment. */
		apply_how(~pending & (signals.fatal | signals.others ? ~0ul : ~mask));
	}
	if (is_mine)
		lock_release(&p->signal_lock, &mask);
}

void signals_hook(struct process *p)
{
	if (signals.holders && !p->sealed)
		hook(p, 1);
}

void signals_unhook(struct process *p)
{
	if (signals.hooked)
		hook(p, 0);
}

void signals_first_pid(struct process *p)
{
	signals.holders &= (uint8_t)~HOLD_RECORD;
	signals_unhook(p);
}

static int is_on_ours(uint64_t address)
{
	return signals.stack && address - (uint64_t)signals.stack < STACK_SIZE;
}

/* Frames of the program's handlers from `from` on, up the stack, hold our alternate stack, which their return would bring back unseen, for handlers that natively run on no such
 * stack and may need more; and signal 33. Nobody but the kernel writes down where ours is, so what says so is such a frame, or the program's copy of one. In the lowest page of our
 * stack, where no handler of ours comes, is room to look through them. */
static __attribute__((noinline)) void frames_forget(uint64_t from)
{
	enum { REACH = 256 << 10, PAGE = 4096, MASK = offsetof(struct signal_frame, mask) - offsetof(struct signal_frame, stack) };
	static const struct signal_stack none = {NULL, STACK_DISABLED, 0};
	const uint64_t *words = signals.stack;
	uint64_t mask, size;
	struct signal_stack found;

	from &= ~7ul;
	for (uint64_t at = from; at < from + REACH; at += size) {
		size = PAGE - at % PAGE;
		if (memory_read(signals.stack, at, size) != (long)size)
			return;
		for (unsigned i = 0; i < size / sizeof *words; i++) {
			uint64_t place = at + i * sizeof *words;
			if (words[i] != (uint64_t)signals.stack || memory_read(&found, place, sizeof found) != sizeof found || found.flags || found.size != STACK_SIZE)
				continue;
			memory_write((void *)place, &none, sizeof none);
			if (memory_read(&mask, place + MASK, SET) != SET || !(mask & BIT(PROXY)) || mask & BIT(32))
				continue;
			mask = (mask & ~BIT(PROXY)) | BIT(SYS);
			memory_write((void *)(place + MASK), &mask, SET);
		}
	}
}

/* NB: whether handlers run on an alternate stack is said for all threads at once, and each may have one. */
void signals_share(struct process *p)
{
	struct signal_stack none = {NULL, STACK_DISABLED, 0};
	uint64_t mask;

	if (!signals.stack_installed || p->sealed || !process_lock(p, &p->signal_lock, &mask))
		return;
	if (RAW(__NR_sigaltstack, &none, 0) == 0) {
		frames_forget((uint64_t)__builtin_frame_address(0));
		signals.stack_installed = 0;
		apply();
	}
	lock_release(&p->signal_lock, &mask);
}

void signals_start(struct process *p)
{
	struct signal_stack now;

	/* NB: where libc is not rewritten the program's sigaction is not seen, and would show it our handlers. */
	if ((settings.stats != OUTPUT_PATH && (settings.log == OUTPUT_OFF || !settings.log_asked)) || !inherited.rewriting || p->pid == 1 || filtered_at_start)
		return;
	if (RAW(__NR_sigaltstack, 0, &now) == 0 && now.flags & STACK_DISABLED)
		install_stack();
	signals.holders = HOLD_RECORD;
	signals_hook(p);
}

void signals_knows_frames(uint64_t least)
{
	signals.stack_least = 2 * (least ? least : 2048) + 2 * STACK_SPARE;
}

/* What a handler of the program means for coalescing. */
static enum let_go objection(int signal, const struct action *action)
{
	if (!is_handler(action->handler))
		return action->handler && signal == SYS ? LET_GO_SIGSYS : LET_GO_NOT;
	if (signal == SYS)
		return LET_GO_SIGSYS;
	/* The rest is about buffered bytes. */
	if (!settings.batch)
		return LET_GO_NOT;
	/* A fault within it would kill at once, past our handler, with what was buffered before. */
	if (FAULTS & BIT(signal))
		return LET_GO_NOT; /* on_fault stands in front of it */
	if (action->mask & FAULTS)
		return LET_GO_FULL_HANDLER;
	/* A write to a pipe whose other end is here (O_ASYNC), or into a folder that is watched (F_NOTIFY), tells of itself before it is over. */
	if (signal == IO)
		return LET_GO_ASYNC_IO;
	/* The kernel resets it behind our back, to a default that would not lead to us. */
	return action->flags & ONE_SHOT ? LET_GO_ONE_SHOT : LET_GO_NOT;
}

enum let_go signals_arm(void)
{
	struct signal_stack stack;
	struct action real;
	enum let_go why = LET_GO_NOT;

	signals.ignored = 0;
	for (int i = 1; i <= SIGNALS && !why; i++) {
		if (set(i, NULL, &real) != 0 || real.handler == (void *)on_fatal)
			continue;
		why = objection(i, &real);
		if (real.handler == SIGNAL_IGNORED)
			signals.ignored |= FAULTS & BIT(i);
	}
	if (why || RAW(__NR_sigaltstack, 0, &stack) != 0)
		return why ? why : LET_GO_SMALL_STACK;
	if (stack.flags & STACK_DISABLED && !install_stack())
		return LET_GO_NO_MEMORY;
	if (!(stack.flags & STACK_DISABLED) && stack.at != signals.stack && stack.size < signals.stack_least)
		return LET_GO_SMALL_STACK;
	if (set(SYS, NULL, &real) == 0 && !real.handler)
		signals.view[SYS] = real;
	signals.holders |= HOLD_BATCH;
	signals.was_proxied = signals.proxied = signals.hooked = 1;
	apply();
	return LET_GO_NOT;
}

uint64_t signals_real_mask(uint64_t view)
{
	if (!signals.proxied || !(view & BIT(SYS)))
		return view;
	signals.stood_in = 1;
	return (view & ~BIT(SYS)) | BIT(PROXY);
}

uint64_t signals_view_mask(uint64_t real)
{
	/* A mask with 32 has 33 as well: the two are glibc's, and only who blocks everything blocks them. */
	if (!signals.proxied || !(real & BIT(PROXY)))
		return real;
	return (real | BIT(SYS)) & (real & BIT(32) ? ~0ul : ~BIT(PROXY));
}

/* Takes our own ticks out of what is pending of SIGSYS, which is blocked. Somebody else's stays: one at most, as the kernel keeps one. */
static __attribute__((noinline)) void take_ticks(void)
{
	static const uint64_t sys = BIT(SYS), now[2] = {0, 0};
	struct signal_information other;
	union {
		struct signal_information information;
		char space[128]; /* of siginfo_t */
	} found;
	int have = 0;

	while (RAW(__NR_rt_sigtimedwait, &sys, &found, now, SET) == SYS) {
		if (found.information.code == BY_TIMER && found.information.timer.value == LATENCY_VALUE)
			continue;
		other = found.information;
		have = 1;
	}
	if (!have)
		return;
	memset(&found, 0, sizeof found);
	found.information = other;
	RAW(__NR_rt_tgsigqueueinfo, RAW(__NR_getpid), RAW(__NR_gettid), SYS, &found);
}

void signals_disarm(uint64_t *mask)
{
	struct signal_stack stack, none = {NULL, STACK_DISABLED, 0};

	signals_dirty(0);
	/* NB order: with the default a tick would kill. Ignoring for a moment would discard it too, but also what somebody sends. */
	take_ticks();
	set(SYS, &signals.view[SYS], NULL);
	signals.holders &= ~HOLD_BATCH;
	*mask = signals_view_mask(*mask);
	/* Within a handler of ours it is done from its frame on (signals_leave). */
	if (signals.stack && !signals.holders && !is_on_ours((uint64_t)__builtin_frame_address(0)))
		frames_forget((uint64_t)__builtin_frame_address(0));
	signals.proxied = 0;
	signals.hooked = signals.holders != 0;
	apply();
	if (signals.holders || !signals.stack_installed || RAW(__NR_sigaltstack, 0, &stack) != 0 || stack.at != signals.stack ||
	    stack.flags & STACK_IN_USE)
		return;
	RAW(__NR_sigaltstack, &none, 0);
	signals.stack_installed = 0;
	apply();
}

static void stand(int signal, void *handler, void *in_place_of)
{
	struct action next = our_action(handler), real;

	if (set(signal, NULL, &real) != 0 || real.handler != in_place_of)
		return;
	signals.view[signal] = real;
	set(signal, &next, NULL);
}

static void step_aside(int signal, const void *handler)
{
	struct action real;

	if (set(signal, NULL, &real) == 0 && real.handler == handler)
		set(signal, &signals.view[signal], NULL);
}

void signals_dirty(int on)
{
	if (signals.dirty == on || (on && !(signals.holders & HOLD_BATCH)))
		return;
	signals.dirty = (uint8_t)on;
	if (on)
		stand(TSTP, (void *)on_stop, NULL);
	else
		step_aside(TSTP, (void *)on_stop);
	for (int i = 1; signals.ignored >> (i - 1); i++) {
		if (!(signals.ignored & BIT(i)))
			continue;
		if (on)
			stand(i, (void *)on_fault, SIGNAL_IGNORED);
		else
			step_aside(i, (void *)on_fault);
	}
}

void signals_returning(struct signal_frame *frame)
{
	if (!signals.proxied)
		return;
	frame->mask = signals_real_mask(frame->mask);
	/* What stood when the handler began comes back: the program's own stack, or none of it, and then ours. NB: one that was never set has no flag (fs/exec.c, begin_new_exec). */
	int none = frame->stack.flags & STACK_DISABLED || !frame->stack.size || frame->stack.at == signals.stack;
	if (none && signals.stack)
		frame->stack = (struct signal_stack){signals.stack, 0, STACK_SIZE};
	if (signals.stack_installed != (none && signals.stack)) {
		signals.stack_installed = none && signals.stack;
		apply();
	}
}

void signals_leave(struct signal_frame *frame)
{
	if (signals.holders || !signals.stack)
		return;
	frames_forget(frame->rsp);
	if (frame->stack.at != signals.stack)
		return;
	frame->stack = (struct signal_stack){NULL, STACK_DISABLED, 0};
	signals.stack_installed = 0;
	apply();
}

int signals_mask_may_be_wrong(void)
{
	return signals.stood_in && !signals.proxied;
}

/* Frames of handlers that stood when we let go still hold our alternate stack and signal 33: their return brings both back, unseen. So what
 * the program asks for is put right before the kernel answers; and its mask before what goes by it. */
void signals_repair_mask(void)
{
	uint64_t mask;

	if (signals_mask_may_be_wrong() && RAW(__NR_rt_sigprocmask, SET_MASK, 0, &mask, SET) == 0 && mask & BIT(PROXY) && !(mask & BIT(32))) {
		mask = (mask & ~BIT(PROXY)) | BIT(SYS);
		RAW(__NR_rt_sigprocmask, SET_MASK, &mask, 0, SET);
	}
}

void signals_repair_stack(void)
{
	struct signal_stack stack, none = {NULL, STACK_DISABLED, 0};

	if (signals.proxied || !signals.was_proxied)
		return;
	if (!signals.holders && RAW(__NR_sigaltstack, 0, &stack) == 0 && stack.at == signals.stack && !(stack.flags & (STACK_IN_USE | STACK_DISABLED)))
		RAW(__NR_sigaltstack, &none, 0);
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

/* A child in our memory changes its own dispositions only; those that it has of us are shown to it as to the program. */
static long action_of_child(const struct call *call, int signal)
{
	struct action old;
	struct call changed = *call;

	if (!call->arguments[2])
		return kernel_call(call);
	changed.arguments[2] = (uint64_t)&old;
	long result = kernel_call(&changed);
	if (result != 0)
		return result;
	if (is_handler(old.handler) && old.restorer == (void *)signal_return)
		old = seen(signal, &old);
	return memory_write((void *)call->arguments[2], &old, sizeof old) == sizeof old ? 0 : -EFAULT;
}

long signals_action(struct process *p, const struct call *call)
{
	int signal = (int)call->arguments[0];
	struct action asked;
	uint64_t mask;

	if (call->arguments[1])
		memory_disturb(signal);
	/* What the kernel refuses is left to it. */
	if (!signals.holders || p->sealed || signal < 1 || signal > SIGNALS || call->arguments[3] != SET)
		return kernel_call(call);
	if (!process_is_ours(p))
		return action_of_child(call, signal);
	if ((call->arguments[1] && memory_read(&asked, call->arguments[1], sizeof asked) != sizeof asked) || !process_lock(p, &p->signal_lock, &mask))
		return kernel_call(call);
	long result = action_locked(call, signal, call->arguments[1] ? &asked : NULL);
	lock_release(&p->signal_lock, &mask);
	return result;
}

void signals_catch(void *handler)
{
	/* A full mask and no SA_NODEFER: another signal in this handler would come back by an rt_sigreturn that traps. */
	struct action next = our_action(handler);

	set(SYS, &next, NULL);
}

int signals_are_caught(const void *handler)
{
	struct action real;

	return set(SYS, NULL, &real) == 0 && real.handler == handler;
}

enum let_go signals_objection(const struct call *call)
{
	struct action asked;

	if (!call->arguments[1] || memory_read(&asked, call->arguments[1], sizeof asked) != sizeof asked)
		return LET_GO_NOT;
	return (int)call->arguments[0] == SYS ? LET_GO_SIGSYS : objection((int)call->arguments[0], &asked);
}

static long stack_changed(struct process *p, const struct call *call, const struct signal_stack *asked)
{
	struct signal_stack old;
	struct call changed = *call;

	changed.arguments[1] = (uint64_t)&old;
	long result = kernel_call(&changed);
	if (result != 0)
		return result;
	/* A thread's stack is its own business; asked: NULL too for a child in our memory, whose is. */
	if (asked && RAW(__NR_gettid) == p->pid) {
		signals.stack_installed = 0;
		if (signals.holders && asked->flags & STACK_DISABLED && !(p->threads & THREADS_MORE))
			install_stack();
		apply();
	}
	if (old.at == signals.stack)
		old = (struct signal_stack){NULL, STACK_DISABLED, 0};
	if (call->arguments[1] && memory_write((void *)call->arguments[1], &old, sizeof old) != sizeof old)
		return -EFAULT;
	return 0;
}

int signals_stack_overlaps(uint64_t from, uint64_t size)
{
	struct signal_stack now;

	return RAW(__NR_sigaltstack, 0, &now) == 0 && !(now.flags & STACK_DISABLED) && from < (uint64_t)now.at + now.size && (uint64_t)now.at < from + size;
}

int signals_stack_is_small(void)
{
	struct signal_stack now;

	return RAW(__NR_sigaltstack, 0, &now) != 0 || (!(now.flags & STACK_DISABLED) && now.size < signals.stack_least);
}

long signals_stack(struct process *p, const struct call *call)
{
	struct signal_stack asked;
	uint64_t mask;

	if (!signals.stack || p->sealed || (call->arguments[0] && memory_read(&asked, call->arguments[0], sizeof asked) != sizeof asked))
		return kernel_call(call);
	if (!process_is_ours(p))
		return stack_changed(p, call, NULL);
	if (!process_lock(p, &p->signal_lock, &mask))
		return kernel_call(call);
	long result = stack_changed(p, call, call->arguments[0] ? &asked : NULL);
	lock_release(&p->signal_lock, &mask);
	return result;
}
