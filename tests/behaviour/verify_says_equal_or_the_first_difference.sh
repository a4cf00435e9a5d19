#!/bin/bash
# `run --verify`: real programs are equal, natively and with the shim; what differs from run to run natively too is named and not counted; a program that
# does show the shim is different, with the first byte. The working folder stays as it was, and nothing is left behind, also after a signal.
# timeout: 300
set -u
. "$SRC/tests/lib/lib.sh"

mkdir bin temporary && cp "$SYSSHIM" bin/sysshim && ln -s "$SHIM" bin/libsysshim.so || fail "no copy of the command"
SYSSHIM=$PWD/bin/sysshim TOP=$PWD
export TMPDIR=$PWD/temporary XDG_STATE_HOME=$PWD/state
unset GIT_DIR

# verify STATUS OPTIONS... -- COMMAND...: in the folder that we are in; what was said is in out and err
verify() {
	local wanted=$1 status
	shift
	find . -printf '%p %y %m %s %l %T@\n' | sort >"$TOP/before"
	timeout 100 "$SYSSHIM" run --verify "$@" >"$TOP/out" 2>"$TOP/err" </dev/null
	status=$?
	[ $status -eq "$wanted" ] || fail "$*: status $status: $(cat "$TOP/out" "$TOP/err")"
	[ -z "$(ls -A "$TMPDIR")" ] || fail "$*: left behind: $(ls -R "$TMPDIR")"
	find . -printf '%p %y %m %s %l %T@\n' | sort | diff "$TOP/before" - || fail "$*: the working folder is another one"
	[ ! -e "$XDG_STATE_HOME" ] || fail "$*: something was recorded in the state folder"
}
says() {
	grep -qE -- "$1" "$TOP/out" "$TOP/err" || fail "not said: $1: $(cat "$TOP/out" "$TOP/err")"
}
equal() {
	verify 0 "$@"
	says '^equal: '
	[ ! -s "$TOP/err" ] || fail "$*: $(cat "$TOP/err")"
}

# a folder with what folders hold
mkdir work && cd work || exit 1
seq 1 3000 >numbers
mkdir -p below/empty && ln -s numbers link && ln -s nowhere broken && mkfifo fifo && ln numbers below/second && chmod 640 below/second && truncate -s 5M holes && mkdir closed && chmod 500 closed

equal sort -r -o sorted numbers
says '0 bytes of stdout, 0 of stderr, [0-9]+ files'
equal tar -cf all.tar --exclude=all.tar .
equal bash -c 'for i in {1..3000}; do echo $i; done >made; echo out; echo err >&2; exit 3'
says '^equal: exit status 3, 4 bytes of stdout, 4 of stderr'
says '; [0-9]{4} writes were gathered into [1-9][0-9]* batch(es)?$'
equal bash -c 'kill -TERM $$'
says '^equal: killed by SIGTERM'
equal sh -c 'pwd; echo $PWD; [ "$(pwd)" = "$PWD" ]; rm -rf closed below numbers; ls'
equal sh -c 'stat -c "%a %h %F %s %b" numbers below/second link holes fifo; cat numbers >/dev/null; cp -a . ../copy'
cat >a.c <<'C'
int b(void);
int main(void) { return b(); }
C
echo 'int b(void) { return 0; }' >b.c
printf 'app: a.o b.o\n\tcc -o app a.o b.o\n%%.o: %%.c\n\tcc -c -o $@ $<\n' >Makefile
if command -v make >/dev/null; then
	equal make
fi
if command -v sqlite3 >/dev/null; then
	equal sqlite3 data.db "create table t(a); insert into t values(1); insert into t select a+1 from t; select * from t"
fi
if command -v git >/dev/null; then
	cat >"$TOP/commits.sh" <<'S'
git init -q . && git add numbers below && git -c user.name=a -c user.email=a@b commit -q -m first && git log --format=%H
S
	# the index holds times and inodes of the folder's files
	GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z' equal sh "$TOP/commits.sh"
	grep -v 'git/index' "$TOP/out" | grep 'differs' && fail "a commit with fixed dates differs"
	# in each run another second: the names of its objects are others too. (In a pack: loose ones lie in 256 folders, and two runs may share one.)
	GIT_AUTHOR_DATE="" equal sh -c "sleep 1.1; GIT_AUTHOR_DATE=\"\$(date +%s.%N | sed 's/\\./ +/;s/ +.*//') +0000\" sh $TOP/commits.sh; git repack -adq; date +%N"
	says '^differs natively too: stdout'
fi

# natively it is not the same either
equal sh -c 'date +%N; date +%N >stamp; ln -s $$ number'
says '^differs natively too: stdout, at byte [0-9]+: natively "[0-9]+\\n", with the shim "'
says '^differs natively too: file stamp, at byte'
says '^differs natively too: file number, link target: natively "[0-9]+"'

