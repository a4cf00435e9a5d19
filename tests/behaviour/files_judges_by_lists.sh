#!/bin/bash
# An audit for CI: --write-expect learns what was opened, --expect finds what is new, --deny what is forbidden; exit statuses 0, 1 and 2.
set -u
. "$SRC/tests/lib/lib.sh"

mkdir tree && echo in >tree/in && echo two >tree/two
run() {
	"$SYSSHIM" run -q --record="$1" -- bash -c "$2" >/dev/null || fail "run: exit status $?"
}
status() {
	local want=$1 got
	shift
	"$SYSSHIM" files "$@" >out 2>err
	got=$?
	[ $got = "$want" ] || fail "files $*: exit status $got, not $want: $(head -n 3 out err)"
}
run first 'cat tree/in >tree/out; cat nowhere 2>/dev/null || true'
status 0 --write-expect=list first
grep -q "^r $PWD/tree/in\$" list && grep -q "^w $PWD/tree/out\$" list || fail "the list: $(cat list)"
grep -q nowhere list && fail "what was not there is on the list"
status 0 --expect=list first
run second 'cat tree/in >tree/out'
status 0 --expect=list second
run third 'cat tree/in tree/two >tree/out; echo more >>tree/in'
status 1 --expect=list third
grep -q "^unexpected: r $PWD/tree/two (cat)\$" out || fail "the new file is not said: $(cat out)"
grep -q "^unexpected: w $PWD/tree/in (" out || fail "that it was written is not said: $(cat out)"
[ "$(grep -c ^unexpected out)" = 2 ] || fail "more than two: $(cat out)"
{ cat list; echo "rw $PWD/tree/*"; } >wider
status 0 --expect=wider third
status 1 --deny="$PWD/tree/two" third
status 0 --deny="$PWD/tree/two" second
status 1 --deny='*/nowhere' first
grep -q '^denied, tried in vain: - .*nowhere' out || fail "what was tried: $(cat out)"

# A way round by `..` is the same file.
mkdir tree/sub && echo secret >secret
run round 'cd tree/sub; cat ../../secret; cat ../two/../nowhere 2>/dev/null || true'
status 1 --deny="$PWD/secret" round
grep -q "^denied: r $PWD/tree/sub/../../secret (cat)\$" out || fail "--deny does not see through ..: $(cat out)"
status 1 --not="$PWD/tree/*" --deny="$PWD/secret" round
status 1 --deny="$PWD/tree/nowhere" round
status 1 --deny='*/sub/../../secret' round
status 0 --deny="$PWD/tree/secret" round
status 0 -0 -P "$PWD/secret" round
[ "$(tr '\0' '\n' <out)" = "$PWD/tree/sub/../../secret" ] || fail "-P does not see through ..: $(tr '\0' '\n' <out)"
{ grep -v "^[rwx]* $PWD/" list; echo "r $PWD/tree/*"; } >inside
status 1 --expect=inside round
[ "$(grep -c ^unexpected out)" = 1 ] && grep -q "/sub/../../secret" out || fail "what leads out of the folder is allowed: $(cat out)"
for allowed in "$PWD/secret" "$PWD/tree/sub/../../secret"; do
	{ cat inside; echo "r $allowed"; } >outside
	status 0 --expect=outside round
done

# from stdin, and from a system where lines end by CR LF
{ sed 's/$/\r/' list; printf '\r\n'; } >crlf
status 0 --expect=- first <crlf
status 0 --expect=crlf first
run returned "cat tree/in >$'tree/carriage\r'"
status 0 --write-expect=learned returned
status 0 --expect=learned returned

