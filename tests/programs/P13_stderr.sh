#!/bin/bash
# The summary never hurts: with stderr a full pipe or socket that nobody reads, a pipe whose reader has gone, a full disk, a file at its size limit, a
# terminal that is stopped or belongs to others, replaced, closed, or not there at birth, the program ends at once and as it does without us.
set -u
. "$SRC/tests/lib/lib.sh"

python3 - "$PROGRAM" "$SHIM" <<'PYTHON'
import fcntl, os, pty, select, signal, socket, struct, subprocess, sys, termios, time
program, shim = sys.argv[1:]
wrong = 0

def check(name, condition, what):
    global wrong
    if not condition:
        print(f"WRONG: {name}: {what}")
        wrong = 1

def run(name, stderr, way="", status=5, timeout=20, before=None, **settings):
    """Both runs with this stderr (a function that makes one, and gives what to close behind); returns what stdout said."""
    variables = {k: v for k, v in os.environ.items() if not k.startswith(("LD_", "SYSSHIM"))}
    for preload in ({}, {"LD_PRELOAD": shim, **settings}):
        descriptor, finish = stderr()
        child = subprocess.Popen([program, way], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=descriptor,
                                 env={**variables, **preload}, preexec_fn=before)
        try:
            out, _ = child.communicate(timeout=timeout)
            check(name, child.returncode == status, f"status {child.returncode}, {status} wanted{', under the shim' if preload else ''}")
            check(name, out == b"done\n" or way in ("daemon", "killed"), f"stdout {out}")
        except subprocess.TimeoutExpired:
            check(name, False, f"it hangs{' under the shim' if preload else ''}")
            child.kill()
            child.communicate()
        said = finish()
    return said

def fill(fd):
    os.set_blocking(fd, False)
    for size in (4096, 1):
        try:
            while True:
                os.write(fd, b"x" * size)
        except BlockingIOError:
            pass
    os.set_blocking(fd, True)

def drain(fd):
    os.set_blocking(fd, False)
    got = b""
    try:
        while piece := os.read(fd, 65536):
            got += piece
    except OSError:
        pass
    return got

def pipe_of(full=False, gone=False, room=0):
    def make():
        read, write = os.pipe()
        if full or room:
            fill(write)
        if room:
            os.read(read, room)
        if gone:
            os.close(read)
        def finish():
            os.close(write)
            got = b"" if gone else drain(read)
            if not gone:
                os.close(read)
            return got
        return write, finish
    return make

def sockets(kind, full=False, gone=False, room=0):
    def make():
        if kind == "tcp":
            listener = socket.create_server(("127.0.0.1", 0))
            a = socket.create_connection(listener.getsockname())
            b = listener.accept()[0]
            listener.close()
        else:
            a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM if kind == "datagram" else socket.SOCK_STREAM)
        if full or room:
            a.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4608)
            fill(a.fileno())
            if kind == "tcp":
                time.sleep(0.1)
                fill(a.fileno())
        if room:
            b.recv(room)
        if gone:
            b.close()
        def finish():
            a.close()
            got = b"" if gone else drain(b.fileno())
            b.close()
            return got
        return a.fileno(), finish
    return make

def file_of(path, flags=os.O_WRONLY):
    def make():
        fd = os.open(path, flags | os.O_CREAT, 0o600)
        def finish():
            os.close(fd)
            return open(path, "rb").read() if os.path.isfile(path) else b""
        return fd, finish
    return make

def terminal(prepare):
    def make():
        master, slave = pty.openpty()
        attributes = termios.tcgetattr(slave)
        attributes[3] |= termios.TOSTOP
        termios.tcsetattr(slave, termios.TCSANOW, attributes)
        prepare(master, slave)
        def finish():
            termios.tcflow(slave, termios.TCOON)
            os.close(slave)
            got = drain(master)
            os.close(master)
            return got
        return slave, finish
    return make

SUMMARY = b"sysshim: program (pid"
# where it can be said it is said, so that the silence of the others means something
check("pipe", SUMMARY in run("pipe", pipe_of()), "no summary")
check("socket", SUMMARY in run("socket", sockets("stream")), "no summary")
check("tcp", SUMMARY in run("tcp", sockets("tcp")), "no summary")
check("file", SUMMARY in run("file", file_of("file")), "no summary")
check("terminal", SUMMARY in run("terminal", terminal(lambda master, slave: None)), "no summary")

run("full pipe", pipe_of(full=True))
for room in (1, 4096, 8192):
    run(f"pipe with room for {room}", pipe_of(room=room))
run("full socket", sockets("stream", full=True))
run("full datagram socket", sockets("datagram", full=True))
run("full tcp socket", sockets("tcp", full=True))
for room in (100, 3000, 20000, 200000):
    run(f"tcp socket after {room} bytes", sockets("tcp", room=room))
    run(f"socket after {room} bytes", sockets("stream", room=room))
