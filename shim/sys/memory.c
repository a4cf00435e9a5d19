/* Memory: what the compiler needs, strings, and copies that cannot fault. Nothing here allocates from the program's heap. */
#include "memory.h"
#include "raw.h"
#include "thread.h"

#include <linux/mman.h>
#include <linux/uio.h>

#include "poison.h"

enum { TURNS = 4 };

uint8_t thread_pointer_readable;
#ifndef __x86_64__
uint64_t page_size;
#endif
static uint8_t calls_refused; /* reading it late costs one refused call */

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	char *t = to;
	const char *f = from;

	for (; size >= 8; size -= 8, t += 8, f += 8) {
		uint64_t word;
		__builtin_memcpy(&word, f, 8);
		__builtin_memcpy(t, &word, 8);
	}
	while (size--)
		*t++ = *f++;
	return to;
}

enum { WORTH_REPEATING = 512 };

void *memset(void *to, int byte, size_t size)
{
	const uint64_t word = (unsigned char)byte * 0x0101010101010101ul;
	char *t = to;

#ifdef __x86_64__
	/* Of a whole chunk of records: the processor's own way is tenfold. */
	if (size >= WORTH_REPEATING) {
		uint64_t words = size / 8;
		__asm__ volatile("rep stosq" : "+D"(t), "+c"(words) : "a"(word) : "memory");
		size %= 8;
	}
#endif
	/* The barriers keep the loops from becoming calls of themselves. */
	for (; size >= 8; size -= 8, t += 8) {
		__builtin_memcpy(t, &word, 8);
		__asm__ volatile("" ::: "memory");
	}
	while (size--) {
		*t++ = (char)byte;
		__asm__ volatile("" ::: "memory");
	}
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const unsigned char *x = a, *y = b;

	for (; size >= 8; size -= 8, x += 8, y += 8) {
		uint64_t left, right;
		__builtin_memcpy(&left, x, 8);
		__builtin_memcpy(&right, y, 8);
		if (left != right)
			break;
	}
	for (; size--; x++, y++)
		if (*x != *y)
			return *x < *y ? -1 : 1;
	return 0;
}

