# Real commands under strace and the shim at once. To be sourced by a test that has set `settings`, the shim's variables beside those for the
# counters (NAME=VALUE, %F is the command's folder), `arguments` for tests/lib/strace_counts.py, which says what is compared, `prepare` (a command
# for between the two; optional), and `every` to "every" where also calls that are not hot must not pass us by. What it excuses beside what is
# excused below stands in the file `excuses`, if there is one.
command -v strace >/dev/null || skip "no strace"
strace -ff -i -y -o probe true 2>probe.err && grep -q '^\[0000' probe.* || skip "strace does not work here: $(tail -n 1 probe.err)"
rm -f probe*

# OBJECT CALL reason. Hot calls that may pass us by after our constructor, and why. The object is the one whose instruction it was, with
# (odd) where the bytes around it fit no form of rewriting; "elsewhere" is ld.so, which the kernel maps without a call, and memory
# without a file.
cat >>excuses <<'EXCUSES'
libc.so.6 rt_sigreturn it works on the frame at its own stack pointer and has no result: its site stays untouched
libc.so.6 exit a thread's last instruction, on a stack that libc has already given back: its site stays untouched
libc.so.6(odd) exit as above, where the instruction in front differs
libpthread-2.31.so exit as above
libpthread-2.31.so(odd) exit as above
EXCUSES
[ -z "$every" ] || cat >>excuses <<'EXCUSES'
* rt_sigprocmask in processes with threads, where dispatch does not stand: pthread_create and start_thread
EXCUSES

