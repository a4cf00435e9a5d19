/* Rewriting: the system call sites of libc and ld.so lead to the gate.
 *
 * Patch a copy, then move it: the same range of the file is mapped privately, patched, made executable and moved over the original by
 * one mremap(2). There is no moment in which libc's text cannot be executed, no page is ever writable and executable, the line in
 * /proc/self/maps keeps its name, and a refusal at any step changes nothing. Pages that are touched start from the live bytes, so what
 * a debugger or another patcher has put there stays, and a site whose own bytes are not the file's is left alone. The file must be the
 * one that is loaded: its build-id is compared, or its bytes would be another libc's. */
#define _GNU_SOURCE
#include "intercept.h"
#include "forms.h"
#include "tables.h"
#include "../process/life.h"
#include "../sys/clock.h"
#include "../sys/memory.h"

#include <asm/stat.h>
#include <link.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/uio.h>

#include "../sys/poison.h"

extern const char *gnu_get_libc_version(void) __attribute__((weak));

enum { PAGE = 4096, BUILD_ID = 3, FRESH = 30 /* seconds */, NOTE_LIMIT = 256 };

struct object {
	uint64_t holds;      /* an address in it: what is looked for */
	const char *path;
	struct text_range text;
	uint64_t offset;     /* of the text in the file */
	const Elf64_Phdr *note; /* the segment with the build-id */
	uint64_t note_address;
	const void *build_id;   /* NULL: not of the usual size */
	size_t size;            /* of the text in whole pages */
	uint8_t is_fresh;       /* the file on disk is younger than FRESH seconds */
	const Elf64_Sym *any;   /* syscall(); NULL: not here */
};

static struct object libc_object, ld_so_object;

static const unsigned char *page_start(const unsigned char *at)
{
	return (const void *)((uint64_t)at & ~(uint64_t)(PAGE - 1));
}

static const void *build_id_at(const Elf64_Nhdr *n)
{
	return n->n_descsz == BUILD_ID_SIZE ? (const char *)(n + 1) + ((n->n_namesz + 3) & ~3u) : NULL;
}

static const struct site_table *table_of(const void *build_id, uint64_t text_size)
{
	for (uint32_t i = 0; build_id && i < site_tables_count; i++)
		if (site_tables[i].text_size == text_size && memcmp(site_tables[i].build_id, build_id, BUILD_ID_SIZE) == 0)
			return &site_tables[i];
	return NULL;
}

static const Elf64_Nhdr *build_id_in(const Elf64_Phdr *segment, intptr_t bias)
{
	const Elf64_Nhdr *note = (const void *)(bias + (intptr_t)segment->p_vaddr);

	/* The first note of the segment is the one that Debian's, Fedora's and Arch's linkers put there; others follow it. */
	for (uint64_t at = 0; at + sizeof *note <= segment->p_memsz && at < NOTE_LIMIT;) {
		const Elf64_Nhdr *n = (const void *)((const char *)note + at);
		if (n->n_type == BUILD_ID && n->n_namesz == 4)
			return n;
		at += sizeof *n + ((n->n_namesz + 3) & ~3u) + ((n->n_descsz + 3) & ~3u);
	}
	return NULL;
}

static int object_found(struct dl_phdr_info *info, size_t size, void *wanted)
{
	struct object *o = wanted;
	intptr_t bias = (intptr_t)info->dlpi_addr;
	int here = 0;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const Elf64_Phdr *s = &info->dlpi_phdr[i];
		here |= s->p_type == PT_LOAD && o->holds - (uint64_t)bias - s->p_vaddr < s->p_memsz;
	}
	if (!here)
		return 0;
	o->path = info->dlpi_name;
	o->text.bias = bias;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const Elf64_Phdr *s = &info->dlpi_phdr[i];
		const unsigned char *start = (const void *)(bias + (intptr_t)s->p_vaddr);
		if (s->p_type == PT_LOAD && s->p_flags & PF_X && !o->text.start) {
			o->text.start = start;
			o->text.end = start + s->p_filesz;
			o->offset = s->p_offset;
		} else if (s->p_type == PT_NOTE && build_id_in(s, bias)) {
			o->note = s;
			o->note_address = (uint64_t)start;
			o->build_id = build_id_at(build_id_in(s, bias));
		} else if (s->p_type == PT_DYNAMIC) {
			o->text.symbols = elf_symbols(bias, (const void *)start);
		}
	}
	return 1;
}

