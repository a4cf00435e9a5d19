#!/bin/bash
# `sysshim files` with paths that are hard to tell: relative to descriptors that came and went in every way, to folders that were renamed or removed,
# of every byte, of the longest length, of bad addresses. What cannot be known is marked and never guessed.
set -u
. "$SRC/tests/lib/lib.sh"

cat >paths.c <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int touch(int at, const char *name)
{
	int fd = openat(at, name, O_CREAT | O_WRONLY, 0600);
	close(fd);
	return fd >= 0;
}

static void pass_descriptor(int to, int fd)
{
	char room[CMSG_SPACE(sizeof fd)] = {0};
	struct iovec one = {"x", 1};
	struct msghdr m = {.msg_iov = &one, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
	*CMSG_FIRSTHDR(&m) = (struct cmsghdr){CMSG_LEN(sizeof fd), SOL_SOCKET, SCM_RIGHTS};
	memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), &fd, sizeof fd);
	sendmsg(to, &m, 0);
}

static int take_descriptor(int from)
{
	char room[CMSG_SPACE(sizeof(int))], byte;
	struct iovec one = {&byte, 1};
	struct msghdr m = {.msg_iov = &one, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
	int fd;
	recvmsg(from, &m, 0);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fd);
	return fd;
}

int main(int argc, char **argv)
{
	char longest[4200];
	int fd, other, pair[2];

	if (argc > 1) { /* the new image: one descriptor has stayed, another has not */
		touch(atoi(argv[1]), "after_exec");
		openat(atoi(argv[2]), "closed_at_exec", O_RDONLY);
		return 0;
	}
	mkdir("one", 0700), mkdir("two", 0700), mkdir("two/deep", 0700);
	fd = open("one", O_RDONLY | O_DIRECTORY);
	touch(fd, "by_open");
	other = dup(fd), close(fd);
	touch(other, "by_dup");
	fd = open("two", O_RDONLY);          /* the number of before */
	touch(fd, "by_the_same_number");
	dup2(other, fd);
	touch(fd, "by_dup2");
	close(fd), close(other);
	fd = fcntl(open("two", O_RDONLY), F_DUPFD, 50);
	touch(fd, "by_fcntl");
	close_range(50, ~0u, 0);
	fd = open("one", O_RDONLY | O_DIRECTORY);
	pair[0] = dup(fd), other = dup(pair[0]), close(fd), close(pair[0]);
	touch(other, "by_copys_copy");
	pair[0] = dup(other);
	fd = open("two/by_fcntl", O_RDONLY), pair[1] = open("two", O_RDONLY); /* the numbers that were copied stand for something else */
	touch(pair[0], "by_late_copy");
	touch(pair[1], "by_number_of_copy");
	close(fd), close(other), close(pair[0]), close(pair[1]);
	fd = open("one", O_RDONLY);
	for (int i = 0; i < 3; i++) {        /* the same again and again: an audit records it once */
		close(fd);
		fd = open("two/deep", O_RDONLY);
	}
	touch(fd, "again");
	rename("two", "three");              /* it takes our folder along */
	touch(fd, "renamed");
	fchdir(fd);
	touch(AT_FDCWD, "by_fchdir");
	chdir("../..");
	touch(AT_FDCWD, "back");
	if (fork() == 0) {
		chdir("one"), touch(AT_FDCWD, "by_child");
		_exit(touch(fd, "by_childs_descriptor") != 1);
	}
	wait(NULL);
	touch(AT_FDCWD, "parents_own");
	if (vfork() == 0) {
		close(fd);
		fd = open("one", O_RDONLY);
		openat(fd, "by_vfork_child", O_RDONLY);
		_exit(0);
	}
	wait(NULL);
	fd = fd;
	socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
	other = open("one", O_RDONLY);
	pass_descriptor(pair[0], other);
	close(other);
	other = take_descriptor(pair[1]);
	touch(other, "by_message");
	close(other);
	touch(AT_FDCWD, "line\nbreak");
	touch(AT_FDCWD, "no utf8 \377\376 \"quoted\" \\");
	memset(longest, 'x', sizeof longest);
	longest[4095] = 0;
	open(longest, O_RDONLY);
	longest[4095] = 'x', longest[4199] = 0;
	open(longest, O_RDONLY);
	open(NULL, O_RDONLY);
	char *end = (char *)mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) + 4096;
	munmap(end, 4096);
	open(memcpy(end - 8, "/no_end_", 8), O_RDONLY);
	open((char *)1, O_RDONLY);
	syscall(SYS_openat, AT_FDCWD, (char *)-4096, O_RDONLY);
	open("", O_RDONLY);
	sprintf(longest, "/proc/self/fd/%d", pair[0]);
	open(longest, O_PATH);
	mkdir("gone", 0700), chdir("gone"), rmdir("../gone");
	open("in_removed", O_RDONLY);
	chdir("../one");
	fd = open(".", O_RDONLY), other = open("../three", O_RDONLY | O_CLOEXEC);
	char numbers[2][12];
	sprintf(numbers[0], "%d", fd), sprintf(numbers[1], "%d", other);
	execl("../paths", "paths", numbers[0], numbers[1], NULL);
	return 1;
}
C
cc -w -o paths paths.c || fail "it does not compile"

