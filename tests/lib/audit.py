#!/usr/bin/env python3
"""Compares `sysshim files` with strace over real commands.

Each command runs three times under strace, natively, and under `sysshim run`, each time in a fresh copy of the same folder. Temporary names and
process numbers are normalised. What all three native runs named must be in the audit (recall), and the audit may name nothing that no native
run named (precision). So with all calls recorded, and with SYSSHIM_TRACE=audit.

    audit.py SYSSHIM FILES COMMANDS [NAME...]

FILES: the folder to be copied; COMMANDS: a file of `NAME COMMAND` lines.
"""
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys

OPENS = {"open", "openat", "openat2", "creat", "execve", "execveat"}
# Where paths stand among the arguments, and the descriptor that each is relative to (None: the working folder).
AT = {(0, 1)}
WITH_FOLDER = {"openat", "openat2", "newfstatat", "fstatat64", "statx", "faccessat", "faccessat2", "readlinkat", "name_to_handle_at", "mkdirat", "mknodat", "unlinkat",
               "fchmodat", "fchmodat2", "fchownat", "utimensat", "futimesat", "execveat", "mount_setattr", "open_tree", "fspick"}
PLACES = {
    "rename": {(None, 0), (None, 1)}, "link": {(None, 0), (None, 1)}, "renameat": {(0, 1), (2, 3)}, "renameat2": {(0, 1), (2, 3)},
    "linkat": {(0, 1), (2, 3)}, "symlink": {(None, 1)}, "symlinkat": {(1, 2)}, "inotify_add_watch": {(None, 1)},
    "pivot_root": {(None, 0), (None, 1)}, "mount": {(None, 0), (None, 1)}, "getcwd": set(), "fchdir": set(), "clone": set(), "clone3": set(), "fork": set(),
    "vfork": set(), "wait4": set(), "waitid": set(), "exit_group": set(), "exit": set(), "kill": set(), "tgkill": set(), "tkill": set(),
    "rt_sigqueueinfo": set(), "pidfd_open": set(), "pidfd_send_signal": set(), "unshare": set(), "setns": set(),
}
TEMPORARY = [
    (re.compile(r"/proc/\d+(?=/|$)"), "/proc/N"),
    (re.compile(r"/task/\d+(?=/|$)"), "/task/N"),
    (re.compile(r"/(cc|sed|sort|tmp_obj_|tmp\.|sh-thd\.|sh-np\.|GMfifo|perl|tmp|pymp-|tmp_pack_|tmp_idx_|incoming-|fileutl\.message\.|apt-key-gpghome\.)[A-Za-z0-9_]{4,}"), r"/\1X"),
    (re.compile(r"/(\.[^/]+)\.[A-Za-z0-9]{6}(?=$)"), r"/\1.X"),
    (re.compile(r"/\.git/t[A-Za-z0-9]{6}(?=$)"), "/.git/tX"),
    (re.compile(r"/pack-[0-9a-f]{40}"), "/pack-X"),
    (re.compile(r"(?<=/)[a-z_]+\.\d{3,7}(?=$|\.)"), "N"),
]


def normal(path):
    parts = re.sub(r"/(\./)+", "/", re.sub(r"/+", "/", path))
    while parts.endswith("/."):
        parts = parts[:-2] or "/"
    parts = parts.rstrip("/") or "/"
    for pattern, to in TEMPORARY:
        parts = pattern.sub(to, parts)
    return parts


OWN_DESCRIPTOR = re.compile(r"/proc/self/fd/\d+$")
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "v": "\v", "f": "\f", '"': '"', "\\": "\\"}


def unquoted(text):
    """What strace wrote between quotes, as latin-1 text: a character a byte."""
    return re.sub(r"\\([0-7]{1,3}|.)", lambda m: ESCAPES[m[1]] if m[1] in ESCAPES else chr(int(m[1], 8)), text)


