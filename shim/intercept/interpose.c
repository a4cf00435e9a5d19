/* Interposition: the rows behind the names, and the way to the gate for processes in which nothing is rewritten. There the next
 * definition makes the call, between gate_enter and gate_leave: so another preload behind us, and cancellation, work as without us.
 * Before the constructor has run there is no next definition yet: the kernel is called. dlsym is never: it takes locks and may leave a message in
 * the program's dlerror(). */
#define _GNU_SOURCE
#include "intercept.h"
#include "../coalesce.h"
#include "../gate.h"
#include "../process/life.h"
#include "../sys/elf.h"

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
#define LIBC NAME
#define MADE NAME
#define EXEC NAME
enum {
#include "names.def"
	ROWS
};
#undef NAME
#undef LIBC
#undef MADE
#undef EXEC

struct row interpose_rows[ROWS], interpose_syscall;
static int started;
static int to_gate; /* nothing is rewritten */

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

/* The symbols of the objects behind us, in the order in which ld.so looks names up: what RTLD_NEXT would be, for names that are looked for
 * at their first call, when no lock of ld.so's may be waited for (a forked child may never get it). */
enum { FEW_BEHIND = 8, MOST_BEHIND = 256 };
static struct behind {
	const Elf64_Dyn *dynamic;
	uint64_t bias;
} few_behind[FEW_BEHIND], more_behind[MOST_BEHIND - FEW_BEHIND] BULKY;
static uint32_t behind_count;
static int is_behind; /* we have been met */

static struct behind *behind(uint32_t i)
{
	return i < FEW_BEHIND ? &few_behind[i] : &more_behind[i - FEW_BEHIND];
}

static int is_ours(const struct dl_phdr_info *object)
{
	for (int i = 0; i < object->dlpi_phnum; i++)
		if (object->dlpi_phdr[i].p_type == PT_LOAD &&
		    (uint64_t)interpose_rows - object->dlpi_addr - object->dlpi_phdr[i].p_vaddr < object->dlpi_phdr[i].p_memsz)
			return 1;
	return 0;
}

static const Elf64_Dyn *dynamic_of(const struct dl_phdr_info *object)
{
	for (int i = 0; i < object->dlpi_phnum; i++)
		if (object->dlpi_phdr[i].p_type == PT_DYNAMIC)
			return (const void *)(object->dlpi_addr + object->dlpi_phdr[i].p_vaddr);
	return NULL;
}

static int note_behind(struct dl_phdr_info *object, size_t size, void *data)
{
	const Elf64_Dyn *dynamic = dynamic_of(object);

	(void)size;
	(void)data;
	if (is_ours(object)) {
		is_behind = 1;
	} else if (is_behind && dynamic) {
		/* libc is among the last: the last place is for whoever comes last. */
		uint32_t at = behind_count < MOST_BEHIND ? behind_count++ : MOST_BEHIND - 1;
		*behind(at) = (struct behind){dynamic, object->dlpi_addr};
	}
	return 0;
}

static long absent(long a, long b, long c, long d, long e, long f, long g)
{
	(void)a, (void)b, (void)c, (void)d, (void)e, (void)f, (void)g;
	*__errno_location() = ENOSYS;
	return -1;
}

static next_function *definition_behind(const char *name)
{
	/* Before our constructor (preinit_array) nobody has threads. */
	if (!is_behind)
		dl_iterate_phdr(note_behind, NULL);
	for (uint32_t i = 0; i < behind_count; i++) {
		struct elf_symbols symbols = elf_symbols((intptr_t)behind(i)->bias, behind(i)->dynamic);
		const Elf64_Sym *symbol = elf_symbol(&symbols, name);
		if (symbol)
			return (next_function *)(behind(i)->bias + symbol->st_value);
	}
	return NULL;
}

/* For thunks.S; the second is for names whose fallback makes the call itself where the next definition is not known yet. */
void *interpose_resolve(struct row *row, const char *name, void *fallback);
void *interpose_resolve_or_early(struct row *row, const char *name, void *fallback);

