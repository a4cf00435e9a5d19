#!/bin/bash
# timeout: 200
# Chromium, whose processes go into namespaces and under seccomp filters that kill for calls which they do not know, renders a page as without us:
# by an ordinary user with its sandbox, recorded. (Not installed by tests/run.sh: it is large.)
set -u
. "$SRC/tests/lib/lib.sh"

command -v chromium >/dev/null || skip "chromium is not installed"
user=sysshim-test
place=$(mktemp -d /tmp/sysshim.XXXXXX) && trap 'rm -rf "$place"; [ -z "${made:-}" ] || userdel $user 2>/dev/null' EXIT
if [ "$(id -u)" -eq 0 ]; then
	id $user >/dev/null 2>&1 || { useradd -M -d "$place" $user && made=1; } || skip "no user can be made"
fi
cat >"$place/page.html" <<'H'
<html><body><h1 id=a>hello</h1><script>document.getElementById('a').textContent='sum '+[1,2,3].reduce((a,b)=>a+b)</script></body></html>
H
cp "$SHIM" "$place/libsysshim.so"
chmod 755 "$place" && { [ "$(id -u)" -ne 0 ] || chown -R $user "$place"; }

# page NAME VARIABLE...: what the page looks like when its script has run
page() {
	local name=$1
	shift
	local command="cd $place && env HOME=$place TMPDIR=$place $* timeout 90 chromium --headless --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync --user-data-dir=$place/data.$name --dump-dom file://$place/page.html"
	if [ "$(id -u)" -eq 0 ]; then
		su $user -s /bin/sh -c "$command"
	else
		sh -c "$command"
	fi >"$name.out" 2>"$name.err" </dev/null
}

page native || skip "chromium does not run here: $(tail -n 2 native.err)"
grep -q 'sum 6' native.out || skip "chromium renders nothing here: $(tail -n 2 native.err)"
page quiet LD_PRELOAD="$place/libsysshim.so" SYSSHIM_STATS=off SYSSHIM_LOG=off || fail "its status: $(tail -n 3 quiet.err)"
cmp native.out quiet.out || fail "another page: $(cat quiet.out)"
page recorded LD_PRELOAD="$place/libsysshim.so" SYSSHIM_STATS=off SYSSHIM_LOG="$place/recording" SYSSHIM_LOG_FORMAT=binary || fail "its status: $(tail -n 3 recorded.err)"
cmp native.out recorded.out || fail "another page: $(cat recorded.out)"
"$SYSSHIM" files --json "$place/recording" | grep -q 'page.html' || fail "the page's file is not in the recording"
