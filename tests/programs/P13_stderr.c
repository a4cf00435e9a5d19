/* Treats its stderr in the way that its argument names, then ends with status 5. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void replaced(void)
{
	int fd = open("replaced", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	dup2(fd, 2);
	close(fd);
	fprintf(stderr, "into the file\n");
}

static void reopened(void)
{
	close(2);
	/* the lowest number is 2 */
	if (open("reopened", O_WRONLY | O_CREAT | O_TRUNC, 0600) == 2)
		fprintf(stderr, "mine\n");
}

/* A daemon: the first process has gone, its child's last words are its own. */
static void daemonized(void)
{
	if (fork() != 0)
		_exit(5);
	setsid();
	/* the parent's pipe stays open until here */
	exit(6);
}

static void limited(void)
{
	struct rlimit limit = {1, 1};

	setrlimit(RLIMIT_FSIZE, &limit);
}

static void handler(int signal)
{
	/* a signal that a write of somebody else's raised */
	_exit(100 + signal);
}

int main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "";

	if (strcmp(way, "replaced") == 0)
		replaced();
	else if (strcmp(way, "reopened") == 0)
		reopened();
	else if (strcmp(way, "closed") == 0)
		close(2);
	else if (strcmp(way, "daemon") == 0)
		daemonized();
	else if (strcmp(way, "limited") == 0)
		limited();
	else if (strcmp(way, "handlers") == 0 && (signal(SIGPIPE, handler), signal(SIGXFSZ, handler), 1))
		signal(SIGTTOU, handler);
	else if (strcmp(way, "killed") == 0)
		raise(SIGTERM);
	else if (strcmp(way, "pending") == 0) {
		/* its own blocked and pending SIGPIPE is its own: it comes when it is let in */
		sigset_t set;
		sigemptyset(&set);
		sigaddset(&set, SIGPIPE);
		sigprocmask(SIG_BLOCK, &set, NULL);
		raise(SIGPIPE);
	}
	printf("done\n");
	exit(5);
}
