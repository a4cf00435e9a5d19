"""Every snippet in every frame: snippets/*.c are bare uses of one call, frames/*.c the places where they stand (see frames/snippet.h).

A snippet becomes one object for each flavour (plain, through syscall(), as an inline instruction), a frame one program with all snippets of
its flavour; a pair is then a run of that program with the snippet's name. Each pair runs natively, with a log, and with interposition alone
and a log. The runs must be equal, and the log must have the snippet's calls, each once and with the result that the program got.
"""
import concurrent.futures
import os
import re
import shlex
import subprocess
import threading

import programs
import runs
from jobs import FAILED, PASSED, Job, directives, stem

TIMEOUT = 20
FRAME_STATUS = 5
FLAVOURS = {"plain": [], "syscall": ["-DFLAVOUR_SYSCALL"], "inline": ["-DFLAVOUR_INLINE"]}
COMPILER = ["cc", "-std=gnu17", "-O1", "-g0", "-Wall", "-Wextra", "-Werror", "-fPIC", "-pthread"]
VARIANTS = ["log", "interpose"]

MARK = re.compile(r'^openat\(AT_FDCWD, "/no/such/folder/(\d+) ([^"]*)"')
LINE = re.compile(r"^(\d+) +\d+\.\d+ (.*)$")
UNFINISHED = re.compile(r"^(.*?) *<unfinished \.\.\.>$")
RESUMED = re.compile(r"^<\.\.\. \w+ resumed>(.*)$")
CALL = re.compile(r"^(\w+)\(.*\) += (-?\w+)(?: (E[A-Z0-9]+) \(.*\)| \(.*\))?(?: <[0-9.]+>)?$", re.DOTALL)


class Snippet:
    def __init__(self, path):
        self.path, self.name = path, stem(path)
        found = directives(path, ["logs", "logs through syscall", "flavours", "cc"])
        self.flags = [flag for line in found.get("cc", []) for flag in shlex.split(line)]
        self.flavours = found.get("flavours", [" ".join(FLAVOURS)])[0].split()
        self.logs = {flavour: found.get("logs", [""])[0].split("|") for flavour in FLAVOURS}
        if "logs through syscall" in found:
            self.logs["syscall"] = self.logs["inline"] = found["logs through syscall"][0].split("|")


class Frame:
    def __init__(self, path):
        self.path, self.name = path, stem(path)
        found = directives(path, ["flavour", "build"])
        self.flavour = found.get("flavour", ["plain"])[0]
        self.library = found.get("build") == ["library"]


class Builder:
    """Compiles what is asked for, each thing once, whoever asks first; the others wait for it."""

    def __init__(self, place, pairs):
        self.place, self.pairs = place, pairs
        self.things, self.lock = {}, threading.Lock()
        self.workers = concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1)

    def once(self, key, function):
        with self.lock:
            future, mine = self.things.get(key), False
            if future is None:
                future = self.things[key] = concurrent.futures.Future()
                mine = True
        if mine:
            try:
                future.set_result(function())
            except BaseException as error:
                future.set_exception(error)
        return future.result()

    def folder(self):
        path = os.path.join(self.place.temporary, "snippets")
        os.makedirs(path, exist_ok=True)
        return path

    def cc(self, *arguments):
        """Lines of the compiler; none where all is well."""
        command = [*COMPILER, *arguments]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        return [shlex.join(command), *done.stdout.splitlines()] if done.returncode else []

    def object(self, snippet, flavour):
        """(path, lines of the compiler)"""
        def make():
            path = os.path.join(self.folder(), f"{snippet.name}.{flavour}.o")
            frames = os.path.join(self.place.source, "tests", "frames")
            return path, self.cc(*FLAVOURS[flavour], f'-DSNIPPET_NAME="{snippet.name}"', *snippet.flags, "-I", frames, "-c", "-o", path, snippet.path)

        return self.once((snippet.name, flavour), make)

    def program(self, frame):
        """(path, lines of the compiler) of the frame with all its snippets that compile"""
        def make():
            snippets = [snippet for each, snippet in self.pairs if each is frame]
            made = list(self.workers.map(lambda snippet: self.object(snippet, frame.flavour), snippets))
            objects = [path for path, lines in made if not lines]
            program = os.path.join(self.folder(), f"frame_{frame.name}")
            if not frame.library:
                return program, self.cc("-o", program, frame.path, *objects)
            library = f"{program}.so"
            lines = self.cc("-DIN_LIBRARY", "-shared", "-o", library, frame.path, *objects)
            return program, lines or self.cc("-o", program, frame.path, library, "-Wl,-rpath,$ORIGIN")

        return self.once(frame.name, make)


