/* The target of an exec: a static program has no interpreter that would load us, a set-user-id one, or one that is executed with another effective user than the real one, loads nothing from a path
 * (ld.so(8), secure-execution mode), one of another word size or processor cannot. Said in the coverage, never prevented. */
#include "target.h"
#include "tracer.h"
#include "../sys/folder.h"
#include "../sys/memory.h"
#include "../../format/elf_note.h"
#include "../../format/machine.h"
#include "../../format/text.h"

#include <asm/stat.h>
#include <asm/statfs.h>
#include <elf.h>
#include <linux/auxvec.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/stat.h>
#include <linux/wait.h>

#include "../sys/poison.h"

enum { LOOK_STACK = 16 << 10, HEADERS = 16, DYNAMIC_MOST = 8192, SCRIPTS = 4, FIRST_DESCRIPTORS = 256, NAMES = 32, NO_SETUID = 2 /* ST_NOSUID, statfs(2) */, TYPE = 0170000, REGULAR = 0100000, SET_USER = 04000, SET_GROUP = 02000,
       GROUP_EXECUTE = 010 };

/* A file's segments, one after the other. Some headers are read at once: each read is two calls (own_read), and a program's small stack holds no more of them. */
struct segments {
	long fd;
	const Elf64_Ehdr *header;
	int next, bad; /* bad: the headers cannot be read */
	Elf64_Phdr some[2];
};

static inline void segments_start(struct segments *s, long fd, const Elf64_Ehdr *header)
{
	s->fd = fd;
	s->header = header;
	s->next = s->bad = 0;
}

/* The next one of this kind, or NULL. */
static __attribute__((noinline)) const Elf64_Phdr *segment_next(struct segments *s, uint32_t type)
{
	enum { SOME = sizeof s->some / sizeof s->some[0] };
	int count = s->header->e_phnum < HEADERS ? s->header->e_phnum : HEADERS;

	while (s->next < count && !s->bad) {
		int at = s->next % SOME, size = (count - s->next < SOME ? count - s->next : SOME) * (int)sizeof s->some[0];
		if (!at)
			s->bad = own_read(RAW(__NR_pread64, s->fd, s->some, size, s->header->e_phoff + (uint64_t)s->next * sizeof s->some[0])) != size;
		s->next++;
		if (!s->bad && s->some[at].p_type == type)
			return &s->some[at];
	}
	return NULL;
}

/* Or whatever cannot be read. */
static __attribute__((noinline)) int has_interpreter(long fd, const Elf64_Ehdr *header)
{
	struct segments segments;

	segments_start(&segments, fd, header);
	return segment_next(&segments, PT_INTERP) || segments.bad;
}

/* Where the file has what will stand at this address; 0: nowhere. */
static __attribute__((noinline)) uint64_t offset_of(long fd, const Elf64_Ehdr *header, uint64_t at)
{
	struct segments segments;

	segments_start(&segments, fd, header);
	for (const Elf64_Phdr *s; (s = segment_next(&segments, PT_LOAD));)
		if (at - s->p_vaddr < s->p_filesz)
			return s->p_offset + (at - s->p_vaddr);
	return 0;
}

/* The file's list for ld.so: where it is, and how long; 0: it has none. */
static __attribute__((noinline)) uint64_t dynamic_of(long fd, const Elf64_Ehdr *header, uint64_t *size)
{
	struct segments segments;
	const Elf64_Phdr *dynamic;

	segments_start(&segments, fd, header);
	dynamic = segment_next(&segments, PT_DYNAMIC);
	*size = dynamic && dynamic->p_filesz < DYNAMIC_MOST ? dynamic->p_filesz : DYNAMIC_MOST;
	return dynamic ? dynamic->p_offset : 0;
}

/* At which address the names of the libraries that it needs will be (DT_STRTAB), and the first one's place there. 0: it needs none. NB: lld and patchelf put DT_RUNPATH in front of them. */
static __attribute__((noinline)) uint64_t needed_names(long fd, const Elf64_Ehdr *header, uint64_t *first)
{
	Elf64_Dyn entries[4];
	uint64_t size, start = dynamic_of(fd, header, &size), names = 0;
	int is_needed = 0;

	for (uint64_t at = 0; start && at < size && !(is_needed && names); at += sizeof entries) {
		long count = own_read(RAW(__NR_pread64, fd, entries, sizeof entries, start + at)) / (long)sizeof *entries, n;
		for (n = 0; n < count && entries[n].d_tag != DT_NULL; n++)
			if (entries[n].d_tag == DT_NEEDED && !is_needed) {
				*first = entries[n].d_un.d_val;
				is_needed = 1;
			} else if (entries[n].d_tag == DT_STRTAB) {
				names = entries[n].d_un.d_ptr;
			}
		if (n < (long)(sizeof entries / sizeof *entries))
			break;
	}
	return is_needed ? names : 0;
}

