#!/bin/bash
# Whether a program starts with rights that ld.so does not trust is the kernel's to say, and not the file's alone. A set-user-id program whose owner has no number in the user namespace is
# any other program: it belongs to the same recording, and prints no summary. One that is executed with another effective user than the real one loads no preload, whatever its file is: it sees
# nothing of us and is counted.
# timeout: 120
set -u
. "$SRC/tests/lib/lib.sh"

user=
if [ "$(id -u)" -eq 0 ]; then
	user="setpriv --reuid=65534 --regid=65534 --clear-groups"
	$user test -r "$SHIM" -a -x "$SYSSHIM" || skip "an ordinary user cannot reach the shim"
	cp "$(command -v env)" raises && chmod 4755 raises || fail "no set-user-id program"
	raises=$PWD/raises
	# by setresuid(2) of the program itself, and what it executes, with a file that no bit stands on
	cat >half.py <<'P'
import os, sys
if sys.argv[1] == "user":
    os.setresuid(-1, 65534, -1)
else:
    os.setresgid(-1, 65534, -1)
os.execve("/usr/bin/env", ["env"], {"A": "1"})
P
	for half in user group; do
		shimmed SYSSHIM_STATS="$PWD/stats" SYSSHIM_STATS_FORMAT=json python3 half.py $half >out 2>err || fail "$half: status $?: $(cat err)"
		[ "$(cat out)" = A=1 ] || fail "half of another $half: the program sees $(cat out)"
		grep -q '"setuid":1' stats || fail "half of another $half: not counted: $(cat stats)"
		rm stats
	done
	# both are the other's: followed
	shimmed SYSSHIM_STATS="$PWD/stats" SYSSHIM_STATS_FORMAT=json setpriv --reuid=65534 --clear-groups env >out 2>err || fail "status $?: $(cat err)"
	grep -q '"setuid":0' stats || fail "wholly another user: counted as not followed"
	# not to be read: `run` says so all the same
	cp raises unread && chmod 4711 unread
	$user "$SYSSHIM" run -q --record=off ./unread -i A=1 ./raises >out 2>err || fail "unread: status $?: $(cat err)"
	grep -q '^sysshim run: ./unread is set-user-id' err || fail "unread: run does not say it: $(cat err)"
	[ "$(cat out)" = A=1 ] || fail "unread: it sees $(cat out)"
	# with capabilities, and not to be read
	cp "$(command -v env)" capable && chmod 711 capable
	if setcap cap_net_bind_service+ep capable 2>/dev/null; then
		shimmed SYSSHIM_STATS=off $user env -i A=1 ./capable >out || fail "status $?"
		[ "$(cat out)" = A=1 ] || fail "a program with capabilities that may not be read sees $(cat out)"
	else
		echo "file capabilities: not tested, setcap does not work here"
	fi
else
	raises=$(command -v su) && [ -u "$raises" ] || skip "there is no set-user-id program here, and only root can make one"
	echo "another effective user than the real one: not tested, only root can be that"
fi

$user unshare -Ur true 2>err || skip "no user namespace can be made here: $(cat err); the rest has passed"
program="$raises --version >/dev/null; $raises --version | wc -l; exec $raises --version"
$user unshare -Ur sh -c "$program" >native.out 2>native.err || fail "natively: $(cat native.err)"
mkdir -m 777 state
for way in rewrite interpose; do
	$user env LD_PRELOAD="$SHIM" XDG_STATE_HOME="$PWD/state/$way" SYSSHIM_INTERCEPT=$way unshare -Ur sh -c "$program" >out 2>err || fail "$way: status $?: $(cat err)"
	diff native.out out || fail "$way: stdout is not as without the shim"
	# coreutils close stderr, which is seen where libc is rewritten only
	count=$(grep -c '^sysshim: ' err)
	[ "$count" -eq 1 ] || [ "$way$count" = interpose0 ] || fail "$way: not one summary: $(cat err)"
	$user ls "state/$way/sysshim/recordings" >names
	[ "$(wc -l <names)" -eq 1 ] || fail "$way: not one recording: $(cat names)"
	$user env XDG_STATE_HOME="$PWD/state/$way" "$SYSSHIM" files >out 2>&1
	grep -q 'set-user-id' out && fail "$way: $(grep set-user-id out)"
	grep -q "^x  *[0-9]* .*$raises\$" out || fail "$way: $raises is not in the audit: $(cat out)"
done
$user env XDG_STATE_HOME="$PWD/state/run" unshare -Ur "$SYSSHIM" run $raises --version >out 2>err || fail "run: status $?: $(cat err)"
grep -q '^sysshim run: ' err && fail "run: $(cat err)"
[ "$(grep -c '^sysshim: ' err)" -eq 1 ] || fail "run: not one summary: $(cat err)"
exit 0
