#!/bin/bash
# With LD_PRELOAD alone every call is recorded in the state folder: one folder for all that belong together, the newest 16 are kept, the
# summary names it and the command reads it without being told where. Where that cannot be the program runs and the summary says why.
set -u
. "$SRC/tests/lib/lib.sh"

unset XDG_STATE_HOME
export HOME=$PWD/home
mkdir home

# by_default NAME=VALUE... COMMAND...: nothing but LD_PRELOAD
by_default() {
	env LD_PRELOAD="$SHIM" "$@"
}

one=$HOME/.local/state/sysshim/recordings
by_default bash -c '/bin/cat /etc/hostname; env -i /bin/ls /; exit 7' >out 2>err
[ $? = 7 ] || fail "the exit status is not the program's: $(cat err)"
bash -c '/bin/cat /etc/hostname; /bin/ls /' | cmp - out || fail "the output differs"
[ "$(ls "$one" | wc -l)" = 1 ] || fail "not one recording: $(ls "$one")"
name=$(ls "$one")
[[ $name =~ ^$(date -u +%Y)[0-9]{4}T[0-9]{6}\.[0-9]{6}-[0-9]+$ ]] || fail "$name: not named by date and process"
[ "$(stat -c %a "$one/$name")" = 700 ] && [ "$(stat -c %a "$one/$name"/*.rec | sort -u)" = 600 ] || fail "others may read it: $(ls -lR "$one")"
grep -qF "  log: $one/$name (sysshim files, trace, stat)" err || fail "the summary does not name it: $(cat err)"
"$SYSSHIM" trace -e execve 2>&1 >trace | grep -q 'coverage: 3 processes' || fail "not three processes: $("$SYSSHIM" show)"
grep -q 'execve("/bin/ls"' trace && grep -q '^[0-9]* [0-9.]* execve("/bin/cat"' trace || fail "execs are missing: $(cat trace)"
"$SYSSHIM" files | grep -q ' /$' || fail "what env -i started is not in it: $("$SYSSHIM" files)"
seconds=$(date -u -d "${name:0:4}-${name:4:2}-${name:6:2} ${name:9:2}:${name:11:2}:${name:13:2}" +%s) now=$(date +%s)
[ $((now - seconds)) -ge 0 ] && [ $((now - seconds)) -le 600 ] || fail "$name is not now"

# Only the newest stay; what lives, and what is not ours, is left alone.
sleep 100 & living=$!
for i in $(seq 10 30); do
	mkdir "$one/202001${i}T000000.000000-4194303" && touch "$one/202001${i}T000000.000000-4194303/"{4194303-0x1.rec,total}
done
mkdir "$one/20190103T000000.000000-4194303" && touch "$one/20190103T000000.000000-4194303/$living-0x1.rec"
mkdir "$one/20190101T000000.000000-$living" "$one/20190102T000000.000000-4194303" "$one/mine"
touch "$one/20190102T000000.000000-4194303/somebody's"
by_default true 2>/dev/null
kill $living
[ -d "$one/$name" ] || fail "a new one was taken away"
[ -e "$one/20190103T000000.000000-4194303/$living-0x1.rec" ] || fail "that of a living process, whose first one is gone, was taken away"
[ -d "$one/20190101T000000.000000-$living" ] || fail "that of a living process was taken away"
[ -e "$one/20190102T000000.000000-4194303/somebody's" ] && [ -d "$one/mine" ] || fail "what is not ours was taken away"
# 16: two of ours, and the newest 14 of those of 2020.
[ "$(ls "$one" | grep -c '^202001')" = 14 ] && [ -d "$one/20200117T000000.000000-4194303" ] && [ ! -e "$one/20200116T000000.000000-4194303" ] ||
	fail "not the newest 16: $(ls "$one")"

