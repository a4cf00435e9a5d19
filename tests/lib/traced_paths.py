"""What a program that is followed by ptrace, and all that it starts, opens and executes: strace's log and ours, path by path, how often with success
and without."""
import collections
import glob
import json
import os
import re
import struct
import subprocess
import sys
import tempfile

CALL = re.compile(r"(\w+)\((.*)\)\s+= (-?\d+|\?)(?: (E\w+))?")
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
BY_PTRACE = 2


def lines_of(path):
    """(process, line), each call whole, where it ended; an exec where it began, too: a failing one is then taken back."""
    begun = {}
    for line in open(path, encoding="latin-1"):
        pid, text = line.rstrip("\n").split(None, 1)
        if text.endswith("<unfinished ...>"):
            begun[pid] = text[: -len("<unfinished ...>")]
        elif text.startswith("<..."):
            if pid not in begun and " exec" in text:
                # a thread's exec that another line stood behind ends under the process's number, without a word of the change
                pid, begun[pid] = next(((pid, begun.pop(key)) for key in list(begun) if begun[key].startswith("exec")), (pid, ""))
            yield int(pid), begun.pop(pid, "") + text.split("resumed>", 1)[1]
        elif text.endswith("...>") and "<pid changed to " in text:
            # a thread's exec goes on under the process's number
            text, other = text[:-len(" ...>")].split("<pid changed to ")
            begun[other] = text
        else:
            yield int(pid), text


class Oracle:
    """Descriptors and folders as the calls made them."""

    def __init__(self, folder):
        self.folders, self.descriptors, self.parents, self.started = {}, {}, {}, folder
        self.counts = collections.defaultdict(lambda: [0, 0])

    def look(self, table, pid, key):
        while pid is not None:
            if (pid, key) in table:
                return table[pid, key]
            pid = self.parents.get(pid)
        return self.started if table is self.folders else "?"

    def absolute(self, pid, base, path):
        if not path.startswith("/"):
            folder = self.look(self.folders, pid, 0) if base == "AT_FDCWD" else self.look(self.descriptors, pid, int(base))
            path = folder + "/" + path if path else folder
        return re.sub(r"/(\./)*\.?$", "", re.sub(r"/(?:\.?/)+", "/", path)) or "/"

    def take(self, pid, call, arguments, result):
        number = int(result) if result != "?" else 0
        found = STRING.search(arguments)
        path = found and found.group(1).encode().decode("unicode_escape").encode("latin-1").decode("utf-8", "replace")
        first = arguments.split(",")[0].strip()
        base = first if first == "AT_FDCWD" or (call not in ("open", "creat", "execve", "chdir") and re.fullmatch(r"\d+", first)) else "AT_FDCWD"
        if call in ("open", "openat", "openat2", "creat", "execve", "execveat") and found:
            path = self.absolute(pid, base, path)
            self.counts[path][number < 0] += 1
            if number >= 0 and not call.startswith("exec"):
                self.descriptors[pid, number] = path
        elif call == "chdir" and number == 0:
            self.folders[pid, 0] = self.absolute(pid, "AT_FDCWD", path)
        elif call == "fchdir" and number == 0:
            self.folders[pid, 0] = self.look(self.descriptors, pid, int(first))
        elif (call.startswith("dup") or (call in ("fcntl", "fcntl64") and "F_DUPFD" in arguments)) and number >= 0:
            self.descriptors[pid, number] = self.look(self.descriptors, pid, int(first))


def strace(path, folder, programs):
    """programs: what an exec must name for its process, and all below, to count; "": all, from the first exec on."""
    oracle, counted = Oracle(folder), set()
    lines = list(lines_of(path))
    threads = {}
    for pid, line in lines:
        found = re.match(r"(clone3?|v?fork)\(.*= (\d+)$", line)
        if found:
            child = int(found.group(2))
            oracle.parents[child] = pid
            if "CLONE_THREAD" in line:
                threads[child] = pid
    for pid, line in lines:
        found = CALL.match(line)
        if not found:
            continue
        call, arguments, result, _ = found.groups()
        own = pid
        while own in threads:
            own = threads[own]
        above = own
        while above is not None and above not in counted:
            above = oracle.parents.get(above)
        before = dict((key, list(value)) for key, value in oracle.counts.items()) if above is None else None
        oracle.take(own, call, arguments, result)
        if above is None and not (not programs and call == "execve"):
            oracle.counts = collections.defaultdict(lambda: [0, 0], before)
        if call.startswith("exec") and result == "0" and (not programs or re.search(programs, STRING.search(arguments).group(1))):
            counted.add(own)
    return oracle.counts


def ours(command, recording):
    """Of the files alone that were made by ptrace."""
    counts, folder = {}, tempfile.mkdtemp()
    for path in glob.glob(os.path.join(recording, "*.rec")):
        with open(path, "rb") as file:
            if struct.unpack_from("<I", file.read(92), 88)[0] == BY_PTRACE:
                os.link(path, os.path.join(folder, os.path.basename(path)))
    text = subprocess.run([command, "files", "--json", folder], stdout=subprocess.PIPE, check=True).stdout.decode()
    for line in text.splitlines():
        row = json.loads(line)
        if "path" in row:
            counts[row["path"]] = [row["opens"], row["failed"]]
    return counts


def normal(counts):
    result = collections.defaultdict(lambda: [0, 0])
    for path, (good, bad) in counts.items():
        path = re.sub(r"^/proc/\d+", "/proc/PID", path)
        result[path][0] += good
        result[path][1] += bad
    return dict(result)


def main():
    command, recording, log, folder, programs = sys.argv[1:6]
    theirs, own = normal(strace(log, folder, programs)), normal(ours(command, recording))
    for path in sorted(set(theirs) | set(own)):
        if theirs.get(path) != own.get(path):
            print(f"{path}: strace has {theirs.get(path)}, we have {own.get(path)}")
    print(f"{len(theirs)} paths")
    sys.exit(theirs != own or not theirs)


if __name__ == "__main__":
    main()
