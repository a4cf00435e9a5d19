#!/bin/bash
# Places where a log cannot be: each gives one clear line on stderr that names the variable, the value and the reason, and the program
# runs as it would have. Places where it can be for a while: what is lost is counted.
set -u
. "$SRC/tests/lib/lib.sh"

"$PROGRAM" work >native.out 2>native.err
[ $? -eq 5 ] || fail "it fails natively"

# same NAME WORD...: the run before left NAME.out, NAME.err and $status; stderr is native but for lines that begin with `sysshim`
same() {
	[ $status -eq 5 ] || fail "$1: status $status: $(cat "$1.err")"
	cmp native.out "$1.out" || fail "$1: stdout differs"
	grep -v '^sysshim' "$1.err" | cmp native.err - || fail "$1: stderr differs: $(cat "$1.err")"
}

# refused NAME VALUE REASON [COMMAND...]: SYSSHIM_LOG=VALUE cannot be opened for that reason
refused() {
	local name=$1 value=$2 reason=$3
	shift 3
	timeout 20 "$@" env LD_PRELOAD="$SHIM" SYSSHIM_LOG="$value" SYSSHIM_STATS=off "$PROGRAM" work >"$name.out" 2>"$name.err" </dev/null
	status=$?
	same "$name"
	[ "$(grep -c '^sysshim' "$name.err")" -eq 1 ] || fail "$name: not one line on stderr but: $(cat "$name.err")"
	grep -F 'SYSSHIM_LOG' "$name.err" | grep -F -- "$value" | grep -qE "$reason" ||
		fail "$name: the line does not name the variable, the value and the reason ($reason): $(grep ^sysshim "$name.err")"
}

mkdir folder closed
chmod 0755 .
echo precious >target
ln -s target link
mkfifo fifo
chmod 0555 closed
here=$PWD

refused missing "$here/no/such/folder/log" 'No such file or directory|ENOENT'
refused relative "no/such/folder/log" 'No such file or directory|ENOENT'
refused directory "$here/folder" 'Is a directory|EISDIR'
refused link "$here/link" 'symbolic link|Too many levels|ELOOP'
refused fifo "$here/fifo" 'regular|FIFO|EINVAL|Invalid argument|ENXIO'
refused through_a_file "$here/target/log" 'Not a directory|ENOTDIR'
if [ "$(id -u)" -eq 0 ]; then
	# an ordinary user, who can reach the program and the shim wherever they are only if their folders can be searched
	if setpriv --reuid 65534 --regid 65534 --clear-groups test -x "$PROGRAM" -a -r "$SHIM" 2>/dev/null; then
		refused unwritable "$here/closed/log" 'Permission denied|EACCES' setpriv --reuid 65534 --regid 65534 --clear-groups
	else
		echo "unwritable folder: not tested, an ordinary user cannot reach the program"
	fi
else
	refused unwritable "$here/closed/log" 'Permission denied|EACCES'
fi
[ "$(cat target)" = precious ] || fail "the link's target was touched"

# no line is asked for /dev/full and /dev/null, but nothing of the program may change
for device in /dev/full /dev/null; do
	name=device_${device##*/}
	shimmed SYSSHIM_LOG=$device SYSSHIM_STATS=off "$PROGRAM" work >"$name.out" 2>"$name.err"
	status=$?
	same "$name"
done

# HOME is unset, and every variable that a state folder could come from
env -i LD_PRELOAD="$SHIM" SYSSHIM_STATS=off "$PROGRAM" work >home.out 2>home.err
status=$?
same home
cmp native.err home.err || fail "HOME unset: stderr differs: $(cat home.err)"
env -i PATH="$PATH" LD_PRELOAD="$SHIM" SYSSHIM_LOG="$here/no_home.%p" SYSSHIM_STATS=off "$PROGRAM" work >no_home.out 2>no_home.err
status=$?
same no_home
cmp native.err no_home.err || fail "HOME unset: stderr differs: $(cat no_home.err)"
grep -qE '^[0-9]+ +[0-9.]+ write\(2, .*\) *= 16' no_home.[0-9]* || fail "HOME unset: the log is not there"

# a file-size limit that the log meets: no SIGXFSZ, the rest is counted
"$PROGRAM" limited 65536 >limit.native.out 2>limit.native.err
[ $? -eq 5 ] || fail "it fails natively under its limit"
shimmed SYSSHIM_LOG="$here/limit.%p" SYSSHIM_STATS="$here/limit.stats.%p" SYSSHIM_STATS_FORMAT=json "$PROGRAM" limited 65536 \
	>limit.out 2>limit.err
status=$?
[ $status -eq 5 ] && cmp limit.native.out limit.out && cmp limit.native.err limit.err ||
	fail "RLIMIT_FSIZE: status $status: $(cat limit.out limit.err)"
python3 - limit.stats.* <<'PYTHON' || fail "RLIMIT_FSIZE: what was dropped is not counted: $(cat limit.stats.*)"
import json, sys
rows = [json.loads(line) for name in sys.argv[1:] for line in open(name)]
work = max(rows, key=lambda row: row["calls"].get("write", {}).get("calls", 0))
assert work["calls"]["write"]["calls"] >= 3000, work["calls"]
assert work["coverage"]["log_lines_dropped"] > 0, work["coverage"]
PYTHON
for log in limit.[0-9]*; do
	[ "$(stat -c %s "$log")" -le 65536 ] || fail "RLIMIT_FSIZE: the log is larger than the limit"
	grep -q 'openat(AT_FDCWD, "/dev/null", O_RDWR)' "$log" && kept=yes
done
[ "${kept:-no}" = yes ] || fail "RLIMIT_FSIZE: the log's beginning is lost too"
# The same where the call that sets the limit is not seen (each with SIGXFSZ at its default, which would end the program).
for settings in "SYSSHIM_LOG=$here/unseen.%p" "SYSSHIM_LOG=$here/unseen.json.%p SYSSHIM_LOG_FORMAT=json" "SYSSHIM_STATS=$here/unseen.stats.%p" \
	"SYSSHIM_LOG=$here/unseen.recording SYSSHIM_LOG_FORMAT=binary"; do
	for limit in 4096 65536; do
		"$PROGRAM" limited $limit >limit.native.out 2>limit.native.err
		# shellcheck disable=SC2086
		shimmed SYSSHIM_STATS=off SYSSHIM_INTERCEPT=interpose $settings "$PROGRAM" limited $limit >limit.out 2>limit.err
		status=$?
		[ $status -eq 5 ] && cmp limit.native.out limit.out && cmp limit.native.err limit.err ||
			fail "RLIMIT_FSIZE=$limit, unseen, $settings: status $status: $(cat limit.out limit.err)"
	done
done
exit 0