# XDG_STATE_HOME comes first, unless it is relative; a percent sign is one.
XDG_STATE_HOME=$PWD/50%n by_default true 2>err
[ "$(find "50%n" -name '*.rec' | wc -l)" = 1 ] || fail "no recording in XDG_STATE_HOME: $(find . -name '*.rec')"
XDG_STATE_HOME="$PWD/50%n" "$SYSSHIM" show | grep -q ' true$' || fail "XDG_STATE_HOME: $(XDG_STATE_HOME="$PWD/50%n" "$SYSSHIM" show)"
XDG_STATE_HOME="$PWD/50%n" by_default bash -c 'env -i /bin/true; :' 2>err
XDG_STATE_HOME="$PWD/50%n" "$SYSSHIM" show | grep -q ' /bin/true$' || fail "a child is not in its parent's recording: $(find 50* -type f)"
before=$("$SYSSHIM" show | head -n 1)
XDG_STATE_HOME=relative by_default true 2>/dev/null
[ ! -e relative ] && [ "$("$SYSSHIM" show | head -n 1)" != "$before" ] && "$SYSSHIM" show | grep -q ' true$' || fail "a relative XDG_STATE_HOME was used"

# nothing_recorded REASON: said once, in the summary, and the program ran.
nothing_recorded() {
	[ "$(cat out)" = ran ] || fail "$1: the program did not run: $(cat out)"
	[ "$(grep -c "log: none ($1)" err)" = 1 ] || fail "$1: the summary does not say it: $(cat err)"
	[ "$(grep -c '^sysshim' err)" = 1 ] || fail "$1: said more than once: $(cat err)"
}
env -u HOME LD_PRELOAD="$SHIM" bash -c '/bin/echo ran; :' >out 2>err
nothing_recorded 'neither XDG_STATE_HOME nor HOME names a folder below /'
# As the kernel starts the first program of a machine, whose recording would keep / from being mounted read-only at the end.
for home in / //; do
	HOME=$home by_default bash -c '/bin/echo ran; :' >out 2>err
	nothing_recorded 'neither XDG_STATE_HOME nor HOME names a folder below /'
done
HOME=$PWD/nowhere by_default bash -c '/bin/echo ran; :' >out 2>err
nothing_recorded 'HOME is not there'
[ ! -e nowhere ] || fail "a home was made"
touch file
HOME=$PWD/file by_default bash -c '/bin/echo ran; :' >out 2>err
nothing_recorded 'Not a directory'
XDG_STATE_HOME=$PWD/$(printf '%0200d/' $(seq 25)) by_default bash -c '/bin/echo ran; :' >out 2>err
nothing_recorded 'the path to the folder for recordings is too long'
if [ "$(id -u)" = 0 ]; then
	mkdir theirs && chown 1:1 theirs
	HOME=$PWD/theirs by_default bash -c '/bin/echo ran; :' >out 2>err
	nothing_recorded "the folder for recordings would be in somebody else's home"
	[ -z "$(ls -A theirs)" ] || fail "something was left in somebody else's home"
else
	HOME=/etc by_default bash -c '/bin/echo ran; :' >out 2>err
	nothing_recorded "the folder for recordings would be in somebody else's home"
fi

# A home over a network: each chunk of records would be a message to its server. statfs(2) is made to say so.
remote() {
	HOME=$PWD/remote strace -f -o strace.out -e trace=statfs -e inject=statfs:poke_exit=@arg2=6969000000000000 -E LD_PRELOAD="$SHIM" "$@"
}
if strace -o /dev/null -e trace=statfs -e inject=statfs:poke_exit=@arg2=00 true 2>strace.err; then
	mkdir remote
	remote bash -c '/bin/echo ran; :' >out 2>err
	nothing_recorded 'the folder for recordings lies on a network file system'
	[ -z "$(find remote -name recordings)" ] || fail "something was made over the network: $(find remote)"
	HOME=$PWD/remote SYSSHIM_LIBRARY="$SHIM" strace -o strace.out -e trace=statfs -e inject=statfs:poke_exit=@arg2=6969000000000000 "$SYSSHIM" doctor >doctor.out 2>&1
	grep -q '^but  *recordings .*network' doctor.out || fail "doctor does not say it: $(cat doctor.out)"
	# Where somebody asks for a recording it is made all the same.
	remote -E SYSSHIM_LOG_FORMAT=binary /bin/true 2>err
	HOME=$PWD/remote "$SYSSHIM" show | grep -q ' /bin/true$' || fail "asked for, nothing is recorded over the network: $(cat err)"
