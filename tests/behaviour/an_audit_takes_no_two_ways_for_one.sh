#!/bin/bash
# SYSSHIM_TRACE=audit records each way in which a file is named once: what only looks like another way is recorded. The same name in other folders, under other
# roots, by descriptors of high numbers, executed by a descriptor, by a child that borrows its parent's memory. As a recording of every call says.
set -u
. "$SRC/tests/lib/lib.sh"

cat >ways.c <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int main(int argc, char **argv)
{
	char name[16], target[16];
	struct stat status;
	int folders[6], s;

	for (int i = 0; i < 6; i++) {
		sprintf(name, "f%d", i);
		mkdir(name, 0700);
		folders[i] = fcntl(open(name, O_RDONLY | O_DIRECTORY), F_DUPFD, 300);
		close(openat(folders[i], "x", O_CREAT | O_RDWR, 0600));
		close(openat(folders[i], "x", O_RDONLY));
	}
	/* each kind of call in each folder */
	for (int i = 0; i < 6; i++) {
		sprintf(name, "%sf%d", i ? "../" : "", i);
		chdir(name);
		access("y", R_OK), stat("y", &status), open("y", O_RDONLY), syscall(SYS_openat, AT_FDCWD, "y", O_RDONLY), readlink("y", target, 10);
	}
	fchdir(folders[0]);
	for (int i = 1; i < 6; i++) {
		fchdir(folders[i]);
		access("z", R_OK);
		open("z", O_RDONLY);
		fchdir(folders[0]);
	}
	/* executed by descriptors whose numbers meant something else */
	chdir("..");
	close(open("/bin/false", O_RDONLY)), close(open("/bin/true", O_RDONLY));
	int a = open("/bin/true", O_RDONLY | O_CLOEXEC), b = open("/bin/false", O_RDONLY | O_CLOEXEC);
	if (fork() == 0) {
		char *arguments[] = {"x", NULL};
		fexecve(a, arguments, environ);
		_exit(9);
	}
	wait(&s);
	printf("%d %d %d\n", a != b, WEXITSTATUS(s), argc);
	/* a child in our memory goes elsewhere, we do not */
	if (vfork() == 0) {
		fchdir(folders[3]);
		openat(folders[4], "by_child", O_RDONLY);
		open("by_child", O_RDONLY);
		_exit(0);
	}
	wait(NULL);
	open("by_parent", O_RDONLY);
	/* another root */
	open(argv[1], O_RDONLY);
	if (geteuid() == 0 && chroot("f1") == 0)
		open(argv[1], O_RDONLY), syscall(SYS_openat, AT_FDCWD, argv[1], O_RDONLY);
	return 0;
}
C
cc -w -o ways ways.c || fail "it does not compile"
for mode in all audit; do
	rm -rf f?
	"$SYSSHIM" run -q --record=recording.$mode -e trace=$mode -- ./ways /some/absolute/name >out.$mode || fail "$mode: exit status $?"
	"$SYSSHIM" files --json --all recording.$mode >$mode.json || fail "files: exit status $?"
done
cmp out.all out.audit || fail "the output differs"
python3 - <<'PY' || exit 1
import json
def rows(mode):
    return {row["path"]: (bool(row["opens"]), bool(row["failed"]), row["resolved"]) for row in map(json.loads, open(mode + ".json")) if "path" in row}
everything, audit = rows("all"), rows("audit")
# by its descriptor a program has the name that /proc says
for table in everything, audit:
    for name in "true", "false":
        table.pop("/usr/bin/" + name, None), table.pop("/bin/" + name, None)
wrong = [f"{path}: {everything.get(path)} {audit.get(path)}" for path in sorted({*everything, *audit}) if everything.get(path) != audit.get(path)]
for n in range(6):
    if not any(path.endswith(f"/f{n}/y") for path in everything):
        wrong.append(f"f{n}/y: not in the full recording either")
for n in range(1, 6):
    if not any(path.endswith(f"/f{n}/z") for path in everything):
        wrong.append(f"f{n}/z: not in the full recording either")
executed = [row["path"] for row in map(json.loads, open("audit.json")) if "path" in row and "x" in row["access"]]
if not any(path.endswith("bin/true") for path in executed) or any(path.endswith("bin/false") for path in executed):
    wrong.append(f"executed: {executed}")
print("\n".join(wrong))
raise SystemExit(bool(wrong))
PY

# A rename gives an open folder, and what is below it, another name, and the old name may become another folder's, which is then opened as the first one was:
# by the process itself, and by another.
cat >renames.c <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int by_child;

/* The folder has another name, and a new one has its old one. */
static int renamed(const char *to)
{
	if (!by_child)
		return rename("a", to) || mkdir("a", 0700);
	int status;
	if (fork() == 0)
		_exit(rename("a", to) || mkdir("a", 0700));
	return wait(&status) < 0 || status;
}