# the names of the hot calls, from the table itself
cat >hot.c <<'C'
#include <stdio.h>
#include "syscalls.h"
int main(int argc, char **argv)
{
	(void)argv;
	for (unsigned number = 0; number < SYSCALL_LIMIT; number++) {
		const struct syscall_row *row = syscall_row(number);
		if (row && (row->flags & CALL_HOT || argc > 1))
			puts(syscall_name(number));
	}
}
C
cc -I "$SRC/format" -o hot_names hot.c "$SRC"/format/*.c 2>hot.err && ./hot_names $every >hot || fail "the table cannot be read: $(cat hot.err)"
grep -qx openat hot && grep -qx write hot && [ "$(wc -l <hot)" -gt 60 ] || fail "the table's hot calls look wrong: $(tr '\n' ' ' <hot)"

mkdir files
seq 2000 >files/numbers
seq 5000 | sort -R --random-source=/dev/zero >files/shuffled
printf '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n' >files/hello.c
printf 'all: hello\n\t./hello\nhello: hello.c\n\tgcc -o $@ $<\n' >files/Makefile
(cd files && export HOME=$PWD GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
	command -v git >/dev/null && git init -q -b main . && git add numbers shuffled && git commit -q -m first && echo more >>numbers)

# NAME COMMAND, run by an exec of bash: the command's images and those of its children are compared
cat >commands <<'COMMANDS'
ls ls -la --color=always /etc
cat cat numbers shuffled
cp cp -a shuffled copy
mv_rm mv numbers moved && rm moved
grep_r grep -rn 999 .
find find . /usr/include/linux -name '*.h' -size +4k
sort sort -n shuffled
sort_disk sort -S 50k -T . --compress-program=gzip shuffled
wc wc numbers shuffled
head_pipe cat shuffled shuffled shuffled | head -n 2
tee_pipe seq 3000 | tee all | md5sum
dd dd if=shuffled of=copy bs=100
git_status git status --short
git_log git log --stat
git_commit git add -A && git commit -q -m second
gcc_c gcc -c hello.c
make make -j2
tar tar cf all.tar numbers shuffled Makefile
tar_gz tar czf all.tgz shuffled && tar tzf all.tgz
python_import python3 -c 'import json, subprocess, email; print(json.dumps(subprocess.check_output(["echo", "x"]).decode()))'
python_threads python3 -c 'import threading; ts = [threading.Thread(target=lambda: open("f", "a").write("x")) for _ in range(8)]; [t.start() for t in ts]; [t.join() for t in ts]'
python_fork python3 -c 'import os; [os.fork() or os._exit(3) for _ in range(3)]; [os.wait() for _ in range(3)]; os.system("true")'
perl perl -e 'open F, ">f"; print F "$_\n" for 1..100; close F; print `echo x`; opendir D, "."; print sort readdir D'
gawk gawk '{ print > "out" NR % 3; if (NR % 500 == 0) fflush() } END { system("echo x"); "date" | getline x }' shuffled
sed sed -i 's/1/one/' shuffled
bash_loop for i in $(seq 20); do echo $i; /bin/true; done > f; read -r x < f; (exit 3); wait
bash_signals trap 'echo usr1' USR1; kill -USR1 $$; (sleep 0.2; kill -TERM $$) & trap 'echo term' TERM; sleep 0.4 & wait; wait
dash dash -c 'for i in 1 2 3; do echo $i; ls / > f; done; exec cat f'
sqlite3 sqlite3 db 'create table t(a); insert into t values(1),(2),(3); select sum(a) from t; vacuum;'
gzip gzip -k shuffled && gzip -dc shuffled.gz > back
xz_threads xz -T2 -k shuffled && xz -t shuffled.xz
rsync rsync -a ./ there/
curl curl -s file:///etc/passwd
timeout timeout 2 sleep 9
COMMANDS

# reads "NAME COMMAND" from its arguments; leaves NAME.outcome
one() {
	local name=${1%% *} command=${1#* } folder=$PWD/run.${1%% *}
	mkdir "$folder" "$folder/stats" "$folder/logs"
	cp -a files "$folder/work"
	(cd "$folder/work" && exec strace -f -ff -i -y -o "$folder/trace" -E LD_PRELOAD="$SHIM" -E SYSSHIM_STATS="$folder/stats/%p.json" \
		-E SYSSHIM_STATS_FORMAT=json -E SYSSHIM_LOG=off -E SYSSHIM_BATCH=off ${settings//%F/$folder} -E HOME="$folder/work" -E GIT_AUTHOR_NAME=a -E GIT_AUTHOR_EMAIL=a@b -E GIT_COMMITTER_NAME=a \
		-E GIT_COMMITTER_EMAIL=a@b bash -c 'echo $$ >"$1"; eval "$2"' bash "$folder/pid" "$command" >"$folder/out" 2>"$folder/err" </dev/null)
	if grep -q 'command not found' "$folder/err"; then
		echo "$name: skipped: $(grep 'command not found' "$folder/err" | tail -n 1)" >"$name.outcome"
	elif ! eval "${prepare:-}" >"$name.found" 2>&1; then
		echo "$name: failed: $(cat "$name.found")" >"$name.outcome"
	else
		python3 "$SRC/tests/lib/strace_counts.py" --trace "$folder/trace" --stats "$folder/stats" --shim "$SHIM" --first "$(cat "$folder/pid")" \
			--hot hot --excuses excuses ${arguments//%F/$folder} >"$name.found" 2>&1 && echo "$name: passed: $(tail -n 1 "$name.found")" >"$name.outcome" ||
			echo "$name: failed: $(cat "$name.found")" >"$name.outcome"
	fi
	[ -n "${KEEP:-}" ] || rm -rf "$folder"
}
export -f one
export SRC SHIM SYSSHIM settings arguments prepare
PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin xargs -d '\n' -P 2 -n 1 bash -c 'one "$1"' one <commands

cat ./*.outcome >outcomes
grep -v ': passed: ' outcomes
passed=$(grep -c ': passed: ' outcomes) failed=$(grep -c ': failed: ' outcomes) skipped=$(grep -c ': skipped: ' outcomes)
echo "$(wc -l <commands) commands: $passed passed, $failed failed, $skipped skipped"
[ -n "${VERBOSE:-}" ] && grep ': passed: ' outcomes
[ "$failed" -eq 0 ] && [ "$passed" -ge 20 ]