else
	echo "not asked: a home over a network ($(head -n 1 strace.err))"
fi

# No room in the folder: nothing is said but in the summary, and nothing is left.
HOME=$PWD/small && mkdir small
(ulimit -f 1; SYSSHIM_STATS=off by_default bash -c '/bin/echo ran; :' >out 2>err)
[ "$(cat out)" = ran ] && [ ! -s err ] || fail "no room: $(cat out err)"
[ -z "$(find small -name '*.rec' -o -name total -o -name '20*')" ] || fail "no room: something is left: $(find small)"
HOME=$PWD/home
# Where it was asked for one line says why.
mkdir asked
(ulimit -f 1; SYSSHIM_STATS=off SYSSHIM_LOG=$PWD/asked SYSSHIM_LOG_FORMAT=binary by_default /bin/true 2>&1) | grep -q 'SYSSHIM_LOG=.*asked.*: File too large' || fail "no room where it was asked for: the reason is not said"

# A umask that takes the owner's rights away: the folders can be entered all the same, also by others who need them.
mkdir masked
(umask 0777; HOME=$PWD/masked by_default bash -c '/bin/true; :' 2>err)
[ "$(find masked -type d -perm 0700 | wc -l)" -ge 5 ] && HOME=$PWD/masked "$SYSSHIM" show | grep -q ' /bin/true$' || fail "umask: $(find masked -ls)"

# Loaded by dlopen into a program whose environment is empty and has nothing behind it.
cat >late.c <<'C'
#include <dlfcn.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
extern char **environ;
int main(int argc, char **argv)
{
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)argc;
	/* the last slot in front of a page that is not there */
	munmap(mmap(page + 4096, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0), 4096);
	environ = (char **)(page + 4096) - 1;
	puts(dlopen(argv[1], RTLD_NOW) ? "loaded" : dlerror());
	return 0;
}
C
cc -o late late.c && [ "$(./late "$SHIM")" = loaded ] || fail "dlopen: $(./late "$SHIM")"

# A filter that was there before: it might kill for a call that the program does not make.
if command -v python3 >/dev/null; then
	cat >filtered.py <<'P'
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
# mkdirat, kill, getdents64: kill the process
calls = [258, 62, 217]
code = [(0x20, 0, 0, 0)] + [(0x15, len(calls) - i, 0, number) for i, number in enumerate(calls)] + [(6, 0, 0, 0x7fff0000), (6, 0, 0, 0x80000000)]
text = b"".join(struct.pack("HBBI", *row) for row in code)
buffer = ctypes.create_string_buffer(text)
program = struct.pack("HxxxxxxQ", len(code), ctypes.addressof(buffer))
libc.prctl(38, 1, 0, 0, 0)
if libc.prctl(22, 2, ctypes.create_string_buffer(program), 0, 0):
    sys.exit(77)
os.environ["LD_PRELOAD"] = sys.argv[1]
os.execv("/bin/echo", ["echo", "ran"])
P
	SYSSHIM_STATS=$PWD/stats python3 filtered.py "$SHIM" >out 2>err
	status=$?
	[ $status = 77 ] || { [ $status = 0 ] && [ "$(cat out)" = ran ] && grep -q 'log: none (a seccomp filter stands)' stats; } || fail "under a filter: status $status: $(cat out err)"
fi

# Off; or lines, which go to stderr where no place is named.
before=$(ls "$one")
SYSSHIM_LOG=off by_default bash -c /bin/true 2>err
grep -q 'log:' err && fail "there is a log: $(cat err)"
SYSSHIM_STATS=off SYSSHIM_LOG_FORMAT=text by_default cat /dev/null 2>err
grep -q ' openat(AT_FDCWD, "/dev/null"' err || fail "no lines on stderr: $(cat err)"
[ "$(ls "$one")" = "$before" ] || fail "a recording was made: $(ls "$one")"

# The first program is left out: the second one's calls are recorded.
SYSSHIM_APP_EXCLUDE=bash by_default bash -c '/bin/true; :' 2>err
"$SYSSHIM" show >shown
grep -q ' /bin/true$' shown && ! grep -q ' bash -c' shown || fail "a program was to be left out, another not: $(cat shown)"
