/* Operations on files and on whatever a descriptor is. */
#include "world.h"

#include <poll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>

#define FILE_AT(name) (char[2]){"abcde"[(name)], 0}

static char space[1 << 17];

static const int flags_of[] = {O_RDONLY, O_WRONLY, O_RDWR, O_WRONLY | O_APPEND, O_RDWR | O_APPEND, O_WRONLY | O_TRUNC, O_RDWR | O_CREAT,
			       O_WRONLY | O_CREAT | O_TRUNC, O_RDWR | O_CREAT | O_EXCL, O_WRONLY | O_CREAT | O_APPEND, O_RDWR | O_CREAT | O_CLOEXEC,
			       O_WRONLY | O_CREAT, O_RDWR | O_CREAT, O_RDWR | O_CREAT | O_TRUNC, O_WRONLY | O_CREAT | O_SYNC, O_WRONLY | O_CREAT | O_NONBLOCK,
			       O_PATH, O_RDONLY | O_DIRECTORY, O_WRONLY | O_CREAT | O_DIRECT};

void perform_open(const int32_t *a)
{
	int flags = flags_of[(unsigned)a[2] % (sizeof flags_of / sizeof *flags_of)];
	long fd = CALL((int)a[3], SYS_openat, AT_FDCWD, (long)FILE_AT(a[1]), flags, 0644);

	say("open(%s, %#o) = %ld", FILE_AT(a[1]), (unsigned)flags, fd);
	if (fd >= 0)
		slot_opened(a[0], (int)fd);
}

void perform_close(const int32_t *a)
{
	int fd = slot_number(a[0]);
	long result = CALL((int)a[1], SYS_close, fd);

	number_closed(fd);
	say("close(%d) = %ld", fd, result);
}

void perform_dup(const int32_t *a)
{
	static const int least[] = {0, 0, 20};
	int fd = slot_number(a[0]), how = (int)a[2] % 4;
	long result = how == 0 ? CALL((int)a[3], SYS_dup, fd) : CALL((int)a[3], SYS_fcntl, fd, how == 2 ? F_DUPFD_CLOEXEC : F_DUPFD, least[how - 1]);

	say("dup %d (%d) = %ld", how, fd, result);
	if (result < 0)
		return;
	number_copied(fd, (int)result);
	world.slots[a[1]] = (int)result;
	if (result >= NUMBERS)
		close((int)result);
}

void perform_dup2(const int32_t *a)
{
	int from = slot_number(a[0]), to = slot_number(a[1]), three = (int)a[2] % 2;
	/* Once in a while to a number that nobody has. */
	if ((a[2] & 12) == 12)
		to = 16 + (a[2] & 7);
	long result = three ? CALL((int)a[3], SYS_dup3, from, to, a[2] & 2 ? O_CLOEXEC : 0) : CALL((int)a[3], SYS_dup2, from, to);

	if (result >= 0 && from != to)
		number_copied(from, to);
	say("dup%d(%d, %d) = %ld", 2 + three, from, to, result);
}

void perform_rename(const int32_t *a)
{
	say("rename(%s, %s) = %ld", FILE_AT(a[0]), FILE_AT(a[1]), CALL((int)a[2], SYS_rename, (long)FILE_AT(a[0]), (long)FILE_AT(a[1])));
}

void perform_link(const int32_t *a)
{
	say("link(%s, %s) = %d", FILE_AT(a[0]), FILE_AT(a[1]), link(FILE_AT(a[0]), FILE_AT(a[1])) ? -errno : 0);
}

void perform_unlink(const int32_t *a)
{
	say("unlink(%s) = %d", FILE_AT(a[0]), unlink(FILE_AT(a[0])) ? -errno : 0);
}

void perform_truncate(const int32_t *a)
{
	say("truncate(%s, %d) = %d", FILE_AT(a[0]), (int)a[1], truncate(FILE_AT(a[0]), a[1]) ? -errno : 0);
}

void perform_ftruncate(const int32_t *a)
{
	int fd = slot_number(a[0]);

	say("ftruncate(%d, %d) = %ld", fd, (int)a[1], CALL((int)a[2], SYS_ftruncate, fd, a[1]));
}

void perform_lseek(const int32_t *a)
{
	static const int whences[] = {SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE, 9};
	int fd = slot_number(a[0]), whence = whences[(unsigned)a[2] % 6];

	say("lseek(%d, %d, %d) = %ld", fd, (int)a[1], whence, CALL((int)a[3], SYS_lseek, fd, a[1], whence));
}

