#!/bin/bash
# Programs that cannot load us (static, set-user-id, set-group-id, with file capabilities, a script whose interpreter is one of these) run as
# they do without us and see what their parent gave them; how many there were, and of which kind, stands in the report of their parent.
set -u
. "$SRC/tests/lib/lib.sh"

source=$SRC/tests/programs/P6_not_followed.c
chmod 0755 .
cc -O1 -static -o static "$source" 2>cc.err || skip "no static libc: $(head -n 1 cc.err)"
cc -O1 -static-pie -o static_pie "$source" 2>/dev/null || cp static static_pie
printf '#!%s\n' "$PWD/static" >script
printf '#!%s\n' "$PROGRAM" >script_of_dynamic
chmod 0755 script script_of_dynamic
dynamic=$PROGRAM wrong=

# run NAME STATIC SETUID FOLLOWED COMMAND...: both counts as the parent's report gives them, and how many images found us
run() {
	local name=$1 static=$2 setuid=$3 followed=$4
	shift 4
	"$@" >native.out 2>native.err || fail "$name: it fails natively: $(cat native.out native.err)"
	rm -rf records
	mkdir -m 0777 records
	shimmed SYSSHIM_STATS="$PWD/records/stats.%p" SYSSHIM_STATS_FORMAT=json "$@" >shim.out 2>shim.err
	[ $? -eq 0 ] || fail "$name: it fails under the shim: $(cat shim.err)"
	diff native.out shim.out && diff native.err shim.err || fail "$name: a program saw something of us"
	shimmed "$@" >text.out 2>text.err
	python3 - $static $setuid $followed text.err records/* <<'PYTHON' || fail "$name: the report is not right: $(cut -c1-200 text.err records/*)"
import json, sys
static, setuid, followed = map(int, sys.argv[1:4])
rows = [json.loads(line) for name in sys.argv[5:] for line in open(name) if line.strip()]
# the last to end is the first process of the recording: it counts for all
coverage = max((row["coverage"] for row in rows), key=lambda c: (c["images"], c["forks"]))
assert coverage["not_followed"]["static"] == static, coverage
assert coverage["not_followed"]["setuid"] == setuid, coverage
images = sum(row["end"] == "exit status 5" for row in rows)
assert images == followed, f"{images} images found us, {followed} wanted"
text = open(sys.argv[4]).read()
for kind, number in (("static", static), ("setuid", setuid)):
    assert (f", {number} program{'s' * (number != 1)} not followed: {kind}" in text) == (number > 0), (kind, number, text)
PYTHON
}

(run dynamic 0 0 4 "$PROGRAM" "$dynamic") || wrong="$wrong dynamic"
(run static 4 0 0 "$PROGRAM" "$PWD/static") || wrong="$wrong static"
(run static_pie 4 0 0 "$PROGRAM" "$PWD/static_pie") || wrong="$wrong static_pie"
(run mixed 8 0 4 "$PROGRAM" "$PWD/static" "$dynamic" "$PWD/static_pie") || wrong="$wrong mixed"
grep -q "not seen: calls that the program's own code" text.err || fail "the report does not say that raw calls are not seen: $(cat text.err)"
# a raw call of a program that was followed is such a call: it is made, and not counted
raw=$(grep -c 'a raw call' text.out)
[ "$raw" -eq 12 ] || fail "$raw raw calls of 12"
(run script_of_dynamic 0 0 4 "$PROGRAM" "$PWD/script_of_dynamic") || wrong="$wrong script_of_dynamic"

if [ "$(id -u)" -eq 0 ]; then
	cp "$dynamic" other_user && chown 65534 other_user && chmod 4755 other_user
	cp "$dynamic" other_group && chgrp 65534 other_group && chmod 2755 other_group
	cp "$dynamic" own && chmod 4755 own
	(run setuid 0 4 0 "$PROGRAM" "$PWD/other_user") || wrong="$wrong setuid"
	(run setgid 0 4 0 "$PROGRAM" "$PWD/other_group") || wrong="$wrong setgid"
	# root's own set-user-id program gives no new rights to root: it is followed
	(run own 0 0 4 "$PROGRAM" "$PWD/own") || wrong="$wrong own"
	cp "$dynamic" capable
	if command -v setcap >/dev/null && setcap cap_net_bind_service+ep capable 2>/dev/null &&
		setpriv --reuid 65534 --regid 65534 --clear-groups test -x "$PROGRAM" -a -r "$SHIM" 2>/dev/null; then
		(run capable 0 4 0 setpriv --reuid 65534 --regid 65534 --clear-groups "$PROGRAM" "$PWD/capable") || wrong="$wrong capable"
	else
		echo "file capabilities: not tested, an ordinary user cannot reach the program, or setcap does not work here"
	fi
	(run no_new_privs 0 0 4 setpriv --no-new-privs "$PROGRAM" "$PWD/other_user") || wrong="$wrong no_new_privs"
fi
# the kernel runs the interpreter: its kind is what counts
(run script_of_static 4 0 0 "$PROGRAM" "$PWD/script") || wrong="$wrong script_of_static"
[ -z "$wrong" ] || fail "$wrong"
exit 0
