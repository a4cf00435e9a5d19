/* sysshim files: which files a recorded program opened or executed. Names are put together from the recording alone: nothing is asked of
 * the file system, which may have changed since. */
#include "command.h"
#include "filter.h"
#include "sizes.h"
#include "../format/json.h"

#include <asm/unistd.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

const char files_help[] =
	"usage: sysshim files [OPTION...] [RECORDING]\n"
	"\n"
	"Lists each path that was opened or executed: how (r read, w written, x executed, c may create, t truncated, a appended, d a folder), how\n"
	"often with success and without, and the first error. RECORDING is a folder that `sysshim run` made; without it, the newest.\n"
	"\n"
	"      --only-missing  only paths that no call found\n"
	"      --only-written  only paths opened for writing\n"
	"  -p PID              only this process\n"
	"  -0                  paths alone, each with a NUL behind it\n"
	"      --json          an object a line\n"
	"      --help\n"
	"\n"
	"Paths are absolute, as the calls named them (symbolic links are not followed); where the folder is not known they begin with ?/.\n"
	"Exit status: 0; 1: a part of the recording could not be read; 2: wrong usage, or nothing to read.\n";

enum { ACCESS_READ = 1, ACCESS_WRITE = 2, ACCESS_EXECUTE = 4, ACCESS_CREATE = 8, ACCESS_TRUNCATE = 16, ACCESS_APPEND = 32, ACCESS_FOLDER = 64 };

struct file {
	unsigned access;
	uint64_t opens, failed, read, written, first, last;
	int error, pid, processes;
	const char *given;
	uint64_t read_sizes[SIZES], write_sizes[SIZES];
	UT_hash_handle hh;
	char path[];
};

/* What a descriptor of a process is, and its working folder under the number -1. */
struct opened {
	struct {
		int pid, fd;
	} key;
	struct file *file; /* NULL: not a file that we know */
	char *path;
	UT_hash_handle hh;
};

/* Whose child a process is. */
struct process {
	int pid, parent;
	UT_hash_handle hh;
};

struct files {
	struct recording *recording;
	struct process *processes;
	struct file *table;
	struct opened *opened;
	int pid, only_missing, only_written;
};

enum { CWD = -1 };

static struct opened *find(struct files *f, int pid, int fd)
{
	struct opened like, *found;

	memset(&like, 0, sizeof like);
	like.key.pid = pid;
	like.key.fd = fd;
	HASH_FIND(hh, f->opened, &like.key, sizeof like.key, found);
	return found;
}

static void set(struct files *f, int pid, int fd, struct file *file, const char *path)
{
	struct opened *o = find(f, pid, fd);

	if (!o) {
		o = calloc(1, sizeof *o);
		if (!o)
			return;
		o->key.pid = pid;
		o->key.fd = fd;
		HASH_ADD(hh, f->opened, key, sizeof o->key, o);
	}
	/* NB order: it may be its own (dup2 onto itself). */
	char *copy = path ? strdup(path) : NULL;
	free(o->path);
	o->path = copy;
	o->file = file;
}

/* A forked child has its parent's descriptors. The parent's table is looked at as it is by now: what it opened since may have taken a number
 * that the child had closed. */
static struct opened *find_with_parents(struct files *f, const struct source *s, int fd)
{
	int pid = s->header->pid;

	for (int depth = 0; depth < 16; depth++) {
		struct opened *o = find(f, pid, fd);
		struct process *process;
		if (o)
			return o;
		HASH_FIND_INT(f->processes, &pid, process);
		if (!process)
			return NULL;
		pid = process->parent;
	}
	return NULL;
}

/* Without `.`, empty parts and doubled slashes; `..` stays, because what it means depends on symbolic links. */
static void tidy(char *path)
{
	char *to = path, *from = path;

	while (*from) {
		if (from[0] == '/' && (from[1] == '/' || (from[1] == '.' && (from[2] == '/' || !from[2])))) {
			from += from[1] == '/' ? 1 : 2;
			continue;
		}
		*to++ = *from++;
	}
	if (to == path)
		*to++ = '/';
	*to = 0;
}

