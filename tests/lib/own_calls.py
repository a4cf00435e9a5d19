"""own_calls.py: each kernel call that the shim itself makes fails in turn, and the program gives the same bytes and the same status as natively.

Run by tests/behaviour/each_own_kernel_call_may_fail.sh in its folder, with the tracer ./own_calls and the programs there. Of each program's own calls of
one number up to MOST meet one of the errors, the next one the next; with EVERY=1 every own call does, with ALL=1 each meets each of them (an hour)."""
import concurrent.futures
import errno
import os
import shutil
import subprocess
import sys

from elf_symbol import Elf

# NB: what cannot fail when it is asked rightly is not made to: the caller's own numbers and mask, a disposition, a clock; and close, which closes whatever it says
NEVER_FAILS = {3: "close", 13: "rt_sigaction", 14: "rt_sigprocmask", 39: "getpid", 102: "getuid", 104: "getgid", 107: "geteuid", 108: "getegid", 110: "getppid",
               127: "rt_sigpending", 157: "prctl (is there a filter? one answer for a process's whole life)", 186: "gettid", 228: "clock_gettime"}
PWRITEV2 = 328
SHORT = -1
MOST = 8
HALVED = {0: "read", 1: "write", 17: "pread64", 18: "pwrite64"}
ERRORS = [errno.EINTR, errno.EAGAIN, errno.EIO, errno.ENOSPC, errno.ENOMEM, errno.EMFILE]

SHIM = os.environ["SHIM"]
RAW = [str(part) for part in Elf(SHIM).symbol("raw_call", 2)]
SCRIPT = """for i in {1..60}; do echo line $i; done >made; cat made | wc -l; (echo sub; /bin/echo external); x=$(echo substituted); echo $x >&2
trap 'echo trapped' USR1; kill -USR1 $$; exec 5>other; for i in {1..40}; do echo $i >&5; done; exec 5>&-; cat other | tail -2; exit 7"""

CONFIGS = {  # command, settings, standard output
    "burst to a file, recorded": (["../burst"], {}, "file"),
    "burst to a file, with a log": (["../burst"], {"SYSSHIM_LOG": "log", "SYSSHIM_STATS": "stats"}, "file"),
    "burst to a pipe": (["../burst"], {"SYSSHIM_LOG": "off"}, "pipe"),
    "burst to a pipe, in small batches": (["../burst"], {"SYSSHIM_LOG": "off", "SYSSHIM_BUFFER": "100", "SYSSHIM_LATENCY_MS": "1"}, "pipe"),
    "masks": (["../masks"], {"SYSSHIM_LOG": "off", "SYSSHIM_BURST": "4"}, "file"),
    "cat": (["cat", "../numbers"], {}, "file"),
    "bash": (["bash", "-c", SCRIPT], {}, "file"),
    "bash, with a log": (["bash", "-c", SCRIPT], {"SYSSHIM_LOG": "log", "SYSSHIM_STATS": "stats"}, "pipe"),
}


class Folder:
    """A program's run in a folder of its own; what came of it."""

    def __init__(self, name):
        self.path = os.path.abspath(name)
        os.makedirs(self.path)

    def run(self, command, settings, out, number=0, turn=0, error=0, natively=False):
        environment = dict(os.environ, XDG_STATE_HOME=f"{self.path}/state", SYSSHIM_STATS="off", SYSSHIM_LATENCY_MS="1000")
        environment.update(settings)
        if not natively:
            command = ["../own_calls", *RAW, SHIM, str(number), str(turn), str(error), "report", *command]
        with open(f"{self.path}/out", "w+b") as file, open(f"{self.path}/err", "w+b") as err:
            process = subprocess.Popen(command, cwd=self.path, env=environment, stdin=subprocess.DEVNULL, stdout=file if out == "file" else subprocess.PIPE, stderr=err)
            try:
                piped, _ = process.communicate(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                return "it does not come to its end", b"", b"", {}
            file.seek(0)
            err.seek(0)
            said = b"".join(line for line in err.read().splitlines(True) if not line.startswith(b"sysshim: "))
            files = {name: open(f"{self.path}/{name}", "rb").read() for name in ("made", "other") if os.path.exists(f"{self.path}/{name}")}
            return process.returncode, piped if out == "pipe" else file.read(), said, files

    def report(self):
        return open(f"{self.path}/report").read().split("\n")

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)


def attempt(name, turn, number, error, native):
    command, settings, out = CONFIGS[name]
    folder = Folder(f"{list(CONFIGS).index(name)}.{number}.{turn}.{error}")
    result = folder.run(command, settings, out, number, turn, error)
    folder.remove()
    # a pipe is asked by the program's own write whether it takes one that does not wait: then its error is the program's
    was_told = number == PWRITEV2 and command == ["../burst"] and result[0] == 1 and native[1].startswith(result[1]) and result[1].endswith(b"\n")
    if result == native or was_told:
        return None
    what = "with half of its bytes" if error == SHORT else errno.errorcode[error]
    differs = next(part for part, a, b in zip(("the status", "stdout", "stderr", "a file"), result, native) if a != b)
    return f"{name}: own call {number}, turn {turn}, {what}: {differs}: {str(result)[:300]}"


def chosen(turns):
    """Evenly spread, with the first and the last; which own call of a number it is, and not which of all: when a log is written out is a matter of time."""
    if len(turns) <= MOST or os.environ.get("EVERY") or os.environ.get("ALL"):
        return turns
    return sorted({turns[i * (len(turns) - 1) // (MOST - 1)] for i in range(MOST)})


def cases(name, numbers):
    all_turns = [(turn, number) for number in sorted(set(numbers) - set(NEVER_FAILS)) for turn in chosen(range(1, numbers.count(number) + 1))]
    for place, (turn, number) in enumerate(all_turns):
        for error in (ERRORS if os.environ.get("ALL") else [ERRORS[place % len(ERRORS)]]) + ([SHORT] if number in HALVED else []):
            yield name, turn, number, error


def main():
    made = failed = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for index, name in enumerate(CONFIGS):
            if len(sys.argv) > 1 and sys.argv[1] not in name:
                continue
            command, settings, out = CONFIGS[name]
            folder = Folder(f"{index}.native")
            native = folder.run(command, settings, out, natively=True)
            folder.remove()
            folder = Folder(f"{index}.all")
            if folder.run(command, settings, out) != native:
                sys.exit(f"{name}: it is another program under the tracer")
            numbers = [int(line) for line in folder.report() if line.isdigit()]
            folder.remove()
            if not numbers:
                sys.exit(f"{name}: no own call was seen")
            futures = [pool.submit(attempt, *case, native) for case in cases(name, numbers)]
            made += len(futures)
            for future in futures:
                if future.result():
                    failed += 1
                    print(f"FAILED: {future.result()}", flush=True)
            print(f"{name}: {len(numbers)} own calls, {len(futures)} runs", flush=True)
    print(f"{made} runs, {failed} differ")
    return 1 if failed or not made else 0


if __name__ == "__main__":
    sys.exit(main())
