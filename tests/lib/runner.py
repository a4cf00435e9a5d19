"""Finds the tests by the places where they stand, runs those that match the patterns, several at once, and says what came of them.

tests/run.sh calls this after the build. Every result has a name `kind/name[/variant]` and is passed, failed or skipped with its reason.
"""
import argparse
import concurrent.futures
import fnmatch
import os
import resource
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback

import programs
import runs
import snippets
from jobs import FAILED, PASSED, SKIPPED, Place

SHOWN = 15  # last lines of a failure


class Report:
    """Counts results as they come and prints what needs reading at the end."""

    def __init__(self, total):
        self.total, self.results, self.lock = total, {}, threading.Lock()
        self.seconds = []  # of each job, with its first name
        self.live = sys.stderr.isatty()

    def add(self, results, seconds):
        with self.lock:
            self.results.update(results)
            self.seconds.append((seconds, min(results)))
            if self.live:
                print(f"\r{len(self.results)} of {self.total}", end="", file=sys.stderr, flush=True)

    def close(self, slowest=0):
        if self.live:
            print("\r" + " " * 30 + "\r", end="", file=sys.stderr, flush=True)
        for seconds, name in sorted(self.seconds, reverse=True)[:slowest]:
            print(f"{seconds:7.1f} s {name}")
        kinds = {kind: sorted(name for name, result in self.results.items() if result[0] == kind) for kind in (PASSED, FAILED, SKIPPED)}
        for name in kinds[SKIPPED]:
            lines = [line for line in self.results[name][1] if line.strip()]
            print(f"skipped {name}: {lines[-1] if lines else 'no reason given'}")
        for name in kinds[FAILED]:
            print(f"FAILED {name}")
            for line in self.results[name][1][-SHOWN:]:
                print(f"    {line[:500]}")
        print(f"{len(kinds[PASSED])} passed, {len(kinds[FAILED])} failed, {len(kinds[SKIPPED])} skipped", flush=True)
        return 1 if kinds[FAILED] or not self.results else 0


def perform(job, place, report):
    folder = tempfile.mkdtemp(prefix="t.", dir=place.temporary)
    # What a test does as another user, who has to come there.
    os.chmod(folder, 0o755)
    began = time.monotonic()
    try:
        results = job.run(folder)
    except Exception:
        results = {name: (FAILED, ["the runner failed:", *traceback.format_exc().splitlines()]) for name in job.names}
    for name in job.names:
        results.setdefault(name, (FAILED, ["the runner gave no result"]))
    seconds = time.monotonic() - began
    failed = any(result == FAILED for result, _ in results.values())
    if failed and os.environ.get("KEEP"):
        for name, (result, lines) in results.items():
            if result == FAILED:
                lines.append(f"kept: {folder}")
    else:
        runs.remove(folder)
    report.add({name: results[name] for name in job.names}, seconds)
    return failed


def run_all(jobs, place, count):
    """Long ones first, so that none is left alone at the end."""
    report = Report(sum(len(job.names) for job in jobs))
    kept = False
    pool = concurrent.futures.ThreadPoolExecutor(count)
    try:
        futures = [pool.submit(perform, job, place, report) for job in sorted(jobs, key=lambda job: -job.timeout)]
        for future in concurrent.futures.as_completed(futures):
            kept |= future.result()
    except KeyboardInterrupt:
        pool.shutdown(wait=False, cancel_futures=True)
        runs.end_all()
        raise
    pool.shutdown()
    return report, kept


def matches(name, patterns):
    return not patterns or any(fnmatch.fnmatchcase(name, f"*{pattern}*") for pattern in patterns)


def discover(place, wanted):
    return programs.jobs(place, wanted) + snippets.jobs(place, wanted)


def old_libc(place):
    """Before glibc 2.34 threads, timers and dlopen were libraries of their own, and it lacked what the tests' programs ask: a `cc` that knows stands in front."""
    name, _, version = (os.confstr("CS_GNU_LIBC_VERSION") if "CS_GNU_LIBC_VERSION" in os.confstr_names else "").partition(" ")
    if name != "glibc" or [int(part) for part in version.split(".")[:2]] >= [2, 34]:
        return
    folder = os.path.join(place.temporary, "bin")
    os.mkdir(folder)
    for compiler in "cc", "c++":
        path = os.path.join(folder, compiler)
        with open(path, "w", encoding="ascii") as file:
            file.write(f'#!/bin/sh\nexec {shutil.which(compiler)} -include "{place.source}/tests/lib/old_libc.h" "$@" -ldl -lrt -lutil\n')
        os.chmod(path, 0o755)
    os.environ["PATH"] = f"{folder}:{os.environ['PATH']}"


def main():
    parser = argparse.ArgumentParser(prog="tests/run.sh")
    parser.add_argument("-l", "--list", action="store_true", help="only list the tests' names")
    parser.add_argument("-d", "--durations", type=int, default=0, metavar="N", help="also print the N tests that took longest")
    parser.add_argument("patterns", nargs="*")
    options = parser.parse_args()
    place = Place(os.environ.get("SRC") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    sys.stdout.reconfigure(errors="backslashreplace")
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # A shell that starts us in the background has them ignored (POSIX, 2.11), and so would every program that is tested.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    os.umask(0o022)
    place.temporary = os.path.realpath(tempfile.mkdtemp(prefix="sysshim-tests."))
    os.chmod(place.temporary, 0o755)
    old_libc(place)
    kept = False
    try:
        jobs = discover(place, lambda name: matches(name, options.patterns))
        if options.list:
            print("\n".join(sorted(name for job in jobs for name in job.names)))
            return 0
        if not jobs:
            print("no test matches")
        if jobs and not os.path.exists(place.shim):
            print(f"{place.shim} is missing")
            print("0 passed, 1 failed, 0 skipped")
            return 1
        report, kept = run_all(jobs, place, int(os.environ.get("JOBS") or os.cpu_count() or 1))
        return report.close(options.durations)
    except KeyboardInterrupt:
        print("interrupted")
        return 130
    finally:
        if not (kept and os.environ.get("KEEP")):
            runs.remove(place.temporary)


if __name__ == "__main__":
    sys.exit(main())
