#!/usr/bin/env python3
"""Compares our counters with strace, for one run of a command under both.

strace -ff -i -y wrote one file for each thread (PREFIX.TID); its -i prints where each call entered the kernel. That place tells calls
apart: our doors (kernel_call_return, special_doors: a call of the program that passed the gate), our private calls (anywhere else in
libsysshim.so), and calls that passed us by (anywhere else at all). Offsets of the doors come from the symbol table of the shared object.

An *image* is what our counters count: a process from exec or fork to exec or end. A vfork child's calls before its exec belong to its
parent's image, because it runs in its memory. For each image that our constructor ran in:
  - calls through the doors, by name, are exactly our counters, by name, hot or not; but for the last ones of a thread that another one's exit_group
    has ended, which may come behind the summary;
  - a hot call that passed us by after the constructor is named in the excuses, or is an error.
The constructor's end: the first call that is not private behind the first that is.

With --logs DIR, where each process left its log under its number, the results are compared as well: for each process the multiset of
(call, result, errno) in our log is strace's, but for what differs by nature: a forked child's first line, which says that its fork has
returned 0; rt_sigreturn, which returns nothing and is not logged; and what the kernel has answered without the thread ever coming back to
log it: the last calls of a thread that another one's exit_group or exec has ended, and a call right behind which a signal came whose handler
jumped away, as bash's do out of `wait`; and a call that waits whose signal we held back while we wrote: we answer it as interrupted, and the kernel
has not seen it, or was asked without waiting and found nothing (shim/interrupted.c). There are no more of them than signals that came where we let them.

A call that the kernel restarts enters it twice and is one call of the program: strace shows the first with `? ERESTART...`, and the
second is left out.

The summary that an image writes at its exec is made before the kernel answers, and the exec itself stands in it.
"""
import argparse
import collections
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(__file__))
from elf_symbol import Elf  # noqa: E402

LINE = re.compile(r"\[([0-9a-f]+)\] (\w+)\((.*)$")
RESULT = re.compile(r"^(.*)\) += (0x[0-9a-f]+|-?\d+|\?)(<[^>]*>)?( E\w+)?")
FILLED = re.compile(r'0x[0-9a-f]+|\[[^\]]*\]|\{[^}]*\}|"(?:[^"\\]|\\.)*"(?:\.\.\.)?')
MAPPED = re.compile(r"(?:0x[0-9a-f]+|NULL), (\d+), ([A-Z_|]+), [A-Z_|]+, \d+<([^>]*)>, (0x[0-9a-f]+|0)")


class Call:
    def __init__(self, thread, place, name, rest):
        self.thread, self.place, self.name = thread, place, name
        found = RESULT.match(rest)
        self.signals = 0  # that came right behind it
        self.arguments, self.result, self.error = (found[1], found[2], (found[4] or "").strip()) if found else (rest, "?", "")

    def restarts(self):
        return self.result == "?" and self.error.startswith("ERESTART")

    def is_entered_again_as(self, other):
        """What the kernel fills is shown as an address here and as its content there."""
        here, there = (FILLED.sub("*", call.arguments) for call in (self, other))
        return (self.name, self.place, here) == (other.name, other.place, there)


class Image:
    def __init__(self, pid, parent=None):
        self.pid = pid
        self.calls = []
        self.maps = list(parent.maps) if parent else []  # (start, end, file, start of its first mapping)
        self.forked_ready = bool(parent)                 # the constructor ran before the fork
        self.command = parent.command if parent else "?"


def numbers():
    """{name: number} of the kernel's header, and ours of newer ones."""
    header = os.path.join(os.path.dirname(__file__), "../../format/numbers.h")
    text = subprocess.run(["cc", "-E", "-dM", "-include", header, "-x", "c", os.devnull], capture_output=True, text=True, check=True).stdout
    return dict(re.findall(r"#define __NR_(\w+) (\d+)\n", text))


def without_restarts(calls, number):
    """Leaves out the second entry of a call that the kernel restarted. Without a handler it is entered again at once. With one, the
    rt_sigreturn right in front of it gives back the number of the call; any other result means that the program went on otherwise, as it
    does when the handler jumps away and makes the same call anew."""
    waiting, before = [], None
    for call in calls:
        if waiting and waiting[-1].is_entered_again_as(call) and (
                before is waiting[-1] or (before.name == "rt_sigreturn" and before.result == number[call.name])):
            before = waiting.pop()
            before.result, before.error = call.result, call.error
        else:
            yield call
            before = call
        if before.restarts():
            waiting.append(before)


