/* Starts the programs that its arguments name, each in four ways (fork and execv, posix_spawn, fexecve, execve of a vfork child), with an
 * environment of its own making, and says how they ended. It is such a program itself: started with that environment it prints it and, by
 * an instruction of its own as Go's programs do, a last line. The driver links it statically too. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void raw_write(const char *text)
{
#ifdef __x86_64__
	long result;
	__asm__ volatile("syscall" : "=a"(result) : "a"(SYS_write), "D"(1), "S"(text), "d"(strlen(text)) : "rcx", "r11", "memory");
#else
	syscall(SYS_write, 1, text, strlen(text));
#endif
}

static int child(void)
{
	for (char **e = environ; *e; e++)
		dprintf(1, "  %s\n", *e);
	raw_write("  a raw call\n");
	return 5;
}

static void end(const char *how, pid_t child_pid)
{
	int status;

	waitpid(child_pid, &status, 0);
	printf("%s: %#x\n", how, status);
	fflush(stdout);
}

static void start(char *path)
{
	char *const arguments[] = {path, NULL};
	char *const environment[] = {"ONE=1", "TWO=2", NULL};
	pid_t pid;

	fflush(stdout);
	if ((pid = fork()) == 0) {
		execve(path, arguments, environment);
		_exit(126);
	}
	end("fork", pid);
	if (posix_spawn(&pid, path, NULL, NULL, arguments, environment) == 0)
		end("posix_spawn", pid);
	if ((pid = vfork()) == 0) {
		execve(path, arguments, environment);
		_exit(126);
	}
	end("vfork", pid);
	if ((pid = fork()) == 0) {
		fexecve(open(path, O_RDONLY), arguments, environment);
		_exit(126);
	}
	end("fexecve", pid);
}

int main(int argc, char **argv)
{
	/* as a script's interpreter it has the script as an argument */
	if (getenv("ONE"))
		return child();
	for (int i = 1; i < argc; i++)
		start(argv[i]);
	printf("done\n");
	return 0;
}