int main(int count, char **arguments)
{
	by_child = count > 1;
	mkdir("a", 0700);
	int fd = open("a", O_RDONLY), same;
	close(openat(fd, "one", O_RDWR | O_CREAT, 0600));
	if (renamed("b"))
		return 1;
	openat(fd, "one", O_RDONLY);
	close(fd);
	same = open("a", O_RDONLY);
	close(openat(same, "two", O_RDWR | O_CREAT, 0600));
	chdir("a");
	access("two", R_OK);
	if (fork() == 0)
		_exit(rename("../a", "../c"));
	wait(NULL);
	access("two", R_OK);
	return same != fd;
}
C
cc -w -o renames renames.c || fail "it does not compile"
for who in itself child; do
	for mode in all audit; do
		rm -rf a b c
		"$SYSSHIM" run -q --record=recording.$who.$mode -e trace=$mode -- ./renames $([ $who = itself ] || echo $who) || fail "$who, $mode: exit status $?"
		"$SYSSHIM" files --all --json recording.$who.$mode >$who.$mode.json || fail "files: exit status $?"
	done
	python3 - $who "$PWD" <<'PY' || exit 1
import json, sys
who, here = sys.argv[1:]
def rows(mode):
    return {row["path"]: row["access"] for row in map(json.loads, open(f"{who}.{mode}.json")) if row.get("path", "").startswith(here)}
everything, audit = rows("all"), rows("audit")
for name in "a/one", "b/one", "a/two", "c/two":
    if f"{here}/{name}" not in everything:
        print(f"{who}: {name}: not in the full recording either")
        raise SystemExit(1)
if everything != audit:
    print(f"{who}: {sorted(everything.items() ^ audit.items())}")
    raise SystemExit(1)
PY
done

# Whose folder and descriptors are shared with a process, or parted from a thread's, is followed no further: what is relative to them is marked.
cat >shared.c <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int flags, folder;

static void *parts(void *nothing)
{
	unshare(flags);
	return flags & CLONE_FS ? (chdir("two"), nothing) : (dup2(open("two", O_RDONLY | O_DIRECTORY), folder), nothing);
}

static int child(void *nothing)
{
	parts(nothing);
	_exit(0);
}

int main(int argc, char **argv)
{
	pthread_t thread;

	flags = argv[1][1] == 'f' ? CLONE_FS : CLONE_FILES;
	mkdir("one", 0700), mkdir("two", 0700);
	folder = open("one", O_RDONLY | O_DIRECTORY);
	openat(folder, "before", O_RDONLY);
	if (argv[1][0] == 't')
		pthread_create(&thread, NULL, parts, NULL), pthread_join(thread, NULL);
	else
		clone(child, (char *)malloc(65536) + 65536, flags | SIGCHLD, NULL), wait(NULL);
	openat(flags == CLONE_FS ? AT_FDCWD : folder, "after", O_RDONLY);
	return 0;
}
C
cc -w -pthread -o shared shared.c || fail "it does not compile"
for mode in all audit; do
	for kind in tf td cf cd; do
		"$SYSSHIM" run -q --record=shared.$mode.$kind -e trace=$mode -- ./shared $kind || fail "$kind: exit status $?"
		"$SYSSHIM" files shared.$mode.$kind >shown
		grep -q ' ?/after$' shown && grep -q "$PWD/one/before\$" shown || fail "$mode, $kind: $(cat shown)"
	done
done

# A number that was closed, and came back with a message, is another folder's. By close(2) and by close_range(2), of one thread and of two.
cat >numbers.c <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int pair[2];

static void give(int fd)
{
	char room[CMSG_SPACE(sizeof fd)] = {0};
	struct iovec one = {"x", 1};
	struct msghdr m = {.msg_iov = &one, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
	*CMSG_FIRSTHDR(&m) = (struct cmsghdr){CMSG_LEN(sizeof fd), SOL_SOCKET, SCM_RIGHTS};
	memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), &fd, sizeof fd);
	sendmsg(pair[0], &m, 0);
}

static int take(void)
{
	char room[CMSG_SPACE(sizeof(int))], byte;
	struct iovec one = {&byte, 1};
	struct msghdr m = {.msg_iov = &one, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
	int fd;
	recvmsg(pair[1], &m, 0);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fd);
	return fd;
}

static void *nothing(void *data)
{
	return pause(), data;
}

int main(int count, char **arguments)
{
	struct stat status;
	pthread_t other;
	int same = 0;

	if (count > 1)
		pthread_create(&other, NULL, nothing, NULL);
	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	mkdir("wrong", 0700), mkdir("right", 0700);
	/* until the quick ways are learned */
	for (int i = 0; i < 50; i++)
		close(open("wrong", O_RDONLY)), fcntl(0, F_GETFD);
	for (int by_range = 0; by_range < 2; by_range++) {
		int to = open("right", O_RDONLY);
		int fd = open("wrong", O_RDONLY | O_DIRECTORY);
		fstatat(fd, by_range ? "first_ranged" : "first", &status, 0);
		give(to);
		by_range ? close_range(fd, fd, 0) : close(fd);
		same += take() == fd;
		fstatat(fd, by_range ? "then_ranged" : "then", &status, 0);
		close(fd), close(to);
	}
	return same != 2;
}
C
cc -w -pthread -o numbers numbers.c || fail "it does not compile"
for threads in "" two; do
	rm -rf wrong right
	"$SYSSHIM" run -q --record=numbers.r$threads -e trace=audit -- ./numbers $threads || fail "numbers: exit status $?"
	"$SYSSHIM" files --json --all numbers.r$threads >numbers.json || fail "files: exit status $?"
	for name in wrong/first right/then wrong/first_ranged right/then_ranged; do
		grep -q "\"path\": *\"[^\"]*/$name\"" numbers.json || fail "numbers $threads: no $name: $(grep -o '"path": *"[^"]*"' numbers.json | grep -E 'first|then' | tr '\n' ' ')"
	done
done
exit 0
