/* A recording's calls become the audit's rows: opens, execs, bytes, and what ld.so did before the shim's start. Names are put together from the recording
 * alone: nothing is asked of the file system, which may have changed since. */
#include "files_read.h"
#include "ahead.h"
#include "files_gaps.h"
#include "files_row.h"
#include "places.h"
#include "../format/trace_set.h"

#include <asm/unistd.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

static unsigned access_of(uint64_t flags)
{
	unsigned how = (flags & O_ACCMODE) == O_RDONLY ? ACCESS_READ : (flags & O_ACCMODE) == O_WRONLY ? ACCESS_WRITE : ACCESS_READ | ACCESS_WRITE;

	/* What is opened is a new file without a name, not the folder. */
	if (opens_nameless(flags))
		return ACCESS_FOLDER;
	if (flags & O_PATH)
		how = 0;
	return how | (flags & O_CREAT ? ACCESS_CREATE : 0) | (flags & O_TRUNC ? ACCESS_TRUNCATE : 0) | (flags & O_APPEND ? ACCESS_APPEND : 0) |
	       (flags & O_DIRECTORY ? ACCESS_FOLDER : 0);
}

/* relative: what of the given path is looked for in the directory. */
static struct file *row_at(const struct reader *r, int64_t directory, const char *relative, const char *given)
{
	char path[PATH_ROOM];
	int known = places_resolve(r->files->places, r->event, directory, relative, path);
	struct file *file = file_of(r->files, path, given);

	r->files->unresolved += !known && !file->unresolved;
	file->unresolved |= !known;
	return file;
}

struct file *files_row(const struct reader *r, int64_t directory, const char *given)
{
	return row_at(r, directory, given, given);
}

void files_seen(const struct reader *r, struct file *file)
{
	file_noted(file, r->event->time, places_pid(r->files->places, r->event), r->source->header->program);
}

/* Named by a call that does not open it. */
void files_asked(const struct reader *r, struct file *file, int64_t result)
{
	files_seen(r, file);
	file->named++;
	if (is_failure(result))
		file_failed(file, result);
}

static void note(const struct reader *r, struct file *file, unsigned access, int64_t result)
{
	files_seen(r, file);
	file_opened(file, access, result);
	/* Whoever has made it again, it is there. */
	if (!is_failure(result))
		file->removed = 0;
	if (r->files->format == FILES_FSATRACE && !is_failure(result))
		files_fsatrace(r->files, access & ACCESS_WRITE ? OPERATION_WRITE : OPERATION_READ, file, NULL);
}

/* Where names alone are seen, execvp(3) is one: in which folder libc finds a name without a slash is not known. */
static int is_searched(const struct source *s, const char *given)
{
	return *given && !strchr(given, '/') && s->header->end != RECORD_RUNNING && !s->header->rewriting;
}

static int was_searched(const struct file *file)
{
	return file->unresolved && !strchr(file->given, '/');
}

/* The image of a process has come, or the next exec of it begins: the one before has succeeded. What it has executed; NULL: nobody has recorded it. */
static struct file *succeeded(struct files *f, int process)
{
	struct file *file = gaps_over(f, process);

	if (file && !was_searched(file) && f->format == FILES_FSATRACE)
		files_fsatrace(f, OPERATION_READ, file, NULL);
	return file;
}

static void unexecuted(struct file *file)
{
	file->opens--;
	file->executed--;
	if (!file->executed && !file->kernel)
		file->access &= ~(unsigned)ACCESS_EXECUTE;
}

/* The program itself says where it was found. */
static void found(struct files *f, struct file *searched)
{
	unexecuted(searched);
	if (searched->opens || searched->failed || searched->named)
		return;
	f->unresolved -= searched->unresolved;
	searched->unresolved = 0;
}