static void absolute(struct files *f, const struct source *s, int64_t directory, const char *given, char *to, size_t size)
{
	const struct opened *o;
	const char *base = NULL;

	if (*given == '/') {
		snprintf(to, size, "%s", given);
		tidy(to);
		return;
	}
	o = directory == AT_FDCWD ? find(f, s->header->pid, CWD) : find_with_parents(f, s, (int)directory);
	if (o)
		base = o->path;
	else if (directory == AT_FDCWD && s->header->directory[0] == '/')
		base = s->header->directory;
	if (!base)
		base = "?";
	snprintf(to, size, "%s%s%s", base, *given ? "/" : "", given);
	if (*to == '/')
		tidy(to);
}

static struct file *file_of(struct files *f, const char *path, const char *given)
{
	struct file *file;
	size_t length = strlen(path);

	HASH_FIND(hh, f->table, path, length, file);
	if (file)
		return file;
	file = calloc(1, sizeof *file + length + 1);
	if (!file)
		return NULL;
	memcpy(file->path, path, length + 1);
	file->given = strdup(given);
	HASH_ADD_KEYPTR(hh, f->table, file->path, length, file);
	return file;
}

static unsigned access_of(uint64_t flags)
{
	unsigned how = (flags & O_ACCMODE) == O_RDONLY ? ACCESS_READ : (flags & O_ACCMODE) == O_WRONLY ? ACCESS_WRITE : ACCESS_READ | ACCESS_WRITE;

	if (flags & O_PATH)
		how = 0;
	return how | (flags & O_CREAT ? ACCESS_CREATE : 0) | (flags & O_TRUNC ? ACCESS_TRUNCATE : 0) | (flags & O_APPEND ? ACCESS_APPEND : 0) |
	       (flags & O_DIRECTORY ? ACCESS_FOLDER : 0);
}

/* open and its like: where the folder and the flags stand. */
static int opens(const struct text_call *call, const struct recorded_memory *memory, int64_t *directory, uint64_t *flags)
{
	uint64_t how = 0;

	switch (call->number) {
	case __NR_open:
		*directory = AT_FDCWD;
		*flags = call->arguments[1];
		return 1;
	case __NR_creat:
		*directory = AT_FDCWD;
		*flags = O_WRONLY | O_CREAT | O_TRUNC;
		return 1;
	case __NR_openat:
		*directory = (int)call->arguments[0];
		*flags = call->arguments[2];
		return 1;
	case __NR_openat2:
		*directory = (int)call->arguments[0];
		if (memory->kept)
			memory->memory.read(&memory->memory, &how, call->arguments[2], sizeof how);
		*flags = how;
		return 1;
	default:
		return 0;
	}
}

static void note(struct file *file, const struct event *e, const struct source *s, unsigned access, int64_t result)
{
	int failed = is_failure(result);

	file->access |= failed ? 0 : access;
	file->opens += !failed;
	file->failed += (uint64_t)failed;
	if (failed && !file->error)
		file->error = (int)-result;
	if (!file->first)
		file->first = e->time;
	file->last = e->time;
	if (file->pid != s->header->pid)
		file->processes++;
	file->pid = s->header->pid;
}

/* An exec is written when it begins, and again only if it has failed. */
static void executed(struct files *f, const struct event *e, const struct source *s, const struct text_call *call, const char *given, int64_t result)
{
	char path[9000];

	absolute(f, s, call->number == __NR_execveat ? (int)call->arguments[0] : AT_FDCWD, given, path, sizeof path);
	struct file *file = file_of(f, path, given);
	if (!file)
		return;
	if (result && file->opens && !--file->opens)
		file->access &= ~(unsigned)ACCESS_EXECUTE;
	note(file, e, s, ACCESS_EXECUTE, result);
}

static void moved(struct files *f, const struct source *s, const struct text_call *call, const char *given)
{
	char path[9000];
	struct opened *o;

	if (call->result != 0)
		return;
	if (call->number == __NR_fchdir) {
		o = find_with_parents(f, s, (int)call->arguments[0]);
		set(f, s->header->pid, CWD, NULL, o && o->path ? o->path : "?");
	} else if (given) {
		absolute(f, s, AT_FDCWD, given, path, sizeof path);
		set(f, s->header->pid, CWD, NULL, path);
	}
}

