/* Dispositions: the program's own, as it sees them, and what stands in the kernel; see signals.c for the rules. */
#include "dispositions.h"
#include "../sys/memory.h"

#include "../sys/poison.h"

static int is_hookable(int signal)
{
	return !(NOT_HOOKED & BIT(signal)) && !(signal == SYS && signals.proxied);
}

/* What the program would read back. */
struct action disposition_seen(int signal, const struct action *real)
{
	struct action a = *real;

	if (a.handler == (void *)signal_on_fatal || a.handler == (void *)signal_on_stop || (signal == SYS && signals.proxied)) {
		a = signals.view[signal];
		a.handler = 0;
		return a;
	}
	if (a.handler == (void *)signal_on_fault)
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
		return our_action((void *)signal_on_fatal);
	}
	if (!is_handler(a.handler))
		return a;
	if (FAULTS & BIT(signal) && signals.proxied) {
		signals.view[signal] = *asked;
		signals.view[signal].mask &= ~UNMASKABLE;
		signals.view[signal].flags &= KNOWN_FLAGS;
		return (struct action){(void *)signal_on_fault, ON_STACK | (a.flags & RESTART) | RESTORER | SIGINFO, signal_return, ~0ul};
	}
	if (signals.stack_installed && a.flags & ON_STACK) {
		signals.on_stack |= BIT(signal);
		a.flags &= ~ON_STACK;
	}
	if (signals.proxied && a.mask & BIT(SYS)) {
		signals.masks_sys |= BIT(signal);
		signals.masks_proxy = (signals.masks_proxy & ~BIT(signal)) | (a.mask & BIT(PROXY) ? BIT(signal) : 0);
		a.mask = signals_real_mask(a.mask);
	}
	return a;
}

/* What apply_believed goes by. */
static void know(int signal, const void *handler)
{
	int is_fatal = handler == (void *)signal_on_fatal;

	signals.fatal = (signals.fatal & ~BIT(signal)) | (is_fatal ? BIT(signal) : 0);
	signals.others = (signals.others & ~BIT(signal)) | (handler && !is_fatal ? BIT(signal) : 0);
}

uint64_t signals_came(uint64_t held)
{
	uint64_t came = 0;
	struct action a;

	for (int i = 1; i <= SIGNALS; i++) {
		if (!(held & BIT(i) & ~NOT_PROGRAMS) || set_action(i, NULL, &a) != 0)
			continue;
		a = disposition_seen(i, &a);
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
	struct action view = disposition_seen(signal, real), wanted = installed(signal, &view);

	if (!is_same(&wanted, stands))
		set_action(signal, &wanted, NULL);
}

/* Sets first and looks at what was there, which is what we believe but for who changes it past us: half the calls. Nobody else is there and no signal comes, so
 * nobody meets what stands meanwhile. 0: nothing was done. */
static int apply_believed(int signal)
{
	struct action believed = signals.view[signal], wanted, real;

	believed.handler = 0;
	if (signals.fatal & BIT(signal))
		believed = our_action((void *)signal_on_fatal);
	else if (signals.others & BIT(signal))
		return 0;
	struct action view = disposition_seen(signal, &believed);
	wanted = installed(signal, &view);
	if (is_same(&wanted, &believed) || set_action(signal, &wanted, &real) != 0)
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
		if (BIT(i) & UNMASKABLE || (i == SYS && signals.proxied) || (passing & BIT(i) && apply_believed(i)) || set_action(i, NULL, &real) != 0)
			continue;
		if (real.handler == SIGNAL_IGNORED)
			know(i, real.handler);
		else if (real.handler != (void *)signal_on_stop && (real.handler != (void *)signal_on_fault || signals.view[i].handler != SIGNAL_IGNORED))
			settle(i, &real, &real);
	}
}

void dispositions_apply(void)
{
	apply_how(0);
}

