/* One source, compiled twice. -DLIBRARY: preloaded behind the shim and linked with -z initfirst, it runs before the shim's constructor and does
 * to the libc on disk what its variable SWAP says: `remove`, or the name of a file that takes its place. So the file is not the loaded one
 * any more when the shim looks at it, as after an upgrade. Else the program: work that is wrong when any byte of libc is. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef LIBRARY

static const char *value(char **environment, const char *name)
{
	for (size_t length = strlen(name); *environment; environment++)
		if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
			return *environment + length + 1;
	return NULL;
}

/* Once: the program's children find the new file. */
__attribute__((constructor)) static void swap(int argc, char **argv, char **environment)
{
	const char *libc = value(environment, "LIBC"), *by = value(environment, "SWAP");

	(void)argc;
	(void)argv;
	if (!libc || !by || access(by, F_OK) != 0)
		return;
	if (rename(by, libc) != 0)
		_exit(98);
	if (value(environment, "REMOVE"))
		unlink(libc);
}

#else

static int ascending(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int main(int argc, char **argv)
{
	char *words[200], line[64], when[64];
	struct tm day;
	time_t at = 1700000000;
	long sum = 0;

	(void)argc;
	(void)argv;
	for (int i = 0; i < 200; i++)
		if (asprintf(&words[i], "%d", i * 7919 % 200) < 0)
			return 1;
	qsort(words, 200, sizeof *words, ascending);
	for (int i = 0; i < 200; i++)
		sum = sum * 31 % 1000003 + strtol(words[i], NULL, 10);
	printf("sorted: %ld\n", sum);
	gmtime_r(&at, &day);
	strftime(when, sizeof when, "%A %d %B %Y %T", &day);
	printf("%s %.3f\n", when, strtod("1e3", NULL) / 7);
	/* exact numbers of calls by interposed names, and some from inside libc */
	int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);
	for (int i = 0; i < 100; i++)
		if (pwrite(fd, "0123456789", 10, i * 10) != 10)
			return 1;
	close(fd);
	FILE *f = fopen("file", "r");
	for (sum = 0; fgets(line, sizeof line, f);)
		sum += (long)strlen(line);
	fclose(f);
	printf("read: %ld\n", sum);
	fflush(stdout);
	pid_t child = fork();
	if (child == 0)
		exit(5);
	int status;
	waitpid(child, &status, 0);
	printf("child: %#x\ndone\n", status);
	return 0;
}

#endif
