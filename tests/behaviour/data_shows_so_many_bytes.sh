#!/bin/bash
# SYSSHIM_DATA=N: so many bytes of each buffer stand in the log, escaped as strace does; none by default, for they may be secrets.
set -u
. "$SRC/tests/lib/lib.sh"

# printed N: what stands between the quotation marks of the one write
printed() {
	rm -f log
	shimmed ${1:+SYSSHIM_DATA="$1"} SYSSHIM_LOG="$PWD/log" SYSSHIM_STATS=off SYSSHIM_TRACE=write,writev printf 'pass\tword\001%0100d' 5 >out
	cmp -s out <(printf 'pass\tword\001%0100d' 5) || fail "DATA=$1: the output differs"
	sed -n 's/.* write(1, \(".*"\.*\), 110) = 110.*/\1/p' log
}

[ "$(printed '')" = '""...' ] || fail "without the variable: $(cat log)"
[ "$(printed 0)" = '""...' ] || fail "0: $(cat log)"
[ "$(printed 4)" = '"pass"...' ] || fail "4: $(cat log)"
[ "$(printed 9)" = '"pass\tword"...' ] || fail "9: $(cat log)"
[ "$(printed 11)" = '"pass\tword\0010"...' ] || fail "11: $(cat log)"
[ "$(printed 110)" = "\"pass\\tword\\001$(printf '%0100d' 5)\"" ] || fail "110: $(cat log)"
[ "$(printed 4096)" = "$(printed 110)" ] || fail "4096: $(cat log)"
[ "$(printed 4)" ] && [ "$(stat -c %a log)" = 600 ] || fail "others may read the log: $(stat -c %a log)"
exit 0