static void said_read(const char *what, int fd, long size, long result)
{
	was_read(fd, result);
	say("%s(%d, %ld) = %ld %08x", what, fd, size, result, result > 0 ? hash_of(space, (size_t)result) : 0);
}

void perform_read(const int32_t *a)
{
	int fd = slot_number(a[0]);

	if (may_read(fd))
		said_read("read", fd, a[1], CALL((int)a[2], SYS_read, fd, (long)space, a[1]));
}

void perform_pread(const int32_t *a)
{
	int fd = slot_number(a[0]);

	said_read("pread", fd, a[1], CALL((int)a[3], SYS_pread64, fd, (long)space, a[1], a[2]));
}

void perform_readv(const int32_t *a)
{
	int fd = slot_number(a[0]);
	struct iovec parts[2] = {{space, (size_t)a[1] / 2}, {space + a[1] / 2, (size_t)(a[1] - a[1] / 2)}};

	if (may_read(fd))
		said_read("readv", fd, a[1], CALL((int)a[2], SYS_readv, fd, (long)parts, 2));
}

static void said_write(const char *what, int fd, long size, long result)
{
	was_written(fd, result);
	say("%s(%d, %ld) = %ld", what, fd, size, result);
}

void perform_write(const int32_t *a)
{
	int fd = slot_number(a[0]);

	if (may_write(fd, a[1]))
		said_write("write", fd, a[1], CALL((int)a[2], SYS_write, fd, (long)bytes_to_write((unsigned)a[1]), a[1]));
}

void perform_pwrite(const int32_t *a)
{
	int fd = slot_number(a[0]);

	say("pwrite(%d, %d, %d) = %ld", fd, (int)a[1], (int)a[2], CALL((int)a[3], SYS_pwrite64, fd, (long)bytes_to_write((unsigned)a[1]), a[1], a[2]));
}

void perform_pwritev(const int32_t *a)
{
	int fd = slot_number(a[0]);
	struct iovec parts[3] = {{(void *)bytes_to_write(7), 7}, {NULL, 0}, {(void *)bytes_to_write((unsigned)a[1]), (size_t)a[1]}};

	say("pwritev(%d, %d, %d) = %ld", fd, (int)a[1] + 7, (int)a[2], CALL(BY_SYSCALL, SYS_pwritev, fd, (long)parts, 3, a[2]));
}

/* One small write of a burst: by libc's own name, so that it comes to the shim as a program's does. */
static long piece_written(int fd, unsigned size, int way)
{
	const char *bytes = bytes_to_write(size);
	long result = way == BY_LIBC ? write(fd, bytes, size) : CALL(way, SYS_write, fd, (long)bytes, size);

	result = result == -1 && way == BY_LIBC ? -errno : result;
	was_written(fd, result);
	return result;
}

struct burst {
	long sum;
	int count, first_odd;
	long odd;
};

/* 0: it has met something unusual and ends. */
static int burst_took(struct burst *burst, long wanted, long result)
{
	burst->count++;
	if (result > 0)
		burst->sum += result;
	if (result == wanted)
		return 1;
	burst->first_odd = burst->count;
	burst->odd = result;
	return 0;
}

static void burst_said(const char *what, int fd, const struct burst *burst)
{
	if (burst->first_odd)
		say("%s(%d) = %ld in %d writes, the last %ld", what, fd, burst->sum, burst->count, burst->odd);
	else
		say("%s(%d) = %ld in %d writes", what, fd, burst->sum, burst->count);
}

void perform_burst(const int32_t *a)
{
	struct burst burst = {0};
	int fd = slot_number(a[0]), most = a[3] == BY_INSTRUCTION && a[1] > 20 ? 20 : (int)a[1];

	for (int i = 0; i < most && may_write(fd, a[2]); i++)
		if (!burst_took(&burst, a[2], piece_written(fd, (unsigned)a[2], (int)a[3])))
			break;
	burst_said("burst", fd, &burst);
}

