#!/bin/bash
# Recordings, logs as text and as JSON, counters, tables of sites and what the tracer writes: files of 0600 in folders of 0700, whatever the umask
# would leave to others or take from their own user; the copies of --verify stand in a folder that nobody else can enter. What was there already keeps the mode that it has.
set -u
. "$SRC/tests/lib/lib.sh"

# private FOLDER LEAST: so many files at least, and none that others can read or write; folders that nobody else can enter
private() {
	find "$1" -mindepth 1 -printf '%m %y %p\n' >modes
	[ "$(grep -c ' f ' modes)" -ge "$2" ] || fail "$1: not all was made: $(cat modes)"
	grep -vE '^(600 f|700 d) ' modes && fail "$1: others may look at it (umask $mask)"
	return 0
}

libc=$(ldd /bin/sh | awk '/libc\.so/ {print $3; exit}')
# a shim whose own table is of another libc, so that it makes one
python3 - "$SHIM" "$libc" strange.so <<'PYTHON' || fail "no shim without a table can be made"
import re, subprocess, sys
shim, libc, out = sys.argv[1:]
wanted = bytes.fromhex(re.search("Build ID: ([0-9a-f]{40})", subprocess.run(["readelf", "-n", libc], capture_output=True, text=True).stdout)[1])
data = open(shim, "rb").read()
assert data.count(wanted) == 1
open(out, "wb").write(data.replace(wanted, bytes(20)))
PYTHON
chmod 644 strange.so
program=(sh -c '/bin/echo out; /bin/true')

for mask in 000 022 077 277 477 777; do
	rm -rf state made && mkdir state made
	(
		umask $mask
		export XDG_STATE_HOME=$PWD/state
		env LD_PRELOAD="$PWD/strange.so" SYSSHIM_STATS=off "${program[@]}"
		shimmed SYSSHIM_LOG="$PWD/made/text" SYSSHIM_STATS="$PWD/made/stats" "${program[@]}"
		shimmed SYSSHIM_LOG="$PWD/made/json" SYSSHIM_LOG_FORMAT=json SYSSHIM_STATS="$PWD/made/stats_json" SYSSHIM_STATS_FORMAT=json "${program[@]}"
		shimmed SYSSHIM_LOG="$PWD/made/binary" SYSSHIM_LOG_FORMAT=binary SYSSHIM_STATS=off "${program[@]}"
		"$SYSSHIM" run -q --record="$PWD/made/run" -- "${program[@]}"
		"$SYSSHIM" run -o "$PWD/made/run_text" -c "$PWD/made/run_stats" -- "${program[@]}"
	) >out 2>err
	[ "$(grep -c out out)" -eq 6 ] && [ ! -s err ] || fail "umask $mask: $(cat out err)"
	# two programs' files, a total, a table
	private state 4
	private made 12
	for recording in made/binary made/run; do
		"$SYSSHIM" files $recording >out 2>&1 && grep -q '^coverage: 3 processes, 3 programs' out || fail "umask $mask, $recording: $(cat out)"
	done
done
# the tracer's
if command -v busybox >/dev/null && ! LC_ALL=C readelf -lW "$(command -v busybox)" | grep -q INTERP && [ -x "$BUILD/sysshim-tracer" ]; then
	mkdir bin && cp "$SYSSHIM" "$BUILD/sysshim-tracer" bin && ln -s "$SHIM" bin/libsysshim.so || fail "no copy of the command"
	rm -rf made state && mkdir made state
	(
		umask 000
		XDG_STATE_HOME=$PWD/state bin/sysshim run -q --trace-static busybox cat /dev/null
		bin/sysshim run -q --trace-static --record="$PWD/made/run" sh -c 'busybox true; exit 0'
	) >out 2>err
	mask=000
	if grep -q 'cannot be traced' err; then
		echo "the tracer's files: not tested, nobody may trace here"
	else
		private state 1
		private made 3
	fi
fi

mkdir home temporary && : >seen
look='find "$TMPDIR" -mindepth 1 -maxdepth 1 -printf "%m %f\n" >>"$SEEN"'
(cd home && umask 000 && TMPDIR=$PWD/../temporary SEEN=$PWD/../seen "$SYSSHIM" run --verify -- sh -c "$look") >out 2>err </dev/null
grep -q 'sysshim-verify' seen || fail "--verify: no folder is seen: $(cat seen out err)"
grep -v '^700 sysshim-verify' seen && fail "--verify: others may enter"

# what was there before is the user's to protect
mask=022
rm -rf made && mkdir made && : >made/log && chmod 644 made/log
shimmed SYSSHIM_LOG="$PWD/made/log" SYSSHIM_STATS=off true
[ -s made/log ] && [ "$(stat -c %a made/log)" = 644 ] || fail "a file that was there: $(ls -l made)"
exit 0