/* An exec is written when it begins, and again only if it has failed. */
static void executed(const struct reader *r, const struct text_call *call, const char *given, int64_t result)
{
	/* An empty path means the descriptor (AT_EMPTY_PATH). */
	int folder = call->number == __NR_execveat ? (int)call->arguments[0] : is_searched(r->source, given) ? -1 : AT_FDCWD;
	struct file *file = files_row(r, folder, given);
	int process = places_process(r->files->places, r->event, 0);

	/* It may have been opened, or executed, before. */
	if (result && file->executed)
		unexecuted(file);
	files_seen(r, file);
	file_opened(file, ACCESS_EXECUTE, result);
	if (result) {
		gaps_image(r->files, process);
		return;
	}
	file->executed++;
	succeeded(r->files, process);
	gaps_exec(r->files, process, file, r->event->time - r->source->epoch);
}

/* Behind a filter of the program's own a vfork child is not told from its parent, nor is the path of its exec read. */
static void forked(const struct reader *r, const struct text_call *call)
{
	int child = (int)call->result;

	if (child > 0)
		gaps_child(r->files, places_process(r->files->places, r->event, 0), image_comes(r->files->recording, child, 0, r->source->began, r->event->source));
}

/* Nobody has read the path there. */
static void executed_unknown(const struct reader *r, int64_t result)
{
	int process = places_process(r->files->places, r->event, 0);

	if (result) {
		gaps_image(r->files, process);
		return;
	}
	succeeded(r->files, process);
	gaps_exec(r->files, process, NULL, r->event->time - r->source->epoch);
}

static void add_bytes(const struct reader *r, uint64_t fd, int64_t bytes, int out)
{
	struct file *file = places_owner(r->files->places, r->event, (int)fd);

	if (!file)
		return;
	file = file->linked ? file->linked : file;
	*(out ? &file->written : &file->read) += (uint64_t)bytes;
	sizes_add(out ? file->write_sizes : file->read_sizes, (uint64_t)bytes);
}

/* One that has found the end of what it reads has written nothing. */
static void copies(const struct reader *r, uint64_t from, uint64_t to, int64_t bytes)
{
	add_bytes(r, from, bytes, 0);
	if (bytes)
		add_bytes(r, to, bytes, 1);
}

static void transferred(const struct reader *r, const struct text_call *call)
{
	const struct syscall_row *row = syscall_row(call->number);
	const uint64_t *a = call->arguments;

	switch (call->number) {
	case __NR_copy_file_range:
	case __NR_splice:
		copies(r, a[0], a[2], call->result);
		break;
	case __NR_sendfile:
		copies(r, a[1], a[0], call->result);
		break;
	case __NR_tee:
		/* The bytes stay where they are as well. */
		if (call->result)
			add_bytes(r, a[1], call->result, 1);
		break;
	default:
		if (row && row->flags & (CALL_BYTES_IN | CALL_BYTES_OUT))
			add_bytes(r, a[0], call->result, !(row->flags & CALL_BYTES_IN));
	}
}

static void used(const struct reader *r, uint64_t fd, unsigned access)
{
	struct file *file = places_owner(r->files->places, r->event, (int)fd);

	if (file)
		file->access |= access;
}

/* The descriptor that an open has given leads there from now on. path: NULL, not known; relative: what of it the call gave, in the folder. */
static void holds(const struct reader *r, const struct text_call *call, uint64_t flags, int folder, const char *relative, const char *path, struct file *file)
{
	if (call->result < 0)
		return;
	if (opens_nameless(flags)) {
		file = file_nameless(r->files);
		file->access = access_of(flags & ~(uint64_t)O_TMPFILE) | ACCESS_CREATE;
		path = NULL;
	}
	places_opened(r->files->places, r->event, (int)call->result, path, places_real(r->files->places, r->event, folder, relative, flags), file, (flags & O_CLOEXEC) != 0);
}

