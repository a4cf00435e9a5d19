/* F3_spawn_from_threads THREADS TIMES WAY: each thread makes children that execute /bin/true, by posix_spawn (WAY 0), vfork and execve (1) or both in turn, and
 * waits for them. All children in flight build their environments in one memory; what one has done with is not another's. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static int times, way, refused, died;

static pid_t child(int by_vfork)
{
	char *arguments[] = {"true", NULL};
	pid_t pid = -1;

	if (by_vfork) {
		pid = vfork();
		if (pid == 0) {
			execve("/bin/true", arguments, environ);
			_exit(99);
		}
	} else if (posix_spawn(&pid, "/bin/true", NULL, NULL, arguments, environ)) {
		return -1;
	}
	return pid;
}

static void *spawner(void *unused)
{
	for (int i = 0; i < times; i++) {
		int status = 0;
		pid_t pid = child(way == 2 ? i % 2 : way);
		if (pid < 0)
			__atomic_fetch_add(&refused, 1, __ATOMIC_RELAXED);
		else if (waitpid(pid, &status, 0) != pid || status)
			__atomic_fetch_add(&died, 1, __ATOMIC_RELAXED);
	}
	return unused;
}

int main(int argc, char **argv)
{
	int count = argc > 3 ? atoi(argv[1]) : 0;
	pthread_t threads[64];

	if (count < 1 || count > 64)
		return 90;
	times = atoi(argv[2]);
	way = atoi(argv[3]);
	for (int i = 0; i < count; i++)
		if (pthread_create(&threads[i], NULL, spawner, NULL))
			return 91;
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	printf("refused %d, died %d\n", refused, died);
	return 0;
}