/* N where it needs gcc's libasan.so.N first; 0. */
static __attribute__((noinline)) int asan_of(long fd, const Elf64_Ehdr *header)
{
	char name[16] = "";
	uint64_t first, address = needed_names(fd, header, &first), names = address ? offset_of(fd, header, address) : 0;
	int version = 0;

	if (!names || own_read(RAW(__NR_pread64, fd, name, sizeof name - 1, names + first)) < (long)sizeof name - 1)
		return 0;
	const char *digits = string_after(name, "libasan.so.");
	for (; digits && *digits >= '0' && *digits <= '9'; digits++)
		version = version * 10 + (*digits - '0');
	return digits && !*digits ? version : 0;
}

static __attribute__((noinline)) int has_go(long fd, const Elf64_Ehdr *header)
{
	struct segments segments;
	uint32_t notes[64];

	segments_start(&segments, fd, header);
	for (const Elf64_Phdr *s; (s = segment_next(&segments, PT_NOTE));) {
		long size = own_read(RAW(__NR_pread64, fd, notes, s->p_filesz < sizeof notes ? s->p_filesz : sizeof notes, s->p_offset));
		if (size > 0 && elf_note_is_go(notes, (uint64_t)size))
			return 1;
	}
	return 0;
}

/* In a user namespace the bits of a file whose owner or group has no number there mean nothing (fs/exec.c, bprm_fill_uid), and stat(2) shows the overflow's, which has none either. A line of
 * the map is: first number inside, first outside, how many (user_namespaces(7)). */
static __attribute__((noinline)) int has_number(const char *map, uint32_t id)
{
	char text[128];
	uint64_t fields[3] = {0};
	int field = 0, found = 0, in_number = 0;
	long fd = RAW_OPEN(map, O_RDONLY | O_CLOEXEC), size;

	if (fd < 0)
		return 1;
	while ((size = own_read(RAW(__NR_read, fd, text, sizeof text))) > 0)
		for (long i = 0; i < size; i++) {
			int is_digit = text[i] >= '0' && text[i] <= '9';
			field += in_number && !is_digit;
			in_number = is_digit;
			if (is_digit && field < 3)
				fields[field] = fields[field] * 10 + (uint64_t)(text[i] - '0');
			if (text[i] == '\n') {
				found |= id >= fields[0] && id - fields[0] < fields[2];
				memset(fields, 0, sizeof fields);
				field = 0;
			}
		}
	RAW(__NR_close, fd);
	return found;
}

static void name_descriptor(char path[32], long fd)
{
	struct text out = {path, path + 31, 0};

	text_string(&out, "/proc/self/fd/");
	text_decimal(&out, (int)fd);
	*out.at = 0;
}

/* A descriptor that only names its file (O_PATH) is not asked, its name is. */
static __attribute__((noinline)) int has_capabilities(long fd)
{
	static const char attribute[] = "security.capability";
	char path[32];
	long size = RAW(__NR_fgetxattr, fd, attribute, 0, 0);

	if (size == -EBADF) {
		name_descriptor(path, fd);
		size = RAW(__NR_getxattr, path, attribute, 0, 0);
	}
	return size > 0;
}

