#!/bin/bash
# An interactive bash on a pseudo terminal: programs that write small lines are stopped by ^Z, continued, interrupted by ^C, put into the
# background and killed. What they wrote before they stopped is there while they are stopped. Everything is asked natively first.
# timeout: 240
set -u
. "$SRC/tests/lib/lib.sh"

cat >busy.c <<'C'
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* busy FILE rows|computes: 400 lines to FILE, "ready" to the terminal, 400 lines more, then lines for ever or none */
static void lines(int fd, int count)
{
	for (int i = 0; i < count; i++)
		if (write(fd, "0123456\n", 8) != 8)
			_exit(1);
}

int main(int argc, char **argv)
{
	FILE *f = fopen(argv[1], "w");
	int fd = fileno(f);

	lines(fd, 400);
	if (write(1, "ready\n", 6) != 6)
		return 1;
	lines(fd, 400);
	for (;;)
		if (strcmp(argv[2], "rows") == 0) {
			for (volatile int i = 0; i < 3000; i++)
				;
			lines(fd, 1);
		}
}
C
cc -O1 -o busy busy.c || fail "it does not compile"
cat >terminal.py <<'PYTHON'
import os, pty, re, select, signal, sys, time

class Shell:
    def __init__(self, shim, settings):
        self.seen = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            environment = dict(os.environ, PS1="prompt> ", TERM="dumb", HISTFILE="")
            if shim:
                environment.update(settings, LD_PRELOAD=shim, SYSSHIM_STATS="off")
            os.execvpe("bash", ["bash", "--norc", "--noprofile", "--noediting", "-i"], environment)
        self.wait(b"prompt> ")

    def wait(self, text):
        """Everything up to `text`, which must come."""
        end = time.monotonic() + 20
        while text not in self.seen:
            ready, _, _ = select.select([self.fd], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise AssertionError(f"{text!r} does not come, but {self.seen!r}")
            self.seen += os.read(self.fd, 65536)
        before, self.seen = self.seen.split(text, 1)
        return before.decode(errors="replace")

    def type(self, text):
        os.write(self.fd, text.encode())

    def run(self, command):
        """The output of a command, without the echo."""
        self.type(command + "\n")
        return "\n".join(self.wait(b"prompt> ").replace("\r", "").split("\n")[1:])

def size_is_whole(name, least):
    """Nothing is missing and nothing grows: what was written before the stop is there within the bound."""
    end = time.monotonic() + 1
    while os.path.getsize(name) < least and time.monotonic() < end:
        time.sleep(0.01)
    first = os.path.getsize(name)
    time.sleep(0.1)
    return first >= least and first % 8 == 0 and os.path.getsize(name) == first

def dialogue(shim, settings):
    said = []
    shell = Shell(shim, settings)
    for kind in "computes", "rows":
        name = f"{kind}.file"
        shell.type(f"./busy {name} {kind}\n")
        shell.wait(b"ready\r\n")
        time.sleep(0.2)
        shell.type("\x1a")
        said.append(re.sub(r"^\^Z", "", shell.wait(b"prompt> ")).replace("\r", "").strip())
        said.append(size_is_whole(name, 6400))
        stopped = os.path.getsize(name)
        said.append(shell.run("jobs").strip())
        shell.type("fg\n")
        time.sleep(0.3)
        said.append(os.path.getsize(name) > stopped)
        shell.type("\x03")
        shell.wait(b"prompt> ")
        said.append(shell.run("echo $?").strip())
        said.append(size_is_whole(name, 6400))
        shell.run(f"./busy {name} {kind} >/dev/null &")
        time.sleep(0.2)
        said.append(re.sub(r"\d{2,}", "N", shell.run("jobs").strip()))
        shell.type("kill -STOP %1\n")
        shell.wait(b"prompt> ")
        time.sleep(0.2)
        said.append(shell.run("jobs %1").strip())
        said.append(os.path.getsize(name) % 8)
        shell.run("bg %1; kill -CONT %1")
        time.sleep(0.2)
        said.append(size_is_whole(name, 6400) == (kind == "computes"))
        shell.type("kill %1; wait %1; echo status $?\n")
        text = shell.wait(b"prompt> ")
        said.append(re.search(r"status \d+", text.split("\n", 1)[1])[0])
        said.append(size_is_whole(name, 6400))
    # in a pipeline the whole job stops
    shell.type("./busy piped.file rows | cat | cat\n")
    shell.wait(b"ready\r\n")
    shell.type("\x1a")
    shell.wait(b"prompt> ")
    said.append(size_is_whole("piped.file", 3200))
    shell.type("fg\n")
    time.sleep(0.1)
    shell.type("\x1c")
    shell.wait(b"prompt> ")
    said.append(shell.run("echo ${PIPESTATUS[*]}").strip())
    # writes of a background job to the terminal stop it where `tostop` is set
    shell.run("stty tostop; ulimit -c 0")
    shell.run("(for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do echo l; done >before; echo to the terminal; echo over >after) &")
    time.sleep(0.3)
    said.append((re.sub(r"\s+", " ", shell.run("jobs %1")).split(" ")[1], os.path.getsize("before"), os.path.exists("after")))
    shell.type("fg\n")
    shell.wait(b"to the terminal\r\n")
    shell.wait(b"prompt> ")
    said.append(os.path.getsize("after"))
    # a foreground program's rows come through the terminal whole
    said.append(shell.run("perl -e '$| = 1; print \"$_\\n\" for 1 .. 500'") == "".join(f"{i}\n" for i in range(1, 501)))
    said.append(shell.run("for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25; do echo $i; done | cat").strip().split("\n")[-1])
    shell.type("exit 7\n")
    said.append(os.waitstatus_to_exitcode(os.waitpid(shell.pid, 0)[1]))
    os.close(shell.fd)
    return said

def ask(*arguments):
    for name in os.listdir("."):
        if name.endswith(".file") or name in ("before", "after"):
            os.unlink(name)
    return dialogue(*arguments)

native = ask(None, {})
assert native.count(True) >= 9 and native[-1] == 7, native
for settings in {}, {"SYSSHIM_BURST": "1"}, {"SYSSHIM_BURST": "1", "SYSSHIM_LATENCY_MS": "1"}:
    shim = ask(os.environ["SHIM"], settings)
    for number, (one, other) in enumerate(zip(native, shim)):
        assert one == other, f"{settings}, {number}: natively {one!r}, with the shim {other!r}"
PYTHON
python3 terminal.py || exit 1
exit 0
