#!/bin/bash
# SYSSHIM_INJECT and `run --inject` do what strace -e inject= does with the same rule: the program's output, its status, the files it leaves and
# the log's lines are the same. Real programs meet the errors where they stand; turns are counted by call and by process. No write with a
# rule is gathered, others are. Wrong rules are one line that names what is wrong; with the variable the program runs on natively.
# timeout: 240
set -u
. "$SRC/tests/lib/lib.sh"
need_strace

cat >calls.c <<'C'
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* What each call said; told at the end by a call that no rule is for. */
static char told[1 << 16];
static int told_size, files;

static void tell(const char *call, long result)
{
	int error = errno;

	told_size += sprintf(told + told_size, "%s %ld %s\n", call, result, result < 0 ? strerror(error) : "");
}

static void on_signal(int signal)
{
	tell("handler", signal);
}

static void writes(int count)
{
	for (int i = 0; i < count; i++)
		tell("write", write(files, "abcdefgh", 8));
}

int main(int argc, char **argv)
{
	char bytes[16] = "";
	struct iovec parts[3] = {{"ab", 2}, {"cdef", 4}, {"gh", 2}};
	int zero, ends[2];

	signal(SIGUSR1, on_signal);
	signal(SIGSEGV, on_signal);
	files = open("file", O_RDWR | O_CREAT | O_TRUNC, 0644);
	zero = open("/dev/zero", O_RDONLY);
	if (pipe(ends) != 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0)
		return 2;
	writes(6);
	tell("pipe", write(ends[1], "abc", 3));
	for (int i = 0; i < 3; i++) {
		tell("pread", pread(zero, bytes, sizeof bytes, 0));
		tell("writev", writev(files, parts, 3));
		tell("pwrite", pwrite(files, "XY", 2, 1));
		tell("lseek", lseek(files, 0, SEEK_CUR));
		tell("mkdir", mkdir(i % 2 ? "one" : "two", 0755));
		tell("fsync", fsync(files));
	}
	tell("readable", lseek(files, 0, SEEK_SET));
	for (int i = 0; i < 4; i++)
		tell("read of a pipe", i % 2 ? write(ends[1], "z", 1) : read(ends[0], bytes, 2));
	if (argc > 1) {
		/* a child counts from the start */
		pid_t child = fork();
		if (child == 0) {
			writes(4);
			pwrite(1, "", 0, 0);
			struct iovec all = {told, (size_t)told_size};
			_exit(writev(1, &all, 1) < 0 ? 3 : 0);
		}
		tell("wait", waitpid(child, NULL, 0) == child);
		writes(3);
	}
	struct iovec all = {told, (size_t)told_size};
	return vmsplice(1, &all, 1, 0) < 0 && printf("%.*s", told_size, told) < 0;
}
C
cc -O1 -o calls calls.c || fail "it does not compile"

# lines FILE: the log's lines, without process, time and duration; signals that are handled are not in ours
lines() {
	sed -E -e 's/^[0-9]+ +([0-9]+\.[0-9]+ )?//' -e 's/ <[0-9.]+>$//' -e 's/\) += /) = /' -e '/^\+\+\+ exited|^--- SIG/d' "$1"
}

# one NAME RULE COMMAND...: the same under strace and under the shim
one() {
	local name=$1 rule=$2 way
	shift 2
	rm -rf "$name".*
	mkdir "$name.strace" "$name.shim"
	local set=${rule%%:*}
	(cd "$name.strace" && timeout 20 strace -f -a1 -s 32 -o "../$name.strace.log" -e trace="$set" -e signal=all -e inject="$rule" "$@") >"$name.strace.out" 2>"$name.strace.err" </dev/null
	echo $? >"$name.strace.status"
	(cd "$name.shim" && timeout 20 env LD_PRELOAD="$SHIM" SYSSHIM_LOG="$PWD/../$name.shim.log" SYSSHIM_DATA=32 SYSSHIM_STATS=off SYSSHIM_TRACE="$set" SYSSHIM_INJECT="$rule" "$@") \
		>"$name.shim.out" 2>"$name.shim.err" </dev/null
	echo $? >"$name.shim.status"
	for way in status out err; do
		diff "$name.strace.$way" "$name.shim.$way" || fail "$rule: $*: $way is not as with strace"
	done
	diff -r "$name.strace" "$name.shim" || fail "$rule: $*: the files are not as with strace"
	grep -qE 'INJECTED|DELAYED|SIG' "$name.strace.log" || fail "$rule: $*: strace injects nothing, so nothing was asked"
}