/* Another thread may just be setting a disposition. */
static void hook(struct process *p, int on)
{
	uint64_t mask;
	int is_mine = process_lock(p, &p->signal_lock, &mask);

	/* NB: a handler that came in front of the lock may have let go of all. */
	if (on && !signals.holders)
		on = 0;
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

/* What a handler of the program means for coalescing. */
enum let_go disposition_objection(int signal, const struct action *action)
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
		return LET_GO_NOT; /* signal_on_fault stands in front of it */
	if (action->mask & FAULTS)
		return LET_GO_FULL_HANDLER;
	/* A write to a pipe whose other end is here (O_ASYNC), or into a folder that is watched (F_NOTIFY), tells of itself before it is over. */
	if (signal == IO)
		return LET_GO_ASYNC_IO;
	/* The kernel resets it behind our back, to a default that would not lead to us. */
	return action->flags & ONE_SHOT ? LET_GO_ONE_SHOT : LET_GO_NOT;
}

enum let_go signals_objection(const struct call *call)
{
	struct action asked;

	if (!call->arguments[1] || memory_read(&asked, call->arguments[1], sizeof asked) != sizeof asked)
		return LET_GO_NOT;
	return (int)call->arguments[0] == SYS ? LET_GO_SIGSYS : disposition_objection((int)call->arguments[0], &asked);
}

static long action_locked(const struct call *call, int signal, const struct action *asked)
{
	struct action real, old, answer;
	struct call changed = *call;

	if (asked) {
		/* The old one is asked apart: `installed` overwrites what `seen` needs. */
		if (set_action(signal, NULL, &old) != 0)
			return kernel_call(call);
		answer = disposition_seen(signal, &old);
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
		answer = disposition_seen(signal, &old);
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
		old = disposition_seen(signal, &old);
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

int signals_have_holder(void)
{
	return signals.holders != 0;
}

/* The signal that this call may send to another thread of ours, 0: none. What a thread sends to itself (raise, abort) it takes within the call anyhow. */
static int sent_to_others(const struct process *p, const struct call *call)
{
	const uint64_t *a = call->arguments;
	int to = (int)a[0];

	switch ((uint32_t)call->number) {
	case __NR_tgkill:
	case __NR_rt_tgsigqueueinfo:
		return to == p->pid && (int)a[1] != (int)RAW(__NR_gettid) ? (int)a[2] : 0;
	case __NR_tkill:
		return to != (int)RAW(__NR_gettid) ? (int)a[1] : 0;
	case __NR_kill:
	case __NR_rt_sigqueueinfo:
		return to == p->pid || to <= 0 ? (int)a[1] : 0;
	default:
		return (int)a[1];
	}
}

static int leads_to_us(int signal, struct action *real)
{
	return set_action(signal, NULL, real) == 0 && real->handler == (void *)signal_on_fatal;
}

/* The lock is held, with signals blocked and *mask to come back. */
static long send_by_default(struct process *p, const struct call *call, int signal, uint64_t *mask)
{
	struct action real, seen;
	/* NB: another thread may have set one of the program's own meanwhile. */
	int is_ours = leads_to_us(signal, &real);

	seen = disposition_seen(signal, &real);
	if (is_ours)
		set_action(signal, &seen, NULL);
	/* NB: where the others block it, who sends it is to take it. */
	unblock_signals(mask);
	long result = kernel_call(call);
	block_signals(mask);
	if (is_ours)
		set_action(signal, &real, NULL);
	lock_release(&p->signal_lock, mask);
	return result;
}

/* A default that ends the process does so within the call that sends the signal, whichever thread would take it (kernel/signal.c, complete_signal). A handler in its place runs on that thread, and the sender
 * went on meanwhile: to an exit with a status of its own, or to its next line. So where there are threads the default stands while it is sent. What is sent to another thread that just then blocks all
 * for us, for the time of a record, comes a moment later all the same. */
long signals_send(struct process *p, const struct call *call)
{
	int is_concerned = p->threads & THREADS_MORE && signals.hooked && !p->sealed && process_is_ours(p), signal = is_concerned ? sent_to_others(p, call) : 0;
	struct action real;
	uint64_t mask;

	if (signal < 1 || signal > SIGNALS || !leads_to_us(signal, &real))
		return kernel_call(call);
	/* Nobody will be there to say it. */
	death_provisional(p, "killed by", (unsigned)signal);
	long result = process_lock(p, &p->signal_lock, &mask) ? send_by_default(p, call, signal, &mask) : kernel_call(call);
	death_take_back(p);
	return result;
}
