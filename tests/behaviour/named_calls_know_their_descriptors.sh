#!/bin/bash
# With -e trace=... a reader still knows what a descriptor is: bytes of a pipe are not a file's whose number it got, and a path is relative to what dup2 has put there. Calls that were
# recorded for that alone are not shown.
set -u
. "$SRC/tests/lib/lib.sh"

mkdir one other
touch one/x other/x
cat >program.py <<'PY'
import os, socket
hosts = os.open("/etc/hostname", os.O_RDONLY)
os.read(hosts, 100)
os.close(hosts)
ends = os.pipe()
os.write(ends[1], b"x" * 1000)
os.read(ends[0], 1000)
os.close(ends[0])
os.close(ends[1])
a, b = os.open("one", os.O_RDONLY), os.open("other", os.O_RDONLY)
os.dup2(b, a)
os.close(os.open("x", os.O_RDONLY, dir_fd=a))
PY
"$SYSSHIM" run -q --record=asked -e trace=%file,read,write -- python3 program.py || fail "status $?"
"$SYSSHIM" files --json asked >files.json 2>said
python3 - "$(wc -c </etc/hostname)" <<'PY' || fail "wrong files"
import json, sys
rows = {row["path"]: row for row in map(json.loads, open("files.json")) if "path" in row}
assert rows["/etc/hostname"]["read_bytes"] == int(sys.argv[1]), rows["/etc/hostname"]
names = [path for path in rows if path.endswith("/x")]
assert len(names) == 1 and names[0].endswith("/other/x"), names
assert not any(row["written_bytes"] for row in rows.values()), rows
PY
"$SYSSHIM" trace asked >trace.out 2>said
grep -qE ' (close|dup2|dup3|pipe2?|fcntl|clone|fork)\(' trace.out && fail "shown without having been asked for: $(grep -E ' (close|dup2)\(' trace.out | head -3)"
"$SYSSHIM" stat asked 2>said | grep -qw close && fail "counted without having been asked for"
# nor left out as asked, where only failures are; but what has no name is always shown
cat >number.c <<'C'
#include <fcntl.h>
#include <unistd.h>
int main(void)
{
	int fd = open("/etc/hostname", O_RDONLY);
	for (int i = 0; i < 50; i++)
		close(dup(fd));
	return syscall(700, 1, 2, 3) != -1;
}
C
cc -O1 -o number number.c || fail "no compiler"
"$SYSSHIM" run -q --record=failed -e trace=openat -Z -- ./number || fail "status $?"
"$SYSSHIM" stat --json failed 2>&1 | grep -q '"left_out":[1-9][0-9]' && fail "left out, but nobody has asked for them: $("$SYSSHIM" stat --json failed | grep -o '"left_out":[0-9]*')"
"$SYSSHIM" run -q --record=numbered -e trace=openat -- ./number || fail "status $?"
"$SYSSHIM" trace numbered 2>/dev/null | grep -q '0x2bc\|700' || fail "a call without a name is hidden"
grep -q 'openat(.*"x"' trace.out || fail "what was asked for is not there"

# Folders are renamed and programs executed whatever is asked for.
cat >renamed.py <<'PY'
import os, subprocess, sys
if len(sys.argv) > 1:
    os.close(os.open("by_child", os.O_RDONLY | os.O_CREAT, dir_fd=int(sys.argv[1])))
    sys.exit(0)
folder = os.open("one", os.O_RDONLY)
os.rename("one", "moved")
os.mkdir("one")
os.close(os.open("by_parent", os.O_RDONLY | os.O_CREAT, dir_fd=folder))
subprocess.run([sys.executable, sys.argv[0], str(folder)], pass_fds=[folder], check=True)
PY
"$SYSSHIM" run -q --record=moved_on -e trace=openat -- python3 renamed.py || fail "status $?"
"$SYSSHIM" files moved_on >files.out 2>said
for name in by_parent by_child; do
	[ "$(grep -o "[^ ]*/$name\$" files.out)" = "$PWD/moved/$name" ] || fail "$(grep -o "[^ ]*/$name\$" files.out), not in the folder that was renamed"
done
"$SYSSHIM" trace moved_on 2>said | grep -E ' (rename[^(]*|exec[^(]*)\(' && fail "shown without having been asked for"
"$SYSSHIM" files --all moved_on 2>said | grep -E "$PWD/(one|moved)\$" | grep -v '^r' && fail "listed without having been asked for"
exit 0
