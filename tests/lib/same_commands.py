#!/usr/bin/env python3
"""Runs the command lines of a file natively and under the shim and compares all that can be seen of them.

A line of the file: NAME <tab> COMMAND [<tab> differs: PATTERN PATTERN...]. Lines that are empty or begin with # are left out. The command
is run by `bash -c` in an empty folder, always the same one for all runs of that command, with descriptor 0 at /dev/null. Compared are
stdout, stderr, exit status, and every name, type, mode, link target and content below the folder. PATTERN (fnmatch on the relative path)
names files whose *content* differs between two native runs as well (they hold times, inode numbers or pids): only their content is left
out, and a pattern that matches no file of the native run is an error. In stderr one thing is made equal: the pid in bash's own message
about a job that was killed (`bash: line 1: 4711 Killed   command`).

Where a run differs, the command is run natively again, up to four times in all: a command that races must give one of the results that it
gives natively, and its name is printed.

A command needs a program that is not installed ("command not found" natively): it is skipped and counted.

Variants: quiet (SYSSHIM_STATS=off), eager and small (coalescing from the first small write on, with a timer of 1 ms, with batches of 7 bytes)
interpose (nothing is rewritten), all (every way in from the start)
and log (a log file and a JSON summary for each process, outside the folder). In the variant log there
must be a summary of at least one process, every one must be valid JSON, and the logs must hold lines: so the shim was there.
--in-turn: a command runs in one variant only, the next command in the next; --turn=N begins with the N-th.
"""
import argparse
import concurrent.futures
import fnmatch
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys

from recordings import newest, unreadable

LIMIT = 60  # seconds a run may take
NATIVE_RUNS = 4  # at most, of one command
JOB = re.compile(rb"^(\S+: line \d+:) +\d+( [A-Z][a-z ]+)", re.MULTILINE)
MISSING = re.compile(rb"(\S+: (?:command )?not found)$", re.MULTILINE)


