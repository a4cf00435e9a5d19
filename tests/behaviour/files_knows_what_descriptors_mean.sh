#!/bin/bash
# What `sysshim files` says of descriptors whose meaning is not plain: a close that is recorded behind the next open of its number, FIOCLEX, files
# without a name that get one (O_TMPFILE), names that are made again, a tee(2), an exec of a file that was only read, a rename that does nothing, a
# vfork child that unshares, a root folder that nobody climbs out of; and what it cannot know it says.
set -u
. "$SRC/tests/lib/lib.sh"

cat >meanings.c <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int fd;

static void *closer(void *none)
{
	close(fd); /* comes back 0.3 s late (SYSSHIM_INJECT) */
	return none;
}

static int late(void)
{
	pthread_t thread;

	fd = open("first", O_WRONLY | O_CREAT, 0600);
	pthread_create(&thread, NULL, closer, NULL);
	usleep(100000);
	int second = open("second", O_WRONLY | O_CREAT, 0600);
	pthread_join(thread, NULL);
	return second != fd || write(second, "0123456789", 10) != 10;
}

/* Bytes into the pipe that has the numbers of two files which are gone are nobody's; bytes to a file that was kept are its own. */
static int executed(char *last)
{
	char bytes[8];
	int p[2];

	if (strcmp(last, "kept") == 0)
		return write(9, "kept", 4) != 4;
	return pipe(p) || p[0] != 3 || write(p[1], "12345678", 8) != 8 || read(p[0], bytes, 8) != 8;
}

static int exec_with(const char *self, int keep)
{
	int a = open("aa", O_RDWR | O_CREAT, 0600), b = open("bb", O_RDWR | O_CREAT, 0600);

	if (keep) {
		fcntl(a, F_DUPFD_CLOEXEC, 9);
		return ioctl(9, FIONCLEX) || execl(self, self, "executed", "kept", NULL);
	}
	return ioctl(a, FIOCLEX) || ioctl(b, FIOCLEX) || execl(self, self, "executed", "gone", NULL);
}

static int nameless(void)
{
	char path[64];
	int first = open(".", O_TMPFILE | O_RDWR, 0600), second = open(".", O_TMPFILE | O_WRONLY, 0600), third = open(".", O_TMPFILE | O_WRONLY, 0600);

	if (first < 0)
		return 77;
	snprintf(path, sizeof path, "/proc/self/fd/%d", first);
	if (write(first, "one", 3) != 3 || linkat(AT_FDCWD, path, AT_FDCWD, "linked1", AT_SYMLINK_FOLLOW) || write(first, "more", 4) != 4)
		return 1;
	snprintf(path, sizeof path, "/proc/%d/fd/%d", getpid(), second);
	if (write(second, "two", 3) != 3 || linkat(AT_FDCWD, path, AT_FDCWD, "linked2", AT_SYMLINK_FOLLOW))
		return 1;
	return write(third, "never named", 11) != 11;
}

static int again(void)
{
	return mkdir("folder", 0700) || rmdir("folder") || mkdir("folder", 0700) || symlink("x", "link") || unlink("link") || symlink("y", "link") ||
	       mkfifo("fifo", 0600) || unlink("fifo") || mkfifo("fifo", 0600);
}

/* No exec of it has succeeded, whatever else has been done with it. */
static int refused(void)
{
	close(open("data", O_RDONLY));
	return execl("data", "data", NULL) != -1;
}

static int itself(void)
{
	close(open("elsewhere/in_it", O_RDONLY));
	return rename("elsewhere", "elsewhere") || rename("elsewhere/../elsewhere", "elsewhere");
}

/* A vfork child is no thread: what it parts from its parent with is its own. */
static int parted(void)
{
	if (vfork() == 0)
		_exit(unshare(CLONE_FS | CLONE_FILES) || open("data", O_RDONLY) < 0 || openat(open(".", O_RDONLY), "other", O_RDONLY) < 0);
	int status;
	return wait(&status) < 0 || status;
}

