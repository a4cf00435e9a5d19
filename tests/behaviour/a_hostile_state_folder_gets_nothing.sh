#!/bin/bash
# timeout: 60
# Where recordings go by themselves, and in a folder that was named for one, somebody may have put something else: links, other names of a file,
# FIFOs, devices, folders of another user or open to all. The program runs as ever, nothing behind a link is written, cut or taken away, and what is
# not recorded is said. (The tables of sites: tables_of_unknown_libcs_are_kept_and_checked; a log and counters: an_unwritable_path_...)
set -u
. "$SRC/tests/lib/lib.sh"

export XDG_STATE_HOME=$PWD/state
folder=$XDG_STATE_HOME/sysshim/recordings
head -c 9000 /dev/zero | tr '\0' p >precious.good

fresh() {
	rm -rf state precious elsewhere && mkdir state elsewhere && cp precious.good precious
}

# started NAME [NAME=VALUE...]: the program as ever; what it says is in err
started() {
	local name=$1
	shift
	timeout -s KILL 20 env LD_PRELOAD="$SHIM" "$@" /bin/sh -c 'echo out; /bin/true; exit 7' >out 2>err
	[ $? -eq 7 ] && [ "$(cat out)" = out ] || fail "$name: the program does not run as natively: $(cat out err)"
	cmp -s precious precious.good || fail "$name: a file behind it was touched: $(ls -l precious)"
}

# refused NAME REASON: no recording, and the summary says why
refused() {
	started "$1"
	grep -qE "$2" err || fail "$1: it is not said: $(cat err)"
	[ -z "$(ls -A elsewhere)" ] && [ -z "$(find state -name '*.rec')" ] || fail "$1: something was made: $(ls -lR elsewhere state)"
}

fresh && started control
[ "$(find "$folder" -name '*.rec' | wc -l)" -eq 2 ] || fail "no recording is made here at all: $(cat err)"

for place in state/sysshim state/sysshim/recordings; do
	for what in file fifo dangling link_to_file; do
		fresh
		mkdir -p -m 700 "$(dirname "$place")" && chmod 700 "$(dirname "$place")"
		case $what in
		file) : >"$place" ;;
		fifo) mkfifo "$place" ;;
		dangling) ln -s "$PWD/nowhere" "$place" ;;
		link_to_file) ln -s "$PWD/precious" "$place" ;;
		esac
		refused "$place $what" 'log: none|not recorded|Not a directory|File exists|No such file|others may write'
		[ ! -e nowhere ] || fail "$place $what: it was made through a link"
	done
	for mode in 777 1777 770; do
		fresh
		mkdir -p -m 700 state/sysshim/recordings && chmod 700 state/sysshim && chmod $mode "$place"
		refused "$place $mode" 'others may write into the folder for recordings'
	done
	if [ "$(id -u)" -eq 0 ]; then
		fresh
		mkdir -p -m 700 state/sysshim/recordings && chmod 700 state/sysshim && chown 65534 "$place"
		refused "$place of another" 'others may write into the folder for recordings'
		fresh
		mkdir -p -m 700 "$(dirname "$place")" && ln -s "$PWD/elsewhere" "$place" && chown 65534 elsewhere
		refused "$place is a link to another's" 'others may write|somebody else'
	fi
done
if [ "$(id -u)" -eq 0 ]; then
	fresh && chown 65534 state
	refused "the state folder is another's" "somebody else's home"
fi

# Old recordings go, but only recordings: what a link of such a name leads to stays, and so does what is no file of ours
fresh && mkdir -p -m 700 "$folder" && chmod 700 state/sysshim
for ((i = 10; i < 50; i++)); do
	old=$folder/201911${i}T000000.000000-99999999
	mkdir -m 700 "$old" && : >"$old/99999999-0x1.rec"
done
mkdir victim && echo keep >victim/99999999-0x1.rec && echo keep >victim/total
ln -s "$PWD/victim" "$folder/20180101T000000.000000-99999999"
mkfifo "$folder/20180102T000000.000000-99999999"
mkdir "$folder/20180103T000000.000000-99999999" && echo keep >"$folder/20180103T000000.000000-99999999/letter" &&
	ln -s "$PWD/precious" "$folder/20180103T000000.000000-99999999/99999999-0x2.rec"
started cleaning
[ ! -e "$folder/20191110T000000.000000-99999999" ] ||
	fail "old recordings are not taken away: $(ls "$folder")"
[ "$(cat victim/99999999-0x1.rec victim/total | grep -c keep)" -eq 2 ] || fail "files behind a link were taken away"
[ -s "$folder/20180103T000000.000000-99999999/letter" ] && [ -p "$folder/20180102T000000.000000-99999999" ] || fail "what is no recording was taken away: $(ls "$folder")"

# a folder for a recording that others have prepared: `total` is what everybody knows the name of
for what in link dangling hard fifo device folder anothers; do
	fresh
	case $what in
	link) ln -s "$PWD/precious" elsewhere/total ;;
	dangling) ln -s "$PWD/nowhere" elsewhere/total ;;
	hard) ln precious elsewhere/total ;;
	fifo) mkfifo elsewhere/total ;;
	device) mknod elsewhere/total c 1 5 2>/dev/null || continue ;;
	folder) mkdir elsewhere/total ;;
	anothers) : >elsewhere/total && chmod 666 elsewhere/total && chown 65534 elsewhere/total 2>/dev/null || continue ;;
	esac
	started "total: $what" SYSSHIM_LOG="$PWD/elsewhere" SYSSHIM_LOG_FORMAT=binary SYSSHIM_STATS=off
	[ ! -e nowhere ] || fail "total: $what: it was made through a link"
	[ $what != anothers ] || [ ! -s elsewhere/total ] || fail "total: somebody else's was used, who can cut it while it is mapped"
	# what cannot be is one line; what can do without has recorded
	[ "$(wc -l <err)" -le 1 ] || fail "total: $what: $(cat err)"
	[ -s err ] || [ "$(find elsewhere -name '*.rec' | wc -l)" -eq 2 ] || fail "total: $what: neither a recording nor a word"
done

# a log, or a recording's file, in whose place somebody puts a link while the program runs, and which would then grow, and be shortened at the end
cat >exchanges.sh <<'S'
mkdir -p away
shopt -s nullglob
for file in elsewhere/log elsewhere/*.rec; do mv $file away/ && ln -s "$PWD/precious" $file && echo exchanged; done
for ((i = 0; i < 20000; i++)); do [ -e /dev/null ]; done
exit 7
S
for format in text binary; do
	fresh && rm -rf away
	log=$PWD/elsewhere
	[ $format = binary ] || log=$log/log
	timeout -s KILL 30 env LD_PRELOAD="$SHIM" SYSSHIM_LOG="$log" SYSSHIM_LOG_FORMAT=$format SYSSHIM_STATS=off bash exchanges.sh >out 2>err
	[ $? -eq 7 ] && grep -q exchanged out || fail "exchanged, $format: $(cat out err)"
	cmp -s precious precious.good || fail "exchanged, $format: what the link leads to was touched: $(ls -l precious)"
done
exit 0
