/* Loaded objects as dl_iterate_phdr tells of them; their text opened for patching where it stands; and the copy of a text, mapped from the same
 * file, so that only patched pages take memory, and moved over the original by one mremap(2). */
#define _GNU_SOURCE
#include "object.h"
#include "../../format/elf_note.h"
#include "../../format/text.h"
#include "../sys/clock.h"
#include "../sys/memory.h"
#include "../sys/raw.h"

#include <asm/stat.h>
#include <link.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/prctl.h>
#ifndef PR_GET_MDWE /* Linux 6.3 */
#define PR_GET_MDWE 66
#endif

#include "../sys/poison.h"

enum { BUILD_ID = 3, NOTE_LIMIT = 256, ATTEMPTS = 8, MOST_PRESENT = 512 };

static const void *build_id_at(const Elf64_Nhdr *n)
{
	return n->n_descsz == BUILD_ID_SIZE ? (const char *)(n + 1) + ((n->n_namesz + 3) & ~3u) : NULL;
}

static const Elf64_Nhdr *build_id_in(const Elf64_Phdr *segment, intptr_t bias)
{
	const void *notes = (const void *)(bias + (intptr_t)segment->p_vaddr);
	uint64_t at = 0;

	/* The first note of the segment is the one that Debian's, Fedora's and Arch's linkers put there; others follow it. */
	for (const Elf64_Nhdr *n; at < NOTE_LIMIT && (n = elf_note_next(notes, segment->p_memsz, &at));)
		if (n->n_type == BUILD_ID && n->n_namesz == 4)
			return n;
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
	/* The program itself is the one without a name. */
	o->path = info->dlpi_name[0] ? info->dlpi_name : "/proc/self/exe";
	o->text.bias = bias;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const Elf64_Phdr *s = &info->dlpi_phdr[i];
		const unsigned char *start = (const void *)(bias + (intptr_t)s->p_vaddr);
		/* Code that the program may write stays the program's. */
		if (s->p_type == PT_LOAD && (s->p_flags & (PF_X | PF_W)) == PF_X && !o->text.start) {
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

static int is_the_loaded_file(const struct object *o, long fd)
{
	char in_file[NOTE_LIMIT];
	uint64_t size = o->note ? o->note->p_filesz : 0;

	return size && size <= NOTE_LIMIT && RAW(__NR_pread64, fd, in_file, size, o->note->p_offset) == (long)size &&
	       memcmp(in_file, (const void *)o->note_address, size) == 0;
}

static unsigned char *text_pages(const struct object *o)
{
	return (unsigned char *)(uintptr_t)page_start(o->text.start);
}

static uint64_t offset_in_file(const struct object *o)
{
	return o->offset & ~(uint64_t)(PAGE - 1);
}

/* The loaded object's file, or -1. */
static long file_of(const struct object *o)
{
	long fd = RAW(__NR_openat, AT_FDCWD, o->path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && is_the_loaded_file(o, fd))
		return fd;
	if (fd >= 0)
		RAW(__NR_close, fd);
	return -1;
}

/* May a page of this file be executed after it was written? MDWE, SELinux (execmod) and filters may say no; a page that nobody needs is asked. */
static int is_executable_again(const struct object *o, long fd)
{
	long at = RAW(__NR_mmap, 0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, offset_in_file(o));

	if (is_error(at))
		return 0;
	/* As a store would, but it does not die of a file that is shorter by now. */
	long refused = RAW(__NR_madvise, at, PAGE, MADV_POPULATE_WRITE);
	if (refused == -EINVAL) {
		*(volatile unsigned char *)at = 0; /* before Linux 5.14 */
		refused = 0;
	}
	if (!refused)
		refused = RAW(__NR_mprotect, at, PAGE, PROT_READ | PROT_EXEC);
	RAW(__NR_munmap, at, PAGE);
	return !refused;
}

static long make_executable(const struct object *o)
{
	long refused = -1;

	for (int i = 0; refused && i < ATTEMPTS; i++)
		refused = RAW(__NR_mprotect, text_pages(o), o->size, PROT_READ | PROT_EXEC);
	return refused;
}

static const char refuses[] = "the kernel refuses to make the patched text executable";

uint64_t object_room[(PAGE + 2 * PIECE_SIZE) / 8] BULKY_FIRST;

/* Is it this process's memory, and no other file of that name? */
static int is_our_memory(long fd)
{
	uint64_t probe = clock_monotonic(), there = 0;

	return RAW(__NR_pread64, fd, &there, sizeof there, &probe) == sizeof there && there == probe;
}

/* Which pages of the text have been touched before: a bit each, of the first so many. */
static uint64_t present[MOST_PRESENT / 64] BULKY_FIRST;

/* Has the text a page that is not the file's any more? Somebody has put breakpoints there (a debugger, uprobes), and takes them away when he likes: also between our reading
 * and our writing of a page, which would bring back his int3. proc(5), pagemap: 63 present, 62 swapped, 61 the file's. */
static int is_as_mapped(const struct object *o)
{
	uint64_t *entries = object_room, first = (uint64_t)text_pages(o) / PAGE, count = o->size / PAGE, at = 0;
	long fd = RAW(__NR_openat, AT_FDCWD, "/proc/self/pagemap", O_RDONLY | O_CLOEXEC), size = 1;

	memset(present, 0, sizeof present);
	for (; at < count && size > 0; at += (uint64_t)size / 8) {
		uint64_t most = (count - at) * 8 < sizeof object_room ? (count - at) * 8 : sizeof object_room;
		size = RAW(__NR_pread64, fd, entries, most, (first + at) * 8);
		for (long i = 0; i < size / 8; i++) {
			if (entries[i] >> 62 && !(entries[i] >> 61 & 1))
				size = 0;
			if (at + (uint64_t)i < MOST_PRESENT)
				present[(at + (uint64_t)i) / 64] |= entries[i] >> 63 << (at + (uint64_t)i) % 64;
		}
	}
	if (fd >= 0)
		RAW(__NR_close, fd);
	return at >= count && size > 0;
}

static void name_number(struct text *out, uint64_t value)
{
	char digits[24];
	struct text hex = {digits, digits + sizeof digits - 1, 0};

	text_hex(&hex, value);
	*hex.at = 0;
	text_string(out, digits + 2);
}

/* What the kernel knows of a mapping (PROCMAP_QUERY of /proc/self/maps, linux/fs.h, Linux 6.11). */
struct mapping {
	uint64_t size, how, asked, start, end, flags, page_size, offset, inode;
	uint32_t major, minor, name_size, build_id_size;
	uint64_t name, build_id;
};
_Static_assert(sizeof(struct mapping) == 104, "struct procmap_query");
enum { MAPPING_ALL = 15, MAPPING_READ_EXECUTE = 5 };
#define MAPPING_QUERY 0xc0686611 /* _IOWR('f', 17, struct procmap_query) */

/* -1: this kernel does not know. */
static int is_of_file_by_query(const struct object *o)
{
	struct mapping *m = (struct mapping *)object_room;
	uint64_t start = (uint64_t)text_pages(o);
	struct stat file;
	long fd = RAW(__NR_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	*m = (struct mapping){.size = sizeof *m, .asked = start};
	long result = RAW(__NR_ioctl, fd, MAPPING_QUERY, m);
	RAW(__NR_close, fd);
	if (result < 0)
		return -1;
	return m->start == start && m->end == start + o->size && (m->flags & MAPPING_ALL) == MAPPING_READ_EXECUTE && m->offset == offset_in_file(o) &&
	       raw_fstat(o->file, &file) == 0 && m->inode == file.st_ino && m->major == (file.st_dev >> 8 & 0xfff) &&
	       m->minor == ((file.st_dev & 0xff) | (file.st_dev >> 12 & 0xfff00));
}

/* The same by map_files, where there is a link for each mapping, called by where it begins and ends (proc(5)): 20 us. */
static int is_of_file_by_links(const struct object *o)
{
	char *names = (char *)object_room, *mapped = names + 64, *file = mapped + sizeof object_room / 2 - 64;
	uint64_t most = sizeof object_room / 2 - 64, start = (uint64_t)text_pages(o);
	struct text out = {names, names + 63, 0};

	text_string(&out, "/proc/self/map_files/");
	name_number(&out, start);
	text_char(&out, '-');
	name_number(&out, start + o->size);
	*out.at = 0;
	long size = RAW_READLINK(names, mapped, most);
	out.at = names;
	text_string(&out, "/proc/self/fd/");
	text_decimal(&out, (int)o->file);
	*out.at = 0;
	return size > 0 && size < (long)most && RAW_READLINK(names, file, most) == size && memcmp(mapped, file, (size_t)size) == 0 &&
	       memory_read(names, start, 1) == 1;
}

/* Is the text one mapping of its file, which may be read? Who was here before us may have forbidden a part of it, or mapped his own in its place. */
static int is_of_file(const struct object *o)
{
	int known = is_of_file_by_query(o);

	return known >= 0 ? known : o->has_many_pages && is_of_file_by_links(o);
}

/* There the kernel writes what the process may not (FOLL_FORCE, fs/proc/base.c): a debugger's way. No page is ever writable, no mapping is parted, and a page that is only changed is not
 * touched, which costs 4 to 8 us each under shadow paging. Who has forbidden that code changes (MDWE) is not passed by. */
static long open_memory(const struct object *o)
{
	if (filtered_at_start || RAW(__NR_prctl, PR_GET_MDWE, 0, 0, 0, 0) > 0 || !is_as_mapped(o))
		return -EPERM;
	long fd = RAW(__NR_openat, AT_FDCWD, "/proc/self/mem", O_RDWR | O_CLOEXEC);
	if (fd < 0 || is_our_memory(fd))
		return fd;
	RAW(__NR_close, fd);
	return -EPERM;
}

static int is_present(const struct object *o, uint32_t at)
{
	uint64_t page = (uint64_t)(o->text.start + at - text_pages(o)) / PAGE;

	return page < MOST_PRESENT && present[page / 64] >> page % 64 & 1;
}

/* A page that was not touched yet is the file's: to write it without having read it saves a fault, and the flush behind the page that is replaced. */
int object_read(const struct object *o, void *to, uint32_t at, size_t size)
{
	int is_there = is_present(o, at + (uint32_t)size - 1);

	if (!o->is_of_file)
		return RAW(__NR_pread64, o->memory, to, size, o->text.start + at) == (long)size;
	for (size_t i = 0; i < size; i += PAGE)
		is_there = is_there && is_present(o, at + (uint32_t)i);
	if (!is_there)
		return RAW(__NR_pread64, o->file, to, size, o->offset + at) == (long)size;
	memcpy(to, o->text.start + at, size);
	return 1;
}

int object_write(const struct object *o, const void *from, uint32_t at, size_t size)
{
	return RAW(__NR_pwrite64, o->memory, from, size, o->text.start + at) == (long)size;
}

const char *object_open(struct object *o, int may_through_memory)
{
	o->file = file_of(o);
	if (o->file < 0)
		return "the file of the loaded libc cannot be read";
	o->memory = may_through_memory ? open_memory(o) : -EPERM;
	o->text.copy = (unsigned char *)(uintptr_t)o->text.start;
	o->is_of_file = o->memory >= 0 && is_of_file(o);
	if (o->memory >= 0)
		return NULL;
	/* Where no filter stands there is a way back: object_close maps the file as ld.so has mapped it. */
	int may = !filtered_at_start || is_executable_again(o, o->file);
	if (may && RAW(__NR_mprotect, text_pages(o), o->size, PROT_READ | PROT_WRITE) == 0)
		return NULL;
	/* Where somebody has parted the mapping the first part may be writable by now. */
	if (may)
		make_executable(o);
	RAW(__NR_close, o->file);
	return refuses;
}

const char *object_close(const struct object *o)
{
	/* It was asked before, so what is in the way passes; else the file's own text is better than none that can be executed. */
	long refused = o->memory >= 0 ? 0 : make_executable(o);

	if (refused)
		RAW(__NR_mmap, text_pages(o), o->size, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, o->file, offset_in_file(o));
	if (o->memory >= 0)
		RAW(__NR_close, o->memory);
	RAW(__NR_close, o->file);
	return refused ? refuses : NULL;
}

/* The whole pages of the text, as the file has them. */
int object_copy_from(struct object *o, long fd)
{
	long at = RAW(__NR_mmap, 0, o->size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, offset_in_file(o));

	if (is_error(at))
		return 0;
	o->text.copy = (unsigned char *)at + (o->text.start - page_start(o->text.start));
	return 1;
}

int object_copy(struct object *o)
{
	long fd = file_of(o);

	if (fd < 0)
		return 0;
	int copied = object_copy_from(o, fd);
	RAW(__NR_close, fd);
	return copied;
}

void object_drop(const struct object *o)
{
	RAW(__NR_munmap, page_start(o->text.copy), o->size);
}

/* NB order: executable before it stands in the text's place. */
int object_move(const struct object *o)
{
	const unsigned char *copy = page_start(o->text.copy);

	if (RAW(__NR_mprotect, copy, o->size, PROT_READ | PROT_EXEC) == 0 &&
	    !is_error(RAW(__NR_mremap, copy, o->size, o->size, MREMAP_MAYMOVE | MREMAP_FIXED, text_pages(o))))
		return 1;
	object_drop(o);
	return 0;
}

int object_find(struct object *o)
{
	if (!dl_iterate_phdr(object_found, o) || !o->text.start)
		return 0;
	o->size = (size_t)(page_start(o->text.end + PAGE - 1) - page_start(o->text.start));
	return 1;
}
