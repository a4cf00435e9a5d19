/* The alternate stack: ours where the program has none; see signals.c. */
#include "dispositions.h"
#include "../sys/memory.h"

#include <linux/mman.h>

#include "../sys/poison.h"

int signal_stack_install(void)
{
	/* NB: no mapping of its own: it might come to lie where the program is about to map something; see batch_make. */
	static char memory[STACK_SIZE] BULKY __attribute__((aligned(4096)));
	struct signal_stack ours = {memory, 0, STACK_SIZE};

	signals.stack = memory;
	signals.stack_installed = RAW(__NR_sigaltstack, &ours, 0) == 0;
	return signals.stack_installed;
}

int signal_stack_is_ours(uint64_t address)
{
	return signals.stack && address - (uint64_t)signals.stack < STACK_SIZE;
}

/* The mask of the frame whose alternate stack stands at `place`. NB: in what a function has not used of its own frame an older one may stand, in part written over by what is in use. What is no
 * mask any more differs from the kernel's copy of it; and of who has changed it himself it is put right later (signals_repair_mask). */
static void repair_mask(uint64_t place)
{
	enum { STACK = offsetof(struct signal_frame, stack), MASK = offsetof(struct signal_frame, mask) - STACK, COPY = SIGNAL_FRAME_MASK_COPY - STACK };
	uint64_t mask, copy;

	if (memory_read(&mask, place + MASK, SET) != SET || memory_read(&copy, place + COPY, SET) != SET || copy != mask || mask_repaired(mask) == mask)
		return;
	mask = mask_repaired(mask);
	memory_write((void *)(place + MASK), &mask, SET);
}

/* Frames of the program's handlers from `from` on, up the stack, hold our alternate stack, which their return would bring back unseen, for handlers that natively run on no such
 * stack and may need more; and signal 33. Nobody but the kernel writes down where ours is, so what says so is such a frame, or the program's copy of one. In the lowest page of our
 * stack, where no handler of ours comes, is room to look through them. */
void signal_frames_forget(uint64_t from)
{
	enum { REACH = 8 << 20 /* the usual limit of a stack, which ends before, with its mapping */, PAGE = 4096 };
	static const struct signal_stack none = {NULL, STACK_DISABLED, 0};
	const uint64_t *words = signals.stack;
	uint64_t size;
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
			repair_mask(place);
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
		signal_frames_forget((uint64_t)__builtin_frame_address(0));
		signals.stack_installed = 0;
		dispositions_apply();
	}
	lock_release(&p->signal_lock, &mask);
}

void signals_knows_frames(uint64_t least)
{
	signals.stack_least = 2 * (least ? least : 2048) + 2 * STACK_SPARE;
}

/* The frame that AT_MINSIGSTKSZ speaks of has room for AMX's tiles, which only who has asked for them gets (Linux 5.16, arch/x86/kernel/fpu/xstate.c); with two of these the 16 KiB that
 * libsigsegv gives gawk, m4 and grep would be small. Who asks for them while we stand is let go of (coalesce_before.c). */
int signal_stack_is_less(uint64_t size)
{
#ifdef __NR_arch_prctl
	enum { GET_SUPPORTED = 0x1021, GET_PERMITTED = 0x1022 /* ARCH_GET_XCOMP_*, asm/prctl.h */, TILES = 1 << 18, TILES_SIZE = 8192 };
	uint64_t supported, permitted;

	/* NB order: programs set such a stack for every thread, and only of these sizes the kernel must be asked. */
	if (size >= signals.stack_least || size < signals.stack_least - 2 * TILES_SIZE)
		return size < signals.stack_least;
	if (RAW(__NR_arch_prctl, GET_SUPPORTED, &supported) == 0 && supported & TILES && RAW(__NR_arch_prctl, GET_PERMITTED, &permitted) == 0 && !(permitted & TILES))
		return 0;
#endif
	return size < signals.stack_least;
}

int signals_stack_overlaps(uint64_t from, uint64_t size)
{
	struct signal_stack now;

	return RAW(__NR_sigaltstack, 0, &now) == 0 && !(now.flags & STACK_DISABLED) && from < (uint64_t)now.at + now.size && (uint64_t)now.at < from + size;
}

int signal_stack_disarms(const struct signal_stack *now)
{
	signals.disarms |= !(now->flags & STACK_DISABLED) && (uint32_t)now->flags & STACK_DISARMS;
	return signals.disarms;
}

void signals_own_stack(const struct signal_stack *now)
{
	signals.own_at = (uint64_t)now->at;
	signals.own_size = now->flags & STACK_DISABLED || now->at == signals.stack ? 0 : now->size;
}

int signals_run_on(uint64_t address)
{
	return address - signals.own_at < signals.own_size;
}

int signals_stack_is_small(void)
{
	struct signal_stack now;

	return RAW(__NR_sigaltstack, 0, &now) != 0 || signal_stack_disarms(&now) || (!(now.flags & STACK_DISABLED) && signal_stack_is_less(now.size));
}

void signals_repair_stack(void)
{
	struct signal_stack stack, none = {NULL, STACK_DISABLED, 0};

	if (signals.proxied || !signals.was_proxied)
		return;
	if (!signals.holders && RAW(__NR_sigaltstack, 0, &stack) == 0 && stack.at == signals.stack && !(stack.flags & (STACK_IN_USE | STACK_DISABLED)))
		RAW(__NR_sigaltstack, &none, 0);
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
		signals_own_stack(asked);
		signals.stack_installed = 0;
		if (signals.holders && asked->flags & STACK_DISABLED && !(p->threads & THREADS_MORE))
			signal_stack_install();
		dispositions_apply();
	}
	if (old.at == signals.stack)
		old = (struct signal_stack){NULL, STACK_DISABLED, 0};
	if (call->arguments[1] && memory_write((void *)call->arguments[1], &old, sizeof old) != sizeof old)
		return -EFAULT;
	return 0;
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