def environment(folder):
    """What every command starts with: nothing of the caller's but PATH, and nothing that changes from run to run."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "HOME": folder,
        "XDG_STATE_HOME": os.path.join(os.path.dirname(folder), "state"),
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "TERM": "dumb",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_AUTHOR_DATE": "1700000000 +0000",
        "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org", "GIT_COMMITTER_DATE": "1700000000 +0000",
    }


def snapshot(folder):
    """{relative path: (kind, mode, content or target)} of everything below the folder."""
    seen = {}
    for root, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(root, name)
            status = os.lstat(path)
            content = None
            if stat.S_ISLNK(status.st_mode):
                content = os.readlink(path)
            elif stat.S_ISREG(status.st_mode):
                with open(path, "rb") as f:
                    content = f.read()
            seen[os.path.relpath(path, folder)] = (stat.S_IFMT(status.st_mode), stat.S_IMODE(status.st_mode), content)
    return seen


def run(command, folder, extra):
    """One run in an empty folder. Whatever it leaves running ends with its process group."""
    # A folder that a command has closed keeps its files from who is not root.
    subprocess.run(["chmod", "-R", "u+rwX", folder], stderr=subprocess.DEVNULL, check=False)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    os.chmod(folder, 0o755)
    child = subprocess.Popen(
        ["bash", "-c", command], cwd=folder, env={**environment(folder), **extra}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    try:
        out, err = child.communicate(timeout=LIMIT)
        status = child.returncode
    except subprocess.TimeoutExpired:
        status = f"still running after {LIMIT} seconds"
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    if isinstance(status, str):
        out, err = child.communicate()
    result = {"stdout": out, "stderr": JOB.sub(rb"\1PID\2", err), "status": status, "files": snapshot(folder)}
    shutil.rmtree(folder, ignore_errors=True)
    return result


def excerpt(data, at):
    return repr(data[max(0, at - 60) : at + 100])


def compare_bytes(what, a, b):
    if a == b:
        return []
    at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    return [f"{what} differs at byte {at} of {len(a)} and {len(b)}: natively {excerpt(a, at)}, shim {excerpt(b, at)}"]


def compare(native, other, differs):
    wrong = []
    if native["status"] != other["status"]:
        wrong.append(f"status: natively {native['status']}, shim {other['status']}; its stderr: {other['stderr'][-300:]!r}")
    for stream in ("stdout", "stderr"):
        wrong += compare_bytes(stream, native[stream], other[stream])
    for path in sorted(set(native["files"]) | set(other["files"])):
        a, b = native["files"].get(path), other["files"].get(path)
        if a is None or b is None:
            wrong.append(f"{path}: only {'under the shim' if a is None else 'natively'}")
        elif a[:2] != b[:2]:
            wrong.append(f"{path}: type and mode: natively {a[0]:o} {a[1]:o}, shim {b[0]:o} {b[1]:o}")
        elif a[2] != b[2] and not any(fnmatch.fnmatch(path, pattern) for pattern in differs):
            wrong += compare_bytes(path, a[2], b[2]) if isinstance(a[2], bytes) else [f"{path}: link target"]
    return wrong


def check_record(folder):
    wrong, rows, lines = [], 0, 0
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as f:
            data = f.read()
        if name.startswith("stats."):
            # SIGKILL between the file's growth and the copy into it leaves the new room empty (doc/counters.md).
            for line in data.rstrip(b"\0").rstrip(b"\n").splitlines():  # what was reserved before a sandbox stays blank
                try:
                    rows += json.loads(line.decode("utf-8"))["version"] == 1
                except (ValueError, KeyError) as error:
                    wrong.append(f"{name}: not a summary: {error}: {line[:200]!r}")
        else:
            lines += data.count(b"\n")
    if not rows:
        wrong.append("no process left a summary: was the shim there?")
    if not lines:
        wrong.append("no process left a line in a log: was the shim there?")
    return wrong


def differences(natives, other, differs, run_natively):
    """What the shimmed run shows and no native run does. A native run is repeated (natives grows) only while those there differ from it: where a
    command races natively, the shim must give one of the results that it gives without."""
    found = compare(natives[0], other, differs)
    while found and all(compare(native, other, differs) for native in natives):
        if len(natives) == NATIVE_RUNS:
            return found
        natives.append(run_natively())
    return []


def one(name, command, differs, options, only=None):
    """(name, 'passed' | 'skipped' | 'failed', [what]); of one that passed: that its native runs differ."""
    folder = os.path.join(options.work, name, "here")
    record = os.path.join(options.work, name, "record")
    os.makedirs(record)
    native = run(command, folder, {})
    missing = MISSING.search(native["stderr"])
    if missing:
        return name, "skipped", [missing[1].decode(errors="replace")]
    wrong = []
    if not isinstance(native["status"], int):
        wrong.append(f"natively {native['status']}")
    for pattern in differs:
        if not any(fnmatch.fnmatch(path, pattern) for path in native["files"]):
            wrong.append(f"pattern {pattern} matches no file")
    variants = {
        "quiet": {"SYSSHIM_STATS": "off", "SYSSHIM_LOG": "off"},
        "eager": {"SYSSHIM_STATS": "off", "SYSSHIM_LOG": "off", "SYSSHIM_BURST": "1", "SYSSHIM_LATENCY_MS": "1"},
        "small": {"SYSSHIM_STATS": "off", "SYSSHIM_LOG": "off", "SYSSHIM_BURST": "1", "SYSSHIM_BUFFER": "7"},
        "interpose": {"SYSSHIM_STATS": "off", "SYSSHIM_LOG": "off", "SYSSHIM_INTERCEPT": "interpose"},
        "all": {"SYSSHIM_STATS": "off", "SYSSHIM_LOG": "off", "SYSSHIM_INTERCEPT": "rewrite-all,interpose", "SYSSHIM_DISPATCH": "always"},
        "record": {"SYSSHIM_STATS": "off"},
        "log": {"SYSSHIM_LOG": f"{record}/log.%p", "SYSSHIM_STATS": f"{record}/stats.%p.json", "SYSSHIM_STATS_FORMAT": "json"},
    }
    natives = [native]
    if only is not None:
        chosen = sorted(variants)[only % len(variants)]
        variants = {chosen: variants[chosen]}
    for variant, extra in variants.items():
        other = run(command, folder, {"LD_PRELOAD": options.shim, **extra})
        wrong += [f"{variant}: {text}" for text in differences(natives, other, differs, lambda: run(command, folder, {}))]
    if "log" in variants:
        wrong += [f"log: {text}" for text in check_record(record)]
    if "record" in variants:
        wrong += [f"record: {text}" for text in unreadable(options.command, newest(environment(folder)["XDG_STATE_HOME"]))]
    shutil.rmtree(os.path.join(options.work, name), ignore_errors=True)
    outcome = "failed" if wrong else "passed"
    if any(compare(native, again, differs) for again in natives[1:]):
        wrong.append("its native runs differ from each other")
    return name, outcome, wrong


def read_commands(path):
    seen = set()
    for line in open(path, encoding="utf-8"):
        line = line.rstrip("\n")
        if not line or line.startswith("#"):
            continue
        name, command, *rest = line.split("\t")
        if name in seen or (rest and not rest[0].startswith("differs: ")):
            sys.exit(f"{path}: {name}: twice, or a third column that is not 'differs: ...'")
        seen.add(name)
        yield name, command, rest[0].split()[1:] if rest else []


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("commands")
    parser.add_argument("--shim", required=True)
    parser.add_argument("--command", required=True, help="the command sysshim")
    parser.add_argument("--work", required=True, help="an empty folder")
    parser.add_argument("--least", type=int, default=1, help="fail when fewer commands than this could be run")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", help="a pattern of names")
    parser.add_argument("--in-turn", action="store_true", help="a command runs in one variant, the next one in the next")
    parser.add_argument("--turn", type=int, default=0, help="the first command's variant")
    options = parser.parse_args()
    commands = []
    for i, (name, *rest) in enumerate(read_commands(options.commands)):
        if not options.only or fnmatch.fnmatch(name, options.only):
            commands.append((name, *rest, options, options.turn + i if options.in_turn else None))
    counts = {"passed": 0, "skipped": 0, "failed": 0}
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for name, outcome, texts in pool.map(lambda c: one(*c), commands):
            counts[outcome] += 1
            for text in texts[:6]:
                print(f"{name}: {outcome}: {text}", flush=True)
    ran = counts["passed"] + counts["failed"]
    print(f"{len(commands)} commands: {counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    if ran < options.least:
        print(f"only {ran} commands could be run, {options.least} are asked for")
    sys.exit(counts["failed"] > 0 or ran < options.least)


if __name__ == "__main__":
    main()
