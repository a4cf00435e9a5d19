"""One run of a program in an empty folder: start it in a session of its own, wait, end what it left behind, and say what can be seen of it.

A run never inherits anything of ours but PATH and the like: no LD_PRELOAD, no SYSSHIM_*, /dev/null as descriptor 0, regular files as 1
and 2 (a pipe would let a forgotten child keep the reader waiting), no core files.
"""
import hashlib
import os
import re
import shutil
import signal
import stat
import subprocess
import threading

MARK = "TEST_FOLDER"  # in every run's environment: by it, and by the session, its processes are found again
SUMMARY = re.compile(rb"^sysshim: .* \(pid \d+\).*\n(?:  .*\n)*", re.MULTILINE)
WHOLE = 1 << 16  # files up to this size are compared and shown as they are, longer ones by their hash

running = set()  # the session leaders that are there now
running_lock = threading.Lock()
stopping = threading.Event()  # after an interruption nothing new is started


class Outcome:
    """What a run left: wait status (negative: the signal that ended it), both outputs, and its files as {path: description}."""

    def __init__(self, status, out, err, files=None, expired=False):
        self.status, self.out, self.err, self.files, self.expired = status, out, err, files or {}, expired

    def __eq__(self, other):
        return vars(self) == vars(other)

    def without_summary(self):
        return Outcome(self.status, self.out, SUMMARY.sub(b"", self.err), self.files, self.expired)


def environment(folder):
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("SYSSHIM", "LD_", "LC_", "MAKE", "GIT_")) and name not in ("SHIM", "KEEP", "JOBS", "CDPATH", "LANGUAGE")}
    kept.update(LANG="C.UTF-8", LC_ALL="C.UTF-8", HOME=os.path.join(folder, "home"), TMPDIR=os.path.join(folder, "tmp"))
    kept[MARK] = folder
    return kept


def fresh(folder, name="cwd"):
    """An empty folder below `folder`, and an empty home and tmp beside it."""
    for each in (name, "home", "tmp"):
        path = os.path.join(folder, each)
        remove(path)
        os.makedirs(path)
    return os.path.join(folder, name)


def remove(path):
    """Also what a test made unreadable."""
    def again(function, name, _):
        for each in (os.path.dirname(name), name):
            if not os.path.islink(each):
                try:
                    os.chmod(each, 0o700)
                except OSError:
                    pass
        try:
            shutil.rmtree(name) if os.path.isdir(name) and not os.path.islink(name) else os.unlink(name)
        except OSError:
            pass

    if os.path.lexists(path):
        shutil.rmtree(path, onerror=again)


def describe(path):
    """Type, mode and content of one name."""
    status = os.lstat(path)
    mode = f"{stat.filemode(status.st_mode)}"
    if stat.S_ISLNK(status.st_mode):
        return mode, os.readlink(path)
    if not stat.S_ISREG(status.st_mode):
        return mode, ""
    try:
        with open(path, "rb") as file:
            content = file.read(WHOLE + 1)
            if len(content) <= WHOLE:
                return mode, content
            digest = hashlib.sha256(content)
            for part in iter(lambda: file.read(1 << 20), b""):
                digest.update(part)
            return mode, f"{status.st_size} bytes, sha256 {digest.hexdigest()}"
    except PermissionError:
        return mode, f"{status.st_size} bytes, not readable"


def snapshot(folder):
    found = {}
    for base, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(base, name)
            found[os.path.relpath(path, folder)] = describe(path)
    return found


def _kill(pid, function=os.kill):
    try:
        function(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def end_session(leader, folder):
    """Kills what is left of a run: all of its session, and what left the session but still has our mark in its environment."""
    _kill(leader, os.killpg)
    mark = f"{MARK}={folder}".encode()
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                session = int(file.read().rpartition(b")")[2].split()[3])
            if session != leader:
                with open(f"/proc/{name}/environ", "rb") as file:
                    if mark not in file.read().split(b"\0"):
                        continue
            _kill(int(name))
        except (OSError, IndexError, ValueError):
            continue  # it has ended meanwhile, or is another user's


def end_all():
    stopping.set()
    with running_lock:
        leaders = list(running)
    for leader, folder in leaders:
        end_session(leader, folder)


def run(command, folder, timeout, settings=None, thorough=True, files=True):
    """One run in folder/cwd, fresh. `thorough` looks through /proc for what it left behind; the process group is ended in any case.
    `files`: what it left in its folder is read."""
    if stopping.is_set():
        raise InterruptedError("the tests were interrupted")
    cwd = fresh(folder)
    variables = environment(folder)
    variables.update(settings or {})
    out_path, err_path = os.path.join(folder, "stdout"), os.path.join(folder, "stderr")
    expired = False
    with open(out_path, "wb") as out, open(err_path, "wb") as err:
        process = subprocess.Popen(command, cwd=cwd, env=variables, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True)
        entry = (process.pid, folder)
        with running_lock:
            running.add(entry)
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            expired = True
        finally:
            if thorough or expired:
                end_session(process.pid, folder)
            else:
                _kill(process.pid, os.killpg)
            status = process.wait()
            with running_lock:
                running.discard(entry)
    with open(out_path, "rb") as out, open(err_path, "rb") as err:
        return Outcome(status, out.read(), err.read(), snapshot(cwd) if files else {}, expired)


def _text(content):
    return content.decode("utf-8", "backslashreplace") if isinstance(content, bytes) else str(content)


def _first_difference(name, a, b):
    a_lines, b_lines = _text(a).split("\n"), _text(b).split("\n")
    for number, (left, right) in enumerate(zip(a_lines, b_lines), 1):
        if left != right:
            break
    else:
        number = min(len(a_lines), len(b_lines)) + 1
        left = a_lines[number - 1] if number <= len(a_lines) else "(ends before)"
        right = b_lines[number - 1] if number <= len(b_lines) else "(ends before)"
    return [f"{name}, line {number}:", f"  native: {left[:300]}", f"  shim:   {right[:300]}"]


def ending(status):
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"


def difference(native, shim):
    """Lines that say how two outcomes differ; none if they do not."""
    if shim.expired:
        return ["it did not come to its end in time", *_text(shim.out).splitlines()[-5:], *_text(shim.err).splitlines()[-5:]]
    lines = []
    if native.status != shim.status:
        lines += [f"natively {ending(native.status)}, under the shim {ending(shim.status)}"]
    if native.out != shim.out:
        lines += _first_difference("stdout", native.out, shim.out)
    if native.err != shim.err:
        lines += _first_difference("stderr", native.err, shim.err)
    for name in sorted(native.files.keys() | shim.files.keys()):
        left, right = native.files.get(name), shim.files.get(name)
        if left is None or right is None:
            lines.append(f"file {name!r}: only {'under the shim' if left is None else 'natively'}")
        elif left[0] != right[0]:
            lines.append(f"file {name!r}: natively {left[0]}, under the shim {right[0]}")
        elif left[1] != right[1]:
            lines += _first_difference(f"file {name!r}", left[1], right[1])
    return lines
