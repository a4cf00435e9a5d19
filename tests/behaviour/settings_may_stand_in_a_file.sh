#!/bin/bash
# SYSSHIM_CONFIG=FILE: its lines are as good as variables, for children too, wherever they run; variables win; nothing of them shows in the
# program's environment or its children's. A file that is wrong is said in one line, and the program runs without us.
set -u
. "$SRC/tests/lib/lib.sh"

# nothing is set but what stands there
with() {
	env -u SYSSHIM_LOG -u SYSSHIM_STATS -u SYSSHIM LD_PRELOAD="$SHIM" "$@"
}
mkdir work
cat >settings <<'EOF'
# a comment, a blank line, blanks around both, the later of two

	SYSSHIM_LOG =  logs/log.%n.%p  
SYSSHIM_TRACE=read
SYSSHIM_TRACE = execve,openat
SYSSHIM_STATS=off
SYSSHIM_DATA = 7
EOF
printf 'SYSSHIM_APP_EXCLUDE = cat' >>settings # no line's end
mkdir logs
with SYSSHIM_CONFIG=settings sh -c 'cd work; cat /dev/null; mv nothing something; env -i "$(command -v env)"; env; exit 7' >out 2>err
[ $? -eq 7 ] || fail "the exit status is not the program's: $(cat err)"
grep -q sysshim err && fail "something was said: $(cat err)"
[ "$(grep SYSSHIM_ out)" = SYSSHIM_CONFIG=settings ] || fail "children see: $(grep SYSSHIM_ out)"
ls work | grep . && fail "a child's log lies where the child was"
for name in sh mv env; do
	ls logs | grep -q "^log\.$name\." || fail "$name has no log: $(ls logs)"
done
ls logs | grep '^log\.cat\.' && fail "cat is excluded"
grep -hoE '^[0-9]+ [0-9.]+ [a-z0-9_]+\(' logs/* | grep -vE ' (execve|openat)\($' && fail "other calls are logged"
grep -q 'openat(' logs/log.mv.* || fail "openat is not logged"

# a variable wins
rm -f logs/*
with SYSSHIM_CONFIG=settings SYSSHIM_LOG="$PWD/other" SYSSHIM_TRACE=execve sh -c '/bin/true; exit 0' 2>err || fail "exit status $?"
[ -z "$(ls logs)" ] && [ -s other ] && ! grep -q openat other* || fail "the variables did not win: $(ls logs) $(head -n 3 other)"

# wrong WORD FILE [LINE]: so it is said
wrong() {
	[ $# -eq 2 ] || printf '%b' "$3" >"$2"
	with SYSSHIM_LOG=off SYSSHIM_CONFIG="$2" SYSSHIM_STATS="$PWD/stats.%p" sh -c '/bin/true; exit 7' 2>err
	[ $? -eq 7 ] || fail "$2: the exit status is not the program's"
	[ "$(grep -c . err)" -eq 1 ] && grep -q "^sysshim: .*$1.*; the program runs without sysshim$" err || fail "$2: $(cat err)"
	ls stats.* 2>/dev/null && fail "$2: it was counted all the same"
}
wrong 'SYSSHIM_CONFIG=missing: No such file or directory' missing
wrong 'SYSSHIM_CONFIG=work: not a regular file' work
wrong 'SYSSHIM_CONFIG=: No such file or directory' ''
mkfifo fifo
wrong 'SYSSHIM_CONFIG=fifo: not a regular file' fifo
head -c 20000 /dev/zero | tr '\0' '#' >long
wrong 'SYSSHIM_CONFIG=long: longer than 16383 bytes' long
wrong 'line 2: allowed is SYSSHIM_NAME = value' no_sign 'SYSSHIM_DATA = 1\nSYSSHIM_TIMING off\n'
wrong 'line 1: allowed is SYSSHIM_NAME = value' no_name ' = off\n'
wrong 'line 1: allowed is SYSSHIM_NAME = value' foreign 'LD_PRELOAD = x\n'
wrong 'no text, there is a NUL in it' bytes 'SYSSHIM_DATA = 1\n\0'
wrong 'SYSSHIM_BATCH=maybe: allowed is on, off' value 'SYSSHIM_DATA = 1\nSYSSHIM_BATCH = maybe\n'
wrong 'line 49 is one too many' many "$(for i in $(seq 60); do printf 'SYSSHIM_X%d=1\\n' "$i"; done)"
[ "$(id -u)" -eq 0 ] || { : >shut && chmod 0 shut && wrong 'Permission denied' shut; }

# a slip of the pen has no effect; SYSSHIM_DISABLE has
printf 'SYSSHIM_BATHC = off\nSYSSHIM_STATS = stats\nSYSSHIM_LOG = off\n' >slip
with SYSSHIM_CONFIG=slip /bin/true 2>err || fail "slip: exit status $?"
[ "$(cat err)" = 'sysshim: SYSSHIM_BATHC is not known and has no effect; the nearest is SYSSHIM_BATCH' ] && [ -s stats ] || fail "slip: $(cat err)"
rm stats
printf 'SYSSHIM_DISABLE = 1\nSYSSHIM_STATS = stats\n' >disabled
with SYSSHIM_CONFIG=disabled /bin/true 2>err && [ ! -s err ] && [ ! -e stats ] || fail "disabled: $(cat err)"
exit 0
