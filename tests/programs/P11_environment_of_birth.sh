#!/bin/bash
# The shim reads its settings although environ is NULL when it starts: none is lost in an environment of one variable, of thousands, with the
# settings at its end, or with an executable and arguments of every length before it.
set -u
. "$SRC/tests/lib/lib.sh"

# observed NAME COMMAND...: cat /etc/passwd under it is as ever, and recorded in stats.*
observed() {
	local name=$1
	shift
	rm -f stats.*
	"$@" >out 2>err </dev/null
	[ $? -eq 0 ] && cmp out /etc/passwd || fail "$name: $(head -n 3 err)"
	[ ! -s err ] || fail "$name: on stderr: $(head -n 3 err)"
	python3 - stats.* <<'PYTHON' || fail "$name: not observed"
import json, sys
rows = [json.loads(line) for name in sys.argv[1:] for line in open(name)]
row = next(row for row in rows if row["program"] in ("cat", "other"))
assert row["calls"]["exit_group"]["calls"] == 1 and len(row["calls"]) >= 3, row
PYTHON
}

# settings in so many words; env puts what it is given behind what is there
settings=("LD_PRELOAD=$SHIM" "SYSSHIM_STATS=$PWD/stats.%p" SYSSHIM_STATS_FORMAT=json)
cat=$(command -v cat)
observed "nothing else" env -i "${settings[@]}" "$cat" /etc/passwd
# in the order of a sorted environment, and its reverse
observed "reversed" env -i SYSSHIM_STATS_FORMAT=json "SYSSHIM_STATS=$PWD/stats.%p" "LD_PRELOAD=$SHIM" "$cat" /etc/passwd
many=()
for i in $(seq 3000); do many+=("V$i=$i"); done
observed "behind 3,000" env -i "${many[@]}" "${settings[@]}" "$cat" /etc/passwd
observed "before 3,000" env -i "${settings[@]}" "${many[@]}" "$cat" /etc/passwd
long=$(printf '%0100000d' 0)
observed "beside a long one" env -i "LONG=$long" "${settings[@]}" "LONGER=$long" "$cat" /etc/passwd
observed "without an equals sign" python3 -c '
import os, sys
os.execve(sys.argv[1], ["cat", "/etc/passwd"], dict(v.split("=", 1) for v in sys.argv[2:]) | {"EMPTY": "", "SYSSHIM": "no name of ours"})' \
	"$cat" "${settings[@]}"
# names that only begin as ours do
observed "near names" env -i LD_PRELOAD_=x LD_PRELOA=y SYSSHIM=z "${settings[@]}" "$cat" /etc/passwd
# an empty name, as the kernel gives it since 5.18 where there is no argument at all
observed "an empty argv[0]" env -i "${settings[@]}" bash -c 'exec -a "" "$0" </etc/passwd' "$cat"
cp "$cat" other
observed "another name" env -i "${settings[@]}" ./other /etc/passwd
arguments=()
for i in $(seq 5000); do arguments+=(/dev/null); done
observed "5,000 arguments" env -i "${settings[@]}" "$cat" "${arguments[@]}" /etc/passwd
# ld.so as the program: the auxiliary vector names another executable
loader=$(readelf -l "$cat" 2>/dev/null | sed -n 's/.*interpreter: \(.*\)\]/\1/p')
if [ -x "$loader" ]; then
	rm -f stats.*
	env -i "${settings[@]}" "$loader" "$cat" /etc/passwd >out 2>err
	[ $? -eq 0 ] && cmp out /etc/passwd && [ ! -s err ] && [ -s "$(ls stats.* | head -n 1)" ] || fail "by ld.so: $(cat err)"
	rm -f stats.*
	env -i "SYSSHIM_STATS=$PWD/stats.%p" SYSSHIM_STATS_FORMAT=json "$loader" --preload "$SHIM" "$cat" /etc/passwd >out 2>err
	[ $? -eq 0 ] && cmp out /etc/passwd && [ ! -s err ] && [ -s "$(ls stats.* | head -n 1)" ] || fail "by ld.so --preload: $(cat err)"
fi
exit 0
