#!/bin/bash
# timeout: 240
# sysshim run --trace-static: programs that cannot load the shim, and all that they start, are followed by ptrace. The paths that they open and
# execute, and how often with success and without, are strace's; output and exit status are the native ones; nothing is left behind.
set -u
. "$SRC/tests/lib/lib.sh"

command -v strace >/dev/null || skip "no strace"
busybox=$(command -v busybox) && ! LC_ALL=C readelf -lW "$busybox" 2>/dev/null | grep -q INTERP || skip "no static busybox"
mkdir bin work && cp "$SYSSHIM" bin/sysshim && ln -s "$SHIM" bin/libsysshim.so && ln -s "$BUILD/sysshim-tracer" bin/sysshim-tracer || fail "no copy of the command"
SYSSHIM=$PWD/bin/sysshim
cp "$busybox" work/busybox && cd work && mkdir -p d/e && echo hi >a && echo x >d/e/f || fail "no folder"
strace -qq -f -o ../log true 2>/dev/null && grep -q execve ../log || skip "nobody may trace here"

run() {
	"$SYSSHIM" run -q --trace-static "$@"
}

# same NAME PROGRAMS COMMAND...: natively under strace and with us. PROGRAMS: pattern of those that cannot load the shim; "": the command itself
same() {
	local name=$1 programs=$2 native
	shift 2
	strace -f -qq -e trace=%file,%process,fchdir,dup,dup2,dup3,fcntl,?fcntl64 -e signal=none -s 4096 -o "../$name.log" "$@" >../native.out 2>../native.err </dev/null
	native=$?
	run --record="../$name" "$@" >../traced.out 2>../traced.err </dev/null
	[ $? -eq $native ] || fail "$name: the exit status is not $native: $(cat ../traced.err)"
	diff ../native.out ../traced.out && diff ../native.err ../traced.err || fail "$name: the output is not the same"
	python3 "$SRC/tests/lib/traced_paths.py" "$SYSSHIM" "../$name" "../$name.log" "$PWD" "$programs" >../paths || fail "$name: $(cat ../paths)"
	"$SYSSHIM" files --json "../$name" | tail -n 1 | grep -q '"traced":[1-9].*"not_followed":{"static":0,' || fail "$name: the coverage: $("$SYSSHIM" files "../$name" | tail -n 1)"
	! "$SYSSHIM" files "../$name" | grep '^not followed' >../gaps || fail "$name: what was followed is said not to be: $(cat ../gaps)"
}

many='cat a; ls d; find d; ./nothere; cat </dev/null; cd d; cat e/f nowhere; cd ..; ls -R d; exit 7'
same busybox "" ./busybox sh -c "$many"
same children '^\.\.?/busybox' bash -c "./busybox cat a; cat a; (cd d; ../busybox true; cat e/f); ./busybox sh -c '/bin/cat a; /bin/ls d'; ./busybox sh -c '$many'; exit 3"

cat >threads.c <<'C_'
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
static void *work(void *number)
{
	char path[64];

	for (int i = 0; i < 50; i++) {
		snprintf(path, sizeof path, "d/t%ld_%d", (long)number, i % 7);
		close(open(path, O_CREAT | O_RDWR, 0600));
		open("d/nothing", O_RDONLY);
	}
	int folder = open("d/e", O_RDONLY | O_DIRECTORY), copy = dup(folder);
	close(folder);
	close(openat(copy, "f", O_RDONLY));
	return NULL;
}
static void *become(void *path)
{
	execl(path, path, "a", NULL);
	return NULL;
}
int main(int argc, char **argv)
{
	pthread_t threads[8];

	for (long i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, work, (void *)i);
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	if (argc < 2)
		return 9;
	pthread_create(threads, NULL, become, argv[1]);
	for (;;)
		pause();
}
C_
if cc -static -pthread -o threads threads.c 2>../cc.err; then
	same threads "" ./threads
	same becomes "" ./threads /bin/cat
else
	echo "threads: not tested, no static libc: $(head -n 1 ../cc.err)"
fi
if command -v musl-gcc >/dev/null && musl-gcc -static -o musl threads.c 2>../cc.err; then
	same musl '\./musl' sh -c './musl /bin/cat; ./musl; exit 4'
else
	echo "musl: not tested, no musl-gcc"
fi

# another word size: i386's own numbers and pointers
cat >thirty_two.c <<'C_'
static int call(int number, int a, int b, int c, int d)
{
	int result;

	__asm__ volatile("int $0x80" : "=a"(result) : "0"(number), "b"(a), "c"(b), "d"(c), "S"(d) : "memory");
	return result;
}
enum { EXIT = 1, FORK, WRITE = 4, OPEN, CLOSE, CREAT = 8, UNLINK = 10, EXECVE, CHDIR, ACCESS = 33, RENAME = 38, MKDIR, RMDIR, DUP, DUP2 = 63, READLINK = 85,
       WAIT4 = 114, FCHDIR = 133, STAT64 = 195, FCNTL64 = 221, OPENAT = 295, FSTATAT64 = 300, EXECVEAT = 358, AT_FDCWD = -100 };
