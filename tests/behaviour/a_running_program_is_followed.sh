#!/bin/bash
# timeout: 240
# sysshim trace --follow prints the calls of a running program and its children as they are made, in the order of time, each once, and ends
# with them: what it has printed is what a trace prints afterwards.
set -u
. "$SRC/tests/lib/lib.sh"
export XDG_STATE_HOME=$PWD/state
mkfifo go1 go2

# waits_for WHAT FILE: until the file has it, 20 s at most
waits_for() {
	for _ in $(seq 200); do
		grep -qF -- "$1" "$2" && return 0
		sleep 0.1
	done
	fail "$1 does not come: $(tail -n 5 "$2")"
}

"$SYSSHIM" run -q bash -c 'read line <go1; /bin/cat /etc/hostname; for ((i = 0; i < 300; i++)); do test -e "number $i"; done; read line <go2; exit 4' >/dev/null &
program=$!
for _ in $(seq 100); do
	ls state/sysshim/recordings/*/*.rec >/dev/null 2>&1 && break
	sleep 0.1
done
"$SYSSHIM" trace --follow -s 0 >text 2>text.err &
text=$!
"$SYSSHIM" trace --follow --json >json 2>json.err &
json=$!
waits_for 'openat(AT_FDCWD, "go1", O_RDONLY' text
grep -q hostname text && fail "what has not happened yet: $(grep hostname text)"
kill -0 $text $json || fail "it ended before the program"
echo >go1
waits_for '"number 299"' text
waits_for '"path":"/etc/hostname"' json
waits_for '"path":"number 299"' json
kill -0 $text $json || fail "it ended before the program"
# Who has had enough is told what was not seen, and the shell that a signal has ended it.
for form in "" --json; do
	rm -f given_up
	"$SYSSHIM" trace --follow $form >given_up 2>given_up.err &
	given_up=$!
	waits_for "number 299" given_up
	kill -TERM $given_up
	wait $given_up
	[ $? -eq 143 ] || fail "--follow $form: SIGTERM does not end it"
	cat given_up.err >>given_up
	tail -n 1 given_up | grep -qE '^coverage: |^\{"coverage":' || fail "--follow $form: no coverage behind SIGTERM: $(tail -n 2 given_up)"
done
echo >go2
wait $program
[ $? -eq 4 ] || fail "the program's exit status"
wait $text || fail "--follow: status $?: $(cat text.err)"
wait $json || fail "--follow --json: status $?: $(cat json.err)"
grep -q '^coverage: ' text.err && tail -n 1 json | grep -q '^{"coverage":' || fail "no coverage: $(cat text.err)"

# The same lines as afterwards. Which of two lines that overlap was printed first may differ: only whole calls are compared.
"$SYSSHIM" trace -s 0 >after 2>/dev/null
calls() { sed -E 's/ <unfinished.*//; s/<\.\.\. ([a-z0-9_]+) resumed>.*/resumed \1/; s/\) += .*//' "$1" | sort; }
diff <(calls text) <(calls after) >difference || fail "not as afterwards: $(head -n 6 difference)"
python3 - <<'PY' || fail "see above"
import json, subprocess, os, collections
def calls(lines):
    for line in lines:
        row = json.loads(line)
        if "call" in row and row["call"] not in ("execve", "execveat"):
            for _ in range(row["count"]):
                yield row["call"], row["tid"], row["args"], row["result"], row["start_ns"]