/* Do its bits and capabilities count? Not on a nosuid mount, and not where no_new_privs is set (prctl(2)). */
static __attribute__((noinline)) int may_raise(long fd)
{
	struct statfs mount;

	return RAW(__NR_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 && (RAW(__NR_fstatfs, fd, &mount) != 0 || !(mount.f_flags & NO_SETUID));
}

/* Would the kernel start it with others' rights than those of who executes it (security/commoncap.c, cap_bprm_creds_from_file)? So it does with any program where the real user or group is
 * another one than the effective. */
static __attribute__((noinline)) int is_privileged(long fd, const struct stat *status)
{
	uint32_t user = (uint32_t)RAW(__NR_getuid), group = (uint32_t)RAW(__NR_getgid), new_user = (uint32_t)RAW(__NR_geteuid), new_group = (uint32_t)RAW(__NR_getegid);
	int sets_user = (status->st_mode & SET_USER) != 0, sets_group = (status->st_mode & (SET_GROUP | GROUP_EXECUTE)) == (SET_GROUP | GROUP_EXECUTE);

	if ((sets_user || sets_group) && may_raise(fd) && has_number("/proc/self/uid_map", status->st_uid) && has_number("/proc/self/gid_map", status->st_gid)) {
		new_user = sets_user ? status->st_uid : new_user;
		new_group = sets_group ? status->st_gid : new_group;
	}
	return new_user != user || new_group != group || (user != 0 && has_capabilities(fd) && may_raise(fd));
}

static __attribute__((noinline)) int is_loader(long fd)
{
	char link[32], path[256];

	name_descriptor(link, fd);
	long size = RAW(__NR_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
	path[size > 0 ? size : 0] = 0;
	return text_names_loader(string_last_part(path));
}

static __attribute__((noinline)) int looks_unfollowed(long fd)
{
	struct stat status;
	Elf64_Ehdr header;

	if (raw_fstat(fd, &status) != 0 || own_read(RAW(__NR_pread64, fd, &header, sizeof header, 0)) != sizeof header ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
		return -1;
	if (is_privileged(fd, &status))
		return UNFOLLOWED_SETUID;
	if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != MACHINE_ELF)
		return UNFOLLOWED_FOREIGN;
	if (!has_interpreter(fd, &header))
		return header.e_type == ET_DYN && is_loader(fd) ? -1 : UNFOLLOWED_STATIC;
	if (tracer_is_wanted() && has_go(fd, &header))
		return UNFOLLOWED_GO;
	int asan = asan_of(fd, &header);
	return asan ? UNFOLLOWED_ASAN + asan : -1;
}

/* 1: it is this file, 0: another; -1: there is none. Of a file system that does not answer (network, FUSE) nothing is asked: what is known here is enough. */
static __attribute__((noinline)) int is_file(long fd, const struct stat *file)
{
	struct statx status;

	if (RAW(__NR_statx, fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO, &status) != 0)
		return -1;
	return status.stx_ino == file->st_ino && status.stx_dev_minor == ((file->st_dev & 0xff) | (file->st_dev >> 12 & 0xfff00)) &&
	       status.stx_dev_major == (file->st_dev >> 8 & 0xfff);
}

/* Is it among the first descriptors, or are these not all? How many there are is the folder's size from Linux 6.2 on; -1: nobody says. */
static __attribute__((noinline)) int is_among_first(const struct stat *file)
{
	struct stat folder;

	if (RAW(__NR_newfstatat, AT_FDCWD, "/proc/self/fd", &folder, 0) != 0 || folder.st_size <= 0)
		return -1;
	for (long fd = 0; folder.st_size > 0 && fd < FIRST_DESCRIPTORS; fd++) {
		int is = is_file(fd, file);
		if (is > 0)
			return 1;
		folder.st_size -= is == 0;
	}
	return folder.st_size != 0;
}

/* Of what the kernel says of them, a name costs thirty times what it costs to ask a descriptor. `most` names are read. */
static __attribute__((noinline)) int is_among_named(const struct stat *file, unsigned most)
{
	char room[240] __attribute__((aligned(8)));
	struct folder_names names = {.fd = RAW_OPEN("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC), .room = room, .room_size = sizeof room};
	const char *name;
	int found = names.fd < 0;

	while (!found && (name = folder_next(&names))) {
		long fd = 0;
		for (; *name >= '0' && *name <= '9'; name++)
			fd = fd * 10 + (*name - '0');
		found = !most-- || (!*name && is_file(fd, file) > 0);
	}
	if (names.fd >= 0)
		RAW(__NR_close, names.fd);
	return found;
}

/* Without /proc nobody knows, nor where there are many: 1. */
static int may_be_open_here(const struct stat *file)
{
	int is = is_among_first(file);

	return is >= 0 ? is : is_among_named(file, NAMES);
}

int target_is_open(const char *path)
{
	struct stat status;

	return RAW(__NR_newfstatat, AT_FDCWD, path, &status, 0) == 0 && is_among_first(&status) && is_among_named(&status, ~0u);
}

/* O_RDONLY or O_PATH. Only a file is opened to be read: the opening of a FIFO would let its writers go on, and that of a device may be a command. locks: what may be open here already is
 * not opened, -EBUSY (target_is_open). */
static __attribute__((noinline)) long open_file(int locks, long folder, uint64_t path, int how)
{
	struct stat status;

	if (how == O_RDONLY && RAW(__NR_newfstatat, folder, path, &status, 0) == 0) {
		if ((status.st_mode & TYPE) != REGULAR)
			return -ENOEXEC;
		if (locks && !memory_is_stored_directly() && may_be_open_here(&status))
			return -EBUSY;
	}
	return RAW(__NR_openat, folder, path, how | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

/* `#! interpreter argument`: the interpreter's file, as the kernel reads it (fs/binfmt_script.c, of the first 256 bytes); -1: not a script. */
static __attribute__((noinline)) long open_interpreter(int locks, long fd)
{
	char line[256];
	long size = own_read(RAW(__NR_pread64, fd, line, sizeof line - 1, 0)), from = 2;

	if (size < 4 || line[0] != '#' || line[1] != '!')
		return -1;
	line[size] = 0;
	while (line[from] == ' ' || line[from] == '\t')
		from++;
	for (char *end = line + from;; end++)
		if (!*end || *end == ' ' || *end == '\t' || *end == '\n') {
			*end = 0;
			break;
		}
	return open_file(locks, AT_FDCWD, (uint64_t)(uintptr_t)(line + from), O_RDONLY);
}

/* A descriptor that only names its file (O_PATH) cannot be read from: the same file once more, or -1. Others are read as they are. */
static __attribute__((noinline)) long open_named(int locks, long fd, int how)
{
	char path[32];

	name_descriptor(path, fd);
	return open_file(locks, AT_FDCWD, (uint64_t)(uintptr_t)path, how);
}

/* execveat(2): AT_EMPTY_PATH means nothing where there is a path. */
static int is_given(const uint64_t a[5])
{
	char first = 0;

	return a[4] & AT_EMPTY_PATH && (memory_read_given(&first, a[1], 1, 1) != 1 || !first);
}

/* What would end the program goes on doing so: a file system may not answer for long (network, FUSE), and who waits for it in an exec can be killed. Who has a handler is held back: it might
 * jump away, and leave a descriptor open. Those that make a core do not end such a wait (kernel/signal.c, complete_signal), so nobody misses them. */
static __attribute__((noinline)) void block_handled(uint64_t *mask)
{
	static const uint8_t ends[] = {1, 2, 10, 12, 13, 14, 15}; /* HUP INT USR1 USR2 PIPE ALRM TERM */
	uint64_t action[4] /* struct kernel_sigaction: the handler, and three more */, all = ~0ul;

	block_signals(mask);
	for (unsigned i = 0; i < sizeof ends; i++)
		if (RAW(__NR_rt_sigaction, ends[i], 0, action, 8) == 0 && !action[0])
			all &= ~(1ul << (ends[i] - 1));
	all |= *mask;
	RAW(__NR_rt_sigprocmask, 2 /* SIG_SETMASK */, &all, 0, 8);
}

/* Only in a child with a table of descriptors of its own: a lock would be lost, or the table is full. */
enum { NOT_HERE = -2 };

static int unfollowed(int locks, const struct call *call)
{
	const uint64_t *a = call->arguments;
	int at = (uint32_t)call->number == __NR_execveat;
	int given = at && is_given(a), result = -1;
	uint64_t mask;

	block_handled(&mask);
	long fd = given ? (long)a[0] : open_file(locks, at ? (long)a[0] : AT_FDCWD, at ? a[1] : a[0], O_RDONLY);
	long flags = given ? RAW(__NR_fcntl, fd, F_GETFL) : 0;
	int is_named = flags > 0 && flags & O_PATH;
	if (is_named) {
		fd = open_named(locks, fd, O_RDONLY);
		given = 0;
	}
	/* One that may be executed and not be read shows its rights all the same. */
	struct stat status;
	if (fd == -EACCES && (fd = is_named ? open_named(locks, (long)a[0], O_PATH) : open_file(locks, at ? (long)a[0] : AT_FDCWD, at ? a[1] : a[0], O_PATH)) >= 0) {
		result = raw_fstat(fd, &status) == 0 && is_privileged(fd, &status) ? UNFOLLOWED_SETUID : -1;
		RAW(__NR_close, fd);
		fd = -1;
	}

	for (int depth = 0; fd >= 0 && depth <= SCRIPTS; depth++) {
		long next = open_interpreter(locks, fd);
		result = next < 0 ? looks_unfollowed(fd) : -1;
		if (!given)
			RAW(__NR_close, fd);
		given = 0;
		fd = next;
	}
	if (fd >= 0)
		RAW(__NR_close, fd);
	unblock_signals(&mask);
	return fd == -EBUSY || fd == -EMFILE ? NOT_HERE : result;
}

struct look {
	char stack[LOOK_STACK] __attribute__((aligned(16)));
	const struct call *call;
	const char *path; /* to be opened, NULL: the call's file is looked at */
	int result;
};

/* As ld.so would open it. */
static long try(const char *path)
{
	long fd = RAW(__NR_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return fd;
	RAW(__NR_close, fd);
	return 0;
}

static long look(void *shared)
{
	struct look *l = shared;

	/* It waits for nobody whose parent has been killed: its copies of the descriptors would keep pipes open. */
	RAW(__NR_prctl, PR_SET_PDEATHSIG, 9 /* SIGKILL */);
	if (l->path) {
		l->result = (int)try(l->path);
		return 0;
	}
	l->result = unfollowed(0, l->call);
	if (l->result != NOT_HERE)
		return 0;
	/* The table is full: its copies make room. NB: not before, the call may name one of them, by its path too (/dev/stdin). */
	for (int fd = 0; fd < 3; fd++)
		if (fd != (int)l->call->arguments[0])
			RAW(__NR_close, fd);
	l->result = unfollowed(0, l->call);
	return 0;
}

__attribute__((noinline)) int target_child_is_first(void)
{
	char name[32];

	return RAW_READLINK("/proc/self/ns/pid_for_children", name, sizeof name) < 0;
}

/* NB: signals are blocked, or a handler would run in a child on a borrowed stack. */
static int look_apart(const struct call *call, const char *path)
{
	if (target_child_is_first())
		return -1;
	long at = RAW(__NR_mmap, 0, sizeof(struct look), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct look *l = (struct look *)at;
	uint64_t mask;

	if (is_error(at))
		return -1;
	l->call = call;
	l->path = path;
	l->result = -1;
	block_handled(&mask);
	long child = raw_borrow(look, l, l->stack + LOOK_STACK);
	if (child > 0)
		RAW(__NR_wait4, child, 0, __WALL, 0);
	unblock_signals(&mask);
	int result = l->result;
	RAW(__NR_munmap, at, sizeof *l);
	return result;
}

/* Of this process, or of who shares its table. They go on over an exec, and not over a fork; a child that borrows our memory has others. Looking costs a call for each descriptor. */
static int may_have_locks(const struct process *p)
{
	int is_new = inherited.is_forked && inherited.rewriting && !p->counters[__NR_fcntl].calls;

	return inherited.shares_descriptors || (!is_new && process_is_ours(p));
}

int target_unfollowed(const struct process *p, const struct call *call)
{
	/* What is opened for a moment might be replaced by another thread, and its descriptor closed by us. */
	int result = p->threads & THREADS_MORE && process_is_ours(p) ? NOT_HERE : unfollowed(may_have_locks(p), call);

	return result == NOT_HERE ? look_apart(call, NULL) : result;
}

long target_open_for_a_moment(const struct process *p, const char *path)
{
	uint64_t mask;

	if (p->threads & THREADS_MORE && process_is_ours(p))
		return look_apart(NULL, path);
	block_handled(&mask);
	long result = try(path);
	unblock_signals(&mask);
	return result;
}

void target_count(int unfollowed, int by)
{
	if (!inherited.family)
		return;
	__atomic_add_fetch(&inherited.family->images, (uint32_t)by, __ATOMIC_RELAXED);
	if (unfollowed >= 0)
		__atomic_add_fetch(&inherited.family->not_followed[unfollowed], (uint32_t)by, __ATOMIC_RELAXED);
}
