#!/bin/bash
# SYSSHIM_TRACE: names, classes, the opposite. Only the log is chosen; the counters count all the same.
set -u
. "$SRC/tests/lib/lib.sh"

# logged SET: the names of the calls in the log of a small program with that set, sorted, on one line
logged() {
	rm -f log stats
	shimmed SYSSHIM_TRACE="$1" SYSSHIM_LOG="$PWD/log" SYSSHIM_STATS="$PWD/stats" SYSSHIM_STATS_FORMAT=json \
		dd if=/dev/zero of=file bs=7 count=3 2>err || fail "$1: dd fails: $(cat err)"
	grep -q '"write":{"calls":[3-9]' stats && grep -q '"openat":{' stats || fail "$1: it is not counted: $(cat stats)"
	sed -n 's/^[0-9]* [0-9.]* \([a-z0-9_]*\)(.*/\1/p' log | sort -u | tr '\n' ' '
}

[ "$(logged openat)" = "openat " ] || fail "openat: $(logged openat)"
[ "$(logged write,read)" = "read write " ] || fail "write,read: $(logged write,read)"
[ "$(logged none)" = "" ] || fail "none: $(logged none)"
grep -q '+++ exited with 0 +++' log || fail "none: the log does not say how it ended"
[[ "$(logged all)" == *close*exit_group*openat*read*write* ]] || fail "all: $(logged all)"
everything=$(logged all)
[ "$(logged '!none')" = "$everything" ] || fail "!none is not all: $(logged '!none')"
[ "$(logged '!write')" = "${everything/write /}" ] || fail "!write: $(logged '!write')"
[ "$(logged '?nonsense,write')" = "write " ] || fail "?nonsense: $(logged '?nonsense,write')"
files=$(logged %file)
[[ $files == *openat* && $files != *write* && $files != *close* ]] || fail "%file: $files"
[ "$(logged file)" = "$files" ] || fail "file is not %file: $(logged file)"
[[ "$(logged %io)" == "read write " ]] || fail "%io: $(logged %io)"
[ "$(logged %file,write)" = "$files""write " ] || fail "%file,write: $(logged %file,write)"
exit 0
