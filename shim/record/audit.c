/* The audit's memory of what was recorded; see audit.h.
 *
 * A relative path counts together with what it is relative to: the working folder by a number that each change raises, a descriptor by
 * what it was opened as. A reader follows descriptors by the records, of which some are missing here: where it would not know what one is,
 * it is told (RECORD_COPY, RECORD_PLACE) before the call that names it. */
#include "audit.h"
#include "path.h"
#include "seen.h"
#include "process.h"
#include "room.h"
#include "../sys/clock.h"
#include "../sys/memory.h"
#include "../sys/raw.h"

#include <linux/fcntl.h>
#include <linux/sched.h>

#include "../sys/poison.h"

enum { DESCRIPTORS = 256 };
enum { FOLDER = 1, KNOWN = 2, ANYWHERE = 0 }; /* in what stands for a descriptor: it was opened as one; it is never 0 */

static struct audit {
	uint32_t folder;  /* which of the working folders, in their order */
	uint32_t root;    /* which of the roots */
	uint32_t shared;  /* others change the folder and descriptors unseen */
	uint32_t changes; /* of names: what was made once may be made again */
	uint32_t renames; /* where the recording has no page in which all processes count them */
	uint64_t is[DESCRIPTORS];    /* what was opened there; 0: not known */
	uint64_t told[DESCRIPTORS];  /* what a reader takes it for */
	uint8_t from[DESCRIPTORS];   /* of which one it is a copy; itself, or long over: then they are told differently */
	struct seen seen;
} *audit;

void audit_start(void)
{
	audit = settings.audit ? memory_wiped_on_fork(sizeof *audit) : NULL;
}

/* A rename may take a folder along, and a reader with it: what was opened there before has another name then, and the old name may be another's. */
static uint32_t *renames(void)
{
	return inherited.total ? &inherited.total->renames : &audit->renames;
}

/* As change_total (room.c): where the page may not be stored into the kernel does. */
static void count_rename(struct process *p)
{
	uint32_t now = *renames() + 1;

	if (!inherited.total || !p->log.recording.is_copied)
		__atomic_add_fetch(renames(), 1, __ATOMIC_RELAXED);
	else if (!p->sealed)
		room_copy(&inherited.total->renames, &now, sizeof now);
}

static int is_rename(uint64_t number)
{
	switch (number) {
#ifdef __NR_rename
	case __NR_rename:
#endif
	case __NR_renameat:
	case __NR_renameat2:
		return 1;
	default:
		return 0;
	}
}

static void forget(uint64_t fd)
{
	if (fd < DESCRIPTORS)
		__atomic_store_n(&audit->is[fd], 0, __ATOMIC_RELAXED);
}

static int is_copy(uint32_t command)
{
	return command == F_DUPFD || command == F_DUPFD_CLOEXEC;
}

void audit_closed(uint32_t fd)
{
	if (audit)
		forget(fd);
}

void audit_untold(uint64_t fd)
{
	if (audit && fd < DESCRIPTORS)
		__atomic_store_n(&audit->told[fd], 0, __ATOMIC_RELAXED);
}

/* What /proc says that this descriptor is. NB: not of the process, whose first thread may have ended and has none then. */
static __attribute__((noinline)) void tell_place(struct process *p, int fd, int is_ours)
{
	char *path = p->log.buffer + LOG_LINE, *link = path + PATH_LIMIT;
	struct text out = {link, link + 40, 0};
	uint64_t mask;

	/* The log's buffer is the place to work in. */
	if (!settings.recording || !p->log.on || !process_lock(p, &p->log.lock, &mask))
		return;
	text_string(&out, "/proc/thread-self/fd/");
	text_decimal(&out, fd);
	*out.at = 0;
	uint64_t asked = clock_monotonic();
	long size = p->sealed ? -EPERM : RAW_READLINK(link, path, PATH_LIMIT);
	if (recording_place(p, fd, path, size, asked) && is_ours && fd >= 0 && fd < DESCRIPTORS && size > 0) {
		uint64_t what = mix_path(mix(1, 0), path, (size_t)size) | KNOWN | FOLDER;
		__atomic_store_n(&audit->is[fd], what, __ATOMIC_RELAXED);
		__atomic_store_n(&audit->told[fd], what, __ATOMIC_RELAXED);
	}
	lock_release(&p->log.lock, &mask);
}

/* Whose folder a reader knows by now, or could know this one's by; DESCRIPTORS: it cannot. */
static uint64_t known_by(uint64_t fd)
{
	uint64_t from = audit->from[fd];

	if (!audit->is[fd])
		return DESCRIPTORS;
	return audit->told[fd] == audit->is[fd] ? fd : audit->told[from] == audit->is[fd] ? from : DESCRIPTORS;
}