static int teed(void)
{
	int from, to;

	if (mkfifo("from", 0600) || mkfifo("to", 0600))
		return 1;
	from = open("from", O_RDWR), to = open("to", O_RDWR);
	return write(from, "four", 4) != 4 || tee(from, to, 4, 0) != 4;
}

static int rooted(void)
{
	mkdir("root", 0700);
	close(open("root/inside", O_WRONLY | O_CREAT, 0600));
	if (chroot("root") && (unshare(CLONE_NEWUSER) || chroot("root")))
		return 77;
	return chdir("/") || chdir("..") || open("../inside", O_RDONLY) < 0;
}

static int shared(long flags)
{
	char byte;
	int data = open("data", O_RDONLY);

	if (syscall(SYS_clone, flags | 17 /* SIGCHLD */, 0, 0, 0, 0) == 0) {
		if (flags & CLONE_FILES)
			dup2(open("other", O_RDONLY), data);
		else
			chdir("elsewhere");
		_exit(0);
	}
	wait(NULL);
	return read(data, &byte, 1) != 1 || (flags & CLONE_FS && open("in_it", O_RDONLY) < 0);
}

/* It works in a folder that only the other process knows to be under this number. */
static int went(void)
{
	int fd = open("elsewhere", O_RDONLY), status;

	if (syscall(SYS_clone, CLONE_FILES | 17 /* SIGCHLD */, 0, 0, 0, 0) == 0)
		_exit(dup2(open("root", O_RDONLY), fd) != fd);
	wait(&status);
	return status || fchdir(fd) || open("gone_to", O_WRONLY | O_CREAT, 0600) < 0;
}

static volatile int goes_on;

static void *goer(void *none)
{
	while (!goes_on)
		sched_yield();
	return open("by_thread", O_WRONLY | O_CREAT, 0600) < 0 ? (void *)&goes_on : none;
}

/* Of a thread nobody has heard when the first one parts with it. */
static int parted_threads(void)
{
	pthread_t thread;
	void *bad;

	pthread_create(&thread, NULL, goer, NULL);
	usleep(100000);
	if (unshare(CLONE_FS) || chdir("elsewhere"))
		return 1;
	goes_on = 1;
	pthread_join(thread, &bad);
	return bad != NULL;
}

/* A vfork child has another number for itself than its parent has for it. */
static int numbered(void)
{
	int status;

	if (unshare(CLONE_NEWPID))
		return 77;
	if (vfork() == 0)
		_exit(chdir("elsewhere") || open("by_process_1", O_WRONLY | O_CREAT, 0600) < 0);
	return wait(&status) < 0 || status || open("by_its_parent", O_WRONLY | O_CREAT, 0600) < 0;
}

/* A folder that is open is renamed by a descriptor that came by a message. */
static int renamed_by_message(void)
{
	char room[CMSG_SPACE(sizeof(int))] = {0}, byte = 'x';
	struct iovec one = {&byte, 1};
	struct msghdr m = {.msg_iov = &one, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
	int pair[2], here = open(".", O_RDONLY), fd, folder, inside;

	if (mkdir("renamed", 0700) || mkdir("renamed/inside", 0700) || socketpair(AF_UNIX, SOCK_DGRAM, 0, pair))
		return 1;
	folder = open("renamed", O_RDONLY), inside = open("renamed/inside", O_RDONLY);
	*CMSG_FIRSTHDR(&m) = (struct cmsghdr){CMSG_LEN(sizeof here), SOL_SOCKET, SCM_RIGHTS};
	memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), &here, sizeof here);
	if (sendmsg(pair[0], &m, 0) != 1 || recvmsg(pair[1], &m, 0) != 1)
		return 1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fd);
	return renameat(fd, "renamed", fd, "has_another_name") || openat(folder, "in_renamed", O_WRONLY | O_CREAT, 0600) < 0 ||
	       openat(inside, "in_inside", O_WRONLY | O_CREAT, 0600) < 0 || openat(here, "still_here", O_WRONLY | O_CREAT, 0600) < 0;
}