static void opened(const struct reader *r, const struct text_call *call, const struct recorded_memory *memory, uint64_t flags, int folder)
{
	char given[RECORDED_PATH];

	if (!text_call_path(call, &memory->memory, given, sizeof given))
		return;
	const char *relative = recorded_below(call, &memory->memory, given, &folder);
	struct file *file = row_at(r, folder, relative, given);
	note(r, file, access_of(flags), call->result);
	holds(r, call, flags, folder, relative, file->unresolved ? NULL : file->path, file);
}

/* Of a process that was not chosen: one that was may have its descriptors from there. */
static void opened_by_another(const struct reader *r, const struct text_call *call, const struct recorded_memory *memory)
{
	char given[RECORDED_PATH], path[PATH_ROOM];
	uint64_t flags;
	int folder;

	if (!recorded_open(call, memory, &flags, &folder) || call->result < 0 || !text_call_path(call, &memory->memory, given, sizeof given))
		return;
	const char *relative = recorded_below(call, &memory->memory, given, &folder);
	int known = places_resolve(r->files->places, r->event, folder, relative, path);
	holds(r, call, flags, folder, relative, known ? path : NULL, known && !opens_nameless(flags) ? file_of(r->files, path, given) : NULL);
}

/* Renames and execs that nobody has asked for are there to be followed alone. */
static int is_asked(const struct reader *r, const struct text_call *call)
{
	return trace_set_has(r->source->header->trace, call->number);
}

/* execveat(2), AT_EXECVE_CHECK (Linux 6.14): could it be executed? */
static int only_asks(const struct text_call *call)
{
	return call->number == __NR_execveat && call->arguments[4] & 0x10000;
}

static void exec_event(const struct reader *r, const struct text_call *call, const struct text_memory *memory, int64_t result)
{
	char given[RECORDED_PATH];
	int has_path = text_call_path(call, memory, given, sizeof given) != NULL;

	if (!is_asked(r, call))
		return;
	if (only_asks(call)) {
		if (has_path)
			files_asked(r, files_row(r, (int)call->arguments[0], given), result);
	} else if (has_path) {
		executed(r, call, given, result);
	} else {
		executed_unknown(r, result);
	}
}

static void add_call(const struct reader *r, const struct text_call *call, const struct recorded_memory *memory)
{
	uint64_t flags;
	int folder;

	if (is_exec(call->number)) {
		exec_event(r, call, &memory->memory, call->result);
		return;
	}
	if (recorded_open(call, memory, &flags, &folder)) {
		opened(r, call, memory, flags, folder);
		return;
	}
	if (is_fork(call->number)) {
		forked(r, call);
		return;
	}
	switch (call->number) {
	case __NR_mmap:
		if (!is_failure(call->result) && !(call->arguments[3] & 0x20 /* MAP_ANONYMOUS */))
			used(r, call->arguments[4], ACCESS_MAPPED);
		break;
	case __NR_getdents64:
		if (!is_failure(call->result))
			used(r, call->arguments[0], ACCESS_FOLDER);
		break;
	case __NR_open_by_handle_at:
		r->files->by_handle++;
		break;
	case __NR_io_uring_enter:
		r->files->io_uring++;
		break;
	case __NR_pidfd_getfd:
		r->files->taken += !is_failure(call->result);
		break;
	default:
		if (call->result >= 0)
			transferred(r, call);
		if (is_asked(r, call))
			files_names(r, call, memory);
	}
}

static void tell_start(void *self, enum start_call call, const char *path, int error)
{
	const struct reader *r = self;
	struct file *file = files_row(r, AT_FDCWD, path);

	switch (call) {
	case START_EXECUTED:
		if (r->at->searched)
			found(r->files, r->at->searched);
		if (!r->at->executed || r->at->searched) {
			note(r, file, ACCESS_EXECUTE, 0);
			file->executed++;
		}
		r->at->searched = NULL;
		break;
	case START_INTERPRETED:
		files_seen(r, file);
		file->access |= ACCESS_EXECUTE;
		file->kernel++;
		break;
	case START_OPENED:
		note(r, file, ACCESS_READ | (strcmp(path, "/etc/ld.so.preload") != 0 ? ACCESS_MAPPED : 0), -error);
		break;
	default:
		files_asked(r, file, -error);
	}
}

