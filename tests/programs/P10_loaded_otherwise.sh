#!/bin/bash
# timeout: 120
# We come in other ways than once by LD_PRELOAD: by dlopen, twice under two paths, into a second namespace by dlmopen, through LD_AUDIT, as a
# library that another needs, with every symbol bound at once. A second or late copy stays passive: nothing differs, and nothing is counted twice.
set -u
. "$SRC/tests/lib/lib.sh"

here=$PWD
cp "$SHIM" copy.so
# by its own name it is found as a library that is needed
cp "$SHIM" libsysshim.so
ln -s "$SHIM" link.so
ln "$SHIM" hard.so 2>/dev/null || cp "$SHIM" hard.so
source=$SRC/tests/programs/P10_loaded_otherwise.c
cc -O1 -fPIC -shared -DLIBRARY -o library.so "$source" && cc -O1 -fPIC -shared -DLIBRARY -o needs_us.so "$source" -Wl,--no-as-needed ./libsysshim.so \
	-Wl,-rpath,"$here" && cc -O1 -Wl,-z,now -o now "$source" && cc -O1 -Wl,-z,lazy -o lazy "$source" &&
	cc -O1 -o linked "$source" -Wl,--no-as-needed ./libsysshim.so || fail "they do not compile"
echo 'int sysshim_test_nothing;' >empty.c && cc -shared -fPIC -o empty.so empty.c || fail "no empty library"

# outcome NAME COMMAND...
outcome() {
	local name=$1
	shift
	mkdir -p "$name"
	(cd "$name" && timeout 20 "$@" >../"$name.out" 2>../"$name.err" </dev/null)
	echo $? >"$name.status"
}

# equal NAME A B
equal() {
	local part
	for part in status out err; do
		diff "$2.$part" "$3.$part" >difference || fail "$1: $part: $(cat difference)"
	done
	diff -r "$2" "$3" || fail "$1: the files differ"
}

# counts NAME [LEAST]: one summary of the program and one of its child, whose writes are as many as with the shim preloaded once
counts() {
	python3 - "$@" stats.* <<'PYTHON' || fail "$1: the counts are not right: $(cat stats.* | cut -c1-300)"
import json, sys
rows = [json.loads(line) for name in sys.argv[1:] if name.startswith("stats.") for line in open(name)]
ours = [row for row in rows if row["program"] not in ("sh", "env")]
assert len(ours) == 2, f"{len(ours)} summaries"
assert len({row["pid"] for row in ours}) == 2, "one process has two"
work = max(ours, key=lambda row: row["calls"]["write"]["calls"])
# 61 before, with it and after it, and two or more of stdio
assert 185 <= work["calls"]["write"]["calls"] <= 192 + 61 * 4, work["calls"]["write"]
if sys.argv[1] in ("twice", "linked", "now", "lazy", "bind now"):
    assert 185 <= work["calls"]["write"]["calls"] <= 190, work["calls"]["write"]
PYTHON
}

records="SYSSHIM_STATS=$here/stats.%p SYSSHIM_STATS_FORMAT=json"

# natively, a late copy is nothing but a library: the same as loading an empty one
for way in open global namespace; do
	outcome empty ./../now $way "$here/empty.so"
	outcome late ./../now $way "$SHIM"
	[ "$(cat empty.status)" = 4 ] || fail "$way: natively status $(cat empty.status): $(cat empty.err)"
	equal "$way, no preload" empty late
	# asked for records all the same: a late copy makes none
	rm -f stats.*
	# shellcheck disable=SC2086
	outcome late env $records SYSSHIM_LOG="$here/stats.log.%p" ./../now $way "$SHIM"
	equal "$way, no preload, records asked for" empty late
	ls stats.* >/dev/null 2>&1 && fail "$way: a late copy has made a record: $(ls stats.*)"
done

