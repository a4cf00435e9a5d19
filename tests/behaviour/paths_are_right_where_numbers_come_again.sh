#!/bin/bash
# Process numbers come again: a thread has that of a vfork child that is gone, a forked child that of a process that is dead, and in two pid namespaces two
# processes have one at the same time. A child that borrows memory has a number of its own in its parent's file. Paths are those of who opened them.
set -u
. "$SRC/tests/lib/lib.sh"

unshare -pf --mount-proc true 2>/dev/null || skip "no pid namespaces here"
cat >again.c <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int step;
static int number;

/* The next process or thread has this one. */
static int choose(int last_pid, int next)
{
	char text[16];
	int size = snprintf(text, sizeof text, "%d", next - 1);

	return pwrite(last_pid, text, (size_t)size, 0) != size;
}

static void *work(void *unused)
{
	number = (int)syscall(SYS_gettid);
	access("/thread", F_OK);
	step = 1;
	while (step < 2)
		usleep(1000);
	close(open("file", O_RDONLY));
	return unused;
}

static int of_a_thread(int last_pid)
{
	pthread_t thread;
	pid_t child = vfork();

	if (!child) {
		access("/child", F_OK);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	if (choose(last_pid, child) || pthread_create(&thread, NULL, work, NULL))
		return 1;
	while (step < 1)
		usleep(1000);
	if (chdir("dir1"))
		return 2;
	step = 2;
	pthread_join(thread, NULL);
	return number != child;
}

static int of_a_fork(int last_pid)
{
	cpu_set_t first;
	int folder = open("dir1", O_RDONLY | O_DIRECTORY), status;

	CPU_ZERO(&first);
	CPU_SET(sched_getcpu(), &first);
	sched_setaffinity(0, sizeof first, &first);
	pid_t dead = fork();
	if (!dead)
		_exit(access("/dead", F_OK) && 0);
	waitpid(dead, NULL, 0);
	if (choose(last_pid, dead))
		return 1;
	pid_t child = fork();
	if (!child)
		_exit(openat(folder, "file", O_RDONLY) < 0);
	close(folder);
	if (open("dir2", O_RDONLY | O_DIRECTORY) != folder)
		return 2;
	pid_t other = fork();
	if (!other)
		_exit(access("/other", F_OK) && 0);
	waitpid(other, NULL, 0);
	return waitpid(child, &status, 0) != child || status || child != dead;
}

int main(int count, char **arguments)
{
	int last_pid = open("/proc/sys/kernel/ns_last_pid", O_WRONLY);

	return count > 1 && strcmp(arguments[1], "thread") == 0 ? of_a_thread(last_pid) : of_a_fork(last_pid);
}
C
gcc -O1 -pthread -o again again.c || fail "no program"
mkdir dir1 dir2 && touch dir1/file
for kind in thread fork; do
	# another process of the namespace may take the number
	for attempt in 1 2 3 4 5; do
		rm -rf recording
		unshare -pf --mount-proc env LD_PRELOAD="$SHIM" SYSSHIM_STATS=off SYSSHIM_LOG="$PWD/recording" SYSSHIM_LOG_FORMAT=binary ./again $kind && break
		[ $attempt -lt 5 ] || fail "$kind: status $?"
	done
	"$SYSSHIM" files recording >out 2>&1 || fail "$kind: files: $?"
	[ "$(grep -o '[^ ]*/file$' out)" = "$PWD/dir1/file" ] || fail "$kind: $(grep -o '[^ ]*/file$' out)"
done

# Two namespaces, each with a process 1 and others; when both stand where they are to, both go on, and both execute something in the end.
cat >one_of_two.sh <<'SH'
cd "$1"
echo >"../$2" &
read -r line <"../$3"
/bin/true
: >from_shell
/bin/echo text >from_child
exec cat ./from_child from_shell
SH
mkfifo a b
"$SYSSHIM" run -q --record=two -- bash -c 'for where in "dir1 a b" "dir2 b a"; do unshare -pf --mount-proc bash one_of_two.sh $where & done; wait' >out 2>err ||
	fail "two namespaces: status $?: $(cat err)"
[ "$(cat out)" = "$(printf 'text\ntext')" ] || fail "two namespaces: $(cat out err)"
"$SYSSHIM" files --json two >two.json || fail "two namespaces: files: $?"
python3 - "$PWD" <<'PY' || fail "two namespaces"
import json, sys
rows = {row["path"]: row for row in map(json.loads, open("two.json")) if "path" in row}
for folder in "dir1", "dir2":
    for name, opens, written, read in ("from_shell", 2, 0, 0), ("from_child", 2, 5, 5):
        row = rows[f"{sys.argv[1]}/{folder}/{name}"]
        assert (row["opens"], row["written_bytes"], row["read_bytes"]) == (opens, written, read), row
assert not any(path.startswith("?") for path in rows), rows.keys()
PY

# A child that borrows memory and is not waited for has a folder and descriptors of its own.
cat >borrow.c <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static char stack[1 << 16];
static volatile int step;
static int folder;

static int make(int at, const char *name)
{
	int fd = openat(at, name, O_WRONLY | O_CREAT, 0600), is_bad = write(fd, "12345", 5) != 5;

	return close(fd) || is_bad;
}

static int child(void *none)
{
	(void)none;
	int other = open("dir2", O_RDONLY | O_DIRECTORY), is_bad = chdir("dir1") || dup2(other, folder) != folder;
	step = 1;
	while (step < 2)
		sched_yield();
	return is_bad || make(AT_FDCWD, "by_child") || make(folder, "by_childs_descriptor");
}

int main(void)
{
	int status;

	folder = open("dir1", O_RDONLY | O_DIRECTORY);
	int pid = clone(child, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL);
	while (step < 1)
		sched_yield();
	int is_bad = make(AT_FDCWD, "by_parent") || make(folder, "by_parents_descriptor");
	step = 2;
	return waitpid(pid, &status, 0) != pid || status || is_bad || make(AT_FDCWD, "by_parent_later");
}
C
gcc -O1 -o borrow borrow.c || fail "no program"
for trace in all audit; do
	"$SYSSHIM" run -q --record=borrowed.$trace -e trace=$trace -- ./borrow || fail "borrowed memory: status $?"
	"$SYSSHIM" files borrowed.$trace 2>&1 | grep -o "$PWD/.*by_.*\|?/.*" | sort >paths
	printf "$PWD/%s\n" by_parent by_parent_later dir1/by_child dir1/by_parents_descriptor dir2/by_childs_descriptor | diff paths - || fail "borrowed memory, $trace"
done
[ "$("$SYSSHIM" trace --json borrowed.all | grep by_child | grep -o '"pid":[0-9]*' | sort -u)" != "$("$SYSSHIM" trace --json borrowed.all | grep by_parent | grep -o '"pid":[0-9]*' | sort -u)" ] ||
	fail "borrowed memory: one process"