void perform_vectors(const int32_t *a)
{
	struct burst burst = {0};
	int fd = slot_number(a[0]), most = a[3] == BY_INSTRUCTION && a[1] > 20 ? 20 : (int)a[1], size = a[2] < 2 ? 2 : (int)a[2];

	for (int i = 0; i < most && may_write(fd, size); i++) {
		struct iovec parts[2] = {{(void *)bytes_to_write(1), 1}, {(void *)bytes_to_write((unsigned)size - 1), (size_t)size - 1}};
		long result = CALL((int)a[3], SYS_writev, fd, (long)parts, 2);
		was_written(fd, result);
		if (!burst_took(&burst, size, result))
			break;
	}
	burst_said("vectors", fd, &burst);
}

/* Sizes that change within the burst: small ones, none, large ones, and a call of another kind. */
void perform_mixed(const int32_t *a)
{
	struct burst burst = {0};
	int fd = slot_number(a[0]);
	uint64_t state = (uint64_t)(uint32_t)a[2] * 2654435761u + 1;

	for (int i = 0; i < a[1]; i++) {
		uint64_t drawn = draw(&state);
		long size = drawn % 16 == 0 ? 2048 + (long)(drawn >> 8) % 4000 : drawn % 16 == 1 ? 0 : 1 + (long)(drawn >> 8) % 90;
		if (!may_write(fd, size))
			break;
		if (!burst_took(&burst, size, piece_written(fd, (unsigned)size, drawn % 16 == 2 ? BY_INSTRUCTION : drawn % 2 ? BY_LIBC : BY_SYSCALL)))
			break;
	}
	burst_said("mixed", fd, &burst);
}

/* Rows of writes to two descriptors in turn, longer and longer. */
void perform_alternate(const int32_t *a)
{
	struct burst bursts[2] = {{0}, {0}};
	int fds[2] = {slot_number(a[0]), slot_number(a[1])};

	for (int i = 0; i < a[2]; i++) {
		int which = (i / (1 + i / 8)) % 2;
		if (!may_write(fds[which], a[3]) || !burst_took(&bursts[which], a[3], piece_written(fds[which], (unsigned)a[3], BY_LIBC)))
			break;
	}
	burst_said("alternate", fds[0], &bursts[0]);
	burst_said("alternate", fds[1], &bursts[1]);
}

void perform_slurp(const int32_t *a)
{
	unsigned hash = 0;
	long sum = 0, got;
	int fd = open(FILE_AT(a[0]), O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && (got = read(fd, space, sizeof space)) > 0) {
		hash ^= hash_of(space, (size_t)got);
		sum += got;
	}
	say("slurp(%s) = %ld %08x", FILE_AT(a[0]), fd < 0 ? -errno : sum, hash);
	if (fd >= 0)
		close(fd);
}

static void said_status(const char *what, long result, const struct stat *status)
{
	if (result < 0)
		say("%s = %ld", what, result);
	else if (S_ISREG(status->st_mode))
		say("%s: %ld bytes, mode %o, %ld names", what, (long)status->st_size, status->st_mode, (long)status->st_nlink);
	else
		say("%s: mode %o", what, status->st_mode);
}

void perform_fstat(const int32_t *a)
{
	struct stat status = {0};
	struct statx more;
	int fd = slot_number(a[0]);
	char what[32];

	snprintf(what, sizeof what, "fstat(%d)", fd);
	if (a[1] % 3 == 0) {
		said_status(what, CALL((int)a[2], SYS_fstat, fd, (long)&status), &status);
	} else if (a[1] % 3 == 1) {
		said_status(what, fstat(fd, &status) ? -errno : 0, &status);
	} else {
		long result = CALL((int)a[2], SYS_statx, fd, (long)"", AT_EMPTY_PATH, STATX_SIZE, (long)&more);
		say("statx(%d) = %ld, %lld bytes", fd, result, result ? -1LL : S_ISREG(more.stx_mode) ? (long long)more.stx_size : 0);
	}
}

void perform_stat(const int32_t *a)
{
	struct stat status = {0};
	char what[32];

	snprintf(what, sizeof what, "stat(%s)", FILE_AT(a[0]));
	if (a[1] % 4 == 3)
		say("access(%s) = %d", FILE_AT(a[0]), access(FILE_AT(a[0]), R_OK) ? -errno : 0);
	else
		said_status(what, (a[1] % 2 ? stat : lstat)(FILE_AT(a[0]), &status) ? -errno : 0, &status);
}

