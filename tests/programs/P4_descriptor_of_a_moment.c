/* P4_descriptor_of_a_moment: makes many calls that are recorded, alone or in company, and says at its end whether it has seen a descriptor that was not its own.
 *
 * With a second word, reads in their place, which may wait: a line of a log each.
 *
 *   alone | thread | shared (a process with our table of descriptors) | full (no number is free) | small (a file may not be so large any more) | moved DIR (another file is in the recording's place) */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CALLS = 60000, BEFORE = 8000 /* the file has grown, and some more than it needs */ };

static volatile int *stop, *strange;

/* The lowest free number is always the same one. */
static void *watch(void *argument)
{
	int own = *(int *)argument;

	while (!*stop) {
		int fd = open("/dev/null", O_RDONLY);
		*strange += fd != own;
		close(fd);
	}
	return NULL;
}

static void make_calls(int count, int waits)
{
	char byte;

	while (count--)
		waits ? read(0, &byte, 1) : lseek(0, 0, SEEK_CUR);
}

int main(int argc, char **argv)
{
	const char *how = argv[1];
	int waits = argc > 3, part = waits ? 20 : 1;
	int lowest = dup(0);
	pthread_t thread;
	pid_t child = 0;

	close(lowest);
	if (!strcmp(how, "small") || !strcmp(how, "moved"))
		make_calls(BEFORE / part, waits);
	stop = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	strange = stop + 1;
	if (!strcmp(how, "thread"))
		pthread_create(&thread, NULL, watch, &lowest);
	if (!strcmp(how, "shared") && !(child = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0))) {
		watch(&lowest);
		_exit(0);
	}
	if (!strcmp(how, "full"))
		setrlimit(RLIMIT_NOFILE, &(struct rlimit){(rlim_t)lowest, (rlim_t)lowest});
	if (!strcmp(how, "small"))
		setrlimit(RLIMIT_FSIZE, &(struct rlimit){(waits ? 150 : 300) << 10, (waits ? 150 : 300) << 10});
	if (!strcmp(how, "moved")) {
		char name[4096];
		snprintf(name, sizeof name, "cd %s && for f in *.rec log; do [ -e $f ] || continue; mv $f $f.away && cp $f.away $f && md5sum $f; done >../before", argv[2]);
		if (system(name))
			return 1;
	}
	make_calls(CALLS / part, waits);
	*stop = 1;
	if (!strcmp(how, "thread"))
		pthread_join(thread, NULL);
	if (child)
		waitpid(child, NULL, 0);
	printf("%s: %d strange numbers\n", how, *strange);
	return 0;
}
