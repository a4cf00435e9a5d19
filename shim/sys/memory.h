/* Floor 0: memory. The compiler's own needs, and copies that cannot fault. */
#ifndef SHIM_SYS_MEMORY_H
#define SHIM_SYS_MEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <linux/mman.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14, asm-generic/mman-common.h */
#endif

/* gcc may call these for plain C (gcc manual, "Standards"); hidden, so never another library's. */
void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);

/* What mmap(2), mprotect(2) and madvise(2) want multiples of. Where we only keep within a page, 4096 does: all sizes are multiples of it. */
#ifdef __x86_64__
enum { page_size = 4096 };
#else
extern uint64_t page_size;
#endif
static inline uint64_t page_down(uint64_t at)
{
	return at & ~((uint64_t)page_size - 1);
}

static inline uint64_t page_up(uint64_t at)
{
	return page_down(at + page_size - 1);
}

/* AT_PAGESZ. Constructor only, before all else. */
static inline void memory_page(uint64_t size)
{
#ifdef __x86_64__
	(void)size;
#else
	page_size = size;
#endif
}

size_t string_length(const char *s);
int string_equal(const char *a, const char *b);
/* The rest of `s` behind `prefix`, or NULL. */
const char *string_after(const char *s, const char *prefix);
/* The last part of a path; of one with a slash at its end, with that. */
const char *string_last_part(const char *path);
/* Two entries NAME=value: of one name? */
int string_same_name(const char *a, const char *b);
/* Shell glob with * and ?, no brackets; recursion depth is bounded by the number of stars in the pattern. */
int string_matches(const char *pattern, const char *s);

/* User space ends there: before its last page. */
#ifdef __aarch64__
static const uint64_t memory_user_end = (1ull << 48) - 4096; /* more must be asked for (Documentation/arch/arm64/memory.rst) */
#else
static const uint64_t memory_user_end = (1ull << 47) - 4096;
#endif

/* Copies between our memory and memory that the program owns and may unmap at any time, through the kernel (process_vm_readv(2) on
 * ourselves: allowed for one's own thread group without any privilege), which answers -EFAULT instead of raising SIGSEGV or SIGBUS.
 * Return the number of bytes copied, which is short at the end of a mapping, or -errno. Any context. */
long memory_read(void *to, uint64_t from, size_t size);
long memory_write(void *to, const void *from, size_t size);
/* For who knows the process's number, which is one call less. */
long memory_read_in(int32_t pid, void *to, uint64_t from, size_t size);
/* Could that be read as it stands? Only where no other process can take it away, as who truncates a file that is mapped: in the stack of the first thread,
 * the heap (brk) as far as it has ever reached, and what the program's own file and libc's hold; and while there is one thread. The kernel must have read there just now, or
 * be asked. Any context. */
int memory_is_own(uint64_t from);
/* So many bytes from there on, to the end of their page, can: the kernel has just read the first. Half the price of a copy. 0: none. For what is own
 * only, and while no handler of the program can come, which could take the page away: memory_is_quiet. */
size_t memory_readable(uint64_t from);
/* The program has set no handler yet but for its own faults; and: it sets this one (SIGNAL_ANY: which, nobody will tell us). Constructor: none is set. */
enum { SIGNAL_ANY = 0 };
int memory_is_quiet(void);
void memory_disturb(int signal);
/* Nobody else runs in this memory while *others is 0. program, libc: what is mapped of their files; stack_end: an address in the stack's last page, or 0.
 * Constructor only. */
struct memory_range {
	uint64_t start, size;
};
void memory_know(const uint32_t *others, struct memory_range program, struct memory_range libc, uint64_t stack_end);

/* Many pieces by one call of the kernel, at most 64: the bytes of all that were copied, less than all where one cannot be read, or -errno. */
struct iovec;
long memory_read_many(const struct iovec *to, const struct iovec *from, size_t count);

/* For what the program hands to the kernel this very moment. Under a filter, where the others refuse, it is read as it stands, each page once the kernel has said
 * that it is there. may_ask 0: not even that may be asked, and all is believed but what nobody has mapped. */
long memory_read_given(void *to, uint64_t from, size_t size, int may_ask);

/* The NUL-terminated string at `from`, by one of these ways of reading, piece by piece, never past the page that holds its end: its length; `limit`, where so many bytes
 * have none; or -1: it cannot be read. */
long memory_string(long (*read)(void *to, uint64_t from, size_t size), char *to, uint64_t from, size_t limit);

/* Where the kernel refuses or a filter might kill, nothing foreign is read (-EPERM), and memory_write stores directly, which is safe
 * only in pages that are present: the caller has populated them. Called by the constructor, and by the gate before a filter. */
void memory_start(void);
int memory_is_stored_directly(void);
void memory_no_calls(void);

/* Anonymous private memory that reads zero in a forked child (madvise(2) MADV_WIPEONFORK, Linux 4.14), or NULL. */
void *memory_wiped_on_fork(size_t size);
/* Where to wish for a mapping that is made later than at the start, when a program may have looked for room that nobody else takes natively, to map something there (MAP_FIXED): far below all
 * libraries, where nobody finds any while there is some between them; each time elsewhere. Where something is there already, the kernel says where. */
uint64_t memory_aside(size_t size);
/* Memory that a fork wipes, there. NULL also where the program has locked all that will be mapped: each page would be there, and count. */
void *memory_wiped_later(size_t size);

#endif
