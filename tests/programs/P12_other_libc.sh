#!/bin/bash
# timeout: 120
# The libc that is loaded is not the one that the machine has, or not the one on disk any more: a copy with another build-id or none, a file that
# was removed or replaced after loading, by one of another build-id and by one of the same but other bytes. The program's work is right, its
# calls are counted, and where nothing is rewritten the summary says why not.
set -u
. "$SRC/tests/lib/lib.sh"

cc -O1 -fPIC -shared -DLIBRARY -Wl,-z,initfirst -o swap.so "$SRC/tests/programs/P12_other_libc.c" || fail "the library does not compile"
libc=$(ldd "$PROGRAM" | awk '/libc\.so/ {print $3; exit}')
[ -r "$libc" ] || skip "the libc of a program is not found"
chmod 0755 .
here=$PWD

# Writes the variants of libc into ./libs.NAME, and says in what they differ.
python3 - "$libc" "$SRC/tests/lib" <<'PYTHON' || skip "libc is not as this test knows it"
import os, sys
sys.path.insert(0, sys.argv[2])
from elf_symbol import Elf
elf = Elf(sys.argv[1])
original = bytes(elf.bytes)
# of type 3 is the build-id; behind it its bytes
note = original.index(b"\x03\0\0\0GNU\0", min(segment[2] for segment in elf.segments if segment[0] == 4))

def variant(name, *changes):
    changed = bytearray(original)
    for at, new in changes:
        changed[at : at + len(new)] = new
    os.makedirs(f"libs.{name}", exist_ok=True)
    with open(f"libs.{name}/libc.so.6", "wb") as file:
        file.write(changed)
    os.chmod(f"libs.{name}/libc.so.6", 0o755)

other_id = (note + 8, bytes(byte ^ 0xFF for byte in original[note + 8 : note + 16]))
variant("same")
variant("other_id", other_id)
variant("no_id", (note, b"\x77"))
# With the same build-id: the first bytes of functions that the program uses are jumps to themselves, in pages that hold no system call and so
# need no look at their live bytes; and a site's own bytes. Who takes pages from such a file hangs, or makes another call.
functions = [elf.offset(elf.symbol(name)[0]) for name in ("qsort", "strtol", "strtod", "strftime", "gmtime_r")]
functions = [at for at in functions if b"\x0f\x05" not in original[at & ~4095 : (at | 4095) + 1]]
assert functions, "no function in a page without system calls"
variant("other_bytes", *((at, b"\xeb\xfe") for at in functions))
# from glibc 2.41 on pwrite64 has none of its own
site = next(i for name in ("pwrite64", "fstatat64") for start, size in [elf.symbol(name)]
            for i in range(elf.offset(start), elf.offset(start) + size) if original[i : i + 2] == b"\x0f\x05")
variant("other_site", (site, b"\xeb\xfe"))
# and with the same build-id, but still being written
variant("short")
os.truncate("libs.short/libc.so.6", 65536)
PYTHON

cp -r libs.same libs
LD_LIBRARY_PATH="$here/libs" timeout 20 "$PROGRAM" >native.out 2>native.err
[ $? -eq 0 ] && grep -q '^done$' native.out || skip "the program does not run with a copy of libc: $(tail -n 1 native.err)"
wrong=0

# check NAME REWRITING: yes, no (then with a reason), any. 100 calls of pwrite64 by name were made in any case.
check() {
	python3 - "$2" stats.* <<'PYTHON'
import json, sys
rows = [json.loads(line) for name in sys.argv[2:] for line in open(name)]
work = [row for row in rows if row["calls"].get("pwrite64")]
assert len(work) == 1, f"{len(work)} summaries of the program, {len(rows)} in all"
coverage = work[0]["coverage"]
assert work[0]["calls"]["pwrite64"]["calls"] == 100, work[0]["calls"]
assert sys.argv[1] == "any" or coverage["rewriting"] == (sys.argv[1] == "yes"), coverage
assert coverage["rewriting"] or coverage["why_not"], coverage
assert not coverage["rewriting"] or coverage["sites_rewritten"] > 100, coverage
PYTHON
}

# run NAME REWRITING [NAME=VALUE...]: with the folder libs as it is
run() {
	local name=$1 rewriting=$2 status
	shift 2
	rm -f stats.*
	timeout 10 env LD_LIBRARY_PATH="$here/libs" SYSSHIM_STATS="$here/stats.%p" SYSSHIM_STATS_FORMAT=json "$@" "$PROGRAM" >shim.out 2>shim.err
	status=$?
	if [ $status -ne 0 ] || ! cmp native.out shim.out || ! cmp native.err shim.err; then
		echo "WRONG: $name: status $status (124: it hung): $(tail -n 1 shim.out) $(head -n 3 shim.err)"
		wrong=1
	elif ! check "$name" "$rewriting" >checked 2>&1; then
		echo "WRONG: $name: $(tail -n 1 checked)"
		wrong=1
	fi
}

for variant in same other_id no_id; do
	rm -rf libs && cp -r libs.$variant libs
	# without a build-id there is nothing to know the file by
	run "loaded: $variant" $([ $variant = no_id ] && echo no || echo yes) LD_PRELOAD="$SHIM"
	run "loaded: $variant, interpose" no LD_PRELOAD="$SHIM" SYSSHIM_INTERCEPT=interpose
done

# swap.so comes last and so takes the first place among the constructors
for variant in same other_id no_id other_bytes other_site removed; do
	case $variant in
	same) rewriting=yes ;; # another file with the very bytes
	other_id | no_id | removed) rewriting=no ;;
	*) rewriting=any ;;
	esac
	for intercept in interpose,rewrite interpose,rewrite-all; do
		rm -rf libs libc.next && cp -r libs.same libs
		cp "libs.${variant/removed/same}/libc.so.6" libc.next
		settings=(LD_PRELOAD="$SHIM $here/swap.so" LIBC="$here/libs/libc.so.6" SWAP="$here/libc.next" SYSSHIM_INTERCEPT=$intercept)
		[ $variant != removed ] || settings+=(REMOVE=yes)
		run "replaced: $variant, $intercept" $rewriting "${settings[@]}"
		[ ! -e libc.next ] || fail "replaced: $variant: libc was not replaced, nothing was tested"
	done
done
# one that is still being written: no child could start with it, so the program is one without
for preload in "$here/swap.so" "$SHIM $here/swap.so"; do
	rm -rf libs && cp -r libs.same libs
	cp libs.short/libc.so.6 libc.next
	timeout 10 env LD_LIBRARY_PATH="$here/libs" SYSSHIM_STATS=off SYSSHIM_LOG=off LD_PRELOAD="$preload" LIBC="$here/libs/libc.so.6" SWAP="$here/libc.next" /bin/true
	status=$?
	[ ! -e libc.next ] || fail "replaced: short: libc was not replaced, nothing was tested"
	[ $status -eq 0 ] || fail "replaced: short, $preload: status $status"
done
exit $wrong