for mode in all audit; do
	rm -rf one two three line* no* recording.$mode
	"$SYSSHIM" run -q --record=recording.$mode -e trace=$mode -- ./paths || fail "$mode: exit status $?"
	"$SYSSHIM" files --json --all recording.$mode >$mode.json || fail "files: exit status $?"
done

python3 - "$PWD" <<'PY' || exit 1
import json, sys
here, wrong = sys.argv[1], 0
longest = "x" * 4095
# path below here, resolved, access or errno; None: either
expected = {
    "one/by_open": "wc", "one/by_dup": "wc", "two/by_the_same_number": "wc", "one/by_dup2": "wc", "two/by_fcntl": "rwc", "one/by_copys_copy": "wc", "one/by_late_copy": "wc", "two/by_number_of_copy": "wc", "two/deep/again": "wc",
    "three/deep/renamed": "wc", "three/deep/by_fchdir": "wc", "back": "wc", "one/by_child": "wc", "three/deep/by_childs_descriptor": "wc",
    "parents_own": "wc", "one/by_vfork_child": "ENOENT", "line\nbreak": "wc", "gone/in_removed": "ENOENT", "one/after_exec": "wc",
}
for mode in "all", "audit":
    rows, gaps = {}, None
    for line in open(f"{mode}.json", encoding="utf-8"):
        row = json.loads(line)
        if "coverage" in row:
            gaps = row
        else:
            rows[row["path"]] = row
    def check(path, want):
        global wrong
        row = rows.get(path)
        if not row or (want not in row["errnos"] if want.startswith("E") else row["access"] != want):
            print(f"{mode}: {path!r}: {row}, not {want}")
            wrong = 1
    for path, want in expected.items():
        # Where the folder stands that has gone, or is no child of ours any more, depends on links: `..` stays.
        found = [p for p in rows if p == f"{here}/{path}" or p.endswith("/../../" + path) or p.endswith("/gone/../" + path)]
        check(found[0] if len(found) == 1 else f"{here}/{path} {found}", want)
    if not [p for p in rows if p.startswith(here) and p.endswith(longest) and "ENAMETOOLONG" in rows[p]["errnos"]]:
        print(f"{mode}: the longest path is not there")
        wrong = 1
    # One that came by a message: an audit has asked what it is, else it is not known.
    by_message = [p for p in rows if p.endswith("by_message")]
    want = ["?/by_message"] if mode == "all" else [f"{here}/one/by_message"]
    if by_message != want or rows[want[0]]["resolved"] != (mode == "audit"):
        print(f"{mode}: {by_message}, not {want}")
        wrong = 1
    # A descriptor that is not there any more is not what it was.
    closed = [p for p in rows if p.endswith("closed_at_exec")]
    if closed != ["?/closed_at_exec"] or rows[closed[0]]["resolved"] or rows[closed[0]]["errnos"] != ["EBADF"]:
        print(f"{mode}: closed at exec: {closed}")
        wrong = 1
    if not [p for p in rows if p.startswith("/proc/self/fd/")]:
        print(f"{mode}: /proc/self/fd/N is not there as given")
        wrong = 1
    if [p for p in rows if "no_end" in p]:
        print(f"{mode}: what has no end in memory, and was no path to the kernel, is there as one")
        wrong = 1
    odd = [p for p in rows if "quoted" in p]
    if len(odd) != 1 or "\\" not in odd[0]:
        print(f"{mode}: odd bytes: {odd}")
        wrong = 1
    if gaps["paths_unresolved"] != (2 if mode == "all" else 1):
        print(f"{mode}: {gaps['paths_unresolved']} paths are not resolved")
        wrong = 1
sys.exit(wrong)
PY
"$SYSSHIM" trace recording.all 2>/dev/null | grep -q 'NULL.*EFAULT' || fail "the bad pointer is not in the recording"