/* A file that has changed a moment ago may have been put in place of the loaded one: its pages prove nothing. */
static int is_fresh(long fd)
{
	struct stat status;

	return RAW(__NR_fstat, fd, &status) != 0 || (uint64_t)status.st_ctime + FRESH > clock_realtime() / 1000000000u;
}

static int is_the_loaded_file(const struct object *o, long fd)
{
	char in_file[NOTE_LIMIT];
	uint64_t size = o->note ? o->note->p_filesz : 0;

	return size && size <= NOTE_LIMIT && RAW(__NR_pread64, fd, in_file, size, o->note->p_offset) == (long)size &&
	       memcmp(in_file, (const void *)o->note_address, size) == 0;
}

/* The whole pages of the text, as the file has them. */
static int map_copy(struct object *o)
{
	long fd = RAW(__NR_open, o->path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	long at = is_the_loaded_file(o, fd) ?
			  RAW(__NR_mmap, 0, o->size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, o->offset & ~(uint64_t)(PAGE - 1)) :
			  -ENOEXEC;
	o->is_fresh = (uint8_t)is_fresh(fd);
	RAW(__NR_close, fd);
	if (is_error(at))
		return 0;
	o->text.copy = (unsigned char *)at + ((uint64_t)o->text.start & (PAGE - 1));
	return 1;
}

enum { CHUNK = 64, MOST_ROWS = 2048, MOST_PAGES = 448, GAP = 2 };

/* What is needed for a moment, a page of it, used again and again: each page that we touch costs the program's start a fault, which is more
 * than the kernel takes for a call. */
static union {
	struct {
		struct iovec ours[CHUNK], theirs[CHUNK];
		unsigned char pieces[CHUNK][PIECE_SIZE];
		const struct site_row *rows[CHUNK];
		uint32_t count;
	} chunk;
	uint64_t pages[MOST_PAGES];
} work __attribute__((aligned(PAGE)));

/* libc's syscall() makes calls of any number. The other sites whose number cannot be guessed load it long before: they are those of
 * threads' locks, and a test counts what passes us by. */
static int is_in_syscall(const struct object *o, const struct site_row *row)
{
	uint64_t address = (uint64_t)o->text.start - (uint64_t)o->text.bias + row->at;

	return o->any && address - o->any->st_value < o->any->st_size;
}

static int is_wanted(const struct object *o, const struct site_row *row, int all_sites)
{
	const struct syscall_row *call = row->guess >= 0 ? syscall_row((uint64_t)row->guess) : NULL;

	if (row->guess < 0 && row->form == FORM_NONE)
		return 0;
	return all_sites || (row->guess < 0 ? is_in_syscall(o, row) : call && call->flags & CALL_HOT);
}

static struct place place_of(const struct object *o, const struct site_row *row)
{
	const unsigned char *at = o->text.start + row->at;

	return (struct place){.at = at, .number = row->number, .guess = row->guess, .form = row->form, .tail = row->tail,
			      .patch = at - row->back, .length = row->length};
}

static uint32_t scan(const struct object *o, struct site_row *rows)
{
	struct place place;
	uint32_t count = 0;

	for (const unsigned char *at = o->text.start; count < MOST_ROWS && forms_next(&o->text, at, &place); at = place.at + 2)
		rows[count++] = site_row_of(&o->text, &place);
	return count;
}

/* Copies between ours[] and theirs[] in one call of the kernel, so that the pages of a megabyte and a half are not touched by us. */
static void transfer(long number, size_t size)
{
	if (memory_vector(number, work.chunk.ours, work.chunk.theirs, work.chunk.count) == (long)size)
		return;
	for (uint32_t i = 0; i < work.chunk.count; i++) {
		const struct iovec *ours = &work.chunk.ours[i], *theirs = &work.chunk.theirs[i];
		if (number == __NR_process_vm_readv)
			memcpy(ours->iov_base, theirs->iov_base, ours->iov_len);
		else
			memcpy(theirs->iov_base, ours->iov_base, ours->iov_len);
	}
}

/* The pages that somebody else has changed (a debugger's breakpoint, another patcher) are no longer the file's: /proc/PID/pagemap says so in
 * bit 61 (Documentation/admin-guide/mm/pagemap.rst), without our touching any. They go into the copy as they are. */
static void take_over_changed(const struct object *o)
{
	const unsigned char *live = page_start(o->text.start);
	unsigned char *copy = o->text.copy - (o->text.start - live);
	long fd = RAW(__NR_open, "/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	size_t pages = o->size / PAGE;

	for (size_t first = 0; first < pages; first += MOST_PAGES) {
		size_t count = pages - first < MOST_PAGES ? pages - first : MOST_PAGES;
		long got = RAW(__NR_pread64, fd, work.pages, count * 8, ((uint64_t)live / PAGE + first) * 8);
		for (size_t i = 0; i < count; i++) {
			size_t at = (first + i) * PAGE;
			int unchanged = !o->is_fresh && got == (long)(count * 8) && (!(work.pages[i] >> 62) || work.pages[i] >> 61 & 1);
			if (!unchanged && memcmp(copy + at, live + at, PAGE) != 0)
				memcpy(copy + at, live + at, PAGE);
		}
	}
	if (fd >= 0)
		RAW(__NR_close, fd);
}

/* Makes the chunk's pages of the copy present in a few calls (madvise(2), MADV_POPULATE_WRITE, Linux 5.14; where it is refused they fault
 * one by one). Rows come in the order of their addresses. */
static void populate(const struct object *o)
{
	const long away = o->text.copy - o->text.start;
	const unsigned char *from = NULL, *to = NULL;

	for (uint32_t i = 0; i <= work.chunk.count; i++) {
		struct place place = place_of(o, work.chunk.rows[i < work.chunk.count ? i : 0]);
		const unsigned char *first = i < work.chunk.count ? page_start(place.patch) : NULL;
		if (!to || !first || first > to + GAP * PAGE) {
			if (to)
				RAW(__NR_madvise, from + away, to - from, MADV_POPULATE_WRITE);
			from = first;
		}
		to = first ? page_start(place.patch + place.length + PAGE - 1) : NULL;
	}
}

/* Reads the chunk's sites, turns those that are as the table says into jumps, and writes these. */
static void patch_chunk(const struct object *o)
{
	uint32_t patched = 0;
	size_t size = 0;

	for (uint32_t i = 0; i < work.chunk.count; i++) {
		work.chunk.ours[i] = (struct iovec){work.chunk.pieces[i], PIECE_SIZE};
		work.chunk.theirs[i] = (struct iovec){o->text.copy + work.chunk.rows[i]->at - PIECE_FRONT, PIECE_SIZE};
	}
	populate(o);
	transfer(__NR_process_vm_readv, work.chunk.count * PIECE_SIZE);
	for (uint32_t i = 0; i < work.chunk.count; i++) {
		struct place place = place_of(o, work.chunk.rows[i]);
		if (!forms_fits(work.chunk.pieces[i], &place) || !forms_patch(&place, work.chunk.pieces[i]))
			continue;
		work.chunk.ours[patched] = (struct iovec){work.chunk.pieces[i], place.length};
		work.chunk.theirs[patched++] = (struct iovec){o->text.copy + (place.patch - o->text.start), place.length};
		size += place.length;
	}
	inherited.sites_rewritten += patched;
	inherited.sites_left += work.chunk.count - patched;
	work.chunk.count = patched;
	transfer(__NR_process_vm_writev, size);
	work.chunk.count = 0;
}

static void patch_rows(const struct object *o, const struct site_row *rows, uint32_t count, int all_sites)
{
	take_over_changed(o);
	work.chunk.count = 0;
	for (uint32_t i = 0; i < count; i++) {
		if (!is_wanted(o, &rows[i], all_sites))
			continue;
		if (rows[i].form == FORM_NONE || rows[i].at < PIECE_FRONT || (uint64_t)(o->text.end - o->text.start) - rows[i].at < PIECE_SIZE) {
			inherited.sites_left++;
			continue;
		}
		work.chunk.rows[work.chunk.count++] = &rows[i];
		if (work.chunk.count == CHUNK)
			patch_chunk(o);
	}
	patch_chunk(o);
}

static int patch_sites(const struct object *o, int all_sites)
{
	const struct site_table *table = table_of(o->build_id, (uint64_t)(o->text.end - o->text.start));

	if (table) {
		patch_rows(o, site_rows + table->first, table->count, all_sites);
		return 1;
	}
	long at = RAW(__NR_mmap, 0, MOST_ROWS * sizeof(struct site_row), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct site_row *rows = (struct site_row *)at;

	if (is_error(at))
		return 0;
	patch_rows(o, rows, scan(o, rows), all_sites);
	RAW(__NR_munmap, rows, MOST_ROWS * sizeof *rows);
	return 1;
}

/* NB order: executable before it stands in libc's place. */
static int move_copy(const struct object *o)
{
	const unsigned char *start = page_start(o->text.start);
	unsigned char *copy = o->text.copy - (o->text.start - start);

	if (RAW(__NR_mprotect, copy, o->size, PROT_READ | PROT_EXEC) == 0 &&
	    !is_error(RAW(__NR_mremap, copy, o->size, o->size, MREMAP_MAYMOVE | MREMAP_FIXED, start))) {
		return 1;
	}
	RAW(__NR_munmap, copy, o->size);
	return 0;
}

static const char *object_rewrite(struct object *o, int all_sites)
{
	if (!dl_iterate_phdr(object_found, o) || !o->text.start)
		return "libc not found";
	o->any = elf_symbol(&o->text.symbols, "syscall");
	o->size = (size_t)(page_start(o->text.end + PAGE - 1) - page_start(o->text.start));
	if (!map_copy(o))
		return "the file of the loaded libc cannot be read";
	if (!patch_sites(o, all_sites)) {
		RAW(__NR_munmap, page_start(o->text.copy), o->size);
		return "no memory for the list of sites";
	}
	return move_copy(o) ? NULL : "the kernel refuses to make the patched text executable";
}

/* unshare(2): CLONE_VM is refused with EINVAL exactly when more than one task shares the memory (kernel/fork.c, check_unshare_flags).
 * A filter might kill for the question: under one the answer is taken to be what it always is at a preload's birth. */
static int is_alone(void)
{
	return RAW(__NR_prctl, PR_GET_SECCOMP) != 0 || RAW(__NR_unshare, CLONE_VM) != -EINVAL;
}

void rewrite_know_exit(void)
{
	struct object libc = {.holds = (uint64_t)gnu_get_libc_version};
	const Elf64_Sym none = {0}, *exits = NULL, *closes = NULL;
	uint64_t bias;

	if (gnu_get_libc_version && dl_iterate_phdr(object_found, &libc)) {
		exits = elf_symbol(&libc.text.symbols, "exit");
		closes = elf_symbol(&libc.text.symbols, "fclose");
	}
	if (!exits)
		return;
	bias = (uint64_t)libc.text.bias;
	if (!closes)
		closes = &none;
	death_know_exit(bias + exits->st_value, exits->st_size, closes->st_value ? bias + closes->st_value : 0, closes->st_size);
}

int rewrite_covers(const void *address)
{
	const struct text_range *text = &libc_object.text;

	return (const unsigned char *)address >= text->start && (const unsigned char *)address < text->end;
}

static void put_back(struct object *o)
{
	if (o->size && map_copy(o))
		move_copy(o);
}

/* The file's own text in place of the patched one. Frames that stand in a slot go on behind their site, where the bytes are the same. */
static void undo(void)
{
	put_back(&libc_object);
	put_back(&ld_so_object);
	inherited.rewriting = 0;
	inherited.why_not = "the program uses system call user dispatch itself";
}

const char *rewrite_start(int all_sites, uint64_t ld_so_base)
{
	const char *unfit = forms_unfit();

	if (unfit)
		return unfit;
	if (!gnu_get_libc_version)
		return "this libc is not glibc";
	if (!is_alone())
		return "the process has threads already";
	libc_object.holds = (uint64_t)gnu_get_libc_version;
	const char *error = object_rewrite(&libc_object, all_sites);
	if (error) {
		libc_object = (struct object){0};
		return error;
	}
	/* ld.so is second: what it opens and maps is seen too, but libc alone makes the rewriting. */
	ld_so_object.holds = ld_so_base;
	if (ld_so_base && object_rewrite(&ld_so_object, all_sites))
		ld_so_object = (struct object){0};
	inherited.undo_rewriting = undo;
	return NULL;
}