# programs that do see it
verify 1 grep -c libsysshim /proc/self/maps
says '^stdout differs at byte 0: natively "0\\n", with the shim "[1-9][0-9]*\\n"$'
says '^exit status differs: natively 1, with the shim 0$'
says '^different: exit status 1'
verify 1 sh -c 'seq 1 5000 >long; grep -q libsysshim /proc/self/maps && { echo X | dd of=long bs=1 seek=20000 conv=notrunc status=none; chmod 700 long; }; true'
says '^file long: mode: natively 0644, with the shim 0700$'
verify 1 sh -c 'seq 1 5000 >below/long; grep -q libsysshim /proc/self/maps && echo X | dd of=below/long bs=1 seek=20000 conv=notrunc status=none; true'
says '^file below/long differs at byte 20000: natively ".*[0-9].*", with the shim ".*X\\n.*"$'
verify 1 sh -c 'if grep -q libsysshim /proc/self/maps; then mkdir thing; ln -s a l; echo err >&2; truncate -s 5 short; else echo a >thing; ln -s b l; echo 123456 >short; touch gone; fi'
says '^file thing: type: natively a file, with the shim a folder$'
says '^file l: link target: natively "b", with the shim "a"$'
says '^stderr differs at byte 0: natively the end, with the shim "err\\n"$'
says '^file gone: type: natively a file, with the shim not there$'
verify 1 sh -c 'grep -q libsysshim /proc/self/maps && kill -KILL $$; echo a >../beside'
says '^exit status differs: natively 0, with the shim killed by SIGKILL$'
says '^file \.\./beside: type: natively a file, with the shim not there$'
verify 1 --inject=write:error=ENOSPC:when=3 sort -o sorted numbers --buffer-size=16k
says 'exit status differs: natively 0, with the shim 2'

# JSON
verify 1 --json sh -c 'grep -c libsysshim /proc/self/maps; date +%N >stamp'
python3 - "$TOP/out" <<'P' || fail "JSON: $(cat "$TOP/out")"
import json, sys
said = json.load(open(sys.argv[1]))
assert said["equal"] is False and said["status"] == "0", said
assert [d["what"] for d in said["differences"]] == ["stdout"] and said["differences"][0]["offset"] == 0, said
assert [d["what"] for d in said["natively_too"]] == ["file stamp"], said
P
verify 0 --json true
python3 -c 'import json, sys; said = json.load(open(sys.argv[1])); assert said["equal"] and not said["differences"] and said["stdout_bytes"] == 0' "$TOP/out" || fail "JSON: $(cat "$TOP/out")"

# standard input is given to each run; stdout and stderr in one file keep their order
seq 1 1000 | timeout 60 "$SYSSHIM" run --verify --json cat >"$TOP/out" 2>&1 && grep -q '"equal":true.*"stdout_bytes":3893,' "$TOP/out" || fail "stdin: $(cat "$TOP/out")"
timeout 60 "$SYSSHIM" run --verify sh -c 'echo a; echo b >&2; echo c' </dev/null >"$TOP/out" 2>&1 && grep -q '^equal: exit status 0, 6 bytes of stdout and stderr' "$TOP/out" || fail "one file: $(cat "$TOP/out")"

# files elsewhere are not seen, but known
equal sh -c "echo x >$TOP/elsewhere; : >$TOP/removed; rm $TOP/removed; echo y >../inside"
says "^not seen: files outside $TOP/work; these were written:"
says "^  $TOP/elsewhere$"
grep -qE 'removed|inside|/dev/' "$TOP/out" && fail "too much is said to be outside: $(cat "$TOP/out")"
equal bash -c 'sleep 50 & sleep 51 & disown; echo a'
says '^ended: [1-9]'
equal bash -c 'sleep 50 & disown; echo a'
says '^ended: 1 process that .* what it would'

echo 'int main(void) { return 0; }' >static.c
cc -static -o static static.c 2>/dev/null && { equal sh -c './static; ./static; true'; says '^not shimmed: 2 of the programs that it started'; }

# what cannot be verified is one line
refused() {
	verify 2 "$@"
	[ "$(cat "$TOP/out" "$TOP/err" | wc -l)" -eq 1 ] || fail "$*: not one line: $(cat "$TOP/out" "$TOP/err")"
}
refused no_such_program
says 'no_such_program: not found'
[ ! -e static ] || { refused ./static; says 'static is static'; }
refused --record=x true
refused -o x true
refused --verify=nonsense true
says 'nonsense: not a size; 4G or 500M would be'
refused --verify=1 true
says 'KiB, and the limit is 0 KiB; --verify=SIZE sets another'
echo 'open("/dev/tty")' >tty.py
refused "$(python3 -c 'import sys; print(sys.executable)')" tty.py
says 'asks for its terminal'
chmod 000 closed
[ "$(id -u)" -eq 0 ] || { refused true; says 'not all of it can be read'; }
chmod 500 closed
TMPDIR=$PWD/below timeout 20 "$SYSSHIM" run --verify true </dev/null 2>"$TOP/err"
[ $? -eq 2 ] && grep -q 'TMPDIR= names another place' "$TOP/err" || fail "TMPDIR below: $(cat "$TOP/err")"
if command -v script >/dev/null; then
	script -qec "timeout 20 '$SYSSHIM' run --verify true; echo status \$?" /dev/null </dev/null >"$TOP/out" 2>&1
	says 'standard input is a terminal'
	says 'status 2'
fi

# a signal ends it, and what it has made goes away
for signal in INT TERM; do
	(trap - INT; exec timeout -s $signal 2 "$SYSSHIM" run --verify bash -c 'sleep 77.25 & sleep 78.25' </dev/null >"$TOP/out" 2>&1)
	[ -z "$(ls -A "$TMPDIR")" ] || fail "$signal: left behind: $(ls "$TMPDIR")"
	pgrep -f 'sleep 7[78]\.25' | grep . && fail "$signal: the program still runs"
done
exit 0
