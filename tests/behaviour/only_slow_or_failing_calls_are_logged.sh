#!/bin/bash
# SYSSHIM_STATUS and SYSSHIM_MIN_DURATION, run's -z, -Z and --min-duration: what is logged is chosen when a call ends, in a recording, as text and
# as JSON; all calls are counted. What is chosen on reading is the same.
set -u
. "$SRC/tests/lib/lib.sh"
export XDG_STATE_HOME=$PWD/state

cat >program.py <<'P'
import os, time
for name in ("missing", "/etc/hostname", "missing too"):
    try:
        os.close(os.open(name, os.O_RDONLY))
    except OSError:
        pass
time.sleep(0.05)
with open("lines", "wb", buffering=0) as f:
    for i in range(200):
        f.write(b"x")
P
opens() { grep -oE ' openat\([A-Z_]+, "(missing|/etc/hostname|missing too)".*' | sed -E 's/ <.*//'; }

for format in binary text json; do
	export SYSSHIM_LOG=$PWD/$format SYSSHIM_LOG_FORMAT=$format SYSSHIM_STATS=$PWD/stats
	show() { if [ $format = binary ]; then "$SYSSHIM" trace binary 2>/dev/null; else cat $format; fi; }
	for status in successful failed all; do
		rm -rf $format stats lines
		shimmed SYSSHIM_LOG="$SYSSHIM_LOG" SYSSHIM_STATUS=$status python3 program.py || fail "$format, $status: the program fails"
		[ "$(wc -c <lines)" = 200 ] || fail "$format, $status: bytes are missing"
		show >shown
		missing=$(grep -c 'openat.*missing' shown) there=$(grep -c 'openat.*/etc/hostname' shown) writes=$(grep -cE '(^| |")write("|\()' shown)
		case $status in
		successful) [ "$missing" = 0 ] && [ "$there" = 1 ] && [ "$writes" -ge 200 ] ;;
		failed) [ "$missing" = 2 ] && [ "$there" = 0 ] && [ "$writes" = 0 ] ;;
		all) [ "$missing" = 2 ] && [ "$there" = 1 ] && [ "$writes" -ge 200 ] ;;
		esac || fail "$format, $status: $missing $there $writes: $(head -n 5 shown)"
		grep -q ' write$' stats || fail "$format, $status: writes are not counted: $(cat stats)"
	done
	rm -rf $format stats lines
	shimmed SYSSHIM_LOG="$SYSSHIM_LOG" SYSSHIM_MIN_DURATION=40ms python3 program.py || fail "$format: the program fails"
	show >shown
	grep -qE 'clock_nanosleep|select' shown || fail "$format: the slow call is missing: $(cat shown)"
	grep -qE 'hostname|missing' shown && fail "$format: a quick call is there: $(cat shown)"
done
unset SYSSHIM_LOG SYSSHIM_LOG_FORMAT SYSSHIM_STATS

# the command; and the same on reading what was recorded whole
"$SYSSHIM" run -q python3 program.py && "$SYSSHIM" trace -Z 2>/dev/null | opens >read || fail "run"
"$SYSSHIM" run -q -Z python3 program.py && "$SYSSHIM" trace 2>/dev/null | opens >recorded || fail "run -Z"
[ "$(wc -l <read)" = 2 ] && cmp read recorded || fail "-Z: $(cat read recorded)"
"$SYSSHIM" run -q -e status=failed python3 program.py && "$SYSSHIM" trace 2>/dev/null | opens >recorded || fail "run -e status=failed"
cmp read recorded || fail "run -e status=failed: $(cat recorded)"
# What does not return neither succeeds nor fails.
"$SYSSHIM" run -q python3 program.py || fail "run"
"$SYSSHIM" trace -t 2>/dev/null | grep -q ' exit_group(' || fail "exit_group is missing"
for letter in z:successful Z:failed; do
	"$SYSSHIM" trace -${letter%:*} >shown 2>/dev/null && "$SYSSHIM" trace -e status=${letter#*:} 2>/dev/null | cmp - shown || fail "-e status=${letter#*:}"
	grep -q ' exit_group(' shown && fail "-${letter%:*} shows exit_group"
	[ "$(wc -l <shown)" -gt 2 ] || fail "-${letter%:*}: $(cat shown)"
done
"$SYSSHIM" run -q --min-duration=0.04 -z python3 program.py && "$SYSSHIM" trace 2>/dev/null | grep -cE ' (clock_nanosleep|select)' | grep -qx 1 || fail "run --min-duration"
for words in "SYSSHIM_STATUS=bad" "SYSSHIM_MIN_DURATION=5" "SYSSHIM_MIN_DURATION=ms" "SYSSHIM_MIN_DURATION=1.5ms" "SYSSHIM_MIN_DURATION=99999999999s"; do
	shimmed "$words" true 2>err
	[ "$(wc -l <err)" = 1 ] && grep -q "^sysshim: $words: allowed is" err || fail "$words: $(cat err)"
done
"$SYSSHIM" run --min-duration=slow true 2>err && fail "--min-duration=slow"
grep -q 'min-duration=slow: a number with' err || fail "--min-duration=slow: $(cat err)"
