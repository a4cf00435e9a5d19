"""Programs that are compared with themselves (programs/*.c), drivers that do their own comparing (*.sh), and unit tests.

A program runs natively once and then under the shim in each of its variants, always in a folder of the same path: status, stdout, stderr and
files must be the same. Where they are not it runs natively once more, so that a program that differs from itself is not our fault.
A program with a line `coalesces: yes` is about bursts of small writes: in the variants that keep counters a process of it must have made a
batch, or nothing was tested.
"""
import json
import os
import shlex
import shutil
import subprocess

import recordings
import runs
from jobs import FAILED, PASSED, SKIPPED, Job, directives, stem, timeout_of

# Of a variant: what differs from the defaults. From batch1 on the very first write of a burst arms, and each says how soon a batch is full or old.
SETTINGS = {
    "quiet": {},
    "interpose": {"SYSSHIM_INTERCEPT": "interpose"},
    "rewrite": {"SYSSHIM_INTERCEPT": "rewrite"},
    "nobatch": {"SYSSHIM_BATCH": "off"},
    "batch1": {"SYSSHIM_BURST": "1", "SYSSHIM_BUFFER": "1"},
    "batch7": {"SYSSHIM_BURST": "1", "SYSSHIM_BUFFER": "7"},
    "batch4096": {"SYSSHIM_BURST": "1", "SYSSHIM_BUFFER": "4096"},
    "latency1": {"SYSSHIM_BURST": "1", "SYSSHIM_LATENCY_MS": "1"},
}
# record: as a recording, which the command must be able to read. all: every way in at once, from the start; and, where a line `variants:` asks: batch1 batch4096 nobatch rewrite stats stderr
VARIANTS = ["quiet", "log", "record", "all", "interpose", "batch7", "latency1"]
COUNTING = ("log", "record", "all", "stats")
LOGGING = ("log", "all")
SKIP = 77
DRIVERS = ("behaviour", "programs", "real")


def settings(variant, place, folder):
    values = {"LD_PRELOAD": place.shim, "SYSSHIM_LOG": "off"}
    if variant in COUNTING:
        values.update(SYSSHIM_STATS=f"{folder}/stats.%p.json", SYSSHIM_STATS_FORMAT="json")
    if variant in LOGGING:
        values.update(SYSSHIM_LOG=f"{folder}/log.%p")
        if variant == "all":
            values.update(SYSSHIM_INTERCEPT="rewrite-all,interpose", SYSSHIM_DISPATCH="always")
    elif variant == "record":
        values.update(SYSSHIM_LOG=f"{folder}/recording", SYSSHIM_LOG_FORMAT="binary")
    elif variant in SETTINGS:
        values.update(SETTINGS[variant], SYSSHIM_STATS="off")
    elif variant not in ("stats", "stderr"):
        raise ValueError(f"no such variant: {variant}")
    return values


def compile_program(place, path, folder):
    """(path of the program or None, lines of the compiler, flags)."""
    flags = []
    for line in directives(path, ["cc"]).get("cc", []):
        flags += shlex.split(line.replace("@BUILD@", place.build).replace("@SRC@", place.source))
    program = os.path.join(folder, "program")
    compiler = "c++" if path.endswith(".cc") else "cc"
    command = [compiler, "-O1", "-Wall", "-Werror", "-pthread", "-o", program, path, *flags]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    return (program if done.returncode == 0 else None), [shlex.join(command), *done.stdout.splitlines()], flags


def last_lines(outcome):
    return [*outcome.out.decode(errors="backslashreplace").splitlines()[-15:], *outcome.err.decode(errors="backslashreplace").splitlines()[-15:]]


def summaries(folder):
    """(rows of the JSON counters of all processes of a run, what is wrong with them)"""
    rows, wrong = [], []
    for name in sorted(os.listdir(folder)):
        if name.startswith("stats."):
            with open(os.path.join(folder, name), "rb") as file:
                # blank: what is left of a reserve (doc/counters.md); zeros: of a process that was killed before it could cut them off
                for line in filter(lambda line: line.strip(b"\0 \n"), file):
                    try:
                        rows.append(json.loads(line))
                    except ValueError:
                        wrong.append(f"{name}: not a line of JSON: {line[:300]!r}")
    return rows, wrong


def unlogged(folder):
    """What is wrong with the logs of a run in a variant that logs: the shim must have been there, or nothing was tested."""
    if not any(name.startswith("log.") and os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder)):
        return ["no log has a line: the shim was not there"]
    return []


def uncoalesced(rows):
    """A test of bursts passes as well when every write went natively: then it says nothing, and that is a failure."""
    if any(row.get("batches", {}).get("count") for row in rows):
        return []
    reasons = sorted({reason for row in rows for reason in row.get("batches", {}).get("not_coalesced", {})})
    return ["it says `coalesces: yes`, and no process has made a batch", f"{len(rows)} summaries; why not: {', '.join(reasons) or 'not said'}"]


