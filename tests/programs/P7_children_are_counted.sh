#!/bin/bash
# A program that scrubs its children's environment (env -i, execve with NULL or an empty list, a LD_PRELOAD of its own, su -) loses none of
# them: each has a summary in the same recording and the log of its calls. With SYSSHIM_FOLLOW=off none has one. Children's own settings win.
set -u
. "$SRC/tests/lib/lib.sh"

cc -O1 -o program "$SRC/tests/programs/P7_environment.c" || fail "it does not compile"
chmod 0755 .

# images NAME=VALUE... -- COMMAND...: runs it and prints, sorted, "program end" of every image that has a summary
images() {
	local settings=()
	while [ "$1" != -- ]; do
		settings+=("$1")
		shift
	done
	shift
	rm -rf records
	mkdir -m 0777 records
	shimmed SYSSHIM_STATS="$PWD/records/stats.%p" SYSSHIM_STATS_FORMAT=json SYSSHIM_LOG="$PWD/records/log.%p" ${settings[@]+"${settings[@]}"} \
		"$@" >out 2>err </dev/null
	echo "status $?"
	python3 - records/stats.* <<'PYTHON'
import json, sys
rows = [json.loads(line) for name in sys.argv[1:] for line in open(name) if line.strip()]
for line in sorted(f"{row['program']} {row['end']}" for row in rows if row["end"] != "exec"):
    print(line)
PYTHON
}

# wanted NAME LINE...: the images before were exactly these
wanted() {
	local name=$1
	shift
	printf '%s\n' "$@" | diff - images.out >difference || fail "$name: (< wanted) $(cat difference err)"
}

# the shell goes on with /bin/true in each, which is seen by its own record
images -- sh -c 'env -i /bin/true; env -i A=1 /bin/false; env -u LD_PRELOAD /bin/true; :' >images.out
wanted "env -i" "status 0" "false exit status 1" "sh exit status 0" "true exit status 0" "true exit status 0"

# within a scrubbed environment the next generation is found again
images -- env -i /bin/sh -c '/usr/bin/env -i /bin/sh -c "/bin/true; exit 3"; exit 4' >images.out
wanted "three generations" "status 4" "sh exit status 3" "sh exit status 4" "true exit status 0"
grep -l 'exited with 3' records/log.* >/dev/null || fail "three generations: the log of one is missing"

images SYSSHIM_FOLLOW=off -- sh -c 'env -i /bin/true; /bin/true; LD_PRELOAD= /bin/true; :' >images.out
wanted "not followed" "status 0" "sh exit status 0"

# what a child is told by its parent is for the child
images -- sh -c 'SYSSHIM_STATS=off /bin/true; env -i SYSSHIM_DISABLE=1 /bin/false; env SYSSHIM_FOLLOW=off sh -c "/bin/true; exit 2"; :' >images.out
wanted "settings of a child" "status 0" "sh exit status 0" "sh exit status 2"

# relative paths mean the folder of the first one, whatever folder a child makes its own
rm -rf relative
mkdir -p relative/elsewhere
(cd relative && shimmed SYSSHIM_STATS=stats.%p SYSSHIM_STATS_FORMAT=json sh -c 'cd elsewhere; env -i /bin/true; cd /; env -i /bin/true; :')
[ "$(cat relative/stats.* | grep -c '"program":"true"')" -eq 2 ] && [ -z "$(ls relative/elsewhere)" ] ||
	fail "a relative path: $(ls relative relative/elsewhere)"
# and so does a relative path of ours
cp "$SHIM" relative/copy.so
(cd relative && rm -f stats.* && env LD_PRELOAD=./copy.so SYSSHIM_STATS=stats.%p SYSSHIM_STATS_FORMAT=json \
	sh -c 'cd elsewhere; /bin/true; env -i /bin/true; :') 2>err
[ "$(cat relative/stats.* | grep -c '"program":"true"')" -eq 2 ] && [ ! -s err ] || fail "preloaded by a relative path: $(cat err)"

# every shape of list that P7_environment.c gives, by every way: 13 lists by fork, vfork and execveat, all but NULL by posix_spawn as well
images -- ./program >images.out
grep -q '^done$' out || fail "the program fails: $(cat out err)"
children=$(grep -c '^\(program\|[0-9]*\) exit status 5$' images.out)
seen=$(grep -c 'entries, auxiliary vector behind them' out)
[ "$children" -eq "$seen" ] && [ "$seen" -gt 35 ] || fail "$seen children ran, $children of them have a summary: $(cat images.out)"

if [ "$(id -u)" -eq 0 ] && setpriv --reuid 65534 --regid 65534 --clear-groups test -r "$SHIM" -a -w "$PWD/records" 2>/dev/null &&
	su -s /bin/sh - nobody -c 'exit 6' >/dev/null 2>&1 </dev/null; [ $? -eq 6 ]; then
	# su leaves by a fork or an exec, as its PAM modules want
	images -- su -s /bin/sh - nobody -c 'exit 6' >images.out
	grep -q '^sh exit status 6$' images.out || fail "su -: $(cat images.out err)"
	# what the image before it has made in this process is root's
	[ "$(cat records/log.* | grep -c '^[0-9]* [0-9.]* exit_group(6) ')" -eq 2 ] || fail "su -: the log of what it executes as another user is not there: $(ls -l records)"
else
	echo "su -: not tested, no root, or another user cannot reach the shim"
fi
exit 0
