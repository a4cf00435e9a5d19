/* A descriptor lies on a file system whose server does not answer (a network, FUSE): an exec of something else does not wait for it. */
#include "server.h"

/* Of the file system that is nothing but one file. */
static void serve(int fd)
{
	static char request[128 << 10];
	const struct fuse_in_header *in = (const void *)request;

	for (int is_open = 0;;) {
		struct answer answer = {0};
		size_t size = 0;
		/* It does not answer for a while, and then ends: whoever waits has an error. */
		if (is_open)
			sleep(12);
		if (is_open || read(fd, request, sizeof request) <= 0)
			_exit(0);
		switch (in->opcode) {
		case FUSE_INIT:
			begins(&answer);
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
		answers(fd, in->unique, &answer, size);
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
	int fd = mount_server("place", S_IFREG | 0644);
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
