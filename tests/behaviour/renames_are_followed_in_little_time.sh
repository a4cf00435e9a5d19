#!/bin/bash
# timeout: 120
# What descriptors lead to follows renames, of files, of folders above, and of two that change places; and many renames beside many processes with many
# descriptors take a second and not a minute.
set -u
. "$SRC/tests/lib/lib.sh"

cat >renames.c <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DESCRIPTORS = 900, PROCESSES = 60, RENAMES = 30000 };

static void touch(int at, const char *name)
{
	close(openat(at, name, O_CREAT | O_WRONLY, 0600));
}

static void follow(void)
{
	mkdir("a", 0700), mkdir("b", 0700), mkdir("b/in", 0700);
	int a = open("a", O_RDONLY), b = open("b/in", O_RDONLY), by_dots = open("a/../a", O_RDONLY), copy = dup(a);
	renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_EXCHANGE);
	touch(a, "first"), touch(b, "second"), touch(by_dots, "third");
	rename("b", "c");
	touch(a, "fourth"), touch(copy, "fifth");
	rename("a/in", "c/in");
	touch(b, "sixth");
	close(a), close(b), close(by_dots), close(copy);
}

int main(void)
{
	char name[16];
	int ends[2], byte;

	follow();
	for (int i = 0; i < DESCRIPTORS; i++) {
		sprintf(name, "file%d", i);
		if (open(name, O_CREAT | O_RDONLY, 0600) < 0)
			return 1;
	}
	if (pipe(ends))
		return 2;
	for (int i = 0; i < PROCESSES; i++)
		if (!fork()) {
			close(ends[1]);
			_exit((int)read(ends[0], &byte, 1));
		}
	touch(AT_FDCWD, "left");
	for (int i = 0; i < RENAMES; i++)
		if (rename(i % 2 ? "right" : "left", i % 2 ? "left" : "right"))
			return 3;
	return 0;
}
C
gcc -O1 -w -o renames renames.c || fail "no program"
ulimit -n 1000 || skip "not so many descriptors here"
shimmed SYSSHIM_LOG=recording SYSSHIM_LOG_FORMAT=binary SYSSHIM_STATS=off ./renames || fail "the program: status $?"
(ulimit -t 8 && "$SYSSHIM" files --json recording) >rows || fail "files: status $?"
python3 - "$PWD" <<'P' || fail "the rows are wrong"
import json, sys
rows = {row["path"] for row in map(json.loads, open("rows")) if "path" in row}
wanted = {f"{sys.argv[1]}/{name}" for name in ("b/first", "a/in/second", "b/third", "c/fourth", "c/fifth", "c/in/sixth", "left", "file899")}
sys.exit(f"missing: {wanted - rows}" if wanted - rows else 0)
P