def miscounted(place, variant, folder, coalesces):
    rows, wrong = summaries(folder)
    wrong += recordings.unreadable(os.path.join(place.build, "sysshim"), os.path.join(folder, "recording")) if variant == "record" else []
    return [*wrong, *(unlogged(folder) if variant in LOGGING else []), *(uncoalesced(rows) if coalesces and not wrong else [])]


def run_variant(place, program, variant, native, folder, timeout, static, coalesces):
    logs = os.path.join(folder, "logs")
    runs.remove(logs)
    os.mkdir(logs, 0o777)
    os.chmod(logs, 0o777)  # a program may become another user
    outcome = runs.run([program], folder, timeout, settings(variant, place, logs))
    if variant == "stderr":
        if not static and outcome.err == outcome.without_summary().err and native.err == outcome.err and not native.status < 0:
            return FAILED, ["no summary is on stderr: the shim was not there"]
        outcome = outcome.without_summary()
    lines = runs.difference(native, outcome)
    if lines:
        again = runs.run([program], folder, timeout)
        if runs.difference(native, again):
            lines = ["two native runs differ as well: the program itself is not deterministic", *runs.difference(native, again)]
    elif variant in COUNTING and not static:
        lines = miscounted(place, variant, logs, coalesces)
    return (FAILED, lines) if lines else (PASSED, [])


def program_job(place, path, wanted):
    base = f"programs/{stem(path)}"
    said = directives(path, ["variants", "coalesces"])
    chosen = said["variants"][0].split() if "variants" in said else VARIANTS
    coalesces = said.get("coalesces") == ["yes"]
    if coalesces and not set(chosen) & set(COUNTING):
        raise ValueError(f"{path}: none of its variants counts batches: {' '.join(COUNTING)}")
    variants = {f"{base}/{variant}": variant for variant in chosen}
    names = [name for name in variants if wanted(name)]
    timeout = timeout_of(path)

    def all_of(result, lines):
        return {name: (result, list(lines)) for name in names}

    def run(folder):
        program, output, flags = compile_program(place, path, folder)
        if not program:
            return all_of(FAILED, output)
        native = runs.run([program], folder, timeout)
        if native.expired:
            return all_of(FAILED, ["natively it did not come to its end in time", *last_lines(native)])
        if native.status == SKIP:
            return all_of(SKIPPED, last_lines(native))
        if native.status == 0 and not native.out and not native.err:
            return all_of(FAILED, ["natively it prints nothing: no last line proves that it got to its end"])
        return {name: run_variant(place, program, variants[name], native, folder, timeout, "-static" in flags, coalesces) for name in names}

    return [Job(names, run, timeout)] if names else []


def companion_of(path):
    base = os.path.splitext(path)[0]
    return next((base + end for end in (".c", ".cc") if os.path.exists(base + end)), None)


def driver_job(place, kind, path, wanted):
    name = f"{kind}/{stem(path)}"
    if not wanted(name):
        return []
    timeout = timeout_of(path)
    companion = companion_of(path) if kind == "programs" else None

    def run(folder):
        values = {"SHIM": place.shim, "SYSSHIM": place.command, "BUILD": place.build, "SRC": place.source}
        if companion:
            program, output, _ = compile_program(place, companion, folder)
            if not program:
                return {name: (FAILED, output)}
            values["PROGRAM"] = program
        outcome = runs.run(["bash", path], folder, timeout, values, files=False)
        lines = last_lines(outcome)
        if outcome.expired:
            return {name: (FAILED, [*lines, f"it did not come to its end in {timeout} s"])}
        if outcome.status == SKIP:
            return {name: (SKIPPED, outcome.out.decode(errors="replace").splitlines() or lines)}
        if outcome.status:
            return {name: (FAILED, [*lines, runs.ending(outcome.status)])}
        return {name: (PASSED, [])}

    return [Job([name], run, timeout)]


def unit_job(place, path, wanted):
    name = f"unit/{stem(path)}"
    program = os.path.join(place.build, "unit", stem(path))
    timeout = timeout_of(path)

    def run(folder):
        if not os.path.exists(program):
            cmocka = shutil.which("pkg-config") and subprocess.run(["pkg-config", "--exists", "cmocka"]).returncode == 0
            return {name: (FAILED, [f"{program} was not built"]) if cmocka else (SKIPPED, ["cmocka is not installed"])}
        outcome = runs.run([program], folder, timeout, files=False)
        if outcome.expired or outcome.status:
            reason = f"it did not come to its end in {timeout} s" if outcome.expired else runs.ending(outcome.status)
            return {name: (FAILED, [*last_lines(outcome), reason])}
        return {name: (PASSED, [])}

    return [Job([name], run, timeout)] if wanted(name) else []


def jobs(place, wanted):
    found = []
    for path in place.find("unit/test_*.c"):
        found += unit_job(place, path, wanted)
    for kind in DRIVERS:
        for path in place.find(f"{kind}/*.sh"):
            found += driver_job(place, kind, path, wanted)
    for path in place.find("programs/*.c") + place.find("programs/*.cc"):
        if not os.path.exists(os.path.splitext(path)[0] + ".sh"):
            found += program_job(place, path, wanted)
    return found
