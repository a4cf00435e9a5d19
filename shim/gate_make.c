/* What is done in front of a call, in its place and behind it, by its action; see gate_make.h. */
#include "gate_make.h"
#include "coalesce.h"

#include <linux/fanotify.h>
#include <linux/mman.h>

#include "sys/poison.h"

void gate_closes(struct process *p, const struct call *call)
{
	const uint64_t *a = call->arguments;
	uint32_t number = (uint32_t)call->number;
	int two = number == __NR_close ? (uint32_t)a[0] == 2 : number == __NR_close_range ? (uint32_t)a[0] <= 2 : (uint32_t)a[1] == 2;

	if (two)
		death_stderr_closing(p);
}

/* An exit of one thread ends the process only when it is alone. */
static void exits(struct process *p, const struct call *call)
{
	if ((uint32_t)call->number == __NR_exit_group || !p->threads)
		death_exit(p, (unsigned)call->arguments[0] & 255);
}

int gate_before(struct process *p, const struct call *call)
{
	switch (actions[call_slot(call)]) {
	case ACTION_EXIT:
		exits(p, call);
		break;
	case ACTION_CLOSES:
		gate_closes(p, call);
		break;
	case ACTION_RIGHTS:
		rights_reserve(p, call);
		break;
	case ACTION_LOCK:
		rights_lock(p, call);
		break;
	case ACTION_FILTER:
		return rights_seal(p, call);
	case ACTION_ANSWERS:
		if (call->arguments[0] & (FAN_CLASS_CONTENT | FAN_CLASS_PRE_CONTENT))
			inherited.answers_opens = 1;
		break;
	default:
		break;
	}
	return 0;
}

void gate_after(struct process *p, const struct call *call, long result)
{
	switch (actions[call_slot(call)]) {
	case ACTION_LIMIT:
		if (result == 0)
			rights_narrow(p, call);
		break;
	case ACTION_COPIES:
		if (result <= 0)
			counter_add(&p->tally.copied_nothing, 1, (int)p->threads);
		break;
	default:
		break;
	}
}

/* One with its own memory. */
static long child(struct process *p, const struct call *call)
{
	uint64_t stack, flags = children_flags(call, &stack);

	int is_ours = process_is_ours(p);
	children_before(p, flags);
	long result = kernel_call(call);
	if (result != 0) {
		children_after(p, flags, result);
		return result;
	}
	/* What a vfork child has forked comes back into no vfork. */
	if (!is_ours)
		inherited.vforks = 0;
	/* NB: written first. A page that was wiped and is read before costs two faults. */
	if (__atomic_fetch_add(&p->alive, 0, __ATOMIC_RELAXED) != 1)
		life_born(p);
	return result;
}

static long set_stack(struct process *p, const struct call *call)
{
	if (process_is_ours(p) && !p->sealed)
		signals_repair_stack();
	long result = signals_stack(p, call);

	/* NB: also asked where nothing is armed, see signal_stack_disarms; not where nothing is set. */
	if (batch && call->arguments[0] && process_is_ours(p) && !p->sealed && signals_stack_is_small() && batch->armed)
		arm_let_go(p, batch, LET_GO_SMALL_STACK, REACH_PROCESS, NULL);
	return result;
}

static long map(struct process *p, const struct call *call)
{
	long at = kernel_call(call);

	if (inherited.mapped && !is_error(at) && call->arguments[2] & PROT_EXEC)
		inherited.mapped(p, call, at);
	return at;
}

static void repair_mask(const struct process *p)
{
	if (process_is_ours(p) && !p->sealed)
		signals_repair_mask();
}

long gate_make(struct process *p, const struct call *call)
{
	switch (actions[call_slot(call)]) {
	case ACTION_EXEC:
		return exec_call(p, call);
	case ACTION_CHILD:
		return child(p, call);
	case ACTION_DISPOSITION:
		return signals_action(p, call);
	case ACTION_ALTSTACK:
		return set_stack(p, call);
	case ACTION_WRITE:
		return coalesce_native(p, call);
	case ACTION_MASK:
		if (batch && batch->armed)
			return masks_call(call);
		repair_mask(p);
		return kernel_call(call);
	case ACTION_SENDS:
		repair_mask(p);
		return signals_send(p, call);
	case ACTION_CLOSES:
		return coalesce_after_close(p, call, kernel_call(call));
	case ACTION_MAP:
		return map(p, call);
	default:
		return kernel_call(call);
	}
}