#define P(text) ((int)(text))
static char room[200];
void _start(void)
{
	char *arguments[] = {"/bin/cat", "a", 0};
	int here = call(OPEN, P("."), 0200000, 0, 0), folder = call(OPEN, P("d"), 0200000, 0, 0), copy = call(DUP, folder, 0, 0, 0), other = call(FCNTL64, copy, 0, 20, 0);

	call(CLOSE, folder, 0, 0, 0);
	call(OPENAT, copy, P("e/f"), 0, 0);
	call(OPENAT, other, P("nothing"), 0, 0);
	call(DUP2, other, 30, 0, 0);
	call(FSTATAT64, 30, P("e"), P(room), 0);
	call(ACCESS, P("a"), 4, 0, 0);
	call(STAT64, P("nowhere"), P(room), 0, 0);
	call(READLINK, P("/proc/self/exe"), P(room), 100, 0);
	call(MKDIR, P("made"), 0700, 0, 0);
	call(CREAT, P("made/file"), 0600, 0, 0);
	call(UNLINK, P("made/file"), 0, 0, 0);
	call(RENAME, P("made"), P("other"), 0, 0);
	call(RMDIR, P("other"), 0, 0, 0);
	call(OPEN, 4, 0, 0, 0);
	int child = call(FORK, 0, 0, 0, 0);
	if (!child) {
		call(CHDIR, P("d/e"), 0, 0, 0);
		call(OPEN, P("f"), 0, 0, 0);
		call(EXECVE, P("nothing"), P(arguments), 0, 0);
		call(EXIT, 4, 0, 0, 0);
	}
	call(WAIT4, child, 0, 0, 0);
	call(FCHDIR, copy, 0, 0, 0);
	call(OPEN, P("../a"), 0, 0, 0);
	call(FCHDIR, here, 0, 0, 0);
	call(WRITE, 1, P("thirty-two\n"), 11, 0);
	call(EXECVE, P("/bin/cat"), P(arguments), 0, 0);
	call(EXIT, 5, 0, 0, 0);
}
C_
if gcc -m32 -O1 -w -nostdlib -static -fno-pic -no-pie -fno-stack-protector -o thirty_two thirty_two.c 2>../cc.err && ./thirty_two >/dev/null 2>&1; then
	same thirty_two "" ./thirty_two
	same thirty_two_child '^\./(thirty_two|busybox)' bash -c './thirty_two; ./busybox sh -c "./thirty_two; cat a"; exit 3'
else
	echo "32 bits: not tested: $(cat ../cc.err) $(uname -m)"
fi

cat >../go.go <<'GO'
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

func main() {
	var all sync.WaitGroup
	for i := 0; i < 20; i++ {
		all.Add(1)
		go func(i int) {
			defer all.Done()
			os.WriteFile(fmt.Sprintf("d/g%d", i), []byte("x"), 0600)
			os.ReadFile("d/nothing")
		}(i)
	}
	all.Wait()
	filepath.Walk("d", func(path string, info os.FileInfo, err error) error { os.ReadFile(path); return nil })
	out, err := exec.Command("cat", "a", "nowhere").CombinedOutput()
	fmt.Println(string(out), err)
	os.Exit(4)
}
GO
if command -v go >/dev/null && HOME=$PWD/.. GOCACHE=$PWD/../cache GO111MODULE=off CGO_ENABLED=0 go build -o go ../go.go 2>../go.err; then
	same go "" ./go
	same go_child '\./go' bash -c './go; ./go | cat; exit 2'
	# linked with libc it loads the shim, and makes its calls without libc all the same
	if sed 's/^import (/import "C"\n\n&/' ../go.go >../cgo.go && HOME=$PWD/.. GOCACHE=$PWD/../cache GO111MODULE=off CGO_ENABLED=1 go build -o cgo ../cgo.go 2>../go.err; then
		readelf -lW cgo | grep -q INTERP || fail "the program that is linked with libc is static"
		# with more than eight arenas, one a thread, malloc asks how many processors there are: how many threads it takes is a matter of time
		export MALLOC_ARENA_MAX=2
		same cgo "" ./cgo
		same cgo_child '\./cgo' bash -c './cgo; cat a; ./cgo | cat; exit 2'
		unset MALLOC_ARENA_MAX
		"$SYSSHIM" run -q --record=../cgo_alone ./cgo >../out
		[ $? -eq 4 ] || fail "cgo: the exit status is not 4"
		"$SYSSHIM" files --json ../cgo_alone | tail -n 1 | grep -q '"without_libc":1,' || fail "Go code is not said: $("$SYSSHIM" files ../cgo_alone | tail -n 1)"
		! "$SYSSHIM" files --strict ../cgo_alone >../out || fail "--strict does not mind what Go code does without libc"
		! "$SYSSHIM" doctor ./cgo >../out || fail "doctor does not mind Go code"
		grep -q 'has Go code.*--trace-static' ../out || fail "doctor does not say what follows Go code: $(tail -n 1 ../out)"
	else
		echo "Go with libc: not tested: $(head -n 1 ../go.err)"
	fi
