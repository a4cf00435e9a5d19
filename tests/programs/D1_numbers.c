/* A number comes to mean another file in the middle of a burst, by every call that does that: bytes that still wait for the old file must
 * go there, and what was believed about the number holds no longer. */
/* coalesces: yes */
/* variants: quiet log record all interpose batch1 batch7 batch4096 latency1 nobatch */
#include "burst_files.h"
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

enum { N = 150 };

static void by_close_and_open(int fd, int other, const char *who)
{
	(void)other;
	close(fd);
	printf("  closed: %s", outcome(write(fd, "x", 1)));
	/* the lowest number that is free, so the same one */
	printf(", opened as the same: %d\n", fresh(who, "reopened", O_WRONLY) == fd);
}

static void by_dup2(int fd, int other, const char *who)
{
	dup2(other, fd);
}

static void by_syscall_dup2(int fd, int other, const char *who)
{
	syscall(SYS_dup2, other, fd);
}

static void by_inline_dup2(int fd, int other, const char *who)
{
	long result = SYS_dup2;
	__asm__ volatile("syscall" : "+a"(result) : "D"(other), "S"(fd) : "rcx", "r11", "memory");
}

static void by_dup3(int fd, int other, const char *who)
{
	dup3(other, fd, O_CLOEXEC);
}

static void by_dupfd(int fd, int other, const char *who)
{
	close(fd);
	if (fcntl(other, F_DUPFD, fd) != fd)
		die("F_DUPFD");
}

static void by_dupfd_cloexec(int fd, int other, const char *who)
{
	close(fd);
	if (fcntl(other, F_DUPFD_CLOEXEC, fd) != fd)
		die("F_DUPFD_CLOEXEC");
}

static void by_close_range(int fd, int other, const char *who)
{
	if (syscall(__NR_close_range, fd, fd, 0) != 0)
		close(fd);
	errno = 0;
	long result = write(fd, "x", 1);
	printf("  closed: %s\n", outcome(result));
	dup2(other, fd);
}

/* A descriptor that comes with a message takes the lowest free number. */
static void by_message(int fd, int other, const char *who)
{
	char byte = 'm', space[CMSG_SPACE(sizeof(int))];
	struct iovec one = {&byte, 1};
	struct msghdr message = {.msg_iov = &one, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
	int pair[2];

	memset(space, 0, sizeof space);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
		die("socketpair");
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &other, sizeof other);
	if (sendmsg(pair[0], &message, 0) != 1)
		die("sendmsg");
	burst(fd, "sent", 0, N);
	close(fd);
	message.msg_controllen = sizeof space;
	if (recvmsg(pair[1], &message, 0) != 1)
		die("recvmsg");
	memcpy(&other, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof other);
	printf("  came as the same: %d\n", other == fd);
	close(pair[0]);
	close(pair[1]);
}

static const struct way {
	const char *name;
	void (*change)(int fd, int other, const char *who);
} ways[] = {
	{"close_and_open", by_close_and_open}, {"dup2", by_dup2}, {"syscall_dup2", by_syscall_dup2}, {"inline_dup2", by_inline_dup2},
	{"dup3", by_dup3}, {"dupfd", by_dupfd}, {"dupfd_cloexec", by_dupfd_cloexec}, {"close_range", by_close_range}, {"message", by_message},
};

/* From one file to another, and back to the first one's own copy. */
static void files(const struct way *way, const char *who)
{
	const char *name = named(who, way->name);
	int fd = fresh(name, "old", O_WRONLY), copy = dup(fd), other = fresh(name, "new", O_WRONLY);

	burst(fd, "old", 0, N);
	way->change(fd, other, name);
	burst(fd, "new", 0, N);
	dup2(copy, fd);
	burst(fd, "old", N, 2 * N);
	burst(other, "other", 0, N);
	close(fd);
	close(copy);
	close(other);
}

/* From a file to a pipe, and from a pipe to a file: other rules hold. */
static void pipes(const struct way *way, const char *who)
{
	char seen[16384];
	const char *name = named(who, way->name);
	int ends[2], fd = fresh(name, "piped", O_WRONLY), file = dup(fd);
	size_t total = 0;
	ssize_t got;

	if (pipe(ends))
		die("pipe");
	burst(fd, "file", 0, N);
	way->change(fd, ends[1], name);
	burst(fd, "pipe", 0, 50);
	dup2(file, fd);
	burst(fd, "file", N, 2 * N);
	burst(ends[1], "end", 0, 50);
	way->change(ends[1], file, name);
	burst(ends[1], "was a pipe", 0, N);
	close(fd);
	close(ends[1]);
	close(file);
	while ((got = read(ends[0], seen + total, sizeof seen - total)) > 0)
		total += (size_t)got;
	printf("  %s: pipe has %zu bytes, %08x\n", way->name, total, hash(seen, total));
	close(ends[0]);
}

/* A number that may not be written any more says so at once. */
static void refusals(const char *who)
{
	int fd = fresh(who, "refused", O_WRONLY), copy = dup(fd), null = open("/dev/null", O_RDONLY);

	burst(fd, "x", 0, N);
	dup2(null, fd);
	errno = 0;
	long result = write(fd, "x", 1);
	printf("  read-only: %s\n", outcome(result));
	dup2(copy, fd);
	burst(fd, "x", N, 2 * N);
	close(fd);
	result = write(fd, "x", 1);
	printf("  closed: %s\n", outcome(result));
	result = close(fd);
	printf("  closed twice: %s\n", outcome(result));
	close(copy);
	close(null);
}

static void body(const char *who)
{
	for (unsigned i = 0; i < sizeof ways / sizeof *ways; i++) {
		files(&ways[i], who);
		pipes(&ways[i], who);
	}
	refusals(who);
}

int main(void)
{
	in_both(body);
	return 0;
}
