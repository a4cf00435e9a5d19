#!/bin/bash
# `sysshim doctor`: a line for each thing that it tried, `ok`, `but` or `no` in front, status 0 if all are ok; for a program what its file says.
set -u
. "$SRC/tests/lib/lib.sh"

mkdir bin && cp "$SYSSHIM" bin/sysshim && ln -s "$SHIM" bin/libsysshim.so || fail "no copy of the command"
SYSSHIM=$PWD/bin/sysshim
"$SYSSHIM" doctor >out 2>err
status=$?
[ ! -s err ] || fail "something is on stderr: $(cat err)"
grep -vE '^(ok |but|no )   *[a-zA-Z(.]' out && fail "lines without their verdict"
[ $status -eq "$(grep -qE '^(no|but)' out && echo 1 || echo 0)" ] || fail "status $status: $(cat out)"
for word in processor kernel libc recordings preload rewriting coalescing; do
	grep -q "^[a-z]* *.*$word" out || fail "nothing is said of $word: $(cat out)"
done
grep -qE '^ok +rewriting +[1-9][0-9]+ sites' out || echo "rewriting does not work here: $(grep rewriting out)"
# observed itself, as with /etc/ld.so.preload, it says the same, and leaves nothing (where it has AddressSanitizer, that wants to be the first library)
mkdir temporary
TMPDIR=$PWD/temporary ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0 "$SYSSHIM" run -q --record=off -- "$SYSSHIM" doctor >observed 2>&1
cmp out observed && [ -z "$(ls temporary)" ] || fail "observed it says: $(cat observed; ls temporary)"
# Where there is no temporary folder nothing is tried, and the working folder is nobody's to clear.
mkdir working && touch working/precious working/.hidden
(cd working && TMPDIR=$PWD/nowhere "$SYSSHIM" doctor >../out.nowhere 2>../err) && fail "all works without a temporary folder"
grep -q '^no    preload .*no temporary folder' out.nowhere || fail "no temporary folder: $(cat out.nowhere)"
[ "$(ls -A working)" = "$(printf '.hidden\nprecious')" ] || fail "what lay in the working folder is gone: $(ls -A working)"

"$SYSSHIM" doctor --json cat >json 2>&1
python3 -c 'import json, sys
rows = [json.loads(line) for line in open("json")]
assert all(set(row) == {"check", "works", "detail"} for row in rows) and rows[-1]["check"] == "program" and rows[-1]["works"], rows
assert [row["check"] for row in rows[:-2]] == [line.split(None, 1)[1].split("  ")[0] for line in open("out")], rows' || fail "--json: $(cat json)"
(unset HOME XDG_STATE_HOME && "$SYSSHIM" doctor >out) && fail "all works without a home"
grep -q '^no    recordings .*neither XDG_STATE_HOME nor HOME' out || fail "no home: $(cat out)"
touch file
XDG_STATE_HOME=$PWD/file/state "$SYSSHIM" doctor >out && fail "all works with a file for a state folder"
grep -q "^no    recordings  *$PWD/file: not a folder" out || fail "a file for a state folder: $(cat out)"
# As the shim itself decides: a state folder is made where it is not there, a home is not, and what belongs to others is not used.
agrees() {
	rm -rf made
	env -u HOME -u XDG_STATE_HOME "$@" "$SYSSHIM" doctor >out
	env -u HOME -u XDG_STATE_HOME "$@" "$SYSSHIM" run -q true 2>err
	verdict=$(sed -n 's/^\(ok\|no\)    recordings .*/\1/p' out)
	[ "$verdict" = "$([ -s err ] && echo no || echo ok)" ] || fail "$*: $(grep recordings out), and $(cat err)"
}
mkdir -p home writable/sysshim/recordings && chmod 777 writable/sysshim/recordings
agrees XDG_STATE_HOME="$PWD/made/here"
ln -s nowhere dangling
agrees XDG_STATE_HOME="$PWD/dangling" && [ "$verdict" = no ] || fail "a link that leads nowhere: $(grep recordings out)"
agrees HOME="$PWD/made" && [ "$verdict" = no ] || fail "a home that is not there: $(grep recordings out)"
agrees HOME="$PWD/home" && [ "$verdict" = ok ] || fail "a home: $(grep recordings out)"
agrees XDG_STATE_HOME="$PWD/writable" && [ "$verdict" = no ] || fail "a folder of all: $(grep recordings out)"
[ "$(id -u)" -ne 0 ] || chown -R 65534 home
[ "$(id -u)" -ne 0 ] || { agrees HOME="$PWD/home" && [ "$verdict" = no ] && grep -q "somebody else's home" out; } || fail "another's home: $(grep recordings out)"

