#!/bin/bash
# A malformed value of any option: exactly one line on stderr, printable, that names the variable, the value and what is allowed; and the
# program runs without us: same output, same status, nothing logged, nothing counted.
# timeout: 120
set -u
. "$SRC/tests/lib/lib.sh"

program='echo out; echo err >&2; exit 7'
sh -c "$program" >native.out 2>native.err
mkdir work records

# wrong VARIABLE VALUE ALLOWED...: each ALLOWED is a word of the line
wrong() {
	local variable=$1 value=$2 word
	shift 2
	(cd work && env LD_PRELOAD="$SHIM" SYSSHIM_LOG="$PWD/../records/log.%p" SYSSHIM_STATS="$PWD/../records/stats.%p" "$variable=$value" \
		sh -c "$program" >../out 2>../err)
	[ $? -eq 7 ] || fail "$variable=$value: the exit status is not the program's"
	cmp native.out out || fail "$variable=$value: stdout differs"
	grep -av "^sysshim: " err | cmp - native.err || fail "$variable=$value: stderr differs: $(cat err)"
	[ "$(grep -ac "^sysshim: " err)" -eq 1 ] || fail "$variable=$value: not one line but: $(cat err)"
	LC_ALL=C grep -aq '[^ -~]' err && fail "$variable=$value: the line is not printable: $(cat -v err)"
	for word in "$variable" "$value" "$@"; do
		grep -a "^sysshim: " err | grep -aqF -- "$word" || fail "$variable=$value: the line lacks '$word': $(cat err)"
	done
	[ -z "$(ls -A records)$(ls -A work)" ] || fail "$variable=$value: it was recorded all the same: $(ls -A records work)"
	seen="$seen $variable"
}

seen=""
for value in maybe ON 1 "" "on "; do
	wrong SYSSHIM_TIMING "$value" on off
	wrong SYSSHIM_FOLLOW "$value" on off
done
for value in x -1 4097 99999999999999999999 1k 0x10 "1 " ""; do
	wrong SYSSHIM_DATA "$value" 0 4096
done
for value in xml JSON "" text,json; do
	wrong SYSSHIM_STATS_FORMAT "$value" text json
	wrong SYSSHIM_LOG_FORMAT "$value" text binary json
	wrong SYSSHIM_STATUS "$value" all successful failed
done
for value in x 5 ms 1.5ms -1us "1 ms" 99999999999s 1MS ""; do
	wrong SYSSHIM_MIN_DURATION "$value" whole ns us ms
done
for value in nonsense read,nonsense %nonsense "read, write" , ""; do
	wrong SYSSHIM_TRACE "$value" names %file %desc %io %network %process %signal %memory all none '!'
done
for value in nonsense "" rewrite, ,rewrite rewrite,all "interpose rewrite"; do
	wrong SYSSHIM_INTERCEPT "$value" interpose rewrite rewrite-all
done
for value in nonsense "" on auto,always; do
	wrong SYSSHIM_DISPATCH "$value" auto always
done
for value in maybe "" on,file socket file, "file pipe"; do
	wrong SYSSHIM_BATCH "$value" on off file pipe
done
for value in 0 -1 1001 20ms "" 1.5; do
	wrong SYSSHIM_LATENCY_MS "$value" 1 1000
done
for value in 0 1000001 64k "" 99999999999999999999; do
	wrong SYSSHIM_BUFFER "$value" 1 1000000
done
for value in 0 4097 x ""; do
	wrong SYSSHIM_BURST "$value" 1 4096
done
for value in write:error=EFOO write:error=0 "write:error=EIO:when=2;read:error=EFOO"; do
	wrong SYSSHIM_INJECT "$value" error= EIO 4095
done
for value in "" write nonsense:error=EIO write:when=2 "write:error=EIO;"; do
	wrong SYSSHIM_INJECT "$value" error=E
done
wrong SYSSHIM_LOG "" path %p %n - off
wrong SYSSHIM_STATS "" path %p %n stderr off
# a relative one where nobody can say what it is relative to
for variable in SYSSHIM_LOG SYSSHIM_STATS; do
	mkdir gone && (cd gone && rmdir ../gone && env LD_PRELOAD="$SHIM" SYSSHIM_LOG=off SYSSHIM_STATS=off $variable=relative sh -c 'exit 3' 2>../err)
	[ $? -eq 3 ] && [ "$(grep -c "^sysshim: $variable=relative: .*absolute where the working folder is gone.*; the program runs without sysshim$" err)" = 1 ] || fail "$variable in a folder that is gone: $(cat err)"
done

# only its length can be wrong, longer than a line shows: paths_may_be_left_out asks
seen="$seen SYSSHIM_PATH_EXCLUDE"

# every option of the table that has allowed values was asked
sed -n 's/^[[:space:]]*OPTION("\(SYSSHIM_[A-Z_]*\)", "[^"].*/\1/p' "$SRC/shim/option_values.c" >table
[ "$(wc -l <table)" -ge 18 ] || { echo "the table is not to be read: $(cat table)"; exit 1; }
while read -r variable; do
	[[ "$seen " == *" $variable "* ]] || echo "$variable is in the table of options and its wrong values are not tested"
done <table | grep . && exit 1
exit 0
