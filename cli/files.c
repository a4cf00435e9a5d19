/* sysshim files: which files a recorded program opened or executed. Names are put together from the recording alone: nothing is asked of
 * the file system, which may have changed since. */
#include "files.h"
#include "ahead.h"
#include "command.h"
#include "files_gaps.h"
#include "files_row.h"
#include "loader.h"
#include "places.h"
#include "../format/json.h"

#include <asm/unistd.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

const char files_help[] =
	"usage: sysshim files [OPTION...] [RECORDING]\n"
	"\n"
	"Lists each path that was opened or executed: how, how often with success and without, and the first error. How: r read, w written, x executed, c may\n"
	"have been created, t truncated, a appended, d a folder, m mapped, - none of these. RECORDING is a folder that `sysshim run` made; without it, the newest.\n"
	"\n"
	"      --all           also paths that calls only named: stat, access, readlink, unlink, rename, mkdir, ...\n"
	"      --only-missing  only paths that no call found\n"
	"      --only-written  only paths opened for writing, or that such a file was renamed or linked to\n"
	"  -P GLOB             only paths that match; may be repeated. * matches / too\n"
	"      --not=GLOB      no paths that match; may be repeated\n"
	"  -p PID              only this process\n"
	"  -n GLOB             only programs of this name\n"
	"      --tree          as a tree of folders\n"
	"  -0                  paths alone, each with a NUL behind it\n"
	"      --json          an object a line\n"
	"      --format=table|tree|json|fsatrace|make\n"
	"                      fsatrace: r|w|m|d|q|t lines as fsatrace(1) writes them; make: a rule: what was written, from what was read\n"
	"      --expect=FILE   says which paths were opened that the list in FILE does not allow\n"
	"      --write-expect=FILE  writes such a list: all that was opened\n"
	"      --deny=GLOB     says which paths that match were opened, or tried; may be repeated\n"
	"      --strict        what the recording does not hold is a finding too\n"
	"      --help\n"
	"\n"
	"Paths are absolute, as the calls named them (symbolic links are not followed), relative to the folder of that moment; where it is not known they\n"
	"begin with ?/. What ld.so opened and looked for before the shim's start is among them. A glob is held against a path as it is shown, and without its\n"
	"..; --not and a line of a list do not take what leads out of the folder that they name by ..\n"
	"A line of a list is r, w, x or more of them, a blank, and a glob; # begins a comment.\n"
	"Exit status: 0; 1: --expect, --deny or --strict found something, or a part of the recording could not be read; 2: wrong usage, or nothing to read;\n"
	"125: the output could not be written.\n";

static int match(const struct globs *g, const char *path)
{
	for (unsigned i = 0; i < g->count; i++)
		if (fnmatch(g->patterns[i], path, 0) == 0)
			return 1;
	return 0;
}

int globs_match(const struct globs *g, const struct file *file)
{
	return match(g, file->path) || (file->straight != file->path && match(g, file->straight));
}

/* A path that only begins as what is left out, and then leads away from there by `..`, stays. */
static int is_left_out(const struct files *f, const struct file *file)
{
	return match(&f->without, file->path) && match(&f->without, file->straight);
}

int files_name(const struct files *f, const struct file *file)
{
	return (!f->only.count || globs_match(&f->only, file)) && !is_left_out(f, file);
}

int files_take(const struct files *f, const struct file *file)
{
	/* What was written under another name has it by a rename or link. */
	int touched = file->opens || file->failed || file->kernel || file->access & ACCESS_WRITE;

	return (touched || (f->all && file->named)) && (!f->only_missing || (!file->opens && !file->kernel && file->failed)) &&
	       (!f->only_written || file->access & ACCESS_WRITE) && files_name(f, file);
}

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

/* Where a file of the recording is being read. */
struct reading {
	struct loader *loader;
	struct event start;
	int executed; /* the exec that led here was recorded */
};

struct reader {
	struct files *files;
	const struct event *event;
	const struct source *source;
	struct reading *at;
};

/* relative: what of the given path is looked for in the directory. */
static struct file *row_at(const struct reader *r, int64_t directory, const char *relative, const char *given)
{
	char path[PLACES_PATH];
	int known = places_resolve(r->files->places, r->event, directory, relative, path);
	struct file *file = file_of(r->files, path, given);

	r->files->unresolved += !known && !file->unresolved;
	file->unresolved |= !known;
	return file;
}

static struct file *row_of(const struct reader *r, int64_t directory, const char *given)
{
	return row_at(r, directory, given, given);
}

