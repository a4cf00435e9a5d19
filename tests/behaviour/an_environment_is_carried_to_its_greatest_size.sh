#!/bin/bash
# exec takes what it takes natively: variables of our own name in any number and length, and as many bytes as the kernel takes, by each way in.
set -u
. "$SRC/tests/lib/lib.sh"

cat >executes.c <<'C'
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char **entries(const char *name, int count, int length)
{
	char **all = calloc((size_t)count + 1, sizeof *all);

	for (int i = 0; i < count; i++) {
		all[i] = calloc(1, (size_t)length + 40);
		int at = sprintf(all[i], "%s%d=", name, i);
		memset(all[i] + at, 'a', (size_t)(length > at ? length - at : 0));
	}
	return all;
}

/* The greatest number of KiB that an exec takes. */
static int most(void)
{
	char *arguments[] = {"true", NULL}, **all = entries("X", 4000, 1015);
	int low = 0, high = 4000, status;

	while (low < high) {
		int middle = (low + high + 1) / 2;
		char *cut = all[middle];
		all[middle] = NULL;
		if (!fork()) {
			execve("/bin/true", arguments, all);
			_exit(errno);
		}
		wait(&status);
		all[middle] = cut;
		if (!status)
			low = middle;
		else
			high = middle - 1;
	}
	return printf("%d\n", low) < 0;
}

int main(int count, char **arguments)
{
	char *echo[] = {"/bin/echo", "fine", NULL};

	if (count < 3)
		return most();
	execve(echo[0], echo, entries("SYSSHIM_X", atoi(arguments[1]), atoi(arguments[2])));
	return errno == E2BIG ? 7 : 8;
}
C
gcc -O1 -o executes executes.c || fail "no program"
for sizes in "5 60000" "10 40000" "20 20000" "3 131000" "3 140000" "300 1000" "4000 200" "65000 12"; do
	# shellcheck disable=SC2086
	./executes $sizes >native
	native=$?
	# shellcheck disable=SC2086
	shimmed SYSSHIM_STATS=off ./executes $sizes >ours 2>err
	ours=$?
	[ $native -eq $ours ] && cmp -s native ours || fail "$sizes: natively $native, with the shim $ours: $(head -c 300 err)"
done
./executes >native
for way in rewrite interpose rewrite,interpose; do
	SYSSHIM_INTERCEPT=$way shimmed SYSSHIM_STATS=off ./executes >ours 2>err
	cmp -s native ours || fail "$way: at most $(cat ours) KiB, natively $(cat native)"
done