for name, make in (("pipe", pipe_of(gone=True)), ("socket", sockets("stream", gone=True)), ("tcp", sockets("tcp", gone=True))):
    run(f"{name} without reader", make)
    run(f"{name} without reader, handlers", make, "handlers")
    # Python ignores SIGPIPE and subprocess gives the default back; a program that inherits it ignored
    run(f"{name} without reader, ignored", make, before=lambda: signal.signal(signal.SIGPIPE, signal.SIG_IGN))
    run(f"{name} without reader, pending", make, "pending")
run("/dev/full", file_of("/dev/full"))
run("/dev/null", file_of("/dev/null"))
run("a read-only descriptor", file_of("readonly", os.O_RDONLY))

def at_limit():
    open("limited", "wb").write(b"x" * 100)
    return file_of("limited", os.O_WRONLY | os.O_APPEND)()
for way in ("limited", "handlers"):
    import resource
    run(f"size limit, {way}", at_limit, way, before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)) if way == "handlers" else None)
    check("size limit", open("limited", "rb").read() == b"x" * 100, "the file has grown")

# terminals: stopped by ^S, full because nobody reads, nearly full
def stopped(master, slave):
    termios.tcflow(slave, termios.TCOOFF)
def full(master, slave):
    fill(slave)
def nearly_full(master, slave):
    fill(slave)
    os.read(master, 300)
run("stopped terminal", terminal(stopped))
run("full terminal", terminal(full))
run("nearly full terminal", terminal(nearly_full))

# in the background of a terminal with TOSTOP: SIGTTOU would stop it
def background(way):
    name = f"background, {way}"
    for preload in (None, shim):
        pid, master = pty.fork()
        if pid == 0:
            attributes = termios.tcgetattr(0)
            attributes[3] |= termios.TOSTOP
            termios.tcsetattr(0, termios.TCSANOW, attributes)
            variables = {**os.environ, **({"LD_PRELOAD": preload} if preload else {})}
            null = os.open("/dev/null", os.O_RDWR)
            child = os.fork()
            if child == 0:
                os.setpgid(0, 0)
                os.dup2(null, 0)
                os.dup2(null, 1)
                os.execve(program, [program, way], variables)
            deadline = time.time() + 20
            while time.time() < deadline:
                done, status = os.waitpid(child, os.WNOHANG | os.WUNTRACED)
                if done:
                    if os.WIFSTOPPED(status):
                        os.kill(child, signal.SIGKILL)
                    os._exit(0 if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 5 else 1 + os.WIFSTOPPED(status))
                time.sleep(0.01)
            os.kill(child, signal.SIGKILL)
            os._exit(3)
        while True:
            try:
                if not os.read(master, 4096):
                    break
            except OSError:
                break
        _, status = os.waitpid(pid, 0)
        os.close(master)
        words = {0: "", 1: "another status", 2: "it was stopped", 3: "it hangs"}
        result = os.waitstatus_to_exitcode(status)
        check(name, result == 0, words.get(result, str(result)) + (" under the shim" if preload else ""))
background("plain")
background("handlers")

# descriptor 2 is another file by then, or none
check("replaced", run("replaced", pipe_of(), "replaced") == b"", "the summary went to the file of birth, which the program has left")
check("replaced", open("replaced", "rb").read() == b"into the file\n", "the program's own file got it")
check("reopened", run("reopened", pipe_of(), "reopened") == b"", "the pipe got it")
check("reopened", open("reopened", "rb").read() == b"mine\n", "the program's own file got it")
check("closed", run("closed", pipe_of(), "closed") == b"", "the pipe got it")
check("killed", run("killed", pipe_of(), "killed", status=-signal.SIGTERM) == b"", "something was said")
said = run("daemon", pipe_of(), "daemon")
check("daemon", said.count(SUMMARY) == 1, f"{said.count(SUMMARY)} summaries")
sys.exit(wrong)
PYTHON
[ $? -eq 0 ] || exit 1

# closed at birth: the number is the program's
for shell in bash dash; do
	command -v $shell >/dev/null || continue
	for preload in "" "$SHIM"; do
		rm -f first second
		LD_PRELOAD=$preload $shell -c 'exec 3>first; echo a >second; cat first second' 2>&- >out
		[ $? -eq 0 ] && [ "$(cat out)" = a ] && [ ! -s first ] && [ "$(cat second)" = a ] || fail "$shell, closed at birth: $(cat out first second)"
	done
	LD_PRELOAD="$SHIM" $shell -c 'echo "$0" >&2' 2>&- && fail "$shell: a closed stderr is open"
done
exit 0