else
	echo "Go: not tested: $(command -v go >/dev/null && head -n 1 ../go.err || echo no go)"
fi

cat >Makefile <<'MAKE'
all: o1 o2
	cat o1 o2 >o3; ./busybox sort o3; rm o1 o2 o3
o1: a
	./busybox cat a >o1
o2: a
	./busybox cp a o2; ./busybox sh -c '/bin/cat a' >>o2
MAKE
same make '^\./busybox' make

# every way to start one
cat >../ways.py <<'PYTHON'
import os, subprocess
print(os.system("./busybox cat a"), os.popen("./busybox cat a").read(), os.waitpid(os.posix_spawn("./busybox", ["busybox", "cat", "a"], {"A": "1"}), 0)[1])
print(subprocess.run(["./busybox", "sh", "-c", "kill -9 $$"]).returncode, subprocess.run(["./busybox", "env"], env={"X": "y"}, capture_output=True).stdout)
child = os.fork()
if not child:
    os.execve("./busybox", ["busybox", "cat", "a"], {})
print(os.waitpid(child, 0)[1])
PYTHON
same ways '^\./busybox' python3 -S ../ways.py

# an exec that fails is the program's own, and the next one is followed
cp busybox open && printf junk >junk && chmod 0755 junk
cat >../failing.py <<'PYTHON'
import os
def tried(*execs):
    child = os.fork()
    if not child:
        for path, arguments, environment in execs:
            try:
                os.execve(path, arguments, environment)
            except OSError as e:
                print(path, e.errno, flush=True)
        os._exit(9)
    print(os.waitpid(child, 0)[1], flush=True)
long = {str(i): "x" * 100000 for i in range(30)}
busy = os.open("open", os.O_WRONLY)
cat = ("./busybox", ["busybox", "cat", "a"], {})
tried(("./junk", ["x"], {}), ("./open", ["x"], {}), ("./nowhere", ["x"], {}), ("./busybox", ["busybox"], long), ("./busybox", ["busybox", "x" * 200000], {}), cat)
# at once behind one that fails: its tracer must have gone. On one processor it has not, unless somebody waits for it.
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
for i in range(20):
    tried(("./busybox", ["busybox"], long), ("./busybox", ["busybox", "x" * 200000], {}), cat)
PYTHON
python3 -S ../failing.py >../native.out 2>&1
run --record=../failing python3 -S ../failing.py >../traced.out 2>&1
diff ../native.out ../traced.out && grep -q '^0$' ../traced.out || fail "a failing exec: $(cat ../traced.out)"
"$SYSSHIM" files ../failing | grep -qE " 21 +0 +$PWD/a\$" || fail "after failing execs: $("$SYSSHIM" files ../failing)"

# signals, process numbers, what is inherited
cat >../signals.sh <<'SHELL'
b=./busybox
$b sh -c 'kill -TERM $$'; echo "TERM $?"
$b sh -c 'trap "echo caught; exit 3" USR1; kill -USR1 $$; sleep 1'; echo "USR1 $?"
$b sleep 100 & p=$!
stat() { for i in 1 2 3 4 5 6 7 8 9 10; do s=$(sed -n 's/^State:.\(.\).*/\1/p' /proc/$p/status); [[ $s == [$1] ]] && return; sleep 0.1; done; echo "state $s, not $1"; }
sleep 0.2; kill -STOP $p; stat Tt; kill -CONT $p; stat S; kill -INT $p; kill $p; wait $p; echo "stopped $?"
$b sh -c 'echo $$' >number & p=$!; wait $p; [ "$(cat number)" = $p ] && echo same number; rm number
$b sh -c 'umask; pwd; $0 ls -l /proc/self/fd | $0 wc -l; ulimit -n' $b
(trap '' PIPE INT; $b grep -E "^Sig(Blk|Ign|Cgt|Pnd)|^ShdPnd" /proc/self/status)
env -i A=b $b env
$b sh -c 'yes | head -n 1'; echo text | $b cat | $b wc -c
exec $b sh -c 'exit 42'
SHELL
bash ../signals.sh >../native.out 2>../native.err </dev/null
run --record=../signals bash ../signals.sh >../traced.out 2>../traced.err </dev/null
[ $? -eq 42 ] && diff ../native.out ../traced.out && diff <(sed 's/[0-9]* Term/Term/' ../native.err) <(sed 's/[0-9]* Term/Term/' ../traced.err) || fail "signals: $(cat ../traced.err)"