static void add_bytes(struct files *f, const struct source *s, uint64_t fd, int64_t bytes, int out)
{
	struct opened *o = find_with_parents(f, s, (int)fd);

	if (!o || !o->file)
		return;
	*(out ? &o->file->written : &o->file->read) += (uint64_t)bytes;
	sizes_add(out ? o->file->write_sizes : o->file->read_sizes, (uint64_t)bytes);
}

static void transferred(struct files *f, const struct source *s, const struct text_call *call, const struct syscall_row *row)
{
	const uint64_t *a = call->arguments;

	switch (call->number) {
	case __NR_copy_file_range:
	case __NR_splice:
		add_bytes(f, s, a[0], call->result, 0);
		add_bytes(f, s, a[2], call->result, 1);
		break;
	case __NR_sendfile:
		add_bytes(f, s, a[1], call->result, 0);
		add_bytes(f, s, a[0], call->result, 1);
		break;
	default:
		if (row->flags & (CALL_BYTES_IN | CALL_BYTES_OUT))
			add_bytes(f, s, a[0], call->result, !(row->flags & CALL_BYTES_IN));
	}
}

static void add_call(struct files *f, const struct event *e, const struct source *s, const struct text_call *call, const struct recorded_memory *memory)
{
	const struct syscall_row *row = syscall_row(call->number);
	char given[RECORDED_PATH], path[9000];
	const char *named = text_call_path(call, &memory->memory, given, sizeof given);
	int64_t directory;
	uint64_t flags = 0;
	struct opened *o;

	switch (call->number) {
	case __NR_chdir:
	case __NR_fchdir:
		moved(f, s, call, named);
		return;
	case __NR_execve:
	case __NR_execveat:
		if (named)
			executed(f, e, s, call, named, call->result);
		return;
	case __NR_dup:
	case __NR_dup2:
	case __NR_dup3:
		o = find_with_parents(f, s, (int)call->arguments[0]);
		if (call->result >= 0)
			set(f, s->header->pid, (int)call->result, o ? o->file : NULL, o ? o->path : NULL);
		return;
	case __NR_fcntl:
		if ((call->arguments[1] == F_DUPFD || call->arguments[1] == F_DUPFD_CLOEXEC) && call->result >= 0) {
			o = find_with_parents(f, s, (int)call->arguments[0]);
			set(f, s->header->pid, (int)call->result, o ? o->file : NULL, o ? o->path : NULL);
		}
		return;
	case __NR_close:
		if (call->result == 0)
			set(f, s->header->pid, (int)call->arguments[0], NULL, NULL);
		return;
	default:
		break;
	}
	if (named && opens(call, memory, &directory, &flags)) {
		absolute(f, s, directory, named, path, sizeof path);
		struct file *file = file_of(f, path, named);
		if (file)
			note(file, e, s, access_of(flags), call->result);
		if (call->result >= 0)
			set(f, s->header->pid, (int)call->result, file, path);
		return;
	}
	if (row && call->result > 0)
		transferred(f, s, call, row);
}

static void know_parents(struct files *f)
{
	for (unsigned i = 0; i < f->recording->sources_count; i++) {
		const struct record_header *h = f->recording->sources[i].header;
		struct process *process;
		HASH_FIND_INT(f->processes, &h->pid, process);
		if (process || !h->parent || !(process = calloc(1, sizeof *process)))
			continue;
		process->pid = h->pid;
		process->parent = h->parent;
		HASH_ADD_INT(f->processes, pid, process);
	}
}

static void add_all(struct files *f)
{
	struct event event;
	const struct event *e = &event;

	know_parents(f);
	recording_rewind(f->recording);
	while (recording_next(f->recording, &event)) {
		const struct record_word *word = event_record(f->recording, e);
		const struct source *s = &f->recording->sources[e->source];
		struct recorded_memory memory;
		struct text_call call;
		char given[RECORDED_PATH];
		if (word->kind != RECORD_CALL && word->kind != RECORD_COALESCED && word->kind != RECORD_BEGIN)
			continue;
		int thread = recorded_call(s, word, &call, &memory);
		if (f->pid && f->pid != thread && f->pid != s->header->pid)
			continue;
		if (word->kind != RECORD_BEGIN) {
			/* What an exec in the new image says is only that it has succeeded. */
			if (is_exec_end(word))
				continue;
			add_call(f, e, s, &call, &memory);
		} else if (is_exec(call.number) && text_call_path(&call, &memory.memory, given, sizeof given)) {
			executed(f, e, s, &call, given, 0);
		}
	}
}