static int taken(void)
{
	int p[2];
	char byte;

	if (pipe(p))
		return 1;
	pid_t child = fork();
	if (!child) {
		dup2(open("data", O_RDONLY), 20);
		write(p[1], "x", 1);
		pause();
	}
	read(p[0], &byte, 1);
	long pidfd = syscall(SYS_pidfd_open, child, 0), theirs = syscall(438 /* pidfd_getfd */, pidfd, 20, 0);
	int bad = theirs < 0 ? 77 : read((int)theirs, &byte, 1) != 1;
	kill(child, 9);
	wait(NULL);
	return bad;
}

int main(int count, char **arguments)
{
	const char *what = count > 1 ? arguments[1] : "";

	return strcmp(what, "late") == 0	? late()
	       : strcmp(what, "executed") == 0	? executed(arguments[2])
	       : strcmp(what, "gone") == 0	? exec_with(arguments[0], 0)
	       : strcmp(what, "kept") == 0	? exec_with(arguments[0], 1)
	       : strcmp(what, "nameless") == 0	? nameless()
	       : strcmp(what, "again") == 0	? again()
	       : strcmp(what, "refused") == 0	? refused()
	       : strcmp(what, "itself") == 0	? itself()
	       : strcmp(what, "parted") == 0	? parted()
	       : strcmp(what, "teed") == 0	? teed()
	       : strcmp(what, "rooted") == 0	? rooted()
	       : strcmp(what, "files") == 0	? shared(CLONE_FILES)
	       : strcmp(what, "folder") == 0	? shared(CLONE_FS)
	       : strcmp(what, "taken") == 0	? taken()
	       : strcmp(what, "went") == 0	? went()
	       : strcmp(what, "numbered") == 0	? numbered()
	       : strcmp(what, "threads") == 0	? parted_threads()
	       : strcmp(what, "message") == 0	? renamed_by_message()
						: 2;
}
C
sed -i 's/#include <pthread.h>/&\n#include <signal.h>/' meanings.c
gcc -O1 -o meanings meanings.c -lpthread 2>gcc.err || fail "no program: $(cat gcc.err)"
echo data >data && echo other >other && mkdir elsewhere && echo in >elsewhere/in_it

# recorded WHAT [NAME=VALUE...]: in a recording of its own
recorded() {
	local what=$1 status
	shift
	env LD_PRELOAD="$SHIM" SYSSHIM_STATS=off SYSSHIM_LOG="$PWD/$what.recording" SYSSHIM_LOG_FORMAT=binary "$@" "$PWD/meanings" "$what"
	status=$?
	[ $status -ne 77 ] || skip "$what: the kernel or the file system refuses it"
	[ $status -eq 0 ] || fail "$what: status $status"
	"$SYSSHIM" files --all --json "$what.recording" >"$what.json" 2>"$what.err" || fail "files: $?"
	"$SYSSHIM" files --all "$what.recording" >"$what.out" 2>>"$what.err" || fail "files: $?"
}

recorded late SYSSHIM_INJECT='close:delay_exit=300ms:when=1'
recorded gone && recorded kept && recorded nameless && recorded again && recorded refused && recorded itself && recorded parted && recorded teed && recorded files && recorded folder && recorded taken
recorded rooted
recorded went && recorded threads && recorded message && recorded numbered
"$SYSSHIM" files --format=make nameless.recording >rule 2>/dev/null
"$SYSSHIM" trace -y -e openat,read folder.recording >named 2>/dev/null
"$SYSSHIM" trace -y -e close late.recording >closed 2>/dev/null
"$SYSSHIM" stat --by=file nameless.recording >by_file 2>/dev/null
# Renamed there, on, and back; and there, where it was removed, and another one comes back.
mkdir back_f back_k && echo x >back_f/in && echo x >back_k/in
"$SYSSHIM" run -q --record=back.recording -- sh -c 'cat back_f/in back_k/in; mv back_f back_g; mv back_g back_h; mv back_h back_f; mv back_k back_l; rm -r back_l; mkdir back_l; mv back_l back_k' >/dev/null ||
	fail "back: status $?"
