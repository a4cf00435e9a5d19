/* The sites of an object's text, from a table or by a scan, and their patching. What a debugger or another patcher has put there stays, and a
 * site whose own bytes are not the file's is left alone. */
#include "object.h"
#include "tables.h"
#include "../coalesce.h"
#include "../record/log.h"
#include "../record/process.h"
#include "../sys/memory.h"

#include <linux/mman.h>

#include "../sys/poison.h"

static const struct site_table *table_of(const void *build_id, uint64_t text_size)
{
	for (uint32_t i = 0; build_id && i < site_tables_count; i++)
		if (site_tables[i].text_size == text_size && memcmp(site_tables[i].build_id, build_id, BUILD_ID_SIZE) == 0)
			return &site_tables[i];
	return NULL;
}

enum { MOST_ROWS = 2048 };

/* libc's syscall() makes calls of any number, whatever a guess finds in front of it. The other sites whose number cannot be guessed load it long
 * before: they are those of threads' locks, and a test counts what passes us by. */
static int is_in_syscall(const struct object *o, const struct site_row *row)
{
	uint64_t address = (uint64_t)o->text.start - (uint64_t)o->text.bias + row->at;

	return row->number < 0 && o->any && address - o->any->st_value < o->any->st_size;
}

/* A form that leaves no doubt in code that we do not know: five bytes of a comparison that nothing but a system call is followed by. */
static int is_certain(const struct site_row *row)
{
	return (row->form == FORM_TAIL || row->form == FORM_SPECIAL_TAIL) && row->tail != TAIL_RET;
}

/* NULL: any, or none that the table has. */
static const struct syscall_row *call_of(const struct site_row *row)
{
	return row->guess >= 0 ? syscall_row((uint64_t)row->guess) : NULL;
}

/* Somebody has asked for this very call. */
static int is_named(uint32_t number)
{
	return settings.trace_named && settings.log != OUTPUT_OFF && log_wants(number);
}

static int is_wanted(const struct object *o, const struct site_row *row, enum want want)
{
	const struct syscall_row *call = call_of(row);

	if (form_is_for_any_number(row->form))
		return 1;
	if (row->guess < 0 && row->form == FORM_NONE)
		return 0;
	return (want != WANT_HOT && want != WANT_MOST) || (call && (call->flags & CALL_HOT || is_named((uint32_t)row->guess))) || is_in_syscall(o, row);
}

static struct place place_of(const struct object *o, const struct site_row *row)
{
	const unsigned char *at = o->text.start + row->at;

	return (struct place){.at = at, .number = row->number, .guess = row->guess, .form = row->form, .tail = row->tail,
			      .patch = at - row->back, .length = row->length};
}

static uint32_t scan(const struct object *o, struct site_row *rows, enum want want)
{
	struct place place;
	uint32_t count = 0;

	for (const unsigned char *at = o->text.start; count < MOST_ROWS && forms_next(&o->text, at, &place); at = place.at + 2) {
		rows[count] = site_row_of(&o->text, &place);
		if (want != WANT_CERTAIN || is_certain(&rows[count]))
			count++;
		else
			inherited.foreign_left++;
	}
	return count;
}

/* Is there a form, and room for a piece? */
static int can_be_patched(const struct object *o, const struct site_row *row)
{
	return row->form != FORM_NONE && row->at >= PIECE_FRONT && (uint64_t)(o->text.end - o->text.start) - row->at >= PIECE_SIZE;
}

/* Must it be seen also while nothing is buffered, and nobody wants to know of calls? What begins a burst; what makes, replaces or ends a
 * process; what the gathering is told of; and what may be any of these. */
static int is_needed(const struct object *o, const struct site_row *row)
{
	const struct syscall_row *call = call_of(row);

	return form_is_for_any_number(row->form) || is_in_syscall(o, row) ||
	       (call && ((call->class == CLASS_PROCESS && call->flags & CALL_PROC) || row->guess == __NR_write || row->guess == __NR_writev || coalesce_hears_of((uint32_t)row->guess)));
}