static int by_path(const struct file *a, const struct file *b)
{
	return strcmp(a->path, b->path);
}

static const char *access_text(unsigned access, char text[8])
{
	static const char letters[] = "rwxctad";
	unsigned n = 0;

	for (unsigned i = 0; i < 7; i++)
		if (access >> i & 1)
			text[n++] = letters[i];
	if (!n)
		text[n++] = '-';
	text[n] = 0;
	return text;
}

static void print_json(const struct file *file, char *line, size_t size)
{
	struct text out = {line, line + size, 0};
	char access[8];
	const char *error = file->error ? errno_name((unsigned)file->error) : NULL;

	text_string(&out, "{\"path\":");
	text_json_quoted(&out, file->path, strlen(file->path));
	json_string(&out, "given", file->given, strlen(file->given));
	fwrite(line, 1, (size_t)(out.at - line), stdout);
	printf(",\"access\":\"%s\",\"opens\":%" PRIu64 ",\"failed\":%" PRIu64 ",\"errno\":%s%s%s,\"read_bytes\":%" PRIu64 ",\"written_bytes\":%" PRIu64
	       ",\"processes\":%d,\"first_ns\":%" PRIu64 ",\"last_ns\":%" PRIu64 "}\n",
	       access_text(file->access, access), file->opens, file->failed, error ? "\"" : "", error ? error : "null", error ? "\"" : "", file->read,
	       file->written, file->processes, file->first, file->last);
}

static void print_text(const struct file *file, char *line, size_t size)
{
	struct text out = {line, line + size, 0};
	char access[8];

	text_escaped(&out, file->path, strlen(file->path));
	const char *error = file->error ? errno_name((unsigned)file->error) : "";
	printf("%-6s %7" PRIu64 " %7" PRIu64 " %-8s %.*s\n", access_text(file->access, access), file->opens, file->failed, error ? error : "", (int)(out.at - line), line);
}

static void print_all(struct files *f, int json, int zero)
{
	static char line[64 << 10];
	struct file *file, *next;

	HASH_SORT(f->table, by_path);
	if (!json && !zero)
		printf("access   opens  failed errno    path\n");
	HASH_ITER(hh, f->table, file, next)
	{
		if ((f->only_missing && file->opens) || (f->only_written && !(file->access & ACCESS_WRITE)))
			continue;
		if (zero)
			fwrite(file->path, 1, strlen(file->path) + 1, stdout);
		else
			(json ? print_json : print_text)(file, line, sizeof line);
	}
	if (json)
		recording_coverage_line(f->recording, stdout);
	else
		recording_coverage(f->recording, zero ? stderr : stdout);
}

static void files_free(struct files *f)
{
	struct file *file, *next_file;
	struct opened *o, *next;
	struct process *process, *next_process;

	HASH_ITER(hh, f->table, file, next_file)
	{
		HASH_DEL(f->table, file);
		free((char *)file->given);
		free(file);
	}
	HASH_ITER(hh, f->processes, process, next_process)
	{
		HASH_DEL(f->processes, process);
		free(process);
	}
	HASH_ITER(hh, f->opened, o, next)
	{
		HASH_DEL(f->opened, o);
		free(o->path);
		free(o);
	}
}

static int by_bytes(const struct file *a, const struct file *b)
{
	uint64_t x = a->read + a->written, y = b->read + b->written;

	return x != y ? (x > y ? -1 : 1) : by_path(a, b);
}

static uint64_t sum(const uint64_t sizes[SIZES])
{
	uint64_t all = 0;

	for (unsigned i = 0; i < SIZES; i++)
		all += sizes[i];
	return all;
}