def read_threads(prefix):
    """{tid: [Call]} of every file that strace wrote."""
    folder, start = os.path.split(prefix)
    threads, number = {}, numbers()
    # Of one that this strace does not know it prints the number.
    newer = {f"syscall_{int(of):#x}": name for name, of in number.items()}
    for name in os.listdir(folder or "."):
        if not name.startswith(start + "."):
            continue
        tid, calls = int(name[len(start) + 1 :]), []
        for line in open(os.path.join(folder, name), encoding="latin-1"):
            found = LINE.match(line)
            if calls and re.match(r"\[[0-9a-f?]+\] --- SIG", line):
                calls[-1].signals += 1
            if found and found[2] != "restart_syscall":
                calls.append(Call(tid, int(found[1], 16), newer.get(found[2], found[2]), found[3]))
        threads[tid] = list(without_restarts(calls, number))
    return threads


def follow(threads, tid, pid, image, images):
    """Assigns the calls of a thread to images; image is None before the first exec that succeeds."""
    for call in threads.pop(tid, []):
        if call.name in ("execve", "execveat") and call.result == "0":
            if image:
                image.calls.append(call)
            image = Image(pid)
            image.command = call.arguments[:60]
            images.append(image)
            continue
        if image is None:
            continue
        image.calls.append(call)
        if call.name == "mmap" and call.result.startswith("0x"):
            found = MAPPED.match(call.arguments)
            if found:
                start, size = int(call.result, 16), int(found[1])
                first = start if int(found[4], 16) == 0 else next((m[3] for m in reversed(image.maps) if m[2] == found[3]), start)
                image.maps.append((start, start + size, found[3], first))
        elif call.name in ("clone", "clone3", "fork", "vfork") and call.result.isdigit() and int(call.result) in threads:
            child = int(call.result)
            if "CLONE_THREAD" in call.arguments:
                follow(threads, child, pid, image, images)
            elif call.name == "vfork" or "CLONE_VM" in call.arguments:
                follow(threads, child, child, image, images)
            else:
                new = Image(child, image)
                images.append(new)
                follow(threads, child, child, new, images)


class Doors:
    def __init__(self, shim):
        elf = Elf(shim)
        self.returning = {elf.symbol(name, 2)[0] for name in ("kernel_call_return", "quick_return", "quick_special_return")}
        start, size = elf.symbol("special_doors", 2)
        self.special = range(start, start + size)
        start, size = elf.symbol("dispatched_sigreturn", 2)
        self.returns = range(start, start + size)
        self.files = {}

    def place(self, image, address):
        """'door', 'private', or the object's name, with (odd) behind it where no form of rewriting fits the instruction"""
        for start, end, name, first in reversed(image.maps):
            if start <= address < end:
                offset = address - first
                if name.endswith("/libsysshim.so"):
                    return "door" if offset in self.returning or offset in self.special or offset in self.returns else "private"
                if self.is_cancellation(name, offset):
                    return "door"
                return os.path.basename(name) + ("(odd)" if self.is_odd(name, offset) else "")
        return "elsewhere"  # ld.so, which the kernel has mapped, the vDSO, memory without a file

    def elf(self, name):
        if name not in self.files:
            self.files[name] = Elf(name)
        return self.files[name]

    def is_cancellation(self, name, address):
        """glibc's own instruction (from 2.41 on) that our code stands around: mov %r11,8(%rsp); syscall; ret"""
        if not re.match(r"libc[.-]", os.path.basename(name)):
            return False
        elf = self.elf(name)
        at = elf.offset(address)
        return elf.bytes[at - 7 : at + 1] == b"\x4c\x89\x5c\x24\x08\x0f\x05\xc3"

    def is_odd(self, name, address):
        """Neither is the number loaded directly in front of the `syscall`, nor is it followed by a cmp with an errno or by a ret."""
        elf = self.elf(name)
        at = elf.offset(address)
        before, behind = elf.bytes[at - 7 : at], elf.bytes[at : at + 6]
        loaded = before[0] == 0xB8 or before[3:5] == b"\x31\xc0"
        compared = behind[1:6] in (b"\x3d\x00\xf0\xff\xff", b"\x3d\x01\xf0\xff\xff") or behind[:1] in (b"\x3d", b"\xc3")
        return not loaded and not compared

    @staticmethod
    def offset(image, address):
        """where in the object; for people"""
        return next((address - m[3] for m in reversed(image.maps) if m[0] <= address < m[1]), address & 0xFFF)


def placed_calls(image, doors):
    """[(call, place)] after the constructor, our private ones left out; None when the constructor never ran"""
    found = []
    state = "ready" if image.forked_ready else "before"
    leader = image.calls[0].thread if image.calls else None
    for call in image.calls:
        place = doors.place(image, call.place)
        if state == "before":
            state = "inside" if place == "private" else state
            continue
        if state == "inside" and call.thread == leader and place != "private":
            state = "ready"
        if state != "ready" or place == "private":
            continue
        found.append((call, place))
    return found if state != "before" else None


