/* Rewriting: the system call sites of libc and ld.so lead to the gate; where all are asked for, those of other objects too, also of such as
 * come later.
 *
 * At the start, while there is one thread and no signal can come, text is patched where it stands: through /proc/self/mem, or where that is not to be had
 * writable, then executable again, never both; a refusal changes nothing. What is mapped later, and what is put back, is a copy: the same range of the file is
 * mapped privately, patched, made executable and moved over the original by one mremap(2), so that there is no moment in which others could not execute it.
 * The line in /proc/self/maps keeps its name. The file must be the one that is loaded: its build-id is compared. */
#define _GNU_SOURCE
#include "intercept.h"
#include "object.h"
#include "../process/life.h"
#include "../process/target.h"
#include "../sys/memory.h"

#include <asm/stat.h>
#include <link.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/sched.h>

#include "../sys/poison.h"

extern const char *gnu_get_libc_version(void) __attribute__((weak));

enum { LIBC, LD_SO, OTHERS, MOST_OBJECTS = 96 };

/* Those whose text we have replaced: what undo must put back. */
static struct object objects[OTHERS], further[MOST_OBJECTS - OTHERS] BULKY;
static uint32_t further_count;

/* From 2.34 on libpthread has no calls of its own; from 2.41 on nearly all calls are made at one place (forms.c), without which nothing is seen. */
enum { ALL_IN_LIBC = 34, ONE_PLACE = 41 };

/* The 41 of glibc 2.41, and more than any for a version that is none of 2. */
static unsigned libc_minor(void)
{
	const char *v = gnu_get_libc_version();
	unsigned minor = 0;

	if (v[0] != '2' || v[1] != '.')
		return ~0u;
	for (v += 2; *v >= '0' && *v <= '9'; v++)
		minor = minor * 10 + (unsigned)(*v - '0');
	return minor;
}

static const char *object_rewrite(struct object *o, enum want want)
{
	const uint32_t rewritten = inherited.sites_rewritten, left = inherited.sites_left;
	uint64_t mask;

	if (!object_find(o))
		return "libc not found";
	/* The program's own file, that it has a lock on over an exec. */
	if (want == WANT_CERTAIN && !filtered_at_start && target_is_open(o->path))
		return "the process has its file open";
	o->any = elf_symbol(&o->text.symbols, "syscall");
	o->has_many_pages = o == &objects[LIBC] && want != WANT_MOST;
	o->needs_one_place = o == &objects[LIBC] && libc_minor() >= ONE_PLACE;
	block_signals(&mask);
	const char *error = object_unwritable;
	for (int through_memory = 1; error == object_unwritable && through_memory >= 0; through_memory--) {
		error = object_open(o, through_memory);
		if (error)
			break;
		error = patch_sites(o, want);
		const char *refused = object_close(o);
		error = refused ? refused : error;
	}
	unblock_signals(&mask);
	inherited.threads_unseen |= !error && o->needs_one_place && !forms_see_threads();
	if (error) {
		inherited.sites_rewritten = rewritten;
		inherited.sites_left = left;
	}
	return error;
}

/* Of the objects that are there at the start: libpthread's calls have the names of libc's. */
struct others {
	uint64_t found[MOST_OBJECTS];
	uint32_t count;
	int all; /* but libpthread */
};

static int is_libpthread(const char *path)
{
	const char *name = string_last_part(path);

	return string_after(name, "libpthread.so") || string_after(name, "libpthread-");
}

static int other_found(struct dl_phdr_info *info, size_t size, void *data)
{
	struct others *others = data;
	uint64_t text = 0;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const Elf64_Phdr *s = &info->dlpi_phdr[i];
		uint64_t start = info->dlpi_addr + s->p_vaddr;
		if (s->p_type != PT_LOAD || !(s->p_flags & PF_X))
			continue;
		text = text ? text : start;
		if ((uint64_t)kernel_call - start < s->p_memsz || objects[LIBC].holds - start < s->p_memsz || objects[LD_SO].holds - start < s->p_memsz ||
		    (uint64_t)objects[LD_SO].text.start - start < s->p_memsz)
			return 0;
	}
	if (text && others->count < MOST_OBJECTS - OTHERS - further_count && others->all != is_libpthread(info->dlpi_name))
		others->found[others->count++] = text;
	return 0;
}

static void others_patch(const struct others *others, enum want want)
{
	for (uint32_t i = 0; i < others->count; i++) {
		struct object *o = &further[further_count];
		*o = (struct object){.holds = others->found[i]};
		if (!object_rewrite(o, want))
			further_count++;
		else
			*o = (struct object){0};
	}
}

