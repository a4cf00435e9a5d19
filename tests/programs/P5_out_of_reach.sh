#!/bin/bash
# Sandboxes without our file in them (another root behind a seccomp filter, as bubblewrap and flatpak make; a filter that stands before everything, as in a container; a mount that lets nothing be executed; Landlock): what is
# started there says on its stderr what it says without us.
set -u
. "$SRC/tests/lib/lib.sh"

ours=$PWD/reach
case $ours in
/usr/* | /etc/* | /lib*) skip "Landlock is to let through what lies beside it" ;;
esac

# run LIBRARY [SETTING]...: in a folder that is new
run() {
	mkdir -p "$ours" && cp "$SHIM" "$ours/libsysshim.so" && chmod "$mode" "$ours/libsysshim.so"
	timeout 30 env LD_PRELOAD="$1" SYSSHIM_STATS=off SYSSHIM_LOG=off "${@:2}" "$PROGRAM" $way "$ours" $only
	status=$?
	rm -rf "$ours" "$ours.gone"
	return $status
}

skipped=
for kind in filter:755 filtered:755 noexec:755 noexec:644 landlock:644 threads:755; do
	way=${kind%:*} mode=${kind#*:}
	for settings in SYSSHIM_LOG=off SYSSHIM_LOG="$PWD/log.%p" SYSSHIM_DISPATCH=always SYSSHIM_FOLLOW=off SYSSHIM_INTERCEPT=interpose; do
		only=
		# Where names alone are seen posix_spawn(3) has no such, and Landlock none.
		case $way:$settings in
		landlock:*interpose | threads:*interpose) continue ;;
		*interpose) only=forks ;;
		esac
		run "" >native.out 2>native.err
		status=$?
		[ $status -eq 77 ] && { skipped="$skipped $way ($(tail -n 1 native.err))"; break; }
		[ $status -eq 5 ] && [ ! -s native.err ] || fail "$way: natively status $status: $(cat native.err)"
		run "$ours/libsysshim.so" "$settings" >shim.out 2>shim.err
		status=$?
		[ $status -eq 5 ] && cmp native.out shim.out || fail "$way, $settings: status $status: $(cat shim.out shim.err)"
		[ ! -s shim.err ] || fail "$way, $settings: stderr has $(head -n 1 shim.err)"
	done
done
[ "$skipped" ] && skip "passed but for:$skipped"
exit 0
