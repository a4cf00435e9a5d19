/* The program that is executed lies on a file system whose server does not answer: who waits for it is ended by SIGTERM, and what it has held open is closed then. So where there are threads. */
#include "server.h"
#include <pthread.h>

/* Of the file system that is nothing but one file. When that is opened for the second time nobody is answered any more. */
static void serve(int fd)
{
	static char request[128 << 10];
	const struct fuse_in_header *in = (const void *)request;

	for (int opened = 0; read(fd, request, sizeof request) > 0;) {
		struct answer answer = {0};
		size_t size = 0;
		switch (in->opcode) {
		case FUSE_INIT:
			begins(&answer);
			size = sizeof answer.begin;
			break;
		case FUSE_GETATTR:
			answer.attributes.attr_valid = 1000;
			answer.attributes.attr.ino = 1;
			answer.attributes.attr.mode = S_IFREG | 0755;
			answer.attributes.attr.nlink = 1;
			answer.attributes.attr.size = 100000;
			size = sizeof answer.attributes;
			break;
		case FUSE_OPEN:
			size = sizeof answer.open;
			opened++;
			break;
		case FUSE_FORGET:
			continue;
		default:
			answer.out.error = -ENOSYS;
		}
		answers(fd, in->unique, &answer, size);
		if (opened == 2)
			sleep(60);
	}
	_exit(0);
}

static void *sleeps(void *unused)
{
	for (;;)
		sleep(100);
	return unused;
}

static void executes(int has_threads)
{
	if (has_threads && pthread_create(&(pthread_t){0}, NULL, sleeps, NULL))
		die("pthread_create");
	execl("place", "place", NULL);
	die("exec");
}

static void ended(const char *what, int has_threads)
{
	int ends[2], status;

	if (pipe(ends))
		die("pipe");
	fflush(stdout);
	pid_t child = fork();
	if (!child)
		executes(has_threads);
	close(ends[1]);
	usleep(500000);
	kill(child, SIGTERM);
	/* The pipe's other end is closed with the process, and all that has come of it. */
	printf("%s: closed %d", what, poll(&(struct pollfd){.fd = ends[0]}, 1, 10000));
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	printf(", status %#x\n", status);
	close(ends[0]);
}

int main(void)
{
	int fd = mount_server("place", S_IFREG | 0755);
	pid_t server = fork();

	if (!server)
		serve(fd);
	/* From then on it is known that the server does not want to know when a file is closed, which nobody could end. */
	if (close(open("place", O_RDONLY)) && errno != ENOSYS)
		die("place");
	ended("alone", 0);
	ended("with a thread", 1);
	kill(server, SIGKILL);
	fflush(stdout);
	_exit(0);
}
