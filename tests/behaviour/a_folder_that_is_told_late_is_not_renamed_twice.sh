#!/bin/bash
# An audit says what an inherited descriptor is when a path begins there, under the name that the folder has by then: renames by others that came before are in it.
set -u
. "$SRC/tests/lib/lib.sh"

cat >late.c <<'C'
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void rest(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
}

int main(int count, char **arguments)
{
	int status, folder = open("one", O_RDONLY | O_DIRECTORY);

	(void)arguments;
	if (count > 1) { /* the new image, whose descriptor 9 came from before */
		rest();
		return openat(9, "file", O_RDONLY) < 0;
	}
	dup2(folder, 9);
	pid_t child = fork();
	if (!child) {
		execl("./late", "late", "again", NULL);
		_exit(1);
	}
	nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
	return rename("two", "three") || rename("one", "two") || waitpid(child, &status, 0) != child || status;
}
C
gcc -O1 -o late late.c || fail "no program"
for trace in all audit; do
	rm -rf one two three
	mkdir one two && touch one/file two/file
	"$SYSSHIM" run -q --record=recording.$trace -e trace=$trace -- ./late || fail "$trace: status $?"
	"$SYSSHIM" files recording.$trace >out 2>&1 || fail "$trace: files: $?: $(cat out)"
	[ "$(grep -o '[^ ]*/file$' out)" = "$PWD/two/file" ] || fail "$trace: $(cat out)"
done
exit 0
