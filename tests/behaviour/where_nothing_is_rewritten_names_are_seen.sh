#!/bin/bash
# SYSSHIM_INTERCEPT=interpose, and musl: what the log and the audit need is seen through libc's names, with the path, the flags, the descriptor or
# the error; the program is as without us, and the coverage says what is not seen.
set -u
. "$SRC/tests/lib/lib.sh"

cat >program.c <<'C'
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAY(number) printf("%d\n", number)

static void early(void)
{
	struct stat status;
	FILE *f = fopen("early", "w");

	if (f)
		fclose(f);
	stat("early", &status);
}
__attribute__((section(".preinit_array"), used)) static void (*const first)(void) = early;

int main(void)
{
	struct stat status;
	char made[] = "made.XXXXXX", text[64];
	int ends[2], pid;

	FILE *f = fopen("stream", "w+e");
	fputs("text", f);
	fclose(f);
	printf("%d\n", fopen("nowhere", "r") == NULL && errno == ENOENT);
	f = fopen("stream", "a");
	f = freopen("stream", "r", f);
	fclose(f);
	DIR *d = opendir(".");
	closedir(d);
	int fd = mkstemp(made);
	SAY(fd);
	SAY(lstat("stream", &status));
	SAY(fstat(fd, &status));
	SAY(stat("nowhere", &status));
	SAY(errno);
	SAY(access("stream", R_OK));
	SAY(faccessat(AT_FDCWD, "nowhere", F_OK, 0));
	SAY(mkdir("folder", 0700));
	SAY(rename("stream", "folder/moved"));
	SAY(symlink("target", "name"));
	SAY((int)readlink("name", text, sizeof text));
	printf("%.6s\n", text);
	SAY(chmod("folder/moved", 0600));
	SAY(truncate("folder/moved", 2));
	SAY(unlink("name"));
	SAY(unlink(made));
	SAY(chdir("folder"));
	SAY(chdir(".."));
	SAY(dup2(fd, 20));
	SAY(pipe(ends));
	SAY(socket(AF_UNIX, SOCK_STREAM, 0));
	fflush(stdout);
	if ((pid = fork()) == 0) {
		execlp("true", "true", (char *)NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
	if ((pid = fork()) == 0) {
		char *const arguments[] = {"sh", "-c", "exit 5", NULL};
		execvp("sh", arguments);
		_exit(1);
	}
	waitpid(pid, &pid, 0);
	SAY(pid >> 8);
	SAY(rmdir("folder"));
	return 6;
}
C
expected=(
	'openat(AT_FDCWD, "stream", O_RDWR|O_CREAT|O_TRUNC|O_CLOEXEC, 0666) = [0-9]'
	'openat(AT_FDCWD, "nowhere", O_RDONLY) = -1 ENOENT'
	'openat(AT_FDCWD, "stream", O_WRONLY|O_CREAT|O_APPEND, 0666) = [0-9]'
	'openat(AT_FDCWD, "stream", O_RDONLY) = [0-9]'
	'openat(AT_FDCWD, "[.]", O_RDONLY|O_NONBLOCK|.*) = [0-9]'
	'openat(AT_FDCWD, "made[.][A-Za-z0-9]*", O_RDWR|O_CREAT|O_EXCL, 0600) = [0-9]'
	'newfstatat(AT_FDCWD, "stream", .*, AT_SYMLINK_NOFOLLOW) = 0'
	'fstat([0-9]*, .*) = 0'
	'newfstatat(AT_FDCWD, "nowhere", .*, 0) = -1 ENOENT'
	'access("stream", R_OK) = 0'
	'faccessat(AT_FDCWD, "nowhere", F_OK) = -1 ENOENT'
	'mkdir("folder", 0700) = 0'
	'rename("stream", "folder/moved") = 0'
	'symlink("target", "name") = 0'
	'readlink("name", .*) = 6'
	'chmod("folder/moved", 0600) = 0'
	'truncate("folder/moved", 2) = 0'
	'unlink("name") = 0'
	'chdir("folder") = 0'
	'dup2([0-9]*, 20) = 20'
	'pipe(.*) = 0'
	'socket(AF_UNIX, SOCK_STREAM, 0) = [0-9]'
	'rmdir("folder") = -1 ENOTEMPTY'
)
look() {
	local name=$1
	for line in "${expected[@]}"; do
		cat "$name".log.* | grep -q "$line" || fail "$name: $line is not in the log: $(cat "$name".log.*)"
	done
	cat "$name".log.* | grep -q 'execve("sh", \["sh", "-c", "exit 5"\]' || fail "$name: the exec is not in the log: $(cat "$name".log.*)"
}
cc -O1 -o program program.c || fail "it does not compile"
same_run glibc SYSSHIM_INTERCEPT=interpose SYSSHIM_LOG="$PWD/glibc.log.%p" -- "$PWD/program"
[ "$(cat glibc.shim.status)" = 6 ] || fail "it does not come to its end"
look glibc
if command -v musl-gcc >/dev/null; then
	musl-gcc -O1 -o program.musl program.c || fail "musl-gcc does not compile"
	same_run musl SYSSHIM_LOG="$PWD/musl.log.%p" -- "$PWD/program.musl"
	look musl
fi
# rewritten, each is seen once
same_run rewritten SYSSHIM_LOG="$PWD/rewritten.log.%p" -- "$PWD/program"
[ "$(cat rewritten.log.* | grep -c '"stream", O_RDWR|O_CREAT|O_TRUNC|O_CLOEXEC')" = 1 ] || fail "not seen once: $(cat rewritten.log.*)"
shimmed SYSSHIM_INTERCEPT=interpose ./program 2>&1 >/dev/null | grep -q 'interposed names only (as asked): calls inside libc are not seen' || fail "the coverage does not say it"
# What execvp(3) finds in PATH is not below the working folder: the program that came says where it was, and else nobody knows.
cat >searches.c <<'C'
#include <sys/wait.h>
#include <unistd.h>

static int run(char *name)
{
	char *arguments[] = {name, "-c", "exit 7", NULL};
	int status;
	pid_t child = fork();

	if (!child) {
		execvp(name, arguments);
		_exit(8);
	}
	return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

int main(void)
{
	return run("sh") != 7 || run("no-such-program") != 8 || run("nothing") != 0;
}
C
printf 'int main(void) { return 0; }\n' >nothing.c
mkdir -p found
cc -O1 -o searches searches.c || fail "it does not compile"
cc -static -o found/nothing nothing.c 2>cc.err || skip "no static libc: $(head -n 1 cc.err)"
for trace in all audit; do
	PATH=$PWD/found:$PATH "$SYSSHIM" run -q -E SYSSHIM_INTERCEPT=interpose -e trace=$trace --record=searched.$trace -- ./searches || fail "searches: status $?"
	"$SYSSHIM" files --all searched.$trace >out || fail "files: status $?"
	grep -E " $PWD/(sh|nothing|no-such-program)\$" out && fail "$trace: what was looked for in PATH stands below the working folder: $(cat out)"
	grep -qE '^x +1 +0 +/.*bin/(sh|dash)$' out && grep -qE '^- +0 +1 ENOENT +\?/no-such-program$' out && grep -qE '^x +1 +0 +\?/nothing$' out && ! grep -q ' ?/sh$' out || fail "$trace: $(cat out)"
done
"$SYSSHIM" files --format=fsatrace searched.all 2>/dev/null | grep -E '\|\?/sh$' && fail "fsatrace has a name for a path"
exit 0
