#!/bin/bash
# timeout: 120
# In a folder that all can write, somebody has put links, FIFOs, devices and folders where a log, counters, a recording or its shared page would
# be: what the links lead to is not touched, nobody waits at a FIFO, and the program runs. What we make is its owner's alone, whatever the
# umask, and holds no byte of the data unless asked.
set -u
. "$SRC/tests/lib/lib.sh"
umask 022

cat >work.sh <<'W'
echo ran
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do echo "hidden secret $i"; done >secrets
/bin/cat secrets >copy
exit 5
W
# ran NAME: the program's output and status are its own
ran() {
	[ $status = 5 ] && [ "$(cat "$1.out")" = ran ] || fail "$1: status $status: $(cat "$1.out" "$1.err")"
	cmp secrets copy || fail "$1: the copy differs"
	[ "$(cat precious)" = precious ] && [ "$(stat -c '%a %s' precious)" = "644 9" ] || fail "$1: the link's target was touched"
	[ -z "$(ls -A elsewhere)" ] || fail "$1: something was made behind the link: $(ls -A elsewhere)"
}
echo precious >precious
mkdir elsewhere shared
chmod 1777 shared

# recording NAME PLACE: a recording is asked for there
recording() {
	timeout 20 env LD_PRELOAD="$SHIM" SYSSHIM_LOG="$PWD/shared/$2" SYSSHIM_LOG_FORMAT=binary SYSSHIM_STATS=off bash work.sh >"$1.out" 2>"$1.err" </dev/null
	status=$?
	ran "$1"
}
ln -s "$PWD/precious" shared/link_to_a_file && recording link_to_a_file link_to_a_file
ln -s "$PWD/missing" shared/dangling && recording dangling dangling
[ ! -e missing ] || fail "a file was made through a dangling link"
mkfifo shared/fifo && recording fifo fifo
mkdir shared/total_link && ln -s "$PWD/precious" shared/total_link/total && recording total_link total_link
mkdir shared/total_fifo && mkfifo shared/total_fifo/total && recording total_fifo total_fifo
mkdir shared/total_folder && mkdir shared/total_folder/total && recording total_folder total_folder
mkdir shared/total_device && ln -s /dev/zero shared/total_device/total && recording total_device total_device

# lines and counters, of every process: names that can be foreseen
for what in LOG STATS; do
	for kind in link dangling fifo; do
		name=$what.$kind
		case $kind in
		link) ln -s "$PWD/precious" shared/$name ;;
		dangling) ln -s "$PWD/missing" shared/$name ;;
		fifo) mkfifo shared/$name ;;
		esac
		timeout 20 env LD_PRELOAD="$SHIM" SYSSHIM_LOG=off SYSSHIM_STATS=off SYSSHIM_$what="$PWD/shared/$name" bash work.sh >"$name.out" 2>"$name.err" </dev/null
		status=$?
		ran $name
		[ ! -e missing ] || fail "$name: a file was made through a dangling link"
	done
done

# the owner's alone, whatever the umask
(umask 0; recording open open && timeout 20 env LD_PRELOAD="$SHIM" SYSSHIM_LOG="$PWD/open.log.%p" SYSSHIM_STATS="$PWD/open.stats.%p" bash work.sh >/dev/null) ||
	[ $? = 5 ] || exit 1
[ "$(stat -c %a shared/open)" = 700 ] && [ "$(stat -c %a shared/open/* open.log.* open.stats.* | sort -u)" = 600 ] ||
	fail "others may read it: $(stat -c '%a %n' shared/open shared/open/* open.log.* open.stats.*)"
# no data: the secret is in no file of ours; asked for, it is
grep -l 'hidden secret' -r shared/open open.log.* open.stats.* && fail "a secret stands in a file of ours"
shimmed SYSSHIM_LOG="$PWD/asked.%p" SYSSHIM_DATA=64 SYSSHIM_STATS=off bash work.sh >/dev/null
grep -q 'hidden secret' asked.* || fail "asked for, the data is not there: nothing is tested"
exit 0
