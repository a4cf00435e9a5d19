#!/bin/bash
# timeout: 240
# sysshim top says of a program that hangs what each of its threads is in, and since when: by the recording, and by the kernel where that says nothing (a lock, a static
# program); of one that is busy, with what. It ends with the programs, and takes no other process for one of them.
set -u
. "$SRC/tests/lib/lib.sh"
export XDG_STATE_HOME=$PWD/state
mkfifo fifo

cat >threads.c <<'C_'
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int ends[2];

static void *waits_for_lock(void *unused) { pthread_mutex_lock(&lock); return unused; }
static void *reads(void *unused) { char byte; read(ends[0], &byte, 1); return unused; }
static void *computes(void *unused) { for (volatile long i = 0;; i++); return unused; }

static void *is_busy(void *unused)
{
	char bytes[100];
	int fd = open("/etc/passwd", O_RDONLY);

	for (;;)
		if (pread(fd, bytes, sizeof bytes, 0) < 0)
			exit(1);
	return unused;
}

int main(void)
{
	void *(*bodies[])(void *) = {waits_for_lock, reads, computes, is_busy};
	pthread_t thread;

	alarm(200);
	pipe(ends);
	pthread_mutex_lock(&lock);
	for (int i = 0; i < 4; i++)
		pthread_create(&thread, NULL, bodies[i], NULL);
	pause();
}
C_
cat >waits.c <<'C_'
#include <unistd.h>
int main(void) { alarm(200); return pause(); }
C_
cc -O1 -w -pthread -o threads threads.c && cc -static -o waits waits.c || fail "cc does not compile"

"$SYSSHIM" run -q --record="$PWD/recording" -- sh -c './threads & ./waits & cat fifo; wait' &
program=$!
children() { cat "/proc/$program/task/$program/children" 2>/dev/null; }
trap 'kill $(children) 2>/dev/null' EXIT
sleep 1

# all OPTION...: what the last of two looks says, held against what each is known to do
cat >look.py <<'PY'
import json, os, re, subprocess, sys, time
sysshim, recording = sys.argv[1:]
def look():
    out = subprocess.run([sysshim, "top", "--json", "-n", "2", "-d", "0.5", recording], capture_output=True, text=True)
    assert out.returncode == 0 and not out.stderr, out
    rows = [json.loads(line) for line in out.stdout.splitlines()]
    assert list(rows[-1]) == ["coverage"] and rows[-1]["coverage"]["not_followed"]["static"] == 1, rows[-1]
    return [row for row in rows[:-1] if row["time_ns"] == rows[-2]["time_ns"]]
def wrong(rows):
    by = {}
    for row in rows:
        by.setdefault(row["program"], []).append(row)
    if sorted(by) != ["cat", "sh", "threads", "waits"] or [len(by[name]) for name in sorted(by)] != [1, 1, 5, 1]:
        return "others: %s" % {name: len(by[name]) for name in by}
    def asked(row):
        try:
            return open("/proc/%d/task/%d/syscall" % (row["pid"], row["tid"])).read().split()[0]
        except OSError:
            return None
    cat, sh, static = by["cat"][0], by["sh"][0], by["waits"][0]
    main, lock, reads, computes, busy = by["threads"]
    waited = cat["time_ns"] - (cat["since_ns"] or 0)
    if (cat["call"], cat["recorded"], cat["state"]) != ("openat", True, "S") or not re.fullmatch(r'AT_FDCWD</.*>, "fifo", O_RDONLY', cat["args"]) or not 10 ** 9 <= waited < 240 * 10 ** 9:
        return "cat: %s" % cat
    if sh["call"] != "wait4" or sh["call_ns"] != sh["interval_ns"] or sh["calls"]:
        return "sh: %s" % sh
    if static["recorded"] or static["call"] not in (("pause",) if asked(static) else (None,)):
        return "static: %s" % static
    if main["call"] != "pause" or main["tid"] != main["pid"] or main["cpu_ns"] > 10 ** 8:
        return "pause: %s" % main
    if asked(lock) and not (lock["call"] == "futex" and re.fullmatch(r"0x[0-9a-f]+, FUTEX_WAIT_PRIVATE, 2, NULL", lock["args"])):
        return "lock: %s" % lock
    if lock["since_ns"] is not None:
        return "lock: since when nobody knows: %s" % lock
    if reads["call"] != "read" or not re.fullmatch(r"\d+<pipe:\[\d+\]>", reads["args"]):
        return "read: %s" % reads
    if computes["state"] != "R" or computes["calls"] or computes["cpu_ns"] < 10 ** 7 or computes["call"]:
        return "computes: %s" % computes
    if busy["busiest"] != "pread64" or busy["busiest_calls"] != busy["calls"] or busy["calls"] < 1000 or busy["read_bytes"] != 100 * busy["calls"] or not 0 < busy["call_ns"] <= busy["interval_ns"]:
        return "busy: %s" % busy
    return None
