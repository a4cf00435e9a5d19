/* A file system whose server is told that a signal has come, and then answers EINTR to whatever it was asked (FUSE: gcsfuse and others do): no tick comes into calls behind a burst.
 * The same file once more through an overlay, as images lie that are fetched while they are read. */
/* coalesces: yes */
/* timeout: 120 */
#include "server.h"
#include <sys/statfs.h>
#include <sys/xattr.h>

enum { SLOW = 40 /* ms */, ROOT = 1, THE_FILE = 2, BYTES = 1 << 20 };

/* Waits as one does that works; 1: it is not to go on. */
static int is_interrupted(int fd)
{
	static char request[128 << 10];
	const struct fuse_in_header *in = (const void *)request;

	return poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, SLOW) == 1 && read(fd, request, sizeof request) > 0 && in->opcode == FUSE_INTERRUPT;
}

static struct fuse_attr attributes_of(unsigned long node)
{
	return (struct fuse_attr){.ino = node, .mode = node == ROOT ? S_IFDIR | 0755 : S_IFREG | 0644, .nlink = 1, .size = node == ROOT ? 0 : BYTES};
}

/* Of the file system that is a folder with one file. */
static void serve(int fd)
{
	static char request[128 << 10];
	const struct fuse_in_header *in = (const void *)request;

	while (read(fd, request, sizeof request) > 0) {
		struct answer answer = {0};
		size_t size = 0;
		unsigned opcode = in->opcode;
		if (opcode == FUSE_FORGET || opcode == FUSE_BATCH_FORGET || opcode == FUSE_INTERRUPT)
			continue;
		uint64_t unique = in->unique;
		if (opcode != FUSE_INIT && is_interrupted(fd)) {
			answer.out.error = -EINTR;
			opcode = 0;
		}
		switch (opcode) {
		case 0:
		case FUSE_RELEASE:
		case FUSE_RELEASEDIR:
			break;
		case FUSE_INIT:
			begins(&answer);
			size = sizeof answer.begin;
			break;
		case FUSE_LOOKUP:
			if (strcmp((const char *)(in + 1), "file") != 0) {
				answer.out.error = -ENOENT;
				break;
			}
			answer.entry.nodeid = THE_FILE;
			answer.entry.attr = attributes_of(THE_FILE);
			size = sizeof answer.entry;
			break;
		case FUSE_GETATTR: /* not known for any time */
		case FUSE_SETATTR:
			answer.attributes.attr = attributes_of(in->nodeid);
			size = sizeof answer.attributes;
			break;
		case FUSE_OPEN:
		case FUSE_OPENDIR:
			size = sizeof answer.open;
			break;
		case FUSE_READ:
			size = sizeof answer.bytes;
			break;
		case FUSE_STATFS:
			answer.space.st.namelen = 255;
			size = sizeof answer.space;
			break;
		default:
			answer.out.error = -ENOSYS;
		}
		answers(fd, unique, &answer, size);
	}
	_exit(0);
}

/* Behind a burst. */
#define TELL(call)                                                                                                                  \
	do {                                                                                                                        \
		burst(out, "out", lines, lines + 40);                                                                               \
		lines += 40;                                                                                                        \
		long result = (call);                                                                                               \
		if (result < 0)                                                                                                     \
			printf(#call ": %s\n", strerrorname_np(errno));                                                             \
		else                                                                                                                \
			printf(#call ": %ld\n", result);                                                                            \
	} while (0)

int main(void)
{
	char bytes[100];
	struct stat status;
	struct statfs system;
	int out = create("out"), lines = 0, fd = mount_server("place", S_IFDIR | 0755);

	if (mkdir("other", 0755) || mkdir("merged", 0755))
		die("mkdir");
	pid_t server = fork();
	if (!server)
		serve(fd);
	close(fd);
	pid_t child = fork();
	if (!child) {
		TELL(stat("place/file", &status));
		int file = open("place/file", O_RDWR);
		TELL(fstat(file, &status));
		TELL(statfs("place/file", &system));
		TELL(access("place/file", R_OK));
		TELL(chmod("place/file", 0644));
		TELL(fchmod(file, 0644));
		TELL(truncate("place/file", 0));
		TELL(ftruncate(file, BYTES));
		TELL(utimensat(AT_FDCWD, "place/file", NULL, 0));
		TELL(lseek(file, 0, SEEK_END));
		TELL(link("place/file", "place/other"));
		TELL(read(open("place/file", O_RDONLY), bytes, sizeof bytes));
		if (mount("two", "merged", "overlay", 0, "lowerdir=place:other") != 0)
			die("overlay");
		int merged = open("merged/file", O_RDONLY);
		TELL(fstat(merged, &status));
		TELL(read(merged, bytes, sizeof bytes));
		TELL(lseek(merged, BYTES / 2, SEEK_SET));
		TELL(read(merged, bytes, sizeof bytes));
		fflush(stdout);
		_exit(0);
	}
	int result;
	waitpid(child, &result, 0);
	tell("first.out");
	fflush(stdout);
	kill(server, SIGKILL);
	_exit(result != 0);
}
