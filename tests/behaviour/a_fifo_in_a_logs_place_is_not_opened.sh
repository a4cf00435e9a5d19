#!/bin/bash
# Somebody puts a FIFO where a log was: it is not written to, and not opened either. Its reader would be let go on, and read the end of what nobody has written.
set -u
. "$SRC/tests/lib/lib.sh"

cat >replaces.c <<'C'
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	const char *path = argv[argc - 1];
	int ends[2], status;
	char c;

	unlink(path);
	if (mkfifo(path, 0600) || pipe(ends))
		return 90;
	pid_t reader = fork();
	if (!reader) {
		alarm(30);
		if (write(ends[1], "x", 1) != 1)
			return 91;
		int fd = open(path, O_RDONLY);
		char text[8];
		return read(fd, text, sizeof text) == 5 ? 0 : 92;
	}
	if (read(ends[0], &c, 1) != 1)
		return 93;
	usleep(200000); /* until it waits there */
	for (int i = 0; i < 20; i++)
		poll(NULL, 0, 2);
	if (waitpid(reader, &status, WNOHANG))
		return 94;
	int fd = open(path, O_WRONLY);
	if (write(fd, "hello", 5) != 5)
		return 95;
	waitpid(reader, &status, 0);
	unlink(path);
	return WIFSIGNALED(status) ? 96 : WEXITSTATUS(status);
}
C
cc -O1 -o replaces replaces.c || fail "no compiler"
./replaces "$PWD/native" || fail "natively: $?"
for format in text json; do
	shimmed SYSSHIM_STATS=off SYSSHIM_LOG="$PWD/log.$format" SYSSHIM_LOG_FORMAT=$format ./replaces "$PWD/log.$format" || fail "$format: status $?"
done
exit 0
