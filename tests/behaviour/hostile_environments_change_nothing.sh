#!/bin/bash
# timeout: 120
# Whatever somebody puts into the environment, the program runs as without us: every variable of ours with long values, bytes that are no text,
# patterns, nothing; variables by the thousand; words of exec.c's own that are forged. What is said of it is short, one line for each complaint,
# and no byte of a value reaches a terminal as a command. What a forged path allows is to make a file where the program itself could have made it.
set -u
. "$SRC/tests/lib/lib.sh"

mkdir work
cat >hostile.py <<'PYTHON'
import os, random, re, subprocess, sys

shim, source = sys.argv[1:]
random.seed(8)
names = re.findall(r'OPTION\("(SYSSHIM_[A-Z_]+)"', open(source).read())
assert len(names) >= 24, names
values = {
    "long": b"x" * 120000,
    "garbage": bytes(random.randrange(1, 256) for _ in range(3000)),
    "terminal": b"\x1b]0;title\x07\n\x1b[2Jsysshim: a line of its own\n\r\x7f",
    "patterns": b"%p%n%%%s%x%n" * 400,
    "folders": b"/.." * 5000,
    "percent": b"%",
    "empty": b"",
    "digits": b"9" * 5000,
    "commas": b"," * 100000,
    "stars": b"*a" * 120,
}
command = ["/bin/sh", "-c", "/bin/echo hi; cat nowhere; /bin/sh -c 'exit 3'; exit $(($? + 4))"]
native = subprocess.run(command, env={"PATH": "/usr/bin:/bin"}, cwd="work", capture_output=True)
assert native.returncode == 7 and native.stdout == b"hi\n"

def run(what, more, lines):
    environment = {b"PATH": b"/usr/bin:/bin", b"LD_PRELOAD": shim.encode(), b"SYSSHIM_STATS": b"off", b"SYSSHIM_LOG": b"off"} | more
    r = subprocess.run(command, env=environment, cwd="work", capture_output=True, timeout=60)
    assert r.returncode == 7 and r.stdout == native.stdout, (what, r.returncode, r.stdout[:100], r.stderr[:300])
    said = r.stderr.splitlines(keepends=True)
    ours = [line for line in said if line.startswith(b"sysshim")]
    assert b"".join(line for line in said if line not in ours) == native.stderr, (what, r.stderr[:1000])
    # a line may be cut at its end, but each is whole
    assert len(ours) <= lines and all(len(line) <= 512 and line.endswith(b"\n") for line in ours), (what, len(ours), r.stderr[:1000])
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", r.stderr), (what, r.stderr[:1000])
    return ours

for name in names:
    for what, value in values.items():
        # the counters are not a complaint: they are what was asked for
        run((name, what), {name.encode(): value}, 4 if name in ("SYSSHIM_LOG", "SYSSHIM_STATS", "SYSSHIM_STATE") else 1)
assert run("wrong", {b"SYSSHIM_DATA": values["terminal"]}, 1)
assert len(run("5,000 unknown", {b"SYSSHIM_%d" % i: b"1" for i in range(5000)}, 9)) == 9
run("40 with values", {b"SYSSHIM_LOG_%d" % i: values["garbage"] for i in range(40)}, 9)

# forged: the recording's name, with the files at places that the user names, the tracer one that does not trace
open("evil", "w").write("#!/bin/sh\nid -u >%s/ran\n" % os.getcwd())
os.chmod("evil", 0o755)
for recording in (b"1.2.3", b"999999999999999999999999.8.7.6.5", b"-1", b"%p%n", str(os.getpid()).encode() + b".1." + str(os.getpid()).encode()):
    for state in (b"made", b"/proc/self/fd/1", b"/dev/null", b"%p", b"/", b"../../nowhere/at/all"):
        environment = {b"SYSSHIM_RECORDING": recording, b"SYSSHIM_STATE": state, b"SYSSHIM_TRACER": os.getcwdb() + b"/evil"}
        del_log = environment | {b"SYSSHIM_LOG": b"", b"SYSSHIM_LOG_FORMAT": b"binary"}
        run(("forged", recording, state), environment, 4)
        run(("forged", recording, state, "log"), del_log, 4)
left = {name: os.stat(os.path.join("work", name)) for name in os.listdir("work")}
assert all(status.st_mode & 0o077 == 0 and status.st_uid == os.getuid() for status in left.values()), left
PYTHON
timeout -s KILL 110 python3 hostile.py "$SHIM" "$SRC/shim/option_values.c" >out 2>&1 || fail "$(tail -n 3 out)"
[ ! -e ran ] || fail "the tracer was run for a program that can load the shim"
exit 0