void *interpose_resolve(struct row *row, const char *name, void *fallback)
{
	next_function *found = definition_behind(name);

	row->next = (void *)(found ? found : absent);
	row->jump = to_gate ? fallback : row->next;
	return row->jump;
}

void *interpose_resolve_or_early(struct row *row, const char *name, void *fallback)
{
	return started ? interpose_resolve(row, name, fallback) : fallback;
}

static long kernel_result(long result)
{
	return result == -1 ? -(long)*__errno_location() : result;
}

#define WIDTH_INT(result) ((long)(int)(result))
#define WIDTH_SIZE(result) (result)
#define WIDTH_NOTHING(result) ((void)(result), 0)
#define WIDTH_FILE(result) (result)
#define WIDTH_DIR(result) (result)

/* What the call would have returned that the function has made. */
#define RESULT_INT(result) kernel_result(result)
#define RESULT_SIZE(result) kernel_result(result)
#define RESULT_NOTHING(result) (result)
#define RESULT_FILE(result) stream_result(result, "fileno")
#define RESULT_DIR(result) stream_result(result, "dirfd")

/* The descriptor of a stream that was just opened, from libc's own function. */
static long stream_result(long stream, const char *function)
{
	next_function *descriptor = stream ? definition_behind(function) : NULL;

	return stream ? (descriptor ? (int)descriptor(stream, 0, 0, 0, 0, 0, 0) : 0) : -(long)*__errno_location();
}

/* What libc does besides the call (the search through PATH, a script without #!) is libc's own. */
static long exec_named(const char *function, long file, long arguments, long environment)
{
	const struct call call = {__NR_execve, {(uint64_t)file, (uint64_t)arguments, (uint64_t)environment}};
	next_function *next = definition_behind(function);
	struct passage passage = {0};

	if (!next)
		next = absent;
	gate_enter(&passage, &call);
	if (!passage.process)
		return next(file, arguments, environment, 0, 0, 0, 0);
	uint64_t *copy = exec_by_libc(passage.process, (uint64_t)environment);
	long result = next(file, arguments, copy ? (long)copy : environment, 0, 0, 0, 0);
	/* As exec_call: the caller's own list may just fit. */
	if (copy && *__errno_location() == E2BIG)
		result = next(file, arguments, environment, 0, 0, 0, 0);
	exec_failed(passage.process, copy);
	gate_leave(&passage, &call, -(long)*__errno_location());
	return result;
}

extern char **environ __attribute__((weak));

/* fopen(3): what its mode makes of open's flags. */
static long open_flags(long text)
{
	const char *mode = (const char *)text;
	int plus = 0, flags;

	for (const char *c = mode; *c && *c != ','; c++)
		plus |= *c == '+';
	flags = *mode == 'w' ? O_CREAT | O_TRUNC : *mode == 'a' ? O_CREAT | O_APPEND : 0;
	flags |= plus ? O_RDWR : *mode == 'r' ? O_RDONLY : O_WRONLY;
	for (const char *c = mode; *c && *c != ','; c++)
		flags |= *c == 'e' ? O_CLOEXEC : *c == 'x' ? O_EXCL : 0;
	return flags;
}

