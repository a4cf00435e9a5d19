/* A program with a fault of each kind, for ThreadSanitizer and valgrind: what they say of it must be what they say without us. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile int shared;

/* The fault of "race", many times: of one access a thread, ThreadSanitizer misses one race in some hundreds on a busy machine (also natively). */
static void *count(void *unused)
{
	for (int i = 0; i < 10000; i++)
		shared++;
	return unused;
}

int main(int argc, char **argv)
{
	const char *fault = argc > 1 ? argv[1] : "none";
	int fd = open("out", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	pthread_t thread;

	for (int i = 0; i < 1000; i++)
		if (write(fd, "x", 1) != 1)
			return 1;
	close(fd);
	if (!strcmp(fault, "race") && pthread_create(&thread, NULL, count, NULL) == 0) {
		count(NULL);
		pthread_join(thread, NULL);
	}
	if (!strcmp(fault, "leak")) {
		char *volatile lost = malloc(10);
		lost[0] = 1;
		lost = NULL;
	}
	if (!strcmp(fault, "invalid")) {
		volatile char *short_one = malloc(10);
		short_one[10] = 1;
		free((void *)short_one);
	}
	if (system("echo child") != 0)
		return 2;
	puts("done");
	return 3;
}
