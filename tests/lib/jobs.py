"""What the parts of the runner share: where things are, what a job is, and the lines `word: value` at the head of a test.

A *job* is what is run at one go and gives one or more results: a program in all its variants, a driver, a snippet in a frame.
"""
import glob
import os
import re

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
DEFAULT_TIMEOUT = 60


class Place:
    """Where everything is: the project, the build, the shared object, our temporary folder."""

    def __init__(self, source):
        self.source = source
        self.build = os.path.join(source, "build")
        self.shim = os.path.abspath(os.environ.get("SHIM") or os.path.join(self.build, "libsysshim.so"))
        self.command = os.path.join(self.build, "sysshim")
        self.temporary = None

    def find(self, pattern):
        return sorted(glob.glob(os.path.join(self.source, "tests", pattern)))


class Job:
    """`run(folder)` gives {name: (result, lines)} for exactly the names of the job."""

    def __init__(self, names, run, timeout=DEFAULT_TIMEOUT):
        self.names, self.run, self.timeout = names, run, timeout


def stem(path):
    return os.path.splitext(os.path.basename(path))[0]


def directives(path, words):
    """{word: [values]} of lines `/* word: value */`, `// word: value` or `# word: value` among the first lines of a file."""
    found = {}
    pattern = re.compile(r"^\s*(?:/\*|//|#|\*)\s*(%s):\s*(.*?)\s*(?:\*/)?\s*$" % "|".join(words))
    with open(path, encoding="utf-8", errors="replace") as file:
        for _, line in zip(range(20), file):
            match = pattern.match(line)
            if match:
                found.setdefault(match[1], []).append(match[2])
    return found


def timeout_of(path):
    values = directives(path, ["timeout"]).get("timeout")
    return int(values[0]) if values else DEFAULT_TIMEOUT
