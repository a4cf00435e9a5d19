/* The table of calls under way, by file and serial. */
#include "begun.h"

#include <asm/unistd.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct begun {
	struct {
		uint32_t source, serial;
	} key;
	struct event event;
	UT_hash_handle hh;
};

static struct begun *find(struct begun *table, const struct event *e, uint32_t serial)
{
	struct begun like, *found;

	memset(&like, 0, sizeof like);
	like.key.source = e->source;
	like.key.serial = serial;
	HASH_FIND(hh, table, &like.key, sizeof like.key, found);
	return found;
}

void begun_add(struct begun **table, const struct event *e, uint32_t serial)
{
	struct begun *b = find(*table, e, serial) ? NULL : calloc(1, sizeof *b);

	if (!b)
		return;
	b->key.source = e->source;
	b->key.serial = serial;
	b->event = *e;
	HASH_ADD(hh, *table, key, sizeof b->key, b);
}

void begun_end(struct begun **table, const struct event *e, uint32_t serial)
{
	struct begun *b = find(*table, e, serial);

	if (!b)
		return;
	HASH_DEL(*table, b);
	free(b);
}

int begun_exec(struct begun **table, const struct recording *r, const struct event *e, struct event *began)
{
	struct begun *b, *next;

	HASH_ITER(hh, *table, b, next)
	{
		const struct record_call *call = (const void *)event_record(r, &b->event);
		/* A vfork child's exec stands in its parent's file, under its own number. */
		if ((call->number != __NR_execve && call->number != __NR_execveat) || call->thread != r->sources[e->source].header->pid)
			continue;
		*began = b->event;
		HASH_DEL(*table, b);
		free(b);
		return 1;
	}
	return 0;
}

int begun_is_image(const struct recording *r, const struct event *e)
{
	const struct record_call *call = (const void *)event_record(r, e);

	if (call->number != __NR_execve && call->number != __NR_execveat)
		return 0;
	for (unsigned i = 0; i < r->sources_count; i++)
		if (i != e->source && r->sources[i].header->pid == call->thread && !r->sources[i].header->later_image && r->sources[i].header->began >= e->time)
			return 1;
	return 0;
}

int begun_left(struct begun **table, struct event *e)
{
	struct begun *b = *table;

	if (!b)
		return 0;
	*e = b->event;
	HASH_DEL(*table, b);
	free(b);
	return 1;
}
