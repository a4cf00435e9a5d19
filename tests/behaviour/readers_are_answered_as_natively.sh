#!/bin/bash
# Somebody reads the other end or follows the file: dialogues through pipes as expect leads them, tail -f, a wait for the writer's end, writers
# that are killed, stopped and continued. The reader never waits for a byte that a waiting or computing writer holds.
# timeout: 300
set -u
. "$SRC/tests/lib/lib.sh"

cat >answers.c <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* answers: each word that is read comes back in 40 small writes and a newline; "compute" computes for ever behind that */
int main(void)
{
	char word[64], piece[64];

	while (scanf("%63s", word) == 1) {
		for (int i = 0; i < 40; i++) {
			int length = sprintf(piece, "%s%d,", word, i);
			if (write(1, piece, (size_t)length) != length)
				return 1;
		}
		if (write(1, "\n", 1) != 1)
			return 1;
		if (strcmp(word, "compute") == 0)
			for (;;)
				;
	}
	return 5;
}
C
cc -O1 -o answers answers.c || fail "it does not compile"
cat >readers.py <<'PYTHON'
import json, os, select, signal, subprocess, sys, time

LONG = 20  # what natively takes a moment has so many seconds; a byte that is held for ever has not

def environment(shim, name):
    if not shim:
        return None
    return dict(os.environ, LD_PRELOAD=shim, SYSSHIM_STATS=f"{name}.%p.json", SYSSHIM_STATS_FORMAT="json", SYSSHIM_BURST="4")

def start(shim, name, command, **how):
    how = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, **how}
    return subprocess.Popen(command, env=environment(shim, name), **how)

def read_line(process, buffered):
    end = time.monotonic() + LONG
    while b"\n" not in buffered[0]:
        ready, _, _ = select.select([process.stdout], [], [], max(0, end - time.monotonic()))
        assert ready, f"no answer from {process.args}, only {buffered[0][-100:]!r}"
        got = os.read(process.stdout.fileno(), 65536)
        assert got, f"{process.args} ends in the middle"
        buffered[0] += got
    line, buffered[0] = buffered[0].split(b"\n", 1)
    return line

def ask(process, word, buffered):
    process.stdin.write(word + b"\n")
    process.stdin.flush()
    return read_line(process, buffered)

def dialogues(shim):
    for name, command in {
        "c": ["./answers"],
        "gawk": ["gawk", '{ for (i = 0; i < 30; i++) { printf "%s", $0; fflush() } print ""; fflush() }'],
        "perl": ["perl", "-ne", "BEGIN { $| = 1 } chomp; print $_ for 1 .. 30; print qq(\\n)"],
        "sed": ["sed", "-u", "s/$/ answered/"],
        "grep": ["grep", "--line-buffered", "w"],
        "python": ["python3", "-u", "-c", "import sys\nfor l in sys.stdin:\n for i in range(30): sys.stdout.write(l.strip())\n print()"],
        "bash": ["bash", "-c", 'while read -r w; do for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do printf %s "$w"; done; echo; done'],
    }.items():
        process, buffered = start(shim, name, command), [b""]
        yield name, [ask(process, b"w%d" % i, buffered) for i in range(60)]
        process.stdin.close()
        yield name + " ends", (process.wait(LONG), process.stdout.read(), buffered[0])

def computing(shim):
    process, buffered = start(shim, "compute", ["./answers"]), [b""]
    yield "computing", ask(process, b"compute", buffered)
    process.terminate()
    yield "computing ends", process.wait(LONG)
    with open("followed", "w") as out:
        writer = start(shim, "followed", ["./answers"], stdout=out)
        tail = subprocess.Popen(["tail", "-f", "-c", "+1", "--pid", str(writer.pid), "-s", "0.05", "followed"], stdout=subprocess.PIPE)
        buffered = [b""]
        writer.stdin.write(b"first compute ")
        writer.stdin.flush()
        yield "tail -f", [read_line(tail, buffered), read_line(tail, buffered)]
        writer.kill()
        yield "tail -f, ends", (writer.wait(LONG), tail.wait(LONG), tail.stdout.read())

def ends(shim):
    """Each way to end a writer that computes or waits: what it wrote is there when its end is known."""
    for number in signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGALRM, signal.SIGSEGV, signal.SIGQUIT, signal.SIGKILL, signal.SIGRTMIN:
        with open("ended", "w") as out:
            process = start(shim, "ended", ["./answers"], stdout=out)
            process.stdin.write(b"one two three compute ")
            process.stdin.flush()
            end = time.monotonic() + LONG
            while os.path.getsize("ended") == 0 and time.monotonic() < end:
                time.sleep(0.001)
            if number == signal.SIGKILL:
                time.sleep(0.3)  # it may lose the last 20 ms
            else:
                # natively all four are written some microseconds behind the first byte; a loaded machine needs longer
                while open("ended").read().count("\n") < 3 and time.monotonic() < end:
                    time.sleep(0.001)
                time.sleep(0.1)
            process.send_signal(number)
            status = process.wait(LONG)
            yield f"signal {number}", (status, open("ended").read())
    with open("ended", "w") as out:
        process = start(shim, "ended", ["./answers"], stdout=out)
        process.stdin.write(b"last words")
        process.stdin.close()
        yield "a wait", (process.wait(LONG), open("ended").read())

def stopped(shim):
    with open("stopped", "w") as out:
        # in a group of its own: in one that nobody controls, stop signals do nothing
        process = start(shim, "stopped", ["./answers"], stdout=out, preexec_fn=os.setpgrp)
        process.stdin.write(b"one compute ")
        process.stdin.flush()
        time.sleep(0.3)
        for number in signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU:
            process.send_signal(number)
            yield f"stopped by {number}", os.WIFSTOPPED(os.waitpid(process.pid, os.WUNTRACED)[1])
            yield "its bytes", open("stopped").read()
            process.send_signal(signal.SIGCONT)
        process.terminate()
        yield "in the end", (process.wait(LONG), open("stopped").read())

def waits(shim):
    """select, poll and epoll are told of the last byte of a row, and of the end."""
    process = start(shim, "waits", ["./answers"])
    process.stdin.write(b"a b c compute ")
    process.stdin.flush()
    poll, epoll, seen = select.poll(), select.epoll(), b""
    poll.register(process.stdout, select.POLLIN)
    epoll.register(process.stdout, select.EPOLLIN)
    end = time.monotonic() + LONG
    while seen.count(b"\n") < 4 and time.monotonic() < end:
        if poll.poll(1000) and epoll.poll(1):
            seen += os.read(process.stdout.fileno(), 100)
    yield "poll and epoll", seen
    process.kill()
    yield "their end", (process.wait(), bool(poll.poll(LONG * 1000)), os.read(process.stdout.fileno(), 100))

def everything(shim):
    return [answer for part in (dialogues, computing, ends, stopped, waits) for answer in part(shim)]

native, ours = everything(None), everything(os.environ["SHIM"])
assert len(native) == len(ours) > 30
for one, other in zip(native, ours):
    assert one == other, f"natively {one!r}\nwith the shim {other!r}"
rows = [json.loads(line)["batches"] for name in os.listdir(".") if name.endswith(".json") for line in open(name)]
assert sum(row["writes"] for row in rows) > 1000, f"nothing was coalesced, so nothing was tested: {rows}"
PYTHON
python3 readers.py || exit 1
exit 0
