#!/bin/bash
# A child's stack that overflows meets no memory of ours: the window of its recording, which is mapped below everything else, has a page above
# it that nobody may touch. On a tmpfs, where the kernel puts it right below; for ext4 it rounds the place.
set -u
. "$SRC/tests/lib/lib.sh"

folder=$(mktemp -d /dev/shm/sysshim.XXXXXX) || skip "/dev/shm cannot be written"
trap 'rm -rf "$folder"' EXIT
"$PROGRAM" >native || fail "natively it fails: $(cat native)"
grep -qx "signal 11" native || fail "natively it is: $(cat native)"
for log in "SYSSHIM_LOG=$folder/recording SYSSHIM_LOG_FORMAT=binary" "SYSSHIM_LOG=$folder/log.%p"; do
	# shellcheck disable=SC2086
	env LD_PRELOAD="$SHIM" SYSSHIM_STATS=off $log "$PROGRAM" >shimmed || fail "$log: $(cat shimmed)"
	cmp native shimmed || fail "$log: $(cat shimmed)"
done
