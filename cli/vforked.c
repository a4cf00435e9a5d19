#include "vforked.h"

#include <asm/unistd.h>
#include <linux/sched.h>
#include <stdlib.h>

uint64_t fork_flags(const struct text_call *call, const struct recorded_memory *memory)
{
	uint64_t flags = 0;

	switch (call->number) {
	case __NR_vfork:
		return CLONE_VFORK | CLONE_VM;
	case __NR_clone:
		return call->arguments[0];
	case __NR_clone3:
		memory->memory.read(&memory->memory, &flags, call->arguments[0], sizeof flags);
		return flags;
	default:
		return 0;
	}
}

int is_fork(uint64_t number)
{
	return number == __NR_fork || number == __NR_vfork || number == __NR_clone || number == __NR_clone3;
}

static int by_number(const void *a, const void *b)
{
	const struct vforked *x = a, *y = b;

	return x->pid != y->pid ? (x->pid < y->pid ? -1 : 1) : (x->until > y->until) - (x->until < y->until);
}

/* A vfork is recorded when it is over, behind its child's calls: the whole file is looked through. */
static void find(struct source *s)
{
	struct source copy = *s;
	struct recording alone = {.sources = &copy, .sources_count = 1, .whole = 1};
	struct recorded_memory memory;
	struct text_call call;
	struct event e;
	size_t room = 0;

	s->vforked_known = 1;
	copy.cursor = NULL;
	source_rewind(&copy);
	while (source_next(&alone, 0, &e)) {
		const struct record_word *word = event_record(&alone, &e);
		if (word->kind != RECORD_CALL || !is_fork(((const struct record_call *)word)->number))
			continue;
		recorded_call(&copy, word, &call, &memory);
		uint64_t flags = fork_flags(&call, &memory);
		if (call.result <= 0 || !(flags & CLONE_VFORK) || flags & CLONE_THREAD)
			continue;
		s->vforked = grown(s->vforked, s->vforked_count, &room, sizeof *s->vforked);
		s->vforked[s->vforked_count++] = (struct vforked){(int)call.result, e.time};
	}
	source_close(&copy);
	if (s->vforked_count)
		qsort(s->vforked, s->vforked_count, sizeof *s->vforked, by_number);
}

int vforked_is(const struct recording *r, const struct event *e, int thread)
{
	struct source *s = &r->sources[e->source];
	size_t low = 0, high;

	if (!s->vforked_known)
		find(s);
	/* Behind the last of this number. */
	for (high = s->vforked_count; low < high;) {
		size_t middle = (low + high) / 2;
		if (s->vforked[middle].pid <= thread)
			low = middle + 1;
		else
			high = middle;
	}
	return low && s->vforked[low - 1].pid == thread && e->time <= s->vforked[low - 1].until;
}
