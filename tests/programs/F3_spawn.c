/* posix_spawn, system and popen come right behind bursts of small writes and between them, with the descriptor of the burst inherited by
 * what they start. Their child shares our memory with all signals blocked: a byte held over it comes too late or twice, a system call
 * trapped in it kills it. Everybody writes in turn to one open file description, so the files' bytes are exact. Then the same in a
 * forked child, with every signal blocked, and with an interval timer that interrupts all of it. */
/* coalesces: yes */
/* timeout: 120 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static const char *who; /* begins every file's name */
static int shared;      /* descriptor 9: what is started writes there too */

static int line(char *text, const char *name, int i)
{
	static const char dots[] = "................................................................................";
	return sprintf(text, "%s %d %.*s\n", name, i, i * 7 % 80, dots);
}

static void burst(int fd, const char *name, int count)
{
	char text[128];

	for (int i = 0; i < count; i++) {
		int length = line(text, name, i);
		if (write(fd, text, length) != length)
			exit(91);
	}
}

/* The same through stdio, without a buffer: each goes to the kernel by itself. */
static void burst_stream(FILE *f, const char *name, int count)
{
	char text[128];

	for (int i = 0; i < count; i++) {
		line(text, name, i);
		if (fputs(text, f) == EOF)
			exit(92);
	}
}

static char *path(const char *name)
{
	static char text[64];

	snprintf(text, sizeof text, "%s.%s", who, name);
	return text;
}

static void say(const char *what, int error, int status)
{
	printf("%s, %s: error %d, status %#x\n", who, what, error, status);
	fflush(stdout);
}

static void finish(const char *what, int error, const pid_t *child)
{
	int status = 0;

	if (!error)
		while (waitpid(*child, &status, 0) < 0 && errno == EINTR)
			;
	say(what, error, status);
}

#define LOOP(COUNT, TO) "i=0; while [ $i -lt " #COUNT " ]; do echo started $i" TO "; i=$((i+1)); done; "

static void spawns(void)
{
	char *writes[] = {"sh", "-c", LOOP(300, " >&9; echo to one $i; echo to two $i >&2") "cat <&7; exit 5", NULL};
	char *sees[] = {"sh", "-c", "wc -c <&8; kill -9 $$", NULL};
	posix_spawn_file_actions_t todo;
	posix_spawnattr_t how;
	sigset_t all;
	pid_t child;
	int input = open(path("input"), O_RDWR | O_CREAT | O_TRUNC, 0644);

	/* the child reads what the burst wrote: by the time it is there, all of it must be */
	posix_spawn_file_actions_init(&todo);
	posix_spawn_file_actions_addopen(&todo, 7, path("input"), O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&todo, 1, path("output"), O_WRONLY | O_CREAT | O_APPEND, 0644);
	posix_spawn_file_actions_adddup2(&todo, 1, 2);
	posix_spawn_file_actions_addclose(&todo, input);
	burst(input, "input", 700);
	finish("spawn, to a file", posix_spawn(&child, "/bin/sh", &todo, NULL, writes, environ), &child);
	burst(input, "input-again", 300);
	burst(9, "before", 500);
	finish("spawn, to the shared file", posix_spawnp(&child, "sh", &todo, NULL, writes, environ), &child);
	burst(9, "after", 100);

	posix_spawn_file_actions_addopen(&todo, 8, path("input"), O_RDONLY, 0);
	posix_spawnattr_init(&how);
	sigfillset(&all);
	posix_spawnattr_setsigdefault(&how, &all);
	posix_spawnattr_setsigmask(&how, &all);
	posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
	burst(input, "input-once-more", 400);
	finish("spawn, with attributes", posix_spawn(&child, "/bin/sh", &todo, &how, sees, environ), &child);
	posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK);
	burst(9, "before", 400);
	finish("spawn, all blocked", posix_spawn(&child, "/bin/sh", &todo, &how, writes, environ), &child);

	/* ends in the child before the exec, or at it */
	burst(9, "before-failing", 300);
	finish("spawn, no program", posix_spawn(&child, "/nonexistent", NULL, NULL, sees, environ), &child);
	burst(9, "failed", 200);
	finish("spawn, none in PATH", posix_spawnp(&child, "no-such-program", NULL, NULL, sees, environ), &child);
	burst(9, "failed-again", 200);
	posix_spawn_file_actions_addopen(&todo, 6, "missing/file", O_RDONLY, 0);
	finish("spawn, no file", posix_spawn(&child, "/bin/sh", &todo, NULL, sees, environ), &child);
	burst(9, "after-failing", 200);
	posix_spawn_file_actions_destroy(&todo);
	posix_spawnattr_destroy(&how);
	close(input);
}

static void systems(void)
{
	char command[128];

	for (int i = 0; i < 6; i++) {
		burst(9, "before-system", 30 + i * 50);
		say("system", 0, system(LOOP(100, " >&9") "exit 3"));
	}
	burst(shared, "other-number", 400); /* the same open file description, of which there are two descriptors */
	say("system, killed", 0, system("echo here >&9; kill -9 $$"));
	snprintf(command, sizeof command, "cp %s.shared %s.copy", who, who);
	burst(9, "copied", 500);
	say("system, copies", 0, system(command));
}

static void popens(void)
{
	char command[128], text[256];
	FILE *to, *other, *from, *out = fopen(path("popen"), "w");
	int lines = 0;

	setvbuf(out, NULL, _IONBF, 0);
	snprintf(command, sizeof command, "cat >%s.cat", who);
	burst(9, "before-popen", 300);
	to = popen(command, "w");
	setvbuf(to, NULL, _IONBF, 0);
	burst_stream(to, "into", 2000);
	snprintf(command, sizeof command, "sort -n -k 2 >%s.sort", who);
	other = popen(command, "w"); /* in the middle of the first one's burst */
	setvbuf(other, NULL, _IONBF, 0);
	for (int i = 0; i < 20; i++) {
		burst_stream(to, "in-turn", 50);
		burst_stream(other, "in-turn", 50);
	}
	burst_stream(other, "at-last", 500);
	say("pclose", 0, pclose(other));
	burst_stream(to, "at-last", 500);
	say("pclose", 0, pclose(to));

	burst_stream(out, "before", 400);
	from = popen(LOOP(600, "") LOOP(50, " >&9") "exit 4", "r");
	while (fgets(text, sizeof text, from)) {
		fputs(text, out); /* one small write for each line read */
		lines++;
	}
	burst_stream(out, "after", 400);
	say("pclose", 0, pclose(from));
	burst_stream(out, "at-last", 400);
	fclose(out);
	printf("%s, popen: %d lines\n", who, lines);
	fflush(stdout);
}

static void everything(const char *name)
{
	who = name;
	shared = open(path("shared"), O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (shared < 0 || dup2(shared, 9) != 9)
		exit(90);
	spawns();
	systems();
	popens();
	burst(9, "end", 100);
	close(shared);
	close(9);
}

static void tick(int number)
{
	(void)number;
}

int main(void)
{
	struct itimerval often = {{0, 5000}, {0, 5000}}, never = {{0, 0}, {0, 0}};
	struct sigaction action = {.sa_handler = tick, .sa_flags = SA_RESTART};
	sigset_t all, old;
	int status;

	everything("first");
	pid_t pid = fork();
	if (pid == 0) {
		everything("forked");
		exit(6);
	}
	waitpid(pid, &status, 0);
	say("forked child", 0, status);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	everything("blocked");
	sigprocmask(SIG_SETMASK, &old, NULL);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	everything("interrupted");
	setitimer(ITIMER_REAL, &never, NULL);
	puts("done");
	return 0;
}
