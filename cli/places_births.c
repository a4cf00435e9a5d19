/* Processes come: images, forks, threads, and children that borrow their parent's memory.
 *
 * A forked child begins with a copy of what its parent had when the fork began; a child that borrows its parent's memory, and writes into its
 * file under its own number, with what its parent has. A new image keeps what was not to be closed.
 *
 * Numbers of processes come again, and each pid namespace has its own: a recording may have several processes of one number at once. So a file's events
 * are those of its own place; a fork is looked for in the family of its image, and an exec among those of the number that have executed something. */
#include "ahead.h"
#include "places_who.h"

#include <linux/sched.h>
#include <stdlib.h>
#include <string.h>

/* What the child's parent had when it forked. */
static struct place *inherited_by(struct places *p, const struct record_header *h)
{
	struct place *expected = expected_take(p, h->pid, h->family), *parent = places_find(p, h->parent, h->family);

	return expected ? expected : place_copy(parent && parent->forked ? parent->forked : NULL, h->pid);
}

/* When it has executed something that nothing of it stands for yet; 0: it has not. */
static uint64_t executed_at(const struct places *p, const struct place *place)
{
	const struct source *s = place->is_borrowing ? NULL : &p->recording->sources[place->source];

	if (!s)
		return place->executing;
	return s->header->end == RECORD_EXECED && s->header->ended ? s->header->ended - s->header->epoch + s->epoch : 0;
}

/* Whose image begins here: who has executed it; NULL: nobody. A child that borrowed memory has a place by its parent's file, and its image does not say that it is a
 * later one. *known: is it certain who it was? Of several that have just executed something it is the one that stood where the image begins. */
static struct place *executed_by(const struct places *p, const struct source *s, int *known)
{
	enum { JUST_NOW = 2000000000 };
	const struct record_header *h = s->header;
	struct place *last = places_last(p, h->pid), *latest = NULL, *here = NULL;
	unsigned just_now = 0, stood_here = 0;

	*known = 1;
	if (last && !last->before)
		return h->later_image || last->executing ? last : NULL;
	for (struct place *place = last; place; place = place->before) {
		const char *folder = path_text(place->folder);
		uint64_t at = executed_at(p, place);
		if (!at || at > s->began || (!h->later_image && !place->is_borrowing))
			continue;
		if (!latest || at > executed_at(p, latest))
			latest = place;
		if (s->began - at > JUST_NOW)
			continue;
		just_now++;
		if (folder && !strcmp(folder, h->directory)) {
			stood_here++;
			here = place;
		}
	}
	*known = just_now < 2 || stood_here == 1;
	if (latest || !h->later_image)
		return just_now > 1 && here ? here : latest;
	*known = 0;
	return last;
}

/* The oldest records were overwritten: what its descriptors were, and it may have gone elsewhere since it began. */
static void begins_late(struct places *p, struct place *place, uint32_t source)
{
	held_free(&place->held);
	if (has_lost_moves(p->recording, source))
		place_go(place, NULL);
	if (has_lost_roots(p->recording, source)) {
		places_go_elsewhere(p, place);
		free(place->root);
		place->root = copied("?");
	}
}

static struct place *image_begins(struct places *p, const struct event *e)
{
	const struct source *s = &p->recording->sources[e->source];
	const struct record_header *h = s->header;
	int known;
	struct place *place = executed_by(p, s, &known);

	if (place) {
		held_exec(&place->held);
		place->family = h->family;
	} else {
		place = inherited_by(p, h);
		places_add(p, place, h->family);
	}
	if (!known) {
		held_free(&place->held);
		place_go(place, NULL);
	}
	place->began = s->began;
	place->source = e->source;
	place->forks = place->is_borrowing = place->threaded = 0;
	place->executing = 0;
	if (h->directory[0] == '/' && !*place->root)
		place_go(place, path_make(p->paths, h->directory, 0));
	if (h->overwritten)
		begins_late(p, place, e->source);
	return place;
}

/* Has the child of a fork that began then been heard of? What is known of its number may be another's, who has gone. */
static int is_known(const struct places *p, int pid, uint64_t family, uint64_t began)
{
	const struct place *child = places_find(p, pid, family);

	return child && child->began >= began;
}

void places_fork_ends(struct places *p, const struct event *e, struct place *place, const struct text_call *call, uint64_t flags)
{
	uint32_t source = e->source;
	int pid = (int)call->result;
	uint64_t began = ((const struct record_call *)event_record(p->recording, e))->began + p->recording->sources[source].epoch;

	/* Its beginning may not be there. */
	place->shared |= call->result > 0 ? place_shared_by(flags) : 0;
	place->threaded |= call->result > 0 && flags & CLONE_THREAD;
	/* The number may be another child's, or a thread's, later. */
	struct worker *child = worker_find(p->workers, source, pid);
	if (child && child->place->pid == pid && flags & CLONE_VFORK) {
		worker_drop(p, child);
	}
	/* One that borrows our memory and lives on beside us. */
	if ((flags & (CLONE_VM | CLONE_VFORK | CLONE_THREAD)) == CLONE_VM && call->result > 0 && !child)
		expected_add(p, pid, place->family, place);
	/* A vfork child has a place by its own calls, or needs none. */
	if (flags & (CLONE_THREAD | CLONE_VM) || place->forks <= 0)
		return;
	place->forks--;
	if (call->result > 0 && !(flags & CLONE_VFORK) && !is_known(p, pid, place->family, began) && place->forked)
		expected_add(p, pid, place->family, place->forked);
}

static void thread_comes(struct places *p, const struct event *e, int thread)
{
	struct place *place = places_at(p, e->source, thread);
	uint64_t flags = borrower_flags(p->recording, e, thread);

	/* Its parent has another number for it. There are no new threads behind such an unshare (clone(2), EINVAL). */
	if (!flags && place->numbers_elsewhere && !place->threaded)
		flags = CLONE_VM | CLONE_VFORK;
	if (flags) {
		struct place *child = expected_take(p, thread, place->family);
		place->shared |= place_shared_by(flags);
		child = child ? child : place_copy(place, thread);
		places_add(p, child, place->family);
		child->is_borrowing = 1;
		place = child;
	}
	worker_make(&p->workers, e->source, thread, place);
	p->recent.place = NULL;
}

int places_before(struct places *p, const struct event *e)
{
	const struct source *s = &p->recording->sources[e->source];
	const struct record_word *word = event_record(p->recording, e);
	struct recorded_memory memory;
	struct text_call call;
	int is_first = !p->begun[e->source], thread;

	if (is_first) {
		p->begun[e->source] = 1;
		worker_make(&p->workers, e->source, s->header->pid, image_begins(p, e));
	}
	if (word->kind != RECORD_CALL && word->kind != RECORD_BEGIN && word->kind != RECORD_PLACE && word->kind != RECORD_COPY)
		return is_first;
	thread = places_thread(p, e);
	if (!places_is_recent(p, e, thread) && !worker_find(p->workers, e->source, thread))
		thread_comes(p, e, thread);
	if (word->kind == RECORD_PLACE)
		place_told(p->paths, places_of(p, e), (const void *)word);
	if (word->kind == RECORD_COPY)
		place_copied(places_of(p, e), (const void *)word);
	if (word->kind != RECORD_BEGIN)
		return is_first;
	recorded_call(s, word, &call, &memory);
	if (is_fork(call.number))
		place_forks(places_of(p, e), fork_flags(&call, &memory));
	/* Its image, which says nothing of it, goes on from here. */
	if (is_exec(call.number) && places_of(p, e)->is_borrowing)
		places_of(p, e)->executing = e->time;
	return is_first;
}