echo 'x' >bad
status 2 --expect=bad third
grep -q 'bad:1: a line is' err || fail "a wrong line: $(cat err)"
status 2 --expect=missing third
grep -q 'missing: No such file' err || fail "no list: $(cat err)"
status 2 --expect=tree third
grep -q 'tree: Is a directory' err || fail "a folder in a list's place: $(cat out err)"
status 2 --json --deny='*' third
status 2 --format=make --expect=list third
grep -q 'in lines, instead of a list' err && [ ! -s out ] || fail "findings in another form: $(cat out err)"
# a variable that is not set is no rule that nothing breaks
for option in --deny= --not= -P -n; do
	case $option in
	*=) status 2 $option third ;;
	*) status 2 $option '' third ;;
	esac
	grep -q "^sysshim files: ${option%=}: it is empty" err && [ ! -s out ] || fail "$option without a glob: $(cat out err)"
done
status 2 --format=xml third
grep -q 'there are table, tree' err || fail "a wrong format: $(cat err)"

# The other forms.
status 0 --format=make third
python3 - "$PWD" <<'PY' || fail "the rule: $(cat out)"
import sys
text = open("out").read().replace("\\\n", " ")
targets, needs = text.split(":", 1)
here = sys.argv[1]
assert f"{here}/tree/out" in targets.split() and f"{here}/tree/in" in targets.split(), targets
assert f"{here}/tree/two" in needs.split() and "/dev/null" not in text, needs
PY
# make reads each name as it is, and what cannot be written for it is left out
mkdir odd && cat >odd.py <<'PY'
import subprocess, sys
here, what = sys.argv[1:]
names = ["blank b", "dollar$d", "hash#h", "per%cent", "colon:c", "equals=e", "bar|b", "back\\slash", "back\\ blank", "back\\\\:colon", "star*", "[brackets]", "(p", "it's", '"']
wrong = ["new\nline", "semi;colon", "ends\\", "lib(member)"]
if what == "write":
    for name in names + wrong:
        open(f"{here}/odd/in {name}", "w").write("x")
else:
    for name in names + wrong:
        open(f"{here}/odd/in {name}").read()
        open(f"{here}/odd/out {name}", "w").write("x")