def arguments(text):
    """The arguments of a call's line, split where a comma stands outside quotes and brackets."""
    found, depth, quoted, now, i = [], 0, False, "", 0
    while i < len(text):
        c = text[i]
        if quoted:
            now += c
            if c == "\\":
                i += 1
                now += text[i]
            elif c == '"':
                quoted = False
        elif c == '"':
            quoted = True
            now += c
        elif c in "([{":
            depth += 1
            now += c
        elif c in ")]}":
            if depth == 0:
                break
            depth -= 1
            now += c
        elif c == "," and depth == 0:
            found.append(now.strip())
            now = ""
        else:
            now += c
        i += 1
    found.append(now.strip())
    return found


class Strace:
    """The paths of one native run."""

    def __init__(self, path, folder):
        self.opened, self.named = set(), set()
        self.folders, self.begun, self.forking = {}, {}, {}
        self.first = folder
        with open(path, encoding="latin-1") as lines:
            for line in lines:
                self.line(line.rstrip("\n"))

    def line(self, line):
        number, _, rest = line.partition(" ")
        pid, rest = int(number), rest.lstrip()
        if pid not in self.folders:
            parents = [p for p in self.forking if p in self.folders]
            self.folders[pid] = self.folders[parents[-1]] if parents else self.first
        if rest.startswith(("+++", "---")):
            return
        resumed = re.match(r"<\.\.\. (\w+) resumed>(.*)$", rest)
        if resumed:
            rest = self.begun.pop(pid, resumed[1] + "(") + resumed[2].lstrip()
        unfinished = re.match(r"(.*?),? <unfinished \.\.\.>$", rest)
        call = re.match(r"(\w+)\((.*)$", rest)
        if not call:
            return
        name = call[1]
        if unfinished:
            self.begun[pid] = unfinished[1] + (", " if rest.endswith(", <unfinished ...>") else "")
            if name in ("clone", "clone3", "fork", "vfork"):
                self.forking[pid] = True
            # An exec that never comes back here was made; others are read when they end.
            if name not in ("execve", "execveat"):
                return
        self.call(pid, name, arguments(call[2]), rest)

    def call(self, pid, name, given, line):
        result = re.search(r"\) += (-?\d+|\?|0x[0-9a-f]+)", line)
        good = result and not result[1].startswith(("-", "?"))
        if name in ("clone", "clone3", "fork", "vfork"):
            self.forking.pop(pid, None)
            if good and int(result[1]) not in self.folders:
                self.folders[int(result[1])] = self.folders[pid]
            return
        if name == "fchdir" and good:
            self.folders[pid] = self.descriptor(pid, given[0])
        for at, where in PLACES.get(name, AT if name in WITH_FOLDER else {(None, 0)}):
            if where >= len(given) or not given[where].startswith('"'):
                continue
            path = unquoted(given[where].rstrip(".")[1:-1])
            if not path:
                continue
            base = self.folders[pid] if at is None else self.descriptor(pid, given[at])
            path = path if path.startswith("/") else base + "/" + path
            (self.opened if name in OPENS else self.named).add(normal(path))
            if name == "chdir" and good:
                self.folders[pid] = path

    def descriptor(self, pid, text):
        path = re.search(r"<(.*)>$", text)
        if path:
            return unquoted(path[1])
        return self.folders[pid] if text.startswith("AT_FDCWD") else "?"


def fresh(files, place):
    shutil.rmtree(place, ignore_errors=True)
    subprocess.run(["cp", "-a", files, place], check=True)


def audit(sysshim, recording, everything):
    """Paths of the audit: opened or executed by a call, and named by any."""
    lines = subprocess.run([sysshim, "files", "--json"] + (["--all"] if everything else []) + [recording], capture_output=True, check=True).stdout
    opened, named, gaps = set(), set(), {}
    for line in lines.decode().splitlines():
        row = json.loads(line)
        if "coverage" in row:
            gaps = row
            continue
        path = normal(row["path"])
        if row["opens"] + row["failed"]:
            opened.add(path)
        if row["named"]:
            named.add(path)
    return opened, named, gaps


