/* Every call that looks at a file or moves its bytes, made right behind a burst: it must find all of them. */
/* coalesces: yes */
/* variants: quiet log record all interpose batch1 batch7 batch4096 latency1 nobatch */
#include "burst_files.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>

enum { N = 120 };

static int fd, other, number;
static const char *name;
static char seen[65536];

/* The burst goes to the file, and no call stands between it and the look. */
#define LOOK(what, expression) do { 	burst(fd, "line", number, number + N); 	long look = (long)(expression); 	number += N; 	printf("  %s: %s, at %lld of %lld\n", what, outcome(look), (long long)lseek(fd, 0, SEEK_CUR), (long long)lseek(fd, 0, SEEK_END)); } while (0)

/* NB order: what the call fills is read behind it. */
#define SIZE_BY(call, size) ((call) < 0 ? -1 : (long)(size))

static long mapped(int flags)
{
	off_t size = lseek(fd, 0, SEEK_CUR);
	char *at = mmap(NULL, (size_t)size, PROT_READ, flags, fd, 0);
	if (at == MAP_FAILED)
		return -1;
	long sum = hash(at, (size_t)size);
	munmap(at, (size_t)size);
	return sum;
}

/* The bytes of the file from its beginning, by another descriptor's pipe. */
static long spliced(void)
{
	int ends[2];
	off_t from = 0;
	long all = 0, got;

	if (pipe(ends))
		die("pipe");
	while ((got = splice(fd, &from, ends[1], NULL, 4096, 0)) > 0 && read(ends[0], seen, sizeof seen) == got)
		all += got;
	close(ends[0]);
	close(ends[1]);
	return all;
}

static long by_number(long call, long a, long b, long c, long d, long e)
{
	return syscall(call, a, b, c, d, e);
}

static void look_at_files(void)
{
	struct stat status;
	struct statx statx_of;
	off_t from = 0, zero = 0;
	struct iovec one = {seen, sizeof seen};
	int n, reader = open(name, O_RDONLY);

	LOOK("lseek", lseek(fd, 0, SEEK_CUR));
	LOOK("lseek end", lseek(other, 0, SEEK_END));
	LOOK("lseek hole", lseek(other, 0, SEEK_HOLE));
	LOOK("pread", pread(fd, seen, sizeof seen, 10));
	LOOK("preadv", preadv(reader, &one, 1, 0));
	LOOK("read", read(reader, seen, sizeof seen));
	LOOK("readv", readv(reader, &one, 1));
	LOOK("fstat", SIZE_BY(fstat(fd, &status), status.st_size));
	LOOK("fstat of another", SIZE_BY(fstat(other, &status), status.st_size));
	LOOK("stat", SIZE_BY(stat(name, &status), status.st_size));
	LOOK("lstat", SIZE_BY(lstat(name, &status), status.st_size));
	LOOK("statx", SIZE_BY(statx(AT_FDCWD, name, 0, STATX_SIZE, &statx_of), (off_t)statx_of.stx_size));
	LOOK("FIONREAD", SIZE_BY(ioctl(reader, FIONREAD, &n), n));
	LOOK("shared map", mapped(MAP_SHARED));
	LOOK("private map", mapped(MAP_PRIVATE));
	LOOK("sendfile", sendfile(other, fd, &zero, 1 << 20));
	LOOK("copy_file_range", (from = 0, copy_file_range(fd, &from, other, NULL, 1 << 20, 0)));
	LOOK("splice", spliced());
	LOOK("ftruncate less", ftruncate(fd, 5000));
	LOOK("ftruncate more", ftruncate(fd, 90000));
	LOOK("truncate", truncate(name, 7000));
	LOOK("fallocate", fallocate(fd, 0, 0, 100000));
	LOOK("punch a hole", fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, 4096));
	LOOK("pwrite", pwrite(fd, "PWRITE", 6, 0));
	LOOK("pwrite at the end", pwrite(fd, "PWRITE", 6, lseek(fd, 0, SEEK_CUR) - 3));
	LOOK("pwritev2 at -1", (one.iov_len = 3, memcpy(seen, "VEC", 3), pwritev2(fd, &one, 1, -1, 0)));
	LOOK("fsync", fsync(fd));
	LOOK("fdatasync", fdatasync(fd));
	LOOK("sync_file_range", sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE));
	LOOK("posix_fadvise", posix_fadvise(fd, 0, 0, POSIX_FADV_WILLNEED));
	LOOK("readahead", readahead(fd, 0, 4096));
	LOOK("seek back", lseek(fd, 1000, SEEK_SET));
	LOOK("seek back by number", by_number(SYS_lseek, fd, 500, SEEK_SET, 0, 0));
	LOOK("fstat by number", (by_number(SYS_fstat, other, (long)&status, 0, 0, 0), status.st_size));
	LOOK("seek beyond", lseek(fd, 200000, SEEK_SET));
	LOOK("rename", rename(name, "renamed") + rename("renamed", name));
	LOOK("open to truncate", open(name, O_WRONLY | O_TRUNC));
	close(reader);
}

static int reading, writing;

static long drained(void)
{
	long all = 0, got;

	fcntl(reading, F_SETFL, O_NONBLOCK);
	while ((got = read(reading, seen, sizeof seen)) > 0)
		all += got;
	fcntl(reading, F_SETFL, 0);
	return all;
}

/* The other end of a pipe is ours, too. */
#define LOOK_IN(what, expression) do { 	burst(writing, "pipe", number, number + N); 	long look = (long)(expression); 	number += N; 	printf("  %s: %s, then %ld\n", what, outcome(look), drained()); } while (0)

static void look_into_pipes(void)
{
	struct pollfd ready;
	struct timeval soon = {0, 0};
	struct iovec one = {"vector", 6};
	int ends[2], second[2], n;
	fd_set set;

	if (pipe(ends) || pipe(second))
		die("pipe");
	reading = ends[0];
	writing = ends[1];
	ready = (struct pollfd){reading, POLLIN, 0};
	LOOK_IN("FIONREAD", SIZE_BY(ioctl(reading, FIONREAD, &n), n));
	LOOK_IN("FIONREAD at the writer's end", SIZE_BY(ioctl(writing, FIONREAD, &n), n));
	LOOK_IN("poll", poll(&ready, 1, 0));
	FD_ZERO(&set);
	FD_SET(reading, &set);
	LOOK_IN("select", select(reading + 1, &set, NULL, NULL, &soon));
	LOOK_IN("read", read(reading, seen, sizeof seen));
	LOOK_IN("splice", splice(reading, NULL, other, NULL, 1 << 16, 0));
	LOOK_IN("tee", tee(reading, second[1], 1 << 16, 0));
	LOOK_IN("vmsplice", vmsplice(writing, &one, 1, 0));
	LOOK_IN("large write", write(writing, seen, 20000));
	LOOK_IN("F_GETPIPE_SZ", fcntl(writing, F_GETPIPE_SZ));
	close(ends[0]);
	close(ends[1]);
	close(second[0]);
	close(second[1]);
}

static void body(const char *who)
{
	number = 0;
	fd = fresh(who, "file", O_RDWR);
	other = open(named(who, "file"), O_RDWR | O_APPEND);
	name = strdup(named(who, "file"));
	int copies = fresh(who, "copies", O_RDWR), appending = other;
	dup2(copies, other); /* sendfile and copy_file_range want a file that does not append */
	other = open(name, O_RDWR);
	look_at_files();
	close(other);
	other = copies;
	look_into_pipes();
	close(fd);
	close(copies);
	close(appending);
}

int main(void)
{
	in_both(body);
	return 0;
}
