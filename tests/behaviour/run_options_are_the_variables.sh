#!/bin/bash
# Each option of `sysshim run` does what its variable does; the letters are strace's.
set -u
. "$SRC/tests/lib/lib.sh"

mkdir bin && cp "$SYSSHIM" bin/sysshim && ln -s "$SHIM" bin/libsysshim.so || fail "no copy of the command"
SYSSHIM=$PWD/bin/sysshim
run() {
	"$SYSSHIM" run "$@"
}

run -o log.%p -q sh -c 'echo $$; exit 7' >out 2>err
[ $? -eq 7 ] && [ ! -s err ] && grep -q '+++ exited with 7 +++' "log.$(cat out)" || fail "-o: $(cat err; ls)"
run -o - -q true 2>err && grep -qE '^[0-9]+ [0-9.]+ exit_group\(0\)' err || fail "-o -: $(cat err)"

for option in "-e trace=openat" "-e openat" "-etrace=openat"; do
	run -o log -q $option cat /dev/null && [ "$(sed -n 's/^[0-9]* [0-9.]* \([a-z0-9_]*\)(.*/\1/p' log | sort -u)" = openat ] || fail "$option: $(cat log)"
done
run -e signal=none true 2>err
[ $? -eq 2 ] && [ "$(wc -l <err)" -eq 1 ] && grep -q 'signal=none.*trace=SET' err || fail "-e signal=none: $(cat err)"
run -e trace=nonsense sh -c 'exit 7' 2>err
[ $? -eq 2 ] && [ "$(wc -l <err)" -eq 1 ] && grep -q "trace=nonsense: 'nonsense' is no system call" err || fail "-e trace=nonsense: $(cat err)"

run -o log -q -s 3 printf 12345 >out && grep -q 'write(1, "123"\.\.\., 5)' log || fail "-s: $(cat log)"
run -c stats true 2>err && [ ! -s err ] && grep -q '^sysshim: true (pid' stats || fail "-c: $(cat err)"
run --stats=stats --json true 2>err && [ ! -s err ] && grep -q '^{"version":1' stats || fail "--stats --json: $(cat stats err)"
run -c off true 2>err && [ ! -s err ] || fail "-c off: $(cat err)"
run -q true 2>err && [ ! -s err ] || fail "-q: $(cat err)"
run true 2>err && grep -q '^sysshim: true (pid' err || fail "without -q: $(cat err)"

for option in "-f on" --follow=on; do
	[ "$(run -q $option env | grep ^LD_PRELOAD=)" = "LD_PRELOAD=$SHIM" ] || fail "$option: no LD_PRELOAD in the program"
	[ "$(run -q $option sh -c '/usr/bin/printenv LD_PRELOAD')" = "$SHIM" ] || fail "$option: children are not followed"
done
for option in "-f off" --follow=off; do
	[ -z "$(run -q $option sh -c '/usr/bin/printenv LD_PRELOAD')" ] || fail "$option: children are followed"
done

export OLD=old
[ "$(run -q -E NEW=a=b -E OLD sh -c 'echo "$NEW" "${OLD-gone}"')" = "a=b gone" ] || fail "-E: $(run -q -E NEW=a=b -E OLD sh -c 'echo "$NEW" "${OLD-gone}"')"

# what LD_PRELOAD named before stays, behind us
cc -shared -fPIC -o other.so -x c - <<<'int other_library;' || fail "cc does not compile"
[ "$(LD_PRELOAD=$PWD/other.so "$SYSSHIM" run -q printenv LD_PRELOAD)" = "$SHIM:$PWD/other.so" ] || fail "LD_PRELOAD is not kept"

# SYSSHIM_LIBRARY names the library; it is the command's own variable, and the library has nothing to say about it
rm bin/libsysshim.so
SYSSHIM_LIBRARY=$SHIM "$SYSSHIM" run -q sh -c 'exit 7' 2>err
[ $? -eq 7 ] && [ ! -s err ] || fail "SYSSHIM_LIBRARY: $(cat err)"
exit 0