/* Is it one of those that programs make again and again between small writes? */
static int is_frequent(const struct site_row *row)
{
	switch (row->guess) {
	case __NR_read:
	case __NR_pread64:
	case __NR_getdents64:
	case __NR_newfstatat:
#ifdef __NR_poll
	case __NR_poll:
#endif
	case __NR_mmap:
	case __NR_wait4:
	case __NR_rt_sigaction:
		return 1;
	default:
		return 0;
	}
}

static uint32_t page_of(const struct site_row *row)
{
	return (row->at - row->back) / PAGE;
}

/* Which rows are wanted. A page that becomes our own costs a start 2 us, and those that pay for it hold most of the others too. */
static uint8_t chosen[MOST_ROWS];

/* Behind the rows of the page that row `i` is in: they come in the order of their addresses. */
static uint32_t page_end(const struct site_row *rows, uint32_t i, uint32_t count)
{
	uint32_t end = i;

	while (end < count && page_of(&rows[end]) == page_of(&rows[i]))
		end++;
	return end;
}

static void choose(const struct object *o, const struct site_row *rows, uint32_t count, enum want want)
{
	for (uint32_t i = 0, end; i < count; i = end) {
		int pays = want != WANT_MOST;
		end = page_end(rows, i, count);
		for (uint32_t k = i; k < end; k++) {
			chosen[k] = (uint8_t)is_wanted(o, &rows[k], want);
			pays = pays || (chosen[k] && (is_frequent(&rows[k]) || is_needed(o, &rows[k])));
		}
		if (!pays)
			memset(chosen + i, 0, end - i);
	}
}

/* These pages of the copy, by the live ones' addresses, become our own in one call, which is cheaper than a fault for each (madvise(2),
 * MADV_POPULATE_WRITE, Linux 5.14; where it is refused they fault). 0: the file has no such page any more, and whoever touches it dies. */
static int make_own(const struct object *o, const unsigned char *from, const unsigned char *to)
{
	return from == to || RAW(__NR_madvise, from + (o->text.copy - o->text.start), to - from, MADV_POPULATE_WRITE) != -EFAULT;
}

/* The pages that will be written, neighbours together. Rows come in the order of their addresses. */
static int populate(const struct object *o, const struct site_row *rows, uint32_t count)
{
	const unsigned char *from = NULL, *to = NULL;

	for (uint32_t i = 0; i < count; i++) {
		const struct place place = place_of(o, &rows[i]);
		if (!chosen[i] || !can_be_patched(o, &rows[i]))
			continue;
		if (page_start(place.patch) > to) {
			if (!make_own(o, from, to))
				return 0;
			from = page_start(place.patch);
		}
		to = page_start(place.patch + place.length + PAGE - 1);
	}
	return make_own(o, from, to);
}

/* The bytes around a site, as they stand in the copy. */
static unsigned char *piece_at(const struct object *o, const struct site_row *row)
{
	return o->text.copy + row->at - PIECE_FRONT;
}

static int patch(const struct object *o, const struct site_row *row)
{
	struct place place = place_of(o, row);
	unsigned char piece[PIECE_SIZE];

	if (!can_be_patched(o, row))
		return 0;
	memcpy(piece, piece_at(o, row), sizeof piece);
	if (!forms_fits(piece, &place) || !forms_patch(&place, piece))
		return 0;
	memcpy(o->text.copy + (place.patch - o->text.start), piece, place.length);
	return 1;
}

/* Row `i` to `end` of one page, where they stand. How many are jumps now. */
static int patch_page(const struct object *o, const struct site_row *rows, uint32_t i, uint32_t end)
{
	int patched = 0;

	for (; i < end; i++)
		patched += chosen[i] && patch(o, &rows[i]);
	return patched;
}

const char object_unwritable[] = "the kernel refuses to change the loaded libc";

