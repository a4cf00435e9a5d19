#!/bin/bash
# Other preloads in front of us and behind us: eatmydata (fsync and its kin), fakeroot (who owns what), libfaketime (clocks), jemalloc and
# tcmalloc. Commands that meet what each of them does have the output, status and files that they have with it alone. What is not installed is
# named, and when none is the test is skipped.
# timeout: 300
set -u
. "$SRC/tests/lib/lib.sh"

library() {
	local path
	for path in /usr/lib/*-linux-gnu/"$1" /usr/lib/*-linux-gnu/*/"$1" /usr/lib/"$1"; do
		[ ! -f "$path" ] || { echo "$path"; return; }
	done
}
cat >common.sh <<'W'
for i in $(seq 100); do echo "line $i"; done >lines; md5sum lines
for i in $(seq 100); do echo "line $i"; done | md5sum
perl -e '$| = 1; print "$_\n" for 1 .. 300' >perl; md5sum perl
python3 -uc 'for i in range(300): print(i)' | md5sum
seq 20000 | sort -rn | head -n 2
tar -cf - lines perl | tar -tf -
gawk 'BEGIN { for (i = 0; i < 200; i++) { print i; fflush(); if (i % 50 == 0) system("echo s") } }' >awk; md5sum awk
git init -q . && git add lines && git -c user.name=a -c user.email=b commit -qm x && git status -s | sort && rm -rf .git
(exit 4); echo $?; ls missing; bash -c 'kill -TERM $$'; echo $?
W
cat >eatmydata.sh <<'W'
python3 -c 'import os; [(os.write(1, b"%d\n" % i), os.fsync(1)) for i in range(100)]' >synced; md5sum synced
dd if=/dev/zero of=z bs=1 count=100 conv=fsync status=none; sync lines
python3 -c 'import os; f = os.open("o", os.O_WRONLY | os.O_CREAT | os.O_SYNC); [os.write(f, b"x") for _ in range(100)]'; wc -c o
W
# bash is not asked: its own getenv is not ready when libfaketime asks for its settings, which it then finds ten seconds later
cat >faketime.sh <<'W'
date -u +%F; python3 -c 'import time; print(int(time.time()) // 100000)'; perl -e 'print time > 1e9 ? "late\n" : "early\n"'
gawk 'BEGIN { for (i = 0; i < 60; i++) { print strftime("%F"); fflush() } }' >dates; uniq -c dates
W
cat >fakeroot.sh <<'W'
id -u; touch owned; chown 1:2 owned; stat -c '%u %g' owned; mknod node c 1 3; stat -c '%F %t %T' node; for i in $(seq 60); do echo $i >>owned; done
tar -cf - owned | tar -tvf - | awk '{ print $2 }'; rm -f owned node
W
: >malloc.sh
export LC_ALL=C.UTF-8 TZ=UTC GIT_CONFIG_NOSYSTEM=1 HOME=$PWD PYTHONDONTWRITEBYTECODE=1 SYSSHIM_LOG=off SYSSHIM_STATS=off
export GIT_AUTHOR_DATE='1700000000 +0000' GIT_COMMITTER_DATE='1700000000 +0000'

# with NAME PRELOADS [NAME=VALUE...]: common.sh and the preload's own script in an empty folder, in front of them what $front says
with() {
	local name=$1 preloads=$2
	shift 2
	mkdir "$name"
	(cd "$name" && timeout 60 "${front[@]}" env LD_PRELOAD="$preloads" "$@" bash -c '. ../common.sh; . "../$0.sh"' "$script") >"$name.out" 2>"$name.err" </dev/null
	echo $? >>"$name.out"
}
tried= missing=
# beside SCRIPT LIBRARY [NAME=VALUE...]: both orders, and gathering from the first write on, against the library alone
beside() {
	local script=$1 other name order
	other=$(library "$2")
	[ -n "$other" ] || { missing="$missing $2"; return; }
	shift 2
	name=${other##*/} name=${name%%.so*}
	with $name.alone "$other$behind" "$@"
	for order in "$SHIM:$other" "$other:$SHIM"; do
		for burst in 16 1; do
			rm -rf $name.both
			with $name.both "$order$behind" SYSSHIM_BURST=$burst "$@"
			diff $name.alone.out $name.both.out && diff $name.alone.err $name.both.err && diff -r $name.alone $name.both ||
				fail "$order, burst $burst"
		done
	done
	tried="$tried $name"
}
front=() behind=
beside eatmydata libeatmydata.so
# It keeps a segment by the number of each process, often for ever, and a later process of that number ends where it finds one (natively too).
rm -f /dev/shm/faketime_shm_* /dev/shm/sem.faketime_sem_*
beside faketime libfaketime.so.1 FAKETIME='@2001-02-03 04:05:06' FAKETIME_DONT_FAKE_MONOTONIC=1
beside malloc libjemalloc.so.2
beside malloc libtcmalloc_minimal.so.4
# fakeroot starts its server; the order of the preloads is ours, not the one that it makes
if command -v fakeroot >/dev/null; then
	front=(fakeroot)
	beside fakeroot libfakeroot-sysv.so
else
	missing="$missing fakeroot"
fi
# what they change is seen at all: otherwise nothing is tested
[ ! -f libfaketime.alone.out ] || grep -q '^2001-02-03$' libfaketime.alone.out ||
	fail "libfaketime does nothing: $(cat libfaketime.alone.out libfaketime.alone.err)"
[ ! -f libfakeroot-sysv.alone.out ] || grep -q '^1 2$' libfakeroot-sysv.alone.out ||
	fail "fakeroot does nothing: $(cat libfakeroot-sysv.alone.out libfakeroot-sysv.alone.err)"
[ -n "$tried" ] || skip "none of them is installed:$missing"
[ -z "$missing" ] || echo "not installed, not tested:$missing"
exit 0