def one(sysshim, files, base, name, command):
    place = os.path.join(base, name, "work")
    os.makedirs(os.path.join(base, name))
    environment = dict(os.environ, HOME=place, GIT_AUTHOR_NAME="a", GIT_AUTHOR_EMAIL="a@b", GIT_COMMITTER_NAME="a", GIT_COMMITTER_EMAIL="a@b", GIT_AUTHOR_DATE="2026-11-25T00:00:00Z",
                       GIT_COMMITTER_DATE="2026-11-25T00:00:00Z", LC_ALL="C.UTF-8")
    natives, errors = [], b""
    for turn in range(3):
        fresh(files, place)
        trace = os.path.join(base, name, f"trace.{turn}")
        errors = subprocess.run(["strace", "-f", "-y", "-s", "8192", "-o", trace, "-e", "trace=%file,%process,fchdir", "bash", "-c", command], cwd=place,
                                env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=300).stderr
        if b"command not found" in errors:
            return f"skipped: {errors.decode(errors='replace').splitlines()[-1]}"
        natives.append(Strace(trace, place))
    wrong = []
    for mode, extra in (("full", []), ("audit", ["-e", "trace=audit"])):
        recording = os.path.join(base, name, mode)
        fresh(files, place)
        subprocess.run([sysshim, "run", "-q", f"--record={recording}"] + extra + ["--", "bash", "-c", command], cwd=place, env=environment,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=300)
        opened, named, gaps = audit(sysshim, recording, True)
        if audit(sysshim, recording, False)[0] != opened:
            wrong.append(f"{mode}: --all lists other opened files")
        if gaps["paths_unresolved"] or gaps["starts_in_part"] or gaps["not_followed"]:
            wrong.append(f"{mode}: gaps: {gaps}")
        for what, ours, theirs in (("opened", opened, [n.opened for n in natives]), ("named", opened | named, [n.opened | n.named for n in natives])):
            missing, more = set.intersection(*theirs) - ours, ours - set.union(*theirs)
            if name.startswith("by_loader"):
                # From glibc 2.42 on an ld.so that was executed asks where the program that it has opened lies: by which number nobody can tell afterwards.
                missing = {path for path in missing if not OWN_DESCRIPTOR.match(path)}
            wrong += [f"{mode}: {what}, not in the audit: {path!r}" for path in sorted(missing)]
            wrong += [f"{mode}: {what}, not in strace: {path!r}" for path in sorted(more)]
    if wrong:
        return "failed:\n  " + "\n  ".join(wrong[:12]) + (f"\n  and {len(wrong) - 12} more" if len(wrong) > 12 else "")
    if not os.environ.get("KEEP"):
        shutil.rmtree(os.path.join(base, name))
    return f"passed: {len(opened)} opened, {len(opened | named)} named"


def main():
    sysshim, files, commands, *only = sys.argv[1:]
    base = os.path.abspath("runs")
    with open(commands) as lines:
        jobs = [line.rstrip("\n").split(" ", 1) for line in lines if line.strip() and not line.startswith("#")]
    jobs = [(name, command) for name, command in jobs if not only or name in only]
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        running = {pool.submit(one, sysshim, os.path.abspath(files), base, name, command): name for name, command in jobs}
        for job in concurrent.futures.as_completed(running):
            outcome = job.result()
            counts[outcome.split(":")[0]] += 1
            if not outcome.startswith("passed") or os.environ.get("VERBOSE"):
                print(f"{running[job]}: {outcome}", flush=True)
    print(f"{len(jobs)} commands: " + ", ".join(f"{n} {what}" for what, n in counts.items()))
    sys.exit(counts["failed"] > 0 or counts["passed"] < len(jobs) * 3 // 4)


main()
