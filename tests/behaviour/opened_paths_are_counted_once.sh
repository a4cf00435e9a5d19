#!/bin/bash
# The summary's count of different paths: each once, however often it is opened, whether it is there or not, whatever memory it lies in; a forked child begins with none. Many
# more than a thousand find their place; those beyond a hundred thousand are said not to be listed, and so is what has no path or cannot be read.
set -u
. "$SRC/tests/lib/lib.sh"

cat >opens.c <<'C_'
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static int count, threads;

static void *opens(void *first)
{
	char stack[64], *heap = malloc(64), *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *places[] = {stack, heap, page};

	for (int turn = 0; turn < 3; turn++)
		for (int i = 0; i < count; i++) {
			snprintf(places[turn], 64, "nowhere/%ld/%d", (long)first, i);
			if (open(places[turn], O_RDONLY) >= 0)
				abort();
		}
	close(open("/dev/null", O_RDONLY));
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread[16];

	count = atoi(argv[1]);
	threads = atoi(argv[2]);
	if (!threads)
		opens(0);
	for (long i = 0; i < threads; i++)
		pthread_create(&thread[i], NULL, opens, (void *)i);
	for (int i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	if (argc > 3) {
		open((char *)8, O_RDONLY);
		open(NULL, O_RDONLY);
		open_by_handle_at(-1, NULL, O_RDONLY);
		pid_t child = fork();
		if (child == 0) {
			open("one", O_RDONLY);
			open("one", O_RDONLY);
			open("two", O_RDONLY);
			_exit(0);
		}
		waitpid(child, NULL, 0);
	}
	return 0;
}
C_
gcc -O2 -pthread -o opens opens.c || fail "gcc"
# opened FILE: opened, failed, paths, unlisted
opened() {
	python3 -c 'import json, sys; row = [json.loads(line) for line in open(sys.argv[1])][-1]; f = row["files"]; print(f["opened"], f["failed"], f["paths"], row["coverage"]["paths_unlisted"])' "$1"
}
counted() { rm -f stats*; shimmed SYSSHIM_STATS="$PWD/stats" SYSSHIM_STATS_FORMAT=json "$@" || fail "$*: status $?"; }

counted ./opens 5000 0 bad
[ "$(opened stats)" = "1 15003 5001 3" ] || fail "one thread: $(opened stats)"
[ "$(opened stats.*)" = "0 3 2 0" ] || fail "the child: $(opened stats.*)"
counted ./opens 110000 0
read -r ok failed paths unlisted <<<"$(opened stats)"
[ "$ok $failed" = "1 330000" ] && [ "$paths" -ge 90000 ] && [ "$paths" -le 110001 ] && [ "$unlisted" -ge $((330000 - 3 * paths)) ] && [ "$unlisted" -gt 0 ] ||
	fail "very many: $(opened stats)"
counted ./opens 2000 8
[ "$(opened stats)" = "8 48000 16001 0" ] || fail "eight threads: $(opened stats)"
exit 0
