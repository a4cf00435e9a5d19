#!/bin/bash
# timeout: 200
# Files that were cut anywhere, overwritten anywhere, are of another kind or version: each command reads what is whole, says in one line what is
# not, and its exit status tells; none crashes or hangs.
set -u
. "$SRC/tests/lib/lib.sh"

cat >damage.py <<'P'
import os, random, re, shutil, subprocess, sys
sysshim, source = sys.argv[1], sys.argv[2]
random.seed(6)
whole = open(source, "rb").read()

def run(*words):
    done = subprocess.run([sysshim, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=20)
    if done.returncode not in (0, 1, 2):
        sys.exit(f"{words}: exit status {done.returncode}: {done.stderr[:300]}")
    return done

def every_command(data, what):
    with open("one.rec", "wb") as file:
        file.write(data)
    for command in (["trace"], ["trace", "--json"], ["stat"], ["stat", "--json"], ["files"], ["files", "--json"], ["show"], ["show", "--json"], ["diff", "one.rec"], ["report"]):
        done = run(*command, "one.rec")
        complaints = [line for line in done.stderr.decode(errors="replace").splitlines() if not line.startswith("coverage: ")]
        if (done.returncode == 0) == bool(complaints) or len(complaints) > 2:
            sys.exit(f"{what}: {command}: exit status {done.returncode}, said {complaints}")
    return done

lines = run("trace", source).stdout.count(b"\n")
if lines < 50:
    sys.exit(f"only {lines} lines to begin with")
data_at, cuts, less = 4096, 0, 0
for length in [0, 1, 7, 8, 100, 4095, 4096, data_at - 1, data_at, data_at + 8, *(random.randrange(data_at, len(whole)) for _ in range(30))]:
    every_command(whole[:length], f"cut at {length}")
    got = run("trace", "one.rec").stdout
    cuts, less = cuts + 1, less + (got.count(b"\n") < lines)
    # what stands there is what the whole one began with
    if length >= data_at and not run("trace", source).stdout.startswith(got.rsplit(b"\n", 2)[0][:-1] if got else b""):
        sys.exit(f"cut at {length}: other lines than the whole one's")
if less < cuts // 2:
    sys.exit("cutting took nothing away")
for _ in range(60):
    data = bytearray(whole)
    for _ in range(random.choice((1, 3, 50))):
        at = random.choice((random.randrange(0, 2700), random.randrange(data_at, len(data))))
        data[at] = random.choice((0, 255, random.randrange(256)))
    every_command(bytes(data), "bytes changed")
for name, data, text in (("foreign", b"\x7fELF" + whole[4:], "not a recording"), ("newer", whole[:8] + b"\x02" + whole[9:], "another version"),
                         ("text", b"hello\n" * 2000, "not a recording"), ("short", b"hello", "not a recording"), ("cut", whole[:5], "cut within its head"),
                         ("head", whole[:3000], "cut within its head"), ("empty", b"", "empty")):
    done = every_command(data, name)
    if done.returncode != 2 or text not in done.stderr.decode():
        sys.exit(f"{name}: exit status {done.returncode}: {done.stderr}")
os.mkfifo("fifo.rec")
for name in ("fifo.rec", "nowhere", "/"):
    if run("trace", name).returncode != 2:
        sys.exit(f"{name}: not refused")
# one bad file among good ones: the good are read, the bad is named
os.mkdir("both")
shutil.copy(source, "both/1.rec")
open("both/2.rec", "wb").write(b"nothing")
done = run("trace", "both")
if done.returncode != 1 or done.stdout.count(b"\n") != lines or b"both/2.rec: not a recording" not in done.stderr:
    sys.exit(f"both: {done.returncode} {done.stdout.count(bytes([10]))} {done.stderr}")
# what SIGKILL right behind a program's birth leaves beside the others is no damage, and said
open("both/2.rec", "wb").close()
open("both/3.rec", "wb").write(bytes(8192))
done = run("trace", "both")
if done.returncode != 0 or done.stdout.count(b"\n") != lines or b"; 2 programs killed before the first record, or without room for it" not in done.stderr:
    sys.exit(f"killed at birth: {done.returncode} {done.stdout.count(bytes([10]))} {done.stderr}")
# and where nothing else is there, that alone is said
os.mkdir("born")
open("born/1.rec", "wb").close()
for command in ("trace", "stat", "files", "show"):
    done = run(command, "born")
    if done.returncode != 2 or done.stdout or b"born: 1 program was killed before the first record, or found no room for it: nothing is there" not in done.stderr:
        sys.exit(f"{command}: nobody was born: {done.returncode} {done.stdout} {done.stderr}")
print(f"{cuts} cuts, 60 changes")
P
shimmed SYSSHIM_LOG=recording SYSSHIM_LOG_FORMAT=binary SYSSHIM_STATS=off ls -l / >out || fail "ls: status $?"
python3 damage.py "$SYSSHIM" "$(echo recording/*.rec)" || exit 1

# terabytes of nothing behind it
mkdir long && cp recording/*.rec long/long.rec
if truncate -s 10T long/long.rec 2>/dev/null; then
	timeout 60 "$SYSSHIM" trace long >out 2>/dev/null || fail "with a hole behind it: status $?"
	"$SYSSHIM" trace recording 2>/dev/null | cmp - out || fail "with a hole behind it other calls are shown"
	rm long/long.rec
fi
exit 0
