#!/bin/bash
# timeout: 120
# Stopped by Ctrl-Z, and ended by Ctrl-C or Ctrl-\, sysshim top leaves the terminal as it was, also where the shell does not see to that (dash); when it goes on its keys are read.
set -u
. "$SRC/tests/lib/lib.sh"
export XDG_STATE_HOME=$PWD/state

"$SYSSHIM" run -q --record="$PWD/recording" -- sleep 110 &
program=$!
trap 'kill $program' EXIT
for _ in $(seq 100); do "$SYSSHIM" top -n 1 recording >/dev/null 2>&1 && break; sleep 0.1; done
python3 - "$SYSSHIM" <<'PY' || fail "see above"
import os, pty, select, sys, termios, time
child, terminal = pty.fork()
if child == 0:
    os.environ.update(PS1="shell> ", ENV="")
    os.execv("/bin/sh", ["sh", "-i"])
text = b""
def wait_for(what):
    global text
    end = time.time() + 20
    while time.time() < end:
        if what in text:
            text = text.split(what, 1)[1]
            return
        if select.select([terminal], [], [], 0.1)[0]:
            text += os.read(terminal, 65536)
    assert False, (what, text)
def reads_keys():
    return not termios.tcgetattr(terminal)[3] & (termios.ICANON | termios.ECHO)
wait_for(b"shell> ")
def top():
    os.write(terminal, sys.argv[1].encode() + b" top -d 0.2 recording\n")
    wait_for(b"\033[H")
    assert reads_keys()
# What stty says shows what the next program meets: a shell with an editor changes the terminal for itself.
def is_as_it_was(after):
    os.write(terminal, b"stty -a | tr ' ' '\\n' | grep -cxE 'icanon;?|echo;?' | sed 's/^/they are /'\n")
    wait_for(b"they are 2\r\nshell> ")
for key in b"\x03", b"\x1c":
    top()
    os.write(terminal, key)
    wait_for(b"shell> ")
    is_as_it_was(key)
top()
os.write(terminal, b"\x1a")
wait_for(b"shell> ")
is_as_it_was("stopped")
os.write(terminal, b"fg\n")
wait_for(b"\033[H")
assert reads_keys(), "it does not read keys when it goes on"
os.write(terminal, b"q")
wait_for(b"coverage: ")
wait_for(b"shell> ")
is_as_it_was("q")
PY
exit 0