for _ in range(30): # a busy machine may give no time to one of them
    said = wrong(look())
    if not said:
        break
    time.sleep(0.3)
assert not said, said
PY
python3 look.py "$SYSSHIM" recording || fail "see above"

# The same for people.
"$SYSSHIM" top -n 2 -d 0.5 recording >shown || fail "top: status $?"
[ "$(grep -c 'TID S' shown)" = 2 ] && tail -n 1 shown | grep -q '^coverage: ' || fail "not two looks and what was not seen: $(cat shown)"
grep -qE ' cat: openat\(AT_FDCWD<.*>, "fifo", O_RDONLY$' shown && grep -qE '   threads: pread64: [0-9]+ a second, ' shown && grep -qE '   threads: read\([0-9]+<pipe' shown ||
	fail "it does not say who does what: $(cat shown)"
cat=$("$SYSSHIM" top -n 1 --json recording | grep '"program":"cat"' | sed 's/.*"pid":\([0-9]*\).*/\1/')
[ "$("$SYSSHIM" top -n 1 -p "$cat" recording | grep -cE '^ *[0-9]+ [A-Z] ')" = 1 ] || fail "-p: $("$SYSSHIM" top -n 1 -p "$cat" recording)"

# At a terminal each look stands where the one before did, lines are cut, a key ends it, and the terminal is as it was.
python3 - "$SYSSHIM" <<'PY' || fail "see above"
import fcntl, os, pty, re, select, struct, sys, termios, time
child, terminal = pty.fork()
if child == 0:
    time.sleep(0.3)
    os.execv(sys.argv[1], [sys.argv[1], "top", "-d", "0.3", "recording"])
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 9, 60, 0, 0))
before, out, end, asked = termios.tcgetattr(terminal), b"", time.time() + 60, False
while time.time() < end:
    if select.select([terminal], [], [], 0.1)[0]:
        try:
            out += os.read(terminal, 65536)
        except OSError:
            break
    if out.count(b"\033[H") >= 3 and not asked:
        assert termios.tcgetattr(terminal) != before
        asked = os.write(terminal, b"q")
    if asked and b"coverage: " in out and b"\n" in out.split(b"coverage: ")[1]:
        after = termios.tcgetattr(terminal)
        assert after == before, "the terminal is another one: %s %s" % (before, after)
        break
status = os.waitpid(child, 0)[1]
assert status == 0, (status, out)
lines = out.decode().split("coverage: ")[0].replace("\r", "").split("\n")
shown = [re.sub(r"\033\[[0-9]*[A-Z]", "", line) for line in lines]
assert max(map(len, shown)) <= 60 and any("more threads" in line for line in shown) and out.count(b"\033[2J") == 1, shown
PY
# A terminal that knows no sequences is told none.
TERM=dumb python3 -c 'import pty, sys; pty.spawn(sys.argv[1:])' "$SYSSHIM" top -n 2 -d 0.1 recording >dumb 2>&1 </dev/null
[ "$(grep -c 'TID S' dumb)" = 2 ] && ! grep -q $'\033' dumb || fail "TERM=dumb: $(cat -v dumb)"
"$SYSSHIM" top -d 1 recording >given_up 2>&1 &
given_up=$!
for _ in $(seq 100); do grep -q TID given_up && break; sleep 0.1; done
kill -TERM $given_up
wait $given_up
[ $? -eq 143 ] && tail -n 1 given_up | grep -q '^coverage: ' || fail "SIGTERM: $(tail -n 2 given_up)"

# What is wrong is said in one line.
says() {
	local status=$1 what=$2
	shift 2
	"$SYSSHIM" top "$@" >out 2>err
	[ $? -eq "$status" ] && [ "$(wc -l <err)" = 1 ] && grep -qF -- "$what" err && [ ! -s out ] || fail "top $*: status, $(cat out err)"
}
says 2 "0.1 to 3600" -d 0 recording
says 2 "0.1 to 3600" -d 1x recording
says 2 "1 or more" -n 0 recording
says 2 "its number" -p none recording
says 2 "no such option" -x recording
says 1 "-p 1:" -p 1 recording
"$SYSSHIM" top -n 1 recording >/dev/full 2>err
[ $? -eq 125 ] && grep -q 'No space left' err || fail "a full disk: $(cat err)"

# A process that began later has the number of one that has gone; and numbers of another namespace, machine or boot are nobody's here.
cp -r recording another && cp -r recording elsewhere
kill $(children)
wait $program
says 1 "no program of" recording
sleep 100 &
python3 - $! <<'PY'
import os, struct, sys
for folder in ("another", "elsewhere"):
    for name in os.listdir(folder):
        with open(folder + "/" + name, "r+b") as file:
            if name.endswith(".rec"):
                file.seek(24)
                file.write(struct.pack("=i", int(sys.argv[1])))
            elif folder == "elsewhere":
                file.seek(24)
                file.write(struct.pack("=Q", 1))
PY
says 1 "no program of" another
says 2 "another pid namespace" elsewhere
kill %% 2>/dev/null
exit 0
