/* Interposition: the rows behind the names, and the way to the gate for processes in which nothing is rewritten. There the next
 * definition makes the call, between gate_enter and gate_leave: so another preload behind us, and cancellation, work as without us.
 * Before the constructor has run there is no next definition yet: the kernel is called, and dlsym never. */
#define _GNU_SOURCE
#include "intercept.h"
#include "../coalesce.h"
#include "../gate.h"
#include "../sys/elf.h"

#include <dlfcn.h>
#include <link.h>
#include <linux/fcntl.h>

extern int *__errno_location(void) __attribute__((weak));

struct row {
	void *jump; /* where the name goes; NULL: to its fallback below */
	void *next; /* its next definition, or NULL */
};

typedef long next_function(long, long, long, long, long, long, long);

#define OTHER(...)
#define WATCHED(...)
#define NAME(symbol, ...) ROW_##symbol,
enum {
#include "names.def"
	ROWS
};
#undef NAME

struct row interpose_rows[ROWS], interpose_syscall;
static int (*next_cancel)(unsigned long);

/* The early way: no counters yet, errno only once the loader has bound it. */
static long early(const struct call *call)
{
	long result = gate(call);

	if (!is_error(result))
		return result;
	if (__errno_location)
		*__errno_location() = (int)-result;
	return -1;
}

static long kernel_result(long result)
{
	return result == -1 ? -(long)*__errno_location() : result;
}

#define WIDTH_INT(result) ((long)(int)(result))
#define WIDTH_SIZE(result) (result)
#define WIDTH_NOTHING(result) ((void)(result), 0)

#define NAME(symbol, result_width, number, A, B, C, D, E, F) \
	next_function fallback_##symbol; /* thunks.S goes there */ \
	long fallback_##symbol(long a, long b, long c, long d, long e, long f, long g) \
	{ \
		const struct call call = {__NR_##number, {(uint64_t)(A), (uint64_t)(B), (uint64_t)(C), (uint64_t)(D), (uint64_t)(E), (uint64_t)(F)}}; \
		next_function *next = interpose_rows[ROW_##symbol].next; \
		struct passage passage; \
		(void)a, (void)b, (void)c, (void)d, (void)e, (void)f, (void)g; \
		if (!next) \
			return early(&call); \
		gate_enter(&passage, &call); \
		long result = WIDTH_##result_width(next(a, b, c, d, e, f, g)); \
		gate_leave(&passage, &call, kernel_result(result)); \
		return result; \
	}
#include "names.def"
#undef NAME

next_function fallback_syscall;

long fallback_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	const struct call call = {(uint64_t)number, {(uint64_t)a, (uint64_t)b, (uint64_t)c, (uint64_t)d, (uint64_t)e, (uint64_t)f}};

	return early(&call);
}

static const char names[] =
#define NAME(symbol, ...) #symbol "\0"
#include "names.def"
#undef NAME
	;

/* Is the name defined in any object but ours? Asked before dlsym, whose failure would leave a message in the program's dlerror() and
 * memory from its malloc. */
static int is_defined(struct dl_phdr_info *object, size_t size, void *name)
{
	const Elf64_Dyn *dynamic = NULL;
	int ours = 0;

	(void)size;
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const Elf64_Phdr *segment = &object->dlpi_phdr[i];
		uint64_t start = object->dlpi_addr + segment->p_vaddr;
		if (segment->p_type == PT_DYNAMIC)
			dynamic = (const void *)start;
		if (segment->p_type == PT_LOAD && (uint64_t)interpose_rows - start < segment->p_memsz)
			ours = 1;
	}
	if (ours || !dynamic)
		return 0;
	struct elf_symbols symbols = elf_symbols((intptr_t)object->dlpi_addr, dynamic);
	return elf_symbol(&symbols, name) != NULL;
}

static void *next_definition(const char *name)
{
	return dl_iterate_phdr(is_defined, (void *)(uintptr_t)name) ? dlsym(RTLD_NEXT, name) : NULL;
}

void interpose_start(void)
{
	const char *name = names;

	for (int i = 0; i < ROWS; i++) {
		interpose_rows[i].jump = interpose_rows[i].next = next_definition(name);
		while (*name++)
			;
	}
	interpose_syscall.jump = interpose_syscall.next = next_definition("syscall");
	next_cancel = next_definition("pthread_cancel");
}

void interpose_to_gate(void)
{
	for (int i = 0; i < ROWS; i++)
		interpose_rows[i].jump = 0;
	interpose_syscall.jump = 0;
}

/* NB: only where libc's own write is the next one. Another preload behind us wants to see every write. */
void interpose_coalesce(void)
{
	if (!rewrite_covers(interpose_rows[ROW_write].next))
		return;
	coalesce_start((long (*)(int, const void *, size_t))interpose_rows[ROW_write].next);
	interpose_rows[ROW_write].jump = (void *)coalesce_write;
}

/* A thread that is to be cancelled ends at its next write, in libc's function; a write that we gather would pass that by. */
int pthread_cancel(unsigned long thread);

__attribute__((visibility("default"))) int pthread_cancel(unsigned long thread)
{
	if (interpose_rows[ROW_write].jump == (void *)coalesce_write)
		interpose_rows[ROW_write].jump = interpose_rows[ROW_write].next;
	return next_cancel ? next_cancel(thread) : ESRCH;
}
