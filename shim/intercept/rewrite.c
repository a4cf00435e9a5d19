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
#include "../process/life.h"
#include "../sys/memory.h"

#include <link.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/sched.h>

#include "../sys/poison.h"

extern const char *gnu_get_libc_version(void) __attribute__((weak));

enum { PAGE = 4096, BUILD_ID = 3, NOTE_LIMIT = 256 };

struct object {
	uint64_t holds;      /* an address in it: what is looked for */
	const char *path;
	struct text_range text;
	uint64_t offset;     /* of the text in the file */
	const Elf64_Phdr *note; /* the segment with the build-id */
	uint64_t note_address;
	const char *error;
};

static struct text_range libc_text;

static const Elf64_Phdr *build_id_in(const Elf64_Phdr *segment, intptr_t bias)
{
	const Elf64_Nhdr *note = (const void *)(bias + (intptr_t)segment->p_vaddr);

	/* The first note of the segment is the one that Debian's, Fedora's and Arch's linkers put there; others follow it. */
	for (uint64_t at = 0; at + sizeof *note <= segment->p_memsz && at < NOTE_LIMIT;) {
		const Elf64_Nhdr *n = (const void *)((const char *)note + at);
		if (n->n_type == BUILD_ID && n->n_namesz == 4)
			return segment;
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
		} else if (s->p_type == PT_DYNAMIC) {
			o->text.symbols = elf_symbols(bias, (const void *)start);
		}
	}
	return 1;
}

static int is_the_loaded_file(const struct object *o, long fd)
{
	char in_file[NOTE_LIMIT];
	uint64_t size = o->note ? o->note->p_filesz : 0;

	return size && size <= NOTE_LIMIT && RAW(__NR_pread64, fd, in_file, size, o->note->p_offset) == (long)size &&
	       memcmp(in_file, (const void *)o->note_address, size) == 0;
}

/* The whole pages of the text, as the file has them. */
static int map_copy(struct object *o, size_t size)
{
	long fd = RAW(__NR_open, o->path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	long at = is_the_loaded_file(o, fd) ?
			  RAW(__NR_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, o->offset & ~(uint64_t)(PAGE - 1)) :
			  -ENOEXEC;
	RAW(__NR_close, fd);
	if (is_error(at))
		return 0;
	o->text.copy = (unsigned char *)at + ((uint64_t)o->text.start & (PAGE - 1));
	return 1;
}

/* Brings the live bytes of the pages that hold `length` bytes at `live` into the copy. */
static void refresh_pages(const struct text_range *text, const unsigned char *live, unsigned length)
{
	const unsigned char *from = (const void *)((uint64_t)live & ~(uint64_t)(PAGE - 1));
	const unsigned char *to = (const void *)(((uint64_t)live + length + PAGE - 1) & ~(uint64_t)(PAGE - 1));
	unsigned char *copy;

	for (; from < to; from += PAGE) {
		copy = text->copy + (from - text->start);
		/* The first and the last page may hold bytes of no segment: those are the file's in both. */
		if (memcmp(copy, from, PAGE) != 0)
			memcpy(copy, from, PAGE);
	}
}

static int is_wanted(const struct place *place, int all_sites)
{
	const struct syscall_row *row = place->guess >= 0 ? syscall_row((uint64_t)place->guess) : NULL;

	return all_sites || place->guess < 0 || (row && row->flags & CALL_HOT);
}

static void patch_sites(struct object *o, int all_sites, uint32_t *patched, uint32_t *left)
{
	const unsigned char *refreshed = NULL;
	struct place place;

	for (const unsigned char *at = o->text.start; forms_next(&o->text, at, &place); at = place.at + 2) {
		if (!is_wanted(&place, all_sites) || (place.form == FORM_NONE && place.guess < 0))
			continue;
		const unsigned char *first = place.patch ? place.patch : place.at;
		int intact = place.form != FORM_NONE && memcmp(o->text.copy + (first - o->text.start), first, place.length) == 0;
		/* Pages that were patched already hold jumps: they are not refreshed again. */
		if (intact) {
			const unsigned char *page = (const void *)((uint64_t)first & ~(uint64_t)(PAGE - 1));
			unsigned length = (unsigned)(first + place.length - page);
			if (page >= refreshed)
				refresh_pages(&o->text, page, length);
			else if (page + length > refreshed)
				refresh_pages(&o->text, refreshed, 1);
			refreshed = (const void *)(((uint64_t)page + length + PAGE - 1) & ~(uint64_t)(PAGE - 1));
		}
		if (intact && forms_patch(&o->text, &place))
			++*patched;
		else
			++*left;
	}
}

static const char *object_rewrite(struct object *o, int all_sites)
{
	uint32_t patched = 0, left = 0;

	if (!dl_iterate_phdr(object_found, o) || !o->text.start)
		return "libc not found";
	uint64_t first = (uint64_t)o->text.start & ~(uint64_t)(PAGE - 1);
	size_t size = (((uint64_t)o->text.end + PAGE - 1) & ~(uint64_t)(PAGE - 1)) - first;
	if (!map_copy(o, size))
		return "the file of the loaded libc cannot be read";
	unsigned char *copy = (unsigned char *)((uint64_t)o->text.copy & ~(uint64_t)(PAGE - 1));
	patch_sites(o, all_sites, &patched, &left);
	/* NB order: executable before it stands in libc's place. */
	if (RAW(__NR_mprotect, copy, size, PROT_READ | PROT_EXEC) != 0 ||
	    is_error(RAW(__NR_mremap, copy, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, first))) {
		RAW(__NR_munmap, copy, size);
		return "the kernel refuses to make the patched text executable";
	}
	inherited.sites_rewritten += patched;
	inherited.sites_left += left;
	return NULL;
}

/* unshare(2): CLONE_VM is refused with EINVAL exactly when more than one task shares the memory (kernel/fork.c, check_unshare_flags).
 * A sandbox's EPERM says nothing: at a preload's birth there is one thread. */
static int is_alone(void)
{
	return RAW(__NR_unshare, CLONE_VM) != -EINVAL;
}

void rewrite_know_exit(void)
{
	struct object libc = {.holds = (uint64_t)gnu_get_libc_version};
	const Elf64_Sym *found = NULL;

	if (gnu_get_libc_version && dl_iterate_phdr(object_found, &libc))
		found = elf_symbol(&libc.text.symbols, "exit");
	if (found)
		death_know_exit((uint64_t)libc.text.bias + found->st_value, found->st_size);
}

int rewrite_covers(const void *address)
{
	return (const unsigned char *)address >= libc_text.start && (const unsigned char *)address < libc_text.end;
}

const char *rewrite_start(int all_sites, uint64_t ld_so_base)
{
	struct object libc = {.holds = (uint64_t)gnu_get_libc_version}, ld_so = {.holds = ld_so_base};
	const char *unfit = forms_unfit();

	if (unfit)
		return unfit;
	if (!gnu_get_libc_version)
		return "this libc is not glibc";
	if (!is_alone())
		return "the process has threads already";
	const char *error = object_rewrite(&libc, all_sites);
	if (!error)
		libc_text = libc.text;
	/* ld.so is second: what it opens and maps is seen too, but libc alone makes the rewriting. */
	if (!error && ld_so_base)
		object_rewrite(&ld_so, all_sites);
	return error;
}