static void others_rewrite(int all)
{
	static struct others others BULKY;

	/* libpthread's go first: without its sigaction our handlers would show. */
	dl_iterate_phdr(other_found, &others);
	others_patch(&others, all ? WANT_ALL : WANT_HOT);
	others.count = 0;
	others.all = 1;
	if (!all)
		return;
	dl_iterate_phdr(other_found, &others);
	others_patch(&others, WANT_CERTAIN);
}

/* Nobody executes it yet, so threads do not matter. What it replaces is what the program has just mapped, bytes and protection alike. */
static void mapped(struct process *p, const struct call *call, long at)
{
	const uint64_t *a = call->arguments;
	struct object o = {.text.start = (const void *)at, .offset = a[5], .memory = -1};
	struct stat status;
	uint64_t mask, size = a[1];

	if (a[2] != (PROT_READ | PROT_EXEC) || (a[3] & (MAP_PRIVATE | MAP_ANONYMOUS)) != MAP_PRIVATE || p->sealed || !process_is_ours(p))
		return;
	/* Behind the file's end there is nothing but SIGBUS: ld.so maps an object of one piece in its whole length first. */
	if (raw_fstat(a[4], &status) != 0 || (uint64_t)status.st_size <= a[5])
		return;
	if (size > (uint64_t)status.st_size - a[5])
		size = (uint64_t)status.st_size - a[5];
	o.text.end = o.text.start + size;
	o.size = (size + PAGE - 1) & ~(uint64_t)(PAGE - 1);
	if (!process_lock(p, &p->mapping_lock, &mask))
		return;
	if (object_copy_from(&o, (long)a[4])) {
		uint32_t before = inherited.foreign_rewritten;
		if (!patch_sites(&o, WANT_CERTAIN) && inherited.foreign_rewritten != before)
			object_move(&o);
		else
			object_drop(&o);
	}
	lock_release(&p->mapping_lock, &mask);
}

void rewrite_know_exit(void)
{
	struct object libc = {.holds = (uint64_t)gnu_get_libc_version};
	const Elf64_Sym none = {0}, *exits = NULL, *closes = NULL;
	uint64_t bias;

	if (gnu_get_libc_version && object_find(&libc)) {
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
	const struct text_range *text = &objects[LIBC].text;

	return (const unsigned char *)address >= text->start && (const unsigned char *)address < text->end;
}

/* The files' own text in place of the patched one. Frames that stand in a slot go on behind their site, where the bytes are the same. */
static void put_back(struct object *some, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (some[i].size && object_copy(&some[i]))
			object_move(&some[i]);
}

static void undo(void)
{
	put_back(objects, OTHERS);
	put_back(further, further_count);
	inherited.rewriting = 0;
	inherited.mapped = NULL;
	memory_disturb(SIGNAL_ANY);
	inherited.why_not = "the program uses system call user dispatch itself";
}

/* A folder's links are its own two and one for each thread (fs/proc/base.c, proc_task_getattr). Without /proc the answer is taken to be what it always is at a preload's birth. */
static int is_alone_by_proc(void)
{
	struct stat status = {0};
	long fd = RAW(__NR_openat, AT_FDCWD, "/proc/self/task", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 1;
	raw_fstat(fd, &status);
	RAW(__NR_close, fd);
	return status.st_nlink <= 3;
}

/* unshare(2): CLONE_VM is refused with EINVAL exactly when more than one task shares the memory (kernel/fork.c, check_unshare_flags). A filter might kill
 * for the question. */
static int is_alone(void)
{
	return filtered_at_start ? is_alone_by_proc() : RAW(__NR_unshare, CLONE_VM) != -EINVAL;
}

/* Does anybody see which calls are made? */
static int is_seen(void)
{
	return settings.log != OUTPUT_OFF || settings.stats != OUTPUT_OFF || settings.inject || settings.watch;
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
	enum want want = all_sites ? WANT_ALL : is_seen() ? WANT_HOT : WANT_MOST;
	objects[LIBC].holds = (uint64_t)gnu_get_libc_version;
	const char *error = object_rewrite(&objects[LIBC], want);
	if (error) {
		objects[LIBC] = (struct object){0};
		return error;
	}
	/* ld.so is second: what it opens and maps is seen too, but libc alone makes the rewriting. Where nobody would see it, dispatch is enough: while
	 * something is buffered, ld.so's calls trap. */
	objects[LD_SO].holds = ld_so_base;
	if (!ld_so_base || want == WANT_MOST || object_rewrite(&objects[LD_SO], want))
		objects[LD_SO] = (struct object){.holds = ld_so_base};
	if (all_sites || libc_minor() < ALL_IN_LIBC)
		others_rewrite(all_sites);
	if (all_sites)
		inherited.mapped = mapped;
	inherited.undo_rewriting = undo;
	return NULL;
}
