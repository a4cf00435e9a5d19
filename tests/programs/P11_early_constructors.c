/* Constructors of every kind and priority that use the environment, stdio, the allocator, the locale and children: what they find and what
 * they change is as without the shim, whose own constructor (-z initfirst) has run before libc's, when environ is NULL and stdio not ready.
 *
 * stdout is left buffered over all of them, so that a byte of somebody else's, or a buffer that was set up too early, shows in the order. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Not LD_PRELOAD and SYSSHIM_*, which are the one thing that may differ here. */
static int others(char **list)
{
	int count = 0;

	for (; list && *list; list++)
		count += strncmp(*list, "LD_PRELOAD=", 11) != 0 && strncmp(*list, "SYSSHIM_", 8) != 0;
	return count;
}

static void report(const char *stage, int argc, char **argv, char **environment)
{
	printf("%s: %d argument, %s, %d variables, environ %s, HOME %s, EARLY %s, errno %d\n", stage, argc, argv && argv[0] && !argv[argc] ? "ends" : "?",
	       others(environment), environ == environment ? "is it" : "differs", getenv("HOME") ? "set" : "unset",
	       getenv("EARLY") ? getenv("EARLY") : "unset", errno);
}

static void work(const char *stage)
{
	char *text = NULL, path[32];
	size_t size;

	/* of each kind of stream one; a stage that opens and does not close leaves it to exit's flush */
	FILE *memory = open_memstream(&text, &size);
	fprintf(memory, "%s in memory", stage);
	fclose(memory);
	printf("%s: %s, %zu bytes\n", stage, text, size);
	free(text);
	snprintf(path, sizeof path, "left open.%s", stage);
	FILE *left = fopen(path, "w");
	for (int i = 0; i < 50; i++)
		fprintf(left, "%s %d\n", stage, i);
	int fd = open("order", O_WRONLY | O_CREAT | O_APPEND, 0600);
	for (int i = 0; i < 40; i++)
		if (write(fd, stage, strlen(stage)) < 0)
			_exit(1);
	close(fd);
	setenv("EARLY", stage, 1);
	putenv(strdup("LATER=yes"));
}

static void before_all(int argc, char **argv, char **environment)
{
	/* The buffer of stdout is the stage's own choice: whoever had printed before would have made one. */
	printf("setvbuf: %d\n", setvbuf(stdout, NULL, _IOFBF, 1 << 16));
	report("preinit", argc, argv, environment);
	work("preinit");
}
__attribute__((section(".preinit_array"), used)) static void (*entry)(int, char **, char **) = before_all;

__attribute__((constructor(101))) static void first(int argc, char **argv, char **environment)
{
	report("constructor 101", argc, argv, environ);
	printf("the third argument is main's: %d\n", others(environment) > 0);
	work("first");
	printf("locale: %s\n", setlocale(LC_ALL, "C.UTF-8"));
}

static void in_child(void)
{
	printf("in a child of a constructor\n");
	exit(7);
}

__attribute__((constructor)) static void last(int argc, char **argv, char **environment)
{
	int status;

	(void)environment;
	report("constructor", argc, argv, environ);
	work("last");
	fflush(stdout);
	pid_t child = fork();
	if (child == 0)
		in_child();
	waitpid(child, &status, 0);
	printf("child: %#x\n", status);
	fflush(stdout);
	/* what the constructors have set is handed on */
	printf("system: %#x\n", system("echo \"$EARLY $LATER ${SYSSHIM_RECORDING-none}\"; exit 3"));
	fflush(stdout);
}

__attribute__((destructor(101))) static void end(void)
{
	printf("the last destructor: EARLY %s\n", getenv("EARLY"));
	work("end");
}

int main(int argc, char **argv, char **environment)
{
	report("main", argc, argv, environ);
	printf("executed as %s, auxiliary vector %s\n", strrchr((char *)getauxval(AT_EXECFN), '/'), getauxval(AT_PAGESZ) == 4096 ? "there" : "?");
	printf("born with %d variables\n", others(environment));
	clearenv();
	printf("cleared: %d\n", others(environ));
	setenv("EARLY", "main", 1);
	puts("done");
	return 2;
}