#define NAME(symbol, result_width, number, A, B, C, D, E, F) \
	next_function fallback_##symbol; /* thunks.S goes there */ \
	long fallback_##symbol(long a, long b, long c, long d, long e, long f, long g) \
	{ \
		const struct call call = {__NR_##number, {(uint64_t)(A), (uint64_t)(B), (uint64_t)(C), (uint64_t)(D), (uint64_t)(E), (uint64_t)(F)}}; \
		next_function *next = interpose_rows[ROW_##symbol].next; \
		struct passage passage = {0}; \
		(void)a, (void)b, (void)c, (void)d, (void)e, (void)f, (void)g; \
		if (!next) \
			return early(&call); \
		gate_enter(&passage, &call); \
		long result = WIDTH_##result_width(next(a, b, c, d, e, f, g)); \
		gate_leave(&passage, &call, RESULT_##result_width(result)); \
		return result; \
	}
#define LIBC(symbol, result_width, number, A, B, C, D, E, F) \
	next_function fallback_##symbol; \
	long fallback_##symbol(long a, long b, long c, long d, long e, long f, long g) \
	{ \
		const struct call call = {__NR_##number, {(uint64_t)(A), (uint64_t)(B), (uint64_t)(C), (uint64_t)(D), (uint64_t)(E), (uint64_t)(F)}}; \
		next_function *next = interpose_rows[ROW_##symbol].next; \
		struct passage passage = {0}; \
		gate_enter(&passage, &call); \
		long result = WIDTH_##result_width(next(a, b, c, d, e, f, g)); \
		gate_leave(&passage, &call, RESULT_##result_width(result)); \
		return result; \
	}
#define EXEC(symbol, function, file, arguments, environment) \
	next_function fallback_##symbol; \
	long fallback_##symbol(long a, long b, long c, long d, long e, long f, long g) \
	{ \
		(void)a, (void)b, (void)c, (void)d, (void)e, (void)f, (void)g; \
		return exec_named(#function, file, arguments, environment); \
	}
/* NB: a call that is logged when it begins would show the path before it is made. */
#define MADE(symbol, result_width, number, A, B, C, D, E, F) \
	next_function fallback_##symbol; \
	long fallback_##symbol(long a, long b, long c, long d, long e, long f, long g) \
	{ \
		next_function *next = interpose_rows[ROW_##symbol].next; \
		struct passage passage = {0}; \
		long result = WIDTH_##result_width(next(a, b, c, d, e, f, g)), errors = *__errno_location(); \
		const struct call call = {__NR_##number, {(uint64_t)(A), (uint64_t)(B), (uint64_t)(C), (uint64_t)(D), (uint64_t)(E), (uint64_t)(F)}}; \
		gate_enter(&passage, &call); \
		gate_leave(&passage, &call, result == -1 ? -errors : result); \
		return result; \
	}
#include "names.def"
#undef NAME
#undef LIBC
#undef MADE
#undef EXEC

next_function fallback_syscall;

long fallback_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	const struct call call = {(uint64_t)number, {(uint64_t)a, (uint64_t)b, (uint64_t)c, (uint64_t)d, (uint64_t)e, (uint64_t)f}};

	return early(&call);
}

/* Each forked child would look for these anew. */
static void resolve_exec(void)
{
	interpose_resolve(&interpose_rows[ROW_execve], "execve", NULL);
	interpose_resolve(&interpose_rows[ROW_execvp], "execvp", NULL);
}

void interpose_start(void)
{
	started = 1;
	inherited.before_children = resolve_exec;
	interpose_syscall.jump = interpose_syscall.next = (void *)definition_behind("syscall");
}

void interpose_to_gate(void)
{
	to_gate = 1;
	inherited.before_children = NULL;
	for (int i = 0; i < ROWS; i++)
		interpose_rows[i].jump = 0;
	interpose_syscall.jump = 0;
}

/* NB: only where libc's own write is the next one. Another preload behind us wants to see every write. */
void interpose_coalesce(void)
{
	next_function *next = definition_behind("write");

	if (!rewrite_covers((const void *)next))
		return;
	interpose_rows[ROW_write].next = (void *)next;
	coalesce_start((long (*)(int, const void *, size_t))interpose_rows[ROW_write].next);
	interpose_rows[ROW_write].jump = (void *)coalesce_write;
}

/* A thread that is to be cancelled ends at its next write, in libc's function; a write that we gather would pass that by. */
int pthread_cancel(unsigned long thread);

__attribute__((visibility("default"))) int pthread_cancel(unsigned long thread)
{
	if (interpose_rows[ROW_write].jump == (void *)coalesce_write)
		interpose_rows[ROW_write].jump = interpose_rows[ROW_write].next;
	next_function *next = definition_behind("pthread_cancel");

	return next ? (int)next((long)thread, 0, 0, 0, 0, 0, 0) : ESRCH;
}