# about STATUS VERDICT PATTERN PROGRAM: what is said of it in the last line
about() {
	timeout 20 "$SYSSHIM" doctor "$4" >about.out 2>&1
	[ $? -eq "$1" ] && tail -n 1 about.out | grep -qE "^$2 +program +.*$3" || fail "$4: status $?: $(tail -n 1 about.out)"
}
about $status ok '/(cat)$' cat
about $status ok '/cat$' "$(command -v cat)"
about 1 no 'not found' no_such_program
about 1 no 'not found' ./nowhere
about 1 but 'empty' "$(: >empty; chmod +x empty; echo ./empty)"
echo text >text && about 1 but './text may not be executed: Permission denied' ./text
mkfifo pipe && chmod +x pipe && about 1 but 'not a regular file' ./pipe
echo 'int main(void) { return 0; }' >program.c
# headers at an odd place, as no linker puts them
cc -o odd program.c && printf '\101' | dd of=odd bs=1 seek=32 conv=notrunc 2>/dev/null && about 1 no 'static' ./odd
cc -static -o static program.c 2>/dev/null && about 1 no 'static' ./static
cc -m32 -o small program.c 2>/dev/null && about 1 no 'word size' ./small
command -v musl-gcc >/dev/null && musl-gcc -o musl program.c && about 1 but 'musl.*interposed names only' ./musl
cc -fsanitize=address -o sanitized program.c 2>/dev/null && about 1 but 'sanitizer.*libasan' ./sanitized
printf '#!/bin/sh\n' >script && printf '#! %s/static -x\n' "$PWD" >static_script && chmod +x script static_script
about $status ok '\./script, which /bin/sh runs$' ./script
[ ! -e static ] || about 1 no 'static' ./static_script
if [ "$(id -u)" -eq 0 ] && cc -o setuid program.c && chown 65534 setuid && chmod 4755 setuid; then
	about 1 no 'set-user-id' ./setuid
fi

# code that makes its calls itself: instructions count, and neither data nor the middle of other instructions
cat >inline.c <<'C'
const unsigned char data[] = {0x0f, 0x05, 0x0f, 0x05};
int main(void)
{
	long result;
	__asm__ volatile("movl $0x050f050f, %%ecx; mov $39, %%eax; syscall" : "=a"(result) : : "rcx", "r11", "memory");
	__asm__ volatile("mov $102, %%eax; syscall" : "=a"(result) : : "rcx", "r11", "memory");
	return result < 0;
}
C
cc -O1 -o inline inline.c && "$SYSSHIM" doctor ./inline >about.out
[ $? -eq 1 ] && grep -qE "^but +code without libc +2 .syscall. instructions in ./inline: .*SYSSHIM_DISPATCH=always" about.out || fail "inline: $(cat about.out)"
"$SYSSHIM" doctor bash >about.out
grep -qE '^ok +code without libc +none in it and [1-9]' about.out || fail "bash: $(cat about.out)"
"$SYSSHIM" doctor --sites >about.out
grep -qE '^[1-9][0-9]* sites of libc and ld.so are left' about.out && grep -qE 'libc.*\+0x[0-9a-f]+ .*exit +behind a thread' about.out || fail "--sites: $(cat about.out)"

SYSSHIM_DISABLE=1 "$SYSSHIM" doctor >out 2>&1
[ $? -eq 1 ] && grep -q '^no    preload  *SYSSHIM_DISABLE is set' out || fail "disabled: $(cat out)"
SYSSHIM_LIBRARY=$PWD/nowhere.so "$SYSSHIM" doctor >out 2>&1
[ $? -eq 1 ] && grep -q '^no .*libsysshim.so.*SYSSHIM_LIBRARY' out || fail "no library: $(cat out)"

# behind a seccomp filter no recording is made by default; without /proc the command finds its library by the name that it was executed by
gcc -O1 -o filtered "$SRC/tests/lib/filtered.c" || fail "no program"
./filtered "$SYSSHIM" doctor >out
[ $? -eq 77 ] || grep -q '^no    recordings .*seccomp' out || fail "behind a filter: $(cat out)"
if unshare -m sh -c 'umount -l /proc' 2>/dev/null; then
	unshare -m sh -c 'umount -l /proc && exec "$@"' sh "$SYSSHIM" run --record=off -q -- echo there >out 2>&1 && grep -qx there out || fail "without /proc: $(cat out)"
	unshare -m sh -c 'umount -l /proc && exec "$@"' sh "$SYSSHIM" doctor >out 2>&1
	status=$?
	# A sanitizer's leak check needs /proc itself (the_command_is_clean_under_sanitizers).
	if ! grep -q LeakSanitizer out; then
		[ $status -eq 1 ] && ! grep -qv '^ok\|^no\|^but' out || fail "doctor without /proc: $(cat out)"
	fi
	grep -q '^no    coalescing  */proc is not there' out || fail "doctor without /proc: $(cat out)"
fi
exit 0