after = subprocess.run([os.environ["SYSSHIM"], "trace", "--json"], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
live = collections.Counter(calls(open("json")))
wanted = collections.Counter(calls(after))
assert live == wanted, (list((live - wanted).items())[:3], list((wanted - live).items())[:3])
assert sum(live.values()) > 500, live
PY

# A program that is killed ends it as well; one that had ended before is printed whole.
# (By its name: on a slow machine the newest may yet be the one before.)
"$SYSSHIM" run -q --record=sleeps sleep 1000 &
program=$!
for _ in $(seq 100); do ls sleeps/*.rec >/dev/null 2>&1 && break; sleep 0.1; done
timeout 60 "$SYSSHIM" trace --follow sleeps >killed 2>killed.err &
follower=$!
waits_for 'clock_nanosleep(' killed
kill -9 $program
wait $follower || fail "it does not end when the program is killed: $?"
timeout 60 "$SYSSHIM" trace --follow sleeps >again 2>/dev/null || fail "--follow of what is over: $?"
cmp killed again || fail "not the same once more: $(diff killed again | head -n 5)"

# Nobody reads: it ends.
"$SYSSHIM" run -q sleep 1000 &
program=$!
sleep 0.5
(timeout 30 "$SYSSHIM" trace --follow 2>/dev/null; echo $? >status) | head -n 1 >/dev/null &
sleep 0.3
kill -9 $program
wait
[ "$(cat status)" != 124 ] || fail "it goes on although nobody reads"

# A recording that has just begun is waited for: its folder is empty, its file is, its header is not there yet. One that was left so long ago is not.
"$SYSSHIM" run -q --record=first -- /bin/true || fail "status $?"
whole=$(echo first/*.rec)
mkdir young
timeout 20 "$SYSSHIM" trace --follow young >young.out 2>young.err &
follower=$!
sleep 0.5
truncate -s 8192 "young/${whole#first/}"
sleep 0.5
cp "$whole" young/new && mv young/new "young/${whole#first/}"
wait $follower || fail "trace --follow of one that begins: status $?: $(cat young.err)"
"$SYSSHIM" trace first >first.out 2>/dev/null
cmp young.out first.out || fail "one that begins is not printed whole"
mkdir old && touch -d '1 hour ago' old
began=$EPOCHREALTIME
timeout 20 "$SYSSHIM" trace --follow old 2>/dev/null
[ $? -eq 2 ] && [ $((${EPOCHREALTIME/./} - ${began/./})) -lt 2500000 ] || fail "an old folder is waited for"

# A program that makes calls faster than they are read: chunks are used again behind the reader's back, and nothing is missing in the middle.
cat >counts.c <<'C'
#include <fcntl.h>
#include <unistd.h>
int main(void)
{
	int fd = open("counts.c", O_RDONLY);

	/* Slow enough for what was written when reading began to be there still when it ends. */
	for (long n = 1; n < 100000000; n++) {
		for (volatile int pause = 0; pause < 700; pause++)
			;
		if (lseek(fd, n, SEEK_SET) != n)
			return 1;
	}
	return 0;
}
C
cc -O1 -o counts counts.c || fail "it does not compile"
for round in 1 2 3; do
	rm -f each.*
	"$SYSSHIM" run -q ./counts &
	program=$!
	# Until its recording is the newest one, and has gone round in its chunks.
	for _ in $(seq 100); do
		"$SYSSHIM" trace -e lseek 2>/dev/null | grep -q lseek && break
		sleep 0.1
	done
	sleep 2
	"$SYSSHIM" trace --json -e lseek >live 2>live.err || fail "round $round: $(cat live.err)"
	"$SYSSHIM" trace -ff -o each >/dev/null 2>live.err || fail "round $round: -ff: $(cat live.err)"
	python3 - <<'PY' >checked 2>&1 || { kill -9 $program; fail "round $round: $(cat checked)"; }
import glob, json, re, sys
rows = [json.loads(line) for line in open("live")]
seen, coverage = [row["result"] for row in rows[:-1]], rows[-1]["coverage"]
threads = [int(found[1]) for path in glob.glob("each.*") for found in (re.search(r"lseek\(.*= (\d+)", line) for line in open(path)) if found]
if not seen or not threads:
    sys.exit("no calls")
# Each reading by its own coverage.
whole = not coverage["missed_bytes"] and not coverage["overwritten_bytes"] and not coverage["dropped"]
of_threads = open("live.err").read()
whole_threads = not re.search("used again while they were read|overwritten by newer records|found no place", of_threads)
for what, numbers, is_whole, said in ("--json", seen, whole, coverage), ("-ff", threads, whole_threads, of_threads):
    holes = [(a, b) for a, b in zip(numbers, numbers[1:]) if b != a + 1]
    if any(b <= a for a, b in holes) or (holes and is_whole):
        sys.exit(f"{what}: holes: {holes[:3]}, {said}")
PY
	kill -9 $program
	wait $program
done 2>/dev/null
# A process that has ended as another program ends the following, although somebody else has its number by now (ours, here).
"$SYSSHIM" run -q --record=ended -- sh -c 'exec /bin/true' || fail "status $?"
for file in ended/*.rec; do
	python3 -c 'import struct, sys; f = open(sys.argv[1], "r+b"); f.seek(24); f.write(struct.pack("<i", int(sys.argv[2])))' "$file" $$
done
timeout 20 "$SYSSHIM" trace --follow ended >ended.out 2>&1 || fail "trace --follow of a recording that has ended: status $?"
exit 0