def log_calls(folder):
    """{thread: [call lines]} of all logs of a run; unfinished calls are put together again."""
    threads = {}
    for name in sorted(os.listdir(folder)):
        if not name.startswith("log."):
            continue
        with open(os.path.join(folder, name), encoding="utf-8", errors="backslashreplace") as file:
            for line in file:
                found = LINE.match(line.rstrip("\n"))
                if not found:
                    raise ValueError(f"not a line of a log: {line[:300]!r}")
                calls = threads.setdefault((name, found[1]), [])
                unfinished, resumed = UNFINISHED.match(found[2]), RESUMED.match(found[2])
                if resumed and calls:
                    calls[-1] += resumed[1]
                else:
                    calls.append(unfinished[1] if unfinished else found[2])
    return threads


def wrong_call(line, wanted, result):
    """What is wrong with the line of one call."""
    found = CALL.match(line)
    if not found:
        return f"not the line of a finished call: {line[:300]}"
    if wanted != ["*"] and found[1] not in wanted:
        return f"a call of {' or '.join(wanted)} stands in the log as: {line[:300]}"
    shown = found[2] + (f" {found[3]}" if found[3] else "")
    if shown != result and (result != "fine" or found[3]):
        return f"the program got {result}, the log says: {line[:300]}"
    return None


def check_log(folder, count, wanted, required):
    """Lines about what is wrong with the logs of a run that made `count` calls of one of the names `wanted`."""
    seen = 0
    for calls in log_calls(folder).values():
        between = None
        for line in calls:
            mark = MARK.match(line)
            if not mark:
                if between is not None:
                    between.append(line)
                continue
            if mark[2] == "begins":
                between = []
                continue
            if between is None:
                return [f"the log has an end without its beginning: {line}"]
            seen += 1
            if len(between) > 1 or (required and not between):
                return [f"call {mark[1]}: {len(between)} lines in the log instead of one", *between[:5]]
            wrong = wrong_call(between[0], wanted, mark[2]) if between else None
            if wrong:
                return [f"call {mark[1]}: {wrong}"]
            between = None
    return [] if seen == count else [f"the program made {count} calls, the log has the marks of {seen}"]


def check_native(native):
    """(number of calls, lines about what is wrong)"""
    lines = native.out.decode(errors="backslashreplace").splitlines()
    calls = [int(line.split()[1]) for line in lines if line.startswith("calls: ")]
    if native.expired:
        return 0, ["natively it does not come to its end in time"]
    if native.status != FRAME_STATUS or lines[-1:] != ["done"] or len(calls) != 1 or calls[0] < 1:
        return 0, [*programs.last_lines(native), f"natively it does not come to its end: {runs.ending(native.status)}"]
    touched = [line for line in lines if line.endswith("errno was touched")]
    return calls[0], touched and ["natively errno is touched", *touched]


def run_pair(place, builder, frame, snippet, folder):
    """Lines about what is wrong"""
    _, lines = builder.object(snippet, frame.flavour)
    if lines:
        return lines
    program, lines = builder.program(frame)
    if lines:
        return lines
    command = [program, snippet.name]
    native = runs.run(command, folder, TIMEOUT, thorough=False)
    count, lines = check_native(native)
    if lines:
        return lines
    for variant in VARIANTS:
        logs = os.path.join(folder, variant)
        os.mkdir(logs)
        values = programs.settings(variant, place, logs)
        values["SYSSHIM_LOG"] = f"{logs}/log.%p"
        shim = runs.run(command, folder, TIMEOUT, values, thorough=False)
        lines = runs.difference(native, shim) or check_log(logs, count, snippet.logs[frame.flavour], frame.flavour != "inline")
        if lines:
            return [f"variant {variant}:", *lines]
    return []


def jobs(place, wanted):
    frames = [Frame(path) for path in place.find("frames/*.c")]
    snippets = [Snippet(path) for path in place.find("snippets/*.c")]
    pairs = {(frame, snippet): f"snippets/{snippet.name}/{frame.name}" for frame in frames for snippet in snippets
             if frame.flavour in snippet.flavours}
    pairs = {pair: name for pair, name in pairs.items() if wanted(name)}
    builder = Builder(place, list(pairs))

    def job(pair, name):
        def run(folder):
            lines = run_pair(place, builder, *pair, folder)
            return {name: (FAILED, lines) if lines else (PASSED, [])}

        return Job([name], run, TIMEOUT)

    return [job(pair, name) for pair, name in pairs.items()]
