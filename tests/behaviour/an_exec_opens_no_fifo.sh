#!/bin/bash
# Who executes what is no file gets EACCES, and nobody else notices: a FIFO's writer waits on for a reader. So do the writers of one that a script names as its
# interpreter, and of one that is executed by a descriptor.
set -u
. "$SRC/tests/lib/lib.sh"
command -v python3 >/dev/null || skip "python3 is not installed"

cat >execute.py <<'PYTHON'
import errno, os, signal, time
os.mkfifo("fifo", 0o777)
os.chmod("fifo", 0o777)
with open("script", "w") as script:
    script.write("#!./fifo\n")
os.chmod("script", 0o755)
writer = os.fork()
if writer == 0:
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.alarm(20)
    os.write(os.open("fifo", os.O_WRONLY), b"news")
    os._exit(0)
# Until it waits there.
while True:
    with open(f"/proc/{writer}/stat") as stat:
        if stat.read().rsplit(")", 1)[1].split()[0] == "S":
            break
named = os.open("fifo", os.O_PATH)
for what in "fifo", "script", named:
    try:
        os.execve(what, ["name"], {})
    except OSError as error:
        print(errno.errorcode[error.errno])
time.sleep(0.2) # a writer that was let go on has its time
signal.alarm(20)
with open("fifo", "rb") as fifo:
    print(fifo.read())
print(os.waitpid(writer, 0)[1])
os.unlink("fifo") # diff finds no two FIFOs the same
PYTHON
same_run log SYSSHIM_LOG="$PWD/log" -- python3 ../execute.py
same_run recording SYSSHIM_LOG="$PWD/recording" SYSSHIM_LOG_FORMAT=binary -- python3 ../execute.py
same_run none -- python3 ../execute.py
grep -q news none.native.out || fail "natively: $(cat none.native.out none.native.err)"
exit 0