static int is_chosen(const struct files *f, const struct event *e, int thread)
{
	const struct record_header *h = f->recording->sources[e->source].header;

	return filter_takes_thread(f->pid, f->recording, e, thread) && (!f->program || fnmatch(f->program, h->program, 0) == 0);
}

static void start_ends(struct files *f, const struct source *s, struct reading *at)
{
	struct reader r = {f, &at->start, s, at};

	f->recording->starts_told |= loader_is_ready(at->loader);
	if (loader_is_ready(at->loader) && is_chosen(f, &at->start, s->header->pid) && !loader_tell(at->loader, s, tell_start, &r))
		f->starts_in_part++;
	loader_free(at->loader);
	at->loader = NULL;
}

static void add_event(const struct reader *r, const struct record_word *word)
{
	struct recorded_memory memory;
	struct text_call call;
	int thread = recorded_call(r->source, word, &call, &memory), is_ours = is_chosen(r->files, r->event, thread);

	/* What an exec in the new image says is only that it has succeeded. A tracer's file may hold that exec itself. */
	if (is_exec_end(word)) {
		succeeded(r->files, places_process(r->files->places, r->event, r->source->header->pid));
		return;
	}
	if (word->kind == RECORD_BEGIN) {
		if (is_exec(call.number) && is_ours && !only_asks(&call))
			exec_event(r, &call, &memory.memory, 0);
		return;
	}
	if (is_ours)
		add_call(r, &call, &memory);
	else
		opened_by_another(r, &call, &memory);
	places_after(r->files->places, r->event, &call, &memory);
}

void files_add_all(struct files *f)
{
	struct reading *readings = zeroed((f->recording->sources_count + 1) * sizeof *readings);
	struct event event;

	f->places = places_make(f->recording);
	f->recording->whole = 1;
	recording_rewind(f->recording);
	while (recording_next(f->recording, &event)) {
		const struct record_word *word = event_record(f->recording, &event);
		struct reader r = {f, &event, &f->recording->sources[event.source], &readings[event.source]};
		if (places_before(f->places, &event)) {
			struct file *file = succeeded(f, places_process(f->places, &event, r.source->header->pid));
			r.at->executed = file != NULL;
			r.at->searched = file && was_searched(file) ? file : NULL;
		}
		if (word->kind == RECORD_START || word->kind == RECORD_OBJECT) {
			if (!r.at->loader) {
				r.at->loader = loader_make();
				r.at->start = event;
			}
			loader_take(r.at->loader, r.source, word);
			continue;
		}
		if (r.at->loader)
			start_ends(f, r.source, r.at);
		if (word->kind == RECORD_CALL || word->kind == RECORD_COALESCED || word->kind == RECORD_BEGIN)
			add_event(&r, word);
		else if (word->kind == RECORD_NOTE)
			gaps_note(f, places_process(f->places, &event, ((const struct record_note *)word)->thread), ((const struct record_note *)word)->text);
	}
	for (unsigned i = 0; i < f->recording->sources_count; i++)
		if (readings[i].loader)
			start_ends(f, &f->recording->sources[i], &readings[i]);
	if (f->format == FILES_FSATRACE)
		gaps_fsatrace(f);
	gaps_end(f);
	free(readings);
}

void files_free(struct files *f)
{
	struct file *file, *next;

	HASH_ITER(hh, f->table, file, next)
	{
		HASH_DEL(f->table, file);
		file_free(file);
	}
	while (f->nameless) {
		file = f->nameless;
		f->nameless = file->next;
		file_free(file);
	}
	folders_free(f);
	gaps_free(f);
	if (f->places)
		places_free(f->places);
}