/* The files that were read or written, the busiest first, at most `most`. */
static void each_by_bytes(struct recording *r, int pid, unsigned most, void (*print)(const struct file *file, char *line, size_t size))
{
	static char line[64 << 10];
	struct files f = {.recording = r, .pid = pid};
	struct file *file, *next;

	add_all(&f);
	HASH_SORT(f.table, by_bytes);
	HASH_ITER(hh, f.table, file, next)
	{
		if (!most || !(sum(file->read_sizes) + sum(file->write_sizes)))
			continue;
		print(file, line, sizeof line);
		most--;
	}
	files_free(&f);
}

static void print_bytes(const struct file *file, char *line, size_t size)
{
	struct text out = {line, line + size, 0};

	if (!(file->read + file->written))
		return;
	text_escaped(&out, file->path, strlen(file->path));
	printf("%12" PRIu64 " read %12" PRIu64 " written %7" PRIu64 " opens  %.*s\n", file->read, file->written, file->opens, (int)(out.at - line), line);
}

void files_busiest(struct recording *r, int pid, unsigned most)
{
	each_by_bytes(r, pid, most, print_bytes);
}

static void print_sizes(const struct file *file, char *line, size_t size)
{
	struct text out = {line, line + size, 0};

	text_escaped(&out, file->path, strlen(file->path));
	printf("%.*s: %" PRIu64 " opens, %" PRIu64 " reads of %" PRIu64 " bytes, %" PRIu64 " writes of %" PRIu64 " bytes\n", (int)(out.at - line), line,
	       file->opens, sum(file->read_sizes), file->read, sum(file->write_sizes), file->written);
	sizes_print("    bytes a read   ", file->read_sizes);
	sizes_print("    bytes a write  ", file->write_sizes);
}

static void print_sizes_json(const struct file *file, char *line, size_t size)
{
	struct text out = {line, line + size, 0};

	text_json_quoted(&out, file->path, strlen(file->path));
	printf("{\"path\":%.*s,\"opens\":%" PRIu64 ",\"reads\":%" PRIu64 ",\"read_bytes\":%" PRIu64 ",\"writes\":%" PRIu64 ",\"written_bytes\":%" PRIu64 ",",
	       (int)(out.at - line), line, file->opens, sum(file->read_sizes), file->read, sum(file->write_sizes), file->written);
	sizes_json("read_sizes", file->read_sizes);
	putchar(',');
	sizes_json("write_sizes", file->write_sizes);
	puts("}");
}

void files_by_size(struct recording *r, int pid, int json)
{
	each_by_bytes(r, pid, UINT_MAX, json ? print_sizes_json : print_sizes);
}

void files_each(struct recording *r, void (*tell)(void *self, const char *path, int pid, int is_written), void *self)
{
	struct files f = {.recording = r};
	struct file *file, *next;

	add_all(&f);
	HASH_ITER(hh, f.table, file, next)
	{
		tell(self, file->path, file->pid, file->opens && file->access & (ACCESS_WRITE | ACCESS_CREATE | ACCESS_TRUNCATE));
	}
	files_free(&f);
}

int command_files(int argc, char **argv)
{
	enum { ONLY_MISSING = 256, ONLY_WRITTEN };
	static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {"json", no_argument, NULL, 'j'},
						{"only-missing", no_argument, NULL, ONLY_MISSING}, {"only-written", no_argument, NULL, ONLY_WRITTEN},
						{NULL, 0, NULL, 0}};
	struct recording recording;
	struct files f = {.recording = &recording};
	struct filter filter;
	int option, json = 0, zero = 0;

	filter_all(&filter);
	while ((option = getopt_long(argc, argv, "hj0p:", options, NULL)) != -1) {
		switch (option) {
		case 'h':
			fputs(files_help, stdout);
			return EXIT_FINE;
		case 'j':
			json = 1;
			break;
		case '0':
			zero = 1;
			break;
		case ONLY_MISSING:
			f.only_missing = 1;
			break;
		case ONLY_WRITTEN:
			f.only_written = 1;
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
	add_all(&f);
	print_all(&f, json, zero);
	files_free(&f);
	return recording_end(&recording, stdout);
}
