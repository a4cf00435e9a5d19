#!/bin/bash
# Calls before our constructor has run: from ifunc resolvers (ours is not even relocated then), a library that has taken the first place
# (-z initfirst), other constructors, and a malloc that opens its configuration. Each works, in both orders of preloading.
set -u
. "$SRC/tests/lib/lib.sh"

source=$SRC/tests/programs/P1_early_calls.c
cc -O1 -fPIC -shared -DFIRST -Wl,-z,initfirst -o first.so "$source" && cc -O1 -fPIC -shared -fno-builtin -DEARLY -o early.so "$source" ||
	fail "the libraries do not compile"
cc -O1 -Wl,-z,lazy -o lazy "$source" && cc -O1 -Wl,-z,now -o now "$source" || fail "the program does not compile"
printf 'config' >config
here=$PWD

# run NAME PROGRAM LIBRARIES [NAME=VALUE...]: @ stands for the shim in the list of libraries
run() {
	local name=$1 program=$2 list=$3
	shift 3
	timeout 20 env LD_PRELOAD="${list//@/}" "./$program" >native.out 2>native.err
	local native=$?
	[ $native -eq 0 ] && [ "$(tail -n 1 native.out)" = "main: done" ] || fail "$name: natively status $native: $(cat native.out native.err)"
	timeout 20 env LD_PRELOAD="${list//@/$SHIM}" SYSSHIM_STATS="$here/$name.json" SYSSHIM_STATS_FORMAT=json "$@" "./$program" \
		>shim.out 2>shim.err
	[ $? -eq 0 ] || fail "$name: under the shim another status: $(cat shim.out shim.err)"
	# ld.so gives the first place to one object only, the last that asks (DF_1_INITFIRST): behind such a library it is ours, and the
	# library's constructor has its ordinary turn
	if [[ "$list" == *first.so*@ ]]; then
		sort -o native.out native.out
		sort shim.out | diff native.out - || fail "$name: differs"
	else
		diff native.out shim.out || fail "$name: differs"
	fi
	diff native.err shim.err || fail "$name: stderr differs"
	# main's writes are all counted, and none that nobody made; where we are the first nothing is missing but the resolvers'
	python3 - "$name.json" shim.out "$list" >count <<'PYTHON' || fail "$name: the count of writes is wrong: $(cat count "$name.json")"
import json, sys
lines = open(sys.argv[2]).read().splitlines()
counted = json.load(open(sys.argv[1]))["calls"]["write"]["calls"]
behind = sum("resolver" not in line for line in lines)
least = sum(line.startswith("main:") for line in lines) if "first.so" in sys.argv[3].split("@")[1] else behind
print(f"at least {least}, counted {counted}, at most {behind}")
sys.exit(not least <= counted <= behind)
PYTHON
}

number=0
for program in lazy now; do
	for libraries in @ "@ $here/early.so" "$here/early.so @" "@ $here/first.so" "$here/first.so @" \
		"@ $here/early.so $here/first.so" "$here/first.so $here/early.so @"; do
		for setting in SYSSHIM_TIMING=on SYSSHIM_INTERCEPT=interpose LD_BIND_NOW=1; do
			number=$((number + 1))
			run "run$number" $program "$libraries" $setting
		done
	done
done
exit 0