# a library of the program's own, preloaded us or not; in a namespace of its own behind a copy of ours; one that needs us
for arguments in "open @/library.so" "global @/library.so" "namespace @/library.so" "open @/needs_us.so" "namespace @/needs_us.so" \
	"after @/copy.so @/library.so" "after @/copy.so @/needs_us.so" "open @/copy.so" "global @/copy.so" "namespace @/copy.so" "open @/link.so"; do
	# shellcheck disable=SC2086
	outcome native ./../lazy ${arguments//@/$here}
	[ "$(cat native.status)" = 4 ] || fail "$arguments: natively status $(cat native.status): $(cat native.err)"
	for settings in "$records" "SYSSHIM_STATS=off SYSSHIM_INTERCEPT=interpose" "$records LD_BIND_NOW=1 SYSSHIM_LOG=$here/stats_log.%p"; do
		rm -f stats.* stats_log.*
		# shellcheck disable=SC2086
		outcome shim env LD_PRELOAD="$SHIM" $settings ./../lazy ${arguments//@/$here}
		equal "$arguments, ${settings##* }" native shim
		[[ "$settings" == *off* ]] || counts "$arguments"
	done
done

wrong=0
outcome native ./../lazy work
# preload NAME LIST PROGRAM [NAME=VALUE...]: by this list, counted once
preload() {
	local name=$1 list=$2 program=$3
	shift 3
	rm -f stats.*
	# shellcheck disable=SC2086
	outcome shim env LD_PRELOAD="$list" $records "$@" "./../$program" work
	equal "$name: $list" native shim
	counts "$name"
	# a copy that works maps its record's file: one does, however many are loaded
	rm -f stats.*
	mapped=$(env LD_PRELOAD="$list" SYSSHIM_STATS="$here/stats.%p" "$@" cat /proc/self/maps | grep -c "$here/stats\.")
	[ "$mapped" -eq 1 ] || fail "$name: $list: $mapped copies are at work"
	# the summary on stderr stands there once
	outcome summary env LD_PRELOAD="$list" "$@" "./../$program" work
	[ "$(grep -c '^sysshim: ' summary.err)" -eq 1 ] || fail "$name: $list: not one summary: $(cat summary.err)"
}
for second in copy.so link.so hard.so; do
	(preload twice "$SHIM $here/$second" lazy) || wrong=1
	(preload twice "$here/$second $SHIM" now) || wrong=1
done
(preload three "$SHIM $here/copy.so $here/hard.so" lazy) || wrong=1
(preload now "$SHIM" now) || wrong=1
(preload lazy "$SHIM" lazy) || wrong=1
(preload "bind now" "$SHIM" lazy LD_BIND_NOW=1) || wrong=1
(preload "bind not" "$SHIM" lazy LD_BIND_NOT=1) || wrong=1

# the program was linked with us: as good as a preload, and only once where both are
rm -f stats.*
# shellcheck disable=SC2086
outcome shim env LD_LIBRARY_PATH="$here" $records ./../linked work
equal "linked with us" native shim
rm -f stats.*
# shellcheck disable=SC2086
outcome shim env LD_LIBRARY_PATH="$here" LD_PRELOAD="$SHIM" $records ./../linked work
equal "linked with us and preloaded" native shim
counts linked

# as an audit library we are none: ld.so drops us
outcome audit.empty env LD_AUDIT="$here/empty.so" ./../lazy work
outcome audit env LD_AUDIT="$SHIM" ./../lazy work
sed -i "s|$SHIM|$here/empty.so|g" audit.err
equal LD_AUDIT audit.empty audit

# one that wants to see functions return (latrace, sotruss): ld.so makes the calls of all linkage tables itself then, ours too, and who asks dlsym(3) that way is ld.so
cat >returns.c <<'C'
#define _GNU_SOURCE
#include <link.h>
#include <stdint.h>

unsigned la_version(unsigned version)
{
	return version;
}

unsigned la_objopen(struct link_map *map, Lmid_t namespace, uintptr_t *cookie)
{
	(void)map, (void)namespace, (void)cookie;
	return LA_FLG_BINDTO | LA_FLG_BINDFROM;
}

Elf64_Addr la_x86_64_gnu_pltenter(Elf64_Sym *symbol, unsigned index, uintptr_t *from, uintptr_t *to, La_x86_64_regs *registers, unsigned *flags, const char *name, long *frame)
{
	(void)index, (void)from, (void)to, (void)registers, (void)flags, (void)name;
	*frame = 64;
	return symbol->st_value;
}
C
cc -O1 -shared -fPIC -o returns.so returns.c || fail "no such audit library"
outcome native env LD_AUDIT="$here/returns.so" ./../lazy work
# shellcheck disable=SC2086
for settings in "$records" "SYSSHIM_STATS=off SYSSHIM_LOG=off" "SYSSHIM_STATS=off SYSSHIM_INTERCEPT=interpose"; do
	rm -f stats.*
	outcome shim env LD_PRELOAD="$SHIM" LD_AUDIT="$here/returns.so" $settings ./../lazy work
	equal "LD_AUDIT, ${settings##* }" native shim
	[[ "$settings" == *off* ]] || counts lazy
done
exit $wrong
