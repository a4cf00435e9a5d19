/* Children that libc makes for the program, on stacks of libc's own and with every signal blocked: posix_spawn with file actions and
 * attributes, its errors, system, popen, from the main thread and from another; the parent's state afterwards is as before. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void finish(const char *what, int error, const pid_t *child)
{
	int status = 0;

	if (error) {
		printf("%s: %s\n", what, strerror(error));
	} else {
		waitpid(*child, &status, 0);
		printf("%s: status %#x\n", what, status);
	}
	fflush(stdout);
}

static void actions(void)
{
	char *command[] = {"sh", "-c", "pwd | sed 's,.*/,,'; cat <&5; echo to the file; echo to stderr >&2; ls -1", NULL};
	posix_spawn_file_actions_t todo;
	pid_t child;
	FILE *f = fopen("input", "w");

	fputs("read from descriptor 5\n", f);
	fclose(f);
	posix_spawn_file_actions_init(&todo);
	posix_spawn_file_actions_addopen(&todo, 5, "input", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&todo, 1, "output", O_WRONLY | O_CREAT | O_TRUNC, 0640);
	posix_spawn_file_actions_adddup2(&todo, 1, 2);
	posix_spawn_file_actions_addclose(&todo, 0);
	posix_spawn_file_actions_addchdir_np(&todo, "folder");
	finish("actions", posix_spawnp(&child, "sh", &todo, NULL, command, environ), &child);
	posix_spawn_file_actions_addopen(&todo, 6, "missing/file", O_RDONLY, 0);
	finish("failing action", posix_spawnp(&child, "sh", &todo, NULL, command, environ), &child);
	posix_spawn_file_actions_destroy(&todo);
}

static void attributes(void)
{
	char *command[] = {"sh", "-c", "kill -USR1 $$; kill -TERM $$; sleep 5", NULL};
	posix_spawnattr_t how;
	sigset_t set;
	pid_t child;

	signal(SIGUSR1, SIG_IGN);
	posix_spawnattr_init(&how);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	posix_spawnattr_setsigdefault(&how, &set);
	sigemptyset(&set);
	posix_spawnattr_setsigmask(&how, &set);
	posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
	signal(SIGTERM, SIG_IGN);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	finish("attributes", posix_spawn(&child, "/bin/sh", NULL, &how, command, environ), &child);
	sigprocmask(SIG_SETMASK, NULL, &set);
	printf("mask: TERM %d, USR1 %d, KILL %d\n", sigismember(&set, SIGTERM), sigismember(&set, SIGUSR1), sigismember(&set, SIGKILL));
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGUSR1, SIG_DFL);
	posix_spawnattr_destroy(&how);
}

static void errors(void)
{
	char *command[] = {"x", NULL};
	pid_t child;

	finish("missing", posix_spawn(&child, "/nonexistent", NULL, NULL, command, environ), &child);
	finish("missing in PATH", posix_spawnp(&child, "no-such-program", NULL, NULL, command, environ), &child);
	finish("a folder", posix_spawn(&child, "/etc", NULL, NULL, command, environ), &child);
}

static void shells(void)
{
	char line[64];

	printf("system: %#x\n", system("echo in system; exit 3"));
	fflush(stdout);
	printf("system, killed: %#x\n", system("kill -9 $$"));
	fflush(stdout);
	FILE *f = popen("echo in popen; exit 4", "r");
	if (fgets(line, sizeof line, f))
		fputs(line, stdout);
	printf("pclose: %#x\n", pclose(f));
	f = popen("cat", "w");
	fputs("into popen\n", f);
	fflush(stdout);
	printf("pclose: %#x\n", pclose(f));
	fflush(stdout);
}

static void *everything(void *unused)
{
	(void)unused;
	actions();
	attributes();
	errors();
	shells();
	return NULL;
}

int main(void)
{
	pthread_t thread;

	if (system("mkdir folder; touch folder/a folder/b") != 0)
		return 1;
	everything(NULL);
	puts("in a thread:");
	fflush(stdout);
	pthread_create(&thread, NULL, everything, NULL);
	pthread_join(thread, NULL);
	puts("done");
	return 0;
}