# same NAME RULE COMMAND...: the log too
same() {
	one "$@"
	diff <(lines "$1.strace.log") <(lines "$1.shim.log") || fail "$2: the log is not as strace's"
}

n=0
for rule in write:error=EIO:when=2 write:error=ENOSPC:when=3+ write:error=EINTR:when=1+2 write:error=EIO:when=2..5+2 write:retval=3:when=2 write:retval=0:when=1..2 \
	writev:error=EDQUOT:when=2 pwrite64:retval=2 mkdir:error=EACCES:when=3 fsync:error=EIO lseek:error=ESPIPE:when=2+ write,writev,mkdir:error=EIO:when=2 \
	write:signal=USR1:when=2 write:signal=USR1:when=2+3 write:error=EIO:signal=SIGUSR1:when=3 write:signal=TERM:when=4 mkdir:signal=10:when=1 \
	write:signal=SEGV:when=2 write:signal=RT_3:when=3 write:delay_enter=1000:when=2 mkdir:delay_exit=1ms fsync:error=EIO:delay_enter=100us:when=2; do
	n=$((n + 1))
	same rule$n "$rule" "$PWD/calls"
done
# nobody can write that it was killed
one kill write:signal=KILL:when=4 "$PWD/calls"
# a forked child counts from one
one child write:error=EIO:when=2 "$PWD/calls" child
[ "$(cat child.shim.log* | grep -c INJECTED)" -eq 2 ] || fail "a child does not count from one: $(cat child.shim.log*)"

# real programs
seq 1 30000 >numbers
one sort fsync,write:error=ENOSPC:when=2 sort -o sorted -r "$PWD/numbers"
one seq write:error=EIO:when=3 sh -c 'seq 1 30000 >made'
one retried write:retval=100:when=1 sh -c 'seq 1 2000 >made'
one dd fsync:error=EIO dd if="$PWD/numbers" of=copy conv=fsync status=none
one mkdir mkdir:error=EDQUOT:when=2 mkdir a b c
touch a b c d
one rm unlinkat:error=EPERM:when=2+2 rm -f "$PWD/a" "$PWD/b" "$PWD/c" "$PWD/d"
one mv renameat2,rename:error=EXDEV:when=1 sh -c 'echo text >from; mv from to'
one cp copy_file_range,ioctl:error=EOPNOTSUPP sh -c "cp $PWD/numbers copy"
one fork clone,clone3,vfork:error=ENOMEM:when=1 bash -c 'true; /bin/true; echo $?'
one killed write:signal=KILL:when=2 bash -c 'echo a; echo b; echo c'
one trapped write:signal=USR1:when=2 bash -c 'trap "echo trapped" USR1; echo a; echo b; echo c'
# the interpreter itself, not a script that looks for it
python=$(python3 -c 'import sys; print(sys.executable)')
one python mkdir:error=ENOSPC:when=2 "$python" -c 'import os
for name in "abc":
    try:
        os.mkdir(name)
    except OSError as error:
        print(error)'
# a vfork child has counts of its own: the first dup2 of each fails
one spawn dup2:error=EBUSY:when=1 "$python" -c 'import subprocess
for i in range(2):
    try:
        print(subprocess.run(["echo", "x"], stdout=subprocess.PIPE).stdout)
    except OSError as error:
        print(error)'
one exec execve:error=ENOENT:when=1 sh -c 'exec /bin/echo no'

