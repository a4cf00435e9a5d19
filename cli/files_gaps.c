/* What the audit did not see: programs without a file of their own, and paths that nobody can tell. */
#include "files_gaps.h"
#include "places.h"
#include "print.h"
#include "../format/trace_set.h"

#include <asm/unistd.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* An exec under way, by process; in the end, one that nothing came after. */
struct unfollowed {
	int process;
	struct file *file; /* NULL: its path could not be read */
	uint64_t when;     /* ns, by the clock that nobody sets */
	char why[48];
	UT_hash_handle hh;
};

enum { OVER = -1 };

static void drop(struct files *f, struct unfollowed *u)
{
	HASH_DEL(f->unfollowed, u);
	free(u);
}

static struct unfollowed *find(const struct files *f, int process)
{
	struct unfollowed *u;

	HASH_FIND_INT(f->unfollowed, &process, u);
	return u;
}

void gaps_exec(struct files *f, int process, struct file *file, uint64_t when)
{
	struct unfollowed *u = zeroed(sizeof *u);

	u->process = process;
	u->file = file;
	u->when = when;
	HASH_ADD_INT(f->unfollowed, process, u);
}

struct file *gaps_image(struct files *f, int process)
{
	struct unfollowed *u = find(f, process);
	struct file *file = u ? u->file : NULL;

	if (u)
		drop(f, u);
	return file;
}

struct file *gaps_over(struct files *f, int process)
{
	struct unfollowed *u = find(f, process);

	if (!u || !*u->why)
		return gaps_image(f, process);
	/* That program was not followed, whatever it has executed in its turn, or whoever has its number now. */
	HASH_DEL(f->unfollowed, u);
	u->process = OVER;
	HASH_ADD_INT(f->unfollowed, process, u);
	return u->file;
}

void gaps_note(struct files *f, int process, const char *text)
{
	static const char before[] = "not followed: ";
	struct unfollowed *u = find(f, process);

	if (u && !strncmp(text, before, sizeof before - 1))
		recorded_text(u->why, sizeof u->why, text + sizeof before - 1, sizeof ((struct record_note *)0)->text - (sizeof before - 1));
}

void gaps_child(struct files *f, int process, int is_recorded)
{
	struct unfollowed *u = find(f, process);

	/* Who has executed something himself makes no call any more. */
	if (!u || u->file)
		return;
	HASH_DEL(f->unfollowed, u);
	u->process = OVER;
	if (is_recorded)
		free(u);
	else
		HASH_ADD_INT(f->unfollowed, process, u);
}

void gaps_end(struct files *f)
{
	struct unfollowed *u, *next;

	HASH_ITER(hh, f->unfollowed, u, next)
		if (!*u->why && u->process != OVER && image_may_come(f->recording, u->when))
			drop(f, u);
}

void gaps_fsatrace(const struct files *f)
{
	for (const struct unfollowed *u = f->unfollowed; u; u = u->hh.next)
		if (u->file && u->process != OVER)
			files_fsatrace(f, OPERATION_READ, u->file, NULL);
}

void gaps_free(struct files *f)
{
	struct unfollowed *u, *next;

	HASH_ITER(hh, f->unfollowed, u, next)
		drop(f, u);
}

static int by_path(const struct unfollowed *a, const struct unfollowed *b)
{
	int order = a->file && b->file ? strcmp(a->file->path, b->file->path) : !a->file - !b->file;

	return order ? order : strcmp(a->why, b->why);
}

/* Each program once, and how often. */
static void each_unfollowed(const struct files *f, void (*tell)(const struct unfollowed *u, unsigned times, FILE *to), FILE *to)
{
	struct files *sorted = (struct files *)f;
	struct unfollowed *u, *next;
	unsigned times = 0;

	HASH_SORT(sorted->unfollowed, by_path);
	HASH_ITER(hh, f->unfollowed, u, next)
	{
		times++;
		if (next && by_path(u, next) == 0)
			continue;
		tell(u, times, to);
		times = 0;
	}
}

static const char *why_of(const struct unfollowed *u)
{
	return *u->why ? u->why : "it left no recording";
}

static void tell_text(const struct unfollowed *u, unsigned times, FILE *to)
{
	fprintf(to, "not followed: ");
	if (u->file)
		print_escaped(to, u->file->path, strlen(u->file->path));
	else
		fputs("a program behind a seccomp filter, of a path that could not be read", to);
	fprintf(to, " (%s)", why_of(u));
	if (times > 1)
		fprintf(to, ", %u times", times);
	fputc('\n', to);
}

