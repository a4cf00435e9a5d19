/* Threads of programs that run; see threads.h. */
#include "threads.h"

#include <stdlib.h>
#include <string.h>

/* A file that is read again and again: what lies in front is known. */
struct watched {
	char *path;
	uint64_t sequence; /* of its last chunk */
	uint64_t until;    /* events before were counted */
	UT_hash_handle hh;
};

static struct thread *thread_make(struct threads *t, int tid)
{
	struct thread *thread;

	HASH_FIND_INT(t->table, &tid, thread);
	if (!thread) {
		thread = zeroed(sizeof *thread);
		thread->tid = tid;
		HASH_ADD_INT(t->table, tid, thread);
	}
	return thread;
}

static void thread_drop(struct threads *t, struct thread *thread)
{
	HASH_DEL(t->table, thread);
	free(thread->open);
	free(thread);
}

static struct watched *watch(struct threads *t, const struct source *s)
{
	struct watched *w;

	HASH_FIND_STR(t->programs, s->path, w);
	if (!w) {
		w = zeroed(sizeof *w);
		w->path = copied(s->path);
		w->until = s->began;
		HASH_ADD_KEYPTR(hh, t->programs, w->path, strlen(w->path), w);
	}
	return w;
}

static void begins(struct thread *t, const struct event *e, const struct record_call *call)
{
	size_t size = (size_t)call->word.size * 8;

	free(t->open);
	t->open = memcpy(resized(NULL, size), call, size);
	t->open_since = e->time;
}

static void comes_back(struct thread *t, const struct event *e, const struct record_call *record, uint64_t until)
{
	uint64_t began = e->time - record->duration;
	struct use *use = &t->by_call[record->number < SYSCALL_LIMIT ? record->number : SYSCALL_LIMIT - 1];

	t->returned = e->time;
	if (record->word.flags & RECORD_RESUMED && t->open && t->open->serial == record->serial) {
		free(t->open);
		t->open = NULL;
	}
	if (e->time <= until)
		return;
	uint64_t time = e->time - (began > until ? began : until);
	t->nanoseconds += time;
	use->nanoseconds += time;
}

static void count(struct thread *t, const struct text_call *call)
{
	unsigned number = call->number < SYSCALL_LIMIT ? (unsigned)call->number : SYSCALL_LIMIT - 1;
	int is_read, is_written;

	t->calls++;
	t->by_call[number].calls++;
	call_moved(call, &is_read, &is_written);
	if (is_read)
		t->read_bytes += (uint64_t)call->result;
	if (is_written)
		t->written_bytes += (uint64_t)call->result;
}

static void read_events(struct threads *t, struct recording *r, unsigned index, struct watched *w, uint64_t now)
{
	struct source *s = &r->sources[index];
	struct recorded_memory memory;
	struct text_call call;
	struct event e;

	source_rewind(s);
	/* Several chunks are being filled at once. */
	source_skip(s, w->sequence > RECORD_STAGING ? w->sequence - RECORD_STAGING : 0);
	while (source_next(r, index, &e) && e.time <= now) {
		const struct record_word *word = event_record(r, &e);
		w->sequence = e.sequence > w->sequence ? e.sequence : w->sequence;
		if (word->kind != RECORD_BEGIN && word->kind != RECORD_CALL && word->kind != RECORD_COALESCED)
			continue;
		struct thread *thread = thread_make(t, recorded_call(s, word, &call, &memory));
		if (word->kind == RECORD_BEGIN)
			begins(thread, &e, (const void *)word);
		if (word->kind == RECORD_CALL)
			comes_back(thread, &e, (const void *)word, w->until);
		if (word->kind != RECORD_BEGIN && e.time > w->until)
			count(thread, &call);
	}
	source_close(s);
	w->until = now;
}

static void forget_interval(struct threads *t)
{
	for (struct thread *thread = t->table; thread; thread = thread->hh.next) {
		thread->calls = thread->read_bytes = thread->written_bytes = thread->nanoseconds = 0;
		memset(thread->by_call, 0, sizeof thread->by_call);
	}
}

static void look_at(struct threads *t, const struct recording *r, unsigned index, int tid, uint64_t now)
{
	const struct source *s = &r->sources[index];
	struct thread *thread = thread_make(t, tid);

	if (!task_read(&thread->task, s->header->pid, tid))
		return;
	uint64_t since = thread->look ? t->last : s->began;
	thread->interval = now > since ? now - since : 1;
	thread->cpu = thread->task.cpu > thread->cpu_before ? thread->task.cpu - thread->cpu_before : 0;
	thread->cpu_before = thread->task.cpu;
	thread->source = s;
	thread->is_recorded = s->header->end == RECORD_RUNNING;
	thread->program = thread->is_recorded ? s->header->program : thread->task.name;
	thread->look = t->look;
}

static int by_process(const struct thread *a, const struct thread *b)
{
	return a->task.pid != b->task.pid ? (a->task.pid < b->task.pid ? -1 : 1) : a->tid < b->tid ? -1 : a->tid > b->tid;
}

void threads_look(struct threads *t, struct recording *r, int pid)
{
	struct thread *thread, *next;
	uint64_t now = recorded_now(r), began = tasks_began(r);

	forget_interval(t);
	t->look++;
	t->running = 0;
	r->whole = 1;
	for (unsigned i = 0; i < r->sources_count; i++) {
		int *tids;
		if (!image_runs(r, i, began))
			continue;
		t->running++;
		read_events(t, r, i, watch(t, &r->sources[i]), now);
		size_t count_of = tasks_of(r->sources[i].header->pid, &tids);
		for (size_t k = 0; k < count_of; k++)
			if (!pid || pid == r->sources[i].header->pid || pid == tids[k])
				look_at(t, r, i, tids[k], now);
		free(tids);
	}
	t->last = now;
	HASH_ITER(hh, t->table, thread, next)
	{
		if (thread->look != t->look)
			thread_drop(t, thread);
	}
	HASH_SORT(t->table, by_process);
}

void threads_free(struct threads *t)
{
	struct thread *thread, *next;
	struct watched *w, *after;

	HASH_ITER(hh, t->table, thread, next)
	{
		thread_drop(t, thread);
	}
	HASH_ITER(hh, t->programs, w, after)
	{
		HASH_DEL(t->programs, w);
		free(w->path);
		free(w);
	}
}

int thread_is_in(const struct thread *t)
{
	unsigned number = t->open ? t->open->number : 0;

	if (!t->open || t->task.place == TASK_OUTSIDE)
		return 0;
	/* What has no file has been executed by its last call, which did not come back. */
	if (t->task.place == TASK_SILENT)
		return t->is_recorded || !is_exec(number);
	return number == t->task.call.number || number == RECORD_CALLS - 1;
}

int thread_busiest(const struct thread *t)
{
	int busiest = -1;

	for (int i = 0; i < SYSCALL_LIMIT; i++)
		if (t->by_call[i].calls && (busiest < 0 || t->by_call[i].nanoseconds > t->by_call[busiest].nanoseconds))
			busiest = i;
	return busiest;
}

uint64_t thread_in_calls(const struct thread *t, uint64_t now)
{
	uint64_t in = t->nanoseconds, since = now - t->interval;

	if (thread_is_in(t) && t->open_since < now)
		in += now - (t->open_since > since ? t->open_since : since);
	return in < t->interval ? in : t->interval;
}