# short=N, which strace does not have: bytes move, but no more than N
mkdir short && (cd short && shimmed SYSSHIM_STATS=off SYSSHIM_INJECT='write:short=3;writev:short=3:when=2;pread64:short=5;read:short=1' ../calls) >short.out || fail "short=: status $?"
[ "$(grep -c '^write 3 ' short.out)" -eq 6 ] && [ "$(grep '^writev' short.out | tr -d '\n')" = "writev 8 writev 3 writev 8 " ] && [ "$(grep -c '^pread 5 ' short.out)" -eq 3 ] &&
	[ "$(grep '^read of a pipe' short.out | head -1)" = "read of a pipe 1 " ] || fail "short=: $(cat short.out)"
(cd short && shimmed SYSSHIM_STATS=off SYSSHIM_INJECT=write:short=1000 sh -c "cat ../numbers >whole") && cmp short/whole numbers || fail "short=: cat loses bytes"

# recordings and JSON say so
mkdir said && shimmed SYSSHIM_LOG="$PWD/json" SYSSHIM_LOG_FORMAT=json SYSSHIM_STATS=off SYSSHIM_INJECT=mkdir:error=EIO:when=2 sh -c 'cd said; mkdir a b c' 2>/dev/null
[ "$(cat json* | grep -c '"call":"mkdir".*"errno":"EIO".*"injected":true}')" -eq 1 ] && [ "$(cat json* | grep -c injected)" -eq 1 ] || fail "JSON: $(cat json* | grep mkdir)"
rm -rf said/*
"$SYSSHIM" run -q --record=recording --inject=mkdir:error=EIO:delay_exit=10:when=2 sh -c 'cd said; mkdir a b c' 2>/dev/null
"$SYSSHIM" trace -e mkdir recording >text 2>/dev/null
[ "$(grep -c 'mkdir("b", 0777) = -1 EIO (Input/output error) (INJECTED) (DELAYED) <' text)" -eq 1 ] && [ "$(grep -c INJ text)" -eq 1 ] || fail "a recording: $(cat text)"
[ "$("$SYSSHIM" trace --json recording | grep -c '"injected":true}')" -eq 1 ] || fail "a recording as JSON"
# NB: a path that the kernel has not read is not read as it stands: opens of bad pointers are answered too
cat >bad.c <<'C'
#include <errno.h>
#include <fcntl.h>
int main(void) { return open((const char *)16, O_RDONLY) == -1 && errno == ENOENT ? 0 : 1; }
C
cc -o bad bad.c && "$SYSSHIM" run -q --record=bad.recording --inject=openat:error=ENOENT ./bad || fail "a bad pointer and an error that was injected: $?"

# no write with a rule is gathered, also where it is not its turn; writes without one are
cat >bursts.c <<'C'
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	struct iovec part = {"abcdefg\n", 8};
	for (int i = 0; i < 3000; i++)
		if ((argc > 1 ? writev(1, &part, 1) : write(1, "abcdefg\n", 8)) != 8)
			return i == 2000 ? 9 : 1;
	return 0;
}
C
cc -O1 -o bursts bursts.c || fail "bursts.c does not compile"
shimmed SYSSHIM_STATS="$PWD/stats1" SYSSHIM_STATS_FORMAT=json SYSSHIM_INJECT=write:error=EIO:when=2001 ./bursts >made
[ $? -eq 9 ] && [ "$(wc -c <made)" -eq 16000 ] || fail "the 2001st write of a burst does not fail: $(wc -c <made)"
grep -q '"batches":{"count":0' stats1 || fail "writes with a rule were gathered"
shimmed SYSSHIM_STATS="$PWD/stats2" SYSSHIM_STATS_FORMAT=json SYSSHIM_INJECT=write:error=EIO:when=2001 ./bursts vector >made || fail "writev has no rule"
coalesced stats2
for settings in SYSSHIM_LOG=off "SYSSHIM_LOG=$PWD/burst.log" SYSSHIM_TIMING=off SYSSHIM_DISPATCH=always; do
	env LD_PRELOAD="$SHIM" SYSSHIM_LOG=off SYSSHIM_STATS=off "$settings" SYSSHIM_INJECT=write:error=EIO:when=2001 ./bursts >made
	[ $? -eq 9 ] && [ "$(wc -c <made)" -eq 16000 ] || fail "$settings: the 2001st write does not fail"
done

# calls that are not rewritten by default
cat >pid.c <<'C'
#include <stdio.h>
#include <unistd.h>
int main(void) { printf("%d %d\n", (int)getppid(), (int)getuid()); return 0; }
C
cc -o pid pid.c && [ "$(shimmed SYSSHIM_STATS=off SYSSHIM_INJECT='getppid:retval=77;getuid:retval=88' ./pid)" = "77 88" ] || fail "getppid: $(shimmed SYSSHIM_STATS=off SYSSHIM_INJECT=getppid:retval=77 ./pid)"

# threads that cannot be made, and calls of threads
cat >thread.c <<'C'
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
static void *run(void *argument) { return (void *)(write(1, "x", 1) == -1 ? (long)errno : 0L); }
int main(void)
{
	pthread_t thread;
	void *result = NULL;
	int error = pthread_create(&thread, NULL, run, NULL);
	if (!error)
		pthread_join(thread, &result);
	printf("%d %ld\n", error, (long)result);
	return 0;
}
C
cc -pthread -o thread thread.c || fail "thread.c does not compile"
[ "$(shimmed SYSSHIM_STATS=off SYSSHIM_INJECT=clone3,clone:error=EAGAIN ./thread)" = "11 0" ] || fail "pthread_create does not fail"
[ "$(shimmed SYSSHIM_STATS=off SYSSHIM_INJECT=write:error=EIO:when=1 ./thread)" = "0 5" ] || fail "a thread's write does not fail"

# the command: the variable, and what is wrong
"$SYSSHIM" run -q --record=off --inject=/^mkdir:error=EROFS --inject=rmdir:error=EBUSY sh -c 'mkdir x; rmdir short; echo $SYSSHIM_INJECT' >out 2>err
grep -q 'Read-only' err && grep -q 'busy' err && grep -qx 'mkdir,mkdirat:error=EROFS;rmdir:error=EBUSY' out || fail "--inject: $(cat out err)"
"$SYSSHIM" run -q --record=off -e inject=mkdir:error=EROFS mkdir x 2>err && fail "-e inject= does nothing"
"$SYSSHIM" run -q --record=off -e fault=mkdir mkdir x 2>err && fail "-e fault= does nothing"
grep -q 'not implemented' err || fail "-e fault=: $(cat err)"
"$SYSSHIM" run -q --record=off -e fault=mkdir:error=EIO:when=1 mkdir x 2>err && fail "-e fault=mkdir:error=EIO"
grep -q 'output error' err || fail "-e fault=mkdir:error=EIO: $(cat err)"
# shellcheck disable=SC2046
"$SYSSHIM" run -q --record=off $(printf -- '--inject=write:retval=%d ' {1..17}) touch started 2>err
[ $? -eq 2 ] && [ ! -e started ] && [ "$(cat err)" = "sysshim run: --inject=write:retval=17: at most 16 rules" ] || fail "17 times --inject: $(cat err)"
for rule in "" write nonsense:error=EIO write:error=EFOO write:when=2 write:error=EIO:when=0 close:short=2 write:bogus=2 /nothing_like_it:error=EIO; do
	"$SYSSHIM" run -q --inject="$rule" touch started 2>err
	[ $? -eq 2 ] && [ ! -e started ] && [ "$(wc -l <err)" -eq 1 ] || fail "--inject=$rule: $(cat err)"
	[[ $rule == /* ]] && continue
	shimmed SYSSHIM_STATS=off SYSSHIM_INJECT="$rule" sh -c 'exit 7' 2>err
	[ $? -eq 7 ] && [ "$(wc -l <err)" -eq 1 ] && grep -qF "SYSSHIM_INJECT=$rule: allowed is" err || fail "SYSSHIM_INJECT=$rule: $(cat err)"
done
many=$(printf 'write:retval=%d;' {1..17})mkdir:error=EIO
shimmed SYSSHIM_STATS=off SYSSHIM_INJECT="$many" sh -c 'mkdir made.all' 2>err
[ $? -eq 0 ] && [ "$(grep -c 'room for 16 rules' err)" -eq 1 ] || fail "too many rules: $(cat err)"
exit 0