if what == "check":
    rule = subprocess.run([here + "/command", "files", "--format=make", "-P", here + "/odd/*", "odd.rec"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert f"{2 * len(wrong)} paths cannot stand" in rule.stderr, rule
    open("Makefile", "w").write(rule.stdout + "\t$(info <$@>)$(info $^)\n")
    for name in names:
        made = subprocess.run(["make", "-s", "-B", f"{here}/odd/out {name}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        told = made.stdout.split("\n")
        assert told[0] == f"<{here}/odd/out {name}>" and sorted(told[1]) == sorted(" ".join(f"{here}/odd/in {n}" for n in names)), (name, made.stdout)
PY
ln -s "$SYSSHIM" command
python3 odd.py "$PWD" write && "$SYSSHIM" run -q --record=odd.rec -- python3 odd.py "$PWD" read && python3 odd.py "$PWD" check || fail "names in a rule"
run moves 'cp tree/in tmp; mv tmp final; rm -f tree/two; touch tree/in'
status 0 --format=fsatrace -P "$PWD/*" moves
for line in "r|$PWD/tree/in" "w|$PWD/tmp" "m|$PWD/final|$PWD/tmp" "d|$PWD/tree/two"; do
	grep -qxF "$line" out || fail "fsatrace: no $line in $(cat out)"
done
status 0 --format=fsatrace -P /nothing moves
[ ! -s out ] || fail "fsatrace: -P does not choose what was renamed and removed: $(cat out)"
for name in tmp final; do
	status 0 --format=fsatrace -P "$PWD/$name" moves
	grep -qxF "m|$PWD/final|$PWD/tmp" out || fail "fsatrace: -P with one of two names: $(cat out)"
done
run tried 'PATH=$PWD/none:$PATH; env cat tree/in; exec env true'
status 0 --format=fsatrace tried
for name in bash env cat true; do
	grep -q "^r|/.*bin/$name\$" out || fail "fsatrace: no $name in $(cat out)"
done
grep -q "$PWD/none" out && fail "fsatrace: a program that was not there: $(cat out)"
status 0 --format=make -P "$PWD/*" moves
grep -q "final" out && ! grep -q "/tmp:" out || fail "what was renamed is the target: $(cat out)"
run links 'cp tree/in tmp; ln tmp linked; rm tmp; ln tree/in twin'
status 0 --format=make -P "$PWD/*" links
[ "$(head -n 1 out)" = "$PWD/linked: \\" ] || fail "what was linked is no target: $(cat out)"
status 0 --only-written -P "$PWD/*" links
grep -q "^wc .*$PWD/linked\$" out && ! grep -q twin out || fail "--only-written with links: $(cat out)"
status 0 --format=fsatrace -P "$PWD/*" links
for line in "w|$PWD/linked" "w|$PWD/twin"; do
	grep -qxF "$line" out || fail "fsatrace: no $line in $(cat out)"
done
run folders 'mkdir -p tmp/deep; echo a >tmp/f; echo b >tmp/deep/g; echo c >tmp/gone; rm tmp/gone; echo d >tmpfile; mv tmp made; cd made/deep; cd ..
	mv ../made/deep ../made/other; echo e >other/h'
status 0 --format=make -P "$PWD/*" folders
[ "$(head -n 1 out)" = "$PWD/made/../made/other/g $PWD/made/f $PWD/made/other/h $PWD/tmpfile:" ] || fail "what stands in a renamed folder keeps its old name: $(cat out)"
status 0 --format=fsatrace -P "$PWD/*" folders
grep -qxF "m|$PWD/made|$PWD/tmp" out && grep -qxF "m|$PWD/made/f|$PWD/tmp/f" out || fail "fsatrace: a renamed folder: $(cat out)"
status 0 --json -P "$PWD/tmp/*" folders
[ "$(grep -c '"path".*"removed":true' out)" = 3 ] || fail "what stood in a renamed folder is there: $(cat out)"
cat >exchange.py <<'PY'
import ctypes, os, sys
libc = ctypes.CDLL(None)
os.mkdir("left"), os.mkdir("right"), open("left/written", "w").close()
fd = os.open("left", os.O_RDONLY | os.O_DIRECTORY)
if libc.renameat2(-100, b"left", -100, b"right", 2):
    sys.exit("no RENAME_EXCHANGE here")
os.open("now_right", os.O_CREAT | os.O_WRONLY, dir_fd=fd)
PY
if python3 exchange.py 2>err; then
	rm -r left right
	run exchange 'python3 exchange.py'
	status 0 --format=make -P "$PWD/right/*" exchange
	grep -q "^$PWD/right/now_right $PWD/right/written:" out || fail "folders that were exchanged: $(cat out)"
else
	echo "RENAME_EXCHANGE: not tested: $(tail -n 1 err)"
fi
cat >nameless.py <<'PY'
import ctypes, os
fd = os.open(".", os.O_TMPFILE | os.O_WRONLY)
os.link(f"/proc/self/fd/{fd}", "by_proc", src_dir_fd=fd)
ctypes.CDLL(None).linkat(fd, b"", -100, b"by_descriptor", 0x1000)
PY
if python3 nameless.py 2>err; then
	rm by_*
	run nameless 'python3 nameless.py'
	status 0 --only-written -P "$PWD/by_*" nameless
	[ "$(grep -c ^w out)" = "$(ls by_* | wc -l)" ] || fail "a file that was made without a name: $(cat out)"
else
	echo "O_TMPFILE: not tested: $(tail -n 1 err)"
fi
status 0 --tree -P "$PWD/tree/*" third
grep -q '^ *in  rwc*a' out && grep -q '^ *out  wct' out || fail "the tree: $(cat out)"
status 0 -0 -P "*/tree/in" third
[ "$(tr '\0' '\n' <out)" = "$PWD/tree/in" ] || fail "-0: $(tr '\0' '\n' <out)"
status 0 --only-written --not='/dev/*' third
[ "$(grep -c "$PWD" out)" = 2 ] || fail "--only-written: $(cat out)"
status 0 -n cat third
grep -q "$PWD/tree/two" out && ! grep -q '/bash$' out || fail "-n: $(cat out)"
