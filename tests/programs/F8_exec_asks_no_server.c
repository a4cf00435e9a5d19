/* A descriptor lies on a file system whose server does not answer (a network, FUSE): an exec of something else does not wait for it. */
#include "burst.h"
#include <linux/fuse.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

/* Of the file system that is nothing but one file. */
static void serve(int fd)
{
	static char request[128 << 10];
	const struct fuse_in_header *in = (const void *)request;

	for (int is_open = 0;;) {
		struct {
			struct fuse_out_header out;
			union {
				struct fuse_init_out begin;
				struct fuse_attr_out attributes;
				struct fuse_open_out open;
			};
		} answer = {0};
		size_t size = 0;
		/* It does not answer for a while, and then ends: whoever waits has an error. */
		if (is_open)
			sleep(12);
		if (is_open || read(fd, request, sizeof request) <= 0)
			_exit(0);
		switch (in->opcode) {
		case FUSE_INIT:
			answer.begin.major = 7;
			answer.begin.minor = 31;
			answer.begin.max_write = 64 << 10;
			size = sizeof answer.begin;
			break;
		case FUSE_GETATTR: /* not known for any time */
			answer.attributes.attr.ino = 1;
			answer.attributes.attr.mode = S_IFREG | 0644;
			answer.attributes.attr.nlink = 1;
			size = sizeof answer.attributes;
			break;
		case FUSE_OPEN:
			size = sizeof answer.open;
			is_open = 1;
			break;
		case FUSE_FORGET:
			continue;
		default:
			answer.out.error = -ENOSYS;
		}
		answer.out.unique = in->unique;
		answer.out.len = (uint32_t)(sizeof answer.out + size);
		if (write(fd, &answer, answer.out.len) < 0)
			_exit(1);
	}
}

int main(int argc, char **argv)
{
	char options[80];
	int ends[2];

	if (argc > 1) {
		/* NB: its end would wait for the server, which is to be told that the file is closed. */
		ssize_t size = write(atoi(argv[1]), "x", 1);
		pause();
		return (int)size;
	}
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC), at = open("place", O_WRONLY | O_CREAT, 0644);
	snprintf(options, sizeof options, "fd=%d,rootmode=100000,user_id=0,group_id=0", fd);
	if (fd < 0 || at < 0 || unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) || mount("one", "place", "fuse", 0, options)) {
		puts("nobody may mount here");
		return 77;
	}
	close(at);
	pid_t server = fork();
	if (!server)
		serve(fd);
	close(fd);
	if (pipe(ends))
		die("pipe");
	pid_t child = fork();
	if (!child) {
		if (open("place", O_RDONLY) < 0)
			die("place");
		snprintf(options, sizeof options, "%d", ends[1]);
		/* who calls fcntl may have locks */
		if (fcntl(ends[1], F_SETFD, 0) == 0)
			execl("/proc/self/exe", argv[0], options, NULL);
		_exit(92);
	}
	close(ends[1]);
	printf("told: %d\n", poll(&(struct pollfd){.fd = ends[0], .events = POLLIN}, 1, 8000));
	fflush(stdout);
	kill(server, SIGKILL);
	kill(child, SIGKILL);
	_exit(0);
}
