"""A recording that a test has left: the command must be able to read all of it."""
import collections
import glob
import json
import os
import subprocess
import sys


def newest(state):
    """The newest recording of a state folder, as a run that named none makes it; "" where there is none."""
    folder = os.path.join(state, "sysshim", "recordings")
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    return os.path.join(folder, names[-1]) if names else ""


def unreadable(command, recording):
    """What is wrong with it, as lines. command: of sysshim."""
    done = subprocess.run([command, "stat", "--json", recording], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          errors="replace")
    if done.returncode or done.stderr:
        return [f"sysshim stat: exit status {done.returncode}", *done.stderr.splitlines()[:5]]
    return [] if json.loads(done.stdout)["calls"] else ["the recording has no call"]


def main():
    """stdin: what `sysshim stat --json` says; argument: a folder of the counters of the same processes, PID.json. They count the same calls."""
    stat = {name: (row["calls"], row["errors"], row["bytes"]) for name, row in json.load(sys.stdin)["calls"].items()}
    sums = collections.defaultdict(lambda: [0, 0, 0])
    for path in glob.glob(os.path.join(sys.argv[1], "*.json")):
        for line in open(path, encoding="utf-8"):
            for name, row in json.loads(line)["calls"].items() if line.strip("\0 \n") else ():
                sums[name] = [a + row[b] for a, b in zip(sums[name], ("calls", "errors", "bytes"))]
    counters = {name: tuple(row) for name, row in sums.items()}
    for name in sorted(set(stat) | set(counters)):
        if stat.get(name) != counters.get(name):
            print(f"{name}: calls, errors, bytes: stat has {stat.get(name)}, the counters {counters.get(name)}")
    sys.exit(stat != counters or not stat)


if __name__ == "__main__":
    main()