def program_calls(image, doors):
    placed = placed_calls(image, doors)
    return placed if placed is None else [call for call, place in placed if place == "door"]


def split(image, doors):
    """(counted by name, passed by: {(object, name, offset): calls}), or None"""
    placed = placed_calls(image, doors)
    if placed is None:
        return None
    counted, passed = collections.Counter(), collections.Counter()
    for call, place in placed:
        if place == "door":
            counted[call.name] += 1
        else:
            passed[place, call.name, doors.offset(image, call.place)] += 1
    return counted, passed


LOGGED = re.compile(r"^\d+ [\d.]+ (?:<\.\.\. )?(\w+)(?: resumed>|\().*= (0x[0-9a-f]+|-?\d+|\?)(?: (E\w+) \(.*\))?(?: <[\d.]+>| <coalesced>)?$")
BEGUN = re.compile(r"^\d+ [\d.]+ (\w+)\(.*[^)]$|^\d+ [\d.]+ (\w+)\($")


def read_log(path):
    """{(call, result, errno): how often}; a call that never came back has the result ?"""
    results, begun = collections.Counter(), collections.Counter()
    for line in open(path, encoding="latin-1"):
        line = line.rstrip("\n")
        if not line.strip("\0"):
            continue  # what is left of a reserve
        found = LOGGED.match(line)
        if found:
            if not (found[1] in ("fork", "clone", "clone3") and found[2] == "0"):
                results[outcome(found[1], found[2], found[3] or "")] += 1
            begun[line.split()[0], found[1]] -= "resumed>" in line
        elif line.endswith("<unfinished ...>") or not re.search(r" (\+\+\+|---)", line):
            words = re.match(r"(\d+) [\d.]+ (\w+)", line)
            begun[words[1], words[2]] += 1
    for (_, call), number in begun.items():
        results[outcome(call, "?", "")] += number
    return +results


def as_logged(call):
    """What the program got, where strace shows what the kernel made of it"""
    return outcome(call.name, "?" if call.restarts() else call.result, call.error)


INTERRUPTED = "ended by a signal or for good"


def outcome(name, result, error):
    """strace shows some results in hexadecimal or octal, we others. Whether a call that a signal ended came back it cannot see, and whether an
    exec has succeeded is not seen by a vfork child's parent, in whose log it stands."""
    if result == "?" or error in ("EINTR", "EPIPE") or (name.startswith("execve") and result == "0"):
        return name, INTERRUPTED, ""
    return name, int(result, 8 if re.match("0[0-7]", result) else 0), error


# What a thread of glibc's does at its end: where another one's exit_group ends it there, our counters were written before. The last call may be any.
LAST_CALLS, ENDS_OF_THREADS = 3, ("munmap", "madvise", "exit")


def never_left(image, seen):
    """The calls of the image, of those that are seen, that the program may not have come back from although they had a result; and how many
    threads were ended or have jumped away: from a call, or from us, who had counted it, before we made it."""
    last, interrupted = collections.defaultdict(lambda: collections.deque(maxlen=LAST_CALLS)), collections.defaultdict(list)
    for call in image.calls:
        if call.name == "rt_sigreturn" and interrupted[call.thread]:
            interrupted[call.thread].pop()
        if id(call) in seen:
            last[call.thread].append(call)
        if call.thread in last:
            interrupted[call.thread] += [last[call.thread][-1]] * call.signals
    ended = {call.thread for call in image.calls if call.name in ("exit", "exit_group")}
    jumps = [call for calls in interrupted.values() for call in calls]
    alive = {thread: calls for thread, calls in last.items() if thread not in ended}
    is_over = any(call.name == "exit_group" for call in image.calls)
    cut = [call for calls in alive.values() for call in calls if call is calls[-1] or (is_over and call.name in ENDS_OF_THREADS)]
    return cut + jumps, len(alive) + len(jumps)


def held_back(image, doors):
    """Signals that came when we no longer blocked them."""
    return sum(call.signals for call in image.calls if call.signals and call.name == "rt_sigprocmask" and doors.place(image, call.place) == "private")


def without_interrupted(ours, theirs, held):
    """Our calls without those that we have answered as interrupted, and the kernel's without what it said of these."""
    for what, number in (ours - theirs).items():
        if what[1] == INTERRUPTED:
            number = min(number, held)
            held -= number
            ours = ours - collections.Counter({what: number})
            asked = what[0], 0, ""
            theirs = theirs - collections.Counter({asked: min(number, (theirs - ours)[asked])})
    return ours, theirs


