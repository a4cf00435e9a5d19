#!/bin/bash
# timeout: 300
# A process that says who may open a file (fanotify(7), FAN_OPEN_PERM) is answered by nobody: it, its children for whom it waits, and who goes on in its place open no
# log, recording or summary of ours any more, and what it executes is not followed. It ends as natively, where it waited for itself, and everybody else for it.
set -u
. "$SRC/tests/lib/lib.sh"

cat >answers.c <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static int group;

static void answer(pid_t until)
{
	struct pollfd one = {group, POLLIN, 0};
	int answered = 0;

	while (waitpid(until, NULL, WNOHANG) != until) {
		struct fanotify_event_metadata events[50];
		if (poll(&one, 1, 100) <= 0)
			continue;
		ssize_t got = read(group, events, sizeof events);
		for (struct fanotify_event_metadata *m = events; FAN_EVENT_OK(m, got); m = FAN_EVENT_NEXT(m, got)) {
			struct fanotify_response allowed = {m->fd, FAN_ALLOW};
			if (write(group, &allowed, sizeof allowed) != sizeof allowed)
				exit(2);
			close(m->fd);
			answered += m->pid == until;
		}
	}
	printf("answered %d\n", answered);
}

static void opens(void)
{
	fflush(stdout);
	pid_t child = fork();
	for (int i = 0; child == 0 && i < 2000; i++)
		close(open("there/x", O_RDONLY));
	if (child == 0)
		_exit(0);
	answer(child);
}

int main(int argc, char **arguments)
{
	const char *how = argc > 1 ? arguments[1] : "";

	close(open("there/x", O_WRONLY | O_CREAT, 0600));
	group = fanotify_init(FAN_CLOEXEC | FAN_CLASS_CONTENT | FAN_NONBLOCK, O_RDONLY);
	if (group < 0 || fanotify_mark(group, FAN_MARK_ADD, FAN_OPEN_PERM | FAN_EVENT_ON_CHILD, AT_FDCWD, "there"))
		return 77;
	if (strcmp(how, "daemon") == 0) {
		if (fork() == 0) {
			opens();
			return 0;
		}
		close(group);
		wait(NULL);
	} else if (strcmp(how, "waits") == 0) {
		int status;
		pid_t child = fork();
		if (child == 0)
			_exit(access("nowhere", F_OK) == 0);
		waitpid(child, &status, 0);
		char *command[] = {"sh", "-c", "echo executed; exit 3", NULL};
		if (posix_spawn(&child, "/bin/sh", NULL, NULL, command, environ))
			return 1;
		waitpid(child, &status, 0);
		printf("status %#x\n", status);
	} else {
		opens();
	}
	return 0;
}
C
cc -O1 -o answers answers.c || fail "it does not compile"

mkdir there
for how in itself daemon waits; do
	timeout 60 ./answers $how >native.out || skip "nobody may answer for openings here"
	for settings in "SYSSHIM_LOG=$PWD/there SYSSHIM_LOG_FORMAT=binary" "SYSSHIM_LOG=$PWD/there/log.%p" "SYSSHIM_STATS=$PWD/there/stats.%p"; do
		rm -rf there
		mkdir there
		# shellcheck disable=SC2086
		shimmed SYSSHIM_STATS=off $settings timeout -s KILL 60 ./answers $how >shim.out || fail "$how, $settings: status $?"
		diff native.out shim.out || fail "$how, $settings: it said something else"
		[ "$(find there -type f | wc -l)" -ge 2 ] || fail "$how, $settings: nothing was recorded"
	done
done
exit 0
