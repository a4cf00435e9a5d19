"""A recording that a test has left: the command must be able to read all of it."""
import json
import os
import subprocess


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