/* The number is a copy of another, whose folder a reader knows. 1: written. */
static int tell_copy(struct process *p, uint64_t fd, uint64_t from)
{
	if (!settings.recording || !p->log.on || !recording_copy(p, (int)fd, (int)from))
		return 0;
	__atomic_store_n(&audit->told[fd], audit->is[fd], __ATOMIC_RELAXED);
	return 1;
}

/* A folder as part of a way; ANYWHERE: nobody knows which, a reader neither. What a vfork child has behind its descriptors is nothing that we know. */
static uint64_t base_of(struct process *p, int64_t directory, int is_ours)
{
	int is_few = directory >= 0 && directory < DESCRIPTORS;
	uint64_t by = is_few && is_ours ? known_by((uint64_t)directory) : DESCRIPTORS;

	if (audit->shared)
		return ANYWHERE;
	if (directory == AT_FDCWD)
		return mix(mix(4, *renames()), audit->folder);
	if (directory >= 0 && by != (uint64_t)directory && (by == DESCRIPTORS || !tell_copy(p, (uint64_t)directory, by)))
		tell_place(p, (int)directory, is_ours);
	return is_few && is_ours && audit->is[directory] ? mix(mix(2, *renames()), audit->is[directory]) : ANYWHERE;
}

enum kind {
	KIND_ALWAYS, /* it changes names, or where they lead */
	KIND_OPENS,
	KIND_ASKS,   /* it changes nothing */
	KIND_ABOUT_FD
};

/* The table says most of it. What is left are calls that may end in a descriptor, or of which one is as good as many. */
static enum kind kind_of(uint64_t number)
{
	const struct syscall_row *row = syscall_row(number);

	switch (number) {
#ifdef __NR_open
	case __NR_open:
#endif
	case __NR_openat:
	case __NR_openat2:
		return KIND_OPENS;
	case __NR_inotify_add_watch:
	case __NR_open_by_handle_at:
	case __NR_io_uring_enter:
		return KIND_ASKS;
#ifdef __NR_dup2
	case __NR_dup2:
#endif
	case __NR_close:
	case __NR_close_range:
	case __NR_dup:
	case __NR_dup3:
	case __NR_fcntl:
		return KIND_ABOUT_FD;
	default:
		return row && row->class == CLASS_READS ? KIND_ASKS : KIND_ALWAYS;
	}
}

int audit_begins(uint64_t number)
{
	return kind_of(number) == KIND_ALWAYS;
}

/* A folder's copy is told when a path begins there, which is seldom; in lines of text at once: 1. */
static int duplicated(uint64_t from, uint64_t to)
{
	uint64_t by = from < DESCRIPTORS && to < DESCRIPTORS && audit->is[from] & FOLDER ? known_by(from) : DESCRIPTORS;

	if (from == to)
		return 0;
	forget(to);
	if (by == DESCRIPTORS)
		return 0;
	__atomic_store_n(&audit->from[to], (uint8_t)by, __ATOMIC_RELAXED);
	__atomic_store_n(&audit->is[to], audit->is[from], __ATOMIC_RELAXED);
	return !settings.recording;
}

/* 1: the call must be recorded. */
static int follow(const struct text_call *call)
{
	const uint64_t *a = call->arguments;

	/* Whatever it says, the number is free (close(2), EINTR). */
	if (call->number == __NR_close)
		forget((uint32_t)a[0]);
	if (call->number == __NR_close || is_error(call->result))
		return 0;
	switch (call->number) {
	case __NR_close_range:
		for (uint64_t fd = (uint32_t)a[0]; fd <= (uint32_t)a[1] && fd < DESCRIPTORS; fd++)
			forget(fd);
		break;
	case __NR_fcntl:
		return is_copy((uint32_t)a[1]) && duplicated((uint32_t)a[0], (uint64_t)call->result);
	default:
		return duplicated((uint32_t)a[0], (uint64_t)call->result);
	}
	return 0;
}

static uint64_t flags_of(const struct text_call *call)
{
	switch (call->number) {
#ifdef __NR_open
	case __NR_open:
		return call->arguments[1];
#endif
	case __NR_openat:
		return call->arguments[2];
	default:
		return 0;
	}
}

/* The first byte of a path; -1: it cannot be read. */
static int first_of(uint64_t from)
{
	char first;

	return from && memory_read(&first, from, 1) == 1 ? (unsigned char)first : -1;
}

/* What a path is relative to, by its first byte. */
static uint64_t base_for(struct process *p, int64_t directory, int first, int begins_below, int is_ours)
{
	/* openat2 may begin in its folder all the same (RESOLVE_IN_ROOT). */
	if (first == '/' && !begins_below)
		return mix(mix(5, 0), audit->root);
	return first < 0 ? ANYWHERE : base_of(p, directory, is_ours);
}

/* All folders that the call's paths are relative to are known to a reader; the last one as part of a way. at: the argument whose path begins with `first`, -1: none was
 * read. */