def compare_results(logs, images, doors):
    wrong, ours, theirs = [], collections.defaultdict(collections.Counter), collections.defaultdict(collections.Counter)
    cut, held = collections.defaultdict(collections.Counter), collections.Counter()
    for image in images:
        held[image.pid] += held_back(image, doors)
        ours_too = program_calls(image, doors) or []
        for call in ours_too:
            theirs[image.pid][as_logged(call)] += call.name != "rt_sigreturn"
        for call in never_left(image, {id(call) for call in ours_too})[0]:
            cut[image.pid][as_logged(call)] += 1
    for name in os.listdir(logs):
        ours[int(name)] = read_log(os.path.join(logs, name))
    for pid in sorted(set(ours) | set(theirs)):
        theirs[pid] = +theirs[pid]
        unlogged = cut[pid] & (theirs[pid] - ours[pid])
        begun = collections.Counter(outcome(name, "?", "") for name, _, _ in unlogged.elements()) & (ours[pid] - theirs[pid])
        ours[pid], theirs[pid] = without_interrupted(ours[pid], theirs[pid] - unlogged + begun, held[pid])
        for what, number in (ours[pid] - theirs[pid]).items():
            wrong.append(f"{pid}: only in the log, {number} times: {what}")
        for what, number in (theirs[pid] - ours[pid]).items():
            wrong.append(f"{pid}: only strace's, {number} times: {what}")
    return wrong


def read_excuses(path):
    """Lines `OBJECT CALL reason`; * stands for every call or object."""
    for line in open(path):
        line = line.strip()
        if line and not line.startswith("#"):
            library, call, reason = line.split(None, 2)
            yield library, call, reason


def compare(options, images, doors, hot, excuses, used):
    wrong, hot_calls, escaped = [], 0, collections.Counter()
    by_pid = collections.defaultdict(list)
    for image in images:
        by_pid[image.pid].append(image)
    for pid, all_images in by_pid.items():
        path = os.path.join(options.stats, f"{pid}.json")
        rows = [json.loads(line) for line in open(path) if line.strip()] if os.path.exists(path) else []
        seen = []
        for image in all_images:
            counts = split(image, doors)
            if counts is None and image.calls:
                wrong.append(f"{pid} {image.command}: the shim was not in it")
            elif counts:
                seen.append((image, *counts))
        if len(seen) != len(rows):
            wrong.append(f"{pid}: {len(seen)} images, {len(rows)} summaries: {[i.command for i, _, _ in seen]}")
            continue
        for (image, counted, passed), row in zip(seen, rows):
            ours = {name: entry["calls"] for name, entry in row["calls"].items() if entry["calls"]}
            cut, unmade = never_left(image, {id(call) for call in program_calls(image, doors)})
            late = collections.Counter(call.name for call in cut)
            for name in sorted(set(ours) | set(counted)):
                hot_calls += counted[name] if name in hot else 0
                more = ours.get(name, 0) - counted[name]
                if 0 < more <= unmade:
                    unmade -= more
                elif more and -more > late[name]:
                    wrong.append(f"{pid} {image.command}: {name}: strace {counted[name]}, ours {ours.get(name, 0)}")
            for (place, name, offset), number in passed.items():
                if name not in hot:
                    continue
                excuse = next((e for e in excuses if e[0] in ("*", place) and e[1] in ("*", name)), None)
                if excuse:
                    used[excuse] += number
                else:
                    escaped[place, name, offset] += number
    for (place, name, offset), number in escaped.items():
        wrong.append(f"{name} passed us by {number} times, at {place}+{offset:#x}")
    return wrong, hot_calls


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--trace", required=True, help="prefix of strace's files")
    parser.add_argument("--stats", required=True, help="folder of our PID.json files")
    parser.add_argument("--shim", required=True)
    parser.add_argument("--first", type=int, required=True, help="pid of the command")
    parser.add_argument("--hot", required=True, help="file of the names of hot calls")
    parser.add_argument("--excuses", required=True)
    parser.add_argument("--logs", help="folder of our logs, each named by its process")
    options = parser.parse_args()
    hot = set(open(options.hot).read().split())
    excuses, used = list(read_excuses(options.excuses)), collections.Counter()
    threads, images = read_threads(options.trace), []
    follow(threads, options.first, options.first, None, images)
    if threads:
        print(f"strace's files of {sorted(threads)} belong to nobody")
        return 1
    wrong, hot_calls = compare(options, images, Doors(options.shim), hot, excuses, used)
    if options.logs:
        wrong += compare_results(options.logs, images, Doors(options.shim))
    for text in wrong[:15]:
        print(text)
    if not hot_calls and not wrong:
        wrong.append("no hot call at all: nothing was compared")
        print(wrong[0])
    excused = "; ".join(f"{e[1]} in {e[0]}: {n}" for e, n in used.items())
    print(f"{len(images)} images, {hot_calls} hot calls equal to strace's, {sum(used.values())} excused ({excused}), {len(wrong)} wrong")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
