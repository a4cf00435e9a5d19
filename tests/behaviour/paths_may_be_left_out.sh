#!/bin/bash
# SYSSHIM_PATH_EXCLUDE: calls all of whose paths match are not in the log, of whatever kind it is; all others are, and so is what executes. How many were
# left out is said: in the summary, and at the end of whatever is read.
set -u
. "$SRC/tests/lib/lib.sh"

mkdir keep drop
touch keep/a drop/b
cat >work.py <<'EOF'
import os
top = os.getcwd()
for path in "keep/a", "drop/b", "drop/missing", "keep/missing":
    try:
        os.close(os.open(path, os.O_RDONLY))
    except OSError:
        pass
    os.path.exists(path)
os.rename("drop/b", "drop/c")
os.rename("drop/c", "keep/c")
os.rename("keep/c", "drop/b")
folder = os.open("drop", os.O_RDONLY | os.O_DIRECTORY)
os.close(os.open("b", os.O_RDONLY, dir_fd=folder))
os.close(os.open("drop/" + "./" * 400 + "b", os.O_RDONLY))
os.system("exec drop/b 2>/dev/null")
# from the same name in another folder, to which nobody has seen us go
os.chdir("keep")
for _ in range(2):
    try:
        os.open("same", os.O_RDONLY)
    except OSError:
        pass
    os.chdir(top + "/drop")
EOF
python=$(command -v python3)
globs=',drop*,,/no?where*,*/drop'

# names FILE: the quoted paths that a log names
names() {
	grep -oE '"[^"]*(keep|drop)[^"]*"' "$1" | sort
}
for mode in text json; do
	for globs_of in "" "$globs"; do
		shimmed SYSSHIM_LOG="$PWD/$mode${globs_of:+.out}" SYSSHIM_LOG_FORMAT=$mode SYSSHIM_TRACE=%file SYSSHIM_PATH_EXCLUDE="$globs_of" \
			SYSSHIM_STATS="$PWD/stats.$mode${globs_of:+.out}" "$python" -S work.py || fail "$mode: exit status $?"
	done
done
cat text.out* | grep 'openat(AT_FDCWD, "drop/' && fail "text: a path that is left out stands there"
cat text.out* | grep -q 'openat(AT_FDCWD, "keep/a"' || fail "text: one that is wanted does not"
cat text.out* | grep -E '^[0-9]+ [0-9.]+ (stat|newfstatat)\([^"]*"drop/' && fail "text: a stat stands there"
cat text.out* | grep -c 'rename("' | grep -qx 2 || fail "text: of three renames two touch what is wanted: $(cat text.out* | grep rename)"
cat text.out* | grep -qE 'openat\([0-9]+, "b"' || fail "text: a path is what the program says"
cat text.out* | grep -q 'execve("drop/b"' || fail "text: what executes is there always"
whole=$(cat text text.[0-9]* | grep -c ' = ') part=$(cat text.out* | grep -c ' = ')
said=$(cat stats.text.out* | sed -n 's/.* \([0-9]*\) calls\{0,1\} left out of the log as asked.*/\1/p' | paste -sd+ | bc)
[ "$whole" -gt "$part" ] && [ $((whole - part)) -eq "$said" ] || fail "text: $whole calls, $part with the option, $said are said to be left out"
grep -q 'left out' stats.text && fail "nothing was left out, and it is said"
[ "$(cat json.out* | grep -v execve | grep -c '"drop/')" -eq "$(cat text.out* | grep -v execve | grep -c '"drop/')" ] || fail "json: $(cat json.out* | grep '"drop/')"

for trace in all audit; do
	shimmed SYSSHIM_LOG="$PWD/recording.$trace" SYSSHIM_LOG_FORMAT=binary SYSSHIM_TRACE=$trace SYSSHIM_PATH_EXCLUDE="$globs" SYSSHIM_STATS=off "$python" -S work.py ||
		fail "$trace: exit status $?"
	"$SYSSHIM" files --all --json recording.$trace >$trace.json || fail "$trace: files: exit status $?"
	"$SYSSHIM" trace recording.$trace >$trace.trace 2>$trace.coverage || fail "$trace: trace: exit status $?"
	grep 'openat(AT_FDCWD, "drop/' $trace.trace && fail "$trace: a path that is left out stands there"
	grep -q 'openat(AT_FDCWD, "keep/a"' $trace.trace || fail "$trace: one that is wanted does not"
	grep -qE ' (1 call|([2-9]|[1-9][0-9]+) calls) left out .SYSSHIM_PATH_EXCLUDE' $trace.coverage || fail "$trace: it is not said: $(cat $trace.coverage)"
	tail -n 1 $trace.json | grep -qE '"left_out":[1-9]' || fail "$trace: it is not said: $(tail -n 1 $trace.json)"
done
# The folder was opened unseen: what lies in it is not guessed where nothing says it, and an audit says it.
grep -q '"path":"?/b"' all.json && grep -q "\"path\":\"$PWD/drop/b\"" audit.json || fail "the folder's file: $(grep '/b"' all.json audit.json)"

for mode in all audit; do
	for folder in keep drop; do
		grep -q "\"path\":\"$PWD/$folder/same\"" $mode.json || fail "$mode: $folder/same: $(grep same $mode.json)"
	done
done

shimmed SYSSHIM_PATH_EXCLUDE="$(printf '%01025d' 0)" SYSSHIM_STATS="$PWD/wrong" sh -c 'exit 7' 2>err
[ $? -eq 7 ] && [ ! -e wrong ] && grep -q 'SYSSHIM_PATH_EXCLUDE.*1024 bytes at most' err || fail "too long: $(cut -c1-200 err)"
exit 0
