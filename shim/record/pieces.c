/* Reading the program's memory straight into a record; see pieces.h. */
#include "pieces.h"
#include "process.h"
#include "recording.h"
#include "../sys/memory.h"
#include "../sys/raw.h"

#include "../sys/poison.h"

enum { PAGE = 4096, VECTOR_PIECE = 16, SIGNALS_SIZE = 8 };

/* Who reads its own memory: a vfork child is not its parent. */
static int32_t process_number(const struct process *p)
{
	return p->suspect ? (int32_t)RAW(__NR_getpid) : p->pid;
}

int recording_may_read(uint64_t number)
{
	switch (number) {
#ifdef __NR_open
	case __NR_open:
	case __NR_creat:
	case __NR_stat:
	case __NR_lstat:
	case __NR_access:
	case __NR_unlink:
	case __NR_mkdir:
	case __NR_rmdir:
#endif
	case __NR_chdir:
	case __NR_openat:
	case __NR_newfstatat:
	case __NR_faccessat:
	case __NR_mkdirat:
	case __NR_unlinkat:
		return 1;
	default:
		return 0;
	}
}

int recording_was_read(const struct process *p, uint64_t number, uint64_t from, long result)
{
	if (!recording_may_read(number) || !process_is_alone(p) ||
	    (is_error(result) && result != -ENOENT && result != -ENOTDIR && result != -EEXIST && result != -EACCES))
		return 0;
	/* NB: also under a filter, where nothing else may be read: one that answers these itself, and for a bad pointer, is not known. */
	return memory_is_stored_directly() || memory_is_own(from);
}

int recording_were_read(const struct process *p, uint64_t number, long result)
{
	switch (number) {
#ifdef __NR_rename
	case __NR_rename:
	case __NR_link:
	case __NR_symlink:
#endif
#ifdef __NR_renameat
	case __NR_renameat:
#endif
	case __NR_renameat2:
	case __NR_linkat:
	case __NR_symlinkat:
		return !result && memory_is_stored_directly() && process_is_alone(p);
	default:
		return 0;
	}
}

/* So much of a string is looked at for its end; longer answers go the other way. */
enum { STRING_MOST = 160, ANSWER_MOST = 512 };

static size_t string_most(uint64_t from)
{
	return PAGE - from % PAGE < STRING_MOST ? PAGE - from % PAGE : STRING_MOST;
}

/* So much memory may be read as it stands: nobody can take it away. */
static inline int is_there_now(uint64_t from, size_t size)
{
	return memory_is_quiet() && memory_is_own(from) && memory_readable(from) >= size;
}

/* Of such a string, with its NUL; 0: it is longer than its page or `most`. */
static inline size_t string_size(const char *from, size_t most)
{
	size_t size = text_length_within(from, most) + 1;

	return size > most ? 0 : size;
}

size_t recording_string_now(const struct process *p, uint64_t from)
{
	size_t most = string_most(from);

	return !p->sealed && from && is_there_now(from, most) ? string_size((const char *)from, most) : 0;
}

static size_t copy_string(char *to, const char *from, size_t most)
{
	size_t size = string_size(from, most);

	memcpy(to, from, size);
	return size;
}

/* A string that the kernel copies. What lies behind it may be anything. */
static size_t read_string(const struct process *p, char *to, uint64_t from, size_t most)
{
	long got = memory_read_in(process_number(p), to, from, most);
	size_t bytes = got > 0 ? (size_t)got : 0, size = text_length_within(to, bytes) + 1;

	if (size > bytes)
		return 0;
	memset(to + size, 0, bytes - size);
	return size;
}

char *pieces_take(const struct process *p, char *to, uint64_t from, size_t size, int is_string)
{
	char *bytes = to + sizeof(struct record_memory);
	int is_there = is_there_now(from, size);

	if (is_string) {
		size = is_there ? copy_string(bytes, (const char *)from, size) : read_string(p, bytes, from, size);
		if (!size)
			return NULL;
	} else if (is_there) {
		memcpy(bytes, (const char *)from, size);
	} else if (memory_read_in(process_number(p), bytes, from, size) != (long)size) {
		return NULL;
	}
	*(struct record_memory *)to = (struct record_memory){from, (uint32_t)size, (int32_t)size};
	return to + recording_piece_size(size);
}

struct pieces pieces_of(const struct text_call *call, unsigned how, struct shape shape)
{
	const uint64_t *a = call->arguments;
	uint64_t count = shape.first < 5 ? a[shape.first + 1] : 0;

	switch ((enum reads)shape.reads) {
	case READS_SIGNALS:
		return (struct pieces){SIGNALS_SIZE, 0};
	case READS_VECTOR:
		return (struct pieces){(uint32_t)(VECTOR_PIECE * (count < VECTOR_LIMIT ? count : VECTOR_LIMIT)), 0};
	case READS_PATHS:
		return (struct pieces){(uint32_t)string_most(a[shape.first]), (uint32_t)string_most(a[shape.second])};
	case READS_ANSWER:
		if ((how & 0xff) == RECORD_CALL && call->result > ANSWER_MOST)
			return (struct pieces){0, 0};
		if ((how & 0xff) == RECORD_CALL && call->result > 0)
			return (struct pieces){(uint32_t)string_most(a[shape.first]), (uint32_t)call->result};
		/* fall through */
	default:
		return (struct pieces){(uint32_t)string_most(a[shape.first]), 0};
	}
}