static int told;

static void tell_json(const struct unfollowed *u, unsigned times, FILE *to)
{
	fprintf(to, "%s{\"path\":", told++ ? "," : "");
	if (u->file)
		print_quoted(to, u->file->path, strlen(u->file->path));
	else
		fputs("null", to);
	fprintf(to, ",\"why\":");
	print_quoted(to, why_of(u), strlen(why_of(u)));
	fprintf(to, ",\"times\":%u}", times);
}

/* Were reads and writes not among what was recorded? */
static int is_without_bytes(const struct files *f)
{
	const uint64_t *trace = f->recording->sources_count ? f->recording->sources[0].header->trace : NULL;

	return trace && !trace_set_has(trace, __NR_read);
}

/* Were there programs of whose opens or execs not all were to be recorded? */
static unsigned without_opens(const struct files *f)
{
	unsigned programs = 0;

	for (unsigned i = 0; i < f->recording->sources_count; i++) {
		const struct record_header *h = f->recording->sources[i].header;
		programs += !trace_set_has(h->trace, __NR_execve) || recorded_lacks(h, CALL_OPENS | CALL_FILE);
	}
	return programs;
}

static uint64_t nameless_bytes(const struct files *f)
{
	uint64_t bytes = 0;

	for (const struct file *file = f->nameless; file; file = file->next)
		bytes += file->linked ? 0 : file->read + file->written;
	return bytes;
}

unsigned files_gaps(const struct files *f, FILE *to)
{
	unsigned elsewhere = f->places ? places_elsewhere(f->places) : 0, unopened = without_opens(f);
	uint64_t not_known = f->places ? places_not_known(f->places) : 0;

	if (to) {
		each_unfollowed(f, tell_text, to);
		if (f->unresolved)
			fprintf(to, "not resolved: %u path%s relative to a folder that is not known (?/)\n", f->unresolved, f->unresolved == 1 ? "" : "s");
		if (f->starts_in_part)
			fprintf(to, "not known: all that ld.so looked for at the start of %u program%s\n", f->starts_in_part, f->starts_in_part == 1 ? "" : "s");
		if (f->by_handle)
			fprintf(to, "without a path: %" PRIu64 " opens by file handle\n", f->by_handle);
		if (nameless_bytes(f))
			fprintf(to, "without a name: %" PRIu64 " bytes read and written, of files that never had one (O_TMPFILE)\n", nameless_bytes(f));
		if (f->taken)
			fprintf(to, "without a path: %" PRIu64 " descriptors taken from other processes (pidfd_getfd), and their bytes\n", f->taken);
		if (not_known)
			fprintf(to, "not counted: %" PRIu64 " uses of descriptors that a process of the same table may have changed (CLONE_FILES)\n", not_known);
		if (f->io_uring)
			fprintf(to, "not seen: what %" PRIu64 " calls of io_uring_enter have started\n", f->io_uring);
		if (is_without_bytes(f))
			fprintf(to, "not counted: bytes read and written, because reads and writes were not recorded (SYSSHIM_TRACE)\n");
		if (unopened)
			fprintf(to, "not seen: what %u program%s opened and executed, because it was not recorded (SYSSHIM_TRACE)\n", unopened, unopened == 1 ? "" : "s");
		if (elsewhere)
			fprintf(to, "paths as they saw them: of %u process%s with another root or other mounts\n", elsewhere, elsewhere == 1 ? "" : "es");
	}
	return HASH_COUNT(f->unfollowed) + f->unresolved + f->starts_in_part + (f->by_handle != 0) + (f->taken != 0) + (not_known != 0) + (f->io_uring != 0) + elsewhere + unopened;
}

void files_gaps_json(const struct files *f, FILE *to)
{
	told = 0;
	fprintf(to, ",\"not_followed\":[");
	each_unfollowed(f, tell_json, to);
	fprintf(to, "],\"paths_unresolved\":%u,\"starts_in_part\":%u,\"opens_by_handle\":%" PRIu64 ",\"io_uring_enter\":%" PRIu64 ",\"descriptors_taken\":%" PRIu64 ",\"descriptors_not_known\":%" PRIu64 ",\"nameless_bytes\":%" PRIu64 ",\"elsewhere\":%u,\"opens_not_recorded\":%u",
		f->unresolved, f->starts_in_part, f->by_handle, f->io_uring, f->taken, f->places ? places_not_known(f->places) : 0, nameless_bytes(f), f->places ? places_elsewhere(f->places) : 0, without_opens(f));
}
