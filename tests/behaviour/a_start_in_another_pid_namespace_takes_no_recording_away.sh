#!/bin/bash
# The state folder may be shared with containers, where numbers are other processes': a recording whose program runs outside, or inside, stays; those
# whose programs have ended go as ever.
set -u
. "$SRC/tests/lib/lib.sh"

unshare -pf --mount-proc true 2>/dev/null || skip "no pid namespaces here"
folder=state/sysshim/recordings
mkdir state
by_default() {
	env XDG_STATE_HOME="$PWD/state" LD_PRELOAD="$SHIM" SYSSHIM_STATS=off "$@"
}
# begun STEP: waits until so many recordings are there
begun() {
	for _ in $(seq 100); do
		[ "$(find $folder -mindepth 1 -maxdepth 1 2>/dev/null | wc -l)" -lt "$1" ] || return 0
		sleep .05
	done
	fail "no recording is made"
}
mkfifo first second
by_default bash -c 'read line <first; test -e /marked/outside; :' &
outside=$!
begun 1
running_outside=$(ls $folder)
by_default unshare -pf --mount-proc bash -c 'read line <second; test -e /marked/inside; :' &
inside=$!
begun 2
running_inside=$(ls $folder | grep -v "$running_outside")
SHIM=$SHIM STATE=$PWD/state unshare -pf --mount-proc bash -c 'for i in {1..40}; do env XDG_STATE_HOME="$STATE" LD_PRELOAD="$SHIM" SYSSHIM_STATS=off /bin/true; done'
for _ in {1..40}; do by_default /bin/true; done
[ -d "$folder/$running_outside" ] || fail "what runs outside has lost its recording"
[ -d "$folder/$running_inside" ] || fail "what runs inside has lost its recording"
count=$(ls $folder | wc -l)
[ "$count" -le 20 ] || fail "$count recordings are kept"
echo >first && echo >second
wait $outside $inside
"$SYSSHIM" trace "$folder/$running_outside" 2>/dev/null | grep -q /marked/outside || fail "its last call is not there"
"$SYSSHIM" trace "$folder/$running_inside" 2>/dev/null | grep -q /marked/inside || fail "its last call is not there"