size_t string_length(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

int string_equal(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

const char *string_after(const char *s, const char *prefix)
{
	while (*prefix)
		if (*s++ != *prefix++)
			return NULL;
	return s;
}

const char *string_last_part(const char *path)
{
	const char *part = path;

	for (; *path; path++)
		if (path[0] == '/' && path[1] && path[1] != '/')
			part = path + 1;
	return part;
}

int string_same_name(const char *a, const char *b)
{
	while (*a == *b && *a && *a != '=')
		a++, b++;
	return *a == '=' && *b == '=';
}

int string_matches(const char *pattern, const char *s)
{
	const char *star = NULL, *retry = NULL;

	while (*s) {
		if (*pattern == '*') {
			star = pattern++;
			retry = s;
		} else if (*pattern == '?' || *pattern == *s) {
			pattern++;
			s++;
		} else if (star) {
			pattern = star + 1;
			s = ++retry;
		} else {
			return 0;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

/* Of the other errors the pointer, the number or the kernel is the reason. This one passes (no memory for the moment): the program is not told of a bad pointer for it. */
static int is_passing(long result)
{
	return is_error(result) && result != -EFAULT && result != -EPERM && result != -ENOSYS && result != -ESRCH;
}

/* Apart: what it needs would stand on the program's stack each time. */
static __attribute__((noinline)) long copy_again(long number, long pid, const struct iovec *local, const struct iovec *remote)
{
	long result = 0;

	for (int turn = 1; turn < TURNS; turn++) {
		result = RAW(number, pid, local, 1, remote, 1);
		if (!is_passing(result))
			break;
	}
	return result;
}

static long copy_through_kernel(long number, long pid, void *ours, uint64_t theirs, size_t size)
{
	const struct iovec local = {ours, size}, remote = {(void *)theirs, size};
	long result = RAW(number, pid, &local, 1, &remote, 1);

	return likely(!is_passing(result)) ? result : copy_again(number, pid, &local, &remote);
}

/* The kernel copies a mask before it finds that this is no way to set it (kernel/signal.c, rt_sigprocmask). */
enum { NO_WAY = 99, WORD = 8, PAGE = 4096 };

/* What is ours alone: the program's file, which cannot be written while it runs (ETXTBSY); libc's, without which nothing runs; the heap; and the stack of the first thread, below which no
 * mapping comes nearer than MIN_GAP, 128 MiB (arch/x86/mm/mmap.c). */
static struct {
	const uint32_t *others; /* NULL: nobody knows */
	struct memory_range program, libc;
	uint64_t heap, heap_reached, stack_end;
} own;
enum { STACK_PART = 8 << 20 };
static const uint64_t HEAP_MOST = 1ull << 40;

void memory_know(const uint32_t *others, struct memory_range program, struct memory_range libc, uint64_t stack_end)
{
	own.program = program;
	own.libc = libc;
	own.heap = own.heap_reached = (uint64_t)RAW(__NR_brk, 0);
	own.stack_end = stack_end ? (stack_end | (PAGE - 1)) + 1 : 0;
	/* Where it is found before, nothing is learned. Nobody has the last page. */
	if (!calls_refused && RAW(__NR_rt_sigprocmask, NO_WAY, (uint64_t)-PAGE, 0, WORD) == -EFAULT)
		own.others = others;
}

int memory_is_own(uint64_t from)
{
	if (!own.others || __atomic_load_n(own.others, __ATOMIC_RELAXED))
		return 0;
	if (own.stack_end - from <= STACK_PART || from - own.program.start < own.program.size || from - own.libc.start < own.libc.size)
		return 1;
	/* Where the heap has shrunk there is nothing, and no mapping comes by itself: who asks has seen the kernel read there, or does (memory_readable). */
	if (from - own.heap >= own.heap_reached - own.heap && from - own.heap < HEAP_MOST && !calls_refused) {
		uint64_t end = (uint64_t)RAW(__NR_brk, 0);
		own.heap_reached = end > own.heap_reached ? end : own.heap_reached;
	}
	return from - own.heap < own.heap_reached - own.heap;
}

size_t memory_readable(uint64_t from)
{
	size_t in_page = PAGE - from % PAGE;

	return in_page >= WORD && !calls_refused && RAW(__NR_rt_sigprocmask, NO_WAY, from, 0, WORD) == -EINVAL ? in_page : 0;
}

static uint8_t disturbed;

int memory_is_quiet(void)
{
	return !__atomic_load_n(&disturbed, __ATOMIC_RELAXED);
}

/* What a process does to itself comes at its own instructions, never between two of ours. */
void memory_disturb(int signal)
{
	enum { ILL = 4, TRAP = 5, ABRT = 6, BUS = 7, FPE = 8, SEGV = 11, SYS = 31 };

	if (signal != ILL && signal != TRAP && signal != ABRT && signal != BUS && signal != FPE && signal != SEGV && signal != SYS)
		__atomic_store_n(&disturbed, 1, __ATOMIC_RELAXED);
}

/* NB: by the thread's own number. Behind the process's there is no memory (-ESRCH) when the first thread has ended and others go on. */
long memory_read(void *to, uint64_t from, size_t size)
{
	if (calls_refused)
		return -EPERM;
	return copy_through_kernel(__NR_process_vm_readv, RAW(__NR_gettid), to, from, size);
}

long memory_read_in(int32_t pid, void *to, uint64_t from, size_t size)
{
	long got = calls_refused ? -EPERM : copy_through_kernel(__NR_process_vm_readv, pid, to, from, size);

	return got == -ESRCH ? memory_read(to, from, size) : got;
}

long memory_read_many(const struct iovec *to, const struct iovec *from, size_t count)
{
	return calls_refused ? -EPERM : RAW(__NR_process_vm_readv, RAW(__NR_gettid), to, count, from, count);
}

/* Below it nothing is ever mapped (vm.mmap_min_addr). */
enum { PAGES_NOBODY_HAS = 64 << 10 };

static int is_there(uint64_t from, int may_ask)
{
	size_t in_page = PAGE - from % PAGE;

	/* NB: the word that is asked for may not lie across the page's end. */
	return from >= PAGES_NOBODY_HAS && from < memory_user_end &&
	       (!may_ask || RAW(__NR_rt_sigprocmask, NO_WAY, in_page < WORD ? from - (WORD - in_page) : from, 0, WORD) == -EINVAL);
}

long memory_read_given(void *to, uint64_t from, size_t size, int may_ask)
{
	if (!calls_refused)
		return memory_read(to, from, size);
	for (size_t done = 0; done < size;) {
		size_t in_page = PAGE - (from + done) % PAGE, piece = size - done < in_page ? size - done : in_page;
		if (!is_there(from + done, may_ask))
			return done ? (long)done : -EFAULT;
		memcpy((char *)to + done, (const void *)(uintptr_t)(from + done), piece);
		done += piece;
	}
	return (long)size;
}

long memory_string(long (*read)(void *to, uint64_t from, size_t size), char *to, uint64_t from, size_t limit)
{
	enum { PIECE = 256 };

	for (size_t length = 0; length < limit;) {
		size_t piece = PIECE - (from + length) % PIECE;
		if (piece > limit - length)
			piece = limit - length;
		long got = read(to + length, from + length, piece);
		if (got <= 0)
			return -1;
		for (long i = 0; i < got; i++)
			if (!to[length + (size_t)i])
				return (long)length + i;
		length += (size_t)got;
	}
	return (long)limit;
}

long memory_write(void *to, const void *from, size_t size)
{
	if (calls_refused) {
		memcpy(to, from, size);
		return (long)size;
	}
	return copy_through_kernel(__NR_process_vm_writev, RAW(__NR_gettid), (void *)(uintptr_t)from, (uint64_t)(uintptr_t)to, size);
}

void memory_no_calls(void)
{
	calls_refused = 1;
}

int memory_is_stored_directly(void)
{
	return calls_refused;
}

uint8_t filtered_at_start;

void memory_start(void)
{
	char probe = 1, copy = 0;
	/* An inherited filter may kill for a call that it does not know (systemd's ~@debug): then we do not even try. */
	filtered_at_start = (uint8_t)is_filtered();
	calls_refused = 0;
	if (filtered_at_start || memory_read(&copy, (uint64_t)(uintptr_t)&probe, 1) != 1 || copy != probe)
		memory_no_calls();
}

static void *wiped_on_fork(long at, size_t size)
{
	if (is_error(at))
		return NULL;
	if (RAW(__NR_madvise, at, size, MADV_WIPEONFORK)) {
		RAW(__NR_munmap, at, size);
		return NULL;
	}
	return (void *)at;
}

void *memory_wiped_on_fork(size_t size)
{
	return wiped_on_fork(RAW(__NR_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0), size);
}

uint64_t memory_aside(size_t size)
{
	static uint64_t taken;
	uint64_t base = page_down((uint64_t)&taken / 2), at = __atomic_fetch_add(&taken, page_up(size), __ATOMIC_RELAXED);

	return base + at % (base / 2);
}

void *memory_wiped_later(size_t size)
{
	long at = RAW(__NR_mmap, memory_aside(size), size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	/* What is locked is not dropped (mm/madvise.c); made writable it would be there at once. */
	if (!is_error(at) && (RAW(__NR_madvise, at, size, MADV_DONTNEED) || RAW(__NR_mprotect, at, size, PROT_READ | PROT_WRITE))) {
		RAW(__NR_munmap, at, size);
		return NULL;
	}
	return wiped_on_fork(at, size);
}
