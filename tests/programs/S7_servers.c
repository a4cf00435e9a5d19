/* Calls that ask a file system's server (FUSE), which takes a while, and gives up where it hears that a signal has come (FUSE_INTERRUPT), each right behind a burst of small writes to
 * another file system: none returns EINTR. */
/* coalesces: yes */
/* timeout: 120 */
#include "server.h"
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/un.h>
#include <sys/xattr.h>

enum { PATIENCE = 60 /* ms */, FOLDER = 1, FILE_THERE, NEW };

static int file, lines;

/* A folder with one file in it, by whatever name but those that begin with n. */
static size_t reply(const struct fuse_in_header *in, struct answer *answer)
{
	const char *name = (const char *)(in + 1);
	unsigned mode = in->opcode == FUSE_MKDIR || (in->opcode != FUSE_LOOKUP && in->nodeid == FOLDER) ? S_IFDIR | 0755 : S_IFREG | 0644;

	switch (in->opcode) {
	case FUSE_INIT:
		begins(answer);
		return sizeof answer->begin;
	case FUSE_LOOKUP:
		answer->out.error = *name == 'n' ? -ENOENT : 0;
		/* fall through */
	case FUSE_MKDIR:
	case FUSE_MKNOD:
		answer->entry.nodeid = answer->entry.attr.ino = in->opcode == FUSE_MKDIR ? NEW : FILE_THERE;
		answer->entry.attr.mode = mode;
		answer->entry.attr.nlink = 1;
		return sizeof answer->entry;
	case FUSE_GETATTR:
	case FUSE_SETATTR:
		answer->attributes.attr.ino = in->nodeid;
		answer->attributes.attr.mode = mode;
		answer->attributes.attr.nlink = 1;
		answer->attributes.attr.size = in->nodeid == FOLDER ? 0 : 4096;
		return sizeof answer->attributes;
	case FUSE_OPEN:
		return sizeof answer->open;
	case FUSE_STATFS:
		return sizeof answer->space;
	case FUSE_LSEEK:
		return sizeof answer->offset;
	case FUSE_UNLINK:
	case FUSE_RENAME:
	case FUSE_RENAME2:
	case FUSE_FLUSH:
	case FUSE_FSYNC:
	case FUSE_RELEASE:
		return 0;
	default:
		answer->out.error = -ENOSYS;
		return 0;
	}
}

static void serve(int fd)
{
	static char request[128 << 10];
	const struct fuse_in_header *in = (const void *)request;

	while (read(fd, request, sizeof request) > 0) {
		struct answer answer = {0};
		uint64_t unique = in->unique;
		if (in->opcode == FUSE_INTERRUPT || in->opcode == FUSE_FORGET || in->opcode == FUSE_BATCH_FORGET)
			continue;
		size_t size = reply(in, &answer);
		if (in->opcode != FUSE_INIT && in->opcode != FUSE_LOOKUP && poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, PATIENCE) == 1 &&
		    read(fd, request, sizeof request) > 0 && in->opcode == FUSE_INTERRUPT)
			answer.out.error = -EINTR;
		answers(fd, unique, &answer, size);
	}
	_exit(0);
}

static void says(const char *what, long result)
{
	const char *error = result < 0 ? strerrorname_np(errno) : "good";

	printf("%s: %s\n", what, error);
	/* NB: nothing is written by stdio before the next burst is over. */
}

#define ASK(call)                                     \
	do {                                          \
		burst(file, who, lines, lines + 100); \
		lines += 100;                         \
		says(#call, (long)(call));            \
	} while (0)

static void asks(const void *with)
{
	static char value[100];
	struct sockaddr_un name = {AF_UNIX, "place/new"};
	struct stat status;
	struct statfs space;
	int there = *(const int *)with, s = socket(AF_UNIX, SOCK_STREAM, 0);
	char *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, there, 0);

	file = create("asks");
	ASK(stat("place/file", &status));
	ASK(lstat("place/file", &status));
	ASK(fstat(there, &status));
	ASK(access("place/file", R_OK));
	ASK(mkdir("place/new", 0700));
	ASK(unlink("place/file"));
	ASK(rename("place/file", "place/new"));
	ASK(chmod("place/file", 0600));
	ASK(truncate("place/file", 4096));
	ASK(ftruncate(there, 4096));
	ASK(fchmod(there, 0600));
	ASK(utimensat(AT_FDCWD, "place/file", NULL, 0));
	ASK(lseek(there, 0, SEEK_DATA));
	ASK(statfs("place", &space));
	ASK(fstatfs(there, &space));
	ASK(getxattr("place/file", "user.one", value, sizeof value));
	ASK(setxattr("place/file", "user.one", value, sizeof value, 0));
	ASK(bind(s, (const struct sockaddr *)&name, sizeof name));
	ASK(chdir("place"));
	ASK(msync(page, 4096, MS_SYNC));
	ASK(close(there));
	burst(file, who, lines, lines + 100);
}

int main(void)
{
	int fd = mount_server("place", S_IFDIR | 0755);
	pid_t server = fork();

	if (!server)
		serve(fd);
	close(fd);
	int there = open("place/file", O_RDWR);
	if (there < 0)
		die("place/file");
	/* NB: who has made a namespace does not gather. */
	printf("status %#x\n", in_child(asks, &there));
	kill(server, SIGKILL);
	tell("first.asks");
	fflush(stdout);
	_exit(0);
}