# a terminal's signals
cat >../terminal.py <<'PYTHON'
import os, pty, select, sys, time
child, fd = pty.fork()
if not child:
    os.environ["PS1"] = "$ "
    os.execvp(sys.argv[1], sys.argv[1:])
shown = b""
def until(text):
    global shown
    end, seen = time.time() + 20, b""
    while text not in seen and time.time() < end:
        if select.select([fd], [], [], 0.1)[0]:
            seen += os.read(fd, 4096)
    shown += seen
    assert text in seen, (text, shown)
until(b"$ ")
for keys, answer in ((b"./busybox sh -c 'echo go; exec sleep 60'\n", b"go\r\n"), (b"\x1a", b"Stopped"), (b"fg\n", b"busybox sh"), (b"\x03", b"$ "),
                     (b"echo st=$?\n", b"st=130"), (b"exit 6\n", b"exit")):
    time.sleep(0.3)
    os.write(fd, keys)
    until(answer)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
PYTHON
run --record=../terminal python3 ../terminal.py bash --norc -i >../out 2>&1
[ $? -eq 6 ] || fail "a terminal: $(cat ../out)"

# many at once
cat >../many.sh <<'SHELL'
for ((i = 0; i < 200; i++)); do ./busybox sh -c "cat a >/dev/null; exit $((i % 50))" & pids[i]=$!; done
for ((i = 0; i < 200; i++)); do wait ${pids[i]}; [ $? = $((i % 50)) ] || echo "wrong: $i"; done
SHELL
run --record=../many bash ../many.sh >../out 2>&1 && [ ! -s ../out ] || fail "many: $(cat ../out)"
"$SYSSHIM" files ../many | grep -qE " 200 +0 +$PWD/a\$" || fail "many: $("$SYSSHIM" files ../many)"

# no right to trace (it is traced already): natively, and it is said
strace -f -o ../log "$SYSSHIM" run -q --trace-static --record=../refused bash -c './busybox cat a; exit 3' >../out 2>../err
[ $? -eq 3 ] && [ "$(cat ../out)" = hi ] && [ ! -s ../err ] || fail "refused: $(cat ../out ../err)"
"$SYSSHIM" trace ../refused | grep -q '+++ a child is not traced: EPERM' || fail "refused: it is not said"
"$SYSSHIM" files ../refused | grep -q '1 program static' || fail "refused: the coverage does not say it"
strace -f -o ../log "$SYSSHIM" run -q --trace-static --record=../refused2 ./busybox cat a >../out 2>../err
[ $? -eq 0 ] && [ "$(cat ../out)" = hi ] && [ "$(wc -l <../err)" -eq 1 ] && grep -q 'cannot be traced' ../err || fail "refused: $(cat ../out ../err)"

# in front of the first process of a new namespace: no child of ours may be that one
if unshare -p true 2>/dev/null; then
	run --record=../first unshare -p ./busybox sh -c 'cat a; exit 3' >../out 2>../err
	[ $? -eq 3 ] && [ "$(cat ../out)" = hi ] && [ ! -s ../err ] || fail "the first of a namespace: $(cat ../out ../err)"
	"$SYSSHIM" files ../first | grep -q '1 program static' || fail "the first of a namespace: the coverage does not say it"
fi

# a set-user-id program is left alone
if [ "$(id -u)" -eq 0 ] && cp busybox setuid && chown 65534 setuid && chmod 4755 setuid; then
	run --record=../setuid bash -c './setuid true 2>/dev/null; exit 3'
	[ $? -eq 3 ] && "$SYSSHIM" files ../setuid | grep -q '1 program set-user-id' || fail "set-user-id: $("$SYSSHIM" files ../setuid)"
fi
# wrong usage
"$SYSSHIM" run --trace-static -o ../log ./busybox true 2>../err
[ $? -eq 2 ] && [ "$(wc -l <../err)" -eq 1 ] || fail "-o with --trace-static: $(cat ../err)"

# what has ended has no tracer: at most one that process 1 has not yet asked for
for ((i = 0; i < 50; i++)); do
	left=$(ps -eo stat=,args= | grep "[s]ysshim-tracer .*$PWD" || true)
	[ "$left" ] || break
	sleep 0.1
done
[ -z "$left" ] || fail "left behind: $left"
exit 0
