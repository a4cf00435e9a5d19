#!/bin/bash
# timeout: 60
# A sandbox of namespaces (bubblewrap: mounts, pids, network, users) around a shell that writes line by line and starts programs: the same as
# without us, when we are preloaded outside of it and into it, with a recording that is in reach there and one that is not.
set -u
. "$SRC/tests/lib/lib.sh"

command -v bwrap >/dev/null || skip "bubblewrap is not installed"
# shellcheck disable=SC2016
script='cd /mnt || exit 9; for ((i = 0; i < 3000; i++)); do echo $i; done >lines; wc -lc lines; md5sum <lines; ls / | wc -l; id -u; cat /proc/self/comm; kill -0 2 2>&1; (exit 6); exit 7'
sandbox=(bwrap --ro-bind / / --dev /dev --proc /proc --tmpfs /mnt --unshare-all --die-with-parent)

"${sandbox[@]}" bash -c "$script" >native.out 2>native.err
[ $? -eq 7 ] && grep -q '^ *3000 ' native.out || skip "no sandbox can be made here: $(tail -n 2 native.err)"
mkdir reached hidden
for way in "off SYSSHIM_LOG=off" "reached SYSSHIM_LOG=$PWD/reached/recording SYSSHIM_LOG_FORMAT=binary" "read-only SYSSHIM_LOG=$PWD/reached/log.%p" "hidden SYSSHIM_LOG=$PWD/hidden/log.%p"; do
	read -r name settings <<<"$way"
	place=()
	[ "$name" = reached ] && place=(--bind "$PWD/reached" "$PWD/reached")
	[ "$name" = hidden ] && place=(--tmpfs "$PWD/hidden")
	# shellcheck disable=SC2086
	env LD_PRELOAD="$SHIM" SYSSHIM_STATS=off $settings "${sandbox[@]}" "${place[@]}" bash -c "$script" >shim.out 2>shim.err
	[ $? -eq 7 ] || fail "$name: not its status: $(tail -n 3 shim.err)"
	diff native.out shim.out || fail "$name: it says something else"
	diff native.err shim.err || fail "$name: it says more"
done
"$SYSSHIM" trace -e trace=write reached/recording 2>/dev/null | grep -q 'write(1' || fail "what runs in the sandbox is not recorded"
exit 0