"$SYSSHIM" files --json --all back.recording >back.json
python3 - "$PWD" <<'P' || fail "not what the program has done"
import json, re, sys
def rows(name):
    return {row["path"]: row for row in map(json.loads, open(name + ".json")) if "path" in row}
def of(name, path):
    return rows(name)[sys.argv[1] + "/" + path]
def said(name):
    return open(name + ".out").read() + open(name + ".err").read()
assert "/second>" not in open("closed").read(), open("closed").read()
assert "without a name: 11 bytes" in said("nameless") and "(without a name): 3 opens, 0 reads of 0 bytes, 1 write of 11 bytes" in open("by_file").read(), (said("nameless"), open("by_file").read())
assert of("late", "second")["written_bytes"] == 10 and of("late", "first")["written_bytes"] == 0, rows("late")
assert all(of("gone", path)[key] == 0 for path in ("aa", "bb") for key in ("read_bytes", "written_bytes")), rows("gone")
assert of("kept", "aa")["written_bytes"] == 4, of("kept", "aa")
assert of("nameless", "linked1")["written_bytes"] == 7 and of("nameless", "linked2")["written_bytes"] == 3, rows("nameless")
folder = rows("nameless")[sys.argv[1]]
assert folder["written_bytes"] == 0 and "w" not in folder["access"], folder
targets = open("rule").read().split(":")[0].split()
assert sys.argv[1] + "/linked1" in targets and sys.argv[1] not in targets, targets
assert not any(of("again", path)["removed"] for path in ("folder", "link", "fifo")), rows("again")
assert of("refused", "data")["access"] == "r" and of("refused", "data")["opens"] == 1 and of("refused", "data")["failed"] == 1, of("refused", "data")
assert not of("back", "back_f/in")["removed"] and of("back", "back_k/in")["removed"], rows("back")
assert not of("itself", "elsewhere/in_it")["removed"] and not of("itself", "elsewhere")["removed"], rows("itself")
assert of("parted", "data")["opens"] == 1 and of("parted", "other")["opens"] == 1 and not any(path[0] == "?" for path in rows("parted")), rows("parted")
assert of("teed", "from")["written_bytes"] == 4 and of("teed", "to")["written_bytes"] == 4, rows("teed")
assert of("files", "data")["read_bytes"] == 0 and of("files", "other")["read_bytes"] == 0 and "CLONE_FILES" in said("files"), (rows("files"), said("files"))
assert of("folder", "data")["read_bytes"] == 1 and "not resolved" in said("folder"), (rows("folder"), said("folder"))
assert "taken from other processes" in said("taken"), said("taken")
assert "root/inside" in {path[len(sys.argv[1]) + 1:] for path in rows("rooted")} and not any(".." in path for path in rows("rooted")), rows("rooted").keys()
for name, path in ("went", "gone_to"), ("threads", "by_thread"), ("message", "in_renamed"), ("message", "in_inside"):
    assert [p for p in rows(name) if p.endswith(path)] == ["?/" + path], (name, rows(name).keys())
assert of("numbered", "elsewhere/by_process_1")["opens"] == 1 and of("numbered", "by_its_parent")["opens"] == 1, rows("numbered").keys()
assert of("message", "still_here")["opens"] == 1, rows("message").keys()
named = open("named").read()
assert re.search(r'openat\(AT_FDCWD, "in_it"', named) and re.search(r"read\(\d+</[^>]*/data>", named), named
P