static void seen(const struct reader *r, struct file *file)
{
	file_noted(file, r->event->time, places_pid(r->files->places, r->event), r->source->header->program);
}

/* Named by a call that does not open it. */
static void asked(const struct reader *r, struct file *file, int64_t result)
{
	seen(r, file);
	file->named++;
	if (is_failure(result))
		file_failed(file, result);
}

static void note(const struct reader *r, struct file *file, unsigned access, int64_t result)
{
	seen(r, file);
	file_opened(file, access, result);
	/* Whoever has made it again, it is there. */
	if (!is_failure(result))
		file->removed = 0;
	if (r->files->format == FILES_FSATRACE && !is_failure(result))
		files_fsatrace(r->files, access & ACCESS_WRITE ? OPERATION_WRITE : OPERATION_READ, file, NULL);
}

/* The image of a process has come, or the next exec of it begins: the one before has succeeded. 1: it was recorded. */
static int succeeded(struct files *f, int pid)
{
	struct file *file = gaps_over(f, pid);

	if (file && f->format == FILES_FSATRACE)
		files_fsatrace(f, OPERATION_READ, file, NULL);
	return file != NULL;
}

/* An exec is written when it begins, and again only if it has failed. */
static void executed(const struct reader *r, const struct text_call *call, const char *given, int64_t result)
{
	/* An empty path means the descriptor (AT_EMPTY_PATH). */
	struct file *file = row_of(r, call->number == __NR_execveat ? (int)call->arguments[0] : AT_FDCWD, given);
	int pid = places_pid(r->files->places, r->event);

	/* It may have been opened, or executed, before. */
	if (result && file->executed) {
		file->opens--;
		file->executed--;
		if (!file->executed && !file->kernel)
			file->access &= ~(unsigned)ACCESS_EXECUTE;
	}
	seen(r, file);
	file_opened(file, ACCESS_EXECUTE, result);
	if (result) {
		gaps_image(r->files, pid);
		return;
	}
	file->executed++;
	succeeded(r->files, pid);
	gaps_exec(r->files, pid, file);
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

static void transferred(const struct reader *r, const struct text_call *call)
{
	const struct syscall_row *row = syscall_row(call->number);
	const uint64_t *a = call->arguments;

	switch (call->number) {
	case __NR_copy_file_range:
	case __NR_splice:
		add_bytes(r, a[0], call->result, 0);
		add_bytes(r, a[2], call->result, 1);
		break;
	case __NR_sendfile:
		add_bytes(r, a[1], call->result, 0);
		add_bytes(r, a[0], call->result, 1);
		break;
	case __NR_tee:
		/* The bytes stay where they are as well. */
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

/* What was written under another name lies under this one. */
static void takes_over(struct file *file, const struct file *before)
{
	file->access |= before->access & (ACCESS_WRITE | ACCESS_CREATE);
	file->removed = 0;
}

static void move(const struct reader *r, struct file *from, struct file *to, int stays)
{
	from->removed = !stays;
	from->told = 0;
	takes_over(to, from);
	if (r->files->format == FILES_FSATRACE)
		files_fsatrace(r->files, OPERATION_MOVE, to, from);
}

static void goes_along(struct file *file, const struct file *folder)
{
	file->along = folder;
	file->along_removals = folder->removals;
}

/* What went along with a folder before is there again when that comes back, and else goes on with it. */
static void moves_on(struct file *file, const struct file *from, const struct file *to)
{
	size_t length = strlen(to->straight);

	if (!file->removed || file->along != from || file->along_removals != from->removals)
		return;
	file->removed = strncmp(file->straight, to->straight, length) != 0 || file->straight[length] != '/';
	goes_along(file, to);
}

/* What stands in a folder goes along. */
static void move_all(const struct reader *r, struct file *from, struct file *to, int stays)
{
	size_t length = strlen(from->straight);
	struct file *file, *next, *other;
	char path[PLACES_PATH];

	move(r, from, to, stays);
	if (from->unresolved || to->unresolved || (!from->carries && !file_is_folder(r->files, from)))
		return;
	to->carries = 1;
	/* Rows that are added on the way are none of those that moved. */
	struct file *last = ELMT_FROM_HH(r->files->table->hh.tbl, r->files->table->hh.tbl->tail);
	for (file = r->files->table; file; file = file == last ? NULL : next) {
		next = file->hh.next;
		if (!stays)
			moves_on(file, from, to);
		if (file->removed || strncmp(file->straight, from->straight, length) != 0 || file->straight[length] != '/')
			continue;
		file->removed = !stays;
		goes_along(file, to);
		if (!(file->access & ACCESS_WRITE))
			continue;
		snprintf(path, sizeof path, "%s%s", to->path, file->straight + length);
		other = file_of(r->files, path, path);
		seen(r, other);
		move(r, file, other, stays);
	}
}

/* A file that was opened without a name has got its first one. */
static void named_now(struct file *file, struct file *as)
{
	if (file->linked)
		return;
	file->linked = as;
	file_add_bytes(as, file);
}

/* A path that a call names without opening it: what it did to the name. */
static void named(const struct reader *r, const struct text_call *call, struct file *file, struct file *before)
{
	asked(r, file, call->result);
	switch (is_failure(call->result) ? 0 : call->number) {
	case __NR_unlink:
	case __NR_rmdir:
	case __NR_unlinkat:
		file->removed = 1;
		file->removals++;
		if (r->files->format == FILES_FSATRACE)
			files_fsatrace(r->files, OPERATION_DELETE, file, NULL);
		break;
	case __NR_rename:
	case __NR_renameat:
	case __NR_renameat2:
		/* To the name that it has: nothing was done (rename(2)). */
		if (!before || !strcmp(before->straight, file->straight))
			break;
		move_all(r, before, file, places_exchange(call));
		if (places_exchange(call))
			move_all(r, file, before, 1);
		break;
	case __NR_link:
	case __NR_linkat:
		if (!before)
			break;
		takes_over(file, before);
		if (!*before->path)
			named_now(before, file);
		if (r->files->format == FILES_FSATRACE)
			files_fsatrace(r->files, OPERATION_WRITE, file, before);
		break;
	case __NR_mkdir:
	case __NR_mkdirat:
	case __NR_mknod:
	case __NR_mknodat:
	case __NR_symlink:
	case __NR_symlinkat:
		file->removed = 0;
		break;
	case __NR_utime:
	case __NR_utimes:
	case __NR_utimensat:
	case __NR_futimesat:
		if (r->files->format == FILES_FSATRACE)
			files_fsatrace(r->files, OPERATION_TOUCH, file, NULL);
		break;
	default:
		if (r->files->format == FILES_FSATRACE && r->files->all)
			files_fsatrace(r->files, OPERATION_QUERY, file, NULL);
	}
}

/* linkat(2) names an open file, which may have no name yet (O_TMPFILE), by its descriptor. */
static struct file *behind(const struct reader *r, struct file *file)
{
	struct file *owner = NULL;
	int fd, pid, end = 0;

	if (((sscanf(file->path, "/proc/self/fd/%d%n", &fd, &end) == 1 || sscanf(file->path, "/proc/thread-self/fd/%d%n", &fd, &end) == 1) ||
	     (sscanf(file->path, "/proc/%d/fd/%d%n", &pid, &fd, &end) == 2 && pid == places_pid(r->files->places, r->event))) &&
	    end && !file->path[end])
		owner = places_owner(r->files->places, r->event, fd);
	return owner ? owner : file;
}

/* Each path of a call, relative to the descriptor in front of it. An empty one means that descriptor. */
static void name_all(const struct reader *r, const struct text_call *call, const struct recorded_memory *memory)
{
	const struct syscall_row *row = syscall_row(call->number);
	struct file *file = NULL;
	int64_t directory = AT_FDCWD;
	char given[RECORDED_PATH];

	for (unsigned i = 0; row && row->flags & CALL_FILE && i < 6; i++) {
		if (row->kinds[i] == ARG_DIRFD)
			directory = (int)call->arguments[i];
		/* What a symbolic link is to hold is no name of anything yet. */
		if (row->kinds[i] != ARG_PATH || (i == 0 && (call->number == __NR_symlink || call->number == __NR_symlinkat)))
			continue;
		if (text_string_at(&memory->memory, call->arguments[i], given, sizeof given)) {
			struct file *before = file;
			file = *given ? row_of(r, directory, given) : places_owner(r->files->places, r->event, (int)directory);
			if (*given)
				named(r, call, file, before ? behind(r, before) : NULL);
		}
		directory = AT_FDCWD;
	}
}

/* The descriptor that an open has given leads there from now on. path: NULL, not known. */
static void holds(const struct reader *r, const struct text_call *call, uint64_t flags, const char *path, struct file *file)
{
	if (call->result < 0)
		return;
	if (opens_nameless(flags)) {
		file = file_nameless(r->files);
		file->access = access_of(flags & ~(uint64_t)O_TMPFILE) | ACCESS_CREATE;
		path = NULL;
	}
	places_opened(r->files->places, r->event, (int)call->result, path, file, (flags & O_CLOEXEC) != 0);
}

static void opened(const struct reader *r, const struct text_call *call, const struct recorded_memory *memory, uint64_t flags, int folder)
{
	char given[RECORDED_PATH];

	if (!text_call_path(call, &memory->memory, given, sizeof given))
		return;
	const char *relative = recorded_below(call, &memory->memory, given, &folder);
	struct file *file = row_at(r, folder, relative, given);
	note(r, file, access_of(flags), call->result);
	holds(r, call, flags, file->unresolved ? NULL : file->path, file);
}

/* Of a process that was not chosen: one that was may have its descriptors from there. */
static void opened_by_another(const struct reader *r, const struct text_call *call, const struct recorded_memory *memory)
{
	char given[RECORDED_PATH], path[PLACES_PATH];
	uint64_t flags;
	int folder;

	if (!recorded_open(call, memory, &flags, &folder) || call->result < 0 || !text_call_path(call, &memory->memory, given, sizeof given))
		return;
	const char *relative = recorded_below(call, &memory->memory, given, &folder);
	int known = places_resolve(r->files->places, r->event, folder, relative, path);
	holds(r, call, flags, known ? path : NULL, known && !opens_nameless(flags) ? file_of(r->files, path, given) : NULL);
}

static void add_call(const struct reader *r, const struct text_call *call, const struct recorded_memory *memory)
{
	char given[RECORDED_PATH];
	uint64_t flags;
	int folder;

	if (is_exec(call->number)) {
		if (text_call_path(call, &memory->memory, given, sizeof given))
			executed(r, call, given, call->result);
		return;
	}
	if (recorded_open(call, memory, &flags, &folder)) {
		opened(r, call, memory, flags, folder);
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
		if (call->result > 0)
			transferred(r, call);
		name_all(r, call, memory);
	}
}

static void tell_start(void *self, enum start_call call, const char *path, int error)
{
	const struct reader *r = self;
	struct file *file = row_of(r, AT_FDCWD, path);

	switch (call) {
	case START_EXECUTED:
		if (!r->at->executed) {
			note(r, file, ACCESS_EXECUTE, 0);
			file->executed++;
		}
		break;
	case START_INTERPRETED:
		seen(r, file);
		file->access |= ACCESS_EXECUTE;
		file->kernel++;
		break;
	case START_OPENED:
		note(r, file, ACCESS_READ | (strcmp(path, "/etc/ld.so.preload") != 0 ? ACCESS_MAPPED : 0), -error);
		break;
	default:
		asked(r, file, -error);
	}
}

static int is_chosen(const struct files *f, const struct event *e, int thread)
{
	const struct record_header *h = f->recording->sources[e->source].header;

	return (!f->pid || f->pid == thread || f->pid == vforked_pid(f->recording, e, thread)) && (!f->program || fnmatch(f->program, h->program, 0) == 0);
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
	char given[RECORDED_PATH];
	int thread = recorded_call(r->source, word, &call, &memory), is_ours = is_chosen(r->files, r->event, thread);

	/* What an exec in the new image says is only that it has succeeded. A tracer's file may hold that exec itself. */
	if (is_exec_end(word)) {
		succeeded(r->files, r->source->header->pid);
		return;
	}
	if (word->kind == RECORD_BEGIN) {
		if (is_exec(call.number) && is_ours && text_call_path(&call, &memory.memory, given, sizeof given))
			executed(r, &call, given, 0);
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
		if (places_before(f->places, &event))
			r.at->executed = succeeded(f, r.source->header->pid);
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
			gaps_note(f, ((const struct record_note *)word)->thread, ((const struct record_note *)word)->text);
	}
	for (unsigned i = 0; i < f->recording->sources_count; i++)
		if (readings[i].loader)
			start_ends(f, &f->recording->sources[i], &readings[i]);
	if (f->format == FILES_FSATRACE)
		gaps_fsatrace(f);
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

static int take_glob(struct globs *g, const char *pattern, const char *option)
{
	if (g->count == FILTER_PATHS) {
		fprintf(stderr, "sysshim files: more than %d patterns for %s\n", FILTER_PATHS, option);
		return 0;
	}
	g->patterns[g->count++] = pattern;
	return 1;
}

static int take_format(struct files *f, const char *value)
{
	static const char *const names[] = {"table", "tree", "json", "-0", "fsatrace", "make"};

	for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
		if (!strcmp(value, names[i])) {
			f->format = i;
			return 1;
		}
	fprintf(stderr, "sysshim files: --format=%s: there are table, tree, json, fsatrace and make\n", value);
	return 0;
}

/* Findings, instead of the list: 0, 1 or 2 as the exit status says. */
static int judge(struct files *f, const char *expect)
{
	long found = f->deny.count ? files_denied(f, stdout) : 0, unexpected = expect ? files_expect(f, expect, stdout) : 0;

	if (unexpected < 0)
		return EXIT_USAGE;
	found += unexpected;
	if (f->strict)
		found += files_gaps(f, NULL) || recording_gaps(f->recording);
	recording_coverage(f->recording, stdout);
	files_gaps(f, stdout);
	return found ? EXIT_FOUND : EXIT_FINE;
}

void files_each(struct recording *r, void (*tell)(void *self, const char *path, int pid, int is_written), void *self)
{
	struct files f = {.recording = r};
	struct file *file, *next;

	files_add_all(&f);
	HASH_ITER(hh, f.table, file, next)
	{
		if (file->opens + file->failed)
			tell(self, file->path, file->pids[file->pids_count - 1], file->opens && file->access & (ACCESS_WRITE | ACCESS_CREATE | ACCESS_TRUNCATE));
	}
	files_free(&f);
}

int command_files(int argc, char **argv)
{
	enum { ONLY_MISSING = 256, ONLY_WRITTEN, ALL, NOT, TREE, FORMAT, EXPECT, WRITE_EXPECT, DENY, STRICT };
	static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {"json", no_argument, NULL, 'j'}, {"all", no_argument, NULL, ALL},
						{"only-missing", no_argument, NULL, ONLY_MISSING}, {"only-written", no_argument, NULL, ONLY_WRITTEN},
						{"not", required_argument, NULL, NOT}, {"tree", no_argument, NULL, TREE}, {"format", required_argument, NULL, FORMAT},
						{"expect", required_argument, NULL, EXPECT}, {"write-expect", required_argument, NULL, WRITE_EXPECT},
						{"deny", required_argument, NULL, DENY}, {"strict", no_argument, NULL, STRICT}, {NULL, 0, NULL, 0}};
	struct recording recording;
	struct files f = {.recording = &recording};
	struct filter filter;
	const char *expect = NULL, *write_expect = NULL;
	int option, status = EXIT_FINE;

	filter_all(&filter);
	while ((option = next_option(argc, argv, ":hj0p:P:n:", options)) != -1) {
		switch (option) {
		case 'h':
			fputs(files_help, stdout);
			return EXIT_FINE;
		case 'j':
			f.format = FILES_JSON;
			break;
		case '0':
			f.format = FILES_ZERO;
			break;
		case TREE:
			f.format = FILES_TREE;
			break;
		case FORMAT:
			if (!take_format(&f, optarg))
				return EXIT_USAGE;
			break;
		case ALL:
			f.all = 1;
			break;
		case ONLY_MISSING:
			f.only_missing = 1;
			break;
		case ONLY_WRITTEN:
			f.only_written = 1;
			break;
		case STRICT:
			f.strict = 1;
			break;
		case 'P':
		case NOT:
		case DENY:
			if (!take_glob(option == 'P' ? &f.only : option == NOT ? &f.without : &f.deny, optarg, option == 'P' ? "-P" : option == NOT ? "--not" : "--deny"))
				return EXIT_USAGE;
			break;
		case EXPECT:
			expect = optarg;
			break;
		case WRITE_EXPECT:
			write_expect = optarg;
			break;
		case 'n':
			f.program = optarg;
			break;
		case 'p':
			if (!filter_take(&filter, 'p', optarg, "files"))
				return EXIT_USAGE;
			f.pid = filter.pid;
			break;
		default:
			return EXIT_USAGE;
		}
	}
	if (!recording_read(&recording, argc, argv))
		return EXIT_USAGE;
	recording.is_for_files = 1;
	files_add_all(&f);
	HASH_SORT(f.table, file_by_path);
	if (write_expect && !files_write_expect(&f, write_expect))
		status = EXIT_USAGE;
	else if (expect || f.deny.count)
		status = judge(&f, expect);
	else if (!write_expect)
		files_print(&f);
	if (!status && f.strict && (files_gaps(&f, NULL) || recording_gaps(&recording)))
		status = EXIT_FOUND;
	files_free(&f);
	int read = recording_end(&recording, stdout);
	return read > status ? read : status;
}
