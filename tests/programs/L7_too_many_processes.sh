#!/bin/bash
# timeout: 120
# A recording holds 20,000 images; here it is told, in the page that its processes share, that nearly all of them have been. Of those above nothing
# is recorded, they run as they would, and how many they were is said, in text and in JSON.
set -u
. "$SRC/tests/lib/lib.sh"

cat >work.sh <<'W'
/bin/cat /missing/first
python3 "$1" "$2" "$3"
for i in 1 2 3 4 5 6 7 8 9 10; do /bin/cat "/missing/$i"; done
seq 3 | sort -r
exit 5
W
# record_total: bytes, then the number of images (include/sysshim/record.h). One that runs without us sets it, and says what it was.
cat >nearly_full.py <<'P'
import os, struct, sys
place, leaves = sys.argv[1], int(sys.argv[2])
if place:
    with open(os.path.join(place, "total"), "r+b") as page:
        page.seek(8)
        print(struct.unpack("<I", page.read(4))[0], file=open(place + ".before", "w"))
        page.seek(8)
        if leaves:
            page.write(struct.pack("<I", 20000 - leaves))
P
bash work.sh nearly_full.py "" 0 >native.out 2>native.err
[ $? = 5 ] || fail "natively: $(cat native.err)"

# recorded NAME PLACES-LEFT: what bash and its children say of themselves is as natively
recorded() {
	shimmed SYSSHIM_LOG="$PWD/$1" SYSSHIM_LOG_FORMAT=binary SYSSHIM_STATS=off SYSSHIM_APP_EXCLUDE='python*' bash work.sh nearly_full.py "$PWD/$1" "$2" >"$1.out" 2>"$1.err"
	[ $? = 5 ] && cmp native.out "$1.out" && cmp native.err "$1.err" || fail "$1: the program is not as natively: $(cat "$1.out" "$1.err")"
	"$SYSSHIM" trace -e trace=openat "$1" >"$1.trace" 2>"$1.coverage" || fail "$1: it cannot be read: $(cat "$1.coverage")"
	grep -q '"/missing/first"' "$1.trace" && grep -q '"/missing/1"' "$1.trace" || fail "$1: those that have a place are missing"
}
recorded all 0
grep -q '"/missing/10"' all.trace && ! grep -q 'more than a recording holds' all.coverage || fail "with room for all some are left out: $(cat all.coverage)"
images=$(od -An -t u4 -j 8 -N 4 all/total)
recorded few 4
grep -q '"/missing/10"' few.trace && fail "more than fit are there"
left_out=$((images - $(cat few.before) - 4))
grep -q "\b$left_out programs more than a recording holds" few.coverage || fail "$left_out were left out; said: $(cat few.coverage)"
"$SYSSHIM" files --json few >files.json 2>/dev/null
grep -q "\"programs_refused\":$left_out\b" files.json || fail "in JSON: $(tail -n 1 files.json)"
exit 0