/* Reads a file through memory: kept mapped while a burst goes on, or only for a look. */
void perform_map(const int32_t *a)
{
	struct stat status;
	int fd = slot_number(a[0]), shared = (int)a[1] % 2;

	if (fstat(fd, &status) || !S_ISREG(status.st_mode) || status.st_size == 0) {
		say("nothing to map at %d", fd);
		return;
	}
	long size = status.st_size;
	char *at = mmap(NULL, (size_t)size, PROT_READ, shared ? MAP_SHARED : MAP_PRIVATE, fd, 0);
	if (at == MAP_FAILED) {
		say("map(%d) = %d", fd, -errno);
		return;
	}
	say("map(%d): %ld bytes, %08x", fd, size, hash_of(at, (size_t)size));
	if (a[1] & 4) {
		lseek(fd, 0, SEEK_SET);
		long done = 0;
		for (int i = 0; i < 40 && i < size; i++)
			done += write(fd, world.text + i, 1) == 1;
		say("  %ld written, %08x", done, hash_of(at, (size_t)size));
	}
	if (a[1] & 8)
		munmap(at, (size_t)size);
}

void perform_sendfile(const int32_t *a)
{
	int from = slot_number(a[0]), to = slot_number(a[1]);

	if (!may_read(from) || !may_write(to, a[2]))
		return;
	long result = sendfile(to, from, NULL, (size_t)a[2]);
	result = result == -1 ? -errno : result;
	was_written(to, result);
	was_read(from, result);
	say("sendfile(%d, %d, %d) = %ld", to, from, (int)a[2], result);
}

void perform_copy_range(const int32_t *a)
{
	int from = slot_number(a[0]), to = slot_number(a[1]);
	long result = copy_file_range(from, NULL, to, NULL, (size_t)a[2], 0);

	say("copy_file_range(%d, %d, %d) = %ld", from, to, (int)a[2], result == -1 ? -errno : result);
}

void perform_splice(const int32_t *a)
{
	int from = slot_number(a[0]), to = slot_number(a[1]);
	long size = a[2] > 8192 ? 8192 : a[2];

	if (!may_read(from) || !may_write(to, size))
		return;
	long result = splice(from, NULL, to, NULL, (size_t)size, SPLICE_F_NONBLOCK);
	result = result == -1 ? -errno : result;
	was_written(to, result);
	was_read(from, result);
	say("splice(%d, %d, %ld) = %ld", from, to, size, result);
}

void perform_fsync(const int32_t *a)
{
	int fd = slot_number(a[0]);
	/* A disk is seldom waited for: sync_file_range asks the same of the shim. */
	int result = a[1] % 64 == 0 ? fdatasync(fd) : sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE);

	say("fsync(%d) = %d", fd, result ? -errno : 0);
}

void perform_fallocate(const int32_t *a)
{
	static const int modes[] = {0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, FALLOC_FL_ZERO_RANGE};
	int fd = slot_number(a[0]);

	say("fallocate(%d) = %d", fd, fallocate(fd, modes[(unsigned)a[3] % 4], a[1], a[2]) ? -errno : 0);
}

void perform_fionread(const int32_t *a)
{
	int fd = slot_number(a[0]), waiting = -1;
	long result = CALL((int)a[1], SYS_ioctl, fd, FIONREAD, (long)&waiting);

	say("FIONREAD(%d) = %ld, %d", fd, result, waiting);
}

void perform_lock(const int32_t *a)
{
	struct flock range = {.l_type = a[1] & 2 ? F_WRLCK : F_UNLCK, .l_whence = SEEK_CUR, .l_len = 10};
	int fd = slot_number(a[0]), result = a[1] & 1 ? flock(fd, (a[1] & 2 ? LOCK_SH : LOCK_UN) | LOCK_NB) : fcntl(fd, F_SETLK, &range);

	say("lock(%d) = %d", fd, result ? -errno : 0);
}

static void flag_set(const char *what, int fd, int flag, int on)
{
	int flags = fcntl(fd, F_GETFL), result = flags;

	if (flags >= 0)
		result = fcntl(fd, F_SETFL, on ? flags | flag : flags & ~flag);
	say("%s(%d, %d): %#o, %d", what, fd, on, (unsigned)flags, result ? -errno : 0);
}

void perform_nonblock(const int32_t *a)
{
	flag_set("nonblock", slot_number(a[0]), O_NONBLOCK, (int)a[1] % 3 == 0);
}

void perform_append(const int32_t *a)
{
	flag_set("append", slot_number(a[0]), O_APPEND, (int)a[1] % 2);
}