static uint64_t bases_of(struct process *p, const struct text_call *call, int is_ours, int at, int first)
{
	const struct syscall_row *row = syscall_row(call->number);
	const uint64_t *a = call->arguments;
	uint64_t base = ANYWHERE;

	if (call->number == __NR_fchdir)
		return base_of(p, (int)a[0], is_ours);
	for (unsigned i = 0; row && i < 6; i++)
		if (row->kinds[i] == ARG_PATH)
			base = base_for(p, i && row->kinds[i - 1] == ARG_DIRFD ? (int)a[i - 1] : AT_FDCWD, (int)i == at ? first : first_of(a[i]),
					call->number == __NR_openat2, is_ours);
	return base;
}

/* What was asked of which path, and what came of it; 0: the path is not known. */
static uint64_t asked(const struct text_call *call, uint64_t base, uint64_t path)
{
	uint64_t flags = flags_of(call);
	uint64_t how = mix(mix(mix(base, call->number), flags), is_error(call->result) ? (uint64_t)call->result : 0);

	/* What opens for writing may make it again after it was taken away. */
	if (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC))
		how = mix(how, audit->changes);
	return path ? mix(how, path) : 0;
}

static void opened(uint64_t fd, uint64_t way, int is_folder, int is_told)
{
	if (fd >= DESCRIPTORS)
		return;
	if (way)
		way = (way & ~(uint64_t)FOLDER) | KNOWN | (is_folder ? FOLDER : 0);
	__atomic_store_n(&audit->is[fd], way, __ATOMIC_RELAXED);
	if (is_told)
		__atomic_store_n(&audit->told[fd], way, __ATOMIC_RELAXED);
}

void audit_before(struct process *p, const struct text_call *call)
{
	if (audit)
		bases_of(p, call, process_is_ours(p), -1, -1);
}

/* May an absolute path lead elsewhere afterwards? */
static int changes_root(uint64_t number)
{
	return number == __NR_chroot || number == __NR_pivot_root || number == __NR_setns || number == __NR_unshare;
}

/* Does it make two that have one folder or one table of descriptors, or one that has its own? */
static unsigned shares(const struct process *p, const struct text_call *call)
{
	uint64_t flags = call->arguments[0];

	switch (call->number) {
	case __NR_unshare:
		return p->threads && flags & (CLONE_FS | CLONE_FILES);
	case __NR_clone3:
		if (memory_read(&flags, call->arguments[0], sizeof flags) != sizeof flags)
			return 0;
		/* fall through */
	case __NR_clone:
		return flags & (CLONE_FS | CLONE_FILES) && !(flags & (CLONE_THREAD | CLONE_VFORK));
	default:
		return 0;
	}
}

/* When very many are there all is forgotten, and recorded once more. */
static int is_fresh(uint64_t what)
{
	if (unlikely(seen_is_full(&audit->seen)))
		seen_forget(&audit->seen);
	return seen_is_new(&audit->seen, what);
}

int audit_is_new(struct process *p, const struct text_call *call, const struct log_ticket *ticket)
{
	if (!audit)
		return 1;
	enum kind kind = kind_of(call->number);
	int is_ours = process_is_ours(p);

	/* What a vfork child does to its descriptors is not done to ours. */
	if (kind == KIND_ABOUT_FD)
		return is_ours && follow(call);
	int at = syscall_path_argument(syscall_row(call->number));
	uint64_t from = at < 0 ? 0 : call->arguments[at];
	int was_read = from && !(ticket->injected & RECORD_INJECTED) && recording_was_read(p, call->number, from, call->result);
	int is_read = is_ours && at >= 0 && (kind != KIND_ALWAYS || was_read);
	struct read_path path = {0, -1};
	if (is_read)
		path = kind == KIND_ALWAYS ? (struct read_path){0, *(const unsigned char *)from} : path_at(p->pid, from, was_read);
	/* A descriptor is asked, under no name (AT_EMPTY_PATH). */
	if (kind == KIND_ASKS && path.first == 0)
		return 0;
	uint64_t base = bases_of(p, call, is_ours, is_read ? at : -1, path.first);
	if (is_rename(call->number) && !is_error(call->result))
		count_rename(p);
	if (!is_ours)
		return 1;
	if (kind == KIND_ALWAYS) {
		audit->changes++;
		audit->shared |= shares(p, call);
		audit->folder += !is_error(call->result) && (log_moves(call->number) || changes_root(call->number));
		audit->root += !is_error(call->result) && changes_root(call->number);
		return 1;
	}
	if (at < 0)
		return is_fresh(mix(3, call->number));
	/* openat2's flags lie in memory. */
	uint64_t way = base != ANYWHERE && call->number != __NR_openat2 ? asked(call, base, path.path) : 0;
	int fresh = !way || is_fresh(way);
	if (kind == KIND_OPENS && !is_error(call->result))
		opened((uint64_t)call->result, way ? mix(way, *renames()) : 0, (flags_of(call) & O_DIRECTORY) != 0, fresh);
	return fresh;
}