/* The same on a copy of the page's bytes, which are read once, and written once through the process's memory as a file. -1: it refuses. */
static int patch_page_through_memory(const struct object *o, const struct site_row *rows, uint32_t i, uint32_t end)
{
	unsigned char *bytes = (unsigned char *)object_room;
	struct object read = *o;

	while (i < end && !(chosen[i] && can_be_patched(o, &rows[i])))
		i++;
	while (i < end && !(chosen[end - 1] && can_be_patched(o, &rows[end - 1])))
		end--;
	if (i == end)
		return 0;
	uint32_t from = rows[i].at - PIECE_FRONT, size = rows[end - 1].at + PIECE_SIZE - PIECE_FRONT - from;
	if (!object_read(o, bytes, from, size))
		return -1;
	read.text.copy = bytes - from;
	int patched = patch_page(&read, rows, i, end);
	/* NB no byte more than is changed: a piece may reach into the next page. */
	uint32_t first = rows[i].at - rows[i].back, past = rows[end - 1].at - rows[end - 1].back + rows[end - 1].length;
	return patched && !object_write(o, bytes + (first - from), first, past - first) ? -1 : patched;
}

/* Turns those sites that are as the table says into jumps. */
static const char *patch_rows(const struct object *o, const struct site_row *rows, uint32_t count, enum want want)
{
	uint32_t *rewritten = want == WANT_CERTAIN ? &inherited.foreign_rewritten : &inherited.sites_rewritten, before = *rewritten;
	uint32_t *left = want == WANT_CERTAIN ? &inherited.foreign_left : &inherited.sites_left;

	for (uint32_t i = 0, end; i < count; i = end) {
		end = page_end(rows, i, count);
		int patched = o->memory >= 0 ? patch_page_through_memory(o, rows, i, end) : patch_page(o, rows, i, end);
		if (patched < 0)
			return object_unwritable;
		*rewritten += (uint32_t)patched;
	}
	for (uint32_t i = 0; i < count; i++)
		*left += chosen[i];
	*left -= *rewritten - before;
	return NULL;
}

static int fits(const struct object *o, const struct site_row *row)
{
	struct place place = place_of(o, row);

	return can_be_patched(o, row) && forms_fits(piece_at(o, row), &place);
}

/* Does the file's text fit every row that can be used? One that it does not fit says that the whole table is not to be trusted. NB: not the live text, in which somebody may
 * have set a breakpoint. */
static int is_borne_out(const struct object *o, const struct site_row *rows, uint32_t count)
{
	struct object file = *o;
	uint32_t i = 0;

	if (!object_copy(&file))
		return 0;
	while (i < count && (!can_be_patched(&file, &rows[i]) || fits(&file, &rows[i])))
		i++;
	object_drop(&file);
	return i == count;
}

static int has_one_place(const struct object *o, const struct site_row *rows, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (form_is_any_number(rows[i].form) && fits(o, &rows[i]))
			return 1;
	return 0;
}

static const char *patch_by(const struct object *o, const struct site_row *rows, uint32_t count, enum want want)
{
	if (count > MOST_ROWS)
		count = MOST_ROWS;
	if (o->needs_one_place && !has_one_place(o, rows, count))
		return "this libc's one place for calls that can be cancelled is not as we know it";
	choose(o, rows, count, want);
	if (o->memory < 0 && !populate(o, rows, count))
		return "the file of the loaded libc is shorter than it was";
	return patch_rows(o, rows, count, want);
}

const char *patch_sites(const struct object *o, enum want want)
{
	const struct site_table *table = table_of(o->build_id, (uint64_t)(o->text.end - o->text.start));

	if (table && want != WANT_CERTAIN)
		return patch_by(o, site_rows + table->first, table->count, want);
	long at = RAW(__NR_mmap, 0, MOST_ROWS * sizeof(struct site_row), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct site_row *rows = (struct site_row *)at;

	if (is_error(at))
		return "no memory for a table of libc's sites";
	uint32_t count = want == WANT_CERTAIN ? 0 : cache_load(o, rows, MOST_ROWS);
	if (!count || !is_borne_out(o, rows, count)) {
		count = scan(o, rows, want);
		if (count && want != WANT_CERTAIN)
			cache_store(o, rows, count);
	}
	const char *error = patch_by(o, rows, count, want);
	RAW(__NR_munmap, rows, MOST_ROWS * sizeof *rows);
	return error;
}
