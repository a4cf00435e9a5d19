#!/bin/bash
# sysshim trace -y says what descriptors lead to, in arguments, in the working folder's place and in what a call returns: for files of a folder
# without symbolic links the same as strace -y, which asks /proc.
set -u
. "$SRC/tests/lib/lib.sh"

command -v strace >/dev/null || skip "strace is not installed"
mkdir -p tree/sub && echo one >tree/a && echo two >tree/sub/b && touch "tree/with space"
cat >script <<'S'
cd tree
cat <a >sub/out
exec 5<sub/b 6>>a
read line <&5
echo more >&6
(cd sub; cat b; exec 7<../a; cat <&7) >/dev/null
exec 5<&- 6>&-
cat "with space" | cat
mv sub other && cd other && cat b >/dev/null && python3 -c '
import os
top = os.open("..", os.O_RDONLY)
inner = os.open("a", os.O_RDONLY, dir_fd=top)
os.fchdir(top)
os.close(os.dup(inner))
os.close(os.open("other/b", os.O_RDWR))'
S
cp -a tree native && strace -f -y -o traced -e trace=desc,openat bash script >/dev/null 2>&1
rm -rf tree && mv native tree
shimmed SYSSHIM_STATS=off SYSSHIM_LOG="$PWD/recording" SYSSHIM_LOG_FORMAT=binary bash script >/dev/null || fail "status $?"
"$SYSSHIM" trace -y recording >shown 2>err || fail "status $?: $(cat err)"
python3 - "$PWD/tree" <<'PY' || fail "not as strace -y"
import collections, os, re, sys
def seen(path):
    found = collections.Counter()
    for line in open(path, errors="replace"):
        call = re.search(r"^\d+ +(?:[\d.]+ )?(?:<\.\.\. )?(\w+)(?:\(| resumed>)", line)
        if not call or call[1] not in ("openat", "read", "write", "close", "dup", "dup2", "lseek", "newfstatat", "fadvise64", "fcntl"):
            continue
        for name in re.findall(r"(?:AT_FDCWD|\d+)<[^>]*>", line):
            number, where = name[:-1].split("<")
            if sys.argv[1] in where:
                # .. stays in ours: what it means depends on symbolic links
                found[call[1], number, os.path.normpath(where)] += 1
    return found
strace, ours = seen("traced"), seen("shown")
# what ld.so does before our start is not there
early = {key for key in strace if key[0] in ("openat", "newfstatat") and key[1] == "AT_FDCWD"}
missing = {key: count for key, count in (strace - ours).items() if key not in early}
more = dict(ours - strace)
assert sum(ours.values()) > 60, ours
assert not missing and not more, (missing, more)
PY
for wrong in "-y --json" "-y --follow" "-y -ff -o x"; do
	# shellcheck disable=SC2086
	"$SYSSHIM" trace $wrong recording >/dev/null 2>err && fail "$wrong is taken"
	[ "$(wc -l <err)" -eq 1 ] && grep -q -- '-y: text only' err || fail "$wrong: $(cat err)"
done
